"""The story of a first week, word for word: what hxrules prints at each step, kept in `golden/`.

To accept new words: `GOLDEN=rewrite pytest tests/scenarios/test_story.py`, then read the difference word by word.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.scenarios.stage import Said, Stage, guid, stage
from tests.scenarios.test_contacts import WORLD

GOLDEN = Path(__file__).parent / "golden"


def told(here: Stage, name: str, code: int, *words: str) -> Said:
    """Runs a command and compares all that it prints, and how it ends, with the golden file."""
    said = here.type(*words)
    text = f"$ hxrules {' '.join(words)}\n\n{said.text.rstrip()}\n\n→ {said.code}\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "rewrite":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    assert said.code == code
    return said


def test_the_story(tmp_path: Path) -> None:
    """Validate, look, apply, edit in both apps, look, apply, nothing to do, status: as a person sees it."""
    with stage(tmp_path, WORLD) as here:
        told(here, "1-validate", 0, "validate")
        told(here, "2-first-plan", 0, "dry-run", "--values", "full")
        told(here, "3-first-apply", 6, "apply", "--yes", "--values", "full")
        here.edit_hubspot("101", city="Fremantle", phone="+61 8 5550 0000")
        here.edit_xero(guid(1), Addresses=[{"AddressType": "POBOX", "City": "Geraldton"}], LastName="Lee-Smith")
        told(here, "4-second-plan", 0, "dry-run", "--values", "full", "-o", "plan.json")
        told(here, "5-saved-plan-masked", 0, "show", "plan.json")
        told(here, "6-second-apply", 6, "apply", "--yes", "--values", "full")
        told(here, "7-nothing-to-do", 0, "dry-run")
        told(here, "8-status", 0, "status")
        told(here, "9-failing", 0, "status", "--failing", "contacts", "--values", "full")
        assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
