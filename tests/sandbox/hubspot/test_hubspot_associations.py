"""Links of the local HubSpot: both directions, types and labels, batches of thousands, and what is left after removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

OBJECTS = "/crm/objects/2026-09"
CONTACTS_COMPANIES = "/crm/associations/2026-09/contacts/companies"
DEFAULT, PRIMARY, BILLING = (
    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": id} for id in (279, 1, 931)
)
RunHubspot = Callable[..., httpx.Client]


def add(hubspot: httpx.Client, type: str, **properties: str) -> str:
    return str(hubspot.post(f"{OBJECTS}/{type}", json={"properties": properties}).json()["id"])


@pytest.fixture
def pair(hubspot: httpx.Client) -> tuple[str, str]:
    """A contact and two companies, of which the second is there to be left alone."""
    contact, company = add(hubspot, "contacts", email="a@a.example"), add(hubspot, "companies", name="Acme")
    add(hubspot, "companies", name="Other")
    return contact, company


def linked(hubspot: httpx.Client, source: str, id: str, target: str) -> dict[str, set[int]]:
    rows = hubspot.get(f"{OBJECTS}/{source}/{id}/associations/{target}").json()["results"]
    return {row["toObjectId"]: {each["typeId"] for each in row["associationTypes"]} for row in rows}


class TestOnePair:
    def test_a_labelled_link_is_an_unlabelled_one_too_in_both_directions(
        self, hubspot: httpx.Client, pair: tuple[str, str]
    ) -> None:
        contact, company = pair
        answer = hubspot.put(f"{OBJECTS}/contacts/{contact}/associations/companies/{company}", json=[PRIMARY, BILLING])
        assert answer.status_code == 201
        assert answer.json() == {
            "fromObjectTypeId": "0-1",
            "fromObjectId": contact,
            "toObjectTypeId": "0-2",
            "toObjectId": company,
            "labels": ["Primary", "Billing contact"],
        }
        assert linked(hubspot, "contacts", contact, "companies") == {company: {279, 1, 931}}
        assert linked(hubspot, "companies", company, "contacts") == {contact: {280, 2, 930}}

    def test_links_show_with_the_record_by_name(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        hubspot.put(f"{OBJECTS}/contacts/{contact}/associations/companies/{company}", json=[PRIMARY])
        row = hubspot.get(f"{OBJECTS}/contacts/{contact}", params={"associations": "companies,invoices"}).json()
        assert row["associations"] == {
            "companies": {
                "results": [
                    {"id": company, "type": "contact_to_company_unlabeled"},
                    {"id": company, "type": "contact_to_company"},
                ]
            }
        }

    def test_the_key_of_line_items_has_a_space(self, hubspot: httpx.Client) -> None:
        invoice = add(hubspot, "invoices", hs_currency="AUD")
        line = add(hubspot, "line_items", name="Tea")
        hubspot.put(f"{OBJECTS}/invoices/{invoice}/associations/default/line_items/{line}")
        row = hubspot.get(f"{OBJECTS}/invoices/{invoice}", params={"associations": "line_items"}).json()
        assert row["associations"] == {"line items": {"results": [{"id": line, "type": "invoice_to_line_item"}]}}

    def test_removing_a_link_removes_all_its_types(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        path = f"{OBJECTS}/contacts/{contact}/associations/companies/{company}"
        hubspot.put(path, json=[PRIMARY])
        assert hubspot.delete(path).status_code == 204
        assert linked(hubspot, "contacts", contact, "companies") == {}
        assert hubspot.delete(path).status_code == 204

    @pytest.mark.parametrize(
        ("path", "types", "status"),
        [
            ("contacts/{contact}/associations/companies/{company}", [{**PRIMARY, "associationTypeId": 280}], 400),
            ("contacts/{contact}/associations/companies/{company}", [{**PRIMARY, "associationTypeId": 999}], 400),
            ("contacts/{contact}/associations/companies/{company}", [], 400),
            ("contacts/{contact}/associations/companies/{company}", PRIMARY, 400),
            ("contacts/{contact}/associations/companies/9999", [PRIMARY], 404),
            ("contacts/9999/associations/companies/{company}", [PRIMARY], 404),
            ("contacts/{contact}/associations/products/1", [PRIMARY], 400),
            ("contacts/{contact}/associations/contacts/{contact}", [PRIMARY], 400),
        ],
    )
    def test_what_cannot_be_linked_is_refused(
        self, hubspot: httpx.Client, pair: tuple[str, str], path: str, types: Any, status: int
    ) -> None:
        contact, company = pair
        answer = hubspot.put(f"{OBJECTS}/{path.format(contact=contact, company=company)}", json=types)
        assert answer.status_code == status
        assert linked(hubspot, "contacts", contact, "companies") == {}

    def test_an_archived_record_is_linked_with_nothing(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        hubspot.put(f"{OBJECTS}/contacts/{contact}/associations/default/companies/{company}")
        hubspot.delete(f"{OBJECTS}/companies/{company}")
        assert linked(hubspot, "contacts", contact, "companies") == {}
        assert hubspot.get(f"{OBJECTS}/companies/{company}/associations/contacts").status_code == 404

    def test_a_record_is_created_with_its_links_or_not_at_all(
        self, hubspot: httpx.Client, pair: tuple[str, str]
    ) -> None:
        contact, _ = pair
        to_contact = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 177}
        body = {"properties": {"hs_currency": "AUD"}, "associations": [{"to": {"id": contact}, "types": [to_contact]}]}
        invoice = hubspot.post(f"{OBJECTS}/invoices", json=body).json()["id"]
        assert linked(hubspot, "contacts", contact, "invoices") == {invoice: {178}}
        for wrong in (
            [{"to": {"id": "9999"}, "types": [to_contact]}],
            [{"to": {"id": contact}, "types": [PRIMARY]}],
            [{"to": {"id": contact}, "types": []}],
            [{"types": [to_contact]}],
        ):
            assert hubspot.post(f"{OBJECTS}/invoices", json={**body, "associations": wrong}).status_code in (400, 404)
        assert len(hubspot.get(f"{OBJECTS}/invoices").json()["results"]) == 1


class TestBatches:
    def batch(self, hubspot: httpx.Client, kind: str, inputs: list[Any]) -> httpx.Response:
        return hubspot.post(f"{CONTACTS_COMPANIES}/batch/{kind}", json={"inputs": inputs})

    def test_good_pairs_are_linked_and_bad_ones_named(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        inputs = [{"from": {"id": contact}, "to": {"id": id}, "types": [PRIMARY]} for id in (company, "9999")]
        answer = self.batch(hubspot, "create", inputs)
        assert answer.status_code == 207
        assert answer.json()["results"][0]["labels"] == ["Primary"]
        assert answer.json()["errors"][0]["context"] == {"fromObjectId": [contact], "toObjectId": ["9999"]}

    def test_a_read_answers_what_is_linked_and_an_error_for_each_id_without_links(
        self, hubspot: httpx.Client, pair: tuple[str, str]
    ) -> None:
        contact, company = pair
        lonely = add(hubspot, "contacts", email="b@a.example")
        self.batch(hubspot, "associate/default", [{"from": {"id": contact}, "to": {"id": company}}])
        answer = self.batch(hubspot, "read", [{"id": contact}, {"id": lonely}])
        spec = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
        assert answer.status_code == 207
        assert answer.json()["results"] == [
            {"from": {"id": contact}, "to": [{"toObjectId": company, "associationTypes": [spec]}]}
        ]
        error = answer.json()["errors"][0]
        assert (error["subCategory"], error["context"]) == (
            "crm.associations.NO_ASSOCIATIONS_FOUND",
            {"fromObjectId": [lonely]},
        )

    def test_without_the_unlabelled_type_nothing_is_left(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        one = {"from": {"id": contact}, "to": {"id": company}}
        left = []
        for removed in ([PRIMARY], [DEFAULT]):
            self.batch(hubspot, "create", [{**one, "types": [PRIMARY, BILLING]}])
            answer = self.batch(hubspot, "labels/archive", [{**one, "types": removed}])
            assert answer.status_code == 200
            left.append(linked(hubspot, "contacts", contact, "companies"))
        assert left == [{company: {279, 931}}, {}]

    @pytest.mark.parametrize(("kind", "most"), [("read", 1000), ("create", 2000), ("associate/default", 2000)])
    def test_their_sizes(self, hubspot: httpx.Client, kind: str, most: int) -> None:
        one = {"id": "9", "from": {"id": "9"}, "to": {"id": "9"}, "types": [DEFAULT]}
        within, beyond = (self.batch(hubspot, kind, [one] * size).status_code for size in (most, most + 1))
        assert (within, beyond) == (207, 400)

    def test_many_links_of_one_record_come_in_pages(self, run_hubspot: RunHubspot) -> None:
        contacts = [{"id": str(n), "properties": {"email": f"{n}@a.example"}} for n in range(1, 603)]
        hubspot = run_hubspot({"contacts": contacts, "companies": [{"id": "7", "properties": {"name": "Acme"}}]})
        inputs = [{"from": {"id": row["id"]}, "to": {"id": "7"}} for row in contacts]
        self.batch(hubspot, "associate/default", inputs)
        path, seen, pages = f"{OBJECTS}/companies/7/associations/contacts", [], 0
        params: dict[str, str] = {}
        while True:
            page = hubspot.get(path, params=params).json()
            seen += [row["toObjectId"] for row in page["results"]]
            pages += 1
            if "paging" not in page:
                break
            params = {"after": page["paging"]["next"]["after"]}
        first = hubspot.post(
            "/crm/associations/2026-09/companies/contacts/batch/read", json={"inputs": [{"id": "7"}]}
        ).json()
        after = first["results"][0]["paging"]["next"]["after"]
        rest = hubspot.post(
            "/crm/associations/2026-09/companies/contacts/batch/read", json={"inputs": [{"id": "7", "after": after}]}
        ).json()
        with_record = hubspot.get(f"{OBJECTS}/companies/7", params={"associations": "contacts"}).json()["associations"]
        assert (sorted(seen, key=int), pages) == ([row["id"] for row in contacts], 2)
        assert [len(each["results"][0]["to"]) for each in (first, rest)] == [500, 102]
        assert (len(with_record["contacts"]["results"]), "paging" in with_record["contacts"]) == (100, True)

    def test_an_unlucky_batch_names_the_pairs_that_failed(self, hubspot: httpx.Client, pair: tuple[str, str]) -> None:
        contact, company = pair
        other = add(hubspot, "contacts", email="b@a.example")
        inputs = [{"from": {"id": id}, "to": {"id": company}} for id in (contact, other)]
        for kind in ("associate/default", "read"):
            hubspot.post("/_sandbox/faults", json={"rules": [{"kind": "partial-batch", "path": f"batch/{kind}"}]})
            answer = self.batch(hubspot, kind, inputs if kind != "read" else [{"id": contact}, {"id": other}])
            assert answer.status_code == 207
            assert answer.json()["errors"][0]["context"]["fromObjectId"] == [other]
        assert linked(hubspot, "companies", company, "contacts") == {contact: {280}}


class TestLabels:
    def test_the_defined_types_of_a_pair(self, hubspot: httpx.Client) -> None:
        rows = hubspot.get("/crm/associations/2026-09/invoices/contacts/labels").json()["results"]
        assert rows == [{"category": "HUBSPOT_DEFINED", "typeId": 177, "label": None}]
        assert hubspot.get("/crm/associations/2026-09/contacts/products/labels").status_code == 400

    def test_a_label_of_the_accounts_own_lives_as_long_as_it_is_defined(
        self, hubspot: httpx.Client, pair: tuple[str, str]
    ) -> None:
        contact, company = pair
        body = {"name": "auditor", "label": "Auditor", "inverseLabel": "Audits"}
        there, back = hubspot.post(f"{CONTACTS_COMPANIES}/labels", json=body).json()["results"]
        assert hubspot.post(f"{CONTACTS_COMPANIES}/labels", json=body).status_code == 400
        own = {"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}
        hubspot.put(f"{OBJECTS}/contacts/{contact}/associations/companies/{company}", json=[own])
        assert linked(hubspot, "companies", company, "contacts") == {contact: {280, back["typeId"]}}
        renamed = {"associationTypeId": there["typeId"], "label": "Reviewer", "inverseLabel": "Reviews"}
        assert hubspot.put(f"{CONTACTS_COMPANIES}/labels", json=renamed).status_code == 204
        rows = hubspot.get(f"{OBJECTS}/contacts/{contact}/associations/companies").json()["results"]
        assert {each["label"] for each in rows[0]["associationTypes"]} == {None, "Reviewer"}
        assert hubspot.delete(f"{CONTACTS_COMPANIES}/labels/{there['typeId']}").status_code == 204
        assert linked(hubspot, "contacts", contact, "companies") == {company: {279}}
        assert hubspot.delete(f"{CONTACTS_COMPANIES}/labels/1").status_code == 400
