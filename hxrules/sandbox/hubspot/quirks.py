"""Where HubSpot's documents are silent or disagree: what the sandbox does, what it could do instead.

A mirror is an invoice with `hs_invoice_billable` false, the record of one that another system issued.

The defaults are the more likely behaviour or, of two likely ones, the one that is harder on a client.
See also: facts/hubspot.md 13 (what is not verified).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hxrules.sandbox.environment import NUMBER, Quirk

QUIRKS: Final = {
    "hubspot-burst-limit": Quirk("100", NUMBER, "calls that are let through within any ten seconds"),
    "hubspot-daily-limit": Quirk("250000", NUMBER, "calls that are let through between two midnights of the account"),
    "hubspot-search-limit": Quirk("5", NUMBER, "searches that are let through within any second"),
    "search-lag": Quirk("0", NUMBER, "seconds until a search sees that a record is new, changed or archived"),
    "search-empty-differs": Quirk("no", ("no", "yes"), "whether NEQ and NOT_IN find records without a value"),
    "search-date-values": Quirk(
        "any", ("any", "epoch"), "dates in filters: ISO or epoch milliseconds, or only the latter"
    ),
    "hubspot-refresh": Quirk(
        "keeps", ("keeps", "rotates"), "a refresh answers the same refresh token, or a new one that ends the old one"
    ),
    "retry-after": Quirk("absent", ("absent", "present"), "whether a 429 carries Retry-After, in seconds"),
    "merged-id-read": Quirk(
        "404", ("404", "redirect"), "what the id of a merged record answers: nothing, or the survivor"
    ),
    "merge-id": Quirk(
        "new", ("new", "primary"), "the id of a merge's survivor: a new one, or that of the primary record"
    ),
    "patch-email-conflict-status": Quirk(
        "409", ("409", "400"), "the status when an update takes another contact's e-mail"
    ),
    "batch-conflict": Quirk(
        "207", ("207", "409"), "a taken e-mail in a batch with trace ids: its element fails, or all do"
    ),
    "batch-order": Quirk("shuffled", ("shuffled", "input"), "the order of the results of a batch"),
    "write-echo": Quirk(
        "touched", ("touched", "all"), "the properties that an update answers: the written ones, or all"
    ),
    "noop-update": Quirk("moves", ("moves", "stays"), "whether writing equal values moves the last-modified time"),
    "empty-property": Quirk("null", ("null", "absent"), "a wanted property without a value: null, or left out"),
    "trim-text": Quirk("yes", ("yes", "no"), "whether white space around a text value is dropped"),
    "lifecycle-backward": Quirk(
        "ignored", ("ignored", "400"), "a lifecycle stage that would move back: kept silently, or refused"
    ),
    "commerce-unique": Quirk(
        "allowed", ("allowed", "refused"), "unique properties on invoices, line items and payments"
    ),
    "contact-minimum": Quirk("required", ("required", "none"), "whether a new contact needs an e-mail or a name"),
    "email-id-secondary": Quirk("yes", ("yes", "no"), "whether idProperty=email finds a contact by a secondary e-mail"),
    "history-page-limit": Quirk("50", NUMBER, "the largest page of a list that asks for propertiesWithHistory"),
    "association-read-empty": Quirk(
        "error", ("error", "absent"), "a batch read of an id without associations: a 207 error, or left out"
    ),
    "to-object-id": Quirk("string", ("string", "number"), "how toObjectId is written in JSON"),
    "line-items-key": Quirk(
        "spaced", ("spaced", "plain"), "the key of line items under associations: 'line items' or 'line_items'"
    ),
    "mirror-number": Quirk(
        "written", ("written", "ignored", "refused"), "what becomes of the hs_number that is written on a mirror"
    ),
    "mirror-amounts": Quirk(
        "written",
        ("written", "ignored", "refused"),
        "what becomes of the hs_amount_billed and hs_balance_due that are written on a mirror",
    ),
    "mirror-source": Quirk(
        "hubspot", ("hubspot", "data_sync", "absent"), "the hs_invoice_source of a mirror that is made by API"
    ),
    "mirror-numbering": Quirk(
        "none", ("none", "assigned"), "whether a mirror without a number gets one when it is no draft any more"
    ),
    "mirror-edits": Quirk(
        "allowed", ("allowed", "refused"), "changes of an open or paid mirror: let through, or as of any other invoice"
    ),
    "patch-paid": Quirk("mirrors", ("mirrors", "all", "none"), "the invoices whose status may be written as paid"),
    "patch-voided": Quirk("mirrors", ("mirrors", "all", "none"), "the invoices whose status may be written as voided"),
    "payment-settles": Quirk(
        "yes", ("yes", "no"), "whether a payment that is linked by API counts towards its invoice"
    ),
    "invoice-tax-rounding": Quirk(
        "line", ("line", "rate"), "the tax of line items is rounded for each line, or once for all lines of a rate"
    ),
    "negative-quantity": Quirk("refused", ("refused", "accepted"), "a line item with a quantity below zero"),
}
"""Each quirk: its default, what else it can be, and what it decides."""


def read_only_names(type: str, quirks: Mapping[str, str]) -> list[str]:
    """The properties of a type that the quirks make read-only for every client."""
    if type != "invoices":
        return []
    number = ["hs_number"] if quirks["mirror-number"] == "refused" else []
    return number + (["hs_amount_billed", "hs_balance_due"] if quirks["mirror-amounts"] == "refused" else [])
