"""Rate limits and idempotency keys, both by the sandbox's clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from xero_client import ConnectXero, Xero


def remaining(answer: httpx.Response) -> dict[str, int]:
    names = ("DayLimit", "MinLimit", "AppMinLimit")
    return {name: int(answer.headers[f"X-{name}-Remaining"]) for name in names}


def test_every_answer_tells_what_is_left(xero: Xero) -> None:
    assert remaining(xero.get("Organisation")) == {"DayLimit": 4999, "MinLimit": 59, "AppMinLimit": 9999}
    assert remaining(xero.get("Contacts/nobody")) == {"DayLimit": 4998, "MinLimit": 58, "AppMinLimit": 9998}
    assert remaining(xero.put({"Name": ""})) == {"DayLimit": 4997, "MinLimit": 57, "AppMinLimit": 9997}


def test_the_61st_call_of_a_minute_gets_an_empty_429(xero: Xero) -> None:
    xero.advance("1m")
    statuses = [xero.get("Currencies").status_code for _ in range(60)]
    assert set(statuses) == {200}
    answer = xero.get("Currencies")
    assert (answer.status_code, answer.content) == (429, b"")
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Rate-Limit-Problem"] == "minute"
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= 60
    assert remaining(answer)["MinLimit"] == 0
    day = remaining(answer)["DayLimit"]
    assert remaining(xero.get("Currencies"))["DayLimit"] == day, "a refused call takes nothing"
    xero.advance(f"{wait}s")
    assert remaining(xero.get("Currencies"))["MinLimit"] == 59


def test_the_window_is_fixed_and_does_not_slide(connect: ConnectXero) -> None:
    xero = connect(quirks={"xero-minute-limit": "2"})
    xero.get("Currencies")
    xero.get("Currencies")
    wait = int(xero.get("Currencies").headers["Retry-After"])
    xero.advance(f"{wait}s")
    for _ in range(2):
        assert xero.get("Currencies").status_code == 200
    again = int(xero.get("Currencies").headers["Retry-After"])
    assert 58 <= again <= 60, "the next window starts a minute after the last"


def test_the_day_limit_asks_to_wait_for_hours(connect: ConnectXero) -> None:
    xero = connect(quirks={"xero-day-limit": "3"})
    for _ in range(3):
        assert xero.get("Currencies").status_code == 200
    answer = xero.get("Currencies")
    assert (answer.status_code, answer.headers["X-Rate-Limit-Problem"]) == (429, "day")
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= 86400
    assert remaining(answer)["DayLimit"] == 0
    xero.advance(f"{wait}s")
    xero.sign_in()
    assert xero.get("Currencies").status_code == 200


def test_a_sixth_call_in_flight_is_refused_without_a_time_to_wait(connect: ConnectXero) -> None:
    xero = connect(quirks={"xero-latency": "0.4"})
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: xero.get("Currencies"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["X-Rate-Limit-Problem"] == "concurrent"
    assert "Retry-After" not in refused.headers


def test_signing_in_and_connections_take_nothing_from_the_limits(xero: Xero) -> None:
    before = remaining(xero.get("Currencies"))
    xero.sign_in()
    xero.http.get("/connections")
    assert remaining(xero.get("Currencies"))["DayLimit"] == before["DayLimit"] - 1


def keyed(xero: Xero, key: str, body: Any, method: str = "PUT", path: str = "Contacts") -> httpx.Response:
    return xero.call(method, path, body, headers={"Idempotency-Key": key})


def test_the_same_request_with_the_same_key_gets_the_same_answer_and_counts(xero: Xero) -> None:
    first = keyed(xero, "k1", {"Name": "Acme"})
    second = keyed(xero, "k1", {"Name": "Acme"})
    assert (second.status_code, second.content) == (200, first.content)
    assert remaining(second)["MinLimit"] == remaining(first)["MinLimit"] - 1
    assert xero.names() == ["Acme"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "Contacts", {"Name": "B"}), ("POST", "Contacts", {"Name": "A"}), ("PUT", "Contacts?x=1", {"Name": "A"})],
)
@pytest.mark.parametrize("placed", ["top", "elements"])
def test_a_key_used_for_another_request_is_400(
    connect: ConnectXero, method: str, path: str, body: Any, placed: str
) -> None:
    xero = connect(quirks={"idempotency-conflict": placed})
    keyed(xero, "k1", {"Name": "A"})
    answer = keyed(xero, "k1", body, method, path)
    text = "Idempotency Key: k1 is used with a different request."
    assert answer.status_code == 400
    found = (
        answer.json()["Message"] if placed == "top" else answer.json()["Elements"][0]["ValidationErrors"][0]["Message"]
    )
    assert found == text
    assert xero.names() == ["A"]


def test_a_key_is_new_again_after_six_minutes(xero: Xero) -> None:
    keyed(xero, "k1", {"Name": "A"})
    xero.advance("359s")
    assert keyed(xero, "k1", {"Name": "B"}).status_code == 400
    xero.advance("1s")
    assert keyed(xero, "k2", {"Name": "C"}).status_code == 200
    assert keyed(xero, "k1", {"Name": "B"}).status_code == 200


@pytest.mark.parametrize(("quirk", "status"), [("yes", 400), ("no", 200)])
def test_whether_a_validation_error_is_repeated_is_a_quirk(connect: ConnectXero, quirk: str, status: int) -> None:
    xero = connect(quirks={"cache-validation-errors": quirk})
    other = xero.make(Name="Acme")
    assert keyed(xero, "k1", {"Name": "Acme"}).status_code == 400
    xero.post({"ContactID": other["ContactID"], "Name": "Renamed"})
    assert keyed(xero, "k1", {"Name": "Acme"}).status_code == status


def test_keys_are_ignored_on_reads_and_limited_to_128_characters(xero: Xero) -> None:
    header = {"Idempotency-Key": "k1"}
    assert xero.get("Contacts", headers=header).json()["Contacts"] == []
    xero.make(Name="A")
    assert len(xero.get("Contacts", headers=header).json()["Contacts"]) == 1
    assert keyed(xero, "k" * 128, {"Name": "B"}).status_code == 200
    assert keyed(xero, "k" * 129, {"Name": "C"}).status_code == 400


def test_a_replay_is_refused_by_the_limit_before_the_store_is_asked(connect: ConnectXero) -> None:
    xero = connect(quirks={"xero-minute-limit": "1"})
    xero.advance("1m")
    assert keyed(xero, "k1", {"Name": "A"}).status_code == 200
    assert keyed(xero, "k1", {"Name": "A"}).status_code == 429
