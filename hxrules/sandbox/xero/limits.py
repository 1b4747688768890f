"""Xero's rate limits: calls in flight, a minute, a day, and the app's minute; all counted by the sandbox's clock.

Invariants: windows are fixed, not sliding, and an organisation's do not start on the full minute or at midnight; a
refused call takes nothing from any window; the headers always tell what is left (facts/xero.md 3.1).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.dates import EPOCH
from hxrules.sandbox.xero.envelope import Refusal

APP_MINUTE_LIMIT: Final = 10_000
"""Calls a minute of one app over all organisations."""
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


class Window:
    """Counts the calls of a fixed window that starts anew every `length`, at `shift` past the full one."""

    def __init__(self, length: timedelta, shift: timedelta) -> None:
        self._length = length
        self._shift = shift
        self._number = -1
        self._used = 0

    def used(self, now: datetime) -> int:
        """The calls taken in the window of `now`."""
        number = (now - EPOCH - self._shift) // self._length
        if number != self._number:
            self._number, self._used = number, 0
        return self._used

    def take(self, now: datetime) -> None:
        """Count one call."""
        self._used = self.used(now) + 1

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the next window, at least 1."""
        left = self._length - (now - EPOCH - self._shift) % self._length
        return max(1, ceil(left.total_seconds()))


class Limits:
    """The limits of one app and its organisation; sizes are the quirks `xero-…-limit`."""

    def __init__(self, environment: Environment, rng: random.Random) -> None:
        self._environment = environment
        self._in_flight = 0
        self._minute = Window(_MINUTE, timedelta(seconds=rng.randrange(60)))
        self._day = Window(_DAY, timedelta(seconds=rng.randrange(86400)))
        self._app_minute = Window(_MINUTE, timedelta())

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a place while the call is carried out; raises `Refusal` with the 429 of the limit that is reached."""
        now = self._environment.clock.now()
        if self._in_flight >= self._size("concurrent"):
            raise Refusal(errors.too_many("concurrent", None))
        for name, window, size in self._windows():
            if window.used(now) >= size:
                raise Refusal(errors.too_many(name, window.seconds_left(now)))
        for _, window, _ in self._windows():
            window.take(now)
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    def headers(self) -> dict[str, str]:
        """What is left of each window."""
        now = self._environment.clock.now()
        names = {
            "day": "X-DayLimit-Remaining",
            "minute": "X-MinLimit-Remaining",
            "appminute": "X-AppMinLimit-Remaining",
        }
        return {names[name]: str(max(0, size - window.used(now))) for name, window, size in self._windows()}

    def _windows(self) -> tuple[tuple[str, Window, int], ...]:
        return (
            ("day", self._day, self._size("day")),
            ("minute", self._minute, self._size("minute")),
            ("appminute", self._app_minute, APP_MINUTE_LIMIT),
        )

    def _size(self, name: str) -> int:
        return int(self._environment.number(f"xero-{name}-limit"))
