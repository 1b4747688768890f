"""What belongs to an invoice, whether that may still be changed, and what the invoice comes to.

What: lines, discounts, fees, taxes and payments are parts of at most one invoice, by their links. `check_*` refuse changes
that the state of the invoice forbids; `follow` works out totals, balance, number and status after changes.
Invariants: a calculated value says so in its history (`records.CALCULATED`), so that an amount that was written (on a mirror:
an invoice with `hs_invoice_billable` false) is told apart from one that was worked out; only payments make a billable
invoice paid, or open again.
See also: facts/hubspot.md 3.5, 3.6, 12.8 and 12.9; `money` (arithmetic), `rules.invoices` (changes of the invoice itself).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from hxrules.sandbox.hubspot import money
from hxrules.sandbox.hubspot.account import Account
from hxrules.sandbox.hubspot.associations import Associations
from hxrules.sandbox.hubspot.errors import validation
from hxrules.sandbox.hubspot.records import Record, Store

INVOICES: Final = "invoices"
PAYMENTS: Final = "commerce_payments"
PRICED: Final = ("line_items", "discounts", "fees", "taxes")
"""The parts that make up the total."""
COMPUTED: Final = ("hs_subtotal", "hs_amount_billed", "hs_balance_due", "hs_amount_paid")
RECURRING: Final = ("recurringbillingfrequency", "hs_recurring_billing_period", "hs_recurring_billing_start_date")
FIRST_NUMBER: Final = 1001
_NUMBER: Final = re.compile(r"INV-(\d{1,12})")

Ref = tuple[str, str]
"""A record, by the plural name of its type and its id."""
Claims = set[tuple[str, str]]
"""What earlier inputs of the same batch are about to take."""


@dataclass(frozen=True)
class End:
    """One end of a link that is to be made; a record that is just being made has no id yet."""

    type: str
    id: str | None
    properties: Mapping[str, str]


def is_mirror(properties: Mapping[str, str]) -> bool:
    """Whether an invoice is only the record of one that another system issued."""
    return properties.get("hs_invoice_billable") == "false"


def status_of(properties: Mapping[str, str]) -> str:
    """The state of an invoice."""
    return properties.get("hs_invoice_status", "draft")


class Invoicing:
    """The invoices of one account, seen with their parts."""

    def __init__(
        self, account: Account, quirks: Mapping[str, str], stores: Mapping[str, Store], associations: Associations
    ) -> None:
        self._account = account
        self._quirks = quirks
        self._stores = stores
        self._links = associations
        self._number = FIRST_NUMBER

    def invoice_of(self, type: str, id: str) -> Record | None:
        """The invoice that a part belongs to."""
        linked = (self._stores[INVOICES].live(each) for each in self._links.between(type, id, INVOICES))
        return next((record for record in linked if record), None)

    def parts(self, id: str, type: str) -> list[Record]:
        """The records of a type that an invoice is linked with, in the order in which they were linked."""
        linked = (self._stores[type].live(each) for each in self._links.between(INVOICES, id, type))
        return [record for record in linked if record]

    def check_edit(self, invoice: Record, what: str) -> None:
        """Raise 400 when what an invoice comes to, or who owes it, can't be changed any more; `what` would be."""
        status = status_of(invoice.properties)
        if status == "draft" or (is_mirror(invoice.properties) and self._quirks["mirror-edits"] == "allowed"):
            return
        if status != "open":
            reason = f"it is {status}"
        elif any(each.properties.get("hs_latest_status") != "failed" for each in self.parts(invoice.id, PAYMENTS)):
            reason = "it has a payment"
        elif not self._account.edit_invoices:
            reason = "the account doesn't let open invoices be edited"
        else:
            return
        raise validation(f"{what} of invoice {invoice.id} can't be changed, because {reason}.")

    def check_part(self, type: str, id: str | None, what: str) -> None:
        """As `check_edit`, for a part of an invoice."""
        if id and (invoice := self.invoice_of(type, id)):
            self.check_edit(invoice, what)

    def check_links(self, one: End, others: Sequence[End], claims: Claims) -> None:
        """Raise 400 when a record can't be linked with these others; `claims` collects the parts that get an invoice."""
        if one.type in (*PRICED, PAYMENTS) and len({each.id for each in others if each.type == INVOICES}) > 1:
            raise validation(f"One of {one.type} can belong to one invoice only")
        for other in others:
            invoice, part = (one, other) if one.type == INVOICES else (other, one)
            if invoice.type == INVOICES and part.type in (*PRICED, PAYMENTS, "contacts"):
                self._check_link(invoice, part, claims)

    def check_recurring(self, invoice: Mapping[str, str], line: Mapping[str, str]) -> None:
        """Raise 400 for a line that is billed again and again, on an invoice that is to be paid once."""
        if not is_mirror(invoice) and any(line.get(name) for name in RECURRING):
            raise validation("A recurring line item can't be part of a billable invoice")

    def check_rate(self, line: Mapping[str, str]) -> None:
        """Raise 400 for a line with a rate of the library that is not in use any more."""
        rate = self._account.tax_rates.get(line.get("hs_tax_rate_group_id", ""))
        if rate and not rate.active:
            raise validation(f"The tax rate {rate.id} ({rate.label}) is inactive and can't be used")

    def check_unlink(self, one: Ref, other: Ref) -> None:
        """Raise 400 when the link of two records can't be removed."""
        (type, id), (part_type, part_id) = (one, other) if one[0] == INVOICES else (other, one)
        invoice = self._stores[INVOICES].live(id) if type == INVOICES else None
        if invoice and part_type in (*PRICED, "contacts") and part_id in self._links.between(type, id, part_type):
            self.check_edit(invoice, part_type)

    def owned(self, id: str) -> list[tuple[Store, Record]]:
        """The parts that go with an invoice when it is archived; payments stay."""
        return [(self._stores[type], part) for type in PRICED for part in self.parts(id, type)]

    def follow(self, touched: Iterable[Ref], now: datetime) -> None:
        """Work out anew what depends on records that were written, archived, linked or unlinked."""
        refs = dict.fromkeys(touched)
        payments = [id for type, id in refs if type == PAYMENTS]
        invoices = [id for type, id in refs if type == INVOICES]
        owners = (self.invoice_of(type, id) for type, id in refs if type in (*PRICED, PAYMENTS))
        invoices += [owner.id for owner in owners if owner]
        for id in dict.fromkeys(invoices):
            if invoice := self._stores[INVOICES].live(id):
                values = self._figures(invoice, paying=bool(payments))
                self._stores[INVOICES].calculate(invoice, values, now)
        for id in payments:
            if payment := self._stores[PAYMENTS].live(id):
                self._stores[PAYMENTS].calculate(payment, self._counted(id), now)

    def load(self) -> None:
        """Work out everything once for a seed; times of change stay, and so do amounts of invoices without lines."""
        store = self._stores[INVOICES]
        own = [
            each.properties.get("hs_number", "") for each in store.records.values() if not is_mirror(each.properties)
        ]
        numbers = [int(found[1]) for found in map(_NUMBER.fullmatch, own) if found]
        self._number = max([FIRST_NUMBER - 1, *numbers]) + 1
        for invoice in store.records.values():
            if not invoice.archived:
                if not is_mirror(invoice.properties) and any(self.parts(invoice.id, type) for type in PRICED):
                    invoice.properties = {k: v for k, v in invoice.properties.items() if k not in COMPUTED}
                store.calculate(invoice, self._figures(invoice, paying=False), None)
        for payment in self._stores[PAYMENTS].records.values():
            if not payment.archived:
                self._stores[PAYMENTS].calculate(payment, self._counted(payment.id), None)

    def _check_link(self, invoice: End, part: End, claims: Claims) -> None:
        if invoice.id and part.id and part.id in self._links.between(INVOICES, invoice.id, part.type):
            return
        if part.type != "contacts" and part.id:
            claim = (f"invoice of {part.type}", part.id)
            owner = self.invoice_of(part.type, part.id)
            if owner or claim in claims:
                by = f"invoice {owner.id}" if owner else "another invoice"
                raise validation(f"{part.type} {part.id} belongs to {by}, and can't be part of a second one")
            claims.add(claim)
        if part.type == "line_items":
            self.check_recurring(invoice.properties, part.properties)
            self.check_rate(part.properties)
        if part.type == PAYMENTS:
            currencies = invoice.properties.get("hs_currency"), part.properties.get("hs_currency_code")
            if currencies[0] != currencies[1]:
                raise validation(f"A payment in {currencies[1]} can't pay an invoice in {currencies[0]}")
        elif invoice.id and (record := self._stores[INVOICES].live(invoice.id)):
            self.check_edit(record, part.type)

    def _counted(self, id: str) -> dict[str, str]:
        """What a payment says about its invoices."""
        count = 1 if self.invoice_of(PAYMENTS, id) else 0
        return {
            "hs_has_associated_invoice": "true" if count else "false",
            "hs_number_of_associated_invoices": str(count),
        }

    def _figures(self, invoice: Record, *, paying: bool) -> dict[str, str]:
        """The calculated properties; when `paying`, the status follows the balance."""
        old, mirror, status = invoice.properties, is_mirror(invoice.properties), status_of(invoice.properties)
        priced = [[part.properties for part in self.parts(invoice.id, type)] for type in PRICED]
        subtotal, total = money.total(*priced, by_rate=self._quirks["invoice-tax-rounding"] == "rate")
        keeps_total = invoice.is_given("hs_amount_billed") and (mirror or not any(priced))
        if keeps_total:
            total = money.number(old, "hs_amount_billed")

        settles = self._quirks["payment-settles"] == "yes"
        payments = [each.properties for each in self.parts(invoice.id, PAYMENTS)] if settles else []
        paid = sum((money.received(each) for each in payments), money.NOTHING)
        if paying and settles and not mirror and status in ("open", "paid"):
            status = "paid" if paid and paid >= total else "open"
        keeps_balance = invoice.is_given("hs_balance_due") and (mirror or not (any(priced) or payments))
        balance = money.NOTHING if status in ("paid", "voided") else max(total - paid, money.NOTHING)
        if keeps_balance:
            balance = money.number(old, "hs_balance_due")

        amounts = {
            "hs_subtotal": subtotal,
            **({} if keeps_total else {"hs_amount_billed": total}),
            **({} if keeps_balance else {"hs_balance_due": balance}),
            "hs_amount_paid": paid if status == "voided" else max(paid, total - balance),
        }
        dates = [each["hs_initiated_date"] for each in payments if money.received(each)]
        return {
            **{name: f"{value:.2f}" for name, value in amounts.items()},
            "hs_amount_billed_in_company_currency": self._in_company_currency(total, old.get("hs_currency", "")),
            "hs_invoice_status": status,
            "hs_payment_date": max(dates, default="") if status == "paid" else "",
            **self._issued(invoice, status),
            "hs_invoice_latest_contact_email": self._latest(invoice.id, "contacts", "email"),
            "hs_invoice_latest_company_name": self._latest(invoice.id, "companies", "name"),
        }

    def _issued(self, invoice: Record, status: str) -> dict[str, str]:
        """Number and address of an invoice that is no draft any more."""
        old = invoice.properties
        mirror = is_mirror(old)
        if status == "draft" or (mirror and self._quirks["mirror-numbering"] == "none"):
            return {}
        number = old.get("hs_number")
        if not number:
            number = f"INV-{self._number}"
            self._number += 1
        if mirror:
            return {"hs_number": number}
        link = f"https://app.hubspot.com/invoices/{self._account.portal}/{invoice.id}"
        return {"hs_number": number, "hs_invoice_link": link}

    def _latest(self, id: str, type: str, name: str) -> str:
        """A property of the record that an invoice was last linked with."""
        linked = self.parts(id, type)
        return linked[-1].properties.get(name, "") if linked else ""

    def _in_company_currency(self, amount: Decimal, currency: str) -> str:
        """The amount by the account's own exchange rates; nothing without one."""
        if currency == self._account.details["companyCurrency"]:
            return f"{amount:.2f}"
        rates = (rate.rate for rate in self._account.exchange_rates if rate.from_currency == currency)
        return next((f"{money.cents(amount * rate):.2f}" for rate in rates), "")
