"""Endpoints of the account: its details, its use of the daily limit, its currencies (facts/hubspot.md 2.4)."""

from __future__ import annotations

from typing import Any

from hxrules.sandbox.hubspot.account import CURRENCY_NAMES, ExchangeRate
from hxrules.sandbox.hubspot.calls import ACCOUNT, CURRENCIES, Answer, Call, Endpoint
from hxrules.sandbox.hubspot.errors import not_found
from hxrules.sandbox.hubspot.limits import RateLimiter
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.values import instant


class AccountCalls:
    """The endpoints; all of them only read."""

    def __init__(self, portal: Portal, limiter: RateLimiter) -> None:
        self._portal = portal
        self._limiter = limiter
        self.endpoints = [
            Endpoint("GET", ACCOUNT, "/details", self.details),
            Endpoint("GET", ACCOUNT, "/api-usage/daily/private-apps", self.usage),
            Endpoint("GET", CURRENCIES, "/company-currency", self.company_currency),
            Endpoint("GET", CURRENCIES, "/codes", self.codes),
            Endpoint("GET", CURRENCIES, "/exchange-rates", self.exchange_rates),
            Endpoint("GET", CURRENCIES, "/exchange-rates/current", self.current_rates),
            Endpoint("GET", CURRENCIES, "/exchange-rates/{id}", self.exchange_rate),
        ]

    def details(self, call: Call) -> Answer:
        """Who the account is; every token may ask."""
        return Answer(200, self._portal.account.account_info(self._portal.now()))

    def usage(self, call: Call) -> Answer:
        """How many of today's calls are used."""
        row = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self._limiter.daily,
            "currentUsage": self._limiter.used_today(),
            "collectedAt": instant(self._portal.now()),
            "fetchStatus": "SUCCESS",
            "resetsAt": instant(self._limiter.next_midnight()),
        }
        return Answer(200, {"results": [row]})

    def company_currency(self, call: Call) -> Answer:
        """The account's own currency."""
        self._require()
        account = self._portal.account
        return Answer(200, {"id": account.details["companyCurrency"], "createdAt": account.created})

    def codes(self, call: Call) -> Answer:
        """The currencies that can be added."""
        self._require()
        rows = [{"currencyCode": code, "currencyName": name} for code, name in sorted(CURRENCY_NAMES.items())]
        return Answer(200, {"results": rows})

    def exchange_rates(self, call: Call) -> Answer:
        """All rates, of one pair if wanted, page by page."""
        self._require()
        rates = [rate for rate in self._portal.account.exchange_rates if _is_wanted(rate, call)]
        after, limit = call.query.get("after", "0"), call.limit(10, 100)
        start = int(after) if after.isdecimal() else 0
        body: dict[str, Any] = {"results": [rate.json() for rate in rates[start : start + limit]]}
        if start + limit < len(rates):
            body["paging"] = {"next": {"after": str(start + limit)}}
        return Answer(200, body)

    def current_rates(self, call: Call) -> Answer:
        """The rates in force."""
        self._require()
        return Answer(200, {"results": [rate.json() for rate in self._portal.account.exchange_rates]})

    def exchange_rate(self, call: Call) -> Answer:
        """One rate."""
        self._require()
        for rate in self._portal.account.exchange_rates:
            if rate.id == call.path["id"]:
                return Answer(200, rate.json())
        raise not_found(f"exchange rate {call.path['id']} does not exist")

    def _require(self) -> None:
        self._portal.account.require(("settings.currencies.read",))


def _is_wanted(rate: ExchangeRate, call: Call) -> bool:
    return call.query.get("fromCurrencyCode", rate.from_currency) == rate.from_currency and (
        call.query.get("toCurrencyCode", rate.to_currency) == rate.to_currency
    )
