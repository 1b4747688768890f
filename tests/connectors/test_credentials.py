"""Connections are kept for their owner alone, their secrets in the keyring where there is one, and never by halves."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

from hxrules.connectors.credentials import Connection, Credentials, Kind, Secrets, credentials_from
from hxrules.problems import Halt
from hxrules.records import App

WHEN = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
XERO = Connection(App.XERO, "https://api.xero.com", Kind.OAUTH, "t-1", "Acme", WHEN, "client", ("a.read", "b"))
HUBSPOT = Connection(App.HUBSPOT, "https://api.hubapi.com", Kind.TOKEN, "12", "portal 12", WHEN)
SECRETS = Secrets("access-text", "refresh-text", "client-text", WHEN)


class InMemory(KeyringBackend):
    """A keyring of the system, as far as a program can tell; one with `room` takes no longer texts."""

    priority = 5  # type: ignore[assignment]

    def __init__(self, room: int = 100_000) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.room = room

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > self.room:
            raise PasswordSetError("too long")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


class Nothing(InMemory):
    """What a machine without a keyring has."""

    priority = 0  # type: ignore[assignment]


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[InMemory]:
    """The system's keyring for the length of a test."""
    before = keyring.get_keyring()
    ours: InMemory = request.param() if hasattr(request, "param") else InMemory()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def in_file(tmp_path: Path) -> Credentials:
    return credentials_from(
        {"HXRULES_CREDENTIALS": str(tmp_path / "own" / "credentials.json"), "HXRULES_KEYRING": "off"}
    )


def with_keyring(tmp_path: Path) -> Credentials:
    return credentials_from({"HXRULES_CREDENTIALS": str(tmp_path / "credentials.json")})


def halted(caught: pytest.ExceptionInfo[Halt]) -> tuple[int, str]:
    (problem,) = caught.value.problems
    assert problem.remedy
    return caught.value.exit_code, problem.code


def test_what_is_kept_is_found_again_by_app_and_address(tmp_path: Path) -> None:
    kept = in_file(tmp_path)
    assert (kept.connections(), kept.find(App.XERO, XERO.root)) == ([], None)
    kept.keep(XERO, SECRETS)
    kept.keep(HUBSPOT, Secrets(access_token="pat"))
    again = in_file(tmp_path)
    assert again.connections() == [HUBSPOT, XERO]
    assert again.find(App.XERO, XERO.root) == XERO
    assert again.find(App.XERO, "http://127.0.0.1:8080") is None, "a sandbox never gets the vendor's token"
    assert again.secrets(XERO) == SECRETS
    again.forget(XERO)
    assert kept.connections() == [HUBSPOT]
    with pytest.raises(Halt) as caught:
        kept.secrets(XERO)
    assert halted(caught) == (7, "HX401")


def test_a_newer_connection_of_the_same_app_takes_the_place_of_the_older(tmp_path: Path) -> None:
    kept = in_file(tmp_path)
    kept.keep(XERO, SECRETS)
    other = Connection(App.XERO, XERO.root, Kind.CUSTOM, "t-2", "Other", WHEN, "client-2")
    kept.keep(other, Secrets(client_secret="s"))
    assert (kept.connections(), kept.secrets(other).client_secret) == ([other], "s")


def test_file_and_folder_are_for_the_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    kept = in_file(tmp_path)
    kept.keep(XERO, SECRETS)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in kept.path.parent.iterdir()}
    assert modes == {"credentials.json": 0o600, "credentials.json.lock": 0o600}
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


def test_a_keyring_holds_the_secrets_and_the_file_only_says_so(tmp_path: Path, system: InMemory) -> None:
    kept = with_keyring(tmp_path)
    kept.keep(XERO, SECRETS)
    text = kept.path.read_text()
    assert not any(secret in text for secret in SECRETS.texts)
    assert (kept.in_keyring(XERO), with_keyring(tmp_path).secrets(XERO), len(system.kept)) == (True, SECRETS, 1)
    kept.forget(XERO)
    assert (system.kept, kept.connections()) == ({}, [])


@pytest.mark.parametrize("system", [lambda: InMemory(room=20), Nothing], indirect=True, ids=["too small", "none"])
def test_a_keyring_that_takes_nothing_leaves_the_secrets_to_the_file(tmp_path: Path, system: InMemory) -> None:
    kept = with_keyring(tmp_path)
    kept.keep(XERO, SECRETS)
    assert (kept.in_keyring(XERO), with_keyring(tmp_path).secrets(XERO), system.kept) == (False, SECRETS, {})


def test_a_keyring_that_lost_its_entry_means_to_connect_again(tmp_path: Path, system: InMemory) -> None:
    kept = with_keyring(tmp_path)
    kept.keep(XERO, SECRETS)
    system.kept.clear()
    with pytest.raises(Halt) as caught:
        kept.secrets(XERO)
    assert halted(caught) == (7, "HX401")
    assert caught.value.problems[0].next_command == "hxrules connect xero"


def test_secrets_in_a_keyring_that_may_not_be_used_are_not_looked_for(tmp_path: Path, system: InMemory) -> None:
    with_keyring(tmp_path).keep(XERO, SECRETS)
    off = credentials_from({"HXRULES_CREDENTIALS": str(tmp_path / "credentials.json"), "HXRULES_KEYRING": "OFF"})
    with pytest.raises(Halt) as caught:
        off.secrets(XERO)
    assert halted(caught) == (7, "HX409")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept = in_file(tmp_path)
    kept.keep(XERO, SECRETS)
    kept.path.chmod(mode)
    with pytest.raises(Halt) as caught:
        kept.connections()
    assert halted(caught) == (7, "HX409")
    assert "chmod 600" in caught.value.problems[0].remedy


@pytest.mark.parametrize("content", ["", "{", "[]", '{"xero@api.xero.com": {"connection": {"app": "sap"}}}', "\0"])
def test_a_file_that_is_something_else_is_refused_and_stays(tmp_path: Path, content: str) -> None:
    kept = in_file(tmp_path)
    kept.path.parent.mkdir()
    kept.path.write_text(content)
    kept.path.chmod(0o600)
    for work in (kept.connections, lambda: kept.keep(XERO, SECRETS)):
        with pytest.raises(Halt) as caught:
            work()
        assert halted(caught) == (7, "HX409")
    assert kept.path.read_text() == content


def test_a_place_that_cant_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file where the folder should be")
    with pytest.raises(Halt) as caught:
        in_file(tmp_path).keep(XERO, SECRETS)
    assert halted(caught) == (7, "HX409")
    assert "HXRULES_CREDENTIALS" in caught.value.problems[0].remedy


def test_a_lock_that_another_holds_too_long_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = in_file(tmp_path)
    monkeypatch.setattr("hxrules.connectors.credentials.LOCK_PATIENCE", 0.01)
    with kept.lock(XERO), pytest.raises(Halt) as caught, in_file(tmp_path).lock(XERO):
        pytest.fail("two hold the same lock")
    assert halted(caught) == (9, "HX409")


def test_nothing_secret_is_shown_by_mistake() -> None:
    assert not any(secret in f"{SECRETS!r} {SECRETS} {XERO}" for secret in SECRETS.texts)


def test_a_file_of_the_next_version_can_be_read(tmp_path: Path) -> None:
    """Keys that this version doesn't know are no reason to lose a connection."""
    kept = in_file(tmp_path)
    kept.keep(XERO, SECRETS)
    entries = json.loads(kept.path.read_text())
    entries["xero@api.xero.com"]["connection"]["region"] = "AU"
    kept.path.write_text(json.dumps(entries))
    assert kept.find(App.XERO, XERO.root) == XERO


def test_the_place_is_the_systems_own_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = credentials_from({}).path
    assert path.name == "credentials.json"
    assert "hxrules" in path.parts[-2]
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert path == tmp_path / "hxrules" / "credentials.json"
