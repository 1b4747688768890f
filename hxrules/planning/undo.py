"""A run of the past → the plan that takes it back: old values return, what the run made is archived or voided.

Only what the run wrote is touched, and of that only what still holds what the run left: a field, or a record, in which somebody has
written since is left alone, and said (HX320). The order is the other way round than a run's (R8): payments, invoices, products,
contacts; what hangs on another record is taken away before it. Links stay: which records belong together is no less true, and a pair
that is matched by its key would be linked again by the next run.

Afterwards the two apps differ on purpose, and the bases say so: no run makes the same change again until somebody edits one of the two.
A record that was taken away is gone for its link, so it isn't made again. An undo is no larger than the run that it takes back: the
limits of the ruleset aren't applied to it.

See also: `undo_changes` (the work on one sync), `undo_values` (what may be put back), `past` (the run), `changes` (what a change is),
`running.history` (who reads).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hxrules.catalogue import Catalogue, TypeInfo
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.books import Context
from hxrules.planning.observations import Observations
from hxrules.planning.past import PastEffect
from hxrules.planning.plan import Action, Change, Plan, RulesetRef
from hxrules.planning.planner import books_of
from hxrules.planning.references import Partners
from hxrules.planning.undo_changes import USED_BY, Outcome, Undoing, Uses, link_of
from hxrules.problems import Problem, Severity
from hxrules.records import App, Link, Snapshot, StateView


@dataclass(frozen=True, slots=True)
class User:
    """Records that a run made, of one type, of which must be known what hangs on them. `known` are the ids, where they were read."""

    app: App
    type: str
    word: str
    ids: tuple[str, ...]
    known: Mapping[str, tuple[str, ...]] | None


def ids_to_read(effects: Iterable[PastEffect], sync: Sync, state: StateView) -> dict[App, tuple[str, ...]]:
    """The records of one sync that the effects are about, and their partners."""
    links = _links_of(effects, sync, state)
    found = {app: sorted({link.side(app) for link in links}) for app in App}
    return {app: tuple(filter(None, ids)) for app, ids in found.items()}


def users(effects: Iterable[PastEffect], rules: Ruleset, snapshot: Snapshot, catalogue: Catalogue) -> list[User]:
    """What must be read besides, before anything that a run made is taken away."""
    found: list[User] = []
    mine = [each for each in effects if each.done and each.whole and each.whole.action is Action.CREATE]
    for sync in rules.syncs:
        word = USED_BY.get(sync.name)
        for app in App if word is not None else ():
            made = [each.record for each in mine if each.sync == sync.name and each.effect.app is app and each.record]
            here = snapshot.sight(sync.name).of(app, sync.types[app])
            there = {each: here[each].associations for each in made if each in here}
            if word is None or not there:
                continue
            read = all(word in associations for associations in there.values())
            ids = {each: associations[word] for each, associations in there.items()} if read else None
            found.append(User(app, sync.types[app], word, tuple(there), ids))
    return found


def fields_of_use(info: TypeInfo) -> tuple[str, ...]:
    """What must be read of what hangs on a record: whether it is live, and how people call it."""
    named = (name for name in info.fields if any("{" + name + "}" in label for label in info.labels))
    ended = info.settings.get("ended") or {}
    return tuple(dict.fromkeys((*named, *([ended["property"]] if ended else []))))


def _links_of(effects: Iterable[PastEffect], sync: Sync, state: StateView) -> list[Link]:
    return [link for each in effects if each.sync == sync.name and (link := link_of(each, state)) is not None]


def undo_plan(
    run: str,
    effects: Sequence[PastEffect],
    rules: Ruleset,
    snapshot: Snapshot,
    uses: Uses,
    state: StateView,
    now: datetime,
    catalogue: Catalogue,
) -> tuple[Plan, Observations]:
    """The plan that takes a run back, as far as that can be done. `snapshot` shows the records that its effects are about."""
    outcome = Outcome()
    partners = {name: Partners(name, state.links) for name in sorted({each.sync for each in state.links})}
    for sync in reversed(rules.syncs):
        books = books_of(Context(sync, snapshot, state, catalogue, partners, [], False))
        work = Undoing(sync, books, snapshot, uses, state, catalogue, outcome)
        work.undo(each for each in effects if each.sync == sync.name)
    names = {sync.name for sync in rules.syncs}
    for name in sorted({each.sync for each in effects if each.done} - names):
        outcome.held.append(_no_longer(name))
    outcome.notices.extend(_one_way(outcome.changes))
    plan = Plan(
        ruleset=RulesetRef(rules.name, rules.version, rules.digest, rules.file),
        accounts=snapshot.accounts,
        lineage=state.lineage,
        serial=state.serial,
        now=now,
        started={},
        changes=tuple(outcome.changes),
        held=tuple(outcome.held),
        notices=tuple(outcome.notices),
        undo=run,
    )
    return plan, outcome.observations


def _one_way(changes: Iterable[Change]) -> Iterable[Problem]:
    """What must be known before anybody says yes."""
    number = sum(each.action is Action.ARCHIVE and each.app is App.XERO and each.sync == "contacts" for each in changes)
    if number:
        contacts = "1 contact is" if number == 1 else f"{number:,} contacts are"
        yield Problem(
            "HX325",
            f"{contacts} archived in Xero",
            "Xero's API can archive a contact, and not restore it.",
            "Nothing is to be done. Xero's own screens restore a contact that is wanted after all.",
            Severity.WARNING,
            sync="contacts",
        )


def _no_longer(sync: str) -> Problem:
    return Problem(
        "HX323",
        f"the ruleset has no sync {sync!r} any more",
        "What the run wrote for it can't be put back: the rules say no longer which fields these are.",
        "Undo with the ruleset of that time (its commit stands in `hxrules log`), or put the values back by hand.",
        sync=sync,
    )
