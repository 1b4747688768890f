"""Tokens are fetched when they are needed, renewed before their end or when they are refused, and asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hxrules.connectors import scopes
from hxrules.problems import Halt
from hxrules.records import App
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged(App.XERO, quirks=UNLIMITED) as made:
        yield made


def tokens(stage: Stage) -> int:
    """How often a token was asked for."""
    return len([each for each in stage.info.requests if each.path == "/connect/token"])


def test_one_token_serves_many_calls(stage: Stage) -> None:
    assert tokens(stage) == 0
    for _ in range(5):
        stage.read("email")
    assert tokens(stage) == 1


def test_a_token_is_replaced_a_minute_before_its_end(stage: Stage) -> None:
    stage.read("email")
    stage.clockwork.sleep(1700)
    stage.read("email")
    assert tokens(stage) == 1
    stage.clockwork.sleep(50)
    stage.read("email")
    assert tokens(stage) == 2
    assert {each.status for each in stage.info.requests} == {200}


def test_a_token_that_is_refused_is_replaced_once(stage: Stage) -> None:
    stage.read("email")
    # The app's clock goes on, ours does not notice.
    stage.info.environment.clock.advance(timedelta(hours=1))
    stage.read("email")
    assert [each.status for each in stage.log] == [200, 401, 200]
    assert tokens(stage) == 2


def test_a_new_token_that_is_refused_too_ends_the_run(stage: Stage) -> None:
    with wire(answer('{"Title": "Unauthorized"}', 401)) as api:
        with pytest.raises(Halt) as caught:
            stage.again(xero_url=api.url).read("email")
        assert (caught.value.exit_code, caught.value.problems[0].code) == (7, "HX401")
        assert len(api.requests) == tokens(stage) == 2


def test_an_app_from_before_granular_scopes_is_asked_for_the_broad_ones() -> None:
    for quirk in ("invalid_scope", "unauthorized_client"):
        quirks = {**UNLIMITED, "xero-app-scopes": "broad", "scope-refusal": quirk}
        with staged(App.XERO, quirks=quirks) as stage:
            stage.read("email")
            assert tokens(stage) == 2
    assert set(scopes.XERO_BROAD) - set(scopes.XERO) == {"accounting.transactions"}


def test_trouble_at_the_sign_in_is_waited_out_like_any_other(stage: Stage) -> None:
    stage.fault("5xx-before", 1, 2, app="identity")
    stage.read("email")
    assert tokens(stage) == 3
    assert sum(stage.clockwork.waits) == 3


def test_a_disconnected_organisation_asks_to_be_reconnected(stage: Stage) -> None:
    stage.connector.identify()
    [connection] = stage.direct("GET", "/connections")
    stage.direct("DELETE", f"/connections/{connection['id']}")
    with pytest.raises(Halt) as caught:
        stage.read("email")
    [problem] = caught.value.problems
    assert (caught.value.exit_code, problem.code) == (7, "HX403")
    assert "reconnect" in problem.remedy
