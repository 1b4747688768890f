"""`hxrules status`: R20's overview, from the state alone; nothing is read from the apps."""

from __future__ import annotations

import click

from hxrules import reports
from hxrules.cli import rulesets, session
from hxrules.cli.clock import now
from hxrules.cli.output import print_json, style, values
from hxrules.records import Standing, StateView

_COUNTED = (Standing.IN_SYNC, Standing.FAILING, Standing.EXCLUDED)


@click.command("status")
@click.argument("ruleset", required=False, type=click.Path())
@click.option(
    "--failing",
    metavar="SYNC",
    shell_complete=rulesets.sync_names,
    help="The failing records of a sync, each with its reason.",
)
@click.option(
    "--excluded",
    metavar="SYNC",
    shell_complete=rulesets.sync_names,
    help="The excluded records of a sync, each with its reason.",
)
@click.option(
    "--in-sync", metavar="SYNC", shell_complete=rulesets.sync_names, help="The records of a sync that are in step."
)
@click.option("--exit-code", is_flag=True, help="End with 6 when records are failing.")
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
def command(
    ruleset: str | None,
    failing: str | None,
    excluded: str | None,
    in_sync: str | None,
    exit_code: bool,
    form: str,
    mode: str | None,
) -> int:
    """How many records of each sync are in step, failing and excluded, and when it last ran.

    \b
      hxrules status                       the overview
      hxrules status --failing contacts    what is wrong, record by record
      hxrules status --format html > status.html    a page in which each number opens its records
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    assert loaded.ruleset is not None
    asked = [
        (name, standing)
        for name, standing in (
            (failing, Standing.FAILING),
            (excluded, Standing.EXCLUDED),
            (in_sync, Standing.IN_SYNC),
        )
        if name is not None
    ]
    if len(asked) > 1:
        raise click.UsageError("One of --failing, --excluded and --in-sync at a time.")
    if asked and form == "html":
        raise click.UsageError("--format html shows the records behind all numbers; leave the sync out.")
    names = [sync.name for sync in loaded.ruleset.syncs]
    for name, _ in asked:
        if name not in names:
            raise click.UsageError(f"The ruleset has no sync {name!r}; it has {', '.join(names)}.")
    store = session.existing_store()
    try:
        state = store.view() if store is not None else StateView("", 0, None, None)
        counts = store.counts() if store is not None else {}
        rows = []
        for sync in loaded.ruleset.syncs:
            mine = counts.get(sync.name, {})
            seen = state.syncs.get(sync.name)
            rows.append(
                reports.StatusRow(
                    sync.name,
                    sync.enabled,
                    mine.get(Standing.IN_SYNC, 0),
                    mine.get(Standing.FAILING, 0),
                    mine.get(Standing.EXCLUDED, 0),
                    seen.last_run if seen else None,
                )
            )
        shown = values(mode, json_output=form == "json")

        def behind(name: str, standing: Standing) -> list[reports.StandingRecord]:
            found = store.records(name, standing) if store is not None else ()
            return [reports.StandingRecord(each.hubspot, each.xero, each.reason) for each in found]

        if form == "html":
            every = {row.name: {standing: behind(row.name, standing) for standing in _COUNTED} for row in rows}
            click.echo(reports.status_html(rows, every, shown, now()))
        for name, standing in asked:
            records = behind(name, standing)
            if form == "json":
                print_json(reports.status_records_json(name, standing, records, shown))
            else:
                click.echo(reports.status_records_text(name, standing, records, style(), shown))
    finally:
        if store is not None:
            store.close()
    if not asked:
        if form == "json":
            print_json(reports.status_json(rows))
        elif form == "text":
            click.echo(reports.status_text(rows, style(), now()))
    return 6 if exit_code and any(row.failing for row in rows) else 0
