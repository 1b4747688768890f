"""`hxrules lsp` as an editor drives it, over stdio: problems, completion, hover and definition."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_client import Editor, session

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.lsp.document import Document

pytest.importorskip("pygls", reason="pygls isn't installed: pip install 'hxrules[lsp]'")

HEAD = """\
hxrules: 1
name: acme-au
version: "1"
extends: xero-data-sync@1
accounts: {hubspot: {subscription: data-hub-starter}}
syncs:
"""
CONTACTS = HEAD + "  contacts:\n    direction: two-way\n"
FILTER = CONTACTS + "    filters:\n      to-xero: %s\n"
Write = Callable[..., tuple[str, int, int]]


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    command = [sys.executable, "-m", "hxrules", "lsp"]
    with session(command, tmp_path_factory.mktemp("editor"), **os.environ) as found:
        yield found


@pytest.fixture
def write(editor: Editor, tmp_path: Path) -> Write:
    """Opens a text in which `|`, or another mark, is the cursor: the URI, line and character (from 0)."""

    def opened(text: str, mark: str = "|") -> tuple[str, int, int]:
        before, _, after = text.partition(mark)
        uri = editor.open(tmp_path / "hxrules.yaml", before + after)
        return uri, before.count("\n"), len(before) - before.rfind("\n") - 1

    return opened


def labels(items: list[dict[str, Any]]) -> list[str]:
    return [item["label"] for item in items]


# --- problems --------------------------------------------------------------------------------------------------------------------


def test_problems_stand_where_validate_shows_them(editor: Editor, write: Write) -> None:
    """With code, cause, remedy and what was meant; warnings as such."""
    uri, _, _ = write(FILTER % "emial is known and updated > 2026-01-01\n      to-hubspot: created > today")
    found = {each["code"]: each for each in editor.problems(uri)}
    assert found.keys() >= {"HX141", "HX145"}
    misspelt = found["HX141"]
    assert misspelt["range"] == {"start": {"line": 9, "character": 15}, "end": {"line": 9, "character": 20}}
    assert (misspelt["source"], misspelt["severity"]) == ("hxrules", 1)
    assert "Did you mean “email”?" in misspelt["message"]
    assert found["HX145"]["range"]["start"] == {"line": 10, "character": 18}


def test_problems_go_when_they_are_corrected(editor: Editor, write: Write) -> None:
    uri, _, _ = write(FILTER % "emial is known")
    assert [each["code"] for each in editor.problems(uri)] == ["HX141"]
    editor.change(uri, FILTER % "email is known", 2)
    assert editor.problems(uri) == []


def test_characters_of_two_units_shift_nothing(editor: Editor, write: Write) -> None:
    """Editors count in UTF-16 units."""
    uri, _, _ = write(FILTER % 'city = "𝒮𝒮" and emial is known')
    (found,) = editor.problems(uri)
    assert found["range"]["start"]["character"] == len('      to-xero: city = "') + 4 + len('" and ')


def test_what_is_wrong_in_an_extended_file_stands_at_extends(editor: Editor, write: Write, tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text(FILTER % "emial is known", encoding="utf-8")
    uri, _, _ = write(CONTACTS.replace("xero-data-sync@1", "company.yaml"))
    (found,) = editor.problems(uri)
    assert found["message"].startswith("company.yaml:10: ")
    assert found["range"]["start"] == {"line": 3, "character": 9}


def test_the_open_text_of_an_extended_file_counts(editor: Editor, write: Write, tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text(FILTER % "emial is known", encoding="utf-8")
    editor.open(tmp_path / "company.yaml", FILTER % "email is known")
    uri, _, _ = write(CONTACTS.replace("xero-data-sync@1", "company.yaml"))
    assert editor.problems(uri) == []


def test_other_yaml_is_left_alone(editor: Editor, tmp_path: Path) -> None:
    assert editor.problems(editor.open(tmp_path / "compose.yaml", "services: {web: {image: x}}\n")) == []


# --- completion ------------------------------------------------------------------------------------------------------------------

SYNC_FILTER = HEAD + "  %s:\n    direction: two-way\n    filters:\n      %s: %s\n"


@pytest.mark.parametrize(
    ("sync", "direction", "text", "offered", "not_offered"),
    [
        ("contacts", "to-xero", "|", {"email", "first-name", "any invoice (", "not"}, {"draft", "and"}),
        ("contacts", "to-hubspot", "|", {"email", "tax-number", "status"}, {"hs_lead_status", "created"}),
        ("contacts", "to-xero", "em|", {"email"}, {"and"}),
        ("contacts", "to-xero", "email |", {"=", "is known", "contains", "in"}, {"<", "between", "and"}),
        ("contacts", "to-xero", "created |", {"<", "between", "is known"}, {"contains"}),
        ("contacts", "to-xero", "created > |", {"today", "now", "sync_started", "end_of_day(sync_started)"}, {"email"}),
        ("contacts", "to-xero", "created > end_of_day(|", {"today", "sync_started"}, {"end_of_day(sync_started)"}),
        ("contacts", "to-hubspot", "status = |", {"active", "archived"}, {"draft"}),
        ("contacts", "to-hubspot", "status in [active, |", {"archived"}, {"="}),
        ("contacts", "to-hubspot", "is-customer = |", {"true", "false"}, {"active"}),
        ("contacts", "to-xero", "email is known |", {"and", "or"}, {"email", "="}),
        ("contacts", "to-xero", "email is known and |", {"email", "any invoice ("}, {"and"}),
        ("contacts", "to-xero", "any |", {"invoice ("}, {"email", "="}),
        ("contacts", "to-xero", "any invoice (|", {"status", "source", "total"}, {"email", "first-name"}),
        ("contacts", "to-xero", "any invoice (status != |", {"draft", "open"}, {"active"}),
        ("contacts", "to-xero", "any invoice (status != draft) and |", {"email"}, {"total"}),
        ("invoices", "to-xero", "any contact (|", {"email"}, {"total"}),
        ("payments", "to-hubspot", "|", {"amount", "created"}, {"email"}),
    ],
)
def test_a_filter_is_completed_by_what_may_come_next(
    editor: Editor, write: Write, sync: str, direction: str, text: str, offered: set[str], not_offered: set[str]
) -> None:
    """Fields of the record that is read, or of the associated one inside brackets; comparisons and values that fit the field."""
    found = set(labels(editor.complete(*write(SYNC_FILTER % (sync, direction, text)))))
    assert offered <= found
    assert not not_offered & found


@pytest.mark.parametrize(
    "form",
    [
        "      to-xero: any invoice (¦\n",
        '      to-xero: "any invoice (¦"\n',
        "      to-xero: 'any invoice (¦\n",
        "      to-xero: |-\n        email is known and\n        any invoice (¦\n",
        "      to-xero: >\n        email is known and\n        any invoice (¦\n",
        "      to-xero: any invoice (¦\n      to-hubspot: email is known\n",
    ],
    ids=["plain", "quoted", "quotes still open", "literal", "folded", "with more below"],
)
def test_however_the_filter_is_written(editor: Editor, write: Write, form: str) -> None:
    assert "total" in labels(editor.complete(*write(f"{CONTACTS}    filters:\n{form}", "¦")))


def test_what_is_written_of_a_word_is_replaced(editor: Editor, write: Write) -> None:
    uri, line, character = write(FILTER % "first-na|")
    item = next(each for each in editor.complete(uri, line, character) if each["label"] == "first-name")
    assert item["textEdit"]["newText"] == "first-name"
    assert item["textEdit"]["range"]["start"]["character"] == character - len("first-na")
    assert item["detail"] == "text, at most 65536 characters; HubSpot's firstname"


def test_a_completed_filter_is_valid(editor: Editor, write: Write) -> None:
    """Taking the first offer that fits, word by word, writes a filter without a problem."""
    text = ""
    for choice in ("any invoice (", "status", "!=", "draft", "and", "created", ">", "sync_started"):
        items = editor.complete(*write(FILTER % (text + "|")))
        assert choice in labels(items), (text, choice)
        text += choice if choice.endswith("(") else choice + " "
    uri, _, _ = write(FILTER % (text.rstrip() + ")"))
    assert [each for each in editor.problems(uri) if each["severity"] == 1] == []


@pytest.mark.parametrize(
    "form", ["custom-mappings:\n      mine:\n        xero: |", "custom-mappings: {mine: {hubspot: abn, xero: Tax|}}"]
)
def test_a_mapping_is_completed_with_fields(editor: Editor, write: Write, form: str) -> None:
    found = labels(editor.complete(*write(f"{CONTACTS}    {form}\n")))
    assert "TaxNumber" in found
    assert "InvoiceNumber" not in found


def test_nothing_is_offered_where_the_schema_knows_better(editor: Editor, write: Write) -> None:
    assert editor.complete(*write(CONTACTS.replace("two-way", "|"))) == []
    assert editor.complete(*write(CONTACTS + "    |")) == []


# --- hover and definition --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FILTER % "em|ail is known", ["HubSpot: `email`", "Xero: `EmailAddress`", "email"]),
        (FILTER % "any invoice (sta|tus != draft)", ["HubSpot: `hs_invoice_status`", "`draft`, `open`", "choice"]),
        (FILTER.replace("to-xero", "to-hubspot") % "TaxNum|ber is known", ["Xero: `TaxNumber`", "text, at most 50"]),
        (CONTACTS + "    custom-mappings: {a: {hubspot: job|title, xero: TaxNumber}}\n", ["HubSpot: `jobtitle`", "text"]),
        (CONTACTS + "    mappings: {web|site: off}\n", ["HubSpot `website` ⇄ Xero `Website`", "to-hubspot only"]),
        (HEAD + "  invoices:\n    direction: to-hubspot\n    line-mappings: {tax: o|ff}\n", ["`hs_tax_rate_group_id`", "`TaxType`"]),
    ],
)  # fmt: skip
def test_hover_says_what_a_field_is_in_both_apps(editor: Editor, write: Write, text: str, says: list[str]) -> None:
    found = editor.hover(*write(text))
    assert [each for each in says if each not in found] == [], found


@pytest.mark.parametrize(
    "text", [FILTER % "email is kno|wn", FILTER % "status = act|ive", CONTACTS.replace("two", "t|wo"), "na|me: x"]
)
def test_hover_is_silent_where_there_is_nothing_to_say(editor: Editor, write: Write, text: str) -> None:
    assert editor.hover(*write(text)) == ""


@pytest.mark.parametrize(
    ("text", "id"),
    [
        (CONTACTS + "    mappings: {web|site: off}\n", "website"),
        (FILTER % "em|ail is known", "email"),
        (CONTACTS + "    custom-mappings: {a: {hubspot: ph|one, xero: TaxNumber}}\n", "phone"),
        (HEAD + "  invoices:\n    direction: to-hubspot\n    line-mappings: {unit-|price: off}\n", "unit-price"),
    ],
)
def test_definition_leads_to_the_default_mapping_in_the_base(editor: Editor, write: Write, text: str, id: str) -> None:
    uri, line, character = write(text)
    there = editor.ask(
        "textDocument/definition", textDocument={"uri": uri}, position={"line": line, "character": character}
    )
    base = Path(there["uri"].removeprefix("file://"))
    assert base.name == "xero-data-sync.v1.yaml"
    words = base.read_text(encoding="utf-8").splitlines()[there["range"]["start"]["line"]]
    assert re.match(rf"\s+{id}:", words)


def test_definition_of_extends_is_the_file(editor: Editor, write: Write, tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text(CONTACTS, encoding="utf-8")
    uri, line, character = write(CONTACTS.replace("xero-data-sync@1", "comp|any.yaml"))
    there = editor.ask(
        "textDocument/definition", textDocument={"uri": uri}, position={"line": line, "character": character}
    )
    assert there["uri"] == (tmp_path / "company.yaml").as_uri()


# --- whatever is typed -----------------------------------------------------------------------------------------------------------

FULL = (
    FILTER % 'any invoice (status != draft and created > today - 3d) or city in ["a b", c]'
    + "    mappings: {website: off}\n"
)


@given(st.integers(0, len(FULL)), st.integers(0, len(FULL)), st.text(alphabet=" ,([:{'\"#&*|>-x\n\t=é𝒮", max_size=3))
def test_no_text_and_no_place_is_an_error(start: int, length: int, put: str) -> None:
    """A ruleset with any stretch of it replaced, asked anywhere: an answer, if an empty one."""
    text = FULL[:start] + put + FULL[start + length % 7 :]
    document = Document(text, "hxrules.yaml", load_catalogue(), shipped.base)
    document.problems()
    for line, words in enumerate(text.split("\n"), 1):
        for column in {1, len(words) // 2 + 1, len(words) + 1}:
            offer = document.complete(line, column)
            assert 0 <= offer.length < column
            document.hover(line, column)
            document.definition(line, column)


def test_without_pygls_the_command_says_what_to_install(tmp_path: Path) -> None:
    """64, and one sentence."""
    import subprocess

    (tmp_path / "pygls").mkdir()
    (tmp_path / "pygls" / "__init__.py").write_text("raise ModuleNotFoundError(name='pygls')")
    ran = subprocess.run(
        [sys.executable, "-m", "hxrules", "lsp"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 64
    assert "pip install 'hxrules[lsp]'" in ran.stderr
