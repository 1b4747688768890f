"""What a case expects, read and typed; and how it differs from what the plan does.

    expect:
      - create: xero contact from 101       update | void | drift: APP RECORD [ID]
        company-name: Ana Lee               every field that is written, by its mapping's id
      - link: contact 101 with c1
      - exclude: hubspot contact 102
        by: email is known                  the words of the filter, the id of a fixed limit, or the reason
      - hold: hubspot invoice 301
        code: HX223
      - stop: HX301                         the plan as a whole is held

An id may be left out where it is clear which record is meant. See also: `rows` (what happens), `run` (who compares).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hxrules.language.model import Sync
from hxrules.language.nodes import MappingNode, Node, ScalarNode, short
from hxrules.planning.cases.nodes_reader import NodesReader
from hxrules.planning.cases.records_reader import RecordsReader
from hxrules.planning.cases.rows import Row, What
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.problems import near
from hxrules.records import App
from hxrules.values import Value, ValueType

_JOINS: Final = frozenset({"from", "with", "and", "="})
_ASIDE: Final = {
    What.EXCLUDE: ("by",),
    What.HOLD: ("code", "because"),
    What.LINK: (),
    What.STOP: ("because",),
    What.NOTICE: ("because",),
}
"""Keys beside the action, of what writes no fields."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One row that a case expects; what it leaves open fits everything."""

    node: MappingNode
    what: What
    said: str
    """The mention, as it is written."""
    sync: str | None = None
    app: App | None = None
    ids: frozenset[str] = frozenset()
    fields: Mapping[str, Value] = field(default_factory=dict)
    code: str = ""
    by: str = ""
    because: str = ""

    def fits(self, row: Row) -> bool:
        """Is it about that row at all?"""
        return (
            self.what is row.what
            and self.sync in (None, row.sync)
            and (self.app is None or row.app in (None, self.app))
            and self.ids <= row.ids
            and (self.what not in (What.STOP, What.NOTICE) or self.code == row.code)
        )


@dataclass(frozen=True, slots=True)
class Different:
    """One thing that is said otherwise than it is. `None` on a side: not said, or not so."""

    name: str
    expected: Value
    actual: Value
    unexpected: bool = False
    """It isn't said at all."""
    absent: bool = False
    """It isn't so at all."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The rows of a case, sorted by how they fare."""

    matched: tuple[tuple[Expected, Row, tuple[Different, ...]], ...]
    missing: tuple[Expected, ...]
    unexpected: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        return not (self.missing or self.unexpected or any(differences for _, _, differences in self.matched))


class ExpectationsReader:
    """Reads `expect:`."""

    def __init__(self, reader: NodesReader, vocabulary: Vocabulary, records: RecordsReader, ids: Iterable[str]) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        self._records = records
        self._ids = sorted(ids)

    def read(self, node: Node | None) -> tuple[Expected, ...]:
        found = [self._one(each) for each in self._reader.mappings(node, "`expect`")]
        return tuple(each for each in found if each is not None)

    def _one(self, node: MappingNode) -> Expected | None:
        actions = [name for name in node.entries if name in tuple(What)]
        if len(actions) != 1:
            self._no_action(node, actions)
            return None
        what = What(actions[0])
        said = self._reader.text(node.get(what.value), f"`{what.value}`") or ""
        if what in (What.STOP, What.NOTICE):
            return self._aside(Expected(node, what, said, code=said.upper()))
        mentioned = self._mentioned(node, what, said)
        if mentioned is None:
            return None
        sync, app, ids = mentioned
        found = Expected(node, what, said, sync.name, app, ids)
        if what in _ASIDE:
            return self._aside(found)
        if app is None:
            self._unclear(node, what, f"`{short(said)}` doesn't say in which app", f"{what.value}: xero {said}")
            return None
        return self._with_fields(found, sync, app)

    def _no_action(self, node: MappingNode, actions: Sequence[str]) -> None:
        if actions:
            self._reader.wrong(
                "HX165", node, f"one thing at a time: {' and '.join(actions)}", remedy="Make two entries."
            )
            return
        key = next((key for key, _ in node.entries.values()), None)
        close = near(key.text, tuple(What), 1) if key is not None else []
        self._reader.wrong(
            "HX165",
            key or node,
            f"`{short(key.text) if key else ''}` is nothing that a run does",
            f"An expectation begins with one of: {', '.join(What)}.",
            f"Write `{close[0]}: …`." if close else "Write `- create: xero contact`, say.",
            close[0] if close else None,
        )

    def _mentioned(self, node: MappingNode, what: What, said: str) -> tuple[Sync, App | None, frozenset[str]] | None:
        words = said.split()
        app = next((app for app in App if words and words[0].lower() == app.value), None)
        if app is not None:
            words = words[1:]
        syncs = self._vocabulary.syncs()
        title = words[0].lower() if words else ""
        if title not in syncs:
            close = near(title, syncs, 1)
            self._unclear(
                node,
                what,
                f"`{short(said)}` names no record that is synced",
                f"{what.value}: {said.replace(words[0], close[0], 1)}" if close else None,
                f"Records are: {', '.join(syncs)}.",
            )
            return None
        sync, own = syncs[title]
        ids = [word for word in words[1:] if word not in _JOINS]
        for each in ids:
            if each not in self._ids and not each.startswith("gone-"):
                close = near(each, self._ids, 1)
                self._reader.wrong(
                    "HX164",
                    node.entries[what.value][1],
                    f"the case has no record `{short(each)}`",
                    f"Its records are {', '.join(self._ids[:20])}." if self._ids else "It has no records.",
                    f"Write `{close[0]}`."
                    if close
                    else "Name one of the case's own records by its `id`, or leave the id out.",
                    close[0] if close else None,
                )
                return None
        return sync, app or (own if what.writes else None), frozenset(ids)

    def _unclear(
        self, node: MappingNode, what: What, summary: str, suggestion: str | None = None, cause: str = ""
    ) -> None:
        self._reader.wrong(
            "HX165",
            node.entries[what.value][1],
            summary,
            cause,
            f"Write `{suggestion}`, say." if suggestion else f"Write `{what.value}: hubspot contact 101`, say.",
            suggestion,
        )

    def _aside(self, found: Expected) -> Expected:
        known = _ASIDE[found.what]
        for name, (key, _) in found.node.entries.items():
            if name != found.what.value and name not in known:
                self._reader.unknown(key, f"`{found.what.value}`", known or ("nothing else",))
        texts = {name: self._reader.text(found.node.get(name), f"`{name}`") or "" for name in known}
        code = texts.get("code", "").upper() or found.code
        return Expected(
            found.node,
            found.what,
            found.said,
            found.sync,
            found.app,
            found.ids,
            code=code,
            by=" ".join(texts.get("by", "").split()),
            because=texts.get("because", ""),
        )

    def _with_fields(self, found: Expected, sync: Sync, app: App) -> Expected:
        fields: dict[str, Value] = {}
        for name, (key, value) in found.node.entries.items():
            if name == found.what.value:
                continue
            mapping = self._vocabulary.mapping(sync, app, name)
            if mapping is None:
                self._reader.unknown(key, f"the sync of {sync.name}", [each.id for each in sync.mappings])
                continue
            target = mapping.field(app)
            if target.kind is ValueType.LINES:
                fields[mapping.id] = self._records.expected_lines(app, value)
            elif isinstance(value, ScalarNode):
                fields[mapping.id] = self._reader.value(target, value)
            else:
                self._reader.wrong("HX162", value, f"`{short(name)}` must be one value")
        return Expected(found.node, found.what, found.said, found.sync, app, found.ids, fields)


# --- the comparison ----------------------------------------------------------------------------------------------------------


def compare(expected: Sequence[Expected], rows: Sequence[Row], only: bool) -> Compared:
    """Each expectation with the row that it is nearest to, one to one; and what is left on either side."""
    candidates = sorted(
        (len(differences(each, row, only)), not each.ids, place, number)
        for place, each in enumerate(expected)
        for number, row in enumerate(rows)
        if each.fits(row)
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, place, number in candidates:
        if place not in partner and number not in taken:
            partner[place] = number
            taken.add(number)
    matched = tuple(
        (each, rows[partner[place]], tuple(differences(each, rows[partner[place]], only)))
        for place, each in enumerate(expected)
        if place in partner
    )
    left = (row for number, row in enumerate(rows) if number not in taken and row.what.must_be_expected and not only)
    return Compared(matched, tuple(each for place, each in enumerate(expected) if place not in partner), tuple(left))


def differences(expected: Expected, row: Row, only: bool) -> list[Different]:
    """What the case says of the row that isn't so, and what it doesn't say although it is so."""
    found: list[Different] = []
    if expected.code and expected.code != row.code:
        found.append(Different("code", expected.code, row.code))
    if expected.by and expected.by.casefold() not in {each.casefold() for each in (row.by, *row.again)}:
        found.append(Different("by", expected.by, row.by))
    if expected.because and expected.because.casefold() not in row.why.casefold():
        found.append(Different("because", expected.because, row.why))
    for name, value in expected.fields.items():
        if name not in row.fields:
            found.append(Different(name, value, None, absent=True))
        elif row.fields[name] != value:
            found.append(Different(name, value, row.fields[name]))
    if not only:
        found += [
            Different(name, None, value, unexpected=True)
            for name, value in row.fields.items()
            if name not in expected.fields
        ]
    return found
