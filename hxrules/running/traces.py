"""What a finished change leaves in the state: its link, its bases, what is known of its record.

See also: `execute` (whose answers come), `interrupted` (where they were lost).
"""

from __future__ import annotations

from dataclasses import replace

from hxrules.planning.plan import Action, Change
from hxrules.records import App, BaseValue, Known, Link, Record, Standing
from hxrules.values import Lines, Value


def base_after(base: BaseValue, app: App, held: Value, sent: Value) -> BaseValue:
    """The base of a field that was written: what the app made of the value counts, not what it was sent (design §2.4)."""
    if isinstance(held, Lines):
        return with_side(base, app, held)
    return base if held == sent else replace(with_side(base, app, held), settled=False)


def with_side(base: BaseValue, app: App, value: Value) -> BaseValue:
    return replace(base, hubspot=value) if app is App.HUBSPOT else replace(base, xero=value)


def link_after(change: Change, record: Record) -> Link:
    """The link of a change that is in the app, with the id of what was created in it."""
    assert change.link is not None
    if change.action is not Action.CREATE:
        return change.link
    if record.ref.app is App.HUBSPOT:
        return replace(change.link, hubspot=record.ref.id)
    return replace(change.link, xero=record.ref.id)


def known_after(change: Change, record: Record) -> Known:
    """What the state knows of a record that a change has written: it is in step, or it was taken away."""
    gone = None if change.link is None else change.link.gone
    if gone is None:
        return Known(record.ref, change.sync, record.updated, Standing.IN_SYNC)
    reason = {"label": change.label, "reason": f"its partner is gone from {gone.brand}", "leaf": "", "place": None}
    return Known(record.ref, change.sync, record.updated, Standing.EXCLUDED, reason)
