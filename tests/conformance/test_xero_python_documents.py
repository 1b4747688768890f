"""Xero's own Python SDK drives items, invoices, payments, accounts and tax rates of the local Xero over HTTP, as a stranger to both sides.

It reads each answer with its own models, so a date, guid, number or enumeration of the wrong form fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from xero_python.accounting import (
    Account,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    Item,
    Items,
    LineItem,
    PaymentDelete,
    Payments,
    Purchase,
    TaxComponent,
    TaxRate,
    TaxRates,
)
from xero_python.accounting.models import AccountType, CurrencyCode, LineAmountTypes
from xero_python.exceptions import (
    AccountingBadRequestException,
    NotFoundException,
)
from xero_sdk import ZERO, Sdk, StartSdk, signing_in

from hxrules.sandbox.server import ReadyInfo


@pytest.fixture
def start(run_sandbox: Callable[..., ReadyInfo], monkeypatch: pytest.MonkeyPatch) -> Iterator[StartSdk]:
    """Starts a sandbox and signs in."""
    with signing_in(run_sandbox, monkeypatch) as begin:
        yield begin


@pytest.fixture
def sdk(start: StartSdk) -> Sdk:
    """The SDK on a sandbox without quirks."""
    return start()


def test_an_invoice_is_created_with_xeros_own_figures(sdk: Sdk) -> None:
    made = sdk.invoice()
    assert (made.invoice_number, made.status, made.line_amount_types) == (
        "INV-0001",
        "AUTHORISED",
        LineAmountTypes.EXCLUSIVE,
    )
    assert (made.sub_total, made.total_tax, made.total) == (Decimal(21), Decimal("3.15"), Decimal("24.15"))
    assert (made.amount_due, made.currency_code, made.currency_rate) == (Decimal("24.15"), CurrencyCode.NZD, Decimal(1))
    assert (made.date, made.due_date) == (date(2026, 10, 1), date(2026, 10, 31))
    (row,) = made.line_items
    assert (row.tax_type, row.tax_amount, row.line_amount) == ("OUTPUT2", Decimal("3.15"), Decimal(21))
    assert len(row.line_item_id) == 36
    inclusive = LineItem(description="Support", quantity=1, unit_amount=Decimal("541.25"), account_code="200")
    gross = sdk.invoice(inclusive, line_amount_types=LineAmountTypes.INCLUSIVE)
    assert (gross.sub_total, gross.total_tax, gross.total) == (Decimal("470.65"), Decimal("70.6"), Decimal("541.25"))


def test_an_invoice_is_changed_line_by_line_and_voided(sdk: Sdk) -> None:
    made = sdk.invoice()
    kept = LineItem(line_item_id=made.line_items[0].line_item_id, quantity=Decimal(3))
    more = LineItem(description="More", quantity=1, unit_amount=5, account_code="200")
    sent = Invoices(invoices=[Invoice(reference="I am Iron man", line_items=[kept, more])])
    changed = sdk.api.update_invoice(sdk.tenant, made.invoice_id, sent).invoices[0]
    assert (changed.reference, changed.sub_total) == ("I am Iron man", Decimal("36.5"))
    assert changed.line_items[0].line_item_id == made.line_items[0].line_item_id
    voided = Invoices(invoices=[Invoice(invoice_id=made.invoice_id, status="VOIDED")])
    assert sdk.api.update_or_create_invoices(sdk.tenant, voided).invoices[0].status == "VOIDED"
    with pytest.raises(AccountingBadRequestException, match="not of valid status for modification"):
        sdk.api.update_invoice(sdk.tenant, made.invoice_id, Invoices(invoices=[Invoice(reference="again")]))
    assert sdk.api.get_invoice(sdk.tenant, made.invoice_id).invoices[0].amount_due == 0


def test_a_batch_of_invoices_tells_each_outcome_or_is_refused(sdk: Sdk) -> None:
    batch = Invoices(invoices=[sdk.sale(invoice_number=number) for number in ("A", "A", "B")])
    with pytest.raises(AccountingBadRequestException) as refused:
        sdk.api.create_invoices(sdk.tenant, batch)
    assert "Invoice # must be unique." in refused.value.reason
    rows = sdk.api.create_invoices(sdk.tenant, batch, summarize_errors=False).invoices
    assert [row.status_attribute_string for row in rows] == ["OK", "ERROR", "OK"]
    assert (rows[1].invoice_id, rows[1].has_errors) == (ZERO, True)
    assert rows[1].validation_errors[0].message == "Invoice # must be unique."
    marked = Invoices(invoices=[Invoice(invoice_id=rows[0].invoice_id, sent_to_contact=True)])
    assert sdk.api.update_or_create_invoices(sdk.tenant, marked, summarize_errors=False).invoices[0].sent_to_contact
    draft = Invoices(invoices=[sdk.sale(status="DRAFT", sent_to_contact=True)])
    (warned,) = sdk.api.create_invoices(sdk.tenant, draft, summarize_errors=False).invoices
    assert warned.status_attribute_string == "WARNING"
    assert warned.warnings[0].message == "Only AUTHORISED invoices may have SentToContact updated."


def test_invoices_are_listed_in_pages_and_by_change(sdk: Sdk) -> None:
    for number in range(3):
        sdk.invoice(invoice_number=f"N{number}")
    page = sdk.api.get_invoices(sdk.tenant, page=2, page_size=2, order="InvoiceNumber ASC", where='Type=="ACCREC"')
    assert [row.invoice_number for row in page.invoices] == ["N1", "N2"]
    assert (page.pagination.page_count, page.pagination.item_count) == (2, 4)
    named = sdk.api.get_invoices(sdk.tenant, invoice_numbers=["N0", "N2"]).invoices
    assert {row.invoice_number for row in named} == {"N0", "N2"}
    since = datetime(2026, 11, 1)  # noqa: DTZ001 - the SDK writes a naive time in the form that Xero wants
    assert len(sdk.api.get_invoices(sdk.tenant, if_modified_since=since, page=1).invoices) == 3
    assert [row.invoice_number for row in sdk.api.get_invoices(sdk.tenant, search_term="n1").invoices] == ["N1"]


def test_four_decimals_and_a_discount(sdk: Sdk) -> None:
    line = LineItem(
        description="Units", quantity=1000, unit_amount=Decimal("0.0612"), account_code="200", discount_rate=Decimal(10)
    )
    made = sdk.api.create_invoices(sdk.tenant, Invoices(invoices=[sdk.sale(line)]), unitdp=4).invoices[0]
    assert (made.line_items[0].unit_amount, made.sub_total) == (Decimal("0.0612"), Decimal("55.08"))
    assert (made.total_discount, made.is_discounted) == (Decimal("6.12"), True)
    short = sdk.api.get_invoice(sdk.tenant, made.invoice_id).invoices[0]
    exact = sdk.api.get_invoice(sdk.tenant, made.invoice_id, unitdp=4).invoices[0]
    assert [each.line_items[0].unit_amount for each in (short, exact)] == [Decimal("0.06"), Decimal("0.0612")]


def test_a_key_makes_an_invoice_happen_once(sdk: Sdk) -> None:
    batch = Invoices(invoices=[sdk.sale()])
    first, second = (
        sdk.api.create_invoices(sdk.tenant, batch, idempotency_key="k1").invoices[0].invoice_id for _ in range(2)
    )
    assert first == second
    assert sdk.api.create_invoices(sdk.tenant, batch, idempotency_key="k2").invoices[0].invoice_id != first


def test_the_online_page_and_the_history_of_an_invoice(sdk: Sdk) -> None:
    made = sdk.invoice()
    (page,) = sdk.api.get_online_invoice(sdk.tenant, made.invoice_id).online_invoices
    assert page.online_invoice_url.startswith("https://in.xero.com/")
    notes = HistoryRecords(history_records=[HistoryRecord(details="Hello World")])
    sdk.api.create_invoice_history(sdk.tenant, made.invoice_id, notes)
    assert sdk.api.get_invoice_history(sdk.tenant, made.invoice_id).history_records[0].details == "Hello World"


def test_an_invoice_is_paid_in_parts_and_opened_again(sdk: Sdk) -> None:
    made = sdk.invoice()
    first = sdk.pay(made, "4.15", reference="hs-pay-1")
    assert (first.payment_type, first.status, first.amount) == ("ACCRECPAYMENT", "AUTHORISED", Decimal("4.15"))
    assert (first.invoice.amount_due, first.invoice.status) == (Decimal(20), "AUTHORISED")
    last = sdk.api.create_payment(sdk.tenant, sdk.payment(made, "20")).payments[0]
    assert (last.invoice.amount_due, last.invoice.status) == (Decimal(0), "PAID")
    paid = sdk.api.get_invoice(sdk.tenant, made.invoice_id).invoices[0]
    assert paid.fully_paid_on_date == date(2026, 10, 15)
    assert [(row.amount, row.reference, row.status) for row in paid.payments] == [
        (Decimal("4.15"), "hs-pay-1", None),
        (Decimal(20), None, None),
    ]
    with pytest.raises(AccountingBadRequestException) as refused:
        sdk.pay(made, "1")
    told = [error["Message"] for error in refused.value.error_data["Elements"][0]["ValidationErrors"]]
    assert told == [
        "Payments can only be made against Authorised documents",
        "Payment amount exceeds the amount outstanding on this document",
    ]
    gone = sdk.api.delete_payment(sdk.tenant, last.payment_id, PaymentDelete(status="DELETED")).payments[0]
    assert (gone.status, gone.invoice.status, gone.invoice.amount_due) == ("DELETED", "AUTHORISED", Decimal(20))
    assert sdk.api.get_payment(sdk.tenant, last.payment_id).payments[0].status == "DELETED"


def test_payments_are_listed_filtered_and_paged(sdk: Sdk) -> None:
    made = sdk.invoice()
    for number in range(1, 4):
        sdk.pay(made, f"{number}", reference=f"P{number}", date=date(2026, 10, number))
    page = sdk.api.get_payments(sdk.tenant, page=1, page_size=2, order="Date DESC")
    assert [row.reference for row in page.payments] == ["P3", "P2"]
    assert (page.pagination.page_count, page.pagination.item_count) == (2, 4)
    where = f'Invoice.InvoiceID==guid("{made.invoice_id}") AND Date>=DateTime(2026,10,02) AND Status=="AUTHORISED"'
    rows = sdk.api.get_payments(sdk.tenant, where=where, order="Date ASC").payments
    assert [(row.amount, row.date, row.account.code) for row in rows] == [
        (Decimal(2), date(2026, 10, 2), "090"),
        (Decimal(3), date(2026, 10, 3), "090"),
    ]
    assert rows[0].invoice.invoice_number == made.invoice_number
    since = datetime(2999, 1, 1)  # noqa: DTZ001
    assert sdk.api.get_payments(sdk.tenant, if_modified_since=since).payments == []
    batch = Payments(payments=[sdk.payment(made, "1"), sdk.payment(made, "999"), sdk.payment(made, "1")])
    told = sdk.api.create_payments(sdk.tenant, batch, summarize_errors=False).payments
    assert [row.status_attribute_string for row in told] == ["OK", "ERROR", "OK"]
    key = {"idempotency_key": "k"}
    again = Payments(payments=[sdk.payment(made, "0.5")])
    ids = {sdk.api.create_payments(sdk.tenant, again, **key).payments[0].payment_id for _ in range(2)}
    assert len(ids) == 1


def test_history_notes_of_a_payment_and_an_item(sdk: Sdk) -> None:
    notes = HistoryRecords(history_records=[HistoryRecord(details="Hello World")])
    paid = sdk.pay(sdk.invoice(), "1").payment_id
    sdk.api.create_payment_history(sdk.tenant, paid, notes)
    assert sdk.api.get_payment_history(sdk.tenant, paid).history_records[0].details == "Hello World"
    item = sdk.api.create_items(sdk.tenant, Items(items=[Item(code="A")])).items[0].item_id
    sdk.api.create_item_history(sdk.tenant, item, notes)
    assert sdk.api.get_item_history(sdk.tenant, item).history_records[0].details == "Hello World"


def test_items_are_created_read_updated_and_deleted(sdk: Sdk) -> None:
    sold = Purchase(unit_price=Decimal("128.1875"), account_code="200", tax_type="OUTPUT2")
    bought = Purchase(unit_price=Decimal("98.61"), account_code="300", tax_type="INPUT2")
    item = Item(code="GB1", name="Golf balls", description="White", sales_details=sold, purchase_details=bought)
    made = sdk.api.create_items(sdk.tenant, Items(items=[item]), unitdp=4).items[0]
    assert (made.sales_details.unit_price, made.is_sold) == (Decimal("128.1875"), True)
    assert isinstance(made.updated_date_utc, datetime)
    for key in (made.item_id, "GB1"):
        read = sdk.api.get_item(sdk.tenant, key).items[0]
        assert (read.name, read.sales_details.unit_price) == ("Golf balls", Decimal("128.19"))
    changed = sdk.api.update_item(sdk.tenant, made.item_id, Items(items=[Item(code="GB1", is_purchased=False)])).items[
        0
    ]
    assert (changed.purchase_details.unit_price, changed.name) == (None, "Golf balls")
    upserted = sdk.api.update_or_create_items(
        sdk.tenant, Items(items=[Item(code="GB1", name="Renamed"), Item(code="GB2")])
    ).items
    assert [row.item_id == made.item_id for row in upserted] == [True, False]
    assert [row.code for row in sdk.api.get_items(sdk.tenant, where='Code=="GB2"').items] == ["GB2"]
    row = sdk.invoice(LineItem(description="Balls", quantity=2, item_code="GB1")).line_items[0]
    assert (row.unit_amount, row.account_code, row.item.name) == (Decimal("128.19"), "200", "Renamed")
    sdk.api.delete_item(sdk.tenant, made.item_id)
    assert [row.code for row in sdk.api.get_items(sdk.tenant).items] == ["GB2"]
    with pytest.raises(NotFoundException):
        sdk.api.get_item(sdk.tenant, made.item_id)
    since = datetime(2999, 1, 1)  # noqa: DTZ001
    assert sdk.api.get_items(sdk.tenant, if_modified_since=since).items == []


def test_a_batch_of_items_tells_each_outcome_or_is_refused(sdk: Sdk) -> None:
    batch = Items(items=[Item(code="A"), Item(code="A")])
    with pytest.raises(AccountingBadRequestException, match="Price List Item with Code 'A' already exists"):
        sdk.api.create_items(sdk.tenant, batch)
    rows = sdk.api.create_items(sdk.tenant, batch, summarize_errors=False).items
    assert [row.status_attribute_string for row in rows] == ["OK", "ERROR"]
    assert rows[1].validation_errors[0].message == "Price List Item with Code 'A' already exists"


def test_accounts_and_tax_rates_are_made(sdk: Sdk) -> None:
    made = sdk.api.create_account(
        sdk.tenant, Account(code="881", name="Clearing", type=AccountType.CURRLIAB, enable_payments_to_account=True)
    ).accounts[0]
    assert (made._class, made.status, made.type) == ("LIABILITY", "ACTIVE", AccountType.CURRLIAB)
    paid = sdk.pay(sdk.invoice(), "1", account=Account(account_id=made.account_id))
    assert paid.account.code == "881"
    with pytest.raises(AccountingBadRequestException, match="Please enter a unique Name"):
        sdk.api.create_account(sdk.tenant, Account(code="882", name="Clearing", type=AccountType.CURRLIAB))
    parts = [TaxComponent(name="State Tax", rate=Decimal("2.25"))]
    rate = TaxRate(name="SDK Tax", tax_components=parts, report_tax_type="OUTPUT")
    created = sdk.api.create_tax_rates(sdk.tenant, TaxRates(tax_rates=[rate])).tax_rates[0]
    assert (created.tax_type, created.effective_rate, created.can_apply_to_revenue) == ("TAX001", Decimal("2.25"), True)
    removed = TaxRates(tax_rates=[TaxRate(name="SDK Tax", status="DELETED")])
    assert sdk.api.update_tax_rate(sdk.tenant, removed).tax_rates[0].status == "DELETED"
    assert sdk.api.get_tax_rate_by_tax_type(sdk.tenant, "TAX001").tax_rates[0].status == "DELETED"


def test_a_locked_period_refuses_documents_and_payments(sdk: Sdk) -> None:
    with pytest.raises(
        AccountingBadRequestException, match="before the period lock date, currently set at 31 March 2026"
    ):
        sdk.invoice(date=date(2026, 3, 31))
    with pytest.raises(AccountingBadRequestException, match="before the period lock date"):
        sdk.pay(sdk.invoice(), "1", date=date(2026, 3, 1))


def test_an_approval_beyond_the_plan_is_refused_and_shows_in_the_actions(start: StartSdk) -> None:
    sdk = start(quirks={"xero-approval-limit": "1"})
    sdk.invoice()
    with pytest.raises(AccountingBadRequestException, match="You have reached the limit of invoices you can approve"):
        sdk.invoice()
    refused = {each.name for each in sdk.api.get_organisation_actions(sdk.tenant).actions if each.status != "ALLOWED"}
    assert refused == {"CreateApprovedInvoice"}
