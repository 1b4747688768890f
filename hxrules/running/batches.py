"""How the effects of a plan are put together for writing.

Syncs come one after the other. Within a sync a change goes through its stages, and what stands in the same stage travels in batches
of one app, type and kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hxrules.connectors.protocol import Connectors
from hxrules.planning.plan import Change, Effect, Plan
from hxrules.records import App, chunks

Work = tuple[Change, Effect]

STAGES: Final = (0, 1, 2)
AT_ONCE: Final = 1_000
"""Invoices whose lines are written before the invoices are: enough to fill the batches, and no more at stake when a run is killed."""


def portions(plan: Plan) -> Iterator[tuple[str, Sequence[Change], Iterable[Sequence[Change]]]]:
    """Each sync's name, its changes, and the same in portions that go through all stages together."""
    for name in dict.fromkeys(change.sync for change in plan.changes):
        changes = [change for change in plan.changes if change.sync == name]
        together = AT_ONCE if any(len(change.effects) > 1 for change in changes) else max(len(changes), 1)
        yield name, changes, chunks(changes, together)


def groups(changes: Iterable[Change], stage: int) -> Iterable[list[Work]]:
    """Effects of one app, type and kind together; the plan's order otherwise."""
    found: dict[tuple[App, str, bool, bool], list[Work]] = {}
    for change in changes:
        for effect in change.effects:
            if effect.stage == stage:
                kind = (effect.app, effect.type, effect.target is None, effect.archive)
                found.setdefault(kind, []).append((change, effect))
    return found.values()


def batches(work: Sequence[Work], connectors: Connectors) -> Iterable[Sequence[Work]]:
    """A group in batches of the size that its app takes."""
    first = work[0][1]
    return chunks(work, connectors.of(first.app).batch_size(first.type, create=first.target is None))
