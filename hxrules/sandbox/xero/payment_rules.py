"""The rules by which payments are made and deleted; nothing else can be done to one.

What: `PAYMENT` reads an element; `made` is the new payment, `deleted` the one taken back; both raise `Invalid`.
Sources: facts/xero.md 6.5, 6.8 and its catalogue of texts (11).
Invariant: nothing here changes the world.
See also: `payments` (who does, and settles the invoice), `payment_shape`, `settlement`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from hxrules.sandbox.xero import chart, errors
from hxrules.sandbox.xero.batches import Invalid
from hxrules.sandbox.xero.bodies import anything, boolean, choice, day, guid, number, shape, text
from hxrules.sandbox.xero.calendars import today
from hxrules.sandbox.xero.currency_rates import ONE, SMALLEST, day_rate
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.locks import lock_problems
from hxrules.sandbox.xero.money import NOTHING, Rounding, too_large
from hxrules.sandbox.xero.world import World

PAYMENT: Final = shape(
    PaymentID=guid,
    Invoice=shape(InvoiceID=guid, InvoiceNumber=text),
    CreditNote=anything,
    Prepayment=anything,
    Overpayment=anything,
    InvoiceNumber=text,
    Account=shape(AccountID=guid, Code=text),
    Code=text,
    Date=day,
    CurrencyRate=number,
    Amount=number,
    BankAmount=number,
    Reference=text,
    IsReconciled=boolean,
    Status=choice("AUTHORISED", "DELETED"),
)
"""Reads one payment of a body."""

_DOCUMENTS: Final = ("Invoice", "CreditNote", "Prepayment", "Overpayment")


def unknown_id(sent: Record, world: World) -> bool:
    """Whether the element names an id that no payment has."""
    identity = sent.get("PaymentID", errors.ZERO_GUID)
    return identity != errors.ZERO_GUID and world.payments.get(identity) is None


def made(sent: Record, world: World) -> Record:
    """The new payment; raises `Invalid` with the texts of every rule that it breaks."""
    invoice, found = _document(sent, world)
    account, problems = _account(sent, world)
    day = sent.get("Date") or today(world)
    found += problems + lock_problems(world, (day,))
    amount = sent.get("Amount", NOTHING)
    if amount <= 0 or too_large(amount):
        found.append(errors.AMOUNT_TOO_LARGE if too_large(amount) else errors.PAYMENT_NOT_POSITIVE)
        amount = NOTHING
    amount = Rounding.of(world.environment.quirks).cents(amount)
    if invoice and invoice["Status"] != "AUTHORISED":
        found.append(errors.NOT_AUTHORISED)
    if invoice and amount > invoice["AmountDue"]:
        found.append(errors.OVER_OUTSTANDING)
    if any(sent.get(name, ONE) < SMALLEST or too_large(sent.get(name, ONE)) for name in ("CurrencyRate", "BankAmount")):
        found.append(errors.RATE_NOT_POSITIVE)
    if sent.get("Status") == "DELETED":
        found.append(errors.PAYMENT_STATUS)
    if found or invoice is None or account is None:
        raise Invalid(*dict.fromkeys(found))
    return {
        "PaymentID": world.new_id(),
        "Date": day,
        **_at_the_bank(sent, amount, day, invoice["CurrencyCode"], account, world),
        "Amount": amount,
        **({"Reference": sent["Reference"]} if "Reference" in sent else {}),
        "PaymentType": f"{invoice['Type']}PAYMENT",
        "Status": "AUTHORISED",
        "IsReconciled": sent.get("IsReconciled", False),
        "Account": {"AccountID": account["AccountID"]},
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "UpdatedDateUTC": world.now(),
    }


def deleted(sent: Record, current: Record, world: World) -> Record:
    """The payment taken back; raises `Invalid`."""
    if set(sent) - {"PaymentID", "Status"}:
        raise Invalid(errors.PAYMENT_STATUS_ONLY)
    if sent.get("Status") != "DELETED" or current["Status"] == "DELETED":
        raise Invalid(errors.PAYMENT_STATUS)
    if current.get("BatchPaymentID"):
        raise Invalid(errors.PAYMENT_IN_BATCH)
    if current["IsReconciled"] and world.environment.quirks["reconciled-delete"] == "refused":
        raise Invalid(errors.PAYMENT_RECONCILED)
    if problems := lock_problems(world, (current["Date"],)):
        raise Invalid(*problems)
    return {**current, "Status": "DELETED", "UpdatedDateUTC": world.now()}


def _document(sent: Record, world: World) -> tuple[Record | None, list[str]]:
    """The invoice that is paid. Credit notes, prepayments and overpayments cannot be made here, so none is found."""
    named = [name for name in _DOCUMENTS if sent.get(name)]
    if len(named) > 1 or (not named and not sent.get("InvoiceNumber")):
        return None, [errors.DOCUMENT_NOT_ONE]
    reference: Record = sent.get("Invoice") or {"InvoiceNumber": sent.get("InvoiceNumber", "")}
    found = world.invoices.get(reference.get("InvoiceID", "")) if named in ([], ["Invoice"]) else None
    if found is None and named in ([], ["Invoice"]) and reference.get("InvoiceNumber"):
        found = next(iter(world.invoices.found("InvoiceNumber", reference["InvoiceNumber"])), None)
    return found, [] if found else [errors.DOCUMENT_UNKNOWN]


def _account(sent: Record, world: World) -> tuple[Record | None, list[str]]:
    """The account that the money is on: a bank account, or one that payments are enabled to."""
    named = sent.get("Account", {})
    account = chart.account_named(world, named.get("Code") or sent.get("Code"), named.get("AccountID"))
    if account is None or account["Status"] != "ACTIVE":
        return None, [errors.PAYMENT_ACCOUNT_UNKNOWN]
    if account["Type"] != "BANK" and not account["EnablePaymentsToAccount"]:
        return account, [errors.PAYMENT_ACCOUNT_UNFIT]
    return account, []


def _at_the_bank(
    sent: Record, amount: Decimal, day: date, currency: str, account: Record, world: World
) -> dict[str, Any]:
    """The rate, and the amount in the currency of the account; a sent `BankAmount` says the rate (facts/xero.md 6.5)."""
    base, rounding = world.organisation["BaseCurrency"], Rounding.of(world.environment.quirks)
    held = str(account.get("CurrencyCode", base))
    if currency == held == base:
        return {"BankAmount": amount, "CurrencyRate": ONE}
    rate = sent.get("CurrencyRate") or day_rate(currency, base, day)
    if held == currency:
        return {"BankAmount": amount, "CurrencyRate": rounding.rate(rate)}
    at_bank = sent.get("BankAmount")
    if at_bank is None:
        at_bank = amount / rate * day_rate(held, base, day)
    elif held == base:
        rate = amount / at_bank
    return {"BankAmount": rounding.cents(at_bank), "CurrencyRate": rounding.rate(rate)}
