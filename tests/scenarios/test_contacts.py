"""Contacts, both ways, through the command line, against the sandbox: what a person sees at each step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import CONTACTS, Stage, guid, stage

WORLD: dict[str, Any] = {
    "hubspot": {
        "contacts": [
            {
                "id": "101",
                "properties": {"email": "ann@example.com", "firstname": "Ann", "lastname": "Lee", "city": "Perth"},
            },
            {
                "id": "102",
                "properties": {"email": "bo@example.com", "firstname": "Bo", "company": "Bo Boats", "phone": "123"},
            },
            {"id": "103", "properties": {"firstname": "Nameless"}},
            {"id": "104", "properties": {"email": "cy@example.com", "company": "Taken Pty Ltd"}},
        ]
    },
    "xero": {
        "contacts": [
            {
                "ContactID": guid(1),
                "Name": "Ann Lee",
                "FirstName": "Ann",
                "LastName": "Lee",
                "EmailAddress": "ANN@example.com",
                "Phones": [
                    {"PhoneType": "MOBILE", "PhoneCountryCode": "61", "PhoneAreaCode": "4", "PhoneNumber": "11111111"}
                ],
                "Addresses": [
                    {
                        "AddressType": "POBOX",
                        "AddressLine1": "Suite 1",
                        "AddressLine2": "2 Bay St",
                        "AttentionTo": "Ann",
                    }
                ],
            },
            {"ContactID": guid(2), "Name": "Dee Dairy", "EmailAddress": "dee@example.com"},
            {"ContactID": guid(3), "Name": "Taken Pty Ltd", "EmailAddress": "other@example.com"},
            {"ContactID": guid(4), "Name": "No Mail"},
        ]
    },
}


@pytest.fixture
def here(tmp_path: Path) -> Any:
    with stage(tmp_path, WORLD) as found:
        yield found


def test_the_first_sync(here: Stage) -> None:
    """Matched by e-mail whatever its case, missing ones made on the other side, a taken name held, the rest excluded."""
    plan = here.type("dry-run", "--format", "json").json
    assert plan["summary"] == {
        "create": 3, "update": 2, "link": 1, "void": 0, "archive": 0, "conflict": 0, "held": 1, "excluded": 2, "in_sync": 0,
    }  # fmt: skip
    (held,) = plan["held"]
    assert (held["code"], held["hubspot"]) == ("HX203", "104")
    assert guid(3) in held["cause"]
    assert {each["leaf"] for each in plan["excluded"]} == {"email is known"}

    run = here.type("apply", "--yes", "--format", "json")
    assert run.code == 6
    assert run.json["summary"]["create"] == 3
    people, customers = here.hubspot_contacts(), here.xero_contacts()
    assert people["ann@example.com"]["properties"]["mobilephone"] == "+61 4 11111111"
    assert people["ann@example.com"]["properties"]["address"] == "Suite 1, 2 Bay St"
    assert people["dee@example.com"]["properties"]["company"] == "Dee Dairy"
    assert people["ann@example.com"]["properties"].get("company") is None
    assert customers["Bo Boats"]["EmailAddress"] == "bo@example.com"
    assert customers["Bo Boats"]["ContactNumber"] == "102"

    again = here.type("dry-run", "--format", "json").json
    assert again["has_changes"] is False
    assert [each["code"] for each in again["held"]] == ["HX203"]


def test_writing_one_part_of_an_address_leaves_the_others(here: Stage) -> None:
    """Xero takes an address whole; the lines and the attention that nobody edited are still there afterwards."""
    here.type("apply", "--yes")
    here.edit_hubspot("101", city="Fremantle")
    here.type("apply", "--yes")
    (postal,) = [each for each in here.xero_contacts()["Ann Lee"]["Addresses"] if each["AddressType"] == "POBOX"]
    assert postal["City"] == "Fremantle"
    assert (postal["AddressLine1"], postal["AddressLine2"], postal["AttentionTo"]) == ("Suite 1", "2 Bay St", "Ann")


def test_edits_travel_both_ways_at_once(here: Stage) -> None:
    """One contact edited in both apps, in different fields: both edits arrive, nothing is lost."""
    here.type("apply", "--yes")
    here.edit_hubspot("101", phone="+61 8 5550 0000")
    here.edit_xero(guid(1), LastName="Lee-Smith")
    plan = here.type("dry-run", "--format", "json").json
    changed = {(each["app"], field["field"]) for each in plan["changes"] for field in each["fields"]}
    assert changed == {("xero", "DefaultPhone"), ("hubspot", "lastname"), ("xero", "Name")} or changed == {
        ("xero", "DefaultPhone"), ("hubspot", "lastname"),
    }  # fmt: skip
    here.type("apply", "--yes")
    assert here.hubspot_contacts()["ann@example.com"]["properties"]["lastname"] == "Lee-Smith"
    assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_a_cured_problem_goes_on_by_itself(here: Stage) -> None:
    """Rename the contact that has the name: the next run looks at the held one again, though nobody touched it."""
    here.type("apply", "--yes")
    here.edit_xero(guid(3), Name="Formerly Taken")
    said = here.type("apply", "--yes", "--format", "json")
    assert said.code == 0, said.out
    assert here.xero_contacts()["Taken Pty Ltd"]["ContactNumber"] == "104"


def test_a_record_that_leaves_the_filter_stays_linked_and_untouched(here: Stage) -> None:
    """It counts as excluded; when it returns, what was edited meanwhile is merged against the frozen base."""
    here.ruleset(CONTACTS.replace("to-hubspot: email is known", "to-hubspot: email is known and city != Gone"))
    here.type("apply", "--yes")
    here.edit_xero(guid(2), Addresses=[{"AddressType": "POBOX", "City": "Gone", "Region": "NSW"}])
    here.type("apply", "--yes")
    assert here.hubspot_contacts()["dee@example.com"]["properties"].get("state") is None
    here.edit_xero(guid(2), Addresses=[{"AddressType": "POBOX", "City": "Back", "Region": "NSW"}])
    here.type("apply", "--yes")
    assert here.hubspot_contacts()["dee@example.com"]["properties"]["state"] == "NSW"


def test_an_edited_filter_shows_who_enters_and_leaves(here: Stage) -> None:
    """The consequence of an edited ruleset stands in the plan, before anything happens."""
    here.type("apply", "--yes")
    here.ruleset(CONTACTS.replace("to-xero: email is known", "to-xero: email is known and first-name = Ann"))
    plan = here.type("dry-run", "--format", "json").json
    (edit,) = plan["filter_edits"]
    assert edit["leave"] > 0


def test_a_lost_state_finds_its_pairs_again(here: Stage) -> None:
    """The state file is deleted: nothing is made twice, and pairs whose e-mail was changed since are found by their memory."""
    here.type("apply", "--yes")
    here.edit_hubspot("102", email="bo.new@example.com")
    sizes = len(here.hubspot_contacts()), len(here.xero_contacts())
    for file in (here.folder / ".hxrules").iterdir():
        file.unlink()
    here.type("apply", "--yes")
    assert (len(here.hubspot_contacts()), len(here.xero_contacts())) == sizes
    assert here.xero_contacts()["Bo Boats"]["EmailAddress"] in ("bo.new@example.com", "bo@example.com")


def test_a_deleted_record_is_gone_and_not_made_again(here: Stage) -> None:
    """Deletes are never passed on: the partner stays, and the record doesn't come back."""
    here.type("apply", "--yes")
    here.hubspot("DELETE", "/crm/objects/2026-09/contacts/102")
    here.edit_xero(here.xero_contacts()["Bo Boats"]["ContactID"], FirstName="Robert")
    said = here.type("apply", "--yes", "--format", "json")
    assert "Bo Boats" in here.xero_contacts()
    assert "bo@example.com" not in here.hubspot_contacts()
    assert said.json["summary"]["create"] == 0


def test_status_adds_up(here: Stage) -> None:
    """R20: a linked pair counts once; in sync, failing and excluded are all the records there are."""
    here.type("apply", "--yes")
    (row,) = here.type("status", "--format", "json").json["syncs"]
    assert (row["in_sync"], row["failing"], row["excluded"]) == (4, 1, 2)
    failing = here.type("status", "--failing", "contacts", "--format", "json").json["records"]
    assert [each["hubspot"] for each in failing] == ["104"]


def test_one_way_to_hubspot_never_writes_xero(tmp_path: Path) -> None:
    """R9: `to-hubspot` makes and updates HubSpot's records only."""
    with stage(
        tmp_path,
        WORLD,
        ruleset=CONTACTS.replace("two-way", "to-hubspot").replace("      to-xero: email is known\n", ""),
    ) as here:
        before = here.xero_contacts()
        said = here.type("apply", "--yes", "--format", "json")
        assert said.json["summary"]["create"] == 2
        assert here.xero_contacts() == before
        assert "dee@example.com" in here.hubspot_contacts()


def test_a_merged_contact_is_followed(tmp_path: Path) -> None:
    """A merge in HubSpot gives a new id: the link follows, nothing is made anew."""
    with stage(tmp_path, WORLD) as here:
        here.type("apply", "--yes")
        here.hubspot(
            "POST", "/crm/objects/2026-09/contacts/merge", {"primaryObjectId": "101", "objectIdToMerge": "103"}
        )
        size = len(here.xero_contacts())
        here.type("apply", "--yes")
        here.type("apply", "--yes")
        assert len(here.xero_contacts()) == size


def test_a_sync_that_is_off_keeps_its_links(here: Stage) -> None:
    """R22: switched off, nothing runs; switched on again, it goes on where it was, edits made meanwhile included."""
    here.type("apply", "--yes")
    here.ruleset(CONTACTS.replace("    direction:", "    enabled: false\n    direction:"))
    here.edit_hubspot("101", city="Albany")
    assert here.type("apply", "--yes", "--format", "json").json["summary"]["update"] == 0
    assert here.type("status", "--format", "json").json["syncs"][0]["enabled"] is False
    here.ruleset(CONTACTS)
    said = here.type("apply", "--yes", "--format", "json")
    assert (said.json["summary"]["update"], said.json["summary"]["link"]) == (1, 0)


def test_removing_a_sync_wants_its_name_and_deletes_nothing(here: Stage) -> None:
    """R22: refused while it is on, and without its name; then its links are forgotten, and every record stays."""
    here.type("apply", "--yes")
    sizes = here.hubspot_contacts(), here.xero_contacts()
    assert here.type("remove", "contacts", "--confirm", "contacts").code == 4
    here.ruleset(CONTACTS.replace("    direction:", "    enabled: false\n    direction:"))
    assert here.type("remove", "contacts").code == 4
    assert here.type("remove", "contacts", "--confirm", "contact").code == 4
    said = here.type("remove", "contacts", "--confirm", "contacts")
    assert said.code == 0, said.text
    assert here.type("status", "--format", "json").json["syncs"][0]["in_sync"] == 0
    assert (here.hubspot_contacts(), here.xero_contacts()) == sizes
    assert here.type("remove", "contacts", "--confirm", "contacts").code == 64


CUSTOM = (
    CONTACTS
    + """\
    custom-mappings:
      tax-number: {hubspot: abn, xero: TaxNumber}
      fax: {hubspot: fax, xero: "Phones[?PhoneType=='FAX'].PhoneNumber | [0]"}
      site: {hubspot: hs_lead_status, xero: AccountNumber, transform: [{map: {NEW: n, OPEN: o}}]}
accounts: {hubspot: {subscription: data-hub-starter}}
"""
)


def test_custom_mappings_travel_both_ways(tmp_path: Path) -> None:
    """R12: a custom property, a path in Xero's JSON, and a transform; created, edited on both sides, and then nothing to do."""
    with stage(tmp_path, WORLD, ruleset=CUSTOM) as here:
        abn = {"name": "abn", "label": "ABN", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        here.hubspot("POST", "/crm/properties/2026-09/contacts", abn)
        here.edit_hubspot("102", abn="12 345", fax="555", hs_lead_status="OPEN")
        here.edit_xero(guid(2), TaxNumber="99", AccountNumber="n")
        said = here.type("apply", "--yes", "--format", "json")
        assert said.code == 6, said.out
        boats = here.xero_contacts()["Bo Boats"]
        assert (boats["TaxNumber"], boats["AccountNumber"]) == ("12 345", "o")
        assert [each["PhoneNumber"] for each in boats["Phones"] if each["PhoneType"] == "FAX"] == ["555"]
        dairy = here.hubspot_contacts()["dee@example.com"]["properties"]
        assert (dairy["abn"], dairy["hs_lead_status"]) == ("99", "NEW")
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
        here.edit_xero(boats["ContactID"], TaxNumber="77", Phones=[{"PhoneType": "FAX", "PhoneNumber": "556"}])
        here.type("apply", "--yes")
        assert here.hubspot_contacts()["bo@example.com"]["properties"]["abn"] == "77"
        assert here.hubspot_contacts()["bo@example.com"]["properties"]["fax"] == "556"
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
