"""The chart of accounts and the tax rates as documents and items use them: what a line or an item may name.

Sources: facts/xero.md 6.6 (which tax fits which account), 6.7 (system accounts), 11 (texts).
See also: `line_rules`, `item_rules` (who ask), `accounts`, `tax_rates` (who answer about them).
"""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.world import World

_APPLIES_TO: Final = {
    "ASSET": "CanApplyToAssets",
    "EQUITY": "CanApplyToEquity",
    "EXPENSE": "CanApplyToExpenses",
    "LIABILITY": "CanApplyToLiabilities",
    "REVENUE": "CanApplyToRevenue",
}


def account_named(world: World, code: str | None, identity: str | None = None) -> Record | None:
    """The account of this code, else of this id."""
    if code:
        return next((row for row in world.accounts.found("Code", code) if row["Code"] == code), None)
    return world.accounts.get(identity) if identity else None


def account_problem(code: str, account: Record | None) -> str | None:
    """Why the account that `code` names cannot stand on a line: unknown, archived, a bank's or the system's own.

    The rounding account alone of the system's is open to lines (facts/xero.md 6.1).
    """
    if account is None or account["Type"] == "BANK" or account.get("SystemAccount") not in (None, "", "ROUNDING"):
        return errors.bad_account(code)
    return None if account["Status"] == "ACTIVE" else errors.archived_account(code)


def tax_rate(world: World, kind: str | None) -> Record | None:
    """The tax rate of this `TaxType` that can be used, in any capitals."""
    rate = world.tax_rates.get(kind.upper()) if kind else None
    return rate if rate and rate["Status"] == "ACTIVE" else None


def tax_problem(world: World, kind: str, account: Record | None) -> str | None:
    """Why the `TaxType` cannot be used: unknown or deleted, or not made for this account."""
    rate = tax_rate(world, kind)
    if rate is None:
        return errors.bad_tax_type(kind)
    if account and not rate[_APPLIES_TO[account["Class"]]]:
        return errors.unfit_tax_type(kind, account.get("Code", ""))
    return None
