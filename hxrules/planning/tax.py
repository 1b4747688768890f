"""Which of HubSpot's tax rates is which of Xero's (R7): neither library can be written by us, so they are paired.

A pair is what the ruleset says it is; else a rate of the same name and the same percentage in both, as an import of Xero's
rates into HubSpot would have left them (facts/hubspot.md 3.7, facts/xero.md 6.6).
See also: `records` (what a rate is), `totals` (what it comes to).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hxrules.records import TaxRate

WITHOUT_RATE: Final = "none"
"""In the ruleset's table, in the place of a library rate: this tax type is what a HubSpot line without a rate has."""

_UNTAXED: Final = ("NONE", "BASEXCLUDED")
"""What no tax is called in Xero, by region (facts/xero.md 6.6)."""


@dataclass(frozen=True, slots=True)
class TaxTable:
    """Both libraries, paired. Its answers depend neither on the order of the rates nor on how often it is asked."""

    without_partner: tuple[TaxRate, ...]
    """Xero's active sales rates that no active rate of the library stands for, those of 0 % among them."""
    strangers: tuple[TaxRate, ...]
    """The library's active rates that stand for none of Xero's active sales rates."""
    unknown: tuple[str, ...]
    """The tax types of those entries of the ruleset's table that name no tax type, or no library rate, that there is."""
    _xero: Mapping[str, TaxRate]
    _hubspot: Mapping[str, TaxRate]
    _read: Mapping[str | None, str]
    """Library rate → tax type."""
    _written: Mapping[str, str]
    """Tax type → library rate."""

    @classmethod
    def of(cls, xero: Sequence[TaxRate], hubspot: Sequence[TaxRate], told: Mapping[str, str]) -> TaxTable:
        """Pairs `xero` (ids are tax types) with `hubspot` (the library); `told` is the ruleset's `tax:`.

        `told` maps a tax type to the id or name of a library rate, or to `none`. It goes first; where it gives one library
        rate to several tax types, that rate stands for the first of them. Of several library rates for one tax type all are
        understood, and the lowest active id is written. Inactive library rates are understood, never written; deleted and
        purchase-only tax types are never written to Xero.
        """
        types = {rate.id: rate for rate in xero}
        usable = {rate.id for rate in xero if rate.active and rate.sales}
        library = sorted(hubspot, key=lambda rate: (len(rate.id), rate.id))
        meant = {kind: _meant(word, library) for kind, word in told.items() if kind in types and word != WITHOUT_RATE}

        read: dict[str | None, str] = {}
        for kind, rates in meant.items():
            for rate in rates:
                read.setdefault(rate.id, kind)
        by_looks: dict[tuple[str, Decimal], str] = {}
        for kind in sorted(usable):
            by_looks.setdefault(_looks(types[kind]), kind)
        for rate in library:
            if rate.id not in read and (alike := by_looks.get(_looks(rate))):
                read[rate.id] = alike

        written: dict[str, str] = {}
        for rate in library:
            if rate.active and rate.id in read and read[rate.id] not in meant:
                written.setdefault(read[rate.id], rate.id)
        for kind, rates in meant.items():
            if lowest := next((rate for rate in rates if rate.active), None):
                written[kind] = lowest.id

        bare = [kind for kind, word in told.items() if word == WITHOUT_RATE and kind in types]
        untaxed = bare[0] if bare else next((kind for kind in _UNTAXED if kind in usable), None)
        if untaxed is not None:
            read[None] = untaxed
        read = {rate_id: kind for rate_id, kind in read.items() if kind in usable}
        return cls(
            tuple(rate for rate in xero if rate.id in usable and rate.id not in written and rate.id not in bare),
            tuple(rate for rate in hubspot if rate.active and rate.id not in read),
            tuple(kind for kind in told if kind not in bare and not meant.get(kind)),
            types,
            {rate.id: rate for rate in hubspot},
            read,
            written,
        )

    def to_xero(self, hubspot_rate_id: str | None) -> str | None:
        """The tax type of a line that has this library rate, or none; `None` where it has no partner."""
        return self._read.get(hubspot_rate_id)

    def to_hubspot(self, tax_type: str) -> str | None:
        """Id of the library rate for a line of this tax type; `None` where there is none that a line could be given."""
        return self._written.get(tax_type)

    def percent(self, tax_type: str | None) -> Decimal:
        """What a line of this tax type is charged; 0 without one, or for one that Xero doesn't have."""
        return _percent(self._xero, tax_type)

    def hubspot_percent(self, hubspot_rate_id: str | None) -> Decimal:
        """What a line of this library rate is charged; 0 without one, or for one that the library doesn't have."""
        return _percent(self._hubspot, hubspot_rate_id)

    def name(self, tax_type: str) -> str:
        """What Xero calls a tax type."""
        rate = self._xero.get(tax_type)
        return rate.name if rate else tax_type


def _meant(word: str, library: Sequence[TaxRate]) -> list[TaxRate]:
    """The library rates that the ruleset names: the one of this id, else all of this name."""
    exactly = [rate for rate in library if rate.id == word]
    return exactly or [rate for rate in library if _squeezed(rate.name) == _squeezed(word)]


def _looks(rate: TaxRate) -> tuple[str, Decimal]:
    return _squeezed(rate.name), rate.percent


def _squeezed(name: str) -> str:
    return " ".join(name.split()).casefold()


def _percent(rates: Mapping[str, TaxRate], rate_id: str | None) -> Decimal:
    rate = rates.get(rate_id) if rate_id is not None else None
    return rate.percent if rate else Decimal(0)
