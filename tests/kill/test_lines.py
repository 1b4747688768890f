"""An invoice of which a line lost its discount and another one came: was it written or not? What its lines hold must tell."""

from __future__ import annotations

from pathlib import Path

from hxrules.sandbox.server import SandboxOptions, running
from tests.kill.journeys import RULES, SECOND_DAY, Journey, Launcher, both_worlds, undisturbed, visit
from tests.scenarios.stage import Stage, customer, hubspot_invoice, world

LINES = (
    {"name": "Work", "quantity": "2", "price": "50", "hs_discount_percentage": "10"},
    {"name": "Travel", "quantity": "1", "price": "30"},
)


def edited(launcher: Launcher, folder: Path) -> Journey:
    """A saved plan that takes the discount off, changes a quantity and adds a line."""
    folder.mkdir()
    (folder / "hxrules.yaml").write_text(RULES, encoding="utf-8")
    seed = {"hubspot": {"edit_invoices": True}}
    parts = world(customer(1, "Ann Co", "ann@example.com"), hubspot_invoice(10, *LINES), seed)
    with running(SandboxOptions(seed_file=parts, quirks=SECOND_DAY)) as sandbox:
        here = Stage(sandbox, folder)
        assert launcher.run(here, ["apply", "--yes"])[0].code == 0
        here.edit_hubspot("101", "line_items", hs_discount_percentage="")
        here.edit_hubspot("102", "line_items", quantity="3")
        here.make_hubspot("line_items", "10", name="Oil", quantity="2", price="8.25")
        assert launcher.run(here, ["dry-run", "-o", "plan.json"])[0].code == 0
        evening = both_worlds(sandbox)
        assert here.booked("INV-10")["Total"] == 120
    return undisturbed(launcher, "edited", ("apply", "plan.json"), evening, folder)


def test_a_line_without_its_discount_is_told_from_one_that_has_it(launcher: Launcher, tmp_path: Path) -> None:
    journey = edited(launcher, tmp_path / "day")
    ((invoice, lines, _, _),) = journey.end.apps["xero invoices"]
    assert ("Total", "206.5") in invoice
    assert len(lines) == 3
    around = [point for point in journey.points if point.stream == "xero"]
    assert len(around) > 6
    for point in around:
        visit(launcher, journey, tmp_path, point)
