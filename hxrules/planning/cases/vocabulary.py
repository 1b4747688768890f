"""Which names a test may use: record types, fields by their friendly names, the apps' own, and the ids of mappings.

See also: `catalogue` (all fields), `records_reader` and `expectations` (who ask).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.filters import Needs
from hxrules.language.model import FieldMapping, Ruleset, Sync
from hxrules.planning.lines import WORDS
from hxrules.records import App
from hxrules.values import Line, Scalar

PARTS = {"lines": "line", "taxes": "tax", "discounts": "discount"}
"""What a HubSpot invoice is made of, by the key of a test → the filter's word."""
_PART_TYPES = frozenset({*WORDS.values(), "lines"})


class Vocabulary:
    """The names that a ruleset and the catalogue give."""

    def __init__(self, ruleset: Ruleset, catalogue: Catalogue) -> None:
        self.ruleset = ruleset
        self.catalogue = catalogue
        self.fields = cache(self._fields)

    def types(self, app: App) -> dict[str, str]:
        """Word → record type: the catalogue's own names, and those of the ruleset's syncs."""
        own = {name: name for name in self.catalogue.names(app) if name not in _PART_TYPES}
        return {**{sync.name: sync.types[app] for sync in self.ruleset.syncs}, **own}

    def info(self, app: App, type_name: str) -> TypeInfo:
        return self.catalogue.type(app, type_name)

    def syncs(self) -> dict[str, tuple[Sync, App | None]]:
        """What one record is called → its sync, and the app whose word it is, if it isn't both's (`product`, `item`)."""
        found: dict[str, tuple[Sync, App | None]] = {}
        for sync in self.ruleset.syncs:
            titles = {app: self.info(app, sync.types[app]).title for app in App}
            for app, title in titles.items():
                found[title] = (sync, None if titles[app.other] == title else app)
            found.setdefault(sync.name.removesuffix("s"), (sync, None))
        return found

    def title(self, sync: Sync, app: App) -> str:
        return self.info(app, sync.types[app]).title

    def field(self, app: App, type_name: str, name: str) -> Field | None:
        """A field by any of its names: friendly, own, or the id of a mapping that reads or writes it. Of lines the mapping's id
        comes first: HubSpot's own `discount` is the one per unit."""
        by_id = {each.id: each.field(app) for each in self._mappings(app, type_name)}
        if type_name in _PART_TYPES and name in by_id:
            return by_id[name]
        found = self.info(app, type_name).find(name)
        if found is not None:
            return found
        return self.fields(app, type_name).get(name) or by_id.get(name)

    def names(self, app: App, type_name: str) -> list[str]:
        """Everything that may be said of such a record, for suggestions."""
        info = self.info(app, type_name)
        own = [each.friendly for each in self.fields(app, type_name).values()]
        parts = [key for key, word in PARTS.items() if word in info.associations]
        words = [word for word in info.associations if word not in WORDS]
        mapped = [each.id for each in self._mappings(app, type_name)]
        return ["id", *own, *parts, *words, *mapped, *info.fields]

    def _fields(self, app: App, type_name: str) -> Mapping[str, Field]:
        """All fields of a type by own name, with the properties and paths that only this ruleset names."""
        found = dict(self.info(app, type_name).fields)
        for mapping in self._mappings(app, type_name):
            found.setdefault(mapping.field(app).name, mapping.field(app))
        for sync in self.ruleset.syncs:
            for target in sync.direction.targets:
                for _, limit in sync.limits(target):
                    for each in _asked(limit.needs):
                        if each.app is app and each.type == type_name:
                            found.setdefault(each.name, each)
        return found

    def _mappings(self, app: App, type_name: str) -> Iterable[FieldMapping]:
        for sync in self.ruleset.syncs:
            if sync.types[app] == type_name:
                yield from sync.mappings
            elif sync.invoices is not None:
                yield from (each for each in sync.invoices.lines if each.field(app).type == type_name)

    def mapping(self, sync: Sync, app: App, name: str) -> FieldMapping | None:
        """The mapping that writes `app`, by its id or by any name of the field."""
        by_id = next((each for each in sync.mappings if each.id == name), None)
        if by_id is not None:
            return by_id
        field = self.field(app, sync.types[app], name)
        return next((each for each in sync.mappings if field is not None and each.field(app) == field), None)

    def line_type(self, app: App, kind: str | None) -> str | None:
        """The record type of a line of an invoice, or of one of its order-level parts (`kind: tax`)."""
        if kind in (None, "line"):
            return "line_items" if app is App.HUBSPOT else "lines"
        return WORDS.get(kind) if app is App.HUBSPOT else None

    def line_words(self, app: App, line: Line) -> list[tuple[str, Scalar]]:
        """What a line says, in the words of a test and the order of its mappings."""
        mapped = {each.field(app).name: each.id for each in self._mappings(app, line.type)}
        places = {own: place for place, own in enumerate(mapped)}
        fields = self.info(app, line.type).fields
        said = sorted(line.values, key=lambda each: (places.get(each[0], len(places)), each[0]))
        return [(mapped.get(own) or fields[own].friendly, value) for own, value in said]


def _asked(needs: Needs) -> Iterable[Field]:
    yield from needs.fields
    for deeper in needs.associations.values():
        yield from _asked(deeper)
