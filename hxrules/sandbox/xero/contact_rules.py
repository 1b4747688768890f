"""The rules by which contacts are made and changed: what a write matches, what it may not say, what comes of it.

What: `CONTACT` reads an element; `matching` finds the contact that a POST means; `broken_rules` lists the texts of what
is wrong; `merged` is the contact after the write; `echo` is how a refused element comes back.
Sources: facts/xero.md 2.4, 2.5, 6.2 and its catalogue of texts (11).
Invariant: nothing here changes the world.
See also: `contacts` (who does), `bodies`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.bodies import anything, boolean, choice, guid, listed, number, shape, text
from hxrules.sandbox.xero.contact_shape import ADDRESS_TYPES, EMPTY_ADDRESS, EMPTY_PHONE, PHONE_TYPES, slots
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.world import World

MOST_PERSONS: Final = 5
_LINE_TYPES: Final = choice("INCLUSIVE", "EXCLUSIVE", "NONE")
_TERM: Final = shape(
    Day=number, Type=choice("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH")
)

CONTACT: Final = shape(
    ContactID=guid,
    MergedToContactID=anything,
    ContactNumber=text,
    AccountNumber=text,
    ContactStatus=choice("ACTIVE", "ARCHIVED", "GDPRREQUEST"),
    Name=text,
    FirstName=text,
    LastName=text,
    CompanyNumber=text,
    EmailAddress=text,
    BankAccountDetails=text,
    TaxNumber=text,
    TaxNumberType=choice("SSN", "EIN", "ITIN", "ATIN"),
    AccountsReceivableTaxType=text,
    AccountsPayableTaxType=text,
    Addresses=listed(
        shape(
            AddressType=choice(*ADDRESS_TYPES),
            AddressLine1=text,
            AddressLine2=text,
            AddressLine3=text,
            AddressLine4=text,
            City=text,
            Region=text,
            PostalCode=text,
            Country=text,
            AttentionTo=text,
        )
    ),
    Phones=listed(shape(PhoneType=choice(*PHONE_TYPES), PhoneNumber=text, PhoneAreaCode=text, PhoneCountryCode=text)),
    IsSupplier=anything,
    IsCustomer=anything,
    SalesDefaultLineAmountType=_LINE_TYPES,
    PurchasesDefaultLineAmountType=_LINE_TYPES,
    DefaultCurrency=text,
    SalesDefaultAccountCode=text,
    PurchasesDefaultAccountCode=text,
    XeroNetworkKey=text,
    PaymentTerms=shape(Bills=_TERM, Sales=_TERM),
    ContactPersons=listed(shape(FirstName=text, LastName=text, EmailAddress=text, IncludeInEmails=boolean)),
    Website=anything,
    Discount=anything,
)
"""Reads one contact of a body. Fields read by `anything` are read only: they are repeated in errors and not kept."""

_WRITABLE: Final = (
    "ContactNumber",
    "AccountNumber",
    "ContactStatus",
    "Name",
    "FirstName",
    "LastName",
    "CompanyNumber",
    "EmailAddress",
    "BankAccountDetails",
    "TaxNumber",
    "TaxNumberType",
    "AccountsReceivableTaxType",
    "AccountsPayableTaxType",
    "SalesDefaultLineAmountType",
    "PurchasesDefaultLineAmountType",
    "DefaultCurrency",
    "SalesDefaultAccountCode",
    "PurchasesDefaultAccountCode",
    "XeroNetworkKey",
)
DETAILS: Final = frozenset({*_WRITABLE, "Addresses", "Phones", "ContactPersons", "PaymentTerms"})
"""The keys that change a contact."""
_LENGTHS: Final = {
    **dict.fromkeys(("Name", "FirstName", "LastName", "EmailAddress"), 255),
    **dict.fromkeys(("ContactNumber", "AccountNumber", "CompanyNumber", "TaxNumber"), 50),
}
_SLOT_LENGTHS: Final = {
    **dict.fromkeys((f"AddressLine{line}" for line in (1, 2, 3, 4)), 500),
    **dict.fromkeys(("City", "Region", "AttentionTo"), 255),
    **dict.fromkeys(("PostalCode", "Country", "PhoneNumber"), 50),
    "PhoneAreaCode": 10,
    "PhoneCountryCode": 20,
}
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_COUNTRY: Final = re.compile(r"[A-Za-z ]*")


def matching(sent: Record, world: World) -> Record | None:
    """The contact that an element of a POST means: by `ContactID`, else `ContactNumber`, else `Name`.

    An id must exist; a name counts among active contacts only, because an archived one has freed its name.
    """
    if identity := _identity(sent):
        return world.contacts.get(identity)
    if number := sent.get("ContactNumber"):
        for record in world.contacts.found("ContactNumber", number):
            if record["ContactNumber"] == number:
                return record
    return _active_named(sent["Name"], world) if sent.get("Name") else None


def unknown_id(sent: Record, world: World) -> bool:
    """Whether the element names an id that no contact has."""
    identity = _identity(sent)
    return identity is not None and world.contacts.get(identity) is None


def broken_rules(sent: Record, current: Record | None, world: World) -> list[str]:
    """The texts of every rule that the element breaks against `current` (None for a new contact)."""
    if current and current["ContactStatus"] != "ACTIVE":
        return [errors.ARCHIVED_CONTACT]
    if not current and not sent.get("Name"):
        return [errors.CONTACT_NAME_MISSING if sent.get("ContactNumber") else errors.CONTACT_KEY_MISSING]
    return [*_about_name(sent, current, world), *_about_keys(sent, current, world), *_about_values(sent, world)]


def _about_name(sent: Record, current: Record | None, world: World) -> list[str]:
    if "Name" not in sent:
        return []
    name, found = sent["Name"], []
    if not name:
        found.append(errors.CONTACT_NAME_MISSING)
    if name != name.strip() or "  " in name or "<" in name or ">" in name:
        found.append("Contact Name cannot contain < or >, nor leading, trailing or repeated spaces.")
    holder = _active_named(name, world)
    if name and holder and (current is None or holder["ContactID"] != current["ContactID"]):
        found.append(errors.name_taken(name))
    return found


def _about_keys(sent: Record, current: Record | None, world: World) -> list[str]:
    own = current["ContactID"] if current else None
    texts = {"ContactNumber": errors.CONTACT_NUMBER_TAKEN, "AccountNumber": errors.ACCOUNT_NUMBER_TAKEN}
    return [
        text
        for name, text in texts.items()
        if sent.get(name)
        and any(row[name] == sent[name] and row["ContactID"] != own for row in world.contacts.found(name, sent[name]))
    ]


def _about_values(sent: Record, world: World) -> list[str]:
    found = [errors.too_long(name, most) for name, most in _LENGTHS.items() if len(sent.get(name, "")) > most]
    for slot in (*sent.get("Addresses", ()), *sent.get("Phones", ())):
        found += [errors.too_long(name, most) for name, most in _SLOT_LENGTHS.items() if len(slot.get(name, "")) > most]
        if not _COUNTRY.fullmatch(slot.get("Country", "")):
            found.append("Country can only contain letters.")
    if any("AddressType" not in slot for slot in sent.get("Addresses", ())):
        found.append("Address Type must be specified.")
    if any("PhoneType" not in slot for slot in sent.get("Phones", ())):
        found.append("Phone Type must be specified.")
    persons = sent.get("ContactPersons", ())
    if len(persons) > MOST_PERSONS:
        found.append(f"A contact can have at most {MOST_PERSONS} contact persons.")
    if any(each.get("EmailAddress") and not _EMAIL.fullmatch(each["EmailAddress"]) for each in (sent, *persons)):
        found.append(errors.EMAIL_INVALID)
    currency = sent.get("DefaultCurrency")
    if currency and not world.currencies.get(currency):
        found.append(errors.not_subscribed(currency))
    codes = [code for side in ("Sales", "Purchases") if (code := sent.get(f"{side}DefaultAccountCode"))]
    return [*found, *(errors.bad_account(code) for code in codes if not world.accounts.found("Code", code))]


def merged(sent: Record, current: Record | None, world: World) -> Record:
    """The contact after a write: sent keys replace, slots are taken over by type, the list of persons as a whole."""
    record: Record = current or {
        "ContactID": world.new_id(),
        "ContactStatus": "ACTIVE",
        "IsSupplier": False,
        "IsCustomer": False,
        "ContactGroups": [],
        "ContactPersons": [],
        "Phones": {kind: dict(EMPTY_PHONE) for kind in PHONE_TYPES},
        "Addresses": {kind: dict(EMPTY_ADDRESS) for kind in ADDRESS_TYPES},
    }
    record = {**record, **{name: sent[name] for name in _WRITABLE if name in sent}}
    keeps = world.environment.quirks["slot"] == "merge"
    record["Phones"] = _with_slots(record["Phones"], sent, "Phones", "PhoneType", EMPTY_PHONE, keeps)
    record["Addresses"] = _with_slots(record["Addresses"], sent, "Addresses", "AddressType", EMPTY_ADDRESS, keeps)
    if "ContactPersons" in sent:
        record["ContactPersons"] = [{"IncludeInEmails": False, **person} for person in sent["ContactPersons"]]
    if "PaymentTerms" in sent:
        record["PaymentTerms"] = {**record.get("PaymentTerms", {}), **sent["PaymentTerms"]}
    return {**record, "UpdatedDateUTC": world.now()}


def _with_slots(
    kept: Mapping[str, Record], sent: Record, name: str, kind: str, empty: Mapping[str, str], keeps: bool
) -> dict[str, Record]:
    given = slots(sent.get(name, ()), kind)
    return {**kept, **{slot: {**empty, **(kept.get(slot, {}) if keeps else {}), **new} for slot, new in given.items()}}


def echo(sent: Record, messages: Sequence[str]) -> Record:
    """A refused element as Xero gives it back: what was sent, empty lists for what was not, and what is wrong."""
    lists: dict[str, Any] = {
        "Addresses": [{**slot, "ValidationErrors": []} for slot in sent.get("Addresses", ())],
        "Phones": [{**slot, "ValidationErrors": []} for slot in sent.get("Phones", ())],
        "ContactGroups": [],
        "ContactPersons": sent.get("ContactPersons", []),
    }
    if "PaymentTerms" in sent:
        lists["PaymentTerms"] = {side: {**term, "ValidationErrors": []} for side, term in sent["PaymentTerms"].items()}
    return {
        "ContactID": errors.ZERO_GUID,
        **sent,
        **lists,
        "HasValidationErrors": True,
        "ValidationErrors": [{"Message": message} for message in messages],
    }


def _identity(sent: Record) -> str | None:
    identity = sent.get("ContactID")
    return None if identity in (None, errors.ZERO_GUID) else str(identity)


def _active_named(name: str, world: World) -> Record | None:
    exact = world.environment.quirks["name-case"] == "sensitive"
    for record in world.contacts.found("Name", name):
        same = record["Name"] == name if exact else record["Name"].casefold() == name.casefold()
        if same and record["ContactStatus"] == "ACTIVE":
            return record
    return None
