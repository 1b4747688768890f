"""A plan in text: what needs eyes first, every change with its rule, calm and the same bytes each time."""

from __future__ import annotations

import re
from dataclasses import replace

import plan_factory as make
import pytest
from golden_files import same_as_golden

from hxrules.planning.observations import Observations
from hxrules.planning.plan import Action, Change, Excluded, Verdict
from hxrules.planning.plan_file import file_pieces, read_plan
from hxrules.records import App
from hxrules.reports import Style, Values, plan_text
from hxrules.reports.sheet import SHOWN
from hxrules.reports.style import cells


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_plan_with_one_of_everything_as_it_was_looked_at(width: int) -> None:
    same_as_golden(f"plan-{width}.txt", plan_text(make.busy_plan(), Style(width=width)))


@pytest.mark.parametrize(
    ("name", "style", "values"),
    [
        ("colour", Style(colour=True), Values.FULL),
        ("ascii", Style(unicode=False), Values.FULL),
        ("masked", Style(), Values.MASKED),
        ("none", Style(), Values.NONE),
    ],
)
def test_the_same_plan_in_other_styles(name: str, style: Style, values: Values) -> None:
    text = plan_text(make.busy_plan(), style, values)
    same_as_golden(f"plan-{name}.txt", text)
    assert text.isascii() is not style.unicode


def test_colour_adds_nothing_but_colour() -> None:
    coloured = plan_text(make.busy_plan(), Style(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plan_text(make.busy_plan(), Style())


def test_a_held_plan_says_so_and_how_to_go_on() -> None:
    text = plan_text(replace(make.busy_plan(), guards=(make.too_large(),)), Style())
    same_as_golden("plan-held.txt", text)
    assert text.index("Held as a whole") < text.index("Held (3)")
    assert text.split("\n")[-1] == "Next: look at it; if it is what you want, hxrules apply --allow-large"


def test_a_plan_with_nothing_to_do_says_so_in_its_first_line() -> None:
    same_as_golden("plan-empty.txt", plan_text(make.plan(), Style()))
    assert plan_text(make.plan(), Style()).startswith("Nothing to do: 4,412 in sync\n")
    assert plan_text(make.plan(in_sync={}), Style()).startswith("Nothing to do\n")


def test_held_records_alone_are_to_be_corrected() -> None:
    text = plan_text(make.plan(held=(make.edited_outside(),)), Style())
    same_as_golden("plan-held-records.txt", text)
    assert text.endswith("Next: correct what is held, then hxrules dry-run")


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("values", list(Values))
def test_no_line_is_wider_than_the_terminal_nor_ends_in_blanks(width: int, values: Values) -> None:
    """Only what can't be broken (a page's address, both ids of a pair) may stand out."""
    for line in plan_text(make.busy_plan(), Style(width=width), values).split("\n"):
        assert line == line.rstrip()
        if not ("HubSpot " in line and "Xero 0000" in line):
            assert cells(line) <= width


def many(number: int) -> list[Change]:
    return [
        make.change(n, f"Person {n}", Action.UPDATE, App.XERO, make.field("phone", str(n), str(n + 1)))
        for n in range(number)
    ]


def test_long_groups_are_cut_and_say_how_to_see_the_rest() -> None:
    plan = make.plan(*many(1254))
    text = plan_text(plan, Style())
    assert sum(line.startswith("  ~ ") for line in text.split("\n")) == SHOWN
    assert "… and 1,234 more (hxrules dry-run --all)" in text
    assert "… and 1,234 more (hxrules show plan.json --all)" in plan_text(plan, Style(), saved="plan.json")
    whole = plan_text(plan, Style(), everything=True)
    assert sum(line.startswith("  ~ ") for line in whole.split("\n")) == 1254
    assert "more" not in whole


def test_one_more_than_is_shown_is_one_more() -> None:
    assert "… and 1 more" in plan_text(make.plan(*many(SHOWN + 1)), Style())
    assert " more" not in plan_text(make.plan(*many(SHOWN)), Style())


@pytest.mark.parametrize(
    ("file", "saved", "last"),
    [
        ("hxrules.yaml", None, "Next: hxrules apply"),
        ("rules/acme.yaml", None, "Next: hxrules apply rules/acme.yaml"),
        ("my rules.yaml", None, "Next: hxrules apply 'my rules.yaml'"),
        ("hxrules.yaml", "plan.json", "Next: hxrules apply plan.json"),
    ],
)
def test_the_last_line_can_be_typed(file: str, saved: str | None, last: str) -> None:
    plan = make.plan(*many(1))
    plan = replace(plan, ruleset=replace(plan.ruleset, file=file))
    assert plan_text(plan, Style(), saved=saved).split("\n")[-1] == last
    assert "Next:" not in plan_text(plan, Style(), saved=saved, next_step=False)


def test_who_wins_a_conflict_and_why_stands_with_both_values() -> None:
    text = plan_text(make.busy_plan(), Style())
    block = text[text.index("Conflicts (2)") : text.index("First meetings")]
    assert "HubSpot  +61 2 9000 1234  overwritten" in block
    assert "Xero     +61 2 9999 0000  wins" in block
    assert "Xero's record is newer (2026-11-21T22:10:00Z over 2026-11-21T19:55:31Z); rule at" in block
    assert "→ Xero gets New Zealand" in block


def test_a_contested_field_is_not_shown_twice() -> None:
    """A change that is all conflict stands above only, and its group counts it; a mixed one points up."""
    text = plan_text(make.busy_plan(), Style())
    changes = text[text.index("contacts: 2 to link") :]
    assert "Bob Client" not in changes
    assert "contacts, HubSpot → Xero: 2 to update (1 shown above)" in changes
    assert "phone         conflict, see above" in changes


def test_every_other_change_names_its_rule() -> None:
    text = plan_text(make.busy_plan(), Style(), everything=True)
    for change in make.busy_plan().changes:
        for each in change.fields:
            assert f"{each.span.file}:{each.span.line}" in text


def test_an_overview_that_is_too_wide_for_a_table_is_words() -> None:
    changes = [
        make.change(n, "x", action, app, make.field("phone", "1", "2"))
        for n, (action, app) in enumerate(
            [(a, b) for a in (Action.CREATE, Action.UPDATE, Action.VOID) for b in App] * 30
        )
    ]
    text = plan_text(make.plan(*changes), Style(width=80))
    row = "  contacts  to HubSpot 30 create, 30 update, 30 void; to Xero 30 create, 30"
    assert row in text
    assert "            update, 30 void; 4,102 in sync" in text


def test_links_say_once_why_when_all_have_the_same_reason() -> None:
    links = [make.change(n, f"P{n}", Action.LINK, App.HUBSPOT, note="same email") for n in range(3)]
    text = plan_text(make.plan(*links), Style())
    assert "contacts: 3 to link (same email)" in text
    assert text.count("same email") == 1
    mixed = plan_text(
        make.plan(*links, make.change(9, "P9", Action.LINK, App.HUBSPOT, note="Xero remembers it")), Style()
    )
    assert "contacts: 4 to link\n" in mixed
    assert mixed.count("same email") == 3


def test_a_sync_of_which_all_records_are_held_is_in_the_overview() -> None:
    text = plan_text(make.plan(held=(make.edited_outside(),)), Style())
    assert "  invoices   ·            ·            ·      1          ·         ·" in text


def test_long_words_of_a_filter_are_folded() -> None:
    leaf = " and ".join(f"status != draft{n}" for n in range(20))
    text = plan_text(
        make.plan(excluded=(Excluded("contacts", "1", None, "x", "the filter", leaf, make.at(9)),)), Style(width=80)
    )
    assert all(cells(line) <= 80 for line in text.split("\n"))
    assert leaf in " ".join(text.split())


def test_excluded_records_are_counted_by_the_words_that_keep_them_out() -> None:
    reasons = ("the filter", "a > 1"), ("the filter", "a > 1"), ("the fixed limit R16", "status != draft")
    rows = tuple(Excluded("contacts", str(n), None, "x", *each, make.at(9)) for n, each in enumerate(reasons))
    text = plan_text(make.plan(excluded=rows), Style())
    assert "  contacts  2  the filter: a > 1" in text
    assert "  contacts  1  the fixed limit R16: status != draft" in text


def test_a_start_that_is_this_plans_own_says_so() -> None:
    """R17: `sync_started` is shown before the first apply sets it."""
    text = plan_text(make.plan(started={"contacts": make.NOW, "products": make.NOW}), Style())
    assert "started   with this plan: contacts and products" in text


def test_a_saved_plan_reads_like_the_fresh_one() -> None:
    plan = make.busy_plan()
    again = read_plan("".join(file_pieces(plan, Observations())), "plan.json").plan
    assert plan_text(again, Style()) == plan_text(plan, Style())


def test_what_an_app_holds_can_not_write_into_the_report() -> None:
    """A name with terminal escapes, line ends or right-to-left overrides is shown, not obeyed."""
    evil = "\x1b[2J\nNext: rm -rf\u202e"
    plan = make.plan(
        make.change(
            1, evil, Action.UPDATE, App.XERO, make.field("phone", evil, evil * 2, Verdict.CONFLICT, "edited in both")
        ),
        make.change(
            2, evil, Action.CREATE, App.XERO, make.field("phone", None, evil, Verdict.CREATE, "new in HubSpot")
        ),
        excluded=(Excluded("contacts", "1", None, evil, "the filter", evil),),
    )
    text = plan_text(plan, Style())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert [line for line in text.split("\n") if line.startswith("Next: ")] == ["Next: hxrules apply"]
