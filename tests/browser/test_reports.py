"""The pages of `dry-run` and `status` in a real browser: whole without scripts, silent, asking for nothing, and quick to find things in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.scenarios.stage import stage

if TYPE_CHECKING:
    from tests.browser.conftest import Window

RULESET = """\
hxrules: 1
name: acme-au
version: "1"
extends: xero-data-sync@1
syncs:
  contacts: {direction: two-way, filters: {to-xero: email is known, to-hubspot: email is known}}
  products: {direction: two-way}
  invoices: {direction: two-way, sales-account: "200"}
  payments: {direction: two-way, bank-account: "090"}
"""
PAGES = ("plan", "status")
Open = Callable[..., "Window"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages that the commands print about the small sandbox, and the numbers that they print as JSON."""
    folder = tmp_path_factory.mktemp("pages")
    with stage(folder, seed="small") as here:
        here.ruleset(RULESET)
        texts = {"plan": here.type("dry-run", "--format", "html", "--values", "full").out}
        texts["plan.json"] = here.type("dry-run", "--format", "json").out
        here.type("apply", "--yes")
        texts["status"] = here.type("status", "--format", "html", "--values", "full").out
        texts["status.json"] = here.type("status", "--format", "json").out
    found = {}
    for name, text in texts.items():
        found[name] = folder / (name if name.endswith(".json") else f"{name}.html")
        found[name].write_text(text, encoding="utf-8")
    return found


def show(window: Open, path: Path, **options: Any) -> Window:
    shown = window(**options)
    shown.page.goto(path.as_uri())
    return shown


def numbers(page: Any) -> list[tuple[str, str]]:
    """What stands in the overview as a link, and where it leads."""
    links = page.locator("#overview a").all()
    return [(link.inner_text(), link.get_attribute("href")) for link in links]


def shown_records(page: Any) -> int:
    return int(page.evaluate("[...document.querySelectorAll('[data-kind] tbody')].filter(e => e.offsetHeight).length"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_it_is_silent_loads_nothing_and_fits_the_screen(
    window: Open, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    """No console message, no request but for the file itself, nothing to scroll sideways; dark where the reader wants it dark."""
    here = show(window, pages[name], width=width, color_scheme=scheme)
    for fold in here.page.locator("summary").all():
        fold.click()
    assert here.said == []
    assert here.requests == [pages[name].as_uri()]
    assert here.page.evaluate("document.documentElement.scrollWidth") == width
    shade = here.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(shade) < 3 * 128) == (scheme == "dark")


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_every_value_says_what_it_is(window: Open, pages: dict[str, Path], name: str) -> None:
    """Where there is no room for columns, the column's name stands before the value."""
    page = show(window, pages[name], width=390).page
    for row in page.locator("[data-kind] table").all():
        heads = [head.text_content() for head in row.locator("th").all()]
        first = row.locator("tbody tr").first.locator("td").all()
        for head, cell in zip(heads, first, strict=True):
            if cell.text_content():
                assert cell.evaluate("e => getComputedStyle(e, '::before').content") == f'"{head}"'


@pytest.mark.parametrize("scripts", [True, False])
def test_every_number_of_the_overview_opens_its_records(window: Open, pages: dict[str, Path], scripts: bool) -> None:
    """R20: as many records as the number says, each with its reason; and without scripts as well."""
    status = json.loads(pages["status.json"].read_text(encoding="utf-8"))
    expected = {
        (f"#{standing}-{sync['name']}", sync[standing.replace("-", "_")])
        for sync in status["syncs"]
        for standing in ("in-sync", "failing", "excluded")
        if sync[standing.replace("-", "_")]
    }
    page = show(window, pages["status"], java_script_enabled=scripts).page
    assert {(place, int(number)) for number, place in numbers(page)} == expected
    assert expected
    for place, number in expected:
        page.locator(f'#overview a[href="{place}"]').click()
        assert page.locator(place).is_visible()
        sync = page.locator(place).get_attribute("data-sync")
        records = page.locator(place).locator(f'xpath=../tbody[@data-sync="{sync}"]')
        assert records.count() == number
        if not place.startswith("#in-sync"):
            assert all(record.inner_text().strip() for record in records.locator("td:nth-child(5)").all())


@pytest.mark.parametrize("scripts", [True, False])
def test_every_number_of_a_plan_opens_its_changes(window: Open, pages: dict[str, Path], scripts: bool) -> None:
    plan = json.loads(pages["plan.json"].read_text(encoding="utf-8"))
    page = show(window, pages["plan"], java_script_enabled=scripts).page
    found = numbers(page)
    assert found
    for _, place in found:
        page.locator(f'#overview a[href="{place}"]').click()
        assert page.locator(place).is_visible(), place
    changed = sum(int(text.split()[0]) for text, place in found if not place.startswith(("#held", "#excluded")))
    assert changed == len(plan["changes"])
    assert page.locator("#excluded-records tbody").count() == len(plan["excluded"])
    assert page.locator("#held tbody").count() == len(plan["held"])


def test_without_scripts_everything_is_there_but_the_form(window: Open, pages: dict[str, Path]) -> None:
    with_scripts, without = (show(window, pages["plan"], java_script_enabled=scripts).page for scripts in (True, False))
    assert without.locator("form").is_hidden()
    assert with_scripts.locator("form").is_visible()
    assert shown_records(with_scripts) > 0
    assert with_scripts.locator("tbody").count() == without.locator("tbody").count()


def test_words_find_records_and_show_nothing_else(window: Open, pages: dict[str, Path]) -> None:
    """All words must stand in the record, in any order and case; folded sections open and close again."""
    page = show(window, pages["plan"]).page
    before = shown_records(page)
    page.keyboard.press("/")
    page.locator("input:focus").fill("PTY harbour")
    page.get_by_role("status").filter(has_text="records").wait_for()
    visible = page.locator("[data-kind] tbody:visible").all()
    assert 0 < len(visible) < before
    assert all("pty" in record.inner_text().lower() and "harbour" in record.inner_text().lower() for record in visible)
    assert page.get_by_role("status").inner_text().startswith(f"{len(visible)} of ")
    assert page.locator("section:visible:not([data-kind])").count() == 0
    page.keyboard.press("Escape")
    page.locator("output:empty").wait_for(state="attached")
    assert shown_records(page) == before


def test_a_word_that_is_nowhere_finds_nothing_and_says_so(window: Open, pages: dict[str, Path]) -> None:
    page = show(window, pages["plan"]).page
    page.get_by_role("searchbox").fill("no such record anywhere")
    page.get_by_role("status").filter(has_text="0 of ").wait_for()
    assert shown_records(page) == 0


def test_syncs_and_kinds_filter_together(window: Open, pages: dict[str, Path]) -> None:
    page = show(window, pages["plan"]).page
    page.get_by_label("Sync").select_option("invoices")
    page.get_by_label("What").select_option("held")
    held = [each for each in json.loads(pages["plan.json"].read_text())["held"] if each["sync"] == "invoices"]
    assert held
    page.get_by_role("status").filter(has_text=f"{len(held)} of ").wait_for()
    assert shown_records(page) == len(held)


def test_a_number_leads_to_its_records_whatever_is_filtered(window: Open, pages: dict[str, Path]) -> None:
    page = show(window, pages["plan"]).page
    page.get_by_role("searchbox").fill("harbour")
    page.get_by_role("status").filter(has_text="records").wait_for()
    place = next(place for _, place in numbers(page) if place.startswith("#excluded"))
    page.locator(f'#overview a[href="{place}"]').click()
    assert page.locator(place).is_visible()
    assert page.get_by_role("searchbox").input_value() == ""


@pytest.mark.parametrize("name", PAGES)
def test_it_is_used_with_the_keyboard_alone(window: Open, pages: dict[str, Path], name: str) -> None:
    """Tab reaches a number and a folded section, Enter opens what is behind them, and one sees where one is."""
    page = show(window, pages[name]).page

    def tab_to(selector: str) -> None:
        for _ in range(400):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab never reaches {selector}")

    tab_to("#overview a")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    place = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    assert page.locator(place).is_visible()
    tab_to("details:not([open]) > summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def test_nothing_that_got_into_the_page_could_load_or_run_anything(window: Open, pages: dict[str, Path]) -> None:
    """The page forbids the browser every request and every script but its own."""
    here = show(window, pages["status"])
    here.page.evaluate(
        """document.body.insertAdjacentHTML("beforeend",
             '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1"><iframe src="http://127.0.0.1:9/"></iframe>')
           document.body.append(Object.assign(document.createElement("script"), {textContent: "window.ran = 1"}))"""
    )
    refused = here.page.evaluate("fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused
    assert here.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in here.said)
