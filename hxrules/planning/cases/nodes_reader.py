"""Reads the nodes of a test file and says, at its place, whatever is wrong with them.

See also: `language.nodes` (what a node is), `vocabulary` (which names there are).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from hxrules.catalogue import Field
from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, short
from hxrules.problems import Problem, near
from hxrules.values import IdOf, Lines, NotOfType, Scalar, ValueType, canonical

KINDS = {
    ValueType.NUMBER: "a number",
    ValueType.MONEY: "an amount",
    ValueType.DAY: "a date (2026-11-22)",
    ValueType.INSTANT: "a time (2026-11-22T09:00:00Z)",
    ValueType.BOOL: "`true` or `false`",
}


class NodesReader:
    """Gathers problems; gives `None`, or nothing, for what can't be read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(
        self, code: str, node: Node, summary: str, cause: str = "", remedy: str = "", suggestion: str | None = None
    ) -> None:
        self.problems.append(Problem(code, summary, cause, remedy, span=node.place, suggestion=suggestion))

    def unknown(self, key: ScalarNode, what: str, known: Iterable[str]) -> None:
        """HX161: a word that means nothing there."""
        names = list(dict.fromkeys(known))
        close = near(key.text, names)
        listed = ", ".join(f"`{name}`" for name in names[:30]) + (", …" if len(names) > 30 else "")
        self.wrong(
            "HX161",
            key,
            f"{what} has no `{short(key.text)}`",
            f"Known here: {listed}.",
            f"Write `{close[0]}`." if close else "Remove it, or write one of the known ones.",
            close[0] if close else None,
        )

    def known_keys(self, node: MappingNode, what: str, known: Iterable[str]) -> None:
        names = list(known)
        for name, (key, _) in node.entries.items():
            if name not in names:
                self.unknown(key, what, names)

    def mapping(self, node: Node | None, what: str) -> MappingNode | None:
        """The node as a mapping; HX162 for anything else but nothing at all."""
        if node is None or isinstance(node, MappingNode):
            return node
        if not (isinstance(node, ScalarNode) and node.plain is None):
            self.wrong("HX162", node, f"{what} must be a mapping (`key: value` lines)", remedy="Write `key: value`.")
        return None

    def items(self, node: Node | None, what: str) -> list[Node]:
        """The entries of a list; HX162 for anything else but nothing at all."""
        if isinstance(node, SequenceNode):
            return node.items
        if node is not None and not (isinstance(node, ScalarNode) and node.plain is None):
            self.wrong("HX162", node, f"{what} must be a list", remedy="Begin each entry with `- `.")
        return []

    def mappings(self, node: Node | None, what: str) -> Iterator[MappingNode]:
        """The entries of a list that are mappings, as all of them must be."""
        for item in self.items(node, what):
            if isinstance(item, MappingNode):
                yield item
            else:
                self.wrong("HX162", item, f"an entry of {what} must be a mapping", remedy="Write `- key: value`.")

    def text(self, node: Node | None, what: str, number: int | None = None) -> str | None:
        """One word or text, with `{n}` filled in where an entry is repeated."""
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self.wrong("HX162", node, f"{what} must be one value", remedy="Write it in one line.")
            return None
        if node.plain is None:
            return None
        return node.text.strip() if number is None else node.text.strip().replace("{n}", str(number))

    def texts(self, node: Node | None, what: str, number: int | None = None) -> list[tuple[str, Node]]:
        """One word, or a list of words; each with its node."""
        nodes = node.items if isinstance(node, SequenceNode) else [] if node is None else [node]
        found = [(self.text(each, what, number), each) for each in nodes]
        return [(text, each) for text, each in found if text is not None]

    def flag(self, node: Node | None, what: str, default: bool = False) -> bool:
        plain = node.plain if isinstance(node, ScalarNode) else default if node is None else None
        if isinstance(plain, bool):
            return plain
        assert node is not None
        self.wrong("HX162", node, f"{what} must be `true` or `false`")
        return default

    def count(self, node: Node | None, what: str, default: int = 1, most: int = 10_000) -> int:
        if node is None:
            return default
        plain = node.plain if isinstance(node, ScalarNode) else None
        if isinstance(plain, int) and not isinstance(plain, bool) and 1 <= plain <= most:
            return plain
        self.wrong("HX162", node, f"{what} must be a whole number from 1 to {most:,}")
        return default

    def instant(self, node: Node | None, what: str) -> datetime | None:
        found = self._plain(node, ValueType.INSTANT, what)
        return found if isinstance(found, datetime) else None

    def number(self, node: Node | None, what: str, default: Decimal) -> Decimal:
        found = self._plain(node, ValueType.NUMBER, what)
        return found if isinstance(found, Decimal) else default

    def _plain(self, node: Node | None, kind: ValueType, what: str) -> object:
        text = self.text(node, what)
        if node is None or text is None:
            return None
        try:
            return canonical(kind, text)
        except NotOfType:
            self.wrong("HX163", node, f"{what} must be {KINDS[kind]}")
            return None

    def value(self, field: Field, node: Node, number: int | None = None) -> Scalar:
        """A value of a field, by its type; HX163 for one that doesn't fit."""
        text = self.text(node, f"`{field.friendly}`", number)
        if text is None:
            return None
        try:
            found = canonical(field.kind, text)
        except NotOfType:
            self.wrong(
                "HX163",
                node,
                f"`{field.friendly}` can't be `{short(text)}`",
                f"{field.app.brand}'s {field.title} is {KINDS.get(field.kind, field.kind.value)}.",
                "Correct the value.",
            )
            return None
        if field.choices and found is not None and found not in field.choices:
            close = near(text, field.choices, 1)
            self.wrong(
                "HX163",
                node,
                f"`{field.friendly}` can't be `{short(text)}`",
                f"{field.app.brand}'s {field.title} is one of: {', '.join(field.choices)}.",
                f"Write `{close[0]}`." if close else "Write one of them.",
                close[0] if close else None,
            )
            return None
        assert not isinstance(found, Lines | IdOf)
        return found
