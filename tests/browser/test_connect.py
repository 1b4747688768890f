"""`hxrules connect` as a person does it: the command in a terminal, the consent page in a real browser (Debian's Chromium)."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running
from hxrules.sandbox.xero.identity import PKCE_CLIENT_ID

ROOT = Path(__file__).parents[2]
URL = re.compile(r"^http://127\.0\.0\.1:\d+/\S+$")


@pytest.fixture
def sandbox() -> Iterator[ReadyInfo]:
    with running(SandboxOptions(seed="small")) as info:
        yield info


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def hxrules(sandbox: ReadyInfo, folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BROWSER": "true",
        "HXRULES_HUBSPOT_URL": sandbox.hubspot_url,
        "HXRULES_HUBSPOT_CLIENT_SECRET": CLIENT_SECRET,
        "HXRULES_XERO_URL": sandbox.xero_url,
        "HXRULES_XERO_IDENTITY_URL": sandbox.xero_identity_url,
        "HXRULES_CREDENTIALS": str(folder / "credentials.json"),
        "HXRULES_KEYRING": "off",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "hxrules", *words],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def shown_address(screen: IO[str]) -> tuple[str, str]:
    """The address that the command prints, and what it printed before."""
    before = ""
    for line in screen:
        if URL.match(line):
            return line.strip(), before
        before += line
    raise AssertionError(before)


@pytest.mark.parametrize(
    ("app", "client", "scope"),
    [("hubspot", CLIENT_ID, "crm.objects.contacts.write"), ("xero", PKCE_CLIENT_ID, "accounting.contacts")],
)
def test_a_consent_is_given_in_a_browser(
    window: Callable[..., Any], sandbox: ReadyInfo, tmp_path: Path, app: str, client: str, scope: str
) -> None:
    """The page lists what the terminal has listed; a click later the terminal says that the app is connected."""
    process = hxrules(sandbox, tmp_path, "connect", app, "--client-id", client, "--port", str(free_port()))
    assert process.stderr is not None
    address, listed = shown_address(process.stderr)
    page = window().page
    page.goto(address)
    scopes = page.locator("li").all_inner_texts()
    assert scope in scopes
    assert not [each for each in scopes if f"  {each}\n" not in listed]
    page.click("#allow")
    page.get_by_text("hxrules has the answer").wait_for()
    assert "code=" not in page.inner_text("body")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "is connected" in out
    status = hxrules(sandbox, tmp_path, "connect", "--status")
    assert "by a consent" in status.communicate(timeout=60)[0]


def test_no_in_the_browser_is_no_in_the_terminal(
    window: Callable[..., Any], sandbox: ReadyInfo, tmp_path: Path
) -> None:
    process = hxrules(sandbox, tmp_path, "connect", "xero", "--client-id", PKCE_CLIENT_ID, "--port", str(free_port()))
    assert process.stderr is not None
    address, _ = shown_address(process.stderr)
    page = window().page
    page.goto(address)
    page.click("#cancel")
    page.get_by_text("hxrules has the answer").wait_for()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 7
    assert "HX408" in err
    assert not (tmp_path / "credentials.json").exists()
