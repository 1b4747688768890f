"""One warm launcher and the four journeys for all kill tests of a process; how many points they visited, at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter

from tests.kill.journeys import Journey, Launcher, journeys


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    found = Launcher()
    yield found
    found.close()


@pytest.fixture(scope="session")
def all_journeys(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Journey]:
    return journeys(launcher, tmp_path_factory.mktemp("journeys"))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    told = [
        (str(name), value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, value in report.user_properties
    ]
    visited = sum(int(str(value)) for name, value in told if name == "visited")
    seeds = sorted({str(value) for name, value in told if name == "seed"})
    if visited:
        terminalreporter.write_line(
            f"killed at {visited:,} points" + (f" (KILL_SEED={', '.join(seeds)})" if seeds else "")
        )
