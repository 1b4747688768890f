"""Decisions → changes: what is written to whom, what the base will be afterwards, and which rule says so.

See also: `merge` (the decisions), `plan` (what a change is), `planner` (who asks for them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hxrules.catalogue import Catalogue, TypeInfo
from hxrules.language.model import FieldMapping, Sync
from hxrules.planning.books import Books
from hxrules.planning.lines import WORDS
from hxrules.planning.linking import Pair
from hxrules.planning.merge import Decision
from hxrules.planning.plan import Action, Change, Effect, FieldChange, Verdict, short_digest
from hxrules.planning.staleness import fingerprint
from hxrules.records import Apart, App, BaseValue, Life, Link, Membership, Origin, Record, StateView
from hxrules.values import IdOf, Line, Lines, Value


class ChangeMaker:
    """Makes the changes of one sync. Ids are digests of content and state, so the same plan has the same bytes."""

    def __init__(self, sync: Sync, state: StateView, catalogue: Catalogue, books: Books) -> None:
        self._sync = sync
        self._state = state
        self._catalogue = catalogue
        self._books = books
        self._info: dict[App, TypeInfo] = {app: catalogue.type(app, sync.types[app]) for app in App}
        self.remembering = frozenset(app for app in App if self._may_remember(app))
        """The apps in which a record may remember its partner: where there is a field for it that no mapping uses."""

    def _may_remember(self, app: App) -> bool:
        memory = self._info[app].memory
        return memory is not None and all(mapping.field(app).name != memory for mapping in self._sync.mappings)

    def update(
        self, pair: Pair, found: Link, target: App, decisions: list[Decision], values: Mapping[str, Value]
    ) -> Change:
        """The fields of one record that get other values; `values` are what is written of the decisions."""
        record = pair.side(target)
        assert record is not None
        slots = self._slots(target, record, values)
        # HubSpot's memory of a pair is written once, when it is linked; Xero's goes along with the first update that comes.
        remembers = (target is App.XERO or pair.new) and target in self.remembering and self._forgetful(record, pair)
        effects = self._effects(
            target, record, values, slots, found.side(target.other) if remembers else None, found.xero
        )
        if remembers:
            effects = (*self._forgetting(pair, target), *effects)
        fields = tuple(field_change(each, target, values) for each in decisions)
        voided = any(each.mapping.id == "status" and each.after == "voided" for each in decisions)
        return self._change(
            Action.VOID if voided else Action.UPDATE,
            target,
            found,
            pair,
            fields,
            effects,
            {each.mapping.id: base_after(each, values) for each in decisions},
        )

    def link(self, pair: Pair, found: Link, bases: Mapping[str, BaseValue], updates: Iterable[Change]) -> Change:
        """A new link; the record that can remember it does so, unless an update of this plan takes the memory along."""
        remembers = App.HUBSPOT if App.HUBSPOT in self._sync.direction.targets else App.XERO
        record = pair.side(remembers)
        assert record is not None
        carried = any(change.app is remembers for change in updates)
        effects: tuple[Effect, ...] = ()
        forgetful = remembers in self.remembering and self._forgetful(record, pair)
        if forgetful and not carried and record.life is Life.LIVE:
            memory = self._effect(remembers, record.ref.id, {}, {}, found.side(remembers.other))
            effects = (*self._forgetting(pair, remembers), memory)
        return self._change(Action.LINK, remembers, found, pair, (), effects, bases, note=pair.note)

    def _forgetful(self, record: Record, pair: Pair) -> bool:
        """Does the record remember nobody; or, in HubSpot, where nobody else writes it, a partner whom a person has replaced?"""
        if record.memory is None or record.ref.app is not App.HUBSPOT:
            return record.memory is None
        parted = Apart(self._sync.name, record.ref.id, record.memory) in self._state.apart
        return (pair.by_hand or parted) and pair.xero is not None and record.memory != pair.xero.ref.id

    def _forgetting(self, pair: Pair, target: App) -> Iterable[Effect]:
        """In HubSpot no two records may remember the same one: those that a person has parted from it forget it first."""
        if target is not App.HUBSPOT or pair.xero is None or pair.hubspot is None:
            return
        seen = self._books.sight().of(target, self._sync.types[target])
        for each in sorted(self._state.apart):
            record = seen.get(each.hubspot)
            if each.sync != self._sync.name or record is None or record.ref == pair.hubspot.ref:
                continue
            if each.xero == record.memory == pair.xero.ref.id:
                yield replace(self._effect(target, record.ref.id, {}, {}, "", source="forgets"), stage=0)

    def restore(
        self,
        pair: Pair,
        found: Link,
        target: App,
        values: Mapping[str, Value],
        fields: tuple[FieldChange, ...],
        bases: Mapping[str, BaseValue],
        rejoined: Mapping[str, tuple[str, ...]],
    ) -> Change:
        """The fields of one record that get back what they held before a run. `rejoined` are the records that it belonged to then, by
        filter word, where they are no partners of the other app's."""
        record = pair.side(target)
        assert record is not None
        effects = self._effects(target, record, values, self._slots(target, record, values), None, found.xero)
        effects = tuple(_rejoined(each, rejoined) if each.stage == 1 else each for each in effects)
        return self._change(Action.UPDATE, target, found, pair, fields, effects, bases)

    def take_away(
        self, pair: Pair, found: Link, target: App, fields: tuple[FieldChange, ...], note: str, needs: tuple[str, ...]
    ) -> Change:
        """Archives a record that a run made; where `fields` say how it ends instead (a voided invoice), writes those."""
        record = pair.side(target)
        assert record is not None
        values = {each.field: each.after for each in fields}
        effect = self._effect(target, record.ref.id, values, {}, None, source="taken away")
        change = self._change(
            Action.VOID if fields else Action.ARCHIVE,
            target,
            found,
            pair,
            fields,
            (replace(effect, archive=not fields, before=_held(record, values)),),
            {},
            note,
        )
        return replace(change, needs=needs)

    def values_for(self, target: App, record: Record) -> dict[str, Value]:
        """What `record` says to the other app. Raises `mappings.ConversionFailed`."""
        compiled = self._sync.compiled
        across = compiled.to_xero(record.fields) if target is App.XERO else compiled.to_hubspot(record.fields)
        return {
            mapping.field(target).name: value
            for mapping, value in zip(self._sync.mappings, across, strict=True)
            if target in mapping.writes and value is not None
        }

    def create(self, target: App, record: Record, values: Mapping[str, Value]) -> Change:
        """A record that exists on one side only, made on the other; it remembers its partner from the start."""
        source = record.ref.app
        compiled = self._sync.compiled
        own = compiled.hubspot(record.fields) if source is App.HUBSPOT else compiled.xero(record.fields)
        fields: list[FieldChange] = []
        bases: dict[str, BaseValue] = {}
        for mapping, mine in zip(self._sync.mappings, own, strict=True):
            name = mapping.field(target).name
            theirs = values.get(name) if target in mapping.writes else None
            bases[mapping.id] = base_of_new(mapping, source, mine, theirs)
            if theirs is not None:
                reason = (
                    f"new in {source.brand}" if mine is not None else f"{source.brand} has none; the rule's fallback"
                )
                fields.append(FieldChange(mapping.id, name, None, theirs, Verdict.CREATE, reason, mapping.span, mine))
        memory = record.ref.id if target in self.remembering else None
        # The link is named after the record that exists: the other one has no id yet.
        found = Link(
            short_digest("link", self._sync.name, source.value, record.ref.id),
            self._sync.name,
            record.ref.id if source is App.HUBSPOT else "",
            record.ref.id if source is App.XERO else "",
            Origin.CREATED,
            born_in=source,
            membership={target: Membership.IN},
        )
        pair = Pair(None, record, None) if source is App.HUBSPOT else Pair(None, None, record)
        effects = self._effects(target, None, values, {}, memory, record.ref.id)
        return self._change(Action.CREATE, target, found, pair, tuple(fields), effects, bases)

    def label(self, records: Iterable[Record | None]) -> str:
        """What people call these records."""
        return label_of(records, self._info)

    def _slots(self, app: App, record: Record, names: Iterable[str]) -> dict[str, Mapping[str, object]]:
        touched = {self._whole(app, name) for name in names}
        return {name: slot for name, slot in record.slots.items() if name in touched}

    def _whole(self, app: App, name: str) -> str | None:
        """What must be written whole for the sake of this field (one phone, one address, the sales details of an item)."""
        fields = (mapping.field(app) for mapping in self._sync.mappings)
        return next((each.path.whole for each in fields if each.name == name), None)

    def _effects(
        self,
        app: App,
        record: Record | None,
        values: Mapping[str, Value],
        slots: Mapping[str, Mapping[str, object]],
        memory: str | None,
        xero: str,
    ) -> tuple[Effect, ...]:
        """The writes of one change. What HubSpot keeps as associated records (an invoice's customer and lines) becomes effects and
        associations of its own: parts first, then the record with them, then what it no longer has."""
        fields = self._info[app].fields
        plain = {name: value for name, value in values.items() if name not in fields or not fields[name].reached}
        parts: list[Effect] = []
        associations: dict[str, tuple[str | IdOf, ...]] = {}
        parting: dict[str, tuple[str, ...]] = {}
        for name, value in values.items():
            if name in plain:
                continue
            if isinstance(value, Lines):
                held = record.fields.get(name) if record is not None else None
                parts += self._parts(value, held if isinstance(held, Lines) else Lines(), record, xero)
                continue
            partner = self._books.partner(name, value)
            for word in fields[name].reached:
                associations[word] = (partner,) if isinstance(partner, str | IdOf) else ()
                old = record.associations.get(word, ()) if record is not None else ()
                parting[word] = tuple(each for each in old if each != partner)
        if record is None:
            for word, type_name in WORDS.items():
                if new := tuple(IdOf(each.id) for each in parts if each.type == type_name):
                    associations[word] = new
        parting = {word: ids for word, ids in parting.items() if ids}
        main = self._effect(
            app,
            record.ref.id if record is not None else None,
            plain,
            slots,
            memory,
            associations,
            parting,
            xero,
        )
        main = replace(main, before=_held(record, values))
        return (
            *(each for each in parts if not each.archive),
            main,
            *(each for each in parts if each.archive),
        )

    def _parts(self, wanted: Lines, held: Lines, record: Record | None, xero: str) -> Iterable[Effect]:
        """The lines, taxes and discounts of a HubSpot invoice that have to be made, changed or taken away."""
        keys = self._books.keys(xero)
        there = {line.id: line for line in held.items if line.id is not None}
        for place, line in enumerate(wanted.items):
            key = keys[place] if place < len(keys) else None
            if line.id is None:
                yield self._part(line, dict(line.values), key, record, xero, place)
            elif line != there.get(line.id):
                before = there.get(line.id)
                held_values: dict[str, Value] = {} if before is None else dict(before.values)
                values = {**dict.fromkeys(held_values), **dict(line.values)}
                part = self._part(line, values, None, None, xero, place)
                yield replace(part, before={name: held_values.get(name) for name in values})
        kept = {line.id for line in wanted.items}
        for line in held.items:
            if line.id not in kept:
                identity = ("archive", self._state.lineage, self._state.serial, line.type, line.id)
                yield Effect(
                    short_digest("effect", *identity),
                    App.HUBSPOT,
                    line.type,
                    line.id,
                    {},
                    archive=True,
                    stage=2,
                    before=dict(line.values),
                )

    def _part(
        self, line: Line, values: Mapping[str, Value], key: str | None, record: Record | None, xero: str, place: int
    ) -> Effect:
        identity = (
            self._state.lineage,
            self._state.serial,
            line.type,
            line.id,
            sorted(values.items()),
            key,
            xero,
            place,
        )
        belongs: dict[str, tuple[str | IdOf, ...]] = {} if record is None else {"invoice": (record.ref.id,)}
        return Effect(
            short_digest("effect", *identity),
            App.HUBSPOT,
            line.type,
            line.id,
            dict(sorted(values.items())),
            memory=key,
            associations=belongs,
            stage=0,
            line=place,
        )

    def _effect(
        self,
        app: App,
        target: str | None,
        values: Mapping[str, Value],
        slots: Mapping[str, Mapping[str, object]],
        memory: str | None,
        associations: Mapping[str, tuple[str | IdOf, ...]] | None = None,
        parting: Mapping[str, tuple[str, ...]] | None = None,
        source: str = "",
    ) -> Effect:
        type_name = self._sync.types[app]
        named = dict(sorted(values.items()))
        identity = (
            self._state.lineage,
            self._state.serial,
            app.value,
            type_name,
            target,
            tuple(named.items()),
            memory,
            source,
        )
        return Effect(
            short_digest("effect", *identity, sorted((associations or {}).items()), sorted((parting or {}).items())),
            app,
            type_name,
            target,
            named,
            slots,
            memory,
            associations or {},
            parting or {},
        )

    def _change(
        self,
        action: Action,
        app: App,
        found: Link,
        pair: Pair,
        fields: tuple[FieldChange, ...],
        effects: tuple[Effect, ...],
        bases: Mapping[str, BaseValue],
        note: str = "",
    ) -> Change:
        records = [each for each in (pair.hubspot, pair.xero) if each is not None]
        hubspot = pair.hubspot.ref.id if pair.hubspot else None
        xero = pair.xero.ref.id if pair.xero else None
        did = [each.id for each in effects]
        return Change(
            id=short_digest("change", self._sync.name, action.value, app.value, hubspot, xero, did),
            sync=self._sync.name,
            action=action,
            app=app,
            hubspot=hubspot,
            xero=xero,
            label=self.label(records),
            fields=fields,
            effects=effects,
            link=found,
            bases=bases,
            preconditions={
                record.ref.app: fingerprint(record, self._sync, self._books.sight(), self._catalogue)
                for record in records
            },
            note=note,
        )


def _held(record: Record | None, names: Iterable[str]) -> dict[str, Value]:
    """What a record holds of these fields, as far as it was read."""
    return {} if record is None else {name: record.fields[name] for name in sorted(names) if name in record.fields}


def _rejoined(effect: Effect, ids: Mapping[str, tuple[str, ...]]) -> Effect:
    parting = {
        word: left
        for word, each in effect.parting.items()
        if (left := tuple(other for other in each if other not in ids.get(word, ())))
    }
    return replace(effect, associations={**effect.associations, **ids}, parting=parting)


def field_change(decision: Decision, target: App, values: Mapping[str, Value]) -> FieldChange:
    """A decision as a line of the plan."""
    name = decision.mapping.field(target).name
    after = values.get(name, decision.after)
    return FieldChange(
        mapping=decision.mapping.id,
        field=name,
        before=_as_far_as_said(decision.before, after),
        after=after,
        verdict=decision.verdict,
        reason=decision.reason,
        span=decision.mapping.span,
        source=decision.view.of(target.other),
    )


def _as_far_as_said(before: Value, after: Value) -> Value:
    """Lines as they were, without what the app has worked out itself (tax, net amounts) and nobody is about to write."""
    if not isinstance(before, Lines) or not isinstance(after, Lines):
        return before
    said = {name for line in after.items for name, _ in line.values}
    unsaid = {"TaxAmount", "LineAmount"} - said
    return Lines(
        tuple(
            Line(line.type, line.id, tuple(pair for pair in line.values if pair[0] not in unsaid))
            for line in before.items
        )
    )


def base_after(decision: Decision, values: Mapping[str, Value]) -> BaseValue:
    """The base of a field that is written, if the app takes it as it is sent."""
    view, target = decision.view, decision.target
    assert target is not None
    after = values.get(decision.mapping.field(target).name, decision.after)
    return BaseValue(
        hubspot=after if target is App.HUBSPOT else view.hubspot,
        xero=after if target is App.XERO else view.xero,
        mapping_digest=decision.mapping.digest,
    )


def bases_without_write(decisions: Iterable[Decision]) -> dict[str, BaseValue]:
    """What to remember of fields that both sides agree on, or that stay different because no direction may write."""
    bases: dict[str, BaseValue] = {}
    for each in decisions:
        view, old = each.view, each.base
        first_time = old is None or old.mapping_digest != each.mapping.digest
        if each.verdict is Verdict.AGREED or (each.verdict is Verdict.NOT_THIS_WAY and first_time):
            bases[each.mapping.id] = BaseValue(view.hubspot, view.xero, each.mapping.digest, view.equal)
    return bases


def base_of_new(mapping: FieldMapping, source: App, mine: Value, theirs: Value) -> BaseValue:
    """The base of one field of a record that is about to be created in the other app."""
    stands_in = bool(mapping.fallback) and (mine is None or theirs is None)
    settled = stands_in or (mine is None) == (theirs is None)
    if source is App.HUBSPOT:
        return BaseValue(theirs if stands_in else mine, theirs, mapping.digest, settled)
    return BaseValue(mine if stands_in else theirs, mine, mapping.digest, settled)


def label_of(records: Iterable[Record | None], info: Mapping[App, TypeInfo]) -> str:
    """What people call these records: the first label of the catalogue that can be filled in."""
    for record in records:
        for template in info[record.ref.app].labels if record is not None else ():
            name = render(template, record.fields if record is not None else {})
            if name:
                return name
    return ""


def render(template: str, fields: Mapping[str, Value]) -> str:
    """`{firstname} {lastname}` filled in; blanks of missing parts are closed up."""
    text = template
    for part in template.split("{")[1:]:
        name = part.split("}")[0]
        value = fields.get(name)
        text = text.replace("{" + name + "}", "" if value is None else str(value))
    return " ".join(text.split())
