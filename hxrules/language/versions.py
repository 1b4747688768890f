"""Versions of the language: which one is read, how an older text becomes one of it, and which words are on their way out.

`hxrules: 1` is read. A text of an older version is never read by guessing: `hxrules fmt --upgrade` rewrites it, one step a version,
in the text itself, so that comments and layout stay and every line keeps its number; what is found wrong in the result is shown at
its place in the file as it is. A newer version is refused.

**Version 0** is what the rulesets of the time before the first release were written in. It differs in

- `direction: both`, `xero-to-hubspot` and `hubspot-to-xero` (1: `two-way`, `to-hubspot`, `to-xero`);
- `limits:` in a sync, HubSpot's own word for a filter (1: `filters:`), and `thresholds:` at the top (1: `limits:`);
- `prefer: xero` in a sync (1: `conflict: {winner: xero}`);
- `without: [website]` in a sync (1: `mappings: {website: off}`);
- `source:` and `target:` in a custom mapping, HubSpot's side and Xero's (1: `hubspot:` and `xero:`; two-way there is neither);
- `extends: xero-data-sync`, the newest base, whatever that was (1: a base is pinned by its version, `xero-data-sync@1`).

See also: `extends` (who asks before a file is checked), `layout` (what `hxrules fmt` does besides).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, Source, mapping_at, scalar_at, short
from hxrules.language.source import parse
from hxrules.problems import Problem, Severity, Span

CURRENT = 1


class Edit(NamedTuple):
    """Instead of the characters from offset `start` to before `end`, `text`: which has no line end, so that lines keep their numbers."""

    start: int
    end: int
    text: str


class Deprecated(NamedTuple):
    """A word that is still read, and for how long."""

    path: tuple[str, ...]
    """The keys that lead to it."""
    word: str
    instead: str
    since: date
    until: date
    """The last day on which a release of hxrules may still read it."""
    why: str


_RENAMED = "HubSpot calls Operations Hub by the name of Data Hub now."
DEPRECATED = tuple(
    Deprecated(
        ("accounts", "hubspot", "subscription"),
        f"operations-hub-{plan}",
        f"data-hub-{plan}",
        date(2026, 11, 22),
        date(2027, 11, 30),
        _RENAMED,
    )
    for plan in ("starter", "professional", "enterprise")
)
"""`hxrules fmt --upgrade` replaces them."""


# --- what is read ------------------------------------------------------------------------------------------------------------


def refused(root: MappingNode) -> Problem | None:
    """HX114 where the file is of another version than the one that is read. What is no version at all is the schema's to say."""
    node = scalar_at(root, "hxrules")
    said = node.plain if node is not None else None
    if node is None or not isinstance(said, int) or isinstance(said, bool) or said == CURRENT:
        return None
    if said in STEPS:
        command = f"hxrules fmt --upgrade {shlex.quote(node.source.file)}"
        return Problem(
            "HX114",
            f"this ruleset is written in version {said} of the language",
            f"This hxrules reads version {CURRENT}, in which some keys have other names.",
            f"Type `{command}`: it rewrites the file and keeps its comments.",
            span=node.place,
            next_command=command,
        )
    if said > CURRENT:
        return Problem(
            "HX114",
            f"this ruleset is written in version {short(node.text)} of the language, which this hxrules doesn't know",
            f"It reads version {CURRENT}; a newer version may mean something else by the same words.",
            f"Install a newer hxrules, or write the ruleset in version {CURRENT}.",
            span=node.place,
            next_command="hxrules --version",
        )
    return None


def replace_deprecated(root: MappingNode) -> list[Problem]:
    """Reads deprecated words as those that are written instead of them, and warns of each (HX116)."""
    problems = []
    for each, node in _deprecated(root):
        node.text = each.instead
        problems.append(
            Problem(
                "HX116",
                f"`{each.word}` is deprecated since {each.since}",
                f"{each.why} The old word is read until {each.until}.",
                f"Write `{each.instead}`; `hxrules fmt --upgrade` does it for you.",
                Severity.WARNING,
                span=node.place,
                suggestion=each.instead,
            )
        )
    return problems


def _deprecated(root: MappingNode) -> Iterator[tuple[Deprecated, ScalarNode]]:
    for each in DEPRECATED:
        node: Node | None = root
        for name in each.path:
            node = node.get(name) if isinstance(node, MappingNode) else None
        if isinstance(node, ScalarNode) and node.plain == each.word:
            yield each, node


# --- rewriting ---------------------------------------------------------------------------------------------------------------


class Upgraded(NamedTuple):
    """A text of the current version, and where its places are in the text that it was made from."""

    source: Source
    original: Source
    edits: tuple[tuple[Edit, ...], ...]
    """Of each step, in the text's order."""

    @property
    def text(self) -> str:
        return self.source.text

    def place(self, span: Span) -> Span:
        """The place in the original of a place in `text`; a span of another file is left alone."""
        if span.file != self.source.file:
            return span
        start = self.source.offset(span.line, span.column)
        end = self.source.offset(span.end_line, span.end_column)
        for edits in reversed(self.edits):
            start, end = _back(start, edits, behind=False), _back(end, edits, behind=True)
        return self.original.span(start, max(start, end))


def upgraded(text: str, file: str) -> Upgraded:
    """The text in the current version, without deprecated words. One that is no YAML, or of no older version, stays as it is.

    Raises nothing: whether the result is right is asked by loading it.
    """
    original = Source(text.removeprefix("\ufeff"), file)
    text, done = original.text, []
    while edits := _next_step(text, file):
        done.append(edits)
        text = _applied(text, edits)
    return Upgraded(Source(text, file), original, tuple(done))


def _next_step(text: str, file: str) -> tuple[Edit, ...]:
    root, problems = parse(text, file)
    if not isinstance(root, MappingNode) or problems:
        return ()
    version = scalar_at(root, "hxrules")
    said = version.plain if version is not None else None
    if isinstance(said, int) and not isinstance(said, bool) and version is not None and said in STEPS:
        return tuple(sorted([Edit(version.start, version.end, str(said + 1)), *STEPS[said](root)]))
    return tuple(sorted(_instead(node, each.instead) for each, node in _deprecated(root)))


def _applied(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _back(offset: int, edits: tuple[Edit, ...], *, behind: bool) -> int:
    """The offset before the edits; of a place inside of something new, the begin or the end of what was there."""
    moved = 0
    for edit in edits:
        start = edit.start + moved
        if offset < start or (offset == start and not behind):
            break
        if offset < start + len(edit.text):
            return edit.end if behind else edit.start
        moved += len(edit.text) - (edit.end - edit.start)
    return offset - moved


def _instead(node: ScalarNode, text: str) -> Edit:
    return Edit(node.start, node.end, text)


# --- 0 → 1 -------------------------------------------------------------------------------------------------------------------

_DIRECTIONS = {"both": "two-way", "xero-to-hubspot": "to-hubspot", "hubspot-to-xero": "to-xero"}
_UP_TO_DASH = re.compile(r"(?:\s|#[^\r\n]*)*")


def _from_0(root: MappingNode) -> Iterator[Edit]:
    extends = scalar_at(root, "extends")
    if extends is not None and re.fullmatch(r"[a-z0-9-]+", extends.text):
        yield _instead(extends, f"{extends.text}@1")
    yield from _renamed(root, {"thresholds": "limits"})
    syncs = mapping_at(root, "syncs")
    for name in syncs.entries if syncs else ():
        sync = mapping_at(syncs, name)
        if sync is None:
            continue
        yield from _renamed(sync, {"limits": "filters", "prefer": "conflict", "without": "mappings"})
        direction, prefer = scalar_at(sync, "direction"), scalar_at(sync, "prefer")
        if direction is not None and direction.text in _DIRECTIONS:
            yield _instead(direction, _DIRECTIONS[direction.text])
        if prefer is not None and not prefer.style:
            yield _instead(prefer, f"{{winner: {prefer.text}}}")
        yield from _switched_off(sync.get("without"))
        custom = mapping_at(sync, "custom-mappings")
        for entry in custom.entries if custom else ():
            mapping = mapping_at(custom, entry)
            if mapping is not None:
                yield from _renamed(mapping, {"source": "hubspot", "target": "xero"})


def _renamed(node: MappingNode, names: dict[str, str]) -> Iterator[Edit]:
    for old, new in names.items():
        if old in node.entries:
            yield _instead(node.key(old), new)


def _switched_off(node: Node | None) -> Iterator[Edit]:
    """`[website, phone]` becomes `{website: off, phone: off}`; of a list in lines, blanks replace each dash."""
    if not isinstance(node, SequenceNode):
        return
    text = node.source.text
    in_brackets = text.startswith("[", node.start)
    if in_brackets:
        yield Edit(node.start, node.start + 1, "{")
        yield Edit(node.end - 1, node.end, "}")
    at = node.start
    for item in node.items:
        if not in_brackets:
            gap = _UP_TO_DASH.match(text, at)
            dash = gap.end() if gap else at
            yield Edit(dash, dash + 1 if text[dash + 1 : item.start].strip() else item.start, "  ")
        yield Edit(item.end, item.end, ": off")
        at = item.end


STEPS: dict[int, Callable[[MappingNode], Iterator[Edit]]] = {0: _from_0}
"""From each older version to the next one: the edits, besides that of the version itself."""
