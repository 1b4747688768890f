"""A page that stands alone, in which data is text and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import plan_factory as make
from golden_files import same_as_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules.planning.plan import Action
from hxrules.records import App
from hxrules.reports import StatusRow, Style, Values, plan_html, status_html

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Collects tags and texts; fails where tags don't nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_a_plan_with_one_of_everything_as_it_was_looked_at() -> None:
    same_as_golden("plan.html", plan_html(replace(make.busy_plan(), guards=(make.too_large(),)), Values.FULL))


def test_it_needs_nothing_else() -> None:
    """No script, no request: the page can be mailed and opened anywhere."""
    reader = read(plan_html(make.busy_plan(), Values.FULL))
    assert not {"script", "link", "img", "iframe", "a"} & {tag for tag, _ in reader.tags}
    assert not [
        attrs
        for _, attrs in reader.tags
        if {"src", "href"} & set(attrs) or any(name.startswith("on") for name in attrs)
    ]


@given(st.text(min_size=1, max_size=7))
@settings(max_examples=60)
def test_any_text_is_only_text(text: str) -> None:
    plan = make.plan(make.change(1, text, Action.UPDATE, App.XERO, make.field("phone", text, f"{text}<b>")))
    reader = read(plan_html(plan, Values.FULL))
    assert "b" not in {tag for tag, _ in reader.tags}
    assert "".join(reader.texts).count(Style().say(text)) >= 2


def test_status_is_a_table_of_all_syncs() -> None:
    rows = [
        StatusRow("contacts", True, 4102, 3, 120, make.NOW),
        StatusRow("invoices", False, 0, 0, 0, None),
    ]
    reader = read(status_html(rows, make.NOW + timedelta(minutes=7)))
    texts = [text for text in reader.texts if text.strip()]
    cells = [
        "contacts",
        "4,102",
        "3",
        "120",
        "2026-11-22 03:04 UTC (7 min ago)",
        "invoices (off)",
        "0",
        "0",
        "0",
        "never",
    ]
    assert texts[-len(cells) :] == cells
