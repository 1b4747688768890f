"""Days as an organisation counts them: its own today, and the day on which payment terms make a document due.

Sources: facts/xero.md 2.2 (a missing date is today where the organisation is), 6.2 (the kinds of terms), 6.8 (zones).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hxrules.sandbox.xero.world import World

_ZONES: Final = {
    "AUSEASTERNSTANDARDTIME": "Australia/Sydney",
    "EAUSTRALIASTANDARDTIME": "Australia/Brisbane",
    "CENAUSTRALIASTANDARDTIME": "Australia/Adelaide",
    "WAUSTRALIASTANDARDTIME": "Australia/Perth",
    "NEWZEALANDSTANDARDTIME": "Pacific/Auckland",
    "SINGAPORESTANDARDTIME": "Asia/Singapore",
    "SOUTHAFRICASTANDARDTIME": "Africa/Johannesburg",
    "WEUROPESTANDARDTIME": "Europe/Berlin",
    "GMTSTANDARDTIME": "Europe/London",
    "USEASTERNSTANDARDTIME": "America/Indianapolis",
    "EASTERNSTANDARDTIME": "America/New_York",
    "CENTRALSTANDARDTIME": "America/Chicago",
    "MOUNTAINSTANDARDTIME": "America/Denver",
    "PACIFICSTANDARDTIME": "America/Los_Angeles",
}
"""Xero's names of time zones that organisations of the sandbox have; any other counts its days in UTC."""


def today(world: World) -> date:
    """The present day where the organisation is."""
    return world.now().astimezone(ZoneInfo(_ZONES.get(world.organisation["Timezone"], "UTC"))).date()


def due_day(day: date, terms: Mapping[str, Any] | None) -> date | None:
    """The day on which a document of `day` is due by these terms, `{"Day": 20, "Type": "OFFOLLOWINGMONTH"}`."""
    if not terms or "Type" not in terms:
        return None
    count = int(terms.get("Day", 0))
    match terms["Type"]:
        case "DAYSAFTERBILLDATE":
            return day + timedelta(days=count)
        case "DAYSAFTERBILLMONTH":
            return _in_month(day, 31) + timedelta(days=count)
        case "OFCURRENTMONTH":
            return _in_month(day, count)
        case _:
            return _in_month(_in_month(day, 31) + timedelta(days=1), count)


def _in_month(day: date, number: int) -> date:
    """The day of this number in the month of `day`, or the month's last."""
    return day.replace(day=min(max(number, 1), monthrange(day.year, day.month)[1]))
