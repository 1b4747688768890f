"""The lines of an invoice in the other app's terms (R3): which line is which, and what the other app would hold.

To Xero a line is a line. To HubSpot a line of a mirror is a line item, unless it takes something off: HubSpot has no negative price,
so that one becomes an order-level discount. Tax goes by the rate of HubSpot's library where there is one that comes to the same cents;
else the tax of that type becomes one order-level tax, to the cent (R7). Amounts always win over looks: where HubSpot's arithmetic
doesn't reach Xero's amount with the same price and discount, the price is the one that does.

See also: `totals` (the arithmetic), `tax` (which rate is which), `invoices` (who asks).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal

from hxrules.language.model import InvoiceRules
from hxrules.planning.tax import TaxTable
from hxrules.planning.totals import hubspot_line, priced
from hxrules.records import App, Record, Sight
from hxrules.values import IdOf, Line, Lines, Scalar, Value

WORDS: Mapping[str, str] = {"line": "line_items", "tax": "taxes", "discount": "discounts"}
"""HubSpot's association words → types of what makes up an invoice."""

_CENT = Decimal("0.01")
_PRICE = Decimal("0.0001")
_NOTHING = Decimal(0)
_WIDE = Context(prec=1000)
"""For any number that somebody may have typed."""


# --- HubSpot's side, put together --------------------------------------------------------------------------------------------


def assembled(invoice: Record, sight: Sight) -> Lines:
    """The lines of a HubSpot invoice, of the records that it is associated with; in the order of the page, else of their making."""
    found: list[Line] = []
    for word, type_name in WORDS.items():
        known = sight.of(App.HUBSPOT, type_name)
        records = [known[each] for each in invoice.associations.get(word, ()) if each in known]
        found.extend(_line(record) for record in sorted(records, key=_place))
    return Lines(tuple(found))


def _place(record: Record) -> tuple[Decimal, int]:
    position = record.fields.get("hs_position_on_quote")
    return (position if isinstance(position, Decimal) else Decimal("Infinity"), int(record.ref.id))


_NOT_PART = frozenset({"hs_object_id", "amount", "hs_position_on_quote"})


def _line(record: Record) -> Line:
    values = {name: _scalar(value) for name, value in record.fields.items() if name not in _NOT_PART}
    return Line.of(record.ref.type, record.ref.id, values)


def _scalar(value: Value) -> Scalar:
    assert not isinstance(value, Lines | IdOf)
    return value


# --- to Xero -----------------------------------------------------------------------------------------------------------------


class UnknownTax(ValueError):
    """A HubSpot line carries a tax rate that stands for none of Xero's."""

    def __init__(self, line: Line, rate: str | None) -> None:
        super().__init__(rate or "none")
        self.line = line
        self.rate = rate


def xero_lines(hubspot: Lines, rules: InvoiceRules, tax: TaxTable) -> list[Line]:
    """What Xero would hold of HubSpot's line items, in their order, rounded as Xero rounds (facts/xero.md 6.1). Raises `UnknownTax`.

    Order-level taxes and discounts have no place in Xero: whoever asks compares the totals.
    """
    return [_xero_line(line, rules, tax) for line in hubspot.items if line.type == "line_items"]


def _xero_line(line: Line, rules: InvoiceRules, tax: TaxTable) -> Line:
    own: dict[str, Value] = {mapping.hubspot.name: line.get(mapping.hubspot.name) for mapping in rules.lines}
    across = rules.compiled.to_xero(own)
    values = {mapping.xero.name: _scalar(value) for mapping, value in zip(rules.lines, across, strict=True)}
    quantity = line.number("quantity")
    for name in ("UnitAmount", "Quantity"):
        if name in values:
            # What HubSpot leaves empty counts nothing there; Xero would take the price of the item.
            values[name] = _rounded(found if isinstance(found := values[name], Decimal) else _NOTHING, _PRICE)
    if isinstance(per_unit := values.get("DiscountAmount"), Decimal):
        values["DiscountAmount"] = _rounded(per_unit * quantity, _CENT) if not values.get("DiscountRate") else None
    if not values.get("DiscountRate"):
        values["DiscountRate"] = None
    if not values.get("DiscountAmount"):
        values["DiscountAmount"] = None
    if any(mapping.xero.name == "TaxType" for mapping in rules.lines):
        rate = line.get("hs_tax_rate_group_id")
        told = tax.to_xero(None if rate is None else str(rate))
        if told is None:
            raise UnknownTax(line, None if rate is None else str(rate))
        values["TaxType"] = told
    return Line.of("lines", line.id, values)


def _rounded(number: Decimal, grain: Decimal) -> Decimal:
    return number.quantize(grain, ROUND_HALF_UP, _WIDE)


def mapped_only(line: Line, rules: InvoiceRules) -> Line:
    """A Xero line, as far as the mappings speak of it: without the tax that Xero worked out and the account."""
    names = {mapping.xero.name for mapping in rules.lines}
    kept = {name: value for name, value in line.values if name in names}
    for name in ("DiscountRate", "DiscountAmount"):
        if not kept.get(name):
            kept.pop(name, None)
    return Line.of(line.type, line.id, kept)


def pair_up(
    hubspot: Sequence[Line],
    in_xero: Sequence[Line],
    xero: Sequence[Line],
    base: tuple[Lines, Lines] | None,
    rules: InvoiceRules,
) -> list[str | None]:
    """For each HubSpot line the id of Xero's line that is the same: as they were written together last, else by what they say."""
    partner: dict[int, str] = {}
    there = {line.id: line for line in xero if line.id is not None}
    here = {line.id: place for place, line in enumerate(hubspot)}
    for own, other in zip(_line_items(base[0]), base[1].items, strict=False) if base else ():
        if own.id in here and other.id is not None and other.id in there:
            partner[here[own.id]] = other.id
    free = [line for line in xero if line.id not in partner.values()]
    for place, line in enumerate(in_xero):
        if place not in partner:
            twin = next((each for each in free if mapped_only(each, rules) == line), None)
            if twin is not None and twin.id is not None:
                partner[place] = twin.id
                free.remove(twin)
    return [partner.get(place) for place in range(len(hubspot))]


def _line_items(lines: Lines) -> list[Line]:
    return [line for line in lines.items if line.type == "line_items"]


# --- to HubSpot --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mirror:
    """What HubSpot should hold of the lines of a Xero invoice; `keys` names each of them for good (second memory)."""

    lines: tuple[Line, ...]
    keys: tuple[str, ...]


def mirror_of(invoice_id: str, xero: Lines, rules: InvoiceRules, tax: TaxTable) -> Mirror:
    """The mirror of a Xero invoice's lines (amounts without tax; order-level taxes and discounts among them)."""
    by_library = {kind for kind in _tax_types(xero) if _same_by_library(kind, xero, rules, tax)}
    lines: list[Line] = []
    keys: list[str] = []
    for line in xero.items:
        keys.append(str(line.id))
        lines.append(_mirrored(line, rules, tax, by_library))
    for kind in _tax_types(xero):
        if kind in by_library:
            continue
        total = sum((line.number("TaxAmount") for line in xero.items if line.get("TaxType") == kind), _NOTHING)
        if total:
            keys.append(f"{invoice_id}/{kind}")
            lines.append(_adjustment("taxes" if total > 0 else "discounts", tax.name(kind) or kind, abs(total)))
    return Mirror(tuple(lines), tuple(keys))


def _tax_types(xero: Lines) -> list[str]:
    return list(dict.fromkeys(str(kind) for line in xero.items if (kind := line.get("TaxType")) is not None))


def _same_by_library(kind: str, xero: Lines, rules: InvoiceRules, tax: TaxTable) -> bool:
    """Would HubSpot come to the same tax, line by line, with its own rate for this type?"""
    rate = tax.to_hubspot(kind)
    if rate is None or not any(mapping.xero.name == "TaxType" for mapping in rules.lines):
        return False
    lines = [line for line in xero.items if line.get("TaxType") == kind]
    if any(_net(line) < 0 for line in lines):
        return False
    percent = tax.hubspot_percent(rate)
    reckoned = sum((hubspot_line(_mirrored(line, rules, tax, {kind}), percent).tax for line in lines), _NOTHING)
    return reckoned == sum((line.number("TaxAmount") for line in lines), _NOTHING)


def _net(line: Line) -> Decimal:
    return line.number("LineAmount")


def _mirrored(line: Line, rules: InvoiceRules, tax: TaxTable, by_library: Collection[str]) -> Line:
    net = _net(line)
    if net < 0:
        return _adjustment("discounts", str(line.get("Description") or "discount"), -net)
    own: dict[str, Value] = {mapping.xero.name: line.get(mapping.xero.name) for mapping in rules.lines}
    across = rules.compiled.to_hubspot(own)
    values = {mapping.hubspot.name: _scalar(value) for mapping, value in zip(rules.lines, across, strict=True)}
    # What could stand in for an empty text of HubSpot's (a SKU) is Xero's own text on an invoice of Xero's.
    values |= {each.hubspot.name: line.get(each.xero.name) for each in rules.lines if each.fallback}
    kind = line.get("TaxType")
    if "hs_tax_rate_group_id" in values:
        values["hs_tax_rate_group_id"] = tax.to_hubspot(str(kind)) if kind in by_library else None
    return Line.of("line_items", None, _reaching(net, values, line))


def _reaching(net: Decimal, values: dict[str, Scalar], line: Line) -> dict[str, Scalar]:
    """Quantity, price and discount for which HubSpot comes to `net`: Xero's own where they do, else ones that are as near."""
    quantity = line.number("Quantity")
    off = line.number("DiscountAmount")
    values["hs_discount_percentage"] = values.get("hs_discount_percentage") or None
    values["discount"] = None
    if off and quantity > 0:
        values["discount"] = _rounded(off / quantity, Decimal("0.000001")).normalize()
    if line.get("Quantity") is None and line.get("UnitAmount") is None:
        # A line of text only. HubSpot knows none: it would count as one piece without a price.
        return {**values, "quantity": Decimal(1), "price": _NOTHING}
    ways: list[Callable[[], Mapping[str, Scalar] | None]] = [
        dict,
        lambda: _with_price(net, quantity, line.number("DiscountRate"), {"discount": None}),
        lambda: _with_price(net, quantity, _NOTHING, {"discount": None, "hs_discount_percentage": None}),
        lambda: {"quantity": Decimal(1), "price": net, "discount": None, "hs_discount_percentage": None},
    ]
    for way in ways:
        tried = way()
        if tried is not None and (quantity > 0 or "quantity" in tried):
            attempt = {**values, **tried}
            if hubspot_line(Line.of("line_items", None, attempt), _NOTHING).net == net:
                return attempt
    return values


def _with_price(
    net: Decimal, quantity: Decimal, percent: Decimal, more: Mapping[str, Scalar]
) -> Mapping[str, Scalar] | None:
    price = priced(net, quantity, percent)
    return None if price is None else {"price": price, **more}


def _adjustment(type_name: str, label: str, amount: Decimal) -> Line:
    return Line.of(type_name, None, {"hs_label": label, "hs_type": "fixed", "hs_value": amount})


def placed(mirror: Mirror, hubspot: Lines, memories: Mapping[str, str | None]) -> Lines:
    """The mirror's lines, each with the id of the record that stands for it already: by what that record remembers, by what it says,
    else in their order."""
    free = list(hubspot.items)
    ids: dict[int, str | None] = {}

    def take(place: int, fits: Callable[[Line], bool]) -> None:
        if place not in ids:
            wanted = mirror.lines[place]
            found = next((each for each in free if each.type == wanted.type and fits(each)), None)
            if found is not None:
                ids[place] = found.id
                free.remove(found)

    places = range(len(mirror.lines))
    for place in places:
        take(place, lambda each, key=mirror.keys[place]: memories.get(each.id or "") == key)  # type: ignore[misc]
    for place in places:
        take(place, lambda each, wanted=mirror.lines[place]: each == wanted)  # type: ignore[misc]
    for place in places:
        take(place, lambda each: not memories.get(each.id or ""))
    return Lines(tuple(replace(line, id=ids.get(place)) for place, line in enumerate(mirror.lines)))
