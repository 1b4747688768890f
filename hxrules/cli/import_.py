"""`hxrules import`: what both accounts have beyond the defaults, as rules to be looked at. Reads settings only, no record, and writes
to neither app (R5–R7, R12).

See also: `planning.proposals`, `planning.proposed_mappings` (what is proposed), `language.additions` (the text).
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hxrules import reports
from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, session
from hxrules.cli.files import difference, rewrite
from hxrules.cli.output import print_json, style
from hxrules.connectors.pace import overlapping
from hxrules.connectors.protocol import Connectors
from hxrules.language.additions import with_entry
from hxrules.language.layout import formatted
from hxrules.planning.proposals import NotProposed, Proposal, Proposals, propose_accounts, propose_books
from hxrules.planning.proposed_mappings import propose_mappings
from hxrules.problems import Problem, Severity, has_errors
from hxrules.records import App, Ledger
from hxrules.reports.proposals import reason


@click.command("import")
@click.argument("ruleset", required=False, type=click.Path())
@click.option("--write", is_flag=True, help="Edit the ruleset, after showing how; comments stay.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(ruleset: str | None, write: bool, form: str) -> int:
    """Read what both accounts have (custom properties, accounts, tax rates, currencies) and propose rules for it.

    \b
      hxrules import                 shows proposals, and why others are none
      hxrules import --write         puts them into the ruleset; look at it with git diff

    Writes nothing to either app.
    """
    loaded = rulesets.load_valid(rulesets.one(ruleset))
    shown = rulesets.show(loaded.path)
    before = loaded.sources[shown]
    with session.connected() as connectors:
        found = _looked(loaded, before, connectors)
    after = formatted(_with(before, found.entries))
    changed = write and after != before
    if changed:
        _check(loaded.path, after)
    if form == "json":
        print_json(reports.proposals_json(found, shown, written=changed))
    else:
        click.echo(reports.proposals_text(found, shown, style()))
        if changed:
            click.echo("\n" + difference(shown, before, after), nl=False)
    if changed:
        rewrite(loaded.path, after)
    if form == "text":
        _next(found, shown, ruleset, changed=changed)
    return 0


def _looked(loaded: rulesets.Loaded, text: str, connectors: Connectors) -> Proposals:
    """Everything that can be proposed. Raises `Halt` (1, 7, 8)."""
    assert loaded.ruleset is not None
    rules, catalogue, found = loaded.ruleset, load_catalogue(), Proposals()
    accounts = session.sign_in(loaded, connectors)
    propose_accounts(rules, accounts, found)
    if any(sync.invoices is not None or sync.payments is not None for sync in rules.active):
        hubspot, xero = overlapping(_ledger, [(connectors, app) for app in App])
        propose_books(rules, {App.HUBSPOT: hubspot, App.XERO: xero}, found)

    def refusal(proposal: Proposal) -> Problem | None:
        return _refused(loaded.path, text, [*found.entries, proposal])

    for each in list(found.entries):
        problem = _refused(loaded.path, text, [each])
        if problem is not None:  # the sync stands in a ruleset that this one extends, say
            found.entries.remove(each)
            because = f"it would be {each.value}, but not in this file: {problem.summary} ({problem.code})."
            found.left.append(NotProposed(".".join(each.path), because))
    for sync in rules.active:
        defined = connectors.hubspot.properties(sync.types[App.HUBSPOT])
        propose_mappings(rules, sync, defined, catalogue, refusal, found)
    found.sort()
    return found


def _ledger(asked: tuple[Connectors, App]) -> Ledger:
    connectors, app = asked
    return connectors.of(app).ledger()


def _with(text: str, entries: Sequence[Proposal]) -> str:
    for each in entries:
        text = with_entry(text, each.path, each.value, reason(each))
    return text


def _refused(path: Path, text: str, entries: Sequence[Proposal]) -> Problem | None:
    """The first thing that is wrong with the ruleset once it has these entries."""
    try:
        edited = _with(text, entries)
    except ValueError as error:
        return Problem("HX112", str(error))
    problems = rulesets.load_text(path, edited).problems
    return next((each for each in problems if each.severity is Severity.ERROR), None)


def _check(path: Path, text: str) -> None:
    """Raises `Halt` (3) for a text that is no valid ruleset: then nothing is written."""
    loaded = rulesets.load_text(path, text)
    if loaded.ruleset is None or has_errors(loaded.problems):
        raise rulesets.RulesetHalt(3, loaded.problems, loaded)


def _next(found: Proposals, shown: str, named: str | None, *, changed: bool) -> None:
    words = f" {shlex.quote(named)}" if named else ""
    if changed:
        click.echo(f"\n{shown} has been edited.")
        print(f"Next: hxrules test{words} --coverage, then hxrules dry-run{words}", file=sys.stderr)
    elif found.entries:
        print(f"Next: hxrules import{words} --write puts them into {shown}", file=sys.stderr)
    else:
        print(f"Next: hxrules dry-run{words}", file=sys.stderr)
