"""The local Xero as a whole: takes a call through sign-in, limits and the idempotency store to its endpoint.

What: `XeroSandbox` is what the server serves; `Accounting` answers everything below `/api.xro/2.0`.
Invariant: the order is sign-in (401, 403), limits (429), idempotency (replays count for the limits), then the endpoint;
every answer to a signed-in call has the limit headers.
See also: `contacts`, `items`, `invoices`, `payments`, `accounts`, `tax_rates`, `settings`, `organisation` (the endpoints),
`identity`, `limits`, `idempotency`.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import cycle
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hxrules.sandbox.environment import Control, Environment
from hxrules.sandbox.xero import bodies, errors, scopes
from hxrules.sandbox.xero.accounts import Accounts
from hxrules.sandbox.xero.contacts import Contacts
from hxrules.sandbox.xero.envelope import Call, Endpoint, Refusal, Reply, render
from hxrules.sandbox.xero.idempotency import IdempotencyStore
from hxrules.sandbox.xero.identity import Identity
from hxrules.sandbox.xero.invoices import Invoices
from hxrules.sandbox.xero.items import Items
from hxrules.sandbox.xero.limits import Limits
from hxrules.sandbox.xero.loading import load
from hxrules.sandbox.xero.organisation import Organisation
from hxrules.sandbox.xero.payments import Payments
from hxrules.sandbox.xero.settings import Currencies
from hxrules.sandbox.xero.tax_rates import TaxRates
from hxrules.sandbox.xero.world import World

ROOT: Final = "/api.xro/2.0/"
_SIGN_IN: Final = ("/connect/", "/identity/")
_LOCKS: Final = ("period", "end_of_year")
_VERBS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class Accounting:
    """The Accounting API of one organisation."""

    def __init__(self, world: World, identity: Identity, rng: random.Random) -> None:
        self._world = world
        self._identity = identity
        self.limits = Limits(world.environment, rng)
        self.keys = IdempotencyStore(world.environment)
        resources = (
            *(Organisation(world), Currencies(world), Accounts(world), TaxRates(world)),
            *(Contacts(world), Items(world), Invoices(world), Payments(world)),
        )
        self._endpoints = [(_pattern(each.path), each) for resource in resources for each in resource.endpoints()]

    async def answer(self, request: Request) -> Response:
        """Carry out one call."""
        headers: Mapping[str, str] = {}
        try:
            token = self._identity.holder(request.headers.get("authorization"))
            self._identity.tenant_of(token, request.headers.get("xero-tenant-id"))
            with self.limits.admitted():
                reply = await self._admitted(request, token.scopes)
                await asyncio.sleep(self._world.environment.number("xero-latency"))
            headers = self.limits.headers()
        except Refusal as refusal:
            reply = refusal.reply
            if reply.status not in (401, 403):
                headers = self.limits.headers()
        return render(reply, request.headers.get("accept", ""), headers)

    async def _admitted(self, request: Request, held: Sequence[str]) -> Reply:
        endpoint, parameters = self._endpoint(request)
        reading = request.method in ("GET", "HEAD")
        if not scopes.opens(held, endpoint.scopes, reading=reading):
            status = int(self._world.environment.quirks["scope-status"])
            return errors.scope_missing(status, self._world.response_id())
        carry_out = endpoint.verbs.get("GET" if request.method == "HEAD" else request.method)
        if carry_out is None:
            return errors.WRONG_VERB
        body = await _body(request)
        if request.method in ("PUT", "POST") and "json" not in request.headers.get("content-type", "").lower():
            return errors.WRONG_CONTENT_TYPE
        call = Call(
            request.method,
            parameters,
            {name.lower(): value for name, value in request.query_params.items()},
            request.headers,
            body,
            partial=getattr(request.state, "fault", None) == "partial-batch",
        )

        def once() -> Reply:
            try:
                return carry_out(call)
            except Refusal as refusal:
                return refusal.reply

        target = f"{request.url.path}?{request.url.query}"
        return self.keys.once(request.headers.get("idempotency-key"), request.method, target, body, once)

    def _endpoint(self, request: Request) -> tuple[Endpoint, dict[str, str]]:
        """The endpoint of the path as it was sent, so that a slash inside a key stays inside it."""
        raw = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
        path = raw.partition("?")[0][len(ROOT) :].strip("/")
        for pattern, endpoint in self._endpoints:
            if found := pattern.fullmatch(path):
                return endpoint, {name: unquote(value) for name, value in found.groupdict().items()}
        raise Refusal(errors.NOT_FOUND)


class XeroSandbox:
    """What the server needs of this app (`environment.AppSandbox`)."""

    name = "xero"

    def __init__(self, part: Mapping[str, Any], environment: Environment) -> None:
        """`part` is the `xero` part of a seed file; raises `ValueError` for one that makes no organisation."""
        rng = random.Random(environment.rng.getrandbits(64))
        self._app = dict(part.get("app", {}))
        self.organisation = load(part, environment)
        self.identity = Identity(self.organisation, self._app, rng)
        self.accounting = Accounting(self.organisation, self.identity, rng)
        self.routes: Sequence[BaseRoute] = [
            *self.identity.routes(),
            Route(f"{ROOT}{{path:path}}", self.accounting.answer, methods=_VERBS),
        ]
        self.controls: Mapping[str, Control] = {"lock": self._lock}
        self._throttles = cycle(("minute", "concurrent"))

    def fault_answer(self, kind: str, request: Request) -> Response:
        """An injected error. A 500 is kept under the call's idempotency key, as Xero keeps internal errors."""
        if kind == "429":
            problem = next(self._throttles)
            reply = errors.too_many(problem, 1 if problem == "minute" else None)
        elif kind == "5xx-before" and self.organisation.environment.quirks["xero-server-error"] == "503":
            reply = errors.UNAVAILABLE
        else:
            reply = errors.server_error(self.organisation.response_id())
            self.accounting.keys.spoil(request.headers.get("idempotency-key"), reply)
        headers = self.accounting.limits.headers() if self.app_of(request) == "xero" else {}
        return render(reply, request.headers.get("accept", ""), headers)

    def is_read(self, request: Request) -> bool:
        """Whether the request leaves the records as they are; signing in does."""
        return request.method in ("GET", "HEAD", "OPTIONS") or request.url.path.startswith(_SIGN_IN)

    def app_of(self, request: Request) -> str:
        """`identity` for tokens and connections, else `xero`."""
        path = request.url.path.lower()
        return "identity" if path.startswith((*_SIGN_IN, "/connections")) else "xero"

    def _lock(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"period": "2026-06-30", "end_of_year": null}`: both lock dates; one that is null or left out is taken away."""
        if unknown := sorted({*body} - {*_LOCKS}):
            raise ValueError(f"no lock date is named {unknown[0]!r}; there are: {', '.join(_LOCKS)}")
        days = {name: date.fromisoformat(body[name]) if body.get(name) is not None else None for name in _LOCKS}
        self.organisation.lock(**days)
        return {name: day and day.isoformat() for name, day in days.items()}

    def world(self) -> dict[str, Any]:
        """The organisation as a seed file has it."""
        return {"app": self._app, **self.organisation.dump()}

    def ready(self) -> dict[str, Any]:
        """Credentials and names for the ready file."""
        return {
            "xero_client_id": self.identity.client_id,
            "xero_client_secret": self.identity.client_secret,
            "xero_tenant": self.organisation.organisation["OrganisationID"],
            "organisation": self.organisation.organisation["Name"],
        }


async def _body(request: Request) -> bytes:
    """The body, up to the limit of one call; raises `Refusal`."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > bodies.LARGEST_BODY:
                raise Refusal(errors.TOO_LARGE)
    except ClientDisconnect:
        raise Refusal(Reply(400)) from None
    return bytes(body)


def _pattern(path: str) -> re.Pattern[str]:
    """Paths match without regard to case; `{key}` is one segment."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)), re.IGNORECASE)
