"""Problems where reviewers look: as GitHub annotations on a pull request, and as SARIF 2.1.0 for code scanning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from hxrules import __version__
from hxrules.problems import Explanation, Problem, Span, in_order

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def problems_github(problems: Iterable[Problem]) -> str:
    """Workflow commands, one a line (`::error file=…,line=…,col=…::…`): GitHub shows each beside its line of the diff."""
    return "\n".join(map(_command, in_order(problems)))


def _command(problem: Problem) -> str:
    properties = {**_where(problem.span), "title": f"{problem.code} {problem.summary}"}
    named = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{problem.severity.value} {named}::{_data(_message(problem))}"


def _where(span: Span | None) -> dict[str, object]:
    if span is None:
        return {}
    where: dict[str, object] = {"file": span.file, "line": span.line, "endLine": span.end_line, "col": span.column}
    if span.end_line == span.line:
        # GitHub counts the last marked column in; and it takes columns only within one line.
        where["endColumn"] = max(span.column, span.end_column - 1)
    return where


def _message(problem: Problem) -> str:
    return "\n".join(filter(None, (problem.summary, problem.cause, problem.remedy, _did_you_mean(problem))))


def _did_you_mean(problem: Problem) -> str:
    return f"Did you mean “{problem.suggestion}”?" if problem.suggestion else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def problems_sarif(problems: Iterable[Problem], explained: Mapping[str, Explanation] | None = None) -> dict[str, Any]:
    """One SARIF run; `explained` (`problems.explanations()`) gives the rules their titles and long texts."""
    ordered = in_order(problems)
    codes = sorted({problem.code for problem in ordered})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "hxrules",
                        "semanticVersion": __version__,
                        "rules": [_rule(code, (explained or {}).get(code)) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, codes.index(problem.code)) for problem in ordered],
            }
        ],
    }


def _rule(code: str, explanation: Explanation | None) -> dict[str, Any]:
    if explanation is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": explanation.title},
        "help": {"text": explanation.text},
    }


def _result(problem: Problem, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": problem.severity.value,
        "message": {"text": _message(problem)},
    }
    if problem.span is not None:
        span = problem.span
        region = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
        place = {"artifactLocation": {"uri": quote(span.file.replace("\\", "/"))}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result
