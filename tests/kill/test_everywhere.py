"""Killed before and after every transaction of the state and every request (`make test-kill`; some twenty minutes)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.journeys import LAG, Journey, Launcher, visit

SHARES = 8
NAMES = ("first", "first planned", "second", "second planned")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("way", ["once", "twice", "search lags"])
@pytest.mark.parametrize("name", NAMES)
def test_killed_everywhere(
    name: str,
    way: str,
    share: int,
    launcher: Launcher,
    all_journeys: dict[str, Journey],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Every point once; every third one also with a second kill somewhere in the run that follows, and with a search that lags."""
    journey = all_journeys[name]
    points = (journey.points if way == "once" else journey.points[::3])[share::SHARES]
    wrong: list[str] = []
    for point in points:
        kills = (point, *random.Random(str(point)).sample(journey.points, way == "twice"))
        try:
            visit(launcher, journey, tmp_path, *kills, quirks=LAG if way == "search lags" else None)
        except AssertionError as error:
            wrong.append(f"{name}, killed {', then '.join(map(str, kills))}: {error}")
    record_property("visited", len(points))
    assert not wrong, "\n\n".join(wrong)
