"""R20: how many records are in sync, excluded and failing; a linked pair counts once, where its worse side stands."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_worlds import Clock, known, link, url_of

from hxrules.records import App, Standing, SyncState
from hxrules.state.entries import Advance, StandingRow
from hxrules.state.store import Store, open_store

IN_SYNC, EXCLUDED, FAILING, ASIDE = Standing.IN_SYNC, Standing.EXCLUDED, Standing.FAILING, Standing.ASIDE
WORST_FIRST = (FAILING, EXCLUDED, IN_SYNC, ASIDE)
NONE = {FAILING: 0, EXCLUDED: 0, IN_SYNC: 0}


@pytest.mark.parametrize(
    ("hubspot", "xero", "counted"),
    [
        (IN_SYNC, IN_SYNC, IN_SYNC),
        (IN_SYNC, EXCLUDED, EXCLUDED),
        (EXCLUDED, IN_SYNC, EXCLUDED),
        (EXCLUDED, EXCLUDED, EXCLUDED),
        (FAILING, IN_SYNC, FAILING),
        (EXCLUDED, FAILING, FAILING),
        (FAILING, FAILING, FAILING),
        (IN_SYNC, ASIDE, IN_SYNC),
        (ASIDE, EXCLUDED, EXCLUDED),
        (ASIDE, ASIDE, None),
        (IN_SYNC, None, IN_SYNC),
        (None, FAILING, FAILING),
        (None, None, None),
    ],
)
def test_a_linked_pair_counts_once_where_its_worse_side_stands(
    store: Store, hubspot: Standing | None, xero: Standing | None, counted: Standing | None
) -> None:
    sides = [known(app, 1, side) for app, side in ((App.HUBSPOT, hubspot), (App.XERO, xero)) if side is not None]
    store.advance(Advance(links=(link(1),), known=tuple(sides), syncs=(SyncState("contacts"),)))
    assert store.counts() == {"contacts": NONE | ({counted: 1} if counted else {})}
    for standing in (FAILING, EXCLUDED, IN_SYNC):
        rows = [row[:2] for row in store.records("contacts", standing)]
        assert rows == ([("h1", "x1")] if standing is counted else [])


def test_records_without_a_partner_count_each(store: Store) -> None:
    store.advance(Advance(known=(known(App.HUBSPOT, 1, EXCLUDED), known(App.XERO, 1, EXCLUDED))))
    assert store.counts() == {"contacts": NONE | {EXCLUDED: 2}}
    assert [row[:2] for row in store.records("contacts", EXCLUDED)] == [(None, "x1"), ("h1", None)]


def test_the_reason_is_the_worse_sides(store: Store) -> None:
    store.advance(Advance(links=(link(1),), known=(known(App.HUBSPOT, 1, EXCLUDED), known(App.XERO, 1, FAILING))))
    assert list(store.records("contacts", FAILING)) == [StandingRow("h1", "x1", {"because": "xero failing"})]


def test_a_sync_that_has_not_run_yet_counts_nothing_and_is_named(store: Store) -> None:
    store.advance(Advance(syncs=(SyncState("payments"),)))
    assert store.counts() == {"payments": NONE}


def test_the_same_ids_in_another_sync_are_other_records(store: Store) -> None:
    store.advance(Advance(links=(link(1, "invoices"),), known=(known(App.HUBSPOT, 1), known(App.XERO, 1, FAILING))))
    assert store.counts() == {"contacts": NONE | {IN_SYNC: 1, FAILING: 1}}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "state.db"
    open_store(url_of(path), now=Clock()).close()
    return path


@settings(max_examples=60, deadline=None)
@given(
    linked=st.sets(st.integers(0, 6)),
    standings=st.dictionaries(st.tuples(st.sampled_from(App), st.integers(0, 6)), st.sampled_from(Standing)),
)
def test_counts_add_up_for_any_world(empty: Path, linked: set[int], standings: dict[tuple[App, int], Standing]) -> None:
    expected = dict(NONE)
    for number in range(7):
        sides = [standings[app, number] for app in App if (app, number) in standings]
        for group in [sides] if number in linked else [[side] for side in sides]:
            worst = min(group, key=WORST_FIRST.index, default=ASIDE)
            if worst is not ASIDE:
                expected[worst] += 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        shutil.copy(empty, path)
        with open_store(url_of(path), now=Clock()) as store:
            records = tuple(known(app, number, standing) for (app, number), standing in standings.items())
            links = tuple(link(number) for number in linked)
            store.advance(Advance(links=links, known=records, syncs=(SyncState("contacts"),)))
            assert store.counts() == {"contacts": expected}
            assert {standing: len(list(store.records("contacts", standing))) for standing in NONE} == expected
