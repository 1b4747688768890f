"""A run that is killed (SIGKILL, really) in the middle: the next run ends where an undisturbed one would have, with nothing made twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import CONTACTS, Stage, stage
from tests.scenarios.test_faults import ROOM, picture

BOTH = CONTACTS + "  products: {direction: two-way}\n"
PATIENCE = 30.0


def killed_after(here: Stage, requests: int) -> bool:
    """Starts `apply` as a process of its own and kills it once the sandbox has had so many requests; false if it ended before."""
    run = subprocess.Popen(
        [sys.executable, "-m", "hxrules", "apply", "--yes"],
        cwd=here.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    begun, before = time.monotonic(), len(here.sandbox.requests)
    while run.poll() is None and len(here.sandbox.requests) - before < requests:
        assert time.monotonic() - begun < PATIENCE
    alive = run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait(PATIENCE)
    return alive


def everything(here: Stage) -> tuple[Any, Any, Any, Any]:
    items = sorted(
        sorted((name, repr(value)) for name, value in each.items() if name not in ("ItemID", "UpdatedDateUTC"))
        for each in here.sandbox.xero.world()["items"]
    )
    ours = ("hs_object_id", "createdate", "hs_lastmodifieddate", "hxrules_xero_id")
    products = sorted(
        sorted((name, value) for name, value in each["properties"].items() if name not in ours and value)
        for each in here.sandbox.hubspot.world()["products"]
        if not each.get("archived")
    )
    return (*picture(here), items, products)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any, Any]:
    with stage(tmp_path_factory.mktemp("whole"), seed="240", quirks=ROOM, ruleset=BOTH) as here:
        here.type("apply", "--yes")
        here.type("apply", "--yes")
        return everything(here)


@pytest.mark.parametrize("requests", [5, 8, 11, 13, 15, 17, 19])
def test_the_next_run_goes_on(requests: int, undisturbed: tuple[Any, Any, Any, Any], tmp_path: Path) -> None:
    """Killed twice on the way, at the start and somewhere in the middle."""
    with stage(tmp_path, seed="240", quirks=ROOM, ruleset=BOTH) as here:
        assert killed_after(here, requests)
        killed_after(here, requests + 2)
        here.type("apply", "--yes")
        here.type("apply", "--yes")
        assert everything(here) == undisturbed
        assert here.type("dry-run", "--format", "json").json["has_changes"] is False
