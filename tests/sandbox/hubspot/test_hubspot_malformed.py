"""Whatever JSON comes in, the local HubSpot answers in its own words: no malformed request is a fault of the server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.routing import Route

from hxrules.sandbox.server import ReadyInfo

BODIES: tuple[Any, ...] = (
    None,
    "text",
    7,
    [],
    [7],
    [{}],
    [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "x"}],
    {},
    {"properties": 7},
    {"properties": {"email": {"a": 1}}},
    {"properties": {"email": "a@a.example"}, "associations": 7},
    {"properties": {"email": "a@a.example"}, "associations": [7]},
    {"properties": {"email": "a@a.example"}, "associations": [{"to": {"id": "1"}, "types": [7]}]},
    {"inputs": 7},
    {"inputs": [7]},
    {"inputs": [{}]},
    {"inputs": [{"id": {}}]},
    {"inputs": [{"id": "1", "idProperty": 7, "properties": 7}]},
    {"inputs": [{"id": "1", "idProperty": "email", "properties": 7, "objectWriteTraceId": {}}]},
    {"inputs": [{"id": "1", "after": {}}]},
    {"inputs": [{"id": "1", "after": "x"}]},
    {"inputs": [{"id": "1"}], "idProperty": 7, "properties": 7, "propertiesWithHistory": 7},
    {"inputs": [{"from": 7, "to": 7}]},
    {"inputs": [{"from": {"id": "1"}, "to": [7], "types": 7}]},
    {"inputs": [{"from": {"id": "1"}, "to": {"id": "1"}, "types": 7}]},
    {"inputs": [{"name": {}, "options": 7}]},
    {"name": {}, "label": 7, "type": [], "fieldType": {}, "groupName": [], "displayOrder": "x", "options": 7},
    {
        "name": "x",
        "label": "x",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": 7,
    },
    {"name": "x", "label": "x", "displayOrder": "x", "associationTypeId": "x", "inverseLabel": 7},
    {"filterGroups": 7},
    {"filterGroups": [7]},
    {"filterGroups": [{"filters": 7}], "sorts": 7, "properties": 7, "query": 7},
    {"filters": [{"propertyName": {}, "operator": [], "values": 7}]},
    {"filters": [{"propertyName": "createdate", "operator": "IN", "values": [{}]}], "sorts": [7]},
    {"primaryObjectId": {}, "objectIdToMerge": []},
    {"objectId": "1", "idProperty": 7},
    {"inputs": [{"id": "1", "properties": {"hs_invoice_status": 7, "hs_currency": None}}]},
    {"inputs": [{"properties": {}, "associations": [{"to": {"id": {}}, "types": []}]}]},
)
PATH = {
    "version": "2026-09",
    "type": "contacts",
    "id": "1",
    "name": "city",
    "group": "contactinformation",
    "from": "contacts",
    "to": "companies",
    "to_id": "1",
    "type_id": "x",
}

AMOUNTS: tuple[Any, ...] = ("9" * 15, "9" * 70, f"0.{'9' * 70}", -1, 0, "1e9", True, None, [], {})
RECORDS: dict[str, Any] = {
    "contacts": {"email": "x@x.example"},
    "products": {"name": "Tea", "price": 1},
    "line_items": {"name": "Tea", "price": 1, "quantity": 1},
    "discounts": {"hs_type": "FIXED", "hs_value": 1},
    "invoices": {"hs_currency": "AUD", "hs_invoice_billable": False, "hs_amount_billed": 1},
    "commerce_payments": {"hs_initial_amount": 1, "hs_initiated_date": 0},
}
SEED = {"hubspot": {type: [{"id": "1", "properties": has}] for type, has in RECORDS.items()}}
MANY = dict.fromkeys(("hubspot-burst-limit", "hubspot-search-limit"), "1000000")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_no_body_is_a_fault_of_the_server(run_sandbox: Any, method: str) -> None:
    info: ReadyInfo = run_sandbox(quirks=MANY, seed_file=SEED)
    routes = [route for route in info.hubspot.routes if isinstance(route, Route) and "{version}" in route.path]
    paths = {route.path.format(**PATH) for route in routes if method in (route.methods or ())}
    faults = []
    with connect(info) as client:
        for path in sorted(paths):
            for body in BODIES:
                faults += fault_of(client, method, path, body)
    assert faults == []
    assert len(paths) >= 2


def test_no_amount_is_a_fault_of_the_server(run_sandbox: Any) -> None:
    info: ReadyInfo = run_sandbox(quirks=MANY, seed_file=SEED)
    faults, sent = [], 0
    with connect(info) as client:
        for type, has in RECORDS.items():
            names = [name for name, value in has.items() if value == 1]
            bodies = [{"properties": {**has, name: value}} for name in names for value in AMOUNTS]
            if "price" in has and "quantity" in has:
                bodies += [{"properties": {"price": "9" * 15, "quantity": "9" * 15, "hs_discount_percentage": "0.1"}}]
            for body in bodies:
                for method, path in (("POST", type), ("PATCH", f"{type}/1")):
                    faults += fault_of(client, method, f"/crm/objects/2026-09/{path}", body)
                    sent += 1
    assert faults == []
    assert sent > 100


def connect(info: ReadyInfo) -> httpx.Client:
    headers = {"Authorization": f"Bearer {info.hubspot_token}"}
    return httpx.Client(base_url=info.hubspot_url, headers=headers, verify=False)


def fault_of(client: httpx.Client, method: str, path: str, body: Any) -> list[tuple[str, str, Any]]:
    """The request, if it broke the server."""
    try:
        if client.request(method, path, json=body).status_code < 500:
            return []
    except httpx.TransportError:
        pass
    return [(method, path, body)]
