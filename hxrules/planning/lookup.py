"""Which record does somebody mean? `contact:ana@example.com`, `invoice:INV-0042`, `hubspot:contacts/101`, `xero:invoices/GUID`.

A record is known by its ids, by what it is matched by (e-mail, SKU, number) and by what people call it: as far as the state remembers.
See also: `close_up` (what there is to say of it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hxrules.catalogue import Catalogue
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.changes import render
from hxrules.planning.linking import key_of
from hxrules.problems import near
from hxrules.records import App, Known, Link, Record, RecordRef, StateView
from hxrules.values import IdOf, Lines, Value, encode


@dataclass(frozen=True, slots=True)
class Meant:
    """A record, or a linked pair."""

    sync: Sync
    hubspot: str | None = None
    xero: str | None = None
    label: str = field(default="", compare=False)

    def side(self, app: App) -> str | None:
        return self.hubspot if app is App.HUBSPOT else self.xero

    @property
    def refs(self) -> tuple[RecordRef, ...]:
        return tuple(RecordRef(app, self.sync.types[app], own) for app in App if (own := self.side(app)) is not None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, taken apart: one record of an app by its id, or words that name a record of a sync."""

    sync: Sync
    app: App | None
    words: str


class NoSuchRecord(LookupError):
    """What somebody typed names no record; the message says why, `close` what may be meant."""

    def __init__(self, message: str, close: list[str] | None = None) -> None:
        super().__init__(message)
        self.close = close or []


def is_reference(text: str) -> bool:
    """Is it a record's reference, or may it be a code?"""
    return ":" in text


def asked(text: str, ruleset: Ruleset, catalogue: Catalogue) -> Asked:
    """Takes a reference apart. Raises `NoSuchRecord` for a kind of record that the ruleset doesn't sync."""
    kind, _, rest = (part.strip() for part in text.partition(":"))
    app = next((each for each in App if each.value == kind.lower()), None)
    if app is not None:
        type_name, _, record_id = rest.partition("/")
        names = {each.types[app]: each for each in ruleset.syncs} | {each.name: each for each in ruleset.syncs}
        if type_name not in names or not record_id:
            close = [f"{kind}:{each}/{record_id or 'ID'}" for each in near(type_name, names, 1)]
            raise NoSuchRecord(f"Write {kind}:TYPE/ID, with one of the types {', '.join(dict.fromkeys(names))}.", close)
        return Asked(names[type_name], app, record_id.strip())
    titles = _titles(ruleset, catalogue)
    if kind.lower() not in titles or not rest:
        close = [f"{each}:{rest or '…'}" for each in near(kind, titles, 1)]
        raise NoSuchRecord(
            f"Records are called {', '.join(titles)}, hubspot or xero; behind the colon stands which.", close
        )
    return Asked(titles[kind.lower()], None, rest)


def _titles(ruleset: Ruleset, catalogue: Catalogue) -> dict[str, Sync]:
    found: dict[str, Sync] = {}
    for sync in ruleset.syncs:
        for word in (
            sync.name.removesuffix("s"),
            sync.name,
            *(catalogue.type(app, sync.types[app]).title for app in App),
        ):
            found.setdefault(word, sync)
    return found


def remembered(question: Asked, state: StateView, catalogue: Catalogue) -> list[Meant]:
    """All records that the state knows by these words."""
    wanted = question.words.casefold()
    found: dict[tuple[str | None, str | None], Meant] = {}
    for meant, names in _everyone(question.sync, state, catalogue):
        ids = {meant.side(question.app)} if question.app is not None else {*names, meant.hubspot, meant.xero}
        if any(each is not None and each.casefold() == wanted for each in ids):
            found.setdefault((meant.hubspot, meant.xero), meant)
    return list(found.values())


def link_of(sync: Sync, refs: Iterable[RecordRef], state: StateView) -> Link | None:
    """The link of which one of these is a side."""
    sides = {(ref.app, ref.id) for ref in refs}
    mine = (each for each in state.links if each.sync == sync.name)
    return next((each for each in mine if any((app, each.side(app)) in sides for app in App)), None)


def nearest(question: Asked, state: StateView, catalogue: Catalogue) -> list[str]:
    """What the state knows that sounds alike, as it would have to be typed."""
    title = question.sync.name.removesuffix("s")
    names: dict[str, str] = {}
    for meant, called in _everyone(question.sync, state, catalogue):
        if question.app is not None:
            own = meant.side(question.app)
            names |= {} if own is None else {own: f"{question.app.value}:{question.sync.types[question.app]}/{own}"}
        else:
            names |= {each: f"{title}:{each}" for each in called if each}
    return [names[each] for each in near(question.words, names, most=2)]


def among(question: Asked, records: list[Record], state: StateView) -> list[Meant]:
    """Those of the apps' records that have these words as their id or key, each with its partner."""
    links = {app: {each.side(app): each for each in state.links if each.sync == question.sync.name} for app in App}
    found: dict[tuple[str | None, str | None], Meant] = {}
    for record in records:
        app, key = record.ref.app, key_of(question.sync, record)
        if record.ref.id != question.words and key != (question.words.casefold(),):
            continue
        link = links[app].get(record.ref.id)
        ids = {app: record.ref.id} if link is None else {each: link.side(each) for each in App}
        meant = Meant(question.sync, ids.get(App.HUBSPOT), ids.get(App.XERO))
        found.setdefault((meant.hubspot, meant.xero), meant)
    # One on each side, not linked yet: the next run will ask whether they are the same.
    if len(found) == 2 and all(None in pair for pair in found):
        left, right = found.values()
        if {left.hubspot, right.hubspot} != {None} and {left.xero, right.xero} != {None}:
            return [Meant(question.sync, left.hubspot or right.hubspot, left.xero or right.xero)]
    return list(found.values())


def _everyone(sync: Sync, state: StateView, catalogue: Catalogue) -> Iterator[tuple[Meant, list[str]]]:
    """Every record of the sync that the state knows, with what it is called."""
    linked: set[RecordRef] = set()
    for link in state.links:
        if link.sync == sync.name:
            refs = [RecordRef(app, sync.types[app], link.side(app)) for app in App]
            linked.update(refs)
            known = [state.known[ref] for ref in refs if ref in state.known]
            names = [*names_of(sync, link, state, catalogue), *(label_of(each) for each in known)]
            yield Meant(sync, link.hubspot, link.xero, next(filter(None, names), "")), [each for each in names if each]
    for ref, each in state.known.items():
        if each.sync == sync.name and ref not in linked:
            label = label_of(each)
            ids = {ref.app: ref.id}
            yield Meant(sync, ids.get(App.HUBSPOT), ids.get(App.XERO), label), [label] if label else []


def names_of(sync: Sync, link: Link, state: StateView, catalogue: Catalogue) -> list[str]:
    """What a linked pair is called, by what its sides held after the last run; best first."""
    bases = state.bases.get(link.id, {})
    names: list[str] = []
    for app in App:
        held = {each.field(app).name: bases[each.id].side(app) for each in sync.mappings if each.id in bases}
        names += [render(label, held) for label in catalogue.type(app, sync.types[app]).labels]
        keys = [each for each in sync.mappings if each.id in sync.match and each.id in bases]
        names += [text for each in keys if (text := _text(bases[each.id].side(app)))]
    return [each for each in dict.fromkeys(names) if each]


def label_of(known: Known) -> str:
    """What a record is called in the reason that the state keeps."""
    reason: dict[str, Any] = dict(known.reason)
    return str(reason.get("label") or str(reason.get("summary") or "").rpartition(": ")[0])


def _text(value: Value) -> str:
    return "" if value is None or isinstance(value, Lines | IdOf) else str(encode(value))
