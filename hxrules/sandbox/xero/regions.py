"""What every organisation of a region has from its first day: chart of accounts, tax rates, settings.

Sources: facts/xero.md 6.6 (tax rates of sales and purchases by region, the full set of New Zealand), 6.7 (account codes
of the demo company), 6.8 (fields of the organisation).
See also: `world` (fills in ids and dates).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hxrules.sandbox.xero.envelope import Record

CURRENCIES: Final = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound",
    "NZD": "New Zealand Dollar",
    "USD": "United States Dollar",
}
"""The currencies enabled unless the seed names others."""

ACTIONS: Final = (
    "CreateApprovedInvoice",
    "CreateDraftInvoice",
    "CreateRepeatingInvoice",
    "CreateInvoicePayment",
    "CreateApprovedBill",
    "CreateDraftBill",
    "CreateRepeatingBill",
    "CreateDraftPurchaseOrder",
    "CreateApprovedPurchaseOrder",
    "CreateDraftQuote",
    "CreateSentQuote",
    "AttachFilesIntoInvoice",
    "UseMulticurrency",
)
"""What the connected app may do, as `GET /Organisation/Actions` names it."""

_SALES: Final = "assets equity liabilities revenue"
_PURCHASES: Final = "assets equity expenses liabilities"
_ALL: Final = "assets equity expenses liabilities revenue"


_FOUR: Final = Decimal("0.0001")


@dataclass(frozen=True)
class Region:
    """One edition of Xero. `rates`: name, TaxType, ReportTaxType, percent, what it applies to; a deleted one says so."""

    currency: str
    country: str
    timezone: str
    tax_name: str
    year_end: tuple[int, int]
    tax_basis: str
    tax_period: str
    sales_tax: str
    purchases_tax: str
    no_tax: str
    rates: tuple[tuple[str, ...], ...]


REGIONS: Final = {
    "AU": Region(
        "AUD", "AU", "AUSEASTERNSTANDARDTIME", "GST", (30, 6), "ACCRUALS", "QUARTERLY1", "OUTPUT", "INPUT",
        "BASEXCLUDED",
        (
            ("BAS Excluded", "BASEXCLUDED", "BASEXCLUDED", "0.0", _ALL),
            ("GST Free Expenses", "EXEMPTEXPENSES", "EXEMPTEXPENSES", "0.0", _PURCHASES),
            ("GST Free Exports", "EXEMPTEXPORT", "EXEMPTEXPORT", "0.0", _SALES),
            ("GST Free Income", "EXEMPTOUTPUT", "EXEMPTOUTPUT", "0.0", _SALES),
            ("GST on Expenses", "INPUT", "INPUT", "10.0", _PURCHASES),
            ("GST on Imports", "GSTONIMPORTS", "GSTONIMPORTS", "0.0", "liabilities"),
            ("GST on Income", "OUTPUT", "OUTPUT", "10.0", _SALES),
            ("Input Taxed", "INPUTTAXED", "INPUTTAXED", "0.0", _SALES),
        ),
    ),
    "NZ": Region(
        "NZD", "NZ", "NEWZEALANDSTANDARDTIME", "GST", (31, 3), "PAYMENTS", "TWOMONTHS", "OUTPUT2", "INPUT2", "NONE",
        (
            ("12.5% GST on Expenses", "INPUT", "INPUT", "12.5", _PURCHASES, "DELETED"),
            ("12.5% GST on Income", "OUTPUT", "OUTPUT", "12.5", _SALES, "DELETED"),
            ("15% GST on Expenses", "INPUT2", "INPUT", "15.0", _PURCHASES),
            ("15% GST on Income", "OUTPUT2", "OUTPUT", "15.0", _SALES),
            ("GST on Imports", "GSTONIMPORTS", "GSTONIMPORTS", "0.0", "liabilities"),
            ("No GST", "NONE", "NONE", "0.0", _ALL),
            ("Zero Rated", "ZERORATED", "OUTPUT", "0.0", "liabilities revenue"),
        ),
    ),
    "UK": Region(
        "GBP", "GB", "GMTSTANDARDTIME", "VAT", (31, 3), "ACCRUAL", "QUARTERLY1", "OUTPUT2", "INPUT2", "NONE",
        (
            ("20% (VAT on Expenses)", "INPUT2", "INPUT", "20.0", _PURCHASES),
            ("20% (VAT on Income)", "OUTPUT2", "OUTPUT", "20.0", _SALES),
            ("5% (VAT on Expenses)", "RRINPUT", "INPUT", "5.0", _PURCHASES),
            ("5% (VAT on Income)", "RROUTPUT", "OUTPUT", "5.0", _SALES),
            ("Domestic Reverse Charge @ 20% (VAT on Income)", "DRCHARGE20", "DRCHARGESUPPLY", "0.0", _SALES),
            ("Exempt Income", "EXEMPTOUTPUT", "EXEMPTOUTPUT", "0.0", _SALES),
            ("No VAT", "NONE", "NONE", "0.0", _ALL),
            ("Zero Rated EC Goods Income", "ECZROUTPUT", "ECOUTPUT", "0.0", _SALES),
            ("Zero Rated EC Services", "ECZROUTPUTSERVICES", "ECOUTPUTSERVICES", "0.0", _SALES),
            ("Zero Rated Income", "ZERORATEDOUTPUT", "OUTPUT", "0.0", _SALES),
        ),
    ),
    "US": Region(
        "USD", "US", "USEASTERNSTANDARDTIME", "Tax", (31, 12), "ACCRUAL", "QUARTERLY", "OUTPUT", "INPUT", "NONE",
        (
            ("Tax Exempt", "NONE", "NONE", "0.0", _ALL),
            ("Tax on Purchases", "INPUT", "INPUT", "0.0", _PURCHASES),
            ("Tax on Sales", "OUTPUT", "OUTPUT", "8.25", _SALES),
        ),
    ),
    "GLOBAL": Region(
        "EUR", "DE", "WEUROPESTANDARDTIME", "Tax", (31, 12), "ACCRUAL", "MONTHLY", "OUTPUT", "INPUT", "NONE",
        (
            ("Tax Exempt", "NONE", "NONE", "0.0", _ALL),
            ("Tax on Purchases", "INPUT", "INPUT", "19.0", _PURCHASES),
            ("Tax on Sales", "OUTPUT", "OUTPUT", "19.0", _SALES),
        ),
    ),
}  # fmt: skip
"""By `Organisation.Version`; an `…ONRAMP` version has the same."""

_ACCOUNTS: Final = (
    # code, name, type, class, tax (sales, purchases or no), system account
    ("090", "Business Bank Account", "BANK", "ASSET", "no", ""),
    ("091", "Business Savings Account", "BANK", "ASSET", "no", ""),
    ("200", "Sales", "REVENUE", "REVENUE", "sales", ""),
    ("260", "Other Revenue", "REVENUE", "REVENUE", "sales", ""),
    ("300", "Purchases", "DIRECTCOSTS", "EXPENSE", "purchases", ""),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", "EXPENSE", "purchases", ""),
    ("400", "Advertising", "EXPENSE", "EXPENSE", "purchases", ""),
    ("497", "Bank Revaluations", "EXPENSE", "EXPENSE", "no", "BANKCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "EXPENSE", "EXPENSE", "no", "UNREALISEDCURRENCYGAIN"),
    ("499", "Realised Currency Gains", "EXPENSE", "EXPENSE", "no", "REALISEDCURRENCYGAIN"),
    ("610", "Accounts Receivable", "CURRENT", "ASSET", "no", "DEBTORS"),
    ("630", "Inventory", "INVENTORY", "ASSET", "no", ""),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY", "no", "CREDITORS"),
    ("820", "{tax}", "CURRLIAB", "LIABILITY", "no", "GST"),
    ("840", "Historical Adjustment", "CURRLIAB", "LIABILITY", "no", "HISTORICAL"),
    ("860", "Rounding", "CURRLIAB", "LIABILITY", "no", "ROUNDING"),
    ("877", "Tracking Transfers", "CURRLIAB", "LIABILITY", "no", "TRACKINGTRANSFERS"),
    ("960", "Retained Earnings", "EQUITY", "EQUITY", "no", "RETAINEDEARNINGS"),
    ("970", "Owner A Funds Introduced", "EQUITY", "EQUITY", "no", ""),
)


def region_of(version: str) -> Region:
    """The region of an `Organisation.Version`; raises `ValueError` for one that does not exist."""
    try:
        return REGIONS[version.removesuffix("ONRAMP")]
    except KeyError:
        raise ValueError(f"no organisation has the version {version!r}; there are: {', '.join(REGIONS)}") from None


def organisation(version: str) -> Record:
    """The settings of a new organisation of this version, without its ids and dates."""
    region = region_of(version)
    name = "Demo Company (Global)" if version == "GLOBAL" else f"Demo Company ({version})"
    return {
        "Name": name,
        "LegalName": name,
        "PaysTax": True,
        "Version": version,
        "OrganisationType": "COMPANY",
        "BaseCurrency": region.currency,
        "CountryCode": region.country,
        "IsDemoCompany": True,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": region.year_end[0],
        "FinancialYearEndMonth": region.year_end[1],
        "SalesTaxBasis": region.tax_basis,
        "SalesTaxPeriod": region.tax_period,
        "DefaultSalesTax": "Remember previous",
        "DefaultPurchasesTax": "Remember previous",
        "OrganisationEntityType": "COMPANY",
        "Timezone": region.timezone,
        "Edition": "BUSINESS",
        "Class": "DEMO",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }


def accounts(version: str, currency: str) -> list[Record]:
    """The chart of accounts, without ids and dates; bank accounts are in `currency`."""
    region = region_of(version)
    taxes = {"sales": region.sales_tax, "purchases": region.purchases_tax, "no": region.no_tax}
    return [
        _account(code, name.format(tax=region.tax_name), kind, group, taxes[tax], system, currency)
        for code, name, kind, group, tax, system in _ACCOUNTS
    ]


def _account(code: str, name: str, kind: str, group: str, tax: str, system: str, currency: str) -> Record:
    record: dict[str, Any] = {"Code": code, "Name": name, "Status": "ACTIVE", "Type": kind, "TaxType": tax}
    record |= {"Class": group, "EnablePaymentsToAccount": code == "970", "ShowInExpenseClaims": False}
    if system:
        record["SystemAccount"] = system
    if kind == "BANK":
        record |= {"BankAccountNumber": f"120102034567{code}0", "BankAccountType": "BANK", "CurrencyCode": currency}
    return {**record, "ReportingCode": group[:3], "HasAttachments": False, "AddToWatchlist": False}


def tax_rates(version: str) -> list[Record]:
    """The tax rates; the list of New Zealand still shows the deleted old ones, as the recorded one does."""
    region = region_of(version)
    return [_rate(region, *row) for row in region.rates]


def uses_of(report: str) -> Record:
    """Which accounts a new tax rate is made for, by its `ReportTaxType`: sales, purchases, or all."""
    uses = _PURCHASES if "INPUT" in report else _SALES if "OUTPUT" in report else _ALL
    return {f"CanApplyTo{group.title()}": group in uses.split() for group in _ALL.split()}


def _rate(region: Region, name: str, kind: str, report: str, percent: str, use: str, status: str = "ACTIVE") -> Record:
    rate = Decimal(percent).quantize(_FOUR)
    component = {"Name": region.tax_name, "Rate": rate, "IsCompound": False, "IsNonRecoverable": False}
    uses = use.split()
    return {
        "Name": name,
        "TaxType": kind,
        "ReportTaxType": report,
        **{f"CanApplyTo{group.title()}": group in uses for group in _ALL.split()},
        "DisplayTaxRate": rate,
        "EffectiveRate": rate,
        "Status": status,
        "TaxComponents": [component],
    }
