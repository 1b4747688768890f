"""Finding and reading rulesets on disk: the language itself never touches a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.extends import Bases
from hxrules.language.model import Ruleset
from hxrules.language.source import decode
from hxrules.language.versions import upgraded
from hxrules.problems import Halt, Problem, Span, has_errors

FILE = "hxrules.yaml"
_FIRST_KEY = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?hxrules[\"']?\s*:", re.MULTILINE)


@dataclass(slots=True)
class Loaded:
    """One ruleset as read: its meaning (if it has one), what is wrong with it, and the texts that problems point into."""

    path: Path
    ruleset: Ruleset | None
    problems: list[Problem]
    sources: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)
    """The file and those of one's own that it extends, as the state keeps them (`kept` reads them)."""


def load(path: Path, *, older: bool = False) -> Loaded:
    """Reads one file, with the bases that it extends. Never raises for what is in it. With `older` a text of an older version of the
    language is read too, as `hxrules fmt --upgrade` would rewrite it."""
    shown = show(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(
            "HX100", f"{shown} can't be read", reason, "Name a file that you may read.", span=Span(shown, 1, 1, 1, 1)
        )
        return Loaded(path, None, [problem])
    text, problems = decode(raw, shown)
    return Loaded(path, None, problems) if text is None else load_text(path, text, older=older)


def load_text(path: Path, text: str, *, older: bool = False) -> Loaded:
    """As `load`, with another text than the file has now."""
    return compiled(path, show(path), text, lambda name: _beside(name, path), older=older)


def compiled(path: Path, shown: str, text: str, beside: Bases, *, older: bool = False) -> Loaded:
    """A ruleset's text, read: `shown` stands in places, `beside` finds the files of one's own that it extends."""
    if older:
        text = upgraded(text, shown).text
    sources = {shown: text}
    extended: dict[str, list[str]] = {}

    def bases(name: str) -> tuple[str, str] | None:
        own = name.endswith((".yaml", ".yml"))
        found = beside(name) if own else shipped.base(name)
        if found is None:
            return None
        if own and older:
            found = upgraded(*found).text, found[1]
        if own:
            extended[name] = list(found)
        sources[found[1]] = found[0]
        return found

    ruleset, problems = load_ruleset(text, shown, load_catalogue(), bases)
    return Loaded(path, ruleset, problems, sources, {"file": shown, "text": text, "extends": extended})


def kept(texts: Mapping[str, Any]) -> Loaded:
    """A ruleset as a run has kept it, whatever its files say by now."""

    def beside(name: str) -> tuple[str, str] | None:
        text, file = texts["extends"].get(name, (None, ""))
        return None if text is None else (text, file)

    file = texts["file"]
    return compiled(Path(file), file, texts["text"], beside, older=True)


def load_valid(path: Path) -> Loaded:
    """As `load`; raises `Halt` (3) unless the ruleset is valid."""
    loaded = load(path)
    if loaded.ruleset is None or has_errors(loaded.problems):
        raise RulesetHalt(3, loaded.problems, loaded)
    return loaded


class RulesetHalt(Halt):
    """Problems that point into a ruleset; carries its text, so that the lines can be shown."""

    def __init__(self, exit_code: int, problems: Sequence[Problem], loaded: Loaded) -> None:
        super().__init__(exit_code, problems)
        self.sources = loaded.sources


def _beside(name: str, importer: Path) -> tuple[str, str] | None:
    path = importer.parent / name
    try:
        return path.read_text(encoding="utf-8"), show(path)
    except (OSError, ValueError):  # ValueError: not UTF-8, or no name that a file could have
        return None


def show(path: Path) -> str:
    """The path as people write it: relative to this folder where it is below it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def default_path() -> Path:
    """`$HXRULES_RULESET`, else `hxrules.yaml` here or in the nearest folder above, up to the git root (design §0.2)."""
    named = os.environ.get("HXRULES_RULESET")
    if named:
        return existing(Path(named))
    folder = Path.cwd()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE).is_file():
            return candidate / FILE
        if (candidate / ".git").exists():
            break
    problem = Problem(
        "HX100",
        f"there is no {FILE} here",
        f"Neither in {folder} nor in a folder above it, up to the git root.",
        "Name a ruleset, or set HXRULES_RULESET.",
        next_command="hxrules validate path/to/ruleset.yaml",
    )
    raise Halt(3, [problem])


def sync_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes the name of a sync in a shell: those of the ruleset that counts here, if there is one."""
    try:
        ruleset = load(default_path()).ruleset
    except (Halt, click.UsageError):
        return []
    return [sync.name for sync in ruleset.syncs if sync.name.startswith(incomplete)] if ruleset else []


def existing(path: Path) -> Path:
    """Raises `click.UsageError` (64) for a path that doesn't exist."""
    if not path.exists():
        raise click.UsageError(f"There is no file {str(path)!r}.")
    return path


def one(argument: str | None) -> Path:
    """The ruleset that a command is about. Raises `Halt` (3) for a folder without one."""
    if argument is None:
        return default_path()
    path = existing(Path(argument))
    if path.is_dir():
        if (path / FILE).is_file():
            return path / FILE
        raise Halt(3, [_none_in(path)])
    return path


def many(arguments: tuple[str, ...]) -> list[Path]:
    """All rulesets that the arguments name; a folder stands for those in it and below. Raises `Halt` (3) for one without."""
    if not arguments:
        return [default_path()]
    found: list[Path] = []
    for argument in arguments:
        path = existing(Path(argument))
        if path.is_dir():
            inside = sorted(_rulesets_in(path))
            if not inside:
                raise Halt(3, [_none_in(path)])
            found.extend(inside)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _rulesets_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.y*ml"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if (
            path.suffix in (".yaml", ".yml")
            and not hidden
            and not path.stem.endswith("_test")
            and _looks_like_one(path)
        ):
            yield path


def _looks_like_one(path: Path) -> bool:
    """Has it the `hxrules:` line that every ruleset starts with? Other YAML files of a repository are not our business."""
    with path.open("rb") as file:
        return _FIRST_KEY.search(file.read(1_000_001)) is not None


def _none_in(folder: Path) -> Problem:
    return Problem(
        "HX100",
        f"there is no ruleset in {show(folder)}",
        "A ruleset is a YAML file with the line `hxrules: 1`.",
        "Name a folder or a file with a ruleset.",
        next_command="hxrules validate path/to/ruleset.yaml",
    )
