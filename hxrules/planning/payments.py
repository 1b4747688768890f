"""Payments of synced invoices (R4): which invoice they pay, on which account, and that no more is paid than is owed.

A payment can't be changed in Xero, only deleted; one that was made in HubSpot and deleted in Xero is held, one that was made in Xero is
gone (design §0.6). See also: `accounting` (periods, accounts), `books`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hxrules.language.model import PaymentRules
from hxrules.planning.accounting import check_period, no_account
from hxrules.planning.books import Books, Context, Held, LeftOut, problem
from hxrules.planning.linking import Pair, key_of
from hxrules.planning.merge import NO_COMPOSITES, Decision, FieldView
from hxrules.planning.references import Partners
from hxrules.records import App, BaseValue, Ledger, Life, Link, Record, Sight
from hxrules.values import IdOf, Value

_NO_ONE = Partners("invoices")


def _under_its_id(hubspot: Record, xero: Record) -> bool:
    """A payment without a reference is in Xero under HubSpot's id (design §0.5)."""
    return hubspot.fields.get("hs_reference_number") is None and xero.fields.get("Reference") == hubspot.ref.id


class Payments(Books):
    """See `books.Books`."""

    recognises = frozenset({App.XERO})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        assert context.sync.payments is not None
        self.rules: PaymentRules = context.sync.payments
        self.ledger = context.snapshot.ledgers.get(App.XERO, Ledger(frozenset()))
        self.invoices = context.partners.get("invoices", _NO_ONE)
        self._owed: dict[str, Decimal] = {}
        """What is left to pay on a Xero invoice, once this plan's payments are made."""
        self._seen = self._complete(super().sight())

    def sight(self) -> Sight:
        return self._seen

    def _complete(self, sight: Sight) -> Sight:
        key = (App.HUBSPOT, self.sync.types[App.HUBSPOT])
        payments = {
            record_id: replace(record, fields={**record.fields, "invoice": self._invoice_of(record)})
            for record_id, record in sight.records.get(key, {}).items()
        }
        there = (App.XERO, self.sync.types[App.XERO])
        booked = {
            record_id: self._recognised(record, payments) for record_id, record in sight.records.get(there, {}).items()
        }
        return Sight({**sight.records, key: payments, there: booked}, sight.coverage)

    def _recognised(self, booked: Record, payments: Mapping[str, Record]) -> Record:
        """Xero's payment with the HubSpot payment that it was made of as its memory, if its reference is that one's id."""
        made_of = payments.get(str(booked.fields.get("Reference")))
        if (
            made_of is None
            or not _under_its_id(made_of, booked)
            or key_of(self.sync, made_of) != key_of(self.sync, booked)
        ):
            return booked
        return replace(booked, memory=made_of.ref.id)

    def composites(self, pair: Pair, owner: App | None, bases: Mapping[str, BaseValue]) -> Mapping[str, FieldView]:
        assert pair.hubspot is not None
        assert pair.xero is not None
        if not _under_its_id(pair.hubspot, pair.xero):
            return NO_COMPOSITES
        own = pair.hubspot.ref.id
        same = FieldView(None, own, own, None, same=True)
        return {each.id: same for each in self.sync.mappings if each.xero.name == "Reference"}

    def _invoice_of(self, record: Record) -> Value:
        ids = record.associations.get("invoice", ())
        return self.invoices.across(App.HUBSPOT, ids[0]) if len(ids) == 1 else None

    def owner(self, found: Link, hubspot: Record) -> App | None:
        if found.born_in is not None:
            return found.born_in
        return App.XERO if hubspot.fields.get("hs_processor_type") == "xero" else App.HUBSPOT

    def partner(self, name: str, value: Value) -> Value:
        return None if value is None else self.invoices.across(App.XERO, str(value))

    def is_gone(self, pair: Pair, owner: App | None) -> App | None:
        if pair.xero is None or pair.xero.life is not Life.DELETED:
            self._check_refund(pair, owner)
            return None
        if owner is App.XERO or (
            pair.hubspot is not None and pair.hubspot.fields.get("hs_latest_status") == "refunded"
        ):
            return App.XERO
        raise Held(
            problem(
                self.sync,
                (pair.hubspot, pair.xero),
                "HX224",
                "made in HubSpot, and deleted in Xero",
                cause="A payment of HubSpot's can only be taken back in HubSpot (R18).",
                remedy="Delete or refund it in HubSpot as well; or enter it in Xero again as a payment of its own.",
            ),
            # What is deleted in HubSpot is in no list of changes: it must be asked for.
            retry=True,
        )

    def _check_refund(self, pair: Pair, owner: App | None) -> None:
        """Money that went back in HubSpot still stands on the invoice in Xero, which knows refunds as documents of their own."""
        status = pair.hubspot.fields.get("hs_latest_status") if pair.hubspot is not None else None
        if owner is not App.HUBSPOT or status not in ("refunded", "partially_refunded"):
            return
        raise Held(
            problem(
                self.sync,
                (pair.hubspot, pair.xero),
                "HX247",
                "refunded in HubSpot, and still paid in Xero",
                cause="A refund isn't carried over: in Xero it is a credit note or an overpayment, which only a person can choose.",
                remedy="Enter the refund in Xero; if all of it went back, delete the payment there.",
            )
        )

    # --- writing -------------------------------------------------------------------------------------------------------------

    def updated(
        self, target: App, pair: Pair, owner: App | None, decisions: Sequence[Decision]
    ) -> tuple[list[Decision], dict[str, Value]]:
        kept, values = super().updated(target, pair, owner, decisions)
        if target is App.XERO and kept:
            raise Held(
                problem(
                    self.sync,
                    (pair.hubspot, pair.xero),
                    "HX231",
                    "changed in HubSpot, and a payment can't be changed in Xero",
                    cause=f"HubSpot has another {', '.join(each.mapping.id for each in kept)}. Xero knows only new and deleted payments.",
                    remedy="Undo the change in HubSpot; or delete the payment in both apps, and record it anew.",
                )
            )
        return kept, values

    def created(self, target: App, record: Record, values: Mapping[str, Value]) -> dict[str, Value]:
        made = super().created(target, record, values)
        if target is App.XERO:
            self._check_invoice(record, record.associations.get("invoice", ()))
            return self._receipt(record, made)
        invoice = record.fields.get("Invoice")
        self._check_invoice(record, () if invoice is None else (str(invoice),))
        if made.get("hs_currency_code") is None:
            made["hs_currency_code"] = self._currency(str(invoice))
        return made

    def _check_invoice(self, record: Record, invoices: Sequence[str]) -> None:
        app = record.ref.app
        if not invoices:
            raise LeftOut("it belongs to no invoice")
        if any(self.invoices.across(app, each) is not None for each in invoices[:1]) and len(invoices) == 1:
            return
        if any(self.invoices.failing(app, each) for each in invoices):
            raise Held(
                problem(
                    self.sync,
                    [record],
                    "HX232",
                    "it waits for its invoice",
                    cause=f"The invoice ({app.brand} {', '.join(invoices)}) is failing itself, so it isn't in {app.other.brand} yet.",
                    remedy="See what holds the invoice; the payment follows by itself.",
                ),
                retry=True,
            )
        raise LeftOut("its invoice isn't in both apps" if len(invoices) == 1 else "it pays several invoices at once")

    def _receipt(self, record: Record, made: dict[str, Value]) -> dict[str, Value]:
        if not made.get("Amount"):
            raise LeftOut("nothing was paid: its amount is 0")
        day = made.get("Date")
        check_period(self.sync, [record], self.context.snapshot.accounts.organisation.locked_until, [day])
        self._check_currency(record)
        made["Account"] = self._account(record)
        # What identifies the payment in Xero when HubSpot's has no reference: its own id (design §0.5).
        made["Reference"] = made.get("Reference") or record.ref.id
        self._check_owed(record, made)
        return made

    def _account(self, record: Record) -> str:
        code = self.rules.bank_account
        if any(each.code == code and each.active and each.takes_payments for each in self.ledger.accounts) and code:
            return code
        raise Held(
            no_account(
                self.sync,
                [record],
                f"Xero takes no payments on the account {code}" if code else "the ruleset names no `bank-account`",
                "It must be a bank account, or one that payments are enabled to.",
                'Write `bank-account: "090"` (the code of yours) under `syncs: payments:`.',
            ),
            retry=True,
        )

    def _check_currency(self, record: Record) -> None:
        """A payment in Xero has no currency of its own, so one in another would be booked as so much of the invoice's."""
        (invoice,) = record.associations["invoice"]
        seen = self.context.snapshot.sight("invoices").of(App.HUBSPOT, "invoices").get(invoice)
        currency = record.fields.get("hs_currency_code")
        owed = (
            seen.fields.get("hs_currency") if seen else self._currency(str(self.invoices.across(App.HUBSPOT, invoice)))
        )
        if currency is None or owed is None or currency == owed:
            return
        raise Held(
            problem(
                self.sync,
                [record],
                "HX246",
                f"it is in {currency}, and its invoice in {owed}",
                cause="A payment in Xero is always in the currency of its invoice.",
                remedy="Correct the currency of the payment in HubSpot, or enter it in Xero by hand.",
            )
        )

    def _check_owed(self, record: Record, made: Mapping[str, Value]) -> None:
        """Told by the invoice as this run reads it. Its payments are looked at again whenever it changes, and only then."""
        invoice, amount = made.get("Invoice"), made.get("Amount")
        if not isinstance(amount, Decimal) or isinstance(invoice, IdOf):
            return
        seen = self.context.snapshot.sight("invoices").of(App.XERO, "invoices").get(str(invoice))
        status = seen.fields.get("Status") if seen is not None else None
        if status in ("draft", "submitted"):
            raise Held(
                problem(
                    self.sync,
                    [record],
                    "HX233",
                    f"its invoice is still {status} in Xero",
                    cause="Xero takes payments of approved invoices only.",
                    remedy="Approve the invoice in Xero; the next run goes on.",
                )
            )
        due = self._owed.get(str(invoice), seen.fields.get("AmountDue") if seen is not None else None)
        if not isinstance(due, Decimal):
            return
        if amount > due:
            raise Held(
                problem(
                    self.sync,
                    [record],
                    "HX233",
                    "it is more than is still owed in Xero",
                    cause=f"It is {amount:,.2f}, and {due:,.2f} is owed. Xero takes no payment beyond what an invoice owes; an "
                    "overpayment is a document of its own there.",
                    remedy="Correct the amount in HubSpot, or enter the overpayment in Xero by hand.",
                )
            )
        self._owed[str(invoice)] = due - amount

    def _currency(self, invoice: str) -> Value:
        """The currency of a Xero invoice, where the payment itself doesn't say it."""
        seen = self.context.snapshot.sight("invoices").of(App.XERO, "invoices").get(invoice)
        if seen is not None:
            return seen.fields.get("CurrencyCode")
        for link in self.context.state.links:
            if link.sync == "invoices" and link.xero == invoice:
                base = self.context.state.bases.get(link.id, {}).get("currency")
                return base.xero if base is not None else None
        return None
