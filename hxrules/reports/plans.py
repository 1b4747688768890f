"""A plan for a terminal or a log: what needs a person's eyes first, then every change with the rule that made it (R14).

The order is that of a careful reader: the counts; whose accounts and which rules; what each sync would do; what needs attention
(`attention`); the changes by sync, kind and direction; who is excluded and by which words of the rules; what to type next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hxrules.planning.plan import Action, Change, FieldChange, Plan
from hxrules.records import App
from hxrules.reports.attention import attention
from hxrules.reports.lines import NEW_LINES
from hxrules.reports.masking import Values, mask_plan
from hxrules.reports.rules import RulesChanged
from hxrules.reports.rules import masked as masked_rules
from hxrules.reports.sheet import SHOWN, Sheet
from hxrules.reports.style import Style, Tone, cells, pad, page, table, when
from hxrules.reports.view import Group, SyncCounts, counts, excluded_groups, groups, sums, with_names
from hxrules.reports.wording import IMPLIED, MONEY, Commands, costs, headline, hiding, moved, started, undoes
from hxrules.running.run import Cost

_VALUES = 72
"""Cells that old → new may take at most, so that the rule's place stays near."""
_SIGNS = {
    Action.CREATE: ("+", Tone.GOOD),
    Action.UPDATE: ("~", Tone.CARE),
    Action.LINK: ("=", Tone.PLACE),
    Action.VOID: ("x", Tone.BAD),
    Action.ARCHIVE: ("-", Tone.BAD),
}


def plan_text(
    plan: Plan,
    style: Style,
    values: Values = Values.FULL,
    *,
    everything: bool = False,
    saved: str | None = None,
    next_step: bool = True,
    cost: Cost | None = None,
    rules: RulesChanged | None = None,
) -> str:
    """The plan. Of long lists the first `SHOWN` are shown, with `everything` all. `saved` is the file that holds the plan, for the
    commands that are named; without `next_step` the last line, which says what to type, is left out (the caller asks).
    `rules` are those that were edited since the last run."""
    commands = Commands(plan, saved)
    sheet = Sheet(style, None if everything else SHOWN, commands.everything)
    masked = with_names(mask_plan(plan, values))
    sections = [
        _top(masked, plan.id, values, sheet, cost),
        _overview(masked, sheet),
        _money(masked, sheet),
        *attention(masked, sheet, None if rules is None else masked_rules(rules, values)),
        *(_group(group, sheet) for group in groups(masked)),
        _excluded(masked, sheet),
    ]
    if next_step:
        sections.append(sheet.said(commands.next, 0, Tone.STRONG))
    return page(line for section in sections for line in (*section, ""))


def _top(plan: Plan, plan_id: str, values: Values, sheet: Sheet, cost: Cost | None) -> Iterator[str]:
    acts, aside = headline(plan)
    yield from sheet.said(acts, 0, Tone.STRONG)
    yield from sheet.said(aside, 0)
    yield ""
    organisation = plan.accounts.organisation
    yield from sheet.facts(
        [
            ("plan", f"{plan_id[:12]} of {when(plan.now)}"),
            *undoes(plan),
            ("rules", f"{plan.ruleset.name} {plan.ruleset.version}, {plan.ruleset.file}"),
            ("accounts", f"HubSpot {plan.accounts.portal.id} ⇄ Xero {organisation.name} ({organisation.tenant})"),
            *(("started", text) for text in started(plan)),
            *costs(plan, cost),
            *hiding(values),
        ]
    )


_ASIDE = ("link", "held", "excluded", "in sync")


def _overview(plan: Plan, sheet: Sheet) -> Iterator[str]:
    style = sheet.style
    rows = [_overview_row(row, sheet) for row in counts(plan)]
    head = [style.paint(title, Tone.FAINT) for title in ("", *(f"to {app.brand}" for app in App), *_ASIDE)]
    for gap in (3, 2):
        lines = table([head, *rows], right=range(3, 7), gap=gap)
        if max(map(cells, lines)) + 2 <= style.width:
            yield from (f"  {line}" for line in lines)
            return
    for row in counts(plan):
        # So many changes of so many kinds that the table has no room: the same in words.
        acts = [f"to {app.brand} {_acts(row, app)}" for app in App if row.changes[app]]
        aside = [f"{number:,} {title}" for title, number in zip(_ASIDE, row.aside, strict=True) if number]
        yield from sheet.facts([(row.sync, "; ".join(filter(None, [*acts, ", ".join(aside)])))])


def _overview_row(row: SyncCounts, sheet: Sheet) -> list[str]:
    def number(value: int, *tones: Tone) -> str:
        return sheet.style.paint(f"{value:,}", *tones) if value else sheet.style.paint(sheet.style.say("·"), Tone.FAINT)

    numbers = [
        number(value, *([Tone.BAD] if title == "held" else [])) for title, value in zip(_ASIDE, row.aside, strict=True)
    ]
    return [row.sync, *(_acts(row, app) or number(0) for app in App), *numbers]


def _acts(row: SyncCounts, app: App) -> str:
    return ", ".join(f"{many:,} {action.value}" for action, many in row.changes[app].items())


def _money(plan: Plan, sheet: Sheet) -> Iterator[str]:
    found = sums(plan)
    if not found:
        return
    yield from sheet.heading("Money", None, MONEY)
    where = [f"{each.sync} to {each.app.brand}" for each in found]
    records, amounts = zip(*map(moved, found), strict=True)
    columns = max(map(len, where)), max(map(len, records))
    for place, number, amount in zip(where, records, amounts, strict=True):
        yield from sheet.said(amount, 2, lead=f"{pad(place, columns[0])}  {pad(number, columns[1], right=True)}  ")


# --- what will be done -------------------------------------------------------------------------------------------------------


def _group(group: Group, sheet: Sheet) -> Iterator[str]:
    rest = [
        change for change in group.changes if not change.fields or not all(each.contested for each in change.fields)
    ]
    above = len(group.changes) - len(rest)
    aside = ", ".join(filter(None, [group.note, f"{above:,} shown above" if above else ""]))
    note = f"{len(group.changes):,} to {group.action.value}" + (f" ({aside})" if aside else "")
    yield from sheet.heading(f"{group.sync}{group.way}", None, note)
    visible = sheet.some(rest)
    if visible:
        yield from _entries(visible, not group.note, sheet)
    yield from sheet.rest(rest)


def _entries(changes: Sequence[Change], notes: bool, sheet: Sheet) -> Iterator[str]:
    style = sheet.style
    label = max(cells(sheet.name(change.label)) for change in changes)
    fields = [(change, each) for change in changes for each in change.fields if not each.contested]
    mapping = max((len(each.mapping) for change in changes for each in change.fields), default=0)
    place = max((cells(sheet.place(each.span)) for _, each in fields), default=0)
    room = min(style.width - 6 - mapping - 2 - 2 - place, _VALUES)
    column = max((min(_natural(change, each, style), room) for change, each in fields), default=0)
    for change in changes:
        sign, tone = _SIGNS[change.action]
        name = style.paint(pad(sheet.name(change.label), label), Tone.STRONG)
        left = f"{style.paint(sign, Tone.STRONG, tone)} {name}"
        yield from sheet.beside(left, sheet.ids(change.hubspot, change.xero, change.note if notes else ""), 2)
        for each in change.fields:
            yield from _field(change, each, sheet, f"      {pad(each.mapping, mapping)}  ", column, room)


def _natural(change: Change, each: FieldChange, style: Style) -> int:
    """How many cells the values of a field would like to have."""
    new = cells(style.value(each.after))
    return new if change.action is Action.CREATE else cells(style.value(each.before)) + cells(style.arrow) + 2 + new


def _field(change: Change, each: FieldChange, sheet: Sheet, lead: str, column: int, room: int) -> Iterator[str]:
    style = sheet.style
    if each.contested:
        yield lead + style.paint(f"{each.verdict.value}, see above", Tone.FAINT)
        return
    place = sheet.place(each.span)
    if change.action is Action.CREATE:
        yield f"{lead}{pad(style.shorten(style.value(each.after), room), column)}  {place}"
    else:
        yield from sheet.change(lead, each.before, each.after, place, column, room)
    if not each.reason.startswith(IMPLIED):
        yield from sheet.said(each.reason, cells(lead), Tone.FAINT)
    most = NEW_LINES if change.action is Action.CREATE else SHOWN
    yield from sheet.lines(each.before, each.after, cells(lead), most)


def _excluded(plan: Plan, sheet: Sheet) -> Iterator[str]:
    found = excluded_groups(plan)
    if not found:
        return
    yield from sheet.heading("Excluded", len(plan.excluded), "left alone, and why")
    shown = sheet.some(found)
    sync = max(len(each.sync) for each in shown)
    number = max(len(f"{each.number:,}") for each in shown)
    for each in shown:
        text = f"{each.reason}: {each.leaf}" if each.leaf else each.reason
        place = f" ({sheet.place_text(each.span)})" if each.span else ""
        yield from sheet.said(text + place, 2, lead=f"{each.sync:<{sync}}  {each.number:>{number},}  ")
    yield from sheet.rest(found)
