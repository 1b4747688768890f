"""`hxrules doctor`: is everything in place? Sign-in, scopes, accounts, currencies, clocks, lock dates, properties, limits left.

Reads only. What is wrong is said with what to do about it, all at once. See also: `connect`, `running.rights`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

import click

from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets
from hxrules.cli.clock import now
from hxrules.cli.output import print_json
from hxrules.connectors import open_connectors
from hxrules.connectors.pace import Timing
from hxrules.connectors.protocol import Connector, Connectors
from hxrules.connectors.settings import Settings, settings_from
from hxrules.connectors.vitals import vitals
from hxrules.language.model import Ruleset
from hxrules.planning.account_check import types_to_ask
from hxrules.problems import Halt, Severity, has_errors
from hxrules.records import App, Organisation, Portal
from hxrules.running.fetch import identify
from hxrules.running.rights import check_rights, look_at_properties

CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""Times that lie this near are "unclear" to the newer-wins rule anyway (design §0.5)."""
FEW_CALLS: Final = 200

_GOOD, _LOOK, _WRONG = "ok", "look", "wrong"
_BY = {"token": "a token", "oauth": "a consent", "custom": "a custom connection"}
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `look` is for a person to judge; `wrong` keeps hxrules from working."""

    state: str
    what: str
    remedy: str = ""
    code: str = ""


@click.command("doctor")
@click.argument("ruleset", required=False, type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(ruleset: str | None, form: str) -> int:
    """Check that hxrules can work here, and say what to do where it can't. Changes nothing.

    \b
      hxrules doctor
      hxrules doctor acme.yaml     against another ruleset

    Ends with 7 when something is wrong.
    """
    checkup = _Checkup()
    checkup.everything(ruleset)
    wrong = [each for each in checkup.findings if each.state == _WRONG]
    if form == "json":
        print_json({"ok": not wrong, "findings": [asdict(each) for each in checkup.findings]})
        return 7 if wrong else 0
    for each in checkup.findings:
        click.echo(f"{each.state:7}{each.what}" + (f"  ({each.code})" if each.code else ""))
        if each.remedy:
            click.echo(f"       {each.remedy}")
    coded = next((each.code for each in wrong if each.code), "")
    click.echo(f"Next: hxrules explain {coded}" if coded else "Next: hxrules dry-run", err=True)
    return 7 if wrong else 0


class _Checkup:
    """Looks at one thing after the other, and goes on as far as it makes sense."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def everything(self, named: str | None) -> None:
        rules = self._ruleset(named)
        # Each app alone first, so that a missing connection is said of the one that lacks it.
        known = [self._attempt(partial(settings_from, os.environ, [app])) for app in App]
        if None in known:
            return
        settings = settings_from(os.environ)
        with closing(open_connectors(settings)) as connectors:
            self._both(rules, settings, connectors)

    def _both(self, rules: Ruleset | None, settings: Settings, connectors: Connectors) -> None:
        portal = self._attempt(connectors.hubspot.identify)
        organisation = self._attempt(connectors.xero.identify)
        if isinstance(portal, Portal):
            currencies = ", ".join(portal.currencies)
            self._good(
                f"HubSpot portal {portal.id} answers, by {_how(settings, App.HUBSPOT)}; {portal.time_zone}; {currencies}"
            )
            self._vitals(App.HUBSPOT, settings)
        if isinstance(organisation, Organisation):
            zone, currency = organisation.time_zone, organisation.base_currency
            self._good(
                f"Xero organisation {organisation.name} answers, by {_how(settings, App.XERO)}; {zone}; {currency}"
            )
            self._vitals(App.XERO, settings)
            if organisation.locked_until is not None:
                until = f"Xero is locked up to {organisation.locked_until:%Y-%m-%d}"
                self._look(until, "Invoices and payments of that day or before can't be written.")
        if rules is None or portal is None or organisation is None:
            return
        self._accounts(rules, connectors)
        self._properties(rules, connectors.hubspot)
        if isinstance(portal, Portal) and any(sync.invoices for sync in rules.active):
            self._currencies(portal, connectors)

    def _ruleset(self, named: str | None) -> Ruleset | None:
        try:
            loaded = rulesets.load(rulesets.one(named))
        except Halt as halt:
            self._look(halt.problems[0].summary, "So scopes, accounts and properties are not compared with a ruleset.")
            return None
        shown = rulesets.show(loaded.path)
        if loaded.ruleset is None or has_errors(loaded.problems):
            code = loaded.problems[0].code
            self.findings.append(
                Finding(_WRONG, f"The ruleset {shown} is not valid", f"Type `hxrules validate {shown}`.", code)
            )
            return None
        self._good(f"The ruleset {shown} is valid; it runs {', '.join(each.name for each in loaded.ruleset.active)}")
        return loaded.ruleset

    def _vitals(self, app: App, settings: Settings) -> None:
        found = self._attempt(lambda: vitals(app, settings, Timing()))
        if found is None:
            return
        if found.clock is not None:
            apart = now() - found.clock
            seconds = abs(apart.total_seconds())
            if abs(apart) > CLOCK_TOLERANCE:
                way = "ahead of" if apart > timedelta() else "behind"
                self._look(
                    f"This clock is {seconds:,.0f} seconds {way} {app.brand}'s", "Set the clock: newer wins by time."
                )
            else:
                self._good(f"This clock and {app.brand}'s agree")
        if found.day_left is not None:
            left = f"{found.day_left:,} calls to {app.brand} are left today"
            if found.day_left < FEW_CALLS:
                self._look(left, "A run that needs more ends with 8 and can be gone on with tomorrow.")
            else:
                self._good(left)

    def _accounts(self, rules: Ruleset, connectors: Connectors) -> None:
        if self._attempt(lambda: identify(rules, connectors)) is not None:
            self._good("The accounts are those that the ruleset is for")
        if connectors.hubspot.scopes is None:
            remedy = "Reads are tried before anything is written; a write that is refused names its scope."
            self._look("A static HubSpot token can't tell its scopes", remedy)
        before = len(self.findings)
        self._attempt(lambda: check_rights(rules, connectors, load_catalogue()))
        if len(self.findings) == before:
            self._good("No scope that the ruleset needs is known to be missing")

    def _currencies(self, portal: Portal, connectors: Connectors) -> None:
        books = self._attempt(connectors.xero.ledger)
        if books is None:
            return
        lacking = sorted(books.currencies.difference(portal.currencies))
        if lacking:
            remedy = "Add them in HubSpot's settings; until then invoices in them are held (HX238)."
            self._look(f"HubSpot lacks currencies of Xero: {', '.join(lacking)}", remedy)
        else:
            self._good(f"HubSpot has all currencies of Xero: {', '.join(sorted(books.currencies))}")

    def _properties(self, rules: Ruleset, hubspot: Connector) -> None:
        """Properties that only this account has: their names are taken on trust offline."""
        kinds = types_to_ask(rules)
        found = self._attempt(lambda: look_at_properties(rules, hubspot)) if kinds else None
        if found is None:
            return
        for problem in found:
            state = _WRONG if problem.severity is Severity.ERROR else _LOOK
            what = f"{problem.summary} ({problem.span})"
            self.findings.append(Finding(state, what, problem.remedy, problem.code))
        if not found:
            self._good(f"HubSpot's {' and '.join(kinds)} have the properties that the mappings name")

    def _attempt(self, work: Callable[[], _Result]) -> _Result | None:
        """The result of the work; what stops it becomes findings."""
        try:
            return work()
        except Halt as halt:
            for problem in halt.problems:
                what = f"{problem.summary}: {problem.cause}" if problem.cause else problem.summary
                self.findings.append(Finding(_WRONG, what, problem.remedy, problem.code))
            return None

    def _good(self, what: str) -> None:
        self.findings.append(Finding(_GOOD, what))

    def _look(self, what: str, remedy: str) -> None:
        self.findings.append(Finding(_LOOK, what, remedy))


def _how(settings: Settings, app: App) -> str:
    connection = settings.stored.get(app)
    if connection is None:
        return "the environment's credentials"
    return f"{_BY[connection.kind]} of {connection.made:%Y-%m-%d}"
