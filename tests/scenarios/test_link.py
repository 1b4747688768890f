"""`hxrules link` and `hxrules unlink`: a person decides where matching can't, and what the next runs make of it (design §2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.stage import (
    LONG_AGO,
    Said,
    Stage,
    customer,
    debtor,
    guid,
    hubspot_invoice,
    person,
    quick_stage,
    rules,
    world,
    xero_invoice,
)

RULES = rules(contacts="direction: two-way, conflict: {winner: xero}")
TWINS = world(
    person(1, "Ann Lee", "ann@example.com"),
    debtor(11, "Ann Lee", "ann@example.com"),
    debtor(12, "Ann Lee, old", "ann@example.com"),
    customer(2, "Bo Boats", "bo@example.com"),
    person(3, "Cy", "cy@example.com"),
)
ANN, LEE, OLD = "hubspot:contacts/1", f"xero:contacts/{guid(11)}", f"xero:contacts/{guid(12)}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with quick_stage(tmp_path, TWINS, ruleset=RULES) as found:
        yield found


def partners(here: Stage) -> dict[str, str]:
    """HubSpot id → Xero id, as HubSpot's records remember it."""
    rows = here.hubspot_contacts().values()
    return {row["id"]: row["properties"]["hxrules_xero_id"] for row in rows if row["properties"].get("hxrules_xero_id")}


def held(said: Said) -> set[tuple[str, str | None, str | None]]:
    """Code and both ids of everything that is held."""
    return {(each["code"], each["hubspot"], each["xero"]) for each in said.json["held"]}


def linked(said: Said) -> set[tuple[str, str]]:
    return {(each["hubspot"], each["xero"]) for each in said.json["changes"] if each["action"] == "link"}


# --- several records with one key ----------------------------------------------------------------------------------------------


def test_one_of_several_is_named(here: Stage) -> None:
    """HX201 names the command; the pair that a person names is a first meeting, is remembered, and the other one is held (HX202)."""
    here.type("apply", "--yes")
    waiting = [each for each in here.type("dry-run", "--format", "json").json["held"] if each["code"] == "HX201"]
    assert {(each["hubspot"], each["xero"]) for each in waiting} == {("1", None), (None, guid(11)), (None, guid(12))}
    assert all(f"hxrules link {ANN} xero:contacts/" in each["remedy"] for each in waiting)

    said = here.type("link", ANN, LEE, "--yes")
    assert said.code == 0, said.text
    assert "HX248" in here.type("status", "--failing", "contacts").out
    plan = here.type("dry-run", "--format", "json")
    assert linked(plan) == {("1", guid(11))}
    assert held(plan) == {("HX202", None, guid(12))}
    here.type("apply", "--yes")
    assert partners(here)["1"] == guid(11)
    here.edit_hubspot("1", phone="+61 8 9000 0000")
    here.type("apply", "--yes")
    assert any(each.get("PhoneNumber") for each in here.xero_contacts()["Ann Lee"]["Phones"])
    assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_the_link_outlives_the_state(here: Stage) -> None:
    """It is written into HubSpot: without the state the two find each other again, although the key names several."""
    here.type("link", ANN, LEE, "--yes")
    here.type("apply", "--yes")
    for file in (here.folder / ".hxrules").iterdir():
        file.unlink()
    assert linked(here.type("dry-run", "--format", "json")) >= {("1", guid(11))}


def test_of_two_equal_payments_one_is_named(tmp_path: Path) -> None:
    """Entered in both apps, twice 30 on one day: which is whose only a person knows. The pair that is left is one then."""
    both = f"direction: two-way, {LONG_AGO}"
    text = rules(
        contacts=both,
        invoices=f'{both}, sales-account: "200"',
        payments=f'{both}, bank-account: "090", history: all',
    )
    seed = world(
        customer(1, "Acme", "acme@example.com"), hubspot_invoice(10, {"name": "W", "quantity": "1", "price": "100"})
    )
    with quick_stage(tmp_path, seed, ruleset=text) as here:
        here.type("apply", "--yes")
        said = {
            "hs_initial_amount": "30",
            "hs_initiated_date": "2026-11-10T12:00:00Z",
            "hs_currency_code": "AUD",
            "hs_latest_status": "succeeded",
        }
        ours = [here.make_hubspot("commerce_payments", "10", **said) for _ in range(2)]
        invoice = {"InvoiceID": here.booked("INV-10")["InvoiceID"]}
        receipt = {"Invoice": invoice, "Account": {"Code": "090"}, "Date": "2026-11-10", "Amount": 30}
        theirs = [here.make_xero("Payments", **receipt)["PaymentID"] for _ in range(2)]
        plan = here.type("dry-run", "--format", "json")
        assert {code for code, _, _ in held(plan)} == {"HX201"}
        words = (f"hubspot:commerce_payments/{ours[1]}", f"xero:payments/{theirs[0]}")
        assert here.type("link", *words, "--yes").code == 0
        assert linked(here.type("dry-run", "--format", "json")) == {(ours[1], theirs[0]), (ours[0], theirs[1])}
        here.type("apply", "--yes")
        assert not here.type("dry-run", "--format", "json").json["has_changes"]
        assert len(here.live("commerce_payments")) == len(here.sandbox.xero.world()["payments"]) == 2


def test_merged_on_one_side_only(here: Stage) -> None:
    """HX204 names the pair that a person may part; its partner stands alone then, and nobody is held by the merge."""
    here.type("link", ANN, LEE, "--yes")
    here.type("apply", "--yes")
    here.hubspot("POST", "/crm/objects/2026-09/contacts/merge", {"primaryObjectId": "2", "objectIdToMerge": "1"})
    waiting = [each for each in here.type("dry-run", "--format", "json").json["held"] if each["code"] == "HX204"]
    assert {(each["hubspot"], each["xero"]) for each in waiting} == {("1", guid(11)), ("2", guid(2))}
    problem = waiting[0]
    assert problem["next"] in problem["remedy"]
    assert here.type(*problem["next"].split()[1:], "--yes").code == 0
    plan = here.type("dry-run", "--format", "json")
    assert "HX204" not in {code for code, _, _ in held(plan)}
    assert [xero for _, xero in linked(plan)] == [guid(2)]


# --- parted --------------------------------------------------------------------------------------------------------------------


def test_two_that_were_parted_stay_parted(here: Stage) -> None:
    """Neither their e-mail nor HubSpot's memory joins them again; each stands alone, where its name and e-mail are taken (HX203).
    Without the state nobody remembers, as `unlink` says before."""
    here.type("apply", "--yes")
    assert partners(here)["2"] == guid(2)
    said = here.type("unlink", "contact:bo@example.com", "--yes")
    assert said.code == 0, said.text
    for _ in range(2):
        here.type("apply", "--yes")
        plan = here.type("dry-run", "--format", "json")
        assert {("HX203", "2", None), ("HX203", None, guid(2))} <= held(plan)
        assert not plan.json["has_changes"]
    assert len(here.hubspot_contacts()) == 3
    for file in (here.folder / ".hxrules").iterdir():
        file.unlink()
    assert ("2", guid(2)) in linked(here.type("dry-run", "--format", "json"))


def test_one_that_was_parted_may_match_another(here: Stage) -> None:
    """The wrong twin was linked: parted from it, the contact matches the one that is left."""
    here.type("link", ANN, OLD, "--yes")
    here.type("apply", "--yes")
    here.type("unlink", OLD, "--yes")
    plan = here.type("dry-run", "--format", "json")
    assert linked(plan) == {("1", guid(11))}
    here.type("apply", "--yes")
    assert partners(here)["1"] == guid(11)


@pytest.mark.parametrize("between", [False, True])
def test_another_one_gets_the_partner(tmp_path: Path, between: bool) -> None:
    """The wrong contact was linked. HubSpot lets only one record name the Xero one: the parted one forgets it, then the other is told."""
    nameless = {"hubspot": {"contacts": [{"id": "3", "properties": {"phone": "5"}}]}}
    with quick_stage(tmp_path, world(customer(1, "Ann Lee", "ann@example.com"), nameless), ruleset=RULES) as here:
        here.type("apply", "--yes")
        here.type("unlink", "hubspot:contacts/1", "--yes")
        if between:
            here.type("apply", "--yes")
        here.edit_hubspot("1", email="other@example.com", company="Other")
        assert here.type("link", "hubspot:contacts/3", f"xero:contacts/{guid(1)}", "--yes").code == 0
        said = here.type("apply", "--yes")
        assert said.code == 0, said.text
        assert partners(here)["3"] == guid(1)
        assert partners(here).get("1") != guid(1)
        assert here.type("log", "last").code == 0
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_linking_takes_a_parting_back(here: Stage) -> None:
    here.type("apply", "--yes")
    here.type("unlink", "hubspot:contacts/2", "--yes")
    here.type("apply", "--yes")
    assert here.type("link", "contact:bo@example.com", "contact:bo@example.com", "--yes").code == 0
    assert linked(here.type("dry-run", "--format", "json")) == {("2", guid(2))}
    here.type("apply", "--yes")
    assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_removing_a_sync_forgets_who_was_parted(here: Stage) -> None:
    here.type("apply", "--yes")
    here.type("unlink", "hubspot:contacts/2", "--yes")
    here.ruleset(RULES.replace("{direction", "{enabled: false, direction"))
    here.type("remove", "contacts", "--confirm", "contacts")
    here.ruleset(RULES)
    assert ("2", guid(2)) in linked(here.type("dry-run", "--format", "json"))


# --- refusals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "exit_code", "code", "told"),
    [
        (("link", "hubspot:contacts/2", LEE), 4, "HX341", "hxrules unlink hubspot:contacts/2"),
        (("link", ANN, f"xero:contacts/{guid(2)}"), 4, "HX341", f"hxrules unlink xero:contacts/{guid(2)}"),
        (("link", "hubspot:contacts/99", LEE), 4, "HX340", "hubspot:contacts/99"),
        (("link", ANN, f"xero:contacts/{guid(99)}"), 4, "HX340", guid(99)),
        (("link", ANN, f"xero:contacts/{guid(13)}"), 4, "HX340", "archived"),
        (("link", "hubspot:contacts/4", LEE), 4, "HX340", "archived"),
        (("link", ANN, f"xero:invoices/{guid(1)}"), 4, "HX342", "contacts"),
        (("link", ANN, "hubspot:contacts/2"), 64, "HX300", "same app"),
        (("link", ANN, "ann"), 64, "HX300", "'ann' names no record"),
        (("link", ANN, "contact:ann@example.com"), 64, "HX300", guid(12)),
        (("unlink", "hubspot:contacts/3"), 4, "HX343", "hubspot:contacts/3"),
        (("unlink", "hubspot:contacts/99"), 4, "HX343", "hubspot:contacts/99"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: tuple[str, ...], exit_code: int, code: str, told: str) -> None:
    """Nothing is linked or parted, and what to type next is said."""
    archived: dict[str, dict[str, object]] = {
        "hubspot": {"contacts": [{"id": "4", "properties": {"email": "di@example.com"}}]},
        "xero": {"contacts": [{"ContactID": guid(13), "Name": "Gone", "ContactStatus": "ARCHIVED"}]},
    }
    both = RULES + "  invoices: {direction: to-hubspot}\n"
    to_xero = both.replace(
        "contacts: {direction: two-way", "contacts: {filters: {to-xero: company != Cy}, direction: two-way"
    )
    with quick_stage(tmp_path, world(TWINS, archived), ruleset=to_xero) as here:
        here.hubspot("DELETE", "/crm/objects/2026-09/contacts/4")
        here.type("apply", "--yes")
        said = here.type(*words, "--yes", "--format", "json")
        assert said.code == exit_code, said.text
        (problem,) = said.json["problems"]
        assert problem["code"] == code
        assert told in f"{problem['summary']} {problem['cause']} {problem['remedy']} {problem['next']}"
        assert here.type(*words, "--yes").code == exit_code
        assert len(here.type("log", "--format", "json").json["runs"]) == 1


def test_linked_already_is_nothing_to_do(here: Stage) -> None:
    here.type("link", ANN, LEE, "--yes")
    again = here.type("link", LEE, ANN, "--format", "json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_without_a_yes_nothing_is_done(here: Stage) -> None:
    """Nobody can be asked outside a terminal: what would come of it is said, and the command that does it."""
    here.type("apply", "--yes")
    for words in (("link", ANN, LEE), ("unlink", "hubspot:contacts/2")):
        said = here.type(*words)
        assert said.code == 4
        assert f"Next: hxrules {words[0]}" in said.err
        assert "--yes" in said.err
    assert linked(here.type("dry-run", "--format", "json")) == set()


def test_other_accounts_are_refused(here: Stage) -> None:
    here.ruleset(RULES + "accounts: {hubspot: {portal: 42}}\n")
    assert here.type("link", ANN, LEE, "--yes").code == 7


def test_both_stand_in_the_log(here: Stage) -> None:
    here.type("link", ANN, LEE, "--yes")
    here.type("unlink", LEE, "--yes")
    runs = here.type("log", "--format", "json").json["runs"]
    assert [run["command"] for run in runs] == [f"unlink {ANN}", f"link {ANN} {LEE}"]
    said = here.type("log")
    assert "1 linked" in said.out
    assert "1 parted" in said.out


# --- invoices ------------------------------------------------------------------------------------------------------------------


def test_an_invoice_of_the_same_number_is_taken_for_one(tmp_path: Path) -> None:
    """HX239: another customer has an invoice of this number in Xero. A person says that they are one: HubSpot's, which made it, has the
    say (R18), and the plan shows what it overwrites."""
    line = {"name": "Service", "quantity": "1", "price": "100"}
    seed = world(
        customer(1, "Acme", "acme@example.com"),
        customer(2, "Globex", "globex@example.com"),
        hubspot_invoice(1, line),
        xero_invoice(
            1, {"Description": "Service", "Quantity": 1, "UnitAmount": 100, "TaxType": "BASEXCLUDED"}, contact=2
        ),
    )
    seed["xero"]["invoices"][0]["InvoiceNumber"] = "INV-1"
    text = rules(contacts="direction: two-way", invoices=f'direction: two-way, {LONG_AGO}, sales-account: "200"')
    with quick_stage(tmp_path, seed, ruleset=text) as here:
        here.type("apply", "--yes")
        (problem,) = here.type("dry-run", "--format", "json").json["held"]
        command = f"hxrules link hubspot:invoices/1 xero:invoices/{guid(1)}"
        assert (problem["code"], command in problem["remedy"]) == ("HX239", True)
        assert here.type(*command.split()[1:], "--yes").code == 0
        here.type("apply", "--yes")
        assert here.booked("INV-1")["Contact"]["ContactID"] == guid(1)
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
