"""`hxrules validate`: every problem of one or more rulesets, each at its place."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from hxrules import reports
from hxrules.cli import rulesets
from hxrules.cli.output import print_json, style
from hxrules.problems import Halt, Severity, explanations, has_errors, in_order


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--online", is_flag=True, help="Sign in, and compare with what both accounts have: properties, accounts, tax."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True
)
def command(paths: tuple[str, ...], online: bool, form: str) -> int:
    """Check rulesets: shape, names, types, filters and mappings, all problems in one run. Ends with 3 when there are errors.

    \b
      hxrules validate                       the ruleset of this folder
      hxrules validate rulesets/             all rulesets in a folder
      hxrules validate --online              and what both accounts really have; reads settings only
      hxrules validate --format github       annotations for a pull request
    """
    loaded = [rulesets.load(path) for path in rulesets.many(paths)]
    code = _compare(loaded) if online and not any(has_errors(each.problems) for each in loaded) else 3
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
        fits = " and fits both accounts" if online else ""
        for each in loaded:
            if each.ruleset is not None:
                syncs = (
                    ", ".join(f"{sync.name} {sync.direction.value}" for sync in each.ruleset.active) or "no sync is on"
                )
                click.echo(
                    f"{rulesets.show(each.path)} is valid{fits}: {each.ruleset.name} {each.ruleset.version} ({syncs})."
                )
    elif errors and form == "text":
        first = next(problem for problem in problems if problem.severity is Severity.ERROR)
        by_hand = f"correct the file, then hxrules validate again (hxrules explain {first.code} says more)."
        print(f"Next: {first.next_command or by_hand}", file=sys.stderr)
    return code if errors else 0


def _compare(loaded: Sequence[rulesets.Loaded]) -> int:
    """Adds what doesn't fit the accounts to each ruleset's problems; the exit code that errors among them have."""
    from hxrules.cli import session
    from hxrules.running.rights import look_at_account

    try:
        with session.connected() as connectors:
            for each in loaded:
                session.sign_in(each, connectors)
                assert each.ruleset is not None
                each.problems += look_at_account(each.ruleset, connectors)
    except Halt as halt:
        # Whose accounts these are isn't clear, so there is nothing to compare with.
        loaded[-1].problems += halt.problems
        return halt.exit_code
    return 3
