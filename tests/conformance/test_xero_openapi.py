"""Every kind of answer of the local Xero against Xero's official OpenAPI files, which lie beside the project.

Where recorded answers of the real service differ from the file, the sandbox follows the recording; each such place is
named in `RECORDED` and nowhere else. An answer may hold no key that neither the file nor a recording knows.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker

from hxrules.sandbox.server import ReadyInfo

SPECS: Final = Path(__file__).resolve().parents[2].parent / "shared" / "specs" / "xero"

pytestmark = pytest.mark.skipif(
    not (SPECS / "xero_accounting.yaml").is_file(), reason="Xero's OpenAPI files don't lie in ../shared/specs/xero"
)

ENVELOPE: Final = {"Id", "Status", "ProviderName", "DateTimeUTC"}
"""Around every recorded list; the file has them in its examples and leaves them out of its schemas."""

RECORDED: Final[dict[str, set[str]]] = {
    "AccessToken": {"scope"},
    "Address": {"ValidationErrors"},
    "Phone": {"ValidationErrors"},
    "HistoryRecord": {"DateUTCString", "ValidationErrors"},
    "Invoice": {"DateString", "DueDateString", "InvoicePaymentServices"},
    "LineItem": {"ValidationErrors"},
    "CreditNote": {"ID", "DateString"},
    "TaxRate": {"ValidationErrors"},
}
"""Keys that recorded answers hold and the file's schemas don't, by schema; errors stand in every refused element."""

ENTITIES: Final = {
    "/Accounts": "Account",
    "/Contacts": "Contact",
    "/Invoices": "Invoice",
    "/Items": "Item",
    "/Payments": "Payment",
    "/TaxRates": "TaxRate",
}
"""What the elements of a refused write are, by its path."""

CONTACT: Final = {
    "Name": "Bruce Banner",
    "ContactNumber": "B1",
    "EmailAddress": "hulk@example.com",
    "DefaultCurrency": "NZD",
    "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "555"}],
    "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1 Main St", "Country": "New Zealand"}],
    "ContactPersons": [{"FirstName": "Betty", "IncludeInEmails": True}],
    "PaymentTerms": {"Sales": {"Day": 10, "Type": "DAYSAFTERBILLMONTH"}},
}
ITEM: Final = {
    "Code": "S1",
    "Name": "Support",
    "Description": "Per month",
    "SalesDetails": {"UnitPrice": 541.25, "AccountCode": "200", "TaxType": "OUTPUT2"},
    "PurchaseDetails": {"UnitPrice": 100, "AccountCode": "300", "COGSAccountCode": "310"},
    "InventoryAssetAccountCode": "630",
    "IsTrackedAsInventory": True,
    "QuantityOnHand": 10,
    "TotalCostPool": 1000,
}
SALE: Final = {
    "Type": "ACCREC",
    "Contact": {"Name": "Seeded"},
    "Date": "2026-10-01",
    "DueDate": "2026-10-31",
    "ExpectedPaymentDate": "2026-10-30",
    "Reference": "PO 7",
    "Url": "https://example.com/7",
    "Status": "AUTHORISED",
    "LineItems": [
        {"Description": "Work", "Quantity": 2, "UnitAmount": 10.5, "AccountCode": "200", "DiscountRate": 10},
        {"Description": "Kit", "ItemCode": "S1", "Tracking": [{"Name": "Region", "Option": "North"}]},
        {"Description": "Thank you"},
    ],
}
INVOICE: Final = {
    "InvoiceNumber": "INV-1",
    "Contact": {"Name": "Seeded"},
    "Status": "AUTHORISED",
    "Date": "2026-06-28",
    "DueDate": "2026-07-08",
    "LineAmountTypes": "Inclusive",
    "LineItems": [
        {"Description": "Support", "Quantity": 1, "UnitAmount": 541.25, "AccountCode": "200", "ItemCode": "S1"}
    ],
    "CreditNotes": [{"CreditNoteNumber": "CN-1", "AppliedAmount": 100, "Date": "2026-06-29"}],
    "Payments": [{"PaymentID": "7534ac52-dae6-4cf1-90e4-ee924341781e", "Date": "2026-06-30", "Amount": 41.25}],
}


@cache
def document(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load((SPECS / name).read_text(encoding="utf-8"), Loader=loader)
    return read


def strict(schema: Any, name: str = "") -> Any:
    """An OpenAPI 3.0 schema as JSON Schema that allows no unknown key; `name` is that of the component.

    An element of an error alone allows any, as the file lists no more than ids there: it is held against its resource.
    """
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    kept = {key: schema[key] for key in ("type", "format", "enum", "maxLength") if key in schema}
    if "items" in schema:
        kept["items"] = strict(schema["items"])
    if "properties" in schema:
        envelope = ENVELOPE if "x-objectArrayKey" in schema else set()
        more: dict[str, Any] = {key: {} for key in (*RECORDED.get(name, ()), *envelope)}
        kept["properties"] = {key: strict(inner) for key, inner in schema["properties"].items()} | more
        kept["additionalProperties"] = name == "Element"
    return kept


@cache
def components() -> dict[str, Any]:
    accounting = document("xero_accounting.yaml")["components"]["schemas"]
    identity = document("xero-identity.yaml")["components"]["schemas"]
    return {name: strict(schema, name) for name, schema in {**accounting, **identity}.items()}


def problems(schema: dict[str, Any], body: Any) -> list[str]:
    whole = {**schema, "components": {"schemas": components()}}
    found = Draft4Validator(whole, format_checker=FormatChecker(["uuid"])).iter_errors(body)
    return [f"{error.json_path}: {error.message}"[:300] for error in found]


def response_schema(path: str, method: str, status: int) -> dict[str, Any]:
    """The schema of an answer as the file declares it for this path."""
    file = document("xero-identity.yaml" if path.startswith("/Connections") else "xero_accounting.yaml")
    answer = file["paths"][path][method.lower()]["responses"][str(status)]
    if "$ref" in answer:
        answer = file["components"]["responses"][answer["$ref"].rsplit("/")[-1]]
    declared: dict[str, Any] = strict(answer["content"]["application/json"]["schema"])
    return declared


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"Nonsense": 1}, "'Nonsense' was unexpected"),
        ({"ContactStatus": "GONE"}, "'GONE' is not one of"),
        ({"ContactID": "no-guid"}, "'no-guid' is not a 'uuid'"),
        ({"Name": "x" * 256}, "is too long"),
        ({"IsCustomer": "true"}, "'true' is not of type 'boolean'"),
        ({"Phones": [{"PhoneKind": "DDI"}]}, "'PhoneKind' was unexpected"),
    ],
)
def test_the_check_itself_notices_what_is_wrong(wrong: dict[str, Any], told: str) -> None:
    body = {"Id": "x", "Contacts": [{"ContactID": "11111111-1111-4111-8111-111111111111", "Name": "A", **wrong}]}
    assert [told in problem for problem in problems({"$ref": "#/components/schemas/Contacts"}, body)] == [True]


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask_in(run_sandbox: Callable[..., ReadyInfo]) -> Iterator[Callable[[str], Ask]]:
    """For an edition of Xero: what asks a sandbox for a path of the file, and holds the answer against the file."""
    contacts = [{"Name": "Seeded", "Website": "https://example.com", "Discount": 13.0, "TaxNumber": "1"}]
    opened: list[httpx.Client] = []

    def begin(version: str) -> Ask:
        settings = {"Version": version, "PeriodLockDate": "2026-03-31"}
        part = {"organisation": settings, "contacts": contacts, "items": [ITEM], "invoices": [INVOICE]}
        info = run_sandbox(seed_file={"xero": part})
        no_tls = ssl.SSLContext(
            ssl.PROTOCOL_TLS_CLIENT
        )  # loading certificates would take most of the time, for nothing
        http = httpx.Client(base_url=info.xero_url, headers={"Accept": "application/json"}, verify=no_tls)
        opened.append(http)
        client = (info.xero_client_id, info.xero_client_secret)
        token = http.post("/connect/token", data={"grant_type": "client_credentials"}, auth=client).json()
        assert problems({"$ref": "#/components/schemas/AccessToken"}, token) == []
        http.headers["Authorization"] = f"Bearer {token['access_token']}"

        def ask(method: str, path: str, body: Any = None, *, status: int = 200, key: str = "", **query: Any) -> Any:
            root = "" if path.startswith("/Connections") else "/api.xro/2.0"
            filled = f"{path.partition('{')[0]}{key}{path.partition('}')[2]}" if key else path
            sent: dict[str, Any] = {} if body is None else {"json": body}
            answer = http.request(method, root + filled, params=query or None, **sent)
            assert answer.status_code == status, answer.text
            assert problems(response_schema(path, method, status), answer.json()) == []
            for element in answer.json()["Elements"] if status == 400 else ():
                assert problems({"$ref": f"#/components/schemas/{ENTITIES[path]}"}, element) == []
            return answer

        return ask

    yield begin
    for each in opened:
        each.close()


@pytest.fixture
def ask(ask_in: Callable[[str], Ask]) -> Ask:
    """Asks a sandbox of New Zealand, where the recordings are from."""
    return ask_in("NZ")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/Connections", {}),
        ("/Organisation", {}),
        ("/Organisation/Actions", {}),
        ("/Accounts", {}),
        ("/TaxRates", {}),
        ("/Currencies", {}),
        ("/Items", {}),
        ("/Payments", {}),
        ("/Payments", {"page": 1}),
        ("/Contacts", {}),
        ("/Contacts", {"page": 1}),
        ("/Contacts", {"summaryOnly": "true"}),
        ("/Invoices", {}),
        ("/Invoices", {"page": 1}),
        ("/Invoices", {"summaryOnly": "true"}),
    ],
)
def test_a_list_is_as_the_file_says(ask: Ask, path: str, query: dict[str, Any]) -> None:
    body = ask("GET", path, **query).json()
    rows = body if path == "/Connections" else next(value for value in body.values() if isinstance(value, list))
    assert rows, "an empty list would prove nothing"


def test_a_contact_is_as_the_file_says_from_create_to_archive(ask: Ask) -> None:
    made = ask("PUT", "/Contacts", {"Contacts": [CONTACT]}).json()["Contacts"][0]
    key = made["ContactID"]
    ask("GET", "/Contacts/{ContactID}", key=key)
    ask("GET", "/Contacts/{ContactNumber}", key="B1")
    ask("POST", "/Contacts/{ContactID}", {"FirstName": "Bruce"}, key=key)
    ask("PUT", "/Contacts/{ContactID}/History", {"HistoryRecords": [{"Details": "note"}]}, key=key)
    ask("GET", "/Contacts/{ContactID}/History", key=key)
    batch = {"Contacts": [{"Name": "Other"}, {"Name": "Bruce Banner"}]}
    rows = ask("PUT", "/Contacts", batch, summarizeErrors="false").json()["Contacts"]
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR"]
    archived = ask("POST", "/Contacts", {"ContactID": key, "ContactStatus": "ARCHIVED"}).json()["Contacts"][0]
    assert archived["ContactStatus"] == "ARCHIVED"


def test_a_refused_contact_is_as_the_file_says(ask: Ask) -> None:
    body = ask("PUT", "/Contacts", {"Name": "Seeded", "Phones": [{"PhoneType": "DDI"}]}, status=400).json()
    assert body["Elements"][0]["ValidationErrors"]


def test_single_records_are_as_the_file_says(ask: Ask) -> None:
    account = ask("GET", "/Accounts").json()["Accounts"][0]["AccountID"]
    ask("GET", "/Accounts/{AccountID}", key=account)
    ask("GET", "/TaxRates/{TaxType}", key="OUTPUT2")
    invoice = ask("GET", "/Invoices").json()["Invoices"][0]["InvoiceID"]
    row = ask("GET", "/Invoices/{InvoiceID}", key=invoice).json()["Invoices"][0]
    assert (row["InvoiceNumber"], row["AmountCredited"], row["AmountPaid"]) == ("INV-1", 100, 41.25)


def test_an_invoice_is_as_the_file_says_from_draft_to_void(ask: Ask) -> None:
    made = ask("PUT", "/Invoices", {"Invoices": [{**SALE, "Status": "DRAFT"}]}, unitdp="4").json()["Invoices"][0]
    key = made["InvoiceID"]
    for status in ("SUBMITTED", "AUTHORISED"):
        ask("POST", "/Invoices/{InvoiceID}", {"Status": status}, key=key)
    ask("GET", "/Invoices/{InvoiceID}", key=key)
    ask("GET", "/Invoices/{InvoiceID}/OnlineInvoice", key=key)
    ask("PUT", "/Invoices/{InvoiceID}/History", {"HistoryRecords": [{"Details": "note"}]}, key=key)
    ask("GET", "/Invoices/{InvoiceID}/History", key=key)
    ask("POST", "/Invoices", {"InvoiceID": key, "Status": "VOIDED"})
    assert ask("GET", "/Invoices/{InvoiceID}", key=key).json()["Invoices"][0]["Status"] == "VOIDED"


def test_a_bill_and_a_foreign_invoice_are_as_the_file_says(ask: Ask) -> None:
    bill = {**SALE, "Type": "ACCPAY", "PlannedPaymentDate": "2026-10-30", "InvoiceNumber": "B1"}
    made = ask("PUT", "/Invoices", {"Invoices": [bill, {**SALE, "CurrencyCode": "USD"}]}).json()["Invoices"]
    assert [row["CurrencyRate"] == 1 for row in made] == [True, False]


def test_refused_and_warned_documents_are_as_the_file_says(ask: Ask) -> None:
    batch = {"Invoices": [{**SALE, "InvoiceNumber": "INV-1"}, {**SALE, "Status": "DRAFT", "SentToContact": True}]}
    rows = ask("PUT", "/Invoices", batch, summarizeErrors="false").json()["Invoices"]
    assert [row["StatusAttributeString"] for row in rows] == ["ERROR", "WARNING"]
    body = ask("PUT", "/Invoices", {"InvoiceNumber": "INV-1", "Type": "ACCREC", "Status": "PAID"}, status=400).json()
    assert "Invoice not of valid status for creation" in str(body["Elements"][0]["ValidationErrors"])


def test_a_payment_is_as_the_file_says_from_create_to_delete(ask: Ask) -> None:
    invoice = {"InvoiceNumber": "INV-1"}
    sent = {"Invoice": invoice, "Account": {"Code": "090"}, "Amount": 10, "Reference": "r"}
    key = ask("PUT", "/Payments", {"Payments": [sent]}).json()["Payments"][0]["PaymentID"]
    ask("POST", "/Payments", sent)
    ask("GET", "/Payments/{PaymentID}", key=key)
    ask("PUT", "/Payments/{PaymentID}/History", {"HistoryRecords": [{"Details": "note"}]}, key=key)
    ask("GET", "/Payments/{PaymentID}/History", key=key)
    ask("POST", "/Payments/{PaymentID}", {"Status": "DELETED"}, key=key)
    rows = ask("PUT", "/Payments", {"Payments": [sent, {**sent, "Amount": 9999}]}, summarizeErrors="false").json()
    assert [row["StatusAttributeString"] for row in rows["Payments"]] == ["OK", "ERROR"]
    body = ask("PUT", "/Payments", {**sent, "Amount": 9999}, status=400).json()
    assert body["Elements"][0]["ValidationErrors"]


def test_an_item_is_as_the_file_says_from_create_to_update(ask: Ask) -> None:
    key = ask("PUT", "/Items", {"Items": [{"Code": "A"}]}).json()["Items"][0]["ItemID"]
    ask("POST", "/Items/{ItemID}", {"Name": "Renamed", "SalesDetails": {"UnitPrice": 1.5}}, key=key)
    ask("GET", "/Items/{ItemID}", key=key)
    ask("GET", "/Items/{ItemID}", key="S1", unitdp="4")
    ask("PUT", "/Items/{ItemID}/History", {"HistoryRecords": [{"Details": "note"}]}, key=key)
    ask("GET", "/Items/{ItemID}/History", key=key)
    rows = ask("POST", "/Items", {"Items": [{"Code": "A"}, {"Code": ""}]}, summarizeErrors="false").json()["Items"]
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR"]
    assert ask("PUT", "/Items", {"Code": "A"}, status=400).json()["Elements"]


def test_new_accounts_and_tax_rates_are_as_the_file_says(ask: Ask) -> None:
    account = {"Code": "881", "Name": "Clearing", "Type": "CURRLIAB", "EnablePaymentsToAccount": True}
    assert ask("PUT", "/Accounts", account).json()["Accounts"]
    assert ask("PUT", "/Accounts", account, status=400).json()["Elements"]
    rate = {"Name": "Own", "TaxComponents": [{"Name": "A", "Rate": 2.25}], "ReportTaxType": "OUTPUT"}
    assert ask("PUT", "/TaxRates", rate).json()["TaxRates"][0]["TaxType"] == "TAX001"
    assert ask("POST", "/TaxRates", {"Name": "Own", "Status": "DELETED"}).json()["TaxRates"]
    assert ask("PUT", "/TaxRates", {"Name": "Other"}, status=400).json()["Elements"]


@pytest.mark.parametrize("version", ["AU", "NZ", "UK", "US", "GLOBAL"])
def test_the_settings_of_every_edition_are_as_the_file_says(ask_in: Callable[[str], Ask], version: str) -> None:
    ask = ask_in(version)
    assert ask("GET", "/Organisation").json()["Organisations"][0]["Version"] == version
    for path in ("/Accounts", "/TaxRates", "/Currencies"):
        assert ask("GET", path).json()[path.strip("/")]
