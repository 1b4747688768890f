"""What is killed: runs over all four types, both ways. The first run of the small company, and that of its second day; as `apply`, and
as `apply` of a saved plan. Each is visited at its kill points, and must end where it ends undisturbed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hxrules.cli.sandbox import environment
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running
from tests.kill.ending import Ending, ending
from tests.kill.second_day import live_a_day
from tests.scenarios.stage import LONG_AGO, Said, Stage, rules
from tests.scenarios.test_books_at_scale import ROOM, picture

BOTH = f"direction: two-way, {LONG_AGO}"
RULES = rules(
    contacts=BOTH,
    products=BOTH,
    invoices=f'{BOTH}, sales-account: "200", voids: {{to-xero: follow}}',
    payments=f'{BOTH}, bank-account: "090", history: all',
)
SECOND_DAY = {**ROOM, "patch-voided": "all"}
"""Also invoices that HubSpot issued can be voided by those who set this world up."""
LAG = {"search-lag": "5"}
"""HubSpot's search finds a record some seconds after it was made."""
ACTIONS = ("create", "update", "link", "void", "archive", "failed", "left_over")
SURROUNDINGS = {
    "NO_COLOR": "1",
    "PATH": os.defpath,
    "HXRULES_KEYRING": "off",
    "HXRULES_CREDENTIALS": os.environ["HXRULES_CREDENTIALS"],
}


class KillPoint(NamedTuple):
    """Before or after the commit of a transaction of the state, or a request to an app; numbers begin with 1."""

    stream: str
    number: int
    side: str

    def __str__(self) -> str:
        return f"{self.side} {self.stream} {self.number}"


class Launcher:
    """A warm process that runs `hxrules` in forks of itself; one command at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.launcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def run(
        self,
        here: Stage,
        words: Sequence[str],
        kill_at: KillPoint | None = None,
        full_at: int | None = None,
        plain_user: bool = False,
    ) -> tuple[Said, dict[str, int]]:
        """How it ended and what it printed, and how many points of each stream it passed; -9 is a kill.

        `full_at` is the transaction from which on the disk is full; a `plain_user` has no more rights than a file's mode gives.
        """
        order = {
            "env": {**SURROUNDINGS, **environment(here.sandbox.ready())},
            "cwd": str(here.folder),
            "words": list(words),
            "kill_at": kill_at,
            "full_at": full_at,
            "plain_user": plain_user,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Said(answer["code"], answer["out"], answer["err"]), answer["points"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@dataclass(frozen=True)
class Journey:
    """A run, the worlds and the folder that it starts from, and what it comes to when nobody disturbs it."""

    name: str
    words: tuple[str, ...]
    world: Mapping[str, Any]
    folder: Path
    code: int
    end: Ending
    points: tuple[KillPoint, ...]


@contextmanager
def begun(world: Mapping[str, Any], folder: Path, into: Path, quirks: Mapping[str, str] = ROOM) -> Iterator[Stage]:
    """A copy of both worlds, of the ruleset and the state."""
    shutil.copytree(folder, into)
    try:
        with running(SandboxOptions(seed_file=world, quirks=quirks)) as sandbox:
            yield Stage(sandbox, into)
    finally:
        shutil.rmtree(into)


def both_worlds(sandbox: ReadyInfo) -> dict[str, Any]:
    """Everything in both apps, as a seed file has it."""
    seed: dict[str, Any] = json.loads(json.dumps({"hubspot": sandbox.hubspot.world(), "xero": sandbox.xero.world()}))
    return seed


def undisturbed(launcher: Launcher, name: str, words: tuple[str, ...], world: Any, folder: Path) -> Journey:
    """The run from start to end, with its kill points counted."""
    with begun(world, folder, folder.with_name(f"{name} whole")) as here:
        said, passed = launcher.run(here, words)
        assert said.code in (0, 6), said.text
        points = [
            KillPoint(stream, number, side)
            for stream, count in passed.items()
            for number in range(1, count + 1)
            for side in ("before", "after")
        ]
        return Journey(name, words, world, folder, said.code, end_of(launcher, here), tuple(points))


def journeys(launcher: Launcher, folder: Path) -> dict[str, Journey]:
    """All four, by name."""
    found: dict[str, Journey] = {}
    start, second = folder / "start", folder / "second"
    start.mkdir()
    (start / "hxrules.yaml").write_text(RULES, encoding="utf-8")
    with running(SandboxOptions(seed="small", quirks=SECOND_DAY)) as sandbox:
        opening = both_worlds(sandbox)
        shutil.copytree(start, second)
        here = Stage(sandbox, second)
        assert launcher.run(here, ["apply", "--yes"])[0].code == 6
        live_a_day(here)
        evening = both_worlds(sandbox)
    for day, world, at in (("first", opening, start), ("second", evening, second)):
        found[day] = undisturbed(launcher, day, ("apply", "--yes"), world, at)
        planned = at.with_name(f"{at.name} planned")
        shutil.copytree(at, planned)
        with running(SandboxOptions(seed_file=world, quirks=ROOM)) as sandbox:
            said, _ = launcher.run(Stage(sandbox, planned), ["dry-run", "-o", "plan.json"])
            assert said.code == 0, said.text
        found[f"{day} planned"] = undisturbed(launcher, f"{day} planned", ("apply", "plan.json"), world, planned)
    return found


def visit(
    launcher: Launcher, journey: Journey, folder: Path, *kills: KillPoint, quirks: Mapping[str, str] | None = None
) -> None:
    """Kills the run at the first point, the one after it at the second …, and lets the last one live; it must end as undisturbed."""
    with begun(journey.world, journey.folder, folder / "visit", {**ROOM, **(quirks or {})}) as here:
        for turn, point in enumerate(kills):
            killed, _ = launcher.run(here, journey.words, point)
            # What is left of the way may be too short for a second kill.
            assert killed.code == -signal.SIGKILL or turn, killed.text
        said, _ = launcher.run(here, journey.words)
        if quirks:
            # By now the search has found everything; what was held for its sake goes on.
            here.sandbox.environment.clock.advance(timedelta(minutes=1))
            launcher.run(here, ["apply", "--yes"])
        elif said.code == 5:
            # Killed when all was done: the plan was used up.
            assert "HX316" in said.text, said.text
        else:
            assert said.code == journey.code, said.text
        wrong = list(journey.end.differences(end_of(launcher, here)))
    assert not wrong, "\n".join(wrong)


def end_of(launcher: Launcher, here: Stage) -> Ending:
    """How things stand in both apps, and in the state once a further run has found nothing to do."""
    apps = picture(here)
    again, _ = launcher.run(here, ["apply", "--yes", "--format", "json"])
    assert again.code in (0, 6), again.text
    left = {name: again.json["summary"][name] for name in ACTIONS if again.json["summary"][name]}
    assert not left, f"something was left to do: {left}"
    assert picture(here) == apps
    return ending(here)


def every_point(found: Mapping[str, Journey]) -> list[tuple[Journey, KillPoint]]:
    return [(journey, point) for journey in found.values() for point in journey.points]
