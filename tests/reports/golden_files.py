"""Texts that were looked at once by a person and must stay as they are, byte for byte.

`HXRULES_GOLDEN=write pytest tests/reports` rewrites them; the difference is then read in git.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")


def same_as_golden(name: str, text: str) -> None:
    """Fails, with the difference, when `text` is not the golden file of that name."""
    path = FOLDER / name
    if os.environ.get("HXRULES_GOLDEN") == "write":
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
    assert text + "\n" == path.read_text(encoding="utf-8")
