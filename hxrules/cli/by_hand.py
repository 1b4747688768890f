"""What `link` and `unlink` share: the state under its lock, the question, the journal.

See also: `running.by_hand` (the steps), `references` (which records are meant).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, session
from hxrules.cli.clock import now
from hxrules.cli.output import style, values
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.problems import Halt, Problem
from hxrules.records import RecordRef
from hxrules.reports.masking import mask_text
from hxrules.reports.style import fold
from hxrules.running.interrupted import settle_old
from hxrules.state.entries import Advance
from hxrules.state.store import Store


@dataclass(frozen=True, slots=True)
class Opened:
    """The ruleset, both apps, and the state under its lock, with what killed runs left settled."""

    rules: Ruleset
    folder: Path
    connectors: Connectors
    store: Store


@contextmanager
def opened(loaded: rulesets.Loaded, command: str) -> Iterator[Opened]:
    """Raises `Halt` as `apply` does: 7 for other accounts, 5 for another state, 9 while a run holds the lock."""
    assert loaded.ruleset is not None
    with session.connected() as connectors:
        accounts = session.sign_in(loaded, connectors)
        with session.own_store() as store:
            store.bind(accounts.portal.id, accounts.organisation.tenant)
            with session.locked(store, accounts.portal.id, accounts.organisation.tenant, command):
                settle_old(store, connectors, load_catalogue(), loaded.ruleset)
                yield Opened(loaded.ruleset, loaded.path.resolve().parent, connectors, store)


def agree(
    title: str, sync: Sync, sides: Mapping[RecordRef, str], consequences: list[str], yes: bool, again: str, form: str
) -> None:
    """Says what is about to be done and asks. Raises `Halt` (4) without a yes."""
    if yes:
        return
    if form == "json" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        waiting = Problem(
            "HX306",
            f"{again} waits for a yes",
            "Nobody can be asked here: this is no terminal, or the output is JSON.",
            " ".join(consequences),
            next_command=f"{again} --yes",
        )
        raise Halt(4, [waiting])
    click.echo(shown(title, sync, sides, consequences))
    if not click.confirm("\nGo ahead?", default=False):
        raise Halt(
            4, [Problem("HX307", "nothing was changed", "It was turned down.", "", next_command="hxrules status")]
        )


def shown(title: str, sync: Sync, sides: Mapping[RecordRef, str], paragraphs: list[str]) -> str:
    """Both records, one below the other, and what to know about them."""
    drawn, mode = style(), values(None)
    names = {ref: drawn.say(mask_text(label, mode, sync.name)) for ref, label in sides.items()}
    width = max(len(str(ref)) for ref in sides)
    lines = [title, ""]
    lines += [f"  {ref!s:<{width}}  {name}".rstrip() for ref, name in names.items()]
    for paragraph in paragraphs:
        lines += ["", *fold(paragraph, drawn.width)]
    return "\n".join(lines)


def carry_out(at: Opened, step: Advance, command: str, act: str) -> None:
    """The step of the state, in one transaction, as a run of its own in the journal: one without a plan and without writes."""
    header = session.header_of(at.rules, "", command, now(), at.folder)
    at.store.begin(header)
    at.store.settle(header.id, (), step)
    at.store.finish(header.id, "done", {act: 1}, {}, now())
