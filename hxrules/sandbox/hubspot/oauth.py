"""HubSpot's sign-in service for an OAuth app: the consent page, tokens, introspection, revocation (facts/hubspot.md 2.2).

What: `GET|POST /oauth/authorize`, `POST /oauth/{version}/token`, `…/token/introspect`, `…/token/revoke`; and `scopes_of`, which
tells the API what the token of a call may do.
Invariants: an access token lives 30 minutes by the sandbox's clock; the client's id and secret come in the form; what the account
can't grant (its `scopes`) ends the consent when it is required and is left out when it is optional.
See also: `sandbox.oauth` (codes, refresh tokens, the page), `quirks` (`hubspot-refresh`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hxrules.sandbox.hubspot.calls import VERSIONS
from hxrules.sandbox.hubspot.errors import ApiError
from hxrules.sandbox.hubspot.portal import Portal
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

LIFE: Final = timedelta(minutes=30)
CLIENT_ID: Final = "7b1f4c52-9d0e-4a86-b3c7-2e5f8a6d1c90"
CLIENT_SECRET: Final = "b0a6d3f2-41c7-4e59-8f1d-93e7c5a2d846"
"""The one OAuth app that is registered."""
AUTHORIZE: Final = "/oauth/authorize"

_CODE_LIFE: Final = timedelta(minutes=1)
_USER: Final = 7001
_APP: Final = 290_417
_STATUSES: Final = {"invalid_grant": "BAD_GRANT", "invalid_client": "BAD_CLIENT_ID"}


@dataclass(frozen=True)
class _Access:
    consent: Consent
    until: datetime


class SignIn:
    """The service of one account."""

    def __init__(self, portal: Portal, seed: str) -> None:
        """`seed` makes the tokens of this sandbox others than those of another one."""
        self._portal = portal
        self._random = random.Random(f"consents of {seed}")
        self._consents = Consents(portal.env.clock, self._random, code_life=_CODE_LIFE, refresh_life=None)
        self._tokens: dict[str, _Access] = {}
        paths = [f"/oauth/{version}/token" for version in VERSIONS]
        answers = {"": self._token, "/introspect": self._introspect, "/revoke": self._revoke}
        self.routes: list[BaseRoute] = [
            Route(AUTHORIZE, self.authorize, methods=["GET"]),
            Route(AUTHORIZE, self.answer, methods=["POST"]),
            *(
                Route(path + ending, self._http(answer), methods=["POST"])
                for path in paths
                for ending, answer in answers.items()
            ),
        ]

    def scopes_of(self, token: str) -> frozenset[str] | None:
        """What the access token may do; `None` for a token of another kind. Raises `ApiError` when it has expired."""
        access = self._tokens.get(token)
        if access is None:
            return None
        if self._portal.now() >= access.until:
            raise ApiError(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call has expired.")
        return frozenset(access.consent.scopes)

    async def authorize(self, request: Request) -> Response:
        """`GET /oauth/authorize`: the consent page. What is wrong with the request, the user is told, not the app."""
        query = dict(request.query_params)
        if query.get("client_id") != CLIENT_ID:
            return refusal_page("There is no app with this client id.")
        if not LOOPBACK_REDIRECT.fullmatch(query.get("redirect_uri", "")):
            return refusal_page("The redirect URL does not match one that the app has registered.")
        required, optional = words(query.get("scope")), words(query.get("optional_scope"))
        can = self._portal.account.scopes
        if not required or (can is not None and (lacking := missing_from(required, (*can, "oauth")))):
            return refusal_page("This account can't grant all scopes.", *(lacking if required else ()))
        granted = [each for each in optional if can is None or each in can]
        try:
            asked = asked_of(query, tuple(dict.fromkeys((*required, *granted))))
        except Denied as error:
            return refusal_page(str(error))
        who = f"account {self._portal.account.portal}"
        return self._consents.page(asked, title="HubSpot", who=who, allow="Connect app", action=AUTHORIZE)

    async def answer(self, request: Request) -> Response:
        """`POST /oauth/authorize`: the user's answer."""
        return self._consents.answered(await form_of(request) or {}, self._agreed)

    def _agreed(self, asked: Asked) -> Consent:
        return Consent(f"{self._random.getrandbits(64):x}", asked.client_id, asked.scopes)

    def _http(self, answer: Callable[[dict[str, str]], dict[str, Any] | None]) -> Callable[[Request], Any]:
        async def carry_out(request: Request) -> Response:
            try:
                form = await form_of(request)
                if form is None:
                    raise Denied("invalid_request")
                if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                    raise Denied("invalid_client")
                body = answer(form)
            except Denied as error:
                return _json(self._error(str(error)), 400)
            return Response(status_code=204) if body is None else _json(body, 200)

        return carry_out

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        match form.get("grant_type"):
            case "authorization_code":
                consent = self._consents.redeemed(form)
                refresh = self._consents.refresh_token(consent)
            case "refresh_token":
                given = form.get("refresh_token", "")
                rotates = self._portal.env.quirks["hubspot-refresh"] == "rotates"
                consent = self._consents.renewed(given, timedelta() if rotates else None)
                refresh = self._consents.refresh_token(consent) if rotates else given
            case _:
                raise Denied("unsupported_grant_type")
        now = self._portal.now()
        self._tokens = {name: each for name, each in self._tokens.items() if now < each.until + LIFE}
        token = f"CN{self._random.getrandbits(400):X}"
        self._tokens[token] = _Access(consent, now + LIFE)
        return {
            "access_token": token,
            "refresh_token": refresh,
            "expires_in": int(LIFE.total_seconds()),
            "token_type": "bearer",
            "token_use": "access_token",
            "hub_id": self._portal.account.portal,
            "user_id": _USER,
            "scopes": list(consent.scopes),
        }

    def _introspect(self, form: dict[str, str]) -> dict[str, Any]:
        token = form.get("token", "")
        access, refresh = self._tokens.get(token), self._consents.peek(token)
        consent = access.consent if access and self._portal.now() < access.until else refresh
        if consent is None:
            return {"active": False}
        return {
            "active": True,
            "client_id": CLIENT_ID,
            "app_id": _APP,
            "hub_id": self._portal.account.portal,
            "hub_domain": f"account-{self._portal.account.portal}.example",
            "user_id": _USER,
            "scopes": list(consent.scopes),
            "token_type": "bearer",
            "token_use": "refresh_token" if refresh else "access_token",
            **(
                {}
                if refresh or not access
                else {"expires_in": int((access.until - self._portal.now()).total_seconds())}
            ),
        }

    def _revoke(self, form: dict[str, str]) -> None:
        """Takes the consent back: its access tokens end as well."""
        consent = self._consents.peek(form.get("token", ""))
        if consent is not None:
            self._consents.withdraw(consent)
            self._tokens = {name: each for name, each in self._tokens.items() if each.consent.id != consent.id}

    def _error(self, error: str) -> dict[str, Any]:
        """Both the older members (`status`, `message`) and those of RFC 6749."""
        message = f"missing or invalid grant: {error}"
        return {
            "status": _STATUSES.get(error, "BAD_REQUEST"),
            "message": message,
            "correlationId": self._portal.correlation_id(),
            "error": error,
            "error_description": message,
        }


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(
        msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, media_type="application/json;charset=utf-8"
    )
