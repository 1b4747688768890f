"""What may come next in a filter: the parser is asked which words the grammar takes, the catalogue which fields and values fit there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput

from hxrules.catalogue import Catalogue, Field, TypeInfo, Writable
from hxrules.language import filter_syntax
from hxrules.language.filter_scanner import Scanner
from hxrules.language.filter_syntax import Test
from hxrules.language.filter_types import ORDERING, SEARCHING
from hxrules.values import ValueType

_VALUES = frozenset({"WORD", "NAMED_TIME"})
_QUANTIFIERS = {
    "any": "at least one {word} for which the condition holds",
    "all": "every {word}; true where there is none",
    "no": "not one {word} for which the condition holds",
    "count": "how many; compare with a number",
}
_QUANTIFIED = re.compile(r"\b(any|all|no|count)\s+\Z", re.IGNORECASE)
_TIMES = {
    "today": "the day of the run, in the time zone of the Xero organisation",
    "now": "the moment of the run",
    "sync_started": "when this sync was applied for the first time (R17)",
    "end_of_day(sync_started)": "the end of that day, in the time zone of the Xero organisation",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that may be written."""

    label: str
    about: str
    kind: str = "word"
    """`field`, `value`, `association` or `word`."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the grammar takes at a place, and of what."""

    scope: TypeInfo
    """The record that is spoken of: inside `any invoice (…)`, the invoice."""
    accepts: frozenset[str]
    field: Field | None
    """The field whose comparison or value comes next."""

    @property
    def is_value(self) -> bool:
        return bool(self.accepts & _VALUES)


def place(before: str, scope: TypeInfo, catalogue: Catalogue) -> Place | None:
    """The place behind `before`, a filter's beginning on records of the type `scope`; `None` where that can't be read."""
    parser = _parser().parse_interactive(before)
    try:
        parser.exhaust_lexer()
    except UnexpectedInput:
        return None
    stack: list[Any] = parser.parser_state.value_stack
    field: Field | None = None
    for number, token in enumerate(stack):
        kind = getattr(token, "type", None)
        if kind == "FIELD":
            field = scope.find(str(token))
        elif kind == "LPAR" and number > 1 and getattr(stack[number - 2], "type", None) in ("QUANTIFIER", "COUNT"):
            inner = _associated(str(stack[number - 1]), scope, catalogue)
            if inner is None:
                return None
            scope, field = inner, None
    return Place(scope, frozenset(parser.accepts()), field)  # type: ignore[no-untyped-call]


def suggestions(before: str, scope: TypeInfo, catalogue: Catalogue) -> list[Suggestion]:
    """What may follow `before`, which ends where a word begins."""
    quantified = _QUANTIFIED.search(before)
    if quantified:
        outside = place(before[: quantified.start()], scope, catalogue)
        if outside is not None and "FIELD" in outside.accepts:
            return [_association(word, "") for word in outside.scope.associations]
    here = place(before, scope, catalogue)
    return [] if here is None else list(_following(here))


def _following(here: Place) -> Iterator[Suggestion]:
    accepts, field = here.accepts, here.field
    if "FIELD" in accepts:
        yield from (Suggestion(each.friendly, described(each), "field") for each in here.scope.fields.values())
        for word in here.scope.associations:
            yield from (_association(word, quantifier) for quantifier in _QUANTIFIERS)
        yield Suggestion("not", "the opposite of the condition in the brackets")
    if "COMPARE" in accepts and field is not None:
        yield from (Suggestion(test.value, "", "word") for test in Test if _fits(test, field))
    if here.is_value and field is not None:
        yield from _values(field, times_only="WORD" not in accepts)
    yield from (Suggestion(word.lower(), "") for word in ("AND", "OR") if word in accepts and "WORD" not in accepts)


def _association(word: str, quantifier: str) -> Suggestion:
    about = _QUANTIFIERS.get(quantifier, "associated records of a {word}").format(word=word)
    return Suggestion(f"{quantifier} {word} (".lstrip(), about, "association")


def _fits(test: Test, field: Field) -> bool:
    kind = field.kind
    if test in ORDERING:
        return kind.numeric or kind.temporal
    if test in SEARCHING:
        return kind.textual and kind is not ValueType.CHOICE
    return not kind.composite


def _values(field: Field, *, times_only: bool) -> Iterator[Suggestion]:
    if field.kind.temporal:
        yield from (
            Suggestion(word, about, "value") for word, about in _TIMES.items() if not (times_only and "(" in word)
        )
    elif field.kind is ValueType.BOOL:
        yield from (Suggestion(word, "", "value") for word in ("true", "false"))
    for choice in field.choices:
        wire = field.wire_choices.get(choice, choice)
        yield Suggestion(choice, f"{field.app.brand}'s {wire}" if wire != choice else "", "value")


def described(field: Field) -> str:
    """What a field is, on one line."""
    size = f", at most {field.length} characters" if field.length else ""
    read_only = ", read-only" if field.writable is Writable.NEVER else ""
    empty = "" if field.nullable else ", never empty"
    return f"{field.kind.value}{size}{read_only}{empty}; {field.app.brand}'s {field.name}"


def _associated(word: str, scope: TypeInfo, catalogue: Catalogue) -> TypeInfo | None:
    found = scope.associations.get(word.lower().replace("_", "-"))
    return None if found is None else catalogue.types.get((scope.app, found.type))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    """The grammar without the tree builder: what counts is where the parser stands, not what it made."""
    grammar = resources.files(filter_syntax.__package__ or "").joinpath("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=Scanner, maybe_placeholders=False)
