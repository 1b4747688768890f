"""HubSpot's own older SDK (`hubspot-api-client`, paths v3 and v4) works with every alias of the local HubSpot."""

from __future__ import annotations

import json
from typing import Any

import hubspot
import pytest
from hubspot.crm.associations.v4.exceptions import ApiException as AssociationError
from hubspot.crm.contacts.exceptions import ApiException as ContactError
from hubspot.crm.properties.exceptions import ApiException as PropertyError
from starlette.routing import Match, Route

from hxrules.sandbox.server import ReadyInfo

PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}


def connect(info: ReadyInfo, token: str | None = None) -> Any:
    return hubspot.Client.create(access_token=token or info.hubspot_token, host=info.hubspot_url)


@pytest.fixture
def sdk(sandbox: ReadyInfo) -> Any:
    return connect(sandbox)


def add(sdk: Any, email: str, **properties: str) -> str:
    made = sdk.crm.contacts.basic_api.create({"properties": {"email": email, **properties}, "associations": []})
    return str(made.id)


def body(error: Any) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(error.value.body)
    return parsed


class TestObjects:
    def test_create_read_update_list_and_archive(self, sdk: Any) -> None:
        contacts = sdk.crm.contacts.basic_api
        made = [add(sdk, f"{n}@example.com", firstname=f"F{n}") for n in range(3)]
        contacts.update(made[0], {"properties": {"city": "Perth"}})
        read = contacts.get_by_id(made[0], properties=["city", "email"], properties_with_history=["city"])
        assert (read.properties["city"], read.properties_with_history["city"][0].value) == ("Perth", "Perth")
        assert contacts.get_by_id("1@example.com", id_property="email").id == made[1]
        contacts.archive(made[2])
        first = contacts.get_page(limit=1)
        second = contacts.get_page(limit=1, after=first.paging.next.after)
        assert [row.id for row in first.results + second.results] == made[:2]
        assert second.paging is None
        assert [row.id for row in contacts.get_page(archived=True).results] == [made[2]]
        with pytest.raises(ContactError) as gone:
            contacts.get_by_id(made[2])
        assert (gone.value.status, body(gone)["category"]) == (404, "OBJECT_NOT_FOUND")

    def test_merge_and_deletion_for_good(self, sdk: Any) -> None:
        contacts = sdk.crm.contacts.basic_api
        one, two = add(sdk, "one@example.com"), add(sdk, "two@example.com")
        merged = contacts.merge({"primaryObjectId": one, "objectIdToMerge": two})
        assert merged.properties["hs_additional_emails"] == "two@example.com"
        contacts.purge({"objectId": merged.id})
        assert contacts.get_page(archived=True).results == []
        with pytest.raises(ContactError, match="blocked"):
            add(sdk, "two@example.com")

    def test_the_generic_objects_api(self, sdk: Any) -> None:
        objects = sdk.crm.objects
        id = objects.basic_api.create("companies", {"properties": {"name": "Acme", "domain": "acme.example"}}).id
        assert (
            objects.basic_api.update("companies", id, {"properties": {"name": "Acme 2"}}).properties["name"] == "Acme 2"
        )
        assert objects.basic_api.get_by_id("0-2", id).properties["name"] == "Acme 2"
        assert [row.id for row in objects.basic_api.get_page("company").results] == [id]
        found = objects.search_api.do_search("companies", {"query": "acme", "limit": 5})
        assert (found.total, found.results[0].id) == (1, id)
        assert objects.batch_api.read(
            "companies", {"inputs": [{"id": id}], "properties": ["name"], "propertiesWithHistory": []}
        ).results
        assert (
            objects.batch_api.update("companies", {"inputs": [{"id": id, "properties": {"city": "X"}}]}).results[0].id
            == id
        )
        objects.batch_api.archive("companies", {"inputs": [{"id": id}]})
        assert (
            objects.batch_api.create("companies", {"inputs": [{"properties": {"name": "B"}}]})
            .results[0]
            .properties["name"]
            == "B"
        )
        objects.basic_api.archive("companies", objects.basic_api.get_page("companies").results[0].id)
        assert objects.basic_api.get_page("companies").results == []


class TestBatches:
    def test_create_read_update_upsert_and_archive(self, sdk: Any) -> None:
        batch = sdk.crm.contacts.batch_api
        made = batch.create(
            {"inputs": [{"properties": {"email": f"{n}@example.com"}, "associations": []} for n in range(3)]}
        )
        ids = sorted(row.id for row in made.results)
        batch.update({"inputs": [{"id": id, "properties": {"city": id}} for id in ids]})
        read = batch.read({"inputs": [{"id": id} for id in ids], "properties": ["city"], "propertiesWithHistory": []})
        assert {row.id: row.properties["city"] for row in read.results} == {id: id for id in ids}
        upserted = batch.upsert(
            {"inputs": [{"id": f"{n}@example.com", "idProperty": "email", "properties": {}} for n in (2, 3)]}
        )
        assert sorted(row.new for row in upserted.results) == [False, True]
        batch.archive({"inputs": [{"id": id} for id in ids]})
        assert len(sdk.crm.contacts.basic_api.get_page().results) == 1

    def test_with_trace_ids_one_bad_input_does_not_stop_the_others(self, sdk: Any) -> None:
        inputs = [
            {"properties": {"email": email}, "associations": [], "objectWriteTraceId": trace}
            for trace, email in (("good", "a@example.com"), ("bad", "nonsense"))
        ]
        answer = sdk.crm.contacts.batch_api.create({"inputs": inputs})
        assert [row.properties["email"] for row in answer.results] == ["a@example.com"]
        assert (answer.num_errors, answer.errors[0].context) == (1, {"objectWriteTraceId": ["bad"]})


class TestSearch:
    def test_filters_sorts_and_pages(self, sdk: Any) -> None:
        made = [add(sdk, f"{n}@example.com", city="Perth" if n % 2 else "Hobart") for n in range(6)]
        search = {
            "filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ", "value": "perth"}]}],
            "sorts": ["email"],
            "properties": ["email"],
            "limit": 2,
        }
        first = sdk.crm.contacts.search_api.do_search(search)
        second = sdk.crm.contacts.search_api.do_search({**search, "after": first.paging.next.after})
        assert first.total == 3
        assert [row.id for row in first.results + second.results] == [made[1], made[3], made[5]]
        assert second.paging is None


class TestAssociations:
    def test_single_links(self, sdk: Any) -> None:
        links = sdk.crm.associations.v4.basic_api
        contact, company = (
            add(sdk, "p@example.com"),
            sdk.crm.companies.basic_api.create({"properties": {"name": "Acme"}}).id,
        )
        links.create_default("contacts", contact, "companies", company)
        answer = links.create("contacts", contact, "companies", company, [PRIMARY])
        assert answer.labels == ["Primary"]
        page = links.get_page("companies", company, "contacts")
        assert [(row.to_object_id, {each.type_id for each in row.association_types}) for row in page.results] == [
            (contact, {2, 280})
        ]
        links.archive("contacts", contact, "companies", company)
        assert links.get_page("companies", company, "contacts").results == []

    def test_batches(self, sdk: Any) -> None:
        links, pair = sdk.crm.associations.v4.batch_api, ("contacts", "companies")
        contacts = [add(sdk, f"{n}@example.com") for n in range(2)]
        company = sdk.crm.companies.basic_api.create({"properties": {"name": "Acme"}}).id
        plain = [{"from": {"id": id}, "to": {"id": company}} for id in contacts]
        labelled = [{**each, "types": [PRIMARY]} for each in plain]
        links.create_default(*pair, {"inputs": plain})
        assert {row.labels[0] for row in links.create(*pair, {"inputs": labelled}).results} == {"Primary"}
        links.archive_labels(*pair, {"inputs": labelled})
        read = links.get_page(*pair, {"inputs": [{"id": id} for id in contacts]})
        assert {row._from.id: [to.to_object_id for to in row.to] for row in read.results} == {
            id: [company] for id in contacts
        }
        links.archive(*pair, {"inputs": [{"from": {"id": id}, "to": [{"id": company}]} for id in contacts]})
        nothing = links.get_page(*pair, {"inputs": [{"id": contacts[0]}]})
        assert (nothing.results, nothing.errors[0].sub_category) == ([], "crm.associations.NO_ASSOCIATIONS_FOUND")

    def test_labels(self, sdk: Any) -> None:
        labels, pair = sdk.crm.associations.v4.schema.definitions_api, ("contacts", "companies")
        made = labels.create(*pair, {"name": "auditor", "label": "Auditor"}).results[0].type_id
        labels.update(*pair, {"associationTypeId": made, "label": "Reviewer"})
        assert {each.type_id: each.label for each in labels.get_all(*pair).results}[made] == "Reviewer"
        labels.remove(*pair, made)
        assert made not in {each.type_id for each in labels.get_all(*pair).results}

    def test_a_type_of_the_other_direction_is_refused(self, sdk: Any) -> None:
        contact, company = (
            add(sdk, "p@example.com"),
            sdk.crm.companies.basic_api.create({"properties": {"name": "Acme"}}).id,
        )
        wrong = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}
        with pytest.raises(AssociationError) as refused:
            sdk.crm.associations.v4.basic_api.create("contacts", contact, "companies", company, [wrong])
        assert (refused.value.status, body(refused)["category"]) == (400, "VALIDATION_ERROR")


class TestProperties:
    def test_definitions(self, sdk: Any) -> None:
        properties = sdk.crm.properties.core_api
        definition = {
            "name": "abn",
            "label": "ABN",
            "type": "string",
            "fieldType": "text",
            "groupName": "contactinformation",
        }
        assert properties.create("contacts", definition).name == "abn"
        with pytest.raises(PropertyError) as taken:
            properties.create("contacts", definition)
        assert (taken.value.status, body(taken)["message"]) == (409, "A property named 'abn' already exists.")
        assert properties.update("contacts", "abn", {"label": "Business number"}).label == "Business number"
        assert properties.get_by_name("contacts", "abn").label == "Business number"
        properties.archive("contacts", "abn")
        assert "abn" not in {each.name for each in properties.get_all("contacts").results}

    def test_batches_and_groups(self, sdk: Any) -> None:
        groups, batch = sdk.crm.properties.groups_api, sdk.crm.properties.batch_api
        groups.create("companies", {"name": "own", "label": "Own"})
        assert groups.get_by_name("companies", "own").label == "Own"
        assert groups.update("companies", "own", {"label": "Ours"}).label == "Ours"
        definition = {"name": "abn", "label": "ABN", "type": "string", "fieldType": "text", "groupName": "own"}
        assert batch.create("companies", {"inputs": [definition]}).results[0].name == "abn"
        assert batch.read("companies", {"archived": False, "inputs": [{"name": "abn"}]}).results[0].group_name == "own"
        batch.archive("companies", {"inputs": [{"name": "abn"}]})
        groups.archive("companies", "own")
        assert "own" not in {each.name for each in groups.get_all("companies").results}


class TestAccountAndRefusals:
    def test_the_older_paths_of_account_currencies_and_tax_rates(self, sdk: Any, sandbox: ReadyInfo) -> None:
        answers = {}
        for path in (
            "/account-info/v3/details",
            "/account-info/v3/api-usage/daily/private-apps",
            "/settings/v3/currencies/company-currency",
            "/settings/v3/currencies/codes",
            "/settings/v3/currencies/exchange-rates",
            "/settings/v3/currencies/exchange-rates/current",
            "/settings/v3/currencies/exchange-rates/1",
            "/tax-rates/v1/tax-rates",
            "/tax-rates/v1/tax-rates/2148420991",
        ):
            answers[path] = sdk.api_request({"base_url": sandbox.hubspot_url, "path": path}).json()
        assert answers["/account-info/v3/details"]["portalId"] == 1234567
        assert answers["/settings/v3/currencies/company-currency"]["id"] == "AUD"
        assert answers["/settings/v3/currencies/exchange-rates/1"]["id"] == "1"
        assert answers["/tax-rates/v1/tax-rates/2148420991"] in answers["/tax-rates/v1/tax-rates"]["results"]

    def test_a_wrong_token_and_a_taken_email(self, sdk: Any, sandbox: ReadyInfo) -> None:
        id = add(sdk, "a@example.com")
        with pytest.raises(ContactError) as taken:
            add(sdk, "A@example.com")
        with pytest.raises(ContactError) as unknown:
            connect(sandbox, token="wrong").crm.contacts.basic_api.get_page()
        assert (taken.value.status, body(taken)["message"]) == (409, f"Contact already exists. Existing ID: {id}")
        assert (unknown.value.status, body(unknown)["category"]) == (401, "INVALID_AUTHENTICATION")

    def test_the_daily_limit_holds_until_midnight_of_the_account(self, run_sandbox: Any) -> None:
        info = run_sandbox(quirks={"hubspot-daily-limit": "1"})
        sdk = connect(info)
        sdk.crm.contacts.basic_api.get_page()
        with pytest.raises(ContactError) as refused:
            sdk.crm.contacts.basic_api.get_page()
        assert (refused.value.status, body(refused)["policyName"]) == (429, "DAILY")
        assert refused.value.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"


def test_no_alias_was_left_out(sandbox: ReadyInfo, driven: Any, request: pytest.FixtureRequest) -> None:
    if not driven.by_all_tests_but(request.node):
        pytest.skip("only some tests of this file ran")
    routes = [
        route
        for route in sandbox.hubspot.routes
        if isinstance(route, Route) and ("/v3/" in route.path or "/v4/" in route.path)
    ]
    scopes = [{"type": "http", "method": method, "path": path, "headers": []} for method, path in driven.requests]
    left = {
        (*(route.methods or ()), route.path)
        for route in routes
        if not any(route.matches(s)[0] is Match.FULL for s in scopes)
    }
    assert left == set()
