"""What lists of each resource can be asked for: the fields that `where` and `order` may name, and which are optimised.

Sources: facts/xero.md 5.3 and 5.4; field names and types from Xero's OpenAPI file.
See also: `where` (reads the expressions), `table` (keeps the indexes), `lists` (answers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

Kind = Literal["text", "guid", "bool", "number", "time"]


@dataclass(frozen=True)
class Resource:
    """One resource. `fields` are those that a filter may name; `name` is the plural, `entity` the singular.

    `equals` and `ranges` are the optimised filters, `either` the fields on which a chain of ORs is optimised too,
    `orders` the optimised sort fields; `indexed` are the fields that the sandbox finds without a scan. `aged` says that
    the resource has `UpdatedDateUTC`, so that `If-Modified-Since` works. A resource that is not `paged` is listed as a
    whole, in the order in which its records were made.
    """

    name: str
    entity: str
    key: str
    fields: Mapping[str, Kind]
    equals: frozenset[str] = frozenset()
    ranges: frozenset[str] = frozenset()
    either: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    indexed: frozenset[str] = frozenset()
    aged: bool = True
    paged: bool = True
    beyond_summary: frozenset[str] = frozenset()

    def field(self, name: str) -> str | None:
        """The field's own spelling for a name in any capitals."""
        return self._spelling.get(name.lower())

    @cached_property
    def _spelling(self) -> dict[str, str]:
        return {name.lower(): name for name in self.fields}


def _typed(**names: str) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {"text": "text", "guid": "guid", "bool": "bool", "number": "number", "time": "time"}
    return {name: kinds[kind] for kind, line in names.items() for name in line.split()}


def _inside(prefix: str, fields: Mapping[str, Kind], names: Iterable[str]) -> dict[str, Kind]:
    return {f"{prefix}.{name}": fields[name] for name in names}


_CONTACT_FIELDS: Final = _typed(
    guid="ContactID MergedToContactID",
    text="Name ContactNumber AccountNumber ContactStatus FirstName LastName EmailAddress CompanyNumber TaxNumber "
    "BankAccountDetails DefaultCurrency AccountsReceivableTaxType AccountsPayableTaxType SalesDefaultAccountCode "
    "PurchasesDefaultAccountCode Website",
    bool="IsCustomer IsSupplier",
    number="Discount",
    time="UpdatedDateUTC",
)

CONTACTS: Final = Resource(
    "Contacts",
    "Contact",
    "ContactID",
    _CONTACT_FIELDS,
    equals=frozenset({"Name", "EmailAddress", "AccountNumber"}),
    orders=frozenset({"ContactID", "UpdatedDateUTC", "Name"}),
    indexed=frozenset({"ContactID", "Name", "EmailAddress", "AccountNumber", "ContactNumber"}),
    beyond_summary=frozenset({"IsCustomer", "IsSupplier", "SalesDefaultAccountCode", "PurchasesDefaultAccountCode"}),
)

_INVOICE_FIELDS: Final = {
    **_typed(
        guid="InvoiceID BrandingThemeID RepeatingInvoiceID",
        text="Type Status InvoiceNumber Reference CurrencyCode LineAmountTypes Url",
        bool="SentToContact HasAttachments IsDiscounted",
        number="SubTotal TotalTax Total AmountDue AmountPaid AmountCredited CurrencyRate",
        time="Date DueDate FullyPaidOnDate ExpectedPaymentDate PlannedPaymentDate UpdatedDateUTC",
    ),
    **_inside("Contact", _CONTACT_FIELDS, ("ContactID", "Name", "ContactNumber", "EmailAddress", "ContactStatus")),
}

INVOICES: Final = Resource(
    "Invoices",
    "Invoice",
    "InvoiceID",
    _INVOICE_FIELDS,
    equals=frozenset(
        {
            *(
                "Status",
                "Type",
                "InvoiceID",
                "InvoiceNumber",
                "Reference",
                "AmountPaid",
                "Date",
                "DueDate",
                "AmountDue",
            ),
            *("Contact.ContactID", "Contact.Name", "Contact.ContactNumber"),
        }
    ),
    ranges=frozenset({"Date", "DueDate", "AmountDue"}),
    either=frozenset({"InvoiceID"}),
    orders=frozenset({"InvoiceID", "UpdatedDateUTC", "Date"}),
    indexed=frozenset({"InvoiceID", "InvoiceNumber", "Reference", "Contact.ContactID"}),
    beyond_summary=frozenset({"HasAttachments"}),
)

_ACCOUNT_FIELDS: Final = _typed(
    guid="AccountID",
    text="Code Name Type Status Class TaxType SystemAccount Description BankAccountNumber BankAccountType "
    "CurrencyCode ReportingCode",
    bool="EnablePaymentsToAccount ShowInExpenseClaims AddToWatchlist",
    time="UpdatedDateUTC",
)

_PAYMENT_FIELDS: Final = {
    **_typed(
        guid="PaymentID BatchPaymentID",
        text="PaymentType Status Reference",
        bool="IsReconciled HasAccount",
        number="Amount BankAmount CurrencyRate",
        time="Date UpdatedDateUTC",
    ),
    **_inside("Invoice", _INVOICE_FIELDS, ("InvoiceID", "InvoiceNumber", "Type", "Status")),
    **_inside("Account", _ACCOUNT_FIELDS, ("AccountID", "Code", "Type")),
}

PAYMENTS: Final = Resource(
    "Payments",
    "Payment",
    "PaymentID",
    _PAYMENT_FIELDS,
    equals=frozenset({"PaymentType", "Status", "Invoice.InvoiceID", "Reference", "Date"}),
    ranges=frozenset({"Date"}),
    either=frozenset({"PaymentID", "Invoice.InvoiceID"}),
    orders=frozenset({"UpdatedDateUTC", "Date", "PaymentID"}),
    indexed=frozenset({"PaymentID", "Invoice.InvoiceID", "Reference"}),
)

ITEMS: Final = Resource(
    "Items",
    "Item",
    "ItemID",
    _typed(
        guid="ItemID",
        text="Code Name Description PurchaseDescription",
        bool="IsSold IsPurchased IsTrackedAsInventory",
        number="QuantityOnHand TotalCostPool",
        time="UpdatedDateUTC",
    ),
    indexed=frozenset({"ItemID", "Code"}),
    paged=False,
)

ACCOUNTS: Final = Resource(
    "Accounts",
    "Account",
    "AccountID",
    _ACCOUNT_FIELDS,
    indexed=frozenset({"AccountID", "Code"}),
    paged=False,
)

TAX_RATES: Final = Resource(
    "TaxRates",
    "TaxRate",
    "TaxType",
    _typed(
        text="Name TaxType ReportTaxType Status",
        bool="CanApplyToAssets CanApplyToEquity CanApplyToExpenses CanApplyToLiabilities CanApplyToRevenue",
        number="DisplayTaxRate EffectiveRate",
    ),
    indexed=frozenset({"TaxType"}),
    aged=False,
    paged=False,
)

CURRENCIES: Final = Resource(
    "Currencies",
    "Currency",
    "Code",
    _typed(text="Code Description"),
    indexed=frozenset({"Code"}),
    aged=False,
    paged=False,
)
