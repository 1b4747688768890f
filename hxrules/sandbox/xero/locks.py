"""The lock dates of an organisation: nothing dated on or before one is made or changed (facts/xero.md 6.8).

See also: `World.lock` (sets them in mid-run), `invoice_rules`, `payment_rules` (who ask).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.world import World

_LOCKS: Final = (("period", "PeriodLockDate"), ("end of year", "EndOfYearLockDate"))


def lock_problems(world: World, days: Iterable[date | None]) -> list[str]:
    """The texts for the lock dates that any of the days falls behind; the lock day itself is the quirk `lock-day`."""
    first = min((day for day in days if day is not None), default=None)
    if first is None:
        return []
    open_day = world.environment.quirks["lock-day"] == "open"
    locks = [(name, world.organisation[field]) for name, field in _LOCKS if world.organisation.get(field)]
    return [errors.locked(name, lock) for name, lock in locks if first < lock or (first == lock and not open_day)]
