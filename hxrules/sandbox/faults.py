"""Which request goes wrong, and how: chosen by rules (this request, the n-th of its kind) and by a seeded rate.

What: a `FaultPlan` is asked once for every request of either app and answers with the fault to inject, or none. How a
fault looks is the app's business (`AppSandbox.fault_answer`) or, where it is the network's, the server's.
Why: answers lost after the write, throttling and half-done batches are what a synchroniser has to survive.
Invariant: the same plan, asked about the same requests in the same order, answers the same.
See also: `server` (asks and injects), design §0.6 "Sandbox".
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

ANY_APP: Final = ("lost-answer", "429", "5xx-before", "5xx-after", "slow", "partial-batch")
"""`lost-answer`: the request is carried out, then the connection closes. `5xx-before` and `5xx-after`: an error before
or after it is carried out. `partial-batch`: every other element of a batch fails. `slow`: the answer takes its time."""

HUBSPOT_ONLY: Final = ("423", "477")
"""`423`: records are locked by other writes. `477`: the account is moving to another data centre. Nothing is carried out."""

KINDS: Final = (*ANY_APP, *HUBSPOT_ONLY)

RANDOM_APPS: Final = ("hubspot", "xero")
"""The apps that the rate hits; the sign-in service fails only by a rule that names it."""

SLOW_SECONDS: Final = 0.5


class InvalidFaults(ValueError):
    """A fault plan has a key, kind or number that does not exist."""


@dataclass(frozen=True)
class Fault:
    """One fault to inject.

    `seconds` is how long a `slow` answer is held back, in real time, or how long a `477` says that the move takes.
    """

    kind: str
    seconds: float = SLOW_SECONDS


@dataclass
class Rule:
    """Injects `kind` into the matching requests: into the `nth` of them, counted from 1, or without `nth` into all.

    `path` is a glob for the whole path, or any part of it.
    """

    kind: str
    app: str | None = None
    method: str | None = None
    path: str | None = None
    nth: int | None = None
    seconds: float = SLOW_SECONDS
    seen: int = 0

    def hits(self, app: str, method: str, path: str) -> bool:
        """Whether this request, counted from now on, gets the fault."""
        if self.kind in HUBSPOT_ONLY and app != "hubspot":
            return False
        if self.app not in (None, app) or (self.method or method).upper() != method:
            return False
        if self.path is not None and self.path not in path and not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.nth in (None, self.seen)


class FaultPlan:
    """The rules and the rate that are in force; the first rule that hits decides, then the rate."""

    def __init__(self, part: Mapping[str, Any] | None = None) -> None:
        """`part` is the content of a `--faults` file: `seed`, `rate` (0..1), `kinds`, `rules`.

        Raises `InvalidFaults`.
        """
        part = part or {}
        _only(part, {"seed", "rate", "kinds", "rules"})
        self.rate = float(part.get("rate", 0))
        self.kinds = tuple(_kind(kind) for kind in part.get("kinds", ANY_APP))
        self.rules = [_rule(rule) for rule in part.get("rules", ())]
        self._random = random.Random(part.get("seed", 0))
        if not 0 <= self.rate <= 1:
            raise InvalidFaults(f"rate must lie between 0 and 1, not {self.rate}")

    def next_fault(self, app: str, method: str, path: str) -> Fault | None:
        """The fault for this request of `app`, if any. Counts the request."""
        hits = [rule for rule in self.rules if rule.hits(app, method, path)]
        if hits:
            return Fault(hits[0].kind, hits[0].seconds)
        if self.rate and app in RANDOM_APPS and self._random.random() < self.rate:
            kind = self._random.choice(self.kinds)
            return Fault(kind) if app == "hubspot" or kind not in HUBSPOT_ONLY else None
        return None


def _rule(part: Mapping[str, Any]) -> Rule:
    _only(part, {"kind", "app", "method", "path", "nth", "seconds"})
    if _kind(part.get("kind")) in HUBSPOT_ONLY and part.get("app", "hubspot") != "hubspot":
        raise InvalidFaults(f"{part['kind']} is an answer of HubSpot alone")
    return Rule(**part)


def _kind(kind: object) -> str:
    if kind not in KINDS:
        raise InvalidFaults(f"no fault is named {kind!r}; there are: {', '.join(KINDS)}")
    return str(kind)


def _only(part: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := sorted(set(part) - keys):
        raise InvalidFaults(f"unknown key {unknown[0]!r}; there are: {', '.join(sorted(keys))}")
