"""One type for everything that can be wrong, and the catalogue of codes with their long explanations.

A problem names its place (file, line, column) or its records (ids in both apps), the cause and the remedy. Codes are stable:
`HX1nn` ruleset, `HX2nn` records, `HX3nn` plans and runs, `HX4nn` accounts and sign-in, `HX5nn` state and lock. The texts live in
`problems.yaml` beside this file; `hxrules explain CODE` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from hxrules.records import App, RecordRef


class Span(NamedTuple):
    """A stretch of a file; lines and columns count from 1, the end is behind the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Severity(StrEnum):
    """An error stops; a warning is said and lived with."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, with its place or its records, and what to do about it."""

    code: str
    summary: str
    cause: str = ""
    remedy: str = ""
    severity: Severity = Severity.ERROR
    span: Span | None = None
    suggestion: str | None = None
    """A word to write instead; only when it is near."""
    hubspot: RecordRef | None = None
    xero: RecordRef | None = None
    sync: str | None = None
    involves: tuple[RecordRef, ...] = ()
    """Other records that have a part in it."""
    links: tuple[str, ...] = field(default=())
    """Pages of the records concerned in the apps' own user interfaces."""
    next_command: str | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sorts problems by place, then code."""
        if self.span is None:
            return ("", 0, 0, self.code, self.summary)
        return (self.span.file, self.span.line, self.span.column, self.code, self.summary)

    def ref(self, app: App) -> RecordRef | None:
        return self.hubspot if app is App.HUBSPOT else self.xero


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by place, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.order)


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


class Halt(Exception):
    """Work can't go on. Carries the problems to show and the exit code of design §0.2."""

    def __init__(self, exit_code: int, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.summary for problem in problems))
        self.exit_code = exit_code
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The long form of a code."""

    code: str
    title: str
    text: str


@lru_cache(maxsize=1)
def explanations() -> dict[str, Explanation]:
    """All codes with their long texts, in order."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = resources.files("hxrules").joinpath("problems.yaml").read_text(encoding="utf-8")
    return {
        code: Explanation(code, entry["title"], entry["text"].strip())
        for code, entry in yaml.load(text, Loader=loader).items()
    }


def near(word: str, candidates: Iterable[str], limit: int = 3, most: int | None = None) -> list[str]:
    """The candidates that `word` may be a slip of, nearest first: at most a third of its letters (and `most`) differ, case aside."""
    lowered = word.lower()
    reach = max(1, len(word) // 3)
    if most is not None:
        reach = min(reach, most)
    scored: list[tuple[int, str]] = []
    for candidate in dict.fromkeys(candidates):
        if abs(len(candidate) - len(word)) <= reach:
            distance = _distance(lowered, candidate.lower(), reach)
            if distance is not None:
                scored.append((distance, candidate))
    return [candidate for _, candidate in sorted(scored)[:limit]]


def _distance(left: str, right: str, reach: int) -> int | None:
    """Edits (insert, delete, replace, swap of neighbours) from one word to the other; `None` beyond `reach`."""
    if len(set(left).difference(right)) > reach or len(set(right).difference(left)) > reach:
        return None  # a letter that the other word lacks is an edit at least; most words end here
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > reach:
            return None
    return row[-1] if row[-1] <= reach else None
