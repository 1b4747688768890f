"""What `hxrules init` offers: ready-made beginnings, and conditions for who may travel, in words and as a filter.

See also: `rulesets/` (the beginnings as rulesets that need no questions), `init` (who offers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hxrules.language.beginning import SYNCS
from hxrules.language.model import Direction
from hxrules.records import App

_BOTH, _HUBSPOT, _XERO = Direction.TWO_WAY, Direction.TO_HUBSPOT, Direction.TO_XERO


@dataclass(frozen=True, slots=True)
class Preset:
    """A beginning."""

    words: str
    directions: Mapping[str, Direction]
    filters: Mapping[tuple[str, App], str]


class _Text:
    """Filters that more than one offer has."""

    email = "email is known"
    customer = "is-customer = true and email is known"
    invoiced = "email is known and any invoice (source = HubSpot and status != draft)"
    recommended = "any invoice (status != draft and created > sync_started and source != HubSpot)"
    issued = "status not in [draft, submitted, deleted]"
    from_now = "created > end_of_day(sync_started)"
    sku = "sku is known"
    sold = "is-sold = true"


PRESETS: Final[Mapping[str, Preset]] = {
    "contacts": Preset(
        "Contacts, both ways",
        {"contacts": _BOTH},
        {("contacts", App.XERO): _Text.email, ("contacts", App.HUBSPOT): _Text.email},
    ),
    "two-way": Preset(
        "Contacts, products, invoices and payments, all both ways",
        dict.fromkeys(SYNCS, _BOTH),
        {
            ("contacts", App.XERO): _Text.email,
            ("contacts", App.HUBSPOT): _Text.email,
            ("products", App.XERO): _Text.sku,
            ("invoices", App.HUBSPOT): f"{_Text.issued} and {_Text.from_now}",
        },
    ),
    "invoices-from-hubspot": Preset(
        "Invoices are written in HubSpot and booked in Xero",
        {"contacts": _XERO, "products": _XERO, "invoices": _XERO, "payments": _BOTH},
        {("contacts", App.XERO): _Text.invoiced, ("products", App.XERO): _Text.sku},
    ),
    "mirror-xero": Preset(
        "HubSpot shows what Xero knows; nothing is ever written to Xero",
        dict.fromkeys(SYNCS, _HUBSPOT),
        {
            ("contacts", App.HUBSPOT): _Text.customer,
            ("products", App.HUBSPOT): _Text.sold,
            ("invoices", App.HUBSPOT): _Text.issued,
        },
    ),
    "recommended": Preset(
        "What HubSpot recommends for its own app: from the day of set-up on",
        {"contacts": _BOTH, "products": _BOTH, "invoices": _HUBSPOT},
        {("contacts", App.XERO): _Text.recommended, ("invoices", App.HUBSPOT): _Text.from_now},
    ),
}

EVERYTHING: Final = "all"
"""Instead of a condition: no filter."""

OFFERS: Final[Mapping[tuple[str, App], Mapping[str, str]]] = {
    ("contacts", App.XERO): {
        "those with an e-mail": _Text.email,
        "those with an e-mail and an invoice": _Text.invoiced,
        "those with an invoice since today": _Text.recommended,
    },
    ("contacts", App.HUBSPOT): {
        "those with an e-mail": _Text.email,
        "customers with an e-mail": _Text.customer,
    },
    ("products", App.XERO): {"those with a SKU": _Text.sku},
    ("products", App.HUBSPOT): {"what is sold": _Text.sold},
    ("invoices", App.HUBSPOT): {
        "those that were issued": _Text.issued,
        "those that are issued from tomorrow on": f"{_Text.issued} and {_Text.from_now}",
        "all from tomorrow on": _Text.from_now,
    },
}
"""By sync and the app that would be written: what most people mean, and its filter.

HubSpot's invoices have the base's limits (R15–R19), and payments follow theirs: of those nobody is asked, but `--filter` takes conditions.
"""
