"""Compiled mappings: what a record says in the other app's terms, either way, one by one and in batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.catalogue import Field, load_catalogue
from hxrules.language.mappings import CompiledMappings, ConversionFailed, check_types
from hxrules.language.model import FieldMapping
from hxrules.language.transforms import build_steps
from hxrules.paths import parse_path
from hxrules.records import App
from hxrules.values import IdOf, Json, Line, Lines, Value, ValueType, canonical
from tests.language.examples import CONTACT_MAPPINGS, NOWHERE, contact_mapping, field

BOTH = frozenset(App)
TO_XERO, TO_HUBSPOT = frozenset({App.XERO}), frozenset({App.HUBSPOT})
HUBSPOT_NAMES = [mapping.hubspot.name for mapping in CONTACT_MAPPINGS]
XERO_NAMES = [mapping.xero.name for mapping in CONTACT_MAPPINGS]


def custom(app: App, kind: ValueType, choices: Mapping[str, str] | None = None) -> Field:
    wire = dict(choices or {})
    return Field(
        app,
        "contacts",
        f"{app.value}_{kind.value}",
        kind.value,
        kind,
        parse_path("x"),
        choices=tuple(wire),
        wire_choices=wire,
    )


def pair(
    hubspot: ValueType,
    xero: ValueType,
    *spec: Json,
    writes: frozenset[App] = BOTH,
    choices: Mapping[str, str] | None = None,
) -> CompiledMappings:
    left, right = custom(App.HUBSPOT, hubspot, choices), custom(App.XERO, xero, choices)
    steps, problems = build_steps([(entry, NOWHERE) for entry in spec], left, right, writes)
    assert problems == []
    return CompiledMappings((FieldMapping("value", left, right, NOWHERE, "digest", steps, writes=writes),))


def sent(mappings: CompiledMappings, value: Value) -> Value:
    """What Xero would get."""
    return mappings.to_xero({mappings.mappings[0].hubspot.name: value})[0]


def returned(mappings: CompiledMappings, value: Value) -> Value:
    """What HubSpot would get."""
    return mappings.to_hubspot({mappings.mappings[0].xero.name: value})[0]


def hubspot_contact(**fields: Value) -> dict[str, Value]:
    return {**dict.fromkeys(HUBSPOT_NAMES), **fields}


def xero_contact(**fields: Value) -> dict[str, Value]:
    return {**dict.fromkeys(XERO_NAMES), **fields}


# --- the default mappings of contacts --------------------------------------------------------------------------------------

CONTACTS = CompiledMappings(CONTACT_MAPPINGS)


def test_values_go_over_in_the_order_of_the_mappings() -> None:
    hubspot = {name: f"value of {name}" for name in HUBSPOT_NAMES}
    xero = {name: f"value of {name}" for name in XERO_NAMES}
    assert CONTACTS.to_xero(hubspot) == CONTACTS.hubspot(hubspot) == tuple(hubspot.values())
    assert CONTACTS.to_hubspot(xero) == CONTACTS.xero(xero) == tuple(xero.values())


NAMES: list[tuple[dict[str, Value], Value, bool]] = [
    ({"company": "Acme", "firstname": "Jo", "lastname": "Doe", "email": "jo@x.y"}, "Acme", False),
    ({"firstname": "Jo", "lastname": "Doe", "email": "jo@x.y"}, "Jo Doe", True),
    ({"firstname": "Jo", "email": "jo@x.y"}, "jo@x.y", True),
    ({"lastname": "Doe", "email": "jo@x.y"}, "jo@x.y", True),
    ({"lastname": "Doe"}, None, False),
    ({}, None, False),
]


@pytest.mark.parametrize(("fields", "name", "made_up"), NAMES, ids=str)
def test_a_contact_without_a_company_is_named_by_its_person_else_by_its_address(
    fields: dict[str, Value], name: Value, made_up: bool
) -> None:
    record = hubspot_contact(**fields)
    assert CONTACTS.to_xero(record)[3] == name
    assert CONTACTS.is_fallback(record) == tuple(position == 3 and made_up for position in range(12))


FLOWING: list[tuple[dict[str, Value], Value]] = [
    ({"Name": "Acme", "FirstName": "Jo", "LastName": "Doe"}, "Acme"),
    ({"Name": "Jo Doe", "FirstName": "Jo", "LastName": "Doe"}, None),
    ({"Name": "JO DOE", "FirstName": "Jo", "LastName": "Doe"}, None),
    ({"Name": "JO@x.y", "EmailAddress": "jo@x.y"}, None),
    ({"Name": "jo@x.y", "FirstName": "Jo", "LastName": "Doe", "EmailAddress": "jo@x.y"}, None),
    ({"Name": "Jo", "FirstName": "Jo"}, "Jo"),
    ({"Name": None, "FirstName": "Jo", "LastName": "Doe"}, None),
]


@pytest.mark.parametrize(("fields", "company"), FLOWING, ids=str)
def test_a_name_that_was_made_up_does_not_flow_back(fields: dict[str, Value], company: Value) -> None:
    assert CONTACTS.to_hubspot(xero_contact(**fields))[3] == company


@given(
    st.fixed_dictionaries(
        {name: st.none() | st.sampled_from(["Jo", "Doe", "jo@x.y", "Jo Doe"]) for name in HUBSPOT_NAMES}
    )
)
def test_what_went_to_xero_comes_back_as_it_was(record: dict[str, Value]) -> None:
    """Whatever HubSpot holds: its own values come back, and a name that was made up comes back as the nothing that it was."""
    there = dict(zip(XERO_NAMES, CONTACTS.to_xero(record), strict=True))
    back = dict(zip(HUBSPOT_NAMES, CONTACTS.to_hubspot(there), strict=True))
    made_up = {"Jo Doe"} if (record["firstname"], record["lastname"]) == ("Jo", "Doe") else set()
    if record["company"] in made_up | {record["email"]}:
        assert back.pop("company") is None
        record.pop("company")
    assert back == record


def test_a_template_over_a_mapping_that_is_switched_off_is_left_out() -> None:
    mappings = CompiledMappings(tuple(mapping for mapping in CONTACT_MAPPINGS if mapping.id != "last-name"))
    assert mappings.to_xero(hubspot_contact(firstname="Jo", lastname="Doe", email="jo@x.y"))[2] == "jo@x.y"


def test_templates_are_filled_with_what_xero_would_hold() -> None:
    steps, _ = build_steps([("upper", NOWHERE)], CONTACT_MAPPINGS[2].hubspot, CONTACT_MAPPINGS[2].xero, BOTH)
    mappings = CompiledMappings(
        (
            contact_mapping("last-name", "lastname", "LastName", steps=steps),
            contact_mapping("company-name", "company", "Name", fallback=("Family {last-name}!",)),
        )
    )
    assert mappings.to_xero({"lastname": "Doe", "company": None}) == ("DOE", "Family DOE!")
    assert mappings.to_hubspot({"LastName": "DOE", "Name": "family doe!"}) == ("DOE", None)


# --- types -----------------------------------------------------------------------------------------------------------------

TEXTUAL = {ValueType.TEXT, ValueType.EMAIL, ValueType.CHOICE, ValueType.ID}
NUMERIC = {ValueType.NUMBER, ValueType.MONEY}
TEMPORAL = {ValueType.DAY, ValueType.INSTANT}


def fitting(given: ValueType, wanted: ValueType) -> bool:
    """The rule of the contract, spelled out as a table."""
    composite = {ValueType.REFERENCE, ValueType.LINES}
    families = (TEXTUAL, NUMERIC, TEMPORAL, {ValueType.BOOL}, {ValueType.REFERENCE}, {ValueType.LINES})
    return any({given, wanted} <= family for family in families) or (
        given not in composite and wanted in (ValueType.TEXT, ValueType.ID)
    )


@pytest.mark.parametrize(("hubspot", "xero"), list(product(ValueType, ValueType)), ids=lambda kind: kind.value)
def test_only_types_that_fit_are_mapped(hubspot: ValueType, xero: ValueType) -> None:
    """Text goes into text, numbers into numbers, times into times; what is neither text nor back again goes into text only; references and
    lines only into their like."""
    left, right = custom(App.HUBSPOT, hubspot), custom(App.XERO, xero)
    expected = {App.XERO: fitting(hubspot, xero), App.HUBSPOT: fitting(xero, hubspot)}
    for writes in (BOTH, TO_XERO, TO_HUBSPOT, frozenset[App]()):
        problems = check_types(left, right, (), writes, NOWHERE)
        assert len(problems) == sum(not expected[app] for app in writes)
        assert all((problem.code, problem.span) == ("HX135", NOWHERE) for problem in problems)


def test_steps_count_when_types_are_checked() -> None:
    price, code = custom(App.HUBSPOT, ValueType.MONEY), custom(App.XERO, ValueType.TEXT)
    rounded, _ = build_steps([({"round": 2}, NOWHERE)], price, code, TO_XERO)
    assert check_types(price, code, rounded, TO_XERO, NOWHERE) == []
    (problem,) = check_types(price, code, rounded, BOTH, NOWHERE)
    assert problem.summary == "`xero_text` (text) doesn't go into `hubspot_money` (money)."
    text, flag = custom(App.HUBSPOT, ValueType.TEXT), custom(App.XERO, ValueType.BOOL)
    trimmed, _ = build_steps([("trim", NOWHERE)], text, flag, BOTH)
    assert len(check_types(text, flag, trimmed, BOTH, NOWHERE)) == 2


CONVERTED: list[tuple[ValueType, Value, ValueType, Value]] = [
    (ValueType.TEXT, "Jo@X.Y", ValueType.EMAIL, "jo@x.y"),
    (ValueType.EMAIL, "jo@x.y", ValueType.TEXT, "jo@x.y"),
    (ValueType.MONEY, Decimal("1.50"), ValueType.NUMBER, Decimal("1.50")),
    (ValueType.DAY, date(2026, 11, 30), ValueType.INSTANT, datetime(2026, 11, 30, 12, tzinfo=UTC)),
    (ValueType.INSTANT, datetime(2026, 11, 30, 23, 59, tzinfo=UTC), ValueType.DAY, date(2026, 11, 30)),
    (ValueType.MONEY, Decimal("1E+3"), ValueType.TEXT, "1000"),
    (ValueType.NUMBER, Decimal("1.50"), ValueType.TEXT, "1.5"),
    (ValueType.DAY, date(2026, 11, 30), ValueType.TEXT, "2026-11-30"),
    (ValueType.INSTANT, datetime(2026, 11, 30, 12, tzinfo=UTC), ValueType.TEXT, "2026-11-30T12:00:00Z"),
    (ValueType.BOOL, True, ValueType.TEXT, "true"),
    (ValueType.BOOL, False, ValueType.BOOL, False),
    (ValueType.CHOICE, "draft", ValueType.TEXT, "draft"),
    (ValueType.TEXT, "Draft", ValueType.CHOICE, "draft"),
]


@pytest.mark.parametrize(("given_kind", "value", "wanted_kind", "expected"), CONVERTED, ids=str)
def test_values_change_into_the_type_of_the_field(
    given_kind: ValueType, value: Value, wanted_kind: ValueType, expected: Value
) -> None:
    assert sent(pair(given_kind, wanted_kind, writes=TO_XERO), value) == expected
    assert returned(pair(wanted_kind, given_kind, writes=TO_HUBSPOT), value) == expected


@given(st.dates())
def test_a_day_survives_as_an_instant(day: date) -> None:
    there_and_back = pair(ValueType.DAY, ValueType.INSTANT)
    assert returned(there_and_back, sent(there_and_back, day)) == day


@pytest.mark.parametrize("kind", ValueType)
def test_nothing_stays_nothing(kind: ValueType) -> None:
    for other in ValueType:
        assert sent(pair(kind, other), None) is None
        assert returned(pair(other, kind), None) is None


STAGES = {"draft": "DRAFT", "paid": "PAID"}


def test_a_choice_that_the_other_app_does_not_have_holds_the_record() -> None:
    mappings = pair(ValueType.TEXT, ValueType.CHOICE, choices=STAGES, writes=TO_XERO)
    assert [sent(mappings, value) for value in ("Draft", "PAID", None)] == ["draft", "paid", None]
    with pytest.raises(ConversionFailed, match="value: 'lost' is none of draft, paid") as raised:
        sent(mappings, "lost")
    assert (raised.value.mapping, raised.value.value, raised.value.reason) == (
        "value",
        "lost",
        "'lost' is none of draft, paid",
    )


def test_a_value_that_a_step_refuses_holds_the_record_where_it_would_be_written() -> None:
    both = pair(ValueType.TEXT, ValueType.TEXT, "country-code")
    assert (sent(both, "Australia"), returned(both, "AU")) == ("AU", "Australia")
    with pytest.raises(ConversionFailed, match="is no country"):
        sent(both, "Atlantis")
    with pytest.raises(ConversionFailed, match="is no country"):
        returned(both, "Atlantis")


def test_a_value_that_is_not_of_its_fields_type_holds_the_record() -> None:
    for given_kind, wanted_kind, value in (
        (ValueType.DAY, ValueType.INSTANT, "x"),
        (ValueType.INSTANT, ValueType.DAY, date(2026, 1, 1)),
    ):
        with pytest.raises(ConversionFailed):
            sent(pair(given_kind, wanted_kind), value)


def test_where_nothing_is_written_what_does_not_convert_is_nothing() -> None:
    to_xero = pair(ValueType.TEXT, ValueType.TEXT, "country-code", writes=TO_XERO)
    assert [returned(to_xero, value) for value in ("AU", "Atlantis")] == ["Australia", None]
    assert returned(pair(ValueType.NUMBER, ValueType.TEXT, writes=TO_XERO), "5") is None
    assert returned(pair(ValueType.TEXT, ValueType.TEXT, {"truncate": 3}, writes=TO_XERO), "abc") is None


def test_steps_run_in_order_and_backwards_in_reverse() -> None:
    mappings = pair(ValueType.TEXT, ValueType.TEXT, {"map": {"gold": "a"}}, "upper", {"prefix": "x-"})
    assert sent(mappings, "Gold") == "x-A"
    assert returned(mappings, "X-a") == "gold"


# --- compiled --------------------------------------------------------------------------------------------------------------


def test_they_are_compiled_once_and_at_first_use() -> None:
    mappings = CompiledMappings(CONTACT_MAPPINGS)
    assert set(vars(mappings)) == {"mappings"}
    first = mappings.to_xero
    assert mappings.to_xero is first
    assert "def to_xero_all(rows):" in mappings.python
    assert "# email: email <-> EmailAddress" in mappings.python


def test_a_field_that_was_not_read_is_an_error_not_an_empty_value() -> None:
    with pytest.raises(KeyError, match="lastname"):
        CONTACTS.to_xero({name: None for name in HUBSPOT_NAMES if name != "lastname"})


@pytest.mark.parametrize("kind", [ValueType.REFERENCE, ValueType.LINES])
def test_what_stands_for_other_records_goes_over_as_it_is(kind: ValueType) -> None:
    """Planning says it in the other app's terms, for it needs links and tax rates."""
    value: Value = (
        Lines((Line.of("lines", "1", {"Quantity": Decimal(2)}),)) if kind is ValueType.LINES else IdOf("link")
    )
    mappings = pair(kind, kind)
    assert sent(mappings, value) is value
    assert returned(mappings, value) is value


def test_what_is_reached_through_associations_is_empty_until_it_is_made() -> None:
    customer = FieldMapping(
        "customer",
        field(App.HUBSPOT, "invoices", "customer"),
        field(App.XERO, "invoices", "Customer"),
        NOWHERE,
        "digest",
        writes=BOTH,
    )
    mappings = CompiledMappings((customer,))
    assert mappings.to_xero({}) == mappings.hubspot({}) == (None,)
    assert mappings.to_xero({"customer": "101"}) == mappings.hubspot({"customer": "101"}) == ("101",)
    with pytest.raises(KeyError, match="Customer"):
        mappings.to_hubspot({})


def test_a_sync_may_have_no_mappings() -> None:
    none = CompiledMappings(())
    assert none.to_xero({}) == none.hubspot({}) == none.is_fallback({}) == ()
    assert none.to_hubspot_all([{}, {}]) == [(), ()]


def test_ids_of_mappings_may_look_alike() -> None:
    mappings = CompiledMappings(
        tuple(
            FieldMapping(
                id,
                custom(App.HUBSPOT, ValueType.TEXT),
                custom(App.XERO, ValueType.EMAIL),
                NOWHERE,
                "digest",
                writes=BOTH,
            )
            for id in ("a-b", "a_b", "a.b", "é", "ü")
        )
    )
    assert mappings.to_xero({"hubspot_text": "X@Y.Z"}) == ("x@y.z",) * 5


STEPS: list[tuple[Json, ...]] = [(), ("trim",), ("upper",), ("trim", "lower"), ({"prefix": "p"},)]


@st.composite
def mapping_sets(draw: st.DrawFn) -> tuple[FieldMapping, ...]:
    """Random mappings of contacts' text fields, with steps, directions and templates."""
    fields = load_catalogue().type(App.HUBSPOT, "contacts").fields, load_catalogue().type(App.XERO, "contacts").fields
    texts = [[field for field in side.values() if field.kind.textual and not field.choices] for side in fields]
    made: list[FieldMapping] = []
    for number in range(draw(st.integers(0, 5))):
        left, right = draw(st.sampled_from(texts[0])), draw(st.sampled_from(texts[1]))
        writes = draw(st.sampled_from([BOTH, TO_XERO, TO_HUBSPOT]))
        steps, _ = build_steps([(entry, NOWHERE) for entry in draw(st.sampled_from(STEPS))], left, right, writes)
        templates = [f"{{{each.id}}}" for each in made if not each.steps] + [
            "{gone}",
            "x {m0}" if made and not made[0].steps else "-",
        ]
        fallback = tuple(draw(st.lists(st.sampled_from(templates), max_size=2))) if draw(st.booleans()) else ()
        made.append(FieldMapping(f"m{number}", left, right, NOWHERE, "digest", steps, fallback, writes=writes))
    return tuple(made)


def slowly(mappings: tuple[FieldMapping, ...], fields: Mapping[str, Value]) -> tuple[Value, ...]:
    """`to_xero`, by loops."""

    def own(mapping: FieldMapping) -> Value:
        value = fields[mapping.hubspot.name]
        for step in mapping.steps:
            value = None if value is None else step.forward(value)
        return value.lower() if mapping.xero.kind is ValueType.EMAIL and isinstance(value, str) else value

    def one(mapping: FieldMapping) -> Value:
        value = own(mapping)
        known = {f"{{{each.id}}}": own(each) for each in mappings}
        for template in mapping.fallback if value is None else ():
            words = template.split(" ")
            if all(known.get(word, None if word.startswith("{") else word) is not None for word in words):
                return " ".join(str(known.get(word, word)) for word in words)
        return value

    return tuple(one(mapping) for mapping in mappings)


@given(mapping_sets(), st.data())
def test_compiled_mappings_do_what_a_loop_would(mappings: tuple[FieldMapping, ...], data: st.DataObject) -> None:
    value = st.none() | st.sampled_from(["a", "B", "Ab c"])
    fields = {mapping.hubspot.name: mapping.hubspot.kind for mapping in mappings}
    row = {name: value.map(partial(canonical, kind)) for name, kind in sorted(fields.items())}
    rows = data.draw(st.lists(st.fixed_dictionaries(row), max_size=3))
    compiled = CompiledMappings(mappings)
    expected = [slowly(mappings, row) for row in rows]
    assert [compiled.to_xero(row) for row in rows] == compiled.to_xero_all(rows) == expected
    for each_row, values in zip(rows, expected, strict=True):
        bare = slowly(tuple(replace(each, fallback=()) for each in mappings), each_row)
        assert compiled.is_fallback(each_row) == tuple(
            full is not None and own is None for full, own in zip(values, bare, strict=True)
        )
