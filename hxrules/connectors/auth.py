"""Credentials as they go into a request: HubSpot's static token, Xero's client credentials, or none.

An `Authorizer` gives the header and, once the app has refused it, a better one if there is any. The one that renews a consent
lives in `oauth_renewal`.

See also: `http` (asks before every request, and after a 401), facts/hubspot.md 2.1, facts/xero.md 1.5 and 1.6.
"""

from __future__ import annotations

import base64
import threading
from typing import Final, Protocol
from urllib.parse import urlencode

from hxrules.connectors import scopes
from hxrules.connectors.http import Answer, Call, Http
from hxrules.connectors.pace import Timing
from hxrules.problems import Halt, Problem

_SCOPE_REFUSED: Final = ("invalid_scope", "unauthorized_client")
"""The second may also mean that the app is no custom connection (facts/xero.md 1.4)."""
EXPIRY_MARGIN: Final = 60.0
"""Seconds before its end in which a token is not used any more."""


class Authorizer(Protocol):
    """Who we are to an API."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be shown to anybody."""

    @property
    def granted(self) -> frozenset[str] | None:
        """The scopes that go with it; `None` when they can't be told, or not yet."""

    def header(self) -> str:
        """The value of `Authorization` for the next request, empty for none. Raises `Halt` (7) when there is none to be had."""

    def renew(self) -> bool:
        """The app refused the last one: whether another can be tried."""

    def close(self) -> None:
        """Closes connections of its own."""


class Fixed:
    """A header that stays as it is."""

    granted: frozenset[str] | None = None

    def __init__(self, header: str, *secrets: str) -> None:
        self.secrets = tuple(filter(None, secrets))
        self._header = header

    def header(self) -> str:
        return self._header

    def renew(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""


class Bearer(Fixed):
    """A token that somebody made in HubSpot: service key, private app, static app."""

    def __init__(self, token: str) -> None:
        super().__init__(f"Bearer {token}", token)


class Basic(Fixed):
    """An id and its secret, as Xero's token endpoint wants them."""

    def __init__(self, name: str, secret: str) -> None:
        encoded = base64.b64encode(f"{name}:{secret}".encode()).decode()
        super().__init__(f"Basic {encoded}", secret, encoded)


class Unsigned(Fixed):
    """No header: what the request says of the client stands in its form."""

    def __init__(self, *secrets: str) -> None:
        super().__init__("", *secrets)

    def hide(self, *secrets: str) -> None:
        """More texts that must not be shown to anybody."""
        self.secrets = tuple(dict.fromkeys((*self.secrets, *filter(None, secrets))))


class ClientCredentials:
    """Xero's custom connection: a token for half an hour, bound to one organisation, fetched anew shortly before its end.

    Kept in memory only. Thread-safe: one thread fetches, the others wait for it.
    """

    def __init__(self, identity: Http, secrets: tuple[str, ...], timing: Timing) -> None:
        """`identity` signs its requests with the client's id and secret."""
        self.granted: frozenset[str] | None = None
        self._identity = identity
        self._own_secrets = secrets
        self._timing = timing
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0
        self._scopes: tuple[str, ...] = scopes.XERO

    @property
    def secrets(self) -> tuple[str, ...]:
        return (*self._own_secrets, self._token) if self._token else self._own_secrets

    def header(self) -> str:
        with self._lock:
            if not self._token or self._timing.monotonic() >= self._good_until:
                self._fetch()
            return f"Bearer {self._token}"

    def renew(self) -> bool:
        with self._lock:
            self._token = ""
        return True

    def close(self) -> None:
        self._identity.close()

    def _fetch(self) -> None:
        answer = self._ask(self._scopes)
        if _error(answer) in _SCOPE_REFUSED and self._scopes is scopes.XERO:
            self._scopes = scopes.XERO_BROAD
            answer = self._ask(self._scopes)
        document = answer.document or {}
        token = document.get("access_token")
        if answer.status != 200 or not isinstance(token, str):
            raise Halt(7, [_refused(answer)])
        self._token = token
        self.granted = frozenset(str(document.get("scope") or "").split()) or None
        self._good_until = self._timing.monotonic() + float(document.get("expires_in", 1800)) - EXPIRY_MARGIN

    def _ask(self, wanted: tuple[str, ...]) -> Answer:
        form = urlencode({"grant_type": "client_credentials", "scope": " ".join(wanted)})
        return self._identity.send(
            Call(
                "POST",
                "/connect/token",
                "settings",
                body=form.encode(),
                media="application/x-www-form-urlencoded",
                returns=frozenset({400, 401, 403}),
            )
        )


def _error(answer: Answer) -> str:
    return str((answer.document or {}).get("error", ""))


def _refused(answer: Answer) -> Problem:
    error = _error(answer)
    if error in _SCOPE_REFUSED:
        return Problem(
            "HX402",
            f"The Xero connection lacks a scope; hxrules needs {', '.join(scopes.XERO)}",
            f"status {answer.status} {error}",
            "Make the app a custom connection with these scopes at developer.xero.com, and authorise it again.",
            next_command="hxrules connect xero --custom",
        )
    return Problem(
        "HX401",
        "Xero does not accept the client",
        f"status {answer.status} {error}".rstrip(),
        "Check HXRULES_XERO_CLIENT_ID and HXRULES_XERO_CLIENT_SECRET, or connect again.",
        next_command="hxrules connect xero --custom",
    )
