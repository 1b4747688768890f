"""Entries set in a ruleset's text: what is there stays as it stands, comments and all.

    text = with_entry(text, ("syncs", "invoices", "sales-account"), '"200"', "where income is booked")

`layout.formatted` brings the result into its one layout. See also: `versions` (the other one who edits text).
"""

from __future__ import annotations

import re

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from hxrules.language.source import parse

_END_OF_LINE = re.compile(r"\r?\n|\Z")
_INDENT = "  "


def with_entry(text: str, path: tuple[str, ...], value: str, comment: str = "") -> str:
    """The text in which `path` leads to `value` (YAML for one line); mappings on the way are made where they lack.

    `comment` comes on lines above a new entry, unless that stands in braces. Raises `ValueError` where the text is no mapping, or the
    path leads through something that is none.
    """
    root, problems = parse(text, "")
    if not isinstance(root, MappingNode) or problems:
        raise ValueError("the text is no mapping")
    node, depth = root, 0
    while depth < len(path) - 1 and path[depth] in node.entries:
        inner = node.entries[path[depth]][1]
        if not isinstance(inner, MappingNode):
            raise ValueError(f"`{path[depth]}` holds no entries")
        node, depth = inner, depth + 1
    if path[depth] in node.entries:
        old = node.entries[path[depth]][1]
        return text[: old.start] + value + text[old.end :]
    if _in_braces(node):
        nested = value
        for name in reversed(path[depth + 1 :]):
            nested = f"{{{name}: {nested}}}"
        comma = ", " if node.entries else ""
        return f"{text[: node.end - 1].rstrip()}{comma}{path[depth]}: {nested}}}{text[node.end :]}"
    return _inserted(text, node, path[depth:], value, comment)


def nested(entries: list[tuple[tuple[str, ...], str, str]]) -> str:
    """Paths, values and comments as a text of their own; neighbours of the same mapping stand together."""
    lines: list[str] = []
    before: tuple[str, ...] = ()
    for path, value, comment in entries:
        shared = 0
        while shared < min(len(path), len(before)) - 1 and path[shared] == before[shared]:
            shared += 1
        lines += _lines(path[shared:], value, comment, _INDENT * shared)
        before = path
    return "".join(f"{line}\n" for line in lines)


def _inserted(text: str, node: MappingNode, path: tuple[str, ...], value: str, comment: str) -> str:
    """Below the last entry of a mapping in lines."""
    first = next(iter(node.entries.values()))[0]
    lead = " " * (first.place.column - 1)
    end = _END_OF_LINE.search(text, _said_until(node))
    at = end.start() if end is not None else len(text)
    return text[:at] + "".join(f"\n{line}" for line in _lines(path, value, comment, lead)) + text[at:]


def _lines(path: tuple[str, ...], value: str, comment: str, lead: str) -> list[str]:
    *above, last = path
    heads = [f"{lead}{_INDENT * depth}{name}:" for depth, name in enumerate(above)]
    inner = lead + _INDENT * len(above)
    said = [f"{inner}# {line}" for line in comment.splitlines()]
    return [*heads, *said, f"{inner}{last}: {value}"]


def _in_braces(node: MappingNode) -> bool:
    return node.source.text.startswith("{", node.start)


def _said_until(node: Node) -> int:
    """Where the text of a node ends, without the blanks and comments that the parser counts to it."""
    if isinstance(node, MappingNode) and not _in_braces(node):
        return max(max(key.end, _said_until(value)) for key, value in node.entries.values())
    if isinstance(node, SequenceNode) and not node.source.text.startswith("[", node.start):
        return max(_said_until(item) for item in node.items)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return node.start + len(node.source.text[node.start : node.end].rstrip())
    return node.end
