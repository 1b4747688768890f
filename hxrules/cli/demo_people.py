"""What the people of `hxrules demo` do in HubSpot and in Xero: over the apps' own APIs, past everything that hxrules plans.

What: `People` writes what a seller or a bookkeeper would type into the apps' screens, and nothing else.
See also: `demo` (tells what they do), `demo_world.yaml` (what they begin with).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from hxrules.connectors import hubspot_dialect, xero_dialect
from hxrules.connectors.auth import Authorizer, Basic, Bearer, ClientCredentials
from hxrules.connectors.http import Call, Dialect, Http, encode_body
from hxrules.connectors.pace import Pace, Timing
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.problems import Halt, Problem

_HUBSPOT: Final = "/crm/objects/2026-09"
_XERO: Final = "/api.xro/2.0"
_OF_INVOICE: Final = {"contacts": 177, "line_items": 409}
_PAYMENT_OF: Final = 542
_LINE: Final = (
    *("LineItemID", "Description", "Quantity", "UnitAmount", "ItemCode"),
    *("AccountCode", "TaxType", "DiscountRate"),
)
"""What a bookkeeper sees of a line; its amounts follow."""

Properties = Mapping[str, str]


class People:
    """Everybody who works in the two apps that the settings name. Raises `Halt` (1) where an app refuses what they do."""

    def __init__(self, settings: Settings) -> None:
        hubspot = hubspot_dialect.HubSpotDialect(), hubspot_dialect.pace(Timing())
        xero = xero_dialect.XeroDialect(), xero_dialect.pace(Timing())
        client = Basic(settings.xero_client_id, settings.xero_client_secret)
        self._identity = _browser(settings.xero_identity_url, *xero, client)
        token = ClientCredentials(self._identity, client.secrets, Timing())
        self._hubspot = _browser(settings.hubspot_url + _HUBSPOT, *hubspot, Bearer(settings.hubspot_token))
        self._xero = _browser(settings.xero_url + _XERO, *xero, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in (self._hubspot, self._xero, self._identity):
            each.close()

    # --- in HubSpot --------------------------------------------------------------------------------------------------------------

    def edit(self, kind: str, id: str, **properties: str) -> None:
        """Edits a HubSpot record."""
        _sent(self._hubspot, "PATCH", f"/{kind}/{id}", {"properties": properties})

    def issue(self, contact: str, lines: Sequence[Properties], **properties: str) -> tuple[str, list[str]]:
        """Issues an invoice in HubSpot: a draft with its contact and lines, then opened. Its id and those of its lines."""
        parts = [self._make("line_items", line) for line in lines]
        links = [("contacts", contact), *(("line_items", part) for part in parts)]
        made = self._make("invoices", properties, [_linked(id, _OF_INVOICE[kind]) for kind, id in links])
        self.edit("invoices", made, hs_invoice_status="open")
        return made, parts

    def take(self, invoice: str, amount: str, day: str, reference: str) -> None:
        """Records in HubSpot that money has come for an invoice."""
        properties = {
            "hs_initial_amount": amount,
            "hs_initiated_date": day,
            "hs_latest_status": "succeeded",
            "hs_payment_method_type": "wire_transfer",
            "hs_reference_number": reference,
        }
        self._make("commerce_payments", properties, [_linked(invoice, _PAYMENT_OF)])

    def add_contact(self, invoice: str, contact: str) -> None:
        """Puts a contact on a HubSpot invoice, beside those that are on it."""
        _sent(self._hubspot, "PUT", f"/invoices/{invoice}/associations/default/contacts/{contact}")

    def _make(self, kind: str, properties: Properties, links: Sequence[Mapping[str, Any]] = ()) -> str:
        body = {"properties": dict(properties), "associations": list(links)}
        return str(_sent(self._hubspot, "POST", f"/{kind}", body)["id"])

    # --- in Xero -----------------------------------------------------------------------------------------------------------------

    def book(self, kind: str, **fields: Any) -> None:
        """Makes a Xero record, or edits the one whose id is among the fields."""
        _sent(self._xero, "POST" if f"{kind[:-1]}ID" in fields else "PUT", f"/{kind}", {kind: [fields]})

    def rebook(self, number: str, quantity: int) -> None:
        """Writes another quantity on the first line of a Xero invoice."""
        (found,) = _sent(self._xero, "GET", f"/Invoices/{number}")["Invoices"]
        lines = [{name: line[name] for name in _LINE if name in line} for line in found["LineItems"]]
        lines[0]["Quantity"] = quantity
        self.book("Invoices", InvoiceID=found["InvoiceID"], LineItems=lines)


def _linked(id: str, number: int) -> dict[str, Any]:
    return {
        "to": {"id": id},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
    }


def _browser(root: str, dialect: Dialect, pace: Pace, authorizer: Authorizer) -> Http:
    return Http(root, dialect, authorizer, pace=pace, usage=Usage(), timing=Timing(), patience=20)


def _sent(http: Http, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = http.send(Call(method, path, "writes", body=None if body is None else encode_body(body)))
    if not answer.succeeded:
        raise Halt(1, [Problem("HX308", f"{method} {path} was refused in the demo", answer.text)])
    return answer.document or {}
