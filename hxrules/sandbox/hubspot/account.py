"""The account (portal) itself: what it is called, its time zone and currencies, what its token may do, its own rules.

See also: facts/hubspot.md 2.3, 2.4, 1.3 (the rules that an account's admins set), 3.5 and 3.6 (its commerce settings),
12.15; `account_calls` (endpoints), `tax_rates` (its library).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from hxrules.sandbox.hubspot.errors import ApiError
from hxrules.sandbox.hubspot.tax_rates import DEFAULT_RATES, TaxRate, make_tax_rates
from hxrules.sandbox.hubspot.values import instant

CURRENCY_NAMES: Final = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "JPY": "Japanese Yen",
    "NZD": "New Zealand Dollar",
    "SGD": "Singapore Dollar",
    "USD": "US Dollar",
}
DETAILS: Final[Mapping[str, Any]] = {
    "portalId": 1234567,
    "accountType": "STANDARD",
    "timeZone": "Australia/Sydney",
    "companyCurrency": "AUD",
    "additionalCurrencies": ["CAD", "EUR", "GBP", "NZD", "USD"],
    "uiDomain": "app.hubspot.com",
    "dataHostingLocation": "na1",
}
"""The account of `--seed empty`; the `account` part of a seed file overwrites single keys."""

RATES_TO_AUD: Final = {"CAD": "1.09", "EUR": "1.77", "GBP": "2.03", "NZD": "0.88", "SGD": "1.17", "USD": "1.53"}
"""Exchange rates of an account whose own currency is AUD, as its settings would hold them."""

FLAGS: Final = ("payments_enabled", "edit_invoices", "delete_unpaid")
"""The parts of a seed file that are settings to switch on or off."""


@dataclass(frozen=True)
class Requirement:
    """An admin's rule: `name` must be filled; always on create, or whenever `when` has one of `values`."""

    name: str
    when: str | None = None
    values: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ExchangeRate:
    """A rate of the account's currency settings."""

    id: str
    from_currency: str
    to_currency: str
    rate: Decimal
    effective: str

    def json(self) -> dict[str, Any]:
        """As the currencies API writes it."""
        return {
            "id": self.id,
            "fromCurrencyCode": self.from_currency,
            "toCurrencyCode": self.to_currency,
            "conversionRate": float(self.rate),
            "effectiveAt": self.effective,
            "visibleInUI": True,
            "createdAt": self.effective,
            "updatedAt": self.effective,
        }


@dataclass
class Account:
    """Settings of the account. `scopes` is what it can grant, and what the token that was made in it may do; None is everything.
    `held` is what the token of the present call may do.

    `payments_enabled` says that payment processing is set up, without which no payment can be recorded; `edit_invoices`
    that open invoices may be changed, `delete_unpaid` that they may be deleted.
    """

    details: dict[str, Any]
    created: str
    scopes: frozenset[str] | None
    requirements: dict[str, list[Requirement]]
    exchange_rates: list[ExchangeRate]
    tax_rates: dict[str, TaxRate]
    payments_enabled: bool = True
    edit_invoices: bool = False
    delete_unpaid: bool = False
    blocked_emails: set[str] = field(default_factory=set)
    held: frozenset[str] | None = None

    @property
    def portal(self) -> int:
        """The account's id."""
        return int(self.details["portalId"])

    @property
    def currencies(self) -> list[str]:
        """The codes of all its currencies, its own first."""
        return [self.details["companyCurrency"], *self.details["additionalCurrencies"]]

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone, at whose midnight the daily limit starts anew."""
        return ZoneInfo(self.details["timeZone"])

    def require(self, scopes: Sequence[str]) -> None:
        """Raise 403 unless the token has one of the scopes; none at all means that every token will do."""
        if not scopes or self.held is None or self.held & set(scopes):
            return
        raise ApiError(
            403,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call.",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": list(scopes)},
                }
            ],
            links={"scopes": "https://developers.hubspot.com/scopes"},
        )

    def account_info(self, now: datetime) -> dict[str, Any]:
        """The answer of the account details endpoint."""
        offset = now.astimezone(self.zone).utcoffset()
        seconds = int(offset.total_seconds()) if offset else 0
        sign = "-" if seconds < 0 else "+"
        hours, minutes = divmod(abs(seconds) // 60, 60)
        return {
            **self.details,
            "utcOffset": f"{sign}{hours:02d}:{minutes:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
        }


def make_account(part: Mapping[str, Any], now: datetime) -> Account:
    """The account of a seed file's `hubspot` part; raises `ValueError` for settings that mean nothing."""
    given = dict(part.get("account", {}))
    scopes = given.pop("scopes", None)
    if unknown := sorted(set(given) - set(DETAILS) - {"utcOffset", "utcOffsetMilliseconds"}):
        raise ValueError(f"unknown account setting {unknown[0]!r}")
    details = {**DETAILS, **{key: value for key, value in given.items() if key in DETAILS}}
    others = part.get("currencies", details["additionalCurrencies"])
    details["additionalCurrencies"] = [code for code in others if code != details["companyCurrency"]]
    effective = instant(now)
    return Account(
        details=details,
        created=effective,
        scopes=None if scopes is None else frozenset(scopes),
        requirements={name: _requirements(rules) for name, rules in part.get("admin_rules", {}).items()},
        exchange_rates=[
            ExchangeRate(str(n), code, details["companyCurrency"], Decimal(RATES_TO_AUD[code]), effective)
            for n, code in enumerate(details["additionalCurrencies"], start=1)
            if details["companyCurrency"] == "AUD" and code in RATES_TO_AUD
        ],
        tax_rates=make_tax_rates(part.get("tax_rates", DEFAULT_RATES), effective),
        payments_enabled=part.get("payments_enabled", True) is True,
        edit_invoices=part.get("edit_invoices", False) is True,
        delete_unpaid=part.get("delete_unpaid", False) is True,
    )


def _requirements(rules: Mapping[str, Any]) -> list[Requirement]:
    always = [Requirement(name) for name in rules.get("required", ())]
    return always + [
        Requirement(rule["require"], rule["when"], frozenset(rule["values"])) for rule in rules.get("conditional", ())
    ]
