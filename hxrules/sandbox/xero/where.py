"""Reads Xero's `where` and `order` and turns them into predicates and sort keys over a table.

What: `compile_where` gives a `Filter`: whether a record holds, the index lookups that together find every match (so
that a chain of ORs on an e-mail address stays quick), and whether Xero would call it optimised.
Invariants: texts compare without case, on the optimised fields also without accents; a comparison with null other than
`==` and `!=` is false; a method on a null field fails the whole call, as the real service does (facts/xero.md 5.4).
See also: `where.lark` (the grammar), `lists` (applies both).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.envelope import Record, Refusal
from hxrules.sandbox.xero.table import Table, folded, guid_order


class QueryError(Refusal):
    """A `where` or `order` that cannot be read, does not fit the resource, or fails on a record: 400, error 16."""

    def __init__(self, message: str) -> None:
        super().__init__(errors.query_invalid(message))


@dataclass(frozen=True)
class Filter:
    """A compiled `where`. `lookups` is None where only a look at every record can tell."""

    holds: Callable[[Record], bool]
    lookups: tuple[tuple[str, Any], ...] | None = None
    optimised: bool = False
    chained: frozenset[str] = frozenset()
    """The fields of a plain chain of equalities, on some of which an OR is optimised."""


@dataclass(frozen=True)
class _Operand:
    """The left side: a field, and whether it was wrapped in `ToLower()` or `ToUpper()`."""

    name: str
    wrapped: bool


_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_METHODS: Final[dict[str, tuple[str, Callable[[str, str], bool]]]] = {
    ".contains": ("Contains", lambda text, part: part in text),
    ".startswith": ("StartsWith", lambda text, part: text.startswith(part)),
    ".endswith": ("EndsWith", lambda text, part: text.endswith(part)),
}
_KIND_NAMES: Final = {"text": "String", "guid": "Guid", "bool": "Boolean", "number": "Decimal", "time": "DateTime"}


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("where.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", maybe_placeholders=False)


def compile_where(text: str, table: Table, hidden: frozenset[str] = frozenset()) -> Filter:
    """The filter of a `where` expression; `hidden` are fields that the asked view does not have.

    Raises `QueryError`.
    """
    try:
        compiled: Filter = _Compiler(table, hidden).transform(_grammar().parse(text))
    except UnexpectedInput as error:
        raise QueryError(f"Syntax error (at index {error.pos_in_stream})") from None
    except VisitError as error:
        raise error.orig_exc from None
    return compiled


def compile_order(text: str, table: Table) -> tuple[list[tuple[Callable[[Record], Any], bool]], bool]:
    """The sort keys of an `order`, first the most significant, each with whether it runs down; and if it is optimised.

    Raises `QueryError`.
    """
    keys, optimised = [], True
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise QueryError(f"Syntax error in order '{text}'")
        field = _known(words[0], table, frozenset())
        optimised = optimised and field in table.resource.orders
        keys.append((_sorter(field, table), words[-1].lower() == "desc"))
    return keys, optimised


def _sorter(field: str, table: Table) -> Callable[[Record], Any]:
    read, kind = table.reader(field), table.resource.fields[field]

    def key(record: Record) -> tuple[bool, Any]:
        value = read(record)
        if value is None:
            return (False, "")
        return (True, guid_order(value) if kind == "guid" else folded(value))

    return key


def _known(name: str, table: Table, hidden: frozenset[str]) -> str:
    field = table.resource.field(name)
    if field is None or field in hidden:
        raise QueryError(f"No property or field '{name}' exists in type '{table.resource.entity}'")
    return field


class _Compiler(Transformer[Token, Filter]):
    """Builds the filter from the leaves up; each method is named after its rule."""

    def __init__(self, table: Table, hidden: frozenset[str]) -> None:
        super().__init__()
        self._table = table
        self._resource = table.resource
        self._hidden = hidden

    def start(self, parts: list[Filter]) -> Filter:
        return parts[0]

    def either(self, parts: list[Filter]) -> Filter:
        if len(parts) == 1:
            return parts[0]
        lookups = None
        if all(part.lookups is not None for part in parts):
            lookups = tuple(dict.fromkeys(lookup for part in parts for lookup in part.lookups or ()))
        chained = frozenset().union(*(part.chained or {""} for part in parts))
        optimised = len(chained) == 1 and chained <= self._resource.either
        holds = [part.holds for part in parts]
        return Filter(lambda record: any(each(record) for each in holds), lookups, optimised, chained)

    def every(self, parts: list[Filter]) -> Filter:
        if len(parts) == 1:
            return parts[0]
        lookups = min((part.lookups for part in parts if part.lookups is not None), key=len, default=None)
        holds = [part.holds for part in parts]
        optimised = any(part.optimised for part in parts)
        return Filter(lambda record: all(each(record) for each in holds), lookups, optimised)

    def comparison(self, parts: list[Any]) -> Filter:
        operand, symbol, literal = self._operand(parts), str(parts[-2]), parts[-1]
        field, kind = operand.name, self._resource.fields[operand.name]
        compare, equality = _COMPARE[symbol], symbol in ("==", "=")
        read = self._table.reader(field)
        if literal is None:
            if symbol not in ("==", "=", "!="):
                raise QueryError(f"Operator '{symbol}' cannot be applied to null")
            return Filter(lambda record: compare(read(record) is None, True))
        if _kind_of(literal) != kind or (kind in ("bool", "guid") and symbol not in ("==", "=", "!=")):
            kinds = f"'{_KIND_NAMES[kind]}' and '{_KIND_NAMES[_kind_of(literal)]}'"
            raise QueryError(f"Operator '{symbol}' incompatible with operand types {kinds}")
        accents = field not in self._resource.equals
        wanted = _comparable(literal, accents)

        def holds(record: Record) -> bool:
            value = read(record)
            if value is None:
                return symbol == "!="
            return bool(compare(_comparable(value, accents), wanted))

        plain = not operand.wrapped
        looked_up = equality and plain and field in self._resource.indexed
        optimised = plain and (field in (self._resource.equals if equality else self._resource.ranges))
        return Filter(
            holds,
            ((field, str(literal) if kind == "guid" else literal),) if looked_up else None,
            optimised or (equality and field in self._resource.either),
            frozenset({field}) if equality and plain else frozenset(),
        )

    def method(self, parts: list[Any]) -> Filter:
        operand, part = self._operand(parts), _unquoted(parts[-1]).casefold()
        if self._resource.fields[operand.name] != "text":
            raise QueryError(f"No applicable method '{str(parts[-2])[1:]}' exists in type '{operand.name}'")
        name, found = _METHODS[str(parts[-2]).lower()]
        read = self._table.reader(operand.name)

        def holds(record: Record) -> bool:
            value = read(record)
            if value is None:
                raise QueryError(f"Where clause invocation error: {name}")
            return found(value.casefold(), part)

        return Filter(holds)

    def field(self, parts: list[Token]) -> str:
        return _known(str(parts[0]), self._table, self._hidden)

    def text(self, parts: list[Token]) -> str:
        return _unquoted(parts[0])

    def number(self, parts: list[Token]) -> Decimal:
        return Decimal(str(parts[0]))

    def true(self, _: list[Token]) -> bool:
        return True

    def false(self, _: list[Token]) -> bool:
        return False

    def null(self, _: list[Token]) -> None:
        return None

    def guid(self, parts: list[Token]) -> UUID:
        try:
            return UUID(_unquoted(parts[0]))
        except ValueError:
            raise QueryError("Guid should contain 32 digits with 4 dashes") from None

    def moment(self, parts: list[Token]) -> datetime:
        try:
            return datetime(*(int(str(part)) for part in parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except (ValueError, TypeError):
            raise QueryError("Year, Month, and Day parameters describe an un-representable DateTime") from None

    def parsed(self, parts: list[Token]) -> datetime:
        try:
            moment = datetime.fromisoformat(_unquoted(parts[0]))
        except ValueError:
            raise QueryError("String was not recognized as a valid DateTime") from None
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)

    def _operand(self, parts: list[Any]) -> _Operand:
        wrapped = len(parts) > 3
        if wrapped and self._resource.fields[parts[0]] != "text":
            raise QueryError(f"No applicable method '{str(parts[1])[1:]}' exists for '{parts[0]}'")
        return _Operand(parts[0], wrapped)


def _unquoted(token: Any) -> str:
    return str(token)[1:-1]


def _kind_of(literal: Any) -> str:
    if isinstance(literal, bool):
        return "bool"
    kinds = {str: "text", UUID: "guid", Decimal: "number", datetime: "time"}
    return kinds[type(literal)]


def _comparable(value: Any, accents: bool) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return value.casefold() if accents else folded(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value
