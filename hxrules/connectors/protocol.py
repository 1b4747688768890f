"""What a connector is: one app's API, spoken in the project's own terms. Connectors translate, they don't decide.

Terms. A *record* is a contact, item, invoice …; a *field* is one of its values (HubSpot says property). A *read* asks
for the records of one type and is answered in *pages*. A *write* creates or updates one record; writes travel in
*batches* of one type and one kind, each with an *idempotency key*, so that a repeat has no second effect. *Memory* is
the field of a record that keeps the partner's id in the other app (design §0.5). A *tenant* is a Xero organisation, a
*portal* a HubSpot account.

Codes of `WriteError.code`, the same for both apps: `name-taken`, `email-taken`, `number-taken`, `value-taken` (another
record has it), `archived`, `not-found`, `bad-email`, `bad-choice`, `missing-field`, `unknown-field`, `read-only`,
`too-long`, `forbidden` (the credentials or the plan don't cover this record), `validation` (any other refusal),
`unavailable` (the app failed and wrote nothing), `no-answer` (nobody knows whether it was written). Of invoices and
payments: `currency` (the app lacks it), `customer-archived`, `locked` (a day of a closed period), `paid` (money on the
document rules the edit out), `has-payments` (nor can it be voided), `wrong-status` (of the document, for this change),
`due-before-date`, `bad-item`, `bad-account`, `bad-tax`, `approval-limit` (of the plan), `not-payable` (the invoice takes
no payment: a draft, or paid, or voided), `overpaid` (more than is owed).

`Halt` says that no call can succeed just now: exit code 7 for sign-in (`HX401`), scope (`HX402`) and tenant (`HX403`),
8 for a limit that takes longer than a run should wait (`HX430`) or that a person has set (`HX431`), 1 for an app that
can't be reached (`HX421`), does not speak JSON (`HX422`), or refuses a read (`HX423`). A `Halt` out of `write` leaves
the outcome of that batch unknown.

See also: `records` (requests, writes, results), `http` (the transport below both), `pace` (limits), `hubspot`, `xero`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from hxrules.records import App, Ledger, Organisation, Page, Portal, Property, ReadRequest, Write, WriteResult


@dataclass(slots=True)
class Traffic:
    """Requests sent (repeats included), and the bytes of their bodies; `bytes_in` as they came over the wire."""

    calls: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


Purpose = Literal["reads", "writes", "settings"]


@dataclass(slots=True)
class Usage:
    """What a connector has cost so far. `settings` is sign-in, account, property definitions; `waited` is seconds.

    Thread-safe.
    """

    reads: Traffic = field(default_factory=Traffic)
    writes: Traffic = field(default_factory=Traffic)
    settings: Traffic = field(default_factory=Traffic)
    waited: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def count(self, purpose: Purpose, bytes_out: int, bytes_in: int) -> None:
        """One request more."""
        traffic: Traffic = getattr(self, purpose)
        with self._lock:
            traffic.calls += 1
            traffic.bytes_out += bytes_out
            traffic.bytes_in += bytes_in

    def wait(self, seconds: float) -> None:
        """Seconds that passed because of a limit, or before another attempt."""
        with self._lock:
            self.waited += seconds

    @property
    def calls(self) -> int:
        return self.reads.calls + self.writes.calls + self.settings.calls


class Connector(Protocol):
    """One app. May be used by several threads. Every method raises `Halt`; none raises for a single record."""

    @property
    def app(self) -> App: ...

    @property
    def usage(self) -> Usage: ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """What the credentials were granted, once `identify` was called; `None` where only trying tells (design §0.6)."""

    def identify(self) -> Portal | Organisation:
        """Who is behind the credentials; to be called first, as it is also the sign-in check (R5)."""

    def ledger(self) -> Ledger:
        """What the app's books are made of, as it is now: its currencies, tax rates, accounts and items.

        Asked for where invoices or payments are to be looked at, at most once a run. HubSpot has no accounts; its tax
        rates are those of its library.
        """

    def properties(self, type_name: str) -> tuple[Property, ...]:
        """The properties that the record type has in this account, beside what the catalogue knows. Xero has none: there an
        account can't add any."""

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """The records asked for, each once, in pages; a reader of `since` that stops iterating causes no further calls, any
        other one none but those that are under way.

        Ids and values that nobody has are absent. `ids` finds archived records too, and shows an id that was merged
        away as a record of life `MERGED` (HubSpot: without fields, and beside its survivor). `where` may find a record
        whose e-mail is another one: HubSpot keeps second addresses. Xero's archived contacts are part of every read,
        HubSpot's only of one by `ids`. `since` includes the instant itself. Xero's invoices are sales invoices, its
        payments those of customers: no read shows another kind.

        `associations` are read for every record, except for those merged away. In Xero there are a contact's `invoice`
        (sales invoices of any status, voided and deleted ones too), an invoice's `contact` and `payment`, a payment's
        `invoice`; any other word is left out (not read). What HubSpot lists may have been archived since.

        A record that changes while it is being read may be shown as it was before, or by `since` not at all, and HubSpot's search, which
        answers `since` and some `where`, is behind by moments: whoever keeps a watermark sets it some minutes before
        the start of the read.
        """

    def batch_size(self, type_name: str, *, create: bool) -> int:
        """The most writes that one `write` may hold."""

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Carries out one batch: all creates or all updates of one type, at most `batch_size`.

        Gives one result a write, in order. `Write.key` must be a new one once a write has been refused for certain:
        Xero repeats its answer to a key for six minutes, whatever a person has put right meanwhile.
        """

    def prepare(self, type_name: str) -> bool:
        """Makes what records of the type need to remember their partner; `False` where there is no such place or no
        right to it.

        Without it, or after `False`, HubSpot's creates are no upserts: an answer that is lost leaves them `IN_DOUBT`.
        """

    def close(self) -> None:
        """Closes the connections; the connector is of no use afterwards."""


class Connectors(NamedTuple):
    """Both apps."""

    hubspot: Connector
    xero: Connector

    def of(self, app: App) -> Connector:
        return self.hubspot if app is App.HUBSPOT else self.xero

    def close(self) -> None:
        self.hubspot.close()
        self.xero.close()
