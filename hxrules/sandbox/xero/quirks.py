"""The switches of the local Xero: one for each behaviour that a client can observe and no source settles.

Each default is the likelier behaviour or, where both are likely, the one that is harder on a client (facts/xero.md 13).
"""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.environment import NUMBER, Quirk

QUIRKS: Final[dict[str, Quirk]] = {
    "xero-minute-limit": Quirk("60", NUMBER, "calls a minute for one app and organisation"),
    "xero-day-limit": Quirk("5000", NUMBER, "calls a day for one app and organisation; 1000 on Starter"),
    "xero-concurrent-limit": Quirk("5", NUMBER, "calls in flight for one app and organisation"),
    "xero-latency": Quirk("0", NUMBER, "seconds of real time that each Accounting call stays in flight"),
    "xero-high-volume": Quirk("100000", NUMBER, "records that a list may look through without an optimised filter"),
    "xero-app-scopes": Quirk(
        "granular", ("granular", "broad"), "whether the app dates from after or from before March 2026"
    ),
    "xero-refresh-grace": Quirk("1800", NUMBER, "seconds that a refresh token lives on after its first use"),
    "xero-server-error": Quirk("500", ("500", "503"), "the answer of an injected error before the call is carried out"),
    "if-modified-since": Quirk("exclusive", ("exclusive", "inclusive"), "whether the named second itself is returned"),
    "slot": Quirk(
        "replace", ("replace", "merge"), "what happens to the fields left out inside a sent phone or address slot"
    ),
    "cache-validation-errors": Quirk("yes", ("yes", "no"), "whether an idempotency key also repeats a validation 400"),
    "idempotency-conflict": Quirk("top", ("top", "elements"), "where the body names a key used for another request"),
    "scope-status": Quirk("401", ("401", "403"), "the status of a call whose token lacks the scope"),
    "scope-refusal": Quirk(
        "invalid_scope", ("invalid_scope", "unauthorized_client"), "the error for a scope that the app was not given"
    ),
    "name-case": Quirk("insensitive", ("insensitive", "sensitive"), "how contact names are compared for uniqueness"),
    "partial-400": Quirk("nothing", ("nothing", "saves"), "what a summarised 400 saves of the good elements"),
    "tie-rounding": Quirk("half-up", ("half-up", "half-even"), "which way half a cent goes; half-up is away from zero"),
    "discount-rounding": Quirk("ties", ("ties", "down"), "how a discounted line is rounded: as all else, or cut off"),
    "tax-amount-ceiling": Quirk(
        "line-amount", ("line-amount", "unit-amount", "none"), "what a sent tax amount may not exceed"
    ),
    "due-before-date": Quirk("accepted", ("accepted", "refused"), "an invoice that is due before its date"),
    "terms-due-date": Quirk("filled", ("filled", "ignored"), "whether payment terms fill in a missing due date"),
    "empty-draft": Quirk("refused", ("refused", "accepted"), "a new draft without a line"),
    "empty-line-list": Quirk("keeps", ("keeps", "removes"), "what an empty list of lines does to those that exist"),
    "number-reuse": Quirk("no", ("no", "yes"), "whether the number of a voided or deleted sales invoice is free again"),
    "zero-invoice": Quirk("paid", ("paid", "authorised"), "the status of an approved invoice with a total of zero"),
    "lock-day": Quirk("locked", ("locked", "open"), "whether the day of a lock date is itself locked"),
    "locked-drafts": Quirk("refused", ("refused", "accepted"), "drafts that are dated in a locked period"),
    "xero-approval-limit": Quirk("1000000", NUMBER, "invoices that the plan lets the organisation approve in a month"),
    "deleted-payments": Quirk("listed", ("listed", "hidden"), "whether deleted payments are in the lists"),
    "reconciled-delete": Quirk("refused", ("refused", "accepted"), "deleting a payment that is reconciled"),
}
