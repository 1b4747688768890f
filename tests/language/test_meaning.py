"""What a ruleset means once it is read: what the base brings, what can be switched off, and which texts mean the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Direction, History, Ruleset, Subscription, Sync, Totals, Voids
from hxrules.problems import Problem, has_errors
from hxrules.records import App
from tests.language.test_rulesets import HERE, load
from tests.language.test_schema import nearly_rulesets

HEAD = 'hxrules: 1\nname: acme\nversion: "1"\nextends: xero-data-sync@1\naccounts:\n  hubspot: {subscription: data-hub-starter}\n'


ALL_SYNCS = """
syncs:
  payments: {direction: two-way, bank-account: "090"}
  contacts: {direction: two-way}
  invoices: {direction: two-way, sales-account: "200"}
  products: {direction: two-way}
"""


def read(text: str, files: dict[str, str] | None = None) -> tuple[Ruleset | None, list[Problem]]:
    def bases(name: str) -> tuple[str, str] | None:
        if files and name in files:
            return files[name], name
        return shipped.base(name)

    return load_ruleset(text, "rules/acme.yaml", load_catalogue(), bases)


def valid(text: str, files: dict[str, str] | None = None) -> Ruleset:
    ruleset, problems = read(text, files)
    assert ruleset is not None, problems
    return ruleset


def contacts(body: str = "direction: two-way", head: str = HEAD) -> Sync:
    return valid(head + "syncs:\n  contacts:\n" + "".join(f"    {line}\n" for line in body.splitlines())).sync(
        "contacts"
    )


# --- what the base brings ------------------------------------------------------------------------------------------------------


def test_contacts_have_the_twelve_default_mappings_in_the_order_of_the_base() -> None:
    assert [mapping.id for mapping in contacts().mappings] == [
        "email", "first-name", "last-name", "company-name", "phone", "mobile",
        "address", "city", "region", "postal-code", "country", "website",
    ]  # fmt: skip


def test_default_mappings_of_the_other_syncs() -> None:
    ruleset = valid(HEAD + ALL_SYNCS)
    assert {sync.name: [mapping.id for mapping in sync.mappings] for sync in ruleset.syncs} == {
        "contacts": [mapping.id for mapping in contacts().mappings],
        "products": ["sku", "name", "description", "price", "cost"],
        "invoices": ["number", "date", "due-date", "currency", "status", "customer", "lines", "total", "balance"],
        "payments": ["invoice", "amount", "date", "reference", "currency"],
    }


def test_syncs_come_in_the_order_of_the_base_whatever_the_file_says() -> None:
    assert [sync.name for sync in valid(HEAD + ALL_SYNCS).syncs] == [
        "contacts",
        "products",
        "invoices",
        "payments",
    ]


def test_plain_values_where_the_ruleset_says_nothing() -> None:
    ruleset = valid(
        HEAD.split("accounts")[0] + "syncs: {contacts: {direction: to-xero}, invoices: {direction: two-way}}\n"
    )
    sync = ruleset.sync("contacts")
    assert (sync.enabled, sync.winner, sync.tolerance, sync.filters, sync.started) == (
        True,
        App.XERO,
        timedelta(minutes=1),
        {},
        None,
    )
    assert (ruleset.limits.changes, ruleset.limits.of_at_least, ruleset.limits.creates) == (Decimal("0.30"), 20, None)
    assert (ruleset.accounts.subscription, ruleset.accounts.portal, ruleset.accounts.tenant) == (
        Subscription.FREE,
        None,
        None,
    )
    invoices = ruleset.sync("invoices").invoices
    assert invoices is not None
    assert (invoices.totals, invoices.voids) == (Totals.BLOCK, {App.HUBSPOT: Voids.FOLLOW, App.XERO: Voids.HOLD})


def test_everything_that_can_be_said_arrives() -> None:
    ruleset, problems = load(HERE / "valid" / "everything.yaml")
    assert problems == []
    assert ruleset is not None
    assert (ruleset.name, ruleset.version, ruleset.base) == ("everything", "2026.11.1", "xero-data-sync@1")
    accounts, limits = ruleset.accounts, ruleset.limits
    assert (accounts.portal, accounts.tenant, accounts.organisation) == (
        1234567,
        "4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10",
        "Acme Pty Ltd",
    )
    assert accounts.subscription is Subscription.PROFESSIONAL
    assert accounts.portal_span is not None
    assert accounts.portal_span[1:3] == (8, 13)
    assert (limits.changes, limits.of_at_least, limits.creates) == (Decimal("0.125"), 50, 500)
    contacts = ruleset.sync("contacts")
    assert (contacts.enabled, contacts.direction, contacts.winner) == (False, Direction.TWO_WAY, App.HUBSPOT)
    assert contacts.tolerance == timedelta(minutes=5)
    assert contacts.started == datetime(2026, 11, 21, 22, tzinfo=UTC)
    assert {app: each.text for app, each in contacts.filters.items()} == {
        App.XERO: "email is known",
        App.HUBSPOT: "email is known",
    }
    assert not {"website", "phone"} & {mapping.id for mapping in contacts.mappings}
    assert contacts.mapping("member-number").writes == {App.XERO}
    assert [step.name for step in contacts.mapping("tax-number").steps] == ["trim", "upper"]
    invoices, payments = ruleset.sync("invoices").invoices, ruleset.sync("payments").payments
    assert invoices is not None
    assert payments is not None
    assert (invoices.sales_account, invoices.totals, invoices.tax) == (
        "200",
        Totals.WARN,
        {"OUTPUT": "GST 10%", "EXEMPTOUTPUT": "7", "BASEXCLUDED": "none"},
    )
    assert "sku" not in {line.id for line in invoices.lines}
    assert (payments.bank_account, payments.history) == ("090", History.ALL)
    assert ruleset.active == ruleset.syncs[1:]


def test_limits_that_nobody_can_remove_come_first() -> None:
    """R15, R16, R17, R19, and then the ruleset's own filter."""
    sync = valid(
        HEAD + "syncs: {invoices: {direction: two-way, filters: {to-xero: total > 0 or total is unknown}}}"
    ).sync("invoices")
    assert [(name, each.text) for name, each in sync.limits(App.XERO)] == [
        ("own", "source = HubSpot and billable != false"),
        ("open", "status != draft"),
        ("since-start", "created > sync_started or updated > sync_started"),
        ("currencies", "currency in [USD, CAD, EUR, GBP, AUD, NZD]"),
        ("filter", "total > 0 or total is unknown"),
    ]
    assert sync.limits(App.HUBSPOT) == ()


def test_places_of_rules_are_those_of_the_file_that_says_them() -> None:
    sync = contacts("direction: two-way\ncustom-mappings:\n  tax-number: {hubspot: abn, xero: TaxNumber}")
    assert str(sync.mapping("tax-number").span) == "rules/acme.yaml:11:7"
    email = sync.mapping("email").span
    assert email.file == "rulesets/xero-data-sync.v1.yaml"
    assert shipped.ruleset("xero-data-sync.v1").splitlines()[email.line - 1].strip().startswith("email:")


def test_a_base_by_itself_is_checked_and_runs_nothing() -> None:
    ruleset, problems = load_ruleset(
        shipped.ruleset("xero-data-sync.v1"), "rulesets/xero-data-sync.v1.yaml", load_catalogue(), shipped.base
    )
    assert problems == []
    assert ruleset is not None
    assert (ruleset.base, ruleset.syncs) == ("xero-data-sync@1", ())


def test_a_base_with_mistakes_is_told_all_of_them() -> None:
    text = shipped.ruleset("xero-data-sync.v1")
    for right, wrong in (
        ("xero: EmailAddress", "xero: EmailAdress"),
        ("{first-name} {last-name}", "{first-name} {lastname}"),
        ("match: [sku]", "match: [code]"),
        ("hubspot: commerce_payments", "hubspot: payments"),
        ("status != draft", "status != drafft"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    ruleset, problems = load_ruleset(text, "base.yaml", load_catalogue(), shipped.base)
    assert ruleset is None
    assert [(each.code, each.suggestion) for each in problems] == [
        ("HX113", None), ("HX113", None), ("HX133", "EmailAddress"), ("HX133", "last-name"), ("HX142", "draft"),
    ]  # fmt: skip


# --- mappings ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "writes"),
    [("two-way", {App.HUBSPOT, App.XERO}), ("to-hubspot", {App.HUBSPOT}), ("to-xero", {App.XERO})],
)
def test_a_mapping_writes_where_the_direction_goes(direction: str, writes: set[App]) -> None:
    assert contacts(f"direction: {direction}").mapping("city").writes == writes


def test_the_website_goes_to_hubspot_only_and_has_no_part_in_a_sync_to_xero() -> None:
    assert contacts().mapping("website").writes == {App.HUBSPOT}
    with pytest.raises(KeyError):
        contacts("direction: to-xero").mapping("website")


def test_a_name_is_made_of_mappings_that_are_on() -> None:
    assert contacts().mapping("company-name").fallback == (
        "{first-name} {last-name}", "{last-name}", "{first-name}", "{email}",
    )  # fmt: skip
    without = contacts("direction: two-way\nmappings: {first-name: off}").mapping("company-name")
    assert without.fallback == ("{last-name}", "{email}")


def test_a_custom_mapping_may_stand_in_for_a_default_one_that_is_off() -> None:
    sync = contacts(
        "direction: two-way\nmappings: {phone: off}\ncustom-mappings:\n  work-phone: {hubspot: work_phone, xero: DefaultPhone}"
    )
    assert sync.mapping("work-phone").xero.name == "DefaultPhone"
    assert sync.mapping("work-phone").custom


@pytest.mark.parametrize("subscription", ["data-hub-starter", "data-hub-professional", "data-hub-enterprise"])
def test_custom_mappings_are_allowed_from_starter_on(subscription: str) -> None:
    head = HEAD.replace("data-hub-starter", subscription)
    assert contacts("direction: to-xero\ncustom-mappings:\n  tax: {hubspot: abn, xero: TaxNumber}", head).mapping("tax")


def test_the_declared_type_is_that_of_fields_which_nobody_knows() -> None:
    sync = contacts(
        "direction: to-hubspot\ncustom-mappings:\n  due: {hubspot: xero_due, xero: Balances.AccountsReceivable.Overdue, type: money}"
    )
    assert {sync.mapping("due").hubspot.kind.value, sync.mapping("due").xero.kind.value} == {"money"}


@pytest.mark.parametrize(
    "path", ["Phones[?PhoneType=='MOBILE'] | [0]", "Phones[?PhoneType=='MOBILE'].PhoneNumber | [0]"]
)
def test_a_path_into_what_another_mapping_writes_is_seen(path: str) -> None:
    _, problems = read(
        HEAD
        + f'syncs: {{contacts: {{direction: to-xero, custom-mappings: {{cell: {{hubspot: cell, xero: "{path}"}}}}}}}}'
    )
    assert [each.code for each in problems] == ["HX138"]


def test_parts_of_one_address_are_different_fields() -> None:
    path = "Addresses[?AddressType=='POBOX'].AttentionTo | [0]"
    assert contacts(f'direction: to-xero\ncustom-mappings:\n  care-of: {{hubspot: care_of, xero: "{path}"}}').mapping(
        "care-of"
    )


# --- extends -------------------------------------------------------------------------------------------------------------------


def test_a_ruleset_may_build_on_another_one() -> None:
    ruleset, problems = load(HERE / "valid" / "builds_on_another_ruleset.yaml")
    assert problems == []
    assert ruleset is not None
    assert (ruleset.name, ruleset.version, ruleset.base) == ("branch", "1", "xero-data-sync@1")
    assert (ruleset.accounts.portal, ruleset.accounts.organisation, ruleset.limits.creates) == (
        7,
        "Branch Pty Ltd",
        100,
    )
    sync = ruleset.sync("contacts")
    assert (sync.direction, sync.winner) == (Direction.TWO_WAY, App.HUBSPOT)
    assert {app: each.text for app, each in sync.filters.items()} == {
        App.XERO: "email is known",
        App.HUBSPOT: "is-customer = true",
    }
    assert not {"website", "phone"} & {mapping.id for mapping in sync.mappings}
    assert sync.mapping("tax-number").span.file == "builds_on_another_ruleset/company.yaml"
    assert ruleset.sync("products").direction is Direction.TO_HUBSPOT


def test_a_custom_mapping_replaces_the_one_below_it_as_a_whole() -> None:
    company = (
        HEAD
        + "syncs:\n  contacts:\n    direction: to-xero\n    custom-mappings:\n      a: {hubspot: abn, xero: TaxNumber, transform: [trim]}\n"
    )
    branch = company.replace("xero-data-sync@1", "company.yaml").replace(", transform: [trim]", "")
    assert valid(branch, {"company.yaml": company}).sync("contacts").mapping("a").steps == ()


def test_paths_are_seen_from_the_file_that_names_them() -> None:
    rules = HEAD + "syncs: {contacts: {direction: to-xero}}\n"
    files = {
        "shared/company.yaml": rules.replace("xero-data-sync@1", "../all.yaml"),
        "all.yaml": rules,
    }
    assert valid(rules.replace("xero-data-sync@1", "./shared/../shared/company.yaml"), files).base == "xero-data-sync@1"


def test_one_wrong_base_does_not_hide_the_other_problems() -> None:
    _, problems = read(
        HEAD.replace("sync@1", "sync@9") + "syncs: {contacts: {direction: to-xero, filters: {to-xero: emial is known}}}"
    )
    assert [each.code for each in problems] == ["HX120", "HX141"]


@pytest.mark.parametrize("word", ["objects: {}", "default-mappings: {}", "line-mappings: {}", "fixed-limits: {}"])
def test_a_file_of_ones_own_is_no_base(word: str) -> None:
    """The limits of R15 to R19 can't be removed by bringing another base."""
    own = shipped.ruleset("xero-data-sync.v1")
    rules = HEAD + "syncs: {invoices: {direction: to-hubspot}}\n"
    _, problems = read(rules.replace("xero-data-sync@1", "own.yaml"), {"own.yaml": own})
    assert [each.code for each in problems] == ["HX120"]
    _, problems = read(rules + word)
    assert [each.code for each in problems] == ["HX115"]
    _, problems = read(rules.replace("xero-data-sync@1", "middle.yaml"), {"middle.yaml": rules + word})
    assert [(each.code, each.span and each.span.file) for each in problems] == [("HX115", "middle.yaml")]


# --- digests -------------------------------------------------------------------------------------------------------------------

RULES = (
    HEAD
    + "syncs:\n  contacts:\n    direction: two-way\n    filters: {to-xero: 'city = \"Bad  Ems\" and email is known'}\n"
)


@pytest.mark.parametrize(
    "same",
    [
        "# a comment\n" + RULES,
        RULES.replace("\n", "\r\n"),
        RULES.replace("direction: two-way", "direction:   'two-way'  # both"),
        RULES.replace(" and ", "   and  "),
        RULES.replace("email is known'", "email is known'\n").replace("filters: {", "filters: { "),
        RULES + "    enabled: true\n",
        RULES + "    conflict: {tolerance: 1m}\n",
        RULES + "limits: {changes: 30%}\n",
    ],
)
def test_layout_and_comments_do_not_change_the_digest(same: str) -> None:
    assert valid(same).digest == valid(RULES).digest


@pytest.mark.parametrize(
    "other",
    [
        RULES.replace("acme", "other"),
        RULES.replace('"1"', '"2"'),
        RULES.replace("two-way", "to-xero"),
        RULES.replace("Bad  Ems", "Bad Ems"),
        RULES.replace("Bad  Ems", "Bad  Ens"),
        RULES + "    conflict: {winner: hubspot}\n",
        RULES + "    mappings: {city: off}\n",
        RULES + "    enabled: false\n",
        RULES + "limits: {changes: 31%}\n",
    ],
)
def test_another_meaning_has_another_digest(other: str) -> None:
    assert valid(other).digest != valid(RULES).digest


def test_switching_a_sync_off_leaves_its_own_digest_alone() -> None:
    """R22: a sync that is switched on again goes on where it was."""
    assert valid(RULES + "    enabled: false\n").sync("contacts").digest == valid(RULES).sync("contacts").digest


def test_the_digest_of_a_mapping_is_about_the_pair_and_not_about_the_direction() -> None:
    def mapping(entry: str, direction: str = "to-xero") -> str:
        return contacts(f"direction: {direction}\ncustom-mappings:\n  a: {{{entry}}}").mapping("a").digest

    plain = mapping("hubspot: abn, xero: TaxNumber")
    assert plain == mapping("xero: tax-number, hubspot: abn") == mapping("hubspot: abn, xero: TaxNumber", "two-way")
    others = ["hubspot: vat, xero: TaxNumber", "hubspot: abn, xero: AccountNumber", "hubspot: abn, xero: TaxNumber, type: choice",
              "hubspot: abn, xero: TaxNumber, transform: [trim]", "hubspot: abn, xero: TaxNumber, transform: [upper]"]  # fmt: skip
    assert len({plain, *(mapping(each) for each in others)}) == len(others) + 1


def test_digests_stay_what_they_are() -> None:
    """They are kept in states and plans: a change here makes every record be looked at again."""
    sync = contacts()
    assert sync.mapping("email").digest == "fd88a7ff56f5c3bb0b2c21b2f75eec48b467263dc0c955f22567d4168f926305"
    assert sync.digest == "3c5cbb04a61520abae0f657d2086a8a7b067e993bb546c8d9969b8b497dca10c"


# --- anything at all -----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_any_text_is_a_ruleset_or_has_problems(text: str) -> None:
    ruleset, problems = read(text)
    assert ruleset is not None or has_errors(problems)


@given(st.text("hxrules:1{}[]\"'|>-# \n\t&*!%@`,?é\u2028\0", max_size=200))
def test_any_text_of_yaml_signs_is_a_ruleset_or_has_problems(text: str) -> None:
    ruleset, problems = read(text)
    assert ruleset is not None or has_errors(problems)


@settings(max_examples=150)
@given(nearly_rulesets())
def test_a_ruleset_with_anything_at_any_place_is_a_ruleset_or_has_problems(document: Any) -> None:
    ruleset, problems = read(json.dumps(document, default=str))
    assert ruleset is not None or has_errors(problems)
    assert problems == sorted(problems, key=lambda problem: problem.order)
    assert all(problem.span is not None for problem in problems)


CONTACTS = f"{HEAD}syncs:\n contacts:\n  direction: to-xero\n"
CUSTOM = f"{CONTACTS}  custom-mappings:\n"
HUNDRED_KILOBYTES = {
    "unknown keys": RULES + "\n".join(f"unknown-key-{number}: 1" for number in range(5_000)),
    "unknown syncs": f"{HEAD}syncs:\n" + "\n".join(f"  invoicse{number}: {{}}" for number in range(5_000)),
    "unknown default mappings": f"{CONTACTS}  mappings:\n"
    + "\n".join(f"   emal{number}: off" for number in range(6_000)),
    "custom mappings of nothing": CUSTOM + "\n".join(f"   m{number}: {{}}" for number in range(7_000)),
    "custom mappings of one field": CUSTOM
    + "\n".join(f"   m{number}: {{hubspot: a, xero: City}}" for number in range(2_500)),
    "steps": f"{CUSTOM}   m: {{hubspot: a, xero: TaxNumber, transform: [{'trim, ' * 15_000}trim]}}",
    "a long path": f"{CUSTOM}   m: {{hubspot: a, xero: '{'a.' * 50_000}b'}}",
    "a deep path": f"{CUSTOM}   m: {{hubspot: a, xero: '{'(' * 50_000}'}}",
    "a long unknown field": f"{CUSTOM}   m: {{hubspot: a, xero: {'a' * 99_000}}}",
    "a long filter": f"{CONTACTS}  filters: {{to-xero: {' and '.join(['city = x'] * 8_000)}}}",
    "a deep filter": f"{CONTACTS}  filters: {{to-xero: {'(' * 50_000}}}",
    "a filter that says no": f"{CONTACTS}  filters: {{to-xero: {'not ' * 25_000}city = x}}",
    "a long name": HEAD.replace("acme", "a" * 99_000) + "syncs: {}",
}


@pytest.mark.parametrize("name", HUNDRED_KILOBYTES)
def test_a_hundred_kilobytes_of_nonsense_take_less_than_a_second(name: str) -> None:
    read(f"{RULES}x: 1")  # what is loaded once is not the text's fault
    begun = process_time()
    read(HUNDRED_KILOBYTES[name])
    assert process_time() - begun < 1
