"""HubSpot's record JSON ⇄ values (facts/hubspot.md 3, 10). Every property travels as text, in both directions.

Reading accepts `null`, `""` and absence as empty, and epoch milliseconds as well as ISO 8601. Writing sends `""` for
empty, as HubSpot clears a property by it; days as `YYYY-MM-DD`, instants in ISO 8601 with `Z`. A day that HubSpot keeps
in a property for instants (codec `noon`: those of invoices) is noon UTC of that day, so that viewers from -12:00 to
+11:59 see the same day; read is the day in UTC. The wording of a line (codec `wording`) is its description, or else its
name; both are written, for a line without a name shows as nothing in HubSpot's lists.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hxrules.catalogue import Field, TypeInfo
from hxrules.connectors.codec import Reader, raw_text, reader
from hxrules.records import App, Life, Record, RecordRef
from hxrules.values import NotOfType, Value, ValueType, canonical
from hxrules.values import encode as plain

MERGED_IDS: Final = "hs_merged_object_ids"
"""Ids that were merged into this record, separated by `;`."""

NAME_LENGTH: Final = 255
"""Characters of a line's wording that become its name."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = re.compile(r"-?\d{9,}\Z")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


def milliseconds(when: datetime) -> int:
    """Epoch milliseconds, as searches want instants."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def moment(raw: Any) -> Any:
    """Epoch milliseconds as an instant; anything else as it is."""
    if isinstance(raw, str) and _MILLISECONDS.match(raw):
        return _EPOCH + timedelta(milliseconds=int(raw))
    return raw


class Decoder:
    """Turns documents of one type into records with the given fields. Made once for many documents."""

    def __init__(self, info: TypeInfo, fields: Collection[Field]) -> None:
        self._type = info.type
        self._memory = info.memory
        self._updated = info.updated
        ended = info.settings.get("ended") or {}
        self._state: str | None = ended.get("property")
        self._voided: str | None = ended.get("voided")
        self._single: list[tuple[str, str, Reader]] = []
        self._computed: list[tuple[Field, tuple[str, ...], Reader]] = []
        asked = dict.fromkeys(name for name in (info.updated, info.memory, self._state) if name)
        for each in fields:
            if each.reached:
                # No property: whoever knows the associated records puts the value together.
                continue
            read = reader(each, moment)
            if each.path.names and len(each.path.names) == 1:
                self._single.append((each.name, each.path.names[0], read))
                asked[each.path.names[0]] = None
            else:
                # A path over several properties; asking for a word that is no property does no harm.
                names = tuple(_WORD.findall(each.path.text))
                self._computed.append((each, names, read))
                asked.update(dict.fromkeys(names))
        self.properties = tuple(asked)
        """Properties to ask for."""

    def record(
        self,
        document: Mapping[str, Any],
        associations: Mapping[str, tuple[str, ...]],
        *,
        cleared: Collection[str] | None = None,
    ) -> Record:
        """The record of one document. For the answer to a write, `cleared` names the properties that it left empty:
        any other property that such an answer is silent about is unknown, not empty.
        """
        properties = document.get("properties") or {}
        fields: dict[str, Value] = {}
        broken: dict[str, str] = {}
        for name, own, read in self._single:
            raw = properties.get(own)
            if raw is None or raw == "":
                if cleared is None or own in cleared or own in properties:
                    fields[name] = None
                continue
            try:
                fields[name] = read(raw)
            except NotOfType:
                broken[name] = raw_text(raw)
        for each, names, read in self._computed:
            if cleared is not None and not any(name in properties or name in cleared for name in names):
                continue
            raw = each.path.read(properties)
            try:
                fields[each.name] = read(raw)
            except NotOfType:
                broken[each.name] = raw_text(raw)
        return Record(
            ref=RecordRef(App.HUBSPOT, self._type, str(document["id"])),
            fields=fields,
            updated=self.updated(document),
            created=_instant(document.get("createdAt")),
            life=self._life(document, properties),
            associations=associations,
            memory=(properties.get(self._memory) or None) if self._memory else None,
            broken=broken,
        )

    def _life(self, document: Mapping[str, Any], properties: Mapping[str, Any]) -> Life:
        if document.get("archived"):
            return Life.ARCHIVED
        if self._state is not None and str(properties.get(self._state)).lower() == self._voided:
            return Life.VOIDED
        return Life.LIVE

    def updated(self, document: Mapping[str, Any]) -> datetime | None:
        """When it was changed last: the property by which searches sort, else the envelope's."""
        properties = document.get("properties") or {}
        return _instant((properties.get(self._updated) if self._updated else None) or document.get("updatedAt"))

    def absorbed(self, document: Mapping[str, Any], survivor: Record) -> list[Record]:
        """A record without fields for every id that was merged into this one."""
        ids = (document.get("properties") or {}).get(MERGED_IDS) or ""
        return [
            Record(
                RecordRef(App.HUBSPOT, self._type, each),
                {},
                updated=survivor.updated,
                life=Life.MERGED,
                merged_into=survivor.ref.id,
            )
            for each in ids.split(";")
            if each
        ]


def _instant(raw: Any) -> datetime | None:
    try:
        value = canonical(ValueType.INSTANT, moment(raw))
    except NotOfType:
        return None
    return value if isinstance(value, datetime) else None


def properties_of(values: Mapping[Field, Value]) -> dict[str, str]:
    """The `properties` of a write. Raises `ValueError` for a field that is no single property."""
    properties: dict[str, str] = {}
    for field, value in values.items():
        if field.codec == "wording":
            properties |= _worded(value)
        else:
            properties[_property(field)] = _wire(field, value)
    return properties


def _worded(value: Value) -> dict[str, str]:
    text = "" if value is None else str(value)
    return {"description": text, "name": text.partition("\n")[0][:NAME_LENGTH]}


def _property(field: Field) -> str:
    if field.reached or field.path.names is None or len(field.path.names) != 1:
        raise ValueError(f"{field.name} is no property of HubSpot's {field.type}")
    return field.path.names[0]


def _wire(field: Field, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return field.wire_choices.get(value, value)
    text = str(plain(value))
    return f"{text}T12:00:00Z" if field.codec == "noon" else text
