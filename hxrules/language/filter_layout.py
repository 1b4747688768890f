"""How a filter is written: on one line where it fits, else over lines that are broken at `and`s and `or`s.

    any invoice (
      status != draft
      and created > sync_started
    )
    or email ends with "@example.com"

Only blanks and line ends between the words change; what is quoted stays as it is. Two filters that differ in nothing else are
written alike, so `one_line` is also what a filter's digest is made of.

See also: `filter_syntax` (text → tree), `layout` (the file around the filter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hxrules.language.filter_syntax import (
    Comparison,
    Form,
    Group,
    Join,
    Negation,
    Node,
    Operand,
    Quantified,
    Test,
    parse,
)

_SHIFTS = re.compile(r"([-+])\s*([0-9]+)\s*([a-z]+)")
_ALONE = frozenset({Test.KNOWN, Test.UNKNOWN})
_LISTS = frozenset({Test.IN, Test.NOT_IN})


def tree_of(text: str) -> Node | None:
    """The tree of a filter without syntax mistakes; `None` for any other."""
    parsed = parse(text)
    return None if parsed.mistakes else parsed.tree


def one_line(node: Node, text: str) -> str:
    """The part of the filter `text` that is `node`, on one line (but for line ends inside quotation marks)."""
    if isinstance(node, Join):
        return f" {node.word} ".join([one_line(part, text) for part in node.parts])
    if isinstance(node, Negation):
        return f"not {one_line(node.part, text)}"
    if isinstance(node, Group):
        return f"({one_line(node.part, text)})"
    if isinstance(node, Quantified):
        return f"{_opening(node)}{one_line(node.part, text)}{_closing(node)}"
    return _comparison(node, text)


def lines(node: Node, text: str, room: int) -> list[str]:
    """The same over several lines, each of at most `room` characters where words allow it; its outermost `and`s or `or`s always
    begin a line. One line for a filter without any."""
    return list(_broken(node, text, room, force=True))


def _broken(node: Node, text: str, room: int, *, force: bool = False) -> Iterator[str]:
    flat = one_line(node, text)
    if len(flat) <= room and not force:
        yield flat
    elif isinstance(node, Join):
        for number, part in enumerate(node.parts):
            begin = f"{node.word} " if number else ""
            # `a and b` as a part of an `or`: its own `and`s stand further in than the `or`s.
            inner = "  " if isinstance(part, Join) else ""
            for line in _broken(part, text, room - len(begin or inner)):
                yield begin + line
                begin = inner
    elif isinstance(node, Negation):
        begin = "not "
        for line in _broken(node.part, text, room - len(begin), force=force):
            yield begin + line
            begin = ""
    elif isinstance(node, Group | Quantified):
        inside = list(_broken(node.part, text, room - 2, force=force))
        opening, closing = ("(", ")") if isinstance(node, Group) else (_opening(node), _closing(node))
        if len(inside) == 1 and len(flat) <= room:
            yield flat
        else:
            yield opening
            yield from [f"  {line}" for line in inside]
            yield closing
    elif node.test in _LISTS and len(flat) > room:
        yield f"{node.field.text} {node.test.value} ["
        yield from [f"  {line}" for line in _filled([_operand(each, text) for each in node.operands], room - 2)]
        yield "]"
    else:
        yield flat


def _filled(words: list[str], room: int) -> Iterator[str]:
    """The entries of a list, as many on a line as it holds."""
    line = ""
    for number, word in enumerate(words, 1):
        entry = f"{word}," if number < len(words) else word
        if line and len(line) + 1 + len(entry) > room:
            yield line
            line = ""
        line = f"{line} {entry}" if line else entry
    yield line


def _opening(node: Quantified) -> str:
    return f"{node.quantifier} {node.association.text} ("


def _closing(node: Quantified) -> str:
    return ")" if node.test is None or node.number is None else f") {node.test.value} {node.number.text}"


def _comparison(node: Comparison, text: str) -> str:
    operands = [_operand(each, text) for each in node.operands]
    if node.test in _ALONE:
        return f"{node.field.text} {node.test.value}"
    if node.test in _LISTS:
        return f"{node.field.text} {node.test.value} [{', '.join(operands)}]"
    return f"{node.field.text} {node.test.value} {' and '.join(operands)}"


def _operand(operand: Operand, text: str) -> str:
    if operand.form is Form.END_OF_DAY and operand.inner is not None:
        base, behind = f"end_of_day({_operand(operand.inner, text)})", operand.inner.end
    elif operand.form in (Form.NAMED, Form.DAY, Form.INSTANT):
        base, behind = operand.text, operand.start + len(operand.text)
    else:
        return text[operand.start : operand.end]
    shifts = _SHIFTS.findall(text[behind : operand.end])
    return " ".join([base, *(f"{sign} {number}{unit}" for sign, number, unit in shifts)])
