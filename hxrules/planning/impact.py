"""Two rulesets and one look at both apps → which records enter, leave or change because of the rules alone.

Both plans are made by the planner itself, from the same snapshot, state and instant: whatever differs between them, the rules have done.
The snapshot must show what either of the rulesets asks for (`wide`), and the one that is wanted for itself is made from its own part of
it (`narrowed`), so that it is byte for byte the plan that a run makes.

See also: `remembered` (what the state alone can tell), `language.comparison` (what changes in rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from hxrules.catalogue import Catalogue
from hxrules.language.model import FixedLimit, Ruleset, Sync
from hxrules.planning.changes import label_of
from hxrules.planning.needs import associations_to_read, fields_to_read
from hxrules.planning.observations import Observations
from hxrules.planning.plan import Action, Change, Excluded, Plan
from hxrules.problems import Problem, Span
from hxrules.records import App, Link, Membership, Record, Sight, Snapshot, StateView
from hxrules.values import Value


class Count(NamedTuple):
    """A number of records, or the two between which it lies; `None` where nothing can be told."""

    least: int
    most: int | None

    @property
    def exact(self) -> bool:
        return self.least == self.most


def exactly(number: int) -> Count:
    return Count(number, number)


class Kind(StrEnum):
    """What becomes of a record in one direction."""

    ENTER = "enter"
    """It was outside, and would be kept in step."""
    LEAVE = "leave"
    """It was kept in step, and no longer would be."""
    CHANGE = "change"
    """It is inside with both, and something else would be written."""
    HOLD = "hold"
    """It would be held, and wasn't."""
    RELEASE = "release"
    """It was held, and no longer would be."""


class FieldMove(NamedTuple):
    """What would be written of one mapping, by the old rules and by the new; `None` for nothing, or for an empty value."""

    mapping: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Move:
    """One record for which the rules make a difference."""

    kind: Kind
    sync: str
    app: App | None
    """The app that would be written; `None` for what is held, which is both sides' business."""
    hubspot: str | None
    xero: str | None
    label: str
    why: str = ""
    """What has kept it outside, or does so now; or what holds it."""
    span: Span | None = None
    fields: tuple[FieldMove, ...] = ()
    created: bool = False
    """It enters by being created."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of one sync, in numbers."""

    sync: str
    app: App
    enter: Count
    leave: Count
    change: Count


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom the change of rules concerns."""

    ways: tuple[Way, ...]
    moves: tuple[Move, ...] = ()
    """Record by record, where the apps were asked."""
    untold: tuple[str, ...] = ()
    """Why some of it can't be told, in sentences."""


class Made(NamedTuple):
    """A plan with the rules that made it, and what it would note."""

    rules: Ruleset
    plan: Plan
    seen: Observations


# --- what has to be read --------------------------------------------------------------------------------------------------------


def wide(old: Ruleset, new: Ruleset, names: frozenset[str]) -> Ruleset:
    """Rules to read by, never to plan by: `names` of the syncs, each asking for all that either ruleset asks for."""
    mine, yours = ({sync.name: sync for sync in each.syncs} for each in (old, new))
    order = [name for name in dict.fromkeys([*(sync.name for sync in new.syncs), *mine]) if name in names]
    return replace(new, syncs=tuple(_wide(mine.get(name), yours.get(name)) for name in order))


def _wide(old: Sync | None, new: Sync | None) -> Sync:
    sync = new or old
    assert sync is not None
    if old is None or new is None:
        return replace(sync, enabled=True)
    mappings = {(each.id, each.digest): each for each in (*new.mappings, *old.mappings)}
    limits = {
        target: tuple(
            FixedLimit(f"{number} {name}", condition, "")
            for number, each in enumerate((new, old))
            for name, condition in each.limits(target)
        )
        for target in App
    }
    return replace(new, enabled=True, mappings=tuple(mappings.values()), filters={}, fixed_limits=limits)


def narrowed(snapshot: Snapshot, rules: Ruleset, catalogue: Catalogue) -> Snapshot:
    """The part of a wide snapshot that `rules` alone would have read."""
    return replace(
        snapshot,
        syncs={sync.name: _narrowed(snapshot.sight(sync.name), sync, catalogue) for sync in rules.active},
    )


def _narrowed(sight: Sight, sync: Sync, catalogue: Catalogue) -> Sight:
    records = dict(sight.records)
    for app in App:
        names = {field.name for field in fields_to_read(sync, app, catalogue)}
        words = set(associations_to_read(sync, app))
        key = (app, sync.types[app])
        records[key] = {id_: _only(record, names, words) for id_, record in sight.of(*key).items()}
    return replace(sight, records=records)


def _only(record: Record, names: set[str], words: set[str]) -> Record:
    return replace(
        record,
        fields={name: value for name, value in record.fields.items() if name in names},
        broken={name: text for name, text in record.broken.items() if name in names},
        associations={word: ids for word, ids in record.associations.items() if word in words},
    )


def looked_at_anew(state: StateView, rules: Ruleset | None = None) -> StateView:
    """The state as it makes the planner look at every record of the syncs that `rules` have changed; without them, of all syncs."""
    digests = {sync.name: sync.digest for sync in rules.active} if rules is not None else {}
    return replace(
        state,
        syncs={
            name: each if rules is not None and each.digest == digests.get(name) else replace(each, digest=None)
            for name, each in state.syncs.items()
        },
    )


# --- what differs ---------------------------------------------------------------------------------------------------------------


def impact(old: Made, new: Made, state: StateView, snapshot: Snapshot, catalogue: Catalogue) -> Impact:
    """Whom it concerns, of the syncs that the snapshot shows. Both plans were made from it (or its part) and from the same state."""
    moves: list[Move] = []
    ways: list[Way] = []
    for name in snapshot.syncs:
        sides = (_Side(old, name, state), _Side(new, name, state))
        naming = _Naming(snapshot.sight(name), _sync_of(name, new, old), catalogue)
        for app in (each for each in App if each in sides[0].targets | sides[1].targets):
            found = list(_moves(name, app, sides, naming))
            enter, leave, change = (
                sum(each.kind is kind for each in found) for kind in (Kind.ENTER, Kind.LEAVE, Kind.CHANGE)
            )
            # Pairs that weren't looked at count as what they may be, where only one of the rulesets goes this way at all.
            maybe = [side.unseen(app) if app in side.targets else 0 for side in sides]
            doubt = [
                number if app not in other.targets else 0 for number, other in zip(maybe, reversed(sides), strict=True)
            ]
            ways.append(Way(name, app, Count(enter, enter + doubt[1]), Count(leave, leave + doubt[0]), exactly(change)))
            moves += found
        moves += _held(name, sides)
    return Impact(tuple(ways), tuple(moves))


def _sync_of(name: str, *made: Made) -> Sync:
    return next(sync for each in made for sync in each.rules.syncs if sync.name == name)


class _Side:
    """What one of the two plans makes of the records of one sync."""

    def __init__(self, made: Made, name: str, state: StateView) -> None:
        active = next((sync for sync in made.rules.active if sync.name == name), None)
        self.targets = frozenset(active.direction.targets) if active is not None else frozenset[App]()
        self.changes = [each for each in made.plan.changes if each.sync == name]
        self.held = {(each.ref(App.HUBSPOT), each.ref(App.XERO)): each for each in made.plan.held if each.sync == name}
        self.excluded = {
            (app, id_): each
            for each in made.plan.excluded
            if each.sync == name
            for app, id_ in ((App.HUBSPOT, each.hubspot), (App.XERO, each.xero))
            if id_ is not None
        }
        links = {each.id: each for each in state.links if each.sync == name}
        links |= {each.id: each for each in made.seen.links.values() if each.sync == name}
        self.links = [
            *links.values(),
            *(each.link for each in self.changes if each.action is Action.LINK and each.link),
        ]

    def within(self, app: App) -> dict[str, Link | Change]:
        """By the id in the other app: the records that are kept in step in `app`, and what says so."""
        if app not in self.targets:
            return {}
        found: dict[str, Link | Change] = {
            each.side(app.other): each
            for each in self.links
            if each.membership.get(app) is Membership.IN and each.gone is None
        }
        creates = (each for each in self.changes if each.action is Action.CREATE and each.app is app)
        return found | {_source(each): each for each in creates}

    def unseen(self, app: App) -> int:
        """How many linked pairs nobody has looked at yet from this side: a run has made them, and the next one looks."""
        return sum(app not in each.membership and each.gone is None for each in self.links)

    def written(self, app: App) -> dict[str, dict[str, Value]]:
        """By the id in the other app: what is written to `app`, by mapping."""
        return {
            _source(each): {field.mapping: field.after for field in each.fields}
            for each in self.changes
            if each.app is app and each.action is not Action.LINK
        }

    def held_of(self, app: App) -> set[str]:
        """The ids in an app of the records that are held."""
        return {ref.id for refs in self.held for ref in refs if ref is not None and ref.app is app}


def _source(change: Change) -> str:
    """The id in the app that isn't written."""
    return (change.xero if change.app is App.HUBSPOT else change.hubspot) or ""


class _Naming:
    """What records are called, by what was read of them."""

    def __init__(self, sight: Sight, sync: Sync, catalogue: Catalogue) -> None:
        self._info = {app: catalogue.type(app, sync.types[app]) for app in App}
        self._records = {app: sight.of(app, sync.types[app]) for app in App}

    def __call__(self, hubspot: str | None, xero: str | None) -> str:
        records = (self._records[App.HUBSPOT].get(hubspot or ""), self._records[App.XERO].get(xero or ""))
        return label_of(records, self._info)


def _moves(name: str, app: App, sides: tuple[_Side, _Side], naming: _Naming) -> Iterator[Move]:
    before, after = (side.within(app) for side in sides)
    written = [side.written(app) for side in sides]
    held = set().union(*(side.held_of(app.other) for side in sides))
    for source in sorted((before.keys() | after.keys()) - held):
        if source not in before or source not in after:
            kind = Kind.ENTER if source in after else Kind.LEAVE
            outside = sides[0 if kind is Kind.ENTER else 1].excluded.get((app.other, source))
            move = _move(kind, name, app, after.get(source) or before[source], naming, outside)
            created = isinstance(after.get(source), Change)
            known = kind is Kind.LEAVE or created
            yield replace(move, created=created, fields=() if known else _fields({}, written[1].get(source, {})))
        elif written[0].get(source, {}) != written[1].get(source, {}):
            fields = _fields(written[0].get(source, {}), written[1].get(source, {}))
            yield replace(_move(Kind.CHANGE, name, app, after[source], naming, None), fields=fields)


def _fields(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[FieldMove, ...]:
    return tuple(
        FieldMove(mapping, before.get(mapping), after.get(mapping))
        for mapping in dict.fromkeys([*after, *before])
        if before.get(mapping) != after.get(mapping)
    )


def _move(kind: Kind, name: str, app: App, of: Link | Change, naming: _Naming, outside: Excluded | None) -> Move:
    hubspot, xero = of.hubspot or None, of.xero or None
    why = "" if outside is None else f"{outside.reason}: {outside.leaf}" if outside.leaf else outside.reason
    return Move(kind, name, app, hubspot, xero, naming(hubspot, xero), why, outside.span if outside else None)


def _held(name: str, sides: tuple[_Side, _Side]) -> Iterator[Move]:
    before, after = (side.held for side in sides)
    for kind, here, there in ((Kind.HOLD, after, before), (Kind.RELEASE, before, after)):
        for refs, problem in here.items():
            if refs not in there:
                yield _of_problem(kind, name, problem)


def _of_problem(kind: Kind, name: str, problem: Problem) -> Move:
    hubspot, xero = (ref.id if (ref := problem.ref(app)) is not None else None for app in App)
    label, _, what = problem.summary.rpartition(": ")
    return Move(kind, name, None, hubspot, xero, label, f"{problem.code} {what}", problem.span)
