"""Whatever a client sends, the answer is one of Xero's own: saved, refused or unknown, and never an internal error."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xero_client import Xero, line, payment, sale

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", " ", "x" * 300, "<b>", "№", "0", "-1", "1E+999", "NaN", "/Date(1)/", "2026-10-01", "PAID"]),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([[], {}, [{}], {"Code": "090"}, {"Name": "Acme"}, {"InvoiceNumber": "INV-0001"}, "200", "OUTPUT"]),
)
"""Values of every kind, for whatever key."""


def garbled(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The element with some of its values replaced by odd ones, or left out."""
    return st.dictionaries(st.sampled_from(sorted(whole)), ODD, max_size=3).map(lambda odd: {**whole, **odd})


LINES = st.lists(garbled(line(ItemCode="A", TaxType="OUTPUT", TaxAmount=1, LineAmount=100, DiscountRate=0)), max_size=2)
INVOICES = st.tuples(
    garbled(sale(CurrencyCode="AUD", CurrencyRate=1, InvoiceNumber="N1", Reference="r", LineAmountTypes="Exclusive")),
    LINES,
).map(lambda pair: {"LineItems": pair[1], **pair[0]})
PAYMENTS = garbled(
    {**payment({"InvoiceID": ""}, 1), "Invoice": {"InvoiceNumber": "INV-0001"}, "BankAmount": 1, "Code": ""}
)
DETAILS = garbled({"UnitPrice": 1, "AccountCode": "200", "TaxType": "OUTPUT"})
ITEMS = st.tuples(garbled({"Code": "A", "Name": "n", "IsSold": True, "InventoryAssetAccountCode": ""}), DETAILS).map(
    lambda pair: {"SalesDetails": pair[1], **pair[0]}
)
RATES = garbled(
    {"Name": "R", "TaxComponents": [{"Name": "C", "Rate": 1}], "ReportTaxType": "OUTPUT", "Status": "ACTIVE"}
)
ACCOUNTS = garbled({"Code": "C", "Name": "N", "Type": "REVENUE", "TaxType": "OUTPUT", "CurrencyCode": "AUD"})
RESOURCES = {
    "Invoices": INVOICES,
    "Payments": PAYMENTS,
    "Items": ITEMS,
    "TaxRates": RATES,
    "Accounts": ACCOUNTS,
}


@pytest.mark.parametrize("resource", RESOURCES)
@given(data=st.data())
def test_no_body_makes_an_internal_error(shared: Xero, resource: str, data: st.DataObject) -> None:
    if not shared.get("Invoices/INV-0001").content:
        shared.invoice({"UnitAmount": 100000})
    shared.info.environment.clock.advance(timedelta(milliseconds=100))  # an app may call 10,000 times a minute
    sent = data.draw(st.lists(RESOURCES[resource], min_size=1, max_size=2))
    for method in ("PUT", "POST"):
        answer = shared.call(method, resource, json.loads(json.dumps({resource: sent})), summarizeErrors="false")
        assert answer.status_code in (200, 400, 404, 405), answer.text
    assert shared.get(resource, **({"page": 1} if resource in ("Invoices", "Payments") else {})).status_code == 200
