"""Filter text → tree, with the offsets of every part. What the names and values mean is `filter_types`' question.

The grammar is `filter.lark` beside this file. Keywords are lower case. Habits from other languages (`AND`, `==`, `is not`, curly
quotes, an unquoted e-mail address) are understood well enough to say what to write instead: each is a `Mistake`, and parsing
goes on, so that one run names them all. A text that can't be parsed at all has one mistake, at the place where it breaks off.

See also: `filter_types` (tree → checked tree), `filter_slips` (the words for what went wrong).
"""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from hxrules.language import filter_slips as slips
from hxrules.language.filter_slips import Mistake

if TYPE_CHECKING:
    from lark import Lark

    from hxrules.language.filter_scanner import Token

MAX_LENGTH = 65_536
"""Characters; a filter that long is a list that belongs into a property of the records."""
MAX_DEPTH = 30
"""Brackets and `not`s inside each other."""
MAX_SHIFT = timedelta(days=36_525)
"""The farthest that a duration reaches: a hundred years."""


class Test(StrEnum):
    """The comparisons, as they are written."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    IN = "in"
    NOT_IN = "not in"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS = "starts with"
    ENDS = "ends with"
    KNOWN = "is known"
    UNKNOWN = "is unknown"


class Word(NamedTuple):
    """A name, with its offsets in the text."""

    text: str
    start: int
    end: int


class Form(StrEnum):
    """How a value is written."""

    TEXT = "text"
    WORD = "word"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"
    NAMED = "named"
    END_OF_DAY = "end of day"
    MISTAKEN = "mistaken"
    """A slip, already reported; nothing more can be said about it."""


class Operand(NamedTuple):
    """A value as it is written: for text without its quotation marks. `inner` is what `end_of_day(…)` is of."""

    form: Form
    text: str
    start: int
    end: int
    shift: timedelta = timedelta()
    whole_days: bool = True
    """Whether `shift` is made of days and weeks only, as a day can be shifted by."""
    inner: Operand | None = None


class Comparison(NamedTuple):
    field: Word
    test: Test
    operands: tuple[Operand, ...]
    start: int
    end: int
    depth: int = 0


class Quantified(NamedTuple):
    """`any|all|no <association> (…)`, or `count <association> (…) >= n` with `test` and `number`."""

    quantifier: str
    association: Word
    part: Node
    start: int
    end: int
    depth: int
    test: Test | None = None
    number: Word | None = None


class Join(NamedTuple):
    """Two or more parts with `and`s, or with `or`s, between them."""

    word: str
    parts: tuple[Node, ...]
    start: int
    end: int
    depth: int


class Negation(NamedTuple):
    part: Node
    start: int
    end: int
    depth: int


class Group(NamedTuple):
    """Brackets."""

    part: Node
    start: int
    end: int
    depth: int


Node = Comparison | Quantified | Join | Negation | Group


class Parsed(NamedTuple):
    """A tree, unless the text breaks off; and every mistake that was seen on the way."""

    tree: Node | None
    mistakes: tuple[Mistake, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> Parsed:
    """The tree of a filter's text. Never raises; equal texts are parsed once."""
    from lark.exceptions import UnexpectedInput

    if len(text) > MAX_LENGTH:
        return Parsed(None, (slips.too_long(len(text), MAX_LENGTH),))
    with _one_at_a_time:
        parser, builder = _parser()
        builder.mistakes = []
        try:
            tree: Any = parser.parse(text)
        except UnexpectedInput as error:
            builder.mistakes.append(_break_off(text, error))
            tree = None
        mistakes = tuple(builder.mistakes)
    if tree is not None and tree.depth > MAX_DEPTH:
        tree = None
    return Parsed(tree, mistakes)


_one_at_a_time = threading.Lock()
"""The builder notes the mistakes of the text that is being parsed."""


@lru_cache(maxsize=1)
def _parser() -> tuple[Lark, _Builder]:
    from lark import Lark

    from hxrules.language.filter_scanner import Scanner

    builder = _Builder()
    grammar = resources.files(__package__).joinpath("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=Scanner, transformer=builder, maybe_placeholders=False), builder


def terminals() -> frozenset[str]:
    """The names of all terminals; none of them may ever be read by a user."""
    return frozenset(terminal.name for terminal in _parser()[0].terminals)


def _break_off(text: str, error: Any) -> Mistake:
    """The one mistake of a text that can't be parsed. Lark places the end of input on the last token; it is behind it."""
    accepted: set[str] = error.interactive_parser.accepts()
    token = getattr(error, "token", None)
    at = len(text) if token is not None and token.type == "$END" else error.pos_in_stream
    return slips.break_off(text, at, frozenset(accepted))


class _Builder:
    """Makes the nodes as the parser recognises them: a method for each rule of the grammar, given the rule's tokens and nodes."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    # --- conditions ---

    def any_of(self, children: list[Any]) -> Join:
        return self._join("or", children)

    def all_of(self, children: list[Any]) -> Join:
        return self._join("and", children)

    def _join(self, word: str, children: list[Any]) -> Join:
        for connector in children[1::2]:
            self._expect(connector, word)
        parts = tuple(children[::2])
        depth = max([part.depth for part in parts])
        return Join(word, parts, parts[0].start, parts[-1].end, depth)

    def negation(self, children: list[Any]) -> Negation:
        token, part = children
        self._expect(token, "not")
        return Negation(part, token.start_pos, part.end, self._deeper(part, token.start_pos, part.end))

    def group(self, children: list[Any]) -> Group:
        opening, part, closing = children
        start, end = opening.start_pos, closing.end_pos
        return Group(part, start, end, self._deeper(part, start, end))

    def quantified(self, children: list[Any]) -> Quantified:
        token, association, _, part, closing = children
        quantifier = slips.QUANTIFIERS.get(token.lower(), token.lower())
        self._expect(token, quantifier)
        start, end = token.start_pos, closing.end_pos
        return Quantified(quantifier, _word(association), part, start, end, self._deeper(part, start, end))

    def counted(self, children: list[Any]) -> Quantified:
        token, association, _, part, _, compare, number = children
        self._expect(token, "count")
        start, end = token.start_pos, number.end_pos
        depth = self._deeper(part, start, end)
        return Quantified("count", _word(association), part, start, end, depth, self._test(compare), _word(number))

    def _deeper(self, part: Node, start: int, end: int) -> int:
        depth = part.depth + 1
        if depth == MAX_DEPTH + 1:
            self.mistakes.append(slips.too_deep(start, end, MAX_DEPTH))
        return depth

    # --- comparisons ---

    def compared(self, children: list[Any]) -> Comparison:
        field, operator, operand = children
        return Comparison(_word(field), self._test(operator), (operand,), field.start_pos, operand.end)

    def member(self, children: list[Any]) -> Comparison:
        field, operator, opening, *_, closing = children
        if opening != "[":
            self.mistakes.append(slips.round_list(opening.start_pos, closing.end_pos))
        return Comparison(_word(field), self._test(operator), tuple(children[3:-1:2]), field.start_pos, closing.end_pos)

    def between(self, children: list[Any]) -> Comparison:
        field, operator, low, connector, high = children
        self._expect(connector, "and")
        return Comparison(_word(field), self._test(operator), (low, high), field.start_pos, high.end)

    def known(self, children: list[Any]) -> Comparison:
        field, operator = children
        return Comparison(_word(field), self._test(operator), (), field.start_pos, operator.end_pos)

    def _test(self, token: Token) -> Test:
        """The comparison that is meant; what isn't written as the language writes it is a mistake."""
        written = str(token)
        known = _TESTS.get(written)
        if known is not None:
            return known
        words = " ".join(written.lower().split())
        start, end = token.start_pos, token.end_pos
        meant = slips.OPERATORS.get(words, words)
        test = _TESTS.get(meant)
        if test is None:
            self.mistakes.append(slips.no_comparison(written, start, end))
            return Test.EQUAL
        if words != test.value or written != written.lower():
            self.mistakes.append(slips.write(written, test.value, start, end))
        return test

    def _expect(self, token: Token, word: str) -> None:
        if token != word:
            self.mistakes.append(slips.write(str(token), word, token.start_pos, token.end_pos))

    # --- values ---

    def plain(self, children: list[Any]) -> Operand:
        (token,) = children
        start, end = token.start_pos, token.end_pos
        if token.type == "WORD":
            return Operand(Form.WORD, str(token), start, end)
        if token.type == "NUMBER":
            return Operand(Form.NUMBER, str(token), start, end)
        if token.type == "TEXT":
            mark = token[0]
            return Operand(Form.TEXT, token[1:-1].replace(mark * 2, mark), start, end)
        content = str(token) if token.type == "EMAIL" else token[1:-1]
        self.mistakes.append(slips.quote(str(token), content, start, end))
        return Operand(Form.TEXT, content, start, end)

    def time(self, children: list[Any]) -> Operand:
        token, *shifts = children
        start, end = token.start_pos, token.end_pos
        written = str(token)
        form = _TIMES.get(token.type, Form.MISTAKEN)
        if form is Form.MISTAKEN:
            self.mistakes.append(slips.other_day(written, start, end))
        elif form is Form.NAMED:
            self._expect(token, written.lower())
            written = written.lower()
        elif form is Form.INSTANT and " " in written:
            self.mistakes.append(slips.write(written, written.replace(" ", "T"), start, end))
        return self._shifted(Operand(form, written, start, end), shifts)

    def end_of_day(self, children: list[Any]) -> Operand:
        token, _, inner, closing, *shifts = children
        self._expect(token, "end_of_day")
        operand = Operand(Form.END_OF_DAY, "end_of_day", token.start_pos, closing.end_pos, inner=inner)
        return self._shifted(operand, shifts)

    def _shifted(self, operand: Operand, shifts: list[Token]) -> Operand:
        if not shifts:
            return operand
        end = shifts[-1].end_pos
        total, whole_days = timedelta(), True
        for token in shifts:
            match = _SHIFT.match(token)
            assert match is not None
            sign, number, unit = match.groups()
            place = (token.start_pos) + match.start(2), token.end_pos
            short = slips.UNITS.get(unit.lower())
            if short is None:
                self.mistakes.append(slips.no_unit(token[match.start(2) :], *place))
                return operand._replace(form=Form.MISTAKEN, end=end)
            if f"{number}{short}" != token[match.start(2) :]:
                self.mistakes.append(slips.write(token[match.start(2) :], f"{number}{short}", *place))
            seconds = int(number[:12]) * _SECONDS[short]
            if seconds > MAX_SHIFT.total_seconds():
                self.mistakes.append(slips.too_far(token[match.start(2) :], *place))
                return operand._replace(form=Form.MISTAKEN, end=end)
            total += timedelta(seconds=seconds if sign == "+" else -seconds)
            whole_days = whole_days and short in ("d", "w")
        if abs(total) > MAX_SHIFT:
            self.mistakes.append(slips.too_far(" ".join(shifts), shifts[0].start_pos, end))
            return operand._replace(form=Form.MISTAKEN, end=end)
        return operand._replace(shift=total, whole_days=whole_days, end=end)


_TESTS = {test.value: test for test in Test}
_TIMES = {"NAMED_TIME": Form.NAMED, "DAY": Form.DAY, "INSTANT": Form.INSTANT}
_SHIFT = re.compile(r"([-+])\s*([0-9]+)\s*(\D+)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _word(token: Token) -> Word:
    return Word(str(token), token.start_pos, token.end_pos)
