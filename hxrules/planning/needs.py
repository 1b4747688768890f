"""What must be read, before anything can be decided. Pure: from rules and state to requests; `running.fetch` carries them out.

A first run, a changed ruleset, and one run a day read both sides whole (incremental reads have blind spots: facts/xero.md 5.1).
Every other run reads what changed, newest first, and stops as soon as the apps' own totals prove that the rest is known: our own
writes of the last run are in that window too, and are not read again. Left open is one thing: somebody else's edit of a record in
the seconds between our reading it and our own write of it, or, in a run that wrote more than a page, before that run's end. The next
edit of the record, or the day's whole read, finds it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import Sync
from hxrules.planning.linking import key_of
from hxrules.records import (
    App,
    BaseValue,
    Coverage,
    CoverageKind,
    Known,
    Page,
    ReadRequest,
    Record,
    Standing,
    StateView,
)
from hxrules.values import Value

WHOLE_EVERY = timedelta(days=1)
LINE_WORDS = ("line", "tax", "discount")
"""What makes up the lines of an invoice in HubSpot."""
OWNERS_OVERLAP = timedelta(minutes=15)
"""How far a look for changed associated records reaches back behind the last run: by our own clock, but never past the app's."""
MANY = 200
"""From this many associated records on, a type is listed whole instead of being asked for by id."""
OVERLAP = {App.HUBSPOT: timedelta(minutes=5), App.XERO: timedelta(minutes=2)}
"""How far an incremental read reaches back: HubSpot's search lags behind writes (facts/hubspot.md 5)."""


@dataclass(slots=True)
class Seen:
    """What has been read so far of one sync's two types, and of the types that its filters reach."""

    records: dict[tuple[App, str], dict[str, Record]] = field(default_factory=dict)
    coverage: dict[tuple[App, str], Coverage] = field(default_factory=dict)

    def of(self, app: App, type_name: str) -> dict[str, Record]:
        return self.records.setdefault((app, type_name), {})


NOTHING_EARLIER: Mapping[str, Seen] = {}


def fields_to_read(sync: Sync, app: App, catalogue: Catalogue) -> tuple[Field, ...]:
    """Mapped, filtered, unique and label fields of one side, in a stable order."""
    info = catalogue.type(app, sync.types[app])
    wanted: dict[str, Field] = {}
    for mapping in sync.mappings:
        if not mapping.field(app).reached:
            wanted[mapping.field(app).name] = mapping.field(app)
    for name in info.settings.get("reads", ()):
        wanted.setdefault(name, info.fields[name])
    for _, limit in sync.limits(app.other):
        for each in sorted(limit.needs.fields, key=lambda found: found.name):
            wanted.setdefault(each.name, each)
    for name, each in info.fields.items():
        if each.unique or any("{" + name + "}" in label for label in info.labels):
            wanted.setdefault(name, each)
            if each.also:
                wanted.setdefault(each.also, info.fields[each.also])
    return tuple(wanted.values())


def filtered_by(sync: Sync, app: App) -> tuple[str, ...]:
    """The filter words whose associated records decide about this side's records."""
    words: dict[str, None] = {}
    for _, limit in sync.limits(app.other):
        words.update(dict.fromkeys(limit.needs.associations))
    return tuple(words)


def made_of(sync: Sync, app: App) -> tuple[str, ...]:
    """The words whose associated records a mapped field is made of: an invoice's customer and lines; and its payments, which are
    looked at again when it changes."""
    words = dict.fromkeys(word for mapping in sync.mappings for word in mapping.field(app).reached)
    if sync.invoices is not None:
        words["payment"] = None
    return tuple(words)


def associations_to_read(sync: Sync, app: App) -> tuple[str, ...]:
    """All words by which associated records are read along."""
    return tuple(dict.fromkeys((*filtered_by(sync, app), *made_of(sync, app))))


def reads_whole(sync: Sync, state: StateView, now: datetime) -> bool:
    """Whether this run reads everything: never run, other rules than last time, or the day's whole read is due."""
    known = state.syncs.get(sync.name)
    if known is None or known.digest != sync.digest or known.full_read is None or len(known.watermarks) < len(App):
        return True
    return now - known.full_read >= WHOLE_EVERY


def first_reads(sync: Sync, state: StateView, now: datetime, catalogue: Catalogue) -> list[ReadRequest]:
    """One request for each side."""
    whole = reads_whole(sync, state, now)
    requests = []
    for app in App:
        since = None if whole else window_start(sync, app, state)
        # In HubSpot associations are calls of their own, and what changed is mostly our own last writes: what records are made of is
        # asked for once it is clear which are not.
        words = filtered_by(sync, app) if since and app is App.HUBSPOT else associations_to_read(sync, app)
        requests.append(
            ReadRequest(app, sync.types[app], fields_to_read(sync, app, catalogue), since=since, associations=words)
        )
        if not whole:
            requests.extend(_changed_associates(sync, app, state, catalogue))
    return requests


def _changed_associates(sync: Sync, app: App, state: StateView, catalogue: Catalogue) -> Iterable[ReadRequest]:
    """A record may enter or leave a filter because an associated one changed: those are followed back to their owners (R13)."""
    info = catalogue.type(app, sync.types[app])
    last_run = state.syncs[sync.name].last_run
    for word, fields in needed_of_associates(sync, app).items():
        other = catalogue.type(app, info.associations[word].type)
        back = way_back(info, other)
        if back is not None and last_run is not None:
            since = min(last_run - OWNERS_OVERLAP, state.syncs[sync.name].watermarks[app])
            yield ReadRequest(app, other.type, fields, since=since, associations=(back,))


def way_back(info: TypeInfo, associated: TypeInfo) -> str | None:
    """The word by which an associated record names the records that it belongs to."""
    return next((each.word for each in associated.associations.values() if each.type == info.type), None)


def needed_of_associates(sync: Sync, app: App) -> dict[str, tuple[Field, ...]]:
    """By filter word: the fields of the associated records that this side's filters ask for."""
    wanted: dict[str, set[Field]] = {}
    for _, limit in sync.limits(app.other):
        for word, needs in limit.needs.associations.items():
            wanted.setdefault(word, set()).update(needs.fields)
    return {word: tuple(sorted(fields, key=lambda found: found.name)) for word, fields in wanted.items()}


def window_start(sync: Sync, app: App, state: StateView) -> datetime:
    """Where an incremental read begins: the watermark less the overlap, moved back to a second in which nothing known changed.

    Apps count whole seconds, and whether the first one is included is not documented (facts/xero.md 5.1).
    """
    start = (state.syncs[sync.name].watermarks[app] - OVERLAP[app]).replace(microsecond=0)
    stamps = _stamps(state, app, sync.types[app])
    second = timedelta(seconds=1)
    while bisect_left(stamps, start - second) != bisect_right(stamps, start + second):
        start -= second
    return start


def _stamps(state: StateView, app: App, type_name: str) -> list[datetime]:
    return sorted(
        known.updated
        for ref, known in state.known.items()
        if ref.app is app and ref.type == type_name and known.updated is not None
    )


@dataclass(slots=True)
class Window:
    """Follows an incremental read page by page and knows when the rest can only be what is known already."""

    unseen: dict[str, datetime]
    read: int = 0

    @classmethod
    def opened(cls, request: ReadRequest, state: StateView) -> Window:
        assert request.since is not None
        return cls(
            {
                ref.id: known.updated
                for ref, known in state.known.items()
                if ref.app is request.app
                and ref.type == request.type
                and known.updated is not None
                and known.updated >= request.since
            }
        )

    def take(self, page: Page) -> bool:
        """Notes a page; true when nothing behind it can be new."""
        self.read += len(page.records)
        for record in page.records:
            self.unseen.pop(record.ref.id, None)
        return page.total is not None and page.total - self.read == len(self.unseen)


def changed(records: Iterable[Record], state: StateView) -> list[Record]:
    """Those that the state doesn't remember as they are: our own last writes come back as an echo, and a search that lags behind
    shows records as they were before (facts/hubspot.md 5)."""
    return [record for record in records if not _is_echo(record, state.known.get(record.ref))]


def _is_echo(record: Record, known: Known | None) -> bool:
    if known is None or known.updated is None or record.updated is None:
        return False
    return record.updated <= known.updated


def next_reads(
    sync: Sync, state: StateView, seen: Seen, catalogue: Catalogue, earlier: Mapping[str, Seen] = NOTHING_EARLIER
) -> list[ReadRequest]:
    """What is still missing to decide about the records seen so far; empty when all is there.

    Partners of changed records, records whose problem may be lifted, candidates for a match, owners of unique values, the
    associated records that filters speak of, and those that a record is made of. `earlier` are the syncs before this one.
    """
    requests: list[ReadRequest] = []
    for app in App:
        info = catalogue.type(app, sync.types[app])
        wanted = _missing_ids(sync, app, state, seen, catalogue)
        wanted += _payments_of_changed_invoices(sync, app, state, seen, earlier)
        if wanted:
            requests.append(
                ReadRequest(
                    app,
                    info.type,
                    fields_to_read(sync, app, catalogue),
                    ids=tuple(wanted),
                    associations=associations_to_read(sync, app),
                )
            )
        requests.extend(_lookups(sync, info, state, seen, catalogue))
        requests.extend(_associated(sync, app, seen, catalogue))
        requests.extend(_parts(sync, app, seen, catalogue))
    return requests


def deciding_reads(sync: Sync, seen: Seen, catalogue: Catalogue) -> list[ReadRequest]:
    """What is still missing of the records that decide about those seen, or that they are made of."""
    return [
        request
        for app in App
        for request in (*_associated(sync, app, seen, catalogue), *_parts(sync, app, seen, catalogue))
    ]


def _payments_of_changed_invoices(
    sync: Sync, app: App, state: StateView, seen: Seen, earlier: Mapping[str, Seen]
) -> list[str]:
    """Payments that may be wanted now because their invoice is: each payment of a changed invoice that isn't in step yet."""
    invoices = next(
        (found for name, found in earlier.items() if sync.payments is not None and name == "invoices"), None
    )
    type_name = sync.types[app]
    coverage = seen.coverage.get((app, type_name), Coverage(CoverageKind.SINCE))
    if invoices is None or coverage.complete:
        return []
    here = seen.of(app, type_name)
    linked = {link.side(app) for link in state.links if link.sync == sync.name}
    owned = {
        each
        for (of, _), records in invoices.records.items()
        if of is app
        for record in records.values()
        for each in record.associations.get("payment", ())
    }
    return sorted(owned.difference(linked, here, coverage.asked))


def _parts(sync: Sync, app: App, seen: Seen, catalogue: Catalogue) -> Iterable[ReadRequest]:
    """The lines, taxes and discounts of the invoices seen, by id: their lists hold those of deals and quotes as well."""
    if sync.invoices is None:
        return
    info = catalogue.type(app, sync.types[app])
    for word in LINE_WORDS:
        if word not in made_of(sync, app):
            continue
        type_name = info.associations[word].type
        asked = seen.coverage.get((app, type_name), Coverage(CoverageKind.SINCE)).asked
        here = seen.of(app, type_name)
        ids = {each for record in seen.of(app, info.type).values() for each in record.associations.get(word, ())}
        missing = tuple(sorted(ids.difference(here, asked)))
        if missing:
            fields = tuple(catalogue.type(app, type_name).fields.values())
            yield ReadRequest(app, type_name, fields, ids=missing)


def _missing_ids(sync: Sync, app: App, state: StateView, seen: Seen, catalogue: Catalogue) -> list[str]:
    type_name = sync.types[app]
    coverage = seen.coverage.get((app, type_name), Coverage(CoverageKind.SINCE))
    if coverage.complete:
        return []
    here, there = seen.of(app, type_name), seen.of(app.other, sync.types[app.other])
    wanted: dict[str, None] = {}
    for link in state.links:
        if link.sync == sync.name and link.side(app.other) in there:
            wanted[link.side(app)] = None
    moved = {record.ref for found in seen.records.values() for record in found.values()}
    for ref, known in state.known.items():
        failing = ref.app is app and ref.type == type_name and known.standing is Standing.FAILING
        if failing and (known.retry or not moved.isdisjoint(known.involves)):
            wanted[ref.id] = None
    for record in here.values():
        if record.merged_into is not None:
            wanted[record.merged_into] = None
    if app is App.HUBSPOT:
        # Parted by hand, it may still name the Xero record, which somebody else is about to be linked with.
        wanted.update((each.hubspot, None) for each in state.apart if each.sync == sync.name and each.xero in there)
    info = catalogue.type(app, type_name)
    for word in filtered_by(sync, app):
        associated = catalogue.type(app, info.associations[word].type)
        for record in seen.of(app, associated.type).values():
            wanted.update(dict.fromkeys(record.associations.get(way_back(info, associated) or "", ())))
    again = _perhaps_outdated(sync, app, state, seen)
    again |= {
        record.ref.id
        for record in here.values()
        if record.merged_into is None and not record.associations.keys() >= set(made_of(sync, app))
    }
    return sorted(
        each for each in wanted.keys() | again if (each not in here or each in again) and each not in coverage.asked
    )


def _perhaps_outdated(sync: Sync, app: App, state: StateView, seen: Seen) -> set[str]:
    """HubSpot's search may show a record as it was some seconds ago (facts/hubspot.md 5). Where its partner was edited too, so that
    it may be written, it is read as it is: else an edit that the search doesn't show yet would be overwritten unseen."""
    if app is not App.HUBSPOT:
        return set()
    here, there = seen.of(app, sync.types[app]), seen.of(app.other, sync.types[app.other])
    asked = seen.coverage.get((app.other, sync.types[app.other]), Coverage(CoverageKind.SINCE)).asked
    edited = there.keys() - asked
    return {
        link.hubspot for link in state.links if link.sync == sync.name and link.xero in edited and link.hubspot in here
    }


def _lookups(sync: Sync, info: TypeInfo, state: StateView, seen: Seen, catalogue: Catalogue) -> Iterable[ReadRequest]:
    """Who in `info.app` has the key, or a unique value, of the other side's changed records without a partner?"""
    app = info.app
    coverage = seen.coverage.get((app, info.type), Coverage(CoverageKind.SINCE))
    if coverage.complete or app.other not in _feeding(sync):
        return
    linked = {link.side(app.other): link for link in state.links if link.sync == sync.name}
    here = [each for each in seen.of(app.other, sync.types[app.other]).values() if each.merged_into is None]
    strangers = [record for record in here if record.ref.id not in linked]
    wanted = _values_to_look_up(sync, app, strangers, info)
    for record in here:
        if record.ref.id in linked:
            _add_edited_unique_values(sync, app, record, state.bases.get(linked[record.ref.id].id, {}), wanted)
    for searched, values in wanted.items():
        known = coverage.searched.get(searched.name, frozenset())
        missing = tuple(sorted(value for value in values if value.casefold() not in known))
        if missing:
            yield ReadRequest(
                app,
                info.type,
                fields_to_read(sync, app, catalogue),
                where=(searched, missing),
                associations=associations_to_read(sync, app),
            )


def _feeding(sync: Sync) -> frozenset[App]:
    """The apps whose new records the sync carries over."""
    return frozenset(target.other for target in sync.direction.targets)


def _values_to_look_up(sync: Sync, app: App, strangers: Sequence[Record], info: TypeInfo) -> dict[Field, set[str]]:
    found: dict[Field, set[str]] = {}
    key_id = sync.match[0] if len(sync.match) == 1 else None
    for index, mapping in enumerate(sync.mappings):
        target = mapping.field(app)
        if mapping.id != key_id and not target.unique:
            continue
        for record in strangers:
            if key_id is not None and mapping.id == key_id and key_of(sync, record) is None:
                continue
            value = _in_terms_of(app, sync, record, index)
            if isinstance(value, str):
                found.setdefault(target, set()).add(value)
    return found


def _add_edited_unique_values(
    sync: Sync, app: App, record: Record, bases: Mapping[str, BaseValue], wanted: dict[Field, set[str]]
) -> None:
    """A linked record that was renamed may get a name that somebody else has."""
    for index, mapping in enumerate(sync.mappings):
        target = mapping.field(app)
        if target.unique and mapping.id in bases:
            value, before = _in_terms_of(app, sync, record, index), bases[mapping.id].side(app)
            if isinstance(value, str) and value.casefold() != str(before).casefold():
                wanted.setdefault(target, set()).add(value)


def _in_terms_of(app: App, sync: Sync, record: Record, index: int) -> Value:
    across = sync.compiled.to_xero if app is App.XERO else sync.compiled.to_hubspot
    try:
        return across(record.fields)[index]
    except (ConversionFailed, KeyError):
        # A value that can't be translated, or that the app delivered broken: the planner holds the record.
        return None


def _associated(sync: Sync, app: App, seen: Seen, catalogue: Catalogue) -> Iterable[ReadRequest]:
    """The associated records that this side's filters speak of: by the ids that the records themselves name, or all if many."""
    info = catalogue.type(app, sync.types[app])
    for word, fields in needed_of_associates(sync, app).items():
        type_name = info.associations[word].type
        coverage = seen.coverage.get((app, type_name), Coverage(CoverageKind.SINCE))
        here = seen.of(app, type_name)
        ids = {each for record in seen.of(app, info.type).values() for each in record.associations.get(word, ())}
        missing = sorted(each for each in ids if each not in here and each not in coverage.asked)
        if missing and not coverage.complete:
            yield ReadRequest(app, type_name, fields, ids=tuple(missing) if len(missing) <= MANY else None)


def of_the_books(sync: Sync, seen: Seen) -> bool:
    """Whether an invoice or a payment was seen, so that tax rates, accounts and currencies must be known."""
    trade = sync.invoices is not None or sync.payments is not None
    return trade and any(seen.of(app, sync.types[app]) for app in App)


def without_the_vanished(sync: Sync, app: App, seen: Seen, catalogue: Catalogue) -> None:
    """Takes out of the associations what was asked for and isn't there any more: an archived invoice is no invoice."""
    info = catalogue.type(app, sync.types[app])
    records = seen.of(app, info.type)
    for word in (*filtered_by(sync, app), *(word for word in made_of(sync, app) if word in LINE_WORDS)):
        type_name = info.associations[word].type
        here, coverage = seen.of(app, type_name), seen.coverage.get((app, type_name))
        if coverage is None:
            continue
        for record_id, record in records.items():
            ids = record.associations.get(word, ())
            left = tuple(each for each in ids if each in here or not (coverage.complete or each in coverage.asked))
            if left != ids:
                records[record_id] = replace(record, associations={**record.associations, word: left})
