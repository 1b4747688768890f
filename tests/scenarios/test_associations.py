"""R13: filters on associated records. All conditions in one bracket speak of the same invoice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import CONTACTS, Stage, guid, stage

TO_XERO = (
    CONTACTS.replace("to-xero: email is known", "to-xero: any invoice (status != draft and total > 100)")
    .replace("      to-hubspot: email is known\n", "")
    .replace("two-way", "to-xero")
)
TO_HUBSPOT = (
    CONTACTS.replace("to-hubspot: email is known", "to-hubspot: any invoice (status != draft and total > 100)")
    .replace("      to-xero: email is known\n", "")
    .replace("two-way", "to-hubspot")
)


def invoice(number: int, contact: int, status: str, price: str) -> dict[str, Any]:
    """A HubSpot invoice that is only a record (not billable), so that its total is what it is said to be."""
    return {
        "id": str(number),
        "properties": {
            "hs_currency": "AUD",
            "hs_invoice_billable": "false",
            "hs_invoice_status": status,
            "hs_amount_billed": price,
            "hs_number": f"M-{number}",
        },
        "associations": {"contacts": {"results": [{"id": str(contact), "type": "invoice_to_contact"}]}},
    }


WORLD: dict[str, Any] = {
    "hubspot": {
        "contacts": [
            {"id": "1", "properties": {"email": "in@example.com", "company": "In"}},
            {"id": "2", "properties": {"email": "split@example.com", "company": "Split"}},
            {"id": "3", "properties": {"email": "none@example.com", "company": "None"}},
        ],
        # Split has an open invoice and a large one, but no open large one.
        "invoices": [invoice(11, 1, "open", "150"), invoice(12, 2, "open", "50"), invoice(13, 2, "draft", "500")],
    },
    "xero": {},
}
XERO: dict[str, Any] = {
    "hubspot": {},
    "xero": {
        "contacts": [
            {"ContactID": guid(1), "Name": "In", "EmailAddress": "in@example.com"},
            {"ContactID": guid(2), "Name": "Draft", "EmailAddress": "draft@example.com"},
        ],
        "invoices": [
            {
                "Type": "ACCREC",
                "InvoiceID": guid(10 + number),
                "Contact": {"ContactID": guid(number)},
                "Status": status,
                "Date": "2026-11-01",
                "DueDate": "2026-12-01",
                "LineItems": [{"Description": "Work", "Quantity": 1, "UnitAmount": 150, "AccountCode": "200"}],
            }
            for number, status in ((1, "AUTHORISED"), (2, "DRAFT"))
        ],
    },
}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, WORLD, ruleset=TO_XERO) as found:
        yield found


def test_one_invoice_must_fulfil_all_conditions(here: Stage) -> None:
    """An open one and a large one are not one that is open and large."""
    said = here.type("apply", "--yes", "--format", "json")
    assert said.code == 0, said.text
    assert set(here.xero_contacts()) == {"In"}


def test_a_changed_invoice_makes_its_contact_be_looked_at_again(here: Stage) -> None:
    """The contact itself wasn't touched, and not everything is read for it."""
    here.type("apply", "--yes")
    here.hubspot("PATCH", "/crm/objects/2026-09/invoices/13", {"properties": {"hs_invoice_status": "open"}})
    before = len(here.sandbox.requests)
    here.type("apply", "--yes")
    assert set(here.xero_contacts()) == {"In", "Split"}
    assert not any(method == "GET" and path.endswith("/contacts") for _, method, path in here.calls(before))
    assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_it_works_from_xero_too(tmp_path: Path) -> None:
    """A Xero contact says nothing of its invoices; they are asked for."""
    with stage(tmp_path, XERO, ruleset=TO_HUBSPOT) as here:
        said = here.type("apply", "--yes", "--format", "json")
        assert said.code == 0, said.text
        assert set(here.hubspot_contacts()) == {"in@example.com"}
        here.xero("POST", f"/Invoices/{guid(12)}", {"InvoiceID": guid(12), "Status": "AUTHORISED"})
        here.type("apply", "--yes")
        assert set(here.hubspot_contacts()) == {"in@example.com", "draft@example.com"}
