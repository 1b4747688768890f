"""Plan → effects, in order, each written into the journal before it is sent and after it is answered.

What holds at every moment (design §2.5): an effect that may be in an app stands in the journal; a link and its bases are recorded in
the transaction that records the effect as done; how far the syncs have seen moves only after the last effect, so a run that is killed
is looked at again by the next one. One record's failure is that record's only: the others go on.

Batches of one group don't depend on each other, so some are under way at once; journal and state are written by one thread.

See also: `recover` (effects whose answer was lost), `planning.plan` (what a change is), `state` (the journal).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hxrules.catalogue import Catalogue
from hxrules.connectors.pace import overlapping
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.observations import Observations
from hxrules.planning.plan import (
    Action,
    Change,
    Effect,
    Plan,
    change_document,
    effect_document,
    problem_document,
)
from hxrules.problems import Halt, Problem
from hxrules.records import (
    App,
    BaseValue,
    Failure,
    Known,
    Link,
    Record,
    RecordRef,
    Standing,
    Write,
    WriteError,
    WriteResult,
)
from hxrules.running import recover, traces
from hxrules.running.batches import STAGES, Work, batches, groups, portions
from hxrules.running.cost import calls_of, expected_calls
from hxrules.running.failures import problem_of, totals_apart
from hxrules.running.fetch import Progress
from hxrules.running.run import Normalised, Run
from hxrules.state.entries import STOPPED, Advance, Intent, RunHeader, Settled
from hxrules.state.store import Store
from hxrules.values import IdOf, Line, Lines, Scalar, Value, pack

NOTHING: Mapping[str, Record] = {}


def execute(
    plan: Plan,
    observations: Observations,
    rules: Ruleset,
    connectors: Connectors,
    store: Store,
    header: RunHeader,
    catalogue: Catalogue,
    clock: Callable[[], datetime],
    progress: Progress,
    before: Mapping[str, Record] = NOTHING,
    left_out: Sequence[Problem] = (),
) -> Run:
    """Carries out every change of the plan.

    `before` is what interrupted runs of the same plan have done already: effect → what was answered; `left_out` says why some of its
    changes aren't made.
    Never raises for a record. A `Halt` (a limit, a lost sign-in) ends the run early; what was done is kept, and the run says so.
    """
    work = _Execution(plan, rules, connectors, store, header.id, catalogue, progress, before)
    work.leave_out(left_out)
    expected = expected_calls(plan, connectors)
    store.begin(header)
    stopped: Halt | None = None
    try:
        work.carry_out()
    except Halt as halt:
        stopped = halt
    store.settle(header.id, (), work.last_step(observations, stopped))
    run = Run(
        id=header.id,
        plan=plan,
        started=header.started,
        finished=clock(),
        done=work.done,
        failed=tuple(work.failed),
        normalised=tuple(work.normalised),
        stopped=stopped.problems[0] if stopped else None,
        stop_code=stopped.exit_code if stopped else 0,
        left_over=len(plan.changes) - len(work.turned),
        calls={app: calls_of(connectors.of(app).usage) for app in App},
        expected=expected,
    )
    outcome = STOPPED if stopped else ("failing" if run.failing else "done")
    calls = {app.value: run.calls[app].calls for app in App}
    store.finish(header.id, outcome, dict(run.done), calls, run.finished)
    return run


WRITES = 4
"""Batches of a group that are under way at once: Xero takes five calls at once, and HubSpot locks records under many."""

_NEEDED = WriteError(Failure.REFUSED, "still-needed", "what depends on it could not be taken back")
_WAITS = WriteError(Failure.REFUSED, "needs-another", "what it refers to could not be created")


@dataclass(slots=True)
class _Learnt:
    """What one batch brings the state."""

    links: list[Link] = field(default_factory=list)
    bases: dict[str, dict[str, BaseValue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch on its way: what is to be written, and what is settled without."""

    size: int
    todo: Sequence[tuple[Change, Effect, Write]]
    settled: list[Settled]
    learnt: _Learnt


def _unknown(effect: Effect) -> list[IdOf]:
    """What the effect needs to know of records that are created before it."""
    unknown = [value for value in effect.values.values() if isinstance(value, IdOf)]
    return unknown + [each for ids in effect.associations.values() for each in ids if isinstance(each, IdOf)]


def _scalars(values: Mapping[str, Value]) -> dict[str, Scalar]:
    return {name: value for name, value in values.items() if not isinstance(value, Lines | IdOf)}


class _Execution:
    """One run on its way: what is to be done, and what has happened so far."""

    def __init__(
        self,
        plan: Plan,
        rules: Ruleset,
        connectors: Connectors,
        store: Store,
        run_id: str,
        catalogue: Catalogue,
        progress: Progress,
        before: Mapping[str, Record],
    ) -> None:
        self._before = before
        self._left_out = False
        self._plan = plan
        self._rules = rules
        self._connectors = connectors
        self._store = store
        self._run_id = run_id
        self._catalogue = catalogue
        self._progress = progress
        self._remembers: dict[tuple[App, str], bool] = {}
        self._sequence = 0
        self._failed_refs: dict[RecordRef, tuple[Problem, bool]] = {}
        self._known: dict[RecordRef, Known] = {}
        self._left_standing: set[RecordRef] = set()
        self._made: dict[str, str] = {}
        """What was created: name of its link, or of the effect that made a part → its id."""
        self._spoilt: set[str] = set()
        """Changes of which an effect failed: what is left of them isn't sent."""
        self._lines: dict[str, dict[int, Line]] = {}
        """Change → which of its lines → the line as the app answered."""
        self.done = {action.value: 0 for action in Action}
        self.failed: list[Problem] = []
        self.normalised: list[Normalised] = []
        self.turned: set[str] = set()
        """Changes that had their turn, whatever became of them."""

    def leave_out(self, problems: Sequence[Problem]) -> None:
        """Records whose changes aren't made, because they were edited since: the next run looks at them."""
        self._left_out = bool(problems)
        self.failed.extend(problems)
        for problem in problems:
            for ref in (problem.hubspot, problem.xero):
                if ref is not None:
                    self._failed_refs[ref] = (problem, True)

    def carry_out(self) -> None:
        """Every change in the plan's order; raises `Halt` when nothing can go on."""
        self._prepare_memory()
        for name, changes, some in portions(self._plan):
            sync = self._rules.sync(name)
            self._record_links(changes)
            for together in some:
                self._give_up_the_hopeless(sync, together)
                for stage in STAGES:
                    for work in groups(together, stage):
                        self._carry_out_group(sync, work)

    def _give_up_the_hopeless(self, sync: Sync, changes: Iterable[Change]) -> None:
        """Changes that need a record which could not be created: nothing of them is sent, not even their parts."""
        for change in changes:
            own = {effect.id for effect in change.effects}
            wanted = (each.of for effect in change.effects for each in _unknown(effect))
            if any(each not in own and each not in self._made for each in wanted):
                self._note_failure(sync, change, next(each for each in change.effects if each.stage == 1), _WAITS)
            elif any(each in self._spoilt or each not in self.turned for each in change.needs):
                self._note_failure(sync, change, next(each for each in change.effects if each.stage == 1), _NEEDED)

    def _carry_out_group(self, sync: Sync, work: Sequence[Work]) -> None:
        """Raises the first `Halt`, once what was under way beside it is settled."""
        first = work[0][1]
        connector = self._connectors.of(first.app)
        done = 0
        halted: Halt | None = None

        def begun() -> Iterator[_Batch]:
            for batch in batches(work, self._connectors):
                if halted is None:
                    yield self._begin(sync, batch)

        def written(batch: _Batch) -> tuple[_Batch, list[WriteResult] | Halt]:
            try:
                return batch, connector.write([write for _, _, write in batch.todo])
            except Halt as halt:
                return batch, halt

        # Of two equal payments only the journal knows which is whose: no other one may be on its way while one is looked for.
        alike = "alike" in self._catalogue.type(first.app, first.type).settings
        for batch, outcome in overlapping(written, begun(), 1 if alike else WRITES):
            if isinstance(outcome, Halt):
                halted = halted or outcome
                continue
            try:
                self._settle(sync, batch, outcome)
            except Halt as halt:
                halted = halted or halt
            done += batch.size
            self._progress.writing(first.app, first.type, done, len(work))
        if halted is not None:
            raise halted

    def _prepare_memory(self) -> None:
        """Once a run and type: is there a place in the app that remembers the partner (design §0.5)?"""
        effects = (effect for change in self._plan.changes for effect in change.effects)
        types = dict.fromkeys((each.app, each.type) for each in effects if each.memory is not None)
        ready = overlapping(lambda one: self._connectors.of(one[0]).prepare(one[1]), types)
        self._remembers.update(zip(types, ready, strict=True))

    def _record_links(self, changes: Sequence[Change]) -> None:
        """New links of records that exist on both sides: known before anything is written on the strength of them."""
        new = [(change, change.link) for change in changes if change.action is Action.LINK and change.link is not None]
        if not new:
            return
        bases = {link.id: change.bases for change, link in new}
        self._store.settle(self._run_id, (), Advance(links=tuple(link for _, link in new), bases=bases))
        self.done[Action.LINK.value] += len(new)
        self.turned.update(change.id for change, _ in new)

    def _begin(self, sync: Sync, batch: Sequence[Work]) -> _Batch:
        """One batch into the journal, before it is sent."""
        app, type_name = batch[0][1].app, batch[0][1].type
        remembers = self._remembers.get((app, type_name), False)
        todo: list[tuple[Change, Effect, Write]] = []
        unsent: list[Work] = []
        settled: list[Settled] = []
        learnt = _Learnt()
        for change, planned in batch:
            if change.id in self._spoilt:
                continue
            if planned.id in self._before:
                self._done_before(change, planned)
                continue
            effect = self._filled_in(planned)
            write = self._as_write(sync, effect, remembers)
            if write is not None:
                todo.append((change, effect, write))
            elif effect.stage == 1 and change.action is not Action.LINK:
                # Only its lines changed: the record itself has nothing to be told. The journal names the change by it.
                unsent.append((change, effect))
        if todo or unsent:
            going = [*((change, effect) for change, effect, _ in todo), *unsent]
            self._store.intend(self._run_id, [self._intent(change, effect) for change, effect in going])
        for change, effect in unsent:
            self._succeeded(change, effect, Record(RecordRef(app, type_name, str(effect.target)), {}), learnt)
            settled.append(Settled(effect.id, "done", effect.target, {"fields": {}}))
        return _Batch(len(batch), todo, settled, learnt)

    def _settle(self, sync: Sync, batch: _Batch, results: Sequence[WriteResult]) -> None:
        """What became of a batch, into the journal again."""
        settled, learnt = batch.settled, batch.learnt
        if batch.todo:
            connector = self._connectors.of(batch.todo[0][1].app)
            writes = [write for _, _, write in batch.todo]
            certain = recover.made_certain(connector, writes, results, self._catalogue, self._linked)
            for (change, effect, _), result in zip(batch.todo, certain, strict=True):
                if result.record is None or result.error is not None:
                    assert result.error is not None
                    settled.append(self._note_failure(sync, change, effect, result.error))
                    continue
                self._succeeded(change, effect, result.record, learnt)
                answer = {"fields": {name: pack(value) for name, value in result.record.fields.items()}}
                settled.append(Settled(effect.id, "done", result.record.ref.id, answer))
        if settled or learnt.bases:
            self._store.settle(self._run_id, settled, Advance(links=tuple(learnt.links), bases=learnt.bases))

    def _done_before(self, change: Change, effect: Effect) -> None:
        """An interrupted run of this plan has made it, and what it brought is noted."""
        record = self._before[effect.id]
        self.turned.add(change.id)
        if effect.line is not None:
            self._note_line(change, effect, record)
        if effect.stage == 1:
            self._known[record.ref] = traces.known_after(change, record)
            if change.link is not None and change.action is Action.CREATE:
                self._made[change.link.id] = record.ref.id

    def _as_write(self, sync: Sync, effect: Effect, remembers: bool) -> Write | None:
        """The effect as the connector takes it; `None` where there is nothing to send."""
        known = self._catalogue.type(effect.app, effect.type).fields
        mapped = {mapping.field(effect.app).name: mapping.field(effect.app) for mapping in sync.mappings}
        values = {mapped.get(name) or known[name]: value for name, value in effect.values.items()}
        memory = effect.memory if remembers else None
        associations = {word: tuple(map(str, ids)) for word, ids in effect.associations.items() if ids}
        if not (values or memory is not None or associations or effect.parting or effect.archive):
            return None
        return Write(
            effect.app,
            effect.type,
            effect.id,
            effect.target,
            values,
            effect.slots,
            memory,
            associations,
            effect.parting,
            effect.archive,
        )

    def _filled_in(self, effect: Effect) -> Effect:
        """The effect with the ids of what this run has created."""
        if not _unknown(effect):
            return effect
        values = {
            name: self._made[value.of] if isinstance(value, IdOf) else value for name, value in effect.values.items()
        }
        associations = {
            word: tuple(self._made[each.of] if isinstance(each, IdOf) else each for each in ids)
            for word, ids in effect.associations.items()
        }
        return replace(effect, values=values, associations=associations)

    def _linked(self, app: App) -> frozenset[str]:
        """Ids of all records of an app that are somebody's partner: a create that is looked for is none of these."""
        return frozenset(link.side(app) for link in self._store.view().links)

    def _intent(self, change: Change, effect: Effect) -> Intent:
        self._sequence += 1
        if effect.stage == 1:
            whole = change_document(replace(change, effects=()))
            body = {**whole, "effects": [effect_document(effect)], "undo": self._plan.undo}
        else:
            named = {"hubspot": change.hubspot, "xero": change.xero, "label": change.label}
            body = {**named, "sync": change.sync, "effects": [effect_document(effect)]}
        return Intent(effect.id, change.id, change.sync, effect.app, effect.type, effect.target, body, self._sequence)

    def _succeeded(self, change: Change, effect: Effect, record: Record, learnt: _Learnt) -> None:
        """Notes a finished effect: ids that others wait for, and with the record itself its link and bases."""
        if effect.line is not None:
            self._note_line(change, effect, record)
        if effect.stage != 1:
            return
        link = self._note_success(change, record)
        sync, catalogue, accounts = self._rules.sync(change.sync), self._catalogue, self._plan.accounts
        apart = totals_apart(change, link, effect, record, sync, catalogue, accounts)
        # What is undone is left different on purpose.
        if apart is not None and self._plan.undo is None:
            self.failed.append(apart)
            self._failed_refs.update(dict.fromkeys(filter(None, (apart.hubspot, apart.xero)), (apart, True)))
        if change.action is Action.CREATE:
            self._made[link.id] = record.ref.id
            learnt.links.append(link)
        elif link.gone is not None:
            learnt.links.append(link)
        learnt.bases.setdefault(link.id, {}).update(self._bases_of(change, effect, record))

    def _note_line(self, change: Change, effect: Effect, record: Record) -> None:
        assert effect.line is not None
        self._made[effect.id] = record.ref.id
        held = {name: record.fields.get(name, sent) for name, sent in effect.values.items()}
        self._lines.setdefault(change.id, {})[effect.line] = Line.of(effect.type, record.ref.id, _scalars(held))

    def _note_success(self, change: Change, record: Record) -> Link:
        """Counts a finished change; the link with the new record's id in it."""
        assert change.link is not None
        self.turned.add(change.id)
        self._known[record.ref] = traces.known_after(change, record)
        if change.action is not Action.LINK:
            self.done[change.action.value] += 1
        return traces.link_after(change, record)

    def _bases_of(self, change: Change, effect: Effect, record: Record) -> dict[str, BaseValue]:
        """The bases of a finished change: what the app made of each value counts, not what it was sent (design §2.4)."""
        if change.action is Action.LINK:
            return {}
        bases: dict[str, BaseValue] = {}
        written = {each.mapping: each.field for each in change.fields}
        for mapping, planned in change.bases.items():
            base = replace(planned, hubspot=self._known_now(planned.hubspot), xero=self._known_now(planned.xero))
            own = written.get(mapping)
            if own is not None and isinstance(value := base.side(effect.app), Lines) and own not in record.fields:
                base = traces.with_side(base, effect.app, self._as_answered(change, value))
            elif own is not None and own in record.fields and own in effect.values:
                held, sent = record.fields[own], effect.values[own]
                base = traces.base_after(base, effect.app, held, sent)
                if held != sent and not isinstance(held, Lines):
                    self.normalised.append(
                        Normalised(change.sync, effect.app, record.ref.id, change.label, own, sent, held)
                    )
            bases[mapping] = base
        return bases

    def _known_now(self, value: Value) -> Value:
        return self._made.get(value.of) if isinstance(value, IdOf) else value

    def _as_answered(self, change: Change, planned: Lines) -> Lines:
        """The lines of a HubSpot invoice, as each of them was answered."""
        answered = self._lines.pop(change.id, {})
        return Lines(tuple(answered.get(place, line) for place, line in enumerate(planned.items)))

    def _note_failure(self, sync: Sync, change: Change, effect: Effect, error: WriteError) -> Settled:
        problem = problem_of(change, effect, error, sync.types, self._catalogue, self._plan.accounts)
        document = problem_document(problem)
        if change.action is Action.LINK:
            # Only the memory of an existing link was refused: the link itself stands.
            return Settled(effect.id, "failed", None, {}, document)
        self.turned.add(change.id)
        if change.id not in self._spoilt:
            self._spoilt.add(change.id)
            self.failed.append(problem)
            for ref in (problem.hubspot, problem.xero):
                if ref is not None and self._plan.undo is None:
                    self._failed_refs[ref] = (problem, error.failure is not Failure.REFUSED or error is _WAITS)
                elif ref is not None:
                    # What can't be taken back stays as it is, in step.
                    self._left_standing.add(ref)
        return Settled(effect.id, "in-doubt" if error.failure is Failure.IN_DOUBT else "failed", None, {}, document)

    def last_step(self, observations: Observations, stopped: Halt | None) -> Advance:
        """What the plan saw besides its changes. After a run that stopped early nothing counts as seen."""
        if stopped is not None:
            return Advance(known=tuple(self._known.values()))
        # What was left out must be seen again: then nothing since the last run counts as seen.
        syncs = [] if self._left_out else observations.syncs
        known = {ref: each for ref, each in observations.known.items() if ref not in self._left_standing}
        for ref, now in self._known.items():
            known[ref] = replace(known[ref], updated=now.updated) if ref in known else now
        for ref, (problem, retry) in self._failed_refs.items():
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
            bases=observations.bases,
            known=tuple(known.values()),
            forget=tuple(observations.forget),
            syncs=tuple(syncs),
        )
