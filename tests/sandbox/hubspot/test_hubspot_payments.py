"""Payments of the local HubSpot: what one needs, whose it is, and what it does to its invoice; and the tax-rate library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from invoice_desk import Desk, refusal

RunDesk = Callable[..., Desk]
WHEN = "2026-11-01T00:00:00.000Z"
MINIMUM = {"hs_initial_amount": "10", "hs_initiated_date": WHEN}


class TestPayments:
    def test_a_new_one_is_in_progress_in_the_accounts_currency(self, desk: Desk) -> None:
        made = desk.send("POST", "commerce_payments", {"properties": {**MINIMUM, "hs_fees_amount": "0.30"}}).json()
        names = ("hs_latest_status", "hs_currency_code", "hs_payment_creation_method", "hs_net_amount")
        assert [made["properties"][name] for name in names] == ["processing", "AUD", "OTHER", "9.70"]
        flags = desk.get(
            "commerce_payments", made["id"], "hs_has_associated_invoice", "hs_number_of_associated_invoices"
        )
        assert list(flags.values()) == ["false", "0"]

    @pytest.mark.parametrize(
        ("properties", "word"),
        [
            ({"hs_initial_amount": "1"}, "hs_initiated_date is required"),
            ({}, "hs_initial_amount is required on create; hs_initiated_date is required"),
            ({**MINIMUM, "hs_initial_amount": "-1"}, "can't be negative"),
            ({**MINIMUM, "hs_refunds_amount": "10.01"}, "more than hs_initial_amount"),
            ({**MINIMUM, "hs_latest_status": "done"}, "INVALID_OPTION"),
            ({**MINIMUM, "hs_payment_method_type": "bitcoin"}, "INVALID_OPTION"),
            ({**MINIMUM, "hs_processor_type": "paypal"}, "INVALID_OPTION"),
            ({**MINIMUM, "hs_currency_code": "JPY"}, "INVALID_OPTION"),
            ({**MINIMUM, "hs_payment_creation_method": "x"}, "READ_ONLY_VALUE"),
        ],
    )
    def test_what_it_needs_and_may_be(self, desk: Desk, properties: dict[str, str], word: str) -> None:
        status, category, message = refusal(desk.send("POST", "commerce_payments", {"properties": properties}))
        assert (status, category) == (400, "VALIDATION_ERROR")
        assert word in message

    def test_every_processor_of_the_list_can_be_named(self, desk: Desk) -> None:
        for processor in ("hs_payments", "byo_stripe", "none", "quickbooks", "xero"):
            id = desk.add("commerce_payments", **MINIMUM, hs_processor_type=processor)
            assert desk.set("commerce_payments", id, hs_internal_comment="x").status_code == 200

    def test_without_payment_processing_nothing_is_recorded_and_all_can_be_read(self, run_desk: RunDesk) -> None:
        rows = [{"id": "1", "properties": MINIMUM}]
        desk = run_desk({"payments_enabled": False, "commerce_payments": rows})
        answers = [
            desk.send("POST", "commerce_payments", {"properties": MINIMUM}),
            desk.set("commerce_payments", "1", hs_initial_amount="5"),
            desk.send("DELETE", "commerce_payments/1"),
            desk.send("POST", "commerce_payments/batch/create", {"inputs": [{"properties": MINIMUM}]}),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4
        assert "not set up" in refusal(answers[0])[2]
        assert desk.get("commerce_payments", "1", "hs_initial_amount") == {"hs_initial_amount": "10"}

    @pytest.mark.parametrize("processor", ["hs_payments", "byo_stripe"])
    def test_what_a_processor_received_is_nobodys_to_change(self, run_desk: RunDesk, processor: str) -> None:
        has = {**MINIMUM, "hs_processor_type": processor, "hs_latest_status": "succeeded"}
        desk = run_desk({"commerce_payments": [{"id": "1", "properties": has}]})
        for answer in (
            desk.set("commerce_payments", "1", hs_internal_comment="x"),
            desk.send("DELETE", "commerce_payments/1"),
        ):
            assert f"processed by {processor}" in refusal(answer)[2]
        assert desk.link(desk.invoice(), "commerce_payments", "1").status_code == 200


class TestSettling:
    def test_an_invoice_is_paid_when_nothing_is_due_and_open_again_when_a_payment_goes(self, desk: Desk) -> None:
        id = desk.invoice()
        desk.pay(id, "40")
        assert desk.state(id) == ("open", 100, 60)
        last = desk.pay(id, "60", hs_initiated_date="2026-11-09T00:00:00.000Z")
        assert desk.state(id) == ("paid", 100, 0)
        has = desk.get("invoices", id, "hs_amount_paid", "hs_payment_date")
        assert list(has.values()) == ["100.00", "2026-11-09T00:00:00.000Z"]
        flags = desk.get("commerce_payments", last, "hs_has_associated_invoice", "hs_number_of_associated_invoices")
        assert list(flags.values()) == ["true", "1"]
        assert desk.send("DELETE", f"commerce_payments/{last}").status_code == 204
        assert desk.state(id) == ("open", 100, 60)
        assert desk.get("invoices", id, "hs_payment_date") == {"hs_payment_date": None}

    def test_a_link_made_later_counts_and_a_removed_one_does_not(self, desk: Desk) -> None:
        id = desk.invoice()
        payment = desk.add("commerce_payments", **{**MINIMUM, "hs_initial_amount": "100"}, hs_latest_status="succeeded")
        assert desk.state(id) == ("open", 100, 100)
        path = "/crm/associations/2026-09/commerce_payments/invoices/batch"
        pair = {"from": {"id": payment}, "to": {"id": id}}
        desk.client.post(f"{path}/associate/default", json={"inputs": [pair]})
        assert desk.state(id) == ("paid", 100, 0)
        desk.client.post(f"{path}/archive", json={"inputs": [{"from": {"id": payment}, "to": [{"id": id}]}]})
        assert desk.state(id) == ("open", 100, 100)
        flag = "hs_has_associated_invoice"
        assert desk.get("commerce_payments", payment, flag) == {flag: "false"}

    @pytest.mark.parametrize(
        ("status", "counts"),
        [
            ("succeeded", 30),
            ("partially_refunded", 20),
            ("processing_refund", 20),
            ("disputed_won", 20),
            ("disputed_action_required", 20),
            ("disputed_awaiting_decision", 20),
            ("processing", 0),
            ("failed", 0),
            ("refunded", 0),
            ("disputed_lost", 0),
        ],
    )
    def test_money_counts_while_it_is_here(self, desk: Desk, status: str, counts: int) -> None:
        id = desk.invoice()
        refunded = {} if status == "succeeded" else {"hs_refunds_amount": "10"}
        desk.pay(id, "30", hs_latest_status=status, **refunded)
        assert desk.state(id) == ("open", 100, 100 - counts)

    def test_a_payment_that_succeeds_later_settles_then(self, desk: Desk) -> None:
        id = desk.invoice()
        payment = desk.pay(id, "100", hs_latest_status="processing")
        assert desk.state(id)[0] == "open"
        body = {"inputs": [{"id": payment, "properties": {"hs_latest_status": "succeeded"}}]}
        desk.send("POST", "commerce_payments/batch/update", body)
        assert desk.state(id) == ("paid", 100, 0)

    def test_too_much_money_leaves_nothing_due(self, desk: Desk) -> None:
        id = desk.invoice()
        desk.pay(id, "100.01")
        assert desk.state(id) == ("paid", 100, 0)

    def test_a_payment_belongs_to_one_invoice_of_its_currency(self, desk: Desk) -> None:
        first, second, abroad = desk.invoice(), desk.invoice(), desk.invoice(hs_currency="USD")
        payment = desk.pay(first, "1")
        assert f"belongs to invoice {first}" in refusal(desk.link(second, "commerce_payments", payment))[2]
        free = desk.add("commerce_payments", **MINIMUM)
        assert "in AUD can't pay an invoice in USD" in refusal(desk.link(abroad, "commerce_payments", free))[2]

    def test_a_quirk_keeps_payments_from_counting(self, run_desk: RunDesk) -> None:
        desk = run_desk(quirks={"payment-settles": "no"})
        id = desk.invoice()
        payment = desk.pay(id, "100")
        assert desk.state(id) == ("open", 100, 100)
        linked = desk.send("GET", f"invoices/{id}/associations/commerce_payments").json()["results"]
        assert [row["toObjectId"] for row in linked] == [payment]

    def test_it_is_found_by_its_invoice_and_read_with_its_contact(self, desk: Desk) -> None:
        id, contact = desk.invoice(), desk.add("contacts", firstname="Ada")
        payment = desk.pay(id, "1", hs_reference_number="R-9")
        desk.send("PUT", f"commerce_payments/{payment}/associations/default/contacts/{contact}")
        filters = [{"propertyName": "associations.invoice", "operator": "EQ", "value": id}]
        found = desk.send("POST", "commerce_payments/search", {"filters": filters}).json()["results"]
        assert [row["id"] for row in found] == [payment]
        row = desk.send("GET", f"commerce_payments/{payment}?associations=contacts,invoices").json()
        assert {key: [each["type"] for each in links["results"]] for key, links in row["associations"].items()} == {
            "contacts": ["commerce_payment_to_contact"],
            "invoices": ["commerce_payment_to_invoice"],
        }


class TestTaxRates:
    ROOT = "/tax-rates/2026-09/tax-rates"

    def pages(self, desk: Desk, **query: Any) -> list[list[str]]:
        pages: list[list[str]] = []
        while True:
            body = desk.client.get(self.ROOT, params=query).json()
            pages.append([rate["id"] for rate in body["results"]])
            if "paging" not in body:
                return pages
            query["after"] = body["paging"]["next"]["after"]

    def test_they_are_listed_by_page_and_by_whether_they_are_active(self, desk: Desk) -> None:
        [everything] = self.pages(desk)
        assert self.pages(desk, limit=4) == [everything[:4], everything[4:]]
        [active], [inactive] = (self.pages(desk, active=flag) for flag in ("true", "false"))
        assert (set(active) | set(inactive), len(inactive)) == (set(everything), 1)
        assert desk.client.get(self.ROOT, params={"after": "7"}).status_code == 400

    def test_one_is_read_by_its_id_as_the_seed_has_it(self, run_desk: RunDesk) -> None:
        at = "2025-05-01T00:00:00.000Z"
        rate = {"id": "9", "name": "vat", "label": "VAT", "percentageRate": 6.25, "active": True}
        desk = run_desk({"tax_rates": [{**rate, "createdAt": at, "updatedAt": at}]})
        assert desk.client.get(f"{self.ROOT}/9").json() == {**rate, "createdAt": at, "updatedAt": at}
        assert desk.client.get(f"{self.ROOT}/10").status_code == 404

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["", "/2148420991"])
    def test_nothing_can_be_written(self, desk: Desk, method: str, path: str) -> None:
        answer = desk.client.request(method, self.ROOT + path, json={})
        assert (answer.status_code, answer.json()["status"]) == (405, "error")

    @pytest.mark.parametrize("rate", [{"id": "1"}, {"percentageRate": 5}])
    def test_a_seeded_rate_needs_an_id_and_a_percentage(self, run_desk: RunDesk, rate: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="needs id and percentageRate"):
            run_desk({"tax_rates": [rate]})


SCOPES = {
    "products": "crm.objects.products",
    "line_items": "crm.objects.line_items",
    "discounts": "crm.objects.line_items",
    "fees": "crm.objects.line_items",
    "taxes": "crm.objects.line_items",
    "invoices": "crm.objects.invoices",
    "commerce_payments": "crm.objects.commercepayments",
}


@pytest.mark.parametrize(("type", "scope"), SCOPES.items(), ids=[*SCOPES])
def test_each_type_wants_its_own_scope_for_reading_and_for_writing(run_desk: RunDesk, type: str, scope: str) -> None:
    properties = {
        "products": {"name": "Tea"},
        "line_items": {"name": "Tea"},
        "invoices": {"hs_currency": "AUD"},
        "commerce_payments": MINIMUM,
    }.get(type, {"hs_type": "FIXED", "hs_value": "1"})
    for granted, reads, writes in (("read", 200, 403), ("write", 403, 201)):
        desk = run_desk({"account": {"scopes": [f"{scope}.{granted}"]}})
        answers = desk.send("GET", type), desk.send("POST", type, {"properties": properties})
        assert [answer.status_code for answer in answers] == [reads, writes]
        refused = next(answer for answer in answers if answer.status_code == 403).json()
        assert refused["category"] == "MISSING_SCOPES"
        wanted = refused["errors"][0]["context"]["requiredGranularScopes"]
        assert f"{scope}.{'write' if granted == 'read' else 'read'}" in wanted


def test_the_library_wants_a_scope_of_its_own(run_desk: RunDesk) -> None:
    desk = run_desk({"account": {"scopes": ["crm.objects.line_items.read"]}})
    answer = desk.client.get("/tax-rates/2026-09/tax-rates")
    assert refusal(answer)[:2] == (403, "MISSING_SCOPES")
    assert answer.json()["errors"][0]["context"] == {"requiredGranularScopes": ["tax_rates.read"]}
