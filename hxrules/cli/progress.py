"""Long work shows that it lives: one moving line on a terminal, a plain line now and then elsewhere. All of it to stderr."""

from __future__ import annotations

import os
import sys
import threading
import time

from hxrules.records import App

EVERY = 10.0
"""Seconds between plain lines where nobody watches a terminal."""


class ProgressLine:
    """Tells what is being read and written. Safe to be told from several threads."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
        self._state: dict[tuple[App, str, str], str] = {}
        self._spoken = time.monotonic()
        self._lock = threading.Lock()
        self._drawn = False

    def reading(self, app: App, type_name: str, records: int, total: int | None) -> None:
        whole = f" of {total:,}" if total is not None and total > records else ""
        self._say(app, type_name, "read", f"{app.brand}: {records:,}{whole} {type_name} read")

    def writing(self, app: App, type_name: str, done: int, total: int) -> None:
        self._say(app, type_name, "written", f"{app.brand}: {done:,} of {total:,} {type_name} written")

    def _say(self, app: App, type_name: str, verb: str, text: str) -> None:
        with self._lock:
            self._state[app, type_name, verb] = text
            if self._live:
                line = " · ".join(list(self._state.values())[-2:])
                sys.stderr.write(f"\r\033[K{line[:100]}")
                sys.stderr.flush()
                self._drawn = True
            elif time.monotonic() - self._spoken >= EVERY:
                self._spoken = time.monotonic()
                sys.stderr.write(text + "\n")
                sys.stderr.flush()

    def done(self) -> None:
        """Clears the moving line, before anything else is printed."""
        with self._lock:
            if self._drawn:
                sys.stderr.write("\r\033[K")
                sys.stderr.flush()
                self._drawn = False
