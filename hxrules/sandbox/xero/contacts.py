"""The Contacts endpoints: lists, reads by id or number, creates, updates, batches, archiving, history notes.

Invariants: PUT only creates and POST also updates; archiving has no way back (facts/xero.md 2.4, 6.2).
See also: `contact_rules`, `contact_shape`, `batches`, `lists`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from hxrules.sandbox.xero import bodies, contact_rules, errors, history, lists, scopes
from hxrules.sandbox.xero.batches import Invalid, carry_out
from hxrules.sandbox.xero.contact_shape import page_view, single_view, stub_view, summary_view, write_view
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.world import World

_SEARCHED: Final = ("Name", "FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress")


class Contacts:
    """Reads and writes the contacts of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        one = {"GET": self.one, "POST": self.update}
        notes = history.endpoint(self._world, "Contacts", scopes.CONTACTS, self._by_id)
        return [
            Endpoint("Contacts", scopes.CONTACTS, {"GET": self.many, "PUT": self.create, "POST": self.upsert}),
            Endpoint("Contacts/{key}", scopes.CONTACTS, one),
            notes,
        ]

    def many(self, call: Call) -> Reply:
        """`GET /Contacts`."""
        world, summary = self._world, call.flag("summaryOnly")
        keys = dict.fromkeys(key.lower() for key in call.listed("IDs") or ())
        only = [row for key in keys if (row := world.contacts.get(key))] if keys else None
        archived = call.flag("includeArchived")
        listing = lists.read(
            world.contacts,
            call,
            world.environment,
            only=only,
            keep=lambda row: archived or row["ContactStatus"] == "ACTIVE",
            pageable=True,
            paged=summary or only is not None,
            searched=_SEARCHED,
            hidden=world.contacts.resource.beyond_summary if summary else frozenset(),
        )
        if summary:
            rows = [summary_view(row) for row in listing.rows]
        elif listing.pagination is None:
            rows = [stub_view(row) for row in listing.rows]
        else:
            rows = [page_view(row, self._balances(row)) for row in listing.rows]
        return world.enclosed("Contacts", rows, listing.pagination)

    def one(self, call: Call) -> Reply:
        """`GET /Contacts/{ContactID or ContactNumber}`."""
        record = self._by_id(call.parameters["key"]) or self._by_number(call.parameters["key"])
        if record is None:
            raise Refusal(errors.NOT_FOUND)
        return self._world.enclosed("Contacts", [single_view(record, self._balances(record))])

    def create(self, call: Call) -> Reply:
        """`PUT /Contacts`: never an update, so a name or number in use is an error."""
        return self._write(call, lambda sent: None)

    def upsert(self, call: Call) -> Reply:
        """`POST /Contacts`: an update of what the element matches, else a create."""
        return self._write(call, lambda sent: contact_rules.matching(sent, self._world))

    def update(self, call: Call) -> Reply:
        """`POST /Contacts/{ContactID}`."""
        record = self._by_id(call.parameters["key"])
        if record is None:
            raise Refusal(errors.NOT_FOUND)
        return self._write(call, lambda sent: record, {"ContactID": record["ContactID"]})

    def _write(self, call: Call, find: Callable[[Record], Record | None], fixed: Record | None = None) -> Reply:
        sent = [
            {**each, **(fixed or {})} for each in bodies.elements(call, "Contacts", "Contact", contact_rules.CONTACT)
        ]
        if any(contact_rules.unknown_id(each, self._world) for each in sent):
            raise Refusal(errors.NOT_FOUND)

        def save(each: Record) -> Record:
            current = find(each)
            if messages := contact_rules.broken_rules(each, current, self._world):
                raise Invalid(*messages)
            record = contact_rules.merged(each, current, self._world)
            self._world.contacts.put(record)
            return write_view(record)

        return carry_out(call, self._world, "Contacts", sent, save, contact_rules.echo)

    def _by_id(self, key: str) -> Record | None:
        return self._world.contacts.get(key.lower())

    def _by_number(self, key: str) -> Record | None:
        return next((row for row in self._world.contacts.found("ContactNumber", key)), None)

    def _balances(self, contact: Record) -> Record | None:
        """What is outstanding and overdue on approved documents, in their own currencies, as Xero adds it up."""
        today = self._world.now().date()
        sums = {side: {"Outstanding": Decimal("0.00"), "Overdue": Decimal("0.00")} for side in ("ACCREC", "ACCPAY")}
        open_documents = [row for row in self._world.invoices_of(contact["ContactID"]) if row["Status"] == "AUTHORISED"]
        for row in open_documents:
            sums[row["Type"]]["Outstanding"] += row["AmountDue"]
            if row.get("DueDate") and row["DueDate"] < today:
                sums[row["Type"]]["Overdue"] += row["AmountDue"]
        return {"AccountsReceivable": sums["ACCREC"], "AccountsPayable": sums["ACCPAY"]} if open_documents else None
