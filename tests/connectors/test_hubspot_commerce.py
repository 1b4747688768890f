"""What is HubSpot's own about products and invoices: keys that nobody keeps unique, days kept as instants, associations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hxrules.records import App, Failure, Write
from hxrules.values import Value
from tests.connectors.stage import UNLIMITED, Stage, staged

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def stage_of(stages: ExitStack, type_name: str, part: Mapping[str, Any], **quirks: str) -> Stage:
    seed = {"hubspot": part}
    return stages.enter_context(staged(App.HUBSPOT, type_name, seed_file=seed, quirks={**UNLIMITED, **quirks}))


def contact(number: int) -> dict[str, Any]:
    return {"id": str(number), "properties": {"firstname": f"N{number}"}}


def invoice(number: int, *contacts: int, **properties: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": str(number),
        "properties": {"hs_currency": "USD", "hs_title": f"N{number}", **properties},
    }
    if contacts:
        links = [{"id": str(each), "type": "invoice_to_contact"} for each in contacts]
        row["associations"] = {"contacts": {"results": links}}
    return row


def linked(stage: Stage, word: str, **how: Any) -> dict[str, tuple[str, ...]]:
    return {each.ref.id: tuple(sorted(each.associations[word])) for each in stage.read(associations=(word,), **how)}


def account(stage: Stage) -> dict[str, Any]:
    """What the app itself holds."""
    held: dict[str, Any] = stage.direct("GET", "/_sandbox/world")["hubspot"]
    return held


# --- products --------------------------------------------------------------------------------------------------------


def test_a_product_that_remembers_its_item_is_made_once(stages: ExitStack) -> None:
    stage = stage_of(stages, "products", {})
    assert stage.connector.prepare("products")
    write = stage.create("k", "item-1", name="Chair", sku="C1", price=Decimal("10.1234"))
    [first], [second] = stage.write(write), stage.write(write)
    assert first.record is not None
    assert second.record is not None
    assert first.record.ref == second.record.ref
    [record] = stage.read()
    assert (record.memory, stage.value(record, "price")) == ("item-1", Decimal("10.1234"))
    memory = stage.what.custom_property("hxrules_xero_id")
    assert [each.ref for each in stage.read(where=(memory, ("item-1", "item-2")))] == [record.ref]


def test_a_sku_that_two_products_have_finds_both(stages: ExitStack) -> None:
    stage = stage_of(stages, "products", {})
    results = stage.write(*(stage.create(f"k{n}", f"item-{n}", name=f"N{n}", sku="C1") for n in (1, 2)))
    assert [each.error for each in results] == [None, None]
    found = stage.read("name", where=(stage.field("sku"), ("c1",)))
    assert stage.texts("name", found) == ["N1", "N2"]


@pytest.mark.parametrize("prepared", [True, False])
def test_a_product_without_a_name_is_refused_alone(stages: ExitStack, prepared: bool) -> None:
    stage = stage_of(stages, "products", {})
    if prepared:
        stage.connector.prepare("products")
    writes = [stage.create(f"k{n}", f"item-{n}", name=f"N{n}") for n in range(4)]
    writes[2] = stage.create("k2", "item-2", sku="C2")
    errors = [each.error and (each.error.failure, each.error.code) for each in stage.write(*writes)]
    assert errors == [None, None, (Failure.REFUSED, "missing-field"), None]
    assert stage.texts("name", stage.read("name")) == ["N0", "N1", "N3"]


@pytest.mark.parametrize("price", ["0", "0.0001", "10.10", "12345678.123456", "9999999999.99"])
def test_a_price_is_what_was_written(stages: ExitStack, price: str) -> None:
    stage = stage_of(stages, "products", {})
    stage.write(stage.create("k", name="Chair", price=Decimal(price), cost=Decimal(price)))
    [record] = stage.read()
    assert (stage.value(record, "price"), stage.value(record, "cost")) == (Decimal(price), Decimal(price))
    [row] = account(stage)["products"]
    assert Decimal(row["properties"]["price"]) == Decimal(price)
    assert "E" not in row["properties"]["price"]


# --- invoices --------------------------------------------------------------------------------------------------------


def test_an_invoice_is_read_with_all_its_fields(stages: ExitStack) -> None:
    properties = {
        "hs_number": "SI-1", "hs_title": "Chairs", "hs_invoice_date": "2026-01-31T12:00:00.000Z",
        "hs_due_date": "2026-02-28T12:00:00.000Z", "hs_invoice_status": "open", "hs_invoice_billable": "false",
        "hs_purchase_order_number": "PO 7", "hs_comments": "Thanks", "hs_amount_billed": "115.50",
        "hs_balance_due": "15.5", "hs_invoice_source": "data_sync",
    }  # fmt: skip
    row = {**invoice(1, **properties), "createdAt": "2026-01-31T08:00:00.123Z", "updatedAt": "2026-02-01T08:00:00.000Z"}
    stage = stage_of(stages, "invoices", {"invoices": [row]})
    [record] = stage.read()
    assert not record.broken
    created, updated = datetime(2026, 1, 31, 8, 0, 0, 123_000, UTC), datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert {each.friendly: record.fields[each.name] for each in stage.what.fields.values() if not each.reached} == {
        "id": "1", "number": "SI-1", "title": "Chairs", "date": date(2026, 1, 31), "due-date": date(2026, 2, 28),
        "currency": "USD", "status": "open", "source": "data_sync", "po-number": "PO 7", "comments": "Thanks",
        "billable": False, "total": Decimal("115.5"), "balance": Decimal("15.5"), "created": created,
        "updated": updated,
    }  # fmt: skip
    assert (record.created, record.updated) == (created, updated)


@pytest.mark.parametrize(
    "held",
    [
        "2026-03-01T00:00:00.000Z", "2026-03-01T12:00:00.000Z", "2026-03-01T23:59:59.999Z", "2026-03-01T05:00:00Z",
        "1772323200000", "1772366400000", "1772409599999",
    ],
)  # fmt: skip
def test_the_day_of_an_invoice_is_the_day_in_utc(stages: ExitStack, held: str) -> None:
    stage = stage_of(stages, "invoices", {"invoices": [invoice(1, hs_invoice_date=held)]})
    assert stage.value(stage.read("date")[0], "date") == date(2026, 3, 1)


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31), date(2028, 2, 29), date(1999, 6, 15)])
def test_a_day_is_written_as_noon_and_read_back_as_the_same_day(stages: ExitStack, day: date) -> None:
    stage = stage_of(stages, "invoices", {})
    values: dict[str, Value] = {"currency": "USD", "date": day, "due_date": day, "billable": False}
    [result] = stage.write(stage.create("k", **values))
    assert result.error is None
    [record] = stage.read()
    assert (stage.value(record, "date"), stage.value(record, "due-date")) == (day, day)
    [row] = account(stage)["invoices"]
    held = {row["properties"][name] for name in ("hs_invoice_date", "hs_due_date")}
    assert held == {f"{day.isoformat()}T12:00:00.000Z"}
    [answered] = stage.write(stage.update("u", record, due_date=day))
    assert answered.record is not None
    assert answered.record.fields == {"hs_due_date": day}


def test_a_day_in_a_property_for_days_is_written_as_a_day(stages: ExitStack) -> None:
    own = {"name": "own_day", "label": "Own", "type": "date", "fieldType": "date", "groupName": "invoiceinformation"}
    part = {"properties": {"invoices": [own]}, "invoices": [invoice(1)]}
    stage = stage_of(stages, "invoices", part)
    field = stage.what.custom_property("own_day", stage.field("date").kind)
    [result] = stage.write(Write(App.HUBSPOT, "invoices", "k", "1", {field: date(2026, 3, 1)}))
    assert result.error is None
    assert account(stage)["invoices"][0]["properties"]["own_day"] == "2026-03-01"


def test_contacts_and_invoices_name_each_other_however_they_are_read(stages: ExitStack) -> None:
    rows = [invoice(11, 1), invoice(12, 1, 2), invoice(13), invoice(14, 2, hs_invoice_status="draft")]
    stage = stage_of(stages, "contacts", {"contacts": [contact(n) for n in (1, 2, 3)], "invoices": rows})
    of_contacts = {"1": ("11", "12"), "2": ("12", "14"), "3": ()}
    of_invoices = {"11": ("1",), "12": ("1", "2"), "13": (), "14": ("2",)}
    first_name = (stage.field("first-name"), ("n1", "n2", "n3"))
    title = (stage.of("invoices").field("title"), ("n11", "n12", "n13", "N14"))
    for word, of, wanted, where in (
        ("invoice", stage, of_contacts, first_name),
        ("contact", stage.of("invoices"), of_invoices, title),
    ):
        ways: list[dict[str, Any]] = [{}, {"since": LONG_AGO}, {"ids": tuple(wanted)}, {"where": where}]
        for how in ways:
            assert linked(of, word, **how) == wanted


def test_a_contact_with_very_many_invoices_has_all_of_them(stages: ExitStack) -> None:
    rows = [invoice(1000 + number, 1) for number in range(1200)]
    stage = stage_of(stages, "contacts", {"contacts": [contact(1), contact(2)], "invoices": rows})
    found = linked(stage, "invoice")
    assert (len(found["1"]), found["2"]) == (1200, ())
    assert linked(stage, "invoice", since=LONG_AGO) == found
    assert set(linked(stage.of("invoices"), "contact").values()) == {("1",)}


def test_an_archived_invoice_is_nobodys(stages: ExitStack) -> None:
    """Its association may still be listed: whoever reads the invoice itself finds that it isn't there."""
    stage = stage_of(stages, "invoices", {"contacts": [contact(1)], "invoices": [invoice(11, 1), invoice(12, 1)]})
    stage.direct("DELETE", "/crm/objects/2026-09/invoices/11")
    assert linked(stage, "contact") == {"12": ("1",)}
    assert linked(stage, "contact", since=LONG_AGO) == {"12": ("1",)}
