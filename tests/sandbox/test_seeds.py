"""What the seeds promise: people that differ as people do, and trade whose money adds up in both apps."""

from __future__ import annotations

import copy
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hxrules.sandbox import hubspot, seeds, xero
from hxrules.sandbox.environment import AppSandbox, Clock, Environment, resolve_quirks

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def would_be_name(row: dict[str, Any]) -> str:
    """The Xero name of a HubSpot contact: its company, else "first last", else its e-mail."""
    has = row["properties"]
    return has.get("company") or f"{has.get('firstname', '')} {has.get('lastname', '')}".strip() or has["email"]


def emails_of(row: dict[str, Any]) -> set[str]:
    return {row["properties"].get("email", ""), *row["properties"].get("hs_additional_emails", "").split(";")}


def by_email(world: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    hubspot = {row["properties"]["email"]: row for row in world["hubspot"]["contacts"] if "email" in row["properties"]}
    xero = {row["EmailAddress"].lower(): row for row in world["xero"]["contacts"] if "EmailAddress" in row}
    return hubspot, xero


WORLDS = ("small", "3", "40", "400")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The worlds that are looked at more than once."""
    return {name: seeds.make(name, START) for name in WORLDS}


class TestCrowd:
    @pytest.mark.parametrize("size", [0, 1, 2, 40, 1500])
    def test_each_side_has_that_many_contacts_and_half_of_the_people_are_in_both(self, size: int) -> None:
        world = seeds.people(size, START)
        hubspot, xero = by_email(world)
        assert [len(world[app]["contacts"]) for app in ("hubspot", "xero")] == [size, size]
        assert len({*hubspot} & {*xero}) == round(size * 2 / 3)

    def test_ten_thousand_a_side_are_made_in_a_second_and_a_half_and_no_name_would_be_taken_by_someone_else(
        self,
    ) -> None:
        started = time.process_time()
        world = seeds.people(10_000, START)
        assert time.process_time() - started < 1.5 or sys.gettrace() is not None
        owners = {row["Name"].lower(): row.get("EmailAddress") for row in world["xero"]["contacts"]}
        would_be = [would_be_name(row).lower() for row in world["hubspot"]["contacts"]]
        assert len(owners) == len(set(would_be)) == 10_000
        for row in world["hubspot"]["contacts"]:
            name = would_be_name(row).lower()
            assert name not in owners or owners[name] == row["properties"].get("email")

    def test_some_have_no_email_and_updates_lie_back_minutes_to_months(self) -> None:
        world = seeds.people(3000, START)
        hubspot, xero = by_email(world)
        assert all(0.02 < 1 - len(side) / 3000 < 0.04 for side in (hubspot, xero))
        ages = [START - datetime.fromisoformat(row["updatedAt"]) for row in world["hubspot"]["contacts"]]
        assert min(ages) > timedelta(minutes=2)
        assert max(ages) > timedelta(days=120)
        apart = [
            abs(
                datetime.fromisoformat(hubspot[email]["updatedAt"]).timestamp() * 1000
                - int(xero[email]["UpdatedDateUTC"][6:19])
            )
            for email in {*hubspot} & {*xero}
        ]
        assert 0.05 < sum(gap < 60_000 for gap in apart) / len(apart) < 0.15

    def test_shared_people_differ_in_part_and_the_newer_value_has_its_own_time_in_hubspot(self) -> None:
        world = seeds.people(600, START)
        hubspot, xero = by_email(world)
        shared = {*hubspot} & {*xero}
        same = [email for email in shared if would_be_name(hubspot[email]) == xero[email]["Name"]]
        edited = [hubspot[email] for email in shared if "propertiesWithHistory" in hubspot[email]]
        assert 0.85 < len(same) / len(shared) < 1
        assert 0.2 < len(edited) / len(shared) < 0.4
        for row in edited:
            for versions in row["propertiesWithHistory"].values():
                assert versions[0]["timestamp"] == row["updatedAt"]


class TestSmall:
    def test_it_has_every_situation_that_a_first_sync_meets(self) -> None:
        world = seeds.make("small", START)
        hubspot, xero = by_email(world)
        names = {row["Name"]: row for row in world["xero"]["contacts"]}
        taken = {
            row["properties"]["email"]
            for row in world["hubspot"]["contacts"]
            if would_be_name(row) in names and not emails_of(row) & {*xero}
            if "email" in row["properties"]
        }
        shared_email = [
            row["EmailAddress"] for row in world["xero"]["contacts"] if "crownmotors" in row.get("EmailAddress", "")
        ]
        assert taken == {"hana@harbourcoffee.example", "sofia.rossi@post.example"}
        assert len({*hubspot} & {*xero}) == 20
        assert len(shared_email) == 2
        assert sum("email" not in row["properties"] for row in world["hubspot"]["contacts"]) == 2
        assert sum("EmailAddress" not in row for row in world["xero"]["contacts"]) == 1
        assert len({row["properties"].get("country") for row in world["hubspot"]["contacts"]}) > 10
        assert any(ord(name[0]) > 0x3000 for name in names)

    def test_it_has_what_an_invoice_can_meet_on_its_way(self, made: dict[str, Any]) -> None:
        here, there = made["small"]["hubspot"], made["small"]["xero"]
        assert {row["properties"]["hs_currency"] for row in here["invoices"]} == {"AUD", "USD", "SGD"}
        open_ones = [row for row in there["invoices"] if row["Status"] == "AUTHORISED" and row["Type"] == "ACCREC"]
        reduced = [
            row
            for row in open_ones
            if row["TotalTax"] > 0 and any({"DiscountRate", "DiscountAmount"} & {*line} for line in row["LineItems"])
        ]
        assert {row["LineAmountTypes"] for row in reduced} == {"Exclusive", "Inclusive"}
        lines = [line for row in open_ones for line in row["LineItems"]]
        assert any("LineAmount" not in line for line in lines)
        assert any(line.get("LineAmount", 0) < 0 for line in lines)
        accounts = {row["Code"]: row["SalesDetails"]["AccountCode"] for row in there["items"]}
        assert {accounts[row["properties"]["hs_sku"]] for row in here["products"][:3]} == {"200"}

    def test_most_tax_rates_are_in_both_apps_by_name_and_percentage(self, made: dict[str, Any]) -> None:
        for world in (made["small"], made["400"]):
            here = {(row["name"], Decimal(str(row["percentageRate"]))) for row in world["hubspot"]["tax_rates"]}
            sales = [
                row for row in world["xero"]["tax_rates"] if row["CanApplyToRevenue"] and row["Status"] == "ACTIVE"
            ]
            there = {(row["Name"], Decimal(str(row["EffectiveRate"]))) for row in sales}
            assert {name for name, _ in here & there} == {
                *("GST on Income", "GST Free Income", "GST Free Exports", "BAS Excluded", "Heritage Levy"),
            }
            assert {name for name, _ in there - here} == {"Input Taxed", "Tourism Levy"}
            assert {name for name, _ in here - there} == {"Levy", "Wholesale Tax"}
            used = {
                line["TaxType"] for row in world["xero"]["invoices"] for line in row["LineItems"] if "TaxType" in line
            }
            assert used <= {row["TaxType"] for row in sales}


def load(world: dict[str, Any], app: str, **quirks: str) -> AppSandbox:
    """One app with its part of a world, as the server makes it."""
    tables = hubspot.QUIRKS, xero.QUIRKS
    environment = Environment(Clock(START), resolve_quirks(quirks, *tables), random.Random(0))
    return {"hubspot": hubspot.create, "xero": xero.create}[app](world[app], environment)


def loaded(world: dict[str, Any], app: str, **quirks: str) -> dict[str, Any]:
    """The part of a world after it was loaded and dumped."""
    return load(world, app, **quirks).world()


def records(part: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The rows of an app by type, without its settings."""
    return [
        rows for name, rows in part.items() if name not in ("currencies", "edit_invoices", "properties", "tax_rates")
    ]


def linked(row: dict[str, Any], type: str) -> list[str]:
    return [each["id"] for each in row.get("associations", {}).get(type, {"results": []})["results"]]


class TestTrade:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 40, 400])
    def test_the_counts_are_as_promised(self, made: dict[str, Any], size: int) -> None:
        world = made.get(str(size)) or seeds.make(str(size), START)
        here, there = world["hubspot"], world["xero"]
        codes = {row["properties"].get("hs_sku") or row["id"] for row in here["products"]}
        assert len(codes | {row["Code"] for row in there["items"]}) == size // 4
        assert len(here["invoices"]) + len(there["invoices"]) == size * 5 // 2
        counting = (
            [row for row in here["commerce_payments"] if not row.get("archived")],
            [row for row in there["payments"] if row["Status"] == "AUTHORISED"],
        )
        assert [len(rows) for rows in counting] == [size, size]
        assert all(row["properties"]["hs_latest_status"] == "succeeded" for row in counting[0])
        for row in there["invoices"]:
            assert 1 <= len(row["LineItems"]) <= 8
        for row in here["invoices"]:
            assert 1 <= len(linked(row, "line items")) <= 8

    def test_the_contacts_of_a_crowd_are_those_of_its_people(self) -> None:
        world, contacts = seeds.make("60", START), seeds.people(60, START)
        assert all(world[app]["contacts"] == contacts[app]["contacts"] for app in ("hubspot", "xero"))

    def test_ids_are_the_same_whenever_the_world_is_made(self) -> None:
        def ids(now: datetime) -> list[Any]:
            world, keys = seeds.make("40", now), ("id", "ItemID", "InvoiceID", "PaymentID", "ContactID")
            rows = [row for part in world.values() for rows in records(part) for row in rows]
            return [next(row[key] for key in keys if key in row) for row in rows]

        assert ids(START) == ids(START + timedelta(days=41, hours=13, minutes=7))

    @pytest.mark.parametrize("name", WORLDS)
    def test_xero_works_out_the_same_amounts_from_the_lines_alone(self, made: dict[str, Any], name: str) -> None:
        world = made[name]
        bare = copy.deepcopy(world["xero"])
        for row in bare["invoices"]:
            for key in ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid", "FullyPaidOnDate"):
                row.pop(key, None)
            for line in row["LineItems"]:
                line.pop("LineAmount", None)
                line.pop("TaxAmount", None)
        own = {row["InvoiceID"]: row for row in loaded({"xero": bare}, "xero")["invoices"]}
        for row in world["xero"]["invoices"]:
            seen = own[row["InvoiceID"]]
            for key in ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid"):
                assert Decimal(str(row[key])) == Decimal(str(seen[key])), (row["InvoiceNumber"], key)
            assert seen["Status"] == row["Status"]
            assert seen.get("FullyPaidOnDate") == row.get("FullyPaidOnDate")
            amounts = [Decimal(str(line.get("LineAmount", 0))) for line in row["LineItems"]]
            assert amounts == [Decimal(str(line.get("LineAmount", 0))) for line in seen["LineItems"]]

    @pytest.mark.parametrize("name", WORLDS)
    def test_hubspots_payments_come_to_the_total_of_a_paid_invoice_and_to_less_of_an_open_one(
        self, made: dict[str, Any], name: str
    ) -> None:
        world = loaded(made[name], "hubspot")
        payments = {row["id"]: row for row in world["commerce_payments"]}
        for row in world["invoices"]:
            has = row["properties"]
            live = [payments[id] for id in linked(row, "commerce_payments") if not payments[id]["archived"]]
            paid = sum(Decimal(each["properties"]["hs_initial_amount"]) for each in live)
            total = Decimal(has["hs_amount_billed"])
            assert {each["properties"]["hs_currency_code"] for each in live} <= {has["hs_currency"]}
            if has["hs_invoice_status"] == "paid":
                assert total == paid == Decimal(has["hs_amount_paid"])
            else:
                assert 0 <= paid < total
                assert Decimal(has["hs_balance_due"]) == total - paid
            assert ("hs_number" in has) == (has["hs_invoice_status"] != "draft")

    def test_each_situation_comes_up_in_a_crowd(self, made: dict[str, Any]) -> None:
        here, there = made["400"]["hubspot"], made["400"]["xero"]
        states = Counter(row["properties"]["hs_invoice_status"] for row in here["invoices"])
        assert {*states} == {"draft", "open", "paid"}
        assert {row["Status"] for row in there["invoices"]} == {"DRAFT", "AUTHORISED", "PAID", "VOIDED"}
        assert {row["LineAmountTypes"] for row in there["invoices"]} == {"Exclusive", "Inclusive", "NoTax"}
        foreign = [row for row in there["invoices"] if row["CurrencyCode"] == "SGD"]
        assert 0 < len(foreign) < 0.05 * len(there["invoices"])
        assert len({row["properties"]["hs_currency"] for row in here["invoices"]}) == 7
        without_customer = sum(not linked(row, "contacts") for row in here["invoices"])
        assert 0 < without_customer < 0.05 * len(here["invoices"])
        lines = [line for row in there["invoices"] for line in row["LineItems"]]
        assert 0.02 < sum("ItemCode" not in line for line in lines) / len(lines) < 0.2
        priced = [line for line in lines if "LineAmount" in line]
        assert 0.005 < 1 - len(priced) / len(lines) < 0.05
        taxes = {"OUTPUT", "EXEMPTOUTPUT", "EXEMPTEXPORT", "BASEXCLUDED", "INPUTTAXED", "TAX001", "TAX002"}
        assert {line["TaxType"] for line in priced} == taxes
        assert 0.05 < sum("DiscountRate" in line for line in lines) / len(lines) < 0.2
        assert 0.01 < sum("DiscountAmount" in line for line in lines) / len(lines) < 0.1
        less = [line for line in priced if line["LineAmount"] < 0]
        assert 0.005 < len(less) / len(lines) < 0.05
        assert {line["Quantity"] < 0 for line in less} == {True, False}
        assert all(row["Total"] > 0 <= row["TotalTax"] for row in there["invoices"])
        items = [row["properties"] for row in here["line_items"]]
        assert 0.01 < sum("discount" in line for line in items) / len(items) < 0.1
        rates = Counter(line["hs_tax_rate_group_id"] for line in items)
        assert {*rates} == {f"214842099{n}" for n in (1, 2, 3, 4, 5, 7)}
        deleted = [row for row in there["payments"] if row["Status"] == "DELETED"]
        assert 0 < len(deleted) < 0.3 * len(there["payments"])
        assert any(row.get("archived") for row in here["commerce_payments"])
        several = Counter(row["Invoice"]["InvoiceID"] for row in there["payments"])
        assert max(several.values()) > 1
        codes = [row["properties"].get("hs_sku", "") for row in here["products"]]
        assert 0 < sum(len(code) > 30 for code in codes) < 10
        assert 0 < codes.count("") < 10
        shared = {*codes} & {row["Code"] for row in there["items"]}
        assert len(shared) == 60
        sold = [line.get("hs_sku", "") for line in items]
        assert sum(0 < len(code) <= 30 for code in sold) / len(sold) > 0.85
        assert {*sold} <= {*codes, ""}
        assert {line["ItemCode"] for line in lines if "ItemCode" in line} <= {row["Code"] for row in there["items"]}
        issued = [datetime.fromisoformat(row["createdAt"]) for row in here["invoices"]]
        assert sum(START - at > timedelta(days=365) for at in issued) > 3
        assert sum(START - at < timedelta(days=30) for at in issued) > 50
        assert all(here[type] for type in ("discounts", "fees", "taxes", "companies"))

    def test_most_customers_of_either_app_are_in_both(self, made: dict[str, Any]) -> None:
        here, there = by_email(made["400"])
        shared = {*here} & {*there}
        ids = {row["id"] for email, row in here.items() if email in shared}
        buyers = [linked(row, "contacts") for row in made["400"]["hubspot"]["invoices"]]
        assert 0.75 < sum(bool(ids & {*each}) for each in buyers) / len(buyers) < 0.95
        guids = {row["ContactID"] for email, row in there.items() if email in shared}
        debtors = [row["Contact"]["ContactID"] for row in made["400"]["xero"]["invoices"]]
        assert 0.75 < sum(each in guids for each in debtors) / len(debtors) < 0.95

    def test_no_number_stands_on_two_invoices_but_one_of_the_small_world(self, made: dict[str, Any]) -> None:
        for name, twice in (("400", set()), ("small", {"INV-1008"})):
            here = [row["properties"]["hs_number"] for row in made[name]["hubspot"]["invoices"]]
            there = [row["InvoiceNumber"] for row in made[name]["xero"]["invoices"]]
            counts = Counter(number for number in here + there if number)
            assert {number for number, count in counts.items() if count > 1} == twice

    @pytest.mark.parametrize("name", WORLDS)
    def test_nothing_lies_in_the_future(self, made: dict[str, Any], name: str) -> None:
        for rows in records(made[name]["hubspot"]):
            for row in rows:
                assert datetime.fromisoformat(row["createdAt"]) <= datetime.fromisoformat(row["updatedAt"]) < START
        for type in ("items", "invoices", "payments"):
            for row in made[name]["xero"][type]:
                assert int(row["UpdatedDateUTC"][6:19]) < START.timestamp() * 1000

    def test_a_companys_contacts_work_for_it(self, made: dict[str, Any]) -> None:
        contacts = {row["id"]: row["properties"] for row in made["400"]["hubspot"]["contacts"]}
        companies = made["400"]["hubspot"]["companies"]
        assert len(companies) > 60
        for row in companies:
            [id] = {*linked(row, "contacts")}
            assert contacts[id]["company"] == row["properties"]["name"]

    @pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer makes it slow")
    def test_two_thousand_a_side_are_made_and_loaded_in_under_five_seconds(self) -> None:
        started = time.process_time()
        world = seeds.make("2000", START)
        apps = load(world, "hubspot"), load(world, "xero")
        assert time.process_time() - started < 5
        assert [app.name for app in apps] == ["hubspot", "xero"]
        assert [len(world[app]["invoices"]) for app in ("hubspot", "xero")] == [2500, 2500]
        assert [len(world[app]["contacts"]) for app in ("hubspot", "xero")] == [2000, 2000]
