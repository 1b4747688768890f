"""The stage of a scenario: a sandbox with a small world, a folder with a ruleset, and the command line as people type it.

People edit records through the apps' own HTTP APIs here, never through hxrules' connectors.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hxrules.cli import run
from hxrules.cli.sandbox import environment
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running

SCOPES = "accounting.contacts accounting.invoices accounting.payments accounting.settings"
CONTACTS = """\
hxrules: 1
name: scenario
version: "1"
extends: xero-data-sync@1
syncs:
  contacts:
    direction: two-way
    conflict: {winner: xero}
    filters:
      to-xero: email is known
      to-hubspot: email is known
"""


@dataclass(frozen=True)
class Said:
    """What one command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """Both streams, with everything that differs from run to run taken out."""
        return steady(self.out + self.err)


def steady(text: str) -> str:
    """Instants, ids of runs and plans, and durations replaced by words."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?Z| UTC)?", "<instant>", text)
    text = re.sub(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b", "<run>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b(?=[ .\n])", "<digest>", text)
    text = re.sub(r"\b\d+(\.\d+)? s\b", "<n> s", text)
    return re.sub(r"\b\d+(\.\d+)? ?(B|kB|KB|MB|bytes)\b", "<size>", text)


@dataclass
class Stage:
    """One world and the folder of its ruleset."""

    sandbox: ReadyInfo
    folder: Path

    def type(self, *words: str) -> Said:
        """Runs `hxrules` with these words in the scenario's folder."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(list(words))
        return Said(code, out.getvalue(), err.getvalue())

    def ruleset(self, text: str, name: str = "hxrules.yaml") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    # --- what people see and do in the apps ----------------------------------------------------------------------------------

    def hubspot(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            self.sandbox.hubspot_url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.sandbox.hubspot_token}"},
            timeout=20,
        )
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def xero(self, method: str, path: str, body: Any = None) -> Any:
        return self._xero(method, "/api.xro/2.0" + path, body)

    def xero_connections(self) -> Any:
        return self._xero("GET", "/connections")

    def disconnect(self, connection: str) -> None:
        """What a person does in Xero's settings: the tenant is no longer ours."""
        self._xero("DELETE", f"/connections/{connection}")

    def _xero(self, method: str, path: str, body: Any = None) -> Any:
        token = httpx.post(
            self.sandbox.xero_identity_url + "/connect/token",
            data={
                "grant_type": "client_credentials",
                "scope": "accounting.contacts accounting.invoices accounting.payments accounting.settings",
            },
            auth=(self.sandbox.xero_client_id, self.sandbox.xero_client_secret),
            timeout=20,
        ).json()["access_token"]
        answer = httpx.request(
            method,
            self.sandbox.xero_url + path,
            json=body,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=20,
        )
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def edit_hubspot(self, record_id: str, **properties: str) -> None:
        self.hubspot("PATCH", f"/crm/objects/2026-09/contacts/{record_id}", {"properties": properties})

    def edit_xero(self, record_id: str, **fields: Any) -> None:
        self.xero("POST", f"/Contacts/{record_id}", {"ContactID": record_id, **fields})

    def hubspot_contacts(self) -> dict[str, dict[str, Any]]:
        """By e-mail, else by id."""
        live = [each for each in self.sandbox.hubspot.world()["contacts"] if not each.get("archived")]
        return {each["properties"].get("email") or each["id"]: each for each in live}

    def xero_contacts(self) -> dict[str, dict[str, Any]]:
        """By name."""
        return {each["Name"]: each for each in self.sandbox.xero.world()["contacts"]}

    def calls(self, since: int = 0) -> list[tuple[str, str, str]]:
        """App, method and path of each request after the first `since`."""
        return [(entry.app, entry.method, entry.path) for entry in self.sandbox.requests[since:]]


@contextmanager
def stage(
    folder: Path,
    world: Mapping[str, Any] | None = None,
    *,
    seed: str = "empty",
    ruleset: str = CONTACTS,
    quirks: Mapping[str, str] | None = None,
    faults: Mapping[str, Any] | None = None,
) -> Iterator[Stage]:
    """A stage with a world of its own (a seed file's content, or a seed)."""
    options = SandboxOptions(seed=seed, seed_file=world, quirks=quirks or {}, faults=faults)
    before, here = dict(os.environ), Path.cwd()
    with running(options) as sandbox:
        for name in [name for name in os.environ if name.startswith("HXRULES_")]:
            del os.environ[name]
        os.environ.update(environment(sandbox.ready()))
        os.environ["NO_COLOR"] = "1"
        os.chdir(folder)
        try:
            found = Stage(sandbox, folder)
            found.ruleset(ruleset)
            yield found
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)


def guid(number: int) -> str:
    """A Xero id that is easy to read."""
    return f"00000000-0000-4000-8000-{number:012d}"
