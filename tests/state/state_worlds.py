"""What the tests of the state share: a clock that is set by hand, changes to make, and other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import hxrules
from hxrules.records import App, BaseValue, Known, Link, Membership, Origin, RecordRef, Standing, SyncState
from hxrules.state.entries import Advance, Intent, RunHeader

ROOT = Path(hxrules.__file__).parent.parent
START = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)


class Clock:
    """An instant that stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def link(number: int, sync: str = "contacts") -> Link:
    return Link(
        id=f"l{number}",
        sync=sync,
        hubspot=f"h{number}",
        xero=f"x{number}",
        made_by=Origin.CREATED,
        born_in=App.XERO,
        membership={App.HUBSPOT: Membership.IN},
    )


def known(app: App, number: int, standing: Standing = Standing.IN_SYNC, sync: str = "contacts") -> Known:
    ref = RecordRef(app, "contacts", f"{app.value[0]}{number}")
    return Known(ref, sync, START, standing, {"because": f"{app.value} {standing.value}"})


BASE = BaseValue(hubspot="ann@example.com", xero=Decimal("12.5"), mapping_digest="d1")

STEP = Advance(
    links=(link(1), link(2)),
    bases={"l1": {"email": BASE, "total": BASE}, "l2": {"email": BASE}},
    known=(known(App.HUBSPOT, 1), known(App.XERO, 1)),
    syncs=(SyncState("contacts", started=START, digest="s1", watermarks={App.XERO: START}),),
)


def run(run_id: str = "run-1", plan: str = "plan-1", started: datetime = START) -> RunHeader:
    return RunHeader(run_id, plan, started, "acme-au", "2026.11.1", "sha", None, "ann", "laptop", "hxrules apply")


def intent(effect: str, seq: int = 1, id_: str | None = None) -> Intent:
    body = {"values": {"EmailAddress": "sann@example.com"}, "key": f"key-{effect}", "before": {}}
    return Intent(effect, f"change-{effect}", "contacts", App.XERO, "contacts", id_, body, seq)


GIVE_UP_RIGHTS = """
import os, sys, tempfile
from state_worlds import Clock
from hxrules.state.store import open_store
# Everything that is imported late is imported now: root's own Python may be closed to others.
with tempfile.TemporaryDirectory() as folder:
    open_store(f"sqlite:///{folder}/state.db", now=Clock()).close()
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""


def python(code: str, *arguments: object, plain_user: bool = False) -> subprocess.Popen[str]:
    """Another process that runs `code`; as a user without rights, when asked for, even if the tests run as root."""
    return subprocess.Popen(
        [sys.executable, "-c", (GIVE_UP_RIGHTS if plain_user else "") + code, *map(str, arguments)],
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str]) -> str:
    """What it printed, once it has ended well."""
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return out.strip()


def codes(problems: Sequence[object]) -> list[str]:
    return [getattr(problem, "code", "") for problem in problems]
