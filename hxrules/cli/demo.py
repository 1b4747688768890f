"""`hxrules demo`: the whole story on a local sandbox, with the real commands, in a temporary folder.

What: a coffee roaster sells in HubSpot and keeps its books in Xero. All four syncs run, people go on working in both apps, three
invoices fail for the three reasons that users meet (R19, R23, R24), each is cured, and in the end there is nothing to do.
Invariant: every command must end with the exit code that the story expects, and every chapter with so many records in step and with
these problems and no others; else the demo ends with HX308.
See also: `demo_people` (what people do in the apps), `demo_world.yaml` (what they begin with), `demo_ruleset.yaml`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from hxrules.cli import run, session
from hxrules.cli.demo_people import People
from hxrules.cli.sandbox import environment
from hxrules.connectors import settings_from
from hxrules.problems import Halt, Problem
from hxrules.records import Standing

RULESET: Final = "hxrules.yaml"
SYNCS: Final = ("contacts", "products", "invoices", "payments")
FILES: Final = Path(__file__).parent
QUIRKS: Final = {"xero-minute-limit": "600", "hubspot-burst-limit": "1000"}
"""A few days are told in seconds, so the apps' limits (60 calls a minute, 100 in ten seconds) would be pauses in the middle."""
GST: Final = {"hs_tax_rate_group_id": "2148420991"}
"""10 % in HubSpot's tax-rate library; Xero has the same rate under the same name."""
BLEND: Final = {"name": "House blend, 1 kg", "hs_sku": "BLEND-1KG", "price": "32.00", **GST}
SERVICE: Final = {"name": "Machine service, per hour", "hs_sku": "SERVICE-HR", "price": "95.00", **GST}
AMELIA, NOAH, MEI, TOM = "101", "102", "103", "105"
"""Contacts of `demo_world.yaml` in HubSpot."""
HARBOUR_LANE, KAURI = (f"5a1f3c52-8d0e-4a53-9c47-1f0b6a2d0{number}" for number in ("101", "106"))
"""Two of Xero's."""


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the folder with ruleset and state afterwards.")
def command(keep: bool) -> int:
    """Start a local HubSpot and a local Xero, and tell the story on them: contacts, products, invoices and payments, both ways; what
    fails, and what cures it; until there is nothing to do. Needs no account and no network.

    \b
      hxrules demo
      hxrules demo --keep     and look around in its folder afterwards
    """
    from hxrules.sandbox.server import SandboxOptions, running

    folder = Path(tempfile.mkdtemp(prefix="hxrules-demo-"))
    try:
        with (
            running(SandboxOptions(seed_file=FILES / "demo_world.yaml", quirks=QUIRKS)) as sandbox,
            _inside(folder, environment(sandbox.ready())),
            People(settings_from(os.environ)) as people,
        ):
            _tell(people)
    finally:
        if keep:
            click.echo(f"\nThe folder is kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


@dataclass(frozen=True)
class _Made:
    """Ids in HubSpot that later chapters need: two invoices, and a line of a third."""

    bakery: str
    tea: str
    blend: str


def _tell(people: People) -> None:
    """Four chapters, from two apps that don't know of each other to nothing to do."""
    _first_meeting()
    made = _invoices(people)
    _cures(people, made)
    _undone(people, made)


def _first_meeting() -> None:
    text = (FILES / "demo_ruleset.yaml").read_text(encoding="utf-8")
    Path(RULESET).write_text(text, encoding="utf-8")
    _say(
        "Tidewater Coffee Roasters sells in HubSpot and keeps its books in Xero. Both run on this machine.",
        "This file says what is kept in step:",
    )
    click.echo(f"\n$ cat {RULESET}\n\n{text.rstrip()}")
    _step("Is it right?", ["validate"], 0)
    _step("What would happen? Looking writes nothing.", ["dry-run"], 0)
    _step("Do it. From now on these records belong together.", ["apply", "--yes"], 0)
    _expect((5, 3, 0, 0))


def _invoices(people: People) -> _Made:
    twelve = {**BLEND, "quantity": "12", "hs_discount_percentage": "10"}
    _, (blend, _) = people.issue(AMELIA, [twelve, {**SERVICE, "quantity": "2"}], **_terms("AUD"))
    bakery, _ = people.issue(TOM, [{**BLEND, "quantity": "5"}], **_terms("AUD"))
    tea, _ = people.issue(MEI, [{**BLEND, "quantity": "20"}], **_terms("SGD"))
    people.book(
        "Invoices",
        Type="ACCREC",
        InvoiceNumber="SI-2041",
        Status="AUTHORISED",
        Contact={"ContactID": KAURI},
        DueDate=_day(14),
        LineItems=[
            {
                "Description": "Espresso machine, two groups",
                "ItemCode": "ESPRESSO-2G",
                "Quantity": 1,
                "UnitAmount": 4890,
                "DiscountAmount": 150,
                "AccountCode": "200",
                "TaxType": "OUTPUT",
            }
        ],
    )
    people.edit("contacts", AMELIA, city="Newcastle")
    people.book("Contacts", ContactID=HARBOUR_LANE, Addresses=[{"AddressType": "POBOX", "City": "Wollongong"}])
    _say("A day of work, in both apps:")
    _deed("HubSpot", "INV-1001 for Amelia Walker: 12 House blend less 10 %, 2 h Machine service, plus GST")
    _deed("HubSpot", "INV-1002 for Tom Byrne, whose e-mail address nobody has written down: 5 House blend")
    _deed("HubSpot", "INV-1003 for Mei Tan, in Singapore dollars: 20 House blend")
    _deed("Xero", "SI-2041 for Kauri Boatyard: an Espresso machine less $150, plus GST")
    _deed("both", "Amelia has moved: to Newcastle, says HubSpot; to Wollongong, says Xero")
    _step("One invoice each way; two that can't go, each with its reason; and one conflict.", ["dry-run"], 0)
    _step("Do it. What is held stops nothing else; the exit code says that something is.", ["apply", "--yes"], 6)
    _expect((5, 3, 2, 0), "HX223", "HX226")
    return _Made(bakery, tea, blend)


def _cures(people: People, made: _Made) -> None:
    people.add_contact(made.bakery, NOAH)
    people.take(made.bakery, "176.00", _day(0), "Bakery, till receipt")
    people.edit("invoices", made.tea, hs_currency="AUD")
    people.book(
        "Payments",
        Invoice={"InvoiceNumber": "SI-2041"},
        Account={"Code": "090"},
        Date=_day(0),
        Amount=2000,
        Reference="Kauri, first part",
    )
    people.rebook("INV-1001", 10)
    _say("People see to it, and money comes in:")
    _deed("HubSpot", "Noah Byrne, whom both apps know, is put on INV-1002, and pays it: $176.00")
    _deed("HubSpot", "Mei Tan agrees to pay in Australian dollars, so INV-1003 now says AUD")
    _deed("Xero", "Kauri Boatyard has paid $2,000.00 of SI-2041")
    _deed("Xero", "somebody writes 10 instead of 12 House blend on INV-1001, which HubSpot made")
    _step("Payments both ways, two invoices that can go now, and one edit in the wrong place.", ["dry-run"], 0)
    _step("Do it. Xero's edit is neither overwritten nor copied.", ["apply", "--yes"], 6)
    _expect((5, 3, 3, 2), "HX224")
    _step("Each number has its records behind it: --failing invoices shows the one again.", ["status"], 0)


def _undone(people: People, made: _Made) -> None:
    people.rebook("INV-1001", 12)
    people.edit("line_items", made.blend, quantity="10")
    _say("Who made an invoice has the say over it, so the edit moves to where it belongs:")
    _deed("Xero", "INV-1001 says 12 House blend again")
    _deed("HubSpot", "INV-1001 says 10 House blend")
    _step("Now it travels.", ["dry-run"], 0)
    _step("Do it.", ["apply", "--yes"], 0)
    _step("And now?", ["dry-run", "--exit-code"], 0)
    _step("Where does everything stand?", ["status", "--exit-code"], 0)
    _expect((5, 3, 4, 2))
    _say("That was hxrules. Your own ruleset is a file like the one above: hxrules validate, dry-run, apply.")


def _say(*lines: str) -> None:
    click.echo()
    for line in lines:
        click.secho(line, bold=True, color=None if sys.stdout.isatty() else False)


def _deed(app: str, deed: str) -> None:
    click.echo(f"  {app:<8} {deed}")


def _step(title: str, arguments: Sequence[str], expected: int) -> None:
    """Runs one command as a person would, and stops the story when it ends otherwise than it should."""
    _say(title)
    click.echo(f"$ hxrules {' '.join(arguments)}\n")
    # What a terminal shows by itself, a pipe shows only when asked: the people of the demo are invented.
    shown = [*arguments, "--values", "full"] if arguments[0] in ("dry-run", "apply", "status") else [*arguments]
    code = run(shown)
    sys.stdout.flush()
    if code != expected:
        raise _broken(f"hxrules {arguments[0]} ended with {code} in the demo", f"It should have ended with {expected}.")


def _expect(in_step: Sequence[int], *codes: str) -> None:
    """So many records of each sync are in step, and exactly these problems hold one record each. Raises `Halt` (1)."""
    store = session.existing_store()
    assert store is not None, "apply has made it"
    with store:
        counts = store.counts()
        failing = [str(row.reason["code"]) for sync in SYNCS for row in store.records(sync, Standing.FAILING)]
    found = [counts.get(sync, {}).get(Standing.IN_SYNC, 0) for sync in SYNCS]
    if (found, sorted(failing)) != ([*in_step], sorted(codes)):
        raise _broken(
            f"in step are {found} in the demo, and failing is {', '.join(failing) or 'nothing'}",
            f"It should be {[*in_step]} ({', '.join(SYNCS)}), and {', '.join(codes) or 'nothing'}.",
        )


def _broken(summary: str, cause: str) -> Halt:
    return Halt(1, [Problem("HX308", summary, cause, "Please report what is printed above.")])


def _terms(currency: str) -> Mapping[str, str]:
    return {"hs_currency": currency, "hs_invoice_date": _day(0), "hs_due_date": _day(14)}


def _day(ahead: int) -> str:
    """A day from today on, where the roaster is."""
    return (datetime.now(ZoneInfo("Australia/Sydney")).date() + timedelta(days=ahead)).isoformat()


@contextmanager
def _inside(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """The demo's own folder and environment; what was there before comes back."""
    before, here = dict(os.environ), Path.cwd()
    own = {name: value for name, value in before.items() if not name.startswith("HXRULES_")}
    os.environ.clear()
    os.environ.update({**own, **variables})
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
