"""A signed-in client of the local Xero, for the tests of this folder."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import httpx

from hxrules.sandbox.server import ReadyInfo

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The sandbox speaks plain HTTP; loading the system's certificates for each client would take most of a test's time."""

ALL_SCOPES = "accounting.contacts accounting.settings accounting.invoices accounting.payments"


class Xero:
    """Speaks to one sandbox as a careful client would; every request can be given other headers."""

    def __init__(self, info: ReadyInfo, scope: str = ALL_SCOPES) -> None:
        self.info = info
        self.http = httpx.Client(base_url=info.xero_url, headers={"Accept": "application/json"}, verify=NO_TLS)
        self.sign_in(scope)

    def token(self, **form: str) -> httpx.Response:
        """One call of the token endpoint."""
        client = (self.info.xero_client_id, self.info.xero_client_secret)
        return self.http.post("/connect/token", data={"grant_type": "client_credentials", **form}, auth=client)

    def sign_in(self, scope: str = ALL_SCOPES) -> None:
        """Use a new token with these scopes from now on."""
        self.http.headers["Authorization"] = f"Bearer {self.token(scope=scope).json()['access_token']}"

    def call(self, method: str, path: str, body: Any = None, *, headers: Any = None, **query: Any) -> httpx.Response:
        """One Accounting call."""
        sent: dict[str, Any] = {} if body is None else {"json": body}
        return self.http.request(method, f"/api.xro/2.0/{path}", params=query or None, headers=headers, **sent)

    def get(self, path: str, *, headers: Any = None, **query: Any) -> httpx.Response:
        """A read."""
        return self.call("GET", path, headers=headers, **query)

    def names(self, **query: Any) -> list[str]:
        """The names in the list of contacts, which must be answered with 200."""
        answer = self.get("Contacts", **query)
        assert answer.status_code == 200, answer.text
        return [row["Name"] for row in answer.json()["Contacts"]]

    def put(self, *contacts: dict[str, Any], **query: Any) -> httpx.Response:
        """Create contacts."""
        return self.call("PUT", "Contacts", {"Contacts": list(contacts)}, **query)

    def post(self, *contacts: dict[str, Any], **query: Any) -> httpx.Response:
        """Create or update contacts."""
        return self.call("POST", "Contacts", {"Contacts": list(contacts)}, **query)

    def make(self, **contact: Any) -> dict[str, Any]:
        """Create one contact, which must work, and return it."""
        answer = self.put(contact)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()["Contacts"][0]
        return made

    def one(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """The only record of an answer, which must be a success."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        (row,) = listed(answer)
        return row

    def invoice(self, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Create an approved sales invoice for the contact of `fields`, else for Acme; it must work."""
        return self.one("PUT", "Invoices", sale(*lines, **fields))

    def reread(self, record: dict[str, Any]) -> dict[str, Any]:
        """The invoice or payment as it is now."""
        resource, key = ("Payments", "PaymentID") if "PaymentID" in record else ("Invoices", "InvoiceID")
        return self.one("GET", f"{resource}/{record[key]}")

    def pay(self, invoice: dict[str, Any], amount: Any, **fields: Any) -> dict[str, Any]:
        """Pay an invoice from the bank account 090; it must work."""
        return self.one("PUT", "Payments", payment(invoice, amount, **fields))

    def advance(self, duration: str) -> None:
        """Move the sandbox's clock ahead."""
        assert self.http.post("/_sandbox/clock", json={"advance": duration}).status_code == 200


ConnectXero = Callable[..., Xero]


def sale(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An element that makes an approved sales invoice."""
    usual = {"Type": "ACCREC", "Contact": {"Name": "Acme"}, "Date": "2026-10-01", "DueDate": "2026-10-31"}
    return {**usual, "Status": "AUTHORISED", "LineItems": [line(**each) for each in lines or ({},)], **fields}


def line(**fields: Any) -> dict[str, Any]:
    """A line that can be approved; a figure given as None is left out."""
    usual = {"Description": "Work", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}
    return {name: value for name, value in {**usual, **fields}.items() if value is not None}


def payment(invoice: dict[str, Any], amount: Any, **fields: Any) -> dict[str, Any]:
    """An element that pays an invoice."""
    usual = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Date": "2026-10-15"}
    return {**usual, "Amount": amount, **fields}


def listed(answer: httpx.Response) -> list[dict[str, Any]]:
    """The records of an answer, or the elements of an error."""
    return next(value for value in answer.json().values() if isinstance(value, list))


def messages(answer: httpx.Response) -> list[str]:
    """The texts of all validation errors in an answer."""
    return [error["Message"] for each in listed(answer) for error in each.get("ValidationErrors", [])]


def in_state(xero: Xero, state: str) -> dict[str, Any]:
    """An invoice of 110.00 in a state: a status, or PART for approved and partly paid."""
    made = xero.invoice(Status=state if state in ("DRAFT", "SUBMITTED") else "AUTHORISED")
    if state in ("PART", "PAID"):
        xero.pay(made, 10 if state == "PART" else 110)
    if state == "VOIDED":
        xero.one("POST", f"Invoices/{made['InvoiceID']}", {"Status": "VOIDED"})
    if state == "DELETED":
        made = xero.invoice(Status="DRAFT")
        xero.one("POST", f"Invoices/{made['InvoiceID']}", {"Status": "DELETED"})
    return xero.reread(made)


def change(xero: Xero, invoice: dict[str, Any], **fields: Any) -> list[str]:
    """The texts of what is wrong with a change; none when it is made."""
    answer = xero.call("POST", f"Invoices/{invoice['InvoiceID']}", fields)
    assert answer.status_code == (400 if messages(answer) and "Elements" in answer.json() else 200)
    return messages(answer)
