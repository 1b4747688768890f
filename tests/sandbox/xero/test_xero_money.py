"""What lines and documents come to: the worked examples of facts/xero.md 6.1, and what holds for any figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xero_client import ConnectXero, Xero, messages, sale

from hxrules.sandbox.xero.money import AMOUNT_TYPES, LARGEST, Discount, Rounding, totals

CENTS = st.decimals(Decimal("-99999"), Decimal("99999"), places=2)
RATES = st.decimals(Decimal(0), Decimal(50), places=4)


def figures(xero: Xero, *lines: dict[str, Any], amounts: str = "Exclusive", **fields: Any) -> dict[str, Any]:
    """The document that these lines make, in exact numbers."""
    query = fields.pop("query", {})
    answer = xero.call("PUT", "Invoices", sale(*lines, LineAmountTypes=amounts, **fields), **query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json(parse_float=Decimal)["Invoices"][0]
    return document


def sums(document: dict[str, Any]) -> list[str]:
    return [str(document[name]) for name in ("SubTotal", "TotalTax", "Total")]


@pytest.fixture
def nz(connect: ConnectXero) -> Xero:
    """An organisation where sales are taxed at 15 %, as in the recordings."""
    return connect(part={"organisation": {"Version": "NZ"}})


@pytest.mark.parametrize(
    ("amounts", "lines", "taxes", "expected"),
    [
        ("Exclusive", ["25.06", "25.61", "25.63"], ["3.76", "3.84", "3.84"], ["76.30", "11.44", "87.74"]),
        ("Inclusive", ["541.25"], ["70.60"], ["470.65", "70.60", "541.25"]),
        ("Inclusive", ["500"], ["65.22"], ["434.78", "65.22", "500.00"]),
        ("NoTax", ["500"], ["0.00"], ["500.00", "0.00", "500.00"]),
        ("Exclusive", ["100", "-40"], ["15.00", "-6.00"], ["60.00", "9.00", "69.00"]),
    ],
)
def test_tax_is_rounded_line_by_line_and_then_added_up(
    nz: Xero, amounts: str, lines: list[str], taxes: list[str], expected: list[str]
) -> None:
    document = figures(nz, *({"UnitAmount": price} for price in lines), amounts=amounts)
    assert [str(each["TaxAmount"]) for each in document["LineItems"]] == taxes
    assert sums(document) == expected


def test_the_recorded_two_times_ten_fifty(nz: Xero) -> None:
    document = figures(nz, {"Quantity": 2, "UnitAmount": "10.50"})
    (row,) = document["LineItems"]
    assert [str(row[name]) for name in ("LineAmount", "TaxAmount")] == ["21.00", "3.15"]
    assert (row["TaxType"], sums(document)) == ("OUTPUT2", ["21.00", "3.15", "24.15"])


@pytest.mark.parametrize(
    ("query", "price", "quantity", "kept", "amount"),
    [
        ({}, "1.795", 1, "1.80", "1.80"),
        ({}, "1.794", 1, "1.79", "1.79"),
        ({}, "0.061171", 1000, "0.06", "60.00"),
        ({"unitdp": "4"}, "0.061171", 1000, "0.0612", "61.20"),
        ({"unitdp": "4"}, "1.79555", 1, "1.7956", "1.80"),
        ({"unitdp": "3"}, "1.7955", 1, "1.80", "1.80"),
        ({}, "-1.005", 1, "-1.01", "-1.01"),
        ({}, "10", "0.33335", "10.00", "3.33"),
    ],
)
def test_a_price_is_rounded_before_it_is_multiplied(
    shared: Xero, query: dict[str, str], price: str, quantity: Any, kept: str, amount: str
) -> None:
    rest = {"Quantity": 1, "UnitAmount": 100}
    document = figures(shared, {"UnitAmount": price, "Quantity": quantity}, rest, query=query)
    row = document["LineItems"][0]
    assert (str(row["UnitAmount"]), str(row["LineAmount"])) == (kept, amount)


def test_four_decimals_are_kept_and_shown_on_demand_alone(shared: Xero) -> None:
    made = figures(shared, {"UnitAmount": "1.2345", "Quantity": 100}, query={"unitdp": "4"})
    key = f"Invoices/{made['InvoiceID']}"
    exact, rounded = (shared.get(key, **query).json()["Invoices"][0] for query in ({"unitdp": "4"}, {}))
    assert (exact["LineItems"][0]["UnitAmount"], rounded["LineItems"][0]["UnitAmount"]) == (1.2345, 1.23)
    assert (exact["SubTotal"], rounded["SubTotal"]) == (123.45, 123.45)
    back = {"LineItemID": made["LineItems"][0]["LineItemID"], "UnitAmount": rounded["LineItems"][0]["UnitAmount"]}
    assert shared.one("POST", key, {"LineItems": [back]})["SubTotal"] == 123.0, "what was read short is written short"


@pytest.mark.parametrize(
    ("quirk", "discount", "price", "amount"),
    [
        ("ties", {"DiscountRate": 20}, "100", "80.00"),
        ("ties", {"DiscountRate": "10"}, "2120.44", "1908.40"),
        ("down", {"DiscountRate": "10"}, "2120.44", "1908.39"),
        ("ties", {"DiscountAmount": "12.345"}, "100", "87.66"),
        ("ties", {"DiscountRate": 100}, "795", "0.00"),
        ("ties", {"DiscountRate": 0}, "-50", "-50.00"),
    ],
)
def test_a_line_may_be_discounted_by_percent_or_amount(
    connect: ConnectXero, quirk: str, discount: dict[str, Any], price: str, amount: str
) -> None:
    xero = connect(quirks={"discount-rounding": quirk})
    document = figures(xero, {"UnitAmount": price, **discount}, {"UnitAmount": 1000})
    row = document["LineItems"][0]
    assert str(row["LineAmount"]) == amount
    assert document["IsDiscounted"] is (Decimal(price) != row["LineAmount"])
    assert document.get("TotalDiscount", 0) == Decimal(price) - row["LineAmount"]


@pytest.mark.parametrize(
    ("discount", "told"),
    [
        (
            {"DiscountRate": 101},
            "The discount rate '101.00' is invalid. Discount must not be greater than the line total.",
        ),
        (
            {"DiscountRate": -1},
            "The discount rate '-1.00' is invalid. Discount must not be greater than the line total.",
        ),
        ({"DiscountAmount": 0, "UnitAmount": -1}, "The discount rate '0.00' is invalid. Discount must not be"),
        ({"DiscountAmount": 100.01}, "The discount rate '100.01' is invalid. Discount must not be"),
    ],
)
def test_a_discount_beyond_the_line_is_refused(shared: Xero, discount: dict[str, Any], told: str) -> None:
    answer = shared.call("PUT", "Invoices", sale(discount, {}))
    assert [text.startswith(told) for text in messages(answer)] == [True]


@pytest.mark.parametrize(
    ("sent", "quantity", "price", "amount"),
    [
        ({"UnitAmount": 7}, "1.0000", "7.00", "7.00"),
        ({"LineAmount": 10}, "1.0000", "10.00", "10.00"),
        ({"Quantity": 3, "LineAmount": 10}, "3.0000", "3.33", "10.00"),
        ({"UnitAmount": 4, "LineAmount": 10}, "2.5000", "4.00", "10.00"),
        ({"Quantity": 2, "UnitAmount": 5, "LineAmount": 10}, "2.0000", "5.00", "10.00"),
        ({"Quantity": 2, "LineAmount": 9, "DiscountRate": 10}, "2.0000", "5.00", "9.00"),
        ({"Quantity": 2}, "2.0000", "0.00", "0.00"),
    ],
)
def test_two_figures_give_the_third(shared: Xero, sent: dict[str, Any], quantity: str, price: str, amount: str) -> None:
    bare = {"Quantity": None, "UnitAmount": None}
    row = figures(shared, {**bare, **sent})["LineItems"][0]
    assert [str(row[name]) for name in ("Quantity", "UnitAmount", "LineAmount")] == [quantity, price, amount]


@pytest.mark.parametrize(("quantity", "price", "sent", "expected"), [(1, 100, 1, "100.00"), (3, "3.33", 10, "9.99")])
def test_a_line_amount_that_does_not_match_is_refused(
    shared: Xero, quantity: Any, price: Any, sent: Any, expected: str
) -> None:
    answer = shared.call("PUT", "Invoices", sale({"Quantity": quantity, "UnitAmount": price, "LineAmount": sent}))
    assert answer.status_code == 400
    assert messages(answer) == [f"The line total {sent:.2f} does not match the expected line total {expected}"]


@pytest.mark.parametrize(
    ("quirk", "tax", "fits"),
    [
        ("line-amount", "14.99", True),
        ("line-amount", "150.00", True),
        ("line-amount", "150.01", False),
        ("unit-amount", "50.01", False),
        ("none", "150.01", True),
    ],
)
def test_a_sent_tax_amount_counts_up_to_a_ceiling(connect: ConnectXero, quirk: str, tax: str, fits: bool) -> None:
    xero = connect(quirks={"tax-amount-ceiling": quirk})
    answer = xero.call("PUT", "Invoices", sale({"Quantity": 3, "UnitAmount": 50, "TaxAmount": tax}))
    if fits:
        assert answer.json(parse_float=Decimal)["Invoices"][0]["TotalTax"] == Decimal(tax)
    else:
        assert [text.startswith("The tax amount cannot be greater than the") for text in messages(answer)] == [True]


def test_no_tax_leaves_a_sent_tax_amount_out(shared: Xero) -> None:
    assert sums(figures(shared, {"TaxAmount": 5}, amounts="NoTax")) == ["100.00", "0.00", "100.00"]


def test_sent_totals_are_ignored(shared: Xero) -> None:
    assert sums(figures(shared, {}, SubTotal=1, TotalTax=2, Total=3)) == ["100.00", "10.00", "110.00"]


@pytest.mark.parametrize(("quirk", "tax"), [("half-up", "0.03"), ("half-even", "0.02")])
def test_ties_are_a_quirk(connect: ConnectXero, quirk: str, tax: str) -> None:
    document = figures(connect(quirks={"tie-rounding": quirk}), {"UnitAmount": "0.25"})
    assert str(document["TotalTax"]) == tax


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"UnitAmount": "9999999999.99", "TaxType": "EXEMPTOUTPUT"}, None),
        ({"UnitAmount": "10000000000"}, "The amount cannot exceed 9,999,999,999.99"),
        ({"UnitAmount": "9999999999.99"}, "The amount cannot exceed 9,999,999,999.99"),
        ({"UnitAmount": "5000000000", "Quantity": 2}, "The amount cannot exceed 9,999,999,999.99"),
        ({"UnitAmount": "1E+900"}, "The amount cannot exceed 9,999,999,999.99"),
        ({"LineAmount": "1E+900", "UnitAmount": None}, "The amount cannot exceed 9,999,999,999.99"),
        ({"TaxAmount": "1E+900"}, "The amount cannot exceed 9,999,999,999.99"),
        ({"DiscountAmount": "1E+900"}, "The amount cannot exceed 9,999,999,999.99"),
        ({"Quantity": "99999999.9999", "UnitAmount": "0.01"}, None),
        ({"Quantity": "999999999.9999", "UnitAmount": "0.01"}, "The quantity value '999999999.9999' is invalid."),
        ({"Quantity": "1E+900", "UnitAmount": "0.01"}, "The quantity value '1E+900' is invalid."),
    ],
)
def test_amounts_and_quantities_have_a_largest(shared: Xero, sent: dict[str, Any], told: str | None) -> None:
    answer = shared.call("PUT", "Invoices", sale(sent))
    assert messages(answer) == ([] if answer.status_code == 200 else [told])
    assert (answer.status_code == 200) is (told is None)


def test_numbers_are_exact_and_never_floats(shared: Xero) -> None:
    text = shared.call("PUT", "Invoices", sale({"Quantity": "0.3", "UnitAmount": "0.3"})).text
    assert '"Quantity":0.3000,' in text
    assert '"LineAmount":0.09,' in text
    assert '"Total":0.10,' in text


@given(st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=8), st.sampled_from(AMOUNT_TYPES))
def test_a_document_adds_up(pairs: list[tuple[Decimal, Decimal]], amounts: str) -> None:
    rounding = Rounding()
    lines = [{"LineAmount": each, "TaxAmount": rounding.tax(each, rate, amounts)} for each, rate in pairs]
    found = totals(lines, amounts)
    assert found["Total"] == found["SubTotal"] + found["TotalTax"]
    plain = sum(each for each, _ in pairs)
    assert found["Total" if amounts == "Inclusive" else "SubTotal"] == plain
    assert all(value.as_tuple().exponent == -2 for value in found.values())


@given(CENTS, RATES)
def test_tax_taken_out_of_a_gross_amount_comes_back_on_the_net_one_to_the_cent(gross: Decimal, rate: Decimal) -> None:
    rounding = Rounding()
    inside = rounding.tax(gross, rate, "Inclusive")
    assert abs(rounding.tax(gross - inside, rate, "Exclusive") - inside) <= Decimal("0.01")


@given(CENTS, RATES)
def test_the_sign_makes_no_difference_to_the_cents(amount: Decimal, rate: Decimal) -> None:
    rounding = Rounding()
    for amounts in AMOUNT_TYPES:
        assert rounding.tax(-amount, rate, amounts) == -rounding.tax(amount, rate, amounts)


@given(
    st.decimals(0, 99999, places=4),
    st.decimals(0, 99999, places=4),
    st.decimals(0, 100, places=2),
)
def test_a_discount_never_adds_and_never_takes_more_than_all(quantity: Decimal, price: Decimal, rate: Decimal) -> None:
    rounding = Rounding()
    full = rounding.line_amount(quantity, price, Discount())
    assert 0 <= rounding.line_amount(quantity, price, Discount(rate=rate)) <= full <= LARGEST


def test_a_line_needs_no_figures_at_all(shared: Xero) -> None:
    bare = {"Quantity": None, "UnitAmount": None, "AccountCode": None}
    document = shared.invoice({}, {**bare, "Description": "Thank you"})
    assert set(document["LineItems"][1]) == {"Description", "Tracking", "LineItemID", "ValidationErrors"}
    assert document["Total"] == 110
