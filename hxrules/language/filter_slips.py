"""What goes wrong when a filter is typed, and what to write instead: the words for every syntax mistake (HX140).

A slip is a habit from somewhere else that is understood; `break_off` explains a text that is not. No message shows a name of the
grammar: what may follow is said in `WORDS`. See also: `filter_syntax` (who finds the mistakes).
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from hxrules.problems import Severity, near


class Mistake(NamedTuple):
    """A problem of a filter, placed by offsets into its text."""

    code: str
    start: int
    end: int
    summary: str
    cause: str = ""
    remedy: str = ""
    suggestion: str | None = None
    severity: Severity = Severity.ERROR


QUANTIFIERS = {"some": "any", "every": "all", "each": "all", "none": "no"}

_EMPTY = ("null", "empty", "none", "nothing", "missing", "blank", "unset")
OPERATORS = {
    **dict.fromkeys(("==", "===", "is", "equals", "equal to", "is equal to", "is equals"), "="),
    **dict.fromkeys(("<>", "!==", "=!", "≠", "is not", "is not equal to", "is not equals"), "!="),
    **dict.fromkeys(("=<", "≤", "is not after", "is not more than", "is not greater than"), "<="),
    **dict.fromkeys(("=>", "≥", "is not before", "is not less than"), ">="),
    **dict.fromkeys(("after", "is after", "more than", "is more than", "greater than", "is greater than"), ">"),
    **dict.fromkeys(("before", "is before", "less than", "is less than"), "<"),
    **dict.fromkeys(("is in", "is any of", "is one of"), "in"),
    **dict.fromkeys(("is not in", "is none of"), "not in"),
    "is between": "between",
    **dict.fromkeys(("includes", "like"), "contains"),
    **dict.fromkeys(("startswith", "starts_with", "begins with", "beginswith", "begins_with"), "starts with"),
    **dict.fromkeys(("endswith", "ends_with"), "ends with"),
    **{f"is {word}": "is unknown" for word in (*_EMPTY, "not known", "not set")},
    **{f"is not {word}": "is known" for word in (*_EMPTY, "unknown")},
    **dict.fromkeys(("is set", "has a value", "has any value", "exists"), "is known"),
    "has no value": "is unknown",
}
"""How a comparison is written elsewhere → how it is written here."""

UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}

_VALUE = "a value"
_COMPARISON = (
    "a comparison (=, !=, <, <=, >, >=, in, not in, contains, starts with, ends with, between, is known, is unknown)"
)
_CONDITION = "a condition such as status = open"
WORDS = {
    "FIELD": _CONDITION,
    "NOT": _CONDITION,
    "LPAR": "(",
    "QUANTIFIER": _CONDITION,
    "COUNT": _CONDITION,
    "AND": "and",
    "OR": "or",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": "a comma",
    "COMPARE": _COMPARISON,
    "SEARCH": _COMPARISON,
    "MEMBER": _COMPARISON,
    "BETWEEN": _COMPARISON,
    "KNOWN": _COMPARISON,
    "TEXT": _VALUE,
    "CURLY_TEXT": _VALUE,
    "EMAIL": _VALUE,
    "WORD": _VALUE,
    "NUMBER": "a number",
    "NAMED_TIME": "a time (today, now, sync_started, a date)",
    "DAY": "a time (today, now, sync_started, a date)",
    "OTHER_DAY": "a time (today, now, sync_started, a date)",
    "INSTANT": "a time (today, now, sync_started, a date)",
    "END_OF_DAY": "a time (today, now, sync_started, a date)",
    "SHIFT": "+ or - and a duration such as 30d",
    "$END": "the end of the filter",
}
"""Terminal of the grammar → the words by which people know it."""


# --- slips that are understood ---------------------------------------------------------------------------------------------


def write(written: str, right: str, start: int, end: int) -> Mistake:
    shown = clipped(" ".join(written.split()))
    return Mistake(
        "HX140",
        start,
        end,
        f"`{shown}` is written `{right}` in a filter.",
        remedy=f"Write `{right}`.",
        suggestion=right,
    )


def quote(written: str, content: str, start: int, end: int) -> Mistake:
    if "@" in content and written == content:
        summary = "An e-mail address needs quotation marks."
    else:
        summary = "Text is quoted with straight quotation marks."
    right = quoted(content)
    return Mistake("HX140", start, end, summary, remedy=f"Write {clipped(right)}.", suggestion=right)


def quoted(content: str) -> str:
    """The text as a filter writes it: in quotation marks, those inside doubled."""
    return '"' + content.replace('"', '""') + '"'


def clipped(text: str) -> str:
    """A text as a message can hold it."""
    return text if len(text) <= 60 else text[:59] + "…"


def round_list(start: int, end: int) -> Mistake:
    remedy = "Write in [a, b]."
    return Mistake("HX140", start, end, "A list stands in square brackets.", remedy=remedy)


def no_comparison(written: str, start: int, end: int) -> Mistake:
    return Mistake(
        "HX140", start, end, f"`{clipped(written)}` is no comparison.", remedy=f"A filter knows {_COMPARISON[14:-1]}."
    )


def other_day(written: str, start: int, end: int) -> Mistake:
    parts = re.split(r"[./]", written)
    right = f"{parts[0]}-{int(parts[1]):02}-{int(parts[2]):02}" if len(parts[0]) == 4 else None
    return Mistake(
        "HX140",
        start,
        end,
        f"`{written}` is not how a filter writes a date.",
        cause="Day and month are read in different orders in different countries.",
        remedy="Write year-month-day: 2026-11-30.",
        suggestion=right,
    )


def no_unit(written: str, start: int, end: int) -> Mistake:
    return Mistake(
        "HX140",
        start,
        end,
        f"`{written}` is no duration.",
        cause="Months and years differ in length.",
        remedy="Write days, weeks, hours, minutes or seconds: 90d, 12w, 12h, 30m, 45s.",
    )


def too_far(written: str, start: int, end: int) -> Mistake:
    return Mistake(
        "HX140", start, end, f"`{written}` reaches farther than 100 years.", remedy="Write a shorter duration."
    )


def too_long(length: int, limit: int) -> Mistake:
    return Mistake(
        "HX140",
        0,
        min(length, limit),
        f"The filter has {length:,} characters; at most {limit:,} are read.",
        remedy="Keep a long list as a property of the records and ask for that property.",
    )


def too_deep(start: int, end: int, limit: int) -> Mistake:
    return Mistake(
        "HX140",
        start,
        end,
        f"Brackets and `not`s are nested more than {limit} deep.",
        remedy="Leave out brackets that aren't needed, or split the condition.",
    )


# --- texts that break off --------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\w+(?:[.-]\w+)*|[=<>!]+|\S")
_LAST = re.compile(r"[^\s()\[\],=<>!\"]+\s*\Z")
_TESTING = re.compile(r"\s*(?:[=<>!]|(?:not|in|is|contains|starts|ends|between)\b)", re.IGNORECASE)
_BEFORE_VALUE = re.compile(r"(?:[=<>!\[,]|\b(?:contains|with|between|and|in))\s*\Z", re.IGNORECASE)
_CALCULATION = re.compile(r"[\w.-]+\s*[-+*/]\s*[\w.]+")
_RUN = re.compile(r"(?:(?!\s(?:and|or)\s)[^()\[\],\"])*", re.IGNORECASE)
_LIST_RUN = re.compile(r"[^()\[\],\"]*")


def break_off(text: str, at: int, accepted: frozenset[str]) -> Mistake:
    """Why `text` can't be read beyond the offset `at`, where the grammar would take one of the terminals `accepted`."""
    if not text.strip():
        return Mistake(
            "HX140", 0, len(text), "The filter is empty.", remedy="Leave it out, and every record is included."
        )
    found = _TOKEN.match(text, at)
    word = found.group()[:60] if found else ""
    end = at + len(word)
    if word and not word.isprintable():
        shown = unicodedata.name(word, f"U+{ord(word):04X}").lower()
        return _wrong(at, end, f"An invisible character ({shown}) can't stand here.", "Leave it out.")
    for explain in (_quotation, _bracket, _condition, _association, _comparison, _list, _number, _value, _rest):
        mistake = explain(text, at, end, word, accepted)
        if mistake is not None:
            return mistake
    summary = f"`{word}` can't stand here." if word else "The filter stops too early."
    return Mistake("HX140", at, end, summary, remedy=f"Here goes {_phrases(accepted)}.")


def _phrases(accepted: frozenset[str]) -> str:
    phrases = list(dict.fromkeys(words for terminal, words in WORDS.items() if terminal in accepted))
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def _wrong(at: int, end: int, summary: str, remedy: str, suggestion: str | None = None) -> Mistake:
    return Mistake("HX140", at, end, summary, remedy=remedy, suggestion=suggestion)


def _quotation(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """A quotation mark that nothing closes."""
    if word and word in "\"'“”„‘’‚«" and "TEXT" in accepted:
        remedy = 'Close it with the same mark; a quotation mark inside is doubled: "12"" rack".'
        return _wrong(at, len(text), "This quotation mark is never closed.", remedy)
    return None


def _bracket(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """Too many or too few brackets."""
    if accepted & {"FIELD", "TEXT", "COMPARE", "NUMBER", "NAMED_TIME"}:
        return None
    if not word and "RPAR" in accepted:
        return _wrong(at, at, "A closing bracket is missing.", "Write `)` at the end.", ")")
    if word == ")" and "RPAR" not in accepted and "RSQB" not in accepted:
        return _wrong(at, end, "No bracket is open here.", "Leave out this `)`.")
    return None


def _condition(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """Something else where a condition begins."""
    if "FIELD" not in accepted:
        return None
    if word.lower() in ("and", "or") or not word or word == ")":
        return _wrong(at, end, "A condition is missing here.", f"Write {_CONDITION}, or leave out the word before.")
    if word[0].isdigit() or word in "\"'-+":
        return _wrong(at, end, "The field stands on the left.", "Write total > 100, not 100 < total.")
    return None


def _association(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """`any invoice` without brackets, `invoice (…)` without `any`, `count (…)` without a number."""
    if "COMPARE" not in accepted:
        if "NUMBER" in accepted and "TEXT" not in accepted:
            return _wrong(at, end, "A count is compared with a whole number.", "Write count invoice (…) >= 3.")
        return None
    before = text[:at].rstrip()
    if before.endswith(")"):
        return _wrong(at, end, "A count needs a comparison with a number.", "Write count invoice (…) >= 3.", ">= 1")
    last = _last(before).lower()
    if word == "(" and last not in ("any", "all", "no", "count"):
        start = len(before) - len(last)
        remedy = f"Write any {last} (…), all {last} (…), no {last} (…) or count {last} (…) >= 1."
        return _wrong(start, len(before), f"How many of `{last}`?", remedy, f"any {last}")
    if last in ("any", "all", "no", "count", "some", "every") and (word == "(" or word[:1].isalpha()):
        start = len(before) - len(last)
        remedy = f"Write {last} invoice (status = open)."
        return _wrong(start, end, f"`{last}` needs an association and a condition in brackets.", remedy)
    return None


def _comparison(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """A field without a comparison, or with an unknown one."""
    if "COMPARE" not in accepted or "FIELD" in accepted:
        return None
    before = text[:at].rstrip()
    field = _last(before)
    if not word or word == ")" or word.lower() in ("and", "or"):
        remedy = f"Write {field} is known, {field} = true or another comparison."
        return _wrong(len(before) - len(field), len(before), f"`{field}` is compared with nothing.", remedy)
    if word == ":":
        return write(":", "=", at, end)
    if re.match(r"(?:does\s+)?not\s+contains?\b", text[at:], re.IGNORECASE):
        remedy = f"Write not {field} contains …, with the `not` in front."
        return _wrong(at, end, "`not` stands in front of the field.", remedy)
    names = near(word, ("contains", "between", "in", "is known", "is unknown", "starts with", "ends with"), 1)
    return _wrong(at, end, f"`{word}` is no comparison.", f"Here goes {_COMPARISON}.", names[0] if names else None)


def _list(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """`in` without a list."""
    if "LSQB" in accepted:
        single = f"[{word}]" if word[:1].isalnum() else None
        return _wrong(at, end, "`in` needs a list in square brackets.", "Write in [a, b].", single)
    if word == "[" and "TEXT" in accepted:
        return _wrong(at, end, "A list is compared with `in`.", "Write in [a, b] or not in [a, b].")
    return None


def _number(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """Numbers and durations that are written for people."""
    if word in ("$", "€", "£", "¥") and "NUMBER" in accepted:
        return _wrong(
            at, end, "Money is written as a plain number.", "Write total > 100; the currency is a field of its own."
        )
    if word == "," and "COMMA" not in accepted and re.match(r",[0-9]{3}", text[at:]) and text[at - 1].isdigit():
        return _wrong(at, end, "A number has no commas.", "Write 1000 or 1000.50.")
    if word in ("-", "+") and "SHIFT" in accepted:
        return _wrong(at, end, "A duration is a number and a unit.", "Write 30d, 12h, 30m, 45s or 2w.")
    return None


def _value(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """Nothing, or what can't be a value, on the right side."""
    if "TEXT" not in accepted and "NAMED_TIME" in accepted and "FIELD" not in accepted:
        remedy = "Write end_of_day(today), end_of_day(sync_started) or end_of_day(2026-11-30)."
        return _wrong(at, end, "`end_of_day` is of a time.", remedy)
    if "TEXT" not in accepted:
        return None
    if not word or word in (")", "]", ",") or word.lower() in ("and", "or"):
        return _wrong(
            at,
            end,
            "A value is missing here.",
            'Write a word, a number, a date, or text in quotation marks ("and" too).',
        )
    run = _RUN.match(text, at)
    content = run.group().strip() if run else ""
    if content and word != "(":
        return _needs_quotes(text, at, at + len(content))
    return _no_plain_value(at, end)


def _rest(text: str, at: int, end: int, word: str, accepted: frozenset[str]) -> Mistake | None:
    """Something behind a value that should have been quoted, or a condition without `and` in front."""
    if not ({"AND", "COMMA"} & accepted) or not word or word in ")]":
        return None
    last = _last(text[:at])
    start = len(text[:at].rstrip()) - len(last)
    if word == "(":
        return _wrong(start, end, f"`{last}` takes nothing in brackets.", "Only end_of_day(…) does.")
    if last and _BEFORE_VALUE.search(text[:start]) and not _TESTING.match(text, end):
        run = (_RUN if "AND" in accepted else _LIST_RUN).match(text, start)
        content = run.group().rstrip() if run else ""
        if len(content) > len(last):
            return _needs_quotes(text, start, start + len(content))
    if "AND" in accepted and (word[0].isalpha() or word == "("):
        return _wrong(at, end, "`and` or `or` is missing here.", "Join two conditions by `and` or by `or`.")
    if "COMMA" in accepted:
        return _wrong(at, end, "A comma or `]` is missing here.", "Write in [a, b].")
    return None


def _no_plain_value(start: int, end: int) -> Mistake:
    return _wrong(
        start, end, "The right side is one plain value.", "A filter doesn't calculate, except times: today - 30d."
    )


def _needs_quotes(text: str, start: int, end: int) -> Mistake:
    if _CALCULATION.fullmatch(text, start, end):
        return _no_plain_value(start, end)
    right = quoted(text[start:end])
    summary = "Text of more than a plain word needs quotation marks."
    return _wrong(start, end, summary, f"Write {clipped(right)}.", right)


def _last(text: str) -> str:
    """The last word of a text."""
    match = _LAST.search(text)
    return match.group().rstrip() if match else ""
