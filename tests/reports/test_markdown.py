"""A plan as a comment on a pull request: whole tables, no surprises from data, below GitHub's limit."""

from __future__ import annotations

import html
from dataclasses import replace

import plan_factory as make
import pytest
from golden_files import same_as_golden
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hxrules.planning.plan import Action, Verdict
from hxrules.records import App
from hxrules.reports import Style, Values, plan_markdown, run_markdown
from hxrules.reports.markdown import LIMIT

GITHUB = 65_536
NASTY = [
    "a|b",
    "`x`",
    "``",
    "a\\|b",
    "@acme/team",
    "#12",
    "<img src=x onerror=alert(1)>",
    "[a](https://evil.example)",
    "**b**",
    "| | |",
    "\\",
]


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def cells_of(text: str) -> list[str]:
    """What the reader sees in each cell of all tables."""
    return [
        "".join(child.content for child in token.children or () if child.type in ("text", "code_inline", "html_inline"))
        for before, token in zip(parsed(text), parsed(text)[1:], strict=False)
        if before.type == "td_open"
    ]


def test_a_plan_with_one_of_everything_as_it_was_looked_at() -> None:
    plan = replace(make.busy_plan(), guards=(make.too_large(),))
    same_as_golden("plan.md", plan_markdown(plan, Values.FULL))
    same_as_golden("plan-masked.md", plan_markdown(plan))


def test_a_run_as_it_was_looked_at() -> None:
    same_as_golden("run.md", run_markdown(make.busy_run(), Values.FULL))


def test_a_plan_with_nothing_to_do_is_short() -> None:
    same_as_golden("plan-empty.md", plan_markdown(make.plan()))


def test_dangerous_rows_are_seen_and_details_are_folded() -> None:
    text = plan_markdown(replace(make.busy_plan(), guards=(make.too_large(),)), Values.FULL)
    open_part = text[: text.index("<details>")]
    for seen in (
        "[!CAUTION]",
        "HX301",
        "#### Held (3)",
        "#### Conflicts (2)",
        "#### First meetings",
        "#### Gone (1)",
        "#### Edited rules",
    ):
        assert seen in open_part
    assert "billing@acme.example" not in open_part
    assert text.count("<details>") == text.count("</details>") == 6


@pytest.mark.parametrize("nasty", NASTY)
def test_data_is_shown_as_it_is_in_every_cell(nasty: str) -> None:
    """No name breaks a table, becomes markup, or mentions somebody."""
    plan = make.plan(
        make.change(1, nasty, Action.UPDATE, App.XERO, make.field("phone", nasty, f"{nasty} 2")),
        make.change(
            2, nasty, Action.CREATE, App.XERO, make.field("phone", None, nasty, Verdict.CREATE, "new in HubSpot")
        ),
        held=(make.taken(1, nasty),),
    )
    text = plan_markdown(plan, Values.FULL)
    seen = [html.unescape(cell).removeprefix("<code>").removesuffix("</code>") for cell in cells_of(text)]
    assert seen.count(nasty) >= 4
    assert f"{nasty} 2" in seen
    assert not any(token.type.startswith("html_block") and "img" in token.content for token in parsed(text))
    for token in parsed(text):
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "strong_open") or token.content.startswith("**Next")
            if child.type == "text":
                assert "@acme" not in child.content
                assert "#12" not in child.content


@given(st.text(max_size=40))
@settings(max_examples=60)
def test_any_text_leaves_the_tables_whole(text: str) -> None:
    plan = make.plan(make.change(1, text, Action.UPDATE, App.XERO, make.field("phone", text or None, f"{text}x")))
    document = plan_markdown(plan, Values.FULL)
    assert sum(token.type == "table_open" for token in parsed(document)) == 2
    said = Style().shorten(Style().say(text), 80)
    overview = 2 * 7
    name = html.unescape(cells_of(document)[overview].removeprefix("<code>").removesuffix("</code>"))
    assert name == (said or "(no name)") or name == said.strip()


@pytest.mark.parametrize("size", [10, 300, 3_000])
def test_it_is_always_below_githubs_limit(size: int) -> None:
    """However large the plan, whatever is long in it; what needs eyes is served first, and what is left out is counted."""
    kinds = [
        (sync, action, app)
        for sync in ("contacts", "products")
        for action in (Action.UPDATE, Action.CREATE)
        for app in (App.XERO, App.HUBSPOT)
    ]
    changes = [
        make.change(
            n, f"Person {n} {'x' * 200}", action, app, make.field("description", "o" * 500, "n" * 500), sync=sync
        )
        for n in range(size)
        for sync, action, app in kinds[n % 8 : n % 8 + 1]
    ]
    plan = make.plan(*changes, held=tuple(make.taken(n, "y" * 300) for n in range(size)))
    text = plan_markdown(plan, Values.FULL)
    assert len(text) <= LIMIT < GITHUB
    assert text.count("<details>") == text.count("</details>") == 8
    assert f"#### Held ({size:,})" in text
    if size > 200:
        assert "more rows: `hxrules dry-run --all`" in text
    assert text.endswith("**Next: hxrules apply**")


def test_every_row_is_there_or_counted() -> None:
    changes = [make.change(n, f"P{n}", Action.UPDATE, App.XERO, make.field("phone", "1", "2")) for n in range(1000)]
    text = plan_markdown(make.plan(*changes), Values.FULL)
    rows = sum(cell.startswith("P") for cell in cells_of(text))
    assert rows == 200
    assert "… and 800 more rows: `hxrules dry-run --all`" in text
