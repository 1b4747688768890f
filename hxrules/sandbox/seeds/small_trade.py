"""What the people of `small` buy, by hand: one of each situation that a first sync of products, invoices and payments meets.

What: `PRODUCTS` and `ITEMS`, then invoices made in HubSpot (`IN_HUBSPOT`) and in Xero (`IN_XERO`), each with its payments.
Invariants: a HubSpot number stands on a Xero invoice of another customer once, and nowhere else; money comes out in awkward
cents.
See also: `small` (the people), `trade` (shapes and arithmetic).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hxrules.sandbox.seeds.taxes import EXPORT, FREE, INPUT_TAXED, LEVY, NO_GST, TOURISM
from hxrules.sandbox.seeds.trade import (
    Good,
    HubSpotBooks,
    Invoice,
    Line,
    Payment,
    hubspot_product,
    xero_invoice,
    xero_item,
    xero_payment,
)

Row = dict[str, Any]

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

PRODUCTS: Final = (
    # The same in both apps; with another price in Xero; with another name there.
    ("House blend, 1 kg", "BEAN-1KG", 32_000, 17_500),
    ("Oak bench", "OAK-BENCH", 489_950, 260_000),
    ("Delivery, metro", "DELIVERY", 18_500, 0),
    # In HubSpot alone: with a price in tenths of a cent, with a code that is too long for Xero, without a code.
    ("Paper label", "LABEL", 125, 40),
    ("Engraved plaque", "PLAQUE-BRASS-ENGRAVED-LARGE-2026-EDITION", 149_000, 61_000),
    ("Gift card", "", 50_000, 0),
)
"""Name, code, price, cost of HubSpot's products, in thousandths."""

ITEMS: Final = (
    ("House blend, 1 kg", "BEAN-1KG", 32_000, 17_500),
    ("Oak bench", "OAK-BENCH", 495_000, 260_000),
    ("Delivery within the city", "DELIVERY", 18_500, 0),
    # In Xero alone: one without a price.
    ("Annual service", "SERVICE-12", 240_000, 0),
    ("Spare key", "KEY", 0, 2_200),
)

BEANS, BENCH, DELIVERY, LABEL, PLAQUE, GIFT_CARD = (
    Good(str(1001 + n), name, code, price) for n, (name, code, price, _) in enumerate(PRODUCTS)
)
SERVICE, XERO_BENCH = (Good("", name, code, price) for name, code, price, _ in (ITEMS[3], ITEMS[1]))


def _free_text(text: str, price: int, quantity: int = 100, **more: Any) -> Line:
    return Line(text, quantity, price, **more)


@dataclass(frozen=True)
class Sale:
    """An invoice, and whose: `buyer` is an e-mail, or the name of a contact without one; empty for nobody.

    `ago` and `touched` say how long before the start it was issued and last changed; `money` are payments, as (cents, ago)
    or, deleted, as (cents, ago, True).
    """

    number: str
    status: str
    buyer: str
    ago: timedelta
    lines: Sequence[Line]
    money: Sequence[tuple[Any, ...]] = ()
    touched: timedelta | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    company: str = ""
    type: str = "ACCREC"
    adjustments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def invoice(self, now: datetime) -> Invoice:
        """The invoice, with times counted back from `now`."""
        payments = [
            Payment(cents, now - ago, bool(deleted), f"R-{self.number or 'NEW'}-{n}")
            for n, (cents, ago, *deleted) in enumerate(self.money, 1)
        ]
        last = min([self.ago, *(payment[1] for payment in self.money)] if self.touched is None else [self.touched])
        return Invoice(
            self.number, self.status, now - self.ago, now - last, list(self.lines), payments=payments, **self.more
        )


IN_HUBSPOT: Final = (
    # Open, paid, and still a draft.
    Sale(
        "INV-1001", "open", "amelia.walker@wattletimber.example", 4 * DAY,
        [BENCH.line(200), _free_text("Fitting, per hour", 78_230, 200)],
        company="1001",
    ),
    Sale(
        "INV-1002", "paid", "liam.obrien@bluegumsolar.example", 31 * DAY,
        [_free_text("Call-out fee", 80_000)], [(8800, 29 * DAY)],
    ),
    Sale("", "draft", "finn@summitcycles.example", 1 * DAY, [_free_text("Frame painting", 391_360)]),
    # Paid in part, twice; in another currency; with a discount and a line that no product stands behind.
    Sale(
        "INV-1003", "open", "grace@lanternbooks.example", 12 * DAY,
        [BEANS.line(300, tax=EXPORT, discount=125), _free_text("Custom crate", 45_060, tax=EXPORT)],
        [(4000, 9 * DAY), (2561, 5 * DAY)],
        more={"currency": "USD", "reference": "PO-7781"},
    ),
    # In a currency that invoices are not synchronised in.
    Sale(
        "INV-1004", "open", "henry@saffroncatering.example", 8 * DAY, [BEANS.line(1200, tax=EXPORT)],
        more={"currency": "SGD"},
    ),
    # Without a customer, and with one that has no e-mail.
    Sale("INV-1005", "open", "", 6 * DAY, [DELIVERY.line(100)]),
    Sale("INV-1006", "open", "Bruno Costa", 5 * DAY, [DELIVERY.line(100)]),
    # Each line's tax ends in half a cent or close to it, and a price has three digits.
    Sale(
        "INV-1007", "open", "charlotte@reeftours.example", 3 * DAY,
        [
            _free_text("Tide chart", 25_060), _free_text("Tide table", 25_610), _free_text("Tide clock", 25_630),
            _free_text("Postcard", 1_250, 700), LABEL.line(6700),
        ],
    ),
    # A tax that Xero does not have; a code that is too long for it; no code at all.
    Sale("INV-1008", "open", "isla@heronlegal.example", 2 * DAY, [_free_text("Levied goods", 130_000, tax=LEVY)]),
    Sale(
        "INV-1009", "open", "mia@jasperdesign.example", 20 * HOUR,
        [PLAQUE.line(100), GIFT_CARD.line(200, tax=NO_GST)],
    ),
    # Reduced and raised as a whole.
    Sale(
        "INV-1010", "open", "jack@thistleprint.example", 9 * HOUR, [BENCH.line(100)],
        adjustments={
            "discounts": {"hs_label": "Loyalty", "hs_type": "PERCENT", "hs_value": "7.5", "hs_sort_order": "1"},
            "fees": {"hs_label": "Handling", "hs_type": "FIXED", "hs_value": "12.35", "hs_sort_order": "1"},
        },
    ),
    # Old, and untouched for long.
    Sale("INV-1011", "open", "noah.byrne@post.example", 410 * DAY, [BEANS.line(200)]),
)  # fmt: skip

IN_XERO: Final = (
    # Approved; paid in two parts; approved and paid in part, with a payment that was deleted.
    Sale(
        "SI-0001", "AUTHORISED", "amelia.walker@wattletimber.example", 10 * DAY,
        [SERVICE.line(100), _free_text("Timber offcuts", 6_330, 275)],
    ),
    Sale(
        "SI-0002", "PAID", "oliver@kauriboatyard.example", 40 * DAY,
        [XERO_BENCH.line(400, tax=EXPORT)], [(100_000, 30 * DAY), (98_000, 22 * DAY)],
        more={"currency": "NZD"},
    ),
    Sale(
        "SI-0003", "AUTHORISED", "ethan@copperelectrical.example", 15 * DAY,
        [_free_text("Switchboard", 613_450), _free_text("Cable, per metre", 3_050, 1_250, discount=75)],
        [(30_000, 11 * DAY), (20_000, 10 * DAY, True)],
        more={"reference": "PO-5530"},
    ),
    # A draft, and one that was voided.
    Sale("SI-0004", "DRAFT", "ruby.fraser@post.example", 2 * DAY, [_free_text("Consultation", 99_950)]),
    Sale("SI-0005", "VOIDED", "lucas@falconfreight.example", 25 * DAY, [_free_text("Freight", 410_000, tax=EXPORT)]),
    # Prices with tax; a discount; a tax that HubSpot's library does not have.
    Sale(
        "SI-0006", "AUTHORISED", "ada.lindqvist@nordicoptical.example", 7 * DAY,
        [_free_text("Lens cleaning", 541_250), _free_text("Case", 19_950, 300, discount=50)],
        more={"amounts": "Inclusive"},
    ),
    Sale("SI-0007", "AUTHORISED", "accounts@olivefoods.example", 6 * DAY, [_free_text("Rent", 900_000, tax=INPUT_TAXED)]),
    # The number that HubSpot gave to another invoice.
    Sale("INV-1008", "AUTHORISED", "rhys@dragonslate.example", 5 * DAY, [_free_text("Roof slate", 12_350, 4_000)]),
    # Of a customer without an e-mail, and a supplier's bill.
    Sale("SI-0008", "AUTHORISED", "Petty Cash Supplier", 4 * DAY, [_free_text("Returned goods", 45_450, tax=FREE)]),
    Sale(
        "BILL-2291", "AUTHORISED", "billing@citypower.example", 18 * DAY, [_free_text("Electricity", 318_770)],
        type="ACCPAY",
    ),
    # Money off as an amount and as a line of its own; a line of text alone; a tax that only Xero has, and that comes to something.
    Sale(
        "SI-0009", "AUTHORISED", "charlotte@reeftours.example", 30 * HOUR,
        [
            XERO_BENCH.line(300, off=15_000),
            _free_text("Delivered to the jetty; please quote the tide table.", 0, 0),
            _free_text("Goodwill credit", -45_450),
            _free_text("Reef permit, per guest", 7_250, 1_100, tax=TOURISM),
        ],
    ),
    # Old, and paid long ago.
    Sale("SI-0000", "PAID", "eleni@aegean-books.example", 400 * DAY, [_free_text("Books", 88_000)], [(9680, 390 * DAY)]),
)  # fmt: skip


def small_trade(
    now: datetime, hubspot: Sequence[Row], xero: Sequence[Row], guid: Callable[[random.Random], str]
) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """The rows of both apps, for contacts that are given as rows."""
    rng, books = random.Random("small trade"), HubSpotBooks()
    buyers = {row["properties"].get("email") or _name(row): row["id"] for row in hubspot}
    for sale in IN_HUBSPOT:
        contact = buyers[sale.buyer] if sale.buyer else ""
        books.add(sale.invoice(now), contact, sale.company, sale.adjustments)
    debtors = {str(row.get("EmailAddress") or row["Name"]).lower(): row for row in xero}
    invoices: list[Row] = []
    payments: list[Row] = []
    for sale in IN_XERO:
        invoice = sale.invoice(now)
        invoices.append(xero_invoice(invoice, guid(rng), debtors[sale.buyer.lower()], sale.type))
        payments += [xero_payment(payment, guid(rng), invoices[-1]) for payment in invoice.payments]
    products = [
        hubspot_product(str(1001 + n), name, code, price, cost, name, now - (60 - n) * DAY)
        for n, (name, code, price, cost) in enumerate(PRODUCTS)
    ]
    items = [
        xero_item(guid(rng), name, code, price, cost, name, now - (50 - n) * DAY)
        for n, (name, code, price, cost) in enumerate(ITEMS)
    ]
    return {"products": products, **books.rows}, {"items": items, "invoices": invoices, "payments": payments}


def _name(row: Row) -> str:
    has = row["properties"]
    return f"{has.get('firstname', '')} {has.get('lastname', '')}".strip()
