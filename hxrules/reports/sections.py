"""What headings and tables are made of, before they are Markdown or HTML.

A cell is prose, or `Data`: what a record holds or is called, an id, a place. Renderers show data as it is and never interpret it.
See also: `outline` (a plan or a run), `overview` (R20's), `markdown` and `html` (the renderers).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hxrules.problems import Problem, Span
from hxrules.reports.style import Style
from hxrules.reports.view import name_and_summary

STYLE = Style()
ROOM = 80
"""Cells of a value or a name at most."""


class Data(str):
    """What a record holds or is called; an id; a place in a file. Empty data is an empty cell."""

    __slots__ = ()


class Page(Data):
    """The id of a record that has a page of its own in its app."""

    url: str = ""


class Jumps(str):
    """Numbers, and for each the place of the records behind it (`Section.name`, or one sync of it)."""

    parts: tuple[tuple[str, str], ...] = ()


Row = tuple[str, ...]
Rows = tuple[Row, ...]
"""One record: the first row names it, the others have more of it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table."""

    name: str
    """Names the section for jumps."""
    title: str
    note: str
    columns: Row
    """`#` before a name: numbers."""
    records: tuple[Rows, ...]
    folded: bool = False
    """To be opened by the reader: details that nobody must see before saying yes."""
    kind: str = ""
    """What its records have in common, in a word or two; `""` where its rows are no records."""
    sync: str = ""
    """Whose records they are, where no column says so."""

    @property
    def rows(self) -> Rows:
        return tuple(row for record in self.records for row in record)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that stops everything, or puts a limit on what the report can say."""

    title: str
    text: str
    stops: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole report; `next` is what to type now."""

    title: str
    aside: str
    overview: Section | None
    facts: tuple[Row, ...]
    alerts: tuple[Alert, ...]
    sections: tuple[Section, ...]
    next: str


def jumps(parts: Iterable[tuple[str, str]]) -> Jumps:
    """A cell of numbers that lead to their records; a number with no place stays where it is."""
    listed = tuple(parts)
    cell = Jumps(", ".join(text for text, _ in listed))
    cell.parts = listed
    return cell


def single(rows: Iterable[Row]) -> tuple[Rows, ...]:
    """Records of one row each."""
    return tuple((row,) for row in rows)


def problems_section(
    problems: Iterable[Problem], title: str, note: str, column: str = "what is wrong", *, folded: bool = False
) -> Section:
    """Problems, each with its records, its cause and what to do."""
    rows = []
    for problem in problems:
        name, what = name_and_summary(problem)
        ids = (problem.hubspot.id if problem.hubspot else "", problem.xero.id if problem.xero else "")
        place = f" ({placed(problem.span)})" if problem.span else ""
        cause = f"{problem.code} {what}. {problem.cause}{place}"
        record = named(name) if any(ids) else ""
        rows.append((problem.sync or "", record, *(_page(each, problem.links) for each in ids), cause, problem.remedy))
    return Section(
        title.lower(),
        f"{title} ({len(rows):,})",
        note,
        ("sync", "record", "HubSpot", "Xero", column, "what to do"),
        single(rows),
        folded,
        title.lower(),
    )


def _page(record: str, links: Iterable[str]) -> Data:
    """An id with the record's page in its app, where one of the links leads there."""
    page = Page(record)
    page.url = next((link for link in links if record and record in link and link.startswith("https://")), "")
    return page


def named(label: str) -> str:
    """What a record is called."""
    return Data(STYLE.shorten(STYLE.say(label), ROOM)) or "(no name)"


def placed(span: Span) -> Data:
    """Where a rule stands."""
    return Data(f"{span.file}:{span.line}")
