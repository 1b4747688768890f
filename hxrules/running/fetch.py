"""Requests → snapshot. Carries out what `planning.needs` asks for, and decides nothing.

No first read depends on another, so those of all syncs are made at once in both apps; so are the requests of each round that
follows, sync after sync. Answers are put together in the order of the requests, whichever came first: the snapshot is the same.
Nothing is concluded from a listing that breaks off: an app that fails in the middle ends the run before anything is planned (`Halt`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from hxrules.catalogue import Catalogue
from hxrules.connectors.pace import overlapping
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.planning import needs
from hxrules.planning.staleness import rereads
from hxrules.problems import Halt, Problem
from hxrules.records import (
    Accounts,
    App,
    Coverage,
    CoverageKind,
    Ledger,
    Organisation,
    Portal,
    ReadRequest,
    Record,
    Sight,
    Snapshot,
    StateView,
)

Of = TypeVar("Of")

ROUNDS = 8
"""Follow-up reads of one sync: partners, candidates, associated records of associated records."""


class Progress(Protocol):
    """Told about long work; prints, or doesn't."""

    def reading(self, app: App, type_name: str, records: int, total: int | None) -> None: ...

    def writing(self, app: App, type_name: str, done: int, total: int) -> None: ...


def identify(ruleset: Ruleset, connectors: Connectors) -> Accounts:
    """Who is behind the credentials. Raises `Halt` (7) when they are not the accounts that the ruleset names (R5)."""
    with ThreadPoolExecutor(len(App)) as pool:
        portal, organisation = pool.map(lambda app: connectors.of(app).identify(), (App.HUBSPOT, App.XERO))
    assert isinstance(portal, Portal)
    assert isinstance(organisation, Organisation)
    wanted, problems = ruleset.accounts, list[Problem]()
    if wanted.portal is not None and wanted.portal != portal.id:
        problems.append(
            Problem(
                "HX404",
                "the HubSpot token belongs to another portal",
                cause=f"The ruleset is for portal {wanted.portal}; the token opens portal {portal.id}.",
                remedy="Use a token of the right portal, or correct the ruleset.",
                span=wanted.portal_span,
            )
        )
    if wanted.tenant is not None and wanted.tenant.lower() != organisation.tenant.lower():
        problems.append(
            Problem(
                "HX405",
                "the Xero connection belongs to another organisation",
                cause=f"The ruleset is for tenant {wanted.tenant}; the connection opens {organisation.tenant} "
                f"({organisation.name}).",
                remedy="Connect the right organisation, or correct the ruleset.",
                span=wanted.tenant_span,
            )
        )
    if wanted.organisation is not None and wanted.organisation != organisation.name:
        problems.append(
            Problem(
                "HX406",
                "the Xero organisation has another name",
                cause=f"The ruleset is for “{wanted.organisation}”; the connected organisation is “{organisation.name}”.",
                remedy="Connect the right organisation, or correct the name in the ruleset.",
                span=wanted.organisation_span,
            )
        )
    if problems:
        raise Halt(7, problems)
    return Accounts(portal, organisation)


def fetch(
    ruleset: Ruleset,
    state: StateView,
    connectors: Connectors,
    accounts: Accounts,
    now: datetime,
    catalogue: Catalogue,
    progress: Progress,
) -> Snapshot:
    """Everything that the active syncs need to see. Raises `Halt` when an app can't be read."""
    seen = {sync.name: needs.Seen() for sync in ruleset.active}
    firsts = [
        (seen[sync.name], request)
        for sync in ruleset.active
        for request in needs.first_reads(sync, state, now, catalogue)
    ]
    for (of_sync, request), records in _all_at_once(firsts, connectors, progress, state):
        of_sync.of(request.app, request.type).update((record.ref.id, record) for record in records)
        kind = CoverageKind.COMPLETE if request.since is None else CoverageKind.SINCE
        of_sync.coverage[request.app, request.type] = Coverage(kind)
    earlier: dict[str, needs.Seen] = {}
    for sync in ruleset.active:
        follow_up(sync, seen[sync.name], state, connectors, catalogue, progress, earlier)
        earlier[sync.name] = seen[sync.name]
    sights = {name: Sight(seen.records, seen.coverage) for name, seen in earlier.items()}
    ledgers: dict[App, Ledger] = {}
    if any(needs.of_the_books(sync, earlier[sync.name]) for sync in ruleset.active):
        with ThreadPoolExecutor(len(App)) as pool:
            ledgers.update(zip(App, pool.map(lambda app: connectors.of(app).ledger(), App), strict=True))
    return Snapshot(now, accounts, sights, ledgers)


def follow_up(
    sync: Sync,
    seen: needs.Seen,
    state: StateView,
    connectors: Connectors,
    catalogue: Catalogue,
    progress: Progress,
    earlier: Mapping[str, needs.Seen],
) -> None:
    """Reads, round by round, what is still missing to decide about what was seen of one sync. Raises `Halt`."""
    for _ in range(ROUNDS):
        requests = needs.next_reads(sync, state, seen, catalogue, earlier)
        if not requests:
            break
        read_more(requests, seen, connectors, progress)
    for app in App:
        needs.without_the_vanished(sync, app, seen, catalogue)


def _all_at_once(
    asked: Sequence[tuple[Of, ReadRequest]],
    connectors: Connectors,
    progress: Progress,
    state: StateView | None = None,
) -> Iterator[tuple[tuple[Of, ReadRequest], list[Record]]]:
    """Carries out all requests at once; each with its records, in the order of the requests.

    With `state`, an incremental read ends where the rest can only be what is known already. Raises the first `Halt`, and lets
    the other reads go no further than the page that is under way.
    """
    given_up = threading.Event()

    def read(one: tuple[Of, ReadRequest]) -> list[Record]:
        _, request = one
        window = None if state is None or request.since is None else needs.Window.opened(request, state)
        found: list[Record] = []
        count = 0
        for page in connectors.of(request.app).read(request):
            count += len(page.records)
            found += page.records if window is None or state is None else needs.changed(page.records, state)
            progress.reading(request.app, request.type, count, page.total)
            if given_up.is_set() or (window is not None and window.take(page)):
                break
        return found

    yield from zip(asked, overlapping(read, asked, max(len(asked), 1), given_up), strict=True)


def read_more(requests: Sequence[ReadRequest], seen: needs.Seen, connectors: Connectors, progress: Progress) -> None:
    """Reads what else has to be seen of one sync. Raises `Halt`."""
    for (_, request), records in _all_at_once([(None, request) for request in requests], connectors, progress):
        key = (request.app, request.type)
        seen.of(*key).update((record.ref.id, record) for record in records)
        before = seen.coverage.get(key, Coverage(CoverageKind.SINCE))
        if request.ids is None and request.where is None:
            before = replace(before, kind=CoverageKind.COMPLETE)
        if request.ids is not None:
            before = replace(before, asked=before.asked.union(request.ids))
        if request.where is not None:
            searched_field, values = request.where
            looked_up = before.searched.get(searched_field.name, frozenset()).union(map(str.casefold, values))
            before = replace(before, searched={**before.searched, searched_field.name: looked_up})
        seen.coverage[key] = before


def reread(
    sync: Sync,
    ids: Mapping[App, tuple[str, ...]],
    connectors: Connectors,
    catalogue: Catalogue,
    progress: Progress,
) -> Sight:
    """These records of one sync once more, with all that decides about them: does a saved plan still hold? Raises `Halt`."""
    seen = needs.Seen()
    requests = rereads(sync, ids, catalogue)
    for _ in range(ROUNDS):
        if not requests:
            break
        read_more(requests, seen, connectors, progress)
        requests = needs.deciding_reads(sync, seen, catalogue)
    for app in App:
        needs.without_the_vanished(sync, app, seen, catalogue)
    return Sight(seen.records, seen.coverage)
