"""What Xero's books demand of a document before it is written: items, accounts, currencies, open periods, no money on it yet.

Xero would refuse all of this itself, record by record; saying it beforehand keeps the preview exact and every cause in plain words.
See also: `invoices` (who asks), `guards` (what holds any record), facts/xero.md 6.4, 6.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from hxrules.language.model import InvoiceRules, Sync
from hxrules.planning.books import Context, Held, problem
from hxrules.planning.lines import UnknownTax
from hxrules.planning.linking import Pair
from hxrules.planning.merge import Decision
from hxrules.problems import Problem, Severity
from hxrules.records import App, Ledger, Life, Record
from hxrules.values import Line, Lines, Value


class Accounting:
    """The checks for sales invoices; gathers the SKUs that no item has, so that they can be said in one list."""

    def __init__(self, context: Context, rules: InvoiceRules, ledger: Ledger) -> None:
        self._context = context
        self._sync = context.sync
        self._rules = rules
        self._ledger = ledger
        self._locked_until = context.snapshot.accounts.organisation.locked_until
        self._items = {code.casefold(): account for code, account in ledger.items.items()}
        self._items.update(_coming_items(context))
        self._missing: dict[str, list[str]] = {}

    def check(self, invoice: Record, values: Mapping[str, Value], existing: Record | None) -> None:
        """Everything but the lines' accounts. Raises `Held`."""
        records = [invoice, existing]
        currency = values.get("CurrencyCode")
        if currency is not None and str(currency) not in self._ledger.currencies:
            raise Held(no_such_currency(self._sync, records, App.XERO, str(currency)), retry=True)
        days = [values.get("Date"), existing.fields.get("Date") if existing else None]
        check_period(self._sync, records, self._locked_until, days)
        self._check_customer(str(values.get("Customer")), records)
        for value in values.values():
            if isinstance(value, Lines):
                self._check_lines(invoice, value, records)

    def _check_customer(self, customer: str, records: Sequence[Record | None]) -> None:
        """As far as this run has read contacts; else Xero says so itself."""
        found = self._context.snapshot.sight("contacts").of(App.XERO, "contacts").get(customer)
        if found is not None and found.life is Life.ARCHIVED:
            raise Held(
                problem(
                    self._sync,
                    records,
                    "HX237",
                    "its customer is archived in Xero",
                    cause=f"Xero takes no invoices for an archived contact ({customer}).",
                    remedy="Restore the contact in Xero's own screens, or put another customer on the invoice.",
                    involves=(found.ref,),
                )
            )

    def _check_lines(self, invoice: Record, lines: Lines, records: Sequence[Record | None]) -> None:
        if not lines.items:
            raise Held(
                problem(
                    self._sync,
                    records,
                    "HX240",
                    "it has no lines",
                    cause="Xero approves no invoice without a line.",
                    remedy="Add a line item in HubSpot; the next run goes on.",
                )
            )
        self._check_texts(lines, records)
        skus = dict.fromkeys(str(sku) for line in lines.items if (sku := line.get("ItemCode")) is not None)
        missing = [sku for sku in skus if sku.casefold() not in self._items]
        if missing:
            name = str(invoice.fields.get("hs_number") or invoice.ref.id)
            for sku in missing:
                self._missing.setdefault(sku, []).append(name)
            raise Held(
                problem(
                    self._sync,
                    records,
                    "HX227",
                    "Xero has no such item",
                    cause=f"Lines of the invoice name {', '.join(missing)}: no item's code in Xero, and no product of this run "
                    "becomes one.",
                    remedy="Create the item in Xero, sync the product, or correct the SKU of the line.",
                ),
                retry=True,
            )

    def _check_texts(self, lines: Lines, records: Sequence[Record | None]) -> None:
        longest = self._context.catalogue.type(App.XERO, "lines").fields["Description"].length
        for place, line in enumerate(lines.items, 1):
            text = str(line.get("Description") or "")
            if not text:
                raise Held(
                    problem(
                        self._sync,
                        records,
                        "HX211",
                        f"its line {place} has neither name nor description",
                        cause="Xero wants some text on every line of an approved invoice.",
                        remedy="Give the line item a name in HubSpot; the next run goes on.",
                    )
                )
            if longest is not None and len(text) > longest:
                raise Held(
                    problem(
                        self._sync,
                        records,
                        "HX210",
                        f"the description of its line {place} is too long for Xero",
                        cause=f"It has {len(text):,} characters; a line in Xero holds {longest:,}.",
                        remedy="Shorten it in HubSpot; it is never cut.",
                    )
                )

    def check_edit(self, pair: Pair, decisions: Iterable[Decision]) -> None:
        """Money on an invoice locks it but for a few fields (facts/xero.md 6.4). Raises `Held`."""
        assert pair.xero is not None
        locked = [each.mapping.id for each in decisions if each.target is App.XERO and not each.mapping.xero.when_paid]
        if locked and money_applied(pair.xero):
            raise Held(
                problem(
                    self._sync,
                    (pair.hubspot, pair.xero),
                    "HX231",
                    "it can't be changed in Xero any more",
                    cause="Money has been applied to the invoice in Xero, which locks its amounts; "
                    f"HubSpot has another {', '.join(locked)}.",
                    remedy="Undo the edit in HubSpot, or remove the payment or credit from the invoice in Xero; the next run goes on.",
                )
            )

    def with_accounts(self, lines: Lines, records: Sequence[Record | None]) -> Lines:
        """The lines; each new one with the account of its item, else the ruleset's `sales-account`. Raises `Held`."""
        return Lines(tuple(line if line.id is not None else self._with_account(line, records) for line in lines.items))

    def _with_account(self, line: Line, records: Sequence[Record | None]) -> Line:
        sku = line.get("ItemCode")
        account = self._items.get(str(sku).casefold()) if sku is not None else None
        account = account or self._rules.sales_account
        if account is None:
            raise Held(
                no_account(
                    self._sync,
                    records,
                    "a line has no account",
                    "Its item names none in Xero, and the ruleset names no `sales-account`.",
                    'Write `sales-account: "200"` (the code of yours) under `syncs: invoices:`, or give the item one in Xero.',
                ),
                retry=True,
            )
        if all(each.code != account or not (each.active and each.sells) for each in self._ledger.accounts):
            raise Held(
                no_account(
                    self._sync,
                    records,
                    f"Xero has no sales account {account}",
                    "It doesn't exist, is archived, or is no account that sales are booked to.",
                    "Correct `sales-account`, or the account of the item in Xero.",
                ),
                retry=True,
            )
        return Line.of(line.type, line.id, {**dict(line.values), "AccountCode": account})

    def notices(self) -> Iterable[Problem]:
        """All missing SKUs of the run, once."""
        if self._missing:
            rows = "\n".join(f"{sku}: {_listed(names)}" for sku, names in sorted(self._missing.items()))
            yield Problem(
                "HX242",
                "1 SKU is no item in Xero"
                if len(self._missing) == 1
                else f"{len(self._missing):,} SKUs are no items in Xero",
                f"Invoices that name them are held:\n{rows}",
                "Create the items in Xero, or let the sync of products carry them over.",
                Severity.WARNING,
                sync=self._sync.name,
            )


def _coming_items(context: Context) -> dict[str, str | None]:
    """Items that this very plan creates."""
    return {
        str(code).casefold(): _text(effect.values.get("SalesAccount"))
        for change in context.changes
        for effect in change.effects
        if effect.app is App.XERO and effect.type == "items" and (code := effect.values.get("Code")) is not None
    }


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(set(names))[:5])
    return shown if len(set(names)) <= 5 else f"{shown} and {len(set(names)) - 5:,} more"


def money_applied(invoice: Record) -> bool:
    """Whether a payment or a credit stands on a Xero invoice."""
    return any(bool(invoice.fields.get(name)) for name in ("AmountPaid", "AmountCredited"))


def check_period(
    sync: Sync, records: Sequence[Record | None], locked_until: date | None, days: Iterable[Value]
) -> None:
    """Nothing is written on or before a lock date (facts/xero.md 6.8). Raises `Held`, to be tried again in every run."""
    if locked_until is None:
        return
    for day in days:
        if isinstance(day, date) and day <= locked_until:
            raise Held(
                problem(
                    sync,
                    records,
                    "HX236",
                    "it is dated in a period that is locked in Xero",
                    cause=f"It is dated {day.isoformat()}, and the books are locked up to {locked_until.isoformat()}.",
                    remedy="Ask whoever closed the period to open it, or date it after the lock.",
                ),
                retry=True,
            )


def no_account(sync: Sync, records: Iterable[Record | None], summary: str, cause: str, remedy: str) -> Problem:
    """An account that is missing, or doesn't fit."""
    return problem(sync, records, "HX230", summary, cause=cause, remedy=remedy)


def no_such_currency(sync: Sync, records: Iterable[Record | None], app: App, currency: str) -> Problem:
    """A currency that isn't set up."""
    where = "the Xero organisation" if app is App.XERO else "the HubSpot account"
    return problem(
        sync,
        records,
        "HX238",
        f"{app.brand} doesn't have the currency {currency}",
        cause=f"It is not among the currencies of {where}.",
        remedy=f"Add {currency} to the currencies of {where}; the next run goes on.",
    )


def different_totals(sync: Sync, records: Iterable[Record | None], hubspot: Decimal, xero: Decimal) -> Problem:
    """An invoice that would cost, or costs, another amount in the other app."""
    return problem(
        sync,
        records,
        "HX228",
        "HubSpot and Xero come to different totals",
        cause=f"HubSpot comes to {hubspot:,.2f}, Xero to {xero:,.2f} ({xero - hubspot:+,.2f}). Xero rounds prices to 4 decimals and "
        "tax line by line; discounts, fees and taxes of a whole HubSpot invoice have no place there.",
        remedy="Put discounts and taxes on the lines, and round prices to 4 decimals; or let a cent be made up for: "
        "`totals: adjust`.",
    )


def below_zero(sync: Sync, records: Iterable[Record | None], total: Decimal) -> Problem:
    """An invoice that would owe the customer something."""
    return problem(
        sync,
        records,
        "HX245",
        "its total is below zero",
        cause=f"It comes to {total:,.2f}. Xero has no invoices below zero; what is owed to a customer is a credit note there.",
        remedy="Write a credit note in Xero, and void or correct the invoice in HubSpot.",
    )


LARGEST = Decimal("9999999999.99")
"""The largest amount that Xero's fields hold (facts/xero.md 6.1)."""


def too_large(sync: Sync, records: Iterable[Record | None], amount: Decimal) -> Problem:
    """An amount beyond what Xero's fields hold."""
    return problem(
        sync,
        records,
        "HX210",
        "it comes to more than Xero can hold",
        cause=f"It comes to {amount:,.2f}; the largest amount of a line or an invoice in Xero is {LARGEST:,}.",
        remedy="Correct the amount in HubSpot, or split the invoice.",
    )


def unknown_tax(sync: Sync, records: Iterable[Record | None], unknown: UnknownTax) -> Problem:
    """A line whose tax Xero doesn't know."""
    if unknown.rate is None:
        return problem(
            sync,
            records,
            "HX229",
            "no tax type of Xero stands for lines without a tax rate",
            cause="The organisation has no rate NONE (or BASEXCLUDED), and the ruleset names no other for such lines.",
            remedy="Name it under `tax:`, e.g. `EXEMPTOUTPUT: none`, or give the lines a tax rate.",
        )
    return problem(
        sync,
        records,
        "HX229",
        "a tax rate stands for none of Xero's",
        cause=f"A line has HubSpot's rate {unknown.rate}. No active sales rate in Xero has the same name and percentage, and "
        "`tax:` names none.",
        remedy=f"Name it under `syncs: invoices: tax:`, e.g. `OUTPUT: {unknown.rate}`, or choose another rate for the line.",
    )
