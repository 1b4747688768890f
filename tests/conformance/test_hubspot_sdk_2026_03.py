"""HubSpot's own SDK of the 2026-03 paths (`hubspot-sdk`) works with every endpoint of the local HubSpot.

The client validates each answer against HubSpot's published schema (strict mode); where an answer may rightly hold a
null that the schema doesn't know, the plain client is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import hubspot_sdk
import pytest
from starlette.routing import Match, Route

from hxrules.sandbox.server import ReadyInfo

ALL = ("email", "firstname", "lastname")


@pytest.fixture
def sdk(sandbox: ReadyInfo) -> Iterator[Any]:
    yield from connect(sandbox)


@pytest.fixture
def plain(sandbox: ReadyInfo) -> Iterator[Any]:
    yield from connect(sandbox, strict=False)


def connect(info: ReadyInfo, strict: bool = True, token: str | None = None) -> Iterator[Any]:
    with hubspot_sdk.HubSpot(
        access_token=token or info.hubspot_token,
        base_url=info.hubspot_url,
        max_retries=0,
        http_client=httpx.Client(verify=False, trust_env=False),
        _strict_response_validation=strict,
    ) as client:
        yield client


def add(client: Any, email: str, **properties: str) -> str:
    created = client.crm.objects.contacts.create(
        associations=[], properties={"email": email, "firstname": "F", "lastname": "L", **properties}
    )
    return str(created.id)


def ids(rows: Any) -> set[str]:
    return {row.id for row in rows}


class TestObjects:
    def test_create_read_update_and_archive(self, sdk: Any) -> None:
        contacts = sdk.crm.objects.contacts
        id = add(sdk, "Ada@Example.COM", phone="+61 2 5550 1000")
        read = contacts.get(id, properties=["email", "phone"], properties_with_history=["phone"])
        assert (read.properties["email"], read.properties["phone"]) == ("ada@example.com", "+61 2 5550 1000")
        updated = contacts.update(id, properties={"phone": "+61 2 5550 2000"})
        again = contacts.get(id, properties=["phone"], properties_with_history=["phone"])
        assert [version.value for version in again.properties_with_history["phone"]] == [
            "+61 2 5550 2000",
            "+61 2 5550 1000",
        ]
        assert updated.updated_at == again.updated_at > read.created_at
        contacts.delete(id)
        with pytest.raises(hubspot_sdk.NotFoundError):
            contacts.get(id)
        assert contacts.get(id, archived=True, properties=ALL).archived_at is not None

    def test_a_record_is_read_and_updated_by_its_email(self, sdk: Any) -> None:
        id = add(sdk, "by@example.com")
        assert sdk.crm.objects.contacts.get("by@example.com", id_property="email", properties=ALL).id == id
        assert (
            sdk.crm.objects.contacts.update("by@example.com", id_property="email", properties={"city": "Perth"}).id
            == id
        )

    def test_a_list_pages_through_all_records_and_shows_archived_ones_on_demand(self, sdk: Any) -> None:
        made = [add(sdk, f"{n}@example.com") for n in range(7)]
        sdk.crm.objects.contacts.delete(made[3])
        page = sdk.crm.objects.contacts.list(limit=2, properties=ALL)
        assert [row.id for row in page] == [id for id in made if id != made[3]]
        assert ids(sdk.crm.objects.contacts.list(archived=True, properties=ALL)) == {made[3]}

    def test_a_record_is_created_with_its_links_and_read_with_them(self, sdk: Any) -> None:
        company = sdk.crm.objects.companies.create(
            associations=[], properties={"name": "Acme", "domain": "acme.example"}
        )
        link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
        contact = sdk.crm.objects.contacts.create(
            properties={"email": "linked@example.com"},
            associations=[{"to": {"id": company.id}, "types": [link]}],
        )
        read = sdk.crm.objects.contacts.get(contact.id, associations=["companies"], properties=["email"])
        assert [(row.id, row.type) for row in read.associations["companies"].results] == [
            (company.id, "contact_to_company_unlabeled")
        ]

    def test_merge_gives_a_new_record_that_has_both_emails(self, sdk: Any) -> None:
        one, two = add(sdk, "one@example.com"), add(sdk, "two@example.com", city="Perth")
        merged = sdk.crm.objects.contacts.merge(primary_object_id=one, object_id_to_merge=two)
        assert merged.id not in (one, two)
        assert merged.properties["email"] == "one@example.com"
        assert merged.properties["hs_additional_emails"] == "two@example.com"
        assert merged.properties["city"] == "Perth"
        assert merged.properties["hs_merged_object_ids"] == f"{one};{two}"
        with pytest.raises(hubspot_sdk.NotFoundError):
            sdk.crm.objects.contacts.get(one)

    def test_a_deletion_for_good_blocks_the_address(self, sdk: Any) -> None:
        id = add(sdk, "gone@example.com")
        sdk.crm.objects.contacts.gdpr_delete(object_id="gone@example.com", id_property="email")
        with pytest.raises(hubspot_sdk.NotFoundError):
            sdk.crm.objects.contacts.get(id, archived=True)
        with pytest.raises(hubspot_sdk.BadRequestError, match="INVALID_EMAIL"):
            add(sdk, "gone@example.com")

    @pytest.mark.parametrize("name", ["companies", "company", "0-2"])
    def test_the_generic_endpoints_take_every_name_of_a_type(self, sdk: Any, name: str) -> None:
        generic = sdk.crm.objects.generic_objects
        made = generic.create(name, associations=[], properties={"name": "Acme", "domain": "acme.example"})
        assert generic.update(made.id, object_type=name, properties={"name": "Acme 2"}).properties["name"] == "Acme 2"
        assert generic.get(made.id, object_type=name).properties["domain"] == "acme.example"
        assert ids(generic.list(name)) == {made.id}
        found = generic.search(name, after="0", filter_groups=[], limit=5, properties=["name"], sorts=[], query="acme")
        assert (found.total, ids(found.results)) == (1, {made.id})
        generic.delete(made.id, object_type=name)
        assert ids(generic.list(name)) == set()


class TestBatches:
    def test_create_read_update_and_archive(self, sdk: Any) -> None:
        batch = sdk.crm.objects.contacts.batch
        made = batch.create(
            inputs=[
                {"properties": {"email": f"{n}@example.com"}, "associations": [], "objectWriteTraceId": f"t{n}"}
                for n in range(5)
            ]
        )
        by_trace = {row.object_write_trace_id: row for row in made.results}
        assert {trace: row.properties["email"] for trace, row in by_trace.items()} == {
            f"t{n}": f"{n}@example.com" for n in range(5)
        }
        all_ids = [row.id for row in made.results]
        updated = batch.update(inputs=[{"id": id, "properties": {"city": f"City {id}"}} for id in all_ids])
        assert {row.id: row.properties["city"] for row in updated.results} == {id: f"City {id}" for id in all_ids}
        read = batch.get(
            inputs=[{"id": id} for id in all_ids], properties=["email", "city"], properties_with_history=["city"]
        )
        assert {row.properties_with_history["city"][0].value for row in read.results} == {
            f"City {id}" for id in all_ids
        }
        batch.delete(inputs=[{"id": id} for id in all_ids[:2]])
        assert ids(sdk.crm.objects.contacts.list(properties=["email"], limit=50)) == {*all_ids[2:]}

    def test_upsert_by_email_makes_and_changes(self, sdk: Any) -> None:
        old = add(sdk, "old@example.com")
        upserted = sdk.crm.objects.contacts.batch.upsert(
            inputs=[
                {"id": email, "idProperty": "email", "properties": {"city": "Hobart"}}
                for email in ("OLD@example.com", "new@example.com")
            ]
        )
        assert {row.new: row.id == old for row in upserted.results} == {False: True, True: False}

    def test_upsert_by_a_unique_property_of_the_accounts_own(self, sdk: Any) -> None:
        sdk.crm.properties.create(
            "contacts",
            name="xero_id",
            label="Xero ID",
            type="string",
            field_type="text",
            group_name="contactinformation",
            has_unique_value=True,
        )
        inputs = [{"id": "x-1", "idProperty": "xero_id", "properties": {"email": "a@example.com"}}]
        first = sdk.crm.objects.contacts.batch.upsert(inputs=inputs).results[0]
        second = sdk.crm.objects.contacts.batch.upsert(inputs=inputs).results[0]
        assert (first.new, second.new, first.id) == (True, False, second.id)
        assert (
            sdk.crm.objects.contacts.get("x-1", id_property="xero_id", properties=["email", "xero_id"]).id == first.id
        )

    def test_unknown_ids_are_a_207_that_names_them(self, sdk: Any, plain: Any) -> None:
        id = add(sdk, "here@example.com")
        answer = plain.crm.objects.contacts.batch.with_raw_response.get(
            inputs=[{"id": id}, {"id": "999999"}], properties=["email"], properties_with_history=[]
        )
        body = answer.http_response.json()
        assert answer.status_code == 207
        assert [row["id"] for row in body["results"]] == [id]
        assert (body["numErrors"], body["errors"][0]["category"]) == (1, "OBJECT_NOT_FOUND")
        assert body["errors"][0]["context"] == {"ids": ["999999"]}

    def test_generic_batches(self, sdk: Any) -> None:
        batch = sdk.crm.objects.generic_objects.batch
        made = batch.create(
            "companies", inputs=[{"properties": {"name": "A", "domain": "a.example"}, "associations": []}]
        )
        id = made.results[0].id
        assert batch.update("companies", inputs=[{"id": id, "properties": {"city": "X"}}]).results[0].id == id
        assert ids(
            batch.get("companies", inputs=[{"id": id}], properties=["name"], properties_with_history=[]).results
        ) == {id}
        batch.delete("companies", inputs=[{"id": id}])
        with pytest.raises(hubspot_sdk.BadRequestError, match="idProperty"):
            batch.upsert("companies", inputs=[{"id": "a.example", "idProperty": "domain", "properties": {"name": "B"}}])


class TestSearch:
    def search(self, sdk: Any, *filters: Any, **more: Any) -> Any:
        options = {"after": "0", "limit": 100, "properties": ["email"], "sorts": [], **more}
        return sdk.crm.objects.contacts.search(filter_groups=[{"filters": list(filters)}], **options)

    def test_filters_find_what_they_say(self, sdk: Any) -> None:
        one, two = add(sdk, "one@example.com", city="Perth"), add(sdk, "two@example.com", city="Hobart")
        found = self.search(sdk, {"propertyName": "city", "operator": "EQ", "value": "PERTH"})
        assert (found.total, ids(found.results)) == (1, {one})
        found = self.search(sdk, {"propertyName": "email", "operator": "IN", "values": ["two@example.com"]})
        assert ids(found.results) == {two}
        low, high = "2020-01-01", "2120-01-01"
        found = self.search(sdk, {"propertyName": "createdate", "operator": "BETWEEN", "value": low, "highValue": high})
        assert ids(found.results) == {one, two}

    def test_pages_go_on_where_the_last_one_ended(self, sdk: Any) -> None:
        made = [add(sdk, f"{n}@example.com") for n in range(5)]
        seen: list[str] = []
        after = "0"
        while after:
            page = self.search(sdk, after=after, limit=2, sorts=["-createdate"])
            seen += [row.id for row in page.results]
            after = page.paging.next.after if page.paging else ""
        assert sorted(seen) == sorted(made)

    def test_the_endpoint_of_the_associations_resource_is_the_same(self, sdk: Any) -> None:
        id = add(sdk, "one@example.com")
        found = sdk.crm.associations.search(
            "contacts", after="0", filter_groups=[], limit=1, properties=["email"], sorts=[], query="one@example.com"
        )
        assert ids(found.results) == {id}


class TestAssociations:
    @pytest.fixture
    def pair(self, sdk: Any) -> tuple[str, str]:
        company = sdk.crm.objects.companies.create(associations=[], properties={"name": "Acme"})
        return add(sdk, "p@example.com"), company.id

    def linked(self, sdk: Any, contact: str) -> dict[str, list[int]]:
        page = sdk.crm.associations.list("companies", object_type="contacts", object_id=contact, limit=100)
        return {row.to_object_id: sorted(each.type_id for each in row.association_types) for row in page}

    def test_a_default_link_stands_in_both_directions(self, sdk: Any, pair: tuple[str, str]) -> None:
        contact, company = pair
        made = sdk.crm.associations.create(
            company, from_object_type="contacts", from_object_id=contact, to_object_type="companies"
        )
        back = sdk.crm.associations.list("contacts", object_type="companies", object_id=company)
        assert {row.association_spec.association_type_id for row in made.results} == {279, 280}
        assert self.linked(sdk, contact) == {company: [279]}
        assert [row.to_object_id for row in back] == [contact]
        sdk.crm.associations.delete(company, object_type="contacts", object_id=contact, to_object_type="companies")
        assert self.linked(sdk, contact) == {}

    def test_a_labelled_link_is_an_unlabelled_one_too(self, sdk: Any, pair: tuple[str, str]) -> None:
        contact, company = pair
        answer = sdk.crm.associations.update_labels(
            company,
            object_type="contacts",
            object_id=contact,
            to_object_type="companies",
            body=[{"association_category": "HUBSPOT_DEFINED", "association_type_id": 1}],
        )
        assert answer.labels == ["Primary"]
        assert self.linked(sdk, contact) == {company: [1, 279]}

    def test_batches_link_read_and_unlink(self, sdk: Any, pair: tuple[str, str]) -> None:
        contact, company = pair
        batch, types = sdk.crm.associations.batch, {"from_object_type": "contacts", "to_object_type": "companies"}
        primary = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
        sent = {"from": {"id": contact}, "to": {"id": company}, "types": [primary]}
        assert batch.create(**types, inputs=[sent]).results[0].labels == ["Primary"]
        read = batch.get(**types, inputs=[{"id": contact}])
        assert [(row.from_.id, [to.to_object_id for to in row.to]) for row in read.results] == [(contact, [company])]
        batch.delete_labels(**types, inputs=[sent])
        assert self.linked(sdk, contact) == {company: [279]}
        batch.delete(**types, inputs=[{"from": {"id": contact}, "to": [{"id": company}]}])
        assert self.linked(sdk, contact) == {}
        assert (
            len(batch.create_default(**types, inputs=[{"from": {"id": contact}, "to": {"id": company}}]).results) == 2
        )
        assert self.linked(sdk, contact) == {company: [279]}

    def test_an_account_can_have_labels_of_its_own(self, sdk: Any, pair: tuple[str, str]) -> None:
        labels, types = (
            sdk.crm.associations_schema.labels,
            {"from_object_type": "contacts", "to_object_type": "companies"},
        )
        made = labels.create_label(**types, label="Auditor", name="auditor", inverse_label="Audited").results
        assert {each.label for each in labels.list_labels(**types).results} == {
            None,
            "Primary",
            "Billing contact",
            "Auditor",
        }
        labels.update_label(**types, association_type_id=made[0].type_id, label="Reviewer")
        assert "Reviewer" in {each.label for each in labels.list_labels(**types).results}
        labels.delete_label(made[0].type_id, **types)
        assert {each.label for each in labels.list_labels(**types).results} == {None, "Primary", "Billing contact"}


class TestProperties:
    def test_definitions_are_made_changed_archived_and_restored(self, sdk: Any) -> None:
        properties = sdk.crm.properties
        made = properties.create(
            "contacts",
            name="size",
            label="Size",
            type="enumeration",
            field_type="select",
            group_name="contactinformation",
            options=[{"label": "Small", "value": "s", "displayOrder": 0, "hidden": False}],
        )
        assert (made.hubspot_defined, made.modification_metadata.read_only_value) == (False, False)
        changed = properties.update("size", object_type="contacts", label="T-shirt size")
        assert (changed.label, [option.value for option in changed.options]) == ("T-shirt size", ["s"])
        properties.delete("size", object_type="contacts")
        with pytest.raises(hubspot_sdk.NotFoundError):
            properties.get("size", object_type="contacts")
        assert properties.get("size", object_type="contacts", archived=True).archived
        assert "size" in {each.name for each in properties.list("contacts", archived=True).results}

    def test_every_type_lists_its_definitions_with_what_may_be_written(self, sdk: Any) -> None:
        for name in ("contacts", "companies", "products", "line_items", "invoices", "commerce_payments", "taxes"):
            by_name = {each.name: each for each in sdk.crm.properties.list(name).results}
            assert by_name["hs_object_id"].modification_metadata.read_only_value
            assert len(by_name) > 10
        assert by_name["hs_type"].options[0].value == "PERCENT"

    def test_batches_and_groups(self, sdk: Any) -> None:
        groups, batch = sdk.crm.properties.groups, sdk.crm.properties.batch
        groups.create("contacts", name="hxrules", label="hxrules")
        definition = {"name": "a", "label": "A", "type": "string", "fieldType": "text", "groupName": "hxrules"}
        batch.create("contacts", inputs=[definition, {**definition, "name": "b"}])
        read = batch.get(
            "contacts", archived=False, data_sensitivity="non_sensitive", inputs=[{"name": "a"}, {"name": "b"}]
        )
        assert {each.name for each in read.results} == {"a", "b"}
        with pytest.raises(hubspot_sdk.BadRequestError, match="active properties"):
            groups.delete("hxrules", object_type="contacts")
        batch.delete("contacts", inputs=[{"name": "a"}, {"name": "b"}])
        assert groups.update("hxrules", object_type="contacts", label="Rules").label == "Rules"
        assert groups.get("hxrules", object_type="contacts").label == "Rules"
        groups.delete("hxrules", object_type="contacts")
        assert {each.name for each in groups.list("contacts").results} == {"contactinformation"}


class TestAccount:
    def test_details_usage_and_currencies(self, sdk: Any, sandbox: ReadyInfo) -> None:
        details = sdk.account.get()
        assert (details.portal_id, details.company_currency, details.time_zone) == (1234567, "AUD", "Australia/Sydney")
        usage = sdk.account.get_daily_private_apps_usage().results[0]
        assert (usage.usage_limit, usage.current_usage) == (250_000, 2)
        currencies = sdk.settings.currencies
        assert currencies.get_company_currency().id == "AUD"
        assert "EUR" in {each.currency_code for each in currencies.list_codes().results}
        rates = list(currencies.exchange_rates.list_exchange_rates(limit=2))
        assert {rate.from_currency_code for rate in rates} == {*details.additional_currencies}
        assert [rate.id for rate in currencies.exchange_rates.list_exchange_rates(from_currency_code="USD")] == [
            rate.id for rate in rates if rate.from_currency_code == "USD"
        ]
        assert len(currencies.exchange_rates.list_current_exchange_rates().results) == len(rates)
        assert currencies.exchange_rates.get_exchange_rate_by_id(rates[0].id).conversion_rate > 0


class TestTaxRates:
    def test_the_library_is_listed_and_each_rate_is_read_by_its_id(self, sdk: Any) -> None:
        rates = list(sdk.settings.tax_rates.list(limit=4))
        assert {rate.percentage_rate for rate in rates} == {0, 2.5, 10, 12}
        assert sdk.settings.tax_rates.get(rates[0].id) == rates[0]


class TestRefusals:
    @pytest.mark.parametrize(
        ("properties", "code"),
        [
            ({"nonsense": "1"}, "PROPERTY_DOESNT_EXIST"),
            ({"lastmodifieddate": "2026-01-01"}, "READ_ONLY_VALUE"),
            ({"lifecyclestage": "Customer"}, "INVALID_OPTION"),
            ({"email": "not an address"}, "INVALID_EMAIL"),
        ],
    )
    def test_a_refused_value_has_its_code(self, sdk: Any, properties: dict[str, str], code: str) -> None:
        with pytest.raises(hubspot_sdk.BadRequestError) as refused:
            sdk.crm.objects.contacts.create(associations=[], properties={"firstname": "F", **properties})
        body: Any = refused.value.body
        assert (body["category"], body["errors"][0]["code"]) == ("VALIDATION_ERROR", code)

    def test_a_taken_email_is_a_conflict_that_names_the_contact(self, sdk: Any) -> None:
        id = add(sdk, "taken@example.com")
        with pytest.raises(hubspot_sdk.ConflictError) as refused:
            add(sdk, "Taken@Example.com")
        body: Any = refused.value.body
        assert body["message"] == f"Contact already exists. Existing ID: {id}"

    def test_a_wrong_token_is_401(self, sandbox: ReadyInfo) -> None:
        for client in connect(sandbox, token="pat-na1-wrong"):
            with pytest.raises(hubspot_sdk.AuthenticationError, match="INVALID_AUTHENTICATION"):
                client.account.get()

    def test_too_many_calls_are_429_until_ten_seconds_have_passed(self, run_sandbox: Any) -> None:
        info = run_sandbox(quirks={"hubspot-burst-limit": "3"})
        for client in connect(info):
            for _ in range(3):
                client.account.get()
            with pytest.raises(hubspot_sdk.RateLimitError, match="TEN_SECONDLY_ROLLING"):
                client.account.get()
            httpx.post(f"{info.hubspot_url}/_sandbox/clock", json={"advance": "10s"})
            answer = client.account.with_raw_response.get()
            assert answer.headers["x-hubspot-ratelimit-remaining"] == "2"

    def test_too_many_searches_in_a_second_are_429_without_any_rate_headers(self, run_sandbox: Any) -> None:
        info = run_sandbox(quirks={"hubspot-search-limit": "2"})
        search = {"after": "0", "filter_groups": [], "limit": 1, "properties": [], "sorts": []}
        for client in connect(info):
            for _ in range(2):
                answer = client.crm.objects.contacts.with_raw_response.search(**search)
                assert not [name for name in answer.headers if "ratelimit" in name]
            with pytest.raises(hubspot_sdk.RateLimitError, match="SECONDLY"):
                client.crm.objects.contacts.search(**search)


def test_no_endpoint_was_left_out(sandbox: ReadyInfo, driven: Any, request: pytest.FixtureRequest) -> None:
    if not driven.by_all_tests_but(request.node):
        pytest.skip("only some tests of this file ran")
    routes = [route for route in sandbox.hubspot.routes if isinstance(route, Route) and "{version}" in route.path]
    scopes = [{"type": "http", "method": method, "path": path, "headers": []} for method, path in driven.requests]
    left = {
        (*(route.methods or ()), route.path)
        for route in routes
        if not any(route.matches(s)[0] is Match.FULL for s in scopes)
    }
    assert left == set()
