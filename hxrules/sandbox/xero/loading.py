"""Fills a new organisation from the `xero` part of a seed file, or with what any organisation has from its first day.

Invariants: records are written as Xero's API writes them, and what a record leaves out is worked out as Xero would: line
amounts and taxes, totals, what is paid and owed and the status that follows; payments may stand in `payments` or inside
their invoice; a seed that contradicts itself raises `ValueError`.
See also: `world` (asks for it, and dumps the same shape), `regions` (what every organisation has).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.xero import chart, regions, settlement
from hxrules.sandbox.xero.contact_shape import from_json
from hxrules.sandbox.xero.currency_rates import day_rate
from hxrules.sandbox.xero.dates import native
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.money import AMOUNT_TYPES, NOTHING, Discount, Rounding, total_discount, totals
from hxrules.sandbox.xero.world import World

_CREDITS: Final = ("CreditNotes", "Prepayments", "Overpayments")
_LINE_FIGURES: Final = ("UnitAmount", "LineAmount", "TaxAmount", "DiscountAmount")


def load(part: Mapping[str, Any], environment: Environment) -> World:
    """The organisation of the `xero` part of a seed file; what it leaves out is as in an empty one. Raises `ValueError`."""
    world = World(part, environment)
    _Loading(world).carry_out(part)
    return world


class _Loading:
    """Reads one seed into a world; dates that it leaves out lie before the day on which the world is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rounding = Rounding.of(world.environment.quirks)
        self._free_numbers: Iterator[str] = iter(())

    def carry_out(self, part: Mapping[str, Any]) -> None:
        """Fill the tables."""
        self._settings(part)
        world = self._world
        for row in _rows(part, "contacts"):
            world.contacts.put(self._contact(row))
        for row in _rows(part, "items"):
            world.items.put(self._item(row))
        documents = [self._filled(row, "InvoiceID") for row in _rows(part, "invoices")]
        given = {row.get("InvoiceNumber") for row in documents}
        self._free_numbers = (number for place in count(1) if (number := f"INV-{place:04}") not in given)
        for row in documents:
            world.invoices.put(self._invoice(row))
        for row in _rows(part, "payments"):
            world.payments.put(self._payment(row))
        for row in documents:
            for payment in row.get("Payments", ()):
                if world.payments.get(str(payment.get("PaymentID")).lower()) is None:
                    world.payments.put(self._payment({**payment, "Invoice": {"InvoiceID": row["InvoiceID"]}}))
        for row in documents:
            self._settle(row)

    def _settings(self, part: Mapping[str, Any]) -> None:
        world = self._world
        version, base = world.organisation["Version"], world.organisation["BaseCurrency"]
        for row in _rows(part, "currencies", [base, *(code for code in regions.CURRENCIES if code != base)]):
            code = row if isinstance(row, str) else row["Code"]
            described = {} if isinstance(row, str) else row
            world.currencies.put({"Code": code, "Description": regions.CURRENCIES.get(code, code), **described})
        created = world.organisation["CreatedDateUTC"]
        chart_rows = ({**row, "UpdatedDateUTC": created} for row in regions.accounts(version, base))
        for row in _rows(part, "accounts", chart_rows):
            world.accounts.put(self._filled({"Status": "ACTIVE", "EnablePaymentsToAccount": False, **row}, "AccountID"))
        for row in _rows(part, "tax_rates", regions.tax_rates(version)):
            rate = native({"Status": "ACTIVE", **row})
            world.tax_rates.put({**rate, "EffectiveRate": Decimal(rate.get("EffectiveRate", 0))})

    def _filled(self, row: Record, key: str) -> Record:
        """The record with native values; an id and a date of change where it has none."""
        record: Record = native(row)
        record[key] = str(record[key]).lower() if record.get(key) else self._world.new_id()
        ago = timedelta(seconds=self._world.random.randrange(60, 90 * 86400))
        record.setdefault("UpdatedDateUTC", self._world.started - ago)
        return record

    def _contact(self, row: Record) -> Record:
        if not row.get("Name"):
            raise ValueError(f"a seeded contact has no Name: {row!r}")
        return from_json(self._filled(row, "ContactID"))

    def _item(self, row: Record) -> Record:
        if not row.get("Code"):
            raise ValueError(f"a seeded item has no Code: {row!r}")
        item = self._filled({"IsSold": True, "IsPurchased": True, "IsTrackedAsInventory": False, **row}, "ItemID")
        for side in ("SalesDetails", "PurchaseDetails"):
            if "UnitPrice" in item.get(side, {}):
                item[side] = {**item[side], "UnitPrice": Decimal(item[side]["UnitPrice"])}
        return item

    def _invoice(self, row: Record) -> Record:
        """The document before anything is paid."""
        contact, base = self._contact_of(row), self._world.organisation["BaseCurrency"]
        record: Record = {
            "Type": "ACCREC",
            "Status": "DRAFT",
            "LineAmountTypes": AMOUNT_TYPES[0],
            "CurrencyCode": base,
            "Reference": "",
            "Date": row["UpdatedDateUTC"].date(),
            **{name: value for name, value in row.items() if name != "Payments"},
            "Contact": {"ContactID": contact["ContactID"]},
        }
        if "InvoiceNumber" not in record:
            record["InvoiceNumber"] = next(self._free_numbers) if record["Type"] == "ACCREC" else ""
        if record["Type"] == "ACCREC":
            record.setdefault("SentToContact", False)
        rate = record.get("CurrencyRate") or day_rate(record["CurrencyCode"], base, record["Date"])
        record["CurrencyRate"] = self._rounding.rate(Decimal(rate))
        record["LineItems"] = [self._line(line, record) for line in record.get("LineItems", ())]
        record |= totals(record["LineItems"], record["LineAmountTypes"]) if "Total" not in row else {}
        record["TotalDiscount"] = total_discount(record["LineItems"], self._rounding)
        credited = [each.get("AppliedAmount", 0) for name in _CREDITS for each in record.get(name, ())]
        record["AmountCredited"] = record.get("AmountCredited", sum(credited))
        for name in ("Total", "TotalTax", "AmountCredited"):
            record[name] = self._rounding.cents(Decimal(record.get(name, 0)))
        record["SubTotal"] = self._rounding.cents(Decimal(record.get("SubTotal", record["Total"] - record["TotalTax"])))
        record["AmountPaid"] = record["AmountDue"] = NOTHING
        if record.get("CreditNotes"):
            record["CreditNotes"] = [self._credit_note(each, record) for each in record["CreditNotes"]]
        side = "IsCustomer" if record["Type"] == "ACCREC" else "IsSupplier"
        if not contact[side]:
            self._world.contacts.put({**contact, side: True})
        return record

    def _line(self, line: Record, document: Record) -> Record:
        """The line with its amounts, account and tax, as far as the seed says enough to know them."""
        figures: Record = {name: self._rounding.price(Decimal(line[name]), 4) for name in _LINE_FIGURES if name in line}
        identity = line.get("LineItemID") or self._world.new_id()
        made: Record = {"Tracking": [], **line, **figures, "LineItemID": identity}
        if "UnitAmount" not in made and "LineAmount" not in made:
            return made
        quantity = self._rounding.quantity(Decimal(made.get("Quantity", 1)))
        price = made.setdefault(
            "UnitAmount", self._rounding.price(made.get("LineAmount", NOTHING) / (quantity or 1), 4)
        )
        discount = Discount(Decimal(made.get("DiscountRate", 0)), made.get("DiscountAmount", NOTHING))
        amount = made.get("LineAmount", self._rounding.line_amount(quantity, price, discount))
        made |= {"Quantity": quantity, "LineAmount": self._rounding.cents(amount)}
        account = chart.account_named(self._world, made.get("AccountCode"), made.get("AccountID"))
        if account:
            made |= {"AccountCode": account.get("Code"), "AccountID": account["AccountID"]}
            made.setdefault("TaxType", account.get("TaxType"))
        rate = self._world.tax_rates.get(made.get("TaxType") or "")
        percent = rate["EffectiveRate"] if rate else NOTHING
        tax = made.get("TaxAmount", self._rounding.tax(made["LineAmount"], percent, document["LineAmountTypes"]))
        return {**made, "TaxAmount": self._rounding.cents(tax)}

    def _credit_note(self, note: Record, document: Record) -> Record:
        applied = self._rounding.cents(Decimal(note["AppliedAmount"]))
        identity = note.get("CreditNoteID") or self._world.new_id()
        return {"Date": document["Date"], "Total": applied, **note, "CreditNoteID": identity, "AppliedAmount": applied}

    def _contact_of(self, invoice: Record) -> Record:
        named = invoice.get("Contact") or {}
        contact = self._world.contacts.get(str(named.get("ContactID", "")).lower())
        found = [contact] if contact else self._world.contacts.found("Name", named.get("Name"))
        if not found:
            raise ValueError(f"a seeded invoice names no seeded contact: {named!r}")
        return found[0]

    def _payment(self, row: Record) -> Record:
        world, record = self._world, self._filled(row, "PaymentID")
        named = record.get("Invoice") or {}
        invoice = world.invoices.get(str(named.get("InvoiceID", "")).lower())
        found = [invoice] if invoice else world.invoices.found("InvoiceNumber", named.get("InvoiceNumber"))
        if not found:
            raise ValueError(f"a seeded payment names no seeded invoice: {named!r}")
        amount = self._rounding.cents(Decimal(record["Amount"]))
        bank = next((each for each in world.accounts if each["Type"] == "BANK"), None)
        given = record.get("Account") or {}
        account = chart.account_named(world, given.get("Code"), given.get("AccountID")) or bank
        if account is None:
            raise ValueError("a seeded payment needs an account of type BANK")
        record = {
            "Date": found[0]["Date"],
            "BankAmount": amount,
            "CurrencyRate": found[0]["CurrencyRate"],
            "PaymentType": f"{found[0]['Type']}PAYMENT",
            "Status": "AUTHORISED",
            "IsReconciled": False,
            **{name: value for name, value in record.items() if not name.startswith("Has")},
            "Amount": amount,
            "Account": {"AccountID": account["AccountID"]},
            "Invoice": {"InvoiceID": found[0]["InvoiceID"]},
        }
        for name in ("BankAmount", "CurrencyRate"):
            record[name] = Decimal(record[name])
        return record

    def _settle(self, row: Record) -> None:
        """Work out what is paid and owed; what the seed says about it must agree."""
        before = self._world.invoices.get(row["InvoiceID"])
        assert before is not None, "it was put a moment ago"
        after = settlement.settled(before, self._world)
        if "AmountPaid" in row and Decimal(row["AmountPaid"]) != after["AmountPaid"]:
            paid = f"{row['AmountPaid']}, but its payments come to {after['AmountPaid']}"
            raise ValueError(f"the seeded invoice {after['InvoiceNumber']} has AmountPaid {paid}")
        if after["AmountDue"] < 0:
            raise ValueError(f"the seeded invoice {after['InvoiceNumber']} is paid beyond its Total {after['Total']}")
        self._world.invoices.put(after)


def _rows(part: Mapping[str, Any], name: str, default: Iterable[Any] = ()) -> list[Any]:
    given = part.get(name)
    return list(default) if given is None else list(given)
