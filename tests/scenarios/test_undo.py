"""A run is undone: both apps hold what they held before, but for what somebody has edited since; and the next run has nothing to do.

See also: `tests/planning/test_undo.py` (the rules), `tests/cli/test_log.py` (what is read from the journal).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hxrules.sandbox.xero.app import XeroSandbox
from hxrules.state.store import Store
from tests.scenarios.stage import (
    LONG_AGO,
    Stage,
    customer,
    debtor,
    guid,
    hubspot_invoice,
    person,
    rules,
    world,
    xero_invoice,
)
from tests.scenarios.stage import quick_stage as stage

WORK = {"name": "Work", "quantity": "2", "price": "50"}
PARTS = {"name": "Parts", "quantity": "1", "price": "7.5", "hs_sku": "BOLT"}
LABOUR = {"Description": "Labour", "Quantity": 1, "UnitAmount": 100, "TaxType": "EXEMPTOUTPUT"}
TRADE = world(
    {"hubspot": {"edit_invoices": True}},
    customer(1, "Ann Co", "ann@example.com"),
    person(2, "Bea Co", "bea@example.com"),
    debtor(3, "Cy Co", "cy@example.com"),
    {"hubspot": {"products": [{"id": "70", "properties": {"hs_sku": "BOLT", "name": "Bolt", "price": "7.5"}}]}},
    {"hubspot": {"products": [{"id": "71", "properties": {"hs_sku": "NUT", "name": "Nut", "price": "2"}}]}},
    {"xero": {"items": [{"ItemID": guid(71), "Code": "NUT", "Name": "Nut", "SalesDetails": {"UnitPrice": 3}}]}},
    {"xero": {"items": [{"ItemID": guid(72), "Code": "OIL", "Name": "Oil", "SalesDetails": {"UnitPrice": 9}}]}},
    hubspot_invoice(10, WORK, PARTS),
    hubspot_invoice(11, WORK, contact=2),
    xero_invoice(50, LABOUR),
    xero_invoice(51, LABOUR, contact=3),
)
"""Everything once: known to both apps, to HubSpot alone, to Xero alone; an invoice of each, for old customers and for new ones."""
BOTH = f"direction: two-way, {LONG_AGO}"
RULES = rules(
    contacts=BOTH,
    products=BOTH,
    invoices=f'{BOTH}, sales-account: "200"',
    payments=f'{BOTH}, bank-account: "090", history: all',
)

Picture = dict[str, dict[str, Any]]


def picture(here: Stage) -> Picture:
    """The mapped values of every record that stands, in both apps, by kind and id; lines without the ids that they have."""
    ours: Picture = {}
    for kind, names in HUBSPOT.items():
        rows = here.live(kind)
        ours[kind] = {
            row_id: {name: row.get(name) or None for name in names}
            for row_id, row in rows.items()
            if row.get("hs_invoice_status") != "voided"
        }
    lines = here.live("line_items")
    for row_id, row in ours["invoices"].items():
        found = here.live("invoices")[row_id]
        row["lines"] = sorted(
            [json.dumps({name: lines[each].get(name) for name in LINE}) for each in found["lines"] if each in lines]
        )
        row["people"] = found["people"]
    theirs = here.sandbox.xero.world()
    ours["Contacts"] = {
        each["ContactID"]: {name: each.get(name) or None for name in CONTACT} | {"phones": phones(each)}
        for each in theirs["contacts"]
        if each["ContactStatus"] == "ACTIVE"
    }
    ours["Items"] = {
        each["ItemID"]: {name: each.get(name) or None for name in ("Code", "Name", "Description", "SalesDetails")}
        for each in theirs["items"]
    }
    ours["Invoices"] = {
        each["InvoiceID"]: {
            **{name: each.get(name) for name in INVOICE},
            "lines": [{name: line.get(name) for name in XERO_LINE} for line in each["LineItems"]],
        }
        for each in theirs["invoices"]
        if each["Status"] not in ("VOIDED", "DELETED")
    }
    ours["Payments"] = {
        each["PaymentID"]: {name: each.get(name) for name in ("Amount", "Date", "Reference")}
        for each in theirs["payments"]
        if each["Status"] != "DELETED"
    }
    return ours


def phones(contact: Mapping[str, Any]) -> list[str]:
    slots = contact.get("Phones") or ()
    return [f"{each['PhoneType']} {each['PhoneNumber']}" for each in slots if each.get("PhoneNumber")]


HUBSPOT = {
    "contacts": ("email", "firstname", "lastname", "company", "phone", "mobilephone", "address", "city", "website"),
    "products": ("hs_sku", "name", "description", "price", "hs_cost_of_goods_sold"),
    "invoices": (
        *("hs_number", "hs_invoice_date", "hs_due_date", "hs_currency", "hs_invoice_status"),
        *("hs_amount_billed", "hs_balance_due"),
    ),
    "commerce_payments": ("hs_initial_amount", "hs_initiated_date", "hs_reference_number", "hs_currency_code"),
}
LINE = ("name", "quantity", "price", "hs_sku", "hs_tax_rate_group_id")
CONTACT = ("Name", "FirstName", "LastName", "EmailAddress")
INVOICE = ("InvoiceNumber", "Date", "DueDate", "CurrencyCode", "Status", "Contact", "Total", "AmountDue")
XERO_LINE = ("Description", "Quantity", "UnitAmount", "TaxType", "ItemCode")


def pay_in_hubspot(here: Stage, invoice: str, amount: str) -> str:
    said = {"hs_initial_amount": amount, "hs_initiated_date": "2026-11-10T12:00:00Z", "hs_currency_code": "AUD"}
    return here.make_hubspot("commerce_payments", invoice, **said, hs_latest_status="succeeded")


def pay_in_xero(here: Stage, invoice: str, amount: float) -> str:
    made = here.make_xero(
        "Payments", Invoice={"InvoiceID": invoice}, Account={"Code": "090"}, Date="2026-11-11", Amount=amount
    )
    return str(made["PaymentID"])


def apply(here: Stage) -> Any:
    said = here.type("apply", "--yes", "--format", "json")
    assert said.code == 0, said.text
    return said.json


def undo(here: Stage, run: str = "last", code: int = 0) -> Any:
    said = here.type("undo", run, "--yes", "--format", "json")
    assert said.code == code, said.text
    return said.json


def nothing_to_do(here: Stage) -> bool:
    """Neither now, nor when everything is read anew."""
    plan = here.type("dry-run", "--format", "json").json
    return not plan["has_changes"] and not plan["held"]


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, TRADE, ruleset=RULES) as here:
        yield here


def test_the_first_run_is_undone(trading: Stage) -> None:
    """Contacts, products, invoices and payments, in both apps: what was made is archived, deleted or voided, what was filled is empty."""
    pay_in_hubspot(trading, "10", "107.5")
    pay_in_xero(trading, guid(50), 40)
    before = picture(trading)
    apply(trading)
    assert picture(trading) != before
    done = undo(trading)
    assert done["summary"]["archive"] > 0
    assert done["summary"]["void"] == 4
    assert picture(trading) == before
    assert nothing_to_do(trading)


def line_of(here: Stage, invoice: str, text: str) -> str:
    """The id of the HubSpot line item of that name."""
    lines = here.live("line_items")
    (found,) = [
        each for each in here.live("invoices")[invoice]["lines"] if each in lines and lines[each]["name"] == text
    ]
    return str(found)


def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every run reads both apps whole."""
    monkeypatch.setenv("HXRULES_NOW", (datetime.now(UTC) + timedelta(days=2)).isoformat())


def test_edits_of_all_four_types_are_undone(trading: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old values return to whichever app was written; lines that were changed, added and removed are as they were; what was paid isn't."""
    here = trading
    apply(here)
    cy = here.hubspot_contacts()["cy@example.com"]["id"]
    here.edit_hubspot("1", phone="+61 2 1111 1111", company="Ann & Co")
    here.edit_xero(guid(3), FirstName="Cyril", Name="Cy & Sons")
    here.edit_hubspot("70", kind="products", price="8.25", description="Steel")
    here.edit_xero(guid(72), kind="Items", Code="OIL", Name="Oil, 1 l")
    here.hubspot("DELETE", f"/crm/objects/2026-09/line_items/{line_of(here, '10', 'Parts')}")
    here.edit_hubspot(line_of(here, "10", "Work"), kind="line_items", quantity="3")
    here.make_hubspot("line_items", "10", name="Travel", quantity="1", price="20")
    here.edit_hubspot("10", kind="invoices", hs_due_date="2026-12-24T12:00:00Z")
    kept = here.booked("SI-51")["LineItems"][0]["LineItemID"]
    here.edit_xero(
        guid(51),
        kind="Invoices",
        DueDate="2026-12-31",
        LineItems=[
            {"LineItemID": kept, "UnitAmount": 90},
            {"Description": "Trip", "Quantity": 1, "UnitAmount": 5, "TaxType": "EXEMPTOUTPUT", "AccountCode": "200"},
        ],
    )
    pay_in_xero(here, guid(50), 100)
    pay_in_hubspot(here, "11", "100")
    before = picture(here)
    run = apply(here)
    assert run["summary"]["update"] >= 6
    assert run["summary"]["create"] == 2
    after = picture(here)
    assert {kind for kind in before if before[kind] != after[kind]} == set(before)
    done = undo(here, run["run"])
    assert done["failed"] == []
    assert picture(here) == before
    assert here.hubspot_contacts()["cy@example.com"]["id"] == cy
    assert nothing_to_do(here)
    a_day_later(monkeypatch)
    assert nothing_to_do(here)


def notices(plan: Any) -> list[tuple[str, str]]:
    return [(each["code"], each["summary"]) for each in plan["notices"]]


def planned(here: Stage, run: str = "last") -> Any:
    """The plan of an undo, saved and read; nothing is done."""
    said = here.type("undo", run, "-o", "plan.json", "--format", "json")
    assert said.code == 0, said.text
    return said.json


def test_what_was_edited_since_is_left_alone_and_said(trading: Stage) -> None:
    """A field, and a record that the run made; all else is undone."""
    here = trading
    here.edit_hubspot("1", city="Perth")
    apply(here)
    here.edit_hubspot("1", phone="+61 2 1111 1111", mobilephone="+61 400 000 000")
    apply(here)
    here.edit_xero(guid(1), Phones=[{"PhoneType": "MOBILE", "PhoneNumber": "+61 499 999 999"}])
    plan = planned(here)
    assert notices(plan) == [("HX320", "Ann Co: edited in Xero since the run")]
    assert "mobile" in plan["notices"][0]["cause"]
    assert [(each["mapping"], each["after"]) for each in plan["changes"][0]["fields"]] == [("phone", None)]
    undo(here)
    assert phones(here.xero_contacts()["Ann Co"]) == ["MOBILE +61 499 999 999"]
    first = here.type("log", "--format", "json").json["runs"][-1]["run"]
    bea = next(each for each in here.sandbox.xero.world()["contacts"] if each["Name"] == "Bea Co")
    here.edit_xero(bea["ContactID"], FirstName="Beatrice")
    plan = planned(here, first)
    assert ("HX320", "Bea Co: edited in Xero since the run") in notices(plan)
    undo(here, first, code=0)
    assert here.xero_contacts()["Bea Co"]["ContactStatus"] == "ACTIVE"
    assert {each.get("City") or None for each in here.xero_contacts()["Ann Co"]["Addresses"]} == {None}


def test_after_an_undo_the_next_edit_travels_again(trading: Stage) -> None:
    """The two apps differ on purpose until somebody edits one of them; and then only what he edited moves."""
    here = trading
    apply(here)
    here.edit_hubspot("1", phone="1", firstname="Anna", lastname="Lee")
    apply(here)
    undo(here)
    assert here.xero_contacts()["Ann Co"].get("FirstName") in (None, "")
    assert here.hubspot_contacts()["ann@example.com"]["properties"]["firstname"] == "Anna"
    here.edit_hubspot("1", lastname="Leigh")
    assert nothing_to_do(here) is False
    apply(here)
    ann = here.xero_contacts()["Ann Co"]
    assert (ann.get("FirstName") or None, ann["LastName"], phones(ann)) == (None, "Leigh", [])


def test_what_later_runs_need_stays_until_they_are_undone(trading: Stage) -> None:
    """A customer with an invoice of a later run isn't archived; undone newest first, everything is as it was."""
    here = trading
    before = picture(here)
    first = apply(here)["run"]
    here.make_hubspot(
        "line_items", made := new_invoice(here, "INV-12", person="2"), name="Work", quantity="1", price="9"
    )
    here.edit_hubspot(made, kind="invoices", hs_invoice_status="open")
    second = apply(here)["run"]
    number = here.live("invoices")[made]["hs_number"]
    held = here.type("undo", first, "--yes", "--format", "json")
    assert held.code == 6
    assert [(each["code"], each["summary"]) for each in held.json["failed"]] == [
        ("HX322", "Bea Co: in use in Xero since")
    ]
    assert number in held.json["failed"][0]["cause"]
    assert here.xero_contacts()["Bea Co"]["ContactStatus"] == "ACTIVE"
    undo(here, second)
    undo(here, first)
    now = picture(here)
    del now["invoices"][made]
    assert now == before


def new_invoice(here: Stage, number: str, person: str) -> str:
    """A draft of today."""
    said = {"hs_currency": "AUD", "hs_invoice_date": "2026-11-02T12:00:00Z", "hs_due_date": "2026-11-30T12:00:00Z"}
    link = {"to": {"id": person}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 177}]}
    made = here.hubspot("POST", "/crm/objects/2026-09/invoices", {"properties": said, "associations": [link]})
    return str(made["id"])


def test_a_void_is_not_taken_back(trading: Stage) -> None:
    """It is said, with 6, and the rest of the run is undone."""
    here = trading
    apply(here)
    here.edit_xero(guid(50), kind="Invoices", Status="VOIDED")
    here.edit_xero(guid(1), FirstName="Ann")
    apply(here)
    said = undo(here, code=6)
    assert [(each["code"], each["summary"]) for each in said["failed"]] == [("HX321", "SI-50: was voided in HubSpot")]
    assert not here.hubspot_contacts()["ann@example.com"]["properties"].get("firstname")
    assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_a_draft_mirror_is_archived(tmp_path: Path) -> None:
    """HubSpot lets drafts be deleted, so no voided invoice stays behind; a draft in Xero was Xero's own, and stays."""
    drafts = world(customer(1, "Ann Co", "ann@example.com"), xero_invoice(50, LABOUR, Status="DRAFT"))
    with stage(tmp_path, drafts, ruleset=RULES) as here:
        apply(here)
        assert [each["hs_invoice_status"] for each in here.live("invoices").values()] == ["draft"]
        undo(here)
        assert here.live("invoices") == here.live("line_items") == {}
        assert here.booked("SI-50")["Status"] == "DRAFT"
        assert nothing_to_do(here)


def test_what_hangs_on_something_that_stays_stays_too(trading: Stage) -> None:
    """The bank has reconciled the payment: it can't be deleted, so its invoice isn't voided, and its customer isn't archived."""
    here = trading
    pay_in_hubspot(here, "11", "30")
    apply(here)
    (payment,) = here.sandbox.xero.world()["payments"]
    reconciled(here, payment["PaymentID"])
    said = undo(here, code=6)
    assert {each["summary"].partition(":")[0]: each["code"] for each in said["failed"]} == {
        "payment 30 of 2026-11-10": "HX220",
        "INV-11": "HX324",
        "Bea Co": "HX324",
    }
    assert here.booked("INV-11")["Status"] == "AUTHORISED"
    assert here.xero_contacts()["Bea Co"]["ContactStatus"] == "ACTIVE"
    assert here.booked("INV-10")["Status"] == "VOIDED"
    assert nothing_to_do(here)


def reconciled(here: Stage, payment: str) -> None:
    """What the bank feed does."""
    xero = here.sandbox.xero
    assert isinstance(xero, XeroSandbox)
    row = xero.organisation.payments.get(payment)
    assert row is not None
    xero.organisation.payments.put({**row, "IsReconciled": True})


def test_the_plan_of_an_undo_is_a_plan_like_any_other(trading: Stage) -> None:
    """It waits for a yes, is saved, shown, applied once, and refused when a record was edited since."""
    here = trading
    before = picture(here)
    run = apply(here)["run"]
    asked = here.type("undo", "last")
    assert asked.code == 4
    assert f"hxrules undo {run} --yes" in " ".join(asked.err.split())
    plan = planned(here)
    assert plan["undo"] == run
    assert ("HX325", "1 contact is archived in Xero") in notices(plan)
    for form in ("text", "markdown", "html"):
        shown = here.type("show", "plan.json", "--format", form)
        assert (shown.code, run in shown.out, "1 to archive" in shown.out) == (0, True, True)
    here.edit_hubspot("1", phone="5")
    assert here.type("apply", "plan.json").code == 0
    here.edit_hubspot("1", phone="")
    assert picture(here) == before
    assert "HX316" in here.type("apply", "plan.json").err


def test_a_saved_undo_is_refused_when_its_records_were_edited(trading: Stage) -> None:
    here = trading
    apply(here)
    planned(here)
    after = picture(here)
    here.edit_hubspot(here.mirror("SI-50")["id"], kind="invoices", hs_due_date="2027-01-01T12:00:00Z")
    said = here.type("apply", "plan.json")
    assert (said.code, "HX317" in said.err) == (5, True)
    after["invoices"][here.mirror("SI-50")["id"]]["hs_due_date"] = here.mirror("SI-50")["hs_due_date"]
    assert picture(here) == after


def test_an_undo_can_be_undone_but_for_what_it_took_away(trading: Stage) -> None:
    here = trading
    apply(here)
    here.edit_hubspot("1", phone="1")
    here.make_hubspot("contacts", email="new@example.com", company="New Co")
    apply(here)
    after = picture(here)
    undo(here)
    said = undo(here, code=6)
    assert [(each["code"], each["summary"]) for each in said["failed"]] == [("HX321", "New Co: was archived in Xero")]
    now = picture(here)
    (new,) = after["Contacts"].keys() - now["Contacts"].keys()
    del after["Contacts"][new]
    assert now == after
    assert nothing_to_do(here)


def test_what_the_books_have_locked_stays(trading: Stage) -> None:
    here = trading
    apply(here)
    httpx.post(f"{here.sandbox.xero_url}/_sandbox/lock", json={"period": "2026-11-30"}).raise_for_status()
    said = undo(here, code=6)
    assert sorted({each["code"] for each in said["failed"]}) == ["HX236", "HX322"]
    assert here.booked("INV-10")["Status"] == "AUTHORISED"
    assert here.xero_contacts()["Bea Co"]["ContactStatus"] == "ACTIVE"


def test_what_the_rules_no_longer_know_is_left(trading: Stage) -> None:
    """A mapping that was switched off since, a sync that is gone."""
    here = trading
    apply(here)
    here.edit_hubspot("1", phone="1", city="Perth")
    apply(here)
    here.ruleset(rules(contacts=f"{BOTH}, mappings: {{phone: off}}"))
    said = undo(here, code=6)
    assert [(each["code"], each["summary"]) for each in said["failed"]] == [
        ("HX323", "Ann Co: DefaultPhone is no longer mapped")
    ]
    assert phones(here.xero_contacts()["Ann Co"]) == ["DEFAULT 1"]
    first = here.type("log", "--format", "json").json["runs"][-1]["run"]
    held = undo(here, first, code=6)["held"]
    assert {each["sync"] for each in held if each["code"] == "HX323"} == {"products", "invoices"}


@pytest.mark.parametrize("run", ["last", "20260101-000000-abcdef"])
def test_a_run_that_nobody_knows(trading: Stage, run: str) -> None:
    """No state, a state without runs, another id: 64, and nothing is asked of the apps."""
    asked = len(trading.sandbox.requests)
    assert trading.type("undo", run).code == 64
    assert len(trading.sandbox.requests) == asked
    trading.ruleset(rules(contacts=f"{BOTH}, filters: {{to-xero: email = x, to-hubspot: email = x}}"))
    trading.type("apply", "--yes")
    if run != "last":
        assert trading.type("undo", run).code == 64


def test_a_run_that_wrote_nothing_is_undone_by_nothing(trading: Stage) -> None:
    apply(trading)
    idle = apply(trading)["run"]
    said = trading.type("undo", idle)
    assert (said.code, said.out.splitlines()[0]) == (0, "Nothing to do")


@pytest.mark.parametrize("kind", ["lost-answer", "5xx-after"])
def test_an_undo_whose_answers_are_lost(kind: str, tmp_path: Path) -> None:
    """What arrived is found by looking, and isn't done twice."""
    with stage(tmp_path, TRADE, ruleset=RULES) as here:
        pay_in_hubspot(here, "10", "107.5")
        before = picture(here)
        apply(here)
        faults = [
            {"kind": kind, "app": app, "method": "POST", "path": path, "nth": 1}
            for app, path in (
                ("xero", "*/Payments/*"),
                ("xero", "*/Invoices"),
                ("xero", "*/Contacts"),
                ("hubspot", "*/batch/archive"),
                ("hubspot", "*/invoices/batch/update"),
            )
        ]
        faults.append({"kind": kind, "app": "xero", "method": "DELETE", "path": "*/Items/*", "nth": 1})
        httpx.post(f"{here.sandbox.xero_url}/_sandbox/faults", json={"rules": faults}).raise_for_status()
        undo(here)
        assert picture(here) == before
        assert nothing_to_do(here)


class Killed(BaseException):
    """The end of a process, seen from within."""


@pytest.mark.parametrize("batches", range(4))
def test_an_undo_that_is_killed(batches: int, trading: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after an app has answered and before that is noted: what was done by then isn't taken for an edit by the next run, and
    undone once more, everything is as it was."""
    here = trading
    apply(here)
    here.edit_hubspot("1", phone="1")
    here.edit_xero(guid(3), FirstName="Cyril")
    pay_in_hubspot(here, "10", "107.5")
    before = picture(here)
    run = apply(here)["run"]
    noted: list[None] = []

    def settle(store: Store, *what: Any) -> None:
        if len(noted) == batches:
            raise Killed
        noted.append(None)
        whole(store, *what)

    whole = Store.settle
    with monkeypatch.context() as patched:
        patched.setattr(Store, "settle", settle)
        with pytest.raises(Killed):
            here.type("undo", run, "--yes")
    stands = picture(here)
    apply(here)
    assert picture(here) == stands
    undo(here, run)
    assert picture(here) == before
    assert nothing_to_do(here)
