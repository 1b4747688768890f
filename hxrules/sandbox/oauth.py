"""What both sign-in services are made of: a request for consent, the page that asks for it, codes, refresh tokens.

Authorization code with PKCE (RFC 6749 4.1, RFC 7636) for one registered app with one user, who is signed in already and has only
to say yes or no. Each vendor adds its addresses, its lives and its errors: `xero.identity`, `hubspot.oauth`.
Invariants: a code and a ticket serve once; all lives are counted by the sandbox's clock; a consent that was taken back opens
nothing any more.
"""

from __future__ import annotations

import base64
import hashlib
import html
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hxrules.sandbox.environment import Clock

LOOPBACK_REDIRECT: Final = re.compile(r"http://localhost(:\d{1,5})?/[\w/.-]*")
"""The redirect addresses that the app has registered: a browser on the user's own machine (facts/xero.md 1.3)."""
FORM: Final = "application/x-www-form-urlencoded"

_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #222; }}
h1 {{ font-size: 1.4rem; }} li {{ font-family: monospace; }} button {{ font: inherit; padding: .4rem 1.2rem; margin-right: .5rem; }}
</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


class Denied(Exception):
    """An OAuth error, named as the specification names it."""


@dataclass(frozen=True)
class Asked:
    """A request for consent. `challenge` is empty where the app asked without PKCE."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str

    def back(self, **answer: str) -> RedirectResponse:
        """The browser on its way back to the app."""
        given = answer if self.state is None else {**answer, "state": self.state}
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(given)}", 302)


@dataclass(frozen=True)
class Consent:
    """What the user agreed to; `id` is the event that tokens and connections name."""

    id: str
    client_id: str
    scopes: tuple[str, ...]


@dataclass
class _Code:
    asked: Asked
    consent: Consent
    until: datetime


@dataclass
class _Refresh:
    consent: Consent
    until: datetime | None


class Consents:
    """The consents of one app, and what can be traded for them."""

    def __init__(
        self, clock: Clock, rng: random.Random, *, code_life: timedelta, refresh_life: timedelta | None
    ) -> None:
        """`refresh_life` is how long a refresh token lives unused; `None` is for ever."""
        self._clock = clock
        self._random = rng
        self._code_life = code_life
        self._refresh_life = refresh_life
        self._waiting: dict[str, Asked] = {}
        self._codes: dict[str, _Code] = {}
        self._refreshes: dict[str, _Refresh] = {}

    def page(self, asked: Asked, *, title: str, who: str, allow: str, action: str) -> Response:
        """The page on which the user of the account `who` says yes (`allow`) or no."""
        ticket = self._made()
        self._waiting[ticket] = asked
        scopes = "".join(f"<li>{html.escape(each)}</li>" for each in asked.scopes)
        body = (
            f"<p>hxrules wants access to <b>{html.escape(who)}</b>:</p><ul>{scopes}</ul>"
            f'<form method="post" action="{action}"><input type="hidden" name="ticket" value="{ticket}">'
            f'<button id="allow" name="answer" value="allow">{html.escape(allow)}</button>'
            '<button id="cancel" name="answer" value="cancel">Cancel</button></form>'
        )
        return HTMLResponse(_page(title, body), headers={"Cache-Control": "no-store"})

    def answered(self, form: dict[str, str], agreed: Callable[[Asked], Consent]) -> Response:
        """Where the browser goes after the user's answer; `agreed` makes the consent that follows a yes."""
        asked = self._waiting.pop(form.get("ticket", ""), None)
        if asked is None:
            return refusal_page("This page was answered already")
        if form.get("answer") != "allow":
            return asked.back(error="access_denied")
        code = self._made()
        self._codes[code] = _Code(asked, agreed(asked), self._clock.now() + self._code_life)
        return asked.back(code=code)

    def redeemed(self, form: dict[str, str]) -> Consent:
        """The consent behind the code of a token request; raises `Denied`."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._clock.now() >= code.until:
            raise Denied("invalid_grant")
        asked = code.asked
        proof = challenge(form.get("code_verifier", "")) if asked.challenge else ""
        if (form.get("client_id"), form.get("redirect_uri"), proof) != (
            asked.client_id,
            asked.redirect_uri,
            asked.challenge,
        ):
            raise Denied("invalid_grant")
        return code.consent

    def refresh_token(self, consent: Consent) -> str:
        """A new refresh token for the consent."""
        made = self._made()
        until = None if self._refresh_life is None else self._clock.now() + self._refresh_life
        self._refreshes[made] = _Refresh(consent, until)
        return made

    def renewed(self, token: str, grace: timedelta | None) -> Consent:
        """The consent behind a refresh token; raises `Denied`. From its first use the token lives for `grace` only, unless that
        is `None`.
        """
        found = self._refreshes.get(token)
        now = self._clock.now()
        if found is None or (found.until is not None and now >= found.until):
            raise Denied("invalid_grant")
        if grace is not None:
            found.until = min(found.until or now + grace, now + grace)
        return found.consent

    def peek(self, token: str) -> Consent | None:
        """The consent behind a refresh token that still lives."""
        found = self._refreshes.get(token)
        return found.consent if found and (found.until is None or self._clock.now() < found.until) else None

    def withdraw(self, consent: Consent) -> None:
        """Forgets all refresh tokens and codes of a consent."""
        self._refreshes = {name: each for name, each in self._refreshes.items() if each.consent.id != consent.id}
        self._codes = {name: each for name, each in self._codes.items() if each.consent.id != consent.id}

    def _made(self) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(32)).rstrip(b"=").decode()


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier; empty for one that is no verifier (RFC 7636 4.1)."""
    if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def asked_of(query: dict[str, str], scopes: Sequence[str]) -> Asked:
    """The request for consent of an authorize address that names a registered app. Raises `Denied`."""
    method = query.get("code_challenge_method", "plain" if "code_challenge" in query else "S256")
    if query.get("response_type", "code") != "code" or method != "S256":
        raise Denied("invalid_request")
    return Asked(
        query["client_id"], query["redirect_uri"], tuple(scopes), query.get("state"), query.get("code_challenge", "")
    )


def words(text: str | None) -> tuple[str, ...]:
    """Scopes as they are written: divided by blanks, each once."""
    return tuple(dict.fromkeys((text or "").split()))


async def form_of(request: Request) -> dict[str, str] | None:
    """The fields of a form body; `None` when the body is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def refusal_page(*reasons: str) -> Response:
    """What a browser shows when the app behind the request can't be told what is wrong."""
    said = "".join(f"<p>{html.escape(each)}</p>" for each in reasons)
    return HTMLResponse(_page("Sorry, something went wrong", said), 400)


def missing_from(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """The wanted scopes that are not among the known ones."""
    have = frozenset(known)
    return [each for each in wanted if each not in have]


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=html.escape(title), body=body)
