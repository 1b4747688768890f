"""Carries out the elements of one write, and answers for all of them as `summarizeErrors` asks.

What: `carry_out` saves each element by the given function; an element that raises `Invalid` comes back with the texts of
the rules that it breaks.
Invariants: with `summarizeErrors` absent or true one bad element refuses the whole call, and nothing of it stays (quirk
`partial-400`); with false the answer is 200 and each element tells its own outcome, in the order of the request
(facts/xero.md 2.5).
See also: `contacts`, `items`, `invoices`, `payments` (whose elements), `bodies` (reads them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.envelope import Call, Record, Refusal, Reply
from hxrules.sandbox.xero.world import World

Save = Callable[[Record], Record]
"""Makes or changes the record that an element means, and gives it as the answer shows it; raises `Invalid`."""
Echo = Callable[[Record, Sequence[str]], Record]
"""A refused element as the answer gives it back, with the texts of what is wrong."""

_LAST: Final = ("Warnings", "ValidationErrors")


class Invalid(Exception):
    """An element that breaks rules; `messages` are their texts."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


def carry_out(call: Call, world: World, name: str, sent: Sequence[Record], save: Save, echo: Echo) -> Reply:
    """The answer to a write of the resource `name`; raises `Refusal` with the 400 of a summarised error."""
    answers: list[Record] = []
    bad: list[Record] = []
    tells = call.query.get("summarizeerrors", "").lower() == "false"
    with world.journal.recording():
        for place, each in enumerate(sent):
            try:
                if call.partial and place % 2:
                    raise Invalid(errors.RETRYABLE)
                row = save(each)
                status = "WARNING" if row.get("Warnings") else "OK"
            except Invalid as invalid:
                row, status = echo(each, invalid.messages), "ERROR"
                bad.append(row)
            answers.append(_with_status(row, status) if tells else row)
        if bad and not tells and world.environment.quirks["partial-400"] == "nothing":
            world.journal.take_back()
    if bad and not tells:
        raise Refusal(errors.validation_failed(bad))
    return world.enclosed(name, answers)


def _with_status(row: Record, status: str) -> Record:
    """The element as `summarizeErrors=false` shows it; what is wrong with it comes last, as recorded."""
    told: Record = {key: row[key] for key in _LAST if key in row}
    return {**{key: value for key, value in row.items() if key not in _LAST}, "StatusAttributeString": status, **told}
