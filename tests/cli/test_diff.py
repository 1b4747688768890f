"""`hxrules diff`: files and git revisions, what stands in them, and every way in which there is nothing to compare."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from hxrules.cli import run

RULES = """\
hxrules: 1
name: acme
version: "1"
extends: xero-data-sync@1
syncs:
  contacts:
    direction: two-way
    filters: {to-xero: email is known}
"""
WIDER = RULES.replace("email is known", "email is known or phone is known")
TURNED = RULES.replace("two-way", "to-hubspot").replace("    filters: {to-xero: email is known}\n", "")
COMPANY = RULES.replace("name: acme", "name: company")
BRANCH = 'hxrules: 1\nname: branch\nversion: "1"\nextends: {}\nsyncs: {{contacts: {{direction: two-way}}}}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in no repository, and git without anybody's settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("HXRULES_RULESET", "HXRULES_STATE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)


def commit(**files: str) -> None:
    """Writes files (`__` is a folder, and `.yaml` is added) and commits them."""
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "a change")


@pytest.fixture
def repository(folder: Path) -> Path:
    """`main` with two commits: first as it was, then with a wider filter; the file itself goes one way only."""
    git("init", "-qb", "main")
    commit(hxrules=RULES)
    commit(hxrules=WIDER)
    Path("hxrules.yaml").write_text(TURNED, encoding="utf-8")
    return folder


Found = list[tuple[str, str | None, str | None]]


def changes(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Found:
    """What `diff` says: the name of each rule, and what it said and says."""
    assert run(["diff", *words, "--format", "json"]) == code
    found = json.loads(capsys.readouterr().out)["changes"]
    return [(each["name"], each["before"], each["after"]) for each in found]


def problem(capsys: pytest.CaptureFixture[str], *words: str, code: int = 64) -> dict[str, str]:
    assert run(["diff", *words, "--format", "json"]) == code
    found: dict[str, str] = json.loads(capsys.readouterr().out)["problems"][0]
    assert found["cause"]
    assert found["remedy"]
    return found


FILTER = ("to-xero", "email is known", "email is known or phone is known")
ONE_WAY = ("direction", "two-way", "to-hubspot")


# --- what is compared with what -------------------------------------------------------------------------------------------------


def test_two_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No git is needed for that."""
    Path("old.yaml").write_text(RULES, encoding="utf-8")
    Path("new.yaml").write_text(WIDER, encoding="utf-8")
    assert changes(capsys, "old.yaml", "new.yaml") == [FILTER]


def test_a_folder_stands_for_the_ruleset_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("old").mkdir()
    Path("old/hxrules.yaml").write_text(RULES, encoding="utf-8")
    Path("hxrules.yaml").write_text(WIDER, encoding="utf-8")
    assert changes(capsys, "old", "hxrules.yaml") == [FILTER]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["main"], [ONE_WAY]),
        (["HEAD"], [ONE_WAY]),
        (["main~1"], [ONE_WAY]),
        (["main~1", "main"], [FILTER]),
        (["main", "main~1"], [(FILTER[0], FILTER[2], FILTER[1])]),
        (["main~1:hxrules.yaml", "main"], [FILTER]),
        (["main~1", "main:hxrules.yaml"], [FILTER]),
        (["main~1:./hxrules.yaml", "main:hxrules.yaml"], [FILTER]),
        (["main", "hxrules.yaml"], [ONE_WAY]),
        (["main:hxrules.yaml"], [ONE_WAY]),
        (["hxrules.yaml", "main~1"], [("direction", "to-hubspot", "two-way"), ("to-xero", None, "email is known")]),
        (["HEAD", "HEAD"], []),
    ],
    ids=str,
)
def test_revisions_as_git_writes_them(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str], wanted: Found
) -> None:
    assert changes(capsys, *words) == wanted


def test_paths_count_from_the_top_of_the_repository_or_with_a_dot_from_here(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "-q", "hxrules.yaml")
    commit(au__hxrules=RULES)
    commit(au__hxrules=WIDER)
    monkeypatch.chdir(repository / "au")
    assert changes(capsys, "main~1") == [FILTER]
    assert changes(capsys, "main~1:./hxrules.yaml") == [FILTER]
    assert changes(capsys, "main~1:au/hxrules.yaml", "main") == [FILTER]
    assert changes(capsys, "main~3:hxrules.yaml", "main~2") == [FILTER]


def test_what_a_ruleset_extends_is_read_at_the_same_revision(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(rules__branch=BRANCH.format("../company.yaml"), company=COMPANY)
    commit(company=COMPANY.replace("email", "phone"))
    Path("company.yaml").write_text(COMPANY.replace("email", "city"), encoding="utf-8")
    path = "rules/branch.yaml"
    assert changes(capsys, f"main~1:{path}", f"main:{path}") == [("to-xero", "email is known", "phone is known")]
    assert changes(capsys, "main", path) == [("to-xero", "phone is known", "city is known")]
    assert run(["diff", "main~1:rules/branch.yaml", "main"]) == 0
    out = capsys.readouterr().out
    assert "main:company.yaml:8" in out


def test_a_ruleset_of_an_older_version_of_the_language_can_be_the_old_one(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `hxrules fmt --upgrade` does to a file is no change of a rule."""
    older = RULES.replace("hxrules: 1", "hxrules: 0").replace("two-way", "both").replace("filters:", "limits:")
    commit(hxrules=older)
    Path("hxrules.yaml").write_text(RULES, encoding="utf-8")
    assert changes(capsys, "HEAD") == []
    assert problem(capsys, "main~1", "HEAD", code=3)["code"] == "HX114"


# --- what is printed ------------------------------------------------------------------------------------------------------------


def test_a_text_names_both_places_and_what_follows(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("hxrules.yaml").write_text("# a line more\n" + RULES.replace("two-way", "to-xero"), encoding="utf-8")
    assert run(["diff", "main~1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 rule changed\n")
    assert "~ direction  two-way → to-xero  hxrules.yaml:8 (was line 7 in main~1)" in out
    assert "HubSpot is no longer written" in out
    assert "No run has left a state here" in out


def test_layout_alone_changes_no_rule(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("hxrules.yaml").write_text("# a comment\n" + WIDER.replace("two-way", "'two-way'"), encoding="utf-8")
    assert run(["diff", "main", "--exit-code"]) == 0
    assert capsys.readouterr().out.startswith("No rule changed: only layout, comments or the order of keys differ\n")
    assert run(["diff", "main", "main"]) == 0
    assert capsys.readouterr().out.startswith("No rule changed: the two are the same\n")


def test_a_version_is_no_rule(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("hxrules.yaml").write_text(WIDER.replace('"1"', '"2"'), encoding="utf-8")
    assert run(["diff", "main"]) == 0
    assert capsys.readouterr().out.startswith("No rule changed: only the version\n")


def test_the_exit_code_tells_a_script(repository: Path) -> None:
    assert run(["diff", "main"]) == 0
    assert run(["diff", "main", "--exit-code"]) == 2
    assert run(["diff", "main", "main", "--exit-code"]) == 0


def test_markdown_is_for_a_pull_request(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "main", "--format", "markdown"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("### 1 rule changed\n")
    assert "| contacts | direction | `two-way` | `to-hubspot` |" in out


# --- what can't be compared -----------------------------------------------------------------------------------------------------


def test_where_there_is_no_repository(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("hxrules.yaml").write_text(RULES, encoding="utf-8")
    found = problem(capsys, "main")
    assert (found["code"], "not a git repository" in found["cause"]) == ("HX330", True)


def test_where_git_is_missing(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert problem(capsys, "main")["code"] == "HX330"


def test_a_ruleset_outside_of_the_repository(
    repository: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "rules.yaml"
    elsewhere.write_text(RULES, encoding="utf-8")
    assert problem(capsys, "main", str(elsewhere))["code"] == "HX330"


def test_one_file_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = problem(capsys, "hxrules.yaml")
    assert (found["code"], found["next"]) == ("HX330", "hxrules diff HEAD hxrules.yaml")


@pytest.mark.parametrize(("word", "suggestion"), [("mian", "main"), ("nowhere-at-all", None), ("", None), (":x", None)])
def test_an_unknown_revision(
    repository: Path, capsys: pytest.CaptureFixture[str], word: str, suggestion: str | None
) -> None:
    found = problem(capsys, word)
    assert (found["code"], found["suggestion"]) == ("HX331", suggestion)


def test_a_file_that_the_revision_lacks(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = problem(capsys, "main:rulesets/hxrules.yaml", "hxrules.yaml")
    assert (found["code"], found["suggestion"]) == ("HX332", "main:hxrules.yaml")
    Path("new.yaml").write_text(RULES, encoding="utf-8")
    assert problem(capsys, "main", "new.yaml")["code"] == "HX332"


def test_a_file_that_is_no_revision_either(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "gone.yaml", "new.yaml"]) == 64
    assert "There is no file 'gone.yaml'" in capsys.readouterr().err


def test_a_revision_is_never_taken_for_an_option_of_git(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "--", "--output=stolen"]) == 64
    assert "HX331" in capsys.readouterr().err
    assert not Path("stolen").exists()


def test_what_is_wrong_in_either_is_shown_at_its_place(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(hxrules=RULES.replace("email is known", "emial is known"))
    Path("hxrules.yaml").write_text(RULES.replace("two-way", "sideways"), encoding="utf-8")
    assert run(["diff", "HEAD"]) == 3
    err = capsys.readouterr().err
    assert "--> HEAD:hxrules.yaml:8:24" in err
    assert "--> hxrules.yaml:7:16" in err
    assert "emial is known" in err


def test_a_base_that_the_revision_lacks(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(hxrules=BRANCH.format("company.yaml"))
    Path("company.yaml").write_text(COMPANY, encoding="utf-8")
    found = problem(capsys, "HEAD", code=3)
    assert (found["code"], found["file"]) == ("HX120", "HEAD:hxrules.yaml")
