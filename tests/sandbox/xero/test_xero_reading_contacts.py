"""Reading contacts: pages, stubs, summaries, changes since, archived and merged ones."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero

CUSTOMER = {
    "Name": "Deep",
    "ContactNumber": "N/1",
    "EmailAddress": "deep@example.com",
    "Website": "https://example.com",
    "Discount": 12.5,
    "DefaultCurrency": "NZD",
    "PaymentTerms": {"Sales": {"Day": 10, "Type": "DAYSAFTERBILLMONTH"}},
    "ContactPersons": [{"FirstName": "Sue", "IncludeInEmails": True}],
    "SalesDefaultAccountCode": "200",
    "SalesDefaultLineAmountType": "EXCLUSIVE",
}


def dated(name: str, stamp: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "UpdatedDateUTC": stamp, **more}


@pytest.mark.parametrize(
    ("query", "page", "size", "shown"),
    [
        ({"page": 1}, 1, 100, 100),
        ({"page": 2}, 2, 100, 30),
        ({"page": 3}, 3, 100, 0),
        ({"page": 0}, 1, 100, 100),
        ({"page": -5, "pageSize": 7}, 1, 7, 7),
        ({"page": 1, "pageSize": 0}, 1, 1, 1),
        ({"page": 1, "pageSize": 5000}, 1, 1000, 130),
    ],
)
def test_page_and_size_are_clamped_and_counted(
    connect: ConnectXero, query: dict[str, int], page: int, size: int, shown: int
) -> None:
    xero = connect(part={"contacts": [{"Name": f"C{number:03}"} for number in range(130)]})
    body = xero.get("Contacts", **query).json()
    assert len(body["Contacts"]) == shown
    assert body["pagination"] == {"page": page, "pageSize": size, "pageCount": -(-130 // size), "itemCount": 130}


def test_a_page_that_is_no_number_counts_as_not_sent(xero: Xero) -> None:
    assert "pagination" not in xero.get("Contacts", page="one").json()


def test_pages_together_are_the_whole_in_a_stable_order(connect: ConnectXero) -> None:
    stamp = "/Date(1789184815213+0000)/"
    xero = connect(part={"contacts": [dated(f"C{number}", stamp) for number in range(25)]})
    pages = [xero.names(page=number, pageSize=10) for number in (1, 2, 3)]
    assert sorted(name for page in pages for name in page) == sorted(f"C{number}" for number in range(25))
    assert pages == [xero.names(page=number, pageSize=10) for number in (1, 2, 3)]


def test_equal_stamps_are_ordered_by_id_as_the_database_orders_guids(connect: ConnectXero) -> None:
    """The two ids are those of a recorded page, which the textual order would turn around."""
    stamp = "/Date(1789184815213+0000)/"
    second, first = "0999c2a9-7761-4f5c-9f98-93cbda343fe3", "de621a4e-2ee2-4c55-9a79-115494f98c9d"
    xero = connect(part={"contacts": [dated("B", stamp, ContactID=second), dated("A", stamp, ContactID=first)]})
    assert xero.names(page=1) == ["A", "B"]


def test_a_list_without_page_is_made_of_stubs(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [CUSTOMER]})
    body = xero.get("Contacts").json()
    stub, full = body["Contacts"][0], xero.get("Contacts", page=1).json()["Contacts"][0]
    assert "pagination" not in body
    missing = {"Website", "Discount", "DefaultCurrency", "PaymentTerms", "SalesDefaultAccountCode"}
    assert missing & set(stub) == set()
    assert missing <= set(full)
    assert (stub["ContactPersons"], full["ContactPersons"]) == ([], CUSTOMER["ContactPersons"])
    assert full["Discount"] == 12.5
    assert [slot["AddressType"] for slot in full["Addresses"]] == ["POBOX", "STREET"]
    assert [slot["PhoneType"] for slot in full["Phones"]] == ["DDI", "DEFAULT", "FAX", "MOBILE"]


def test_a_contact_is_read_by_id_or_by_number_even_with_a_slash(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [CUSTOMER]})
    by_number = xero.get("Contacts/N%2F1").json()["Contacts"]
    by_id = xero.get(f"Contacts/{by_number[0]['ContactID'].upper()}").json()["Contacts"]
    assert by_id == by_number
    assert by_id[0]["Attachments"] == []
    unknown = xero.get("Contacts/11111111-1111-4111-8111-111111111111")
    assert (unknown.status_code, unknown.content) == (404, b"")


def test_summary_only_drops_the_heavy_fields_and_forces_paging(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [CUSTOMER]})
    body = xero.get("Contacts", summaryOnly="true").json()
    assert body["pagination"]["itemCount"] == 1
    dropped = {"Addresses", "ContactPersons", "ContactGroups", "IsCustomer", "IsSupplier", "SalesDefaultAccountCode"}
    assert dropped & set(body["Contacts"][0]) == set()
    assert body["Contacts"][0]["EmailAddress"] == "deep@example.com"
    refused = xero.get("Contacts", summaryOnly="true", where="IsCustomer==true")
    assert (refused.status_code, refused.json()["ErrorNumber"]) == (400, 16)


CHANGED = [
    dated("at 10:00:05.000", "2026-09-14T10:00:05Z"),
    dated("at 10:00:05.900", "2026-09-14T10:00:05.900Z"),
    dated("at 10:00:06.000", "2026-09-14T10:00:06Z"),
    dated("gone", "2026-09-14T10:00:07Z", ContactStatus="ARCHIVED"),
]
FROM_6 = ["at 10:00:06.000"]
ALL = ["at 10:00:05.000", "at 10:00:05.900", "at 10:00:06.000"]


@pytest.mark.parametrize(
    ("header", "quirk", "names"),
    [
        ("2026-09-14T10:00:05", "exclusive", FROM_6),
        ("2026-09-14T10:00:05", "inclusive", ALL),
        ("2026-09-14T10:00:06", "inclusive", FROM_6),
        ("Mon, 14 Sep 2026 10:00:05 GMT", "exclusive", FROM_6),
        ("2026-09-14T10:00:05Z", "exclusive", ALL),
        ("2026-09-14T10:00:05.000", "exclusive", ALL),
        ("2026-09-14T10:00:05+00:00", "exclusive", ALL),
        ("yesterday", "exclusive", ALL),
        ("2026-09-14T10:00:07", "exclusive", []),
    ],
)
def test_modified_since_counts_seconds_and_ignores_other_forms(
    connect: ConnectXero, header: str, quirk: str, names: list[str]
) -> None:
    xero = connect(part={"contacts": CHANGED}, quirks={"if-modified-since": quirk})
    assert xero.names(headers={"If-Modified-Since": header}, page=1) == names


def test_a_change_moves_the_stamp_and_is_found_again(xero: Xero) -> None:
    made = xero.make(Name="A")
    xero.make(Name="B")
    xero.advance("10m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("10m")
    assert xero.names(headers=since, page=1) == []
    xero.post({"ContactID": made["ContactID"], "FirstName": "x"})
    assert xero.names(headers=since, page=1) == ["A"]
    assert xero.names(page=1) == ["B", "A"]


def test_archived_contacts_are_listed_only_on_demand(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": CHANGED})
    assert "gone" not in xero.names(page=1)
    assert "gone" in xero.names(page=1, includeArchived="True")
    assert xero.names(where='ContactStatus=="ARCHIVED"') == []
    assert xero.names(where='ContactStatus=="ARCHIVED"', includeArchived="true") == ["gone"]


def test_a_merged_contact_names_its_winner_on_pages_and_alone(connect: ConnectXero) -> None:
    winner, loser = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    merged = {"Name": "Lost", "ContactID": loser, "ContactStatus": "ARCHIVED", "MergedToContactID": winner}
    xero = connect(part={"contacts": [{"Name": "Won", "ContactID": winner}, merged]})
    stubs = xero.get("Contacts", includeArchived="true").json()["Contacts"]
    rows = xero.get("Contacts", includeArchived="true", page=1).json()["Contacts"]
    assert not any("MergedToContactID" in row for row in stubs)
    assert [row["MergedToContactID"] for row in rows if row["Name"] == "Lost"] == [winner]
    assert xero.get(f"Contacts/{loser}").json()["Contacts"][0]["MergedToContactID"] == winner


def test_ids_name_contacts_and_force_paging(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": [{"Name": name} for name in "ABCD"]})
    ids = {row["Name"]: row["ContactID"] for row in xero.get("Contacts").json()["Contacts"]}
    body = xero.get(
        "Contacts", IDs=f"{ids['C']},{ids['A'].upper()},{ids['C']},11111111-1111-4111-8111-111111111111"
    ).json()
    assert sorted(row["Name"] for row in body["Contacts"]) == ["A", "C"]
    assert body["pagination"]["itemCount"] == 2


@pytest.mark.parametrize(
    ("term", "names"),
    [("ACM", ["Acme"]), ("lee", ["Bolt"]), ("@bolt", ["Bolt"]), ("n-7", ["Acme"]), ("reg9", ["Bolt"]), ("zzz", [])],
)
def test_search_looks_into_six_fields_in_any_case(connect: ConnectXero, term: str, names: list[str]) -> None:
    contacts = [
        {"Name": "Acme", "ContactNumber": "N-7"},
        {"Name": "Bolt", "LastName": "Lee", "EmailAddress": "x@bolt.example", "CompanyNumber": "REG9"},
    ]
    assert connect(part={"contacts": contacts}).names(searchTerm=term, page=1) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("Name", ["a", "B", "c"]),
        ("name desc", ["c", "B", "a"]),
        ("EmailAddress ASC, Name DESC", ["c", "a", "B"]),
        ("UpdatedDateUTC DESC", ["a", "c", "B"]),
    ],
)
def test_order_sorts_without_case_and_missing_values_first(connect: ConnectXero, order: str, names: list[str]) -> None:
    contacts = [
        dated("B", "2026-01-01T00:00:00Z", EmailAddress="x@example.com"),
        dated("c", "2026-01-02T00:00:00Z"),
        dated("a", "2026-01-03T00:00:00Z", EmailAddress="A@example.com"),
    ]
    assert connect(part={"contacts": contacts}).names(order=order) == names


@pytest.mark.parametrize("order", ["Nothing", "Name sideways", "Name ASC DESC", ","])
def test_an_order_that_means_nothing_is_400_16(xero: Xero, order: str) -> None:
    answer = xero.get("Contacts", order=order)
    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


def test_balances_add_up_approved_documents_and_leave_the_stamp_alone(connect: ConnectXero) -> None:
    contact = dated("A", "2026-01-01T00:00:00Z", ContactID="11111111-1111-4111-8111-111111111111")

    def invoice(status: str, due: str, amount: float, kind: str = "ACCREC") -> dict[str, Any]:
        return {"Type": kind, "Contact": {"Name": "a"}, "Status": status, "DueDate": due, "Total": amount}

    documents = [
        invoice("AUTHORISED", "2020-01-01", 100.5),
        invoice("AUTHORISED", "2999-01-01", 20.25),
        invoice("DRAFT", "2020-01-01", 7),
        invoice("AUTHORISED", "2020-01-01", 3, "ACCPAY"),
    ]
    xero = connect(part={"contacts": [contact], "invoices": documents})
    row = xero.get("Contacts", page=1).json()["Contacts"][0]
    assert row["Balances"] == {
        "AccountsReceivable": {"Outstanding": 120.75, "Overdue": 100.5},
        "AccountsPayable": {"Outstanding": 3.0, "Overdue": 3.0},
    }
    assert (row["IsCustomer"], row["IsSupplier"]) == (True, True)
    assert row["UpdatedDateUTC"] == "/Date(1767225600000+0000)/"
