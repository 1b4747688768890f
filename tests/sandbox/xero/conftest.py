"""Fixtures of the local Xero: real HTTP on loopback, a new organisation each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from xero_client import ALL_SCOPES, ConnectXero, Xero

from hxrules.sandbox.server import ReadyInfo


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


@pytest.fixture
def xero(connect: ConnectXero) -> Xero:
    """An empty organisation without quirks."""
    return connect()
