"""Payments: records of money received elsewhere; those that a processor made are nobody's to change.

See also: facts/hubspot.md 3.6 and 12.10; `invoicing` (what a payment does to its invoice).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from hxrules.sandbox.hubspot import money
from hxrules.sandbox.hubspot.errors import ApiError, required, validation
from hxrules.sandbox.hubspot.records import Record
from hxrules.sandbox.hubspot.rules.base import Change, Rules
from hxrules.sandbox.hubspot.rules.products import refuse_negative

PROCESSORS: Final = ("hs_payments", "byo_stripe")
BY_API: Final = "OTHER"
"""How a payment came about that was only recorded."""
_AMOUNTS: Final = ("hs_initial_amount", "hs_fees_amount", "hs_refunds_amount", "hs_line_item_discounts_amount")


class PaymentRules(Rules):
    """The rules of payments."""

    def admit(self) -> None:
        """Without payment processing no account records payments."""
        if not self.account.payments_enabled:
            raise ApiError(403, "FORBIDDEN", "This account is not set up for HubSpot payments or Stripe processing.")

    def stored(self, written: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
        """What comes over the API was only recorded."""
        return dict(written) if before else {**written, "hs_payment_creation_method": BY_API}

    def defaults(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """In progress, in the account's own currency."""
        return {
            "hs_latest_status": "processing",
            "hs_currency_code": self.account.details["companyCurrency"],
            "hs_payment_type": "one_time_or_initial",
        }

    def check(self, change: Change) -> None:
        """An amount and a date, and no processor behind it."""
        self._refuse_processed(change.before)
        if missing := [name for name in ("hs_initial_amount", "hs_initiated_date") if not change.after.get(name)]:
            raise required(*missing)
        refuse_negative(change.after, *_AMOUNTS)
        if money.number(change.after, "hs_refunds_amount") > money.number(change.after, "hs_initial_amount"):
            raise validation("hs_refunds_amount can't be more than hs_initial_amount")

    def check_archive(self, record: Record) -> None:
        """A processor's payment stays."""
        self._refuse_processed(record.properties)

    def derived(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """What is left of the amount after fees and refunds."""
        net = money.number(properties, "hs_initial_amount")
        net -= money.number(properties, "hs_fees_amount") + money.number(properties, "hs_refunds_amount")
        return {
            "hs_net_amount": f"{net:f}",
            "hs_total_discounts_amount": properties.get("hs_line_item_discounts_amount", ""),
        }

    def _refuse_processed(self, properties: Mapping[str, str]) -> None:
        processor = properties.get("hs_processor_type", "none")
        if processor in PROCESSORS and properties.get("hs_payment_creation_method") != BY_API:
            raise validation(f"A payment that was processed by {processor} can't be changed or deleted")
