"""Long work shows that it lives: bars on a terminal (rich), a plain line now and then elsewhere. All of it to stderr."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from hxrules.records import App

EVERY = 10.0
"""Seconds between plain lines where nobody watches a terminal."""


class ProgressLine:
    """Tells what is being read and written. Safe to be told from several threads."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
        self._bars: Any = None
        self._tasks: dict[tuple[App, str, str], Any] = {}
        self._spoken = time.monotonic()
        self._lock = threading.Lock()

    def reading(self, app: App, type_name: str, records: int, total: int | None) -> None:
        self._say(app, type_name, "read", records, total)

    def writing(self, app: App, type_name: str, done: int, total: int) -> None:
        self._say(app, type_name, "written", done, total)

    def _say(self, app: App, type_name: str, verb: str, done: int, total: int | None) -> None:
        with self._lock:
            if self._terminal:
                self._draw(app, type_name, verb, done, total)
            elif time.monotonic() - self._spoken >= EVERY:
                self._spoken = time.monotonic()
                whole = f" of {total:,}" if total is not None and total > done else ""
                sys.stderr.write(f"{app.brand}: {done:,}{whole} {type_name} {verb}\n")
                sys.stderr.flush()

    def _draw(self, app: App, type_name: str, verb: str, done: int, total: int | None) -> None:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            text, count = "{task.description}", "{task.completed:,.0f} {task.fields[verb]}"
            columns = (TextColumn(text), BarColumn(bar_width=30), TextColumn(count), TimeElapsedColumn())
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        key = (app, type_name, verb)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(f"{app.brand} {type_name}", total=total, verb=verb)
        self._bars.update(self._tasks[key], completed=done, total=total)

    def done(self) -> None:
        """Takes the bars away, before anything else is printed."""
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
                self._bars, self._tasks = None, {}
