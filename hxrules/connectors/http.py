"""Requests and their repeats: the transport below both connectors, and the only module that knows httpx.

A request is repeated while that can help and can't harm: refused for now (429, 423), the app out of order (5xx), no
answer, an answer that is no JSON. One whose repeat could do something twice (`Call.repeatable` is false) is given up at
the first answer that leaves open what happened, as `Unanswered`. Pauses grow from one second to half a minute; there are
five attempts within four minutes, less than the six that Xero remembers an idempotency key (facts/xero.md 4). What can't
be helped by waiting ends as `Halt`.

Invariant: no secret in any text that leaves this module. See also: `pace` (turns), `auth` (credentials),
`hubspot_dialect` and `xero_dialect` (what each app's headers and error bodies mean).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from hxrules import __version__
from hxrules.connectors.pace import Budget, Pace, Timing, Told
from hxrules.connectors.protocol import Purpose, Usage
from hxrules.problems import Halt, Problem
from hxrules.records import App

if TYPE_CHECKING:
    from hxrules.connectors.auth import Authorizer

ATTEMPTS: Final = 5
DEADLINE: Final = 240.0
"""Seconds after the first attempt in which another may begin."""
LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks for more ends the run, which can be resumed."""
CONNECT_PATIENCE: Final = 10.0
"""Seconds for a connection to stand."""

_OUT_OF_ORDER: Final = frozenset({423, 477, 500, 502, 503, 504, 521, 523, 524})
_NOT_CARRIED_OUT: Final = frozenset({423, 477})
"""A locked record, an account on its way to another data centre (facts/hubspot.md 8.2)."""

_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def encode_body(document: object) -> bytes:
    """JSON with sorted keys and exact decimals: the same content is the same bytes."""
    return _encoder.encode(document)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before credentials and repeats. `path` is relative to the root of the API."""

    method: str
    path: str
    purpose: Purpose
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    media: str = "application/json"
    windows: tuple[str, ...] = ()
    """The limits of `pace` in which it counts."""
    repeatable: bool = True
    """A repeat has the same effect as the first, even if the first was carried out unseen."""
    returns: frozenset[int] = frozenset()
    """Statuses that the caller deals with itself, beside success and plain refusals (400, 404, 409 …)."""
    answers: Literal["object", "array", "nothing"] = "object"
    """The JSON that a success brings; an array is shown as an object with the one member `rows`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `document` is the JSON object, `None` where there is none; `text` begins the body, for people."""

    status: int
    headers: Mapping[str, str]
    document: dict[str, Any] | None
    text: str

    @property
    def succeeded(self) -> bool:
        return self.status < 400

    def seconds(self, header: str) -> float | None:
        """A header that holds seconds."""
        value = self.headers.get(header, "").strip()
        return float(value) if value.replace(".", "", 1).isdecimal() else None


class Unanswered(Exception):
    """Nobody knows whether the request was carried out, and it can't be repeated safely."""


def not_as_expected(brand: str, call: Call) -> Halt:
    """JSON, but not of the API that should be there: mostly a wrong address."""
    cause = f"{call.method} {call.path}: the answer lacks what {brand} always tells."
    return Halt(1, [Problem("HX422", f"{brand} answered with JSON of another shape", cause, "Check the address.")])


class Dialect(Protocol):
    """What differs between the apps below the level of endpoints."""

    app: App

    def told(self, headers: Mapping[str, str]) -> Mapping[str, Told]:
        """What the limit headers of any answer say, by the limit's name in `pace`."""

    def wait(self, answer: Answer, attempt: int) -> float | None:
        """Seconds to wait after a 429; `None` when it is the day's limit."""

    def incomplete(self, answer: Answer) -> bool:
        """Whether an answer to a read leaves out records that the app could not read just now."""

    def denial(self, answer: Answer) -> Problem:
        """What a 401 or 403 means: `HX401` (credentials), `HX402` (scope), or `HX403` (account)."""


class Http:
    """One API root: keeps connections, credentials, pace and count. Thread-safe."""

    def __init__(
        self,
        root: str,
        dialect: Dialect,
        authorizer: Authorizer,
        *,
        pace: Pace,
        usage: Usage,
        timing: Timing,
        patience: float,
        budget: Budget | None = None,
    ) -> None:
        """`root` is the address of the API, `patience` how many seconds an answer may take."""
        self.headers: dict[str, str] = {}
        """Sent with every request."""
        self._root = root
        self._dialect = dialect
        self._authorizer = authorizer
        self._pace = pace
        self._usage = usage
        self._timing = timing
        self._budget = budget or Budget()
        # A proxy of the environment is for the world outside; without TLS, reading the certificate authorities is a
        # waste of 20 ms.
        outside = urlsplit(root).scheme == "https"
        self._client = httpx.Client(
            headers={"Accept": "application/json", "User-Agent": f"hxrules/{__version__}"},
            timeout=httpx.Timeout(patience, connect=min(patience, CONNECT_PATIENCE)),
            trust_env=outside,
            verify=outside,
        )

    @property
    def granted(self) -> frozenset[str] | None:
        """The scopes of the credentials; `None` when they can't be told, or not before the first request."""
        return self._authorizer.granted

    def close(self) -> None:
        self._client.close()
        self._authorizer.close()

    def send(self, call: Call) -> Answer:
        """The answer: success, or a refusal for the caller to explain (4xx, and `call.returns`).

        Raises `Halt` (1, 7, 8) and `Unanswered`.
        """
        begun = self._timing.monotonic()
        attempt, renewed = 1, False
        while True:
            try:
                answer = self._once(call)
            except _NoAnswer as failure:
                if failure.sent and not call.repeatable:
                    raise Unanswered(failure.problem.cause) from None
                setback = _Setback(_pause(attempt), Halt(1, [failure.problem]))
            else:
                if answer.status in call.returns:
                    return answer
                if answer.status in (401, 403):
                    problem = self._dialect.denial(answer)
                    if problem.code != "HX401" or renewed or not self._authorizer.renew():
                        raise Halt(7, [problem])
                    renewed = True
                    continue
                found = self._setback(call, answer, attempt)
                if found is None:
                    return answer
                setback = found
            if attempt == ATTEMPTS or self._timing.monotonic() + setback.pause - begun > DEADLINE:
                raise setback.halt
            self._timing.sleep(setback.pause)
            self._usage.wait(setback.pause)
            attempt += 1

    def _setback(self, call: Call, answer: Answer, attempt: int) -> _Setback | None:
        """How to go on after an answer that can't be used; `None` when it can be."""
        if answer.status == 429:
            wait = self._dialect.wait(answer, attempt)
            halt = Halt(8, [self._limit_reached(answer, wait)])
            if wait is None or wait > LONGEST_WAIT:
                self._pace.stop(halt)
                raise halt
            self._pace.close(call.windows, wait)
            return _Setback(wait, halt)
        if answer.status in _OUT_OF_ORDER:
            if not call.repeatable and answer.status not in _NOT_CARRIED_OUT:
                raise Unanswered(self._said(answer))
            wait = answer.seconds("Retry-After") or (2.0 if answer.status == 423 else 0.0)
            if wait > LONGEST_WAIT:
                raise Halt(8, [self._limit_reached(answer, wait)])
            return _Setback(max(_pause(attempt), wait), Halt(1, [self._unreachable(self._said(answer))]))
        if call.purpose == "reads" and answer.succeeded and self._dialect.incomplete(answer):
            # What is left out must not be taken for what is not there.
            return _Setback(_pause(attempt), Halt(1, [self._unreachable("some records are left out of every answer")]))
        return None

    def _once(self, call: Call) -> Answer:
        authorization = self._authorizer.header()
        signed = {"Authorization": authorization} if authorization else {}
        headers = {**signed, **self.headers, **call.headers}
        if call.body is not None:
            headers["Content-Type"] = call.media
        # A blank as %20, not +: not every server reads it as a blank.
        query = f"?{urlencode(call.params, quote_via=quote)}" if call.params else ""
        url = self._root + call.path + query
        request = self._client.build_request(call.method, url, headers=headers, content=call.body)
        bytes_in = 0
        self._budget.take()
        with self._pace.turn(call.windows) as turn:
            self._usage.wait(turn.waited)
            try:
                response = self._client.send(request)
                bytes_in = response.num_bytes_downloaded
                turn.told = self._dialect.told(response.headers)
            except httpx.RequestError as error:
                # Only what failed before a connection stood has certainly not arrived.
                sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                raise _NoAnswer(self._unreachable(_reason(error)), sent) from None
            finally:
                self._usage.count(call.purpose, len(call.body or b""), bytes_in)
        return self._parsed(call, response)

    def _parsed(self, call: Call, response: httpx.Response) -> Answer:
        status, content = response.status_code, response.content
        media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status >= 400:
            # Some servers repeat in an error what they were sent.
            for secret in self._authorizer.secrets:
                content = content.replace(secret.encode(), b"***")
        document: Any = None
        if content and media.endswith("json"):
            try:
                document = _decoder.decode(content)
            except msgspec.DecodeError:
                media = f"broken {media}"
        if call.answers == "array" and isinstance(document, list):
            document = {"rows": document}
        if not isinstance(document, dict):
            document = None
        text = content[:500].decode("utf-8", "replace") if status >= 400 else ""
        answer = Answer(status, response.headers, document, text)
        nothing_is_fine = status in (204, 304) or (call.answers == "nothing" and not content)
        if document is None and status < 400 and not nothing_is_fine:
            raise _NoAnswer(self._no_json(status, media or "nothing"), sent=True)
        return answer

    def _said(self, answer: Answer) -> str:
        """The status, and what can be read of the body."""
        text = " ".join(answer.text.split())
        return f"status {answer.status}" + (f": {text[:200]}" if text and "<" not in text[:1] else "")

    def _unreachable(self, reason: str) -> Problem:
        brand = self._dialect.app.brand
        return Problem(
            "HX421",
            f"{brand} can't be reached",
            f"{self._root}: {reason}",
            f"Check the connection and {brand}'s status page, then run the command again; it goes on where it stopped.",
        )

    def _no_json(self, status: int, media: str) -> Problem:
        return Problem(
            "HX422",
            f"{self._dialect.app.brand} answered with something that is no JSON",
            f"{self._root}: status {status}, {media}",
            "Look for a proxy or a sign-in page between here and there, and check the address.",
        )

    def _limit_reached(self, answer: Answer, wait: float | None) -> Problem:
        brand = self._dialect.app.brand
        when = "when its day is over" if wait is None else f"in {wait:.0f} seconds"
        return Problem(
            "HX430",
            f"{brand} takes no more calls for now",
            self._said(answer),
            f"Run the command again {when}; it goes on where it stopped.",
        )


class _Setback(NamedTuple):
    """Seconds to wait before another attempt, and how it ends when there is none."""

    pause: float
    halt: Halt


def _pause(attempt: int) -> float:
    return min(2.0 ** (attempt - 1), 30.0)


class _NoAnswer(Exception):
    """This attempt brought nothing to work with; `sent` when the request may have been carried out."""

    def __init__(self, problem: Problem, sent: bool) -> None:
        super().__init__(problem.cause)
        self.problem = problem
        self.sent = sent


def _reason(error: httpx.RequestError) -> str:
    """What went wrong, in a few words and without the request."""
    match error:
        case httpx.ConnectTimeout():
            return "no connection in time"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return f"no connection ({error})"
        case _:
            return f"the connection broke off ({error})" if str(error) else "the connection broke off"
