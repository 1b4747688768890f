"""`hxrules dry-run`: exactly what `apply` would do now, and why. Writes nothing to either app."""

from __future__ import annotations

from pathlib import Path

import click

from hxrules import reports
from hxrules.cli import comparing, rulesets, session
from hxrules.cli.files import put
from hxrules.cli.output import style, values
from hxrules.cli.progress import ProgressLine
from hxrules.planning.observations import Observations
from hxrules.planning.plan import Plan
from hxrules.planning.plan_file import file_pieces
from hxrules.running.run import Cost


@click.command("dry-run")
@click.argument("ruleset", required=False, type=click.Path())
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan (it holds full values; mode 0600).",
)
@click.option("--exit-code", is_flag=True, help="End with 2 when there are changes, else with 6 when records are held.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text", show_default=True
)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
@click.option("--all", "everything", is_flag=True, help="Show every change, however many there are.")
@click.option("--max-calls", type=click.IntRange(min=1), help="End with 8 before more calls than this are made.")
def command(
    ruleset: str | None,
    output: Path | None,
    exit_code: bool,
    form: str,
    mode: str | None,
    everything: bool,
    max_calls: int | None,
) -> int:
    """Read both apps and show every change that apply would make: field, old and new value, and the rule that says so. Where rules were
    edited since the last run, also which, and for how many records.

    \b
      hxrules dry-run                          the ruleset of this folder
      hxrules dry-run -o plan.json             and save the plan
      hxrules dry-run --format markdown        as a comment for a pull request
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    assert loaded.ruleset is not None
    progress = ProgressLine()
    # A saved plan names the state that it was made from, so saving one makes the state; looking alone makes nothing.
    store = session.own_store() if output else session.existing_store()
    try:
        with session.connected(max_calls) as connectors:
            accounts = session.ready(loaded, connectors)
            planned, changed = comparing.look(loaded, store, connectors, accounts, progress)
    finally:
        if store is not None:
            store.close()
    if output is not None:
        save(planned.plan, planned.observations, output)
    show(planned.plan, form, mode, everything, cost=planned.cost, rules=changed)
    if not exit_code:
        return 0
    return 2 if planned.plan.has_changes else (6 if planned.plan.held else 0)


def show(
    plan: Plan,
    form: str,
    mode: str | None,
    everything: bool = False,
    *,
    saved: str | None = None,
    next_step: bool = True,
    cost: Cost | None = None,
    rules: reports.RulesChanged | None = None,
) -> None:
    """Prints a plan; and what it cost, and which rules were edited since the last run, where that is known."""
    shown = values(mode, json_output=form == "json")
    if form == "json":
        for piece in reports.plan_json(plan, shown, cost, rules):
            click.echo(piece, nl=False)
        click.echo()
    elif form == "markdown":
        click.echo(reports.plan_markdown(plan, shown, saved=saved, cost=cost, rules=rules))
    elif form == "html":
        click.echo(reports.plan_html(plan, shown, saved=saved, cost=cost, rules=rules))
    else:
        text = reports.plan_text(
            plan, style(), shown, everything=everything, saved=saved, next_step=next_step, cost=cost, rules=rules
        )
        click.echo(text)


def save(plan: Plan, observations: Observations, path: Path) -> None:
    """Writes the plan file, for its owner's eyes only. Raises `click.UsageError` (64)."""
    put(path, file_pieces(plan, observations), 0o600)
