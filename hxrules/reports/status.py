"""R20's overview as text: for each sync the records in sync, failing and excluded; and the records behind one of the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hxrules.problems import Problem
from hxrules.records import App, RecordRef, Standing
from hxrules.reports.held import held_lines
from hxrules.reports.masking import Values, mask_problem, mask_text
from hxrules.reports.sheet import Sheet
from hxrules.reports.style import Style, Tone, cells, count, duration, pad, page, table, when

_TITLES = {
    Standing.IN_SYNC: ("in sync", Tone.GOOD),
    Standing.FAILING: ("failing", Tone.BAD),
    Standing.EXCLUDED: ("excluded", Tone.CARE),
    Standing.ASIDE: ("in no direction of the sync", Tone.FAINT),
}


@dataclass(frozen=True, slots=True)
class StatusRow:
    """Where the records of one sync stood after its last run; a linked pair counts once."""

    name: str
    enabled: bool
    in_sync: int
    failing: int
    excluded: int
    last_run: datetime | None


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A record or a linked pair, and why it stands where it stands, as the state remembers it (`Known.reason`)."""

    hubspot: str | None
    xero: str | None
    reason: Mapping[str, Any]


def status_text(rows: Sequence[StatusRow], style: Style, now: datetime | None = None) -> str:
    """The overview; with `now` (UTC) it also says how long ago each sync ran. The last line says how to see failing records."""
    if not rows:
        return page(["No sync has run yet.", "", style.paint("Next: hxrules dry-run", Tone.STRONG)])

    def number(value: int, *tones: Tone) -> str:
        return style.paint(f"{value:,}", *tones) if value else style.paint(style.say("·"), Tone.FAINT)

    head = [style.paint(title, Tone.FAINT) for title in ("", "in sync", "failing", "excluded", "last run")]
    lines = table(
        [
            head,
            *(
                [
                    row.name if row.enabled else f"{row.name} (off)",
                    number(row.in_sync),
                    number(row.failing, Tone.STRONG, Tone.BAD),
                    number(row.excluded),
                    last_run(row, now),
                ]
                for row in rows
            ),
        ],
        right=(1, 2, 3),
        gap=3,
    )
    failing = next((row.name for row in rows if row.failing), None)
    last = "Next: hxrules dry-run" if failing is None else f"Next: hxrules status --failing {failing}"
    return page([*lines, "", style.paint(last, Tone.STRONG)])


def last_run(row: StatusRow, now: datetime | None) -> str:
    """When a sync ran last, and how long that is before `now`."""
    if row.last_run is None:
        return "never"
    ago = f" ({duration(max((now - row.last_run).total_seconds(), 0))} ago)" if now else ""
    return when(row.last_run) + ago


def status_records_text(
    sync: str,
    standing: Standing,
    rows: Iterable[StandingRecord],
    style: Style,
    values: Values = Values.FULL,
) -> str:
    """All records behind one number, by reason."""
    every = list(rows)
    title, tone = _TITLES[standing]
    sheet = Sheet(style, shown=None)
    if not every:
        return page([f"{sync}: no record is {title}"])
    lines = [*sheet.heading(f"{sync}: {count(len(every), 'record')} {title}", None, "", tone), ""]
    if standing is Standing.FAILING:
        lines += held_lines((replace(standing_problem(sync, row, values), sync=None) for row in every), sheet)
    else:
        lines += _by_reason(sync, every, sheet, values)
    return page(lines)


def standing_problem(sync: str, row: StandingRecord, values: Values) -> Problem:
    """What holds a failing record, from the JSON that the state keeps."""
    known = row.reason
    problem = Problem(
        str(known.get("code") or "HX200"),
        str(known.get("summary") or "it fails"),
        cause=str(known.get("cause") or ""),
        remedy=str(known.get("remedy") or ""),
        hubspot=RecordRef(App.HUBSPOT, sync, row.hubspot) if row.hubspot else None,
        xero=RecordRef(App.XERO, sync, row.xero) if row.xero else None,
        sync=sync,
        links=tuple(known.get("links") or ()),
    )
    return mask_problem(problem, values)


def _by_reason(sync: str, rows: Iterable[StandingRecord], sheet: Sheet, values: Values) -> Iterator[str]:
    groups: dict[str, list[StandingRecord]] = {}
    for row in rows:
        reason, leaf = row.reason.get("reason") or "", row.reason.get("leaf") or ""
        groups.setdefault(f"{reason}: {leaf}" if leaf else str(reason), []).append(row)
    for reason, members in groups.items():
        if reason:
            number = f" ({len(members):,})"
            yield f"  {sheet.style.paint(sheet.style.say(reason) + number, Tone.STRONG)}"
        names = [
            sheet.name(mask_text(str(row.reason.get("label") or ""), values, sync)) if reason else "" for row in members
        ]
        width = max(map(cells, names))
        for name, row in zip(names, members, strict=True):
            ids = sheet.ids(row.hubspot, row.xero)
            yield from sheet.beside(pad(name, width), ids, 4) if reason else (f"  {ids}",)
        yield ""
