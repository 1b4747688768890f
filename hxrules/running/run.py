"""What a run did: the value that reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hxrules.planning.plan import Plan
from hxrules.problems import Problem
from hxrules.records import App
from hxrules.values import Value


@dataclass(frozen=True, slots=True)
class Normalised:
    """A field of which an app made something else than was sent; its own value counts from now on (design §2.4)."""

    sync: str
    app: App
    record: str
    label: str
    field: str
    sent: Value
    held: Value


@dataclass(frozen=True, slots=True)
class AppCalls:
    """Requests and bytes of one app in this run; `waited` is seconds spent keeping to its limits."""

    calls: int = 0
    reads: int = 0
    writes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan has cost to make, sign-in included, and how many calls writing it is expected to take."""

    read: Mapping[App, AppCalls]
    expected: Mapping[App, int]


@dataclass(frozen=True, slots=True)
class Run:
    """One carried-out plan."""

    id: str
    plan: Plan
    started: datetime
    finished: datetime
    done: Mapping[str, int]
    """By action: changes that are in the apps now."""
    failed: tuple[Problem, ...] = ()
    """Changes of this run that an app refused, or that are in doubt."""
    normalised: tuple[Normalised, ...] = ()
    stopped: Problem | None = None
    """Why the run ended before every change had its turn (a limit, a lost sign-in); the next run goes on."""
    stop_code: int = 0
    """The exit code that goes with `stopped`."""
    left_over: int = 0
    """Changes that had no turn."""
    calls: Mapping[App, AppCalls] = field(default_factory=dict)
    expected: Mapping[App, int] = field(default_factory=dict)
    """Calls that writing the plan was expected to take."""

    @property
    def failing(self) -> int:
        """Records that are held or failed."""
        return len(self.plan.held) + len(self.failed)

    @property
    def exit_code(self) -> int:
        """Design §0.2: the reason it stopped, else 6 when records are failing, else 0."""
        return self.stop_code or (6 if self.failing else 0)
