"""One call to an app for what no sync asks: its clock, and what is left of its limits.

For `hxrules doctor`. See also: `hubspot_dialect` and `xero_dialect` (the same headers, for pace).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from hxrules.connectors.auth import Authorizer
from hxrules.connectors.http import Call, Dialect, Http
from hxrules.connectors.hubspot import VERSION
from hxrules.connectors.hubspot_dialect import BURST, HubSpotDialect
from hxrules.connectors.hubspot_dialect import pace as hubspot_pace
from hxrules.connectors.pace import Timing
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.connectors.signing import authorizer
from hxrules.connectors.xero_dialect import MINUTE, XeroDialect
from hxrules.connectors.xero_dialect import pace as xero_pace
from hxrules.records import App

_PATIENCE: Final = 60.0
_DAY_LEFT: Final = {App.HUBSPOT: "X-HubSpot-RateLimit-Daily-Remaining", App.XERO: "X-DayLimit-Remaining"}


@dataclass(frozen=True, slots=True)
class Vitals:
    """What an answer says beside its content; `None` where it says nothing."""

    clock: datetime | None
    day_left: int | None
    """Calls that may follow today, of all apps of the account (HubSpot) or of this one (Xero)."""


def vitals(app: App, settings: Settings, timing: Timing) -> Vitals:
    """Asks once. Raises `Halt` (1, 7, 8)."""
    path = f"/account-info/{VERSION}/details" if app is App.HUBSPOT else "/api.xro/2.0/Organisation"
    with closing(_opened(app, settings, timing)) as http:
        headers = http.send(Call("GET", path, "settings", windows=BURST if app is App.HUBSPOT else MINUTE)).headers
    left = headers.get(_DAY_LEFT[app], "")
    return Vitals(_instant(headers), int(left) if left.isdecimal() else None)


def _opened(app: App, settings: Settings, timing: Timing) -> Http:
    usage = Usage()
    dialect: Dialect = HubSpotDialect() if app is App.HUBSPOT else XeroDialect()
    pace = hubspot_pace(timing) if app is App.HUBSPOT else xero_pace(timing)

    def opened(root: str, signed: Authorizer) -> Http:
        return Http(root, dialect, signed, pace=pace, usage=usage, timing=timing, patience=_PATIENCE)

    http = opened(settings.root(app), authorizer(app, settings, timing, opened))
    consent = settings.consent(app)
    if app is App.XERO and consent is not None:
        http.headers["Xero-Tenant-Id"] = consent[0].account
    return http


def _instant(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None
