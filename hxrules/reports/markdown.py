"""A plan or a run as GitHub-flavoured Markdown: a comment on a pull request, a job summary.

GitHub refuses comments of 65,536 characters and more, so long tables are cut: what needs eyes is served before the details. Whatever
comes from records stands in code or is escaped: no name can ping a person, become a link or break a table.
"""

from __future__ import annotations

import re

from hxrules.planning.plan import Plan
from hxrules.reports.masking import Values, mask_plan, mask_run
from hxrules.reports.outline import plan_outline, run_outline
from hxrules.reports.rules import RulesChanged, masked
from hxrules.reports.rules_outline import rules_outline
from hxrules.reports.sections import Alert, Data, Outline, Row, Section
from hxrules.reports.style import Style
from hxrules.reports.wording import Commands
from hxrules.running.run import Cost, Run

LIMIT = 65_000
"""Characters at most."""

_ROWS = 200
"""Of one table at most."""
_STYLE = Style()
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")
_ALIVE = re.compile(r"[@#](?=\w)|:(?=//)|\bwww(?=\.)")
"""Where GitHub would mention somebody, refer to an issue or make a link."""
_PUNCTUATION = re.compile(r"[^\w\s]")


def plan_markdown(
    plan: Plan,
    values: Values = Values.MASKED,
    *,
    saved: str | None = None,
    cost: Cost | None = None,
    rules: RulesChanged | None = None,
) -> str:
    """The plan, at most `LIMIT` characters. `saved` is the file that holds it, for the commands that are named."""
    commands = Commands(plan, saved)
    shown = None if rules is None else masked(rules, values)
    outline = plan_outline(mask_plan(plan, values), plan.id, values, commands, cost=cost, rules=shown)
    return _document(outline, commands.everything)


def rules_markdown(report: RulesChanged, values: Values = Values.MASKED) -> str:
    """What changes in rules, at most `LIMIT` characters."""
    return _document(rules_outline(masked(report, values), values), "hxrules diff --all")


def run_markdown(run: Run, values: Values = Values.MASKED) -> str:
    """The run, at most `LIMIT` characters."""
    return _document(run_outline(mask_run(run, values), run.plan.id, values, Commands(run.plan)), "hxrules status")


def _document(outline: Outline, everything: str) -> str:
    facts = [f"{name}: {' '.join(map(_cell, parts))}" for name, *parts in outline.facts]
    top = [
        f"### {_prose(outline.title)}",
        _prose(outline.aside),
        *(_alert(each) for each in outline.alerts),
        "" if outline.overview is None else "\n".join([*_head(outline.overview), *map(_row, outline.overview.rows)]),
        "<br>\n".join(facts),
    ]
    bottom = f"**{_prose(outline.next)}**" if outline.next else ""
    frames = [_frame(section) for section in outline.sections]
    left = (
        LIMIT
        - sum(len(part) + 2 for part in (*top, bottom))
        - sum(map(len, (part for frame in frames for part in frame)))
    )
    left -= len(frames) * len(_more(10**9, everything))
    blocks = []
    for section, (opening, closing) in zip(outline.sections, frames, strict=True):
        lines: list[str] = []
        for row in section.rows[:_ROWS]:
            line = _row(row)
            if len(line) + 1 > left:
                break
            lines.append(line)
            left -= len(line) + 1
        hidden = len(section.rows) - len(lines)
        blocks.append("\n".join([opening, *lines]) + (_more(hidden, everything) if hidden else "") + closing)
    return "\n\n".join(filter(None, (*top, *blocks, bottom)))


def _frame(section: Section) -> tuple[str, str]:
    """What stands around a section's rows."""
    head = "\n".join(_head(section))
    if section.folded:
        return f"<details><summary>{_prose(section.title)}</summary>\n\n{head}", "\n\n</details>"
    note = f"\n\n{_prose(section.note)}" if section.note else ""
    return f"#### {_prose(section.title)}{note}\n\n{head}", ""


def _more(hidden: int, everything: str) -> str:
    return f"\n\n… and {hidden:,} more rows: {_code(everything)}"


def _alert(alert: Alert) -> str:
    return f"> [!{'CAUTION' if alert.stops else 'WARNING'}]\n> **{_prose(alert.title)}**<br>\n> {_prose(alert.text)}"


def _head(section: Section) -> list[str]:
    names = [name.lstrip("#") for name in section.columns]
    rule = ["--:" if name.startswith("#") else ":--" for name in section.columns]
    return [_row(tuple(names)), _row_of(rule)]


def _row(row: Row) -> str:
    return _row_of([_cell(cell) for cell in row])


def _row_of(cells: list[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _cell(cell: str) -> str:
    return _code(cell) if isinstance(cell, Data) else "<br>".join(map(_prose, cell.split("\n")))


def _prose(text: str) -> str:
    """A sentence, with nothing in it that Markdown would take for its own, and nobody mentioned."""
    return _ALIVE.sub(r"\g<0><!-- -->", _SPECIAL.sub(r"\\\1", _STYLE.say(text)))


def _code(text: str) -> str:
    """Data, as it is. Where it holds what a table or a code span is made of, HTML says it."""
    text = _STYLE.say(text)
    if not text:
        return ""
    if "`" in text or "|" in text or "\\" in text:
        return f"<code>{_PUNCTUATION.sub(lambda found: f'&#{ord(found[0])};', text)}</code>"
    return f"`{text}`"
