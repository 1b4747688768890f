"""Batches of invoices: all or nothing, told apart, made once; and the plan's cap on approvals."""

from __future__ import annotations

from datetime import UTC, datetime

from xero_client import ConnectXero, Xero, listed, messages, sale

ZERO = "00000000-0000-0000-0000-000000000000"
START = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_a_batch_is_all_or_nothing_or_told_apart(xero: Xero) -> None:
    batch = {"Invoices": [sale(InvoiceNumber="A"), sale(InvoiceNumber="A", Reference="r"), sale(InvoiceNumber="B")]}
    refused = xero.call("PUT", "Invoices", batch)
    assert (refused.status_code, len(listed(refused))) == (400, 1)
    assert xero.get("Invoices").json()["Invoices"] == []
    rows = listed(xero.call("PUT", "Invoices", batch, summarizeErrors="False"))
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR", "OK"]
    bad = rows[1]
    assert (bad["InvoiceID"], bad["HasErrors"], bad["Reference"]) == (ZERO, True, "r")
    assert bad["ValidationErrors"] == [{"Message": "Invoice # must be unique."}]
    assert bad["LineItems"][0]["Description"] == "Work"
    assert (bad["DateString"], bad["Date"]) == ("2026-10-01T00:00:00", "/Date(1790812800000+0000)/")
    assert {row["InvoiceNumber"] for row in xero.get("Invoices").json()["Invoices"]} == {"A", "B"}


def test_a_summarised_400_may_save_the_good_ones(connect: ConnectXero) -> None:
    xero = connect(quirks={"partial-400": "saves"})
    batch = {"Invoices": [sale(InvoiceNumber="A"), sale(InvoiceNumber="A")]}
    assert xero.call("PUT", "Invoices", batch).status_code == 400
    assert len(xero.get("Invoices").json()["Invoices"]) == 1


def test_a_partial_failure_spares_every_other_element(connect: ConnectXero) -> None:
    xero = connect(faults={"rules": [{"kind": "partial-batch", "app": "xero", "method": "PUT", "nth": 1}]})
    batch = {"Invoices": [sale(InvoiceNumber=f"N{number}") for number in range(50)]}
    rows = listed(xero.call("PUT", "Invoices", batch, summarizeErrors="false"))
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR"] * 25
    again = listed(xero.call("PUT", "Invoices", batch, summarizeErrors="false"))
    assert [row["StatusAttributeString"] for row in again] == ["ERROR", "OK"] * 25


def test_a_key_makes_an_invoice_once_and_its_lack_makes_two(xero: Xero) -> None:
    first, second = (xero.call("PUT", "Invoices", sale(), headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert first == second
    xero.invoice()
    assert len(xero.get("Invoices").json()["Invoices"]) == 2


def test_the_plan_may_cap_approvals_in_a_month(connect: ConnectXero) -> None:
    xero = connect(quirks={"xero-approval-limit": "2"}, clock=START)

    def allowed() -> str:
        rows = xero.get("Organisation/Actions").json()["Actions"]
        return str(next(row["Status"] for row in rows if row["Name"] == "CreateApprovedInvoice"))

    draft = xero.invoice(Status="DRAFT")
    assert allowed() == "ALLOWED"
    xero.invoice()
    xero.one("POST", f"Invoices/{draft['InvoiceID']}", {"Status": "AUTHORISED"})
    answer = xero.call("PUT", "Invoices", sale())
    assert messages(answer) == ["You have reached the limit of invoices you can approve"]
    assert allowed() == "NOT-ALLOWED"
    assert (
        xero.one("POST", f"Invoices/{draft['InvoiceID']}", {"Reference": "approved already"})["Status"] == "AUTHORISED"
    )
    xero.invoice(Status="DRAFT")
    xero.advance("10d")
    xero.sign_in()
    assert xero.invoice()["Status"] == "AUTHORISED"
