"""Tax rates and accounts as they are made and changed; the rules of their lists stand in `test_xero_settings`."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, messages

STATE = {"Name": "State Tax", "Rate": 7.5}
LOCAL = {"Name": "Local Tax", "Rate": "0.625"}
RATE = {"Name": "Oakdale", "TaxComponents": [STATE, LOCAL], "ReportTaxType": "OUTPUT"}


def test_own_tax_rates_are_numbered_and_their_components_added_up(xero: Xero) -> None:
    made = xero.one("PUT", "TaxRates", RATE)
    assert (made["TaxType"], made["EffectiveRate"], made["DisplayTaxRate"], made["Status"]) == (
        "TAX001",
        8.125,
        8.125,
        "ACTIVE",
    )
    assert made["TaxComponents"][0] == {
        "Name": "State Tax",
        "Rate": 7.5,
        "IsCompound": False,
        "IsNonRecoverable": False,
    }
    assert (made["CanApplyToRevenue"], made["CanApplyToExpenses"]) == (True, False)
    assert xero.one("GET", "TaxRates/TAX001") == made
    assert xero.one("PUT", "TaxRates", {**RATE, "Name": "Other"})["TaxType"] == "TAX002"


def test_a_compound_component_is_taxed_on_top(xero: Xero) -> None:
    parts = [{"Name": "GST", "Rate": 5}, {"Name": "QST", "Rate": 7.5, "IsCompound": True}]
    made = xero.one("PUT", "TaxRates", {**RATE, "TaxComponents": parts})
    assert (made["DisplayTaxRate"], made["EffectiveRate"]) == (12.5, 12.875)
    assert xero.invoice({"TaxType": "tax001"})["TotalTax"] == 12.88, "half a cent goes up"


@pytest.mark.parametrize(
    ("report", "revenue", "expenses"), [("OUTPUT", True, False), ("INPUT", False, True), ("BASEXCLUDED", True, True)]
)
def test_the_report_says_what_a_rate_is_for(xero: Xero, report: str, revenue: bool, expenses: bool) -> None:
    made = xero.one("PUT", "TaxRates", {**RATE, "ReportTaxType": report})
    assert (made["CanApplyToRevenue"], made["CanApplyToExpenses"]) == (revenue, expenses)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Name": None}, "Name must be specified."),
        ({"Name": "gst ON income"}, "Please enter a unique Name."),
        ({"TaxComponents": []}, "A tax rate must have at least one tax component."),
        ({"TaxComponents": [{"Name": "A"}]}, "Rate must be specified."),
        (
            {"TaxComponents": [{"Name": "A", "Rate": 101}]},
            "The rate '101' is invalid. A rate must be between 0 and 100.",
        ),
        ({"ReportTaxType": None}, "The ReportTaxType must be specified"),
    ],
)
def test_what_a_new_tax_rate_must_say(shared: Xero, sent: dict[str, Any], told: str) -> None:
    answer = shared.call("PUT", "TaxRates", {**RATE, **sent})
    assert (answer.status_code, messages(answer)) == (400, [told])


def test_a_report_type_is_needed_in_some_editions_alone(connect: ConnectXero) -> None:
    xero = connect(part={"organisation": {"Version": "US"}})
    assert xero.one("PUT", "TaxRates", {**RATE, "ReportTaxType": None})["TaxType"] == "TAX001"


def test_one_tax_rate_is_written_in_a_call(xero: Xero) -> None:
    answer = xero.call("POST", "TaxRates", {"TaxRates": [RATE, {**RATE, "Name": "Other"}]})
    assert (answer.status_code, answer.json()["Message"]) == (
        400,
        "Only one record can be created or updated for each call of this endpoint.",
    )


@pytest.mark.parametrize("key", [{"TaxType": "TAX001"}, {"Name": "oakdale"}])
def test_a_tax_rate_is_changed_by_type_or_name_and_deleted_but_stays_listed(xero: Xero, key: dict[str, str]) -> None:
    xero.one("PUT", "TaxRates", RATE)
    more = {"TaxComponents": [STATE, LOCAL, {"Name": "Third", "Rate": 1}]}
    assert xero.one("POST", "TaxRates", {**key, **more})["EffectiveRate"] == 9.125
    fewer = xero.call("POST", "TaxRates", {**key, "TaxComponents": [STATE]})
    assert messages(fewer) == ["Tax components can be added, but not removed or renamed."]
    assert xero.one("POST", "TaxRates", {**key, "Status": "DELETED"})["Status"] == "DELETED"
    listed = {row["TaxType"]: row["Status"] for row in xero.get("TaxRates").json()["TaxRates"]}
    assert (listed["TAX001"], listed["OUTPUT"]) == ("DELETED", "ACTIVE")
    assert xero.one("PUT", "TaxRates", RATE)["TaxType"] == "TAX002", "its name is free again, its type is not"


def test_rates_of_the_system_cannot_be_changed(xero: Xero) -> None:
    answer = xero.call("POST", "TaxRates", {"TaxType": "OUTPUT", "Status": "DELETED"})
    assert messages(answer) == ["System defined tax rates cannot be updated."]
    taken = xero.call("PUT", "TaxRates", {**RATE, "Name": "GST on Income"})
    assert messages(taken) == ["Please enter a unique Name."]


def test_post_makes_a_tax_rate_that_does_not_exist(xero: Xero) -> None:
    assert xero.one("POST", "TaxRates", RATE)["TaxType"] == "TAX001"


ACCOUNT = {"Code": "201", "Name": "Online Sales", "Type": "REVENUE"}


def test_a_new_account_gets_its_class_and_tax_from_its_type(xero: Xero) -> None:
    made = xero.one("PUT", "Accounts", ACCOUNT)
    assert (made["Class"], made["TaxType"], made["Status"], made["EnablePaymentsToAccount"]) == (
        "REVENUE",
        "OUTPUT",
        "ACTIVE",
        False,
    )
    assert xero.one("GET", f"Accounts/{made['AccountID']}") == made
    assert xero.invoice({"AccountCode": "201"})["LineItems"][0]["AccountID"] == made["AccountID"]
    spent = xero.one("PUT", "Accounts", {"Code": "401", "Name": "Ads", "Type": "OVERHEADS"})
    assert (spent["Class"], spent["TaxType"]) == ("EXPENSE", "INPUT")


def test_an_account_can_be_opened_to_payments(xero: Xero) -> None:
    bank = {"Name": "Gateway", "Type": "BANK", "BankAccountNumber": "1", "Code": "093"}
    made = xero.one("PUT", "Accounts", bank)
    assert (made["CurrencyCode"], made["Class"]) == ("AUD", "ASSET")
    other = {"Code": "881", "Name": "Clearing", "Type": "CURRLIAB", "EnablePaymentsToAccount": True}
    xero.one("PUT", "Accounts", other)
    invoice = xero.invoice()
    for code in ("093", "881"):
        assert xero.pay(invoice, 10, Account={"Code": code})["Account"]["Code"] == code


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Name": "sales"}, "Please enter a unique Name."),
        ({"Code": "200"}, "Please enter a unique Code."),
        ({"Code": None}, "Code must be specified."),
        ({"Type": None}, "Type must be specified."),
        ({"Code": "x" * 11}, "The field Code must be a string with a maximum length of 10."),
        ({"Name": "x" * 151}, "The field Name must be a string with a maximum length of 150."),
        ({"TaxType": "NOPE"}, "The TaxType code 'NOPE' does not exist or cannot be used for this type of transaction."),
        ({"Type": "BANK"}, "BankAccountNumber must be specified."),
        (
            {"Type": "BANK", "BankAccountNumber": "1", "CurrencyCode": "THB"},
            "Organisation is not subscribed to currency THB",
        ),
    ],
)
def test_what_an_account_may_not_say(shared: Xero, sent: dict[str, Any], told: str) -> None:
    answer = shared.call("PUT", "Accounts", {**ACCOUNT, **sent})
    assert (answer.status_code, messages(answer)) == (400, [told])


def test_one_account_is_made_in_a_call_and_its_type_must_exist(xero: Xero) -> None:
    assert xero.call("PUT", "Accounts", {"Accounts": [ACCOUNT, {**ACCOUNT, "Code": "202"}]}).status_code == 400
    assert xero.call("PUT", "Accounts", {**ACCOUNT, "Type": "MONEY"}).json()["ErrorNumber"] == 14
