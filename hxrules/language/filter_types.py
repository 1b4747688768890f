"""Tree → checked tree: names become fields, values become constants, and every comparison fits its field's type.

All that is wrong with a filter is found in one run: unknown names (HX141, HX144, HX145), unknown choices (HX142), comparisons that
the types forbid (HX143), and what is allowed but hardly meant (HX150 to HX153).

See also: `filter_syntax` (text → tree), `filter_values` (the right side), `filter_python` (checked tree → code).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language import filter_syntax as syntax
from hxrules.language.filter_slips import Mistake, clipped
from hxrules.language.filter_syntax import Node, Test, Word
from hxrules.language.filter_values import KINDS, Operand_, ValueReader
from hxrules.problems import Severity, near
from hxrules.values import ValueType

ORDERING = (Test.LESS, Test.AT_MOST, Test.MORE, Test.AT_LEAST, Test.BETWEEN)
SEARCHING = (Test.CONTAINS, Test.STARTS, Test.ENDS)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a filter must be shown: fields of the record, and by association word what it needs of the records there."""

    fields: frozenset[Field] = frozenset()
    associations: Mapping[str, Needs] = field(default_factory=dict)


class Leaf(NamedTuple):
    """One comparison. `values` are of the field's type; texts are folded."""

    field: Field
    test: Test
    values: tuple[Operand_, ...]
    start: int
    end: int


class Associated(NamedTuple):
    """A condition on associated records; `test` and `number` belong to `count`."""

    quantifier: str
    word: str
    part: Checked
    test: Test
    number: int
    start: int
    end: int


class Junction(NamedTuple):
    word: str
    parts: tuple[Checked, ...]


class Negated(NamedTuple):
    part: Checked


Checked = Leaf | Associated | Junction | Negated


def check(
    tree: Node, text: str, info: TypeInfo, catalogue: Catalogue, extra: Callable[[str], Field | None]
) -> tuple[Checked | None, Needs, list[Mistake]]:
    """The checked tree, unless there are errors; what it needs; and every error and warning."""
    checker = _Checker(text, catalogue, extra)
    scope = _Scope(info)
    checked = checker.node(tree, scope, _Context())
    return checked, scope.needs, checker.mistakes


class _Scope:
    """The record type that conditions are about, and what has been asked of it so far."""

    def __init__(self, info: TypeInfo) -> None:
        self.info = info
        self.fields: dict[str, Field] = {}
        self.associations: dict[str, _Scope] = {}

    def associated(self, word: str, info: TypeInfo) -> _Scope:
        return self.associations.setdefault(word, _Scope(info))

    @property
    def needs(self) -> Needs:
        return Needs(frozenset(self.fields.values()), {word: scope.needs for word, scope in self.associations.items()})


class _Context(NamedTuple):
    """What surrounds a condition."""

    guarded: frozenset[str] = frozenset()
    """Own names of fields whose emptiness is dealt with beside it."""
    present: frozenset[str] = frozenset()
    """Associations of which there is surely one."""
    positive: bool = True
    """False below an odd number of `not`s."""


class _Checker:
    def __init__(self, text: str, catalogue: Catalogue, extra: Callable[[str], Field | None]) -> None:
        self.text = text
        self.catalogue = catalogue
        self.extra = extra
        self.mistakes: list[Mistake] = []
        self.reader = ValueReader(text, self.mistakes.append)
        self.warned: set[tuple[str, str]] = set()

    def node(self, node: Node, scope: _Scope, context: _Context) -> Checked | None:
        if isinstance(node, syntax.Comparison):
            return self._comparison(node, scope, context)
        if isinstance(node, syntax.Quantified):
            return self._associated(node, scope, context)
        if isinstance(node, syntax.Group):
            return self.node(node.part, scope, context)
        if isinstance(node, syntax.Negation):
            part = self.node(node.part, scope, context._replace(positive=not context.positive))
            return None if part is None else Negated(part)
        inner = _beside(node, scope.info, context)
        parts = [self.node(part, scope, inner) for part in node.parts]
        right = tuple([part for part in parts if part is not None])
        return Junction(node.word, right) if len(right) == len(parts) else None

    # --- one comparison ---

    def _comparison(self, node: syntax.Comparison, scope: _Scope, context: _Context) -> Leaf | None:
        found = self._field(node.field, scope.info)
        if found is None:
            return None
        scope.fields[found.name] = found
        if not self._may(node, found):
            return None
        values = [self.reader.read(node, found, operand) for operand in node.operands]
        right = tuple([value for value in values if value is not None])
        if len(right) != len(values):
            return None
        self._warn(node, found, right, scope.info, context)
        return Leaf(found, node.test, right, node.start, node.end)

    def _field(self, word: Word, scope: TypeInfo) -> Field | None:
        found = scope.find(word.text)
        if found is not None:
            return found
        names = _names(scope)
        custom = self.extra(word.text)
        if custom is not None and custom.type == scope.type:
            candidates = near(word.text, names)
            if candidates:
                self._say(
                    word,
                    "HX152",
                    f"`{word.text}` is taken for a property of your own account.",
                    f"A HubSpot {scope.title} has {' and '.join(candidates)}, which is near.",
                    f"Write {candidates[0]} if that is meant; else map `{word.text}` in this sync, so that it is known.",
                    candidates[0],
                )
            return custom
        across = self._across(word.text, scope)
        candidates = near(word.text, names)
        if word.text.lower() == "created" and scope.created is None:
            self._wrong(
                word,
                "HX145",
                f"{scope.app.brand} doesn't say when {_a(scope)} was created.",
                f"The API of {scope.app.brand} has no creation time for it.",
                "Write updated, which it has.",
                "updated",
            )
        elif across is not None:
            self._wrong(
                word,
                "HX145",
                f"`{word.text}` is a field of {scope.app.other.brand}'s {across.title}, not of {scope.app.brand}'s {scope.title}.",
                "A filter reads the record that would be copied.",
                f"Use a field of {scope.app.brand}'s {scope.title}: {_some(scope)}.",
            )
        else:
            self._wrong(
                word,
                "HX141",
                f"A {scope.app.brand} {scope.title} has no field `{clipped(word.text)}`.",
                "",
                self._instead(word.text, candidates, scope),
                candidates[0] if candidates else None,
            )
        return None

    def _instead(self, name: str, candidates: list[str], scope: TypeInfo) -> str:
        """What to write where no field has a name: a near one, or the same one of an associated record."""
        if candidates:
            return f"Write {' or '.join(candidates)}."
        for word, association in scope.associations.items():
            target = self.catalogue.types.get((scope.app, association.type))
            if target is not None and target.find(name) is not None:
                return f"{_a(target).capitalize()} has one: any {word} ({name} = …)."
        return f"Its fields are {_some(scope)}."

    def _across(self, name: str, scope: TypeInfo) -> TypeInfo | None:
        """The other app's record type that has a field of this name; that of the same title first."""
        others = [info for (app, _), info in self.catalogue.types.items() if app is scope.app.other and info.find(name)]
        return min(others, key=lambda info: info.title != scope.title, default=None)

    def _may(self, node: syntax.Comparison, found: Field) -> bool:
        """Whether the field's type knows the comparison."""
        kind, test = found.kind, node.test
        cause = "Only numbers, amounts and times have an order, and only text has parts."
        if kind.composite:
            cause = "It is no value of the record's own, but other records."
            remedy = f"Ask for those: any {found.reached[0]} (…)." if found.reached else "Ask for a field of its own."
        elif test in ORDERING and not (kind.numeric or kind.temporal):
            remedy = "Compare it with =, !=, in or not in."
        elif test in SEARCHING and (not kind.textual or kind is ValueType.CHOICE):
            remedy = "Only text is searched; compare this with = or in."
        else:
            return True
        self.mistakes.append(
            Mistake(
                "HX143",
                node.start,
                node.end,
                f"`{node.field.text}` is {KINDS[kind]}, which `{test.value}` can't compare.",
                cause=cause,
                remedy=remedy,
            )
        )
        return False

    # --- associated records ---

    def _associated(self, node: syntax.Quantified, scope: _Scope, context: _Context) -> Associated | None:
        target = self._target(node.association, scope.info)
        if target is None:
            return None
        word = _word(node.association)
        part = self.node(node.part, scope.associated(word, target), _Context())
        test, number = Test.AT_LEAST, 1
        if node.test is not None and node.number is not None:
            counted = self._count(node, node.test, node.number)
            if counted is None:
                part = None
            else:
                test, number = node.test, counted
        if node.quantifier == "all" and context.positive and word not in context.present:
            condition = self.text[node.start : node.end]
            self._say(
                Word("", node.start, node.end),
                "HX151",
                f"`all` is also true where there is no {node.association.text} at all.",
                "A condition on all of nothing holds.",
                f"Add any {node.association.text} (id is known) and …, unless that is meant.",
                f"any {node.association.text} (id is known) and {condition}",
            )
        if part is None:
            return None
        return Associated(node.quantifier, word, part, test, number, node.start, node.end)

    def _target(self, word: Word, scope: TypeInfo) -> TypeInfo | None:
        """The record type that the association leads to."""
        reachable = {
            each.word: self.catalogue.types[scope.app, each.type]
            for each in scope.associations.values()
            if (scope.app, each.type) in self.catalogue.types
        }
        target = reachable.get(_word(word))
        if target is None:
            candidates = near(word.text, reachable)
            self._wrong(
                word,
                "HX144",
                f"A {scope.app.brand} {scope.title} has no associated `{word.text}`.",
                "",
                f"Its associations are {', '.join(reachable)}."
                if reachable
                else "A filter can only ask for its own fields.",
                candidates[0] if candidates else None,
            )
        return target

    def _count(self, node: syntax.Quantified, test: Test, number: Word) -> int | None:
        value = Decimal(number.text)
        if value != value.to_integral_value():
            self._wrong(number, "HX143", "A count is a whole number.", "", "Write a whole number.")
            return None
        count = int(value)
        always = (test is Test.AT_LEAST and count <= 0) or (test in (Test.MORE, Test.UNEQUAL) and count < 0)
        never = (test in (Test.LESS,) and count <= 0) or (test in (Test.AT_MOST, Test.EQUAL) and count < 0)
        if always or never:
            self._pointless(node.start, node.end, "always" if always else "never", "A count is never less than 0.")
        return count

    # --- what is allowed but hardly meant ---

    def _warn(
        self, node: syntax.Comparison, found: Field, values: tuple[Operand_, ...], scope: TypeInfo, context: _Context
    ) -> None:
        name, test = node.field.text, node.test
        if test in ORDERING and found.nullable and found.name not in context.guarded:
            if (scope.type, found.name) not in self.warned:
                self.warned.add((scope.type, found.name))
                condition = self.text[node.start : node.end]
                self._say(
                    Word("", node.start, node.end),
                    "HX150",
                    f"`{name}` may be empty, and then this is false.",
                    "Nothing is less or more than an empty field.",
                    f"Add {name} is known and …, or {name} is unknown or …, to say what you want for empty ones.",
                    f"({name} is known and {condition})",
                )
        elif test in (Test.KNOWN, Test.UNKNOWN) and not found.nullable and found.kind is not ValueType.ID:
            always = "always" if test is Test.KNOWN else "never"
            self._pointless(node.start, node.end, always, f"`{name}` is never empty.")
        if test is Test.BETWEEN:
            low, high = values
            if type(low) is type(high) and not isinstance(low, tuple) and low > high:  # type: ignore[operator]
                self._pointless(node.start, node.end, "never", "The first value is the greater one.")
        elif "" in values:
            if test in SEARCHING:
                self._pointless(node.start, node.end, "always", "Every text holds an empty text.")
            elif test in (Test.EQUAL, Test.UNEQUAL):
                always = "always" if test is Test.UNEQUAL else "never"
                meant = f"{name} {(Test.KNOWN if test is Test.UNEQUAL else Test.UNKNOWN).value}"
                self._pointless(node.start, node.end, always, "An empty field has no value, not an empty text.", meant)
        elif found.kind.textual and test in (Test.EQUAL, Test.UNEQUAL) and not found.choices:
            operand = node.operands[0]
            if operand.form is syntax.Form.WORD and scope.find(operand.text) is not None:
                self._say(
                    Word("", operand.start, operand.end),
                    "HX153",
                    f"`{operand.text}` is taken as text, not as the field of that name.",
                    "The right side of a comparison is always a value.",
                    f'Write "{operand.text}" if the text is meant; two fields can\'t be compared.',
                    f'"{operand.text}"',
                )

    def _pointless(self, start: int, end: int, always: str, cause: str, suggestion: str | None = None) -> None:
        self._say(
            Word("", start, end),
            "HX153",
            f"This is {always} true.",
            cause,
            f"Write {suggestion}." if suggestion else "Leave it out, or write what you meant.",
            suggestion,
        )

    def _say(self, at: Word, code: str, summary: str, cause: str, remedy: str, suggestion: str | None = None) -> None:
        self.mistakes.append(Mistake(code, at.start, at.end, summary, cause, remedy, suggestion, Severity.WARNING))

    def _wrong(self, at: Word, code: str, summary: str, cause: str, remedy: str, suggestion: str | None = None) -> None:
        self.mistakes.append(Mistake(code, at.start, at.end, summary, cause, remedy, suggestion))


def _beside(node: syntax.Join, scope: TypeInfo, context: _Context) -> _Context:
    """What the parts of a join say for each other: `x is known and x > 5`, `x is unknown or x > 5`, `any y (…) and all y (…)`."""
    guard = Test.KNOWN if node.word == "and" else Test.UNKNOWN
    guarded: list[str] = []
    present: list[str] = []
    for part in _flat(node.word, node.parts):
        if isinstance(part, syntax.Comparison):
            if part.test is guard:
                guarded.append(_own(part.field, scope))
        elif isinstance(part, syntax.Quantified) and node.word == "and" and _implies_one(part):
            present.append(_word(part.association))
    if not guarded and not present:
        return context
    return _Context(context.guarded.union(guarded), context.present.union(present), context.positive)


def _flat(word: str, parts: tuple[Node, ...]) -> Iterator[Node]:
    """The parts of a join, and those of the same joins in brackets inside."""
    for part in parts:
        while isinstance(part, syntax.Group):
            part = part.part
        if isinstance(part, syntax.Join) and part.word == word:
            yield from _flat(word, part.parts)
        else:
            yield part


def _implies_one(node: syntax.Quantified) -> bool:
    if node.number is None:
        return node.quantifier == "any"
    least = Decimal(node.number.text) + (1 if node.test is Test.MORE else 0)
    return node.test in (Test.MORE, Test.AT_LEAST, Test.EQUAL) and least >= 1


def _word(association: Word) -> str:
    """The word of an association, in the catalogue's spelling."""
    return association.text.lower().replace("_", "-")


def _own(word: Word, scope: TypeInfo) -> str:
    """The field's own name; as it is written where the type doesn't know it."""
    found = scope.find(word.text)
    return word.text if found is None else found.name


def _names(scope: TypeInfo) -> list[str]:
    """All names by which the type's fields are known, friendly ones first."""
    return [*(each.friendly for each in scope.fields.values()), *scope.fields]


def _a(scope: TypeInfo) -> str:
    return f"an {scope.title}" if scope.title[0] in "aeiou" else f"a {scope.title}"


def _some(scope: TypeInfo) -> str:
    names = [each.friendly for each in scope.fields.values()]
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
