"""The state file deleted, put back from an old copy, full, read-only, or in use: nothing is lost, made twice or overwritten unasked."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hxrules.state.store import Store, open_store
from tests.kill.ending import store_of
from tests.kill.journeys import Journey, Launcher, begun, end_of
from tests.scenarios.stage import Stage
from tests.scenarios.test_books_at_scale import picture

APPLY = ("apply", "--yes")


def written(here: Stage, since: int) -> list[tuple[str, str]]:
    """Method and path of the requests that changed a record."""
    return [
        (each.method, each.path) for each in here.sandbox.requests[since:] if not each.read and each.app != "identity"
    ]


def sizes(here: Stage) -> dict[str, int]:
    """How many records of each type are in each app."""
    return {kind: len(rows) for kind, rows in picture(here).items()}


def links(here: Stage) -> Counter[str]:
    with closing(store_of(here)) as store:
        return Counter(each.sync for each in store.view().links)


def own_store(here: Stage) -> Store:
    """The state to write to; made where there is none."""
    return open_store(f"sqlite:///{here.folder}/.hxrules/state.db", now=lambda: datetime.now(UTC))


def without_state(here: Stage) -> None:
    shutil.rmtree(here.folder / ".hxrules")


def keep(here: Stage, name: str) -> Path:
    """A copy of the state, as a backup makes one."""
    kept = here.folder / name
    shutil.copytree(here.folder / ".hxrules", kept)
    return kept


def put_back(here: Stage, kept: Path) -> None:
    without_state(here)
    shutil.copytree(kept, here.folder / ".hxrules")


# --- deleted ---------------------------------------------------------------------------------------------------------------


def test_deleted_when_all_is_in_step(launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path) -> None:
    """Every pair is found again, by what its records remember or by their key, and neither app is any different."""
    first = all_journeys["first"]
    with begun(first.world, first.folder, tmp_path / "deleted") as here:
        launcher.run(here, APPLY)
        apps, pairs = picture(here), links(here)
        without_state(here)
        said, _ = launcher.run(here, APPLY)
        assert said.code == first.code, said.text
        assert picture(here) == apps
        assert links(here) == pairs
        end_of(launcher, here)


def test_deleted_after_a_day_of_edits(launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path) -> None:
    """What is new is carried over, once; what is in both apps isn't made again, not even what was voided in one of them."""
    second = all_journeys["second"]
    with begun(second.world, second.folder, tmp_path / "deleted") as here:
        without_state(here)
        said, _ = launcher.run(here, (*APPLY, "--format", "json"))
        whole = {kind: len(rows) for kind, rows in second.end.apps.items()}
        # Of two invoices of one number that differ nobody knows any more which is right: held, with what was paid of the first.
        held = {(each["code"], each["summary"].split(":")[0]) for each in said.json["failed"]}
        assert held >= {("HX239", "INV-1001"), ("HX239", "INV-1007"), ("HX232", "payment 100 of 2026-11-10")}
        assert sizes(here) == {**whole, "xero payments": whole["xero payments"] - 2}
        end_of(launcher, here)


# --- put back from an old copy -----------------------------------------------------------------------------------------------


def test_an_old_copy_is_harmless(launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path) -> None:
    """The copy knows nothing of the last run: the next one finds what that has done, and nothing else to do."""
    second = all_journeys["second"]
    with begun(second.world, second.folder, tmp_path / "restored") as here:
        old = keep(here, "old")
        launcher.run(here, APPLY)
        apps, pairs = picture(here), links(here)
        put_back(here, old)
        said, _ = launcher.run(here, APPLY)
        assert said.code == second.code, said.text
        assert picture(here) == apps
        assert links(here) == pairs
        end_of(launcher, here)


def test_a_plan_of_a_newer_state_is_refused_by_an_old_copy(
    launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path
) -> None:
    """By its serial (5), before anything is written."""
    second = all_journeys["second"]
    with begun(second.world, second.folder, tmp_path / "restored") as here:
        old = keep(here, "old")
        launcher.run(here, APPLY)
        launcher.run(here, ("dry-run", "-o", "plan.json"))
        put_back(here, old)
        seen = len(here.sandbox.requests)
        said, _ = launcher.run(here, ("apply", "plan.json"))
        assert (said.code, "HX314" in said.text) == (5, True), said.text
        assert not written(here, seen)


def test_a_plan_is_refused_by_a_state_made_anew(
    launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path
) -> None:
    """By its lineage (5)."""
    planned = all_journeys["second planned"]
    with begun(planned.world, planned.folder, tmp_path / "anew") as here:
        without_state(here)
        own_store(here).close()
        seen = len(here.sandbox.requests)
        said, _ = launcher.run(here, ("apply", "plan.json"))
        assert (said.code, "HX314" in said.text) == (5, True), said.text
        assert not written(here, seen)


def test_a_plan_that_an_old_copy_does_not_know_to_be_applied(
    launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path
) -> None:
    """The copy has the plan's serial, and no run of it: the records that it has changed tell, long after any app forgot the calls."""
    planned = all_journeys["second planned"]
    with begun(planned.world, planned.folder, tmp_path / "again") as here:
        old = keep(here, "old")
        launcher.run(here, planned.words)
        here.sandbox.environment.clock.advance(timedelta(hours=1))
        put_back(here, old)
        seen, apps = len(here.sandbox.requests), picture(here)
        said, _ = launcher.run(here, planned.words)
        assert said.code == 5, said.text
        assert picture(here) == apps
        assert not written(here, seen)


def test_a_payment_is_not_booked_once_more_by_an_old_copy(
    launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path
) -> None:
    """Nothing that the plan rests on has changed, and Xero takes any number of equal payments: the payment itself is looked for."""
    second = all_journeys["second"]
    with begun(second.world, second.folder, tmp_path / "payment") as here:
        launcher.run(here, APPLY)
        launcher.run(here, APPLY)
        paid = {"hs_initial_amount": "5", "hs_initiated_date": "2026-11-12T12:00:00Z", "hs_currency_code": "AUD"}
        here.make_hubspot("commerce_payments", "1012", **paid, hs_latest_status="succeeded")
        launcher.run(here, ("dry-run", "-o", "plan.json"))
        old = keep(here, "old")
        launcher.run(here, ("apply", "plan.json"))
        here.sandbox.environment.clock.advance(timedelta(hours=1))
        put_back(here, old)
        seen, apps = len(here.sandbox.requests), picture(here)
        said, _ = launcher.run(here, ("apply", "plan.json"))
        assert (said.code, "HX317" in said.text) == (5, True), said.text
        assert not written(here, seen)
        assert picture(here) == apps


# --- full, read-only, in use -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["first", "second planned"])
@pytest.mark.parametrize("transaction", [2, 9, 24])
def test_no_room_on_the_disk(
    launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path, name: str, transaction: int
) -> None:
    """The run stops (1) at the first transaction that finds no room; with room it ends where it would have."""
    journey = all_journeys[name]
    with begun(journey.world, journey.folder, tmp_path / "full") as here:
        said, _ = launcher.run(here, journey.words, full_at=transaction)
        assert (said.code, "HX507" in said.text) == (1, True), said.text
        said, _ = launcher.run(here, journey.words)
        assert said.code == journey.code, said.text
        assert not list(journey.end.differences(end_of(launcher, here)))


def test_a_state_that_can_only_be_read(launcher: Launcher, all_journeys: dict[str, Journey]) -> None:
    """Nothing is sent that could not be written down (1); looking works."""
    second = all_journeys["second"]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        with begun(second.world, second.folder, folder / "open to all") as here:
            state = here.folder / ".hxrules"
            here.folder.chmod(0o755)
            state.chmod(0o555)
            (state / "state.db").chmod(0o444)
            said, _ = launcher.run(here, APPLY, plain_user=True)
            assert (said.code, "HX506" in said.text) == (1, True), said.text
            assert not written(here, 0)
            plan, _ = launcher.run(here, ("dry-run", "--format", "json"), plain_user=True)
            assert plan.json["has_changes"], plan.text
    finally:
        folder.rmdir()


def test_locked_by_another_run(launcher: Launcher, all_journeys: dict[str, Journey], tmp_path: Path) -> None:
    """Whatever would write waits its turn (9) and says whose it is; looking works; then the run does what it would have done."""
    planned = all_journeys["second planned"]
    with begun(planned.world, planned.folder, tmp_path / "locked") as here:
        name = f"{here.sandbox.portal}/{here.sandbox.xero_tenant}"
        with own_store(here) as store, store.lock(name, "somebody (apply)"):
            for words in (APPLY, planned.words):
                said, _ = launcher.run(here, words)
                assert (said.code, "HX510" in said.text) == (9, True), said.text
            assert not written(here, 0)
            assert launcher.run(here, ("dry-run",))[0].code == 0
        said, _ = launcher.run(here, planned.words)
        assert said.code == planned.code, said.text
        assert not list(planned.end.differences(end_of(launcher, here)))
