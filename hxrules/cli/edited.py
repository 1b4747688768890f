"""A ruleset's text after an edit: how it differs, and how it replaces the file."""

from __future__ import annotations

import os
import stat
from difflib import unified_diff
from pathlib import Path

import click

from hxrules.cli import rulesets


def rewrite(path: Path, text: str) -> None:
    """Writes the file whole or not at all, with the mode that it has; what a link points to, not the link."""
    path = path.resolve()
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise click.UsageError(f"{rulesets.show(path)} can't be written: {error.strerror}.") from error


def difference(name: str, before: str, after: str) -> str:
    """What would change, as `diff -u` shows it."""
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
