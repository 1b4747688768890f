"""Killed at some points of all (`make test`; `KILL_SEED` chooses others): every next run ends where an undisturbed one does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.journeys import LAG, Journey, Launcher, every_point, visit

SEED = os.environ.get("KILL_SEED", "1")
SIZE, SHARES = 30, 6


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_somewhere(
    share: int,
    launcher: Launcher,
    all_journeys: dict[str, Journey],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Once, and in the last share twice in a row; in the one before it HubSpot's search lags behind."""
    record_property("seed", SEED)
    chosen = random.Random(SEED).sample(every_point(all_journeys), SIZE)[share::SHARES]
    for journey, point in chosen:
        kills = (point, *random.Random(f"{SEED} {point}").sample(journey.points, share == SHARES - 1))
        try:
            visit(launcher, journey, tmp_path, *kills, quirks=LAG if share == SHARES - 2 else None)
        except AssertionError as error:
            raise AssertionError(f"{journey.name}, killed {', then '.join(map(str, kills))}: {error}") from error
    record_property("visited", len(chosen))
