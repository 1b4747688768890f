"""What the local Xero says no with: the error bodies of each status, and the texts of business rules.

Why: clients match on these bodies, and each kind of refusal has its own form (facts/xero.md 2.6, 2.7, 3.1, 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from hxrules.sandbox.xero.envelope import Reply

ZERO_GUID: Final = "00000000-0000-0000-0000-000000000000"
"""The id of a new record that was not made."""

ARCHIVED_CONTACT: Final = (
    "The specified contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)
CONTACT_KEY_MISSING: Final = (
    "The Contact must contain at least 1 of the following elements to identify the contact: "
    "Name, ContactID, ContactNumber"
)
CONTACT_NAME_MISSING: Final = "Contact Name cannot be empty."
CONTACT_NUMBER_TAKEN: Final = "Another contact has this contact number. Please enter a different contact number."
ACCOUNT_NUMBER_TAKEN: Final = "The Account Number already exists. Please enter a different Account Number."
EMAIL_INVALID: Final = "Email address must be valid."
CONTACT_MISSING: Final = "A Contact must be specified for this type of transaction"
CONTACT_UNKNOWN: Final = "An existing Contact with the specified ContactID could not be found"
CONTACT_ON_DOCUMENT_ARCHIVED: Final = (
    "The contact with the specified contact details has been archived. "
    "The contact must be un-archived before creating new invoices or credit notes."
)
NUMBER_TAKEN: Final = "Invoice # must be unique."
NUMBER_NOT_ASCII: Final = "The Invoice Number can only contain printable ASCII characters."
TYPE_MISSING: Final = "Invoice Type must be specified"
STATUS_FOR_CREATION: Final = "Invoice not of valid status for creation"
STATUS_FOR_MODIFICATION: Final = "Invoice not of valid status for modification"
MONEY_APPLIED: Final = "This document cannot be edited as it has a payment or credit note allocated to it."
DATE_WITH_MONEY_APPLIED: Final = (
    "Date cannot be changed on an invoice that has payment or credit notes allocated to it."
)
LINE_ID_MISSING: Final = "To update fields on a paid invoice line item, you must supply a LineItemID"
LINES_MISSING: Final = "One or more line items must be specified"
DESCRIPTION_MISSING: Final = "The description field is mandatory for each line item."
ACCOUNT_MISSING: Final = "The account code or ID must be specified"
TRACKING_TOO_MANY: Final = "A line item can have at most 2 tracking categories."
TAX_OVER_LINE: Final = "The tax amount cannot be greater than the line amount"
TAX_OVER_PRICE: Final = "The tax amount cannot be greater than the unit amount"
AMOUNT_TOO_LARGE: Final = "The amount cannot exceed 9,999,999,999.99"
TOTAL_NEGATIVE: Final = "The Total for this document must be greater than or equal to zero."
DUE_DATE_MISSING: Final = "The document DueDate field must be specified"
DUE_BEFORE_DATE: Final = "The Due Date cannot be before the Date"
RATE_NOT_POSITIVE: Final = "The Currency Rate must be greater than zero"
URL_INVALID: Final = "The Url must be a valid URL and cannot contain the word xero"
APPROVALS_USED_UP: Final = "You have reached the limit of invoices you can approve"
NOT_SENT: Final = "Only AUTHORISED invoices may have SentToContact updated."
"""A warning: the document is saved without it."""

DOCUMENT_UNKNOWN: Final = "Document could not be found"
DOCUMENT_NOT_ONE: Final = "A payment must name exactly one of Invoice, CreditNote, Prepayment and Overpayment"
NOT_AUTHORISED: Final = "Payments can only be made against Authorised documents"
OVER_OUTSTANDING: Final = "Payment amount exceeds the amount outstanding on this document"
PAYMENT_NOT_POSITIVE: Final = "Payment amount must be greater than zero"
PAYMENT_ACCOUNT_UNKNOWN: Final = "Account could not be found."
PAYMENT_ACCOUNT_UNFIT: Final = "Account type is invalid for making a payment to/from"
PAYMENT_STATUS: Final = "Payment not of valid status for modification"
PAYMENT_STATUS_ONLY: Final = "Only Status accepted for updates"
PAYMENT_IN_BATCH: Final = "Payments within a batch cannot be deleted."
PAYMENT_RECONCILED: Final = "This payment has been reconciled and cannot be deleted"

NAME_TAKEN: Final = "Please enter a unique Name."
CODE_TAKEN: Final = "Please enter a unique Code."
ONE_A_CALL: Final = "Only one record can be created or updated for each call of this endpoint."
SYSTEM_TAX_RATE: Final = "System defined tax rates cannot be updated."
TAX_COMPONENTS_MISSING: Final = "A tax rate must have at least one tax component."
TAX_COMPONENTS_KEPT: Final = "Tax components can be added, but not removed or renamed."
REPORT_TAX_TYPE_MISSING: Final = "The ReportTaxType must be specified"
ITEM_IN_USE: Final = "The item cannot be deleted because it is tracked and has been used on transactions."
COGS_MISSING: Final = "A tracked item needs an InventoryAssetAccountCode and a COGSAccountCode."
RETRYABLE: Final = "An error occurred in Xero while saving this record. Please try again."
"""An injected failure of one element of a batch; no recorded text is known for it."""


def name_taken(name: str) -> str:
    """The text for a name that another active contact has."""
    return (
        f"The contact name {name} is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    )


def too_long(field: str, length: int) -> str:
    """The text for a value over its maximum; its wording is not recorded anywhere."""
    return f"The field {field} must be a string with a maximum length of {length}."


def not_subscribed(currency: str) -> str:
    """The text for a currency that the organisation has not enabled."""
    return f"Organisation is not subscribed to currency {currency}"


def bad_account(code: str) -> str:
    """The text for an account code that does not exist or does not fit."""
    return f"Account code '{code}' is not a valid code for this document."


def archived_account(code: str) -> str:
    """The text for an account that is archived or deleted."""
    return (
        f"Account code '{code}' has been archived, or has been deleted. Each line item must reference a valid account."
    )


def bad_tax_type(kind: str) -> str:
    """The text for a `TaxType` that does not exist or is no longer active."""
    return f"The TaxType code '{kind}' does not exist or cannot be used for this type of transaction."


def unfit_tax_type(kind: str, code: str) -> str:
    """The text for a `TaxType` that is not made for the account."""
    return f"The TaxType code '{kind}' cannot be used with account code '{code}'."


def bad_item(code: str) -> str:
    """The text for an item code that does not exist."""
    return f"Item code '{code}' is not valid"


def item_code_taken(code: str) -> str:
    """The text for an item code that another item has."""
    return f"Price List Item with Code '{code}' already exists"


def missing(field: str) -> str:
    """The text for a field that cannot be left out; its wording is not recorded anywhere."""
    return f"{field} must be specified."


def bad_quantity(quantity: Any) -> str:
    """The text for a quantity with too many characters."""
    return f"The quantity value '{quantity}' is invalid."


def bad_discount(value: Any) -> str:
    """The text for a discount beyond the line."""
    return f"The discount rate '{value:.2f}' is invalid. Discount must not be greater than the line total."


def line_total(given: Any, expected: Any) -> str:
    """The text for a `LineAmount` that does not come of the other figures."""
    return f"The line total {given:.2f} does not match the expected line total {expected:.2f}"


def locked(name: str, day: date) -> str:
    """The text for a day on or before a lock date; `name` is `period` or `end of year`."""
    return f"The document date cannot be before the {name} lock date, currently set at {day.day} {day:%B %Y}"


def money_applied(status: str) -> str:
    """The text for a status that money on the document rules out."""
    return (
        f"The status {status} cannot be applied to the invoice because it has payments or credit notes allocated to it."
    )


def bad_percent(value: Any) -> str:
    """The text for a percentage below 0 or over 100; its wording is not recorded anywhere."""
    return f"The rate '{value}' is invalid. A rate must be between 0 and 100."


def too_many_elements(entity: str, most: int) -> str:
    """The text for a batch over its maximum; its wording is not recorded anywhere."""
    return f"A maximum of {most} {entity} records can be sent in one call."


def _exception(number: int, kind: str, message: str, **more: Any) -> Reply:
    document = {"ErrorNumber": number, "Type": kind, "Message": message, **more}
    return Reply(400, document, root="ApiException")


def validation_failed(elements: Sequence[Any], message: str = "A validation exception occurred") -> Reply:
    """400: the elements that break a rule, each with its `ValidationErrors`."""
    return _exception(10, "ValidationException", message, Elements=list(elements))


def no_data(entity: str) -> Reply:
    """400: a write without a single element. The number is the commonly reported one."""
    text = "No data has been processed for this endpoint. "
    return _exception(12, "NoDataProcessedException", f"{text}This endpoint is expecting {entity} data.")


def post_data_invalid(message: str) -> Reply:
    """400: the body is no JSON, or a value in it has the wrong type."""
    return _exception(14, "PostDataInvalidException", message)


def query_invalid(message: str) -> Reply:
    """400: `where` or `order` cannot be read or carried out."""
    return _exception(16, "QueryParseException", message)


def high_volume(name: str) -> Reply:
    """400: the list would look through more records than an unoptimised query may."""
    text = f"This request would process too many {name}. Narrow it with optimised filters, If-Modified-Since or paging."
    return _exception(51, "HighVolumeException", text)


def idempotency_conflict(key: str, placed: str) -> Reply:
    """400: the key was used for another request; `placed` is the quirk `idempotency-conflict`."""
    text = f"Idempotency Key: {key} is used with a different request."
    if placed == "top":
        return validation_failed([], text)
    return validation_failed([{"ValidationErrors": [{"Message": text}]}])


def _problem(status: int, title: str, detail: str, instance: str) -> Reply:
    document: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    }
    return Reply(status, document, root="Problem")


def unauthorised(detail: str, instance: str) -> Reply:
    """401: no token, or one that no longer counts."""
    return _problem(401, "Unauthorized", detail, instance)


def scope_missing(status: int, instance: str) -> Reply:
    """401 or 403: the token lacks the scope; the header has the vendor's own misspelling."""
    title = "Unauthorized" if status == 401 else "Forbidden"
    reply = _problem(status, title, "AuthorizationUnsuccessful", instance)
    challenge = {"WWW-Authenticate": 'Bearer error="insufficent_scope"'}
    return Reply(reply.status, reply.document, challenge, root=reply.root)


def forbidden(instance: str) -> Reply:
    """403: a wrong or disconnected organisation."""
    return _problem(403, "Forbidden", "AuthenticationUnsuccessful", instance)


NOT_FOUND: Final = Reply(404, media_type="text/html; charset=utf-8")
WRONG_VERB: Final = Reply(405)
TOO_LARGE: Final = Reply(413)
WRONG_CONTENT_TYPE: Final = Reply(415)
UNAVAILABLE: Final = Reply(503, text="The Xero API is temporarily unavailable", media_type="text/plain; charset=utf-8")


def too_many(problem: str, retry_after: int | None) -> Reply:
    """429: no body; the header names the limit. `concurrent` promises no `Retry-After`."""
    headers = {"X-Rate-Limit-Problem": problem}
    return Reply(429, headers=headers if retry_after is None else {"Retry-After": str(retry_after), **headers})


def server_error(instance: str) -> Reply:
    """500: whether the call was carried out, nobody says."""
    detail = "An error occurred in Xero. Check the API Status page for current service status"
    return Reply(500, {"Title": "An error occurred", "Detail": detail, "Status": 500, "Instance": instance})
