"""The right side of a comparison: what is written there → a constant of the field's type, or a `Time`; else what is wrong (HX142, HX143).

Nothing is coerced: a number is no text and text is no number, and the message shows the spelling that would be right. Texts are
folded here, once, because filters compare without case, as both apps' own searches do (facts/hubspot.md 5, facts/xero.md 5.4).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from hxrules.catalogue import Field
from hxrules.language.filter_slips import UNITS, Mistake, clipped, quoted
from hxrules.language.filter_syntax import Comparison, Form, Operand, Test
from hxrules.language.filter_times import Time
from hxrules.problems import near
from hxrules.values import ValueType, canonical

Constant = str | Decimal | bool | date | datetime
Operand_ = Constant | Time

KINDS = {
    ValueType.TEXT: "text",
    ValueType.EMAIL: "an e-mail address",
    ValueType.CHOICE: "a choice",
    ValueType.ID: "an id",
    ValueType.NUMBER: "a number",
    ValueType.MONEY: "an amount of money",
    ValueType.DAY: "a day",
    ValueType.INSTANT: "a date with a time",
    ValueType.BOOL: "true or false",
    ValueType.REFERENCE: "another record",
    ValueType.LINES: "a list of lines",
}
_FORMS = {
    Form.TEXT: "text",
    Form.WORD: "a word",
    Form.NUMBER: "a number",
    Form.DAY: "a date",
    Form.INSTANT: "a date with a time",
    Form.NAMED: "a time",
    Form.END_OF_DAY: "a time",
}
_NULLS = frozenset({"null", "none", "nil", "undefined"})
_YES_NO = {
    "yes": "true",
    "on": "true",
    "no": "false",
    "off": "false",
    "true": "true",
    "false": "false",
    "1": "true",
    "0": "false",
}
_NAMED = ("today", "now", "sync_started")
_LOOSE_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})\Z")
_DURATION = re.compile(r"[0-9]+([a-z]+)\Z", re.IGNORECASE)
_YEARS = range(1900, 2200)
"""A year outside is a slip of the fingers."""


class ValueReader:
    """Reads the values of one filter; what is wrong goes to `report`."""

    def __init__(self, text: str, report: Callable[[Mistake], None]) -> None:
        self.text = text
        self.report = report

    def read(self, comparison: Comparison, field: Field, operand: Operand) -> Operand_ | None:
        """The value, or `None` once something wrong with it is reported."""
        if operand.form is Form.MISTAKEN:
            return None
        # A field may have `none` among its choices; then that is meant.
        if operand.form is Form.WORD and operand.text.lower() in _NULLS.difference(field.choices):
            known = Test.KNOWN if comparison.test is Test.UNEQUAL else Test.UNKNOWN
            self._mismatch(comparison, "Emptiness is asked for by name.", f"{comparison.field.text} {known.value}")
            return None
        if field.kind is ValueType.CHOICE and field.choices:
            return self._choice(comparison, field, operand)
        if field.kind.textual:
            return self._text(comparison, field, operand)
        if field.kind.numeric:
            return self._number(comparison, field, operand)
        if field.kind is ValueType.BOOL:
            return self._bool(comparison, field, operand)
        return self._time(comparison, field, operand)

    def _text(self, comparison: Comparison, field: Field, operand: Operand) -> str | None:
        written = operand.form in (Form.TEXT, Form.WORD) and not (
            operand.form is Form.WORD and operand.text in ("true", "false") and field.kind is not ValueType.CHOICE
        )
        if not written and not (operand.form is Form.NUMBER and field.kind is ValueType.ID):
            self._not_of_kind(comparison, field, operand, quoted(self.text[operand.start : operand.end]))
            return None
        if comparison.test in (Test.CONTAINS, Test.STARTS, Test.ENDS):
            return _folded(
                field.kind, unicodedata.normalize("NFC", operand.text.replace("\r\n", "\n").replace("\r", "\n"))
            )
        whole = canonical(field.kind, operand.text)
        return _folded(field.kind, whole) if isinstance(whole, str) else ""

    def _choice(self, comparison: Comparison, field: Field, operand: Operand) -> str | None:
        if operand.form not in (Form.TEXT, Form.WORD):
            self._not_of_kind(comparison, field, operand, None)
            return None
        found = _spellings(field.choices, tuple(field.wire_choices.items())).get(_loose(operand.text))
        if found is None:
            candidates = near(operand.text, field.choices)
            self.report(
                Mistake(
                    "HX142",
                    operand.start,
                    operand.end,
                    f"`{comparison.field.text}` is never `{clipped(operand.text)}`.",
                    cause=f"In {field.app.brand} its values are {_listing(field.choices)}.",
                    remedy=f"Write one of them{_or_near(candidates)}.",
                    suggestion=candidates[0] if candidates else None,
                )
            )
        return found

    def _number(self, comparison: Comparison, field: Field, operand: Operand) -> Decimal | None:
        if operand.form is Form.NUMBER:
            return Decimal(operand.text)
        plain = re.sub(r"[\s,$€£¥_']", "", operand.text)
        fits = re.fullmatch(r"[-+]?[0-9]+(?:\.[0-9]+)?", plain) and operand.form in (Form.TEXT, Form.WORD)
        self._not_of_kind(comparison, field, operand, plain if fits else None)
        return None

    def _bool(self, comparison: Comparison, field: Field, operand: Operand) -> bool | None:
        if operand.form is Form.WORD and operand.text in ("true", "false"):
            return operand.text == "true"
        plain = operand.form in (Form.TEXT, Form.WORD, Form.NUMBER)
        self._not_of_kind(comparison, field, operand, _YES_NO.get(operand.text.lower()) if plain else None)
        return None

    # --- times ---

    def _time(self, comparison: Comparison, field: Field, operand: Operand) -> Operand_ | None:
        if operand.form in (Form.TEXT, Form.WORD, Form.NUMBER):
            self._no_time(comparison, field, operand)
            return None
        moment = self.time(operand)
        if moment is None:
            return None
        constant = moment.constant
        if constant is not None and moment.is_day == (field.kind is ValueType.DAY):
            return constant
        return moment

    def time(self, operand: Operand) -> Time | None:
        """What a time means that is written as such; `None` once something wrong with it is reported."""
        if operand.form is Form.MISTAKEN:
            return None
        inner: Time | None = None
        at: date | datetime | None = None
        is_day = operand.text == "today"
        base = operand.text
        if operand.form is Form.END_OF_DAY:
            assert operand.inner is not None
            base, inner = "end_of_day", self.time(operand.inner)
            if inner is None:
                return None
        elif operand.form in (Form.DAY, Form.INSTANT):
            base, is_day, at = "literal", operand.form is Form.DAY, _literal(operand)
            if at is None:
                self._no_such_time(operand)
                return None
        if is_day and not operand.whole_days:
            self.report(
                Mistake(
                    "HX143",
                    operand.start,
                    operand.end,
                    "A day moves by days and weeks only.",
                    cause="It has no time that hours, minutes or seconds could be taken from.",
                    remedy="Write whole days, or start from now or sync_started: now - 12h.",
                )
            )
            return None
        return Time(base, is_day, at, inner, operand.shift)

    def _no_such_time(self, operand: Operand) -> None:
        self.report(
            Mistake(
                "HX143",
                operand.start,
                operand.end,
                f"`{clipped(operand.text)}` is not in the calendar.",
                cause=f"Dates are real days from {_YEARS.start} to {_YEARS.stop - 1}, times 00:00 to 23:59:59.",
                remedy="Write year-month-day, 2026-11-30, or with a time, 2026-11-30T09:00Z.",
            )
        )

    def _no_time(self, comparison: Comparison, field: Field, operand: Operand) -> None:
        words = {
            "yesterday": "today - 1d",
            "tomorrow": "today + 1d",
            "start": "sync_started",
            "started": "sync_started",
        }
        right = words.get(operand.text.lower())
        loose = _LOOSE_DAY.match(operand.text.strip())
        duration = _DURATION.match(operand.text)
        if loose:
            right = f"{loose[1]}-{int(loose[2]):02}-{int(loose[3]):02}"
        elif duration and duration[1].lower() in UNITS:
            right = f"today - {operand.text}" if duration[1].lower() in ("d", "w") else f"now - {operand.text}"
        elif right is None and operand.form is not Form.NUMBER:
            named = near(operand.text, _NAMED, 1)
            right = named[0] if named else None
            if right is None and operand.form is Form.TEXT and _is_instant(operand.text):
                right = operand.text
        self._not_of_kind(comparison, field, operand, right)

    # --- mistakes ---

    def _not_of_kind(self, comparison: Comparison, field: Field, operand: Operand, right: str | None) -> None:
        """The value is of another type than the field; `right` is what to write instead, where that can be known."""
        shown = self.text[operand.start : operand.end]
        name = comparison.field.text
        fixed = None
        if right is not None:
            fixed = self.text[comparison.start : operand.start] + right + self.text[operand.end : comparison.end]
        self._mismatch(
            comparison, f"`{name}` is {KINDS[field.kind]}, but {clipped(shown)} is {_FORMS[operand.form]}.", fixed
        )

    def _mismatch(self, comparison: Comparison, summary: str, right: str | None) -> None:
        self.report(
            Mistake(
                "HX143",
                comparison.start,
                comparison.end,
                summary,
                cause="Nothing is converted when values are compared; the right side is always a value, never another field.",
                remedy=f"Write {clipped(right)}." if right else "Compare with a value of the field's own type.",
                suggestion=right,
            )
        )


@lru_cache(maxsize=1024)
def _spellings(choices: tuple[str, ...], own: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Every way to write one of a field's choices, the friendly ones and the app's own → the choice."""
    return {_loose(wire): choice for choice, wire in own} | {_loose(choice): choice for choice in choices}


def _folded(kind: ValueType, text: str) -> str:
    return text.lower() if kind in (ValueType.EMAIL, ValueType.CHOICE) else text.casefold()


def _loose(choice: str) -> str:
    return choice.strip().lower().replace("-", "_").replace(" ", "_")


def _literal(operand: Operand) -> date | datetime | None:
    try:
        if operand.form is Form.DAY:
            day = date.fromisoformat(operand.text)
            return day if day.year in _YEARS else None
        at = datetime.fromisoformat(operand.text.upper().replace(" ", "T"))
    except ValueError:
        return None
    if at.year not in _YEARS:
        return None
    return at if at.tzinfo is None else at.astimezone(UTC)


def _is_instant(text: str) -> bool:
    try:
        return len(text) > 10 and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _listing(words: tuple[str, ...]) -> str:
    return ", ".join(words[:20]) + (", …" if len(words) > 20 else "")


def _or_near(candidates: list[str]) -> str:
    return f"; perhaps {' or '.join(candidates)}" if candidates else ""
