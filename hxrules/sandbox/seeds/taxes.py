"""The tax rates and currencies of invented businesses: most rates are in both apps, as if Xero's had been imported (R7).

Invariants: a rate in both has the same name and percentage there; each app has rates that the other lacks.
See also: `hubspot.tax_rates`, `xero.regions` (what every account and every organisation has from its first day).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hxrules.sandbox.hubspot.tax_rates import DEFAULT_RATES
from hxrules.sandbox.xero import regions


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate, in tenths of a percent, by its keys in both apps; empty where an app does not have it."""

    xero: str
    hubspot: str
    rate: int


GST: Final = Tax("OUTPUT", "2148420991", 100)
FREE: Final = Tax("EXEMPTOUTPUT", "2148420992", 0)
EXPORT: Final = Tax("EXEMPTEXPORT", "2148420993", 0)
NO_GST: Final = Tax("BASEXCLUDED", "2148420994", 0)
HERITAGE: Final = Tax("TAX001", "2148420997", 125)
LEVY: Final = Tax("", "2148420995", 25)
INPUT_TAXED: Final = Tax("INPUTTAXED", "", 0)
TOURISM: Final = Tax("TAX002", "", 35)

CURRENCY_RATES: Final = {"AUD": 1.0, "CAD": 0.9, "EUR": 0.57, "GBP": 0.49, "NZD": 1.13, "SGD": 0.85, "USD": 0.65}
"""All currencies that documents are in, as what one Australian dollar buys."""


def _own(kind: str, name: str, percent: float) -> dict[str, Any]:
    """A rate that a Xero organisation has added for its sales."""
    component = {"Name": name, "Rate": percent, "IsCompound": False, "IsNonRecoverable": False}
    return {
        "Name": name,
        "TaxType": kind,
        "ReportTaxType": "OUTPUT",
        **regions.uses_of("OUTPUT"),
        "DisplayTaxRate": percent,
        "EffectiveRate": percent,
        "Status": "ACTIVE",
        "TaxComponents": [component],
    }


HUBSPOT_SETTINGS: Final = {
    "currencies": [code for code in CURRENCY_RATES if code != "AUD"],
    "edit_invoices": True,
    "tax_rates": [
        *DEFAULT_RATES,
        {"id": HERITAGE.hubspot, "name": "Heritage Levy", "label": "Heritage levy 12.5%", "percentageRate": 12.5},
    ],
}
XERO_SETTINGS: Final = {
    "currencies": [*CURRENCY_RATES],
    "tax_rates": [
        *regions.tax_rates("AU"),
        _own(HERITAGE.xero, "Heritage Levy", 12.5),
        _own(TOURISM.xero, "Tourism Levy", 3.5),
    ],
}
"""What an account and an organisation need for all that."""
