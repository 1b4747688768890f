"""Changing invoices: the table of statuses, what money on a document rules out, what a POST means, dates of change."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, change, in_state, line, listed, messages, sale

MODIFICATION = "Invoice not of valid status for modification"
MONEY = "This document cannot be edited as it has a payment or credit note allocated to it."
DAY = "Date cannot be changed on an invoice that has payment or credit notes allocated to it."
LINE_ID = "To update fields on a paid invoice line item, you must supply a LineItemID"
CREDITED: dict[str, Any] = {
    **sale(InvoiceNumber="C1"),
    "CreditNotes": [{"CreditNoteNumber": "CN-1", "AppliedAmount": 40, "Date": "2026-10-05"}],
}


def ruled_out(status: str) -> str:
    return (
        f"The status {status} cannot be applied to the invoice because it has payments or credit notes allocated to it."
    )


@pytest.mark.parametrize(
    ("state", "wanted", "told"),
    [
        *(("DRAFT", wanted, None) for wanted in ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED")),
        *(("DRAFT", wanted, MODIFICATION) for wanted in ("VOIDED", "PAID")),
        *(("SUBMITTED", wanted, None) for wanted in ("SUBMITTED", "AUTHORISED", "DRAFT", "DELETED")),
        *(("SUBMITTED", wanted, MODIFICATION) for wanted in ("VOIDED", "PAID")),
        *(("AUTHORISED", wanted, None) for wanted in ("AUTHORISED", "VOIDED")),
        *(("AUTHORISED", wanted, MODIFICATION) for wanted in ("DRAFT", "SUBMITTED", "DELETED", "PAID")),
        ("PART", "AUTHORISED", None),
        *(("PART", wanted, ruled_out(wanted)) for wanted in ("DRAFT", "SUBMITTED", "VOIDED")),
        *(("PART", wanted, MODIFICATION) for wanted in ("DELETED", "PAID")),
        ("PAID", "PAID", None),
        *(("PAID", wanted, ruled_out(wanted)) for wanted in ("DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED")),
        ("PAID", "DELETED", MODIFICATION),
        *(("VOIDED", wanted, MODIFICATION) for wanted in ("VOIDED", "DRAFT", "AUTHORISED", "DELETED")),
        *(("DELETED", wanted, MODIFICATION) for wanted in ("DELETED", "DRAFT", "AUTHORISED", "VOIDED")),
    ],
)
def test_the_table_of_statuses(shared: Xero, state: str, wanted: str, told: str | None) -> None:
    invoice = in_state(shared, state)
    assert change(shared, invoice, Status=wanted) == ([told] if told else [])
    now = shared.reread(invoice)
    assert now["Status"] == (invoice["Status"] if told else wanted)


def test_deleting_an_approved_invoice_is_refused_as_recorded(xero: Xero) -> None:
    invoice = xero.invoice()
    body = {"Invoices": [{"InvoiceID": invoice["InvoiceID"], "Type": "ACCREC", "Status": "DELETED"}]}
    answer = xero.call("POST", "Invoices", body, summarizeErrors="False")
    assert answer.status_code == 200
    (row,) = listed(answer)
    assert (row["InvoiceID"], row["Status"], row["HasErrors"]) == (invoice["InvoiceID"], "DELETED", True)
    assert list(row)[-2:] == ["StatusAttributeString", "ValidationErrors"]
    assert (row["StatusAttributeString"], row["ValidationErrors"]) == ("ERROR", [{"Message": MODIFICATION}])


@pytest.mark.parametrize(("status", "end"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")])
def test_an_ended_invoice_owes_nothing_but_its_last_answer_says_so_not_yet(xero: Xero, status: str, end: str) -> None:
    invoice = xero.invoice(Status=status)
    answer = xero.one("POST", f"Invoices/{invoice['InvoiceID']}", {"Status": end, "Reference": "ignored"})
    assert (answer["Status"], answer["AmountDue"], answer["Reference"]) == (end, 110, "")
    assert (xero.reread(invoice)["AmountDue"], xero.reread(invoice)["Total"]) == (0, 110)
    assert len(xero.get("Invoices", page=1).json()["Invoices"]) == 1, "it stays in the lists"


@pytest.mark.parametrize("state", ["VOIDED", "DELETED"])
def test_nothing_of_an_ended_invoice_can_be_changed(xero: Xero, state: str) -> None:
    assert change(xero, in_state(xero, state), Reference="r") == [MODIFICATION]


HEADER = {
    "Reference": "new",
    "DueDate": "2026-12-31",
    "InvoiceNumber": "NEW-1",
    "Url": "https://example.com/1",
    "BrandingThemeID": "7889a0ac-262a-40e3-8a63-9a769b1a18af",
}


@pytest.mark.parametrize("state", ["DRAFT", "SUBMITTED", "AUTHORISED"])
def test_all_of_an_invoice_without_money_on_it_can_be_changed(xero: Xero, state: str) -> None:
    invoice = in_state(xero, state)
    other = xero.make(Name="Other")
    lines = [line(UnitAmount=50), line(UnitAmount=25)]
    rest: dict[str, Any] = {"Date": "2026-10-02", "CurrencyCode": "USD", "LineAmountTypes": "Inclusive"}
    contact = {"ContactID": other["ContactID"]}
    assert change(xero, invoice, **HEADER, **rest, LineItems=lines, Contact=contact) == []
    now = xero.reread(invoice)
    assert (now["Total"], now["CurrencyCode"], now["LineAmountTypes"]) == (75, "USD", "Inclusive")
    assert (now["Contact"]["Name"], now["DateString"], now["InvoiceNumber"]) == (
        "Other",
        "2026-10-02T00:00:00",
        "NEW-1",
    )


@pytest.mark.parametrize("state", ["PART", "PAID"])
@pytest.mark.parametrize(("name", "value"), HEADER.items())
def test_a_few_header_fields_can_be_changed_in_spite_of_money(xero: Xero, state: str, name: str, value: str) -> None:
    invoice = in_state(xero, state)
    assert change(xero, invoice, **{name: value}) == []
    now = xero.reread(invoice)
    assert now[f"{name}String" if name == "DueDate" else name].removesuffix("T00:00:00") == value
    assert (now["Status"], now["AmountDue"]) == (invoice["Status"], invoice["AmountDue"])


@pytest.mark.parametrize("state", ["PART", "PAID"])
@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"Date": "2026-10-02"}, DAY),
        ({"CurrencyCode": "USD"}, MONEY),
        ({"LineAmountTypes": "NoTax"}, MONEY),
        ({"ExpectedPaymentDate": "2026-12-01"}, MONEY),
        ({"LineItems": [line(UnitAmount=50)]}, LINE_ID),
        ({"LineItems": [line(LineItemID="11111111-1111-4111-8111-111111111111")]}, LINE_ID),
    ],
)
def test_most_edits_are_ruled_out_by_money(shared: Xero, state: str, edit: dict[str, Any], told: str) -> None:
    invoice = in_state(shared, state)
    assert change(shared, invoice, **edit) == [told]
    assert shared.reread(invoice) == invoice


def test_sending_what_a_paid_invoice_already_says_is_no_edit(xero: Xero) -> None:
    invoice = in_state(xero, "PAID")
    (row,) = invoice["LineItems"]
    same = {name: row[name] for name in ("LineItemID", "Quantity", "UnitAmount", "LineAmount", "TaxType", "TaxAmount")}
    kept = {
        name: invoice[name] for name in ("Type", "Date", "CurrencyCode", "CurrencyRate", "LineAmountTypes", "Status")
    }
    assert change(xero, invoice, **kept, LineItems=[same], Reference="new") == []
    assert xero.reread(invoice)["Reference"] == "new"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"Description": "Better words"}, None),
        ({"AccountCode": "260"}, None),
        ({"Tracking": [{"Name": "Region", "Option": "North"}]}, None),
        ({"UnitAmount": 99}, MONEY),
        ({"Quantity": 2}, MONEY),
        ({"TaxType": "EXEMPTOUTPUT"}, MONEY),
        ({"DiscountRate": 5}, MONEY),
        ({"AccountCode": "999"}, "Account code '999' is not a valid code for this document."),
    ],
)
def test_words_account_and_tracking_of_a_paid_line_can_be_changed(shared: Xero, edit: Any, told: str | None) -> None:
    invoice = in_state(shared, "PAID")
    sent = {"LineItemID": invoice["LineItems"][0]["LineItemID"], **edit}
    assert change(shared, invoice, LineItems=[sent]) == ([told] if told else [])
    now = shared.reread(invoice)
    (name, value) = next(iter(edit.items()))
    assert (now["LineItems"][0].get(name) == value) is (told is None)
    assert (now["Total"], now["Status"], now["LineItems"][0]["TaxAmount"]) == (110, "PAID", 10)


def test_a_paid_line_cannot_be_left_out(xero: Xero) -> None:
    invoice = xero.invoice({}, {"UnitAmount": 5})
    xero.pay(invoice, 1)
    keep = {"LineItemID": invoice["LineItems"][0]["LineItemID"]}
    assert change(xero, invoice, LineItems=[keep]) == [MONEY]
    assert len(xero.reread(invoice)["LineItems"]) == 2


def test_a_contact_can_be_exchanged_unless_a_credit_note_is_applied(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [{"Name": "Acme"}], "invoices": [CREDITED]})
    other = {"ContactID": xero.make(Name="Other")["ContactID"]}
    paid = in_state(xero, "PART")
    assert change(xero, paid, Contact=other) == []
    credited = xero.one("GET", "Invoices/C1")
    assert change(xero, credited, Contact=other) == [MONEY]
    assert change(xero, credited, Contact={"ContactID": credited["Contact"]["ContactID"]}) == []


def test_a_seeded_credit_counts_as_money(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [{"Name": "Acme"}], "invoices": [CREDITED]})
    invoice = xero.one("GET", "Invoices/C1")
    assert (invoice["AmountCredited"], invoice["AmountPaid"], invoice["AmountDue"]) == (40, 0, 70)
    (note,) = invoice["CreditNotes"]
    assert (note["CreditNoteNumber"], note["AppliedAmount"], note["DateString"]) == ("CN-1", 40, "2026-10-05T00:00:00")
    assert change(xero, invoice, Status="VOIDED") == [ruled_out("VOIDED")]
    assert change(xero, invoice, CurrencyCode="USD") == [MONEY]
    xero.pay(invoice, 70)
    done = xero.reread(invoice)
    assert (done["Status"], done["FullyPaidOnDate"]) == ("PAID", "/Date(1792022400000+0000)/")


# --- what a POST means ------------------------------------------------------------------------------------------------


def test_a_post_by_number_silently_edits_that_invoice(xero: Xero) -> None:
    invoice = xero.invoice(InvoiceNumber="N1")
    edited = xero.one(
        "POST", "Invoices", sale(InvoiceNumber="n1", Reference="mine now", LineItems=[line(UnitAmount=1)])
    )
    assert (edited["InvoiceID"], edited["Total"]) == (invoice["InvoiceID"], 1.1)
    assert len(xero.get("Invoices").json()["Invoices"]) == 1
    bill = xero.one("POST", "Invoices", sale(Type="ACCPAY", InvoiceNumber="N1"))
    assert bill["InvoiceID"] != invoice["InvoiceID"]


def test_an_invoice_is_changed_by_its_number_in_the_path(xero: Xero) -> None:
    xero.invoice(InvoiceNumber="INV-123")
    assert xero.one("POST", "Invoices/INV-123", {"InvoiceNumber": "INV-123", "Status": "VOIDED"})["Status"] == "VOIDED"


def test_a_post_with_the_number_of_a_voided_invoice_is_refused(xero: Xero) -> None:
    in_state(xero, "VOIDED")
    answer = xero.call("POST", "Invoices", sale(InvoiceNumber="INV-0001"))
    assert messages(answer) == [MODIFICATION]


def test_a_post_without_a_match_creates_and_an_unknown_id_is_404(xero: Xero) -> None:
    assert xero.one("POST", "Invoices", sale(InvoiceNumber="N1"))["InvoiceNumber"] == "N1"
    unknown = "11111111-1111-4111-8111-111111111111"
    body = {"Invoices": [sale(), sale(InvoiceID=unknown)]}
    for method in ("PUT", "POST"):
        assert xero.call(method, "Invoices", body).status_code == 404
    assert xero.call("POST", f"Invoices/{unknown}", {"Reference": "r"}).status_code == 404
    assert len(xero.get("Invoices").json()["Invoices"]) == 1


def test_a_number_cannot_be_taken_over_from_another(xero: Xero) -> None:
    xero.invoice(InvoiceNumber="N1")
    other = xero.invoice(InvoiceNumber="N2")
    assert change(xero, other, InvoiceNumber="N1") == ["Invoice # must be unique."]
    assert change(xero, other, InvoiceNumber="N2") == []


def test_the_type_of_a_document_stays(xero: Xero) -> None:
    invoice = xero.invoice()
    changed = xero.one("POST", f"Invoices/{invoice['InvoiceID']}", {"Type": "ACCPAY", "Contact": {}, "Reference": "r"})
    assert (changed["Type"], changed["Reference"], changed["Contact"]["Name"]) == ("ACCREC", "r", "Acme")


def test_a_rate_stays_until_it_or_the_currency_is_sent(xero: Xero) -> None:
    invoice = xero.invoice(CurrencyCode="USD", CurrencyRate="0.7")
    assert change(xero, invoice, Date="2026-10-09") == []
    assert xero.reread(invoice)["CurrencyRate"] == 0.7
    assert change(xero, invoice, CurrencyCode="EUR") == []
    assert xero.reread(invoice)["CurrencyRate"] != 0.7


def test_voiding_a_bill_of_an_archived_contact_is_refused_and_a_sale_is_not(xero: Xero) -> None:
    contact = xero.make(Name="Old")
    key = {"ContactID": contact["ContactID"]}
    sold, bought = xero.invoice(Contact=key), xero.invoice(Contact=key, Type="ACCPAY")
    xero.post({**key, "ContactStatus": "ARCHIVED"})
    assert change(xero, sold, Reference="still editable") == []
    assert change(xero, sold, Status="VOIDED") == []
    assert [text.startswith("The contact with the specified") for text in change(xero, bought, Status="VOIDED")] == [
        True
    ]


# --- the date of change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "edit", "moves"),
    [
        ("AUTHORISED", {"Reference": "r"}, True),
        ("AUTHORISED", {"DueDate": "2026-12-31"}, True),
        ("AUTHORISED", {"SentToContact": True}, True),
        ("PART", {"Reference": "r"}, True),
        ("PART", {"DueDate": "2026-12-31"}, False),
        ("PART", {"SentToContact": True}, False),
        ("PART", {"DueDate": "2026-12-31", "Reference": "r"}, True),
    ],
)
def test_the_date_of_change_moves_but_for_its_blind_spots(xero: Xero, state: str, edit: Any, moves: bool) -> None:
    invoice = in_state(xero, state)
    xero.advance("1m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("2s")
    assert change(xero, invoice, **edit) == []
    assert len(xero.get("Invoices", headers=since).json()["Invoices"]) == (1 if moves else 0)
    now = xero.reread(invoice)
    assert (now["UpdatedDateUTC"] != invoice["UpdatedDateUTC"]) is moves
    for name, value in edit.items():
        assert str(now[f"{name}String" if name == "DueDate" else name]).startswith(str(value))


def test_ended_invoices_come_back_as_changed(xero: Xero) -> None:
    invoice = xero.invoice()
    xero.advance("1m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("2s")
    assert change(xero, invoice, Status="VOIDED") == []
    assert [row["Status"] for row in xero.get("Invoices", headers=since, page=1).json()["Invoices"]] == ["VOIDED"]
