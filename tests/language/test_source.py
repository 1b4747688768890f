"""YAML as rulesets use it: strict scalars, nothing hidden, and every refusal at its place."""

from __future__ import annotations

from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.language.nodes import MappingNode
from hxrules.language.source import MAX_BYTES, MAX_DEPTH, decode, parse

SCALARS = [
    ("true", True), ("false", False), ("null", None), ("", None),
    ("0", 0), ("-7", -7), ("12", 12), ("9" * 18, int("9" * 18)),
    ("1.50", Decimal("1.50")), ("-0.1", Decimal("-0.1")),
    ("'12'", "12"), ('"true"', "true"), ('""', ""), ("|-\n  12", "12"),
    *((word, word) for word in (
        "NO", "no", "on", "off", "yes", "True", "TRUE", "Null", "~", "012", "1e3", "0x1F", "0o17", "1_000", "+1", ".5", "5.", ".inf",
        ".nan", "2025-09-03", "2025-09-03T10:00:00Z", "12:30:00", "30%", "60s", "=", "9" * 19,
    )),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), SCALARS)
def test_only_true_false_null_integers_and_decimals_are_not_text(written: str, meant: object) -> None:
    root, problems = parse(f"a: {written}\n", "f")
    assert problems == []
    assert root is not None
    assert root.plain == {"a": meant}
    assert type(root.plain["a"]) is type(meant)  # type: ignore[index, call-overload]


def test_keys_are_always_text() -> None:
    root, _ = parse("1: a\ntrue: b\nnull: c\non: d\n2025-09-03: e\n", "f")
    assert isinstance(root, MappingNode)
    assert list(root.entries) == ["1", "true", "null", "on", "2025-09-03"]


def test_a_duplicate_key_names_both_places() -> None:
    _, problems = parse("a:\n  b: 1\n  'b': 2\n  b: 3\n", "f")
    assert [(each.code, each.span and each.span[1:3]) for each in problems] == [("HX102", (3, 3)), ("HX102", (4, 3))]
    assert all("line 2, column 3" in each.cause for each in problems)


def test_all_that_yaml_can_hide_is_refused_at_once() -> None:
    _, problems = parse("a: &x 1\nb: *x\nc: !!str 3\nd: !mine {e: 1}\n<<: {f: 1}\n&y g: [*x, *y]\n", "f")
    assert [(each.code, each.span and each.span[1:]) for each in problems] == [
        ("HX103", (1, 4, 1, 6)),
        ("HX103", (2, 4, 2, 6)),
        ("HX103", (3, 4, 3, 9)),
        ("HX103", (4, 4, 4, 9)),
        ("HX103", (5, 1, 5, 3)),
        ("HX103", (6, 1, 6, 3)),
        ("HX103", (6, 8, 6, 10)),
        ("HX103", (6, 12, 6, 14)),
    ]


def test_fifty_levels_are_read_and_the_next_is_refused() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f")[1] == []
    root, problems = parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f")
    assert root is None
    assert [(each.code, each.span and each.span.column) for each in problems] == [("HX104", MAX_DEPTH + 1)]


@pytest.mark.parametrize(
    ("raw", "line", "column", "says"),
    [
        (b"a: \xff\n", 1, 4, "0xff"),
        ("é: 1\nb: ü".encode() + b"\xc3", 2, 5, "0xc3"),
        ("a: 1".encode("utf-16"), 1, 1, "UTF-16"),
        (b"a" * (MAX_BYTES + 1), 1, 1, "1.0 MB"),
    ],
)
def test_a_file_that_is_no_text_is_refused(raw: bytes, line: int, column: int, says: str) -> None:
    text, problems = decode(raw, "f")
    assert text is None
    assert [(each.code, each.span and each.span[1:3]) for each in problems] == [("HX100", (line, column))]
    assert says in problems[0].cause


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfa: 1", "f") == ("a: 1", [])


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: 1\nb\0: 2", (2, 2)), ("a: \x1b[31m", (1, 4)), ("a: \ud800", (1, 4)), ("\x85\ufffe", (1, 2))],
)
def test_a_character_that_yaml_does_not_know_is_refused_at_its_place(text: str, place: tuple[int, int]) -> None:
    root, problems = parse(text, "f")
    assert root is None
    assert [(each.code, each.span and each.span[1:3]) for each in problems] == [("HX100", place)]


def test_a_text_over_one_megabyte_is_refused() -> None:
    _, problems = parse("#" * (MAX_BYTES + 1), "f")
    assert [each.code for each in problems] == ["HX100"]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_text_or_a_problem(raw: bytes) -> None:
    text, problems = decode(raw, "f")
    assert (text is None) == bool(problems)


HUNDRED_KILOBYTES = {
    "brackets": "[" * 100_000,
    "braces": "{" * 100_000,
    "dashes": "- " * 50_000,
    "question marks": "? " * 50_000,
    "anchors": "&a " * 33_000,
    "tags": "!a " * 33_000,
    "aliases": "[" + "*a," * 33_000 + "]",
    "one key": "a: 1\n" * 20_000,
    "many keys": "\n".join(f"k{number}: 1" for number in range(10_000)),
    "blanks in quotes": "a: '" + " " * 100_000 + "'",
    "lines in a block": "a: |\n" + " \n" * 49_000,
    "a long key": "a" * 100_000 + ": 1",
    "comments": "#\n" * 50_000,
    "open quotes": "a: '" + "x\n" * 50_000,
}


@pytest.mark.parametrize("name", HUNDRED_KILOBYTES)
def test_a_hundred_kilobytes_of_malice_take_less_than_a_second(name: str) -> None:
    begun = process_time()
    parse(HUNDRED_KILOBYTES[name], "f")
    assert process_time() - begun < 1
