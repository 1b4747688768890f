"""The rulesets that come with hxrules are valid, and the words of R13 stand in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Direction, Ruleset
from hxrules.records import App

FOLDER = Path(shipped.__file__).parents[1] / "rulesets"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml") if not path.stem.endswith("_test"))


def ruleset(name: str) -> Ruleset:
    loaded, problems = load_ruleset(shipped.ruleset(name), f"rulesets/{name}.yaml", load_catalogue(), shipped.base)
    assert problems == []
    assert loaded is not None
    return loaded


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_ruleset_is_valid_and_known_to_editors(name: str) -> None:
    assert ruleset(name)
    assert shipped.ruleset(name).startswith("# yaml-language-server: $schema=../schemas/ruleset.v1.json\n")


def test_contacts_needs_no_accounts_and_goes_both_ways_for_those_with_an_e_mail() -> None:
    rules = ruleset("contacts")
    assert (rules.name, rules.accounts.portal, rules.accounts.tenant) == ("contacts", None, None)
    (sync,) = rules.active
    assert (sync.name, sync.direction, sync.winner) == ("contacts", Direction.TWO_WAY, App.XERO)
    assert {app: each.text for app, each in sync.filters.items()} == {
        App.XERO: "email is known",
        App.HUBSPOT: "email is known",
    }


def test_recommended_has_the_filters_of_r13() -> None:
    rules = ruleset("recommended")
    assert {sync.name: {app.value: each.text for app, each in sync.filters.items()} for sync in rules.active} == {
        "contacts": {"xero": "any invoice (status != draft and created > sync_started and source != HubSpot)"},
        "products": {},
        "invoices": {"hubspot": "created > end_of_day(sync_started)"},
    }


def test_invoices_from_hubspot_never_write_an_invoice_in_hubspot() -> None:
    rules = ruleset("invoices-from-hubspot")
    assert {sync.name: sync.direction for sync in rules.active} == {
        "contacts": Direction.TO_XERO,
        "products": Direction.TO_XERO,
        "invoices": Direction.TO_XERO,
        "payments": Direction.TWO_WAY,
    }


def test_a_mirror_of_xero_never_writes_xero() -> None:
    rules = ruleset("mirror-xero")
    assert [sync.name for sync in rules.active] == ["contacts", "products", "invoices", "payments"]
    assert {sync.direction for sync in rules.active} == {Direction.TO_HUBSPOT}
    assert all(mapping.writes <= {App.HUBSPOT} for sync in rules.active for mapping in sync.mappings)


def test_bases_are_found_by_name_and_version() -> None:
    assert shipped.bases() == ("xero-data-sync@1",)
    found = shipped.base("xero-data-sync@1")
    assert found == (shipped.ruleset("xero-data-sync.v1"), "rulesets/xero-data-sync.v1.yaml")
    for unknown in ("xero-data-sync", "xero-data-sync@2", "../xero-data-sync@1", "contacts", ""):
        assert shipped.base(unknown) is None


def test_a_name_that_is_not_shipped_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        shipped.ruleset("nothing")
    with pytest.raises(FileNotFoundError):
        shipped.schema("nothing")
