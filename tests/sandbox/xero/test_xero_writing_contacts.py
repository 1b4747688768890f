"""Writing contacts: creates, updates, batches, rules, archiving, notes."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, messages

ZERO = "00000000-0000-0000-0000-000000000000"
ARCHIVED = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via"


def taken(name: str) -> str:
    return (
        f"The contact name {name} is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    )


def test_a_new_contact_comes_back_with_all_slots_and_read_only_fields_ignored(xero: Xero) -> None:
    answer = xero.put(
        {
            "Name": "Acme",
            "IsCustomer": True,
            "Website": "https://example.com",
            "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "555"}],
        }
    )
    body = answer.json()
    assert body["Status"] == "OK"
    assert "+" not in body["DateTimeUTC"]
    assert "pagination" not in body
    made = body["Contacts"][0]
    assert made["IsCustomer"] is False
    assert "Website" not in made
    assert "StatusAttributeString" not in made
    assert [slot["PhoneType"] for slot in made["Phones"]] == ["DEFAULT", "DDI", "FAX", "MOBILE"]
    assert made["Phones"][3] == {
        "PhoneType": "MOBILE",
        "PhoneNumber": "555",
        "PhoneAreaCode": "",
        "PhoneCountryCode": "",
    }
    empty = {"City": "", "Region": "", "PostalCode": "", "Country": ""}
    assert made["Addresses"] == [{"AddressType": "STREET", **empty}, {"AddressType": "POBOX", **empty}]
    assert made["UpdatedDateUTC"].endswith("+0000)/")


@pytest.mark.parametrize(
    "body",
    [
        {"Contacts": [{"Name": "Acme"}]},
        {"contacts": [{"name": "Acme"}]},
        {"Name": "Acme"},
        {"CONTACTS": [{"NAME": "Acme", "Unknown": {"deep": 1}, "FirstName": None}]},
    ],
)
def test_a_body_is_a_list_or_one_object_and_keys_match_in_any_capitals(xero: Xero, body: Any) -> None:
    assert xero.call("PUT", "Contacts", body).json()["Contacts"][0]["Name"] == "Acme"


@pytest.mark.parametrize(
    ("body", "number", "kind"),
    [
        ({"Contacts": [{"Name": "A", "ContactStatus": "Active"}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "ContactID": "not a guid"}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "Phones": [{"PhoneType": "OFFICE"}]}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": {"not": "text"}}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "PaymentTerms": {"Sales": {"Type": "NEVER"}}}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "PaymentTerms": {"Sales": {"Day": "NaN"}}}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "ContactPersons": [{"IncludeInEmails": 1}]}]}, 14, "PostDataInvalidException"),
        ({"Contacts": [{"Name": "A", "Phones": {}}]}, 14, "PostDataInvalidException"),
        ({"Contacts": ["A"]}, 14, "PostDataInvalidException"),
        ([{"Name": "A"}], 14, "PostDataInvalidException"),
        ({"Contacts": []}, 12, "NoDataProcessedException"),
        ({}, 12, "NoDataProcessedException"),
    ],
)
def test_a_body_that_cannot_be_read_refuses_the_call(xero: Xero, body: Any, number: int, kind: str) -> None:
    answer = xero.call("PUT", "Contacts", body)
    assert (answer.status_code, answer.json()["ErrorNumber"], answer.json()["Type"]) == (400, number, kind)
    assert xero.names() == []


@pytest.mark.parametrize("body", [b'{"Contacts": [', b"", b'{"Name": "\xff"}', b"not json", b"[" * 100_000])
def test_broken_json_is_400_14(xero: Xero, body: bytes) -> None:
    answer = xero.http.put("/api.xro/2.0/Contacts", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 14)


@pytest.mark.parametrize(
    ("contact", "message"),
    [
        ({"EmailAddress": "a@example.com"}, "The Contact must contain at least 1 of the following elements"),
        ({"ContactNumber": "N1"}, "Contact Name cannot be empty."),
        ({"Name": " Acme"}, "Contact Name cannot contain"),
        ({"Name": "Acme  Ltd"}, "Contact Name cannot contain"),
        ({"Name": "Acme <b>"}, "Contact Name cannot contain"),
        ({"Name": "A" * 256}, "The field Name must be"),
        ({"Name": "A", "ContactNumber": "1" * 51}, "The field ContactNumber must be"),
        ({"Name": "A", "Phones": [{"PhoneType": "DDI", "PhoneAreaCode": "1" * 11}]}, "The field PhoneAreaCode must be"),
        ({"Name": "A", "Addresses": [{"AddressType": "POBOX", "AddressLine1": "x" * 501}]}, "The field AddressLine1"),
        ({"Name": "A", "Addresses": [{"AddressType": "POBOX", "Country": "N2"}]}, "Country can only contain letters."),
        ({"Name": "A", "EmailAddress": "a@nowhere"}, "Email address must be valid."),
        ({"Name": "A", "EmailAddress": "jürgen@example.com"}, "Email address must be valid."),
        ({"Name": "A", "ContactPersons": [{"EmailAddress": "x"}]}, "Email address must be valid."),
        ({"Name": "A", "ContactPersons": [{"FirstName": "P"}] * 6}, "A contact can have at most 5 contact persons."),
        ({"Name": "A", "DefaultCurrency": "JPY"}, "Organisation is not subscribed to currency JPY"),
        ({"Name": "A", "SalesDefaultAccountCode": "999"}, "Account code '999' is not a valid code for this document."),
        ({"Name": "A", "Phones": [{"PhoneNumber": "1"}]}, "Phone Type must be specified."),
        ({"Name": "A", "Addresses": [{"City": "X"}]}, "Address Type must be specified."),
    ],
)
def test_a_contact_that_breaks_a_rule_is_refused(xero: Xero, contact: dict[str, Any], message: str) -> None:
    answer = xero.put(contact)
    assert answer.status_code == 400
    assert [text[: len(message)] for text in messages(answer)] == [message]
    assert xero.names() == []


def test_a_taken_name_is_refused_with_zero_guid_and_an_echo(xero: Xero) -> None:
    xero.make(Name="Acme")
    sent = {"Name": "ACME", "IsCustomer": True, "Phones": [{"PhoneType": "DDI", "PhoneNumber": "1"}]}
    answer = xero.put(sent)
    assert answer.status_code == 400
    body = answer.json()
    assert (body["ErrorNumber"], body["Type"]) == (10, "ValidationException")
    assert body["Elements"] == [
        {
            "ContactID": ZERO,
            "Name": "ACME",
            "IsCustomer": True,
            "Addresses": [],
            "Phones": [{"PhoneType": "DDI", "PhoneNumber": "1", "ValidationErrors": []}],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasValidationErrors": True,
            "ValidationErrors": [{"Message": taken("ACME")}],
        }
    ]


def test_names_can_be_compared_with_their_case(connect: ConnectXero) -> None:
    exact = connect(quirks={"name-case": "sensitive"})
    exact.make(Name="Acme")
    assert exact.put({"Name": "ACME"}).status_code == 200


def test_numbers_are_unique_and_an_email_is_not(xero: Xero) -> None:
    xero.make(Name="A", ContactNumber="N1", AccountNumber="X1", EmailAddress="same@example.com")
    xero.make(Name="B", EmailAddress="same@example.com")
    answer = xero.put({"Name": "C", "ContactNumber": "N1", "AccountNumber": "X1"})
    assert messages(answer) == [
        "Another contact has this contact number. Please enter a different contact number.",
        "The Account Number already exists. Please enter a different Account Number.",
    ]


@pytest.mark.parametrize(
    ("element", "changed"),
    [
        ({"ContactNumber": "N1"}, "First"),
        ({"Name": "second"}, "Second"),
        ({"ContactNumber": "N1", "Name": "First"}, "First"),
        ({"ContactID": ZERO, "Name": "Second"}, "Second"),
        ({"Name": "Third"}, None),
        ({"ContactNumber": "N9", "Name": "Second"}, "Second"),
    ],
)
def test_post_matches_by_id_then_number_then_name(xero: Xero, element: dict[str, Any], changed: str | None) -> None:
    ids = {
        "First": xero.make(Name="First", ContactNumber="N1")["ContactID"],
        "Second": xero.make(Name="Second")["ContactID"],
    }
    answer = xero.post({**element, "EmailAddress": "new@example.com"})
    assert answer.status_code == 200
    row = answer.json()["Contacts"][0]
    assert row["ContactID"] == ids[changed] if changed else row["ContactID"] not in ids.values()
    assert len(xero.names()) == (2 if changed else 3)


def test_post_by_number_cannot_take_the_name_of_another(xero: Xero) -> None:
    xero.make(Name="First", ContactNumber="N1")
    xero.make(Name="Second")
    assert messages(xero.post({"ContactNumber": "N1", "Name": "Second"})) == [taken("Second")]


def test_put_never_updates(xero: Xero) -> None:
    made = xero.make(Name="Acme", ContactNumber="N1")
    assert messages(xero.put({"Name": "Acme"})) == [taken("Acme")]
    assert messages(xero.put({"ContactID": made["ContactID"], "Name": "Acme"})) == [taken("Acme")]
    assert len(messages(xero.put({"Name": "Other", "ContactNumber": "N1"}))) == 1
    assert xero.names() == ["Acme"]


def test_an_unknown_id_is_404_for_the_whole_call(xero: Xero) -> None:
    unknown = "11111111-1111-4111-8111-111111111111"
    for answer in (
        xero.post({"ContactID": unknown, "Name": "A"}, {"Name": "B"}),
        xero.call("POST", f"Contacts/{unknown}", {"Name": "A"}),
    ):
        assert (answer.status_code, answer.content) == (404, b"")
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert xero.names() == []


def test_an_update_keeps_what_it_does_not_send_and_null_is_not_sent(xero: Xero) -> None:
    made = xero.make(Name="Acme", FirstName="Ann", EmailAddress="ann@example.com", TaxNumber="1")
    xero.call("POST", f"Contacts/{made['ContactID']}", {"FirstName": None, "TaxNumber": "", "LastName": "Lee"})
    row = xero.get(f"Contacts/{made['ContactID']}").json()["Contacts"][0]
    shown = {name: row[name] for name in ("Name", "FirstName", "LastName", "TaxNumber", "EmailAddress")}
    assert shown == {
        "Name": "Acme",
        "FirstName": "Ann",
        "LastName": "Lee",
        "TaxNumber": "",
        "EmailAddress": "ann@example.com",
    }


@pytest.mark.parametrize(("quirk", "area"), [("replace", ""), ("merge", "09")])
def test_slots_are_taken_by_type_and_what_a_sent_slot_leaves_out_is_a_quirk(
    connect: ConnectXero, quirk: str, area: str
) -> None:
    xero = connect(quirks={"slot": quirk})
    phones = [
        {"PhoneType": "DEFAULT", "PhoneNumber": "1", "PhoneAreaCode": "09"},
        {"PhoneType": "FAX", "PhoneNumber": "2"},
    ]
    made = xero.make(Name="Acme", Phones=phones)
    xero.post({"ContactID": made["ContactID"], "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "3"}]})
    rows = xero.get(f"Contacts/{made['ContactID']}").json()["Contacts"][0]["Phones"]
    slots = {row["PhoneType"]: (row["PhoneNumber"], row["PhoneAreaCode"]) for row in rows}
    assert slots == {"DDI": ("", ""), "DEFAULT": ("3", area), "FAX": ("2", ""), "MOBILE": ("", "")}


def test_a_name_cannot_be_cleared(xero: Xero) -> None:
    made = xero.make(Name="Acme")
    assert messages(xero.post({"ContactID": made["ContactID"], "Name": ""})) == ["Contact Name cannot be empty."]


def test_payment_terms_are_kept_by_side_and_echoed_in_errors(xero: Xero) -> None:
    sales, bills = {"Day": 10, "Type": "OFCURRENTMONTH"}, {"Day": 5, "Type": "DAYSAFTERBILLDATE"}
    made = xero.make(Name="Acme", PaymentTerms={"Sales": sales})
    updated = xero.post({"ContactID": made["ContactID"], "PaymentTerms": {"Bills": {**bills, "Day": "5"}}})
    assert updated.json()["Contacts"][0]["PaymentTerms"] == {"Sales": sales, "Bills": bills}
    refused = xero.put({"Name": "Acme", "PaymentTerms": {"Sales": sales}}).json()["Elements"][0]
    assert refused["PaymentTerms"] == {"Sales": {**sales, "ValidationErrors": []}}


def test_sending_contact_persons_replaces_all_of_them(xero: Xero) -> None:
    made = xero.make(Name="Acme", ContactPersons=[{"FirstName": "A"}, {"FirstName": "B", "IncludeInEmails": "True"}])
    xero.post({"ContactID": made["ContactID"], "LastName": "x"})
    read = f"Contacts/{made['ContactID']}"
    assert [each["FirstName"] for each in xero.get(read).json()["Contacts"][0]["ContactPersons"]] == ["A", "B"]
    xero.post({"ContactID": made["ContactID"], "ContactPersons": [{"FirstName": "C"}]})
    assert xero.get(read).json()["Contacts"][0]["ContactPersons"] == [{"IncludeInEmails": False, "FirstName": "C"}]


@pytest.mark.parametrize("query", [{}, {"summarizeErrors": "true"}])
def test_one_bad_element_refuses_the_whole_batch(xero: Xero, query: dict[str, str]) -> None:
    kept = xero.make(Name="Kept", FirstName="Old")
    answer = xero.post(
        {"Name": "Good"},
        {"ContactID": kept["ContactID"], "FirstName": "New"},
        {"Name": "Bad", "EmailAddress": "x"},
        **query,
    )
    assert answer.status_code == 400
    assert [each["Name"] for each in answer.json()["Elements"]] == ["Bad"]
    assert "StatusAttributeString" not in answer.json()["Elements"][0]
    assert xero.names() == ["Kept"]
    row = xero.get(f"Contacts/{kept['ContactID']}").json()["Contacts"][0]
    assert (row["FirstName"], row["UpdatedDateUTC"]) == ("Old", kept["UpdatedDateUTC"])


def test_a_refused_batch_may_save_its_good_elements(connect: ConnectXero) -> None:
    xero = connect(quirks={"partial-400": "saves"})
    assert xero.put({"Name": "Good"}, {"Name": "Bad", "EmailAddress": "x"}).status_code == 400
    assert xero.names() == ["Good"]


@pytest.mark.parametrize("value", ["false", "False"])
def test_without_summary_each_element_tells_its_own_outcome(xero: Xero, value: str) -> None:
    answer = xero.put({"Name": "A"}, {"Name": "a"}, {"Name": "B"}, summarizeErrors=value)
    assert answer.status_code == 200
    rows = answer.json()["Contacts"]
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR", "OK"]
    assert [row["HasValidationErrors"] for row in rows] == [False, True, False]
    assert [row["ContactID"] == ZERO for row in rows] == [False, True, False]
    assert messages(answer) == [taken("a")], "the second element meets the first one of the same batch"
    assert sorted(xero.names()) == ["A", "B"]


def test_archiving_is_a_one_way_door(xero: Xero) -> None:
    made = xero.make(Name="Acme", ContactNumber="N1")
    answer = xero.post({"ContactID": made["ContactID"], "ContactStatus": "ARCHIVED"})
    assert answer.json()["Contacts"][0]["ContactStatus"] == "ARCHIVED"
    for change in ({"ContactStatus": "ARCHIVED"}, {"ContactStatus": "ACTIVE"}, {"FirstName": "X"}):
        answer = xero.post({"ContactID": made["ContactID"], **change}, summarizeErrors="false")
        row = answer.json()["Contacts"][0]
        assert (row["StatusAttributeString"], row["ContactID"]) == ("ERROR", made["ContactID"])
        assert messages(answer)[0].startswith(ARCHIVED)
    assert messages(xero.post({"ContactNumber": "N1", "Name": "Other"}))[0].startswith(ARCHIVED)
    assert xero.names() == []
    assert xero.get(f"Contacts/{made['ContactID']}").json()["Contacts"][0]["ContactStatus"] == "ARCHIVED"


def test_an_archived_contact_frees_its_name_but_not_its_number(xero: Xero) -> None:
    made = xero.make(Name="Acme", ContactNumber="N1")
    xero.post({"ContactID": made["ContactID"], "ContactStatus": "ARCHIVED"})
    again = xero.post({"Name": "Acme"}).json()["Contacts"][0]
    assert again["ContactID"] != made["ContactID"]
    assert messages(xero.put({"Name": "Other", "ContactNumber": "N1"}))[0].startswith("Another contact has this")


def test_history_notes_are_added_and_the_newest_stands_first(xero: Xero) -> None:
    made = xero.make(Name="Acme")
    path = f"Contacts/{made['ContactID']}/History"
    first = xero.call("PUT", path, {"HistoryRecords": [{"Details": "one"}]})
    assert first.status_code == 200
    row = first.json()["HistoryRecords"][0]
    assert set(row) == {"DateUTCString", "DateUTC", "Details", "ValidationErrors"}
    assert "+" not in row["DateUTC"]
    xero.advance("1m")
    xero.call("PUT", path, {"Details": "two"})
    rows = xero.get(path).json()["HistoryRecords"]
    assert [(each["Details"], each["User"], each["Changes"]) for each in rows] == [
        ("two", "System Generated", "Note"),
        ("one", "System Generated", "Note"),
    ]
    for bad in ("x" * 2501, ""):
        assert xero.call("PUT", path, {"HistoryRecords": [{"Details": bad}]}).status_code == 400
    unknown = "Contacts/11111111-1111-4111-8111-111111111111/History"
    assert xero.call("PUT", unknown, {"HistoryRecords": [{"Details": "x"}]}).status_code == 404
