"""Chooses who we are to an app: a stored consent, a token, or a custom connection.

A consent is loaded only where one is stored: who comes with credentials of the environment should not pay for what OAuth takes.
"""

from __future__ import annotations

from collections.abc import Callable

from hxrules.connectors.auth import Authorizer, Basic, Bearer, ClientCredentials
from hxrules.connectors.http import Http
from hxrules.connectors.pace import Timing
from hxrules.connectors.settings import Settings
from hxrules.records import App


def authorizer(app: App, settings: Settings, timing: Timing, opened: Callable[[str, Authorizer], Http]) -> Authorizer:
    """The authorizer for the settings' credentials of an app; `opened` makes an `Http` of the same app at another address."""
    consent = settings.consent(app)
    if consent is not None:
        from hxrules.connectors.oauth import TokenEndpoint, vendor_of
        from hxrules.connectors.oauth_renewal import Renewing

        return Renewing(*consent, TokenEndpoint(vendor_of(app, settings), timing), timing)
    if app is App.HUBSPOT:
        return Bearer(settings.hubspot_token)
    basic = Basic(settings.xero_client_id, settings.xero_client_secret)
    return ClientCredentials(opened(settings.xero_identity_url, basic), basic.secrets, timing)
