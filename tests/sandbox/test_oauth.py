"""Both sign-in services ask for consent as the vendors do, and give nothing to whoever can't show that the question was theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from hxrules.sandbox.oauth import challenge
from hxrules.sandbox.server import ReadyInfo
from hxrules.sandbox.xero.identity import PKCE_CLIENT_ID
from tests.connectors.consent import answered, asked_for

VERIFIER = "v" * 43
REDIRECT = "http://localhost:8734/callback"
Run = Callable[..., ReadyInfo]


@dataclass
class Service:
    """One of the two, as an app sees it."""

    info: ReadyInfo
    http: httpx.Client
    authorize: str
    token: str
    revoke: str
    client: dict[str, str]
    scope: str

    def question(self, **changed: str | None) -> str:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT,
            "scope": self.scope,
            "state": "the-state",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
            **changed,
        }
        return f"{self.http.base_url}{self.authorize}?" + urlencode({k: v for k, v in asked.items() if v is not None})

    def code(self, **changed: str | None) -> str:
        back = parse_qs(urlsplit(answered(self.question(**changed))).query)
        assert back["state"] == ["the-state"]
        return back["code"][0]

    def trade(self, **form: str) -> httpx.Response:
        return self.http.post(self.token, data={**self.client, **form})

    def redeem(self, code: str, /, **changed: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self.trade(**{**form, "code": code, **changed})

    def signed_in(self) -> dict[str, Any]:
        answer = self.redeem(self.code())
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def renew(self, refresh_token: str) -> httpx.Response:
        return self.trade(grant_type="refresh_token", refresh_token=refresh_token)

    def later(self, by: str) -> None:
        self.http.post("/_sandbox/clock", json={"advance": by}).raise_for_status()

    def call(self, token: str) -> int:
        path = "/api.xro/2.0/Contacts" if self.revoke == "/connect/revocation" else "/crm/objects/2026-09/contacts"
        tenant = {"Xero-Tenant-Id": self.info.xero_tenant}
        return self.http.get(path, headers={"Authorization": f"Bearer {token}", **tenant}).status_code


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def hubspot(run_sandbox: Run, opened: ExitStack) -> Callable[..., Service]:
    def run(**options: Any) -> Service:
        info = run_sandbox(**options)
        http = opened.enter_context(httpx.Client(base_url=info.hubspot_url, verify=False))
        token, client = "/oauth/2026-09/token", {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        scope = "oauth crm.objects.contacts.read"
        return Service(info, http, "/oauth/authorize", token, f"{token}/revoke", client, scope)

    return run


@pytest.fixture
def xero(run_sandbox: Run, opened: ExitStack) -> Callable[..., Service]:
    def run(**options: Any) -> Service:
        info = run_sandbox(**options)
        http = opened.enter_context(httpx.Client(base_url=info.xero_identity_url, verify=False))
        scope = "offline_access accounting.contacts"
        authorize, client = "/identity/connect/authorize", {"client_id": PKCE_CLIENT_ID}
        return Service(info, http, authorize, "/connect/token", "/connect/revocation", client, scope)

    return run


@pytest.fixture(params=["hubspot", "xero"])
def service(request: pytest.FixtureRequest) -> Service:
    made: Service = request.getfixturevalue(request.param)()
    return made


def test_the_page_lists_the_scopes_and_yes_gives_tokens_that_open_them(service: Service) -> None:
    page = service.http.get(service.question())
    assert asked_for(page) == service.scope.split()
    given = service.signed_in()
    assert (given["expires_in"], given["token_type"].lower()) == (1800, "bearer")
    assert service.call(given["access_token"]) == 200
    service.later("31m")
    assert service.call(given["access_token"]) == 401
    assert service.call(service.renew(given["refresh_token"]).json()["access_token"]) == 200


def test_no_is_told_to_the_app_with_its_state(service: Service) -> None:
    back = answered(service.question(), "cancel")
    assert back == f"{REDIRECT}?error=access_denied&state=the-state"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "somebody-else"},
        {"redirect_uri": "http://127.0.0.1:8734/callback"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://localhost.evil.example/callback"},
        {"redirect_uri": "http://localhost:8734@evil.example/"},
        {"redirect_uri": None},
        {"scope": None},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
    ids=str,
)
def test_a_wrong_question_is_shown_to_the_user_and_leads_nowhere(
    service: Service, changed: dict[str, str | None]
) -> None:
    page = service.http.get(service.question(**changed))
    assert (page.status_code, "went wrong" in page.text) == (400, True)
    assert "location" not in page.headers


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": "v" * 42},
        {"redirect_uri": "http://localhost:1/callback"},
        {"code": "guessed"},
    ],
    ids=str,
)
def test_a_code_is_worth_nothing_without_its_verifier_and_address(service: Service, changed: dict[str, str]) -> None:
    answer = service.redeem(service.code(), **changed)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_serves_once_and_not_for_long(service: Service) -> None:
    code = service.code()
    assert [service.redeem(code).status_code for _ in range(2)] == [200, 400]
    code = service.code()
    service.later("5m")
    assert service.redeem(code).json()["error"] == "invalid_grant"


def test_a_page_is_answered_once(service: Service) -> None:
    assert service.http.post(service.authorize, data={"ticket": "guessed", "answer": "allow"}).status_code == 400


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "wrong"}])
def test_a_wrong_client_gets_nothing(service: Service, wrong: dict[str, str]) -> None:
    answer = service.redeem(service.code(), **wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


def test_only_forms_are_read_and_only_known_grants_given(service: Service) -> None:
    assert service.http.post(service.token, json={}).json()["error"] == "invalid_request"
    assert service.trade(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_revoked_consent_renews_nothing(service: Service) -> None:
    given = service.signed_in()
    for _ in range(2):
        assert service.http.post(service.revoke, data={**service.client, "token": given["refresh_token"]}).is_success
    assert service.renew(given["refresh_token"]).json()["error"] == "invalid_grant"
    assert service.call(given["access_token"]) in (401, 403)


# --- Xero ---------------------------------------------------------------------------------------------------------------


def test_xero_replaces_the_refresh_token_and_accepts_the_old_one_for_half_an_hour(xero: Callable[..., Service]) -> None:
    service = xero()
    first = service.signed_in()["refresh_token"]
    second = service.renew(first).json()["refresh_token"]
    assert second != first
    service.later("29m")
    assert service.renew(first).status_code == 200
    service.later("2m")
    assert service.renew(first).json()["error"] == "invalid_grant"
    assert service.renew(second).status_code == 200


def test_xeros_refresh_token_ends_after_sixty_days_without_use(xero: Callable[..., Service]) -> None:
    service = xero()
    token = service.signed_in()["refresh_token"]
    service.later("59d")
    token = service.renew(token).json()["refresh_token"]
    service.later("60d")
    assert service.renew(token).json()["error"] == "invalid_grant"


def test_without_offline_access_xero_gives_no_refresh_token(xero: Callable[..., Service]) -> None:
    service = xero()
    assert "refresh_token" not in service.redeem(service.code(scope="accounting.contacts")).json()


def test_xero_shows_a_page_for_a_scope_that_the_app_has_not(xero: Callable[..., Service]) -> None:
    service = xero(quirks={"xero-app-scopes": "broad"})
    assert "invalid_scope" in service.http.get(service.question(scope="accounting.invoices")).text
    assert service.http.get(service.question(scope="accounting.transactions")).status_code == 200


def test_a_consent_opens_its_organisations_by_name_only(xero: Callable[..., Service]) -> None:
    """Of several, only the world's is served; without the header nobody knows which is meant."""
    service = xero(seed_file={"xero": {"app": {"also_connected": ["Second Ltd"]}}})
    token = service.signed_in()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    tenants = {
        each["tenantName"]: each["tenantId"] for each in service.http.get("/connections", headers=headers).json()
    }
    assert set(tenants) == {service.info.organisation, "Second Ltd"}
    statuses = [
        service.http.get("/api.xro/2.0/Organisation", headers={**headers, **named}).status_code
        for named in ({}, {"Xero-Tenant-Id": tenants["Second Ltd"]}, {"Xero-Tenant-Id": "nonsense"})
    ]
    assert statuses == [403, 403, 403]
    assert service.call(token) == 200


# --- HubSpot ------------------------------------------------------------------------------------------------------------


def test_hubspot_leaves_out_optional_scopes_that_the_account_lacks(hubspot: Callable[..., Service]) -> None:
    scopes = ["crm.objects.contacts.read"]
    service = hubspot(seed_file={"hubspot": {"account": {"scopes": scopes}}})
    optional = "crm.objects.contacts.read crm.objects.invoices.read"
    given = service.redeem(service.code(scope="oauth", optional_scope=optional)).json()
    assert given["scopes"] == ["oauth", *scopes]
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    lacking = service.http.get("/crm/objects/2026-09/invoices", headers=headers)
    assert (lacking.status_code, lacking.json()["category"]) == (403, "MISSING_SCOPES")
    assert service.http.get(service.question(scope="oauth crm.objects.invoices.read")).status_code == 400


def test_hubspot_tells_what_a_token_is(hubspot: Callable[..., Service]) -> None:
    service = hubspot()
    given = service.signed_in()
    told = {
        name: service.http.post(f"{service.token}/introspect", data={**service.client, "token": given[name]}).json()
        for name in ("access_token", "refresh_token")
    }
    assert {each["hub_id"] for each in told.values()} == {service.info.portal}
    assert [told[name]["token_use"] for name in told] == ["access_token", "refresh_token"]
    unknown = service.http.post(f"{service.token}/introspect", data={**service.client, "token": "x"}).json()
    assert unknown == {"active": False}


def test_hubspot_names_an_expired_token_as_such(hubspot: Callable[..., Service]) -> None:
    service = hubspot()
    headers = {"Authorization": f"Bearer {service.signed_in()['access_token']}"}
    service.later("30m")
    answer = service.http.get("/crm/objects/2026-09/contacts", headers=headers)
    assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_hubspots_own_token_works_beside_those_of_apps(hubspot: Callable[..., Service]) -> None:
    service = hubspot()
    service.signed_in()
    assert service.call(service.info.hubspot_token) == 200
    assert service.call("pat-na1-nobody's") == 401
