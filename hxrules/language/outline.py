"""A ruleset's nodes with the comments and blank lines between them, each at the part that it speaks of.

A comment behind something belongs to that. One on a line of its own belongs to what follows, unless it stands further in than that:
then it closes the collection above it. Nothing is left out: `layout` writes from this outline alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode

_COMMENT = re.compile("#[^\r\n\x85\u2028\u2029]*")
_HEADER = re.compile(r"[|>][-+0-9]*")
_BLANK_LINE = re.compile(r"^[ \t]*$\n?", re.MULTILINE)
_MARK = re.compile(r"^(?:---|\.\.\.|%[^#\n]*)(?=\s|\Z)", re.MULTILINE)
BLANK = ""


@dataclass(eq=False, slots=True)
class Part:
    """An entry of a mapping or a list, or the whole."""

    node: Node
    key: ScalarNode | None = None
    parent: Part | None = None
    children: list[Part] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    """Comments on lines of their own above it; `BLANK` for blank lines, of which several count as one."""
    behind: tuple[str, int] | None = None
    """A comment on its first line, and the column (from 0) where it stands."""
    after: list[str] = field(default_factory=list)
    """Comments at the end of a collection, below its last entry."""

    @property
    def start(self) -> int:
        return self.key.start if self.key else self.node.start

    @property
    def flow(self) -> bool:
        """Is it a collection in brackets or braces, or inside of one?"""
        if isinstance(self.node, ScalarNode):
            return False
        begins = self.node.source.text[self.node.start : self.node.start + 1] in ("{", "[")
        return begins or (self.parent is not None and self.parent.flow)

    def walk(self) -> Iterator[Part]:
        """This part and all inside, in the file's order."""
        yield self
        for child in self.children:
            yield from child.walk()


def outline(root: Node) -> Part:
    """The outline of a whole file. What stands before and behind the root is the root's."""
    whole = _part(root, None, None)
    _Attaching(whole).attach()
    return whole


def comments(root: Node) -> list[str]:
    """The texts of all comments, in the file's order."""
    return [match.group().rstrip() for match in _comments(root)]


def _part(node: Node, key: ScalarNode | None, parent: Part | None) -> Part:
    part = Part(node, key, parent)
    if isinstance(node, MappingNode):
        part.children = [_part(value, each, part) for each, value in node.entries.values()]
    elif isinstance(node, SequenceNode):
        part.children = [_part(item, None, part) for item in node.items]
    return part


def _comments(root: Node) -> Iterator[re.Match[str]]:
    """Outside of scalars, every `#` begins a comment."""
    text = root.source.text
    at = 0
    for start, end in [*_scalars(root), (len(text), len(text))]:
        while at < start and (found := _COMMENT.search(text, at, start)):
            yield found
            at = found.end()
        at = max(at, end)


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    """The stretches of text that scalars fill; behind the `|` of a block there may be a comment."""
    if isinstance(node, ScalarNode):
        if node.style in ("|", ">"):
            header = _HEADER.match(node.source.text, node.start)
            first = node.source.text.find("\n", node.start, node.end)
            yield node.start, header.end() if header else node.start + 1
            if first >= 0:
                yield first, node.end
        elif node.end > node.start:
            yield node.start, node.end
    elif isinstance(node, MappingNode):
        for key, value in node.entries.values():
            yield from _scalars(key)
            yield from _scalars(value)
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _scalars(item)


class _Attaching:
    """Gives every comment and blank line to a part, in the file's order."""

    def __init__(self, whole: Part) -> None:
        self.whole = whole
        self.text = whole.node.source.text
        self.parts = list(whole.walk())[1:]
        self.starts = [part.start for part in self.parts]

    def attach(self) -> None:
        for number, run in groupby(self._found(), key=lambda each: bisect_left(self.starts, each[0])):
            before = self.parts[number - 1] if number else self.whole
            self._run(before, self.parts[number] if number < len(self.parts) else None, run)
        if self.parts:
            first = self.parts[0].before
            marks = [at for at, line in enumerate(first, 1) if not line.startswith("#")]
            # What heads the file stays its head, whichever key comes first.
            split = marks[-1] if marks else len(first)
            self.whole.before += first[:split]
            del first[:split]

    def _found(self) -> list[tuple[int, str]]:
        """The offsets and texts of comments, blank lines, and the marks around a YAML document."""
        root = self.whole.node
        filled = list(_scalars(root))
        begins = [start for start, _ in filled]
        found = [(match.start(), match.group().rstrip()) for match in _comments(root)]
        for match in _BLANK_LINE.finditer(self.text):
            number = bisect_left(begins, match.end()) - 1
            if number < 0 or match.start() >= filled[number][1]:
                found.append((match.start(), BLANK))
        for start, end in ((0, root.start), (root.end, len(self.text))):
            found += [(match.start(), match.group().rstrip()) for match in _MARK.finditer(self.text, start, end)]
        return sorted(found)

    def _run(self, before: Part, following: Part | None, run: Iterable[tuple[int, str]]) -> None:
        """All that stands between the beginnings of two parts."""
        closing = _closing(before, following)
        reached, blank = 0, False
        for at, line in run:
            column = at - (self.text.rfind("\n", 0, at) + 1)
            in_front = self.text[at - column : at].strip()
            if not line:
                blank = True
            elif in_front and following is not None and not in_front.strip("- \t"):
                following.before.append(line)  # behind the dash of a list's entry, which begins on the next line
            elif in_front and following is not self._first:
                self._behind(before, at, line, column)
            else:
                reached, target = self._target(closing, reached, following, at, column)
                target += [BLANK, line] if blank else [line]
                blank = False
        if blank and following is not None:
            following.before.append(BLANK)

    @property
    def _first(self) -> Part | None:
        return self.parts[0] if self.parts else None

    def _behind(self, part: Part, at: int, comment: str, column: int) -> None:
        """A comment behind something: the part that begins last, or the brackets around it that are closed by then."""
        while part.parent is not None and part.parent.flow and part.parent.node.end <= at:
            part = part.parent
        if part.parent is None:
            part.after.append(comment)
        elif part.behind is None:
            part.behind = (comment, column)
        else:
            part.before.append(comment)

    def _target(
        self, closing: list[Part], reached: int, following: Part | None, at: int, column: int
    ) -> tuple[int, list[str]]:
        """The list that a comment on a line of its own goes to, and how far out that is; `reached` is how far the last one was."""
        brackets = [part for part in closing if part.flow and part.node.start < at < part.node.end]
        if brackets:
            return reached, brackets[0].after
        outer = [part for part in closing if not part.flow]
        if following is not None and not (outer and following.parent and column > self._column(following.parent)):
            return len(outer), following.before
        if reached >= len(outer):
            return reached, following.before if following is not None else self.whole.after
        fitting = [number for number, part in enumerate(outer) if self._column(part) <= column]
        number = max(reached, fitting[0] if fitting else len(outer) - 1)
        return number, outer[number].after

    def _column(self, part: Part) -> int:
        return part.node.start - (self.text.rfind("\n", 0, part.node.start) + 1)


def _closing(before: Part, following: Part | None) -> list[Part]:
    """The collections that end between two parts, the innermost first."""
    found: list[Part] = []
    part: Part | None = before
    while part is not None and (following is None or part is not following.parent):
        if not isinstance(part.node, ScalarNode):
            found.append(part)
        part = part.parent
    return found
