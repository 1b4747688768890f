"""An explanation of a record, as text and as JSON. See also: `explain` (where it comes from)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hxrules.planning.plan import Verdict, problem_document
from hxrules.problems import Span
from hxrules.records import Standing
from hxrules.reports.explain import Explained, FieldRow, LimitRow
from hxrules.reports.lines import line_changes
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Style, Tone, cells, pad, page, when
from hxrules.reports.view import name_and_summary
from hxrules.values import encode

_STANDINGS = {
    Standing.IN_SYNC: ("in sync", Tone.GOOD),
    Standing.FAILING: ("failing", Tone.BAD),
    Standing.EXCLUDED: ("excluded", Tone.CARE),
    Standing.ASIDE: ("in no direction of the sync", Tone.FAINT),
    None: ("not seen by a run yet", Tone.FAINT),
}
_ROOM = 30


def explained_text(found: Explained, style: Style) -> str:
    """The explanation for a terminal."""
    sheet = Sheet(style, shown=None)
    title = f"{found.sync.removesuffix('s')} {found.label}".rstrip()
    lines = [f"{style.paint(style.say(title), Tone.STRONG)}  {sheet.ids(found.hubspot, found.xero)}", ""]
    stood, tone = _STANDINGS[found.standing]
    run = f"last run {when(found.last_run)}" if found.last_run else "never run"
    off = "" if found.enabled else ", off"
    facts = [("sync", f"{found.sync}, {found.direction}{off}, {run}"), ("linked", found.linked)]
    lines += sheet.facts(facts)
    lead = f"  {style.paint(pad('stood' if found.live else 'stands', 8), Tone.FAINT)}  "
    lines += [f"{lead}{style.paint(stood, tone)}{style.say(f' by {found.why}' if found.why else '')}"]
    lines += [*_problems(found, sheet), *_limits(found.limits, sheet), *_fields(found, sheet)]
    lines += ["", style.paint("Next run", Tone.STRONG)]
    for each in found.outlook:
        lines += sheet.said(each, 2)
    if not found.live:
        lines += [
            "",
            style.paint(
                f"This is how the last run left it; hxrules explain {_ref(found)} --live asks the apps.", Tone.FAINT
            ),
        ]
    return page(lines)


def _ref(found: Explained) -> str:
    return f"hubspot:{found.sync}/{found.hubspot}" if found.hubspot else f"xero:{found.sync}/{found.xero}"


def _problems(found: Explained, sheet: Sheet) -> Iterator[str]:
    for problem in found.problems:
        yield ""
        summary = name_and_summary(problem)[1]
        yield from sheet.said(f"{problem.code} {summary}", 2, Tone.STRONG, Tone.BAD)
        yield from sheet.told(problem.cause, 6)
        yield from sheet.told(problem.remedy, 6)
        for page_link in problem.links:
            yield f"      {sheet.style.say(page_link)}"


def _limits(limits: Iterable[LimitRow], sheet: Sheet) -> Iterator[str]:
    rows = list(limits)
    if rows:
        yield ""
        yield sheet.style.paint("In or out", Tone.STRONG)
    for each in rows:
        word, tone = ("in ", Tone.GOOD) if each.included else ("out", Tone.CARE)
        lead = f"to {pad(each.target.brand, 7)}  {sheet.style.paint(word, tone)}  "
        if not each.leaf:
            passes = "passes its filters" if each.name else "no filter is in the way"
            text = passes if each.included else "does not pass its filters"
        else:
            name = "" if each.name == "filter" else f"{each.name}: "
            text = f"{name}{each.leaf}{_holds(each, sheet.style)}"
        place = f"   {sheet.place(each.span)}" if each.span is not None else ""
        yield f"  {lead}{sheet.style.say(text)}{place}"


def _holds(each: LimitRow, style: Style) -> str:
    if each.counts is not None:
        return f"   ({each.counts[0]:,} of {each.counts[1]:,})"
    if not each.asked:
        return ""
    return f"   (it is {style.value(each.value)})"


def _fields(found: Explained, sheet: Sheet) -> Iterator[str]:
    style = sheet.style
    every = [each for each in found.fields if found.live or each.verdict or each.reason]
    shown = [each for each in every if not _empty(each)]
    if not every:
        return
    yield ""
    yield style.paint("Fields" if found.live else "Fields, as the last run left them", Tone.STRONG)
    texts = [
        [
            each.mapping,
            *(style.shorten(style.value(value), _ROOM) for value in (each.hubspot, each.xero)),
            _verdict(each),
        ]
        for each in shown
    ]
    head = ["", "HubSpot", "Xero", ""]
    widths = [max(map(cells, column)) for column in zip(head, *texts, strict=True)]
    if shown:
        titles = "  ".join(pad(cell, width) for cell, width in zip(head, widths, strict=True))
        yield "  " + style.paint(titles.rstrip(), Tone.FAINT)
    places = [sheet.place_text(each.span) for each in shown]
    if 2 + sum(widths) + 8 + max(map(cells, places), default=0) > style.width:
        places = [place.rpartition("/")[2] for place in places]
    for each, row, place in zip(shown, texts, places, strict=True):
        line = "  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True))
        yield f"  {line}  {style.paint(style.say(place), Tone.PLACE)}"
        yield from _below(each, sheet)
    if len(every) > len(shown):
        names = ", ".join(each.mapping for each in every if _empty(each))
        yield from sheet.said(f"Empty on both sides: {names}", 2, Tone.FAINT)


def _empty(each: FieldRow) -> bool:
    """Nothing on either side, and nothing to be said about it."""
    quiet = each.verdict in ("", "in step", Verdict.SAME.value, Verdict.AGREED.value) and each.change is None
    return quiet and each.hubspot is None and each.xero is None and not (each.reason and each.verdict == "")


def _verdict(each: FieldRow) -> str:
    if each.verdict in (Verdict.SAME.value, Verdict.AGREED.value):
        return each.verdict
    wins = f", {each.winner.brand} wins" if each.winner is not None else ""
    return f"{each.verdict}{wins}"


def _below(each: FieldRow, sheet: Sheet) -> Iterator[str]:
    """The base where a side has left it, the reason, and what is written."""
    style = sheet.style
    if each.base is not None and (each.base.hubspot, each.base.xero) != (each.hubspot, each.xero):
        then = [style.shorten(style.value(value), _ROOM) for value in (each.base.hubspot, each.base.xero)]
        both = then[0] if then[0] == then[1] else f"{then[0]} in HubSpot, {then[1]} in Xero"
        yield from sheet.said(f"after the last run: {both}", 6, Tone.FAINT)
    if each.reason and each.verdict not in (Verdict.SAME.value, Verdict.AGREED.value):
        yield from sheet.said(each.reason, 6, Tone.FAINT)
    if each.change is not None:
        old, new = style.change(each.change.before, each.change.after, _ROOM)
        yield f"      {style.paint(f'{old} {style.arrow} {new}', Tone.CARE)}"
        if line_changes(each.change.before, each.change.after):
            yield from sheet.lines(each.change.before, each.change.after, 6)


# --- JSON --------------------------------------------------------------------------------------------------------------------


def explained_json(found: Explained) -> dict[str, Any]:
    """The explanation as data."""
    return {
        "sync": found.sync,
        "direction": found.direction,
        "enabled": found.enabled,
        "label": found.label,
        "hubspot": found.hubspot,
        "xero": found.xero,
        "live": found.live,
        "linked": found.linked,
        "last_run": None if found.last_run is None else encode(found.last_run),
        "standing": None if found.standing is None else found.standing.value.replace("-", "_"),
        "excluded_by": found.why or None,
        "problems": [problem_document(each) for each in found.problems],
        "limits": [
            {
                "to": each.target.value,
                "included": each.included,
                "limit": each.name,
                "leaf": each.leaf or None,
                "value": encode(each.value),
                "matching": None if each.counts is None else {"of_these": each.counts[1], "number": each.counts[0]},
                **_place(each.span),
            }
            for each in found.limits
        ],
        "fields": [_field_document(each) for each in found.fields],
        "next": list(found.outlook),
    }


def _field_document(each: FieldRow) -> dict[str, Any]:
    base = None if each.base is None else {"hubspot": encode(each.base.hubspot), "xero": encode(each.base.xero)}
    change = None
    if each.change is not None:
        change = {"field": each.change.field, "before": encode(each.change.before), "after": encode(each.change.after)}
    return {
        "mapping": each.mapping,
        "hubspot": encode(each.hubspot),
        "xero": encode(each.xero),
        "base": base,
        "verdict": each.verdict or None,
        "winner": None if each.winner is None else each.winner.value,
        "reason": each.reason,
        "change": change,
        **_place(each.span),
    }


def _place(span: Span | None) -> dict[str, Any]:
    return {"file": span.file if span else None, "line": span.line if span else None}
