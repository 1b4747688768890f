"""What Xero's limit headers, error bodies and element errors mean (facts/xero.md 2.6, 2.7, 3.1, 11).

Xero has no error codes worth the name: an error is a sentence, and varies slightly. It is recognised by its stable
part. See also: `protocol` (our own codes), `http`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hxrules.connectors import scopes
from hxrules.connectors.http import Answer
from hxrules.connectors.pace import DAY, Pace, Timing, Told, Window
from hxrules.problems import Problem
from hxrules.records import App, Failure, WriteError

MINUTE: Final = ("minute",)
"""The windows of every call."""
IN_FLIGHT: Final = 5

_DAY_IS_OVER: Final = Problem(
    "HX430",
    "Xero's daily limit for this organisation is used up",
    "It is 1,000 calls on the Starter tier and 5,000 above.",
    "Run the command again tomorrow; it goes on where it stopped.",
)
_TEXTS: Final = (
    # An element may be refused for several reasons: the first of this list is the one that is named.
    ("lock date", "locked"),
    ("must be un-archived before creating", "customer-archived"),
    ("not subscribed to currency", "currency"),
    ("the status voided cannot be applied", "has-payments"),
    ("cannot be applied to the invoice because it has payments", "paid"),
    ("payment or credit note", "paid"),
    ("update fields on a paid invoice", "paid"),
    ("exceeds the amount outstanding", "overpaid"),
    ("payments can only be made against", "not-payable"),
    ("not of valid status", "wrong-status"),
    ("limit of invoices you can approve", "approval-limit"),
    ("the due date cannot be before", "due-before-date"),
    ("taxtype code", "bad-tax"),
    ("item code", "bad-item"),
    ("account code", "bad-account"),
    ("account could not be found", "bad-account"),
    ("account type is invalid", "bad-account"),
    ("invoice # must be unique", "number-taken"),
    ("is already assigned to another contact", "name-taken"),
    ("matched an archived contact", "archived"),
    ("has been archived", "archived"),
    ("another contact has this contact number", "number-taken"),
    ("account number already exists", "number-taken"),
    ("must be unique", "value-taken"),
    ("already exists", "value-taken"),
    ("email address must be valid", "bad-email"),
    ("email address is invalid", "bad-email"),
    ("must contain at least 1 of the following elements", "missing-field"),
    ("must be specified", "missing-field"),
    ("is required", "missing-field"),
    ("cannot be empty", "missing-field"),
    ("is mandatory", "missing-field"),
    ("maximum length", "too-long"),
    ("could not be found", "not-found"),
    ("was not found", "not-found"),
)


_HEADERS: Final = {"minute": "X-MinLimit-Remaining", DAY: "X-DayLimit-Remaining"}


def pace(timing: Timing) -> Pace:
    """The published limits, until a header says more."""
    return Pace(timing, {"minute": Window(60, 60.0)}, IN_FLIGHT, _DAY_IS_OVER)


class XeroDialect:
    """See `http.Dialect`."""

    app = App.XERO

    def told(self, headers: Mapping[str, str]) -> Mapping[str, Told]:
        named = {name: headers.get(header, "") for name, header in _HEADERS.items()}
        return {name: Told(int(value)) for name, value in named.items() if value.isdecimal()}

    def wait(self, answer: Answer, attempt: int) -> float | None:
        if answer.headers.get("X-Rate-Limit-Problem", "").lower() == "day":
            return None
        told = answer.seconds("Retry-After")
        # Too many at once comes without a time: one of them ends soon.
        return told if told is not None else 1.0 * attempt

    def incomplete(self, answer: Answer) -> bool:
        return False

    def denial(self, answer: Answer) -> Problem:
        document = answer.document or {}
        detail = str(document.get("Detail") or document.get("detail") or "")
        challenge = f"{answer.headers.get('WWW-Authenticate', '')} {answer.text}".lower()
        # The first is Xero's own spelling.
        if "insufficent_scope" in challenge or "insufficient_scope" in challenge:
            return Problem(
                "HX402",
                f"The Xero connection lacks a scope; hxrules needs {', '.join(scopes.XERO)}",
                f"status {answer.status}",
                "Connect again, and agree to all scopes; of a custom connection tick them at developer.xero.com first.",
                next_command="hxrules connect xero",
            )
        if answer.status == 401:
            return Problem(
                "HX401",
                "Xero does not accept the token",
                f"status 401 {detail}".rstrip(),
                "Connect again, or check HXRULES_XERO_CLIENT_ID and HXRULES_XERO_CLIENT_SECRET.",
                next_command="hxrules connect xero",
            )
        return Problem(
            "HX403",
            "Xero refuses access to the organisation",
            f"status {answer.status} {detail}".rstrip(),
            "The organisation was disconnected, or whoever authorised it has no access any more: reconnect it.",
            next_command="hxrules connect xero",
        )


def messages(document: Mapping[str, Any]) -> list[str]:
    """The sentences of an error body, or of an element that was refused."""
    found = [
        str(error.get("Message") or error.get("Description") or "")
        for error in document.get("ValidationErrors") or ()
        if isinstance(error, dict)
    ]
    for element in document.get("Elements") or ():
        if isinstance(element, dict):
            found += messages(element)
    if not found:
        found = [str(document.get("Message") or document.get("Detail") or "")]
    return [each for each in dict.fromkeys(found) if each]


def refusal(said: Iterable[str], code: str = "validation") -> WriteError:
    """What these sentences mean for the record that they are about; `code` when none of them is known."""
    text = " ".join(said)
    lowered = text.lower()
    if "try again" in lowered:
        return WriteError(Failure.TRANSIENT, "unavailable", text)
    code = next((known for part, known in _TEXTS if part in lowered), code)
    return WriteError(Failure.REFUSED, code, text or "Xero gave no reason.")
