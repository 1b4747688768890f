"""Lines, taxes and discounts in HubSpot, and the payments of Xero's invoices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.catalogue import load_catalogue
from hxrules.connectors.hubspot_codec import NAME_LENGTH, Decoder, properties_of
from hxrules.problems import Halt
from hxrules.records import App, Failure, Write, WriteError
from hxrules.values import Value, ValueType, canonical
from tests.connectors.hubspot_mirrors import account, calls, made, mirror, prepared, refused, stage_of
from tests.connectors.stage import Stage

GST = "2148420991"


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# --- the wording of a line -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Chair", "Chair"), ("Chair\noak, four legs", "Chair"), ("x" * 300, "x" * 255), ("é" * 256, "é" * 255),
        ("a\n" + "b" * 5000, "a"), (None, ""),
    ],
)  # fmt: skip
def test_a_wording_is_the_description_and_its_first_line_the_name(
    stages: ExitStack, text: str | None, name: str
) -> None:
    stage = stage_of(stages).of("line_items")
    [record] = made(stage, stage.create("k", description="Before", quantity=Decimal(1)))
    [answered] = made(stage, stage.update("u", record, description=text))
    assert answered.fields == {"wording": text}
    assert stage.value(stage.read()[0], "description") == text
    [row] = account(stage, "line_items")
    assert (row["properties"].get("description", ""), row["properties"].get("name", "")) == (text or "", name)


@given(st.none() | st.text())
def test_every_wording_is_read_as_it_was_written(raw: str | None) -> None:
    info = load_catalogue().type(App.HUBSPOT, "line_items")
    field = info.fields["wording"]
    text = canonical(ValueType.TEXT, raw)
    sent = properties_of({field: text})
    assert len(sent["name"]) <= NAME_LENGTH
    assert bool(sent["name"]) == (text is not None)
    assert Decoder(info, [field]).record({"id": "1", "properties": sent}, {}).fields == {"wording": text}


@pytest.mark.parametrize(
    ("properties", "wording"),
    [({"name": "N"}, "N"), ({"name": "N", "description": "D"}, "D"), ({"description": "D"}, "D"), ({}, None)],
)
def test_a_line_without_description_goes_by_its_name(
    stages: ExitStack, properties: dict[str, str], wording: str | None
) -> None:
    stage = stage_of(stages, {"line_items": [{"id": "5", "properties": properties}]}).of("line_items")
    assert [stage.value(each, "description") for each in stage.read("description", ids=("5",))] == [wording]


def test_parts_are_read_with_all_their_fields(stages: ExitStack) -> None:
    line = {"name": "Chair", "quantity": "2", "price": "50", "hs_discount_percentage": "10", "hs_sku": "C1",
            "hs_tax_rate_group_id": GST, "hs_position_on_quote": "1"}  # fmt: skip
    tax = {"hs_label": "GST", "hs_type": "FIXED", "hs_value": "9.05"}
    part = {"line_items": [{"id": "5", "properties": line}], "taxes": [{"id": "6", "properties": tax}],
            "discounts": [{"id": "7", "properties": {"hs_type": "PERCENT", "hs_value": "5"}}]}  # fmt: skip
    stage = stage_of(stages, part)
    read = {
        own: stage.of(each).read(ids=(own,)) for own, each in (("5", "line_items"), ("6", "taxes"), ("7", "discounts"))
    }
    assert {own: record.fields for own, [record] in read.items()} == {
        "5": {
            "hs_object_id": "5", "wording": "Chair", "quantity": Decimal(2), "price": Decimal(50), "discount": None,
            "hs_discount_percentage": Decimal(10), "hs_tax_rate_group_id": GST, "hs_sku": "C1", "amount": Decimal(90),
            "hs_position_on_quote": Decimal(1),
        },
        "6": {"hs_label": "GST", "hs_type": "fixed", "hs_value": Decimal("9.05")},
        "7": {"hs_label": None, "hs_type": "percent", "hs_value": Decimal(5)},
    }  # fmt: skip


# --- payments --------------------------------------------------------------------------------------------------------


def payment(stage: Stage, number: int = 1, amount: str = "50.05", /, **associations: tuple[str, ...]) -> Write:
    values: dict[str, Value] = {
        "amount": Decimal(amount), "date": date(2026, 2, 3), "currency": "AUD", "reference": f"R{number}",
    }  # fmt: skip
    return replace(stage.create(f"p{number}", f"payment-{number}", **values), associations=associations)


def test_a_payment_is_made_with_its_invoice_and_says_that_its_money_came_through_xero(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages), "invoices", "commerce_payments")
    [invoice] = made(stage, mirror(stage))
    paying = stage.of("commerce_payments")
    [record] = made(paying, payment(paying, invoice=(invoice.ref.id,), contact=("1",)))
    assert {each: paying.value(record, each) for each in ("amount", "date", "status", "processor", "currency")} == {
        "amount": Decimal("50.05"), "date": date(2026, 2, 3), "status": "succeeded", "processor": "xero",
        "currency": "AUD",
    }  # fmt: skip
    [row] = account(stage, "commerce_payments")
    assert row["properties"]["hs_payment_method_type"] == "other"
    for how in ({}, {"ids": (record.ref.id,)}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}):
        [read] = paying.read(associations=("invoice", "contact"), **how)
        assert read.associations == {"invoice": (invoice.ref.id,), "contact": ("1",)}
        assert "invoice" not in read.fields
    [other_end] = stage.read(associations=("payment",))
    assert other_end.associations == {"payment": (record.ref.id,)}


def test_a_portal_that_cant_take_payments_refuses_them_and_nothing_else(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages, {"payments_enabled": False}), "invoices", "commerce_payments")
    [invoice] = made(stage, mirror(stage))
    paying = stage.of("commerce_payments")
    results = paying.write(*(payment(paying, number, invoice=(invoice.ref.id,)) for number in range(3)))
    message = "This account is not set up for HubSpot payments or Stripe processing."
    assert [each.error for each in results] == [WriteError(Failure.REFUSED, "forbidden", message)] * 3
    assert calls(stage)[1:] == [("POST", "/crm/objects/commerce_payments/batch/create")]
    assert refused(paying, payment(paying, 4)) == [(Failure.REFUSED, "forbidden")]
    made(stage, stage.update("u", invoice, comments="C"))


@pytest.mark.parametrize("deed", ["create", "update", "archive", "associations"])
def test_without_the_scope_to_write_payments_nothing_goes_on(stages: ExitStack, deed: str) -> None:
    scopes = ["oauth", "crm.objects.commercepayments.read", "crm.objects.contacts.read"]
    paying = stage_of(stages, {"account": {"scopes": scopes}}).of("commerce_payments")
    write = {
        "create": payment(paying, contact=("1",)),
        "update": Write(App.HUBSPOT, "commerce_payments", "k", "1", paying.valued({"reference": "R"})),
        "archive": Write(App.HUBSPOT, "commerce_payments", "k", "1", {}, archive=True),
        "associations": Write(App.HUBSPOT, "commerce_payments", "k", "1", {}, associations={"contact": ("1",)}),
    }[deed]
    with pytest.raises(Halt) as caught:
        paying.write(write)
    assert (caught.value.exit_code, caught.value.problems[0].code) == (7, "HX402")


def test_a_payment_without_an_amount_and_one_in_another_currency_are_refused_alone(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages), "invoices", "commerce_payments")
    [invoice] = made(stage, mirror(stage))
    paying = stage.of("commerce_payments")
    writes = [payment(paying, number, invoice=(invoice.ref.id,)) for number in range(4)]
    writes[1] = replace(writes[1], values={**writes[1].values, **paying.valued({"amount": None})})
    writes[2] = replace(writes[2], values={**writes[2].values, **paying.valued({"currency": "USD"})})
    expected = [None, (Failure.REFUSED, "missing-field"), (Failure.REFUSED, "validation"), None]
    assert refused(paying, *writes) == expected
    assert {each.memory for each in paying.read("amount")} == {"payment-0", "payment-3"}
