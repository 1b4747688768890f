"""R3 in action: invoices with their customer, lines, tax, totals and status, both ways; edits and voids that follow.

See also: `test_rules_owners` (R7, R15–R19, R23–R25), `test_rules_payments` (R4).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import LONG_AGO, Stage, World, customer, guid, hubspot_invoice, rules, world, xero_invoice
from tests.scenarios.stage import quick_stage as stage

GST, FREE = "2148420991", "2148420992"
"""HubSpot's rates of 10 % and of nothing: Xero's OUTPUT and EXEMPTOUTPUT, by name and percentage."""
ANN = customer(1, "Ann Co", "ann@example.com")
OAK: World = {
    "hubspot": {"products": [{"id": "7", "properties": {"name": "Oak table", "hs_sku": "OAK", "price": "120.50"}}]},
    "xero": {
        "items": [
            {
                "ItemID": guid(7),
                "Code": "OAK",
                "Name": "Oak table",
                "SalesDetails": {"UnitPrice": 120.5, "AccountCode": "260"},
            }
        ]
    },
}
VOIDED_TOO = "direction: two-way, voids: {to-xero: follow}"
EDITABLE: World = {"hubspot": {"edit_invoices": True}}
"""An account whose open invoices may be edited."""


def trade(invoices: str = "direction: two-way") -> str:
    """Customers and items in step, and invoices as said."""
    both = f"direction: two-way, {LONG_AGO}"
    return rules(contacts=both, products=both, invoices=f'{invoices}, sales-account: "200", {LONG_AGO}')


def settled(here: Stage) -> bool:
    """Whether a further run would find nothing to do."""
    plan = here.type("dry-run", "--format", "json").json
    return not plan["has_changes"] and not plan["held"]


def xero_lines(here: Stage, number: str) -> list[tuple[Any, ...]]:
    """Id, text, quantity and price of each line in Xero."""
    return [
        (each["LineItemID"], each["Description"], each["Quantity"], each["UnitAmount"])
        for each in here.booked(number)["LineItems"]
    ]


def mirror_lines(here: Stage, number: str) -> set[tuple[Any, ...]]:
    """Id, text, quantity and price of each line in HubSpot."""
    return {
        (each["id"], each.get("description") or each["name"], each["quantity"], each["price"])
        for each in here.mirror(number)["lines"]
    }


# --- made in HubSpot -------------------------------------------------------------------------------------------------------

SOLD = world(
    ANN,
    OAK,
    EDITABLE,
    hubspot_invoice(
        10,
        {
            "name": "Oak table",
            "hs_sku": "OAK",
            "quantity": "3",
            "price": "120.50",
            "hs_discount_percentage": "10",
            "hs_tax_rate_group_id": GST,
        },
        {"name": "Delivery", "quantity": "1", "price": "20.05", "discount": "1.05"},
        {"hs_sku": "OAK", "quantity": "1", "price": "0"},
    ),
)


@pytest.fixture
def sold(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, SOLD, ruleset=trade()) as here:
        said = here.type("apply", "--yes")
        assert said.code == 0, said.text
        yield here


def test_r3_an_open_hubspot_invoice_is_booked_in_xero(sold: Stage) -> None:
    """Whose, when, how much, on which accounts, at which tax: the same to the cent, and then there is nothing to do."""
    booked, ours = sold.booked("INV-10"), sold.live("invoices")["10"]
    assert (booked["Type"], booked["Status"], booked["CurrencyCode"]) == ("ACCREC", "AUTHORISED", "AUD")
    assert booked["Contact"] == {"ContactID": guid(1)}
    assert (booked["Date"], booked["DueDate"]) == ("/Date(1793577600000+0000)/", "/Date(1795996800000+0000)/")
    table, delivery, gift = booked["LineItems"]
    assert (table["ItemCode"], table["Quantity"], table["UnitAmount"], table["DiscountRate"]) == ("OAK", 3, 120.5, 10)
    assert (table["TaxType"], table["TaxAmount"], table["AccountCode"]) == ("OUTPUT", 32.54, "260")
    assert (delivery["Description"], delivery["UnitAmount"], delivery["DiscountAmount"]) == ("Delivery", 20.05, 1.05)
    assert (delivery["TaxType"], delivery["TaxAmount"], delivery["AccountCode"]) == ("BASEXCLUDED", 0, "200")
    assert "ItemCode" not in delivery
    assert (gift["Description"], gift["LineAmount"], gift["AccountCode"]) == ("OAK", 0, "260")
    assert booked["Total"] == float(ours["hs_amount_billed"]) == 376.89  # 325.35 + 32.54 + 19.00
    assert settled(sold)


def test_r3_edits_in_hubspot_follow_and_the_other_lines_stay_what_they_are(sold: Stage) -> None:
    """One line changed, one removed, one added, another due date: Xero's other lines keep their ids, and so their history."""
    table, _, gift = xero_lines(sold, "INV-10")
    sold.edit_hubspot("101", "line_items", quantity="4")
    sold.hubspot("DELETE", "/crm/objects/2026-09/line_items/102")
    sold.make_hubspot("line_items", "10", name="Varnish", quantity="2", price="8.25", hs_tax_rate_group_id=GST)
    sold.edit_hubspot("10", "invoices", hs_due_date="2026-12-15T12:00:00Z")
    sold.type("apply", "--yes")
    changed, same, added = xero_lines(sold, "INV-10")
    assert (changed, same) == ((table[0], "Oak table", 4, 120.5), gift)
    assert added[1:] == ("Varnish", 2, 8.25)
    booked = sold.booked("INV-10")
    assert booked["DueDate"] == "/Date(1797292800000+0000)/"
    assert booked["Total"] == float(sold.live("invoices")["10"]["hs_amount_billed"])
    assert settled(sold)


@pytest.mark.parametrize(
    ("status", "in_xero"), [("draft", None), ("open", "AUTHORISED"), ("paid", "AUTHORISED"), ("voided", None)]
)
def test_r3_what_a_status_of_hubspot_is_in_xero(status: str, in_xero: str | None, tmp_path: Path) -> None:
    """Nobody can tell Xero that an invoice is paid: it becomes so by its payments, which are a sync of their own."""
    seed = world(ANN, hubspot_invoice(10, {"name": "Work", "quantity": "1", "price": "9"}, hs_invoice_status=status))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert here.type("apply", "--yes").code == 0
        assert [each["Status"] for each in here.sandbox.xero.world()["invoices"]] == ([in_xero] if in_xero else [])
        assert settled(here)


@pytest.mark.parametrize(("voids", "status", "held"), [("hold", "AUTHORISED", ["HX234"]), ("follow", "VOIDED", [])])
def test_r3_an_invoice_that_is_voided_in_hubspot(voids: str, status: str, held: list[str], tmp_path: Path) -> None:
    """It is voided in Xero where the ruleset says so; without a word, a person does it."""
    text = trade(VOIDED_TOO if voids == "follow" else "direction: two-way")
    with stage(tmp_path, SOLD, ruleset=text, quirks={"patch-voided": "all"}) as here:
        here.type("apply", "--yes")
        here.edit_hubspot("10", "invoices", hs_invoice_status="voided")
        said = here.type("apply", "--yes", "--format", "json")
        assert [each["code"] for each in said.json["failed"]] == held
        assert here.booked("INV-10")["Status"] == status
        if held:
            here.edit_xero(here.booked("INV-10")["InvoiceID"], "Invoices", Status="VOIDED")
            assert here.type("apply", "--yes").code == 0
        assert settled(here)


def test_r3_an_invoice_with_money_on_it_is_not_voided(tmp_path: Path) -> None:
    with stage(tmp_path, SOLD, ruleset=trade(VOIDED_TOO), quirks={"patch-voided": "all"}) as here:
        here.type("apply", "--yes")
        invoice = {"InvoiceID": here.booked("INV-10")["InvoiceID"]}
        here.make_xero("Payments", Invoice=invoice, Account={"Code": "090"}, Date="2026-11-10", Amount=5)
        here.edit_hubspot("10", "invoices", hs_invoice_status="voided")
        plan = here.type("dry-run", "--format", "json").json
        assert (plan["changes"], [each["code"] for each in plan["held"]]) == ([], ["HX235"])
        here.type("apply", "--yes")
        assert here.booked("INV-10")["Status"] == "AUTHORISED"


# --- made in Xero ----------------------------------------------------------------------------------------------------------

BOOKED = world(
    ANN,
    OAK,
    xero_invoice(
        50,
        {"Description": "Work", "Quantity": 2, "UnitAmount": 50.25, "TaxType": "OUTPUT"},
        {"Description": "Oak", "Quantity": 1, "UnitAmount": 120.5, "ItemCode": "OAK", "DiscountRate": 10},
        {"Description": "Care", "Quantity": 1, "UnitAmount": 5, "TaxType": "EXEMPTOUTPUT"},
    ),
)


@pytest.fixture
def booked(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, BOOKED, ruleset=trade()) as here:
        said = here.type("apply", "--yes")
        assert said.code == 0, said.text
        yield here


def test_r3_a_xero_invoice_gets_a_mirror_in_hubspot(booked: Stage) -> None:
    """A record that bills nobody, with Xero's customer, lines, tax, total and balance."""
    mirror = booked.mirror("SI-50")
    assert (mirror["hs_invoice_billable"], mirror["hs_invoice_status"], mirror["hs_currency"]) == (
        "false",
        "open",
        "AUD",
    )
    assert (mirror["hs_invoice_date"][:10], mirror["hs_due_date"][:10]) == ("2026-11-03", "2026-12-03")
    assert mirror["people"] == ["1"]
    by_name = {each["name"]: each for each in mirror["lines"]}
    work, table, care = (by_name[name] for name in ("Work", "Oak", "Care"))
    assert (work["name"], work["quantity"], work["price"], work["hs_tax_rate_group_id"]) == ("Work", "2", "50.25", GST)
    assert (table["hs_sku"], table["price"], table["hs_discount_percentage"]) == ("OAK", "120.5", "10")
    assert care["hs_tax_rate_group_id"] == FREE
    assert (mirror["hs_amount_billed"], mirror["hs_balance_due"]) == ("234.85", "234.85")
    assert booked.booked("SI-50")["Total"] == 234.85
    assert settled(booked)


def test_r3_edits_in_xero_follow_and_the_other_lines_stay_what_they_are(booked: Stage) -> None:
    """The mirror's unchanged line is the same record as before; the changed one too; one goes, one comes."""
    before = {each["name"]: each["id"] for each in booked.mirror("SI-50")["lines"]}
    lines = [
        {"LineItemID": guid(501), "Description": "Work", "Quantity": 3, "UnitAmount": 50.25, "TaxType": "OUTPUT"},
        {"LineItemID": guid(503), "Description": "Care", "Quantity": 1, "UnitAmount": 5, "TaxType": "EXEMPTOUTPUT"},
        {"Description": "Glue", "Quantity": 4, "UnitAmount": 2.5, "TaxType": "OUTPUT", "AccountCode": "200"},
    ]
    booked.edit_xero(guid(50), "Invoices", LineItems=lines, DueDate="2026-12-20")
    booked.type("apply", "--yes")
    mirror = booked.mirror("SI-50")
    after = {each["name"]: each["id"] for each in mirror["lines"]}
    assert mirror_lines(booked, "SI-50") == {
        (before["Work"], "Work", "3", "50.25"),
        (before["Care"], "Care", "1", "5"),
        (after["Glue"], "Glue", "4", "2.5"),
    }
    assert before["Oak"] not in booked.live("line_items")
    assert mirror["hs_due_date"][:10] == "2026-12-20"
    assert float(mirror["hs_amount_billed"]) == booked.booked("SI-50")["Total"] == 181.83
    assert settled(booked)


@pytest.mark.parametrize(
    ("status", "paid", "in_hubspot", "balance"),
    [
        ("DRAFT", 0, "draft", 11),
        ("SUBMITTED", 0, "draft", 11),
        ("AUTHORISED", 0, "open", 11),
        ("AUTHORISED", 4, "open", 7),
        ("PAID", 11, "paid", 0),
        ("VOIDED", 0, None, 0),
        ("DELETED", 0, None, 0),
    ],
)
def test_r3_what_a_status_of_xero_is_in_hubspot(
    status: str, paid: int, in_hubspot: str | None, balance: int, tmp_path: Path
) -> None:
    """An invoice that was voided or deleted before anybody knew of it is left where it is. Payments are a sync of their own."""
    seed = world(ANN, xero_invoice(50, {"Description": "Work", "Quantity": 1, "UnitAmount": 10}, Status=status))
    if paid:
        seed["xero"]["payments"] = [{"Invoice": {"InvoiceID": guid(50)}, "Amount": paid, "Date": "2026-11-04"}]
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert here.type("apply", "--yes").code == 0
        if in_hubspot is None:
            assert here.live("invoices") == {}
        else:
            mirror = here.mirror("SI-50")
            assert (mirror["hs_invoice_status"], float(mirror["hs_balance_due"])) == (in_hubspot, balance)
        assert settled(here)


@pytest.mark.parametrize(("voids", "status"), [("", "voided"), ("hold", "open")], ids=["follow is the default", "hold"])
def test_r3_an_invoice_that_is_voided_in_xero(voids: str, status: str, tmp_path: Path) -> None:
    text = trade("direction: two-way" + (f", voids: {{to-hubspot: {voids}}}" if voids else ""))
    with stage(tmp_path, BOOKED, ruleset=text) as here:
        here.type("apply", "--yes")
        here.edit_xero(guid(50), "Invoices", Status="VOIDED")
        said = here.type("apply", "--yes", "--format", "json")
        assert [each["code"] for each in said.json["failed"]] == (["HX234"] if voids else [])
        assert here.mirror("SI-50")["hs_invoice_status"] == status
        assert bool(voids) or settled(here)


def test_r3_a_draft_that_is_approved_and_one_that_is_deleted_in_xero(tmp_path: Path) -> None:
    work = {"Description": "Work", "Quantity": 1, "UnitAmount": 10}
    seed = world(ANN, xero_invoice(50, work, Status="DRAFT"), xero_invoice(51, work, Status="DRAFT"))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        here.type("apply", "--yes")
        here.edit_xero(guid(50), "Invoices", Status="AUTHORISED")
        here.edit_xero(guid(51), "Invoices", Status="DELETED")
        assert here.type("apply", "--yes").code == 0
        assert (here.mirror("SI-50")["hs_invoice_status"], here.mirror("SI-51")["hs_invoice_status"]) == (
            "open",
            "voided",
        )
        assert settled(here)


TAXED = {"Quantity": 1, "UnitAmount": 99.99, "TaxType": "OUTPUT", "Description": "Taxed"}


@pytest.mark.parametrize(
    ("amounts", "lines"),
    [
        ("Inclusive", [TAXED, {**TAXED, "Quantity": 3, "UnitAmount": 0.35}, {**TAXED, "DiscountRate": 12.5}]),
        ("NoTax", [{**TAXED, "TaxType": "BASEXCLUDED"}]),
        ("Exclusive", [TAXED, {**TAXED, "Quantity": 7, "UnitAmount": 3.3333, "DiscountAmount": 1.11}]),
        ("Exclusive", [TAXED, {"Description": "Goodwill", "Quantity": 1, "UnitAmount": -12.34, "TaxType": "OUTPUT"}]),
        ("Exclusive", [TAXED, {"Description": "Thank you for your order."}]),
    ],
    ids=["tax within the prices", "no tax", "money off a line", "a line below zero", "a line of text"],
)
def test_r3_every_kind_of_line_arrives_to_the_cent(amounts: str, lines: list[dict[str, Any]], tmp_path: Path) -> None:
    """HubSpot adds the mirror up by itself, and comes to what Xero says."""
    with stage(
        tmp_path,
        world(ANN, xero_invoice(50, *lines, LineAmountTypes=amounts)),
        ruleset=trade(),
        quirks={"mirror-amounts": "ignored"},
    ) as here:
        assert here.type("apply", "--yes").code == 0
        mirror = here.mirror("SI-50")
        assert len(mirror["lines"]) + len(mirror["discounts"]) == len(lines)
        assert float(mirror["hs_amount_billed"]) == here.booked("SI-50")["Total"]
        assert settled(here)


@pytest.mark.parametrize("direction", ["to-hubspot", "to-xero"])
def test_r3_one_way_only(direction: str, tmp_path: Path) -> None:
    """An invoice in each app; only the one that the direction wants is carried over."""
    seed = world(SOLD, {"xero": {"invoices": BOOKED["xero"]["invoices"]}})
    with stage(tmp_path, seed, ruleset=trade(f"direction: {direction}")) as here:
        assert here.type("apply", "--yes").code == 0
        ours = {each["hs_number"] for each in here.live("invoices").values()}
        theirs = {each["InvoiceNumber"] for each in here.sandbox.xero.world()["invoices"]}
        assert (ours, theirs) == (
            ({"INV-10", "SI-50"}, {"SI-50"}) if direction == "to-hubspot" else ({"INV-10"}, {"INV-10", "SI-50"})
        )
