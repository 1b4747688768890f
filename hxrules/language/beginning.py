"""A first ruleset, written for whoever begins: small, commented, in the one layout of `hxrules fmt`.

    text = ruleset_text(Answers("acme", {"contacts": Direction.TWO_WAY}))

See also: `layout` (how it is laid out), `cli.init` (who asks), `planning.cases.beginnings` (its tests).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hxrules.language.layout import filter_scalar, formatted
from hxrules.language.model import Direction
from hxrules.records import App

SYNCS = ("contacts", "products", "invoices", "payments")
"""In the order of a run (R8)."""

_HEAD = """\
# yaml-language-server: $schema=schemas/ruleset.v1.json
#
# What is kept in step between HubSpot and Xero, and how. `hxrules validate` checks it, `hxrules test` runs its cases, and
# `hxrules dry-run` shows what it would do. Nothing is written before `hxrules apply`.

hxrules: 1                  # the version of the language
name: {name}
version: "1"                # count it up as you change the file
extends: xero-data-sync@1   # default mappings and fixed limits, pinned: nothing changes underneath you

"""
_UNPINNED = """\
# Accounts that are named under `accounts:` are the only ones that these rules run on; once both are connected,
# `hxrules import --write` names them, and whatever else only your accounts have.

"""
_ABOUT: Mapping[str, Mapping[Direction, str]] = {
    "contacts": {
        Direction.TWO_WAY: "Contacts are matched by e-mail; all default fields travel both ways.",
        Direction.TO_HUBSPOT: "Contacts of Xero go to HubSpot, matched by e-mail. What is edited in HubSpot stays there.",
        Direction.TO_XERO: "Contacts of HubSpot go to Xero, matched by e-mail. What is edited in Xero stays there.",
    },
    "products": {
        Direction.TWO_WAY: "HubSpot's products and Xero's items are matched by SKU.",
        Direction.TO_HUBSPOT: "Items of Xero become products in HubSpot, matched by SKU.",
        Direction.TO_XERO: "Products of HubSpot become items in Xero, matched by SKU.",
    },
    "invoices": {
        Direction.TWO_WAY: "Who made an invoice has the say over it. The base adds limits that nobody can remove: to Xero go "
        "HubSpot's own, once they are open, created or edited since the sync was started, in six currencies.",
        Direction.TO_HUBSPOT: "Invoices of Xero are shown in HubSpot, with their customer and lines. They bill nobody there.",
        Direction.TO_XERO: "HubSpot's own invoices are booked in Xero. The base adds limits that nobody can remove: no drafts, nothing "
        "older than the sync, and six currencies.",
    },
    "payments": {
        Direction.TWO_WAY: "Payments follow their invoices, so that both apps know what is still owed.",
        Direction.TO_HUBSPOT: "Payments that arrive in Xero are shown in HubSpot, where HubSpot payments or Stripe is set up.",
        Direction.TO_XERO: "Payments that arrive in HubSpot are booked in Xero.",
    },
}
_WIDTH = 124
_MERGED = ("contacts", "products")
"""Syncs in which both apps may have the say over one record, and so can be at odds (R10, R18)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first ruleset says."""

    name: str
    directions: Mapping[str, Direction]
    """Of the syncs that run."""
    winner: App = App.XERO
    filters: Mapping[tuple[str, App], str] = field(default_factory=dict)
    """By sync and the app that would be written."""
    sales_account: str = "200"
    bank_account: str = "090"
    portal: int | None = None
    tenant: str | None = None
    organisation: str | None = None

    @property
    def contested(self) -> bool:
        """Can both apps have edited the same field, so that somebody must win?"""
        return any(self.directions.get(name) is Direction.TWO_WAY for name in _MERGED)

    def writes(self, sync: str, app: App) -> bool:
        """Does the sync run, and write this app?"""
        return sync in self.directions and app in self.directions[sync].targets


def ruleset_text(answers: Answers) -> str:
    """The ruleset, as `hxrules fmt` would have it. What the answers say isn't checked here."""
    accounts = "".join(_accounts(answers))
    syncs = "\n".join("".join(_sync(name, answers)) for name in SYNCS if name in answers.directions)
    more = (
        "\n# Should more than 30 % of the linked records change at once, somebody must look first (`--allow-large`).\n"
        "limits: {changes: 30%, of-at-least: 20}\n"
    )
    return formatted(f"{_HEAD.format(name=answers.name)}{accounts or _UNPINNED}syncs:\n{syncs}{more}")


def _accounts(answers: Answers) -> Iterator[str]:
    if answers.portal is None and answers.tenant is None and answers.organisation is None:
        return
    yield "# A token of another portal or organisation is refused before anything is read.\naccounts:\n"
    if answers.portal is not None:
        yield f"  hubspot:\n    portal: {answers.portal}\n"
    if answers.tenant is not None or answers.organisation is not None:
        yield "  xero:\n"
    if answers.tenant is not None:
        yield f"    tenant: {answers.tenant}\n"
    if answers.organisation is not None:
        yield f"    organisation: {json.dumps(answers.organisation, ensure_ascii=False)}\n"
    yield "\n"


def _sync(name: str, answers: Answers) -> Iterator[str]:
    direction = answers.directions[name]
    yield from _comment(_ABOUT[name][direction])
    yield f"  {name}:\n    direction: {direction.value}\n"
    if name in _MERGED and direction is Direction.TWO_WAY:
        winner = answers.winner
        yield f"    # Edited in both, the newer side wins, field by field; where that is unclear, {winner.brand}.\n"
        yield f"    conflict: {{winner: {winner.value}}}\n"
    filters = {app: answers.filters.get((name, app)) for app in direction.targets}
    if any(filters.values()):
        yield "    filters:\n"
    for app in direction.targets:
        if text := filters[app]:
            yield f"      to-{app.value}: {filter_scalar(' '.join(text.split()))}\n"
    if answers.writes(name, App.XERO) and name == "invoices":
        yield f"    sales-account: {_quoted(answers.sales_account)}   # for lines whose item names no account\n"
        yield "    totals: block          # an invoice that would cost another amount in Xero isn't written\n"
    if answers.writes(name, App.XERO) and name == "payments":
        yield f"    bank-account: {_quoted(answers.bank_account)}   # receives what was paid in HubSpot\n"


def _quoted(code: str) -> str:
    return json.dumps(code, ensure_ascii=False)


def _comment(text: str) -> Iterator[str]:
    line = "  #"
    for word in text.split():
        if len(line) + 1 + len(word) > _WIDTH:
            yield f"{line}\n"
            line = "  #"
        line = f"{line} {word}"
    yield f"{line}\n"
