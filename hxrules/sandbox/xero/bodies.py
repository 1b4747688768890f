"""Reads the JSON body of a write into Xero's own names and types, as its deserialiser does.

Invariants: keys match without regard to case and unknown ones are ignored; null counts as not sent; a value of the
wrong type refuses the whole call with `PostDataInvalidException` (facts/xero.md 2.3, 2.6).
A `Reader` takes the value and its path in the body, for the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.dates import read_day
from hxrules.sandbox.xero.envelope import Call, Record, Refusal, decode

Reader = Callable[[Any, str], Any]

LARGEST_BODY: Final = 10 * 1024 * 1024
"""Bytes of one call's body (facts/xero.md 2.5)."""


def text(value: Any, path: str) -> str:
    """Text; numbers and booleans become text."""
    if isinstance(value, (dict, list)):
        raise _unconverted(value, "System.String", path)
    return str(value)


def boolean(value: Any, path: str) -> bool:
    """A boolean, also as the words true and false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _unconverted(value, "System.Boolean", path)


def number(value: Any, path: str) -> Decimal:
    """A number, also as text."""
    try:
        read = Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        raise _unconverted(value, "System.Decimal", path) from None
    if isinstance(value, bool) or not read.is_finite():
        raise _unconverted(value, "System.Decimal", path)
    return read


def guid(value: Any, path: str) -> str:
    """A guid, in lower case."""
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise _unconverted(value, "System.Guid", path) from None


def day(value: Any, path: str) -> date:
    """A calendar day: `YYYY-MM-DD`, with or without a time, or `/Date()/`."""
    try:
        return read_day(value)
    except (ValueError, OverflowError):
        raise _unconverted(value, "System.DateTime", path) from None


def anything(value: Any, path: str) -> Any:
    """A value that the call only repeats."""
    return value


def choice(*values: str) -> Reader:
    """One of the given words, exactly as written."""

    def read(value: Any, path: str) -> str:
        if value not in values:
            raise _unconverted(value, path.rsplit(".")[-1], path)
        return str(value)

    return read


def shape(**readers: Reader) -> Reader:
    """An object with these keys; the result has them in this order."""
    spelling = {name.lower(): name for name in readers}

    def read(value: Any, path: str) -> Record:
        if not isinstance(value, Mapping):
            raise _unconverted(value, "object", path)
        sent = {spelling.get(str(key).lower()): inner for key, inner in value.items()}
        return {
            name: reader(sent[name], f"{path}.{name}" if path else name)
            for name, reader in readers.items()
            if sent.get(name) is not None
        }

    return read


def listed(reader: Reader) -> Reader:
    """A list of such values."""

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _unconverted(value, "list", path)
        return [reader(inner, f"{path}[{place}]") for place, inner in enumerate(value)]

    return read


def elements(call: Call, name: str, entity: str, reader: Reader) -> list[Record]:
    """The elements of a write: `{"Contacts": [{…}, {…}]}`, or one bare object. Raises `Refusal`."""
    try:
        document = decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(errors.post_data_invalid(str(error))) from None
    if not isinstance(document, Mapping):
        raise _unconverted(document, entity, "")
    wrapped = [inner for key, inner in document.items() if str(key).lower() == name.lower()]
    found: list[Record] = listed(reader)(wrapped[0], name) if wrapped else [reader(document, "")] if document else []
    if not found:
        raise Refusal(errors.no_data(entity))
    return found


def _unconverted(value: Any, wanted: str, path: str) -> Refusal:
    shown = f'"{value}"' if isinstance(value, str) else type(value).__name__
    return Refusal(errors.post_data_invalid(f"Error converting value {shown} to type '{wanted}'. Path '{path}'."))
