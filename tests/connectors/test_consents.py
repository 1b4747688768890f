"""A consent is asked for safely, answered on this machine, and kept alive by one process at a time, also on a bad day."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hxrules.connectors import Timing, connecting, open_connectors, settings_from
from hxrules.connectors.credentials import credentials_from
from hxrules.connectors.oauth import Question, TokenEndpoint, vendor_of
from hxrules.connectors.oauth_callback import listening, redirect_uri
from hxrules.connectors.settings import Settings, addresses
from hxrules.problems import Halt
from hxrules.records import App
from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running
from hxrules.sandbox.xero.identity import PKCE_CLIENT_ID
from tests.connectors.consent import answered
from tests.connectors.stage import Clockwork
from tests.connectors.wire import answer, wire

ROOT = Path(__file__).parents[2]
TOKEN = {App.HUBSPOT: "/oauth/2026-09/token", App.XERO: "/connect/token"}
CLIENT = {App.HUBSPOT: CLIENT_ID, App.XERO: PKCE_CLIENT_ID}


@dataclass
class Connected:
    """A sandbox to which both apps are connected by a consent, and time that passes for both sides."""

    info: ReadyInfo
    environ: Mapping[str, str]
    clockwork: Clockwork

    def timing(self) -> Timing:
        clock = self.clockwork
        return Timing(clock.monotonic, clock.sleep, lambda: datetime.now(UTC).timestamp() + clock.ahead)

    def identify(self, app: App) -> Any:
        """Who is behind the stored connection, as a new process would ask."""
        connectors = open_connectors(settings_from(self.environ), timing=self.timing())
        try:
            return connectors.of(app).identify()
        finally:
            connectors.close()

    def halted(self, app: App) -> tuple[int, str, str | None]:
        with pytest.raises(Halt) as caught:
            self.identify(app)
        (problem,) = caught.value.problems
        return caught.value.exit_code, problem.code, problem.next_command

    def renewals(self, app: App) -> int:
        """How often the app gave tokens since the first ones; a refusal counts too."""
        return len([each for each in self.info.requests if each.path == TOKEN[app]]) - 1

    def secrets(self, app: App) -> tuple[str, ...]:
        kept = credentials_from(self.environ)
        (connection,) = [each for each in kept.connections() if each.app is app]
        return kept.secrets(connection).texts

    def fault(self, kind: str, *nth: int, app: App) -> None:
        rules = [{"kind": kind, "app": "identity", "nth": each} for each in nth]
        if app is App.HUBSPOT:
            rules = [{"kind": kind, "app": "hubspot", "path": TOKEN[app], "nth": each} for each in nth]
        httpx.post(f"{self.info.hubspot_url}/_sandbox/faults", json={"rules": rules}).raise_for_status()


def environment(info: ReadyInfo, folder: Path) -> dict[str, str]:
    return {
        "HXRULES_HUBSPOT_URL": info.hubspot_url,
        "HXRULES_XERO_URL": info.xero_url,
        "HXRULES_XERO_IDENTITY_URL": info.xero_identity_url,
        "HXRULES_CREDENTIALS": str(folder / "credentials.json"),
        "HXRULES_KEYRING": "off",
    }


def granted(settings: Settings, app: App, timing: Timing) -> connecting.Made:
    """A consent from question to connection."""
    vendor, now = vendor_of(app, settings), datetime.fromtimestamp(timing.wall(), UTC)
    question = Question(vendor, CLIENT[app], redirect_uri(8734))
    with closing(TokenEndpoint(vendor, timing)) as endpoint:
        secret = CLIENT_SECRET if app is App.HUBSPOT else ""
        grant = endpoint.exchange(question, question.code(answered(question.url)), secret)
    if app is App.HUBSPOT:
        return connecting.by_consent_of_hubspot(settings, CLIENT_ID, grant, now, timing)
    return connecting.by_consent_of_xero(settings, PKCE_CLIENT_ID, grant, lambda found: found[0], now, timing)


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Any]:
    """Makes sandboxes with these quirks, both apps connected."""
    with ExitStack() as opened:

        def stage(**quirks: str) -> Connected:
            info = opened.enter_context(running(SandboxOptions(quirks=quirks)))
            made = Connected(info, environment(info, tmp_path), Clockwork(info))
            settings = addresses(made.environ, [])
            for app in App:
                credentials_from(made.environ).keep(*granted(settings, app, made.timing()))
            return made

        yield stage


@pytest.mark.parametrize("app", list(App))
class TestRenewal:
    def test_a_token_serves_for_half_an_hour_and_is_renewed_a_minute_before_its_end(
        self, stages: Any, app: App
    ) -> None:
        stage = stages()
        first = stage.secrets(app)
        for _ in range(3):
            stage.identify(app)
        assert stage.renewals(app) == 0
        stage.clockwork.sleep(1700)
        stage.identify(app)
        assert stage.renewals(app) == 0
        stage.clockwork.sleep(50)
        stage.identify(app)
        stage.identify(app)
        assert stage.renewals(app) == 1
        assert stage.secrets(app)[0] != first[0]
        assert 401 not in {each.status for each in stage.info.requests}

    def test_a_token_that_is_refused_is_renewed_once(self, stages: Any, app: App) -> None:
        stage = stages()
        stage.info.environment.clock.advance(timedelta(hours=1))
        stage.identify(app)
        assert stage.renewals(app) == 1
        assert [each.status for each in stage.info.requests if each.status == 401] == [401]

    def test_it_lives_on_for_a_year_of_use(self, stages: Any, app: App) -> None:
        stage = stages()
        for _ in range(7):
            stage.clockwork.sleep(55 * 86_400)
            stage.identify(app)
        assert stage.renewals(app) == 7

    def test_a_lost_answer_is_no_loss(self, stages: Any, app: App) -> None:
        stage = stages()
        stage.clockwork.sleep(3_600)
        stage.fault("lost-answer", 1, 2, app=app)
        stage.identify(app)
        stage.clockwork.sleep(3_600)
        stage.identify(app)
        assert stage.renewals(app) == 4

    def test_a_run_that_dies_with_its_renewal_leaves_the_connection_to_the_next(self, stages: Any, app: App) -> None:
        """Every answer of this run is lost, although the app has renewed; the next run comes twenty minutes later."""
        stage = stages()
        stage.clockwork.sleep(3_600)
        before = stage.secrets(app)
        stage.fault("lost-answer", 1, 2, 3, 4, 5, app=app)
        assert stage.halted(app)[:2] == (1, "HX421")
        assert stage.secrets(app) == before
        stage.clockwork.sleep(1_200)
        stage.identify(app)
        assert stage.secrets(app) != before

    def test_a_revoked_connection_says_to_connect_again(self, stages: Any, app: App) -> None:
        stage = stages()
        kept = credentials_from(stage.environ)
        (connection,) = [each for each in kept.connections() if each.app is app]
        settings = addresses(stage.environ, [])
        assert connecting.take_back(settings, connection, kept.secrets(connection), stage.timing())
        stage.clockwork.sleep(3_600)
        assert stage.halted(app) == (7, "HX407", f"hxrules connect {app}")

    def test_threads_renew_once(self, stages: Any, app: App) -> None:
        """Also where the app refuses all of them at once."""
        stage = stages(**{"xero-refresh-grace": "0", "hubspot-refresh": "rotates"})
        connectors = open_connectors(settings_from(stage.environ), timing=stage.timing())
        connectors.of(app).identify()
        stage.info.environment.clock.advance(timedelta(hours=1))
        start = threading.Barrier(4)

        def ask(_: int) -> Any:
            start.wait()
            return connectors.of(app).identify()

        with ThreadPoolExecutor(4) as pool:
            assert len({str(each) for each in pool.map(ask, range(4))}) == 1
        connectors.close()
        assert stage.renewals(app) == 1

    def test_processes_that_renew_at_once_renew_once(self, stages: Any, app: App) -> None:
        """Without any grace: a second renewal would end the connection."""
        stage = stages(**{"xero-refresh-grace": "0", "hubspot-refresh": "rotates"})
        stage.info.environment.clock.advance(timedelta(hours=1))
        code = (
            "import os, sys\n"
            "from hxrules.connectors import open_connectors, settings_from\n"
            "from hxrules.records import App\n"
            "sys.stdin.readline()\n"
            f"print(open_connectors(settings_from(os.environ)).of(App({app.value!r})).identify())"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env={**stage.environ, "PATH": ""},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, said
        assert len({out for out, _ in said}) == 1
        assert stage.renewals(app) == 1
        stage.info.environment.clock.advance(timedelta(hours=1))
        stage.identify(app)
        assert stage.renewals(app) == 2


def test_what_was_not_used_for_sixty_days_has_ended_in_xero(stages: Any) -> None:
    stage = stages()
    stage.clockwork.sleep(61 * 86_400)
    assert stage.halted(App.XERO) == (7, "HX407", "hxrules connect xero")
    stage.identify(App.HUBSPOT)


def test_old_credentials_have_ended_once_their_grace_is_over(stages: Any) -> None:
    """A restored copy of the file holds a refresh token that was replaced long ago."""
    stage = stages()
    file = Path(stage.environ["HXRULES_CREDENTIALS"])
    old = file.read_bytes()
    stage.clockwork.sleep(3_600)
    stage.identify(App.XERO)
    file.write_bytes(old)
    stage.clockwork.sleep(1_900)
    assert stage.halted(App.XERO)[1] == "HX407"


def test_a_refusal_that_repeats_what_was_sent_shows_no_secret(stages: Any) -> None:
    stage = stages()
    stage.clockwork.sleep(3_600)
    secrets = stage.secrets(App.HUBSPOT)
    body = answer(f'{{"status": "BAD {" ".join(secrets)}", "message": "{" ".join(secrets)}"}}', 400)
    with wire(body) as api:
        vendor = vendor_of(App.HUBSPOT, addresses({"HXRULES_HUBSPOT_URL": api.url}, []))
        kept = credentials_from(stage.environ)
        (connection,) = [each for each in kept.connections() if each.app is App.HUBSPOT]
        with closing(TokenEndpoint(vendor, stage.timing())) as endpoint, pytest.raises(Halt) as caught:
            endpoint.renew(connection, kept.secrets(connection))
        assert all(secret.encode() in api.requests[0] for secret in (secrets[1], secrets[2]))
        assert b"authorization" not in api.requests[0].lower()
    assert "***" in str(caught.value.problems)
    assert not any(secret in str(caught.value.problems) for secret in secrets)


# --- the question -------------------------------------------------------------------------------------------------------


def question(app: App = App.XERO, port: int = 8734) -> Question:
    return Question(vendor_of(app, addresses({}, [])), "the-client", redirect_uri(port))


@pytest.mark.parametrize(
    ("app", "address"),
    [
        (App.HUBSPOT, "https://app.hubspot.com/oauth/authorize"),
        (App.XERO, "https://login.xero.com/identity/connect/authorize"),
    ],
)
def test_people_are_sent_to_the_vendors_own_page(app: App, address: str) -> None:
    asked = question(app)
    query = parse_qs(urlsplit(asked.url).query)
    assert asked.url.partition("?")[0] == address
    assert query["redirect_uri"] == ["http://localhost:8734/callback"]
    assert query["code_challenge_method"] == ["S256"]
    assert asked.verifier not in asked.url
    assert len(query["code_challenge"][0]) == 43
    assert ("offline_access" in query["scope"][0]) is (app is App.XERO)


def test_no_two_questions_are_alike() -> None:
    urls = {question().url for _ in range(50)}
    assert len({parse_qs(urlsplit(url).query)[name][0] for url in urls for name in ("state", "code_challenge")}) == 100


@pytest.mark.parametrize(
    "back",
    [
        "",
        "nonsense",
        "http://localhost:8734/callback",
        "http://localhost:8734/callback?code=abc",
        "http://localhost:8734/callback?code=abc&state=forged",
        "http://localhost:8734/callback?state={state}",
        "http://localhost:8734/callback?error=access_denied&state={state}",
        "http://localhost:8734/callback?error=access_denied&state=forged",
        "http://localhost:8734/callback?error=invalid_scope&state={state}",
    ],
)
def test_only_a_code_with_the_right_state_is_an_answer(back: str) -> None:
    asked = question()
    state = parse_qs(urlsplit(asked.url).query)["state"][0]
    assert asked.code(f"http://localhost:8734/callback?code=abc&state={state}") == "abc"
    with pytest.raises(Halt) as caught:
        asked.code(back.format(state=state))
    assert (caught.value.exit_code, caught.value.problems[0].code) == (7, "HX408")


# --- the way back -------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_listener_takes_the_answer_and_nothing_else() -> None:
    port = free_port()
    asked = question(port=port)
    state = parse_qs(urlsplit(asked.url).query)["state"][0]
    root = f"http://127.0.0.1:{port}"
    with listening(App.XERO, port) as callback, ThreadPoolExecutor(1) as pool:
        assert httpx.get(f"{root}/callback?code=early&state={state}").status_code == 404, "nothing was asked yet"
        waiting = pool.submit(callback.wait, asked, 20)
        while (right := httpx.get(f"{root}/callback?code=abc&state={state}")).status_code == 404:
            continue
        for wrong in (
            "/",
            "/favicon.ico",
            "/callback",
            "/callback?code=x&state=forged",
            f"/other?code=x&state={state}",
        ):
            assert httpx.get(root + wrong).status_code == 404
        assert httpx.post(f"{root}/callback?code=x&state={state}").status_code == 501
        assert waiting.result() == "abc"
    assert "Thank you" in right.text
    assert "abc" not in right.text
    assert right.headers["referrer-policy"] == "no-referrer"


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(App.XERO, free_port()) as callback, pytest.raises(Halt) as caught:
        callback.wait(question(), 0.01)
    assert (caught.value.exit_code, caught.value.problems[0].code) == (7, "HX408")


def test_a_port_that_is_taken_is_said_before_anything_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Halt) as caught, listening(App.XERO, port):
            pytest.fail("two listen on one port")
    assert "--port" in caught.value.problems[0].remedy
