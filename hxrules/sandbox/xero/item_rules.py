"""The rules by which items are made and changed, and the shapes in which they are shown.

What: `ITEM` reads an element; `matching` finds the item that a POST means; `broken_rules` lists the texts of what is
wrong; `merged` is the item after the write; `view` and `echo` show it.
Sources: facts/xero.md 2.4, 6.3 and its catalogue of texts (11).
Invariant: nothing here changes the world.
See also: `items` (who does), `chart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hxrules.sandbox.xero import chart, errors
from hxrules.sandbox.xero.bodies import anything, boolean, guid, number, shape, text
from hxrules.sandbox.xero.dates import written
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.money import NOTHING, Rounding, shown_price, too_large
from hxrules.sandbox.xero.world import World

_DETAILS: Final = shape(UnitPrice=number, AccountCode=text, COGSAccountCode=text, TaxType=text)

ITEM: Final = shape(
    ItemID=guid,
    Code=text,
    Description=text,
    PurchaseDescription=text,
    PurchaseDetails=_DETAILS,
    SalesDetails=_DETAILS,
    Name=text,
    IsTrackedAsInventory=anything,
    InventoryAssetAccountCode=text,
    IsSold=boolean,
    IsPurchased=boolean,
)
"""Reads one item of a body. Fields read by `anything` are read only: they are repeated in errors and not kept."""

MOST_IN_A_CALL: Final = 500
_LENGTHS: Final = {"Code": 30, "Name": 50, "Description": 4000, "PurchaseDescription": 4000}
_SIDES: Final = (
    ("IsSold", "Description", "SalesDetails"),
    ("IsPurchased", "PurchaseDescription", "PurchaseDetails"),
)
_ACCOUNTS: Final = ("AccountCode", "COGSAccountCode")


def matching(sent: Record, world: World) -> Record | None:
    """The item that an element of a POST means: by `ItemID`, else by `Code`."""
    identity = sent.get("ItemID", errors.ZERO_GUID)
    if identity != errors.ZERO_GUID:
        return world.items.get(identity)
    return _holder(sent["Code"], world) if sent.get("Code") else None


def unknown_id(sent: Record, world: World) -> bool:
    """Whether the element names an id that no item has."""
    identity = sent.get("ItemID", errors.ZERO_GUID)
    return identity != errors.ZERO_GUID and world.items.get(identity) is None


def broken_rules(sent: Record, current: Record | None, world: World) -> list[str]:
    """The texts of every rule that the element breaks against `current` (None for a new item)."""
    code = sent.get("Code", (current or {}).get("Code"))
    if not code:
        return [errors.missing("Code")]
    found = [errors.too_long(name, most) for name, most in _LENGTHS.items() if len(sent.get(name, "")) > most]
    holder = _holder(code, world)
    if holder and (current is None or holder["ItemID"] != current["ItemID"]):
        found.append(errors.item_code_taken(code))
    for _, _, details in _SIDES:
        found += _about_details(sent.get(details, {}), world)
    return [*found, *_about_stock(sent, current or {}, world)]


def merged(sent: Record, current: Record | None, world: World, decimals: int) -> Record:
    """The item after a write: sent keys replace, also inside the details; a side that is not traded has none."""
    rounding = Rounding.of(world.environment.quirks)
    record: Record = {"ItemID": world.new_id(), "IsSold": True, "IsPurchased": True, **(current or {})}
    plain = ("Code", "Name", "Description", "PurchaseDescription", "InventoryAssetAccountCode", "IsSold", "IsPurchased")
    record |= {name: sent[name] for name in plain if name in sent}
    for traded, description, details in _SIDES:
        if details in sent:
            given = dict(sent[details])
            if "UnitPrice" in given:
                given["UnitPrice"] = rounding.price(given["UnitPrice"], decimals)
            record[details] = {**record.get(details, {}), **given}
        if not record[traded]:
            record.pop(description, None)
            record.pop(details, None)
    record["IsTrackedAsInventory"] = bool(record.get("InventoryAssetAccountCode"))
    if record["IsTrackedAsInventory"]:
        record = {"TotalCostPool": NOTHING, "QuantityOnHand": rounding.quantity(NOTHING), **record}
    return {**record, "UpdatedDateUTC": world.now()}


def view(record: Record, *, decimals: int = 2, offset: bool = True) -> Record:
    """The item as answers show it; the answer to a write has no `offset` in its date (recorded)."""
    return {
        **_some(record, ("ItemID", "Code", "Description", "PurchaseDescription")),
        "UpdatedDateUTC": written(record["UpdatedDateUTC"], offset=offset),
        "PurchaseDetails": _priced(record.get("PurchaseDetails", {}), decimals),
        "SalesDetails": _priced(record.get("SalesDetails", {}), decimals),
        **_some(
            record, ("Name", "IsTrackedAsInventory", "InventoryAssetAccountCode", "TotalCostPool", "QuantityOnHand")
        ),
        **_some(record, ("IsSold", "IsPurchased")),
    }


def checked_view(record: Record, *, decimals: int = 2, offset: bool = True) -> Record:
    """The item read by its id or code, or just written."""
    return {**view(record, decimals=decimals, offset=offset), "ValidationErrors": []}


def echo(sent: Record, messages: Sequence[str]) -> Record:
    """A refused element as Xero gives it back."""
    return {"ItemID": errors.ZERO_GUID, **sent, "ValidationErrors": [{"Message": message} for message in messages]}


def _holder(code: str, world: World) -> Record | None:
    return next(iter(world.items.found("Code", code)), None)


def _about_details(details: Record, world: World) -> list[str]:
    found = [errors.AMOUNT_TOO_LARGE] if too_large(details.get("UnitPrice", NOTHING)) else []
    account = None
    for name in _ACCOUNTS:
        if code := details.get(name):
            account = chart.account_named(world, code)
            problem = chart.account_problem(code, account)
            found += [problem] if problem else []
    if kind := details.get("TaxType"):
        problem = chart.tax_problem(world, kind, account)
        found += [problem] if problem else []
    return found


def _about_stock(sent: Record, current: Record, world: World) -> list[str]:
    """A tracked item needs an account of type INVENTORY and one for the cost of goods sold."""
    code = sent.get("InventoryAssetAccountCode", current.get("InventoryAssetAccountCode"))
    if not code:
        return []
    account = chart.account_named(world, code)
    if account is None or account["Type"] != "INVENTORY":
        return [errors.bad_account(code)]
    details = {**current.get("PurchaseDetails", {}), **sent.get("PurchaseDetails", {})}
    return [] if details.get("COGSAccountCode") else [errors.COGS_MISSING]


def _some(record: Record, names: Sequence[str]) -> Record:
    return {name: record[name] for name in names if name in record}


def _priced(details: Record, decimals: int) -> Record:
    if "UnitPrice" not in details:
        return details
    return {**details, "UnitPrice": shown_price(details["UnitPrice"], decimals)}
