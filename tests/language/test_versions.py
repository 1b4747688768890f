"""Older versions of the language are rewritten by `hxrules fmt --upgrade`, never read by guessing; newer ones are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.layout import formatted
from hxrules.language.model import Ruleset, Subscription
from hxrules.language.outline import comments
from hxrules.language.source import parse
from hxrules.language.versions import CURRENT, DEPRECATED, STEPS, upgraded
from hxrules.problems import Problem, Severity

HERE = Path(__file__).parent / "upgrade"
OLD = sorted(HERE.glob("*.before.yaml"))
SMALLEST = "hxrules: 1\nname: a\nversion: '1'\nextends: xero-data-sync@1\nsyncs: {contacts: {direction: two-way}}\n"


def load(text: str) -> tuple[Ruleset | None, list[Problem]]:
    return load_ruleset(text, "rules.yaml", load_catalogue(), shipped.base)


def said_comments(text: str) -> list[str]:
    root, _ = parse(text, "f")
    assert root is not None
    return comments(root)


def test_every_older_version_has_a_step_and_a_file_before_and_after() -> None:
    assert sorted(STEPS) == list(range(CURRENT)) == [int(path.name.partition(".")[0]) for path in OLD]


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name.partition(".")[0])
def test_an_older_text_becomes_exactly_this_one(path: Path) -> None:
    before = path.read_text(encoding="utf-8")
    after = path.with_name(path.name.replace(".before.", ".after.")).read_text(encoding="utf-8")
    assert upgraded(before, "f").text == after
    assert upgraded(after, "f").text == after
    assert said_comments(after) == said_comments(before)
    assert len(after.splitlines()) == len(before.splitlines())


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.name.partition(".")[0])
def test_the_result_is_valid_and_keeps_its_meaning_when_it_is_laid_out(path: Path) -> None:
    after = upgraded(path.read_text(encoding="utf-8"), "f").text
    ruleset, problems = load(after)
    assert problems == []
    assert ruleset is not None
    laid_out, _ = load(formatted(after))
    assert laid_out is not None
    assert laid_out.digest == ruleset.digest


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_older_text_is_one_problem_that_names_the_command(line_end: str) -> None:
    """Nothing else is said about it: what version 0 calls otherwise would all be wrong."""
    text = (HERE / "0.before.yaml").read_text(encoding="utf-8").replace("\n", line_end)
    ruleset, (problem,) = load(text)
    assert ruleset is None
    assert (problem.code, str(problem.span)) == ("HX114", "rules.yaml:2:10")
    assert problem.next_command == "hxrules fmt --upgrade rules.yaml"
    assert upgraded(text, "f").text == (HERE / "0.after.yaml").read_text(encoding="utf-8").replace("\n", line_end)


def test_an_older_ruleset_that_another_extends_is_named_by_its_own_file() -> None:
    text = SMALLEST.replace("xero-data-sync@1", "our company.yaml")
    base = SMALLEST.replace("hxrules: 1", "hxrules: 0")

    def bases(name: str) -> tuple[str, str] | None:
        return (base, name) if name == "our company.yaml" else shipped.base(name)

    _, (problem,) = load_ruleset(text, "rules.yaml", load_catalogue(), bases)
    assert str(problem.span) == "our company.yaml:1:10"
    assert problem.next_command == "hxrules fmt --upgrade 'our company.yaml'"


@pytest.mark.parametrize("version", ["2", "17", "99999999999999999"])
def test_a_newer_version_is_refused_and_nothing_else_is_said(version: str) -> None:
    ruleset, (problem,) = load(SMALLEST.replace("hxrules: 1", f"hxrules: {version}\nunheard-of: yes"))
    assert ruleset is None
    assert problem.code == "HX114"
    assert "newer" in problem.remedy
    assert problem.suggestion is None
    assert upgraded(SMALLEST.replace("1", version, 1), "f").edits == ()


@pytest.mark.parametrize("version", ['"1"', "one", "1.1", "-1", "true", "null", "[1]"])
def test_what_is_no_version_is_not_taken_for_one(version: str) -> None:
    ruleset, (problem,) = load(SMALLEST.replace("hxrules: 1", f"hxrules: {version}"))
    assert ruleset is None
    assert (problem.code, problem.suggestion) == ("HX114", "1")


def test_a_ruleset_without_a_version_is_refused() -> None:
    ruleset, (problem,) = load(SMALLEST.replace("hxrules: 1\n", ""))
    assert ruleset is None
    assert (problem.code, problem.summary) == ("HX111", "the ruleset has no `hxrules`")


@pytest.mark.parametrize(
    ("old", "new", "problem", "place"),
    [
        ("limits: {to-xero: emial is known}", "filters", "HX141", (7, 23, 28)),
        ("prefer: hubspto", "conflict", "HX113", (7, 13, 20)),
        ("without: [email]", "mappings", "HX139", (7, 15, 20)),
        ("without: [colour, phone]", "mappings", "HX110", (7, 15, 21)),
        ("without: [phone, size]", "mappings", "HX110", (7, 22, 26)),
        ("without: {phone: off, size: on}", "mappings", "HX131", (7, 27, 31)),
        ("custom-mappings: {a: {source: abn, target: TaxNumber}}", "custom-mappings", "HX132", (7, 23, 24)),
    ],
)
def test_what_is_wrong_in_the_result_is_shown_where_it_stands_in_the_old_file(
    old: str, new: str, problem: str, place: tuple[int, int, int]
) -> None:
    text = (
        "hxrules: 0\nname: a\nversion: '1'\nextends: xero-data-sync\nsyncs:\n  contacts: # who\n"
        f"    {old}\n    direction: both\n"
    )
    newer = upgraded(text, "rules.yaml")
    assert new in newer.text
    _, found = load(newer.text)
    (wrong,) = [replace(each, span=each.span and newer.place(each.span)) for each in found]
    assert wrong.span is not None
    assert (wrong.code, (wrong.span.line, wrong.span.column, wrong.span.end_column)) == (problem, place)


def test_every_place_of_a_text_that_stays_is_a_place_of_the_old_one() -> None:
    """Of what no edit touched, each character has the place that it had."""
    text = (HERE / "0.before.yaml").read_text(encoding="utf-8")
    newer = upgraded(text, "f")
    root, _ = parse(newer.text, "f")
    assert root is not None
    for number, line in enumerate(newer.text.splitlines(), 1):
        old_line = text.splitlines()[number - 1]
        if "#" in line:
            at, old_at = line.index("#") + 1, old_line.index("#") + 1
            span = newer.place(root.place._replace(line=number, column=at, end_line=number, end_column=len(line) + 1))
            assert (span.line, span.column, span.end_column) == (number, old_at, len(old_line) + 1)


def test_places_of_other_files_are_left_alone() -> None:
    newer = upgraded(SMALLEST, "f")
    root, _ = parse(SMALLEST, "other")
    assert root is not None
    assert newer.place(root.place) == root.place


def test_what_is_no_yaml_or_no_mapping_is_left_alone() -> None:
    for text in ("", "hxrules: [", "- hxrules: 0", "hxrules: 0\nhxrules: 0", "a: 1", "hxrules: [0]"):
        assert upgraded(text, "f").text == text


# --- deprecations --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deprecated", DEPRECATED, ids=lambda each: each.word)
def test_a_deprecated_word_is_read_with_a_warning_at_its_place(deprecated: object) -> None:
    each = next(one for one in DEPRECATED if one is deprecated)
    text = SMALLEST + f"accounts: {{hubspot: {{subscription: {each.word}}}}}\n"
    ruleset, (problem,) = load(text)
    assert ruleset is not None
    assert ruleset.accounts.subscription is Subscription(each.instead)
    assert (problem.code, problem.severity, problem.suggestion) == ("HX116", Severity.WARNING, each.instead)
    assert (problem.span and problem.span.line, problem.span and problem.span.column) == (6, 36)
    assert str(each.since) in problem.summary
    assert str(each.until) in problem.cause
    newer = upgraded(text, "f").text
    assert newer == text.replace(each.word, each.instead)
    again, problems = load(newer)
    assert problems == []
    assert again is not None
    assert again.digest == ruleset.digest


def test_deprecated_words_have_a_year_of_grace_and_are_no_words_of_the_schema() -> None:
    schema = shipped.schema("ruleset.v1")
    for each in DEPRECATED:
        assert each.until.toordinal() - each.since.toordinal() >= 365
        assert each.since >= date(2026, 1, 1)
        assert f'"{each.word}"' not in schema
        assert f'"{each.instead}"' in schema
