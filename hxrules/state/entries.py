"""What is said to the state and what it says back: changes to it, and the lines of the journal.

A run writes each effect twice: an `Intent` before anything leaves for an app, a `Settled` when the answer is known
(design §2.5). An intent without a final settlement is in doubt; recovery looks into the app before anything else is done.
Plain values, cheap to import.

See also: `store` (where they go), `records` (links, bases, what is known).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hxrules.records import Apart, App, BaseValue, Known, Link, RecordRef, SyncState

EffectState = Literal["done", "failed", "in-doubt"]
"""How an effect ended: it is in the app; it certainly is not; nobody knows yet."""

STOPPED = "stopped"
"""The outcome of a run that ended before every change had its turn: its plan may be applied again, to go on."""


@dataclass(frozen=True, slots=True)
class Advance:
    """One step of the state: everything in it happens together, or nothing does.

    Order within: `drop_syncs`, `drop_links`, `void_bases`, `forget`, `together`, then what is put. So naming a link in `void_bases`
    and in `bases` replaces all its bases.
    """

    links: tuple[Link, ...] = ()
    """Put: new, or in the place of the one with the same id."""
    drop_links: tuple[str, ...] = ()
    """Ids of links that end; their bases end with them."""
    bases: Mapping[str, Mapping[str, BaseValue]] = field(default_factory=dict)
    """Link id → mapping id → base. Mappings that are not named keep theirs."""
    void_bases: tuple[str, ...] = ()
    """Ids of links that lose all their bases: the next plan meets these records for the first time."""
    known: tuple[Known, ...] = ()
    forget: tuple[RecordRef, ...] = ()
    """Records of which nothing is known any more."""
    apart: tuple[Apart, ...] = ()
    """Put: pairs that are never matched again by themselves."""
    together: tuple[Apart, ...] = ()
    """Pairs that are no longer kept apart."""
    syncs: tuple[SyncState, ...] = ()
    drop_syncs: tuple[str, ...] = ()
    """Names of syncs that are removed, with their links, bases, pairs apart, known records and settings (R17: the start is reset)."""


@dataclass(frozen=True, slots=True)
class RunHeader:
    """Who applied which plan of which ruleset, from where."""

    id: str
    plan: str
    """The plan's id."""
    started: datetime
    ruleset: str
    """Name, version and digest of the ruleset, and the git commit it was read at, where there is one."""
    version: str
    digest: str
    commit: str | None
    who: str
    host: str
    command: str


@dataclass(frozen=True, slots=True)
class Intent:
    """An effect that is about to be tried, with all that is needed to find it again, or to put the old values back."""

    effect: str
    """The effect's id: the same whenever the same effect is tried again."""
    change: str
    sync: str
    app: App
    type: str
    id: str | None
    """The record that is written; `None` creates one."""
    body: Mapping[str, Any]
    """JSON: packed values, memory, idempotency key, values before, the places of the rules."""
    seq: int
    """The effect's place in its run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an effect. `done` and `failed` are final; `in-doubt` may be followed by one of them."""

    effect: str
    state: EffectState
    id: str | None = None
    """The record that was written or made."""
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JournaledRun:
    """A run as the journal has it; `finished` and `outcome` are `None` while it goes on, or when it was killed."""

    header: RunHeader
    serial: int
    """The state's serial when this run last wrote into it."""
    finished: datetime | None = None
    outcome: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JournaledEffect:
    """An effect as the journal has it, with its latest settlement, if there is one."""

    intent: Intent
    intended: datetime
    settled: Settled | None = None
    settled_at: datetime | None = None


class StandingRow(NamedTuple):
    """A record or a linked pair that stands somewhere (R20), and why."""

    hubspot: str | None
    xero: str | None
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, or held it. `since` and `renewed` are instants by the holder's clock."""

    name: str
    owner: str
    host: str
    pid: int
    since: datetime
    renewed: datetime
