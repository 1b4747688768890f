"""What changes in rules, and whom it concerns, for a terminal: `hxrules diff`, and the section of a plan whose rules were edited.

The reader approves rules: what is marked `!` lets more be written than before, or guards less.
See also: `rules_outline` (the same as tables), `language.comparison` and `planning.impact` (what is shown).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from hxrules.language.comparison import Kind, RuleChange
from hxrules.planning import impact
from hxrules.planning.impact import Count, FieldMove, Impact, Move
from hxrules.problems import Span
from hxrules.reports.masking import Values, mask_sentence, mask_text, mask_value
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Style, Tone, cells, count, listing, pad, page, table, when
from hxrules.reports.wording import hiding
from hxrules.values import encode

MARKED = "lets more be written than before, writes something else, or guards less"
SAMPLES = 5
"""Of the records of one kind that many are named."""


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Two rulesets compared."""

    old: str
    """What is compared: where it stands, its name and version."""
    new: str
    changes: tuple[RuleChange, ...]
    impact: Impact | None = None
    """Whom it concerns; `None` where that wasn't asked, or can't be told."""
    live: bool = False
    """Whether the apps were asked; else it is what the state remembers."""
    as_of: datetime | None = None
    notes: tuple[str, ...] = ()
    """What else there is to say: why nobody can tell, what to type."""
    same_text: bool = False


def rules_text(report: RulesChanged, style: Style, values: Values = Values.FULL, *, everything: bool = False) -> str:
    """The report of `hxrules diff`. Of many records `SAMPLES` of each kind are named, with `everything` all."""
    sheet = Sheet(style, None if everything else SAMPLES, "--all")
    report = masked(report, values)
    title, aside = headline(report)
    top = [
        *sheet.said(title, 0, Tone.STRONG),
        *sheet.said(aside, 0),
        "",
        *sheet.facts([("old", report.old), ("new", report.new), *(hiding(values) if report.live else ())]),
    ]
    return page((*top, "", *rule_lines(report, sheet), "", *record_lines(report, sheet)))


def plan_section(report: RulesChanged, sheet: Sheet) -> Iterator[str]:
    """The same inside of a plan."""
    title, aside = headline(report)
    number = _number_of_rules(report)
    first = count(number, "rule") if number else title if report.changes else ""
    note = "; ".join(filter(None, (first, f"the last run had {report.old}", aside)))
    yield from sheet.heading("Rules changed since the last run", None, note, Tone.CARE)
    yield from rule_lines(report, sheet, 2)
    yield from record_lines(report, sheet, 2)


def headline(report: RulesChanged) -> tuple[str, str]:
    """How many rules change, and what a reader should look at (may be empty)."""
    if not report.changes:
        told = "the two are the same" if report.same_text else "only layout, comments or the order of keys differ"
        return f"No rule changed: {told}", ""
    number = _number_of_rules(report)
    if not number:
        return f"No rule changed: only the {listing([each.name for each in report.changes])}", ""
    grave = any(change.grave for change in report.changes)
    aside = f"! marks what {MARKED}" if grave else ""
    return f"{count(number, 'rule')} changed", aside


def _number_of_rules(report: RulesChanged) -> int:
    """Without the name and the version, which rule over nothing."""
    return sum(each.kind is not Kind.RULESET or each.name == "extends" for each in report.changes)


# --- rules --------------------------------------------------------------------------------------------------------------------


def rule_lines(report: RulesChanged, sheet: Sheet, indent: int = 0) -> Iterator[str]:
    """Every changed rule, by sync."""
    for sync, changes in groupby(report.changes, key=lambda change: change.sync):
        yield f"{' ' * indent}{sheet.style.paint(sheet.style.say(sync or 'ruleset'), Tone.STRONG)}"
        for change in changes:
            yield from _rule(change, sheet, indent + 2)


def rule_name(change: RuleChange) -> str:
    """What a rule is called in a report: `mapping phone`, `direction`."""
    plain = (Kind.RULESET, Kind.ENABLED, Kind.DIRECTION, Kind.CONFLICT, Kind.MATCH, Kind.SETTING)
    if change.kind is Kind.SYNC:
        return "the sync itself"
    return change.name if change.kind in plain else f"{change.kind.value} {change.name}"


def rule_places(change: RuleChange, told: Callable[[Span], str]) -> str:
    """Where it stands, and where it stood if that is elsewhere; `told` says a place."""
    old, new = change.old, change.new
    if new is None or old is None:
        return told(new) if new else f"was {told(old)}" if old else ""
    revision, _, path = old.file.rpartition(":")
    if path != new.file.rpartition(":")[2]:
        return f"{told(new)} (was {told(old)})"
    if old.line == new.line:
        return told(new)
    return f"{told(new)} (was line {old.line}{f' in {revision}' if revision else ''})"


def _rule(change: RuleChange, sheet: Sheet, indent: int) -> Iterator[str]:
    style = sheet.style
    sign, tone = (
        ("+", Tone.GOOD) if change.before is None else ("-", Tone.BAD) if change.after is None else ("~", Tone.CARE)
    )
    left = f"{style.paint(sign, Tone.STRONG, tone)} {style.paint(style.say(rule_name(change)), Tone.STRONG)}"
    place = style.paint(style.say(rule_places(change, sheet.place_text)), Tone.PLACE)
    said = style.say(values_said(change, style))
    if change.kind is not Kind.FILTER and indent + cells(left) + 4 + cells(said) + cells(place) <= style.width:
        yield from sheet.beside(f"{left}  {said}", place, indent)
    else:
        yield from sheet.beside(left, place, indent)
        yield from (
            _filter(change, sheet, indent + 4) if change.kind is Kind.FILTER else _values(change, sheet, indent + 4)
        )
    if change.means:
        lead = f"{style.paint('!', Tone.STRONG, Tone.CARE)} " if change.grave else ""
        yield from sheet.said(change.means, indent + 4, lead=lead)


def values_said(change: RuleChange, style: Style) -> str:
    """What it said, and what it says."""
    if change.before is None or change.after is None:
        return change.before or change.after or ""
    return f"{change.before} {style.arrow} {change.after}"


def _values(change: RuleChange, sheet: Sheet, indent: int) -> Iterator[str]:
    both = change.before is not None and change.after is not None
    for sign, tone, text in (("-", Tone.BAD, change.before), ("+", Tone.GOOD, change.after)):
        if text is not None:
            yield from sheet.said(text, indent, lead=f"{sheet.style.paint(sign, tone)} " if both else "")


def _filter(change: RuleChange, sheet: Sheet, indent: int) -> Iterator[str]:
    """Its conditions that come and go; the whole of it too, where that is more."""
    for sign, tone, conditions in (("-", Tone.BAD, change.lost), ("+", Tone.GOOD, change.gained)):
        for each in conditions:
            yield from sheet.said(each, indent, lead=f"{sheet.style.paint(sign, tone)} ")
    for word, text, parts in (("was", change.before, change.lost), ("now", change.after, change.gained)):
        if text is not None and (text,) != parts and change.before and change.after:
            yield from sheet.said(text, indent, Tone.FAINT, lead=f"{word}  ")


# --- records ------------------------------------------------------------------------------------------------------------------


def records_title(report: RulesChanged) -> str:
    """What the numbers are of."""
    assert report.as_of is not None
    if report.live:
        return f"Records, looked at {when(report.as_of)}: by the new rules against the old"
    return f"Records, as the run of {when(report.as_of)} left them"


def record_lines(report: RulesChanged, sheet: Sheet, indent: int = 0) -> Iterator[str]:
    """Whom it concerns: numbers by sync and direction, then records."""
    found = report.impact
    if found is not None and found.ways and report.as_of is not None:
        yield ""
        yield from sheet.said(records_title(report), indent, Tone.STRONG)
        head = [sheet.style.paint(each, Tone.FAINT) for each in ("", *(kind.value for kind in COUNTED))]
        rows = [
            [f"{way.sync} to {way.app.brand}", *(_number(getattr(way, kind.value), sheet) for kind in COUNTED)]
            for way in found.ways
        ]
        yield from (f"{' ' * (indent + 2)}{line}" for line in table([head, *rows], right=range(1, 4), gap=3))
        for title, moves in move_groups(found):
            yield from _moves(title, moves, sheet, indent + 2)
    for note in (*(found.untold if found else ()), *report.notes):
        yield from sheet.said(note, indent)


COUNTED = (impact.Kind.ENTER, impact.Kind.LEAVE, impact.Kind.CHANGE)


def _number(number: Count, sheet: Sheet) -> str:
    return (
        sheet.style.say(count_text(number))
        if number != impact.exactly(0)
        else sheet.style.paint(sheet.style.say("·"), Tone.FAINT)
    )


def count_text(number: Count) -> str:
    """A number, or the two that it lies between."""
    if number.most is None:
        return "?"
    return f"{number.most:,}" if number.exact else f"{number.least:,} to {number.most:,}"


_TITLES = {
    impact.Kind.ENTER: "enter {way}",
    impact.Kind.LEAVE: "leave {way}",
    impact.Kind.CHANGE: "change {way}: what is written by the old rules → by the new",
    impact.Kind.HOLD: "{sync}: would be held, and weren't",
    impact.Kind.RELEASE: "{sync}: would no longer be held",
}


def move_groups(found: Impact) -> Iterator[tuple[str, Sequence[Move]]]:
    """Records of one kind and direction, with what they have in common."""
    groups: dict[tuple[str, impact.Kind, str], list[Move]] = {}
    for move in found.moves:
        brand = move.app.brand if move.app is not None else ""
        groups.setdefault((move.sync, move.kind, brand), []).append(move)
    for (sync, kind, brand), moves in groups.items():
        created = sum(move.created for move in moves)
        more = f", {created:,} of them by being created" if created else ""
        yield f"{len(moves):,} {_TITLES[kind].format(sync=sync, way=f'{sync} to {brand}')}{more}", moves


def _moves(title: str, moves: Sequence[Move], sheet: Sheet, indent: int) -> Iterator[str]:
    style = sheet.style
    yield from sheet.said(title, indent, Tone.STRONG)
    for move in sheet.some(moves, SAMPLES):
        name = style.paint(sheet.name(move.label), Tone.STRONG)
        note = "would be created" if move.created else ""
        yield from sheet.beside(name, sheet.ids(move.hubspot, move.xero, note), indent + 2)
        if move.why:
            place = f" ({sheet.place_text(move.span)})" if move.span else ""
            yield from sheet.said(f"{move.why}{place}", indent + 4, Tone.FAINT)
        room = max((len(each.mapping) for each in move.fields), default=0)
        for each in sheet.some(move.fields, SAMPLES):
            lead = f"{' ' * (indent + 4)}{pad(each.mapping, room)}  "
            yield from sheet.change(lead, each.before, each.after, "", 0, style.width - cells(lead))
        yield from sheet.rest(move.fields, indent + 4, SAMPLES)
    yield from sheet.rest(moves, indent + 2, SAMPLES)


def masked(report: RulesChanged, values: Values) -> RulesChanged:
    """Without what records hold; rules say no record's data."""
    if values is Values.FULL or report.impact is None:
        return report
    moves = tuple(_masked(move, values) for move in report.impact.moves)
    return replace(report, impact=replace(report.impact, moves=moves))


def _masked(move: Move, values: Values) -> Move:
    kind = move.sync
    held = move.app is None
    return replace(
        move,
        label=mask_text(move.label, values, kind),
        why=mask_sentence(move.why, values, kind) if held else move.why,
        fields=tuple(
            FieldMove(each.mapping, mask_value(each.before, values, kind), mask_value(each.after, values, kind))
            for each in move.fields
        ),
    )


# --- JSON ---------------------------------------------------------------------------------------------------------------------


def rules_json(report: RulesChanged, values: Values = Values.FULL) -> dict[str, Any]:
    """The comparison for machines; `most` is `null` where nothing can be told."""
    report = masked(report, values)
    return {
        "old": report.old,
        "new": report.new,
        "changes": [_change_json(each) for each in report.changes],
        "records": None if report.impact is None else _impact_json(report, report.impact),
        "notes": list(report.notes),
    }


def _change_json(change: RuleChange) -> dict[str, Any]:
    return {
        "sync": change.sync or None,
        "kind": change.kind.value,
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "old": _place_json(change.old),
        "new": _place_json(change.new),
        "lost": list(change.lost),
        "gained": list(change.gained),
        "means": change.means,
        "grave": change.grave,
    }


def _place_json(span: Span | None) -> dict[str, Any] | None:
    return None if span is None else {"file": span.file, "line": span.line, "column": span.column}


def _impact_json(report: RulesChanged, found: Impact) -> dict[str, Any]:
    return {
        "live": report.live,
        "as_of": encode(report.as_of),
        "ways": [
            {
                "sync": way.sync,
                "app": way.app.value,
                **{kind.value: getattr(way, kind.value)._asdict() for kind in COUNTED},
            }
            for way in found.ways
        ],
        "moves": [
            {
                "kind": move.kind.value,
                "sync": move.sync,
                "app": move.app.value if move.app else None,
                "hubspot": move.hubspot,
                "xero": move.xero,
                "label": move.label,
                "why": move.why,
                "rule": _place_json(move.span),
                "created": move.created,
                "fields": [
                    {"mapping": each.mapping, "before": encode(each.before), "after": encode(each.after)}
                    for each in move.fields
                ],
            }
            for move in found.moves
        ],
        "untold": list(found.untold),
    }
