"""Merges, as the links see them: which of two links goes on, and when only a person can tell (design §2.2)."""

from __future__ import annotations

from itertools import permutations

import pytest

from hxrules.planning.linking import Linking, link
from hxrules.records import App, Coverage, CoverageKind, Life, Link, Origin, Record, RecordRef, Sight
from tests.language.test_meaning import HEAD, valid

SYNC = valid(f"{HEAD}syncs: {{contacts: {{direction: two-way}}}}\n").sync("contacts")
LINKS = [Link(f"l{number}", "contacts", f"h{number}", f"x{number}", Origin.MATCHED) for number in (1, 2)]


def record(app: App, own: str, into: str | None = None) -> Record:
    life = Life.MERGED if into else Life.LIVE
    return Record(RecordRef(app, "contacts", own), {}, life=life, merged_into=into)


def seen(hubspot: dict[str, str | None], xero: dict[str, str | None], links: list[Link]) -> Linking:
    """What becomes of the links; each record with the one that it was merged into."""
    shown = {App.HUBSPOT: hubspot, App.XERO: xero}
    records = {
        (app, "contacts"): {own: record(app, own, into) for own, into in rows.items()} for app, rows in shown.items()
    }
    return link(Sight(records, dict.fromkeys(records, Coverage(CoverageKind.COMPLETE))), links, SYNC)


@pytest.mark.parametrize("links", list(permutations(LINKS)))
@pytest.mark.parametrize(
    ("hubspot", "xero", "pairs", "gone", "held"),
    [
        # As HubSpot merges: the survivor has an id of its own.
        ({"h1": "h9", "h2": "h9", "h9": None}, {"x1": None, "x2": None}, [], [], ["l1", "l2"]),
        ({"h1": "h9", "h2": "h9", "h9": None}, {"x1": "x2", "x2": None}, [("h9", "x2")], ["l1"], []),
        # As Xero merges, and HubSpot where ids are kept.
        ({"h1": None, "h2": None}, {"x1": "x2", "x2": None}, [("h2", "x2")], [], ["l1"]),
        ({"h1": "h2", "h2": None}, {"x1": "x2", "x2": None}, [("h2", "x2")], ["l1"], []),
        # Merged into one that nobody is linked to.
        ({"h1": "h3", "h2": None, "h3": None}, {"x1": None, "x2": None}, [("h2", "x2"), ("h3", "x1")], [], []),
    ],
)
def test_two_links_that_end_at_one_record(
    links: tuple[Link, ...],
    hubspot: dict[str, str | None],
    xero: dict[str, str | None],
    pairs: list[tuple[str, str]],
    gone: list[str],
    held: list[str],
) -> None:
    """Merged in one app only, they are held (HX204); merged in both, one of them goes on, whichever comes first in the state."""
    found = seen(hubspot, xero, list(links))
    ends = [(each.hubspot.ref.id, each.xero.ref.id) for each in found.pairs if each.hubspot and each.xero]
    assert sorted(ends) == pairs
    assert [each.id for each, _, _ in found.gone] == gone
    assert sorted(f"l{each.hubspot.id[1:]}" for each in found.problems if each.hubspot) == held
    assert {each.code for each in found.problems} <= {"HX204"}
