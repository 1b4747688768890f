"""Plan → effects, in order, each written into the journal before it is sent and after it is answered.

What holds at every moment (design §2.5): an effect that may be in an app stands in the journal; a link and its bases are recorded in
the transaction that records the effect as done; how far the syncs have seen moves only after the last effect, so a run that is killed
is looked at again by the next one. One record's failure is that record's only: the others go on.

See also: `recover` (effects whose answer was lost), `planning.plan` (what a change is), `state` (the journal).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hxrules.catalogue import Catalogue
from hxrules.connectors.protocol import Connectors, Usage
from hxrules.planning.plan import (
    Action,
    Change,
    Effect,
    Plan,
    change_document,
    effect_document,
    plain,
    problem_document,
)
from hxrules.planning.planner import Observations
from hxrules.problems import Halt, Problem
from hxrules.records import (
    App,
    BaseValue,
    Failure,
    Known,
    Link,
    RecordRef,
    Standing,
    Write,
    WriteError,
    WriteResult,
    chunks,
)
from hxrules.running import recover
from hxrules.running.failures import problem_of
from hxrules.running.fetch import Progress
from hxrules.running.run import AppCalls, Normalised, Run
from hxrules.state.entries import STOPPED, Advance, Intent, RunHeader, Settled
from hxrules.state.store import Store


@dataclass(slots=True)
class _Tally:
    """What has happened so far."""

    done: dict[str, int] = field(default_factory=lambda: {action.value: 0 for action in Action})
    failed: list[Problem] = field(default_factory=list)
    failed_refs: dict[RecordRef, tuple[Problem, bool]] = field(default_factory=dict)
    normalised: list[Normalised] = field(default_factory=list)
    known: dict[RecordRef, Known] = field(default_factory=dict)
    turns: int = 0
    sequence: int = 0


def execute(
    plan: Plan,
    observations: Observations,
    connectors: Connectors,
    store: Store,
    header: RunHeader,
    types: Mapping[str, Mapping[App, str]],
    catalogue: Catalogue,
    clock: Callable[[], datetime],
    progress: Progress,
) -> Run:
    """Carries out every change of the plan. `types` names the record types of each sync.

    Never raises for a record. A `Halt` (a limit, a lost sign-in) ends the run early; what was done is kept, and the run says so.
    """
    tally = _Tally()
    store.begin(header)
    stopped: Halt | None = None
    try:
        remembers = _prepare_memory(plan, connectors)
        for sync in dict.fromkeys(change.sync for change in plan.changes):
            mine = [change for change in plan.changes if change.sync == sync]
            _record_links(mine, store, header.id, tally)
            for batch in _batches(mine, connectors):
                _carry_out(batch, remembers, connectors, store, header.id, types[sync], catalogue, tally, progress)
    except Halt as halt:
        stopped = halt
    store.settle(header.id, (), _last_step(observations, plan, tally, stopped))
    run = Run(
        id=header.id,
        plan=plan,
        started=header.started,
        finished=clock(),
        done=tally.done,
        failed=tuple(tally.failed),
        normalised=tuple(tally.normalised),
        stopped=stopped.problems[0] if stopped else None,
        stop_code=stopped.exit_code if stopped else 0,
        left_over=len(plan.changes) - tally.turns,
        calls={app: _calls(connectors.of(app).usage) for app in App},
    )
    outcome = STOPPED if stopped else ("failing" if run.failing else "done")
    calls = {app.value: run.calls[app].calls for app in App}
    store.finish(header.id, outcome, dict(run.done), calls, run.finished)
    return run


def _calls(usage: Usage) -> AppCalls:
    kinds = (usage.reads, usage.writes, usage.settings)
    return AppCalls(
        usage.calls,
        usage.reads.calls,
        usage.writes.calls,
        sum(kind.bytes_in for kind in kinds),
        sum(kind.bytes_out for kind in kinds),
        usage.waited,
    )


def _prepare_memory(plan: Plan, connectors: Connectors) -> dict[tuple[App, str], bool]:
    """Once a run and type: is there a place in the app that remembers the partner (design §0.5)?"""
    wanted = dict.fromkeys(
        (effect.app, effect.type) for change in plan.changes for effect in change.effects if effect.memory is not None
    )
    return {(app, name): connectors.of(app).prepare(name) for app, name in wanted}


def _record_links(changes: Sequence[Change], store: Store, run_id: str, tally: _Tally) -> None:
    """New links of records that exist on both sides: known before anything is written on the strength of them."""
    links = [change for change in changes if change.action is Action.LINK and change.link is not None]
    if not links:
        return
    bases = {change.link.id: change.bases for change in links if change.link is not None}
    put = tuple(change.link for change in links if change.link is not None)
    store.settle(run_id, (), Advance(links=put, bases=bases))
    tally.done[Action.LINK.value] += len(links)
    tally.turns += len(links)


_Work = tuple[Change, Effect]


def _batches(changes: Iterable[Change], connectors: Connectors) -> Iterable[list[_Work]]:
    """Effects of one app, type and kind together, as many as the app takes in one call; the plan's order otherwise."""
    groups: dict[tuple[App, str, bool], list[_Work]] = {}
    for change in changes:
        for effect in change.effects:
            groups.setdefault((effect.app, effect.type, effect.target is None), []).append((change, effect))
    for (app, type_name, create), work in groups.items():
        yield from chunks(work, connectors.of(app).batch_size(type_name, create=create))


def _carry_out(
    batch: list[_Work],
    remembers: Mapping[tuple[App, str], bool],
    connectors: Connectors,
    store: Store,
    run_id: str,
    types: Mapping[App, str],
    catalogue: Catalogue,
    tally: _Tally,
    progress: Progress,
) -> None:
    app, type_name = batch[0][1].app, batch[0][1].type
    fields = catalogue.type(app, type_name).fields
    writes: list[Write] = []
    intents: list[Intent] = []
    for change, effect in batch:
        memory = effect.memory if remembers.get((app, type_name)) else None
        named = {fields[name]: value for name, value in effect.values.items() if name in fields}
        writes.append(Write(app, type_name, effect.id, effect.target, named, effect.slots, memory))
        tally.sequence += 1
        intents.append(
            Intent(
                effect.id,
                change.id,
                change.sync,
                app,
                type_name,
                effect.target,
                {**change_document(change), "effects": [effect_document(effect)]},
                tally.sequence,
            )
        )
    empty = [not write.values and write.memory is None for write in writes]
    store.intend(run_id, [intent for intent, nothing in zip(intents, empty, strict=True) if not nothing])
    sendable = [write for write, nothing in zip(writes, empty, strict=True) if not nothing]
    answers = iter(recover.write_and_settle(connectors.of(app), sendable, catalogue) if sendable else ())
    settled: list[Settled] = []
    links: list[Link] = []
    bases: dict[str, dict[str, BaseValue]] = {}
    for (change, effect), nothing in zip(batch, empty, strict=True):
        if nothing:
            continue
        result = next(answers)
        if change.action is not Action.LINK:
            tally.turns += 1
        if result.error is None and result.record is not None:
            link, base = _done(change, effect, result, tally)
            if link is not None:
                links.append(link)
            bases.setdefault((link or _linked(change)).id, {}).update(base)
            answer = {"fields": {name: plain(value) for name, value in result.record.fields.items()}}
            settled.append(Settled(effect.id, "done", result.record.ref.id, answer))
        else:
            assert result.error is not None
            settled.append(_failed(change, effect, result.error, types, tally))
    store.settle(run_id, settled, Advance(links=tuple(links), bases=bases))
    progress.writing(app, type_name, len(batch), len(batch))


def _linked(change: Change) -> Link:
    assert change.link is not None
    return change.link


def _done(
    change: Change, effect: Effect, result: WriteResult, tally: _Tally
) -> tuple[Link | None, dict[str, BaseValue]]:
    """What a finished effect teaches: the new record's id, and what the app made of each value."""
    record = result.record
    assert record is not None
    if change.action is not Action.LINK:
        tally.done[change.action.value] += 1
    tally.known[record.ref] = Known(record.ref, change.sync, record.updated, Standing.IN_SYNC)
    link: Link | None = None
    if change.action is Action.CREATE:
        found = _linked(change)
        link = (
            replace(found, hubspot=record.ref.id) if effect.app is App.HUBSPOT else replace(found, xero=record.ref.id)
        )
    if change.action is Action.LINK:
        return None, {}
    bases: dict[str, BaseValue] = {}
    written = {each.mapping: each.field for each in change.fields}
    for mapping, base in change.bases.items():
        own = written.get(mapping)
        if own is not None and own in record.fields and own in effect.values:
            held, sent = record.fields[own], effect.values[own]
            base = replace(base, hubspot=held) if effect.app is App.HUBSPOT else replace(base, xero=held)
            if held != sent:
                base = replace(base, settled=False)
                tally.normalised.append(
                    Normalised(change.sync, effect.app, record.ref.id, change.label, own, sent, held)
                )
        bases[mapping] = base
    return link, bases


def _failed(change: Change, effect: Effect, error: WriteError, types: Mapping[App, str], tally: _Tally) -> Settled:
    problem = problem_of(change, effect, error, types)
    document = problem_document(problem)
    if change.action is Action.LINK:
        # Only the memory of an existing link was refused: the link itself stands.
        return Settled(effect.id, "failed", None, {}, document)
    tally.failed.append(problem)
    for ref in (problem.hubspot, problem.xero):
        if ref is not None:
            tally.failed_refs[ref] = (problem, error.failure is not Failure.REFUSED)
    return Settled(effect.id, "in-doubt" if error.failure is Failure.IN_DOUBT else "failed", None, {}, document)


def _last_step(observations: Observations, plan: Plan, tally: _Tally, stopped: Halt | None) -> Advance:
    """What the plan saw besides its changes. After a run that stopped early nothing counts as seen."""
    if stopped is not None:
        return Advance(known=tuple(tally.known.values()))
    known = {**observations.known, **tally.known}
    for ref, (problem, retry) in tally.failed_refs.items():
        before = known.get(ref)
        sync = problem.sync or (before.sync if before else "")
        known[ref] = Known(
            ref,
            sync,
            before.updated if before else None,
            Standing.FAILING,
            problem_document(problem),
            problem.involves,
            retry,
        )
    return Advance(
        links=tuple(observations.links.values()),
        drop_links=tuple(observations.drop_links),
        bases=observations.bases,
        known=tuple(known.values()),
        forget=tuple(observations.forget),
        syncs=tuple(observations.syncs),
    )
