"""What filters mean, a second time: slowly, by closures over the parsed text, to compare the compiled form with.

It shares the parser with the package, and nothing behind it: names, literals, times and types are interpreted here anew.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language import filter_syntax as syntax
from hxrules.language.filter_syntax import Form, Node, Operand, Test
from hxrules.language.filters import Moment, NotFetched, Related
from hxrules.records import Record
from hxrules.values import ValueType

Asked = Callable[[Record, Related, Moment, list[tuple[int, int]]], bool]
"""Whether a record is included; each leaf that is asked is noted."""

_ORDER: dict[Test, Callable[[Any, Any], bool]] = {
    Test.EQUAL: operator.eq,
    Test.UNEQUAL: operator.ne,
    Test.LESS: operator.lt,
    Test.AT_MOST: operator.le,
    Test.MORE: operator.gt,
    Test.AT_LEAST: operator.ge,
}
_PYTHON: dict[ValueType, type] = {
    ValueType.NUMBER: Decimal,
    ValueType.MONEY: Decimal,
    ValueType.DAY: date,
    ValueType.INSTANT: datetime,
    ValueType.BOOL: bool,
}


def decide(
    text: str, info: TypeInfo, catalogue: Catalogue, record: Record, related: Related, moment: Moment
) -> tuple[bool, tuple[int, int]]:
    """The verdict, and the offsets of the leaf that was asked last. Raises `NotFetched`."""
    parsed = syntax.parse(text)
    assert parsed.tree is not None
    asked: list[tuple[int, int]] = []
    included = _node(parsed.tree, info, catalogue)(record, related, moment, asked)
    return included, asked[-1]


def _node(node: Node, info: TypeInfo, catalogue: Catalogue) -> Asked:
    if isinstance(node, syntax.Group):
        return _node(node.part, info, catalogue)
    if isinstance(node, syntax.Negation):
        part = _node(node.part, info, catalogue)
        return lambda *asked: not part(*asked)
    if isinstance(node, syntax.Join):
        parts = [_node(each, info, catalogue) for each in node.parts]
        settled = all if node.word == "and" else any
        return lambda *asked: settled(part(*asked) for part in parts)
    if isinstance(node, syntax.Quantified):
        return _quantified(node, info, catalogue)
    return _comparison(node, info)


def _quantified(node: syntax.Quantified, info: TypeInfo, catalogue: Catalogue) -> Asked:
    word = node.association.text.lower().replace("_", "-")
    part = _node(node.part, catalogue.type(info.app, info.associations[word].type), catalogue)

    def asked(record: Record, related: Related, moment: Moment, leaves: list[tuple[int, int]]) -> bool:
        leaves.append((node.start, node.end))
        if word not in record.associations or word not in related:
            raise NotFetched(record.ref, word)
        others = []
        for id in record.associations[word]:
            if id not in related[word]:
                raise NotFetched(record.ref, id)
            others.append(related[word][id])
            # `any` and `no` know enough after the first, `all` after the first that fails.
            if node.quantifier in ("any", "no", "all") and part(others[-1], related, moment, []) != (
                node.quantifier == "all"
            ):
                return node.quantifier == "any"
        if node.quantifier != "count":
            return node.quantifier != "any"
        count = sum(part(each, related, moment, []) for each in others)
        assert node.test is not None
        assert node.number is not None
        return _ORDER[node.test](count, Decimal(node.number.text))

    return asked


def _comparison(node: syntax.Comparison, info: TypeInfo) -> Asked:
    field = info.find(node.field.text) or info.custom_property(node.field.text)
    kind = _PYTHON.get(field.kind, str)

    def asked(record: Record, related: Related, moment: Moment, leaves: list[tuple[int, int]]) -> bool:
        leaves.append((node.start, node.end))
        if field.name not in record.fields:
            raise NotFetched(record.ref, field.name)
        value = record.fields[field.name]
        if type(value) is not kind:
            value = None
        if value is None:
            return node.test in (Test.UNKNOWN, Test.UNEQUAL, Test.NOT_IN)
        return _holds(node.test, field, value, node.operands, moment)

    return asked


def _holds(test: Test, field: Field, value: Any, operands: tuple[Operand, ...], moment: Moment) -> bool:
    """A comparison with a value that is there."""
    if test in (Test.KNOWN, Test.UNKNOWN):
        return test is Test.KNOWN
    if test in (Test.IN, Test.NOT_IN):
        return any(_holds(Test.EQUAL, field, value, (each,), moment) for each in operands) == (test is Test.IN)
    if test is Test.BETWEEN:
        low, high = operands
        return _holds(Test.AT_LEAST, field, value, (low,), moment) and _holds(
            Test.AT_MOST, field, value, (high,), moment
        )
    (operand,) = operands
    if field.kind.temporal:
        when = _time(operand, moment)
        # A day on either side: days are compared, in the organisation's zone.
        if not isinstance(when, datetime) or not isinstance(value, datetime):
            value, when = _day(value, moment), _day(when, moment)
        return _ORDER[test](value, when)
    if field.kind.numeric:
        return _ORDER[test](value, Decimal(operand.text))
    if field.kind is ValueType.BOOL:
        return _ORDER[test](value, operand.text == "true")
    wanted = normalize("NFC", re.sub(r"\r\n?", "\n", operand.text))
    if test in (Test.EQUAL, Test.UNEQUAL):
        wanted = wanted.strip()
    if field.kind is ValueType.CHOICE:
        wanted = wanted.lower().replace("-", "_").replace(" ", "_")
        return _ORDER[test](
            value, next((c for c in field.choices if wanted in (c, field.wire_choices[c].lower())), wanted)
        )
    if field.kind is ValueType.EMAIL:
        wanted = wanted.lower()
    else:
        wanted, value = wanted.casefold(), value.casefold()
    if test is Test.CONTAINS:
        return wanted in str(value)
    if test is Test.STARTS:
        return bool(value[: len(wanted)] == wanted)
    if test is Test.ENDS:
        return not wanted or bool(value[-len(wanted) :] == wanted)
    return _ORDER[test](value, wanted)


def _time(operand: Operand, moment: Moment) -> date | datetime:
    value: date | datetime
    if operand.form is Form.END_OF_DAY:
        assert operand.inner is not None
        day = _day(_time(operand.inner, moment), moment)
        value = datetime.combine(day + timedelta(days=1), time(), moment.zone).astimezone(UTC) - timedelta(
            microseconds=1
        )
    elif operand.form is Form.DAY:
        value = date.fromisoformat(operand.text)
    elif operand.form is Form.INSTANT:
        at = datetime.fromisoformat(operand.text.upper())
        value = (at if at.tzinfo else at.replace(tzinfo=moment.zone)).astimezone(UTC)
    elif operand.text == "today":
        value = _day(moment.now, moment)
    elif operand.text == "now":
        value = moment.now
    else:
        value = moment.now if moment.sync_started is None else moment.sync_started
    return value + operand.shift


def _day(value: date | datetime, moment: Moment) -> date:
    return value.astimezone(moment.zone).date() if isinstance(value, datetime) else value
