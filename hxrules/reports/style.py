"""What text looks like: colour, width in cells, shortening, folding, and making strange characters harmless.

Text from the apps may hold anything: line ends, terminal escapes, right-to-left overrides. It reaches a report only through
`Style.say` or `Style.value`, which show such characters instead of sending them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from hxrules.reports.lines import counted
from hxrules.values import IdOf, Lines, Value, encode

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_ASCII = {
    "→": "->",
    "←": "<-",
    "⇄": "<->",
    "∅": "(empty)",
    "⏎": "\\n",
    "⇥": "\\t",
    "…": "...",
    "·": "-",
    "–": "-",
    "−": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "×": "x",
    "│": "|",
}
_JOINERS = frozenset("\u200c\u200d")


class Tone(StrEnum):
    """What a piece of text is, as colour (SGR codes that light and dark terminals both can show)."""

    STRONG = "1"
    FAINT = "2"
    BAD = "31"
    GOOD = "32"
    CARE = "33"
    PLACE = "36"


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is drawn. `width` is in cells; with `unicode` off the text is pure ASCII."""

    colour: bool = False
    unicode: bool = True
    width: int = 100

    def paint(self, text: str, *tones: Tone) -> str:
        """`text` in the tones, where colour is on; empty text stays empty."""
        if not self.colour or not text or not tones:
            return text
        return f"\x1b[{';'.join(tones)}m{text}\x1b[0m"

    def say(self, text: str) -> str:
        """Prose or an app's text on one line, every character of it visible and harmless."""
        if text.isascii() and text.isprintable():
            return text
        return "".join(map(self._sayable, text))

    def value(self, value: Value) -> str:
        """A field's value; `∅` is no value. Quoted where it could be taken for something else. Of lines only how many there are."""
        if value is None:
            return self.empty
        if isinstance(value, Lines):
            return counted(value)
        if isinstance(value, IdOf):
            return "(new)"
        if not isinstance(value, str):
            return value_text(value)
        text = self.say(value)
        if self.arrow in text or text in (self.empty, "true", "false") or text.startswith("“"):
            return self.say("“") + text + self.say("”")
        return text

    @property
    def arrow(self) -> str:
        return self.say("→")

    @property
    def empty(self) -> str:
        return self.say("∅")

    @property
    def dots(self) -> str:
        return self.say("…")

    def _sayable(self, char: str) -> str:
        if char.isascii():
            if char.isprintable():
                return char
            named = {"\n": "⏎", "\t": "⇥"}.get(char)
            if named is None:
                return f"\\x{ord(char):02x}"
            char = named
        elif char not in _JOINERS and unicodedata.category(char) in _UNSEEN:
            return _escape(char)
        if self.unicode:
            return char
        return _ASCII.get(char) or _escape(char)

    def shorten(self, text: str, room: int) -> str:
        """`text` in at most `room` cells: the middle is left out, for beginnings and ends tell more."""
        if cells(text) <= room:
            return text
        left = max(room - cells(self.dots), 1)
        head = _first(text, left - left // 2)
        return head + self.dots + _last(text, left - cells(head))

    def change(self, before: Value, after: Value, room: int) -> tuple[str, str]:
        """Two values, each in at most `room` cells; of long ones the stretch that differs is kept."""
        old, new = self.value(before), self.value(after)
        if cells(old) <= room and cells(new) <= room:
            return old, new
        start = _same_start(old, new)
        end = _same_start(old[start:][::-1], new[start:][::-1])
        return self._around(old, start, end, room), self._around(new, start, end, room)

    def _around(self, text: str, start: int, end: int, room: int) -> str:
        if cells(text) <= room:
            return text
        spare = max(room - cells(text[start : len(text) - end]) - 2 * cells(self.dots), 0)
        lead, trail = text[:start], text[len(text) - end :] if end else ""
        middle = text[start : len(text) - end]
        tail = _first(trail, max(spare // 2, spare - cells(lead)))
        head = _last(lead, spare - cells(tail))
        head = head if head == lead else self.dots + head
        tail = tail if tail == trail else tail + self.dots
        return self.shorten(head + middle + tail, room)


_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zs", "Zl", "Zp"})


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def value_text(value: Decimal | bool | date | datetime) -> str:
    """A value that is no text, as rulesets write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(encode(value))


def cells(text: str) -> int:
    """How many columns of a terminal the text takes: East Asian wide characters two, combining ones none, colours none."""
    if "\x1b" in text:
        text = _SGR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def pad(text: str, width: int, right: bool = False) -> str:
    """`text` filled up with blanks to `width` cells; longer text stays as it is."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def fold(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at blanks; a longer word has a line of its own, for it may be a URL or an id."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: int = 2) -> list[str]:
    """Aligned columns, without trailing blanks. `right` names the columns (from 0) that are set flush right."""
    flush = set(right)
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return [
        (" " * gap)
        .join(
            pad(cell, width, right=place in flush) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 record`, `1,234 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def when(instant: datetime) -> str:
    """An instant (UTC) to the minute."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `3 d 1 h`: the two largest units."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    parts = (whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def size(number: int) -> str:
    """Bytes in steps of 1,000: `812 B`, `48.1 kB`, `910 kB`, `1.2 MB`."""
    for unit, step in (("MB", 1_000_000), ("kB", 1_000)):
        if number >= step:
            return f"{number / step:.{0 if number >= 100 * step else 1}f} {unit}"
    return f"{number} B"


def listing(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def page(lines: Iterable[str]) -> str:
    """Lines as one text: no trailing blanks, never two empty lines in a row, none at either end."""
    return "\n".join(_single_gaps(line.rstrip() for line in lines)).strip("\n")


def _single_gaps(lines: Iterable[str]) -> Iterator[str]:
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line


def _first(text: str, room: int) -> str:
    used = 0
    for place, char in enumerate(text):
        used += _cells_of(char)
        if used > room:
            return text[:place]
    return text


def _last(text: str, room: int) -> str:
    used = 0
    for place in range(len(text) - 1, -1, -1):
        used += _cells_of(text[place])
        if used > room:
            place += 1
            while place < len(text) and not _cells_of(text[place]):
                place += 1
            return text[place:]
    return text


def _same_start(left: str, right: str) -> int:
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return place
    return min(len(left), len(right))
