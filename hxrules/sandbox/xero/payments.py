"""The Payments endpoints: lists, reads by id, creates one or many, deletion by POST, history notes.

Invariants: a payment is made and deleted and never changed; either settles its invoice, whose date of change moves; a
deleted one stays readable (quirk `deleted-payments`). Facts/xero.md 5.1, 6.5.
See also: `payment_rules`, `payment_shape`, `settlement`, `batches`.
"""

from __future__ import annotations

from collections.abc import Iterable

from hxrules.sandbox.xero import bodies, errors, history, lists, payment_rules, scopes
from hxrules.sandbox.xero.batches import carry_out
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.payment_shape import echo, list_view, single_view
from hxrules.sandbox.xero.settlement import payments_of, settled
from hxrules.sandbox.xero.world import World


class Payments:
    """Reads and writes the payments of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        return [
            Endpoint("Payments", scopes.PAYMENTS, {"GET": self.many, "PUT": self.write, "POST": self.write}),
            Endpoint("Payments/{key}", scopes.PAYMENTS, {"GET": self.one, "POST": self.delete}),
            history.endpoint(self._world, "Payments", scopes.PAYMENTS, self._by_id),
        ]

    def many(self, call: Call) -> Reply:
        """`GET /Payments`."""
        world = self._world
        hidden = world.environment.quirks["deleted-payments"] == "hidden"
        listing = lists.read(
            world.payments,
            call,
            world.environment,
            keep=lambda row: not hidden or row["Status"] != "DELETED",
            pageable=True,
        )
        rows = [list_view(row, *self._around(row)) for row in listing.rows]
        return world.enclosed("Payments", rows, listing.pagination)

    def one(self, call: Call) -> Reply:
        """`GET /Payments/{PaymentID}`."""
        found = self._keyed(call)
        account, invoice, contact = self._around(found)
        row = single_view(found, account, invoice, contact, payments_of(invoice, self._world))
        return self._world.enclosed("Payments", [row])

    def write(self, call: Call) -> Reply:
        """`PUT` or `POST /Payments`: makes payments; an element of a POST that names one deletes it."""
        sent = bodies.elements(call, "Payments", "Payment", payment_rules.PAYMENT)
        if any(payment_rules.unknown_id(each, self._world) for each in sent):
            raise Refusal(errors.NOT_FOUND)
        return self._carried_out(call, sent)

    def delete(self, call: Call) -> Reply:
        """`POST /Payments/{PaymentID}` with the status DELETED."""
        identity = self._keyed(call)["PaymentID"]
        sent = bodies.elements(call, "Payments", "Payment", payment_rules.PAYMENT)
        return self._carried_out(call, [{**each, "PaymentID": identity} for each in sent])

    def _carried_out(self, call: Call, sent: Iterable[Record]) -> Reply:
        world = self._world

        def save(each: Record) -> Record:
            current = self._by_id(each.get("PaymentID", "")) if call.method == "POST" else None
            if current:
                record = payment_rules.deleted(each, current, world)
            else:
                record = payment_rules.made(each, world)
            world.payments.put(record)
            account, invoice, contact = self._around(record)
            invoice = {**settled(invoice, world), "UpdatedDateUTC": world.now()}
            world.invoices.put(invoice)
            return single_view(record, account, invoice, contact)

        return carry_out(call, world, "Payments", list(sent), save, echo)

    def _keyed(self, call: Call) -> Record:
        """The payment of the id in the path; raises `Refusal`."""
        found = self._by_id(call.parameters["key"])
        if found is None:
            raise Refusal(errors.NOT_FOUND)
        return found

    def _by_id(self, key: str) -> Record | None:
        return self._world.payments.get(key.lower())

    def _around(self, payment: Record) -> tuple[Record, Record, Record]:
        """The account of a payment, its invoice, and whom that is for."""
        world = self._world
        account = world.accounts.get(payment["Account"]["AccountID"])
        invoice = world.invoices.get(payment["Invoice"]["InvoiceID"])
        assert account, "an account with payments cannot be deleted"
        assert invoice, "nor can an invoice"
        contact = world.contacts.get(invoice["Contact"]["ContactID"])
        assert contact, "nor a contact"
        return account, invoice, contact
