"""Small worlds for planning tests: records of both apps, a ruleset by its text, and runs without any network.

`apply` does what the running part does, on values: it writes a plan's effects into the worlds and advances the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Ruleset
from hxrules.planning.observations import Observations
from hxrules.planning.plan import Action, Plan
from hxrules.planning.planner import make_plan
from hxrules.records import (
    Accounts,
    App,
    BaseValue,
    Coverage,
    CoverageKind,
    Known,
    Link,
    Organisation,
    Portal,
    Record,
    RecordRef,
    Sight,
    Snapshot,
    StateView,
)
from hxrules.values import Value

CATALOGUE = load_catalogue()
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ACCOUNTS = Accounts(
    Portal(1234567, "Australia/Sydney", "AUD", ("AUD",), "app.hubspot.com"),
    Organisation("4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10", "Acme Pty Ltd", "!Qj35V", "Australia/Sydney", "AUD"),
)
HUBSPOT_FIELDS = tuple(name for name in CATALOGUE.type(App.HUBSPOT, "contacts").fields if name != "hs_object_id")
XERO_FIELDS = tuple(name for name in CATALOGUE.type(App.XERO, "contacts").fields if name != "ContactID")


def ruleset(syncs: str = "contacts: {direction: two-way}", more: str = "") -> Ruleset:
    """A ruleset with these syncs (YAML, in flow or indented by two)."""
    body = "\n".join("  " + line for line in syncs.strip("\n").splitlines())
    text = f"hxrules: 1\nname: test\nversion: '1'\nextends: xero-data-sync@1\n{more}\nsyncs:\n{body}\n"
    found, problems = load_ruleset(text, "test.yaml", CATALOGUE, shipped.base)
    assert found is not None, [f"{problem.span} {problem.code} {problem.summary}" for problem in problems]
    return found


def person(number: int, minutes_ago: int = 0, memory: str | None = None, **properties: Value) -> Record:
    """A HubSpot contact."""
    fields: dict[str, Value] = dict.fromkeys(HUBSPOT_FIELDS)
    fields.update(hs_object_id=str(number), **properties)
    return Record(
        RecordRef(App.HUBSPOT, "contacts", str(number)),
        fields,
        NOW - timedelta(minutes=minutes_ago),
        NOW,
        memory=memory,
    )


def customer(number: int, minutes_ago: int = 0, memory: str | None = None, **fields: Value) -> Record:
    """A Xero contact."""
    guid = f"00000000-0000-4000-8000-{number:012d}"
    held: dict[str, Value] = dict.fromkeys(XERO_FIELDS)
    held.update(ContactID=guid, ContactStatus="active", IsCustomer=False, IsSupplier=False, **fields)
    return Record(RecordRef(App.XERO, "contacts", guid), held, NOW - timedelta(minutes=minutes_ago), memory=memory)


def snapshot(*records: Record, coverage: CoverageKind = CoverageKind.COMPLETE, now: datetime = NOW) -> Snapshot:
    """Both sides' contacts, as if read whole (or as `coverage` says)."""
    found: dict[tuple[App, str], dict[str, Record]] = {(app, "contacts"): {} for app in App}
    for record in records:
        found[record.ref.app, record.ref.type][record.ref.id] = record
    return Snapshot(now, ACCOUNTS, {"contacts": Sight(found, {key: Coverage(coverage) for key in found})})


EMPTY = StateView("lineage", 1, None, None)


@dataclass
class World:
    """Two apps and a state, in memory."""

    rules: Ruleset
    records: dict[RecordRef, Record] = field(default_factory=dict)
    state: StateView = EMPTY
    now: datetime = NOW
    made: int = 1000
    quirk: Callable[[str, Value], Value] = lambda _name, value: value
    """What an app makes of a value that it is sent."""

    def put(self, *records: Record) -> None:
        self.records.update((record.ref, record) for record in records)

    def edit(self, ref: RecordRef, **fields: Value) -> None:
        record = self.records[ref]
        self.now += timedelta(minutes=5)
        self.records[ref] = replace(record, fields={**record.fields, **fields}, updated=self.now)

    def of(self, app: App) -> list[Record]:
        return [record for ref, record in self.records.items() if ref.app is app]

    def plan(self, coverage: CoverageKind = CoverageKind.COMPLETE) -> tuple[Plan, Observations]:
        seen = snapshot(*self.records.values(), coverage=coverage, now=self.now)
        return make_plan(self.rules, seen, self.state, self.now, CATALOGUE)

    def apply(self, refuse: Callable[[str], bool] = lambda _change: False) -> Plan:
        """One run. `refuse` tells by change id which changes an app says no to."""
        plan, observations = self.plan()
        self.now += timedelta(minutes=1)
        links: dict[str, Link] = {link.id: link for link in self.state.links}
        bases: dict[str, dict[str, BaseValue]] = {key: dict(value) for key, value in self.state.bases.items()}
        known: dict[RecordRef, Known] = {**self.state.known, **observations.known}
        links.update(observations.links)
        for link_id, some in observations.bases.items():
            bases.setdefault(link_id, {}).update(some)
        for change in plan.changes:
            if refuse(change.id):
                continue
            assert change.link is not None
            link, record = change.link, None
            for effect in change.effects:
                record = self._write(effect.app, effect.target, effect.values, effect.memory)
                known[record.ref] = replace(
                    known.get(record.ref, observations.known[self._source(change.hubspot, change.xero)]),
                    ref=record.ref,
                    updated=record.updated,
                )
            if change.action is Action.CREATE:
                assert record is not None
                side = {"hubspot": record.ref.id} if change.app is App.HUBSPOT else {"xero": record.ref.id}
                link = replace(link, **side)
            links[link.id] = link
            written = {each.mapping: each.field for each in change.fields}
            for mapping, after in change.bases.items():
                held = after
                if record is not None and mapping in written:
                    value = record.fields[written[mapping]]
                    held = replace(
                        after, **{change.app.value: value}, settled=value == getattr(after, change.app.value)
                    )
                bases.setdefault(link.id, {})[mapping] = held
        self.state = replace(
            self.state,
            serial=self.state.serial + 1,
            links=tuple(links.values()),
            bases=bases,
            known=known,
            syncs={sync.name: sync for sync in observations.syncs},
        )
        return plan

    @staticmethod
    def _source(hubspot: str | None, xero: str | None) -> RecordRef:
        return RecordRef(App.HUBSPOT, "contacts", hubspot) if hubspot else RecordRef(App.XERO, "contacts", xero or "")

    def _write(self, app: App, target: str | None, values: Mapping[str, Value], memory: str | None) -> Record:
        if target is None:
            self.made += 1
            record = person(self.made) if app is App.HUBSPOT else customer(self.made)
        else:
            record = self.records[RecordRef(app, "contacts", target)]
        held = {name: self.quirk(name, value) for name, value in values.items()}
        record = replace(record, fields={**record.fields, **held}, updated=self.now, memory=memory or record.memory)
        self.records[record.ref] = record
        return record


def fields_of(plan: Plan) -> dict[tuple[str, str], tuple[Value, Value]]:
    """(app, field) → (before, after) over all changes of the plan."""
    return {
        (change.app.value, each.field): (each.before, each.after) for change in plan.changes for each in change.fields
    }


def actions(plan: Plan) -> list[str]:
    return [f"{change.action.value}:{change.app.value}" for change in plan.changes]


def codes(plan: Plan) -> list[str]:
    return [problem.code for problem in plan.held]


def verdicts(items: Iterable[object]) -> list[str]:
    return [str(getattr(item, "verdict", item)) for item in items]
