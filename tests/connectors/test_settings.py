"""The environment gives credentials and addresses, names everything that is missing, and keeps secrets to itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hxrules.connectors import settings_from
from hxrules.connectors.credentials import Connection, Kind, Secrets, credentials_from
from hxrules.problems import Halt
from hxrules.records import App

NEEDED = {
    "HXRULES_HUBSPOT_TOKEN": "pat-na1-secret",
    "HXRULES_XERO_CLIENT_ID": "id-secret",
    "HXRULES_XERO_CLIENT_SECRET": "xero-secret",
}


def test_addresses_are_the_vendors_own_unless_given() -> None:
    plain = settings_from(NEEDED)
    assert plain.hubspot_url == "https://api.hubapi.com"
    assert (plain.xero_url, plain.xero_identity_url) == ("https://api.xero.com", "https://identity.xero.com")
    given = settings_from({**NEEDED, "HXRULES_HUBSPOT_URL": "http://127.0.0.1:8080/", "HXRULES_XERO_URL": ""})
    assert (given.hubspot_url, given.xero_url) == ("http://127.0.0.1:8080", "https://api.xero.com")


def test_no_secret_is_shown() -> None:
    shown = repr(settings_from(NEEDED)) + str(settings_from(NEEDED))
    assert "secret" not in shown.replace("client_secret", "")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("pat-from-file\n")
    names = {"HXRULES_HUBSPOT_TOKEN": "", "HXRULES_HUBSPOT_TOKEN_FILE": str(file)}
    assert settings_from({**NEEDED, **names}).hubspot_token == "pat-from-file"
    names["HXRULES_HUBSPOT_TOKEN"] = "pat-given"
    assert settings_from({**NEEDED, **names}).hubspot_token == "pat-given"


def test_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    own = {"HXRULES_CREDENTIALS": str(tmp_path / "credentials.json")}
    with pytest.raises(Halt) as caught:
        settings_from({**own, "HXRULES_XERO_CLIENT_ID": "  "})
    assert caught.value.exit_code == 7
    assert [(each.code, each.summary, each.next_command) for each in caught.value.problems] == [
        ("HX401", f"{brand} is not connected", f"hxrules connect {brand.lower()}") for brand in ("HubSpot", "Xero")
    ]
    told = "".join(each.cause for each in caught.value.problems)
    assert all(f"{name} " in told for name in NEEDED)


def test_the_environment_goes_before_what_is_stored(tmp_path: Path) -> None:
    own = {"HXRULES_CREDENTIALS": str(tmp_path / "credentials.json"), "HXRULES_KEYRING": "off"}
    kept, when = credentials_from(own), datetime(2026, 11, 22, tzinfo=UTC)
    kept.keep(
        Connection(App.HUBSPOT, "https://api.hubapi.com", Kind.TOKEN, "1", "portal 1", when), Secrets("pat-stored")
    )
    custom = Connection(App.XERO, "https://api.xero.com", Kind.CUSTOM, "t", "Acme", when, "id-stored")
    kept.keep(custom, Secrets(client_secret="xero-stored"))
    stored, named, half = (settings_from({**own, **more}) for more in ({}, NEEDED, {"HXRULES_XERO_CLIENT_ID": "pkce"}))
    credentials = [(each.hubspot_token, each.xero_client_id, each.xero_client_secret) for each in (stored, named, half)]
    assert credentials == [
        ("pat-stored", "id-stored", "xero-stored"),
        tuple(NEEDED.values()),
        ("pat-stored", "id-stored", "xero-stored"),
    ]
    assert (set(stored.stored), set(named.stored)) == (set(App), set())


def test_what_is_stored_for_one_address_is_not_used_for_another(tmp_path: Path) -> None:
    own = {"HXRULES_CREDENTIALS": str(tmp_path / "credentials.json"), "HXRULES_KEYRING": "off"}
    kept = credentials_from(own)
    made = Connection(
        App.HUBSPOT, "https://api.hubapi.com", Kind.TOKEN, "1", "portal 1", datetime(2026, 11, 22, tzinfo=UTC)
    )
    kept.keep(made, Secrets("pat-stored"))
    assert settings_from(own, [App.HUBSPOT]).hubspot_token == "pat-stored"
    with pytest.raises(Halt) as caught:
        settings_from({**own, "HXRULES_HUBSPOT_URL": "http://127.0.0.1:8080"}, [App.HUBSPOT])
    assert "http://127.0.0.1:8080" in caught.value.problems[0].cause


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HXRULES_HUBSPOT_TOKEN_FILE", "/nowhere/at-all", "can't be read"),
        ("HXRULES_HUBSPOT_TOKEN_FILE", "{folder}", "can't be read"),
        ("HXRULES_HUBSPOT_TOKEN_FILE", "{folder}/empty", "is empty"),
        ("HXRULES_HUBSPOT_TOKEN_FILE", "{folder}/binary", "can't be read"),
        ("HXRULES_XERO_CLIENT_SECRET", "two words", "is no credential"),
        ("HXRULES_XERO_CLIENT_SECRET", "grüße", "is no credential"),
        ("HXRULES_XERO_URL", "http://xero.example", "is not safe"),
        ("HXRULES_XERO_URL", "api.xero.com", "is no address"),
        ("HXRULES_XERO_URL", "ftp://api.xero.com", "is no address"),
        ("HXRULES_XERO_URL", "https://user:word@api.xero.com", "is no address"),
        ("HXRULES_XERO_URL", "https://[api", "is no address"),
    ],
)
def test_what_cant_be_used_is_refused_without_being_shown(tmp_path: Path, name: str, value: str, says: str) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    environ = {**NEEDED, name: value.format(folder=tmp_path)}
    if name.endswith("_FILE"):
        environ.pop(name.removesuffix("_FILE"))
    with pytest.raises(Halt) as caught:
        settings_from(environ)
    [problem] = caught.value.problems
    assert problem.summary == f"{name} {says}"
    assert "SECRET" not in name or value not in f"{problem!r}"
