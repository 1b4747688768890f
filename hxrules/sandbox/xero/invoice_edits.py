"""What may still be done to an invoice or bill that exists, by its status and by the money on it.

Sources: facts/xero.md 6.4, "Status" and "What can be edited", and its catalogue of texts (11).
Invariant: an edit is a value that differs; sending a value that the document already has is none.
See also: `invoice_rules` (asks), `settlement` (who makes a document PAID).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.settlement import money_applied

NEW_STATUSES: Final = ("DRAFT", "SUBMITTED", "AUTHORISED")
_TRANSITIONS: Final = {
    "DRAFT": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"),
    "AUTHORISED": ("AUTHORISED", "VOIDED"),
    "PAID": ("PAID",),
}
_RULED_OUT_BY_MONEY: Final = ("DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED")
_FIXED_BY_MONEY: Final = ("CurrencyCode", "CurrencyRate", "LineAmountTypes", "ExpectedPaymentDate")
_FREE_ON_LINES: Final = frozenset({"LineItemID", "Description", "AccountCode", "AccountID", "Tracking"})
_SILENT: Final = frozenset({"DueDate", "SentToContact"})
"""Edits that make no journal, so that a document with money on it keeps its date of change (facts/xero.md 5.1)."""


def status_problem(current: Record | None, wanted: str) -> str | None:
    """Why the document cannot get the wanted status; None where it can."""
    if current is None:
        return None if wanted in NEW_STATUSES else errors.STATUS_FOR_CREATION
    if wanted != current["Status"] and money_applied(current) and wanted in _RULED_OUT_BY_MONEY:
        return errors.money_applied(wanted)
    allowed = _TRANSITIONS.get(current["Status"], ())
    return None if wanted in allowed else errors.STATUS_FOR_MODIFICATION


def edit_problems(sent: Record, current: Record) -> list[str]:
    """The texts for every edit that the money on the document rules out."""
    if not money_applied(current):
        return []
    found = [errors.DATE_WITH_MONEY_APPLIED] if _differs("Date", sent, current) else []
    contact = sent.get("Contact", {}).get("ContactID", current["Contact"]["ContactID"])
    moved = contact != current["Contact"]["ContactID"] and current["AmountCredited"]
    if moved or any(_differs(name, sent, current) for name in _FIXED_BY_MONEY):
        found.append(errors.MONEY_APPLIED)
    if sent.get("LineItems"):
        found += _line_problems(sent["LineItems"], current["LineItems"])
    return list(dict.fromkeys(found))


def is_silent(sent: Record, current: Record) -> bool:
    """Whether a write leaves the date of change as it is: the documented blind spot of `If-Modified-Since`."""
    edited = {name for name in sent if name not in ("InvoiceID", "Contact") and _differs(name, sent, current)}
    return money_applied(current) and bool(edited) and edited <= _SILENT


def _line_problems(sent: Sequence[Record], current: Sequence[Record]) -> list[str]:
    known = {line["LineItemID"]: line for line in current}
    if any(line.get("LineItemID") not in known for line in sent):
        return [errors.LINE_ID_MISSING]
    edited = any(
        _differs(name, line, known[line["LineItemID"]]) for line in sent for name in line if name not in _FREE_ON_LINES
    )
    return [errors.MONEY_APPLIED] if edited or len(sent) < len(current) else []


def _differs(name: str, sent: Record, current: Record) -> bool:
    return name in sent and sent[name] != current.get(name)
