"""Payments: who is paid from where, how much, what becomes of the invoice, deletion, lists, currencies."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, listed, messages, payment, sale

ZERO = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-1111-4111-8111-111111111111"
AUTHORISED = "Payments can only be made against Authorised documents"
OUTSTANDING = "Payment amount exceeds the amount outstanding on this document"


@pytest.fixture
def invoice(xero: Xero) -> dict[str, Any]:
    """An approved invoice of 110.00."""
    return xero.invoice(InvoiceNumber="INV-9")


def delete(xero: Xero, made: dict[str, Any], **fields: Any) -> list[str]:
    """The texts of why a payment cannot be deleted; none when it is."""
    answer = xero.call("POST", f"Payments/{made['PaymentID']}", {"Status": "DELETED", **fields})
    assert answer.status_code == (400 if messages(answer) else 200)
    return messages(answer)


def test_a_new_payment_shows_the_invoice_as_it_is_now(xero: Xero, invoice: dict[str, Any]) -> None:
    made = xero.pay(invoice, "30.25", Reference="hs-pay-1")
    assert list(made) == [
        *("PaymentID", "Date", "BankAmount", "Amount", "Reference", "CurrencyRate", "PaymentType", "Status"),
        *("UpdatedDateUTC", "UpdatedDateUTCString", "HasAccount", "IsReconciled", "Account", "Invoice"),
        "HasValidationErrors",
    ]
    assert (made["Amount"], made["BankAmount"], made["CurrencyRate"]) == (30.25, 30.25, 1)
    assert (made["PaymentType"], made["Status"], made["Date"]) == (
        "ACCRECPAYMENT",
        "AUTHORISED",
        "/Date(1792022400000+0000)/",
    )
    assert (made["Account"]["Code"], made["Account"]["Name"]) == ("090", "Business Bank Account")
    inner = made["Invoice"]
    assert (inner["AmountDue"], inner["AmountPaid"], inner["Status"]) == (79.75, 30.25, "AUTHORISED")
    assert (inner["Contact"]["Name"], len(inner["LineItems"])) == ("Acme", 1)
    assert not {"Payments", "CreditNotes"} & set(inner)


def test_an_invoice_is_paid_in_parts_and_the_last_one_makes_it_paid(xero: Xero, invoice: dict[str, Any]) -> None:
    xero.pay(invoice, "60.01", Date="2026-10-20", Reference="first")
    part = xero.reread(invoice)
    assert (part["Status"], part["AmountPaid"], part["AmountDue"]) == ("AUTHORISED", 60.01, 49.99)
    assert "FullyPaidOnDate" not in part
    assert xero.pay(invoice, "49.99", Date="2026-10-15")["Invoice"]["Status"] == "PAID"
    done = xero.reread(invoice)
    assert (done["Status"], done["AmountPaid"], done["AmountDue"]) == ("PAID", 110, 0)
    assert done["FullyPaidOnDate"] == "/Date(1792454400000+0000)/", "the day of the latest payment"
    assert [row["Amount"] for row in done["Payments"]] == [60.01, 49.99]
    assert done["Payments"][0]["Reference"] == "first"
    assert "Status" not in done["Payments"][0], "the status stands at the payment alone"
    assert done["Payments"][0]["HasAccount"] is False


def test_deleting_a_payment_reopens_its_invoice(xero: Xero, invoice: dict[str, Any]) -> None:
    xero.pay(invoice, 10)
    last = xero.pay(invoice, 100)
    before = xero.reread(invoice)
    xero.advance("1m")
    answer = xero.one("POST", f"Payments/{last['PaymentID']}", {"Status": "DELETED"})
    assert (answer["Status"], answer["Invoice"]["Status"], answer["Invoice"]["AmountDue"]) == (
        "DELETED",
        "AUTHORISED",
        100,
    )
    now = xero.reread(invoice)
    assert (now["Status"], now["AmountPaid"], "FullyPaidOnDate" in now) == ("AUTHORISED", 10, False)
    assert len(now["Payments"]) == 1
    assert now["UpdatedDateUTC"] != before["UpdatedDateUTC"]
    assert xero.reread(last)["Status"] == "DELETED"
    assert xero.pay(invoice, 100)["Invoice"]["Status"] == "PAID"


@pytest.mark.parametrize("amount", [10, 110])
def test_paying_moves_the_date_of_change_of_the_invoice(xero: Xero, invoice: dict[str, Any], amount: int) -> None:
    xero.advance("1m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("2s")
    xero.pay(invoice, amount)
    assert len(xero.get("Invoices", headers=since).json()["Invoices"]) == 1
    assert len(xero.get("Payments", headers=since).json()["Payments"]) == 1


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Amount": 110.01}, [OUTSTANDING]),
        ({"Amount": "1E+900"}, ["The amount cannot exceed 9,999,999,999.99"]),
        ({"Amount": 0}, ["Payment amount must be greater than zero"]),
        ({"Amount": -5}, ["Payment amount must be greater than zero"]),
        ({"Amount": None}, ["Payment amount must be greater than zero"]),
        ({"Account": None}, ["Account could not be found."]),
        ({"Account": {"Code": "999"}}, ["Account could not be found."]),
        ({"Account": {"AccountID": UNKNOWN}}, ["Account could not be found."]),
        ({"Account": {"Code": "200"}}, ["Account type is invalid for making a payment to/from"]),
        ({"Account": {"Code": "610"}}, ["Account type is invalid for making a payment to/from"]),
        ({"Invoice": {"InvoiceID": UNKNOWN}}, ["Document could not be found"]),
        ({"Invoice": {"InvoiceNumber": "NOPE"}}, ["Document could not be found"]),
        ({"Invoice": None}, ["A payment must name exactly one of Invoice, CreditNote, Prepayment and Overpayment"]),
        ({"CreditNote": {"CreditNoteID": UNKNOWN}}, ["A payment must name exactly one of Invoice, CreditNote"]),
        ({"Invoice": None, "CreditNote": {"CreditNoteID": UNKNOWN}}, ["Document could not be found"]),
        ({"CurrencyRate": 0}, ["The Currency Rate must be greater than zero"]),
        ({"Status": "DELETED"}, ["Payment not of valid status for modification"]),
    ],
)
def test_what_a_payment_may_not_say(xero: Xero, invoice: dict[str, Any], sent: dict[str, Any], told: list[str]) -> None:
    answer = xero.call("PUT", "Payments", {**payment(invoice, 10), **sent})
    assert answer.status_code == 400
    assert [text[: len(wanted)] for text, wanted in zip(messages(answer), told, strict=True)] == told
    assert listed(answer)[0]["HasValidationErrors"] is True
    assert xero.reread(invoice)["AmountDue"] == 110


@pytest.mark.parametrize(
    ("state", "amount", "told"),
    [
        ("DRAFT", 10, [AUTHORISED]),
        ("DRAFT", 500, [AUTHORISED, OUTSTANDING]),
        ("SUBMITTED", 10, [AUTHORISED]),
        ("PAID", 10, [AUTHORISED, OUTSTANDING]),
        ("VOIDED", 10, [AUTHORISED, OUTSTANDING]),
        ("DELETED", 10, [AUTHORISED, OUTSTANDING]),
    ],
)
def test_only_an_approved_invoice_takes_payments(xero: Xero, state: str, amount: int, told: list[str]) -> None:
    made = xero.invoice(
        Status=state if state in ("DRAFT", "SUBMITTED") else "DRAFT" if state == "DELETED" else "AUTHORISED"
    )
    if state == "PAID":
        xero.pay(made, 110)
    elif state in ("VOIDED", "DELETED"):
        xero.one("POST", f"Invoices/{made['InvoiceID']}", {"Status": state})
    assert messages(xero.call("PUT", "Payments", payment(made, amount))) == told


@pytest.mark.parametrize(
    "sent",
    [
        {"Invoice": {"InvoiceNumber": "INV-9"}},
        {"Invoice": {"InvoiceNumber": "inv-9"}},
        {"Invoice": None, "InvoiceNumber": "INV-9"},
        {"Account": None, "Code": "090"},
        {"Account": {"Code": "970"}},
        {"Date": None},
        {"Date": "2026-10-15T00:00:00"},
    ],
)
def test_the_other_ways_to_say_it(xero: Xero, invoice: dict[str, Any], sent: dict[str, Any]) -> None:
    made = xero.one("PUT", "Payments", {**payment(invoice, 10), **sent})
    assert made["Invoice"]["InvoiceID"] == invoice["InvoiceID"]
    assert made["Account"]["Code"] == ("970" if sent.get("Account") else "090")


def test_an_account_without_a_code_is_named_by_its_id(connect: ConnectXero) -> None:
    bank = {"Name": "Card", "Type": "BANK", "Class": "ASSET", "TaxType": "BASEXCLUDED"}
    revenue = {"Code": "200", "Name": "Sales", "Type": "REVENUE", "Class": "REVENUE", "TaxType": "OUTPUT"}
    xero = connect(part={"accounts": [bank, revenue]})
    made = xero.invoice()
    key = xero.get("Accounts", where='Type=="BANK"').json()["Accounts"][0]["AccountID"]
    paid = xero.pay(made, 10, Account={"AccountID": key})
    assert paid["Account"] == {"AccountID": key, "Name": "Card"}


def test_a_bill_is_paid_by_its_own_kind_of_payment(xero: Xero) -> None:
    bill = xero.invoice(Type="ACCPAY", InvoiceNumber="B1")
    made = xero.pay(bill, 110)
    assert (made["PaymentType"], made["Invoice"]["Status"]) == ("ACCPAYPAYMENT", "PAID")


def test_cents_are_rounded_before_they_are_compared(xero: Xero, invoice: dict[str, Any]) -> None:
    assert xero.pay(invoice, "110.004")["Amount"] == 110


# --- batches ----------------------------------------------------------------------------------------------------------


def test_a_batch_sees_its_own_earlier_elements(xero: Xero, invoice: dict[str, Any]) -> None:
    batch = {"Payments": [payment(invoice, 100), payment(invoice, 20), payment(invoice, 10)]}
    refused = xero.call("PUT", "Payments", batch)
    assert (refused.status_code, messages(refused)) == (400, [OUTSTANDING])
    assert xero.reread(invoice)["AmountPaid"] == 0, "nothing of the batch stays"
    assert xero.get("Payments").json()["Payments"] == []
    rows = listed(xero.call("PUT", "Payments", batch, summarizeErrors="false"))
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR", "OK"]
    assert (rows[1]["PaymentID"], rows[1]["HasValidationErrors"]) == (ZERO, True)
    assert xero.reread(invoice)["Status"] == "PAID"


def test_a_key_makes_a_payment_once_and_its_lack_makes_a_duplicate(xero: Xero, invoice: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "k"}
    first, second = (xero.call("PUT", "Payments", payment(invoice, 10), headers=key).json() for _ in range(2))
    assert first == second
    assert xero.reread(invoice)["AmountPaid"] == 10
    xero.pay(invoice, 10)
    assert xero.reread(invoice)["AmountPaid"] == 20


def test_a_partial_failure_spares_every_other_payment(connect: ConnectXero) -> None:
    xero = connect(faults={"rules": [{"kind": "partial-batch", "app": "xero", "path": "/Payments", "nth": 1}]})
    batch = {"Payments": [payment(xero.invoice(), 10) for _ in range(4)]}
    rows = listed(xero.call("PUT", "Payments", batch, summarizeErrors="false"))
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR"] * 2


def test_one_payment_is_also_made_by_post(xero: Xero, invoice: dict[str, Any]) -> None:
    made = xero.one("POST", "Payments", payment(invoice, 10))
    assert (made["Status"], made["Invoice"]["AmountDue"]) == ("AUTHORISED", 100)


# --- deletion ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Amount": 5}, "Only Status accepted for updates"),
        ({"Reference": "new"}, "Only Status accepted for updates"),
        ({"Status": "AUTHORISED"}, "Payment not of valid status for modification"),
    ],
)
def test_a_payment_cannot_be_changed(xero: Xero, invoice: dict[str, Any], sent: dict[str, Any], told: str) -> None:
    made = xero.pay(invoice, 10)
    assert delete(xero, made, **sent) == [told]
    assert xero.reread(made)["Amount"] == 10


def test_payments_are_deleted_through_the_collection_too(xero: Xero, invoice: dict[str, Any]) -> None:
    made = [xero.pay(invoice, 10) for _ in range(2)]
    batch = {"Payments": [{"PaymentID": each["PaymentID"], "Status": "DELETED"} for each in made]}
    assert [row["Status"] for row in listed(xero.call("POST", "Payments", batch))] == ["DELETED", "DELETED"]
    assert xero.reread(invoice)["AmountDue"] == 110
    assert delete(xero, made[0]) == ["Payment not of valid status for modification"]


def test_an_unknown_payment_is_404(xero: Xero, invoice: dict[str, Any]) -> None:
    assert xero.get(f"Payments/{UNKNOWN}").status_code == 404
    assert xero.call("POST", f"Payments/{UNKNOWN}", {"Status": "DELETED"}).status_code == 404
    assert xero.call("POST", "Payments", {"PaymentID": UNKNOWN, "Status": "DELETED"}).status_code == 404


def seeded(payments: list[dict[str, Any]]) -> dict[str, Any]:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}
    document = {"Contact": {"Name": "Acme"}, "InvoiceNumber": "S1", "Status": "AUTHORISED", "LineItems": [line]}
    return {"contacts": [{"Name": "Acme"}], "invoices": [document], "payments": payments}


@pytest.mark.parametrize(
    ("extra", "quirk", "told"),
    [
        ({"BatchPaymentID": UNKNOWN}, "refused", ["Payments within a batch cannot be deleted."]),
        ({"BatchPaymentID": UNKNOWN}, "accepted", ["Payments within a batch cannot be deleted."]),
        ({"IsReconciled": True}, "refused", ["This payment has been reconciled and cannot be deleted"]),
        ({"IsReconciled": True}, "accepted", []),
        ({}, "refused", []),
    ],
)
def test_batched_and_reconciled_payments_stay(
    connect: ConnectXero, extra: dict[str, Any], quirk: str, told: list[str]
) -> None:
    row = {"Invoice": {"InvoiceNumber": "S1"}, "Amount": 10, "Date": "2026-10-01", **extra}
    xero = connect(part=seeded([row]), quirks={"reconciled-delete": quirk})
    made = xero.get("Payments").json()["Payments"][0]
    assert delete(xero, made) == told
    assert xero.reread(made)["Status"] == ("AUTHORISED" if told else "DELETED")


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(xero: Xero) -> Xero:
    """Six payments on two invoices, A of 60 on the odd days, and B on the even ones; the third is deleted."""
    documents = [xero.invoice(InvoiceNumber=number) for number in ("B", "A")]
    for number in range(1, 7):
        xero.advance("1s")
        made = xero.pay(documents[number % 2], number, Date=f"2026-10-0{number}", Reference=f"P{number}")
        if number == 3:
            assert delete(xero, made) == []
    return xero


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "123456"),
        ({"page": 2, "pageSize": 2}, "34"),
        ({"where": 'Status=="AUTHORISED"'}, "12456"),
        ({"where": 'Invoice.InvoiceNumber=="A"'}, "135"),
        ({"where": 'Reference=="p4"'}, "4"),
        ({"where": 'PaymentType=="ACCRECPAYMENT" AND Status=="DELETED"'}, "3"),
        ({"where": "Date>=DateTime(2026,10,05)"}, "56"),
        ({"where": "Amount>2 AND Amount<=4"}, "34"),
        ({"where": 'Account.Code=="090"'}, "123456"),
        ({"order": "Date DESC"}, "654321"),
    ],
)
def test_payments_are_found_filtered_and_paged(many: Xero, query: dict[str, Any], found: str) -> None:
    body = many.get("Payments", **query).json()
    assert [row["Reference"][1:] for row in body["Payments"]] == list(found)
    assert ("pagination" in body) is ("page" in query)


def test_payments_are_found_by_the_id_of_their_invoice(many: Xero) -> None:
    key = many.one("GET", "Invoices/A")["InvoiceID"]
    rows = many.get("Payments", where=f'Invoice.InvoiceID==guid("{key}")').json()["Payments"]
    assert [row["Amount"] for row in rows] == [1, 3, 5]


def test_a_list_shows_a_reference_to_the_invoice_and_an_id_shows_all(many: Xero) -> None:
    row = many.get("Payments").json()["Payments"][0]
    assert set(row["Account"]) == {"AccountID", "Code"}
    assert (row["Invoice"]["InvoiceNumber"], row["Invoice"]["LineItems"], row["Invoice"]["Payments"]) == ("A", [], [])
    assert "AmountDue" not in row["Invoice"]
    alone = many.reread(row)
    assert set(alone["Account"]) == {"AccountID", "Code", "Name"}
    assert (alone["Invoice"]["AmountPaid"], len(alone["Invoice"]["LineItems"])) == (6, 1)
    assert [inner["Amount"] for inner in alone["Invoice"]["Payments"]] == [1, 5]


@pytest.mark.parametrize(("quirk", "found"), [("listed", ["DELETED"]), ("hidden", [])])
def test_whether_a_deleted_payment_comes_back_as_changed_is_a_quirk(
    connect: ConnectXero, quirk: str, found: list[str]
) -> None:
    xero = connect(quirks={"deleted-payments": quirk})
    made = xero.pay(xero.invoice(), 10)
    xero.advance("1m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("2s")
    assert delete(xero, made) == []
    assert [row["Status"] for row in xero.get("Payments", headers=since, page=1).json()["Payments"]] == found
    assert xero.reread(made)["Status"] == "DELETED"
    assert len(xero.get("Invoices", headers=since).json()["Invoices"]) == 1


def test_notes_are_added_to_a_payment(xero: Xero, invoice: dict[str, Any]) -> None:
    path = f"Payments/{xero.pay(invoice, 10)['PaymentID']}/History"
    xero.one("PUT", path, {"HistoryRecords": [{"Details": "note"}]})
    assert xero.one("GET", path)["Details"] == "note"


@pytest.mark.parametrize(
    ("scope", "status"), [("accounting.payments", 200), ("accounting.payments.read", 401), ("accounting.invoices", 401)]
)
def test_the_scope_of_payments(connect: ConnectXero, scope: str, status: int) -> None:
    xero = connect(scope, part=seeded([]))
    answer = xero.call("PUT", "Payments", {**payment({"InvoiceID": ""}, 10), "Invoice": {"InvoiceNumber": "S1"}})
    assert answer.status_code == status
    assert xero.get("Payments").status_code == (401 if scope == "accounting.invoices" else 200)


def test_an_unapproved_sale_is_not_paid_by_its_number_either(xero: Xero) -> None:
    xero.one("PUT", "Invoices", sale(Status="DRAFT", InvoiceNumber="D1"))
    body = {**payment({"InvoiceID": ""}, 10), "Invoice": {"InvoiceNumber": "D1"}}
    assert messages(xero.call("PUT", "Payments", body)) == [AUTHORISED]
