"""What a ruleset takes on trust offline, compared with two accounts: by `validate --online`, and before every run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import Stage, customer, quick_stage, rules, world


def prop(name: str, label: str, kind: str = "string", form: str = "text") -> dict[str, Any]:
    return {"name": name, "label": label, "type": kind, "fieldType": form, "groupName": "contactinformation"}


WORLD = world(
    customer(1, "Acme", "acme@example.com"),
    {
        "hubspot": {
            "properties": {
                "contacts": [
                    prop("abn", "ABN"),
                    prop("credit_limit", "Credit limit", "number", "number"),
                    prop("customer_since", "Customer since", "date", "date"),
                ]
            }
        }
    },
)
STARTER = "accounts: {hubspot: {subscription: data-hub-starter}}\n"


def mapping(text: str) -> str:
    """A ruleset whose 9th line is one custom mapping, with the name of HubSpot's property in column 22."""
    return (
        'hxrules: 1\nname: rules\nversion: "1"\nextends: xero-data-sync@1\n'
        f"syncs:\n  contacts:\n    direction: two-way\n    custom-mappings:\n      own: {text}\n{STARTER}"
    )


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with quick_stage(tmp_path, WORLD, ruleset=mapping("{hubspot: abn, xero: TaxNumber}")) as found:
        yield found


def told(here: Stage, *words: str) -> list[tuple[str, str, int | None]]:
    """Code, severity and line of everything that `validate --online` says."""
    said = here.type("validate", "--online", *words, "--format", "json")
    return [(each["code"], each["severity"], each["line"]) for each in said.json["problems"]]


WRONG = [
    ("{hubspot: abnn, xero: TaxNumber}", "HX217", "abn"),
    ("{hubspot: no_such_thing, xero: TaxNumber}", "HX217", "hxrules import"),
    ("{hubspot: no_such_thing, xero: TaxNumber, direction: to-xero}", "HX217", "no_such_thing"),
    (
        "{hubspot: customer_since, xero: Balances.AccountsReceivable.Outstanding, type: number, direction: to-hubspot}",
        "HX219",
        "type: day",
    ),
    ("{hubspot: hs_calculated_merged_vids, xero: TaxNumber}", "HX218", "direction: to-xero"),
]


@pytest.mark.parametrize(("text", "code", "hint"), WRONG)
def test_a_property_that_does_not_fit_stops_before_anything_is_read(
    here: Stage, text: str, code: str, hint: str
) -> None:
    """Each with its place, what to write instead, and 3: by `validate --online`, `dry-run`, `apply` and a saved plan."""
    here.type("dry-run", "-o", "plan.json")
    here.ruleset(mapping(text))
    assert here.type("validate").code == 0
    assert told(here) == [(code, "error", 9)]
    for words in (("dry-run",), ("apply", "--yes"), ("validate", "--online"), ("apply", "plan.json")):
        before = len(here.sandbox.requests)
        said = here.type(*words)
        assert said.code == 3, said.text
        assert f"[{code}]" in said.text
        assert "hxrules.yaml:9:22" in said.text
        assert f"9 │       own: {text}"[:40] in said.text
        assert hint in said.text
        assert not [each for each in here.calls(before) if each[1] == "GET" and "/objects/" in each[2]]


@pytest.mark.parametrize(
    "text",
    [
        "{hubspot: abn, xero: TaxNumber}",
        "{hubspot: credit_limit, xero: AccountNumber, direction: to-xero}",
        "{hubspot: hs_calculated_merged_vids, xero: TaxNumber, direction: to-xero}",
    ],
)
def test_a_property_that_fits_is_nothing_to_speak_of(here: Stage, text: str) -> None:
    here.ruleset(mapping(text))
    said = here.type("validate", "--online")
    assert (said.code, said.out.count("is valid")) == (0, 1), said.text
    assert here.type("dry-run").code == 0


def test_text_that_must_be_a_number_is_a_warning(here: Stage) -> None:
    """HubSpot refuses the values that are none; others travel, so nothing stops."""
    here.ruleset(mapping("{hubspot: credit_limit, xero: AccountNumber}"))
    assert told(here) == [("HX219", "warning", 9)]
    assert here.type("validate", "--online").code == 0
    assert here.type("dry-run").code == 0


def test_no_property_of_ones_own_costs_no_call(here: Stage) -> None:
    """One call for each type whose mappings name some; none for a mapping that is off with its sync."""
    definitions = "/crm/properties/2026-09/contacts"

    def asked() -> int:
        before = len(here.sandbox.requests)
        assert here.type("dry-run").code == 0
        return here.calls(before).count(("hubspot", "GET", definitions))

    assert asked() == 1
    here.ruleset(rules(contacts="direction: two-way"))
    assert asked() == 0
    here.ruleset(
        mapping("{hubspot: nothing_like_it, xero: TaxNumber}").replace(
            "    direction", "    enabled: false\n    direction"
        )
    )
    assert asked() == 0


# --- the books -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "line", "hint"),
    [
        ('sales-account: "290"', "HX230", 8, "no account 290"),
        ('sales-account: "090"', "HX230", 8, "200 (Sales)"),
        ('tax: {OUTPUTT: "GST on Income"}', "HX241", 8, "`OUTPUT`"),
        ('tax: {OUTPUT: "No such rate"}', "HX241", 8, "No such rate"),
    ],
)
def test_what_the_books_lack(tmp_path: Path, text: str, code: str, line: int, hint: str) -> None:
    invoices = f"syncs:\n  invoices:\n    direction: two-way\n    {text}\n"
    ruleset = 'hxrules: 1\nname: rules\nversion: "1"\nextends: xero-data-sync@1\n' + invoices
    with quick_stage(tmp_path, WORLD, ruleset=ruleset) as here:
        assert (code, "error", line) in told(here)
        said = here.type("validate", "--online")
        assert said.code == 3
        assert hint in said.text
        assert here.type("dry-run").code == 0, "an account that is missing holds what needs it, and nothing else"


def test_a_bank_account_must_take_payments(tmp_path: Path) -> None:
    text = rules(payments='direction: to-xero, bank-account: "200"')
    with quick_stage(tmp_path, WORLD, ruleset=text) as here:
        assert told(here) == [("HX230", "error", 6)]
        here.ruleset(rules(payments='direction: to-xero, bank-account: "090"'))
        assert told(here) == []


def test_a_currency_that_one_app_lacks_is_a_warning(tmp_path: Path) -> None:
    text = rules(invoices='direction: two-way, sales-account: "200"')
    with quick_stage(tmp_path, world(WORLD, {"hubspot": {"currencies": ["EUR"]}}), ruleset=text) as here:
        assert ("HX238", "warning", 6) in told(here)
        assert here.type("validate", "--online").code == 0


# --- whose accounts ------------------------------------------------------------------------------------------------------------


def test_other_accounts_are_seven(here: Stage) -> None:
    """Pins that don't match have their place, in every format; without credentials there is nothing to compare with."""
    here.ruleset(mapping("{hubspot: abn, xero: TaxNumber}").replace("{subscription", "{portal: 42, subscription"))
    said = here.type("validate", "--online")
    assert said.code == 7
    assert "[HX404]" in said.text
    assert "hxrules.yaml:10:" in said.text
    assert "HX404" in here.type("validate", "--online", "--format", "github").out
    assert here.type("validate", "--online", "--format", "sarif").json["runs"]
    del os.environ["HXRULES_HUBSPOT_TOKEN"]
    assert here.type("validate", "--online").code == 7


def test_what_is_wrong_offline_is_said_first(here: Stage) -> None:
    """Nothing is asked of an account for a ruleset that has no meaning."""
    here.ruleset(mapping("{hubspot: abn, xero: NoSuchField}"))
    before = len(here.sandbox.requests)
    assert here.type("validate", "--online").code == 3
    assert here.calls(before) == []


def test_doctor_says_the_same(here: Stage) -> None:
    here.ruleset(mapping("{hubspot: abnn, xero: TaxNumber}"))
    said = here.type("doctor", "--format", "json")
    assert said.code == 7
    wrong = [each for each in said.json["findings"] if each["state"] == "wrong"]
    assert [(each["code"], "hxrules.yaml:9:22" in each["what"]) for each in wrong] == [("HX217", True)]
