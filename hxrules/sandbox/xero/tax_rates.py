"""The TaxRates endpoints: the list with its deleted ones, one by `TaxType`, new ones and changes (facts/xero.md 6.6).

Invariants: `TaxType` is the key, and own rates get `TAX001`, `TAX002`, …; one a call; rates of the system cannot be
changed, and of an own one components are added but neither removed nor renamed.
See also: `settings` (reading), `chart` (what documents make of tax rates).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hxrules.sandbox.xero import bodies, errors, regions, scopes
from hxrules.sandbox.xero.batches import Invalid, carry_out
from hxrules.sandbox.xero.bodies import boolean, choice, listed, number, shape, text
from hxrules.sandbox.xero.dates import wire
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.settings import all_of, one_of
from hxrules.sandbox.xero.world import World

_COMPONENT: Final = shape(Name=text, Rate=number, IsCompound=boolean, IsNonRecoverable=boolean)
_TAX_RATE: Final = shape(
    Name=text,
    TaxType=text,
    ReportTaxType=text,
    Status=choice("ACTIVE", "DELETED", "ARCHIVED", "PENDING"),
    TaxComponents=listed(_COMPONENT),
)
_OWN: Final = "TAX"
_NEED_REPORT_TYPE: Final = ("AU", "NZ", "UK")
_FOUR: Final = Decimal("0.0001")
_MOST_PERCENT: Final = Decimal(100)


class TaxRates:
    """Reads and writes the tax rates of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        world, table = self._world, self._world.tax_rates
        verbs = {"GET": all_of(table, world), "PUT": self.create, "POST": self.upsert}
        return [
            Endpoint("TaxRates", scopes.SETTINGS, verbs),
            Endpoint("TaxRates/{key}", scopes.SETTINGS, {"GET": one_of(table, str.upper, world)}),
        ]

    def create(self, call: Call) -> Reply:
        """`PUT /TaxRates`."""
        return self._write(call, updates=False)

    def upsert(self, call: Call) -> Reply:
        """`POST /TaxRates`: an update of the rate of this `TaxType`, else of this name, else a create."""
        return self._write(call, updates=True)

    def _write(self, call: Call, *, updates: bool) -> Reply:
        world = self._world
        sent = bodies.elements(call, "TaxRates", "TaxRate", _TAX_RATE)
        if len(sent) > 1:
            raise Refusal(errors.validation_failed([], errors.ONE_A_CALL))

        def save(each: Record) -> Record:
            current = self._matching(each) if updates else None
            if messages := self._broken_rules(each, current):
                raise Invalid(*messages)
            record = self._merged(each, current)
            world.tax_rates.put(record)
            written: Record = wire(record)
            return written

        return carry_out(call, world, "TaxRates", sent, save, _echo)

    def _matching(self, sent: Record) -> Record | None:
        if kind := sent.get("TaxType"):
            return self._world.tax_rates.get(kind.upper())
        return self._named(sent.get("Name", ""))

    def _named(self, name: str) -> Record | None:
        """The rate of this name; a deleted one has freed it."""
        rows = (row for row in self._world.tax_rates if row["Name"].casefold() == name.casefold())
        return next((row for row in rows if row["Status"] != "DELETED"), None)

    def _broken_rules(self, sent: Record, current: Record | None) -> list[str]:
        if current and not current["TaxType"].startswith(_OWN):
            return [errors.SYSTEM_TAX_RATE]
        holder = self._named(sent.get("Name", ""))
        found = [errors.NAME_TAKEN] if holder and holder is not current else []
        if current is None:
            version = self._world.organisation["Version"].removesuffix("ONRAMP")
            found += [] if sent.get("Name") else [errors.missing("Name")]
            found += [] if sent.get("TaxComponents") else [errors.TAX_COMPONENTS_MISSING]
            if version in _NEED_REPORT_TYPE and not sent.get("ReportTaxType"):
                found.append(errors.REPORT_TAX_TYPE_MISSING)
        elif "TaxComponents" in sent:
            kept = {each["Name"] for each in current["TaxComponents"]}
            found += [errors.TAX_COMPONENTS_KEPT] if kept - {each.get("Name") for each in sent["TaxComponents"]} else []
        for each in sent.get("TaxComponents", ()):
            found += [errors.missing(name) for name in ("Name", "Rate") if name not in each]
            if not 0 <= each.get("Rate", 0) <= _MOST_PERCENT:
                found.append(errors.bad_percent(each["Rate"]))
        return found

    def _merged(self, sent: Record, current: Record | None) -> Record:
        record: Record = {"TaxType": self._next_type(), "Status": "ACTIVE", **(current or {})}
        record |= {name: sent[name] for name in ("Name", "ReportTaxType", "Status") if name in sent}
        if "TaxComponents" in sent:
            plain = {"IsCompound": False, "IsNonRecoverable": False}
            record["TaxComponents"] = [{**plain, **each} for each in sent["TaxComponents"]]
        shown, effective = _percents(record["TaxComponents"])
        uses = regions.uses_of(record.get("ReportTaxType", ""))
        return {**record, **uses, "DisplayTaxRate": shown, "EffectiveRate": effective}

    def _next_type(self) -> str:
        taken = [row["TaxType"][len(_OWN) :] for row in self._world.tax_rates if row["TaxType"].startswith(_OWN)]
        return f"{_OWN}{max((int(number) for number in taken if number.isdecimal()), default=0) + 1:03}"


def _percents(components: Sequence[Record]) -> tuple[Decimal, Decimal]:
    """The sum of the components, and what they come to when a compound one is taxed on top of the others."""
    plain = sum((each["Rate"] for each in components if not each["IsCompound"]), Decimal(0))
    compound = sum((each["Rate"] for each in components if each["IsCompound"]), Decimal(0))
    effective = plain + compound * (100 + plain) / 100
    return (plain + compound).quantize(_FOUR, ROUND_HALF_UP), effective.quantize(_FOUR, ROUND_HALF_UP)


def _echo(sent: Record, messages: Sequence[str]) -> Record:
    return {**sent, "ValidationErrors": [{"Message": message} for message in messages]}
