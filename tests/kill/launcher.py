"""Runs `hxrules` in forks of one warm process, and kills them where it is told to: really, by SIGKILL.

A kill point is a moment before or after a transaction of the state is committed, or before or after a request to an app (`journal`,
`hubspot` or `xero`, its number in this run, `before` or `after`). Each stream is in an order of its own that is the same in every run,
although both apps are read at the same time.

Commands come as JSON lines on stdin, answers go as JSON lines to stdout. A process of its own, with one thread: forking the tests' own
would copy the locks of the sandbox's thread.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import signal
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

import hxrules.connectors
from hxrules.catalogue import load_catalogue
from hxrules.cli import run
from hxrules.connectors.pace import Timing
from hxrules.state.database import Database

WARM = (
    "alembic.command",
    "alembic.config",
    "hxrules.cli.output",
    *(f"hxrules.cli.{name}" for name in ("apply", "dry_run", "status")),
)


NOBODY = 65534
"""A user who owns nothing: root may write everywhere."""


class Points:
    """Counts the kill points of this process, and kills it at one of them."""

    def __init__(self, kill_at: Sequence[Any] | None, full_at: int | None) -> None:
        self._kill_at = tuple(kill_at) if kill_at else None
        self._full_at = full_at
        self._counted = threading.Lock()
        self.counts = {"journal": 0, "hubspot": 0, "xero": 0}

    def next_of(self, stream: str) -> int:
        with self._counted:
            self.counts[stream] += 1
            return self.counts[stream]

    def reached(self, stream: str, number: int, side: str) -> None:
        if (stream, number, side) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def full(self, number: int) -> bool:
        """From this transaction on there is no room left on the disk."""
        return self._full_at is not None and number >= self._full_at


def watch(points: Points, hubspot_url: str) -> None:
    """Puts the points into the two places through which everything goes: the state's transactions and the HTTP client."""
    commit, send = Database.writing, httpx.Client.send

    @contextmanager
    def writing(self: Database) -> Iterator[Connection]:
        number = points.next_of("journal")
        with commit(self) as connection:
            yield connection
            points.reached("journal", number, "before")
            if points.full(number):
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorname = "SQLITE_FULL"
                raise error
        points.reached("journal", number, "after")

    def sent(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        stream = "hubspot" if str(request.url).startswith(hubspot_url) else "xero"
        number = points.next_of(stream)
        points.reached(stream, number, "before")
        answer = send(self, request, **options)
        points.reached(stream, number, "after")
        return answer

    Database.writing = writing  # type: ignore[method-assign]
    httpx.Client.send = sent  # type: ignore[method-assign]


def hurry() -> None:
    """Nobody waits for his turn: time passes when somebody waits for it."""
    passed = [0.0]
    timing = Timing(monotonic=lambda: passed[0], sleep=lambda seconds: passed.append(passed.pop() + seconds))
    hxrules.connectors.Timing = lambda: timing  # type: ignore[assignment, misc]


def child(order: Mapping[str, Any], folder: Path) -> None:
    """One command, as if it had been typed; never returns."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    points = Points(order["kill_at"], order["full_at"])
    watch(points, order["env"]["HXRULES_HUBSPOT_URL"])
    hurry()
    with (
        (folder / "out").open("w", encoding="utf-8") as sys.stdout,
        (folder / "err").open("w", encoding="utf-8") as sys.stderr,
        (folder / "points").open("w", encoding="utf-8") as counted,
    ):
        if order["plain_user"] and os.getuid() == 0:
            # What Python imports on the way may lie where only root can read.
            with redirect_stdout(io.StringIO()):
                run(["dry-run"])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        code = run(order["words"])
        json.dump(points.counts, counted)
    os._exit(code)


def carry_out(order: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the command in a fork; how it ended, by exit code or (negative) by signal, what it printed, how many points it passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pid = os.fork()
        if pid == 0:
            try:
                child(order, folder)
            finally:
                os._exit(71)
        _, status = os.waitpid(pid, 0)
        said = {
            each: (folder / each).read_text(encoding="utf-8") for each in ("out", "err") if (folder / each).exists()
        }
        counts = folder / "points"
        points = json.loads(counts.read_text(encoding="utf-8") or "{}")
    return {"code": os.waitstatus_to_exitcode(status), "out": "", "err": "", **said, "points": points}


def main() -> None:
    for module in WARM:
        importlib.import_module(module)
    load_catalogue()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
