"""The state as the planner and `status` see it. See also: `advance` (how it came to be so), `records` (the words)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Subquery, Text, and_, case, func, literal, select, type_coerce, union_all

from hxrules.records import (
    Apart,
    App,
    BaseValue,
    Known,
    Link,
    Membership,
    Origin,
    RecordRef,
    Standing,
    StateView,
    SyncState,
)
from hxrules.state import refusals
from hxrules.state import tables as t
from hxrules.state.entries import StandingRow
from hxrules.values import unpack

_APPS = {app.value: app for app in App}
_STANDINGS = {standing.value: standing for standing in Standing}
_MEMBERSHIPS = {membership.value: membership for membership in Membership}
_ORIGINS = {origin.value: origin for origin in Origin}
_COUNTED = (Standing.FAILING, Standing.EXCLUDED, Standing.IN_SYNC)
"""Worst first: where a pair's sides stand apart, the worse one says where the pair stands."""
_BASES = select(t.bases.c.link, type_coerce(t.bases.c.fields, Text))
_KNOWN = select(*(type_coerce(c, Text) if isinstance(c.type, t.Instant | t.JsonText) else c for c in t.known.columns))
"""Dates and JSON as text: of many thousand rows few have any, and `_known` reads those faster."""


class Bases(Mapping[str, Mapping[str, BaseValue]]):
    """All bases by link id, decoded when asked for: a plan looks at few of them."""

    def __init__(self, stored: dict[str, str], path: Path) -> None:
        self._stored = stored
        self._path = path
        self._decoded: dict[str, Mapping[str, BaseValue]] = {}

    def __getitem__(self, link: str) -> Mapping[str, BaseValue]:
        found = self._decoded.get(link)
        if found is None:
            found = self._decoded[link] = self._decode(self._stored[link])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, link: object) -> bool:
        return link in self._stored

    def _decode(self, text: str) -> dict[str, BaseValue]:
        try:
            return {
                mapping: BaseValue(unpack(hubspot), unpack(xero), digest, settled)
                for mapping, (hubspot, xero, digest, settled) in json.loads(text).items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise refusals.not_a_state(self._path, str(error)) from error


def view(connection: Connection, path: Path) -> StateView:
    """Everything, as of this transaction."""
    head = connection.execute(select(t.state)).one()
    return StateView(
        lineage=head.lineage,
        serial=head.serial,
        portal=head.portal,
        tenant=head.tenant,
        links=tuple(map(_link, connection.execute(select(t.links).order_by(t.links.c.id)).all())),
        bases=Bases(dict(connection.execute(_BASES).all()), path),
        known={known.ref: known for known in map(_known, connection.execute(_KNOWN).all())},
        syncs={row.name: _sync(row) for row in connection.execute(select(t.syncs))},
        apart=frozenset(Apart(*row) for row in connection.execute(select(t.apart))),
    )


def counts(connection: Connection) -> dict[str, dict[Standing, int]]:
    """By sync, R20's three numbers each."""
    pairs = _pairs()
    counted = and_(pairs.c.place == 1, pairs.c.standing.in_(_COUNTED))
    query = select(pairs.c.sync, pairs.c.standing, func.count()).where(counted)
    found = {name: dict.fromkeys(_COUNTED, 0) for name in connection.execute(select(t.syncs.c.name)).scalars()}
    for sync, standing, number in connection.execute(query.group_by(pairs.c.sync, pairs.c.standing)):
        found.setdefault(sync, dict.fromkeys(_COUNTED, 0))[Standing(standing)] = number
    return found


def records(connection: Connection, sync: str, standing: Standing) -> list[StandingRow]:
    """Those that `counts` counted under `sync` and `standing`."""
    pairs = _pairs()
    there = and_(pairs.c.sync == sync, pairs.c.standing == standing, pairs.c.place == 1)
    query = select(pairs.c.hubspot, pairs.c.xero, pairs.c.reason).where(there).order_by(pairs.c.hubspot, pairs.c.xero)
    return [StandingRow(*row) for row in connection.execute(query)]


def _pairs() -> Subquery:
    """Every known record with its partner, if it is linked. `place` 1 speaks for a pair: the side that stands worse."""
    sides = []
    own = {App.HUBSPOT: t.links.c.hubspot, App.XERO: t.links.c.xero}
    for app in App:
        linked = and_(t.links.c.sync == t.known.c.sync, own[app] == t.known.c.id)
        ids = {app: t.known.c.id, app.other: own[app.other]}
        sides.append(
            select(
                t.known.c.sync,
                t.known.c.standing,
                t.known.c.reason,
                ids[App.HUBSPOT].label("hubspot"),
                ids[App.XERO].label("xero"),
                func.coalesce(t.links.c.id, literal(f"{app.value}:") + t.known.c.id).label("pair"),
            )
            .outerjoin_from(t.known, t.links, linked)
            .where(t.known.c.app == app)
        )
    both = union_all(*sides).subquery()
    worst_first = case({standing: number for number, standing in enumerate(_COUNTED)}, value=both.c.standing, else_=9)
    order = (worst_first, both.c.reason.desc())
    place = func.row_number().over(partition_by=(both.c.sync, both.c.pair), order_by=order)
    return select(both, place.label("place")).subquery()


def _link(row: Sequence[Any]) -> Link:
    id_, sync, hubspot, xero, made_by, born_in, member_hubspot, member_xero, gone = row
    membership = {}
    if member_hubspot is not None:
        membership[App.HUBSPOT] = _MEMBERSHIPS[member_hubspot]
    if member_xero is not None:
        membership[App.XERO] = _MEMBERSHIPS[member_xero]
    return Link(
        id=id_,
        sync=sync,
        hubspot=hubspot,
        xero=xero,
        made_by=_ORIGINS[made_by],
        born_in=_APPS[born_in] if born_in else None,
        membership=membership,
        gone=_APPS[gone] if gone else None,
    )


def _known(row: Sequence[Any]) -> Known:
    app, type_name, id_, sync, updated, standing, reason, involves, retry = row
    return Known(
        ref=RecordRef(_APPS[app], type_name, id_),
        sync=sync,
        updated=datetime.fromisoformat(updated) if updated else None,
        standing=_STANDINGS[standing],
        reason=json.loads(reason) if reason else {},
        involves=tuple(RecordRef(_APPS[a], b, c) for a, b, c in json.loads(involves)) if involves else (),
        retry=retry,
    )


def _sync(row: Row[Any]) -> SyncState:
    marks = {App.HUBSPOT: row.watermark_hubspot, App.XERO: row.watermark_xero}
    return SyncState(
        name=row.name,
        started=row.started,
        digest=row.digest,
        watermarks={app: mark for app, mark in marks.items() if mark is not None},
        full_read=row.full_read,
        last_run=row.last_run,
    )
