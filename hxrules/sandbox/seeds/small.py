"""A few dozen contacts a side, by hand: one of each situation that a first sync of contacts meets.

What: `PAIRS` are in both apps, `HUBSPOT_ONLY` and `XERO_ONLY` in one. Each row says who it is; what stands apart in one
app is an edit of that. Besides: two HubSpot companies with contacts, and what all these buy (`small_trade`).
Invariant: HubSpot's Harbour Coffee and Sofia Rossi would get Xero names that other Xero contacts with other e-mails have.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from hxrules.sandbox.seeds.rows import Person, Phone, hubspot_contact, moment, xero_contact
from hxrules.sandbox.seeds.small_trade import small_trade
from hxrules.sandbox.seeds.taxes import HUBSPOT_SETTINGS, XERO_SETTINGS

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


ABN: Final = {
    "name": "abn",
    "label": "ABN",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
}
"""The one property that this account has added: its customers' business numbers."""


@dataclass(frozen=True)
class Pair:
    """Someone whom both apps know; times say how long before the start each app last changed the record."""

    person: Person
    hubspot_ago: timedelta
    xero_ago: timedelta
    in_hubspot: dict[str, Any] = field(default_factory=dict)
    in_xero: dict[str, Any] = field(default_factory=dict)
    hubspot_more: dict[str, str] = field(default_factory=dict)
    xero_more: dict[str, Any] = field(default_factory=dict)


def _sydney(street: str, postcode: str = "2000") -> dict[str, Any]:
    return {"street": street, "city": "Sydney", "region": "NSW", "postcode": postcode, "country": "Australia"}


HARBOUR: Final = "Harbour Coffee Pty Ltd"
"""The company name of one HubSpot contact, and the name of another Xero contact."""

PAIRS: Final = (
    # The same on both sides: linked, and nothing to do.
    Pair(
        Person(
            "Amelia",
            "Walker",
            "Wattle Timber Pty Ltd",
            "amelia.walker@wattletimber.example",
            Phone("61", "2", "9211 4410"),
            Phone("61", "412", "555 010"),
            **_sydney("14 Kent Street"),
        ),
        40 * DAY,
        41 * DAY,
    ),
    Pair(
        Person(
            "Oliver",
            "Ngata",
            "Kauri Boatyard Limited",
            "oliver@kauriboatyard.example",
            Phone("64", "9", "309 4411"),
            "",
            "3 Quay Street",
            "Auckland",
            "Auckland",
            "1010",
            "New Zealand",
        ),
        90 * DAY,
        12 * DAY,
    ),
    Pair(Person("Noah", "Byrne", "", "noah.byrne@post.example", Phone("353", "1", "555 0199")), 5 * DAY, 5 * DAY),
    Pair(
        Person(
            "Grace",
            "Kim",
            "Lantern Books LLC",
            "grace@lanternbooks.example",
            Phone("1", "415", "555-0142"),
            "",
            "88 Market Street",
            "San Francisco",
            "CA",
            "94103",
            "United States",
            "https://lanternbooks.example",
        ),
        2 * DAY,
        63 * DAY,
    ),
    # One field differs and HubSpot is newer, or Xero is.
    Pair(
        Person(
            "Liam",
            "O'Brien",
            "Bluegum Solar Pty Ltd",
            "liam.obrien@bluegumsolar.example",
            Phone("61", "3", "9654 1122"),
            **_sydney("2 York Street"),
        ),
        3 * HOUR,
        20 * DAY,
        in_hubspot={"phone": Phone("61", "3", "9654 9900")},
    ),
    Pair(
        Person(
            "Charlotte",
            "Reid",
            "Reef Tours Pty Ltd",
            "charlotte@reeftours.example",
            Phone("61", "7", "4031 7000"),
            "",
            "1 Spence Street",
            "Cairns",
            "QLD",
            "4870",
            "Australia",
        ),
        30 * DAY,
        2 * HOUR,
        in_xero={"street": "15 Spence Street"},
    ),
    Pair(
        Person(
            "Jack",
            "Davies",
            "Thistle Print Ltd",
            "jack@thistleprint.example",
            Phone("44", "131", "496 0110"),
            "",
            "9 Rose Street",
            "Edinburgh",
            "Lothian",
            "EH2 2PR",
            "United Kingdom",
        ),
        10 * DAY,
        9 * DAY,
        in_hubspot={"last": "Davis"},
        in_xero={"postcode": "EH2 2PS"},
    ),
    Pair(
        Person("Mia", "Chen", "Jasper Design Pty Ltd", "mia@jasperdesign.example", Phone("61", "2", "9188 2233")),
        7 * MINUTE,
        95 * DAY,
        in_hubspot={"company": "Jasper Design Studio Pty Ltd"},
    ),
    # They differ, and were changed within a minute of each other.
    Pair(
        Person(
            "Ethan",
            "Clarke",
            "Copper Electrical Pty Ltd",
            "ethan@copperelectrical.example",
            Phone("61", "8", "9221 3344"),
            "",
            "40 Hay Street",
            "Perth",
            "WA",
            "6000",
            "Australia",
        ),
        6 * DAY,
        6 * DAY - timedelta(seconds=25),
        in_xero={"phone": Phone("61", "8", "9221 7788")},
    ),
    Pair(
        Person("Ruby", "Fraser", "", "ruby.fraser@post.example", Phone("64", "4", "472 1010")),
        15 * MINUTE + timedelta(seconds=40),
        15 * MINUTE,
        in_hubspot={"city": "Wellington"},
        in_xero={"city": "Lower Hutt"},
    ),
    # A value is known on one side only.
    Pair(
        Person("Isla", "Murray", "Heron Legal Ltd", "isla@heronlegal.example", Phone("44", "20", "7946 0321")),
        8 * DAY,
        16 * DAY,
        in_xero={"phone": ""},
    ),
    Pair(
        Person(
            "Lucas",
            "Silva",
            "Falcon Freight LLC",
            "lucas@falconfreight.example",
            Phone("1", "512", "555-0167"),
            "",
            "700 Congress Avenue",
            "Austin",
            "TX",
            "78701",
            "United States",
        ),
        3 * DAY,
        50 * DAY,
        in_hubspot={"street": "", "city": "", "region": "", "postcode": "", "country": ""},
    ),
    # Xero keeps the e-mail's case; HubSpot does not.
    Pair(
        Person(
            "Ada",
            "Lindqvist",
            "Nordic Optical AB",
            "ada.lindqvist@nordicoptical.example",
            Phone("46", "8", "555 0134"),
            "",
            "Storgatan 5",
            "Stockholm",
            "",
            "111 51",
            "Sweden",
        ),
        70 * DAY,
        71 * DAY,
        in_xero={"email": "Ada.Lindqvist@NordicOptical.example"},
    ),
    # Xero keeps the phone in its parts, and a second address.
    Pair(
        Person(
            "Henry",
            "Tran",
            "Saffron Catering Pty Ltd",
            "henry@saffroncatering.example",
            Phone("61", "2", "9267 5151"),
            Phone("61", "455", "550 198"),
            **_sydney("220 Sussex Street"),
        ),
        25 * DAY,
        24 * DAY,
        xero_more={"split_phone": True, "address_types": ("POBOX", "STREET")},
    ),
    # Names and places in other scripts and with marks.
    Pair(
        Person(
            "直美",
            "中村",
            "中村酒造株式会社",
            "naomi@nakamura-shuzo.example",
            Phone("81", "75", "555 0110"),
            "",
            "伏見区 12-3",
            "京都市",
            "京都府",
            "612-8045",
            "Japan",
        ),
        33 * DAY,
        34 * DAY,
    ),
    Pair(
        Person(
            "Ελένη",
            "Παπαδοπούλου",
            "Αιγαίο Εκδόσεις",
            "eleni@aegean-books.example",
            Phone("30", "21", "0555 0142"),
            "",
            "Οδός Ερμού 18",
            "Αθήνα",
            "Αττική",
            "105 63",
            "Greece",
        ),
        11 * DAY,
        2 * DAY,
        in_xero={"phone": Phone("30", "21", "0555 0199")},
    ),
    Pair(
        Person(
            "Дарья",
            "Коваленко",
            "Дніпро Логістика",
            "darya@dnipro-logistics.example",
            Phone("380", "44", "555 0101"),
            "",
            "вул. Хрещатик 22",
            "Київ",
            "",
            "01001",
            "Ukraine",
        ),
        60 * DAY,
        61 * DAY,
    ),
    Pair(
        Person(
            "François",
            "Lefèvre",
            "Boulangerie Lefèvre & Fils SARL",
            "francois@lefevre.example",
            Phone("33", "1", "55 01 02 03"),
            "",
            "4 rue de l'Église",
            "Paris",
            "Île-de-France",
            "75015",
            "France",
        ),
        4 * DAY,
        44 * DAY,
        in_hubspot={"street": "6 rue de l'Église"},
    ),
    Pair(
        Person(
            "ليلى",
            "حداد",
            "مكتبة الأرز",
            "layla@cedar-library.example",
            Phone("961", "1", "555 012"),
            "",
            "شارع الحمرا 7",
            "بيروت",
            "",
            "1103",
            "Lebanon",
        ),
        80 * DAY,
        82 * DAY,
    ),
    # HubSpot knows a second e-mail, and that one is Xero's.
    Pair(
        Person("Marco", "Rossi", "Olive Foods S.r.l.", "marco@olivefoods.example", Phone("39", "06", "555 0123")),
        13 * DAY,
        19 * DAY,
        in_xero={"email": "accounts@olivefoods.example"},
        hubspot_more={"hs_additional_emails": "accounts@olivefoods.example"},
    ),
    # Xero has the contact in its archive.
    Pair(
        Person("Petra", "Wagner", "Quarz Keramik GmbH", "petra@quarzkeramik.example", Phone("49", "30", "9018 2201")),
        45 * DAY,
        9 * DAY,
        xero_more={"ContactStatus": "ARCHIVED"},
    ),
)

HUBSPOT_ONLY: Final = (
    # The name is taken by another Xero contact with another e-mail.
    (Person("Hana", "Sato", HARBOUR, "hana@harbourcoffee.example", Phone("61", "2", "9555 0133")), 6 * HOUR),
    (Person("Sofia", "Rossi", "", "sofia.rossi@post.example", Phone("61", "3", "9555 0144")), 3 * DAY),
    # New customers.
    (
        Person(
            "Finn",
            "Archer",
            "Summit Cycles Limited",
            "finn@summitcycles.example",
            Phone("64", "3", "365 0155"),
            "",
            "12 Hereford Street",
            "Christchurch",
            "Canterbury",
            "8011",
            "New Zealand",
        ),
        12 * HOUR,
    ),
    (Person("Zara", "Khan", "", "zara.khan@post.example", "", Phone("44", "7700", "900123")), 2 * DAY),
    (Person(email="orders@willowflorist.example"), 9 * DAY),
    (
        Person("Tane", "Henare", "Tui Nursery Limited", "tane@tuinursery.example", "09 555 0166", "021 555 0177"),
        30 * MINUTE,
    ),
    (Person("Wei", "Zhang", "珠江贸易有限公司", "wei@pearlriver.example", Phone("86", "20", "5550 1234")), 17 * DAY),
    (Person("Elena", "Petrova", "Северный Чай", "elena@northtea.example", Phone("371", "6", "755 0188")), 21 * DAY),
    # Without an e-mail.
    (Person("Bruno", "Costa", "Costa Painting", "", Phone("61", "7", "3555 0199")), 55 * DAY),
    (Person("Walk-in", "Customer"), 150 * DAY),
)

XERO_ONLY: Final[tuple[tuple[Person, timedelta, dict[str, Any]], ...]] = (
    # They have the names that two HubSpot contacts would get.
    (
        Person("Ben", "Harbour", HARBOUR, "accounts@harbour-coffee-roasters.example", Phone("61", "2", "9555 0201")),
        80 * DAY,
        {},
    ),
    (Person("Sofia", "Rossi", "", "sofia@rossi-ceramics.example"), 22 * DAY, {}),
    # Customers, and a supplier.
    (
        Person(
            "Nina",
            "Kowalski",
            "Amber Textiles Sp. z o.o.",
            "nina@ambertextiles.example",
            Phone("48", "22", "555 0111"),
            "",
            "ul. Długa 7",
            "Warszawa",
            "",
            "00-238",
            "Poland",
        ),
        2 * DAY,
        {"IsCustomer": True},
    ),
    (
        Person("Rhys", "Morgan", "Dragon Slate Ltd", "rhys@dragonslate.example", Phone("44", "1286", "555 012")),
        5 * HOUR,
        {},
    ),
    (
        Person("", "", "City Power & Water", "billing@citypower.example", Phone("61", "2", "13 55 01")),
        120 * DAY,
        {"IsSupplier": True},
    ),
    (Person("Ingrid", "Berg", "", "ingrid.berg@post.example", "", Phone("47", "", "555 01 234")), 11 * DAY, {}),
    (
        Person("Omar", "Haddad", "Sahara Tiles", "omar@saharatiles.example", Phone("971", "4", "555 0133")),
        40 * MINUTE,
        {},
    ),
    (Person("", "", "한강 전자", "contact@hangang.example", Phone("82", "2", "555 0144")), 66 * DAY, {}),
    # Two with the same e-mail.
    (Person("Dev", "Patel", "Crown Motors Sales", "office@crownmotors.example"), 14 * DAY, {}),
    (Person("Dev", "Patel", "Crown Motors Service", "office@crownmotors.example"), 13 * DAY, {}),
    # Without an e-mail, and in the archive.
    (Person("", "", "Petty Cash Supplier"), 200 * DAY, {"IsSupplier": True}),
    (
        Person("Old", "Customer", "Closed Shop Pty Ltd", "owner@closedshop.example"),
        300 * DAY,
        {"ContactStatus": "ARCHIVED"},
    ),
)


def small(now: datetime) -> dict[str, dict[str, Any]]:
    """The world, with all times counted back from `now`."""
    rng = random.Random("small")
    hubspot: list[dict[str, Any]] = []
    xero: list[dict[str, Any]] = []
    for pair in PAIRS:
        here, there = replace(pair.person, **pair.in_hubspot), replace(pair.person, **pair.in_xero)
        updated = now - pair.hubspot_ago
        before = pair.person if pair.in_hubspot else None
        hubspot.append(
            hubspot_contact(here, 1001 + len(hubspot), updated - 30 * DAY, updated, before, **pair.hubspot_more)
        )
        xero.append(xero_contact(there, _guid(rng), now - pair.xero_ago, **pair.xero_more))
    for person, ago in HUBSPOT_ONLY:
        hubspot.append(hubspot_contact(person, 1001 + len(hubspot), now - ago - 2 * DAY, now - ago))
    for person, ago, more in XERO_ONLY:
        xero.append(xero_contact(person, _guid(rng), now - ago, **more))
    by_email = {row["properties"].get("email"): row for row in hubspot}
    companies = [
        _company(1001, "Wattle Timber Pty Ltd", "wattletimber.example", now),
        _company(1002, "Tui Nursery", "tuinursery.example", now),
    ]
    _link(
        by_email["amelia.walker@wattletimber.example"],
        "companies",
        "1001",
        "contact_to_company_unlabeled",
        "contact_to_company",
    )
    _link(by_email["tane@tuinursery.example"], "companies", "1002", "contact_to_company_unlabeled")
    trade = small_trade(now, hubspot, xero, _guid)
    return {
        "hubspot": {
            **HUBSPOT_SETTINGS,
            "properties": {"contacts": [ABN]},
            "contacts": hubspot,
            "companies": companies,
            **trade[0],
        },
        "xero": {**XERO_SETTINGS, "contacts": xero, **trade[1]},
    }


def _guid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _company(id: int, name: str, domain: str, now: datetime) -> dict[str, Any]:
    times = {"createdAt": moment(now - 100 * DAY), "updatedAt": moment(now - 50 * DAY)}
    return {"id": str(id), "properties": {"name": name, "domain": domain}, **times}


def _link(row: dict[str, Any], target: str, id: str, *types: str) -> None:
    row["associations"] = {target: {"results": [{"id": id, "type": name} for name in types]}}
