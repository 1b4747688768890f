"""A page that stands alone, in which data is text and nothing else."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser

import plan_factory as make
import pytest
from golden_files import same_as_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules.planning.plan import Action
from hxrules.records import App, Standing
from hxrules.reports import StandingRecord, StatusRow, Style, Values, plan_html, status_html

VOID = {"meta", "br", "link", "input"}


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
        if self.open[-1:] not in (["script"], ["style"]):
            self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_a_plan_with_one_of_everything_as_it_was_looked_at() -> None:
    same_as_golden("plan.html", plan_html(replace(make.busy_plan(), guards=(make.too_large(),)), Values.FULL))


@pytest.mark.parametrize(
    "page", [plan_html(make.busy_plan(), Values.FULL), status_html([], {})], ids=["plan", "status"]
)
def test_it_needs_nothing_else(page: str) -> None:
    """One script of its own, by its digest; no request: the page can be mailed and opened anywhere."""
    reader = read(page)
    assert not {"img", "iframe", "object", "base"} & {tag for tag, _ in reader.tags}
    assert not [attrs for _, attrs in reader.tags if any(name == "src" or name.startswith("on") for name in attrs)]
    assert [attrs["href"] for tag, attrs in reader.tags if tag == "link"] == ["data:,"]
    policy = next(attrs["content"] or "" for tag, attrs in reader.tags if "http-equiv" in attrs)
    script = page.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}'" in policy


def test_links_lead_within_the_page_or_to_a_record_in_its_app() -> None:
    """Nobody learns from where they were followed."""
    reader = read(plan_html(replace(make.busy_plan(), held=(make.taken(1, "P1"), make.edited_outside())), Values.FULL))
    links = [attrs for tag, attrs in reader.tags if tag == "a"]
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    inside = {attrs["href"] for attrs in links if attrs["href"].startswith("#")}  # type: ignore[union-attr]
    assert inside
    assert {link[1:] for link in inside if link} <= set(ids)
    outside = [attrs for attrs in links if attrs["href"] not in inside]
    assert [attrs["href"] for attrs in outside] == ["https://app.hubspot.com/contacts/1234567/record/0-53/8842"]
    assert all(attrs["rel"] == "noreferrer noopener" for attrs in outside)


@given(st.text(min_size=1, max_size=7))
@settings(max_examples=60)
def test_any_text_is_only_text(text: str) -> None:
    plan = make.plan(make.change(1, text, Action.UPDATE, App.XERO, make.field("phone", text, f"{text}<b>")))
    reader = read(plan_html(plan, Values.FULL))
    assert "b" not in {tag for tag, _ in reader.tags}
    assert "".join(reader.texts).count(Style().say(text)) >= 2


ROWS = [StatusRow("contacts", True, 4102, 3, 120, make.NOW), StatusRow("invoices", False, 0, 0, 0, None)]
FAILING = StandingRecord(
    "701",
    None,
    {"code": "HX203", "summary": "Jane Doe: name is taken in Xero", "cause": "It is.", "remedy": "Rename it."},
)
EXCLUDED = StandingRecord(None, make.uuid(7), {"label": "Jane Doe", "reason": "the filter", "leaf": "email is known"})
BEHIND = {"contacts": {Standing.FAILING: [FAILING], Standing.EXCLUDED: [EXCLUDED]}}


def test_the_overview_is_a_table_of_all_syncs() -> None:
    reader = read(status_html(ROWS, {}, now=make.NOW + timedelta(minutes=7)))
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
    assert [text for text in texts if text in cells] == cells


@pytest.mark.parametrize(("values", "name"), [(Values.FULL, "Jane Doe"), (Values.MASKED, "J… D…"), (Values.NONE, "…")])
def test_behind_the_numbers_stand_the_records_with_their_reasons(values: Values, name: str) -> None:
    """R20: each failing record with cause and remedy, each excluded one with the words that decided; names as asked for."""
    page = status_html(ROWS, BEHIND, values)
    texts = read(page).texts
    for text in (
        "HX203 name is taken in Xero. It is.",
        "Rename it.",
        "the filter",
        "email is known",
        "701",
        make.uuid(7),
    ):
        assert text in texts
    assert texts.count(name) == 2
    assert ("Jane" in page) == (values is Values.FULL)
