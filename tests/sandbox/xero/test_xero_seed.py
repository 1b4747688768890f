"""Seeds and dumps: the same seed gives the same world, and a dump is a seed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from xero_client import ConnectXero, Xero

from hxrules.sandbox import xero as xero_app
from hxrules.sandbox.environment import Environment, resolve_quirks

START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PART: dict[str, Any] = {
    "organisation": {"Version": "NZ", "Name": "Acme Ltd"},
    "currencies": ["NZD", {"Code": "JPY", "Description": "Japanese Yen"}],
    "contacts": [
        {"Name": "A", "Discount": 12.5, "Phones": [{"PhoneType": "DDI", "PhoneNumber": "1"}]},
        {"Name": "B", "ContactStatus": "ARCHIVED", "ContactPersons": [{"FirstName": "P"}]},
    ],
    "items": [{"Code": "GB1", "Name": "Golf balls", "SalesDetails": {"UnitPrice": 5.6, "AccountCode": "200"}}],
    "invoices": [
        {"Contact": {"Name": "A"}, "Status": "AUTHORISED", "Date": "2026-11-01", "Total": 11.5, "LineItems": [{}]}
    ],
    "payments": [{"Invoice": {"InvoiceNumber": "INV-0001"}, "Amount": 1.5, "Date": "2026-11-02", "Reference": "r"}],
}


INVOICED: dict[str, Any] = {
    "contacts": [{"Name": "A"}],
    "invoices": [{"Contact": {"Name": "A"}, "Total": 5, "Status": "AUTHORISED"}],
}


def dump(xero: Xero) -> dict[str, Any]:
    world: dict[str, Any] = xero.http.get("/_sandbox/world").json()["xero"]
    return world


def test_the_same_seed_gives_the_same_world_and_credentials(connect: ConnectXero) -> None:
    first, second = (connect(part=PART, clock=START) for _ in range(2))
    assert dump(first) == dump(second)
    assert first.info.xero_client_id == second.info.xero_client_id
    other = connect(part=PART, clock=START, seed="small")
    assert other.info.xero_tenant != first.info.xero_tenant


def test_reads_do_not_change_the_ids_of_later_records(connect: ConnectXero) -> None:
    first, second = (connect(part=PART, clock=START) for _ in range(2))
    for _ in range(3):
        second.get("Contacts")
        second.sign_in()
    assert first.make(Name="New")["ContactID"] == second.make(Name="New")["ContactID"]


def test_a_dump_is_a_seed_of_the_same_world(connect: ConnectXero) -> None:
    first = connect(part=PART, clock=START)
    contact = first.make(Name="C", ContactNumber="N1")
    first.call("PUT", f"Contacts/{contact['ContactID']}/History", {"HistoryRecords": [{"Details": "note"}]})
    world = dump(first)
    again = connect(part=world, clock=START)
    assert dump(again) == world
    notes = again.get(f"Contacts/{contact['ContactID']}/History").json()["HistoryRecords"]
    assert [note["Details"] for note in notes] == ["note"]


def test_a_dump_has_all_kinds_of_records_in_xeros_own_form(connect: ConnectXero) -> None:
    world = dump(connect(part=PART, clock=START))
    assert [row["Code"] for row in world["currencies"]] == ["NZD", "JPY"]
    assert [row["Name"] for row in world["contacts"]] == ["A", "B"]
    assert world["contacts"][0]["IsCustomer"] is True
    assert world["items"][0]["SalesDetails"]["UnitPrice"] == 5.6
    invoice = world["invoices"][0]
    assert (invoice["InvoiceNumber"], invoice["AmountPaid"], invoice["AmountDue"]) == ("INV-0001", 1.5, 10)
    assert invoice["LineItems"][0]["LineItemID"]
    assert world["payments"][0]["PaymentType"] == "ACCRECPAYMENT"
    assert world["payments"][0]["Invoice"] == {"InvoiceID": world["invoices"][0]["InvoiceID"]}
    assert world["payments"][0]["Date"] == "/Date(1793577600000+0000)/"


def test_dates_that_a_seed_leaves_out_lie_before_its_day(connect: ConnectXero) -> None:
    xero = connect(part=PART, clock=START)
    since = {"If-Modified-Since": "2026-11-22T00:00:00"}
    assert xero.names(page=1, includeArchived="true", headers=since) == []


@pytest.mark.parametrize(
    ("amounts", "line", "expected"),
    [
        ("Exclusive", {"Quantity": 2, "UnitAmount": 10.5, "AccountCode": "200"}, (21, 3.15, 24.15)),
        ("Inclusive", {"UnitAmount": 541.25, "AccountCode": "200"}, (470.65, 70.6, 541.25)),
        ("NoTax", {"LineAmount": 7, "AccountCode": "200"}, (7, 0, 7)),
        ("Exclusive", {"UnitAmount": 100, "DiscountRate": 20, "TaxType": "NONE"}, (80, 0, 80)),
        ("Exclusive", {"UnitAmount": 100, "AccountCode": "200", "TaxAmount": 14.99}, (100, 14.99, 114.99)),
    ],
)
def test_a_seed_needs_no_figures_that_xero_works_out(
    connect: ConnectXero, amounts: str, line: dict[str, Any], expected: tuple[float, ...]
) -> None:
    document = {"Contact": {"Name": "A"}, "LineAmountTypes": amounts, "LineItems": [{"Description": "Work", **line}]}
    part = {"organisation": {"Version": "NZ"}, "contacts": [{"Name": "A"}], "invoices": [document]}
    row = connect(part=part).one("GET", "Invoices/INV-0001")
    assert (row["SubTotal"], row["TotalTax"], row["Total"]) == expected
    assert row["AmountDue"] == row["Total"]


@pytest.mark.parametrize(
    ("paid", "status", "due"),
    [([], "AUTHORISED", 5), ([2], "AUTHORISED", 3), ([2, 3], "PAID", 0), ([2.5, 2.5], "PAID", 0)],
)
@pytest.mark.parametrize("inside", [True, False])
def test_payments_of_a_seed_settle_its_invoices(
    connect: ConnectXero, paid: list[float], status: str, due: float, inside: bool
) -> None:
    rows = [{"Amount": amount, "Date": "2026-11-02", "Invoice": {"InvoiceNumber": "INV-0001"}} for amount in paid]
    part: dict[str, Any] = {**INVOICED, "payments": rows}
    if inside:
        part = {**INVOICED, "invoices": [{**INVOICED["invoices"][0], "Payments": rows}]}
    xero = connect(part=part)
    row = xero.one("GET", "Invoices/INV-0001")
    assert (row["Status"], row["AmountPaid"], row["AmountDue"]) == (status, sum(paid), due)
    assert len(row.get("Payments", [])) == len(xero.get("Payments").json()["Payments"]) == len(paid)


@pytest.mark.parametrize(
    "part",
    [
        {"contacts": [{"EmailAddress": "x@example.com"}]},
        {"invoices": [{"Contact": {"Name": "Nobody"}}]},
        {"payments": [{"Invoice": {"InvoiceNumber": "INV-1"}}]},
        {"organisation": {"Version": "MOON"}},
        {"contacts": [{"Name": "A", "UpdatedDateUTC": "someday"}]},
        {"items": [{"Name": "without a code"}]},
        {"contacts": [{"Name": "A"}], "invoices": [{"Contact": {"Name": "A"}, "Total": 5, "AmountPaid": 5}]},
        {**INVOICED, "payments": [{"Invoice": {"InvoiceNumber": "INV-0001"}, "Amount": 5.01}]},
        {**INVOICED, "payments": [{"Invoice": {"InvoiceNumber": "INV-0001"}, "Amount": 1}], "accounts": []},
    ],
)
def test_a_seed_that_makes_no_world_is_refused(part: dict[str, Any]) -> None:
    environment = Environment(quirks=resolve_quirks({}, xero_app.QUIRKS))
    with pytest.raises(ValueError):
        xero_app.create(part, environment)


def test_a_seed_file_in_yaml_may_write_dates_plainly(connect: ConnectXero, tmp_path: Path) -> None:
    text = "xero: {contacts: [{Name: A, UpdatedDateUTC: 2026-05-01}, {Name: B, UpdatedDateUTC: 2026-05-01T10:00:00Z}]}"
    file = tmp_path / "seed.yaml"
    file.write_text(text, encoding="utf-8")
    rows = connect(seed_file=file).get("Contacts").json()["Contacts"]
    assert [row["UpdatedDateUTC"] for row in rows] == ["/Date(1777593600000+0000)/", "/Date(1777629600000+0000)/"]


def test_the_seed_can_name_the_app_and_narrow_its_scopes(connect: ConnectXero) -> None:
    app = {"client_id": "me", "client_secret": "mine", "scopes": ["accounting.contacts"]}
    xero = connect("accounting.contacts", part={"app": app})
    assert (xero.info.xero_client_id, xero.info.xero_client_secret) == ("me", "mine")
    assert xero.token(scope="accounting.settings").json() == {"error": "invalid_scope"}
    assert xero.get("Organisation").status_code == 401
