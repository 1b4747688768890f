"""One step of the state, inside the caller's transaction.

See also: `entries.Advance` (what a step is), `view` (the way back).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from hxrules.records import Apart, App, BaseValue, Known, Link, SyncState, chunks
from hxrules.state import tables as t
from hxrules.state.entries import Advance
from hxrules.values import pack

_AT_ONCE = 500
"""Ids in one `IN`: well below the number of variables that SQLite takes."""
_OF_A_SYNC = (
    (t.links, t.links.c.sync),
    (t.apart, t.apart.c.sync),
    (t.known, t.known.c.sync),
    (t.syncs, t.syncs.c.name),
)


def serial(connection: Connection) -> int:
    """How many steps this state has taken."""
    return int(connection.execute(select(t.state.c.serial)).scalar_one())


def advance(connection: Connection, change: Advance) -> int:
    """Does all that `change` says, in its order; the new serial."""
    for table, column in _OF_A_SYNC:
        _drop(connection, table, column == bindparam("a"), [(name,) for name in change.drop_syncs])
    _drop(connection, t.links, t.links.c.id == bindparam("a"), [(link,) for link in change.drop_links])
    _drop(connection, t.bases, t.bases.c.link == bindparam("a"), [(link,) for link in change.void_bases])
    one_record = and_(t.known.c.app == bindparam("a"), t.known.c.type == bindparam("b"), t.known.c.id == bindparam("c"))
    _drop(connection, t.known, one_record, change.forget)
    one_pair = and_(
        t.apart.c.sync == bindparam("a"), t.apart.c.hubspot == bindparam("b"), t.apart.c.xero == bindparam("c")
    )
    _drop(connection, t.apart, one_pair, change.together)
    _put(connection, t.links, map(_link_row, change.links))
    _put_bases(connection, change.bases)
    _put_apart(connection, change.apart)
    _put(connection, t.known, map(_known_row, change.known))
    _put(connection, t.syncs, map(_sync_row, change.syncs))
    step = update(t.state).values(serial=t.state.c.serial + 1).returning(t.state.c.serial)
    return int(connection.execute(step).scalar_one())


def _drop(connection: Connection, table: Table, where: ColumnElement[bool], keys: Iterable[tuple[str, ...]]) -> None:
    rows = [dict(zip("abc", key, strict=False)) for key in keys]
    if rows:
        connection.execute(delete(table).where(where), rows)


def _put(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Inserts, or replaces by primary key."""
    values = list(rows)
    if values:
        put = insert(table)
        others = {column.name: put.excluded[column.name] for column in table.columns if not column.primary_key}
        connection.execute(put.on_conflict_do_update(index_elements=list(table.primary_key), set_=others), values)


def _put_bases(connection: Connection, new: Mapping[str, Mapping[str, BaseValue]]) -> None:
    for link_ids in chunks(new, _AT_ONCE):
        query = select(t.bases.c.link, t.bases.c.fields).where(t.bases.c.link.in_(link_ids))
        fields: dict[str, dict[str, Any]] = dict(connection.execute(query).all())
        for link in link_ids:
            fields.setdefault(link, {}).update({mapping: _base(base) for mapping, base in new[link].items()})
        _put(connection, t.bases, [{"link": link, "fields": stored} for link, stored in fields.items() if stored])


def _put_apart(connection: Connection, pairs: Iterable[Apart]) -> None:
    rows = [pair._asdict() for pair in pairs]
    if rows:
        connection.execute(insert(t.apart).on_conflict_do_nothing(), rows)


def _base(base: BaseValue) -> list[Any]:
    return [pack(base.hubspot), pack(base.xero), base.mapping_digest, base.settled]


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "sync": link.sync,
        "hubspot": link.hubspot,
        "xero": link.xero,
        "made_by": link.made_by,
        "born_in": link.born_in,
        "member_hubspot": link.membership.get(App.HUBSPOT),
        "member_xero": link.membership.get(App.XERO),
        "gone": link.gone,
    }


def _known_row(known: Known) -> dict[str, Any]:
    return {
        "app": known.ref.app,
        "type": known.ref.type,
        "id": known.ref.id,
        "sync": known.sync,
        "updated": known.updated,
        "standing": known.standing,
        "reason": dict(known.reason),
        "involves": [list(ref) for ref in known.involves],
        "retry": known.retry,
    }


def _sync_row(sync: SyncState) -> dict[str, Any]:
    return {
        "name": sync.name,
        "started": sync.started,
        "digest": sync.digest,
        "watermark_hubspot": sync.watermarks.get(App.HUBSPOT),
        "watermark_xero": sync.watermarks.get(App.XERO),
        "full_read": sync.full_read,
        "last_run": sync.last_run,
    }
