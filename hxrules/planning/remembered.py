"""What the state alone can tell of the impact of other rules: no network, and no number that could be wrong.

The state knows who is linked and inside of which direction, and which records the last run has seen; of records that aren't linked it
keeps no values, and of linked ones only what is mapped, as it was. So a direction that is dropped is counted, a filter that only got
narrower lets nobody enter, and for the rest there are bounds. All of it is as the last run left it, and only if that run had the old
rules. See also: `impact` (the whole answer, for which the apps are asked).
"""

from __future__ import annotations

from collections.abc import Sequence

from hxrules.language.comparison import Kind, Reach, RuleChange
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.impact import Count, Impact, Way, exactly
from hxrules.records import App, Membership, StateView

_OF_NO_RECORD = frozenset({Kind.RULESET, Kind.ACCOUNT, Kind.LIMIT, Kind.ORDER})

_SCOPING = frozenset({"started", "history"})
"""Settings that limits ask for."""


def concern_records(changes: Sequence[RuleChange]) -> bool:
    """Whether any of the changes can make a difference to a record."""
    return any(each.kind not in _OF_NO_RECORD for each in changes)


def remembered(old: Ruleset, new: Ruleset, changes: Sequence[RuleChange], state: StateView) -> Impact:
    """As much of the impact as the state can tell, of the syncs whose rules change."""
    ways: list[Way] = []
    untold: list[str] = []
    before, after = ({sync.name: sync for sync in each.active} for each in (old, new))
    for name in dict.fromkeys(each.sync for each in changes if each.sync and each.kind not in _OF_NO_RECORD):
        mine, yours = before.get(name), after.get(name)
        known = state.syncs.get(name)
        if mine is None:
            if yours is not None:
                untold.append(f"{name} didn't run by the old rules.")
        elif known is None or known.digest is None:
            untold.append(f"{name} has never run here.")
        elif known.digest != mine.digest:
            untold.append(f"{name} last ran by other rules than the old ones.")
        else:
            own = [each for each in changes if each.sync == name]
            ways += [_way(name, app, mine, yours, own, state) for app in App if app in _targets(mine) | _targets(yours)]
    return Impact(tuple(ways), untold=tuple(untold))


def _targets(sync: Sync | None) -> frozenset[App]:
    return frozenset(sync.direction.targets) if sync is not None else frozenset()


def _way(name: str, app: App, old: Sync, new: Sync | None, changes: Sequence[RuleChange], state: StateView) -> Way:
    mine = [each for each in state.links if each.sync == name and each.gone is None]
    inside = {each.side(app.other) for each in mine if each.membership.get(app) is Membership.IN}
    # A pair that a run has made is looked at from its other side by the next run only.
    perhaps = len(inside) + sum(app not in each.membership for each in mine)
    if app not in _targets(new):
        return Way(name, app, exactly(0), Count(len(inside), perhaps), exactly(0))
    source = (app.other, old.types[app.other])
    outside = sum(ref[:2] == source and each.sync == name and ref.id not in inside for ref, each in state.known.items())
    if app not in _targets(old):
        return Way(name, app, Count(0, outside + len(inside)), exactly(0), exactly(0))
    reaches = {_reach(each) for each in changes if each.kind not in _OF_NO_RECORD and each.target in (app, None)}
    enter = Count(0, outside) if reaches & {Reach.MORE, Reach.UNKNOWN} else exactly(0)
    leave = Count(0, perhaps) if reaches & {Reach.FEWER, Reach.UNKNOWN} else exactly(0)
    change = Count(0, perhaps) if any(map(_rewrites, changes)) else exactly(0)
    return Way(name, app, enter, leave, change)


def _reach(change: RuleChange) -> Reach:
    """What the change does to who is inside, at most."""
    if change.kind is Kind.FILTER:
        return change.reach
    scoping = change.kind in (Kind.MATCH, Kind.FIXED_LIMIT) or change.name in _SCOPING
    return Reach.UNKNOWN if scoping else Reach.SAME


def _rewrites(change: RuleChange) -> bool:
    """May something else be written of a record that is inside before and after? Not for a filter or a direction, nor for a mapping
    that ends; that of a line is a part of its invoice."""
    if change.kind is Kind.MAPPING:
        return change.after is not None
    return change.kind not in {Kind.FILTER, Kind.DIRECTION, *_OF_NO_RECORD}
