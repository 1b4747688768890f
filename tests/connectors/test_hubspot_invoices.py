"""Mirrors of Xero's invoices in HubSpot: parts, associations, what the account keeps for itself, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hxrules.connectors.hubspot_dialect import read_only
from hxrules.problems import Halt
from hxrules.records import App, Failure, Ledger, Life, TaxRate, Write
from hxrules.values import Value
from tests.connectors.hubspot_mirrors import (
    BALANCE,
    PARTS,
    TOTAL,
    account,
    associated,
    calls,
    made,
    mirror,
    parts,
    prepared,
    refused,
    stage_of,
)
from tests.connectors.wire import answer, wire


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_the_ledger_has_all_tax_rates_and_the_accounts_currencies(stages: ExitStack) -> None:
    rates = [
        {"id": str(number), "name": f"R{number}", "percentageRate": number / 4, "active": number != 7}
        for number in range(1, 151)
    ]
    rates[2]["label"] = "Shown to buyers"
    stage = stage_of(stages, {"tax_rates": rates, "account": {"companyCurrency": "EUR"}, "currencies": ["USD"]})
    ledger = stage.connector.ledger()
    assert ledger == Ledger(
        frozenset({"EUR", "USD"}),
        tuple(TaxRate(str(n), f"R{n}", Decimal(n) / 4, active=n != 7) for n in range(1, 151)),
    )
    assert stage.connector.usage.settings.calls == 3
    assert stage.connector.ledger() == ledger
    assert stage.connector.usage.settings.calls == 5


def test_a_rate_without_a_name_goes_by_its_label(stages: ExitStack) -> None:
    stage = stage_of(stages)
    script = [
        answer('{"portalId": 1, "companyCurrency": "AUD"}'),
        answer('{"results": [{"id": 5, "name": "", "label": "GST", "percentageRate": 2.50, "active": true}]}'),
    ]
    other = stage.again(hubspot_url=stages.enter_context(wire(*script)).url)
    assert other.connector.ledger().tax_rates == (TaxRate("5", "GST", Decimal("2.5")),)


def test_without_the_scope_for_tax_rates_nothing_goes_on(stages: ExitStack) -> None:
    stage = stage_of(stages, {"account": {"scopes": ["oauth", "crm.objects.invoices.read"]}})
    with pytest.raises(Halt) as caught:
        stage.connector.ledger()
    [problem] = caught.value.problems
    assert (caught.value.exit_code, problem.code) == (7, "HX402")
    assert "tax_rates.read" in str(problem)


# --- making a mirror -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("echo", ["touched", "all"])
def test_a_mirror_is_made_with_its_contact_and_all_its_parts_in_one_call(stages: ExitStack, echo: str) -> None:
    stage = prepared(stage_of(stages, **{"write-echo": echo}))
    [record] = made(stage, mirror(stage, **parts(stage)))
    posted = [f"/crm/objects/{each}/batch/upsert" for each in PARTS.values()] + ["/crm/objects/invoices/batch/create"]
    assert calls(stage) == [("POST", each) for each in posted]
    assert record.memory == "invoice-1"
    assert {each: stage.value(record, each) for each in ("number", "total", "balance", "date", "billable", "source")} == {
        "number": "SI-1", "total": TOTAL, "balance": BALANCE, "date": date(2026, 1, 31), "billable": False,
        "source": "hubspot",
    }  # fmt: skip
    [row] = account(stage, "invoices")
    held = {name: row["properties"][name] for name in ("hs_invoice_billable", "hs_number", "hs_subtotal")}
    assert held == {"hs_invoice_billable": "false", "hs_number": "SI-1", "hs_subtotal": "200.00"}
    linked = associated(stage, record.ref.id)
    assert {word: len(ids) for word, ids in linked.items()} == {"contact": 1, "line": 2, "tax": 1, "discount": 1}


@pytest.mark.parametrize("key", ["spaced", "plain"])
def test_parts_and_invoice_name_each_other_however_they_are_read(stages: ExitStack, key: str) -> None:
    stage = prepared(stage_of(stages, **{"line-items-key": key}))
    of = parts(stage)
    own = made(stage, mirror(stage, **of))[0].ref.id
    alone = made(stage, replace(mirror(stage, 2), associations={}))[0].ref.id
    ways: list[dict[str, Any]] = [{}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}]
    for how in [*ways, {"ids": (own, alone)}]:
        found = {each.ref.id: each.associations for each in stage.read("number", associations=("contact", *of), **how)}
        assert {word: set(ids) for word, ids in found[own].items()} == {
            "contact": {"1"},
            **{word: set(ids) for word, ids in of.items()},
        }
        assert found[alone] == dict.fromkeys(("contact", *of), ())
    for word, type_name in PARTS.items():
        for how in [*ways, {"ids": of[word]}]:
            read = stage.of(type_name).read(associations=("invoice",), **how)
            assert {each.ref.id: each.associations["invoice"] for each in read} == dict.fromkeys(of[word], (own,))


def test_what_is_made_of_other_records_is_no_property(stages: ExitStack) -> None:
    stage = stage_of(stages)
    made(stage, replace(mirror(stage), memory=None))
    [record] = stage.read()
    assert {"customer", "lines"}.isdisjoint(record.fields)
    with pytest.raises(ValueError):
        stage.write(stage.create("k", currency="AUD", customer="1"))


def test_where_memory_is_refused_a_mirror_is_made_without_it(stages: ExitStack) -> None:
    stage = stage_of(stages, **{"commerce-unique": "refused"})
    possible = [stage.connector.prepare(each) for each in ("invoices", "commerce_payments", *PARTS.values())]
    assert possible == [False, False, False, True, True]
    [record] = made(stage, mirror(stage, **parts(stage)))
    assert record.memory is None
    assert len(associated(stage, record.ref.id)["line"]) == 2
    memory = stage.what.custom_property("hxrules_xero_id")
    assert stage.read("number", where=(memory, ("invoice-1",))) == []


# --- what an account keeps for itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", ["written", "ignored", "refused"])
@pytest.mark.parametrize("amounts", ["written", "ignored", "refused"])
@pytest.mark.parametrize("echo", ["touched", "all"])
def test_the_answer_shows_what_the_account_made_of_number_and_amounts(
    stages: ExitStack, numbers: str, amounts: str, echo: str
) -> None:
    quirks = {"mirror-number": numbers, "mirror-amounts": amounts, "write-echo": echo}
    stage = prepared(stage_of(stages, **quirks))
    worked_out = Decimal("210.05")
    wanted = {
        "number": "SI-1" if numbers == "written" else None,
        "total": Decimal(7) if amounts == "written" else worked_out,
        "balance": Decimal(5) if amounts == "written" else worked_out,
    }
    values: dict[str, Value] = {"total": Decimal(7), "balance": Decimal(5)}
    write = mirror(stage, **parts(stage))
    [record] = made(stage, replace(write, values={**write.values, **stage.valued(values)}))
    assert {each: stage.value(record, each) for each in wanted} == wanted
    [updated] = made(stage, stage.update("u", record, number="SI-2", due_date=date(2026, 3, 1), **values))
    wanted["number"] = "SI-2" if numbers == "written" else None
    assert {each: stage.value(updated, each) for each in wanted} == wanted
    [only] = made(stage, stage.update("v", record, **values))
    assert {each: stage.value(only, each) for each in values} == {each: wanted[each] for each in values}
    assert stage.value(stage.read()[0], "due-date") == date(2026, 3, 1)


def test_a_refused_property_is_sent_once_and_never_again(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages, **{"mirror-number": "refused", "mirror-amounts": "refused"}))
    writes = [mirror(stage, number) for number in range(9)]
    records = made(stage, *writes)
    assert calls(stage) == [("POST", "/crm/objects/invoices/batch/create")] * 2
    begun = len(calls(stage))
    made(stage, mirror(stage, 10))
    made(stage, *(stage.update(f"u{each.ref.id}", each, total=Decimal(9), comments="C") for each in records))
    create, update, read = (f"/crm/objects/invoices/batch/{each}" for each in ("create", "update", "read"))
    assert [path for _, path in calls(stage, begun)] == [create, update, read]
    made(stage, *(stage.update(f"v{each.ref.id}", each, total=Decimal(8)) for each in records))
    assert [path for _, path in calls(stage, begun)][3:] == [read]


def test_a_refused_property_that_an_account_may_not_keep_is_no_reason_to_drop_it(stages: ExitStack) -> None:
    stage = stage_of(stages, **{"mirror-amounts": "refused"})
    [record] = made(stage, replace(mirror(stage), memory=None))
    write = stage.update("k", record, total=Decimal(1), source="data_sync", comments="C")
    assert refused(stage, write) == [(Failure.REFUSED, "read-only")]
    assert stage.value(stage.read()[0], "comments") is None


def test_a_batch_that_is_refused_whole_for_such_a_property_is_sent_again_whole(stages: ExitStack) -> None:
    stage = stage_of(stages)
    bad = [{"isValid": False, "message": "[x] {y}", "error": "READ_ONLY_VALUE", "name": "hs_balance_due"}]
    message = f"Property values were not valid: {json.dumps(bad)}"
    good = {"results": [{"id": str(n), "properties": {}} for n in (1, 2)]}
    shown = {"results": [{"id": str(n), "properties": {"hs_balance_due": "3"}} for n in (1, 2)]}
    script = [answer(json.dumps({"category": "VALIDATION_ERROR", "message": message}), 400)]
    line = stages.enter_context(wire(*script, answer(json.dumps(good)), answer(json.dumps(shown))))
    other = stage.again(hubspot_url=line.url)
    writes = [Write(App.HUBSPOT, "invoices", f"k{n}", str(n), stage.valued({"balance": Decimal(n), "comments": "C"}))
              for n in (1, 2)]  # fmt: skip
    records = made(other, *writes)
    assert [each.fields["hs_balance_due"] for each in records] == [Decimal(3)] * 2
    sent = [[entry.get("properties") for entry in json.loads(each)["inputs"]] for each in line.bodies]
    comment = {"hs_comments": "C"}
    assert sent == [[comment | {"hs_balance_due": "1"}, comment | {"hs_balance_due": "2"}], [comment] * 2, [None] * 2]


@pytest.mark.parametrize(
    ("error", "names"),
    [
        ({}, set()),
        ({"message": 'Property values were not valid: [{"error":"READ_ONLY_VALUE","name":"a"},{"error":"X","name":"b"}]'}, {"a"}),
        ({"message": 'Property values were not valid: [{"error":"READ_ONLY_VALUE","na}]'}, set()),
        ({"message": "no [{list}] at all"}, set()),
        ({"errors": [{"code": "READ_ONLY_VALUE", "context": {"propertyName": ["a", "b"]}}, "?", {"code": "X"}]}, {"a", "b"}),
        ({"errors": [{"code": "READ_ONLY_VALUE"}]}, set()),
    ],
)  # fmt: skip
def test_a_refusal_names_what_cant_be_written(error: dict[str, Any], names: set[str]) -> None:
    assert read_only(error) == names


# --- editing a mirror ------------------------------------------------------------------------------------------------


def test_lines_are_changed_added_and_taken_away(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    of = parts(stage, 3)
    own = made(stage, mirror(stage, **of))[0].ref.id
    items = stage.of("line_items")
    lines = {each.memory: each for each in items.read(ids=of["line"])}
    begun = len(calls(stage))
    [changed] = made(items, items.update("u", lines["line-0"], description="Table", quantity=Decimal(1)))
    assert changed.fields == {"wording": "Table", "quantity": Decimal(1)}
    new = items.create("n", "line-7", description="Lamp", quantity=Decimal(1), unit_price=Decimal("0.5"))
    [added] = made(items, replace(new, associations={"invoice": (own,)}))
    gone = Write(App.HUBSPOT, "line_items", "g", lines["line-2"].ref.id, {}, archive=True)
    for _ in range(2):
        [taken] = made(items, gone)
        assert (taken.ref, taken.life, taken.fields) == (lines["line-2"].ref, Life.ARCHIVED, {})
    objects = [f"/crm/objects/line_items/batch/{each}" for each in ("update", "create", "archive", "archive")]
    assert [path for _, path in calls(stage, begun)] == objects
    assert associated(stage, own)["line"] == {lines["line-0"].ref.id, lines["line-1"].ref.id, added.ref.id}
    assert account(stage, "invoices")[0]["properties"]["hs_subtotal"] == "150.50"
    [archived] = items.read(ids=(lines["line-2"].ref.id,))
    assert archived.life is Life.ARCHIVED


def test_a_line_that_has_to_stay_is_kept_alone(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages, **{"mirror-edits": "refused"}))
    of = parts(stage)
    made(stage, mirror(stage, line=of["line"][:1]))
    items = stage.of("line_items")
    writes = [Write(App.HUBSPOT, "line_items", each, each, {}, archive=True) for each in (*of["line"], "987654321")]
    assert refused(items, *writes) == [(Failure.REFUSED, "validation"), None, None]


def test_another_customer_takes_the_place_of_the_first(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    own = made(stage, mirror(stage))[0].ref.id
    begun = len(calls(stage))
    write = Write(App.HUBSPOT, "invoices", "k", own, {}, associations={"contact": ("2",)}, parting={"contact": ("1",)})
    [record] = made(stage, write)
    assert record.ref.id == own
    change = [f"/crm/associations/invoices/contacts/batch/{each}" for each in ("create", "archive")]
    assert [path for _, path in calls(stage, begun)] == change
    assert associated(stage, own)["contact"] == {"2"}
    begun = len(calls(stage))
    made(stage, replace(write, values=stage.valued({"title": "T"})))
    assert [path for _, path in calls(stage, begun)] == ["/crm/objects/invoices/batch/update", *change]
    assert stage.connector.usage.writes.calls == 6


def test_a_customer_who_is_gone_leaves_the_invoice_with_its_first(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    records = made(stage, *(mirror(stage, number) for number in range(3)))
    writes = [
        Write(App.HUBSPOT, "invoices", f"k{n}", each.ref.id, {}, associations={"contact": (to,)}, parting={"contact": ("1",)})
        for n, (each, to) in enumerate(zip(records, ("2", "999", "2"), strict=True))
    ]  # fmt: skip
    assert refused(stage, *writes) == [None, (Failure.REFUSED, "not-found"), None]
    assert [associated(stage, each.ref.id)["contact"] for each in records] == [{"2"}, {"1"}, {"2"}]


def test_a_customer_who_has_to_stay_is_kept_alone(stages: ExitStack) -> None:
    """An ending of associations fails as a whole for one invoice that can't be edited any more."""
    stage = prepared(stage_of(stages, **{"mirror-edits": "refused"}))
    drafts = [stage.create(f"d{number}", f"draft-{number}", currency="AUD") for number in range(2)]
    writes = [replace(each, associations={"contact": ("1",)}) for each in drafts]
    own = [each.ref.id for each in made(stage, writes[0], mirror(stage), writes[1])]
    apart = [Write(App.HUBSPOT, "invoices", each, each, {}, parting={"contact": ("1",)}) for each in own]
    assert refused(stage, *apart) == [None, (Failure.REFUSED, "validation"), None]
    assert [associated(stage, each)["contact"] for each in own] == [set(), {"1"}, set()]


def test_associations_beyond_one_call_travel_in_several(stages: ExitStack) -> None:
    stage = stage_of(stages, {"contacts": [{"id": str(n), "properties": {"firstname": "N"}} for n in range(1, 251)]})
    records = made(stage, *(replace(mirror(stage, number), memory=None) for number in range(10)))
    everyone = tuple(str(n) for n in range(1, 251))
    begun = len(calls(stage))
    writes = [Write(App.HUBSPOT, "invoices", each.ref.id, each.ref.id, {}, associations={"contact": everyone})
              for each in records]  # fmt: skip
    made(stage, *writes)
    assert len(calls(stage, begun)) == 2
    assert len(associated(stage, records[0].ref.id)["contact"]) == 250


def test_a_voided_invoice_is_read_as_one(stages: ExitStack) -> None:
    states = {"11": "open", "12": "voided", "13": "paid", "14": "draft"}
    rows = [{"id": own, "properties": {"hs_currency": "AUD", "hs_invoice_status": each, "hs_invoice_billable": "false"}}
            for own, each in states.items()]  # fmt: skip
    stage = stage_of(stages, {"invoices": rows})
    ways: list[dict[str, Any]] = [{}, {"since": datetime(2000, 1, 1, tzinfo=UTC)}, {"ids": tuple(states)}]
    for how in ways:
        lives = {each.ref.id: each.life for each in stage.read("title", **how)}
        assert lives == {own: Life.VOIDED if each == "voided" else Life.LIVE for own, each in states.items()}
    [record] = made(stage, Write(App.HUBSPOT, "invoices", "k", "11", stage.valued({"status": "voided"})))
    assert record.life is Life.VOIDED


# --- partial failures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conflict", ["207", "409"])
def test_a_mirror_that_is_there_already_is_refused_alone_and_found_by_its_memory(
    stages: ExitStack, conflict: str
) -> None:
    stage = prepared(stage_of(stages, **{"batch-conflict": conflict}))
    [first] = made(stage, mirror(stage, 2))
    assert refused(stage, *(mirror(stage, number) for number in range(4))) == [
        None, None, (Failure.REFUSED, "value-taken"), None,
    ]  # fmt: skip
    memory = stage.what.custom_property("hxrules_xero_id")
    assert [each.ref for each in stage.read("number", where=(memory, ("invoice-2",)))] == [first.ref]
    assert len(account(stage, "invoices")) == 4


def test_a_part_of_another_invoice_spoils_only_its_own(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    [line, other] = parts(stage)["line"]
    made(stage, mirror(stage, 1, line=(line,)))
    writes = [mirror(stage, 2, line=(other,)), mirror(stage, 3, line=(line,)), mirror(stage, 4)]
    assert refused(stage, *writes) == [None, (Failure.REFUSED, "validation"), None]
    assert len(account(stage, "invoices")) == 3


def test_a_mirror_whose_answer_is_lost_is_in_doubt_and_there(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    stage.fault("lost-answer", 1, path="batch/create")
    assert refused(stage, mirror(stage)) == [(Failure.IN_DOUBT, "no-answer")]
    memory = stage.what.custom_property("hxrules_xero_id")
    [record] = stage.read(where=(memory, ("invoice-1",)), associations=("contact",))
    assert (record.memory, record.associations) == ("invoice-1", {"contact": ("1",)})


def test_half_of_the_associations_may_fail_for_now(stages: ExitStack) -> None:
    stage = prepared(stage_of(stages))
    records = made(stage, *(mirror(stage, number) for number in range(4)))
    stage.fault("partial-batch", 1, path="contacts/batch/create")
    writes = [Write(App.HUBSPOT, "invoices", each.ref.id, each.ref.id, {}, associations={"contact": ("2",)})
              for each in records]  # fmt: skip
    later = (Failure.TRANSIENT, "unavailable")
    assert refused(stage, *writes) == [None, later, None, later]
    assert refused(stage, *writes) == [None] * 4
