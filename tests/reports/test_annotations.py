"""Problems beside the line of a pull request, and for code scanning."""

from __future__ import annotations

import json
import re

import pytest

import hxrules
from hxrules.problems import Explanation, Problem, Severity, Span
from hxrules.reports import problems_github, problems_sarif


def problem(span: Span | None, summary: str = "unknown key “a,b:c”", **more: str) -> Problem:
    return Problem("HX110", summary, span=span, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            problem(
                Span("hxrules.yaml", 3, 5, 3, 13),
                cause="No such key.",
                remedy="100 % sure?\nRemove it.",
                suggestion="ab",
            ),
            "::error file=hxrules.yaml,line=3,endLine=3,col=5,endColumn=12,title=HX110 unknown key “a%2Cb%3Ac”::"
            "unknown key “a,b:c”%0ANo such key.%0A100 %25 sure?%0ARemove it.%0ADid you mean “ab”?",
        ),
        (
            problem(Span("dir, x/a.yaml", 3, 5, 9, 2), "x"),
            "::error file=dir%2C x/a.yaml,line=3,endLine=9,col=5,title=HX110 x::x",
        ),
        (
            problem(Span("a.yaml", 3, 5, 3, 5), "x"),
            "::error file=a.yaml,line=3,endLine=3,col=5,endColumn=5,title=HX110 x::x",
        ),
        (problem(None, "x", severity=Severity.WARNING), "::warning title=HX110 x::x"),
    ],
)
def test_a_problem_is_one_workflow_command(given: Problem, line: str) -> None:
    assert problems_github([given]) == line


def test_workflow_commands_stand_one_a_line_by_place() -> None:
    later, earlier = (
        problem(Span("a.yaml", 9, 1, 9, 2), "later\r\n::error::x"),
        problem(Span("a.yaml", 2, 1, 2, 2), "earlier"),
    )
    lines = problems_github([later, earlier]).split("\n")
    assert [re.sub(r".*title=", "", line)[:13] for line in lines] == ["HX110 earlier", "HX110 later%0"]
    assert problems_github([]) == ""


def test_sarif_has_every_problem_at_its_place() -> None:
    problems = [
        Problem("HX141", "unknown field", span=Span("my rules/a.yaml", 3, 5, 4, 9), suggestion="status"),
        Problem("HX110", "unknown key", span=Span("a.yaml", 1, 1, 1, 4)),
        Problem("HX150", "may be empty", severity=Severity.WARNING, span=Span("a.yaml", 2, 1, 2, 4)),
    ]
    document = problems_sarif(problems, {"HX110": Explanation("HX110", "An unknown key", "Long text.")})
    json.dumps(document)
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (document["version"], driver["name"], driver["semanticVersion"]) == ("2.1.0", "hxrules", hxrules.__version__)
    assert [rule["id"] for rule in driver["rules"]] == ["HX110", "HX141", "HX150"]
    assert driver["rules"][0]["shortDescription"] == {"text": "An unknown key"}
    assert run["columnKind"] == "unicodeCodePoints"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "my%20rules/a.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 4, "endColumn": 9}
    assert "Did you mean “status”?" in run["results"][2]["message"]["text"]


def test_sarif_takes_a_problem_without_a_place() -> None:
    (result,) = problems_sarif([problem(None, "the token is refused")])["runs"][0]["results"]
    assert "locations" not in result


def test_sarif_without_problems_is_still_a_run() -> None:
    """An empty run is what closes old alerts."""
    document = problems_sarif([])
    assert document["runs"][0]["results"] == []
