"""The only modules that know an API: HubSpot's and Xero's, behind one contract (`protocol.Connector`).

From top to bottom: `hubspot` and `xero` (endpoints; `hubspot_writes`), `hubspot_codec` and `xero_codec` (values ⇄ JSON,
driven by the catalogue; `codec`), `hubspot_dialect` and `xero_dialect` (limits and errors), `http` (requests, repeats,
redaction), `auth` (tokens), `pace` (limits kept on our side), `settings` (credentials and addresses).
"""

from __future__ import annotations

from hxrules.catalogue import load_catalogue
from hxrules.connectors.pace import Timing
from hxrules.connectors.protocol import Connector, Connectors, Traffic, Usage
from hxrules.connectors.settings import Settings, settings_from

__all__ = ["Connector", "Connectors", "Settings", "Timing", "Traffic", "Usage", "open_connectors", "settings_from"]


def open_connectors(settings: Settings, *, timing: Timing | None = None, patience: float = 60.0) -> Connectors:
    """Both apps, ready to be asked; nothing is sent yet. `patience` is how many seconds an answer may take."""
    # Here, because a command that asks no app should not pay for loading an HTTP client.
    from hxrules.connectors.hubspot import open_hubspot
    from hxrules.connectors.xero import open_xero

    catalogue, timing = load_catalogue(), timing or Timing()
    return Connectors(
        open_hubspot(settings, catalogue, timing, patience), open_xero(settings, catalogue, timing, patience)
    )
