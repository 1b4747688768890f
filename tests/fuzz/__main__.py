"""The long run: `make fuzz MINUTES=10` (CPU minutes). Ends with 1 when something was found, and keeps it for the test.

Each round is a new seed of hypothesis, derived from --seed, so that a run can be repeated exactly.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.inputs import INPUTS
from tests.fuzz.limits import LIMIT_MB, Largest, Slowest, ends, forget_the_most
from tests.fuzz.targets import TARGETS, forget, warm_up

FOUND = Path(__file__).parent / "found"
A_ROUND = 250
MOST_FINDINGS = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of CPU time")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--target", choices=list(TARGETS))
    asked = parser.parse_args()
    warm_up()
    Largest.before = forget_the_most()
    names = [asked.target] if asked.target else list(TARGETS)
    begun, rounds = time.process_time(), 0
    inputs: Counter[str] = Counter()
    findings: dict[str, str] = {}
    while time.process_time() - begun < asked.minutes * 60 and len(findings) < MOST_FINDINGS:
        name = names[rounds % len(names)]
        _round(name, asked.seed + rounds, inputs, findings)
        rounds += 1
    spent = time.process_time() - begun
    print(f"{spent / 60:.1f} CPU minutes, seed {asked.seed}: " + ", ".join(f"{n} {each}" for each, n in inputs.items()))
    most = f"{Largest.before:.0f} + {Largest.mb:.0f} MB ({Largest.name}) of {LIMIT_MB}"
    print(f"slowest call: {Slowest.seconds:.2f} s ({Slowest.name}); most memory: {most}")
    for name, text in findings.items():
        FOUND.mkdir(exist_ok=True)
        target = name.split(" ")[0]
        raw = text.encode("utf-8", "surrogatepass")
        path = FOUND / f"{target}-{hashlib.sha256(raw).hexdigest()[:8]}.txt"
        path.write_bytes(raw)
        print(f"FOUND {name}\n  kept in {path}")
    return 1 if findings else 0


def _round(name: str, number: int, inputs: Counter[str], findings: dict[str, str]) -> None:
    """`A_ROUND` inputs for one target; findings are told apart by where they were raised, and the shortest is kept."""

    @seed(number)
    @settings(
        max_examples=A_ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(INPUTS[name])
    def one(text: str) -> None:
        inputs[name] += 1
        forget()
        try:
            with ends():
                TARGETS[name](text)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if "hypothesis" not in frame.filename][-1]
            what = f"{name} {type(error).__name__} at {Path(ours.filename).name}:{ours.lineno}: {str(error)[:80]!r}"
            key = next((each for each in findings if each.split(": ")[0] == what.split(": ")[0]), what)
            if key not in findings or len(text) < len(findings[key]):
                findings[key] = text

    one()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
