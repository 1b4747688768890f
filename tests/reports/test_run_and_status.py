"""After a run: what was done, what failed and why, what it cost; and where all records stand (R20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import plan_factory as make
import pytest
from golden_files import same_as_golden

from hxrules.planning.plan import Action, problem_document
from hxrules.problems import Problem
from hxrules.records import App, Standing
from hxrules.reports import StandingRecord, StatusRow, Style, Values, run_text, status_records_text, status_text
from hxrules.running.run import AppCalls, Run

ROWS = [
    StatusRow("contacts", True, 4102, 3, 120, make.NOW),
    StatusRow("products", True, 310, 0, 0, make.NOW - timedelta(days=3)),
    StatusRow("invoices", False, 0, 0, 0, None),
]
PLAIN = Style()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_run_in_which_not_all_went_well_as_it_was_looked_at(width: int) -> None:
    same_as_golden(f"run-{width}.txt", run_text(make.busy_run(), Style(width=width)))


def test_the_same_run_masked() -> None:
    same_as_golden("run-masked.txt", run_text(make.busy_run(), PLAIN, Values.MASKED))


def run(changes: int, done: int, **parts: object) -> Run:
    plan = make.plan(
        *(make.change(n, f"P{n}", Action.UPDATE, App.XERO, make.field("phone", "1", "2")) for n in range(changes))
    )
    empty = Run("r1", plan, make.NOW, make.NOW + timedelta(seconds=12), {"update": done})
    return replace(empty, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("done", "first", "last"),
    [
        (run(0, 0), "Nothing to do, looked for 12 s", "Next: hxrules status"),
        (run(1, 1), "1 of 1 change made in 12 s: 1 updated", "Next: hxrules status"),
        (run(3, 3), "All 3 changes made in 12 s: 3 updated", "Next: hxrules status"),
        (
            run(3, 2, failed=(make.taken(1, "P1"),)),
            "2 of 3 changes made in 12 s: 2 updated",
            "Next: correct what fails, then hxrules apply",
        ),
        (
            run(3, 1, stopped=make.busy_run().stopped, left_over=2),
            "1 of 3 changes made in 12 s: 1 updated",
            "Next: hxrules apply, which goes on from here",
        ),
        (
            run(3, 1, stopped=Problem("HX402", "Xero refuses the token", next_command="hxrules connect"), left_over=2),
            "1 of 3 changes made in 12 s: 1 updated",
            "Next: hxrules connect, then hxrules apply, which goes on from here",
        ),
    ],
    ids=["nothing", "one", "all", "failed", "stopped", "signed out"],
)
def test_the_first_line_says_what_was_done_and_the_last_what_to_type(done: Run, first: str, last: str) -> None:
    lines = run_text(done, PLAIN).split("\n")
    assert (lines[0], lines[-1]) == (first, last)


def test_what_a_run_cost_is_told_by_app() -> None:
    text = run_text(
        run(1, 1, calls={App.HUBSPOT: AppCalls(3, 2, 1, 812, 90), App.XERO: AppCalls(1, 1, 0, 1000, 0, 61.0)}), PLAIN
    )
    assert "calls     HubSpot 3 (records: 2 read, 1 write; 812 B in, 90 B out)" in text
    assert "          Xero 1 (records: 1 read, 0 write; 1.0 kB in, 0 B out, 1 min 1 s waited for its limits)" in text


def test_the_overview_as_it_was_looked_at() -> None:
    same_as_golden("status.txt", status_text(ROWS, PLAIN, make.NOW + timedelta(minutes=7)))
    same_as_golden("status-colour.txt", status_text(ROWS, Style(colour=True)))


def test_the_overview_leads_to_failing_records_if_there_are_any() -> None:
    assert status_text(ROWS, PLAIN).endswith("Next: hxrules status --failing contacts")
    assert status_text(ROWS[1:], PLAIN).endswith("Next: hxrules dry-run")
    assert status_text([], PLAIN).startswith("No sync has run yet.")


def test_failing_records_with_cause_and_remedy_as_they_were_looked_at() -> None:
    """R20: each number opens the records behind it, each with its reason; R24's error among them."""
    rows = [
        StandingRecord(
            problem.hubspot and problem.hubspot.id, problem.xero and problem.xero.id, problem_document(problem)
        )
        for problem in (*make.busy_plan().held, make.edited_outside())
    ]
    same_as_golden("failing.txt", status_records_text("contacts", Standing.FAILING, rows, PLAIN))


def test_excluded_records_by_what_keeps_them_out_as_they_were_looked_at() -> None:
    rows = [
        StandingRecord(each.hubspot, each.xero, {"label": each.label, "reason": each.reason, "leaf": each.leaf})
        for each in make.busy_plan().excluded[110:]
    ]
    same_as_golden("excluded.txt", status_records_text("contacts", Standing.EXCLUDED, rows, PLAIN))


def test_all_records_behind_a_number_are_listed() -> None:
    rows = [StandingRecord(str(n), make.uuid(n), {}) for n in range(137)]
    text = status_records_text("contacts", Standing.IN_SYNC, rows, PLAIN)
    assert text.startswith("contacts: 137 records in sync\n")
    assert sum(line.startswith("  HubSpot ") for line in text.split("\n")) == 137
    assert status_records_text("contacts", Standing.FAILING, [], PLAIN) == "contacts: no record is failing"


def test_a_reason_that_an_older_version_wrote_is_still_shown() -> None:
    text = status_records_text("contacts", Standing.FAILING, [StandingRecord("5", None, {})], PLAIN)
    assert "HX200  it fails" in text
    assert "HubSpot 5" in text
