"""An app's "no" → a problem that a person can act on; and so is a "yes" to something else than was meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hxrules.catalogue import Catalogue
from hxrules.language.model import Sync, Totals
from hxrules.planning.accounting import different_totals
from hxrules.planning.plan import Change, Effect
from hxrules.problems import Problem
from hxrules.records import Accounts, App, Failure, Link, Record, RecordRef, WriteError

_KNOWN = {
    "name-taken": (
        "HX203",
        "its name is taken",
        "If both are the same, give them the same key, or join them by `hxrules link`; else rename one.",
    ),
    "email-taken": ("HX203", "its e-mail is taken", "Merge the two records, or correct the e-mail of one."),
    "number-taken": ("HX203", "its number is taken", "Correct the number of one of the two."),
    "value-taken": ("HX203", "a value that must be unique is taken", "Correct the value of one of the two."),
    "archived": ("HX205", "it is archived", "Restore it in the app's own screens."),
    "not-found": ("HX207", "it no longer exists", "Nothing is to be done: the next run notes that it is gone."),
    "bad-email": ("HX214", "its e-mail is not accepted", "Correct the e-mail where it was written."),
    "bad-choice": ("HX215", "a value is not among the choices", "Add the choice in the app, or map the value."),
    "missing-field": ("HX216", "a field that the account requires is empty", "Fill the field, or map it."),
    "unknown-field": ("HX217", "a field doesn't exist in this account", "Create the property, or correct the mapping."),
    "read-only": (
        "HX218",
        "a field can't be written in this account",
        "Switch the mapping off, or to the other direction.",
    ),
    "currency": (
        "HX238",
        "the currency isn't set up",
        "Add it to the currencies of the account; the next run goes on.",
    ),
    "locked": ("HX236", "its period is locked", "Ask whoever closed the period to open it, or date it after the lock."),
    "paid": (
        "HX231",
        "money has been applied to it",
        "Undo the edit in HubSpot, or remove the payment or credit in Xero.",
    ),
    "wrong-status": ("HX231", "its status doesn't allow it", "Compare the invoice in both apps."),
    "has-payments": ("HX235", "it has payments", "Remove them from the invoice in Xero; the next run voids it."),
    "overpaid": ("HX233", "it is more than is owed", "Correct the amount, or enter the overpayment in Xero by hand."),
    "not-payable": ("HX233", "the invoice takes no payment", "See whether it is paid, voided or a draft in Xero."),
    "customer-archived": ("HX237", "the customer is archived", "Restore the contact in Xero's own screens."),
    "bad-item": ("HX227", "an item doesn't exist", "Create the item in Xero, or correct the SKU of the line."),
    "bad-account": (
        "HX230",
        "an account doesn't fit",
        "Correct `sales-account` or `bank-account`, or the item's account.",
    ),
    "bad-tax": ("HX229", "a tax type doesn't fit its account", "Choose another tax rate, or another account in Xero."),
    "approval-limit": (
        "HX220",
        "the plan's limit of approved invoices is reached",
        "Upgrade the plan in Xero, or wait.",
    ),
    "due-before-date": ("HX244", "it is due before its date", "Correct one of the two dates where it was written."),
    "forbidden": (
        "HX243",
        "the account takes no payments",
        "Set up HubSpot payments or Stripe; or switch the sync off.",
    ),
    "needs-another": (
        "HX232",
        "it waits for another record",
        "See what holds that record; this one follows by itself.",
    ),
    "too-long": ("HX210", "a value is too long", "Shorten it where it was written; it is never cut."),
}


def problem_of(
    change: Change,
    effect: Effect,
    error: WriteError,
    types: Mapping[App, str],
    catalogue: Catalogue,
    accounts: Accounts,
) -> Problem:
    """The problem of one refused, unlucky or doubtful write, with both records' ids."""
    brand = effect.app.brand
    if error.code == "untraceable":
        code, words = "HX208", f"it may be in {brand} already"
        remedy = (
            f"Look in {brand}. If it is there, give both the same key; if it isn't, edit the record, and it is created."
        )
    elif error.failure is Failure.IN_DOUBT:
        code, words = "HX222", f"{brand} gave no answer"
        remedy = "Nothing needs doing: the next run looks whether it was written before it tries again."
    elif error.failure is Failure.TRANSIENT:
        code, words = "HX221", f"{brand} could not take it just now"
        remedy = "Nothing needs doing: the next run tries again."
    elif error.code == "needs-another" and effect.type == "invoices":
        code, words = "HX223", f"its customer could not be created in {brand}"
        remedy = "See why the contact failed; the invoice follows by itself."
    elif error.code == "still-needed":
        code, words = "HX324", f"left in {brand}, for it is still needed there"
        remedy = "See what could not be taken back, and why; then undo the run once more."
    elif error.code == "needs-another":
        code, words = "HX232", f"its invoice could not be created in {brand}"
        remedy = "See why the invoice failed; the payment follows by itself."
    else:
        code, known_words, remedy = _KNOWN.get(
            error.code, ("HX220", "it was refused", "Correct the value that the app's answer names.")
        )
        words = f"{brand} says no: {known_words}"
    involves = () if error.existing is None else (RecordRef(effect.app, effect.type, error.existing),)
    named = f" ({brand} {error.existing})" if error.existing else ""
    hubspot, xero = change.hubspot, change.xero
    known = [(app, record_id) for app, record_id in ((App.HUBSPOT, hubspot), (App.XERO, xero)) if record_id]
    pages = (catalogue.type(app, types[app]).page(record_id, accounts) for app, record_id in known)
    return Problem(
        code,
        f"{change.label}: {words}" if change.label else words,
        cause=error.message
        if error.code in ("needs-another", "still-needed")
        else f"{brand} answered: {error.message}{named}",
        remedy=remedy,
        hubspot=RecordRef(App.HUBSPOT, types[App.HUBSPOT], hubspot) if hubspot else None,
        xero=RecordRef(App.XERO, types[App.XERO], xero) if xero else None,
        sync=change.sync,
        involves=involves,
        links=tuple(page for page in pages if page is not None),
    )


TOTAL: Mapping[App, str] = {App.HUBSPOT: "hs_amount_billed", App.XERO: "Total"}
"""What each app has worked out for a whole invoice."""


def totals_apart(
    change: Change, link: Link, effect: Effect, record: Record, sync: Sync, catalogue: Catalogue, accounts: Accounts
) -> Problem | None:
    """What is the matter with an invoice that was written, and that the app then reckoned otherwise than the plan did: how an app
    rounds half a cent, nobody documents (facts/xero.md 6.1)."""
    base = change.bases.get("total")
    if sync.invoices is None or sync.invoices.totals is Totals.WARN or base is None:
        return None
    own, found = base.side(effect.app.other), record.fields.get(TOTAL[effect.app])
    if not (isinstance(own, Decimal) and isinstance(found, Decimal)) or own == found:
        return None
    refs = [RecordRef(app, sync.types[app], link.side(app)) for app in App]
    hubspot, xero = (found, own) if effect.app is App.HUBSPOT else (own, found)
    apart = different_totals(sync, [Record(ref, {}) for ref in refs], hubspot, xero)
    pages = (catalogue.type(ref.app, ref.type).page(ref.id, accounts) for ref in refs)
    return replace(
        apart,
        summary=f"{change.label}: {apart.summary}" if change.label else apart.summary,
        links=tuple(page for page in pages if page is not None),
    )
