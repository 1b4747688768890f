"""The questions of `hxrules init`: few, each with an answer that Enter takes; what an option has said isn't asked.

See also: `init` (options), `init_choices` (what is offered), `typed_filters` (conditions are checked as they are typed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

from hxrules import reports
from hxrules.cli.init_choices import EVERYTHING, OFFERS, PRESETS, Preset
from hxrules.cli.typed_filters import checked_filter
from hxrules.language.beginning import SYNCS, Answers
from hxrules.language.model import Direction
from hxrules.problems import Halt
from hxrules.records import App
from hxrules.reports.style import Style, Tone, cells, table

_CI: Final = ("github", "gitlab", "none")
_NEEDS: Final = {"invoices": "contacts", "payments": "invoices"}
"""Sync → the one without which none of its records could travel: an invoice's customer, a payment's invoice (R8, R23)."""


class Pattern(click.ParamType[str]):
    """Text of a shape."""

    name = "text"

    def __init__(self, pattern: str, wanted: str) -> None:
        self.pattern = re.compile(pattern, re.ASCII)
        self.wanted = wanted

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self.pattern.fullmatch(value):
            self.fail(f"{value!r} is not {self.wanted}.", param, ctx)
        return value


CODE: Final = Pattern(r"[\w.-][\w./ -]{0,9}", "the code of an account in Xero (200, say)")


@dataclass(frozen=True, slots=True)
class Said:
    """What options have said; `None`, or absent, is what they haven't."""

    preset: str | None
    directions: Mapping[str, Direction | None]
    """`None`: this sync is off."""
    winner: App | None
    filters: Mapping[tuple[str, App], str | None]
    """`None`: no filter."""
    sales_account: str | None
    bank_account: str | None
    portal: int | None
    tenant: str | None
    organisation: str | None
    name: str
    ci: str | None

    @property
    def beginning(self) -> Preset:
        """The preset; without one, what the options say and nothing else, or contacts where they say no direction."""
        if self.preset is None and any(self.directions.values()):
            return Preset("", {}, PRESETS["two-way"].filters)
        return PRESETS[self.preset or "contacts"]


def taken(said: Said) -> tuple[Answers, str]:
    """The answers without any question, and the CI. Raises `click.UsageError` (64) for what can't go together."""
    preset = said.beginning
    directions = _directions(preset.directions, said.directions)
    for sync, app in said.filters:
        if sync not in directions or app not in directions[sync].targets:
            raise click.UsageError(
                f"--filter {sync}.to-{app.value} would do nothing: no sync of {sync} writes {app.brand}."
            )
    for sync, needed in _NEEDS.items():
        if sync in directions and needed not in directions:
            raise click.UsageError(f"{sync} can't go without {needed}: add --{needed}, or --{sync} off.")
    if not directions:
        raise click.UsageError("Nothing would be kept in step: every sync is off.")
    filters = {**preset.filters, **said.filters}
    answers = Answers(
        name=said.name,
        directions=directions,
        winner=said.winner or App.XERO,
        filters={where: text for where, text in filters.items() if text},
        sales_account=said.sales_account or "200",
        bank_account=said.bank_account or "090",
        portal=said.portal,
        tenant=said.tenant,
        organisation=said.organisation,
    )
    return answers, said.ci or "github"


def asked(said: Said, style: Style) -> tuple[Answers, str]:
    """The answers of a person at a terminal. Raises `click.Abort` when he has had enough."""
    asking = _Asking(style)
    name = said.preset or ("" if any(said.directions.values()) else asking.preset())
    preset = PRESETS[name] if name else said.beginning
    directions = asking.directions(_directions(preset.directions, said.directions), said)
    draft = Answers(said.name, directions)
    winner = said.winner or (asking.winner() if draft.contested else App.XERO)
    filters: dict[tuple[str, App], str | None] = {}
    for where, offers in OFFERS.items():
        if draft.writes(*where):
            filters[where] = said.filters[where] if where in said.filters else asking.filter(where, offers, preset)
    chosen = Said(
        preset=None,
        directions=directions,
        winner=winner,
        filters={**{where: text for where, text in said.filters.items() if draft.writes(*where)}, **filters},
        sales_account=said.sales_account
        or (
            asking.code("Xero's account for lines whose item names none", "200")
            if draft.writes("invoices", App.XERO)
            else None
        ),
        bank_account=said.bank_account
        or (
            asking.code("Xero's account for money that was paid in HubSpot", "090")
            if draft.writes("payments", App.XERO)
            else None
        ),
        portal=said.portal,
        tenant=said.tenant,
        organisation=said.organisation,
        name=said.name,
        ci=said.ci or asking.ci(),
    )
    return taken(chosen)


def _directions(preset: Mapping[str, Direction], said: Mapping[str, Direction | None]) -> dict[str, Direction]:
    merged = {**preset, **said}
    return {sync: direction for sync in SYNCS if (direction := merged.get(sync)) is not None}


class _Asking:
    """Asks, and asks again until the answer is one."""

    def __init__(self, style: Style) -> None:
        self.style = style

    def preset(self) -> str:
        self._head("What should be kept in step?")
        names = list(PRESETS)
        self._numbered([(each.words, name) for name, each in PRESETS.items()])
        return names[int(self._prompt("Number", "1", click.IntRange(1, len(names)))) - 1]

    def directions(self, usual: Mapping[str, Direction], said: Said) -> dict[str, Direction]:
        """Of each sync that can run: the options' word, else an answer."""
        self._head("Which way does each travel?  two-way, to-hubspot, to-xero or off")
        words = [*(each.value for each in Direction), "off"]
        found: dict[str, Direction] = {}
        for sync in SYNCS:
            if sync in said.directions:
                chosen = said.directions[sync]
            elif _NEEDS.get(sync, sync) not in (sync, *found):
                chosen = None  # its records would have no customer, or no invoice, in the other app
            else:
                before = usual.get(sync)
                word = self._prompt(f"  {sync}", before.value if before else "off", click.Choice(words))
                chosen = None if word == "off" else Direction(word)
            if chosen is not None:
                found[sync] = chosen
        if not found:
            click.echo("  At least one must travel.")
            return self.directions(usual, said)
        return found

    def winner(self) -> App:
        self._head("Edited in both apps, the newer side wins. Who wins where that is unclear?")
        return App(self._prompt("  hubspot or xero", "xero", click.Choice([each.value for each in App])))

    def filter(self, where: tuple[str, App], offers: Mapping[str, str], preset: Preset) -> str | None:
        """One of the offers by its number, `all`, or a condition of one's own."""
        sync, target = where
        self._head(f"Which of {target.other.brand}'s {sync} may go to {target.brand}?")
        texts: list[str | None] = [*offers.values(), None]
        usual = preset.filters.get(where)
        if usual is not None and usual not in texts:
            texts.insert(0, usual)
        rows = [
            (next((words for words, each in offers.items() if each == text), "as before"), text or "")
            for text in texts[:-1]
        ]
        self._numbered([*rows, (EVERYTHING, "")])
        while True:
            answer = str(
                self._prompt("  Number, or a condition of your own", str(texts.index(usual) + 1), None)
            ).strip()
            if answer.isdecimal() and 1 <= int(answer) <= len(texts):
                return texts[int(answer) - 1]
            if answer == EVERYTHING:
                return None
            try:
                warnings = checked_filter(sync, target, answer, "your answer")
            except Halt as halt:
                click.echo(reports.problems_text(halt.problems, {"your answer": answer}, self.style))
                continue
            if warnings:
                click.echo(reports.problems_text(warnings, {"your answer": answer}, self.style))
            return answer

    def code(self, what: str, usual: str) -> str:
        return str(self._prompt(f"\n{what}", usual, CODE))

    def ci(self) -> str:
        self._head("What runs it, once this folder is on a server?  github, gitlab or none")
        return str(self._prompt("  One of them", "github", click.Choice(_CI)))

    def _head(self, text: str) -> None:
        click.echo("\n" + self.style.paint(text, Tone.STRONG))

    def _numbered(self, rows: list[tuple[str, str]]) -> None:
        """Words with a note behind each; below them, where one line is too narrow for some."""
        lines = table([(str(number), *row) for number, row in enumerate(rows, 1)])
        if all(cells(line) + 2 <= self.style.width for line in lines):
            for line in lines:
                click.echo(f"  {line}")
            return
        for number, (words, note) in enumerate(rows, 1):
            click.echo(f"  {number}  {words}")
            if note:
                click.echo(f"     {self.style.paint(note, Tone.FAINT)}")

    def _prompt(self, text: str, usual: str, kind: click.ParamType[Any] | None) -> Any:
        return click.prompt(text, default=usual, type=kind, show_choices=False)
