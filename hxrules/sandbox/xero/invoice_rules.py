"""The rules by which invoices and bills are made and changed.

What: `INVOICE` reads an element; `matching` finds the document that a POST means; a `Draft` takes one element to the
document that it becomes, or raises `Invalid` with the texts of every rule that it breaks.
Sources: facts/xero.md 2.4, 6.1, 6.4, 6.8 and its catalogue of texts (11).
Invariant: nothing here changes the world.
See also: `invoices` (who does), `line_rules`, `invoice_contacts`, `invoice_edits`, `settlement`.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlsplit

from hxrules.sandbox.xero import contact_rules, errors, invoice_edits
from hxrules.sandbox.xero.batches import Invalid
from hxrules.sandbox.xero.bodies import anything, boolean, choice, day, guid, listed, number, shape, text
from hxrules.sandbox.xero.calendars import due_day, today
from hxrules.sandbox.xero.currency_rates import ONE, SMALLEST, day_rate
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.invoice_contacts import contact_of
from hxrules.sandbox.xero.line_rules import LINE, Lines
from hxrules.sandbox.xero.locks import lock_problems
from hxrules.sandbox.xero.money import AMOUNT_TYPES, NOTHING, Rounding, too_large, total_discount, totals
from hxrules.sandbox.xero.settlement import ENDED, money_applied, settled
from hxrules.sandbox.xero.world import World

INVOICE: Final = shape(
    Type=text,
    InvoiceID=guid,
    InvoiceNumber=text,
    Reference=text,
    SentToContact=boolean,
    CurrencyRate=number,
    Contact=contact_rules.CONTACT,
    Date=day,
    DueDate=day,
    ExpectedPaymentDate=day,
    PlannedPaymentDate=day,
    BrandingThemeID=guid,
    Url=text,
    Status=choice("DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"),
    LineAmountTypes=choice(*AMOUNT_TYPES),
    LineItems=listed(LINE),
    SubTotal=anything,
    TotalTax=anything,
    Total=anything,
    CurrencyCode=text,
)
"""Reads one document of a body. Fields read by `anything` are read only: they are repeated in errors and not kept."""

_KINDS: Final = ("ACCREC", "ACCPAY")
_TAKEN_OVER: Final = ("BrandingThemeID", "Url", "ExpectedPaymentDate", "PlannedPaymentDate")
_LONGEST: Final = {"InvoiceNumber": 255, "Reference": 255}


def matching(sent: Record, world: World) -> Record | None:
    """The document that an element of a POST means: by `InvoiceID`, else by the number of a sales invoice."""
    identity = sent.get("InvoiceID", errors.ZERO_GUID)
    if identity != errors.ZERO_GUID:
        return world.invoices.get(identity)
    if sent.get("Type", "ACCREC") != "ACCREC" or not sent.get("InvoiceNumber"):
        return None
    return _holder(sent["InvoiceNumber"], world)


def unknown_id(sent: Record, world: World) -> bool:
    """Whether the element names an id that no document has."""
    identity = sent.get("InvoiceID", errors.ZERO_GUID)
    return identity != errors.ZERO_GUID and world.invoices.get(identity) is None


def is_approved(invoice: Record) -> bool:
    """Whether the document has been approved and stands."""
    return invoice["Status"] in ("AUTHORISED", "PAID")


def approvals_left(world: World) -> bool:
    """Whether the plan allows one more approval this month (quirk `xero-approval-limit`)."""
    month = today(world).replace(day=1)
    return len(world.approved.get(month, ())) < world.environment.number("xero-approval-limit")


def _holder(number: str, world: World) -> Record | None:
    """The sales invoice of this number; the quirk `number-reuse` says whether one that has ended still holds it."""
    ended = ENDED if world.environment.quirks["number-reuse"] == "yes" else ()
    rows = world.invoices.found("InvoiceNumber", number)
    return next((row for row in rows if row["Type"] == "ACCREC" and row["Status"] not in ended), None)


class Draft:
    """One element on its way to a document. `current` is what it changes, None for a new one."""

    def __init__(self, sent: Record, current: Record | None, world: World, decimals: int) -> None:
        self._sent = sent
        self._current = current
        self._world = world
        self._decimals = decimals
        self._messages: list[str] = []
        self._status: str = sent.get("Status") or (current["Status"] if current else "DRAFT")
        self._kind: str = current["Type"] if current else sent.get("Type", "")
        self._handed_in = self._status != "DRAFT" and (current is None or current["Status"] != self._status)
        self.warnings: list[str] = []
        self.contact: Record = {}

    def finished(self) -> Record:
        """The document, with `contact` as it is then; raises `Invalid`."""
        if self._kind not in _KINDS:
            raise Invalid(errors.TYPE_MISSING)
        if problem := invoice_edits.status_problem(self._current, self._status):
            if self._current and not money_applied(self._current):
                raise Invalid(problem)
            self._messages.append(problem)
        record = self._ended() if self._current and self._status in ENDED else self._written()
        if self._messages:
            raise Invalid(*dict.fromkeys(self._messages))
        silent = self._current is not None and invoice_edits.is_silent(self._sent, self._current)
        return record if silent else {**record, "UpdatedDateUTC": self._world.now()}

    def _ended(self) -> Record:
        """Voided or deleted: nothing else that was sent counts."""
        assert self._current is not None
        self.contact = self._contact(self._current["Contact"])
        self._check_locks(self._current["Date"])
        if self._status == "VOIDED" and self._kind == "ACCPAY" and self.contact["ContactStatus"] != "ACTIVE":
            self._messages.append(errors.CONTACT_ON_DOCUMENT_ARCHIVED)
        return settled({**self._current, "Status": self._status}, self._world)

    def _written(self) -> Record:
        sent, current = self._sent, self._current or {}
        if current:
            self._messages += invoice_edits.edit_problems(sent, current)
        self.contact = self._contact(sent.get("Contact") or current.get("Contact", {}))
        record: Record = {
            "Type": self._kind,
            "InvoiceID": current.get("InvoiceID") or self._world.new_id(),
            "AmountPaid": NOTHING,
            "AmountCredited": NOTHING,
            **current,
            "InvoiceNumber": self._number(),
            "Reference": sent.get("Reference", current.get("Reference", "")) if self._kind == "ACCREC" else "",
            "Contact": {"ContactID": self.contact.get("ContactID")},
            "Status": self._status,
            "LineAmountTypes": sent.get("LineAmountTypes") or current.get("LineAmountTypes", AMOUNT_TYPES[0]),
            **{name: sent[name] for name in _TAKEN_OVER if name in sent},
        }
        record |= self._days()
        record |= self._currency(record["Date"])
        record |= self._sent_mark()
        record |= self._figures(record["LineAmountTypes"])
        self._check_texts(record)
        self._check_locks(record["Date"])
        if self._status == "AUTHORISED" and not (current and is_approved(current)) and not approvals_left(self._world):
            self._messages.append(errors.APPROVALS_USED_UP)
        return record if self._messages else settled(record, self._world)

    def _contact(self, named: Record) -> Record:
        if not named:
            self._messages.append(errors.CONTACT_MISSING)
            return {}
        if self._current and named == self._current["Contact"]:
            return self._world.contacts.get(named["ContactID"]) or {}
        try:
            found = contact_of(named, self._world)
        except Invalid as invalid:
            self._messages += invalid.messages
            return {}
        return {**found, "IsCustomer" if self._kind == "ACCREC" else "IsSupplier": True}

    def _number(self) -> str:
        """The number; a sales invoice gets the next one when it has none, and none may be had twice."""
        number = self._sent.get("InvoiceNumber") or (self._current or {}).get("InvoiceNumber")
        if self._kind == "ACCPAY" or number is None:
            return number or (self._world.next_number() if self._kind == "ACCREC" else "")
        holder = _holder(number, self._world)
        if holder and holder["InvoiceID"] != (self._current or {}).get("InvoiceID"):
            self._messages.append(errors.NUMBER_TAKEN)
        return str(number)

    def _days(self) -> Record:
        """The dates; a new document is of today, and its terms say when it is due."""
        given = {**(self._current or {}), **self._sent}
        found: dict[str, date] = {"Date": given.get("Date") or today(self._world)}
        due = given.get("DueDate")
        if due is None and self._world.environment.quirks["terms-due-date"] == "filled":
            side = "Sales" if self._kind == "ACCREC" else "Bills"
            terms = (self.contact.get("PaymentTerms"), self._world.organisation.get("PaymentTerms"))
            due = next((day for each in terms if (day := due_day(found["Date"], (each or {}).get(side)))), None)
        if due is None:
            self._messages += [errors.DUE_DATE_MISSING] if self._handed_in else []
            return found
        if due < found["Date"] and self._world.environment.quirks["due-before-date"] == "refused":
            self._messages.append(errors.DUE_BEFORE_DATE)
        return {**found, "DueDate": due}

    def _currency(self, day: date) -> Record:
        current: Record = self._current or {}
        base = self._world.organisation["BaseCurrency"]
        code = str(self._sent.get("CurrencyCode") or current.get("CurrencyCode", base))
        if self._world.currencies.get(code) is None:
            self._messages.append(errors.not_subscribed(code))
        rate = self._sent.get("CurrencyRate")
        if rate is not None and (rate < SMALLEST or too_large(rate)):
            self._messages.append(errors.RATE_NOT_POSITIVE)
            rate = None
        if code == base:
            rate = ONE
        elif rate is not None:
            rate = Rounding().rate(rate)
        elif code == current.get("CurrencyCode"):
            rate = current["CurrencyRate"]
        else:
            rate = day_rate(code, base, day)
        return {"CurrencyCode": code, "CurrencyRate": rate}

    def _sent_mark(self) -> Record:
        """Whether it is marked as sent, which only an approved sales invoice can be."""
        if self._kind != "ACCREC":
            return {}
        wanted, mark = self._sent.get("SentToContact"), (self._current or {}).get("SentToContact", False)
        if wanted is not None and wanted != mark and self._status not in ("AUTHORISED", "PAID"):
            self.warnings.append(errors.NOT_SENT)
            wanted = None
        return {"SentToContact": mark if wanted is None else wanted}

    def _figures(self, amounts: str) -> Record:
        """The lines and what they come to, as far as the write touches them."""
        current, quirks = self._current or {}, self._world.environment.quirks
        sent, kept = self._sent.get("LineItems"), current.get("LineItems", [])
        anew = amounts != current.get("LineAmountTypes", amounts)
        edited = bool(sent) or (sent is not None and quirks["empty-line-list"] == "removes")
        if current and not edited and not anew and not self._handed_in:
            return {}
        rounding, complete = Rounding.of(quirks), self._status != "DRAFT"
        lines = Lines(self._world, self._kind, amounts, complete, anew, self._decimals, rounding, self._messages)
        made = lines.merged(sent or [], kept) if edited else [lines.completed({}, line) for line in kept]
        if not made and (complete or (not current and quirks["empty-draft"] == "refused")):
            self._messages.append(errors.LINES_MISSING)
        figures: Record = totals(made, amounts)
        if figures["Total"] < 0:
            self._messages.append(errors.TOTAL_NEGATIVE)
        if too_large(figures["Total"]):
            self._messages.append(errors.AMOUNT_TOO_LARGE)
        return {"LineItems": made, **figures, "TotalDiscount": total_discount(made, rounding)}

    def _check_texts(self, record: Record) -> None:
        self._messages += [errors.too_long(name, most) for name, most in _LONGEST.items() if len(record[name]) > most]
        if not all(" " <= letter <= "~" for letter in record["InvoiceNumber"]):
            self._messages.append(errors.NUMBER_NOT_ASCII)
        if "Url" in self._sent and not _is_address(self._sent["Url"]):
            self._messages.append(errors.URL_INVALID)

    def _check_locks(self, day: date) -> None:
        """Neither the day that the document has nor the one that it gets may be locked."""
        if self._status != "DRAFT" or self._world.environment.quirks["locked-drafts"] == "refused":
            self._messages += lock_problems(self._world, (day, (self._current or {}).get("Date")))


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and "xero" not in value.lower()
