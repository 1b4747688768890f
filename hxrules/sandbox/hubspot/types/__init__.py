"""The object types that the sandbox knows, as data: a new type is a new module and an entry here.

See also: `schema` (what a type consists of), facts/hubspot.md 3.
"""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import ObjectType
from hxrules.sandbox.hubspot.types.adjustments import DISCOUNTS, FEES, TAXES
from hxrules.sandbox.hubspot.types.commerce import INVOICES, PAYMENTS
from hxrules.sandbox.hubspot.types.companies import COMPANIES
from hxrules.sandbox.hubspot.types.contacts import CONTACTS
from hxrules.sandbox.hubspot.types.products import LINE_ITEMS, PRODUCTS

OBJECT_TYPES: Final[tuple[ObjectType, ...]] = (
    *(CONTACTS, COMPANIES, PRODUCTS, LINE_ITEMS),
    *(DISCOUNTS, FEES, TAXES, PAYMENTS, INVOICES),
)
"""All types, in an order in which records can be made before those that refer to them."""
