"""The shapes of a payment, as each kind of answer shows it: in a list, by id, just written.

Invariants: the account has its code in a list and its name too when read alone; the invoice is a reference in a list, and
stands there with its amounts and status otherwise (facts/xero.md 6.5).
See also: `payments` (who answers), `invoice_shape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hxrules.sandbox.xero.dates import wire, written
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.errors import ZERO_GUID
from hxrules.sandbox.xero.invoice_shape import inner_view, reference_view

_HEAD: Final = ("PaymentID", "BatchPaymentID", "BatchPayment")
_BODY: Final = ("BankAmount", "Amount", "Reference", "CurrencyRate", "PaymentType", "Status")


def list_view(record: Record, account: Record, invoice: Record, contact: Record) -> Record:
    """The payment in a list, with pages or without."""
    return _view(record, _some(account, ("AccountID", "Code")), reference_view(invoice, contact))


def single_view(
    record: Record, account: Record, invoice: Record, contact: Record, payments: Iterable[Record] | None = None
) -> Record:
    """The payment read by its id, with the `payments` on its invoice; without them, as just written."""
    return _view(record, _some(account, ("AccountID", "Code", "Name")), inner_view(invoice, contact, payments))


def echo(sent: Record, messages: Sequence[str]) -> Record:
    """A refused element as Xero gives it back."""
    told = {name: written(value) if name == "Date" else value for name, value in sent.items()}
    found = [{"Message": message} for message in messages]
    return {"PaymentID": ZERO_GUID, **told, "HasAccount": False, "HasValidationErrors": True, "ValidationErrors": found}


def _view(record: Record, account: Record, invoice: Record) -> Record:
    return {
        **wire(_some(record, _HEAD)),
        "Date": written(record["Date"]),
        **_some(record, _BODY),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"]),
        "UpdatedDateUTCString": f"{record['UpdatedDateUTC']:%Y-%m-%dT%H:%M:%SZ}",
        "HasAccount": bool(account),
        "IsReconciled": record["IsReconciled"],
        "Account": account,
        "Invoice": invoice,
        "HasValidationErrors": False,
    }


def _some(record: Record, names: Iterable[str]) -> Record:
    return {name: record[name] for name in names if name in record}
