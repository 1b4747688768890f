"""`--update`: the expectations of a test file, written anew from what the planner does. Everything else stays as it is, byte for byte.

A case with `only: true` is left alone: what it means to leave out, only a person knows. See also: `run`, `rows`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hxrules.language.nodes import MappingNode, ScalarNode, SequenceNode, Source
from hxrules.planning.cases.rows import Row, What
from hxrules.planning.cases.run import Outcome
from hxrules.planning.cases.setting import Setting
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.records import App
from hxrules.values import Line, Lines, Value, encode

_PLAIN = re.compile(r"[\w+(/][\w@.+/:()&'’!=<>% -]*", re.UNICODE)
_END_OF_LINE = re.compile(r"\r?\n|\Z")
_KIND = {"taxes": "tax", "discounts": "discount"}


def rewritten(text: str, outcomes: Iterable[Outcome], vocabulary: Vocabulary) -> str:
    """The text with the `expect:` of each failing case replaced. `vocabulary` is that of the ruleset."""
    edits: list[tuple[int, int, str]] = []
    for outcome in outcomes:
        case = outcome.case
        if "expect" in case.node.entries and (outcome.passed or case.only):
            continue
        rows = [row for row in outcome.rows if row.what.must_be_expected]
        edits.append(_edit(case.node, rows, case.setting, vocabulary))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _edit(case: MappingNode, rows: list[Row], setting: Setting, vocabulary: Vocabulary) -> tuple[int, int, str]:
    entry = case.entries.get("expect")
    first = next(key for key, _ in case.entries.values())
    column = first.place.column - 1
    body = _body(rows, column + 2, setting, vocabulary)
    if entry is not None:
        key, node = entry
        return key.start, _end_of(node, key), f"expect:{body}"
    # Behind the last line that says something: blanks and comments below it belong to what follows.
    said = max(_end_of(node, key) for key, node in case.entries.values())
    end = _END_OF_LINE.search(case.source.text, said)
    last = end.start() if end is not None else said
    return last, last, f"\n{' ' * column}expect:{body}"


def _end_of(node: object, key: ScalarNode) -> int:
    """Where a value's text ends, without the blanks and comments that libyaml counts to it."""
    if isinstance(node, ScalarNode):
        return max(node.end, key.end + 1)
    if isinstance(node, SequenceNode | MappingNode):
        source: Source = node.source
        if source.text[node.start : node.start + 1] in ("[", "{"):
            return node.end
        parts = (
            [(item, key) for item in node.items]
            if isinstance(node, SequenceNode)
            else [(value, own) for own, value in node.entries.values()]
        )
        return max((_end_of(value, own) for value, own in parts), default=node.end)
    raise TypeError(node)


def _body(rows: list[Row], indent: int, setting: Setting, vocabulary: Vocabulary) -> str:
    if not rows:
        return " []"
    lines: list[str] = []
    for row in rows:
        lead = "- "
        for line in _row(row, setting, vocabulary):
            lines.append(" " * indent + lead + line)
            lead = "  "
    return "\n" + "\n".join(lines)


def _row(row: Row, setting: Setting, vocabulary: Vocabulary) -> Iterator[str]:
    yield f"{row.what.value}: {scalar(row.mention)}"
    if row.what is What.EXCLUDE and row.by:
        yield f"by: {scalar(row.by)}"
    if row.what is What.HOLD:
        yield f"code: {row.code}"
    for name, value in row.fields.items():
        if isinstance(value, Lines):
            yield f"{name}:" if value.items else f"{name}: []"
            yield from (f"  - {_line(each, row, setting, vocabulary)}" for each in value.items)
        else:
            yield f"{name}: {scalar(value)}"


def _line(line: Line, row: Row, setting: Setting, vocabulary: Vocabulary) -> str:
    return (
        "{"
        + ", ".join(f"{name}: {scalar(value)}" for name, value in line_words(line, row.app, setting, vocabulary))
        + "}"
    )


def line_words(line: Line, app: App | None, setting: Setting, vocabulary: Vocabulary) -> Iterator[tuple[str, Value]]:
    """One line of an invoice in the words of a test."""
    if line.type in _KIND:
        yield "kind", _KIND[line.type]
    for name, value in vocabulary.line_words(app or App.HUBSPOT, line):
        yield name, setting.rate_name(value) if name == "tax" and isinstance(value, str) else value


def scalar(value: Value) -> str:
    """A value as YAML: plain where a reader of the language takes it for what it is, else in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = str(encode(value))
    if not isinstance(value, str):
        return plain
    if not plain:
        return '""'
    safe = _PLAIN.fullmatch(plain) and plain == plain.strip() and plain not in ("true", "false", "null")
    if safe and ": " not in plain and " #" not in plain and not plain.endswith(":"):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
