"""The README is true: its YAML is valid, its commands run in its order, and what it says they print is what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, stage, steady

ROOT = Path(__file__).parents[1]
WHOLE = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = WHOLE[WHOLE.index("## Ten minutes") : WHOLE.index("## A ruleset")]
README = WHOLE.replace(TOUR, "")
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.M | re.S)


def _blocks(language: str, text: str = README) -> list[str]:
    return [block for kind, block in BLOCK.findall(text) if kind == language]


def _commands() -> list[str]:
    """Every line of the shell blocks that is a command."""
    lines = [line.removeprefix("$ ") for block in _blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, seed="small") as found:
        for block in _blocks("yaml"):
            name = re.match(r"# (\S+\.yaml)\n", block)
            if name:
                found.ruleset(block, name[1])
        yield found


def test_every_ruleset_in_it_is_valid_and_laid_out_as_fmt_does(here: Stage) -> None:
    """YAML blocks that begin with a file name are whole rulesets."""
    named = [match[1] for block in _blocks("yaml") if (match := re.match(r"# (\S+\.yaml)\n", block))]
    assert named
    for name in named:
        for command in (("validate",), ("fmt", "--check")):
            said = here.type(*command, name)
            assert said.code == 0, said.text


def test_every_command_in_it_runs(here: Stage) -> None:
    """`hxrules` commands run in the README's order on the sandbox; `make` names targets that exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ran = 0
    for line in _commands():
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.M), line
        elif words[0] == "hxrules" and words[1] not in ("sandbox", "demo"):
            said = here.type(*words[1:])
            assert said.code in (0, 2, 6), f"{line}\n{said.text}"
            ran += 1
    assert ran >= 5


def test_the_plan_in_it_is_what_hxrules_prints(here: Stage) -> None:
    """The first console block is the beginning of a real dry-run on the small sandbox, line for line."""
    shown = _blocks("text")[0].rstrip("\n")
    said = here.type("dry-run", "--values", "full")
    printed = {line.rstrip() for line in steady(said.out).splitlines()}
    missing = [
        line for line in steady(shown).splitlines() if line.strip() not in ("", "⋮") and line.rstrip() not in printed
    ]
    assert missing == []


def test_every_shipped_command_stands_in_it() -> None:
    """No command is a secret."""
    from hxrules.cli import COMMANDS

    assert [name for name in COMMANDS if f"hxrules {name}" not in WHOLE] == []


SANDBOX = "hxrules sandbox > sandbox.env"


@contextmanager
def second_terminal(folder: Path, env: dict[str, str]) -> Iterator[None]:
    """The sandbox, as the tour has it started; there once it has said how it is reached."""
    words = [sys.executable, "-m", "hxrules", "sandbox"]
    with subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        said = [line for line, _ in zip(sandbox.stdout, range(7), strict=False)]
        (folder / "sandbox.env").write_text("".join(said), encoding="utf-8")
        assert "HXRULES_XERO_CLIENT_SECRET" in said[-1]
        try:
            yield
        finally:
            sandbox.terminate()


def test_the_ten_minutes_go_as_they_are_told(tmp_path: Path) -> None:
    """In a shell, typing only what stands there; what is made of `.venv` is the Python of this test."""
    acme = tmp_path / "acme"
    acme.mkdir()
    for block in _blocks("yaml", TOUR):
        name = re.match(r"# (\S+)\n", block)
        assert name is not None, block
        (tmp_path / name[1]).write_text(block, encoding="utf-8")
    lines = [line for block in _blocks("sh", TOUR) for line in block.splitlines()]
    assert lines[:3] == [lines[0], ". .venv/bin/activate", "mkdir acme && cd acme"]
    assert lines[0].startswith("make demo ")
    assert lines[3].startswith(SANDBOX)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hxrules").symlink_to(Path(sys.executable).parent / "hxrules")
    env = {name: value for name, value in os.environ.items() if not name.startswith("HXRULES_HUBSPOT")}
    env |= {"PATH": f"{tmp_path / 'bin'}:{os.defpath}", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    script = "\n".join(
        line if "apply plan.json" not in line else f"{line.split('#')[0]} || echo ended with $?" for line in lines[4:]
    )
    with second_terminal(acme, env):
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=acme, env=env, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    promised = re.search(r"# what you saw, or nothing: (\d+ changes)", TOUR)
    assert promised is not None
    assert f"All {promised[1]} made" in done.stdout
    assert "ended with 6" in done.stdout
    assert re.search(r"All \d+ changes made", done.stdout.split("ended with 6")[1]), "the undo"
