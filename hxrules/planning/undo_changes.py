"""One sync of a run that is undone: what becomes of each of its changes.

What was made is archived, deleted or voided, unless somebody has written in it or something hangs on it; what was changed gets back what
it held, field by field. What can't be done is a problem of that record alone.

See also: `undo` (the plan as a whole, and what must be read for it), `undo_values` (does a field still hold what the run left?).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hxrules.catalogue import Catalogue
from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import FieldMapping, Sync
from hxrules.planning import guards
from hxrules.planning.accounting import check_period
from hxrules.planning.books import Books, Held, problem
from hxrules.planning.changes import ChangeMaker, render
from hxrules.planning.invoices import Invoices
from hxrules.planning.linking import Pair
from hxrules.planning.observations import Observations
from hxrules.planning.past import PastEffect
from hxrules.planning.plan import Action, Change, FieldChange, Verdict
from hxrules.planning.undo_values import bases_after, edited_since, holds, lines_again
from hxrules.problems import Problem, Severity
from hxrules.records import App, BaseValue, Known, Life, Link, Record, RecordRef, Snapshot, Standing, StateView
from hxrules.values import Lines, Value

Uses = Mapping[RecordRef, tuple[Record, ...]]
"""A record that the run made → the records that hang on it now: a contact's invoices, an invoice's payments."""

USED_BY = {"contacts": "invoice", "invoices": "payment"}
"""Sync → the word for what hangs on its records."""
_NOTHING = Decimal(0)


def link_of(past: PastEffect, state: StateView) -> Link | None:
    """The link of a change's records, as it is now."""
    wanted = past.whole.link if past.whole is not None else None
    if wanted is None:
        return None
    return next((each for each in state.links if each.id == wanted.id), None)


@dataclass(slots=True)
class Outcome:
    """What becomes of the run, gathered over its syncs."""

    observations: Observations = field(default_factory=Observations)
    changes: list[Change] = field(default_factory=list)
    held: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    taken: dict[RecordRef, str] = field(default_factory=dict)
    """What the plan takes away → the change that does."""
    freed: dict[str, Decimal] = field(default_factory=dict)
    """Xero invoice → the money that the plan takes off it."""


class Undoing:
    """The work on one sync."""

    def __init__(
        self,
        sync: Sync,
        books: Books,
        snapshot: Snapshot,
        uses: Uses,
        state: StateView,
        catalogue: Catalogue,
        outcome: Outcome,
    ) -> None:
        self._sync = sync
        self._books = books
        self._sight = books.sight()
        self._accounts = snapshot.accounts
        self._uses = uses
        self._state = state
        self._catalogue = catalogue
        self._make = ChangeMaker(sync, state, catalogue, books)
        self._outcome = outcome

    def undo(self, effects: Iterable[PastEffect]) -> None:
        """Newest first; what was made goes before what was renamed gets its old name or number back."""
        groups: dict[str, list[PastEffect]] = {}
        for each in effects:
            groups.setdefault(each.change, []).append(each)
        newest = [group for group in reversed(groups.values()) if any(each.done for each in group)]
        made = [group for group in newest if _action(group) is Action.CREATE]
        for group in (*made, *(each for each in newest if _action(each) not in (Action.CREATE, Action.LINK))):
            self._change(group)

    def _change(self, group: Sequence[PastEffect]) -> None:
        main = next((each for each in group if each.whole is not None), None)
        found = None if main is None else link_of(main, self._state)
        try:
            if main is None or main.whole is None or found is None:
                raise Held(_unknown(main))
            pair = Pair(found, self._record(App.HUBSPOT, found), self._record(App.XERO, found))
            parts = [each for each in group if each is not main]
            if main.whole.action is Action.CREATE and main.done:
                self._take_away(main, parts, pair, found)
            elif main.whole.action is Action.UPDATE:
                self._put_back(main, parts, pair, found)
            elif main.whole.action is not Action.CREATE:
                raise Held(_final(main))
        except Held as held:
            self._hold(group[0] if main is None else main, found, held.problem)
        except ConversionFailed as failed:
            problem = guards.untranslatable(failed, self._sync, self._refs(found))
            self._hold(group[0] if main is None else main, found, problem)

    def _record(self, app: App, found: Link) -> Record | None:
        return self._sight.of(app, self._sync.types[app]).get(found.side(app))

    # --- what the run made -----------------------------------------------------------------------------------------------------

    def _take_away(self, main: PastEffect, parts: Sequence[PastEffect], pair: Pair, found: Link) -> None:
        app = main.effect.app
        record = pair.side(app)
        if record is None or record.life is not Life.LIVE:
            # Somebody has taken it away already.
            if found.gone is None:
                self._outcome.observations.links[found.id] = replace(found, gone=app)
            return
        if edited := edited_since(record, main, parts, self._sync):
            names = ", ".join(dict.fromkeys(map(self._named(app), edited)))
            self._notice(main, found, f"Somebody has changed its {names} since. It was made by the run, and stays.")
            return
        live = [each for each in self._uses.get(record.ref, ()) if each.life is Life.LIVE]
        used = [each for each in live if each.ref not in self._outcome.taken]
        if used or self._money_left(record):
            raise Held(self._in_use(record, used))
        fields = self._ending(record)
        if app is App.XERO and (self._sync.invoices or self._sync.payments):
            locked_until = self._accounts.organisation.locked_until
            check_period(self._sync, [pair.hubspot, pair.xero], locked_until, [record.fields.get("Date")])
        only = "; only Xero's own screens can restore it" if record.ref.type == "contacts" and app is App.XERO else ""
        needs = tuple(self._outcome.taken[each.ref] for each in live)
        gone = replace(found, gone=app)
        change = self._make.take_away(pair, gone, app, fields, f"made by the run{only}", needs)
        self._add(change, main)
        self._outcome.taken[record.ref] = change.id
        if self._sync.payments is not None and app is App.XERO:
            self._free(record)
        reason = {"label": change.label, "reason": f"its partner is gone from {app.brand}", "leaf": "", "place": None}
        for each in filter(None, (pair.hubspot, pair.xero)):
            known = Known(each.ref, self._sync.name, each.updated, Standing.EXCLUDED, reason)
            self._outcome.observations.known[each.ref] = known

    def _ending(self, record: Record) -> tuple[FieldChange, ...]:
        """How an invoice ends that can't be archived: voided, or as a draft in Xero deleted. Of all else nothing."""
        info = self._catalogue.type(record.ref.app, record.ref.type)
        if self._sync.invoices is None:
            return ()
        name = str(info.settings["ended"]["property"])
        now = record.fields.get(name)
        draft = now in ("draft", "submitted")
        if draft and record.ref.app is App.HUBSPOT:
            return ()
        mapping = self._mapping(record.ref.app, name)
        return (
            FieldChange(
                mapping.id if mapping else "status",
                name,
                now,
                "deleted" if draft else "voided",
                Verdict.UNDONE,
                "as before the run there was none",
                mapping.span if mapping else self._sync.span,
                None,
            ),
        )

    def _free(self, payment: Record) -> None:
        amount, invoice = payment.fields.get("Amount"), str(payment.fields.get("Invoice"))
        if isinstance(amount, Decimal):
            self._outcome.freed[invoice] = self._outcome.freed.get(invoice, _NOTHING) + amount

    def _money_left(self, record: Record) -> bool:
        """Has a Xero invoice money on it that the plan doesn't take off?"""
        amounts = (record.fields.get(name) for name in ("AmountPaid", "AmountCredited"))
        on_it = sum((each for each in amounts if isinstance(each, Decimal)), _NOTHING)
        return on_it > self._outcome.freed.get(record.ref.id, _NOTHING)

    def _in_use(self, record: Record, used: Sequence[Record]) -> Problem:
        what = USED_BY.get(self._sync.name, "")
        names = ", ".join(self._label(each) for each in used[:5])
        more = f" and {len(used) - 5:,} more" if len(used) > 5 else ""
        stands = f"{what}s that this run didn't make ({names}{more})" if used else "money that this run didn't bring"
        return Problem(
            "HX322",
            f"in use in {record.ref.app.brand} since",
            f"The run made it, but there are {stands} on it now.",
            "If these came with later runs, undo those first, newest first; else it stays, or is taken away by hand.",
        )

    # --- what the run changed --------------------------------------------------------------------------------------------------

    def _put_back(self, main: PastEffect, parts: Sequence[PastEffect], pair: Pair, found: Link) -> None:
        app = main.effect.app
        record, refs = pair.side(app), self._refs(found)
        if record is None:
            raise Held(Problem("HX321", f"gone from {app.brand}", "It was deleted since.", "Nothing is to be done."))
        if (
            bad := guards.unreadable(record, self._sync, refs) or guards.archived_target(record, app, self._sync, refs)
        ) is not None:
            raise Held(bad)
        restored: dict[str, Value] = {}
        healed: dict[str, Value] = {}
        for name, before in main.effect.before.items():
            if not main.done and not isinstance(before, Lines):
                continue
            if (mapping := self._mapping(app, name)) is None:
                self._unmapped(main, found, name)
            elif record.fields.get(name) == before:
                # It is as it was already, by hand or by an undo that was interrupted: that is no edit to carry over.
                healed[name] = before
            elif not self._holds(main, parts, record, name, before):
                self._edited(main, found, mapping, record.fields.get(name))
            else:
                restored[name] = before
        bases = self._state.bases.get(found.id, {})
        self._note_bases(pair, found, app, healed)
        if not restored:
            return
        restored = {name: self._as_it_can_be(app, name, value, record, pair, bases) for name, value in restored.items()}
        self._check_books(record, pair, restored)
        moved: dict[str, BaseValue] = {}
        if pair.hubspot is not None and pair.xero is not None:
            moved = bases_after(self._sync, bases, pair.hubspot, pair.xero, app, restored)
        fields = tuple(self._field(app, name, record, pair, value) for name, value in restored.items())
        change = self._make.restore(pair, found, app, restored, fields, moved, self._rejoined(main, restored))
        self._add(change, main)

    def _holds(self, main: PastEffect, parts: Sequence[PastEffect], record: Record, name: str, before: Value) -> bool:
        words = self._words(record.ref, name)
        if not words or isinstance(before, Lines):
            return holds(record, name, main.left(name), parts, before)
        there = {each for word in words for each in record.associations.get(word, ())}
        came = {str(each) for word in words for each in main.effect.associations.get(word, ())}
        return there == came

    def _words(self, ref: RecordRef, name: str) -> tuple[str, ...]:
        known = self._catalogue.type(ref.app, ref.type).fields.get(name)
        return known.reached if known is not None else ()

    def _rejoined(self, main: PastEffect, restored: Mapping[str, Value]) -> dict[str, tuple[str, ...]]:
        """Whom the record belonged to before, where that is said by an association (a mirror's customer)."""
        ref = RecordRef(main.effect.app, main.effect.type, str(main.record))
        words = {
            word for name, value in restored.items() if not isinstance(value, Lines) for word in self._words(ref, name)
        }
        return {word: ids for word, ids in main.effect.parting.items() if word in words}

    def _as_it_can_be(
        self, app: App, name: str, before: Value, record: Record, pair: Pair, bases: Mapping[str, BaseValue]
    ) -> Value:
        """The value of before; lines that are no longer there are made again."""
        now, mapping = record.fields.get(name), self._mapping(app, name)
        if not isinstance(before, Lines) or not isinstance(now, Lines) or mapping is None:
            return before
        base = bases.get(mapping.id)
        again = lines_again(before, now, base.xero if base is not None and app is App.XERO else None)
        if app is App.XERO and isinstance(self._books, Invoices):
            again = self._books.accounting.with_accounts(again, [pair.hubspot, pair.xero])
        return again

    def _check_books(self, record: Record, pair: Pair, restored: Mapping[str, Value]) -> None:
        """What Xero lets nobody write: amounts under money, days in a locked period. Raises `Held`."""
        if record.ref.app is not App.XERO or self._sync.invoices is None:
            return
        known = self._catalogue.type(App.XERO, record.ref.type).fields
        locked = [name for name in restored if name in known and not known[name].when_paid]
        if locked and self._money_left(record):
            raise Held(
                problem(
                    self._sync,
                    (pair.hubspot, pair.xero),
                    "HX231",
                    "it can't be changed in Xero any more",
                    cause="Money has been applied to the invoice in Xero, which locks its amounts.",
                    remedy="Remove the payment or credit from the invoice in Xero, and undo the run again.",
                )
            )
        days = [record.fields.get("Date"), restored.get("Date")]
        check_period(self._sync, (pair.hubspot, pair.xero), self._accounts.organisation.locked_until, days)

    def _note_bases(self, pair: Pair, found: Link, app: App, values: Mapping[str, Value]) -> None:
        if values and pair.hubspot is not None and pair.xero is not None:
            old = self._state.bases.get(found.id, {})
            moved = bases_after(self._sync, old, pair.hubspot, pair.xero, app, values)
            new = {mapping: base for mapping, base in moved.items() if base != old.get(mapping)}
            if new:
                self._outcome.observations.bases.setdefault(found.id, {}).update(new)

    def _field(self, app: App, name: str, record: Record, pair: Pair, value: Value) -> FieldChange:
        mapping, other = self._mapping(app, name), pair.side(app.other)
        assert mapping is not None
        source = other.fields.get(mapping.field(app.other).name) if other is not None else None
        return FieldChange(
            mapping.id, name, record.fields.get(name), value, Verdict.UNDONE, "as before the run", mapping.span, source
        )

    # --- small ones ------------------------------------------------------------------------------------------------------------

    def _mapping(self, app: App, name: str) -> FieldMapping | None:
        return next((each for each in self._sync.mappings if each.field(app).name == name), None)

    def _named(self, app: App) -> Callable[[str], str]:
        def name_of(field_name: str) -> str:
            mapping = self._mapping(app, field_name)
            return field_name if mapping is None else mapping.id

        return name_of

    def _label(self, record: Record) -> str:
        info = self._catalogue.type(record.ref.app, record.ref.type)
        names = (render(template, record.fields) for template in info.labels)
        return next(filter(None, names), record.ref.id)

    def _add(self, change: Change, main: PastEffect) -> None:
        self._outcome.changes.append(replace(change, label=change.label or main.label))

    def _refs(self, found: Link | None) -> dict[App, RecordRef]:
        if found is None:
            return {}
        return {app: RecordRef(app, self._sync.types[app], found.side(app)) for app in App if found.side(app)}

    def _edited(self, main: PastEffect, found: Link, mapping: FieldMapping, now: Value) -> None:
        self._notice(main, found, f"{mapping.id} was edited since: it is {guards.said(now)} now, and stays so.")

    def _unmapped(self, main: PastEffect, found: Link, name: str) -> None:
        problem = Problem(
            "HX323",
            f"{name} is no longer mapped",
            f"The run wrote it, and no mapping of {self._sync.name} speaks of it any more.",
            f"Put it back in {main.effect.app.brand} by hand; or undo with the ruleset of that time.",
        )
        self._hold(main, found, problem)

    def _hold(self, main: PastEffect, found: Link | None, problem: Problem) -> None:
        self._outcome.held.append(self._about(main, found, problem))

    def _notice(self, main: PastEffect, found: Link, cause: str) -> None:
        brand = main.effect.app.brand
        edited = Problem(
            "HX320",
            f"edited in {brand} since the run",
            cause,
            "Nothing is to be done, unless it should be otherwise: then edit it by hand.",
            Severity.WARNING,
        )
        self._outcome.notices.append(self._about(main, found, edited))

    def _about(self, main: PastEffect, found: Link | None, problem: Problem) -> Problem:
        """The problem with the record's name, ids and pages."""
        refs = self._refs(found)
        pages = (self._catalogue.type(ref.app, ref.type).page(ref.id, self._accounts) for ref in refs.values())
        return replace(
            problem,
            summary=f"{main.label}: {problem.summary}" if main.label else problem.summary,
            hubspot=refs.get(App.HUBSPOT),
            xero=refs.get(App.XERO),
            sync=self._sync.name,
            links=tuple(page for page in pages if page is not None),
        )


def _action(group: Iterable[PastEffect]) -> Action | None:
    return next((each.whole.action for each in group if each.whole is not None), None)


def _unknown(main: PastEffect | None) -> Problem:
    broke_off = "The run was killed in the middle of it" if main is None else "Its link was removed since"
    return Problem(
        "HX321",
        "can't be taken back",
        f"{broke_off}: what it was before isn't known any more.",
        "Look at the record in both apps, and put it right by hand.",
    )


def _final(main: PastEffect) -> Problem:
    brand = main.effect.app.brand
    if main.whole is not None and main.whole.action is Action.VOID:
        cause, remedy = "A voided invoice stays void.", "Write a new invoice where one is still wanted."
        return Problem("HX321", f"was voided in {brand}", cause, remedy)
    return Problem(
        "HX321",
        f"was archived in {brand}",
        "What an undo took away, hxrules can't bring back.",
        f"See whether {brand}'s own screens can restore it.",
    )
