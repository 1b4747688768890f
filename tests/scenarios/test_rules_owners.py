"""R7, R15–R19 and R23–R25 in action: whose an invoice is, which go to Xero, their tax, and the errors that users meet.

See also: `test_rules_invoices` (R3), `test_rules_payments` (R4).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hxrules.sandbox.xero import regions
from tests.scenarios.stage import (
    LONG_AGO,
    Stage,
    World,
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

ANN = customer(1, "Ann Co", "ann@example.com")
BO = customer(2, "Bo Co", "bo@example.com")
EDITABLE: World = {"hubspot": {"edit_invoices": True}}
WORK = {"name": "Work", "quantity": "1", "price": "100"}
LABOUR = {"Description": "Labour", "Quantity": 1, "UnitAmount": 100, "TaxType": "OUTPUT"}
GST, LEVY = "2148420991", "2148420995"
"""HubSpot's rates of 10 %, which is Xero's OUTPUT by name and percentage, and of 2.5 %, which Xero has not."""


def trade(invoices: str = "", more: str = "") -> str:
    both = f"direction: two-way, {LONG_AGO}"
    return rules(more, contacts=both, invoices=f'{both}, sales-account: "200"{invoices}')


def numbers(here: Stage) -> set[str]:
    """Of Xero's invoices."""
    return {each["InvoiceNumber"] for each in here.sandbox.xero.world()["invoices"]}


def apply(here: Stage) -> dict[str, Any]:
    """A run, as JSON."""
    found: dict[str, Any] = here.type("apply", "--yes", "--format", "json").json
    return found


def codes(run: dict[str, Any]) -> list[str]:
    return [each["code"] for each in run["failed"]]


# --- R7: tax rates -----------------------------------------------------------------------------------------------------------


def test_r7_rates_of_one_name_and_percentage_are_one_and_the_same(tmp_path: Path) -> None:
    """Both ways; the tax is that of each line, and both apps come to the same."""
    seed = world(ANN, hubspot_invoice(10, {**WORK, "hs_tax_rate_group_id": GST}), xero_invoice(50, LABOUR))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        apply(here)
        (line,) = here.booked("INV-10")["LineItems"]
        assert (line["TaxType"], line["TaxAmount"]) == ("OUTPUT", 10)
        mirror = here.mirror("SI-50")
        assert ([each["hs_tax_rate_group_id"] for each in mirror["lines"]], mirror["taxes"]) == ([GST], [])
        assert mirror["hs_amount_billed"] == "110"


def test_r7_the_ruleset_may_say_which_rate_is_which(tmp_path: Path) -> None:
    """A rate that Xero calls otherwise holds its invoice until `tax:` names it; `none` says what a line without a rate is."""
    city = {"Name": "City levy", "TaxType": "TAX001", "ReportTaxType": "OUTPUT", **regions.uses_of("OUTPUT")}
    rates = [*regions.tax_rates("AU"), {**city, "DisplayTaxRate": 2.5, "EffectiveRate": 2.5, "Status": "ACTIVE"}]
    seed = world(ANN, {"xero": {"tax_rates": rates}}, hubspot_invoice(10, {**WORK, "hs_tax_rate_group_id": LEVY}, WORK))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert codes(apply(here)) == ["HX229"]
        here.ruleset(trade(", tax: {TAX001: Levy, EXEMPTOUTPUT: none}"))
        assert codes(apply(here)) == []
        assert [each["TaxType"] for each in here.booked("INV-10")["LineItems"]] == ["TAX001", "EXEMPTOUTPUT"]
        assert here.booked("INV-10")["Total"] == 202.5


def test_r7_a_rate_without_partner_is_reported_and_its_tax_stands_on_the_mirror_to_the_cent(tmp_path: Path) -> None:
    """The notice says what to create by hand; until then the tax of these lines is one amount for the whole invoice."""
    tourism = {"Name": "Tourism", "TaxType": "TAX002", "ReportTaxType": "OUTPUT", **regions.uses_of("OUTPUT")}
    rates = [*regions.tax_rates("AU"), {**tourism, "DisplayTaxRate": 3.5, "EffectiveRate": 3.5, "Status": "ACTIVE"}]
    tours = [{**LABOUR, "UnitAmount": price, "TaxType": "TAX002"} for price in (33.33, 12.87, 0.15)]
    seed = world(ANN, {"xero": {"tax_rates": rates}}, xero_invoice(50, LABOUR, *tours))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        plan = here.type("dry-run", "--format", "json").json
        (notice,) = [each for each in plan["notices"] if each["code"] == "HX241"]
        assert "Tourism (TAX002): 3.5 %" in notice["cause"]
        assert "Tax library" in notice["remedy"]
        assert "GST on Income" not in notice["cause"]
        assert codes(apply(here)) == []
        mirror, booked = here.mirror("SI-50"), here.booked("SI-50")
        (tax,) = mirror["taxes"]
        # 1.17 + 0.45 + 0.01, each line rounded by itself.
        assert (tax["hs_label"], tax["hs_type"], Decimal(tax["hs_value"])) == ("Tourism", "FIXED", Decimal("1.63"))
        assert sorted(each.get("hs_tax_rate_group_id") or "" for each in mirror["lines"]) == ["", "", "", GST]
        assert float(mirror["hs_amount_billed"]) == booked["Total"] == 157.98


# --- R15–R17, R19: which invoices go to Xero ------------------------------------------------------------------------------------


def excluded(here: Stage) -> dict[str, str]:
    """HubSpot id → why it doesn't go."""
    rows = here.type("dry-run", "--format", "json").json["excluded"]
    return {each["hubspot"]: each["reason"] for each in rows if each["sync"] == "invoices"}


def test_r15_only_hubspots_own_invoices_go_to_xero(tmp_path: Path) -> None:
    """Not what another sync has put into HubSpot, and not the record of an invoice that somebody else issued."""
    seed = world(
        ANN,
        hubspot_invoice(10, WORK),
        hubspot_invoice(11, WORK, hs_invoice_source="data_sync"),
        hubspot_invoice(12, WORK, hs_invoice_billable="false"),
    )
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert excluded(here) == {"11": "the fixed limit own", "12": "the fixed limit own"}
        apply(here)
        assert numbers(here) == {"INV-10"}


def test_r16_a_draft_stays_until_it_is_open(tmp_path: Path) -> None:
    seed = world(ANN, hubspot_invoice(10, WORK, hs_invoice_status="draft"))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert excluded(here) == {"10": "the fixed limit open"}
        apply(here)
        assert numbers(here) == set()
        here.edit_hubspot("10", "invoices", hs_invoice_status="open")
        apply(here)
        assert numbers(here) == {"INV-10"}


def test_r17_an_invoice_from_before_the_sync_was_started_stays_until_it_is_modified(tmp_path: Path) -> None:
    """Created before the first run; then one is edited, one is new, and one is left alone."""
    seed = world(ANN, EDITABLE, hubspot_invoice(10, WORK), hubspot_invoice(11, WORK))
    now = rules(contacts="direction: two-way", invoices='direction: two-way, sales-account: "200"')
    with stage(tmp_path, seed, ruleset=now) as here:
        apply(here)
        assert numbers(here) == set()
        here.edit_hubspot("10", "invoices", hs_due_date="2026-12-15T12:00:00Z")
        new = here.make_hubspot("invoices", hs_currency="AUD", hs_invoice_status="draft")
        here.make_hubspot("line_items", new, **WORK)
        here.hubspot("PUT", f"/crm/objects/2026-09/invoices/{new}/associations/default/contacts/1")
        here.edit_hubspot(new, "invoices", hs_invoice_status="open")
        apply(here)
        assert numbers(here) == {"INV-10", here.live("invoices")[new]["hs_number"]}
        assert excluded(here) == {"11": "the fixed limit since-start"}


def test_r19_six_currencies_go_to_xero_and_another_one_is_an_error_of_that_record(tmp_path: Path) -> None:
    """To HubSpot every currency goes that both apps have."""
    six = ["AUD", "CAD", "EUR", "GBP", "NZD", "USD"]
    seed = world(
        ANN,
        {"hubspot": {"currencies": [*six, "SGD"]}, "xero": {"currencies": [*six, "SGD"]}},
        *(hubspot_invoice(10 + place, WORK, hs_currency=code) for place, code in enumerate([*six, "SGD"])),
        xero_invoice(50, LABOUR, CurrencyCode="SGD", CurrencyRate=0.85),
    )
    with stage(tmp_path, seed, ruleset=trade()) as here:
        (problem,) = apply(here)["failed"]
        assert (problem["code"], problem["hubspot"], problem["xero"]) == ("HX226", "16", None)
        assert "USD, CAD, EUR, GBP, AUD and NZD only" in problem["summary"]
        assert "SGD" in problem["cause"]
        assert problem["remedy"]
        went = {each["InvoiceNumber"]: each["CurrencyCode"] for each in here.sandbox.xero.world()["invoices"]}
        assert went == {**{f"INV-{10 + place}": code for place, code in enumerate(six)}, "SI-50": "SGD"}
        assert here.mirror("SI-50")["hs_currency"] == "SGD"


# --- R18 and R24: who may edit -----------------------------------------------------------------------------------------------


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Stage]:
    """An invoice of each app, in step; two of HubSpot's."""
    lines = {**WORK, "hs_tax_rate_group_id": GST}, {"name": "Delivery", "quantity": "2", "price": "20"}
    seed = world(ANN, BO, EDITABLE, hubspot_invoice(10, *lines), hubspot_invoice(11, WORK), xero_invoice(50, LABOUR))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        assert codes(apply(here)) == []
        yield here


def booked_lines(here: Stage, number: str) -> list[dict[str, Any]]:
    """Xero's lines as a person's edit sends them back."""
    names = ("LineItemID", "Description", "Quantity", "UnitAmount", "TaxType", "AccountCode")
    return [{name: line[name] for name in names} for line in here.booked(number)["LineItems"]]


def test_r18_an_invoice_made_in_hubspot_and_edited_in_xero_waits_until_that_is_undone(trading: Stage) -> None:
    """Neither app's version is overwritten; as soon as Xero holds again what it held, HubSpot's own edit goes over by itself."""
    lines = booked_lines(trading, "INV-10")
    identity = trading.booked("INV-10")["InvoiceID"]
    trading.edit_xero(identity, "Invoices", LineItems=[{**lines[0], "UnitAmount": 90}, lines[1]])
    trading.edit_hubspot("102", "line_items", quantity="3")
    (problem,) = apply(trading)["failed"]
    assert (problem["code"], problem["hubspot"], problem["xero"]) == ("HX224", "10", identity)
    told = problem["cause"].split("\n")
    assert any("last in step" in row and "1 × 100" in row for row in told)
    assert any("Xero now" in row and "1 × 90" in row for row in told)
    assert any("HubSpot now" in row and "3 × 20" in row for row in told)
    assert [each["UnitAmount"] for each in booked_lines(trading, "INV-10")] == [90, 20]
    assert trading.live("line_items")["101"]["price"] == "100"

    trading.edit_xero(identity, "Invoices", LineItems=lines)
    assert codes(apply(trading)) == []
    assert [(each["UnitAmount"], each["Quantity"]) for each in booked_lines(trading, "INV-10")] == [(100, 1), (20, 3)]


@pytest.mark.parametrize(
    "edit",
    [
        {"DueDate": "2026-12-24"},
        {"InvoiceNumber": "X-1"},
        {"Date": "2026-11-05"},
        {"Contact": {"ContactID": guid(2)}},
        {"Status": "VOIDED"},
    ],
    ids=["due date", "number", "date", "customer", "status"],
)
def test_r18_it_is_so_for_every_field_that_the_owner_keeps(edit: dict[str, Any], trading: Stage) -> None:
    trading.edit_xero(trading.booked("INV-10")["InvoiceID"], "Invoices", **edit)
    (problem,) = apply(trading)["failed"]
    assert (problem["code"], problem["hubspot"]) == ("HX224", "10")


def test_r18_another_account_in_xero_is_no_edit(trading: Stage) -> None:
    """A bookkeeper recodes a line of HubSpot's invoice: no business of HubSpot's, and it stays so when HubSpot edits the line."""
    identity, lines = trading.booked("INV-10")["InvoiceID"], booked_lines(trading, "INV-10")
    trading.edit_xero(identity, "Invoices", LineItems=[{**lines[0], "AccountCode": "260"}, lines[1]])
    plan = trading.type("dry-run", "--format", "json").json
    assert (plan["has_changes"], plan["held"]) == (False, [])
    trading.edit_hubspot("101", "line_items", quantity="2")
    assert codes(apply(trading)) == []
    assert [(each["Quantity"], each["AccountCode"]) for each in booked_lines(trading, "INV-10")] == [
        (2, "260"),
        (2, "200"),
    ]


def test_r18_an_invoice_made_in_xero_is_edited_there_and_a_mirror_edited_in_hubspot_is_put_back(trading: Stage) -> None:
    trading.edit_xero(guid(50), "Invoices", LineItems=[{**LABOUR, "LineItemID": guid(501), "UnitAmount": 120}])
    assert codes(apply(trading)) == []
    mirror = trading.mirror("SI-50")
    assert ([each["price"] for each in mirror["lines"]], mirror["hs_amount_billed"]) == (["120"], "132")

    trading.edit_hubspot(mirror["lines"][0]["id"], "line_items", price="1")
    trading.edit_hubspot(mirror["id"], "invoices", hs_due_date="2027-01-01T12:00:00Z", hs_number="X-1")
    assert codes(apply(trading)) == []
    after = trading.mirror("SI-50")
    assert (after["id"], [(each["id"], each["price"]) for each in after["lines"]], after["hs_due_date"]) == (
        mirror["id"], [(mirror["lines"][0]["id"], "120")], mirror["hs_due_date"],
    )  # fmt: skip
    assert [each["UnitAmount"] for each in booked_lines(trading, "SI-50")] == [120]


def test_r24_the_error_names_both_records_says_what_to_do_and_stops_nobody_else(trading: Stage) -> None:
    identity = trading.booked("INV-10")["InvoiceID"]
    trading.edit_xero(identity, "Invoices", DueDate="2026-12-24")
    trading.edit_hubspot("11", "invoices", hs_due_date="2026-12-15T12:00:00Z")
    said = trading.type("apply", "--yes", "--values", "full")
    assert said.code == 6
    told = " ".join(said.out.split())
    for words in (
        "HX224",
        "INV-10",
        "HubSpot 10",
        identity,
        "can't be edited from another app",
        "2026-11-30",
        "2026-12-24",
    ):
        assert words in told
    assert "Undo the edit in Xero, and make it in HubSpot; the next run goes on by itself." in told
    assert trading.booked("INV-11")["DueDate"] == "/Date(1797292800000+0000)/"
    (record,) = trading.type("status", "--failing", "invoices", "--format", "json").json["records"]
    assert (record["hubspot"], record["xero"], record["reason"]["code"]) == ("10", identity, "HX224")
    # Made in HubSpot as well, there is nothing left to hold.
    trading.edit_hubspot("10", "invoices", hs_due_date="2026-12-24T12:00:00Z")
    assert codes(apply(trading)) == []


# --- R23 and R25 -------------------------------------------------------------------------------------------------------------


def test_r23_two_customers_on_one_invoice_are_one_too_many(tmp_path: Path) -> None:
    """Whose it is can't be told; the second one taken off, it goes on. A contact that Xero doesn't know is no second one."""
    seed = world(ANN, BO, EDITABLE, person(3, "No Mail Co", None), hubspot_invoice(10, WORK))
    text = trade().replace("contacts: {", "contacts: {filters: {to-xero: email is known}, ")
    link = "/crm/objects/2026-09/invoices/10/associations/default/contacts/{}"
    with stage(tmp_path, seed, ruleset=text) as here:
        here.hubspot("PUT", link.format(2))
        here.hubspot("PUT", link.format(3))
        (problem,) = apply(here)["failed"]
        assert (problem["code"], "Several" in problem["cause"]) == ("HX223", True)
        here.hubspot("DELETE", link.format(2).replace("/default", ""))
        assert codes(apply(here)) == []
        assert here.booked("INV-10")["Contact"]["ContactID"] == guid(1)


def test_r23_an_invoice_without_a_customer_in_both_apps_waits_for_one(tmp_path: Path) -> None:
    """None at all, one that isn't in Xero, and one of Xero's that isn't in HubSpot; the right contact put on it, it goes on."""
    seed = world(
        ANN,
        EDITABLE,
        person(2, "No Mail Co", None),
        debtor(3, "Petty Cash", None),
        hubspot_invoice(10, WORK, contact=None),
        hubspot_invoice(11, WORK, contact=2),
        hubspot_invoice(12, WORK, contact=1),
        xero_invoice(50, LABOUR, contact=3),
    )
    mail = "filters: {to-xero: email is known, to-hubspot: email is known}"
    text = rules(
        contacts=f"direction: two-way, {mail}", invoices=f'direction: two-way, sales-account: "200", {LONG_AGO}'
    )
    with stage(tmp_path, seed, ruleset=text) as here:
        failed = {(each["hubspot"], each["xero"]): each for each in apply(here)["failed"]}
        assert {each["code"] for each in failed.values()} == {"HX223"}
        assert set(failed) == {("10", None), ("11", None), (None, guid(50))}
        assert "No contact" in failed["10", None]["cause"]
        assert "e-mail" in failed["11", None]["cause"]
        put = "Put the contact on the invoice whose e-mail is that of the Xero customer."
        assert failed["10", None]["remedy"] == failed["11", None]["remedy"] == put
        assert "the e-mail of the Xero customer" in failed[None, guid(50)]["remedy"]
        assert numbers(here) == {"INV-12", "SI-50"}

        here.hubspot("PUT", "/crm/objects/2026-09/invoices/10/associations/default/contacts/1")
        here.hubspot("PUT", "/crm/objects/2026-09/invoices/11/associations/default/contacts/1")
        here.edit_xero(guid(3), EmailAddress="petty@example.com")
        assert codes(apply(here)) == []
        assert {here.booked(number)["Contact"]["ContactID"] for number in ("INV-10", "INV-11")} == {guid(1)}
        (petty,) = here.mirror("SI-50")["people"]
        assert here.live("contacts")[petty]["email"] == "petty@example.com"


PO = "custom-mappings: {po-number: {hubspot: hs_purchase_order_number, xero: Reference}}"


def test_r25_a_po_number_has_no_default_mapping_and_the_notice_says_so(tmp_path: Path) -> None:
    seed = world(ANN, hubspot_invoice(10, WORK, hs_purchase_order_number="PO-7"))
    with stage(tmp_path, seed, ruleset=trade()) as here:
        plan = here.type("dry-run", "--format", "json").json
        (notice,) = [each for each in plan["notices"] if each["code"] == "HX225"]
        assert "INV-10" in notice["cause"]
        assert "hs_purchase_order_number" in notice["remedy"]
        assert "Data Hub Starter" in notice["remedy"]
        assert codes(apply(here)) == []
        assert here.booked("INV-10")["Reference"] == ""


def test_r25_with_a_custom_mapping_it_travels_both_ways(tmp_path: Path) -> None:
    """From the app in which the invoice was made; and on HubSpot's own, where it has no owner, an edit in Xero comes back."""
    seed = world(
        ANN, hubspot_invoice(10, WORK, hs_purchase_order_number="PO-7"), xero_invoice(50, LABOUR, Reference="PO-8")
    )
    account = "accounts: {hubspot: {subscription: data-hub-starter}}\n"
    with stage(tmp_path, seed, ruleset=trade(f", {PO}", account)) as here:
        assert all(each["code"] != "HX225" for each in here.type("dry-run", "--format", "json").json["notices"])
        apply(here)
        there, ours = here.booked("INV-10"), here.mirror("SI-50")
        assert (there["Reference"], ours["hs_purchase_order_number"]) == ("PO-7", "PO-8")
        here.edit_hubspot("10", "invoices", hs_purchase_order_number="PO-7a")
        here.edit_xero(guid(50), "Invoices", Reference="PO-8a")
        assert codes(apply(here)) == []
        there, ours = here.booked("INV-10"), here.mirror("SI-50")
        assert (there["Reference"], ours["hs_purchase_order_number"]) == ("PO-7a", "PO-8a")
        here.edit_xero(there["InvoiceID"], "Invoices", Reference="PO-7b")
        assert codes(apply(here)) == []
        assert here.live("invoices")["10"]["hs_purchase_order_number"] == "PO-7b"
