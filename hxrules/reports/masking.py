"""Personal data out of reports: a plan, a run or a problem with its values replaced, so that renderers need not know.

`full` shows everything. `masked` keeps the shape: of every word of a text the first character stays (`Jane Doe` → `J… D…`,
`jane@acme.com` → `j…@a….com`). Numbers, money, days, instants and booleans stay: without them nobody could judge an invoice. Ids are
never masked: they name the record, not the person. In contacts and companies every text counts as personal; elsewhere codes and
choices of one word (`INV-0042`, `AUD`, `open`) stay, and so does what a payment without reference is called (`payment 50 of
2026-11-21`). In the lines of an invoice it is the same. `none` hides every value and name; an empty value still shows as empty.

What rules say (reasons, filter leaves, places) holds no record's data and stays. Sentences of problems have their quotations, names
and e-mail addresses masked. A masked plan keeps the id of the original, and can't be applied: its content no longer has that digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from hxrules.planning.plan import Change, Drift, Effect, FieldChange, Plan
from hxrules.problems import Problem
from hxrules.records import BaseValue
from hxrules.reports.view import name_and_summary
from hxrules.running.run import Run
from hxrules.values import IdOf, Line, Lines, Scalar, Value


class Values(StrEnum):
    """How much of the records' values a report shows (`--values`)."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


HIDDEN = "…"

_PERSONAL = frozenset({"contacts", "companies"})
_WORDS = 3
"""Of longer texts no more words leave a trace."""
_CODE = re.compile(r"[a-z_]+|[A-Z]{3}|(?=.*\d)[\w./#-]+|payment [\d.-]+ of [\d-]+")
_EMAIL = re.compile(r"([^\s@“”\"'<>(),;:]+)@([^\s@“”\"'<>(),;:]+)")
_QUOTED = re.compile(r"“[^”]*”|(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|\"(?:[^\"\\]|\\.)*\"")


def mask_text(text: str, values: Values, kind: str) -> str:
    """A text value of a record of sync or type `kind`."""
    if values is Values.FULL or not text:
        return text
    if values is Values.NONE:
        return HIDDEN
    if kind not in _PERSONAL and _CODE.fullmatch(text):
        return text
    words = text.split()
    return " ".join([*map(_mask_word, words[:_WORDS]), *([HIDDEN] if len(words) > _WORDS else [])])


def _mask_word(word: str) -> str:
    address = _EMAIL.fullmatch(word)
    if address is None:
        return word[0] + HIDDEN if len(word) > 1 else HIDDEN
    name, domain = address.groups()
    host, dot, top = domain.rpartition(".")
    return f"{name[0]}{HIDDEN}@{(host or top)[0]}{HIDDEN}{dot}{top if host else ''}"


def mask_value(value: Value, values: Values, kind: str) -> Value:
    """Any value of a record of sync or type `kind`."""
    if values is Values.FULL or value is None:
        return value
    if isinstance(value, str):
        return mask_text(value, values, kind)
    if isinstance(value, IdOf):
        return value
    if values is Values.NONE:
        return HIDDEN
    return Lines(tuple(_line(each, values, kind) for each in value.items)) if isinstance(value, Lines) else value


def _line(line: Line, values: Values, kind: str) -> Line:
    return replace(line, values=tuple((name, _scalar(each, values, kind)) for name, each in line.values))


def _scalar(value: Scalar, values: Values, kind: str) -> Scalar:
    return mask_text(value, values, kind) if isinstance(value, str) else value


def mask_sentence(text: str, values: Values, kind: str) -> str:
    """A sentence that may quote a record's values, or hold an e-mail address."""
    if values is Values.FULL:
        return text
    text = _QUOTED.sub(lambda found: found[0][0] + mask_text(found[0][1:-1], values, kind) + found[0][-1], text)
    return _EMAIL.sub(lambda found: mask_text(found[0], values, kind), text)


def mask_problem(problem: Problem, values: Values, known: Iterable[str] = ()) -> Problem:
    """A problem of a record; one of a ruleset, of a plan or of an account comes back as it is. `known` are texts of the record
    that the problem may speak of without quoting them, as an app's own answers do."""
    if values is Values.FULL or problem.span is not None or (problem.hubspot or problem.xero) is None:
        return problem
    kind = problem.sync or next(ref.type for ref in (problem.hubspot, problem.xero) if ref is not None)
    name, what = name_and_summary(problem)
    texts = sorted({name, *known} - {""}, key=lambda text: (-len(text), text))

    def masked(sentence: str) -> str:
        for text in texts:
            sentence = re.sub(
                rf"(?<!\w){re.escape(text)}(?!\w)", mask_text(text, values, kind).replace("\\", ""), sentence
            )
        return mask_sentence(sentence, values, kind)

    return replace(
        problem,
        summary=f"{mask_text(name, values, kind)}: {masked(what)}" if name else masked(what),
        cause=masked(problem.cause),
        remedy=masked(problem.remedy),
    )


def mask_plan(plan: Plan, values: Values) -> Plan:
    """The plan with values replaced in everything that it shows or holds."""
    if values is Values.FULL:
        return plan
    return replace(
        plan,
        changes=tuple(_change(each, values) for each in plan.changes),
        held=tuple(mask_problem(each, values) for each in plan.held),
        excluded=tuple(replace(each, label=mask_text(each.label, values, each.sync)) for each in plan.excluded),
        drift=tuple(_drift(each, values) for each in plan.drift),
        gone=tuple(replace(each, label=mask_text(each.label, values, each.sync)) for each in plan.gone),
        notices=tuple(mask_problem(each, values) for each in plan.notices),
    )


def mask_run(run: Run, values: Values) -> Run:
    """The run with values replaced. Of its plan's changes only what they are is left: a run is not where their values are shown."""
    if values is Values.FULL:
        return run
    bare = tuple(replace(each, label="", fields=(), effects=(), bases={}) for each in run.plan.changes)
    return replace(
        run,
        plan=mask_plan(replace(run.plan, changes=bare), values),
        failed=tuple(mask_problem(each, values, _texts_of(each, run.plan)) for each in run.failed),
        normalised=tuple(
            replace(
                each,
                label=mask_text(each.label, values, each.sync),
                sent=mask_value(each.sent, values, each.sync),
                held=mask_value(each.held, values, each.sync),
            )
            for each in run.normalised
        ),
    )


def _texts_of(problem: Problem, plan: Plan) -> set[str]:
    """What the plan knows of the record that a problem is about."""
    ids = tuple(ref.id if ref else None for ref in (problem.hubspot, problem.xero))
    texts: set[str] = set()
    for change in plan.changes:
        if change.sync == problem.sync and (change.hubspot, change.xero) == ids:
            texts.add(change.label)
            for each in change.fields:
                texts.update(*map(_texts_in, (each.before, each.after, each.source)))
    return texts


def _texts_in(value: Value) -> set[str]:
    scalars = (each for line in value.items for _, each in line.values) if isinstance(value, Lines) else (value,)
    return {each for each in scalars if isinstance(each, str)}


def _change(change: Change, values: Values) -> Change:
    kind = change.sync
    return replace(
        change,
        label=mask_text(change.label, values, kind),
        fields=tuple(_field(each, values, kind) for each in change.fields),
        effects=tuple(_effect(each, values, kind) for each in change.effects),
        bases={mapping: _base(base, values, kind) for mapping, base in change.bases.items()},
    )


def _field(each: FieldChange, values: Values, kind: str) -> FieldChange:
    return replace(
        each,
        before=mask_value(each.before, values, kind),
        after=mask_value(each.after, values, kind),
        source=mask_value(each.source, values, kind),
    )


def _effect(effect: Effect, values: Values, kind: str) -> Effect:
    return replace(
        effect,
        values={name: mask_value(value, values, kind) for name, value in effect.values.items()},
        slots={name: _raw(slot, values, kind) for name, slot in effect.slots.items()},
        before={name: mask_value(value, values, kind) for name, value in effect.before.items()},
    )


def _raw(value: Any, values: Values, kind: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _raw(part, values, kind) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_raw(part, values, kind) for part in value]
    if isinstance(value, str):
        return mask_text(value, values, kind)
    return None if values is Values.NONE else value


def _base(base: BaseValue, values: Values, kind: str) -> BaseValue:
    return replace(base, hubspot=mask_value(base.hubspot, values, kind), xero=mask_value(base.xero, values, kind))


def _drift(each: Drift, values: Values) -> Drift:
    return replace(
        each,
        label=mask_text(each.label, values, each.sync),
        before=mask_value(each.before, values, each.sync),
        now=mask_value(each.now, values, each.sync),
    )
