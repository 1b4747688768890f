"""What Xero's contacts and invoices say of each other, and what an invoice says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hxrules.records import App, Life
from hxrules.values import Line, Lines
from tests.connectors.stage import UNLIMITED, Stage, staged

CONTACTS = "/api.xro/2.0/Contacts"
INVOICES = "/api.xro/2.0/Invoices"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def id_of(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def invoice_id(number: int) -> str:
    return f"{number:08}-0000-4000-8000-0000000000ff"


def stamp(second: int) -> str:
    return f"/Date({1_780_000_000_000 + 1000 * second}+0000)/"


def contact(number: int) -> dict[str, Any]:
    return {"ContactID": id_of(number), "Name": f"N{number}", "UpdatedDateUTC": stamp(number)}


def invoice(number: int, of: int, status: str = "AUTHORISED", **more: Any) -> dict[str, Any]:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 10.05, "AccountCode": "200", "TaxType": "OUTPUT"}
    return {
        "InvoiceID": invoice_id(number),
        "Type": "ACCREC",
        "InvoiceNumber": f"SI-{number}",
        "Contact": {"ContactID": id_of(of)},
        "Status": status,
        "Date": "/Date(1780012800000+0000)/",
        "DueDate": "/Date(1781222400000+0000)/",
        "LineItems": [line],
        "UpdatedDateUTC": stamp(number),
        **more,
    }


def stage_of(stages: ExitStack, contacts: int, *invoices: Mapping[str, Any], **more: Any) -> Stage:
    part = {"contacts": [contact(number) for number in range(1, contacts + 1)], "invoices": invoices, **more}
    return stages.enter_context(staged(App.XERO, seed_file={"xero": part}, quirks=UNLIMITED))


def linked(stage: Stage, word: str, **how: Any) -> dict[str, tuple[str, ...]]:
    """By id: what the word reaches; a record for which it wasn't read is left out."""
    records = stage.read("updated", associations=(word,), **how)
    return {each.ref.id: each.associations[word] for each in records if word in each.associations}


def calls(stage: Stage, path: str) -> int:
    return len([each for each in stage.log if each.path == path])


# --- a contact's invoices --------------------------------------------------------------------------------------------


def test_a_contacts_invoices_are_the_same_however_it_is_read(stages: ExitStack) -> None:
    """Sales invoices of every status are among them, bills are not."""
    states = ["DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"]
    mine = [invoice(number, 1, status) for number, status in enumerate(states, 1)]
    stage = stage_of(stages, 3, *mine, invoice(6, 2), invoice(7, 1, Type="ACCPAY"), invoice(8, 3, Type="ACCPAY"))
    wanted = {id_of(1): tuple(invoice_id(n) for n in range(1, 6)), id_of(2): (invoice_id(6),), id_of(3): ()}
    everybody = tuple(wanted)
    ways: list[dict[str, Any]] = [
        {},
        {"since": LONG_AGO},
        {"ids": everybody},
        {"ids": (*everybody, *(id_of(number) for number in range(100, 350)))},
        {"where": (stage.field("name"), ("N1", "n2", "N3"))},
    ]
    for how in ways:
        assert linked(stage, "invoice", **how) == wanted
    assert linked(stage.of("invoices"), "contact", ids=wanted[id_of(1)]) == dict.fromkeys(wanted[id_of(1)], (id_of(1),))


def test_a_word_that_was_not_asked_for_was_not_read(stages: ExitStack) -> None:
    stage = stage_of(stages, 1, invoice(1, 1))
    assert [each.associations for each in stage.read("name")] == [{}]
    assert [each.associations for each in stage.of("invoices").read("number")] == [{}]
    assert calls(stage, INVOICES) == 1


def test_invoices_of_many_contacts_are_listed_once_and_of_few_by_their_contacts(stages: ExitStack) -> None:
    stage = stage_of(stages, 1500, *(invoice(number, number % 1500 + 1) for number in range(1, 2501)))
    wanted = linked(stage, "invoice")
    assert {own: len(ids) for own, ids in wanted.items()} == {id_of(n): 1 + (2 <= n <= 1001) for n in range(1, 1501)}
    assert (calls(stage, CONTACTS), calls(stage, INVOICES)) == (2, 3)
    for how, many, contacts, invoices in (
        ({"ids": tuple(id_of(number) for number in range(1, 1201))}, 1200, 30, 3),
        ({"ids": tuple(id_of(number) for number in range(1, 101))}, 100, 3, 3),
        ({"since": LONG_AGO}, 1500, 2, 3),
        ({"where": (stage.field("name"), ("N7",))}, 1, 1, 1),
    ):
        before = calls(stage, CONTACTS), calls(stage, INVOICES)
        found = linked(stage, "invoice", **how)
        assert found == {own: ids for own, ids in wanted.items() if own in found}
        assert len(found) == many
        after = calls(stage, CONTACTS), calls(stage, INVOICES)
        assert (after[0] - before[0], after[1] - before[1]) == (contacts, invoices), how


def test_an_incremental_read_of_one_contact_asks_for_its_invoices_only(stages: ExitStack) -> None:
    stage = stage_of(stages, 300, *(invoice(number, number) for number in range(1, 301)))
    since = datetime.fromtimestamp(1_780_000_000 + 300, UTC)
    assert linked(stage, "invoice", since=since) == {id_of(300): (invoice_id(300),)}
    assert (calls(stage, CONTACTS), calls(stage, INVOICES)) == (1, 1)
    assert stage.log[-1].bytes_in < 5000


def test_what_is_read_of_invoices_to_find_their_contacts_leaves_their_lines_out(stages: ExitStack) -> None:
    line = {"Description": "x" * 4000, "Quantity": 1, "UnitAmount": 1, "AccountCode": "200"}
    stage = stage_of(stages, 1, *(invoice(number, 1, LineItems=[line]) for number in range(50)))
    assert len(linked(stage, "invoice")[id_of(1)]) == 50
    assert stage.log[-1].bytes_in < 50 * 2000


def test_a_reader_that_stops_does_not_ask_for_invoices_that_it_needn_t(stages: ExitStack) -> None:
    stage = stage_of(stages, 1200, *(invoice(number, number) for number in range(1, 1201)))
    pages = stage.connector.read(stage.request("name", associations=("invoice",)))
    assert len(stage.log) == 0
    assert len(next(pages).records) == 1000
    assert (calls(stage, CONTACTS), calls(stage, INVOICES)) == (1, 2)


def test_a_bad_answer_while_invoices_are_listed_is_repeated(stages: ExitStack) -> None:
    stage = stage_of(stages, 2, invoice(1, 1))
    stage.fault("5xx-before", 2)
    assert linked(stage, "invoice") == {id_of(1): (invoice_id(1),), id_of(2): ()}


# --- an invoice ------------------------------------------------------------------------------------------------------


def test_an_invoice_is_read_with_all_its_fields(stages: ExitStack) -> None:
    more: dict[str, Any] = {"Reference": "PO 7", "CurrencyCode": "USD", "CurrencyRate": 0.65}
    payment = {"PaymentID": id_of(77), "Amount": 1.05, "Date": "/Date(1780012800000+0000)/"}
    stage = stage_of(stages, 1, invoice(1, 1, **more, Payments=[payment]), currencies=["AUD", "USD"]).of("invoices")
    [record] = stage.read(associations=("contact", "payment"))
    assert not record.broken
    price, tax = Decimal("10.05"), Decimal("1.01")
    figures = {"Quantity": Decimal(1), "UnitAmount": price, "LineAmount": price, "TaxAmount": tax}
    work = Line.of("lines", None, {"Description": "Work", "TaxType": "OUTPUT", **figures})
    assert {each.friendly: record.fields[each.name] for each in stage.what.fields.values()} == {
        "id": invoice_id(1),
        "number": "SI-1",
        "reference": "PO 7",
        "type": "accrec",
        "status": "authorised",
        "created": date(2026, 5, 29),
        "due-date": date(2026, 6, 12),
        "currency": "USD",
        "total": Decimal("11.06"),
        "balance": Decimal("10.01"),
        "amount-paid": Decimal("1.05"),
        "amount-credited": 0,
        "customer": id_of(1),
        "lines": Lines((work,)),
        "updated": record.updated,
    }
    assert record.slots == {}
    assert record.associations == {"contact": (id_of(1),), "payment": (id_of(77),)}


def every_way(stage: Stage) -> list[dict[str, Any]]:
    """All the ways to read invoices of these numbers."""
    numbers = tuple(f"SI-{number}" for number in range(1, 6))
    return [
        {},
        {"since": LONG_AGO},
        {"ids": tuple(invoice_id(number) for number in range(1, 6))},
        {"where": (stage.field("number"), numbers)},
        {"where": (stage.field("number"), (*numbers, 'SI-"1"'))},
        {"where": (stage.field("customer"), (id_of(1), "no id"))},
    ]


@pytest.mark.parametrize(
    ("status", "life"),
    [
        ("DRAFT", Life.LIVE),
        ("SUBMITTED", Life.LIVE),
        ("AUTHORISED", Life.LIVE),
        ("VOIDED", Life.VOIDED),
        ("DELETED", Life.DELETED),
    ],
)
def test_an_invoice_of_any_status_is_part_of_every_read(stages: ExitStack, status: str, life: Life) -> None:
    stage = stage_of(stages, 1, invoice(1, 1, status)).of("invoices")
    for how in every_way(stage):
        [record] = stage.read("status", "balance", **how)
        assert (record.life, stage.value(record, "status")) == (life, status.lower())
        assert (stage.value(record, "balance") == 0) is (life is not Life.LIVE)


def test_a_bill_is_part_of_no_read(stages: ExitStack) -> None:
    bills = [invoice(number, 1, Type="ACCPAY") for number in (2, 3)]
    stage = stage_of(stages, 2, invoice(1, 1), *bills, invoice(4, 2, Type="ACCPAY")).of("invoices")
    for how in every_way(stage):
        assert [each.ref.id for each in stage.read("number", **how)] == [invoice_id(1)], how
    assert stage.pages("number", since=LONG_AGO)[0].total == 1


def test_invoices_are_found_by_their_customer(stages: ExitStack) -> None:
    stage = stage_of(stages, 3, *(invoice(number, number % 3 + 1) for number in range(1, 10))).of("invoices")
    found = stage.read("customer", where=(stage.field("customer"), (id_of(1).upper(), id_of(9))))
    assert sorted(each.ref.id for each in found) == [invoice_id(3), invoice_id(6), invoice_id(9)]
    before = len(stage.log)
    assert stage.read("customer", where=(stage.field("customer"), ("no id",))) == []
    assert len(stage.log) == before


def test_invoices_are_found_by_number_and_told_by_change(stages: ExitStack) -> None:
    stage = stage_of(stages, 1, *(invoice(number, 1) for number in range(1, 1101))).of("invoices")
    number = stage.field("number")
    numbers = ("SI-7", "si-1100", "SI-9999", 'SI-"1"')
    assert stage.texts("number", stage.read("number", where=(number, numbers))) == ["SI-1100", "SI-7"]
    since = datetime.fromtimestamp(1_780_000_000 + 1098, UTC)
    [page] = stage.pages("number", since=since, associations=("contact",))
    assert [stage.value(each, "number") for each in page.records] == ["SI-1100", "SI-1099", "SI-1098"]
    assert {each.associations["contact"] for each in page.records} == {(id_of(1),)}
    assert page.total == 3
    assert len(stage.read("number")) == 1100


def test_a_payment_names_its_invoice(stages: ExitStack) -> None:
    payments = [{"PaymentID": id_of(70 + n), "Invoice": {"InvoiceID": invoice_id(1)}, "Amount": n} for n in (1, 2)]
    stage = stage_of(stages, 1, invoice(1, 1), payments=payments).of("payments")
    wanted = {id_of(71): (invoice_id(1),), id_of(72): (invoice_id(1),)}
    assert linked(stage, "invoice") == wanted
    assert linked(stage, "invoice", ids=(id_of(72), id_of(99))) == {id_of(72): (invoice_id(1),)}
