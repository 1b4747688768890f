"""The lines of an invoice: Xero's `LineItems` ⇄ `values.Lines` (facts/xero.md 6.1, 6.4).

Read, amounts are without tax: of an invoice whose prices include it (`LineAmountTypes` `Inclusive`) each line is given
the net price that comes to its net amount. Written, they are without tax as well, and the invoice is told so. The account
of a line is written and not read: a bookkeeper may move a line to another one, which is no business of HubSpot's.

Of a line that Xero knows, a key that is left out keeps its value; so what such a line no longer has is emptied by name.
Its amount is never sent: Xero works it out, and refuses one that it would round otherwise.

See also: `xero_codec` (the invoice around them), `values.Line`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Final

from hxrules.catalogue import Field, Writable, load_catalogue
from hxrules.records import App
from hxrules.values import Line, Lines, NotOfType, Scalar, canonical

_TYPE: Final = "lines"
_CLEARED: Final[Mapping[str, Any]] = {"ItemCode": "", "DiscountRate": Decimal(0), "DiscountAmount": Decimal(0)}
"""What a line may have had and no longer has."""
_DISCOUNTS: Final = frozenset({"DiscountRate", "DiscountAmount"})
_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_FEWEST_PLACES: Final = 2
_MOST_PLACES: Final = 8


def read_lines(raw: Any, amount_types: Any) -> Lines:
    """The lines of a document; `amount_types` is its `LineAmountTypes`. Raises `NotOfType`."""
    if not isinstance(raw, list):
        raise NotOfType("no list of lines")
    return Lines(tuple(_read(each, included=amount_types == "Inclusive") for each in raw))


def written_lines(lines: Lines) -> dict[str, Any]:
    """The keys of an invoice that hold these lines."""
    return {"LineAmountTypes": "Exclusive", "LineItems": [_written(each) for each in lines.items]}


def _read(raw: Any, *, included: bool) -> Line:
    if not isinstance(raw, dict):
        raise NotOfType("a line is no object")
    fields, own = _read_fields()
    values: dict[str, Scalar] = {}
    for each in fields:
        value = canonical(each.kind, raw.get(each.name))
        # No discount may be shown as one of 0.
        if isinstance(value, str | Decimal) and not (each.name in _DISCOUNTS and value == 0):
            values[each.name] = value
    if included:
        values |= _net(values)
    return Line.of(_TYPE, str(raw[own]) if raw.get(own) else None, values)


def _written(line: Line) -> dict[str, Any]:
    sent = {each.name: value for each in _written_fields() if (value := line.get(each.name)) is not None}
    return sent if line.id is None else {"LineItemID": line.id, **_CLEARED, **sent}


def _net(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What changes of a line when the tax is taken out of its prices."""
    number = {name: value for name, value in values.items() if isinstance(value, Decimal)}
    amount, tax = number.get("LineAmount", Decimal(0)), number.get("TaxAmount", Decimal(0))
    if not tax or not amount:
        return {}
    net = amount - tax
    found: dict[str, Scalar] = {"LineAmount": net}
    discount = _cents(number.get("DiscountAmount", Decimal(0)) * net / amount)
    if discount:
        found["DiscountAmount"] = discount
    weight = number.get("Quantity", Decimal(1)) * (_HUNDRED - number.get("DiscountRate", Decimal(0))) / _HUNDRED
    if weight:
        found["UnitAmount"] = _price(net + discount, weight, net, discount)
    return found


def _price(gross: Decimal, weight: Decimal, net: Decimal, discount: Decimal) -> Decimal:
    """`gross / weight`, with no more decimals than it takes to come to `net` again."""
    for places in range(_FEWEST_PLACES, _MOST_PLACES + 1):
        price = (gross / weight).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if _cents(price * weight - discount) == net:
            break
    return price


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


@cache
def _read_fields() -> tuple[tuple[Field, ...], str]:
    """The fields that are read of a line, and the key of its id."""
    info = load_catalogue().type(App.XERO, _TYPE)
    told = (each for each in info.fields.values() if each.name != info.id_field)
    return tuple(each for each in told if each.writable is not Writable.CREATE), info.id_field


@cache
def _written_fields() -> tuple[Field, ...]:
    info = load_catalogue().type(App.XERO, _TYPE)
    return tuple(each for each in info.fields.values() if each.writable is not Writable.NEVER)
