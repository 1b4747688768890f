"""What runs did, read from the journal, and the records that an undo is about, read again from the apps.

See also: `planning.past` (an effect as a value), `planning.undo` (what is made of it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from hxrules.catalogue import Catalogue
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset
from hxrules.planning import undo
from hxrules.planning.past import PastEffect, PastRun, past_effect
from hxrules.planning.undo_changes import Uses
from hxrules.records import Accounts, App, Ledger, ReadRequest, Record, RecordRef, Snapshot, StateView
from hxrules.running.fetch import Progress, reread
from hxrules.state.entries import JournaledRun
from hxrules.state.store import Store


def runs_of(store: Store, limit: int | None = None) -> list[PastRun]:
    """The runs, newest first."""
    return [_run(each) for each in store.runs(limit)]


def run_of(store: Store, run_id: str) -> PastRun | None:
    """The run of that id; `last` is the newest one that has written anything, as most runs find nothing to do."""
    if run_id == "last":
        tried = (each for each in store.runs() if store.effects(each.header.id))
        found = next(tried, None)
    else:
        found = store.run(run_id)
    return None if found is None else _run(found)


def _run(found: JournaledRun) -> PastRun:
    header = found.header
    return PastRun(
        header.id,
        header.plan,
        header.started,
        found.finished,
        found.outcome,
        header.ruleset,
        header.version,
        header.digest,
        header.commit,
        header.who,
        header.host,
        header.command,
        found.summary,
        found.calls,
    )


def effects_of(store: Store, run_id: str) -> list[PastEffect]:
    """The effects of a run, in their order."""
    found: list[PastEffect] = []
    for each in store.effects(run_id):
        settled = each.settled
        found.append(
            past_effect(
                each.intent.change,
                each.intent.body,
                each.intended,
                state=settled.state if settled else None,
                record=settled.id if settled else each.intent.id,
                settled=each.settled_at,
                answer=settled.answer if settled else None,
                error=settled.error if settled else None,
            )
        )
    return found


def look_back(
    effects: Iterable[PastEffect],
    rules: Ruleset,
    state: StateView,
    connectors: Connectors,
    accounts: Accounts,
    now: datetime,
    catalogue: Catalogue,
    progress: Progress,
) -> tuple[Snapshot, Uses]:
    """The records that the effects are about as they are now, and what the records that were made are used for. Raises `Halt`."""
    mine = list(effects)
    sights = {
        sync.name: reread(sync, ids, connectors, catalogue, progress)
        for sync in rules.syncs
        if any((ids := undo.ids_to_read(mine, sync, state)).values())
    }
    snapshot = Snapshot(now, accounts, sights, _ledgers(mine, connectors))
    return snapshot, _uses(undo.users(mine, rules, snapshot, catalogue), rules, connectors, catalogue)


def _ledgers(effects: Iterable[PastEffect], connectors: Connectors) -> dict[App, Ledger]:
    """The books, where a line may have to be booked anew."""
    lines = any(each.effect.app is App.XERO and "LineItems" in each.effect.before for each in effects)
    return {App.XERO: connectors.xero.ledger()} if lines else {}


def _uses(
    users: Iterable[undo.User], rules: Ruleset, connectors: Connectors, catalogue: Catalogue
) -> dict[RecordRef, tuple[Record, ...]]:
    asked = list(users)

    def of_one_app(app: App) -> dict[RecordRef, tuple[Record, ...]]:
        found: dict[RecordRef, tuple[Record, ...]] = {}
        for user in (each for each in asked if each.app is app):
            ids = user.known
            if ids is None:
                request = ReadRequest(app, user.type, (), ids=user.ids, associations=(user.word,))
                pages = connectors.of(app).read(request)
                ids = {
                    record.ref.id: record.associations.get(user.word, ()) for page in pages for record in page.records
                }
            found |= _used(user, ids, connectors, catalogue)
        return found

    with ThreadPoolExecutor(len(App)) as pool:
        hubspot, xero = pool.map(of_one_app, (App.HUBSPOT, App.XERO))
    return {**hubspot, **xero}


def _used(
    user: undo.User, ids: Mapping[str, tuple[str, ...]], connectors: Connectors, catalogue: Catalogue
) -> dict[RecordRef, tuple[Record, ...]]:
    info = catalogue.type(user.app, catalogue.type(user.app, user.type).associations[user.word].type)
    wanted = tuple(sorted({each for some in ids.values() for each in some}))
    fields = tuple(info.fields[name] for name in undo.fields_of_use(info))
    request = ReadRequest(user.app, info.type, fields, ids=wanted)
    pages = connectors.of(user.app).read(request) if wanted else ()
    there = {record.ref.id: record for page in pages for record in page.records}
    return {
        RecordRef(user.app, user.type, owner): tuple(there[each] for each in some if each in there)
        for owner, some in ids.items()
    }
