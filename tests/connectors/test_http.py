"""What is repeated, how long is waited, and how it ends: against bytes that the sandbox would never send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from hxrules.connectors import hubspot_dialect
from hxrules.connectors.auth import Bearer
from hxrules.connectors.http import Answer, Call, Http, Unanswered
from hxrules.connectors.hubspot_dialect import HubSpotDialect
from hxrules.connectors.pace import Timing
from hxrules.connectors.protocol import Usage
from hxrules.problems import Halt
from tests.connectors.wire import Wire, answer, wire

SECRET = "pat-na1-0123456789"
OK = answer('{"ok": 1.10}')
CLOSED = b""
CUT = answer('{"ok": true}').replace(b"Content-Length: 12", b"Content-Length: 1200")
HTML = answer("<html>Sign in</html>", media="text/html; charset=utf-8")

READ = Call("GET", "/things", "reads", {"a": "x y&z"}, windows=("burst",))
SAFE_WRITE = Call("POST", "/things", "writes", body=b'{"a":1}', windows=("burst",))
WRITE = Call("POST", "/things", "writes", body=b'{"a":1}', windows=("burst",), repeatable=False)


class Line:
    """An `Http` at the other end of a wire; waiting moves its clock only."""

    def __init__(self, script: Wire) -> None:
        self.script = script
        self.usage = Usage()
        self.now = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        """What another thread does during the first wait."""
        timing = Timing(lambda: self.now, self.wait)
        pace = hubspot_dialect.pace(timing)
        self.http = Http(
            script.url, HubSpotDialect(), Bearer(SECRET), pace=pace, usage=self.usage, timing=timing, patience=5
        )

    def wait(self, seconds: float) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        self.now += seconds

    def send(self, call: Call) -> Answer:
        return self.http.send(call)


@contextmanager
def line(*answers: bytes) -> Iterator[Line]:
    with ExitStack() as stack:
        made = Line(stack.enter_context(wire(*answers)))
        stack.callback(made.http.close)
        yield made


def test_numbers_are_exact_and_blanks_in_a_query_are_no_plus() -> None:
    with line(OK) as it:
        document = it.send(READ).document
        assert str(document) == "{'ok': Decimal('1.10')}"
        assert it.script.requests[0].startswith(b"GET /things?a=x%20y%26z HTTP/1.1\r\n")
        assert b"user-agent: hxrules/" in it.script.requests[0].lower()
        assert b"accept: application/json\r\n" in it.script.requests[0].lower()


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (CLOSED, "HX421"),
        (CUT, "HX421"),
        (b"no HTTP at all\r\n\r\n", "HX421"),
        (answer(b"\x1f\x8b broken", Content_Encoding="gzip"), "HX421"),
        (answer("down for maintenance", 503, "text/plain"), "HX421"),
        (answer("<html>bad gateway</html>", 502, "text/html"), "HX421"),
        (answer('{"Title": "An error occurred"}', 500), "HX421"),
        (answer("", 524, ""), "HX421"),
        (HTML, "HX422"),
        (answer("<xml/>", media="application/xml"), "HX422"),
        (answer('{"a": 1}', media=""), "HX422"),
        (answer('{"a": '), "HX422"),
        (answer("[1, 2]"), "HX422"),
        (answer(""), "HX422"),
        (answer("", 302, "", Location="https://login.example/"), "HX422"),
    ],
)
def test_an_answer_to_a_read_that_is_none_is_asked_for_again_and_in_the_end_given_up(broken: bytes, code: str) -> None:
    with line(broken, OK) as it:
        assert it.send(READ).succeeded
        assert it.now == 1.0
    with line(broken, broken, broken, OK) as it:
        assert it.send(SAFE_WRITE).succeeded
        assert it.now == 7.0
        assert len(set(it.script.bodies)) == 1
    with line(broken) as it:
        with pytest.raises(Halt) as caught:
            it.send(READ)
        assert (caught.value.exit_code, caught.value.problems[0].code) == (1, code)
        assert len(it.script.requests) == it.usage.reads.calls == 5
        assert it.now == it.usage.waited == 15.0


@pytest.mark.parametrize("broken", [CLOSED, CUT, HTML, answer("", 502, ""), answer("", 500), answer("", 504, "")])
def test_a_write_that_may_not_be_repeated_is_not(broken: bytes) -> None:
    with line(broken, OK) as it:
        with pytest.raises(Unanswered):
            it.send(WRITE)
        assert len(it.script.requests) == 1


@pytest.mark.parametrize(
    ("refusal", "waited"),
    [
        (answer('{"policyName": "TEN_SECONDLY_ROLLING"}', 429), 10.0),
        (answer('{"message": "You have reached your secondly limit."}', 429), 1.0),
        (answer("", 429, "", Retry_After="26"), 26.0),
        (answer('{"category": "RATE_LIMITS"}', 429, Retry_After="10000"), 10.0),
        (answer('{"message": "locked"}', 423), 2.0),
        (answer("", 477, "", Retry_After="90"), 90.0),
    ],
)
def test_a_refusal_for_now_is_waited_out_even_by_a_write_that_may_not_be_repeated(
    refusal: bytes, waited: float
) -> None:
    with line(refusal, OK) as it:
        assert it.send(WRITE).succeeded
        assert it.now == waited


def test_a_refusal_for_now_holds_back_everybody() -> None:
    with line(answer("", 429, "", Retry_After="26"), OK) as it:
        times = []
        it.meanwhile = lambda: times.append((it.send(READ).status, it.now))
        assert it.send(READ).succeeded
        assert times == [(200, 26.0)]


@pytest.mark.parametrize(
    "refusal",
    [
        answer('{"policyName": "DAILY", "message": "You have reached your daily limit."}', 429),
        answer("", 477, "", Retry_After="36000"),
        answer("", 503, "text/plain", Retry_After="600"),
    ],
)
def test_a_wait_that_is_longer_than_a_run_should_take_ends_it(refusal: bytes) -> None:
    with line(refusal) as it:
        with pytest.raises(Halt) as caught:
            it.send(READ)
        assert (caught.value.exit_code, caught.value.problems[0].code) == (8, "HX430")
        assert it.now == 0


def test_attempts_end_after_four_minutes_as_xero_forgets_an_idempotency_key_after_six() -> None:
    with line(answer("", 503, "text/plain", Retry_After="100")) as it:
        with pytest.raises(Halt):
            it.send(SAFE_WRITE)
        assert it.now == 200.0
        assert len(it.script.requests) == 3


@pytest.mark.parametrize("status", [400, 404, 409, 412, 414])
def test_a_plain_refusal_is_the_callers_business(status: int) -> None:
    with line(answer("<html>no</html>", status, "text/html")) as it:
        got = it.send(READ)
        assert (got.status, got.document, len(it.script.requests)) == (status, None, 1)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_by_its_status_needs_none(status: int) -> None:
    with line(answer("", status, "")) as it:
        assert it.send(READ).document is None


def test_a_status_that_the_caller_asks_for_is_given_at_once() -> None:
    call = Call("POST", "/things", "writes", body=b"{}", returns=frozenset({500, 403}))
    with line(answer("", 500), answer("", 403)) as it:
        assert [it.send(call).status, it.send(call).status] == [500, 403]


def test_no_secret_leaves_in_a_text() -> None:
    echo = answer(f"you sent Bearer {SECRET}", 503, "text/plain")
    with line(echo) as it:
        with pytest.raises(Halt) as caught:
            it.send(READ)
        assert "you sent Bearer ***" in caught.value.problems[0].cause
        assert SECRET not in f"{caught.value!r}{caught.value.problems!r}{it.http!r}{READ!r}"
        assert caught.value.__cause__ is None
    with line(answer(f'{{"message": "{SECRET}"}}', 400)) as it:
        got = it.send(READ)
        assert (got.text, got.document) == ('{"message": "***"}', {"message": "***"})


def test_a_refused_connection_has_not_written_anything() -> None:
    with wire(OK) as script:
        gone = script.url
    script = Wire([], url=gone)
    it = Line(script)
    with pytest.raises(Halt) as caught:
        it.send(WRITE)
    it.http.close()
    assert caught.value.problems[0].code == "HX421"
    assert it.usage.writes.calls == 5
