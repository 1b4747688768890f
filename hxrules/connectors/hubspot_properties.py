"""HubSpot's definitions of properties → `Property` (facts/hubspot.md 7). See also: `hubspot` (who asks)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hxrules.records import Property
from hxrules.values import ValueType

_KINDS: Final = {
    "number": ValueType.NUMBER,
    "date": ValueType.DAY,
    "datetime": ValueType.INSTANT,
    "bool": ValueType.BOOL,
    "enumeration": ValueType.CHOICE,
}
"""Every other type is text."""


def definitions(rows: Sequence[Mapping[str, Any]]) -> tuple[Property, ...]:
    """The definitions in use."""
    return tuple(_definition(row) for row in rows if row.get("name") and not row.get("archived"))


def _definition(row: Mapping[str, Any]) -> Property:
    kind = _KINDS.get(str(row.get("type")), ValueType.TEXT)
    if kind is ValueType.NUMBER and row.get("showCurrencySymbol"):
        kind = ValueType.MONEY
    fixed = row.get("calculated") or (row.get("modificationMetadata") or {}).get("readOnlyValue")
    return Property(
        name=str(row["name"]),
        label=str(row.get("label") or row["name"]),
        kind=kind,
        own=row.get("hubspotDefined") is not True,
        writable=not fixed,
        several=kind is ValueType.CHOICE and row.get("fieldType") == "checkbox",
    )
