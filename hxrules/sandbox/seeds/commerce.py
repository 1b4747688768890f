"""What the people of a crowd buy: products, invoices and payments in both apps, and the companies that they work for.

Invariants: for n contacts a side there are n/4 products, 2.5 n invoices, half of them made in either app, and 2 n payments,
half in either, besides a few that were deleted; payments come to the total of a paid invoice, and to less than that of an
open one; no number stands on two invoices; all days are the same in UTC and in Sydney; HubSpot's own ids count up from 1001,
in the order of time.
See also: `crowd` (the people), `trade` (the shapes), `taxes` (rates and currencies), `goods` (the words).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hxrules.sandbox.seeds.goods import (
    CENTS,
    CREDITS,
    DISCOUNTS,
    GOODS,
    MATERIALS,
    METHODS,
    QUANTITIES,
    REMARKS,
    SERVICES,
)
from hxrules.sandbox.seeds.taxes import EXPORT, FREE, GST, HERITAGE, INPUT_TAXED, LEVY, NO_GST, TOURISM, Tax
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
Rows = dict[str, list[Row]]

CURRENCIES: Final = ("AUD",) * 35 + ("NZD",) * 5 + ("USD",) * 5 + ("GBP",) * 2 + ("EUR", "CAD", "SGD")
"""What invoices are in; SGD is a currency of both apps, but none that invoices are synchronised in."""
TAXES: Final = (GST,) * 15 + (FREE,) * 3 + (NO_GST, HERITAGE)
COUNTS: Final = (1,) * 34 + (2,) * 26 + (3,) * 16 + (4,) * 9 + (5,) * 6 + (6,) * 4 + (7,) * 3 + (8,) * 2
"""How many lines invoices have."""
MOST_LINES: Final = max(COUNTS)
AMOUNTS: Final = ("Exclusive",) * 17 + ("Inclusive",) * 2 + ("NoTax",)
AGES: Final = (*((1, 7),) * 5, *((7, 60),) * 9, *((60, 300),) * 5, (300, 700))
"""From how many to how many days old invoices are."""
HUBSPOT_STATES: Final = ("draft",) * 3 + ("open",) * 12 + ("paid",) * 10
XERO_STATES: Final = ("DRAFT",) * 2 + ("AUTHORISED",) * 12 + ("PAID",) * 10 + ("VOIDED",)
DELETED: Final = 0.05
"""For each payment that counts, how many were deleted."""
ADJUSTMENTS: Final = (
    {"discounts": {"hs_label": "Spring offer", "hs_type": "PERCENT", "hs_value": "5", "hs_sort_order": "1"}},
    {"fees": {"hs_label": "Handling", "hs_type": "FIXED", "hs_value": "12.50", "hs_sort_order": "1"}},
    {"taxes": {"hs_label": "Surcharge", "hs_type": "PERCENT", "hs_value": "1.5", "hs_sort_order": "1"}},
)
"""What a few open HubSpot invoices are reduced or raised by as a whole."""


@dataclass(slots=True)
class Plan:
    """What is to become of an invoice: its status, and how many payments it gets, and gets back."""

    status: str
    kept: int = 0
    deleted: int = 0


def commerce(size: int, now: datetime, hubspot: Sequence[Row], xero: Sequence[Row]) -> tuple[Rows, Rows]:
    """The rows of both apps beyond their contacts, which are given as rows. A world is the same all day: it all happened before today."""
    now = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rng = random.Random(f"commerce of {size}")
    emails = [row["properties"].get("email", "") for row in hubspot], [row.get("EmailAddress", "") for row in xero]
    shared = {*emails[0]} & {*emails[1]} - {""}
    buyers = _Customers(hubspot, emails[0], shared), _Customers(xero, emails[1], shared)
    products, goods, items, stock = _products(size // 4, rng, now)
    companies, employers = _companies(hubspot)
    count = size * 5 // 2
    books = HubSpotBooks()
    for plan, issued in _plans(count // 2, size, HUBSPOT_STATES, now, rng):
        _sell_in_hubspot(plan, issued, books, goods, buyers[0], employers, now, rng)
    documents: list[Row] = []
    payments: list[Row] = []
    for number, (plan, issued) in enumerate(_plans(count - count // 2, size, XERO_STATES, now, rng), 1):
        invoice = _invoice(f"SI-{number:05}", plan, issued, stock, (INPUT_TAXED, TOURISM), now, rng)
        documents.append(xero_invoice(invoice, _guid(rng), buyers[1].draw(rng)))
        payments += [xero_payment(payment, _guid(rng), documents[-1]) for payment in invoice.payments]
    return (
        {"companies": companies, "products": products, **books.rows},
        {"items": items, "invoices": documents, "payments": payments},
    )


class _Customers:
    """The contacts of one app: most that buy are in both apps, a few have no e-mail."""

    def __init__(self, rows: Sequence[Row], emails: Sequence[str], shared: set[str]) -> None:
        self._all = rows
        named = list(zip(rows, emails, strict=True))
        self._kinds = (
            [row for row, email in named if email in shared],
            [row for row, email in named if email and email not in shared],
            [row for row, email in named if not email],
        )

    def draw(self, rng: random.Random) -> Row:
        """One of them."""
        at = rng.random()
        return rng.choice(self._kinds[0 if at < 0.86 else 1 if at < 0.98 else 2] or self._all)


def _products(count: int, rng: random.Random, now: datetime) -> tuple[list[Row], list[Good], list[Row], list[Good]]:
    """Rows and goods of HubSpot, then of Xero: three of five are in both, matched by code, the others in one app alone."""
    products: list[Row] = []
    items: list[Row] = []
    goods: list[Good] = []
    stock: list[Good] = []
    for n in range(count):
        material, thing = MATERIALS[n * 7 % len(MATERIALS)], GOODS[n % len(GOODS)]
        again = n // (len(MATERIALS) * len(GOODS) // 2)
        name = f"{material} {thing.lower()}" + (f" {again + 1}" if again else "")
        code = f"{material[:3]}-{thing[:4]}-{n + 1:04}".upper()
        price = rng.randint(2, 320) * 1000 + rng.choice(CENTS) * 10
        cost = price * 6 // 10 // 10 * 10
        at = now - timedelta(days=rng.randint(20, 700), seconds=rng.randint(0, 80_000))
        kind = n % 5
        if kind < 4:
            here = _own_code(n, code, material, thing) if kind == 3 else code
            here_price = price + 5 if kind == 3 and n % 4 == 0 else price
            goods.append(Good(str(1001 + len(goods)), name, here, here_price))
            products.append(hubspot_product(goods[-1].id, name, here, here_price, cost, f"{name}, per piece", at))
        if kind != 3:
            there = name + " (AU)" if n % 7 == 0 else name
            there_price = price + 1500 if n % 6 == 0 and kind < 3 else price
            stock.append(Good(_guid(rng), there, code, there_price))
            at += timedelta(days=rng.randint(0, 15))
            items.append(xero_item(stock[-1].id, there, code, there_price, cost, f"{there}, per piece", at))
    return products, goods, items, stock


def _own_code(n: int, code: str, material: str, thing: str) -> str:
    """The code of a product that only HubSpot has: sometimes longer than Xero takes, sometimes none."""
    match n // 5 % 20:
        case 0:
            return f"{material}-{thing}-SHOWROOM-EDITION-{n + 1:05}".upper()
        case 1:
            return ""
        case _:
            return code


def _companies(contacts: Sequence[Row]) -> tuple[list[Row], dict[str, str]]:
    """A company for every fourth contact that names one, and the company's id by that of the contact."""
    rows: list[Row] = []
    employers: dict[str, str] = {}
    for contact in [row for row in contacts if row["properties"].get("company")][::4]:
        has, id = contact["properties"], str(1001 + len(rows))
        employers[contact["id"]] = id
        properties = {name: has[name] for name in ("city", "state", "zip", "country", "website") if name in has}
        if email := has.get("email"):
            properties["domain"] = email.partition("@")[2]
        types = ("company_to_contact_unlabeled", "company_to_contact")
        rows.append(
            {
                "id": id,
                "properties": {"name": has["company"], **properties},
                "createdAt": contact["createdAt"],
                "updatedAt": contact["createdAt"],
                "associations": {"contacts": {"results": [{"id": contact["id"], "type": type} for type in types]}},
            }
        )
    return rows, employers


def _plans(
    count: int, payments: int, states: Sequence[str], now: datetime, rng: random.Random
) -> Iterator[tuple[Plan, datetime]]:
    """That many invoices with, together, that many payments, and when each was issued, the oldest first."""
    if not count:
        return
    plans = [Plan(rng.choice(states)) for _ in range(count)]
    is_paid, is_open = ("paid", "open") if "paid" in states else ("PAID", "AUTHORISED")
    plans[-1].status = is_open
    paid = [plan for plan in plans if plan.status == is_paid][:payments]
    for plan in plans:
        if plan.status == is_paid and plan not in paid:
            plan.status = is_open
    for plan in paid:
        plan.kept = 1
    opened = [plan for plan in plans if plan.status == is_open]
    untouched = iter(opened)
    for _ in range(payments - len(paid)):
        if rng.random() < 0.6:
            (next(untouched, None) or rng.choice(opened)).kept += 1
        else:
            rng.choice(paid or opened).kept += 1
    for _ in range(round(payments * DELETED)):
        rng.choice(paid or opened).deleted += 1
    yield from zip(plans, sorted(_issued(now, rng) for _ in plans), strict=True)


def _issued(now: datetime, rng: random.Random) -> datetime:
    """When an invoice was issued: in the afternoon of Sydney, at least a day before the midnight `now`."""
    low, high = rng.choice(AGES)
    return now - timedelta(days=rng.randint(low, high)) + timedelta(seconds=rng.randint(1_800, 18_000))


def _sell_in_hubspot(
    plan: Plan,
    issued: datetime,
    books: HubSpotBooks,
    goods: Sequence[Good],
    buyers: _Customers,
    employers: dict[str, str],
    now: datetime,
    rng: random.Random,
) -> None:
    """Write an invoice into the books; a few have lost their customer."""
    number = "" if plan.status == "draft" else f"INV-{1001 + books.issued}"
    invoice = _invoice(number, plan, issued, goods, (LEVY,), now, rng)
    contact = "" if rng.random() < 0.02 else buyers.draw(rng)["id"]
    adjusts = plan.status == "open" and not invoice.payments and rng.random() < 0.06
    books.add(invoice, contact, employers.get(contact, ""), rng.choice(ADJUSTMENTS) if adjusts else {})


def _invoice(
    number: str,
    plan: Plan,
    issued: datetime,
    goods: Sequence[Good],
    odd: Sequence[Tax],
    now: datetime,
    rng: random.Random,
) -> Invoice:
    """An invoice with lines and payments; `odd` are taxes that the other app does not have."""
    in_xero = odd[0].hubspot == ""
    currency = rng.choice(CURRENCIES)
    amounts = rng.choice(AMOUNTS) if in_xero else "Exclusive"
    tax = EXPORT if currency != "AUD" else NO_GST if amounts == "NoTax" else None
    invoice = Invoice(
        number,
        plan.status,
        issued,
        issued,
        [_line(goods, tax, odd, rng) for _ in range(rng.choice(COUNTS))],
        currency,
        rng.choice((7, 14, 14, 30)),
        f"PO-{rng.randint(1000, 9999)}" if rng.random() < 0.2 else "",
        amounts,
    )
    if in_xero:
        _add_what_only_xero_has(invoice.lines, rng)
    invoice.payments = _payments(invoice, plan, now, rng)
    last = max((payment.at for payment in invoice.payments), default=issued)
    invoice.updated = min(last + timedelta(seconds=rng.randint(20, 900)), now - timedelta(minutes=3))
    return invoice


def _line(goods: Sequence[Good], tax: Tax | None, odd: Sequence[Tax], rng: random.Random) -> Line:
    quantity, at = rng.choice(QUANTITIES), rng.random()
    tax = tax or rng.choice(odd if at > 0.99 else TAXES)
    if not goods or at < 0.08:
        return Line(rng.choice(SERVICES), quantity, rng.randint(15, 180) * 1000 + rng.choice(CENTS) * 10, tax)
    good = rng.choice(goods)
    cut = rng.random()
    if cut < 0.09:
        return good.line(quantity, tax, discount=rng.choice(DISCOUNTS))
    if cut < 0.13 and good.price > 10_000:
        return good.line(quantity, tax, off=rng.choice((1, 1, 2, 5)) * 1000)
    return good.line(quantity, tax)


def _add_what_only_xero_has(lines: list[Line], rng: random.Random) -> None:
    """To some invoices a credit, which never outweighs the first line, and to some a line of text alone."""
    first = lines[0]
    if len(lines) < MOST_LINES and rng.random() < 0.06:
        if first.quantity >= 400 and not first.discount and not first.off:
            lines.append(replace(first, text=f"Returned: {first.text}", quantity=-100))
        else:
            most = first.amount // 4
            price = -min(rng.randint(2, 90) * 100 + rng.choice(CENTS), most) * 10
            lines.append(Line(rng.choice(CREDITS), 100, price, first.tax))
    if len(lines) < MOST_LINES and rng.random() < 0.06:
        lines.insert(rng.choice((0, len(lines))), Line(rng.choice(REMARKS), 0, 0))


def _payments(invoice: Invoice, plan: Plan, now: datetime, rng: random.Random) -> list[Payment]:
    """As many as planned, that come to the total of a paid invoice and to a part of that of an open one."""
    if not plan.kept and not plan.deleted:
        return []
    left = invoice.total if plan.status in ("paid", "PAID") else invoice.total * rng.randint(20, 80) // 100
    payments = []
    for n in range(plan.kept + plan.deleted):
        deleted = n >= plan.kept
        share = invoice.total // 2 if deleted else left // (plan.kept - n)
        amount = share if deleted or n == plan.kept - 1 else share - rng.randint(0, share // 2)
        days = int(rng.random() * ((now - invoice.issued).days + 1))
        at = invoice.issued + timedelta(days=days, minutes=rng.randint(1, 50))
        processed = not deleted and rng.random() < 0.1
        payments.append(
            Payment(
                amount,
                min(at, now - timedelta(minutes=4)),
                deleted,
                f"R{rng.randint(100_000, 999_999)}" if rng.random() < 0.7 else "",
                "card" if processed else rng.choice(METHODS),
                "hs_payments" if processed else "none",
            )
        )
        left -= 0 if deleted else amount
    return payments


def _guid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
