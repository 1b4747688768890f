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
    "Element": {"Name", "EmailAddress", "Addresses", "Phones", "ContactGroups", "ContactPersons"}
    | {"HasValidationErrors", "IsCustomer"},
    "Address": {"ValidationErrors"},
    "Phone": {"ValidationErrors"},
    "HistoryRecord": {"DateUTCString", "ValidationErrors"},
    "Invoice": {"DateString", "DueDateString", "InvoicePaymentServices"},
    "LineItem": {"ValidationErrors"},
}
"""Keys that recorded answers hold and the file's schemas don't, by schema."""

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
INVOICE: Final = {
    "InvoiceNumber": "INV-1",
    "Contact": {"Name": "Seeded"},
    "Status": "AUTHORISED",
    "Date": "2026-06-28",
    "DueDate": "2026-07-08",
    "Total": 541.25,
    "LineItems": [{"Description": "Support", "Quantity": 1, "UnitAmount": 541.25, "AccountCode": "200"}],
    "Payments": [{"PaymentID": "7534ac52-dae6-4cf1-90e4-ee924341781e", "Date": "2026-06-30", "Amount": 41.25}],
}


@cache
def document(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load((SPECS / name).read_text(encoding="utf-8"), Loader=loader)
    return read


def strict(schema: Any, name: str = "") -> Any:
    """An OpenAPI 3.0 schema as JSON Schema that allows no unknown key; `name` is that of the component."""
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
        kept["additionalProperties"] = False
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
        part = {"organisation": settings, "contacts": contacts, "invoices": [INVOICE]}
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
    body = ask("GET", "/Invoices/{InvoiceID}", key=invoice).json()
    assert body["Invoices"][0]["InvoiceNumber"] == "INV-1"


@pytest.mark.parametrize("version", ["AU", "NZ", "UK", "US", "GLOBAL"])
def test_the_settings_of_every_edition_are_as_the_file_says(ask_in: Callable[[str], Ask], version: str) -> None:
    ask = ask_in(version)
    assert ask("GET", "/Organisation").json()["Organisations"][0]["Version"] == version
    for path in ("/Accounts", "/TaxRates", "/Currencies"):
        assert ask("GET", path).json()[path.strip("/")]
