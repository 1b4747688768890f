"""The command line explains itself: every command with an example that can be typed, and the Tab key."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hxrules.cli import COMMANDS, cli

RULESET = """\
hxrules: 1
name: acme-au
version: "1"
extends: xero-data-sync@1
syncs:
  contacts: {direction: two-way}
  products: {direction: to-hubspot}
"""


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def examples(name: str) -> list[str]:
    """The lines of a command's help that can be typed, without what is said beside them."""
    lines = (command(name).help or "").splitlines()
    return [re.split(r" {3,}", line.strip())[0] for line in lines if line.strip().startswith(f"hxrules {name}")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_what_it_does_and_shows_how(name: str) -> None:
    assert (command(name).help or "").partition("\n")[0].strip()
    assert examples(name)


@pytest.mark.parametrize(("name", "line"), [(name, line) for name in COMMANDS for line in examples(name)])
def test_every_example_is_understood(name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options and arguments are those of the command."""
    monkeypatch.chdir(tmp_path)
    for file in ("plan.json", "acme.yaml", "hxrules.yaml", "old.yaml"):
        Path(file).write_text("", encoding="utf-8")
    Path("rulesets").mkdir()
    words = shlex.split(line.partition(" > ")[0])[2:]
    command(name).make_context(name, words).close()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    for each in command(name).params:
        if isinstance(each, click.Option) and not isinstance(each.type, click.Choice):
            assert each.help or each.show_default, each.opts


def tab(folder: Path, line: str) -> list[str]:
    """What bash would offer behind the line, as click's own script asks for it."""
    words = line.split(" ")
    asked = {"_HXRULES_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'hxrules'; from hxrules.cli import main; main()"],
        cwd=folder,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return [each.partition(",")[2] or each for each in ran.stdout.splitlines() if each]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("hxrules d", {"diff", "dry-run", "doctor", "demo", "disconnect"}),
        ("hxrules dry-run --form", {"--format"}),
        ("hxrules dry-run --format ", {"text", "json", "markdown", "html"}),
        ("hxrules status --failing ", {"contacts", "products"}),
        ("hxrules status --failing p", {"products"}),
        ("hxrules remove con", {"contacts"}),
    ],
)
def test_the_tab_key_completes_commands_options_and_syncs(tmp_path: Path, line: str, offered: set[str]) -> None:
    (tmp_path / "hxrules.yaml").write_text(RULESET, encoding="utf-8")
    assert set(tab(tmp_path, line)) == offered


def test_without_a_ruleset_it_offers_no_sync_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert tab(tmp_path, "hxrules status --failing ") == []


def test_bash_takes_the_line_that_help_names(tmp_path: Path) -> None:
    line = next(line.strip() for line in (cli.help or "").splitlines() if "_HXRULES_COMPLETE" in line)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-c", f"{line}\ncomplete -p hxrules"],
        env={**os.environ, "PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "_hxrules_completion" in ran.stdout, ran.stderr
