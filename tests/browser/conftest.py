"""A real browser, without a window. Where none is installed these tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser that the system has; playwright only drives it."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Window:
    """A page, and all that it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    """What the console shows: messages, warnings, errors."""
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def window(chromium: Any) -> Iterator[Callable[..., Window]]:
    """Opens windows: `window(width=390, color_scheme="dark", java_script_enabled=False)`."""
    opened: list[Any] = []

    def open_window(width: int = 1280, height: int = 900, **options: Any) -> Window:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        opened.append(context)
        new = Window(context.new_page())
        new.page.set_default_timeout(10_000)
        new.page.on("console", lambda message: new.said.append(message.text))
        new.page.on("pageerror", lambda error: new.said.append(str(error)))
        new.page.on("request", lambda request: new.requests.append(request.url))
        return new

    yield open_window
    for context in opened:
        context.close()
