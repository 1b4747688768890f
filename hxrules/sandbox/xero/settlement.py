"""What a document owes, and the status that follows from it: money applied makes it PAID, taking it away AUTHORISED.

Invariants: `AmountPaid` is the sum of the payments that are not deleted, `AmountDue` is the total less payments and
credits; PAID is never written but only comes of that (facts/xero.md 6.4, 6.5). A voided or deleted document owes nothing,
as recorded pages show, although the answer to its voiding still shows the amount.
See also: `payments`, `invoice_rules`, `loading` (after which of their changes it is called).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.money import NOTHING
from hxrules.sandbox.xero.world import World

ENDED: Final = ("VOIDED", "DELETED")


def settled(invoice: Record, world: World) -> Record:
    """The invoice with what its payments and credits make of it; its date of change is left as it is."""
    payments = payments_of(invoice, world)
    paid = sum((payment["Amount"] for payment in payments), NOTHING)
    record = {**invoice, "AmountPaid": paid, "AmountDue": outstanding({**invoice, "AmountPaid": paid})}
    record.pop("FullyPaidOnDate", None)
    if invoice["Status"] in ENDED:
        return {**record, "AmountDue": NOTHING}
    if invoice["Status"] not in ("AUTHORISED", "PAID"):
        return record
    always = world.environment.quirks["zero-invoice"] == "paid"
    if record["AmountDue"] or not (invoice["Total"] or always):
        return {**record, "Status": "AUTHORISED"}
    days: list[date] = [row["Date"] for row in (*payments, *invoice.get("CreditNotes", ())) if "Date" in row]
    return {**record, "Status": "PAID", "FullyPaidOnDate": max(days, default=invoice["Date"])}


def outstanding(invoice: Record) -> Decimal:
    """The total of a document less payments and credits."""
    owed: Decimal = invoice["Total"] - invoice["AmountPaid"] - invoice["AmountCredited"]
    return owed


def money_applied(invoice: Record) -> bool:
    """Whether payments or credits stand on the document."""
    return bool(invoice["AmountPaid"] or invoice["AmountCredited"])


def payments_of(invoice: Record, world: World) -> list[Record]:
    """The payments on a document that are not deleted."""
    rows = world.payments.found("Invoice.InvoiceID", invoice["InvoiceID"])
    return [row for row in rows if row["Status"] != "DELETED"]
