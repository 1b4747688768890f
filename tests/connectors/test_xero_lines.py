"""What the lines of Xero's invoices are: values without tax, of which each write says all that Xero would keep."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hxrules.catalogue import Writable, load_catalogue
from hxrules.connectors.http import encode_body
from hxrules.connectors.xero_codec import Decoder, element_of
from hxrules.connectors.xero_lines import read_lines, written_lines
from hxrules.records import App, Life, Write
from hxrules.values import IdOf, Line, Lines, Scalar, Value
from tests.connectors.test_codecs import line as text

INVOICES = load_catalogue().type(App.XERO, "invoices")
PAYMENTS = load_catalogue().type(App.XERO, "payments")
LINES = INVOICES.fields["LineItems"]
CENT = Decimal("0.01")
ID = "11111111-0000-4000-8000-000000000000"

amounts = st.decimals(Decimal("0.01"), 10**6, places=4)
values = st.fixed_dictionaries(
    {"Description": text.map(str.strip)},
    optional={
        "Quantity": amounts,
        "UnitAmount": st.decimals(-(10**6), 10**6, places=4),
        "DiscountRate": st.decimals(Decimal("0.01"), 100, places=2),
        "TaxType": st.sampled_from(["OUTPUT", "NONE"]),
        "TaxAmount": st.decimals(-(10**6), 10**6, places=2),
        "ItemCode": st.sampled_from(["A-1", "x"]),
    },
)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def sent(values: dict[str, Value], record_id: str | None = None, type_name: str = "invoices") -> dict[str, Any]:
    """What a write of these values says on the wire, beside what every create says."""
    info = load_catalogue().type(App.XERO, type_name)
    write = Write(App.XERO, type_name, "k", record_id, {info.fields[name]: value for name, value in values.items()})
    document: dict[str, Any] = msgspec.json.Decoder(float_hook=Decimal).decode(encode_body(element_of(info, write)))
    return document


def read(*lines: dict[str, Any], **document: Any) -> Value:
    record = Decoder(INVOICES, [LINES]).record({"InvoiceID": ID, "LineItems": list(lines), **document})
    assert not record.broken
    return record.fields["LineItems"]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_a_line_is_what_it_says_without_id_and_account() -> None:
    raw = {
        "LineItemID": ID,
        "Description": "Work",
        "Quantity": 2,
        "UnitAmount": Decimal("10.1234"),
        "LineAmount": Decimal("18.22"),
        "DiscountRate": 10,
        "TaxType": "OUTPUT",
        "TaxAmount": Decimal("1.82"),
        "AccountCode": "200",
        "AccountID": ID,
        "ItemCode": "A-1",
        "Item": {"Code": "A-1"},
        "Tracking": [],
    }
    found = read(raw)
    assert isinstance(found, Lines)
    [line] = found.items
    assert (line.type, line.id) == ("lines", ID)
    assert dict(line.values) == {
        name: raw[name]
        for name in (
            *("Description", "Quantity", "UnitAmount", "LineAmount"),
            *("DiscountRate", "TaxType", "TaxAmount", "ItemCode"),
        )
    }


@pytest.mark.parametrize("nothing", ["", None, "  "])
def test_what_a_line_has_nothing_of_is_left_out(nothing: Any) -> None:
    empty = {"DiscountRate": 0, "DiscountAmount": Decimal("0.00"), "ItemCode": nothing, "TaxType": nothing}
    assert read({"Description": "Work", **empty}) == read({"Description": "Work"})


def test_an_invoice_without_lines_has_none() -> None:
    assert read() is None
    assert Decoder(INVOICES, [LINES]).record({"InvoiceID": ID}).fields == {"LineItems": None}


@pytest.mark.parametrize("raw", [["text"], [{"Quantity": "many"}], "text", [{"UnitAmount": True}]])
def test_lines_that_are_none_are_kept_as_they_came(raw: Any) -> None:
    record = Decoder(INVOICES, [LINES]).record({"InvoiceID": ID, "LineItems": raw})
    assert (record.fields, list(record.broken)) == ({}, ["LineItems"])


INCLUSIVE: list[tuple[dict[str, str], dict[str, str]]] = [
    (
        {"Quantity": "1", "UnitAmount": "11.00", "LineAmount": "11.00", "TaxAmount": "1.00"},
        {"UnitAmount": "10", "LineAmount": "10.00"},
    ),
    (
        {"Quantity": "3", "UnitAmount": "3.67", "LineAmount": "11.01", "TaxAmount": "1.00"},
        {"UnitAmount": "3.337", "LineAmount": "10.01"},
    ),
    (
        {"Quantity": "1", "UnitAmount": "541.25", "LineAmount": "541.25", "TaxAmount": "70.60"},
        {"UnitAmount": "470.65", "LineAmount": "470.65"},
    ),
    (
        {"Quantity": "2", "UnitAmount": "11", "DiscountRate": "50", "LineAmount": "11.00", "TaxAmount": "1.00"},
        {"UnitAmount": "10", "LineAmount": "10.00"},
    ),
    (
        {"Quantity": "2", "UnitAmount": "11", "DiscountAmount": "11", "LineAmount": "11.00", "TaxAmount": "1.00"},
        {"UnitAmount": "10", "LineAmount": "10.00", "DiscountAmount": "10"},
    ),
    (
        {"Quantity": "-1", "UnitAmount": "11", "LineAmount": "-11.00", "TaxAmount": "-1.00"},
        {"UnitAmount": "10", "LineAmount": "-10.00"},
    ),
    ({"Quantity": "1", "UnitAmount": "11.00", "LineAmount": "11.00", "TaxAmount": "0"}, {}),
    ({"Quantity": "2", "UnitAmount": "11", "DiscountRate": "100", "LineAmount": "0.00", "TaxAmount": "0"}, {}),
]


@pytest.mark.parametrize(("raw", "net"), INCLUSIVE)
def test_prices_that_include_tax_are_read_without_it(raw: dict[str, str], net: dict[str, str]) -> None:
    line: dict[str, Any] = {"Description": "Work", **{name: Decimal(value) for name, value in raw.items()}}
    other = {**line, **{name: Decimal(value) for name, value in net.items()}}
    assert read(line, LineAmountTypes="Inclusive") == read(other, LineAmountTypes="Exclusive")
    assert read(line, LineAmountTypes="NoTax") == read(line)


@given(
    st.decimals(Decimal("0.0001"), 9999, places=4),
    st.decimals(Decimal("0.0001"), 10**5, places=4),
    st.decimals(0, 99, places=2),
    st.sampled_from([5, 10, 15, 19, 20, Decimal("8.25")]),
    st.booleans(),
)
def test_a_net_price_comes_to_the_net_amount(
    quantity: Decimal, price: Decimal, cut: Decimal, rate: Decimal, by_percent: bool
) -> None:
    gross = quantity * price
    amount = cents(gross * (100 - cut) / 100)
    raw: dict[str, Any] = {"Quantity": quantity, "UnitAmount": price}
    if by_percent:
        raw["DiscountRate"] = cut
    else:
        raw["DiscountAmount"] = cents(gross * cut / 100)
        amount = cents(gross - raw["DiscountAmount"])
    raw |= {"LineAmount": amount, "TaxAmount": cents(amount * rate / (100 + rate))}
    [line] = read_lines([raw], "Inclusive").items
    net = cents(line.number("Quantity") * line.number("UnitAmount") * (100 - line.number("DiscountRate")) / 100)
    if not by_percent:
        net = cents(line.number("Quantity") * line.number("UnitAmount") - line.number("DiscountAmount"))
    assert line.number("LineAmount") + line.number("TaxAmount") == amount
    assert net == line.number("LineAmount")
    assert -line.number("UnitAmount").as_tuple().exponent <= 8  # type: ignore[operator]


# --- writing ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(values, st.none() | st.uuids().map(str)), min_size=1, max_size=4))
def test_lines_read_back_as_they_were_written(lines: list[tuple[dict[str, Scalar], str | None]]) -> None:
    wanted = Lines(tuple(Line.of("lines", own, {k: v or None for k, v in each.items()}) for each, own in lines))
    assume(all(line.values for line in wanted.items))
    document = sent({"LineItems": wanted}, ID)
    found = read(*document["LineItems"], LineAmountTypes=document["LineAmountTypes"])
    assert isinstance(found, Lines)
    assert found.items == wanted.items
    assert [each.id for each in found.items] == [each.id for each in wanted.items]


def test_a_new_line_says_what_it_has_and_a_known_one_also_what_it_has_no_longer() -> None:
    told: dict[str, Scalar] = {
        "Description": "Work",
        "Quantity": Decimal(2),
        "UnitAmount": Decimal("10.1234"),
        "AccountCode": "200",
        "TaxType": "OUTPUT",
        "LineAmount": Decimal("20.25"),
    }
    wire = {name: value for name, value in told.items() if name != "LineAmount"}
    cut: dict[str, Scalar] = {"DiscountAmount": Decimal(5), "ItemCode": "A-1", "TaxAmount": Decimal("1.53")}
    lines = Lines((Line.of("lines", None, told), Line.of("lines", ID, told), Line.of("lines", ID, told | cut)))
    assert written_lines(lines) == {
        "LineAmountTypes": "Exclusive",
        "LineItems": [
            wire,
            {"LineItemID": ID, **wire, "ItemCode": "", "DiscountRate": 0, "DiscountAmount": 0},
            {"LineItemID": ID, **wire, **cut, "DiscountRate": 0},
        ],
    }


def test_a_create_says_what_every_create_of_its_type_says() -> None:
    assert sent({"Reference": "x"}) == {"Type": "ACCREC", "LineAmountTypes": "Exclusive", "Reference": "x"}
    assert sent({"Reference": "x"}, ID) == {"InvoiceID": ID, "Reference": "x"}
    assert sent({"Reference": "x"}, type_name="payments") == {"Reference": "x"}


def test_another_record_is_named_by_its_id_and_nothing_else() -> None:
    """Any other key in an invoice's contact would change the contact."""
    customer = INVOICES.fields["Customer"]
    document = {"InvoiceID": ID, "Contact": {"ContactID": "c", "Name": "Ann", "ContactPersons": []}}
    record = Decoder(INVOICES, [customer]).record(document)
    assert (record.fields, record.slots) == ({"Customer": "c"}, {})
    write = Write(App.XERO, "invoices", "k", ID, {customer: "d"}, slots={"Contact": document["Contact"]})  # type: ignore[dict-item]
    assert element_of(INVOICES, write) == {"InvoiceID": ID, "Contact": {"ContactID": "d"}}
    assert INVOICES.at_path("Contact.Name").writable is Writable.NEVER
    assert INVOICES.at_path("Own.Name").writable is Writable.ALWAYS
    assert sent({"Invoice": "i", "Account": "090", "Amount": Decimal("32.06")}, type_name="payments") == {
        "Invoice": {"InvoiceID": "i"},
        "Account": {"Code": "090"},
        "Amount": Decimal("32.06"),
    }


def test_what_is_not_known_yet_is_not_written() -> None:
    with pytest.raises(ValueError, match="Customer"):
        sent({"Customer": IdOf("link")})


# --- life ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "status", "life"),
    [
        ("invoices", "DRAFT", Life.LIVE),
        ("invoices", "PAID", Life.LIVE),
        ("invoices", "VOIDED", Life.VOIDED),
        ("invoices", "DELETED", Life.DELETED),
        ("payments", "AUTHORISED", Life.LIVE),
        ("payments", "DELETED", Life.DELETED),
        ("payments", None, Life.LIVE),
    ],
)
def test_what_has_ended_says_so_and_is_owed_no_longer(type_name: str, status: str | None, life: Life) -> None:
    info = load_catalogue().type(App.XERO, type_name)
    document = {info.id_field: ID, "Status": status, "AmountDue": Decimal("24.15")}
    owed = info.find("balance")
    record = Decoder(info, [owed] if owed else []).record(document)
    assert record.life is life
    if owed:
        assert record.fields == {"AmountDue": Decimal("24.15") if life is Life.LIVE else 0}
