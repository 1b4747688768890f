"""A client of the local HubSpot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from invoice_desk import Desk

from hxrules.sandbox.server import ReadyInfo


def connect(info: ReadyInfo) -> httpx.Client:
    """A signed-in client of a running sandbox; loopback needs no certificates, and loading them takes long."""
    headers = {"Authorization": f"Bearer {info.hubspot_token}"}
    return httpx.Client(base_url=info.hubspot_url, headers=headers, verify=False)


@pytest.fixture
def run_hubspot(run_sandbox: Callable[..., ReadyInfo]) -> Iterator[Callable[..., httpx.Client]]:
    """Starts sandboxes as `run_sandbox` does, with `hubspot={…}` for the HubSpot part of the seed; gives clients."""
    with ExitStack() as stack:

        def run(hubspot: dict[str, Any] | None = None, **options: Any) -> httpx.Client:
            seed = {"seed_file": {"hubspot": hubspot}} if hubspot is not None else {}
            return stack.enter_context(connect(run_sandbox(**seed, **options)))

        yield run


@pytest.fixture
def hubspot(run_hubspot: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of an empty account."""
    return run_hubspot()


@pytest.fixture
def desk(hubspot: httpx.Client) -> Desk:
    """The desk of an empty account."""
    return Desk(hubspot)


@pytest.fixture
def run_desk(run_hubspot: Callable[..., httpx.Client]) -> Callable[..., Desk]:
    """Starts sandboxes as `run_hubspot` does; gives desks."""
    return lambda *args, **options: Desk(run_hubspot(*args, **options))
