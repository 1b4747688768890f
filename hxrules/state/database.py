"""The file under the state: where it lies, how it is made, opened and brought up to date, and what its errors mean.

SQLite in WAL mode, each commit flushed to the disk. A new file is made beside its place, whole, and then linked into it:
nobody ever sees a half-made state, and of two processes that make one at the same time the second finds the first one's.

See also: `tables` (what is inside), `migrations` (older versions), `refusals` (what a person is told).
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from hxrules.problems import Halt
from hxrules.state import refusals
from hxrules.state import tables as t

BUSY_TIMEOUT = 15.0
"""Seconds to wait for another process's transaction; ours are short."""

MIGRATIONS = Path(__file__).parent / "migrations"


def location(url: str) -> Path:
    """The file that an `HXRULES_STATE` URL names (design §0.3). Raises `Halt` (HX501) for anything but `sqlite:///…`."""
    scheme, _, rest = url.partition("://")
    path = rest.removeprefix("/")
    if scheme != "sqlite" or not rest.startswith("/") or not path or path == ":memory:" or "?" in path:
        raise refusals.unsupported_url(scheme[:20])
    return Path(path)


class Database:
    """An open state file: transactions to read and to write, with the database's errors as `Halt`s."""

    def __init__(self, path: Path, *, looking: bool = False, making: Path | None = None) -> None:
        """`making` is where the file of `path` lies until it is whole."""
        self.path = path
        self._looking = looking
        self._engine = _engine(making or path, looking=looking)
        self._writer = self._engine.execution_options(immediate=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; never waits for a writer. What makes no sense of what is read is damage."""
        try:
            with self._translated(), self._engine.begin() as connection:
                yield connection
        except (ValueError, KeyError, TypeError) as error:
            raise refusals.not_a_state(self.path, str(error)) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One durable transaction, alone among all writers: committed at the end, or undone by any exception."""
        with self._translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def write_ahead(self) -> None:
        """Turns on WAL, once and for all time of the file: readers and a writer don't wait for each other."""
        with self._translated(), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA journal_mode = WAL")

    def bring_up_to_date(self) -> None:
        """Refuses what is no state or a newer one; migrates an older one, in one transaction."""
        with self.reading() as connection:
            found = self._version(connection)
        if found == t.HEAD:
            return
        if self._looking:
            with closing(Database(self.path)) as writable:
                writable.bring_up_to_date()
            return
        # Another process may do it while this one waits for its turn: then nothing is left to do.
        with self.writing() as connection:
            _migrate(connection, self.path)

    def _version(self, connection: Connection) -> str:
        names = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
        if not {"alembic_version", "state", "links"} <= names:
            raise refusals.not_a_state(self.path, "its tables are others")
        found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
        if not found.isdecimal():
            raise refusals.not_a_state(self.path, f"version {found}")
        if found > t.HEAD:
            raise refusals.newer_format(self.path, found, t.HEAD)
        return found

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            halt = _meaning(self.path, error.orig if isinstance(error, DBAPIError) else error)
            if halt is None:
                raise
            raise halt from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise refusals.not_a_state(self.path, str(error)) from error


def present(path: Path) -> bool:
    """Whether something was ever written there. Raises `Halt` (HX505) when that can't be seen."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _from_system(path, error) from error


def check_rights(path: Path) -> None:
    """Raises `Halt` (HX505, HX506) before anything is begun that could not be written down."""
    if not os.access(path, os.R_OK):
        raise refusals.no_permission(path, "its mode forbids it")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise refusals.read_only(path)


def create(path: Path) -> None:
    """Makes the state file, for its owner alone; leaves one that is there. Raises `Halt` (HX505, 506, 507, 512)."""
    making = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(Database(path, making=making)) as database:
            database.write_ahead()
            with database.writing() as connection:
                _migrate(connection, path)
                connection.execute(insert(t.state).values(id=1, lineage=uuid4().hex, serial=0))
        _put_in_place(making, path)
    except OSError as error:
        raise _from_system(path, error) from error
    finally:
        for leftover in (making, *_companions(making)):
            with suppress(OSError):
                leftover.unlink()


def _put_in_place(made: Path, path: Path) -> None:
    if path.exists() and not path.stat().st_size:
        made.replace(path)
    else:
        try:
            path.hardlink_to(made)
        except FileExistsError:
            return  # another process was first: its state is the state
        except OSError:
            made.replace(path)  # a file system without hard links
    # Not every system can flush a folder; those that can must not lose the file when the power goes.
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _engine(path: Path, *, looking: bool) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=_connector(path, looking=looking), poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _connector(path: Path, *, looking: bool) -> Callable[[], sqlite3.Connection]:
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    # A folder that nobody may write to, and no open writer: the file can't change, and WAL's companions can't be made.
    if looking and not os.access(path.parent, os.W_OK) and not any(f.exists() for f in _companions(path)):
        uri += "&immutable=1"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA query_only = {int(looking)}")
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _migrate(connection: Connection, path: Path) -> None:
    # Alembic takes longer to import than most commands to run, and is needed once in the life of a version.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise refusals.not_a_state(path, str(error)) from error


def _meaning(path: Path, error: BaseException | None) -> Halt | None:
    """What an error of the database says to a person; `None` for one that only a fault of ours can cause."""
    name = str(getattr(error, "sqlite_errorname", "SQLITE_ERROR"))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT")):
        return refusals.not_a_state(path, str(error))
    if name.startswith("SQLITE_FULL"):
        return refusals.disk_full(path)
    if name.startswith("SQLITE_READONLY"):
        return refusals.read_only(path)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return refusals.no_permission(path, str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return refusals.busy(path)
    if name.startswith("SQLITE_IOERR"):
        return refusals.disk_error(path, str(error))
    return None


def _from_system(path: Path, error: OSError) -> Halt:
    """What an error of the operating system says to a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return refusals.disk_full(path)
    if error.errno == errno.EROFS:
        return refusals.read_only(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
        return refusals.no_permission(path, str(error.strerror))
    return refusals.disk_error(path, str(error.strerror))
