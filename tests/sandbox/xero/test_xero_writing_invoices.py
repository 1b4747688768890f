"""Making invoices: what must be said, what Xero fills in, numbers, contacts, currencies, dates, batches."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from xero_client import ConnectXero, Xero, line, listed, messages, payment, sale

ZERO = "00000000-0000-0000-0000-000000000000"
START = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_a_new_invoice_comes_back_as_recorded(xero: Xero) -> None:
    answer = xero.call("PUT", "Invoices", sale({}, Reference="PO 7"))
    made = answer.json()["Invoices"][0]
    assert "pagination" not in answer.json()
    assert list(made) == [
        *("Type", "InvoiceID", "InvoiceNumber", "Reference", "Prepayments", "Overpayments", "AmountDue", "AmountPaid"),
        *("SentToContact", "CurrencyRate", "IsDiscounted", "HasErrors", "InvoicePaymentServices"),
        *("UpdatedDateUTCString", "Contact", "DateString", "Date", "DueDateString", "DueDate", "Status"),
        *("LineAmountTypes", "LineItems", "SubTotal", "TotalTax", "Total", "UpdatedDateUTC", "CurrencyCode"),
    ]
    assert list(made["LineItems"][0]) == [
        *("Description", "UnitAmount", "TaxType", "TaxAmount", "LineAmount", "AccountCode", "Tracking", "Quantity"),
        *("LineItemID", "AccountID", "ValidationErrors"),
    ]
    assert (made["Status"], made["LineAmountTypes"], made["CurrencyCode"]) == ("AUTHORISED", "Exclusive", "AUD")
    assert (made["AmountDue"], made["AmountPaid"], made["CurrencyRate"]) == (110, 0, 1)
    assert (made["DateString"], made["DueDateString"]) == ("2026-10-01T00:00:00", "2026-10-31T00:00:00")
    assert made["Contact"]["IsCustomer"] is True
    alone = xero.reread(made)
    assert not {"Payments", "CreditNotes", "InvoiceAddresses"} & set(alone)
    assert {"AmountCredited", "Attachments", "HasAttachments"} <= set(alone)


def test_a_draft_may_lack_account_tax_due_date_and_description(xero: Xero) -> None:
    made = xero.one("PUT", "Invoices", {"Type": "ACCREC", "Contact": {"Name": "A"}, "LineItems": [{"UnitAmount": 5}]})
    assert (made["Status"], made["Total"], made["TotalTax"]) == ("DRAFT", 5, 0)
    assert not {"AccountCode", "TaxType", "Description"} & set(made["LineItems"][0])
    assert "DueDate" not in made


@pytest.mark.parametrize("status", ["SUBMITTED", "AUTHORISED"])
@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"DueDate": None}, "The document DueDate field must be specified"),
        ({"LineItems": [line(AccountCode=None)]}, "The account code or ID must be specified"),
        ({"LineItems": [line(Description=None)]}, "The description field is mandatory for each line item."),
    ],
)
def test_what_a_document_must_say_before_it_is_handed_in(shared: Xero, status: str, sent: Any, told: str) -> None:
    answer = shared.call("PUT", "Invoices", {**sale(), "Status": status, **sent})
    assert (answer.status_code, messages(answer)) == (400, [told])


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Type": None}, "Invoice Type must be specified"),
        ({"Type": "INVOICE"}, "Invoice Type must be specified"),
        ({"Type": "ACCRECCREDIT"}, "Invoice Type must be specified"),
        ({"Contact": None}, "A Contact must be specified for this type of transaction"),
        ({"Contact": {}}, "A Contact must be specified for this type of transaction"),
        (
            {"Contact": {"EmailAddress": "a@example.com"}},
            "The Contact must contain at least 1 of the following elements",
        ),
        ({"Contact": {"ContactID": "11111111-1111-4111-8111-111111111111"}}, "An existing Contact with the specified"),
        ({"Contact": {"Name": "A <b>"}}, "Contact Name cannot contain < or >"),
        ({"Status": "PAID"}, "Invoice not of valid status for creation"),
        ({"Status": "VOIDED"}, "Invoice not of valid status for creation"),
        ({"Status": "DELETED"}, "Invoice not of valid status for creation"),
        ({"CurrencyCode": "THB"}, "Organisation is not subscribed to currency THB"),
        ({"CurrencyRate": 0}, "The Currency Rate must be greater than zero"),
        ({"CurrencyRate": "1E-9"}, "The Currency Rate must be greater than zero"),
        ({"InvoiceNumber": "x" * 256}, "The field InvoiceNumber must be a string with a maximum length of 255."),
        ({"InvoiceNumber": "№ 1"}, "The Invoice Number can only contain printable ASCII characters."),
        ({"Reference": "x" * 256}, "The field Reference must be a string with a maximum length of 255."),
        ({"Url": "nonsense"}, "The Url must be a valid URL and cannot contain the word xero"),
        ({"Url": "https://xero.example.com"}, "The Url must be a valid URL and cannot contain the word xero"),
        ({"Url": "http://["}, "The Url must be a valid URL and cannot contain the word xero"),
        ({"LineItems": [line(UnitAmount=-1)]}, "The Total for this document must be greater than or equal to zero."),
        ({"LineItems": [line(AccountCode="999")]}, "Account code '999' is not a valid code for this document."),
        ({"LineItems": [line(AccountCode="090")]}, "Account code '090' is not a valid code for this document."),
        ({"LineItems": [line(AccountCode="610")]}, "Account code '610' is not a valid code for this document."),
        ({"LineItems": [line(AccountID=ZERO, AccountCode=None)]}, f"Account code '{ZERO}' is not a valid code"),
        ({"LineItems": [line(TaxType="INPUT")]}, "The TaxType code 'INPUT' cannot be used with account code '200'."),
        ({"LineItems": [line(TaxType="NOPE")]}, "The TaxType code 'NOPE' does not exist or cannot be used"),
        ({"LineItems": [line(Description="x" * 4001)]}, "The field Description must be a string with a maximum length"),
        ({"LineItems": [line(Tracking=[{"Name": n} for n in "abc"])]}, "A line item can have at most 2 tracking"),
    ],
)
def test_what_an_invoice_may_not_say(shared: Xero, sent: dict[str, Any], told: str) -> None:
    answer = shared.call("PUT", "Invoices", {**sale(), **sent})
    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 10)
    assert [text.startswith(told) for text in messages(answer)] == [True]
    assert shared.get("Invoices").json()["Invoices"] == []


def test_all_that_is_wrong_is_told_together(shared: Xero) -> None:
    answer = shared.call("PUT", "Invoices", {"Type": "ACCREC", "Status": "PAID", "DueDate": "2026-01-01"})
    assert set(messages(answer)) == {
        "One or more line items must be specified",
        "Invoice not of valid status for creation",
        "A Contact must be specified for this type of transaction",
    }


@pytest.mark.parametrize(
    "sent",
    [
        {"Date": "yesterday"},
        {"DueDate": "2026-02-30"},
        {"Date": "/Date(99999999999999999)/"},
        {"LineAmountTypes": "NO_TAX"},
        {"LineAmountTypes": "inclusive"},
        {"Status": "Authorised"},
        {"LineItems": [{"Quantity": "many"}]},
        {"LineItems": {"Quantity": 1}},
        {"InvoiceID": "INV-1"},
        {"SentToContact": "perhaps"},
    ],
)
def test_a_value_of_the_wrong_form_refuses_the_call(shared: Xero, sent: dict[str, Any]) -> None:
    answer = shared.call("PUT", "Invoices", {"Invoices": [sale(), {**sale(), **sent}]}, summarizeErrors="false")
    assert (answer.status_code, answer.json()["Type"]) == (400, "PostDataInvalidException")
    assert shared.get("Invoices").json()["Invoices"] == []


@pytest.mark.parametrize(
    "day", ["2026-10-01", "2026-10-01T00:00:00", "/Date(1790812800000+0000)/", "/Date(1790812800000)/"]
)
def test_a_day_is_written_in_several_forms(xero: Xero, day: str) -> None:
    assert xero.invoice(Date=day)["Date"] == "/Date(1790812800000+0000)/"


@pytest.mark.parametrize(
    ("zone", "day"),
    [("NEWZEALANDSTANDARDTIME", 23), ("AUSEASTERNSTANDARDTIME", 22), ("PACIFICSTANDARDTIME", 22), ("UTC", 22)],
)
def test_an_omitted_date_is_today_where_the_organisation_is(connect: ConnectXero, zone: str, day: int) -> None:
    xero = connect(part={"organisation": {"Timezone": zone}}, clock=START)
    assert xero.invoice(Date=None)["DateString"] == f"2026-11-{day}T00:00:00"


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"Day": 14, "Type": "DAYSAFTERBILLDATE"}, "2026-10-15"),
        ({"Day": 10, "Type": "DAYSAFTERBILLMONTH"}, "2026-11-10"),
        ({"Day": 20, "Type": "OFCURRENTMONTH"}, "2026-10-20"),
        ({"Day": 31, "Type": "OFFOLLOWINGMONTH"}, "2026-11-30"),
    ],
)
def test_payment_terms_fill_in_the_due_date(connect: ConnectXero, terms: dict[str, Any], due: str) -> None:
    contact = {"Name": "Acme", "PaymentTerms": {"Sales": terms}}
    xero = connect(part={"contacts": [contact]})
    assert xero.invoice(DueDate=None)["DueDateString"] == f"{due}T00:00:00"
    assert xero.call("PUT", "Invoices", sale(DueDate=None, Type="ACCPAY")).status_code == 400
    organisation = connect(part={"organisation": {"PaymentTerms": {"Sales": terms}}})
    assert organisation.invoice(DueDate=None)["DueDateString"] == f"{due}T00:00:00"
    ignored = connect(part={"contacts": [contact]}, quirks={"terms-due-date": "ignored"})
    assert ignored.call("PUT", "Invoices", sale(DueDate=None)).status_code == 400


@pytest.mark.parametrize(("quirk", "status"), [("accepted", 200), ("refused", 400)])
def test_a_due_date_before_the_date_is_a_quirk(connect: ConnectXero, quirk: str, status: int) -> None:
    xero = connect(quirks={"due-before-date": quirk})
    assert xero.call("PUT", "Invoices", sale(DueDate="2026-09-30")).status_code == status


@pytest.mark.parametrize(("quirk", "status"), [("refused", 400), ("accepted", 200)])
def test_a_draft_without_lines_is_a_quirk(connect: ConnectXero, quirk: str, status: int) -> None:
    xero = connect(quirks={"empty-draft": quirk})
    assert xero.call("PUT", "Invoices", {**sale(), "Status": "DRAFT", "LineItems": []}).status_code == status


def test_sales_are_numbered_and_bills_are_not(xero: Xero) -> None:
    assert [xero.invoice(**fields)["InvoiceNumber"] for fields in ({}, {"Status": "DRAFT"})] == ["INV-0001", "INV-0002"]
    xero.invoice(InvoiceNumber="INV-0004")
    assert xero.invoice()["InvoiceNumber"] == "INV-0003"
    assert xero.call("PUT", "Invoices", sale(CurrencyCode="THB")).status_code == 400
    assert xero.invoice()["InvoiceNumber"] == "INV-0005", "a refused one takes no number"
    bills = [xero.invoice(Type="ACCPAY", **fields) for fields in ({}, {"InvoiceNumber": "B1"}, {"InvoiceNumber": "B1"})]
    assert [bill["InvoiceNumber"] for bill in bills] == ["", "B1", "B1"]


def test_a_seed_is_numbered_on(connect: ConnectXero) -> None:
    contact = {"Contact": {"Name": "Acme"}}
    invoices = [contact, {**contact, "InvoiceNumber": "INV-0001"}, {**contact, "InvoiceNumber": "INV-0003"}]
    xero = connect(part={"contacts": [{"Name": "Acme"}], "invoices": invoices})
    numbers = {row["InvoiceNumber"] for row in xero.get("Invoices").json()["Invoices"]}
    assert numbers == {"INV-0001", "INV-0002", "INV-0003"}
    assert xero.invoice()["InvoiceNumber"] == "INV-0004"


@pytest.mark.parametrize("number", ["N1", "n1"])
def test_a_sales_number_is_unique_and_a_bill_does_not_count(xero: Xero, number: str) -> None:
    xero.invoice(InvoiceNumber="N1", Type="ACCPAY")
    xero.invoice(InvoiceNumber="N1")
    answer = xero.call("PUT", "Invoices", sale(InvoiceNumber=number))
    assert messages(answer) == ["Invoice # must be unique."]


@pytest.mark.parametrize(("quirk", "status"), [("no", 400), ("yes", 200)])
@pytest.mark.parametrize("end", ["VOIDED", "DELETED"])
def test_whether_an_ended_invoice_frees_its_number_is_a_quirk(
    connect: ConnectXero, quirk: str, status: int, end: str
) -> None:
    xero = connect(quirks={"number-reuse": quirk})
    made = xero.invoice(InvoiceNumber="N1", Status="DRAFT" if end == "DELETED" else "AUTHORISED")
    xero.one("POST", f"Invoices/{made['InvoiceID']}", {"Status": end})
    assert xero.call("PUT", "Invoices", sale(InvoiceNumber="N1")).status_code == status
    other = xero.call("POST", "Invoices", sale(InvoiceNumber="N1", Reference="again"))
    assert other.status_code == status


def test_a_reference_is_for_sales_alone(xero: Xero) -> None:
    assert xero.invoice(Reference="R")["Reference"] == "R"
    bill = xero.invoice(Reference="R", Type="ACCPAY")
    assert (bill["Reference"], "SentToContact" in bill) == ("", False)


def test_the_first_document_makes_a_customer_or_a_supplier_and_does_not_move_the_contact(xero: Xero) -> None:
    contact = xero.make(Name="Both")
    assert (contact["IsCustomer"], contact["IsSupplier"]) == (False, False)
    xero.advance("1m")
    named = {"ContactID": contact["ContactID"]}
    xero.invoice(Contact=named, Status="DRAFT")
    assert xero.invoice(Contact=named, Type="ACCPAY")["Contact"]["IsSupplier"] is True
    now = xero.one("GET", f"Contacts/{contact['ContactID']}")
    assert (now["IsCustomer"], now["IsSupplier"]) == (True, True)
    assert now["UpdatedDateUTC"] == contact["UpdatedDateUTC"], "a documented blind spot"


def test_a_contact_named_by_name_or_number_is_found_or_made(xero: Xero) -> None:
    contact = xero.make(Name="Acme", ContactNumber="C1")
    assert xero.invoice(Contact={"Name": "ACME"})["Contact"]["ContactID"] == contact["ContactID"]
    assert xero.invoice(Contact={"ContactNumber": "C1"})["Contact"]["ContactID"] == contact["ContactID"]
    batch = {"Invoices": [sale(Contact={"Name": "New"}), sale(Contact={"Name": "New"})]}
    first, second = listed(xero.call("PUT", "Invoices", batch))
    assert first["Contact"]["ContactID"] == second["Contact"]["ContactID"] != contact["ContactID"]
    assert xero.names() == ["Acme", "New"]


def test_other_keys_change_the_contact_and_drop_its_persons(xero: Xero) -> None:
    contact = xero.make(Name="Acme", FirstName="Ann", ContactPersons=[{"FirstName": "Bob"}])
    key = {"ContactID": contact["ContactID"]}
    xero.invoice(Contact=key)
    assert len(xero.one("GET", f"Contacts/{key['ContactID']}")["ContactPersons"]) == 1
    made = xero.invoice(Contact={**key, "EmailAddress": "a@example.com"})
    assert (made["Contact"]["EmailAddress"], made["Contact"]["FirstName"]) == ("a@example.com", "Ann")
    assert made["Contact"]["ContactPersons"] == []
    answer = xero.call("PUT", "Invoices", sale(Contact={**key, "EmailAddress": "nonsense"}))
    assert messages(answer) == ["Email address must be valid."]


@pytest.mark.parametrize("by", ["ContactID", "ContactNumber", "Name"])
def test_an_archived_contact_gets_no_documents(connect: ConnectXero, by: str) -> None:
    xero = connect(part={"contacts": [{"Name": "Old", "ContactNumber": "C1", "ContactStatus": "ARCHIVED"}]})
    contact = xero.get("Contacts", includeArchived="true").json()["Contacts"][0]
    answer = xero.call("PUT", "Invoices", sale(Contact={by: contact[by]}))
    assert messages(answer) == [
        "The contact with the specified contact details has been archived. "
        "The contact must be un-archived before creating new invoices or credit notes."
    ]


def test_a_refused_document_leaves_no_contact_behind(xero: Xero) -> None:
    assert xero.call("PUT", "Invoices", sale(Contact={"Name": "New"}, CurrencyCode="THB")).status_code == 400
    batch = {"Invoices": [sale(Contact={"Name": "New"}), sale(CurrencyCode="THB")]}
    assert xero.call("PUT", "Invoices", batch).status_code == 400
    assert (xero.names(), xero.get("Invoices").json()["Invoices"]) == ([], [])


def test_a_line_takes_the_tax_of_its_account(connect: ConnectXero) -> None:
    xero = connect(part={"organisation": {"Version": "NZ"}})
    (row,) = xero.invoice()["LineItems"]
    assert (row["TaxType"], row["TaxAmount"]) == ("OUTPUT2", 15)
    account = listed(xero.get("Accounts", where='Code=="260"'))[0]
    (row,) = xero.invoice({"AccountCode": None, "AccountID": account["AccountID"]})["LineItems"]
    assert (row["AccountCode"], row["TaxType"]) == ("260", "OUTPUT2")
    (row,) = xero.invoice({"AccountCode": "860"})["LineItems"]
    assert (row["TaxType"], row["TaxAmount"]) == ("NONE", 0), "rounding goes to a system account"
    deleted = xero.call("PUT", "Invoices", sale({"TaxType": "OUTPUT"}))
    assert messages(deleted) == [
        "The TaxType code 'OUTPUT' does not exist or cannot be used for this type of transaction."
    ]


def test_an_archived_account_is_named_as_such(connect: ConnectXero) -> None:
    account = {"Code": "476", "Name": "Old", "Type": "REVENUE", "Class": "REVENUE", "TaxType": "OUTPUT"}
    xero = connect(part={"accounts": [{**account, "Status": "ARCHIVED"}]})
    answer = xero.call("PUT", "Invoices", sale({"AccountCode": "476"}))
    assert messages(answer) == [
        "Account code '476' has been archived, or has been deleted. Each line item must reference a valid account."
    ]


def test_only_an_approved_invoice_is_marked_as_sent(xero: Xero) -> None:
    assert xero.invoice(SentToContact=True)["SentToContact"] is True
    answer = xero.call("PUT", "Invoices", sale(SentToContact=True, Status="DRAFT"), summarizeErrors="false")
    (made,) = listed(answer)
    assert (made["SentToContact"], made["StatusAttributeString"], made["HasErrors"]) == (False, "WARNING", False)
    assert made["Warnings"] == [{"Message": "Only AUTHORISED invoices may have SentToContact updated."}]
    assert xero.reread(made)["Status"] == "DRAFT", "it is saved"


@pytest.mark.parametrize(("quirk", "status"), [("paid", "PAID"), ("authorised", "AUTHORISED")])
def test_an_invoice_of_nothing_is_paid_at_once(connect: ConnectXero, quirk: str, status: str) -> None:
    xero = connect(quirks={"zero-invoice": quirk})
    made = xero.invoice({"UnitAmount": 0})
    assert (made["Status"], "FullyPaidOnDate" in made) == (status, status == "PAID")


def test_an_online_page_exists_for_approved_sales(xero: Xero) -> None:
    made, draft = xero.invoice(), xero.invoice(Status="DRAFT")
    url = xero.one("GET", f"Invoices/{made['InvoiceID']}/OnlineInvoice")["OnlineInvoiceUrl"]
    assert url.startswith("https://in.xero.com/")
    for other in (draft, xero.invoice(Type="ACCPAY")):
        assert xero.get(f"Invoices/{other['InvoiceID']}/OnlineInvoice").status_code == 404


def test_notes_are_added_to_an_invoice(xero: Xero) -> None:
    path = f"Invoices/{xero.invoice()['InvoiceID']}/History"
    xero.one("PUT", path, {"HistoryRecords": [{"Details": "note"}]})
    assert xero.one("GET", path)["Details"] == "note"


def test_what_the_app_has_made_is_told_from_the_rest(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [{"Name": "Acme"}], "invoices": [{"Contact": {"Name": "Acme"}}]})
    made = xero.invoice()
    own = xero.get("Invoices", createdByMyApp="true").json()["Invoices"]
    assert [row["InvoiceID"] for row in own] == [made["InvoiceID"]]


@pytest.mark.parametrize(
    ("scope", "read", "written"),
    [("accounting.invoices.read", 200, 401), ("accounting.invoices", 200, 200), ("accounting.payments", 401, 401)],
)
def test_the_scope_of_invoices(connect: ConnectXero, scope: str, read: int, written: int) -> None:
    xero = connect(scope)
    assert xero.get("Invoices").status_code == read
    assert xero.call("PUT", "Invoices", sale()).status_code == written


def test_a_dump_of_documents_is_a_seed_of_the_same_world(connect: ConnectXero) -> None:
    xero = connect(clock=START)
    paid = xero.invoice({"DiscountRate": 10}, {"UnitAmount": "1.25"}, CurrencyCode="USD")
    xero.pay(paid, 50)
    voided = xero.invoice()
    xero.one("POST", f"Invoices/{voided['InvoiceID']}", {"Status": "VOIDED"})
    gone = xero.pay(xero.invoice(), 5)
    xero.one("POST", f"Payments/{gone['PaymentID']}", {"Status": "DELETED"})
    world = xero.http.get("/_sandbox/world").json()["xero"]
    again = connect(part=world, clock=START)
    assert again.http.get("/_sandbox/world").json()["xero"] == world
    assert again.reread(paid)["AmountPaid"] == 50
    assert xero.info.environment.clock.now().date() > date(2026, 11, 1)
    assert again.call("PUT", "Payments", payment(paid, 1000)).status_code == 400
