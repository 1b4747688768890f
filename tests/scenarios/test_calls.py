"""The fewest possible calls: counted in the sandbox's own request log, against what page and batch sizes allow."""

from __future__ import annotations

from math import ceil
from pathlib import Path

from tests.scenarios.stage import CONTACTS, Stage, stage

SIZE = 1500
ROOM = {
    "hubspot-burst-limit": "100000",
    "hubspot-daily-limit": "1000000",
    "xero-minute-limit": "100000",
    "xero-day-limit": "1000000",
}
SETTINGS = ("/account-info", "/connect/token", "/Organisation", "/crm/properties")


def _records(calls: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Without sign-in and settings, which the promise allows on top (design §0.6, "Least calls")."""
    return [call for call in calls if not any(word in call[2] for word in SETTINGS)]


def _pages(here: Stage) -> int:
    return ceil(len(here.hubspot_contacts()) / 100) + ceil(len(here.xero_contacts()) / 1000)


def test_a_first_sync_takes_hardly_more_calls_than_the_sizes_force(tmp_path: Path) -> None:
    """dry-run and apply together: at most 5 % above the least; the memory of matched pairs is what design §0.6 allows besides."""
    with stage(tmp_path, seed=str(SIZE), quirks=ROOM) as here:
        pages = _pages(here)
        plan = here.type("dry-run", "--format", "json").json
        run = here.type("apply", "--yes", "--format", "json")
        assert run.code == 0, run.out + run.err
        writes: dict[tuple[str, bool], int] = {}
        memories = 0
        updated = {(each["app"], each["hubspot"]) for each in plan["changes"] if each["action"] == "update"}
        for each in plan["changes"]:
            if each["action"] == "link":
                memories += ("hubspot", each["hubspot"]) not in updated
            else:
                key = (each["app"], each["action"] == "create")
                writes[key] = writes.get(key, 0) + 1
        size = {"hubspot": 100, "xero": 50}
        least = 2 * pages + sum(ceil(number / size[app]) for (app, _), number in writes.items())
        allowed = least * 1.05 + ceil(memories / 100)
        made = _records(here.calls())
        assert plan["summary"]["create"] > SIZE / 3
        assert len(made) <= allowed, f"{len(made)} calls, {allowed} allowed"


def test_a_run_with_nothing_changed_takes_six_calls_at_most(tmp_path: Path) -> None:
    """All calls, sign-in and settings included, straight after the run that wrote thousands of records."""
    with stage(tmp_path, seed=str(SIZE), quirks=ROOM) as here:
        here.type("apply", "--yes")
        before = len(here.sandbox.requests)
        said = here.type("dry-run", "--format", "json")
        assert said.json["has_changes"] is False
        assert len(here.calls(before)) <= 6, here.calls(before)


def test_one_changed_contact_takes_ten_calls_at_most(tmp_path: Path) -> None:
    """On either side: the change is found, its partner fetched, and it is written."""
    with stage(tmp_path, seed=str(SIZE), quirks=ROOM) as here:
        here.type("apply", "--yes")
        pair = here.type("status", "--in-sync", "contacts", "--format", "json").json["records"][7]
        phone = {"PhoneType": "DEFAULT", "PhoneNumber": "08 5550 1234"}
        for app, edit in (
            ("xero", lambda: here.edit_hubspot(pair["hubspot"], city="Wagga Wagga")),
            ("hubspot", lambda: here.edit_xero(pair["xero"], Phones=[{"PhoneType": "FAX", "PhoneNumber": "1"}, phone])),
        ):
            edit()
            before = len(here.sandbox.requests)
            said = here.type("apply", "--yes", "--format", "json")
            assert said.code == 0, said.out
            assert said.json["summary"]["update"] == 1
            made = here.calls(before)
            assert len(made) <= 10, made
            assert any(call[0] == app and call[1] != "GET" for call in made)
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
        assert CONTACTS in (tmp_path / "hxrules.yaml").read_text()
