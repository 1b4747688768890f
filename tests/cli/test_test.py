"""`hxrules test`: which files, what is printed, `--update`, `--coverage`, JUnit and JSON; no network at all."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hxrules.cli import run
from tests.scenarios.stage import CONTACTS, Said

CASES = """\
cases:
  - name: Ana goes to Xero
    hubspot:
      contacts: [{id: 101, email: ana@example.com, first-name: Ana}]
    expect:
      - create: xero contact
        email: ana@example.com
        first-name: Ana
        company-name: %s
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ruleset and its passing cases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HXRULES_RULESET", raising=False)
    (tmp_path / "hxrules.yaml").write_text(CONTACTS, encoding="utf-8")
    (tmp_path / "hxrules_test.yaml").write_text(CASES % "Ana", encoding="utf-8")
    return tmp_path


def typed(*words: str) -> Said:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return Said(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("words", [(), (".",), ("hxrules.yaml",), ("hxrules_test.yaml",), (".", "hxrules.yaml")])
def test_cases_are_found_beside_their_ruleset(folder: Path, words: tuple[str, ...]) -> None:
    """Of this folder's ruleset, in a folder, beside a ruleset, or named themselves; each file once."""
    said = typed("test", *words)
    assert (said.code, said.out) == (0, "passed   hxrules_test.yaml: 1 case\n")


def test_a_failing_case_shows_what_differs_field_by_field(folder: Path) -> None:
    """3; the place of the case, the expected value and the actual one."""
    (folder / "hxrules_test.yaml").write_text(CASES % "Anna", encoding="utf-8")
    said = typed("test")
    assert said.code == 3
    for words in (
        "Ana goes to Xero",
        "hxrules_test.yaml:2",
        "- company-name: Anna",
        "+ company-name: Ana\n",
        "1 of 1 case",
    ):
        assert words in said.out
    assert "Next:" in said.err
    assert "--update" in said.err


def test_rows_that_are_missing_or_too_many_are_told_apart(folder: Path) -> None:
    text = CASES % "Ana" + "      - hold: hubspot contact 101\n        code: HX203\n"
    text = text.replace("[{id: 101", "[{id: 102}, {id: 101")
    (folder / "hxrules_test.yaml").write_text(text, encoding="utf-8")
    said = typed("test")
    assert "- hold: hubspot contact 101   expected at line 10, and didn't happen" in said.out
    assert "+ exclude: hubspot contact 102   happens, and isn't expected" in said.out
    assert "by: email is known   hxrules.yaml:10" in said.out


def test_update_writes_what_happens_and_the_next_run_passes(folder: Path) -> None:
    (folder / "hxrules_test.yaml").write_text(CASES % "Anna", encoding="utf-8")
    assert typed("test", "--update").code == 0
    text = (folder / "hxrules_test.yaml").read_text(encoding="utf-8")
    assert text == (CASES % "Ana").replace("xero contact", "xero contact from 101")
    before = (folder / "hxrules_test.yaml").stat().st_mtime_ns
    assert typed("test", "--update").code == 0
    assert (folder / "hxrules_test.yaml").stat().st_mtime_ns == before


def test_update_leaves_a_case_alone_that_speaks_of_a_part_only(folder: Path) -> None:
    text = (CASES % "Anna").replace("    expect:", "    only: true\n    expect:")
    (folder / "hxrules_test.yaml").write_text(text, encoding="utf-8")
    assert typed("test", "--update").code == 3
    assert (folder / "hxrules_test.yaml").read_text(encoding="utf-8") == text


def test_coverage_names_the_rules_that_no_case_exercises(folder: Path) -> None:
    """With their places; it doesn't make the command fail."""
    said = typed("test", "--coverage")
    assert said.code == 0
    assert "contacts: filter to Xero: keeps nobody out   hxrules.yaml:10" in said.out
    assert "contacts: mapping phone: never carried to HubSpot" in said.out
    assert "contacts: mapping email: never carried to Xero" not in said.out


def test_junit_and_json_say_the_same(folder: Path) -> None:
    (folder / "hxrules_test.yaml").write_text(CASES % "Anna", encoding="utf-8")
    said = typed("test", "--junit", "out.xml", "--format", "json", "--coverage")
    assert said.code == 3
    (file,) = said.json["files"]
    assert said.json["passed"] is False
    assert (file["cases"][0]["name"], file["cases"][0]["line"]) == ("Ana goes to Xero", 2)
    assert "- company-name: Anna" in file["cases"][0]["differences"]
    assert file["coverage"]["share"] == 0.0  # a case that fails has exercised nothing
    suite = ElementTree.parse(folder / "out.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "hxrules_test.yaml", "tests": "1", "failures": "1", "errors": "0"}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "+ company-name: Ana" in (failure.text or "")


def test_a_mistake_in_the_file_has_its_place_and_a_suggestion(folder: Path) -> None:
    """3, and 3 in JSON too; the case isn't run."""
    (folder / "hxrules_test.yaml").write_text(
        (CASES % "Ana").replace("first-name: Ana}", "first-nam: Ana}"), encoding="utf-8"
    )
    said = typed("test")
    assert said.code == 3
    for words in ("HX161", "hxrules_test.yaml:4:", "did you mean “first-name”?"):
        assert words in said.out
    (problem,) = typed("test", "--format", "json").json["problems"]
    assert (problem["code"], problem["line"], problem["suggestion"]) == ("HX161", 4, "first-name")


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("empty",), 3, "HX160"),
        (("other.yaml",), 3, "HX160"),
        (("lost_test.yaml",), 3, "HX160"),
        (("bad.yaml",), 3, "HX110"),
        (("not-there.yaml",), 64, "There is no file"),
    ],
)
def test_what_can_not_be_tested_says_why(folder: Path, words: tuple[str, ...], code: int, problem: str) -> None:
    """No cases in a folder, none beside a ruleset, no ruleset to cases, a ruleset that isn't valid, no file."""
    (folder / "empty").mkdir()
    (folder / "other.yaml").write_text(CONTACTS, encoding="utf-8")
    (folder / "lost_test.yaml").write_text("ruleset: nowhere.yaml\n" + CASES % "Ana", encoding="utf-8")
    (folder / "bad.yaml").write_text(CONTACTS + "nonsense: 1\n", encoding="utf-8")
    (folder / "bad_test.yaml").write_text(CASES % "Ana", encoding="utf-8")
    said = typed("test", *words)
    assert said.code == code, said.text
    assert problem in said.text


def test_a_test_file_may_name_its_ruleset(folder: Path) -> None:
    (folder / "tests").mkdir()
    (folder / "tests" / "people_test.yaml").write_text("ruleset: ../hxrules.yaml\n" + CASES % "Ana", encoding="utf-8")
    said = typed("test", "tests", "--format", "json")
    assert (said.code, said.json["passed"]) == (0, True)
    assert [each["file"] for each in said.json["files"]] == ["tests/people_test.yaml"]
    assert [each["ruleset"] for each in said.json["files"]] == ["hxrules.yaml"]
