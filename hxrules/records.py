"""What the layers say to each other: apps, records, snapshots, links, bases, reads and writes. Values only; nothing here acts.

See also: `values` (what a field holds), `catalogue` (what a field is), `planning` (snapshot and state → plan).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from hxrules.values import Value, ValueType

if TYPE_CHECKING:
    from hxrules.catalogue import Field


class App(StrEnum):
    """The two apps; `other` is the one across."""

    HUBSPOT = "hubspot"
    XERO = "xero"

    @property
    def other(self) -> App:
        return App.XERO if self is App.HUBSPOT else App.HUBSPOT

    @property
    def brand(self) -> str:
        """The app's name as people write it."""
        return "HubSpot" if self is App.HUBSPOT else "Xero"


class Life(StrEnum):
    """Whether a record can still be worked with."""

    LIVE = "live"
    ARCHIVED = "archived"
    MERGED = "merged"
    VOIDED = "voided"
    """An invoice that was voided: it stays readable, and nothing about it can be edited."""
    DELETED = "deleted"
    """A draft invoice or a payment that was deleted in Xero, where it stays readable."""


class RecordRef(NamedTuple):
    """One record of one app."""

    app: App
    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.app.value}:{self.type}/{self.id}"


@dataclass(slots=True, frozen=True)
class Record:
    """A record as it was read: canonical values by own field name.

    `updated` and `created` are the app's own instants (UTC), `None` where it has none. `slots` holds, as raw JSON, what can only be
    written whole (one phone, one address, the sales details of an item), by `paths.Path.whole`. `associations` maps a filter's word
    to the ids reached by it; a word that is absent was not read, which is not the same as none.
    """

    ref: RecordRef
    fields: Mapping[str, Value]
    updated: datetime | None = None
    created: datetime | None = None
    life: Life = Life.LIVE
    merged_into: str | None = None
    associations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    memory: str | None = None
    """The partner's id, as the record itself remembers it (second memory, design §0.5)."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Own field name → the app's raw text, where what it delivered does not fit the field's type; such a field is not
    in `fields`."""


class CoverageKind(StrEnum):
    """How much of a type a snapshot shows."""

    COMPLETE = "complete"
    SINCE = "since"
    PARTIAL = "partial"
    """A listing that broke off: what is not there may still exist."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be concluded from a record's absence: with `COMPLETE`, that it is gone; otherwise only for `asked` ids and keys."""

    kind: CoverageKind
    asked: frozenset[str] = frozenset()
    """Ids that were asked for one by one: absent ones are gone."""
    searched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field name → values that were looked up: absent ones have no record."""

    @property
    def complete(self) -> bool:
        return self.kind is CoverageKind.COMPLETE


@dataclass(frozen=True, slots=True)
class Portal:
    """The HubSpot account behind the token (facts/hubspot.md 2.4)."""

    id: int
    time_zone: str
    currency: str
    currencies: tuple[str, ...]
    ui_domain: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """The Xero organisation behind the token (facts/xero.md 6.8). `time_zone` is an IANA name: the zone of all days."""

    tenant: str
    name: str
    short_code: str
    time_zone: str
    base_currency: str
    locked_until: date | None = None
    """The last day that is locked, by the period or the year: nothing on it or before can be written (facts/xero.md 6.8)."""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One rate: of Xero's (`id` is the tax type), or of HubSpot's library (`id` is the tax-rate group)."""

    id: str
    name: str
    percent: Decimal
    active: bool = True
    sales: bool = True
    """May it stand on a line that earns something? (Xero's `CanApplyToRevenue`)"""


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """One account of Xero's chart."""

    id: str
    code: str
    name: str
    active: bool
    sells: bool
    """May stand on a line of a sales invoice: of the class revenue, and no system account."""
    takes_payments: bool
    """A bank account, or one that payments are enabled to (facts/xero.md 6.5)."""


@dataclass(frozen=True, slots=True)
class Property:
    """The definition of one property of a HubSpot record type, as the account has it (facts/hubspot.md 7)."""

    name: str
    label: str
    """What people call it."""
    kind: ValueType
    own: bool
    """The account has added it; it isn't HubSpot's."""
    writable: bool
    several: bool = False
    """A value may name several choices at once."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an app's books are made of, as far as invoices and payments need it; read once a run (R7, R19)."""

    currencies: frozenset[str]
    tax_rates: tuple[TaxRate, ...] = ()
    accounts: tuple[LedgerAccount, ...] = ()
    items: Mapping[str, str | None] = field(default_factory=dict)
    """Code of each item → its sales account, if it names one. Xero only."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who we talk to, as the apps themselves say: checked before anything else is read (R5)."""

    portal: Portal
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read for one sync: records of its two types, and of those that its filters and lines reach."""

    records: Mapping[tuple[App, str], Mapping[str, Record]] = field(default_factory=dict)
    coverage: Mapping[tuple[App, str], Coverage] = field(default_factory=dict)

    def of(self, app: App, type_name: str) -> Mapping[str, Record]:
        return self.records.get((app, type_name), {})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a plan is made from, beside ruleset and state."""

    taken_at: datetime
    accounts: Accounts
    syncs: Mapping[str, Sight]
    """By sync: the invoices that a filter on contacts looks at were read for that filter only."""
    ledgers: Mapping[App, Ledger] = field(default_factory=dict)
    """Absent where no invoice and no payment is to be looked at."""

    def sight(self, sync: str) -> Sight:
        return self.syncs.get(sync, Sight())


class NotFetched(LookupError):
    """A rule asked for a field or an associated record that was not read: no verdict, which is not the same as "none"."""

    def __init__(self, ref: RecordRef, what: str) -> None:
        super().__init__(f"{ref} was read without {what}")
        self.ref = ref
        self.what = what


class Origin(StrEnum):
    """How a link came to be."""

    CREATED = "created"
    MATCHED = "matched"
    TOLD = "told"
    """A person said so (`hxrules link`)."""


class Membership(StrEnum):
    """Whether a linked record is within a direction's filter (design §2.10)."""

    IN = "in"
    LEFT = "left"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Link:
    """Which HubSpot record is which Xero record; the authority on identity (design §2.2)."""

    id: str
    sync: str
    hubspot: str
    xero: str
    made_by: Origin
    born_in: App | None = None
    """The app in which the record existed first; known for records that we created in the other."""
    membership: Mapping[App, Membership] = field(default_factory=dict)
    """By the app that is written to: may this link's record be written there?"""
    gone: App | None = None
    """The app in which the record no longer exists."""

    def side(self, app: App) -> str:
        return self.hubspot if app is App.HUBSPOT else self.xero


class Apart(NamedTuple):
    """Two records that a person has parted: by themselves they are never matched with one another again. Each may match another one."""

    sync: str
    hubspot: str
    xero: str


@dataclass(frozen=True, slots=True)
class BaseValue:
    """What each app held of one mapped field after the last sync, as the app answered, and by which rule it was compared."""

    hubspot: Value
    xero: Value
    mapping_digest: str
    settled: bool = True
    """False: the two were left different on purpose (a direction that may not write, an empty winner)."""

    def side(self, app: App) -> Value:
        return self.hubspot if app is App.HUBSPOT else self.xero


class Standing(StrEnum):
    """R20's three numbers: where a record stood after the last run; and those that no direction reads, which aren't counted."""

    IN_SYNC = "in-sync"
    EXCLUDED = "excluded"
    FAILING = "failing"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Known:
    """What the state remembers of one record: when it had changed last, and where it stood."""

    ref: RecordRef
    sync: str
    updated: datetime | None
    standing: Standing
    reason: Mapping[str, Any] = field(default_factory=dict)
    """The leaf that excluded it, or the problem that holds it, as JSON."""
    involves: tuple[RecordRef, ...] = ()
    """Other records whose change may lift the problem."""
    retry: bool = False
    """Look at it again in every run: the problem was not of the record's own making."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """What the state remembers of one sync."""

    name: str
    started: datetime | None = None
    """`sync_started` (R17): the first apply; kept while off, gone with `remove`."""
    digest: str | None = None
    """Digest of the sync's rules when it last ran; another one means that every record is looked at again."""
    watermarks: Mapping[App, datetime] = field(default_factory=dict)
    """Everything up to here has been seen (the app's own clock, UTC)."""
    full_read: datetime | None = None
    """When the whole of both sides was last read (blind spots of incremental reads: facts/xero.md 5.1)."""
    last_run: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateView:
    """The state as the pure core sees it."""

    lineage: str
    serial: int
    portal: int | None
    tenant: str | None
    links: tuple[Link, ...] = ()
    bases: Mapping[str, Mapping[str, BaseValue]] = field(default_factory=dict)
    """Link id → mapping id → base."""
    known: Mapping[RecordRef, Known] = field(default_factory=dict)
    syncs: Mapping[str, SyncState] = field(default_factory=dict)
    apart: frozenset[Apart] = frozenset()
    """Pairs that a person has taken apart (`hxrules unlink`)."""


# --- reading and writing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read of one type. Exactly one of: everything (all `None`), `since`, `ids`, or `where`.

    `since` reads newest first, so that a reader who has seen enough can stop. `where` is (field, values): records whose field
    equals one of the values, without case.
    """

    app: App
    type: str
    fields: tuple[Field, ...]
    since: datetime | None = None
    ids: tuple[str, ...] | None = None
    where: tuple[Field, tuple[str, ...]] | None = None
    associations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of an answer. `total` counts all that the request matches, where the app says so."""

    records: tuple[Record, ...]
    total: int | None = None


class Failure(StrEnum):
    """What to think of a write that did not succeed."""

    REFUSED = "refused"
    """The app says no to this record: it will say no again until somebody changes something."""
    TRANSIENT = "transient"
    """It certainly was not written; the next run may succeed."""
    IN_DOUBT = "in-doubt"
    """It may have been written: look before it is tried again (design §2.5)."""


@dataclass(frozen=True, slots=True)
class WriteError:
    """Why one write failed. `existing` names the record that stands in the way, where the app names it."""

    failure: Failure
    code: str
    """The app's own code or category, for `problems` to explain."""
    message: str
    existing: str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """One record to create (`id` is `None`) or update. `key` is the same whenever the same write is tried again."""

    app: App
    type: str
    key: str
    id: str | None
    values: Mapping[Field, Value]
    slots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The raw slots that `values` touch, as last read: a slot is written whole."""
    memory: str | None = None
    """The partner's id to remember in the record itself; `None` leaves it alone."""
    associations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By filter word: ids of records to associate it with. HubSpot only; a create brings them along in its one call."""
    parting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By filter word: ids of records that an update parts it from. HubSpot only."""
    archive: bool = False
    """Takes the record away: a line that its invoice no longer has, or what a run that is undone has made. `values` is empty. In
    HubSpot it goes to the recycle bin; in Xero a contact is archived, a payment or an item deleted. Invoices aren't archived in Xero:
    they are voided, by their status."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to one `Write`: the record as the app says that it now is (at least the fields written), or the error."""

    record: Record | None
    error: WriteError | None = None


def chunks(items: Iterable[Any], size: int) -> Iterable[list[Any]]:
    """`items` in lists of at most `size`, in order."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
