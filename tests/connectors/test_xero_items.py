"""What is Xero's own about items: no pages, prices inside objects, codes that are taken, items that vanish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hxrules.connectors.http import encode_body
from hxrules.connectors.xero_codec import Decoder, element_of
from hxrules.records import App, Failure, Write
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire

ITEMS = "/api.xro/2.0/Items"


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def id_of(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"ItemID": id_of(number), "Code": f"C{number}", **more}


def stage_of(stages: ExitStack, *items: dict[str, Any]) -> Stage:
    seed = {"xero": {"items": items}}
    return stages.enter_context(staged(App.XERO, "items", seed_file=seed, quirks=UNLIMITED))


def asked(stage: Stage, since: int) -> list[str]:
    """The calls after the first so many."""
    return [f"{each.method} {each.path}" for each in stage.log[since:]]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_whatever_is_asked_for_is_one_call(stages: ExitStack) -> None:
    stage = stage_of(stages, *(item(number) for number in range(300)))
    ids, codes = [tuple(text(n) for n in range(300)) for text in (id_of, lambda n: f"c{n}")]
    code = stage.field("sku")
    stage.read("sku")
    for how, many in (
        ({}, 300),
        ({"since": datetime(2000, 1, 1, tzinfo=UTC)}, 300),
        ({"ids": ids[7:8]}, 1),
        ({"ids": ids[:20]}, 20),
        ({"ids": ids[:200]}, 200),
        ({"where": (code, codes[:20])}, 20),
        ({"where": (code, codes[:200])}, 200),
        ({"where": (code, ('c"1', "c2"))}, 1),
    ):
        before = len(stage.log)
        assert len(stage.read("sku", **how)) == many
        assert asked(stage, before) == [f"GET {ITEMS}"], how


def test_few_items_are_asked_for_by_name_and_not_picked_out_of_all(stages: ExitStack) -> None:
    stage = stage_of(stages, *(item(number, Description="x" * 4000) for number in range(100)))
    stage.read("sku", ids=(id_of(1), id_of(2)))
    stage.read("sku", where=(stage.field("sku"), ("C1", "C2")))
    assert all(each.bytes_in < 10_000 for each in stage.log)


def test_an_item_that_was_deleted_is_gone_from_every_read(stages: ExitStack) -> None:
    stage = stage_of(stages, item(1), item(2))
    stage.direct("DELETE", f"{ITEMS}/{id_of(1)}")
    ways: list[dict[str, Any]] = [{}, {"ids": (id_of(1), id_of(2))}, {"where": (stage.field("sku"), ("C1", "C2"))}]
    for how in ways:
        assert [each.ref.id for each in stage.read("sku", **how)] == [id_of(2)]


@pytest.mark.parametrize("nothing", [{}, [], None, "absent"])
def test_an_object_that_is_not_there_is_no_price_and_nothing_to_keep(nothing: Any, stages: ExitStack) -> None:
    stage = stage_of(stages)
    price = stage.field("price")
    document = item(1) if nothing == "absent" else item(1, SalesDetails=nothing)
    record = Decoder(stage.what, [price]).record(document)
    assert (record.fields, record.slots) == ({price.name: None}, {})


# --- prices ----------------------------------------------------------------------------------------------------------

SALES = {"UnitPrice": 10.1234, "AccountCode": "200", "TaxType": "OUTPUT"}
PURCHASE = {"UnitPrice": 5.55, "AccountCode": "300", "TaxType": "INPUT"}


@pytest.mark.parametrize("price", ["0.0001", "10.1234", "9999999999.9999", "1E+3", "0"])
def test_a_price_keeps_its_four_decimals_both_ways_and_is_a_number_on_the_wire(stages: ExitStack, price: str) -> None:
    stage = stage_of(stages, item(1, SalesDetails={"AccountCode": "200"}))
    [before] = stage.read()
    if price != "9999999999.9999":
        [result] = stage.write(stage.update("u", before, price=Decimal(price)))
        assert result.record is not None
        assert stage.value(result.record, "price") == Decimal(price)
        assert stage.value(stage.read("price")[0], "price") == Decimal(price)
    body = encode_body(element_of(stage.what, stage.update("u", before, price=Decimal(price))))
    assert json.loads(body, parse_float=Decimal)["SalesDetails"] == {"AccountCode": "200", "UnitPrice": Decimal(price)}


def test_what_stands_beside_a_price_is_sent_along_as_it_was_read(stages: ExitStack) -> None:
    """Nobody promises that a key left out of an object that is sent keeps its value."""
    stage = stage_of(stages, item(1, SalesDetails=SALES, PurchaseDetails=PURCHASE))
    [before] = stage.read("price", "cost", "sales-account")
    # As a plan file keeps it.
    kept = json.loads(json.dumps({name: dict(slot) for name, slot in before.slots.items()}))
    done = answer(json.dumps({"Items": [item(1)]}))
    script = stages.enter_context(wire(done))
    other = stage.again(xero_url=script.url, xero_identity_url=stage.settings.xero_identity_url)
    for values, sent in (
        ({"price": Decimal("12.5")}, {"SalesDetails": {**SALES, "UnitPrice": 12.5}}),
        ({"sales_account": "260"}, {"SalesDetails": {**SALES, "AccountCode": "260"}}),
        ({"cost": Decimal(6)}, {"PurchaseDetails": {**PURCHASE, "UnitPrice": 6}}),
        ({"description": "Blue"}, {"Description": "Blue"}),
    ):
        write = replace(stage.update("u", before, **values), slots=kept)
        assert other.write(write)[0].error is None
        assert json.loads(script.bodies[-1])["Items"] == [{"ItemID": id_of(1), **sent}]


def test_the_other_side_and_the_account_of_an_item_survive_a_new_price(stages: ExitStack) -> None:
    stage = stage_of(stages, item(1, SalesDetails=SALES, PurchaseDetails=PURCHASE))
    [before] = stage.read()
    assert stage.write(stage.update("u", before, price=Decimal("12.5")))[0].error is None
    [after] = stage.read()
    assert dict(after.slots["SalesDetails"]) == {**before.slots["SalesDetails"], "UnitPrice": "12.5000"}
    assert after.slots["PurchaseDetails"] == before.slots["PurchaseDetails"]
    assert (stage.value(after, "price"), stage.value(after, "cost")) == (Decimal("12.5"), Decimal("5.55"))


def test_an_item_that_is_no_longer_sold_has_no_sales_side(stages: ExitStack) -> None:
    stage = stage_of(stages, item(1, Description="Blue", SalesDetails=SALES, PurchaseDetails=PURCHASE))
    [before] = stage.read()
    assert stage.write(stage.update("u", before, is_sold=False))[0].error is None
    [after] = stage.read()
    emptied = {stage.field(friendly).name for friendly in ("description", "price", "sales-account")}
    assert {
        name for name, value in after.fields.items() if value is None and before.fields[name] is not None
    } == emptied
    assert stage.value(after, "cost") == Decimal("5.55")


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_xero_refuses_has_a_name(stages: ExitStack) -> None:
    stage = stage_of(stages, item(1), item(2))
    [one] = stage.read(ids=(id_of(1),))
    cases: list[tuple[Write, str]] = [
        (stage.create("a", sku="C1"), "value-taken"),
        (stage.create("b", name="No code"), "missing-field"),
        (stage.create("c", sku="x" * 31), "too-long"),
        (stage.create("d", sku="C3", sales_account="999"), "bad-account"),
        (stage.update("e", one, sku="C2"), "value-taken"),
        (stage.update("f", replace(one, ref=one.ref._replace(id=id_of(9))), name="x"), "not-found"),
    ]
    for write, code in cases:
        [result] = stage.write(write)
        assert result.error is not None, code
        assert (result.error.failure, result.error.code) == (Failure.REFUSED, code), result.error.message
    assert stage.texts("sku", stage.read("sku")) == ["C1", "C2"]
