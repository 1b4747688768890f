"""What went wrong once, each by its name: seen to fail before it was mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.stage import CONTACTS, LONG_AGO, customer, guid, hubspot_invoice, quick_stage, rules, stage
from tests.scenarios.stage import world as parts

EVERYBODY = CONTACTS.replace("    filters:\n      to-xero: email is known\n      to-hubspot: email is known\n", "")


def world(people: list[dict[str, Any]], customers: list[dict[str, Any]]) -> dict[str, Any]:
    contacts = [{"id": str(number), "properties": properties} for number, properties in enumerate(people, 1)]
    return {
        "hubspot": {"contacts": contacts},
        "xero": {"contacts": [{"ContactID": guid(number), **each} for number, each in enumerate(customers, 1)]},
    }


def test_a_search_that_lags_behind_reverts_no_edit(tmp_path: Path) -> None:
    """HubSpot's search showed the record as it was before our own write; that was taken for an edit, and carried back to Xero."""
    pair = world(
        [{"email": "a@example.com", "firstname": "Ann"}],
        [{"Name": "A", "EmailAddress": "a@example.com", "FirstName": "Ann"}],
    )
    with stage(tmp_path, pair, quirks={"search-lag": "20"}) as here:
        here.type("apply", "--yes")
        here.edit_xero(guid(1), FirstName="Jane")
        here.type("apply", "--yes")
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
        here.type("apply", "--yes")
        assert here.xero_contacts()["A"]["FirstName"] == "Jane"
        assert here.hubspot_contacts()["a@example.com"]["properties"]["firstname"] == "Jane"


def test_a_create_that_nothing_identifies_is_not_sent_twice(tmp_path: Path) -> None:
    """No e-mail, no right to make the memory property, and the answer lost: it was created a second time, without a word."""
    nameless = world([], [{"Name": "Jo", "FirstName": "Jo"}, {"Name": "Al", "FirstName": "Al"}])
    nameless["hubspot"]["account"] = {"scopes": ["crm.objects.contacts.read", "crm.objects.contacts.write"]}
    lost = {"rules": [{"kind": "lost-answer", "app": "hubspot", "method": "POST", "path": "*batch/create*", "nth": 1}]}
    with stage(tmp_path, nameless, ruleset=EVERYBODY, faults=lost) as here:
        said = here.type("apply", "--yes", "--format", "json")
        assert (said.code, {each["code"] for each in said.json["failed"]}) == (6, {"HX208"})
        again = here.type("apply", "--yes", "--format", "json")
        # The two are there, and Xero has their names: neither side is made twice.
        assert (again.code, {each["code"] for each in again.json["failed"]}) == (6, {"HX208", "HX203"})
        assert len(here.xero_contacts()) == 2
        assert len(here.hubspot_contacts()) == 2
        here.edit_xero(guid(1), FirstName="Joe")
        here.type("apply", "--yes")
        assert len(here.hubspot_contacts()) == 3


def test_a_mapping_onto_the_memory_field_keeps_our_ids_out_of_it(tmp_path: Path) -> None:
    """Xero's contact number was mapped by the ruleset, and got HubSpot's record id all the same."""
    rules = EVERYBODY + (
        "    custom-mappings:\n      code: {hubspot: jobtitle, xero: ContactNumber}\n"
        "accounts: {hubspot: {subscription: data-hub-starter}}\n"
    )
    with stage(tmp_path, world([{"email": "a@example.com", "company": "A"}], []), ruleset=rules) as here:
        here.type("apply", "--yes")
        assert not here.xero_contacts()["A"].get("ContactNumber")
        here.edit_xero(here.xero_contacts()["A"]["ContactID"], ContactNumber="K-1")
        here.type("apply", "--yes")
        assert here.hubspot_contacts()["a@example.com"]["properties"]["jobtitle"] == "K-1"


def test_a_mass_deletion_waits_for_a_person(tmp_path: Path) -> None:
    """28 of 30 contacts vanished from HubSpot, and the run just noted it."""
    people = [{"email": f"p{number}@example.com", "company": f"P {number}"} for number in range(30)]
    with stage(tmp_path, world(people, [])) as here:
        here.type("apply", "--yes")
        for number in range(1, 29):
            here.hubspot("DELETE", f"/crm/objects/2026-09/contacts/{number}")
        here.ruleset(CONTACTS + "limits: {changes: 30%, of-at-least: 20}  # edited, so everything is read\n")
        here.ruleset(CONTACTS.replace("email is known\n", "email is known and city != Nowhere\n", 1))
        said = here.type("apply", "--yes")
        assert said.code == 4, said.text
        assert "28 gone" in said.text
        assert here.type("apply", "--yes", "--allow-large").code == 0


def test_a_deleted_contact_is_gone_in_every_kind_of_read(tmp_path: Path) -> None:
    """An incremental run called it archived and failing, the next whole read called it gone."""
    with stage(tmp_path, world([{"email": "a@example.com", "company": "A"}], [])) as here:
        here.type("apply", "--yes")
        here.hubspot("DELETE", "/crm/objects/2026-09/contacts/1")
        here.edit_xero(here.xero_contacts()["A"]["ContactID"], FirstName="Ann")
        plan = here.type("dry-run", "--format", "json").json
        assert ([each["app"] for each in plan["gone"]], plan["held"]) == (["hubspot"], [])


def test_a_name_with_doubled_blanks_arrives_with_single_ones(tmp_path: Path) -> None:
    """Xero refuses doubled blanks; the plan showed a change that could not be made."""
    with stage(tmp_path, world([{"email": "a@example.com", "company": "A  Co"}], [])) as here:
        assert here.type("apply", "--yes").code == 0
        assert "A Co" in here.xero_contacts()
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_a_rename_to_a_taken_name_is_seen_before_it_is_tried(tmp_path: Path) -> None:
    """In an incremental run only new records were looked up, so the plan promised what Xero then refused."""
    people = [{"email": "a@example.com", "company": "A"}, {"email": "b@example.com", "company": "B"}]
    with stage(tmp_path, world(people, [])) as here:
        here.type("apply", "--yes")
        here.edit_hubspot("1", company="B")
        plan = here.type("dry-run", "--format", "json").json
        assert ([each["code"] for each in plan["held"]], plan["changes"]) == (["HX203"], [])


def test_a_person_with_a_first_name_only_has_a_name(tmp_path: Path) -> None:
    """ "Solo" was held: Xero needs a name, it said."""
    with stage(tmp_path, world([{"firstname": "Solo"}], []), ruleset=EVERYBODY) as here:
        assert here.type("apply", "--yes").code == 0
        assert "Solo" in here.xero_contacts()


def test_wrong_usage_is_json_too(tmp_path: Path) -> None:
    """A machine that asked for JSON got nothing on stdout."""
    with stage(tmp_path) as here:
        for words in (("dry-run", "not-there.yaml"), ("dry-run", "--bogus"), ("nonsense",)):
            said = here.type(*words, "--format", "json")
            assert (said.code, said.json["problems"][0]["code"]) == (64, "HX300")


def test_a_payment_that_is_in_both_apps_is_one_whatever_its_decimals(tmp_path: Path) -> None:
    """HubSpot's 20 and Xero's 20.00 were two payments: each was made in the other app as well, and the invoice paid twice."""
    both = f"direction: two-way, {LONG_AGO}"
    before = rules(contacts=both, invoices=f'{both}, sales-account: "200"')
    after = f'{before}  payments: {{{both}, bank-account: "090", history: all}}\n'
    seed = parts(
        customer(1, "Ann Co", "ann@example.com"), hubspot_invoice(10, {"name": "Work", "quantity": "1", "price": "50"})
    )
    with quick_stage(tmp_path, seed, ruleset=before) as here:
        assert here.type("apply", "--yes").code == 0
        paid = {"hs_initial_amount": "20", "hs_initiated_date": "2026-11-10T12:00:00Z", "hs_latest_status": "succeeded"}
        here.make_hubspot("commerce_payments", "10", **paid, hs_currency_code="AUD", hs_reference_number="CHQ-7")
        here.make_xero(
            "Payments",
            Invoice={"InvoiceID": here.booked("INV-10")["InvoiceID"]},
            Account={"Code": "090"},
            Date="2026-11-10",
            Amount=20,
            Reference="CHQ-7",
        )
        here.ruleset(after)
        summary = here.type("apply", "--yes", "--format", "json").json["summary"]
        assert (summary["link"], summary["create"]) == (1, 0)
        assert here.booked("INV-10")["AmountDue"] == 30
