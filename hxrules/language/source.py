"""YAML text → nodes. Nothing clever: duplicate keys, tags, anchors, aliases and merge keys are refused, with their places.

So a reader sees the whole of a rule where it stands, and no text is larger than it looks. libyaml's events are read one by one;
they know more than its node trees (anchors, styles) and cost no stack, however deep the text.
See also: `nodes` (the result), `schema` (is the shape right?), `compile` (what does it mean?).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, Source, short
from hxrules.problems import Problem, Span, in_order

MAX_BYTES = 1_000_000
MAX_DEPTH = 50

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONFLICT = re.compile("^(?:<<<<<<<|=======|>>>>>>>)(?= |\r?$)", re.MULTILINE)
_WHITE = "[ \t\r\n\x85\u2028\u2029]"
_PROPERTY = re.compile(
    rf"(&[\w-]*|![^ \t\r\n\x85\u2028\u2029,\[\]{{}}]*)(?:{_WHITE}+(?:#[^\r\n\x85\u2028\u2029]*)?)*", re.ASCII
)
"""An anchor or a tag before a node, with the blanks and comments behind it."""


def decode(raw: bytes, file: str) -> tuple[str | None, list[Problem]]:
    """The text of a ruleset file, or why it is none (HX100): larger than 1 MB, or not UTF-8. A byte order mark is dropped."""
    if len(raw) > MAX_BYTES:
        size = f"{len(raw) / 1_000_000:.1f} MB"
        return None, [_too_large(file, f"It has {size}.")]
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        source = Source(raw[: error.start].decode("utf-8-sig"), file)
        wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        return None, [
            Problem(
                "HX100",
                "the file is not UTF-8",
                "It was saved as UTF-16."
                if wide
                else f"The byte 0x{raw[error.start]:02x} stands where none may stand in UTF-8.",
                "Save the file as UTF-8.",
                span=source.span(len(source.text), len(source.text)),
            )
        ]


def parse(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The nodes of `text`, and all that is wrong with it as YAML (HX100–HX104). No node when there is nothing to work with."""
    text = text.removeprefix("\ufeff")
    source = Source(text, file)
    if len(text) > MAX_BYTES:
        return None, [_too_large(file, f"It has {len(text):,} characters.")]
    if match := _UNPRINTABLE.search(text):
        name = "a NUL character" if match[0] == "\0" else f"the control character U+{ord(match[0]):04X}"
        place = source.span(match.start(), match.end())
        return None, [Problem("HX100", f"the file holds {name}", "YAML is plain text.", "Remove it.", span=place)]
    builder = _Builder(source)
    try:
        builder.read(_LOADER(text))
    except yaml.MarkedYAMLError as error:
        return None, in_order([*builder.problems, _syntax(source, error)])
    if builder.root is None and not builder.problems:
        return None, [
            Problem(
                "HX100",
                "the file is empty",
                "There is nothing but blanks and comments in it.",
                "Begin with `hxrules: 1`, or copy a ruleset that comes with hxrules.",
                span=source.span(0, 0),
            )
        ]
    return builder.root, in_order(builder.problems)


def _too_large(file: str, cause: str) -> Problem:
    return Problem(
        "HX100",
        "the file is larger than 1 MB",
        cause,
        "A ruleset is a few pages of text: check that this is the right file.",
        span=Span(file, 1, 1, 1, 1),
    )


class _Builder:
    """Makes nodes from libyaml's events. Works with a list of its own instead of calling itself: depth costs no stack."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._open: list[tuple[MappingNode | SequenceNode, list[Node]]] = []
        """The collections around the current event, each with the key that waits for its value (none or one)."""

    def read(self, loader: Any) -> None:
        """Raises `yaml.MarkedYAMLError`."""
        while (event := loader.get_event()) is not None:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._properties(event)
                if len(self._open) >= MAX_DEPTH:
                    self._too_deep(event)
                    return
                collection = MappingNode if kind is yaml.MappingStartEvent else SequenceNode
                start = event.start_mark.index
                self._open.append((collection(self.source, start, start), []))
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                node, _ = self._open.pop()
                if event.end_mark.index > event.start_mark.index:
                    node.end = event.end_mark.index
                self._add(node)
            elif kind is yaml.AliasEvent:
                start, end = event.start_mark.index, event.end_mark.index
                self._refuse("an alias", start, end)
                self._add(ScalarNode(self.source, start, end, self.source.text[start:end], ""))
            elif kind is yaml.DocumentStartEvent and self.root is not None:
                self._second_document(event)
                return

    def _scalar(self, event: Any) -> None:
        style = event.style or ""
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None or event.tag is not None:
            start = min(self._properties(event), end)
        if style in ("|", ">"):
            end = start + len(self.source.text[start:end].rstrip())
        self._add(ScalarNode(self.source, start, end, event.value, style))

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent, waiting = self._open[-1]
        parent.end = max(parent.end, node.end)
        if isinstance(parent, SequenceNode):
            parent.items.append(node)
        elif not waiting:
            waiting.append(node)
        else:
            self._pair(parent, waiting.pop(), node)

    def _pair(self, parent: MappingNode, key: Node, value: Node) -> None:
        if not isinstance(key, ScalarNode):
            self.problems.append(
                Problem(
                    "HX112",
                    "a key must be text",
                    "Here it is a list or a mapping.",
                    "Write `name: value`.",
                    span=key.place,
                )
            )
        elif key.text == "<<" and not key.style:
            self._refuse("a merge key", key.start, key.end)
        elif key.text in parent.entries:
            first = parent.key(key.text).place
            self.problems.append(
                Problem(
                    "HX102",
                    f"the key `{short(key.text)}` stands here for the second time",
                    f"It stands already at line {first.line}, column {first.column}; only one of the two could count.",
                    "Keep one of them.",
                    span=key.place,
                )
            )
        else:
            parent.entries[key.text] = (key, value)

    def _properties(self, event: Any) -> int:
        """Refuses the tag and the anchor before a node; returns the offset behind them."""
        at: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return at
        while match := _PROPERTY.match(self.source.text, at):
            self._refuse("an anchor" if match[0].startswith("&") else "a tag", match.start(), match.end(1))
            at = match.end()
        return at

    def _refuse(self, what: str, start: int, end: int) -> None:
        self.problems.append(
            Problem(
                "HX103",
                f"`{short(self.source.text[start:end])}` is {what}; rulesets have none",
                "A rule is read where it stands, without looking elsewhere.",
                "Write the value out. Text that begins with `&`, `*` or `!` needs quotes.",
                span=self.source.span(start, end),
            )
        )

    def _too_deep(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self.root = None
        self.problems.append(
            Problem(
                "HX104",
                f"this is nested more than {MAX_DEPTH} levels deep",
                "No key of the language is.",
                "Check the indentation and the brackets before this place.",
                span=self.source.span(start, end),
            )
        )

    def _second_document(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        self.problems.append(
            Problem(
                "HX101",
                "a second YAML document begins here",
                "A file is one ruleset.",
                "Put the second one into a file of its own.",
                span=self.source.span(start, end),
            )
        )


_SLIPS = (
    (
        "mapping values are not allowed",
        "A colon and a blank make `key: value`.",
        "Put text that holds `: ` into quotes.",
    ),
    ("cannot start any token", "Text can't begin with this character.", "Put the text into quotes."),
    ("unexpected end of stream", "The quotes are not closed.", "Close them."),
    (
        "could not find expected ':'",
        "A key has no colon, or text goes on at the wrong indentation.",
        "Write `key: value`.",
    ),
    (
        "did not find expected key",
        "The indentation, a bracket or a quote is wrong.",
        "Align the key with its neighbours.",
    ),
    ("expected '-' indicator", "A list goes on with something that is no entry.", "Begin each entry with `- `."),
    (
        "did not find expected ',' or",
        "A bracket or brace is not closed.",
        "Close it, or put a comma between the entries.",
    ),
)
"""A part of what libyaml says, and what people did to hear it."""


def _syntax(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    offset = min(mark.index, len(source.text)) if mark else 0
    said = str(error.problem or error.context or error)
    cause, remedy = "", "Correct the YAML at this place."
    for fragment, why, what in _SLIPS:
        if fragment in said:
            cause, remedy = why, what
            break
    conflict = _CONFLICT.search(source.text)
    if conflict:
        offset = conflict.start()
        cause, remedy = "Git has left a conflict here.", "Decide for one side, and delete the marks."
    elif source.text.startswith(("}", "]"), offset):
        cause, remedy = "It closes a bracket that isn't open.", "Leave it out, or open the bracket."
    elif source.text[max(0, offset - 1) : offset] in ("'", '"') and said == "did not find expected key":
        cause = "Text goes on behind the quotation mark that closes it."
        remedy = "Quote it with the other kind of quotation mark, or leave out the outer ones."
    elif source.text.startswith("\t", offset):
        cause, remedy = "A line is indented with a tab.", "Indent with blanks."
    elif begun and not source.text[offset:].strip():
        offset = begun.index  # the file ended in the middle of something: its begin is the place to look at
    elif begun and begun.index != offset:
        place = source.span(begun.index, begun.index)
        cause = f"{cause} It was {error.context}, which begins at line {place.line}, column {place.column}.".strip()
    return Problem("HX101", f"this is no YAML: {said}", cause, remedy, span=source.span(offset, offset))
