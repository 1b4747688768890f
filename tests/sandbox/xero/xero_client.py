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

    def advance(self, duration: str) -> None:
        """Move the sandbox's clock ahead."""
        assert self.http.post("/_sandbox/clock", json={"advance": duration}).status_code == 200


ConnectXero = Callable[..., Xero]


def messages(answer: httpx.Response) -> list[str]:
    """The texts of all validation errors in an answer."""
    body = answer.json()
    elements = body["Elements"] if "Elements" in body else body["Contacts"]
    return [error["Message"] for each in elements for error in each.get("ValidationErrors", [])]
