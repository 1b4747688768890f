"""The README is true: its YAML is valid, its commands run in its order, and what it says they print is what they print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage, stage, steady

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.M | re.S)


def _blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(README) if kind == language]


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


def test_every_ruleset_in_it_is_valid(here: Stage) -> None:
    """YAML blocks that begin with a file name are whole rulesets."""
    named = [match[1] for block in _blocks("yaml") if (match := re.match(r"# (\S+\.yaml)\n", block))]
    assert named
    for name in named:
        said = here.type("validate", name)
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

    assert [name for name in COMMANDS if f"hxrules {name}" not in README] == []
