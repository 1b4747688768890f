"""The arithmetic of documents: prices, line amounts, the tax of each line, totals (facts/xero.md 6.1).

Invariants: everything is a Decimal; a price is rounded first (2 decimals, or 4), then the line amount, then the tax of
each line, and only then are they added up; ties and odd discounts are quirks, as no source settles them.
See also: `line_rules` (what a client may send), `invoice_rules` (the document).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from hxrules.sandbox.xero.envelope import Record

LARGEST: Final = Decimal("9999999999.99")
"""The largest amount that fits."""
NOTHING: Final = Decimal("0.00")
INCLUSIVE: Final = "Inclusive"
NO_TAX: Final = "NoTax"
AMOUNT_TYPES: Final = ("Exclusive", INCLUSIVE, NO_TAX)
_CENT: Final = Decimal("0.01")
_FOUR: Final = Decimal("0.0001")
_SIX: Final = Decimal("0.000001")
_HUNDRED: Final = Decimal(100)
_LONGEST_QUANTITY: Final = 13


@dataclass(frozen=True)
class Rounding:
    """How amounts are rounded: `ties` and `discounts` are modes of `decimal`."""

    ties: str = ROUND_HALF_UP
    discounts: str = ROUND_HALF_UP

    @classmethod
    def of(cls, quirks: Mapping[str, str]) -> Rounding:
        """The rounding that the quirks `tie-rounding` and `discount-rounding` ask for."""
        ties = ROUND_HALF_EVEN if quirks["tie-rounding"] == "half-even" else ROUND_HALF_UP
        return cls(ties, ROUND_DOWN if quirks["discount-rounding"] == "down" else ties)

    def cents(self, value: Decimal) -> Decimal:
        """An amount, to 2 decimals."""
        return value.quantize(_CENT, self.ties)

    def price(self, value: Decimal, decimals: int) -> Decimal:
        """A price, to 2 or 4 decimals."""
        return value.quantize(_FOUR if decimals == 4 else _CENT, self.ties)

    def quantity(self, value: Decimal) -> Decimal:
        """A quantity, to 4 decimals."""
        return value.quantize(_FOUR, self.ties)

    def rate(self, value: Decimal) -> Decimal:
        """A currency rate, to 6 decimals."""
        return value.quantize(_SIX, self.ties)

    def line_amount(self, quantity: Decimal, price: Decimal, discount: Discount) -> Decimal:
        """`Quantity × UnitAmount` less the discount."""
        gross = quantity * price
        if discount.amount:
            return (gross - discount.amount).quantize(_CENT, self.discounts)
        if discount.rate:
            return (gross * (_HUNDRED - discount.rate) / _HUNDRED).quantize(_CENT, self.discounts)
        return self.cents(gross)

    def tax(self, amount: Decimal, rate: Decimal, amounts: str) -> Decimal:
        """The tax of a line; `rate` in percent, `amounts` one of `AMOUNT_TYPES`."""
        if amounts == NO_TAX:
            return NOTHING
        base = _HUNDRED + rate if amounts == INCLUSIVE else _HUNDRED
        return self.cents(amount * rate / base)


@dataclass(frozen=True)
class Discount:
    """What a line is reduced by: percent or an amount."""

    rate: Decimal = NOTHING
    amount: Decimal = NOTHING

    @property
    def share(self) -> Decimal:
        """What is left of one after the percentage."""
        return (_HUNDRED - self.rate) / _HUNDRED


def too_large(value: Decimal) -> bool:
    """Whether an amount does not fit."""
    return abs(value) > LARGEST


def too_long(quantity: Decimal) -> bool:
    """Whether a quantity has more characters than Xero keeps."""
    if abs(quantity) > LARGEST:
        return True
    text = f"{quantity.quantize(_FOUR):f}".rstrip("0").rstrip(".")
    return len(text) > _LONGEST_QUANTITY


def shown_price(price: Any, decimals: int) -> Decimal:
    """A kept price as a read shows it: with 2 decimals, or with 4 on demand."""
    return Decimal(price).quantize(_FOUR if decimals == 4 else _CENT, ROUND_HALF_UP)


def totals(lines: Iterable[Record], amounts: str) -> Record:
    """`SubTotal`, `TotalTax` and `Total` of a document; a line of text alone adds nothing."""
    priced = [line for line in lines if "LineAmount" in line]
    lines_total = sum((line["LineAmount"] for line in priced), NOTHING)
    tax = sum((line.get("TaxAmount", NOTHING) for line in priced), NOTHING)
    net = lines_total - tax if amounts == INCLUSIVE else lines_total
    return {"SubTotal": net, "TotalTax": tax, "Total": net + tax}


def total_discount(lines: Iterable[Record], rounding: Rounding) -> Decimal:
    """What the discounts of all lines come to."""
    cut = [line for line in lines if line.get("DiscountRate") or line.get("DiscountAmount")]
    given = (rounding.cents(line["Quantity"] * line["UnitAmount"]) - line["LineAmount"] for line in cut)
    return sum(given, NOTHING)
