"""Endpoints of the tax-rate library; they only read, and any other verb is refused (facts/hubspot.md 3.7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from hxrules.sandbox.hubspot.calls import TAX_RATES, Answer, Call, Endpoint
from hxrules.sandbox.hubspot.errors import not_found, validation
from hxrules.sandbox.hubspot.portal import Portal


class TaxRateCalls:
    """The endpoints."""

    def __init__(self, portal: Portal) -> None:
        self._account = portal.account
        self.endpoints = [
            Endpoint("GET", TAX_RATES, "/tax-rates", self.read_all),
            Endpoint("GET", TAX_RATES, "/tax-rates/{id}", self.read),
        ]

    def read_all(self, call: Call) -> Answer:
        """All rates, or the active or inactive ones, page by page."""
        self._require()
        wanted = call.flag("active") if "active" in call.query else None
        rates = [rate for rate in self._account.tax_rates.values() if wanted in (None, rate.active)]
        ids = [rate.id for rate in rates]
        limit, after = call.limit(100, 100), call.query.get("after", "")
        if after and after not in ids:
            raise validation(f"after must be the value of a page before, not {after}")
        start = ids.index(after) if after else 0
        body: dict[str, Any] = {"results": [rate.json() for rate in rates[start : start + limit]]}
        if start + limit < len(ids):
            next_id = ids[start + limit]
            link = f"{call.url}?{urlencode({**call.query, 'after': next_id})}"
            body["paging"] = {"next": {"after": next_id, "link": link}}
        return Answer(200, body)

    def read(self, call: Call) -> Answer:
        """One rate."""
        self._require()
        rate = self._account.tax_rates.get(call.path["id"])
        if rate is None:
            raise not_found(f"tax rate {call.path['id']} does not exist")
        return Answer(200, rate.json())

    def _require(self) -> None:
        self._account.require(("tax_rates.read",))
