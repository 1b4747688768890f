"""The steps of `transform:`: what each does either way, what it refuses, and that going there and back settles."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.language import countries
from hxrules.language.transforms import Step, build_steps
from hxrules.problems import Problem, Span
from hxrules.records import App
from hxrules.values import Json, NotOfType, Value, ValueType, canonical
from tests.language.examples import field

CITY = field(App.HUBSPOT, "contacts", "city"), field(App.XERO, "contacts", "PostalCity")
PRICE = field(App.HUBSPOT, "products", "price"), field(App.XERO, "items", "SalesPrice")
BOTH = frozenset(App)
TO_XERO = frozenset({App.XERO})


def place(number: int) -> Span:
    return Span("rules.yaml", number, 1, number, 9)


def build(*spec: Json, numeric: bool = False, writes: frozenset[App] = BOTH) -> tuple[tuple[Step, ...], list[Problem]]:
    hubspot, xero = PRICE if numeric else CITY
    return build_steps([(entry, place(number)) for number, entry in enumerate(spec, 1)], hubspot, xero, writes)


def one(spec: Json, *, numeric: bool = False, writes: frozenset[App] = BOTH) -> Step:
    (step,), problems = build(spec, numeric=numeric, writes=writes)
    assert problems == []
    return step


FORWARD: list[tuple[Json, Value, Value]] = [
    ("trim", "Acme  Pty\n Ltd", "Acme Pty Ltd"),
    ("upper", "nsw", "NSW"),
    ("upper", "straße", "STRASSE"),
    ("lower", "NSW", "nsw"),
    ("digits", "ABN 51 824 753 556", "51824753556"),
    ("country-code", "Australia", "AU"),
    ("country-code", "australia", "AU"),
    ("country-code", "AUS", "AU"),
    ("country-code", "au", "AU"),
    ("country-code", "UK", "GB"),
    ("country-code", "The Netherlands", "NL"),
    ("country-code", "U.S.A.", "US"),
    ("country-code", "Cote d'Ivoire", "CI"),
    ("country-code", "Viet Nam", "VN"),
    ("e164", "+61 412 345 678", "+61412345678"),
    ({"e164": "AU"}, "0412 345 678", "+61412345678"),
    ({"e164": "nz"}, "021 123 4567", "+64211234567"),
    ({"e164": "AU"}, "+1 (212) 555-0123", "+12125550123"),
    ({"map": {"gold": "A", "silver": "B"}}, "Gold", "A"),
    ({"map": {"yes": True, "ten": 10}}, "TEN", "10"),
    ({"map": {"yes": True, "ten": 10}}, "yes", "true"),
    ({"prefix": "PO-"}, "4711", "PO-4711"),
]
BACKWARD: list[tuple[Json, Value, Value]] = [
    ("trim", "Acme  Pty", "Acme Pty"),
    ("upper", "nsw", "NSW"),
    ("country-code", "AU", "Australia"),
    ("country-code", "KR", "South Korea"),
    ("country-code", "England", "United Kingdom"),
    ({"e164": "AU"}, "(02) 9999 1234", "+61299991234"),
    ({"map": {"gold": "A", "silver": "B"}}, "b", "silver"),
    ({"prefix": "PO-"}, "po-4711", "4711"),
]
REFUSED: list[tuple[Json, str, str]] = [
    ("digits", "none", "has no digits"),
    ("country-code", "Atlantis", "is no country"),
    ("e164", "0412 345 678", "is no phone number with a country code"),
    ("e164", "+61 412 345 678 ext. 9", "has an extension"),
    ({"e164": "AU"}, "12", "is no possible phone number"),
    ({"map": {"gold": "A"}}, "bronze", "is not in the map"),
]


@pytest.mark.parametrize(("spec", "value", "expected"), FORWARD, ids=str)
def test_forward_is_the_way_to_xero(spec: Json, value: Value, expected: Value) -> None:
    assert one(spec).forward(value) == expected


@pytest.mark.parametrize(("spec", "value", "expected"), BACKWARD, ids=str)
def test_backward_is_the_way_to_hubspot(spec: Json, value: Value, expected: Value) -> None:
    step = one(spec)
    assert step.backward is not None
    assert step.backward(value) == expected


@pytest.mark.parametrize(("spec", "value", "reason"), REFUSED, ids=str)
def test_a_value_that_a_step_cannot_take_is_refused_with_its_reason(spec: Json, value: Value, reason: str) -> None:
    with pytest.raises(NotOfType, match=reason):
        one(spec).forward(value)


def test_a_prefix_that_is_missing_is_refused_on_the_way_back() -> None:
    backward = one({"prefix": "PO-"}).backward
    assert backward is not None
    for value in ("4711", "PO-"):
        with pytest.raises(NotOfType):
            backward(value)


@pytest.mark.parametrize(
    ("places", "value", "expected"), [(2, "1.005", "1.01"), (2, "-1.005", "-1.01"), (0, "2.5", "3"), (4, "1", "1")]
)
def test_rounding_is_half_away_from_zero(places: int, value: str, expected: str) -> None:
    step = one({"round": places}, numeric=True)
    assert step.forward(Decimal(value)) == Decimal(expected)


def test_truncating_goes_to_xero_only() -> None:
    step = one({"truncate": 5}, writes=TO_XERO)
    assert (step.forward("Acme Pty"), step.backward) == ("Acme", None)
    _, (problem,) = build({"truncate": 0}, writes=TO_XERO)
    assert problem.summary == "`truncate` takes a number of characters."
    steps, (problem,) = build("trim", {"truncate": 5})
    assert [each.name for each in steps] == ["trim"]
    assert (problem.code, problem.span, problem.suggestion) == ("HX136", place(2), "direction: to-xero")


STATUS: Json = {
    "translate": {
        "to-xero": {"draft": "draft", "open": "authorised", "paid": "authorised", "voided": "voided"},
        "to-hubspot": {
            "draft": "draft",
            "submitted": "draft",
            "authorised": "open",
            "paid": "paid",
            "voided": "voided",
        },
    }
}


def test_a_translation_says_one_apps_words_in_the_others_and_need_not_be_its_own_inverse() -> None:
    step = one(STATUS)
    assert step.backward is not None
    assert [step.forward(each) for each in ("Open", "paid", "draft")] == ["authorised", "authorised", "draft"]
    assert [step.backward(each) for each in ("AUTHORISED", "paid", "submitted")] == ["open", "paid", "draft"]
    for change, unknown in ((step.forward, "authorised"), (step.backward, "open"), (step.backward, "deleted")):
        with pytest.raises(NotOfType, match=f"'{unknown}' is not in the map"):
            change(unknown)


words = st.sampled_from(["a", "B", "b", "c", "d"])
tables = st.dictionaries(words, words, max_size=4)


@given(tables, tables)
def test_a_translation_is_taken_exactly_when_it_settles(to_xero: dict[str, str], to_hubspot: dict[str, str]) -> None:
    """There, back and there again is once there; the other way it is so from the second round on."""
    steps, problems = build({"translate": {"to-xero": {**to_xero}, "to-hubspot": {**to_hubspot}}})
    there = {given.lower(): result for given, result in to_xero.items()}
    back = {given.lower(): result for given, result in to_hubspot.items()}
    clear = len(there) == len(to_xero) > 0 and len(back) == len(to_hubspot) > 0
    closed = {each.lower() for each in there.values()} <= back.keys() and {
        each.lower() for each in back.values()
    } <= there.keys()
    settles = clear and closed and all(there[back[xero.lower()].lower()] == xero for xero in there.values())
    assert bool(steps) == settles
    assert [each.code for each in problems] == ([] if settles else ["HX136"])
    for step in steps:
        assert step.backward is not None
        for word in to_xero:
            sent = step.forward(word)
            assert step.forward(step.backward(sent)) == sent
        for word in to_hubspot:
            came = step.backward(step.forward(step.backward(word)))
            assert step.backward(step.forward(came)) == came


@pytest.mark.parametrize("spec", ["trim", STATUS, {"round": 2}], ids=str)
def test_what_stands_for_other_records_takes_no_step(spec: Json) -> None:
    for name in ("customer", "lines"):
        hubspot, xero = field(App.HUBSPOT, "invoices", name), field(App.XERO, "invoices", name)
        steps, (problem,) = build_steps([(spec, place(1))], hubspot, xero, BOTH)
        assert (steps, problem.code) == ((), "HX136")
        assert problem.summary.endswith(f"here it would be given {hubspot.kind.value}.")


WRONG: list[tuple[Json, str, str | None]] = [
    ("tirm", "There is no step `tirm`.", "trim"),
    ("capitalise-everything", "There is no step `capitalise-everything`.", None),
    ({"trim": 5}, "`trim` takes no value.", "trim"),
    ({"country-code": "AU"}, "`country-code` takes no value.", "country-code"),
    ({"e164": "XX"}, "`e164` takes the two letters of the country of numbers without a country code.", "e164: AU"),
    ({"e164": 61}, "`e164` takes the two letters of the country of numbers without a country code.", "e164: AU"),
    ("map", "`map` takes pairs.", "map: {HubSpot's: Xero's}"),
    ({"map": {}}, "`map` takes pairs.", "map: {HubSpot's: Xero's}"),
    ({"map": {"a": "x", "A": "y"}}, "`map` has `A` twice; case makes no difference.", None),
    (
        {"map": {"a": "x", "b": "X"}},
        "`map` gives `X` twice, so the way back isn't clear; `translate` says each way by itself.",
        None,
    ),
    ({"map": {"a": {"b": "c"}}}, "`map` takes plain values, and `a` has none.", None),
    ({"map": {"a": None}}, "`map` takes plain values, and `a` has none.", None),
    ({"map": {"a": " "}}, "`map` takes pairs of texts, none of them empty.", None),
    ({"prefix": ""}, "`prefix` takes a text that begins with no blank.", 'prefix: "PO-"'),
    ({"prefix": 5}, "`prefix` takes a text that begins with no blank.", 'prefix: "PO-"'),
    ({"round": 2}, "`round` takes numbers, but here it would be given text.", None),
]


@pytest.mark.parametrize(("spec", "summary", "suggestion"), WRONG, ids=str)
def test_a_wrong_step_is_named_at_its_place(spec: Json, summary: str, suggestion: str | None) -> None:
    steps, (problem,) = build("trim", spec, writes=TO_XERO)
    assert [step.name for step in steps] == ["trim"]
    assert (problem.code, problem.span, problem.summary, problem.suggestion) == ("HX136", place(2), summary, suggestion)


Table = dict[str, Json]
NOT_SETTLING: list[tuple[Table, Table, str]] = [
    ({"a": "b"}, {}, "takes two tables."),
    ({"a": "b", "A": "b"}, {"b": "a"}, "has `A` twice; case makes no difference."),
    ({"a": "b"}, {"b": None}, "takes plain values, and `b` has none."),
    ({"a": "b"}, {"b": " "}, "takes pairs of texts, none of them empty."),
    ({"a": "c"}, {"b": "a"}, "gives `c` under `to-xero` and doesn't know it under `to-hubspot`."),
    ({"a": "b"}, {"b": "c"}, "gives `c` under `to-hubspot` and doesn't know it under `to-xero`."),
    (
        {"a": "x", "b": "y"},
        {"x": "b", "y": "b"},
        "never settles: `a` goes to Xero as `x`, comes back as `b` and goes as `y`.",
    ),
]


@pytest.mark.parametrize(("to_xero", "to_hubspot", "summary"), NOT_SETTLING, ids=str)
def test_a_translation_that_is_unclear_is_refused(to_xero: Table, to_hubspot: Table, summary: str) -> None:
    steps, (problem,) = build({"translate": {"to-xero": to_xero, "to-hubspot": to_hubspot}}, writes=TO_XERO)
    assert (steps, problem.code, problem.summary) == ((), "HX136", f"`translate` {summary}")


@pytest.mark.parametrize(
    "argument", [None, "a", {}, {"to-xero": {"a": "a"}}, {"to-xero": {"a": "a"}, "to-hubspot": {"a": "a"}, "else": "a"}]
)
def test_a_translation_has_two_tables_and_nothing_else(argument: Json) -> None:
    _, (problem,) = build({"translate": argument})
    assert problem.summary == "`translate` takes two tables."
    assert problem.suggestion == "translate: {to-xero: {HubSpot's: Xero's}, to-hubspot: {Xero's: HubSpot's}}"


@pytest.mark.parametrize("spec", [{"round": "2"}, {"round": 7}, {"round": True}, {"round": -1}, "round"], ids=str)
def test_rounding_takes_nought_to_six_places(spec: Json) -> None:
    _, (problem,) = build(spec, numeric=True)
    assert (problem.summary, problem.suggestion) == ("`round` takes a number of decimals, 0 to 6.", "round: 2")


def test_a_step_for_text_is_refused_where_a_number_comes() -> None:
    _, (problem,) = build("trim", numeric=True)
    assert problem.summary == "`trim` takes text, but here it would be given money."


def test_all_wrong_steps_are_named_in_one_run() -> None:
    steps, problems = build("tirm", "upper", {"round": 2}, {"map": {}})
    assert [step.name for step in steps] == ["upper"]
    assert [problem.span for problem in problems] == [place(1), place(3), place(4)]


def test_equal_steps_are_equal() -> None:
    """A mapping's digest and its comparison look at the name and the argument only."""
    assert one({"map": {"a": "b"}}) == one({"map": {"a": "b"}}) != one({"map": {"a": "c"}})


SETTLING: list[Json] = [
    "trim",
    "upper",
    "lower",
    "digits",
    "country-code",
    {"e164": "AU"},
    {"map": {"a": "b", "B": "a"}},
    {"translate": {"to-xero": {"a": "b", "B": "a"}, "to-hubspot": {"a": "b", "b": "A"}}},
    {"prefix": "pO"},
]
texts = st.text(max_size=20) | st.sampled_from(
    ["a", "B", "po-1", "Pox", "Peru", "0412 345 678", "ﬁ", "ŉ", "İ", "ΐ", "e\u0301\u0323"]
)


@pytest.mark.parametrize("spec", SETTLING, ids=str)
@given(raw=texts)
def test_there_and_back_settles(spec: Json, raw: str) -> None:
    """What HubSpot said comes back in one spelling, and that one goes and comes unchanged; so nothing flaps between two runs."""
    step = one(spec)
    value = canonical(ValueType.TEXT, raw)
    assert step.backward is not None
    for out, home in ((step.forward, step.backward), (step.backward, step.forward)):
        try:
            sent = out(value) if value is not None else None
        except NotOfType:
            continue
        if sent is None:
            continue
        assert canonical(ValueType.TEXT, sent) == sent
        back = home(sent)
        assert out(back) == sent
        assert home(out(back)) == back


@given(st.decimals(-(10**12), 10**12, places=4), st.integers(0, 6))
def test_rounding_settles(value: Decimal, places: int) -> None:
    step = one({"round": places}, numeric=True)
    assert step.backward is not None
    assert step.backward(step.forward(value)) == step.forward(value)


def test_every_country_has_a_name_that_leads_back_to_its_code() -> None:
    assert len(countries.codes()) > 240
    for code in countries.codes():
        assert countries.code(code) == countries.code(code.lower()) == countries.code(countries.name(code)) == code


def test_a_number_that_is_no_text_is_refused() -> None:
    """Steps are given canonical values of their type; anything else is refused, not converted."""
    with pytest.raises(NotOfType):
        one("trim").forward(Decimal(5))
    with pytest.raises(NotOfType):
        one({"round": 2}, numeric=True).forward("5")
    with pytest.raises(NotOfType):
        one({"round": 2}, numeric=True).forward(Decimal("1e60"))
