"""What happens in a history, one thing at a time. Each step says all there is to say about it, so that a history can be told again.

Records are named by their place among those that are there at the time: the third contact of HubSpot, whichever that is. A step that
makes no sense at its time (no such record, the app refuses) does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.histories.company import FREE, Company, Refused
from tests.histories.fields import FIELDS, KINDS, Row
from tests.histories.memory import Memory, Place
from tests.kill.journeys import KillPoint

OBJECTS = "/crm/objects/2026-09"
APPLY = ("apply", "--yes", "--allow-large", "--format", "json")
FAULTS = ("lost-answer", "429", "5xx-before", "5xx-after", "partial-batch")
TICK = timedelta(seconds=2)
"""What passes before each step: people aren't faster. Xero counts whole seconds."""


@dataclass(frozen=True)
class Step:
    """One thing that happens."""

    def happen(self, here: Company, memory: Memory) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Edit(Step):
    """Somebody writes a value into a field."""

    app: str
    sync: str
    which: int
    field: str
    value: str

    def happen(self, here: Company, memory: Memory) -> None:
        found = nth(here.rows(self.app, self.sync), self.which)
        if found is not None:
            edit(here, memory, Place(self.app, self.sync, found[0], self.field), self.value)


@dataclass(frozen=True)
class Clash(Step):
    """Two people write into the same field of a linked pair, one in HubSpot and, some time later or before, one in Xero."""

    sync: str
    which: int
    field: str
    hubspot: str
    xero: str
    apart: timedelta

    def happen(self, here: Company, memory: Memory) -> None:
        links = {each.id: each for each in here.links() if each.sync == self.sync}
        if not links:
            return
        pair = links[sorted(links)[self.which % len(links)]]
        edits = [("hubspot", pair.hubspot, self.hubspot), ("xero", pair.xero, self.xero)]
        for app, record_id, value in edits if self.apart >= timedelta() else reversed(edits):
            with suppress(Refused):
                edit(here, memory, Place(app, self.sync, record_id, self.field), value)
            here.let_pass(abs(self.apart))


@dataclass(frozen=True)
class Make(Step):
    """Somebody makes a record: a contact or a product of this key, an invoice of that contact, a payment of that invoice."""

    app: str
    sync: str
    which: int
    issued: bool = True
    """Of an invoice: it is no draft. Of a payment: all that is owed is paid; else 1."""

    def happen(self, here: Company, memory: Memory) -> None:
        make = {"contacts": contact, "products": product, "invoices": invoice, "payments": payment}[self.sync]
        made = make(here, self)
        if made is not None:
            memory.people_made.add((self.app, self.sync, made))


@dataclass(frozen=True)
class Lines(Step):
    """Somebody changes the lines of an invoice: another quantity of the first one, and perhaps one more line."""

    app: str
    which: int
    quantity: int
    more: bool

    def happen(self, here: Company, memory: Memory) -> None:
        found = nth(here.rows(self.app, "invoices"), self.which)
        if found is None:
            return
        record_id, row = found
        if self.app == "hubspot":
            lines = [each for each in row["links"].get("line_items", ()) if each in here.live("line_items")]
            if lines:
                here.edit_hubspot(lines[0], "line_items", quantity=str(self.quantity))
            if self.more:
                made = here.make_hubspot("line_items", record_id, name="More", quantity="1", price="12.5")
                memory.people_made.add(("hubspot", "lines", made))
        else:
            lines = [dict(each) for each in row["LineItems"]]
            kept = ("LineItemID", "Description", "UnitAmount", "AccountCode", "ItemCode", "TaxType", "Quantity")
            lines = [{name: each[name] for name in kept if name in each} for each in lines]
            if lines:
                lines[0]["Quantity"] = self.quantity
            if self.more:
                lines.append({"Description": "More", "Quantity": 1, "UnitAmount": 12.5, "AccountCode": "200", **FREE})
            here.edit_xero(record_id, "Invoices", LineItems=lines)
        memory.touched.add((self.app, "invoices", record_id))


@dataclass(frozen=True)
class Status(Step):
    """Somebody issues a draft, or voids an invoice."""

    app: str
    which: int
    void: bool

    def happen(self, here: Company, memory: Memory) -> None:
        found = nth(here.rows(self.app, "invoices"), self.which)
        if found is None:
            return
        if self.app == "hubspot":
            here.edit_hubspot(found[0], "invoices", hs_invoice_status="voided" if self.void else "open")
        else:
            draft = found[1]["Status"] == "DRAFT"
            status = ("DELETED" if draft else "VOIDED") if self.void else "AUTHORISED"
            here.edit_xero(found[0], "Invoices", Status=status)
        memory.touched.add((self.app, "invoices", found[0]))


@dataclass(frozen=True)
class Remove(Step):
    """Somebody deletes a record, or, of Xero's contacts, archives it."""

    app: str
    sync: str
    which: int

    def happen(self, here: Company, memory: Memory) -> None:
        found = nth(here.rows(self.app, self.sync), self.which)
        if found is None:
            return
        record_id, row = found
        if self.app == "hubspot":
            here.hubspot("DELETE", f"{OBJECTS}/{KINDS[self.sync][0]}/{record_id}")
        elif self.sync == "contacts":
            here.edit_xero(record_id, ContactStatus="ARCHIVED")
        elif self.sync == "products":
            here.xero("DELETE", f"/Items/{record_id}")
        elif row.get("Status") == "AUTHORISED" and self.sync == "payments":
            here.edit_xero(record_id, "Payments", Status="DELETED")
        memory.touched.add((self.app, self.sync, record_id))
        memory.removed = True


@dataclass(frozen=True)
class Pass(Step):
    """Time passes."""

    time: timedelta

    def happen(self, here: Company, memory: Memory) -> None:
        here.let_pass(self.time)


@dataclass(frozen=True)
class Change(Step):
    """Somebody edits the ruleset."""

    to: Mapping[str, Any]

    def happen(self, here: Company, memory: Memory) -> None:
        here.write_rules(replace(here.rules, **self.to))
        memory.note_rules(here.rules)


@dataclass(frozen=True)
class Run(Step):
    """`hxrules apply`, on a good day or, with a rate of requests that go wrong, on a bad one."""

    rate: float = 0.0
    seed: int = 0

    def happen(self, here: Company, memory: Memory) -> None:
        faults = {"rate": self.rate, "seed": self.seed, "kinds": list(FAULTS)} if self.rate else {}
        here.disturb(faults)
        said = here.hxrules(*APPLY)
        here.disturb({})
        memory.after_run(here, said, disturbed=bool(self.rate))


@dataclass(frozen=True)
class Killed(Step):
    """`hxrules apply` that is killed on its way, if it gets so far."""

    stream: str
    number: int
    side: str

    def happen(self, here: Company, memory: Memory) -> None:
        said = here.hxrules(*APPLY, kill_at=KillPoint(self.stream, self.number, self.side))
        memory.after_run(here, said, disturbed=True)


@dataclass(frozen=True)
class Save(Step):
    """`hxrules dry-run -o plan.json`."""

    def happen(self, here: Company, memory: Memory) -> None:
        said = here.hxrules("dry-run", "-o", "plan.json")
        memory.ended(said, {0}, "dry-run -o")


@dataclass(frozen=True)
class ApplySaved(Step):
    """`hxrules apply plan.json`: as it was shown, or, being stale, only where asked to."""

    still_valid: bool
    kill: tuple[str, int, str] | None = None

    def happen(self, here: Company, memory: Memory) -> None:
        if not (here.folder / "plan.json").exists():
            return
        words = ("apply", "plan.json", "--allow-large", "--format", "json", *["--still-valid"] * self.still_valid)
        said = here.hxrules(*words, kill_at=KillPoint(*self.kill) if self.kill else None)
        memory.after_run(here, said, disturbed=self.kill is not None, saved=True)


def take(step: Step, here: Company, memory: Memory) -> None:
    """Lets it happen, a moment after whatever came before."""
    here.let_pass(TICK)
    with suppress(Refused):
        step.happen(here, memory)


def nth(rows: Mapping[str, Row], which: int) -> tuple[str, Row] | None:
    """One of the records, counted round and round."""
    if not rows:
        return None
    record_id = list(rows)[which % len(rows)]
    return record_id, rows[record_id]


def edit(here: Company, memory: Memory, place: Place, value: str) -> None:
    """Writes a value, if the record is there."""
    row, field = here.rows(place.app, place.sync).get(place.id), FIELDS[place.sync, place.field]
    if row is None:
        return
    if place.app == "xero" and place.field == "due-date" and row["AmountPaid"]:
        # Xero doesn't say that the due date of a paid invoice was changed: known to nobody (facts/xero.md 5.1).
        return
    before = field.of(place.app, row)
    if place.app == "hubspot":
        said = f"{value}T12:00:00Z" if place.field == "due-date" else value
        here.edit_hubspot(place.id, KINDS[place.sync][0], **{field.hubspot: said})
    else:
        assert field.write_xero is not None
        body = field.write_xero(value)
        if place.sync == "products":
            body = {"Code": row["Code"], **body}
        here.edit_xero(place.id, KINDS[place.sync][1].capitalize(), **body)
    memory.edited(here, place, before)


# --- making records ----------------------------------------------------------------------------------------------------------


def contact(here: Company, made: Make) -> str | None:
    """Of few addresses, so that both apps may well get the same person."""
    name, email = f"Firm {made.which}", f"p{made.which}@example.com"
    if made.app == "hubspot":
        return here.make_hubspot("contacts", email=email, company=name, firstname="Eve")
    return str(here.make_xero("Contacts", Name=name, EmailAddress=email, FirstName="Eva")["ContactID"])


def product(here: Company, made: Make) -> str | None:
    code = f"SKU-{made.which}"
    if made.app == "hubspot":
        return here.make_hubspot("products", hs_sku=code, name=f"Thing {made.which}", price="10")
    item = here.make_xero("Items", Code=code, Name=f"Thing {made.which}", SalesDetails={"UnitPrice": 11})
    return str(item["ItemID"])


def invoice(here: Company, made: Make) -> str | None:
    """Each has a number of its own; HubSpot gives it."""
    whose = nth(here.rows(made.app, "contacts"), made.which)
    if whose is None:
        return None
    if made.app == "hubspot":
        links = [
            {
                "to": {"id": whose[0]},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 177}],
            }
        ]
        said = {"hs_currency": "AUD", "hs_invoice_status": "draft"}
        dates = {"hs_invoice_date": "2026-11-21T12:00:00Z", "hs_due_date": "2026-12-21T12:00:00Z"}
        body = {"properties": {**said, **dates}, "associations": links}
        record_id = str(here.hubspot("POST", f"{OBJECTS}/invoices", body)["id"])
        here.make_hubspot("line_items", record_id, name="Work", quantity="2", price="37.25")
        if made.issued:
            here.edit_hubspot(record_id, "invoices", hs_invoice_status="open")
        return record_id
    line = {"Description": "Work", "Quantity": 2, "UnitAmount": 37.25, "AccountCode": "200", **FREE}
    said = {"Type": "ACCREC", "InvoiceNumber": f"X-{here.number()}", "Status": "AUTHORISED" if made.issued else "DRAFT"}
    dates = {"Date": "2026-11-21", "DueDate": "2026-12-21"}
    booked = here.make_xero("Invoices", **said, **dates, Contact={"ContactID": whose[0]}, LineItems=[line])
    return str(booked["InvoiceID"])


def payment(here: Company, made: Make) -> str | None:
    """Of 1, so that several are alike, or of all that is owed."""
    found = nth(here.rows(made.app, "invoices"), made.which)
    if found is None:
        return None
    record_id, row = found
    if made.app == "hubspot":
        owed = row.get("hs_balance_due", "0")
        said = {"hs_initial_amount": owed if made.issued else "1", "hs_currency_code": "AUD"}
        more = {"hs_initiated_date": "2026-11-21T12:00:00Z", "hs_latest_status": "succeeded"}
        return here.make_hubspot("commerce_payments", record_id, **said, **more)
    amount = row["AmountDue"] if made.issued else 1
    said = {"Invoice": {"InvoiceID": record_id}, "Account": {"Code": "090"}, "Date": "2026-11-21"}
    return str(here.make_xero("Payments", **said, Amount=amount)["PaymentID"])
