"""Limits are kept on our side: a server that counts never has to refuse, however it counts."""

from __future__ import annotations

import gc
import heapq
import threading
from collections import deque
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.connectors.pace import BELIEVED, DAY, Budget, Pace, Timing, Told, Window, overlapping, shared
from hxrules.problems import Halt, Problem

SPENT = Problem("HX430", "the day is over")


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


def paced(windows: Mapping[str, Window], timing: Timing, in_flight: int = 1) -> Pace:
    return Pace(timing, windows, in_flight, SPENT)


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
    pace = paced({"burst": Window(guess, 10.0)}, time.timing, 5)
    for pause, takes, part in calls:
        time.now += pause
        with pace.turn(("burst",)) as turn:
            time.now += takes * part
            assert server.admits(time.now)
            if tells:
                turn.told = {"burst": Told(server.remaining(time.now), 10, 10.0)}
            time.now += takes * (1 - part)


lives = st.lists(st.tuples(st.floats(0, 4), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=150)
"""How long a call takes, at which part of that the server counts it, and at which part of the rest it writes its headers."""
COUNTED, WROTE = range(2)


@given(lives, st.integers(1, 8), st.booleans(), st.floats(0, 9), st.booleans(), st.integers(1, 10))
def test_nor_when_several_calls_are_under_way_and_their_answers_overtake_one_another(
    lives: list[tuple[float, float, float]], seats: int, rolling: bool, shift: float, tells: bool, guess: int
) -> None:
    """Everything that happens, in its order: a call is sent as soon as the window lets it, counted, and answered."""
    server, window, now = Server(10, 10.0, rolling=rolling, shift=shift), Window(guess, 10.0), 1000.0
    coming: list[tuple[float, int, int]] = []
    sent: dict[int, int] = {}
    said: dict[int, Told | None] = {}
    waiting = list(range(len(lives)))
    while waiting or coming:
        while waiting and len(sent) < seats and window.delay(now) == 0:
            call = waiting.pop(0)
            takes, counted, wrote = lives[call]
            sent[call] = window.sent()
            end = now + takes
            at = min(now + takes * counted, end)
            for step, when in enumerate((at, min(at + (end - at) * wrote, end), end)):
                heapq.heappush(coming, (when, step, call))
        delay = window.delay(now) if waiting and len(sent) < seats else None
        if delay is not None and (not coming or now + delay < coming[0][0]):
            now += max(delay, 1e-9)
            continue
        now, step, call = heapq.heappop(coming)
        if step == COUNTED:
            assert server.admits(now)
        elif step == WROTE:
            said[call] = Told(server.remaining(now), 10, 10.0) if tells else None
        else:
            window.answered(now, sent.pop(call), said[call])


@given(st.integers(1, 40), st.integers(1, 40))
def test_what_others_take_is_left_to_them(limit: int, taken: int) -> None:
    """The server says how few remain: no more than those are sent before its window is over."""
    time = Time()
    server = Server(limit, 10.0, rolling=True, shift=0)
    server.calls.extend([time.now] * min(taken, limit - 1))
    pace = paced({"burst": Window(100, 10.0)}, time.timing, 5)
    for _ in range(3 * limit):
        with pace.turn(("burst",)) as turn:
            assert server.admits(time.now)
            turn.told = {"burst": Told(server.remaining(time.now), limit, 10.0)}


def test_a_full_window_is_waited_for_and_the_wait_is_counted() -> None:
    time, waited = Time(), 0.0
    pace = paced({"burst": Window(3, 10.0)}, time.timing)
    for _ in range(7):
        with pace.turn(("burst",)) as turn:
            waited += turn.waited
    assert time.now == 1020.0
    assert waited == 20.0


def test_a_call_counts_in_every_window_that_it_names() -> None:
    time = Time()
    pace = paced({"burst": Window(100, 10.0), "search": Window(1, 1.0)}, time.timing)
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
    pace = paced({"minute": Window(limit, 60.0)}, time.timing)
    with pace.turn(("minute",)) as turn:
        turn.told = {"minute": Told(told)}
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
    pace = paced({"minute": Window(60, 60.0)}, time.timing)
    for number in range(60):
        with pace.turn(("minute",)) as turn:
            turn.told = {"minute": Told(59)} if number == 59 else {}
    for _ in range(59):
        with pace.turn(("minute",)):
            pass
    assert time.now == 1000.0
    with pace.turn(("minute",)):
        pass
    assert time.now == 1060.0


def test_a_refusal_closes_its_windows_for_everybody() -> None:
    time = Time()
    pace = paced({"burst": Window(100, 10.0), "search": Window(4, 1.0)}, time.timing)
    pace.close(("search",), 7.0)
    with pace.turn(("burst",)):
        assert time.now == 1000.0
    with pace.turn(("burst", "search")):
        assert time.now == 1007.0


def test_once_no_call_can_succeed_every_turn_halts_until_it_may_be_another_day() -> None:
    time = Time()
    pace = paced({"minute": Window(10, 1.0)}, time.timing)
    halt = Halt(8, [Problem("HX430", "enough")])
    pace.stop(halt)
    time.now += BELIEVED - 1
    with pytest.raises(Halt) as caught, pace.turn(("minute",)):
        pass
    assert caught.value is halt
    time.now += 1
    with pace.turn(("minute",)) as turn:
        assert turn.waited == 0


def test_the_days_last_call_is_made_and_the_one_after_it_is_not() -> None:
    """However many are under way: as many as remain, and then `Halt` (8) instead of a refusal."""
    time = Time()
    pace, lock, left = paced({"minute": Window(1000, 60.0)}, time.timing, 5), threading.Lock(), 23
    with pace.turn(("minute",)) as turn:
        turn.told = {DAY: Told(left)}

    def call(_: int) -> int | None:
        nonlocal left
        try:
            with pace.turn(("minute",)) as turn:
                with lock:
                    left -= 1
                    assert left >= 0
                turn.told = {DAY: Told(left)}
        except Halt as halt:
            return halt.exit_code
        return None

    assert sorted(map(str, overlapping(call, range(40)))) == ["8"] * 17 + ["None"] * 23
    assert left == 0
    time.now += BELIEVED
    with pace.turn(("minute",)) as turn:
        assert turn.waited == 0


def test_no_more_calls_than_seats_are_under_way_at_once() -> None:
    pace = paced({"minute": Window(1000, 60.0)}, Timing(), 5)
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


def test_all_who_name_the_same_account_share_one_pace_as_long_as_somebody_keeps_it() -> None:
    time = Time()

    def make() -> Pace:
        return paced({"minute": Window(60, 60.0)}, time.timing)

    one, other = shared("a", make), shared("b", make)
    assert shared("a", make) is one is not other
    for _ in range(60):
        with one.turn(("minute",)):
            pass
    with shared("a", make).turn(("minute",)):
        assert time.now == 1060.0
    del one
    gc.collect()
    with shared("a", make).turn(("minute",)) as turn:
        assert turn.waited == 0


def test_while_one_waits_for_a_limit_the_others_wait_with_it() -> None:
    """Time passes once for all of them, and is counted once."""
    time, lock, waited = Time(), threading.Lock(), [0.0]
    pace = paced({"minute": Window(5, 60.0)}, time.timing, 5)

    def call(_: int) -> None:
        with pace.turn(("minute",)) as turn, lock:
            waited.append(turn.waited)

    list(overlapping(call, range(20)))
    assert time.now - 1000.0 == sum(waited) == 180.0


@pytest.mark.parametrize("most", [0, 7, None])
def test_a_budget_is_for_all_and_never_exceeded(most: int | None) -> None:
    budget = Budget(most)

    def call(_: int) -> str:
        try:
            budget.take()
        except Halt as halt:
            return f"{halt.exit_code} {halt.problems[0].code}"
        return "made"

    made = list(overlapping(call, range(20)))
    assert made.count("made") == (20 if most is None else most)
    assert set(made) <= {"made", "8 HX431"}


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 8))
def test_overlapping_work_comes_in_the_order_of_its_items(items: list[int], most: int) -> None:
    """Even where each waits until a later one is done."""
    done = [threading.Event() for _ in items]

    def work(place: int) -> int:
        if most > 1 and place % most == 0 and place + 1 < len(items):
            assert done[place + 1].wait(10)
        done[place].set()
        return items[place]

    assert list(overlapping(work, range(len(items)), most)) == items


def test_after_a_failure_nothing_more_is_begun_and_long_work_is_told() -> None:
    begun: list[int] = []
    given_up = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item == 2:
            raise ValueError
        assert given_up.wait(10)

    with pytest.raises(ValueError):
        list(overlapping(work, range(50), 3, given_up))
    assert len(begun) < 50
