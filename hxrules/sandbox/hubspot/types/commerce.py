"""Invoices and payments: facts/hubspot.md 3.5 and 3.6."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import (
    ObjectType,
    choice,
    currency,
    flag,
    grouped,
    moment,
    number,
    owner,
    system,
    text,
)

INVOICES: Final = ObjectType(
    name="invoices",
    singular="invoice",
    id="0-53",
    read_scopes=("crm.objects.invoices.read",),
    write_scopes=("crm.objects.invoices.write",),
    schema_read_scopes=("crm.schemas.invoices.read", "crm.objects.invoices.read"),
    schema_write_scopes=("crm.schemas.invoices.write",),
    groups={"invoiceinformation": "Invoice information"},
    properties=grouped(
        "invoiceinformation",
        (
            *system("hs_createdate", "hs_lastmodifieddate"),
            currency("hs_currency", "Currency"),
            choice("hs_invoice_status", "Invoice status", "draft open paid voided"),
            moment("hs_invoice_date", "Invoice date"),
            moment("hs_due_date", "Due date"),
            text("hs_number", "Invoice number"),
            text("hs_title", "Title"),
            text("hs_purchase_order_number", "PO number"),
            text("hs_comments", "Comments", "textarea"),
            text("hs_tax_id", "Tax ID"),
            flag("hs_invoice_billable", "Billable"),
            number("hs_amount_billed", "Amount billed"),
            number("hs_balance_due", "Balance due"),
            number("hs_amount_paid", "Amount paid", read_only=True),
            moment("hs_payment_date", "Payment date", read_only=True),
            number("hs_amount_billed_in_company_currency", "Amount billed in company currency", calculated=True),
            number("hs_subtotal", "Subtotal", calculated=True),
            choice("hs_invoice_source", "Invoice source", "hubspot data_sync quickbooks", read_only=True),
            moment("hs_external_createdate", "External create date"),
            text("hs_external_invoice_id", "External invoice ID"),
            text("hs_invoice_latest_contact_email", "Contact email", read_only=True),
            text("hs_invoice_latest_company_name", "Company name", read_only=True),
            choice("hs_invoice_payment_collection_method", "Payment collection method", "manual none"),
            choice("hs_allowed_payment_methods", "Allowed payment methods", "credit_or_debit_card ach", "checkbox"),
            flag("hs_allow_partial_payments", "Allow partial payments"),
            choice(
                "hs_collect_address_types",
                "Collected addresses",
                "billing_address shipping_address",
                "checkbox",
            ),
            *(
                text(f"hs_recipient_shipping_{part}", f"Recipient {part}")
                for part in ("address", "address2", "city", "state", "zip", "country")
            ),
            *(
                text(f"hs_recipient_company_{part}", f"Recipient company {part}")
                for part in ("address", "address2", "city", "state", "zip")
            ),
            text("hs_language", "Language"),
            text("hs_locale", "Locale"),
            text("hs_custom_fields", "Custom fields", "textarea"),
            text("hs_invoice_link", "Invoice link", read_only=True),
            text("hs_pdf_download_link", "PDF download link", read_only=True),
            owner(),
        ),
    ),
    defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    created="hs_createdate",
    modified="hs_lastmodifieddate",
)

PAYMENTS: Final = ObjectType(
    name="commerce_payments",
    singular="commerce_payment",
    id="0-101",
    read_scopes=("crm.objects.commercepayments.read",),
    write_scopes=("crm.objects.commercepayments.write",),
    schema_read_scopes=("crm.schemas.commercepayments.read", "crm.objects.commercepayments.read"),
    schema_write_scopes=("crm.schemas.commercepayments.write",),
    groups={"commerce_payment_information": "Payment information"},
    properties=grouped(
        "commerce_payment_information",
        (
            *system("hs_createdate", "hs_lastmodifieddate"),
            number("hs_initial_amount", "Gross amount"),
            moment("hs_initiated_date", "Payment date"),
            currency("hs_currency_code", "Currency"),
            choice(
                "hs_latest_status",
                "Status",
                "processing succeeded failed partially_refunded refunded processing_refund disputed_won disputed_lost"
                " disputed_action_required disputed_awaiting_decision",
            ),
            choice(
                "hs_payment_method_type",
                "Payment method",
                "card ach cash check wire_transfer other sepa bacs pads",
            ),
            choice("hs_processor_type", "Processor", "hs_payments byo_stripe none quickbooks xero"),
            text("hs_reference_number", "Reference number"),
            text("hs_customer_email", "Customer email"),
            text("hs_internal_comment", "Internal comment", "textarea"),
            text("hs_payment_method_bank_or_issuer", "Bank or issuer"),
            text("hs_payment_method_last_4", "Last 4 digits"),
            moment("hs_payout_date", "Payout date"),
            number("hs_fees_amount", "Fees"),
            number("hs_refunds_amount", "Refunds"),
            number("hs_line_item_discounts_amount", "Line item discounts"),
            *(
                text(f"hs_{purpose}_address_{part}", f"{purpose.capitalize()} {part.replace('_', ' ')}")
                for purpose in ("billing", "shipping")
                for part in ("line_1", "line_2", "city", "state", "zip", "country")
            ),
            text("hs_shipping_ship_to_name", "Ship to"),
            text("hs_payment_id", "Payment ID", read_only=True),
            text("hs_payment_method", "Payment method details", read_only=True),
            choice("hs_payment_type", "Payment type", "one_time_or_initial recurring", read_only=True),
            choice(
                "hs_payment_source_app",
                "Source app",
                "SALES_CHECKOUT QUOTE INVOICE MIGRATION SUBSCRIPTION",
                read_only=True,
            ),
            text("hs_payment_source_id", "Source ID", read_only=True),
            text("hs_payment_source_name", "Source name", read_only=True),
            text("hs_payment_source_url", "Source URL", read_only=True),
            text("hs_payment_creation_method", "Creation method", read_only=True),
            flag("hs_has_associated_invoice", "Has an invoice", calculated=True),
            number("hs_number_of_associated_invoices", "Number of invoices", calculated=True),
            number("hs_net_amount", "Net amount", calculated=True),
            number("hs_total_discounts_amount", "Total discounts", calculated=True),
            text("hs_settlement_currency_code", "Settlement currency", read_only=True),
        ),
    ),
    defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    created="hs_createdate",
    modified="hs_lastmodifieddate",
)
