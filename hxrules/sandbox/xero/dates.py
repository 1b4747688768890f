"""Xero's dates: `/Date(1789378199100+0000)/` for instants and calendar days alike, and the texts beside them.

Invariant: an instant is an aware UTC datetime of whole milliseconds, a calendar day is a `date` (written as its midnight
UTC). Xero writes an offset in records and none in envelopes (facts/xero.md 2.2).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_WIRE: Final = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/")
_ASKED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def whole(moment: datetime) -> datetime:
    """The instant without what lies below the millisecond, which Xero does not keep."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def written(value: datetime | date, *, offset: bool = True) -> str:
    """The `/Date()/` form; `offset=False` is that of an envelope."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return f"/Date({(moment - EPOCH) // _MILLISECOND}{'+0000' if offset else ''})/"


def read_instant(value: Any) -> datetime:
    """An instant from `/Date()/`, from ISO-8601 (UTC where no zone is named), or as YAML has read it.

    Raises `ValueError`.
    """
    if isinstance(value, str):
        if found := _WIRE.fullmatch(value):
            return EPOCH + int(found[1]) * _MILLISECOND
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return whole(value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC))
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError(f"{value!r} is no date")


def read_day(value: Any) -> date:
    """A calendar day from the same forms; raises `ValueError`."""
    return read_instant(value).date()


def modified_since(header: str | None) -> datetime | None:
    """The instant of an `If-Modified-Since` header: `yyyy-mm-ddThh:mm:ss`, or an HTTP date.

    None for any other form: fractions, `Z` and offsets make Xero ignore the header and answer in full (facts 5.1).
    """
    if header is None:
        return None
    if _ASKED.fullmatch(header.strip()):
        return datetime.fromisoformat(header.strip()).replace(tzinfo=UTC)
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def native(value: Any, name: str = "") -> Any:
    """JSON as Xero writes it, with native values: `…DateUTC` an instant, any other `…Date` a day, fractions Decimals.

    The textual twins of dates (`DateString`) are left out, as they only repeat. Raises `ValueError`.
    """
    if isinstance(value, dict):
        return {
            key: native(inner, key) for key, inner in value.items() if not key.endswith(("DateString", "UTCString"))
        }
    if isinstance(value, list):
        return [native(inner) for inner in value]
    if isinstance(value, float):
        return Decimal(str(value))
    if value and name.endswith("DateUTC"):
        return read_instant(value)
    return read_day(value) if value and name.endswith("Date") else value


def wire(value: Any) -> Any:
    """The reverse of `native`, without the twins."""
    if isinstance(value, dict):
        return {key: wire(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [wire(inner) for inner in value]
    return written(value) if isinstance(value, date) else value
