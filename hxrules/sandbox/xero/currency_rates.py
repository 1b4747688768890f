"""The day rates that stand in for the ones that Xero looks up when a document or a payment names none.

Invariants: a rate is document currency for one unit of base currency, so base amount = amount / rate; it depends on the
day, and the same day always has the same (facts/xero.md 6.4). The figures are made up.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

ONE: Final = Decimal("1.000000")
SMALLEST: Final = Decimal("0.000001")
"""The smallest rate that can be kept."""
_DOLLARS: Final = {
    "AUD": Decimal("1.53"),
    "CAD": Decimal("1.38"),
    "CHF": Decimal("0.81"),
    "EUR": Decimal("0.86"),
    "GBP": Decimal("0.75"),
    "JPY": Decimal("151.2"),
    "NZD": Decimal("1.72"),
    "SGD": Decimal("1.29"),
    "USD": Decimal(1),
    "ZAR": Decimal("17.4"),
}
"""What one US dollar costs on a day of the first kind."""
_DRIFT: Final = Decimal("0.001")


def day_rate(currency: str, base: str, day: date) -> Decimal:
    """The rate of a day; a currency without a figure counts as a dollar."""
    if currency == base:
        return ONE
    rate = _DOLLARS.get(currency, Decimal(1)) / _DOLLARS.get(base, Decimal(1))
    return (rate * (1 + _DRIFT * (day.toordinal() % 7))).quantize(ONE, ROUND_HALF_UP)
