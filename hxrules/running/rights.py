"""Whether the credentials may do what the ruleset asks for: looked at before anything is written (R5).

A consent says what was granted, so every scope that is missing can be named at once. A static HubSpot token can't tell
(design §0.6): its reads are tried first, and the first write that is refused names the scope. Properties that only this account has
are taken on trust offline: before a run HubSpot's definitions are read, once for each type whose mappings name some.
"""

from __future__ import annotations

from collections.abc import Iterator

from hxrules.catalogue import Catalogue
from hxrules.connectors import scopes
from hxrules.connectors.protocol import Connector, Connectors
from hxrules.language.model import Ruleset, Sync
from hxrules.planning.account_check import book_problems, property_problems, types_to_ask
from hxrules.planning.needs import associations_to_read
from hxrules.problems import Halt, Problem, Severity, has_errors
from hxrules.records import App

_PARTS = frozenset({"line", "discount", "tax"})
"""Words for what is written along with an invoice."""


def check_rights(ruleset: Ruleset, connectors: Connectors, catalogue: Catalogue) -> None:
    """Raises `Halt` (7, `HX402`) that names all scopes that are missing. To be called after `identify`."""
    problems = []
    for app in App:
        granted = connectors.of(app).scopes
        missing = lacking(ruleset, app, granted, catalogue) if granted is not None else []
        if missing:
            command = f"hxrules connect {app}"
            problems.append(
                Problem(
                    "HX402",
                    f"The {app.brand} connection lacks the scope{'s' * (len(missing) > 1)} {', '.join(missing)}",
                    "The syncs of the ruleset need what was not granted. Nothing was read or written.",
                    f"Type `{command}` and agree to all scopes, or switch the syncs off.",
                    next_command=command,
                )
            )
    if problems:
        raise Halt(7, problems)


def look_at_properties(ruleset: Ruleset, hubspot: Connector) -> list[Problem]:
    """What is wrong with the custom properties that the active syncs name, in the account as it is now; no call where they name none.

    Raises `Halt`: 7 (`HX402`) for a token that may not look, 1 or 8 for an app that can't be read.
    """
    return property_problems(ruleset, {kind: hubspot.properties(kind) for kind in types_to_ask(ruleset)})


def look_at_account(ruleset: Ruleset, connectors: Connectors) -> list[Problem]:
    """Everything in which the ruleset and the two accounts don't fit, each with its place. Raises `Halt` (1, 7, 8)."""
    problems = look_at_properties(ruleset, connectors.hubspot)
    if any(sync.invoices is not None or sync.payments is not None for sync in ruleset.active):
        problems += book_problems(ruleset, {app: connectors.of(app).ledger() for app in App})
    return problems


def check_properties(ruleset: Ruleset, hubspot: Connector) -> None:
    """Raises `Halt` (3) before anything is planned with a property that isn't there, or can't take what the rules would write.

    A token that may not look at definitions can still work: then the first write that is refused tells (`HX217`, `HX218`).
    """
    try:
        problems = look_at_properties(ruleset, hubspot)
    except Halt as halt:
        if any(problem.code == "HX402" for problem in halt.problems):
            return
        raise
    if has_errors(problems):
        raise Halt(3, [problem for problem in problems if problem.severity is Severity.ERROR])


def lacking(ruleset: Ruleset, app: App, granted: frozenset[str], catalogue: Catalogue) -> list[str]:
    """The scopes of the app without which the active syncs can't do their work."""
    reads: dict[str, None] = {"settings": None} if app is App.XERO else {}
    writes: dict[str, None] = {}
    for sync in ruleset.active:
        reads.update(dict.fromkeys(_read(sync, app, catalogue)))
        if app in sync.direction.targets:
            writes.update(dict.fromkeys(_written(sync, app, catalogue)))
    return scopes.lacking(app, reads, writes, granted)


def _read(sync: Sync, app: App, catalogue: Catalogue) -> Iterator[str]:
    yield sync.types[app]
    associations = catalogue.type(app, sync.types[app]).associations
    yield from (associations[word].type for word in associations_to_read(sync, app) if word in associations)
    if sync.invoices is not None and app is App.HUBSPOT:
        yield "tax_rates"


def _written(sync: Sync, app: App, catalogue: Catalogue) -> Iterator[str]:
    yield sync.types[app]
    if sync.invoices is not None:
        associations = catalogue.type(app, sync.types[app]).associations
        yield from (association.type for word, association in associations.items() if word in _PARTS)
