"""What Xero's books are made of: tax rates, accounts, currencies and items as a `Ledger` (facts/xero.md 6.3, 6.6, 6.7, 6.9).

None of the four lists has pages; deleted tax rates and archived accounts are in them. See also: `xero` (who asks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from hxrules.records import Ledger, LedgerAccount, TaxRate
from hxrules.values import NotOfType, ValueType, canonical

LISTS: Final = ("Currencies", "TaxRates", "Accounts", "Items")
"""Path and key of each list, in the order that `ledger_of` takes them."""

_Row = Mapping[str, Any]


def ledger_of(
    currencies: Sequence[_Row], tax_rates: Sequence[_Row], accounts: Sequence[_Row], items: Sequence[_Row]
) -> Ledger:
    """The ledger that these lists tell."""
    return Ledger(
        currencies=frozenset(str(each["Code"]).upper() for each in currencies if each.get("Code")),
        tax_rates=tuple(_tax_rates(tax_rates)),
        accounts=tuple(_account(each) for each in accounts if each.get("AccountID")),
        items={str(each["Code"]): _sales_account(each) for each in items if each.get("Code")},
    )


def _tax_rates(rows: Sequence[_Row]) -> Iterator[TaxRate]:
    for row in rows:
        percent = _percent(row.get("EffectiveRate"))
        # One that doesn't say how much it is can be compared with nothing.
        if row.get("TaxType") and percent is not None:
            yield TaxRate(
                id=str(row["TaxType"]),
                name=str(row.get("Name") or ""),
                percent=percent,
                active=row.get("Status") == "ACTIVE",
                sales=bool(row.get("CanApplyToRevenue")),
            )


def _account(row: _Row) -> LedgerAccount:
    return LedgerAccount(
        id=str(row["AccountID"]),
        # Some bank accounts have no code.
        code=str(row.get("Code") or ""),
        name=str(row.get("Name") or ""),
        active=row.get("Status") == "ACTIVE",
        sells=row.get("Class") == "REVENUE" and not row.get("SystemAccount"),
        takes_payments=row.get("Type") == "BANK" or bool(row.get("EnablePaymentsToAccount")),
    )


def _sales_account(row: _Row) -> str | None:
    details = row.get("SalesDetails")
    # An object that isn't there may be rendered as an empty list (2.3).
    return str(details.get("AccountCode") or "") or None if isinstance(details, dict) else None


def _percent(raw: Any) -> Decimal | None:
    try:
        value = canonical(ValueType.NUMBER, raw)
    except NotOfType:
        return None
    return value if isinstance(value, Decimal) else None
