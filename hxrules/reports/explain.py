"""Why a record stands where it stands: how it is linked, in or out and by which words, and each field with the rule that decides.

From the saved state it is how the last run left it; from the apps (`--live`) how it is now, and what the next run would do.
See also: `planning.close_up` (what is known of a record now), `planning.lookup` (which record is meant), `explain_page` (text, JSON).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hxrules.language.filters import Verdict as FilterVerdict
from hxrules.language.model import FieldMapping, Sync
from hxrules.planning.close_up import CloseUp, LimitLook
from hxrules.planning.lookup import Meant
from hxrules.planning.merge import Decision
from hxrules.planning.plan import Action, Change, FieldChange
from hxrules.problems import Problem, Span
from hxrules.records import App, BaseValue, Known, Life, Link, Membership, Origin, Standing, StateView
from hxrules.reports.masking import Values, mask_problem, mask_text, mask_value
from hxrules.reports.status import StandingRecord, standing_problem
from hxrules.reports.view import name_and_summary
from hxrules.values import Value


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One mapped field: what each side holds (now, or after the last run), what each held then, and what becomes of it."""

    mapping: str
    hubspot: Value
    xero: Value
    base: BaseValue | None
    verdict: str
    reason: str
    winner: App | None
    span: Span
    change: FieldChange | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A filter or fixed limit, and what it says of the record."""

    target: App
    included: bool
    name: str
    leaf: str
    value: Value
    counts: tuple[int, int] | None
    """Of a comparison on associated records: how many fulfil it, of how many."""
    span: Span | None
    asked: bool = False
    """The record was asked now: `value` is what it holds."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything there is to say about one record or pair."""

    sync: str
    direction: str
    enabled: bool
    label: str
    hubspot: str | None
    xero: str | None
    linked: str
    live: bool
    last_run: datetime | None
    standing: Standing | None
    """After the last run; `None` where no run has seen it."""
    why: str
    """The reason of that standing, for an excluded one."""
    problems: tuple[Problem, ...]
    """What holds it, after the last run or now."""
    limits: tuple[LimitRow, ...]
    fields: tuple[FieldRow, ...]
    changes: tuple[Change, ...]
    outlook: tuple[str, ...]
    """What the next run does, as far as it can be told."""


# --- from the state ----------------------------------------------------------------------------------------------------------


def from_state(meant: Meant, link: Link | None, state: StateView, values: Values) -> Explained:
    """How the last run left the record. Nothing is read from the apps."""
    sync = meant.sync
    known = _worst(meant, state)
    standing = known.standing if known is not None else Standing.IN_SYNC if link is not None else None
    problems = (_problem(meant, known, values),) if known is not None and standing is Standing.FAILING else ()
    bases = state.bases.get(link.id, {}) if link is not None else {}
    fields = tuple(_remembered(each, bases.get(each.id), sync, values) for each in sync.mappings if link is not None)
    last_run = state.syncs[sync.name].last_run if sync.name in state.syncs else None
    return Explained(
        sync.name,
        sync.direction.value,
        sync.enabled,
        mask_text(meant.label, values, sync.name),
        meant.hubspot,
        meant.xero,
        how_linked(link, sync),
        False,
        last_run,
        standing,
        _excluded_by(known) if known is not None and standing is Standing.EXCLUDED else "",
        problems,
        tuple(_kept_out(known, link)),
        fields,
        (),
        tuple(_without_looking(sync, link, standing, state, fields)),
    )


def _worst(meant: Meant, state: StateView) -> Known | None:
    order = [Standing.FAILING, Standing.EXCLUDED, Standing.IN_SYNC, Standing.ASIDE]
    known = [state.known[ref] for ref in meant.refs if ref in state.known]
    return min(known, key=lambda each: order.index(each.standing), default=None)


def _problem(meant: Meant, known: Known, values: Values) -> Problem:
    return standing_problem(meant.sync.name, StandingRecord(meant.hubspot, meant.xero, known.reason), values)


def _excluded_by(known: Known) -> str:
    reason, leaf = known.reason.get("reason") or "", known.reason.get("leaf") or ""
    return f"{reason}: {leaf}" if leaf else str(reason)


def _kept_out(known: Known | None, link: Link | None) -> Iterator[LimitRow]:
    """What the state remembers of who let it in, or kept it out."""
    reason = known.reason if known is not None and known.standing is Standing.EXCLUDED else {}
    place = reason.get("place")
    if reason.get("leaf") and known is not None:
        name = str(reason.get("reason", "")).removeprefix("the ").removeprefix("fixed limit ")
        app = known.ref.app
        yield LimitRow(app.other, False, name, str(reason["leaf"]), None, None, Span(*place) if place else None)
    elif link is not None:
        for target, member in link.membership.items():
            yield LimitRow(target, member is Membership.IN, member.value, "", None, None, None)


def _remembered(mapping: FieldMapping, base: BaseValue | None, sync: Sync, values: Values) -> FieldRow:
    if base is None:
        verdict, reason = "", "not compared yet: the rule is new, or no direction reads it"
    elif base.mapping_digest != mapping.digest:
        verdict, reason = "", "the rule was edited since; the next run compares anew"
    elif base.settled:
        verdict, reason = "in step", ""
    else:
        verdict, reason = "left different", "no direction may write it, or one side had nothing to say"
    hubspot, xero = (None, None) if base is None else (base.hubspot, base.xero)
    kind = sync.name
    return FieldRow(
        mapping.id,
        mask_value(hubspot, values, kind),
        mask_value(xero, values, kind),
        None,
        verdict,
        reason,
        None,
        mapping.span,
    )


def _without_looking(
    sync: Sync, link: Link | None, standing: Standing | None, state: StateView, fields: Sequence[FieldRow]
) -> Iterator[str]:
    known = state.syncs.get(sync.name)
    if not sync.enabled:
        yield f"Nothing: the sync of {sync.name} is off."
        return
    if link is not None and link.gone is not None:
        yield f"Nothing: it is gone from {link.gone.brand}, and its partner stays as it is."
        return
    if standing is Standing.FAILING:
        yield "Nothing is written until what holds it is put right; then the next run goes on by itself."
    elif standing is Standing.EXCLUDED:
        yield "Nothing, as long as the rules keep it out."
    elif standing is None:
        yield "No run has seen it yet."
    elif any(each.reason.startswith("the rule was edited") for each in fields):
        yield "Compares the fields whose rules were edited, and carries over what differs."
    else:
        yield "Nothing, unless it was edited since."
    if known is not None and known.digest is not None and known.digest != sync.digest:
        yield "The rules of this sync were edited since it ran: the next run looks at every record again."


# --- from the apps -----------------------------------------------------------------------------------------------------------


def from_apps(meant: Meant, link: Link | None, state: StateView, seen: CloseUp, values: Values) -> Explained:
    """How the record is now, and what a run would do with it."""
    before = from_state(meant, link, state, values)
    sync, kind = meant.sync, meant.sync.name
    found = link or next((each.link for each in seen.changes if each.link is not None), None)
    written = {each.mapping: (change, each) for change in seen.changes for each in change.fields}
    if seen.decisions:
        fields = tuple(_decided(each, written.get(each.mapping.id), kind, values) for each in seen.decisions)
    else:
        fields = tuple(_alone(each, seen, written.get(each.id), kind, values) for each in sync.mappings)
    hubspot, xero = (meant.side(app) if (record := seen.side(app)) is None else record.ref.id for app in App)
    return replace(
        before,
        label=mask_text(seen.label or meant.label, values, kind),
        hubspot=hubspot,
        xero=xero,
        linked=how_linked(link, sync) if link is not None else _to_be_linked(found, seen),
        live=True,
        problems=tuple(mask_problem(each, values) for each in seen.held),
        limits=(
            *(_limit(each, kind, values) for each in seen.limits),
            *(
                _open(app)
                for app in sync.direction.targets
                if not sync.limits(app) and seen.side(app.other) is not None
            ),
        ),
        fields=fields,
        changes=seen.changes,
        outlook=tuple(_outlook(sync, seen)),
    )


def _to_be_linked(found: Link | None, seen: CloseUp) -> str:
    note = next((each.note for each in seen.changes if each.action is Action.LINK), "")
    if note:
        return f"not yet; the next run links them ({note})"
    return "not yet; the next run makes its partner" if found is not None else "not linked"


def _decided(each: Decision, written: tuple[Change, FieldChange] | None, kind: str, values: Values) -> FieldRow:
    mine = [mask_value(each.view.of(app), values, kind) for app in App]
    change = _masked(written[1], kind, values) if written is not None else None
    winner = each.target.other if each.target is not None else None
    return FieldRow(
        each.mapping.id,
        mine[0],
        mine[1],
        _base(each.base, kind, values),
        each.verdict.value,
        each.reason,
        winner,
        each.mapping.span,
        change,
    )


def _alone(
    mapping: FieldMapping, seen: CloseUp, written: tuple[Change, FieldChange] | None, kind: str, values: Values
) -> FieldRow:
    """A field of a record without partner, or of a pair that can't be compared."""
    held = {app: record.fields.get(mapping.field(app).name) if (record := seen.side(app)) else None for app in App}
    change = _masked(written[1], kind, values) if written is not None else None
    return FieldRow(
        mapping.id,
        mask_value(held[App.HUBSPOT], values, kind),
        mask_value(held[App.XERO], values, kind),
        None,
        change.verdict.value if change is not None else "",
        change.reason if change is not None else "",
        None,
        mapping.span,
        change,
    )


def _masked(each: FieldChange, kind: str, values: Values) -> FieldChange:
    return replace(
        each,
        before=mask_value(each.before, values, kind),
        after=mask_value(each.after, values, kind),
        source=mask_value(each.source, values, kind),
    )


def _base(base: BaseValue | None, kind: str, values: Values) -> BaseValue | None:
    if base is None:
        return None
    return replace(base, hubspot=mask_value(base.hubspot, values, kind), xero=mask_value(base.xero, values, kind))


def _limit(look: LimitLook, kind: str, values: Values) -> LimitRow:
    said: FilterVerdict = look.verdict
    return LimitRow(
        look.target,
        said.included,
        look.name,
        said.leaf,
        mask_value(said.value, values, kind),
        said.counts,
        said.span,
        asked=not said.leaf.startswith(("any ", "all ", "no ", "count ")),
    )


def _open(target: App) -> LimitRow:
    return LimitRow(target, True, "", "", None, None, None)


_DOES = {
    Action.CREATE: "creates it in {}",
    Action.UPDATE: "updates it in {}",
    Action.LINK: "links the two",
    Action.VOID: "voids it in {}",
    Action.ARCHIVE: "archives it in {}",
}


def _outlook(sync: Sync, seen: CloseUp) -> Iterator[str]:
    if not sync.enabled:
        yield f"Nothing: the sync of {sync.name} is off."
    for change in seen.changes:
        said = _DOES[change.action].format(change.app.brand)
        fields = ", ".join(each.mapping for each in change.fields)
        yield f"It {said}{f': {fields}' if fields else ''}."
    for problem in seen.held:
        yield f"It is held: {problem.code} {name_and_summary(problem)[1]}."
    if seen.gone:
        yield f"It is noted as gone from {seen.gone[0].app.brand}; its partner stays as it is."
    elif seen.excluded and not seen.changes:
        each = seen.excluded[0]
        yield f"Nothing: it is kept out by {each.reason}{f' ({each.leaf})' if each.leaf else ''}."
    elif any(record.life is Life.MERGED for app in App if (record := seen.side(app))):
        yield "Nothing: it was merged into another record, which is looked at itself."
    elif sync.enabled and not seen.changes and not seen.held:
        yield "Nothing: both are in step." if seen.hubspot and seen.xero else "Nothing: no direction reads it."
    yield from seen.plan.incomplete


def how_linked(link: Link | None, sync: Sync) -> str:
    """How two records came to be a pair."""
    if link is None:
        return "not linked"
    if link.made_by is Origin.CREATED and link.born_in is not None:
        how = f"hxrules made it in {link.born_in.other.brand} out of {link.born_in.brand}'s"
    elif link.made_by is Origin.TOLD:
        how = "by hand"
    else:
        how = f"by the same {' + '.join(sync.match)}"
    return f"{how}; gone from {link.gone.brand}" if link.gone is not None else how
