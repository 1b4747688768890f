"""What both apps of the sandbox share (clock, quirks, randomness), and what an app must offer to be served.

Invariants: the sandbox reads no other clock and no other randomness, so the same seed gives the same world, ids
included.
Quirks are the sandbox's answers to what the vendors leave unsaid; each app publishes its own table.
See also: `server` (builds the environment), `hubspot` and `xero` (live in it).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

Control = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What a `POST` to a control route of one app does: body to answer. Raises `ValueError`, `KeyError` or `TypeError` for a
body that means nothing."""

NUMBER: Final = ("<number>",)
"""The allowed values of a quirk that takes any number from 0 up."""


class Quirk(NamedTuple):
    """One behaviour that a vendor does not document: the sandbox's default, the other choices, and what it decides."""

    default: str
    allowed: tuple[str, ...]
    meaning: str


class UnknownQuirk(ValueError):
    """A quirk was named that no app has, or was given a value that it does not know."""


def resolve_quirks(given: Mapping[str, str], *tables: Mapping[str, Quirk]) -> dict[str, str]:
    """Return the setting of every quirk of the given tables: the given value, else the default.

    Raises `UnknownQuirk` with the names or values that exist.
    """
    known = {name: quirk for table in tables for name, quirk in table.items()}
    for name, value in given.items():
        quirk = known.get(name)
        if quirk is None:
            raise UnknownQuirk(f"no quirk is named {name!r}; there are: {', '.join(sorted(known))}")
        if quirk.allowed == NUMBER:
            if not value.replace(".", "", 1).isdecimal():
                raise UnknownQuirk(f"quirk {name!r} takes a number from 0 up, not {value!r}")
        elif value not in quirk.allowed:
            raise UnknownQuirk(f"quirk {name!r} takes {', '.join(quirk.allowed)}, not {value!r}")
    return {name: given.get(name, quirk.default) for name, quirk in known.items()}


class Clock:
    """The sandbox's time: starts at `start` (or now), runs on with real time, and can be moved ahead."""

    def __init__(self, start: datetime | None = None) -> None:
        """Without `start` the clock shows real time until it is moved; raises `ValueError` for a `start` without a zone."""
        if start is not None and start.tzinfo is None:
            raise ValueError(f"the clock's start needs a time zone: {start.isoformat()}")
        self.start = (start or datetime.now(UTC)).astimezone(UTC)
        self._started = time.monotonic()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The sandbox's present instant, aware, in UTC."""
        return self.start + self._ahead + timedelta(seconds=time.monotonic() - self._started)

    def advance(self, by: timedelta) -> None:
        """Move the clock ahead; raises `ValueError` for a step back, as no vendor's clock does that."""
        if by < timedelta():
            raise ValueError("the clock only moves ahead")
        self._ahead += by


@dataclass
class Environment:
    """The surroundings that both apps live in."""

    clock: Clock = field(default_factory=Clock)
    quirks: dict[str, str] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    def number(self, quirk: str) -> float:
        """The setting of a quirk that is a number (seconds or a count)."""
        return float(self.quirks[quirk])


class AppSandbox(Protocol):
    """What `server` needs of each app; each app package exports `create(part, env) -> AppSandbox` and `QUIRKS`."""

    name: str
    """`hubspot` or `xero`."""
    routes: Sequence[BaseRoute]
    controls: Mapping[str, Control]
    """What `/_sandbox/…` offers on the port of this app alone, by the last word of the path."""

    def fault_answer(self, kind: str, request: Request) -> Response:
        """The vendor's own answer for an injected fault that has one (`faults.KINDS`): `429`, `5xx-before`, `5xx-after` and,
        of HubSpot alone, `423` and `477`; `request.state.fault_seconds` is how long it lasts.
        """

    def is_read(self, request: Request) -> bool:
        """Whether the request leaves the records as they are."""

    def app_of(self, request: Request) -> str:
        """The name for the request log: `hubspot`, `xero` or `identity`."""

    def world(self) -> dict[str, Any]:
        """All records and settings, JSON-able, in the shape of the app's part of a seed file."""

    def ready(self) -> dict[str, Any]:
        """The app's part of the ready file: credentials and names, without the addresses."""
