"""What a ruleset means, once it is read: frozen values, each with the place in the file that said so.

Built by `compile`, read by `planning`. A direction is named by the app that is written: the `to-xero` filter stands under
`App.XERO` and reads HubSpot's record (design §0.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from hxrules.catalogue import Field
from hxrules.problems import Span
from hxrules.records import App

if TYPE_CHECKING:
    from hxrules.language.filters import Filter
    from hxrules.language.mappings import CompiledMappings
    from hxrules.language.transforms import Step


class Direction(StrEnum):
    """R9."""

    TWO_WAY = "two-way"
    TO_HUBSPOT = "to-hubspot"
    TO_XERO = "to-xero"

    @property
    def targets(self) -> tuple[App, ...]:
        """The apps that the sync may write."""
        if self is Direction.TWO_WAY:
            return (App.HUBSPOT, App.XERO)
        return (App.HUBSPOT,) if self is Direction.TO_HUBSPOT else (App.XERO,)


class Subscription(StrEnum):
    """HubSpot's plans as far as R6 asks; no API tells them (facts/hubspot.md 2.5), so the ruleset declares it."""

    FREE = "free"
    STARTER = "data-hub-starter"
    PROFESSIONAL = "data-hub-professional"
    ENTERPRISE = "data-hub-enterprise"


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One pair of fields that say the same thing (R11 default, R12 custom)."""

    id: str
    hubspot: Field
    xero: Field
    span: Span
    """The entry's key: in the ruleset for a custom mapping, in the base for a default one."""
    digest: str
    """Changes whenever the mapping means something else; a base taken under another digest no longer counts."""
    steps: tuple[Step, ...] = ()
    """Applied in order on the way to Xero, inverted in reverse order on the way to HubSpot."""
    fallback: tuple[str, ...] = ()
    """Templates over mapping ids (`{first-name} {last-name}`): what Xero gets where HubSpot has nothing. Never flows back."""
    custom: bool = False
    writes: frozenset[App] = frozenset()
    """The apps that it may write: the sync's direction, less the sides whose field can't be written."""
    owned: bool = False
    """Only the app in which the record was made has a say (`owner: origin`, R18); the other side is kept equal, or held."""
    hubspot_span: Span | None = None
    """Where the entry names HubSpot's field."""

    def field(self, app: App) -> Field:
        return self.hubspot if app is App.HUBSPOT else self.xero


@dataclass(frozen=True, slots=True)
class FixedLimit:
    """A limit of the base ruleset that nobody can remove (R15–R17)."""

    id: str
    filter: Filter
    reason: str
    error: str | None = None
    """Code of the problem that holds a record which doesn't pass (R19); without one it is excluded."""
    history: History | None = None
    """Counts only while the sync's `history` is this."""


class Totals(StrEnum):
    """What becomes of an invoice whose total the two apps would compute differently."""

    BLOCK = "block"
    WARN = "warn"
    ADJUST = "adjust"


class Voids(StrEnum):
    """What becomes of an invoice that was voided in the other app."""

    FOLLOW = "follow"
    HOLD = "hold"


class History(StrEnum):
    """Which payments count, by payment date."""

    AFTER_START = "after-start"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class InvoiceRules:
    """What only the sync of invoices needs to know."""

    lines: tuple[FieldMapping, ...]
    """The mappings of one line (`line-mappings`), less those that are switched off."""
    compiled: CompiledMappings
    """The same, compiled: one line's values in the other app's terms."""
    sales_account: str | None = None
    """Code of the Xero account for lines whose item names none."""
    totals: Totals = Totals.BLOCK
    voids: Mapping[App, Voids] = field(default_factory=dict)
    """By the app that would be written."""
    tax: Mapping[str, str] = field(default_factory=dict)
    """Xero tax type → id or name of the HubSpot tax rate (R7)."""
    places: Mapping[str, Span] = field(default_factory=dict)
    """Where the ruleset says `sales-account`, and each entry of the table: `tax.TYPE` its key, `tax.TYPE.rate` its value."""


@dataclass(frozen=True, slots=True)
class PaymentRules:
    """What only the sync of payments needs to know."""

    bank_account: str | None = None
    """Code of the Xero account that receives payments made in HubSpot."""
    history: History = History.AFTER_START
    places: Mapping[str, Span] = field(default_factory=dict)
    """Where the ruleset says `bank-account`."""


@dataclass(frozen=True, slots=True)
class Sync:
    """One pair of record types that is kept in step."""

    name: str
    span: Span
    enabled: bool
    direction: Direction
    types: Mapping[App, str]
    match: tuple[str, ...]
    """Mapping ids; two unlinked records belong together when all of these are known and equal, one to one."""
    winner: App
    """Who overwrites where it is unclear which side is newer (R10)."""
    tolerance: timedelta
    """Times that lie this near are "unclear"."""
    mappings: tuple[FieldMapping, ...]
    compiled: CompiledMappings
    filters: Mapping[App, Filter]
    fixed_limits: Mapping[App, tuple[FixedLimit, ...]]
    digest: str
    """Changes whenever the sync means something else."""
    started: datetime | None = None
    """Pins `sync_started`; normally the state says it."""
    invoices: InvoiceRules | None = None
    payments: PaymentRules | None = None
    places: Mapping[str, Span] = field(default_factory=dict)
    """Where its keys stand (`direction`, `conflict.winner`), in the file of the chain that says it."""

    def mapping(self, mapping_id: str) -> FieldMapping:
        """Raises `KeyError` for an id that the sync doesn't have (or has switched off)."""
        for mapping in self.mappings:
            if mapping.id == mapping_id:
                return mapping
        raise KeyError(mapping_id)

    def limits(self, target: App) -> tuple[tuple[str, Filter], ...]:
        """All filters that a record must pass to be written to `target`: fixed limits first, each with its name."""
        fixed = tuple((limit.id, limit.filter) for limit in self.fixed_limits.get(target, ()) if self._counts(limit))
        own = self.filters.get(target)
        return (*fixed, ("filter", own)) if own is not None else fixed

    def _counts(self, limit: FixedLimit) -> bool:
        return limit.history is None or self.payments is None or limit.history is self.payments.history


@dataclass(frozen=True, slots=True)
class Accounts:
    """Which accounts the ruleset is for; `None` where it doesn't say."""

    portal: int | None = None
    portal_span: Span | None = None
    subscription: Subscription = Subscription.FREE
    tenant: str | None = None
    tenant_span: Span | None = None
    organisation: str | None = None
    organisation_span: Span | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may change before a person must look (`--allow-large`)."""

    changes: Decimal = Decimal("0.30")
    """Share of the linked records (0.30 = 30 %)."""
    of_at_least: int = 20
    """Below this many linked records the share is not looked at."""
    creates: int | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A valid ruleset, complete with what its base brings."""

    name: str
    version: str
    file: str
    digest: str
    """Of the meaning: comments and layout don't change it."""
    base: str
    """`xero-data-sync@1`."""
    accounts: Accounts
    syncs: tuple[Sync, ...]
    """In R8's order, as the base lists its objects; switched-off ones included."""
    limits: Limits = field(default_factory=Limits)
    places: Mapping[str, Span] = field(default_factory=dict)
    """Where the keys at the top stand (`version`, `limits.creates`)."""

    def sync(self, name: str) -> Sync:
        """Raises `KeyError`."""
        for sync in self.syncs:
            if sync.name == name:
                return sync
        raise KeyError(name)

    @property
    def active(self) -> tuple[Sync, ...]:
        return tuple(sync for sync in self.syncs if sync.enabled)
