"""Test cases of rulesets: what a case means, what is wrong with a test file, and that the shipped rulesets pass theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Ruleset
from hxrules.planning.cases.coverage import Coverage
from hxrules.planning.cases.rewriting import rewritten, scalar
from hxrules.planning.cases.run import Outcome, read_cases, run_cases
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.problems import Problem
from hxrules.values import Value

FOLDER = Path(__file__).parents[2] / "rulesets"
SHIPPED = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.endswith(("_test", ".v1")))
CATALOGUE = load_catalogue()
CONTACTS = "contacts: {direction: two-way, filters: {to-xero: email is known}}"
INVOICES = (
    "contacts: {direction: two-way}\n  invoices: {direction: two-way, sales-account: '200'}\n"
    "  payments: {direction: two-way, bank-account: '090'}"
)


def ruleset(syncs: str = CONTACTS, more: str = "") -> Ruleset:
    text = f"hxrules: 1\nname: test\nversion: '1'\nextends: xero-data-sync@1\nsyncs:\n  {syncs}\n{more}"
    found, problems = load_ruleset(text, "rules.yaml", CATALOGUE, shipped.base)
    assert found is not None, problems
    return found


def read(cases: str, rules: Ruleset) -> list[Problem]:
    return read_cases(f"cases:\n{cases}", "rules_test.yaml", rules, CATALOGUE)[1]


def outcome(case: str, rules: Ruleset) -> Outcome:
    cases, problems = read_cases(f"cases:\n  - name: one\n{case}", "rules_test.yaml", rules, CATALOGUE)
    assert problems == []
    (found,) = run_cases(cases, rules, CATALOGUE)
    return found


def happened(case: str, rules: Ruleset) -> list[str]:
    rows = outcome(f"{case}\n    expect: []", rules).rows
    return [f"{row.what.value}: {row.mention}" for row in rows if row.what.must_be_expected]


# --- the shipped rulesets ----------------------------------------------------------------------------------------------------


def test_there_are_rulesets_to_test() -> None:
    names = [path.name for path in SHIPPED]
    assert names == ["contacts.yaml", "invoices-from-hubspot.yaml", "mirror-xero.yaml", "recommended.yaml"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_ruleset_passes_its_cases_and_they_exercise_all_of_it(path: Path) -> None:
    """Every mapping, comparison, filter and limit."""
    rules = rulesets.load_valid(path).ruleset
    assert rules is not None
    text = path.with_name(f"{path.stem}_test.yaml").read_text(encoding="utf-8")
    cases, problems = read_cases(text, path.name, rules, CATALOGUE)
    assert problems == []
    coverage = Coverage(rules, CATALOGUE)
    outcomes = run_cases(cases, rules, CATALOGUE, coverage)
    assert [each.case.name for each in outcomes if not each.passed] == []
    assert [f"{rule.kind} {rule.name} {rule.way}" for rule in coverage.missing] == []


# --- what a case means -------------------------------------------------------------------------------------------------------


def test_a_record_may_be_written_in_friendly_and_in_own_names() -> None:
    friendly = "    hubspot: {contacts: [{id: 101, email: a@example.com, first-name: Ana, company-name: Lee}]}"
    own = "    hubspot: {contacts: [{id: 101, email: a@example.com, firstname: Ana, company: Lee}]}"
    fields = [outcome(f"{case}\n    expect: []", ruleset()).rows[0].fields for case in (friendly, own)]
    assert fields[0] == fields[1] == {"email": "a@example.com", "first-name": "Ana", "company-name": "Lee"}


def test_a_linked_pair_is_in_step_unless_before_says_otherwise() -> None:
    pair = (
        "hubspot: {id: 101, email: a@example.com, company-name: Lee, city: Perth}\n"
        "          xero: {id: c1, email: a@example.com, name: Lee, city: %s}"
    )
    still = "    linked:\n      contacts:\n        - " + pair
    assert happened(still % "Perth", ruleset()) == []
    edited = still % "Sydney" + "\n          before: {hubspot: {city: Sydney}}"
    assert happened(edited, ruleset()) == ["update: xero contact c1"]


def test_a_side_that_is_gone_leaves_its_partner() -> None:
    case = "    linked: {contacts: [{hubspot: {id: 101, email: a@example.com}, xero: gone}]}"
    assert happened(case, ruleset()) == ["exclude: contact 101 with gone-1"]


def test_an_invoice_finds_its_customer_and_its_payment_whichever_side_says_it() -> None:
    """The payment's invoice, and the invoice's customer, are made by the same plan."""
    case = """\
    hubspot:
      contacts: [{id: 101, email: a@example.com, company-name: Lee, invoice: 301}]
      invoices: [{id: 301, number: INV-1, lines: [{description: Advice, unit-price: 100}], payment: 401}]
      payments: [{id: 401, amount: 110}]
"""
    found = outcome(f"{case}    expect: []", ruleset(INVOICES))
    assert {row.mention: (row.fields.get("customer"), row.fields.get("invoice")) for row in found.rows if row.app} == {
        "xero contact from 101": (None, None),
        "xero invoice from 301": ("new from 101", None),
        "xero payment from 401": (None, "new from 301"),
    }


def test_totals_are_what_the_apps_come_to() -> None:
    """10 % tax of the usual setting, in both apps; so nothing differs and nothing is held."""
    case = """\
    linked:
      contacts:
        - hubspot: {id: 101, email: a@example.com, company-name: Lee}
          xero: {id: c1, email: a@example.com, name: Lee}
      invoices:
        - made-in: hubspot
          hubspot: {id: 301, number: INV-1, contact: 101, lines: [{description: A, unit-price: 9.99, tax: Tax on Sales}]}
          xero: {id: x1, number: INV-1, contact: c1, lines: [{description: A, unit-price: 9.99, tax: OUTPUT}]}
"""
    assert happened(case, ruleset(INVOICES)) == []


def test_books_can_be_said_otherwise() -> None:
    """A locked period, in the file's own accounts."""
    case = """\
    accounts: {xero: {locked-until: 2026-01-31}}
    hubspot:
      invoices: [{id: 301, number: INV-1, contact: 101, lines: [{description: A, unit-price: 1}]}]
    linked:
      contacts:
        - hubspot: {id: 101, email: a@example.com, company-name: Lee}
          xero: {id: c1, email: a@example.com, name: Lee}
    expect:
      - hold: hubspot invoice 301
        code: HX236
        because: locked up to 2026-01-31
"""
    assert outcome(case, ruleset(INVOICES)).passed


def test_a_custom_mapping_is_known_by_its_property() -> None:
    rules = ruleset(
        "contacts: {direction: two-way, custom-mappings: {abn: {hubspot: abn, xero: TaxNumber}}}",
        "accounts: {hubspot: {subscription: data-hub-starter}}\n",
    )
    case = """\
    hubspot: {contacts: [{id: 101, email: a@example.com, first-name: Ana, abn: 51824753556}]}
    expect:
      - create: xero contact
        email: a@example.com
        first-name: Ana
        company-name: Ana
        tax-number: 51824753556
"""
    assert outcome(case, rules).passed


# --- strictness --------------------------------------------------------------------------------------------------------------

TWO = "    hubspot: {contacts: [{id: 101, email: a@example.com, first-name: Ana}, {id: 102, first-name: Bo}]}\n"
CREATE = "      - {create: xero contact, email: a@example.com, first-name: Ana, company-name: Ana}\n"


@pytest.mark.parametrize(
    ("expect", "passes"),
    [
        (f"    expect:\n{CREATE}      - exclude: hubspot contact 102\n", True),
        (f"    expect:\n{CREATE}", False),
        (f"    only: true\n    expect:\n{CREATE}", True),
        ("    only: true\n    expect:\n      - {create: xero contact from 101, first-name: Ana}\n", True),
        ("    expect:\n      - {create: xero contact, first-name: Ana}\n      - exclude: hubspot contact\n", False),
        ("    only: true\n    expect:\n      - {create: xero contact, first-name: Anna}\n", False),
        ("    only: true\n    expect:\n      - {create: xero contact from 102}\n", False),
        ("    only: true\n    expect:\n      - {exclude: hubspot contact, by: email is known}\n", True),
        ("    only: true\n    expect:\n      - {exclude: hubspot contact, by: phone is known}\n", False),
        ("    only: true\n    expect:\n      - {hold: hubspot contact, code: HX203}\n", False),
    ],
)
def test_every_change_exclusion_and_field_is_expected_unless_only_is_said(expect: str, passes: bool) -> None:
    assert outcome(TWO + expect, ruleset()).passed is passes


def test_what_a_plan_remarks_may_be_expected_and_need_not() -> None:
    case = """\
    linked:
      contacts:
        - hubspot: {id: 101, email: a@example.com, company-name: Lee, website: https://b.example.com}
          xero: {id: c1, email: a@example.com, name: Lee, website: https://a.example.com}
          before: {hubspot: {website: https://a.example.com}}
"""
    assert outcome(f"{case}    expect: []", ruleset()).passed
    told = "    expect:\n      - {drift: hubspot contact 101, website: https://b.example.com}"
    assert outcome(case + told, ruleset()).passed


# --- what is wrong with a test file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "code", "place", "suggestion"),
    [
        ("  - {name: a, hubspot: {contact: []}, expect: []}", "HX161", (2, 25), "contacts"),
        ("  - {name: a, hubspot: {contacts: [{emial: x}]}, expect: []}", "HX161", (2, 37), "email"),
        ("  - {name: a, expects: []}", "HX161", (2, 15), "expect"),
        ("  - {name: a, now: soon, expect: []}", "HX163", (2, 20), None),
        ("  - {expect: []}", "HX162", (2, 5), None),
        ("  - {name: a, hubspot: [], expect: []}", "HX162", (2, 24), None),
        ("  - {name: a, xero: {contacts: [{is-customer: perhaps}]}, expect: []}", "HX163", (2, 47), None),
        ("  - {name: a, hubspot: {invoices: [{status: drafft}]}, expect: []}", "HX163", (2, 45), "draft"),
        ("  - {name: a, hubspot: {contacts: [{id: x1}]}, expect: []}", "HX163", (2, 41), None),
        ("  - {name: a, hubspot: {invoices: [{lines: [{id: x1}]}]}, expect: []}", "HX163", (2, 50), None),
        ("  - {name: a, hubspot: {contacts: [{id: 1}, {id: 1}]}, expect: []}", "HX164", (2, 50), None),
        ("  - {name: a, hubspot: {invoices: [{id: 1, contact: 101}]}, expect: []}", "HX164", (2, 53), None),
        ("  - {name: a, expect: [{create: xero contat}]}", "HX165", (2, 33), "create: xero contact"),
        ("  - {name: a, expect: [{crate: xero contact}]}", "HX165", (2, 25), "create"),
        ("  - {name: a, expect: [{update: contact}]}", "HX165", (2, 33), "update: xero contact"),
        ("  - {name: a, expect: [{create: xero contact, citty: x}]}", "HX161", (2, 47), "city"),
        ("  - {name: a, expect: [{exclude: hubspot contact 7}]}", "HX164", (2, 34), None),
        ("  - {name: a, linked: {contacts: [{hubspot: {id: 1}}]}, expect: []}", "HX162", (2, 35), None),
    ],
)
def test_a_mistake_in_a_test_file_is_named_at_its_place(
    case: str, code: str, place: tuple[int, int], suggestion: str | None
) -> None:
    (problem,) = read(case, ruleset())
    assert problem.span is not None
    assert (problem.code, (problem.span.line, problem.span.column), problem.suggestion) == (code, place, suggestion)


def test_a_pair_that_was_never_in_step_is_no_linked_pair() -> None:
    pair = "{hubspot: {id: 1, email: a@example.com, city: A}, xero: {email: a@example.com, name: L, city: B}}"
    (problem,) = read(f"  - {{name: a, linked: {{contacts: [{pair}]}}, expect: []}}", ruleset())
    assert problem.code == "HX166"
    assert "city" in problem.cause


def test_two_cases_of_one_name_are_a_mistake() -> None:
    assert [each.code for each in read("  - {name: a, expect: []}\n  - {name: a, expect: []}", ruleset())] == ["HX164"]


# --- coverage and rewriting --------------------------------------------------------------------------------------------------


def test_coverage_names_what_no_case_has_asked() -> None:
    """The filter lets Ana in and keeps nobody out; only the fields that she has were carried."""
    rules = ruleset()
    text = f"cases:\n  - name: a\n{TWO.replace(', {id: 102, first-name: Bo}', '')}    expect:\n{CREATE}"
    cases, _ = read_cases(text, "t.yaml", rules, CATALOGUE)
    coverage = Coverage(rules, CATALOGUE)
    assert all(each.passed for each in run_cases(cases, rules, CATALOGUE, coverage))
    missing = {(rule.kind, rule.name, rule.way) for rule in coverage.missing}
    assert ("filter", "to Xero", "keeps out") in missing
    assert ("comparison", "email is known (to Xero)", "false") in missing
    assert ("mapping", "phone", "to Xero") in missing
    assert not {("filter", "to Xero", "lets in"), ("mapping", "email", "to Xero")} & missing


def test_comparisons_behind_the_one_that_decides_are_not_asked() -> None:
    rules = ruleset("contacts: {direction: to-xero, filters: {to-xero: email is known and city = Perth}}")
    cases, _ = read_cases(
        "cases:\n  - {name: a, hubspot: {contacts: [{id: 1}]}, expect: [{exclude: hubspot contact 1}]}",
        "t.yaml",
        rules,
        CATALOGUE,
    )
    coverage = Coverage(rules, CATALOGUE)
    run_cases(cases, rules, CATALOGUE, coverage)
    asked = {(rule.name, rule.way) for rule, hit in coverage.rules.items() if hit and rule.kind == "comparison"}
    assert asked == {("email is known (to Xero)", "false")}


def test_rewriting_touches_nothing_but_the_expectations_of_failing_cases() -> None:
    rules = ruleset()
    text = (
        "# mine\ncases:\n  - name: a   # why\n" + TWO + "    expect:   # old\n      - {create: xero contact}\n\n"
        "  # next\n  - name: b\n    hubspot:\n      contacts: [{id: 7}]   # nobody\n\n# end\n"
    )
    cases, _ = read_cases(text, "t.yaml", rules, CATALOGUE)
    new = rewritten(text, run_cases(cases, rules, CATALOGUE), Vocabulary(rules, CATALOGUE))
    assert new == (
        "# mine\ncases:\n  - name: a   # why\n" + TWO + "    expect:\n      - create: xero contact from 101\n"
        "        email: a@example.com\n        first-name: Ana\n        company-name: Ana\n"
        "      - exclude: hubspot contact 102\n        by: email is known\n\n"
        "  # next\n  - name: b\n    hubspot:\n      contacts: [{id: 7}]   # nobody\n"
        "    expect:\n      - exclude: hubspot contact 7\n        by: email is known\n\n# end\n"
    )
    again, problems = read_cases(new, "t.yaml", rules, CATALOGUE)
    assert problems == []
    assert all(each.passed for each in run_cases(again, rules, CATALOGUE))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ana Lee", "Ana Lee"),
        ("true", '"true"'),
        ("a: b", '"a: b"'),
        ('say "x"', '"say \\"x\\""'),
        ("a #b", '"a #b"'),
        ("[x]", '"[x]"'),
        ("two\nlines", '"two\\nlines"'),
        (None, "null"),
        (True, "true"),
    ],
)
def test_values_are_written_so_that_they_are_read_as_they_were(value: Value, text: str) -> None:
    assert scalar(value) == text
