"""What a sync must know beside the values of its fields: who owns a record, whose it is, what it is made of (R18, R23).

`Books` knows nothing of the kind: contacts and products have no owner, no customer and no lines. `invoices` and `payments` do.
See also: `planner` (who asks), `references` (partners), `changes` (parts → effects).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hxrules.catalogue import Catalogue
from hxrules.language.model import Sync
from hxrules.planning.linking import Pair
from hxrules.planning.merge import NO_COMPOSITES, Decision, FieldView
from hxrules.planning.plan import Change
from hxrules.planning.references import Partners
from hxrules.problems import Problem
from hxrules.records import App, BaseValue, Link, Record, RecordRef, Sight, Snapshot, StateView
from hxrules.values import Value


class Held(Exception):
    """The record can't go on. `retry`: what holds it isn't its own, so it is looked at again in every run."""

    def __init__(self, problem: Problem, *, retry: bool = False) -> None:
        super().__init__(problem.summary)
        self.problem = problem
        self.retry = retry


class LeftOut(Exception):
    """The record stays outside for a reason that is no filter's."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the plan knows by the time that a sync has its turn (R8: contacts, products, invoices, payments)."""

    sync: Sync
    snapshot: Snapshot
    state: StateView
    catalogue: Catalogue
    partners: Mapping[str, Partners]
    """Of the syncs before this one."""
    changes: Sequence[Change]
    """Of the syncs before this one."""
    whole: bool
    """Whether everything was read, not only what changed."""


class Books:
    """The plain case. Each method says what an invoice or a payment may do otherwise."""

    recognises: frozenset[App] = frozenset()
    """Apps whose records tell their partner without a field of their own for it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.sync = context.sync

    def sight(self) -> Sight:
        """The records, complete with the fields that are made of others."""
        return self.context.snapshot.sight(self.sync.name)

    def owner(self, found: Link, hubspot: Record) -> App | None:
        """The app in which the pair was made, where that decides who may edit it (R18)."""
        return None

    def is_gone(self, pair: Pair, owner: App | None) -> App | None:
        """The app in which one of the pair was deleted, although it can still be read. May raise `Held`."""
        return None

    def composites(self, pair: Pair, owner: App | None, bases: Mapping[str, BaseValue]) -> Mapping[str, FieldView]:
        """Views of values that are compared with knowledge of more than themselves. May raise `Held`."""
        return NO_COMPOSITES

    def updated(
        self, target: App, pair: Pair, owner: App | None, decisions: Sequence[Decision]
    ) -> tuple[list[Decision], dict[str, Value]]:
        """What is written of the decisions, by own field name. May raise `Held`."""
        return list(decisions), {each.mapping.field(target).name: each.after for each in decisions}

    def in_step(self, pair: Pair, owner: App | None, targets: Collection[App]) -> None:
        """Asked of a pair of which nothing is to be written: is that the whole truth? May raise `Held`."""

    def created(self, target: App, record: Record, values: Mapping[str, Value]) -> dict[str, Value]:
        """What a new record gets. May raise `Held` and `LeftOut`."""
        return dict(values)

    def keys(self, xero: str) -> Sequence[str]:
        """What each part of the mirror of this Xero record is remembered by, in the order of its lines."""
        return ()

    def partner(self, name: str, value: Value) -> Value:
        """The HubSpot id behind a reference, which is kept in Xero's ids; `name` is HubSpot's field."""
        return value

    def notices(self) -> Iterable[Problem]:
        """What the plan should say beside, when all records of the sync have been looked at."""
        return ()


def problem(
    sync: Sync,
    records: Iterable[Record | None],
    code: str,
    summary: str,
    *,
    cause: str,
    remedy: str,
    involves: tuple[RecordRef, ...] = (),
) -> Problem:
    """A problem of one record, or of a pair."""
    refs = {record.ref.app: record.ref for record in records if record is not None}
    return Problem(
        code,
        summary,
        cause,
        remedy,
        hubspot=refs.get(App.HUBSPOT),
        xero=refs.get(App.XERO),
        sync=sync.name,
        involves=involves,
    )
