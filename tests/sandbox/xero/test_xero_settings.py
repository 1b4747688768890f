"""What an organisation always has: its settings, accounts, tax rates, currencies; and the reading of its invoices."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero

KEY_FIELDS = {
    *("OrganisationID", "Name", "LegalName", "Version", "BaseCurrency", "CountryCode", "Timezone", "ShortCode"),
    *("PaysTax", "DefaultSalesTax", "DefaultPurchasesTax", "SalesTaxBasis", "SalesTaxPeriod", "FinancialYearEndDay"),
    *("FinancialYearEndMonth", "IsDemoCompany", "OrganisationStatus", "Class", "Edition", "PaymentTerms", "Addresses"),
    "Phones",
}


def test_the_organisation_has_its_key_fields_and_no_lock_date_unless_set(xero: Xero) -> None:
    body = xero.get("Organisation").json()
    row = body["Organisations"][0]
    assert set(row) >= KEY_FIELDS
    assert not {"PeriodLockDate", "EndOfYearLockDate"} & set(row)
    assert row["OrganisationID"] == xero.info.xero_tenant
    assert row["ShortCode"].startswith("!")
    assert "+" not in row["CreatedDateUTC"]
    assert "pagination" not in body


def test_a_seed_sets_the_organisation(connect: ConnectXero) -> None:
    tenant = "4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10"
    given = {"Name": "Acme Pty Ltd", "OrganisationID": tenant, "PeriodLockDate": "2026-06-30", "Version": "NZ"}
    xero = connect(part={"organisation": given})
    row = xero.get("Organisation").json()["Organisations"][0]
    assert (row["Name"], row["OrganisationID"], row["BaseCurrency"]) == ("Acme Pty Ltd", tenant, "NZD")
    assert row["PeriodLockDate"] == "/Date(1782777600000+0000)/", "a day is its midnight UTC"
    assert (xero.info.xero_tenant, xero.info.organisation) == (tenant, "Acme Pty Ltd")


def test_actions_follow_what_is_enabled(connect: ConnectXero) -> None:
    def allowed(xero: Xero) -> dict[str, str]:
        return {row["Name"]: row["Status"] for row in xero.get("Organisation/Actions").json()["Actions"]}

    assert set(allowed(connect()).values()) == {"ALLOWED"}
    single = allowed(connect(part={"currencies": ["AUD"]}))
    assert single["UseMulticurrency"] == "NOT-ALLOWED"
    assert single["CreateApprovedInvoice"] == "ALLOWED"


@pytest.mark.parametrize(
    ("version", "currency", "sales", "rate"),
    [
        ("AU", "AUD", "OUTPUT", 10),
        ("NZ", "NZD", "OUTPUT2", 15),
        ("UK", "GBP", "OUTPUT2", 20),
        ("US", "USD", "OUTPUT", 8.25),
        ("GLOBAL", "EUR", "OUTPUT", 19),
        ("NZONRAMP", "NZD", "OUTPUT2", 15),
    ],
)
def test_every_region_has_accounts_and_tax_rates_that_fit_together(
    connect: ConnectXero, version: str, currency: str, sales: str, rate: float
) -> None:
    xero = connect(part={"organisation": {"Version": version}})
    accounts = {row["Code"]: row for row in xero.get("Accounts").json()["Accounts"]}
    rates = {row["TaxType"]: row for row in xero.get("TaxRates").json()["TaxRates"]}
    assert {"090", "200", "260", "300", "610", "800", "860"} <= set(accounts)
    assert accounts["090"]["Type"] == "BANK"
    assert (accounts["090"]["CurrencyCode"], accounts["090"]["EnablePaymentsToAccount"]) == (currency, False)
    assert (accounts["200"]["TaxType"], rates[sales]["EffectiveRate"]) == (sales, rate)
    assert (accounts["610"]["SystemAccount"], accounts["860"]["SystemAccount"]) == ("DEBTORS", "ROUNDING")
    assert {row["TaxType"] for row in accounts.values()} <= set(rates)
    assert rates[sales]["CanApplyToRevenue"] is True
    currencies = [row["Code"] for row in xero.get("Currencies").json()["Currencies"]]
    assert currencies[0] == currency
    assert {"AUD", "CAD", "EUR", "GBP", "NZD", "USD"} == set(currencies)


def test_lists_of_settings_take_where_and_order_and_have_no_pages(xero: Xero) -> None:
    body = xero.get("Accounts", where='Type=="BANK"', order="Code DESC", page=1).json()
    assert [row["Code"] for row in body["Accounts"]] == ["091", "090"]
    assert "pagination" not in body
    sales = xero.get("Accounts", where='Class=="REVENUE" AND SystemAccount==null').json()["Accounts"]
    assert [row["Code"] for row in sales] == ["200", "260"]
    assert xero.get("TaxRates", where="EffectiveRate>0 AND CanApplyToRevenue==true").json()["TaxRates"][0]["TaxType"]
    assert len(xero.get("Currencies", where='Code=="NZD"').json()["Currencies"]) == 1


def test_changed_since_works_on_accounts_and_not_on_tax_rates(xero: Xero) -> None:
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    assert xero.get("Accounts", headers=since).json()["Accounts"] == []
    assert xero.get("TaxRates", headers=since).json()["TaxRates"] != []


def test_one_account_and_one_tax_rate_are_read_by_key(connect: ConnectXero) -> None:
    xero = connect(part={"organisation": {"Version": "NZ"}})
    bank = xero.get("Accounts").json()["Accounts"][0]
    assert xero.get(f"Accounts/{bank['AccountID']}").json()["Accounts"] == [bank]
    deleted = xero.get("TaxRates/OUTPUT").json()["TaxRates"][0]
    assert (deleted["Status"], deleted["EffectiveRate"]) == ("DELETED", 12.5)
    assert xero.get("Accounts/090").status_code == 404


CONTACT = "11111111-1111-4111-8111-111111111111"
PAYMENT = "bbbbbbbb-0000-4000-8000-000000000001"
INVOICES: list[dict[str, Any]] = [
    {
        "InvoiceID": "aaaaaaaa-0000-4000-8000-000000000001",
        "InvoiceNumber": "INV-0016",
        "Type": "ACCREC",
        "Contact": {"ContactID": CONTACT},
        "Status": "PAID",
        "Date": "/Date(1782604800000+0000)/",
        "DueDate": "2026-07-08",
        "LineAmountTypes": "Inclusive",
        "Reference": "Monthly Support",
        "SubTotal": 470.65,
        "TotalTax": 70.6,
        "Total": 541.25,
        "AmountPaid": 541.25,
        "AmountDue": 0.0,
        "LineItems": [{"Description": "Support", "Quantity": 1.0, "UnitAmount": 541.2549, "LineAmount": 541.25}],
        "Payments": [{"PaymentID": PAYMENT, "Date": "/Date(1782691200000+0000)/", "Amount": 541.25}],
        "UpdatedDateUTC": "2026-07-01T12:01:01.560Z",
    },
    {
        "InvoiceID": "aaaaaaaa-0000-4000-8000-000000000002",
        "InvoiceNumber": "INV-0017",
        "Contact": {"Name": "Hamilton"},
        "Status": "VOIDED",
        "Date": "2026-08-01",
        "Total": 10,
        "UpdatedDateUTC": "2026-08-01T00:00:00Z",
    },
    {
        "InvoiceID": "aaaaaaaa-0000-4000-8000-000000000003",
        "Type": "ACCPAY",
        "Contact": {"Name": "Supplier"},
        "Status": "AUTHORISED",
        "Date": "2026-09-01",
        "Total": 20,
        "UpdatedDateUTC": "2026-09-01T00:00:00Z",
    },
]


@pytest.fixture
def invoiced(connect: ConnectXero) -> Xero:
    """Two sales invoices of Hamilton, the second voided, and a bill."""
    contacts = [{"Name": "Hamilton", "ContactID": CONTACT}, {"Name": "Supplier"}]
    return connect(part={"contacts": contacts, "invoices": INVOICES})


@pytest.mark.parametrize(
    ("query", "found", "paged"),
    [
        ({}, "123", False),
        ({"page": 1}, "123", True),
        ({"ContactIDs": CONTACT.upper()}, "12", True),
        ({"IDs": INVOICES[2]["InvoiceID"]}, "3", True),
        ({"InvoiceNumbers": "INV-0017,INV-0016"}, "12", True),
        ({"ContactIDs": CONTACT, "Statuses": "PAID,DRAFT"}, "1", True),
        ({"Statuses": "AUTHORISED"}, "3", True),
        ({"searchTerm": "monthly"}, "1", False),
        ({"createdByMyApp": "true"}, "", False),
        ({"where": 'Type=="ACCREC"'}, "12", False),
        ({"where": f'Contact.ContactID==guid("{CONTACT}") AND Status!="VOIDED"'}, "1", False),
        ({"where": 'Contact.Name=="hamilton"', "page": 1}, "12", True),
        ({"where": "Date>=DateTime(2026,08,01)"}, "23", False),
        ({"where": "Date==DateTime(2026,08,01)"}, "2", False),
        ({"where": "DueDate!=null"}, "1", False),
        ({"where": "AmountDue>0 AND AmountDue<=20"}, "3", False),
        ({"order": "Date DESC"}, "321", False),
        ({"summaryOnly": "true"}, "123", True),
    ],
)
def test_invoices_are_found_by_all_parameters(invoiced: Xero, query: dict[str, Any], found: str, paged: bool) -> None:
    body = invoiced.get("Invoices", **query).json()
    assert [row["InvoiceID"][-1] for row in body["Invoices"]] == list(found)
    assert ("pagination" in body) is paged


def test_an_invoice_shows_less_in_a_list_and_more_alone(invoiced: Xero) -> None:
    listed = invoiced.get("Invoices").json()["Invoices"][0]
    paged = invoiced.get("Invoices", page=1).json()["Invoices"][0]
    alone = invoiced.get("Invoices/INV-0016").json()["Invoices"][0]
    summary = invoiced.get("Invoices", summaryOnly="true").json()["Invoices"][0]
    assert listed["LineItems"] == []
    assert (paged["LineItems"][0]["UnitAmount"], "ValidationErrors" in paged["LineItems"][0]) == (541.25, False)
    assert set(paged["Contact"]) >= {"ContactID", "Name"}
    assert "UpdatedDateUTC" not in paged["Contact"]
    assert (alone["Contact"]["IsCustomer"], alone["LineItems"][0]["ValidationErrors"]) == (True, [])
    assert not {"LineItems", "Payments", "HasAttachments"} & set(summary)
    assert paged["DateString"] == "2026-06-28T00:00:00"
    assert paged["Date"] == "/Date(1782604800000+0000)/"
    assert paged["UpdatedDateUTCString"] == "2026-07-01T12:01:01Z"
    assert paged["UpdatedDateUTC"].endswith("560+0000)/")
    assert paged["Payments"][0]["Date"] == "/Date(1782691200000+0000)/"


def test_four_decimals_are_shown_on_demand_and_empty_payments_not_alone(invoiced: Xero) -> None:
    exact = invoiced.get("Invoices/INV-0016", unitdp="4").json()["Invoices"][0]
    assert exact["LineItems"][0]["UnitAmount"] == 541.2549
    voided = f"Invoices/{INVOICES[1]['InvoiceID']}"
    assert "Payments" not in invoiced.get(voided).json()["Invoices"][0]
    assert invoiced.get("Invoices", page=1).json()["Invoices"][1]["Payments"] == []


def test_an_invoice_follows_the_name_of_its_contact(invoiced: Xero) -> None:
    invoiced.post({"ContactID": CONTACT, "Name": "Renamed"})
    assert invoiced.get("Invoices", page=1).json()["Invoices"][0]["Contact"]["Name"] == "Renamed"
    assert len(invoiced.get("Invoices", where='Contact.Name=="renamed"').json()["Invoices"]) == 2


def test_an_or_over_a_large_organisation_is_optimised_on_invoice_ids_alone(connect: ConnectXero) -> None:
    part = {"contacts": [{"Name": "Hamilton", "ContactID": CONTACT}, {"Name": "Supplier"}], "invoices": INVOICES}
    xero = connect(part=part, quirks={"xero-high-volume": "1"})
    ids = " OR ".join(f'InvoiceID==guid("{row["InvoiceID"]}")' for row in INVOICES)
    assert len(xero.get("Invoices", where=ids, page=1).json()["Invoices"]) == 3
    assert xero.get("Invoices", where='Status=="PAID" OR Status=="DRAFT"', page=1).status_code == 400
    assert xero.get("Invoices", where='Status=="PAID"', page=1).status_code == 200
