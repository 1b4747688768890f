"""`hxrules explain REF|CODE`: why a record stands where it stands; or the long form of a problem."""

from __future__ import annotations

from dataclasses import replace
from textwrap import fill
from typing import TYPE_CHECKING

import click

from hxrules.cli.output import print_json, style, values

if TYPE_CHECKING:
    from hxrules.cli.rulesets import Loaded
    from hxrules.planning.lookup import Asked, Meant
    from hxrules.records import StateView
    from hxrules.reports.explain import Explained
    from hxrules.reports.masking import Values


@click.command("explain")
@click.argument("word", metavar="REF|CODE")
@click.argument("ruleset", required=False)
@click.option(
    "--live", is_flag=True, help="Ask the apps: how it is now, and what the next run would do. Writes nothing."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--values", "mode", type=click.Choice(["full", "masked", "none"]), help="How much personal data is shown."
)
def command(word: str, ruleset: str | None, live: bool, form: str, mode: str | None) -> int:
    """Print why a record stands where it stands, field by field, with the rule's file and line; or what a problem code means.

    \b
      hxrules explain contact:you@example.com        by e-mail, SKU, number or name, as the last run left it
      hxrules explain invoice:INV-0042 --live        as it is now, and what the next run would do
      hxrules explain hubspot:contacts/101           by an app's own id; xero:invoices/GUID likewise
      hxrules explain HX203                          the long form of a problem
    """
    from hxrules.planning.lookup import is_reference

    if not is_reference(word):
        _explain_code(word, form)
        return 0
    from hxrules import reports
    from hxrules.cli import rulesets

    loaded = rulesets.load_valid(rulesets.one(ruleset))
    shown = values(mode, json_output=form == "json")
    found = _explained(word, loaded, live, shown)
    if form == "json":
        print_json(reports.explained_json(found))
    else:
        click.echo(reports.explained_text(found, style()))
    return 0


# --- a code ------------------------------------------------------------------------------------------------------------------


def _explain_code(code: str, form: str) -> None:
    from hxrules.problems import explanations, near

    known = explanations()
    found = known.get(code.upper())
    if found is None:
        close = near(code.upper(), known, 1)
        hint = (
            f" Did you mean {close[0]}?" if close else " Codes look like HX203, records like contact:you@example.com."
        )
        raise click.UsageError(f"There is no code {code!r}.{hint}")
    if form == "json":
        print_json({"code": found.code, "title": found.title, "text": found.text})
        return
    width = style().width
    text = "\n".join(_laid_out(paragraph, width) for paragraph in found.text.split("\n\n"))
    click.echo(f"{found.code}  {found.title}\n\n{text}")


def _laid_out(paragraph: str, width: int) -> str:
    """A paragraph in the width of the terminal; an indented one (a piece of YAML, a command) as it stands."""
    if any(line.startswith(" ") for line in paragraph.splitlines()):
        return f"{paragraph}\n"
    return fill(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False) + "\n"


# --- a record ----------------------------------------------------------------------------------------------------------------


def _explained(word: str, loaded: Loaded, live: bool, shown: Values) -> Explained:
    from hxrules import reports
    from hxrules.cli import references, session
    from hxrules.planning.lookup import link_of
    from hxrules.records import StateView

    assert loaded.ruleset is not None
    question = references.question(word, loaded.ruleset)
    store = session.existing_store()
    try:
        state = store.view() if store is not None else StateView("", 0, None, None)
        if live:
            return _live(word, question, loaded, state, shown)
        meant = _meant(word, question, state)
        return reports.from_state(meant, link_of(meant.sync, meant.refs, state), state, shown)
    finally:
        if store is not None:
            store.close()


def _meant(word: str, question: Asked, state: StateView, also: list[Meant] | None = None) -> Meant:
    """The one record that is meant. Raises `click.UsageError` (64) for none, and for several."""
    from hxrules.catalogue import load_catalogue
    from hxrules.planning.lookup import nearest, remembered

    catalogue = load_catalogue()
    found = remembered(question, state, catalogue) or also or []
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(str(ref) for each in found for ref in each.refs[:1])
        raise click.UsageError(f"{word!r} may be several records: {listed}. Name one of these.")
    close = nearest(question, state, catalogue)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    where = "Neither the state nor the apps know it" if also is not None else "No run has seen it; --live asks the apps"
    raise click.UsageError(f"There is no record {word!r}. {where}.{hint}")


def _live(word: str, question: Asked, loaded: Loaded, state: StateView, shown: Values) -> Explained:
    from hxrules import reports
    from hxrules.catalogue import load_catalogue
    from hxrules.cli import session
    from hxrules.cli.clock import now
    from hxrules.cli.progress import ProgressLine
    from hxrules.planning.close_up import close_up
    from hxrules.planning.lookup import among, link_of, remembered
    from hxrules.running.close_up import ask, read_closely

    catalogue, progress, when = load_catalogue(), ProgressLine(), now()
    assert loaded.ruleset is not None
    with session.connected() as connectors:
        accounts = session.sign_in(loaded, connectors)
        also: list[Meant] = []
        if not remembered(question, state, catalogue):
            also = among(question, ask(question, connectors, catalogue), state)
        meant = _meant(word, question, state, also)
        narrow = replace(state, known={ref: state.known[ref] for ref in meant.refs if ref in state.known})
        try:
            snapshot = read_closely(loaded.ruleset, meant, narrow, connectors, accounts, when, catalogue, progress)
        finally:
            progress.done()
    seen = close_up(loaded.ruleset, snapshot, narrow, when, catalogue, meant)
    return reports.from_apps(meant, link_of(meant.sync, meant.refs, state), state, seen, shown)
