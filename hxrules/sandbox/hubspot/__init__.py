"""The local HubSpot: accounts, properties, records, links and search, with HubSpot's own limits and refusals.

The way through a request: `app` (token, limits) → `calls` (what an endpoint gets) → `objects`, `batches`, `search`,
`association_calls`, `property_calls`, `account_calls`, `tax_rate_calls` (endpoints) → `reading`, `writing` (one record) →
`records`, `associations`, `properties`, `account`, `tax_rates` (the world, which is a `portal`, made by `loading`). Types of
records are data in `types`; what they obey beyond that stands in `rules`, and what they mean for an invoice in `invoicing`
and `money`. Where HubSpot's documents are silent, `quirks` says what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.hubspot.app import HubSpotSandbox
from hxrules.sandbox.hubspot.quirks import QUIRKS

__all__ = ["QUIRKS", "HubSpotSandbox", "create"]


def create(part: Mapping[str, Any], env: Environment) -> HubSpotSandbox:
    """A local HubSpot from the `hubspot` part of a seed file; `{}` is the account of `--seed empty`."""
    return HubSpotSandbox(part, env)
