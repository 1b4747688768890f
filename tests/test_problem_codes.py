"""Every code that hxrules can say has its long form, and every long form is of a code that can be said."""

from __future__ import annotations

import re
from pathlib import Path

from hxrules.cli import run
from hxrules.problems import explanations, near

ROOT = Path(__file__).parents[1]
SOURCES = [*(ROOT / "hxrules").rglob("*.py"), *(ROOT / "schemas").glob("*.json")]


def test_codes_and_texts_are_the_same_set() -> None:
    """`hxrules explain CODE` knows all codes of the source, and no others."""
    said = {
        code
        for path in SOURCES
        if "sandbox" not in path.parts
        for code in re.findall(r"\"(HX\d{3})\"", path.read_text(encoding="utf-8"))
    }
    assert sorted(said) == sorted(explanations())


def test_every_text_says_what_to_do() -> None:
    assert [code for code, each in explanations().items() if "What to do:" not in each.text] == []


def test_explain_prints_the_long_form(capsys: object) -> None:
    """In any case of the letters; a slip gets a suggestion and 64."""
    assert run(["explain", "hx203"]) == 0
    assert run(["explain", "HX20"]) == 64


def test_suggestions_are_near_or_none() -> None:
    """At most a third of the letters differ; a swap of neighbours counts as one."""
    assert near("emial", ["email", "name"]) == ["email"]
    assert near("drafft", ["draft", "paid", "open"]) == ["draft"]
    assert near("nonsense", ["email", "name"]) == []
