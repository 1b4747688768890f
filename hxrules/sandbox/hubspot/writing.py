"""Writes to records: first everything is checked, then everything is done, so that a refused write leaves no trace.

What: `prepare_*` turns the JSON of a write into a `Draft` or raises; `commit` carries a draft out and can't fail. A batch
that fails as a whole prepares all its inputs before it commits the first; `Claims` keeps two inputs from taking the same
unique value, or the same line item.
See also: `values` (single values), `rules` (what a type asks), `invoicing` (what a write means for invoices),
facts/hubspot.md 4, 10 and 1.3 (rules of 2026-09).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hxrules.sandbox.hubspot.associations import LinkType
from hxrules.sandbox.hubspot.calls import Call, link_specs, objects_of, text_of
from hxrules.sandbox.hubspot.errors import (
    Invalid,
    conflict,
    invalid_json,
    invalid_values,
    missing_values,
    not_found,
    read_only,
    validation,
)
from hxrules.sandbox.hubspot.invoicing import Claims, End
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.records import Record, Store
from hxrules.sandbox.hubspot.rules.base import Change
from hxrules.sandbox.hubspot.values import check, instant

BY_API: Final = ("INTEGRATION", "31415926")
"""The source of every value that is written over the API."""


@dataclass
class Draft:
    """A write that has been checked: what is to be changed, in which record, or in a new one."""

    store: Store
    record: Record | None
    changes: dict[str, str]
    warnings: list[dict[str, Any]] = field(default_factory=list)
    links: list[tuple[str, str, list[LinkType]]] = field(default_factory=list)

    def others(self) -> dict[str, list[str]]:
        """The ids of the records that a new one is to be linked with, by type."""
        targets = dict.fromkeys(target for target, _, _ in self.links)
        return {target: [id for each, id, _ in self.links if each == target] for target in targets}


@dataclass(frozen=True)
class Written:
    """A write that was done: the record, and the names that were written."""

    record: Record
    touched: tuple[str, ...]
    is_new: bool
    warnings: list[dict[str, Any]]


class Writing:
    """All writes to the records of one account."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def prepare_create(self, store: Store, part: Mapping[str, Any], call: Call, claims: Claims) -> Draft:
        """Check a new record with its `properties` and `associations`; raises `ApiError`."""
        draft = Draft(store, None, {})
        self._fill(draft, part, call)
        draft.links = [self._link(store, each) for each in objects_of(part, "associations")]
        self._check(draft, call, claims)
        return draft

    def prepare_update(
        self, store: Store, record: Record, part: Mapping[str, Any], call: Call, claims: Claims
    ) -> Draft:
        """Check new values of a record; raises `ApiError`."""
        draft = Draft(store, record, {})
        self._fill(draft, part, call)
        self._check(draft, call, claims)
        return draft

    def commit(self, *drafts: Draft) -> list[Written]:
        """Carry drafts out."""
        now = self._portal.now()
        written = [self._create(each, now) if each.record is None else self._update(each, now) for each in drafts]
        touched = [(draft.store.type.name, each.record.id) for draft, each in zip(drafts, written, strict=True)]
        touched += [(target, id) for draft in drafts for target, id, _ in draft.links]
        self._portal.invoicing.follow(touched, now)
        return written

    def archive(self, store: Store, records: Sequence[Record]) -> None:
        """Put records into the recycle bin, or raise `ApiError` for the first that has to stay."""
        now, name = self._portal.now(), store.type.name
        for record in records:
            self._portal.rules[name].check_archive(record)
        for record in records:
            owned = self._portal.invoicing.owned(record.id) if name == "invoices" else []
            for its_store, each in [*owned, (store, record)]:
                each.archived = now
                its_store.changed(each, each.properties)
        self._portal.invoicing.follow([(name, record.id) for record in records], now)

    def merge(self, store: Store, primary: Record, other: Record) -> Record:
        """Make one record of two: it has the primary's values, and the other's where the primary has none."""
        name, now = store.type.name, self._portal.now()
        keeps_id = self._portal.env.quirks["merge-id"] == "primary"
        store.remove(other)
        store.remove(primary)
        survivor = Record(
            primary.id if keeps_id else store.new_id(),
            {**other.properties, **primary.properties},
            min(primary.created, other.created),
            now,
            primary.first_written,
            primary.source,
        )
        for each in (other, primary):
            survivor.history.update({key: each.versions(key) for key in each.properties})
        rules = self._portal.rules[name]
        survivor.write(rules.merged(primary.properties, other.properties), now, BY_API)
        absorbed = [id for id in (primary.id, other.id) if id != survivor.id]
        earlier = [each.properties.get("hs_merged_object_ids", "") for each in (primary, other)]
        system = {
            store.type.created: instant(survivor.created),
            "hs_object_id": survivor.id,
            "hs_merged_object_ids": ";".join(id for id in [*";".join(earlier).split(";"), *absorbed] if id),
        }
        self._stamp(store, survivor, now, system | dict(rules.derived(survivor.properties, now)))
        store.add(survivor)
        for id in absorbed:
            self._portal.associations.move(name, id, survivor.id)
        store.merged.update({old: survivor.id for old, new in store.merged.items() if new in absorbed})
        store.merged.update(dict.fromkeys(absorbed, survivor.id))
        return survivor

    def forget(self, store: Store, record: Record) -> None:
        """Delete a record for good, with its links."""
        associations = self._portal.associations
        for target in associations.targets(store.type.name):
            for id in list(associations.between(store.type.name, record.id, target)):
                associations.unlink(store.type.name, record.id, target, id)
        store.remove(record)

    def _create(self, draft: Draft, now: datetime) -> Written:
        store = draft.store
        record = Record(store.new_id(), {}, now, now, now, BY_API)
        record.properties = {name: value for name, value in draft.changes.items() if value}
        system = {
            store.type.created: instant(now),
            "hs_object_id": record.id,
            "hs_object_source": BY_API[0],
            "hs_object_source_label": BY_API[0],
            "hs_object_source_id": BY_API[1],
        }
        derived = self._portal.rules[store.type.name].derived(record.properties, now)
        self._stamp(store, record, now, system | dict(derived))
        store.add(record)
        for target, id, types in draft.links:
            self._portal.associations.link(store.type.name, record.id, target, id, types)
        return Written(record, tuple(draft.changes), True, draft.warnings)

    def _update(self, draft: Draft, now: datetime) -> Written:
        store, record = draft.store, draft.record
        assert record is not None, "only an update has a record"
        before = record.properties
        moves = any(value != before.get(name, "") for name, value in draft.changes.items())
        if moves or self._portal.env.quirks["noop-update"] == "moves":
            record.write(draft.changes, now, BY_API)
            self._stamp(store, record, now, self._portal.rules[store.type.name].derived(record.properties, now))
            store.changed(record, before)
        return Written(record, tuple(draft.changes), False, draft.warnings)

    def _stamp(self, store: Store, record: Record, now: datetime, system: Mapping[str, str]) -> None:
        record.updated = now
        values = {**record.properties, **system, store.type.modified: instant(record.updated)}
        record.properties = {name: value for name, value in values.items() if value}

    def _fill(self, draft: Draft, part: Mapping[str, Any], call: Call) -> None:
        """Check every written value by itself; all refusals are reported together."""
        written = part.get("properties")
        if not isinstance(written, dict):
            raise invalid_json("properties must be an object")
        store, quirks = draft.store, self._portal.env.quirks
        rules = self._portal.rules[store.type.name]
        old = draft.record.properties if draft.record else {}
        refused: list[Invalid] = []
        for name, raw in written.items():
            definition = store.properties.find(name)
            if definition is None:
                refused.append(Invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
                continue
            if definition.read_only or definition.calculated:
                refused.append(read_only(name))
                continue
            accepted = check(
                definition,
                raw,
                old=old.get(name, ""),
                lenient_dates=call.is_newest,
                trim=quirks["trim-text"] == "yes",
            )
            if isinstance(accepted, Invalid):
                refused.append(accepted)
                continue
            value = rules.adjust(name, accepted.value, old)
            if isinstance(value, Invalid):
                refused.append(value)
            elif value is not None:
                draft.changes[name] = value
            if accepted.normalized_from is not None:
                draft.warnings.append(_normalized(name, accepted.normalized_from, accepted.value))
        if refused:
            raise invalid_values(refused, self._portal.account.portal)

    def _check(self, draft: Draft, call: Call, claims: Claims) -> None:
        """Check the record as it will be: the type's rules, the admins' rules, its links, and what must be unique."""
        store = draft.store
        rules = self._portal.rules[store.type.name]
        before = draft.record.properties if draft.record else {}
        draft.changes = rules.stored(draft.changes, before)
        if draft.record is None:
            draft.changes = {**rules.defaults(draft.changes, self._portal.now()), **draft.changes}
        after = {name: value for name, value in {**before, **draft.changes}.items() if value}
        id = draft.record.id if draft.record else None
        rules.check(Change(id, before, after, draft.others()))
        if call.is_newest:
            self._check_admin_rules(draft, after)
        wanted = set(rules.keys(after)) - set(rules.keys(before))
        for name, value in sorted(wanted):
            if by := store.find(name, value):
                raise rules.taken(name, value, by, is_new=draft.record is None)
            if (name, value) in claims:
                raise conflict(f'Two inputs of the batch have the same {name}: "{value}"')
        ends = [End(target, id, self._portal.stores[target].records[id].properties) for target, id, _ in draft.links]
        self._portal.invoicing.check_links(End(store.type.name, None, after), ends, claims)
        claims |= wanted

    def _check_admin_rules(self, draft: Draft, after: Mapping[str, str]) -> None:
        errors = []
        for rule in self._portal.account.requirements.get(draft.store.type.name, ()):
            if after.get(rule.name):
                continue
            if rule.when is None:
                if draft.record is None:
                    errors.append(("MISSING_REQUIRED_PROPERTY", rule.name, f"{rule.name} is required on create"))
            elif after.get(rule.when) in rule.values and {rule.name, rule.when} & set(draft.changes):
                message = f"{rule.name} is required by the value of [{rule.when}]"
                errors.append(("MISSING_CONDITIONAL_REQUIRED_PROPERTY", rule.name, message))
        if errors:
            raise missing_values(errors)

    def _link(self, store: Store, part: Mapping[str, Any]) -> tuple[str, str, list[LinkType]]:
        """One of the associations of a new record: the other's type is known from the type ids."""
        associations = self._portal.associations
        to = part.get("to")
        if not isinstance(to, dict):
            raise invalid_json("an association needs to.id")
        id, wanted = text_of(to, "id"), link_specs(part.get("types"))
        for target in associations.targets(store.type.name):
            types = [each for each in associations.types(store.type.name, target) if (each.category, each.id) in wanted]
            if len(types) == len(wanted):
                if self._portal.stores[target].live(id) is None:
                    raise not_found(f"{target} {id} does not exist")
                return target, id, types
        raise validation(f"Association types {wanted} don't exist for {store.type.name}")


def _normalized(name: str, raw: str, value: str) -> dict[str, Any]:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {name} was normalized.",
        "context": {"propertyName": [name], "rawValue": [raw], "normalizedValue": [value]},
    }
