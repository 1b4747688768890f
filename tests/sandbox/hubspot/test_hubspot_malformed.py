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


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_no_body_is_a_fault_of_the_server(run_sandbox: Any, method: str) -> None:
    many = dict.fromkeys(("hubspot-burst-limit", "hubspot-search-limit"), "1000000")
    seed = {"hubspot": {"contacts": [{"id": "1", "properties": {"email": "x@x.example"}}]}}
    info: ReadyInfo = run_sandbox(quirks=many, seed_file=seed)
    routes = [route for route in info.hubspot.routes if isinstance(route, Route) and "{version}" in route.path]
    paths = {route.path.format(**PATH) for route in routes if method in (route.methods or ())}
    faults = []
    with httpx.Client(
        base_url=info.hubspot_url, headers={"Authorization": f"Bearer {info.hubspot_token}"}, verify=False
    ) as client:
        for path in sorted(paths):
            for body in BODIES:
                try:
                    answer = client.request(method, path, json=body)
                except httpx.TransportError:
                    faults.append((path, body))
                    continue
                if answer.status_code >= 500:
                    faults.append((path, body))
    assert faults == []
    assert len(paths) >= 2
