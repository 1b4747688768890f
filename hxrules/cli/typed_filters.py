"""A condition that somebody types, checked at once by the language itself, before there is a ruleset around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.cli.rulesets import Loaded, RulesetHalt
from hxrules.language.compile import load_ruleset
from hxrules.language.filters import compile_filter
from hxrules.language.nodes import Source
from hxrules.problems import Problem, Span, has_errors
from hxrules.records import App


@cache
def _types() -> Mapping[str, Mapping[App, str]]:
    """The record types of each sync, as the base says them: of a ruleset that comes with hxrules and has all syncs."""
    found, _ = load_ruleset(shipped.ruleset("mirror-xero"), "mirror-xero.yaml", load_catalogue(), shipped.base)
    assert found is not None
    return {sync.name: sync.types for sync in found.syncs}


class _Typed:
    """The text, as a source that knows where it was typed."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self._source = Source(text, where)

    def span(self, start: int, end: int) -> Span:
        return self._source.span(start, end)


def checked_filter(sync: str, target: App, text: str, where: str) -> list[Problem]:
    """The warnings about a filter of `sync` towards `target`. Raises `Halt` (3) with its errors, placed in what was typed; `where` is
    shown as the file."""
    catalogue = load_catalogue()
    info = catalogue.type(target.other, _types()[sync][target.other])
    _, problems = compile_filter(_Typed(text, where), info, catalogue, lambda name: None)
    if has_errors(problems):
        raise RulesetHalt(3, problems, Loaded(Path(where), None, problems, {where: text}))
    return problems
