"""A running sandbox for these tests: real HTTP on loopback, a new world each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running

RunSandbox = Callable[..., ReadyInfo]


@pytest.fixture
def run_sandbox() -> Iterator[RunSandbox]:
    """Starts sandboxes from the options of `SandboxOptions`; all stop when the test ends."""
    with ExitStack() as stack:

        def run(**options: Any) -> ReadyInfo:
            return stack.enter_context(running(SandboxOptions(**options)))

        yield run


@pytest.fixture
def sandbox(run_sandbox: RunSandbox) -> ReadyInfo:
    """A sandbox of seed `empty` without quirks or faults."""
    return run_sandbox()
