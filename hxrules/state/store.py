"""The door to the state: open it, see all of it, take it a step further, journal a run, hold the lock.

Each method is one transaction. While a lock is held, everything that is written checks in its own transaction that it
still is (design §2.11): a run that lost its lock stops with `Halt` (9, HX511) instead of writing.

See also: `entries` (the words), `advance` and `view` (the tables), `journal`, `lock`, `dump`, `database` (the file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, select, update

from hxrules.records import Standing, StateView
from hxrules.state import advance as steps
from hxrules.state import dump, journal, refusals
from hxrules.state import tables as t
from hxrules.state import view as views
from hxrules.state.database import Database, check_rights, create, location, present
from hxrules.state.entries import (
    Advance,
    Holder,
    Intent,
    JournaledEffect,
    JournaledRun,
    RunHeader,
    Settled,
    StandingRow,
)
from hxrules.state.lock import Lease, holder


def open_store(url: str, *, now: Callable[[], datetime]) -> Store:
    """Opens the state to read and write; makes it (folder 0700, file 0600) where there is none, migrates an older one.

    `url` is `HXRULES_STATE`; `now` gives aware UTC instants. Raises `Halt`, and then nothing was changed: HX501 no file
    URL, HX502 newer format, HX504 damaged or not a state, HX505 no permission, HX506 read-only, HX507 disk full, HX508
    in use, HX512 disk error.
    """
    path = location(url)
    if not present(path):
        create(path)
    check_rights(path)
    return _opened(Store(Database(path), now))


def peek_store(url: str) -> Store | None:
    """Opens the state only to look, for `status`, `show` and `dry-run`. `None` where there is none, and none is made.

    Any attempt to write raises `Halt` (1, HX506). Raises as `open_store` does.
    """
    path = location(url)
    if not present(path):
        return None

    def no_clock() -> datetime:
        raise refusals.read_only(path)

    return _opened(Store(Database(path, looking=True), no_clock))


def _opened(store: Store) -> Store:
    try:
        store._database.bring_up_to_date()
    except BaseException:
        store.close()
        raise
    return store


class Store:
    """An open state. Close it, or use it in a `with`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._leases: list[Lease] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    # --- what the planner sees ----------------------------------------------------------------------------------------

    def view(self) -> StateView:
        """All of the state at one moment. Bases are decoded when they are asked for."""
        with self._database.reading() as connection:
            return views.view(connection, self._database.path)

    def check(self, portal: int, tenant: str) -> None:
        """Raises `Halt` (5, HX503) when the state is tied to another pair of accounts."""
        with self._database.reading() as connection:
            bound = connection.execute(select(t.state.c.portal, t.state.c.tenant)).one()
        if bound.portal is not None and (bound.portal, bound.tenant) != (portal, tenant):
            raise refusals.other_accounts(self._database.path, (bound.portal, bound.tenant), (portal, tenant))

    def bind(self, portal: int, tenant: str) -> None:
        """Ties the state to a pair of accounts the first time; afterwards raises as `check` does for any other pair."""
        self.check(portal, tenant)
        with self._writing() as connection:
            connection.execute(update(t.state).where(t.state.c.portal.is_(None)).values(portal=portal, tenant=tenant))

    def advance(self, change: Advance) -> None:
        """Takes the state one step further, in one transaction; the serial goes up by one."""
        with self._writing() as connection:
            steps.advance(connection, change)

    # --- R20: in sync, excluded, failing ------------------------------------------------------------------------------

    def counts(self) -> dict[str, dict[Standing, int]]:
        """How many records of each sync stand where (R20). A linked pair counts once, where its worse side stands."""
        with self._database.reading() as connection:
            return views.counts(connection)

    def records(self, sync: str, standing: Standing) -> Iterator[StandingRow]:
        """The records and linked pairs that `counts` counted there, with the reason, ordered by HubSpot and Xero id."""
        with self._database.reading() as connection:
            return iter(views.records(connection, sync, standing))

    # --- the journal --------------------------------------------------------------------------------------------------

    def begin(self, run: RunHeader) -> None:
        """Writes a run's header, before its first effect."""
        with self._writing() as connection:
            journal.begin(connection, run, steps.serial(connection))

    def intend(self, run_id: str, intents: Iterable[Intent]) -> None:
        """Makes effects durable before anything of them is sent. An effect is intended once in a run."""
        with self._writing() as connection:
            journal.intend(connection, run_id, intents, self._now())

    def settle(self, run_id: str, settled: Iterable[Settled], advance: Advance) -> None:
        """Writes what became of effects together with the links, bases and knowledge that they brought; serial + 1.

        For effects that an earlier run left in doubt, `run_id` is that earlier run's.
        """
        with self._writing() as connection:
            serial = steps.advance(connection, advance)
            journal.settle(connection, run_id, settled, serial, self._now())

    def finish(
        self, run_id: str, outcome: str, summary: Mapping[str, Any], calls: Mapping[str, int], finished: datetime
    ) -> None:
        """Closes a run. With any outcome but `STOPPED` its plan is used up. Needs no lock: it only speaks of itself."""
        with self._database.writing() as connection:
            journal.finish(connection, run_id, outcome, summary, calls, finished)

    def unsettled(self) -> list[tuple[RunHeader, Intent]]:
        """Effects whose end is unknown: intended and never settled, or in doubt. Oldest first."""
        with self._database.reading() as connection:
            return journal.unsettled(connection)

    def runs(self, limit: int | None = None) -> list[JournaledRun]:
        """Runs, newest first."""
        with self._database.reading() as connection:
            return journal.runs(connection, limit)

    def run(self, run_id: str) -> JournaledRun | None:
        with self._database.reading() as connection:
            return journal.run(connection, run_id)

    def runs_of(self, plan_id: str) -> list[JournaledRun]:
        """The runs that applied a plan, oldest first: more than one when it was stopped and went on."""
        with self._database.reading() as connection:
            return journal.runs_of(connection, plan_id)

    def effects(self, run_id: str) -> list[JournaledEffect]:
        """A run's effects in their order, each with its latest settlement."""
        with self._database.reading() as connection:
            return journal.effects(connection, run_id)

    def applied(self, plan_id: str) -> RunHeader | None:
        """The run that used the plan up; `None` while it may still be applied."""
        with self._database.reading() as connection:
            return journal.applied(connection, plan_id)

    def last_applied(self) -> RunHeader | None:
        """The newest finished run that applied a ruleset."""
        with self._database.reading() as connection:
            return journal.last_applied(connection)

    def keep_ruleset(self, digest: str, texts: Mapping[str, Any]) -> None:
        """Remembers what a run's ruleset says (JSON), once for each digest; writes nothing where it is there already."""
        if self.ruleset(digest) != texts:
            with self._writing() as connection:
                journal.keep_ruleset(connection, digest, texts)

    def ruleset(self, digest: str) -> Mapping[str, Any] | None:
        """What the ruleset of that digest said; `None` where no run has kept it."""
        with self._database.reading() as connection:
            return journal.ruleset(connection, digest)

    # --- the lock -----------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self, name: str, owner: str) -> Iterator[Lease]:
        """Holds a lock for the length of a `with`. Raises `Halt` (9, HX510) that names its holder.

        `owner` is who a second run is told about: a person and a command. `Lease.taken_from` is the run that left the
        lock behind, if one did.
        """
        lease = Lease(self._database, name, owner, self._now)
        self._leases.append(lease)
        try:
            yield lease
        finally:
            self._leases.remove(lease)
            lease.release()

    def holder(self, name: str) -> Holder | None:
        """Who holds a lock, or left it behind."""
        with self._database.reading() as connection:
            return holder(connection, name)

    def still_mine(self) -> bool:
        """Whether every lock that this store took is still its own."""
        with self._database.reading() as connection:
            return all(lease.held(connection) for lease in self._leases)

    # --- moving house -------------------------------------------------------------------------------------------------

    def export(self, file: Path) -> None:
        """Writes all of the state as JSON lines, for its owner alone (0600); replaces the file as a whole."""
        with self._database.reading() as connection:
            dump.export(connection, file)

    def restore(self, file: Path) -> None:
        """Loads an export into a state that is still empty, with lineage and serial. Raises `Halt` (5, HX509)."""
        with self._writing() as connection:
            dump.restore(connection, file)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._database.writing() as connection:
            for lease in self._leases:
                lease.check(connection)
            yield connection
