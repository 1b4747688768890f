"""Products, invoices and payments as both apps would hold them, and what they come to.

Invariants: money is counted in whole cents, and rounded half up: each line, then the tax of each line; that is how Xero
does it, and HubSpot with its default quirks. Prices are in thousandths, quantities in hundredths, discounts in tenths of a
percent.
See also: `rows` (contacts), `taxes` (rates and currencies), facts/xero.md 6.1 and 6.3 to 6.5, facts/hubspot.md 3.3 to 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hxrules.sandbox.seeds.rows import moment, xero_date
from hxrules.sandbox.seeds.taxes import CURRENCY_RATES, GST, Tax


@dataclass(slots=True)
class Line:
    """One line of an invoice; `product` is the id of its product in HubSpot.

    `off` is what a piece costs less than `price`, in whole dollars, so that it comes to cents for any quantity. A line of
    no quantity is one of text alone; money comes off by one of a negative quantity or price. HubSpot has neither.
    """

    text: str
    quantity: int
    price: int
    tax: Tax = GST
    sku: str = ""
    product: str = ""
    discount: int = 0
    off: int = 0

    @property
    def amount(self) -> int:
        """What it comes to without tax, or with it where the invoice says so."""
        return half_up(self.quantity * (self.price - self.off) * (1000 - self.discount), 1_000_000)

    def tax_amount(self, amounts: str = "Exclusive") -> int:
        """Its tax; `amounts` is Xero's `LineAmountTypes`."""
        if amounts == "NoTax":
            return 0
        base = 1000 + self.tax.rate if amounts == "Inclusive" else 1000
        return half_up(self.amount * self.tax.rate, base)


@dataclass(frozen=True, slots=True)
class Good:
    """A product as one app sells it."""

    id: str
    name: str
    sku: str
    price: int

    def line(self, quantity: int, tax: Tax = GST, discount: int = 0, off: int = 0) -> Line:
        """So many of it on an invoice."""
        return Line(self.name, quantity, self.price, tax, self.sku, self.id, discount, off)


@dataclass(slots=True)
class Payment:
    """Money for one invoice; `processor` is set where HubSpot's own processing received it."""

    amount: int
    at: datetime
    deleted: bool = False
    reference: str = ""
    method: str = "wire_transfer"
    processor: str = "none"


@dataclass(slots=True)
class Invoice:
    """An invoice of either app, with the status as that app calls it."""

    number: str
    status: str
    issued: datetime
    updated: datetime
    lines: list[Line]
    currency: str = "AUD"
    days: int = 14
    reference: str = ""
    amounts: str = "Exclusive"
    payments: list[Payment] = field(default_factory=list)

    @property
    def due(self) -> datetime:
        """When it is to be paid."""
        return self.issued + timedelta(days=self.days)

    @property
    def total(self) -> int:
        """Everything, with tax."""
        net = sum(line.amount for line in self.lines)
        return net if self.amounts == "Inclusive" else net + self.tax

    @property
    def tax(self) -> int:
        """The tax of all lines."""
        return sum(line.tax_amount(self.amounts) for line in self.lines)

    @property
    def paid(self) -> int:
        """What has been paid, without deleted payments."""
        return sum(payment.amount for payment in self.payments if not payment.deleted)


def half_up(numerator: int, denominator: int) -> int:
    """The rounded quotient, ties away from zero; the denominator is positive."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def hubspot_product(id: str, name: str, sku: str, price: int, cost: int, text: str, at: datetime) -> dict[str, Any]:
    """A HubSpot product; empty values are left out."""
    properties = {"name": name, "hs_sku": sku, "price": _price(price), "description": text}
    if cost:
        properties["hs_cost_of_goods_sold"] = _price(cost)
    properties = {key: value for key, value in properties.items() if value}
    return {"id": id, "properties": properties, "createdAt": moment(at), "updatedAt": moment(at)}


def xero_item(id: str, name: str, code: str, price: int, cost: int, text: str, at: datetime) -> dict[str, Any]:
    """A Xero item; without a price it has no sales details but the account."""
    sales: dict[str, Any] = {"AccountCode": "200", "TaxType": GST.xero}
    row: dict[str, Any] = {"ItemID": id, "Code": code, "Name": name, "Description": text}
    row["SalesDetails"] = sales | ({"UnitPrice": price / 1000} if price else {})
    if cost:
        row["PurchaseDetails"] = {"UnitPrice": cost / 1000, "AccountCode": "300", "TaxType": "INPUT"}
    return {**row, "IsTrackedAsInventory": False, "IsSold": True, "IsPurchased": True, "UpdatedDateUTC": xero_date(at)}


class HubSpotBooks:
    """Collects the HubSpot rows of invoices with their lines, adjustments and payments, ids counted up from 1001.

    `issued` is how many of the invoices have a number.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("line_items", "discounts", "fees", "taxes", "commerce_payments", "invoices")
        }
        self.issued = 0

    def add(
        self,
        invoice: Invoice,
        contact: str = "",
        company: str = "",
        adjustments: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Write one invoice down; `adjustments` are properties of a discount, fee or tax by the name of its type."""
        issued, updated = moment(invoice.issued), moment(invoice.updated)
        times = {"createdAt": issued, "updatedAt": updated}
        lines = [self._new("line_items", _hubspot_line(line, invoice.currency), times) for line in invoice.lines]
        links = {"line items": _links("invoice_to_line_item", lines)}
        if contact:
            links["contacts"] = _links("invoice_to_contact", [contact])
        if company:
            links["companies"] = _links("invoice_to_company", [company])
        for type, properties in (adjustments or {}).items():
            singular = type.removesuffix("es") if type == "taxes" else type.removesuffix("s")
            links[type] = _links(f"invoice_to_{singular}", [self._new(type, dict(properties), times)])
        if invoice.payments:
            ids = [self._payment(payment, invoice.currency, contact) for payment in invoice.payments]
            links["commerce_payments"] = _links("invoice_to_commerce_payment", ids)
        properties = {
            "hs_number": invoice.number,
            "hs_invoice_status": invoice.status,
            "hs_currency": invoice.currency,
            "hs_invoice_date": issued,
            "hs_due_date": moment(invoice.due),
            "hs_purchase_order_number": invoice.reference,
            "hs_invoice_billable": "true",
            "hs_invoice_source": "hubspot",
        }
        self._new("invoices", properties, {**times, "associations": links})
        self.issued += bool(invoice.number)

    def _payment(self, payment: Payment, currency: str, contact: str) -> str:
        at = moment(payment.at)
        properties = {
            "hs_initial_amount": _cents(payment.amount),
            "hs_initiated_date": at,
            "hs_currency_code": currency,
            "hs_latest_status": "succeeded",
            "hs_payment_method_type": payment.method,
            "hs_processor_type": payment.processor,
            "hs_reference_number": payment.reference,
        }
        more: dict[str, Any] = {"createdAt": at, "updatedAt": at}
        if payment.deleted:
            more |= {"archived": True, "archivedAt": at}
        if contact:
            more["associations"] = {"contacts": _links("commerce_payment_to_contact", [contact])}
        return self._new("commerce_payments", properties, more)

    def _new(self, type: str, properties: dict[str, str], more: Mapping[str, Any]) -> str:
        id = str(1001 + len(self.rows[type]))
        self.rows[type].append({"id": id, "properties": properties, **more})
        return id


def xero_invoice(invoice: Invoice, id: str, contact: Mapping[str, Any], type: str = "ACCREC") -> dict[str, Any]:
    """A Xero invoice or bill of that contact; its payments are rows of their own."""
    total, tax, paid = invoice.total, invoice.tax, invoice.paid
    owes = invoice.status in ("AUTHORISED", "SUBMITTED", "DRAFT")
    row = {
        "Type": type,
        "InvoiceID": id,
        "InvoiceNumber": invoice.number,
        "Reference": invoice.reference,
        "Contact": {"ContactID": contact["ContactID"], "Name": contact["Name"]},
        "Date": _day(invoice.issued.date()),
        "DueDate": _day(invoice.due.date()),
        "Status": invoice.status,
        "LineAmountTypes": invoice.amounts,
        "LineItems": [
            _xero_line(line, invoice.amounts, "200" if type == "ACCREC" else "300") for line in invoice.lines
        ],
        "SubTotal": (total - tax) / 100,
        "TotalTax": tax / 100,
        "Total": total / 100,
        "AmountDue": (total - paid) / 100 if owes else 0,
        "AmountPaid": paid / 100,
        "AmountCredited": 0,
        "CurrencyCode": invoice.currency,
        "CurrencyRate": CURRENCY_RATES[invoice.currency],
        "UpdatedDateUTC": xero_date(invoice.updated),
    }
    if invoice.status == "PAID":
        row["FullyPaidOnDate"] = _day(max(payment.at for payment in invoice.payments if not payment.deleted).date())
    return row


def xero_payment(payment: Payment, id: str, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """A Xero payment into the business bank account for an invoice, given by its row."""
    return {
        "PaymentID": id,
        "Invoice": {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"]},
        "Account": {"Code": "090"},
        "Date": _day(payment.at.date()),
        "Amount": payment.amount / 100,
        "Reference": payment.reference,
        "CurrencyRate": invoice["CurrencyRate"],
        "PaymentType": f"{invoice['Type']}PAYMENT",
        "Status": "DELETED" if payment.deleted else "AUTHORISED",
        "IsReconciled": False,
        "UpdatedDateUTC": xero_date(payment.at),
    }


def _hubspot_line(line: Line, currency: str) -> dict[str, str]:
    properties = {
        "name": line.text,
        "hs_sku": line.sku,
        "hs_product_id": line.product,
        "quantity": f"{line.quantity / 100:g}",
        "price": _price(line.price),
        "hs_tax_rate_group_id": line.tax.hubspot,
        "hs_line_item_currency_code": currency,
    }
    if line.discount:
        properties["hs_discount_percentage"] = f"{line.discount / 10:g}"
    if line.off:
        properties["discount"] = _price(line.off)
    return {key: value for key, value in properties.items() if value}


def _xero_line(line: Line, amounts: str, account: str) -> dict[str, Any]:
    if not line.quantity:
        return {"Description": line.text}
    row = {
        "Description": line.text,
        "Quantity": line.quantity / 100,
        "UnitAmount": line.price / 1000,
        "LineAmount": line.amount / 100,
        "AccountCode": account,
        "TaxType": line.tax.xero,
        "TaxAmount": line.tax_amount(amounts) / 100,
    }
    if line.sku:
        row["ItemCode"] = line.sku
    if line.discount:
        row["DiscountRate"] = line.discount / 10
    if line.off:
        row["DiscountAmount"] = line.quantity * line.off // 1000 / 100
    return row


def _links(name: str, ids: Sequence[str]) -> dict[str, Any]:
    return {"results": [{"id": id, "type": name} for id in ids]}


def _day(day: date) -> str:
    return xero_date(datetime.combine(day, time(), UTC))


def _cents(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def _price(price: int) -> str:
    """With two digits, or three where there are."""
    return f"{price / 1000:.3f}" if price % 10 else f"{price / 1000:.2f}"
