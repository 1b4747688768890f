"""The fields that people edit in these histories: how each app shows them and takes them, and one common word for what they say.

Written from the two APIs' own JSON, without hxrules' catalogue or codecs, so that it can't share their mistakes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
"""A record as its app's API writes it; of HubSpot, the properties."""

KINDS = {
    "contacts": ("contacts", "contacts", "ContactID"),
    "products": ("products", "items", "ItemID"),
    "invoices": ("invoices", "invoices", "InvoiceID"),
    "payments": ("commerce_payments", "payments", "PaymentID"),
}
"""Sync → HubSpot's type, Xero's resource (as a seed names it), and the name of Xero's id."""


@dataclass(frozen=True)
class Field:
    """One mapping of the base ruleset, or a custom one."""

    sync: str
    name: str
    """The mapping's id."""
    hubspot: str
    read_xero: Callable[[Row], Any]
    write_xero: Callable[[Any], dict[str, Any]] | None = None
    """The part of a body that sets it; `None`: people don't edit it in Xero."""
    say: Callable[[Any], Any] = lambda value: value or None
    """Either app's value in common terms; nothing is `None`."""
    owned: bool = False
    """Only the app in which the record was made has a say (R18)."""

    def of(self, app: str, row: Row) -> Any:
        """What a record says in this field, in common terms."""
        return self.say(row.get(self.hubspot) if app == "hubspot" else self.read_xero(row))


def _number(value: Any) -> Any:
    return None if value in (None, "") else Decimal(str(value)).normalize()


def _day(value: Any) -> Any:
    if not value:
        return None
    stamp = re.search(r"\d{12,}", str(value))
    return str(value)[:10] if stamp is None else f"{datetime.fromtimestamp(int(stamp[0]) / 1000, UTC):%Y-%m-%d}"


def _plain(sync: str, name: str, hubspot: str, xero: str, **more: Any) -> Field:
    return Field(sync, name, hubspot, lambda row: row.get(xero), lambda value: {xero: value}, **more)


def _city(row: Row) -> Any:
    return next((each.get("City") for each in row.get("Addresses", ()) if each["AddressType"] == "POBOX"), None)


FIELDS = {
    (field.sync, field.name): field
    for field in (
        _plain("contacts", "email", "email", "EmailAddress"),
        _plain("contacts", "first-name", "firstname", "FirstName"),
        _plain("contacts", "last-name", "lastname", "LastName"),
        _plain("contacts", "company-name", "company", "Name"),
        Field(
            "contacts", "city", "city", _city, lambda value: {"Addresses": [{"AddressType": "POBOX", "City": value}]}
        ),
        _plain("contacts", "tax-number", "jobtitle", "TaxNumber"),
        _plain("products", "sku", "hs_sku", "Code"),
        _plain("products", "name", "name", "Name"),
        _plain("products", "description", "description", "Description"),
        Field(
            "products",
            "price",
            "price",
            lambda row: row.get("SalesDetails", {}).get("UnitPrice"),
            lambda value: {"SalesDetails": {"UnitPrice": float(value)}},
            _number,
        ),
        _plain("invoices", "number", "hs_number", "InvoiceNumber", owned=True),
        _plain("invoices", "due-date", "hs_due_date", "DueDate", say=_day, owned=True),
        _plain("invoices", "po", "hs_purchase_order_number", "Reference"),
        _plain("invoices", "total", "hs_amount_billed", "Total", say=_number, owned=True),
        _plain("payments", "amount", "hs_initial_amount", "Amount", say=_number, owned=True),
        _plain("payments", "date", "hs_initiated_date", "Date", say=_day, owned=True),
    )
}
CUSTOM = {("contacts", "tax-number"), ("invoices", "po")}
"""Those that a ruleset has to name."""
VALUES = {
    ("contacts", "first-name"): ("Ann", "Bo", "Çelik", ""),
    ("contacts", "last-name"): ("Lee", "Oak", ""),
    ("contacts", "city"): ("Perth", "Hobart", "Eden", ""),
    ("contacts", "company-name"): ("Ann Co", "New Co", "Other Co", ""),
    ("contacts", "email"): ("ann@example.com", "new@example.com", "other@example.com", ""),
    ("contacts", "tax-number"): ("T-1", "T-2", ""),
    ("products", "sku"): ("OAK", "YEW", "FIR"),
    ("products", "name"): ("Oak table", "Desk", "Chair"),
    ("products", "description"): ("Round", "Square", ""),
    ("products", "price"): ("5", "7.5", "120.25"),
    ("invoices", "due-date"): ("2026-12-10", "2026-12-20", "2027-01-05"),
    ("invoices", "po"): ("PO-1", "PO-2", ""),
}
"""What people write."""
