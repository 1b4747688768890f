"""The building blocks of text reports: headings, a record with its ids, old → new with the place of the rule, long lists cut short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hxrules.problems import Span
from hxrules.records import App
from hxrules.reports.lines import LineChange, line_changes, line_text
from hxrules.reports.style import Style, Tone, cells, fold, pad
from hxrules.values import Value

SHOWN = 20
"""How many of a long list are shown."""

_LABEL = 32
_NARROW = 100
"""Below this width a rule's place is shown without its folder."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One report while it is written."""

    style: Style
    shown: int | None = SHOWN
    """How many of a list are shown; `None` shows all."""
    how: str = ""
    """The command that shows all."""

    def heading(self, title: str, number: int | None, note: str, *tones: Tone) -> Iterator[str]:
        """What a section is, how much there is of it, and what that means."""
        head = title if number is None else f"{title} ({number:,})"
        first, *rest = fold(self.style.say(f"{head}: {note}" if note else head), self.style.width)
        yield self.style.paint(first[: len(head)], Tone.STRONG, *tones) + first[len(head) :]
        yield from (f"  {line}" for line in rest)

    def said(self, text: str, indent: int, *tones: Tone, lead: str = "") -> Iterator[str]:
        """Prose, folded; `lead` opens its first line."""
        for line in fold(self.style.say(text), self.style.width - indent - cells(lead)):
            yield f"{' ' * indent}{self.style.paint(lead + line, *tones)}"
            lead = " " * cells(lead)

    def told(self, text: str, indent: int, *tones: Tone, lead: str = "") -> Iterator[str]:
        """Prose of one line or several: each keeps its own beginning, and its columns where it fits."""
        for line in text.split("\n") if text else ():
            said = self.style.say(line.rstrip())
            if indent + cells(lead) + cells(said) <= self.style.width:
                yield f"{' ' * indent}{self.style.paint(lead + said, *tones)}".rstrip()
            else:
                bullet = "- " if line.startswith("- ") else ""
                yield from self.said(line.removeprefix(bullet), indent, *tones, lead=lead + bullet)
            lead = " " * cells(lead)

    def beside(self, left: str, right: str, indent: int) -> Iterator[str]:
        """`right` beside `left`, or below it where the line has no room for both."""
        if not right or indent + cells(left) + 2 + cells(right) <= self.style.width:
            yield f"{' ' * indent}{left}  {right}".rstrip()
        else:
            yield f"{' ' * indent}{left}".rstrip()
            yield f"{' ' * (indent + 4)}{right}"

    def facts(self, facts: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Names and what they stand for, one below the other."""
        for name, text in facts:
            lead = f"  {self.style.paint(pad(name, 8), Tone.FAINT)}  "
            for line in fold(self.style.say(text), self.style.width - 12):
                yield lead + line
                lead = " " * 12

    def name(self, label: str) -> str:
        """A record's name, not too long."""
        return self.style.shorten(self.style.say(label), _LABEL) or "(no name)"

    def ids(self, hubspot: str | None, xero: str | None, note: str = "") -> str:
        """Both ids of a pair, whole, for they are what one looks up; a side that isn't there is left out."""
        sides = [f"{app.brand} {each}" for app, each in ((App.HUBSPOT, hubspot), (App.XERO, xero)) if each]
        ids = self.style.paint(", ".join(sides), Tone.FAINT)
        return f"{ids}  {self.style.say(note)}" if note else ids

    def place(self, span: Span | None) -> str:
        """File and line of a rule; without its folder where the line is short."""
        return "" if span is None else self.style.paint(self.style.say(self.place_text(span)), Tone.PLACE)

    def place_text(self, span: Span) -> str:
        """The same, as plain words."""
        file = span.file.rpartition("/")[2] if self.style.width < _NARROW else span.file
        return f"{file}:{span.line}"

    def change(self, lead: str, before: Value, after: Value, place: str, column: int, room: int) -> Iterator[str]:
        """Old → new and, behind `column` cells, the place of the rule. Two lines where `room` cells don't hold both values."""
        style = self.style
        arrow = f"{style.arrow} "
        old, new = style.value(before), style.value(after)
        if cells(old) + 1 + cells(arrow) + cells(new) <= room:
            yield f"{lead}{pad(f'{old} {arrow}{new}', column)}  {place}".rstrip()
        else:
            old, new = style.change(before, after, room - cells(arrow))
            yield f"{lead}{' ' * cells(arrow)}{pad(old, column - cells(arrow))}  {place}".rstrip()
            yield f"{' ' * cells(lead)}{arrow}{new}"

    def lines(self, before: Value, after: Value, indent: int, most: int = SHOWN) -> Iterator[str]:
        """For values that are an invoice's lines: a row for each line that is added, removed or changed; for others nothing."""
        changes = line_changes(before, after)
        for each in self.some(changes, most):
            yield from self._line(each, indent)
        yield from self.rest(changes, indent, most)

    def _line(self, change: LineChange, indent: int) -> Iterator[str]:
        style = self.style
        old, new = (line_text(line, style) if line else "" for line in (change.before, change.after))
        if change.before is None or change.after is None:
            sign, tone = ("+", Tone.GOOD) if change.before is None else ("-", Tone.BAD)
            yield from self.said(old or new, indent, lead=f"{style.paint(sign, Tone.STRONG, tone)} ")
            return
        sign = style.paint("~", Tone.STRONG, Tone.CARE)
        if indent + cells(f"~ {old} {style.arrow} {new}") <= style.width:
            yield f"{' ' * indent}{sign} {old} {style.arrow} {new}"
        else:
            yield from self.said(old, indent, lead=f"{pad(sign, cells(style.arrow))} ")
            yield from self.said(new, indent, lead=f"{style.arrow} ")

    def some(self, items: Sequence[T], most: int = SHOWN) -> Sequence[T]:
        """The first ones of a list, `most` at most."""
        return items if self.shown is None else items[: min(most, self.shown)]

    def rest(self, items: Sequence[object], indent: int = 2, most: int = SHOWN) -> Iterator[str]:
        """How many more there are, and how to see them."""
        hidden = len(items) - len(self.some(items, most))
        if hidden:
            how = f" ({self.how})" if self.how else ""
            yield f"{' ' * indent}{self.style.paint(self.style.say(f'… and {hidden:,} more{how}'), Tone.FAINT)}"
