"""The apps' limits: kept without a refusal and hardly a second wasted, shared by all that run at once, and announced.

Time passes here only when somebody waits for a limit, for hxrules and for both apps alike: what a command takes is what the limits cost.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from hxrules.catalogue import load_catalogue
from hxrules.connectors import Settings, Timing, open_connectors
from hxrules.connectors.pace import overlapping
from hxrules.records import App, ReadRequest
from hxrules.sandbox import seeds
from hxrules.sandbox.environment import Clock
from tests.scenarios.stage import Stage, rules, stage

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BOTH = rules(
    contacts="direction: two-way",
    invoices='direction: two-way, sales-account: "200", started: 2020-01-01T00:00:00Z',
)
ALL = rules(
    contacts="direction: two-way",
    products="direction: two-way",
    invoices='direction: two-way, sales-account: "200", started: 2020-01-01T00:00:00Z',
    payments='direction: two-way, bank-account: "090", started: 2020-01-01T00:00:00Z, history: all',
)
PARTS = ("line_items", "taxes", "discounts", "commerce_payments")
LIMITS = {"hubspot": (100, 10.0), "xero": (60, 60.0)}
"""The published limits that the sandbox keeps: calls in any so many seconds."""


class Passing:
    """Time that passes when somebody waits for it."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.passed += seconds

    def clock(self, _: datetime | None) -> Clock:
        """The sandbox's clock, in step with this one."""
        passing = self

        class InStep(Clock):
            def now(self) -> datetime:
                return START + timedelta(seconds=passing.passed)

        return InStep(START)

    @property
    def timing(self) -> Timing:
        return Timing(self.monotonic, self.sleep)


@contextmanager
def paced(
    folder: Path, world: Mapping[str, Any], ruleset: str, quirks: Mapping[str, str] | None = None
) -> Iterator[tuple[Stage, Passing]]:
    """A stage on which both apps keep their published limits."""
    passing = Passing()
    with (
        patch("hxrules.sandbox.server.Clock", passing.clock),
        patch("hxrules.connectors.Timing", lambda: passing.timing),
        stage(folder, world, ruleset=ruleset, quirks=quirks) as here,
        patch.dict("os.environ", HXRULES_NOW=START.isoformat()),
    ):
        yield here, passing


def company(invoices: int) -> dict[str, dict[str, Any]]:
    """2,000 contacts a side, and so many invoices a side, with their lines and payments."""
    made = seeds.make("2000", START)
    mine, theirs = made["hubspot"], made["xero"]
    mine["invoices"], theirs["invoices"] = mine["invoices"][:invoices], theirs["invoices"][:invoices]
    parts = {
        each["id"]
        for invoice in mine["invoices"]
        for listed in invoice.get("associations", {}).values()
        for each in listed["results"]
    }
    for kind in PARTS:
        mine[kind] = [row for row in mine[kind] if row["id"] in parts]
    booked = {each["InvoiceID"] for each in theirs["invoices"]}
    theirs["payments"] = [each for each in theirs["payments"] if each["Invoice"]["InvoiceID"] in booked]
    return made


def only(app: str, world: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same company, of which the other app knows nothing yet but the goods."""
    for kind in ("contacts", "companies", "invoices", "payments", *PARTS):
        world["hubspot" if app == "xero" else "xero"].pop(kind, None)
    return world


def refused(here: Stage) -> int:
    return sum(each.status == 429 for each in here.sandbox.requests)


def forced(here: Stage) -> float:
    """Seconds that the limits alone cost: however fast the calls, so many need so many windows."""
    made = Counter(each.app for each in here.sandbox.requests)
    return max((ceil(made[app] / limit) - 1) * seconds for app, (limit, seconds) in LIMITS.items())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("known", ["both", "hubspot", "xero"])
def test_a_first_sync_is_never_refused_and_takes_hardly_longer_than_the_limits_force(
    tmp_path: Path, known: str
) -> None:
    """2,000 contacts and 2,000 invoices: spread over both apps, or all of them in one that the other is to catch up with."""
    world = company(1_000) if known == "both" else only(known, company(2_000))
    with paced(tmp_path, world, BOTH) as (here, passing):
        said = here.type("apply", "--yes", "--allow-large", "--format", "json")
        assert said.code in (0, 6), said.out + said.err
        assert said.json["summary"]["create"] > 2_500
        assert said.json["summary"]["left_over"] == 0
        assert refused(here) == 0
        assert 0 < passing.passed <= forced(here) * 1.1, (passing.passed, forced(here))
        waited = {app: each["waited"] for app, each in said.json["traffic"].items()}
        assert max(waited.values()) <= passing.passed <= sum(waited.values())


def test_at_least_four_requests_are_in_flight_to_each_app_while_reading(tmp_path: Path) -> None:
    """And at Xero never more than the five that it takes."""
    under_way, most, lock = Counter[str](), Counter[str](), threading.Lock()
    send = httpx.Client.send

    def watched(self: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        app = "xero" if "/api.xro/" in request.url.path else "hubspot"
        with lock:
            under_way[app] += 1
            most[app] = max(most[app], under_way[app])
        try:
            return send(self, request, **more)
        finally:
            with lock:
                under_way[app] -= 1

    with paced(tmp_path, company(1_000), BOTH) as (here, _):
        faults = {"rules": [{"kind": "slow", "app": app, "seconds": 0.05} for app in LIMITS]}
        httpx.post(f"{here.sandbox.hubspot_url}/_sandbox/faults", json=faults).raise_for_status()
        with patch.object(httpx.Client, "send", watched):
            assert here.type("dry-run").code == 0
    assert most["hubspot"] >= 4
    assert 4 <= most["xero"] <= 5


@pytest.mark.parametrize(
    ("quirk", "calls", "app"), [("xero-day-limit", 14, "Xero"), ("hubspot-daily-limit", 40, "HubSpot")]
)
def test_when_the_day_is_used_up_all_is_kept_and_the_next_day_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quirk: str, calls: int, app: str
) -> None:
    """Every run ends with 8 and without a refused call until one ends with 0; then nothing is there twice and nothing is missing."""
    world = seeds.make("120", START)
    with paced(tmp_path, world, ALL, {quirk: str(calls)}) as (here, passing):
        ends = [8]
        while ends[-1] == 8:
            said = here.type("apply", "--yes", "--allow-large", "--format", "json")
            ends.append(said.code)
            if said.code == 8:
                problem = said.json.get("stopped") or said.json["problems"][0]
                assert (problem["code"], app in problem["summary"]) == ("HX430", True)
            tomorrow = timedelta(days=len(ends) - 1)
            passing.passed = tomorrow.total_seconds()
            monkeypatch.setenv("HXRULES_NOW", (START + tomorrow).isoformat())
            assert len(ends) < 9, said.out
        assert refused(here) == 0
        assert len(ends) > 2
        assert ends[-1] == 6, "records are held that a person has to look at"
        assert here.type("dry-run", "--format", "json").json["changes"] == []
        emails = Counter(
            row["properties"]["email"]
            for row in here.sandbox.hubspot.world()["contacts"]
            if row["properties"].get("email") and not row.get("archived")
        )
        numbers = Counter(each["InvoiceNumber"] for each in here.sandbox.xero.world()["invoices"])
        assert set(emails.values()) == set(numbers.values()) == {1}


def test_no_more_calls_are_made_than_allowed_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with paced(tmp_path, seeds.make("120", START), ALL) as (here, _):
        looked = here.type("dry-run", "--format", "json").json["calls"]
        took = sum(each["calls"] for each in looked["read"].values())
        assert here.type("dry-run", "--max-calls", str(took)).code == 0
        short = here.type("dry-run", "--max-calls", str(took - 1), "--format", "json")
        assert (short.code, [each["code"] for each in short.json["problems"]]) == (8, ["HX431"])
        ends = []
        while not ends or ends[-1] == 8:
            before = len(here.sandbox.requests)
            said = here.type("apply", "--yes", "--allow-large", "--max-calls", str(took + 15), "--format", "json")
            ends.append(said.code)
            assert len(here.sandbox.requests) - before <= took + 15
            assert len(ends) < 9, ends
        assert len(ends) > 2
        assert ends[-1] == 6, said.out
        assert here.type("dry-run", "--format", "json").json["changes"] == []


def test_all_that_runs_in_one_process_shares_the_limits(tmp_path: Path) -> None:
    """Four pairs of connectors at once, each with forty calls to make of either app: nobody is refused, and no time is lost."""
    with paced(tmp_path, seeds.make("50", START), BOTH) as (here, passing):
        info = here.sandbox
        settings = Settings(
            info.hubspot_token,
            info.xero_client_id,
            info.xero_client_secret,
            info.hubspot_url,
            info.xero_url,
            info.xero_identity_url,
        )
        timing = passing.timing
        catalogue = load_catalogue()

        def work(_: int) -> int:
            connectors = open_connectors(settings, timing=timing)
            try:
                for app in App:
                    connectors.of(app).identify()
                    what = catalogue.type(app, "contacts")
                    request = ReadRequest(app, "contacts", tuple(what.fields.values())[:2])
                    for _ in range(40):
                        list(connectors.of(app).read(request))
                return sum(connectors.of(app).usage.calls for app in App)
            finally:
                connectors.close()

        assert sum(overlapping(work, range(4))) == len(here.sandbox.requests)
        assert refused(here) == 0
        assert passing.passed <= forced(here) * 1.1


def test_a_plan_says_what_it_took_and_what_writing_will_take(tmp_path: Path) -> None:
    """Expected is what is used when nothing is refused. The plan itself doesn't depend on what it took."""
    with paced(tmp_path, seeds.make("120", START), ALL) as (here, _):
        plan = here.type("dry-run", "--format", "json")
        calls = plan.json["calls"]
        made = Counter("xero" if each.app == "identity" else each.app for each in here.sandbox.requests)
        assert {app: each["calls"] for app, each in calls["read"].items()} == made
        assert all(each["bytes_in"] > 10_000 for each in calls["read"].values())
        text = here.type("dry-run").out
        assert (
            f"HubSpot {calls['expected']['hubspot']:,} and Xero {calls['expected']['xero']:,} expected to write" in text
        )
        saved = here.folder / "plan.json"
        assert here.type("dry-run", "-o", str(saved)).code == 0
        kept, again = json.loads(saved.read_text()), here.type("dry-run", "--format", "json").json
        assert "calls" not in kept
        assert kept["plan"] == again["plan"]
        run = here.type("apply", "--yes", "--allow-large", "--format", "json").json
        assert run["expected"] == calls["expected"]
        assert {app: each["writes"] for app, each in run["traffic"].items()} == calls["expected"]
