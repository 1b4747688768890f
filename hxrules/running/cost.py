"""What looking has cost, and what writing a plan is expected to cost."""

from __future__ import annotations

from collections.abc import Sequence

from hxrules.connectors.protocol import Connectors, Usage
from hxrules.planning.plan import Plan
from hxrules.records import App
from hxrules.running.batches import STAGES, Work, batches, groups, portions
from hxrules.running.run import AppCalls, Cost


def cost_of(plan: Plan, connectors: Connectors) -> Cost:
    """What the connectors have cost so far, and what is to come when the plan is carried out."""
    return Cost({app: calls_of(connectors.of(app).usage) for app in App}, expected_calls(plan, connectors))


def calls_of(usage: Usage) -> AppCalls:
    """A connector's usage as reports show it."""
    kinds = (usage.reads, usage.writes, usage.settings)
    return AppCalls(
        usage.calls,
        usage.reads.calls,
        usage.writes.calls,
        sum(kind.bytes_in for kind in kinds),
        sum(kind.bytes_out for kind in kinds),
        usage.waited,
    )


def expected_calls(plan: Plan, connectors: Connectors) -> dict[App, int]:
    """The calls that writing the plan takes when nothing is refused and every answer arrives."""
    calls = dict.fromkeys(App, 0)
    for _, _, some in portions(plan):
        for changes in some:
            for stage in STAGES:
                for work in groups(changes, stage):
                    calls[work[0][1].app] += sum(_calls(batch) for batch in batches(work, connectors))
    return calls


def _calls(batch: Sequence[Work]) -> int:
    effects = [effect for _, effect in batch]
    first = effects[0]
    if first.app is App.XERO or first.archive:
        return 1
    if first.target is None:
        # HubSpot's upserts take no associations, so those that bring some are plain creates (`hubspot_writes`).
        return len({bool(effect.associations) or effect.memory is None for effect in effects})
    # What an existing record of HubSpot's is associated with is changed by calls of their own.
    made = {word for effect in effects for word, ids in effect.associations.items() if ids}
    ended = {word for effect in effects for word, ids in effect.parting.items() if ids}
    return any(effect.values or effect.memory for effect in effects) + len(made) + len(ended)
