"""`hxrules import` over the sandbox: what fits is proposed with its reason, what doesn't is named with why; `--write` gives a ruleset that
is valid, laid out, and runs. Neither app is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hxrules.language.layout import formatted
from hxrules.sandbox.xero import regions
from tests.scenarios.stage import Stage, quick_stage


def prop(name: str, label: str, kind: str = "string", field: str = "text", **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "type": kind, "fieldType": field, "groupName": "contactinformation", **more}


def rate(kind: str, name: str, percent: float, status: str = "ACTIVE") -> dict[str, Any]:
    """One of Xero's sales tax rates."""
    component = {"Name": name, "Rate": percent, "IsCompound": False, "IsNonRecoverable": False}
    return {
        "Name": name,
        "TaxType": kind,
        "ReportTaxType": "OUTPUT",
        **regions.uses_of("OUTPUT"),
        "DisplayTaxRate": percent,
        "EffectiveRate": percent,
        "Status": status,
        "TaxComponents": [component],
    }


OPTIONS = [{"label": each.title(), "value": each} for each in ("gold", "silver")]
WORLD: dict[str, dict[str, Any]] = {
    "hubspot": {
        "currencies": ["EUR", "JPY", "NZD"],
        "properties": {
            "contacts": [
                prop("abn", "ABN"),
                prop("debtor", "Debtor number"),
                prop("client_no", "Client number"),
                prop("reg_no", "Company registration number", "number", "number"),
                prop("favourite_colour", "Favourite colour"),
                prop("fax_calc", "Fax number", "string", "calculation_equation", calculationFormula="x"),
                prop("attention", "Attention to", "enumeration", "checkbox", options=OPTIONS),
            ]
        },
        "tax_rates": [
            {"id": "1", "name": "GST on Income", "label": "GST", "percentageRate": 10},
            {"id": "2", "name": "Tourism", "label": "Tourism", "percentageRate": 3.5},
            {"id": "3", "name": "Zero", "label": "Zero", "percentageRate": 0},
        ],
    },
    "xero": {
        "currencies": ["AUD", "EUR", "SGD"],
        "tax_rates": [
            rate("OUTPUT", "GST on Income", 10),
            rate("TAX001", "Tourism Levy", 3.5),
            rate("TAX002", "Luxury", 33),
            rate("EXEMPTOUTPUT", "GST Free Income", 0),
        ],
    },
}
RULES = """\
# What we keep in step.
hxrules: 1
name: acme
version: "1"
extends: xero-data-sync@1

# Nothing pinned yet.
accounts:
  hubspot:
    subscription: data-hub-starter   # we pay for it

syncs:
  contacts:
    direction: two-way   # both ways
  invoices:
    direction: two-way
    sales-account: "999"   # a guess
    filters:
      to-hubspot: |
        status not in [draft, submitted, deleted]
        and created > end_of_day(sync_started)
  payments: {direction: two-way, bank-account: "090"}
# The end.
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with quick_stage(tmp_path, WORLD, ruleset=RULES) as found:
        yield found


def proposed(here: Stage, *words: str) -> dict[str, tuple[str, str]]:
    """Path → value and reason."""
    said = here.type("import", "--format", "json", *words)
    assert said.code == 0, said.text
    return {".".join(each["path"]): (each["value"], each["why"]) for each in said.json["proposed"]}


def left(here: Stage) -> Mapping[str, str]:
    return {each["what"]: each["because"] for each in here.type("import", "--format", "json").json["not_proposed"]}


def test_a_property_whose_name_and_type_fit_becomes_a_mapping(here: Stage) -> None:
    found = proposed(here)
    value, why = found["syncs.contacts.custom-mappings.tax-number"]
    assert value == "{hubspot: abn, xero: TaxNumber}"
    assert why == "HubSpot's “ABN” and Xero's tax number; Xero takes 50 characters"


def test_a_number_goes_into_a_text_one_way_as_nothing_turns_it_back(here: Stage) -> None:
    value, _ = proposed(here)["syncs.contacts.custom-mappings.company-number"]
    assert value == "{hubspot: reg_no, xero: CompanyNumber, type: number, direction: to-xero}"


def test_what_hubspot_computes_is_only_read(here: Stage) -> None:
    value, _ = proposed(here)["syncs.contacts.custom-mappings.fax"]
    assert value == "{hubspot: fax_calc, xero: Fax, direction: to-xero}"


def test_what_does_not_fit_is_named_with_the_reason(here: Stage) -> None:
    """Two that want the same field, no field of that name, several choices at once, a rate without a partner."""
    found = left(here)
    assert "client_no could go into Xero's AccountNumber as well" in found["contact property debtor “Debtor number”"]
    assert "debtor could go" in found["contact property client_no “Client number”"]
    assert "no field of Xero" in found["contact property favourite_colour “Favourite colour”"]
    assert "several choices" in found["contact property attention “Attention to”"]
    assert "HubSpot's library has no free rate of 33 %" in found["tax TAX002 “Luxury”"]


def test_hubspots_own_po_number_is_found_too(here: Stage) -> None:
    """R25: it has no default mapping."""
    value, _ = proposed(here)["syncs.invoices.custom-mappings.reference"]
    assert value == "{hubspot: hs_purchase_order_number, xero: Reference}"


def test_rates_of_one_percentage_are_paired_where_nothing_else_could_be_meant(here: Stage) -> None:
    """And those that pair by name already are left alone; of 0 % a shared word is asked for, as exempt and zero-rated differ."""
    found = proposed(here)
    assert found["syncs.invoices.tax.TAX001"][0] == "Tourism"
    assert "syncs.invoices.tax.OUTPUT" not in found
    assert "syncs.invoices.tax.EXEMPTOUTPUT" not in found
    assert "can't be told" in left(here)["tax EXEMPTOUTPUT “GST Free Income”"]


def test_accounts_are_looked_up_in_the_chart_and_pinned(here: Stage) -> None:
    """One that isn't in the chart is replaced; one that is stays."""
    found = proposed(here)
    assert found["syncs.invoices.sales-account"][0] == '"200"'
    assert "instead of 999, which is no active revenue account" in found["syncs.invoices.sales-account"][1]
    assert "syncs.payments.bank-account" not in found
    organisation = here.xero("GET", "/Organisation")["Organisations"][0]
    assert found["accounts.xero.tenant"][0] == organisation["OrganisationID"]
    assert "accounts.hubspot.portal" in found


def test_currencies_that_one_side_lacks_are_noted(here: Stage) -> None:
    notes = here.type("import", "--format", "json").json["notes"]
    assert any("HubSpot uses NZD, which Xero lacks" in each for each in notes)
    assert any("HubSpot uses JPY: invoices in them never go" in each for each in notes)
    assert any("Xero uses SGD, which HubSpot lacks" in each for each in notes)


def test_the_yaml_that_is_shown_is_a_part_of_a_ruleset(here: Stage) -> None:
    """Each key once, in the order of a ruleset."""
    document = here.type("import", "--format", "json").json
    parsed = yaml.safe_load(document["yaml"])
    assert list(parsed) == ["accounts", "syncs"]
    assert list(parsed["syncs"]["invoices"]) == ["custom-mappings", "sales-account", "tax"]
    assert document["yaml"].count("invoices:") == 1


def test_nothing_is_written_anywhere_without_write(here: Stage) -> None:
    said = here.type("import")
    assert said.code == 0, said.text
    assert "Proposed for hxrules.yaml" in said.out
    assert "Next: hxrules import --write" in said.err
    assert (here.folder / "hxrules.yaml").read_text(encoding="utf-8") == RULES
    assert {method for _, method, path in here.calls() if "/connect/token" not in path} == {"GET"}


def test_write_keeps_comments_and_gives_rules_that_are_valid_and_run(here: Stage) -> None:
    """The diff is shown; the result is laid out; dry-run works; and nothing is left to import."""
    said = here.type("import", "--write")
    assert said.code == 0, said.text
    text = (here.folder / "hxrules.yaml").read_text(encoding="utf-8")
    for comment in ("# What we keep in step.", "# Nothing pinned yet.", "# we pay for it", "# both ways", "# The end."):
        assert comment in text
    assert '+    sales-account: "200"   # a guess' in said.out
    assert formatted(text) == text
    assert here.type("validate").code == 0
    assert here.type("fmt", "--check").code == 0
    assert here.type("dry-run").code == 0
    again = here.type("import", "--write")
    assert "Nothing to propose" in again.out
    assert (here.folder / "hxrules.yaml").read_text(encoding="utf-8") == text


def test_without_the_subscription_mappings_are_only_spoken_of(here: Stage) -> None:
    here.ruleset(RULES.replace("data-hub-starter", "free"))
    assert not any("custom-mappings" in path for path in proposed(here))
    assert "need HubSpot's Data Hub Starter" in left(here)["contact property abn “ABN”"]


def test_what_another_file_says_is_not_proposed_for_this_one(here: Stage) -> None:
    """A sync of the ruleset that is extended: its entries belong there."""
    here.ruleset(RULES, "company.yaml")
    own = 'hxrules: 1\nname: au\nversion: "1"\nextends: company.yaml\nsyncs:\n  contacts: {direction: two-way}\n'
    here.ruleset(own)
    found = proposed(here)
    assert "syncs.contacts.custom-mappings.tax-number" in found
    assert not any(path.startswith("syncs.invoices") for path in found)
    assert 'it would be "200", but not in this file' in left(here)["syncs.invoices.sales-account"]
    assert here.type("import", "--write").code == 0
    assert here.type("validate").code == 0


def test_without_credentials_it_says_so(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HXRULES_HUBSPOT_TOKEN")
    said = here.type("import")
    assert said.code == 7
    assert "HX401" in said.err


def test_an_invalid_ruleset_is_said_and_nobody_is_asked(here: Stage) -> None:
    here.ruleset(RULES.replace("two-way", "both-ways"))
    assert here.type("import").code == 3
    assert here.calls() == []


def test_an_account_that_the_ruleset_is_not_for_is_refused(here: Stage) -> None:
    here.ruleset(RULES.replace("subscription:", "portal: 42\n    subscription:"))
    said = here.type("import", "--write")
    assert said.code == 7
    assert "HX404" in said.err
    assert "portal: 42" in (here.folder / "hxrules.yaml").read_text(encoding="utf-8")


def test_labels_may_hold_anything(tmp_path: Path) -> None:
    """Quotes, colons, line ends and hashes of a label end up in a comment, and break nothing."""
    label = "ABN"
    wild = {
        **WORLD,
        "hubspot": {
            **WORLD["hubspot"],
            "properties": {"contacts": [prop("vat", 'x: "y" # z\n- {a}'), prop("abn", label)]},
        },
    }
    with quick_stage(tmp_path, wild, ruleset=RULES) as here:
        assert here.type("import", "--write").code == 0
        assert here.type("validate").code == 0
        assert json.loads(here.type("import", "--format", "json").out)["written"] is False


def test_the_first_ten_minutes(tmp_path: Path) -> None:
    """`init`, `import --write`, `validate`, `test`, `dry-run`: what the first writes is completed by the second, and all of it runs."""
    with quick_stage(tmp_path, WORLD, ruleset=RULES) as here:
        (here.folder / "hxrules.yaml").unlink()
        assert here.type("init", "--preset", "two-way", "--ci", "none", "--yes").code == 0
        said = here.type("import", "--write")
        assert said.code == 0, said.text
        for words in (["validate"], ["fmt", "--check"], ["test"], ["dry-run"]):
            ran = here.type(*words)
            assert ran.code == 0, ran.text
        assert "  xero:\n    # Demo Company (AU)" in (here.folder / "hxrules.yaml").read_text(encoding="utf-8")
