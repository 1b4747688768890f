"""Decisions → changes: what is written to whom, what the base will be afterwards, and which rule says so.

See also: `merge` (the decisions), `plan` (what a change is), `planner` (who asks for them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hxrules.catalogue import TypeInfo
from hxrules.language.model import FieldMapping, Sync
from hxrules.planning.linking import Pair
from hxrules.planning.merge import Decision
from hxrules.planning.plan import Action, Change, Effect, FieldChange, Verdict, fingerprint, short_digest
from hxrules.records import App, BaseValue, Life, Link, Membership, Origin, Record, StateView
from hxrules.values import Value


class ChangeMaker:
    """Makes the changes of one sync. Ids are digests of content and state, so the same plan has the same bytes."""

    def __init__(self, sync: Sync, state: StateView, info: Mapping[App, TypeInfo]) -> None:
        self._sync = sync
        self._state = state
        self._info = info
        self.remembering = frozenset(app for app in App if self._may_remember(app))
        """The apps in which a record may remember its partner: where there is a field for it that no mapping uses."""

    def _may_remember(self, app: App) -> bool:
        memory = self._info[app].memory
        return memory is not None and all(mapping.field(app).name != memory for mapping in self._sync.mappings)

    def update(self, pair: Pair, found: Link, target: App, decisions: list[Decision]) -> Change:
        """The fields of one record that get other values."""
        record = pair.side(target)
        assert record is not None
        values = {each.mapping.field(target).name: each.after for each in decisions}
        touched = {self._whole(target, name) for name in values}
        slots = {name: slot for name, slot in record.slots.items() if name in touched}
        # HubSpot's memory of a pair is written once, when it is linked; Xero's goes along with the first update that comes.
        remembers = record.memory is None and (target is App.XERO or pair.new) and target in self.remembering
        effect = self._effect(target, record.ref.id, values, slots, found.side(target.other) if remembers else None)
        fields = tuple(field_change(each, target) for each in decisions)
        return self._change(
            Action.UPDATE,
            target,
            found,
            pair,
            fields,
            (effect,),
            {each.mapping.id: base_after(each) for each in decisions},
        )

    def link(self, pair: Pair, found: Link, bases: Mapping[str, BaseValue], updates: Iterable[Change]) -> Change:
        """A new link; the record that can remember it does so, unless an update of this plan takes the memory along."""
        remembers = App.HUBSPOT if App.HUBSPOT in self._sync.direction.targets else App.XERO
        record = pair.side(remembers)
        assert record is not None
        carried = any(change.app is remembers for change in updates)
        effects: tuple[Effect, ...] = ()
        if record.memory is None and not carried and remembers in self.remembering and record.life is Life.LIVE:
            effects = (self._effect(remembers, record.ref.id, {}, {}, found.side(remembers.other)),)
        return self._change(Action.LINK, remembers, found, pair, (), effects, bases, note=pair.note)

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
        effect = self._effect(target, None, values, {}, memory)
        return self._change(Action.CREATE, target, found, pair, tuple(fields), (effect,), bases)

    def label(self, records: Iterable[Record | None]) -> str:
        """What people call these records: the first label of the catalogue that can be filled in."""
        for record in records:
            for template in self._info[record.ref.app].labels if record is not None else ():
                name = render(template, record.fields if record is not None else {})
                if name:
                    return name
        return ""

    def _whole(self, app: App, name: str) -> str | None:
        """What must be written whole for the sake of this field (one phone, one address, the sales details of an item)."""
        fields = (mapping.field(app) for mapping in self._sync.mappings)
        return next((each.path.whole for each in fields if each.name == name), None)

    def _effect(
        self,
        app: App,
        target: str | None,
        values: Mapping[str, Value],
        slots: Mapping[str, Mapping[str, object]],
        memory: str | None,
    ) -> Effect:
        type_name = self._sync.types[app]
        named = dict(sorted(values.items()))
        identity = (self._state.lineage, self._state.serial, app.value, type_name, target, tuple(named.items()), memory)
        return Effect(short_digest("effect", *identity), app, type_name, target, named, slots, memory)

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
            preconditions={record.ref.app: fingerprint(record) for record in records},
            note=note,
        )


def field_change(decision: Decision, target: App) -> FieldChange:
    """A decision as a line of the plan."""
    return FieldChange(
        mapping=decision.mapping.id,
        field=decision.mapping.field(target).name,
        before=decision.before,
        after=decision.after,
        verdict=decision.verdict,
        reason=decision.reason,
        span=decision.mapping.span,
        source=decision.view.of(target.other),
    )


def base_after(decision: Decision) -> BaseValue:
    """The base of a field that is written, if the app takes it as it is sent."""
    view, target = decision.view, decision.target
    return BaseValue(
        hubspot=decision.after if target is App.HUBSPOT else view.hubspot,
        xero=decision.after if target is App.XERO else view.xero,
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


def render(template: str, fields: Mapping[str, Value]) -> str:
    """`{firstname} {lastname}` filled in; blanks of missing parts are closed up."""
    text = template
    for part in template.split("{")[1:]:
        name = part.split("}")[0]
        value = fields.get(name)
        text = text.replace("{" + name + "}", "" if value is None else str(value))
    return " ".join(text.split())
