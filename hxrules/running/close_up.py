"""Reads one record or pair, with all that decides about it: partners, candidates, customers, invoices, tax rates.

See also: `planning.close_up` (what is made of it), `fetch` (the same for everybody).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hxrules.catalogue import Catalogue
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.planning import needs
from hxrules.planning.lookup import Asked, Meant
from hxrules.planning.staleness import rereads
from hxrules.records import Accounts, App, Ledger, ReadRequest, Record, RecordRef, Sight, Snapshot, StateView
from hxrules.running.fetch import Progress, follow_up, read_more
from hxrules.values import ValueType


def ask(question: Asked, connectors: Connectors, catalogue: Catalogue) -> list[Record]:
    """The records that both apps have by that id, or by that key. Raises `Halt` when an app can't be read."""
    sync, found = question.sync, list[Record]()
    key = sync.mapping(sync.match[0]) if len(sync.match) == 1 else None
    for app in App:
        if question.app is not None and app is not question.app:
            continue
        fields = needs.fields_to_read(sync, app, catalogue)
        words = needs.associations_to_read(sync, app)
        request = ReadRequest(app, sync.types[app], fields, ids=(question.words,), associations=words)
        if question.app is None:
            if key is None:
                continue
            request = replace(request, ids=None, where=(key.field(app), (question.words,)))
        found += [record for page in connectors.of(app).read(request) for record in page.records]
    return found


def read_closely(
    ruleset: Ruleset,
    meant: Meant,
    state: StateView,
    connectors: Connectors,
    accounts: Accounts,
    now: datetime,
    catalogue: Catalogue,
    progress: Progress,
) -> Snapshot:
    """The record, and the records of other syncs that it names (R8 backwards). Raises `Halt` when an app can't be read."""
    wanted: dict[str, set[RecordRef]] = {meant.sync.name: set(meant.refs)}
    seen: dict[str, needs.Seen] = {}
    for sync in reversed(ruleset.active):
        refs = wanted.get(sync.name)
        if not refs:
            continue
        found = seen[sync.name] = needs.Seen()
        ids = {app: tuple(sorted(ref.id for ref in refs if ref.app is app)) for app in App}
        read_more(rereads(sync, ids, catalogue), found, connectors, progress)
        follow_up(sync, found, state, connectors, catalogue, progress, {})
        for name, other in _named(sync, found, ruleset, state, catalogue):
            wanted.setdefault(name, set()).add(other)
    ledgers: dict[App, Ledger] = {}
    if any(needs.of_the_books(sync, seen[sync.name]) for sync in ruleset.active if sync.name in seen):
        ledgers = {app: connectors.of(app).ledger() for app in App}
    return Snapshot(now, accounts, {name: Sight(each.records, each.coverage) for name, each in seen.items()}, ledgers)


def _named(
    sync: Sync, seen: needs.Seen, ruleset: Ruleset, state: StateView, catalogue: Catalogue
) -> Iterable[tuple[str, RecordRef]]:
    """The customers of invoices, the invoices of payments, and their partners."""
    info = catalogue.type(App.HUBSPOT, sync.types[App.HUBSPOT])
    for mapping in sync.mappings:
        if mapping.hubspot.kind is not ValueType.REFERENCE or not mapping.hubspot.reached:
            continue
        named_type = info.associations[mapping.hubspot.reached[0]].type
        other = next((each for each in ruleset.active if each.types[App.HUBSPOT] == named_type), None)
        if other is None:
            continue
        named: dict[App, set[str]] = {app: set() for app in App}
        for record in seen.of(App.HUBSPOT, sync.types[App.HUBSPOT]).values():
            named[App.HUBSPOT].update(
                each for word in mapping.hubspot.reached for each in record.associations.get(word, ())
            )
        for record in seen.of(App.XERO, sync.types[App.XERO]).values():
            if isinstance(own := record.fields.get(mapping.xero.name), str):
                named[App.XERO].add(own)
        for link in state.links:
            if link.sync == other.name and any(link.side(app) in named[app] for app in App):
                for app in App:
                    named[app].add(link.side(app))
        yield from ((other.name, RecordRef(app, other.types[app], each)) for app in App for each in named[app])
