"""Xero's own Python SDK, signed in to a local Xero: what the tests of its endpoints share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from xero_python.accounting import (
    Account,
    AccountingApi,
    Contact,
    Contacts,
    Invoice,
    Invoices,
    LineItem,
    Payment,
    Payments,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.identity import IdentityApi

from hxrules.sandbox.server import ReadyInfo

ZERO = "00000000-0000-0000-0000-000000000000"
PAYMENT = "7534ac52-dae6-4cf1-90e4-ee924341781e"
INVOICE = {
    "InvoiceNumber": "INV-0016",
    "Contact": {"Name": "Hamilton"},
    "Status": "AUTHORISED",
    "Date": "2026-06-28",
    "DueDate": "2026-07-08",
    "LineAmountTypes": "Inclusive",
    "SubTotal": 470.65,
    "TotalTax": 70.6,
    "Total": 541.25,
    "LineItems": [{"Description": "Support", "Quantity": 1, "UnitAmount": 541.25, "AccountCode": "200"}],
    "Payments": [{"PaymentID": PAYMENT, "Date": "2026-06-30", "Amount": 41.25}],
    "UpdatedDateUTC": "2026-07-01T12:01:01.560Z",
}
PART = {
    "organisation": {"Version": "NZ", "PeriodLockDate": "2026-03-31"},
    "contacts": [{"Name": "Hamilton", "UpdatedDateUTC": "2026-05-01T00:00:00Z"}],
    "invoices": [INVOICE],
}


class Sdk:
    """The SDK, signed in to one sandbox with its own client-credentials flow."""

    def __init__(self, info: ReadyInfo, monkeypatch: pytest.MonkeyPatch) -> None:
        self.info = info
        self.tenant = info.xero_tenant
        self.token: dict[str, Any] = {}
        monkeypatch.setattr(TokenApi, "client_credentials_token_url", f"{info.xero_identity_url}/connect/token")
        monkeypatch.setattr(TokenApi, "revoke_token_url", f"{info.xero_identity_url}/connect/revocation")
        oauth = OAuth2Token(info.xero_client_id, info.xero_client_secret)
        self.client = ApiClient(
            Configuration(oauth2_token=oauth),
            oauth2_token_getter=lambda: self.token,
            oauth2_token_saver=self.token.update,
        )
        self.client.rest_client.pool_manager.connection_pool_kw["retries"] = (
            False  # a 429 is to be seen, not waited for
        )
        oauth.get_client_credentials_access_token(self.client, app_store_billing=False)
        self.api = AccountingApi(self.client, base_url=f"{info.xero_url}/api.xro/2.0")
        self.identity = IdentityApi(self.client, base_url=info.xero_url)

    def make(self, **fields: Any) -> Contact:
        """Create one contact."""
        return self.api.create_contacts(self.tenant, Contacts(contacts=[Contact(**fields)])).contacts[0]

    def sale(self, *lines: LineItem, **fields: Any) -> Invoice:
        """An approved sales invoice for Hamilton, not yet sent."""
        contact = self.api.get_contacts(self.tenant).contacts[0]
        usual = {"type": "ACCREC", "date": date(2026, 10, 1), "due_date": date(2026, 10, 31), "status": "AUTHORISED"}
        work = LineItem(description="Work", quantity=Decimal(2), unit_amount=Decimal("10.50"), account_code="200")
        named = Contact(contact_id=contact.contact_id)
        return Invoice(**{**usual, "contact": named, "line_items": list(lines) or [work], **fields})

    def invoice(self, *lines: LineItem, **fields: Any) -> Invoice:
        """Create one approved sales invoice."""
        return self.api.create_invoices(self.tenant, Invoices(invoices=[self.sale(*lines, **fields)])).invoices[0]

    def payment(self, invoice: Invoice, amount: str, **fields: Any) -> Payment:
        """A payment from the bank account, not yet sent."""
        usual = {"account": Account(code="090"), "date": date(2026, 10, 15), "amount": Decimal(amount)}
        return Payment(**{**usual, "invoice": Invoice(invoice_id=invoice.invoice_id), **fields})

    def pay(self, invoice: Invoice, amount: str, **fields: Any) -> Payment:
        """Pay an invoice."""
        sent = Payments(payments=[self.payment(invoice, amount, **fields)])
        return self.api.create_payments(self.tenant, sent).payments[0]

    def names(self, **query: Any) -> list[str]:
        """The names that a list of contacts shows."""
        return [row.name for row in self.api.get_contacts(self.tenant, **query).contacts]


StartSdk = Callable[..., Sdk]


@contextmanager
def signing_in(run_sandbox: Callable[..., ReadyInfo], monkeypatch: pytest.MonkeyPatch) -> Iterator[StartSdk]:
    """What starts a sandbox of `PART` and signs in, as often as it is called."""
    opened: list[Sdk] = []

    def begin(**options: Any) -> Sdk:
        opened.append(Sdk(run_sandbox(seed_file={"xero": PART}, **options), monkeypatch))
        return opened[-1]

    yield begin
    for each in opened:
        each.client.rest_client.pool_manager.clear()
