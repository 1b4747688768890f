"""Which scopes the work of a ruleset takes, and which of them are asked for (facts/hubspot.md 2.3, facts/xero.md 1.6).

A need is a list of scopes of which one will do, the one to ask for first. See also: `running.rights` (which types a ruleset reads
and writes), `oauth` (asks).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from hxrules.records import App

XERO: Final = ("accounting.contacts", "accounting.invoices", "accounting.payments", "accounting.settings")
"""What is asked of Xero, whatever the ruleset: consents can only grow, and each change is another visit to a browser."""
XERO_BROAD: Final = ("accounting.contacts", "accounting.transactions", "accounting.settings")
"""The same for apps made before 2 March 2026, which may know no granular scopes."""
XERO_OFFLINE: Final = "offline_access"
"""Makes a consent that can be renewed; custom connections have no use for it."""

HUBSPOT: Final = ("oauth", "crm.objects.contacts.read", "crm.objects.contacts.write")
"""What every HubSpot account can grant; the consent fails without them."""
HUBSPOT_OPTIONAL: Final = (
    *(f"crm.objects.companies.{each}" for each in ("read", "write")),
    *(f"crm.objects.products.{each}" for each in ("read", "write")),
    *(f"crm.objects.invoices.{each}" for each in ("read", "write")),
    *(f"crm.objects.line_items.{each}" for each in ("read", "write")),
    *(f"crm.objects.commercepayments.{each}" for each in ("read", "write")),
    *(f"crm.schemas.{each}.write" for each in ("contacts", "companies", "invoices", "commercepayments")),
    *("e-commerce", "tax_rates.read"),
)
"""What HubSpot leaves out where the account's plan lacks it; what the ruleset needs is checked before anything is written."""

_HUBSPOT_WORDS: Final = {
    "contacts": "contacts",
    "companies": "companies",
    "products": "products",
    "invoices": "invoices",
    "line_items": "line_items",
    "taxes": "line_items",
    "discounts": "line_items",
    "commerce_payments": "commercepayments",
}
_SHOP: Final = frozenset({"products", "line_items"})
"""What the older scope for shops opens as well."""
_XERO_NEEDS: Final = {
    "contacts": ("accounting.contacts",),
    "items": ("accounting.settings", "accounting.invoices", "accounting.transactions"),
    "invoices": ("accounting.invoices", "accounting.transactions"),
    "payments": ("accounting.payments", "accounting.transactions"),
    "settings": ("accounting.settings",),
}


def lacking(app: App, reads: Iterable[str], writes: Collection[str], granted: Collection[str]) -> list[str]:
    """The scopes to ask for, without which these record types of the app can't be read or written.

    `settings` among Xero's types is the organisation, its accounts and tax rates; `tax_rates` among HubSpot's its library.
    """
    have = frozenset(granted)
    needs = [_need(app, each, write=each in writes) for each in dict.fromkeys((*reads, *writes))]
    return list(dict.fromkeys(need[0] for needs_of in needs for need in needs_of if not have.intersection(need)))


def _need(app: App, type_name: str, *, write: bool) -> list[tuple[str, ...]]:
    if app is App.XERO:
        scopes = _XERO_NEEDS[type_name]
        return [scopes if write else (*scopes, *(f"{each}.read" for each in scopes))]
    if type_name == "tax_rates":
        return [("tax_rates.read",)]
    word = _HUBSPOT_WORDS[type_name]
    also = ("e-commerce",) if word in _SHOP else ()
    verbs = ("read", "write") if write else ("read",)
    return [(f"crm.objects.{word}.{verb}", *also) for verb in verbs]
