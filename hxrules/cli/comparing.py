"""Puts the parts together for what compares two rulesets: `hxrules diff`, and a dry-run whose rules were edited since the last run."""

from __future__ import annotations

from dataclasses import replace

from hxrules import reports
from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, session
from hxrules.cli.clock import now
from hxrules.cli.progress import ProgressLine
from hxrules.cli.rulesets import Loaded
from hxrules.connectors.protocol import Connectors
from hxrules.language.comparison import RuleChange
from hxrules.language.consequences import explained_differences
from hxrules.language.model import Ruleset
from hxrules.planning.impact import Impact, Made, impact, looked_at_anew, wide
from hxrules.planning.plan import Plan
from hxrules.planning.planner import make_plan
from hxrules.planning.remembered import concern_records, remembered
from hxrules.records import Accounts
from hxrules.running.fetch import fetch
from hxrules.state.entries import RunHeader
from hxrules.state.store import Store


def compared(old: Loaded, new: Loaded) -> reports.RulesChanged:
    """What changes in rules, without any record. Both are valid."""
    assert old.ruleset is not None
    assert new.ruleset is not None
    return reports.RulesChanged(
        _called(old.ruleset),
        _called(new.ruleset),
        explained_differences(old.ruleset, new.ruleset),
        same_text=[*old.sources.values()] == [*new.sources.values()],
    )


def _called(ruleset: Ruleset) -> str:
    return f"{ruleset.file} ({ruleset.name} {ruleset.version})"


# --- whom it concerns -----------------------------------------------------------------------------------------------------------


def as_remembered(report: reports.RulesChanged, old: Ruleset, new: Ruleset) -> reports.RulesChanged:
    """With what the state alone can tell. Raises `Halt` for a state that can't be read."""
    if not concern_records(report.changes):
        return replace(report, notes=_no_record(report.changes))
    store = session.existing_store()
    if store is None:
        untold = "No run has left a state here, so nothing can be told about records; --live asks both apps."
        return replace(report, notes=(untold,))
    with store:
        state = store.view()
    if new.accounts.portal not in (None, state.portal) or new.accounts.tenant not in (None, state.tenant):
        return replace(report, notes=("The state here is for other accounts than the new ruleset.",))
    runs = [each.last_run for each in state.syncs.values() if each.last_run is not None]
    more = (
        "Records that came or were edited since aren't in it, nor those of syncs behind these; --live asks both apps."
    )
    return replace(
        report,
        impact=remembered(old, new, report.changes, state),
        as_of=max(runs) if runs else None,
        notes=(more,),
    )


def as_it_is_now(report: reports.RulesChanged, old: Loaded, new: Loaded, max_calls: int | None) -> reports.RulesChanged:
    """With what both apps say: one look, wide enough for both rulesets, and a plan by each of them. Raises `Halt`."""
    assert old.ruleset is not None
    assert new.ruleset is not None
    if not concern_records(report.changes):
        return replace(report, notes=_no_record(report.changes))
    rules, catalogue, when, progress = (old.ruleset, new.ruleset), load_catalogue(), now(), ProgressLine()
    store = session.existing_store()
    try:
        with session.connected(max_calls) as connectors:
            accounts = session.ready(new, connectors)
            state = looked_at_anew(session.view(store, accounts))
            names = frozenset(sync.name for each in rules for sync in each.active)
            try:
                snapshot = fetch(wide(*rules, names), state, connectors, accounts, when, catalogue, progress)
            finally:
                progress.done()
    finally:
        if store is not None:
            store.close()
    made = [Made(each, *make_plan(each, snapshot, state, when, catalogue)) for each in rules]
    found = impact(made[0], made[1], state, snapshot, catalogue)
    return replace(report, impact=found, live=True, as_of=when, notes=_as_a_whole(made[1].plan))


def _no_record(changes: tuple[RuleChange, ...]) -> tuple[str, ...]:
    return ("No record is treated otherwise because of it.",) if changes else ()


def _as_a_whole(plan: Plan) -> tuple[str, ...]:
    return tuple(
        f"{each.code}: by the new rules the plan would be held as a whole, for {each.summary}." for each in plan.guards
    )


# --- since the last run ---------------------------------------------------------------------------------------------------------


def look(
    loaded: Loaded, store: Store | None, connectors: Connectors, accounts: Accounts, progress: ProgressLine
) -> tuple[session.Planned, reports.RulesChanged | None]:
    """Reads both apps and makes the plan; where the rules were edited since the last run, also says what that does."""
    rules = loaded.ruleset
    assert rules is not None
    last = store.last_applied() if store is not None else None
    if store is None or last is None or last.digest == rules.digest:
        return session.look(rules, store, connectors, accounts, progress), None
    texts = store.ruleset(last.digest)
    before = rulesets.kept(texts) if texts is not None else None
    if before is None or before.ruleset is None:
        return session.look(rules, store, connectors, accounts, progress), _not_kept(last, loaded)
    report = replace(compared(before, loaded), old=f"{last.ruleset} {last.version}, of run {last.id}")
    if not concern_records(report.changes):
        planned = session.look(rules, store, connectors, accounts, progress)
        return planned, replace(report, notes=_no_record(report.changes))
    reading = wide(before.ruleset, rules, frozenset(sync.name for sync in rules.active))
    planned = session.look(rules, store, connectors, accounts, progress, reading)
    found = _since(before.ruleset, rules, report.changes, planned)
    return planned, replace(report, impact=found, live=True, as_of=planned.plan.now)


def _since(old: Ruleset, new: Ruleset, changes: tuple[RuleChange, ...], planned: session.Planned) -> Impact:
    """By this very look; a sync that runs no longer isn't read any more, so of that one as the last run left it."""
    catalogue, when = load_catalogue(), planned.plan.now
    anew = looked_at_anew(planned.state, new)
    before = Made(old, *make_plan(old, planned.snapshot, anew, when, catalogue))
    after = Made(new, planned.plan, planned.observations)
    found = impact(before, after, planned.state, planned.snapshot, catalogue)
    runs = {sync.name for sync in new.active}
    ended = [way for way in remembered(old, new, changes, planned.state).ways if way.sync not in runs]
    names = ", ".join(dict.fromkeys(way.sync for way in ended))
    untold = (f"Of {names}, which is no longer read, the numbers are as the last run left them.",) if ended else ()
    return replace(found, ways=(*found.ways, *ended), untold=untold)


def _not_kept(last: RunHeader, loaded: Loaded) -> reports.RulesChanged:
    """The run is older than the keeping of rules, or they are written as this version can't read them any more."""
    assert loaded.ruleset is not None
    commit = (last.commit or "").rstrip("+")
    how = f" hxrules diff {commit} shows what was changed since its commit." if commit else ""
    return reports.RulesChanged(
        f"{last.ruleset} {last.version}, of run {last.id}",
        _called(loaded.ruleset),
        (),
        notes=(f"What exactly isn't known: the rules of that run can't be read any more.{how}",),
    )
