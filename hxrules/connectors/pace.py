"""Limits kept on our side, so that the server never has to say no (facts/hubspot.md 8.1, facts/xero.md 3.1).

A `Window` allows N calls in any T seconds. A call counts from the moment that it is sent until T seconds after its
answer: the server counted it somewhere in between, so its own window, rolling or fixed, can't be fuller than ours.
What the server says remains is believed in both directions: more (its limit is higher, or its fixed window has just
begun anew) is used, less (someone else calls too) is kept. What strangers take between two answers can't be foreseen:
the server's no is then obeyed (`close`).

Invariant: time comes from `Timing` only, so a test can move it. See also: `http` (takes a turn for every request).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hxrules.connectors.protocol import Traffic, Usage
from hxrules.problems import Halt


@dataclass(frozen=True, slots=True)
class Timing:
    """Where seconds come from, and how they pass."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Window:
    """At most `limit` calls in any `seconds`. Not thread-safe: `Pace` holds the lock."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._answered: deque[float] = deque()
        self._in_flight = 0
        self._granted = 0
        """Calls that may follow by the server's last word."""
        self._closed_until = 0.0

    def delay(self, now: float) -> float:
        """Seconds until another call may be sent; 0 is now."""
        if now < self._closed_until:
            return self._closed_until - now
        while self._answered and self._answered[0] + self.seconds <= now:
            self._answered.popleft()
        if self._granted > 0 or self._in_flight + len(self._answered) < self.limit:
            return 0.0
        if not self._answered:
            # All are on their way in other threads: look again when one of them may have come back.
            return self.seconds / self.limit
        return self._answered[0] + self.seconds - now

    def sent(self) -> None:
        """A call leaves."""
        self._in_flight += 1
        self._granted = max(0, self._granted - 1)

    def answered(self, now: float) -> None:
        """Its answer has come, or never will."""
        self._in_flight -= 1
        self._answered.append(now)

    def learn(self, now: float, remaining: int, limit: int | None = None, seconds: float | None = None) -> None:
        """What an answer says: `remaining` calls of the `limit` in `seconds`."""
        self.limit = limit or max(self.limit, remaining + 1)
        self.seconds = seconds or self.seconds
        self._granted = max(0, remaining - self._in_flight)
        others = self.limit - remaining - self._in_flight - len(self._answered)
        self._answered.extend([now] * others)

    def close(self, until: float) -> None:
        """The server said no: nothing is granted before `until`."""
        self._granted = 0
        self._closed_until = max(self._closed_until, until)


class Pace:
    """All limits of one app. Thread-safe."""

    def __init__(self, usage: Usage, timing: Timing, windows: Mapping[str, Window], in_flight: int) -> None:
        self._usage = usage
        self._timing = timing
        self._windows = windows
        self._seats = threading.BoundedSemaphore(in_flight)
        self._lock = threading.Lock()
        self._halt: Halt | None = None

    @contextmanager
    def turn(self, names: Collection[str]) -> Iterator[None]:
        """One call that counts in the windows `names`: waits for its turn. Raises the `Halt` given to `stop`."""
        windows = [self._windows[name] for name in names]
        with self._seats:
            self._wait(windows)
            try:
                yield
            finally:
                with self._lock:
                    for window in windows:
                        window.answered(self._timing.monotonic())

    def _wait(self, windows: list[Window]) -> None:
        while True:
            with self._lock:
                if self._halt:
                    raise self._halt
                now = self._timing.monotonic()
                delay = max((window.delay(now) for window in windows), default=0.0)
                if delay <= 0:
                    for window in windows:
                        window.sent()
                    return
            self.rest(delay)

    def rest(self, seconds: float) -> None:
        """Lets time pass, and counts it."""
        self._timing.sleep(seconds)
        with self._lock:
            self._usage.waited += seconds

    def learn(self, name: str, remaining: int, limit: int | None = None, seconds: float | None = None) -> None:
        """What an answer says about the window `name`."""
        with self._lock:
            self._windows[name].learn(self._timing.monotonic(), remaining, limit, seconds)

    def close(self, names: Collection[str], seconds: float) -> None:
        """The server refused a call of these windows: none of their calls is sent for so long."""
        with self._lock:
            for name in names:
                self._windows[name].close(self._timing.monotonic() + seconds)

    def count(self, traffic: Traffic, bytes_out: int, bytes_in: int) -> None:
        """One request more in `traffic`, a part of the usage that this pace belongs to."""
        with self._lock:
            traffic.calls += 1
            traffic.bytes_out += bytes_out
            traffic.bytes_in += bytes_in

    def stop(self, halt: Halt) -> None:
        """No call can succeed any more (the day's limit): every later turn raises `halt`."""
        with self._lock:
            self._halt = halt
