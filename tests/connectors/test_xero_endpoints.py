"""What is Xero's own: pages that move, slots, names and numbers that are taken, archives, the idempotency key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hxrules.connectors.xero_time_zones import IANA
from hxrules.problems import Halt
from hxrules.records import App, Failure, Life, Organisation, Write
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire

CONTACTS = "/api.xro/2.0/Contacts"


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def id_of(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def contact(number: int, **more: Any) -> dict[str, Any]:
    return {"ContactID": id_of(number), "Name": f"N{number}", **more}


def stage_of(stages: ExitStack, *contacts: dict[str, Any], **options: Any) -> Stage:
    options["quirks"] = {**UNLIMITED, **options.get("quirks", {})}
    if contacts:
        options["seed_file"] = {"xero": {"contacts": contacts}}
    return stages.enter_context(staged(App.XERO, **options))


def codes(stage: Stage, *writes: Write) -> list[str | None]:
    return [result.error.code if result.error else None for result in stage.write(*writes)]


def filled(slot: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a slot that hold something."""
    return {name: part for name, part in slot.items() if part}


# --- who -------------------------------------------------------------------------------------------------------------


def test_the_organisation_tells_its_zone_by_a_name_that_everybody_knows(stages: ExitStack) -> None:
    settings = {"OrganisationID": id_of(7), "Name": "Kiwi & Co", "ShortCode": "!Qj35V", "BaseCurrency": "NZD"}
    settings["Timezone"] = "NEWZEALANDSTANDARDTIME"
    stage = stage_of(stages, seed_file={"xero": {"organisation": settings}})
    assert stage.connector.identify() == Organisation(id_of(7), "Kiwi & Co", "!Qj35V", "Pacific/Auckland", "NZD")
    assert stage.read("email") == []


def test_a_zone_that_nobody_knows_ends_the_run(stages: ExitStack) -> None:
    stage = stage_of(stages, seed_file={"xero": {"organisation": {"Timezone": "MARSSTANDARDTIME"}}})
    with pytest.raises(Halt) as caught:
        stage.connector.identify()
    assert (caught.value.exit_code, caught.value.problems[0].code) == (1, "HX422")
    assert "MARSSTANDARDTIME" in caught.value.problems[0].summary


def test_every_zone_of_xero_is_one_of_the_worlds() -> None:
    assert len(IANA) == 141
    assert all(ZoneInfo(name).key == name for name in IANA.values())
    offsets = {
        "AUSEASTERNSTANDARDTIME": 11,
        "GMTSTANDARDTIME": 0,
        "UTC11": -11,
        "UTC+13": 13,
        "SINGAPORESTANDARDTIME": 8,
    }
    january = datetime(2026, 1, 15, tzinfo=UTC)
    for name, hours in offsets.items():
        assert january.astimezone(ZoneInfo(IANA[name])).utcoffset() == timedelta(hours=hours)


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_record_that_changes_while_pages_are_read_makes_none_slip_past(stages: ExitStack) -> None:
    stage = stage_of(stages, seed="2500")
    pages = stage.connector.read(stage.request("email"))
    seen = [record.ref.id for record in next(pages).records]
    for number in (0, 1, 2):
        stage.direct("POST", f"{CONTACTS}/{seen[number]}", json={"AccountNumber": f"A{number}"})
    seen += [record.ref.id for page in pages for record in page.records]
    assert len(seen) == len(set(seen)) == 2500


def test_what_changes_while_the_newest_are_read_is_left_to_the_next_read_and_nothing_comes_twice(
    stages: ExitStack,
) -> None:
    stage = stage_of(stages, seed="2500")
    everybody = {record.ref.id for record in stage.read("email")}
    began = stage.info.environment.clock.now()
    pages = stage.connector.read(stage.request("email", since=datetime(2000, 1, 1, tzinfo=UTC)))
    shown = [record.ref.id for record in next(pages).records]
    changed = sorted(everybody.difference(shown))[:3]
    for number, own in enumerate(changed):
        stage.direct("POST", f"{CONTACTS}/{own}", json={"AccountNumber": f"A{number}"})
    shown += [record.ref.id for page in pages for record in page.records]
    assert len(shown) == len(set(shown))
    assert everybody.difference(shown) == set(changed)
    assert {record.ref.id for record in stage.read("email", since=began)} == set(changed)


@pytest.mark.parametrize("comparison", ["inclusive", "exclusive"])
def test_since_includes_the_instant_itself_and_nothing_before(stages: ExitStack, comparison: str) -> None:
    stamps = ["1789378199100", "1789378199999", "1789378200000", "1789378200001", "1789378260000"]
    contacts = [contact(n, UpdatedDateUTC=f"/Date({each}+0000)/") for n, each in enumerate(stamps)]
    stage = stage_of(stages, *contacts, quirks={"if-modified-since": comparison})
    for n, each in enumerate(stamps):
        since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(each))
        [page] = stage.pages("email", since=since)
        assert [record.ref.id for record in page.records] == [id_of(later) for later in range(n, 5)][::-1]
        assert page.total == 5 - n


def test_archived_and_merged_contacts_are_part_of_every_read(stages: ExitStack) -> None:
    merged = {"ContactStatus": "ARCHIVED", "MergedToContactID": id_of(1)}
    stage = stage_of(stages, contact(1), contact(2, ContactStatus="ARCHIVED"), contact(3, **merged))
    ways: list[dict[str, Any]] = [
        {},
        {"since": datetime(2000, 1, 1, tzinfo=UTC)},
        {"where": (stage.field("name"), ("N1", "N2", "N3"))},
    ]
    for how in ways:
        lives = {each.ref.id: each.life for each in stage.read("name", **how)}
        assert lives == {id_of(1): Life.LIVE, id_of(2): Life.ARCHIVED, id_of(3): Life.MERGED}


def test_a_name_is_matched_whole_and_with_its_accents(stages: ExitStack) -> None:
    stage = stage_of(stages, contact(1, Name="Müller"), contact(2, Name="Muller"), contact(3, Name='Muller "Two"'))
    for name, number in (("müller", 1), ("MULLER", 2), ('muller "two"', 3)):
        assert [each.ref.id for each in stage.read("email", where=(stage.field("name"), (name,)))] == [id_of(number)]


def test_a_partner_is_found_by_what_the_record_remembers(stages: ExitStack) -> None:
    stage = stage_of(stages, contact(1, ContactNumber="501"), contact(2))
    number = stage.what.fields["ContactNumber"]
    [found] = stage.read("name", where=(number, ("501", "502")))
    assert (found.ref.id, found.memory) == (id_of(1), "501")


def test_a_large_organisation_is_asked_by_indexed_fields_only(stages: ExitStack) -> None:
    stage = stage_of(stages, seed="60", quirks={"xero-high-volume": "10"})
    records = stage.read("email", "name")
    assert len(records) == 60
    assert len(stage.read("email", since=datetime(2000, 1, 1, tzinfo=UTC))) == 60
    assert len(stage.read("email", ids=tuple(each.ref.id for each in records))) == 60
    assert len(stage.read("email", where=(stage.field("name"), (str(stage.value(records[0], "name")),)))) == 1


def test_a_read_that_xero_refuses_ends_the_run_and_says_why(stages: ExitStack) -> None:
    stage = stage_of(stages, seed="60", quirks={"xero-high-volume": "10"})
    with pytest.raises(Halt) as caught:
        stage.read("email", where=(stage.what.fields["CompanyNumber"], ("1",)))
    [problem] = caught.value.problems
    assert (caught.value.exit_code, problem.code) == (1, "HX423")
    assert "100,000" in problem.remedy


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slot", ["replace", "merge"])
def test_the_untouched_parts_of_phones_and_addresses_survive(stages: ExitStack, slot: str) -> None:
    address = {"AddressType": "POBOX", "AddressLine1": "Level 1", "AddressLine2": "12 High St", "Region": "WA"}
    phone = {"PhoneType": "DEFAULT", "PhoneCountryCode": "61", "PhoneAreaCode": "2", "PhoneNumber": "9123 4567"}
    mobile = {"PhoneType": "MOBILE", "PhoneNumber": "0400"}
    home = {"AddressType": "STREET", "City": "Home"}
    seeded = contact(1, Addresses=[address, home], Phones=[phone, mobile])
    stage = stage_of(stages, seeded, quirks={"slot": slot})
    [before] = stage.read()
    [result] = stage.write(stage.update("u", before, city="Perth", phone="+61 2 9999 0000"))
    assert result.error is None
    [after] = stage.read()
    assert filled(after.slots["Addresses.POBOX"]) == {**address, "City": "Perth"}
    assert filled(after.slots["Phones.DEFAULT"]) == {**phone, "PhoneNumber": "9999 0000"}
    assert filled(after.slots["Phones.MOBILE"]) == mobile
    assert filled(after.slots["Addresses.STREET"]) == home


def test_what_xero_refuses_has_a_name(stages: ExitStack) -> None:
    archived = contact(2, ContactStatus="ARCHIVED")
    stage = stage_of(stages, contact(1, ContactNumber="501", AccountNumber="A1"), archived, contact(3))
    one, other = (stage.read(ids=(id_of(number),))[0] for number in (3, 2))
    cases = [
        (stage.create("a", name="n1"), "name-taken"),
        (stage.create("b", "501", name="New"), "number-taken"),
        (stage.create("c", name="New", account_number="A1"), "number-taken"),
        (stage.create("d", name="New", email="no address"), "bad-email"),
        (stage.create("e", email="a@x.example"), "missing-field"),
        (stage.create("f", name="x" * 256), "too-long"),
        (stage.update("g", one, name="N1"), "name-taken"),
        (stage.update("h", other, city="Perth"), "archived"),
    ]
    for write, code in cases:
        [result] = stage.write(write)
        assert result.error is not None, code
        assert (result.error.failure, result.error.code) == (Failure.REFUSED, code), result.error.message
    assert len(stage.read("name")) == 3


def test_an_id_that_is_none_fails_alone(stages: ExitStack) -> None:
    stage = stage_of(stages, contact(1), contact(2), contact(3))
    city = {stage.field("city"): "Perth"}
    writes = [
        Write(App.XERO, "contacts", f"k{own}", own, dict(city)) for own in (id_of(1), "no id", id_of(2), id_of(3))
    ]
    assert codes(stage, *writes) == [None, "validation", None, None]


def elements(*each: dict[str, Any]) -> bytes:
    return answer(json.dumps({"Status": "OK", "Contacts": each}))


def test_an_answer_in_another_order_is_matched_by_what_it_says(stages: ExitStack) -> None:
    stage = stage_of(stages)
    script = [
        elements(*(contact(n, ContactNumber=f"m{n}") for n in (3, 1, 2))),
        elements(*({"ContactID": id_of(n).upper()} for n in (2, 3))),
        elements(contact(1, HasValidationErrors=True, ValidationErrors=[{"Message": "Email address must be valid."}])),
        elements(contact(1, StatusAttributeString="WARNING", Warnings=[{"Message": "saved"}], Name="n1  ")),
        answer('{"Status": "OK"}'),
    ]
    token = stage.settings.xero_identity_url
    other = stage.again(xero_url=stages.enter_context(wire(*script)).url, xero_identity_url=token)
    creates = [other.create(f"k{n}", f"m{n}", name=f"N{n}") for n in (1, 2, 3)]
    assert [each.record and each.record.ref.id for each in other.write(*creates)] == [id_of(n) for n in (1, 2, 3)]
    updates = [Write(App.XERO, "contacts", f"k{n}", id_of(n), {}) for n in (1, 2, 3)]
    assert [each.error and each.error.failure for each in other.write(*updates)] == [Failure.IN_DOUBT, None, None]
    assert codes(other, other.create("k", name="N1")) == ["bad-email"]
    assert codes(other, other.create("k", name="N1")) == [None]
    assert codes(other, other.create("k", name="N1")) == ["no-answer"]


def test_a_name_that_was_archived_is_free_again(stages: ExitStack) -> None:
    stage = stage_of(stages, contact(1, ContactStatus="ARCHIVED"))
    assert codes(stage, stage.create("k", name="N1")) == [None]
    assert [each.life for each in stage.read("name")].count(Life.LIVE) == 1


def test_a_repeat_is_answered_by_xeros_memory_of_the_key(stages: ExitStack) -> None:
    stage = stage_of(stages)
    write = stage.create("key", "501", name="N1")
    [first] = stage.write(write)
    stage.clockwork.sleep(300)
    assert stage.write(write) == [first]
    stage.clockwork.sleep(120)
    assert codes(stage, write) == ["name-taken"]
    assert len(stage.read("name")) == 1


def test_the_same_content_for_another_reason_is_another_write(stages: ExitStack) -> None:
    """Perth, Sydney, and Perth again within six minutes: the last must not be answered by Xero's memory of the first."""
    stage = stage_of(stages, contact(1))
    [record] = stage.read()
    for key, city in (("one", "Perth"), ("two", "Sydney"), ("three", "Perth")):
        assert codes(stage, stage.update(key, record, city=city)) == [None]
    assert stage.value(stage.read()[0], "city") == "Perth"


def test_a_create_after_an_internal_error_stays_in_doubt_and_is_not_tried_again(stages: ExitStack) -> None:
    stage = stage_of(stages)
    stage.fault("5xx-before", 1)
    write = stage.create("key", name="N1")
    [result] = stage.write(write)
    assert result.error is not None
    assert (result.error.failure, result.error.code) == (Failure.IN_DOUBT, "no-answer")
    assert len([each for each in stage.log if not each.read]) == 1
    # Xero remembers the error, too: within six minutes the same write gets it again.
    assert stage.write(write) == [result]
    assert stage.read("name") == []
    stage.clockwork.sleep(361)
    assert codes(stage, write) == [None]


def test_an_update_that_always_fails_inside_xero_is_in_doubt(stages: ExitStack) -> None:
    stage = stage_of(stages, contact(1))
    [record] = stage.read()
    stage.fault("5xx-after", method="POST", path="/Contacts")
    [result] = stage.write(stage.update("key", record, city="Perth"))
    assert result.error is not None
    assert result.error.failure is Failure.IN_DOUBT
    assert len([each for each in stage.log if not each.read]) == 3


def test_a_text_is_emptied_and_everything_else_stays(stages: ExitStack) -> None:
    stage = stage_of(
        stages, contact(1, FirstName="Ann", LastName="Lee", EmailAddress="a@x.example", AccountNumber="A1")
    )
    [record] = stage.read()
    assert codes(stage, stage.update("k", record, first_name=None, email=None)) == [None]
    [after] = stage.read()
    changed = {"FirstName", "EmailAddress", "UpdatedDateUTC"}
    assert {name for name, value in after.fields.items() if record.fields[name] != value} == changed
    assert (after.fields["FirstName"], after.fields["EmailAddress"]) == (None, None)
