"""The life of an invoice of the local HubSpot: opened, numbered, paid or voided, locked, deleted; and mirrors of others'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from invoice_desk import Desk, refusal, spec

RunDesk = Callable[..., Desk]
NOTHING = Decimal(0)
STATES = ("draft", "open", "paid", "voided")


class TestDraft:
    def test_it_needs_a_currency_of_the_account_and_nothing_else(self, desk: Desk) -> None:
        answer = desk.send("POST", "invoices", {"properties": {"hs_title": "x"}})
        assert refusal(answer)[:2] == (400, "VALIDATION_ERROR")
        assert answer.json()["errors"][0]["context"] == {"propertyName": ["hs_currency"]}
        unknown = desk.send("POST", "invoices", {"properties": {"hs_currency": "JPY"}})
        assert unknown.json()["errors"][0]["code"] == "INVALID_OPTION"
        made = desk.send("POST", "invoices", {"properties": {"hs_currency": "NZD"}}).json()
        has = made["properties"]
        assert (has["hs_invoice_status"], has["hs_invoice_billable"], has["hs_invoice_source"]) == (
            "draft",
            "true",
            "hubspot",
        )
        assert has["hs_invoice_date"] == has["hs_due_date"] <= made["createdAt"]
        dates = [datetime.fromisoformat(text) for text in (has["hs_invoice_date"], made["createdAt"])]
        assert dates[1] - dates[0] < timedelta(seconds=5)
        assert (has["hs_amount_billed"], "hs_number" in has) == ("0.00", False)

    def test_an_account_has_its_own_currencies(self, run_desk: RunDesk) -> None:
        desk = run_desk({"account": {"companyCurrency": "USD"}, "currencies": ["USD", "JPY"]})
        definition = desk.client.get("/crm/properties/2026-09/invoices/hs_currency").json()
        assert [option["value"] for option in definition["options"]] == ["USD", "JPY"]
        assert desk.add("invoices", hs_currency="JPY")
        assert desk.send("POST", "invoices", {"properties": {"hs_currency": "AUD"}}).status_code == 400

    def test_contact_company_and_lines_come_with_it_in_one_call(self, desk: Desk) -> None:
        contact = desk.add("contacts", email="ada@a.example")
        company = desk.add("companies", name="Acme")
        line = desk.add("line_items", name="Tea", price="4.5", quantity="3")
        id = desk.add("invoices", {"contacts": contact, "companies": company, "line_items": line}, hs_currency="AUD")
        assert desk.get(
            "invoices", id, "hs_amount_billed", "hs_invoice_latest_contact_email", "hs_invoice_latest_company_name"
        ) == {
            "hs_amount_billed": "13.50",
            "hs_invoice_latest_contact_email": "ada@a.example",
            "hs_invoice_latest_company_name": "Acme",
        }

    def test_a_batch_makes_invoices_with_their_lines(self, desk: Desk) -> None:
        lines = [desk.add("line_items", name="Tea", price=str(n), quantity="1") for n in range(1, 4)]
        inputs = [
            {"properties": {"hs_currency": "AUD"}, "associations": [{"to": {"id": line}, "types": spec(409)}]}
            for line in lines
        ]
        rows = desk.send("POST", "invoices/batch/create", {"inputs": inputs}).json()["results"]
        assert sorted(row["properties"]["hs_amount_billed"] for row in rows) == ["1.00", "2.00", "3.00"]

    def test_two_inputs_of_a_batch_cannot_share_a_line(self, desk: Desk) -> None:
        line = desk.add("line_items", name="Tea")
        one = {"properties": {"hs_currency": "AUD"}, "associations": [{"to": {"id": line}, "types": spec(409)}]}
        answer = desk.send("POST", "invoices/batch/create", {"inputs": [one, one]})
        assert "second one" in refusal(answer)[2]
        assert desk.send("GET", "invoices").json()["results"] == []

    def test_what_follows_from_its_contact_is_a_copy_of_the_last_one_linked(self, desk: Desk) -> None:
        id = desk.invoice(opened=False)
        other = desk.add("contacts", email="new@a.example")
        assert desk.link(id, "contacts", other).status_code == 200
        email = "hs_invoice_latest_contact_email"
        assert desk.get("invoices", id, email) == {email: "new@a.example"}
        assert desk.unlink(id, "contacts", other).status_code == 204
        assert desk.get("invoices", id, email) == {email: None}


class TestOpening:
    @pytest.mark.parametrize(
        ("has", "lacking"),
        [((), "contacts and one of line_items"), (("contacts",), "line_items"), (("line_items",), "contacts")],
    )
    def test_it_needs_a_contact_and_a_line(self, desk: Desk, has: tuple[str, ...], lacking: str) -> None:
        others = {type: desk.add(type, **{"firstname" if type == "contacts" else "name": "A"}) for type in has}
        id = desk.add("invoices", others, hs_currency="AUD")
        status, category, message = refusal(desk.set("invoices", id, hs_invoice_status="open"))
        assert (status, category) == (400, "VALIDATION_ERROR")
        assert message.endswith(f"at least one of {lacking}.")
        at_once = {"hs_currency": "AUD", "hs_invoice_status": "open"}
        assert desk.send("POST", "invoices", {"properties": at_once}).status_code == 400

    def test_numbers_are_given_then_in_turn_and_cannot_be_written(self, desk: Desk) -> None:
        first, second = desk.invoice(), desk.invoice(opened=False)
        assert desk.get("invoices", first, "hs_number") == {"hs_number": "INV-1001"}
        assert desk.get("invoices", second, "hs_number") == {"hs_number": None}
        refused = desk.set("invoices", second, hs_number="X-1").json()
        assert [(each["code"], each["context"]["propertyName"]) for each in refused["errors"]] == [
            ("READ_ONLY_VALUE", ["hs_number"])
        ]
        desk.set("invoices", second, hs_invoice_status="open")
        has = desk.get("invoices", second, "hs_number", "hs_invoice_link")
        assert has["hs_number"] == "INV-1002"
        assert has["hs_invoice_link"].endswith(second)

    def test_numbers_go_on_after_those_of_a_seed(self, run_desk: RunDesk) -> None:
        has = {"hs_currency": "AUD", "hs_invoice_status": "open"}
        rows = [
            {"id": "1", "properties": {**has, "hs_number": "INV-1500"}},
            {"id": "2", "properties": {**has, "hs_number": "INV-2000", "hs_invoice_billable": False}},
            {"id": "3", "properties": has},
        ]
        desk = run_desk({"invoices": rows})
        assert desk.get("invoices", "3", "hs_number") == {"hs_number": "INV-1501"}
        assert desk.get("invoices", desk.invoice(), "hs_number") == {"hs_number": "INV-1502"}

    @pytest.mark.parametrize("name", ["hs_amount_billed", "hs_balance_due", "hs_number", "hs_invoice_billable"])
    def test_what_is_hubspots_cannot_be_written(self, desk: Desk, name: str) -> None:
        id = desk.invoice()
        value = "false" if name == "hs_invoice_billable" else "7"
        assert desk.set("invoices", id, **{name: value}).json()["errors"][0]["code"] == "READ_ONLY_VALUE"

    def test_the_last_modified_time_moves_with_a_part(self, desk: Desk) -> None:
        id = desk.invoice(opened=False)
        before = desk.get("invoices", id, "hs_lastmodifieddate", "hs_amount_billed")
        desk.client.post("/_sandbox/clock", json={"advance": "1h"})
        line = desk.add("line_items", {"invoices": id}, name="Milk", price="2")
        after = desk.get("invoices", id, "hs_lastmodifieddate", "hs_amount_billed")
        assert after["hs_lastmodifieddate"] > before["hs_lastmodifieddate"]
        assert after["hs_amount_billed"] == "102.00"
        desk.client.post("/_sandbox/clock", json={"advance": "1h"})
        desk.set("line_items", line, description="Full cream")
        assert desk.get("invoices", id, "hs_lastmodifieddate")["hs_lastmodifieddate"] == after["hs_lastmodifieddate"]

    def test_a_worked_out_value_says_so_in_its_history(self, desk: Desk) -> None:
        id = desk.invoice()
        row = desk.client.get(
            f"/crm/objects/2026-09/invoices/{id}", params={"propertiesWithHistory": "hs_amount_billed,hs_currency"}
        ).json()["propertiesWithHistory"]
        assert [version["value"] for version in row["hs_amount_billed"]] == ["100.00", "0.00"]
        assert {version["sourceType"] for version in row["hs_amount_billed"]} == {"CALCULATED"}
        assert row["hs_currency"][0]["sourceType"] == "INTEGRATION"

    def test_search_sees_the_new_total_and_finds_by_contact(self, desk: Desk) -> None:
        id = desk.invoice()
        contact = desk.send("GET", f"invoices/{id}/associations/contacts").json()["results"][0]["toObjectId"]
        filters = [
            {"propertyName": "hs_balance_due", "operator": "GTE", "value": "99.99"},
            {"propertyName": "associations.contact", "operator": "EQ", "value": contact},
        ]
        found = desk.send("POST", "invoices/search", {"filters": filters, "properties": ["hs_balance_due"]}).json()
        assert [(row["id"], row["properties"]["hs_balance_due"]) for row in found["results"]] == [(id, "100.00")]


class TestSteps:
    def test_a_billable_invoice_can_only_be_opened(self, run_desk: RunDesk) -> None:
        pairs = list(product(STATES, STATES))
        lines, invoices = [], []
        for n, (old, _) in enumerate(pairs, 1):
            links = {
                "line items": {"results": [{"id": str(n), "type": "invoice_to_line_item"}]},
                "contacts": {"results": [{"id": "1", "type": "invoice_to_contact"}]},
            }
            lines.append({"id": str(n), "properties": {"name": "Tea", "price": "10"}})
            has = {"hs_currency": "AUD", "hs_invoice_status": old}
            invoices.append({"id": str(n), "properties": has, "associations": links})
        contact = {"id": "1", "properties": {"firstname": "Ada"}}
        desk = run_desk({"contacts": [contact], "line_items": lines, "invoices": invoices})
        for n, (old, new) in enumerate(pairs, 1):
            answer = desk.set("invoices", str(n), hs_invoice_status=new)
            assert answer.status_code == (200 if old == new or (old, new) == ("draft", "open") else 400), (old, new)
            assert desk.state(str(n))[0] == (new if answer.status_code == 200 else old)

    def test_a_mirror_takes_any_step_but_back_from_voided(self, desk: Desk) -> None:
        for old, new in product(STATES, STATES):
            answer = desk.set("invoices", desk.mirror(hs_invoice_status=old), hs_invoice_status=new)
            assert answer.status_code == (400 if old == "voided" != new else 200), (old, new)

    @pytest.mark.parametrize(("setting", "billable", "mirror"), [("all", 200, 200), ("none", 400, 400)])
    @pytest.mark.parametrize("status", ["paid", "voided"])
    def test_quirks_let_all_or_none_be_set_to_paid_or_voided(
        self, run_desk: RunDesk, status: str, setting: str, billable: int, mirror: int
    ) -> None:
        desk = run_desk(quirks={f"patch-{status}": setting})
        own, other = desk.invoice(), desk.mirror(hs_invoice_status="open")
        answers = [desk.set("invoices", id, hs_invoice_status=status).status_code for id in (own, other)]
        assert answers == [billable, mirror]
        assert desk.state(own) == ((status, Decimal(100), NOTHING) if billable == 200 else ("open", 100, 100))

    def test_an_invoice_with_a_payment_cannot_be_voided(self, run_desk: RunDesk) -> None:
        desk = run_desk(quirks={"patch-voided": "all"})
        id = desk.invoice()
        desk.pay(id, "10")
        assert "it has a payment" in refusal(desk.set("invoices", id, hs_invoice_status="voided"))[2]


class TestLock:
    EDITS: tuple[tuple[str, Callable[[Desk, str, dict[str, str]], Any]], ...] = (
        ("currency", lambda desk, id, has: desk.set("invoices", id, hs_currency="USD")),
        ("price", lambda desk, id, has: desk.set("line_items", has["line"], price="2")),
        ("quantity", lambda desk, id, has: desk.set("line_items", has["line"], quantity="2")),
        ("tax rate", lambda desk, id, has: desk.set("line_items", has["line"], hs_tax_rate_group_id="2148420991")),
        ("another line", lambda desk, id, has: desk.link(id, "line_items", has["free line"])),
        ("a line less", lambda desk, id, has: desk.unlink(id, "line_items", has["line"])),
        ("a deleted line", lambda desk, id, has: desk.send("DELETE", f"line_items/{has['line']}")),
        ("a discount", lambda desk, id, has: desk.link(id, "discounts", has["free discount"])),
        ("a fee's value", lambda desk, id, has: desk.set("fees", has["fee"], hs_value="3")),
        ("a fee less", lambda desk, id, has: desk.send("DELETE", f"fees/{has['fee']}")),
        ("another contact", lambda desk, id, has: desk.link(id, "contacts", has["free contact"])),
        ("a contact less", lambda desk, id, has: desk.unlink(id, "contacts", has["contact"])),
    )

    def stage(self, desk: Desk, mirror: bool = False) -> tuple[str, dict[str, str]]:
        has = {"line": desk.add("line_items", name="Tea", price="100")}
        has["fee"] = desk.add("fees", hs_type="FIXED", hs_value="10")
        has["contact"] = desk.add("contacts", firstname="Ada")
        has["free line"] = desk.add("line_items", name="Milk", price="1")
        has["free discount"] = desk.add("discounts", hs_type="PERCENT", hs_value="10")
        has["free contact"] = desk.add("contacts", firstname="Bo")
        links = {"line_items": has["line"], "fees": has["fee"], "contacts": has["contact"]}
        more = {"hs_invoice_billable": "false"} if mirror else {}
        return desk.add("invoices", links, hs_currency="AUD", **more), has

    @pytest.mark.parametrize(("name", "edit"), EDITS, ids=[name for name, _ in EDITS])
    def test_what_an_open_invoice_comes_to_is_fixed(
        self, run_desk: RunDesk, name: str, edit: Callable[[Desk, str, dict[str, str]], Any]
    ) -> None:
        desk = run_desk(quirks=dict.fromkeys(("hubspot-burst-limit",), "1000"))
        draft, has = self.stage(desk)
        assert edit(desk, draft, has).status_code in (200, 204)
        id, has = self.stage(desk)
        assert desk.set("invoices", id, hs_invoice_status="open").status_code == 200
        before = desk.state(id)
        assert refusal(edit(desk, id, has))[:2] == (400, "VALIDATION_ERROR")
        assert desk.state(id) == before
        mirror, has = self.stage(desk, mirror=True)
        assert desk.set("invoices", mirror, hs_invoice_status="open").status_code == 200
        assert edit(desk, mirror, has).status_code in (200, 204)

    @pytest.mark.parametrize(("name", "edit"), EDITS, ids=[name for name, _ in EDITS])
    def test_unless_the_account_lets_it_be_edited_and_nobody_has_paid(
        self, run_desk: RunDesk, name: str, edit: Callable[[Desk, str, dict[str, str]], Any]
    ) -> None:
        desk = run_desk({"edit_invoices": True})
        ids = []
        for amount in ("", "5"):
            id, has = self.stage(desk)
            desk.set("invoices", id, hs_invoice_status="open")
            if amount:
                desk.pay(id, amount)
            ids.append(edit(desk, id, has).status_code)
        assert ids[0] in (200, 204)
        assert ids[1] == 400

    def test_what_does_not_concern_money_can_always_be_written(self, desk: Desk) -> None:
        id, has = self.stage(desk)
        desk.set("invoices", id, hs_invoice_status="open")
        company = desk.add("companies", name="Acme")
        assert desk.set("invoices", id, hs_comments="Thanks", hs_due_date="2026-12-24").status_code == 200
        assert desk.set("line_items", has["line"], description="Green").status_code == 200
        assert desk.link(id, "companies", company).status_code == 200

    def test_a_new_line_of_an_open_invoice_is_refused_as_well(self, desk: Desk) -> None:
        id = desk.invoice()
        link = [{"to": {"id": id}, "types": spec(410)}]
        answer = desk.send("POST", "line_items", {"properties": {"name": "Milk"}, "associations": link})
        assert "doesn't let open invoices be edited" in refusal(answer)[2]
        assert desk.send("GET", "line_items").json()["results"][1:] == []

    def test_a_batch_of_links_fails_for_the_locked_ones_alone(self, desk: Desk) -> None:
        locked, draft = desk.invoice(), desk.invoice(opened=False)
        pairs = [(id, desk.add("line_items", name="Milk", price="1")) for id in (locked, draft)]
        inputs = [{"from": {"id": invoice}, "to": {"id": line}} for invoice, line in pairs]
        path = "/crm/associations/2026-09/invoices/line_items/batch"
        answer = desk.client.post(f"{path}/associate/default", json={"inputs": inputs})
        assert (answer.status_code, answer.json()["errors"][0]["context"]["fromObjectId"]) == (207, [locked])
        assert [desk.state(id)[1] for id in (locked, draft)] == [100, 101]
        body = {"inputs": [{"from": {"id": invoice}, "to": [{"id": line}]} for invoice, line in pairs[1:]]}
        assert desk.client.post(f"{path}/archive", json=body).status_code == 200
        assert desk.state(draft)[1] == 100


class TestDeleting:
    @pytest.mark.parametrize("allowed", [False, True])
    def test_drafts_go_with_their_lines_and_open_ones_if_the_account_says_so(
        self, run_desk: RunDesk, allowed: bool
    ) -> None:
        desk = run_desk({"delete_unpaid": allowed})
        draft, opened, paid = desk.invoice(opened=False), desk.invoice(), desk.invoice()
        desk.pay(paid, "1")
        line = desk.send("GET", f"invoices/{draft}/associations/line_items").json()["results"][0]["toObjectId"]
        answers = [desk.send("DELETE", f"invoices/{id}").status_code for id in (draft, opened, paid)]
        assert answers == [204, 204 if allowed else 400, 400]
        assert desk.send("GET", f"line_items/{line}").status_code == 404

    def test_a_batch_deletes_all_or_none(self, desk: Desk) -> None:
        draft, opened = desk.invoice(opened=False), desk.invoice()
        body = {"inputs": [{"id": draft}, {"id": opened}]}
        assert desk.send("POST", "invoices/batch/archive", body).status_code == 400
        assert desk.send("GET", f"invoices/{draft}").status_code == 200

    def test_paid_and_voided_ones_stay(self, desk: Desk) -> None:
        for status in ("paid", "voided"):
            id = desk.mirror(hs_invoice_status=status)
            assert status in refusal(desk.send("DELETE", f"invoices/{id}"))[2]


class TestMirrors:
    def test_number_amounts_and_status_are_as_written(self, desk: Desk) -> None:
        id = desk.mirror(hs_invoice_status="open", hs_number="SI-77", hs_amount_billed="115.5", hs_balance_due="15.5")
        desk.add("line_items", {"invoices": id}, name="Tea", price="100", quantity="1")
        names = ("hs_number", "hs_amount_billed", "hs_balance_due", "hs_amount_paid", "hs_subtotal")
        assert desk.get("invoices", id, *names) == {
            "hs_number": "SI-77",
            "hs_amount_billed": "115.5",
            "hs_balance_due": "15.5",
            "hs_amount_paid": "100.00",
            "hs_subtotal": "100.00",
        }
        assert desk.set("invoices", id, hs_invoice_status="paid", hs_balance_due="0").status_code == 200
        assert desk.state(id) == ("paid", Decimal("115.5"), NOTHING)
        assert desk.set("invoices", id, hs_invoice_status="open", hs_balance_due="115.5").status_code == 200
        assert desk.state(id) == ("open", Decimal("115.5"), Decimal("115.5"))

    def test_without_written_amounts_they_are_worked_out(self, desk: Desk) -> None:
        id = desk.mirror(hs_invoice_status="open")
        desk.add("line_items", {"invoices": id}, name="Tea", price="100", hs_tax_rate_group_id="2148420991")
        assert desk.state(id) == ("open", 110, 110)
        desk.pay(id, "110")
        assert desk.state(id) == ("open", 110, NOTHING)

    @pytest.mark.parametrize(("setting", "seen"), [("ignored", (None, 0)), ("refused", None)])
    def test_quirks_pass_over_or_refuse_what_is_written(
        self, run_desk: RunDesk, setting: str, seen: tuple[str | None, int] | None
    ) -> None:
        desk = run_desk(quirks={"mirror-number": setting, "mirror-amounts": setting})
        properties = {"hs_currency": "AUD", "hs_invoice_billable": False, "hs_number": "X", "hs_amount_billed": "5"}
        answer = desk.send("POST", "invoices", {"properties": properties})
        if seen is None:
            assert {each["code"] for each in answer.json()["errors"]} == {"READ_ONLY_VALUE"}
            definition = desk.client.get("/crm/properties/2026-09/invoices/hs_number").json()
            assert definition["modificationMetadata"]["readOnlyValue"]
        else:
            has = desk.get("invoices", answer.json()["id"], "hs_number", "hs_amount_billed")
            assert (has["hs_number"], Decimal(has["hs_amount_billed"])) == seen

    def test_an_unbillable_one_stays_so(self, desk: Desk) -> None:
        id = desk.mirror()
        answer = desk.set("invoices", id, hs_invoice_billable=True)
        assert answer.json()["errors"][0]["code"] == "READ_ONLY_VALUE"
        assert desk.set("invoices", id, hs_invoice_billable=False).status_code == 200

    def test_it_may_have_recurring_lines_and_a_billable_one_may_not(self, desk: Desk) -> None:
        recurring = {"name": "Plan", "price": "10", "recurringbillingfrequency": "monthly"}
        line = desk.add("line_items", **recurring)
        assert "recurring" in refusal(desk.link(desk.invoice(opened=False), "line_items", line))[2]
        assert desk.link(desk.mirror(), "line_items", line).status_code == 200
        own = desk.invoice(opened=False)
        plain = desk.send("GET", f"invoices/{own}/associations/line_items").json()["results"][0]["toObjectId"]
        assert "recurring" in refusal(desk.set("line_items", plain, hs_recurring_billing_period="P12M"))[2]
