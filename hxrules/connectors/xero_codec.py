"""Xero's record JSON ⇄ values (facts/xero.md 2.2, 2.3, 6.2).

Phones and addresses are lists with one entry a type, an item's prices stand in objects beside account and tax type, and
whether a part that is left out of a sent entry or object survives is not documented: so both are always sent whole, as
they were read, with the new values laid over them (`Path.whole`, `Record.slots`). A field with the
codec `phone` or `street` is a text made of several parts of its entry; writing it back changes as few parts as
possible, and reading it again gives the same text.

A field with the codec `reference` is the id of another record inside an object, and is written as an object with nothing
but that id: any other key in an invoice's `Contact` would change the contact. `owed` is an amount that a voided or
deleted invoice does not owe, though the answer to its voiding still shows it (6.4). `lines` is `xero_lines`.

Writing sends `""` for an empty text: a key that is left out keeps its value, and `null` may mean the same as left out
(2.3). What is no text has no other empty form than `null`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from hxrules.catalogue import Field, TypeInfo
from hxrules.connectors.codec import Reader, raw_text, reader
from hxrules.connectors.xero_lines import read_lines, written_lines
from hxrules.records import App, Life, Record, RecordRef, Write
from hxrules.values import IdOf, Lines, NotOfType, Value, ValueType, canonical

ZERO_ID: Final = "00000000-0000-0000-0000-000000000000"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP: Final = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/\Z")
_LINES: Final = ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4")
_ARCHIVED: Final = frozenset({"ARCHIVED", "GDPRREQUEST"})
_ENDED: Final = (Life.VOIDED, Life.DELETED)

Entry = dict[str, Any]
ReadEntry = Callable[[Mapping[str, Any]], str | None]
Links = Mapping[str, tuple[str, ...]]
"""Filter's word → ids."""

_NAMED: Final = {
    ("invoices", "contact"): ("Contact", "ContactID"),
    ("invoices", "payment"): ("Payments", "PaymentID"),
    ("payments", "invoice"): ("Invoice", "InvoiceID"),
}
"""Type and word → where a document itself names the associated records: the key of the object or list, the key of an id."""
_NO_LINKS: Final[Links] = {}


def moment(raw: Any) -> Any:
    """`/Date(1789378199100+0000)/` as an instant, with and without offset: the number alone is UTC. Else as it is."""
    if isinstance(raw, str) and (stamp := _STAMP.match(raw)):
        return _EPOCH + timedelta(milliseconds=int(stamp[1]))
    return raw


# --- texts made of parts ---------------------------------------------------------------------------------------------


def read_phone(entry: Mapping[str, Any]) -> str | None:
    """`+61 2 9123 4567` of country 61, area 2 and number 9123 4567. A number that begins with `+` stands for itself."""
    number = _part(entry, "PhoneNumber")
    prefix = _dialling_prefix(entry)
    if not prefix or number.startswith("+"):
        return number or None
    return f"{prefix} {number}" if number else prefix


def write_phone(entry: Entry, value: str) -> None:
    """The number alone changes where country and area stay the same; else it holds all, and those are emptied."""
    prefix = _dialling_prefix(entry)
    rest = value.removeprefix(f"{prefix} ") if prefix else value
    if prefix and (rest == value or not rest or rest != rest.strip() or rest.startswith("+")):
        entry.update(PhoneCountryCode="", PhoneAreaCode="", PhoneNumber=value)
    else:
        entry["PhoneNumber"] = rest


def _dialling_prefix(entry: Mapping[str, Any]) -> str:
    country, area = _part(entry, "PhoneCountryCode"), _part(entry, "PhoneAreaCode")
    if country and not country.startswith("+"):
        country = f"+{country}"
    return " ".join(filter(None, (country, area)))


def read_street(entry: Mapping[str, Any]) -> str | None:
    """The lines of an address that hold something, in one line: HubSpot has one, and its form drops line breaks."""
    return ", ".join(filter(None, (_part(entry, line) for line in _LINES))) or None


def write_street(entry: Entry, value: str) -> None:
    """Lines that the new text still begins or ends with stay lines; what is between becomes one line."""
    rest = ", ".join(filter(None, (line.strip() for line in value.splitlines())))
    old = [line for line in (_part(entry, name) for name in _LINES) if line]
    head: list[str] = []
    tail: list[str] = []
    while old and rest.startswith(f"{old[0]}, "):
        head.append(old.pop(0))
        rest = rest.removeprefix(f"{head[-1]}, ")
    while old and rest.endswith(f", {old[-1]}"):
        tail.insert(0, old.pop())
        rest = rest.removesuffix(f", {tail[0]}")
    lines = [*head, rest, *tail]
    if len(lines) > len(_LINES) or any(line != line.strip() or not line for line in lines):
        lines = [", ".join(lines)]
    for name, line in zip(_LINES, [*lines, "", "", ""], strict=False):
        entry[name] = line


def _part(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.strip() if isinstance(value, str) else ""


_READ_ENTRY: Final = {"phone": read_phone, "street": read_street}
_WRITE_ENTRY: Final = {"phone": write_phone, "street": write_street}
_EMPTY_ENTRY: Final = {
    "phone": {"PhoneCountryCode": "", "PhoneAreaCode": "", "PhoneNumber": ""},
    "street": dict.fromkeys(_LINES, ""),
}


# --- reading ---------------------------------------------------------------------------------------------------------


class Decoder:
    """Turns documents of one type into records with the given fields. Made once for many documents."""

    def __init__(self, info: TypeInfo, fields: Collection[Field], words: Collection[str] = ()) -> None:
        """`words` are the associations asked for; those that documents don't name themselves are left to the caller."""
        self._info = info
        self._named = {word: _NAMED[info.type, word] for word in words if (info.type, word) in _NAMED}
        self._objects: dict[str, None] = {}
        self._top: list[tuple[str, str, Reader]] = []
        self._deep: list[tuple[Field, Reader]] = []
        self._owed: list[tuple[str, str, Reader]] = []
        self._lines: list[tuple[str, str]] = []
        self._slotted: list[tuple[str, str, str, str | None, ReadEntry | None, Reader]] = []
        self._lists: dict[str, str] = {}
        self._slots: dict[str, tuple[str, str]] = {}
        for each in fields:
            read = reader(each, moment)
            slot, names = each.path.slot, each.path.names
            if each.codec == "owed":
                self._owed.append((each.name, each.path.text, read))
            elif each.codec == "lines":
                self._lines.append((each.name, each.path.text))
            elif slot:
                leaf = names[0] if names else None
                read_entry = _READ_ENTRY[each.codec] if each.codec else None
                self._slotted.append((each.name, slot.list, slot.value, leaf, read_entry, read))
                self._lists[slot.list] = slot.key
                self._slots[slot.name] = (slot.list, slot.value)
            elif names and len(names) == 1:
                self._top.append((each.name, names[0], read))
            else:
                self._deep.append((each, read))
                if each.path.whole and each.codec != "reference":
                    self._objects[each.path.whole] = None

    def record(self, document: dict[str, Any], links: Links = _NO_LINKS) -> Record:
        """The record of one document; `links` are the associations that it doesn't name itself."""
        info = self._info
        life = _life(info, document)
        found = [(name, document.get(own), read) for name, own, read in self._top]
        found += [(each.name, each.path.read(document), read) for each, read in self._deep]
        found += [(name, 0 if life in _ENDED else document.get(own), read) for name, own, read in self._owed]
        if self._lines:
            read_these = partial(read_lines, amount_types=document.get("LineAmountTypes"))
            found += [(name, document.get(own), read_these) for name, own in self._lines]
        entries = {
            name: {entry.get(key): entry for entry in document.get(name) or ()} for name, key in self._lists.items()
        }
        for name, list_name, choice, leaf, read_entry, read in self._slotted:
            entry = entries[list_name].get(choice) or {}
            found.append((name, read_entry(entry) if read_entry else entry.get(leaf), read))
        fields: dict[str, Value] = {}
        broken: dict[str, str] = {}
        for name, raw, read in found:
            # A missing key, "", null and [] can all mean nothing (2.3).
            if raw is None or raw == "" or raw == []:
                fields[name] = None
                continue
            try:
                fields[name] = read(raw)
            except NotOfType:
                broken[name] = raw_text(raw)
        return Record(
            ref=RecordRef(App.XERO, info.type, str(document[info.id_field])),
            fields=fields,
            updated=_instant(document.get(info.updated)) if info.updated else None,
            life=life,
            merged_into=document.get("MergedToContactID") or None,
            associations={**links, **{word: _ids(document, *at) for word, at in self._named.items()}},
            slots=self._whole_parts(document, entries),
            memory=(document.get(info.memory) or None) if info.memory else None,
            broken=broken,
        )

    def _whole_parts(self, document: dict[str, Any], entries: Mapping[str, Mapping[Any, Entry]]) -> dict[str, Entry]:
        parts = {
            name: entries[list_name][choice]
            for name, (list_name, choice) in self._slots.items()
            if choice in entries[list_name]
        }
        for name in self._objects:
            # An object that isn't there may be rendered as an empty list (2.3).
            if isinstance(found := document.get(name), dict) and found:
                parts[name] = _kept(found)
        return parts


def _life(info: TypeInfo, document: Mapping[str, Any]) -> Life:
    if document.get("MergedToContactID"):
        return Life.MERGED
    if document.get("ContactStatus") in _ARCHIVED:
        return Life.ARCHIVED
    ended: Mapping[str, str] = info.settings.get("ended") or {}
    return Life(ended.get(str(document.get(ended["property"])), Life.LIVE)) if ended else Life.LIVE


def _ids(document: dict[str, Any], key: str, id_field: str) -> tuple[str, ...]:
    found = document.get(key) or ()
    return tuple(str(each[id_field]) for each in ([found] if isinstance(found, dict) else found))


def _kept(part: Any) -> Any:
    """Raw JSON that a plan file can hold: a number with a fraction is its text, which loses nothing."""
    if isinstance(part, dict):
        return {key: _kept(each) for key, each in part.items()}
    return str(part) if isinstance(part, Decimal) else part


def _instant(raw: Any) -> datetime | None:
    try:
        value = canonical(ValueType.INSTANT, moment(raw))
    except NotOfType:
        return None
    return value if isinstance(value, datetime) else None


# --- writing ---------------------------------------------------------------------------------------------------------


def element_of(info: TypeInfo, write: Write) -> Entry:
    """The JSON of one write. Raises `ValueError` for a field that has no place of its own in Xero's JSON."""
    element: Entry = dict(info.settings.get("create") or {}) if write.id is None else {}
    if write.id is not None:
        element[info.id_field] = write.id
    if write.archive:
        element |= info.settings["archive"]
    if write.memory is not None and info.memory:
        element[info.memory] = write.memory
    touched: dict[str, Entry] = {}
    for field, value in sorted(write.values.items(), key=lambda pair: pair[0].name):
        if field.codec == "reference":
            _put(element, field, value)
            continue
        if field.codec == "lines":
            element |= written_lines(value if isinstance(value, Lines) else Lines())
            continue
        slot, whole = field.path.slot, field.path.whole
        if whole is not None and whole not in touched:
            entry = touched[whole] = _as_read(info, whole, write.slots.get(whole) or {})
            if slot is None:
                element[whole] = entry
            else:
                entry[slot.key] = slot.value
                element.setdefault(slot.list, []).append(entry)
        place = element if slot is None else touched[slot.name]
        if field.codec is None:
            _put(place, field, value)
        elif value is None:
            place.update(_EMPTY_ENTRY[field.codec])
        else:
            _WRITE_ENTRY[field.codec](place, str(value))
    return element


def _as_read(info: TypeInfo, whole: str, raw: Mapping[str, Any]) -> Entry:
    """An entry or object to lay new values over: without what an answer adds (empty error lists), numbers as numbers."""
    numbers = {
        each.path.names[-1]
        for each in info.fields.values()
        if each.kind.numeric and each.path.names and each.path.whole == whole
    }
    kept = {key: part for key, part in raw.items() if part is not None and not isinstance(part, list)}
    return {key: _number(part) if key in numbers else _copy(part) for key, part in kept.items()}


def _number(part: Any) -> Any:
    try:
        return canonical(ValueType.NUMBER, part)
    except NotOfType:
        return part


def _copy(part: Any) -> Any:
    return {key: _copy(each) for key, each in part.items()} if isinstance(part, dict) else part


def _put(target: Entry, field: Field, value: Value) -> None:
    if not field.path.names:
        raise ValueError(f"{field.name} can't be written: it is no single place of Xero's {field.type}")
    *above, last = field.path.names
    for name in above:
        target = target.setdefault(name, {})
    target[last] = _wire(field, value)


def _wire(field: Field, value: Value) -> str | bool | Decimal | None:
    if isinstance(value, IdOf | Lines):
        raise ValueError(f"{field.name} can't be written: {type(value).__name__} is no single value")
    if value is None:
        return "" if field.kind.textual else None
    if isinstance(value, str):
        return field.wire_choices.get(value, value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return value
