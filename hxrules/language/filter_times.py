"""Times in filters: what `today`, `now`, `sync_started` and `end_of_day(x)` are, and how days and instants are compared.

One rule: where either side of a comparison is a day, days are compared, and an instant's day is its day in the Xero
organisation's time zone (design §0.6). So `created > today` is "from tomorrow on", `created = 2026-11-30` is "at some time of
that day", and `created > sync_started` of a field without a time is "from the day after the sync was started". Days move by whole
days; an instant moves by exactly the duration, `1d` being 24 hours.

`Time` is a time as a filter states it, `Bound` what a record's value is compared with because of it, and a `Moment` says, and keeps,
which value that is: once for all records. See also: `filter_values` (who reads times), `filter_python` (who asks for bounds).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Moment:
    """When filters are asked: the plan's clock, the Xero organisation's time zone, and when the sync was started.

    A sync that was never applied starts now (`sync_started` is `None`), which is what its first `apply` will write down. The bounds that
    filters ask for become further attributes, by their names: pass one `Moment` for all records of a run.
    """

    now: datetime
    zone: tzinfo
    sync_started: datetime | None = None

    def prepare(self, bounds: Iterable[Bound]) -> bool:
        """Makes the bounds attributes; whether any of them was new."""
        new = [bound for bound in bounds if not hasattr(self, bound.name)]
        for bound in new:
            object.__setattr__(self, bound.name, bound.at(self))
        return bool(new)


class Time(NamedTuple):
    """A time as a filter states it. `base` is `today`, `now`, `sync_started`, `literal` (then `at`) or `end_of_day` (then `inner`)."""

    base: str
    is_day: bool
    literal: date | datetime | None = None
    """A day, an instant in UTC, or a wall-clock time without zone, which is of the organisation's zone."""
    inner: Time | None = None
    shift: timedelta = timedelta()

    @property
    def constant(self) -> date | datetime | None:
        """Its value, where it is the same in every zone and at every moment."""
        if self.literal is None or (isinstance(self.literal, datetime) and self.literal.tzinfo is None):
            return None
        return self.literal + self.shift

    @property
    def name(self) -> str:
        """A Python name for it; different times have different names."""
        if self.inner is not None:
            name = f"end_of_day__{self.inner.name}__"
        elif isinstance(self.literal, datetime):
            name = f"{'wall' if self.literal.tzinfo is None else 'utc'}_{self.literal:%Y%m%d_%H%M%S_%f}"
        elif self.literal is not None:
            name = f"day_{self.literal:%Y%m%d}"
        else:
            name = "start_of_sync" if self.base == "sync_started" else self.base
        if not self.shift:
            return name
        seconds = abs(int(self.shift.total_seconds()))
        length = f"{seconds}s" if seconds % 86_400 else f"{seconds // 86_400}d"
        return f"{name}_{'plus' if self.shift > timedelta() else 'minus'}_{length}"

    def at(self, moment: Moment) -> date | datetime:
        """The day or the instant that it is."""
        if self.inner is not None:
            value = end_of_day(self.inner.day_at(moment), moment.zone)
        elif self.base == "today":
            return day_of(moment.now, moment.zone) + self.shift
        elif self.base == "now":
            value = moment.now
        elif self.literal is None:
            value = moment.sync_started or moment.now
        elif isinstance(self.literal, datetime) and self.literal.tzinfo is None:
            value = instant_in(self.literal, moment.zone)
        else:
            return self.literal + self.shift
        return value + self.shift

    def day_at(self, moment: Moment) -> date:
        """The day that it is, or on which it falls."""
        value = self.at(moment)
        return day_of(value, moment.zone) if isinstance(value, datetime) else value


class Edge(StrEnum):
    """Which side of a time a value is compared with."""

    ITSELF = ""
    DAY = "day_of_"
    BEGIN = "begin_of_"
    AFTER = "after_"


class Bound(NamedTuple):
    """A time itself, the day on which it falls, the first instant of that day, or the first instant after it."""

    edge: Edge
    time: Time

    @property
    def name(self) -> str:
        return self.edge.value + self.time.name

    def at(self, moment: Moment) -> date | datetime:
        if self.edge is Edge.ITSELF:
            return self.time.at(moment)
        day = self.time.day_at(moment)
        if self.edge is Edge.DAY:
            return day
        return begin_of(day if self.edge is Edge.BEGIN else day + _DAY, moment.zone)


def day_of(instant: datetime, zone: tzinfo) -> date:
    """The calendar day of an instant, in a zone."""
    return instant.astimezone(zone).date()


def begin_of(day: date, zone: tzinfo) -> datetime:
    """The first instant of a day, in a zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The last instant of a day, in a zone."""
    return begin_of(day + _DAY, zone) - _MICROSECOND


def instant_in(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which clocks in a zone show a time; the earlier one where they show it twice."""
    return wall.replace(tzinfo=zone).astimezone(UTC)
