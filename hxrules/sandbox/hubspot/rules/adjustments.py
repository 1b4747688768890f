"""Discounts, fees and taxes of a whole invoice (facts/hubspot.md 3.7): a kind, a value, and an invoice that takes them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hxrules.sandbox.hubspot import money
from hxrules.sandbox.hubspot.errors import Invalid, required, validation
from hxrules.sandbox.hubspot.records import Record
from hxrules.sandbox.hubspot.rules.base import Change, Rules
from hxrules.sandbox.hubspot.rules.products import refuse_negative

_FOUR: Final = Decimal("0.0001")


class AdjustmentRules(Rules):
    """The rules of all three types."""

    def adjust(self, name: str, value: str, old: Mapping[str, str]) -> str | Invalid | None:
        """Values are kept with 4 digits."""
        return f"{Decimal(value).quantize(_FOUR, ROUND_HALF_UP):f}" if name == "hs_value" and value else value

    def check(self, change: Change) -> None:
        """A kind and a value that make sense, on an invoice that can still be changed."""
        if missing := [name for name in ("hs_type", "hs_value") if not change.after.get(name)]:
            raise required(*missing)
        refuse_negative(change.after, "hs_value")
        is_share = change.after["hs_type"] == "PERCENT" and self.store.type.name == "discounts"
        if is_share and money.number(change.after, "hs_value") > 100:
            raise validation("A discount can't be more than 100 percent")
        if change.touches("hs_type", "hs_value", "hs_sort_order"):
            self.invoicing.check_part(self.store.type.name, change.id, self.store.type.name)

    def check_archive(self, record: Record) -> None:
        """It stays on an invoice that can't be changed any more."""
        self.invoicing.check_part(self.store.type.name, record.id, self.store.type.name)
