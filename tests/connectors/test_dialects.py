"""What headers and error bodies mean, in every form that the vendors are known to use."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from hxrules.connectors.http import Answer
from hxrules.connectors.hubspot_dialect import HubSpotDialect, write_error
from hxrules.connectors.xero_dialect import XeroDialect, messages, refusal
from hxrules.records import Failure


def answered(status: int, document: dict[str, Any] | None, headers: dict[str, str]) -> Answer:
    return Answer(status, httpx.Headers(headers), document, json.dumps(document))


@pytest.mark.parametrize(
    ("headers", "attempt", "seconds"),
    [
        ({"X-Rate-Limit-Problem": "minute", "Retry-After": "26"}, 1, 26.0),
        ({"X-Rate-Limit-Problem": "concurrent"}, 1, 1.0),
        ({"X-Rate-Limit-Problem": "concurrent"}, 3, 3.0),
        ({"X-Rate-Limit-Problem": "appminute", "Retry-After": "5"}, 1, 5.0),
        ({"X-Rate-Limit-Problem": "day", "Retry-After": "66975"}, 1, None),
        ({"X-Rate-Limit-Problem": "Day"}, 1, None),
        ({}, 2, 2.0),
    ],
)
def test_how_long_xero_wants_us_to_wait(headers: dict[str, str], attempt: int, seconds: float | None) -> None:
    assert XeroDialect().wait(answered(429, None, headers), attempt) == seconds


@pytest.mark.parametrize(
    ("status", "document", "headers", "code"),
    [
        (401, {"Detail": "TokenExpired: token expired at 08/12/2022 07:00:40"}, {}, "HX401"),
        (401, None, {}, "HX401"),
        (401, {}, {"WWW-Authenticate": 'Bearer error="insufficent_scope"'}, "HX402"),
        (401, {}, {"WWW-Authenticate": "insufficient_scope"}, "HX402"),
        (403, {}, {"WWW-Authenticate": 'Bearer error="insufficent_scope"'}, "HX402"),
        (403, {"Detail": "AuthenticationUnsuccessful"}, {}, "HX403"),
        (403, None, {}, "HX403"),
    ],
)
def test_what_a_denial_by_xero_means(
    status: int, document: dict[str, Any] | None, headers: dict[str, str], code: str
) -> None:
    problem = XeroDialect().denial(answered(status, document, headers))
    assert problem.code == code
    assert problem.remedy
    assert ("accounting.contacts" in problem.summary) is (code == "HX402")


@pytest.mark.parametrize(
    ("status", "document", "code", "says"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, "HX401", "INVALID_AUTHENTICATION"),
        (401, None, "HX401", "401"),
        (403, {"errors": [{"context": {"requiredGranularScopes": ["b", "a"]}}]}, "HX402", "a, b"),
        (403, {"context": {"requiredScopes": ["c"]}}, "HX402", "c"),
        (403, {"category": "MISSING_SCOPES", "message": "no"}, "HX403", "no"),
        (403, None, "HX403", "403"),
    ],
)
def test_what_a_denial_by_hubspot_means(status: int, document: dict[str, Any] | None, code: str, says: str) -> None:
    problem = HubSpotDialect().denial(answered(status, document, {}))
    assert problem.code == code
    assert says in problem.summary + problem.cause


INNER = 'Property values were not valid: [{"isValid":false,"message":"x","error":"INVALID_OPTION","name":"y"}]'


@pytest.mark.parametrize(
    ("error", "status", "failure", "code", "existing"),
    [
        ({"message": "Contact already exists. Existing ID: 12345"}, 409, Failure.REFUSED, "email-taken", "12345"),
        ({"category": "CONFLICT", "message": "taken"}, 409, Failure.REFUSED, "value-taken", None),
        ({"category": "VALIDATION_ERROR", "message": INNER}, 400, Failure.REFUSED, "bad-choice", None),
        (
            {"category": "VALIDATION_ERROR", "errors": [{"code": "INVALID_EMAIL"}]},
            207,
            Failure.REFUSED,
            "bad-email",
            None,
        ),
        ({"category": "VALIDATION_ERROR", "subCategory": "X.READ_ONLY_VALUE"}, 400, Failure.REFUSED, "read-only", None),
        ({"category": "OBJECT_NOT_FOUND"}, 207, Failure.REFUSED, "not-found", None),
        ({}, 400, Failure.REFUSED, "validation", None),
        ({"message": "whatever", "errors": None, "context": None}, 413, Failure.REFUSED, "validation", None),
        ({"category": "INTERNAL_ERROR"}, 207, Failure.TRANSIENT, "unavailable", None),
        ({}, 207, Failure.TRANSIENT, "unavailable", None),
    ],
)
def test_what_an_error_of_hubspot_means(
    error: dict[str, Any], status: int, failure: Failure, code: str, existing: str | None
) -> None:
    found = write_error(error, status)
    assert (found.failure, found.code, found.existing) == (failure, code, existing)
    assert found.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The contact name X is already assigned to another contact. The contact name must be unique …", "name-taken"),
        ("The specified contact details matched an archived contact. Archived contacts cannot …", "archived"),
        ("Another contact has this contact number. Please enter a different contact number.", "number-taken"),
        ("Email address must be valid.", "bad-email"),
        ("The Contact must contain at least 1 of the following elements to identify the contact: …", "missing-field"),
        ("Price List Item with Code 'abc' already exists", "value-taken"),
        ("The contact with the specified contact details has been archived. The contact must be un-archived before "
         "creating new invoices or credit notes.", "customer-archived"),
        ("An existing Contact with the specified ContactID could not be found", "not-found"),
        ("Invoice # must be unique.", "number-taken"),
        ("Invoice not of valid status for modification", "wrong-status"),
        ("Invoice not of valid status for creation", "wrong-status"),
        ("Invoice Type must be specified", "missing-field"),
        ("The description field is mandatory for each line item.", "missing-field"),
        ("The document DueDate field must be specified", "missing-field"),
        ("The Due Date cannot be before the Date", "due-before-date"),
        ("This document cannot be edited as it has a payment or credit note allocated to it.", "paid"),
        ("Date cannot be changed on an invoice that has payment or credit notes allocated to it.", "paid"),
        ("To update fields on a paid invoice line item, you must supply a LineItemID", "paid"),
        ("The status AUTHORISED cannot be applied to the invoice because it has payments or credit notes allocated to "
         "it.", "paid"),
        ("The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
         "has-payments"),
        ("Account code '476' is not a valid code for this document.", "bad-account"),
        ("Account code '476' has been archived, or has been deleted. Each line item must reference a valid account.",
         "bad-account"),
        ("The account code or ID must be specified", "bad-account"),
        ("Account could not be found.", "bad-account"),
        ("Account type is invalid for making a payment to/from", "bad-account"),
        ("The TaxType code 'X' cannot be used with account code 'Y'.", "bad-tax"),
        ("The TaxType code 'X' does not exist or cannot be used for this type of transaction.", "bad-tax"),
        ("Item Code is invalid.", "bad-item"),
        ("Item code 'X' is not valid", "bad-item"),
        ("Organisation is not subscribed to currency EUR", "currency"),
        ("The document date cannot be before the period lock date, currently set at 31 March 2026", "locked"),
        ("The document date cannot be before the end of year lock date, currently set at 31 March 2026", "locked"),
        ("You have reached the limit of invoices you can approve", "approval-limit"),
        ("Payment amount exceeds the amount outstanding on this document", "overpaid"),
        ("Payments can only be made against Authorised documents", "not-payable"),
        ("The line total 1.00 does not match the expected line total 100.00", "validation"),
        ("Something new.", "validation"),
        ("", "validation"),
    ],
)  # fmt: skip
def test_what_a_sentence_of_xero_means(text: str, code: str) -> None:
    for said in (text, text.upper(), text.rstrip(".")):
        error = refusal([said] if said else [])
        assert (error.failure, error.code) == (Failure.REFUSED, code)
        assert error.message


@pytest.mark.parametrize(
    ("said", "code"),
    [
        # A second payment of an invoice that is paid.
        (("Payments can only be made against Authorised documents", "… exceeds the amount outstanding …"), "overpaid"),
        (("This document cannot be edited as it has a payment …", "… the period lock date, …"), "locked"),
        (("Account code 'Y' is not a valid code …", "The TaxType code 'X' cannot be used …"), "bad-tax"),
    ],
)
def test_of_several_reasons_one_is_named(said: tuple[str, ...], code: str) -> None:
    assert refusal(said).code == refusal(reversed(said)).code == code


def test_xeros_sentences_are_found_wherever_they_stand() -> None:
    element = {"ValidationErrors": [{"Message": "one"}, {"Description": "two"}]}
    assert messages(element) == ["one", "two"]
    assert messages({"Message": "A validation exception occurred", "Elements": [element, element]}) == ["one", "two"]
    assert messages({"Message": "top", "Elements": []}) == ["top"]
    assert messages({"Detail": "detail"}) == ["detail"]
    assert messages({}) == []
