"""`hxrules undo RUN`: puts back what a run wrote. A plan like any other: shown, asked about, or saved and applied later."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, session
from hxrules.cli.clock import now
from hxrules.cli.dry_run import save, show
from hxrules.cli.output import show_run
from hxrules.cli.progress import ProgressLine
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset
from hxrules.planning.observations import Observations
from hxrules.planning.past import PastEffect
from hxrules.planning.plan import Plan
from hxrules.planning.undo import undo_plan
from hxrules.problems import Halt, Problem
from hxrules.records import Accounts
from hxrules.running.execute import execute
from hxrules.running.history import effects_of, look_back, run_of
from hxrules.running.interrupted import settle_old
from hxrules.state.store import Store


@click.command("undo")
@click.argument("run")
@click.option("--ruleset", help="The ruleset that the run was made by.")
@click.option("--yes", is_flag=True, help="Go ahead without asking.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan instead of carrying it out (it holds full values; mode 0600).",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
@click.option("--all", "everything", is_flag=True, help="Show every change, however many there are.")
def command(
    run: str, ruleset: str | None, yes: bool, output: Path | None, form: str, mode: str | None, everything: bool
) -> int:
    """Put the old values back, in both apps, and take away what the run made: archived where the app allows it, else voided.

    What was edited since the run is left alone, and named. Links stay. RUN is the id of a run (hxrules log), or `last`.

    \b
      hxrules undo last                              asks before anything is written
      hxrules undo 20261122-093000-a1b2c3 --yes      in a script
      hxrules undo last -o plan.json                 to look at; hxrules apply plan.json does it
    """
    path = rulesets.one(ruleset)
    loaded = rulesets.load_valid(path)
    assert loaded.ruleset is not None
    rules, progress, catalogue = loaded.ruleset, ProgressLine(), load_catalogue()
    known = _known(run)
    with session.connected() as connectors:
        accounts = session.sign_in(loaded, connectors)
        with session.own_store() as store:
            store.bind(accounts.portal.id, accounts.organisation.tenant)
            with session.locked(store, accounts.portal.id, accounts.organisation.tenant, "undo"):
                settle_old(store, connectors, catalogue, rules)
                effects = [each for each in effects_of(store, known) if each.done]
                plan, observations = _plan(known, effects, rules, store, connectors, accounts, progress)
                if output is not None:
                    save(plan, observations, output)
                if output is not None or not plan.has_changes:
                    show(plan, form, mode, everything, saved=str(output) if output else None)
                    return 6 if plan.held and output is None else 0
                _agree(plan, yes, form, mode, everything)
                header = session.header(plan, f"undo {known}", now(), path.resolve().parent)
                try:
                    done = execute(plan, observations, rules, connectors, store, header, catalogue, now, progress)
                finally:
                    progress.done()
    show_run(done, form, mode)
    return done.exit_code


def _known(run: str) -> str:
    """The run that is meant."""
    store = session.existing_store()
    if store is None:
        raise click.UsageError("There is no state here, so no run that could be undone.")
    with store:
        found = run_of(store, run)
    if found is None and run == "last":
        raise click.UsageError("No run has written anything yet.")
    if found is None:
        raise click.UsageError(f"The journal knows no run {run!r}. hxrules log lists those that it knows.")
    return found.id


def _plan(
    run: str,
    effects: Sequence[PastEffect],
    rules: Ruleset,
    store: Store,
    connectors: Connectors,
    accounts: Accounts,
    progress: ProgressLine,
) -> tuple[Plan, Observations]:
    """Reads again what the run wrote, and says what can be taken back."""
    when, state, catalogue = now(), store.view(), load_catalogue()
    try:
        snapshot, uses = look_back(effects, rules, state, connectors, accounts, when, catalogue, progress)
    finally:
        progress.done()
    return undo_plan(run, effects, rules, snapshot, uses, state, when, catalogue)


def _agree(plan: Plan, yes: bool, form: str, mode: str | None, everything: bool) -> None:
    """Shows the plan and asks. Without a terminal nobody can be asked, so `--yes` must say it (design §0.6)."""
    if yes:
        return
    look = f"hxrules undo {plan.undo} -o plan.json"
    if form == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        waiting = Problem(
            "HX306",
            f"{len(plan.changes):,} changes wait for a yes",
            "Nobody can be asked here: this is no terminal.",
            f"Look with `{look}`, then go ahead with `hxrules apply plan.json`, or `hxrules undo {plan.undo} --yes`.",
            next_command=look,
        )
        raise Halt(4, [waiting])
    show(plan, form, mode, everything, next_step=False)
    if not click.confirm("\nGo ahead?", default=False):
        turned_down = Problem(
            "HX307", "not undone", "The plan was shown and turned down.", "Nothing was written.", next_command=look
        )
        raise Halt(4, [turned_down])
