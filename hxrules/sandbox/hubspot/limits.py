"""How many calls the account lets through: in any ten seconds, between two midnights, and of searches in any second.

Invariants: counts by the sandbox's clock; a refused call counts nowhere; the headers tell what is left after this call.
See also: facts/hubspot.md 8.1.
"""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hxrules.sandbox.environment import Environment

INTERVAL = timedelta(seconds=10)
SECOND = timedelta(seconds=1)


class RateLimiter:
    """The counters of one account."""

    def __init__(self, env: Environment, zone: ZoneInfo) -> None:
        self.burst = int(env.number("hubspot-burst-limit"))
        self.daily = int(env.number("hubspot-daily-limit"))
        self.searches = int(env.number("hubspot-search-limit"))
        self._clock = env.clock
        self._zone = zone
        self._calls: deque[datetime] = deque()
        self._search_calls: deque[datetime] = deque()
        self._today: date | None = None
        self._used_today = 0

    def admit(self, is_search: bool) -> str | None:
        """Count one call; or name the policy that refuses it: `DAILY`, `TEN_SECONDLY_ROLLING` or `SECONDLY`."""
        now = self._clock.now()
        _drop(self._calls, now - INTERVAL)
        _drop(self._search_calls, now - SECOND)
        if self.used_today() >= self.daily:
            return "DAILY"
        if len(self._calls) >= self.burst:
            return "TEN_SECONDLY_ROLLING"
        if is_search and len(self._search_calls) >= self.searches:
            return "SECONDLY"
        self._calls.append(now)
        self._used_today += 1
        if is_search:
            self._search_calls.append(now)
        return None

    def used_today(self) -> int:
        """The calls since the last midnight of the account."""
        today = self._clock.now().astimezone(self._zone).date()
        if today != self._today:
            self._today, self._used_today = today, 0
        return self._used_today

    def next_midnight(self) -> datetime:
        """When the daily count starts anew."""
        tomorrow = self._clock.now().astimezone(self._zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, datetime.min.time(), self._zone)

    def seconds_until_free(self, policy: str) -> float:
        """How long a refused call would have to wait."""
        now = self._clock.now()
        if policy == "DAILY":
            return (self.next_midnight() - now).total_seconds()
        if policy == "SECONDLY":
            return SECOND.total_seconds()
        return (self._calls[0] + INTERVAL - now).total_seconds() if self._calls else INTERVAL.total_seconds()

    def headers(self) -> dict[str, str]:
        """What every answer but that of a search says about the limits."""
        return {
            "X-HubSpot-RateLimit-Max": str(self.burst),
            "X-HubSpot-RateLimit-Remaining": str(max(0, self.burst - len(self._calls))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(INTERVAL.total_seconds() * 1000)),
            "X-HubSpot-RateLimit-Daily": str(self.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily - self.used_today())),
        }


def _drop(calls: deque[datetime], until: datetime) -> None:
    while calls and calls[0] <= until:
        calls.popleft()
