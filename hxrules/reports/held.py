"""Records that wait for a person: gathered by what is wrong, each with its ids in both apps, its cause and the remedy (R23, R24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hxrules.problems import Problem
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Tone, cells, pad
from hxrules.reports.view import HeldGroup, held_groups, name_and_summary


def held_lines(problems: Iterable[Problem], sheet: Sheet) -> Iterator[str]:
    """The problems by groups, an empty line behind each."""
    for group in held_groups(problems):
        yield from _group(group, sheet)
        yield ""


def _group(group: HeldGroup, sheet: Sheet) -> Iterator[str]:
    style = sheet.style
    number = f" ({len(group.problems):,})" if len(group.problems) > 1 else ""
    sync = f"{group.sync}: " if group.sync else ""
    title = style.paint(style.say(sync + group.what) + number, Tone.STRONG)
    yield f"  {style.paint(group.code, Tone.STRONG, Tone.BAD)}  {title}"
    visible = sheet.some(group.problems)
    names = [sheet.name(name_and_summary(problem)[0]) for problem in visible]
    width = max(map(cells, names))
    for name, problem in zip(names, visible, strict=True):
        hubspot, xero = (ref.id if ref else None for ref in (problem.hubspot, problem.xero))
        yield from sheet.beside(pad(name, width), sheet.ids(hubspot, xero), 4)
        if not group.cause:
            yield from sheet.said(problem.cause, 6)
        if not group.remedy:
            yield from sheet.said(problem.remedy, 6, Tone.GOOD, lead=f"{style.arrow} ")
        yield from (f"{' ' * 6}{style.paint(style.say(link), Tone.FAINT)}" for link in problem.links)
    yield from sheet.rest(group.problems, 4)
    yield from sheet.said(group.cause, 4)
    yield from sheet.said(group.remedy, 4, Tone.GOOD, lead=f"{style.arrow} ")
