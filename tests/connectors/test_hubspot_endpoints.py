"""What is HubSpot's own: lists with associations, the depth of search, batch reads by unique values, upserts, merges."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hxrules.catalogue import Field, load_catalogue
from hxrules.connectors import Connectors, Timing
from hxrules.connectors.hubspot import open_hubspot
from hxrules.records import App, Failure, Life, Portal, ReadRequest, Write
from hxrules.values import Value, ValueType
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def stage_of(stages: ExitStack, part: dict[str, Any] | None = None, **options: Any) -> Stage:
    options["quirks"] = {**UNLIMITED, **options.get("quirks", {})}
    if part is not None:
        options["seed_file"] = {"hubspot": part}
    return stages.enter_context(staged(App.HUBSPOT, **options))


def contact(number: int, **properties: str) -> dict[str, Any]:
    return {"id": str(number), "properties": {"firstname": f"N{number}", **properties}}


def settings_calls(stage: Stage) -> list[tuple[str, int | None]]:
    return [(each.method, each.status) for each in stage.log if "/crm/properties/" in each.path]


def test_the_portal_tells_its_currencies_and_zone(stages: ExitStack) -> None:
    account = {"portalId": 42, "timeZone": "US/Eastern", "companyCurrency": "USD", "additionalCurrencies": ["EUR"]}
    assert stage_of(stages, {"account": account}).connector.identify() == Portal(
        id=42, time_zone="US/Eastern", currency="USD", currencies=("USD", "EUR"), ui_domain="app.hubspot.com"
    )


# --- associations ----------------------------------------------------------------------------------------------------


def linked(many: int = 3) -> dict[str, Any]:
    """Contact 1 with one invoice, contact 2 with many, contact 3 with none; one company."""
    invoices = [{"id": str(100 + number), "properties": {"hs_currency": "AUD"}} for number in range(many + 1)]
    kind = "contact_to_invoice"
    both = [{"id": "900", "type": name} for name in ("contact_to_company", "contact_to_company_unlabeled")]
    first = {"invoices": {"results": [{"id": "100", "type": kind}]}, "companies": {"results": both}}
    second = {"invoices": {"results": [{"id": str(101 + number), "type": kind} for number in range(many)]}}
    rows = [{**contact(1), "associations": first}, {**contact(2), "associations": second}, contact(3)]
    return {"contacts": rows, "invoices": invoices, "companies": [{"id": "900", "properties": {"name": "Acme"}}]}


@pytest.mark.parametrize(
    ("how", "calls"),
    [({}, 1), ({"since": datetime(2000, 1, 1, tzinfo=UTC)}, 3), ({"ids": ("1", "2", "3")}, 3)],
    ids=["everything", "since", "ids"],
)
@pytest.mark.parametrize(
    "quirks", [{}, {"association-read-empty": "absent", "to-object-id": "number", "line-items-key": "plain"}]
)
def test_associations_come_with_their_records(
    stages: ExitStack, how: dict[str, Any], calls: int, quirks: dict[str, str]
) -> None:
    stage = stage_of(stages, linked(), quirks=quirks)
    read = {each.ref.id: each for each in stage.read("email", associations=("invoice", "company"), **how)}
    assert {own: {word: set(ids) for word, ids in each.associations.items()} for own, each in read.items()} == {
        "1": {"invoice": {"100"}, "company": {"900"}},
        "2": {"invoice": {"101", "102", "103"}, "company": set()},
        "3": {"invoice": set(), "company": set()},
    }
    assert len(stage.log) == calls
    assert not any(each.associations for each in stage.read("email", **how))


@pytest.mark.parametrize("how", [{}, {"ids": ("1", "2", "3")}], ids=["everything", "ids"])
def test_more_associations_than_a_list_shows_are_read_on(stages: ExitStack, how: dict[str, Any]) -> None:
    stage = stage_of(stages, linked(1300))
    read = {each.ref.id: each for each in stage.read("email", associations=("invoice",), **how)}
    assert {own: len(each.associations["invoice"]) for own, each in read.items()} == {"1": 1, "2": 1300, "3": 0}


# --- search ----------------------------------------------------------------------------------------------------------


def shallow(stage: Stage, depth: int) -> Stage:
    """The same account, where a search shows no more than `depth` results."""
    timing = Timing(stage.clockwork.monotonic, stage.clockwork.sleep)
    hubspot = open_hubspot(stage.settings, load_catalogue(), timing, 10, depth)
    stage.closing.callback(hubspot.close)
    stage.connectors = Connectors(hubspot, stage.connectors.xero)
    return stage


@pytest.mark.parametrize("instants", [1, 2, 7, 900])
def test_a_search_goes_on_behind_the_last_result_that_is_shown(stages: ExitStack, instants: int) -> None:
    """Also where more records than that were changed in one millisecond, as by an import."""
    rows = [
        {**contact(number), "updatedAt": f"2026-01-01T00:00:00.{number % instants:03}Z"} for number in range(1, 901)
    ]
    stage = shallow(stage_of(stages, {"contacts": rows}), 400)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    pages = stage.pages("email", since=since)
    times = [each.updated for page in pages for each in page.records if each.updated]
    assert len(times) == 900
    assert times == sorted(times, reverse=True)
    assert pages[0].total == 900
    assert len({each.ref for page in pages for each in page.records}) == 900


def test_a_value_that_hubspot_keeps_unique_is_found_before_search_can_see_it(stages: ExitStack) -> None:
    stage = stage_of(stages, quirks={"search-lag": "60"})
    assert stage.connector.prepare("contacts")
    memory = stage.what.custom_property("hxrules_xero_id")
    [made] = stage.write(stage.create("k", "partner", email="new@x.example", company_name="New"))
    assert made.record is not None
    for field, value in ((stage.field("email"), "NEW@x.example"), (memory, "partner")):
        [found] = stage.read("email", where=(field, (value,)))
        assert (found.ref, found.memory) == (made.record.ref, "partner")
    assert not stage.read("email", where=(stage.field("company-name"), ("New",)))
    stage.clockwork.sleep(61)
    assert stage.read("email", where=(stage.field("company-name"), ("New",)))


def test_an_address_that_is_somebodys_second_one_finds_its_owner(stages: ExitStack) -> None:
    stage = stage_of(stages, {"contacts": [contact(1, email="a@x.example", hs_additional_emails="b@x.example")]})
    assert [each.ref.id for each in stage.read("email", where=(stage.field("email"), ("b@x.example",)))] == ["1"]


def test_a_value_that_is_too_long_for_a_search_is_not_asked_for(stages: ExitStack) -> None:
    stage = stage_of(stages, {"contacts": [contact(1, company="Short")]})
    values = ("x" * 5000, "Short", *("y" * 900 + str(number) for number in range(9)))
    found = stage.read("email", where=(stage.field("company-name"), values))
    assert [each.ref.id for each in found] == ["1"]
    assert {each.status for each in stage.log} == {200}


@pytest.mark.parametrize("how", [{}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}], ids=["everything", "since"])
def test_any_number_of_properties_can_be_read(stages: ExitStack, how: dict[str, Any]) -> None:
    names = [f"own_property_with_a_long_name_{number}" for number in range(300)]
    definitions = [
        {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        for name in names
    ]
    rows = [contact(number, **dict.fromkeys(names, f"v{number}")) for number in range(1, 251)]
    stage = stage_of(stages, {"properties": {"contacts": definitions}, "contacts": rows})
    fields = tuple(stage.what.custom_property(name) for name in names)
    read = [
        each
        for page in stage.connector.read(ReadRequest(App.HUBSPOT, "contacts", fields, **how))
        for each in page.records
    ]
    assert len(read) == 250
    assert all(set(each.fields.values()) == {f"v{each.ref.id}"} for each in read)


# --- merges and memory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("survivor", ["new", "primary"])
@pytest.mark.parametrize("reading", ["404", "redirect"])
def test_merged_records_name_their_survivor(stages: ExitStack, survivor: str, reading: str) -> None:
    stage = stage_of(
        stages, {"contacts": [contact(1), contact(2)]}, quirks={"merge-id": survivor, "merged-id-read": reading}
    )
    body = {"primaryObjectId": "1", "objectIdToMerge": "2"}
    own = stage.direct("POST", "/crm/objects/2026-09/contacts/merge", json=body)["id"]
    gone = {"1", "2"} - {own}
    ways: list[dict[str, Any]] = [{}, {"ids": ("1", "2")}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}]
    for how in ways:
        read = stage.read("email", **how)
        assert {each.ref.id: each.merged_into for each in read if each.life is Life.MERGED} == dict.fromkeys(gone, own)
        assert [each.ref.id for each in read if each.life is Life.LIVE] == [own]


def test_the_memory_is_made_once_and_then_found(stages: ExitStack) -> None:
    stage = stage_of(stages, {})
    memory = stage.what.custom_property("hxrules_xero_id")
    assert stage.read("email", where=(memory, ("x", "y"))) == []
    assert settings_calls(stage) == [("GET", 404)]
    assert [stage.connector.prepare("contacts") for _ in range(3)] == [True] * 3
    assert settings_calls(stage) == [("GET", 404), ("POST", 201), ("POST", 201)]
    other = stage.again()
    assert other.connector.prepare("contacts")
    assert settings_calls(stage)[3:] == [("GET", 200)]
    [found] = stage.direct("GET", "/_sandbox/world")["hubspot"]["properties"]["contacts"]
    assert (found["name"], found["groupName"], found["hasUniqueValue"]) == ("hxrules_xero_id", "hxrules", True)


def test_without_the_right_to_make_it_there_is_no_memory(stages: ExitStack) -> None:
    scopes = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"]
    stage = stage_of(stages, {"account": {"scopes": scopes}})
    assert not stage.connector.prepare("contacts")
    [made] = stage.write(stage.create("k", "partner", email="a@x.example"))
    assert made.error is None
    [record] = stage.read()
    assert record.memory is None


def test_a_property_of_that_name_that_is_not_unique_is_no_memory(stages: ExitStack) -> None:
    taken = {"name": "hxrules_xero_id", "label": "X", "type": "string", "fieldType": "text"}
    taken["groupName"] = "contactinformation"
    stage = stage_of(stages, {"properties": {"contacts": [taken]}})
    assert not stage.connector.prepare("contacts")
    assert not stage.connector.prepare("companies")


def test_an_update_remembers_the_partner_where_that_is_prepared(stages: ExitStack) -> None:
    stage = stage_of(stages, {"contacts": [contact(1)]})
    field = stage.field("city")
    write = Write(App.HUBSPOT, "contacts", "k", "1", {field: "Perth"}, memory="partner")
    assert stage.write(write)[0].error is None
    assert stage.read()[0].memory is None
    stage.connector.prepare("contacts")
    assert stage.write(write)[0].error is None
    assert stage.read()[0].memory == "partner"


# --- writes ----------------------------------------------------------------------------------------------------------


def test_a_create_that_remembers_nothing_is_in_doubt_when_its_answer_is_lost(stages: ExitStack) -> None:
    stage = stage_of(stages, {})
    stage.fault("lost-answer", 1)
    [result] = stage.write(stage.create("k", email="a@x.example"))
    assert result.error is not None
    assert (result.error.failure, result.error.code) == (Failure.IN_DOUBT, "no-answer")
    assert len(stage.read("email")) == 1
    assert len([each for each in stage.log if not each.read]) == 1


@pytest.mark.parametrize("conflict", ["207", "409"])
@pytest.mark.parametrize("prepared", [True, False])
def test_a_taken_address_names_its_owner_and_fails_alone(stages: ExitStack, conflict: str, prepared: bool) -> None:
    stage = stage_of(stages, {"contacts": [contact(77, email="p5@x.example")]}, quirks={"batch-conflict": conflict})
    if prepared:
        stage.connector.prepare("contacts")
    writes = [stage.create(f"k{n}", f"m{n}", email=f"p{n}@x.example", first_name=f"P{n}") for n in range(9)]
    results = stage.write(*writes)
    assert Counter(result.error is None for result in results) == {True: 8, False: 1}
    error = results[5].error
    assert error is not None
    assert (error.failure, error.code, error.existing) == (Failure.REFUSED, "email-taken", "77")
    assert all(
        result.record and stage.value(result.record, "first-name") == f"P{n}"
        for n, result in enumerate(results)
        if n != 5
    )


def test_creates_that_nothing_else_tells_apart_are_matched_by_their_trace(stages: ExitStack) -> None:
    stage = stage_of(stages, {})
    results = stage.write(*(stage.create(f"k{n}", first_name=f"P{n}") for n in range(20)))
    names = [result.record and stage.value(result.record, "first-name") for result in results]
    assert names == [f"P{n}" for n in range(20)]


def written(*properties: dict[str, str]) -> bytes:
    """An answer to a batch, last result first, without trace ids."""
    results = [{"id": str(n), "properties": each} for n, each in enumerate(properties)]
    return answer(json.dumps({"status": "COMPLETE", "results": results[::-1]}))


def test_without_a_trace_results_are_matched_by_id_memory_or_address(stages: ExitStack) -> None:
    stage = stage_of(stages, {})
    emails = [{"email": f"P{n}@x.example"} for n in range(3)]
    memories = [{"hxrules_xero_id": f"m{n}"} for n in range(3)]
    property_found = answer('{"hasUniqueValue": true}')
    script = [written(*emails), written(*emails), property_found, written(*memories), written({}, {}), written({})]
    other = stage.again(hubspot_url=stages.enter_context(wire(*script)).url)
    creates = [other.create(f"k{n}", f"m{n}", email=f"p{n}@x.example") for n in range(3)]
    updates = [Write(App.HUBSPOT, "contacts", f"k{n}", str(n), {stage.field("city"): "Perth"}) for n in range(3)]
    for batch in (creates, updates):
        assert [each.record and each.record.ref.id for each in other.write(*batch)] == ["0", "1", "2"]
    assert other.connector.prepare("contacts")
    assert [each.record and each.record.ref.id for each in other.write(*creates)] == ["0", "1", "2"]
    nameless = [other.create(f"k{n}", first_name="Ann") for n in range(2)]
    failures = [each.error and each.error.failure for each in other.write(*nameless)]
    assert failures == [Failure.IN_DOUBT] * 2
    [alone] = other.write(nameless[0])
    assert alone.record is not None


def test_a_value_that_spoils_a_batch_of_lookups_is_left_out(stages: ExitStack) -> None:
    stage = stage_of(stages, {})
    bad, good = answer('{"category": "VALIDATION_ERROR"}', 400), written({"email": "a@x.example"})
    script = stages.enter_context(wire(bad, good, bad))
    found = stage.again(hubspot_url=script.url).read("email", where=(stage.field("email"), ("a@x.example", "?")))
    assert [each.ref.id for each in found] == ["0"]
    assert len(script.requests) == 3


def test_what_hubspot_refuses_has_a_name(stages: ExitStack) -> None:
    rules = {"contacts": {"required": ["jobtitle"]}}
    stage = stage_of(stages, {"contacts": [contact(1), contact(2)], "admin_rules": rules})
    info = stage.what
    cases: list[tuple[Field, Value, str]] = [
        (stage.field("email"), "no address", "bad-email"),
        (stage.field("lifecycle-stage"), "no stage", "bad-choice"),
        (info.custom_property("no_such_property"), "x", "unknown-field"),
        (info.fields["createdate"], datetime(2026, 1, 1, tzinfo=UTC), "read-only"),
    ]
    for field, value, code in cases:
        [result] = stage.write(Write(App.HUBSPOT, "contacts", "k", "1", {field: value}))
        assert result.error is not None, code
        assert (result.error.failure, result.error.code) == (Failure.REFUSED, code)
    stage.connector.prepare("contacts")
    memory = [Write(App.HUBSPOT, "contacts", "k", own, {}, memory="same") for own in ("1", "2")]
    first, second = (stage.write(each)[0] for each in memory)
    assert first.error is None
    assert second.error is not None
    assert second.error.code == "value-taken"
    [missing] = stage.write(stage.create("k", email="new@x.example"))
    assert missing.error is not None
    assert missing.error.code == "missing-field"


def test_what_an_answer_does_not_speak_of_is_unknown_and_what_was_emptied_is_empty(stages: ExitStack) -> None:
    stage = stage_of(stages, {"contacts": [contact(1, city="Perth", zip="6000")]})
    [result] = stage.write(stage.update("k", stage.read()[0], city=None, region="WA"))
    assert result.record is not None
    assert result.record.fields == {"city": None, "state": "WA"}


def test_a_custom_property_keeps_its_type(stages: ExitStack) -> None:
    kinds = [(ValueType.DAY, "date", "date"), (ValueType.NUMBER, "number", "number")]
    definitions = [
        {"name": f"own_{kind}", "label": kind, "type": kind, "fieldType": field, "groupName": "contactinformation"}
        for _, kind, field in kinds
    ]
    stage = stage_of(stages, {"properties": {"contacts": definitions}, "contacts": [contact(1)]})
    day, number = (stage.what.custom_property(f"own_{kind}", of) for of, kind, _ in kinds)
    values: dict[Field, Value] = {day: date(2026, 2, 28), number: Decimal("12.5")}
    [result] = stage.write(Write(App.HUBSPOT, "contacts", "k", "1", values))
    assert result.record is not None
    [page] = stage.connector.read(ReadRequest(App.HUBSPOT, "contacts", (day, number)))
    assert page.records[0].fields == result.record.fields == {each.name: value for each, value in values.items()}
