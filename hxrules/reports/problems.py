"""Problems as text: what is wrong, where, the line itself with a caret under the place, why, and what to do (design §3)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from hxrules.problems import Problem, Severity, Span, in_order
from hxrules.reports.masking import Values, mask_problem
from hxrules.reports.style import Style, Tone, cells, count, fold, page

SHOWN = 50

_TAB = 4
_FAR = 1_000
"""Characters on either side of a place, beyond which nothing of its line is ever shown: a line may be a whole file."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.CARE}


def problems_text(
    problems: Iterable[Problem], sources: Mapping[str, str], style: Style, values: Values = Values.FULL
) -> str:
    """All problems by place, at most `SHOWN` in full, and a last line that counts them; empty for none. `sources` are the texts
    of the files, by the name that spans use; without its text a place is shown without its line."""
    every = [mask_problem(problem, values) for problem in in_order(problems)]
    lines: list[str] = []
    split = {file: _LINE_END.split(text) for file, text in sources.items()}
    for problem in every[:SHOWN]:
        lines += [*_problem(problem, split, style), ""]
    if len(every) > SHOWN:
        lines += [style.say(f"… and {count(len(every) - SHOWN, 'more problem')}."), ""]
    if len(every) > 1 or any(problem.span is not None for problem in every):
        lines.append(_tally(every, style))
    return page(lines)


def _problem(problem: Problem, sources: Mapping[str, Sequence[str]], style: Style) -> Iterator[str]:
    tone = _TONES[problem.severity]
    opening = f"{problem.severity.value}[{problem.code}]"
    head = f"{opening}: {style.say(problem.summary)}"
    first, *rest = fold(head, style.width)
    yield style.paint(opening, Tone.STRONG, tone) + style.paint(first[len(opening) :], Tone.STRONG)
    yield from (style.paint(f"    {line}", Tone.STRONG) for line in rest)
    gutter = 1
    if problem.span is not None:
        gutter = len(str(problem.span.line))
        yield f"{' ' * gutter}{style.paint('-->', Tone.PLACE)} {style.say(str(problem.span))}"
        yield from _excerpt(problem, problem.span, sources.get(problem.span.file, ()), gutter, style)
    notes = list(_notes(problem, style))
    if notes:
        if problem.span is not None:
            yield f"{' ' * gutter} {style.paint(style.say('│'), Tone.PLACE)}"
        name_width = max(cells(name) for name, _ in notes) + 1
        for name, text in notes:
            lead = f"{' ' * gutter} {style.paint('=', Tone.PLACE)} {style.paint(f'{name}:'.ljust(name_width), Tone.STRONG)} "
            for line in fold(style.say(text), style.width - cells(lead)):
                yield lead + line
                lead = " " * cells(lead)


def _notes(problem: Problem, style: Style) -> Iterator[tuple[str, str]]:
    refs = [ref for ref in (problem.hubspot, problem.xero) if ref is not None]
    if refs:
        yield "records", ", ".join(f"{ref.app.brand} {ref.type} {ref.id}" for ref in refs)
    if problem.cause:
        yield "cause", problem.cause
    if problem.remedy:
        yield "help", problem.remedy
    for link in problem.links:
        yield "page", link


# --- the line itself ---------------------------------------------------------------------------------------------------------


def _excerpt(problem: Problem, span: Span, lines: Sequence[str], gutter: int, style: Style) -> Iterator[str]:
    """The span's first line, and carets under the span's part of it."""
    if not 1 <= span.line <= len(lines):
        return
    line = lines[span.line - 1]
    skipped = max(0, span.column - 1 - _FAR)
    drawn = _drawn(line[skipped : span.column + _FAR], style)
    start = min(span.column - 1 - skipped, len(drawn))
    end = len(drawn) if span.end_line > span.line else max(start, min(span.end_column - 1 - skipped, len(drawn)))
    room = max(style.width - gutter - 3, 20)
    first, last = _window(drawn, start, end, room - 2 * cells(style.dots))
    before = style.dots if skipped + first else ""
    shown = before + "".join(drawn[first:last]) + (style.dots if skipped + last < len(line) else "")
    blanks = " " * cells(before + "".join(drawn[first:start]))
    carets = "^" * max(cells("".join(drawn[start : min(end, last)])), 1)
    label = _label(problem, span, style)
    fits = len(blanks) + len(carets) + 1 + cells(label) <= room
    marks = [carets, *filter(None, [label])] if not fits else [f"{carets} {label}".rstrip()]
    bar = f"{' ' * gutter} {style.paint(style.say('│'), Tone.PLACE)}"
    yield bar
    yield f"{style.paint(f'{span.line} ' + style.say('│'), Tone.PLACE)} {shown}"
    yield from (f"{bar} {blanks}{style.paint(mark, Tone.STRONG, _TONES[problem.severity])}" for mark in marks)


def _label(problem: Problem, span: Span, style: Style) -> str:
    if problem.suggestion:
        return style.say(f"did you mean “{problem.suggestion}”?")
    return f"down to line {span.end_line}" if span.end_line > span.line else ""


def _drawn(text: str, style: Style) -> list[str]:
    """What each character of a line looks like: a tab is blanks up to the next stop, an invisible one shows its code."""
    drawn: list[str] = []
    used = 0
    for char in text:
        shown = " " * (_TAB - used % _TAB) if char == "\t" else style.say(char)
        drawn.append(shown)
        used += cells(shown)
    return drawn


def _window(drawn: Sequence[str], start: int, end: int, room: int) -> tuple[int, int]:
    """The part of a long line to show: all of it where it fits, else a stretch around the span."""
    upto = list(accumulate(map(cells, drawn), initial=0))
    if upto[-1] <= room:
        return 0, len(drawn)
    context = max(room - (upto[end] - upto[start]), 0) // 2
    first = bisect_left(upto, min(upto[start] - context, upto[-1] - room))
    first = max(first, 0)
    return first, bisect_right(upto, upto[first] + room) - 1


def _tally(problems: Sequence[Problem], style: Style) -> str:
    """The last line: how many, where, of what kind."""
    files = {problem.span.file for problem in problems if problem.span is not None}
    kinds = Counter(problem.severity for problem in problems)
    where = f" in {style.say(files.pop())}" if len(files) == 1 else f" in {len(files)} files" if files else ""
    mix = ", ".join(count(kinds[each], each.value) for each in Severity if kinds[each])
    tone = Tone.BAD if kinds[Severity.ERROR] else Tone.CARE
    total = style.paint(count(len(problems), "problem") + where, Tone.STRONG, tone)
    return f"{total}: {mix}"
