"""What invoices come to in either app: the worked examples, and that the sandbox's apps come to the same."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.planning.totals import adjust, hubspot_line, hubspot_totals, priced, xero_line, xero_totals
from hxrules.sandbox.hubspot import money as hubspot_money
from hxrules.sandbox.hubspot.tax_rates import TaxRate
from hxrules.sandbox.server import SandboxOptions, running
from hxrules.sandbox.xero import money as xero_money
from hxrules.values import Line, Lines, number_text

CENT = Decimal("0.01")
PERCENTS = {"OUTPUT": Decimal(10), "OUTPUT2": Decimal(15), "LEVY": Decimal("2.5"), "NONE": Decimal(0)}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def percent_of(name: str | None) -> Decimal:
    return PERCENTS.get(name or "", Decimal(0))


def sale(quantity: str | None, price: str | None, tax: str | None = "OUTPUT2", **more: str) -> Line:
    """A line in Xero's terms."""
    numbers = {"Quantity": quantity, "UnitAmount": price, **more}
    return Line.of("lines", None, {name: text and Decimal(text) for name, text in numbers.items()} | {"TaxType": tax})


def item(quantity: str, price: str, rate: str | None = None, **more: str) -> Line:
    """A line in HubSpot's terms."""
    numbers = {"quantity": quantity, "price": price, **more}
    return Line.of(
        "line_items", None, {name: Decimal(text) for name, text in numbers.items()} | {"hs_tax_rate_group_id": rate}
    )


def whole(type_name: str, kind: str, value: str) -> Line:
    """A discount or tax of the whole invoice."""
    return Line.of(type_name, None, {"hs_type": kind, "hs_value": Decimal(value)})


def as_text(totals: Any) -> tuple[str, str, str]:
    return str(totals.net), str(totals.tax), str(totals.total)


# --- worked examples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "net", "tax", "total"),
    [
        pytest.param([], "0.00", "0.00", "0.00", id="without lines"),
        pytest.param(
            [sale("1", "25.06"), sale("1", "25.61"), sale("1", "25.63")], "76.30", "11.44", "87.74", id="tax is rounded per line"
        ),
        pytest.param([sale("2", "10.50")], "21.00", "3.15", "24.15", id="quantity times price"),
        pytest.param([sale(None, None), sale("2", "10.50")], "21.00", "3.15", "24.15", id="a line of text alone"),
        pytest.param([sale("1", "2120.44", None, DiscountRate="10")], "1908.40", "0.00", "1908.40", id="discount in percent"),
        pytest.param([sale("3", "10", DiscountAmount="2.50")], "27.50", "4.13", "31.63", id="discount of the line, tie away from zero"),
        pytest.param([sale("1", "100"), sale("-1", "0.1")], "99.90", "14.98", "114.88", id="half a cent of a negative line too"),
        pytest.param([sale("1000", "0.00125")], "1.30", "0.20", "1.50", id="a price has four decimals"),
        pytest.param([sale("0.33335", "30000")], "10002.00", "1500.30", "11502.30", id="a quantity has four decimals"),
        pytest.param([sale("1", "10", TaxAmount="1.49")], "10.00", "1.49", "11.49", id="a tax amount overrides the percentage"),
        pytest.param([sale("1", "10", TaxAmount="0")], "10.00", "0.00", "10.00", id="a tax amount of nothing too"),
    ],
)  # fmt: skip
def test_xero_comes_to(lines: list[Line], net: str, tax: str, total: str) -> None:
    assert as_text(xero_totals(Lines(tuple(lines)), percent_of)) == (net, tax, total)


@pytest.mark.parametrize(
    ("lines", "net", "tax", "total"),
    [
        pytest.param([], "0.00", "0.00", "0.00", id="without lines"),
        pytest.param([item("2", "10.50", "OUTPUT2")], "21.00", "3.15", "24.15", id="tax of a line"),
        pytest.param([item("3", "10", "OUTPUT", discount="0.5")], "28.50", "2.85", "31.35", id="a discount per unit"),
        pytest.param(
            [item("3", "10", "OUTPUT", discount="0.5", hs_discount_percentage="10")],
            "27.00", "2.70", "29.70", id="a discount in percent counts before one per unit",
        ),
        pytest.param([item("2", "10"), whole("discounts", "percent", "10")], "18.00", "0.00", "18.00", id="a percentage off"),
        pytest.param(
            [whole("taxes", "percent", "10"), whole("discounts", "fixed", "5"), item("2", "10")],
            "15.00", "1.50", "16.50", id="discounts come before taxes",
        ),
        pytest.param(
            [item("1", "100", "OUTPUT"), whole("discounts", "fixed", "20")],
            "80.00", "10.00", "90.00", id="the tax of lines knows nothing of discounts of the whole",
        ),
        pytest.param(
            [item("1", "10"), whole("discounts", "fixed", "20"), whole("taxes", "fixed", "1")],
            "0.00", "1.00", "1.00", id="discounts take no more than there is",
        ),
        pytest.param(
            [item("1", "100"), whole("taxes", "percent", "10"), whole("taxes", "percent", "10")],
            "100.00", "21.00", "121.00", id="a tax on top of a tax",
        ),
    ],
)  # fmt: skip
def test_hubspot_comes_to(lines: list[Line], net: str, tax: str, total: str) -> None:
    assert as_text(hubspot_totals(Lines(tuple(lines)), percent_of)) == (net, tax, total)


# --- the sandbox's apps come to the same -------------------------------------------------------------------------------------

amounts = st.decimals(0, 100_000, places=4)
quantities = st.decimals(-1000, 10_000, places=4)
shares = st.decimals(0, 100, places=2)
taxes = st.sampled_from([*PERCENTS, None])


@st.composite
def xero_lines(draw: st.DrawFn) -> Line:
    numbers: dict[str, Decimal] = {"Quantity": draw(quantities), "UnitAmount": draw(amounts)}
    if discount := draw(st.sampled_from(["", "DiscountRate", "DiscountAmount"])):
        numbers[discount] = draw(shares)
    return Line.of("lines", None, {**numbers, "TaxType": draw(taxes)})


@st.composite
def hubspot_lines(draw: st.DrawFn) -> Line:
    numbers: dict[str, Decimal] = {"quantity": draw(quantities), "price": draw(amounts)}
    if discount := draw(st.sampled_from(["", "hs_discount_percentage", "discount"])):
        numbers[discount] = draw(shares)
    return Line.of("line_items", None, {**numbers, "hs_tax_rate_group_id": draw(taxes)})


def adjustments(type_name: str) -> st.SearchStrategy[Line]:
    return st.builds(
        lambda kind, value: Line.of(type_name, None, {"hs_type": kind, "hs_value": value}),
        st.sampled_from(["percent", "fixed"]),
        shares,
    )


def written(values: Mapping[str, Any]) -> dict[str, str]:
    """As HubSpot holds properties."""
    texts = {name: number_text(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    return texts | ({"hs_type": texts["hs_type"].upper()} if "hs_type" in texts else {})


@given(st.lists(xero_lines(), max_size=8))
def test_xero_totals_are_the_sandboxs(lines: list[Line]) -> None:
    rounding, rows = xero_money.Rounding(), []
    for line in lines:
        discount = xero_money.Discount(line.number("DiscountRate"), line.number("DiscountAmount"))
        amount = rounding.line_amount(line.number("Quantity"), line.number("UnitAmount"), discount)
        tax_type = line.get("TaxType")
        percent = percent_of(tax_type if isinstance(tax_type, str) else None)
        rows.append({"LineAmount": amount, "TaxAmount": rounding.tax(amount, percent, "Exclusive")})
    theirs, ours = xero_money.totals(rows, "Exclusive"), xero_totals(Lines(tuple(lines)), percent_of)
    assert (ours.net, ours.tax, ours.total) == (theirs["SubTotal"], theirs["TotalTax"], theirs["Total"])


@given(
    st.lists(hubspot_lines(), max_size=6),
    st.lists(adjustments("discounts"), max_size=3),
    st.lists(adjustments("taxes"), max_size=3),
)
def test_hubspot_totals_are_the_sandboxs(lines: list[Line], discounts: list[Line], taxes: list[Line]) -> None:
    rows: list[dict[str, str]] = []
    for line in lines:
        values = written(dict(line.values))
        name = values.get("hs_tax_rate_group_id")
        rate = TaxRate(name, name, name, percent_of(name), True, "", "") if name else None
        rows.append({**values, **hubspot_money.line_figures(values, rate)})
    parts = [
        [{**written(dict(each.values)), "hs_sort_order": str(place)} for place, each in enumerate(part)]
        for part in (discounts, taxes)
    ]
    _, total = hubspot_money.total(rows, parts[0], [], parts[1], by_rate=False)
    ours = hubspot_totals(Lines((*lines, *taxes, *discounts)), percent_of)
    assert ours.total == total
    assert ours.net + ours.tax == ours.total


def test_xero_answers_with_these_totals() -> None:
    lines = [
        sale("3", "9.9999", "OUTPUT", DiscountRate="12.5"),
        sale("7", "0.6667", "OUTPUT"),
        sale("1", "4.95", "EXEMPTOUTPUT", DiscountAmount="0.99"),
        sale(None, None, None),
        sale("1", "100.05", "OUTPUT", TaxAmount="10.00"),
    ]
    sent = [
        {
            "Description": "Tea",
            "AccountCode": "200",
            **{name: float(v) if isinstance(v, Decimal) else v for name, v in line.values},
        }
        if line.values
        else {"Description": "With thanks"}
        for line in lines
    ]
    invoice = {
        "Type": "ACCREC",
        "Date": "2026-11-01",
        "DueDate": "2026-12-01",
        "Status": "AUTHORISED",
        "LineItems": sent,
    }
    with running(SandboxOptions()) as info, httpx.Client(base_url=info.xero_url, verify=NO_TLS) as xero:
        xero.headers["Accept"] = "application/json"
        basic = (info.xero_client_id, info.xero_client_secret)
        form = {"grant_type": "client_credentials", "scope": "accounting.invoices"}
        token = xero.post("/connect/token", data=form, auth=basic).json()["access_token"]
        xero.headers["Authorization"] = f"Bearer {token}"
        answer = xero.put("/api.xro/2.0/Invoices", params={"unitdp": 4}, json={**invoice, "Contact": {"Name": "Acme"}})
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["Invoices"]
    ours = xero_totals(Lines(tuple(lines)), percent_of)
    assert [Decimal(str(row[name])) for name in ("SubTotal", "TotalTax", "Total")] == [ours.net, ours.tax, ours.total]


def test_hubspot_answers_with_these_totals() -> None:
    gst = "2148420991"
    lines = [
        item("3", "9.995", gst, hs_discount_percentage="12.5"),
        item("7", "0.6667", gst),
        item("2", "4.95", discount="0.333"),
        whole("discounts", "percent", "7.5"),
        whole("taxes", "fixed", "1.23"),
        whole("taxes", "percent", "2.5"),
    ]
    type_ids = {"line_items": 409, "discounts": 411, "taxes": 415}
    with running(SandboxOptions()) as info, httpx.Client(base_url=info.hubspot_url, verify=NO_TLS) as hubspot:
        hubspot.headers["Authorization"] = f"Bearer {info.hubspot_token}"

        def create(path: str, body: dict[str, Any]) -> str:
            answer = hubspot.post(f"/crm/objects/2026-09/{path}", json=body)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        parts = []
        for place, line in enumerate(lines):
            more = {"name": "Tea"} if line.type == "line_items" else {"hs_label": "all", "hs_sort_order": str(place)}
            made = create(line.type, {"properties": {**written(dict(line.values)), **more}})
            kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_ids[line.type]}
            parts.append({"to": {"id": made}, "types": [kind]})
        invoice = create("invoices", {"properties": {"hs_currency": "AUD"}, "associations": parts})
        query = {"properties": "hs_amount_billed"}
        total = hubspot.get(f"/crm/objects/2026-09/invoices/{invoice}", params=query).json()["properties"][
            "hs_amount_billed"
        ]
    ours = hubspot_totals(Lines(tuple(lines)), lambda rate: Decimal(10) if rate == gst else Decimal(0))
    assert Decimal(total) == ours.total


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_any_two_numbers_of_a_computers_size_have_a_product(quantity: Decimal, price: Decimal) -> None:
    if max(abs(quantity.adjusted()), abs(price.adjusted())) > 308:
        quantity, price = quantity.scaleb(-quantity.adjusted()), price.scaleb(-price.adjusted())
    line = Line.of("line_items", None, {"quantity": quantity, "price": price})
    assert hubspot_line(line, Decimal(10)).net.as_tuple().exponent == -2


# --- a cent made up for ------------------------------------------------------------------------------------------------------


def made_up(lines: list[Line], wanted: str) -> list[tuple[str, str | None]] | None:
    """Prices, and the tax amounts that make the total `wanted`."""
    found = adjust(Lines(tuple(lines)), percent_of, Decimal(wanted))
    if found is None:
        return None
    amounts = [(line.get("UnitAmount"), line.get("TaxAmount")) for line in found.items]
    return [(str(price), None if tax is None else str(tax)) for price, tax in amounts]


def test_the_largest_line_takes_the_cent() -> None:
    lines = [sale("1", "25.06"), sale("1", "25.63"), sale("1", "25.61")]
    assert made_up(lines, "87.74") == [("25.06", None), ("25.63", None), ("25.61", None)]
    assert made_up(lines, "87.75") == [("25.06", None), ("25.63", "3.85"), ("25.61", None)]
    assert made_up(lines, "87.72") == [("25.06", None), ("25.63", "3.83"), ("25.61", "3.83")]


def test_no_line_takes_more_than_a_cent() -> None:
    lines = [sale("1", "25.06"), sale("1", "25.61"), sale("1", "25.63")]
    assert made_up(lines, "87.77") is not None
    assert made_up(lines, "87.78") is None
    assert made_up(lines, "87.745") is None


def test_untaxed_negative_and_empty_lines_take_none() -> None:
    lines = [sale("1", "1000", "NONE"), sale("-1", "10"), sale(None, None), sale("1", "0", "OUTPUT")]
    assert made_up(lines, "988.51") is None
    assert made_up([*lines, sale("1", "10")], "1000.01") == [
        ("1000", None),
        ("10", None),
        ("None", None),
        ("0", None),
        ("10", "1.51"),
    ]


def test_tax_is_neither_negative_nor_more_than_the_line() -> None:
    assert made_up([sale("1", "0.01", "LEVY")], "0.00") is None
    assert made_up([sale("1", "0.01", "LEVY")], "0.02") == [("0.01", "0.01")]
    assert made_up([sale("1", "0.01", TaxAmount="0.01")], "0.03") is None


def test_a_line_whose_tax_is_within_its_unit_price_comes_first() -> None:
    lines = [sale("1000", "0.5"), sale("1", "20")]
    assert made_up(lines, "598.01") == [("0.5", None), ("20", "3.01")]
    assert made_up(lines, "598.02") == [("0.5", "75.01"), ("20", "3.01")]


@given(st.lists(xero_lines(), max_size=8), st.integers(-9, 9), st.randoms(use_true_random=False))
def test_the_adjusted_total_is_the_wanted_one(lines: list[Line], cents: int, order: Any) -> None:
    before = Lines(tuple(lines))
    wanted = xero_totals(before, percent_of).total + cents * CENT
    found = adjust(before, percent_of, wanted)
    shuffled = order.sample(lines, len(lines))
    assert adjust(Lines(tuple(shuffled)), percent_of, wanted) == found
    if found is None:
        assert cents
        return
    assert xero_totals(found, percent_of).total == wanted
    for old, new in zip(lines, found.items, strict=True):
        percent = percent_of(str(old.get("TaxType")))
        was, now = xero_line(old, percent), xero_line(new, percent)
        assert abs(now.tax - was.tax) <= CENT
        assert now.net == was.net
        if now != was:
            assert percent > 0
            assert 0 <= now.tax <= now.net


@given(st.lists(xero_lines(), max_size=8))
def test_as_many_cents_can_be_added_as_lines_are_taxed(lines: list[Line]) -> None:
    taxed = [line for line in lines if percent_of(str(line.get("TaxType"))) and xero_line(line, Decimal(10)).net >= 1]
    total = xero_totals(Lines(tuple(taxed)), percent_of).total
    assert adjust(Lines(tuple(taxed)), percent_of, total + len(taxed) * CENT) is not None
    assert adjust(Lines(tuple(taxed)), percent_of, total + (len(taxed) + 1) * CENT) is None


# --- a price for an amount ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "quantity", "percent_off", "price"),
    [
        ("21.00", "2", "0", "10.5"),
        ("20.00", "2", "0", "10"),
        ("470.65", "1", "0", "470.65"),
        ("0.00", "3", "0", "0"),
        ("10.00", "3", "0", "3.333"),
        ("-10.00", "3", "0", "-3.333"),
        ("10.00", "-4", "0", "-2.5"),
        ("90.00", "1", "10", "100"),
        ("434.78", "7", "12.5", "70.984"),
        ("0.01", "0.001", "0", "10"),
        ("1.00", "0", "0", None),
        ("0.00", "0", "0", None),
        ("0.00", "5", "100", None),
        ("1.005", "1", "0", None),
        ("10000000.01", "90000", "0", "111.1111112"),
        ("1000000.01", "9000000000", "0", None),
    ],
)
def test_price_with_the_fewest_decimals(net: str, quantity: str, percent_off: str, price: str | None) -> None:
    found = priced(Decimal(net), Decimal(quantity), Decimal(percent_off))
    assert (None if found is None else str(found)) == price


@given(st.decimals(-10_000, 10_000, places=2), quantities, st.decimals(0, 100, places=2))
def test_a_price_gives_its_amount_back_and_no_shorter_one_does(net: Decimal, quantity: Decimal, off: Decimal) -> None:
    share = quantity * (100 - off) / 100

    def comes_to(price: Decimal) -> Decimal:
        return xero_money.Rounding().cents(price * share)

    price = priced(net, quantity, off)
    if price is None:
        assert not share or comes_to(Decimal(round(net / share * 10**8)) / 10**8) != net
        return
    assert comes_to(price) == net
    decimals = -int(price.as_tuple().exponent)
    assert 0 <= decimals <= 8
    if decimals:
        near = int(net / share * 10 ** (decimals - 1))
        assert all(comes_to(Decimal(each).scaleb(1 - decimals)) != net for each in range(near - 2, near + 3))
