"""The journal: what was tried is written down before it is tried, and what became of it stands with what it brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from state_worlds import BASE, START, STEP, Clock, intent, link, output, python, run

from hxrules.records import App
from hxrules.state.entries import STOPPED, Advance, Intent, JournaledEffect, JournaledRun, Settled
from hxrules.state.store import Store, open_store

DONE = Settled("e1", "done", "x1", {"EmailAddress": "sann@example.com"})
FAILED = Settled("e1", "failed", None, {}, {"code": "ValidationException", "message": "Name taken"})
IN_DOUBT = Settled("e1", "in-doubt", None, {}, {"code": "ReadTimeout"})


def open_effects(store: Store) -> list[tuple[str, str]]:
    return [(header.id, intent.effect) for header, intent in store.unsettled()]


def test_an_intent_comes_back_as_it_was_written(store: Store) -> None:
    create = intent("e1", seq=2)
    update = Intent("e0", "c0", "invoices", App.HUBSPOT, "invoices", "h7", {"half": "\ud83d", "n": [1, None, True]}, 1)
    store.begin(run())
    store.intend("run-1", [create, update])
    assert store.unsettled() == [(run(), update), (run(), create)]


@pytest.mark.parametrize(
    ("settlements", "left"),
    [
        ([], [("run-1", "e1")]),
        ([IN_DOUBT], [("run-1", "e1")]),
        ([IN_DOUBT, IN_DOUBT], [("run-1", "e1")]),
        ([DONE], []),
        ([FAILED], []),
        ([IN_DOUBT, DONE], []),
        ([IN_DOUBT, FAILED], []),
    ],
)
def test_an_effect_is_open_until_its_end_is_known(
    store: Store, clock: Clock, settlements: list[Settled], left: list[tuple[str, str]]
) -> None:
    store.begin(run())
    store.intend("run-1", [intent("e1")])
    for settled in settlements:
        clock.move(5)
        store.settle("run-1", [settled], Advance())
    assert open_effects(store) == left
    latest = (settlements[-1], clock()) if settlements else (None, None)
    assert store.effects("run-1") == [JournaledEffect(intent("e1"), START, *latest)]


def test_open_effects_of_all_runs_are_listed_oldest_first(store: Store) -> None:
    later, earlier = run("run-a", started=START + timedelta(hours=1)), run("run-b")
    for header in (later, earlier):
        store.begin(header)
        store.intend(header.id, [intent("e2", seq=2), intent("e1", seq=1), intent("e3", seq=3)])
    store.settle("run-b", [replace(DONE, effect="e2")], Advance())
    assert open_effects(store) == [("run-b", "e1"), ("run-b", "e3"), ("run-a", "e1"), ("run-a", "e2"), ("run-a", "e3")]


def test_a_settlement_stands_or_falls_with_what_it_brought(store: Store) -> None:
    store.begin(run())
    store.intend("run-1", [intent("e1")])
    before = store.view()
    with pytest.raises(IntegrityError):
        store.settle("run-1", [DONE], Advance(links=(link(1),), bases={"no such link": {"email": BASE}}))
    with pytest.raises(IntegrityError):
        store.settle("run-1", [replace(DONE, effect="never intended")], STEP)
    assert store.view() == before
    assert open_effects(store) == [("run-1", "e1")]
    store.settle("run-1", [DONE], STEP)
    assert (store.view().serial, len(store.view().links), open_effects(store)) == (before.serial + 1, 2, [])


def test_an_effect_is_intended_once_in_a_run_and_again_in_another(store: Store) -> None:
    store.begin(run("run-1"))
    store.begin(run("run-2"))
    store.intend("run-1", [intent("e1")])
    with pytest.raises(IntegrityError):
        store.intend("run-1", [intent("e2"), intent("e1")])
    store.intend("run-2", [intent("e1")])
    assert open_effects(store) == [("run-1", "e1"), ("run-2", "e1")]


def test_nothing_is_intended_for_a_run_that_never_began(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.intend("run-1", [intent("e1")])
    assert store.unsettled() == []


@pytest.mark.parametrize(
    ("outcomes", "used_up_by"),
    [
        ([], None),
        ([None], None),
        ([STOPPED], None),
        (["finished"], "run-0"),
        (["failing"], "run-0"),
        ([None, STOPPED, "finished"], "run-2"),
    ],
)
def test_a_plan_is_used_up_by_the_run_that_gave_every_change_its_turn(
    store: Store, outcomes: list[str | None], used_up_by: str | None
) -> None:
    for number, outcome in enumerate(outcomes):
        store.begin(run(f"run-{number}", started=START + timedelta(minutes=number)))
        if outcome is not None:
            store.finish(f"run-{number}", outcome, {}, {}, START)
    applied = store.applied("plan-1")
    assert (applied and applied.id) == used_up_by
    assert [run.header.id for run in store.runs_of("plan-1")] == [f"run-{number}" for number in range(len(outcomes))]
    assert store.applied("plan-2") is None


def test_a_run_comes_back_as_it_was_written(store: Store) -> None:
    store.begin(run())
    assert store.run("run-1") == JournaledRun(run(), serial=0)
    store.advance(Advance())
    store.intend("run-1", [intent("e1")])
    store.settle("run-1", [DONE], Advance())
    later = START + timedelta(minutes=3)
    store.finish("run-1", "finished", {"create": 1, "failed": []}, {"hubspot": 3, "xero": 2}, later)
    whole = JournaledRun(run(), 2, later, "finished", {"create": 1, "failed": []}, {"hubspot": 3, "xero": 2})
    assert store.run("run-1") == whole
    assert store.run("run-2") is None
    assert store.effects("run-2") == []


def test_runs_are_listed_newest_first(store: Store) -> None:
    for number in range(5):
        store.begin(run(f"run-{number}", started=START + timedelta(minutes=number)))
    assert [run.header.id for run in store.runs()] == ["run-4", "run-3", "run-2", "run-1", "run-0"]
    assert [run.header.id for run in store.runs(2)] == ["run-4", "run-3"]


# --- killed -----------------------------------------------------------------------------------------------------------

BEGIN = """
import sys
from state_worlds import *
from hxrules.state.entries import Advance, Settled
from hxrules.state.store import open_store
store = open_store(sys.argv[1], now=Clock())
store.begin(run())
"""


def test_a_run_killed_after_its_intent_leaves_it_to_be_found(url: str, clock: Clock) -> None:
    process = python(BEGIN + "store.intend('run-1', [intent('e1')]); print('sent', flush=True); sys.stdin.read()", url)
    assert process.stdout is not None
    assert process.stdout.readline() == "sent\n"
    process.kill()
    process.communicate()
    with open_store(url, now=clock) as store:
        assert store.unsettled() == [(run(), intent("e1"))]
        assert store.run("run-1") == JournaledRun(run(), serial=0)


def test_a_run_killed_inside_its_settlement_has_settled_nothing(url: str, clock: Clock) -> None:
    code = (
        BEGIN
        + """
store.intend("run-1", [intent("e1")])
def answers():
    yield Settled("e1", "done", "x1")
    print("inside", flush=True)
    sys.stdin.read()
store.settle("run-1", answers(), STEP)
"""
    )
    process = python(code, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.kill()
    process.communicate()
    with open_store(url, now=clock) as store:
        assert (store.view().serial, store.view().links, open_effects(store)) == (0, (), [("run-1", "e1")])
        store.settle("run-1", [DONE], STEP)
        assert (store.view().serial, len(store.view().links), open_effects(store)) == (1, 2, [])


@pytest.mark.parametrize("killed_after", [1, 2, 7, 20, 41])
def test_wherever_a_run_is_killed_links_and_settlements_agree(url: str, clock: Clock, killed_after: int) -> None:
    code = (
        BEGIN
        + """
for number in range(100_000):
    store.intend("run-1", [intent(f"e{number}", number)])
    print("intended", number, flush=True)
    store.settle("run-1", [Settled(f"e{number}", "done", f"x{number}")], Advance(links=(link(number),)))
    print("settled", number, flush=True)
"""
    )
    process = python(code, url)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(killed_after)]
    process.kill()
    said += process.communicate()[0].splitlines()
    with open_store(url, now=clock) as store:
        effects = store.effects("run-1")
        done = {one.settled.id for one in effects if one.settled is not None}
        assert done == {link.xero for link in store.view().links}
        assert store.view().serial == len(done)
        assert len(open_effects(store)) == len(effects) - len(done) <= 1
        assert len(effects) >= sum(line.startswith("intended") for line in said)
        assert len(done) >= sum(line.startswith("settled") for line in said)


def test_two_processes_write_their_journals_side_by_side(url: str, store: Store) -> None:
    code = """
import sys
from state_worlds import *
from hxrules.state.entries import Advance, Settled
from hxrules.state.store import open_store
with open_store(sys.argv[1], now=Clock()) as store:
    store.begin(run(sys.argv[2]))
    for number in range(30):
        store.intend(sys.argv[2], [intent(f"e{number}", number)])
        store.settle(sys.argv[2], [Settled(f"e{number}", "done")], Advance())
"""
    for process in [python(code, url, f"run-{number}") for number in range(3)]:
        assert output(process) == ""
    assert store.view().serial == 90
    assert [len(store.effects(f"run-{number}")) for number in range(3)] == [30, 30, 30]
    assert store.unsettled() == []


def test_a_rulesets_text_is_kept_once_for_each_digest(store: Store) -> None:
    assert store.ruleset("d1") is None
    store.keep_ruleset("d1", {"file": "a.yaml", "text": "hxrules: 1"})
    store.keep_ruleset("d2", {"file": "b.yaml", "text": "hxrules: 1"})
    store.keep_ruleset("d1", {"file": "a.yaml", "text": "hxrules: 1  # the same, said otherwise"})
    assert store.ruleset("d1") == {"file": "a.yaml", "text": "hxrules: 1  # the same, said otherwise"}
    assert store.ruleset("d2") == {"file": "b.yaml", "text": "hxrules: 1"}


def test_the_last_applied_run_is_finished_and_undoes_nothing(store: Store) -> None:
    def runs_at(minute: int, run_id: str, command: str, *, ends: bool) -> None:
        started = START + timedelta(minutes=minute)
        store.begin(replace(run(run_id, started=started), command=command))
        if ends:
            store.finish(run_id, "finished", {}, {}, started)

    assert store.last_applied() is None
    runs_at(1, "first", "apply", ends=True)
    runs_at(2, "second", "apply", ends=True)
    runs_at(3, "undone", "undo second", ends=True)
    runs_at(4, "killed", "apply", ends=False)
    found = store.last_applied()
    assert found is not None
    assert found.id == "second"
