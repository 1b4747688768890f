"""The arithmetic of both apps: what lines come to before an invoice is written, and how a cent is made up for.

Amounts are in the currency of the invoice, rounded to cents with ties away from zero: each line first, then its tax, then each
discount and tax of the whole invoice, and only then are they added up (facts/xero.md 6.1, facts/hubspot.md 12.9). Percentages
are those of 100. See also: `tax` (which percentage a line has), `values` (what a line is).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

from hxrules.values import Line, Lines, encode

PercentOf = Callable[[str | None], Decimal]
"""The percentage of a tax: of Xero's tax type, or of HubSpot's tax rate, by its id; `None` is a line that names none."""

_NOTHING: Final = Decimal("0.00")
_CENT: Final = Decimal("0.01")
_FOUR: Final = Decimal("0.0001")
_HUNDRED: Final = Decimal(100)
_FINEST: Final = 8
_EXACT: Final = Context(prec=1000, rounding=ROUND_HALF_UP)
"""Wide enough for the product of any three numbers that a field can hold."""


@dataclass(frozen=True, slots=True)
class LineFigures:
    """What one line comes to."""

    net: Decimal
    """Less its discount, before tax."""
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice comes to."""

    net: Decimal
    """Less all discounts, before tax."""
    tax: Decimal
    total: Decimal


def xero_line(line: Line, percent: Decimal) -> LineFigures:
    """What Xero makes of a line of prices without tax that is sent with four decimals; `TaxAmount` overrides the percentage.

    A line without `Quantity` or without `UnitAmount` comes to nothing. (Xero itself completes the one from the other and from
    the item, so a line that is to cost something must be sent with both.)
    """
    if line.get("Quantity") is None or line.get("UnitAmount") is None:
        return LineFigures(_NOTHING, _NOTHING)
    with localcontext(_EXACT):
        gross = line.number("Quantity").quantize(_FOUR) * line.number("UnitAmount").quantize(_FOUR)
        net = _cents(gross - (line.number("DiscountAmount") or gross * line.number("DiscountRate") / _HUNDRED))
        given = line.get("TaxAmount")
        return LineFigures(net, _cents(given if isinstance(given, Decimal) else net * percent / _HUNDRED))


def xero_totals(lines: Lines, percent_of: PercentOf) -> Totals:
    """What Xero makes of an invoice whose prices are without tax (`LineAmountTypes` Exclusive)."""
    with localcontext(_EXACT):
        return _added(xero_line(line, percent_of(_name(line, "TaxType"))) for line in lines.items)


def hubspot_line(line: Line, percent: Decimal) -> LineFigures:
    """What HubSpot makes of a line item; a discount in percent counts before one per unit (facts/hubspot.md 3.4)."""
    with localcontext(_EXACT):
        quantity = line.number("quantity")
        gross = quantity * line.number("price")
        if line.get("hs_discount_percentage") is None:
            off = quantity * line.number("discount")
        else:
            off = gross * line.number("hs_discount_percentage") / _HUNDRED
        net = _cents(gross - off)
        return LineFigures(net, _cents(net * percent / _HUNDRED))


def hubspot_totals(lines: Lines, percent_of: PercentOf) -> Totals:
    """What HubSpot makes of an invoice: its line items, then its discounts, then its taxes (facts/hubspot.md 3.5).

    Discounts of the whole invoice leave the taxes of its lines as they are. Several discounts, or taxes, count one after the
    other in the order of `lines`, each percentage one of what those before it left; discounts take no more than there is.
    """
    with localcontext(_EXACT):
        items = _added(
            hubspot_line(line, percent_of(_name(line, "hs_tax_rate_group_id")))
            for line in lines.items
            if line.type == "line_items"
        )
        net = taxed = items.net
        for line in lines.items:
            if line.type == "discounts":
                net = taxed = max(net - _change(line, net), _NOTHING)
        for line in lines.items:
            if line.type == "taxes":
                taxed += _change(line, taxed)
        tax = taxed - net + items.tax
        return Totals(net, tax, net + tax)


def adjust(lines: Lines, percent_of: PercentOf, wanted_total: Decimal) -> Lines | None:
    """The Xero lines with the `TaxAmount`s that make their total `wanted_total`; `None` when that can't be had.

    Each line's tax moves by one cent at most, that of the largest lines first, and stays between nothing and the line's own
    amount; lines without tax keep to none. Lines whose tax is within their unit price come before the others, as Xero's
    documentation draws the limit there (facts/xero.md 6.1). The order of `lines` makes no difference.
    """
    with localcontext(_EXACT):
        missing = wanted_total - xero_totals(lines, percent_of).total
        cents = int(missing / _CENT)
        if cents * _CENT != missing:
            return None
        step = _CENT if cents > 0 else -_CENT
        found: list[tuple[bool, Decimal, list[tuple[str, str]], int, Decimal]] = []
        for position, line in enumerate(lines.items):
            percent = percent_of(_name(line, "TaxType"))
            figures = xero_line(line, percent)
            tax = figures.tax + step
            if percent > 0 and 0 <= tax <= figures.net:
                says = [(name, str(encode(value))) for name, value in line.values]
                found.append((tax > line.number("UnitAmount"), -figures.net, says, position, tax))
        if abs(cents) > len(found):
            return None
        taxes = {position: tax for *_, position, tax in sorted(found)[: abs(cents)]}
    return Lines(
        tuple(
            Line.of(line.type, line.id, {**dict(line.values), "TaxAmount": taxes[position]})
            if position in taxes
            else line
            for position, line in enumerate(lines.items)
        )
    )


def priced(net: Decimal, quantity: Decimal, percent_off: Decimal) -> Decimal | None:
    """The unit price with the fewest decimals (8 at most) that makes a line of this quantity and discount come to `net`.

    `None` when there is none, or when any would do: of nothing, or with all of it off.
    """
    with localcontext(_EXACT):
        share = quantity * (_HUNDRED - percent_off) / _HUNDRED
        if not share:
            return None
        sought = net / share
        for decimals in range(_FINEST + 1):
            # Of two prices that are equally near, the lower one: half a cent below `net` is rounded up to it.
            price = sought.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_DOWN)
            if _cents(price * share) == net:
                return price
        return None


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP, _EXACT)


def _name(line: Line, field: str) -> str | None:
    found = line.get(field)
    return found if isinstance(found, str) else None


def _added(figures: Iterable[LineFigures]) -> Totals:
    net = tax = _NOTHING
    for each in figures:
        net += each.net
        tax += each.tax
    return Totals(net, tax, net + tax)


def _change(line: Line, amount: Decimal) -> Decimal:
    """What a discount or tax of the whole invoice comes to, on top of `amount`."""
    value = line.number("hs_value")
    return _cents(amount * value / _HUNDRED if line.get("hs_type") == "percent" else value)
