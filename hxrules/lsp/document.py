"""One open ruleset, and the answers to what an editor asks about it. Pure: what it extends is handed in.

Lines and columns count from 1, in characters, as everywhere in hxrules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hxrules import shipped
from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.compile import load_ruleset
from hxrules.language.extends import Bases, read_chain
from hxrules.language.nodes import MappingNode, ScalarNode, mapping_at, scalar_at, text_at
from hxrules.language.source import parse
from hxrules.lsp import filters
from hxrules.lsp.cursor import Cursor, locate
from hxrules.lsp.filters import Suggestion, described
from hxrules.problems import Problem, Span
from hxrules.records import App

_READS = {"to-xero": App.HUBSPOT, "to-hubspot": App.XERO}
"""By the filter's direction, whose record it reads."""
_MAPPINGS = {"mappings": "default-mappings", "line-mappings": "line-mappings"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be written in the place of the `length` characters before the cursor."""

    suggestions: list[Suggestion]
    length: int


@dataclass(frozen=True)
class Document:
    """A ruleset's text; `file` names it in places."""

    text: str
    file: str
    catalogue: Catalogue
    bases: Bases

    @property
    def is_ruleset(self) -> bool:
        """Has it the line that every ruleset has? Other YAML is none of our business."""
        return any(line.startswith("hxrules:") for line in self.text.splitlines())

    def problems(self) -> list[Problem]:
        """All that `validate` would say, also about the files that it extends."""
        _, found = load_ruleset(self.text, self.file, self.catalogue, self.bases)
        return found

    @property
    def extends(self) -> Span | None:
        """Where it says what it extends."""
        root, _ = parse(self.text, self.file)
        node = scalar_at(root, "extends")
        return None if node is None else node.place

    def complete(self, line: int, column: int) -> Offer:
        """Fields, comparisons and values inside filters; fields of a mapping."""
        cursor = locate(self.text, line, column)
        if cursor is None or cursor.on_key:
            return Offer([], 0)
        partial = cursor.partial
        head = cursor.before.removesuffix(partial)
        scope = self._filter_scope(cursor)
        if scope is not None:
            return Offer(filters.suggestions(head, scope, self.catalogue), len(partial))
        info = self._mapped_type(cursor)
        if info is None or head.strip():
            return Offer([], 0)
        own = [each for each in info.fields.values() if not each.kind.composite]
        return Offer([Suggestion(each.name, described(each), "field") for each in own], len(partial))

    def hover(self, line: int, column: int) -> str:
        """What the word at a place is, as Markdown; nothing where there is nothing to say."""
        cursor = locate(self.text, line, column)
        if cursor is None:
            return ""
        mapped = self._default_mapping(cursor)
        if mapped is not None:
            return self._about_mapping(cursor.path[1], *mapped)
        field, scope = self._field(cursor)
        if field is None or scope is None:
            return ""
        return self._about(field, scope, cursor.path[1])

    def definition(self, line: int, column: int) -> Span | None:
        """The base's default mapping of the field, or of the id, at a place; for `extends`, the file."""
        cursor = locate(self.text, line, column)
        if cursor is None:
            return None
        if cursor.path == ("extends",) and not cursor.on_key:
            found = self.bases((cursor.before + cursor.after).strip())
            return None if found is None else Span(found[1], 1, 1, 1, 1)
        mapped = self._default_mapping(cursor)
        if mapped is None:
            field, _ = self._field(cursor)
            mapped = None if field is None else self._mapping_of(field, cursor.path[1])
        return None if mapped is None else mapped[0].place

    # --- what the cursor stands on ---------------------------------------------------------------------------------------------

    def _filter_scope(self, cursor: Cursor) -> TypeInfo | None:
        path = cursor.path
        if len(path) == 4 and path[0] == "syncs" and path[2] == "filters" and path[3] in _READS:
            return self._type(path[1], _READS[path[3]])
        return None

    def _mapped_type(self, cursor: Cursor) -> TypeInfo | None:
        path = cursor.path
        if len(path) == 5 and path[0] == "syncs" and path[2] == "custom-mappings" and path[4] in tuple(App):
            return self._type(path[1], App(path[4]))
        return None

    def _field(self, cursor: Cursor) -> tuple[Field | None, TypeInfo | None]:
        """The field that is named at the cursor, and the record type that it is of."""
        if cursor.on_key:
            return None, None
        info = self._mapped_type(cursor)
        if info is not None:
            return info.find((cursor.before + cursor.after).strip()), info
        scope = self._filter_scope(cursor)
        here = filters.place(cursor.before.removesuffix(cursor.partial), scope, self.catalogue) if scope else None
        if here is None or "FIELD" not in here.accepts:
            return None, None
        return here.scope.find(cursor.word), here.scope

    def _default_mapping(self, cursor: Cursor) -> tuple[ScalarNode, MappingNode] | None:
        """The default mapping that is switched off where the cursor stands: its key and entry in the base."""
        path = cursor.path
        if len(path) != 4 or path[0] != "syncs" or path[2] not in _MAPPINGS:
            return None
        words = ("default-mappings", path[1]) if path[2] == "mappings" else ("line-mappings",)
        return _entry(self._at(*words), path[3])

    def _mapping_of(self, field: Field, sync: str) -> tuple[ScalarNode, MappingNode] | None:
        """The default mapping that reads or writes the field."""
        for key, entry in self._defaults(sync):
            named = text_at(entry, field.app.value)
            info = self._type(sync, field.app)
            if named and info and info.type == field.type and info.find(named) == field:
                return key, entry
        return None

    # --- what it extends -------------------------------------------------------------------------------------------------------

    @cached_property
    def _rules(self) -> MappingNode | None:
        """This ruleset laid over what it extends; where it can't be read, the newest base alone."""
        chain = read_chain(self.text, self.file, self.bases, [])
        if chain is None:
            found = self.bases(shipped.bases()[-1])
            chain = read_chain(*found, self.bases, []) if found else None
        return chain.rules if chain else None

    def _at(self, *path: str) -> MappingNode | None:
        node = self._rules
        for name in path:
            node = mapping_at(node, name)
        return node

    def _type(self, sync: str, app: App) -> TypeInfo | None:
        named = scalar_at(self._at("objects", sync), app.value)
        return self.catalogue.types.get((app, named.text)) if named else None

    def _defaults(self, sync: str) -> Iterator[tuple[ScalarNode, MappingNode]]:
        node = self._at("default-mappings", sync)
        for name in node.entries if node else ():
            found = _entry(node, name)
            if found:
                yield found

    # --- what is said ----------------------------------------------------------------------------------------------------------

    def _about(self, field: Field, scope: TypeInfo, sync: str) -> str:
        names = [f"{field.app.brand}: `{field.name}`"]
        partner = self._partner(field, scope, sync)
        if partner is not None:
            names.append(f"{partner.app.brand}: `{partner.name}`")
        lines = [f"**{field.title}** of a {field.app.brand} {scope.title}", described(field).partition(";")[0]]
        if field.choices:
            lines.append("one of " + ", ".join(f"`{choice}`" for choice in field.choices))
        return "\n\n".join([*lines, " · ".join(names)])

    def _partner(self, field: Field, scope: TypeInfo, sync: str) -> Field | None:
        """The same thing in the other app: by the default mapping, else by the name that both share."""
        info = self._type(sync, field.app.other)
        mapped = self._mapping_of(field, sync)
        if mapped is not None and info is not None:
            return info.find(text_at(mapped[1], field.app.other.value) or "")
        own = self._type(sync, field.app)
        if own is None or own.type != scope.type or info is None:
            return None
        found = info.find(field.friendly)
        return found if found is not None and found.friendly == field.friendly else None

    def _about_mapping(self, sync: str, key: ScalarNode, entry: MappingNode) -> str:
        sides = " ⇄ ".join(f"{app.brand} `{text_at(entry, app.value)}`" for app in App)
        narrowed = text_at(entry, "direction")
        way = f"\n\n{narrowed} only" if narrowed else ""
        return f"**{key.text}**: {sides}{way}\n\nA default mapping of {sync} ({key.place.file}, line {key.place.line})."


def _entry(node: MappingNode | None, name: str) -> tuple[ScalarNode, MappingNode] | None:
    entry = mapping_at(node, name)
    return None if node is None or entry is None else (node.key(name), entry)
