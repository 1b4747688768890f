"""Files that hxrules writes for people: whole or not at all; and how an edited one differs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

import click

from hxrules.cli import rulesets


def put(path: Path, pieces: Iterable[str], mode: int | None = None) -> None:
    """Writes the file whole or not at all, with exactly this mode; else with the usual one. Raises `click.UsageError` (64)."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.touch(mode=0o666 if mode is None else 0o600)
        with scratch.open("w", encoding="utf-8", newline="") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise click.UsageError(f"{rulesets.show(path)} can't be written: {error.strerror or error}.") from error


def rewrite(path: Path, text: str) -> None:
    """Puts a text into a file that is there, with the mode that it has; what a link points to, not the link."""
    path = path.resolve()
    put(path, [text], stat.S_IMODE(path.stat().st_mode))


def difference(name: str, before: str, after: str) -> str:
    """What would change, as `diff -u` shows it."""
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
