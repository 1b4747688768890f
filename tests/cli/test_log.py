"""The journal, read: who did what when, by which rules, what was there before and what the app made of it."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hxrules.state.store import Store
from tests.scenarios.stage import CONTACTS, Stage, guid, stage

WORLD: dict[str, Any] = {
    "hubspot": {
        "contacts": [
            {
                "id": "1",
                "properties": {"email": "ann@example.com", "firstname": "Ann", "lastname": "Lee", "phone": "5"},
            },
            {"id": "2", "properties": {"email": "bo@example.com", "company": "Bo Ltd"}},
            {"id": "3", "properties": {"email": "cyé@example.com", "company": "Cy"}},
        ]
    },
    "xero": {
        "contacts": [{"ContactID": guid(1), "Name": "Ann Lee", "EmailAddress": "ann@example.com", "FirstName": "Anne"}]
    },
}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, WORLD) as found:
        yield found


def git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "x@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, env={**os.environ, **who}
    )
    return done.stdout.strip()


def test_no_run_yet(here: Stage) -> None:
    """Nothing is asked of the apps, and no state is made."""
    asked = len(here.sandbox.requests)
    assert here.type("log").out.startswith("No run has been made yet.")
    assert here.type("log", "--format", "json").json == {"runs": []}
    assert here.type("log", "last").code == 64
    assert len(here.sandbox.requests) == asked
    assert not (here.folder / ".hxrules").exists()


def test_the_runs_newest_first(here: Stage) -> None:
    """Who, when, from where, which plan, which version of the rules at which commit, and how it ended."""
    git(here.folder, "init", "-q")
    (here.folder / ".gitignore").write_text(".hxrules\n")
    git(here.folder, "add", ".")
    git(here.folder, "commit", "-qm", "rules")
    first = here.type("apply", "--yes", "--format", "json").json
    second = here.type("apply", "--yes", "--format", "json").json
    runs = here.type("log", "--format", "json").json["runs"]
    assert [each["run"] for each in runs] == [second["run"], first["run"]]
    told = runs[1]
    assert (told["who"], told["command"], told["plan"]) == (getpass.getuser(), "apply", first["plan"])
    commit = git(here.folder, "rev-parse", "--short=12", "HEAD")
    assert told["ruleset"] == {**first["ruleset"], "commit": commit}
    assert (told["outcome"], runs[0]["outcome"]) == ("failing", "failing")
    assert told["summary"]["create"] == first["summary"]["create"] == 1
    assert (told["started"], told["calls"]) == (first["started"], first["calls"])
    text = here.type("log").out
    assert text.index(second["run"]) < text.index(first["run"])
    assert f"scenario 1 at {commit}" in text


def test_every_write_of_a_run(here: Stage) -> None:
    """Each with its record, its id in both apps, each field before and after, and the rule's line; what was refused as well."""
    run = here.type("apply", "--yes", "--format", "json").json["run"]
    log = here.type("log", run, "--format", "json").json
    assert log["run"] == run
    said = {(each["action"], each["label"]): each for each in log["effects"]}
    bo = next(each["ContactID"] for name, each in here.xero_contacts().items() if name == "Bo Ltd")
    made = said["create", "Bo Ltd"]
    assert (made["state"], made["app"], made["record"], made["hubspot"], made["xero"]) == ("done", "xero", bo, "2", bo)
    assert made["intended"] <= made["settled"]
    filled = said["update", "Ann Lee"]
    fields = {each["mapping"]: (each["before"], each["after"]) for each in filled["fields"] if each["mapping"]}
    assert fields == {"first-name": ("Anne", "Ann"), "phone": (None, "5"), "last-name": (None, "Lee")}
    assert all(each["file"].endswith("xero-data-sync.v1.yaml") and each["line"] for each in filled["fields"])
    refused = said["create", "Cy"]
    assert (refused["state"], refused["record"], refused["error"]["code"]) == ("failed", None, "HX214")
    text = here.type("log", "last", "--values", "full").out
    assert "Bo Ltd  created, contacts, in Xero" in text
    assert "HX214" in text
    assert "phone" in text
    assert "∅ → 5" in text


def test_what_the_app_made_of_a_value(tmp_path: Path) -> None:
    """Both are told: what was sent, and what the app holds, which is what an undo compares with."""
    product = {"id": "9", "properties": {"hs_sku": "BOLT", "name": "Bolt", "price": "1.23456"}}
    with stage(
        tmp_path, {"hubspot": {"products": [product]}}, ruleset=f"{CONTACTS}  products: {{direction: two-way}}\n"
    ) as here:
        assert here.type("apply", "--yes").code == 0
        (effect,) = here.type("log", "last", "--format", "json").json["effects"]
        (price,) = [each for each in effect["fields"] if each["mapping"] == "price"]
        assert (price["before"], price["sent"], price["after"]) == (None, "1.23456", "1.2346")
        assert "sent was 1.23456" in here.type("log", "last").out
        assert here.type("undo", "last", "--yes").code == 0
        assert here.sandbox.xero.world()["items"] == []


@pytest.mark.parametrize("mode", ["masked", "none"])
def test_personal_data_is_masked_where_it_is_everywhere(here: Stage, mode: str) -> None:
    """In text without a terminal by itself, in JSON when asked for: no name, no address, in no field and in no error."""
    here.type("apply", "--yes")
    texts = [
        here.type("log", "last", "--all", *(() if mode == "masked" else ("--values", "none"))).out,
        here.type("log", "last", "--format", "json", "--values", mode).out,
    ]
    for text in texts:
        assert not [each for each in ("Ann", "Lee", "Bo Ltd", "bo@example", "ann@example", "cyé") if each in text]
    assert "bo@example.com" in here.type("log", "last", "--format", "json").out


def test_an_unfinished_run_says_so(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the answer and its note: the write is in doubt, and the run has no end."""

    class Killed(BaseException):
        pass

    def settle(store: Store, run: str, settled: Sequence[Any], advance: Any) -> None:
        if settled:
            raise Killed
        whole(store, run, settled, advance)

    whole = Store.settle
    with monkeypatch.context() as patched:
        patched.setattr(Store, "settle", settle)
        with pytest.raises(Killed):
            here.type("apply", "--yes")
    assert "not finished" in here.type("log").out
    log = here.type("log", "last", "--format", "json").json
    assert (log["finished"], log["outcome"]) == (None, None)
    assert [(each["state"], each["settled"]) for each in log["effects"]] == [(None, None)]
    assert "nobody knows whether it was written" in here.type("log", "last").out


def test_long_lists_are_cut_short_unless_all_is_asked_for(tmp_path: Path) -> None:
    with stage(tmp_path, seed="60", ruleset=CONTACTS) as here:
        here.type("apply", "--yes", "--allow-large")
        effects = here.type("log", "last", "--format", "json").json["effects"]
        short, whole = here.type("log", "last").out, here.type("log", "last", "--all").out
        assert len(effects) > 20
        assert f"{len(effects) - 20:,} more" in short
        assert whole.count("\n") > short.count("\n")
