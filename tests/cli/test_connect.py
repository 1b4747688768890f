"""`hxrules connect`, `disconnect` and `doctor`, end to end against the sandbox; and no secret in anything that they leave behind."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hxrules.cli.sandbox import environment
from hxrules.connectors import scopes
from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from tests.cli.connecting import HUBSPOT, XERO, Desk, Said, desk
from tests.connectors.consent import answered
from tests.scenarios.stage import CONTACTS

ONE_EACH: dict[str, Any] = {
    "hubspot": {"contacts": [{"id": "1", "properties": {"email": "a@example.com", "company": "Ann Co"}}]},
    "xero": {"contacts": [{"Name": "Bo Co", "EmailAddress": "b@example.com"}]},
}
INVOICES = CONTACTS + '  invoices: {direction: two-way, sales-account: "200"}\n'


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, seed_file=ONE_EACH) as made:
        yield made


def check(said: Said, code: int, problem: str, *words: str) -> None:
    assert said.code == code, said.text
    assert problem in said.err
    assert not [word for word in words if word not in said.err], said.err
    assert "Next:" in said.err
    assert "Traceback" not in said.text


# --- by a consent -------------------------------------------------------------------------------------------------------


def test_both_apps_are_connected_and_work_is_done_with_nothing_in_the_environment(here: Desk) -> None:
    (here.folder / "hxrules.yaml").write_text(CONTACTS)
    check(here.type("apply", "--yes"), 7, "HX401", "hxrules connect hubspot", "hxrules connect xero")
    here.connect()
    said = here.type("apply", "--yes")
    assert said.code == 0, said.text
    world = httpx.get(f"{here.sandbox.hubspot_url}/_sandbox/world").json()
    assert {each["Name"] for each in world["xero"]["contacts"]} == {"Ann Co", "Bo Co"}
    assert here.type("dry-run", "--exit-code").code == 0


def test_the_scopes_are_listed_before_the_address(here: Desk) -> None:
    for words, lines, asked in (
        (HUBSPOT, (CLIENT_SECRET,), (*scopes.HUBSPOT, *scopes.HUBSPOT_OPTIONAL)),
        (XERO, (), (scopes.XERO_OFFLINE, *scopes.XERO)),
    ):
        said = here.type(*words, "--no-browser", lines=lines)
        listed, _, rest = said.err.partition("http://127.0.0.1")
        assert not [scope for scope in asked if f"  {scope}\n" not in listed]
        assert parse_qs(rest)["scope"]


def test_what_is_connected_is_told_in_a_form_for_machines_too(here: Desk) -> None:
    said = here.type(*XERO, "--no-browser", "--format", "json")
    told = said.json
    assert (told["app"], told["kind"], told["account"]) == ("xero", "oauth", here.sandbox.xero_tenant)
    assert (told["kept"], told["not_granted"]) == ("file", [])


def test_no_is_an_answer(here: Desk) -> None:
    said = here.type(*XERO, "--no-browser", answer=lambda url: answered(url, "cancel"))
    check(said, 7, "HX408", "answered with no")
    assert not here.credentials.exists()


@pytest.mark.parametrize("pasted", ["nonsense", "http://localhost:8734/callback?code=abc&state=forged", ""])
def test_what_is_pasted_must_be_the_answer_to_this_question(here: Desk, pasted: str) -> None:
    said = here.type(*XERO, "--no-browser", answer=lambda _: pasted)
    check(said, 7, "HX4")
    assert not here.requests("/connect/token")


def test_an_old_answer_is_of_no_use(here: Desk) -> None:
    """Also one with a code that would still work: its state is another one's."""
    first: list[str] = []
    assert here.type(*XERO, "--no-browser", answer=lambda url: first.append(answered(url)) or first[0]).code == 0  # type: ignore[func-returns-value]
    check(here.type(*XERO, "--no-browser", answer=lambda _: first[0]), 7, "HX408", "another question")


def test_a_client_that_the_app_does_not_know(here: Desk) -> None:
    said = here.type(*HUBSPOT, "--no-browser", lines=("wrong-secret",))
    check(said, 7, "HX401", "HubSpot does not accept the client")
    assert "wrong-secret" not in said.text
    assert not here.credentials.exists()


def test_without_a_client_id_it_says_where_to_get_one(here: Desk) -> None:
    for app, words in (("hubspot", "HXRULES_HUBSPOT_CLIENT_ID"), ("xero", "developer.xero.com")):
        said = here.type("connect", app)
        assert (said.code, words in said.err) == (64, True)


def test_connecting_again_needs_neither_id_nor_secret(here: Desk) -> None:
    here.connect()
    before = here.stored()
    assert here.type("connect", "hubspot", "--no-browser").code == 0
    assert here.type("connect", "xero", "--no-browser").code == 0
    after = here.stored()
    assert all(after[app]["secrets"] != before[app]["secrets"] for app in after)


def test_an_older_app_is_asked_for_the_broad_scopes(tmp_path: Path) -> None:
    with desk(tmp_path, quirks={"xero-app-scopes": "broad"}) as here:
        assert here.type(*XERO, "--no-browser", "--broad").code == 0
        assert "accounting.transactions" in here.stored()["xero"]["connection"]["scopes"]


def test_of_several_organisations_one_has_to_be_named(tmp_path: Path) -> None:
    with desk(tmp_path, seed_file={"xero": {"app": {"also_connected": ["Second Ltd"]}}}) as here:
        check(here.type(*XERO, "--no-browser"), 7, "HX410", "Second Ltd", here.sandbox.xero_tenant)
        check(here.type(*XERO, "--no-browser", "--tenant", "Third Ltd"), 7, "HX410", "Third Ltd")
        assert here.type(*XERO, "--no-browser", "--tenant", here.sandbox.organisation.upper()).code == 0
        assert here.stored()["xero"]["connection"]["account"] == here.sandbox.xero_tenant
        assert here.type(*HUBSPOT, "--no-browser", lines=(CLIENT_SECRET,)).code == 0
        (here.folder / "hxrules.yaml").write_text(CONTACTS)
        assert here.type("dry-run").code == 0


# --- by other means -----------------------------------------------------------------------------------------------------


def test_a_hubspot_token_is_read_from_standard_input(here: Desk) -> None:
    said = here.type("connect", "hubspot", "--token", lines=(here.sandbox.hubspot_token,))
    assert (said.code, str(here.sandbox.portal) in said.out) == (0, True)
    assert here.sandbox.hubspot_token not in said.text
    assert here.stored()["hubspot"]["connection"]["kind"] == "token"


@pytest.mark.parametrize("token", ["pat-na1-wrong-one", "two words", ""])
def test_a_token_that_opens_nothing_is_not_kept(here: Desk, token: str) -> None:
    said = here.type("connect", "hubspot", "--token", lines=(token,))
    check(said, 7, "HX401")
    assert not token or token not in said.text
    assert not here.credentials.exists()


def test_a_custom_connection_by_id_and_secret(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("connect", "xero", "--custom", "--client-id", here.sandbox.xero_client_id)
    check(here.type(*words, lines=("wrong-secret",)), 7, "HX401")
    assert here.type(*words, lines=(here.sandbox.xero_client_secret,)).code == 0
    assert here.type("connect", "hubspot", "--token", lines=(here.sandbox.hubspot_token,)).code == 0
    (here.folder / "hxrules.yaml").write_text(CONTACTS)
    assert here.type("dry-run").code == 0


def test_what_the_environment_names_goes_before_what_is_stored(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(here.sandbox.ready()).items():
        monkeypatch.setenv(name, value)
    said = here.type(*XERO, "--no-browser")
    assert (said.code, "HXRULES_XERO_CLIENT_SECRET is set, and goes before" in said.err) == (0, True)
    status = here.type("connect", "--status")
    assert (status.code, "not in use" in status.out) == (0, True)
    assert here.type("connect", "hubspot", "--token").code == 0, "the environment's token is taken without a question"
    assert here.type("connect", "xero").code == 0, "an id with a secret is a custom connection"
    assert here.stored()["xero"]["connection"]["kind"] == "custom"


@pytest.mark.parametrize(
    "words", [("xero", "--token"), ("hubspot", "--custom"), ("hubspot", "--tenant", "x"), ("sap",)]
)
def test_what_does_not_go_together_is_wrong_usage(here: Desk, words: tuple[str, ...]) -> None:
    assert here.type("connect", *words).code == 64


def test_an_address_that_would_carry_secrets_in_the_open_is_refused(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HXRULES_XERO_IDENTITY_URL", "http://identity.example")
    check(here.type(*XERO, "--no-browser"), 7, "HX401", "not safe")


# --- status and the end -------------------------------------------------------------------------------------------------


def test_the_status_tells_what_is_connected_without_asking_the_apps(here: Desk) -> None:
    said = here.type("connect")
    assert (said.code, "hxrules connect hubspot" in said.err) == (7, True)
    here.connect()
    before = len(here.sandbox.requests)
    said = here.type("connect", "--status")
    assert (said.code, here.sandbox.organisation in said.out) == (0, True)
    told = here.type("connect", "--status", "--format", "json").json
    assert [(each["app"], each["in_use"]) for each in told["connections"]] == [("hubspot", True), ("xero", True)]
    assert (told["missing"], len(here.sandbox.requests)) == ([], before)


def test_disconnect_takes_the_consent_back_and_forgets_it(here: Desk) -> None:
    here.connect()
    old = here.credentials.read_bytes()
    for app in ("hubspot", "xero"):
        assert here.type("disconnect", app).code == 0
    assert here.stored() == {}
    assert here.type("disconnect", "xero").code == 64
    here.credentials.write_bytes(old)
    here.sandbox.environment.clock.advance(timedelta(hours=1))
    (here.folder / "hxrules.yaml").write_text(CONTACTS)
    check(here.type("dry-run"), 7, "HX407", "hxrules connect")


def test_an_app_that_cant_be_asked_keeps_the_connection_unless_it_is_only_to_be_forgotten(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.connect()
    monkeypatch.setattr("hxrules.connectors.http.ATTEMPTS", 1)
    faults = {"rules": [{"kind": "5xx-before", "app": "identity"}]}
    httpx.post(f"{here.sandbox.hubspot_url}/_sandbox/faults", json=faults)
    check(here.type("disconnect", "xero"), 1, "HX421")
    assert "xero" in here.stored()
    assert here.type("disconnect", "xero", "--forget").code == 0
    assert "xero" not in here.stored()


@pytest.mark.parametrize("app", ["hubspot", "xero"])
def test_what_a_person_made_stays_that_persons_to_take_back(here: Desk, app: str) -> None:
    secrets = {"hubspot": here.sandbox.hubspot_token, "xero": here.sandbox.xero_client_secret}
    how = ("--token",) if app == "hubspot" else ("--custom", "--client-id", here.sandbox.xero_client_id)
    assert here.type("connect", app, *how, lines=(secrets[app],)).code == 0
    said = here.type("disconnect", app)
    assert (said.code, "still works" in said.out) == (0, True)


# --- rights -------------------------------------------------------------------------------------------------------------


def test_all_missing_scopes_are_named_before_anything_is_read_or_written(tmp_path: Path) -> None:
    """What the account could not grant, the ruleset's syncs need."""
    granted = ["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.line_items.read"]
    seed = {**ONE_EACH, "hubspot": {**ONE_EACH["hubspot"], "account": {"scopes": granted}}}
    with desk(tmp_path, seed_file=seed) as here:
        here.connect()
        (here.folder / "hxrules.yaml").write_text(CONTACTS)
        assert here.type("dry-run").code == 0, "contacts alone need no more"
        (here.folder / "hxrules.yaml").write_text(INVOICES)
        before = len(here.sandbox.requests)
        check(
            here.type("apply", "--yes"),
            *(7, "HX402", "crm.objects.invoices.read", "crm.objects.invoices.write"),
            *("crm.objects.line_items.write", "tax_rates.read", "hxrules connect hubspot"),
        )
        assert {each.path for each in here.sandbox.requests[before:]} <= {
            "/account-info/2026-09/details",
            "/api.xro/2.0/Organisation",
        }
        doctor = here.type("doctor")
        assert (doctor.code, "crm.objects.invoices.write" in doctor.out) == (7, True)


def test_a_consent_of_fewer_xero_scopes_is_told_at_once(here: Desk) -> None:
    def fewer(url: str) -> str:
        return answered(url.replace("+accounting.settings", ""))

    said = here.type(*XERO, "--no-browser", answer=fewer)
    assert (said.code, "Not granted: accounting.settings" in said.out) == (0, True)


# --- doctor -------------------------------------------------------------------------------------------------------------


def findings(said: Said) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in said.json["findings"]:
        told.setdefault(each["state"], []).append(each["what"])
    return told


def test_a_healthy_place_has_nothing_to_be_done(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        here.connect()
        (here.folder / "hxrules.yaml").write_text(INVOICES)
        said = here.type("doctor")
        assert said.code == 0, said.text
        assert {line[:7].strip() for line in said.out.splitlines()} == {"ok"}
        for word in ("contacts, invoices", str(here.sandbox.portal), here.sandbox.organisation, "clock", "left today"):
            assert word in said.out


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = {
        "hubspot": {"currencies": ["AUD"]},
        "xero": {"organisation": {"PeriodLockDate": "/Date(1782777600000+0000)/"}, "currencies": ["AUD", "USD", "CHF"]},
    }
    with desk(tmp_path, seed_file=seed, quirks={"xero-day-limit": "100"}) as here:
        here.connect()
        text = INVOICES.replace('"200"}', '"200", custom-mappings: {po: {hubspot: no_such_thing, xero: Reference}}}')
        accounts = "accounts: {hubspot: {portal: 999, subscription: data-hub-starter}}\n"
        (here.folder / "hxrules.yaml").write_text(text + accounts)
        monkeypatch.setenv("HXRULES_NOW", "2020-01-01T00:00:00Z")
        said = here.type("doctor", "--format", "json")
        assert said.code == 7, said.text
        told = findings(said)
        for word in ("portal", "have no property `no_such_thing`"):
            assert any(word in each for each in told["wrong"]), told
        for word in (
            "CHF, USD",
            "locked up to 2026-06-30",
            "behind Xero's",
            "behind HubSpot's",
            "calls to Xero are left",
        ):
            assert any(word in each for each in told["look"]), told
        assert all(each["remedy"] for each in said.json["findings"] if each["state"] != "ok")


def test_what_is_not_connected_is_the_first_thing_to_do(here: Desk) -> None:
    said = here.type("doctor")
    assert (said.code, said.out.count("HX401")) == (7, 2)
    assert "hxrules connect hubspot" in said.out
    assert not here.sandbox.requests


def test_a_ruleset_that_is_not_valid_and_a_static_token(here: Desk) -> None:
    assert here.type("connect", "hubspot", "--token", lines=(here.sandbox.hubspot_token,)).code == 0
    assert here.type(*XERO, "--no-browser").code == 0
    (here.folder / "hxrules.yaml").write_text("hxrules: 1\n")
    assert "hxrules validate" in here.type("doctor").out
    (here.folder / "hxrules.yaml").write_text(CONTACTS)
    said = here.type("doctor")
    assert (said.code, "can't tell its scopes" in said.out) == (0, True)


# --- secrets ------------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_is_printed_logged_or_kept_elsewhere(
    here: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole life: connect, plan, apply, renew, fail, end; with every log turned on."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HXRULES_DEBUG", "1")
    monkeypatch.setenv("HXRULES_STATE", f"sqlite:///{here.folder / 'state.db'}")
    (here.folder / "hxrules.yaml").write_text(CONTACTS)
    pasted: list[str] = []

    def remembered(url: str) -> str:
        # What a browser and a vendor write down is theirs.
        logging.disable()
        pasted.append(answered(url))
        logging.disable(logging.NOTSET)
        return pasted[-1]

    secrets = {CLIENT_SECRET}
    assert here.type(*HUBSPOT, "--no-browser", lines=(CLIENT_SECRET,), answer=remembered).code == 0
    assert here.type(*XERO, "--no-browser", answer=remembered).code == 0
    secrets |= {parse_qs(urlsplit(each).query)["code"][0] for each in pasted}

    def note() -> None:
        for entry in here.stored().values():
            secrets.update(text for text in entry["secrets"].values() if text and not text.startswith("20"))

    note()
    assert here.type("dry-run", "-o", "plan.json").code == 0
    assert here.type("apply", "--yes").code == 0
    here.sandbox.environment.clock.advance(timedelta(hours=1))
    assert here.type("dry-run", "--format", "json").code == 0
    note()
    for words in (("doctor",), ("connect", "--status"), ("connect", "--status", "--format", "json"), ("status",)):
        assert here.type(*words).code == 0
    # A renewal that is refused, calls that are refused, and an app that is out of order.
    old = here.credentials.read_text()
    for app in ("hubspot", "xero"):
        here.type("disconnect", app)
    here.credentials.write_text(old)
    assert here.type("dry-run").code == 7
    here.sandbox.environment.clock.advance(timedelta(hours=1))
    assert here.type("dry-run").code == 7
    monkeypatch.setattr("hxrules.connectors.http.ATTEMPTS", 1)
    httpx.post(f"{here.sandbox.hubspot_url}/_sandbox/faults", json={"rules": [{"kind": "lost-answer"}]})
    assert here.type("dry-run").code == 1
    assert len(secrets) > 9
    elsewhere = [path for path in here.folder.rglob("*") if path.is_file() and path != here.credentials]
    assert {"plan.json", "state.db"} <= {path.name for path in elsewhere}
    places = {path.name: path.read_bytes().decode("latin-1") for path in elsewhere}
    places |= {"printed": "".join(here.said), "logged": caplog.text}
    assert here.said
    assert [(place, secret) for place, text in places.items() for secret in secrets if secret in text] == []


def test_no_secret_is_an_argument(here: Desk) -> None:
    """What is typed as a word is in the shell's history and in every list of processes."""
    shown = here.type("connect", "--help").out
    assert not [word for word in ("--client-secret", "--refresh", "--access", "--token TEXT") if word in shown]


def test_a_file_of_secrets_can_be_named(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.folder / "secret").write_text(f"{CLIENT_SECRET}\n")
    monkeypatch.setenv("HXRULES_HUBSPOT_CLIENT_SECRET_FILE", str(here.folder / "secret"))
    monkeypatch.setenv("HXRULES_HUBSPOT_CLIENT_ID", CLIENT_ID)
    assert here.type("connect", "hubspot", "--no-browser").code == 0
    assert json.loads(here.credentials.read_text())
    assert "HXRULES_HUBSPOT_TOKEN" not in os.environ
