"""Xero keeps the contract of all connectors, for contacts, for items and for invoices."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final

from hxrules.records import App, Failure
from hxrules.values import Line, Lines, Value
from tests.connectors.contacts import ContactsContract
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.suite import ConnectorContract

OTHERWISE: Final = {
    "xero-server-error": "503", "if-modified-since": "inclusive", "slot": "merge", "cache-validation-errors": "no",
    "scope-status": "403", "scope-refusal": "unauthorized_client", "name-case": "sensitive",
}  # fmt: skip
"""The other answer to every question that Xero's documents leave open."""


class TestContacts(ContactsContract):
    app = App.XERO
    page = 1000
    name = "name"
    day = "day"
    after_500 = Failure.IN_DOUBT
    scope = "accounting.contacts"
    poor: ClassVar = {"app": {"scopes": ["accounting.settings", "accounting.invoices"]}}

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        gone = {"ContactStatus": "ARCHIVED"} if state.get("archived") or state.get("merged_into") else {}
        merged = {"MergedToContactID": self.id_of(state["merged_into"])} if "merged_into" in state else {}
        return {"ContactID": self.id_of(number), "Name": name, "EmailAddress": key, **gone, **merged}

    def id_of(self, number: int) -> str:
        return f"{number:08}-0000-4000-8000-000000000000"

    def cut_off(self, stage: Stage) -> None:
        [connection] = stage.direct("GET", "/connections")
        stage.direct("DELETE", f"/connections/{connection['id']}")


class TestContactsOtherwise(TestContacts):
    """The other answer to every question that Xero's documents leave open."""

    quirks = OTHERWISE


class TestItems(ConnectorContract):
    app = App.XERO
    type = "items"
    page = 1_000_000
    key = "sku"
    name = "name"
    label = "description"
    text = "purchase_description"
    keys: ClassVar = ["A & B (1)", 'x"y"', "Müller-1", "C\\D", "100% o'B"]
    bad: ClassVar = ("name", "x" * 51, "too-long")
    before: ClassVar = {"sku": "A-1", "description": "Blue", "price": Decimal("10.1234"), "cost": Decimal("5.5")}
    after: ClassVar = {"description": None, "price": Decimal("12.3456")}
    after_500 = Failure.IN_DOUBT

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        changed = f"/Date({1_780_000_000_000 + 1000 * number}+0000)/"
        return {"ItemID": self.id_of(number), "Code": key, "Name": name, "UpdatedDateUTC": changed}

    def id_of(self, number: int) -> str:
        return f"{number:08}-0000-4000-8000-000000000000"

    def key_of(self, number: int) -> str:
        return f"P-{number:04}"

    def new(self, number: int) -> dict[str, Value]:
        return {"sku": self.key_of(number), "name": f"P{number} Ltd", "description": f"P{number}"}


class TestItemsOtherwise(TestItems):
    """The other answer to every question that Xero's documents leave open."""

    quirks = OTHERWISE


class TestInvoices(ConnectorContract):
    app = App.XERO
    type = "invoices"
    page = 1000
    key = "number"
    name = "reference"
    label = "reference"
    text = "reference"
    keys: ClassVar = ["A & B (1)", 'x"y"', "SI/2026-1", "C\\D", "100% o'B"]
    bad: ClassVar = ("reference", "x" * 256, "too-long")
    customer: ClassVar = "99999999-0000-4000-8000-000000000000"
    lines: ClassVar = Lines(
        (
            Line.of(
                "lines",
                None,
                {
                    "Description": "Work",
                    "Quantity": Decimal(2),
                    "UnitAmount": Decimal("10.1234"),
                    "AccountCode": "200",
                },
            ),
        )
    )
    before: ClassVar = {
        "number": "SI-1",
        "customer": customer,
        "status": "authorised",
        "created": date(2026, 5, 1),
        "due_date": date(2026, 5, 31),
        "currency": "USD",
        "lines": lines,
    }
    after: ClassVar = {"due_date": date(2026, 6, 30), "number": "SI-2"}
    after_500 = Failure.IN_DOUBT

    def stage(self, stages: ExitStack, *rows: Mapping[str, Any], **options: Any) -> Stage:
        options["quirks"] = {**options.get("quirks", UNLIMITED), **self.quirks}
        customer = {"ContactID": self.customer, "Name": "Ann"}
        options["seed_file"] = {"xero": {"contacts": [customer], "invoices": rows, "currencies": ["AUD", "USD"]}}
        return stages.enter_context(staged(self.app, self.type, **options))

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        return {
            "InvoiceID": self.id_of(number),
            "Type": "ACCREC",
            "Contact": {"ContactID": self.customer},
            "InvoiceNumber": key,
            "Reference": name,
            "Date": "/Date(1780012800000+0000)/",
            "LineItems": [{"Description": "Work", "UnitAmount": 10, "AccountCode": "200", "TaxType": "OUTPUT"}],
            "UpdatedDateUTC": f"/Date({1_780_000_000_000 + 1000 * number}+0000)/",
        }

    def id_of(self, number: int) -> str:
        return f"{number:08}-0000-4000-8000-000000000000"

    def key_of(self, number: int) -> str:
        return f"SI-{number:04}"

    def new(self, number: int) -> dict[str, Value]:
        own = {"number": self.key_of(number), "reference": f"P{number}", "customer": self.customer}
        return {**own, "lines": self.lines}


class TestInvoicesOtherwise(TestInvoices):
    """The other answer to every question that Xero's documents leave open."""

    quirks: ClassVar = {
        **OTHERWISE,
        "due-before-date": "refused",
        "empty-line-list": "removes",
        "number-reuse": "yes",
        "terms-due-date": "ignored",
        "tie-rounding": "half-even",
    }
