"""R1, R2, R5, R6, R8–R14 and R20–R22, each in action: the test of a rule fails when the rule is taken out.

The other rules: `test_rules_invoices` (R3), `test_rules_owners` (R7, R15–R19, R23–R25), `test_rules_payments` (R4).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scenarios.stage import (
    LONG_AGO,
    Stage,
    customer,
    debtor,
    guid,
    hubspot_invoice,
    person,
    rules,
    world,
    xero_invoice,
)
from tests.scenarios.stage import quick_stage as stage

RULESETS = Path(__file__).parents[2] / "rulesets"
HERE_ALONE = person(1, "Here Co", "here@example.com")
THERE_ALONE = debtor(2, "There Co", "there@example.com")


def companies(here: Stage) -> tuple[set[str], set[str]]:
    """What people are called in HubSpot, and in Xero."""
    return {each["company"] for each in here.live("contacts").values()}, set(here.xero_contacts())


def test_every_rule_has_a_test() -> None:
    """R1 to R25, each by its number in the name of a test."""
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_rules*.py")]
    named = {int(number) for text in texts for number in re.findall(r"^def test_r(\d+)_", text, re.MULTILINE)}
    assert named == set(range(1, 26))


# --- what is synced, and in which direction -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "in_hubspot", "in_xero"),
    [
        ("two-way", {"Here Co", "There Co"}, {"Here Co", "There Co"}),
        ("to-hubspot", {"Here Co", "There Co"}, {"There Co"}),
        ("to-xero", {"Here Co"}, {"Here Co", "There Co"}),
    ],
)
def test_r1_contacts_go_either_way_or_both(
    direction: str, in_hubspot: set[str], in_xero: set[str], tmp_path: Path
) -> None:
    with stage(tmp_path, world(HERE_ALONE, THERE_ALONE), ruleset=rules(contacts=f"direction: {direction}")) as here:
        assert here.type("apply", "--yes").code == 0
        assert companies(here) == (in_hubspot, in_xero)


@pytest.mark.parametrize(
    ("direction", "in_hubspot", "in_xero"),
    [
        ("two-way", {"OAK", "ELM"}, {"OAK", "ELM"}),
        ("to-hubspot", {"OAK", "ELM"}, {"ELM"}),
        ("to-xero", {"OAK"}, {"OAK", "ELM"}),
    ],
)
def test_r2_products_and_items_go_either_way_or_both(
    direction: str, in_hubspot: set[str], in_xero: set[str], tmp_path: Path
) -> None:
    goods = {
        "hubspot": {"products": [{"id": "1", "properties": {"name": "Oak table", "hs_sku": "OAK", "price": "9.5"}}]},
        "xero": {"items": [{"ItemID": guid(1), "Code": "ELM", "Name": "Elm shelf"}]},
    }
    with stage(tmp_path, goods, ruleset=rules(products=f"direction: {direction}")) as here:
        assert here.type("apply", "--yes").code == 0
        assert {each["hs_sku"] for each in here.live("products").values()} == in_hubspot
        assert {each["Code"] for each in here.sandbox.xero.world()["items"]} == in_xero


def test_r8_one_run_brings_customer_item_invoice_and_payment_in_that_order(tmp_path: Path) -> None:
    """Xero has nothing: the invoice's customer and item are created by the same run, before it, and its payment after it."""
    sale = world(
        person(1, "Ann Co", "ann@example.com"),
        hubspot_invoice(10, {"name": "Oak table", "hs_sku": "OAK", "quantity": "2", "price": "100"}),
        {"hubspot": {"products": [{"id": "1", "properties": {"name": "Oak table", "hs_sku": "OAK", "price": "100"}}]}},
    )
    both = f"direction: two-way, {LONG_AGO}"
    text = rules(
        payments=f'{both}, bank-account: "090"',
        invoices=f'{both}, sales-account: "200"',
        products=both,
        contacts=both,
    )
    with stage(tmp_path, sale, ruleset=text) as here:
        money = {"hs_initial_amount": "50", "hs_initiated_date": "2026-11-20T12:00:00Z", "hs_currency_code": "AUD"}
        here.make_hubspot("commerce_payments", "10", hs_latest_status="succeeded", **money)
        said = here.type("apply", "--yes", "--format", "json")
        assert (said.code, said.json["summary"]["create"]) == (0, 4), said.text
        wrote = [path.rsplit("/", 1)[-1] for app, method, path in here.calls() if (app, method) == ("xero", "PUT")]
        assert wrote == ["Contacts", "Items", "Invoices", "Payments"]
        booked = here.booked("INV-10")
        assert (booked["Contact"]["ContactID"], booked["LineItems"][0]["ItemCode"], booked["AmountDue"]) == (
            here.xero_contacts()["Ann Co"]["ContactID"], "OAK", 150.0,
        )  # fmt: skip
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False


def test_r8_one_run_brings_all_of_it_to_hubspot_too(tmp_path: Path) -> None:
    """HubSpot has nothing: a mirror needs its contact, a payment its mirror."""
    work = {"Description": "Work", "Quantity": 1, "UnitAmount": 100, "TaxType": "EXEMPTOUTPUT"}
    money = {"Invoice": {"InvoiceID": guid(50)}, "Amount": 100, "Date": "2026-11-20"}
    seed = world(
        debtor(1, "Ann Co", "ann@example.com"),
        xero_invoice(50, work),
        {"xero": {"payments": [money], "items": [{"ItemID": guid(7), "Code": "OAK", "Name": "Oak table"}]}},
    )
    both = f"direction: to-hubspot, {LONG_AGO}"
    text = rules(payments=both, invoices=both, products=both, contacts=both)
    with stage(tmp_path, seed, ruleset=text) as here:
        said = here.type("apply", "--yes", "--format", "json")
        assert (said.code, said.json["summary"]["create"]) == (0, 4), said.text
        (contact,), (payment,) = here.live("contacts"), here.live("commerce_payments").values()
        mirror = here.mirror("SI-50")
        assert (mirror["people"], mirror["hs_invoice_status"]) == ([contact], "paid")
        assert payment["hs_initial_amount"] == "100"
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False


@pytest.mark.parametrize(("direction", "follows"), [("to-hubspot", "hubspot"), ("to-xero", "xero")])
def test_r9_one_way_updates_one_side_only(direction: str, follows: str, tmp_path: Path) -> None:
    """Both are edited: the one that the sync writes follows, the other one is left as it is, and the plan says so."""
    with stage(
        tmp_path, customer(1, "Ann Co", "ann@example.com"), ruleset=rules(contacts=f"direction: {direction}")
    ) as here:
        here.type("apply", "--yes")
        here.edit_hubspot("1", firstname="Here")
        here.edit_xero(guid(1), LastName="There")
        plan = here.type("dry-run", "--format", "json").json
        assert {each["app"] for each in plan["changes"]} == {follows}
        assert [each["app"] for each in plan["drift"]] == ["hubspot" if follows == "hubspot" else "xero"]
        here.type("apply", "--yes")
        ours, theirs = here.live("contacts")["1"], here.xero_contacts()["Ann Co"]
        if follows == "hubspot":
            assert (ours.get("lastname"), theirs.get("FirstName")) == ("There", None)
        else:
            assert (ours.get("lastname"), theirs.get("FirstName")) == (None, "Here")


@pytest.mark.parametrize(
    ("winner", "hubspot_at", "xero_at", "city"),
    [
        ("xero", "2026-11-20T10:05:00Z", "2026-11-20T10:00:00", "Perth"),
        ("hubspot", "2026-11-20T10:00:00Z", "2026-11-20T10:05:00", "Hobart"),
        ("xero", "2026-11-20T10:00:30Z", "2026-11-20T10:00:00", "Hobart"),
        ("hubspot", "2026-11-20T10:00:00Z", "2026-11-20T10:00:30", "Perth"),
    ],
    ids=["hubspot is newer", "xero is newer", "unclear: xero is named", "unclear: hubspot is named"],
)
def test_r10_the_newer_side_wins_else_the_one_that_is_named(
    winner: str, hubspot_at: str, xero_at: str, city: str, tmp_path: Path
) -> None:
    """Perth stands in HubSpot, Hobart in Xero; half a minute apart is unclear."""
    pair = customer(1, "Ann Co", "ann@example.com")
    ours, theirs = pair["hubspot"]["contacts"][0], pair["xero"]["contacts"][0]
    ours["properties"]["city"], ours["createdAt"], ours["updatedAt"] = "Perth", "2026-01-01T00:00:00Z", hubspot_at
    theirs |= {"Addresses": [{"AddressType": "POBOX", "City": "Hobart"}], "UpdatedDateUTC": xero_at}
    text = rules(contacts=f"direction: two-way, conflict: {{winner: {winner}}}")
    with stage(tmp_path, pair, ruleset=text) as here:
        here.type("apply", "--yes")
        (postal,) = [each for each in here.xero_contacts()["Ann Co"]["Addresses"] if each["AddressType"] == "POBOX"]
        assert (here.live("contacts")["1"]["city"], postal["City"]) == (city, city)


# --- rules of the rules -----------------------------------------------------------------------------------------------------


READ = ["crm.objects.contacts.read", "crm.objects.invoices.read", "crm.objects.line_items.read", "tax_rates.read"]


@pytest.mark.parametrize(
    ("granted", "missing"),
    [(READ[:1], "crm.objects.invoices.read"), (READ, "crm.objects.contacts.write")],
    ids=["invoices can't be read", "contacts can't be written"],
)
def test_r5_a_missing_scope_is_named_and_nothing_is_written(granted: list[str], missing: str, tmp_path: Path) -> None:
    alone = world(HERE_ALONE, THERE_ALONE, hubspot_invoice(10, {"name": "Work", "quantity": "1", "price": "10"}))
    alone["hubspot"]["account"] = {"scopes": granted}
    text = rules(contacts="direction: two-way", invoices='direction: two-way, sales-account: "200"')
    with stage(tmp_path, alone, ruleset=text) as here:
        said = here.type("apply", "--yes")
        assert said.code == 7, said.text
        assert "HX402" in said.text
        assert missing in said.text
        assert companies(here) == ({"Here Co"}, {"There Co"})


def test_r5_the_scopes_of_xero_too(tmp_path: Path) -> None:
    seed = world(HERE_ALONE, {"xero": {"app": {"scopes": ["accounting.contacts", "accounting.settings"]}}})
    with stage(tmp_path, seed, ruleset=rules(contacts="direction: two-way")) as here:
        said = here.type("apply", "--yes")
        assert (said.code, "HX402" in said.text, "accounting.invoices" in said.text) == (7, True, True)
        assert companies(here) == ({"Here Co"}, set())


CUSTOM = "custom-mappings: {tax-number: {hubspot: abn, xero: TaxNumber}}"


def test_r6_custom_mappings_need_the_subscription_and_nothing_else_does(tmp_path: Path) -> None:
    with stage(tmp_path, {}, ruleset=rules(contacts=f"direction: two-way, {CUSTOM}")) as here:
        said = here.type("validate", "--format", "json")
        assert (said.code, [each["code"] for each in said.json["problems"]]) == (3, ["HX132"])
        assert "Data Hub Starter" in here.type("validate").out
        assert here.type("apply", "--yes").code == 3
        for subscription, code in (("free", 3), ("data-hub-starter", 0), ("data-hub-enterprise", 0)):
            account = f"accounts: {{hubspot: {{subscription: {subscription}}}}}\n"
            here.ruleset(rules(account, contacts=f"direction: two-way, {CUSTOM}"))
            assert here.type("validate").code == code
        for shipped in ("contacts", "recommended", "mirror-xero", "invoices-from-hubspot"):
            assert here.type("validate", str(RULESETS / f"{shipped}.yaml")).code == 0


def test_r11_a_default_mapping_can_be_switched_off_and_nothing_else(tmp_path: Path) -> None:
    wrong = rules(contacts="direction: two-way, mappings: {phone: {hubspot: fax, xero: DefaultPhone}}")
    with stage(tmp_path, customer(1, "Ann Co", "ann@example.com"), ruleset=wrong) as here:
        said = here.type("validate", "--format", "json")
        assert (said.code, [each["code"] for each in said.json["problems"]]) == (3, ["HX131"])
        here.ruleset(rules(contacts="direction: two-way, mappings: {phone: off}"))
        here.edit_hubspot("1", phone="+61 8 5550 0000", firstname="Ann")
        assert here.type("apply", "--yes").code == 0
        there = here.xero_contacts()["Ann Co"]
        assert there["FirstName"] == "Ann"
        assert all(not each.get("PhoneNumber") for each in there["Phones"])


def test_r12_a_custom_mapping_carries_what_no_default_does(tmp_path: Path) -> None:
    abn = {"name": "abn", "label": "ABN", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    seed = world(customer(1, "Ann Co", "ann@example.com"), {"hubspot": {"properties": {"contacts": [abn]}}})
    account = "accounts: {hubspot: {subscription: data-hub-starter}}\n"
    with stage(tmp_path, seed, ruleset=rules(contacts="direction: two-way")) as here:
        here.edit_hubspot("1", abn="12 345")
        here.type("apply", "--yes")
        assert not here.xero_contacts()["Ann Co"].get("TaxNumber")
        here.ruleset(rules(account, contacts=f"direction: two-way, {CUSTOM}"))
        here.type("apply", "--yes")
        assert here.xero_contacts()["Ann Co"]["TaxNumber"] == "12 345"
        here.edit_xero(guid(1), TaxNumber="67 890")
        here.type("apply", "--yes")
        assert here.live("contacts")["1"]["abn"] == "67 890"


def test_r13_a_filter_decides_who_enters_and_without_one_all_do(tmp_path: Path) -> None:
    """And, or, and a condition on associated invoices, all of it about one and the same invoice."""
    line = {"name": "Work", "quantity": "1", "price": "50"}
    seed = world(
        person(1, "In Co", "in@example.com"),
        person(2, "Split Co", "split@example.com"),
        person(3, "Vip Co", "vip@example.com"),
        hubspot_invoice(10, line, line, line, contact=1),
        hubspot_invoice(20, line, contact=2),
        hubspot_invoice(21, line, line, line, contact=2, hs_invoice_status="draft"),
    )
    condition = "(company-name = 'Vip Co' or any invoice (status != draft and total > 100)) and email is known"
    filtered = f'direction: to-xero, filters: {{to-xero: "{condition}"}}'
    with stage(tmp_path, seed, ruleset=rules(contacts=filtered)) as here:
        here.type("apply", "--yes")
        assert set(here.xero_contacts()) == {"In Co", "Vip Co"}
        here.ruleset(rules(contacts="direction: to-xero"))
        here.type("apply", "--yes")
        assert set(here.xero_contacts()) == {"In Co", "Split Co", "Vip Co"}


def test_r13_the_recommended_filters(tmp_path: Path) -> None:
    """Contacts with an invoice from elsewhere since the day of set-up; products: all; invoices dated after that day."""
    seed = world(
        person(1, "Old Co", "old@example.com"),
        person(3, "Own Co", "own@example.com"),
        customer(2, "Ann Co", "ann@example.com"),
        {"hubspot": {"products": [{"id": "1", "properties": {"name": "Oak", "hs_sku": "OAK", "price": "1"}}]}},
        xero_invoice(50, {"Description": "Work", "Quantity": 1, "UnitAmount": 10}, contact=2, Date="2026-11-20"),
    )
    text = (RULESETS / "recommended.yaml").read_text(encoding="utf-8")
    with stage(tmp_path, seed, ruleset=text, quirks={"mirror-source": "data_sync"}) as here:
        here.type("apply", "--yes")
        assert (set(here.xero_contacts()), here.live("invoices")) == ({"Ann Co"}, {})
        assert [each["Code"] for each in here.sandbox.xero.world()["items"]] == ["OAK"]

        own = here.make_hubspot("invoices", hs_currency="AUD")
        here.make_hubspot("line_items", own, name="Work", quantity="1", price="1")
        here.hubspot("PUT", f"/crm/objects/2026-09/invoices/{own}/associations/default/contacts/3")
        here.edit_hubspot(own, "invoices", hs_invoice_status="open")
        for status in ("draft", "open"):
            invoice = here.make_hubspot(
                "invoices", hs_currency="AUD", hs_invoice_billable="false", hs_invoice_status=status
            )
            here.hubspot("PUT", f"/crm/objects/2026-09/invoices/{invoice}/associations/default/contacts/1")
            here.type("apply", "--yes")
            assert ("Old Co" in here.xero_contacts()) is (status == "open")
        work = [{"Description": "Work", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200"}]
        made = {"Type": "ACCREC", "Contact": {"ContactID": guid(2)}, "LineItems": work, "DueDate": "2030-12-31"}
        here.make_xero("Invoices", InvoiceNumber="SI-1", Date="2030-12-01", Status="AUTHORISED", **made)
        here.type("apply", "--yes")
        assert {each.get("hs_number") for each in here.live("invoices").values()} == {None, "INV-1001", "SI-1"}
        assert "Own Co" not in here.xero_contacts()


def test_r14_everything_can_be_checked_before_anything_is_done(tmp_path: Path) -> None:
    """`validate`, `dry-run` and `show` write nothing; the plan says what `apply` then does; rules with a slip do nothing at all."""
    seed = world(HERE_ALONE, THERE_ALONE)
    with stage(tmp_path, seed, ruleset=rules(contacts="direction: two-way")) as here:
        before = here.sandbox.hubspot.world(), here.sandbox.xero.world()
        assert here.type("validate").code == 0
        looked = here.type("dry-run", "-o", "plan.json", "--values", "full")
        shown = here.type("show", "plan.json", "--values", "full")
        assert shown.code == 0
        for words in ("Here Co", "There Co", "xero-data-sync.v1.yaml:"):
            assert words in looked.out
            assert words in shown.out
        assert (here.sandbox.hubspot.world(), here.sandbox.xero.world()) == before
        here.ruleset(rules(contacts="direction: two-way, filters: {to-xero: emial is known}"))
        slip = here.type("apply", "--yes")
        assert (slip.code, "HX141" in slip.text) == (3, True)
        assert (here.sandbox.hubspot.world(), here.sandbox.xero.world()) == before
        here.ruleset(rules(contacts="direction: two-way"))
        assert here.type("apply", "--yes", "--format", "json").json["summary"]["create"] == 2


# --- watching and steering ----------------------------------------------------------------------------------------------------


def test_r20_the_overview_adds_up_to_the_records(tmp_path: Path) -> None:
    """Every record stands in exactly one number, pairs once; each number opens its records, each of those with its reason."""
    line, work = (
        {"name": "Work", "quantity": "1", "price": "50"},
        {"Description": "Work", "Quantity": 1, "UnitAmount": 50},
    )
    seed = world(
        customer(1, "Ann Co", "ann@example.com"),
        person(2, "Bo Co", "bo@example.com"),
        person(3, "Nameless", None),
        person(4, "Taken Co", "four@example.com"),
        debtor(5, "Taken Co", "five@example.com"),
        debtor(6, "No Mail", None),
        hubspot_invoice(10, line),
        hubspot_invoice(11, line, contact=None),
        hubspot_invoice(12, line, hs_invoice_status="draft"),
        xero_invoice(50, work),
        xero_invoice(51, work, contact=6),
        xero_invoice(52, work, Status="VOIDED"),
        {"xero": {"payments": [{"PaymentID": guid(9), "Invoice": {"InvoiceID": guid(50)}, "Amount": 5}]}},
    )
    both = f"direction: two-way, {LONG_AGO}"
    text = rules(
        contacts=f"{both}, filters: {{to-xero: email is known, to-hubspot: email is known}}",
        invoices=f'{both}, sales-account: "200"',
        payments=f'{both}, bank-account: "090", history: all',
    )
    with stage(tmp_path, seed, ruleset=text) as here:
        here.type("apply", "--yes")
        rows = {row["name"]: row for row in here.type("status", "--format", "json").json["syncs"]}
        numbers = {name: [row["in_sync"], row["failing"], row["excluded"]] for name, row in rows.items()}
        assert numbers == {"contacts": [3, 1, 2], "invoices": [2, 2, 2], "payments": [1, 0, 0]}
        kinds = {"contacts": "contacts", "invoices": "invoices", "payments": "commerce_payments"}
        for sync, kind in kinds.items():
            assert rows[sync]["last_run"] is not None
            hubspot, xero = [], []
            for word, number in zip(("in-sync", "failing", "excluded"), numbers[sync], strict=True):
                records = here.type("status", f"--{word}", sync, "--format", "json").json["records"]
                assert len(records) == number
                assert word == "in-sync" or all(each["reason"] for each in records)
                hubspot += [each["hubspot"] for each in records if each["hubspot"]]
                xero += [each["xero"] for each in records if each["xero"]]
            assert sorted(hubspot) == sorted(here.live(kind))
            key = f"{sync.title()[:-1]}ID"
            assert sorted(xero) == sorted(each[key] for each in here.sandbox.xero.world()[sync])


def test_r21_a_run_can_be_started_at_any_time(tmp_path: Path) -> None:
    """One right after the other: the second brings what was edited in between, and says when it ran."""
    with stage(
        tmp_path, customer(1, "Ann Co", "ann@example.com"), ruleset=rules(contacts="direction: two-way")
    ) as here:
        runs = []
        for name in ("Ann", "Anna"):
            here.edit_hubspot("1", firstname=name)
            assert here.type("apply", "--yes").code == 0
            assert here.xero_contacts()["Ann Co"]["FirstName"] == name
            runs.append(here.type("status", "--format", "json").json["syncs"][0]["last_run"])
        assert runs[0] < runs[1]


def test_r22_a_sync_is_added_edited_switched_off_and_removed_and_no_record_is_deleted(tmp_path: Path) -> None:
    with stage(tmp_path, world(HERE_ALONE, THERE_ALONE), ruleset=rules(products="direction: two-way")) as here:
        here.type("apply", "--yes")
        here.ruleset(rules(products="direction: two-way", contacts="direction: to-xero"))
        here.type("apply", "--yes")
        here.ruleset(rules(products="direction: two-way", contacts="direction: two-way"))
        here.type("apply", "--yes")
        everybody = companies(here)
        assert everybody == ({"Here Co", "There Co"}, {"Here Co", "There Co"})

        off = rules(products="direction: two-way", contacts="enabled: false, direction: two-way")
        here.ruleset(off)
        here.edit_hubspot("1", firstname="Ann")
        here.type("apply", "--yes")
        assert not here.xero_contacts()["Here Co"].get("FirstName")
        here.ruleset(off.replace("enabled: false, ", ""))
        said = here.type("apply", "--yes", "--format", "json")
        assert (said.json["summary"]["update"], said.json["summary"]["link"]) == (1, 0)

        here.ruleset(off)
        assert here.type("remove", "contacts").code == 4
        assert here.type("remove", "contacts", "--confirm", "contact").code == 4
        assert here.type("remove", "contacts", "--confirm", "contacts").code == 0
        assert companies(here) == everybody
        counts = {row["name"]: row["in_sync"] for row in here.type("status", "--format", "json").json["syncs"]}
        assert counts["contacts"] == 0
