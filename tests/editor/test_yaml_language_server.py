"""The schema in an editor: the server behind the YAML support of editors is asked for completions, hovers and diagnostics.

Needs Node and the npm package `yaml-language-server`: `npm install --prefix tests/editor --no-package-lock`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from language_client import Editor, session

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).parent / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
FOUND = shutil.which("yaml-language-server") or (str(SERVER) if shutil.which("node") and SERVER.is_file() else None)
SETTINGS = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}, "http": {}}

pytestmark = pytest.mark.skipif(
    FOUND is None, reason="yaml-language-server isn't installed (see the module's docstring)"
)

HEAD = f"""\
# yaml-language-server: $schema={ROOT}/schemas/ruleset.v1.json
hxrules: 1
name: acme-au
version: "1"
extends: xero-data-sync@1
"""
SYNC = f"""\
{HEAD}syncs:
  %s:
    direction: two-way
    %s
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    assert FOUND is not None
    command = [FOUND, "--stdio"] if str(SERVER) != FOUND else ["node", FOUND, "--stdio"]
    with session(command, tmp_path_factory.mktemp("editor"), SETTINGS, **os.environ) as found:
        yield found


@pytest.fixture
def write(editor: Editor, tmp_path: Path) -> Any:
    """Opens a text in which `|` is the cursor: the URI, line and character (from 0)."""

    def opened(text: str) -> tuple[str, int, int]:
        before, _, after = text.partition("|")
        uri = editor.open(tmp_path / "hxrules.yaml", before + after)
        return uri, before.count("\n"), len(before) - before.rfind("\n") - 1

    return opened


def labels(items: list[dict[str, Any]]) -> list[str]:
    return [item["label"] for item in items]


def says(item: dict[str, Any]) -> str:
    found = item.get("documentation", "")
    return str(found["value"] if isinstance(found, dict) else found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HEAD + "|", {"accounts", "syncs", "limits"}),
        (HEAD + "syncs:\n  |", {"contacts", "products", "invoices", "payments"}),
        (SYNC % ("contacts", "|"), {"enabled", "conflict", "filters", "mappings", "custom-mappings", "started"}),
        (SYNC % ("invoices", "|"), {"sales-account", "totals", "voids", "tax", "line-mappings"}),
        (SYNC % ("payments", "|"), {"bank-account", "history"}),
        (SYNC % ("contacts", "mappings:\n      |"), {"email", "phone", "website"}),
        (SYNC % ("contacts", "custom-mappings:\n      abn:\n        |"), {"hubspot", "xero", "type", "direction", "transform"}),
    ],
    ids=["top", "syncs", "contacts", "invoices", "payments", "mappings", "custom mapping"],
)  # fmt: skip
def test_keys_are_completed_each_with_what_it_means(editor: Editor, write: Any, text: str, wanted: set[str]) -> None:
    items = {item["label"]: item for item in editor.complete(*write(text))}
    assert wanted <= items.keys()
    assert all(len(says(items[name])) > 20 for name in wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SYNC.replace("two-way", "|") % ("contacts", ""), {"two-way", "to-hubspot", "to-xero"}),
        (SYNC % ("invoices", "totals: |"), {"block", "warn", "adjust"}),
        (SYNC % ("contacts", "enabled: |"), {"true", "false"}),
        (HEAD + "accounts:\n  hubspot:\n    subscription: |", {"free", "data-hub-starter"}),
        (SYNC % ("contacts", "filters:\n      to-xero: |"), {"email is known"}),
    ],
    ids=["direction", "totals", "enabled", "subscription", "filter"],
)  # fmt: skip
def test_values_are_completed(editor: Editor, write: Any, text: str, wanted: set[str]) -> None:
    assert wanted <= set(labels(editor.complete(*write(text))))


@pytest.mark.parametrize(
    ("sync", "key", "field", "description"),
    [
        ("contacts", "xero", "TaxNumber", "Tax number: text of at most 50 characters."),
        ("contacts", "hubspot", "jobtitle", "Job title: text"),
        ("products", "xero", "PurchaseDescription", "Purchase description: text of at most 4000 characters."),
        ("invoices", "hubspot", "hs_purchase_order_number", "PO number: text"),
        ("payments", "xero", "Reference", "Reference: text"),
    ],
)
@pytest.mark.parametrize("form", ["block", "flow"])
def test_fields_of_the_sync_are_offered_to_a_mapping(
    editor: Editor, write: Any, form: str, sync: str, key: str, field: str, description: str
) -> None:
    """Those of its own record types, with what they are, in both ways to write a mapping."""
    entry = {
        "block": f"custom-mappings:\n      mine:\n        {key}: |",
        "flow": f"custom-mappings:\n      mine: {{{key}: |}}",
    }
    items = {item["label"]: item for item in editor.complete(*write(SYNC % (sync, entry[form])))}
    assert says(items[field]).startswith(description)
    other = {"contacts": "InvoiceNumber", "products": "EmailAddress", "invoices": "TaxNumber", "payments": "TaxNumber"}
    assert other[sync] not in items


def test_a_key_under_the_pointer_says_what_it_does(editor: Editor, write: Any) -> None:
    text = editor.hover(*write(SYNC % ("contacts", "con|flict: {winner: xero}")))
    assert "Who overwrites when both sides changed" in text


def test_a_value_under_the_pointer_says_what_it_means(editor: Editor, write: Any) -> None:
    text = editor.hover(*write(SYNC.replace("two-way", "two|-way") % ("contacts", "")))
    assert "records are created and updated on either side" in text


@pytest.mark.parametrize(
    ("text", "line", "says_what"),
    [
        (SYNC % ("contacts", "enabled: yes please"), 8, "boolean"),
        (SYNC.replace("two-way", "both") % ("contacts", ""), 7, "two-way"),
        (SYNC % ("contacts", "conflicts: {winner: xero}"), 8, "conflicts"),
        (HEAD.replace("acme-au", "Acme AU"), 2, "lower-case letters, digits and `-`"),
    ],
    ids=["type", "value", "key", "pattern"],
)
def test_mistakes_are_marked_where_they_are(editor: Editor, write: Any, text: str, line: int, says_what: str) -> None:
    uri, _, _ = write(text)
    found = [each for each in editor.problems(uri) if each["range"]["start"]["line"] == line]
    assert any(says_what in each["message"] for each in found), editor.problems(uri)


@pytest.mark.parametrize("path", sorted((ROOT / "rulesets").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_rulesets_have_no_mark(editor: Editor, path: Path) -> None:
    """As they are opened in a checkout: their own first line names the schema."""
    if path.stem.endswith("_test"):
        return
    assert editor.problems(editor.open(path, path.read_text(encoding="utf-8"))) == []
