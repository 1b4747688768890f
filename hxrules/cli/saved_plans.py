"""`hxrules apply plan.json`: exactly what was shown, or nothing (design §2.8).

The whole plan is refused (5) when the file was changed, has been applied, is for other accounts, rules or another state, or is too old;
or when one record that it rests on was edited since: all of them are read again before the first write, and named. `--still-valid` leaves
those out and does the rest. A run that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, session
from hxrules.cli.clock import now
from hxrules.cli.dry_run import show
from hxrules.cli.output import show_run
from hxrules.cli.progress import ProgressLine
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset
from hxrules.planning import staleness
from hxrules.planning.plan import Change, Plan
from hxrules.planning.plan_file import BadPlan, SavedPlan, read_plan
from hxrules.problems import Halt, Problem
from hxrules.records import App, Link, Record, RecordRef
from hxrules.running.execute import execute
from hxrules.running.fetch import reread
from hxrules.running.interrupted import settle_old, there_already
from hxrules.state.store import Store
from hxrules.values import unpack


def load(path: Path) -> SavedPlan:
    """The plan in a file. Raises `Halt` (5) for one that can't be read, or was changed."""
    try:
        return read_plan(rulesets.existing(path).read_text(encoding="utf-8", errors="replace"), path.name)
    except BadPlan as bad:
        raise Halt(5, [bad.problem]) from bad


def apply(path: Path, still_valid: bool, allow_large: bool, max_calls: int | None, form: str, mode: str | None) -> int:
    """Carries out a saved plan. Raises `Halt`; the exit code of the run otherwise."""
    saved = load(path)
    plan = saved.plan
    loaded = rulesets.load_valid(_ruleset_of(plan, path))
    assert loaded.ruleset is not None
    rules, progress, catalogue = loaded.ruleset, ProgressLine(), load_catalogue()
    with session.connected(max_calls) as connectors:
        accounts = session.ready(loaded, connectors)
        with session.own_store() as store:
            used = store.applied(plan.id)
            if used is not None:
                raise Halt(5, [_applied_already(plan, used.id, path)])
            with session.locked(store, accounts.portal.id, accounts.organisation.tenant, "apply"):
                earlier = store.runs_of(plan.id)
                resumes = bool(earlier) and earlier[-1].serial == store.view().serial
                settle_old(store, connectors, catalogue, rules)
                view = store.view()
                named = rulesets.show(path)
                problem = staleness.refused_as_a_whole(plan, rules, accounts, view, resumes, now(), named)
                if problem is not None:
                    raise Halt(5, [problem])
                store.bind(accounts.portal.id, accounts.organisation.tenant)
                if plan.guards and not allow_large:
                    show(plan, form, mode, saved=named)
                    return 4
                before = _before(store, plan)
                try:
                    stale = _moved(plan, rules, connectors, before, view.links, progress)
                finally:
                    progress.done()
                left_out: Sequence[Problem] = ()
                if stale:
                    left_out = [_edited(plan, rules, change, ref, named) for change, ref in sorted(stale.items())]
                    if not still_valid:
                        raise Halt(5, left_out)
                    gone = staleness.dependants(plan, stale)
                    plan = _without(plan, gone)
                    left_out = [*left_out, *_waiting(saved.plan, rules, gone.difference(stale))]
                store.keep_ruleset(rules.digest, loaded.texts)
                try:
                    run = execute(
                        plan,
                        saved.observations,
                        rules,
                        connectors,
                        store,
                        replace(
                            session.header(
                                plan, f"undo {plan.undo}" if plan.undo else "apply", now(), loaded.path.resolve().parent
                            ),
                            plan=saved.plan.id,
                        ),
                        catalogue,
                        now,
                        progress,
                        before,
                        left_out,
                    )
                finally:
                    progress.done()
    show_run(run, form, mode)
    return run.exit_code


def _ruleset_of(plan: Plan, path: Path) -> Path:
    ruleset = Path(plan.ruleset.file)
    if ruleset.is_file():
        return ruleset
    raise Halt(
        5,
        [
            Problem(
                "HX312",
                f"the ruleset of {path.name} isn't here",
                f"The plan was made by {plan.ruleset.file}, seen from the folder in which that was typed.",
                "Apply the plan in the same folder of the same checkout.",
                next_command=f"hxrules show {path}",
            )
        ],
    )


def _applied_already(plan: Plan, run: str, path: Path) -> Problem:
    return Problem(
        "HX316",
        f"{path.name} has been applied already",
        f"Run {run} carried it out; a plan is good for once.",
        "Make a new plan: it shows what is left to do.",
        next_command=f"hxrules dry-run {plan.ruleset.file} -o {path.name}",
    )


def _before(store: Store, plan: Plan) -> dict[str, Record]:
    """What interrupted runs of this plan have done: effect → the record as it was answered."""
    done: dict[str, Record] = {}
    for run in store.runs_of(plan.id):
        for effect in store.effects(run.header.id):
            if effect.settled is not None and effect.settled.state == "done":
                intent, settled = effect.intent, effect.settled
                fields = {name: unpack(value) for name, value in settled.answer.get("fields", {}).items()}
                done[intent.effect] = Record(RecordRef(intent.app, intent.type, str(settled.id or intent.id)), fields)
    return done


def _moved(
    plan: Plan,
    rules: Ruleset,
    connectors: Connectors,
    before: Mapping[str, Record],
    links: Sequence[Link],
    progress: ProgressLine,
) -> dict[str, RecordRef]:
    """The changes whose records aren't as they were when the plan was made; what its own interrupted run wrote is no surprise."""
    catalogue = load_catalogue()
    stale: dict[str, RecordRef] = {}
    open_changes = [
        change for change in plan.changes if any(effect.id not in before for effect in change.effects) or not before
    ]
    written = {ref for change in plan.changes for ref in _written(change, rules, before)}
    for sync in rules.active:
        ids = staleness.ids_to_read(open_changes, sync)
        if any(ids[app] for app in App):
            sight = reread(sync, ids, connectors, catalogue, progress)
            stale |= staleness.moved(open_changes, sync, sight, catalogue, written)
    return there_already(open_changes, connectors, catalogue, links) | stale


def _written(change: Change, rules: Ruleset, before: Mapping[str, Record]) -> Iterator[RecordRef]:
    """What an interrupted run wrote of a change: also an invoice of which it only had the time to write some lines."""
    for effect in change.effects:
        if effect.id in before:
            yield before[effect.id].ref
            if (whole := _ref(rules, change, effect.app)) is not None:
                yield whole


def _without(plan: Plan, gone: set[str]) -> Plan:
    return replace(plan, changes=tuple(change for change in plan.changes if change.id not in gone))


def _edited(plan: Plan, rules: Ruleset, change_id: str, ref: RecordRef, file: str) -> Problem:
    change = next(each for each in plan.changes if each.id == change_id)
    return Problem(
        "HX317",
        f"{change.label}: edited since the plan was made" if change.label else "edited since the plan was made",
        f"{ref.app.brand} {ref.id} isn't any more what the plan rests on.",
        "Make the plan anew; or apply the rest of this one with `--still-valid`.",
        hubspot=_ref(rules, change, App.HUBSPOT),
        xero=_ref(rules, change, App.XERO),
        sync=change.sync,
        next_command=f"hxrules dry-run {plan.ruleset.file} -o {file}",
    )


def _ref(rules: Ruleset, change: Change, app: App) -> RecordRef | None:
    record_id = change.hubspot if app is App.HUBSPOT else change.xero
    return None if record_id is None else RecordRef(app, rules.sync(change.sync).types[app], record_id)


def _waiting(plan: Plan, rules: Ruleset, others: set[str]) -> list[Problem]:
    return [
        Problem(
            "HX318",
            f"{change.label}: left out with the record that it needs" if change.label else "left out with another",
            "It refers to a record that this plan would have created, and that was edited since.",
            "The next run looks at both again.",
            hubspot=_ref(rules, change, App.HUBSPOT),
            xero=_ref(rules, change, App.XERO),
            sync=change.sync,
        )
        for change in plan.changes
        if change.id in others
    ]
