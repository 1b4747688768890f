"""`hxrules remove SYNC`: forgets a sync's links and history, after its name was typed. Nothing in either app is deleted (R22)."""

from __future__ import annotations

import sys

import click

from hxrules.cli import rulesets, session
from hxrules.problems import Halt, Problem
from hxrules.state.entries import Advance


@click.command("remove")
@click.argument("sync", shell_complete=rulesets.sync_names)
@click.option("--ruleset", help="The ruleset that must no longer run the sync.")
@click.option("--confirm", metavar="SYNC", help="The name of the sync once more, where nobody can be asked.")
def command(sync: str, ruleset: str | None, confirm: str | None) -> int:
    """Forget which records of a sync belong together, what they last held, and when it started.

    The sync must be off (enabled: false) or gone from the ruleset, which is not edited. Every record stays as it is in both apps. If
    the sync is switched on again, its records meet for the first time: they match by their key.

    \b
      hxrules remove contacts
      hxrules remove contacts --confirm contacts     in a script
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    assert loaded.ruleset is not None
    running = next((each for each in loaded.ruleset.active if each.name == sync), None)
    if running is not None:
        problem = Problem(
            "HX310",
            f"{sync} is still on",
            "A sync that runs would only find its records again.",
            f"Write `enabled: false` under {sync}, or take it out of the ruleset; then remove it.",
            span=running.span,
        )
        raise rulesets.RulesetHalt(4, [problem], loaded)
    store = session.existing_store()
    known = {} if store is None else {each.name: each for each in store.view().syncs.values()}
    links = 0 if store is None else sum(each.sync == sync for each in store.view().links)
    if store is not None:
        store.close()
    if sync not in known and not links:
        raise click.UsageError(
            f"The state knows no sync {sync!r}" + (f"; it knows {', '.join(sorted(known))}." if known else ".")
        )
    _confirmed(sync, links, confirm)
    with session.own_store() as own:
        state = own.view()
        with session.locked(own, state.portal, state.tenant, "remove"):
            own.advance(Advance(drop_syncs=(sync,)))
    click.echo(f"{sync} is forgotten: {links:,} links. All records are as they were, in both apps.")
    return 0


def _confirmed(sync: str, links: int, confirm: str | None) -> None:
    """Raises `Halt` (4) unless the name was typed."""
    if confirm is None and sys.stdin.isatty():
        click.echo(f"This forgets {links:,} links of {sync} and when it started. No record is deleted in either app.")
        confirm = click.prompt(f"Type {sync} to go on", default="", show_default=False)
    if confirm != sync:
        raise Halt(
            4,
            [
                Problem(
                    "HX311",
                    f"{sync} was not removed",
                    "Its name was not typed to confirm it.",
                    "Say it again with the name of the sync.",
                    next_command=f"hxrules remove {sync} --confirm {sync}",
                )
            ],
        )
