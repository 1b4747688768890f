"""The `where` language: what it finds, what it refuses, and what a large organisation may be asked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from xero_client import ConnectXero, Xero

FIRST, SECOND, THIRD = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")
CONTACTS: list[dict[str, Any]] = [
    {
        "ContactID": FIRST,
        "Name": "Café Central",
        "EmailAddress": "boom@example.com",
        "AccountNumber": "A-1",
        "FirstName": "Zoë",
        "UpdatedDateUTC": "2026-01-31T08:30:00Z",
        "Discount": 10.5,
    },
    {"ContactID": SECOND, "Name": "Acme OR Sons", "IsCustomer": True, "UpdatedDateUTC": "2026-02-01T00:00:00Z"},
    {
        "ContactID": THIRD,
        "Name": "Bolt & Co (UK)",
        "EmailAddress": "bolt@example.com",
        "UpdatedDateUTC": "2026-02-02T00:00:00Z",
        "Discount": 3,
    },
]


@pytest.fixture
def filled(connect: ConnectXero) -> Xero:
    """Three contacts; the second one has no e-mail address."""
    return connect(part={"contacts": CONTACTS})


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('Name=="café central"', "1"),
        ('Name="CAFE CENTRAL"', "1"),
        ('FirstName=="zoë"', "1"),
        ('FirstName=="zoe"', ""),
        ('name!="Café Central"', "23"),
        ('Name=="Acme OR Sons"', "2"),
        ('Name=="Bolt & Co (UK)"', "3"),
        ('ContactStatus=="ACTIVE"', "123"),
        ('EmailAddress=="boom@example.com" OR EmailAddress=="bolt@example.com"', "13"),
        ('EmailAddress=="boom@example.com"||AccountNumber=="a-1"', "1"),
        ('Name=="Acme OR Sons" or (EmailAddress!=null and Discount<5)', "23"),
        ('EmailAddress!=null&&EmailAddress.StartsWith("boom")', "1"),
        ("EmailAddress==null", "2"),
        ("EmailAddress!=null", "13"),
        ('EmailAddress!="boom@example.com"', "23"),
        ("IsCustomer==true", "2"),
        ("IsCustomer==FALSE", "13"),
        ("Discount>=3 AND Discount<10.5", "3"),
        ("Discount<=10.5", "13"),
        (f'ContactID==guid("{SECOND}")', "2"),
        (f'ContactID==Guid("{SECOND.upper()}") OR ContactID==Guid("{THIRD}")', "23"),
        ("UpdatedDateUTC>=DateTime(2026, 02, 01)", "23"),
        ("UpdatedDateUTC<DateTime(2026,01,31,08,30,01)", "1"),
        ('UpdatedDateUTC>DateTime.Parse("2026-02-01")', "3"),
        ('UpdatedDateUTC>DateTime.Parse("2026-02-01T00:00:00")', "3"),
        ('Name.Contains("OR")', "2"),
        ('Name.EndsWith("(UK)")', "3"),
        ('Name.ToLower().Contains("acme")', "2"),
        ('Name.ToUpper()=="ACME OR SONS"', "2"),
        ('((Name=="Acme OR Sons"))', "2"),
        ('ContactNumber=="none"', ""),
    ],
)
def test_where_finds(filled: Xero, where: str, found: str) -> None:
    names = filled.names(where=where)
    assert names == [CONTACTS[int(digit) - 1]["Name"] for digit in found]
    assert filled.names(where=where, page=1) == names


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ('EmailAddress.StartsWith("boom")', "Where clause invocation error: StartsWith"),
        ('Nothing=="x"', "No property or field 'Nothing' exists in type 'Contact'"),
        ('Contact.Name=="x"', "No property or field 'Contact.Name' exists in type 'Contact'"),
        (f'ContactID=="{FIRST}"', "Operator '==' incompatible with operand types 'Guid' and 'String'"),
        ('IsCustomer=="true"', "Operator '==' incompatible with operand types 'Boolean' and 'String'"),
        ("Name==5", "Operator '==' incompatible with operand types 'String' and 'Decimal'"),
        ("IsCustomer>true", "Operator '>' incompatible with operand types 'Boolean' and 'Boolean'"),
        ("EmailAddress<null", "Operator '<' cannot be applied to null"),
        ("UpdatedDateUTC>DateTime(2026,13,01)", "Year, Month, and Day parameters describe an un-representable"),
        ('UpdatedDateUTC>DateTime.Parse("soon")', "String was not recognized as a valid DateTime"),
        ('ContactID==guid("x")', "Guid should contain 32 digits"),
        ('Discount.Contains("1")', "No applicable method 'Contains' exists"),
        ('IsCustomer.ToLower()=="x"', "No applicable method 'ToLower()' exists"),
        ('Name=="a" AND', "Syntax error"),
        ('Name=="a""b"', "Syntax error"),
        (r'Name=="a\"b"', "Syntax error"),
        ('Name IN ("a","b")', "Syntax error"),
        ("Name=='a'", "Syntax error"),
        ('Name.Length("a")', "Syntax error"),
        ('(Name=="a"', "Syntax error"),
        ('Name=="a" ORName=="b"', "Syntax error"),
    ],
)
def test_where_refuses_with_error_16(filled: Xero, where: str, message: str) -> None:
    answer = filled.get("Contacts", where=where)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["ErrorNumber"], body["Type"]) == (16, "QueryParseException")
    assert body["Message"].startswith(message)


def test_a_method_fails_only_where_a_record_without_the_field_is_looked_at(filled: Xero) -> None:
    assert filled.names(where='Name=="Café Central" AND EmailAddress.Contains("oo")') == ["Café Central"]
    assert filled.get("Contacts", where='EmailAddress.Contains("oo")').status_code == 400


def test_where_and_changes_since_narrow_each_other(filled: Xero) -> None:
    since = {"If-Modified-Since": "2026-02-01T00:00:00"}
    assert filled.names(where="EmailAddress!=null", headers=since) == ["Bolt & Co (UK)"]
    assert filled.names(where='Name=="Café Central"', headers=since) == []


@pytest.mark.parametrize(
    ("query", "served"),
    [
        ({"page": 1}, True),
        ({}, False),
        ({"page": 1, "where": 'EmailAddress=="x@example.com"'}, True),
        ({"where": 'AccountNumber=="x"'}, True),
        ({"where": 'Name=="x" AND IsCustomer==true'}, True),
        ({"page": 1, "where": "IsCustomer==true"}, False),
        ({"page": 1, "where": 'Name.Contains("x")'}, False),
        ({"page": 1, "where": 'Name.ToLower()=="x"'}, False),
        ({"page": 1, "where": "EmailAddress!=null"}, False),
        ({"page": 1, "where": 'FirstName=="x" OR IsCustomer==true'}, False),
        ({"page": 1, "order": "Name DESC"}, True),
        ({"page": 1, "order": "EmailAddress"}, False),
        ({"IDs": FIRST, "where": "IsCustomer==true"}, True),
    ],
)
def test_a_large_organisation_serves_optimised_queries_only(
    connect: ConnectXero, query: dict[str, Any], served: bool
) -> None:
    xero = connect(part={"contacts": CONTACTS}, quirks={"xero-high-volume": "2"})
    answer = xero.get("Contacts", **query)
    assert answer.status_code == (200 if served else 400)
    if not served:
        assert (answer.json()["ErrorNumber"], answer.json()["Type"]) == (51, "HighVolumeException")


def test_changes_since_make_any_query_of_a_large_organisation_small(connect: ConnectXero) -> None:
    xero = connect(part={"contacts": CONTACTS}, quirks={"xero-high-volume": "2"})
    since = {"If-Modified-Since": "2026-02-01T00:00:00"}
    assert xero.names(where="EmailAddress!=null", headers=since) == ["Bolt & Co (UK)"]


def test_an_organisation_of_10000_contacts_is_quick(connect: ConnectXero) -> None:
    contacts = [
        {
            "Name": f"Company {number}",
            "EmailAddress": f"c{number}@example.com",
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": str(number)}],
            "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1 Main St", "City": "Perth"}],
        }
        for number in range(10_000)
    ]
    started = time.process_time()
    xero = connect(part={"contacts": contacts})
    assert time.process_time() - started < 2, "loading takes well under a second of work on an idle machine"
    chain = " OR ".join(f'EmailAddress=="C{number}@example.com"' for number in range(0, 10_000, 250))
    for query, size in (({"page": 7, "pageSize": 1000}, 1000), ({"where": chain}, 40)):
        before = time.process_time()
        assert len(xero.names(**query)) == size
        assert time.process_time() - before < 0.6, "a few hundredths of a second of work on an idle machine"
