"""Bad days: answers lost, limits, errors before and after a write, half-failed batches. The end is as on a good day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hxrules.connectors.pace import Timing
from tests.scenarios.stage import Stage, stage

ROOM = {"hubspot-burst-limit": "100000", "xero-minute-limit": "100000", "xero-day-limit": "100000"}
MOVING = (
    "id",
    "lastmodifieddate",
    "createdate",
    "hs_object_id",
    "hxrules_xero_id",
    "UpdatedDateUTC",
    "ContactID",
    "ContactNumber",
)


def picture(here: Stage) -> tuple[list[Any], list[Any]]:
    """Both worlds without ids and times: what a person would see."""

    def person(properties: dict[str, Any]) -> list[tuple[str, Any]]:
        return sorted((name, value) for name, value in properties.items() if name not in MOVING and value)

    people = sorted(person(each["properties"]) for each in here.hubspot_contacts().values())
    customers = sorted(
        (sorted((name, repr(value)) for name, value in each.items() if name not in MOVING and value))
        for each in here.xero_contacts().values()
    )
    return people, customers


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes when somebody waits for it."""
    passed = [0.0]
    timing = Timing(monotonic=lambda: passed[0], sleep=lambda seconds: passed.append(passed.pop() + seconds))
    monkeypatch.setattr("hxrules.connectors.Timing", lambda: timing)


@pytest.fixture(scope="module")
def good_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], list[Any]]:
    with stage(tmp_path_factory.mktemp("good"), seed="240", quirks=ROOM) as here:
        assert here.type("apply", "--yes").code == 0
        return picture(here)


@pytest.mark.parametrize("kind", ["lost-answer", "429", "5xx-before", "5xx-after", "partial-batch"])
@pytest.mark.usefixtures("no_waiting")
def test_the_end_is_as_without_faults(kind: str, good_day: tuple[list[Any], list[Any]], tmp_path: Path) -> None:
    """One request in five goes wrong; after as many runs as it takes (a few), both apps are as they would have been."""
    with stage(tmp_path, seed="240", quirks=ROOM, faults={"seed": 7, "rate": 0.2, "kinds": [kind]}) as here:
        for _ in range(6):
            here.type("apply", "--yes")
            said = here.type("dry-run", "--format", "json")
            if said.code == 0 and not said.json["has_changes"] and not said.json["held"]:
                break
        assert any(entry.fault == kind for entry in here.sandbox.requests)
        assert picture(here) == good_day
