"""Where HubSpot's documents are silent or disagree: what the sandbox does, what it could do instead.

The defaults are the more likely behaviour or, of two likely ones, the one that is harder on a client.
See also: facts/hubspot.md 13 (what is not verified).
"""

from __future__ import annotations

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
}
"""Each quirk: its default, what else it can be, and what it decides."""
