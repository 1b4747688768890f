"""Products and the line items made of them: facts/hubspot.md 3.3 and 3.4."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import ObjectType, choice, currency, grouped, moment, number, system, text

CURRENCIES: Final = "AUD CAD EUR GBP NZD USD"
"""The currencies that products have price properties for."""

PRODUCTS: Final = ObjectType(
    name="products",
    singular="product",
    id="0-7",
    read_scopes=("crm.objects.products.read", "e-commerce"),
    write_scopes=("crm.objects.products.write", "e-commerce"),
    schema_read_scopes=("crm.objects.products.read", "e-commerce"),
    schema_write_scopes=("e-commerce",),
    groups={"productinformation": "Product information"},
    properties=grouped(
        "productinformation",
        (
            *system("createdate", "hs_lastmodifieddate"),
            text("name", "Name"),
            text("hs_sku", "SKU"),
            number("price", "Unit price"),
            *(number(f"hs_price_{code.lower()}", f"Unit price ({code})") for code in CURRENCIES.split()),
            number("hs_cost_of_goods_sold", "Unit cost"),
            text("description", "Product description", "textarea"),
            choice("hs_product_type", "Product Type", "inventory non_inventory service"),
            choice("hs_status", "Status", "active inactive"),
            text("hs_url", "URL"),
            text("hs_images", "Image URL"),
            text("hs_folder", "Folder"),
            text("hs_recurring_billing_period", "Term"),
            choice("recurringbillingfrequency", "Billing frequency", "weekly monthly quarterly annually"),
            choice("hs_pricing_model", "Pricing model", "flat volume graduated stairstep"),
            text("hs_tier_ranges", "Tier ranges"),
            text("hs_tier_prices", "Tier prices"),
            choice("hs_product_classification", "Classification", "standalone variant bundle", read_only=True),
            choice("hs_bundle_type", "Bundle type", "fixed configurable", read_only=True),
            text("hs_tax_category", "Tax category"),
            number("tax", "Tax"),
        ),
    ),
    defaults=("name", "description", "price", "createdate", "hs_lastmodifieddate", "hs_object_id"),
    created="createdate",
    modified="hs_lastmodifieddate",
    searched=("name", "description", "price", "hs_sku"),
    associable=False,
)

LINE_ITEMS: Final = ObjectType(
    name="line_items",
    singular="line_item",
    id="0-8",
    read_scopes=("crm.objects.line_items.read", "e-commerce"),
    write_scopes=("crm.objects.line_items.write", "e-commerce"),
    schema_read_scopes=("crm.objects.line_items.read", "crm.schemas.line_items.read", "e-commerce"),
    schema_write_scopes=("e-commerce",),
    groups={"lineiteminformation": "Line item information"},
    properties=grouped(
        "lineiteminformation",
        (
            *system("createdate", "hs_lastmodifieddate"),
            text("name", "Name"),
            text("description", "Description", "textarea"),
            text("hs_sku", "SKU"),
            text("hs_product_id", "Product ID"),
            number("quantity", "Quantity"),
            number("price", "Unit price"),
            number("discount", "Unit discount"),
            number("hs_discount_percentage", "Discount percentage"),
            text("hs_tax_rate_group_id", "Tax rate"),
            currency("hs_line_item_currency_code", "Currency"),
            number("hs_cost_of_goods_sold", "Unit cost"),
            number("hs_position_on_quote", "Position"),
            text("hs_external_id", "External ID"),
            text("hs_recurring_billing_period", "Term"),
            choice("recurringbillingfrequency", "Billing frequency", "weekly monthly quarterly annually"),
            moment("hs_recurring_billing_start_date", "Billing start date"),
            number("amount", "Net price", calculated=True),
            number("hs_pre_discount_amount", "Pre discount amount", calculated=True),
            number("hs_total_discount", "Total discount", calculated=True),
            number("hs_effective_unit_price", "Effective unit price", calculated=True),
            number("hs_tax_amount", "Tax amount", calculated=True),
            number("hs_tax_rate", "Tax rate percentage", calculated=True),
            text("hs_tax_label", "Tax label", calculated=True),
            number("hs_post_tax_amount", "Post tax amount", calculated=True),
            number("hs_auto_tax_amount", "Automated tax amount", calculated=True),
            number("hs_margin", "Margin", calculated=True),
            number("hs_acv", "Annual contract value", calculated=True),
            number("hs_arr", "Annual recurring revenue", calculated=True),
            number("hs_mrr", "Monthly recurring revenue", calculated=True),
            number("hs_tcv", "Total contract value", calculated=True),
        ),
    ),
    defaults=("quantity", "amount", "price", "createdate", "hs_lastmodifieddate", "hs_object_id"),
    created="createdate",
    modified="hs_lastmodifieddate",
    searched=("name", "description", "hs_sku"),
)
