"""Entries set in a ruleset's text: everything else stays as it stands, comments and all."""

from __future__ import annotations

import pytest
import yaml

from hxrules.language.additions import nested, with_entry

TEXT = """\
# above
accounts:
  hubspot: {portal: 1}   # one

syncs:
  invoices:
    direction: two-way   # both
    filters:
      to-hubspot: |
        status = open

    # the end of invoices
limits: {}
# below
"""


@pytest.mark.parametrize(
    ("path", "value", "added"),
    [
        (
            ("syncs", "invoices", "sales-account"),
            '"200"',
            '        status = open\n    # why\n    sales-account: "200"\n',
        ),
        (
            ("syncs", "invoices", "filters", "to-xero"),
            "x = 1",
            "        status = open\n      # why\n      to-xero: x = 1\n",
        ),
        (
            ("syncs", "invoices", "tax", "OUTPUT"),
            "GST",
            "        status = open\n    tax:\n      # why\n      OUTPUT: GST\n",
        ),
        (("accounts", "xero", "tenant"), "t", "# one\n  xero:\n    # why\n    tenant: t\n"),
        (("accounts", "hubspot", "subscription"), "free", "{portal: 1, subscription: free}   # one"),
        (("accounts", "hubspot", "portal"), "2", "{portal: 2}   # one"),
        (("limits", "changes"), "5%", "limits: {changes: 5%}\n"),
        (("syncs", "invoices", "direction"), "to-xero", "direction: to-xero   # both"),
    ],
)
def test_an_entry_comes_to_stand_in_its_mapping(path: tuple[str, ...], value: str, added: str) -> None:
    edited = with_entry(TEXT, path, value, "why")
    assert added in edited
    found = yaml.safe_load(edited)
    for name in path:
        found = found[name]
    assert str(found) == value.strip('"')
    for comment in ("# above", "# one", "# both", "# the end of invoices", "# below"):
        assert comment in edited


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="direction"):
        with_entry(TEXT, ("syncs", "invoices", "direction", "more"), "1")
    with pytest.raises(ValueError, match="no mapping"):
        with_entry("- a\n", ("b",), "1")


def test_neighbours_share_what_is_above_them() -> None:
    entries = [(("a", "b", "c"), "1", ""), (("a", "b", "d"), "2", "why"), (("a", "e"), "3", ""), (("f",), "4", "")]
    assert nested(entries) == "a:\n  b:\n    c: 1\n    # why\n    d: 2\n  e: 3\nf: 4\n"
