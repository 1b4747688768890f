"""The records of one object type: their values, the history of each value, and what must be unique among them.

Invariants: `properties` is replaced, never changed, so whoever holds it keeps the state of that moment (the search index
does); system properties and the record's own times always agree; keys point only at live records.
See also: `writing` (the only place that changes records), `search` (reads them later), facts/hubspot.md 4.1 and 10.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hxrules.sandbox.environment import Clock
from hxrules.sandbox.hubspot.properties import PropertyRegistry
from hxrules.sandbox.hubspot.schema import ObjectType
from hxrules.sandbox.hubspot.values import instant

CALCULATED: Final = ("CALCULATED", "")
"""The source of a value that HubSpot worked out."""
FIRST_ID: Final = 1001
"""All types count from about here: an id says nothing without its type."""


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a property had, from `timestamp` on."""

    value: str
    timestamp: str
    source_type: str
    source_id: str

    def json(self) -> dict[str, Any]:
        """As `propertiesWithHistory` writes it."""
        return {
            "value": self.value,
            "timestamp": self.timestamp,
            "sourceType": self.source_type,
            "sourceId": self.source_id,
            "sourceLabel": self.source_type,
            "updatedByUserId": None,
        }


@dataclass(slots=True)
class Record:
    """One record; `first_written` dates and `source` names the first version of every property without a history."""

    id: str
    properties: Mapping[str, str]
    created: datetime
    updated: datetime
    first_written: datetime
    source: tuple[str, str]
    archived: datetime | None = None
    history: dict[str, list[Version]] = field(default_factory=dict)

    def versions(self, name: str) -> list[Version]:
        """All versions of a property's value, newest first."""
        if name in self.history:
            return self.history[name]
        if name not in self.properties:
            return []
        return [Version(self.properties[name], instant(self.first_written), *self.source)]

    def is_given(self, name: str) -> bool:
        """Whether the property has a value that somebody wrote, and that was not worked out."""
        return name in self.properties and self.versions(name)[0].source_type != CALCULATED[0]

    def write(self, changes: Mapping[str, str], now: datetime, source: tuple[str, str]) -> None:
        """Set or, with an empty value, clear properties; each real change becomes a version of `now`."""
        at = instant(now)
        for name, value in changes.items():
            if value != self.properties.get(name, ""):
                self.history[name] = [Version(value, at, *source), *self.versions(name)]
        merged = {**self.properties, **changes}
        self.properties = {name: value for name, value in merged.items() if value != ""}


Keys = Callable[[Mapping[str, str]], Iterator[tuple[str, str]]]
"""The (property, value) pairs of a record's properties that no other record of the type may have."""


class Store:
    """All records of one type, by id; with the keys that are unique and the state that search sees."""

    def __init__(self, type: ObjectType, clock: Clock, rng: random.Random, search_lag: float) -> None:
        self.type = type
        self.properties = PropertyRegistry(type)
        self.records: dict[str, Record] = {}
        self.merged: dict[str, str] = {}
        self.keys_of: Keys = self.unique_values
        self.index_version = 0
        self._keys: dict[tuple[str, str], str] = {}
        self._ids: list[int] = []
        self._highest = FIRST_ID - 1
        self._clock = clock
        self._rng = rng
        self._lag = timedelta(seconds=search_lag)
        self._unseen: deque[tuple[datetime, str, Mapping[str, str] | None]] = deque()
        self._indexed: dict[str, Mapping[str, str]] = {}

    def unique_values(self, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The keys that the definitions ask for."""
        return ((name, properties[name]) for name in self.properties.unique if name in properties)

    def new_id(self) -> str:
        """The next id: higher than all before, also than those that are gone, with gaps."""
        return str(self._highest + self._rng.randint(1, 9))

    def find(self, name: str, value: str) -> Record | None:
        """The live record with that unique value."""
        id = self._keys.get((name, value))
        return self.records[id] if id is not None else None

    def live(self, id: str) -> Record | None:
        """The record with that id, unless it is archived."""
        record = self.records.get(id)
        return record if record and not record.archived else None

    def add(self, record: Record) -> None:
        """Put in a new record."""
        self.records[record.id] = record
        insort(self._ids, int(record.id))
        self._highest = max(self._highest, int(record.id))
        if not record.archived:
            self._keys.update((key, record.id) for key in self.keys_of(record.properties))
        self._let_search_see(record.id, None if record.archived else record.properties)

    def changed(self, record: Record, before: Mapping[str, str]) -> None:
        """Take note of a record's new values or of its being archived; `before` are its old values."""
        self._free(record.id, before)
        if not record.archived:
            self._keys.update((key, record.id) for key in self.keys_of(record.properties))
        self._let_search_see(record.id, None if record.archived else record.properties)

    def calculate(self, record: Record, values: Mapping[str, str], now: datetime | None) -> None:
        """Store worked-out values where they differ from the old ones, which counts as a change at `now`, if at all."""
        before = record.properties
        changes = {name: value for name, value in values.items() if value != before.get(name, "")}
        if not changes:
            return
        record.write(changes, now or record.updated, CALCULATED)
        if now:
            record.updated = now
            record.properties = {**record.properties, self.type.modified: instant(now)}
        self.changed(record, before)

    def remove(self, record: Record) -> None:
        """Take a record out for good: it is neither live nor archived any more."""
        del self.records[record.id]
        self._ids.pop(bisect_left(self._ids, int(record.id)))
        self._free(record.id, record.properties)
        self._let_search_see(record.id, None)

    def indexed(self) -> Mapping[str, Mapping[str, str]]:
        """What search sees now: the properties of each record, by id, oldest record first."""
        return self.seen_until(self._clock.now())

    def seen_until(self, instant: datetime) -> Mapping[str, Mapping[str, str]]:
        """Let search see all that is due by then, and return it."""
        while self._unseen and self._unseen[0][0] <= instant:
            _, id, state = self._unseen.popleft()
            self.index_version += 1
            if state is None:
                self._indexed.pop(id, None)
            else:
                self._indexed[id] = state
        return self._indexed

    def page(self, after: int, limit: int, archived: bool) -> tuple[list[Record], str | None]:
        """Up to `limit` records from the id `after` on, and the id at which the next page begins."""
        found: list[Record] = []
        for id in self._ids[bisect_left(self._ids, after) :]:
            record = self.records[str(id)]
            if bool(record.archived) == archived:
                if len(found) == limit:
                    return found, record.id
                found.append(record)
        return found, None

    def _free(self, id: str, properties: Mapping[str, str]) -> None:
        for key in self.keys_of(properties):
            if self._keys.get(key) == id:
                del self._keys[key]

    def _let_search_see(self, id: str, state: Mapping[str, str] | None) -> None:
        self._unseen.append((self._clock.now() + self._lag, id, state))
