"""A problem shows its line with the caret under the very place, why, and what to do."""

from __future__ import annotations

import pytest
from golden_files import same_as_golden
from hypothesis import given
from hypothesis import strategies as st

from hxrules.problems import Problem, Severity, Span
from hxrules.records import App, RecordRef
from hxrules.reports import Style, Values, problems_text
from hxrules.reports.problems import SHOWN
from hxrules.reports.style import cells

FILE = "hxrules.yaml"
LONG = "    filter: " + " and ".join(f"status != draft{number}" for number in range(30))
SOURCE = f"hxrules: 1\nsyncs:\n  contacts:\n\tdirecton: two-way # 顧客\n    顧客: naïve\xa0value\r\n{LONG}\n"
SOURCES = {FILE: SOURCE}


def span(line: int, column: int, end_column: int, end_line: int | None = None) -> Span:
    return Span(FILE, line, column, end_line or line, end_column)


def problems() -> list[Problem]:
    """One of each kind, not in order."""
    far = LONG.index("draft20") + 1
    return [
        Problem(
            "HX142",
            "“draft20” is no status of a HubSpot invoice",
            cause="The catalogue knows draft, open, paid and voided.",
            remedy="Write one of them.",
            span=span(6, far, far + 7),
            suggestion="draft",
        ),
        Problem(
            "HX110",
            "unknown key “directon”",
            cause="A sync has no key of that name.",
            remedy="Write one of: direction, conflict, filters, mappings, custom-mappings, enabled, started.",
            span=span(4, 2, 10),
            suggestion="direction",
        ),
        Problem(
            "HX152",
            "“顧客” is no property",
            "The account may have it all the same.",
            "Check it.",
            Severity.WARNING,
            span(5, 5, 7),
        ),
        Problem("HX103", "an anchor", span=span(2, 1, 5, end_line=5)),
        Problem("HX111", "the key “accounts” is missing", remedy="Add it.", span=span(7, 1, 1)),
        Problem(
            "HX203",
            "Jane Doe: name is taken in Xero",
            cause="“Jane Doe” is the name of Xero 00000005-7b11-4a4c-9d6b-5d7c4b7c2f10, and Xero allows each only once.",
            remedy="Rename one of them.",
            hubspot=RecordRef(App.HUBSPOT, "contacts", "501"),
            sync="contacts",
            links=("https://app.hubspot.com/contacts/1234567/record/0-1/501",),
        ),
    ]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_all_kinds_of_problems_as_they_were_looked_at(width: int) -> None:
    same_as_golden(f"problems-{width}.txt", problems_text(problems(), SOURCES, Style(width=width)))


def test_the_same_in_ascii_and_in_colour() -> None:
    plain = problems_text(problems(), SOURCES, Style(unicode=False, width=80))
    assert plain.isascii()
    same_as_golden("problems-ascii.txt", plain)
    same_as_golden("problems-colour.txt", problems_text(problems(), SOURCES, Style(colour=True, width=80)))


@pytest.mark.parametrize(
    ("line", "place", "marked"),
    [
        ("name: x", (1, 5), "name"),
        ("\tname: x", (2, 6), "name"),
        ("a\tb: x", (3, 4), "b"),
        ("顧客: x", (5, 6), "x"),
        ("e\u0301e: x", (3, 4), "e"),
        ("a\x07b: x", (3, 4), "b"),
        ("a\u200bb: x", (3, 4), "b"),
        (f"{'x' * 300} here {'y' * 300}", (302, 306), "here"),
        ("end", (4, 4), ""),
        ("end", (9, 12), ""),
    ],
)
def test_carets_stand_under_the_place(line: str, place: tuple[int, int], marked: str) -> None:
    problem = Problem("HX110", "x", span=Span(FILE, 1, *place[:1], 1, place[1]))
    shown, carets = problems_text([problem], {FILE: line}, Style(width=80)).split("\n")[3:5]
    start = cells(carets[: carets.index("^")])
    length = carets.count("^")
    seen, column = "", 0
    for char in shown:
        if start <= column < start + length and cells(char):
            seen += char
        column += cells(char)
    assert seen.strip() == marked
    assert cells(shown) <= 80


@given(st.text(max_size=120), st.integers(1, 130), st.integers(0, 40), st.integers(20, 140))
def test_no_line_and_no_place_breaks_the_excerpt(line: str, column: int, length: int, width: int) -> None:
    """Whatever stands in the file, the excerpt is one line, fits, and the carets stay within it."""
    problem = Problem("HX110", "x", span=Span(FILE, 1, column, 1, column + length))
    first, *_ = line.replace("\r", "\n").split("\n")
    lines = problems_text([problem], {FILE: line}, Style(width=width)).split("\n")
    assert lines[1] == f" --> {FILE}:1:{column}"
    assert lines[3].startswith("1 │")
    assert cells(lines[3]) <= max(width, 24)
    assert "^" in lines[4]
    assert cells(lines[4]) <= max(width, 24) + 1
    assert len(lines) == 7, first


def test_more_than_fifty_are_counted_not_shown() -> None:
    many = [Problem("HX110", f"number {number}", span=span(1, 1, 2)) for number in range(SHOWN + 7)]
    text = problems_text(many, SOURCES, Style())
    assert text.count("error[HX110]") == SHOWN
    assert "… and 7 more problems." in text
    assert text.endswith(f"57 problems in {FILE}: 57 errors")


def test_the_last_line_counts_by_kind_and_names_the_file() -> None:
    assert problems_text(problems()[:3], SOURCES, Style()).endswith(f"3 problems in {FILE}: 2 errors, 1 warning")
    elsewhere = [*problems()[:1], Problem("HX110", "x", span=Span("other.yaml", 1, 1, 1, 2))]
    assert problems_text(elsewhere, SOURCES, Style()).endswith("2 problems in 2 files: 2 errors")


def test_a_file_without_text_still_shows_the_place() -> None:
    text = problems_text([Problem("HX100", "it can't be read", span=span(3, 4, 5))], {}, Style())
    assert text == f"error[HX100]: it can't be read\n --> {FILE}:3:4\n\n1 problem in {FILE}: 1 error"


def test_one_problem_without_a_place_needs_no_count() -> None:
    assert (
        problems_text([Problem("HX401", "the token is refused")], {}, Style()) == "error[HX401]: the token is refused"
    )


def test_nothing_wrong_is_nothing_said() -> None:
    assert problems_text([], {}, Style()) == ""


def test_records_problems_are_masked_and_rulesets_are_not() -> None:
    text = problems_text(problems(), SOURCES, Style(), Values.MASKED)
    assert "Jane" not in text
    assert "HubSpot contacts 501" in text
    assert "“draft20”" in text
