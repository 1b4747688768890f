"""`hxrules fmt` writes rulesets in one way: meaning and comments stay, and formatting again changes nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language import layout
from hxrules.language.compile import load_ruleset
from hxrules.language.filter_layout import lines, one_line, tree_of
from hxrules.language.layout import WIDTH, formatted
from hxrules.language.nodes import Node
from hxrules.language.outline import comments
from hxrules.language.schema import BASE_WORDS, definition
from hxrules.language.source import parse
from tests.language.test_filter_fuzz import TYPES, filters
from tests.language.test_rulesets import HERE, VALID

LAYOUTS = sorted((HERE / "layout").glob("*.before.yaml"))
SHIPPED = sorted(
    path for path in (Path(shipped.__file__).parents[1] / "rulesets").glob("*.yaml") if not path.stem.endswith("_test")
)
CATALOGUE = load_catalogue()


def nodes(text: str) -> Node:
    root, problems = parse(text, "f")
    assert root is not None
    assert not problems, problems
    return root


def digest(text: str) -> str | None:
    def bases(name: str) -> tuple[str, str] | None:
        other = HERE / "valid" / name
        return (other.read_text(encoding="utf-8"), name) if name.endswith(".yaml") else shipped.base(name)

    ruleset, _ = load_ruleset(text, "f", CATALOGUE, bases)
    return ruleset.digest if ruleset else None


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.name.partition(".")[0])
def test_a_ruleset_is_laid_out_exactly_so(path: Path) -> None:
    before = path.read_text(encoding="utf-8")
    after = path.with_name(path.name.replace(".before.", ".after.")).read_text(encoding="utf-8")
    assert formatted(before) == after
    assert formatted(after) == after
    assert digest(before) == digest(after) is not None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_rulesets_are_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_rulesets_keep_meaning_and_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert digest(formatted(text)) == digest(text) is not None
    assert sorted(comments(nodes(formatted(text)))) == sorted(comments(nodes(text)))


def test_line_ends_stay_those_of_the_first_line() -> None:
    text = "hxrules:   1\r\nname: a\nversion: '1'\r\n"
    assert formatted(text) == "hxrules: 1\r\nname: a\r\nversion: '1'\r\n"
    assert formatted("hxrules:   1\nname: a\r\n") == "hxrules: 1\nname: a\n"


def test_what_is_no_yaml_is_left_alone() -> None:
    for text in ("a: [", "a: &b 1", "", "# nothing", "a: 1\na: 2", "\0", "? [a]\n: b"):
        assert formatted(text) == text


def test_a_text_that_cannot_be_written_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last safeguard: what is written is read again, and must say the same."""
    text = "name:   a\nhxrules:   1\n"
    assert formatted(text) != text
    for wrong in ("hxrules: 1\nname: b\n", "hxrules: 1\nname: [\n", "hxrules: 1\nname: a # new\n"):
        monkeypatch.setattr(layout, "written_anew", lambda root, wrong=wrong: wrong)
        assert formatted(text) == text


def test_a_filter_of_a_thousand_conditions_is_laid_out() -> None:
    tests = " or ".join(f'(email = "{n}@example.com" and company is known)' for n in range(1000))
    text = f"hxrules: 1\nsyncs:\n  contacts:\n    filters: {{to-xero: '{tests}'}}\n"
    written = formatted(text)
    assert written.count("\n") == 1005
    assert formatted(written) == written


# --- filters -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.sampled_from(TYPES).flatmap(filters), st.integers(10, 100))
def test_a_filter_over_lines_is_the_filter_on_one(text: str, room: int) -> None:
    tree = tree_of(text)
    assert tree is not None
    flat = one_line(tree, text)
    again = tree_of(flat)
    assert again is not None
    assert one_line(again, flat) == flat
    over_lines = "\n".join(lines(tree, text, room))
    broken = tree_of(over_lines)
    assert broken is not None
    assert one_line(broken, over_lines) == flat


@pytest.mark.parametrize(
    ("text", "flat"),
    [
        ("a=1", "a = 1"),
        ("a  in [ b,c ]", "a in [b, c]"),
        ("( a = 1 )or  not  b = 2", "(a = 1) or not b = 2"),
        ("count invoice(total>5)>=3", "count invoice (total > 5) >= 3"),
        ("date<today-30d", "date < today - 30d"),
        ("date < end_of_day( today+1d )-  2h", "date < end_of_day(today + 1d) - 2h"),
        ("date between 2026-01-01 and\n2026-02-01", "date between 2026-01-01 and 2026-02-01"),
        ("name starts  with 'a  b'", "name starts with 'a  b'"),
        ("a is  not in [x]", None),
        ("a is  unknown", "a is unknown"),
    ],
)
def test_only_blanks_outside_of_quotation_marks_change(text: str, flat: str | None) -> None:
    tree = tree_of(text)
    assert (one_line(tree, text) if tree else None) == flat


# --- any ruleset, written in any way -------------------------------------------------------------------------------------------


@dataclass
class Writing:
    """Writes a document as many different people would: styles, order, indentation, comments, blank lines."""

    chance: Random
    comments: list[str] = field(default_factory=list)
    furthest: int = 99
    """A comment below a block stands less far in than the block, or it would be part of it."""

    def coin(self, of: int = 4) -> bool:
        return self.chance.randrange(of) == 0

    def comment(self) -> str:
        text = f"# {len(self.comments)}{self.chance.choice(['', ' it is: so', ' {a: b}', ' # - x', ' é “'])}"
        self.comments.append(text)
        return text

    def noise(self, indent: int) -> list[str]:
        found = []
        while self.coin():
            deeper = self.chance.choice([0, 0, 0, 2, -2, 5])
            found.append("" if self.coin(2) else " " * max(0, min(indent + deeper, self.furthest)) + self.comment())
        return found

    def behind(self) -> str:
        return f"{' ' * self.chance.randint(1, 9)}{self.comment()}" if self.coin(6) else ""

    def file(self, document: Any) -> str:
        head = ["---"] if self.coin(8) else []
        return "\n".join([*self.noise(0), *head, *self.mapping(document, 0, definition(), ""), *self.noise(0)]) + "\n"

    def mapping(self, document: dict[str, Any], indent: int, schema: dict[str, Any], name: str) -> list[str]:
        names = list(document)
        known = layout._resolved(schema).get("properties", {})
        if set(names) <= set(known) and name != "objects":
            self.chance.shuffle(names)
        written: list[str] = []
        for key in names:
            inner = layout._inner(layout._resolved(schema), key)
            written += [*self.noise(indent), *self.entry(f"{' ' * indent}{key}:", document[key], indent, inner, key)]
        return [*written, *self.noise(indent)]

    def entry(self, head: str, value: Any, indent: int, schema: dict[str, Any], name: str) -> list[str]:
        deeper = indent + self.chance.randint(1, 5)
        if isinstance(value, dict | list) and (not value or self.coin(3)):
            self.furthest = 99
            return self.flow(f"{head} ", value, deeper)
        if isinstance(value, dict | list):
            self.furthest = 99
        if isinstance(value, dict):
            return [head + self.behind(), *self.mapping(value, deeper, schema, name)]
        if isinstance(value, list):
            dashed = indent if self.coin(2) and not head.endswith("-") else deeper
            written = [head + self.behind()]
            for item in value:
                written += self.entry(" " * dashed + "-", item, dashed + 1, {}, "")
            return written
        return self.scalar(head, value, deeper, schema)

    def flow(self, head: str, value: Any, indent: int) -> list[str]:
        if isinstance(value, dict | list):
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            items = value.items() if isinstance(value, dict) else [(None, each) for each in value]
            written = [head + opening]
            for number, (key, each) in enumerate(items):
                if self.coin(5):
                    written[-1] += self.behind()
                    written += [*self.noise(indent), " " * indent]
                inner = self.flow(f"{json.dumps(key)}: " if key else "", each, indent + 2)
                written = [*written[:-1], written[-1] + inner[0], *inner[1:]]
                written[-1] += ", " if number + 1 < len(value) else ""
            if self.coin(5):
                written += [*self.noise(indent), " " * indent]
            written[-1] += closing
            return written
        return [head + (json.dumps(value) if isinstance(value, str) else str(value).lower())]

    def scalar(self, head: str, value: Any, indent: int, schema: dict[str, Any]) -> list[str]:
        written = self.styled(head, value, indent, schema)
        self.furthest = indent - 1 if written[0].split("#")[0].rstrip().endswith(("|", ">", "|-", ">-")) else 99
        return written

    def styled(self, head: str, value: Any, indent: int, schema: dict[str, Any]) -> list[str]:
        if not isinstance(value, str):
            return [f"{head} {str(value).lower()}{self.behind()}"]
        ways = ["json", "single"]
        if layout._plain(value, flow=False):
            ways += ["plain", "plain"]
        if "\n" not in value and value.strip() == value:
            ways.append("literal")
        if schema.get("format") == "filter":
            value = value.replace(" ", self.chance.choice([" ", "  "]), 3)
            ways += ["literal over lines", "plain over lines"] if "plain" in ways and '"' not in value else []
        way = self.chance.choice(ways)
        pad = " " * indent
        if way == "json":
            return [f"{head} {json.dumps(value)}{self.behind()}"]
        if way == "single":
            return [f"{head} '{value.replace(chr(39), chr(39) * 2)}'{self.behind()}"]
        if way == "literal":
            chomp = self.chance.choice(["|-", ">-"])
            return [f"{head} {chomp}{self.behind()}", pad + value]
        words = value.split(" ")
        middle = len(words) // 2
        halves = [" ".join(words[:middle]), " ".join(words[middle:])]
        if way == "literal over lines":
            return [f"{head} {self.chance.choice(['|', '>'])}{self.behind()}", *(pad + half for half in halves)]
        if way == "plain over lines" and all(half.strip() for half in halves):
            return [f"{head} {halves[0]}", f"{pad}{halves[1]}{self.behind()}"]
        return [f"{head} {value}{self.behind()}"]


DOCUMENTS = [nodes(path.read_text(encoding="utf-8")).plain for path in [*VALID, *SHIPPED]]
LONG = (
    "any invoice (status != draft and (total > 100 or balance > 50) and created > sync_started and source != HubSpot) and "
    "email is known or company = \"A: b # c\" or not (company is known) and firstname in [a, b, 'c d']"
)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A valid ruleset as somebody may have typed it, and its comments."""
    document: Any = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS)), default=str))
    contacts = document.get("syncs", {}).get("contacts")
    if contacts is not None and draw(st.booleans()):
        contacts["filters"] = {**contacts.get("filters", {}), "to-xero": LONG}
    writing = Writing(Random(draw(st.integers(0, 2**32))))
    return writing.file(document), writing.comments


@settings(max_examples=150)
@given(written(), st.booleans())
def test_formatting_keeps_meaning_and_comments_of_any_ruleset(case: tuple[str, list[str]], windows: bool) -> None:
    text, said = case
    root = nodes(text)
    assert sorted(comments(root)) == sorted(said)
    again = layout.written_anew(nodes(text))
    assert layout.same(root, nodes(again)), "the last safeguard was needed"
    if windows:
        text = text.replace("\n", "\r\n")
        again = again.replace("\n", "\r\n")
    assert formatted(text) == again
    assert formatted(again) == again
    assert digest(again) == digest(text)


@settings(max_examples=60)
@given(written())
def test_keys_stand_in_the_order_of_the_schema_and_lines_are_no_longer_than_they_may(
    case: tuple[str, list[str]],
) -> None:
    text = formatted(case[0])
    plain: Any = nodes(text).plain
    order = [name for name in definition()["properties"] if name in plain]
    assert [name for name in plain if name not in BASE_WORDS] == [name for name in order if name not in BASE_WORDS]
    for name, sync in plain.get("syncs", {}).items():
        known = definition()["properties"]["syncs"]["properties"][name]["properties"]
        assert list(sync) == [key for key in known if key in sync]
    for line in text.splitlines():
        code = line.split("  #")[0]
        assert len(code) <= WIDTH or not re.match(r"\s*(- )?([\w-]+: )?[{\[]|\s*to-(xero|hubspot): [^|{]", code), line
