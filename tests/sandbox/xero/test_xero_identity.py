"""Signing in: tokens, scopes, connections, and what a call without the right ones hears."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from xero_client import ConnectXero, Xero


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def test_a_token_looks_like_a_jwt_and_names_its_event_and_scopes(xero: Xero) -> None:
    answer = xero.token(scope="accounting.contacts accounting.settings.read").json()
    assert (answer["expires_in"], answer["token_type"]) == (1800, "Bearer")
    assert answer["scope"] == "accounting.contacts accounting.settings.read"
    assert "refresh_token" not in answer
    read = claims(answer["access_token"])
    assert read["scope"] == ["accounting.contacts", "accounting.settings.read"]
    event = xero.http.get("/connections").json()[0]["authEventId"]
    assert read["authentication_event_id"] == event


def test_without_a_scope_the_token_has_all_that_the_app_has(xero: Xero) -> None:
    granted = xero.token().json()["scope"].split()
    assert {"accounting.contacts", "accounting.invoices.read", "accounting.payments"} <= set(granted)
    assert "accounting.transactions" not in granted, "an app of today has granular scopes only"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "accounting.contacts nonsense"}, "invalid_scope"),
        ({"scope": "accounting.transactions"}, "invalid_scope"),
        ({"scope": "offline_access accounting.contacts"}, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unauthorized_client"),
        ({"grant_type": "authorization_code", "code": "x"}, "unauthorized_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_bad_token_request_is_named(xero: Xero, form: dict[str, str], error: str) -> None:
    answer = xero.token(**form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize("client", [("wrong", None), (None, "wrong")])
def test_a_wrong_client_is_invalid(xero: Xero, client: tuple[str | None, str | None]) -> None:
    name, secret = client[0] or xero.info.xero_client_id, client[1] or xero.info.xero_client_secret
    answer = xero.http.post("/connect/token", data={"grant_type": "client_credentials"}, auth=(name, secret))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_a_basic_header_that_cannot_be_read_is_an_invalid_client(xero: Xero) -> None:
    for value in ("Basic ###", "Basic /w==", "Bearer x"):
        form = {"grant_type": "client_credentials"}
        answer = xero.http.post("/connect/token", data=form, headers={"Authorization": value})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_the_token_endpoint_reads_forms_only(xero: Xero) -> None:
    client = (xero.info.xero_client_id, xero.info.xero_client_secret)
    answer = xero.http.post("/connect/token", json={"grant_type": "client_credentials"}, auth=client)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_the_secret_may_stand_in_the_form_as_the_official_libraries_put_it(xero: Xero) -> None:
    form = {"client_id": xero.info.xero_client_id, "client_secret": xero.info.xero_client_secret}
    answer = xero.http.post("/connect/token", data={"grant_type": "client_credentials", **form})
    assert answer.status_code == 200


def test_an_app_from_before_march_2026_has_the_broad_scopes(connect: ConnectXero) -> None:
    old = connect("accounting.transactions accounting.contacts", quirks={"xero-app-scopes": "broad"})
    assert old.get("Invoices").status_code == 200
    assert old.token(scope="accounting.invoices").json() == {"error": "invalid_scope"}


def test_the_refusal_of_a_scope_can_be_the_other_error(connect: ConnectXero) -> None:
    other = connect(quirks={"scope-refusal": "unauthorized_client"})
    assert other.token(scope="accounting.transactions").json() == {"error": "unauthorized_client"}


def test_a_token_dies_after_1800_seconds_of_the_sandbox_clock(xero: Xero) -> None:
    xero.advance("1799s")
    assert xero.get("Organisation").status_code == 200
    xero.advance("1s")
    answer = xero.get("Organisation")
    assert answer.status_code == 401
    assert answer.json()["Title"] == "Unauthorized"
    assert answer.json()["Detail"].startswith("TokenExpired: token expired at ")
    assert xero.http.get("/connections").status_code == 401
    assert xero.http.delete("/connections/11111111-1111-4111-8111-111111111111").status_code == 401
    xero.sign_in()
    assert xero.get("Organisation").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer x.y.z", "Basic eDp5"])
def test_a_call_without_a_known_token_is_401(xero: Xero, authorization: str) -> None:
    answer = xero.get("Organisation", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthenticationUnsuccessful")
    assert "X-MinLimit-Remaining" not in answer.headers


@pytest.mark.parametrize(
    ("scope", "method", "path", "opened"),
    [
        ("accounting.contacts.read", "GET", "Contacts", True),
        ("accounting.contacts.read", "PUT", "Contacts", False),
        ("accounting.contacts", "GET", "Contacts", True),
        ("accounting.contacts", "GET", "Organisation", False),
        ("accounting.settings.read", "GET", "Accounts", True),
        ("accounting.settings", "GET", "Invoices", False),
        ("accounting.invoices.read", "GET", "Invoices", True),
    ],
)
def test_a_scope_opens_its_endpoints_and_read_only_reads(
    xero: Xero, scope: str, method: str, path: str, opened: bool
) -> None:
    xero.sign_in(scope)
    answer = xero.call(method, path, {"Name": "A"} if method == "PUT" else None)
    assert answer.status_code == (200 if opened else 401)
    assert ("insufficent_scope" in answer.headers.get("WWW-Authenticate", "")) is not opened


def test_a_missing_scope_can_be_a_403(connect: ConnectXero) -> None:
    other = connect("accounting.contacts", quirks={"scope-status": "403"})
    answer = other.get("Organisation")
    assert (answer.status_code, answer.json()["Title"]) == (403, "Forbidden")
    assert "insufficent_scope" in answer.headers["WWW-Authenticate"]


def test_connections_are_a_bare_array_with_seven_digit_stamps(xero: Xero) -> None:
    rows = xero.http.get("/connections").json()
    assert xero.http.get("/Connections").json() == rows
    assert [row["tenantId"] for row in rows] == [xero.info.xero_tenant]
    assert (rows[0]["tenantType"], rows[0]["tenantName"]) == ("ORGANISATION", xero.info.organisation)
    stamp = rows[0]["createdDateUtc"]
    assert len(stamp.rpartition(".")[2]) == 7
    assert not stamp.endswith("Z")
    other = "00000000-0000-4000-8000-000000000000"
    assert xero.http.get("/connections", params={"authEventId": rows[0]["authEventId"]}).json() == rows
    assert xero.http.get("/connections", params={"authEventId": other}).json() == []


def test_a_dropped_connection_makes_every_call_403(xero: Xero) -> None:
    row = xero.http.get("/connections").json()[0]
    assert xero.http.delete(f"/connections/{row['tenantId']}").status_code == 404, "it takes the connection's id"
    assert xero.http.delete(f"/connections/{row['id']}").status_code == 204
    assert xero.http.delete(f"/connections/{row['id']}").status_code == 404
    answer = xero.get("Organisation")
    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    assert xero.http.get("/connections").json() == []


def test_a_custom_connection_needs_no_tenant_header_but_refuses_a_wrong_one(xero: Xero) -> None:
    right, wrong = {"xero-tenant-id": xero.info.xero_tenant}, {"Xero-Tenant-Id": "00000000-0000-4000-8000-000000000000"}
    assert xero.get("Organisation").status_code == 200
    assert xero.get("Organisation", headers=right).status_code == 200
    answer = xero.get("Organisation", headers=wrong)
    assert (answer.status_code, answer.json()["Title"]) == (403, "Forbidden")


def test_revocation_answers_200_with_nothing_for_any_token(xero: Xero) -> None:
    client = (xero.info.xero_client_id, xero.info.xero_client_secret)
    answer = xero.http.post("/connect/revocation", data={"token": "whatever"}, auth=client)
    assert (answer.status_code, answer.content) == (200, b"")
    assert xero.http.post("/connect/revocation", data={}, auth=client).json() == {"error": "invalid_request"}
    assert xero.http.post("/connect/revocation", data={"token": "x"}, auth=("a", "b")).json() == {
        "error": "invalid_client"
    }
    assert xero.get("Organisation").status_code == 200, "an access token is a JWT and lives on"
