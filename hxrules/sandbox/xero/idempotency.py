"""The store behind `Idempotency-Key`: the same answer for the same request, for six minutes.

Invariants: only POST, PUT and PATCH take part; a key used for another URL, verb or body is a 400; internal errors are
kept and repeated like successes, validation errors by the quirk `cache-validation-errors` (facts/xero.md 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.envelope import Reply

LIFE: Final = timedelta(minutes=6)
LONGEST_KEY: Final = 128
_VERBS: Final = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class _Kept:
    """An answer; without a fingerprint it stands for whatever request comes with its key."""

    fingerprint: str | None
    reply: Reply
    until: datetime


class IdempotencyStore:
    """The keys of one app."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._kept: dict[str, _Kept] = {}

    def once(self, key: str | None, method: str, target: str, body: bytes, carry_out: Callable[[], Reply]) -> Reply:
        """The kept answer of this key, else that of `carry_out`, which is kept. `target` is path and query."""
        if key is None or method not in _VERBS:
            return carry_out()
        if len(key) > LONGEST_KEY:
            return errors.validation_failed([], f"Idempotency Key cannot be longer than {LONGEST_KEY} characters.")
        fingerprint = sha256(f"{method} {target}\n".encode() + body).hexdigest()
        kept = self._alive(key)
        if kept:
            if kept.fingerprint in (None, fingerprint):
                return kept.reply
            return errors.idempotency_conflict(key, self._environment.quirks["idempotency-conflict"])
        reply = carry_out()
        if reply.status != 400 or self._environment.quirks["cache-validation-errors"] == "yes":
            self._keep(key, fingerprint, reply)
        return reply

    def spoil(self, key: str | None, reply: Reply) -> None:
        """Let the key answer with an injected internal error from now on."""
        if key is not None:
            kept = self._alive(key)
            self._keep(key, kept.fingerprint if kept else None, reply)

    def _alive(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        return kept if kept and self._environment.clock.now() < kept.until else None

    def _keep(self, key: str, fingerprint: str | None, reply: Reply) -> None:
        """Keep the answer as the newest, and forget those that have died: they stand at the front."""
        now = self._environment.clock.now()
        self._kept.pop(key, None)
        self._kept[key] = _Kept(fingerprint, reply, now + LIFE)
        while (oldest := next(iter(self._kept))) and self._kept[oldest].until <= now:
            del self._kept[oldest]
