"""New files, all of them or none: nothing that is there already is touched, and what fails half-way is taken back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from hxrules.problems import Halt, Problem

_IGNORED = (".hxrules/", "plan.json")
"""What hxrules remembers, and saved plans: both hold customers' data."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be written; `path` is relative to the folder, with `/`."""

    path: str
    text: str
    about: str
    """What it is for, for people."""
    ours: bool = False
    """It comes with hxrules as it is: one that is there already with the same text is as good."""


def write_all(folder: Path, files: Sequence[NewFile]) -> list[NewFile]:
    """Writes the files, and into the `.gitignore` of a git repository what must not be committed; those that were written.

    Raises `Halt` (4, HX326) for files that are there already, `click.UsageError` (64) where writing fails; then nothing is written.
    """
    wanted = [file for file in files if not (file.ours and _text(folder / file.path) == file.text)]
    there = [file for file in wanted if os.path.lexists(folder / file.path)]
    if there:
        raise Halt(4, [_there_already(there, folder)])
    done = _Done()
    try:
        for file in wanted:
            done.write(folder / file.path, file.text)
        ignore = _ignore(folder)
        if ignore is not None:
            done.extend(folder / ignore.path, ignore.text)
    except OSError as error:
        done.take_back()
        raise click.UsageError(
            f"{error.filename or folder} can't be written: {error.strerror}. Nothing was."
        ) from error
    return [*wanted, *([ignore] if ignore is not None else [])]


class _Done:
    """What has been made so far."""

    def __init__(self) -> None:
        self._made: list[Path] = []
        self._before: tuple[Path, str | None] | None = None

    def write(self, path: Path, text: str) -> None:
        missing = [each for each in path.parents if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            self._made.append(each)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            self._made.append(path)
            file.write(text)

    def extend(self, path: Path, text: str) -> None:
        """Adds lines to a file, or makes it."""
        before = _text(path)
        self._before = (path, before)
        path.write_text((before or "") + text, encoding="utf-8", newline="")

    def take_back(self) -> None:
        if self._before is not None and self._before[1] is not None:
            with suppress(OSError):
                self._before[0].write_text(self._before[1], encoding="utf-8", newline="")
        for path in reversed(self._made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()


def _ignore(folder: Path) -> NewFile | None:
    """The lines that `.gitignore` lacks; `None` outside a git repository, and where it has them."""
    if not any((each / ".git").exists() for each in (folder, *folder.parents)):
        return None
    before = _text(folder / ".gitignore") or ""
    said = {line.strip().strip("/") for line in before.splitlines()}
    lacking = [each for each in _IGNORED if each.strip("/") not in said]
    if not lacking:
        return None
    text = "\n" * bool(before and not before.endswith("\n")) + "".join(f"{each}\n" for each in lacking)
    return NewFile(".gitignore", text, f"{' and '.join(lacking)} stay out of git: they hold customers' data")


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, ValueError):  # ValueError: not UTF-8
        return None


def _there_already(files: Sequence[NewFile], folder: Path) -> Problem:
    names = ", ".join(file.path for file in files)
    one = len(files) == 1
    return Problem(
        "HX326",
        f"{names} {'is' if one else 'are'} there already",
        f"hxrules init writes new files only, and all of them or none: nothing was written in {folder}.",
        f"Edit {'it' if one else 'them'}, move {'it' if one else 'them'} away, or begin in an empty folder.",
        next_command="hxrules validate"
        if any(file.path == "hxrules.yaml" for file in files)
        else "hxrules init --help",
    )
