"""A fresh state for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from state_worlds import Clock, url_of

from hxrules.state.store import Store, open_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".hxrules" / "state.db"


@pytest.fixture
def url(path: Path) -> str:
    return url_of(path)


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with open_store(url, now=clock) as store:
        yield store
