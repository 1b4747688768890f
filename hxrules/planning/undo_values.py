"""What a run left in a record, what is there now, and what was there before: which of it may be put back.

See also: `undo` (who asks), `past` (the run's effects).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hxrules.language.model import Sync
from hxrules.planning.merge import views
from hxrules.planning.past import PastEffect
from hxrules.records import App, BaseValue, Record
from hxrules.values import Lines, Value

_PAID = {"paid": "issued", "open": "issued", "authorised": "issued"}
"""A payment makes an open invoice a paid one, and its deletion an open one again: nobody has edited it."""
_WORKED_OUT = frozenset({"hs_balance_due"})
"""What a payment moves, too."""


def holds(record: Record, name: str, left: Value, parts: Sequence[PastEffect], before: Value) -> bool:
    """Does a field still hold what the run left in it? `parts` are the run's writes of its lines, `before` what it held then."""
    now = record.fields.get(name)
    if isinstance(now, Lines) and record.ref.app is App.HUBSPOT:
        return _same_lines(now, before if isinstance(before, Lines) else Lines(), parts)
    return now == left


def edited_since(record: Record, made: PastEffect, parts: Sequence[PastEffect], sync: Sync) -> list[str]:
    """The fields of a record that a run made in which somebody has written since; none when it is as it was made."""
    app, edited = record.ref.app, list[str]()
    for name in made.effect.values:
        if name not in record.fields or name in _WORKED_OUT:
            continue
        left, now = made.left(name), record.fields[name]
        if left != now and _PAID.get(str(left), left) != _PAID.get(str(now), now):
            edited.append(name)
    for word, ids in made.effect.associations.items():
        if word in record.associations and word not in ("line", "tax", "discount"):
            edited += [word] if not set(map(str, ids)) <= set(record.associations[word]) else []
    for name, value in record.fields.items():
        if isinstance(value, Lines) and app is App.HUBSPOT and not _same_lines(value, Lines(), parts):
            edited.append(name)
    if sync.invoices is None and sync.payments is None:
        # Whoever has filled a field of a contact or a product that was empty has made it his own.
        names = (mapping.field(app).name for mapping in sync.mappings if app in mapping.writes)
        edited += [each for each in names if each not in made.effect.values and record.fields.get(each) is not None]
    return edited


def _same_lines(now: Lines, before: Lines, parts: Iterable[PastEffect]) -> bool:
    """Are an invoice's lines in HubSpot those that the run left? Only what it wrote is compared of the lines that it wrote."""
    whole = {line.id: dict(line.values) for line in before.items}
    written: dict[str | None, dict[str, Value]] = {}
    for part in parts:
        if not part.done:
            continue
        if part.effect.archive:
            whole.pop(part.effect.target, None)
            continue
        whole.pop(part.record, None)
        written[part.record] = {name: part.left(name) for name in part.effect.values}
    there = {line.id: line for line in now.items}
    if there.keys() != whole.keys() | written.keys():
        return False
    return all(dict(there[each].values) == values for each, values in whole.items()) and all(
        there[each].get(name) == value for each, values in written.items() for name, value in values.items()
    )


def lines_again(before: Lines, now: Lines, order: Value) -> Lines:
    """The lines of before; those that are no longer there are new ones. In the order of `order`, by which they have partners."""
    there = {line.id for line in now.items}
    places = {line.id: place for place, line in enumerate(order.items)} if isinstance(order, Lines) else {}
    ordered = sorted(before.items, key=lambda line: places.get(line.id, len(places)))
    return Lines(tuple(line if line.id in there else replace(line, id=None) for line in ordered))


def bases_after(
    sync: Sync,
    bases: Mapping[str, BaseValue],
    hubspot: Record,
    xero: Record,
    target: App,
    restored: Mapping[str, Value],
) -> dict[str, BaseValue]:
    """The bases that move when these fields of `target` get other values, by mapping; their other side stays.

    What an undo leaves different isn't an edit: the base says that it is so on purpose, until somebody edits one of the two. What
    somebody has edited since on the other side is an edit still. Raises `mappings.ConversionFailed`.
    """
    sides = {App.HUBSPOT: hubspot, App.XERO: xero}
    sides[target] = replace(sides[target], fields={**sides[target].fields, **restored})
    before, after = views(sync, hubspot, xero), views(sync, sides[App.HUBSPOT], sides[App.XERO])
    moved: dict[str, BaseValue] = {}
    for mapping, was, will in zip(sync.mappings, before, after, strict=True):
        if was.of(target) == will.of(target) and mapping.field(target).name not in restored:
            continue
        base = bases.get(mapping.id) or BaseValue(was.hubspot, was.xero, mapping.digest)
        value = will.of(target)
        base = replace(base, hubspot=value) if target is App.HUBSPOT else replace(base, xero=value)
        moved[mapping.id] = replace(base, settled=will.equal)
    return moved
