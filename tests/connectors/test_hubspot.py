"""HubSpot keeps the contract of all connectors, for contacts and for products."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from hxrules.records import App
from hxrules.values import Value
from tests.connectors.contacts import ContactsContract
from tests.connectors.stage import Stage
from tests.connectors.suite import ConnectorContract

OTHERWISE: Final = {
    "retry-after": "present", "merged-id-read": "redirect", "batch-conflict": "409", "batch-order": "input",
    "write-echo": "all", "noop-update": "stays", "email-id-secondary": "no", "association-read-empty": "absent",
    "to-object-id": "number", "line-items-key": "plain",
}  # fmt: skip
"""The other answer to every question that HubSpot's documents leave open."""


class TestContacts(ContactsContract):
    app = App.HUBSPOT
    page = 100
    name = "company-name"
    day = "daily"
    after_500 = None
    scope = "crm.objects.contacts.read"
    poor: ClassVar = {"account": {"scopes": ["oauth"]}}

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        if state.get("merged_into"):
            return self.row(100 + number)
        absorbed = {"hs_merged_object_ids": self.id_of(state["absorbed"])} if "absorbed" in state else {}
        properties = {"email": key, "company": name, "firstname": f"N{number}", **absorbed}
        return {"id": self.id_of(number), "properties": properties, "archived": state.get("archived", False)}

    def id_of(self, number: int) -> str:
        return str(5000 + number)

    def cut_off(self, stage: Stage) -> None:
        stage.connectors = stage.again(hubspot_token="pat-na1-revoked").connectors


class TestContactsOtherwise(TestContacts):
    """The other answer to every question that HubSpot's documents leave open."""

    quirks = OTHERWISE


class TestProducts(ConnectorContract):
    app = App.HUBSPOT
    type = "products"
    page = 100
    key = "sku"
    name = "description"
    label = "name"
    text = "description"
    keys: ClassVar = ["A & B (1)", 'x"y"', "Müller-1", "C\\D", "100% o'B"]
    bad: ClassVar = ("price", Decimal("-1"), "validation")
    before: ClassVar = {"sku": "A-1", "name": "Blue", "price": Decimal("10.1234"), "cost": Decimal("5.5")}
    after: ClassVar = {"name": "Green", "price": Decimal("12.345678"), "cost": None}
    after_500 = None

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        changed = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=number)
        at = changed.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        properties = {"name": f"N{number}", "hs_sku": key, "description": name}
        return {"id": self.id_of(number), "properties": properties, "createdAt": at, "updatedAt": at}

    def id_of(self, number: int) -> str:
        return str(5000 + number)

    def key_of(self, number: int) -> str:
        return f"P-{number:04}"

    def new(self, number: int) -> dict[str, Value]:
        return {"sku": self.key_of(number), "name": f"P{number}", "description": f"P{number} Ltd"}


class TestProductsOtherwise(TestProducts):
    """The other answer to every question that HubSpot's documents leave open."""

    quirks = OTHERWISE
