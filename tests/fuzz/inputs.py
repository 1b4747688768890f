"""Inputs for the fuzzer: what people wrote, damaged; what the grammars allow, at random; and little things, very many of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

from hxrules import shipped
from hxrules.planning.observations import Observations
from hxrules.planning.plan import canonical_json, digest
from hxrules.planning.plan_file import file_pieces
from tests.language.test_filter_fuzz import TYPES, filters
from tests.reports.plan_factory import busy_plan

LARGEST = 100_000
"""Characters: the size for which a second is promised."""
LANGUAGE = Path(__file__).parents[1] / "language"


@lru_cache(maxsize=1)
def rulesets() -> tuple[str, ...]:
    """All rulesets of the tests and those that are shipped."""
    paths = [*LANGUAGE.rglob("*.yaml"), *(Path(shipped.__file__).parents[1] / "rulesets").glob("*.yaml")]
    return tuple(path.read_text(encoding="utf-8", errors="replace") for path in sorted(paths))


@lru_cache(maxsize=1)
def plan() -> str:
    return "".join(file_pieces(busy_plan(), Observations()))


ATOMS = (
    "a", "0", "1", "-", "- ", "? ", ": ", ":", ",", "[", "]", "{", "}", "#", " # c\n", "&a ", "*a ", "!t ", "|", ">",
    "|+2\n", "'", '"', "\\", "%", "@", "`", "\n", "\r\n", "\r", "\t", "\n  ", "\n\n", "---\n", "...\n", "%YAML 1.1\n",
    "<<: ", "~", "null", "true", "1e9", "0x1", "\ufeff", "\x85", "\u2028", "\x00", "\x07", "é", "é", "請", "😀",
    "\ud800", "\\ud800", "\u200b", "(", ")", "not ", " and ", " or ", " = ", " != ", " in [", "any invoice (",
    "count invoice (", ") >= 1", "end_of_day(", "today", " - 30d", "is known", "is unknown", "email", "status",
    "total", "draft", "999999999999999999999", "2026-11-22", "2026-02-31", "9999-12-31T23:59:59Z", "hxrules: 1\n",
    "hxrules: 0\n", "syncs:\n", "extends: xero-data-sync@1\n", "direction: two-way\n", "custom-mappings: ",
    "transform: [", "hubspot: ", "xero: ", "Phones[?PhoneType=='DDI'].PhoneNumber", "[*].a", "{a: b}", "limits: ",
    "without: [a]\n", "null,", '"seal":', "1" * 5000, "-1e999", "NaN", "Infinity", "\x7f", "a: b\n", "a=1 ",
)  # fmt: skip


def damaged(text: str, chance: Random) -> str:
    """The text with a few things removed, repeated, moved or put in."""
    for _ in range(chance.randint(1, 6)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice([0, 1, 1, 2, 5, 20, 100]))
        piece = chance.choice(ATOMS)
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:start] + text[start:end] * chance.choice([2, 3, 50]) + text[end:]
        elif kind == 2:
            at = chance.randint(0, len(text))
            text = text[:at] + text[start:end] + text[at:]
        elif kind == 3:
            text = text[:start] + piece * chance.choice([1, 1, 1, 2, 10, 1000]) + text[start:]
        elif kind == 4:
            text = text[:start] + piece + text[end:]
        else:
            lines = text.splitlines(keepends=True)
            chance.shuffle(lines)
            text = "".join(lines)
    return text[:LARGEST]


HEAD = "hxrules: 1\nname: a\nversion: '1'\nextends: xero-data-sync@1\naccounts: {hubspot: {subscription: data-hub-starter}}\n"
CONTACTS = f"{HEAD}syncs:\n  contacts:\n    direction: two-way\n".replace("{", "{{").replace("}", "}}")
FRAMES = (
    "{}",
    f"{CONTACTS}    filters:\n      to-xero: |\n        {{}}",
    f'{CONTACTS}    custom-mappings:\n      m: {{{{hubspot: h, xero: "{{}}"}}}}',
    f"{CONTACTS}    custom-mappings:\n      m: {{{{hubspot: h, xero: x, transform: [{{}}",
    "hxrules: 1\nsyncs: {{{}",
    "hxrules: 0\nsyncs:\n  contacts:\n    without: [{}]",
    '{{"plan":"a","changes":[],"seal":{}',
)
"""Where the atoms are put."""


def many(chance: Random) -> str:
    """A few atoms, very often: what takes long or goes deep."""
    piece = "".join(chance.choice(ATOMS) for _ in range(chance.randint(1, 4)))
    number = chance.choice([10, 100, 1000, LARGEST // len(piece)])
    frame = chance.choice(FRAMES)
    return str(frame.format(piece * min(number, LARGEST // len(piece))))[:LARGEST]


def numbered(chance: Random) -> str:
    """Very many entries, all different: keys, mappings, filters' values."""
    stems = ["emial", "member_number", "x", "status"]
    names = [f"{chance.choice(stems)}{number}" for number in range(chance.choice([50, 3000]))]
    custom = "".join(
        f"      m{number}: {{hubspot: {name}, xero: a.{name}}}\n" for number, name in enumerate(names[:1200])
    )
    lines = "".join(f"      {name}: GST {name} # {name}\n" for name in names)
    body = chance.choice([
        f"syncs: {{contacts: {{direction: two-way, filters: {{to-xero: 'email in [{', '.join(names)}]'}}}}}}",
        f"syncs: {{contacts: {{direction: two-way, filters: {{to-xero: '{' or '.join(f'{n} = 1' for n in names)}'}}}}}}",
        f"syncs: {{contacts: {{direction: two-way, mappings: {{{', '.join(f'{n}: off' for n in names)}}}}}}}",
        f"syncs:\n  contacts:\n    direction: to-hubspot\n    custom-mappings:\n{custom}",
        f"syncs:\n  contacts:\n{lines}",
        f"syncs:\n  invoices:\n    direction: two-way\n    tax:\n{lines}",
    ])  # fmt: skip
    return (HEAD + body)[:LARGEST]


ANYTHING: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5, float("nan"), "", "a", "x" * 3000, "2026-11-22T09:00:00Z", "99999-01-01", [], {},
    [None], {"a": None}, ["n", "1e999999"], ["n", "x"], {"new": 1}, {"$": "x"}, "\ud800", "hubspot", "xero", [[[]]],
    {"type": 1, "id": []}, ["d", "2026-13-40"], ["i", "y"],
)  # fmt: skip


def damaged_plan(chance: Random) -> str:
    """A plan in which up to three things are of another kind, sealed again as if nothing had happened; or damaged text."""
    if chance.randrange(3) == 0:
        return damaged(plan(), chance)
    document = json.loads(plan())
    del document["seal"]
    for _ in range(chance.randint(1, 3)):
        inner, key = document, chance.choice(sorted(document))
        while isinstance(inner[key], dict | list) and inner[key] and chance.randrange(4):
            inner = inner[key]
            key = chance.choice(sorted(inner)) if isinstance(inner, dict) else chance.randrange(len(inner))
        what = chance.randrange(4)
        if what == 0 and isinstance(inner, dict):
            del inner[key]
            if not document:
                break
        elif what == 1 and isinstance(inner, list):
            inner.append(deepcopy(inner[key]))
        else:
            inner[key] = deepcopy(chance.choice(ANYTHING))
    try:
        document["seal"] = digest(document)
    except UnicodeEncodeError:
        document["seal"] = "0" * 64
    return canonical_json(document) + "\n"


def sealed_deep(depth: int) -> str:
    """A plan file whose content is lists in lists, rightly sealed."""
    inner: Any = []
    for _ in range(depth):
        inner = [inner]
    document = {"plan": "a", "changes": inner, "format": json.loads(plan())["format"]}
    return canonical_json({**document, "seal": digest(document)}) + "\n"


def seeded(make: Callable[[Random], str]) -> st.SearchStrategy[str]:
    return st.integers(0, 2**64 - 1).map(lambda seed: make(Random(seed)))


def _ruleset(chance: Random) -> str:
    return damaged(chance.choice(rulesets()), chance)


ANY_TEXT = st.text(max_size=300) | st.lists(st.sampled_from(ATOMS), max_size=60).map("".join)
FILTERS = st.sampled_from(TYPES).flatmap(filters)
BROKEN_FILTERS = st.tuples(FILTERS, st.integers(0, 2**64 - 1)).map(lambda pair: damaged(pair[0], Random(pair[1])))

INPUTS: dict[str, st.SearchStrategy[str]] = {
    "loader": seeded(_ruleset) | seeded(many) | seeded(numbered) | ANY_TEXT,
    "grammar": FILTERS | BROKEN_FILTERS | seeded(many) | ANY_TEXT,
    "layout": seeded(_ruleset) | seeded(many) | seeded(numbered) | ANY_TEXT,
    "plan-reader": seeded(damaged_plan) | seeded(damaged_plan) | seeded(many) | ANY_TEXT,
}
