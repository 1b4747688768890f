"""Xero's sign-in service: tokens for a custom connection, revocation, and the list of connected organisations.

What: `POST /connect/token` (client credentials), `POST /connect/revocation`, `GET|DELETE /connections`; and
`holder`, which tells the Accounting API whose token came with a call.
Invariants: only form bodies are read; a token lives 1,800 seconds by the sandbox's clock; it is bound to one
organisation; its shape is that of a JWT, with the claims that clients read (facts/xero.md 1.1 to 1.7).
Another grant is another entry of `_grants`.
"""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hxrules.sandbox.xero import errors, scopes
from hxrules.sandbox.xero.envelope import Refusal, encode, render
from hxrules.sandbox.xero.world import World

LIFE: Final = timedelta(seconds=1800)
_KNOWN_GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")


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


class _Denied(Exception):
    """An OAuth error, named as the specification names it."""


class Identity:
    """The sign-in service for the one app that is registered: a custom connection."""

    def __init__(self, world: World, app: Mapping[str, Any], rng: random.Random) -> None:
        """`app` is the seed's `app`: `client_id`, `client_secret`, `scopes`; what is missing is made up."""
        self._world = world
        self._random = rng
        made = world.environment.quirks["xero-app-scopes"]
        self.client_id = str(app.get("client_id") or f"{self._random.getrandbits(128):032X}")
        self.client_secret = str(app.get("client_secret") or self._random.randbytes(36).hex()[:48])
        self.scopes = list(app.get("scopes") or scopes.of_app(made))
        self._tokens: dict[str, Token] = {}
        settings, now = world.organisation, world.now()
        identity, event = (str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(2))
        self._connections = [Connection(identity, event, settings["OrganisationID"], settings["Name"], now)]
        self._event = event
        self._grants: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "client_credentials": self._client_credentials
        }

    def routes(self) -> list[BaseRoute]:
        """The paths of the service; both spellings of the connections work in practice."""
        return [
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
        """The organisation of a call; a custom connection needs no `Xero-Tenant-Id`, but a wrong one is refused."""
        tenants = [each.tenant for each in self._connections if each.event == token.event]
        if not tenants or (named is not None and named.strip().lower() not in tenants):
            raise Refusal(errors.forbidden(self._world.response_id()))
        return tenants[0]

    async def token(self, request: Request) -> Response:
        """`POST /connect/token`."""
        try:
            form = await self._form(request)
            grant = form.get("grant_type")
            if grant not in _KNOWN_GRANTS:
                raise _Denied("unsupported_grant_type" if grant else "invalid_request")
            if grant not in self._grants:
                raise _Denied("unauthorized_client")
            return JSONResponse(self._grants[grant](form), headers={"Cache-Control": "no-store"})
        except _Denied as error:
            return JSONResponse({"error": str(error)}, 400)

    async def revocation(self, request: Request) -> Response:
        """`POST /connect/revocation`: 200 for any token, also an unknown one; an access token lives on, being a JWT."""
        try:
            if not (await self._form(request)).get("token"):
                raise _Denied("invalid_request")
            return Response(status_code=200)
        except _Denied as error:
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
        """The form of a signed-in client: `Basic`, or its id and secret in the form as the official libraries do."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise _Denied("invalid_request")
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        given = _basic(request.headers.get("authorization")) or (form.get("client_id"), form.get("client_secret"))
        if given != (self.client_id, self.client_secret):
            raise _Denied("invalid_client")
        return form

    def _client_credentials(self, form: Mapping[str, str]) -> dict[str, Any]:
        wanted = form.get("scope", "").split() or self.scopes
        if any(scope not in self.scopes for scope in wanted):
            raise _Denied(self._world.environment.quirks["scope-refusal"])
        return self._issued(tuple(dict.fromkeys(wanted)), self._event)

    def _issued(self, granted: tuple[str, ...], event: str) -> dict[str, Any]:
        now = self._world.now()
        claims = {
            "nbf": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": self.client_id,
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
