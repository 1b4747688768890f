"""The table behind every list: whatever was put and removed, its indexes and its order tell the truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.resources import CONTACTS
from hxrules.sandbox.xero.table import Table, folded, guid_order
from hxrules.sandbox.xero.where import compile_where

START = datetime(2026, 1, 1, tzinfo=UTC)
IDS = [f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "0123456789abcdef"]
NAMES = ["Acme", "ACME", "Café", "cafe", "Bolt", "", None]


@st.composite
def records(draw: st.DrawFn) -> Record:
    return {
        "ContactID": draw(st.sampled_from(IDS)),
        "Name": draw(st.sampled_from(NAMES)),
        "EmailAddress": draw(st.sampled_from(["a@example.com", "B@example.com", None])),
        "UpdatedDateUTC": START + timedelta(seconds=draw(st.integers(0, 3))),
    }


steps = st.lists(st.one_of(records(), st.sampled_from(IDS)), max_size=40)


def carried_out(sequence: list[Any]) -> tuple[Table, dict[str, Record]]:
    """The table after the steps (a record is put, an id removed), and what should be in it."""
    table = Table(CONTACTS)
    expected: dict[str, Record] = {}
    for step in sequence:
        if isinstance(step, str):
            table.remove(step)
            expected.pop(step, None)
        else:
            table.put(step)
            expected[step["ContactID"]] = step
    return table, expected


@given(steps)
def test_indexes_and_order_follow_every_change(sequence: list[Any]) -> None:
    table, expected = carried_out(sequence)
    assert {row["ContactID"]: row for row in table} == expected
    for name in NAMES:
        found = {row["ContactID"] for row in table.found("Name", name)}
        assert found == {key for key, row in expected.items() if folded(row["Name"]) == folded(name)}
    ordered = sorted(expected.values(), key=lambda row: (row["UpdatedDateUTC"], guid_order(row["ContactID"])))
    assert table.since(None) == ordered
    floor = START + timedelta(seconds=2)
    assert table.since(floor) == [row for row in ordered if row["UpdatedDateUTC"] >= floor]


comparisons = st.sampled_from(
    [
        'Name=="acme"',
        'Name!="Bolt"',
        "Name==null",
        'EmailAddress=="A@EXAMPLE.COM"',
        'EmailAddress!=null && Name=="café"',
    ]
)
joined = ("({}) AND ({})", "({}) or ({})", "({})||({})")
filters = st.recursive(
    comparisons,
    lambda inner: st.builds(str.format, st.sampled_from(joined), inner, inner),
    max_leaves=6,
)


@given(steps, filters)
def test_the_lookups_of_a_filter_lead_to_every_match(sequence: list[Any], where: str) -> None:
    table, expected = carried_out(sequence)
    compiled = compile_where(where, table)
    matches = {key for key, row in expected.items() if compiled.holds(row)}
    if compiled.lookups is not None:
        led_to = {row["ContactID"] for field, value in compiled.lookups for row in table.found(field, value)}
        assert matches <= led_to
