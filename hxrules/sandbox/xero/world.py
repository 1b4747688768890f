"""The organisation that the local Xero serves: its settings and records, made from a seed and dumped as one.

What: `World` holds the settings and the tables; `loading` fills them from the `xero` part of a seed file, and `dump`
gives the same shape back.
Invariants: ids come from one random source seeded by the environment, so the same seed gives the same ids; a batch is
taken back through the journal.
See also: `table` (where records live), `regions` (what a new organisation has), `loading` (reads seeds).
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from string import ascii_letters, digits
from typing import Any
from uuid import UUID

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.xero import regions, resources
from hxrules.sandbox.xero.contact_shape import page_view
from hxrules.sandbox.xero.dates import native, whole, wire
from hxrules.sandbox.xero.envelope import Record, Reply, enclose, encode
from hxrules.sandbox.xero.table import Journal, Table


class World:
    """One organisation. `contacts`, `items`, `invoices`, `payments`, `accounts`, `tax_rates`, `currencies` are tables.

    `notes` holds the history of each record by its id, newest last; `own_invoices` the ids of the invoices that the
    connected app itself has made; `approved` those that were approved in a month, by its first day; `started` is the
    beginning of the day on which the world was made.
    """

    def __init__(self, part: Mapping[str, Any], environment: Environment) -> None:
        """An organisation with the settings of `part`, the `xero` part of a seed file, and without a record."""
        self.environment = environment
        self.random = random.Random(environment.rng.getrandbits(64))
        self._noise = random.Random(self.random.getrandbits(64))
        self.started = datetime.combine(environment.clock.now().date(), time(), UTC)

        self.journal = Journal()
        self.contacts = Table(resources.CONTACTS, journal=self.journal)
        self.items = Table(resources.ITEMS, journal=self.journal)
        self.invoices = Table(resources.INVOICES, {"Contact": self.contacts}, self.journal)
        self.accounts = Table(resources.ACCOUNTS, journal=self.journal)
        self.payments = Table(resources.PAYMENTS, {"Invoice": self.invoices, "Account": self.accounts}, self.journal)
        self.tax_rates = Table(resources.TAX_RATES, journal=self.journal)
        self.currencies = Table(resources.CURRENCIES, journal=self.journal)
        self.notes: dict[str, list[Record]] = native(dict(part.get("history", {})))
        self.own_invoices: set[str] = set()

        self.approved: dict[date, set[str]] = {}
        self._last_number = 0

        self.organisation = self._organisation(dict(part.get("organisation", {})))

    def now(self) -> datetime:
        """The present instant, as precise as Xero keeps it."""
        return whole(self.environment.clock.now())

    def new_id(self) -> str:
        """The id of a new record."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def response_id(self) -> str:
        """An id that names an answer and no record; drawn apart, so that reads don't change the ids of records."""
        return str(UUID(int=self._noise.getrandbits(128), version=4))

    def next_number(self) -> str:
        """The next free number of a sales invoice."""
        while self.invoices.found("InvoiceNumber", number := f"INV-{self._last_number + 1:04}"):
            self._last_number += 1
        return number

    def lock(self, *, period: date | None = None, end_of_year: date | None = None) -> None:
        """Set both lock dates, as an adviser does in Xero's settings; None takes one away."""
        dates = {"PeriodLockDate": period, "EndOfYearLockDate": end_of_year}
        kept = {name: value for name, value in self.organisation.items() if name not in dates}
        self.organisation = kept | {name: day for name, day in dates.items() if day is not None}

    def enclosed(self, name: str, rows: Sequence[Any], pagination: Mapping[str, int] | None = None) -> Reply:
        """The answer of 200 with these rows of the resource `name`."""
        return enclose(self.response_id(), self.now(), name, rows, pagination)

    def invoices_of(self, contact: str) -> list[Record]:
        """The invoices and bills of a contact."""
        return self.invoices.found("Contact.ContactID", contact)

    def dump(self) -> dict[str, Any]:
        """All settings and records as a seed file has them, JSON-able with the standard library."""
        tables = {
            "accounts": self.accounts,
            "tax_rates": self.tax_rates,
            "items": self.items,
            "invoices": self.invoices,
            "payments": self.payments,
        }
        document = {
            "organisation": wire(self.organisation),
            "currencies": [dict(row) for row in self.currencies],
            "contacts": [page_view(row) for row in self.contacts],
            **{name: [wire(row) for row in table] for name, table in tables.items()},
            "history": wire(self.notes),
        }
        plain: dict[str, Any] = json.loads(encode(document))
        return plain

    def _organisation(self, given: Record) -> Record:
        settings: Record = {**regions.organisation(given.get("Version", "AU")), **native(given)}
        settings.setdefault("OrganisationID", self.new_id())
        settings.setdefault("ShortCode", "!" + "".join(self.random.choices(ascii_letters + digits, k=5)))
        settings.setdefault("CreatedDateUTC", self.started - timedelta(days=365))
        return settings
