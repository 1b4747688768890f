"""Puts an account on the network: checks the token, counts the call, finds the endpoint, writes answer and refusals.

See also: `calls` (what endpoints get), `portal` (the world), facts/hubspot.md 2 (token), 8 (limits and bodies).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from hxrules.sandbox.environment import Control, Environment
from hxrules.sandbox.hubspot.account_calls import AccountCalls
from hxrules.sandbox.hubspot.association_calls import AssociationCalls
from hxrules.sandbox.hubspot.batches import BatchCalls
from hxrules.sandbox.hubspot.calls import OLD_VERSIONS, VERSIONS, Answer, Call, Endpoint
from hxrules.sandbox.hubspot.errors import ApiError, invalid_json
from hxrules.sandbox.hubspot.limits import RateLimiter
from hxrules.sandbox.hubspot.loading import dump, load
from hxrules.sandbox.hubspot.oauth import SignIn
from hxrules.sandbox.hubspot.objects import ObjectCalls
from hxrules.sandbox.hubspot.property_calls import PropertyCalls
from hxrules.sandbox.hubspot.reading import Reading
from hxrules.sandbox.hubspot.search import SearchCalls
from hxrules.sandbox.hubspot.tax_rate_calls import TaxRateCalls
from hxrules.sandbox.hubspot.writing import Writing

JSON: Final = "application/json;charset=utf-8"
MOST_URL_CHARACTERS: Final = 8_000
MESSAGES: Final = {
    "DAILY": "You have reached your daily limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
}
"""The message of a 429 by its policy."""
READING_POSTS: Final = ("/search", "/batch/read")


class HubSpotSandbox:
    """The local HubSpot: one account, one token that somebody made there, and those of an OAuth app."""

    name = "hubspot"

    def __init__(self, part: Mapping[str, Any], env: Environment) -> None:
        """`part` is the `hubspot` part of a seed file; raises `ValueError` for one that no account could hold."""
        self.portal = load(part, env)
        self.limiter = RateLimiter(env, self.portal.account.zone)
        self.token = f"pat-na1-{self.portal.correlation_id()}"
        self.sign_in = SignIn(self.portal, self.token)
        reading, writing = Reading(self.portal), Writing(self.portal)
        endpoints: list[Endpoint] = [
            *AccountCalls(self.portal, self.limiter).endpoints,
            *TaxRateCalls(self.portal).endpoints,
            *PropertyCalls(self.portal).endpoints,
            *AssociationCalls(self.portal).endpoints,
            *BatchCalls(self.portal, reading, writing).endpoints,
            *SearchCalls(self.portal, reading).endpoints,
            *ObjectCalls(self.portal, reading, writing).endpoints,
        ]
        self.controls: Mapping[str, Control] = {}
        self.routes: Sequence[BaseRoute] = [
            *self.sign_in.routes,
            *(
                Route(path, self._http(endpoint), methods=[endpoint.method])
                for endpoint in endpoints
                for path in endpoint.paths
            ),
            Route("/{path:path}", self._nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def fault_answer(self, kind: str, request: Request) -> Response:
        """A 429 of the policy that fits the request, a 423, a 477, or an error page of the edge in front of HubSpot."""
        if kind == "429":
            is_search = request.url.path.endswith("/search")
            return self._too_many("SECONDLY" if is_search else "TEN_SECONDLY_ROLLING", is_search)
        if kind == "423":
            locked = ApiError(423, "LOCKED", "Some records are locked by other writes; wait two seconds and try again.")
            return self._written(Answer(423, locked.body(self.portal.correlation_id())), False)
        if kind == "477":
            moving = ApiError(477, "MIGRATION_IN_PROGRESS", "This account is moving to another data centre.")
            response = self._written(Answer(477, moving.body(self.portal.correlation_id())), False)
            response.headers["Retry-After"] = str(math.ceil(request.state.fault_seconds))
            return response
        status, title = (502, "Bad gateway") if kind == "5xx-before" else (504, "Gateway time-out")
        return Response(f"<html><head><title>{status}: {title}</title></head></html>", status, media_type="text/html")

    def is_read(self, request: Request) -> bool:
        """GET, and the POSTs that only look or sign in."""
        path = request.url.path
        return request.method == "GET" or path.endswith(READING_POSTS) or path.startswith("/oauth/")

    def app_of(self, request: Request) -> str:
        """Always `hubspot`."""
        return self.name

    def world(self) -> dict[str, Any]:
        """The account and all its records, as a seed file's `hubspot` part."""
        return dump(self.portal)

    def ready(self) -> dict[str, Any]:
        """The token, and the id of the account that it belongs to."""
        return {"hubspot_token": self.token, "portal": self.portal.account.portal}

    def _http(self, endpoint: Endpoint) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(request: Request) -> Response:
            body = await request.body()
            try:
                self._authenticate(request)
                policy = self.limiter.admit(endpoint.search)
                if policy:
                    return self._too_many(policy, endpoint.search)
                result = endpoint.call(_call(request, body))
            except ApiError as error:
                result = Answer(error.status, error.body(self.portal.correlation_id()))
            return self._written(result, endpoint.search)

        return answer

    async def _nowhere(self, request: Request) -> Response:
        error = ApiError(404, "NOT_FOUND", f"resource not found: {request.url.path}")
        if any(route.matches(request.scope)[0] is Match.PARTIAL for route in self.routes):
            error = ApiError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed on {request.url.path}")
        return self._written(Answer(error.status, error.body(self.portal.correlation_id())), False)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        granted = self.portal.account.scopes
        if token.strip() != self.token:
            granted = self.sign_in.scopes_of(token.strip())
            if granted is None:
                raise ApiError(401, "INVALID_AUTHENTICATION", "Authentication credentials are invalid or have expired.")
        self.portal.account.held = granted

    def _written(self, answer: Answer, is_search: bool) -> Response:
        headers = {"X-HubSpot-Correlation-Id": self.portal.correlation_id()}
        if not is_search and answer.status != 401:
            headers |= self.limiter.headers()
        if answer.body is None:
            return Response(None, answer.status, headers)
        return Response(msgspec.json.encode(answer.body), answer.status, headers, media_type=JSON)

    def _too_many(self, policy: str, is_search: bool) -> Response:
        body = {
            "status": "error",
            "message": MESSAGES[policy],
            "errorType": "RATE_LIMIT",
            "correlationId": self.portal.correlation_id(),
            "policyName": policy,
            "requestId": self.portal.correlation_id(),
        }
        response = self._written(Answer(429, body), is_search)
        if self.portal.env.quirks["retry-after"] == "present":
            response.headers["Retry-After"] = str(math.ceil(self.limiter.seconds_until_free(policy)))
        return response


def _call(request: Request, body: bytes) -> Call:
    url = str(request.url)
    if len(url) > MOST_URL_CHARACTERS:
        raise ApiError(414, "URI_TOO_LONG", "The URL is too long")
    path = dict(request.path_params)
    version = path.pop("version", "") or url.split("/")[4]
    if version not in (*VERSIONS, *OLD_VERSIONS):
        raise ApiError(404, "NOT_FOUND", f"resource not found: there is no version {version}")
    parsed = None
    if body:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise ApiError(415, "VALIDATION_ERROR", f"Content-Type {media_type or 'none'} is not supported")
        try:
            parsed = json.loads(body, parse_float=str)
        except ValueError as error:
            raise invalid_json(str(error)) from error
    return Call(
        version=version,
        path=path,
        query={key: ",".join(request.query_params.getlist(key)) for key in request.query_params},
        body=parsed,
        body_characters=len(body.decode("utf-8", "replace")),
        url=url.partition("?")[0],
        fault=request.state.fault,
    )
