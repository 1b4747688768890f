"""The records of a case as a test writes them → drafts: typed values, lines of invoices, and whom a record belongs to.

See also: `vocabulary` (the names), `world` (drafts → records that know their associations, with usual values for what isn't said).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hxrules.catalogue import TypeInfo
from hxrules.language.nodes import MappingNode, Node, ScalarNode, short
from hxrules.planning.cases.nodes_reader import NodesReader
from hxrules.planning.cases.setting import Setting
from hxrules.planning.cases.vocabulary import PARTS, Vocabulary
from hxrules.planning.lines import WORDS
from hxrules.records import App, Life, RecordRef
from hxrules.values import Line, Lines, Scalar, Value, ValueType

Entries = Mapping[str, tuple[ScalarNode, Node]]


@dataclass(slots=True, eq=False)
class Entry:
    """One record of a case: what its text says now, and what it said when it was last in step."""

    app: App
    type: str
    node: MappingNode
    id: str = ""
    before: MappingNode | None = None
    number: int | None = None
    """Which of the repeated ones it is; `{n}` in its texts."""
    made_in: App | None = None

    @property
    def now(self) -> Entries:
        return self.node.entries

    @property
    def then(self) -> Entries:
        return {**self.node.entries, **(self.before.entries if self.before is not None else {})}


@dataclass(slots=True, eq=False)
class Draft:
    """A record while its case is read. `fields` holds what was said, by own name."""

    entry: Entry
    ref: RecordRef
    fields: dict[str, Value] = field(default_factory=dict)
    associations: dict[str, list[str]] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    """Where an association is said, by its word and the other's id (`contact 101`)."""
    life: Life | None = None
    merged_into: str | None = None
    memory: str | None = None


class RecordsReader:
    """Reads the drafts of one case."""

    def __init__(self, reader: NodesReader, vocabulary: Vocabulary, setting: Setting) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        self._setting = setting

    def drafts(self, entry: Entry, said: Entries) -> list[Draft]:
        """The record, and those that it is made of."""
        info = self._vocabulary.info(entry.app, entry.type)
        draft = Draft(entry, RecordRef(entry.app, entry.type, entry.id))
        parts: list[Draft] = []
        for name, (key, node) in said.items():
            if name == "id":
                continue
            if name == "archived" and entry.app is App.HUBSPOT:
                draft.life = Life.ARCHIVED if self._reader.flag(node, "`archived`") else None
            elif name == "merged-into":
                draft.life, draft.merged_into = Life.MERGED, self._reader.text(node, "`merged-into`", entry.number)
            elif name in PARTS and PARTS[name] in info.associations:
                parts += self._parts(draft, PARTS[name], node)
            elif name in info.associations and name not in WORDS and name not in info.fields:
                # HubSpot's contacts have a text property `company` beside their companies, who say themselves whom they have.
                self._associate(draft, name, node)
            elif name == info.memory and name not in info.fields:
                draft.memory = self._reader.text(node, f"`{name}`", entry.number)
            else:
                self._field(draft, info, key, node)
        return [draft, *parts]

    def _field(self, draft: Draft, info: TypeInfo, key: ScalarNode, node: Node) -> None:
        entry = draft.entry
        found = self._vocabulary.field(entry.app, entry.type, key.text)
        if found is None:
            what = f"{entry.app.brand}'s {info.title}"
            self._reader.unknown(key, what, self._vocabulary.names(entry.app, entry.type))
        elif found.kind is ValueType.LINES:
            lines = [self.line(App.XERO, "lines", each, entry.number) for each in self._rows(node)]
            draft.fields[found.name] = Lines(
                tuple(
                    Line("lines", line.id or f"{entry.id}-line-{place}", line.values)
                    for place, line in enumerate(lines, 1)
                )
            )
        elif found.kind is ValueType.REFERENCE:
            self._associate(draft, reference_word(found.path.text, found.reached), node)
        else:
            draft.fields[found.name] = self._reader.value(found, node, entry.number)

    def _associate(self, draft: Draft, word: str, node: Node) -> None:
        for text, each in self._reader.texts(node, f"`{word}`", draft.entry.number):
            draft.associations.setdefault(word, []).append(text)
            draft.nodes[f"{word} {text}"] = each

    def _rows(self, node: Node) -> list[MappingNode]:
        return list(self._reader.mappings(node, "a list of lines"))

    def _parts(self, invoice: Draft, word: str, node: Node) -> list[Draft]:
        """Lines, taxes and discounts of a HubSpot invoice: records of their own there."""
        found: list[Draft] = []
        entry = invoice.entry
        for place, each in enumerate(self._rows(node), 1):
            line = self.line(App.HUBSPOT, WORDS[word], each, entry.number)
            # Numbers like all of HubSpot's ids, and the same in the case's past and present.
            part_id = line.id or f"{entry.id}9{place:02}"
            part = Draft(Entry(App.HUBSPOT, WORDS[word], each), RecordRef(App.HUBSPOT, WORDS[word], part_id))
            part.fields.update(line.values)
            part.associations["invoice"] = [entry.id]
            found.append(part)
        return found

    def own_id(self, app: App, node: Node | None, number: int | None = None) -> str | None:
        """A record's own id, if it is said; HX163 for one that HubSpot couldn't have."""
        said = self._reader.text(node, "`id`", number)
        if node is not None and said is not None and app is App.HUBSPOT and not (said.isascii() and said.isdecimal()):
            self._reader.wrong(
                "HX163", node, f"HubSpot's ids are numbers, not `{short(said)}`", remedy="Write a number."
            )
            return None
        return said

    def line(self, app: App, type_name: str, node: MappingNode, number: int | None = None) -> Line:
        """One line of an invoice, by any names of its fields; `id` is its own, if it is said."""
        values: dict[str, Scalar] = {}
        line_id = self.own_id(app, node.get("id"), number)
        for name, (key, value) in node.entries.items():
            if name in ("id", "kind"):
                continue
            found = self._vocabulary.field(app, type_name, name)
            if found is None:
                title = f"a {self._vocabulary.info(app, type_name).title} in {app.brand}"
                self._reader.unknown(key, title, self._vocabulary.names(app, type_name))
                continue
            said = self._reader.value(found, value, number)
            if found.name == "hs_tax_rate_group_id" and isinstance(said, str):
                said = self._setting.rate(said)
            values[found.name] = said
        return Line.of(type_name, line_id, values)

    def expected_lines(self, app: App, node: Node) -> Lines:
        """Lines as a case expects them: each in its own terms; `kind: tax` or `kind: discount` for those of a whole invoice."""
        found: list[Line] = []
        for each in self._rows(node):
            kind = self._reader.text(each.get("kind"), "`kind`")
            type_name = self._vocabulary.line_type(app, kind)
            if type_name is None:
                self._reader.wrong(
                    "HX163", each.entries["kind"][1], f"`kind` can't be `{kind}`", "It is line, tax or discount."
                )
                continue
            found.append(self.line(app, type_name, each))
        return Lines(tuple(found))


def reference_word(path: str, reached: tuple[str, ...]) -> str:
    """The filter's word for the record that a reference names: `Contact.ContactID` → `contact`."""
    return reached[0] if reached else path.partition(".")[0].lower()
