"""The schema offers exactly the catalogue's fields where a mapping names one. `HXRULES_GOLDEN=write` brings it up to date."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fields_in_schema import rewritten, snippets

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.nodes import mapping_at, scalar_at
from hxrules.language.source import parse
from hxrules.records import App

SCHEMA = Path(__file__).parents[2] / "schemas" / "ruleset.v1.json"
SYNCS = ("contacts", "products", "invoices", "payments")


def record_type(sync: str, app: App) -> str:
    """What the newest base calls the sync's records in an app."""
    found = shipped.base(shipped.bases()[-1])
    assert found is not None
    root, _ = parse(*found)
    node = scalar_at(mapping_at(mapping_at(root, "objects"), sync), app.value)
    assert node is not None
    return node.text


@pytest.mark.parametrize("app", App)
@pytest.mark.parametrize("sync", SYNCS)
def test_every_field_of_the_catalogue_is_offered(sync: str, app: App) -> None:
    info = load_catalogue().type(app, record_type(sync, app))
    name = f"{app.value}-field-of-{sync}"
    text = SCHEMA.read_text(encoding="utf-8")
    if os.environ.get("HXRULES_GOLDEN") == "write":
        SCHEMA.write_text(rewritten(text, name, info), encoding="utf-8", newline="\n")
        text = SCHEMA.read_text(encoding="utf-8")
    assert json.loads(text)["definitions"][name]["defaultSnippets"] == snippets(info)


def test_every_offered_field_can_be_named() -> None:
    """A field that the catalogue finds, by the sync that offers it."""
    definitions = json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"]
    for sync in SYNCS:
        for app in App:
            info = load_catalogue().type(app, record_type(sync, app))
            offered = [each["body"] for each in definitions[f"{app.value}-field-of-{sync}"]["defaultSnippets"]]
            assert offered
            assert all(info.find(name) for name in offered)
