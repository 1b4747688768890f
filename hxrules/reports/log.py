"""What the journal tells: the runs; and of one run every write, with what was there before, what the app made of it, and the rule.

See also: `planning.past` (a run and its effects as values), `documents` (the other JSON forms), `masking`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hxrules.planning.past import PastEffect, PastRun
from hxrules.planning.plan import Action, problem_document
from hxrules.problems import Span
from hxrules.records import App
from hxrules.reports.lines import NEW_LINES
from hxrules.reports.masking import Values, mask_text, mask_value
from hxrules.reports.sheet import SHOWN, Sheet
from hxrules.reports.status import StandingRecord, standing_problem
from hxrules.reports.style import Style, Tone, cells, count, duration, page, when
from hxrules.reports.wording import DONE, hiding
from hxrules.values import Lines, Value, encode, instant_text

_SIGNS = {"create": ("+", Tone.GOOD), "update": ("~", Tone.CARE), "void": ("x", Tone.BAD), "archive": ("-", Tone.BAD)}
_LINK = ("=", Tone.PLACE)
_ROOM = 72
_UNFINISHED = "not finished: it goes on, or was killed"


@dataclass(frozen=True, slots=True)
class _Row:
    """One field of one effect. `span` is the rule; a line of an invoice has none of its own: it is its invoice's."""

    mapping: str | None
    field: str
    before: Value
    sent: Value
    after: Value
    span: Span | None
    reason: str
    named: bool = False
    """Names a record: an id is nobody's secret."""

    def masked(self, value: Value, values: Values, sync: str) -> Value:
        return value if self.named else mask_value(value, values, sync)


def runs_text(runs: Sequence[PastRun], style: Style, total: int) -> str:
    """The runs, newest first; `total` is how many the journal has."""
    sheet = Sheet(style)
    if not runs:
        return page(["No run has been made yet.", "", style.paint("Next: hxrules dry-run", Tone.STRONG)])
    lines: list[str] = []
    for run in runs:
        lines.append(f"{style.paint(run.id, Tone.STRONG)}  {when(run.started)}  {style.say(_by(run))}")
        rules = f"{run.ruleset} {run.version}" + (f" at {run.commit}" if run.commit else "")
        planned = f", plan {run.plan[:12]}" if run.plan else ""
        lines += sheet.said(f"{_did(run)}; {rules}{planned}", 4)
    if total > len(runs):
        lines += sheet.said(f"… and {total - len(runs):,} older ones (hxrules log --all)", 0, Tone.FAINT)
    return page([*lines, "", style.paint(f"Next: hxrules log {runs[0].id}", Tone.STRONG)])


def run_log_text(
    run: PastRun, effects: Sequence[PastEffect], style: Style, values: Values = Values.FULL, *, everything: bool = False
) -> str:
    """One run with its effects, in the order in which they were tried."""
    sheet = Sheet(style, None if everything else SHOWN, f"hxrules log {run.id} --all")
    lines = [*sheet.said(f"{count(len(effects), 'write')}: {_did(run)}", 0, Tone.STRONG), ""]
    lasted = "" if run.finished is None else f", {duration((run.finished - run.started).total_seconds())}"
    lines += sheet.facts(
        [
            ("run", f"{run.id} of {when(run.started)}{lasted}"),
            ("by", _by(run)),
            *([("plan", run.plan)] if run.plan else []),
            (
                "rules",
                f"{run.ruleset} {run.version}" + (f" at commit {run.commit}" if run.commit else ", in no commit"),
            ),
            ("calls", ", ".join(f"{app.brand} {run.calls[app.value]:,}" for app in App if app.value in run.calls)),
            *hiding(values),
        ]
    )
    shown = sheet.some(effects)
    for each in shown:
        lines += ["", *_effect(each, sheet, values)]
    lines += ["", *sheet.rest(effects)]
    writes = any(each.done for each in effects)
    return page([*lines, "", style.paint(f"Next: hxrules {f'undo {run.id}' if writes else 'status'}", Tone.STRONG)])


def _by(run: PastRun) -> str:
    return f"{run.command} by {run.who} on {run.host}"


def _did(run: PastRun) -> str:
    acts = ", ".join(f"{number:,} {DONE.get(name, name)}" for name, number in run.summary.items() if number)
    if run.outcome is None:
        return _UNFINISHED
    said = {"done": "", "failing": "some records are failing", "stopped": "stopped before the end"}[run.outcome]
    return ", ".join(filter(None, (acts or "nothing was written", said)))


def _effect(past: PastEffect, sheet: Sheet, values: Values) -> Iterator[str]:
    style, effect = sheet.style, past.effect
    sign, tone = _SIGNS.get(_action(past), _LINK)
    name = sheet.name(mask_text(past.label, values, past.sync))
    what = effect.type.replace("_", " ")
    where = (
        f"{past.sync}: {what} in {effect.app.brand}" if past.whole is None else f"{past.sync}, in {effect.app.brand}"
    )
    yield from sheet.beside(
        f"{style.paint(sign, Tone.STRONG, tone)} {style.paint(name, Tone.STRONG)}  {_done_as(past)}, {where}",
        sheet.ids(*_ids(past)),
        0,
    )
    if past.state != "done":
        yield from _trouble(past, sheet, values)
    rows = _rows(past)
    width = max((len(row.mapping or row.field) for row in rows), default=0)
    for row in rows:
        before, after = (row.masked(each, values, past.sync) for each in (row.before, row.after))
        lead = f"    {(row.mapping or row.field):<{width}}  "
        room = min(style.width - cells(lead) - 2, _ROOM)
        yield from sheet.change(lead, before, after, sheet.place(row.span), 0, room)
        if row.sent != row.after and past.done and not isinstance(row.sent, Lines):
            sent = style.value(row.masked(row.sent, values, past.sync))
            yield from sheet.said(f"sent was {sent}", cells(lead), Tone.FAINT)
        yield from sheet.lines(before, after, cells(lead), NEW_LINES)


def _trouble(past: PastEffect, sheet: Sheet, values: Values) -> Iterator[str]:
    if past.error is None:
        unknown = "nobody knows whether it was written: the next run looks" if past.state != "failed" else "not written"
        yield from sheet.said(unknown, 4, Tone.BAD)
        return
    problem = standing_problem(past.sync, StandingRecord(past.hubspot, past.xero, past.error), values)
    yield from sheet.said(f"{problem.code} {problem.summary}", 4, Tone.BAD)
    yield from sheet.said(problem.cause, 4)


def _action(past: PastEffect) -> str:
    if past.whole is not None:
        return past.whole.action.value
    return "archive" if past.effect.archive else "create" if past.effect.target is None else "update"


def _done_as(past: PastEffect) -> str:
    state = past.state or "in doubt"
    return DONE[_action(past)] if past.done else f"{_action(past)}: {state.replace('-', ' ')}"


def _ids(past: PastEffect) -> tuple[str | None, str | None]:
    """Both records of the change; what was made has the id that the app answered."""
    hubspot, xero = past.hubspot, past.xero
    if past.whole is None:
        return (past.record, None) if past.effect.app is App.HUBSPOT else (None, past.record)
    if past.effect.app is App.HUBSPOT:
        return past.record or hubspot, xero
    return hubspot, past.record or xero


def _rows(past: PastEffect) -> list[_Row]:
    effect = past.effect
    rows: list[_Row] = []
    for each in past.whole.fields if past.whole is not None else ():
        typed = each.field in effect.values
        before = effect.before.get(each.field, each.before)
        sent = effect.values[each.field] if typed else each.after
        after = past.left(each.field) if typed and past.done else sent
        rows.append(_Row(each.mapping, each.field, before, sent, after, each.span, each.reason))
    said = {row.field for row in rows}
    for name in [*effect.values, *(name for name in effect.before if effect.archive)]:
        if name not in said:
            sent = effect.values.get(name)
            rows.append(
                _Row(None, name, effect.before.get(name), sent, past.left(name) if past.done else sent, None, "")
            )
    if past.whole is not None and past.whole.action is Action.LINK and effect.memory is not None:
        rows.append(_Row(None, "remembers", None, effect.memory, effect.memory, None, past.whole.note, True))
    return rows


# --- JSON --------------------------------------------------------------------------------------------------------------------


def runs_json(runs: Iterable[PastRun]) -> dict[str, Any]:
    """`{"runs": […]}`, newest first."""
    return {"runs": [_run_document(run) for run in runs]}


def run_log_json(run: PastRun, effects: Iterable[PastEffect], values: Values = Values.FULL) -> dict[str, Any]:
    """One run with its effects. `after` is the app's own word, where it gave one; `sent` what it was sent."""
    return {**_run_document(run), "effects": [_effect_document(each, values) for each in effects]}


def _run_document(run: PastRun) -> dict[str, Any]:
    return {
        "run": run.id,
        "command": run.command,
        "who": run.who,
        "host": run.host,
        "started": instant_text(run.started),
        "finished": None if run.finished is None else instant_text(run.finished),
        "outcome": run.outcome,
        "plan": run.plan,
        "ruleset": {"name": run.ruleset, "version": run.version, "digest": run.digest, "commit": run.commit},
        "summary": dict(run.summary),
        "calls": dict(run.calls),
    }


def _effect_document(past: PastEffect, values: Values) -> dict[str, Any]:
    hubspot, xero = _ids(past)
    error: Mapping[str, Any] | None = past.error
    if error is not None and values is not Values.FULL:
        error = problem_document(standing_problem(past.sync, StandingRecord(hubspot, xero, error), values))
    return {
        "effect": past.effect.id,
        "change": past.change,
        "sync": past.sync,
        "action": _action(past),
        "app": past.effect.app.value,
        "type": past.effect.type,
        "record": past.record,
        "hubspot": hubspot,
        "xero": xero,
        "label": mask_text(past.label, values, past.sync),
        "state": past.state,
        "intended": instant_text(past.intended),
        "settled": None if past.settled is None else instant_text(past.settled),
        "fields": [
            {
                "mapping": row.mapping,
                "field": row.field,
                "before": encode(row.masked(row.before, values, past.sync)),
                "sent": encode(row.masked(row.sent, values, past.sync)),
                "after": encode(row.masked(row.after, values, past.sync)),
                "reason": row.reason,
                "file": row.span.file if row.span else None,
                "line": row.span.line if row.span else None,
            }
            for row in _rows(past)
        ],
        "error": None if error is None else dict(error),
    }
