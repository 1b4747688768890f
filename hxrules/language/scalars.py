"""Offset inside a YAML scalar's text → offset in the file, for all five styles.

YAML folds lines, drops indentation and resolves escapes, so the text of a scalar is not a slice of the file. `spread` reads the
scalar again as YAML 1.1 says (and libyaml does), and notes for each character of the text where it came from. It is only called
for scalars that libyaml has accepted; their text equals `Spread.text` (held by a property test over all styles).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"
_BREAKS = re.compile(_BREAK)
_WHITE = re.compile("[ \t\r\n\x85\u2028\u2029]+")
_RUN = {
    "": re.compile("[^ \t\r\n\x85\u2028\u2029]+"),
    "'": re.compile("[^' \t\r\n\x85\u2028\u2029]+"),
    '"': re.compile('[^"\\\\ \t\r\n\x85\u2028\u2029]+'),
}
_ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))", re.DOTALL)
_ESCAPED_BREAK = re.compile(f"\\\\(?:{_BREAK})")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
    '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_SPACES = re.compile(" *")
_HEADER = re.compile(r"[|>](?P<signs>[-+0-9]*)[^\r\n\x85\u2028\u2029]*")


@dataclass(slots=True)
class Spread:
    """The text of a scalar, each character with the stretch of the file (`starts`, `ends`) that it came from."""

    begin: int
    """Where the first character would stand, for a scalar without any."""
    characters: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.characters)

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the file behind `text[start:end]`; an empty one points before the character at `start`."""
        if start < end:
            return self.starts[start], self.ends[end - 1]
        if start < len(self.starts):
            return self.starts[start], self.starts[start]
        last = self.ends[-1] if self.ends else self.begin
        return last, last

    def put(self, character: str, start: int, end: int) -> None:
        self.characters.append(character)
        self.starts.append(start)
        self.ends.append(end)

    def copy(self, raw: str, start: int, end: int) -> None:
        """Characters that stand in the file as they are."""
        self.characters.extend(raw[start:end])
        self.starts.extend(range(start, end))
        self.ends.extend(range(start + 1, end + 1))


def spread(raw: str, start: int, end: int, style: str, text: str) -> Spread:
    """Spreads the scalar `text` that stands in `raw` from offset `start` to before `end`, quotes or `|` included."""
    if style in ("|", ">"):
        return _block(raw, start, style == ">", text)
    quoted = len(style)
    return _flow(raw, start + quoted, end - quoted, style)


def _flow(raw: str, at: int, end: int, style: str) -> Spread:
    """Plain and quoted scalars."""
    out = Spread(at)
    run = _RUN[style]
    while at < end:
        if match := run.match(raw, at, end):
            out.copy(raw, at, match.end())
        elif match := _WHITE.match(raw, at, end):
            breaks = list(_BREAKS.finditer(raw, at, match.end()))
            if breaks:
                _fold(out, breaks, match.end())
            else:
                out.copy(raw, at, match.end())
        elif style == "'":
            out.put("'", at, at + 2)
            at += 2
            continue
        elif match := _ESCAPED_BREAK.match(raw, at, end):
            white = _WHITE.match(raw, match.end(), end)
            for each in _BREAKS.finditer(raw, match.end(), white.end()) if white else ():
                out.put(_normal(each.group()), each.start(), each.end())
            match = white or match
        else:
            match = _ESCAPE.match(raw, at, end)
            if match is None:
                raise ValueError(f"no YAML escape at offset {at}")
            code = match[1] or match[2] or match[3]
            out.put(chr(int(code, 16)) if code else _ESCAPES[match[4]], at, match.end())
        at = match.end()
    return out


def _fold(out: Spread, breaks: list[re.Match[str]], next_start: int) -> None:
    """One line end becomes a blank, more become one fewer; blanks around them are gone."""
    first = breaks[0]
    if _normal(first.group()) != "\n":
        out.put(first.group(), first.start(), first.end())
    elif len(breaks) == 1:
        out.put(" ", first.start(), next_start)
    for each in breaks[1:]:
        out.put(_normal(each.group()), each.start(), each.end())


def _normal(line_end: str) -> str:
    return line_end if line_end in "\u2028\u2029" else "\n"


def _block(raw: str, start: int, folded: bool, text: str) -> Spread:
    """`|` and `>`: each line less the indentation; `>` joins lines, except around empty and further indented ones."""
    header = _HEADER.match(raw, start)
    if header is None:
        raise ValueError(f"no block scalar at offset {start}")
    line_end = _BREAKS.match(raw, header.end())
    at = line_end.end() if line_end else len(raw)
    indent = _indentation(raw, at, text)
    empty, at = _empty_lines(raw, at, indent)
    out = Spread(at)
    pending: re.Match[str] | None = None  # how the last line with content ended: what follows says what becomes of it
    was_indented = False
    while at + indent < len(raw) and raw.startswith(" " * indent, at):
        at += indent
        indented = raw[at] in " \t"
        if pending and folded and _normal(pending.group()) == "\n" and not was_indented and not indented:
            if not empty:
                out.put(" ", pending.start(), at)
        elif pending:
            out.put(_normal(pending.group()), pending.start(), pending.end())
        for each in empty:
            out.put(_normal(each.group()), each.start(), each.end())
        was_indented = indented
        pending = _BREAKS.search(raw, at)
        out.copy(raw, at, pending.start() if pending else len(raw))
        empty, at = _empty_lines(raw, pending.end(), indent) if pending else ([], len(raw))
    if pending and "-" not in header["signs"]:
        out.put(_normal(pending.group()), pending.start(), pending.end())
    if "+" in header["signs"]:
        for each in empty:
            out.put(_normal(each.group()), each.start(), each.end())
    return out


def _indentation(raw: str, at: int, text: str) -> int:
    """What the first line with content lost on its way into `text`, whether the header names it or that line set it."""
    content = text.lstrip("\n\u2028\u2029")
    for _ in range(len(text) - len(content)):
        line_end = _BREAKS.search(raw, at)
        at = line_end.end() if line_end else len(raw)
    if not content:
        return len(raw)
    return _blanks(raw, at) - _blanks(content, 0)


def _blanks(text: str, at: int) -> int:
    return len(_SPACES.match(text, at)[0])  # type: ignore[index]


def _empty_lines(raw: str, at: int, indent: int) -> tuple[list[re.Match[str]], int]:
    """The ends of the lines from `at` that have nothing but (at most `indent`) blanks, and the start of the line after them."""
    found: list[re.Match[str]] = []
    while line_end := _BREAKS.match(raw, at + min(_blanks(raw, at), indent)):
        found.append(line_end)
        at = line_end.end()
    return found, at
