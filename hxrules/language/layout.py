"""The one way in which rulesets are written: `hxrules fmt`.

Keys stand in the order of the schema (names of one's own stay in theirs, since that may mean something), two blanks further in than
their parent, one entry a line; what stands in braces stays in braces as long as it fits. Filters fit on their line or are `|` blocks,
broken at `and` and `or`. Comments, blank lines and quotation marks stay. What is written is read again and must say the same, with
the same comments; a text for which that can't be had is left as it is. So formatting never changes a meaning, and formatting again
changes nothing.

Chose to write from our own nodes, instead of ruamel.yaml's round trip, because that ties a comment to the token before it: with keys
in another order it would stand elsewhere, or be gone.
See also: `outline` (where comments belong), `filter_layout` (filters), `cli/fmt` (files).
"""

from __future__ import annotations

import json
import re
from typing import Any

from hxrules.language.filter_layout import lines, one_line, tree_of
from hxrules.language.nodes import MappingNode, Node, Plain, ScalarNode, SequenceNode
from hxrules.language.outline import BLANK, Part, comments, outline
from hxrules.language.schema import definition
from hxrules.language.source import parse

WIDTH = 120
"""Characters on a line, for what can be broken. A comment may go beyond."""

_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_ESCAPED = re.compile("[^ -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
_BLANKS_ALONE = re.compile("^[ \t]+$", re.MULTILINE)
_KEPT = "objects"
"""The order of a base's objects is that of a run (R8)."""

Schema = dict[str, Any]


def formatted(text: str) -> str:
    """A ruleset's text as it should be laid out; the text itself where it is no YAML that hxrules takes. Line ends stay as they are
    (those of the first line)."""
    body = text.removeprefix("\ufeff")
    first = _BREAK.search(body)
    line_end = "\r\n" if first and body.startswith("\r\n", first.start()) else "\n"
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    root, problems = parse(body, "")
    if root is None or problems:
        return text
    written = written_anew(root)
    again, problems = parse(written, "")
    if again is None or problems or not same(root, again):
        return text
    return written.replace("\n", line_end)


def written_anew(root: Node) -> str:
    """The text of a file with these nodes, and a line end behind it."""
    whole = outline(root)
    _sort(whole, definition(), "")
    if isinstance(root, ScalarNode):
        written = [*whole.before, _scalar(root), *whole.after]
    else:
        written = [*whole.before, *_collection(whole, "", definition())]
    while written and not written[0]:
        del written[0]
    return "\n".join(written).rstrip("\n") + "\n"


def filter_scalar(text: str) -> str:
    """A filter of one line as the value of a key, in quotation marks only where it needs them."""
    return text if _plain(text, flow=False) else _single(text)


def same(one: Node, other: Node) -> bool:
    """Do two files say the same, with the same comments?"""
    return _meaning(one, definition()) == _meaning(other, definition()) and sorted(comments(one)) == sorted(
        comments(other)
    )


def _meaning(node: Node, schema: Schema) -> Plain:
    """What a node says, filters without their layout."""
    if isinstance(node, MappingNode):
        return {name: _meaning(value, _inner(schema, name)) for name, (_, value) in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [_meaning(item, _inner(schema, None)) for item in node.items]
    tree = tree_of(node.text) if schema.get("format") == "filter" and isinstance(node, ScalarNode) else None
    return node.plain if tree is None or not isinstance(node, ScalarNode) else one_line(tree, node.text)


# --- the schema: which order, and what is a filter? --------------------------------------------------------------------------


def _resolved(schema: Any) -> Schema:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = definition()["definitions"][schema["$ref"].rpartition("/")[2]]
    return schema if isinstance(schema, dict) else {}


def _inner(schema: Schema, name: str | None) -> Schema:
    """What the schema says about an entry."""
    if name is None:
        return _resolved(schema.get("items"))
    return _resolved(schema.get("properties", {}).get(name, schema.get("additionalProperties")))


def _sort(part: Part, schema: Schema, name: str) -> None:
    """Puts the entries into the schema's order."""
    if isinstance(part.node, MappingNode) and name != _KEPT and part.children:
        order = {each: number for number, each in enumerate(schema.get("properties", {}))}
        first = part.children[0]
        part.children.sort(key=lambda child: order.get(child.key.text if child.key else "", len(order)))
        # Blank lines part neighbours: what comes to the top leaves its own to what was there.
        if first is not part.children[0] and _starts_blank(part.children[0]) and not _starts_blank(first):
            del part.children[0].before[0]
            first.before.insert(0, BLANK)
    for child in part.children:
        key = child.key.text if child.key else None
        _sort(child, _inner(schema, key), key or "")


def _starts_blank(part: Part) -> bool:
    return part.before[:1] == [BLANK]


# --- lines -------------------------------------------------------------------------------------------------------------------


def _collection(part: Part, indent: str, schema: Schema) -> list[str]:
    """The lines of a collection that isn't kept in brackets."""
    written: list[str] = []
    for child in part.children:
        name = child.key.text if child.key else None
        entry = _entry(child, indent, _inner(schema, name))
        written += [indent + line if line else BLANK for line in child.before]
        written += entry
    if not part.children and part.parent is None and not isinstance(part.node, ScalarNode):
        written.append("{}" if isinstance(part.node, MappingNode) else "[]")
    return written + [indent + line if line else BLANK for line in part.after]


def _entry(part: Part, indent: str, schema: Schema) -> list[str]:
    """The lines of one entry, without those before it."""
    head = f"{indent}{_scalar(part.key)}:" if part.key else f"{indent}-"
    room = WIDTH - len(head) - 1
    node = part.node
    if isinstance(node, ScalarNode):
        below = _block(node, indent + "  ", room, schema)
        if below is None:
            return [_commented(f"{head} {_inline(node, schema)}".rstrip(" "), part)]
        return [_commented(f"{head} {below[0]}", part), *below[1:]]
    flow = _flow(part, schema) if part.flow or not part.children else None
    if flow is not None and (len(flow) <= room or not part.children):
        part.before += part.after
        return [_commented(f"{head} {flow}", part)]
    if part.key:
        return [_commented(head, part), *_collection(part, indent + "  ", schema)]
    # An entry of a list begins behind its dash, so what stands above its own first entry stands above the dash.
    if part.behind:
        part.before.append(part.behind[0])
    first = part
    while first.children and not isinstance(first.node, ScalarNode):
        first = first.children[0]
        part.before += [line for line in first.before if line]
        first.before = []
        if first.key:
            break
    below = _collection(part, indent + "  ", schema)
    return [f"{indent}- {below[0].lstrip(' ')}", *below[1:]]


def _commented(line: str, part: Part) -> str:
    """The line with the comment behind it, in the column where it stood if there is room."""
    if part.behind is None:
        return line
    comment, column = part.behind
    return f"{line}  {comment}" if column < len(line) + 2 else f"{line:<{column}}{comment}"


def _flow(part: Part, schema: Schema) -> str | None:
    """A collection in brackets or braces, on one line; `None` where it holds comments, or something that needs lines."""
    if part.after and part.children:
        return None
    written: list[str] = []
    for child in part.children:
        if child.behind or any(child.before):
            return None
        inner = _inner(schema, child.key.text if child.key else None)
        node = child.node
        if isinstance(node, ScalarNode):
            value = None if _block(node, "", WIDTH, inner) is not None else _inline(node, inner, flow=True)
        else:
            value = _flow(child, inner)
        if value is None:
            return None
        written.append(f"{_scalar(child.key)}: {value or 'null'}" if child.key else value or "null")
    brackets = "{}" if isinstance(part.node, MappingNode) else "[]"
    return brackets[0] + ", ".join(written) + brackets[1]


# --- scalars -----------------------------------------------------------------------------------------------------------------


def _scalar(node: ScalarNode) -> str:
    """A scalar on one line, with the quotation marks it has."""
    raw = node.source.text[node.start : node.end]
    if node.style not in ("|", ">") and not _BREAK.search(raw):
        return raw
    if not _BREAK.search(node.text):
        if node.style == "":
            return node.text
        if node.style == "'":
            return _single(node.text)
    return _double(node.text)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return _ESCAPED.sub(escape, json.dumps(text, ensure_ascii=False))


def _inline(node: ScalarNode, schema: Schema, *, flow: bool = False) -> str:
    filter_text = _filter_on_a_line(node, schema)
    if filter_text is None or (filter_text == node.text and node.style not in ("|", ">")):
        return _scalar(node)
    if _plain(filter_text, flow=flow):
        return filter_text
    return _double(filter_text) if node.style == '"' else _single(filter_text)


def _plain(text: str, *, flow: bool) -> bool:
    """Is this text what YAML makes of it without quotation marks?"""
    root, problems = parse(f"{{k: {text}}}" if flow else f"k: {text}", "")
    value = root.get("k") if isinstance(root, MappingNode) and not problems else None
    return isinstance(value, ScalarNode) and value.plain == text and not value.style


def _filter_on_a_line(node: ScalarNode, schema: Schema) -> str | None:
    """The filter on one line; `None` for what is none, or can't be written so."""
    tree = tree_of(node.text) if schema.get("format") == "filter" and isinstance(node.plain, str) else None
    flat = one_line(tree, node.text) if tree else None
    return None if flat is None or _ESCAPED.search(flat) else flat


def _block(node: ScalarNode, indent: str, room: int, schema: Schema) -> list[str] | None:
    """A scalar's `|` or `>` and the lines below it; `None` for one that stands on its key's line."""
    flat = _filter_on_a_line(node, schema)
    if flat is not None:
        raw = node.source.text[node.start : node.end]
        fits = len(_inline(node, schema)) <= room
        if fits and not _BREAK.search(raw):
            return None
        tree = tree_of(node.text)
        broken = lines(tree, node.text, WIDTH - len(indent)) if tree else []
        return None if fits and len(broken) == 1 else ["|", *(indent + line for line in broken)]
    if node.style not in ("|", ">"):
        return None
    header, *content = node.source.text[node.start : node.end].split("\n")
    said = header.split("#")[0].strip()
    first = next((line for line in content if line.strip()), "")
    less = len(first) - len(first.lstrip(" "))
    if said not in ("|", "|-", ">", ">-") or not first or _BLANKS_ALONE.search(node.text):
        return None  # it tells how far in it stands, or what it ends with can't be seen: in quotation marks it says the same
    return [said, *(indent + line[less:] if line.strip() else BLANK for line in content)]
