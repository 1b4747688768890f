"""Where in a ruleset a cursor stands: under which keys, and how far into which value; also while the line makes no sense yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from hxrules.language.source import parse
from hxrules.problems import Span

_ENTRY = re.compile(r"(\s*(?:- )?)([\w-]+)(:\s*)(.*)")
_WORD = re.compile(r"[^\W\d]?[\w.-]*\Z")
_REST_OF_WORD = re.compile(r"[\w.-]*")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a value."""

    path: tuple[str, ...]
    """The keys above it, its own last; the key itself when the cursor stands on it."""
    before: str
    """The value's text up to the cursor."""
    after: str
    """And behind it."""
    span: Span
    """The key or the value that it stands on."""
    on_key: bool = False

    @property
    def partial(self) -> str:
        """What is written of the word at the cursor."""
        found = _WORD.search(self.before)
        return found[0] if found else ""

    @property
    def word(self) -> str:
        """The whole word at the cursor."""
        rest = _REST_OF_WORD.match(self.after)
        return self.partial + (rest[0] if rest else "")


def locate(text: str, line: int, column: int) -> Cursor | None:
    """The cursor at a line and column (from 1); `None` where it stands in no value and on no key."""
    root, _ = parse(text, "")
    found = _within(root, (line, column), ()) if root is not None else None
    return found or _unfinished(text, line, column)


def _within(node: Node, at: tuple[int, int], path: tuple[str, ...]) -> Cursor | None:
    if isinstance(node, MappingNode):
        for name, (key, value) in node.entries.items():
            if _holds(key, at):
                return Cursor((*path, name), "", "", key.place, on_key=True)
            if value.start == value.end and _follows(key, at):
                return Cursor((*path, name), "", "", Span(key.place.file, *at, *at))
            if found := _within(value, at, (*path, name)):
                return found
    elif isinstance(node, SequenceNode):
        for item in node.items:
            if found := _within(item, at, path):
                return found
    elif isinstance(node, ScalarNode) and node.end > node.start and _holds(node, at):
        length = _length_before(node, at)
        return Cursor(path, node.text[:length], node.text[length:], node.place)
    return None


def _holds(node: Node, at: tuple[int, int]) -> bool:
    place = node.place
    return (place.line, place.column) <= at <= (place.end_line, place.end_column)


def _follows(key: ScalarNode, at: tuple[int, int]) -> bool:
    """Stands nothing but the colon and blanks between the key and the place?"""
    place = key.place
    if at[0] != place.end_line:
        return False
    between = key.source.text[key.end : key.end + at[1] - place.end_column]
    return between.strip() == ":"


def _length_before(node: ScalarNode, at: tuple[int, int]) -> int:
    """How much of the scalar's text stands before the place: whatever its style, later characters stand further on."""
    low, high = 0, len(node.text)
    while low < high:
        middle = (low + high + 1) // 2
        place = node.span(middle, middle)
        if (place.line, place.column) <= at:
            low = middle
        else:
            high = middle - 1
    return low


def _unfinished(text: str, line: int, column: int) -> Cursor | None:
    """A cursor behind `key: ` where the value so far is no YAML, or behind the blanks after it: the line counts as it is written."""
    lines = text.split("\n")
    entry = _ENTRY.fullmatch(lines[line - 1].rstrip("\r")) if 0 < line <= len(lines) else None
    if entry is None or column <= entry.start(4):
        return None
    lines[line - 1] = f"{entry[1]}{entry[2]}: x"
    root, _ = parse("\n".join(lines), "")
    found = _within(root, (line, entry.end(2) + 3), ()) if root is not None else None
    if found is None:
        return None
    start = entry.start(4) + 1
    before, after = entry[4][: column - start], entry[4][column - start :]
    if before[:1] in ("'", '"'):
        before = before[1:]
    return Cursor(found.path, before, after, Span("", line, start, line, start + len(entry[4])))
