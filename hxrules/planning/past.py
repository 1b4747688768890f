"""What a run did, as the journal has it: the effects, each with what was there before and what the app answered.

The journal itself is the state's (`state.journal`); here its JSON becomes values again. See also: `undo` and `reports.log` (who ask).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hxrules.planning.plan import Change, Effect
from hxrules.planning.plan_file import read_change, read_effect
from hxrules.values import Value, unpack


@dataclass(frozen=True, slots=True)
class PastRun:
    """Who applied which plan of which rules, when, from where, and how it ended."""

    id: str
    plan: str
    started: datetime
    finished: datetime | None
    """`None` while it goes on, or when it was killed."""
    outcome: str | None
    """`done`, `failing` (some records are), or `stopped` (not every change had its turn)."""
    ruleset: str
    version: str
    digest: str
    commit: str | None
    """The git commit that the ruleset was read at, with `+` where it was edited since."""
    who: str
    host: str
    command: str
    summary: Mapping[str, int] = field(default_factory=dict)
    """By action: how many changes were made."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """By app: requests."""


@dataclass(frozen=True, slots=True)
class PastEffect:
    """One write of a run."""

    change: str
    """Id of the change that it was a part of."""
    sync: str
    label: str
    hubspot: str | None
    xero: str | None
    effect: Effect
    whole: Change | None
    """The change, without effects; `None` for a part of a record (a line), which stands beside the effect on the record itself."""
    state: str | None
    """`done`, `failed` or `in-doubt`; `None` when the run was killed before it could say."""
    record: str | None
    """The record that was written or made."""
    intended: datetime
    settled: datetime | None = None
    answer: Mapping[str, Value] = field(default_factory=dict)
    """By own field name: what the app said that it holds now."""
    error: Mapping[str, Any] | None = None
    """The problem, as JSON."""

    @property
    def done(self) -> bool:
        return self.state == "done"

    def left(self, name: str) -> Value:
        """What the run left in a field that it wrote: the app's word, where there is one."""
        return self.answer.get(name, self.effect.values.get(name))


def past_effect(
    change: str,
    body: Mapping[str, Any],
    intended: datetime,
    *,
    state: str | None = None,
    record: str | None = None,
    settled: datetime | None = None,
    answer: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> PastEffect:
    """An effect of the journal. `body` is the intent's, `answer` and `error` the settlement's. Raises what wrong JSON makes."""
    (document,) = body["effects"]
    return PastEffect(
        change,
        body["sync"],
        body["label"],
        body["hubspot"],
        body["xero"],
        read_effect(document),
        read_change(body) if "action" in body else None,
        state,
        record,
        intended,
        settled,
        {name: unpack(value) for name, value in ((answer or {}).get("fields") or {}).items()},
        error,
    )
