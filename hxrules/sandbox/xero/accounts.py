"""The Accounts endpoints: the chart of accounts, one by id, and new ones (facts/xero.md 6.7).

Invariants: names and codes are unique; a new account is one per call, its class follows from its type.
See also: `settings` (reading), `chart` (what documents make of accounts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hxrules.sandbox.xero import bodies, chart, errors, regions, scopes
from hxrules.sandbox.xero.batches import Invalid, carry_out
from hxrules.sandbox.xero.bodies import boolean, choice, shape, text
from hxrules.sandbox.xero.dates import wire
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.settings import all_of, one_of
from hxrules.sandbox.xero.world import World

_CLASSES: Final = {
    **dict.fromkeys(("BANK", "CURRENT", "FIXED", "INVENTORY", "NONCURRENT", "PREPAYMENT"), "ASSET"),
    "EQUITY": "EQUITY",
    **dict.fromkeys(("DEPRECIATN", "DIRECTCOSTS", "EXPENSE", "OVERHEADS"), "EXPENSE"),
    **dict.fromkeys(("CURRLIAB", "LIABILITY", "PAYG", "TERMLIAB"), "LIABILITY"),
    **dict.fromkeys(("OTHERINCOME", "REVENUE", "SALES"), "REVENUE"),
}
_ACCOUNT: Final = shape(
    Code=text,
    Name=text,
    Type=choice(*_CLASSES),
    Description=text,
    TaxType=text,
    EnablePaymentsToAccount=boolean,
    ShowInExpenseClaims=boolean,
    BankAccountNumber=text,
    BankAccountType=choice("BANK", "CREDITCARD", "PAYPAL", "NONE"),
    CurrencyCode=text,
    AddToWatchlist=boolean,
)
_LENGTHS: Final = {"Code": 10, "Name": 150, "Description": 4000}


class Accounts:
    """Reads and makes the accounts of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        world, table = self._world, self._world.accounts
        return [
            Endpoint("Accounts", scopes.SETTINGS, {"GET": all_of(table, world), "PUT": self.create}),
            Endpoint("Accounts/{key}", scopes.SETTINGS, {"GET": one_of(table, str.lower, world)}),
        ]

    def create(self, call: Call) -> Reply:
        """`PUT /Accounts`."""
        sent = bodies.elements(call, "Accounts", "Account", _ACCOUNT)
        if len(sent) > 1:
            raise Refusal(errors.validation_failed([], errors.ONE_A_CALL))
        return carry_out(call, self._world, "Accounts", sent, self._save, _echo)

    def _save(self, sent: Record) -> Record:
        world, version = self._world, self._world.organisation["Version"]
        if messages := self._broken_rules(sent):
            raise Invalid(*messages)
        region, group = regions.region_of(version), _CLASSES[sent["Type"]]
        usual = {"REVENUE": region.sales_tax, "EXPENSE": region.purchases_tax}
        record: Record = {
            "AccountID": world.new_id(),
            "Status": "ACTIVE",
            "TaxType": usual.get(group, region.no_tax),
            "EnablePaymentsToAccount": False,
            "ShowInExpenseClaims": False,
            "AddToWatchlist": False,
            **({"CurrencyCode": world.organisation["BaseCurrency"]} if sent["Type"] == "BANK" else {}),
            **sent,
            "Class": group,
            "ReportingCode": group[:3],
            "HasAttachments": False,
            "UpdatedDateUTC": world.now(),
        }
        world.accounts.put(record)
        written: Record = wire(record)
        return written

    def _broken_rules(self, sent: Record) -> list[str]:
        world = self._world
        bank = sent.get("Type") == "BANK"
        needed = ("Name", "Type", "BankAccountNumber" if bank else "Code")
        found = [errors.missing(name) for name in needed if not sent.get(name)]
        found += [errors.too_long(name, most) for name, most in _LENGTHS.items() if len(sent.get(name, "")) > most]
        if any(row["Name"].casefold() == sent.get("Name", "").casefold() for row in world.accounts):
            found.append(errors.NAME_TAKEN)
        if chart.account_named(world, sent.get("Code")):
            found.append(errors.CODE_TAKEN)
        if sent.get("TaxType") and chart.tax_rate(world, sent["TaxType"]) is None:
            found.append(errors.bad_tax_type(sent["TaxType"]))
        if bank and sent.get("CurrencyCode") and not world.currencies.get(sent["CurrencyCode"]):
            found.append(errors.not_subscribed(sent["CurrencyCode"]))
        return found


def _echo(sent: Record, messages: Sequence[str]) -> Record:
    return {"AccountID": errors.ZERO_GUID, **sent, "ValidationErrors": [{"Message": message} for message in messages]}
