"""What an undo may put back: only what still holds what the run left; and what the state says of it afterwards. On values, without apps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxrules.planning.past import PastEffect, past_effect
from hxrules.planning.plan import Action, Effect, Plan, change_document, effect_document
from hxrules.planning.plan_file import read_change, read_effect
from hxrules.planning.undo import undo_plan
from hxrules.planning.undo_values import bases_after, lines_again
from hxrules.records import App, BaseValue, Life, RecordRef
from hxrules.values import Line, Lines, Value, pack
from tests.planning.world import CATALOGUE, World, customer, person, ruleset, snapshot

RULES = ruleset("contacts: {direction: two-way, conflict: {winner: xero}}")
ANN = RecordRef(App.HUBSPOT, "contacts", "1")
XERO_ANN = customer(1).ref


def journal(plan: Plan, world: World) -> list[PastEffect]:
    """A plan that was carried out, as the journal would have it: the records hold what was written."""
    found: list[PastEffect] = []
    for change in plan.changes:
        for effect in change.effects:
            record = effect.target or next(
                link.side(effect.app) for link in world.state.links if change.link and link.id == change.link.id
            )
            held = world.records[RecordRef(effect.app, effect.type, record)].fields
            body = {**change_document(replace(change, effects=())), "effects": [effect_document(effect)]}
            answer = {"fields": {name: pack(held[name]) for name in effect.values}}
            found.append(
                past_effect(change.id, body, world.now, state="done", record=record, settled=world.now, answer=answer)
            )
    return found


def applied(world: World) -> list[PastEffect]:
    """A run, and what the journal says of it."""
    return journal(world.apply(), world)


def undone(effects: list[PastEffect], world: World) -> Plan:
    seen = snapshot(*world.records.values(), now=world.now)
    found, _ = undo_plan("run", effects, world.rules, seen, {}, world.state, world.now, CATALOGUE)
    return found


def told(plan: Plan) -> dict[tuple[str, str], tuple[Value, Value]]:
    return {
        (change.app.value, each.field): (each.before, each.after) for change in plan.changes for each in change.fields
    }


@pytest.fixture
def world() -> World:
    """Ann, known to both apps and in step; a run has just carried her new phone number and first name to Xero."""
    found = World(RULES)
    found.put(
        person(1, email="ann@example.com", company="Ann Co", firstname="Ann", phone="1"),
        customer(1, EmailAddress="ann@example.com", Name="Ann Co", FirstName="Ann", DefaultPhone="1"),
    )
    found.apply()
    found.edit(ANN, phone="2", firstname="Anna")
    return found


def test_an_update_keeps_what_was_there_before(world: World) -> None:
    """The plan itself, and so the journal's intent, has all that an undo needs; it survives the file."""
    plan, _ = world.plan()
    (change,) = plan.changes
    (effect,) = change.effects
    assert effect.before == {"DefaultPhone": "1", "FirstName": "Ann"}
    assert read_effect(effect_document(effect)) == effect
    older = {name: part for name, part in effect_document(effect).items() if name != "before"}
    assert read_effect(older).before == {}
    assert read_change(change_document(change)).effects == change.effects


def test_a_create_has_nothing_before() -> None:
    world = World(RULES)
    world.put(person(2, email="bo@example.com", company="Bo"))
    plan, _ = world.plan()
    assert [effect.before for change in plan.changes for effect in change.effects] == [{}]


def test_old_values_return_to_the_app_that_was_written(world: World) -> None:
    plan = undone(applied(world), world)
    assert [(each.action, each.app) for each in plan.changes] == [(Action.UPDATE, App.XERO)]
    assert told(plan) == {("xero", "DefaultPhone"): ("2", "1"), ("xero", "FirstName"): ("Anna", "Ann")}
    assert plan.undo == "run"


@pytest.mark.parametrize(
    ("since", "back", "codes"),
    [
        ({}, {"DefaultPhone", "FirstName"}, []),
        ({"DefaultPhone": "3"}, {"FirstName"}, ["HX320"]),
        ({"DefaultPhone": "3", "FirstName": "A."}, set(), ["HX320", "HX320"]),
        ({"DefaultPhone": "1"}, {"FirstName"}, []),
        ({"LastName": "Lee"}, {"DefaultPhone", "FirstName"}, []),
    ],
)
def test_field_by_field(world: World, since: Mapping[str, Value], back: set[str], codes: list[str]) -> None:
    """Edited since: left and said. As it was already: nothing to say. Another field: none of the run's business."""
    made = applied(world)
    world.edit(XERO_ANN, **since)
    plan = undone(made, world)
    assert {name for _, name in told(plan)} == back
    assert [each.code for each in plan.notices] == codes
    assert plan.held == ()


def test_an_edit_on_the_other_side_is_still_an_edit(world: World) -> None:
    """The base of the side that is put back moves along; that of the other side stays, and with it what it says of later edits."""
    made = applied(world)
    world.edit(ANN, phone="9")
    (change,) = undone(made, world).changes
    assert (change.bases["phone"].hubspot, change.bases["phone"].xero) == ("2", "1")
    assert (change.bases["first-name"].hubspot, change.bases["first-name"].xero) == ("Anna", "Ann")
    assert not change.bases["phone"].settled


def test_an_archived_record_is_not_written(world: World) -> None:
    made = applied(world)
    world.records[XERO_ANN] = replace(world.records[XERO_ANN], life=Life.ARCHIVED)
    plan = undone(made, world)
    assert (plan.changes, [each.code for each in plan.held]) == ((), ["HX205"])


def test_what_was_made_is_archived_and_its_link_ends() -> None:
    """Unless somebody has written in it, in a field of the run's or in one that it left empty."""
    world = World(RULES)
    world.put(person(2, email="bo@example.com", company="Bo"))
    made = applied(world)
    (ref,) = (each.ref for each in world.of(App.XERO))
    (change,) = undone(made, world).changes
    assert (change.action, change.app, change.xero) == (Action.ARCHIVE, App.XERO, ref.id)
    assert change.link is not None
    assert change.link.gone is App.XERO
    for edit in ({"Name": "Bo Ltd"}, {"DefaultPhone": "5"}):
        before = world.records[ref]
        world.edit(ref, **edit)
        plan = undone(made, world)
        assert (plan.changes, [each.code for each in plan.notices]) == ((), ["HX320"])
        world.records[ref] = before


def test_a_contact_that_is_used_stays() -> None:
    world = World(RULES)
    world.put(person(2, email="bo@example.com", company="Bo"))
    made = applied(world)
    (record,) = world.of(App.XERO)
    seen = snapshot(*world.records.values(), now=world.now)
    invoice = replace(person(50), ref=RecordRef(App.XERO, "invoices", "i"), fields={"InvoiceNumber": "SI-1"})
    for life, codes in ((Life.LIVE, ["HX322"]), (Life.VOIDED, [])):
        uses = {record.ref: (replace(invoice, life=life),)}
        plan, _ = undo_plan("run", made, world.rules, seen, uses, world.state, world.now, CATALOGUE)
        assert [each.code for each in plan.held] == codes
        assert len(plan.changes) == (0 if codes else 1)


def test_a_name_that_was_made_of_first_and_last_name_is_no_edit_afterwards() -> None:
    """HubSpot has no company, so Xero's name is the person's: when the first name goes back, the base of the name goes with it."""
    world = World(RULES)
    world.put(
        person(1, email="ann@example.com", firstname="Ann", lastname="Lee"),
        customer(1, EmailAddress="ann@example.com", Name="Ann Lee", FirstName="Ann", LastName="Lee"),
    )
    world.apply()
    world.edit(XERO_ANN, FirstName="Anna")
    made = applied(world)
    by_app = {change.app: change for change in undone(made, world).changes}
    assert by_app[App.HUBSPOT].bases["company-name"].hubspot == "Ann Lee"
    assert by_app[App.XERO].bases["company-name"].xero == "Ann Lee"


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
)
def test_lines_come_back_under_their_old_id_where_it_still_exists(before: list[str], now: list[str]) -> None:
    """And as new ones where it doesn't; in the order of their partners; none is lost, none added."""
    then, there = (Lines(tuple(Line.of("lines", each, {"Description": each}) for each in ids)) for ids in (before, now))
    again = lines_again(then, there, there)
    assert again == then
    assert {line.id for line in again.items if line.id} == set(before) & set(now)
    kept = [line.id for line in again.items if line.id]
    assert kept == [each for each in now if each in kept]


def test_bases_move_only_where_the_undo_writes() -> None:
    (sync,) = RULES.syncs[:1]
    hubspot, xero = person(1, phone="2", city="Perth"), customer(1, DefaultPhone="2", PostalCity="Perth")
    digest = sync.mapping("phone").digest
    old = {"phone": BaseValue("2", "2", digest)}
    moved = bases_after(sync, old, hubspot, xero, App.XERO, {"DefaultPhone": "1"})
    assert moved == {"phone": BaseValue("2", "1", digest, settled=False)}
    assert bases_after(sync, old, hubspot, xero, App.XERO, {"DefaultPhone": "2"}) == {
        "phone": BaseValue("2", "2", digest)
    }


def test_a_part_of_a_change_has_no_change_of_its_own() -> None:
    """A line of an invoice stands in the journal beside its invoice."""
    effect = Effect("e", App.HUBSPOT, "line_items", "7", {"price": "1"}, before={"price": "2"}, stage=0)
    body = {"sync": "invoices", "label": "SI-1", "hubspot": "1", "xero": "x", "effects": [effect_document(effect)]}
    part = past_effect("c", body, World(RULES).now, state="failed")
    assert (part.whole, part.effect, part.done, part.left("price")) == (None, effect, False, "1")
