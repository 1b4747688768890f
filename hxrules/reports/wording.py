"""The sentences that all forms of a report share: the headline, what it cost, what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from shlex import quote

from hxrules.planning.plan import Action, FieldChange, Plan, Verdict
from hxrules.records import App
from hxrules.reports.masking import Values
from hxrules.reports.money import money_text
from hxrules.reports.style import count, duration, listing, size, when
from hxrules.reports.view import Sum, contests, syncs
from hxrules.running.run import Cost, Run

IMPLIED = ("edited in ", "new in ", "as before ")
"""How reasons begin that the heading of a group of changes says already."""

GONE_REMEDY = "Archive or delete the partner too where it has no use left, or leave it as it is."

_HIDING = {
    Values.MASKED: "masked (--values full shows them)",
    Values.NONE: "hidden (--values full shows them)",
}
DONE = {
    "create": "created",
    "update": "updated",
    "link": "linked",
    "void": "voided",
    "archive": "archived",
    "part": "parted",
}
"""Actions, when they have been done."""
_MOVED = {Action.CREATE: "new", Action.UPDATE: "edited", Action.VOID: "voided", Action.ARCHIVE: "archived"}

NOTICES = "these hold nothing back"
"""What the heading of a plan's notices says of them."""

MONEY = "by currency, tax included"
"""What the heading of the sums says of them."""


def headline(plan: Plan) -> tuple[str, str]:
    """What the plan does, or that there is nothing to do; and what stays out or wants a look (may be empty)."""
    total = plan.summary
    acts = [f"{total[action.value]:,} to {action.value}" for action in Action if total[action.value]]
    wanting = [
        count(len(contests(plan, Verdict.CONFLICT)), "conflict"),
        count(
            len(contests(plan, Verdict.FIRST_MEETING)), "first meeting that overwrites", "first meetings that overwrite"
        ),
        *(f"{total[key]:,} {key.replace('_', ' ')}" for key in ("held", "excluded", "in_sync")),
        count(len(plan.notices), "notice"),
    ]
    aside = ", ".join(each for each in wanting if not each.startswith("0 "))
    if acts:
        return f"Plan: {', '.join(acts)}", aside
    return f"Nothing to do: {aside}" if aside else "Nothing to do", ""


def moved(total: Sum) -> tuple[str, str]:
    """How many records, and how much money: `12 new` and `34,500.10 AUD and 1,200.00 USD`."""
    was = f" ({_listed(total.before)} before)" if total.before != total.amounts else ""
    unknown = f"; of {total.unknown:,} the amount isn't known" if total.unknown else ""
    return f"{total.number:,} {_MOVED[total.action]}", f"{_listed(total.amounts)}{was}{unknown}"


def _listed(amounts: Mapping[str, Decimal]) -> str:
    return listing([f"{money_text(amount)} {currency}" for currency, amount in sorted(amounts.items())])


def decided_by(contested: FieldChange) -> str:
    """Why the winner wins, without what the section's heading has said."""
    return contested.reason.removeprefix("edited in both; ").removeprefix("first meeting of two different values; ")


def hiding(values: Values) -> list[tuple[str, str]]:
    """A fact for the top of a report that doesn't show everything."""
    return [("values", _HIDING[values])] if values in _HIDING else []


def undoes(plan: Plan) -> list[tuple[str, str]]:
    """A fact for the top of a plan that undoes a run."""
    return [] if plan.undo is None else [("undoes", f"run {plan.undo}")]


def started(plan: Plan) -> Iterator[str]:
    """`sync_started` of each sync, for filters speak of it (R17); syncs with the same start share a line."""
    starts: dict[datetime, list[str]] = {}
    for name in syncs(plan):
        if name in plan.started:
            starts.setdefault(plan.started[name], []).append(name)
    for start, names in sorted(starts.items()):
        yield f"{'with this plan' if start == plan.now else when(start)}: {listing(names)}"


def run_headline(run: Run) -> tuple[str, str]:
    """What the run did, and what it left (may be empty)."""
    done, planned = sum(run.done.values()), len(run.plan.changes)
    acts = ", ".join(f"{number:,} {DONE[name]}" for name, number in run.done.items() if number)
    left = [
        f"{number:,} {word}"
        for number, word in (
            (len(run.failed), "failed"),
            (len(run.plan.held), "held"),
            (run.left_over, "had no turn"),
            (len(run.normalised), "kept differently"),
        )
        if number
    ]
    lasted = duration((run.finished - run.started).total_seconds())
    if not planned:
        return f"Nothing to do, looked for {lasted}", ", ".join(left)
    share = f"All {planned:,} changes" if done == planned > 1 else f"{done:,} of {count(planned, 'change')}"
    return f"{share} made in {lasted}" + (f": {acts}" if acts else ""), ", ".join(left)


def costs(plan: Plan, cost: Cost | None) -> list[tuple[str, str]]:
    """Facts for the top of a report: the calls and bytes that looking took, and the calls that writing is expected to take."""
    if cost is None:
        return []
    looking = [f"{app.brand} {calls.calls:,} ({size(calls.bytes_in)} in)" for app, calls in cost.read.items()]
    facts = [("calls", f"{listing(looking)} to look")]
    if plan.has_changes:
        writing = [f"{app.brand} {number:,}" for app, number in cost.expected.items()]
        facts.append(("", f"{listing(writing)} expected to write"))
    return facts


def traffic(app: App, run: Run) -> str:
    """What a run cost in one app."""
    calls, expected = run.calls[app], run.expected.get(app)
    planned = "" if expected is None else f" of {expected:,} expected"
    waited = f", {duration(calls.waited)} waited for its limits" if calls.waited >= 0.1 else ""
    return (
        f"{app.brand} {calls.calls:,} (records: {calls.reads:,} read, {calls.writes:,} write{planned}; "
        f"{size(calls.bytes_in)} in, {size(calls.bytes_out)} out{waited})"
    )


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type about a plan; `saved` is the file that holds it."""

    plan: Plan
    saved: str | None = None

    @property
    def apply(self) -> str:
        if self.plan.undo is not None and self.saved is None:
            return self._undo
        return self._command("apply", self.saved)

    @property
    def everything(self) -> str:
        """Shows what was cut short."""
        if self.plan.undo is not None and self.saved is None:
            return f"{self._undo} --all"
        return self._command("show" if self.saved else "dry-run", self.saved) + " --all"

    @property
    def next(self) -> str:
        """The last line of a report on the plan."""
        if self.plan.guards and self.plan.has_changes:
            return f"Next: look at it; if it is what you want, {self.apply} --allow-large"
        if self.plan.has_changes:
            return f"Next: {self.apply}"
        if self.plan.held and self.plan.undo is None:
            return f"Next: correct what is held, then {self._command('dry-run', None)}"
        return "Next: hxrules status"

    def after(self, run: Run) -> str:
        """The last line of a report on a run of the plan."""
        if run.stopped is not None:
            first = run.stopped.next_command
            before = f"{first}, then " if first and first != self.apply else ""
            return f"Next: {before}{self.apply}, which goes on from here"
        if run.failing:
            return f"Next: correct what fails, then {self.apply}"
        return "Next: hxrules status"

    @property
    def _undo(self) -> str:
        file = self.plan.ruleset.file
        ruleset = "" if file == "hxrules.yaml" else f" --ruleset {quote(file)}"
        return f"hxrules undo {self.plan.undo}{ruleset}"

    def _command(self, name: str, saved: str | None) -> str:
        file = saved or self.plan.ruleset.file
        return f"hxrules {name}" if file == "hxrules.yaml" else f"hxrules {name} {quote(file)}"
