"""A ruleset's text as nodes that know where they stand: scalars, lists and mappings, with the place of every key and value.

Only `true`, `false`, `null`, integers and decimals are anything else than text: `NO`, `on`, `012`, `1e3`, `2025-09-03` and
`12:30:00` stay what they look like. Keys are always text. Nodes keep offsets into the file; lines and columns (from 1, in
characters) are worked out when a place is shown.
See also: `source` (who makes them), `scalars` (offset inside a scalar → offset in the file).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from hxrules.language.scalars import Spread, spread
from hxrules.problems import Span

Plain = bool | int | Decimal | str | list["Plain"] | dict[str, "Plain"] | None
"""A node's content without its places."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}
_NUMERIC_START = frozenset("-0123456789")


class Source:
    """The text of one file, and its places."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def span(self, start: int, end: int) -> Span:
        """The place of the characters from offset `start` to before `end`."""
        line, column = self._place(start)
        return Span(self.file, line, column, *self._place(end))

    def offset(self, line: int, column: int) -> int:
        """The offset of a place."""
        return self._starts[line - 1] + column - 1

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(slots=True, eq=False)
class Node:
    """A part of the file, from offset `start` to before `end`."""

    source: Source
    start: int
    end: int

    @property
    def place(self) -> Span:
        return self.source.span(self.start, self.end)

    @property
    def plain(self) -> Plain:
        raise NotImplementedError


@dataclass(slots=True, eq=False)
class ScalarNode(Node):
    """One value. `text` is what it says; `plain` what that is in a plain scalar (`12` the number, `"12"` the text)."""

    text: str
    style: str
    """`""` (plain), `'`, `"`, `|` or `>`."""
    _spread: Spread | None = None

    @property
    def plain(self) -> bool | int | Decimal | str | None:
        text = self.text
        if self.style:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _NUMERIC_START:
            if _INTEGER.match(text):
                return int(text)
            if _DECIMAL.match(text):
                return Decimal(text)
        return text

    def span(self, start: int, end: int) -> Span:
        """The place of `text[start:end]` in the file, whatever the scalar's style."""
        if self._spread is None:
            self._spread = spread(self.source.text, self.start, self.end, self.style, self.text)
        return self.source.span(*self._spread.stretch(start, end))


@dataclass(slots=True, eq=False)
class SequenceNode(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)

    @property
    def plain(self) -> list[Plain]:
        return [item.plain for item in self.items]


@dataclass(slots=True, eq=False)
class MappingNode(Node):
    """`key: value` pairs, in the file's order."""

    entries: dict[str, tuple[ScalarNode, Node]] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Plain]:
        return {name: value.plain for name, (_, value) in self.entries.items()}

    def get(self, name: str) -> Node | None:
        entry = self.entries.get(name)
        return entry[1] if entry else None

    def key(self, name: str) -> ScalarNode:
        """Raises `KeyError`."""
        return self.entries[name][0]

    def places(self, apart: Collection[str] = ()) -> dict[str, Span]:
        """Where its keys stand, and those one level below (`conflict`, `conflict.winner`); not below the keys named in `apart`."""
        found: dict[str, Span] = {}
        for name, (key, value) in self.entries.items():
            found[name] = key.place
            if isinstance(value, MappingNode) and name not in apart:
                found |= {f"{name}.{inner}": below.place for inner, (below, _) in value.entries.items()}
        return found


def short(text: str) -> str:
    """Somebody's text, short enough to be quoted in a sentence."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- reading what has the right shape, and nothing else ----------------------------------------------------------------------


def mapping_at(node: Node | None, name: str) -> MappingNode | None:
    """The mapping under a key; `None` for anything else."""
    value = node.get(name) if isinstance(node, MappingNode) else None
    return value if isinstance(value, MappingNode) else None


def scalar_at(node: Node | None, name: str) -> ScalarNode | None:
    """The scalar under a key; `None` for anything else."""
    value = node.get(name) if isinstance(node, MappingNode) else None
    return value if isinstance(value, ScalarNode) else None


def text_at(node: Node | None, name: str) -> str | None:
    """The text under a key, without outer blanks; `None` for anything else, and for nothing."""
    value = scalar_at(node, name)
    return value.text.strip() or None if value and isinstance(value.plain, str) else None


def number_at(node: Node | None, name: str) -> int | None:
    """The whole number under a key; `None` for anything else."""
    value = scalar_at(node, name)
    plain = value.plain if value else None
    return plain if isinstance(plain, int) and not isinstance(plain, bool) else None


def texts_at(node: Node | None, name: str) -> list[ScalarNode]:
    """The texts of the list under a key."""
    value = node.get(name) if isinstance(node, MappingNode) else None
    items = value.items if isinstance(value, SequenceNode) else ()
    return [item for item in items if isinstance(item, ScalarNode) and isinstance(item.plain, str)]
