"""What changes in rules, as people read it: in any width, without colour and without Unicode, and with no record's data in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hxrules.language.comparison import Kind, Reach, RuleChange
from hxrules.planning import impact
from hxrules.planning.impact import Count, FieldMove, Impact, Move, Way, exactly
from hxrules.problems import Span
from hxrules.records import App
from hxrules.reports import RulesChanged, Style, Values, rules_json, rules_markdown, rules_text
from hxrules.reports.style import cells


def at(line: int, file: str = "hxrules.yaml") -> Span:
    return Span(file, line, 5, line, 9)


MANY = " and ".join(f"field-{number} is known" for number in range(12))
CHANGES = (
    RuleChange("", Kind.RULESET, "version", "1", "2", at(3), at(3)),
    RuleChange(
        "contacts", Kind.DIRECTION, "direction", "to-hubspot", "two-way", at(9, "main:hxrules.yaml"), at(10),
        means="Xero may now be written: records are created and edited there.", grave=True,
    ),
    RuleChange(
        "contacts", Kind.FILTER, "to-xero", f"{MANY} and city = Perth", f"{MANY} and phone is known", at(12), at(12),
        target=App.XERO, lost=("city = Perth",), gained=("phone is known",), reach=Reach.UNKNOWN, means="May enter and leave.",
    ),
    RuleChange("contacts", Kind.MAPPING, "phone", "phone ⇄ DefaultPhone", None, at(40, "rulesets/base.yaml"), at(14)),
)  # fmt: skip
MOVES = (
    Move(
        impact.Kind.ENTER,
        "contacts",
        App.XERO,
        "101",
        None,
        "Jane Doe",
        "the filter: city = Perth",
        at(12),
        created=True,
    ),
    Move(
        impact.Kind.CHANGE,
        "contacts",
        App.XERO,
        "102",
        "x2",
        "Joe Bloggs",
        fields=(FieldMove("phone", None, "+61 8 5550"),),
    ),
    Move(
        impact.Kind.CHANGE,
        "invoices",
        App.XERO,
        "7",
        "x7",
        "INV-7",
        fields=(FieldMove("total", Decimal(1), Decimal(2)),),
    ),
    Move(impact.Kind.HOLD, "contacts", None, "103", None, "Max Muster", "HX203 “Max Muster” is taken in Xero"),
)
WAYS = (
    Way("contacts", App.XERO, exactly(1), exactly(0), Count(1, 1234)),
    Way("invoices", App.XERO, exactly(0), exactly(0), exactly(1)),
)
REPORT = RulesChanged(
    "main:hxrules.yaml (acme 1)",
    "hxrules.yaml (acme 2)",
    CHANGES,
    Impact(WAYS, MOVES),
    live=True,
    as_of=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    notes=("Something else.",),
)
NAMES = ("Jane", "Doe", "Joe", "Bloggs", "5550", "Muster")


def test_a_report_as_a_reviewer_reads_it() -> None:
    assert rules_text(replace(REPORT, changes=CHANGES[1:2]), Style(width=80)) == "\n".join(
        [
            "1 rule changed",
            "! marks what lets more be written than before, writes something else, or guards",
            "less",
            "",
            "  old       main:hxrules.yaml (acme 1)",
            "  new       hxrules.yaml (acme 2)",
            "",
            "contacts",
            "  ~ direction  to-hubspot → two-way  hxrules.yaml:10 (was line 9 in main)",
            "      ! Xero may now be written: records are created and edited there.",
            "",
            "Records, looked at 2026-11-22 09:30 UTC: by the new rules against the old",
            "                     enter   leave       change",
            "  contacts to Xero       1       ·   1 to 1,234",
            "  invoices to Xero       ·       ·            1",
            "  1 enter contacts to Xero, 1 of them by being created",
            "    Jane Doe  HubSpot 101  would be created",
            "      the filter: city = Perth (hxrules.yaml:12)",
            "  1 change contacts to Xero: what is written by the old rules → by the new",
            "    Joe Bloggs  HubSpot 102, Xero x2",
            "      phone  ∅ → +61 8 5550",
            "  1 change invoices to Xero: what is written by the old rules → by the new",
            "    INV-7  HubSpot 7, Xero x7",
            "      total  1 → 2",
            "  1 contacts: would be held, and weren't",
            "    Max Muster  HubSpot 103",
            "      HX203 “Max Muster” is taken in Xero",
            "Something else.",
        ]
    )


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, unicode: bool) -> None:
    text = rules_text(REPORT, Style(width=width, unicode=unicode))
    assert [line for line in text.splitlines() if cells(line) > width] == []
    assert unicode or text.isascii()


def test_colours_only_add_to_the_text() -> None:
    import re

    coloured = rules_text(REPORT, Style(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == rules_text(REPORT, Style())
    assert coloured != rules_text(REPORT, Style())


@pytest.mark.parametrize("values", [Values.MASKED, Values.NONE])
def test_records_are_masked_and_rules_are_not(values: Values) -> None:
    for text in (
        rules_text(REPORT, Style(), values),
        rules_markdown(REPORT, values),
        str(rules_json(REPORT, values)),
    ):
        assert [name for name in NAMES if name in text] == []
        assert "city = Perth" in text
        assert "101" in text


def test_a_filter_shows_its_conditions_that_come_and_go_and_then_all_of_it() -> None:
    lines = [line.strip() for line in rules_text(REPORT, Style(width=140)).splitlines()]
    at_filter = lines.index("~ filter to-xero  hxrules.yaml:12")
    assert lines[at_filter + 1 : at_filter + 3] == ["- city = Perth", "+ phone is known"]
    assert lines[at_filter + 3].startswith("was  field-0 is known and")


def test_of_many_records_a_few_are_named_unless_all_are_asked_for() -> None:
    many = tuple(replace(MOVES[0], hubspot=str(number), label=f"Record {number}") for number in range(12))
    report = replace(REPORT, impact=Impact(WAYS, many))
    assert "… and 7 more (--all)" in rules_text(report, Style())
    assert "Record 11" in rules_text(report, Style(), everything=True)
