"""The shapes of an invoice or bill, as each kind of answer shows it: in a list without `page`, on a page, by key, written.

Invariants: a list shows a stub of the contact, a read by key and a write the contact itself; dates have textual twins;
`UnitAmount` has two decimals unless `unitdp=4` is asked for; a read by key leaves empty `Payments` and `CreditNotes` out,
which the list of the same invoice shows as `[]` (recorded); payments inside an invoice have no status; the answer to a
voiding still shows the amount that later reads show as 0. Facts/xero.md 2.2, 2.5, 5.2, 5.3, 6.4, 6.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from hxrules.sandbox.xero import contact_rules
from hxrules.sandbox.xero.contact_shape import write_view as contact_view
from hxrules.sandbox.xero.dates import wire, written
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.errors import ZERO_GUID
from hxrules.sandbox.xero.money import shown_price
from hxrules.sandbox.xero.settlement import outstanding

_HEAD: Final = ("Type", "InvoiceID", "InvoiceNumber", "Reference")
_FIGURES: Final = ("AmountDue", "AmountPaid", "AmountCredited", "SentToContact", "CurrencyRate")
_DAYS: Final = ("Date", "DueDate", "ExpectedPaymentDate", "PlannedPaymentDate")
_TWINS: Final = ("Date", "DueDate")
_STATE: Final = ("BrandingThemeID", "Url", "Status", "LineAmountTypes")
_BEYOND_SUMMARY: Final = ("Payments", "HasAttachments", "LineItems", "CISDeduction")
_BEYOND_SINGLE: Final = ("InvoiceAddresses",)
_BEYOND_WRITE: Final = ("Payments", "CreditNotes", "AmountCredited", "HasAttachments", "InvoiceAddresses")
_EMPTY: Final = ("Payments", "CreditNotes", "Prepayments", "Overpayments")


def page_view(record: Record, contact: Record, payments: Iterable[Record], *, decimals: int = 2) -> Record:
    """The invoice on a page."""
    return {
        **_some(record, _HEAD),
        "Payments": [_payment_row(payment) for payment in payments],
        "CreditNotes": [_credit_row(note) for note in record.get("CreditNotes", ())],
        "Prepayments": wire(record.get("Prepayments", [])),
        "Overpayments": wire(record.get("Overpayments", [])),
        **_some(record, _FIGURES),
        "IsDiscounted": bool(record.get("TotalDiscount")),
        "HasAttachments": False,
        "InvoiceAddresses": [],
        "HasErrors": False,
        **_some(record, ("RepeatingInvoiceID",)),
        "InvoicePaymentServices": [],
        "UpdatedDateUTCString": f"{record['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%SZ}",
        "Contact": stub_of(contact),
        **_days(record),
        **_some(record, _STATE),
        "LineItems": [_line(line, decimals) for line in record["LineItems"]],
        **_some(record, ("SubTotal", "TotalTax", "Total")),
        **(_some(record, ("TotalDiscount",)) if record.get("TotalDiscount") else {}),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"]),
        "CurrencyCode": record["CurrencyCode"],
        **({"FullyPaidOnDate": written(record["FullyPaidOnDate"])} if "FullyPaidOnDate" in record else {}),
    }


def stub_view(record: Record, contact: Record, payments: Iterable[Record]) -> Record:
    """The invoice in a list that was asked for without `page`: no line items."""
    return page_view({**record, "LineItems": []}, contact, payments)


def summary_view(record: Record, contact: Record) -> Record:
    """The invoice under `summaryOnly`."""
    return _without(page_view({**record, "LineItems": []}, contact, ()), _BEYOND_SUMMARY)


def single_view(record: Record, contact: Record, payments: Sequence[Record], *, decimals: int = 2) -> Record:
    """The invoice read by its id or number."""
    row = _without(page_view(record, contact, payments, decimals=decimals), _BEYOND_SINGLE)
    row |= {"Contact": contact_view(contact), "LineItems": _checked(row["LineItems"]), "Attachments": []}
    return {name: value for name, value in row.items() if value or name not in ("Payments", "CreditNotes")}


def write_view(record: Record, contact: Record, *, decimals: int = 2) -> Record:
    """The invoice as the answer to a write shows it."""
    row = _without(page_view(record, contact, (), decimals=decimals), _BEYOND_WRITE)
    lines = _checked(row["LineItems"])
    return {**row, "AmountDue": outstanding(record), "Contact": contact_view(contact), "LineItems": lines}


def inner_view(record: Record, contact: Record, payments: Iterable[Record] | None = None) -> Record:
    """The invoice inside a payment that is read by its id, or that has just been written."""
    row = page_view(record, contact, payments or ())
    shown = _without(row, (*(_BEYOND_WRITE if payments is None else _BEYOND_WRITE[1:]), "InvoicePaymentServices"))
    named = {"ContactID": contact["ContactID"], "Name": contact["Name"], "ContactPersons": []}
    return {**shown, "Contact": {**named, "HasValidationErrors": False}, "LineItems": _checked(row["LineItems"])}


def reference_view(record: Record, contact: Record) -> Record:
    """The invoice inside a payment that stands in a list."""
    empty: dict[str, Any] = {name: [] for name in _EMPTY}
    return {
        **_some(record, ("Type", "InvoiceID", "InvoiceNumber")),
        **empty,
        "IsDiscounted": False,
        "InvoiceAddresses": [],
        "HasErrors": False,
        "InvoicePaymentServices": [],
        "Contact": stub_of(contact),
        "LineItems": [],
        "CurrencyCode": record["CurrencyCode"],
    }


def echo(sent: Record, messages: Sequence[str]) -> Record:
    """A refused element as Xero gives it back: what was sent, empty lists for what was not, and what is wrong."""
    empty: dict[str, Any] = {name: [] for name in _EMPTY}
    contact = contact_rules.echo(sent.get("Contact", {}), ())
    if "ContactID" not in sent.get("Contact", {}):
        del contact["ContactID"]
    return {
        "InvoiceID": ZERO_GUID,
        **_without(sent, _DAYS),
        **empty,
        "IsDiscounted": False,
        "InvoiceAddresses": [],
        "HasErrors": True,
        "InvoicePaymentServices": [],
        "Contact": {**contact, "HasValidationErrors": False},
        **_days(sent),
        "LineItems": [{"Tracking": [], **line} for line in sent.get("LineItems", ())],
        "ValidationErrors": [{"Message": message} for message in messages],
    }


def stub_of(contact: Record) -> Record:
    """A contact as documents in a list show it."""
    empty: dict[str, list[Any]] = {"Addresses": [], "Phones": [], "ContactGroups": [], "ContactPersons": []}
    return {"ContactID": contact["ContactID"], "Name": contact["Name"], **empty, "HasValidationErrors": False}


def _some(record: Record, names: Iterable[str]) -> Record:
    return {name: record[name] for name in names if name in record}


def _without(record: Record, names: Iterable[str]) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def _line(line: Record, decimals: int) -> Record:
    if "UnitAmount" not in line:
        return line
    return {**line, "UnitAmount": shown_price(line["UnitAmount"], decimals)}


def _checked(lines: Iterable[Record]) -> list[Record]:
    return [{**line, "ValidationErrors": []} for line in lines]


def _days(record: Record) -> Record:
    """The dates, with their textual twins before them as Xero puts them."""
    found: Record = {}
    for name in _DAYS:
        if name in record:
            found |= {f"{name}String": _text(record[name])} if name in _TWINS else {}
            found[name] = written(record[name])
    return found


def _text(day: date) -> str:
    return f"{day:%Y-%m-%dT00:00:00}"


def _payment_row(payment: Record) -> Record:
    kept = _some(payment, ("PaymentID", "BatchPaymentID"))
    figures = _some(payment, ("Amount", "Reference", "CurrencyRate"))
    return {**kept, "Date": written(payment["Date"]), **figures, "HasAccount": False, "HasValidationErrors": False}


def _credit_row(note: Record) -> Record:
    kept = _some(note, ("CreditNoteID", "CreditNoteNumber"))
    return {
        **kept,
        "ID": note["CreditNoteID"],
        "HasErrors": False,
        "InvoiceAddresses": [],
        **_some(note, ("CurrencyRate", "AppliedAmount")),
        "DateString": _text(note["Date"]),
        "Date": written(note["Date"]),
        "LineItems": [],
        "Total": note["Total"],
    }
