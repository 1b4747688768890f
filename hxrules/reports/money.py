"""Amounts of money as text, and back."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from hxrules.values import Value


def number_of(value: Value) -> Decimal | None:
    """A number, also from a saved plan, where it is text; `None` for what is none, or hidden."""
    if not isinstance(value, str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def money_text(amount: Decimal) -> str:
    """`1,200.00`: at least two decimals, all that there are."""
    _, _, exponent = amount.normalize().as_tuple()
    assert isinstance(exponent, int)  # the amount is finite
    return f"{amount:,.{max(2, -exponent)}f}"
