"""`hxrules diff OLD NEW`: what changes in rules, and how many records enter, leave or change because of it."""

from __future__ import annotations

import click

from hxrules import reports
from hxrules.cli import comparing, revisions
from hxrules.cli.output import print_json, style, values
from hxrules.cli.rulesets import Loaded, RulesetHalt
from hxrules.problems import has_errors


@click.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--live", is_flag=True, help="Ask both apps: how many records, and which, by both rulesets. Writes nothing."
)
@click.option("--exit-code", is_flag=True, help="End with 2 when something changed.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
@click.option("--all", "everything", is_flag=True, help="Name every record, however many there are.")
@click.option("--max-calls", type=click.IntRange(min=1), help="End with 8 before more calls than this are made.")
def command(
    old: str,
    new: str | None,
    live: bool,
    exit_code: bool,
    form: str,
    mode: str | None,
    everything: bool,
    max_calls: int | None,
) -> int:
    """Compare two rulesets by what they mean: each rule that changed, old and new, with its line, and what follows from it.

    \b
      hxrules diff main                              this folder's ruleset with that of a branch
      hxrules diff main:hxrules.yaml HEAD --live     two revisions; and which records it concerns
      hxrules diff old.yaml acme.yaml                two files
      hxrules diff main --format markdown            as a comment for a pull request

    OLD and NEW are files, or git revisions as git writes them (REV, REV:path); what a ruleset extends is read at the same revision.
    Layout, comments and the order of keys are no change. Without --live, what the last run has left tells about records, as far as it can.
    """
    before, after = revisions.sides(old, new)
    pair = revisions.load(before, older=True), revisions.load(after)
    _refuse_invalid(*pair)
    one, other = pair[0].ruleset, pair[1].ruleset
    assert one is not None
    assert other is not None
    report = comparing.compared(*pair)
    if live:
        report = comparing.as_it_is_now(report, *pair, max_calls)
    else:
        report = comparing.as_remembered(report, one, other)
    shown = values(mode, json_output=form == "json")
    if form == "json":
        print_json(reports.rules_json(report, shown))
    elif form == "markdown":
        click.echo(reports.rules_markdown(report, shown))
    else:
        click.echo(reports.rules_text(report, style(), shown, everything=everything))
    return 2 if exit_code and report.changes else 0


def _refuse_invalid(*pair: Loaded) -> None:
    """Raises `Halt` (3) with what is wrong in either."""
    problems = [problem for each in pair for problem in each.problems]
    if any(each.ruleset is None for each in pair) or has_errors(problems):
        sources = {file: text for each in pair for file, text in each.sources.items()}
        raise RulesetHalt(3, problems, Loaded(pair[1].path, None, problems, sources))
