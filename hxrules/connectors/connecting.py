"""From credentials that somebody has just given to a connection that can be kept, and back: who is behind them, and the end of it.

Nothing is stored here. See also: `oauth` (consents), `credentials` (what is kept, and where).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from hxrules.catalogue import load_catalogue
from hxrules.connectors.auth import Bearer
from hxrules.connectors.credentials import Connection, Kind, Secrets
from hxrules.connectors.http import Call, Http, not_as_expected
from hxrules.connectors.hubspot import open_hubspot
from hxrules.connectors.oauth import PATIENCE, Grant, TokenEndpoint, vendor_of
from hxrules.connectors.pace import Pace, Timing
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.connectors.xero import open_xero
from hxrules.connectors.xero_dialect import XeroDialect
from hxrules.problems import Halt, Problem
from hxrules.records import App

_CONNECTIONS: Final = "/connections"


class Tenant(NamedTuple):
    """A Xero organisation that a consent opens."""

    id: str
    name: str


class Made(NamedTuple):
    """A connection that works, and its secrets."""

    connection: Connection
    secrets: Secrets


def by_token(settings: Settings, token: str, when: datetime, timing: Timing) -> Made:
    """A HubSpot account by a token that somebody made there. Raises `Halt` (7) when the token opens nothing."""
    return _hubspot(settings, Kind.TOKEN, Secrets(access_token=token), when, timing)


def by_custom_connection(
    settings: Settings, client_id: str, client_secret: str, when: datetime, timing: Timing
) -> Made:
    """A Xero organisation by a custom connection. Raises `Halt` (7) when id and secret open nothing."""
    tried = replace(settings, xero_client_id=client_id, xero_client_secret=client_secret)
    with closing(open_xero(tried, load_catalogue(), timing, PATIENCE)) as xero:
        found = xero.identify()
        granted = tuple(sorted(xero.scopes or ()))
    connection = Connection(
        App.XERO, settings.xero_url, Kind.CUSTOM, found.tenant, found.name, when, client_id, granted
    )
    return Made(connection, Secrets(client_secret=client_secret))


def by_consent_of_hubspot(settings: Settings, client_id: str, grant: Grant, when: datetime, timing: Timing) -> Made:
    """A HubSpot account by a consent."""
    made = _hubspot(settings, Kind.OAUTH, grant.secrets, when, timing)
    name = grant.domain or made.connection.name
    return Made(replace(made.connection, client_id=client_id, scopes=grant.scopes, name=name), grant.secrets)


def by_consent_of_xero(
    settings: Settings,
    client_id: str,
    grant: Grant,
    choose: Callable[[list[Tenant]], Tenant],
    when: datetime,
    timing: Timing,
) -> Made:
    """A Xero organisation by a consent; `choose` is asked where the consent opens several. Raises `Halt` (7) for none."""
    found = _tenants(settings, grant, timing)
    if not found:
        said = Problem(
            "HX403",
            "The consent opens no Xero organisation",
            "No organisation was ticked on the page, or all of them are connected no more.",
            "Connect again, and tick the organisation on Xero's page.",
            next_command="hxrules connect xero",
        )
        raise Halt(7, [said])
    tenant = found[0] if len(found) == 1 else choose(found)
    connection = Connection(
        App.XERO, settings.xero_url, Kind.OAUTH, tenant.id, tenant.name, when, client_id, grant.scopes
    )
    return Made(connection, grant.secrets)


def take_back(settings: Settings, connection: Connection, secrets: Secrets, timing: Timing) -> bool:
    """Revokes a consent at the app; `False` when there was nothing to revoke there. Raises `Halt` when it can't be reached."""
    if connection.kind is not Kind.OAUTH:
        return False
    with closing(TokenEndpoint(vendor_of(connection.app, settings), timing)) as endpoint:
        return endpoint.revoke(connection, secrets)


def _hubspot(settings: Settings, kind: Kind, secrets: Secrets, when: datetime, timing: Timing) -> Made:
    tried = replace(settings, hubspot_token=secrets.access_token)
    with closing(open_hubspot(tried, load_catalogue(), timing, PATIENCE)) as hubspot:
        portal = hubspot.identify()
    name = f"portal {portal.id}"
    return Made(Connection(App.HUBSPOT, settings.hubspot_url, kind, str(portal.id), name, when), secrets)


def _tenants(settings: Settings, grant: Grant, timing: Timing) -> list[Tenant]:
    """The organisations of this consent; of all consents of the user where Xero names none for this one."""
    usage = Usage()
    pace = Pace(timing, {}, 1)
    bearer = Bearer(grant.secrets.access_token)
    http = Http(settings.xero_url, XeroDialect(), bearer, pace=pace, usage=usage, timing=timing, patience=PATIENCE)
    with closing(http):
        for event in dict.fromkeys((grant.event, "")):
            call = Call("GET", _CONNECTIONS, "settings", {"authEventId": event} if event else {}, answers="array")
            answer = http.send(call)
            if not answer.succeeded:
                raise not_as_expected("Xero", call)
            rows = (answer.document or {}).get("rows") or ()
            # A practice is no organisation and has no books.
            found = [
                Tenant(str(row["tenantId"]), str(row.get("tenantName") or ""))
                for row in rows
                if row.get("tenantType") == "ORGANISATION"
            ]
            if found:
                return found
    return []
