"""The local Xero: Accounting API and sign-in service of one organisation, as strict as facts/xero.md.

What: `create` makes it from the `xero` part of a seed; `QUIRKS` are its switches.
Where does…: *Xero say no to a contact, an item, an invoice, a line, a payment?* `contact_rules`, `item_rules`,
`invoice_rules`, `line_rules`, `payment_rules`; *a status or paid document forbid an edit?* `invoice_edits`; *a cent come
from?* `money`; *an invoice become PAID?* `settlement`; *a filter get read?* `where`; *a token expire?* `identity`; *a 429
come from?* `limits`; *a retried key get its old answer?* `idempotency`; *the words of an error stand?* `errors`.
See also: `hxrules.sandbox.server` (serves it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hxrules.sandbox.environment import AppSandbox, Environment
from hxrules.sandbox.xero.app import XeroSandbox
from hxrules.sandbox.xero.quirks import QUIRKS

__all__ = ["QUIRKS", "create"]


def create(part: Mapping[str, Any], env: Environment) -> AppSandbox:
    """The local Xero of `part`, the `xero` part of a seed file ({} as `--seed empty`).

    Raises `ValueError` for a seed that makes no organisation.
    """
    return XeroSandbox(part, env)
