"""What is true of both connectors where contacts are concerned: the common contract, lives of records, and trouble of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest

from hxrules.problems import Halt
from hxrules.records import Failure, Life
from hxrules.values import Value
from tests.connectors.stage import UNLIMITED, Stage
from tests.connectors.suite import NOBODY, ConnectorContract
from tests.connectors.wire import answer, wire


class ContactsContract(ConnectorContract):
    """Subclasses say how their app's contacts look in a seed file, and what is its own."""

    type = "contacts"
    key = "email"
    label = "first-name"
    text = "city"
    keys: ClassVar = ["a.b+c@x.example", "UPPER@X.example", "o'brien@x.example", "d_e-f@sub.x.example", "g@x.example"]
    bad: ClassVar = ("email", "no address", "bad-email")
    before: ClassVar = {
        "first_name": "Ann", "email": "ann@x.example", "phone": "+61 2 9000 0000", "mobile": "0400 000 000",
        "address": "1 High St", "city": "Perth", "region": "WA",
    }  # fmt: skip
    after: ClassVar = {"city": "Fremantle", "phone": None, "first_name": "Zoë"}
    scope: ClassVar[str]
    """A scope that the connection needs."""
    poor: ClassVar[Mapping[str, Any]]
    """The app's part of a seed in which the connection lacks that scope."""
    day: ClassVar[str]
    """The word for the daily limit in the sandbox's quirks."""

    def crowd(self, stages: ExitStack, size: int, **options: Any) -> Stage:
        return self.stage(stages, seed=str(size), **options)

    def key_of(self, number: int) -> str:
        return f"p{number}@x.example"

    def new(self, number: int) -> dict[str, Value]:
        company = {self.name.replace("-", "_"): f"P{number} Ltd"}
        return {"first_name": f"P{number}", "email": self.key_of(number), **company}

    def cut_off(self, stage: Stage) -> None:
        """Takes the connection's access away."""
        raise NotImplementedError

    def halt(self, stage: Stage, code: int) -> str:
        """The problems of a sign-in and a read that end with this exit code, as text; no secret may be in it."""
        with pytest.raises(Halt) as caught:  # noqa: PT012 -- which of the two finds out is the app's matter
            stage.connector.identify()
            stage.read()
        assert caught.value.exit_code == code
        text = f"{caught.value!r} {caught.value} {caught.value.problems!r} {stage.settings!r}"
        for secret in (stage.settings.hubspot_token, stage.settings.xero_client_secret):
            assert secret not in text
        assert caught.value.problems[0].remedy
        return text

    # --- reading ---

    def test_ids_find_live_archived_and_merged_records_and_no_others(self, stages: ExitStack) -> None:
        stage = self.stage(
            stages,
            self.row(1, "live@x.example", "Live"),
            self.row(2, "archived@x.example", "Archived", archived=True),
            self.row(3, "loser@x.example", "Loser", merged_into=4),
            self.row(4, "winner@x.example", "Winner", absorbed=3),
        )
        asked = (self.id_of(1), self.id_of(2), self.id_of(3), NOBODY[self.app], "no id")
        found = {record.ref.id: record for record in stage.read("email", ids=asked)}
        found.pop(self.id_of(4), None)
        assert {own: record.life for own, record in found.items()} == {
            self.id_of(1): Life.LIVE,
            self.id_of(2): Life.ARCHIVED,
            self.id_of(3): Life.MERGED,
        }
        assert found[self.id_of(3)].merged_into == self.id_of(4)

    def test_a_taken_value_is_named(self, stages: ExitStack) -> None:
        stage = self.stage(stages, self.row(1, "p1@x.example", "P1 Ltd"))
        [result] = stage.write(*self.creates(stage, 1))
        assert result.error is not None
        assert result.error.failure is Failure.REFUSED
        assert result.error.code in ("email-taken", "name-taken")
        assert result.error.existing in (None, self.id_of(1))
        assert len(stage.read("email")) == 1

    # --- trouble -----------------------------------------------------------------------------------------------------

    def test_normal_work_under_the_published_limits_is_never_refused(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 40, quirks={})
        record = stage.read()[0]
        for number in range(130):
            stage.read("email", **({"ids": (record.ref.id,)} if number % 3 else {"since": record.updated}))
            assert stage.write(stage.update(f"u{number}", record, city=f"City {number}"))[0].record
        assert {each.status for each in stage.log} <= {200, 207}
        assert len(stage.log) >= 261
        assert stage.connector.usage.waited == pytest.approx(sum(stage.clockwork.waits))
        assert 10 < stage.connector.usage.waited < 400

    @pytest.mark.parametrize("times", [1, 2, 3, 4])
    def test_refusals_for_now_are_waited_out(self, stages: ExitStack, times: int) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, 1)
        stage.fault("429", *range(1, times + 1))
        assert stage.write(*writes)[0].record
        assert stage.clockwork.waits

    @pytest.mark.parametrize(("kind", "code"), [("lost-answer", 1), ("5xx-before", 1), ("429", 8)])
    def test_trouble_that_stays_ends_the_run(self, stages: ExitStack, kind: str, code: int) -> None:
        stage = self.stage(stages)
        stage.fault(kind)
        text = self.halt(stage, code)
        assert ("HX430" if code == 8 else "HX421") in text
        assert 2 <= len(stage.info.requests) <= 6

    def test_an_answer_that_takes_too_long_is_none(self, stages: ExitStack) -> None:
        stage = self.stage(stages, patience=0.05)
        stage.connector.identify()
        stage.fault("slow", 1, seconds=0.5)
        assert stage.read() == []
        stage.fault("slow", seconds=0.5)
        assert "no answer in time" in self.halt(stage, 1)

    def test_nobody_there_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        nowhere = {"hubspot_url": "http://127.0.0.1:9", "xero_url": "http://127.0.0.1:9"}
        assert "HX421" in self.halt(stage.again(**nowhere), 1)

    def test_somebody_else_there_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        sign_in = answer('{"access_token": "abc", "expires_in": 1800}')
        other = stages.enter_context(wire(sign_in, answer('{"hello": "world"}')))
        assert "HX422" in self.halt(
            stage.again(hubspot_url=other.url, xero_url=other.url, xero_identity_url=other.url), 1
        )

    def test_wrong_credentials_end_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        wrong = {"hubspot_token": "pat-na1-not-this-one", "xero_client_secret": "not-this-one-either"}
        assert "HX401" in self.halt(stage.again(**wrong), 7)

    def test_a_missing_scope_ends_the_run_and_is_named(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed_file={self.app.value: self.poor})
        text = self.halt(stage, 7)
        assert "HX402" in text
        assert self.scope in text

    def test_a_connection_that_was_cut_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        stage.connector.identify()
        self.cut_off(stage)
        assert "HX40" in self.halt(stage, 7)

    def test_the_limit_of_the_day_ends_the_run_before_it_is_exceeded(self, stages: ExitStack) -> None:
        stage = self.stage(stages, quirks={**UNLIMITED, f"{self.app}-{self.day}-limit": "3"})
        stage.connector.identify()
        stage.read("email")
        stage.read("email")
        assert "HX430" in self.halt(stage, 8)
        assert {each.status for each in stage.info.requests} == {200}
        assert "HX430" in self.halt(stage.again(), 8)
