"""Whole rulesets: every file in `valid/` means something, every file in `invalid/` is refused with exactly the problems beside it.

An `.expected` file has a line per problem: code, severity, place (with the end), and the suggestion, if any; below it, indented, what
is said: the summary, the cause and the remedy. `REWRITE=1 pytest tests/language/test_rulesets.py` writes the files
anew: read the difference word by word before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Ruleset
from hxrules.language.source import decode
from hxrules.problems import Problem, Severity, explanations

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = sorted((HERE / "valid").glob("*.yaml"))


def load(path: Path) -> tuple[Ruleset | None, list[Problem]]:
    """As the command line does, with other files beside `path` at hand."""

    def bases(name: str) -> tuple[str, str] | None:
        if name.endswith(".yaml"):
            other = path.parent / name
            return (other.read_text(encoding="utf-8"), name) if other.is_file() else None
        return shipped.base(name)

    text, problems = decode(path.read_bytes(), path.name)
    if text is None:
        return None, problems
    return load_ruleset(text, path.name, load_catalogue(), bases)


def report(problems: list[Problem], file: str) -> Iterator[str]:
    for problem in problems:
        span = problem.span
        assert span is not None, problem
        where = "" if span.file == file else f"{span.file}:"
        words = [
            problem.code,
            problem.severity.value,
            f"{where}{span.line}:{span.column}-{span.end_line}:{span.end_column}",
        ]
        yield " ".join([*words, f"→ {problem.suggestion}"] if problem.suggestion else words)
        yield from (f"    {said}" for said in (problem.summary, problem.cause, problem.remedy) if said)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_ruleset_is_refused_with_exactly_these_problems(path: Path) -> None:
    _, problems = load(path)
    found = "\n".join(report(problems, path.name)) + "\n"
    expected = path.with_suffix(".expected")
    if os.environ.get("REWRITE"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_errors_leave_no_ruleset_and_warnings_leave_one(path: Path) -> None:
    ruleset, problems = load(path)
    assert problems
    assert (ruleset is None) == any(problem.severity is Severity.ERROR for problem in problems)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_problem_says_what_to_do_and_has_a_long_form(path: Path) -> None:
    for problem in load(path)[1]:
        assert problem.remedy.endswith((".", "`", ")")), problem
        assert problem.code in explanations()


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_ruleset_has_no_problem_at_all(path: Path) -> None:
    ruleset, problems = load(path)
    assert problems == []
    assert ruleset is not None
    assert ruleset.syncs


def test_every_code_of_the_language_is_shown_by_a_case() -> None:
    """HX100 to HX159 in the catalogue of problems are what the invalid rulesets raise; from HX160 on it is about other files."""
    raised = {problem.code for path in INVALID for problem in load(path)[1]}
    known = {code for code in explanations() if "HX100" <= code < "HX160"}
    assert known == raised


def test_there_are_enough_cases_and_none_is_in_a_validators_own_words() -> None:
    """What jsonschema, libyaml and Lark say about their own insides helps nobody who writes a ruleset."""
    assert len(INVALID) >= 200
    for path in INVALID:
        said = path.with_suffix(".expected").read_text(encoding="utf-8")
        for words in (
            "given schemas",
            "not valid under",
            "Failed validating",
            "does not match",
            "not of type",
            "Token(",
        ):
            assert words not in said, path


def test_ten_mistakes_are_ten_problems() -> None:
    _, problems = load(HERE / "invalid" / "ten_mistakes.yaml")
    assert len(problems) == 10
    assert len({problem.code for problem in problems}) >= 8
