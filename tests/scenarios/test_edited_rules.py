"""An edited ruleset is reviewed by what it does: `diff --live` counts and names records, and a dry-run shows the same after an edit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import Stage, customer, debtor, guid, person, quick_stage, world

RULES = """\
hxrules: 1
name: edited
version: "1"
extends: xero-data-sync@1
accounts:
  hubspot: {subscription: data-hub-starter}
syncs:
  contacts:
    direction: to-xero
    filters:
      to-xero: city = Perth
"""
NOW = "2026-11-20T09:00:00Z"


def town(number: int, name: str, city: str, **more: str) -> dict[str, dict[str, Any]]:
    properties = {"company": name, "email": f"{name.lower()}@example.com", "city": city, **more}
    return {"hubspot": {"contacts": [{"id": str(number), "properties": properties}]}}


WORLD = world(
    town(101, "Ann", "Perth", phone="+61 8 5550 0001"),
    town(102, "Bo", "Perth", jobtitle="51824753556"),
    town(103, "Cy", "Hobart"),
    town(104, "Di", "Darwin"),
    debtor(5, "Eve", "eve@example.com"),
    person(106, "Nobody", None),
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with quick_stage(tmp_path, WORLD, ruleset=RULES) as found:
        yield found


def edit(here: Stage, before: str, after: str) -> None:
    text = (here.folder / "hxrules.yaml").read_text(encoding="utf-8")
    assert before in text
    (here.folder / "old.yaml").write_text(text, encoding="utf-8")
    here.ruleset(text.replace(before, after, 1))


def compare(here: Stage, *more: str) -> dict[str, Any]:
    said = here.type("diff", "old.yaml", "hxrules.yaml", "--format", "json", *more)
    assert said.code == 0, said.text
    found: dict[str, Any] = said.json["records"]
    return found


def numbers(records: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By sync and app: how many enter, leave and change; all of them exactly known."""
    kinds = ("enter", "leave", "change")
    assert all(way[kind]["least"] == way[kind]["most"] for way in records["ways"] for kind in kinds)
    return {
        (way["sync"], way["app"]): (way["enter"]["most"], way["leave"]["most"], way["change"]["most"])
        for way in records["ways"]
    }


def moves(records: dict[str, Any]) -> set[tuple[str, str | None, str]]:
    return {(move["kind"], move["hubspot"], move["label"]) for move in records["moves"]}


EDITS = {
    "another town": (
        "city = Perth", "city = Hobart", {"xero": (1, 2, 0)},
        {("enter", "103", "Cy"), ("leave", "101", "Ann"), ("leave", "102", "Bo")},
    ),
    "a town more": ("city = Perth", "city = Perth or city = Hobart", {"xero": (1, 0, 0)}, {("enter", "103", "Cy")}),
    "both must be": ("city = Perth", "city = Perth and phone is known", {"xero": (0, 1, 0)}, {("leave", "102", "Bo")}),
    "everybody": (
        "    filters:\n      to-xero: city = Perth\n", "", {"xero": (3, 0, 0)},
        {("enter", "103", "Cy"), ("enter", "104", "Di"), ("enter", "106", "Nobody")},
    ),
    "a mapping more": (
        "    filters", "    custom-mappings:\n      tax: {hubspot: jobtitle, xero: TaxNumber}\n    filters",
        {"xero": (0, 0, 1)}, {("change", "102", "Bo")},
    ),
    "a mapping less": ("    filters", "    mappings: {phone: off}\n    filters", {"xero": (0, 0, 0)}, set()),
    "the other way too": ("to-xero\n", "two-way\n", {"hubspot": (3, 0, 0), "xero": (0, 0, 0)}, None),
    "switched off": ("to-xero\n", "to-xero\n    enabled: false\n", {"xero": (0, 2, 0)}, {("leave", "101", "Ann"), ("leave", "102", "Bo")}),
    "a limit": ("syncs:", "limits: {changes: 90%}\nsyncs:", None, None),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "wanted", "named"), EDITS.values(), ids=EDITS)
def test_who_enters_leaves_and_changes_after_a_run(
    here: Stage, before: str, after: str, wanted: dict[str, tuple[int, int, int]] | None, named: set[Any] | None
) -> None:
    """`diff --live` and the dry-run tell the same; what the state alone tells is never wrong."""
    assert here.type("apply", "--yes").code == 0
    edit(here, before, after)
    remembered, live = compare(here), compare(here, "--live")
    changed = here.type("dry-run", "--format", "json").json["rules_changed"]
    assert changed["changes"]
    if wanted is None:
        assert (remembered, live, changed["records"]) == (None, None, None)
        return
    assert numbers(live) == {("contacts", app): number for app, number in wanted.items()}
    if named is not None:
        assert moves(live) == named
    assert numbers(changed["records"]) == numbers(live)
    if "enabled" not in after:
        assert moves(changed["records"]) == moves(live)
    within(live, remembered, after)


def test_before_any_run_the_two_plans_are_compared_all_the_same(here: Stage) -> None:
    edit(here, "city = Perth", "city = Hobart")
    assert here.type("diff", "old.yaml", "hxrules.yaml", "--format", "json").json["records"] is None
    assert numbers(compare(here, "--live")) == {("contacts", "xero"): (1, 2, 0)}
    assert "rules_changed" not in here.type("dry-run", "--format", "json").json


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (RULES.replace("Perth", "Darwin"), RULES, "contacts last ran by other rules than the old ones."),
        (RULES, RULES + "  products: {direction: to-xero}\n", "products didn't run by the old rules."),
        (
            RULES + "  products: {direction: to-xero}\n",
            RULES + "  products: {direction: two-way}\n",
            "products has never run here.",
        ),
    ],
)
def test_what_the_state_can_not_tell_it_does_not(here: Stage, old: str, new: str, why: str) -> None:
    """Its numbers are those of the rules that ran last, and of no others."""
    here.type("apply", "--yes")
    here.ruleset(old, "old.yaml")
    here.ruleset(new)
    found = compare(here)
    assert (found["ways"], found["untold"]) == ([], [why])
    assert why in here.type("diff", "old.yaml", "hxrules.yaml").out


def test_a_state_of_other_accounts_tells_nothing(here: Stage) -> None:
    here.type("apply", "--yes")
    edit(here, "accounts:\n  hubspot: {", "accounts:\n  hubspot: {portal: 99, ")
    here.ruleset((here.folder / "hxrules.yaml").read_text(encoding="utf-8").replace("Perth", "Hobart"))
    assert compare(here) is None
    assert "for other accounts" in here.type("diff", "old.yaml", "hxrules.yaml").out


def test_a_changed_field_is_shown_by_both_rulesets(here: Stage) -> None:
    """By the old rules nothing would be written; by the new ones this."""
    here.type("apply", "--yes")
    edit(here, "    filters", "    custom-mappings:\n      tax: {hubspot: jobtitle, xero: TaxNumber}\n    filters")
    (move,) = compare(here, "--live")["moves"]
    assert move["fields"] == [{"mapping": "tax", "before": None, "after": "51824753556"}]
    said = here.type("diff", "old.yaml", "hxrules.yaml", "--live")
    assert "5…" in said.out
    assert "Bo" not in said.out
    assert "51824753556" in here.type("diff", "old.yaml", "hxrules.yaml", "--live", "--values", "full").out


def test_what_is_held_by_the_new_rules_alone_is_neither_inside_nor_outside(here: Stage) -> None:
    """Somebody else in Xero has the name: by the old rules the record stays outside, by the new ones it would be held."""
    here.make_xero("Contacts", Name="Cy", EmailAddress="another@example.com")
    here.type("apply", "--yes")
    edit(here, "city = Perth", "city = Hobart")
    found = compare(here, "--live")
    assert numbers(found) == {("contacts", "xero"): (0, 2, 0)}
    assert ("hold", "103", "Cy") in moves(found)


def test_a_held_record_that_was_deleted_is_no_work_of_the_rules(here: Stage) -> None:
    here.make_xero("Contacts", Name="Ann", EmailAddress="another@example.com")
    assert here.type("apply", "--yes").code == 6
    here.hubspot("DELETE", "/crm/objects/2026-09/contacts/101")
    edit(here, "    filters", "    mappings: {phone: off}\n    filters")
    assert compare(here, "--live")["moves"] == []
    assert here.type("dry-run", "--format", "json").json["rules_changed"]["records"]["moves"] == []


def test_a_sync_that_needs_another_one_is_told_along(tmp_path: Path) -> None:
    """The rules of invoices stay; by the new rules of contacts the customer isn't in both apps, and the invoice is held."""
    rules = RULES.replace("to-xero\n", "two-way\n").replace("    filters:\n      to-xero: city = Perth\n", "")
    invoice = {
        "Type": "ACCREC", "InvoiceID": guid(50), "InvoiceNumber": "SI-50", "Contact": {"ContactID": guid(1)},
        "Status": "AUTHORISED", "Date": "2026-11-03", "DueDate": "2026-12-03",
        "LineItems": [{"LineItemID": guid(500), "Description": "Work", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}],
    }  # fmt: skip
    seed = world(debtor(1, "Ann", "ann@example.com"), {"xero": {"invoices": [invoice]}})
    with quick_stage(tmp_path, seed, ruleset=rules + "  invoices:\n    direction: to-hubspot\n") as here:
        edit(here, "two-way\n", "two-way\n    filters: {to-hubspot: email is unknown}\n")
        found = compare(here, "--live")
        assert numbers(found)["contacts", "hubspot"] == (0, 1, 0)
        assert [(move["kind"], move["sync"], move["why"][:5]) for move in found["moves"]][1:] == [
            ("hold", "invoices", "HX223")
        ]


# --- a dry-run after an edit ----------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_was_edited_since_the_last_run(here: Stage) -> None:
    here.type("apply", "--yes")
    unchanged = here.type("dry-run")
    assert "Rules changed" not in unchanged.out
    edit(here, "city = Perth", "city = Hobart")
    text = here.type("dry-run", "--values", "full").out
    assert "Rules changed since the last run: 1 rule" in text
    assert "- city = Perth" in text
    assert "+ city = Hobart" in text
    assert "Cy" in text
    assert "Edited rules" not in text
    for form in ("markdown", "html"):
        said = here.type("dry-run", "--format", form)
        assert "Rules changed since the last run" in said.out
        assert "city = Hobart" in said.out
    here.type("apply", "--yes", "--allow-large")
    assert "Rules changed" not in here.type("dry-run").out


def test_an_edit_of_layout_is_no_change(here: Stage) -> None:
    here.type("apply", "--yes")
    edit(here, "    direction: to-xero\n", "    # a word\n    direction: 'to-xero'\n")
    assert "Rules changed" not in here.type("dry-run").out


def test_the_plan_is_the_one_that_apply_makes(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old rules ask for more than the new ones; what was read for them has no part in the plan, and none in its digest."""
    edit(here, "city = Perth", "(city = Perth or job-title = Chief) and no invoice (status = paid)")
    assert here.type("apply", "--yes").code == 0
    here.ruleset((here.folder / "old.yaml").read_text(encoding="utf-8").replace("Perth", "Hobart"))
    monkeypatch.setenv("HXRULES_NOW", NOW)
    looked = here.type("dry-run", "--format", "json", "-o", "plan.json").json
    assert looked["rules_changed"]["records"]["moves"]
    shown = here.type("show", "plan.json", "--format", "json").json
    assert shown["plan"] == looked["plan"]
    assert "rules_changed" not in shown
    applied = here.type("apply", "plan.json", "--allow-large", "--format", "json")
    assert applied.code == 0, applied.text
    assert applied.json["plan"] == looked["plan"]


def test_apply_and_a_dry_run_with_edited_rules_make_the_same_plan(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    here.type("apply", "--yes")
    edit(here, "city = Perth", "city = Hobart")
    monkeypatch.setenv("HXRULES_NOW", NOW)
    looked = here.type("dry-run", "--format", "json").json["plan"]
    assert here.type("apply", "--yes", "--allow-large", "--format", "json").json["plan"] == looked


def test_a_state_that_kept_no_rules_says_that_they_were_edited(here: Stage) -> None:
    """As an older hxrules has left it."""
    here.type("apply", "--yes")
    with closing(sqlite3.connect(here.folder / ".hxrules" / "state.db")) as connection:
        connection.execute("DELETE FROM rulesets")
        connection.commit()
    edit(here, "city = Perth", "city = Hobart")
    text = here.type("dry-run").out
    assert "Rules changed since the last run" in text
    assert "can't be read any more" in text
    assert "Edited rules" in text
    assert "can't be read any more" in here.type("dry-run", "--format", "markdown").out


def test_what_a_run_extends_is_kept_with_it(here: Stage) -> None:
    """The company's rules were edited, the branch's file wasn't; and the old text is gone from the folder."""
    here.ruleset(RULES, "company.yaml")
    branch = 'hxrules: 1\nname: branch\nversion: "1"\nextends: company.yaml\nsyncs: {contacts: {direction: to-xero}}\n'
    here.ruleset(branch)
    here.type("apply", "--yes")
    here.ruleset(RULES.replace("Perth", "Hobart"), "company.yaml")
    (change,) = here.type("dry-run", "--format", "json").json["rules_changed"]["changes"]
    assert (change["before"], change["after"], change["new"]["file"]) == (
        "city = Perth",
        "city = Hobart",
        "company.yaml",
    )


def test_an_undo_is_no_run_of_the_rules(here: Stage) -> None:
    here.type("apply", "--yes")
    edit(here, "city = Perth", "city = Hobart")
    assert here.type("undo", "last", "-o", "undo.json").code == 0
    assert here.type("apply", "undo.json", "--allow-large").code == 0
    assert "Rules changed since the last run" in here.type("dry-run").out


def test_a_matched_pair_is_compared_like_any_other(tmp_path: Path) -> None:
    """Known in both apps and never linked: it enters or leaves without being created."""
    seed = world(customer(1, "Ann", "ann@example.com"), customer(2, "Bo", "bo@example.com"))
    with quick_stage(tmp_path, seed, ruleset=RULES.replace("city = Perth", "email = 'ann@example.com'")) as here:
        edit(here, "email = 'ann@example.com'", "email is known")
        found = compare(here, "--live")
        assert numbers(found) == {("contacts", "xero"): (1, 0, 0)}
        assert [(move["label"], move["created"]) for move in found["moves"]] == [("Bo", False)]


# --- all four syncs -------------------------------------------------------------------------------------------------------------

ALL = """\
hxrules: 1
name: edited
version: "1"
extends: xero-data-sync@1
syncs:
  contacts: {direction: two-way, filters: {to-xero: email is known}}
  products: {direction: two-way}
  invoices: {direction: two-way, started: 2020-01-01T00:00:00Z, sales-account: "200"}
  payments: {direction: two-way, started: 2020-01-01T00:00:00Z, bank-account: "090"}
"""
ENDED = {
    "contacts": ("contacts: {direction", "contacts: {enabled: false, direction"),
    "invoices": ("invoices: {direction", "invoices: {enabled: false, direction"),
    "payments": ("payments: {direction", "payments: {enabled: false, direction"),
}
OTHERWISE = {
    "invoices to HubSpot": ("invoices: {direction: two-way", "invoices: {direction: to-hubspot"),
    "invoices to Xero": ("invoices: {direction: two-way", "invoices: {direction: to-xero"),
    "invoices by payments": ("sales-account", "filters: {to-hubspot: any payment (amount > 10)}, sales-account"),
    "invoices' lines": ("sales-account", "line-mappings: {discount: off}, sales-account"),
    "contacts by invoices": ("email is known", "any invoice (status != draft)"),
    "a later start": ("2020-01-01T00:00:00Z, sales", "2026-11-10T00:00:00Z, sales"),
}


def test_bounds_hold_and_the_dry_run_agrees_for_all_four_syncs(tmp_path: Path) -> None:
    """A world that was synced once: what is told without asking is never wrong, and whoever asks is told the same."""
    with quick_stage(tmp_path, None, seed="small", ruleset=ALL) as here:
        assert here.type("apply", "--yes").code == 6
        for name, (before, after) in {**ENDED, **OTHERWISE}.items():
            here.ruleset(ALL)
            edit(here, before, after)
            live, looked = compare(here, "--live"), here.type("dry-run", "--format", "json").json["rules_changed"]
            assert any(any(number) for number in numbers(live).values()), name
            within(live, compare(here), name)
            within(live, looked["records"], name)
            if name in OTHERWISE:
                assert numbers(looked["records"]) == numbers(live), name


def within(live: dict[str, Any], told: dict[str, Any], name: str) -> None:
    """Every number of the live look lies between those that were told."""
    exact = numbers(live)
    for way in told["ways"]:
        for kind, number in zip(("enter", "leave", "change"), exact[way["sync"], way["app"]], strict=True):
            assert way[kind]["least"] <= number <= way[kind]["most"], (name, way, kind, number)
