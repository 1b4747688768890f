"""A tiny company in both apps, the people who work in them, and hxrules as they run it.

Time stands still unless somebody lets it pass, in the apps as in hxrules: so the same history goes the same way each time it is told.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from hxrules.cli.sandbox import environment
from hxrules.connectors.pace import Timing
from hxrules.records import Link, StateView
from hxrules.sandbox.server import SandboxOptions, running
from hxrules.state.store import Store, peek_store
from tests.histories.fields import KINDS, Row
from tests.histories.rules import Rules
from tests.kill.journeys import SURROUNDINGS, KillPoint, Launcher
from tests.scenarios.stage import Said, Stage, customer, debtor, guid, hubspot_invoice, person, world, xero_invoice
from tests.scenarios.test_books_at_scale import ROOM

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FREE = {"TaxType": "EXEMPTOUTPUT"}
SEED = world(
    customer(1, "Ann Co", "ann@example.com"),
    customer(2, "Bo Co", "bo@example.com"),
    person(3, "Cy Co", "cy@example.com"),
    debtor(4, "Di Co", "di@example.com"),
    {
        "hubspot": {
            "edit_invoices": True,
            "products": [
                {"id": "7", "properties": {"name": "Oak table", "hs_sku": "OAK", "price": "120.5"}},
                {"id": "8", "properties": {"name": "Elm chair", "hs_sku": "ELM", "price": "80"}},
            ],
        },
        "xero": {
            "items": [
                {"ItemID": guid(7), "Code": "OAK", "Name": "Oak table", "SalesDetails": {"UnitPrice": 120.5}},
                {"ItemID": guid(9), "Code": "ASH", "Name": "Ash bench", "SalesDetails": {"UnitPrice": 60}},
            ],
        },
    },
    hubspot_invoice(
        10, {"name": "Work", "quantity": "2", "price": "50"}, {"name": "Oak", "hs_sku": "OAK", "quantity": "1"}
    ),
    hubspot_invoice(11, {"name": "Care", "quantity": "1", "price": "30"}, contact=2, hs_invoice_status="draft"),
    xero_invoice(50, {"Description": "Labour", "Quantity": 4, "UnitAmount": 25, **FREE}, contact=2),
    xero_invoice(51, {"Description": "Paint", "Quantity": 1, "UnitAmount": 40, **FREE}, contact=4, Status="DRAFT"),
)


class Refused(Exception):
    """An app said no to a person."""


@dataclass
class Company(Stage):
    """Both apps and the folder of the ruleset."""

    launcher: Launcher
    rules: Rules = field(default_factory=Rules)
    passed: timedelta = timedelta()
    made: int = 0
    """How many records people have made."""

    # --- time ----------------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return START + self.passed

    def let_pass(self, time: timedelta) -> None:
        self.passed += time

    # --- the apps, as people see them ----------------------------------------------------------------------------------------

    def hubspot(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super().hubspot(method, path, body)
        except AssertionError as error:
            raise Refused(str(error)) from error

    def xero(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super().xero(method, path, body)
        except AssertionError as error:
            raise Refused(str(error)) from error

    def number(self) -> int:
        """A number that no record has had."""
        self.made += 1
        return self.made

    def rows(self, app: str, sync: str) -> dict[str, Row]:
        """All records of one type that are still there, by id and in the order in which they came: in HubSpot their properties."""
        hubspot, xero, key = KINDS[sync]
        if app == "hubspot":
            found = [row for row in self.sandbox.hubspot.world()[hubspot] if not row.get("archived")]
            return {row["id"]: {**row["properties"], "links": links_of(row)} for row in found}
        return {row[key]: row for row in self.sandbox.xero.world()[xero]}

    # --- hxrules -------------------------------------------------------------------------------------------------------------

    def hxrules(self, *words: str, kill_at: KillPoint | None = None, later: timedelta = timedelta()) -> Said:
        """Types a command; at `kill_at` its process is killed."""
        moment = {"HXRULES_NOW": (self.now() + later).isoformat()}
        if kill_at is not None:
            with patch.dict(SURROUNDINGS, moment):
                return self.launcher.run(self, words, kill_at)[0]
        with patch.dict(os.environ, moment):
            return self.type(*words)

    def write_rules(self, rules: Rules) -> None:
        self.rules = rules
        self.ruleset(rules.text())

    def disturb(self, faults: Mapping[str, Any]) -> None:
        """From now on requests go wrong like this; nothing more goes wrong with an empty plan."""
        answer = httpx.post(f"{self.sandbox.hubspot_url}/_sandbox/faults", json=dict(faults), timeout=20)
        assert answer.status_code == 200, answer.text

    def store(self) -> Store | None:
        return peek_store(f"sqlite:///{self.folder}/.hxrules/state.db")

    def remembered(self) -> StateView | None:
        """The state, once there is one."""
        store = self.store()
        if store is None:
            return None
        with store:
            return store.view()

    def links(self) -> tuple[Link, ...]:
        view = self.remembered()
        return () if view is None else view.links


def links_of(row: Row) -> dict[str, list[str]]:
    """The ids of the records that a HubSpot record is linked with, by their type."""
    found = row.get("associations", {})
    return {kind.replace(" ", "_"): [each["id"] for each in found[kind]["results"]] for kind in found}


@contextmanager
def company(launcher: Launcher, quirks: Mapping[str, str], rules: Rules) -> Iterator[Company]:
    """A company of its own."""
    passed = [0.0]
    timing = Timing(monotonic=lambda: passed[0], sleep=lambda seconds: passed.append(passed.pop() + seconds))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options = SandboxOptions(seed_file=SEED, clock=START, quirks={**ROOM, **quirks})
        sandbox = stack.enter_context(running(options))
        stack.enter_context(patch("hxrules.connectors.Timing", lambda: timing))
        settings = {**environment(sandbox.ready()), "NO_COLOR": "1"}
        stack.enter_context(patch.dict(os.environ, settings))
        stack.enter_context(chdir(folder))
        found = Company(sandbox, folder, launcher)
        sandbox.environment.clock.now = found.now  # type: ignore[method-assign]
        found.write_rules(rules)
        yield found
