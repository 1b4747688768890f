"""Two rulesets → what changes in rules. By meaning, not by text: layout, comments and the order of keys are no change.

What is compared is what a run goes by: a ruleset complete with its base and with those that it extends. There is a difference if and
only if the digests of the two differ. A change that only follows from another one isn't told again: a direction that is added lets
every mapping write there.

See also: `consequences` (what a change means, in plain words), `planning.impact` (whom it concerns), `model` (what is compared).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from hxrules.language.filter_layout import one_line, tree_of
from hxrules.language.filter_syntax import Join
from hxrules.language.filters import Filter
from hxrules.language.model import FieldMapping, FixedLimit, Ruleset, Sync
from hxrules.language.transforms import Step
from hxrules.problems import Span
from hxrules.records import App
from hxrules.values import Json, ValueType, instant_text, number_text


class Kind(StrEnum):
    """What sort of rule it is."""

    RULESET = "ruleset"
    """Its name, version or base."""
    ACCOUNT = "account"
    LIMIT = "limit"
    SYNC = "sync"
    """The sync as a whole: listed, or not."""
    ENABLED = "enabled"
    DIRECTION = "direction"
    CONFLICT = "conflict"
    MATCH = "match"
    """What the base says of its records: their types, and by what they are matched."""
    FILTER = "filter"
    FIXED_LIMIT = "fixed limit"
    MAPPING = "mapping"
    LINE_MAPPING = "line mapping"
    ORDER = "order"
    SETTING = "setting"


class Reach(StrEnum):
    """What a changed filter does to who passes, as far as its words alone tell."""

    FEWER = "fewer"
    MORE = "more"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that is added, removed, or says something else."""

    sync: str
    """`""` for what is said of the whole ruleset."""
    kind: Kind
    name: str
    """The rule as its key says it: `direction`, `phone`, `to-xero`, `limits changes`."""
    before: str | None
    """What it said; `None` where there was no such rule."""
    after: str | None
    old: Span | None
    """Where it stood."""
    new: Span | None
    """Where it stands, or where it is switched off."""
    target: App | None = None
    """For a filter: the app that would be written."""
    lost: tuple[str, ...] = ()
    """For a filter: its conditions that are gone, those that stay left aside."""
    gained: tuple[str, ...] = ()
    reach: Reach = Reach.UNKNOWN
    means: str = ""
    """What follows from it, where the rules alone tell; a sentence for people."""
    grave: bool = False
    """Whether an app, or more of it than before, may be written because of it; or a guard is weaker."""


def differences(old: Ruleset, new: Ruleset) -> tuple[RuleChange, ...]:
    """What changes in rules: of the whole ruleset first, then sync by sync in R8's order. Without `consequences`' words."""
    found = list(_of_the_whole(old, new))
    before, after = ({sync.name: sync for sync in each.syncs} for each in (old, new))
    for name in dict.fromkeys([*after, *before]):
        found += _of_a_sync(before.get(name), after.get(name))
    return tuple(found)


# --- the ruleset --------------------------------------------------------------------------------------------------------------


def _of_the_whole(old: Ruleset, new: Ruleset) -> Iterator[RuleChange]:
    for kind, name, key in (
        (Kind.RULESET, "name", "name"),
        (Kind.RULESET, "version", "version"),
        (Kind.RULESET, "extends", "base"),
    ):
        said = (getattr(old, key), getattr(new, key))
        yield from _one("", kind, name, said, (old.places.get(name), new.places.get(name)))
    for key, of in (("portal", "hubspot"), ("subscription", "hubspot"), ("tenant", "xero"), ("organisation", "xero")):
        said = (_text(getattr(old.accounts, key)), _text(getattr(new.accounts, key)))
        places = (_account_place(old, key, of), _account_place(new, key, of))
        yield from _one("", Kind.ACCOUNT, f"{of} {key}", said, places)
    share = (_percent(old), _percent(new))
    yield from _one("", Kind.LIMIT, "changes", share, _limit_places(old, new, "changes"))
    for key, of in (("of-at-least", "of_at_least"), ("creates", "creates")):
        said = (_text(getattr(old.limits, of)), _text(getattr(new.limits, of)))
        yield from _one("", Kind.LIMIT, key, said, _limit_places(old, new, key))


def _account_place(ruleset: Ruleset, key: str, of: str) -> Span | None:
    return getattr(ruleset.accounts, f"{key}_span", None) or ruleset.places.get(f"accounts.{of}")


def _limit_places(old: Ruleset, new: Ruleset, key: str) -> tuple[Span | None, Span | None]:
    return _place(old.places, f"limits.{key}"), _place(new.places, f"limits.{key}")


def _percent(ruleset: Ruleset) -> str:
    return f"{number_text(ruleset.limits.changes * 100)}%"


# --- one sync -----------------------------------------------------------------------------------------------------------------


def _of_a_sync(old: Sync | None, new: Sync | None) -> Iterator[RuleChange]:
    if old is None or new is None:
        sync = new or old
        assert sync is not None
        said = (_whole(old), _whole(new))
        yield from _one(sync.name, Kind.SYNC, sync.name, said, (old.span if old else None, new.span if new else None))
        if new is not None:
            yield from _filters(None, new)
        return
    pair = (old, new)
    yield from _settings(pair, Kind.ENABLED, {"enabled": tuple("true" if each.enabled else "false" for each in pair)})
    yield from _settings(pair, Kind.DIRECTION, {"direction": (old.direction.value, new.direction.value)})
    conflict = {
        "conflict.winner": (old.winner.value, new.winner.value),
        "conflict.tolerance": (_duration(old.tolerance), _duration(new.tolerance)),
    }
    yield from _settings(pair, Kind.CONFLICT, conflict)
    base = {"match": (_matched(old), _matched(new)), "objects": (_types(old), _types(new))}
    yield from _settings(pair, Kind.MATCH, base)
    yield from _filters(old, new)
    yield from _fixed_limits(old, new)
    yield from _mappings(old, new)
    yield from _settings(pair, Kind.SETTING, _said_by_the_rest(old, new))


def _whole(sync: Sync | None) -> str | None:
    if sync is None:
        return None
    return sync.direction.value if sync.enabled else f"{sync.direction.value}, switched off"


def _matched(sync: Sync) -> str:
    return ", ".join(sync.match)


def _types(sync: Sync) -> str:
    return f"{sync.types[App.HUBSPOT]} ⇄ {sync.types[App.XERO]}"


def _said_by_the_rest(old: Sync, new: Sync) -> dict[str, tuple[str | None, str | None]]:
    said = {"started": tuple(instant_text(each.started) if each.started else None for each in (old, new))}
    if old.invoices is not None and new.invoices is not None:
        pair = (old.invoices, new.invoices)
        said["sales-account"] = tuple(each.sales_account for each in pair)
        said["totals"] = tuple(each.totals.value for each in pair)
        for app in App:
            said[f"voids.to-{app.value}"] = tuple(each.voids[app].value for each in pair)
        said["tax"] = tuple(_json(dict(each.tax)) if each.tax else None for each in pair)
    if old.payments is not None and new.payments is not None:
        both = (old.payments, new.payments)
        said["bank-account"] = tuple(each.bank_account for each in both)
        said["history"] = tuple(each.history.value for each in both)
    return {key: (before, after) for key, (before, after) in said.items()}


def _settings(pair: tuple[Sync, Sync], kind: Kind, said: Mapping[str, tuple[str | None, ...]]) -> Iterator[RuleChange]:
    for key, (before, after) in said.items():
        # What isn't said, and counts all the same, stands at the sync.
        places = (_place(sync.places, key) or sync.span for sync in pair)
        old, new = (place if value is not None else None for place, value in zip(places, (before, after), strict=True))
        yield from _one(pair[1].name, kind, key.replace(".", " "), (before, after), (old, new))


# --- filters ------------------------------------------------------------------------------------------------------------------


def _filters(old: Sync | None, new: Sync) -> Iterator[RuleChange]:
    """Of a direction that the sync no longer goes, the filter is asked of nobody: that it is gone is no news."""
    for target in new.direction.targets:
        before, after = (each.filters.get(target) if each is not None else None for each in (old, new))
        said = (_words(before), _words(after))
        places = (before.span if before else None, after.span if after else None)
        for change in _one(new.name, Kind.FILTER, f"to-{target.value}", said, places):
            lost, gained, reach = _conditions(*said)
            yield replace(change, target=target, lost=lost, gained=gained, reach=reach)


def _words(condition: Filter | None) -> str | None:
    """A filter's text on one line, without its layout."""
    if condition is None:
        return None
    tree = tree_of(condition.text)
    return one_line(tree, condition.text) if tree else condition.text


def _conditions(old: str | None, new: str | None) -> tuple[tuple[str, ...], tuple[str, ...], Reach]:
    """The conditions that only one of the two has, and what that does to who passes."""
    if old is None or new is None:
        gone, come = (tuple(_parts(each)[1]) if each else () for each in (old, new))
        return gone, come, Reach.FEWER if old is None else Reach.MORE
    (join, before), (other, after) = _parts(old), _parts(new)
    if join and other and join != other:
        return (old,), (new,), Reach.UNKNOWN
    lost, gained = Counter(before) - Counter(after), Counter(after) - Counter(before)
    narrower, wider = (Reach.MORE, Reach.FEWER) if "or" in (join, other) else (Reach.FEWER, Reach.MORE)
    reach = Reach.UNKNOWN if lost and gained else narrower if gained else wider if lost else Reach.SAME
    return tuple(lost.elements()), tuple(gained.elements()), reach


def _parts(text: str) -> tuple[str, list[str]]:
    """The outermost `and` or `or` of a filter, and what stands between; `""` and the whole where there is neither."""
    tree = tree_of(text)
    if isinstance(tree, Join):
        return tree.word, [one_line(part, text) for part in tree.parts]
    return "", [text]


def _fixed_limits(old: Sync, new: Sync) -> Iterator[RuleChange]:
    for target in App:
        before, after = ({each.id: each for each in sync.fixed_limits.get(target, ())} for sync in (old, new))
        for name in dict.fromkeys([*before, *after]):
            mine, yours = before.get(name), after.get(name)
            places = (mine.filter.span if mine else None, yours.filter.span if yours else None)
            said = (_limit(mine), _limit(yours))
            for change in _one(new.name, Kind.FIXED_LIMIT, f"to-{target.value} {name}", said, places):
                yield replace(change, target=target)


def _limit(limit: FixedLimit | None) -> str | None:
    if limit is None:
        return None
    more = [f"error {limit.error}" if limit.error else "", f"history {limit.history}" if limit.history else ""]
    return "; ".join(filter(None, (_words(limit.filter), *more)))


# --- mappings -----------------------------------------------------------------------------------------------------------------


def _mappings(old: Sync, new: Sync) -> Iterator[RuleChange]:
    groups = [(Kind.MAPPING, "mappings", old.mappings, new.mappings)]
    if old.invoices is not None and new.invoices is not None:
        groups.append((Kind.LINE_MAPPING, "line-mappings", old.invoices.lines, new.invoices.lines))
    for kind, key, before, after in groups:
        mine, yours = ({each.id: each for each in some} for some in (before, after))
        for name in dict.fromkeys([*mine, *yours]):
            yield from _mapping(kind, key, (mine.get(name), yours.get(name)), old, new)
        ranks = [[name for name in some if name in mine and name in yours] for some in (mine, yours)]
        if ranks[0] != ranks[1]:
            said = (", ".join(ranks[0]), ", ".join(ranks[1]))
            places = (_place(old.places, f"custom-{key}"), _place(new.places, f"custom-{key}"))
            yield from _one(new.name, Kind.ORDER, f"of {key}", said, places)


def _mapping(
    kind: Kind, key: str, pair: tuple[FieldMapping | None, FieldMapping | None], old: Sync, new: Sync
) -> Iterator[RuleChange]:
    one, other = pair
    directions = set(old.direction.targets), set(new.direction.targets)
    if one is None or other is None:
        there = one or other
        assert there is not None
        # It has a part in only one of the two syncs because only one of them goes its way.
        if not there.custom and not there.writes & directions[1 if one else 0]:
            return
        off = new.places.get(f"{key}.{there.id}") if one else old.places.get(f"{key}.{there.id}")
        places = (one.span if one else off, other.span if other else off)
        yield from _one(new.name, kind, there.id, (_pairing(one), _pairing(other)), places)
        return
    both = directions[0] & directions[1]
    if _meaning(one, both) != _meaning(other, both):
        change = RuleChange(new.name, kind, one.id, _pairing(one), _pairing(other), one.span, other.span)
        yield change


def _meaning(mapping: FieldMapping, targets: set[App]) -> tuple[Any, ...]:
    """All that decides what the mapping does, in the directions that both syncs go."""
    sides = [(each.name, each.kind) for each in (mapping.hubspot, mapping.xero)]
    steps = [(step.name, step.spec) for step in mapping.steps]
    return sides, steps, mapping.fallback, mapping.writes & targets, mapping.owned


def _pairing(mapping: FieldMapping | None) -> str | None:
    """A mapping on one line: `abn ⇄ TaxNumber, transform: trim, upper`."""
    if mapping is None:
        return None
    arrow = {frozenset(App): "⇄", frozenset({App.XERO}): "→", frozenset({App.HUBSPOT}): "←"}.get(mapping.writes, "=")
    parts = [f"{mapping.hubspot.name} {arrow} {mapping.xero.name}"]
    declared = next((each.kind for each in (mapping.hubspot, mapping.xero) if each.custom), ValueType.TEXT)
    if declared is not ValueType.TEXT:
        parts.append(f"type: {declared.value}")
    if mapping.steps:
        parts.append(f"transform: {', '.join(map(_step, mapping.steps))}")
    if mapping.fallback:
        parts.append(f"when empty: {', '.join(mapping.fallback)}")
    if mapping.owned:
        parts.append("owner: origin")
    return ", ".join(parts)


def _step(step: Step) -> str:
    return step.name if step.spec is None else f"{step.name} {_json(step.spec)}"


# --- small ones ---------------------------------------------------------------------------------------------------------------


def _one(
    sync: str, kind: Kind, name: str, said: tuple[str | None, str | None], places: tuple[Span | None, Span | None]
) -> Iterable[RuleChange]:
    """The change of one rule, if it says something else now."""
    return () if said[0] == said[1] else (RuleChange(sync, kind, name, *said, *places),)


def _place(places: Mapping[str, Span], key: str) -> Span | None:
    return places.get(key) or places.get(key.partition(".")[0])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _json(value: Json | Mapping[str, str]) -> str:
    """As YAML writes it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_json(each)}" for name, each in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, step in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % step == 0:
            return f"{seconds // step}{unit}"
    return f"{seconds}s"
