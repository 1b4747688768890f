"""Foreign documents and payments: rates of the day, own rates, amounts at the bank."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from xero_client import ConnectXero, Xero

USD_BANK = {
    "Code": "092",
    "Name": "Dollars",
    "Type": "BANK",
    "Class": "ASSET",
    "TaxType": "BASEXCLUDED",
    "CurrencyCode": "USD",
}


@pytest.mark.parametrize(
    ("sent", "rate", "at_bank"),
    [
        ({"CurrencyRate": "0.5"}, "0.5", "20.00"),
        ({"BankAmount": "16"}, "0.625", "16.00"),
        ({"CurrencyRate": "0.7", "BankAmount": "16"}, "0.625", "16.00"),
    ],
)
def test_a_foreign_invoice_is_paid_at_a_rate_or_by_the_amount_at_the_bank(
    xero: Xero, sent: dict[str, Any], rate: str, at_bank: str
) -> None:
    made = xero.pay(xero.invoice(CurrencyCode="USD"), 10, **sent)
    assert (Decimal(str(made["CurrencyRate"])), Decimal(str(made["BankAmount"]))) == (Decimal(rate), Decimal(at_bank))
    assert made["Invoice"]["AmountPaid"] == 10, "the amount is in the currency of the invoice"


def test_a_foreign_payment_without_a_rate_gets_that_of_its_day(xero: Xero) -> None:
    invoice = xero.invoice(CurrencyCode="USD")
    rates = [xero.pay(invoice, 10, Date=f"2026-10-{day}")["CurrencyRate"] for day in (15, 16, 15)]
    assert rates[0] == rates[2] != rates[1]


def test_an_account_in_the_currency_of_the_invoice_gets_the_amount_itself(connect: ConnectXero) -> None:
    sales = {"Code": "200", "Name": "Sales", "Type": "REVENUE", "Class": "REVENUE", "TaxType": "OUTPUT"}
    xero = connect(part={"accounts": [USD_BANK, sales]})
    dollars = xero.pay(xero.invoice(CurrencyCode="USD"), 10, Account={"Code": "092"})
    assert (dollars["BankAmount"], dollars["CurrencyRate"] < 1) == (10, True)
    own = xero.pay(xero.invoice(), 10, Account={"Code": "092"})
    assert 6 < own["BankAmount"] < 7, "ten Australian dollars in US ones"
    assert xero.pay(xero.invoice(CurrencyCode="EUR"), 10, Account={"Code": "092"})["BankAmount"] > 10


def test_a_foreign_document_gets_the_rate_of_its_day_or_its_own(xero: Xero) -> None:
    days = [xero.invoice(CurrencyCode="USD", Date=f"2026-10-0{day}")["CurrencyRate"] for day in (1, 2, 1)]
    assert days[0] == days[2] != days[1]
    assert 0.5 < days[0] < 0.8, "US dollars for one Australian"
    assert xero.invoice(CurrencyCode="USD", CurrencyRate="0.2522")["CurrencyRate"] == 0.2522
    assert xero.invoice(CurrencyRate="0.5")["CurrencyRate"] == 1, "the base currency has no rate"
