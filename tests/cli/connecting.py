"""`hxrules connect` as people type it: a sandbox, a folder of their own, and what they paste or type."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hxrules.cli import run
from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running
from hxrules.sandbox.xero.identity import PKCE_CLIENT_ID
from tests.connectors.consent import answered

URL = re.compile(r"^https?://\S+$", re.MULTILINE)
HUBSPOT = ("connect", "hubspot", "--client-id", CLIENT_ID)
XERO = ("connect", "xero", "--client-id", PKCE_CLIENT_ID)
Answer = Callable[[str], str]
"""From the address that is to be opened to the one that is pasted."""


@dataclass(frozen=True)
class Said:
    """What one command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class _Typist(io.StringIO):
    """Standard input of somebody who reads the address on the screen, opens it, and pastes what comes of it."""

    def __init__(self, screen: io.StringIO, lines: list[str], answer: Answer) -> None:
        super().__init__()
        self._screen = screen
        self._lines = lines
        self._answer = answer

    def readline(self, *_: Any) -> str:  # type: ignore[override]
        shown = URL.findall(self._screen.getvalue())
        return f"{self._lines.pop(0) if self._lines else self._answer(shown[-1])}\n"


@dataclass
class Desk:
    """One person's folder, next to a sandbox that only knows the addresses of."""

    sandbox: ReadyInfo
    folder: Path
    said: list[str]

    def type(self, *words: str, lines: tuple[str, ...] = (), answer: Answer = answered) -> Said:
        """Runs `hxrules` with these words; `lines` are what standard input holds, then comes the answer of the page."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "stdin", _Typist(err, list(lines), answer)):
            code = run(list(words))
        self.said += [out.getvalue(), err.getvalue()]
        return Said(code, out.getvalue(), err.getvalue())

    def connect(self) -> None:
        """Both apps by a consent."""
        assert self.type(*HUBSPOT, "--no-browser", lines=(CLIENT_SECRET,)).code == 0
        assert self.type(*XERO, "--no-browser").code == 0

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials.json"

    def stored(self) -> dict[str, Any]:
        """The entries of the credentials file, by app."""
        assert stat.S_IMODE(self.credentials.stat().st_mode) == 0o600
        return {key.partition("@")[0]: entry for key, entry in json.loads(self.credentials.read_text()).items()}

    def requests(self, path: str) -> list[int | None]:
        """The statuses of the requests to a path."""
        return [each.status for each in self.sandbox.requests if each.path == path]


@contextmanager
def desk(folder: Path, **options: Any) -> Iterator[Desk]:
    """A desk in an empty folder; the environment names the addresses of a sandbox with these options, and no credentials."""
    with running(SandboxOptions(**options)) as info:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HXRULES_")} | {
            "HXRULES_HUBSPOT_URL": info.hubspot_url,
            "HXRULES_XERO_URL": info.xero_url,
            "HXRULES_XERO_IDENTITY_URL": info.xero_identity_url,
            "HXRULES_CREDENTIALS": str(folder / "credentials.json"),
            "HXRULES_KEYRING": "off",
            "NO_COLOR": "1",
        }
        before = Path.cwd()
        os.chdir(folder)
        try:
            with patch.dict(os.environ, environ, clear=True):
                yield Desk(info, folder, [])
        finally:
            os.chdir(before)
