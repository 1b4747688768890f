"""Signing in through a browser: OAuth 2 authorization code with PKCE, for both apps (facts/hubspot.md 2.2, facts/xero.md 1.1-1.4).

Two parts. A `Question` is one request for consent: the address to open, and what is behind the answer. A `TokenEndpoint` trades:
a code for tokens, a refresh token for new ones, and takes consents back. What OAuth itself prescribes (challenge, state, forms,
errors) is oauthlib's; it does no traffic, so that `http` sends here, too, with its repeats and its redaction.

See also: `oauth_callback` (waits for the browser), `oauth_renewal` (renews in time), `scopes`, `credentials`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from oauthlib.common import generate_token
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from oauthlib.oauth2.rfc6749.errors import MismatchingStateError, MissingCodeError

from hxrules.connectors import scopes
from hxrules.connectors.auth import Unsigned
from hxrules.connectors.credentials import Connection, Secrets, renewed
from hxrules.connectors.http import Answer, Call, Dialect, Http, Unanswered
from hxrules.connectors.hubspot_dialect import HubSpotDialect
from hxrules.connectors.pace import Pace, Timing
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import HUBSPOT_URL, XERO_IDENTITY_URL, Settings
from hxrules.connectors.xero_dialect import XeroDialect
from hxrules.problems import Halt, Problem
from hxrules.records import App

PATIENCE: Final = 60.0
"""Seconds that an answer of a sign-in service may take."""

_FORM: Final = "application/x-www-form-urlencoded"
_REFUSALS: Final = frozenset({400, 401, 403})
_BROWSER_HOSTS: Final = {HUBSPOT_URL: "https://app.hubspot.com", XERO_IDENTITY_URL: "https://login.xero.com"}
"""Where people sign in, by where programs do. A sandbox or a proxy is both at one address."""
_CLIENT_ERRORS: Final = frozenset({"invalid_client", "unauthorized_client", "BAD_CLIENT_ID"})


@dataclass(frozen=True, slots=True)
class Vendor:
    """The sign-in service of one app. Addresses are roots; `optional` are scopes that may be left out of a consent."""

    app: App
    browser: str
    root: str
    authorize: str
    token: str
    revoke: str
    scopes: tuple[str, ...]
    optional: tuple[str, ...] = ()


def vendor_of(app: App, settings: Settings, *, broad: bool = False) -> Vendor:
    """The service of an app; `broad` asks Xero for the scopes of apps made before 2 March 2026."""
    if app is App.HUBSPOT:
        path = "/oauth/2026-09/token"
        root, asked, optional = settings.hubspot_url, scopes.HUBSPOT, scopes.HUBSPOT_OPTIONAL
        return Vendor(
            app, _browser(root), root, "/oauth/authorize", path, f"{path}/revoke", scopes=asked, optional=optional
        )
    root = settings.xero_identity_url
    asked = (scopes.XERO_OFFLINE, *(scopes.XERO_BROAD if broad else scopes.XERO))
    authorize = "/identity/connect/authorize"
    return Vendor(app, _browser(root), root, authorize, "/connect/token", "/connect/revocation", scopes=asked)


def _browser(root: str) -> str:
    return _BROWSER_HOSTS.get(root, root)


class Question:
    """One request for consent. Its state and its verifier are made anew, and serve once."""

    def __init__(self, vendor: Vendor, client_id: str, redirect_uri: str) -> None:
        self.vendor = vendor
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self._client = WebApplicationClient(client_id)
        self.verifier = str(self._client.create_code_verifier(96))
        self._state = generate_token(43)
        more = {"optional_scope": " ".join(vendor.optional)} if vendor.optional else {}
        self.url = _plain(
            vendor.browser,
            self._client.prepare_request_uri(
                _secure(vendor.browser) + vendor.authorize,
                redirect_uri=redirect_uri,
                scope=list(vendor.scopes),
                state=self._state,
                code_challenge=self._client.create_code_challenge(self.verifier, "S256"),
                code_challenge_method="S256",
                **more,
            ),
        )

    def is_answered_by(self, address: str) -> bool:
        """Whether the address that a browser was sent back to belongs to this question."""
        return parse_qs(urlsplit(address).query).get("state") == [self._state]

    def code(self, address: str) -> str:
        """The code in the address that the browser was sent back to. Raises `Halt` (7, `HX408`) where there is none for us."""
        if "code=" not in address and "error=" not in address:
            raise self._no_consent("The browser came back without an answer.")
        try:
            # The way back to a browser's own machine needs no TLS (RFC 8252 7.3), which oauthlib doesn't know.
            answer = self._client.parse_request_uri_response(_secure(address.strip()), state=self._state)
        except MismatchingStateError:
            said = "The browser came back with the answer to another question: the state differs."
            raise self._no_consent(said) from None
        except MissingCodeError:
            raise self._no_consent("The browser came back without an answer.") from None
        except OAuth2Error as error:
            said = {"access_denied": "The page was answered with no."}.get(
                str(error.error), f"The app said {error.error}."
            )
            raise self._no_consent(said) from None
        return str(answer["code"])

    def _no_consent(self, cause: str) -> Halt:
        return no_consent(self.vendor.app, cause)


def no_consent(app: App, cause: str) -> Halt:
    """Nobody said yes, or it can't be told."""
    command = f"hxrules connect {app}"
    remedy = f"Nothing was stored. Type `{command}`, and agree on the page that opens."
    return Halt(7, [Problem("HX408", f"{app.brand} was not connected", cause, remedy, next_command=command)])


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was traded for. `portal` and `domain` are HubSpot's; `event` names a consent of Xero's."""

    secrets: Secrets = field(repr=False)
    scopes: tuple[str, ...]
    portal: int | None = None
    domain: str = ""
    event: str = ""


class TokenEndpoint:
    """Where tokens come from. `close` it when done."""

    def __init__(self, vendor: Vendor, timing: Timing, patience: float = PATIENCE) -> None:
        self._vendor = vendor
        self._timing = timing
        self._unsigned = Unsigned()
        dialect: Dialect = HubSpotDialect() if vendor.app is App.HUBSPOT else XeroDialect()
        usage = Usage()
        pace = Pace(timing, {}, 1)
        self._http = Http(
            vendor.root, dialect, self._unsigned, pace=pace, usage=usage, timing=timing, patience=patience
        )

    def close(self) -> None:
        self._http.close()

    def exchange(self, question: Question, code: str, client_secret: str = "") -> Grant:
        """The tokens for a code, which serves once. Raises `Halt` (7, `HX408`, or `HX401` for a client that is refused)."""
        form = {
            "grant_type": "authorization_code",
            "client_id": question.client_id,
            "redirect_uri": question.redirect_uri,
            "code": code,
            "code_verifier": question.verifier,
        }
        self._unsigned.hide(question.verifier, code)
        try:
            answer = self._post(self._vendor.token, form, client_secret, repeatable=False)
        except Unanswered:
            raise no_consent(
                self._vendor.app, "The answer to the code was lost, and a code serves only once."
            ) from None
        document = self._checked(answer)
        secrets = renewed(Secrets(client_secret=client_secret), *self._tokens(document))
        if self._vendor.app is App.XERO:
            granted = str(document.get("scope") or "").split()
            return Grant(secrets, tuple(granted or self._vendor.scopes), event=_event(secrets.access_token))
        told = self._post(
            f"{self._vendor.token}/introspect",
            {"client_id": question.client_id, "token": secrets.access_token, "token_type_hint": "access_token"},
            client_secret,
        )
        facts = {**document, **(told.document or {})} if told.succeeded else document
        portal = facts.get("hub_id")
        return Grant(
            secrets,
            tuple(str(each) for each in facts.get("scopes") or ()),
            portal=portal if isinstance(portal, int) else None,
            domain=str(facts.get("hub_domain") or ""),
        )

    def renew(self, connection: Connection, secrets: Secrets) -> Secrets:
        """New tokens for the refresh token. Raises `Halt` (7, `HX407`) when that one isn't accepted any more.

        A lost answer is no loss: the same refresh token is sent again, which Xero accepts for half an hour more.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": connection.client_id,
            "refresh_token": secrets.refresh_token,
        }
        self._unsigned.hide(*secrets.texts)
        answer = self._post(self._vendor.token, form, secrets.client_secret)
        if answer.status in _REFUSALS and not _CLIENT_ERRORS.intersection(_errors(answer)):
            raise Halt(7, [_ended(connection, answer)])
        return renewed(secrets, *self._tokens(self._checked(answer)))

    def revoke(self, connection: Connection, secrets: Secrets) -> bool:
        """Takes the consent back; `False` when the app says that there is none any more."""
        form = {
            "client_id": connection.client_id,
            "token": secrets.refresh_token,
            "token_type_hint": "refresh_token",
        }
        self._unsigned.hide(*secrets.texts)
        return self._post(self._vendor.revoke, form, secrets.client_secret).succeeded

    def _post(self, path: str, form: dict[str, str], client_secret: str, *, repeatable: bool = True) -> Answer:
        self._unsigned.hide(client_secret)
        if client_secret:
            form = {**form, "client_secret": client_secret}
        call = Call(
            "POST",
            path,
            "settings",
            body=urlencode(form).encode(),
            media=_FORM,
            returns=_REFUSALS,
            repeatable=repeatable,
            answers="nothing" if path == self._vendor.revoke else "object",
        )
        return self._http.send(call)

    def _tokens(self, document: dict[str, Any]) -> tuple[str, str, datetime]:
        access = str(document.get("access_token") or "")
        seconds = float(document.get("expires_in") or 1800)
        expires = datetime.fromtimestamp(self._timing.wall(), UTC) + timedelta(seconds=seconds)
        refresh = str(document.get("refresh_token") or "")
        self._unsigned.hide(access, refresh)
        return access, refresh, expires

    def _checked(self, answer: Answer) -> dict[str, Any]:
        """The document with the tokens. Raises `Halt` (7)."""
        document = answer.document or {}
        if answer.succeeded and isinstance(document.get("access_token"), str):
            return document
        app = self._vendor.app
        said = f"status {answer.status} {' '.join(_errors(answer))}".rstrip()
        if _CLIENT_ERRORS.intersection(_errors(answer)):
            remedy = "Check the client id, and HubSpot's client secret, against the app's own page, then connect again."
            refused = f"{app.brand} does not accept the client"
            raise Halt(7, [Problem("HX401", refused, said, remedy, next_command=f"hxrules connect {app}")])
        raise no_consent(app, f"{app.brand} gave no tokens for the code: {said}.")


def _errors(answer: Answer) -> list[str]:
    document = answer.document or {}
    return [str(document[name]) for name in ("error", "status") if isinstance(document.get(name), str)]


def _ended(connection: Connection, answer: Answer) -> Problem:
    brand, command = connection.app.brand, f"hxrules connect {connection.app}"
    said = f"{brand} accepts the refresh token no more: status {answer.status} {' '.join(_errors(answer))}".rstrip()
    return Problem(
        "HX407",
        f"The {brand} connection to “{connection.name}” has ended",
        f"{said}.",
        f"It was revoked, or not used for too long. Type `{command}`.",
        next_command=command,
    )


def _event(token: str) -> str:
    """The consent that a token of Xero's names; empty when it can't be read, which only makes the choice of tenant wider."""
    parts: Sequence[str] = token.split(".")
    try:
        claims = msgspec.json.decode(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=dict[str, Any]
        )
    except (IndexError, binascii.Error, msgspec.DecodeError):
        return ""
    return str(claims.get("authentication_event_id") or "")


def _secure(address: str) -> str:
    """The address as oauthlib will take it. `settings` has seen to it that only this machine is spoken to without TLS."""
    scheme, mark, rest = address.partition("://")
    return f"https://{rest}" if mark and scheme == "http" else address


def _plain(root: str, address: str) -> str:
    return address if root.startswith("https") else "http" + address.removeprefix("https")
