"""Limits are kept on our side: a server that counts never has to refuse, however it counts."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.connectors.pace import Pace, Timing, Window
from hxrules.connectors.protocol import Usage
from hxrules.problems import Halt, Problem


class Time:
    """A clock that is moved by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def timing(self) -> Timing:
        return Timing(self.monotonic, self.sleep)


class Server:
    """Counts calls in a window of `seconds`, rolling or fixed, and tells what remains."""

    def __init__(self, limit: int, seconds: float, *, rolling: bool, shift: float) -> None:
        self.limit, self.seconds, self.rolling, self.shift = limit, seconds, rolling, shift
        self.calls: deque[float] = deque()

    def remaining(self, now: float) -> int:
        start = now - self.seconds if self.rolling else (now - self.shift) // self.seconds * self.seconds + self.shift
        while self.calls and (self.calls[0] <= start if self.rolling else self.calls[0] < start):
            self.calls.popleft()
        return self.limit - len(self.calls)

    def admits(self, now: float) -> bool:
        if self.remaining(now) <= 0:
            return False
        self.calls.append(now)
        return True


calls = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 5), st.floats(0, 1)), min_size=1, max_size=120)
"""The pause before a call, how long it takes, and at which part of that the server counts it."""


@given(calls, st.booleans(), st.floats(0, 9), st.booleans(), st.integers(1, 10))
def test_a_server_that_counts_never_has_to_refuse(
    calls: list[tuple[float, float, float]], rolling: bool, shift: float, tells: bool, guess: int
) -> None:
    time = Time()
    server = Server(10, 10.0, rolling=rolling, shift=shift)
    pace = Pace(Usage(), time.timing, {"burst": Window(guess, 10.0)}, in_flight=5)
    for pause, takes, part in calls:
        time.now += pause
        with pace.turn(("burst",)):
            time.now += takes * part
            assert server.admits(time.now)
            left = server.remaining(time.now)
            time.now += takes * (1 - part)
        if tells:
            pace.learn("burst", left, 10, 10.0)


@given(st.integers(1, 40), st.integers(1, 40))
def test_what_others_take_is_left_to_them(limit: int, taken: int) -> None:
    """The server says how few remain: no more than those are sent before its window is over."""
    time = Time()
    server = Server(limit, 10.0, rolling=True, shift=0)
    server.calls.extend([time.now] * min(taken, limit - 1))
    pace = Pace(Usage(), time.timing, {"burst": Window(100, 10.0)}, in_flight=5)
    for _ in range(3 * limit):
        with pace.turn(("burst",)):
            assert server.admits(time.now)
        pace.learn("burst", server.remaining(time.now), limit, 10.0)


def test_a_full_window_is_waited_for_and_the_wait_is_counted() -> None:
    time, usage = Time(), Usage()
    pace = Pace(usage, time.timing, {"burst": Window(3, 10.0)}, in_flight=1)
    for _ in range(7):
        with pace.turn(("burst",)):
            pass
    assert time.now == 1020.0
    assert usage.waited == 20.0


def test_a_call_counts_in_every_window_that_it_names() -> None:
    time = Time()
    pace = Pace(Usage(), time.timing, {"burst": Window(100, 10.0), "search": Window(1, 1.0)}, in_flight=1)
    for _ in range(3):
        with pace.turn(("burst", "search")):
            pass
    assert time.now == 1002.0
    for _ in range(97):
        with pace.turn(("burst",)):
            pass
    assert time.now == 1002.0
    with pace.turn(("burst",)):
        pass
    assert time.now == 1010.0


@pytest.mark.parametrize(("limit", "told", "more"), [(60, 9_999, 500), (60, 59, 59), (60, 5, 5), (60, 0, 0)])
def test_what_the_server_says_is_believed(limit: int, told: int, more: int) -> None:
    time = Time()
    pace = Pace(Usage(), time.timing, {"minute": Window(limit, 60.0)}, in_flight=1)
    with pace.turn(("minute",)):
        pass
    pace.learn("minute", told)
    for _ in range(more):
        with pace.turn(("minute",)):
            pass
    assert time.now == 1000.0
    if told < limit:
        with pace.turn(("minute",)):
            pass
        assert time.now == 1060.0


def test_a_window_that_began_anew_at_the_server_is_used_at_once() -> None:
    time = Time()
    pace = Pace(Usage(), time.timing, {"minute": Window(60, 60.0)}, in_flight=1)
    for _ in range(60):
        with pace.turn(("minute",)):
            pass
    pace.learn("minute", 59)
    for _ in range(59):
        with pace.turn(("minute",)):
            pass
    assert time.now == 1000.0
    with pace.turn(("minute",)):
        pass
    assert time.now == 1060.0


def test_a_refusal_closes_its_windows_for_everybody() -> None:
    time = Time()
    pace = Pace(Usage(), time.timing, {"burst": Window(100, 10.0), "search": Window(4, 1.0)}, in_flight=1)
    pace.close(("search",), 7.0)
    with pace.turn(("burst",)):
        assert time.now == 1000.0
    with pace.turn(("burst", "search")):
        assert time.now == 1007.0


def test_after_the_end_of_the_day_every_turn_halts() -> None:
    pace = Pace(Usage(), Time().timing, {"day": Window(10, 1.0)}, in_flight=1)
    halt = Halt(8, [Problem("HX430", "enough")])
    pace.stop(halt)
    with pytest.raises(Halt) as caught, pace.turn(("day",)):
        pass
    assert caught.value is halt


def test_no_more_calls_than_seats_are_under_way_at_once() -> None:
    pace = Pace(Usage(), Timing(), {"minute": Window(1000, 60.0)}, in_flight=5)
    under_way, most, lock = 0, 0, threading.Lock()
    full = threading.Event()

    def call() -> None:
        nonlocal under_way, most
        with pace.turn(("minute",)):
            with lock:
                under_way += 1
                most = max(most, under_way)
                if under_way == 5:
                    full.set()
            assert full.wait(10)
            with lock:
                under_way -= 1

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (most, under_way) == (5, 0)
