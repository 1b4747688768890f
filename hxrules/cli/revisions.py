"""A ruleset as it stands in a file, or stood in a git revision: `hxrules.yaml`, `main`, `main:rulesets/acme.yaml`.

A file that exists is that file; anything else is git's. What a ruleset extends is read at the same revision.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hxrules.cli import rulesets
from hxrules.language.source import decode
from hxrules.problems import Halt, Problem, near

_USAGE = 64


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two rulesets, as it was typed. `path` is a file, or its place in the repository; `None` where only a revision was
    named."""

    path: str | None
    revision: str | None = None


def sides(old: str, new: str | None) -> tuple[Side, Side]:
    """What is compared with what; without `new` it is the file as it is now. A bare revision has the path of the other side."""
    one = _side(old)
    if new is None:
        if one.revision is None:
            raise Halt(_USAGE, [_nothing_to_compare_with(old)])
        other = Side(_here(one.path))
    else:
        other = _side(new)
    if one.path is None and other.path is None:
        default = _place_of(rulesets.FILE)
        return Side(default, one.revision), Side(default, other.revision)
    return _completed(one, other), _completed(other, one)


def load(side: Side, *, older: bool = False) -> rulesets.Loaded:
    """The ruleset, with all that is wrong with it. `older` says that it may be of an older version of the language, as what was there
    before an upgrade is. Raises `Halt` (64) where there is none."""
    if side.revision is None:
        return rulesets.load(rulesets.one(side.path), older=older)
    return _at_revision(side.revision, side.path or rulesets.FILE, older)


def _side(word: str) -> Side:
    if word and (Path(word).is_file() or (Path(word) / rulesets.FILE).is_file()):
        return Side(word)
    revision, colon, path = word.partition(":")
    if not colon and word.endswith((".yaml", ".yml")):
        rulesets.existing(Path(word))
    if not colon:
        return Side(None, word)
    if path.startswith(("./", "../")) or path in (".", ".."):
        path = posixpath.normpath(posixpath.join(_git("rev-parse", "--show-prefix").strip(), path))
    return Side(path, revision)


def _completed(side: Side, other: Side) -> Side:
    """A bare revision is asked for the file of the other side."""
    if side.path is not None or other.path is None:
        return side
    if other.revision is not None:
        return Side(other.path, side.revision)
    return Side(_place_of(str(rulesets.one(other.path))), side.revision)


def _here(path: str | None) -> str:
    """The file that is worked on: of a path in the repository, or the ruleset of this folder."""
    if path is None:
        return str(rulesets.default_path())
    return str(_root() / path)


def _place_of(path: str) -> str:
    """A file's place in its repository."""
    try:
        return Path(path).resolve().relative_to(_root()).as_posix()
    except ValueError:
        outside = Problem(
            "HX330",
            f"{path} is in no revision",
            "The file lies outside of this folder's git repository.",
            "Name two files, or type the command in the repository of the ruleset.",
            next_command="hxrules diff --help",
        )
        raise Halt(_USAGE, [outside]) from None


# --- git ----------------------------------------------------------------------------------------------------------------------


def _at_revision(revision: str, path: str, older: bool) -> rulesets.Loaded:
    commit = _commit(revision)
    raw = _blob(commit, path)
    if raw is None:
        raise Halt(_USAGE, [_absent(revision, commit, path)])
    shown = f"{revision}:{path}"
    text, problems = decode(raw, shown)
    if text is None:
        return rulesets.Loaded(Path(path), None, problems)

    def beside(name: str) -> tuple[str, str] | None:
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        found = _blob(commit, there)
        read = decode(found, f"{revision}:{there}")[0] if found is not None else None
        return None if read is None else (read, f"{revision}:{there}")

    return rulesets.compiled(Path(path), shown, text, beside, older=older)


def _root() -> Path:
    return Path(_git("rev-parse", "--show-toplevel").rstrip("\n")).resolve()


def _commit(revision: str) -> str:
    found = _asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is not None:
        return found.decode().strip()
    names = _git("for-each-ref", "--format=%(refname:short)").split()
    suggestion = next(iter(near(revision, names)), None)
    unknown = Problem(
        "HX331",
        f"git knows no revision `{revision}`",
        "It is neither a file here nor a branch, a tag or a commit of this repository.",
        f"Write `{suggestion}`."
        if suggestion
        else "Correct the name; in a clone that holds only the newest commits, fetch the others first.",
        suggestion=suggestion,
        next_command=f"hxrules diff {suggestion}" if suggestion else "git log --oneline",
    )
    raise Halt(_USAGE, [unknown])


def _blob(commit: str, path: str) -> bytes | None:
    """A file's bytes in a commit; `None` where there is no such file."""
    return _asked("cat-file", "blob", f"{commit}:{path}")


def _absent(revision: str, commit: str, path: str) -> Problem:
    names = _git("ls-tree", "-r", "--name-only", "-z", "--full-tree", commit).split("\0")
    files = [name for name in names if name.endswith((".yaml", ".yml")) and not name.startswith(".")]
    same = [name for name in files if PurePosixPath(name).name == PurePosixPath(path).name]
    suggestion = next(iter([*same, *near(path, files)]), None)
    return Problem(
        "HX332",
        f"there is no `{path}` in `{revision}`",
        "Paths count from the top of the repository; `./` in front of one makes it count from this folder.",
        f"Write `{revision}:{suggestion}`." if suggestion else "Name the file as that revision has it.",
        suggestion=f"{revision}:{suggestion}" if suggestion else None,
        next_command=f"hxrules diff {revision}:{suggestion}" if suggestion else f"git ls-tree -r {revision}",
    )


def _nothing_to_compare_with(path: str) -> Problem:
    return Problem(
        "HX330",
        f"{path} is compared with nothing",
        "One file was named, and no revision.",
        "Name the ruleset that it is compared with: another file, or a git revision in front of it.",
        next_command=f"hxrules diff HEAD {path}",
    )


def _git(*words: str) -> str:
    """What git answers to what it can answer in every repository. Raises `Halt` (64)."""
    answer = _asked(*words)
    if answer is None:
        raise Halt(_USAGE, [_no_git("git has no working tree here.")])
    return answer.decode("utf-8", "replace")


def _asked(*words: str) -> bytes | None:
    """What git answers; `None` where it says no. Raises `Halt` (64) where there is no repository to ask."""
    try:
        ran = subprocess.run(
            ["git", *words], capture_output=True, timeout=30, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Halt(_USAGE, [_no_git(f"git can't be run: {error}.")]) from error
    if b"not a git repository" in ran.stderr or b"dubious ownership" in ran.stderr:
        said = ran.stderr.decode("utf-8", "replace").splitlines()[0]
        raise Halt(_USAGE, [_no_git(f"git says: {said}.")])
    return ran.stdout if ran.returncode == 0 else None


def _no_git(cause: str) -> Problem:
    return Problem(
        "HX330",
        "there are no revisions here",
        cause,
        "Type the command in the git repository of the ruleset, or name two files.",
        next_command="hxrules diff OLD.yaml NEW.yaml",
    )
