"""The records that the first cases of a ruleset are about: one of each kind, with every field that a default mapping carries.

Data in the words of a test. See also: `beginnings` (who puts them into cases), `rulesets/*_test.yaml` (the same people).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from hxrules.records import App

Row = Mapping[str, Any]

_ADDRESS: Final = {"city": "Sydney", "region": "NSW", "postal-code": "2000", "country": "Australia"}
_ANA: Final = {
    "email": "ana@example.com",
    "first-name": "Ana",
    "last-name": "Lee",
    "company-name": "Lee & Daughters",
    "phone": "02 9000 0001",
    "mobile": "0400 000 001",
    "address": "1 George St",
    **_ADDRESS,
    "website": "https://example.com",
}
_BO: Final = {
    "email": "bo@example.com",
    "first-name": "Bo",
    "last-name": "Ng",
    "name": "Ng Pty Ltd",
    "phone": "02 9000 0002",
    "mobile": "0400 000 002",
    "address": "2 Pitt St",
    **_ADDRESS,
    "website": "https://example.com",
}
_WIDGET: Final = {
    "sku": "W-1",
    "name": "Widget",
    "description": "A blue widget",
    "price": Decimal("10.00"),
    "cost": Decimal("6.50"),
}
_HUBSPOT_LINES: Final = (
    {
        "description": "Widget",
        "quantity": 2,
        "unit-price": Decimal("10.00"),
        "discount": 10,
        "tax": "Tax on Sales",
        "sku": "W-1",
    },
    {"description": "Delivery", "quantity": 4, "unit-price": Decimal("5.00"), "unit-discount": Decimal("0.50")},
)
_XERO_LINES: Final = (
    {
        "description": "Widget",
        "quantity": 2,
        "unit-price": Decimal("10.00"),
        "discount": 10,
        "tax": "OUTPUT",
        "sku": "W-1",
    },
    {"description": "Delivery", "quantity": 4, "unit-price": Decimal("5.00"), "discount-amount": Decimal("2.00")},
)
_ISSUED, _DUE, _PAID = date(2026, 1, 10), date(2026, 2, 10), date(2026, 1, 12)

WHOLE: Final[Mapping[tuple[App, str], Row]] = {
    (App.HUBSPOT, "contacts"): {"id": 101, **_ANA},
    (App.XERO, "contacts"): {"id": "c2", **_BO},
    (App.HUBSPOT, "products"): {"id": 201, **_WIDGET},
    (App.XERO, "products"): {"id": "i1", **_WIDGET},
    (App.HUBSPOT, "invoices"): {
        "id": 301,
        "number": "INV-1",
        "date": _ISSUED,
        "due-date": _DUE,
        "contact": 101,
        "lines": _HUBSPOT_LINES,
    },
    (App.XERO, "invoices"): {
        "id": "x1",
        "number": "SI-1",
        "created": _ISSUED,
        "due-date": _DUE,
        "contact": "c1",
        "lines": _XERO_LINES,
    },
    (App.HUBSPOT, "payments"): {
        "id": 401,
        "invoice": 301,
        "amount": Decimal("100.00"),
        "date": _PAID,
        "reference": "CARD-1",
    },
    (App.XERO, "payments"): {
        "id": "p1",
        "invoice": "x1",
        "amount": Decimal("100.00"),
        "created": _PAID,
        "reference": "BANK-7",
        "currency": "USD",
    },
}
"""By the app in which it was made, and the sync: a record with everything."""

_ADVICE: Final = ({"description": "Advice", "unit-price": Decimal("100.00")},)
BARE: Final[Mapping[tuple[App, str], Row]] = {
    (App.HUBSPOT, "contacts"): {"id": 101, "email": "ana@example.com", "company-name": "Lee"},
    (App.XERO, "contacts"): {"id": "c2", "email": "bo@example.com", "name": "Ng"},
    (App.HUBSPOT, "products"): {"id": 201, "sku": "W-1", "name": "Widget"},
    (App.XERO, "products"): {"id": "i1", "sku": "W-1", "name": "Widget"},
    (App.HUBSPOT, "invoices"): {"id": 301, "number": "INV-1", "contact": 101, "lines": _ADVICE},
    (App.XERO, "invoices"): {"id": "x1", "number": "SI-1", "contact": "c1", "lines": _ADVICE},
    (App.HUBSPOT, "payments"): {"id": 401, "invoice": 301, "amount": Decimal("10.00")},
    (App.XERO, "payments"): {"id": "p1", "invoice": "x1", "amount": Decimal("10.00")},
}
"""The same, with no more than they need: for what a filter decides."""

CUSTOMER: Final[Row] = {
    "hubspot": {"id": 101, "email": "ana@example.com", "company-name": "Lee"},
    "xero": {"id": "c1", "email": "ana@example.com", "name": "Lee"},
}
"""Whom invoices are for: a contact that is in both apps."""
_SKU: Final[Row] = {"sku": "W-1", "name": "Widget"}
ITEM: Final[Row] = {"id": "i1", **_SKU}


def invoice_pair(maker: App, *, paid: bool) -> Row:
    """An invoice that is in both apps; `paid` in Xero since the last run, and by nothing yet in HubSpot."""
    xero: dict[str, Any] = {"id": "x1", "number": "INV-1", "contact": "c1", "lines": _ADVICE}
    settled = {"status": "paid", "amount-paid": Decimal("100.00")} if paid else {}
    pair: dict[str, Any] = {
        "made-in": maker.value,
        "hubspot": {"id": 301, "number": "INV-1", "contact": 101, "lines": _ADVICE},
        "xero": {**xero, **settled},
    }
    if paid:
        pair["before"] = {"xero": {"status": "authorised", "amount-paid": 0}}
    return pair


_EDITS: Final[Mapping[str, Mapping[str, tuple[Any, Any, Any]]]] = {
    "contacts": {
        "city": ("Sydney", "Perth", "Hobart"),
        "first-name": ("Anna", "Ana", "Anne"),
        "region": ("NSW", "WA", "TAS"),
    },
    "products": {
        "price": (10, 11, 12),
        "description": ("A widget", "A blue widget", "A red widget"),
        "cost": (5, 6, 7),
    },
}
"""By sync: fields to edit, each with what it was, and what it becomes in HubSpot and in Xero."""


def _edit(sync: str, spoken_of: Collection[str]) -> tuple[str, tuple[Any, Any, Any]]:
    """A field that no filter speaks of, if there is one: an edit of it moves nobody in or out."""
    edits = _EDITS[sync]
    name = next((each for each in edits if each not in spoken_of), next(iter(edits)))
    return name, edits[name]


def contested(sync: str, spoken_of: Collection[str]) -> Row:
    """A linked pair of which one field was edited in both apps since."""
    name, (old, hubspot, xero) = _edit(sync, spoken_of)
    pair = CUSTOMER if sync == "contacts" else {"hubspot": {"id": 201, **_SKU}, "xero": {"id": "i1", **_SKU}}
    return {
        "hubspot": {**pair["hubspot"], name: hubspot},
        "xero": {**pair["xero"], name: xero},
        "before": {app: {name: old} for app in ("hubspot", "xero")},
    }


def crowd(sync: str, source: App, spoken_of: Collection[str]) -> list[Row]:
    """Twenty linked pairs of which seven were edited in the source since: more than most limits let one run change."""
    name, (old, hubspot, xero) = _edit(sync, spoken_of)
    calm, edited = _numbered(sync, "2"), _numbered(sync, "1")
    for app in ("hubspot", "xero"):
        edited[app][name] = old
    edited[source.value][name] = hubspot if source is App.HUBSPOT else xero
    return [{"repeat": 7, **edited, "before": {source.value: {name: old}}}, {"repeat": 13, **calm}]


def _numbered(sync: str, first: str) -> dict[str, dict[str, Any]]:
    number = f"{first}{{n}}"
    if sync == "contacts":
        email = f"{number}@example.com"
        return {
            "hubspot": {"id": number, "email": email, "company-name": f"Firm {number}"},
            "xero": {"id": f"c{number}", "email": email, "name": f"Firm {number}"},
        }
    widget = {"sku": f"W-{number}", "name": "Widget"}
    return {"hubspot": {"id": number, **widget}, "xero": {"id": f"i{number}", **widget}}
