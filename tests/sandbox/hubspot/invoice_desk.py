"""A client of the local HubSpot that speaks of invoices, lines and payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx

OBJECTS = "/crm/objects/2026-09"
TYPE_IDS = {
    "contacts": 177,
    "companies": 179,
    "line_items": 409,
    "discounts": 411,
    "fees": 413,
    "taxes": 415,
    "commerce_payments": 541,
}
"""The association types from an invoice to what it is linked with."""
GST, GST_FREE, LEVY, INACTIVE = "2148420991", "2148420992", "2148420995", "2148420996"


def spec(type_id: int) -> list[dict[str, Any]]:
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]


class Desk:
    """Makes and changes records; what isn't refused by name (`send`) must succeed."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def send(self, method: str, path: str, json: Any = None) -> httpx.Response:
        return self.client.request(method, f"{OBJECTS}/{path}", json=json)

    def add(self, type: str, links: dict[str, str] | None = None, **properties: Any) -> str:
        """A new record; `links` are ids of invoices or, for an invoice, of others, by type."""
        associations = [
            {"to": {"id": id}, "types": spec(TYPE_IDS[type] + 1 if target == "invoices" else TYPE_IDS[target])}
            for target, id in (links or {}).items()
        ]
        answer = self.send("POST", type, {"properties": properties, "associations": associations})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def set(self, type: str, id: str, **properties: Any) -> httpx.Response:
        """The answer to new values."""
        return self.send("PATCH", f"{type}/{id}", {"properties": properties})

    def link(self, invoice: str, type: str, id: str) -> httpx.Response:
        """The answer to linking an invoice with a record."""
        return self.send("PUT", f"invoices/{invoice}/associations/default/{type}/{id}")

    def unlink(self, invoice: str, type: str, id: str) -> httpx.Response:
        """The answer to removing that link."""
        return self.send("DELETE", f"invoices/{invoice}/associations/{type}/{id}")

    def get(self, type: str, id: str, *names: str) -> dict[str, str]:
        """The named properties of a record."""
        answer = self.client.get(f"{OBJECTS}/{type}/{id}", params={"properties": ",".join(names)})
        assert answer.status_code == 200, answer.text
        properties: dict[str, str] = answer.json()["properties"]
        return {name: properties[name] for name in names}

    def state(self, invoice: str) -> tuple[str, Decimal, Decimal]:
        """Status, total and balance of an invoice."""
        has = self.get("invoices", invoice, "hs_invoice_status", "hs_amount_billed", "hs_balance_due")
        return has["hs_invoice_status"], Decimal(has["hs_amount_billed"]), Decimal(has["hs_balance_due"])

    def invoice(self, *lines: dict[str, Any], opened: bool = True, **properties: Any) -> str:
        """A billable invoice of a contact with lines, opened unless told otherwise."""
        contact = self.add("contacts", firstname="Ada")
        id = self.add("invoices", {"contacts": contact}, **{"hs_currency": "AUD", **properties})
        for line in lines or ({"name": "Tea", "price": "100", "quantity": "1"},):
            self.add("line_items", {"invoices": id}, **line)
        if opened:
            answer = self.set("invoices", id, hs_invoice_status="open")
            assert answer.status_code == 200, answer.text
        return id

    def mirror(self, **properties: Any) -> str:
        """The record of an invoice that another system issued."""
        return self.add("invoices", **{"hs_currency": "AUD", "hs_invoice_billable": "false", **properties})

    def pay(self, invoice: str, amount: str, **properties: Any) -> str:
        """A payment that succeeded, linked with an invoice."""
        given = {"hs_initial_amount": amount, "hs_initiated_date": "2026-11-01T00:00:00Z", **properties}
        return self.add("commerce_payments", {"invoices": invoice}, **{"hs_latest_status": "succeeded", **given})


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, category and message of a refused request."""
    body = answer.json()
    return answer.status_code, body["category"], body["message"]
