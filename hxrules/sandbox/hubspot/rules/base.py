"""The points at which a type of record can have rules of its own; the base has none.

Order of a write: `admit` the call, `adjust` each value, find what is `stored` and, for a new record, the `defaults`, `check`
the whole, find out whether a key is `taken`, write, then add what is `derived` from the new values. What a change of one
record means for others stands in `invoicing`.
See also: `writing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hxrules.sandbox.hubspot.account import Account
from hxrules.sandbox.hubspot.errors import ApiError, Invalid, validation
from hxrules.sandbox.hubspot.invoicing import Invoicing
from hxrules.sandbox.hubspot.records import Record, Store


@dataclass(frozen=True)
class Change:
    """A write to one record: what it held before, and what it will hold.

    A new record has no `id` yet and held nothing; `links` are the ids of the records that it comes linked with, by type.
    """

    id: str | None
    before: Mapping[str, str]
    after: Mapping[str, str]
    links: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether the record is being made."""
        return self.id is None

    def touches(self, *names: str) -> bool:
        """Whether any of these properties will have another value."""
        return any(self.before.get(name, "") != self.after.get(name, "") for name in names)


class Rules:
    """The rules of one type of record in one account."""

    def __init__(
        self,
        type: str,
        stores: Mapping[str, Store],
        account: Account,
        quirks: Mapping[str, str],
        invoicing: Invoicing,
    ) -> None:
        self.store = stores[type]
        self.stores = stores
        self.account = account
        self.quirks = quirks
        self.invoicing = invoicing

    def admit(self) -> None:
        """Raise `ApiError` when the account lets nobody write records of this type."""

    def keys(self, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The (property, value) pairs that no other record may have."""
        return self.store.unique_values(properties)

    def adjust(self, name: str, value: str, old: Mapping[str, str]) -> str | Invalid | None:
        """The value that HubSpot stores for a written one; None to leave the old value silently as it is."""
        return value

    def stored(self, written: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
        """The values that HubSpot stores for those written; `before` is empty for a new record.

        Raises `ApiError` where a value is not the client's to write.
        """
        return dict(written)

    def defaults(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """What a new record with these properties gets where it has nothing of its own."""
        return {}

    def check(self, change: Change) -> None:
        """Raise `ApiError` when a record may not be changed so."""

    def check_archive(self, record: Record) -> None:
        """Raise `ApiError` when a record may not be archived."""

    def taken(self, name: str, value: str, by: Record, is_new: bool) -> ApiError:
        """The refusal of a unique value that another record has."""
        return validation(
            f'{name} must be unique: "{value}" is the value of {by.id}',
            errors=[
                {
                    "message": f'"{value}" is already used by {by.id}',
                    "code": "CONFLICTING_UNIQUE_VALUE",
                    "context": {"propertyName": [name], "conflictingObjectId": [by.id]},
                }
            ],
        )

    def key_of(self, name: str, value: str) -> str:
        """A value of a unique property in the form in which it is compared."""
        return value

    def by_key(self, name: str, value: str) -> Record | None:
        """The record that an `idProperty` means."""
        return self.store.find(name, self.key_of(name, value))

    def identifies(self, name: str) -> bool:
        """Whether the property can be an `idProperty`."""
        return name in self.store.properties.unique

    def upserts_partly(self, name: str) -> bool:
        """Whether a batch upsert by that property may fail for some of its inputs only."""
        return True

    def derived(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """The calculated properties that follow from the record's own; an empty value clears one."""
        return {}

    def merged(self, primary: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
        """The values that a merge gives the survivor beyond the primary's own and the other's that it lacks."""
        return {}
