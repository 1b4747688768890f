"""One person or company as both apps would hold it: the shapes of contacts and the forms of instants.

See also: `trade` (the shapes of products, invoices and payments).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

CREATED_BY_HAND: Final = {"sourceType": "CRM_UI", "sourceId": "userId:7001"}


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number in its three parts; Xero keeps them apart in some contacts."""

    country: str
    area: str
    number: str

    def __str__(self) -> str:
        return f"+{self.country} {self.area} {self.number}"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of a business; empty text where something is unknown."""

    first: str = ""
    last: str = ""
    company: str = ""
    email: str = ""
    phone: Phone | str = ""
    mobile: Phone | str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    website: str = ""

    @property
    def name(self) -> str:
        """The name in Xero: the company, else "first last", else the e-mail."""
        return self.company or f"{self.first} {self.last}".strip() or self.email

    def properties(self) -> dict[str, str]:
        """The HubSpot properties that are not empty."""
        everything = {
            "firstname": self.first,
            "lastname": self.last,
            "company": self.company,
            "email": self.email,
            "phone": str(self.phone),
            "mobilephone": str(self.mobile),
            "address": self.street,
            "city": self.city,
            "state": self.region,
            "zip": self.postcode,
            "country": self.country,
            "website": self.website,
        }
        return {name: value for name, value in everything.items() if value}


def moment(at: datetime) -> str:
    """An instant as HubSpot writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def xero_date(at: datetime) -> str:
    """An instant, or a day by its midnight UTC, as Xero writes it."""
    return f"/Date({int(at.timestamp() * 1000)}+0000)/"


def hubspot_contact(
    person: Person, id: int, created: datetime, updated: datetime, before: Person | None = None, **more: str
) -> dict[str, Any]:
    """A HubSpot contact. `before` is what it held until `updated`; without it, all values date from then."""
    properties = person.properties() | more
    row = {
        "id": str(id),
        "properties": properties,
        "createdAt": moment(created),
        "updatedAt": moment(updated),
        "archived": False,
    }
    if before is not None:
        row["propertiesWithHistory"] = _history(before.properties() | more, properties, created, updated)
    return row


def xero_contact(
    person: Person,
    id: str,
    updated: datetime,
    *,
    split_phone: bool = False,
    address_types: Sequence[str] = ("POBOX",),
    **more: Any,
) -> dict[str, Any]:
    """A Xero contact; `split_phone` keeps country and area code of the phone in fields of their own."""
    row: dict[str, Any] = {"ContactID": id, "ContactStatus": "ACTIVE", "Name": person.name}
    texts = {"FirstName": person.first, "LastName": person.last, "EmailAddress": person.email}
    row.update((key, value) for key, value in texts.items() if value)
    phones = (("DEFAULT", person.phone), ("MOBILE", person.mobile))
    row["Phones"] = [_phone(kind, phone, split_phone) for kind, phone in phones if phone]
    if person.street or person.city:
        row["Addresses"] = [_address(kind, person) for kind in address_types]
    if person.website:
        row["Website"] = person.website
    row["UpdatedDateUTC"] = xero_date(updated)
    return row | more


def _history(
    old: Mapping[str, str], new: Mapping[str, str], created: datetime, updated: datetime
) -> dict[str, list[dict[str, Any]]]:
    changed = [name for name in {**old, **new} if old.get(name, "") != new.get(name, "")]
    return {
        name: [
            {"value": new.get(name, ""), "timestamp": moment(updated), **CREATED_BY_HAND},
            *([{"value": old[name], "timestamp": moment(created), **CREATED_BY_HAND}] if name in old else []),
        ]
        for name in changed
    }


def _phone(kind: str, phone: Phone | str, split: bool) -> dict[str, str]:
    if split and isinstance(phone, Phone):
        parts = {"PhoneNumber": phone.number, "PhoneAreaCode": phone.area, "PhoneCountryCode": phone.country}
    else:
        parts = {"PhoneNumber": str(phone), "PhoneAreaCode": "", "PhoneCountryCode": ""}
    return {"PhoneType": kind, **parts}


def _address(kind: str, person: Person) -> dict[str, str]:
    return {
        "AddressType": kind,
        "AddressLine1": person.street,
        "City": person.city,
        "Region": person.region,
        "PostalCode": person.postcode,
        "Country": person.country,
    }
