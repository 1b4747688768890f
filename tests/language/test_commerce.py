"""What rulesets say of invoices and payments: whose say they are, their lines, their limits, and the accounts that Xero needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.filters import Moment
from hxrules.language.model import History, InvoiceRules, Ruleset, Sync
from hxrules.problems import Severity
from hxrules.records import App, Record, RecordRef
from hxrules.values import ValueType
from tests.language.test_meaning import HEAD, read, valid

BASE = shipped.ruleset("xero-data-sync.v1")


def sync(name: str, body: str = "direction: to-hubspot") -> Sync:
    return valid(f"{HEAD}syncs: {{{name}: {{{body}}}}}\n").sync(name)


def invoices(body: str = "direction: to-hubspot") -> InvoiceRules:
    rules = sync("invoices", body).invoices
    assert rules is not None
    return rules


def under(base: str, body: str) -> Ruleset:
    """A ruleset that builds on another text than the shipped base."""

    def bases(name: str) -> tuple[str, str] | None:
        return (base, "base.yaml") if name == "xero-data-sync@1" else None

    ruleset, problems = load_ruleset(f"{HEAD}syncs: {{{body}}}\n", "f", load_catalogue(), bases)
    assert ruleset is not None, problems
    return ruleset


# --- whose say it is -----------------------------------------------------------------------------------------------------------


def test_an_invoice_and_a_payment_belong_to_the_app_in_which_they_were_made() -> None:
    """R18; and a contact or a product belongs to nobody."""
    for name, all_owned in (("contacts", False), ("products", False), ("invoices", True), ("payments", True)):
        assert {mapping.owned for mapping in sync(name).mappings} == {all_owned}


def test_a_custom_field_of_an_invoice_may_be_edited_on_either_side() -> None:
    """R12, R25: a PO number isn't part of what R18 protects."""
    body = (
        'direction: two-way, sales-account: "200", custom-mappings: {po-number: {hubspot: po-number, xero: Reference}}'
    )
    assert not sync("invoices", body).mapping("po-number").owned


def test_ownership_is_part_of_what_a_sync_means_and_not_of_what_a_value_means() -> None:
    theirs = under(BASE, "invoices: {direction: to-hubspot}").sync("invoices")
    nobodys = under(BASE.replace(", owner: origin", ""), "invoices: {direction: to-hubspot}").sync("invoices")
    assert theirs.digest != nobodys.digest
    assert theirs.mapping("due-date").digest == nobodys.mapping("due-date").digest
    assert not nobodys.mapping("due-date").owned


# --- mappings ------------------------------------------------------------------------------------------------------------------


def test_xero_works_out_totals_itself_and_a_mirror_in_hubspot_is_told_them() -> None:
    there_and_back = sync("invoices", 'direction: two-way, sales-account: "200"')
    for each in ("total", "balance"):
        assert there_and_back.mapping(each).writes == {App.HUBSPOT}
    assert not {"total", "balance"} & {each.id for each in sync("invoices", "direction: to-xero").mappings}


def test_a_field_that_xero_takes_only_when_a_record_is_made_is_written_all_the_same() -> None:
    payments = sync("payments", 'direction: to-xero, bank-account: "090"')
    assert {mapping.id: mapping.writes for mapping in payments.mappings} == dict.fromkeys(
        ("invoice", "amount", "date", "reference"), frozenset({App.XERO})
    )


STATUSES = {
    "draft": "draft",
    "submitted": "draft",
    "authorised": "open",
    "paid": "paid",
    "voided": "voided",
    "deleted": "voided",
}


def test_every_status_of_one_app_has_its_word_in_the_other() -> None:
    status = sync("invoices").mapping("status")
    (step,) = status.steps
    assert step.backward is not None
    assert {xero: step.backward(xero) for xero in status.xero.choices} == STATUSES
    assert {hubspot: step.forward(hubspot) for hubspot in status.hubspot.choices} == {
        "draft": "draft",
        "open": "authorised",
        "paid": "authorised",
        "voided": "voided",
    }


def test_customers_lines_and_invoices_stand_for_other_records_on_both_sides() -> None:
    found = [
        (name, each) for name in ("invoices", "payments") for each in sync(name).mappings if each.hubspot.kind.composite
    ]
    assert [(name, each.id, each.hubspot.kind, each.xero.kind) for name, each in found] == [
        ("invoices", "customer", ValueType.REFERENCE, ValueType.REFERENCE),
        ("invoices", "lines", ValueType.LINES, ValueType.LINES),
        ("payments", "invoice", ValueType.REFERENCE, ValueType.REFERENCE),
    ]


def test_a_base_cannot_map_one_record_to_a_text_or_send_it_through_a_step() -> None:
    for right, wrong, code in (
        ("xero: Customer,", "xero: Reference,", "HX135"),
        ("xero: Customer,", "xero: Customer, transform: [trim],", "HX136"),
    ):
        assert right in BASE
        _, problems = load_ruleset(BASE.replace(right, wrong), "base.yaml", load_catalogue(), shipped.base)
        assert {problem.code for problem in problems} == {code}


# --- lines ---------------------------------------------------------------------------------------------------------------------


def test_a_line_has_seven_mappings() -> None:
    rules = invoices('direction: two-way, sales-account: "200"')
    assert [(line.id, line.hubspot.name, line.xero.name) for line in rules.lines] == [
        ("description", "wording", "Description"),
        ("quantity", "quantity", "Quantity"),
        ("unit-price", "price", "UnitAmount"),
        ("discount", "hs_discount_percentage", "DiscountRate"),
        ("unit-discount", "discount", "DiscountAmount"),
        ("tax", "hs_tax_rate_group_id", "TaxType"),
        ("sku", "hs_sku", "ItemCode"),
    ]
    assert {line.writes for line in rules.lines} == {frozenset(App)}
    assert {(line.hubspot.type, line.xero.type) for line in rules.lines} == {("line_items", "lines")}


@pytest.mark.parametrize(("direction", "app"), [("to-hubspot", App.HUBSPOT), ("to-xero", App.XERO)])
def test_lines_are_written_where_their_invoice_is(direction: str, app: App) -> None:
    assert {line.writes for line in invoices(f"direction: {direction}").lines} == {frozenset({app})}


def test_a_line_without_words_is_called_by_its_sku_in_xero() -> None:
    compiled = invoices("direction: two-way").compiled
    line = dict.fromkeys(("wording", "quantity", "price", "hs_discount_percentage", "discount", "hs_tax_rate_group_id"))
    assert compiled.to_xero({**line, "hs_sku": "A-1"})[0] == "A-1"
    assert compiled.to_xero({**line, "wording": "Tea", "hs_sku": "A-1"})[0] == "Tea"


def test_a_mapping_of_a_line_can_be_switched_off_and_then_its_template_is_gone_too() -> None:
    rules = invoices("direction: to-hubspot, line-mappings: {sku: off, tax: off}")
    assert [line.id for line in rules.lines] == ["description", "quantity", "unit-price", "discount", "unit-discount"]
    assert rules.lines[0].fallback == ()
    assert len(rules.compiled.mappings) == 5


def test_what_lines_say_is_part_of_what_the_sync_and_its_lines_mean() -> None:
    """Lines that were last seen equal under other mappings of a line are no ground to call one side edited."""
    plain, same = sync("invoices"), sync("invoices", "direction: to-hubspot, line-mappings: {}")
    other = sync("invoices", "direction: to-hubspot, line-mappings: {sku: off}")
    assert plain.digest == same.digest != other.digest
    assert plain.mapping("lines").digest == same.mapping("lines").digest != other.mapping("lines").digest
    assert plain.mapping("lines").digest == sync("invoices", "direction: to-xero").mapping("lines").digest
    assert plain.mapping("customer").digest == other.mapping("customer").digest


# --- limits --------------------------------------------------------------------------------------------------------------------

STARTED = datetime(2026, 11, 10, 3, tzinfo=UTC)
MOMENT = Moment(STARTED + timedelta(days=9), ZoneInfo("Australia/Sydney"), STARTED)


def included(of: Sync, target: App, fields: Mapping[str, Any]) -> set[str]:
    """The limits that a record passes."""
    record = Record(RecordRef(target.other, of.types[target.other], "1"), fields)
    return {name for name, limit in of.limits(target) if limit.matches(record, {}, MOMENT)}


def test_an_invoice_in_a_currency_that_xero_is_not_offered_is_failing_and_not_left_out() -> None:
    """R19."""
    body = sync("invoices", 'direction: to-xero, sales-account: "200"')
    limits = {limit.id: limit.error for limit in body.fixed_limits[App.XERO]}
    assert limits == {"own": None, "open": None, "since-start": None, "currencies": "HX226"}
    record = {
        "hs_invoice_source": "hubspot",
        "hs_invoice_billable": True,
        "hs_invoice_status": "open",
        "hs_createdate": STARTED + timedelta(hours=1),
        "hs_lastmodifieddate": STARTED + timedelta(hours=1),
    }
    assert included(body, App.XERO, {**record, "hs_currency": "AUD"}) == set(limits)
    assert included(body, App.XERO, {**record, "hs_currency": "CHF"}) == {"own", "open", "since-start"}


@pytest.mark.parametrize(("billable", "own"), [(True, True), (None, True), (False, False)])
def test_a_mirror_of_a_xero_invoice_is_none_of_hubspots_own(billable: bool | None, own: bool) -> None:
    """R15: what we made in HubSpot ourselves never goes back as a new invoice."""
    body = sync("invoices", 'direction: to-xero, sales-account: "200"')
    (limit,) = [each.filter for each in body.fixed_limits[App.XERO] if each.id == "own"]
    fields = {"hs_invoice_source": "hubspot", "hs_invoice_billable": billable}
    assert limit.matches(Record(RecordRef(App.HUBSPOT, "invoices", "1"), fields), {}, MOMENT) is own


@pytest.mark.parametrize(
    ("status", "day", "passed"),
    [
        ("succeeded", date(2026, 11, 10), {"received", "after-start"}),
        ("succeeded", date(2026, 11, 9), {"received"}),
        ("processing", date(2026, 11, 11), {"after-start"}),
    ],
)
def test_money_that_has_arrived_since_the_day_of_the_start_goes_to_xero(
    status: str, day: date, passed: set[str]
) -> None:
    payments = sync("payments", 'direction: to-xero, bank-account: "090"')
    assert included(payments, App.XERO, {"hs_latest_status": status, "hs_initiated_date": day}) == passed


@pytest.mark.parametrize(("day", "passed"), [(date(2026, 11, 10), {"after-start"}), (date(2026, 11, 9), set())])
def test_payments_since_the_day_of_the_start_go_to_hubspot(day: date, passed: set[str]) -> None:
    assert included(sync("payments"), App.HUBSPOT, {"Date": day}) == passed


def test_all_payments_count_where_the_ruleset_says_so() -> None:
    payments = sync("payments", 'direction: two-way, bank-account: "090", history: all')
    assert payments.limits(App.HUBSPOT) == ()
    assert [name for name, _ in payments.limits(App.XERO)] == ["received"]
    assert {limit.history for limit in payments.fixed_limits[App.XERO]} == {None, History.AFTER_START}


@pytest.mark.parametrize("word", ["        error: HX226\n", "        history: after-start\n"])
def test_what_becomes_of_a_record_that_does_not_pass_is_part_of_what_the_sync_means(word: str) -> None:
    assert word in BASE
    body = 'invoices: {direction: to-xero, sales-account: "200"}, payments: {direction: two-way, bank-account: "090"}'
    before, after = under(BASE, body), under(BASE.replace(word, ""), body)
    assert before.digest != after.digest


# --- accounts and tax ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["two-way", "to-xero"])
def test_payments_cannot_go_to_xero_without_an_account(direction: str) -> None:
    ruleset, (problem,) = read(f"{HEAD}syncs:\n  payments: {{direction: {direction}}}\n")
    assert ruleset is None
    assert (problem.code, problem.severity) == ("HX111", Severity.ERROR)
    assert str(problem.span) == "rules/acme.yaml:8:3"
    assert 'bank-account: "090"' in problem.remedy


@pytest.mark.parametrize("body", ["direction: to-hubspot", "direction: two-way, enabled: false"])
def test_payments_that_do_not_go_to_xero_need_no_account(body: str) -> None:
    assert sync("payments", body).payments


def test_invoices_may_go_to_xero_without_an_account_of_their_own_but_one_is_told() -> None:
    """Items may name theirs."""
    ruleset, (problem,) = read(f"{HEAD}syncs:\n  invoices: {{direction: to-xero}}\n")
    assert ruleset is not None
    assert (problem.code, problem.severity, str(problem.span)) == ("HX111", Severity.WARNING, "rules/acme.yaml:8:3")


@pytest.mark.parametrize(
    "body", ["direction: to-hubspot", "direction: to-xero, enabled: false", 'direction: to-xero, sales-account: "1"']
)
def test_nothing_is_said_of_an_account_that_is_named_or_not_needed(body: str) -> None:
    _, problems = read(f"{HEAD}syncs: {{invoices: {{{body}}}}}\n")
    assert problems == []


def test_tax_types_are_kept_in_their_order_with_none_for_lines_without_a_rate() -> None:
    """Of several tax types for one rate, the first is written: so their order is a part of the meaning."""
    one, other = ("direction: to-hubspot, tax: {EXEMPTOUTPUT: none, OUTPUT: GST, NONE: none}",
                  "direction: to-hubspot, tax: {NONE: none, OUTPUT: GST, EXEMPTOUTPUT: none}")  # fmt: skip
    assert list(invoices(one).tax.items()) == [("EXEMPTOUTPUT", "none"), ("OUTPUT", "GST"), ("NONE", "none")]
    assert sync("invoices", one).digest != sync("invoices", other).digest
