"""Puts the parts together for commands that talk to the apps: ruleset, state, connectors, accounts, snapshot, plan."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hxrules.catalogue import load_catalogue
from hxrules.cli.clock import now
from hxrules.cli.progress import ProgressLine
from hxrules.cli.rulesets import Loaded, RulesetHalt
from hxrules.connectors import open_connectors
from hxrules.connectors.protocol import Connectors
from hxrules.connectors.settings import settings_from
from hxrules.language.model import Ruleset
from hxrules.planning.impact import narrowed
from hxrules.planning.observations import Observations
from hxrules.planning.plan import Plan, RulesetRef
from hxrules.planning.planner import make_plan
from hxrules.problems import Halt
from hxrules.records import Accounts, Snapshot, StateView
from hxrules.running.cost import cost_of
from hxrules.running.fetch import fetch, identify
from hxrules.running.rights import check_properties, check_rights
from hxrules.running.run import Cost
from hxrules.state.entries import RunHeader
from hxrules.state.lock import Lease
from hxrules.state.store import Store, open_store, peek_store

DEFAULT_STATE = "sqlite:///.hxrules/state.db"


def state_url() -> str:
    """`HXRULES_STATE`, or the file in this folder."""
    return os.environ.get("HXRULES_STATE") or DEFAULT_STATE


@dataclass(slots=True)
class Planned:
    """A plan with what it was made from."""

    plan: Plan
    observations: Observations
    accounts: Accounts
    state: StateView
    snapshot: Snapshot
    cost: Cost


@contextmanager
def connected(max_calls: int | None = None) -> Iterator[Connectors]:
    """Connectors for the environment's credentials, good for `max_calls` together. Raises `Halt` (7) when some are missing."""
    connectors = open_connectors(settings_from(os.environ), max_calls=max_calls)
    try:
        yield connectors
    finally:
        connectors.close()


def view(store: Store | None, accounts: Accounts) -> StateView:
    """What the state says, or an empty one. Raises `Halt` (5) when the state is for other accounts."""
    if store is None:
        return StateView(lineage="", serial=0, portal=None, tenant=None)
    store.check(accounts.portal.id, accounts.organisation.tenant)
    return store.view()


def look(
    ruleset: Ruleset,
    store: Store | None,
    connectors: Connectors,
    accounts: Accounts,
    progress: ProgressLine,
    reading: Ruleset | None = None,
) -> Planned:
    """Reads both apps and makes the plan; writes nothing. With `reading` the snapshot is as wide as those rules ask for; the plan is
    the same without."""
    when = now()
    catalogue = load_catalogue()
    state = view(store, accounts)
    try:
        snapshot = fetch(reading or ruleset, state, connectors, accounts, when, catalogue, progress)
    finally:
        progress.done()
    own = snapshot if reading is None else narrowed(snapshot, ruleset, catalogue)
    plan, observations = make_plan(ruleset, own, state, when, catalogue)
    return Planned(plan, observations, accounts, state, snapshot, cost_of(plan, connectors))


def sign_in(loaded: Loaded, connectors: Connectors) -> Accounts:
    """The accounts behind the credentials, checked against the ruleset, as are the scopes. Raises `Halt` (7)."""
    assert loaded.ruleset is not None
    try:
        accounts = identify(loaded.ruleset, connectors)
        check_rights(loaded.ruleset, connectors, load_catalogue())
        return accounts
    except Halt as halt:
        raise RulesetHalt(halt.exit_code, halt.problems, loaded) from halt


def ready(loaded: Loaded, connectors: Connectors) -> Accounts:
    """As `sign_in`; and the properties that the mappings name are there. For what is about to plan. Raises `Halt` (3, 7)."""
    accounts = sign_in(loaded, connectors)
    assert loaded.ruleset is not None
    try:
        check_properties(loaded.ruleset, connectors.hubspot)
    except Halt as halt:
        raise RulesetHalt(halt.exit_code, halt.problems, loaded) from halt
    return accounts


def existing_store() -> Store | None:
    """The state, if there is one; nothing is made."""
    return peek_store(state_url())


def own_store() -> Store:
    """The state, made where there is none."""
    return open_store(state_url(), now=now)


def header(plan: Plan, command: str, started: datetime, folder: Path) -> RunHeader:
    """Who applies what, from where."""
    return header_of(plan.ruleset, plan.id, command, started, folder)


def header_of(rules: RulesetRef | Ruleset, plan: str, command: str, started: datetime, folder: Path) -> RunHeader:
    """Who does what by which rules, from where. `plan` is empty for what needs none."""
    return RunHeader(
        id=f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        plan=plan,
        started=started,
        ruleset=rules.name,
        version=rules.version,
        digest=rules.digest,
        commit=_commit(folder),
        who=_who(),
        host=socket.gethostname(),
        command=command,
    )


def locked(store: Store, portal: int | None, tenant: str | None, command: str) -> AbstractContextManager[Lease]:
    """One run at a time for a pair of accounts; another one is told who and what. Raises `Halt` (9) while another one runs."""
    return store.lock(f"{portal}/{tenant}", f"{_who()} ({command})")


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _commit(folder: Path) -> str | None:
    """The git commit that the ruleset was read at, with `+` when there are uncommitted changes."""
    try:
        revision = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        ).stdout.strip()
        dirty = subprocess.run(
            ["git", "-C", str(folder), "status", "--porcelain", "."],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+" if dirty else "") if revision else None
