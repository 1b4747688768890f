"""What is fuzzed, and what must hold for any input at all: no exception, and only problems that a person can use.

An input is text that somebody may hand to hxrules: a ruleset, a filter, a saved plan. Each target raises where its promise is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from hxrules import reports, shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.filter_layout import lines, one_line, tree_of
from hxrules.language.filter_syntax import parse as parse_filter
from hxrules.language.filters import compile_filter
from hxrules.language.layout import formatted
from hxrules.language.model import Ruleset
from hxrules.language.outline import comments
from hxrules.language.source import decode, parse
from hxrules.language.versions import upgraded
from hxrules.planning.plan_file import BadPlan, read_plan
from hxrules.problems import Problem, explanations, has_errors
from hxrules.records import App
from tests.fuzz.limits import timed
from tests.language.examples import Text

FILE = "fuzzed.yaml"
STYLE = reports.Style(colour=False, unicode=True, width=100)
TYPES = [(app, name) for app in App for name in load_catalogue().names(app)]


def load(text: str) -> tuple[Ruleset | None, list[Problem]]:
    """As the command line loads a file with this text."""
    decoded, problems = decode(text.encode("utf-8", "surrogatepass"), FILE)
    return (None, problems) if decoded is None else load_ruleset(decoded, FILE, load_catalogue(), shipped.base)


def loader(text: str) -> None:
    """A ruleset, or errors; every problem has a place in the file, a code that can be explained, and can be shown."""
    ruleset, problems = timed(load, text)
    assert (ruleset is None) == has_errors(problems)
    body = text.removeprefix("\ufeff")
    for problem in problems:
        assert problem.code in explanations()
        assert problem.summary
        span = problem.span
        assert span is not None
        if span.file == FILE and problem.code != "HX100":
            assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
            assert span.end_line <= body.count("\n") + body.count("\r") + 1
    assert timed(reports.problems_text, problems, {FILE: body}, STYLE) or not problems


def grammar(text: str) -> None:
    """A filter, or errors, on records of every type; and one that can be read is laid out without becoming another."""
    info = load_catalogue().type(*TYPES[len(text) % len(TYPES)])
    found, problems = timed(compile_filter, Text(text), info, load_catalogue(), lambda name: None)
    assert (found is None) == has_errors(problems)
    tree = tree_of(text)
    if tree is not None:
        flat = one_line(tree, text)
        for other in (flat, "\n".join(lines(tree, text, 40))):
            again = tree_of(other)
            assert again is not None
            assert one_line(again, other) == flat
    if found is not None:
        assert found.python


def layout(text: str) -> None:
    """Any text: formatting is idempotent. A valid ruleset: meaning and comments stay, also through an upgrade."""
    before, _ = load(text)
    written = timed(formatted, text)
    assert formatted(written) == written
    if before is not None:
        after, _ = load(written)
        assert after is not None
        assert after.digest == before.digest
    if written != text:
        one, other = (parse(each, FILE)[0] for each in (text, written))
        assert one is not None
        assert other is not None
        assert sorted(comments(one)) == sorted(comments(other))
    newer = timed(upgraded, text, FILE)
    for problem in load(newer.text)[1]:
        assert problem.span is not None
        newer.place(problem.span)


def plan_reader(text: str) -> None:
    """A plan that can be shown, or one problem of three kinds."""
    try:
        saved = timed(read_plan, text, "plan.json")
    except BadPlan as bad:
        problem = bad.problem
    else:
        assert saved.plan.id
        return
    assert problem.code in ("HX303", "HX304", "HX305")
    assert len(problem.cause) < 2_000


TARGETS: dict[str, Callable[[str], None]] = {
    "loader": loader,
    "grammar": grammar,
    "layout": layout,
    "plan-reader": plan_reader,
}


@lru_cache(maxsize=1)
def warm_up() -> None:
    """Everything is imported and compiled once, so that the first input isn't blamed for it."""
    for target in TARGETS.values():
        target("hxrules: 1")


def forget() -> None:
    """Filters are kept once they are parsed; a thousand large ones are no memory that hxrules needs."""
    parse_filter.cache_clear()
