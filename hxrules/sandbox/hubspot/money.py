"""The arithmetic of invoices: what a line comes to, what discounts, fees and taxes make of it, what a payment counts.

Invariants: everything is a Decimal; amounts are rounded to 2 digits, half up: each line, its tax, and each adjustment by
itself. HubSpot does not say how it rounds, so whether the tax of lines is rounded once a line or once a rate is a quirk.
See also: facts/hubspot.md 3.4 to 3.7, 10 and 12.9; `invoicing` (applies it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from hxrules.sandbox.hubspot.tax_rates import TaxRate

Properties = Mapping[str, str]

NOTHING: Final = Decimal("0.00")
_HUNDRED: Final = Decimal(100)
_CENT: Final = Decimal("0.01")
_SIX: Final = Decimal("0.000001")
_WIDE: Final = Context(prec=60)
"""Wide enough for the product of any two numbers that a property can hold."""

_ABSENT: Final = dict.fromkeys(("hs_margin", "hs_tax_rate", "hs_tax_amount"), "")

RECEIVED: Final = frozenset(
    (
        *("succeeded", "partially_refunded", "processing_refund", "disputed_won"),
        *("disputed_action_required", "disputed_awaiting_decision"),
    )
)
"""The states of a payment in which its money is here."""


def number(properties: Properties, name: str) -> Decimal:
    """The value of a property, 0 where there is none."""
    return Decimal(properties.get(name) or 0)


def cents(value: Decimal) -> Decimal:
    """An amount, to 2 digits."""
    return value.quantize(_CENT, ROUND_HALF_UP, _WIDE)


def line_figures(properties: Properties, rate: TaxRate | None) -> dict[str, str]:
    """The calculated properties of a line item, empty where there is none; without a price it comes to nothing."""
    quantity, price = number(properties, "quantity"), number(properties, "price")
    gross = quantity * price
    if "hs_discount_percentage" in properties:
        discount = gross * number(properties, "hs_discount_percentage") / _HUNDRED
    else:
        discount = quantity * number(properties, "discount")
    amount = cents(gross - discount)
    figures = {
        "amount": amount,
        "hs_pre_discount_amount": cents(gross),
        "hs_total_discount": cents(gross) - amount,
        "hs_effective_unit_price": (amount / quantity).quantize(_SIX, ROUND_HALF_UP, _WIDE).normalize()
        if quantity
        else price,
        "hs_post_tax_amount": amount,
    }
    if "hs_cost_of_goods_sold" in properties:
        figures["hs_margin"] = amount - cents(quantity * number(properties, "hs_cost_of_goods_sold"))
    if rate:
        tax = cents(amount * rate.percent / _HUNDRED)
        figures |= {"hs_tax_rate": rate.percent, "hs_tax_amount": tax, "hs_post_tax_amount": amount + tax}
    texts = {name: f"{value:f}" for name, value in figures.items()}
    return {**_ABSENT, **texts, "hs_tax_label": rate.label if rate else ""}


def line_taxes(lines: Iterable[Properties], by_rate: bool) -> Decimal:
    """The tax of all lines: theirs added up, or, `by_rate`, worked out once for all lines of a rate."""
    if not by_rate:
        return sum((number(line, "hs_tax_amount") for line in lines), NOTHING)
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        percent = number(line, "hs_tax_rate")
        sums[percent] = sums.get(percent, NOTHING) + number(line, "amount")
    return sum((cents(amount * percent / _HUNDRED) for percent, amount in sums.items()), NOTHING)


def adjusted(amount: Decimal, adjustments: Iterable[Properties], sign: int) -> Decimal:
    """The amount after these discounts (`sign` -1), fees or taxes (+1), one after the other by `hs_sort_order`.

    A percentage is one of what those before it left; discounts take no more than there is.
    """
    for each in sorted(adjustments, key=lambda each: number(each, "hs_sort_order")):
        value = number(each, "hs_value")
        change = cents(amount * value / _HUNDRED) if each.get("hs_type") == "PERCENT" else cents(value)
        amount = max(amount - change, NOTHING) if sign < 0 else amount + change
    return amount


def total(
    lines: Iterable[Properties],
    discounts: Iterable[Properties],
    fees: Iterable[Properties],
    taxes: Iterable[Properties],
    *,
    by_rate: bool,
) -> tuple[Decimal, Decimal]:
    """The subtotal (the lines without tax) and the total of an invoice."""
    rows = list(lines)
    subtotal = sum((number(line, "amount") for line in rows), NOTHING)
    net = adjusted(subtotal, discounts, -1)
    net = adjusted(net, fees, 1)
    return subtotal, adjusted(net, taxes, 1) + line_taxes(rows, by_rate)


def received(payment: Properties) -> Decimal:
    """What a payment counts towards its invoice: its amount less refunds, once it has succeeded."""
    if payment.get("hs_latest_status") not in RECEIVED:
        return NOTHING
    return number(payment, "hs_initial_amount") - number(payment, "hs_refunds_amount")
