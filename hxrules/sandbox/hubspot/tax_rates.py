"""The tax-rate library of an account: the rates that line items can name (facts/hubspot.md 3.7).

Invariant: nothing that comes in over the API changes it; an inactive rate stays on the lines that have it, and can't be
given to others.
See also: `tax_rate_calls` (the endpoints), `money` (what a rate comes to), `types.adjustments` (taxes of a whole invoice).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

DEFAULT_RATES: Final = (
    {"id": "2148420991", "name": "GST on Income", "label": "GST 10%", "percentageRate": 10},
    {"id": "2148420992", "name": "GST Free Income", "label": "GST free", "percentageRate": 0},
    {"id": "2148420993", "name": "GST Free Exports", "label": "GST free (export)", "percentageRate": 0},
    {"id": "2148420994", "name": "BAS Excluded", "label": "No GST", "percentageRate": 0},
    {"id": "2148420995", "name": "Levy", "label": "Levy 2.5%", "percentageRate": 2.5},
    {"id": "2148420996", "name": "Wholesale Tax", "label": "Wholesale tax 12%", "percentageRate": 12, "active": False},
)
"""The library of `--seed empty`: four sales rates of an Australian Xero organisation, one of the account's own, and an
inactive one."""


@dataclass(frozen=True)
class TaxRate:
    """One rate; `percent` is exact."""

    id: str
    name: str
    label: str
    percent: Decimal
    active: bool
    created: str
    updated: str

    def json(self) -> dict[str, Any]:
        """As the tax-rate API writes it."""
        return {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "percentageRate": float(self.percent),
            "active": self.active,
            "createdAt": self.created,
            "updatedAt": self.updated,
        }


def make_tax_rates(parts: Iterable[Mapping[str, Any]], at: str) -> dict[str, TaxRate]:
    """The rates of a seed file by id, as the API writes them; `at` dates those without times.

    Raises `ValueError` for a rate without an id or a percentage.
    """
    rates: dict[str, TaxRate] = {}
    for part in parts:
        if not part.get("id") or "percentageRate" not in part:
            raise ValueError(f"a tax rate of the seed needs id and percentageRate: {dict(part)}")
        name = str(part.get("name") or part.get("label") or part["id"])
        rate = TaxRate(
            id=str(part["id"]),
            name=name,
            label=str(part.get("label") or name),
            percent=Decimal(str(part["percentageRate"])).normalize(),
            active=part.get("active", True) is True,
            created=str(part.get("createdAt") or at),
            updated=str(part.get("updatedAt") or at),
        )
        rates[rate.id] = rate
    return rates
