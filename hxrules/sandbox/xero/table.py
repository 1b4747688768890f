"""The records of one resource in memory, with what makes reads quick: by key, by the indexed fields, by age.

Invariants: a record is replaced as a whole, never changed in place, so indexes always tell the truth and an earlier
record can be put back; the order of a paged resource is `UpdatedDateUTC`, then the id as Xero's database sorts guids.
See also: `resources` (what is indexed), `where` and `lists` (who asks).
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.resources import Resource


def folded(value: Any) -> Any:
    """Text as the optimised filters compare it: without case and accents (facts/xero.md 5.4)."""
    if not isinstance(value, str):
        return value
    if not value.isascii():
        value = "".join(part for part in unicodedata.normalize("NFKD", value) if not unicodedata.combining(part))
    return value.casefold()


def guid_order(identity: str) -> str:
    """A sort key for guids in the order of SQL Server, which recorded pages show: the last group counts first."""
    first, second, third, fourth, fifth = identity.split("-")
    return f"{fifth}{fourth}{third}{second}{first}"


class Journal:
    """What tables held before each change, so that a batch can be taken back as a whole."""

    def __init__(self) -> None:
        self._kept: list[tuple[Table, str, Record | None]] | None = None

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Remember the changes of a block."""
        self._kept = []
        try:
            yield
        finally:
            self._kept = None

    def note(self, table: Table, key: str, earlier: Record | None) -> None:
        """A change is about to happen to the record of this key."""
        if self._kept is not None:
            self._kept.append((table, key, earlier))

    def take_back(self) -> None:
        """Put back what the block has changed so far."""
        kept, self._kept = self._kept or [], None
        for table, key, earlier in reversed(kept):
            if earlier is None:
                table.remove(key)
            else:
                table.put(earlier)


class Table:
    """One resource's records. `joined` are the tables behind nested fields: `{"Contact": contacts}` for invoices."""

    def __init__(
        self, resource: Resource, joined: Mapping[str, Table] | None = None, journal: Journal | None = None
    ) -> None:
        self.resource = resource
        self._joined = dict(joined or {})
        self._journal = journal or Journal()
        self._records: dict[str, Record] = {}
        self._readers = {name: self.reader(name) for name in resource.indexed}
        self._indexes: dict[str, dict[Any, dict[str, None]]] = {name: {} for name in resource.indexed}
        self._aged: list[tuple[datetime, str, str]] = []

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def get(self, key: str) -> Record | None:
        """The record of this key (a guid in lower case), if there is one."""
        return self._records.get(key)

    def put(self, record: Record) -> None:
        """Add the record, or put it in the place of the one with the same key."""
        key = record[self.resource.key]
        self._journal.note(self, key, self._records.get(key))
        if key in self._records:
            self._unindex(self._records[key])
        self._records[key] = record
        for name, read in self._readers.items():
            self._indexes[name].setdefault(folded(read(record)), {})[key] = None
        if self.resource.paged:
            insort(self._aged, self.age(record))

    def remove(self, key: str) -> None:
        """Forget the record of this key, if there is one."""
        if key in self._records:
            self._journal.note(self, key, self._records[key])
            self._unindex(self._records.pop(key))

    def _unindex(self, record: Record) -> None:
        for name, read in self._readers.items():
            del self._indexes[name][folded(read(record))][record[self.resource.key]]
        if self.resource.paged:
            del self._aged[bisect_left(self._aged, self.age(record))]

    def found(self, field: str, value: Any) -> list[Record]:
        """The records whose indexed `field` equals `value`, whatever its case and accents."""
        return [self._records[key] for key in self._indexes[field].get(folded(value), ())]

    def since(self, floor: datetime | None) -> list[Record]:
        """All records in their default order, or those changed at `floor` or later."""
        if not self.resource.paged:
            return [record for record in self if floor is None or record["UpdatedDateUTC"] >= floor]
        start = bisect_left(self._aged, (floor, "", "")) if floor else 0
        return [self._records[key] for _, _, key in self._aged[start:]]

    def age(self, record: Record) -> tuple[datetime, str, str]:
        """The default sort key."""
        key = record[self.resource.key]
        return record["UpdatedDateUTC"], guid_order(key), key

    def in_order(self, records: Iterable[Record]) -> list[Record]:
        """The records in their default order."""
        return sorted(records, key=self.age) if self.resource.paged else list(records)

    def by_key(self, records: Iterable[Record]) -> list[Record]:
        """The records in the order of their keys, which is what settles ties of any other order."""
        key = self.resource.key
        if self.resource.fields[key] == "guid":
            return sorted(records, key=lambda record: guid_order(record[key]))
        return sorted(records, key=lambda record: str(record[key]))

    def reader(self, field: str) -> Callable[[Record], Any]:
        """What reads a field that a filter may name; a nested one is read from the record that it points to."""
        if "." not in field:
            return lambda record: record.get(field)
        prefix, inner = field.split(".")
        other = self._joined[prefix]
        if inner == other.resource.key:
            return lambda record: record.get(prefix, {}).get(inner)
        return lambda record: (other.get(record.get(prefix, {}).get(other.resource.key, "")) or {}).get(inner)
