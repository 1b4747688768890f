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
from unittest.mock import patch

import httpx

from hxrules.cli import run
from hxrules.cli.sandbox import environment
from hxrules.connectors.pace import Timing
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


OF_INVOICE = {
    kind: {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}
    for kind, number in (("line_items", 410), ("discounts", 412), ("taxes", 416), ("commerce_payments", 542))
}
"""How HubSpot calls the link from a part of an invoice, or its payment, to the invoice."""
LONG_AGO = "started: 2020-01-01T00:00:00Z"
"""A sync that was set up long ago, so that everything in the seeds is newer."""


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

    def edit_hubspot(self, record_id: str, /, kind: str = "contacts", **properties: str) -> None:
        self.hubspot("PATCH", f"/crm/objects/2026-09/{kind}/{record_id}", {"properties": properties})

    def make_hubspot(self, kind: str, invoice: str | None = None, **properties: str) -> str:
        """The id of a new record; a line item or payment of `invoice`."""
        links = [] if invoice is None else [{"to": {"id": invoice}, "types": [OF_INVOICE[kind]]}]
        made = self.hubspot("POST", f"/crm/objects/2026-09/{kind}", {"properties": properties, "associations": links})
        return str(made["id"])

    def edit_xero(self, record_id: str, /, kind: str = "Contacts", **fields: Any) -> None:
        self.xero("POST", f"/{kind}/{record_id}", {f"{kind[:-1]}ID": record_id, **fields})

    def make_xero(self, kind: str, **fields: Any) -> dict[str, Any]:
        """A new record as Xero answers it."""
        made: dict[str, Any] = self.xero("PUT", f"/{kind}", {kind: [fields]})[kind][0]
        return made

    def hubspot_contacts(self) -> dict[str, dict[str, Any]]:
        """By e-mail, else by id."""
        live = [each for each in self.sandbox.hubspot.world()["contacts"] if not each.get("archived")]
        return {each["properties"].get("email") or each["id"]: each for each in live}

    def xero_contacts(self) -> dict[str, dict[str, Any]]:
        """By name."""
        return {each["Name"]: each for each in self.sandbox.xero.world()["contacts"]}

    def live(self, kind: str) -> dict[str, dict[str, Any]]:
        """HubSpot's records of one type that aren't archived, by id: their properties, and the ids of `lines` and `people`."""

        def ids(row: dict[str, Any], target: str) -> list[str]:
            return [each["id"] for each in row.get("associations", {}).get(target, {}).get("results", [])]

        rows = self.sandbox.hubspot.world()[kind]
        return {
            row["id"]: {**row["properties"], "lines": ids(row, "line_items"), "people": ids(row, "contacts")}
            for row in rows
            if not row.get("archived")
        }

    def mirror(self, number: str) -> dict[str, Any]:
        """The one HubSpot invoice of this number, with its id and its `lines`, `taxes` and `discounts` as records."""
        (found,) = [
            row for row in self.sandbox.hubspot.world()["invoices"] if row["properties"].get("hs_number") == number
        ]
        parts: dict[str, Any] = {}
        for name, kind in (("lines", "line_items"), ("taxes", "taxes"), ("discounts", "discounts")):
            live = self.live(kind)
            linked = found.get("associations", {}).get(kind, {}).get("results", [])
            parts[name] = [{"id": each["id"], **live[each["id"]]} for each in linked if each["id"] in live]
        people = [each["id"] for each in found.get("associations", {}).get("contacts", {}).get("results", [])]
        return {"id": found["id"], **found["properties"], **parts, "people": people}

    def booked(self, number: str) -> dict[str, Any]:
        """The one Xero invoice of this number."""
        (found,) = [each for each in self.sandbox.xero.world()["invoices"] if each["InvoiceNumber"] == number]
        return dict(found)

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


@contextmanager
def quick_stage(
    folder: Path,
    world: Mapping[str, Any] | None,
    *,
    ruleset: str,
    seed: str = "empty",
    quirks: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """A stage on which nobody waits for his turn: time passes when somebody waits for it, and the apps let everything through."""
    passed = [0.0]
    timing = Timing(monotonic=lambda: passed[0], sleep=lambda seconds: passed.append(passed.pop() + seconds))
    room = {"hubspot-search-limit": "100000", "hubspot-burst-limit": "100000", "xero-minute-limit": "100000"}
    with (
        patch("hxrules.connectors.Timing", lambda: timing),
        stage(folder, world, seed=seed, ruleset=ruleset, quirks={**room, **(quirks or {})}) as found,
    ):
        yield found


def guid(number: int) -> str:
    """A Xero id that is easy to read."""
    return f"00000000-0000-4000-8000-{number:012d}"


# --- small worlds ---------------------------------------------------------------------------------------------------------------

World = Mapping[str, Mapping[str, Any]]


def world(*parts: World) -> dict[str, dict[str, Any]]:
    """The seed of several parts: lists are joined, settings laid over one another."""
    found: dict[str, dict[str, Any]] = {"hubspot": {}, "xero": {}}
    for part in parts:
        for app, content in part.items():
            for name, value in content.items():
                before = found[app].get(name)
                found[app][name] = [*before, *value] if isinstance(before, list) else value
    return found


def person(number: int, name: str, email: str | None) -> World:
    """Somebody in HubSpot."""
    known = {"email": email} if email else {}
    return {"hubspot": {"contacts": [{"id": str(number), "properties": {"company": name, **known}}]}}


def debtor(number: int, name: str, email: str | None) -> World:
    """Somebody in Xero."""
    known = {"EmailAddress": email} if email else {}
    return {"xero": {"contacts": [{"ContactID": guid(number), "Name": name, **known}]}}


def customer(number: int, name: str, email: str) -> World:
    """Somebody whom both apps know by the same e-mail."""
    return world(person(number, name, email), debtor(number, name, email))


def hubspot_invoice(number: int, *lines: Mapping[str, str], contact: int | None = 1, **properties: str) -> World:
    """An open invoice `INV-number` of 2 November; the ids of its lines are its own with 1, 2, 3… behind."""
    ids = [f"{number}{place}" for place in range(1, len(lines) + 1)]
    links = {"line items": {"results": [{"id": each, "type": "invoice_to_line_item"} for each in ids]}}
    if contact is not None:
        links["contacts"] = {"results": [{"id": str(contact), "type": "invoice_to_contact"}]}
    said = {
        "hs_number": f"INV-{number}",
        "hs_invoice_status": "open",
        "hs_currency": "AUD",
        "hs_invoice_date": "2026-11-02T12:00:00Z",
        "hs_due_date": "2026-11-30T12:00:00Z",
        **properties,
    }
    return {
        "hubspot": {
            "line_items": [{"id": each, "properties": dict(line)} for each, line in zip(ids, lines, strict=True)],
            "invoices": [{"id": str(number), "properties": said, "associations": links}],
        }
    }


def xero_invoice(number: int, *lines: Mapping[str, Any], contact: int = 1, **fields: Any) -> World:
    """An approved invoice `SI-number` of 3 November; the ids of its lines are `guid(number * 10 + place)`."""
    booked = [
        {"LineItemID": guid(number * 10 + place), "AccountCode": "200", **line} for place, line in enumerate(lines, 1)
    ]
    said = {
        "Type": "ACCREC",
        "InvoiceID": guid(number),
        "InvoiceNumber": f"SI-{number}",
        "Contact": {"ContactID": guid(contact)},
        "Status": "AUTHORISED",
        "Date": "2026-11-03",
        "DueDate": "2026-12-03",
        "LineItems": booked,
        **fields,
    }
    return {"xero": {"invoices": [said]}}


def rules(more: str = "", **syncs: str) -> str:
    """A ruleset: what each sync says, in one line, and whatever else."""
    said = "".join(f"  {name}: {{{text}}}\n" for name, text in syncs.items())
    return f'hxrules: 1\nname: rules\nversion: "1"\nextends: xero-data-sync@1\nsyncs:\n{said}{more}'
