"""What changes in rules between two rulesets: every kind of rule has a row, and nothing else is a change."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.comparison import Kind, Reach, RuleChange
from hxrules.language.compile import load_ruleset
from hxrules.language.consequences import explained_differences
from hxrules.language.layout import formatted
from hxrules.language.model import Ruleset
from hxrules.records import App
from tests.language.test_meaning import valid
from tests.language.test_rulesets import HERE, load

RULES = """\
hxrules: 1
name: acme
version: "1"
extends: xero-data-sync@1
accounts:
  hubspot: {portal: 7, subscription: data-hub-starter}
  xero: {organisation: Acme}
syncs:
  contacts:
    direction: two-way
    conflict: {winner: xero, tolerance: 60s}
    filters:
      to-xero: email is known and city is known
    mappings: {website: off}
    custom-mappings:
      tax-number: {hubspot: abn, xero: TaxNumber, transform: [trim]}
      account: {hubspot: account_no, xero: AccountNumber}
  invoices:
    direction: two-way
    sales-account: "200"
    totals: block
    voids: {to-xero: hold}
    tax: {OUTPUT: GST}
  payments:
    direction: to-hubspot
    bank-account: "090"
limits: {changes: 30%, of-at-least: 20, creates: 100}
"""


def compare(new: str, old: str = RULES) -> tuple[RuleChange, ...]:
    return explained_differences(valid(old), valid(new))


def edited(*pairs: tuple[str, str]) -> str:
    text = RULES
    for before, after in pairs:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


# What is edited, and what the one change says: sync, kind, name, before, after, a word of its consequence, grave
EDITS = {
    "name": ("name: acme", "name: other", ("", Kind.RULESET, "name", "acme", "other", "", False)),
    "version": ('version: "1"', 'version: "2"', ("", Kind.RULESET, "version", "1", "2", "", False)),
    "portal": ("portal: 7", "portal: 8", ("", Kind.ACCOUNT, "hubspot portal", "7", "8", "refused", True)),
    "portal gone": ("portal: 7, ", "", ("", Kind.ACCOUNT, "hubspot portal", "7", None, "no longer checked", True)),
    "tenant": (
        "{organisation: Acme}", "{organisation: Acme, tenant: 4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10}",
        ("", Kind.ACCOUNT, "xero tenant", None, "4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10", "refused", False),
    ),
    "subscription": (
        "data-hub-starter", "data-hub-professional",
        ("", Kind.ACCOUNT, "hubspot subscription", "data-hub-starter", "data-hub-professional", "no record", False),
    ),
    "limit raised": ("30%", "50%", ("", Kind.LIMIT, "changes", "30%", "50%", "more than before", True)),
    "limit lowered": ("30%", "12.5%", ("", Kind.LIMIT, "changes", "30%", "12.5%", "fewer than before", False)),
    "limit of few": ("of-at-least: 20", "of-at-least: 50", ("", Kind.LIMIT, "of-at-least", "20", "50", "isn't limited", True)),
    "no limit of creates": (", creates: 100", "", ("", Kind.LIMIT, "creates", "100", None, "no longer limited", True)),
    "sync gone": (
        "  payments:\n    direction: to-hubspot\n    bank-account: \"090\"\n", "",
        ("payments", Kind.SYNC, "payments", "to-hubspot", None, "keeps its links", False),
    ),
    "sync new": (
        "  payments:", "  products:\n    direction: to-xero\n  payments:",
        ("products", Kind.SYNC, "products", None, "to-xero", "Xero may now be written", True),
    ),
    "sync off": (
        "direction: to-hubspot", "direction: to-hubspot\n    enabled: false",
        ("payments", Kind.ENABLED, "enabled", "true", "false", "no longer runs", False),
    ),
    "direction more": (
        "direction: to-hubspot", "direction: two-way",
        ("payments", Kind.DIRECTION, "direction", "to-hubspot", "two-way", "Xero may now be written", True),
    ),
    "direction less": (
        "direction: two-way\n    conflict", "direction: to-xero\n    conflict",
        ("contacts", Kind.DIRECTION, "direction", "two-way", "to-xero", "HubSpot is no longer written", False),
    ),
    "winner": (
        "winner: xero", "winner: hubspot",
        ("contacts", Kind.CONFLICT, "conflict winner", "xero", "hubspot", "HubSpot's value now overwrites Xero's", True),
    ),
    "tolerance": (
        "60s", "2h", ("contacts", Kind.CONFLICT, "conflict tolerance", "1m", "2h", "decides more often", False),
    ),
    "filter narrower": (
        "known and city is known", "known and city is known and phone is known",
        ("contacts", Kind.FILTER, "to-xero", "email is known and city is known",
         "email is known and city is known and phone is known", "Narrower", False),
    ),
    "filter wider": (
        " and city is known", "",
        ("contacts", Kind.FILTER, "to-xero", "email is known and city is known", "email is known", "Wider", True),
    ),
    "filter other": (
        "city is known", "city = Perth",
        ("contacts", Kind.FILTER, "to-xero", "email is known and city is known", "email is known and city = Perth",
         "enter and leave", True),
    ),
    "filter new": (
        "      to-xero:", "      to-hubspot: email is known\n      to-xero:",
        ("contacts", Kind.FILTER, "to-hubspot", None, "email is known", "only Xero records that fulfil it", False),
    ),
    "filter gone": (
        "    filters:\n      to-xero: email is known and city is known\n", "",
        ("contacts", Kind.FILTER, "to-xero", "email is known and city is known", None, "every HubSpot record", True),
    ),
    "mapping on": (
        "    mappings: {website: off}\n", "",
        ("contacts", Kind.MAPPING, "website", None, "website ← Website", "HubSpot may be written", True),
    ),
    "mapping off": (
        "website: off", "website: off, phone: off",
        ("contacts", Kind.MAPPING, "phone", "phone ⇄ DefaultPhone", None, "No longer kept equal", False),
    ),
    "mapping transformed": (
        "[trim]", "[trim, upper]",
        ("contacts", Kind.MAPPING, "tax-number", "abn ⇄ TaxNumber, transform: trim",
         "abn ⇄ TaxNumber, transform: trim, upper", "first meeting", True),
    ),
    "mapping narrowed": (
        "xero: AccountNumber", "xero: AccountNumber, direction: to-xero",
        ("contacts", Kind.MAPPING, "account", "account_no ⇄ AccountNumber", "account_no → AccountNumber", "Xero may be", True),
    ),
    "mapping of a type": (
        "xero: AccountNumber", "xero: AccountNumber, type: choice",
        ("contacts", Kind.MAPPING, "account", "account_no ⇄ AccountNumber", "account_no ⇄ AccountNumber, type: choice",
         "may be written", True),
    ),
    "line mapping": (
        '    sales-account: "200"', '    line-mappings: {sku: off}\n    sales-account: "200"',
        ("invoices", Kind.LINE_MAPPING, "description", "wording ⇄ Description, when empty: {sku}", "wording ⇄ Description",
         "compared anew", True),
    ),
    "sales account": (
        '"200"', '"210"', ("invoices", Kind.SETTING, "sales-account", "200", "210", "booked on account 210", True),
    ),
    "bank account": (
        '"090"', '"091"', ("payments", Kind.SETTING, "bank-account", "090", "091", "booked on account 091", True),
    ),
    "totals": ("totals: block", "totals: warn", ("invoices", Kind.SETTING, "totals", "block", "warn", "with a notice", True)),
    "voids": (
        "to-xero: hold", "to-xero: follow",
        ("invoices", Kind.SETTING, "voids to-xero", "hold", "follow", "voided in Xero too", True),
    ),
    "tax": (
        "OUTPUT: GST", "OUTPUT: VAT", ("invoices", Kind.SETTING, "tax", "{OUTPUT: GST}", "{OUTPUT: VAT}", "tax rate", True),
    ),
    "history": (
        "direction: to-hubspot", "direction: to-hubspot\n    history: all",
        ("payments", Kind.SETTING, "history", "after-start", "all", "before the sync was started", True),
    ),
    "started": (
        "direction: to-hubspot", "direction: to-hubspot\n    started: 2026-01-01T00:00:00Z",
        ("payments", Kind.SETTING, "started", None, "2026-01-01T00:00:00Z", "sync_started", True),
    ),
    "order of mappings": (
        "      account: {hubspot: account_no, xero: AccountNumber}\n", "",
        ("contacts", Kind.MAPPING, "account", "account_no ⇄ AccountNumber", None, "No longer kept equal", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "wanted"), EDITS.values(), ids=EDITS)
def test_every_kind_of_rule_is_told_with_what_follows_from_it(
    before: str, after: str, wanted: tuple[str, Kind, str, str | None, str | None, str, bool]
) -> None:
    found = compare(edited((before, after)))
    # A line mapping that is switched off takes its part in another one's template with it.
    change = found[0]
    assert all(each.kind is Kind.LINE_MAPPING for each in found) or len(found) == 1, found
    sync, kind, name, old, new, means, grave = wanted
    assert (change.sync, change.kind, change.name, change.before, change.after) == (sync, kind, name, old, new)
    assert means in change.means
    assert change.grave is grave


@pytest.mark.parametrize("reverse", [False, True])
def test_each_change_has_the_place_where_it_stood_and_where_it_stands(reverse: bool) -> None:
    new = edited(
        ("name: acme", "# a line more\nname: acme"), ("winner: xero", "winner: hubspot"), ("[trim]", "[upper]")
    )
    found = compare(RULES, new) if reverse else compare(new)
    lines = [(each.name, each.old and each.old.line, each.new and each.new.line) for each in found]
    wanted = [("conflict winner", 11, 12), ("tax-number", 16, 17)]
    assert lines == ([(name, after, before) for name, before, after in wanted] if reverse else wanted)


def test_a_switched_off_mapping_stands_where_it_is_switched_off() -> None:
    (found,) = compare(edited(("website: off", "website: off, phone: off")))
    assert found.old is not None
    assert found.old.file == "rulesets/xero-data-sync.v1.yaml"
    assert found.new is not None
    assert (found.new.file, found.new.line) == ("rules/acme.yaml", 14)


def test_a_direction_tells_for_all_mappings_and_filters_that_go_with_it() -> None:
    """Each mapping writes more now, and the website has a part in it: all of that is the direction's doing."""
    plain = edited(
        ("    mappings: {website: off}\n", ""), ("direction: two-way\n    conflict", "direction: to-xero\n    conflict")
    )
    both = edited(("    mappings: {website: off}\n", ""))
    assert [each.name for each in compare(both, plain)] == ["direction"]
    assert [each.name for each in compare(plain, both)] == ["direction"]


def test_a_new_sync_brings_its_filters_along() -> None:
    new = edited(
        ("  payments:", "  products:\n    direction: to-xero\n    filters: {to-xero: name is known}\n  payments:")
    )
    assert [(each.kind, each.name) for each in compare(new)] == [(Kind.SYNC, "products"), (Kind.FILTER, "to-xero")]


def test_mappings_in_another_order_are_told_and_harmless() -> None:
    swapped = edited(
        ("      account: {hubspot: account_no, xero: AccountNumber}\n", ""),
        ("      tax-number:", "      account: {hubspot: account_no, xero: AccountNumber}\n      tax-number:"),
    )
    (found,) = compare(swapped)
    assert (found.kind, found.grave) == (Kind.ORDER, False)


@pytest.mark.parametrize(
    ("old", "new", "lost", "gained", "reach"),
    [
        ("a and b", "a", ["b"], [], Reach.MORE),
        ("a", "a and b", [], ["b"], Reach.FEWER),
        ("a and b", "b and a", [], [], Reach.SAME),
        ("a or b", "a", ["b"], [], Reach.FEWER),
        ("a", "b or a", [], ["b"], Reach.MORE),
        ("a and b", "a and c", ["b"], ["c"], Reach.UNKNOWN),
        ("a and b", "a or b", ["a and b"], ["a or b"], Reach.UNKNOWN),
        ("a and (b or c)", "a and (b or c) and b", [], ["b"], Reach.FEWER),
        ("not a", "a", ["not a"], ["a"], Reach.UNKNOWN),
        (None, "a and b", [], ["a", "b"], Reach.FEWER),
        ("a and b", None, ["a", "b"], [], Reach.MORE),
    ],
)
def test_filters_are_compared_condition_by_condition(
    old: str | None, new: str | None, lost: list[str], gained: list[str], reach: Reach
) -> None:
    words = {"a": "email is known", "b": "city is known", "c": "phone is known"}

    def spelt(text: str) -> str:
        return "".join(words.get(part, part) for part in _pieces(text))

    def rules(condition: str | None) -> str:
        said = f"    filters: {{to-xero: {spelt(condition)}}}\n" if condition else ""
        return edited(("    filters:\n      to-xero: email is known and city is known\n", said))

    (found,) = compare(rules(new), rules(old))
    assert (list(found.lost), list(found.gained)) == ([spelt(each) for each in lost], [spelt(each) for each in gained])
    assert found.reach is reach
    assert found.target is App.XERO


def _pieces(text: str) -> list[str]:
    found: list[str] = []
    for word in text.replace("(", "( ").replace(")", " )").split(" "):
        found += [word, "" if word == "(" else " "]
    return found[:-1]


# --- nothing but rules ----------------------------------------------------------------------------------------------------------


def test_layout_comments_and_the_order_of_keys_are_no_change() -> None:
    turned = edited(
        ('  payments:\n    direction: to-hubspot\n    bank-account: "090"\n', ""),
        ("syncs:\n", "syncs:\n  payments:\n    # first now\n    bank-account: '090'\n    direction: 'to-hubspot'\n"),
        ("email is known and city is known", "email   is known  and\n        city is known"),
    )
    assert compare(turned) == ()
    assert compare(edited(("    totals: block\n", ""))) == ()


@pytest.mark.parametrize("path", sorted((HERE / "valid").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_ruleset_differs_from_itself_or_from_its_layout(path: Path) -> None:
    ruleset, _ = load(path)
    assert ruleset is not None
    assert explained_differences(ruleset, ruleset) == ()
    files = {each.relative_to(path.parent).as_posix(): each.read_text("utf-8") for each in path.parent.rglob("*.yaml")}
    laid_out, problems = load_ruleset(
        formatted(path.read_text("utf-8")),
        path.name,
        load_catalogue(),
        lambda name: (files[name], name) if name in files else shipped.base(name),
    )
    assert laid_out is not None, problems
    assert explained_differences(ruleset, laid_out) == ()


CHOICES = st.lists(st.sampled_from(sorted(EDITS)), max_size=4, unique=True)


def several(names: list[str]) -> Ruleset | None:
    """The ruleset with these edits, as far as they go together."""
    text = RULES
    for name in names:
        before, after, _ = EDITS[name]
        if before in text:
            text = text.replace(before, after, 1)
    return valid(text)


@given(CHOICES, CHOICES)
def test_there_is_a_difference_if_and_only_if_the_rules_mean_something_else(one: list[str], other: list[str]) -> None:
    old, new = several(one), several(other)
    assert old is not None
    assert new is not None
    assert bool(explained_differences(old, new)) == (old.digest != new.digest)


@pytest.mark.parametrize(("one", "other"), [*product(("block", "warn", "adjust"), repeat=2)])
def test_every_word_of_totals_says_what_it_means(one: str, other: str) -> None:
    found = compare(edited(("totals: block", f"totals: {other}")), edited(("totals: block", f"totals: {one}")))
    assert [bool(each.means) for each in found] == ([True] if one != other else [])
