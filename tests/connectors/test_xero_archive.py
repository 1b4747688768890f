"""What is taken away in Xero: contacts archived together, payments and items deleted one by one; each once, also after a bad answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hxrules.records import App, Failure, Life, Write, WriteResult
from tests.connectors.stage import UNLIMITED, Stage, staged

ROOT = "/api.xro/2.0"


def id_of(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


CONTACTS = [{"ContactID": id_of(number), "Name": f"N{number}"} for number in (1, 2)]
ITEMS = [{"ItemID": id_of(number), "Code": f"I{number}"} for number in (3, 4)]
INVOICE = {
    "InvoiceID": id_of(5),
    "Type": "ACCREC",
    "InvoiceNumber": "SI-5",
    "Contact": {"ContactID": id_of(1)},
    "Status": "AUTHORISED",
    "Date": "2026-11-03",
    "DueDate": "2026-12-03",
    "LineItems": [{"Description": "Work", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}],
}
PAYMENTS = [
    {
        "PaymentID": id_of(number),
        "Invoice": {"InvoiceID": id_of(5)},
        "Account": {"Code": "090"},
        "Date": "2026-11-04",
        "Amount": 10,
        "IsReconciled": number == 7,
    }
    for number in (6, 7)
]


@pytest.fixture
def xero() -> Iterator[Stage]:
    world: dict[str, Any] = {"contacts": CONTACTS, "items": ITEMS, "invoices": [INVOICE], "payments": PAYMENTS}
    with ExitStack() as stack:
        yield stack.enter_context(staged(App.XERO, seed_file={"xero": world}, quirks=UNLIMITED))


def archive(xero: Stage, type_name: str, *numbers: int) -> list[WriteResult]:
    writes = [Write(App.XERO, type_name, f"k{each}", id_of(each), {}, archive=True) for each in numbers]
    return xero.of(type_name).write(*writes)


def calls(xero: Stage) -> list[tuple[str, str]]:
    return [(each.method, each.path.removeprefix(ROOT)) for each in xero.log if each.method != "GET"]


def lives(xero: Stage, type_name: str, *numbers: int) -> list[Life]:
    found = {each.ref.id: each.life for each in xero.of(type_name).read(ids=tuple(map(id_of, numbers)))}
    return [found[id_of(each)] for each in numbers if id_of(each) in found]


def test_contacts_are_archived_in_one_call(xero: Stage) -> None:
    results = archive(xero, "contacts", 1, 2)
    assert [each.record.life for each in results if each.record] == [Life.ARCHIVED, Life.ARCHIVED]
    assert calls(xero) == [("POST", "/Contacts")]
    assert lives(xero, "contacts", 1, 2) == [Life.ARCHIVED, Life.ARCHIVED]


def test_payments_are_deleted_each_at_its_own_address(xero: Stage) -> None:
    """One that the bank has reconciled is refused, and doesn't take the other along."""
    gone, kept = archive(xero, "payments", 6, 7)
    assert gone.record is not None
    assert gone.record.life is Life.DELETED
    assert kept.error is not None
    assert (kept.error.failure, kept.error.code) == (Failure.REFUSED, "validation")
    assert calls(xero) == [("POST", f"/Payments/{id_of(6)}"), ("POST", f"/Payments/{id_of(7)}")]
    assert lives(xero, "payments", 6, 7) == [Life.DELETED, Life.LIVE]


def test_items_are_deleted_and_leave_no_trace(xero: Stage) -> None:
    """One that isn't there any more is deleted already."""
    for _ in range(2):
        assert [each.record.life for each in archive(xero, "items", 3) if each.record] == [Life.DELETED]
    assert calls(xero) == [("DELETE", f"/Items/{id_of(3)}")] * 2
    assert lives(xero, "items", 3, 4) == [Life.LIVE]


@pytest.mark.parametrize(
    ("type_name", "number", "life"), [("contacts", 2, Life.ARCHIVED), ("payments", 6, Life.DELETED)]
)
def test_an_error_after_it_was_done_leaves_a_doubt_and_no_second_try(
    xero: Stage, type_name: str, number: int, life: Life
) -> None:
    """Sent again under another key, Xero would refuse it: what is archived can't be edited."""
    xero.fault("5xx-after", 1, method="POST", path=f"*{ROOT}/*")
    (result,) = archive(xero, type_name, number)
    assert result.error is not None
    assert result.error.failure is Failure.IN_DOUBT
    assert lives(xero, type_name, number) == [life]
    assert len(calls(xero)) == 1


def test_a_void_after_an_error_is_in_doubt_too(xero: Stage) -> None:
    """And any other update is simply sent again."""
    unpaid = {**INVOICE, "InvoiceID": id_of(8), "InvoiceNumber": "SI-8"}
    xero.direct("PUT", f"{ROOT}/Invoices", json={"Invoices": [{k: v for k, v in unpaid.items() if k != "InvoiceID"}]})
    invoices = xero.of("invoices")
    (record,) = [each for each in invoices.read() if each.fields["InvoiceNumber"] == "SI-8"]
    xero.fault("5xx-after", 1, 3, method="POST", path="*/Invoices")
    (edited,) = invoices.write(invoices.update("e", record, reference="PO-1"))
    assert edited.record is not None
    (voided,) = invoices.write(invoices.update("v", record, status="voided"))
    assert voided.error is not None
    assert voided.error.failure is Failure.IN_DOUBT
    assert invoices.read(ids=(record.ref.id,))[0].life is Life.VOIDED
