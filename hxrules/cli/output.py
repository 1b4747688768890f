"""Results to stdout, everything else to stderr; one JSON document for `--format json`, also when something fails."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from hxrules import reports
from hxrules.problems import Halt, Problem

if TYPE_CHECKING:
    from hxrules.running.run import Run


def style(stream: Any = None) -> reports.Style:
    """How text is drawn here: colour only on a terminal that wants it (NO_COLOR, CI)."""
    stream = stream or sys.stdout
    terminal = stream.isatty()
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    width = shutil.get_terminal_size((100, 24)).columns if terminal else 100
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return reports.Style(colour=colour, unicode="utf" in encoding, width=max(60, min(width, 140)))


def values(mode: str | None, *, json_output: bool = False) -> reports.Values:
    """Personal data in full on a terminal and in JSON, masked elsewhere, unless `--values` says otherwise (design §0.5)."""
    if mode is not None:
        return reports.Values(mode)
    return reports.Values.FULL if json_output or sys.stdout.isatty() else reports.Values.MASKED


def print_json(document: Mapping[str, Any]) -> None:
    """One document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def show_run(run: Run, form: str, mode: str | None) -> None:
    """Prints what a run did."""
    shown = values(mode, json_output=form == "json")
    if form == "json":
        print_json(reports.run_json(run, shown))
    elif form == "markdown":
        click.echo(reports.run_markdown(run, shown))
    else:
        click.echo(reports.run_text(run, style(), shown))


def wants_json(arguments: Sequence[str]) -> bool:
    """Was `--format json` asked for? Read from the words themselves: the command may not have got as far as parsing them."""
    return "--format=json" in arguments or any(
        first == "--format" and second == "json" for first, second in pairwise(arguments)
    )


def show_problems(problems: Sequence[Problem], arguments: Sequence[str], sources: Mapping[str, str]) -> None:
    """What is wrong, and what to type next, where nothing else is printed."""
    if wants_json(arguments):
        print_json(reports.problems_json(problems))
        return
    click.echo(reports.problems_text(problems, sources, style(sys.stderr)), err=True)
    nexts = [problem.next_command for problem in problems if problem.next_command]
    if nexts:
        click.echo(f"Next: {nexts[0]}", err=True)
    elif problems:
        click.echo(f"Next: hxrules explain {problems[0].code}", err=True)


def show_wrong_usage(error: click.ClickException, arguments: Sequence[str]) -> int:
    """What is wrong with the words that were typed; 64."""
    if wants_json(arguments):
        remedy = "hxrules --help, or hxrules COMMAND --help, shows what can be said."
        print_json(reports.problems_json([Problem("HX300", error.format_message(), remedy=remedy)]))
    else:
        error.show()
    return 64


def show_halt(halt: Halt, arguments: Sequence[str]) -> int:
    """Prints why work can't go on; the exit code."""
    show_problems(halt.problems, arguments, getattr(halt, "sources", {}))
    return halt.exit_code


def show_unexpected(error: Exception, arguments: Sequence[str]) -> int:
    """A fault of hxrules itself: says so in one problem; the traceback only for who asks with HXRULES_DEBUG."""
    if os.environ.get("HXRULES_DEBUG"):
        traceback.print_exception(error)
    problem = Problem(
        "HX399",
        "hxrules failed in a way that it shouldn't",
        cause=f"{type(error).__name__} in {_where(error)}",
        remedy="Nothing was left half-done that the next run wouldn't finish. Please report it; HXRULES_DEBUG=1 shows the details.",
    )
    show_problems([problem], arguments, {})
    return 1


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "hxrules" in frame.filename] or list(frames)
    last = ours[-1] if ours else None
    return f"{os.path.basename(last.filename)}:{last.lineno}" if last else "an unknown place"  # noqa: PTH119
