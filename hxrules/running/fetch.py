"""Requests → snapshot. Carries out what `planning.needs` asks for, both apps at the same time, and decides nothing.

Nothing is concluded from a listing that breaks off: an app that fails in the middle ends the run before anything is planned (`Halt`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from hxrules.catalogue import Catalogue
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
    Sight,
    Snapshot,
    StateView,
)

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
    earlier: dict[str, needs.Seen] = {}
    for sync in ruleset.active:
        earlier[sync.name] = _fetch_sync(sync, state, connectors, now, catalogue, progress, earlier)
    sights = {name: Sight(seen.records, seen.coverage) for name, seen in earlier.items()}
    ledgers: dict[App, Ledger] = {}
    if any(needs.of_the_books(sync, earlier[sync.name]) for sync in ruleset.active):
        with ThreadPoolExecutor(len(App)) as pool:
            ledgers.update(zip(App, pool.map(lambda app: connectors.of(app).ledger(), App), strict=True))
    return Snapshot(now, accounts, sights, ledgers)


def _fetch_sync(
    sync: Sync,
    state: StateView,
    connectors: Connectors,
    now: datetime,
    catalogue: Catalogue,
    progress: Progress,
    earlier: Mapping[str, needs.Seen],
) -> needs.Seen:
    seen = needs.Seen()
    _all_at_once(
        needs.first_reads(sync, state, now, catalogue),
        lambda request: _first(request, state, connectors, seen, progress),
    )
    for _ in range(ROUNDS):
        requests = needs.next_reads(sync, state, seen, catalogue, earlier)
        if not requests:
            break
        _all_at_once(requests, lambda request: _more(request, connectors, seen, progress))
    for app in App:
        needs.without_the_vanished(sync, app, seen, catalogue)
    return seen


def _all_at_once(requests: Iterable[ReadRequest], read: Callable[[ReadRequest], None]) -> None:
    """Both apps at the same time, each with its own requests in order."""
    by_app = [[request for request in requests if request.app is app] for app in App]

    def one_app(mine: list[ReadRequest]) -> None:
        for request in mine:
            read(request)

    with ThreadPoolExecutor(len(App)) as pool:
        list(pool.map(one_app, by_app))


def _first(
    request: ReadRequest, state: StateView, connectors: Connectors, seen: needs.Seen, progress: Progress
) -> None:
    window = None if request.since is None else needs.Window.opened(request, state)
    found = seen.of(request.app, request.type)
    count = 0
    for page in connectors.of(request.app).read(request):
        count += len(page.records)
        fresh = page.records if window is None else needs.changed(page.records, state)
        found.update((record.ref.id, record) for record in fresh)
        progress.reading(request.app, request.type, count, page.total)
        if window is not None and window.take(page):
            break
    kind = CoverageKind.COMPLETE if request.since is None else CoverageKind.SINCE
    seen.coverage[request.app, request.type] = Coverage(kind)


def _more(request: ReadRequest, connectors: Connectors, seen: needs.Seen, progress: Progress) -> None:
    key = (request.app, request.type)
    found = seen.of(*key)
    for page in connectors.of(request.app).read(request):
        found.update((record.ref.id, record) for record in page.records)
        progress.reading(request.app, request.type, len(found), page.total)
    before = seen.coverage.get(key, Coverage(CoverageKind.SINCE))
    if request.ids is None and request.where is None:
        before = replace(before, kind=CoverageKind.COMPLETE)
    if request.ids is not None:
        before = replace(before, asked=before.asked.union(request.ids))
    if request.where is not None:
        searched_field, values = request.where
        looked_up = before.searched.get(searched_field.name, frozenset()).union(value.casefold() for value in values)
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
        _all_at_once(requests, lambda request: _more(request, connectors, seen, progress))
        requests = needs.deciding_reads(sync, seen, catalogue)
    for app in App:
        needs.without_the_vanished(sync, app, seen, catalogue)
    return Sight(seen.records, seen.coverage)
