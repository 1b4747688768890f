"""One record or pair from near: which comparison lets it in or keeps it out, what becomes of each field, what a run would do.

The real planner makes the plan; then the same questions are asked again of this pair alone, and the answers kept, those too that change
nothing. See also: `planner` (the plan), `scope` and `merge` (the questions), `lookup` (which record is meant).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hxrules.catalogue import Catalogue
from hxrules.language.filters import Moment, NotFetched, Verdict
from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.books import Books, Context, Held
from hxrules.planning.changes import ChangeMaker
from hxrules.planning.linking import Pair, met_by_hand
from hxrules.planning.lookup import Meant, link_of
from hxrules.planning.merge import Decision, merge
from hxrules.planning.needs import reads_whole
from hxrules.planning.plan import Change, Excluded, Gone, Plan
from hxrules.planning.planner import books_of, make_plan
from hxrules.planning.references import Partners
from hxrules.problems import Problem
from hxrules.records import App, BaseValue, Record, Snapshot, StateView, SyncState


@dataclass(frozen=True, slots=True)
class LimitLook:
    """What one filter or fixed limit says of the record that it reads."""

    target: App
    """The app that it guards."""
    name: str
    """`filter`, or the id of the fixed limit."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CloseUp:
    """Everything that a run would think of one record or pair."""

    plan: Plan
    label: str
    hubspot: Record | None
    xero: Record | None
    owner: App | None
    limits: tuple[LimitLook, ...]
    decisions: tuple[Decision, ...]
    """In the order of the mappings; none for a record without partner, and for one that can't be compared."""
    changes: tuple[Change, ...]
    held: tuple[Problem, ...]
    excluded: tuple[Excluded, ...]
    gone: tuple[Gone, ...]

    def side(self, app: App) -> Record | None:
        return self.hubspot if app is App.HUBSPOT else self.xero


def close_up(
    ruleset: Ruleset, snapshot: Snapshot, state: StateView, now: datetime, catalogue: Catalogue, meant: Meant
) -> CloseUp:
    """What a run at `now` would do with a record. `snapshot` holds it, and what decides about it."""
    plan, _ = make_plan(ruleset, snapshot, state, now, catalogue)
    sync = meant.sync
    changes = tuple(each for each in plan.changes if _is(each, meant))
    ids = _ids(meant, changes)
    books = _books(ruleset, sync, snapshot, state, now, catalogue, plan)
    sight = books.sight()
    sides = {app: sight.of(app, sync.types[app]).get(own or "") for app, own in ids.items()}
    about = Meant(sync, ids[App.HUBSPOT], ids[App.XERO])
    link = link_of(sync, about.refs, state) or next((each.link for each in changes if each.link is not None), None)
    hubspot, xero = sides[App.HUBSPOT], sides[App.XERO]
    limits = tuple(_limits(sync, sides, snapshot, state, now, catalogue))
    owner, decisions = None, tuple[Decision, ...]()
    if hubspot is not None and xero is not None and link is not None:
        owner = books.owner(link, hubspot)
        bases = state.bases.get(link.id, {})
        targets = [
            app for app in sync.direction.targets if all(look.verdict.included for look in limits if look.target is app)
        ]
        pair = met_by_hand(Pair(link, hubspot, xero), state)
        decisions = _decisions(sync, pair, bases, targets, owner, books)
    return CloseUp(
        plan,
        ChangeMaker(sync, state, catalogue, books).label([hubspot, xero]),
        hubspot,
        xero,
        owner,
        limits,
        decisions,
        changes,
        tuple(each for each in plan.held if _speaks_of(each, about)),
        tuple(each for each in plan.excluded if _is(each, about)),
        tuple(each for each in plan.gone if _is(each, about)),
    )


def _is(each: Change | Excluded | Gone, meant: Meant) -> bool:
    mine = (meant.hubspot is not None and each.hubspot == meant.hubspot) or (
        meant.xero is not None and each.xero == meant.xero
    )
    return each.sync == meant.sync.name and mine


def _speaks_of(problem: Problem, meant: Meant) -> bool:
    refs = (problem.hubspot, problem.xero)
    return problem.sync == meant.sync.name and any(ref in meant.refs for ref in refs if ref is not None)


def _ids(meant: Meant, changes: Iterable[Change]) -> dict[App, str | None]:
    """Both ids, as far as they are known: a record that the plan links has a partner now."""
    found = {app: meant.side(app) for app in App}
    for change in changes:
        found[App.HUBSPOT] = found[App.HUBSPOT] or change.hubspot
        found[App.XERO] = found[App.XERO] or change.xero
    return found


def _books(
    ruleset: Ruleset,
    sync: Sync,
    snapshot: Snapshot,
    state: StateView,
    now: datetime,
    catalogue: Catalogue,
    plan: Plan,
) -> Books:
    """The books of the sync, as the planner had them when its turn came."""
    partners = {name: Partners(name, state.links) for name in sorted({each.sync for each in state.links})}
    earlier: list[Change] = []
    for each in ruleset.active:
        if each.name == sync.name:
            break
        own = [change for change in plan.changes if change.sync == each.name]
        held = [ref for problem in plan.held if problem.sync == each.name for ref in (problem.hubspot, problem.xero)]
        partners[each.name] = Partners(each.name, state.links, own, held)
        earlier += own
    return books_of(Context(sync, snapshot, state, catalogue, partners, earlier, reads_whole(sync, state, now)))


def _limits(
    sync: Sync,
    sides: Mapping[App, Record | None],
    snapshot: Snapshot,
    state: StateView,
    now: datetime,
    catalogue: Catalogue,
) -> Iterable[LimitLook]:
    """Every filter that is asked, up to the one that keeps the record out."""
    started = sync.started or state.syncs.get(sync.name, SyncState(sync.name)).started or now
    moment = Moment(now, ZoneInfo(snapshot.accounts.organisation.time_zone), started)
    sight = snapshot.sight(sync.name)
    for target in sync.direction.targets:
        app, record = target.other, sides[target.other]
        if record is None:
            continue
        related = {
            word: sight.of(app, each.type)
            for name in catalogue.names(app)
            for word, each in catalogue.type(app, name).associations.items()
        }
        for name, limit in sync.limits(target):
            try:
                verdict = limit.decide(record, related, moment)
            except NotFetched:
                break
            yield LimitLook(target, name, verdict)
            if not verdict.included:
                break


def _decisions(
    sync: Sync,
    pair: Pair,
    bases: Mapping[str, BaseValue],
    targets: list[App],
    owner: App | None,
    books: Books,
) -> tuple[Decision, ...]:
    assert pair.hubspot is not None
    assert pair.xero is not None
    try:
        composites = books.composites(pair, owner, bases)
        return tuple(merge(sync, bases, pair.hubspot, pair.xero, targets, owner, composites, pair.by_hand))
    except (Held, ConversionFailed, KeyError):
        # The plan says what is wrong: a value that can't be compared, a tax rate that nobody knows.
        return ()
