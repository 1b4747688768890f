"""`hxrules init`: whatever is answered, the ruleset is valid, in its one layout, and its cases pass and exercise all of it; nothing is
overwritten, and what is written is all of it or nothing."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.cli import rulesets, run
from hxrules.cli.init_choices import OFFERS, PRESETS
from hxrules.language.beginning import SYNCS, Answers, ruleset_text
from hxrules.language.layout import formatted
from hxrules.language.model import Direction
from hxrules.planning.cases.beginnings import first_cases
from hxrules.planning.cases.coverage import Coverage
from hxrules.planning.cases.rows import What
from hxrules.planning.cases.run import read_cases, run_cases
from hxrules.records import App
from tests.scenarios.stage import Said

ROOT = Path(__file__).parents[2]
GITHUB = {
    ".github/actions/hxrules/action.yml",
    ".github/actions/hxrules/steps.py",
    ".github/workflows/hxrules.yaml",
}
RULES = {"hxrules.yaml", "hxrules_test.yaml", "schemas/ruleset.v1.json"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git repository."""
    here = tmp_path / "Acme AU"
    (here / ".git").mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.delenv("HXRULES_RULESET", raising=False)
    return here


def typed(*words: str) -> Said:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    return Said(code, out.getvalue(), err.getvalue())


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix() for path in found}


def read(folder: Path, name: str = "hxrules.yaml") -> str:
    return (folder / name).read_text(encoding="utf-8")


# --- what is written ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_good_at_once(folder: Path, preset: str) -> None:
    """Valid, laid out, and every rule exercised by a case that passes."""
    said = typed("init", "--preset", preset, "--yes")
    assert said.code == 0, said.text
    assert files(folder) == RULES | GITHUB | {".gitignore"}
    assert typed("validate").out == f"hxrules.yaml is valid: acme-au 1 ({_syncs(preset)}).\n"
    assert typed("fmt", "--check").code == 0
    tested = typed("test", "--coverage")
    assert tested.code == 0, tested.text
    assert "exercised (100 %)" in tested.out


def _syncs(preset: str) -> str:
    return ", ".join(f"{name} {way.value}" for name, way in PRESETS[preset].directions.items())


def test_it_says_what_it_wrote_and_what_to_type_next(folder: Path) -> None:
    said = typed("init", "--yes")
    for name in files(folder):
        assert name in said.out
    for command in ("validate", "test --coverage", "connect hubspot", "import", "dry-run"):
        assert f"hxrules {command}" in said.out
    assert typed("init", "--help").code == 0


def test_the_modeline_leads_to_the_schema(folder: Path) -> None:
    typed("init", "--yes")
    first = read(folder).splitlines()[0]
    assert first in (ROOT / "docs" / "editor.md").read_text(encoding="utf-8")
    assert read(folder, first.partition("$schema=")[2]) == shipped.schema("ruleset.v1")


def test_the_workflow_is_what_docs_describe(folder: Path) -> None:
    """The example, with a state of its own; the action that it uses lies where it looks for it."""
    typed("init", "--yes", "--name", "acme-nz")
    example = (ROOT / ".github" / "workflows-examples" / "hxrules.yml").read_text(encoding="utf-8")
    assert read(folder, ".github/workflows/hxrules.yaml") == example.replace("acme.db", "acme-nz.db")
    workflow = yaml.safe_load(read(folder, ".github/workflows/hxrules.yaml"))
    uses = {step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step}
    assert {each for each in uses if each.startswith("./")} == {"./.github/actions/hxrules"}
    assert (folder / ".github/actions/hxrules/action.yml").is_file()


def test_for_gitlab_it_writes_what_docs_show(folder: Path) -> None:
    typed("init", "--yes", "--ci", "gitlab")
    shown = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.M | re.S)[0]
    assert read(folder, ".gitlab-ci.yml") == shown.replace("acme.db", "acme-au.db")
    assert files(folder) == RULES | {".gitlab-ci.yml", ".gitignore"}


def test_gitignore_gets_what_it_lacks(folder: Path) -> None:
    """Its own lines stay, also where the last one has no end; outside a git repository there is none."""
    (folder / ".gitignore").write_text("*.log\n.hxrules", encoding="utf-8")
    typed("init", "--yes", "--ci", "none")
    assert read(folder, ".gitignore") == "*.log\n.hxrules\nplan.json\n"


def test_without_git_there_is_no_gitignore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed("init", "--yes", "--ci", "none").code == 0
    assert files(tmp_path) == RULES


def test_options_say_it_all(folder: Path) -> None:
    words = ["--contacts", "two-way", "--winner", "hubspot", "--invoices", "to-xero", "--payments", "to-xero"]
    words += ["--sales-account", "210", "--bank-account", "AA-1", "--portal", "42", "--organisation", 'Acme: "Pty" #1']
    words += ["--tenant", "4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10", "--filter", "contacts.to-xero", 'city = "Perth: CBD"']
    said = typed("init", *words, "--filter", "contacts.to-hubspot", "all", "--ci", "none", "--yes", "--format", "json")
    assert said.code == 0, said.text
    assert set(said.json["written"]) == RULES | {".gitignore"}
    loaded = rulesets.load(folder / "hxrules.yaml").ruleset
    assert loaded is not None
    assert (loaded.accounts.portal, loaded.accounts.organisation) == (42, 'Acme: "Pty" #1')
    contacts, invoices, payments = loaded.syncs
    assert contacts.winner is App.HUBSPOT
    assert {app: each.text for app, each in contacts.filters.items()} == {App.XERO: 'city = "Perth: CBD"'}
    assert invoices.invoices is not None
    assert payments.payments is not None
    assert (invoices.invoices.sales_account, payments.payments.bank_account) == ("210", "AA-1")
    assert typed("test").code == 0


# --- what is refused ---------------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten_and_nothing_else_written(folder: Path) -> None:
    """All that is there already is named; a link into nowhere is there too."""
    (folder / "hxrules_test.yaml").write_text("mine", encoding="utf-8")
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "hxrules.yaml").symlink_to("nowhere")
    said = typed("init", "--yes")
    assert said.code == 4
    assert "error[HX326]: hxrules_test.yaml, .github/workflows/hxrules.yaml are there already" in said.err
    assert files(folder) == {"hxrules_test.yaml", ".github/workflows/hxrules.yaml"}
    assert read(folder, "hxrules_test.yaml") == "mine"


def test_a_second_time_is_refused(folder: Path) -> None:
    typed("init", "--yes")
    before = {name: read(folder, name) for name in files(folder)}
    said = typed("init", "--preset", "two-way", "--yes")
    assert said.code == 4
    assert {name: read(folder, name) for name in files(folder)} == before


def test_our_own_files_may_be_there_as_they_are(folder: Path) -> None:
    (folder / "schemas").mkdir()
    (folder / "schemas" / "ruleset.v1.json").write_text(shipped.schema("ruleset.v1"), encoding="utf-8")
    assert typed("init", "--yes", "--ci", "none").code == 0
    (folder / "hxrules.yaml").unlink()
    (folder / "hxrules_test.yaml").unlink()
    (folder / "schemas" / "ruleset.v1.json").write_text("{}", encoding="utf-8")
    assert "schemas/ruleset.v1.json is there already" in typed("init", "--yes", "--ci", "none").err


def test_what_fails_half_way_is_taken_back(folder: Path) -> None:
    """`.github` is a file, so that no folder can be made in it."""
    (folder / ".github").write_text("", encoding="utf-8")
    said = typed("init", "--yes")
    assert said.code == 64
    assert "can't be written" in said.err
    assert files(folder) == {".github"}
    assert not (folder / "schemas").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--filter", "contacts.to-xero", "emial is known"], 3, "--filter contacts.to-xero:1:1"),
        (["--filter", "contacts", "email is known"], 64, "say where as SYNC.to-APP"),
        (["--contacts", "to-xero", "--filter", "contacts.to-hubspot", "email is known"], 64, "would do nothing"),
        (["--invoices", "to-xero"], 64, "invoices can't go without contacts"),
        (["--preset", "two-way", "--invoices", "off"], 64, "payments can't go without invoices"),
        (["--contacts", "off"], 64, "every sync is off"),
        (["--sales-account", "a long account code"], 64, "is not the code of an account"),
        (["--tenant", "acme"], 64, "is not the id of a tenant"),
        (["--name", "Acme"], 64, "is not a name"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_written(folder: Path, words: list[str], code: int, says: str) -> None:
    said = typed("init", *words, "--yes")
    assert said.code == code, said.text
    assert says in said.err
    assert files(folder) == set()


def test_without_a_terminal_a_yes_is_needed(folder: Path) -> None:
    said = typed("init")
    assert said.code == 64
    assert "--yes" in said.err
    assert files(folder) == set()


def test_ci_files_belong_to_the_root_of_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "rules").mkdir()
    monkeypatch.chdir(folder / "rules")
    assert "begin there, or add --ci none" in typed("init", "--yes").err
    assert typed("init", "--yes", "--ci", "none").code == 0


# --- every combination of answers --------------------------------------------------------------------------------------------

TYPED: Mapping[tuple[str, App], list[str]] = {
    ("contacts", App.XERO): [
        'city = "Perth: #1" or (lifecycle-stage in [customer, lead] and not (phone is unknown))',
        "count invoice (status = open) >= 2",
        'email is known and phone is known and mobile is known and city = Perth and region = WA and country = "Australia" '
        'and lifecycle-stage = customer and job-title contains "chief" and website starts with "https"',
    ],
    ("contacts", App.HUBSPOT): ["status = active and updated > today - 30d", 'name starts with "A"'],
    ("products", App.XERO): ["price is known and price > 5 and sku is known"],
    ("products", App.HUBSPOT): ["cost is unknown or is-purchased = false"],
    ("invoices", App.XERO): ['po-number is known and (title contains "work" or due-date is unknown)'],
    ("invoices", App.HUBSPOT): ["currency in [USD, EUR] and balance > 0", "any payment (amount > 10)"],
    ("payments", App.XERO): ["amount > 5"],
    ("payments", App.HUBSPOT): ["reference is known"],
}
DIRECTIONS = st.sampled_from([None, *Direction])


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    directions: dict[str, Direction] = {}
    for sync, needs in zip(SYNCS, ("", "", "contacts", "invoices"), strict=True):
        chosen = draw(DIRECTIONS) if not needs or needs in directions else None
        if chosen is not None:
            directions[sync] = chosen
    if not directions:
        directions["contacts"] = draw(st.sampled_from(Direction))
    filters: dict[tuple[str, App], str] = {}
    for where, own in TYPED.items():
        text = draw(st.sampled_from([None, *OFFERS.get(where, {}).values(), *own]))
        if (
            text is not None
            and where[1] in directions.get(where[0], Direction.TO_XERO).targets
            and where[0] in directions
        ):
            filters[where] = text
    return Answers(
        name="acme",
        directions=directions,
        winner=draw(st.sampled_from(App)),
        filters=filters,
        sales_account=draw(st.sampled_from(["200", "4-1000", "090"])),
        bank_account=draw(st.sampled_from(["090", "AA 1"])),
        portal=draw(st.sampled_from([None, 42])),
        organisation=draw(st.sampled_from([None, "Acme: “Pty”", "null", "# x"])),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answers())
def test_every_combination_is_valid_laid_out_and_tested(given_answers: Answers) -> None:
    """The filters and limits of the ruleset itself are all exercised; of the base what can be."""
    text = ruleset_text(given_answers)
    loaded = rulesets.load_text(Path("hxrules.yaml"), text)
    assert loaded.ruleset is not None, loaded.problems
    assert loaded.problems == []
    assert formatted(text) == text
    catalogue = load_catalogue()
    cases, problems = read_cases(first_cases(loaded.ruleset, catalogue), "t", loaded.ruleset, catalogue)
    assert problems == []
    coverage = Coverage(loaded.ruleset, catalogue)
    outcomes = run_cases(cases, loaded.ruleset, catalogue, coverage)
    assert [each.case.name for each in outcomes if not each.passed] == []
    for outcome in outcomes:
        made = {row.app for row in outcome.rows if row.what is What.CREATE and row.sync == _about(outcome.case.name)}
        if match := re.search(r"goes to (Xero|HubSpot)|stays in (Xero|HubSpot)", outcome.case.name):
            target = App((match[1] or match[2]).lower())
            assert (target in made) if match[1] else (target.other not in made), outcome.case.name
    own = [rule for rule in coverage.missing if rule.span is not None and rule.span.file == "hxrules.yaml"]
    assert own == []


def _about(name: str) -> str:
    """The sync that a case's name speaks of."""
    words = {
        "contact": "contacts",
        "product": "products",
        "item": "products",
        "payment": "payments",
        "money": "payments",
    }
    return next((sync for word, sync in words.items() if word in name.split("with")[0]), "invoices")


# --- a person at a terminal --------------------------------------------------------------------------------------------------


def dialogue(folder: Path, *answers: str, words: tuple[str, ...] = (), columns: int = 80) -> tuple[int, str]:
    """What is seen on a terminal by somebody who gives these answers, each when he is asked; and how it ended."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hxrules", "init", *words],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": str(columns), "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, left, until = "", list(answers), time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            seen += os.read(ours, 65536).decode()
        except OSError:  # the other side is gone
            break
        if left and seen.endswith("]: "):
            os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    return process.wait(20), seen.replace("\r\n", "\n")


def test_a_person_is_asked_little_and_a_wrong_condition_again(folder: Path) -> None:
    """Enter takes what stands in brackets; a condition of one's own is checked at once, and the error shown at its place."""
    condition = "email is known and is-customer = true"
    code, seen = dialogue(folder, "4", "", "", "", "off", "emial is known", condition, "", "2", "none")
    assert code == 0, seen
    assert "Number [1]: 4" in seen
    assert "did you mean “email”?" in seen
    assert seen.count("Which of Xero's contacts may go to HubSpot?") == 1
    assert "HubSpot's contacts" not in seen
    assert "Who wins" not in seen
    assert "hxrules_test.yaml" in seen
    loaded = rulesets.load(folder / "hxrules.yaml").ruleset
    assert loaded is not None
    assert [(each.name, each.direction.value) for each in loaded.syncs] == [
        (name, "to-hubspot") for name in ("contacts", "products", "invoices")
    ]
    assert loaded.sync("contacts").filters[App.HUBSPOT].text == condition
    assert files(folder) == RULES | {".gitignore"}


def test_what_an_option_says_is_not_asked(folder: Path) -> None:
    words = ("--preset", "contacts", "--winner", "hubspot", "--filter", "contacts.to-xero", "all", "--ci", "none")
    code, seen = dialogue(folder, "", "off", "off", "3", words=(*words, "--payments", "off"))
    assert code == 0, seen
    assert "What should be kept in step?" not in seen
    assert "Who wins" not in seen
    assert "HubSpot's contacts" not in seen
    assert "filters" not in read(folder)


def test_somebody_who_has_had_enough_leaves_nothing_behind(folder: Path) -> None:
    code, seen = dialogue(folder, "1", "\x04")
    assert code == 1
    assert "Stopped" in seen
    assert files(folder) == set()
