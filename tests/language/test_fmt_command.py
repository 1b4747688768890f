"""`hxrules fmt` on files: exit codes, what is written and what is not, modes, links and line ends."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from hxrules.cli import run
from hxrules.language.layout import formatted
from hxrules.language.versions import upgraded

HERE = Path(__file__).parent
UGLY = (HERE / "layout" / "order_and_comments.before.yaml").read_text(encoding="utf-8")
NEAT = (HERE / "layout" / "order_and_comments.after.yaml").read_text(encoding="utf-8")
OLD = (HERE / "upgrade" / "0.before.yaml").read_text(encoding="utf-8")
BROKEN = UGLY.replace("direction: two-way", "direction: both")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, text: str, name: str = "hxrules.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_it_formats_the_ruleset_of_this_folder_and_then_has_nothing_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(folder, UGLY)
    assert run(["fmt"]) == 0
    assert path.read_text(encoding="utf-8") == NEAT
    assert capsys.readouterr().out == "hxrules.yaml has been formatted.\n"
    before = path.stat()
    assert run(["fmt"]) == 0
    assert capsys.readouterr().out == "1 file is as it should be.\n"
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_check_ends_with_3_names_the_files_and_what_to_type_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(folder, UGLY, "rules/my own.yaml")
    put(folder, NEAT, "rules/neat.yaml")
    assert run(["fmt", "--check", "rules"]) == 3
    said = capsys.readouterr()
    assert said.out == "rules/my own.yaml would change.\n1 file is as it should be.\n"
    assert said.err == "Next: hxrules fmt 'rules/my own.yaml'\n"
    assert path.read_text(encoding="utf-8") == UGLY
    assert run(["fmt", "--check", "rules/neat.yaml"]) == 0


def test_diff_prints_what_would_change_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(folder, UGLY)
    assert run(["fmt", "--diff"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("--- hxrules.yaml\n+++ hxrules.yaml\n@@ ")
    assert "\n-name:   acme-au\n" in said
    assert path.read_text(encoding="utf-8") == UGLY
    assert run(["fmt", "--diff", "--check"]) == 3
    put(folder, NEAT)
    capsys.readouterr()
    assert run(["fmt", "--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_a_file_with_errors_is_left_alone_and_its_problems_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others of the folder are formatted all the same."""
    path, other = put(folder, BROKEN, "a.yaml"), put(folder, UGLY, "b.yaml")
    assert run(["fmt", "."]) == 3
    said = capsys.readouterr()
    assert "error[HX113]: `direction` can't be `both`" in said.out
    assert "--> a.yaml:" in said.out
    assert said.err == "Next: correct the file, then hxrules fmt a.yaml\n"
    assert path.read_text(encoding="utf-8") == BROKEN
    assert other.read_text(encoding="utf-8") == NEAT


def test_a_file_that_is_no_text_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(folder, "")
    path.write_bytes(b"hxrules: 1\nname: \xff\n")
    assert run(["fmt"]) == 3
    assert "HX100" in capsys.readouterr().out
    assert path.read_bytes() == b"hxrules: 1\nname: \xff\n"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_the_mode_of_a_file_stays(folder: Path, mode: int) -> None:
    path = put(folder, UGLY)
    path.chmod(mode)
    assert run(["fmt"]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert [each.name for each in folder.iterdir()] == ["hxrules.yaml"]


def test_what_a_link_points_to_is_written_and_the_link_stays(folder: Path) -> None:
    path = put(folder, UGLY, "elsewhere/rules.yaml")
    link = folder / "hxrules.yaml"
    link.symlink_to(path)
    assert run(["fmt"]) == 0
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == NEAT


def test_windows_line_ends_stay(folder: Path) -> None:
    path = put(folder, UGLY.replace("\n", "\r\n"))
    assert run(["fmt"]) == 0
    assert path.read_bytes() == NEAT.replace("\n", "\r\n").encode()
    assert run(["fmt", "--check"]) == 0


def test_a_write_that_fails_leaves_the_file_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a full disk: nothing of the new text is there, nor a scratch file."""
    path = put(folder, UGLY)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(["fmt"]) == 64
    assert "hxrules.yaml can't be written: No space left on device" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == UGLY
    assert [each.name for each in folder.iterdir()] == ["hxrules.yaml"]


def test_json_is_one_document_with_files_and_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, UGLY, "a.yaml")
    put(folder, NEAT, "b.yaml")
    put(folder, BROKEN, "c.yaml")
    assert run(["fmt", "--format", "json", "."]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == [{"file": "a.yaml", "changed": True}, {"file": "b.yaml", "changed": False}]
    assert [(each["code"], each["file"]) for each in document["problems"]] == [("HX113", "c.yaml"), ("HX113", "c.yaml")]


def test_an_older_version_is_refused_until_it_is_upgraded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """validate says what to type; typing it makes a valid ruleset that keeps its comments."""
    path = put(folder, OLD)
    for command in (["validate"], ["fmt"], ["fmt", "--check"]):
        assert run(command) == 3
        said = capsys.readouterr()
        assert "HX114" in said.out
        assert said.err == "Next: hxrules fmt --upgrade hxrules.yaml\n"
    assert path.read_text(encoding="utf-8") == OLD
    assert run(["fmt", "--upgrade", "--check"]) == 3
    assert capsys.readouterr().err == "Next: hxrules fmt --upgrade hxrules.yaml\n"
    assert run(["fmt", "--upgrade"]) == 0
    assert path.read_text(encoding="utf-8") == formatted(upgraded(OLD, "f").text)
    assert run(["validate"]) == 0
    assert run(["fmt", "--upgrade", "--check"]) == 0


def test_an_older_file_with_errors_is_left_alone_and_its_problems_stand_at_its_own_places(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = OLD.replace("source: abn", "source: abn, colour: red")
    path = put(folder, wrong)
    assert run(["fmt", "--upgrade", "--format", "json"]) == 3
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    line = wrong.splitlines()[problem["line"] - 1]
    assert line[problem["column"] - 1 : problem["end_column"] - 1] == "colour"
    assert path.read_text(encoding="utf-8") == wrong


def test_a_deprecated_word_is_formatted_around_and_replaced_by_upgrade(folder: Path) -> None:
    text = NEAT.replace("data-hub-starter", "operations-hub-starter")
    path = put(folder, text)
    assert run(["fmt"]) == 0
    assert "operations-hub-starter" in path.read_text(encoding="utf-8")
    assert run(["fmt", "--upgrade"]) == 0
    assert "operations-hub-starter" not in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == formatted(NEAT)


def test_wrong_usage_ends_with_64(folder: Path) -> None:
    assert run(["fmt", "nowhere.yaml"]) == 64
    assert run(["fmt", "--chek"]) == 64


def test_a_folder_without_rulesets_ends_with_3(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fmt", "."]) == 3
    assert "there is no ruleset" in capsys.readouterr().err
