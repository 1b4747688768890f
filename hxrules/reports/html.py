"""A plan, or R20's overview, as one HTML page that needs nothing else: no script, no font, no request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape

from hxrules.planning.plan import Plan
from hxrules.reports.masking import Values, mask_plan
from hxrules.reports.outline import Alert, Data, Section, plan_outline
from hxrules.reports.status import StatusRow, last_run
from hxrules.reports.style import Style
from hxrules.reports.wording import Commands

_STYLE = Style()
_CSS = """
:root { color-scheme: light dark; --line: #8884; --stop: #c02b2b; --care: #9a6700; --code: #8881 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 0 }
.note { margin: 0 0 .5rem; opacity: .75 }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem; border-bottom: 1px solid var(--line) }
th { font-weight: 600; font-size: .85rem } .n { text-align: right; font-variant-numeric: tabular-nums }
code { font: 13px/1.4 ui-monospace, monospace; background: var(--code); padding: .05rem .3rem; border-radius: 3px }
.alert { border-left: 4px solid var(--care); padding: .25rem 1rem; margin: 1rem 0 } .stop { border-color: var(--stop) }
details { margin: 1rem 0 } summary { cursor: pointer; font-weight: 600 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem } dt { opacity: .75 } dd { margin: 0 }
"""


def plan_html(plan: Plan, values: Values = Values.MASKED, *, saved: str | None = None) -> str:
    """The plan, whole. `saved` is the file that holds it, for the commands that are named."""
    outline = plan_outline(mask_plan(plan, values), plan.id, values, Commands(plan, saved))
    body = [
        f"<h1>{_prose(outline.title)}</h1>",
        _note(outline.aside),
        *map(_alert, outline.alerts),
        *(() if outline.overview is None else _table(outline.overview)),
        "<dl>",
        *(f"<dt>{_prose(name)}</dt><dd>{' '.join(map(_cell, parts))}</dd>" for name, *parts in outline.facts),
        "</dl>",
        *(line for section in outline.sections for line in _section(section)),
        f"<p><strong>{_prose(outline.next)}</strong></p>",
    ]
    return _page(outline.title, body)


def status_html(rows: Sequence[StatusRow], now: datetime | None = None) -> str:
    """The overview; with `now` (UTC) it also says how long ago each sync ran."""
    columns = ("sync", "#in sync", "#failing", "#excluded", "last run")
    numbers = tuple(
        (
            row.name if row.enabled else f"{row.name} (off)",
            *(f"{number:,}" for number in (row.in_sync, row.failing, row.excluded)),
            last_run(row, now),
        )
        for row in rows
    )
    return _page("hxrules status", ["<h1>Status</h1>", *_table(Section("", "", columns, numbers))])


def _page(title: str, body: Iterable[str]) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_prose(title)}</title>'
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head>{head}<style>{_CSS}</style></head><body>',
            *filter(None, body),
            "</body></html>",
        ]
    )


def _section(section: Section) -> Iterator[str]:
    if section.folded:
        yield f"<details><summary>{_prose(section.title)}</summary>"
        yield _note(section.note)
        yield from _table(section)
        yield "</details>"
    else:
        yield f"<h2>{_prose(section.title)}</h2>"
        yield _note(section.note)
        yield from _table(section)


def _table(section: Section) -> Iterator[str]:
    numeric = [' class="n"' if name.startswith("#") else "" for name in section.columns]
    head = "".join(
        f"<th{mark}>{_prose(name.lstrip('#'))}</th>" for name, mark in zip(section.columns, numeric, strict=True)
    )
    yield f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>'
    for row in section.rows:
        yield (
            "<tr>" + "".join(f"<td{mark}>{_cell(cell)}</td>" for cell, mark in zip(row, numeric, strict=True)) + "</tr>"
        )
    yield "</tbody></table></div>"


def _alert(alert: Alert) -> str:
    kind = "alert stop" if alert.stops else "alert"
    return f'<div class="{kind}"><strong>{_prose(alert.title)}</strong><br>{_prose(alert.text)}</div>'


def _note(text: str) -> str:
    return f'<p class="note">{_prose(text)}</p>' if text else ""


def _cell(cell: str) -> str:
    if isinstance(cell, Data):
        return f"<code>{_prose(cell)}</code>" if cell else ""
    return "<br>".join(map(_prose, cell.split("\n")))


def _prose(text: str) -> str:
    return escape(_STYLE.say(text))
