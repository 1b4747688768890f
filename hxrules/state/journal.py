"""The journal: every run, every effect that was tried, what became of it. Rows are added, never taken away.

Each function works inside the caller's transaction, so that an effect's settlement stands or falls with the links and
bases that it brought (design §2.5). See also: `store` (who calls), `entries` (the words).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from hxrules.records import App
from hxrules.state import tables as t
from hxrules.state.entries import STOPPED, Intent, JournaledEffect, JournaledRun, RunHeader, Settled


def begin(connection: Connection, run: RunHeader, serial: int) -> None:
    connection.execute(
        insert(t.runs).values(
            id=run.id,
            plan=run.plan,
            started=run.started,
            ruleset=run.ruleset,
            version=run.version,
            digest=run.digest,
            commit=run.commit,
            who=run.who,
            host=run.host,
            command=run.command,
            serial=serial,
        )
    )


def intend(connection: Connection, run_id: str, intents: Iterable[Intent], now: datetime) -> None:
    rows = [
        {
            "run": run_id,
            "effect": intent.effect,
            "seq": intent.seq,
            "change": intent.change,
            "sync": intent.sync,
            "app": intent.app.value,
            "type": intent.type,
            "id": intent.id,
            "body": dict(intent.body),
            "intended": now,
            "open": True,
        }
        for intent in intents
    ]
    if rows:
        connection.execute(insert(t.intents), rows)


def settle(connection: Connection, run_id: str, settled: Iterable[Settled], serial: int, now: datetime) -> None:
    rows = [
        {
            "run": run_id,
            "effect": one.effect,
            "state": one.state,
            "id": one.id,
            "answer": dict(one.answer),
            "error": one.error and dict(one.error),
            "settled": now,
        }
        for one in settled
    ]
    if rows:
        connection.execute(insert(t.settlements), rows)
    closed = [{"of_run": run_id, "of_effect": row["effect"]} for row in rows if row["state"] != "in-doubt"]
    if closed:
        one_intent = and_(t.intents.c.run == bindparam("of_run"), t.intents.c.effect == bindparam("of_effect"))
        connection.execute(update(t.intents).where(one_intent).values(open=False), closed)
    connection.execute(update(t.runs).where(t.runs.c.id == run_id).values(serial=serial))


def finish(
    connection: Connection,
    run_id: str,
    outcome: str,
    summary: Mapping[str, Any],
    calls: Mapping[str, int],
    finished: datetime,
) -> None:
    connection.execute(
        update(t.runs)
        .where(t.runs.c.id == run_id)
        .values(outcome=outcome, summary=dict(summary), calls=dict(calls), finished=finished)
    )


def unsettled(connection: Connection) -> list[tuple[RunHeader, Intent]]:
    query = (
        select(t.runs, t.intents)
        .join_from(t.intents, t.runs)
        .where(t.intents.c.open)
        .order_by(t.runs.c.started, t.runs.c.id, t.intents.c.seq)
    )
    return [(_header(row), _intent(row)) for row in connection.execute(query)]


def runs(connection: Connection, limit: int | None) -> list[JournaledRun]:
    query = select(t.runs).order_by(t.runs.c.started.desc(), t.runs.c.id).limit(limit)
    return [_run(row) for row in connection.execute(query)]


def run(connection: Connection, run_id: str) -> JournaledRun | None:
    row = connection.execute(select(t.runs).where(t.runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def runs_of(connection: Connection, plan_id: str) -> list[JournaledRun]:
    query = select(t.runs).where(t.runs.c.plan == plan_id).order_by(t.runs.c.started, t.runs.c.id)
    return [_run(row) for row in connection.execute(query)]


def effects(connection: Connection, run_id: str) -> list[JournaledEffect]:
    query = _effects().where(t.intents.c.run == run_id).order_by(t.intents.c.seq, t.intents.c.effect)
    return [_effect(row) for row in connection.execute(query)]


def last_applied(connection: Connection) -> RunHeader | None:
    """The newest finished run that applied a ruleset; one that only undid another doesn't count."""
    query = select(t.runs).where(t.runs.c.finished.is_not(None), t.runs.c.command == "apply")
    row = connection.execute(query.order_by(t.runs.c.started.desc(), t.runs.c.id).limit(1)).one_or_none()
    return None if row is None else _header(row)


def keep_ruleset(connection: Connection, digest: str, texts: Mapping[str, Any]) -> None:
    """Writes what a ruleset says, in the place of an older text of the same meaning."""
    put = upsert(t.rulesets).values(digest=digest, texts=dict(texts))
    connection.execute(put.on_conflict_do_update(index_elements=["digest"], set_={"texts": put.excluded.texts}))


def ruleset(connection: Connection, digest: str) -> Mapping[str, Any] | None:
    """What the ruleset of that digest said; `None` where no run has kept it."""
    found: Mapping[str, Any] | None = connection.execute(
        select(t.rulesets.c.texts).where(t.rulesets.c.digest == digest)
    ).scalar()
    return found


def applied(connection: Connection, plan_id: str) -> RunHeader | None:
    used_up = and_(t.runs.c.plan == plan_id, t.runs.c.finished.is_not(None), t.runs.c.outcome != STOPPED)
    row = connection.execute(select(t.runs).where(used_up).order_by(t.runs.c.started).limit(1)).one_or_none()
    return None if row is None else _header(row)


def _effects() -> Select[Any]:
    latest = (
        select(func.max(t.settlements.c.number))
        .where(t.settlements.c.run == t.intents.c.run, t.settlements.c.effect == t.intents.c.effect)
        .correlate(t.intents)
        .scalar_subquery()
    )
    return select(t.intents, t.settlements).outerjoin(t.settlements, t.settlements.c.number == latest)


def _header(row: Row[Any]) -> RunHeader:
    c, of = t.runs.c, row._mapping
    return RunHeader(
        id=of[c.id],
        plan=of[c.plan],
        started=of[c.started],
        ruleset=of[c.ruleset],
        version=of[c.version],
        digest=of[c.digest],
        commit=of[c.commit],
        who=of[c.who],
        host=of[c.host],
        command=of[c.command],
    )


def _run(row: Row[Any]) -> JournaledRun:
    c, of = t.runs.c, row._mapping
    return JournaledRun(
        header=_header(row),
        serial=of[c.serial],
        finished=of[c.finished],
        outcome=of[c.outcome],
        summary=of[c.summary],
        calls=of[c.calls],
    )


def _intent(row: Row[Any]) -> Intent:
    c, of = t.intents.c, row._mapping
    return Intent(
        effect=of[c.effect],
        change=of[c.change],
        sync=of[c.sync],
        app=App(of[c.app]),
        type=of[c.type],
        id=of[c.id],
        body=of[c.body],
        seq=of[c.seq],
    )


def _effect(row: Row[Any]) -> JournaledEffect:
    c, of = t.settlements.c, row._mapping
    intended = of[t.intents.c.intended]
    if of[c.number] is None:
        return JournaledEffect(_intent(row), intended)
    settled = Settled(
        effect=of[c.effect], state=of[c.state], id=of[c.id], answer=of[c.answer], error=of[c.error] or None
    )
    return JournaledEffect(_intent(row), intended, settled, of[c.settled])
