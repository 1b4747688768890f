"""Random filters on random records: the compiled form, one by one and in batches, agrees with the slow reference.

The records hold values of any type, of the field's own and of others, and nothing; some fields and associated records were not read.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from hxrules.catalogue import Field, TypeInfo, load_catalogue
from hxrules.language.filter_slips import quoted
from hxrules.language.filter_syntax import parse
from hxrules.language.filters import Moment, NotFetched, Related, compile_filter
from hxrules.problems import has_errors
from hxrules.records import App, Record, RecordRef
from hxrules.values import Value, ValueType, canonical, number_text
from tests.language import reference_filter
from tests.language.examples import Text

CATALOGUE = load_catalogue()
TYPES = [info for info in CATALOGUE.types.values() if info.fields]
ZONES = [
    "UTC",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Los_Angeles",
    "Asia/Kathmandu",
    "America/Havana",
    "Africa/Cairo",
]
NOW = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)

texts = st.sampled_from(
    [
        "a",
        "A",
        "ab",
        "Straße",
        "STRASSE",
        "İ",
        "i̇",
        'say "hi"',
        "it's",
        "draft",
        "jo@x.y",
        "a b",
        "請求書",
        "e\u0301",
        "é",
    ]
) | st.text(max_size=4)
numbers = st.sampled_from([Decimal(n) for n in ("0", "1", "1.0", "-1", "2.50", "100")]) | st.decimals(
    -1000, 1000, places=2
)
instants = st.builds(
    lambda hours, micro: NOW + timedelta(hours=hours, microseconds=micro), st.integers(-120, 120), st.integers(-1, 1)
) | st.sampled_from(
    [
        NOW,
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 1, 7, tzinfo=UTC),
        datetime(2026, 10, 31, 13, tzinfo=UTC),
    ]
)
days = st.builds(lambda offset: date(2026, 11, 1) + timedelta(days=offset), st.integers(-5, 5))
values: st.SearchStrategy[Value] = st.none() | texts | numbers | st.booleans() | instants | days


def own_values(field: Field) -> st.SearchStrategy[Value]:
    """Values of the field's own type, as often as not; else of any."""
    own: st.SearchStrategy[Value]
    if field.choices:
        own = st.sampled_from(field.choices)
    elif field.kind is ValueType.EMAIL:
        own = texts.map(str.lower)
    elif field.kind.numeric:
        own = numbers
    elif field.kind.temporal:
        own = days if field.kind is ValueType.DAY else instants
    else:
        own = st.booleans() if field.kind is ValueType.BOOL else texts
    return st.booleans().flatmap(lambda other: values if other else own)


@st.composite
def times(draw: st.DrawFn, depth: int = 1) -> str:
    form = draw(st.sampled_from(["today", "now", "sync_started", "day", "instant", "wall", "end"]))
    units = "smhdw"
    if form == "day":
        form, units = draw(days).isoformat(), "dw"
    elif form == "today":
        units = "dw"
    elif form == "instant":
        form = draw(instants).isoformat().replace("+00:00", draw(st.sampled_from(["Z", "+00:00", "-00:00"])))
    elif form == "wall":
        form = draw(instants).replace(tzinfo=None, microsecond=0).isoformat()
    elif form == "end":
        form = f"end_of_day({draw(times(depth - 1))})" if depth else "end_of_day(now)"
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        form += f" {draw(st.sampled_from('+-'))} {draw(st.integers(0, 50))}{draw(st.sampled_from(units))}"
    return form


def operands(field: Field) -> st.SearchStrategy[str]:
    if field.choices:
        spellings = [*field.choices, *field.wire_choices.values()]
        return st.sampled_from(spellings).flatmap(
            lambda word: st.sampled_from([word, word.upper(), quoted(word), f"'{word}'"])
        )
    if field.kind is ValueType.BOOL:
        return st.sampled_from(["true", "false"])
    if field.kind.numeric:
        return numbers.map(number_text)
    if field.kind.temporal:
        return times()
    return texts.map(quoted) | texts.map(lambda text: "'" + text.replace("'", "''") + "'")


@st.composite
def comparisons(draw: st.DrawFn, info: TypeInfo) -> str:
    field = draw(st.sampled_from([field for field in info.fields.values() if not field.kind.composite]))
    name = draw(st.sampled_from([field.name, field.friendly]))
    operand = operands(field)
    tests = ["=", "!=", "in", "not in", "is known", "is unknown"]
    if field.kind.numeric or field.kind.temporal:
        tests += ["<", "<=", ">", ">=", "between"]
    elif field.kind.textual and field.kind is not ValueType.CHOICE:
        tests += ["contains", "starts with", "ends with"]
    test = draw(st.sampled_from(tests))
    if test.startswith("is"):
        return f"{name} {test}"
    if test == "between":
        return f"{name} between {draw(operand)} and {draw(operand)}"
    if test.endswith("in"):
        return f"{name} {test} [{', '.join(draw(st.lists(operand, min_size=1, max_size=4)))}]"
    return f"{name} {test} {draw(operand)}"


@st.composite
def filters(draw: st.DrawFn, info: TypeInfo, depth: int = 3) -> str:
    """A filter's text that has no errors."""
    reachable = [word for word, each in info.associations.items() if (info.app, each.type) in CATALOGUE.types]
    form = draw(st.sampled_from(["comparison", "and", "or", "not", "associated"] if depth else ["comparison"]))
    if form in ("and", "or"):
        parts = draw(st.lists(filters(info, depth - 1), min_size=2, max_size=3))
        return f" {form} ".join(f"({part})" if draw(st.booleans()) or form == "and" else part for part in parts)
    if form == "not":
        return f"not ({draw(filters(info, depth - 1))})"
    if form == "associated" and reachable:
        word = draw(st.sampled_from(reachable))
        part = draw(filters(CATALOGUE.type(info.app, info.associations[word].type), depth - 1))
        quantifier = draw(st.sampled_from(["any", "all", "no", "count"]))
        ending = (
            f" {draw(st.sampled_from(['=', '!=', '<', '<=', '>', '>=']))} {draw(st.integers(0, 3))}"
            if quantifier == "count"
            else ""
        )
        return f"{quantifier} {word} ({part}){ending}"
    return draw(comparisons(info))


@st.composite
def worlds(draw: st.DrawFn, info: TypeInfo, depth: int = 3) -> tuple[Record, Related]:
    """A record with associated ones, some of them not read."""
    related: dict[str, dict[str, Record]] = {}

    def build(here: TypeInfo, id: str, left: int) -> Record:
        fields: dict[str, Value] = {}
        for field in here.fields.values():
            if not field.kind.composite and draw(st.integers(0, 60)):
                fields[field.name] = draw(own_values(field))
        reached: dict[str, tuple[str, ...]] = {}
        for word, association in here.associations.items():
            target = CATALOGUE.types.get((here.app, association.type))
            if target is None or not draw(st.integers(0, 30)):
                continue
            ids = [f"{id}.{word}{number}" for number in range(draw(st.integers(0, 2 if left else 0)))]
            table = related.setdefault(word, {})
            for each in ids:
                if draw(st.integers(0, 60)):
                    table[each] = build(target, each, left - 1)
            reached[word] = tuple(ids)
        return Record(RecordRef(here.app, here.type, id), fields, associations=reached)

    return build(info, "1", depth), related


moments = st.builds(Moment, instants, st.sampled_from(ZONES).map(ZoneInfo), st.none() | instants)


@st.composite
def questions(draw: st.DrawFn) -> tuple[TypeInfo, str, Record, Related, Moment]:
    info = draw(st.sampled_from(TYPES))
    text = draw(filters(info))
    record, related = draw(worlds(info, 2))
    return info, text, record, related, draw(moments)


@given(questions())
def test_the_compiled_filter_agrees_with_the_reference(question: tuple[TypeInfo, str, Record, Related, Moment]) -> None:
    info, text, record, related, moment = question
    found, problems = compile_filter(Text(text), info, CATALOGUE, lambda name: None)
    assert found is not None, problems

    def answer(ask: Any) -> Any:
        try:
            return ask()
        except NotFetched:
            return NotFetched

    slow = answer(lambda: reference_filter.decide(text, info, CATALOGUE, record, related, moment))
    single = answer(lambda: found.matches(record, related, moment))
    batch = answer(lambda: found.select([record], related, moment)[0])
    verdict = answer(lambda: found.decide(record, related, moment))
    if slow is NotFetched:
        assert single is batch is verdict is NotFetched
        return
    included, (start, end) = slow
    assert (single, batch) == (included, included)
    assert (verdict.included, verdict.leaf) == (included, text[start:end])
    assert type(single) is type(batch) is type(verdict.included) is bool


@given(st.text(max_size=60) | st.lists(st.sampled_from([
    "status", "total", "=", "!=", "in", "not", "(", ")", "[", "]", ",", "and", "or", "any", "contact", "count", "5", "today", "-", "30d",
    "is", "known", "between", '"', "'", "“", "open", "@", "AND", "==", "end_of_day", ">=", "\n", "contains", "\u200b", "|", "&&", "$",
])).map(" ".join))  # fmt: skip
@example("any (")
@example("count count (")
@example('"')
def test_no_text_is_too_wrong_to_be_answered(text: str) -> None:
    """Whatever is typed: a filter, or at least one error that lies inside the text and is written for people."""
    found, problems = compile_filter(Text(text), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, lambda name: None)
    assert (found is None) == has_errors(problems)
    for problem in problems:
        assert problem.span is not None
        assert (1, 1) <= problem.span[1:3] <= problem.span[3:5] <= Text(text).span(len(text), len(text))[1:3]
        assert problem.summary[0].isupper() or problem.summary[0] in "`"
        assert problem.summary[-1] in ".?"
        assert problem.remedy.endswith((".", "?"))


@given(texts)
def test_any_text_can_be_written_as_a_literal(text: str) -> None:
    """In quotation marks, with those inside doubled, every text is a value; the record that holds it matches."""
    parsed = parse(f"title = {quoted(text)}")
    assert parsed.mistakes == ()
    found, _ = compile_filter(
        Text(f"title contains {quoted(text)}"), CATALOGUE.type(App.HUBSPOT, "invoices"), CATALOGUE, lambda name: None
    )
    assert found is not None
    title = canonical(ValueType.TEXT, f"- {text} -")
    record = Record(RecordRef(App.HUBSPOT, "invoices", "1"), {"hs_title": title})
    assert found.matches(record, {}, Moment(NOW, ZoneInfo("UTC")))
