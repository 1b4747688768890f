"""What the served sandbox promises whatever the app: ready file, control routes, faults, request log, seeds."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hxrules.sandbox.environment import Clock, UnknownQuirk
from hxrules.sandbox.faults import FaultPlan, InvalidFaults
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running

CONTACTS = "/crm/objects/2026-09/contacts"
LINKED_WITH_NOBODY = {
    "id": 1,
    "properties": {"name": "Acme"},
    "associations": {"contacts": {"results": [{"id": "5", "type": "company_to_contact_unlabeled"}]}},
}
START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def client(info: ReadyInfo) -> httpx.Client:
    headers = {"Authorization": f"Bearer {info.hubspot_token}"}
    return httpx.Client(base_url=info.hubspot_url, headers=headers, verify=False)


def post_contact(info: ReadyInfo, email: str) -> httpx.Response:
    with client(info) as hubspot:
        return hubspot.post(CONTACTS, json={"properties": {"email": email}})


def emails(info: ReadyInfo) -> list[str]:
    with client(info) as hubspot:
        return [row["properties"]["email"] for row in hubspot.get(CONTACTS, params={"limit": 100}).json()["results"]]


class TestReadyFile:
    def test_a_process_writes_it_for_its_owner_alone_and_stops_on_sigterm(self, tmp_path: Path) -> None:
        ready = tmp_path / "ready.json"
        code = (
            "from pathlib import Path; from hxrules.sandbox.server import SandboxOptions, serve\n"
            f"serve(SandboxOptions(ready_file=Path({str(ready)!r})))"
        )
        root = Path(__file__).parents[2]
        process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 30
            while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
                os.sched_yield()
            content = json.loads(ready.read_text())
            answer = httpx.get(
                f"{content['hubspot_url']}/account-info/2026-09/details",
                headers={"Authorization": f"Bearer {content['hubspot_token']}"},
            )
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        assert set(content) == {
            "hubspot_url",
            "hubspot_token",
            "portal",
            "xero_url",
            "xero_identity_url",
            "xero_client_id",
            "xero_client_secret",
            "xero_tenant",
            "organisation",
        }
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert answer.json()["portalId"] == content["portal"]
        assert (process.returncode, errors) == (0, b"")
        assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]

    def test_a_taken_port_is_an_error_and_not_another_port(self, sandbox: ReadyInfo) -> None:
        port = int(sandbox.hubspot_url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), running(SandboxOptions(hubspot_port=port)):
            pytest.fail("must not be served")


class TestControlRoutes:
    @pytest.mark.parametrize("port", ["hubspot_url", "xero_url"])
    def test_the_world_of_both_apps_is_read_on_each_port(self, run_sandbox: Any, port: str) -> None:
        info = run_sandbox(seed="small")
        world = httpx.get(f"{getattr(info, port)}/_sandbox/world").json()
        assert [len(world[app]["contacts"]) for app in ("hubspot", "xero")] == [31, 33]

    def test_the_clock_moves_ahead_for_both_apps_and_never_back(self, run_sandbox: Any) -> None:
        info = run_sandbox(clock=START)
        moved = httpx.post(f"{info.xero_url}/_sandbox/clock", json={"advance": "1d2h90s"})
        created = post_contact(info, "late@a.example").json()["createdAt"]
        assert moved.json()["now"].startswith("2026-11-21T11:31:3")
        assert created.startswith("2026-11-21T11:31:3")
        assert httpx.post(f"{info.xero_url}/_sandbox/clock", json={"advance": "-5s"}).status_code == 400
        assert httpx.post(f"{info.xero_url}/_sandbox/clock", json={}).status_code == 400
        with pytest.raises(ValueError, match="ahead"):
            Clock().advance(timedelta(seconds=-1))

    def test_faults_are_replaced_while_it_runs(self, sandbox: ReadyInfo) -> None:
        url = f"{sandbox.hubspot_url}/_sandbox/faults"
        assert httpx.post(url, json={"rules": [{"kind": "429"}]}).json() == {"rate": 0.0, "rules": 1}
        assert post_contact(sandbox, "a@a.example").status_code == 429
        assert httpx.post(url, json={}).json() == {"rate": 0.0, "rules": 0}
        assert post_contact(sandbox, "a@a.example").status_code == 201
        assert httpx.post(url, json={"rules": [{"kind": "flood"}]}).status_code == 400

    def test_an_unknown_control_route_says_so_and_nothing_of_it_is_logged(self, sandbox: ReadyInfo) -> None:
        assert httpx.get(f"{sandbox.hubspot_url}/_sandbox/nothing").status_code == 404
        assert sandbox.requests == []


class TestFaults:
    def run(self, run_sandbox: Any, *rules: dict[str, Any], **more: Any) -> ReadyInfo:
        info: ReadyInfo = run_sandbox(faults={"rules": list(rules), **more})
        return info

    def test_a_lost_answer_is_a_broken_connection_after_the_write(self, run_sandbox: Any) -> None:
        info = self.run(run_sandbox, {"kind": "lost-answer", "method": "POST", "nth": 1})
        with pytest.raises(httpx.TransportError):
            post_contact(info, "lost@a.example")
        assert emails(info) == ["lost@a.example"]
        assert [(entry.status, entry.fault) for entry in info.requests[:1]] == [(None, "lost-answer")]

    @pytest.mark.parametrize(
        ("kind", "status", "written"), [("5xx-before", 502, []), ("5xx-after", 504, ["x@a.example"])]
    )
    def test_a_server_error_comes_before_or_after_the_write(
        self, run_sandbox: Any, kind: str, status: int, written: list[str]
    ) -> None:
        info = self.run(run_sandbox, {"kind": kind, "method": "POST"})
        answer = post_contact(info, "x@a.example")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert emails(info) == written

    @pytest.mark.parametrize(("rule", "headers"), [({"kind": "423"}, None), ({"kind": "477", "seconds": 5400}, "5400")])
    def test_locked_records_and_a_moving_account_are_hubspots_alone_and_write_nothing(
        self, run_sandbox: Any, rule: dict[str, Any], headers: str | None
    ) -> None:
        info = self.run(run_sandbox, rule)
        answer = post_contact(info, "x@a.example")
        assert (answer.status_code, answer.headers.get("retry-after")) == (int(rule["kind"]), headers)
        assert answer.json()["status"] == "error"
        assert httpx.get(f"{info.xero_url}/api.xro/2.0/Contacts").status_code == 401
        httpx.post(f"{info.hubspot_url}/_sandbox/faults", json={})
        assert emails(info) == []

    def test_throttling_is_answered_as_the_app_would_and_writes_nothing(self, run_sandbox: Any) -> None:
        info = self.run(run_sandbox, {"kind": "429", "app": "hubspot", "nth": 1})
        answer = post_contact(info, "x@a.example")
        assert (answer.status_code, answer.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
        assert emails(info) == []

    def test_a_slow_answer_takes_the_time_that_was_asked_for(self, run_sandbox: Any) -> None:
        info = self.run(run_sandbox, {"kind": "slow", "seconds": 0.15})
        assert post_contact(info, "x@a.example").status_code == 201
        assert info.requests[0].seconds >= 0.15

    @pytest.mark.parametrize(
        ("rule", "hits"),
        [
            ({"nth": 2}, [2]),
            ({"nth": 2, "method": "post"}, [3]),
            ({"path": "/crm/*/contacts"}, [1, 2, 3]),
            ({"path": "contacts/batch"}, [4]),
            ({"path": "nowhere"}, []),
            ({"app": "xero"}, []),
        ],
    )
    def test_a_rule_hits_the_requests_that_it_describes(self, rule: dict[str, Any], hits: list[int]) -> None:
        plan = FaultPlan({"rules": [{"kind": "429", **rule}]})
        requests = [("GET", CONTACTS), ("POST", CONTACTS), ("POST", CONTACTS), ("POST", f"{CONTACTS}/batch/read")]
        if rule.get("path") == "/crm/*/contacts":
            requests = requests[:3]
        assert [n for n, (method, path) in enumerate(requests, 1) if plan.next_fault("hubspot", method, path)] == hits

    def test_the_rate_is_kept_the_same_seed_repeats_and_sign_in_is_spared(self) -> None:
        def faults(seed: int) -> list[str | None]:
            plan = FaultPlan({"seed": seed, "rate": 0.2, "kinds": ["429", "slow"]})
            drawn = [plan.next_fault("xero", "GET", "/") for _ in range(1000)]
            return [fault.kind if fault else None for fault in drawn]

        assert faults(7) == faults(7) != faults(8)
        assert {*faults(7)} == {"429", "slow", None}
        assert 150 < sum(kind is not None for kind in faults(7)) < 250
        assert FaultPlan({"rate": 1}).next_fault("identity", "POST", "/connect/token") is None

    def test_the_rate_draws_hubspots_own_faults_only_where_they_are_named_and_only_for_hubspot(self) -> None:
        named, all_kinds = FaultPlan({"rate": 1, "kinds": ["423", "477"]}), FaultPlan({"rate": 1})
        drawn = {app: [named.next_fault(app, "GET", "/") for _ in range(50)] for app in ("hubspot", "xero")}
        assert {fault.kind for fault in drawn["hubspot"] if fault} == {"423", "477"}
        assert drawn["xero"] == [None] * 50
        assert not {"423", "477"} & {
            fault.kind for fault in (all_kinds.next_fault("hubspot", "GET", "/") for _ in range(300)) if fault
        }

    @pytest.mark.parametrize(
        "part",
        [
            {"kinds": ["flood"]},
            {"rate": 2},
            {"rules": [{"kind": "429", "url": "/"}]},
            {"what": 1},
            {"rules": [{"kind": "423", "app": "xero"}]},
        ],
    )
    def test_a_plan_that_means_nothing_is_refused(self, part: dict[str, Any]) -> None:
        with pytest.raises(InvalidFaults):
            FaultPlan(part)

    def test_a_file_in_yaml_will_do(self, run_sandbox: Any, tmp_path: Path) -> None:
        path = tmp_path / "faults.yaml"
        path.write_text("rules: [{kind: 5xx-before}]")
        assert post_contact(run_sandbox(faults=path), "x@a.example").status_code == 502


class TestRequestLog:
    def test_each_request_is_one_line_with_both_sizes_before_its_answer_arrives(
        self, run_sandbox: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "requests.jsonl"
        info = run_sandbox(request_log=path)
        with client(info) as hubspot:
            created = hubspot.post(
                CONTACTS,
                content='{"properties": {"email": "a@a.example"}}',
                headers={"Content-Type": "application/json"},
            )
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            listed = hubspot.get(CONTACTS, params={"limit": 5})
        second = json.loads(path.read_text().splitlines()[1])
        assert len(lines) == 1
        assert {key: lines[0][key] for key in ("app", "method", "path", "query", "status", "read", "fault")} == {
            "app": "hubspot",
            "method": "POST",
            "path": CONTACTS,
            "query": "",
            "status": 201,
            "read": False,
            "fault": None,
        }
        assert (lines[0]["bytes_out"], lines[0]["bytes_in"]) == (40, len(created.content))
        assert (second["query"], second["read"], second["bytes_out"]) == ("limit=5", True, 0)
        assert second["bytes_in"] == len(listed.content)

    def test_the_sign_in_service_is_an_app_of_its_own(self, sandbox: ReadyInfo) -> None:
        credentials = (sandbox.xero_client_id, sandbox.xero_client_secret)
        httpx.post(
            f"{sandbox.xero_identity_url}/connect/token", data={"grant_type": "client_credentials"}, auth=credentials
        )
        assert [(entry.app, entry.method, entry.path) for entry in sandbox.requests] == [
            ("identity", "POST", "/connect/token")
        ]


class TestSeeds:
    def test_the_same_seed_and_clock_give_the_same_world(self, run_sandbox: Any) -> None:
        worlds, tokens = [], []
        for seed in ("50", "50", "51"):
            info = run_sandbox(seed=seed, clock=START)
            worlds.append((info.hubspot.world()["contacts"], info.xero.world()["contacts"]))
            tokens.append(info.hubspot_token)
        assert worlds[0] == worlds[1] != worlds[2]
        assert tokens[0] == tokens[1]

    def test_a_dumped_world_is_a_seed_that_makes_the_same_world(self, run_sandbox: Any) -> None:
        first = run_sandbox(seed="small", clock=START)
        second = run_sandbox(seed_file={"hubspot": first.hubspot.world()}, clock=START)
        assert second.hubspot.world() == first.hubspot.world()

    def test_so_are_settings_definitions_groups_and_archived_records(self, run_sandbox: Any) -> None:
        definition = {"name": "abn", "label": "ABN", "type": "string", "fieldType": "text", "groupName": "own"}
        archived = {"id": "9", "properties": {"email": "a@a.example"}, "archived": True}
        part = {
            "account": {"scopes": ["crm.objects.contacts.read"]},
            "property_groups": {"contacts": [{"name": "own", "label": "Own"}]},
            "properties": {"contacts": [definition]},
            "admin_rules": {"contacts": {"required": ["abn"]}},
            "contacts": [{**archived, "archivedAt": "2026-11-01T00:00:00.000Z"}, {**archived, "id": "10"}],
        }
        first = run_sandbox(seed_file={"hubspot": part}, clock=START)
        second = run_sandbox(seed_file={"hubspot": first.hubspot.world()}, clock=START)
        dumped = second.hubspot.world()
        assert dumped == first.hubspot.world()
        assert dumped["account"]["scopes"] == ["crm.objects.contacts.read"]
        assert dumped["admin_rules"] == part["admin_rules"]
        assert [each["name"] for each in dumped["properties"]["contacts"]] == ["abn"]
        assert dumped["contacts"][0]["archivedAt"] == "2026-11-01T00:00:00.000Z"
        assert emails(second) == []

    @pytest.mark.parametrize("form", ["json", "yaml"])
    def test_a_seed_file_replaces_what_it_names_and_leaves_the_rest_as_in_empty(
        self, run_sandbox: Any, tmp_path: Path, form: str
    ) -> None:
        content = {"hubspot": {"account": {"portalId": 77}, "contacts": [{"properties": {"email": "a@a.example"}}]}}
        path = tmp_path / f"seed.{form}"
        path.write_text(json.dumps(content) if form == "json" else yaml.safe_dump(content))
        info = run_sandbox(seed_file=path)
        assert (info.portal, emails(info)) == (77, ["a@a.example"])
        assert info.xero.world()["accounts"] == run_sandbox().xero.world()["accounts"] != []

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"seed": "huge"}, "no seed"),
            ({"quirks": {"gravity": "off"}}, "no quirk"),
            ({"quirks": {"merge-id": "maybe"}}, "new, primary"),
            ({"quirks": {"search-lag": "soon"}}, "number"),
            ({"seed_file": {"hubspot": {"contact": []}}}, "unknown key 'contact'"),
            ({"seed_file": {"hubspot": {"account": {"portal": 1}}}}, "unknown account setting"),
            ({"seed_file": {"hubspot": {"contacts": [{"properties": {"emial": "x"}}]}}}, "unknown property 'emial'"),
            (
                {"seed_file": {"hubspot": {"contacts": [{"id": 1, "properties": {"email": "no"}}]}}},
                "can't be the email",
            ),
            (
                {
                    "seed_file": {
                        "hubspot": {"contacts": [{"id": n, "properties": {"email": "a@a.example"}} for n in (1, 2)]}
                    }
                },
                "both have email",
            ),
            (
                {"seed_file": {"hubspot": {"taxes": [{"id": 1, "properties": {}}] * 2}}},
                "two taxes of the seed have id 1",
            ),
            ({"seed_file": {"hubspot": {"properties": {"contacts": [{"name": "x"}]}}}}, "is refused: Some required"),
            ({"seed_file": {"hubspot": {"companies": [LINKED_WITH_NOBODY]}}}, "linked with no contacts 5"),
            ({"seed_file": {"hubspot": {"taxes": [{"properties": {"hs_value": "ten"}}]}}}, "can't be the hs_value"),
        ],
    )
    def test_options_that_mean_nothing_are_refused(self, options: dict[str, Any], error: str) -> None:
        with pytest.raises(ValueError, match=error), running(SandboxOptions(**options)):
            pytest.fail("must not be served")

    def test_a_clock_needs_a_zone_and_a_ready_file_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="time zone"), running(SandboxOptions(clock=datetime(2026, 1, 1))):  # noqa: DTZ001
            pytest.fail("must not be served")
        with pytest.raises(FileNotFoundError), running(SandboxOptions(ready_file=tmp_path / "no" / "ready.json")):
            pytest.fail("must not be served")

    def test_an_unknown_quirk_names_those_that_exist(self) -> None:
        with pytest.raises(UnknownQuirk, match="search-lag"), running(SandboxOptions(quirks={"x": "y"})):
            pytest.fail("must not be served")
