"""Records of the local HubSpot: what they answer, how values are stored, who may have which e-mail, what merges leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules.sandbox.hubspot.errors import Invalid
from hxrules.sandbox.hubspot.schema import Property
from hxrules.sandbox.hubspot.types import OBJECT_TYPES
from hxrules.sandbox.hubspot.values import Accepted, check

CONTACTS = "/crm/objects/2026-09/contacts"
COMPANIES = "/crm/objects/2026-09/companies"
RunHubspot = Callable[..., httpx.Client]


def add(hubspot: httpx.Client, path: str = CONTACTS, **properties: Any) -> dict[str, Any]:
    answer = hubspot.post(path, json={"properties": properties})
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json()
    return row


def codes(answer: httpx.Response) -> dict[str, str]:
    """The refused properties of a 400, with their codes."""
    return {error["context"]["propertyName"][0]: error["code"] for error in answer.json()["errors"]}


class TestWhatIsAnswered:
    def test_values_are_text_unknown_names_are_left_out_and_empty_ones_are_null(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example", zip=2000)["id"]
        row = hubspot.get(f"{CONTACTS}/{id}", params={"properties": "zip,city,nonsense"}).json()
        assert {name: row["properties"][name] for name in ("zip", "city")} == {"zip": "2000", "city": None}
        assert "nonsense" not in row["properties"]

    def test_without_a_wish_contacts_answer_six_properties_and_companies_name_their_times_otherwise(
        self, hubspot: httpx.Client
    ) -> None:
        contact, company = add(hubspot, email="a@a.example"), add(hubspot, COMPANIES, name="Acme")
        assert {*hubspot.get(f"{CONTACTS}/{contact['id']}").json()["properties"]} == {
            *("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
        }
        properties = hubspot.get(f"{COMPANIES}/{company['id']}").json()["properties"]
        assert {*properties} == {"createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"}

    def test_an_update_answers_what_was_written_and_moves_the_last_modified_time(self, hubspot: httpx.Client) -> None:
        made = add(hubspot, email="a@a.example", city="Perth")
        hubspot.post("/_sandbox/clock", json={"advance": "90s"})
        updated = hubspot.patch(f"{CONTACTS}/{made['id']}", json={"properties": {"city": "Hobart"}}).json()
        assert {*updated["properties"]} == {"city", "createdate", "lastmodifieddate", "hs_object_id"}
        assert updated["updatedAt"] == updated["properties"]["lastmodifieddate"] > made["updatedAt"]
        assert updated["createdAt"] == made["createdAt"]

    def test_ids_say_nothing_without_their_type_and_never_come_back(self, hubspot: httpx.Client) -> None:
        first, second = add(hubspot, email="a@a.example")["id"], add(hubspot, email="b@a.example")["id"]
        assert int(second) > int(first)
        hubspot.post(f"{CONTACTS}/gdpr-delete", json={"objectId": second})
        assert int(add(hubspot, email="c@a.example")["id"]) > int(second)
        assert add(hubspot, COMPANIES, name="Acme")["id"] <= second

    def test_each_value_keeps_its_history_newest_first(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example", city="Perth")["id"]
        for city in ("Hobart", "Hobart", ""):
            hubspot.post("/_sandbox/clock", json={"advance": "1h"})
            hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"city": city}})
        row = hubspot.get(f"{CONTACTS}/{id}", params={"propertiesWithHistory": "city,email"}).json()
        versions = row["propertiesWithHistory"]["city"]
        assert [version["value"] for version in versions] == ["", "Hobart", "Perth"]
        assert versions[0]["timestamp"] == row["updatedAt"] > versions[1]["timestamp"] > versions[2]["timestamp"]
        assert row["propertiesWithHistory"]["email"][0]["timestamp"] == row["createdAt"] == versions[2]["timestamp"]

    def test_seeded_histories_date_each_value(self, run_hubspot: RunHubspot) -> None:
        hubspot = run_hubspot(seed="small")
        found = hubspot.get(
            f"{CONTACTS}/liam.obrien@bluegumsolar.example",
            params={"idProperty": "email", "propertiesWithHistory": "phone,lastname"},
        ).json()
        phone, name = (found["propertiesWithHistory"][key] for key in ("phone", "lastname"))
        assert [version["value"] for version in phone] == ["+61 3 9654 9900", "+61 3 9654 1122"]
        assert (phone[0]["timestamp"], name[0]["timestamp"]) == (found["updatedAt"], found["createdAt"])

    def test_a_page_of_histories_holds_fifty_at_most(self, hubspot: httpx.Client) -> None:
        assert hubspot.get(CONTACTS, params={"limit": 51, "propertiesWithHistory": "email"}).status_code == 400
        assert hubspot.get(CONTACTS, params={"limit": 100}).status_code == 200
        assert hubspot.get(CONTACTS, params={"limit": 101}).status_code == 400

    def test_an_archived_record_is_gone_from_reads_and_lists_and_writes(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example")["id"]
        assert hubspot.delete(f"{CONTACTS}/{id}").status_code == 204
        assert hubspot.get(f"{CONTACTS}/{id}").status_code == 404
        assert hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"city": "X"}}).status_code == 404
        assert hubspot.delete(f"{CONTACTS}/{id}").status_code == 404
        assert hubspot.get(CONTACTS).json() == {"results": []}
        archived = hubspot.get(f"{CONTACTS}/{id}", params={"archived": "true"}).json()
        assert (archived["archived"], "archivedAt" in archived) == (True, True)
        assert add(hubspot, email="a@a.example")["id"] != id

    @pytest.mark.parametrize(
        ("path", "status", "message"),
        [
            ("/crm/objects/2026-09/contacts/1/2/3", 404, "resource not found"),
            ("/crm/objects/2025-09/contacts", 404, "no version"),
            ("/crm/objects/2026-09/nonsense", 400, "Unable to infer object type from: nonsense"),
            (f"{CONTACTS}/abc", 404, "Object not found"),
            (f"{CONTACTS}/x?idProperty=city", 400, "not a unique property"),
            (f"{CONTACTS}?properties={'x' * 9000}", 414, "URL"),
            (f"{CONTACTS}?after=next", 400, "after"),
        ],
    )
    def test_what_does_not_exist_is_said_in_json(
        self, hubspot: httpx.Client, path: str, status: int, message: str
    ) -> None:
        answer = hubspot.get(path)
        assert (answer.status_code, answer.json()["status"]) == (status, "error")
        assert message in answer.json()["message"]
        assert answer.json()["correlationId"]

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", CONTACTS), ("DELETE", CONTACTS), ("GET", f"{CONTACTS}/search/x")]
    )
    def test_a_wrong_verb_is_405_and_a_wrong_path_404(self, hubspot: httpx.Client, method: str, path: str) -> None:
        answer = hubspot.request(method, path)
        assert answer.status_code == (404 if path.endswith("/x") else 405)
        assert answer.json()["status"] == "error"

    @pytest.mark.parametrize(
        ("content", "kind", "status"),
        [
            ('{"properties": {"email": "a@a.example"}}', "text/plain", 415),
            ('{"properties": ', "application/json", 400),
            ("[]", "application/json", 400),
            ('{"properties": []}', "application/json", 400),
            ("", "application/json", 400),
        ],
    )
    def test_a_body_that_is_not_the_wanted_json_is_refused(
        self, hubspot: httpx.Client, content: str, kind: str, status: int
    ) -> None:
        assert hubspot.post(CONTACTS, content=content, headers={"Content-Type": kind}).status_code == status


class TestValues:
    DEFINITIONS = (
        {"name": "amount", "label": "Amount", "type": "number", "fieldType": "number"},
        {"name": "birthday", "label": "Birthday", "type": "date", "fieldType": "date"},
        {"name": "seen", "label": "Seen", "type": "datetime", "fieldType": "date"},
        {"name": "vip", "label": "VIP", "type": "bool", "fieldType": "booleancheckbox"},
        {
            "name": "topics",
            "label": "Topics",
            "type": "enumeration",
            "fieldType": "checkbox",
            "options": [{"label": each, "value": each, "displayOrder": 0, "hidden": False} for each in ("a", "b", "c")],
        },
    )

    @pytest.fixture
    def typed(self, run_hubspot: RunHubspot) -> httpx.Client:
        own = [{**each, "groupName": "contactinformation"} for each in self.DEFINITIONS]
        return run_hubspot({"properties": {"contacts": own}})

    @pytest.mark.parametrize(
        ("name", "written", "stored"),
        [
            ("email", "  Ada@Example.COM ", "ada@example.com"),
            ("city", "  St. Kilda  ", "St. Kilda"),
            ("city", "   ", None),
            ("zip", 3000, "3000"),
            ("amount", 12.5, "12.5"),
            ("amount", "20.00", "20.00"),
            ("amount", "-.5", "-0.5"),
            ("birthday", "2026-02-28", "2026-02-28"),
            ("birthday", 1430438400000, "2015-05-01"),
            ("seen", "2026-02-28T12:00:00+11:00", "2026-02-28T01:00:00.000Z"),
            ("seen", "1430438400123", "2015-05-01T00:00:00.123Z"),
            ("vip", True, "true"),
            ("vip", "FALSE", "false"),
            ("topics", "b; a", "b;a"),
            ("lifecyclestage", "customer", "customer"),
        ],
    )
    def test_a_value_is_stored_in_one_form(
        self, typed: httpx.Client, name: str, written: Any, stored: str | None
    ) -> None:
        made = add(typed, firstname="F", **{name: written})
        row = typed.get(f"{CONTACTS}/{made['id']}", params={"properties": name}).json()
        assert row["properties"][name] == stored

    @pytest.mark.parametrize(
        ("name", "written", "code"),
        [
            ("email", "ada@", "INVALID_EMAIL"),
            ("amount", "1,000", "INVALID_INTEGER"),
            ("amount", "1.000.5", "INVALID_INTEGER"),
            ("amount", "five", "INVALID_INTEGER"),
            ("amount", "1e3", "INVALID_INTEGER"),
            ("birthday", "28/02/2026", "INVALID_DATE"),
            ("birthday", "2026-02-30", "INVALID_DATE"),
            ("seen", "yesterday", "INVALID_DATE"),
            ("vip", "yes", "INVALID_OPTION"),
            ("topics", "a;d", "INVALID_OPTION"),
            ("lifecyclestage", "Customer", "INVALID_OPTION"),
            ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
            ("hs_email_domain", "x.example", "READ_ONLY_VALUE"),
            ("hs_additional_emails", "x@x.example", "READ_ONLY_VALUE"),
            ("xero_id", "1", "PROPERTY_DOESNT_EXIST"),
            ("city", None, "INVALID_VALUE"),
            ("city", ["Perth"], "INVALID_VALUE"),
            ("city", "x" * 65_537, "INVALID_LENGTH"),
        ],
    )
    def test_a_wrong_value_is_refused_with_its_code_and_nothing_is_written(
        self, typed: httpx.Client, name: str, written: Any, code: str
    ) -> None:
        answer = typed.post(CONTACTS, json={"properties": {"firstname": "F", name: written}})
        assert (answer.status_code, codes(answer)) == (400, {name: code})
        assert typed.get(CONTACTS).json()["results"] == []

    def test_all_refusals_come_together_and_once_more_as_json_inside_the_message(self, hubspot: httpx.Client) -> None:
        body = hubspot.post(CONTACTS, json={"properties": {"foo": "1", "email": "x", "city": "Perth"}}).json()
        inside = json.loads(body["message"].removeprefix("Property values were not valid: "))
        assert {each["name"]: each["error"] for each in inside} == {
            "foo": "PROPERTY_DOESNT_EXIST",
            "email": "INVALID_EMAIL",
        }
        assert all(each["portalId"] == 1234567 and each["isValid"] is False for each in inside)

    def test_several_options_are_replaced_or_with_a_leading_semicolon_added(self, typed: httpx.Client) -> None:
        id = add(typed, firstname="F", topics="a")["id"]
        for written, stored in ((";c", "a;c"), (";a;b", "a;c;b"), ("b", "b"), ("", None)):
            answer = typed.patch(f"{CONTACTS}/{id}", json={"properties": {"topics": written}})
            assert answer.json()["properties"]["topics"] == stored

    @pytest.mark.parametrize(
        ("written", "stored"),
        [("1430500000000", "2015-05-01"), ("1430500000", "2015-05-01"), ("2015-05-01T23:30:00Z", "2015-05-01")],
    )
    def test_an_odd_date_is_normalized_with_a_warning_in_2026_09_and_refused_before(
        self, typed: httpx.Client, written: str, stored: str
    ) -> None:
        row = {"properties": {"firstname": "F", "birthday": written}}
        new, old = (typed.post(f"/crm/objects/{version}/contacts", json=row) for version in ("2026-09", "2026-03"))
        assert new.json()["properties"]["birthday"] == stored
        assert new.json()["warnings"][0]["category"] == "PROPERTY_VALUE_NORMALIZED"
        assert new.json()["warnings"][0]["context"]["normalizedValue"] == [stored]
        assert codes(old) == {"birthday": "INVALID_DATE"}

    @settings(max_examples=100)
    @given(
        st.sampled_from([each for type in OBJECT_TYPES for each in type.properties]),
        st.text() | st.integers() | st.booleans(),
    )
    def test_what_was_stored_is_stored_again_as_it_is(self, definition: Property, raw: Any) -> None:
        first = check(definition, raw, old="", lenient_dates=True, trim=True)
        if isinstance(first, Accepted):
            assert check(definition, first.value, old="", lenient_dates=False, trim=True) == Accepted(first.value)
        else:
            assert isinstance(first, Invalid)

    @settings(max_examples=50)
    @given(st.decimals(-(10**12), 10**12, places=4), st.datetimes())
    def test_every_number_and_every_instant_can_be_stored(self, number: Any, at: Any) -> None:
        definitions = {each.name: each for type in OBJECT_TYPES for each in type.properties}
        stored = check(definitions["price"], f"{number:f}", old="", lenient_dates=False, trim=True)
        instant = check(definitions["hs_due_date"], at.isoformat(), old="", lenient_dates=False, trim=True)
        assert isinstance(stored, Accepted)
        assert isinstance(instant, Accepted)
        assert instant.value[:19] == at.isoformat()[:19]


class TestEmails:
    def test_an_email_belongs_to_one_contact_whatever_its_case(self, hubspot: httpx.Client) -> None:
        first, second = add(hubspot, email="a@a.example"), add(hubspot, email="b@a.example")
        created = hubspot.post(CONTACTS, json={"properties": {"email": "A@A.example"}})
        changed = hubspot.patch(f"{CONTACTS}/{second['id']}", json={"properties": {"email": "a@a.example"}})
        own = hubspot.patch(f"{CONTACTS}/{first['id']}", json={"properties": {"email": "A@A.Example"}})
        for answer in (created, changed):
            assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
            assert answer.json()["message"] == f"Contact already exists. Existing ID: {first['id']}"
        assert own.status_code == 200

    def test_additional_emails_are_taken_too_and_find_their_contact_by_id_but_not_by_equality(
        self, run_hubspot: RunHubspot
    ) -> None:
        properties = {"email": "a@a.example", "hs_additional_emails": "b@a.example;c@a.example"}
        hubspot = run_hubspot({"contacts": [{"id": "5001", "properties": properties}]})
        taken = hubspot.post(CONTACTS, json={"properties": {"email": "C@a.example"}})
        read = hubspot.get(f"{CONTACTS}/b@a.example", params={"idProperty": "email"})
        assert (taken.status_code, read.json()["id"]) == (409, "5001")
        totals = {}
        for name, operator in (("email", "EQ"), ("hs_additional_emails", "CONTAINS_TOKEN")):
            condition = {"propertyName": name, "operator": operator, "value": "b@a.example"}
            totals[name] = hubspot.post(f"{CONTACTS}/search", json={"filters": [condition]}).json()["total"]
        assert totals == {"email": 0, "hs_additional_emails": 1}
        assert hubspot.post(f"{CONTACTS}/search", json={"query": "b@a.example"}).json()["total"] == 1

    def test_an_email_given_up_is_free_again(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example", firstname="F")["id"]
        hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"email": "b@a.example"}})
        add(hubspot, email="a@a.example")
        hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"email": ""}})
        add(hubspot, email="b@a.example")
        assert hubspot.get(f"{CONTACTS}/{id}").json()["properties"]["email"] is None

    def test_a_contact_needs_a_name_or_an_email_and_a_company_a_name_or_a_domain(self, hubspot: httpx.Client) -> None:
        assert hubspot.post(CONTACTS, json={"properties": {"city": "Perth"}}).status_code == 400
        assert hubspot.post(COMPANIES, json={"properties": {"city": "Perth"}}).status_code == 400
        assert add(hubspot, lastname="L")["id"]
        assert add(hubspot, COMPANIES, domain="acme.example")["id"]
        assert add(hubspot, COMPANIES, domain="acme.example")["id"]


class TestLifecycle:
    def test_it_only_moves_forward_and_says_nothing_when_it_does_not(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example", lifecyclestage="opportunity")["id"]
        after = []
        for stage in ("lead", "customer", "", "lead"):
            answer = hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"lifecyclestage": stage}})
            assert answer.status_code == 200
            row = hubspot.get(f"{CONTACTS}/{id}", params={"properties": "lifecyclestage"}).json()
            after.append(row["properties"]["lifecyclestage"])
        assert after == ["opportunity", "customer", None, "lead"]


class TestMerge:
    def test_the_survivor_is_a_new_record_with_what_either_had(self, hubspot: httpx.Client) -> None:
        one = add(hubspot, email="a@a.example", city="Perth")["id"]
        two = add(hubspot, email="b@a.example", city="Hobart", zip="7000")["id"]
        company = add(hubspot, COMPANIES, name="Acme")["id"]
        hubspot.put(f"{CONTACTS}/{two}/associations/default/companies/{company}")
        merged = hubspot.post(f"{CONTACTS}/merge", json={"primaryObjectId": one, "objectIdToMerge": two}).json()
        read = hubspot.get(
            f"{CONTACTS}/{merged['id']}",
            params={
                "properties": "email,hs_additional_emails,city,zip,hs_merged_object_ids",
                "associations": "companies",
            },
        ).json()
        assert merged["id"] not in (one, two)
        assert {key: value for key, value in read["properties"].items() if "date" not in key} == {
            "email": "a@a.example",
            "hs_additional_emails": "b@a.example",
            "city": "Perth",
            "zip": "7000",
            "hs_merged_object_ids": f"{one};{two}",
            "hs_object_id": merged["id"],
        }
        assert [each["id"] for each in read["associations"]["companies"]["results"]] == [company]
        for id in (one, two):
            assert hubspot.get(f"{CONTACTS}/{id}").status_code == 404
            assert hubspot.get(f"{CONTACTS}/{id}", params={"archived": "true"}).status_code == 404
        found = hubspot.post(
            f"{CONTACTS}/search",
            json={"filters": [{"propertyName": "hs_merged_object_ids", "operator": "CONTAINS_TOKEN", "value": one}]},
        ).json()
        assert [row["id"] for row in found["results"]] == [merged["id"]]

    def test_merges_add_up(self, hubspot: httpx.Client) -> None:
        ids = [add(hubspot, email=f"{n}@a.example")["id"] for n in range(3)]
        first = hubspot.post(f"{CONTACTS}/merge", json={"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}).json()[
            "id"
        ]
        last = hubspot.post(f"{CONTACTS}/merge", json={"primaryObjectId": ids[2], "objectIdToMerge": first}).json()
        assert {*last["properties"]["hs_merged_object_ids"].split(";")} == {*ids, first}
        assert last["properties"]["email"] == "2@a.example"
        assert last["properties"]["hs_additional_emails"] == "0@a.example;1@a.example"

    def test_only_two_different_records_of_a_mergeable_type_can_be_merged(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example")["id"]
        both = {"primaryObjectId": id, "objectIdToMerge": id}
        assert hubspot.post(f"{CONTACTS}/merge", json=both).status_code == 400
        assert hubspot.post(f"{CONTACTS}/merge", json={**both, "objectIdToMerge": "9"}).status_code == 404
        assert hubspot.post("/crm/objects/2026-09/invoices/merge", json=both).status_code == 404


class TestDeletionForGood:
    def test_nothing_is_left_and_the_address_is_blocked(self, hubspot: httpx.Client) -> None:
        id = add(hubspot, email="a@a.example")["id"]
        company = add(hubspot, COMPANIES, name="Acme")["id"]
        hubspot.put(f"{CONTACTS}/{id}/associations/default/companies/{company}")
        assert hubspot.post(f"{CONTACTS}/gdpr-delete", json={"objectId": id}).status_code == 204
        assert hubspot.get(f"{CONTACTS}/{id}", params={"archived": "true"}).status_code == 404
        assert "associations" not in hubspot.get(f"{COMPANIES}/{company}", params={"associations": "contacts"}).json()
        assert codes(hubspot.post(CONTACTS, json={"properties": {"email": "a@a.example"}})) == {
            "email": "INVALID_EMAIL"
        }

    def test_an_address_that_nobody_has_can_be_blocked_and_an_unknown_id_cannot(self, hubspot: httpx.Client) -> None:
        by_email = {"objectId": "x@a.example", "idProperty": "email"}
        assert hubspot.post(f"{CONTACTS}/gdpr-delete", json=by_email).status_code == 204
        assert hubspot.post(CONTACTS, json={"properties": {"email": "X@a.example"}}).status_code == 400
        assert hubspot.post(f"{CONTACTS}/gdpr-delete", json={"objectId": "9"}).status_code == 404
        assert hubspot.post(f"{COMPANIES}/gdpr-delete", json={"objectId": "9"}).status_code == 404


class TestOtherTypes:
    @pytest.mark.parametrize(
        ("path", "properties"),
        [
            ("products", {"name": "Tea", "price": "4.50", "hs_sku": "TEA"}),
            ("line_items", {"name": "Tea", "quantity": "2", "price": "4.50"}),
            ("invoices", {"hs_currency": "AUD", "hs_due_date": "2026-12-01T00:00:00.000Z"}),
            ("commerce_payments", {"hs_initial_amount": "9", "hs_initiated_date": "2026-12-01T00:00:00.000Z"}),
            ("taxes", {"hs_label": "GST", "hs_type": "PERCENT", "hs_value": "10.0000"}),
            ("discounts", {"hs_label": "Less", "hs_type": "FIXED", "hs_value": "1.5000", "hs_duration": "ONCE"}),
            ("fees", {"hs_label": "More", "hs_type": "FIXED", "hs_value": "0.0000", "hs_sort_order": "2"}),
        ],
    )
    def test_they_are_stored_read_and_found(self, hubspot: httpx.Client, path: str, properties: dict[str, str]) -> None:
        made = add(hubspot, f"/crm/objects/2026-09/{path}", **properties)
        read = hubspot.get(
            f"/crm/objects/2026-09/{path}/{made['id']}", params={"properties": ",".join(properties)}
        ).json()
        assert {name: read["properties"][name] for name in properties} == properties
        name, value = next(iter(properties.items()))
        found = hubspot.post(
            f"/crm/objects/2026-09/{path}/search",
            json={"filters": [{"propertyName": name, "operator": "EQ", "value": value}]},
        ).json()
        assert [row["id"] for row in found["results"]] == [made["id"]]
