"""Filters: what they mean (filter_cases.yaml), what is said of wrong ones, and how long that may take."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from hxrules.catalogue import Field, TypeInfo, load_catalogue
from hxrules.language import filter_slips, filter_syntax
from hxrules.language.filters import Filter, Moment, NotFetched, Related, compile_filter
from hxrules.problems import Problem, Severity
from hxrules.records import App, Record, RecordRef
from hxrules.values import Value, canonical
from tests.language import reference_filter
from tests.language.examples import Text

CATALOGUE = load_catalogue()
TABLE = yaml.load((Path(__file__).parent / "filter_cases.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
MOMENT = Moment(
    datetime.fromisoformat(TABLE["now"]), ZoneInfo(TABLE["zone"]), datetime.fromisoformat(TABLE["sync_started"])
)


@dataclass(frozen=True)
class Case:
    """One entry of the table."""

    info: TypeInfo
    entry: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.entry["filter"])

    def __str__(self) -> str:
        return f"{self.info.app.value} {self.info.type}: {self.text}"


def _cases() -> Iterator[Case]:
    for heading, entries in TABLE.items():
        if " " in heading:
            app, type_name = heading.split()
            for entry in entries:
                yield Case(CATALOGUE.type(App(app), type_name), entry)


CASES = tuple(_cases())


def compiled(text: str, app: App = App.HUBSPOT, type_name: str = "invoices") -> Filter:
    found, problems = compile_filter(Text(text), CATALOGUE.type(app, type_name), CATALOGUE, lambda name: None)
    assert found is not None, problems
    return found


def problems_of(text: str, app: App = App.HUBSPOT, type_name: str = "invoices") -> list[Problem]:
    return compile_filter(Text(text), CATALOGUE.type(app, type_name), CATALOGUE, lambda name: None)[1]


def build(info: TypeInfo, entry: dict[str, Any], related: dict[str, dict[str, Record]], id: str = "1") -> Record:
    """A record of the table, and into `related` those that it is associated with; fields that aren't named are empty."""
    fields: dict[str, Value] = {**dict.fromkeys(info.fields), info.id_field: id}
    for name, raw in entry.items():
        if name != "with":
            field = info.find(name)
            assert field is not None, name
            fields[field.name] = canonical(field.kind, raw)
    reached: dict[str, tuple[str, ...]] = {}
    for word, association in info.associations.items():
        others = entry.get("with", {}).get(word, [])
        ids = []
        for number, other in enumerate(others):
            ids.append(f"{id}.{word}{number}")
            target = CATALOGUE.type(info.app, association.type)
            related.setdefault(word, {})[ids[-1]] = build(target, other, related, ids[-1])
        related.setdefault(word, {})
        reached[word] = tuple(ids)
    return Record(RecordRef(info.app, info.type, id), fields, associations=reached)


def shown(problem: Problem) -> str:
    span = problem.span
    assert span is not None
    assert span.line == span.end_line == 1
    line = f"{problem.code} {span.column}-{span.end_column} {problem.summary}"
    return f"{line} => {problem.suggestion}" if problem.suggestion is not None else line


def test_the_table_has_at_least_150_cases() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", [each for each in CASES if "problems" in each.entry], ids=str)
def test_everything_that_is_wrong_with_a_filter_is_said_at_its_place(case: Case) -> None:
    found, problems = compile_filter(Text(case.text), case.info, CATALOGUE, lambda name: None)
    assert [shown(problem) for problem in problems] == case.entry["problems"]
    verdict = "in" in case.entry or "out" in case.entry
    assert (found is not None) == verdict
    assert all((problem.severity is Severity.WARNING) >= verdict for problem in problems)


@pytest.mark.parametrize("case", [each for each in CASES if "in" in each.entry or "out" in each.entry], ids=str)
def test_a_filter_means_what_the_table_says(case: Case) -> None:
    found, problems = compile_filter(Text(case.text), case.info, CATALOGUE, lambda name: None)
    assert found is not None, problems
    assert "problems" in case.entry or problems == []
    related: dict[str, dict[str, Record]] = {}
    entry = {**case.entry.get("record", {}), "with": case.entry.get("with", {})}
    record = build(case.info, entry, related)
    included = "in" in case.entry
    leaf = case.entry.get("in", case.entry.get("out")) or case.text

    assert found.matches(record, related, MOMENT) is included
    assert found.select([record, record], related, MOMENT) == [included, included]
    verdict = found.decide(record, related, MOMENT)
    assert (verdict.included, verdict.leaf) == (included, leaf)
    slow, (start, end) = reference_filter.decide(case.text, case.info, CATALOGUE, record, related, MOMENT)
    assert (slow, case.text[start:end]) == (included, leaf)


# --- what is said of wrong texts -------------------------------------------------------------------------------------------


def test_every_word_of_the_grammar_is_known_to_people() -> None:
    """Lark's names of terminals never reach a user: each has words, and no message holds one."""
    assert filter_syntax.terminals() - {"SPACE"} <= filter_slips.WORDS.keys()
    names = re.compile(r"\b(?:" + "|".join(filter_slips.WORDS.keys() - {"IN", "$END"}) + r")\b")
    broken = {
        case.text[:end] + rest
        for case in CASES
        for end in range(0, len(case.text), 3)
        for rest in ("", " )", " and", " = 5")
    }
    said = 0
    for text in sorted(broken):
        for problem in problems_of(text):
            said += 1
            words = problem.summary + problem.cause + problem.remedy
            for shown_text in re.findall(r"`[^`]*`|\"[^\"]*\"", words):
                words = words.replace(shown_text, "")
            assert not re.search(r"\$END|__\w+", words), (text, problem)
            found = names.search(words)
            assert found is None or found.group() in text.upper(), (text, problem)
    assert said > 500


@pytest.mark.parametrize("case", [each for each in CASES if "problems" in each.entry], ids=str)
def test_what_is_suggested_for_a_place_makes_it_better(case: Case) -> None:
    """Written in the place of what was wrong, a suggestion leaves fewer or other problems, never the same one."""
    _, problems = compile_filter(Text(case.text), case.info, CATALOGUE, lambda name: None)
    for problem in problems:
        if problem.suggestion is None:
            continue
        span = problem.span
        assert span is not None
        text = case.text[: span.column - 1] + problem.suggestion + case.text[span.end_column - 1 :]
        _, after = compile_filter(Text(text), case.info, CATALOGUE, lambda name: None)
        same = [each for each in after if (each.code, each.summary) == (problem.code, problem.summary)]
        assert len(same) < len(
            [each for each in problems if (each.code, each.summary) == (problem.code, problem.summary)]
        ), text


def test_the_place_of_a_problem_may_be_on_another_line() -> None:
    (problem,) = problems_of("status = open\n  and total = 5\n  and staus = draft")
    assert problem.span == ("rules.yaml", 3, 7, 3, 12)


NESTED = {
    "brackets": "(" * 200 + "status = open" + ")" * 200,
    "not": "not " * 200 + "status = open",
    "bracketed not": "not (" * 200 + "status = open" + ")" * 200,
    "joined brackets": "(status = paid or " * 200 + "status = open" + ")" * 200,
    "associations": "any contact (any invoice (" * 100 + "status = open" + "))" * 100,
    "brackets, ten thousand": "(" * 10_000 + "status = open" + ")" * 10_000,
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_deep_nesting_is_refused_in_words(text: str) -> None:
    problems = problems_of(text)
    assert [problem.code for problem in problems] == ["HX140"]
    assert "nested more than 30 deep" in problems[0].summary


@pytest.mark.parametrize(
    "outer", ["(", "not (", "(status = paid or ", "(status != paid and ", "any contact (any invoice ("]
)
def test_thirty_levels_are_no_trouble(outer: str) -> None:
    times = 30 // (outer.count("(") + outer.count("not"))
    found = compiled(outer * times + "status = open" + ")" * outer.count("(") * times)
    record, related = record_with(hs_invoice_status="open"), {"contact": dict[str, Record](), "invoice": {}}
    assert found.decide(record, related, MOMENT).included is found.matches(record, related, MOMENT)


HUGE = {
    "one long word": "title = " + "x" * 100_000,
    "one long text": 'title = "' + "x" * 100_000 + '"',
    "quotes": '"' * 100_001,
    "doubled quotes": 'title = "' + '""' * 32_000,
    "or": "status = open or " * 3_850 + "status = paid",
    "a long list": "total in [" + ", ".join(map(str, range(9_000))) + "]",
    "open brackets": "(" * 65_000,
    "nots": "not " * 16_000 + "status = open",
    "hyphens": "title = " + "a-" * 32_000,
    "dots": "title = " + "." * 65_000,
    "blanks": "status" + " " * 65_000 + "= open",
    "digits": "total = " + "9" * 65_000,
    "nonsense": "%&/$" * 16_000,
    "e-mail": "title = " + "a." * 32_000 + "@",
    "wrong fields": " and ".join(f"staus{number} = draft" for number in range(1_500)),
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_huge_text_is_answered_within_a_second(text: str) -> None:
    filter_syntax.parse.cache_clear()
    compiled("status = open")
    start = time.process_time()
    found, problems = compile_filter(Text(text), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, lambda name: None)
    if found is not None:
        found.matches(record_with(hs_invoice_status="open"), {}, MOMENT)
    assert found is not None or problems
    assert all(len(problem.summary + problem.remedy + problem.cause) < 1_000 for problem in problems)
    assert time.process_time() - start < 1.0


# --- what was not read -----------------------------------------------------------------------------------------------------


def record_with(**fields: Value) -> Record:
    """An invoice; what isn't named is empty."""
    names = dict.fromkeys(CATALOGUE.type(App.HUBSPOT, "invoices").fields)
    return Record(RecordRef(App.HUBSPOT, "invoices", "1"), {**names, **fields}, associations={"contact": ()})


CONTACT = Record(RecordRef(App.HUBSPOT, "contacts", "7"), {"city": "Perth"})
UNREAD: dict[str, tuple[str, Record, Related, str]] = {
    "a field": ("status = open", Record(RecordRef(App.HUBSPOT, "invoices", "1"), {}), {}, "`hs_invoice_status`"),
    "the associations of the record": (
        "any contact (city = Perth)",
        Record(RecordRef(App.HUBSPOT, "invoices", "1"), {}),
        {"contact": {}},
        "the associations `contact`",
    ),
    "the associated records": ("no contact (city = Perth)", record_with(), {}, "the associations `contact`"),
    "one associated record": (
        "all contact (city = Perth) and any contact (id is known)",
        Record(RecordRef(App.HUBSPOT, "invoices", "1"), {}, associations={"contact": ("8",)}),
        {"contact": {"7": CONTACT}},
        "the associated contact 8",
    ),
    "a field of an associated record": (
        "count contact (email = x) > 0",
        Record(RecordRef(App.HUBSPOT, "invoices", "1"), {}, associations={"contact": ("7",)}),
        {"contact": {"7": CONTACT}},
        "`email` of the associated contact 7",
    ),
}


@pytest.mark.parametrize(("text", "record", "related", "what"), UNREAD.values(), ids=UNREAD)
def test_what_was_not_read_gives_no_verdict(text: str, record: Record, related: Related, what: str) -> None:
    """Never "none": an absent field, association or record is named instead."""
    found = compiled(text)
    for ask in (
        lambda: found.matches(record, related, MOMENT),
        lambda: found.select([record], related, MOMENT),
        lambda: found.decide(record, related, MOMENT),
    ):
        with pytest.raises(NotFetched) as raised:
            ask()
        assert raised.value.ref == record.ref
        assert raised.value.what == what


def test_a_batch_names_the_record_that_was_not_read() -> None:
    bare = Record(RecordRef(App.HUBSPOT, "invoices", "2"), {})
    with pytest.raises(NotFetched, match="hubspot:invoices/2 was read without `hs_invoice_status`"):
        compiled("status = open").select([record_with(), bare], {}, MOMENT)


def test_what_the_verdict_does_not_need_may_be_missing() -> None:
    record = Record(RecordRef(App.HUBSPOT, "invoices", "1"), {"hs_invoice_status": "open"})
    assert compiled("status = open or title = x").matches(record, {}, MOMENT)


def test_a_filter_says_what_it_needs() -> None:
    needs = compiled(
        'status = open and any contact (city = Perth and any invoice (total = 1)) and no contact (email = "x@y.z")'
    ).needs
    assert {field.name for field in needs.fields} == {"hs_invoice_status"}
    assert {field.name for field in needs.associations["contact"].fields} == {"city", "email"}
    inner = needs.associations["contact"].associations["invoice"]
    assert {field.name for field in inner.fields} == {"hs_amount_billed"}


# --- values, verdicts, moments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, True, 5, "open", datetime(2026, 1, 1, tzinfo=MOMENT.zone).date()], ids=repr)
def test_a_value_of_another_type_is_as_good_as_missing(value: Any) -> None:
    record = record_with(hs_amount_billed=value)
    asked = {
        text: compiled(text).matches(record, {}, MOMENT)
        for text in (
            "total = 5",
            "total != 5",
            "total in [5, 1]",
            "total not in [5, 1]",
            "total is known",
            "total is unknown",
        )
    }
    assert asked == {
        "total = 5": False,
        "total != 5": True,
        "total in [5, 1]": False,
        "total not in [5, 1]": True,
        "total is known": False,
        "total is unknown": True,
    }


def test_the_deciding_leaf_comes_with_what_the_record_holds() -> None:
    verdict = compiled("status = open and\n  total != 5").decide(record_with(hs_invoice_status="draft"), {}, MOMENT)
    assert (verdict.included, verdict.leaf, verdict.value, verdict.counts) == (False, "status = open", "draft", None)
    assert verdict.span == ("rules.yaml", 1, 1, 1, 14)
    verdict = compiled("status = open and\n  total != 5").decide(record_with(hs_invoice_status="open"), {}, MOMENT)
    assert (verdict.included, verdict.leaf, verdict.value) == (True, "total != 5", None)
    assert verdict.span == ("rules.yaml", 2, 3, 2, 13)


@pytest.mark.parametrize("quantifier", ["any", "no", "not all"])
def test_a_leaf_on_associated_records_comes_with_how_many_fulfil_it(quantifier: str) -> None:
    others = {
        str(id): Record(RecordRef(App.HUBSPOT, "contacts", str(id)), {"city": city}) for id, city in enumerate("PPQ")
    }
    record = Record(RecordRef(App.HUBSPOT, "invoices", "1"), {}, associations={"contact": tuple(others)})
    verdict = compiled(f"{quantifier} contact (city = P)").decide(record, {"contact": others}, MOMENT)
    assert verdict.included is (quantifier != "no")
    assert (verdict.value, verdict.counts) == (None, (2, 3))


def test_a_sync_that_never_ran_starts_now() -> None:
    fresh = Moment(MOMENT.now, MOMENT.zone)
    asked = compiled("created >= sync_started")
    assert asked.matches(record_with(hs_createdate=MOMENT.now), {}, fresh)
    assert not asked.matches(record_with(hs_createdate=MOMENT.now.replace(year=2025)), {}, fresh)


def test_each_moment_has_its_own_today() -> None:
    asked = compiled("created = today")
    record = record_with(hs_createdate=MOMENT.now)
    later = Moment(MOMENT.now.replace(day=22), MOMENT.zone)
    assert [asked.matches(record, {}, moment) for moment in (MOMENT, later, MOMENT, later)] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        (
            "Pacific/Auckland",
            "2026-09-27",
            "2026-09-26T12:00:00Z",
            "2026-09-27T10:59:59Z",
        ),  # clocks go forward: 23 hours
        (
            "America/Los_Angeles",
            "2026-11-01",
            "2026-11-01T07:00:00Z",
            "2026-11-02T07:59:59Z",
        ),  # clocks go back: 25 hours
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T20:59:59Z"),  # midnight itself is left out
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"),  # midnight happens twice
        ("Asia/Kathmandu", "2026-11-01", "2026-10-31T18:15:00Z", "2026-11-01T18:14:59Z"),
    ],
)
def test_a_day_is_a_day_of_the_organisation_also_when_clocks_change(zone: str, day: str, first: str, last: str) -> None:
    moment = Moment(MOMENT.now, ZoneInfo(zone), None)
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    asked = compiled(f"created = {day}")
    inside = [asked.matches(record_with(hs_createdate=each), {}, moment) for each in (begin, end)]
    second = end - end.replace(second=58)
    outside = [asked.matches(record_with(hs_createdate=each), {}, moment) for each in (begin - second, end + second)]
    assert (inside, outside) == ([True, True], [False, False])
    after = compiled(f"created > end_of_day({day})")
    assert [after.matches(record_with(hs_createdate=each), {}, moment) for each in (end, end + second)] == [False, True]


# --- custom properties -----------------------------------------------------------------------------------------------------


def own_property(name: str) -> Field | None:
    kinds = {"abn": "text", "tier": "choice", "score": "number", "citty": "text"}
    info = CATALOGUE.type(App.HUBSPOT, "contacts")
    kind = kinds.get(name)
    return info.custom_property(name, type(info.fields["email"].kind)(kind)) if kind else None


def test_a_property_of_the_account_is_a_field_with_its_own_type() -> None:
    info = CATALOGUE.type(App.HUBSPOT, "contacts")
    found, problems = compile_filter(Text("tier = Gold and score != 5 and abn is known"), info, CATALOGUE, own_property)
    assert found is not None
    assert problems == []
    assert {(field.name, field.kind.value) for field in found.needs.fields} == {
        ("tier", "choice"),
        ("score", "number"),
        ("abn", "text"),
    }
    record = Record(RecordRef(App.HUBSPOT, "contacts", "1"), {"tier": "gold", "score": None, "abn": "51"})
    assert found.matches(record, {}, MOMENT)
    _, problems = compile_filter(Text("score = high"), info, CATALOGUE, own_property)
    assert [problem.code for problem in problems] == ["HX143"]


def test_a_property_near_a_known_name_is_warned_of() -> None:
    _, (problem,) = compile_filter(
        Text("citty = Perth"), CATALOGUE.type(App.HUBSPOT, "contacts"), CATALOGUE, own_property
    )
    assert shown(problem) == "HX152 1-6 `citty` is taken for a property of your own account. => city"
    assert problem.severity is Severity.WARNING


def test_a_property_of_another_record_type_is_unknown() -> None:
    _, (problem,) = compile_filter(
        Text("abn is known"), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, own_property
    )
    assert problem.code == "HX141"


def test_a_property_may_stand_in_a_bracket_on_associated_records() -> None:
    found, _ = compile_filter(
        Text("any contact (tier = gold)"), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, own_property
    )
    assert found is not None
    assert {(field.type, field.name) for field in found.needs.associations["contact"].fields} == {("contacts", "tier")}


# --- compiled --------------------------------------------------------------------------------------------------------------


def test_a_filter_is_compiled_once_and_at_its_first_use() -> None:
    found = compiled("status = open")
    assert "matches" not in vars(found)
    first = found.matches
    assert found.matches is first
    assert "def select(records, related, moment):" in found.python
    assert found.python.startswith("# status = open\n")
    assert repr(found) == "Filter('status = open')"
    assert not hasattr(found, "verdict")


def test_the_source_text_runs_nothing_that_the_filter_says() -> None:
    """Text of a filter stands in the source only as a comment, and its literals are names."""
    text = "title = \"x\")\n__import__('os')\n\u2028print('y')\" or title != '# \\'"
    for wanted in (text, 'title = "a\x85b"', 'title = "\ud800"', 'title = "\x00"', 'title = \'"""\''):
        found, _ = compile_filter(Text(wanted), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, lambda name: None)
        if found is not None:
            assert "__import__" not in re.sub(r"(?m)^#.*$", "", found.python)
            assert found.matches(record_with(hs_title="x"), {}, MOMENT) in (True, False)


def test_reading_filters_costs_nothing_before_the_first_one() -> None:
    import subprocess
    import sys

    program = "import sys, hxrules.language.compile; print([m for m in ('lark', 'phonenumbers', 'iso3166') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
