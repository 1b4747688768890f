"""A filter (R13): text that is checked against the catalogue once, compiled once, and then asked for one record or for many.

    status != draft and any contact (email ends with "@example.com") and created > end_of_day(sync_started)

The language in short (the grammar is `filter.lark`): `and or not ( )`; `= != < <= > >=`; `in [a, b]`, `not in`; `contains`,
`starts with`, `ends with`; `between a and b`; `is known`, `is unknown`; `any|all|no invoice (…)`, `count invoice (…) >= 3`. Left
stands a field, by its friendly name or the app's own; right a value: a word, "text" (a quotation mark inside is doubled), a number,
true or false, a date, a time, `today`, `now`, `sync_started`, `end_of_day(x)`, moved by durations (`today - 30d`). Text is compared
without case.

What it means: everything in one bracket is about the same associated record. A missing value (or one that is not of its field's
type) differs from everything, is in no list, and is neither less nor more than anything. Days are the Xero organisation's
(`filter_times`). What was not read gives no verdict: `NotFetched`.

The way through: `filter_syntax` (text → tree) → `filter_types` (names, types) → `filter_python` (source text) → here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language import filter_python
from hxrules.language.filter_slips import Mistake
from hxrules.language.filter_syntax import parse
from hxrules.language.filter_times import Moment
from hxrules.language.filter_types import Checked, Leaf, Needs, check
from hxrules.problems import Problem, Span, has_errors
from hxrules.records import NotFetched, Record
from hxrules.values import Value

__all__ = ["Filter", "Moment", "Needs", "NotFetched", "Related", "SourceText", "Verdict", "compile_filter"]

Related = Mapping[str, Mapping[str, Record]]
"""Associated records: by the filter's word for the association, then by id."""


class SourceText(Protocol):
    """A piece of a file: its text, and where each stretch of it stands."""

    @property
    def text(self) -> str: ...

    def span(self, start: int, end: int) -> Span:
        """The place in the file of the characters from offset `start` to `end`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict, and what settled it: the leaf (one comparison, or one condition on associated records) that was asked last."""

    included: bool
    leaf: str
    """The leaf, as the filter writes it."""
    span: Span
    value: Value
    """What the record holds in the leaf's field; `None` for associated records."""
    counts: tuple[int, int] | None = None
    """For a leaf on associated records: how many of them fulfil the condition in brackets, and how many there are; `None` where
    that would need more of them than were read."""


class Filter:
    """A checked filter. It is compiled when it is first asked; `matches` and `select` are then the compiled functions themselves."""

    matches: Callable[[Record, Related, Moment], bool]
    """The verdict on one record. Raises `NotFetched` where something it asks for was not read."""
    select: Callable[[Sequence[Record], Related, Moment], list[bool]]
    """The verdicts on many records, in their order, with one loop. Raises `NotFetched` for the first that lacks something."""
    python: str
    """The source text that it was compiled to."""

    def __init__(self, source: SourceText, tree: Checked, needs: Needs) -> None:
        self.text = source.text
        self.span = source.span(0, len(source.text))
        self.needs = needs
        self._source = source
        self._tree = tree

    def __getattr__(self, name: str) -> Any:
        """Compiles at the first use of what only the compiled filter has."""
        if name in ("matches", "select", "python"):
            module = filter_python.module(self._tree, self.text)
            names = self._run(module)
            self.matches, self.select, self.python = names["matches"], names["select"], module.source
        elif name == "_traced":
            module = filter_python.trace(self._tree, self.text)
            self._traced = self._run(module), module.leaves
        else:
            raise AttributeError(name)
        return self.__dict__[name]

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def decide(self, record: Record, related: Related, moment: Moment) -> Verdict:
        """The same verdict as `matches`, with the leaf that settled it. Raises `NotFetched`."""
        names, leaves = self._traced
        included, number = names["decide"](record, related, moment)
        leaf = leaves[number - 1]
        text, span = self.text[leaf.start : leaf.end], self._source.span(leaf.start, leaf.end)
        if isinstance(leaf, Leaf):
            return Verdict(included, text, span, record.fields[leaf.field.name])
        try:
            return Verdict(included, text, span, None, names["tallies"][number](record, related, moment))
        except KeyError:  # the verdict needed fewer records than counting them would
            return Verdict(included, text, span, None)

    def _run(self, module: filter_python.Module) -> dict[str, Any]:
        names: dict[str, Any] = {**module.names, "not_fetched": self._not_fetched}
        exec(compile(module.source, f"<filter {self.span}>", "exec"), names)
        return names

    def _not_fetched(self, record: Record, related: Related) -> NotFetched:
        return NotFetched(record.ref, _unread(record, related, self.needs) or "something that its filter asks for")


def compile_filter(
    source: SourceText, info: TypeInfo, catalogue: Catalogue, extra: Callable[[str], Field | None]
) -> tuple[Filter | None, list[Problem]]:
    """The filter on records of the type `info`, unless its text has errors; and every error and warning, in the text's order.

    `extra` knows the account's custom properties by name; one of another record type than is asked for doesn't count.

    Problems: HX140 to HX145, warnings HX150 to HX153.
    """
    parsed = parse(source.text)
    mistakes = list(parsed.mistakes)
    tree: Checked | None = None
    needs = Needs()
    if parsed.tree is not None:
        tree, needs, found = check(parsed.tree, source.text, info, catalogue, extra)
        mistakes += found
    problems = [
        _problem(mistake, source) for mistake in sorted(mistakes, key=lambda each: (each.start, each.end, each.code))
    ]
    if tree is None or has_errors(problems):
        return None, problems
    return Filter(source, tree, needs), problems


def _problem(mistake: Mistake, source: SourceText) -> Problem:
    return Problem(
        mistake.code,
        mistake.summary,
        cause=mistake.cause,
        remedy=mistake.remedy,
        severity=mistake.severity,
        span=source.span(mistake.start, mistake.end),
        suggestion=mistake.suggestion,
    )


def _unread(record: Record, related: Related, needs: Needs) -> str | None:
    """The first thing that the filter needs and that was not read."""
    for name in sorted(field.name for field in needs.fields):
        if name not in record.fields:
            return f"`{name}`"
    for word, wanted in needs.associations.items():
        if word not in record.associations or word not in related:
            return f"the associations `{word}`"
        for id in record.associations[word]:
            other = related[word].get(id)
            if other is None:
                return f"the associated {word} {id}"
            deeper = _unread(other, related, wanted)
            if deeper is not None:
                return f"{deeper} of the associated {word} {id}"
    return None
