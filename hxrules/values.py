"""What a field can hold, its canonical form, and how it travels through JSON.

Both apps spell the same fact differently (case of e-mail addresses, `""` for nothing, `12.50` for `12.5`). A value is brought
into canonical form once, where it enters, so that everything behind may compare with `==`. Nothing else normalises.

Money is a `Decimal` in the currency of its record; a day is a `date` without zone; an instant is an aware UTC `datetime`.
See also: `records` (who holds values), `catalogue` (which type a field has).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class IdOf:
    """The id of a record that the same plan creates: known once that has happened ("known after apply").

    `of` names the link of the new record, or the effect that makes a part of one.
    """

    of: str


Scalar = str | Decimal | bool | date | datetime | None
"""A value that stands by itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice, or one of its order-level taxes and discounts, in one app's terms.

    Two lines are equal when they say the same; which one it is (`id`) is not a part of that.
    """

    type: str
    """The record type: `line_items`, `taxes`, `discounts` in HubSpot, `lines` in Xero."""
    id: str | None = field(compare=False)
    """`None` for one that is yet to be made."""
    values: tuple[tuple[str, Scalar], ...]
    """By own field name, in the order of names; what is empty is left out."""

    @classmethod
    def of(cls, type_name: str, line_id: str | None, values: Mapping[str, Scalar]) -> Line:
        return cls(type_name, line_id, tuple(sorted((name, each) for name, each in values.items() if each is not None)))

    def get(self, name: str) -> Scalar:
        return next((value for own, value in self.values if own == name), None)

    def number(self, name: str) -> Decimal:
        """A numeric field; 0 where it is empty."""
        found = self.get(name)
        return found if isinstance(found, Decimal) else Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The lines of an invoice: one value, in the app's order. The order is nobody's statement: equal are lists of equal lines."""

    items: tuple[Line, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines) and self._counted == other._counted

    def __hash__(self) -> int:
        return hash(frozenset(self._counted.items()))

    @property
    def _counted(self) -> Counter[Line]:
        return Counter(self.items)


Value = Scalar | IdOf | Lines
"""A canonical value. `None` is "empty", whatever the app calls it; a field that was not read is absent, not `None`."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class ValueType(StrEnum):
    """The types of the catalogue; they decide the canonical form, what may be compared with what, and the wire form."""

    TEXT = "text"
    EMAIL = "email"
    CHOICE = "choice"
    ID = "id"
    NUMBER = "number"
    MONEY = "money"
    DAY = "day"
    INSTANT = "instant"
    BOOL = "bool"
    REFERENCE = "reference"
    """The id of another record of the same app: an invoice's customer, a payment's invoice."""
    LINES = "lines"

    @property
    def textual(self) -> bool:
        return self in _TEXTUAL

    @property
    def composite(self) -> bool:
        """Compared and carried over with knowledge of more than the value itself: of links, of tax rates."""
        return self in (ValueType.REFERENCE, ValueType.LINES)

    @property
    def numeric(self) -> bool:
        return self in (ValueType.NUMBER, ValueType.MONEY)

    @property
    def temporal(self) -> bool:
        return self in (ValueType.DAY, ValueType.INSTANT)


_TEXTUAL = frozenset({ValueType.TEXT, ValueType.EMAIL, ValueType.CHOICE, ValueType.ID, ValueType.REFERENCE})


class NotOfType(ValueError):
    """A value that an app delivered, or a person wrote, does not fit the type of its field."""


def canonical(kind: ValueType, raw: object) -> Value:
    """The canonical form of `raw` for a field of type `kind`; `""`, blank text and `None` are all "empty".

    Text loses outer blanks and is NFC with `\\n` line ends; an e-mail address and a choice are lower case; numbers are `Decimal`;
    a naive date-time is read as UTC. Raises `NotOfType` when `raw` cannot be of that type.
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        if kind.textual:
            return _text(kind, raw)
        raw = raw.strip()
        if not raw:
            return None
    elif kind.textual:
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, int | float | Decimal):
            return number_text(Decimal(str(raw)))
        raise NotOfType(f"{type(raw).__name__} is no text")
    try:
        if kind.numeric:
            return _number(raw)
        if kind is ValueType.BOOL:
            return _bool(raw)
        if kind is ValueType.DAY:
            return _day(raw)
        return _instant(raw)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        raise NotOfType(f"{raw!r} is no {kind.value}") from error


def _text(kind: ValueType, raw: str) -> str | None:
    if not raw.isascii():
        raw = unicodedata.normalize("NFC", raw)
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    raw = raw.strip()
    if kind is ValueType.EMAIL or kind is ValueType.CHOICE:
        raw = raw.lower()
    return raw or None


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool):
        raise NotOfType("a boolean is no number")
    number = Decimal(str(raw))
    if not number.is_finite():
        raise NotOfType("not a finite number")
    return number


def _bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() in ("true", "false"):
        return str(raw).lower() == "true"
    raise NotOfType(f"{raw!r} is no boolean")


def _day(raw: object) -> date:
    if isinstance(raw, datetime):
        return raw.astimezone(UTC).date()
    if isinstance(raw, date):
        return raw
    return date.fromisoformat(str(raw)[:10])


def _instant(raw: object) -> datetime:
    when = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw))
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def number_text(number: Decimal) -> str:
    """`12.50` → `12.5`, `1E+3` → `1000`: one spelling for one number, never an exponent."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def instant_text(when: datetime) -> str:
    """ISO 8601 in UTC with `Z`, without needless fractions."""
    text = when.astimezone(UTC).isoformat(timespec="milliseconds" if when.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def encode(value: Value) -> Json:
    """A value as plain JSON, for readers; `pack` keeps its type as well."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, IdOf):
        return {"new": value.of}
    if isinstance(value, Lines):
        return [
            {"type": line.type, "id": line.id, **{name: encode(each) for name, each in line.values}}
            for line in value.items
        ]
    return value.isoformat()


def pack(value: Value) -> Json:
    """A JSON form that says its own type, for places that don't know the field: `s` text, `n` number, `d` day, `i` instant."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return "s" + value
    if isinstance(value, Decimal):
        return "n" + number_text(value)
    if isinstance(value, IdOf):
        return "o" + value.of
    if isinstance(value, Lines):
        return [[line.type, line.id, {name: pack(each) for name, each in line.values}] for line in value.items]
    return ("i" if isinstance(value, datetime) else "d") + str(encode(value))


def unpack(stored: Json) -> Value:
    """The inverse of `pack`. Raises `NotOfType` for anything that `pack` did not write."""
    if stored is None or isinstance(stored, bool):
        return stored
    if isinstance(stored, list):
        return Lines(tuple(_unpacked_line(each) for each in stored))
    kind = _PACKED.get(stored[:1]) if isinstance(stored, str) else None
    if not isinstance(stored, str) or (kind is None and stored[:1] != "o"):
        raise NotOfType(f"{stored!r} is no packed value")
    if kind is None:
        return IdOf(stored[1:])
    return stored[1:] if kind is ValueType.TEXT else canonical(kind, stored[1:])


def _unpacked_line(stored: Json) -> Line:
    if not isinstance(stored, list) or len(stored) != 3:
        raise NotOfType(f"{stored!r} is no packed line")
    type_name, line_id, packed = stored
    if not isinstance(type_name, str) or not isinstance(line_id, str | None) or not isinstance(packed, dict):
        raise NotOfType(f"{stored!r} is no packed line")
    values: list[tuple[str, Scalar]] = []
    for name, each in packed.items():
        value = unpack(each)
        if isinstance(value, Lines | IdOf):
            raise NotOfType(f"{each!r} stands in no line")
        values.append((name, value))
    return Line(type_name, line_id, tuple(sorted(values)))


_PACKED = {"s": ValueType.TEXT, "n": ValueType.NUMBER, "d": ValueType.DAY, "i": ValueType.INSTANT}
