"""What products, lines and invoices of the local HubSpot come to: inherited values, line figures, adjustments, rounding."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_desk import GST, GST_FREE, INACTIVE, LEVY, Desk, refusal, spec

from hxrules.sandbox.hubspot import money
from hxrules.sandbox.hubspot.tax_rates import TaxRate

RunDesk = Callable[..., Desk]


class TestProducts:
    @pytest.mark.parametrize(
        ("properties", "word"),
        [
            ({"hs_sku": "T"}, "name is required"),
            ({"name": "Tea", "price": "-1"}, "price can't be negative"),
            ({"name": "Tea", "hs_price_usd": "-0.01"}, "hs_price_usd can't be negative"),
            ({"name": "Tea", "price": "1e3"}, "INVALID_INTEGER"),
            ({"name": "Tea", "price": "9" * 16}, "too large"),
        ],
    )
    def test_one_has_a_name_and_no_price_below_zero(self, desk: Desk, properties: dict[str, str], word: str) -> None:
        status, category, message = refusal(desk.send("POST", "products", {"properties": properties}))
        assert (status, category) == (400, "VALIDATION_ERROR")
        assert word in message

    def test_two_may_have_the_same_code(self, desk: Desk) -> None:
        first, second = (desk.add("products", name=name, hs_sku="TEA") for name in ("Tea", "Other tea"))
        filters = [{"propertyName": "hs_sku", "operator": "EQ", "value": "tea"}]
        found = desk.send("POST", "products/search", {"filters": filters}).json()["results"]
        assert {row["id"] for row in found} == {first, second}

    def test_a_product_is_linked_with_nothing(self, desk: Desk) -> None:
        product, invoice = desk.add("products", name="Tea"), desk.invoice(opened=False)
        assert "can't be associated" in refusal(desk.link(invoice, "products", product))[2]


class TestLines:
    def test_a_line_has_what_its_product_has_as_far_as_it_says_nothing_else(self, desk: Desk) -> None:
        product = desk.add(
            "products",
            name="Tea",
            hs_sku="TEA",
            price="4.50",
            hs_price_usd="3",
            hs_cost_of_goods_sold="2",
            description="Green",
        )
        names = ("name", "hs_sku", "price", "description", "quantity", "amount", "hs_margin")
        plain = desk.add("line_items", hs_product_id=product, quantity="10")
        assert desk.get("line_items", plain, *names) == {
            "name": "Tea",
            "hs_sku": "TEA",
            "price": "4.50",
            "description": "Green",
            "quantity": "10",
            "amount": "45.00",
            "hs_margin": "25.00",
        }
        own = desk.add("line_items", hs_product_id=product, name="Iced tea", price="5")
        assert [desk.get("line_items", own, name)[name] for name in ("name", "price", "quantity")] == [
            "Iced tea",
            "5",
            "1",
        ]
        abroad = desk.add("line_items", hs_product_id=product, hs_line_item_currency_code="USD")
        assert desk.get("line_items", abroad, "price") == {"price": "3"}
        desk.set("products", product, price="9")
        assert desk.get("line_items", plain, "price") == {"price": "4.50"}
        unknown = desk.send("POST", "line_items", {"properties": {"hs_product_id": "999"}})
        assert unknown.json()["errors"][0]["code"] == "INVALID_OPTION"

    @pytest.mark.parametrize(
        ("properties", "figures"),
        [
            ({"price": "10", "quantity": "3"}, ("30.00", "30.00", "0.00", "10", None, "30.00")),
            ({"price": "10", "quantity": "3", "discount": "1.5"}, ("25.50", "30.00", "4.50", "8.5", None, "25.50")),
            (
                {"price": "10", "quantity": "3", "hs_discount_percentage": "12.5"},
                ("26.25", "30.00", "3.75", "8.75", None, "26.25"),
            ),
            (
                {"price": "25.06", "quantity": "1", "hs_tax_rate_group_id": LEVY},
                ("25.06", "25.06", "0.00", "25.06", "0.63", "25.69"),
            ),
            (
                {"price": "0.05", "quantity": "1", "hs_tax_rate_group_id": GST},
                ("0.05", "0.05", "0.00", "0.05", "0.01", "0.06"),
            ),
            (
                {"price": "0.125", "quantity": "3", "hs_tax_rate_group_id": GST_FREE},
                ("0.38", "0.38", "0.00", "0.126667", "0.00", "0.38"),
            ),
            ({"price": "10", "quantity": "0"}, ("0.00", "0.00", "0.00", "10", None, "0.00")),
            ({"name": "a note"}, ("0.00", "0.00", "0.00", "0", None, "0.00")),
        ],
    )
    def test_what_it_comes_to(self, desk: Desk, properties: dict[str, str], figures: tuple[str | None, ...]) -> None:
        id = desk.add("line_items", **properties)
        names = (
            *("amount", "hs_pre_discount_amount", "hs_total_discount", "hs_effective_unit_price"),
            *("hs_tax_amount", "hs_post_tax_amount"),
        )
        assert tuple(desk.get("line_items", id, *names).values()) == figures

    def test_its_tax_follows_the_library(self, desk: Desk) -> None:
        id = desk.add("line_items", price="10", hs_tax_rate_group_id=LEVY)
        names = ("hs_tax_rate", "hs_tax_label", "hs_tax_amount")
        assert tuple(desk.get("line_items", id, *names).values()) == ("2.5", "Levy 2.5%", "0.25")
        desk.set("line_items", id, hs_tax_rate_group_id="")
        assert tuple(desk.get("line_items", id, *names).values()) == (None, None, None)

    @pytest.mark.parametrize(
        ("properties", "word"),
        [
            ({"price": "-0.01"}, "price can't be negative"),
            ({"quantity": "-1"}, "quantity can't be negative"),
            ({"price": "5", "discount": "5.01"}, "more than the price"),
            ({"hs_discount_percentage": "100.5"}, "more than 100"),
            ({"price": "5", "discount": "1", "hs_discount_percentage": "1"}, "not both"),
            ({"hs_tax_rate_group_id": "7"}, "INVALID_OPTION"),
            ({"hs_tax_rate_group_id": INACTIVE}, "inactive"),
            ({"hs_line_item_currency_code": "JPY"}, "INVALID_OPTION"),
            ({"amount": "5"}, "READ_ONLY_VALUE"),
        ],
    )
    def test_figures_without_a_meaning_are_refused(self, desk: Desk, properties: dict[str, str], word: str) -> None:
        status, category, message = refusal(desk.send("POST", "line_items", {"properties": properties}))
        assert (status, category) == (400, "VALIDATION_ERROR")
        assert word in message

    def test_a_line_keeps_a_rate_that_became_inactive_but_not_on_a_new_invoice(self, run_desk: RunDesk) -> None:
        rates = [{"id": "5", "label": "Old", "percentageRate": 12.5, "active": False}]
        line = {"id": "1", "properties": {"price": 8, "quantity": 1, "hs_tax_rate_group_id": "5"}}
        desk = run_desk({"tax_rates": rates, "line_items": [line]})
        assert desk.set("line_items", "1", quantity="2").status_code == 200
        assert desk.get("line_items", "1", "hs_tax_amount") == {"hs_tax_amount": "2.00"}
        assert "inactive" in refusal(desk.link(desk.invoice(opened=False), "line_items", "1"))[2]

    @pytest.mark.parametrize("type", ["line_items", "discounts", "fees", "taxes"])
    def test_a_part_has_one_invoice_until_it_is_taken_off(self, desk: Desk, type: str) -> None:
        properties = {"name": "Tea"} if type == "line_items" else {"hs_type": "FIXED", "hs_value": "1"}
        first, second = desk.invoice(opened=False), desk.invoice(opened=False)
        part = desk.add(type, {"invoices": first}, **properties)
        assert f"belongs to invoice {first}" in refusal(desk.link(second, type, part))[2]
        assert desk.link(first, type, part).status_code == 200
        with_both = [
            {"to": {"id": id}, "types": spec({"line_items": 410, "discounts": 412, "fees": 414, "taxes": 416}[type])}
            for id in (first, second)
        ]
        both = desk.send("POST", type, {"properties": properties, "associations": with_both})
        assert "one invoice only" in refusal(both)[2]
        desk.unlink(first, type, part)
        assert desk.link(second, type, part).status_code == 200
        desk.send("DELETE", f"invoices/{second}")
        assert desk.send("GET", f"{type}/{part}").status_code == 404


def adjustment(kind: str, value: str, order: int = 0) -> dict[str, Any]:
    return {"hs_label": "x", "hs_type": kind, "hs_value": value, "hs_sort_order": str(order)}


class TestTotals:
    @pytest.mark.parametrize(
        ("adjustments", "total"),
        [
            ({}, "110.00"),
            ({"discounts": [adjustment("PERCENT", "10")]}, "100.00"),
            ({"discounts": [adjustment("FIXED", "12.345")]}, "97.65"),
            ({"discounts": [adjustment("PERCENT", "50", 2), adjustment("FIXED", "20", 1)]}, "50.00"),
            ({"discounts": [adjustment("FIXED", "500")]}, "10.00"),
            ({"fees": [adjustment("PERCENT", "2.5"), adjustment("FIXED", "1", 9)]}, "113.50"),
            ({"taxes": [adjustment("PERCENT", "20")]}, "130.00"),
            (
                {
                    "discounts": [adjustment("PERCENT", "10")],
                    "fees": [adjustment("PERCENT", "10")],
                    "taxes": [adjustment("PERCENT", "10"), adjustment("FIXED", "0.07")],
                },
                "118.97",
            ),
        ],
    )
    def test_discounts_come_before_fees_and_fees_before_taxes(
        self, desk: Desk, adjustments: dict[str, list[dict[str, Any]]], total: str
    ) -> None:
        id = desk.invoice({"name": "Tea", "price": "100", "hs_tax_rate_group_id": GST}, opened=False)
        for type, each in adjustments.items():
            for properties in each:
                desk.add(type, {"invoices": id}, **properties)
        has = desk.get("invoices", id, "hs_subtotal", "hs_amount_billed", "hs_balance_due")
        assert list(has.values()) == ["100.00", total, total]

    def test_values_are_read_back_with_four_digits(self, desk: Desk) -> None:
        id = desk.add("taxes", hs_label="GST", hs_type="PERCENT", hs_value="20")
        assert desk.get("taxes", id, "hs_value") == {"hs_value": "20.0000"}

    @pytest.mark.parametrize(
        ("type", "properties", "word"),
        [
            ("taxes", {"hs_label": "x"}, "hs_type is required on create; hs_value is required"),
            ("taxes", {"hs_type": "percent", "hs_value": "1"}, "INVALID_OPTION"),
            ("fees", {"hs_type": "FIXED", "hs_value": "-1"}, "can't be negative"),
            ("discounts", {"hs_type": "PERCENT", "hs_value": "101"}, "more than 100 percent"),
        ],
    )
    def test_an_adjustment_has_a_kind_and_a_value(
        self, desk: Desk, type: str, properties: dict[str, str], word: str
    ) -> None:
        assert word in refusal(desk.send("POST", type, {"properties": properties}))[2]

    def test_the_total_follows_each_change_of_a_part(self, desk: Desk) -> None:
        id = desk.invoice({"name": "Tea", "price": "10"}, opened=False)
        line = desk.add("line_items", {"invoices": id}, name="Milk", price="1", quantity="4")
        seen = [desk.state(id)[1]]
        desk.set("line_items", line, quantity="5", hs_tax_rate_group_id=GST)
        seen.append(desk.state(id)[1])
        fee = desk.add("fees", {"invoices": id}, hs_type="FIXED", hs_value="2")
        seen.append(desk.state(id)[1])
        desk.send("POST", "fees/batch/update", {"inputs": [{"id": fee, "properties": {"hs_value": "3"}}]})
        seen.append(desk.state(id)[1])
        desk.send("POST", "line_items/batch/archive", {"inputs": [{"id": line}]})
        seen.append(desk.state(id)[1])
        desk.send("DELETE", f"fees/{fee}")
        seen.append(desk.state(id)[1])
        assert seen == [Decimal(text) for text in ("14", "15.5", "17.5", "18.5", "13", "10")]

    def test_the_amount_in_the_accounts_own_currency_follows_its_rates(self, run_desk: RunDesk) -> None:
        desk = run_desk({"currencies": ["USD", "JPY"]})
        names = "hs_amount_billed_in_company_currency"
        amounts = [desk.get("invoices", desk.invoice(hs_currency=code), names)[names] for code in ("AUD", "USD", "JPY")]
        assert amounts == ["100.00", "153.00", None]

    @pytest.mark.parametrize(("setting", "tax"), [("line", "0.09"), ("rate", "0.08")])
    def test_a_quirk_rounds_the_tax_of_lines_once_for_each_rate(
        self, run_desk: RunDesk, setting: str, tax: str
    ) -> None:
        desk = run_desk(quirks={"invoice-tax-rounding": setting})
        line = {"name": "Tea", "price": "0.25", "hs_tax_rate_group_id": GST}
        id = desk.invoice(line, line, line, opened=False)
        assert desk.state(id)[1] == Decimal("0.75") + Decimal(tax)

    def test_a_seed_without_lines_keeps_its_amounts_and_one_with_lines_is_worked_out(self, run_desk: RunDesk) -> None:
        link = {"line items": {"results": [{"id": "1", "type": "invoice_to_line_item"}]}}
        has = {"hs_currency": "AUD", "hs_amount_billed": 77, "hs_balance_due": 77, "hs_invoice_status": "open"}
        times = {"createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z"}
        rows = [{"id": "1", "properties": has, **times}, {"id": "2", "properties": has, "associations": link, **times}]
        line = {"id": "1", "properties": {"name": "Tea", "price": 12.5}}
        desk = run_desk({"invoices": rows, "line_items": [line]})
        assert [desk.state(id) for id in ("1", "2")] == [("open", 77, 77), ("open", Decimal("12.5"), Decimal("12.5"))]
        assert desk.get("invoices", "2", "hs_lastmodifieddate")["hs_lastmodifieddate"] == times["updatedAt"]
        desk.pay("1", "7")
        assert desk.state("1") == ("open", 77, 70)


CENTS = st.integers(0, 10**7)
LINES = st.lists(st.tuples(CENTS, st.integers(1, 10**5), st.integers(0, 1000), st.integers(0, 300)), max_size=8)


def half_up(value: Fraction) -> Fraction:
    return Fraction((value * 100 + Fraction(1, 2)).__floor__(), 100)


@given(LINES)
def test_an_invoice_is_the_sum_of_its_rounded_lines_and_their_rounded_taxes(
    rows: list[tuple[int, int, int, int]],
) -> None:
    lines, expected = [], Fraction(0)
    for price, quantity, discount, percent in rows:
        rate = TaxRate("1", "x", "x", Decimal(percent) / 10, True, "", "")
        texts = {"price": f"{Decimal(price) / 100:f}", "quantity": f"{Decimal(quantity) / 1000:f}"}
        texts["hs_discount_percentage"] = f"{Decimal(discount) / 10:f}"
        lines.append(texts | money.line_figures(texts, rate))
        net = half_up(Fraction(price, 100) * Fraction(quantity, 1000) * Fraction(1000 - discount, 1000))
        expected += net + half_up(net * Fraction(percent, 1000))
    assert Fraction(money.total(lines, (), (), (), by_rate=False)[1]) == expected
