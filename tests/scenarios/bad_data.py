"""The world of `test_bad_data`: what people really leave in invoices and payments, row by row, and what becomes of each.

`IN_HUBSPOT` and `IN_XERO` are the invoices with their payments; a `World` turns them into a seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hxrules.sandbox.seeds.rows import moment, xero_date
from hxrules.sandbox.seeds.taxes import XERO_SETTINGS
from tests.scenarios.stage import guid

Row = dict[str, Any]

GST, FREE, LEVY = "2148420991", "2148420992", "2148420995"
"""Rates of HubSpot's library: 10 % and 0 %, which Xero has as well, and 2.5 %, which it hasn't."""

SYNCED, ASIDE = "in step", "left out"

# --- the world ---------------------------------------------------------------------------------------------------------------

SCRIPTS = (
    "Grüße aus Köln, ½ Preis — „günstig“",
    "שלום עולם, הזמנה 12 (מע״מ)",
    "مرحبا بالعالم، فاتورة ٣",
    "日本語の請求書、税込み",
    "请付款，谢谢",
    "한국어 청구서",
    "Счёт № 7, оплатить",
    "Τιμολόγιο",
    "ใบแจ้งหนี้",
    "हिन्दी बीजक",
    "👩‍🔧🛠️🏳️‍🌈 for 🎉",
    "Z̷̛̤a̴̡̎l̸̰̈́g̶̖̿ȯ̴̢ and e\u0301 beside é",
    "right-to-left mark \u200f, zero width \u200b joiner \u200d, no-break\u00a0space, soft\u00adhyphen",
    "tabs\tand\nnew lines,\u0001 a bell \u0007 and an escape \u001b[31m",
    "𝕄𝕒𝕥𝕙 and 𓂀 beyond the first plane",
    "\"quotes\", 'apostrophes', <b>tags</b>, &amp; back\\slashes, {braces}, %s, ; DROP TABLE",
)


def words(length: int) -> str:
    """So many characters, of which the last matters."""
    return ("lorem ipsum " * (length // 12 + 1))[: length - 1] + "."


def line(name: str = "Work", price: str = "10", **more: str) -> Row:
    """A line item of HubSpot."""
    return {"name": name, "quantity": "1", "price": price, "hs_tax_rate_group_id": FREE, **more}


def item(text: str = "Work", price: float | None = 10, **more: Any) -> Row:
    """A line of Xero; one without a price is of text alone."""
    if price is None:
        return {"Description": text}
    return {
        "Description": text,
        "Quantity": 1,
        "UnitAmount": price,
        "AccountCode": "200",
        "TaxType": "EXEMPTOUTPUT",
        **more,
    }


@dataclass(frozen=True)
class Invoice:
    """An invoice of either app, and what becomes of it: a code, `SYNCED` or `ASIDE`."""

    number: str
    becomes: str
    lines: Sequence[Row] | None = None
    """One of ten dollars, unless it says otherwise."""
    whose: Sequence[int] = (1,)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    says: Mapping[str, Any] = field(default_factory=dict)
    paid: Sequence[Takings] = ()


@dataclass(frozen=True)
class Takings:
    """A payment of either app; `becomes` as with invoices."""

    reference: str
    becomes: str
    amount: str = "5"
    says: Mapping[str, Any] = field(default_factory=dict)


IN_HUBSPOT = (
    Invoice("H-NOBODY", "HX223", whose=()),
    Invoice("H-STRANGER", "HX223", whose=(3,)),
    Invoice("H-TWO-CUSTOMERS", "HX223", whose=(1, 2)),
    Invoice("H-COLLEAGUE", SYNCED, whose=(1, 3)),
    Invoice("H-NO-LINES", "HX240", lines=[]),
    Invoice("H-NO-ITEM", "HX227", lines=[line(hs_sku="GHOST-1"), line(hs_sku="GHOST-2"), line(hs_sku="oak")]),
    Invoice("H-NO-ITEM-EITHER", "HX227", lines=[line(hs_sku="GHOST-2"), line(hs_sku="X" * 31)]),
    Invoice("H-ITEM", SYNCED, lines=[line(hs_sku="OAK", price="77.70")]),
    Invoice("H-ITEM-FREE", SYNCED, lines=[line(hs_sku="OAK", price="0")]),
    Invoice("H-ITEM-NO-PRICE", SYNCED, lines=[line(hs_sku="OAK", price="")]),
    Invoice("H-BELOW-ZERO", "HX245", lines=[line(quantity="-2")]),
    Invoice("H-LINE-BELOW-ZERO", SYNCED, lines=[line(price="30"), line(quantity="-2")]),
    Invoice("H-NONE-OF-IT", SYNCED, lines=[line(quantity="0", price="99"), line()]),
    Invoice("H-SGD", "HX226", says={"hs_currency": "SGD"}),
    Invoice("H-GBP", "HX238", says={"hs_currency": "GBP"}),
    Invoice("H-EUR", SYNCED, says={"hs_currency": "EUR"}),
    Invoice("H-LEVY", "HX229", lines=[line(hs_tax_rate_group_id=LEVY)]),
    Invoice("H-NO-TAX", SYNCED, lines=[line(hs_tax_rate_group_id="")]),
    Invoice("H-DUE-BEFORE", SYNCED, says={"hs_due_date": -30}),
    Invoice("H-NOT-DUE", SYNCED, says={"hs_due_date": None}),
    Invoice("H-LONG-AGO", SYNCED, says={"hs_invoice_date": -3000, "hs_due_date": -2900}),
    Invoice(
        "H-500", SYNCED, lines=[line(f"Part {n}", f"{n}.{n % 100:02}", hs_tax_rate_group_id=GST) for n in range(500)]
    ),
    Invoice("H-SCRIPTS", SYNCED, lines=[line(text, description=text) for text in SCRIPTS]),
    Invoice("H-NAMES", SYNCED, lines=[line(text) for text in SCRIPTS]),
    Invoice("H-4000", SYNCED, lines=[line(description=words(4000))]),
    Invoice("H-4001", "HX210", lines=[line(description=words(4001))]),
    Invoice("H-SAYS-NOTHING", "HX211", lines=[line(name="")]),
    Invoice("H-NOTHING", SYNCED, lines=[line(price="0.00")]),
    Invoice("H-UNTHINKABLE", "HX210", lines=[line(price="99999999999", quantity="99999999999")]),
    Invoice("H-HUGE", SYNCED, lines=[line(price="9999999999.99")]),
    Invoice("H-TOO-HUGE", "HX210", lines=[line(price="10000000000.00")]),
    Invoice("H-DISCOUNT", "HX228", parts={"discounts": {"hs_type": "PERCENT", "hs_value": "7.5"}}),
    Invoice("H-FEE", "HX228", parts={"fees": {"hs_type": "FIXED", "hs_value": "1.01"}}),
    Invoice("H-TAX", "HX228", parts={"taxes": {"hs_type": "PERCENT", "hs_value": "10"}}),
    Invoice("H-CENT", "HX228", lines=[line(price="1.00005", quantity="300", hs_tax_rate_group_id=GST)]),
    Invoice("H-SIX-DECIMALS", SYNCED, lines=[line(price="12.345678"), line(price="0.333333", quantity="3")]),
    Invoice("H-SIX-OF-QUANTITY", "HX228", lines=[line(price="300", quantity="0.333333")]),
    Invoice("H-TWO-DISCOUNTS", SYNCED, lines=[line(discount="1", hs_discount_percentage="20")]),
    Invoice("H-PERCENT", SYNCED, lines=[line(price="99.99", quantity="3", hs_discount_percentage="33.3333")]),
    Invoice("H-ALL-OFF", SYNCED, lines=[line(hs_discount_percentage="100"), line(discount="10")]),
    Invoice("H-OFF-EACH", SYNCED, lines=[line(price="5", discount="0.3333", quantity="7")]),
    Invoice(
        "H-TIES", SYNCED, lines=[line(price=price, hs_tax_rate_group_id=GST) for price in ("0.05", "0.25", "25.65")]
    ),
    Invoice("H-HALF-A-CENT-OFF", SYNCED, lines=[line(price="10.10", hs_discount_percentage="12.5")]),
    Invoice("SAME", "HX239"),
    Invoice("X-VOID", "HX239"),
    Invoice("H-ŁÓDŹ-№7", "HX209"),
    Invoice("H-" + "9" * 254, "HX210"),
    Invoice("", ASIDE, says={"hs_invoice_status": "draft"}, paid=[Takings("on a draft", ASIDE)]),
    Invoice("H-VOIDED", ASIDE, says={"hs_invoice_status": "voided"}),
    Invoice(
        "H-PAID",
        SYNCED,
        says={"hs_invoice_status": "paid"},
        paid=[Takings("", SYNCED, "4"), Takings("rest", SYNCED, "6"), Takings("nothing", ASIDE, "0")],
    ),
    Invoice("H-ALIKE", SYNCED, paid=[Takings("half 1", SYNCED), Takings("half 2", SYNCED)]),
    Invoice("H-OVERPAID", SYNCED, paid=[Takings("too much", "HX233", "10.01")]),
    Invoice("H-PAID-TWICE", SYNCED, paid=[Takings("once", SYNCED, "9.99"), Takings("twice", "HX233", "9.98")]),
    Invoice(
        "H-REFUNDED",
        SYNCED,
        paid=[
            Takings("refunded", ASIDE, "10", says={"hs_latest_status": "refunded", "hs_refunds_amount": "10"}),
            Takings("failed", ASIDE, "9", says={"hs_latest_status": "failed"}),
        ],
    ),
    Invoice("H-HELD-AND-PAID", "HX223", whose=(), paid=[Takings("of a held one", "HX232")]),
    Invoice(
        "H-SCRIPTS-PAID", SYNCED, paid=[Takings(text, SYNCED, f"0.{cents:02}") for cents, text in enumerate(SCRIPTS, 1)]
    ),
    Invoice("H-LONG-REFERENCE", SYNCED, paid=[Takings("R" * 255, SYNCED), Takings("R" * 256, "HX210", "4")]),
)

IN_XERO = (
    Invoice("X-NOBODY", "HX223", whose=(4,)),
    Invoice(
        "X-PLAIN", SYNCED, lines=[item(TaxType="OUTPUT")], paid=[Takings("X-R1", SYNCED), Takings("", SYNCED, "5.5")]
    ),
    Invoice("X-DRAFT", SYNCED, says={"Status": "DRAFT"}),
    Invoice("X-DRAFT-EMPTY", SYNCED, lines=[], says={"Status": "DRAFT"}),
    Invoice("X-SUBMITTED", SYNCED, says={"Status": "SUBMITTED"}),
    Invoice("X-VOID", "HX239", says={"Status": "VOIDED"}),
    Invoice("X-DELETED", ASIDE, says={"Status": "DELETED"}),
    Invoice("X-CHF", "HX238", says={"CurrencyCode": "CHF"}, paid=[Takings("X-R2", "HX232")]),
    Invoice("X-USD", SYNCED, says={"CurrencyCode": "USD"}, paid=[Takings("X-R3", SYNCED)]),
    Invoice("X-DUE-BEFORE", SYNCED, says={"DueDate": -30}),
    Invoice("X-500", SYNCED, lines=[item(f"Part {n}", n + n % 100 / 100, TaxType="OUTPUT") for n in range(500)]),
    Invoice("X-SCRIPTS", SYNCED, lines=[item(text) for text in SCRIPTS], says={"Reference": SCRIPTS[1]}),
    Invoice("X-4000", SYNCED, lines=[item(words(4000))]),
    Invoice("X-NOTHING", SYNCED, lines=[item(price=0)], says={"Status": "PAID"}),
    Invoice("X-HUGE", SYNCED, lines=[item(price=9999999999.99)]),
    Invoice("X-TEXT", SYNCED, lines=[item("Only a remark", None), item(), item("Another", None)]),
    Invoice("X-LESS", SYNCED, lines=[item(price=30, TaxType="OUTPUT"), item("Goodwill", -10)]),
    Invoice(
        "X-LESS-WITH-TAX", SYNCED, lines=[item(price=30, TaxType="OUTPUT"), item("Goodwill", -10, TaxType="OUTPUT")]
    ),
    Invoice("X-LESS-THAN-NOTHING", "HX228", lines=[item(price=10, TaxType="OUTPUT"), item("Goodwill", -10.5)]),
    Invoice("X-RETURNED", SYNCED, lines=[item(price=30), item("Returned", 10, Quantity=-1)]),
    Invoice("X-NONE-OF-IT", SYNCED, lines=[item(price=99, Quantity=0), item()]),
    Invoice("X-INPUT-TAXED", SYNCED, lines=[item(TaxType="INPUTTAXED")]),
    Invoice("X-OWN-TAX", SYNCED, lines=[item(price=33.33, TaxType="TAX002"), item(price=0.1, TaxType="TAX002")]),
    Invoice(
        "X-INCLUSIVE",
        SYNCED,
        lines=[
            item(price=54.13, TaxType="OUTPUT"),
            item(price=19.95, Quantity=3, DiscountRate=5, TaxType="OUTPUT"),
            item(price=7.77, Quantity=3, DiscountAmount=1.11, TaxType="OUTPUT"),
        ],
        says={"LineAmountTypes": "Inclusive"},
    ),
    Invoice("X-UNTAXED", SYNCED, lines=[item(TaxType="BASEXCLUDED")], says={"LineAmountTypes": "NoTax"}),
    Invoice("X-TWO-DISCOUNTS", SYNCED, lines=[item(DiscountRate=10, DiscountAmount=2)]),
    Invoice("X-OFF-THE-LINE", SYNCED, lines=[item(price=3.3333, Quantity=7, DiscountAmount=0.01)]),
    Invoice("X-ALL-OFF", SYNCED, lines=[item(DiscountRate=100)]),
    Invoice(
        "X-FOUR-DECIMALS", SYNCED, lines=[item(price=0.0333, Quantity=123.4567, DiscountRate=33.33, TaxType="OUTPUT")]
    ),
    Invoice("X-ODD-TAX", SYNCED, lines=[item(price=100, TaxType="OUTPUT", TaxAmount=9.99)]),
    Invoice(
        "X-TIES", SYNCED, lines=[item(price=price, TaxType="OUTPUT") for price in (0.05, 0.15, 0.25, 25.65, 25.75)]
    ),
    Invoice("X-CREDITED", SYNCED, says={"CreditNotes": [{"CreditNoteNumber": "CN-1", "AppliedAmount": 4}]}),
    Invoice("X-SAYS-NOTHING", SYNCED, lines=[item("")], says={"Status": "DRAFT"}),
    Invoice("X-ŁÓDŹ", SYNCED),
    Invoice("SAME", "HX239", lines=[item(price=99)], whose=(2,)),
    Invoice(
        "X-SCRIPTS-PAID", SYNCED, paid=[Takings(text, SYNCED, f"0.{cents:02}") for cents, text in enumerate(SCRIPTS, 1)]
    ),
    Invoice("X-ALIKE", SYNCED, paid=[Takings("X-R5", SYNCED, "1"), Takings("X-R6", SYNCED, "1")]),
    Invoice("X-PAID", SYNCED, says={"Status": "PAID"}, paid=[Takings("X-R4", SYNCED, "10")]),
)


class World:
    """The world as a seed file, and which id each row has got."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.hubspot: dict[str, Any] = {
            "edit_invoices": True,
            "currencies": ["USD", "EUR", "GBP", "SGD"],
            "contacts": [
                self._row(1, email="buyer@one.example", firstname="Ida", lastname="One", company="One Pty Ltd"),
                self._row(2, email="buyer@two.example", firstname="Bo", lastname="Two", company="Two Pty Ltd"),
                self._row(3, firstname="Nameless", lastname="Stranger"),
                self._row(5, email="buyer@five.example", firstname="Eve", lastname="Five", company="Five Pty Ltd"),
            ],
            **{name: [] for name in ("invoices", "line_items", "discounts", "fees", "taxes", "commerce_payments")},
        }
        self.xero: dict[str, Any] = {
            "currencies": ["AUD", "USD", "EUR", "CHF"],
            "tax_rates": XERO_SETTINGS["tax_rates"],
            "contacts": [
                {"ContactID": guid(1), "Name": "One Pty Ltd", "EmailAddress": "buyer@one.example"},
                {"ContactID": guid(2), "Name": "Two Pty Ltd", "EmailAddress": "buyer@two.example"},
                {"ContactID": guid(4), "Name": "Over the counter"},
                {"ContactID": guid(5), "Name": "Five Pty Ltd", "EmailAddress": "buyer@five.example"},
            ],
            "items": [{"ItemID": guid(6), "Code": "OAK", "Name": "Oak", "SalesDetails": {"UnitPrice": 77.7}}],
            "invoices": [],
            "payments": [],
        }
        self.becomes: dict[tuple[str, str, str], str] = {}
        """App, sync and id → what is to become of it."""
        self.names: dict[tuple[str, str, str], str] = {}

    def sell(self, invoice: Invoice) -> str:
        """An invoice made in HubSpot; its id."""
        lines = [line()] if invoice.lines is None else invoice.lines
        kinds = {"line_items": list(lines), **{kind: [dict(part)] for kind, part in invoice.parts.items()}}
        links = {
            kind.replace("_", " "): self._links([self._add(kind, **part) for part in parts], _WORDS[kind])
            for kind, parts in kinds.items()
        }
        links["contacts"] = self._links([str(each) for each in invoice.whose], "invoice_to_contact")
        links["commerce_payments"] = self._links(
            [self._take(each) for each in invoice.paid], "invoice_to_commerce_payment"
        )
        says = {
            "hs_number": invoice.number,
            "hs_invoice_status": "open",
            "hs_currency": "AUD",
            "hs_invoice_date": -10,
            "hs_due_date": 4,
            "hs_invoice_source": "hubspot",
            **invoice.says,
        }
        for name in ("hs_invoice_date", "hs_due_date"):
            says[name] = moment(self.at + timedelta(days=says[name])) if says[name] is not None else ""
        made = self._add("invoices", **says)
        self.hubspot["invoices"][-1]["associations"] = links
        return self._note(("hubspot", "invoices", made), invoice.number, invoice.becomes)

    def _take(self, takings: Takings) -> str:
        says = {
            "hs_initial_amount": takings.amount,
            "hs_initiated_date": -2,
            "hs_currency_code": "AUD",
            "hs_latest_status": "succeeded",
            "hs_payment_method_type": "wire_transfer",
            "hs_processor_type": "none",
            "hs_reference_number": takings.reference,
            **takings.says,
        }
        says["hs_initiated_date"] = moment(self.at + timedelta(days=says["hs_initiated_date"]))
        made = self._add("commerce_payments", **says)
        return self._note(("hubspot", "payments", made), takings.reference, takings.becomes)

    def book(self, invoice: Invoice) -> str:
        """An invoice made in Xero; its id."""
        made = guid(1001 + len(self.xero["invoices"]))
        says = {
            "Type": "ACCREC",
            "InvoiceID": made,
            "InvoiceNumber": invoice.number,
            "Status": "AUTHORISED",
            "Date": -10,
            "DueDate": 4,
            "Contact": {"ContactID": guid(invoice.whose[0])},
            "LineItems": [dict(each) for each in ([item()] if invoice.lines is None else invoice.lines)],
            "UpdatedDateUTC": xero_date(self.at),
            **invoice.says,
        }
        for name in ("Date", "DueDate"):
            says[name] = (self.at.date() + timedelta(days=says[name])).isoformat()
        self.xero["invoices"].append(says)
        for takings in invoice.paid:
            paid = guid(5001 + len(self.xero["payments"]))
            day = self.at.date() + timedelta(days=takings.says.get("Date", -2))
            self.xero["payments"].append(
                {
                    "PaymentID": paid,
                    "Invoice": {"InvoiceID": made},
                    "Account": {"Code": "090"},
                    "Date": day.isoformat(),
                    "Amount": float(takings.amount),
                    "Reference": takings.reference,
                    "UpdatedDateUTC": xero_date(self.at),
                }
            )
            self._note(("xero", "payments", paid), takings.reference, takings.becomes)
        return self._note(("xero", "invoices", made), invoice.number, invoice.becomes)

    def _note(self, key: tuple[str, str, str], name: str, becomes: str) -> str:
        self.becomes[key] = becomes
        self.names[key] = name
        return key[2]

    def _add(self, kind: str, **properties: str) -> str:
        made = str(1001 + len(self.hubspot[kind]))
        self.hubspot[kind].append(self._row(made, **properties))
        return made

    def _row(self, record_id: int | str, **properties: str) -> Row:
        when = moment(self.at)
        return {"id": str(record_id), "properties": properties, "createdAt": when, "updatedAt": when}

    @staticmethod
    def _links(ids: Sequence[str], name: str) -> Row:
        return {"results": [{"id": each, "type": name} for each in ids]}


_WORDS = {
    "line_items": "invoice_to_line_item",
    "discounts": "invoice_to_discount",
    "fees": "invoice_to_fee",
    "taxes": "invoice_to_tax",
}
