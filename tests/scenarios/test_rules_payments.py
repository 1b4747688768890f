"""R4 in action: payments of synced invoices, both ways; what was paid is owed in neither app.

See also: `test_rules_invoices` (R3), `test_rules_owners` (R18: whose an invoice is).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import LONG_AGO, Stage, customer, guid, hubspot_invoice, person, rules, world, xero_invoice
from tests.scenarios.stage import quick_stage as stage

ANN = customer(1, "Ann Co", "ann@example.com")
WORK = {"name": "Work", "quantity": "1", "price": "100"}
LABOUR = {"Description": "Labour", "Quantity": 1, "UnitAmount": 100, "TaxType": "EXEMPTOUTPUT"}
TRADE = world(ANN, hubspot_invoice(10, WORK), xero_invoice(50, LABOUR))
"""An invoice of each app; each comes to 100."""


def trade(payments: str = "history: all", invoices: str = "") -> str:
    both = f"direction: two-way, {LONG_AGO}"
    return rules(
        contacts=both,
        invoices=f'{both}, sales-account: "200"{invoices}',
        payments=f'{both}, bank-account: "090", {payments}',
    )


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, TRADE, ruleset=trade()) as here:
        assert here.type("apply", "--yes").code == 0
        yield here


def pay_in_hubspot(here: Stage, invoice: str, amount: str, day: str = "2026-11-10", **more: str) -> str:
    said = {"hs_initial_amount": amount, "hs_initiated_date": f"{day}T12:00:00Z", "hs_currency_code": "AUD"}
    return here.make_hubspot("commerce_payments", invoice, **{**said, "hs_latest_status": "succeeded", **more})


def pay_in_xero(here: Stage, invoice: str, amount: float, day: str = "2026-11-11", **more: Any) -> str:
    made = here.make_xero(
        "Payments", Invoice={"InvoiceID": invoice}, Account={"Code": "090"}, Date=day, Amount=amount, **more
    )
    return str(made["PaymentID"])


def apply(here: Stage) -> list[str]:
    """A run; the codes of what it held."""
    return [each["code"] for each in here.type("apply", "--yes", "--format", "json").json["failed"]]


def received(here: Stage) -> list[tuple[Any, str]]:
    """HubSpot's payments: amount and day."""
    rows = here.live("commerce_payments").values()
    return sorted((Decimal(each["hs_initial_amount"]), each["hs_initiated_date"][:10]) for each in rows)


def receipts(here: Stage) -> list[tuple[Any, str]]:
    """Xero's payments: amount and status."""
    return sorted((each["Amount"], each["Status"]) for each in here.sandbox.xero.world()["payments"])


def owed(here: Stage, number: str) -> tuple[Any, ...]:
    """Status in HubSpot and in Xero, and what is still owed there and there."""
    ours, theirs = here.mirror(number), here.booked(number)
    return ours["hs_invoice_status"], theirs["Status"], Decimal(ours["hs_balance_due"]), theirs["AmountDue"]


def test_r4_a_payment_in_hubspot_is_received_in_xero(trading: Stage) -> None:
    """On the account of the ruleset, with amount, day and reference; the invoice is paid in both apps."""
    pay_in_hubspot(trading, "10", "100", hs_reference_number="CHQ-7")
    assert apply(trading) == []
    (payment,) = trading.sandbox.xero.world()["payments"]
    bank = {each["AccountID"]: each["Code"] for each in trading.sandbox.xero.world()["accounts"]}
    assert bank[payment["Account"]["AccountID"]] == "090"
    assert (payment["Amount"], payment["Reference"], payment["Date"]) == (100, "CHQ-7", "/Date(1794268800000+0000)/")
    assert payment["Invoice"]["InvoiceID"] == trading.booked("INV-10")["InvoiceID"]
    assert owed(trading, "INV-10") == ("paid", "PAID", 0, 0)
    assert trading.type("dry-run", "--format", "json").json["has_changes"] is False


def test_r4_a_payment_in_xero_is_recorded_in_hubspot(trading: Stage) -> None:
    """For the mirror of Xero's invoice and for HubSpot's own; both are paid in both apps."""
    pay_in_xero(trading, guid(50), 100, Reference="BANK-1")
    pay_in_xero(trading, trading.booked("INV-10")["InvoiceID"], 100, Reference="BANK-2")
    assert apply(trading) == []
    assert received(trading) == [(100, "2026-11-11"), (100, "2026-11-11")]
    rows = trading.live("commerce_payments").values()
    assert {each["hs_reference_number"] for each in rows} == {"BANK-1", "BANK-2"}
    assert {(each["hs_latest_status"], each["hs_currency_code"]) for each in rows} == {("succeeded", "AUD")}
    assert apply(trading) == []
    assert owed(trading, "SI-50") == ("paid", "PAID", 0, 0)
    assert owed(trading, "INV-10") == ("paid", "PAID", 0, 0)
    assert trading.type("dry-run", "--format", "json").json["has_changes"] is False


def test_r4_an_invoice_is_paid_in_parts_and_from_both_sides(trading: Stage) -> None:
    """Two payments of the same amount on one day are two; what is left to pay is the same in both apps at each step."""
    pay_in_hubspot(trading, "10", "20")
    pay_in_hubspot(trading, "10", "20")
    assert apply(trading) == []
    assert owed(trading, "INV-10") == ("open", "AUTHORISED", 60, 60)
    pay_in_xero(trading, trading.booked("INV-10")["InvoiceID"], 35.5)
    assert apply(trading) == []
    assert owed(trading, "INV-10") == ("open", "AUTHORISED", Decimal("24.5"), 24.5)
    pay_in_hubspot(trading, "10", "24.50")
    assert apply(trading) == []
    assert owed(trading, "INV-10") == ("paid", "PAID", 0, 0)
    assert len(receipts(trading)) == len(received(trading)) == 4
    assert trading.type("dry-run", "--format", "json").json["has_changes"] is False


def test_r4_a_payment_of_xeros_that_is_deleted_there_is_gone(trading: Stage) -> None:
    """Deletes aren't passed on: it is reported once, and not made anew."""
    payment = pay_in_xero(trading, guid(50), 40)
    apply(trading)
    trading.edit_xero(payment, "Payments", Status="DELETED")
    plan = trading.type("dry-run", "--format", "json").json
    assert [(each["sync"], each["app"], each["xero"]) for each in plan["gone"]] == [("payments", "xero", payment)]
    assert apply(trading) == []
    assert (received(trading), receipts(trading)) == ([(40, "2026-11-11")], [(40, "DELETED")])
    assert Decimal(trading.mirror("SI-50")["hs_balance_due"]) == trading.booked("SI-50")["AmountDue"] == 100
    assert trading.type("dry-run", "--format", "json").json["has_changes"] is False


def test_r4_a_payment_of_hubspots_that_is_deleted_in_xero_is_an_edit_outside(trading: Stage) -> None:
    """R18: only HubSpot takes its own payment back. The invoice's other payments go on."""
    payment = pay_in_hubspot(trading, "10", "40")
    apply(trading)
    (booked,) = trading.sandbox.xero.world()["payments"]
    trading.edit_xero(booked["PaymentID"], "Payments", Status="DELETED")
    pay_in_hubspot(trading, "10", "15")
    said = trading.type("apply", "--yes", "--format", "json").json
    (problem,) = said["failed"]
    assert (problem["code"], problem["hubspot"], problem["xero"]) == ("HX224", payment, booked["PaymentID"])
    assert receipts(trading) == [(15, "AUTHORISED"), (40, "DELETED")]
    trading.hubspot("DELETE", f"/crm/objects/2026-09/commerce_payments/{payment}")
    assert apply(trading) == []


def test_r4_no_more_is_paid_than_is_owed(trading: Stage) -> None:
    """Somebody has entered a part of it in Xero already: the rest isn't forced, and the others go on."""
    payment = pay_in_hubspot(trading, "10", "80")
    pay_in_xero(trading, trading.booked("INV-10")["InvoiceID"], 30)
    said = trading.type("apply", "--yes", "--format", "json").json
    (problem,) = said["failed"]
    assert (problem["code"], problem["hubspot"]) == ("HX233", payment)
    assert "80.00" in problem["cause"]
    assert "70.00" in problem["cause"]
    assert (receipts(trading), received(trading)) == (
        [(30, "AUTHORISED")], [(30, "2026-11-11"), (80, "2026-11-10")],
    )  # fmt: skip
    trading.edit_hubspot(payment, "commerce_payments", hs_initial_amount="70")
    assert apply(trading) == []
    assert receipts(trading) == [(30, "AUTHORISED"), (70, "AUTHORISED")]


@pytest.mark.parametrize(("history", "arrive"), [("after-start", 1), ("all", 2)])
def test_r4_old_payments_count_only_where_the_ruleset_says_so(history: str, arrive: int, tmp_path: Path) -> None:
    """Of each app: one from before the day on which the sync was set up, and one of that day."""
    text = trade(f"history: {history}").replace(
        f'{LONG_AGO}, bank-account: "090"', 'started: 2026-11-15T00:00:00Z, bank-account: "090"'
    )
    with stage(tmp_path, TRADE, ruleset=text) as here:
        apply(here)
        for day in ("2026-11-10", "2026-11-15"):
            pay_in_hubspot(here, "10", "40", day)
            pay_in_xero(here, guid(50), 30, day)
        assert apply(here) == []
        assert len([each for each in receipts(here) if each[0] == 40]) == arrive
        assert len([each for each in received(here) if each[0] == 30]) == arrive


def test_r4_a_payment_that_has_not_arrived_stays(trading: Stage) -> None:
    payment = pay_in_hubspot(trading, "10", "40", hs_latest_status="processing")
    assert apply(trading) == []
    assert receipts(trading) == []
    trading.edit_hubspot(payment, "commerce_payments", hs_latest_status="succeeded")
    assert apply(trading) == []
    assert receipts(trading) == [(40, "AUTHORISED")]


def test_r4_a_portal_that_takes_no_payments_says_so_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The mirror still shows what is owed: that is a figure of its own."""
    with stage(tmp_path, world(TRADE, {"hubspot": {"payments_enabled": False}}), ruleset=trade()) as here:
        pay_in_xero(here, guid(50), 40)
        assert apply(here) == ["HX243"]
        assert owed(here, "SI-50") == ("open", "AUTHORISED", 60, 60)
        assert here.booked("INV-10")["Status"] == "AUTHORISED"


def test_r4_a_payment_waits_for_its_invoice(tmp_path: Path) -> None:
    """The invoice's customer isn't in Xero; as soon as it may go there, all three go in one run."""
    seed = world(person(1, "No Mail Co", None), hubspot_invoice(10, WORK))
    text = trade().replace("contacts: {", "contacts: {filters: {to-xero: email is known}, ")
    with stage(tmp_path, seed, ruleset=text) as here:
        pay_in_hubspot(here, "10", "40")
        assert apply(here) == ["HX223", "HX232"]
        here.edit_hubspot("1", email="mail@example.com")
        assert apply(here) == []
        assert owed(here, "INV-10") == ("open", "AUTHORISED", 60, 60)


@pytest.mark.parametrize("direction", ["to-hubspot", "to-xero"])
def test_r4_one_way_only(direction: str, tmp_path: Path) -> None:
    text = trade().replace(
        f"payments: {{direction: two-way, {LONG_AGO}", f"payments: {{direction: {direction}, {LONG_AGO}"
    )
    with stage(tmp_path, TRADE, ruleset=text) as here:
        apply(here)
        pay_in_hubspot(here, "10", "40")
        pay_in_xero(here, guid(50), 30)
        assert apply(here) == []
        amounts = [each[0] for each in received(here)], [each[0] for each in receipts(here)]
        assert amounts == (([30, 40], [30]) if direction == "to-hubspot" else ([40], [30, 40]))
