"""The wheel is complete: installed elsewhere, without the checkout, it finds its rulesets, schemas, grammar and migrations."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder of its own."""
    where = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(where)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = where.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(where / "site")
    return where / "site"


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HXRULES_")}
    return subprocess.run(
        [sys.executable, "-m", "hxrules", *words],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_it_holds_what_it_needs(installed: Path) -> None:
    """Data files are easily forgotten by a build."""
    for name in (
        "schemas/ruleset.v1.json",
        "schemas/plan.v1.json",
        "rulesets/xero-data-sync.v1.yaml",
        "rulesets/contacts.yaml",
        "catalogue/hubspot.yaml",
        "catalogue/xero.yaml",
        "language/filter.lark",
        "sandbox/xero/where.lark",
        "state/migrations/versions/0001_first.py",
        "state/migrations/versions/0002_rulesets.py",
        "state/migrations/versions/0003_apart.py",
        "problems.yaml",
        ".github/actions/hxrules/steps.py",
        ".github/workflows-examples/hxrules.yml",
        "py.typed",
    ):
        assert (installed / "hxrules" / name).is_file(), name


def test_it_validates_and_tells_the_story_elsewhere(installed: Path, tmp_path: Path) -> None:
    """`validate` and `demo` from an empty folder; the story ends with nothing to do."""
    (tmp_path / "contacts.yaml").write_text((installed / "hxrules/rulesets/contacts.yaml").read_text())
    assert "is valid" in run(installed, tmp_path, "validate", "contacts.yaml").stdout
    begun = tmp_path / "begun"
    begun.mkdir()
    assert run(installed, begun, "init", "--preset", "two-way", "--yes").returncode == 0
    assert run(installed, begun, "test").stdout.startswith("passed")
    told = run(installed, tmp_path, "demo")
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr
    assert told.stdout.count("Nothing to do") == 1
    assert "Conflicts (1)" in told.stdout
