"""Products and the line items made of them (facts/hubspot.md 3.3, 3.4).

Invariants: no price is negative; a new line has what its product has, as far as it does not say otherwise; the rate of a
line is one of the library, and an inactive one can't be chosen anew.
See also: `money` (what a line comes to), `invoicing` (whether it may still be changed).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from hxrules.sandbox.hubspot import money
from hxrules.sandbox.hubspot.errors import Invalid, required, validation
from hxrules.sandbox.hubspot.records import Record
from hxrules.sandbox.hubspot.rules.base import Change, Rules

INHERITED: Final = (
    *("name", "description", "hs_sku", "price", "hs_cost_of_goods_sold"),
    *("hs_recurring_billing_period", "recurringbillingfrequency"),
)
PRICING: Final = (
    *("quantity", "price", "discount", "hs_discount_percentage", "hs_tax_rate_group_id"),
    *("hs_line_item_currency_code", "hs_product_id"),
)
"""The properties that decide what a line comes to."""
_HUNDRED: Final = 100


def refuse_negative(properties: Mapping[str, str], *names: str) -> None:
    """Raise 400 for the first of these properties that is negative."""
    for name in names:
        if money.number(properties, name) < 0:
            raise validation(f"{name} can't be negative, but is {properties[name]}")


class ProductRules(Rules):
    """The rules of products."""

    def check(self, change: Change) -> None:
        """A product has a name, and no price below zero."""
        if not change.after.get("name"):
            raise required("name")
        prices = [name for name in change.after if name == "price" or name.startswith("hs_price_")]
        refuse_negative(change.after, *prices, "hs_cost_of_goods_sold")


class LineItemRules(Rules):
    """The rules of line items."""

    def adjust(self, name: str, value: str, old: Mapping[str, str]) -> str | Invalid | None:
        """A rate must be one of the library, a product one of the account."""
        if name == "hs_tax_rate_group_id" and value and value not in self.account.tax_rates:
            return Invalid(name, "INVALID_OPTION", f"{value} is no tax rate of the account")
        if name == "hs_product_id" and value and value not in self.stores["products"].records:
            return Invalid(name, "INVALID_OPTION", f"{value} is no product of the account")
        return value

    def defaults(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """What its product has, in the line's currency, and a quantity of one."""
        product = self.stores["products"].records.get(properties.get("hs_product_id", ""))
        if product is None:
            return {"quantity": "1"}
        has = product.properties
        inherited = {name: has[name] for name in INHERITED if name in has}
        price = has.get(f"hs_price_{properties.get('hs_line_item_currency_code', '').lower()}")
        return {"quantity": "1", **inherited, **({"price": price} if price else {})}

    def check(self, change: Change) -> None:
        """Figures that make sense, a rate in use, and an invoice that can still be changed."""
        after = change.after
        refuse_negative(after, "price", "discount", "hs_discount_percentage", "hs_cost_of_goods_sold")
        if self.quirks["negative-quantity"] == "refused":
            refuse_negative(after, "quantity")
        if "discount" in after and "hs_discount_percentage" in after:
            raise validation("A line item can have discount or hs_discount_percentage, not both")
        if money.number(after, "hs_discount_percentage") > _HUNDRED:
            raise validation("hs_discount_percentage can't be more than 100")
        if money.number(after, "discount") > money.number(after, "price"):
            raise validation("discount can't be more than the price")
        if change.touches("hs_tax_rate_group_id"):
            self.invoicing.check_rate(after)
        if change.touches(*PRICING):
            self.invoicing.check_part("line_items", change.id, "The line items")
        if change.id and (invoice := self.invoicing.invoice_of("line_items", change.id)):
            self.invoicing.check_recurring(invoice.properties, after)

    def check_archive(self, record: Record) -> None:
        """A line stays on an invoice that can't be changed any more."""
        self.invoicing.check_part("line_items", record.id, "The line items")

    def derived(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """What the line comes to."""
        rate = self.account.tax_rates.get(properties.get("hs_tax_rate_group_id", ""))
        return money.line_figures(properties, rate)
