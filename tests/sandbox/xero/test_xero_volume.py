"""A large organisation: 5,000 invoices of one to eight lines and 4,000 payments load and are listed quickly."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from xero_client import Xero

from hxrules.sandbox.server import SandboxOptions, running

INVOICES = 5_000
PAYMENTS = 4_000
FIRST = date(2025, 1, 1)


def ledger() -> dict[str, Any]:
    """The seed: totals, taxes and statuses are left to Xero."""
    rng = random.Random(7)
    contacts = [{"Name": f"Customer {number}"} for number in range(500)]
    items = [{"Code": f"I{number}", "SalesDetails": {"UnitPrice": number}} for number in range(200)]
    invoices = []
    for number in range(INVOICES):
        day = FIRST + timedelta(days=number % 600)
        prices = [rng.randrange(100, 90_000) / 100 for _ in range(number % 8 + 1)]
        lines = [
            {
                "Description": "Work",
                "Quantity": 1 + place % 3,
                "UnitAmount": price,
                "AccountCode": "200",
                "ItemCode": "I1",
            }
            for place, price in enumerate(prices)
        ]
        invoices.append(
            {
                "InvoiceNumber": f"N{number:05}",
                "Contact": {"Name": f"Customer {number % 500}"},
                "Status": "AUTHORISED",
                "Date": f"{day}",
                "DueDate": f"{day + timedelta(days=30)}",
                "LineItems": lines,
            }
        )
    payments = [
        {"Invoice": {"InvoiceNumber": f"N{number:05}"}, "Amount": 1.25, "Date": "2026-10-01", "Reference": f"R{number}"}
        for number in range(PAYMENTS)
    ]
    return {"contacts": contacts, "items": items, "invoices": invoices, "payments": payments}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Xero, float]]:
    """The large organisation from a seed file, and the seconds until it was ready."""
    file: Path = tmp_path_factory.mktemp("volume") / "seed.json"
    file.write_text(json.dumps({"xero": ledger()}), encoding="utf-8")
    started = time.process_time()
    with running(SandboxOptions(seed_file=file, quirks={"xero-minute-limit": "1000"})) as info:
        seconds = time.process_time() - started
        xero = Xero(info)
        yield xero, seconds
        xero.http.close()


def test_it_loads_in_two_seconds(large: tuple[Xero, float]) -> None:
    assert large[1] < 2


@pytest.mark.parametrize(
    ("resource", "count", "pages", "query"),
    [
        ("Invoices", INVOICES, 5, {}),
        ("Invoices", INVOICES, 1, {"where": 'Type=="ACCREC"', "order": "Date DESC"}),
        ("Invoices", INVOICES, 1, {"unitdp": "4"}),
        ("Payments", PAYMENTS, 4, {}),
        ("Payments", PAYMENTS, 1, {"where": 'Status=="AUTHORISED"'}),
    ],
)
def test_a_page_of_a_thousand_takes_less_than_0_4_seconds(
    large: tuple[Xero, float], resource: str, count: int, pages: int, query: dict[str, Any]
) -> None:
    xero, _ = large
    seen: set[str] = set()
    for page in range(1, pages + 1):
        started = time.process_time()
        answer = xero.get(resource, page=page, pageSize=1000, **query)
        seconds = time.process_time() - started
        body = answer.json()
        assert body["pagination"]["itemCount"] == count
        seen |= {row[f"{resource[:-1]}ID"] for row in body[resource]}
        assert seconds < 0.4, f"page {page}"
    assert len(seen) == 1000 * pages


def test_one_more_invoice_and_payment_are_made_at_once(large: tuple[Xero, float]) -> None:
    xero, _ = large
    started = time.process_time()
    for _ in range(20):
        xero.pay(xero.invoice(), 1)
    assert time.process_time() - started < 1


def test_what_was_left_out_of_the_seed_adds_up(large: tuple[Xero, float]) -> None:
    xero, _ = large
    rows = xero.get("Invoices", page=1, pageSize=1000, where='InvoiceNumber.StartsWith("N00")').json()["Invoices"]
    assert len(rows) == 1000
    for row in rows:
        lines = row["LineItems"]
        assert row["SubTotal"] == pytest.approx(sum(each["LineAmount"] for each in lines))
        assert row["TotalTax"] == pytest.approx(sum(each["TaxAmount"] for each in lines))
        assert row["AmountDue"] == pytest.approx(row["Total"] - 1.25)
        assert len(row["Payments"]) == 1
