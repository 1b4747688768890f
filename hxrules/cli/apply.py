"""`hxrules apply`: look once more, then do it. Ends with 6 when records are failing, with 4 when a person must look first."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, saved_plans, session
from hxrules.cli.clock import now
from hxrules.cli.dry_run import show
from hxrules.cli.output import show_run
from hxrules.cli.progress import ProgressLine
from hxrules.problems import Halt, Problem
from hxrules.running.execute import execute
from hxrules.running.interrupted import settle_old


@click.command("apply")
@click.argument("ruleset", required=False, metavar="[RULESET|PLAN]", type=click.Path())
@click.option("--yes", is_flag=True, help="Go ahead without asking.")
@click.option("--still-valid", is_flag=True, help="Of a saved plan, apply what still holds, and leave out the rest.")
@click.option("--allow-large", is_flag=True, help="Go ahead although the plan is beyond the ruleset's limits.")
@click.option("--max-calls", type=click.IntRange(min=1), help="End with 8 before more calls than this are made.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
def command(
    ruleset: str | None,
    yes: bool,
    still_valid: bool,
    allow_large: bool,
    max_calls: int | None,
    form: str,
    mode: str | None,
) -> int:
    """Read both apps, show the plan, ask, and carry it out. A saved plan is applied exactly as it was shown, or refused.

    \b
      hxrules apply                  asks before anything is written
      hxrules apply --yes            in CI
      hxrules apply plan.json        what dry-run -o saved
    """
    if ruleset is not None and ruleset.endswith(".json"):
        return saved_plans.apply(Path(ruleset), still_valid, allow_large, max_calls, form, mode)
    if still_valid:
        raise click.UsageError("--still-valid is about a saved plan.")
    path = rulesets.one(ruleset)
    loaded = rulesets.load_valid(path)
    assert loaded.ruleset is not None
    rules = loaded.ruleset
    progress = ProgressLine()
    with session.connected(max_calls) as connectors:
        accounts = session.ready(loaded, connectors)
        with session.own_store() as store:
            store.bind(accounts.portal.id, accounts.organisation.tenant)
            with session.locked(store, accounts.portal.id, accounts.organisation.tenant, "apply"):
                catalogue = load_catalogue()
                settle_old(store, connectors, catalogue, rules)
                planned = session.look(rules, store, connectors, accounts, progress)
                plan = planned.plan
                if plan.guards and not allow_large:
                    show(plan, form, mode, cost=planned.cost)
                    return 4
                _agree(planned, yes, form, mode, str(ruleset or rulesets.show(path)))
                started = now()
                store.keep_ruleset(rules.digest, loaded.texts)
                try:
                    run = execute(
                        plan,
                        planned.observations,
                        rules,
                        connectors,
                        store,
                        session.header(plan, "apply", started, path.resolve().parent),
                        catalogue,
                        now,
                        progress,
                    )
                finally:
                    progress.done()
    show_run(run, form, mode)
    return run.exit_code


def _agree(planned: session.Planned, yes: bool, form: str, mode: str | None, named: str) -> None:
    """Shows the plan and asks. Without a terminal nobody can be asked, so `--yes` must say it (design §0.6)."""
    plan = planned.plan
    if yes or not plan.has_changes:
        return
    if form == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Halt(
            4,
            [
                Problem(
                    "HX306",
                    f"{len(plan.changes):,} changes wait for a yes",
                    "Nobody can be asked here: this is no terminal.",
                    f"Look with `hxrules dry-run {named}`, then go ahead with `hxrules apply {named} --yes`.",
                    next_command=f"hxrules dry-run {named}",
                )
            ],
        )
    show(plan, form, mode, next_step=False, cost=planned.cost)
    if not click.confirm("\nGo ahead?", default=False):
        raise Halt(
            4,
            [
                Problem(
                    "HX307",
                    "not applied",
                    "The plan was shown and turned down.",
                    "Nothing was written.",
                    next_command=f"hxrules dry-run {named}",
                )
            ],
        )
