"""A running sandbox for these tests: real HTTP on loopback, a new world each time; and what of it has been driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running

RunSandbox = Callable[..., ReadyInfo]


@dataclass
class Driven:
    """The requests that the tests of one module have sent so far, and the tests that sent them."""

    requests: set[tuple[str, str]] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)

    def by_all_tests_but(self, test: pytest.Item) -> bool:
        """Whether every other test of the module of `test` has run in this process."""
        module = test.nodeid.partition("::")[0]
        others = {item.nodeid for item in test.session.items if item.nodeid.startswith(f"{module}::")} - {test.nodeid}
        return others <= self.tests


@pytest.fixture(scope="module")
def driven() -> Driven:
    """What this module's tests have asked of their sandboxes."""
    return Driven()


@pytest.fixture
def run_sandbox(driven: Driven, request: pytest.FixtureRequest) -> Iterator[RunSandbox]:
    """Starts sandboxes from the options of `SandboxOptions`; all stop when the test ends."""
    started: list[ReadyInfo] = []
    with ExitStack() as stack:

        def run(**options: Any) -> ReadyInfo:
            started.append(stack.enter_context(running(SandboxOptions(**options))))
            return started[-1]

        yield run
    driven.tests.add(request.node.nodeid)
    driven.requests.update((entry.method, entry.path) for info in started for entry in info.requests)


@pytest.fixture
def sandbox(run_sandbox: RunSandbox) -> ReadyInfo:
    """A sandbox of seed `empty` without quirks or faults."""
    return run_sandbox()
