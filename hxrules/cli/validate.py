"""`hxrules validate`: every problem of one or more rulesets, each at its place."""

from __future__ import annotations

import sys

import click

from hxrules import reports
from hxrules.cli import rulesets
from hxrules.cli.output import print_json, style
from hxrules.problems import Severity, explanations, in_order


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True
)
def command(paths: tuple[str, ...], form: str) -> int:
    """Check rulesets: shape, names, types, filters and mappings, all problems in one run. Ends with 3 when there are errors.

    \b
      hxrules validate                       the ruleset of this folder
      hxrules validate rulesets/             all rulesets in a folder
      hxrules validate --format github       annotations for a pull request
    """
    loaded = [rulesets.load(path) for path in rulesets.many(paths)]
    problems = in_order(problem for each in loaded for problem in each.problems)
    sources = {file: text for each in loaded for file, text in each.sources.items()}
    errors = any(problem.severity is Severity.ERROR for problem in problems)
    if form == "json":
        print_json(reports.problems_json(problems))
    elif form == "sarif":
        print_json(reports.problems_sarif(problems, explanations()))
    elif form == "github":
        text = reports.problems_github(problems)
        if text:
            click.echo(text)
    elif problems:
        click.echo(reports.problems_text(problems, sources, style()))
    if not errors and form == "text":
        for each in loaded:
            if each.ruleset is not None:
                syncs = (
                    ", ".join(f"{sync.name} {sync.direction.value}" for sync in each.ruleset.active) or "no sync is on"
                )
                click.echo(
                    f"{rulesets.show(each.path)} is valid: {each.ruleset.name} {each.ruleset.version} ({syncs})."
                )
    elif errors and form == "text":
        first = next(problem for problem in problems if problem.severity is Severity.ERROR)
        by_hand = f"correct the file, then hxrules validate again (hxrules explain {first.code} says more)."
        print(f"Next: {first.next_command or by_hand}", file=sys.stderr)
    return 3 if errors else 0
