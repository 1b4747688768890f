"""What docs/ci.md says for GitLab runs as it stands there: real commands on the sandbox, and a server that keeps notes as GitLab does."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.scenarios.stage import CONTACTS, Stage, stage

TEXT = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
JOBS = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S)[0])
WORLD: dict[str, Any] = {
    "hubspot": {"contacts": [{"id": "1", "properties": {"email": "jane@example.com", "firstname": "Jane"}}]},
    "xero": {"contacts": [{"Name": "Bo Ltd", "EmailAddress": "bo@example.com"}]},
}

pytestmark = pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "jq"))), reason="needs bash, curl and jq")


@pytest.fixture
def gitlab() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of an API, and the notes of merge request 3 of project 5, newest first."""
    notes: list[dict[str, Any]] = [{"id": 1, "body": "looks good"}]

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert urlsplit(self.path).path == "/projects/5/merge_requests/3/notes"
            self.answer(200, notes)

        def do_POST(self) -> None:
            notes.insert(0, {"id": len(notes) + 1, "body": self.body()})
            self.answer(201, notes[0])

        def do_PUT(self) -> None:
            number = int(self.path.removeprefix("/projects/5/merge_requests/3/notes/"))
            (found,) = [each for each in notes if each["id"] == number]
            found["body"] = self.body()
            self.answer(200, found)

        def body(self) -> str:
            assert self.headers["PRIVATE-TOKEN"] == "gl-token"
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            return parse_qs(sent, strict_parsing=True)["body"][0]

        def answer(self, status: int, document: Any) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", notes
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, WORLD) as found:
        found.ruleset(CONTACTS)
        yield found


def run(here: Stage, job: str, plans: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The job's script as the runner runs it; plans lie in a folder of this test."""
    command = f'hxrules() {{ {shlex.quote(sys.executable)} -m hxrules "$@"; }}'
    script = "\n".join([command, *JOBS[job]["script"]]).replace("/var/lib/hxrules/plans", str(plans))
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=here.folder,
        env={**os.environ, **variables, "CI_COMMIT_SHA": "abc123"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_merge_request_gets_one_note_that_is_kept_up_to_date(
    here: Stage, gitlab: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, notes = gitlab
    given = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "3", "GITLAB_NOTES_TOKEN": "gl-token"}
    for changes in (2, 3):
        ran = run(here, "review", tmp_path, **given)
        assert ran.returncode == 0, ran.stderr
        assert [note["id"] for note in notes] == [2, 1]
        assert f"### Plan: {changes} to create" in notes[0]["body"]
        here.make_hubspot("contacts", email=f"cy{changes}@example.com", firstname="Cy")


def test_an_invalid_ruleset_fails_the_job(here: Stage, tmp_path: Path) -> None:
    here.ruleset(CONTACTS.replace("two-way", "both-ways"))
    assert run(here, "review", tmp_path).returncode == 3


def test_what_was_planned_is_applied_by_hand(here: Stage, tmp_path: Path) -> None:
    assert JOBS["apply"]["rules"][0]["when"] == "manual"
    plans = tmp_path / "plans"
    plans.mkdir()
    assert run(here, "plan", plans).returncode == 0
    ran = run(here, "apply", plans)
    assert ran.returncode == 0, ran.stderr
    assert "All 2 changes made" in ran.stdout
