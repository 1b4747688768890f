"""What `--values` hides is hidden everywhere, and what it must not hide stays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import plan_factory as make
import pytest

from hxrules.planning.plan import Action, plan_document
from hxrules.problems import Problem
from hxrules.records import App, RecordRef, Standing
from hxrules.reports import (
    StandingRecord,
    Style,
    Values,
    plan_html,
    plan_json,
    plan_markdown,
    plan_text,
    run_json,
    run_markdown,
    run_text,
    status_records_json,
    status_records_text,
)
from hxrules.reports.masking import HIDDEN, mask_plan, mask_problem, mask_sentence, mask_text, mask_value
from hxrules.values import Value


def read(pieces: Iterable[str]) -> dict[str, Any]:
    """The document that comes in pieces."""
    document: dict[str, Any] = json.loads("".join(pieces))
    return document


MASKED, NONE, FULL = Values.MASKED, Values.NONE, Values.FULL


@pytest.mark.parametrize(
    ("text", "kind", "masked"),
    [
        ("Jane Doe", "contacts", "J… D…"),
        ("jane@acme.com", "contacts", "j…@a….com"),
        ("jane@localhost", "contacts", "j…@l…"),
        ("0290001234", "contacts", "0…"),
        ("A", "contacts", "…"),
        ("one two three four five", "contacts", "o… t… t… …"),
        ("顧客株式会社", "contacts", "顧…"),
        ("", "contacts", ""),
        ("INV-0042", "contacts", "I…"),
        ("INV-0042", "invoices", "INV-0042"),
        ("AUD", "invoices", "AUD"),
        ("wire_transfer", "payments", "wire_transfer"),
        ("Invoice for Jane Doe", "invoices", "I… f… J… …"),
        ("jane@acme.com", "payments", "j…@a….com"),
        ("Smith", "payments", "S…"),
        ("payment 24.15 of 2026-11-21", "payments", "payment 24.15 of 2026-11-21"),
        ("payment by Jane of 2026-11-21", "payments", "p… b… J… …"),
    ],
)
def test_texts_keep_their_shape(text: str, kind: str, masked: str) -> None:
    assert mask_text(text, MASKED, kind) == masked
    assert mask_text(text, FULL, kind) == text
    assert mask_text(text, NONE, kind) == (HIDDEN if text else "")


@pytest.mark.parametrize("value", [Decimal("12.5"), True, make.NOW, make.NOW.date()])
def test_numbers_days_and_booleans_stay_but_in_none(value: Value) -> None:
    assert mask_value(value, MASKED, "contacts") == value
    assert mask_value(value, NONE, "contacts") == HIDDEN


@pytest.mark.parametrize("values", list(Values))
def test_empty_is_empty_in_every_mode(values: Values) -> None:
    assert mask_value(None, values, "contacts") is None


@pytest.mark.parametrize(
    ("sentence", "masked"),
    [
        ("“Jane Doe” is the name of Xero 12.", "“J… D…” is the name of Xero 12."),
        ("Xero holds 'Jane O\\'Hara', as after the last run.", "Xero holds 'J… O…', as after the last run."),
        ("HubSpot's record isn't Xero's.", "HubSpot's record isn't Xero's."),
        ("Mail jane@acme.com bounced.", "Mail j…@a….com bounced."),
        ('It delivered "Jane Doe".', 'It delivered "J… D…".'),
    ],
)
def test_sentences_lose_their_quotations_and_addresses(sentence: str, masked: str) -> None:
    assert mask_sentence(sentence, MASKED, "contacts") == masked
    assert mask_sentence(sentence, FULL, "contacts") == sentence


def test_an_apps_answer_that_names_the_record_is_masked_too() -> None:
    problem = Problem(
        "HX203",
        "Jane Doe: Xero says no: its name is taken",
        cause="Xero answered: The contact name Jane Doe is already assigned",
        hubspot=RecordRef(App.HUBSPOT, "contacts", "501"),
    )
    masked = mask_problem(problem, MASKED)
    assert masked.summary == "J… D…: Xero says no: its name is taken"
    assert masked.cause == "Xero answered: The contact name J… D… is already assigned"
    assert mask_problem(problem, FULL) is problem


def secrets() -> set[str]:
    """Every text of a contact in the busy plan, and the names of those held."""
    found = {"Northwind Traders", "Globex", "Initech", "Gone Ltd", "Old Supplier", "Lead 17", "carla", "Carla Moreno"}
    for change in make.busy_plan().changes:
        if change.sync == "contacts":
            found.add(change.label)
            for each in change.fields:
                found.update(value for value in (each.before, each.after, each.source) if isinstance(value, str))
    return found - {"NZ"}


def every_report(values: Values) -> dict[str, str]:
    """The busy plan, its run and its standings, in every form."""
    plan, run = make.busy_plan(), make.busy_run()
    rows = [StandingRecord("1", None, {"label": "Gone Ltd", "reason": "the filter", "leaf": "a > 1"})]
    failing = [
        StandingRecord(held.hubspot.id, None, plan_document(plan)["held"][n])
        for n, held in enumerate(plan.held)
        if held.hubspot
    ]
    return {
        "plan text": plan_text(plan, Style(), values, everything=True),
        "plan markdown": plan_markdown(plan, values),
        "plan html": plan_html(plan, values),
        "plan json": "".join(plan_json(plan, values)),
        "run text": run_text(run, Style(), values, everything=True),
        "run markdown": run_markdown(run, values),
        "run json": json.dumps(run_json(run, values), ensure_ascii=False),
        "excluded text": status_records_text("contacts", Standing.EXCLUDED, rows, Style(), values),
        "excluded json": json.dumps(
            status_records_json("contacts", Standing.EXCLUDED, rows, values), ensure_ascii=False
        ),
        "failing text": status_records_text("contacts", Standing.FAILING, failing, Style(), values),
        "failing json": json.dumps(
            status_records_json("contacts", Standing.FAILING, failing, values), ensure_ascii=False
        ),
    }


@pytest.mark.parametrize("values", [MASKED, NONE])
def test_nothing_personal_is_in_any_form_of_any_report(values: Values) -> None:
    leaks = [
        (name, secret)
        for name, text in every_report(values).items()
        for secret in secrets()
        if re.search(rf"(?<![\w.]){re.escape(secret)}(?!\w)", text)
    ]
    assert leaks == []


def test_in_full_all_of_it_is_there() -> None:
    """The counterpart: the search above finds what is shown."""
    reports = every_report(FULL)
    assert all(secret in reports["plan json"] for secret in secrets() - {"carla"})
    assert "carla" in reports["run json"]


@pytest.mark.parametrize("values", [MASKED, NONE])
def test_ids_codes_and_amounts_stay(values: Values) -> None:
    text = every_report(values)["plan text"]
    assert make.uuid(5) in text
    assert "HubSpot 733" in text
    assert "HX203" in text
    assert ("19.95 → 21.5" in text) is (values is MASKED)


def test_a_masked_plan_keeps_its_id_and_its_counts_but_not_its_digest() -> None:
    plan = make.busy_plan()
    masked = read(plan_json(plan, MASKED))
    assert masked["plan"] == plan.id
    assert masked["values"] == "masked"
    assert masked["summary"] == plan.summary
    assert mask_plan(plan, MASKED).id != plan.id
    assert "values" not in read(plan_json(plan))


def test_what_apps_store_whole_is_masked_inside() -> None:
    """Entries that can only be written whole (an address, a phone) hold personal data as raw JSON."""
    change = make.change(1, "Jane Doe", Action.UPDATE, App.XERO, make.field("phone", "1", "2"))
    slot = {"PhoneType": "MOBILE", "PhoneNumber": "90001234", "Parts": ["Jane Doe", None, 3]}
    change = replace(change, effects=tuple(replace(each, slots={"Phones": slot}) for each in change.effects))
    document = read(plan_json(make.plan(change), MASKED))
    assert document["changes"][0]["effects"][0]["slots"] == {
        "Phones": {"PhoneType": "M…", "PhoneNumber": "9…", "Parts": ["J… D…", None, 3]}
    }
