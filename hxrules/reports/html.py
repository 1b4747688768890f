"""A plan, or R20's overview, as one HTML page that needs nothing else: no font, no image, no request; without scripts it is whole.

What browsers are told (`Content-Security-Policy`) is that nothing may be loaded and no script may run but the page's own, which only
finds and filters what stands there. Numbers lead to the records behind them; what is folded opens by itself.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib import resources

from hxrules.planning.plan import Plan
from hxrules.records import Standing
from hxrules.reports.masking import Values, mask_plan, mask_text
from hxrules.reports.outline import plan_outline
from hxrules.reports.rules import RulesChanged, masked
from hxrules.reports.sections import (
    STYLE,
    Alert,
    Data,
    Jumps,
    Page,
    Row,
    Rows,
    Section,
    jumps,
    named,
    problems_section,
    single,
)
from hxrules.reports.status import StandingRecord, StatusRow, last_run, standing_problem
from hxrules.reports.wording import Commands, hiding
from hxrules.running.run import Cost

Records = Mapping[str, Mapping[Standing, Sequence[StandingRecord]]]
"""By sync and standing, the records behind R20's numbers."""


def plan_html(
    plan: Plan,
    values: Values = Values.MASKED,
    *,
    saved: str | None = None,
    cost: Cost | None = None,
    rules: RulesChanged | None = None,
) -> str:
    """The plan, whole. `saved` is the file that holds it, for the commands that are named."""
    shown, commands = None if rules is None else masked(rules, values), Commands(plan, saved)
    outline = plan_outline(mask_plan(plan, values), plan.id, values, commands, whole=True, cost=cost, rules=shown)
    body = [
        f"<h1>{_prose(outline.title)}</h1>",
        _note(outline.aside),
        *map(_alert, outline.alerts),
        *(() if outline.overview is None else _table(outline.overview)),
        *_facts(outline.facts),
        *_sections(outline.sections),
        f'<p class="next">{_prose(outline.next)}</p>',
    ]
    return _page(outline.title, body)


def status_html(
    rows: Sequence[StatusRow], records: Records, values: Values = Values.MASKED, now: datetime | None = None
) -> str:
    """The overview, and the records behind each of its numbers with their reasons; with `now` (UTC) it also says how long ago each
    sync ran."""
    columns = ("sync", "#in sync", "#failing", "#excluded", "last run")
    overview = single(
        (
            row.name if row.enabled else f"{row.name} (off)",
            *(
                jumps([(f"{number:,}", f"{standing}-{row.name}" if number else "")])
                for standing, number in (
                    (Standing.IN_SYNC, row.in_sync),
                    (Standing.FAILING, row.failing),
                    (Standing.EXCLUDED, row.excluded),
                )
            ),
            last_run(row, now),
        )
        for row in rows
    )
    body = [
        "<h1>Status</h1>",
        *_table(Section("overview", "", "", columns, overview)),
        *_facts(hiding(values)),
        *_sections(filter(lambda each: each.records, _standing(rows, records, values))),
    ]
    return _page("hxrules status", body)


def _standing(rows: Sequence[StatusRow], records: Records, values: Values) -> Iterator[Section]:
    """The records behind the three numbers, those that want a person first."""

    def of(standing: Standing) -> list[tuple[str, StandingRecord]]:
        return [(row.name, each) for row in rows for each in records.get(row.name, {}).get(standing, ())]

    failing = [standing_problem(sync, each, values) for sync, each in of(Standing.FAILING)]
    yield problems_section(failing, "Failing", "not written until a person acts; all others go on")
    excluded = [
        (
            sync,
            named(mask_text(str(each.reason.get("label") or ""), values, sync)),
            *_ids(each),
            str(each.reason.get("reason") or ""),
            Data(each.reason.get("leaf") or ""),
        )
        for sync, each in of(Standing.EXCLUDED)
    ]
    heads = ("sync", "record", "HubSpot", "Xero", "outside by", "words")
    title = f"Excluded ({len(excluded):,})"
    yield Section("excluded", title, "left alone, and why", heads, single(excluded), True, "excluded")
    linked = [(sync, *_ids(each)) for sync, each in of(Standing.IN_SYNC)]
    title, note = f"In sync ({len(linked):,})", "linked, and with nothing to do after the last run"
    yield Section("in-sync", title, note, ("sync", "HubSpot", "Xero"), single(linked), True, "in sync")


def _ids(record: StandingRecord) -> tuple[Data, Data]:
    return Data(record.hubspot or ""), Data(record.xero or "")


# --- the page ------------------------------------------------------------------------------------------------------------------


def _page(title: str, body: Iterable[str]) -> str:
    script = _shipped("page.js")
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; base-uri 'none'"
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">',
            f"<title>{_prose(title)}</title>",
            f"<style>{_shipped('page.css')}</style></head><body><main>",
            *filter(None, body),
            f"</main><script>{script}</script></body></html>",
        ]
    )


@lru_cache(maxsize=2)
def _shipped(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _facts(facts: Iterable[Row]) -> Iterator[str]:
    lines = [f"<dt>{_prose(name)}</dt><dd>{' '.join(map(_cell, parts))}</dd>" for name, *parts in facts]
    if lines:
        yield "\n".join(["<dl>", *lines, "</dl>"])


def _sections(sections: Iterable[Section]) -> Iterator[str]:
    """All sections, below the form that finds records in them (shown by the script)."""
    listed = list(sections)
    findable = [each for each in listed if each.kind]
    if findable:
        syncs = dict.fromkeys(_sync(each, record) for each in findable for record in each.records)
        yield "\n".join(
            [
                '<form role="search" hidden>',
                '<input type="search" placeholder="Find a name, an id, a value …" aria-label="Find" autocomplete="off">',
                _choice("Sync", "all syncs", filter(None, syncs)),
                _choice("What", "everything", dict.fromkeys(each.kind for each in findable)),
                "<output></output></form>",
            ]
        )
    for section in listed:
        yield from _section(section)


def _choice(label: str, every: str, words: Iterable[str]) -> str:
    options = "".join(f'<option value="{_prose(word)}">{_prose(word)}</option>' for word in words)
    return f'<select aria-label="{label}"><option value="">{every}</option>{options}</select>'


def _section(section: Section) -> Iterator[str]:
    kind = f' data-kind="{_prose(section.kind)}"' if section.kind else ""
    yield f"<section{kind}>"
    if section.folded:
        yield f"<details><summary><h2>{_prose(section.title)}</h2></summary>"
    else:
        yield f"<h2>{_prose(section.title)}</h2>"
    yield _note(section.note)
    yield from _table(section)
    yield "</details></section>" if section.folded else "</section>"


def _table(section: Section) -> Iterator[str]:
    """The section's table, a body for each record; columns in which nothing stands are left out."""
    kept = [place for place in range(len(section.columns)) if any(row[place] for row in section.rows)]
    names = [section.columns[place] for place in kept]
    marks = [' class="n"' if name.startswith("#") else ' class="r"' if name == "record" else "" for name in names]
    heads = [name.lstrip("#") for name in names]
    head = "".join(f'<th scope="col"{mark}>{_prose(name)}</th>' for name, mark in zip(heads, marks, strict=True))
    # What each column is called where there is no room for columns.
    labels = ";".join(f"--c{number}:'{name}'" for number, name in enumerate(heads, 1))
    title = _prose(section.title or section.name)
    yield f'<div class="wide" id="{section.name}" tabindex="0" role="region" aria-label="{title}">'
    yield f'<table style="{labels}"><thead><tr>{head}</tr></thead>'
    before = ""
    for record in section.records:
        sync = _sync(section, record)
        # The first record of each sync is where the sync's number leads.
        place = f' id="{section.name}-{_prose(sync)}"' if section.kind and not section.sync and sync != before else ""
        rows = "\n".join(_row(row, kept, marks) for row in record)
        yield f'<tbody{place} data-sync="{_prose(sync)}">{rows}</tbody>'
        before = sync
    yield "</table></div>"


def _sync(section: Section, record: Rows) -> str:
    return section.sync or (record[0][0] if section.columns[0] == "sync" else "")


def _row(row: Row, kept: Sequence[int], marks: Sequence[str]) -> str:
    cells = (f"<td{mark}>{_cell(row[place])}</td>" for place, mark in zip(kept, marks, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _alert(alert: Alert) -> str:
    kind = "alert stop" if alert.stops else "alert"
    return f'<div class="{kind}"><strong>{_prose(alert.title)}</strong><br>{_prose(alert.text)}</div>'


def _note(text: str) -> str:
    return f'<p class="note">{_prose(text)}</p>' if text else ""


def _cell(cell: str) -> str:
    if isinstance(cell, Jumps):
        return ", ".join(
            f'<a href="#{place}">{_prose(text)}</a>' if place else _prose(text) for text, place in cell.parts
        )
    if isinstance(cell, Page) and cell.url:
        return f'<a href="{escape(cell.url)}" rel="noreferrer noopener" target="_blank"><code>{_prose(cell)}</code></a>'
    if isinstance(cell, Data):
        return f"<code>{_prose(cell)}</code>" if cell else ""
    return "<br>".join(map(_prose, cell.split("\n")))


def _prose(text: str) -> str:
    return escape(STYLE.say(text))
