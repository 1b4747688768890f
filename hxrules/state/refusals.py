"""Every way in which the state can say no, as a `Halt` with its own code (`HX5nn`), cause and remedy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hxrules.problems import Halt, Problem
from hxrules.state.entries import Holder
from hxrules.values import instant_text


def _halt(exit_code: int, code: str, summary: str, cause: str, remedy: str, next_command: str | None = None) -> Halt:
    return Halt(exit_code, [Problem(code, summary, cause, remedy, next_command=next_command)])


def unsupported_url(scheme: str) -> Halt:
    """`scheme` is what stands before the colon: the rest of a URL may hold a password."""
    return _halt(
        1,
        "HX501",
        f"The state can't be kept at a {scheme!r} URL.",
        "HXRULES_STATE must name a file: sqlite:///relative/path.db, or sqlite:////absolute/path.db.",
        "Set HXRULES_STATE to such a URL, or unset it to use sqlite:///.hxrules/state.db.",
    )


def newer_format(path: Path, found: str, head: str) -> Halt:
    return _halt(
        1,
        "HX502",
        f"The state {path} was written by a newer hxrules.",
        f"Its tables have version {found}; this hxrules knows versions up to {head}.",
        "Use the hxrules that wrote it, or a newer one. Nothing was changed.",
        "pip install --upgrade hxrules",
    )


def other_accounts(path: Path, bound: tuple[int, str], asked: tuple[int, str]) -> Halt:
    return _halt(
        5,
        "HX503",
        f"The state {path} belongs to other accounts.",
        f"It links HubSpot portal {bound[0]} with Xero tenant {bound[1]}; "
        f"this ruleset is for portal {asked[0]} and tenant {asked[1]}.",
        "Give each pair of accounts its own state by setting HXRULES_STATE, or correct `accounts` in the ruleset.",
    )


def not_a_state(path: Path, detail: str) -> Halt:
    return _halt(
        1,
        "HX504",
        f"The state {path} can't be read.",
        f"The file is damaged, or was not written by hxrules ({detail}).",
        "Put a copy back that was saved before, or move the file away: then records are linked anew by their keys.",
    )


def no_permission(path: Path, detail: str) -> Halt:
    return _halt(
        1,
        "HX505",
        f"The state {path} can't be opened.",
        f"This user may not read it or make it there ({detail}).",
        "Run as the user who owns the file, or set HXRULES_STATE to a place where this user may write.",
    )


def read_only(path: Path) -> Halt:
    return _halt(
        1,
        "HX506",
        f"The state {path} can't be written.",
        "The file, its folder or its disk is read-only for this user, or it was opened only to look.",
        "Make file and folder writable for this user. Nothing was changed.",
    )


def disk_full(path: Path) -> Halt:
    return _halt(
        1,
        "HX507",
        f"There is no room to write the state {path}.",
        "The disk is full, or a quota is used up. The last step was not written; the one before it is whole.",
        "Make room and run the same command again: what was under way is looked up first.",
    )


def busy(path: Path) -> Halt:
    return _halt(
        9,
        "HX508",
        f"The state {path} is in use.",
        "Another program has been writing to the file for longer than this one would wait.",
        "Wait for the other program, or close it (a database browser, a copy, a backup), and run the command again.",
    )


def bad_dump(file: Path, cause: str, remedy: str) -> Halt:
    return _halt(5, "HX509", f"The export {file} can't be imported.", cause, remedy)


def locked(holder: Holder, free_after: timedelta) -> Halt:
    free = instant_text(holder.renewed + free_after)
    return _halt(
        9,
        "HX510",
        f"Another run holds the lock {holder.name!r}: {holder.owner} on {holder.host}.",
        f"Process {holder.pid} took it at {instant_text(holder.since)}, renewed it last at {instant_text(holder.renewed)}.",
        f"Wait until it has finished. If process {holder.pid} on {holder.host} is gone, the lock is free at {free}.",
        "hxrules status",
    )


def lock_lost(name: str, holder: Holder | None) -> Halt:
    now_with = "nobody" if holder is None else f"{holder.owner} on {holder.host}, process {holder.pid}"
    return _halt(
        9,
        "HX511",
        f"This run lost the lock {name!r} and has stopped.",
        f"It was not renewed in time (a machine asleep, a clock moved, a process held); it is now with {now_with}.",
        "Run the command again once the other run has finished: what was under way is looked up first.",
        "hxrules status",
    )


def disk_error(path: Path, detail: str) -> Halt:
    return _halt(
        1,
        "HX512",
        f"The disk failed while the state {path} was used.",
        f"Reading or writing ended with an error of the system ({detail}).",
        "Check the disk or the network drive, then run the same command again.",
    )


def export_failed(file: Path, detail: str) -> Halt:
    return _halt(
        1,
        "HX513",
        f"The export {file} can't be written.",
        f"The system says: {detail}.",
        "Name a file in a folder where this user may write and where there is room.",
    )
