"""The lines of an invoice or bill: what a client may send, what Xero fills in, and what each line comes to.

What: `LINE` reads a line; `Lines` completes those of one document and collects the texts of what is wrong with them.
Invariants: of a line that exists only what was sent changes, and its amounts are worked out anew only when a figure was
sent; an item gives the price, account and tax that the line leaves out, then the account gives the tax
(facts/xero.md 6.1, 6.3, 6.4).
See also: `money` (the arithmetic), `chart` (accounts and tax rates), `invoice_rules` (the document).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from hxrules.sandbox.xero import chart, errors, regions
from hxrules.sandbox.xero.bodies import anything, guid, listed, number, shape, text
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.money import NO_TAX, NOTHING, Discount, Rounding, too_large, too_long
from hxrules.sandbox.xero.world import World

_AMOUNTS: Final = ("Quantity", "UnitAmount", "LineAmount", "DiscountRate", "DiscountAmount")
_NAMES: Final = ("ItemCode", "AccountCode", "AccountID", "TaxType", "TaxAmount")

LINE: Final = shape(
    LineItemID=guid,
    Description=text,
    Tracking=listed(shape(TrackingCategoryID=guid, TrackingOptionID=guid, Name=text, Option=text)),
    **dict.fromkeys(_AMOUNTS, number),
    ItemCode=text,
    Item=anything,
    AccountCode=text,
    AccountID=guid,
    TaxType=text,
    TaxAmount=number,
)
"""Reads one line of a body."""

LONGEST_DESCRIPTION: Final = 4000
MOST_TRACKING: Final = 2
_ORDER: Final = (
    *("ItemCode", "Description", "UnitAmount", "TaxType", "TaxAmount", "LineAmount", "AccountCode", "Item"),
    *("Tracking", "Quantity", "DiscountRate", "DiscountAmount", "LineItemID", "AccountID"),
)


@dataclass(frozen=True)
class Lines:
    """The lines of one document. `kind` and `amounts` are its `Type` and `LineAmountTypes`, `decimals` those of a price.

    `complete` says that the document is handed in or approved, so that nothing may be missing, `taxed_anew` that it now
    counts its tax in another way; `messages` collects.
    """

    world: World
    kind: str
    amounts: str
    complete: bool
    taxed_anew: bool
    decimals: int
    rounding: Rounding
    messages: list[str] = field(default_factory=list)

    def merged(self, sent: Sequence[Record], current: Sequence[Record]) -> list[Record]:
        """The lines after a write: known ids change, lines without one are new, and whatever is not named is gone."""
        left = {line["LineItemID"]: line for line in current}
        return [self.completed(line, left.pop(line.get("LineItemID"), None)) for line in sent]

    def completed(self, sent: Record, current: Record | None) -> Record:
        """One line after a write; None for a new one."""
        line = {**(current or {"Tracking": [], "LineItemID": self.world.new_id()})}
        line |= {name: sent[name] for name in ("Description", "Tracking") if name in sent}
        if any(name in sent for name in (*_AMOUNTS, *_NAMES)):
            details = self._item(sent, line)
            self._account(sent, line, details)
            if "LineAmount" not in line or any(name in sent for name in _AMOUNTS):
                line |= self._priced(sent, line, details.get("UnitPrice"))
        moved = line.get("TaxType") != (current or {}).get("TaxType")
        if current is None or self.taxed_anew or moved or any(name in sent for name in (*_AMOUNTS, "TaxAmount")):
            line |= self._taxed(sent, line)
        self._check(line)
        return {name: line[name] for name in _ORDER if line.get(name) not in (None, "")}

    def _check(self, line: Record) -> None:
        if self.complete and not line.get("Description"):
            self.messages.append(errors.DESCRIPTION_MISSING)
        if self.complete and "LineAmount" in line and not line.get("AccountCode") and not line.get("AccountID"):
            self.messages.append(errors.ACCOUNT_MISSING)
        if len(line.get("Description", "")) > LONGEST_DESCRIPTION:
            self.messages.append(errors.too_long("Description", LONGEST_DESCRIPTION))
        if len(line["Tracking"]) > MOST_TRACKING:
            self.messages.append(errors.TRACKING_TOO_MANY)

    def _item(self, sent: Record, line: Record) -> Record:
        """What the item that the line names gives to it: the details of its side of trade."""
        if "ItemCode" not in sent:
            return {}
        code = sent["ItemCode"]
        found = next(iter(self.world.items.found("Code", code)), None) if code else None
        if code and found is None:
            self.messages.append(errors.bad_item(code))
        line["ItemCode"] = found["Code"] if found else ""
        line["Item"] = {name: found[name] for name in ("ItemID", "Name", "Code") if name in found} if found else None
        details: Record = (found or {}).get("SalesDetails" if self.kind == "ACCREC" else "PurchaseDetails", {})
        return details

    def _account(self, sent: Record, line: Record, details: Record) -> None:
        """Put account and tax type into the line: as sent, as they were, the item's, the account's own."""
        code, identity = sent.get("AccountCode"), sent.get("AccountID")
        if not code and not identity:
            code, identity = line.get("AccountCode"), line.get("AccountID")
        if not code and not identity:
            code = details.get("AccountCode")
        account = chart.account_named(self.world, code, identity)
        if code or identity:
            problem = chart.account_problem(str(code or identity), account)
            self.messages.extend([problem] if problem else [])
            line["AccountCode"], line["AccountID"] = code, identity
        if account:
            line["AccountCode"], line["AccountID"] = account.get("Code"), account["AccountID"]
        kind = sent.get("TaxType") or line.get("TaxType") or details.get("TaxType")
        if not kind and self.amounts == NO_TAX:
            kind = regions.region_of(self.world.organisation["Version"]).no_tax
        kind = kind or (account or {}).get("TaxType")
        if kind:
            line["TaxType"] = kind
            problem = chart.tax_problem(self.world, kind, account)
            self.messages.extend([problem] if problem else [])

    def _priced(self, sent: Record, line: Record, item_price: Decimal | None) -> Record:
        """Quantity, price and amount: of three figures any two give the third."""
        quantity: Decimal | None = sent.get("Quantity", line.get("Quantity"))
        price: Decimal | None = sent.get("UnitAmount", line.get("UnitAmount"))
        total: Decimal | None = sent.get("LineAmount")
        if price is None and total is None:
            price = NOTHING if item_price is None else item_price
        if any(too_large(each) for each in (price, total, sent.get("DiscountAmount")) if each is not None):
            self.messages.append(errors.AMOUNT_TOO_LARGE)
            return {}
        if quantity is not None and too_long(quantity):
            self.messages.append(errors.bad_quantity(quantity))
            return {}
        discount, rounding = self._discount(sent, line), self.rounding
        quantity = None if quantity is None else rounding.quantity(quantity)
        price = None if price is None else rounding.price(price, self.decimals)
        if price is None:
            quantity, amount = quantity or rounding.quantity(Decimal(1)), rounding.cents(total or NOTHING)
            price = rounding.price((amount + discount.amount) / (quantity * discount.share or 1), self.decimals)
        elif quantity is None and total is not None and price:
            amount = rounding.cents(total)
            quantity = rounding.quantity((amount + discount.amount) / (price * discount.share or 1))
        else:
            quantity = rounding.quantity(Decimal(1)) if quantity is None else quantity
            amount = rounding.line_amount(quantity, price, discount)
            if total is not None and rounding.cents(total) != amount:
                self.messages.append(errors.line_total(total, amount))
        if too_large(amount) or too_large(price):
            self.messages.append(errors.AMOUNT_TOO_LARGE)
        if "DiscountAmount" in sent and discount.amount > quantity * price:
            self.messages.append(errors.bad_discount(discount.amount))
        figures = {"Quantity": quantity, "UnitAmount": price, "LineAmount": amount}
        return {**figures, "DiscountRate": discount.rate or None, "DiscountAmount": discount.amount or None}

    def _discount(self, sent: Record, line: Record) -> Discount:
        """The line's discount; only sales invoices have any."""
        if self.kind != "ACCREC":
            return Discount()
        given: Record = {**line, **sent}
        rate, amount = (given.get(name) or NOTHING for name in ("DiscountRate", "DiscountAmount"))
        if not 0 <= rate <= 100:
            self.messages.append(errors.bad_discount(rate))
            return Discount()
        return Discount(rate, amount)

    def _taxed(self, sent: Record, line: Record) -> Record:
        """The tax of the line: as sent, else by its rate."""
        if "LineAmount" not in line:
            return {}
        rate = chart.tax_rate(self.world, line.get("TaxType"))
        tax = self.rounding.tax(line["LineAmount"], rate["EffectiveRate"] if rate else NOTHING, self.amounts)
        if "TaxAmount" not in sent or self.amounts == NO_TAX:
            return {"TaxAmount": tax}
        if too_large(sent["TaxAmount"]):
            self.messages.append(errors.AMOUNT_TOO_LARGE)
            return {"TaxAmount": tax}
        given, ceiling = self.rounding.cents(sent["TaxAmount"]), self.world.environment.quirks["tax-amount-ceiling"]
        if ceiling == "line-amount" and abs(given) > abs(line["LineAmount"]):
            self.messages.append(errors.TAX_OVER_LINE)
        if ceiling == "unit-amount" and abs(given) > abs(line["UnitAmount"]):
            self.messages.append(errors.TAX_OVER_PRICE)
        return {"TaxAmount": given}
