"""Search of the local HubSpot: what each operator finds, in which order, within which limits, and how far it is behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

SEARCH = "/crm/objects/2026-09/contacts/search"
CONTACTS = "/crm/objects/2026-09/contacts"
RunHubspot = Callable[..., httpx.Client]

PEOPLE = (
    {
        "email": "ada@wattle.example",
        "firstname": "Ada",
        "city": "Perth",
        "phone": "+61 8 9221 3344",
        "age": "36",
        "lifecyclestage": "lead",
    },
    {"email": "ben@wattle.example", "firstname": "Ben", "city": "perth", "age": "4", "lifecyclestage": "customer"},
    {"email": "cy.lee@kauri.example", "firstname": "Cy", "city": "St Kilda", "company": "Kauri & Sons", "age": "36.0"},
    {"email": "di@kauri.example", "firstname": "Di", "born": "1990-05-01"},
)
OWN = (
    {"name": "age", "label": "Age", "type": "number", "fieldType": "number", "groupName": "contactinformation"},
    {"name": "born", "label": "Born", "type": "date", "fieldType": "date", "groupName": "contactinformation"},
)
QUICK = {"hubspot-search-limit": "1000"}


@pytest.fixture
def people(run_hubspot: RunHubspot) -> httpx.Client:
    rows = [
        {
            "id": str(2001 + n),
            "properties": person,
            "createdAt": f"2026-01-0{n + 1}T00:00:00Z",
            "updatedAt": f"2026-03-0{9 - n}T00:00:00Z",
        }
        for n, person in enumerate(PEOPLE)
    ]
    return run_hubspot({"properties": {"contacts": OWN}, "contacts": rows}, quirks=QUICK)


def names(answer: httpx.Response) -> str:
    """The first letters of those found, in order."""
    assert answer.status_code == 200, answer.text
    return "".join(row["properties"]["firstname"][0] for row in answer.json()["results"])


def found(hubspot: httpx.Client, *filters: dict[str, Any], **more: Any) -> str:
    return names(hubspot.post(SEARCH, json={"filterGroups": [{"filters": list(filters)}], **more}))


def one(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


class TestOperators:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (one("city", "EQ", "PERTH"), "AB"),
            (one("city", "NEQ", "Perth"), "C"),
            (one("lifecyclestage", "EQ", "customer"), "B"),
            (one("lifecyclestage", "EQ", "Customer"), ""),
            (one("city", "IN", values=["perth"]), "AB"),
            (one("city", "IN", values=["Perth"]), ""),
            (one("city", "NOT_IN", values=["perth"]), "C"),
            (one("lifecyclestage", "IN", values=["lead", "customer"]), "AB"),
            (one("age", "EQ", "36"), "AC"),
            (one("age", "LT", 10), "B"),
            (one("age", "GTE", "36"), "AC"),
            (one("age", "BETWEEN", "4", highValue="36"), "ABC"),
            (one("age", "IN", values=["4"]), "B"),
            (one("age", "HAS_PROPERTY"), "ABC"),
            (one("age", "NOT_HAS_PROPERTY"), "D"),
            (one("createdate", "GT", "1767312000000"), "CD"),
            (one("createdate", "LTE", "2026-01-02T00:00:00Z"), "AB"),
            (one("createdate", "BETWEEN", "2026-01-02", highValue="1767398400000"), "BC"),
            (one("born", "EQ", "1990-05-01"), "D"),
            (one("born", "LT", "1990-05-01"), ""),
            (one("email", "CONTAINS_TOKEN", "*@wattle.example"), "AB"),
            (one("email", "CONTAINS_TOKEN", "kauri"), "CD"),
            (one("email", "NOT_CONTAINS_TOKEN", "kauri"), "AB"),
            (one("company", "CONTAINS_TOKEN", "SON*"), "C"),
            (one("city", "CONTAINS_TOKEN", "kilda st"), "C"),
            (one("hs_object_id", "EQ", "2003"), "C"),
        ],
    )
    def test_each_finds_what_it_says(self, people: httpx.Client, condition: dict[str, Any], expected: str) -> None:
        assert found(people, condition) == expected

    def test_filters_of_a_group_must_all_hold_and_one_group_is_enough(self, people: httpx.Client) -> None:
        assert found(people, one("city", "EQ", "perth"), one("age", "LT", "10")) == "B"
        groups = [{"filters": [one("age", "LT", "10")]}, {"filters": [one("born", "HAS_PROPERTY")]}]
        assert names(people.post(SEARCH, json={"filterGroups": groups})) == "BD"
        assert names(people.post(SEARCH, json={"filters": [one("age", "LT", "10")]})) == "B"
        assert names(people.post(SEARCH, json={})) == "ABCD"

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("ada", "A"),
            ("WATTLE", "AB"),
            ("kauri so", "C"),
            ("9221 3344", "A"),
            ("92213344", "A"),
            ("perth", ""),
            ("xyz", ""),
        ],
    )
    def test_free_text_looks_into_names_emails_phones_and_company_only(
        self, people: httpx.Client, query: str, expected: str
    ) -> None:
        assert names(people.post(SEARCH, json={"query": query})) == expected

    def test_records_are_found_by_those_they_are_linked_with(self, people: httpx.Client) -> None:
        invoice = people.post("/crm/objects/2026-09/invoices", json={"properties": {"hs_currency": "AUD"}}).json()["id"]
        people.put(f"{CONTACTS}/2002/associations/default/invoices/{invoice}")
        linked = one("associations.invoice", "EQ", invoice)
        assert found(people, linked) == "B"
        people.delete(f"{CONTACTS}/2002/associations/invoices/{invoice}")
        assert found(people, linked) == ""
        for wrong in (one("associations.invoice", "IN", values=[invoice]), one("associations.product", "EQ", "1")):
            assert people.post(SEARCH, json={"filters": [wrong]}).status_code == 400


class TestOrderAndPages:
    @pytest.mark.parametrize(
        ("sorts", "expected"),
        [
            ([], "ABCD"),
            ([{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}], "DCBA"),
            ([{"propertyName": "age", "direction": "ASCENDING"}], "BACD"),
            ([{"propertyName": "age", "direction": "DESCENDING"}], "ACBD"),
            (["-email"], "DCBA"),
            (["email"], "ABCD"),
        ],
    )
    def test_numbers_sort_by_size_and_those_without_a_value_come_last(
        self, people: httpx.Client, sorts: list[Any], expected: str
    ) -> None:
        assert names(people.post(SEARCH, json={"sorts": sorts})) == expected

    def test_pages_cut_the_same_order_and_say_where_to_go_on(self, people: httpx.Client) -> None:
        pages, after = [], None
        while True:
            body = people.post(SEARCH, json={"limit": 3, "sorts": ["-age"], **({"after": after} if after else {})})
            pages.append((names(body), body.json()["total"]))
            if "paging" not in body.json():
                break
            after = body.json()["paging"]["next"]["after"]
        assert pages == [("ACB", 4), ("D", 4)]
        assert after == "3"

    def test_archived_records_are_never_found(self, people: httpx.Client) -> None:
        people.delete(f"{CONTACTS}/2001")
        assert found(people, one("city", "EQ", "perth")) == "B"


class TestLimits:
    @pytest.mark.parametrize(
        "body",
        [
            {"filterGroups": [{"filters": [one("city", "EQ", "x")]}] * 6},
            {"filterGroups": [{"filters": [one("city", "EQ", "x")] * 7}]},
            {"filterGroups": [{"filters": [one("city", "EQ", "x")] * 5}] * 4},
            {"sorts": ["email", "city"]},
            {"sorts": ["nonsense"]},
            {"limit": 201},
            {"limit": 0},
            {"limit": "ten"},
            {"after": "next"},
            {"after": "9900", "limit": 101},
            {"query": "x" * 3000},
            {"filters": [one("nonsense", "EQ", "x")]},
            {"filters": [one("city", "LIKE", "x")]},
            {"filters": [one("city", "EQ")]},
            {"filters": [one("city", "EQ", "")]},
            {"filters": [one("city", "IN", "x")]},
            {"filters": [one("createdate", "BETWEEN", "2026-01-01")]},
            {"filters": [one("createdate", "GT", "yesterday")]},
            {"filters": [one("hs_object_id", "EQ", {})]},
            {"filters": ["city"]},
        ],
    )
    def test_what_goes_beyond_them_is_refused(self, people: httpx.Client, body: dict[str, Any]) -> None:
        answer = people.post(SEARCH, json=body)
        assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "body",
        [
            {"filterGroups": [{"filters": [one("city", "EQ", "x")] * 6}] * 3},
            {"limit": 200, "after": "9800"},
            {"query": "x" * 2900},
        ],
    )
    def test_what_keeps_within_them_is_answered(self, people: httpx.Client, body: dict[str, Any]) -> None:
        assert people.post(SEARCH, json=body).json() == {"total": 0 if "after" not in body else 4, "results": []}

    def test_five_searches_a_second_and_no_word_about_limits_in_the_headers(self, hubspot: httpx.Client) -> None:
        answers = [hubspot.post(SEARCH, json={}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert (answers[-1].json()["policyName"], answers[-1].json()["errorType"]) == ("SECONDLY", "RATE_LIMIT")
        assert not [name for answer in answers for name in answer.headers if "ratelimit" in name]
        assert hubspot.get(CONTACTS).status_code == 200
        hubspot.post("/_sandbox/clock", json={"advance": "1s"})
        assert hubspot.post(SEARCH, json={}).status_code == 200


class TestLag:
    def test_search_is_behind_with_new_changed_and_archived_records_while_reads_are_not(
        self, run_hubspot: RunHubspot
    ) -> None:
        hubspot = run_hubspot(quirks={**QUICK, "search-lag": "30"})

        def seen() -> list[str | None]:
            return [
                row["properties"]["city"]
                for row in hubspot.post(SEARCH, json={"properties": ["city"]}).json()["results"]
            ]

        states = []
        id = hubspot.post(CONTACTS, json={"properties": {"email": "a@a.example", "city": "Perth"}}).json()["id"]
        for step in (
            lambda: hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"city": "Hobart"}}),
            lambda: hubspot.delete(f"{CONTACTS}/{id}"),
            lambda: None,
        ):
            before = seen()
            hubspot.post("/_sandbox/clock", json={"advance": "31s"})
            states.append((before, seen()))
            step()
        assert states == [([], ["Perth"]), (["Perth"], ["Hobart"]), (["Hobart"], [])]

    def test_seeded_records_are_seen_from_the_start(self, run_hubspot: RunHubspot) -> None:
        hubspot = run_hubspot(
            {"contacts": [{"id": 7, "properties": {"email": "a@a.example"}}]}, quirks={"search-lag": "30"}
        )
        assert hubspot.post(SEARCH, json={}).json()["total"] == 1
