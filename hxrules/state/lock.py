"""The lock: one run at a time writes to the apps. A row with its holder, renewed while the run lives.

Chose a lease with a random token, checked inside every writing transaction, instead of a transaction held open across
the network: a run that was asleep for longer than `FREE_AFTER` finds its token gone and stops, whatever it was about to
write (design §2.11).

See also: `store` (which checks it), `refusals` (what the second run is told).
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from hxrules.problems import Halt
from hxrules.state import refusals
from hxrules.state import tables as t
from hxrules.state.database import Database
from hxrules.state.entries import Holder

FREE_AFTER = timedelta(seconds=120)
"""A lock that was not renewed for so long is free (design §0.6)."""

RENEW_EVERY = timedelta(seconds=30)


class Lease:
    """A lock while it is held. `taken_from` names the run whose lock had run out, when it was not given back."""

    def __init__(self, database: Database, name: str, owner: str, now: Callable[[], datetime]) -> None:
        """Takes the lock. Raises `Halt` (9, HX510) that names the holder."""
        self.name = name
        self._database = database
        self._now = now
        self._token = uuid4().hex
        self._over = threading.Event()
        with database.writing() as connection:
            before = holder(connection, name)
            if not self._take(connection, owner):
                assert before is not None
                raise refusals.locked(before, FREE_AFTER)
        self.taken_from = before
        self._renewer = threading.Thread(target=self._keep, name=f"renews lock {name}", daemon=True)
        self._renewer.start()

    def held(self, connection: Connection) -> bool:
        """Whether it is still ours, as this transaction sees it."""
        return connection.execute(select(exists().where(self._mine))).scalar_one()

    def check(self, connection: Connection) -> None:
        """Raises `Halt` (9, HX511) when it is no longer ours."""
        if not self.held(connection):
            raise refusals.lock_lost(self.name, holder(connection, self.name))

    def renew(self) -> bool:
        """Holds on for another `FREE_AFTER`; false when it is no longer ours."""
        with self._database.writing() as connection:
            return connection.execute(update(t.locks).where(self._mine).values(renewed=self._now())).rowcount == 1

    def release(self) -> None:
        self._over.set()
        self._renewer.join()
        # Giving back what can't be written: it runs out by itself.
        with suppress(Halt), self._database.writing() as connection:
            connection.execute(delete(t.locks).where(self._mine))

    def _take(self, connection: Connection, owner: str) -> bool:
        now = self._now()
        row = {
            "token": self._token,
            "owner": owner,
            "host": socket.gethostname(),
            "machine": machine(),
            "pid": os.getpid(),
            "since": now,
            "renewed": now,
        }
        free = or_(t.locks.c.renewed <= now - FREE_AFTER, t.locks.c.token == _dead_token(connection, self.name))
        put = insert(t.locks).values(name=self.name, **row)
        put = put.on_conflict_do_update(index_elements=[t.locks.c.name], set_=row, where=free)
        return connection.execute(put).rowcount == 1

    def _keep(self) -> None:
        while not self._over.wait(RENEW_EVERY.total_seconds()):
            # A disk that is busy or full now may not be so at the next turn, long before the lock is free.
            with suppress(Halt):
                if not self.renew():
                    return

    @property
    def _mine(self) -> ColumnElement[bool]:
        return and_(t.locks.c.name == self.name, t.locks.c.token == self._token)


def holder(connection: Connection, name: str) -> Holder | None:
    """Who has the lock, whether or not it has run out."""
    columns = (t.locks.c.owner, t.locks.c.host, t.locks.c.pid, t.locks.c.since, t.locks.c.renewed)
    row = connection.execute(select(*columns).where(t.locks.c.name == name)).one_or_none()
    return None if row is None else Holder(name, *row)


def machine() -> str | None:
    """Which kernel and process table this process lives in: only there its number means something. `None`: unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _dead_token(connection: Connection, name: str) -> str | None:
    """The token of a holder that was a process of this very machine and is no more: killed, so it can't come back."""
    here = machine()
    query = select(t.locks.c.token, t.locks.c.pid).where(t.locks.c.name == name, t.locks.c.machine == here)
    row = connection.execute(query).one_or_none() if here else None
    return row.token if row is not None and not Path(f"/proc/{row.pid}").exists() else None
