"""The shapes of a contact: as the sandbox keeps it, and as each kind of answer shows it.

What: a kept contact has its phones and addresses as slots by type; `write_view`, `stub_view`, `page_view`, `single_view`
and `summary_view` are what a write, a list without `page`, a page, a read by key and `summaryOnly` show.
Invariants: all slots are always shown; a write and a read order the slots differently (recorded so); a field that was
never set is missing, a cleared one is "". Facts/xero.md 2.3, 5.2, 5.3, 6.2.
See also: `contacts` (who answers), `contact_rules` (who changes one).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hxrules.sandbox.xero.dates import written
from hxrules.sandbox.xero.envelope import Record

PHONE_TYPES: Final = ("DEFAULT", "DDI", "FAX", "MOBILE")
ADDRESS_TYPES: Final = ("STREET", "POBOX")

EMPTY_PHONE: Final = {"PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}
"""A phone slot of a contact that was made through the API; one that never had any has the type alone."""
EMPTY_ADDRESS: Final = {"City": "", "Region": "", "PostalCode": "", "Country": ""}

_PHONE_ORDER: Final = ("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")
_ADDRESS_ORDER: Final = (
    *(f"AddressLine{number}" for number in (1, 2, 3, 4)),
    *("City", "Region", "PostalCode", "Country", "AttentionTo"),
)
_HEAD: Final = (
    "ContactID",
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
)
_DEFAULTS: Final = (
    "SalesDefaultLineAmountType",
    "PurchasesDefaultLineAmountType",
    "DefaultCurrency",
    "SalesDefaultAccountCode",
    "PurchasesDefaultAccountCode",
    "XeroNetworkKey",
)
_DEEP: Final = ("Discount", "Website", "BrandingTheme", "BatchPayments", "PaymentTerms")
_KEPT: Final = {
    *_HEAD,
    *_DEFAULTS,
    *_DEEP,
    *("MergedToContactID", "ContactGroups", "ContactPersons", "IsSupplier", "IsCustomer", "UpdatedDateUTC"),
    *("SalesTrackingCategories", "PurchasesTrackingCategories"),
}


def from_json(row: Mapping[str, Any]) -> Record:
    """The kept form of a contact that Xero's API wrote; `row` has an id, a name and native dates."""
    record: Record = {
        "ContactStatus": "ACTIVE",
        "IsSupplier": False,
        "IsCustomer": False,
        "ContactGroups": [],
        "ContactPersons": [],
        **{name: value for name, value in row.items() if name in _KEPT and value is not None},
    }
    record["Phones"] = slots(row.get("Phones") or (), "PhoneType")
    record["Addresses"] = slots(row.get("Addresses") or (), "AddressType")
    return record


def slots(rows: Iterable[Mapping[str, Any]], kind: str) -> dict[str, Record]:
    """A list of phones or addresses as slots by type; the last of a type counts."""
    return {row[kind]: {name: value for name, value in row.items() if name != kind} for row in rows}


def write_view(record: Record) -> Record:
    """The contact as the answer to a write shows it."""
    return {
        **_some(record, _HEAD),
        "BankAccountDetails": record.get("BankAccountDetails", ""),
        "Addresses": _addresses(record, ADDRESS_TYPES),
        "Phones": _phones(record, PHONE_TYPES),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"]),
        "ContactGroups": record["ContactGroups"],
        "IsSupplier": record["IsSupplier"],
        "IsCustomer": record["IsCustomer"],
        **_some(record, _DEFAULTS),
        "SalesTrackingCategories": record.get("SalesTrackingCategories", []),
        "PurchasesTrackingCategories": record.get("PurchasesTrackingCategories", []),
        **_some(record, ("PaymentTerms",)),
        "ContactPersons": record["ContactPersons"],
        "HasValidationErrors": False,
    }


def stub_view(record: Record) -> Record:
    """The contact in a list that was asked for without `page`."""
    return {
        **_some(record, _HEAD),
        "Addresses": _addresses(record, sorted(ADDRESS_TYPES)),
        "Phones": _phones(record, sorted(PHONE_TYPES)),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"]),
        "ContactGroups": [],
        "IsSupplier": record["IsSupplier"],
        "IsCustomer": record["IsCustomer"],
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }


def page_view(record: Record, balances: Record | None = None) -> Record:
    """The contact on a page; `balances` is what it owes and is owed, where there is any."""
    view = {
        **stub_view(record),
        **_some(record, ("MergedToContactID", "SalesTrackingCategories", "PurchasesTrackingCategories")),
        **_some(record, _DEFAULTS),
        **_some(record, _DEEP),
        "ContactGroups": record["ContactGroups"],
        "ContactPersons": record["ContactPersons"],
    }
    return {**view, "Balances": balances} if balances else view


def single_view(record: Record, balances: Record | None = None) -> Record:
    """The contact read by its id or number."""
    return {**page_view(record, balances), "Attachments": []}


def summary_view(record: Record) -> Record:
    """The contact under `summaryOnly`."""
    return {
        **_some(record, ("MergedToContactID",)),
        **_some(record, _HEAD),
        "Phones": _phones(record, sorted(PHONE_TYPES)),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"]),
        **_some(record, ("SalesDefaultLineAmountType", "PurchasesDefaultLineAmountType", "DefaultCurrency")),
        "HasAttachments": False,
        "HasValidationErrors": False,
    }


def _some(record: Record, names: Iterable[str]) -> Record:
    return {name: record[name] for name in names if name in record}


def _phones(record: Record, order: Iterable[str]) -> list[Record]:
    phones = record["Phones"]
    return [{"PhoneType": kind, **_some(phones.get(kind, {}), _PHONE_ORDER)} for kind in order]


def _addresses(record: Record, order: Iterable[str]) -> list[Record]:
    addresses = record["Addresses"]
    return [{"AddressType": kind, **_some(addresses.get(kind, {}), _ADDRESS_ORDER)} for kind in order]
