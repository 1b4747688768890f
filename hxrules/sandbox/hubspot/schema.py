"""What an object type is: its names, scopes, and properties. The types themselves are data, one module each in `types`.

See also: `types` (the data), `properties` (the registry that grows by custom properties), facts/hubspot.md 3 and 7.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

FIELD_TYPES: Final = {
    "string": ("text", "textarea", "html", "phonenumber", "file", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "bool": ("booleancheckbox", "calculation_equation"),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "phone_number": ("phonenumber",),
}
"""The field types that go with each type; other pairs are refused (facts/hubspot.md 7)."""


@dataclass(frozen=True)
class Option:
    """One allowed value of an enumeration."""

    label: str
    value: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""

    def json(self) -> dict[str, Any]:
        """As the Properties API writes it."""
        return {
            "label": self.label,
            "value": self.value,
            "description": self.description,
            "displayOrder": self.display_order,
            "hidden": self.hidden,
        }


@dataclass(frozen=True)
class Property:
    """The definition of one property; `read_only` values are HubSpot's to set, `calculated` ones follow from others.

    `currencies` says that the options are the currencies of the account.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    options: tuple[Option, ...] = ()
    description: str = ""
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hubspot_defined: bool = False
    external_options: bool = False
    currencies: bool = False
    hidden: bool = False
    form_field: bool = False
    display_order: int = -1
    created: str | None = None
    updated: str | None = None
    archived: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_several(self) -> bool:
        """Whether a value may name several options, separated by `;`."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    @cached_property
    def values(self) -> frozenset[str]:
        """The allowed values of an enumeration."""
        return frozenset(option.value for option in self.options)

    def json(self) -> dict[str, Any]:
        """As the Properties API writes it."""
        body = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": [option.json() for option in self.options],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            "archived": self.archived is not None,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyValue": self.read_only or self.calculated,
                **({"readOnlyOptions": self.hubspot_defined} if self.options else {}),
            },
            **self.more,
        }
        times = {"createdAt": self.created, "updatedAt": self.updated, "archivedAt": self.archived}
        return body | {key: value for key, value in times.items() if value}


@dataclass(frozen=True)
class ObjectType:
    """One type of record, as HubSpot knows it before an account adds anything.

    `defaults` are the properties of an answer when none are asked for; `modified` and `created` name the system
    properties that hold the record's times; `searched` are those that free text looks into.
    """

    name: str
    singular: str
    id: str
    read_scopes: tuple[str, ...]
    write_scopes: tuple[str, ...]
    schema_read_scopes: tuple[str, ...]
    schema_write_scopes: tuple[str, ...]
    groups: Mapping[str, str]
    properties: tuple[Property, ...]
    defaults: tuple[str, ...]
    created: str
    modified: str
    searched: tuple[str, ...] = ()
    associable: bool = True
    mergeable: bool = False

    @property
    def always(self) -> tuple[str, ...]:
        """The properties that every answer has, asked for or not."""
        return (self.created, self.modified, "hs_object_id")

    def names(self) -> tuple[str, ...]:
        """Every name under which a path may speak of the type."""
        return (self.name, self.singular, self.id)

    def in_account(self, currencies: Sequence[str], read_only: Collection[str] = ()) -> ObjectType:
        """The type as an account with these currencies has it; `read_only` names what clients may not write there."""
        options = tuple(Option(code, code, order) for order, code in enumerate(currencies))
        properties = {each.name: each for each in self.properties}
        properties |= {name: replace(each, options=options) for name, each in properties.items() if each.currencies}
        properties |= {name: replace(properties[name], read_only=True) for name in read_only}
        return replace(self, properties=tuple(properties.values()))


def text(name: str, label: str, field_type: str = "text", **more: Any) -> Property:
    """A property of text."""
    return Property(name, label, "string", field_type, "", hubspot_defined=True, **more)


def number(name: str, label: str, **more: Any) -> Property:
    """A property of decimal numbers."""
    return Property(name, label, "number", "number", "", hubspot_defined=True, **more)


def moment(name: str, label: str, **more: Any) -> Property:
    """A property of instants."""
    return Property(name, label, "datetime", "date", "", hubspot_defined=True, **more)


def flag(name: str, label: str, **more: Any) -> Property:
    """A property that is true or false."""
    return Property(name, label, "bool", "booleancheckbox", "", hubspot_defined=True, **more)


def choice(name: str, label: str, values: str, field_type: str = "select", **more: Any) -> Property:
    """An enumeration; `values` are separated by white space, and their labels follow from them."""
    options = tuple(
        Option(value.replace("_", " ").capitalize(), value, order) for order, value in enumerate(values.split())
    )
    return Property(name, label, "enumeration", field_type, "", options=options, hubspot_defined=True, **more)


def currency(name: str, label: str) -> Property:
    """A choice among the currencies of the account."""
    return Property(name, label, "enumeration", "select", "", hubspot_defined=True, currencies=True)


def owner() -> Property:
    """The record's owner, whose options are the account's users."""
    return choice("hubspot_owner_id", "Owner", "", external_options=True)


def system(created: str, modified: str) -> tuple[Property, ...]:
    """The properties that HubSpot keeps on every record."""
    return (
        text("hs_object_id", "Record ID", read_only=True),
        moment(created, "Create Date", read_only=True),
        moment(modified, "Last Modified Date", read_only=True),
        text("hs_object_source", "Record source", read_only=True),
        text("hs_object_source_label", "Record source label", read_only=True),
        text("hs_object_source_id", "Record source ID", read_only=True),
        text("hs_created_by_user_id", "Created by user ID", read_only=True),
        text("hs_merged_object_ids", "Merged record IDs", read_only=True),
    )


def grouped(group: str, properties: Sequence[Property]) -> tuple[Property, ...]:
    """The properties, put into one property group."""
    return tuple(replace(each, group=group) for each in properties)
