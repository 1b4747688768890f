"""Batches of the local HubSpot: their size, when they fail in part and when as a whole, and how the failed are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

BATCH = "/crm/objects/2026-09/contacts/batch"
CONTACTS = "/crm/objects/2026-09/contacts"
XERO_ID = {
    "name": "xero_id",
    "label": "Xero ID",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
    "hasUniqueValue": True,
}
RunHubspot = Callable[..., httpx.Client]


def create(hubspot: httpx.Client, *emails: str, trace: bool = False, **more: str) -> httpx.Response:
    inputs = [
        {"properties": {"email": email, **more}, **({"objectWriteTraceId": f"t{n}"} if trace else {})}
        for n, email in enumerate(emails)
    ]
    return hubspot.post(f"{BATCH}/create", json={"inputs": inputs})


def made(hubspot: httpx.Client, count: int) -> list[str]:
    rows = create(hubspot, *(f"{n}@a.example" for n in range(count))).json()["results"]
    return sorted((row["id"] for row in rows), key=int)


def emails(hubspot: httpx.Client) -> set[str]:
    return {row["properties"]["email"] for row in hubspot.get(CONTACTS, params={"limit": 100}).json()["results"]}


class TestSize:
    @pytest.mark.parametrize("kind", ["read", "create", "update", "upsert", "archive"])
    def test_more_than_a_hundred_inputs_are_refused_and_so_are_none(self, hubspot: httpx.Client, kind: str) -> None:
        inputs = [
            {"id": f"{n}@a.example", "idProperty": "email", "properties": {"email": f"{n}@a.example"}}
            for n in range(101)
        ]
        for wrong in (inputs, [], None, [1]):
            assert hubspot.post(f"{BATCH}/{kind}", json={"inputs": wrong}).status_code == 400
        assert emails(hubspot) == set()

    def test_a_hundred_are_carried_out_and_answered_in_an_order_of_their_own(self, hubspot: httpx.Client) -> None:
        answer = create(hubspot, *(f"{n:03}@a.example" for n in range(100)))
        order = [row["properties"]["email"] for row in answer.json()["results"]]
        assert answer.status_code == 201
        assert order != sorted(order)
        assert emails(hubspot) == {*order} == {f"{n:03}@a.example" for n in range(100)}


class TestCreate:
    @pytest.mark.parametrize(
        ("emails_sent", "status"),
        [
            (("new@a.example", "not an address"), 400),
            (("new@a.example", "taken@a.example"), 409),
            (("new@a.example", "New@a.example"), 409),
        ],
    )
    def test_without_trace_ids_one_bad_input_stops_all(
        self, hubspot: httpx.Client, emails_sent: tuple[str, ...], status: int
    ) -> None:
        create(hubspot, "taken@a.example")
        assert create(hubspot, *emails_sent).status_code == status
        assert emails(hubspot) == {"taken@a.example"}

    def test_with_trace_ids_the_good_ones_are_made_and_the_bad_ones_are_named(self, hubspot: httpx.Client) -> None:
        taken = create(hubspot, "taken@a.example").json()["results"][0]["id"]
        answer = create(hubspot, "a@a.example", "not an address", "taken@a.example", "A@a.example", trace=True)
        errors = {error["context"]["objectWriteTraceId"][0]: error for error in answer.json()["errors"]}
        assert (answer.status_code, answer.json()["numErrors"]) == (207, 3)
        assert [row["objectWriteTraceId"] for row in answer.json()["results"]] == ["t0"]
        assert errors["t1"]["errors"][0]["code"] == "INVALID_EMAIL"
        assert errors["t2"]["message"] == f"Contact already exists. Existing ID: {taken}"
        assert errors["t3"]["category"] == "CONFLICT"
        assert emails(hubspot) == {"taken@a.example", "a@a.example"}

    def test_trace_ids_must_differ_and_stand_on_all_inputs(self, hubspot: httpx.Client) -> None:
        twice = [{"properties": {"email": f"{n}@a.example"}, "objectWriteTraceId": "t"} for n in range(2)]
        half = [
            {"properties": {"email": "1@a.example"}, "objectWriteTraceId": "t"},
            {"properties": {"email": "nonsense"}},
        ]
        assert hubspot.post(f"{BATCH}/create", json={"inputs": twice}).status_code == 400
        assert hubspot.post(f"{BATCH}/create", json={"inputs": half}).status_code == 400
        assert emails(hubspot) == set()


class TestReadUpdateArchive:
    def test_unknown_and_archived_ids_are_one_error_that_names_them(self, hubspot: httpx.Client) -> None:
        ids = made(hubspot, 3)
        hubspot.delete(f"{CONTACTS}/{ids[1]}")
        body = {"inputs": [{"id": id} for id in [*ids, "777", ids[0]]], "properties": ["email"]}
        answer = hubspot.post(f"{BATCH}/read", json=body)
        archived = hubspot.post(f"{BATCH}/read", params={"archived": "true"}, json=body)
        assert answer.status_code == archived.status_code == 207
        assert sorted(row["id"] for row in answer.json()["results"]) == [ids[0], ids[2]]
        assert answer.json()["errors"][0]["context"] == {"ids": [ids[1], "777"]}
        assert [row["id"] for row in archived.json()["results"]] == [ids[1]]

    def test_records_are_read_by_a_unique_property_of_their_own(self, hubspot: httpx.Client) -> None:
        ids = made(hubspot, 2)
        body = {"inputs": [{"id": "1@A.example"}], "idProperty": "email", "properties": ["email"]}
        assert [row["id"] for row in hubspot.post(f"{BATCH}/read", json=body).json()["results"]] == [ids[1]]

    def test_an_update_of_unknown_ids_changes_the_others(self, hubspot: httpx.Client) -> None:
        ids = made(hubspot, 1)
        inputs = [{"id": id, "properties": {"city": "Perth"}} for id in (*ids, "777")]
        answer = hubspot.post(f"{BATCH}/update", json={"inputs": inputs})
        assert answer.status_code == 207
        assert [row["id"] for row in answer.json()["results"]] == ids
        assert answer.json()["errors"][0]["context"] == {"ids": ["777"]}

    def test_an_update_with_a_bad_value_changes_nothing_unless_traced(self, hubspot: httpx.Client) -> None:
        ids = made(hubspot, 2)
        inputs = [{"id": ids[0], "properties": {"city": "Perth"}}, {"id": ids[1], "properties": {"email": "bad"}}]
        assert hubspot.post(f"{BATCH}/update", json={"inputs": inputs}).status_code == 400
        assert hubspot.get(f"{CONTACTS}/{ids[0]}?properties=city").json()["properties"]["city"] is None
        traced = [{**part, "objectWriteTraceId": part["id"]} for part in inputs]
        answer = hubspot.post(f"{BATCH}/update", json={"inputs": traced}).json()
        assert [row["objectWriteTraceId"] for row in answer["results"]] == [ids[0]]
        assert answer["errors"][0]["context"] == {"objectWriteTraceId": [ids[1]], "ids": [ids[1]]}

    @pytest.mark.parametrize("kind", ["update", "upsert"])
    def test_the_same_id_twice_is_refused(self, hubspot: httpx.Client, kind: str) -> None:
        inputs = [
            {"id": id, "idProperty": "email", "properties": {"city": "P"}} for id in ("a@a.example", "A@a.example")
        ]
        if kind == "update":
            inputs = [inputs[0], inputs[0]]
        answer = hubspot.post(f"{BATCH}/{kind}", json={"inputs": inputs})
        assert (answer.status_code, "Duplicate IDs" in answer.json()["message"]) == (400, True)

    def test_archiving_is_always_204(self, hubspot: httpx.Client) -> None:
        ids = made(hubspot, 2)
        for _ in range(2):
            answer = hubspot.post(f"{BATCH}/archive", json={"inputs": [{"id": ids[0]}, {"id": "777"}]})
            assert (answer.status_code, answer.content) == (204, b"")
        assert emails(hubspot) == {"1@a.example"}


class TestUpsert:
    @pytest.fixture
    def unique(self, run_hubspot: RunHubspot) -> httpx.Client:
        return run_hubspot({"properties": {"contacts": [XERO_ID]}})

    def upsert(
        self, hubspot: httpx.Client, name: str, *inputs: tuple[str, dict[str, str]], trace: bool = False
    ) -> httpx.Response:
        rows = [
            {"id": id, "idProperty": name, "properties": properties, **({"objectWriteTraceId": id} if trace else {})}
            for id, properties in inputs
        ]
        return hubspot.post(f"{BATCH}/upsert", json={"inputs": rows})

    def test_sent_twice_it_makes_one_record(self, unique: httpx.Client) -> None:
        answers = [
            self.upsert(unique, "xero_id", ("x1", {"email": "a@a.example"})).json()["results"][0] for _ in range(2)
        ]
        assert [answer["new"] for answer in answers] == [True, False]
        assert answers[0]["id"] == answers[1]["id"]

    def test_an_email_of_the_secondary_ones_is_found_and_not_made_again(self, run_hubspot: RunHubspot) -> None:
        properties = {"email": "a@a.example", "hs_additional_emails": "b@a.example"}
        hubspot = run_hubspot({"contacts": [{"id": "5001", "properties": properties}]})
        answer = self.upsert(hubspot, "email", ("B@a.example", {"city": "Perth"})).json()["results"][0]
        assert (answer["id"], answer["new"]) == ("5001", False)

    def test_by_email_it_fails_as_a_whole_even_when_traced(self, unique: httpx.Client) -> None:
        answer = self.upsert(
            unique, "email", ("a@a.example", {}), ("b@a.example", {"zip": "1", "foo": "2"}), trace=True
        )
        assert answer.status_code == 400
        assert emails(unique) == set()

    def test_by_a_unique_property_the_good_ones_are_done_when_traced(self, unique: httpx.Client) -> None:
        create(unique, "taken@a.example")
        inputs = (("x1", {"email": "a@a.example"}), ("x2", {"email": "taken@a.example"}))
        assert self.upsert(unique, "xero_id", *inputs).status_code == 409
        answer = self.upsert(unique, "xero_id", *inputs, trace=True)
        assert answer.status_code == 207
        assert [row["objectWriteTraceId"] for row in answer.json()["results"]] == ["x1"]
        assert answer.json()["errors"][0]["context"] == {"objectWriteTraceId": ["x2"], "ids": ["x2"]}

    def test_a_property_that_is_not_unique_cannot_identify(self, hubspot: httpx.Client) -> None:
        assert self.upsert(hubspot, "firstname", ("A", {"email": "a@a.example"})).status_code == 400
        assert hubspot.post(f"{BATCH}/upsert", json={"inputs": [{"id": "1", "properties": {}}]}).status_code == 400

    def test_a_taken_unique_value_is_refused_with_the_record_that_has_it(self, unique: httpx.Client) -> None:
        first = self.upsert(unique, "xero_id", ("x1", {"email": "a@a.example"})).json()["results"][0]["id"]
        answer = unique.post(CONTACTS, json={"properties": {"email": "b@a.example", "xero_id": "x1"}})
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["code"]) == (400, "CONFLICTING_UNIQUE_VALUE")
        assert error["context"] == {"propertyName": ["xero_id"], "conflictingObjectId": [first]}
        unique.delete(f"{CONTACTS}/{first}")
        assert unique.post(CONTACTS, json={"properties": {"email": "b@a.example", "xero_id": "x1"}}).status_code == 201


class TestInjectedPartialFailure:
    @pytest.fixture
    def unlucky(self, run_hubspot: RunHubspot) -> httpx.Client:
        return run_hubspot({"properties": {"contacts": [XERO_ID]}})

    def fail_next(self, hubspot: httpx.Client, path: str) -> None:
        hubspot.post("/_sandbox/faults", json={"rules": [{"kind": "partial-batch", "path": path, "nth": 1}]})

    def test_every_other_input_fails_and_can_be_sent_again(self, unlucky: httpx.Client) -> None:
        self.fail_next(unlucky, "batch/create")
        first = create(unlucky, *(f"{n}@a.example" for n in range(4)), trace=True)
        assert first.status_code == 207
        failed = {error["context"]["objectWriteTraceId"][0]: error["category"] for error in first.json()["errors"]}
        assert failed == {"t1": "INTERNAL_ERROR", "t3": "INTERNAL_ERROR"}
        assert create(unlucky, "1@a.example", "3@a.example").status_code == 201
        assert emails(unlucky) == {f"{n}@a.example" for n in range(4)}

    def test_where_the_failed_could_not_be_named_all_fail(self, unlucky: httpx.Client) -> None:
        self.fail_next(unlucky, "batch/create")
        assert create(unlucky, "a@a.example", "b@a.example").status_code == 500
        assert emails(unlucky) == set()

    @pytest.mark.parametrize("kind", ["read", "update", "upsert"])
    def test_where_there_are_ids_they_name_the_failed(self, unlucky: httpx.Client, kind: str) -> None:
        ids = made(unlucky, 2)
        self.fail_next(unlucky, f"batch/{kind}")
        rows = [{"id": id, "properties": {"email": f"new{id}@a.example"}} for id in ids]
        if kind == "upsert":
            rows = [{**row, "idProperty": "xero_id"} for row in rows]
        answer: Any = unlucky.post(f"{BATCH}/{kind}", json={"inputs": rows})
        assert answer.status_code == 207
        assert [error["context"]["ids"] for error in answer.json()["errors"]] == [[ids[1]]]
        assert len(answer.json()["results"]) == 1
