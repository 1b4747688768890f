"""What must hold for any two worlds of contacts (design §1.8): properties 1, 2, 4, 5, 7, 8, 9 and 10."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hxrules.planning.plan import canonical_json, plan_document
from hxrules.planning.planner import make_plan
from hxrules.records import App, CoverageKind, Record, RecordRef, Standing
from hxrules.values import Value
from tests.planning.world import CATALOGUE, EMPTY, World, customer, person, ruleset, snapshot

NAMES = st.sampled_from(["Ann", "Bo", "Çelik", "王", None])
CITIES = st.sampled_from(["Perth", "Hobart", "perth", None])
EMAILS = st.sampled_from([None, *(f"p{number}@example.com" for number in range(6))])
AGES = st.integers(0, 5)
RULES = {
    name: ruleset(text)
    for name, text in {
        "two-way": "contacts: {direction: two-way, conflict: {winner: xero}}",
        "filtered": "contacts: {direction: two-way, filters: {to-xero: email is known, to-hubspot: email is known}}",
        "to-xero": "contacts: {direction: to-xero, conflict: {winner: hubspot}}",
        "to-hubspot": "contacts: {direction: to-hubspot, filters: {to-hubspot: city != Perth}}",
    }.items()
}


@st.composite
def people(draw: st.DrawFn) -> list[Record]:
    """HubSpot contacts; e-mail addresses are unique there."""
    emails = draw(st.lists(EMAILS, max_size=6))
    seen: set[str] = set()
    found = []
    for number, email in enumerate(emails, 1):
        if email in seen:
            email = None
        seen.update({email} if email else ())
        found.append(
            person(
                number,
                draw(AGES),
                email=email,
                firstname=draw(NAMES),
                lastname=f"No. {number}",
                company=draw(st.sampled_from([None, None, f"Firm {number}"])),
                city=draw(CITIES),
            )
        )
    return found


@st.composite
def customers(draw: st.DrawFn) -> list[Record]:
    """Xero contacts; names are unique there, e-mail addresses are not."""
    emails = draw(st.lists(EMAILS, max_size=6))
    return [
        customer(
            number,
            draw(AGES),
            Name=f"Client {number}",
            EmailAddress=email,
            FirstName=draw(NAMES),
            PostalCity=draw(CITIES),
        )
        for number, email in enumerate(emails, 1)
    ]


def edits(world: World, draw: Callable[[st.SearchStrategy[Value]], Value]) -> None:
    """Somebody edits some cities and first names in either app."""
    fields = {App.HUBSPOT: ("city", "firstname"), App.XERO: ("PostalCity", "FirstName")}
    for ref in sorted(world.records):
        if draw(st.booleans()):
            city, first = fields[ref.app]
            world.edit(ref, **draw(st.sampled_from([{city: draw(CITIES)}, {first: draw(NAMES)}])))


@given(people(), customers(), st.sampled_from(sorted(RULES)), st.data())
def test_after_apply_there_is_nothing_to_do(
    ours: list[Record], theirs: list[Record], rules: str, data: st.DataObject
) -> None:
    """1: no echo, no flapping; also after edits on both sides, and when an app re-cases what it is sent."""
    shout = data.draw(st.booleans())
    world = World(
        RULES[rules], quirk=lambda name, value: str(value).upper() if shout and "ity" in name and value else value
    )
    world.put(*ours, *theirs)
    world.apply()
    plan, _ = world.plan()
    assert plan.changes == ()
    edits(world, data.draw)
    world.apply()
    plan, _ = world.plan()
    assert plan.changes == ()


@given(people(), customers(), st.sampled_from(sorted(RULES)), st.randoms())
def test_shuffled_input_gives_the_same_bytes(
    ours: list[Record], theirs: list[Record], rules: str, random: object
) -> None:
    """2: the order in which records arrive changes no byte of the plan."""
    records = [*ours, *theirs]
    world = World(RULES[rules])
    world.put(*records)
    first, _ = world.plan()
    random.shuffle(records)  # type: ignore[attr-defined]
    second, _ = make_plan(world.rules, snapshot(*records), world.state, world.now, CATALOGUE)
    assert canonical_json(plan_document(first)) == canonical_json(plan_document(second))


@given(people(), customers(), st.sampled_from(sorted(RULES)), st.data())
def test_every_record_stands_in_exactly_one_place(
    ours: list[Record], theirs: list[Record], rules: str, data: st.DataObject
) -> None:
    """4: in sync, changed, excluded or failing: R20's numbers add up to the records that the direction reads."""
    world = World(RULES[rules])
    world.put(*ours, *theirs)
    for _ in range(2):
        plan, observations = world.plan()
        places: dict[RecordRef, list[str]] = {ref: [] for ref in world.records}

        def note(place: str, found: dict[RecordRef, list[str]], **sides: str | None) -> None:
            for app in App:
                ref = RecordRef(app, "contacts", sides.get(app.value) or "")
                if ref in found:
                    found[ref].append(place)

        for pair in {(change.hubspot, change.xero) for change in plan.changes}:
            note("change", places, hubspot=pair[0], xero=pair[1])
        for each in plan.excluded:
            note("excluded", places, hubspot=each.hubspot, xero=each.xero)
        for problem in plan.held:
            note(
                "failing",
                places,
                hubspot=problem.hubspot.id if problem.hubspot else None,
                xero=problem.xero.id if problem.xero else None,
            )
        quiet = [ref for ref, found in places.items() if not found]
        aside = [ref for ref in quiet if observations.known[ref].standing is Standing.ASIDE]
        assert all(len(found) <= 1 for found in places.values())
        assert len(quiet) - len(aside) == 2 * sum(plan.in_sync.values())
        assert set(world.records) == set(observations.known)
        edits(world, data.draw)
        world.apply()


@given(people(), customers(), st.sampled_from(sorted(RULES)), st.data())
def test_only_targets_are_written_and_held_records_are_left_alone(
    ours: list[Record], theirs: list[Record], rules: str, data: st.DataObject
) -> None:
    """5: a side that the sync doesn't write is in no effect; a held record has none. 10: every change names its rule."""
    world = World(RULES[rules])
    world.put(*ours, *theirs)
    world.apply()
    edits(world, data.draw)
    plan, _ = world.plan()
    targets = world.rules.sync("contacts").direction.targets
    assert {effect.app for change in plan.changes for effect in change.effects} <= set(targets)
    held = {problem.hubspot.id for problem in plan.held if problem.hubspot} | {
        problem.xero.id for problem in plan.held if problem.xero
    }
    touched = {change.hubspot for change in plan.changes} | {change.xero for change in plan.changes}
    assert held.isdisjoint(touched)
    assert all(each.span.line > 0 and each.span.file for change in plan.changes for each in change.fields)


@given(people(), customers(), st.data())
def test_a_lost_state_makes_no_duplicate_and_overwrites_nothing(
    ours: list[Record], theirs: list[Record], data: st.DataObject
) -> None:
    """7: after the state is gone, nothing with a matching key or memory is created, and values change only by a winner rule."""
    world = World(RULES["two-way"])
    world.put(*ours, *theirs)
    world.apply()
    edits(world, data.draw)
    world.apply()
    size = len(world.records)
    world.state = replace(EMPTY, lineage="another")
    plan = world.apply()
    created = [change for change in plan.changes if change.action == "create"]
    assert created == []
    assert len(world.records) == size
    for change in plan.changes:
        for each in change.fields:
            assert each.before is None or "winner" in each.reason or "newer" in each.reason


@given(people(), customers(), st.sampled_from([CoverageKind.PARTIAL, CoverageKind.SINCE]))
def test_an_incomplete_snapshot_concludes_nothing_from_absence(
    ours: list[Record], theirs: list[Record], coverage: CoverageKind
) -> None:
    """8: a listing that broke off causes no create of a keyed record, no delete and no "gone"."""
    world = World(RULES["filtered"])
    world.put(*ours, *theirs)
    world.apply()
    for ref in sorted(world.records)[::2]:
        del world.records[ref]
    plan, _ = world.plan(coverage)
    assert [change for change in plan.changes if change.action == "create"] == []
    assert plan.gone == ()


@given(people(), customers(), st.data())
def test_one_refusal_changes_no_other_record(ours: list[Record], theirs: list[Record], data: st.DataObject) -> None:
    """9: whatever an app refuses, all others end as they would have."""
    world, twin = World(RULES["filtered"]), World(RULES["filtered"])
    for each in (world, twin):
        each.put(*ours, *theirs)
    plan, _ = world.plan()
    if not plan.changes:
        return
    refused = data.draw(st.sampled_from(list(plan.changes)))
    world.apply(refuse=lambda change: change == refused.id)
    twin.apply()
    names = {refused.hubspot, refused.xero}

    def others(where: World) -> list[dict[str, Value]]:
        return sorted(
            (
                {name: value for name, value in record.fields.items() if name not in ("hs_object_id", "ContactID")}
                for ref, record in where.records.items()
                if ref.id not in names and record.memory not in names
            ),
            key=repr,
        )

    assert others(world) == others(twin)
