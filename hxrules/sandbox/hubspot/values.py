"""What a property lets through: a written value becomes the text that HubSpot stores, or is refused with a code.

Invariant: every stored value is text: numbers plain, booleans `true`/`false`, dates `YYYY-MM-DD`, instants in UTC with
milliseconds and `Z`, so that equal instants are equal texts and sort by time.
See also: facts/hubspot.md 10 (formats), 8.2 (codes), 1.3 (date leniency of 2026-09).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from hxrules.sandbox.hubspot.errors import Invalid
from hxrules.sandbox.hubspot.schema import Property

MOST_CHARACTERS: Final = 65_536
TOO_LARGE: Final = Decimal(10) ** 15
_DAY_MS: Final = 86_400_000
_SECONDS_DIGITS: Final = 10


@dataclass(frozen=True)
class Accepted:
    """A value as it is stored, empty when it clears the property; `normalized_from` is set when HubSpot changed it."""

    value: str
    normalized_from: str | None = None


def instant(at: datetime) -> str:
    """An instant as HubSpot writes it: UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """The instant that an ISO text or epoch milliseconds mean; raises `ValueError`."""
    if re.fullmatch(r"-?\d+", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def check(definition: Property, raw: Any, *, old: str, lenient_dates: bool, trim: bool) -> Accepted | Invalid:
    """What is stored when `raw` (text, number or boolean of the JSON body) is written over `old`."""
    name = definition.name
    if isinstance(raw, bool):
        raw = "true" if raw else "false"
    if not isinstance(raw, str | int):
        return Invalid(name, "INVALID_VALUE", f"{name} must be text, a number or a boolean")
    value = str(raw)
    if definition.type in ("string", "phone_number"):
        return _text(name, value.strip() if trim else value)
    value = value.strip()
    if not value:
        return Accepted("")
    match definition.type:
        case "number":
            return _number(name, value)
        case "bool":
            if value.lower() in ("true", "false"):
                return Accepted(value.lower())
            return Invalid(name, "INVALID_OPTION", f"{value} is not true or false")
        case "enumeration":
            return _option(definition, value, old)
        case "date":
            return _date(name, value, lenient_dates)
        case _:
            return _datetime(name, value)


def _text(name: str, value: str) -> Accepted | Invalid:
    if len(value) > MOST_CHARACTERS:
        return Invalid(name, "INVALID_LENGTH", f"{name} is longer than {MOST_CHARACTERS} characters")
    return Accepted(value)


def _number(name: str, value: str) -> Accepted | Invalid:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", value):
        return Invalid(name, "INVALID_INTEGER", f"{value} was not a valid number.")
    if abs(Decimal(value)) >= TOO_LARGE:
        return Invalid(name, "INVALID_INTEGER", f"{name} is too large")
    return Accepted(f"{Decimal(value):f}")


def _option(definition: Property, value: str, old: str) -> Accepted | Invalid:
    if definition.external_options:
        return Accepted(value)
    chosen = [each.strip() for each in value.split(";") if each.strip()] if definition.takes_several else [value]
    for each in chosen:
        if each not in definition.values:
            allowed = ", ".join(sorted(definition.values))
            return Invalid(definition.name, "INVALID_OPTION", f"{each} was not one of the allowed options: [{allowed}]")
    if definition.takes_several and value.startswith(";"):
        before = [each for each in old.split(";") if each]
        chosen = before + [each for each in chosen if each not in before]
    return Accepted(";".join(chosen))


def _datetime(name: str, value: str) -> Accepted | Invalid:
    try:
        return Accepted(instant(parse_instant(value)))
    except (ValueError, OverflowError, OSError):
        return Invalid(name, "INVALID_DATE", f"{value} was not a valid date.")


def _date(name: str, value: str, lenient: bool) -> Accepted | Invalid:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return Accepted(datetime.fromisoformat(value).date().isoformat())
        except ValueError:
            return Invalid(name, "INVALID_DATE", f"{value} was not a valid date.")
    digits = re.fullmatch(r"-?\d+", value)
    try:
        if digits and int(value) % _DAY_MS == 0:
            return Accepted(parse_instant(value).date().isoformat())
        if lenient:
            in_seconds = digits and len(value) <= _SECONDS_DIGITS
            at = parse_instant(f"{value}000" if in_seconds else value)
            return Accepted(at.astimezone(UTC).date().isoformat(), normalized_from=value)
    except (ValueError, OverflowError, OSError):
        pass
    return Invalid(name, "INVALID_DATE", f"{value} was not a valid date.")
