"""`hxrules log [RUN]`: the journal, read: who did what when, by which rules, and what was there before. Reads the state alone."""

from __future__ import annotations

import click

from hxrules import reports
from hxrules.cli import session
from hxrules.cli.output import print_json, style, values
from hxrules.planning.past import PastEffect, PastRun
from hxrules.running.history import effects_of, run_of, runs_of

SHOWN = 20
"""Runs that are listed, unless all are asked for."""


@click.command("log")
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="All runs, or every write of a run, however many there are.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
def command(run: str | None, everything: bool, form: str, mode: str | None) -> int:
    """The runs, newest first; of one RUN every write: when, which record, each field before and after, and the rule that said so.

    \b
      hxrules log            who ran what, and how it ended
      hxrules log last       the newest run that has written anything
    """
    found, effects, runs, total = _read(run, everything or form == "json")
    shown = values(mode, json_output=form == "json")
    if run is not None and found is None:
        raise click.UsageError(f"The journal knows no run {run!r}. hxrules log lists those that it knows.")
    if form == "json":
        print_json(reports.runs_json(runs) if found is None else reports.run_log_json(found, effects, shown))
    elif found is None:
        click.echo(reports.runs_text(runs, style(), total))
    else:
        click.echo(reports.run_log_text(found, effects, style(), shown, everything=everything))
    return 0


def _read(run: str | None, everything: bool) -> tuple[PastRun | None, list[PastEffect], list[PastRun], int]:
    """One run with its effects; else the runs, and how many there are."""
    store = session.existing_store()
    if store is None:
        return None, [], [], 0
    with store:
        if run is not None:
            found = run_of(store, run)
            return found, effects_of(store, found.id) if found is not None else [], [], 0
        runs = runs_of(store)
        return None, [], runs if everything else runs[:SHOWN], len(runs)
