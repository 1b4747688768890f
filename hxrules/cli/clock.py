"""The one place that reads the time of day: `HXRULES_NOW` (ISO) fixes it, for tests and replays (design §0.6)."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click


def now() -> datetime:
    """The present instant in UTC. Raises `click.UsageError` when `HXRULES_NOW` is no instant."""
    fixed = os.environ.get("HXRULES_NOW")
    if not fixed:
        return datetime.now(UTC)
    try:
        when = datetime.fromisoformat(fixed)
    except ValueError:
        raise click.UsageError(f"HXRULES_NOW is {fixed!r}; write it like 2026-11-22T03:00:00Z.") from None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
