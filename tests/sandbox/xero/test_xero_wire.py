"""What goes over the wire besides records: formats, statuses, faults."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from xero_client import ConnectXero, Xero, messages


@pytest.mark.parametrize("accept", ["", "*/*", "application/xml", "text/html"])
def test_without_accepting_json_the_answer_is_xml(xero: Xero, accept: str) -> None:
    xero.make(Name="Acme & Co")
    answer = xero.get("Contacts", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert ElementTree.fromstring(answer.content).findtext("Contacts/Contact/Name") == "Acme & Co"
    refused = xero.get("Contacts", headers={"Accept": accept}, where="Nothing==1")
    assert ElementTree.fromstring(refused.content).findtext("ErrorNumber") == "16"


def test_json_is_utf_8_and_names_itself(xero: Xero) -> None:
    xero.make(Name="Zoë Åkesson 東京")
    answer = xero.get("Contacts", headers={"Accept": "text/html, application/json;q=0.9"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["Contacts"][0]["Name"] == "Zoë Åkesson 東京"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Nowhere", 404),
        ("GET", "Contacts/11111111-1111-4111-8111-111111111111", 404),
        ("GET", "TaxRates/NOTHING", 404),
        ("GET", "Invoices/INV-9999", 404),
        ("DELETE", "Contacts/11111111-1111-4111-8111-111111111111", 405),
        ("PATCH", "Contacts", 405),
        ("PUT", "Organisation", 405),
    ],
)
def test_unknown_paths_are_empty_html_and_wrong_verbs_405(xero: Xero, method: str, path: str, status: int) -> None:
    answer = xero.call(method, path)
    assert (answer.status_code, answer.content) == (status, b"")
    if status == 404:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_paths_match_in_any_capitals(xero: Xero) -> None:
    assert xero.get("contacts").status_code == 200
    assert xero.get("organisation/ACTIONS").status_code == 200


@pytest.mark.parametrize("kind", ["application/xml", "text/plain", "application/x-www-form-urlencoded"])
def test_a_write_that_is_no_json_is_415(xero: Xero, kind: str) -> None:
    answer = xero.http.put("/api.xro/2.0/Contacts", content=b'{"Name":"A"}', headers={"Content-Type": kind})
    assert answer.status_code == 415


def test_a_body_over_10_mb_is_refused(xero: Xero) -> None:
    small = b'{"Contacts":[{"Name":"A"}]}'
    url, headers = "/api.xro/2.0/Contacts", {"Content-Type": "application/json"}
    limit = 10 * 1024 * 1024
    assert xero.http.put(url, content=small + b" " * (limit - len(small)), headers=headers).status_code == 200
    assert xero.http.put(url, content=b" " * (limit + 1), headers=headers).status_code == 413


def rule(kind: str, **more: Any) -> dict[str, Any]:
    return {"rules": [{"kind": kind, "app": "xero", "nth": 1, **more}]}


def test_a_lost_answer_is_a_done_write_and_the_key_replays_it(connect: ConnectXero) -> None:
    xero = connect(faults=rule("lost-answer", method="PUT"))
    header = {"Idempotency-Key": "k1"}
    with pytest.raises(httpx.TransportError):
        xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header)
    assert xero.names() == ["Acme"]
    assert xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header).status_code == 200
    assert xero.names() == ["Acme"]


@pytest.mark.parametrize(("kind", "done"), [("5xx-before", []), ("5xx-after", ["Acme"])])
def test_a_500_is_kept_under_its_key_whether_or_not_the_write_happened(
    connect: ConnectXero, kind: str, done: list[str]
) -> None:
    xero = connect(faults=rule(kind, method="PUT"))
    header = {"Idempotency-Key": "k1"}
    for _ in range(2):
        answer = xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header)
        assert (answer.status_code, answer.json()["Title"]) == (500, "An error occurred")
        assert xero.names() == done
    xero.advance("6m")
    again = xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header)
    assert again.status_code == (400 if done else 200)
    assert xero.names() == ["Acme"]


def test_an_error_before_the_write_can_be_a_503_that_leaves_the_key_free(connect: ConnectXero) -> None:
    xero = connect(faults=rule("5xx-before", method="PUT"), quirks={"xero-server-error": "503"})
    header = {"Idempotency-Key": "k1"}
    answer = xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header)
    assert (answer.status_code, answer.text) == (503, "The Xero API is temporarily unavailable")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert xero.call("PUT", "Contacts", {"Name": "Acme"}, headers=header).status_code == 200


def test_injected_429s_take_turns_between_minute_and_concurrent(connect: ConnectXero) -> None:
    xero = connect(faults={"rules": [{"kind": "429", "app": "xero"}]})
    answers = [xero.get("Contacts") for _ in range(3)]
    assert [answer.headers["X-Rate-Limit-Problem"] for answer in answers] == ["minute", "concurrent", "minute"]
    assert ["Retry-After" in answer.headers for answer in answers] == [True, False, True]
    assert all(answer.status_code == 429 and answer.content == b"" for answer in answers)


def test_a_partial_batch_fails_every_other_element(connect: ConnectXero) -> None:
    xero = connect(faults=rule("partial-batch", method="PUT"))
    answer = xero.put(*({"Name": name} for name in "ABCD"), summarizeErrors="false")
    assert [row["StatusAttributeString"] for row in answer.json()["Contacts"]] == ["OK", "ERROR", "OK", "ERROR"]
    assert all("try again" in text for text in messages(answer))
    assert sorted(xero.names()) == ["A", "C"]
    assert xero.put({"Name": "B"}, {"Name": "D"}).status_code == 200


def test_the_log_tells_apart_the_app_and_the_sign_in_service(xero: Xero) -> None:
    xero.get("Contacts")
    xero.make(Name="A")
    xero.http.get("/connections")
    logged = [(each.app, each.method, each.read) for each in xero.info.requests]
    assert logged == [
        ("identity", "POST", True),
        ("xero", "GET", True),
        ("xero", "PUT", False),
        ("identity", "GET", True),
    ]
