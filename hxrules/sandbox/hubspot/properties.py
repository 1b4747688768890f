"""The property definitions of one object type in one account: HubSpot's own, and those that the account added.

What: the rules of the Properties API (names, type pairs, unique values, groups, archive and restore), without HTTP.
Invariants: at most ten unique properties a type; uniqueness and name never change; HubSpot's own can't be changed.
See also: facts/hubspot.md 7; `property_calls` (the endpoints), `values` (what a definition lets through).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hxrules.sandbox.hubspot.calls import objects_of, whole_of
from hxrules.sandbox.hubspot.errors import ApiError, not_found, validation
from hxrules.sandbox.hubspot.schema import FIELD_TYPES, ObjectType, Option, Property

MOST_UNIQUE: Final = 10
KEPT: Final = (
    "calculationFormula",
    "currencyPropertyName",
    "numberDisplayHint",
    "referencedObjectType",
    "showCurrencySymbol",
)
"""Keys of a definition that the sandbox stores and answers without giving them a meaning."""


@dataclass(frozen=True)
class Group:
    """A group of properties."""

    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def json(self) -> dict[str, Any]:
        """As the Properties API writes it."""
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


class PropertyRegistry:
    """All definitions of one object type, archived ones included."""

    def __init__(self, type: ObjectType) -> None:
        self.type = type
        self._definitions = {each.name: each for each in type.properties}
        self._groups = {name: Group(name, label) for name, label in type.groups.items()}
        self.unique: tuple[str, ...] = ()

    def find(self, name: str) -> Property | None:
        """The definition in use under that name."""
        definition = self._definitions.get(name)
        return definition if definition and not definition.archived else None

    def get(self, name: str, archived: bool = False) -> Property:
        """The definition; raises 404 for an unknown one."""
        definition = self._definitions.get(name)
        if definition is None or bool(definition.archived) != archived:
            raise not_found(f'Property "{name}" does not exist for {self.type.id}')
        return definition

    def all(self, archived: bool = False) -> list[Property]:
        """All definitions that are, or are not, archived."""
        return [each for each in self._definitions.values() if bool(each.archived) == archived]

    def create(self, part: Mapping[str, Any], now: str) -> Property:
        """Add a definition, or restore an archived one of that name; raises 400 or 409."""
        required = ("name", "label", "type", "fieldType", "groupName")
        if missing := [key for key in required if not part.get(key)]:
            raise validation(f"Some required fields were not set: [{', '.join(missing)}]")
        name = str(part["name"])
        existing = self._definitions.get(name)
        if existing and existing.archived:
            restored = replace(existing, archived=None, updated=now)
            return self._put(restored)
        if existing:
            raise ApiError(
                409,
                "OBJECT_ALREADY_EXISTS",
                f"A property named '{name}' already exists.",
                sub_category="Properties.PROPERTY_WITH_NAME_EXISTS",
            )
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
            raise validation(f"Property name {name!r} must start with a letter and hold only a-z, 0-9 and _")
        unique = part.get("hasUniqueValue", False) is True
        if unique and len(self.unique) >= MOST_UNIQUE:
            raise validation(f"An object type can have at most {MOST_UNIQUE} properties with unique values")
        blank = Property(name, "", "", "", "", created=now, unique=unique)
        return self._put(self._changed(blank, part, now))

    def update(self, name: str, part: Mapping[str, Any], now: str) -> Property:
        """Change a definition of the account's own; name and uniqueness stay, `options` replaces the whole list."""
        definition = self.get(name)
        if definition.hubspot_defined:
            raise validation(f"Property {name} is defined by HubSpot and can't be changed")
        return self._put(self._changed(definition, part, now))

    def archive(self, name: str, now: str, in_use: bool) -> None:
        """Archive a definition of the account's own; `in_use` says whether a setting of the account needs it."""
        definition = self.get(name)
        if definition.hubspot_defined:
            raise validation(f"Property {name} is defined by HubSpot and can't be deleted")
        if in_use:
            raise validation(
                f"Property {name} can't be deleted, because it is in use",
                sub_category="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            )
        self._put(replace(definition, archived=now))

    def groups(self) -> list[Group]:
        """All groups that are not archived."""
        return [group for group in self._groups.values() if not group.archived]

    def group(self, name: str) -> Group:
        """The group; raises 404 for an unknown one."""
        group = self._groups.get(name)
        if group is None or group.archived:
            raise not_found(f'Property group "{name}" does not exist for {self.type.id}')
        return group

    def create_group(self, part: Mapping[str, Any]) -> Group:
        """Add a group; raises 400 or 409."""
        if missing := [key for key in ("name", "label") if not part.get(key)]:
            raise validation(f"Some required fields were not set: [{', '.join(missing)}]")
        group = Group(str(part["name"]), str(part["label"]), whole_of(part, "displayOrder", -1))
        existing = self._groups.get(group.name)
        if existing and not existing.archived:
            raise ApiError(
                409,
                "OBJECT_ALREADY_EXISTS",
                f"A property group named '{group.name}' already exists.",
                sub_category="Properties.GROUP_WITH_NAME_EXISTS",
            )
        self._groups[group.name] = group
        return group

    def update_group(self, name: str, part: Mapping[str, Any]) -> Group:
        """Change label and order of a group."""
        group = self.group(name)
        changed = replace(
            group,
            label=str(part.get("label", group.label)),
            display_order=whole_of(part, "displayOrder", group.display_order),
        )
        self._groups[name] = changed
        return changed

    def archive_group(self, name: str) -> None:
        """Archive a group that no property in use belongs to."""
        group = self.group(name)
        if any(each.group == name for each in self.all()):
            raise validation(
                f"Property group {name} can't be deleted, because it has active properties",
                sub_category="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
            )
        self._groups[name] = replace(group, archived=True)

    def own_definitions(self) -> list[Property]:
        """The definitions in use that the account added."""
        return [each for each in self.all() if not each.hubspot_defined]

    def own_groups(self) -> list[Group]:
        """The groups that the account added."""
        return [group for group in self.groups() if group.name not in self.type.groups]

    def _put(self, definition: Property) -> Property:
        self._definitions[definition.name] = definition
        self.unique = tuple(each.name for each in self.all() if each.unique)
        return definition

    def _changed(self, old: Property, part: Mapping[str, Any], now: str) -> Property:
        type = str(part.get("type", old.type))
        field_type = str(part.get("fieldType", old.field_type))
        if type not in FIELD_TYPES or field_type not in FIELD_TYPES[type]:
            raise validation(f"Field type {field_type} is not allowed for type {type}")
        group = str(part.get("groupName", old.group))
        if group not in self._groups or self._groups[group].archived:
            raise validation(f"Property group {group} does not exist")
        options = _options(objects_of(part, "options")) if "options" in part else old.options
        if type == "enumeration" and not options and not part.get("externalOptions", old.external_options):
            raise validation("An enumeration needs options")
        return replace(
            old,
            label=str(part.get("label", old.label)),
            type=type,
            field_type=field_type,
            group=group,
            options=options,
            description=str(part.get("description", old.description)),
            hidden=bool(part.get("hidden", old.hidden)),
            form_field=bool(part.get("formField", old.form_field)),
            display_order=whole_of(part, "displayOrder", old.display_order),
            external_options=bool(part.get("externalOptions", old.external_options)),
            calculated=field_type == "calculation_equation",
            updated=now,
            more={**old.more, **{key: part[key] for key in KEPT if key in part}},
        )


def _options(parts: Iterable[Mapping[str, Any]]) -> tuple[Option, ...]:
    options = tuple(
        Option(
            label=str(part.get("label", "")),
            value=str(part.get("value", "")),
            display_order=whole_of(part, "displayOrder", -1),
            hidden=bool(part.get("hidden", False)),
            description=str(part.get("description", "")),
        )
        for part in parts
    )
    if any(not option.label or not option.value for option in options):
        raise validation("Each option needs a label and a value")
    if len({option.value for option in options}) < len(options):
        raise validation("Option values must be unique")
    return options
