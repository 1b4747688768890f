"""Whatever people do in both apps and to the ruleset, and whatever happens to the runs: it all comes to rest (design §1.8).

A history is told step by step; then runs on good days bring it to rest within three, and: nothing is left to do, not by what changed
and not when everything is read anew; no record is there twice; every pair says the same in every field that travels, or the plan
says why not; nobody is forgotten; and of what people wrote nothing is lost but by a decision about two opinions, which stands in
the journal with the value that was lost.

`make test-histories` tells 200 of them (`SEED=…` chooses others). Runs are killed by SIGKILL, through the launcher of `tests.kill`, which
also visits every single kill point.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.histories.checks import come_to_rest
from tests.histories.company import company
from tests.histories.fields import FIELDS, VALUES
from tests.histories.memory import Memory
from tests.histories.rules import WAYS, Rules
from tests.histories.steps import (
    ApplySaved,
    Change,
    Clash,
    Edit,
    Killed,
    Lines,
    Make,
    Pass,
    Remove,
    Run,
    Save,
    Status,
    Step,
    take,
)
from tests.kill.journeys import Launcher

APPS = st.sampled_from(["hubspot", "xero"])
WHICH = st.integers(0, 4)
EDITS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(Edit, APPS, st.just(name[0]), WHICH, st.just(name[1]), st.sampled_from(VALUES[name]))
)
APART = st.sampled_from([timedelta(seconds=each) for each in (0, 5, -5, 300, -300)])
CLASHES = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(
        Clash, st.just(name[0]), WHICH, st.just(name[1]), *[st.sampled_from(VALUES[name])] * 2, APART
    )
)
KILLS = st.tuples(
    st.sampled_from(["journal", "hubspot", "xero"]), st.integers(1, 30), st.sampled_from(["before", "after"])
)
CHANGES = st.one_of(
    *(
        st.fixed_dictionaries({sync: st.sampled_from(WAYS)})
        for sync in ("contacts", "products", "invoices", "payments")
    ),
    st.fixed_dictionaries({"winner": st.sampled_from(["xero", "hubspot"])}),
    *(st.fixed_dictionaries({name: st.booleans()}) for name in ("filtered", "city", "custom")),
    st.fixed_dictionaries({"voids": st.sampled_from(["follow", "hold"])}),
    st.fixed_dictionaries(
        {"off": st.frozensets(st.sampled_from(["contacts", "products", "invoices", "payments"]), max_size=1)}
    ),
)
PEOPLE: list[st.SearchStrategy[Step]] = [
    EDITS,
    EDITS,
    CLASHES,
    CLASHES,
    st.builds(Make, APPS, st.sampled_from(["contacts", "products", "invoices", "payments"]), WHICH, st.booleans()),
    st.builds(Lines, APPS, WHICH, st.integers(1, 4), st.booleans()),
    st.builds(Status, APPS, WHICH, st.booleans()),
    st.builds(Remove, APPS, st.sampled_from(["contacts", "products", "payments"]), WHICH),
]
RUNS: list[st.SearchStrategy[Step]] = [
    st.just(Run()),
    st.builds(Run, st.just(0.15), st.integers(0, 999)),
    st.builds(lambda kill: Killed(*kill), KILLS),
    st.builds(lambda kill: Killed(*kill), KILLS),
    st.just(Save()),
    st.builds(ApplySaved, st.booleans(), st.none() | KILLS),
]
OTHER: list[st.SearchStrategy[Step]] = [
    st.builds(Pass, st.sampled_from([timedelta(seconds=90), timedelta(minutes=20), timedelta(days=2)])),
    st.builds(Change, CHANGES),
]
STEPS = st.lists(st.one_of(*PEOPLE, *RUNS, *OTHER), min_size=6, max_size=20)
QUIRKS = st.sampled_from(
    [
        {},
        {},
        {"search-lag": "20"},
        {"noop-update": "stays", "write-echo": "all"},
        {"mirror-amounts": "ignored", "if-modified-since": "inclusive"},
        {"patch-voided": "all", "batch-order": "input"},
    ]
)
SEED = os.environ.get("HISTORIES_SEED")
HISTORIES = int(os.environ.get("HISTORIES", "12"))
SLICE = 25 if SEED else 6
"""Histories of one test: so that several processes can tell them."""
SLICES = -(-HISTORIES // SLICE)


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    found = Launcher()
    yield found
    found.close()


def tell(launcher: Launcher, quirks: dict[str, str], steps: list[Step], rules: Rules | None = None) -> list[str]:
    """A history from its first day; what is wrong with its end."""
    memory = Memory()
    with company(launcher, quirks, rules or Rules()) as here:
        memory.begin(here)
        for step in steps:
            take(step, here, memory)
        return list(come_to_rest(here, memory))


@pytest.mark.timeout(3600 if SEED else 120)
@pytest.mark.parametrize("part", range(SLICES))
def test_every_history_comes_to_rest(part: int, launcher: Launcher) -> None:
    @seed(f"{SEED or 'sample'} {part}")
    @settings(
        max_examples=SLICE,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if SEED else [])],
        print_blob=True,
    )
    @given(QUIRKS, STEPS)
    def history(quirks: dict[str, str], steps: list[Step]) -> None:
        for step in steps:
            note(f"    {step!r},")
        assert tell(launcher, quirks, steps) == []

    history()


def test_every_field_that_people_edit_is_one_that_travels() -> None:
    """The histories reach what they are about."""
    assert set(VALUES) <= set(FIELDS)
