"""A filter → records on which its comparisons come out true, and false: what a case must hold to exercise it.

For every comparison there are few values worth trying: the one that it names and one beside it, something and nothing. Their
combinations are the witnesses, nearest to the plain record first. Which of them tell something new is asked of the filter itself
(`coverage`), so nothing here has to know how conditions are joined. See also: `beginnings` (who writes cases of them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import combinations, islice, product
from typing import Any, Final

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.filter_syntax import Test, parse
from hxrules.language.filter_times import Moment
from hxrules.language.filter_types import ORDERING, Associated, Checked, Junction, Leaf, Negated, check
from hxrules.language.filter_values import Operand_
from hxrules.language.filters import Filter, Needs
from hxrules.values import Value, ValueType

MOST: Final = 500
"""Witnesses of one filter that are tried."""
_FEW: Final = 60
"""Associated records of one kind."""
_DAY: Final = timedelta(days=1)
_Choice = tuple[()] | tuple[Value]
_SAMPLES: Final[Mapping[ValueType, Value]] = {
    ValueType.EMAIL: "ana@example.com",
    ValueType.TEXT: "something",
    ValueType.NUMBER: Decimal(1),
    ValueType.MONEY: Decimal(1),
    ValueType.BOOL: True,
    ValueType.ID: "1",
}


@dataclass(frozen=True, slots=True)
class Witness:
    """What a record must hold beside what it usually does; `None` where it must hold nothing."""

    values: Mapping[str, Value] = field(default_factory=dict)
    """By the name that people use."""
    associated: Mapping[str, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    """By a filter's word: the records that it is associated with."""


def witnesses(limit: Filter, info: TypeInfo, catalogue: Catalogue, moment: Moment) -> Iterator[Witness]:
    """The plain record first, then what the filter's comparisons suggest; at most `MOST`. Fields that only other records make
    (references, lines) are left alone."""
    tree = parse(limit.text).tree
    assert tree is not None
    checked, _, _ = check(tree, limit.text, info, catalogue, _own_fields(limit.needs).get)
    assert checked is not None
    reader = _Reader(moment)
    reader.read(checked)
    groups = [[None, *reader.groups(word)] for word in reader.associated]
    for chosen in islice(_nearest([*groups, *reader.choices()]), MOST):
        others, values = chosen[: len(groups)], chosen[len(groups) :]
        named = zip(reader.associated, others, strict=True)
        yield Witness(reader.said(values), {word: each for word, each in named if each is not None})


def _nearest(choices: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """One of each, in the order in which they are worth trying; the first of each is to say nothing.

    Nothing said, one thing, two; then all things at once, as an `and` of many wants it, and that with one thing otherwise; then more.
    """
    plain = tuple(each[0] for each in choices)
    full = tuple(each[1] if len(each) > 1 else each[0] for each in choices)
    yield from _changed(plain, choices, range(3))
    yield from _changed(full, choices, range(2))
    yield from _changed(plain, choices, range(3, len(choices) + 1))


def _changed(
    start: tuple[Any, ...], choices: Sequence[Sequence[Any]], times: Iterable[int]
) -> Iterator[tuple[Any, ...]]:
    """`start` with so many of its parts otherwise."""
    for number in times:
        for places in combinations(range(len(choices)), number):
            for others in product(*([each for each in choices[place] if each != start[place]] for place in places)):
                changed = dict(zip(places, others, strict=True))
                yield tuple(changed.get(place, each) for place, each in enumerate(start))


def _own_fields(needs: Needs) -> dict[str, Field]:
    """The account's own properties that the filter asks for."""
    found = {each.name: each for each in needs.fields if each.custom}
    for deeper in needs.associations.values():
        found |= _own_fields(deeper)
    return found


class _Reader:
    """Collects what the comparisons of a filter suggest, by field; for associated records by their word."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.values: dict[str, list[Value]] = {}
        self.associated: dict[str, _Reader] = {}

    def read(self, node: Checked) -> None:
        if isinstance(node, Junction):
            for part in node.parts:
                self.read(part)
        elif isinstance(node, Negated):
            self.read(node.part)
        elif isinstance(node, Associated):
            self.associated.setdefault(node.word, _Reader(self._moment)).read(node.part)
        elif not node.field.kind.composite:
            known = self.values.setdefault(node.field.friendly, [])
            known += [each for each in self._suggested(node) if each not in known]

    def choices(self) -> list[list[_Choice]]:
        """For each field: nothing said, or one of the values."""
        return [[(), *((each,) for each in values)] for values in self.values.values()]

    def said(self, chosen: Sequence[_Choice]) -> dict[str, Value]:
        return {name: each[0] for name, each in zip(self.values, chosen, strict=True) if each}

    def groups(self, word: str) -> list[tuple[Mapping[str, Value], ...]]:
        """Associated records to try: none, one of each combination, and the first of them together."""
        inner = self.associated[word]
        singles = [inner.said(chosen) for chosen in islice(_nearest(inner.choices()), _FEW)]
        return [(), *((each,) for each in singles), tuple(singles[:6])]

    def _suggested(self, leaf: Leaf) -> list[Value]:
        kind = leaf.field.kind
        named = [self._value(each, kind) for each in leaf.values]
        if kind.temporal:
            return [each for value in named for each in _beside(value, kind)] or [self._now(kind), None]
        if kind.numeric and leaf.test in ORDERING:
            return [value + step for value in named if isinstance(value, Decimal) for step in (0, 1, -1)]
        if leaf.test in (Test.KNOWN, Test.UNKNOWN):
            return [self._sample(leaf.field), None]
        return [*named, *self._others(leaf.field, named)]

    def _value(self, value: Operand_, kind: ValueType) -> Value:
        if isinstance(value, str | Decimal | bool | date):
            return value
        return value.at(self._moment)

    def _now(self, kind: ValueType) -> Value:
        now = self._moment.now - _DAY
        return now.date() if kind is ValueType.DAY else now

    def _sample(self, field: Field) -> Value:
        return field.choices[0] if field.choices else _SAMPLES.get(field.kind)

    def _others(self, field: Field, named: Sequence[Value]) -> Sequence[Value]:
        """Values of the field that the comparison doesn't name. Of choices several, as one may end a record's life."""
        if field.kind is ValueType.BOOL:
            return [not named[0]]
        if field.choices:
            return [each for each in field.choices if each not in named][:3]
        if field.kind.numeric:
            return [max((each for each in named if isinstance(each, Decimal)), default=Decimal(0)) + 1]
        return [next(each for each in ("other", "another", "a third") if each not in named[:2])]


def _beside(value: Value, kind: ValueType) -> list[Value]:
    """A time, and others that are surely before and behind it; a day as noon of that day, where an instant is wanted."""
    if kind is ValueType.DAY and isinstance(value, datetime):
        value = value.date()
    elif kind is ValueType.INSTANT and isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(12), UTC)
    return [value + step for step in (2 * _DAY, -2 * _DAY, timedelta())] if isinstance(value, date) else []
