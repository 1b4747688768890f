"""Which HubSpot record is which Xero record (design §2.2).

The link table is the truth. New links come from what a record remembers of its partner (second memory), or from a unique one-to-one
match of the sync's key. A link is never remade because a key changed; two candidates are a problem that names them, for these
records only. Merges are followed to the survivor. A person may say it instead (`hxrules link`, `hxrules unlink`): two that he has
parted are never matched with one another again, by neither of the two ways.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import Sync
from hxrules.planning.plan import short_digest
from hxrules.problems import Problem
from hxrules.records import Apart, App, Life, Link, Origin, Record, RecordRef, Sight, StateView
from hxrules.values import Value, encode


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are one thing in the world; at most one of them may be absent."""

    link: Link | None
    hubspot: Record | None
    xero: Record | None
    note: str = ""
    """How a new link was found."""
    new: bool = False

    by_hand: bool = False
    """A person has linked the two, and they meet for the first time."""

    def side(self, app: App) -> Record | None:
        return self.hubspot if app is App.HUBSPOT else self.xero


@dataclass(slots=True)
class Linking:
    """The result: pairs, records without partner, links with a side gone, and records that can't be told apart."""

    pairs: list[Pair] = field(default_factory=list)
    alone: list[Record] = field(default_factory=list)
    gone: list[tuple[Link, App, Record | None]] = field(default_factory=list)
    unseen: list[Link] = field(default_factory=list)
    """Links of which a needed side was not read: nothing is concluded."""
    problems: list[Problem] = field(default_factory=list)


def key_of(sync: Sync, record: Record) -> tuple[str, ...] | None:
    """The record's key in terms common to both apps (case ignored); `None` unless all its parts are known."""
    parts: list[str] = []
    for mapping_id in sync.match:
        mapping = next((each for each in sync.mappings if each.id == mapping_id), None)
        value: Value = None if mapping is None else record.fields.get(mapping.field(record.ref.app).name)
        if value is None:
            return None
        # 20 and 20.00 are one amount.
        parts.append(str(encode(value)).casefold())
    return tuple(parts) or None


def link_id(sync: str, hubspot: str, xero: str) -> str:
    """The id of a link: the same pair has the same id on every machine."""
    return short_digest("link", sync, hubspot, xero)


def link_command(one: RecordRef, other: RecordRef) -> str:
    """What a person types to say that two records belong together."""
    hubspot, xero = sorted((one, other))
    return f"hxrules link {hubspot} {xero}"


def link(
    snapshot: Sight,
    links: Iterable[Link],
    sync: Sync,
    remembering: Collection[App] = tuple(App),
    apart: Collection[Apart] = frozenset(),
) -> Linking:
    """Sorts the snapshot's records of a sync into pairs and records alone. `remembering` are the apps whose memory may be believed;
    `apart` are the pairs that a person has parted."""
    hubspot = snapshot.of(App.HUBSPOT, sync.types[App.HUBSPOT])
    xero = snapshot.of(App.XERO, sync.types[App.XERO])
    sides = {App.HUBSPOT: hubspot, App.XERO: xero}
    result = Linking()
    taken: dict[App, set[str]] = {App.HUBSPOT: set(), App.XERO: set()}
    known = sorted((each for each in links if each.sync == sync.name), key=lambda each: each.id)
    owners = {app: {each.side(app): each for each in known} for app in App}
    ends = {each.id: _followed(each, sides) for each in known}
    for each in known:
        followed = ends[each.id]
        taken[App.HUBSPOT].update((each.hubspot, followed.hubspot))
        taken[App.XERO].update((each.xero, followed.xero))
        problem, merged_away = _met(each, known, ends, sync)
        if problem is not None:
            result.problems.append(problem)
        elif merged_away is not None:
            result.gone.append((each, merged_away, None))
        else:
            _place(followed, each, sides, snapshot, sync, result)
    free = {app: {ref_id: record for ref_id, record in sides[app].items() if ref_id not in taken[app]} for app in App}
    _by_memory(sync, free, remembering, apart, result)
    _by_key(sync, free, sides, owners, apart, result)
    for app in App:
        result.alone.extend(free[app][ref_id] for ref_id in sorted(free[app]))
    return result


def _followed(each: Link, sides: Mapping[App, Mapping[str, Record]]) -> Link:
    """The link, with the survivor in the place of a record that was merged away."""
    followed = each
    for app in App:
        record = sides[app].get(each.side(app))
        if record is not None and record.life is Life.MERGED and record.merged_into is not None:
            followed = _moved(followed, app, record.merged_into)
    return followed


def _met(each: Link, known: Sequence[Link], ends: Mapping[str, Link], sync: Sync) -> tuple[Problem | None, App | None]:
    """What a merge has made of a link that ends at another one's record: HubSpot's survivor mostly has a new id (facts/hubspot.md 10).

    Merged in one app only: which partner is meant, only a person knows. Merged in both: one link is enough, and of this one the record
    in the app that is named is gone.
    """
    end = ends[each.id]
    for app in App:
        if end.side(app) == each.side(app):
            continue
        for rival in known:
            if rival is each or ends[rival.id].side(app) != end.side(app):
                continue
            if ends[rival.id].side(app.other) != end.side(app.other):
                return _half_merged(each, ends[rival.id], app, end.side(app), sync), None
            if (_moves(rival, ends), rival.id) < (_moves(each, ends), each.id):
                return None, app
    return None, None


def _moves(each: Link, ends: Mapping[str, Link]) -> int:
    return sum(ends[each.id].side(app) != each.side(app) for app in App)


def _half_merged(each: Link, rival: Link, app: App, survivor: str, sync: Sync) -> Problem:
    command = f"hxrules unlink {RecordRef(app, sync.types[app], each.side(app))}"
    return Problem(
        "HX204",
        f"merged in {app.brand}, but its partner wasn't merged in {app.other.brand}",
        cause=f"{app.brand} merged {each.side(app)} into {survivor}, which is the partner of {rival.side(app.other)} in "
        f"{app.other.brand} as well.",
        remedy=f"Merge the two records in {app.other.brand} as well. Or part the pair that no longer counts:\n"
        f"`{command}`",
        hubspot=RecordRef(App.HUBSPOT, sync.types[App.HUBSPOT], each.hubspot),
        xero=RecordRef(App.XERO, sync.types[App.XERO], each.xero),
        sync=sync.name,
        next_command=command,
    )


def _moved(link: Link, app: App, to: str) -> Link:
    return replace(link, hubspot=to) if app is App.HUBSPOT else replace(link, xero=to)


def _place(
    each: Link,
    before: Link,
    sides: Mapping[App, Mapping[str, Record]],
    snapshot: Sight,
    sync: Sync,
    result: Linking,
) -> None:
    found = {app: sides[app].get(each.side(app)) for app in App}
    binned = [app for app, record in found.items() if record is not None and _in_the_bin(record)]
    if each.gone is not None and (ended := found[each.gone]) is not None and ended.life is not Life.LIVE:
        # Taken away by an undo: Xero still shows what it has archived, voided or deleted.
        binned.append(each.gone)
    if binned:
        result.gone.append((each, binned[0], found[binned[0].other]))
        return
    missing = [app for app in App if found[app] is None]
    if not missing:
        moved = each is not before
        note = "follows a merge" if moved else ""
        result.pairs.append(Pair(each, found[App.HUBSPOT], found[App.XERO], note, new=moved))
        return
    certain = [app for app in missing if _certainly_gone(snapshot, app, sync.types[app], each.side(app))]
    if len(missing) == 2 and not certain:
        return  # Neither side was listed as changed: nothing to look at.
    if certain:
        result.gone.append((each, certain[0], found[certain[0].other]))
    else:
        result.unseen.append(each)


def _in_the_bin(record: Record) -> bool:
    """HubSpot's archive is its recycle bin: such a record is deleted. Xero's is a drawer: such a contact is still there."""
    return record.life is Life.ARCHIVED and record.ref.app is App.HUBSPOT


def _certainly_gone(snapshot: Sight, app: App, type_name: str, record_id: str) -> bool:
    coverage = snapshot.coverage.get((app, type_name))
    return coverage is not None and (coverage.complete or record_id in coverage.asked)


def _new_link(sync: Sync, hubspot: Record, xero: Record, made_by: Origin) -> Link:
    return Link(link_id(sync.name, hubspot.ref.id, xero.ref.id), sync.name, hubspot.ref.id, xero.ref.id, made_by)


def met_by_hand(pair: Pair, state: StateView) -> Pair:
    """A pair that a person has linked is a new one until it has been in step: it is shown as such, and remembered in HubSpot."""
    if pair.link is None or pair.link.made_by is not Origin.TOLD or state.bases.get(pair.link.id):
        return pair
    return replace(pair, note=pair.note or "linked by hand", new=True, by_hand=True)


def are_apart(sync: Sync, one: Record, other: Record, apart: Collection[Apart]) -> bool:
    """Has a person parted these two records, one of each app?"""
    hubspot, xero = (one, other) if one.ref.app is App.HUBSPOT else (other, one)
    return Apart(sync.name, hubspot.ref.id, xero.ref.id) in apart


def _by_memory(
    sync: Sync,
    free: dict[App, dict[str, Record]],
    remembering: Collection[App],
    apart: Collection[Apart],
    result: Linking,
) -> None:
    """Records that remember each other: how a lost state finds its pairs again."""
    believed = {app: free[app].values() if app in remembering else () for app in App}
    for record in sorted(believed[App.HUBSPOT], key=lambda each: each.ref.id):
        partner = free[App.XERO].get(record.memory or "")
        if partner is not None and record.life is Life.LIVE and not are_apart(sync, record, partner, apart):
            _join(sync, free, record, partner, "HubSpot remembers it", result)
    for record in sorted(believed[App.XERO], key=lambda each: each.ref.id):
        partner = free[App.HUBSPOT].get(record.memory or "")
        # Xero's number may be somebody's own numbering: it counts only where the two agree in something else too.
        meant = partner is not None and record.life is Life.LIVE and not are_apart(sync, partner, record, apart)
        if partner is not None and meant and _agree_somewhere(sync, partner, record):
            _join(sync, free, partner, record, "Xero remembers it", result)


def _agree_somewhere(sync: Sync, hubspot: Record, xero: Record) -> bool:
    try:
        said = zip(sync.compiled.to_xero(hubspot.fields), sync.compiled.xero(xero.fields), strict=True)
    except (ConversionFailed, KeyError):
        # A value that can't be compared, or that the app delivered broken: no evidence.
        return False
    return any(left is not None and left == right for left, right in said)


def _join(
    sync: Sync, free: dict[App, dict[str, Record]], hubspot: Record, xero: Record, note: str, result: Linking
) -> None:
    del free[App.HUBSPOT][hubspot.ref.id]
    del free[App.XERO][xero.ref.id]
    result.pairs.append(Pair(_new_link(sync, hubspot, xero, Origin.MATCHED), hubspot, xero, note, new=True))


def _by_key(
    sync: Sync,
    free: dict[App, dict[str, Record]],
    sides: Mapping[App, Mapping[str, Record]],
    owners: Mapping[App, Mapping[str, Link]],
    apart: Collection[Apart],
    result: Linking,
) -> None:
    keyed: dict[tuple[str, ...], dict[App, list[Record]]] = defaultdict(lambda: {App.HUBSPOT: [], App.XERO: []})
    ended: dict[tuple[App, tuple[str, ...]], list[Record]] = defaultdict(list)
    for app in App:
        for record in free[app].values():
            key = key_of(sync, record)
            if key is not None and record.life is Life.LIVE:
                keyed[key][app].append(record)
            elif key is not None and record.life in (Life.VOIDED, Life.DELETED):
                ended[app, key].append(record)
    linked: dict[App, dict[tuple[str, ...], Record]] = {App.HUBSPOT: {}, App.XERO: {}}
    for app in App:
        for record_id in owners[app]:
            owned = sides[app].get(record_id)
            owned_key = key_of(sync, owned) if owned is not None else None
            if owned is not None and owned_key is not None and owned.life is Life.LIVE:
                linked[app][owned_key] = owned
    name = " + ".join(sync.match)
    # What one field says names one record. Invoice, amount and day together do not: two payments may well be alike.
    names_one = len(sync.match) == 1
    for key in sorted(keyed):
        candidates = keyed[key]
        for app in App if names_one else ():
            # Voided while nobody looked, and its number lives on in the other app: that is no reason to make it again.
            candidates[app] = candidates[app] or ended[app, key]
        candidates = _possible(sync, candidates, apart)
        everyone = [*candidates[App.HUBSPOT], *candidates[App.XERO]]
        if len(candidates[App.HUBSPOT]) == 1 and len(candidates[App.XERO]) == 1:
            (hubspot,), (xero,) = candidates[App.HUBSPOT], candidates[App.XERO]
            _join(sync, free, hubspot, xero, f"same {name}", result)
        elif not names_one and not (candidates[App.HUBSPOT] and candidates[App.XERO]):
            continue
        elif len(candidates[App.HUBSPOT]) > 1 or len(candidates[App.XERO]) > 1:
            for record in everyone:
                del free[record.ref.app][record.ref.id]
                result.problems.append(_ambiguous(sync, record, everyone, name))
        elif everyone:
            (record,) = everyone
            rival = linked[record.ref.app.other].get(key)
            if rival is not None:
                # Its key belongs to a record that is another one's partner: making a second one would be a duplicate.
                del free[record.ref.app][record.ref.id]
                result.problems.append(_key_taken(sync, record, rival, owners, name))


def _possible(sync: Sync, candidates: dict[App, list[Record]], apart: Collection[Apart]) -> dict[App, list[Record]]:
    """Those of the same key, without the records that a person has parted from everyone across: they stand alone."""

    def possible(record: Record) -> bool:
        across = candidates[record.ref.app.other]
        return not across or not all(are_apart(sync, record, other, apart) for other in across)

    return {app: [record for record in candidates[app] if possible(record)] for app in App} if apart else candidates


def _ambiguous(sync: Sync, record: Record, everyone: list[Record], name: str) -> Problem:
    others = tuple(other.ref for other in sorted(everyone, key=lambda each: each.ref) if other is not record)
    across = next((ref for ref in others if ref.app is not record.ref.app), None)
    command = None if across is None else link_command(record.ref, across)
    told = "" if command is None else f" Or say which belong together, for example:\n`{command}`"
    listed = ", ".join(f"{ref.app.brand} {ref.id}" for ref in others)
    return Problem(
        "HX201",
        f"more than one record has the same {name}",
        cause=f"{record.ref.app.brand} {record.ref.id} shares its {name} with {listed}: which of them belong together "
        "can't be told.",
        remedy=f"Give each record its own {name}, or merge the duplicates in their app.{told}",
        hubspot=_if_of(record, App.HUBSPOT),
        xero=_if_of(record, App.XERO),
        sync=sync.name,
        involves=others,
        next_command=command,
    )


def _key_taken(
    sync: Sync, record: Record, rival: Record, owners: Mapping[App, Mapping[str, Link]], name: str
) -> Problem:
    app = record.ref.app
    partner = owners[rival.ref.app][rival.ref.id].side(app)
    return Problem(
        "HX202",
        f"its {name} belongs to a record that is linked already",
        cause=f"{rival.ref.app.brand} {rival.ref.id} has the same {name} and is the partner of {app.brand} {partner}.",
        remedy=f"Merge {app.brand} {record.ref.id} and {partner} if they are the same, else correct the {name} of one.",
        sync=sync.name,
        hubspot=_if_of(record, App.HUBSPOT),
        xero=_if_of(record, App.XERO),
        involves=(rival.ref, RecordRef(app, record.ref.type, partner)),
    )


def _if_of(record: Record, app: App) -> RecordRef | None:
    return record.ref if record.ref.app is app else None
