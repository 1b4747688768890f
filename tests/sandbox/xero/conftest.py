"""Fixtures of the local Xero: real HTTP on loopback, a new organisation each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from xero_client import ALL_SCOPES, ConnectXero, Xero

from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running

ROOM = {"xero-minute-limit": "100000", "xero-day-limit": "100000"}


@pytest.fixture
def connect(run_sandbox: Callable[..., ReadyInfo]) -> Iterator[ConnectXero]:
    """Starts a sandbox from `SandboxOptions` and signs in; `part` is the `xero` part of a seed file."""
    opened: list[Xero] = []

    def start(scope: str = ALL_SCOPES, part: dict[str, Any] | None = None, **options: Any) -> Xero:
        if part is not None:
            options["seed_file"] = {"xero": part}
        opened.append(Xero(run_sandbox(**options), scope))
        return opened[-1]

    yield start
    for each in opened:
        each.http.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Xero]:
    """One organisation for the tests of a module that look at nothing but their own records; it has room for all."""
    with running(SandboxOptions(quirks=ROOM)) as info:
        xero = Xero(info)
        yield xero
        xero.http.close()


@pytest.fixture
def xero(connect: ConnectXero) -> Xero:
    """An empty organisation without quirks."""
    return connect()
