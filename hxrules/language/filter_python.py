"""Checked tree → Python source, so that nothing walks a tree while records are filtered.

A filter becomes a small module: `matches` for one record, `select` with the loop inside for many, and a function for each condition on
associated records. Literals stand in the module as names (`v1`, listed on top); what depends on the moment is the moment's
(`moment.begin_of_today`), computed once. `trace` writes a second module whose `decide` also tells which leaf settled the verdict.

A value that is not exactly of its field's type counts as missing; nothing is converted. `x != a` and `x not in […]` are true of a
missing `x`, every other comparison but `is unknown` is false of it (design §0.5). Parts are asked from left to right and no further than
the verdict needs; the leaf asked last is the one that decided.

See also: `filter_types` (the tree), `filters` (who compiles and calls this), `filter_times` (the bounds).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from hxrules.catalogue import Field
from hxrules.language.filter_syntax import Test
from hxrules.language.filter_times import Bound, Edge, Time
from hxrules.language.filter_types import Associated, Checked, Junction, Leaf, Negated
from hxrules.language.filter_values import Operand_
from hxrules.values import ValueType


class Module(NamedTuple):
    """Source text, and the values of the names that it uses without defining them."""

    source: str
    names: dict[str, object]
    leaves: tuple[Leaf | Associated, ...]
    """In the order in which `decide` numbers them, from 1."""


def module(tree: Checked, text: str) -> Module:
    """`matches(record, related, moment) -> bool` and `select(records, related, moment) -> list[bool]`."""
    writer = _Writer()
    condition, bounds = writer.top(tree)
    single = [
        "def matches(record, related, moment):",
        "    try:",
        *_indented([*bounds, *_fields_of(condition)], 2),
        f"        return {condition}",
        *writer.otherwise("matches(record, related, moment)"),
    ]
    batch = [
        "def select(records, related, moment):",
        *(["    moment.prepare(bounds)"] if writer.bounds else []),
        *_indented(bounds, 1),
        "    included = []",
        "    append = included.append",
        "    try:",
        "        for record in records:",
        *_indented(_fields_of(condition), 3),
        f"            append({condition})",
        "    except KeyError:  # says which record",
        "        return [matches(record, related, moment) for record in records]",
        "    return included",
    ]
    return writer.module(text, single, batch)


def trace(tree: Checked, text: str) -> Module:
    """`decide(record, related, moment) -> (included, number of the leaf that was asked last)`.

    And `tallies`: number of a leaf on associated records -> `tally(record, related, moment) -> (matching, all)`.
    """
    writer = _Writer(traced=True)
    condition, bounds = writer.top(tree)
    tallies = ", ".join(f"{number}: {name}" for number, name in writer.tallies.items())
    decide = [
        "def decide(record, related, moment):",
        "    try:",
        *_indented([*bounds, *_fields_of(condition)], 2),
        f"        included = {condition}",
        "        return included, leaf",
        *writer.otherwise("decide(record, related, moment)"),
    ]
    return writer.module(text, [f"tallies = {{{tallies}}}"], decide)


_TYPES = {
    **dict.fromkeys((ValueType.TEXT, ValueType.EMAIL, ValueType.CHOICE, ValueType.ID), "str"),
    **dict.fromkeys((ValueType.NUMBER, ValueType.MONEY), "Decimal"),
    ValueType.DAY: "date",
    ValueType.INSTANT: "datetime",
    ValueType.BOOL: "bool",
}
_LINE = 80
"""A longer condition is written with one part a line."""
_CASED = frozenset({ValueType.TEXT, ValueType.ID})
"""Types whose values keep the case they came in; e-mail addresses and choices are lower case already (`values.canonical`)."""


class _Writer:
    def __init__(self, traced: bool = False) -> None:
        self.traced = traced
        self.constants: dict[str, object] = {}
        self.shown: dict[str, str] = {}
        """How a constant is shown → its name."""
        self.bounds: dict[str, Bound] = {}
        self.used: dict[str, None] = {}
        """Names of the bounds in the condition that is being written."""
        self.functions: list[list[str]] = []
        self.leaves: list[Leaf | Associated] = []
        self.tallies: dict[int, str] = {}

    # --- the frame ---

    def module(self, text: str, *functions: list[str]) -> Module:
        top = [f"# {printable(line)}" for line in text.splitlines()]
        top += [f"#   {name} = {shown}" for shown, name in self.shown.items()]
        names = {
            **self.constants,
            "Decimal": Decimal,
            "date": date,
            "datetime": datetime,
            "bounds": tuple(self.bounds.values()),
        }
        source = "\n\n\n".join(["\n".join(block) for block in (top, *self.functions, *functions)]) + "\n"
        return Module(source, names, tuple(self.leaves))

    def top(self, tree: Checked) -> tuple[str, list[str]]:
        """The whole condition, and the lines that bring the bounds in it."""
        return self.condition(tree), self._bounds()

    def _bounds(self) -> list[str]:
        return [f"{name} = moment.{name}" for name in self.used]

    def otherwise(self, again: str) -> list[str]:
        """What follows a `try`: a moment that doesn't know the bounds yet, and something that was not read."""
        unknown = [
            "    except AttributeError:",
            "        if moment.prepare(bounds):",
            f"            return {again}",
            "        raise",
        ]
        return [
            *(unknown if self.bounds else []),
            "    except KeyError:",
            "        raise not_fetched(record, related) from None",
        ]

    # --- conditions ---

    def condition(self, node: Checked, top: bool = True) -> str:
        """A Python expression that is `True` or `False`."""
        if isinstance(node, Junction):
            parts = [self.condition(part, top) for part in node.parts]
            gap = " " if sum(map(len, parts)) < _LINE else "\n" + " " * 12
            return "(" + f"{gap}{node.word} ".join(parts) + ")"
        if isinstance(node, Negated):
            return f"(not {self.condition(node.part, top)})"
        code = self._leaf(node) if isinstance(node, Leaf) else self._associated(node)
        if not (self.traced and top):
            return code
        self.leaves.append(node)
        number = len(self.leaves)
        if isinstance(node, Associated):
            self.tallies[number] = self._loop("tally", node)
        return f"((leaf := {number}) and {code})"

    def _associated(self, node: Associated) -> str:
        return f"{self._loop(node.quantifier, node)}(record, related, moment)"

    def _loop(self, quantifier: str, node: Associated) -> str:
        """Writes the function that asks the associated records; returns its name."""
        outer, self.used = self.used, {}
        condition = self.condition(node.part, top=False)
        bounds, self.used = self._bounds(), outer
        if quantifier == "all":
            condition = f"not {condition}"
        ids = f"owner.associations[{node.word!r}]"
        start, found, end = [], f"return {quantifier == 'any'}", f"return {quantifier != 'any'}"
        if quantifier in ("count", "tally"):
            start, found = ["n = 0"], "n += 1"
            end = f"return n {_PYTHON[node.test]} {node.number}" if quantifier == "count" else f"return n, len({ids})"
        name = f"{quantifier}_{re.sub('[^a-z0-9]', '_', node.word)}_{len(self.functions) + 1}"
        self.functions.append(
            [
                f"def {name}(owner, related, moment):",
                *_indented(bounds, 1),
                *_indented(start, 1),
                f"    others = related[{node.word!r}]",
                f"    for id in {ids}:",
                "        record = others[id]",
                *_indented(_fields_of(condition), 2),
                f"        if {condition}:",
                f"            {found}",
                f"    {end}",
            ]
        )
        return name

    def _leaf(self, leaf: Leaf) -> str:
        field, test = leaf.field, leaf.test
        value = f"f[{field.name!r}]"
        kind = _TYPES[field.kind]
        if test is Test.KNOWN or test is Test.UNKNOWN:
            return f"(type({value}) is {'not ' * (test is Test.UNKNOWN)}{kind})"
        if field.kind.temporal and any(isinstance(each, Time) for each in leaf.values):
            return self._times(field, test, leaf.values, value, kind)
        return self._plain(field, test, leaf.values, value, kind)

    def _plain(self, field: Field, test: Test, values: tuple[Operand_, ...], value: str, kind: str) -> str:
        """A comparison with constants. Equality needs no look at the type where no value of another type can be equal."""
        typed = f"type(v := {value}) is {kind} and"
        folded = "v.casefold()" if field.kind in _CASED else "v"
        wanted = self._constant(values[0]) if len(values) == 1 or test is Test.BETWEEN else self._set(values)
        if test in (Test.EQUAL, Test.UNEQUAL, Test.IN, Test.NOT_IN):
            negative = test in (Test.UNEQUAL, Test.NOT_IN)
            if field.kind is ValueType.BOOL:
                either = " or ".join([f"{value} is {each}" for each in dict.fromkeys(values)])
                return f"(not ({either}))" if negative else f"({either})"
            compare = ("!=" if negative else "==") if len(values) == 1 else ("not in" if negative else "in")
            if field.kind in _CASED or field.kind.numeric:
                typed = f"type(v := {value}) is not {kind} or" if negative else typed
                return f"({typed} {folded} {compare} {wanted})"
            return f"({value} {compare} {wanted})"
        if test is Test.BETWEEN:
            return f"({typed} {wanted} <= v <= {self._constant(values[1])})"
        if test is Test.CONTAINS:
            return f"({typed} {wanted} in {folded})"
        if test is Test.STARTS or test is Test.ENDS:
            return f"({typed} {folded}.{'startswith' if test is Test.STARTS else 'endswith'}({wanted}))"
        return f"({typed} v {_PYTHON[test]} {wanted})"

    # --- times ---

    def _times(self, field: Field, test: Test, values: tuple[Operand_, ...], value: str, kind: str) -> str:
        """A comparison with times that depend on the moment: by days where either side is a day."""
        typed = f"type(v := {value}) is {kind} and"
        compare = self._with_day if field.kind is ValueType.DAY else self._with_instant
        if test is Test.BETWEEN:
            return f"({typed} {compare(Test.AT_LEAST, values[0])} and {compare(Test.AT_MOST, values[1])})"
        if test is Test.UNEQUAL:
            return f"(not ({typed} {compare(Test.EQUAL, values[0])}))"
        if test is Test.IN or test is Test.NOT_IN:
            either = " or ".join([compare(Test.EQUAL, each) for each in values])
            return f"({'not ' * (test is Test.NOT_IN)}({typed} ({either})))"
        return f"({typed} {compare(test, values[0])})"

    def _with_day(self, test: Test, value: Operand_) -> str:
        """A field that is a day: an instant stands for its day."""
        if not isinstance(value, Time):
            return f"v {_PYTHON[test]} {self._constant(value)}"
        return f"v {_PYTHON[test]} {self._bound(Edge.ITSELF if value.is_day else Edge.DAY, value)}"

    def _with_instant(self, test: Test, value: Operand_) -> str:
        """A field that is an instant: a day stands for all the time from its begin to the next day's."""
        if not isinstance(value, Time):
            return f"v {_PYTHON[test]} {self._constant(value)}"
        if not value.is_day:
            return f"v {_PYTHON[test]} {self._bound(Edge.ITSELF, value)}"
        if test is Test.EQUAL:
            return f"{self._bound(Edge.BEGIN, value)} <= v < {self._bound(Edge.AFTER, value)}"
        edge = Edge.AFTER if test in (Test.MORE, Test.AT_MOST) else Edge.BEGIN
        return f"v {'>=' if test in (Test.MORE, Test.AT_LEAST) else '<'} {self._bound(edge, value)}"

    def _bound(self, edge: Edge, time: Time) -> str:
        bound = Bound(edge, time)
        name = bound.name
        self.bounds[name] = bound
        self.used[name] = None
        return name

    # --- names ---

    def _constant(self, value: object) -> str:
        return self._named(value, _shown(value))

    def _set(self, values: tuple[Operand_, ...]) -> str:
        return self._named(frozenset(values), "{" + ", ".join(_shown(each) for each in dict.fromkeys(values)) + "}")

    def _named(self, value: object, shown: str) -> str:
        name = self.shown.setdefault(shown, f"v{len(self.shown) + 1}")
        self.constants[name] = value
        return name


_PYTHON = {
    Test.EQUAL: "==",
    Test.UNEQUAL: "!=",
    Test.LESS: "<",
    Test.AT_MOST: "<=",
    Test.MORE: ">",
    Test.AT_LEAST: ">=",
}


def _fields_of(condition: str) -> list[str]:
    return ["f = record.fields"] if "f[" in condition else []


def _indented(lines: list[str], depth: int) -> list[str]:
    return ["    " * depth + line for line in lines]


def printable(line: str) -> str:
    """A line as it can stand in a comment of source text."""
    return "".join(character if character.isprintable() else "?" for character in line)


def _shown(value: object) -> str:
    """A constant as a person reads it."""
    if isinstance(value, str):
        return ascii(value) if not value.isprintable() else repr(value)
    return str(value)
