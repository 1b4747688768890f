"""The action for GitHub does what it says: real commands on the sandbox, and a server that keeps comments as GitHub does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.scenarios.stage import CONTACTS, Stage, stage

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "actions" / "hxrules"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
EXAMPLE = yaml.safe_load((ROOT / ".github" / "workflows-examples" / "hxrules.yml").read_text(encoding="utf-8"))
WORLD: dict[str, Any] = {
    "hubspot": {"contacts": [{"id": "1", "properties": {"email": "jane@example.com", "firstname": "Jane"}}]},
    "xero": {"contacts": [{"Name": "Bo Ltd", "EmailAddress": "bo@example.com"}]},
}


@dataclass
class Comments:
    """Issue comments of one repository."""

    url: str = ""
    listed: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False
    """The token may only read."""


@pytest.fixture
def github() -> Iterator[Comments]:
    comments = Comments()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            assert where.path == "/repos/acme/rules/issues/7/comments"
            asked = {name: int(values[0]) for name, values in parse_qs(where.query).items()}
            start = (asked["page"] - 1) * asked["per_page"]
            self.answer(200, comments.listed[start : start + asked["per_page"]])

        def do_POST(self) -> None:
            if comments.refuses:
                self.answer(403, {"message": "Resource not accessible by integration"})
                return
            assert self.path == "/repos/acme/rules/issues/7/comments"
            made = {"id": len(comments.listed) + 1, "user": {"type": "Bot"}, "body": self.body()}
            comments.listed.append(made)
            self.answer(201, made)

        def do_PATCH(self) -> None:
            number = int(self.path.removeprefix("/repos/acme/rules/issues/comments/"))
            (found,) = [each for each in comments.listed if each["id"] == number]
            found["body"] = self.body()
            self.answer(200, found)

        def body(self) -> str:
            assert self.headers["Authorization"] == "Bearer gh-token"
            text: str = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            assert len(text) < 65_536
            return text

        def answer(self, status: int, document: Any) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    comments.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield comments
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, WORLD) as found:
        found.ruleset(CONTACTS)
        yield found


@dataclass
class Job:
    code: int
    log: str
    summary: str
    output: str


def run(here: Stage, github: Comments, event: dict[str, Any] | None = None, **inputs: str) -> Job:
    """One use of the action, as the runner would: inputs as `action.yml` hands them on, with its defaults."""
    step = ACTION["runs"]["steps"][-1]
    given = {name: each.get("default", "") for name, each in ACTION["inputs"].items()} | {"token": "gh-token"} | inputs
    known = {f"inputs.{name.replace('_', '-')}": value for name, value in given.items()} | {
        "github.action_path": str(FOLDER)
    }
    own = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: known[match[1]], text) for name, text in step["env"].items()
    }
    files = {name: here.folder / f"{name}.txt" for name in ("event", "summary", "output")}
    files["event"].write_text(json.dumps({} if event is None else event), encoding="utf-8")
    for name in ("summary", "output"):
        files[name].write_text("", encoding="utf-8")
    # `python` is the one in which hxrules is installed; the state is a file, as another process can't see this one's memory.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {
        **os.environ,
        **own,
        "PATH": path,
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/rules",
        "GITHUB_EVENT_PATH": str(files["event"]),
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "GITHUB_OUTPUT": str(files["output"]),
    }
    ran = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=here.folder, env=environment, capture_output=True, text=True, check=False
    )
    return Job(ran.returncode, ran.stdout + ran.stderr, files["summary"].read_text(), files["output"].read_text())


PULL = {"pull_request": {"number": 7}}


def test_a_review_makes_one_comment_and_keeps_it_up_to_date(here: Stage, github: Comments) -> None:
    """Behind other people's comments, over pages; masked; the same text stands in the job's summary."""
    others = [
        {"id": n, "user": {"type": "User"}, "body": "<!-- hxrules hxrules.yaml -->\nlooks good"} for n in range(1, 131)
    ]
    github.listed += others
    first = run(here, github, PULL, command="review")
    assert first.code == 0, first.log
    assert first.output == "result=changes\n"
    (own,) = github.listed[130:]
    assert "### Plan: 2 to create" in own["body"]
    assert own["body"].partition("\n")[2] == first.summary.rstrip("\n")
    assert "jane" not in own["body"].lower()
    here.make_hubspot("contacts", email="cy@example.com", firstname="Cy")
    assert run(here, github, PULL, command="review").code == 0
    assert "### Plan: 3 to create" in github.listed[130]["body"]
    assert github.listed[:130] == others
    assert len(github.listed) == 131


def test_an_invalid_ruleset_is_annotated_and_fails_the_review(here: Stage, github: Comments) -> None:
    here.ruleset(CONTACTS.replace("email is known", "emial is known", 1))
    job = run(here, github, PULL, command="review")
    assert job.code == 3
    assert "::error file=hxrules.yaml,line=10," in job.log
    assert "HX141" in github.listed[0]["body"]
    assert "HX141" in job.summary
    assert job.output == "result=failed\n"


def test_without_credentials_the_comment_says_what_is_missing(
    here: Stage, github: Comments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HXRULES_HUBSPOT_TOKEN")
    job = run(here, github, PULL, command="review")
    assert job.code == 7
    assert "HX401" in github.listed[0]["body"]


def test_a_token_that_may_only_read_is_no_failure(here: Stage, github: Comments) -> None:
    """A fork's pull request: the plan stands in the summary."""
    github.refuses = True
    job = run(here, github, PULL, command="review")
    assert job.code == 0
    assert "::warning::The comment can't be written (HTTP Error 403" in job.log
    assert "### Plan: 2 to create" in job.summary


def test_what_was_saved_is_applied_once_and_a_stale_plan_fails(here: Stage, github: Comments) -> None:
    """A push has no pull request, and so no comment."""
    assert run(here, github, command="review", plan="plan.json").code == 0
    assert github.listed == []
    job = run(here, github, command="apply", plan="plan.json")
    assert (job.code, job.output) == (0, "result=done\n"), job.log
    assert "All 2 changes made" in job.summary
    assert len(here.hubspot_contacts()) == 2
    again = run(here, github, command="apply", plan="plan.json")
    assert again.code == 5
    assert "HX316" in again.summary


def test_a_sync_plans_and_applies_and_failing_records_are_a_warning(here: Stage, github: Comments) -> None:
    here.make_hubspot("contacts", email="other@example.com", company="Bo Ltd")
    job = run(here, github, command="sync")
    assert (job.code, job.output) == (0, "result=failing\n"), job.log
    assert "::warning::Some records are failing" in job.log
    assert "HX203" in job.summary


@pytest.mark.parametrize(("command", "says"), [("deploy", "There is no command 'deploy'"), ("apply", "Which plan?")])
def test_wrong_use_is_said(here: Stage, github: Comments, command: str, says: str) -> None:
    job = run(here, github, command=command)
    assert job.code == 64
    assert f"::error::{says}" in job.log


def test_no_input_is_ever_part_of_a_command() -> None:
    """What a branch or a file is called could be one."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_example_uses_the_action_as_it_is() -> None:
    """Only inputs that exist, every step with the command that it needs; plans and state are no artifacts."""
    uses = [
        step
        for job in EXAMPLE["jobs"].values()
        for step in job["steps"]
        if step.get("uses") == "./.github/actions/hxrules"
    ]
    assert [step.get("with", {})["command"] for step in uses] == ["review", "review", "apply", "sync"]
    for step in uses:
        assert step["with"].keys() <= ACTION["inputs"].keys()
    saved, applied = (step["with"]["plan"] for step in uses[1:3])
    assert saved == applied
    assert "artifact" not in json.dumps(EXAMPLE["jobs"])


def test_a_ruleset_that_fails_its_cases_fails_the_review(here: Stage, github: Comments) -> None:
    """They are run where they are there, before anything is planned."""
    cases = "cases:\n  - name: nobody goes anywhere\n    hubspot: {contacts: [{id: 1, email: a@example.com}]}\n    expect: []\n"
    here.ruleset(cases, "hxrules_test.yaml")
    job = run(here, github, PULL, command="review")
    assert (job.code, job.output) == (3, "result=failed\n"), job.log
    assert "fails its tests" in github.listed[0]["body"]
    assert "happens, and isn't expected" in job.summary
