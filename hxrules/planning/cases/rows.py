"""A plan as the rows that a case speaks of: changes, exclusions, held problems, whole-plan stops; and, beside, notices and drift.

See also: `plan` (what a change is), `expectations` (what a case says should be there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hxrules.language.model import Ruleset, Sync
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.planning.plan import Action, Change, Plan
from hxrules.problems import Problem, Span
from hxrules.records import App
from hxrules.values import IdOf, Value, ValueType


class What(StrEnum):
    """What can happen to a record, or to the plan as a whole."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    VOID = "void"
    EXCLUDE = "exclude"
    HOLD = "hold"
    STOP = "stop"
    """The plan as a whole is held: a limit."""
    NOTICE = "notice"
    DRIFT = "drift"
    """An edit that isn't carried over, because the direction doesn't write the other side."""

    @property
    def writes(self) -> bool:
        return self in (What.CREATE, What.UPDATE, What.VOID)

    @property
    def must_be_expected(self) -> bool:
        """What a plan only remarks may be expected, and needn't."""
        return self not in (What.NOTICE, What.DRIFT)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the plan does, or refuses to do."""

    what: What
    sync: str | None = None
    app: App | None = None
    hubspot: str | None = None
    xero: str | None = None
    title: str = ""
    """What the record is called in `app`."""
    fields: Mapping[str, Value] = field(default_factory=dict)
    """By mapping; references as the id in `app`."""
    code: str = ""
    by: str = ""
    """The words of the rules that exclude it."""
    why: str = ""
    """The rest of the reason, for people."""
    span: Span | None = None
    """The rule."""
    again: frozenset[str] = frozenset()
    """Other ways to say `by`."""

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(each for each in (self.hubspot, self.xero) if each)

    @property
    def mention(self) -> str:
        """The row's record, as a case mentions it."""
        if self.what in (What.STOP, What.NOTICE):
            return self.code
        if self.what is What.CREATE and self.app is not None:
            source = self.hubspot if self.app is App.XERO else self.xero
            return f"{self.app.value} {self.title} from {source}"
        if self.app is not None and (self.what.writes or self.what is What.DRIFT or not (self.hubspot and self.xero)):
            own = self.hubspot if self.app is App.HUBSPOT else self.xero
            return f"{self.app.value} {self.title} {own}"
        return f"{self.title} {self.hubspot} with {self.xero}"


_WHATS = {Action.CREATE: What.CREATE, Action.UPDATE: What.UPDATE, Action.LINK: What.LINK, Action.VOID: What.VOID}


def rows_of(plan: Plan, ruleset: Ruleset, vocabulary: Vocabulary) -> list[Row]:
    """Everything that a case may expect, in the plan's order."""
    return list(_rows(plan, ruleset, vocabulary))


def _rows(plan: Plan, ruleset: Ruleset, vocabulary: Vocabulary) -> Iterator[Row]:
    made = {
        change.link.id: change for change in plan.changes if change.link is not None and change.action is Action.CREATE
    }
    for change in plan.changes:
        sync = ruleset.sync(change.sync)
        yield Row(
            _WHATS[change.action],
            change.sync,
            None if change.action is Action.LINK else change.app,
            change.hubspot,
            change.xero,
            vocabulary.title(sync, change.app),
            {each.mapping: _value(each.mapping, each.after, change, sync, made) for each in change.fields},
            why=change.note,
        )
    for each in plan.excluded:
        title, app = _of(each.sync, each.hubspot, each.xero, ruleset, vocabulary)
        limit = each.reason.removeprefix("the fixed limit ")
        said = each.leaf or each.reason
        again = frozenset({limit, each.reason} - {"the filter"})
        why = "" if each.reason in (said, "the filter") else each.reason
        yield Row(
            What.EXCLUDE, each.sync, app, each.hubspot, each.xero, title, by=said, why=why, span=each.span, again=again
        )
    for problem in plan.held:
        hubspot = problem.hubspot.id if problem.hubspot else None
        xero = problem.xero.id if problem.xero else None
        title, app = _of(problem.sync or "", hubspot, xero, ruleset, vocabulary)
        yield Row(
            What.HOLD, problem.sync, app, hubspot, xero, title, code=problem.code, why=_said(problem), span=problem.span
        )
    for problem in plan.guards:
        yield Row(What.STOP, code=problem.code, why=_said(problem), span=problem.span)
    for problem in plan.notices:
        yield Row(What.NOTICE, problem.sync, code=problem.code, why=_said(problem))
    for drift in plan.drift:
        sync = ruleset.sync(drift.sync)
        title = vocabulary.title(sync, drift.app)
        yield Row(
            What.DRIFT,
            drift.sync,
            drift.app,
            drift.hubspot,
            drift.xero,
            title,
            {drift.mapping: drift.now},
            span=drift.span,
        )


def _said(problem: Problem) -> str:
    return f"{problem.summary}. {problem.cause}".rstrip(" .")


def _of(
    sync: str, hubspot: str | None, xero: str | None, ruleset: Ruleset, vocabulary: Vocabulary
) -> tuple[str, App | None]:
    """What a record that isn't written is called, and the app that it is in; `None` for a pair."""
    app = None if hubspot and xero else App.HUBSPOT if hubspot else App.XERO
    return vocabulary.title(ruleset.sync(sync), app or App.HUBSPOT), app


def _value(mapping: str, value: Value, change: Change, sync: Sync, made: Mapping[str, Change]) -> Value:
    """The value as `change.app` will hold it: of a reference, which is planned in Xero's ids, the id in that app."""
    field = sync.mapping(mapping).field(change.app)
    if field.kind is ValueType.REFERENCE and field.reached:
        ids = [
            each
            for effect in change.effects
            if effect.stage == 1
            for word in field.reached
            for each in effect.associations.get(word, ())
        ]
        value = ids[0] if ids else value
    return _new(made[value.of]) if isinstance(value, IdOf) and value.of in made else value


def _new(change: Change) -> str:
    return f"new from {change.hubspot if change.app is App.XERO else change.xero}"
