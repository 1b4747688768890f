"""Filter text → tokens, by what the grammar can take at each place.

It does what Lark's contextual lexer does, in a quarter of the time, because a filter has no need of lines, columns and callbacks:
blanks are skipped within the same regular expression, and a token knows its offsets only. A ruleset with a thousand filters is
still checked while one waits. See also: `filter_syntax` (the parser).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark.common import LexerConf
from lark.exceptions import UnexpectedCharacters
from lark.lexer import Lexer


class Token(str):
    """A word of the text, with its place. Lark reads `type`; lines and columns it only copies."""

    __slots__ = ("end_pos", "start_pos", "type")
    type: str
    start_pos: int
    end_pos: int
    line = column = end_line = end_column = None


class Scanner(Lexer):
    """The lexer that Lark is given."""

    __future_interface__ = 2

    def __init__(self, conf: LexerConf) -> None:
        ordered = sorted(
            conf.terminals, key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value))
        )
        self.patterns = {each.name: each.pattern.to_regexp() for each in ordered if each.name not in conf.ignore}
        self.blank = "|".join([each.pattern.to_regexp() for each in ordered if each.name in conf.ignore])
        self.matchers: dict[frozenset[str], Any] = {}
        self.by_state: dict[int, Any] = {}

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """The tokens, each found when the parser asks for it. Raises `UnexpectedCharacters` where nothing fits."""
        text: str = lexer_state.text.text
        states, stack, by_state = parser_state.parse_conf.states, parser_state.state_stack, self.by_state
        at, end = 0, len(text.rstrip())
        while at < end:
            state = stack[-1]
            match = (by_state.get(state) or self._matcher(state, states[state]))(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise UnexpectedCharacters(text, at, 1, at + 1)  # type: ignore[no-untyped-call]
            kind = match.lastgroup
            token = str.__new__(Token, match[kind])
            token.type = kind
            token.start_pos, at = match.span(kind)
            token.end_pos = at
            yield token

    def _matcher(self, state: int, actions: dict[str, Any]) -> Any:
        """Matches one of the terminals that the parser can take in a state; equal sets share one expression."""
        accepted = frozenset(name for name in self.patterns if name in actions)
        if accepted not in self.matchers:
            groups = [f"(?P<{name}>{pattern})" for name, pattern in self.patterns.items() if name in accepted]
            self.matchers[accepted] = re.compile(f"(?:{self.blank})*+(?:{'|'.join(groups) or '(?!)'})").match
        self.by_state[state] = self.matchers[accepted]
        return self.by_state[state]
