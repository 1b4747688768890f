"""Limits kept on our side, so that the server never has to say no (facts/hubspot.md 8.1, facts/xero.md 3.1).

A `Window` allows N calls in any T seconds. A call counts from the moment that it is sent until T seconds after its
answer: the server counted it somewhere in between, so its own window, rolling or fixed, can't be fuller than ours.
What the server says remains is believed in both directions: more (its limit is higher, or its fixed window has just
begun anew) is used, less (someone else calls too) is kept. What strangers take between two answers can't be foreseen:
the server's no is then obeyed (`close`). The day has no window of ours: only what the server says remains.

Several calls are under way at once, and their answers overtake one another. `Words` makes one number of what they say.

Everything in this process that calls the same account with the same credentials has the same `Pace` (`shared`).

Invariant: time comes from `Timing` only, so a test can move it. See also: `http` (takes a turn for every request).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from hxrules.problems import Halt, Problem

Item = TypeVar("Item")
Result = TypeVar("Result")

DAY: Final = "day"
"""The name of the daily limit in what a server tells."""
BELIEVED: Final = 900.0
"""Seconds for which no call is tried once the day's calls are used up: then it may be another day, for who lives that long."""
AT_ONCE: Final = 8
"""Pieces of one task that are worked on at once; how many calls are under way is `Pace`'s to say."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where seconds come from, and how they pass."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall: Callable[[], float] = time.time
    """Seconds since 1970, for what one run tells the next."""


class Told(NamedTuple):
    """What an answer says of one limit: `remaining` calls of the `limit` in `seconds`."""

    remaining: int
    limit: int | None = None
    seconds: float | None = None


class Words:
    """What a server's answers allow together, in whatever order they come.

    An answer's word is surely later than all that was answered before its call was sent: those words are forgotten. Of
    the others nobody knows which call was counted last; that one has the smallest number.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self._moment = 0
        self._words: list[tuple[int, int]] = []
        """The moment of an answer, and what remained by it."""

    def sent(self) -> int:
        """A call leaves; the moment, to be given back with its answer."""
        self.in_flight += 1
        self._moment += 1
        return self._moment

    def answered(self, sent: int, remaining: int | None) -> None:
        """The answer to the call of that moment; without `remaining` it says nothing of the limit, or never came."""
        self.in_flight -= 1
        self._moment += 1
        if remaining is None:
            self._words = [(moment, left - 1) for moment, left in self._words]
        else:
            self._words = [word for word in self._words if word[0] > sent] + [(self._moment, remaining)]

    @property
    def remaining(self) -> int | None:
        """Calls that may follow those answered; `None` where no answer has told yet."""
        return min((left for _, left in self._words), default=None)

    def forget(self) -> None:
        """Nothing of what was said holds any more."""
        self._words = []


class Window:
    """At most `limit` calls in any `seconds`. Not thread-safe: `Pace` holds the lock."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._answered: deque[float] = deque()
        """When calls were answered; those of strangers, as far as the server's words give them away, are among them."""
        self._words = Words()
        self._closed_until = 0.0

    def delay(self, now: float) -> float | None:
        """Seconds until another call may be sent, 0 is now; `None` when an answer that is still to come decides it."""
        if now < self._closed_until:
            return self._closed_until - now
        while self._answered and self._answered[0] + self.seconds <= now:
            self._answered.popleft()
        in_flight, granted = self._words.in_flight, self._words.remaining
        if in_flight + len(self._answered) < self.limit or (granted is not None and granted > in_flight):
            return 0.0
        if in_flight:
            return None
        return self._answered[len(self._answered) - self.limit] + self.seconds - now

    def sent(self) -> int:
        """A call leaves; the result is to be given back with its answer."""
        return self._words.sent()

    def answered(self, now: float, sent: int, told: Told | None = None) -> None:
        """Its answer has come, or never will."""
        self._answered.append(now)
        self._words.answered(sent, told and told.remaining)
        if told is None:
            return
        self.limit = told.limit or max(self.limit, told.remaining + 1)
        self.seconds = told.seconds or self.seconds
        used = self.limit - (self._words.remaining or 0)
        self._answered.extend([now] * (used - len(self._answered)))

    def close(self, until: float) -> None:
        """The server said no: nothing is granted before `until`."""
        self._words.forget()
        self._closed_until = max(self._closed_until, until)


@dataclass(slots=True)
class Turn:
    """One call that may be sent now. `told` is for its answer's headers, by limit; `waited` is seconds."""

    waited: float = 0.0
    told: Mapping[str, Told] = field(default_factory=dict)


class Pace:
    """All limits of one app. Thread-safe."""

    def __init__(
        self, timing: Timing, windows: Mapping[str, Window], in_flight: int, spent: Problem | None = None
    ) -> None:
        """`in_flight` calls may be under way at once; `spent` says that the day's calls are used up, where a day has a limit."""
        self._timing = timing
        self._windows = windows
        self._seats = threading.BoundedSemaphore(in_flight)
        self._news = threading.Condition()
        self._day = Words()
        self._day_told = 0.0
        self._spent = spent
        self._sleepers: set[tuple[str, ...]] = set()
        self._halt: Halt | None = None
        self._halted_until = 0.0

    @contextmanager
    def turn(self, names: tuple[str, ...]) -> Iterator[Turn]:
        """One call that counts in the windows `names`: waits for its turn.

        Raises `Halt` (8) when the day's calls are used up, and the one given to `stop`.
        """
        with self._seats:
            turn = Turn()
            sent = self._wait(names, turn)
            try:
                yield turn
            finally:
                with self._news:
                    now = self._timing.monotonic()
                    for name, moment in sent.items():
                        told = turn.told.get(name)
                        if name == DAY:
                            self._day.answered(moment, told and told.remaining)
                            self._day_told = now
                        else:
                            self._windows[name].answered(now, moment, told)
                    self._news.notify_all()

    def _wait(self, names: tuple[str, ...], turn: Turn) -> dict[str, int]:
        """Lets the others go first until there is room; by limit, the moment at which the call was sent."""
        with self._news:
            while True:
                if self._halt and self._timing.monotonic() < self._halted_until:
                    raise self._halt
                delay = self._delay(names)
                if delay == 0:
                    sent = {name: self._windows[name].sent() for name in names}
                    return sent | ({DAY: self._day.sent()} if names and self._spent else {})
                if delay is None or names in self._sleepers:
                    # An answer tells more, or somebody sleeps for the same reason: one wakes all.
                    self._news.wait()
                    continue
                self._sleepers.add(names)
                self._news.release()
                try:
                    self._timing.sleep(delay)
                    turn.waited += delay
                finally:
                    self._news.acquire()
                    self._sleepers.remove(names)
                    self._news.notify_all()

    def _delay(self, names: tuple[str, ...]) -> float | None:
        """As `Window.delay`, of all windows and the day. Raises `Halt` (8) when the day's calls are used up."""
        now = self._timing.monotonic()
        left = self._day.remaining if now < self._day_told + BELIEVED else None
        if names and self._spent and left is not None and left <= self._day.in_flight:
            if self._day.in_flight:
                return None
            raise Halt(8, [self._spent])
        delays = [self._windows[name].delay(now) for name in names]
        known = [each for each in delays if each is not None]
        return None if len(known) < len(delays) else max(known, default=0.0)

    def close(self, names: Iterable[str], seconds: float) -> None:
        """The server refused a call of these windows: none of their calls is sent for so long."""
        with self._news:
            for name in names:
                self._windows[name].close(self._timing.monotonic() + seconds)

    def stop(self, halt: Halt) -> None:
        """No call can succeed for now (the day's limit): every turn raises `halt`, for as long as that is `BELIEVED`."""
        with self._news:
            self._halt, self._halted_until = halt, self._timing.monotonic() + BELIEVED
            self._news.notify_all()


_shared: WeakValueDictionary[Hashable, Pace] = WeakValueDictionary()
_sharing = threading.Lock()


def shared(key: Hashable, make: Callable[[], Pace]) -> Pace:
    """The pace of all in this process that names the same `key`, for as long as somebody keeps it."""
    with _sharing:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = make()
        return found


class Budget:
    """How many calls a command may make at both apps together (`--max-calls`). Thread-safe."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._made = 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """One call more. Raises `Halt` (8) instead of the first that is too many."""
        with self._lock:
            if self._most is not None and self._made >= self._most:
                raise Halt(8, [_no_more(self._most)])
            self._made += 1


def _no_more(most: int) -> Problem:
    return Problem(
        "HX431",
        f"The {most:,} calls that this command may make are used up",
        "--max-calls says how many it may make at both apps together.",
        "Run the command again; what is written is kept, and it goes on with the rest.",
    )


def overlapping(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    most: int = AT_ONCE,
    given_up: threading.Event | None = None,
) -> Iterator[Result]:
    """`work` of each item, up to `most` at once; the results come in the order of the items, whatever was ready first.

    Raises what `work` raises, at the item's place. Nothing more is begun once the reader has stopped. Work that takes long
    can look at `given_up`: it is set as soon as one has failed, or the reader has stopped.
    """
    over = given_up or threading.Event()
    pool = ThreadPoolExecutor(most)
    begun: deque[Future[Result]] = deque()

    def ended(future: Future[Result]) -> None:
        if not future.cancelled() and future.exception() is not None:
            over.set()

    try:
        for item in items:
            begun.append(pool.submit(work, item))
            begun[-1].add_done_callback(ended)
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        over.set()
        pool.shutdown(cancel_futures=True)
