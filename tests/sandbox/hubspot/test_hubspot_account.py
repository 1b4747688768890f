"""The account of the local HubSpot: token, scopes, limits, settings, property definitions, and its admins' rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from hxrules.sandbox.server import ReadyInfo

CONTACTS = "/crm/objects/2026-09/contacts"
PROPERTIES = "/crm/properties/2026-09/contacts"
RunHubspot = Callable[..., httpx.Client]


def definition(name: str = "abn", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.upper(),
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        **more,
    }


class TestToken:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic {token}", "{token}"])
    def test_without_the_right_bearer_token_nothing_is_answered(self, sandbox: ReadyInfo, header: str | None) -> None:
        headers = {} if header is None else {"Authorization": header.format(token=sandbox.hubspot_token)}
        for path in (CONTACTS, "/account-info/2026-09/details"):
            answer = httpx.get(f"{sandbox.hubspot_url}{path}", headers=headers)
            assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")
            assert "x-hubspot-ratelimit-max" not in answer.headers

    @pytest.mark.parametrize(
        ("method", "path", "needed"),
        [
            ("GET", CONTACTS, "crm.objects.contacts.read"),
            ("POST", f"{CONTACTS}/search", "crm.objects.contacts.read"),
            ("POST", f"{CONTACTS}/batch/read", "crm.objects.contacts.read"),
            ("POST", CONTACTS, "crm.objects.contacts.write"),
            ("PATCH", f"{CONTACTS}/1", "crm.objects.contacts.write"),
            ("DELETE", f"{CONTACTS}/1", "crm.objects.contacts.write"),
            ("POST", f"{CONTACTS}/batch/upsert", "crm.objects.contacts.write"),
            ("GET", "/crm/objects/2026-09/taxes", "crm.objects.line_items.read"),
            ("GET", PROPERTIES, "crm.schemas.contacts.read"),
            ("POST", PROPERTIES, "crm.schemas.contacts.write"),
            ("GET", "/crm/associations/2026-09/contacts/companies/labels", "crm.objects.contacts.read"),
            ("POST", "/crm/associations/2026-09/contacts/companies/batch/create", "crm.objects.companies.write"),
            ("GET", "/settings/currencies/2026-09/codes", "settings.currencies.read"),
        ],
    )
    def test_a_missing_scope_is_403_and_named(
        self, run_hubspot: RunHubspot, method: str, path: str, needed: str
    ) -> None:
        without, having = (run_hubspot({"account": {"scopes": scopes}}) for scopes in ([], [needed]))
        body = None if method == "GET" else {"properties": {}, "inputs": [{"id": "1", "idProperty": "email"}]}
        refused, allowed = (client.request(method, path, json=body) for client in (without, having))
        assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
        assert needed in refused.json()["errors"][0]["context"]["requiredGranularScopes"]
        assert refused.json()["links"]["scopes"]
        assert allowed.status_code != 403

    def test_the_account_may_be_asked_by_every_token(self, run_hubspot: RunHubspot) -> None:
        hubspot = run_hubspot({"account": {"scopes": [], "portalId": 42, "timeZone": "US/Eastern"}}, clock=None)
        details = hubspot.get("/account-info/2026-09/details").json()
        assert (details["portalId"], details["timeZone"]) == (42, "US/Eastern")
        assert details["utcOffset"] in ("-05:00", "-04:00")
        assert details["utcOffsetMilliseconds"] == int(details["utcOffset"][:3]) * 3_600_000


class TestCurrencies:
    def test_the_seed_names_them_and_the_companys_own_is_none_of_the_additional_ones(
        self, run_hubspot: RunHubspot
    ) -> None:
        part = {"account": {"companyCurrency": "USD"}, "currencies": ["USD", "JPY"]}
        details = run_hubspot(part).get("/account-info/2026-09/details").json()
        assert (details["companyCurrency"], details["additionalCurrencies"]) == ("USD", ["JPY"])


class TestRateLimits:
    def test_a_hundred_calls_in_any_ten_seconds(self, hubspot: httpx.Client) -> None:
        answers = [hubspot.get(CONTACTS, params={"limit": 1}) for _ in range(60)]
        hubspot.post("/_sandbox/clock", json={"advance": "6s"})
        answers += [hubspot.get(CONTACTS, params={"limit": 1}) for _ in range(41)]
        assert [answer.status_code for answer in answers] == [200] * 100 + [429]
        assert answers[-1].json() | {"correlationId": "", "requestId": ""} == {
            "status": "error",
            "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "TEN_SECONDLY_ROLLING",
            "correlationId": "",
            "requestId": "",
        }
        assert [answer.headers["x-hubspot-ratelimit-remaining"] for answer in answers[:2]] == ["99", "98"]
        assert answers[0].headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
        assert answers[-1].headers["x-hubspot-ratelimit-remaining"] == "0"
        hubspot.post("/_sandbox/clock", json={"advance": "4s"})
        assert hubspot.get(CONTACTS).status_code == 200

    def test_the_day_ends_at_midnight_of_the_account(self, run_hubspot: RunHubspot) -> None:
        start = datetime.fromisoformat("2026-11-20T22:30:00+11:00")
        hubspot = run_hubspot(clock=start, quirks={"hubspot-daily-limit": "2", "retry-after": "present"})
        usage = hubspot.get("/account-info/2026-09/api-usage/daily/private-apps").json()["results"][0]
        assert (usage["usageLimit"], usage["currentUsage"], usage["resetsAt"]) == (2, 1, "2026-11-20T13:00:00.000Z")
        assert hubspot.get(CONTACTS).headers["x-hubspot-ratelimit-daily-remaining"] == "0"
        refused = []
        for hour in range(2):
            refused.append(hubspot.get(CONTACTS))
            assert refused[-1].json()["message"] == "You have reached your daily limit.", hour
            hubspot.post("/_sandbox/clock", json={"advance": "45m"})
        assert [answer.json()["policyName"] for answer in refused] == ["DAILY", "DAILY"]
        assert [round(int(answer.headers["retry-after"]), -2) for answer in refused] == [5400, 2700]
        assert hubspot.get(CONTACTS).headers["x-hubspot-ratelimit-daily-remaining"] == "1"


class TestProperties:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"label": ""}, "label"),
            ({"name": "Tax Number"}, "must start with a letter"),
            ({"name": "9lives"}, "must start with a letter"),
            ({"fieldType": "number"}, "not allowed for type string"),
            ({"type": "money"}, "not allowed for type money"),
            ({"groupName": "nowhere"}, "does not exist"),
            ({"type": "enumeration", "fieldType": "select"}, "needs options"),
            ({"type": "enumeration", "fieldType": "select", "options": [{"label": "A", "value": "a"}] * 2}, "unique"),
            ({"type": "enumeration", "fieldType": "select", "options": [{"label": "A"}]}, "label and a value"),
        ],
    )
    def test_a_wrong_definition_is_refused(self, hubspot: httpx.Client, wrong: dict[str, Any], message: str) -> None:
        answer = hubspot.post(PROPERTIES, json=definition() | wrong)
        assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
        assert message in answer.json()["message"]

    def test_ten_of_a_type_can_be_unique_and_archiving_one_makes_room(self, hubspot: httpx.Client) -> None:
        answers = [hubspot.post(PROPERTIES, json=definition(f"u{n}", hasUniqueValue=True)) for n in range(11)]
        assert [answer.status_code for answer in answers] == [201] * 10 + [400]
        assert hubspot.post(PROPERTIES, json=definition("plain")).status_code == 201
        hubspot.delete(f"{PROPERTIES}/u3")
        assert hubspot.post(PROPERTIES, json=definition("u11", hasUniqueValue=True)).status_code == 201

    def test_a_taken_name_is_409_an_archived_one_comes_back_with_its_values(self, hubspot: httpx.Client) -> None:
        hubspot.post(PROPERTIES, json=definition())
        id = hubspot.post(CONTACTS, json={"properties": {"email": "a@a.example", "abn": "51 824"}}).json()["id"]
        taken = hubspot.post(PROPERTIES, json=definition())
        assert (taken.status_code, taken.json()["subCategory"]) == (409, "Properties.PROPERTY_WITH_NAME_EXISTS")
        hubspot.delete(f"{PROPERTIES}/abn")
        params = {"properties": "abn"}
        assert "abn" not in hubspot.get(f"{CONTACTS}/{id}", params=params).json()["properties"]
        assert hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"abn": "1"}}).status_code == 400
        assert hubspot.post(PROPERTIES, json=definition()).status_code == 201
        assert hubspot.get(f"{CONTACTS}/{id}", params=params).json()["properties"]["abn"] == "51 824"

    def test_a_change_never_touches_name_and_uniqueness_and_replaces_all_options(self, hubspot: httpx.Client) -> None:
        options = [{"label": each, "value": each, "displayOrder": 0, "hidden": False} for each in ("a", "b")]
        hubspot.post(PROPERTIES, json=definition(type="enumeration", fieldType="select", options=options))
        changed = hubspot.patch(
            f"{PROPERTIES}/abn", json={"name": "other", "hasUniqueValue": True, "label": "L", "options": options[1:]}
        ).json()
        assert (changed["name"], changed["hasUniqueValue"], changed["label"]) == ("abn", False, "L")
        assert [option["value"] for option in changed["options"]] == ["b"]

    def test_hubspots_own_say_what_is_read_only_and_cannot_be_changed(self, hubspot: httpx.Client) -> None:
        by_name = {row["name"]: row for row in hubspot.get(PROPERTIES).json()["results"]}
        read_only = {name for name, row in by_name.items() if row["modificationMetadata"]["readOnlyValue"]}
        assert {"lastmodifieddate", "hs_object_id", "hs_additional_emails", "hs_email_domain"} <= read_only
        assert {"email", "firstname", "lifecyclestage", "company"}.isdisjoint(read_only)
        assert by_name["hs_email_domain"]["calculated"]
        assert hubspot.patch(f"{PROPERTIES}/email", json={"label": "X"}).status_code == 400
        assert hubspot.delete(f"{PROPERTIES}/email").status_code == 400
        assert hubspot.get(f"{PROPERTIES}/nonsense").json()["category"] == "OBJECT_NOT_FOUND"

    def test_a_group_in_use_stays(self, hubspot: httpx.Client) -> None:
        hubspot.post(f"{PROPERTIES}/groups", json={"name": "hxrules", "label": "hxrules"})
        assert hubspot.post(f"{PROPERTIES}/groups", json={"name": "hxrules", "label": "x"}).status_code == 409
        assert hubspot.post(f"{PROPERTIES}/groups", json={"name": "x"}).status_code == 400
        hubspot.post(PROPERTIES, json=definition(groupName="hxrules"))
        refused = hubspot.delete(f"{PROPERTIES}/groups/hxrules")
        assert refused.json()["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
        hubspot.delete(f"{PROPERTIES}/abn")
        assert hubspot.delete(f"{PROPERTIES}/groups/hxrules").status_code == 204
        assert hubspot.get(f"{PROPERTIES}/groups/hxrules").status_code == 404

    def test_batches_do_what_can_be_done(self, hubspot: httpx.Client) -> None:
        inputs = [definition("a"), definition("Wrong")]
        made = hubspot.post(f"{PROPERTIES}/batch/create", json={"inputs": inputs})
        read = hubspot.post(f"{PROPERTIES}/batch/read", json={"inputs": [{"name": "a"}, {"name": "b"}]})
        for answer, name in ((made, "Wrong"), (read, "b")):
            assert answer.status_code == 207
            assert [row["name"] for row in answer.json()["results"]] == ["a"]
            assert answer.json()["errors"][0]["context"] == {"name": [name]}
        assert (
            hubspot.post(f"{PROPERTIES}/batch/archive", json={"inputs": [{"name": "a"}, {"name": "b"}]}).status_code
            == 204
        )
        assert hubspot.get(f"{PROPERTIES}/a").status_code == 404


class TestAdminRules:
    @pytest.fixture
    def ruled(self, run_hubspot: RunHubspot) -> httpx.Client:
        condition = {"when": "lifecyclestage", "values": ["customer"], "require": "jobtitle"}
        own = {"properties": {"contacts": [definition()]}}
        rules = {"contacts": {"required": ["phone", "abn"], "conditional": [condition]}}
        return run_hubspot({**own, "admin_rules": rules})

    def post(self, hubspot: httpx.Client, version: str, **properties: str) -> httpx.Response:
        path = "/crm/v3/objects/contacts" if version == "v3" else f"/crm/objects/{version}/contacts"
        return hubspot.post(path, json={"properties": properties})

    def test_they_bind_only_the_newest_version(self, ruled: httpx.Client) -> None:
        answers = [self.post(ruled, version, email=f"{version}@a.example") for version in ("2026-09", "2026-03", "v3")]
        errors = answers[0].json()["errors"]
        assert [answer.status_code for answer in answers] == [400, 201, 201]
        assert [(error["code"], error["context"]["propertyName"]) for error in errors] == [
            ("MISSING_REQUIRED_PROPERTY", ["phone"]),
            ("MISSING_REQUIRED_PROPERTY", ["abn"]),
        ]

    def test_a_condition_names_the_property_that_rules_in_brackets(self, ruled: httpx.Client) -> None:
        id = self.post(ruled, "2026-09", email="a@a.example", phone="1", abn="2").json()["id"]

        def patch(**properties: str) -> httpx.Response:
            return ruled.patch(f"{CONTACTS}/{id}", json={"properties": properties})

        refused = patch(lifecyclestage="customer")
        assert refused.json()["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
        assert "[lifecyclestage]" in refused.json()["message"]
        assert patch(lifecyclestage="customer", jobtitle="Chef").status_code == 200
        assert patch(city="Perth", phone="").status_code == 200
        assert patch(jobtitle="").status_code == 400

    def test_a_property_that_a_rule_needs_cannot_be_deleted(self, ruled: httpx.Client) -> None:
        answer = ruled.delete(f"{PROPERTIES}/abn")
        assert answer.status_code == 400
        assert answer.json()["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
