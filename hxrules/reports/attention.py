"""The first half of a plan in text: what a person should see before saying yes."""

from __future__ import annotations

from collections.abc import Iterator

from hxrules.planning.plan import FieldChange, Plan, Verdict
from hxrules.problems import Problem
from hxrules.records import App
from hxrules.reports.held import held_lines
from hxrules.reports.rules import RulesChanged, plan_section
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Tone, cells, pad
from hxrules.reports.view import Contest, contests
from hxrules.reports.wording import GONE_REMEDY, NOTICES, decided_by


def attention(plan: Plan, sheet: Sheet, rules: RulesChanged | None = None) -> Iterator[Iterator[str]]:
    """The sections, most urgent first; one without lines has nothing to say. `rules` are those that were edited since the last run."""
    yield _guards(plan, sheet)
    yield _incomplete(plan, sheet)
    if rules is not None:
        yield plan_section(rules, sheet)
    if rules is None or rules.impact is None:
        yield _filter_edits(plan, sheet)
    yield _held(plan, sheet)
    yield _contests(plan, sheet, Verdict.CONFLICT, "Conflicts", "edited in both apps; one value loses")
    yield _contests(
        plan,
        sheet,
        Verdict.FIRST_MEETING,
        "First meetings that overwrite",
        "compared for the first time; one value loses",
    )
    yield _gone(plan, sheet)
    yield _drift(plan, sheet)
    yield _notices(plan, sheet)


def _guards(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.guards:
        return
    yield from sheet.heading("Held as a whole", None, "nothing is written until a person has looked", Tone.BAD)
    for problem in plan.guards:
        yield from _guard(problem, sheet)


def _guard(problem: Problem, sheet: Sheet) -> Iterator[str]:
    style = sheet.style
    summary = style.paint(style.say(problem.summary), Tone.STRONG)
    yield from sheet.beside(
        f"{style.paint(problem.code, Tone.STRONG, Tone.BAD)}  {summary}", sheet.place(problem.span), 2
    )
    yield from sheet.said(problem.cause, 4)
    yield from sheet.said(problem.remedy, 4, Tone.GOOD, lead=f"{style.arrow} ")


def _incomplete(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.incomplete:
        return
    note = "what wasn't seen is neither created nor called gone; the next run looks again"
    yield from sheet.heading("Not everything was read", None, note, Tone.CARE)
    for text in sheet.some(plan.incomplete):
        yield from sheet.said(text, 2)
    yield from sheet.rest(plan.incomplete)


def _filter_edits(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.filter_edits:
        return
    yield from sheet.heading("Edited rules", None, "who comes in and who goes out since they last ran", Tone.CARE)
    for edit in plan.filter_edits:
        keeps = " (they keep their links, and are no longer written)" if edit.leave else ""
        yield from sheet.said(f"{edit.sync}: {edit.enter:,} enter, {edit.leave:,} leave{keeps}", 2)


def _held(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.held:
        return
    yield from sheet.heading("Held", len(plan.held), "not written until a person acts; all others go on", Tone.BAD)
    yield from held_lines(plan.held, sheet)


def _contests(plan: Plan, sheet: Sheet, verdict: Verdict, title: str, note: str) -> Iterator[str]:
    found = contests(plan, verdict)
    if not found:
        return
    yield from sheet.heading(title, len(found), note, Tone.CARE)
    for each in sheet.some(found):
        yield from _contest(each, sheet)
    yield from sheet.rest(found)


def _contest(contest: Contest, sheet: Sheet) -> Iterator[str]:
    change = contest.change
    name = sheet.style.paint(sheet.name(change.label), Tone.STRONG)
    yield from sheet.beside(f"{change.sync}: {name}", sheet.ids(change.hubspot, change.xero), 2)
    width = max(len(each.mapping) for each in contest.fields)
    for each in contest.fields:
        yield from _contested(each, change.app, width, sheet)


def _contested(each: FieldChange, loser: App, width: int, sheet: Sheet) -> Iterator[str]:
    """Both values below each other, so that the eye compares them; then who wins and why."""
    style = sheet.style
    lead = " " * (4 + width + 2)
    brand = len(App.HUBSPOT.brand)
    room = style.width - len(lead) - brand - 2 - 13
    lost, won = style.change(each.before, each.source, room)
    column = max(cells(lost), cells(won))
    lines = [(loser, lost, style.paint("overwritten", Tone.BAD)), (loser.other, won, style.paint("wins", Tone.GOOD))]
    if loser is App.XERO:
        lines.reverse()
    opening = f"    {pad(each.mapping, width)}  "
    for app, value, fate in lines:
        yield f"{opening}{pad(app.brand, brand)}  {pad(value, column)}  {fate}"
        opening = lead
    if each.after != each.source:
        # The apps write the same fact differently (NZ, New Zealand).
        yield f"{lead}{style.say('→')} {loser.brand} gets {style.shorten(style.value(each.after), room)}"
    yield from sheet.lines(each.before, each.after, len(lead))
    yield from sheet.said(f"{decided_by(each)}; rule at {sheet.place_text(each.span)}", len(lead), Tone.FAINT)


def _gone(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.gone:
        return
    note = "deleted in one app; the partner stays as it is, and nothing is made again"
    yield from sheet.heading("Gone", len(plan.gone), note, Tone.CARE)
    for each in sheet.some(plan.gone):
        name = sheet.style.paint(sheet.name(each.label), Tone.STRONG)
        left = f"{each.sync}: {name}, gone from {each.app.brand}"
        yield from sheet.beside(left, sheet.ids(each.hubspot, each.xero), 2)
    yield from sheet.rest(plan.gone)
    yield from sheet.said(GONE_REMEDY, 2, Tone.GOOD, lead=f"{sheet.style.arrow} ")


def _drift(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if not plan.drift:
        return
    note = "edited where the sync's direction doesn't carry edits away from; nothing is written"
    yield from sheet.heading("Not carried over", len(plan.drift), note, Tone.CARE)
    for each in sheet.some(plan.drift):
        name = sheet.style.paint(sheet.name(each.label), Tone.STRONG)
        yield from sheet.beside(f"{each.sync}: {name}", sheet.ids(each.hubspot, each.xero), 2)
        lead = f"    {each.mapping}  in {each.app.brand}  "
        place = sheet.place(each.span)
        yield from sheet.change(
            lead, each.before, each.now, place, 0, sheet.style.width - cells(lead) - cells(place) - 2
        )
        yield from sheet.lines(each.before, each.now, cells(lead))
    yield from sheet.rest(plan.drift)


def _notices(plan: Plan, sheet: Sheet) -> Iterator[str]:
    if plan.notices:
        yield from sheet.heading("Notices", len(plan.notices), NOTICES, Tone.CARE)
        yield from held_lines(plan.notices, sheet, Tone.CARE)
