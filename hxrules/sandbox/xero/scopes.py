"""Which scopes open which endpoints, and which an app can be given (facts/xero.md 1.6).

A scope without `.read` opens reads and writes, its `.read` form only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

CONTACTS: Final = ("accounting.contacts",)
SETTINGS: Final = ("accounting.settings",)
INVOICES: Final = ("accounting.invoices", "accounting.transactions")
PAYMENTS: Final = ("accounting.payments", "accounting.transactions")
ITEMS: Final = (*SETTINGS, *INVOICES)

_ALWAYS: Final = ("accounting.contacts", "accounting.settings", "accounting.attachments")
_GRANULAR: Final = (
    "accounting.invoices",
    "accounting.payments",
    "accounting.banktransactions",
    "accounting.manualjournals",
)
_BROAD: Final = ("accounting.transactions",)


def of_app(made: str) -> list[str]:
    """The scopes of an app by its age: `granular` since March 2026, `broad` before."""
    roots = (*_ALWAYS, *(_GRANULAR if made == "granular" else _BROAD))
    return [scope for root in roots for scope in (root, f"{root}.read")]


def opens(held: Sequence[str], wanted: Sequence[str], *, reading: bool) -> bool:
    """Whether any of the held scopes opens an endpoint that wants one of `wanted`."""
    return any(scope in held or (reading and f"{scope}.read" in held) for scope in wanted)
