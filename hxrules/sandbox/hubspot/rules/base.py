"""The points at which a type of record can have rules of its own; the base has none.

Order of a write: `adjust` each value, `check` the whole, find out whether a key is `taken`, write, then add what is
`derived` from the new values.
See also: `writing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from hxrules.sandbox.hubspot.account import Account
from hxrules.sandbox.hubspot.errors import ApiError, Invalid, validation
from hxrules.sandbox.hubspot.records import Record, Store


class Rules:
    """The rules of one type of record in one account."""

    def __init__(self, store: Store, account: Account, quirks: Mapping[str, str]) -> None:
        self.store = store
        self.account = account
        self.quirks = quirks

    def keys(self, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The (property, value) pairs that no other record may have."""
        return self.store.unique_values(properties)

    def adjust(self, name: str, value: str, old: Mapping[str, str]) -> str | Invalid | None:
        """The value that HubSpot stores for a written one; None to leave the old value silently as it is."""
        return value

    def check(self, properties: Mapping[str, str], is_new: bool) -> None:
        """Raise `ApiError` when a record may not have these values together."""

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
        """The calculated properties that follow from the others; an empty value clears one."""
        return {}

    def merged(self, primary: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
        """The values that a merge gives the survivor beyond the primary's own and the other's that it lacks."""
        return {}
