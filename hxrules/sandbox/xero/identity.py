"""Xero's sign-in service: consent and tokens for a PKCE app, tokens for a custom connection, revocation, connections.

What: `GET|POST /identity/connect/authorize` (the consent page), `POST /connect/token` (code, refresh, client credentials),
`POST /connect/revocation`, `GET|DELETE /connections`; and `holder`, which tells the Accounting API whose token came with a
call.
Invariants: only form bodies are read; a token lives 1,800 seconds by the sandbox's clock; it opens the organisations of its
consent; its shape is that of a JWT, with the claims that clients read (facts/xero.md 1.1 to 1.7).
Two apps are registered, each with its own grants (`_grants`): a custom connection and a PKCE app without a secret.
See also: `sandbox.oauth` (codes, refresh tokens, the page).
"""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hxrules.sandbox.oauth import (
    LOOPBACK_REDIRECT,
    Asked,
    Consent,
    Consents,
    Denied,
    asked_of,
    form_of,
    missing_from,
    refusal_page,
    words,
)
from hxrules.sandbox.xero import errors, scopes
from hxrules.sandbox.xero.envelope import Refusal, encode, render
from hxrules.sandbox.xero.world import World

LIFE: Final = timedelta(seconds=1800)
PKCE_CLIENT_ID: Final = "0C1A9F5D3E7B4A6C8D2F10B3A5C7E9F1"
"""The client id of the PKCE app, unless the seed's `app` names another `pkce_client_id`."""
AUTHORIZE: Final = "/identity/connect/authorize"
_KNOWN_GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")
_SIGN_IN_SCOPES: Final = ("offline_access", "openid", "profile", "email")
_CODE_LIFE: Final = timedelta(minutes=5)
_REFRESH_LIFE: Final = timedelta(days=60)


@dataclass(frozen=True)
class Token:
    """An access token: what it opens, until when, and the consent (authentication event) behind it."""

    scopes: tuple[str, ...]
    until: datetime
    event: str


@dataclass(frozen=True)
class Connection:
    """One organisation connected to the app."""

    identity: str
    event: str
    tenant: str
    name: str
    created: datetime


class Identity:
    """The sign-in service. `client_id` and `client_secret` are the custom connection's, `pkce_client_id` is the PKCE app's."""

    def __init__(self, world: World, app: Mapping[str, Any], rng: random.Random) -> None:
        """`app` is the seed's `app`: `client_id`, `client_secret`, `pkce_client_id`, `scopes` (of both apps), what is missing is
        made up; and `also_connected`, the names of other organisations that the user connects in the same consent.
        """
        self._world = world
        self._random = rng
        made = world.environment.quirks["xero-app-scopes"]
        self.client_id = str(app.get("client_id") or f"{self._random.getrandbits(128):032X}")
        self.client_secret = str(app.get("client_secret") or self._random.randbytes(36).hex()[:48])
        self.scopes = list(app.get("scopes") or scopes.of_app(made))
        self.pkce_client_id = str(app.get("pkce_client_id") or PKCE_CLIENT_ID)
        self._also_connected = [str(name) for name in app.get("also_connected") or ()]
        # Apart, so that no other id depends on who has signed in.
        self._apart = random.Random(f"consents of {self.client_id}")
        self._consents = Consents(
            world.environment.clock, self._apart, code_life=_CODE_LIFE, refresh_life=_REFRESH_LIFE
        )
        self._tokens: dict[str, Token] = {}
        settings, now = world.organisation, world.now()
        identity, event = (str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(2))
        self._connections = [Connection(identity, event, settings["OrganisationID"], settings["Name"], now)]
        self._event = event
        self._grants: dict[tuple[str, str], Callable[[dict[str, str]], dict[str, Any]]] = {
            (self.client_id, "client_credentials"): self._client_credentials,
            (self.pkce_client_id, "authorization_code"): self._authorization_code,
            (self.pkce_client_id, "refresh_token"): self._refresh,
        }

    def routes(self) -> list[BaseRoute]:
        """The paths of the service; both spellings of the connections work in practice."""
        return [
            Route(AUTHORIZE, self.authorize, methods=["GET"]),
            Route(AUTHORIZE, self.answer, methods=["POST"]),
            Route("/connect/token", self.token, methods=["POST"]),
            Route("/connect/revocation", self.revocation, methods=["POST"]),
            *(Route(path, self.connections, methods=["GET"]) for path in ("/connections", "/Connections")),
            *(
                Route(f"{path}/{{id}}", self.disconnect, methods=["DELETE"])
                for path in ("/connections", "/Connections")
            ),
        ]

    def holder(self, authorization: str | None) -> Token:
        """The token of an `Authorization` header; raises `Refusal` with the 401 for none, an unknown or an old one."""
        kind, _, value = (authorization or "").partition(" ")
        token = self._tokens.get(value.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise Refusal(errors.unauthorised("AuthenticationUnsuccessful", self._world.response_id()))
        if self._world.now() >= token.until:
            detail = f"TokenExpired: token expired at {token.until:%m/%d/%Y %H:%M:%S}"
            raise Refusal(errors.unauthorised(detail, self._world.response_id()))
        return token

    def tenant_of(self, token: Token, named: str | None) -> str:
        """The organisation of a call; a custom connection needs no `Xero-Tenant-Id`, but a wrong one is refused. Of the
        organisations of a consent only one is served: the world's.
        """
        served = str(self._world.organisation["OrganisationID"])
        tenants = [each.tenant for each in self._connections if each.event == token.event]
        asked = served if named is None and token.event == self._event else (named or "").strip().lower()
        if served not in tenants or asked != served:
            raise Refusal(errors.forbidden(self._world.response_id()))
        return served

    async def authorize(self, request: Request) -> Response:
        """`GET /identity/connect/authorize`: the consent page. What is wrong with the request, the user is told, not the app."""
        query = dict(request.query_params)
        if query.get("client_id") != self.pkce_client_id:
            return refusal_page("Error: unauthorized_client", "Unknown client or client not enabled")
        if not LOOPBACK_REDIRECT.fullmatch(query.get("redirect_uri", "")):
            return refusal_page("Error: unauthorized_client", "Invalid redirect_uri")
        wanted = words(query.get("scope"))
        if not wanted or missing_from(wanted, (*self.scopes, *_SIGN_IN_SCOPES)):
            return refusal_page("Error: invalid_scope", "Invalid scope for client")
        try:
            asked = asked_of(query, wanted)
        except Denied as error:
            return refusal_page(f"Error: {error}")
        name = self._world.organisation["Name"]
        return self._consents.page(asked, title="Xero", who=name, allow="Allow access", action=AUTHORIZE)

    async def answer(self, request: Request) -> Response:
        """`POST /identity/connect/authorize`: the user's answer."""
        return self._consents.answered(await form_of(request) or {}, self._agreed)

    def _agreed(self, asked: Asked) -> Consent:
        """The consent, with a connection for each organisation."""
        consent = Consent(self._new_id(), asked.client_id, asked.scopes)
        settings, now = self._world.organisation, self._world.now()
        here = (str(settings["OrganisationID"]), str(settings["Name"]))
        for tenant, name in (here, *((self._new_id(), each) for each in self._also_connected)):
            self._connections.append(Connection(self._new_id(), consent.id, tenant, name, now))
        return consent

    def _new_id(self) -> str:
        return str(UUID(int=self._apart.getrandbits(128), version=4))

    async def token(self, request: Request) -> Response:
        """`POST /connect/token`."""
        try:
            form = await self._form(request)
            grant = form.get("grant_type")
            if grant not in _KNOWN_GRANTS:
                raise Denied("unsupported_grant_type" if grant else "invalid_request")
            carry_out = self._grants.get((form["client_id"], grant))
            if carry_out is None:
                raise Denied("unauthorized_client")
            return JSONResponse(carry_out(form), headers={"Cache-Control": "no-store"})
        except Denied as error:
            return JSONResponse({"error": str(error)}, 400)

    async def revocation(self, request: Request) -> Response:
        """`POST /connect/revocation`: 200 for any token, also an unknown one. A refresh token takes all connections of its user
        along; an access token lives on, being a JWT.
        """
        try:
            form = await self._form(request)
            if not form.get("token"):
                raise Denied("invalid_request")
            if consent := self._consents.peek(form["token"]):
                self._consents.withdraw(consent)
                self._connections = [each for each in self._connections if each.event == self._event]
            return Response(status_code=200)
        except Denied as error:
            return JSONResponse({"error": str(error)}, 400)

    async def connections(self, request: Request) -> Response:
        """`GET /connections`, narrowed to one consent by `authEventId`."""
        try:
            token = self.holder(request.headers.get("authorization"))
        except Refusal as refusal:
            return render(refusal.reply, "application/json", {})
        event = request.query_params.get("authEventId", token.event).lower()
        rows = [each for each in self._connections if each.event == token.event and each.event == event]
        return JSONResponse([_connection(each) for each in rows])

    async def disconnect(self, request: Request) -> Response:
        """`DELETE /connections/{id}`: 204, or 404 for an id that is not one of the token's."""
        try:
            token = self.holder(request.headers.get("authorization"))
        except Refusal as refusal:
            return render(refusal.reply, "application/json", {})
        wanted = request.path_params["id"].lower()
        left = [each for each in self._connections if each.identity != wanted or each.event != token.event]
        if len(left) == len(self._connections):
            return render(errors.NOT_FOUND, "application/json", {})
        self._connections = left
        return Response(status_code=204)

    async def _form(self, request: Request) -> dict[str, str]:
        """The form of a signed-in client, with its `client_id`: by `Basic`, or by id and secret in the form as the official
        libraries do; the PKCE app has no secret, and none may be sent.
        """
        form = await form_of(request)
        if form is None:
            raise Denied("invalid_request")
        given = _basic(request.headers.get("authorization")) or (form.get("client_id"), form.get("client_secret"))
        if given not in ((self.client_id, self.client_secret), (self.pkce_client_id, None)):
            raise Denied("invalid_client")
        return {**form, "client_id": str(given[0])}

    def _authorization_code(self, form: dict[str, str]) -> dict[str, Any]:
        return self._of_consent(self._consents.redeemed(form))

    def _refresh(self, form: dict[str, str]) -> dict[str, Any]:
        """A new pair; the token that was used lives on for the grace period (facts/xero.md 1.4)."""
        grace = timedelta(seconds=self._world.environment.number("xero-refresh-grace"))
        return self._of_consent(self._consents.renewed(form.get("refresh_token", ""), grace))

    def _of_consent(self, consent: Consent) -> dict[str, Any]:
        issued = self._issued(consent.scopes, consent.id, consent.client_id)
        if "offline_access" in consent.scopes:
            issued["refresh_token"] = self._consents.refresh_token(consent)
        return issued

    def _client_credentials(self, form: dict[str, str]) -> dict[str, Any]:
        wanted = words(form.get("scope")) or tuple(self.scopes)
        if missing_from(wanted, self.scopes):
            raise Denied(self._world.environment.quirks["scope-refusal"])
        return self._issued(wanted, self._event, self.client_id)

    def _issued(self, granted: tuple[str, ...], event: str, client_id: str) -> dict[str, Any]:
        now = self._world.now()
        claims = {
            "nbf": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": client_id,
            "authentication_event_id": event,
            "scope": list(granted),
            "jti": f"{self._random.getrandbits(128):032x}",
        }
        head = {"alg": "RS256", "kid": "1CAF8E66772D6DC028D6726FD0261581570EFC19", "typ": "JWT"}
        value = f"{_part(encode(head))}.{_part(encode(claims))}.{_part(self._random.randbytes(256))}"
        self._tokens = {name: token for name, token in self._tokens.items() if now < token.until + LIFE}
        self._tokens[value] = Token(granted, now + LIFE, event)
        seconds = int(LIFE.total_seconds())
        return {"access_token": value, "expires_in": seconds, "token_type": "Bearer", "scope": " ".join(granted)}


def _basic(authorization: str | None) -> tuple[str, str] | None:
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _connection(each: Connection) -> dict[str, Any]:
    """Its JSON; the timestamps have seven digits of a second and no zone, and are UTC."""
    stamp = f"{each.created:%Y-%m-%dT%H:%M:%S}.{each.created.microsecond:06}0"
    return {
        "id": each.identity,
        "authEventId": each.event,
        "tenantId": each.tenant,
        "tenantType": "ORGANISATION",
        "tenantName": each.name,
        "createdDateUtc": stamp,
        "updatedDateUtc": stamp,
    }
