"""The only modules that know an API: HubSpot's and Xero's, behind one contract (`protocol.Connector`).

From top to bottom: `hubspot` and `xero` (endpoints; `hubspot_writes`), `hubspot_codec` and `xero_codec` (values ⇄ JSON,
driven by the catalogue; `codec`), `hubspot_dialect` and `xero_dialect` (limits and errors), `http` (requests, repeats,
redaction), `signing` and `auth` (who we are), `pace` (limits kept on our side), `settings` (credentials and addresses).

Beside them, for whoever connects an account (R5): `connecting` (who is behind new credentials), `oauth` (consents, tokens),
`oauth_callback`, `oauth_renewal`, `scopes`, `credentials` (where connections are kept), `vitals` (what `doctor` asks).
"""

from __future__ import annotations

from hxrules.catalogue import load_catalogue
from hxrules.connectors.pace import Budget, Timing
from hxrules.connectors.protocol import Connector, Connectors, Traffic, Usage
from hxrules.connectors.settings import Settings, settings_from

__all__ = ["Connector", "Connectors", "Settings", "Timing", "Traffic", "Usage", "open_connectors", "settings_from"]


def open_connectors(
    settings: Settings, *, timing: Timing | None = None, patience: float = 60.0, max_calls: int | None = None
) -> Connectors:
    """Both apps, ready to be asked; nothing is sent yet.

    `patience` is how many seconds an answer may take, `max_calls` how many calls both apps together may get.
    """
    # Here, because a command that asks no app should not pay for loading an HTTP client.
    from hxrules.connectors.hubspot import open_hubspot
    from hxrules.connectors.xero import open_xero

    catalogue, timing = load_catalogue(), timing or Timing()
    budget = Budget(max_calls)
    return Connectors(
        open_hubspot(settings, catalogue, timing, patience, budget=budget),
        open_xero(settings, catalogue, timing, patience, budget),
    )
