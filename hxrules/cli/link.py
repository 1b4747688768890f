"""`hxrules link HUBSPOT_REF XERO_REF`: a person says that two records are one, where matching can't tell (design §2.2)."""

from __future__ import annotations

import click

from hxrules.catalogue import Catalogue, load_catalogue
from hxrules.cli import by_hand, references, rulesets
from hxrules.cli.output import print_json
from hxrules.connectors.protocol import Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.changes import render
from hxrules.planning.linking import key_of
from hxrules.planning.lookup import Asked, link_of
from hxrules.problems import Halt, Problem
from hxrules.records import Apart, App, Record, RecordRef, StateView
from hxrules.running.by_hand import Side, joined, refusal
from hxrules.running.close_up import ask


@click.command("link")
@click.argument("hubspot", metavar="HUBSPOT_REF")
@click.argument("xero", metavar="XERO_REF")
@click.option("--ruleset", help="The ruleset that syncs them.")
@click.option("--yes", is_flag=True, help="Go ahead without asking.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(hubspot: str, xero: str, ruleset: str | None, yes: bool, form: str) -> int:
    """Say that two records belong together, where their keys can't: several have the same one, or none.

    Writes to neither app. The next run takes the two for one, as if they met for the first time: what they differ in is decided by the
    ruleset, and shown by dry-run before.

    \b
      hxrules link hubspot:contacts/101 xero:contacts/4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10
      hxrules link contact:ann@example.com xero:contacts/4302f0ae-…     by e-mail, SKU or number where one has it
      hxrules unlink hubspot:contacts/101                               takes it back
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    assert loaded.ruleset is not None
    sync, asked = _questions((hubspot, xero), loaded.ruleset)
    with by_hand.opened(loaded, "link") as at:
        state, catalogue = at.store.view(), load_catalogue()
        left, right = (_side(asked[app], app, at.connectors, catalogue) for app in App)
        words = f"link {left.ref} {right.ref}"
        if (problem := refusal(sync, left, right, state)) is not None:
            raise Halt(4, [problem])
        already = link_of(sync, (left.ref,), state)
        linked = already is not None and already.gone is None
        if not linked:
            _agree(sync, left, right, state, yes, f"hxrules {words}", form)
            by_hand.carry_out(at, joined(sync, left, right, state), words, "link")
    if form == "json":
        print_json({"sync": sync.name, "hubspot": left.ref.id, "xero": right.ref.id, "changed": not linked})
    elif linked:
        click.echo(f"{left.ref} and {right.ref} are linked already: nothing to do.")
    else:
        click.echo(f"Linked: {left.ref} and {right.ref}. Neither app was written to.")
        click.echo("Next: hxrules dry-run", err=True)
    return 0


def _questions(words: tuple[str, str], rules: Ruleset) -> tuple[Sync, dict[App, Asked]]:
    """Which record is meant in which app; the order counts only where a reference doesn't say. Raises `click.UsageError`, `Halt` (4)."""
    questions = [references.question(word, rules) for word in words]
    if [each.app for each in questions] in ([App.XERO, App.HUBSPOT], [App.XERO, None], [None, App.HUBSPOT]):
        questions.reverse()
    asked = dict(zip(App, questions, strict=True))
    if any(each.app not in (app, None) for app, each in asked.items()):
        raise click.UsageError("One record of HubSpot and one of Xero are needed: both are of the same app.")
    names = [each.sync.name for each in asked.values()]
    if names[0] != names[1]:
        problem = Problem(
            "HX342",
            f"{words[0]} and {words[1]} are of different kinds",
            f"One is of the sync {names[0]}, the other of {names[1]}.",
            "Name two records of one sync.",
            next_command="hxrules link --help",
        )
        raise Halt(4, [problem])
    return asked[App.HUBSPOT].sync, asked


def _side(asked: Asked, app: App, connectors: Connectors, catalogue: Catalogue) -> Side:
    """The record of this app that is meant, as the app has it now. Raises `click.UsageError` for words that may mean several."""
    sync, info = asked.sync, catalogue.type(app, asked.sync.types[app])
    wanted = asked.words.casefold()
    found = [each for each in ask(asked, connectors, catalogue) if each.ref.app is app]
    if asked.app is None:
        found = [each for each in found if key_of(sync, each) == (wanted,)]
    else:
        # Of a record that was merged away the app shows the survivor as well.
        found = [each for each in found if each.ref.id.casefold() == wanted]
    if len({each.ref for each in found}) > 1:
        listed = ", ".join(str(each.ref) for each in found)
        raise click.UsageError(f"{asked.words!r} may be several records of {app.brand}: {listed}. Name one of these.")
    record = found[0] if found else None
    ref = record.ref if record is not None else RecordRef(app, info.type, asked.words)
    return Side(ref, _label(record, info.labels), record)


def _label(record: Record | None, labels: tuple[str, ...]) -> str:
    fields = {} if record is None else record.fields
    return next((name for each in labels if (name := render(each, fields))), "")


def _agree(sync: Sync, left: Side, right: Side, state: StateView, yes: bool, again: str, form: str) -> None:
    title = sync.name.removesuffix("s")
    consequences = [
        f"The next run takes them for one {title}, as if they met for the first time: what they differ in is decided by the ruleset, "
        "and hxrules dry-run shows it before. Neither app is written to now."
    ]
    if not sync.enabled:
        consequences.append(f"The sync {sync.name} is off: nothing happens until it is switched on.")
    if Apart(sync.name, left.ref.id, right.ref.id) in state.apart:
        consequences.append("They were parted by hand before; this takes it back.")
    sides = {left.ref: left.label, right.ref: right.label}
    by_hand.agree(f"Link these two {sync.name}:", sync, sides, consequences, yes, again, form)
