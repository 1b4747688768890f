"""The plan as a value: everything that `apply` will do, and everything a person needs to see first.

What is applied is described by the changes alone; the other parts explain. A plan is JSON with sorted keys; its `id` is the digest
of its content, so a plan with one byte changed is another plan. It holds customers' data: it is written with mode 0600.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from hxrules.problems import Problem, Span
from hxrules.records import Accounts, App, BaseValue, Link
from hxrules.values import IdOf, Value, encode, pack

FORMAT = 1


class Action(StrEnum):
    """What a change does. `link` writes nothing but the memory of which records belong together."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    VOID = "void"
    ARCHIVE = "archive"
    """Takes a record away that a run made. Only an undo does that."""


class Verdict(StrEnum):
    """The rows of the merge table (design §2.1), one for each field of a pair."""

    SAME = "same"
    TO_XERO = "to-xero"
    TO_HUBSPOT = "to-hubspot"
    AGREED = "agreed"
    CONFLICT = "conflict"
    DIVERGED = "diverged"
    FIRST_MEETING = "first-meeting"
    CREATE = "create"
    NOT_THIS_WAY = "not-this-way"
    PROTECTED = "protected"
    """Edited in the app that has no say (R18): the record is held."""
    UNDONE = "undone"
    """Gets back what it held before a run."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that will get another value, with the rule that says so."""

    mapping: str
    field: str
    """The own name of the field that is written."""
    before: Value
    after: Value
    verdict: Verdict
    reason: str
    """A sentence for people; nothing branches on it."""
    span: Span
    source: Value
    """What the other app holds, in its own terms."""

    @property
    def contested(self) -> bool:
        """Both sides had something to say, and one of them loses."""
        return self.verdict is Verdict.CONFLICT or (self.verdict is Verdict.FIRST_MEETING and self.before is not None)


@dataclass(frozen=True, slots=True)
class Effect:
    """One write. Its id is the digest of what it does and of what it does it to, so the same effect has the same id."""

    id: str
    app: App
    type: str
    target: str | None
    """Id of the record to update; `None` creates one."""
    values: Mapping[str, Value]
    """By own field name."""
    slots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    memory: str | None = None
    associations: Mapping[str, tuple[str | IdOf, ...]] = field(default_factory=dict)
    """By filter word: what it is associated with; `IdOf` an effect or a link of the same plan."""
    parting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By filter word: what it is parted from."""
    archive: bool = False
    stage: int = 1
    """Within its change: 0 the parts of a record, 1 the record itself, 2 what it no longer has."""
    line: int | None = None
    """For a part: which of the change's lines it is."""
    before: Mapping[str, Value] = field(default_factory=dict)
    """By own field name: what an existing record held of the fields that are written; with it the effect can be undone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens to one record of one app."""

    id: str
    sync: str
    action: Action
    app: App
    hubspot: str | None
    xero: str | None
    label: str
    fields: tuple[FieldChange, ...] = ()
    effects: tuple[Effect, ...] = ()
    link: Link | None = None
    """The link as it will be; for a create, the new record's id is filled in by the answer."""
    bases: Mapping[str, BaseValue] = field(default_factory=dict)
    """By mapping: the base when the change is done; the written side is taken from the app's answer instead."""
    preconditions: Mapping[App, str] = field(default_factory=dict)
    """Fingerprint of what was read of each side to decide this."""
    note: str = ""
    """Why, where there are no fields to say it ("same e-mail")."""
    needs: tuple[str, ...] = ()
    """Ids of changes of the same plan that must have been made before: a customer is archived after its invoices are voided."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that stays outside, and the leaf of the rules that says so."""

    sync: str
    hubspot: str | None
    xero: str | None
    label: str
    reason: str
    leaf: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that was edited where this sync doesn't carry edits away from (`not-this-way`): shown, not written."""

    sync: str
    hubspot: str
    xero: str
    label: str
    mapping: str
    app: App
    """Where it was edited."""
    before: Value
    now: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Gone:
    """A linked record that no longer exists on one side. Its partner stays as it is (design §2.3)."""

    sync: str
    app: App
    hubspot: str
    xero: str
    label: str


@dataclass(frozen=True, slots=True)
class FilterEdit:
    """What an edited ruleset does to who is in (design §2.10)."""

    sync: str
    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class RulesetRef:
    """Which rules made the plan."""

    name: str
    version: str
    digest: str
    file: str


@dataclass(frozen=True)
class Plan:
    """Everything that a run will do, and why."""

    ruleset: RulesetRef
    accounts: Accounts
    lineage: str
    serial: int
    now: datetime
    started: Mapping[str, datetime]
    """`sync_started` of each sync, as the filters saw it."""
    changes: tuple[Change, ...] = ()
    held: tuple[Problem, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    drift: tuple[Drift, ...] = ()
    gone: tuple[Gone, ...] = ()
    filter_edits: tuple[FilterEdit, ...] = ()
    guards: tuple[Problem, ...] = ()
    """Why the plan as a whole is held (limits); `--allow-large` lifts it."""
    in_sync: Mapping[str, int] = field(default_factory=dict)
    """Pairs with nothing to do, by sync."""
    incomplete: tuple[str, ...] = ()
    """Listings that broke off: nothing is concluded from what they don't show."""
    notices: tuple[Problem, ...] = ()
    """What the plan wants to say beside: it holds nothing back."""
    undo: str | None = None
    """The run that this plan undoes."""

    @property
    def has_changes(self) -> bool:
        return bool(self.changes)

    @cached_property
    def id(self) -> str:
        """The digest of the content: a plan is named by what is in it."""
        content = hashlib.sha256()
        for piece in _pieces(_head(self), _lists(self), ""):
            content.update(piece.encode())
        return content.hexdigest()

    @property
    def summary(self) -> dict[str, int]:
        """The counts of design §0.6."""
        counts = {action.value: 0 for action in Action}
        for change in self.changes:
            counts[change.action.value] += 1
        conflicts = {
            (change.sync, change.hubspot, change.xero)
            for change in self.changes
            if any(each.contested for each in change.fields)
        }
        return {
            **counts,
            "conflict": len(conflicts),
            "held": len(self.held),
            "excluded": len(self.excluded),
            "in_sync": sum(self.in_sync.values()),
        }


# --- the plan as JSON --------------------------------------------------------------------------------------------------------


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-able data (`schemas/plan.v1.json`); values are packed with their type, `before`/`after` also plain."""
    lists = {name: list(items) for name, items in _lists(plan).items()}
    return {"plan": plan.id, **_head(plan), **lists}


def plan_pieces(
    plan: Plan,
    more: Mapping[str, Any] | None = None,
    line_end: str = "",
    lists: Mapping[str, Iterable[Any]] | None = None,
) -> Iterator[str]:
    """The plan as JSON text, piece by piece, so that a plan of many thousand changes is never held as text or documents.

    Keys are sorted. Without `line_end` it is the canonical text, which a plan file holds; with it, one change stands on a line.
    `more` adds keys, or puts others in their place; `lists` adds keys whose values may be long.
    """
    yield from _pieces({"plan": plan.id, **_head(plan), **(more or {})}, {**_lists(plan), **(lists or {})}, line_end)


def _pieces(head: Mapping[str, Any], lists: Mapping[str, Iterable[Any]], line_end: str) -> Iterator[str]:
    opening = "{"
    for key in sorted([*head, *lists]):
        yield f"{opening}{line_end}{canonical_json(key)}:"
        opening = ","
        if key in head:
            yield canonical_json(head[key])
            continue
        separator = "["
        for item in lists[key]:
            yield f"{separator}{line_end}{canonical_json(item)}"
            separator = ","
        yield "[]" if separator == "[" else f"{line_end}]"
    yield f"{line_end}}}"


def _head(plan: Plan) -> dict[str, Any]:
    portal, organisation = plan.accounts.portal, plan.accounts.organisation
    return {
        "format": FORMAT,
        "ruleset": {
            "name": plan.ruleset.name,
            "version": plan.ruleset.version,
            "digest": plan.ruleset.digest,
            "file": plan.ruleset.file,
        },
        "accounts": {
            "portal": portal.id,
            "tenant": organisation.tenant,
            "organisation": organisation.name,
            "hubspot": {
                "time_zone": portal.time_zone,
                "currency": portal.currency,
                "currencies": list(portal.currencies),
                "ui_domain": portal.ui_domain,
            },
            "xero": {
                "short_code": organisation.short_code,
                "time_zone": organisation.time_zone,
                "base_currency": organisation.base_currency,
            },
        },
        "state": {"lineage": plan.lineage, "serial": plan.serial},
        "now": encode(plan.now),
        "undo": plan.undo,
        "started": {name: encode(when) for name, when in plan.started.items()},
        "has_changes": plan.has_changes,
        "summary": plan.summary,
        "gone": [
            {"sync": each.sync, "app": each.app.value, "hubspot": each.hubspot, "xero": each.xero, "label": each.label}
            for each in plan.gone
        ],
        "filter_edits": [{"sync": each.sync, "enter": each.enter, "leave": each.leave} for each in plan.filter_edits],
        "guards": [problem_document(problem) for problem in plan.guards],
        "in_sync": dict(plan.in_sync),
        "incomplete": list(plan.incomplete),
    }


def _lists(plan: Plan) -> dict[str, Iterable[dict[str, Any]]]:
    """The parts that may be long."""
    return {
        "changes": (change_document(change) for change in plan.changes),
        "held": (problem_document(problem) for problem in plan.held),
        "notices": (problem_document(problem) for problem in plan.notices),
        "excluded": (
            {
                "sync": each.sync,
                "hubspot": each.hubspot,
                "xero": each.xero,
                "label": each.label,
                "reason": each.reason,
                "leaf": each.leaf,
                **_place(each.span),
            }
            for each in plan.excluded
        ),
        "drift": (
            {
                "sync": each.sync,
                "hubspot": each.hubspot,
                "xero": each.xero,
                "label": each.label,
                "mapping": each.mapping,
                "app": each.app.value,
                "before": encode(each.before),
                "now": encode(each.now),
                **_place(each.span),
            }
            for each in plan.drift
        ),
    }


def change_document(change: Change) -> dict[str, Any]:
    """One change as JSON-able data."""
    return {
        "id": change.id,
        "sync": change.sync,
        "action": change.action.value,
        "app": change.app.value,
        "hubspot": change.hubspot,
        "xero": change.xero,
        "label": change.label,
        "note": change.note,
        "fields": [
            {
                "mapping": each.mapping,
                "field": each.field,
                "before": encode(each.before),
                "after": encode(each.after),
                "source": encode(each.source),
                "verdict": each.verdict.value,
                "reason": each.reason,
                **_place(each.span),
            }
            for each in change.fields
        ],
        "effects": [effect_document(effect) for effect in change.effects],
        "link": None if change.link is None else link_document(change.link),
        "bases": {
            mapping: [pack(base.hubspot), pack(base.xero), base.mapping_digest, base.settled]
            for mapping, base in change.bases.items()
        },
        "preconditions": {app.value: fingerprint for app, fingerprint in change.preconditions.items()},
        "needs": list(change.needs),
    }


def effect_document(effect: Effect) -> dict[str, Any]:
    """One effect as JSON-able data: what the journal keeps as its intent."""
    return {
        "id": effect.id,
        "app": effect.app.value,
        "type": effect.type,
        "target": effect.target,
        "values": {name: pack(value) for name, value in effect.values.items()},
        "slots": {name: dict(slot) for name, slot in effect.slots.items()},
        "memory": effect.memory,
        "associations": {word: [pack(each) for each in ids] for word, ids in effect.associations.items()},
        "parting": {word: list(ids) for word, ids in effect.parting.items()},
        "archive": effect.archive,
        "stage": effect.stage,
        "line": effect.line,
        "before": {name: pack(value) for name, value in effect.before.items()},
    }


def link_document(link: Link) -> dict[str, Any]:
    """A link as JSON-able data."""
    return {
        "id": link.id,
        "hubspot": link.hubspot,
        "xero": link.xero,
        "made_by": link.made_by.value,
        "born_in": link.born_in.value if link.born_in else None,
        "membership": {app.value: member.value for app, member in link.membership.items()},
        "gone": link.gone.value if link.gone else None,
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem with the keys of design §0.6."""
    span = problem.span
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "summary": problem.summary,
        "cause": problem.cause,
        "remedy": problem.remedy,
        "suggestion": problem.suggestion,
        "hubspot": problem.hubspot.id if problem.hubspot else None,
        "xero": problem.xero.id if problem.xero else None,
        "sync": problem.sync,
        "links": list(problem.links),
        "next": problem.next_command,
    }


def canonical_json(document: Any) -> str:
    """One text for one meaning: sorted keys, no blanks, no escapes that needn't be."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(document: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def short_digest(*parts: object) -> str:
    """A name for a combination of parts: 20 hexadecimal digits (80 bits)."""
    return digest([str(part) for part in parts])[:20]


def ordered(changes: Iterable[Change], syncs: tuple[str, ...]) -> tuple[Change, ...]:
    """R8's order of syncs; within a sync links first, then creates, then updates; then by record, so that bytes are stable."""
    rank = {Action.LINK: 0, Action.CREATE: 1, Action.UPDATE: 2, Action.VOID: 3, Action.ARCHIVE: 4}
    place = {name: index for index, name in enumerate(syncs)}
    return tuple(
        sorted(
            changes,
            key=lambda each: (place[each.sync], rank[each.action], each.app.value, each.hubspot or "", each.xero or ""),
        )
    )


def _place(span: Span | None) -> dict[str, Any]:
    return {"file": span.file if span else None, "line": span.line if span else None}
