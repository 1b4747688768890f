"""Linking, scope, merge and guards in order: snapshot + rules + state → plan, and what the state should note besides.

Each record of the snapshot ends in exactly one place: in sync, changed, excluded or failing (R20). What an incremental snapshot doesn't
show stays where the state has it. Absence is only believed where the coverage allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hxrules.catalogue import Catalogue, TypeInfo
from hxrules.language.filters import Moment, NotFetched, Related
from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import Ruleset, Sync
from hxrules.planning import guards
from hxrules.planning.books import Books, Context, Held, LeftOut
from hxrules.planning.changes import ChangeMaker, bases_without_write
from hxrules.planning.invoices import Invoices
from hxrules.planning.linking import Linking, Pair, key_of, link, met_by_hand
from hxrules.planning.merge import Decision, merge
from hxrules.planning.needs import reads_whole
from hxrules.planning.observations import Observations
from hxrules.planning.payments import Payments
from hxrules.planning.plan import (
    Change,
    Drift,
    Excluded,
    FilterEdit,
    Gone,
    Plan,
    RulesetRef,
    Verdict,
    ordered,
    problem_document,
)
from hxrules.planning.references import Partners
from hxrules.planning.scope import Scope, membership, scope
from hxrules.problems import Problem, Span
from hxrules.records import (
    App,
    Known,
    Life,
    Link,
    Membership,
    Record,
    RecordRef,
    Snapshot,
    Standing,
    StateView,
    SyncState,
)
from hxrules.values import ValueType


def make_plan(
    ruleset: Ruleset, snapshot: Snapshot, state: StateView, now: datetime, catalogue: Catalogue
) -> tuple[Plan, Observations]:
    """The plan for all active syncs, in R8's order. Deterministic: shuffled input gives the same bytes."""
    observations = Observations()
    parts: list[_SyncPlanner] = []
    # A sync that is switched off keeps its links, and an invoice its customer.
    partners = {name: Partners(name, state.links) for name in sorted({each.sync for each in state.links})}
    for sync in ruleset.active:
        earlier = [change for part in parts for change in part.changes]
        books = books_of(Context(sync, snapshot, state, catalogue, partners, earlier, reads_whole(sync, state, now)))
        part = _SyncPlanner(sync, snapshot, state, now, catalogue, observations, books)
        part.run()
        parts.append(part)
        partners[sync.name] = part.partners()
    names = tuple(sync.name for sync in ruleset.syncs)
    changes = ordered((change for part in parts for change in part.changes), names)
    linked = sum(1 for each in state.links if each.sync in names and each.gone is None)
    plan = Plan(
        ruleset=RulesetRef(ruleset.name, ruleset.version, ruleset.digest, ruleset.file),
        accounts=snapshot.accounts,
        lineage=state.lineage,
        serial=state.serial,
        now=now,
        started={part.sync.name: part.started for part in parts},
        changes=changes,
        held=tuple(problem for part in parts for problem in sorted(part.held, key=_held_order)),
        excluded=tuple(each for part in parts for each in sorted(part.excluded, key=_excluded_order)),
        drift=tuple(each for part in parts for each in sorted(part.drift, key=_drift_order)),
        gone=tuple(each for part in parts for each in sorted(part.gone, key=lambda gone: (gone.hubspot, gone.xero))),
        filter_edits=tuple(edit for part in parts if (edit := part.filter_edit()) is not None),
        guards=tuple(
            guards.mass_change(
                changes,
                linked,
                ruleset.limits,
                gone=sum(len(part.gone) for part in parts),
                left=sum(part.left for part in parts if part.filter_edit() is not None),
            )
        ),
        in_sync={part.sync.name: part.in_sync for part in parts},
        incomplete=tuple(text for part in parts for text in part.incomplete),
        notices=tuple(notice for part in parts for notice in part.books.notices()),
    )
    return plan, observations


def books_of(context: Context) -> Books:
    if context.sync.invoices is not None:
        return Invoices(context)
    return Payments(context) if context.sync.payments is not None else Books(context)


def _held_order(problem: Problem) -> tuple[str, str, str]:
    return (problem.hubspot.id if problem.hubspot else "", problem.xero.id if problem.xero else "", problem.code)


def _excluded_order(each: Excluded) -> tuple[str, str]:
    return (each.hubspot or "", each.xero or "")


def _drift_order(each: Drift) -> tuple[str, str, str]:
    return (each.hubspot, each.xero, each.mapping)


class _SyncPlanner:
    """The work on one sync: gathers what becomes of each of its records."""

    def __init__(
        self,
        sync: Sync,
        snapshot: Snapshot,
        state: StateView,
        now: datetime,
        catalogue: Catalogue,
        observations: Observations,
        books: Books,
    ) -> None:
        self.sync = sync
        self.books = books
        self.accounts = snapshot.accounts
        self.snapshot = books.sight()
        self.state = state
        self.now = now
        self.catalogue = catalogue
        self.info: dict[App, TypeInfo] = {app: catalogue.type(app, sync.types[app]) for app in App}
        self.make = ChangeMaker(sync, state, catalogue, books)
        self.observations = observations
        self.before = state.syncs.get(sync.name, SyncState(sync.name))
        self.started = sync.started or self.before.started or now
        self.moment = Moment(now, ZoneInfo(snapshot.accounts.organisation.time_zone), self.started)
        self.related: dict[App, Related] = {app: self._related(app) for app in App}
        self.changes: list[Change] = []
        self.held: list[Problem] = []
        self.excluded: list[Excluded] = []
        self.drift: list[Drift] = []
        self.gone: list[Gone] = []
        self.incomplete: list[str] = []
        self.in_sync = 0
        self.entered = 0
        self.left = 0
        self.looked_at: set[RecordRef] = set()
        self.told: set[tuple[RecordRef | None, RecordRef | None]] = set()

    def run(self) -> None:
        remembering = self.make.remembering | self.books.recognises
        linking = link(self.snapshot, self.state.links, self.sync, remembering, self.state.apart)
        for problem in linking.problems:
            self._hold(problem)
        for each, app, partner in linking.gone:
            self._gone(each, app, partner)
        for pair in linking.pairs:
            self._pair(met_by_hand(pair, self.state))
        for record in linking.alone:
            self._alone(record)
        self._hold_taken()
        self._carry_over(linking)
        self._sync_state()

    # --- one pair -----------------------------------------------------------------------------------------------------------

    def _pair(self, pair: Pair) -> None:
        hubspot, xero, found = pair.hubspot, pair.xero, pair.link
        assert hubspot is not None
        assert xero is not None
        assert found is not None
        refs = {App.HUBSPOT: hubspot.ref, App.XERO: xero.ref}
        owner = self.books.owner(found, hubspot)
        try:
            gone = self.books.is_gone(pair, owner)
        except Held as held:
            return self._hold(held.problem, retry=held.retry)
        if gone is not None:
            return self._gone(found, gone, pair.side(gone.other))
        if (
            problem := guards.unreadable(hubspot, self.sync, refs) or guards.unreadable(xero, self.sync, refs)
        ) is not None:
            return self._hold(problem)
        try:
            scopes = {target: self._scope(target, pair) for target in self.sync.direction.targets}
        except NotFetched as missing:
            return self._not_read(str(missing))
        found = replace(found, membership=self._membership(found, scopes), gone=None)
        targets = [target for target, each in scopes.items() if each.included]
        barred = next((each for each in scopes.values() if each.error is not None), None)
        if barred is not None and owner is App.HUBSPOT:
            return self._hold(guards.barred(barred, self.sync, refs))
        if not targets:
            self._excluded_pair(pair, found, scopes)
            return None
        bases = {} if pair.new and not pair.note.startswith("follows") else self.state.bases.get(found.id, {})
        try:
            composites = self.books.composites(pair, owner, bases)
            decisions = merge(self.sync, bases, hubspot, xero, targets, owner, composites, pair.by_hand)
            protected = [each for each in decisions if each.verdict is Verdict.PROTECTED]
            if protected and App.XERO in targets:
                return self._hold(guards.edited_outside(protected, self.sync, refs))
            written = {
                target: self.books.updated(target, pair, owner, mine)
                for target in targets
                if (mine := [each for each in decisions if each.target is target])
            }
            if not written and not _left_different(decisions):
                self.books.in_step(pair, owner, targets)
        except ConversionFailed as failed:
            return self._hold(guards.untranslatable(failed, self.sync, refs))
        except Held as held:
            return self._hold(held.problem, retry=held.retry)
        diverged = [each for each in decisions if each.verdict is Verdict.DIVERGED]
        if diverged:
            return self._hold(guards.diverged(diverged, self.sync, refs))
        changes: list[Change] = []
        for target, (wanted, values) in written.items():
            problem = guards.archived_target(pair.side(target), target, self.sync, refs) or guards.bad_values(
                values, self.info[target], False, self.sync, refs
            )
            if problem is not None:
                return self._hold(problem)
            changes.append(self.make.update(pair, found, target, wanted, values))
        untouched = bases_without_write(decisions)
        if pair.new:
            changes.insert(0, self.make.link(pair, found, untouched, changes))
        else:
            if untouched:
                self.observations.bases.setdefault(found.id, {}).update(untouched)
            if found != pair.link:
                self.observations.links[found.id] = found
        self._note_drift(decisions, pair)
        self.changes.extend(changes)
        if not changes:
            self.in_sync += 1
        for record in (hubspot, xero):
            self._know(record, Standing.IN_SYNC)
        return None

    def _scope(self, target: App, pair: Pair) -> Scope:
        record = pair.side(target.other)
        assert record is not None
        return scope(self.sync, target, record, self.related[target.other], self.moment)

    def _membership(self, found: Link, scopes: Mapping[App, Scope]) -> dict[App, Membership]:
        after = membership(found.membership, scopes)
        if any(
            after[app] is Membership.IN and found.membership.get(app) in (Membership.LEFT, Membership.NEVER)
            for app in scopes
        ):
            self.entered += 1
        if any(after[app] is Membership.LEFT and found.membership.get(app) is Membership.IN for app in scopes):
            self.left += 1
        return after

    def _excluded_pair(self, pair: Pair, found: Link, scopes: Mapping[App, Scope]) -> None:
        out = next(iter(scopes.values()))
        records = [each for each in (pair.hubspot, pair.xero) if each is not None]
        if pair.new:
            # Never linked, and no direction wants it: two records that stay apart.
            for record in records:
                own = scopes.get(record.ref.app.other)
                if own is None:
                    self._know(record, Standing.ASIDE)
                else:
                    self._exclude(record, own)
            return
        if found != pair.link:
            self.observations.links[found.id] = found
        row = Excluded(
            self.sync.name, found.hubspot, found.xero, self.make.label(records), out.reason, out.leaf, out.span
        )
        self.excluded.append(row)
        for record in records:
            self._know(record, Standing.EXCLUDED, _excluded_reason(row))

    def _note_drift(self, decisions: Iterable[Decision], pair: Pair) -> None:
        assert pair.hubspot is not None
        assert pair.xero is not None
        for each in decisions:
            if each.verdict is not Verdict.NOT_THIS_WAY or each.edited is None:
                continue
            before = each.base.side(each.edited) if each.base is not None else None
            self.drift.append(
                Drift(
                    self.sync.name,
                    pair.hubspot.ref.id,
                    pair.xero.ref.id,
                    self.make.label([pair.hubspot, pair.xero]),
                    each.mapping.id,
                    each.edited,
                    before,
                    each.view.of(each.edited),
                    each.mapping.span,
                )
            )

    # --- one record without partner -------------------------------------------------------------------------------------------

    def _alone(self, record: Record) -> None:
        app = record.ref.app
        target = app.other
        if target not in self.sync.direction.targets:
            return self._know(record, Standing.ASIDE)
        refs = {app: record.ref}
        if record.life is Life.MERGED:
            # It lives on in another record, which is looked at itself.
            return self._know(record, Standing.ASIDE)
        if record.life is not Life.LIVE:
            return self._exclude(record, Scope(False, record.life.value, "", None))
        if (problem := guards.unreadable(record, self.sync, refs)) is not None:
            return self._hold(problem)
        try:
            found = scope(self.sync, target, record, self.related[app], self.moment)
        except NotFetched as missing:
            return self._not_read(str(missing))
        if found.error is not None:
            return self._hold(guards.barred(found, self.sync, refs))
        if not found.included:
            return self._exclude(record, found)
        if (problem := guards.perhaps_made(record, self.state.known.get(record.ref), self.sync, refs)) is not None:
            return self._hold(problem)
        if not self._surely_alone(record):
            return self._not_read(f"{target.brand}'s {self.info[target].title}s were not read completely")
        try:
            values = self.books.created(target, record, self.make.values_for(target, record))
        except ConversionFailed as failed:
            return self._hold(guards.untranslatable(failed, self.sync, refs))
        except Held as held:
            return self._hold(held.problem, retry=held.retry)
        except LeftOut as reason:
            return self._exclude(record, Scope(False, str(reason), "left-out", None))
        problem = guards.bad_values(values, self.info[target], True, self.sync, refs)
        if problem is not None:
            return self._hold(problem)
        self.changes.append(self.make.create(target, record, values))
        self.entered += 1
        self._know(record, Standing.IN_SYNC)
        return None

    def _surely_alone(self, record: Record) -> bool:
        """May be concluded that the other app has no partner for it? A listing that broke off proves nothing."""
        target = record.ref.app.other
        coverage = self.snapshot.coverage.get((target, self.sync.types[target]))
        if coverage is None:
            return False
        if coverage.complete:
            return True
        key = key_of(self.sync, record)
        if key is None or len(self.sync.match) != 1:
            return not self.incomplete and coverage.kind.value == "since"
        searched = coverage.searched.get(self.sync.mapping(self.sync.match[0]).field(target).name, frozenset())
        return key[0] in searched

    # --- what is held, excluded, gone, or not seen at all --------------------------------------------------------------------

    def _hold_taken(self) -> None:
        for app in self.sync.direction.targets:
            records = self.snapshot.of(app, self.sync.types[app])
            taken = guards.taken_values(self.sync, app, self.changes, records, self.catalogue)
            for change_id, problem in taken.items():
                change = next((each for each in self.changes if each.id == change_id), None)
                if change is None:
                    continue
                self.changes = [
                    each for each in self.changes if (each.hubspot, each.xero) != (change.hubspot, change.xero)
                ]
                self._hold(problem)

    def _hold(self, problem: Problem, *, retry: bool = False) -> None:
        problem = self._labelled(problem)
        self.held.append(problem)
        refs = [ref for ref in (problem.hubspot, problem.xero) if ref is not None]
        for ref in refs:
            record = self.snapshot.of(ref.app, ref.type).get(ref.id)
            self.looked_at.add(ref)
            self.observations.known[ref] = Known(
                ref,
                self.sync.name,
                record.updated if record else None,
                Standing.FAILING,
                problem_document(problem),
                (*problem.involves, *(each for each in refs if each != ref)),
                retry,
            )

    def _labelled(self, problem: Problem) -> Problem:
        records = [
            record
            for ref in (problem.hubspot, problem.xero)
            if ref is not None and (record := self.snapshot.of(ref.app, ref.type).get(ref.id)) is not None
        ]
        name = self.make.label(records)
        pages = (
            self.info[ref.app].page(ref.id, self.accounts) for ref in (problem.hubspot, problem.xero) if ref is not None
        )
        return replace(
            problem,
            summary=f"{name}: {problem.summary}" if name else problem.summary,
            links=tuple(page for page in pages if page is not None),
        )

    def _exclude(self, record: Record, found: Scope) -> None:
        reason = found.reason if found.limit else f"it is {found.leaf} in {record.ref.app.brand}"
        if found.limit == "left-out":
            found, reason = Scope(False), found.leaf
        row = Excluded(
            self.sync.name,
            record.ref.id if record.ref.app is App.HUBSPOT else None,
            record.ref.id if record.ref.app is App.XERO else None,
            self.make.label([record]),
            reason,
            found.leaf if found.limit else "",
            found.span,
        )
        self.excluded.append(row)
        self._know(record, Standing.EXCLUDED, _excluded_reason(row))

    def _gone(self, each: Link, app: App, partner: Record | None) -> None:
        label = self.make.label([partner] if partner is not None else [])
        row = Gone(self.sync.name, app, each.hubspot, each.xero, label)
        if each.gone is None:
            self.gone.append(row)
            self.observations.links[each.id] = replace(each, gone=app)
        reason = f"its partner is gone from {app.brand}"
        excluded = Excluded(self.sync.name, each.hubspot, each.xero, label, reason, "")
        self.excluded.append(excluded)
        for ref in self._refs(each):
            self.looked_at.add(ref)
            updated = partner.updated if partner is not None and partner.ref == ref else None
            self.observations.known[ref] = Known(
                ref, self.sync.name, updated, Standing.EXCLUDED, _excluded_reason(excluded)
            )

    def _not_read(self, what: str) -> None:
        if what not in self.incomplete:
            self.incomplete.append(what)

    def _know(self, record: Record, standing: Standing, reason: Mapping[str, object] | None = None) -> None:
        self.looked_at.add(record.ref)
        self.observations.known[record.ref] = Known(record.ref, self.sync.name, record.updated, standing, reason or {})

    def _carry_over(self, linking: Linking) -> None:
        """Records that this snapshot doesn't show stand where they stood."""
        linked: set[RecordRef] = set()
        evaluated = set(self.looked_at)
        for each in self.state.links:
            if each.sync != self.sync.name:
                continue
            refs = self._refs(each)
            linked.update(refs)
            if evaluated.intersection(refs):
                continue
            stood = next((self.state.known[ref] for ref in refs if ref in self.state.known), None)
            if stood is None or stood.standing in (Standing.IN_SYNC, Standing.ASIDE):
                self.in_sync += 1
            else:
                self._stands(stood, each.hubspot, each.xero)
        whole = reads_whole(self.sync, self.state, self.now)
        for ref, known in self.state.known.items():
            if known.sync != self.sync.name or ref in evaluated or ref in linked:
                continue
            coverage = self.snapshot.coverage.get((ref.app, ref.type))
            absent = coverage is not None and ((coverage.complete and whole) or ref.id in coverage.asked)
            if absent and ref.id not in self.snapshot.of(ref.app, ref.type):
                self.observations.forget.append(ref)
            else:
                self._stands(known, ref.id if ref.app is App.HUBSPOT else None, ref.id if ref.app is App.XERO else None)

    def _stands(self, known: Known, hubspot: str | None, xero: str | None) -> None:
        reason = known.reason
        if known.standing is Standing.FAILING:
            problem = _problem_from(reason, self.sync)
            together = (problem.hubspot, problem.xero)
            # Two records that aren't linked may be held by one problem, and then each of them remembers it.
            if None in together or together not in self.told:
                self.told.add(together)
                self.held.append(problem)
        elif known.standing is Standing.EXCLUDED:
            self.excluded.append(
                Excluded(
                    self.sync.name,
                    hubspot,
                    xero,
                    str(reason.get("label", "")),
                    str(reason.get("reason", "")),
                    str(reason.get("leaf", "")),
                    Span(*reason["place"]) if reason.get("place") else None,
                )
            )

    def _sync_state(self) -> None:
        """How far this snapshot has seen, for the next incremental read; a listing that broke off moves nothing."""
        marks = dict(self.before.watermarks)
        complete = True
        for app in App:
            type_name = self.sync.types[app]
            coverage = self.snapshot.coverage.get((app, type_name))
            if coverage is None or coverage.kind.value == "partial":
                complete = False
                continue
            stamps = [each.updated for each in self.snapshot.of(app, type_name).values() if each.updated is not None]
            # A record that changes while a long read goes on may have been passed already: nothing after the start counts as seen.
            newest = min(max(stamps), self.now) if stamps else None
            if newest is None:
                marks.setdefault(app, self.now)
            elif app not in marks or newest > marks[app]:
                marks[app] = newest
        whole = reads_whole(self.sync, self.state, self.now) and complete
        self.observations.syncs.append(
            SyncState(
                self.sync.name,
                started=self.started,
                digest=self.sync.digest if complete else self.before.digest,
                watermarks=marks,
                full_read=self.now if whole else self.before.full_read,
                last_run=self.now,
            )
        )

    def partners(self) -> Partners:
        """Who is whose partner once this sync's changes are made, and who is failing."""
        held = [ref for problem in self.held for ref in (problem.hubspot, problem.xero)]
        # A partner that this very look has found gone is nobody's customer any more.
        links = [self.observations.links.get(each.id, each) for each in self.state.links]
        return Partners(self.sync.name, links, self.changes, held)

    def filter_edit(self) -> FilterEdit | None:
        """Who enters and who leaves because the rules of this sync were edited since they last ran."""
        if self.before.digest is None or self.before.digest == self.sync.digest:
            return None
        return FilterEdit(self.sync.name, self.entered, self.left)

    # --- small ones -----------------------------------------------------------------------------------------------------------

    def _related(self, app: App) -> Related:
        words: dict[str, Mapping[str, Record]] = {}
        for name in self.catalogue.names(app):
            for word, association in self.catalogue.type(app, name).associations.items():
                words[word] = self.snapshot.of(app, association.type)
        return words

    def _refs(self, each: Link) -> tuple[RecordRef, RecordRef]:
        types = self.sync.types
        return (
            RecordRef(App.HUBSPOT, types[App.HUBSPOT], each.hubspot),
            RecordRef(App.XERO, types[App.XERO], each.xero),
        )


def _left_different(decisions: Iterable[Decision]) -> bool:
    """Are the lines of an invoice others than its partner's on purpose, because a run was undone? Then so are the totals."""
    return any(
        each.mapping.xero.kind is ValueType.LINES and each.base is not None and not each.base.settled
        for each in decisions
    )


def _excluded_reason(row: Excluded) -> dict[str, object]:
    return {"label": row.label, "reason": row.reason, "leaf": row.leaf, "place": list(row.span) if row.span else None}


def _problem_from(document: Mapping[str, object], sync: Sync) -> Problem:
    """A problem as the state kept it (`problem_document`)."""

    def ref(app: App) -> RecordRef | None:
        value = document.get(app.value)
        return None if value is None else RecordRef(app, sync.types[app], str(value))

    return Problem(
        str(document.get("code", "HX200")),
        str(document.get("summary", "")),
        str(document.get("cause", "")),
        str(document.get("remedy", "")),
        hubspot=ref(App.HUBSPOT),
        xero=ref(App.XERO),
        sync=sync.name,
        links=tuple(str(page) for page in links) if isinstance(links := document.get("links"), list) else (),
        next_command=str(said) if (said := document.get("next")) else None,
    )
