"""What was asked of the sandbox: one entry per request, kept in memory and, if wanted, written as JSON lines.

Why: "fewest possible calls and bytes" is a promise that only a count can hold; tests and benchmarks count here.
Invariant: an entry is on disk before the client can send its next request on that connection; bytes are those of the
bodies, seen from the client: `bytes_out` went out with the request, `bytes_in` came in with the answer.
See also: `server` (writes the entries).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One request and its answer; `status` is None where the answer was lost, `at` is the sandbox's clock."""

    at: datetime
    app: str
    method: str
    path: str
    query: str
    read: bool
    status: int | None
    bytes_out: int
    bytes_in: int
    seconds: float
    fault: str | None


class RequestLog:
    """All requests of both apps, in the order in which they were answered; control routes are not among them."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is the JSON-lines file to write; raises `OSError` when it can't be opened."""
        self.entries: list[Entry] = []
        self._file = path.open("w", encoding="utf-8", buffering=1) if path else None

    def add(self, entry: Entry) -> None:
        """Keep the entry, and write its line."""
        self.entries.append(entry)
        if self._file:
            line = asdict(entry) | {"at": entry.at.isoformat(), "seconds": round(entry.seconds, 6)}
            self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Close the file; entries stay readable."""
        if self._file:
            self._file.close()
