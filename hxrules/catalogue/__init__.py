"""What each app's record types and fields are: data in `*.yaml` beside this file, read once.

For every field: its type, whether it may be empty, be written, how long it may be, its choices, and where it stands in the app's
own JSON. The language checks names and types against it, the connectors' codecs are driven by it. No mapping stands here: those
are the base ruleset's (R11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from hxrules.paths import Path, parse_path
from hxrules.records import Accounts, App
from hxrules.values import ValueType


class Writable(StrEnum):
    """When a field takes a value from outside."""

    ALWAYS = "always"
    CREATE = "create"
    NEVER = "never"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of one record type of one app; equal to another when app, type, name and kind are."""

    app: App
    type: str
    name: str
    """The app's own name (`hs_invoice_status`, `EmailAddress`), or the JMESPath of a custom mapping; keys `Record.fields`."""
    friendly: str
    """The name that both apps share where they mean the same (`status`, `email`); equal to `name` where there is none."""
    kind: ValueType
    path: Path
    """Where it stands in the app's JSON (HubSpot: inside `properties`)."""
    nullable: bool = True
    writable: Writable = Writable.ALWAYS
    length: int | None = None
    choices: tuple[str, ...] = ()
    """Canonical (lower-case) choices, in the app's order."""
    wire_choices: Mapping[str, str] = field(default_factory=dict)
    """Canonical choice → the app's spelling (`draft` → `DRAFT`)."""
    codec: str | None = None
    """A named wire form that is more than one JSON value (`phone`, `street`, `noon`)."""
    unique: bool = False
    """No two live records of the type may hold the same value (compared without case)."""
    also: str | None = None
    """Another field that lists further values of this unique one, with `;` between them."""
    refuses: str | None = None
    """A regular expression: text in which it is found is not taken by the app."""
    reached: tuple[str, ...] = ()
    """Not a property: its value is made of the records associated by these words (HubSpot: an invoice's customer, its lines)."""
    optional: bool = False
    """Not every account lets it be written: a refusal means that the app keeps its own value (facts/hubspot.md 3.5, `W?`)."""
    when_paid: bool = False
    """Of an invoice in Xero: may be edited when money has been applied to it (facts/xero.md 6.4)."""
    worked_out: bool = False
    """Where the app isn't told, it works the value out (the tax of a line in Xero)."""
    title: str = ""
    known_as: tuple[str, ...] = ()
    """What people call properties that say the same, beside name and title (`hxrules import` goes by it)."""
    custom: bool = False
    """Not in the catalogue: a custom property, or a path, that a ruleset names."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[App, str, str, ValueType]:
        return self.app, self.type, self.name, self.kind


@dataclass(frozen=True, slots=True)
class Association:
    """A record type that can be reached from another, by the word that a filter uses for it."""

    word: str
    type: str


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One record type of one app."""

    app: App
    type: str
    title: str
    """What one record is called in a sentence ("contact")."""
    path: str
    """Path segment of the app's API (`contacts`, `Contacts`)."""
    id_field: str
    updated: str | None
    created: str | None
    link: str
    """Path of a record's page in the app's own user interface, with `{id}` (and HubSpot's `{portal}`) to fill in."""
    labels: tuple[str, ...]
    """Templates over own field names; the first whose fields are all known names the record for a person."""
    memory: str | None
    """The field that remembers the partner's id in the other app (design §0.5, second memory)."""
    fields: Mapping[str, Field]
    by_friendly: Mapping[str, Field]
    associations: Mapping[str, Association]
    settings: Mapping[str, Any]

    def find(self, name: str) -> Field | None:
        """The field of that name: the app's own, or the friendly one (`first_name` and `first-name` are the same)."""
        return self.fields.get(name) or self.by_friendly.get(name.lower().replace("_", "-"))

    def page(self, record_id: str, accounts: Accounts) -> str | None:
        """The record's page in the app's own user interface (facts/xero.md 9); `None` where no such address is known."""
        if not self.link:
            return None
        portal, organisation = accounts.portal, accounts.organisation
        path = self.link.replace("{id}", record_id)
        if self.app is App.HUBSPOT:
            return f"https://{portal.ui_domain}" + path.replace("{portal}", str(portal.id))
        code, where = quote(organisation.short_code, safe=""), quote(path, safe="")
        return f"https://go.xero.com/organisationlogin/default.aspx?shortcode={code}&redirecturl={where}"

    def custom_property(self, name: str, kind: ValueType = ValueType.TEXT) -> Field:
        """A property that only this account has, by its declared type."""
        return Field(self.app, self.type, name, name, kind, parse_path(name), custom=True, title=name)

    def at_path(self, text: str, kind: ValueType = ValueType.TEXT) -> Field:
        """A place in the app's JSON as a field; one of the catalogue where it is the same place. Raises `paths.BadPath`."""
        path = parse_path(text)
        for known in self.fields.values():
            if known.path.text == path.text:
                return known
        # What stands beside the id of another record is that record's own.
        foreign = {
            each.path.whole for each in self.fields.values() if each.kind is ValueType.REFERENCE and each.path.whole
        }
        writable = Writable.ALWAYS if path.writable and path.whole not in foreign else Writable.NEVER
        return Field(self.app, self.type, text, text, kind, path, writable=writable, custom=True, title=text)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All record types of both apps."""

    types: Mapping[tuple[App, str], TypeInfo]

    def type(self, app: App, name: str) -> TypeInfo:
        """Raises `KeyError` for a type that the app does not have."""
        return self.types[app, name]

    def names(self, app: App) -> tuple[str, ...]:
        return tuple(name for of, name in self.types if of is app)


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue that is shipped with the package."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    types: dict[tuple[App, str], TypeInfo] = {}
    for app in App:
        text = resources.files(__package__).joinpath(f"{app.value}.yaml").read_text(encoding="utf-8")
        for name, entry in yaml.load(text, Loader=loader).items():
            types[app, name] = _type_info(app, name, entry)
    return Catalogue(types)


def _type_info(app: App, name: str, entry: dict[str, Any]) -> TypeInfo:
    fields = {own: _field(app, name, own, spec or {}) for own, spec in entry["fields"].items()}
    words = entry.get("associations", {})
    return TypeInfo(
        app=app,
        type=name,
        title=entry["title"],
        path=entry.get("path", name),
        id_field=entry["id"],
        updated=entry.get("updated"),
        created=entry.get("created"),
        link=entry.get("link", ""),
        labels=tuple(entry.get("labels", ())),
        memory=entry.get("memory"),
        fields=fields,
        by_friendly={each.friendly: each for each in fields.values() if each.friendly != each.name},
        associations={word: Association(word, target) for word, target in words.items()},
        settings=entry.get("settings", {}),
    )


def _field(app: App, type_name: str, own: str, spec: dict[str, Any]) -> Field:
    choices: dict[str, str] = {}
    for choice in spec.get("choices", ()):
        friendly, wire = next(iter(choice.items())) if isinstance(choice, dict) else (str(choice).lower(), str(choice))
        choices[friendly] = wire
    plain = Field(
        app=app,
        type=type_name,
        name=own,
        friendly=spec.get("friendly", own),
        kind=ValueType(spec.get("type", "text")),
        path=parse_path(spec.get("path", own)),
        nullable=spec.get("nullable", True),
        writable=Writable(spec.get("writable", "always")),
        length=spec.get("length"),
        choices=tuple(choices),
        wire_choices=choices,
        codec=spec.get("codec"),
        unique=spec.get("unique", False),
        also=spec.get("also"),
        refuses=spec.get("refuses"),
        reached=tuple(spec.get("reached", ())),
        optional=spec.get("optional", False),
        when_paid=spec.get("when-paid", False),
        worked_out=spec.get("worked-out", False),
        title=spec.get("title", ""),
        known_as=tuple(spec.get("known-as", ())),
    )
    return plain if plain.title else replace(plain, title=plain.friendly.replace("-", " "))
