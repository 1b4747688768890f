"""What an invoice as a whole is reduced or raised by: discounts, fees and taxes (facts/hubspot.md 3.7, 6.2).

A tax of this kind belongs to one invoice; a rate of the tax-rate library (`tax_rates`) is what single lines name.
"""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import ObjectType, Property, choice, grouped, number, system, text


def _adjustment(name: str, singular: str, id: str, *more: Property) -> ObjectType:
    group = f"{singular}information"
    properties = (
        *system("hs_createdate", "hs_lastmodifieddate"),
        text("hs_label", "Label"),
        choice("hs_type", "Type", "PERCENT FIXED"),
        number("hs_value", "Value"),
        number("hs_sort_order", "Sort order"),
        *more,
    )
    return ObjectType(
        name=name,
        singular=singular,
        id=id,
        read_scopes=("crm.objects.line_items.read",),
        write_scopes=("crm.objects.line_items.write",),
        schema_read_scopes=("crm.objects.line_items.read", "crm.schemas.line_items.read"),
        schema_write_scopes=("e-commerce",),
        groups={group: f"{singular.capitalize()} information"},
        properties=grouped(group, properties),
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        created="hs_createdate",
        modified="hs_lastmodifieddate",
    )


DISCOUNTS: Final = _adjustment("discounts", "discount", "0-84", text("hs_duration", "Duration"))
FEES: Final = _adjustment("fees", "fee", "0-85")
TAXES: Final = _adjustment("taxes", "tax", "0-86")
