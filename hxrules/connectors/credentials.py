"""Where connections are kept: what they open in a small file, their secrets in the system's keyring where there is one.

The file (`credentials.json` of the user's configuration folder, or `HXRULES_CREDENTIALS`) is for its owner only. It says of each
connection what it opens, and where its secrets are: in the keyring, or, where there is none or it takes none (Windows holds at
most 1,280 characters), in the file itself. `HXRULES_KEYRING=off` leaves the keyring alone.

A connection is kept for one address of an API, so that the token of a sandbox is never sent to the vendor, nor the other way.
Invariants: the file is replaced as a whole, so a crash leaves the old one or the new one; locks are held among processes, and that
of a process which dies is free at once. See also: `settings` (who asks), `oauth_renewal` (who renews).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hxrules.problems import Halt, Problem
from hxrules.records import App

SERVICE: Final = "hxrules"
"""The name under which the keyring shows our entries."""
LOCK_PATIENCE: Final = 300.0
"""Seconds to wait for another process: longer than it can take to renew a token (`http.DEADLINE`)."""


class Kind(StrEnum):
    """How an account is opened."""

    TOKEN = "token"
    """A token that somebody made in HubSpot."""
    OAUTH = "oauth"
    """A consent, renewed by its refresh token."""
    CUSTOM = "custom"
    """A Xero custom connection: the client's id and secret."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be shown. For a `TOKEN` the access token alone, for a `CUSTOM` the client's secret alone."""

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    expires: datetime | None = None
    """Of the access token."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The secret texts themselves, for whoever has to hide them."""
        return tuple(filter(None, (self.access_token, self.refresh_token, self.client_secret)))


@dataclass(frozen=True, slots=True)
class Connection:
    """One account and how it is opened; nothing in it is secret."""

    app: App
    root: str
    """The address of the API that it is for."""
    kind: Kind
    account: str
    """The portal's or the tenant's id."""
    name: str
    """What people call the account."""
    made: datetime
    client_id: str = ""
    scopes: tuple[str, ...] = ()
    """What was granted; empty when that can't be told."""

    @property
    def key(self) -> str:
        return f"{self.app}@{urlsplit(self.root).netloc}"


class _Entry(msgspec.Struct, frozen=True):
    """A connection as the file has it; `secrets` is absent when they are in the keyring."""

    connection: Connection
    secrets: Secrets | None = None


class Credentials:
    """The connections of one user. Cheap to make: nothing is read before it is asked for."""

    def __init__(self, path: Path, *, keyring: bool) -> None:
        self.path = path
        self._keyring = keyring

    def connections(self) -> list[Connection]:
        """All that are kept, in order. Raises `Halt` (7, `HX409`), as every method here does."""
        return [entry.connection for _, entry in sorted(self._read().items())]

    def find(self, app: App, root: str) -> Connection | None:
        """The connection to an app at this address."""
        return next((each for each in self.connections() if (each.app, each.root) == (app, root)), None)

    def in_keyring(self, connection: Connection) -> bool:
        """Whether its secrets are in the keyring rather than in the file."""
        entry = self._read().get(connection.key)
        return entry is not None and entry.secrets is None

    def secrets(self, connection: Connection) -> Secrets:
        """Its secrets as they are now: another process may have renewed them."""
        entry = self._read().get(connection.key)
        if entry is None:
            raise Halt(7, [_gone(connection)])
        if entry.secrets is not None:
            return entry.secrets
        if not self._keyring:
            why = "HXRULES_KEYRING=off keeps hxrules away from it."
            raise self._unusable(f"The secrets of the {connection.app.brand} connection are in the keyring", why)
        try:
            import keyring

            kept = keyring.get_password(SERVICE, self._keyring_name(connection))
        except Exception as error:
            # Each system's keyring has errors of its own: locked, no session, refused by the user.
            raise self._unusable("The keyring can't be read", f"{type(error).__name__}: unlock it.") from None
        if kept is None:
            raise Halt(7, [_gone(connection)])
        return msgspec.json.decode(kept, type=Secrets)

    def keep(self, connection: Connection, secrets: Secrets) -> None:
        """Keeps a connection, new or renewed, in the place of an older one of the same app and address."""
        if self._kept_in_keyring(connection, secrets):
            with self._changing() as entries:
                entries[connection.key] = _Entry(connection)
        else:
            with self._changing() as entries:
                entries[connection.key] = _Entry(connection, secrets)

    def forget(self, connection: Connection) -> None:
        """Removes a connection and its secrets."""
        with self._changing() as entries:
            entry = entries.pop(connection.key, None)
        if entry is not None and entry.secrets is None and self._keyring:
            import keyring

            try:
                keyring.delete_password(SERVICE, self._keyring_name(connection))
            except Exception as error:
                raise self._unusable(
                    "The keyring keeps an entry that should be gone",
                    f"{type(error).__name__}: delete “{SERVICE}, {self._keyring_name(connection)}” by hand.",
                ) from None

    @contextmanager
    def lock(self, connection: Connection) -> Iterator[None]:
        """One process at a time renews a connection. Raises `Halt` (9) when another one takes longer than it can."""
        with self._lock(f".{connection.key.replace(':', '-')}.lock"):
            yield

    @contextmanager
    def _lock(self, ending: str) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(f"{self.path}{ending}", timeout=LOCK_PATIENCE, mode=0o600)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            said = Problem(
                "HX409",
                "Another run of hxrules holds the connection",
                f"It has held {lock.lock_file} for {LOCK_PATIENCE:.0f} seconds.",
                "Let it end, or end it; then run the command again.",
            )
            raise Halt(9, [said]) from None
        except OSError as error:
            raise self._unusable("The credentials can't be locked", _reason(error)) from None
        try:
            yield
        finally:
            lock.release()

    def _keyring_name(self, connection: Connection) -> str:
        # Another file of credentials is another user as far as the keyring is concerned.
        return f"{connection.key} {self.path}"

    def _kept_in_keyring(self, connection: Connection, secrets: Secrets) -> bool:
        if not self._keyring:
            return False
        import keyring

        text = msgspec.json.encode(secrets).decode()
        try:
            # Below 1 are those that keep nothing, or keep it in the open.
            if keyring.get_keyring().priority < 1:
                return False
            keyring.set_password(SERVICE, self._keyring_name(connection), text)
        except Exception:
            # Locked, or too long for it: each system's keyring has errors of its own. The file takes it then.
            return False
        return True

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Entry]]:
        with self._lock(".lock"):
            entries = self._read()
            yield entries
            self._write(entries)

    def _read(self) -> dict[str, _Entry]:
        try:
            with self.path.open("rb") as file:
                content, mode = file.read(), os.fstat(file.fileno()).st_mode
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable("The credentials can't be read", _reason(error)) from None
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            said = f"{self.path} is open to others than its owner."
            raise self._unusable("The credentials are not private", said, f"Type `chmod 600 {self.path}`.")
        try:
            return msgspec.json.decode(content, type=dict[str, _Entry])
        except msgspec.DecodeError:
            raise self._unusable("The credentials can't be read", f"{self.path} holds something else.") from None

    def _write(self, entries: Mapping[str, _Entry]) -> None:
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(entries), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            raise self._unusable("The credentials can't be written", _reason(error)) from None

    def _unusable(self, summary: str, cause: str, remedy: str = "") -> Halt:
        advice = (
            remedy or f"Put it right, or set HXRULES_CREDENTIALS to another file than {self.path} and connect again."
        )
        return Halt(7, [Problem("HX409", summary, cause, advice)])


def credentials_from(environ: Mapping[str, str]) -> Credentials:
    """The credentials of whoever this environment belongs to."""
    named = environ.get("HXRULES_CREDENTIALS", "").strip()
    if named:
        path = Path(named).expanduser().absolute()
    else:
        import platformdirs

        path = Path(platformdirs.user_config_dir("hxrules", appauthor=False)) / "credentials.json"
    return Credentials(path, keyring=environ.get("HXRULES_KEYRING", "").strip().lower() != "off")


def renewed(old: Secrets, access_token: str, refresh_token: str, expires: datetime) -> Secrets:
    """The secrets after a renewal; an app that names no new refresh token means that the old one stays."""
    return replace(old, access_token=access_token, refresh_token=refresh_token or old.refresh_token, expires=expires)


def _gone(connection: Connection) -> Problem:
    brand, command = connection.app.brand, f"hxrules connect {connection.app}"
    return Problem(
        "HX401",
        f"{brand} is not connected any more",
        "The stored connection was removed while this run used it.",
        f"Type `{command}`.",
        next_command=command,
    )


def _reason(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or type(error).__name__)
