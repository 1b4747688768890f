"""Text is measured, shortened and made harmless for any terminal, whatever the apps hold."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.reports.style import Style, Tone, cells, count, duration, fold, listing, page, size, table
from hxrules.values import Value

ROOMS = st.integers(min_value=4, max_value=120)
TEXTS = st.text(max_size=80)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("顧客", 4),
        ("e\u0301", 1),
        ("한강", 4),
        ("\x1b[1;31mred\x1b[0m", 3),
        ("a\u200db", 2),
        ("ｗｉｄｅ", 8),
        ("", 0),
    ],
)
def test_width_is_what_a_terminal_takes(text: str, width: int) -> None:
    assert cells(text) == width


@pytest.mark.parametrize(
    ("value", "shown", "in_ascii"),
    [
        (None, "∅", "(empty)"),
        ("plain", "plain", "plain"),
        ("two\nlines", "two⏎lines", "two\\nlines"),
        ("a\tb", "a⇥b", "a\\tb"),
        ("\x1b[2Jgone", "\\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\u202eb", "a\\u202eb", "a\\u202eb"),
        ("no\xa0break", "no\\xa0break", "no\\xa0break"),
        ("Zoë", "Zoë", "Zo\\xeb"),
        ("a → b", "“a → b”", '"a -> b"'),
        ("∅", "“∅”", '"(empty)"'),
        ("true", "“true”", '"true"'),
        (True, "true", "true"),
        (False, "false", "false"),
        (Decimal("1234.50"), "1234.5", "1234.5"),
        (date(2026, 11, 22), "2026-11-22", "2026-11-22"),
        (datetime(2026, 11, 22, 3, 4, tzinfo=UTC), "2026-11-22T03:04:00Z", "2026-11-22T03:04:00Z"),
        ("😀", "😀", "\\U0001f600"),
    ],
)
def test_a_value_is_shown_without_doubt(value: Value, shown: str, in_ascii: str) -> None:
    assert Style().value(value) == shown
    assert Style(unicode=False).value(value) == in_ascii


@given(TEXTS)
def test_nothing_said_moves_the_cursor_or_turns_the_text_around(text: str) -> None:
    said = Style().say(text)
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in said)
    assert not set(said) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@given(TEXTS)
def test_without_unicode_everything_is_ascii(text: str) -> None:
    said = Style(unicode=False).say(text)
    assert said.isascii()
    assert said.isprintable() or not said


@given(TEXTS, ROOMS, st.booleans())
def test_shortened_text_fits_and_keeps_both_ends(text: str, room: int, unicode: bool) -> None:
    style = Style(unicode=unicode)
    said = style.say(text)
    short = style.shorten(said, room)
    assert cells(short) <= room
    if cells(said) <= room:
        assert short == said
    else:
        head, _, tail = short.partition(style.dots)
        assert said.startswith(head)
        assert said.endswith(tail)


def test_a_letter_and_its_accent_are_not_parted() -> None:
    assert Style().shorten("aaaaaaae\u0301bcd", 8) == "aaaa…bcd"
    assert Style().shorten("e\u0301" * 9, 4) == "e\u0301" * 2 + "…" + "e\u0301"


@given(TEXTS, TEXTS, ROOMS)
def test_both_values_of_a_change_fit(before: str, after: str, room: int) -> None:
    old, new = Style().change(before, after, room)
    assert cells(old) <= room
    assert cells(new) <= room


@given(
    st.text("abcdefghij ", min_size=30, max_size=200),
    st.text("abcdefghij ", min_size=30, max_size=200),
    st.sampled_from(["old", "gone"]),
    st.sampled_from(["new", "fresh"]),
    st.integers(min_value=24, max_value=60),
)
def test_the_words_that_differ_survive_shortening(lead: str, trail: str, old: str, new: str, room: int) -> None:
    """Two long texts that differ in one word are never shortened to the same thing."""
    shown_old, shown_new = Style().change(f"{lead}<{old}>{trail}", f"{lead}<{new}>{trail}", room)
    assert shown_old != shown_new
    assert f"<{new}>" in shown_new or new in shown_new


@given(st.lists(st.lists(st.text("ab顧", max_size=6), min_size=3, max_size=3), min_size=1, max_size=6))
def test_columns_line_up(rows: list[list[str]]) -> None:
    widths = [max(cells(row[place]) for row in rows) for place in range(3)]
    for row, line in zip(rows, table(rows, right=(1,)), strict=True):
        assert line == line.rstrip()
        assert cells(line) <= sum(widths) + 4
        if row[2]:
            assert cells(line) - cells(row[2]) == widths[0] + widths[1] + 4


@given(st.lists(st.text("abc ", max_size=12), max_size=12), st.integers(min_value=8, max_value=40))
def test_folding_keeps_all_words_in_order(parts: list[str], width: int) -> None:
    text = " ".join(parts)
    lines = fold(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(cells(line) <= width or " " not in line for line in lines)


@given(st.lists(st.sampled_from(["", "a", "b  ", "   "]), max_size=20))
def test_a_page_has_no_trailing_blanks_and_single_gaps(lines: list[str]) -> None:
    text = page(lines)
    assert "\n\n\n" not in text
    assert text == text.strip("\n")
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_colour_is_only_there_when_it_is_on() -> None:
    assert Style(colour=True).paint("x", Tone.STRONG, Tone.BAD) == "\x1b[1;31mx\x1b[0m"
    assert Style(colour=False).paint("x", Tone.STRONG, Tone.BAD) == "x"
    assert Style(colour=True).paint("", Tone.BAD) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_durations_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (812, "812 B"), (48_120, "48.1 kB"), (910_004, "910 kB"), (1_234_567, "1.2 MB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_counts_and_lists_read_as_english() -> None:
    assert [count(0, "record"), count(1, "record"), count(1234, "record")] == ["0 records", "1 record", "1,234 records"]
    assert [listing([]), listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
