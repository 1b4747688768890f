"""The lock: one run writes at a time, and one that lost its lock writes nothing more."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from state_worlds import START, STEP, Clock, codes, intent, output, python, run

from hxrules.problems import Halt
from hxrules.state import lock, tables
from hxrules.state.entries import Advance, Holder, Settled
from hxrules.state.store import Store, open_store


@pytest.fixture
def other(url: str, store: Store, clock: Clock) -> Iterator[Store]:
    """The same state, as another run has it open."""
    with open_store(url, now=clock) as other:
        yield other


def test_a_lock_is_held_by_one_run_at_a_time(store: Store, other: Store) -> None:
    with store.lock("apply", "ann") as lease:
        assert lease.taken_from is None
        assert store.still_mine()
        with pytest.raises(Halt), other.lock("apply", "bob"):
            pytest.fail("two runs hold the lock")
        with pytest.raises(Halt), store.lock("apply", "ann"):
            pytest.fail("one run holds the lock twice")
        with other.lock("another", "bob"):
            assert store.still_mine()
    assert store.holder("apply") is None
    with other.lock("apply", "bob") as lease:
        assert lease.taken_from is None


def test_the_refusal_names_the_holder_and_what_to_do(store: Store, other: Store, clock: Clock) -> None:
    with store.lock("apply", "ann: hxrules apply"):
        clock.move(60)
        with pytest.raises(Halt) as halt, other.lock("apply", "bob"):
            pytest.fail("two runs hold the lock")
    (problem,) = halt.value.problems
    assert (halt.value.exit_code, problem.code, problem.next_command) == (9, "HX510", "hxrules status")
    text = " ".join((problem.summary, problem.cause, problem.remedy))
    for fact in ("ann: hxrules apply", socket.gethostname(), f"rocess {os.getpid()}", "2026-11-02T09:30:00.123Z"):
        assert fact in text
    assert "2026-11-02T09:32:00.123Z" in problem.remedy


@pytest.mark.parametrize(("seconds", "free"), [(0, False), (119.9, False), (120, True), (86_400, True)])
def test_a_lock_is_free_after_120_seconds_without_renewal(
    store: Store, other: Store, clock: Clock, seconds: float, free: bool
) -> None:
    with store.lock("apply", "ann"):
        clock.move(seconds)
        if free:
            with other.lock("apply", "bob") as lease:
                here = (socket.gethostname(), os.getpid())
                assert lease.taken_from == Holder("apply", "ann", *here, since=START, renewed=START)
                assert (store.still_mine(), other.still_mine()) == (False, True)
        else:
            with pytest.raises(Halt), other.lock("apply", "bob"):
                pytest.fail("two runs hold the lock")
            assert store.still_mine()


def test_a_renewed_lock_is_held_on_to(store: Store, other: Store, clock: Clock) -> None:
    with store.lock("apply", "ann") as lease:
        clock.move(100)
        assert lease.renew()
        clock.move(100)
        with pytest.raises(Halt), other.lock("apply", "bob"):
            pytest.fail("two runs hold the lock")
        holder = store.holder("apply")
        assert holder is not None
        assert (holder.since, holder.renewed) == (START, START + timedelta(seconds=100))


def test_a_lost_lock_is_not_won_back_by_renewing_it(store: Store, other: Store, clock: Clock) -> None:
    with store.lock("apply", "ann") as lease:
        clock.move(121)
        with other.lock("apply", "bob"):
            assert not lease.renew()
            assert (store.still_mine(), other.still_mine()) == (False, True)
        assert not lease.renew()
        assert not store.still_mine()


def test_a_lock_is_renewed_while_its_run_lives(
    url: str, store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "RENEW_EVERY", timedelta(milliseconds=1))
    renewals = threading.Semaphore(0)
    clock = Clock()

    def ticking() -> datetime:
        if threading.current_thread() is not threading.main_thread():
            clock.move(100)
            renewals.release()
        return clock()

    with open_store(url, now=ticking) as living, living.lock("apply", "ann"):
        for _ in range(5):
            assert renewals.acquire(timeout=20)
        assert living.still_mine()
        holder = other.holder("apply")
        assert holder is not None
        assert holder.renewed >= START + timedelta(seconds=400)
    assert other.holder("apply") is None


WRITES: dict[str, Callable[[Store], object]] = {
    "bind": lambda store: store.bind(1, "tenant"),
    "advance": lambda store: store.advance(STEP),
    "begin": lambda store: store.begin(run("run-2")),
    "intend": lambda store: store.intend("run-1", [intent("e2")]),
    "settle": lambda store: store.settle("run-1", [Settled("e1", "done")], STEP),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_run_that_lost_its_lock_writes_nothing_more(
    store: Store, other: Store, clock: Clock, write: Callable[[Store], object]
) -> None:
    with store.lock("apply", "ann"):
        store.begin(run())
        store.intend("run-1", [intent("e1")])
        before = (store.view(), store.runs(), store.unsettled())
        clock.move(121)
        with other.lock("apply", "bob"):
            with pytest.raises(Halt) as halt:
                write(store)
            assert (halt.value.exit_code, codes(halt.value.problems)) == (9, ["HX511"])
            assert "bob" in halt.value.problems[0].cause
            assert (store.view(), store.runs(), store.unsettled()) == before
            other.settle("run-1", [Settled("e1", "failed")], Advance())
        store.finish("run-1", "stopped", {}, {}, clock())
    assert store.unsettled() == []


def test_a_run_that_lost_its_lock_to_nobody_stops_too(store: Store, other: Store, clock: Clock) -> None:
    with store.lock("apply", "ann"):
        clock.move(121)
        with other.lock("apply", "bob"):
            pass
        with pytest.raises(Halt, match="lost the lock"):
            store.advance(STEP)


def test_giving_back_a_lost_lock_leaves_the_new_holder_alone(store: Store, other: Store, clock: Clock) -> None:
    with store.lock("apply", "ann"):
        clock.move(121)
        taken = other.lock("apply", "bob")
        taken.__enter__()
    assert other.still_mine()
    taken.__exit__(None, None, None)
    assert other.holder("apply") is None


def test_a_lock_is_given_back_when_its_run_fails(store: Store, other: Store) -> None:
    with pytest.raises(RuntimeError), store.lock("apply", "ann"):
        raise RuntimeError
    with other.lock("apply", "bob") as lease:
        assert lease.taken_from is None


# --- other processes --------------------------------------------------------------------------------------------------

HOLD = """
import sys
from state_worlds import Clock
from hxrules.state.store import open_store
with open_store(sys.argv[1], now=Clock()) as store, store.lock("apply", "ann"):
    print("held", flush=True)
    sys.stdin.read()
"""

TRY = """
import sys
from state_worlds import Clock
from hxrules.problems import Halt
from hxrules.state.store import open_store
with open_store(sys.argv[1], now=Clock()) as store:
    try:
        with store.lock("apply", sys.argv[2]):
            store.advance(__import__("state_worlds").STEP)
            print("held", flush=True)
            sys.stdin.read()
    except Halt as halt:
        print(halt.exit_code, halt.problems[0].code)
"""


def test_of_many_processes_one_gets_the_lock(url: str, store: Store) -> None:
    processes = [python(TRY, url, f"user-{number}") for number in range(4)]
    said = [process.stdout.readline() for process in processes if process.stdout is not None]
    assert sorted(said) == ["9 HX510\n"] * 3 + ["held\n"]
    for process in processes:
        output(process)
    assert store.view().serial == 1


def test_a_killed_process_of_this_machine_is_not_waited_for(url: str, store: Store) -> None:
    process = python(HOLD, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Halt), store.lock("apply", "bob"):
        pytest.fail("two processes hold the lock")
    process.kill()
    process.communicate()
    with store.lock("apply", "bob") as lease:
        assert lease.taken_from is not None
        assert (lease.taken_from.owner, lease.taken_from.pid) == ("ann", process.pid)


@pytest.mark.parametrize("machine", ["another machine", None])
def test_a_process_of_another_machine_is_waited_for_whatever_its_number(
    url: str, store: Store, clock: Clock, machine: str | None
) -> None:
    process = python(HOLD, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.communicate()
    with store._database.writing() as connection:
        connection.execute(tables.locks.update().values(machine=machine))
    with pytest.raises(Halt), store.lock("apply", "bob"):
        pytest.fail("nobody knows whether that process lives")
    clock.move(120)
    with store.lock("apply", "bob") as lease:
        assert lease.taken_from is not None
