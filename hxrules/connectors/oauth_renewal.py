"""Keeps a consent alive: a new access token shortly before the old one ends, one process at a time.

The usual way to lose a connection is that two processes renew it at once, each ending the other's refresh token. So whoever
renews holds the connection's lock, looks first whether another one has just done so, and stores the new pair before it is used
(facts/xero.md 1.4). A crash in between leaves the old refresh token in the store, and Xero accepts that for half an hour more.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from hxrules.connectors.auth import EXPIRY_MARGIN
from hxrules.connectors.credentials import Connection, Credentials, Secrets
from hxrules.connectors.oauth import TokenEndpoint
from hxrules.connectors.pace import Timing

_MARGIN: Final = timedelta(seconds=EXPIRY_MARGIN)


class Renewing:
    """See `auth.Authorizer`. Thread-safe: one thread renews, the others wait for it."""

    def __init__(
        self, connection: Connection, credentials: Credentials, endpoint: TokenEndpoint, timing: Timing
    ) -> None:
        self.granted = frozenset(connection.scopes) or None
        self._connection = connection
        self._credentials = credentials
        self._endpoint = endpoint
        self._timing = timing
        self._lock = threading.Lock()
        self._secrets = Secrets()
        self._given = threading.local()

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._secrets.texts

    def header(self) -> str:
        with self._lock:
            if not self._is_good(self._secrets):
                self._secrets = self._credentials.secrets(self._connection)
            if not self._is_good(self._secrets):
                self._renew(refused="")
            self._given.token = self._secrets.access_token
            return f"Bearer {self._secrets.access_token}"

    def renew(self) -> bool:
        refused: str = self._given.token
        with self._lock:
            # Another thread may have been refused first, and have renewed it.
            if self._secrets.access_token == refused:
                self._renew(refused)
        return True

    def close(self) -> None:
        self._endpoint.close()

    def _renew(self, refused: str) -> None:
        with self._credentials.lock(self._connection):
            kept = self._credentials.secrets(self._connection)
            if not self._is_good(kept) or kept.access_token == refused:
                kept = self._endpoint.renew(self._connection, kept)
                self._credentials.keep(self._connection, kept)
            self._secrets = kept

    def _is_good(self, secrets: Secrets) -> bool:
        now = datetime.fromtimestamp(self._timing.wall(), UTC)
        return bool(secrets.access_token) and secrets.expires is not None and now + _MARGIN < secrets.expires
