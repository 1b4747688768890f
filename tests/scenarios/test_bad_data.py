"""What people really leave in invoices and payments: each is in step afterwards, or held under its own code, and stops nothing else.

One world (`bad_data`) holds all of it. It is run through what the vendors leave unsaid (the sandbox's quirks): other codes at most,
never another total that nobody is told of, never a run that finds something to do for the second time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from hxrules.cli import session
from hxrules.sandbox.seeds.rows import moment
from tests.scenarios.bad_data import ASIDE, FREE, IN_HUBSPOT, IN_XERO, SYNCED, Invoice, Takings, World, item, line
from tests.scenarios.stage import Stage, guid, quick_stage

Key = tuple[str, str, str]
"""App, sync, and the number or reference by which the tables below name a record."""

RULESET = """\
hxrules: 1
name: bad-data
version: "1"
extends: xero-data-sync@1
syncs:
  contacts:
    direction: two-way
    conflict: {winner: xero}
    filters: {to-xero: email is known, to-hubspot: email is known}
  products: {direction: two-way, conflict: {winner: xero}}
  invoices:
    started: 2020-01-01T00:00:00Z
    direction: two-way
    sales-account: "200"
    totals: block
    voids: {to-hubspot: follow}
  payments:
    direction: two-way
    bank-account: "090"
    history: all
"""


@dataclass
class Scene:
    """A stage with a world of which it is known what has to become of it."""

    here: Stage
    world: World

    def apply(self) -> dict[Key, str]:
        """A run, which says nothing on stderr (so no traceback), and ends with 6 when something is failing: what, and why."""
        said = self.here.type("apply", "--yes", "--allow-large", "--format", "json")
        assert (said.code, said.err) == (6 if said.json["failed"] else 0, ""), said.text
        return self.codes(said.json["failed"])

    def look(self, *, days: int = 0) -> Any:
        """The plan of a moment, or of a later day, when everything is read anew."""
        if days:
            os.environ["HXRULES_NOW"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        try:
            said = self.here.type("dry-run", "--format", "json")
        finally:
            os.environ.pop("HXRULES_NOW", None)
        assert (said.code, said.err) == (0, ""), said.text
        return said.json

    def settled(self) -> bool:
        """Neither the next run nor that of another day, which reads everything anew, has anything to do."""
        return not (self.look()["has_changes"] or self.look(days=2)["has_changes"])

    def lock(self, days: int | None) -> None:
        """Xero's books are closed up to a day, counted from that of the world, or open."""
        day = None if days is None else (self.world.at.date() + timedelta(days=days)).isoformat()
        answer = httpx.post(self.here.sandbox.xero_url + "/_sandbox/lock", json={"period": day}, timeout=20)
        assert answer.status_code == 200, answer.text

    def partner(self, app: str, sync: str, name: str) -> str | None:
        """The id in the other app of a row of the tables."""
        own = self.id(app, sync, name)
        pair = self.links().get((sync, own))
        return None if pair is None else pair["xero" if app == "hubspot" else "hubspot"]

    def id(self, app: str, sync: str, name: str) -> str:
        """The id of a row of the tables."""
        return next(
            own for (of, kind, own), named in self.world.names.items() if (of, kind, named) == (app, sync, name)
        )

    def link(self, kind: str, record_id: str, to: str, other: str) -> None:
        """Somebody associates two HubSpot records."""
        self.here.hubspot("PUT", f"/crm/objects/2026-09/{kind}/{record_id}/associations/default/{to}/{other}")

    def links(self) -> dict[tuple[str, str], dict[str, str]]:
        """Sync, and the id in either app → the ids in both apps."""
        store = session.existing_store()
        assert store is not None
        with store:
            links = [each for each in store.view().links if each.sync in ("invoices", "payments")]
        pairs = [(each.sync, {"hubspot": each.hubspot, "xero": each.xero}) for each in links]
        return {(sync, record_id): pair for sync, pair in pairs for record_id in pair.values()}

    def codes(self, failed: Sequence[Mapping[str, Any]]) -> dict[Key, str]:
        """What is failing; where both records exist, both ids stand there."""
        links = self.links()
        found: dict[Key, str] = {}
        for each in failed:
            ids = {app: each[app] for app in ("hubspot", "xero") if each[app] is not None}
            for app, own in ids.items():
                pair = links.get((each["sync"], own))
                assert pair in (None, ids), each
                if (name := self.world.names.get((app, each["sync"], own))) is not None:
                    found[app, each["sync"], name] = each["code"]
            assert each["cause"], each
            assert each["remedy"], each
        return found

    def expected(self, changed: Mapping[str, str]) -> dict[Key, str]:
        """What has to be failing; `changed` is what the quirks make otherwise."""
        said = {
            (app, sync, name): changed.get(name, self.world.becomes[app, sync, own])
            for (app, sync, own), name in self.world.names.items()
        }
        return {key: code for key, code in said.items() if code not in (SYNCED, ASIDE)}

    def check_totals(self, apart: Sequence[str] = ()) -> None:
        """Whoever is linked comes to the same total in both apps, but for those named."""
        hubspot, xero = self.here.sandbox.hubspot.world(), self.here.sandbox.xero.world()
        amounts = {
            ("invoices", "hubspot"): {row["id"]: row["properties"]["hs_amount_billed"] for row in hubspot["invoices"]},
            ("invoices", "xero"): {row["InvoiceID"]: row["Total"] for row in xero["invoices"]},
            ("payments", "hubspot"): {
                row["id"]: row["properties"]["hs_initial_amount"] for row in hubspot["commerce_payments"]
            },
            ("payments", "xero"): {row["PaymentID"]: row["Amount"] for row in xero["payments"]},
        }
        names = {(sync, record_id): name for (_, sync, record_id), name in self.world.names.items()}
        for (sync, record_id), pair in self.links().items():
            name = names.get((sync, record_id))
            if name is None or name in apart:
                continue
            left, right = (Decimal(str(amounts[sync, app][own])) for app, own in pair.items())
            assert left == right, name


@contextmanager
def scene(folder: Path, world: World, ruleset: str = RULESET, **quirks: str) -> Iterator[Scene]:
    """A stage with this world."""
    seed = {"hubspot": world.hubspot, "xero": world.xero}
    with quick_stage(
        folder, seed, ruleset=ruleset, quirks={each.replace("_", "-"): to for each, to in quirks.items()}
    ) as here:
        yield Scene(here, world)


def made_an_hour_ago() -> World:
    """Customers and an item, and no invoice yet."""
    return World(datetime.now(UTC) - timedelta(hours=1))


# --- the whole world ---------------------------------------------------------------------------------------------------------

WORLDS: dict[str, tuple[dict[str, str], dict[str, str], Sequence[str]]] = {
    "as the vendors most likely are": ({}, {}, ()),
    # HubSpot decides itself what a mirror is called, costs and is: what is paid in Xero can't be said to be.
    "a HubSpot that keeps everything to itself": (
        {
            "mirror_number": "refused",
            "mirror_amounts": "refused",
            "commerce_unique": "refused",
            "patch_paid": "none",
            "patch_voided": "none",
            "payment_settles": "no",
            "zero_invoice": "authorised",
            "due_before_date": "refused",
        },
        {"H-DUE-BEFORE": "HX244", "X-PAID": "HX220", "X-R4": "HX232"},
        (),
    ),
    # What H-500 and X-500 come to is a quarter of a dollar less, once the tax is worked out for all lines at once.
    "a HubSpot that taxes by rate": (
        {"invoice_tax_rounding": "rate", "mirror_number": "ignored", "mirror_amounts": "ignored"},
        {"H-500": "HX228", "H-TIES": "HX228", "X-500": "HX228", "X-TIES": "HX228"},
        ("X-500", "X-TIES"),
    ),
    "a Xero that rounds to even": (
        {"tie_rounding": "half-even", "discount_rounding": "down", "mirror_source": "data_sync"},
        {"H-500": "HX228", "H-TIES": "HX228", "H-HALF-A-CENT-OFF": "HX228"},
        ("H-500", "H-TIES", "H-HALF-A-CENT-OFF"),
    ),
}
"""Quirks; which rows become something else by them; which of those that are linked come to other totals."""

REFUSED = {"H-DUE-BEFORE", "X-PAID", "X-R4"}
"""What only the app itself can refuse: a plan that has read everything anew proposes it again."""


@pytest.mark.parametrize("kind", WORLDS)
def test_each_is_in_step_or_held_and_stops_nothing_else(tmp_path: Path, kind: str) -> None:
    """Every row ends as it says, with ids in both apps where both exist, and the next runs find nothing to do."""
    quirks, changed, apart = WORLDS[kind]
    world = made_an_hour_ago()
    for invoice in IN_HUBSPOT:
        world.sell(invoice)
    for invoice in IN_XERO:
        world.book(invoice)
    with scene(tmp_path, world, **quirks) as it:
        expected = it.expected(changed)
        assert it.apply() == expected
        links = it.links()
        linked = {name for (_, sync, own), name in world.names.items() if (sync, own) in links}
        synced = {name for key, name in world.names.items() if changed.get(name, world.becomes[key]) == SYNCED}
        assert linked == synced | set(apart)
        it.check_totals(apart)

        plan = it.look()
        assert not plan["has_changes"]
        assert it.codes(plan["held"]) == expected
        assert len(plan["held"]) == len({(each["sync"], each["hubspot"], each["xero"]) for each in plan["held"]})
        (missing,) = (each for each in plan["notices"] if each["code"] == "HX242")
        assert (
            missing["cause"].count("GHOST-1")
            == missing["cause"].count("GHOST-2")
            == missing["cause"].count("X" * 31)
            == 1
        )

        for command in (
            ["dry-run", "--all"],
            ["status"],
            *(["status", "--failing", each] for each in ("invoices", "payments")),
        ):
            said = it.here.type(*command)
            assert (said.code, said.err) == (0, "")
            assert not set(said.out) & {"\x01", "\x07", "\x1b", "\u200f"}

        whole = it.look(days=2)
        assert {each["label"] for each in whole["changes"]} <= REFUSED
        assert it.codes(whole["held"]) == {key: code for key, code in expected.items() if key[2] not in REFUSED}


# --- one thing at a time -----------------------------------------------------------------------------------------------------


def test_a_locked_period_holds_what_is_dated_in_it_until_it_is_opened(tmp_path: Path) -> None:
    """New invoices, edits and payments of a closed period are held, a mirror of one is not; the run after the opening goes on."""
    world = made_an_hour_ago()
    world.sell(Invoice("H-CLOSED", "HX236", paid=[Takings("for a closed one", "HX232")]))
    early = Takings("paid in a closed one", "HX236", says={"hs_initiated_date": -8})
    open_one = world.sell(Invoice("H-OPEN", SYNCED, says={"hs_invoice_date": -1}, paid=[early]))
    world.book(Invoice("X-CLOSED", SYNCED, paid=[Takings("X-R1", SYNCED, says={"Date": -8})]))
    with scene(tmp_path, world) as it:
        it.lock(-5)
        assert it.apply() == it.expected({})
        assert it.settled()
        it.lock(None)
        assert it.apply() == {}
        assert it.settled()
        it.check_totals()

        closed = it.id("hubspot", "invoices", "H-CLOSED")
        it.lock(-5)
        it.here.edit_hubspot(closed, "invoices", hs_due_date=moment(world.at))
        it.here.edit_hubspot(open_one, "invoices", hs_due_date=moment(world.at))
        assert it.apply() == {("hubspot", "invoices", "H-CLOSED"): "HX236"}
        it.lock(None)
        assert it.apply() == {}
        assert it.settled()


@pytest.mark.parametrize(
    ("word", "becomes", "total"),
    [
        ("block", {"H-CENT": "HX228", "H-DISCOUNT": "HX228"}, None),
        ("adjust", {"H-DISCOUNT": "HX228"}, Decimal("330.02")),
        ("warn", {}, Decimal("330.03")),
    ],
)
def test_a_cent_is_held_made_up_for_or_reported(
    tmp_path: Path, word: str, becomes: Mapping[str, str], total: Decimal | None
) -> None:
    """`totals`: HubSpot comes to 330.02 with a price of five decimals, Xero to 330.03. A discount of it all is no cent."""
    world = made_an_hour_ago()
    for invoice in IN_HUBSPOT:
        if invoice.number in ("H-CENT", "H-DISCOUNT"):
            world.sell(invoice)
    with scene(tmp_path, world, RULESET.replace("totals: block", f"totals: {word}")) as it:
        noticed = {each["summary"].split(":")[0] for each in it.look()["notices"] if each["code"] == "HX228"}
        assert noticed == ({"H-CENT", "H-DISCOUNT"} if word == "warn" else set())
        assert it.apply() == {("hubspot", "invoices", name): code for name, code in becomes.items()}
        booked = {
            each["InvoiceNumber"]: Decimal(str(each["Total"])) for each in it.here.sandbox.xero.world()["invoices"]
        }
        assert booked.get("H-CENT") == total
        assert it.settled()


def test_a_portal_that_takes_no_payments_still_gets_its_invoices(tmp_path: Path) -> None:
    """HX243 holds the payments that come from Xero, each by itself; those that go there go on."""
    world = made_an_hour_ago()
    world.hubspot["payments_enabled"] = False
    world.sell(Invoice("H-PAID", SYNCED, paid=[Takings("to Xero", SYNCED)]))
    world.book(Invoice("X-PAID", SYNCED, paid=[Takings("X-R1", "HX243"), Takings("X-R2", "HX243", "4")]))
    with scene(tmp_path, world) as it:
        assert it.apply() == it.expected({})
        it.check_totals()
        assert it.partner("hubspot", "payments", "to Xero") is not None
        assert not it.look()["has_changes"]
        assert {each["label"] for each in it.look(days=2)["changes"]} == {"X-R1", "X-R2"}


def test_what_was_held_goes_on_once_it_is_put_right(tmp_path: Path) -> None:
    """Nobody has to wait for the day on which everything is read: the run after the correction sees it."""
    world = made_an_hour_ago()
    nobody = world.sell(Invoice("H-NOBODY", "HX223", whose=()))
    empty = world.sell(Invoice("H-EMPTY", "HX240", lines=[]))
    world.sell(Invoice("H-NO-ITEM", "HX227", lines=[line(hs_sku="GHOST-1")], paid=[Takings("R-1", "HX232")]))
    pounds = world.sell(Invoice("H-GBP", "HX238", says={"hs_currency": "GBP"}))
    world.sell(Invoice("H-CENT", "HX228", lines=[line(price="1.00005", quantity="300")]))
    world.sell(Invoice("SAME", "HX239"))
    other = world.book(Invoice("SAME", "HX239", lines=[item(price=99)], whose=(2,)))
    world.book(Invoice("X-NOBODY", "HX223", whose=(4,), paid=[Takings("X-R1", "HX232")]))
    with scene(tmp_path, world) as it:
        assert it.apply() == it.expected({})
        price = next(each["id"] for each in world.hubspot["line_items"] if each["properties"]["price"] == "1.00005")
        it.link("invoices", nobody, "contacts", "1")
        it.here.make_hubspot("line_items", empty, name="Work", price="10", quantity="1", hs_tax_rate_group_id=FREE)
        it.here.xero("PUT", "/Items", {"Items": [{"Code": "GHOST-1", "Name": "No ghost any more"}]})
        it.here.edit_hubspot(pounds, "invoices", hs_currency="EUR")
        it.here.edit_hubspot(price, "line_items", price="1.0001")
        it.here.xero("POST", f"/Invoices/{other}", {"InvoiceID": other, "InvoiceNumber": "ANOTHER"})
        it.here.edit_xero(guid(4), EmailAddress="counter@four.example")
        assert it.apply() == {}
        assert it.settled()
        it.check_totals()
        assert {each["InvoiceNumber"] for each in it.here.sandbox.xero.world()["invoices"]} == {
            *("H-NOBODY", "H-EMPTY", "H-NO-ITEM", "H-GBP", "H-CENT", "SAME", "ANOTHER", "X-NOBODY")
        }


def test_people_go_on_working_on_invoices_that_are_paid_drafted_or_whose_customer_is_put_away(tmp_path: Path) -> None:
    """Each of their edits is carried over, or held with both ids."""
    world = made_an_hour_ago()
    paid = world.sell(Invoice("H-PAID", SYNCED))
    fine = world.sell(Invoice("H-FINE", SYNCED, paid=[Takings("refunded later", SYNCED)]))
    away = world.sell(Invoice("H-AWAY", SYNCED, whose=(5,)))
    draft = world.book(Invoice("X-DRAFT", SYNCED, says={"Status": "DRAFT"}))
    void = world.book(Invoice("X-VOID-LATER", SYNCED))
    with scene(tmp_path, world) as it:
        assert it.apply() == {}
        booked = it.partner("hubspot", "invoices", "H-PAID")
        today = world.at.date().isoformat()
        it.here.make_xero(
            "Payments", Invoice={"InvoiceID": booked}, Account={"Code": "090"}, Amount=10, Date=today, Reference="X-R1"
        )
        it.here.edit_xero(guid(5), ContactStatus="ARCHIVED")
        it.here.edit_xero(void, "Invoices", Status="VOIDED")
        it.here.edit_hubspot(
            it.id("hubspot", "payments", "refunded later"), "commerce_payments", hs_latest_status="refunded"
        )
        money = {"hs_initial_amount": "1", "hs_initiated_date": moment(world.at), "hs_latest_status": "succeeded"}
        mirror = it.partner("xero", "invoices", "X-DRAFT")
        on_draft = it.here.make_hubspot("commerce_payments", mirror, hs_currency_code="AUD", **money)
        world.names["hubspot", "payments", on_draft] = "on a draft"
        foreign = it.here.make_hubspot("commerce_payments", fine, hs_currency_code="AUD", **money)
        it.here.edit_hubspot(foreign, "commerce_payments", hs_currency_code="USD")
        world.names["hubspot", "payments", foreign] = "in dollars"
        assert it.apply() == {
            ("hubspot", "payments", "on a draft"): "HX233",
            ("hubspot", "payments", "in dollars"): "HX246",
            ("hubspot", "payments", "refunded later"): "HX247",
        }
        states = {
            each["id"]: each["properties"]["hs_invoice_status"] for each in it.here.sandbox.hubspot.world()["invoices"]
        }
        assert (states[paid], states[str(it.partner("xero", "invoices", "X-VOID-LATER"))]) == ("paid", "voided")
        assert it.settled()

        it.here.edit_hubspot(paid, "invoices", hs_invoice_date=moment(world.at))
        it.here.edit_hubspot(away, "invoices", hs_due_date=moment(world.at))
        new = it.here.make_hubspot("invoices", hs_currency="AUD")
        it.link("invoices", new, "contacts", "5")
        it.here.make_hubspot("line_items", new, name="Work", price="10", quantity="1", hs_tax_rate_group_id=FREE)
        it.here.edit_hubspot(new, "invoices", hs_invoice_status="open")
        world.names["hubspot", "invoices", new] = "of a customer who was put away"
        it.here.edit_xero(draft, "Invoices", Status="AUTHORISED")
        it.here.edit_hubspot(foreign, "commerce_payments", hs_currency_code="AUD")
        held = {
            ("hubspot", "invoices", "H-PAID"): "HX231",
            ("hubspot", "invoices", "of a customer who was put away"): "HX237",
            ("hubspot", "payments", "refunded later"): "HX247",
        }
        assert it.apply() == held
        # HubSpot is told what is still owed on X-DRAFT, of which it had just been told something else.
        assert it.apply() == held
        assert it.settled()
        it.check_totals()


def test_a_void_that_hubspot_takes_from_nobody_is_failing_with_both_ids(tmp_path: Path) -> None:
    """An account in which no API voids invoices: the mirror stays as it is, the others go on."""
    world = made_an_hour_ago()
    void = world.book(Invoice("X-VOID-LATER", SYNCED))
    more = world.book(Invoice("X-EDITED", SYNCED))
    with scene(tmp_path, world, patch_voided="none") as it:
        assert it.apply() == {}
        it.here.edit_xero(void, "Invoices", Status="VOIDED")
        it.here.edit_xero(more, "Invoices", LineItems=[item(price=20)])
        it.here.edit_hubspot("5", firstname="Evelyn")
        it.here.edit_xero(guid(5), ContactStatus="ARCHIVED")
        assert it.apply() == {("xero", "invoices", "X-VOID-LATER"): "HX220"}
        it.check_totals()
        assert not it.look()["has_changes"]
        assert [each["code"] for each in it.look()["held"] if each["sync"] == "contacts"] == ["HX205"]
