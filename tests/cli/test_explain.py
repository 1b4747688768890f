"""`hxrules explain REF`: how a record is linked, what lets it in or keeps it out, each field with its rule; saved and live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import (
    Stage,
    customer,
    debtor,
    guid,
    hubspot_invoice,
    person,
    rules,
    stage,
    world,
    xero_invoice,
)

LINE = {"name": "Advice", "quantity": "1", "price": "100"}
WORLD = world(
    customer(1, "Ana Lee", "ana@example.com"),
    person(2, "Bo Ng", "bo@example.com"),
    person(3, "Cy", None),
    debtor(4, "Dee", "dee@example.com"),
    person(5, "Dee", "eve@example.com"),
    hubspot_invoice(301, LINE, contact=1),
    hubspot_invoice(302, {**LINE, "hs_sku": "NOPE"}, contact=1),
    xero_invoice(77, {"Description": "Advice", "Quantity": 1, "UnitAmount": "5.00"}, contact=1),
)
RULES = rules(
    contacts="direction: two-way, filters: {to-xero: email is known, to-hubspot: email is known}",
    invoices='direction: two-way, started: 2020-01-01T00:00:00Z, sales-account: "200"',
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage after one run. Nothing here writes to it."""
    with stage(tmp_path_factory.mktemp("ran"), WORLD, ruleset=RULES) as here:
        assert here.type("apply", "--yes").code == 6
        yield here


def told(here: Stage, *words: str) -> dict[str, Any]:
    said = here.type("explain", *words, "--format", "json")
    assert said.code == 0, said.text
    found: dict[str, Any] = said.json
    return found


def field(found: dict[str, Any], mapping: str) -> dict[str, Any]:
    (row,) = [each for each in found["fields"] if each["mapping"] == mapping]
    return dict(row)


@pytest.mark.parametrize(
    "ref",
    [
        "contact:ana@example.com",
        "contact:Ana Lee",
        "contacts:ANA@example.com",
        "hubspot:contacts/1",
        f"xero:contacts/{guid(1)}",
    ],
)
def test_a_pair_is_known_by_its_key_its_name_and_its_ids(ran: Stage, ref: str) -> None:
    found = told(ran, ref)
    assert (found["hubspot"], found["xero"], found["standing"]) == ("1", guid(1), "in_sync")
    assert found["linked"] == "by the same email"


def test_the_saved_state_says_what_each_side_held_by_which_rule(ran: Stage) -> None:
    """No request is made."""
    before = len(ran.sandbox.requests)
    found = told(ran, "contact:ana@example.com")
    assert len(ran.sandbox.requests) == before
    row = field(found, "company-name")
    assert (row["hubspot"], row["xero"], row["verdict"]) == ("Ana Lee", "Ana Lee", "in step")
    assert row["file"].endswith("xero-data-sync.v1.yaml")
    assert row["line"] > 0
    assert found["next"] == ["Nothing, unless it was edited since."]


def test_an_excluded_record_names_the_words_that_keep_it_out(ran: Stage) -> None:
    found = told(ran, "hubspot:contacts/3")
    assert (found["standing"], found["excluded_by"]) == ("excluded", "the filter: email is known")
    (limit,) = found["limits"]
    assert (limit["to"], limit["included"], limit["leaf"], limit["line"]) == ("xero", False, "email is known", 6)


@pytest.mark.parametrize(
    ("ref", "code"), [("hubspot:contacts/5", "HX203"), ("invoice:INV-302", "HX227"), ("hubspot:invoices/302", "HX227")]
)
@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_failing_record_says_what_holds_it(ran: Stage, ref: str, code: str, live: tuple[str, ...]) -> None:
    """From the state, and again from the apps as they are."""
    found = told(ran, ref, *live)
    assert (found["standing"], [each["code"] for each in found["problems"]]) == ("failing", [code])


def test_live_an_excluded_record_shows_the_value_that_decides(ran: Stage) -> None:
    found = told(ran, "hubspot:contacts/3", "--live")
    (limit,) = found["limits"]
    assert (limit["included"], limit["value"]) == (False, None)
    assert found["next"] == ["Nothing: it is kept out by the filter (email is known)."]


def test_live_a_pair_in_step_stays_as_it_is(ran: Stage) -> None:
    found = told(ran, "invoice:SI-77", "--live")
    assert found["linked"] == "hxrules made it in HubSpot out of Xero's"
    assert {each["verdict"] for each in found["fields"]} == {"same"}
    assert found["next"] == ["Nothing: both are in step."]
    assert {(each["to"], each["included"]) for each in found["limits"]} == {("xero", False), ("hubspot", True)}


def test_live_fixed_limits_are_asked_one_by_one(ran: Stage) -> None:
    found = told(ran, "invoice:INV-301", "--live")
    asked = [each["limit"] for each in found["limits"] if each["to"] == "xero"]
    assert asked == ["own", "open", "since-start", "currencies"]


def test_live_an_edit_shows_base_values_verdict_winner_and_what_is_written(tmp_path: Path) -> None:
    """And nothing is written by looking."""
    with stage(tmp_path, WORLD, ruleset=RULES) as here:
        here.type("apply", "--yes")
        here.edit_hubspot("1", city="Perth")
        requests = len(here.calls())
        found = told(here, "contact:ana@example.com", "--live")
        assert {
            method for _, method, path in here.calls(requests) if not path.endswith(("search", "read", "token"))
        } <= {"GET"}
        row = field(found, "city")
        assert (row["hubspot"], row["xero"], row["base"]) == ("Perth", None, {"hubspot": None, "xero": None})
        assert (row["verdict"], row["winner"]) == ("to-xero", "hubspot")
        assert row["change"] == {"field": "PostalCity", "before": None, "after": "Perth"}
        assert found["next"] == ["It updates it in Xero: city."]
        assert field(told(here, "contact:ana@example.com"), "city")["hubspot"] is None
        text = here.type("explain", "contact:ana@example.com", "--live", "--values", "full").out
        for words in ("city", "to-xero, HubSpot wins", "edited in HubSpot", "∅ → Perth", "xero-data-sync.v1.yaml:"):
            assert words in text


def test_live_knows_records_that_no_run_has_seen(tmp_path: Path) -> None:
    """By their key, in either app; the same e-mail in both is one pair to be linked."""
    with stage(tmp_path, WORLD, ruleset=RULES) as here:
        bo = told(here, "contact:bo@example.com", "--live")
        assert (bo["standing"], bo["next"]) == (None, ["It creates it in Xero: email, company-name."])
        ana = told(here, "contact:ana@example.com", "--live")
        assert (ana["hubspot"], ana["xero"]) == ("1", guid(1))
        assert ana["linked"] == "not yet; the next run links them (same email)"
        assert here.type("explain", "contact:bo@example.com").code == 64


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("contact:anna@example.com",), "Did you mean contact:ana@example.com?"),
        (("contact:nobody@example.org",), "--live asks the apps"),
        (("contact:nobody@example.org", "--live"), "Neither the state nor the apps know it"),
        (("contct:ana@example.com",), "Did you mean contact:ana@example.com?"),
        (("hubspot:contact/1",), "Did you mean hubspot:contacts/1?"),
        (("hubspot:contacts/999",), "There is no record"),
        (("contact:Dee",), "may be several records: xero:contacts/"),
        (("HX20",), "There is no code"),
    ],
)
def test_what_names_no_record_or_several_ends_with_64(ran: Stage, words: tuple[str, ...], hint: str) -> None:
    said = ran.type("explain", *words)
    assert said.code == 64
    if words == ("contact:Dee",):
        assert "hubspot:contacts/5" in said.err
        assert "may be several records" in said.err
    else:
        assert hint in said.err


def test_personal_data_is_masked_where_it_is_not_asked_for(ran: Stage) -> None:
    """Not on a terminal: masked, in text; ids stay."""
    said = ran.type("explain", "contact:ana@example.com")
    assert "ana@example.com" not in said.out
    assert guid(1) in said.out
    assert "ana@example.com" in ran.type("explain", "contact:ana@example.com", "--values", "full").out


def test_a_sync_that_is_off_says_so(ran: Stage) -> None:
    ran.ruleset(RULES.replace("contacts: {", "contacts: {enabled: false, "), "off.yaml")
    found = told(ran, "contact:ana@example.com", "off.yaml")
    assert found["enabled"] is False
    assert found["next"] == ["Nothing: the sync of contacts is off."]


def test_edited_rules_are_pointed_out(ran: Stage) -> None:
    ran.ruleset(RULES.replace("to-xero: email is known", "to-xero: phone is known"), "edited.yaml")
    assert any("were edited since" in each for each in told(ran, "contact:ana@example.com", "edited.yaml")["next"])
