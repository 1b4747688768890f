"""What of a plan belongs together for a reader, whatever it is rendered to: groups, contests, counts by sync and direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hxrules.planning.plan import Action, Change, FieldChange, Plan, Verdict
from hxrules.problems import Problem, Span
from hxrules.records import App
from hxrules.reports.money import number_of
from hxrules.values import IdOf, Value

_R8 = ("contacts", "products", "invoices", "payments")


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """One row of the overview of a plan."""

    sync: str
    changes: dict[App, dict[Action, int]]
    """By the app that is written; links are not in it."""
    links: int
    held: int
    excluded: int
    in_sync: int

    @property
    def aside(self) -> tuple[int, int, int, int]:
        """The numbers that belong to no direction."""
        return (self.links, self.held, self.excluded, self.in_sync)


@dataclass(frozen=True, slots=True)
class Group:
    """Changes of one kind in one direction."""

    sync: str
    action: Action
    app: App
    changes: tuple[Change, ...]

    @property
    def note(self) -> str:
        """Why, where all its changes say the same."""
        return shared(change.note for change in self.changes)

    @property
    def way(self) -> str:
        """From where to where, as it stands in a heading; what is undone comes from nowhere, a link from both."""
        if self.action is Action.LINK:
            return ""
        undone = self.action is Action.ARCHIVE or any(each.verdict is Verdict.UNDONE for each in self.changes[0].fields)
        return f", in {self.app.brand}" if undone else f", {self.app.other.brand} → {self.app.brand}"


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Records that are held for the same reason. What all of them share stands here, the rest with each."""

    sync: str
    code: str
    what: str
    cause: str
    """`""` where the causes differ."""
    remedy: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ExcludedGroup:
    """Records that one leaf of the rules keeps outside."""

    sync: str
    reason: str
    leaf: str
    span: Span | None
    number: int


@dataclass(slots=True)
class Sum:
    """How much money the changes of one kind in one direction are about, tax included."""

    sync: str
    app: App
    action: Action
    number: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    """By currency: what the records come to when the plan is done."""
    before: dict[str, Decimal] = field(default_factory=dict)
    unknown: int = 0
    """Changes that don't carry an amount with its currency."""


@dataclass(frozen=True, slots=True)
class Contest:
    """The fields of one change in which both sides had something to say."""

    change: Change
    fields: tuple[FieldChange, ...] = field(default=())


def syncs(plan: Plan) -> list[str]:
    """The syncs that the plan speaks of, in R8's order."""
    spoken_of = (each.sync for part in (plan.changes, plan.held, plan.excluded) for each in part)
    names = dict.fromkeys([*plan.started, *plan.in_sync, *filter(None, spoken_of)])
    return sorted(names, key=lambda name: (_R8.index(name) if name in _R8 else len(_R8), name))


def counts(plan: Plan) -> list[SyncCounts]:
    """The overview, one row for each sync."""
    acts = Counter((change.sync, change.app, change.action) for change in plan.changes)
    held = Counter(problem.sync for problem in plan.held)
    excluded = Counter(each.sync for each in plan.excluded)
    return [
        SyncCounts(
            sync=name,
            changes={
                app: {
                    action: number
                    for action in (Action.CREATE, Action.UPDATE, Action.VOID, Action.ARCHIVE)
                    if (number := acts[name, app, action])
                }
                for app in App
            },
            links=sum(acts[name, app, Action.LINK] for app in App),
            held=held[name],
            excluded=excluded[name],
            in_sync=plan.in_sync.get(name, 0),
        )
        for name in syncs(plan)
    ]


_AMOUNTS = {"invoices": "total", "payments": "amount"}
"""By sync: the mapping that says how much a record is about; `currency` says of what."""


def sums(plan: Plan) -> list[Sum]:
    """The money of invoices and payments, in the plan's order; kinds of changes of which no amount is known are left out."""
    found: dict[tuple[str, App, Action], Sum] = {}
    for change in plan.changes:
        if change.sync in _AMOUNTS and change.action is not Action.LINK:
            key = (change.sync, change.app, change.action)
            _add(found.setdefault(key, Sum(*key)), change)
    return [each for each in found.values() if each.amounts]


def _add(total: Sum, change: Change) -> None:
    total.number += 1
    before, after = map(number_of, _before_and_after(change, _AMOUNTS[change.sync]))
    _, currency = _before_and_after(change, "currency")
    if after is None or not isinstance(currency, str):
        total.unknown += 1
        return
    was = after if change.action is not Action.UPDATE or before is None else before
    total.amounts[currency] = total.amounts.get(currency, Decimal(0)) + after
    total.before[currency] = total.before.get(currency, Decimal(0)) + was


def _before_and_after(change: Change, mapping: str) -> tuple[Value, Value]:
    """What a mapping's field holds: as the change writes it, else as it will be remembered."""
    for each in change.fields:
        if each.mapping == mapping:
            return each.before, each.after
    base = change.bases.get(mapping)
    kept = None if base is None else base.xero if base.hubspot is None else base.hubspot
    return kept, kept


def with_names(plan: Plan) -> Plan:
    """The plan with the names of records that it makes itself in the place of their ids, which nobody knows yet."""
    names = {
        change.link.id: f"the new {change.sync.removesuffix('s')} {change.label}".rstrip()
        for change in plan.changes
        if change.link is not None and change.action is Action.CREATE
    }

    def named(value: Value) -> Value:
        return names.get(value.of, value) if isinstance(value, IdOf) else value

    def with_names_in(change: Change) -> Change:
        if not any(isinstance(value, IdOf) for each in change.fields for value in (each.before, each.after)):
            return change
        fields = (replace(each, before=named(each.before), after=named(each.after)) for each in change.fields)
        return replace(change, fields=tuple(fields))

    return replace(plan, changes=tuple(map(with_names_in, plan.changes)))


def groups(plan: Plan) -> list[Group]:
    """All changes, by sync, action and direction, in the plan's own order."""
    found: dict[tuple[str, Action, App], list[Change]] = {}
    for change in plan.changes:
        found.setdefault((change.sync, change.action, change.app), []).append(change)
    return [Group(*key, tuple(changes)) for key, changes in found.items()]


def contests(plan: Plan, verdict: Verdict) -> list[Contest]:
    """The changes with contested fields of that verdict, with only these fields."""
    found = (
        Contest(change, tuple(each for each in change.fields if each.contested and each.verdict is verdict))
        for change in plan.changes
    )
    return [each for each in found if each.fields]


def name_and_summary(problem: Problem) -> tuple[str, str]:
    """A record's problem names it first: `Jane Doe: name is taken in Xero` → the name (may be empty), and what is wrong.
    A problem of no record has no name."""
    if problem.hubspot is None and problem.xero is None:
        return "", problem.summary
    name, _, what = problem.summary.rpartition(": ")
    if name.endswith(" says no"):
        name, _, says = name.rpartition(": ")
        what = f"{says or problem.summary.partition(': ')[0]}: {what}"
    return name, what


def held_groups(problems: Iterable[Problem]) -> list[HeldGroup]:
    """Problems of records, gathered by sync, code and what is wrong; larger groups don't go first: the order is that of the plan."""
    found: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        found.setdefault((problem.sync or "", problem.code, name_and_summary(problem)[1]), []).append(problem)
    return [
        HeldGroup(
            sync,
            code,
            what,
            shared(each.cause for each in members),
            shared(each.remedy for each in members),
            tuple(members),
        )
        for (sync, code, what), members in found.items()
    ]


def shared(texts: Iterable[str]) -> str:
    """The text that all of them are, else nothing."""
    different = set(texts)
    return different.pop() if len(different) == 1 else ""


def excluded_groups(plan: Plan) -> list[ExcludedGroup]:
    """Excluded records by what keeps them outside, the largest group of each sync first."""
    found = Counter((each.sync, each.reason, each.leaf, each.span) for each in plan.excluded)
    order = {name: place for place, name in enumerate(syncs(plan))}
    return sorted(
        (ExcludedGroup(*key, number) for key, number in found.items()),
        key=lambda group: (order.get(group.sync, len(order)), -group.number, group.reason, group.leaf),
    )
