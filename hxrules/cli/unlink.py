"""`hxrules unlink REF`: a person says that two linked records are not one; they stay parted (design §2.2)."""

from __future__ import annotations

import click

from hxrules.catalogue import Catalogue, load_catalogue
from hxrules.cli import by_hand, references, rulesets
from hxrules.cli.output import print_json
from hxrules.language.model import Sync
from hxrules.planning.lookup import Asked, Meant, link_of, nearest, remembered
from hxrules.problems import Halt, Problem
from hxrules.records import App, Link, StateView
from hxrules.running.by_hand import parted


@click.command("unlink")
@click.argument("ref", metavar="REF")
@click.option("--ruleset", help="The ruleset that syncs them.")
@click.option("--yes", is_flag=True, help="Go ahead without asking.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(ref: str, ruleset: str | None, yes: bool, form: str) -> int:
    """Part two records that are linked, and keep them apart. REF is either of them.

    Writes to neither app and deletes nothing. From the next run on each stands alone: it may be matched with another record, or be made
    anew in the other app. The two are never matched with one another again, until hxrules link says so.

    \b
      hxrules unlink hubspot:contacts/101
      hxrules unlink contact:ann@example.com --yes        in a script
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    assert loaded.ruleset is not None
    asked = references.question(ref, loaded.ruleset)
    sync, catalogue = asked.sync, load_catalogue()
    with by_hand.opened(loaded, "unlink") as at:
        state = at.store.view()
        meant, link = _linked(ref, asked, state, catalogue)
        left, right = meant.refs
        words = f"unlink {left}"
        sides = dict.fromkeys(meant.refs, meant.label)
        told = _consequences(sync, catalogue)
        by_hand.agree(f"Part these two {sync.name}:", sync, sides, told, yes, f"hxrules {words}", form)
        by_hand.carry_out(at, parted(sync, link, meant.label, state), words, "part")
    if form == "json":
        print_json({"sync": sync.name, "hubspot": left.id, "xero": right.id, "changed": True})
        return 0
    click.echo(f"Parted: {left} and {right}. Neither app was written to; hxrules link {left} {right} takes it back.")
    click.echo("Next: hxrules dry-run", err=True)
    return 0


def _linked(word: str, asked: Asked, state: StateView, catalogue: Catalogue) -> tuple[Meant, Link]:
    """The one linked pair that is meant. Raises `Halt` (4) for none, `click.UsageError` (64) for several."""
    found = [
        (each, link)
        for each in remembered(asked, state, catalogue)
        if (link := link_of(asked.sync, each.refs, state)) is not None
    ]
    if len(found) > 1:
        listed = ", ".join(str(each.refs[0]) for each, _ in found)
        raise click.UsageError(f"{word!r} may be several records: {listed}. Name one of these.")
    if not found:
        close = [] if remembered(asked, state, catalogue) else nearest(asked, state, catalogue)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        problem = Problem(
            "HX343",
            f"{word} is linked to nobody",
            f"The state knows no link of it.{hint}",
            "Look with `hxrules status` which records are known, and by which ids.",
            next_command="hxrules status",
        )
        raise Halt(4, [problem])
    return found[0]


def _consequences(sync: Sync, catalogue: Catalogue) -> list[str]:
    """What parting two records brings about, before it is done."""
    title = sync.name.removesuffix("s")
    made = " and ".join(
        "Xero's in HubSpot" if app is App.HUBSPOT else "HubSpot's in Xero" for app in sync.direction.targets
    )
    memory = catalogue.type(App.HUBSPOT, sync.types[App.HUBSPOT]).memory
    told = [
        "Neither app is written to now, and nothing is deleted.",
        f"From the next run on each stands alone: it may be matched with another {title}, or be made anew ({made}) if its filter lets it "
        "through; hxrules dry-run shows it before. They are never matched with one another again, until hxrules link says so.",
    ]
    if memory is not None:
        told.append(
            f"Only the state knows that. In HubSpot the {title} still names its partner in {memory}: if the state is lost, the two are "
            "taken for one again, unless you empty that property."
        )
    return told
