"""The Invoices endpoints: lists with all their parameters, reads by id or number, creates, updates, batches, notes.

Invariants: PUT only creates, POST also updates what has the number that it names; voided and deleted invoices stay
readable and are in the lists (facts/xero.md 2.4, 5.3, 6.4).
See also: `invoice_rules`, `invoice_shape`, `batches`, `lists`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from hxrules.sandbox.xero import bodies, errors, history, invoice_rules, lists, scopes
from hxrules.sandbox.xero.batches import carry_out
from hxrules.sandbox.xero.calendars import today
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.invoice_shape import echo, page_view, single_view, stub_view, summary_view, write_view
from hxrules.sandbox.xero.settlement import payments_of
from hxrules.sandbox.xero.world import World

_SEARCHED: Final = ("InvoiceNumber", "Reference")


class Invoices:
    """Reads and writes the invoices and bills of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        world = self._world
        return [
            Endpoint("Invoices", scopes.INVOICES, {"GET": self.many, "PUT": self.create, "POST": self.upsert}),
            Endpoint("Invoices/{key}", scopes.INVOICES, {"GET": self.one, "POST": self.update}),
            Endpoint("Invoices/{key}/OnlineInvoice", scopes.INVOICES, {"GET": self.online}),
            history.endpoint(world, "Invoices", scopes.INVOICES, lambda key: world.invoices.get(key.lower())),
        ]

    def many(self, call: Call) -> Reply:
        """`GET /Invoices`."""
        world, summary = self._world, call.flag("summaryOnly")
        only, statuses, own = self._named(call), call.listed("Statuses"), call.flag("createdByMyApp")
        listing = lists.read(
            world.invoices,
            call,
            world.environment,
            only=only,
            keep=lambda row: (
                (not statuses or row["Status"] in statuses) and (not own or row["InvoiceID"] in world.own_invoices)
            ),
            pageable=True,
            paged=summary or only is not None or bool(statuses),
            searched=_SEARCHED,
            hidden=world.invoices.resource.beyond_summary if summary else frozenset(),
        )
        if summary:
            rows = [summary_view(row, self._contact(row)) for row in listing.rows]
        elif listing.pagination is None:
            rows = [stub_view(row, self._contact(row), payments_of(row, world)) for row in listing.rows]
        else:
            decimals = call.decimals()
            rows = [
                page_view(row, self._contact(row), payments_of(row, world), decimals=decimals) for row in listing.rows
            ]
        return world.enclosed("Invoices", rows, listing.pagination)

    def one(self, call: Call) -> Reply:
        """`GET /Invoices/{InvoiceID or InvoiceNumber}`."""
        found = self._keyed(call)
        payments = payments_of(found, self._world)
        row = single_view(found, self._contact(found), payments, decimals=call.decimals())
        return self._world.enclosed("Invoices", [row])

    def online(self, call: Call) -> Reply:
        """`GET /Invoices/{InvoiceID}/OnlineInvoice`: only of sales invoices that are no drafts."""
        found = self._keyed(call)
        if found["Type"] != "ACCREC" or found["Status"] == "DRAFT":
            raise Refusal(errors.NOT_FOUND)
        page = sha256(found["InvoiceID"].encode()).hexdigest()[:40]
        return self._world.enclosed("OnlineInvoices", [{"OnlineInvoiceUrl": f"https://in.xero.com/{page}"}])

    def create(self, call: Call) -> Reply:
        """`PUT /Invoices`: never an update, so a number in use is an error."""
        return self._write(call, lambda sent: None)

    def upsert(self, call: Call) -> Reply:
        """`POST /Invoices`: an update of what the element matches, be it by number alone, else a create."""
        return self._write(call, lambda sent: invoice_rules.matching(sent, self._world))

    def update(self, call: Call) -> Reply:
        """`POST /Invoices/{InvoiceID or InvoiceNumber}`."""
        found = self._keyed(call)
        return self._write(call, lambda sent: found, {"InvoiceID": found["InvoiceID"]})

    def _write(self, call: Call, find: Callable[[Record], Record | None], fixed: Record | None = None) -> Reply:
        world, decimals = self._world, call.decimals()
        sent = [
            {**each, **(fixed or {})} for each in bodies.elements(call, "Invoices", "Invoice", invoice_rules.INVOICE)
        ]
        if any(invoice_rules.unknown_id(each, world) for each in sent):
            raise Refusal(errors.NOT_FOUND)

        def save(each: Record) -> Record:
            current = find(each)
            draft = invoice_rules.Draft(each, current, world, decimals)
            record = draft.finished()
            world.contacts.put(draft.contact)
            world.invoices.put(record)
            if current is None:
                world.own_invoices.add(record["InvoiceID"])
            if invoice_rules.is_approved(record) and not (current and invoice_rules.is_approved(current)):
                world.approved.setdefault(today(world).replace(day=1), set()).add(record["InvoiceID"])
            row = write_view(record, draft.contact, decimals=decimals)
            warnings = [{"Message": message} for message in draft.warnings]
            return {**row, "Warnings": warnings} if warnings else row

        return carry_out(call, world, "Invoices", sent, save, echo)

    def _keyed(self, call: Call) -> Record:
        """The document that the path names by its id or its number; raises `Refusal`."""
        key = call.parameters["key"]
        rows = self._world.invoices.found("InvoiceNumber", key)
        found = self._world.invoices.get(key.lower()) or next(iter(rows), None)
        if found is None:
            raise Refusal(errors.NOT_FOUND)
        return found

    def _named(self, call: Call) -> list[Record] | None:
        """The invoices that the list parameters name; several of them narrow each other."""
        world = self._world
        sets: list[dict[str, Record]] = []
        for parameter, field in (
            ("IDs", "InvoiceID"),
            ("InvoiceNumbers", "InvoiceNumber"),
            ("ContactIDs", "Contact.ContactID"),
        ):
            if values := call.listed(parameter):
                rows = [row for value in values for row in world.invoices.found(field, value)]
                sets.append({row["InvoiceID"]: row for row in rows})
        if not sets:
            return None
        return [row for key, row in sets[0].items() if all(key in other for other in sets[1:])]

    def _contact(self, invoice: Record) -> Record:
        contact = self._world.contacts.get(invoice["Contact"]["ContactID"])
        assert contact is not None, "an invoice's contact cannot be deleted"
        return contact
