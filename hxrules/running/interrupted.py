"""What earlier runs left behind: effects of killed ones, and records that a run made of which the state knows nothing.

See also: `recover` (how a lost effect is looked for), `execute` (which leaves the journal so that this is possible).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from hxrules.catalogue import Catalogue
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset
from hxrules.planning.plan import Action, Change
from hxrules.planning.plan_file import read_change
from hxrules.records import App, BaseValue, Known, Link, Record, RecordRef, Standing, Write
from hxrules.running import traces
from hxrules.running.recover import Absence, look
from hxrules.state.entries import Advance, Intent, Settled
from hxrules.state.store import Store
from hxrules.values import IdOf, Lines, Value, pack, unpack

LOOKED_UP = "looked"
"""Key of the answer of an effect whose end was found out by looking."""


def settle_old(store: Store, connectors: Connectors, catalogue: Catalogue, rules: Ruleset) -> int:
    """Settles what earlier, killed runs left open, before anything new is planned; the number of effects looked up.

    What is found is noted as if its answer had come: whose partner a created record is, of two equal payments nobody else could tell.
    Nothing of the killed run counts as seen, so its records are read again; but an undo leaves the two apps different, which no plan
    could tell from an edit, so of that also the records are noted.
    """
    running = {sync.name for sync in rules.active}
    open_ones = store.unsettled()
    groups: dict[tuple[str, App, str], list[Intent]] = {}
    for header, intent in open_ones:
        groups.setdefault((header.id, intent.app, intent.type), []).append(intent)
    for (run_id, app, _), intents in groups.items():
        writes = [_write_of(intent, catalogue) for intent in intents]
        links = {each.id: each for each in store.view().links}
        linked = {of: frozenset(each.side(of) for each in links.values()) for of in App}
        found = look(writes, connectors.of(app), catalogue, linked.__getitem__)
        settled: list[Settled] = []
        learnt = _Learnt()
        for intent, record in zip(intents, found, strict=True):
            if isinstance(record, Record):
                fields = {name: pack(value) for name, value in record.fields.items()}
                answer = {LOOKED_UP: "there", "fields": fields}
                settled.append(Settled(intent.effect, "done", record.ref.id, answer))
                undo = intent.body.get("undo") is not None
                if undo or ("action" in intent.body and intent.sync in running):
                    learnt.take(read_change(intent.body), record, links, undo)
                continue
            settled.append(Settled(intent.effect, "failed", None, {LOOKED_UP: f"not found, {record.value}"}))
            if record is Absence.CANT_TELL and "action" in intent.body:
                learnt.known.append(_in_doubt_for_good(intent, rules))
        store.settle(run_id, settled, Advance(links=tuple(learnt.links), bases=learnt.bases, known=tuple(learnt.known)))
    return len(open_ones)


@dataclass(slots=True)
class _Learnt:
    """What the effects that were found have brought."""

    links: list[Link] = field(default_factory=list)
    bases: dict[str, dict[str, BaseValue]] = field(default_factory=dict)
    known: list[Known] = field(default_factory=list)

    def take(self, change: Change, record: Record, links: Mapping[str, Link], undo: bool) -> None:
        link = traces.link_after(change, record)
        if change.action is Action.CREATE and any(_rivals(link, each) for each in links.values()):
            return  # Somebody has linked one of the two by hand since.
        if change.action is Action.CREATE or link.gone is not None:
            self.links.append(link)
        if change.action is Action.CREATE or link.id in links:
            self.bases[link.id] = dict(_bases_of(change, record, links, undo))
        if undo:
            self.known.append(traces.known_after(change, record))


def _rivals(link: Link, other: Link) -> bool:
    return (
        link.id != other.id and link.sync == other.sync and (link.hubspot == other.hubspot or link.xero == other.xero)
    )


def _bases_of(change: Change, record: Record, links: Mapping[str, Link], undo: bool) -> Iterator[tuple[str, BaseValue]]:
    """The bases of a change that was found in the app. What a mirror's lines hold only the lost answers told: they are compared anew."""
    app = record.ref.app
    (effect,) = change.effects
    written = {each.mapping: each.field for each in change.fields}
    for mapping, base in change.bases.items():
        own = written.get(mapping)
        if own is not None and own in record.fields and own in effect.values:
            base = traces.base_after(base, app, record.fields[own], effect.values[own])
        elif own is not None and isinstance(base.side(app), Lines) and not undo:
            continue
        hubspot, xero = _known_now(base.hubspot, App.HUBSPOT, links), _known_now(base.xero, App.XERO, links)
        if not isinstance(hubspot, IdOf) and not isinstance(xero, IdOf):
            yield mapping, replace(base, hubspot=hubspot, xero=xero)


def _known_now(value: Value, app: App, links: Mapping[str, Link]) -> Value:
    """The id for which a record stood that the same plan has created."""
    return links[value.of].side(app) if isinstance(value, IdOf) and value.of in links else value


def _in_doubt_for_good(intent: Intent, rules: Ruleset) -> Known:
    """What the next plan must know of a create that can't be looked up: its source is held, not created again."""
    source = intent.app.other
    types = next((sync.types for sync in rules.syncs if sync.name == intent.sync), {source: intent.type})
    ref = RecordRef(source, types[source], str(intent.body[source.value]))
    return Known(ref, intent.sync, None, Standing.FAILING, {"code": "HX208"}, retry=True)


def _write_of(intent: Intent, catalogue: Catalogue) -> Write:
    (effect,) = intent.body["effects"]
    info = catalogue.type(intent.app, intent.type)
    values = {
        info.fields.get(name) or info.custom_property(name): unpack(packed) for name, packed in effect["values"].items()
    }
    return Write(
        intent.app,
        intent.type,
        intent.effect,
        intent.id,
        values,
        effect.get("slots", {}),
        effect.get("memory"),
        archive=effect.get("archive", False),
    )


def there_already(
    changes: Iterable[Change], connectors: Connectors, catalogue: Catalogue, links: Iterable[Link]
) -> dict[str, RecordRef]:
    """Change → a record like the one that it would make, which is nobody's partner; of types of which the app takes any number alike.

    So a plan that was applied isn't applied once more by a state that was put back from an older copy.
    """
    known = tuple(links)
    linked = {app: frozenset(each.side(app) for each in known) for app in App}
    groups: dict[tuple[App, str], list[Write]] = {}
    change_of: dict[str, str] = {}
    for change in changes:
        for effect in change.effects:
            fields = catalogue.type(effect.app, effect.type).fields
            alike = "alike" in catalogue.type(effect.app, effect.type).settings
            if effect.target is None and alike and not any(isinstance(each, IdOf) for each in effect.values.values()):
                values = {fields[name]: value for name, value in effect.values.items() if name in fields}
                groups.setdefault((effect.app, effect.type), []).append(
                    Write(effect.app, effect.type, effect.id, None, values)
                )
                change_of[effect.id] = change.id
    return {
        change_of[write.key]: record.ref
        for (app, _), writes in groups.items()
        for write, record in zip(writes, look(writes, connectors.of(app), catalogue, linked.__getitem__), strict=True)
        if isinstance(record, Record)
    }
