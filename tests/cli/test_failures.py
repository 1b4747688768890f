"""Bad input and bad days: each its own clear problem and exit code, no traceback, no secret, nothing half-done."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hxrules.connectors.pace import Timing
from tests.scenarios.stage import CONTACTS, Said, Stage, stage

ONE_EACH: dict[str, Any] = {
    "hubspot": {"contacts": [{"id": "1", "properties": {"email": "a@example.com", "firstname": "Ann"}}]},
    "xero": {"contacts": [{"Name": "Bo", "EmailAddress": "b@example.com"}]},
}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, ONE_EACH) as found:
        yield found


def nothing_written(here: Stage) -> bool:
    return len(here.hubspot_contacts()) == 1 and len(here.xero_contacts()) == 1


def check(said: Said, code: int, problem: str, *words: str) -> None:
    """The exit code, the problem's code and its words, in text; a next step; no traceback."""
    assert said.code == code, said.text
    assert problem in said.text
    for word in words:
        assert word in said.text, said.text
    assert "Traceback" not in said.text
    assert "Next:" in said.text


def test_a_wrong_hubspot_token(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """7, and the token itself is nowhere to be seen."""
    monkeypatch.setenv("HXRULES_HUBSPOT_TOKEN", "pat-na1-not-this-one")
    said = here.type("dry-run")
    check(said, 7, "HX401", "HubSpot")
    assert "not-this-one" not in said.text


def test_a_wrong_xero_secret(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HXRULES_XERO_CLIENT_SECRET", "wrong-secret")
    said = here.type("apply", "--yes")
    check(said, 7, "HX401", "Xero")
    assert "wrong-secret" not in said.text


def test_missing_credentials_are_all_named(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is missing in one go."""
    for name in ("HXRULES_HUBSPOT_TOKEN", "HXRULES_XERO_CLIENT_ID", "HXRULES_XERO_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    said = here.type("dry-run")
    check(said, 7, "HX401", "HXRULES_HUBSPOT_TOKEN", "HXRULES_XERO_CLIENT_ID", "HXRULES_XERO_CLIENT_SECRET")


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ("hubspot: {portal: 999}", "HX404"),
        ("xero: {tenant: 4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10}", "HX405"),
        ("xero: {organisation: Somebody Else Ltd}", "HX406"),
    ],
)
def test_accounts_that_the_ruleset_does_not_mean(here: Stage, accounts: str, code: str) -> None:
    """A wrong portal, tenant or organisation: refused before anything is read, with the line that says which was meant."""
    here.ruleset(f"{CONTACTS}accounts:\n  {accounts}\n")
    before = len(here.sandbox.requests)
    said = here.type("apply", "--yes")
    check(said, 7, code, "hxrules.yaml:13:", accounts.split(":")[1].strip(" {"))
    assert all("contacts" not in call[2].lower() for call in here.calls(before))


def test_a_disconnected_tenant(here: Stage) -> None:
    """7: reconnect; not a data error."""
    (connection,) = here.xero_connections()
    here.disconnect(connection["id"])
    check(here.type("dry-run"), 7, "HX403")


def test_no_terminal_and_no_yes(here: Stage) -> None:
    """4, and both commands to type are named; nothing was written."""
    said = here.type("apply")
    check(said, 4, "HX306", "hxrules dry-run", "--yes")
    assert nothing_written(here)


def test_another_run_holds_the_lock(here: Stage) -> None:
    """9, naming who holds it."""
    from hxrules.cli import session
    from hxrules.cli.clock import now

    here.type("dry-run")
    portal, tenant = here.sandbox.portal, here.sandbox.xero_tenant
    with session.own_store() as store, store.lock(f"{portal}/{tenant}", "somebody (apply)"):
        assert now().tzinfo is not None
        check(here.type("apply", "--yes"), 9, "HX510", "somebody")
    assert nothing_written(here)


def test_a_state_of_other_accounts(here: Stage) -> None:
    """5: a state file is for one pair of accounts."""
    from hxrules.cli import session

    with session.own_store() as store:
        store.bind(1, "another-tenant")
    check(here.type("apply", "--yes"), 5, "HX503")
    assert nothing_written(here)


def test_a_plan_beyond_the_limits(tmp_path: Path) -> None:
    """4 until a person allows it; the limit's line is named."""
    with stage(tmp_path, seed="60", ruleset=CONTACTS + "limits: {changes: 10%, of-at-least: 5, creates: 3}\n") as here:
        said = here.type("apply", "--yes")
        check(said, 4, "HX302", "--allow-large")
        assert here.type("apply", "--yes", "--allow-large").code == 0


@pytest.mark.parametrize(
    ("words", "code"), [(("nonsense",), 64), (("dry-run", "--nope"), 64), (("validate", "not-there.yaml"), 64)]
)
def test_wrong_usage(here: Stage, words: tuple[str, ...], code: int) -> None:
    """64, as design §0.2 says; a near command is proposed."""
    assert here.type(*words).code == code
    assert "Did you mean dry-run" in here.type("dryrun").err


def test_files_that_are_no_rulesets(here: Stage, tmp_path: Path) -> None:
    """3, each with its own reason."""
    cases: dict[str, bytes] = {
        "latin.yaml": "name: caf\xe9".encode("latin-1"),
        "empty.yaml": b"",
        "nul.yaml": b"hxrules: 1\n\x00",
        "list.yaml": b"- a\n- b\n",
        "unknown-base.yaml": b"hxrules: 1\nname: a\nversion: '1'\nextends: nothing@9\nsyncs: {}\n",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        said = here.type("validate", name)
        assert said.code == 3, (name, said.text)
        assert name in said.text
        assert "Traceback" not in said.text
    (tmp_path / "no-rulesets").mkdir()
    check(here.type("validate", "no-rulesets"), 3, "HX100")


def test_json_prints_one_document_also_when_it_fails(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--format json`: machines get JSON whatever happens."""
    monkeypatch.setenv("HXRULES_HUBSPOT_TOKEN", "wrong")
    for words in (("dry-run",), ("apply", "--yes"), ("validate", "hxrules.yaml")):
        said = here.type(*words, "--format", "json")
        assert isinstance(json.loads(said.out), dict), said.out


Answer = Callable[[BaseHTTPRequestHandler], None]


def html(request: BaseHTTPRequestHandler) -> None:
    body = b"<html><body>Down for maintenance</body></html>"
    request.send_response(200)
    request.send_header("Content-Type", "text/html")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def odd_server(request: pytest.FixtureRequest) -> Iterator[str]:
    answer: Answer = request.param

    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("odd_server", "code"), [(html, "HX422"), (hang_up, "HX421")], indirect=["odd_server"])
def test_an_api_that_answers_nonsense(here: Stage, odd_server: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTML instead of JSON, or a closed connection: 1 with its own problem, after it was tried again."""
    monkeypatch.setenv("HXRULES_HUBSPOT_URL", odd_server)
    passed = [0.0]
    timing = Timing(monotonic=lambda: passed[0], sleep=lambda seconds: passed.append(passed.pop() + seconds))
    monkeypatch.setattr("hxrules.connectors.Timing", lambda: timing)
    check(here.type("dry-run"), 1, code, "HubSpot")
    assert nothing_written(here)
