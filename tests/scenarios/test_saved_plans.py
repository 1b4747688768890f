"""`dry-run -o plan.json`, `show plan.json`, `apply plan.json`: what was seen is what happens, once, or nothing does."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import Stage, stage
from tests.scenarios.test_books_at_scale import ROOM, RULES


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    """The small company, with a plan for all four syncs in `plan.json`."""
    with stage(tmp_path, seed="small", quirks=ROOM, ruleset=RULES) as found:
        assert found.type("dry-run", "-o", "plan.json").code == 0
        yield found


def plan(here: Stage) -> Any:
    return json.loads((here.folder / "plan.json").read_text(encoding="utf-8"))


def writes(here: Stage, since: int) -> list[tuple[str, str, str]]:
    """Requests that change something in an app."""
    return [
        call
        for call in here.calls(since)
        if call[1] != "GET" and not any(word in call[2] for word in ("/batch/read", "/search", "/token", "/properties"))
    ]


def test_it_applies_exactly_that_and_only_once(here: Stage) -> None:
    """The run makes the plan's changes; applied again it is refused with 5; a new plan has nothing left to do."""
    assert stat.S_IMODE((here.folder / "plan.json").stat().st_mode) == 0o600
    run = here.type("apply", "plan.json", "--format", "json")
    assert run.code == 6, run.out + run.err
    made = {key: run.json["summary"][key] for key in ("create", "update", "link")}
    planned = {key: plan(here)["summary"][key] for key in made}
    failed = len(run.json["failed"]) - len(plan(here)["held"])
    assert sum(made.values()) == sum(planned.values()) - failed
    seen = len(here.sandbox.requests)
    again = here.type("apply", "plan.json")
    assert again.code == 5
    assert "HX316" in again.text
    assert not writes(here, seen)
    assert here.type("show", "plan.json").code == 0
    new = here.type("dry-run", "--format", "json").json
    assert new["changes"] == []


def test_the_state_is_as_after_applying_the_ruleset(here: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the plan saw besides its changes is noted too: the numbers of `status` are the same, and the next look is as short."""
    here.type("apply", "plan.json")
    told = here.type("status", "--format", "json").json["syncs"]
    seen = len(here.sandbox.requests)
    here.type("dry-run")
    calls = len(here.calls(seen))
    with stage(tmp_path_factory.mktemp("direct"), seed="small", quirks=ROOM, ruleset=RULES) as other:
        other.type("apply", "--yes")
        direct = other.type("status", "--format", "json").json["syncs"]
        seen = len(other.sandbox.requests)
        other.type("dry-run")
        assert calls <= len(other.calls(seen)) + 2

    def numbers(rows: Any) -> Any:
        return [{key: value for key, value in row.items() if key not in ("last_run", "started")} for row in rows]

    assert numbers(told) == numbers(direct)


@pytest.mark.parametrize("app", ["hubspot", "xero"])
def test_an_edit_in_between_refuses_all_of_it(here: Stage, app: str) -> None:
    """It ends with 5, names the record, and nothing has been written; with --still-valid the rest is applied, and it ends with 6."""
    change = next(
        each
        for each in plan(here)["changes"]
        if each["sync"] == "contacts" and each["action"] == "update" and each[app]
    )
    if app == "hubspot":
        here.edit_hubspot(change["hubspot"], city="Wagga Wagga")
    else:
        here.edit_xero(change["xero"], FirstName="Somebody")
    seen = len(here.sandbox.requests)
    said = here.type("apply", "plan.json")
    assert said.code == 5
    assert "HX317" in said.text
    assert change[app] in said.err
    assert not writes(here, seen)
    rest = here.type("apply", "plan.json", "--still-valid", "--format", "json")
    assert rest.code == 6
    left_out = {each["code"] for each in rest.json["failed"]}
    assert "HX317" in left_out
    assert rest.json["summary"]["create"] >= plan(here)["summary"]["create"] - 2
    new = here.type("dry-run", "--format", "json").json
    assert change[app] in {each[app] for each in new["changes"]}, "the edited record is looked at by the next run"


def test_an_edited_line_counts_as_an_edit(here: Stage) -> None:
    """An invoice rests on its lines: one of them changed in HubSpot, and the plan is stale."""
    change = next(each for each in plan(here)["changes"] if each["sync"] == "invoices" and each["app"] == "xero")
    invoice = here.live("invoices")[change["hubspot"]]
    here.sandbox.hubspot.world()
    here.hubspot(
        "PATCH", f"/crm/objects/2026-09/line_items/{invoice['lines'][0]}", {"properties": {"description": "x"}}
    )
    said = here.type("apply", "plan.json")
    assert said.code == 5, said.text
    assert change["hubspot"] in said.err


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_plan_with_one_byte_changed_is_refused(here: Stage, place: float) -> None:
    """Wherever it is: a digit, a letter, a blank."""
    file = here.folder / "plan.json"
    text = file.read_bytes()
    at = int(len(text) * place)
    for changed in (text[:at] + b" " + text[at:], text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :], text + b"\n"):
        file.write_bytes(changed)
        seen = len(here.sandbox.requests)
        said = here.type("apply", "plan.json")
        assert said.code == 5, said.text
        assert not writes(here, seen)
        assert here.type("show", "plan.json").code == 5


def test_other_rules_another_state_and_age_refuse_it(
    here: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each with its own code, all with 5, and nothing is written."""
    seen = len(here.sandbox.requests)
    monkeypatch.setenv("HXRULES_NOW", (datetime.now(UTC) + timedelta(hours=25)).isoformat())
    assert "HX315" in here.type("apply", "plan.json").text
    monkeypatch.delenv("HXRULES_NOW")
    here.ruleset(RULES + "limits: {changes: 31%}\n")
    assert "HX312" in here.type("apply", "plan.json").text
    here.ruleset(RULES)
    monkeypatch.setenv("HXRULES_STATE", f"sqlite:///{tmp_path_factory.mktemp('state')}/other.db")
    said = here.type("apply", "plan.json")
    assert "HX314" in said.text
    assert said.code == 5
    monkeypatch.delenv("HXRULES_STATE")
    assert not writes(here, seen)
    with stage(tmp_path_factory.mktemp("elsewhere"), seed="240", ruleset=RULES) as other:
        (other.folder / "plan.json").write_bytes((here.folder / "plan.json").read_bytes())
        said = other.type("apply", "plan.json")
        assert said.code == 5
        assert "HX313" in said.text


def test_another_run_in_between_refuses_it(here: Stage) -> None:
    """The state has moved on: what the plan would do may have been done."""
    here.type("apply", "--yes")
    said = here.type("apply", "plan.json")
    assert said.code == 5
    assert "HX314" in said.text
