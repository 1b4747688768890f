"""What goes into the state comes out of it, step by step: the tables against a few dictionaries."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from state_worlds import BASE, STEP, Clock, link, url_of

from hxrules.records import (
    Apart,
    App,
    BaseValue,
    Known,
    Link,
    Membership,
    Origin,
    RecordRef,
    Standing,
    StateView,
    SyncState,
)
from hxrules.state.entries import Advance
from hxrules.state.store import Store, open_store

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 — hypothesis wants naive bounds
INSTANTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    ANY_TEXT,
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18),
    st.dates(),
    # Canonical instants are as fine as the apps tell them: milliseconds.
    INSTANTS.map(lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)),
)
JSON = st.dictionaries(st.sampled_from(["code", "leaf", "cause"]), ANY_TEXT | st.integers() | st.none(), max_size=2)
SYNCS = st.sampled_from(["contacts", "invoices"])
LINK_IDS = st.sampled_from([f"l{number}" for number in range(5)])
REFS = st.builds(RecordRef, st.sampled_from(App), st.sampled_from(["contacts", "invoices"]), st.sampled_from("123"))
BASES = st.builds(BaseValue, VALUES, VALUES, st.text("0123456789abcdef", max_size=8), st.booleans())
KNOWN = st.builds(
    Known,
    REFS,
    SYNCS,
    st.none() | INSTANTS,
    st.sampled_from(Standing),
    JSON,
    st.lists(REFS, max_size=2).map(tuple),
    st.booleans(),
)
LINKS = st.builds(
    Link,
    LINK_IDS,
    SYNCS,
    st.sampled_from("123"),
    st.sampled_from("123"),
    st.sampled_from(Origin),
    st.none() | st.sampled_from(App),
    st.dictionaries(st.sampled_from(App), st.sampled_from(Membership)),
    st.none() | st.sampled_from(App),
)
SYNC_STATES = st.builds(
    SyncState,
    SYNCS,
    st.none() | INSTANTS,
    st.none() | st.just("digest"),
    st.dictionaries(st.sampled_from(App), INSTANTS),
    st.none() | INSTANTS,
    st.none() | INSTANTS,
)
APART = st.builds(Apart, SYNCS, st.sampled_from("12"), st.sampled_from("12"))


def several(what: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(what, max_size=4).map(tuple)


STEPS = st.builds(
    Advance,
    links=several(LINKS),
    drop_links=several(LINK_IDS),
    bases=st.dictionaries(
        LINK_IDS, st.dictionaries(st.sampled_from(["email", "total"]), BASES, max_size=2), max_size=3
    ),
    void_bases=several(LINK_IDS),
    known=several(KNOWN),
    forget=several(REFS),
    apart=several(APART),
    together=several(APART),
    syncs=several(SYNC_STATES),
    drop_syncs=st.one_of(st.just(()), several(SYNCS)),
)


@dataclass
class Model:
    """What a state is, without a database."""

    links: dict[str, Link] = field(default_factory=dict)
    bases: dict[str, dict[str, BaseValue]] = field(default_factory=dict)
    known: dict[RecordRef, Known] = field(default_factory=dict)
    syncs: dict[str, SyncState] = field(default_factory=dict)
    apart: set[Apart] = field(default_factory=set)
    serial: int = 0

    def advance(self, step: Advance) -> None:
        self.links = {id_: link for id_, link in self.links.items() if link.sync not in step.drop_syncs}
        self.known = {ref: known for ref, known in self.known.items() if known.sync not in step.drop_syncs}
        self.syncs = {name: sync for name, sync in self.syncs.items() if name not in step.drop_syncs}
        self.links = {id_: link for id_, link in self.links.items() if id_ not in step.drop_links}
        self.bases = {
            id_: bases for id_, bases in self.bases.items() if id_ in self.links and id_ not in step.void_bases
        }
        self.known = {ref: known for ref, known in self.known.items() if ref not in step.forget}
        self.apart = {each for each in self.apart if each.sync not in step.drop_syncs and each not in step.together}
        self.apart |= set(step.apart)
        self.links |= {link.id: link for link in step.links}
        for id_, bases in step.bases.items():
            if bases:
                self.bases.setdefault(id_, {}).update(bases)
        self.known |= {known.ref: known for known in step.known}
        self.syncs |= {sync.name: sync for sync in step.syncs}
        self.serial += 1

    def agrees_with(self, view: StateView) -> bool:
        return (
            (view.serial, view.known, view.syncs) == (self.serial, self.known, self.syncs)
            and view.apart == self.apart
            and view.links == tuple(sorted(self.links.values(), key=lambda link: link.id))
            and {id_: dict(bases) for id_, bases in view.bases.items()} == self.bases
        )


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state") / "state.db"
    open_store(url_of(path), now=Clock()).close()
    return path


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=4))
def test_any_steps_leave_what_they_say(empty: Path, steps: list[Advance]) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        shutil.copy(empty, path)
        with open_store(url_of(path), now=Clock()) as store:
            for step in steps:
                before = store.view()
                if _names_no_link(model, step):
                    with pytest.raises(IntegrityError):
                        store.advance(step)
                    assert store.view() == before
                else:
                    store.advance(step)
                    model.advance(step)
                assert model.agrees_with(store.view())


def _names_no_link(model: Model, step: Advance) -> bool:
    """Whether the step puts bases on a link that will not be there."""
    kept = {id_ for id_, link in model.links.items() if id_ not in step.drop_links and link.sync not in step.drop_syncs}
    return not {id_ for id_, bases in step.bases.items() if bases} <= kept | {link.id for link in step.links}


def bases(store: Store) -> dict[str, Mapping[str, BaseValue]]:
    return {id_: dict(fields) for id_, fields in store.view().bases.items()}


def test_a_base_replaces_only_the_mappings_that_it_names(store: Store) -> None:
    store.advance(STEP)
    newer = BaseValue("ann@example.org", None, "d2", settled=False)
    store.advance(Advance(bases={"l1": {"email": newer}}))
    assert bases(store) == {"l1": {"email": newer, "total": BASE}, "l2": {"email": BASE}}


def test_voided_bases_are_gone_but_for_those_put_in_the_same_step(store: Store) -> None:
    store.advance(STEP)
    store.advance(Advance(void_bases=("l1", "l2"), bases={"l1": {"total": BASE}}))
    assert bases(store) == {"l1": {"total": BASE}}
    assert len(store.view().links) == 2


def test_a_link_that_ends_takes_its_bases_along(store: Store) -> None:
    store.advance(STEP)
    store.advance(Advance(drop_links=("l1",)))
    assert [link.id for link in store.view().links] == ["l2"]
    assert bases(store) == {"l2": {"email": BASE}}


def test_a_link_that_is_put_again_keeps_its_bases(store: Store) -> None:
    store.advance(STEP)
    store.advance(Advance(links=(Link("l1", "contacts", "h9", "x1", Origin.TOLD, gone=App.XERO),)))
    assert store.view().links[0].hubspot == "h9"
    assert set(bases(store)["l1"]) == {"email", "total"}


def test_a_removed_sync_leaves_nothing_and_touches_no_other(store: Store) -> None:
    store.advance(STEP)
    before = store.view()
    other = Advance(
        links=(link(7, "invoices"),),
        bases={"l7": {"total": BASE}},
        known=(Known(RecordRef(App.XERO, "invoices", "x7"), "invoices", None, Standing.FAILING),),
        syncs=(SyncState("invoices", started=datetime(2026, 1, 1, tzinfo=UTC)),),
    )
    store.advance(other)
    store.advance(Advance(drop_syncs=("invoices",)))
    after = store.view()
    assert (after.links, after.bases, after.known, after.syncs) == (
        before.links,
        before.bases,
        before.known,
        before.syncs,
    )


def test_the_serial_counts_every_step_and_the_lineage_stays(store: Store) -> None:
    lineage = store.view().lineage
    for number in range(1, 4):
        store.advance(Advance())
        assert (store.view().serial, store.view().lineage) == (number, lineage)


def test_a_view_is_of_one_moment_and_does_not_change_afterwards(store: Store) -> None:
    store.advance(STEP)
    view = store.view()
    store.advance(Advance(drop_syncs=("contacts",)))
    assert dict(view.bases["l2"]) == {"email": BASE}
    assert len(view.links) == 2


@pytest.mark.parametrize(
    "value",
    ["", "sTRUE", "n12", "\ud83d", "a\x00b", Decimal("-0.10"), True, None, date(2026, 2, 28), "2026-02-28"],
    ids=ascii,
)
def test_a_value_keeps_its_type(store: Store, value: str | Decimal | bool | date | None) -> None:
    store.advance(Advance(links=(link(1),), bases={"l1": {"field": BaseValue(value, None, "d")}}))
    back = store.view().bases["l1"]["field"].hubspot
    assert (back, type(back)) == (value, type(value))


def test_instants_keep_their_microseconds_whatever_their_zone(store: Store) -> None:
    sydney = timezone(timedelta(hours=11))
    when = datetime(2026, 11, 2, 9, 30, 0, 7, tzinfo=sydney)
    store.advance(Advance(syncs=(SyncState("contacts", started=when),)))
    started = store.view().syncs["contacts"].started
    assert started == when
    assert started is not None
    assert started.tzinfo is UTC
