"""Records that wait for a person: gathered by what is wrong, each with its ids in both apps, its cause and the remedy (R23, R24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hxrules.problems import Problem
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Tone, cells, fold, pad
from hxrules.reports.view import HeldGroup, held_groups, name_and_summary


def held_lines(problems: Iterable[Problem], sheet: Sheet, tone: Tone = Tone.BAD) -> Iterator[str]:
    """The problems by groups, an empty line behind each."""
    for group in held_groups(problems):
        yield from _group(group, sheet, tone)
        yield ""


def _group(group: HeldGroup, sheet: Sheet, tone: Tone) -> Iterator[str]:
    style = sheet.style
    number = f" ({len(group.problems):,})" if len(group.problems) > 1 else ""
    sync = f"{group.sync}: " if group.sync else ""
    lead = f"  {style.paint(group.code, Tone.STRONG, tone)}  "
    for line in fold(style.say(sync + group.what) + number, style.width - cells(lead)):
        yield lead + style.paint(line, Tone.STRONG)
        lead = " " * cells(lead)
    visible = sheet.some(group.problems)
    of_records = any(problem.hubspot or problem.xero for problem in visible)
    names = [sheet.name(name_and_summary(problem)[0]) for problem in visible]
    width = max(map(cells, names))
    for name, problem in zip(names, visible, strict=True):
        hubspot, xero = (ref.id if ref else None for ref in (problem.hubspot, problem.xero))
        if of_records:
            yield from sheet.beside(pad(name, width), sheet.ids(hubspot, xero), 4)
        elif problem.span:
            yield f"    {sheet.place(problem.span)}"
        if not group.cause:
            yield from sheet.told(problem.cause, 6)
        if not group.remedy:
            yield from sheet.told(problem.remedy, 6, Tone.GOOD, lead=f"{style.arrow} ")
        yield from (f"{' ' * 6}{style.paint(style.say(link), Tone.FAINT)}" for link in problem.links)
    yield from sheet.rest(group.problems, 4)
    yield from sheet.told(group.cause, 4)
    yield from sheet.told(group.remedy, 4, Tone.GOOD, lead=f"{style.arrow} ")
