"""An export holds all of the state, and nothing but a whole one is loaded."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from state_worlds import START, STEP, Clock, codes, intent, run, url_of

from hxrules.problems import Halt
from hxrules.records import Apart
from hxrules.state.entries import Advance, Settled
from hxrules.state.store import Store, open_store


@pytest.fixture
def full(store: Store) -> Store:
    """A state with something in every table."""
    store.bind(1234567, "tenant-1")
    store.advance(STEP)
    store.advance(Advance(apart=(Apart("contacts", "h9", "x9"),)))
    store.begin(run("run-1"))
    store.keep_ruleset("sha", {"file": "hxrules.yaml", "text": "hxrules: 1\n"})
    store.intend("run-1", [intent("e1", 1), intent("e2", 2), intent("e3", 3)])
    doubt = Settled("e1", "in-doubt", None, {}, {"code": "ReadTimeout"})
    store.settle("run-1", [Settled("e2", "done", "x2", {"Name": "\ud83d é"}), doubt], Advance())
    store.finish("run-1", "finished", {"create": 1}, {"xero": 3}, START)
    return store


@pytest.fixture
def empty(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with open_store(url_of(tmp_path / "second.db"), now=clock) as store:
        yield store


def everything(store: Store) -> list[object]:
    return [store.view(), store.runs(), store.effects("run-1"), store.unsettled(), store.counts(), store.ruleset("sha")]


def test_a_restored_export_is_the_same_state(full: Store, empty: Store, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    with full.lock("apply", "ann"):
        full.export(file)
    empty.restore(file)
    assert everything(empty) == everything(full)
    assert empty.view().lineage == full.view().lineage
    assert empty.holder("apply") is None
    empty.settle("run-1", [Settled("e3", "failed")], Advance())
    assert [intent.effect for _, intent in empty.unsettled()] == ["e1"]


def test_the_same_state_is_exported_as_the_same_bytes(full: Store, empty: Store, tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    full.export(first)
    empty.restore(first)
    empty.export(second)
    assert second.read_bytes() == first.read_bytes()


def test_an_export_is_json_lines_for_its_owner_alone(full: Store, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    full.export(file)
    lines = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    assert lines[0] == {"hxrules-state": "0003"}
    assert lines[-1] == {"rows": len(lines) - 2}
    assert {"links", "apart", "bases", "known", "syncs", "runs", "rulesets", "intents", "settlements", "state"} == {
        table for line in lines[1:-1] for table in line
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_export_replaces_an_older_one_and_leaves_nothing_beside_it(full: Store, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "state.jsonl").write_text("older", encoding="ascii")
    full.export(folder / "state.jsonl")
    assert [file.name for file in folder.iterdir()] == ["state.jsonl"]
    assert (folder / "state.jsonl").read_text(encoding="ascii").startswith('{"hxrules-state":')


def test_an_export_that_can_not_be_written_says_so(full: Store, tmp_path: Path) -> None:
    with pytest.raises(Halt) as halt:
        full.export(tmp_path / "no such folder" / "state.jsonl")
    assert (halt.value.exit_code, codes(halt.value.problems)) == (1, ["HX513"])


def refused(store: Store, file: Path) -> str:
    """Why the export was refused; the state is as it was."""
    before = everything(store)
    with pytest.raises(Halt) as halt:
        store.restore(file)
    assert (halt.value.exit_code, codes(halt.value.problems)) == (5, ["HX509"])
    assert everything(store) == before
    return halt.value.problems[0].cause


def test_no_part_of_an_export_is_loaded(full: Store, empty: Store, tmp_path: Path) -> None:
    whole, part = tmp_path / "state.jsonl", tmp_path / "part.jsonl"
    full.export(whole)
    lines = whole.read_text(encoding="ascii").splitlines(keepends=True)
    for kept in range(len(lines)):
        part.write_text("".join(lines[:kept]), encoding="ascii")
        refused(empty, part)
        part.write_text("".join(lines[:kept] + lines[kept + 1 :]), encoding="ascii")
        refused(empty, part)
    part.write_text("".join(lines)[:-5], encoding="ascii")
    refused(empty, part)
    empty.restore(whole)
    assert everything(empty) == everything(full)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"0003"', '"0004"', 1), "version 0004"),
        (lambda text: "hxrules: 1\n", "line 1"),
        (lambda text: '{"links": {}}\n' + text, "no export"),
        (lambda text: text.replace('"gone":null,', "", 1), "not a row of links"),
        (lambda text: text.replace('"links":{', '"secrets":{', 1), "secrets"),
        (lambda text: text.replace('"link":"l1"', '"link":"l9"', 1), "FOREIGN KEY"),
        (lambda text: text.replace('"started":"2026', '"started":"x', 1), "Invalid isoformat"),
        (lambda text: text.replace('"started":"2026', '"started":"é', 1), "ascii"),
        (lambda text: text + text, "line"),
    ],
)
def test_a_changed_export_is_refused_whole(
    full: Store, empty: Store, tmp_path: Path, change: Callable[[str], str], why: str
) -> None:
    file = tmp_path / "state.jsonl"
    full.export(file)
    file.write_text(change(file.read_text(encoding="ascii")), encoding="utf-8")
    assert why in refused(empty, file)


def test_an_export_that_is_not_there_is_refused(empty: Store, tmp_path: Path) -> None:
    assert "No such file" in refused(empty, tmp_path / "state.jsonl")


def test_a_state_in_use_is_not_overwritten(full: Store, empty: Store, tmp_path: Path) -> None:
    file = tmp_path / "state.jsonl"
    empty.export(file)
    assert "not empty" in refused(full, file)
