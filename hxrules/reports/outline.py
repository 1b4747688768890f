"""A plan or a run as headings and tables, before it is Markdown or HTML: the same order of things as in the text report.

See also: `sections` (what tables are made of).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hxrules.planning.plan import Action, Change, FieldChange, Plan, Verdict
from hxrules.problems import Problem
from hxrules.records import App
from hxrules.reports.lines import NEW_LINES, LineChange, line_changes, line_text
from hxrules.reports.masking import Values
from hxrules.reports.rules import RulesChanged
from hxrules.reports.rules_outline import rules_alerts, rules_sections
from hxrules.reports.sections import (
    ROOM,
    STYLE,
    Alert,
    Data,
    Outline,
    Row,
    Rows,
    Section,
    jumps,
    named,
    placed,
    problems_section,
    single,
)
from hxrules.reports.style import when
from hxrules.reports.view import Group, contests, counts, excluded_groups, groups, sums, with_names
from hxrules.reports.wording import (
    GONE_REMEDY,
    IMPLIED,
    MONEY,
    NOTICES,
    Commands,
    costs,
    decided_by,
    headline,
    hiding,
    moved,
    run_headline,
    started,
    traffic,
    undoes,
)
from hxrules.running.run import Cost, Run
from hxrules.values import Lines, Value


def plan_outline(
    plan: Plan,
    plan_id: str,
    values: Values,
    commands: Commands,
    *,
    whole: bool = False,
    cost: Cost | None = None,
    rules: RulesChanged | None = None,
) -> Outline:
    """The outline of a plan, masked already as `values` says; `plan_id` is that of the original. With `whole` it also lists every
    record that stays outside."""
    plan = with_names(plan)
    acts, aside = headline(plan)
    sections = (
        *(rules_sections(rules, "Rules changed since the last run") if rules is not None else ()),
        _money(plan),
        *((_filter_edits(plan),) if rules is None or rules.impact is None else ()),
        _held(plan.held),
        _contests(plan, Verdict.CONFLICT, "Conflicts", "edited in both apps; one value loses"),
        _contests(
            plan, Verdict.FIRST_MEETING, "First meetings that overwrite", "compared for the first time; one value loses"
        ),
        _gone(plan),
        _drift(plan),
        problems_section(plan.notices, "Notices", NOTICES, "what"),
        *(_group(group) for group in groups(plan)),
        _excluded(plan),
        *((_excluded_records(plan),) if whole else ()),
    )
    organisation = plan.accounts.organisation
    return Outline(
        title=acts,
        aside=aside,
        overview=_overview(plan),
        facts=(
            ("plan", Data(plan_id[:12]), f"of {when(plan.now)}"),
            *((name, Data(text)) for name, text in undoes(plan)),
            ("rules", Data(f"{plan.ruleset.name} {plan.ruleset.version}"), f"in {plan.ruleset.file}"),
            ("accounts", f"HubSpot {plan.accounts.portal.id} ⇄ Xero", Data(organisation.name)),
            *(("started", text) for text in started(plan)),
            *costs(plan, cost),
            *hiding(values),
        ),
        alerts=(
            *(_guard(problem) for problem in plan.guards),
            *_incomplete(plan),
            *(rules_alerts(rules) if rules else ()),
        ),
        sections=tuple(each for each in sections if each.records),
        next=commands.next,
    )


def run_outline(run: Run, plan_id: str, values: Values, commands: Commands) -> Outline:
    """The outline of a run, masked already."""
    acts, aside = run_headline(run)
    sections = (
        problems_section(run.failed, "Failed", "the apps said no, or gave no answer"),
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
        sections=tuple(each for each in sections if each.records),
        next=commands.after(run),
    )


def _guard(problem: Problem) -> Alert:
    place = f" ({placed(problem.span)})" if problem.span else ""
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
            *(
                jumps(
                    (f"{many:,} {action.value}", f"{row.sync}-{action.value}-{app.value}")
                    for action, many in row.changes[app].items()
                )
                for app in App
            ),
            *(
                jumps([(f"{number:,}", f"{place}-{row.sync}" if place else "")] if number else [])
                for number, place in zip(row.aside, ("link", "held", "excluded-records", ""), strict=True)
            ),
        )
        for row in counts(plan)
    )
    columns = ("sync", "to HubSpot", "to Xero", "#link", "#held", "#excluded", "#in sync")
    return Section("overview", "", "", columns, single(rows))


def _filter_edits(plan: Plan) -> Section:
    rows = tuple((edit.sync, f"{edit.enter:,}", f"{edit.leave:,}") for edit in plan.filter_edits)
    note = "who comes in and who goes out since they last ran"
    return Section("edited-rules", "Edited rules", note, ("sync", "#enter", "#leave"), single(rows))


def _money(plan: Plan) -> Section:
    rows = tuple((each.sync, each.app.brand, *moved(each)) for each in sums(plan))
    return Section("money", "Money", MONEY, ("sync", "to", "#records", "amounts"), single(rows))


def _held(problems: Iterable[Problem]) -> Section:
    return problems_section(problems, "Held", "not written until a person acts; all others go on")


def _contests(plan: Plan, verdict: Verdict, title: str, note: str) -> Section:
    found = contests(plan, verdict)
    records = tuple(
        _per_field(
            (each.change.sync, *_record(each.change)),
            [row for field in each.fields for row in _contested(each.change, field)],
        )
        for each in found
    )
    columns = ("sync", "record", "HubSpot id", "Xero id", "field", "HubSpot", "Xero", "wins", "why", "rule")
    kind = f"{verdict.value.replace('-', ' ')}s"
    return Section(verdict.value, f"{title} ({len(found):,})", note, columns, records, kind=kind)


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
        placed(each.span),
    )
    for line in line_changes(each.before, each.after):
        text = Data(" → ".join(filter(None, _line_pair(line))))
        yield (line.word, *(text if app is change.app else "" for app in App), "", "", "")


def _gone(plan: Plan) -> Section:
    rows = tuple(
        (each.sync, named(each.label), Data(each.hubspot), Data(each.xero), f"gone from {each.app.brand}")
        for each in plan.gone
    )
    note = f"deleted in one app; the partner stays as it is, and nothing is made again. {GONE_REMEDY}"
    columns = ("sync", "record", "HubSpot", "Xero", "what")
    return Section("gone", f"Gone ({len(rows):,})", note, columns, single(rows), kind="gone")


def _drift(plan: Plan) -> Section:
    rows = tuple(
        (
            each.sync,
            named(each.label),
            Data(each.hubspot),
            Data(each.xero),
            f"{each.mapping} in {each.app.brand}",
            *_pair(each.before, each.now),
            placed(each.span),
        )
        for each in plan.drift
    )
    note = "edited where the sync's direction doesn't carry edits away from; nothing is written"
    columns = ("sync", "record", "HubSpot", "Xero", "field", "before", "now", "rule")
    title = f"Not carried over ({len(rows):,})"
    return Section("not-carried-over", title, note, columns, single(rows), kind="not carried over")


def _group(group: Group) -> Section:
    action = group.action
    number = f"{len(group.changes):,} to {action.value}"
    if action is Action.LINK:
        links = single((*_record(change), change.note) for change in group.changes)
        heads = ("record", "HubSpot", "Xero", "why")
        return Section(f"link-{group.sync}", f"{group.sync}: {number}", "", heads, links, True, "to link", group.sync)
    title = f"{group.sync}{group.way}: {number}"
    columns: Row = ("record", "HubSpot", "Xero", "field", "old", "new", "why", "rule")
    records = [
        _per_field(
            _record(change), [row for each in change.fields for row in _field(each)] or [("", "", "", change.note, "")]
        )
        for change in group.changes
    ]
    if action is Action.CREATE:
        # A record that doesn't exist yet has neither an id there nor old values.
        keep = [0, 1 if group.app is App.XERO else 2, 3, 5, 6, 7]
        columns = tuple(columns[n] for n in keep)
        records = [tuple(tuple(row[n] for n in keep) for row in record) for record in records]
    # What is voided is void for ever: nobody should have to open anything to see it.
    return Section(
        f"{group.sync}-{action.value}-{group.app.value}",
        title,
        "",
        columns,
        tuple(records),
        folded=action not in (Action.VOID, Action.ARCHIVE),
        kind=f"to {action.value} in {group.app.brand}",
        sync=group.sync,
    )


def _field(each: FieldChange) -> Iterator[Row]:
    why = (
        f"{each.verdict.value}, see above" if each.contested else "" if each.reason.startswith(IMPLIED) else each.reason
    )
    yield (each.mapping, *_pair(each.before, each.after), why, placed(each.span))
    lines = line_changes(each.before, each.after)
    shown = lines if isinstance(each.before, Lines) else lines[:NEW_LINES]
    for line in shown:
        yield ("" if each.before is None else line.word, *_line_pair(line), "", "")
    if len(lines) > len(shown):
        yield ("", "", f"and {len(lines) - len(shown):,} more", "", "")


def _line_pair(change: LineChange) -> tuple[Data, Data]:
    old, new = (Data(line_text(line, STYLE) if line else "") for line in (change.before, change.after))
    return old, new


def _record(change: Change) -> Row:
    return (named(change.label), Data(change.hubspot or ""), Data(change.xero or ""))


def _per_field(record: Row, fields: Iterable[Row]) -> Rows:
    """One row for each field; the record stands in the first one only."""
    rows: list[Row] = []
    for each in fields:
        rows.append((*record, *each))
        record = ("",) * len(record)
    return tuple(rows)


def _excluded(plan: Plan) -> Section:
    rows = tuple(
        (each.sync, f"{each.number:,}", each.reason, Data(each.leaf), placed(each.span) if each.span else "")
        for each in excluded_groups(plan)
    )
    columns = ("sync", "#records", "outside by", "words", "rule")
    title = f"Excluded ({len(plan.excluded):,})"
    return Section("excluded", title, "left alone, and why", columns, single(rows), folded=True)


def _excluded_records(plan: Plan) -> Section:
    rows = (
        (
            each.sync,
            named(each.label),
            *(Data(id_ or "") for id_ in (each.hubspot, each.xero)),
            each.reason,
            Data(each.leaf),
            placed(each.span) if each.span else "",
        )
        for each in plan.excluded
    )
    columns = ("sync", "record", "HubSpot", "Xero", "outside by", "words", "rule")
    return Section("excluded-records", "Excluded, record by record", "", columns, single(rows), True, "excluded")


def _normalised(run: Run) -> Section:
    records = tuple(
        _per_field(
            (each.sync, named(each.label), each.app.brand, Data(each.record)),
            [
                (Data(each.field), *_pair(each.sent, each.held)),
                *((line.word, *_line_pair(line)) for line in line_changes(each.sent, each.held)[:NEW_LINES]),
            ],
        )
        for each in run.normalised
    )
    note = "an app made something else of what was sent; its own value counts from now on"
    columns = ("sync", "record", "app", "id", "field", "sent", "kept")
    return Section("kept-differently", f"Kept differently ({len(run.normalised):,})", note, columns, records)


def _value(value: Value) -> str:
    text = STYLE.shorten(STYLE.value(value), ROOM)
    return text if value is None else Data(text)


def _pair(before: Value, after: Value) -> tuple[str, str]:
    old, new = STYLE.change(before, after, ROOM)
    return (old if before is None else Data(old)), (new if after is None else Data(new))
