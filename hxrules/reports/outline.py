"""A plan or a run as headings and tables, before it is Markdown or HTML: the same order of things as in the text report.

A cell is prose, or `Data`: what a record holds or is called, an id, a place. Renderers show data as it is and never interpret it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hxrules.planning.plan import Action, Change, FieldChange, Plan, Verdict
from hxrules.problems import Problem, Span
from hxrules.records import App
from hxrules.reports.lines import NEW_LINES, LineChange, line_changes, line_text
from hxrules.reports.masking import Values
from hxrules.reports.style import Style, when
from hxrules.reports.view import Group, contests, counts, excluded_groups, groups, name_and_summary, sums, with_names
from hxrules.reports.wording import (
    GONE_REMEDY,
    IMPLIED,
    MONEY,
    NOTICES,
    Commands,
    decided_by,
    headline,
    hiding,
    moved,
    run_headline,
    started,
    traffic,
)
from hxrules.running.run import Run
from hxrules.values import Lines, Value

_STYLE = Style()
_ROOM = 80
"""Cells of a value or a name at most."""


class Data(str):
    """What a record holds or is called; an id; a place in a file. Empty data is an empty cell."""

    __slots__ = ()


Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table."""

    title: str
    note: str
    columns: Row
    rows: tuple[Row, ...]
    folded: bool = False
    """To be opened by the reader: details that nobody must see before saying yes."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that stops everything, or puts a limit on what the report can say."""

    title: str
    text: str
    stops: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole report; `next` is what to type now."""

    title: str
    aside: str
    overview: Section | None
    facts: tuple[Row, ...]
    alerts: tuple[Alert, ...]
    sections: tuple[Section, ...]
    next: str


def plan_outline(plan: Plan, plan_id: str, values: Values, commands: Commands) -> Outline:
    """The outline of a plan, masked already as `values` says; `plan_id` is that of the original."""
    plan = with_names(plan)
    acts, aside = headline(plan)
    sections = (
        _money(plan),
        _filter_edits(plan),
        _held(plan.held),
        _contests(plan, Verdict.CONFLICT, "Conflicts", "edited in both apps; one value loses"),
        _contests(
            plan, Verdict.FIRST_MEETING, "First meetings that overwrite", "compared for the first time; one value loses"
        ),
        _gone(plan),
        _drift(plan),
        _problems(plan.notices, "Notices", NOTICES, "what"),
        *(_group(group) for group in groups(plan)),
        _excluded(plan),
    )
    organisation = plan.accounts.organisation
    return Outline(
        title=acts,
        aside=aside,
        overview=_overview(plan),
        facts=(
            ("plan", Data(plan_id[:12]), f"of {when(plan.now)}"),
            ("rules", Data(f"{plan.ruleset.name} {plan.ruleset.version}"), f"in {plan.ruleset.file}"),
            ("accounts", f"HubSpot {plan.accounts.portal.id} ⇄ Xero", Data(organisation.name)),
            *(("started", text) for text in started(plan)),
            *hiding(values),
        ),
        alerts=(*(_guard(problem) for problem in plan.guards), *_incomplete(plan)),
        sections=tuple(each for each in sections if each.rows),
        next=commands.next,
    )


def run_outline(run: Run, plan_id: str, values: Values, commands: Commands) -> Outline:
    """The outline of a run, masked already."""
    acts, aside = run_headline(run)
    sections = (
        _problems(run.failed, "Failed", "the apps said no, or gave no answer"),
        _held(run.plan.held),
        _normalised(run),
    )
    return Outline(
        title=acts,
        aside=aside,
        overview=None,
        facts=(
            ("run", Data(run.id), f"of {when(run.started)}"),
            ("plan", Data(plan_id[:12]), f"by {run.plan.ruleset.name} {run.plan.ruleset.version}"),
            *(("calls", traffic(app, run)) for app in App if app in run.calls),
            *hiding(values),
        ),
        alerts=() if run.stopped is None else (_guard(run.stopped),),
        sections=tuple(each for each in sections if each.rows),
        next=commands.after(run),
    )


def _guard(problem: Problem) -> Alert:
    place = f" ({_place(problem.span)})" if problem.span else ""
    return Alert(f"{problem.code} {problem.summary}", f"{problem.cause}{place} {problem.remedy}", stops=True)


def _incomplete(plan: Plan) -> Iterator[Alert]:
    for text in plan.incomplete:
        yield Alert(
            "Not everything was read", f"{text}; what wasn't seen is neither created nor called gone.", stops=False
        )


def _overview(plan: Plan) -> Section:
    rows = tuple(
        (
            row.sync,
            *(", ".join(f"{many:,} {action.value}" for action, many in row.changes[app].items()) for app in App),
            *(f"{number:,}" if number else "" for number in row.aside),
        )
        for row in counts(plan)
    )
    return Section("", "", ("sync", "to HubSpot", "to Xero", "#link", "#held", "#excluded", "#in sync"), rows)


def _filter_edits(plan: Plan) -> Section:
    rows = tuple((edit.sync, f"{edit.enter:,}", f"{edit.leave:,}") for edit in plan.filter_edits)
    return Section(
        "Edited rules", "who comes in and who goes out since they last ran", ("sync", "#enter", "#leave"), rows
    )


def _money(plan: Plan) -> Section:
    rows = tuple((each.sync, each.app.brand, *moved(each)) for each in sums(plan))
    return Section("Money", MONEY, ("sync", "to", "#records", "amounts"), rows)


def _held(problems: Iterable[Problem]) -> Section:
    return _problems(problems, "Held", "not written until a person acts; all others go on")


def _problems(problems: Iterable[Problem], title: str, note: str, column: str = "what is wrong") -> Section:
    rows = []
    for problem in problems:
        name, what = name_and_summary(problem)
        ids = (problem.hubspot.id if problem.hubspot else "", problem.xero.id if problem.xero else "")
        place = f" ({_place(problem.span)})" if problem.span else ""
        cause = f"{problem.code} {what}. {problem.cause}{place}"
        record = _name(name) if any(ids) else ""
        rows.append((problem.sync or "", record, *map(Data, ids), cause, problem.remedy))
    return Section(
        f"{title} ({len(rows):,})",
        note,
        ("sync", "record", "HubSpot", "Xero", column, "what to do"),
        tuple(rows),
    )


def _contests(plan: Plan, verdict: Verdict, title: str, note: str) -> Section:
    found = contests(plan, verdict)
    rows = [
        row
        for each in found
        for row in _per_field(
            (each.change.sync, *_record(each.change)),
            [row for field in each.fields for row in _contested(each.change, field)],
        )
    ]
    columns = ("sync", "record", "HubSpot id", "Xero id", "field", "HubSpot", "Xero", "wins", "why", "rule")
    return Section(f"{title} ({len(found):,})", note, columns, tuple(rows))


def _contested(change: Change, each: FieldChange) -> Iterator[Row]:
    lost, won = _pair(each.before, each.source)
    sides = {change.app: lost, change.app.other: won}
    gets = "" if each.after == each.source else f"; {change.app.brand} gets {_value(each.after)}"
    yield (
        each.mapping,
        sides[App.HUBSPOT],
        sides[App.XERO],
        change.app.other.brand,
        decided_by(each) + gets,
        _place(each.span),
    )
    for line in line_changes(each.before, each.after):
        text = Data(" → ".join(filter(None, _line_pair(line))))
        yield (line.word, *(text if app is change.app else "" for app in App), "", "", "")


def _gone(plan: Plan) -> Section:
    rows = tuple(
        (each.sync, _name(each.label), Data(each.hubspot), Data(each.xero), f"gone from {each.app.brand}")
        for each in plan.gone
    )
    note = f"deleted in one app; the partner stays as it is, and nothing is made again. {GONE_REMEDY}"
    return Section(f"Gone ({len(rows):,})", note, ("sync", "record", "HubSpot", "Xero", "what"), rows)


def _drift(plan: Plan) -> Section:
    rows = tuple(
        (
            each.sync,
            _name(each.label),
            Data(each.hubspot),
            Data(each.xero),
            f"{each.mapping} in {each.app.brand}",
            *_pair(each.before, each.now),
            _place(each.span),
        )
        for each in plan.drift
    )
    note = "edited where the sync's direction doesn't carry edits away from; nothing is written"
    columns = ("sync", "record", "HubSpot", "Xero", "field", "before", "now", "rule")
    return Section(f"Not carried over ({len(rows):,})", note, columns, rows)


def _group(group: Group) -> Section:
    number = f"{len(group.changes):,} to {group.action.value}"
    if group.action is Action.LINK:
        rows: list[Row] = [(*_record(change), change.note) for change in group.changes]
        return Section(f"{group.sync}: {number}", "", ("record", "HubSpot", "Xero", "why"), tuple(rows), folded=True)
    title = f"{group.sync}, {group.app.other.brand} → {group.app.brand}: {number}"
    columns: Row = ("record", "HubSpot", "Xero", "field", "old", "new", "why", "rule")
    rows = [
        row
        for change in group.changes
        for row in _per_field(
            _record(change), [row for each in change.fields for row in _field(each)] or [("", "", "", change.note, "")]
        )
    ]
    if group.action is Action.CREATE:
        # A record that doesn't exist yet has neither an id there nor old values.
        keep = [0, 1 if group.app is App.XERO else 2, 3, 5, 6, 7]
        columns, rows = tuple(columns[n] for n in keep), [tuple(row[n] for n in keep) for row in rows]
    # A voided invoice is void for ever: nobody should have to open anything to see it.
    return Section(title, "", columns, tuple(rows), folded=group.action is not Action.VOID)


def _field(each: FieldChange) -> Iterator[Row]:
    why = (
        f"{each.verdict.value}, see above" if each.contested else "" if each.reason.startswith(IMPLIED) else each.reason
    )
    yield (each.mapping, *_pair(each.before, each.after), why, _place(each.span))
    lines = line_changes(each.before, each.after)
    shown = lines if isinstance(each.before, Lines) else lines[:NEW_LINES]
    for line in shown:
        yield ("" if each.before is None else line.word, *_line_pair(line), "", "")
    if len(lines) > len(shown):
        yield ("", "", f"and {len(lines) - len(shown):,} more", "", "")


def _line_pair(change: LineChange) -> tuple[Data, Data]:
    old, new = (Data(line_text(line, _STYLE) if line else "") for line in (change.before, change.after))
    return old, new


def _record(change: Change) -> Row:
    return (_name(change.label), Data(change.hubspot or ""), Data(change.xero or ""))


def _per_field(record: Row, fields: list[Row]) -> Iterator[Row]:
    """One row for each field; the record stands in the first one only."""
    for each in fields:
        yield (*record, *each)
        record = ("",) * len(record)


def _excluded(plan: Plan) -> Section:
    rows = tuple(
        (each.sync, f"{each.number:,}", each.reason, Data(each.leaf), _place(each.span) if each.span else "")
        for each in excluded_groups(plan)
    )
    columns = ("sync", "#records", "outside by", "words", "rule")
    return Section(f"Excluded ({len(plan.excluded):,})", "left alone, and why", columns, rows, folded=True)


def _normalised(run: Run) -> Section:
    rows = tuple(
        row
        for each in run.normalised
        for row in _per_field(
            (each.sync, _name(each.label), each.app.brand, Data(each.record)),
            [
                (Data(each.field), *_pair(each.sent, each.held)),
                *((line.word, *_line_pair(line)) for line in line_changes(each.sent, each.held)[:NEW_LINES]),
            ],
        )
    )
    note = "an app made something else of what was sent; its own value counts from now on"
    columns = ("sync", "record", "app", "id", "field", "sent", "kept")
    return Section(f"Kept differently ({len(run.normalised):,})", note, columns, rows)


def _name(label: str) -> str:
    return Data(_STYLE.shorten(_STYLE.say(label), _ROOM)) or "(no name)"


def _value(value: Value) -> str:
    text = _STYLE.shorten(_STYLE.value(value), _ROOM)
    return text if value is None else Data(text)


def _pair(before: Value, after: Value) -> tuple[str, str]:
    old, new = _STYLE.change(before, after, _ROOM)
    return (old if before is None else Data(old)), (new if after is None else Data(new))


def _place(span: Span) -> Data:
    return Data(f"{span.file}:{span.line}")
