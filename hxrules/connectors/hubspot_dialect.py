"""What HubSpot's limit headers and error bodies mean (facts/hubspot.md 8).

An error has a category (`VALIDATION_ERROR`, `CONFLICT` …) and may have inner errors with a code each (`INVALID_EMAIL`
…), or a JSON list of them inside its message. Any part may be missing. See also: `protocol` (our own codes), `http`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from hxrules.connectors.http import Answer, Call
from hxrules.connectors.pace import DAY, Pace, Timing, Told, Window
from hxrules.problems import Halt, Problem
from hxrules.records import App, Failure, WriteError

BURST: Final = ("burst",)
"""The windows of an ordinary call."""
SEARCH: Final = ("burst", "search")
"""The windows of a search: five a second for the whole account, so one is left to others."""
IN_FLIGHT: Final = 10
"""HubSpot publishes no limit; its record locks (423) answer too many writes at once."""
FORBIDDEN: Final = frozenset({403})
"""The status of a write that is `refusal`'s to explain: about its records, or about the token."""

_DAY_IS_OVER: Final = Problem(
    "HX430",
    "HubSpot's daily limit is used up",
    "All apps of the account share it.",
    "Run the command again after midnight of the account's time zone; it goes on where it stopped.",
)
_CODES: Final = {
    "INVALID_EMAIL": "bad-email",
    "INVALID_OPTION": "bad-choice",
    "PROPERTY_DOESNT_EXIST": "unknown-field",
    "READ_ONLY_VALUE": "read-only",
    "CONFLICTING_UNIQUE_VALUE": "value-taken",
    "MISSING_REQUIRED_PROPERTY": "missing-field",
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": "missing-field",
    "OBJECT_NOT_FOUND": "not-found",
    "OBJECT_ALREADY_EXISTS": "value-taken",
    "CONFLICT": "value-taken",
    "FORBIDDEN": "forbidden",
}
_REFUSALS: Final = frozenset({*_CODES, "VALIDATION_ERROR", "MISSING_SCOPES", "BAD_REQUEST"})
"""Categories by which HubSpot means the record; any other one in a partial answer is trouble of its own."""

_EXISTING: Final = re.compile(r"Existing ID:\s*(\d+)")
_INNER_CODE: Final = re.compile(r'"error":\s*"([A-Z_]+)"')
_INNER_ERRORS: Final = re.compile(r"\[\{.*\}\]", re.DOTALL)


def pace(timing: Timing) -> Pace:
    """The limits of the smallest plan, until a header says more."""
    return Pace(timing, {"burst": Window(100, 10.0), "search": Window(4, 1.0)}, IN_FLIGHT, _DAY_IS_OVER)


class HubSpotDialect:
    """See `http.Dialect`."""

    app = App.HUBSPOT

    def told(self, headers: Mapping[str, str]) -> Mapping[str, Told]:
        found: dict[str, Told] = {}
        remaining = _number(headers, "X-HubSpot-RateLimit-Remaining")
        interval = _number(headers, "X-HubSpot-RateLimit-Interval-Milliseconds")
        if remaining is not None:
            limit = _number(headers, "X-HubSpot-RateLimit-Max")
            found["burst"] = Told(remaining, limit, interval / 1000 if interval else None)
        today = _number(headers, "X-HubSpot-RateLimit-Daily-Remaining")
        if today is not None:
            found[DAY] = Told(today)
        return found

    def wait(self, answer: Answer, attempt: int) -> float | None:
        document = answer.document or {}
        policy, message = str(document.get("policyName", "")), str(document.get("message", ""))
        if policy == "DAILY" or "daily" in message:
            return None
        # Retry-After is not documented for REST; some of HubSpot's services send milliseconds.
        told = answer.seconds("Retry-After")
        if told is not None and told <= 60:
            return told
        if policy == "SECONDLY" or "secondly limit" in message:
            return 1.0 * attempt
        return 10.0

    def incomplete(self, answer: Answer) -> bool:
        errors = (answer.document or {}).get("errors") or ()
        return answer.status == 207 and any(error.get("category") not in _REFUSALS for error in errors)

    def denial(self, answer: Answer) -> Problem:
        if answer.status == 401:
            return Problem(
                "HX401",
                "HubSpot does not accept the token",
                f"status 401 {(answer.document or {}).get('category', '')}".rstrip(),
                "It may have expired, or been rotated or revoked: connect again, or check HXRULES_HUBSPOT_TOKEN.",
                next_command="hxrules connect hubspot",
            )
        scopes = sorted(set(_scopes(answer.document or {})))
        if scopes:
            return Problem(
                "HX402",
                f"The HubSpot token lacks the scope {', '.join(scopes)}",
                "HubSpot asks for one of these scopes." if len(scopes) > 1 else "",
                "Add the scope to the service key or app that the token belongs to, and connect again if it is an OAuth app.",
                next_command="hxrules connect hubspot",
            )
        message = str((answer.document or {}).get("message", "")) or f"status {answer.status}"
        return Problem(
            "HX403", "HubSpot refuses access", message, "Check the token's scopes and what the account's plan includes."
        )


def checked(call: Call, answer: Answer) -> dict[str, Any]:
    """The document that answers a read. Raises `Halt` where HubSpot refuses it."""
    if answer.succeeded:
        return answer.document or {}
    message = str((answer.document or {}).get("message") or answer.text or "no reason given")
    raise Halt(
        1,
        [
            Problem(
                "HX423",
                "HubSpot refuses a read",
                f"{call.method} {call.path}: status {answer.status}: {message[:300]}",
                "A property that the ruleset names may be gone: compare its mappings and filters with the account.",
            )
        ],
    )


def refusal(answer: Answer) -> WriteError:
    """What a refused write means for its records. Raises `Halt` where the token lacks a scope.

    A 403 that speaks of no scope is about what the account can't do: record payments before payments are set up
    (facts/hubspot.md 3.6).
    """
    document = answer.document or {}
    if answer.status == 403 and document.get("category") != "FORBIDDEN":
        raise Halt(7, [HubSpotDialect().denial(answer)])
    return write_error(document, answer.status)


def read_only(error: Mapping[str, Any]) -> set[str]:
    """The properties that, as an error says, can't be written."""
    names: set[str] = set()
    for inner in error.get("errors") or ():
        if isinstance(inner, dict) and inner.get("code") == "READ_ONLY_VALUE":
            names.update(str(each) for each in (inner.get("context") or {}).get("propertyName") or ())
    listed = _INNER_ERRORS.search(str(error.get("message", "")))
    if listed:
        try:
            told = msgspec.json.decode(listed[0])
        except msgspec.DecodeError:
            told = ()
        names.update(str(each.get("name")) for each in told if each.get("error") == "READ_ONLY_VALUE")
    return names


def write_error(error: Mapping[str, Any], status: int = 207) -> WriteError:
    """What one error means for the record that it is about."""
    message = str(error.get("message", "")) or f"status {status}"
    category = str(error.get("category", ""))
    existing = _EXISTING.search(message)
    code = next((_CODES[each] for each in (*_inner_codes(error), category) if each in _CODES), "validation")
    if existing:
        return WriteError(Failure.REFUSED, "email-taken", message, existing[1])
    if status == 207 and category not in _REFUSALS:
        return WriteError(Failure.TRANSIENT, "unavailable", message)
    return WriteError(Failure.REFUSED, code, message)


def _inner_codes(error: Mapping[str, Any]) -> Iterator[str]:
    for inner in error.get("errors") or ():
        if isinstance(inner, dict):
            yield str(inner.get("code", ""))
    yield str(error.get("subCategory", "")).rpartition(".")[2]
    yield from _INNER_CODE.findall(str(error.get("message", "")))


def _scopes(document: Mapping[str, Any]) -> Iterator[str]:
    for holder in (document, *(document.get("errors") or ())):
        context = holder.get("context") if isinstance(holder, dict) else None
        if isinstance(context, dict):
            for name in ("requiredGranularScopes", "requiredScopes"):
                yield from (str(scope) for scope in context.get(name) or ())


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isdecimal() else None
