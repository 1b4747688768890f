"""Each row of the merge table (design §2.1) by its name, on a linked pair of contacts whose city is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hxrules.planning.merge import merge
from hxrules.planning.plan import Verdict
from hxrules.records import App, BaseValue, RecordRef
from hxrules.values import Value
from tests.planning.world import World, codes, customer, fields_of, person, ruleset

BOTH = (App.HUBSPOT, App.XERO)


def decide(
    base: tuple[Value, Value] | None,
    hubspot: Value,
    xero: Value,
    *,
    direction: str = "two-way",
    winner: str = "xero",
    hubspot_age: int = 0,
    xero_age: int = 60,
    settled: bool = True,
    other_digest: bool = False,
) -> tuple[Verdict, str | None, Value]:
    """What becomes of the city: the verdict, the app that is written, and the value that it gets."""
    sync = ruleset(f"contacts: {{direction: {direction}, conflict: {{winner: {winner}}}}}").sync("contacts")
    mapping = sync.mapping("city")
    bases = {}
    if base is not None:
        bases["city"] = BaseValue(*base, "another" if other_digest else mapping.digest, settled)
    decisions = merge(
        sync,
        bases,
        person(1, hubspot_age, city=hubspot),
        customer(1, xero_age, PostalCity=xero),
        sync.direction.targets,
    )
    (found,) = [each for each in decisions if each.mapping.id == "city"]
    return found.verdict, found.target.value if found.target else None, found.after


def test_same() -> None:
    """Neither side changed: nothing is done."""
    assert decide(("Perth", "Perth"), "Perth", "Perth") == (Verdict.SAME, None, None)


def test_to_xero() -> None:
    """Edited in HubSpot alone: Xero gets it."""
    assert decide(("Perth", "Perth"), "Hobart", "Perth") == (Verdict.TO_XERO, "xero", "Hobart")


def test_to_hubspot() -> None:
    """Edited in Xero alone: HubSpot gets it, also when HubSpot's record is the newer one."""
    assert decide(("Perth", "Perth"), "Perth", "Hobart") == (Verdict.TO_HUBSPOT, "hubspot", "Hobart")


def test_clearing_travels() -> None:
    """Emptied on one side alone is an edit like any other."""
    assert decide(("Perth", "Perth"), None, "Perth") == (Verdict.TO_XERO, "xero", None)
    assert decide(("Perth", "Perth"), "Perth", None) == (Verdict.TO_HUBSPOT, "hubspot", None)


@pytest.mark.parametrize(
    ("direction", "hubspot", "xero"), [("to-hubspot", "Hobart", "Perth"), ("to-xero", "Perth", "Hobart")]
)
def test_not_this_way(direction: str, hubspot: str, xero: str) -> None:
    """An edit on the side that the sync doesn't read from is shown, not written."""
    assert decide(("Perth", "Perth"), hubspot, xero, direction=direction) == (Verdict.NOT_THIS_WAY, None, None)


def test_agreed() -> None:
    """Both were edited to the same: recorded, nothing written."""
    assert decide(("Perth", "Perth"), "Hobart", "Hobart") == (Verdict.AGREED, None, None)


def test_conflict_newer_wins() -> None:
    """Both edited, clearly apart in time: the newer record wins, whoever is named (R10)."""
    assert decide(("Perth", "Perth"), "Hobart", "Cairns", winner="xero") == (Verdict.CONFLICT, "xero", "Hobart")
    older = decide(("Perth", "Perth"), "Hobart", "Cairns", winner="hubspot", hubspot_age=60, xero_age=0)
    assert older == (Verdict.CONFLICT, "hubspot", "Cairns")


@pytest.mark.parametrize(("winner", "target", "value"), [("xero", "hubspot", "Cairns"), ("hubspot", "xero", "Hobart")])
def test_conflict_unclear(winner: str, target: str, value: str) -> None:
    """Both edited within the tolerance: the app named as the winner overwrites (R10)."""
    verdict = decide(("Perth", "Perth"), "Hobart", "Cairns", winner=winner, hubspot_age=1, xero_age=1)
    assert verdict == (Verdict.CONFLICT, target, value)


def test_conflict_with_an_empty_winner() -> None:
    """An empty value of the winner overwrites nothing, and is filled from the other side."""
    assert decide(("Perth", "Perth"), None, "Cairns") == (Verdict.CONFLICT, "hubspot", "Cairns")


def test_conflict_in_one_direction() -> None:
    """The conflict rule never overrides the direction: a winner that may not write changes nothing."""
    assert decide(("Perth", "Perth"), "Hobart", "Cairns", direction="to-hubspot") == (Verdict.NOT_THIS_WAY, None, None)


def test_diverged() -> None:
    """Same as the base on both sides, and yet different: never ignored."""
    assert decide(("Perth", "Hobart"), "Perth", "Hobart") == (Verdict.DIVERGED, None, None)


def test_diverged_is_held_with_a_problem() -> None:
    """The planner holds such a record and says so."""
    world = World(ruleset())
    world.put(
        person(1, email="a@example.com", city="Perth"),
        customer(1, Name="A", EmailAddress="a@example.com", PostalCity="Perth"),
    )
    world.apply()
    (link,) = world.state.links
    bent = replace(world.state.bases[link.id]["city"], xero="Hobart")
    world.state = replace(world.state, bases={link.id: {**world.state.bases[link.id], "city": bent}})
    world.records[RecordRef(App.XERO, "contacts", link.xero)] = customer(
        1, Name="A", EmailAddress="a@example.com", PostalCity="Hobart"
    )
    plan, _ = world.plan()
    assert codes(plan) == ["HX206"]
    assert plan.changes == ()


def test_left_different_on_purpose_is_no_divergence() -> None:
    """What one app made of a value, or what no direction may write, stays different in peace."""
    assert decide(("Perth", "PERTH"), "Perth", "PERTH", settled=False) == (Verdict.SAME, None, None)


def test_diverged_after_the_mapping_changed_is_a_first_meeting() -> None:
    """A base taken by another rule doesn't count."""
    verdict = decide(("Perth", "Hobart"), "Perth", "Hobart", other_digest=True)
    assert verdict == (Verdict.FIRST_MEETING, "xero", "Perth")


def test_first_meeting_equal() -> None:
    """No base, equal values: recorded."""
    assert decide(None, "Perth", "Perth") == (Verdict.AGREED, None, None)


def test_first_meeting_different() -> None:
    """No base, different values: R10 decides."""
    assert decide(None, "Perth", "Hobart") == (Verdict.FIRST_MEETING, "xero", "Perth")


def test_first_meeting_with_an_empty_value() -> None:
    """An empty value is filled from the other side, however old that one is."""
    assert decide(None, None, "Hobart") == (Verdict.FIRST_MEETING, "hubspot", "Hobart")
    assert decide(None, "Perth", None, hubspot_age=99) == (Verdict.FIRST_MEETING, "xero", "Perth")


def test_create() -> None:
    """Present on one side, no match, all seen: made on the other."""
    world = World(ruleset())
    world.put(person(1, email="a@example.com", firstname="Ann", lastname="Lee"))
    plan, _ = world.plan()
    assert [(change.action, change.app) for change in plan.changes] == [("create", App.XERO)]
    assert fields_of(plan)["xero", "Name"] == (None, "Ann Lee")


def test_gone() -> None:
    """A linked record that no longer exists is reported; its partner stays, and it isn't made again."""
    world = World(ruleset())
    world.put(person(1, email="a@example.com"), customer(1, Name="A", EmailAddress="a@example.com"))
    world.apply()
    del world.records[RecordRef(App.HUBSPOT, "contacts", "1")]
    plan = world.apply()
    assert [each.app for each in plan.gone] == [App.HUBSPOT]
    assert plan.changes == ()
    assert len(world.of(App.XERO)) == 1
    again, _ = world.plan()
    assert again.changes == ()
    assert again.gone == ()
