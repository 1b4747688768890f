"""What a type of record obeys beyond the definitions of its properties: one class a type, where it has any.

See also: `base` (what can be ruled), `types` (the data), `writing` (asks the rules).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hxrules.sandbox.hubspot.rules.adjustments import AdjustmentRules
from hxrules.sandbox.hubspot.rules.base import Rules
from hxrules.sandbox.hubspot.rules.companies import CompanyRules
from hxrules.sandbox.hubspot.rules.contacts import ContactRules
from hxrules.sandbox.hubspot.rules.invoices import InvoiceRules
from hxrules.sandbox.hubspot.rules.payments import PaymentRules
from hxrules.sandbox.hubspot.rules.products import LineItemRules, ProductRules

RULES: Final[Mapping[str, type[Rules]]] = {
    "contacts": ContactRules,
    "companies": CompanyRules,
    "products": ProductRules,
    "line_items": LineItemRules,
    "invoices": InvoiceRules,
    "commerce_payments": PaymentRules,
    **dict.fromkeys(("discounts", "fees", "taxes"), AdjustmentRules),
}
"""The rules by plural name of the type."""
