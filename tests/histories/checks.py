"""What must be true when a history has come to rest: everything that isn't so, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hxrules.records import App, Link, StateView
from tests.histories.company import Company
from tests.histories.fields import CUSTOM, FIELDS, KINDS, Row
from tests.histories.memory import HELD, Memory, journal
from tests.histories.steps import APPLY

TIMES = 3
"""Runs that a history may need to come to rest."""
NEVER = {
    "HX200",
    "HX206",
    "HX207",
    "HX208",
    "HX210",
    "HX212",
    "HX213",
    "HX220",
    "HX221",
    "HX222",
    "HX228",
    "HX229",
    "HX230",
}
"""Problems that nothing which happens here can be the reason of."""
IN_HUBSPOT = {
    "DRAFT": "draft",
    "SUBMITTED": "draft",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "voided",
    "DELETED": "voided",
}


def come_to_rest(here: Company, memory: Memory) -> Iterator[str]:
    """Runs without faults until there is nothing to do; what is wrong with the rest."""
    here.disturb({})
    plan: Any = None
    here.let_pass(timedelta(days=memory.removed))
    for _ in range(TIMES):
        here.let_pass(timedelta(minutes=1))
        said = here.hxrules(*APPLY)
        memory.after_run(here, said, disturbed=False)
        if said.code not in (0, HELD):
            break
        plan = here.hxrules("dry-run", "--format", "json").json
        if not plan["has_changes"]:
            break
    yield from memory.wrong
    if plan is None:
        return
    if plan["has_changes"]:
        yield f"after {TIMES} runs there is still something to do: {plan['changes']}"
        return
    later = here.hxrules("dry-run", "--format", "json", later=timedelta(days=2)).json
    if later["has_changes"]:
        yield f"what changed was all done, but reading everything finds more: {later['changes']}"
    for name in ("held", "excluded"):
        one, two = (Counter(map(row_key, each[name])) for each in (plan, later))
        if one != two:
            yield f"{name}: {one - two} only by what changed, {two - one} only by reading everything"
    if plan["in_sync"] != later["in_sync"]:
        yield f"in sync: {plan['in_sync']} by what changed, {later['in_sync']} by reading everything"
    yield from Rest(here, memory, later).violations()


def row_key(row: Any) -> tuple[Any, ...]:
    return (row["sync"], row.get("code"), row["hubspot"], row["xero"])


@dataclass
class Rest:
    """Both apps, the state and the last plan."""

    here: Company
    memory: Memory
    plan: Any

    def violations(self) -> Iterator[str]:
        view = self.here.remembered()
        assert view is not None
        self.view: StateView = view
        self.rows = {(app.value, sync): self.here.rows(app.value, sync) for app in App for sync in KINDS}
        self.placed = {
            (app.value, row["sync"], row[app.value])
            for name in ("held", "excluded")
            for row in self.plan[name]
            for app in App
            if row[app.value] is not None
        }
        yield from self._pairs()
        yield from self._nobody_is_forgotten()
        yield from self._nothing_is_there_twice()
        yield from self._parts()
        yield from self._the_owner_is_never_written()
        yield from self._reasons()

    # --- pairs say the same ---------------------------------------------------------------------------------------------------

    def _pairs(self) -> Iterator[str]:
        rules = self.here.rules
        for link in self.view.links:
            mine, theirs = (self.rows[app.value, link.sync].get(link.side(app)) for app in App)
            if link.gone is not None or link.sync in rules.off or ("hubspot", link.sync, link.hubspot) in self.placed:
                continue
            if mine is None or theirs is None:
                yield f"{link} has a side that isn't there, and nobody says so"
                continue
            for field in FIELDS.values():
                if field.sync != link.sync or not rules.maps(field.sync, field.name):
                    continue
                one, two = field.of("hubspot", mine), field.of("xero", theirs)
                if one != two and not self._may_differ(link, field.name, mine):
                    yield f"{link.sync} {link.hubspot} = {link.xero}: {field.name} is {one!r} and {two!r}"
            if link.sync == "invoices":
                yield from self._invoice(link, mine, theirs)

    def _may_differ(self, link: Link, name: str, mine: Row) -> bool:
        if (link.sync, name) == ("contacts", "company-name") and not mine.get("company"):
            return True  # Xero needs a name: one that stands in.
        if link.sync in ("contacts", "products"):
            return link.sync in self.memory.narrowed
        if (link.sync, name) in CUSTOM:
            return link.sync in self.memory.narrowed
        return not self._written(link)

    def _written(self, link: Link) -> bool:
        """Is the app that didn't make the record written by the rules of today?"""
        way = self.here.rules.way(link.sync)
        owner = link.born_in or (App.XERO if self._mirror(link) else App.HUBSPOT)
        return way in ("two-way", "to-xero" if owner is App.HUBSPOT else "to-hubspot")

    def _mirror(self, link: Link) -> bool:
        row = self.rows["hubspot", "invoices"].get(link.hubspot, {})
        return bool(row.get("hs_invoice_billable") == "false")

    def _invoice(self, link: Link, mine: Row, theirs: Row) -> Iterator[str]:
        if not self._written(link):
            return
        name = f"invoice {mine.get('hs_number')}"
        parts = self.here.live("line_items")
        lines = [parts[each] for each in mine["links"].get("line_items", ()) if each in parts]
        ended = theirs["Status"] in ("VOIDED", "DELETED")
        one = sorted((_amount(each.get("quantity")), _amount(each.get("price"))) for each in lines)
        two = sorted((_amount(each.get("Quantity")), _amount(each.get("UnitAmount"))) for each in theirs["LineItems"])
        if one != two and not ended:
            yield f"{name}: lines {one} and {two}"
        if IN_HUBSPOT[theirs["Status"]] != mine["hs_invoice_status"] and not self._payments_apart(link):
            yield f"{name}: {mine['hs_invoice_status']} and {theirs['Status']}"
        if (
            not ended
            and _amount(mine["hs_balance_due"]) != _amount(theirs["AmountDue"])
            and not self._payments_apart(link)
        ):
            yield f"{name}: {mine['hs_balance_due']} owed, and {theirs['AmountDue']}"

    def _payments_apart(self, link: Link) -> bool:
        """Is some payment of the invoice in one app only, so that it can't be owed the same?"""
        linked = {
            app: {each.side(app) for each in self.view.links if each.sync == "payments" and not each.gone}
            for app in App
        }
        mine = [
            each
            for each, row in self.rows["hubspot", "payments"].items()
            if link.hubspot in row["links"].get("invoices", ())
        ]
        theirs = [
            each
            for each, row in self.rows["xero", "payments"].items()
            if row["Invoice"]["InvoiceID"] == link.xero and row["Status"] == "AUTHORISED"
        ]
        held = any(("hubspot", "payments", each) in self.placed for each in mine)
        return held or not (linked[App.HUBSPOT].issuperset(mine) and linked[App.XERO].issuperset(theirs))

    # --- every record is somewhere, once --------------------------------------------------------------------------------------

    def _nobody_is_forgotten(self) -> Iterator[str]:
        """Whatever travels is linked, or the plan says why not."""
        linked = {(app.value, link.sync, link.side(app)) for link in self.view.links for app in App}
        for (app, sync), rows in self.rows.items():
            if not self.here.rules.reads(app, sync):
                continue
            for record_id in rows:
                if (app, sync, record_id) not in linked | self.placed:
                    yield f"{app}'s {sync} {record_id} is nowhere: not linked, not held, not excluded"

    def _nothing_is_there_twice(self) -> Iterator[str]:
        """Each record that hxrules has made is the partner of one that people have made; nobody has two."""
        for app in App:
            owners = Counter((link.sync, link.side(app)) for link in self.view.links)
            yield from (f"{app}'s {sync} {each} has {n} partners" for (sync, each), n in owners.items() if n > 1)
            for sync in KINDS:
                for record_id, row in self.rows[app.value, sync].items():
                    made_by_us = (app.value, sync, record_id) not in self.memory.people_made
                    if made_by_us and (sync, record_id) not in owners:
                        yield f"{app}'s {sync} {record_id} was made by hxrules and is nobody's partner: {dict(row)}"
        for link in self.view.links:
            sides = {(app.value, link.sync, link.side(app)) for app in App}
            if not sides & self.memory.people_made:
                yield f"{link}: neither side was made by people"

    def _parts(self) -> Iterator[str]:
        """Each line in HubSpot stands on an invoice; or it waits for one whose run was killed, and that ended in Xero since."""
        invoices = self.rows["hubspot", "invoices"]
        on_invoices = {each for row in invoices.values() for each in row["links"].get("line_items", ())}
        linked = {link.xero for link in self.view.links if link.sync == "invoices"}
        came_to_nothing = {
            line["LineItemID"]
            for record_id, row in self.rows["xero", "invoices"].items()
            if self.memory.disturbed and record_id not in linked and row["Status"] in ("VOIDED", "DELETED")
            for line in row["LineItems"]
        }
        for record_id, line in self.here.live("line_items").items():
            ours = ("hubspot", "lines", record_id) not in self.memory.people_made
            if record_id not in on_invoices and ours and line.get("hxrules_xero_id") not in came_to_nothing:
                yield f"line {record_id} stands on no invoice"

    def _the_owner_is_never_written(self) -> Iterator[str]:
        """What was made in an app is edited there only (R18): nothing but custom fields is written into it."""
        owners = {(link.sync, link.hubspot, link.xero): link.born_in for link in self.view.links}
        for each in journal(self.here):
            owner = owners.get((each["sync"], each["hubspot"], each["xero"]))
            owned = each["sync"] in ("invoices", "payments") and (each["sync"], each["mapping"]) not in CUSTOM
            if owned and owner is not None and owner.value == each["app"]:
                yield f"hxrules wrote to the owner: {each}"

    # --- what is held, is held for a reason -----------------------------------------------------------------------------------

    def _reasons(self) -> Iterator[str]:
        for row in self.plan["held"]:
            told = f"{row['code']} {row['sync']} {row['hubspot']} {row['xero']}: {row['summary']}; {row['cause']}"
            if row["code"] in NEVER:
                yield f"there is no reason for {told}"
            edited = ("xero", row["sync"], row["xero"]) in self.memory.touched
            if row["code"] in ("HX224", "HX239") and not edited:
                yield f"nobody has edited it in Xero: {told}"
        filtered = self.here.rules.filtered
        for row in self.plan["excluded"]:
            if row["sync"] == "contacts" and row["leaf"] and not filtered:
                yield f"excluded by a filter that isn't there: {row}"


def _amount(value: Any) -> Decimal:
    return Decimal(str(value or 0)).normalize()
