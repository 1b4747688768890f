"""Who is in: a record passes the fixed limits and the filter of the direction that would write its partner (R13, R15–R17).

A linked record that leaves a filter keeps its link and its frozen base; nothing is written to the other side until it returns
(design §2.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hxrules.language.filters import Moment, Related
from hxrules.language.model import Sync
from hxrules.problems import Span
from hxrules.records import App, Membership, Record
from hxrules.values import Value


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether a record may be written to the other app, and the leaf that decided against it."""

    included: bool
    leaf: str = ""
    limit: str = ""
    """Name of the limit that the leaf belongs to (`filter`, `R16`…)."""
    span: Span | None = None
    error: str | None = None
    """Code of the problem that holds the record, where the limit is one that excludes nobody silently (R19)."""
    told: str = ""
    """What the limit says to a person."""
    value: Value = None
    """What the record holds in the field that decided."""

    @property
    def reason(self) -> str:
        return "the filter" if self.limit == "filter" else f"the fixed limit {self.limit}"


IN = Scope(True)


def scope(sync: Sync, target: App, record: Record, related: Related, moment: Moment) -> Scope:
    """May this record (of the app opposite to `target`) be written to `target`? Raises `filters.NotFetched`."""
    for name, limit in sync.limits(target):
        if not limit.matches(record, related, moment):
            verdict = limit.decide(record, related, moment)
            fixed = next((each for each in sync.fixed_limits.get(target, ()) if each.id == name), None)
            error, told = (fixed.error, fixed.reason) if fixed is not None else (None, "")
            return Scope(False, verdict.leaf, name, verdict.span, error, told, verdict.value)
    return IN


def membership(before: Mapping[App, Membership], scopes: Mapping[App, Scope]) -> dict[App, Membership]:
    """A link's membership after this look at it."""
    after = dict(before)
    for target, found in scopes.items():
        if found.included:
            after[target] = Membership.IN
        elif before.get(target) is Membership.IN:
            after[target] = Membership.LEFT
        else:
            after.setdefault(target, Membership.NEVER)
    return after
