"""What one input may cost: in each thing done with it a second of CPU time for 100 kB, and less memory than takes hxrules to 200 MB."""

from __future__ import annotations

import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

SECONDS = 1.0
LIMIT_MB = 200
HANG = 20.0
"""Seconds of CPU time after which an input is given up."""

P = ParamSpec("P")
R = TypeVar("R")


class TooSlow(AssertionError):
    """Something took longer than it may."""


class TooLarge(AssertionError):
    """Something took more memory than it may."""


class Slowest:
    """The slowest call so far, of the whole process."""

    seconds = 0.0
    name = ""


class Largest:
    """The call that took most memory so far; `before` is what the process had before its first input."""

    mb = 0.0
    name = ""
    before = 0.0


def timed(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function returns. Raises `TooSlow` if that took longer than it may, with room for a machine that does other things, and
    `TooLarge` if it took more memory."""
    had = forget_the_most()
    begun = time.process_time()
    result = function(*args, **kwargs)
    spent, took = time.process_time() - begun, memory_mb() - had
    if spent > Slowest.seconds:
        Slowest.seconds, Slowest.name = spent, function.__name__
    if took > Largest.mb:
        Largest.mb, Largest.name = took, function.__name__
    if spent > SECONDS:
        raise TooSlow(f"{function.__name__}: {spent:.1f} s")
    if Largest.before + took > LIMIT_MB:
        raise TooLarge(f"{function.__name__}: {took:.0f} MB")
    return result


@contextmanager
def ends() -> Iterator[None]:
    """Raises `TooSlow` in the middle of what doesn't come to an end."""
    before = signal.signal(signal.SIGVTALRM, _hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _hang(number: int, frame: object) -> None:
    raise TooSlow(f"no end after {HANG:.0f} s")


def memory_mb() -> float:
    """The most memory that this process had, since the last `forget_the_most` where the system knows that."""
    status = Path("/proc/self/status")
    if status.exists():
        # What `getrusage` says begins with the most that the process had which started this one.
        (most,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(most) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def forget_the_most() -> float:
    """From now on the most memory is counted anew, where the system can do that (Linux); what is in use now."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    return memory_mb()
