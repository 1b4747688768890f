"""What changes in rules, and whom it concerns, as tables for Markdown and HTML. See also: `rules` (the same for a terminal)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hxrules.language.comparison import RuleChange
from hxrules.planning.impact import Move
from hxrules.reports.masking import Values
from hxrules.reports.rules import (
    COUNTED,
    MARKED,
    RulesChanged,
    count_text,
    headline,
    move_groups,
    records_title,
    rule_name,
    rule_places,
)
from hxrules.reports.sections import ROOM, STYLE, Alert, Data, Outline, Row, Section, named, placed, single
from hxrules.reports.wording import hiding


def rules_outline(report: RulesChanged, values: Values) -> Outline:
    """The whole report of `hxrules diff`, masked already as `values` says."""
    title, aside = headline(report)
    return Outline(
        title=title,
        aside=aside,
        overview=None,
        facts=(("old", Data(report.old)), ("new", Data(report.new)), *(hiding(values) if report.live else ())),
        alerts=(),
        sections=tuple(rules_sections(replace(report, notes=()) if report.impact is None else report, "Rules")),
        next="" if report.impact and report.impact.ways else " ".join(_notes(report)),
    )


def rules_sections(report: RulesChanged, title: str) -> Iterator[Section]:
    """The rules, the numbers, and the records behind them."""
    rows = single(map(_rule, report.changes))
    if rows:
        untold = report.notes if report.impact is None else ()
        note = " ".join((f"! {MARKED}. The old ones are {report.old}.", *untold))
        yield Section("rules-changed", title, note, ("sync", "rule", "old", "new", "what follows", "place"), rows)
    found = report.impact
    if found is None or not found.ways:
        return
    numbers = single(
        (way.sync, way.app.brand, *(count_text(getattr(way, kind.value)) for kind in COUNTED)) for way in found.ways
    )
    columns = ("sync", "to", *(f"#{kind.value}" for kind in COUNTED))
    yield Section("rules-records", records_title(report), " ".join(_notes(report)), columns, numbers)
    for number, (name, moves) in enumerate(move_groups(found)):
        records = tuple(_record(move) for move in moves)
        heads = ("record", "HubSpot", "Xero", "why", "field", "by the old rules", "by the new")
        yield Section(f"rules-records-{number}", name, "", heads, records, True, name.partition(" ")[2])


def rules_alerts(report: RulesChanged) -> Iterator[Alert]:
    """Where nobody can tell which rules they are."""
    if not report.changes:
        yield Alert("Rules changed since the last run", " ".join(report.notes), stops=False)


def _notes(report: RulesChanged) -> tuple[str, ...]:
    return (*(report.impact.untold if report.impact else ()), *report.notes)


def _rule(change: RuleChange) -> Row:
    means = f"! {change.means}" if change.grave else change.means
    said = (Data(change.before or ""), Data(change.after or ""))
    return (change.sync, rule_name(change), *said, means, Data(rule_places(change, placed)))


def _record(move: Move) -> tuple[Row, ...]:
    place = f" ({placed(move.span)})" if move.span else ""
    why = "; ".join(filter(None, (f"{move.why}{place}", "would be created" if move.created else "")))
    head: Row = (named(move.label), Data(move.hubspot or ""), Data(move.xero or ""), why)
    rows: list[Row] = []
    for each in move.fields:
        old, new = (Data(text) for text in STYLE.change(each.before, each.after, ROOM))
        rows.append((*head, each.mapping, old, new))
        head = ("",) * len(head)
    return tuple(rows) or ((*head, "", "", ""),)
