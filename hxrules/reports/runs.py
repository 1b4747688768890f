"""A run for a terminal or a log: what was done, what failed and why, what it cost, what to type next."""

from __future__ import annotations

from collections.abc import Iterator

from hxrules.records import App
from hxrules.reports.held import held_lines
from hxrules.reports.lines import NEW_LINES
from hxrules.reports.masking import Values, mask_run
from hxrules.reports.sheet import SHOWN, Sheet
from hxrules.reports.style import Style, Tone, cells, page, when
from hxrules.reports.wording import Commands, hiding, run_headline, traffic
from hxrules.running.run import Run


def run_text(run: Run, style: Style, values: Values = Values.FULL, *, everything: bool = False) -> str:
    """The run; of long lists the first `SHOWN` are shown, with `everything` all. The last line says what to type next."""
    sheet = Sheet(style, None if everything else SHOWN, "hxrules status")
    masked = mask_run(run, values)
    sections = [
        _top(masked, run.plan.id, values, sheet),
        _stopped(masked, sheet),
        _failed(masked, sheet),
        _held(masked, sheet),
        _normalised(masked, sheet),
        sheet.said(Commands(run.plan).after(run), 0, Tone.STRONG),
    ]
    return page(line for section in sections for line in (*section, ""))


def _top(run: Run, plan_id: str, values: Values, sheet: Sheet) -> Iterator[str]:
    acts, aside = run_headline(run)
    yield from sheet.said(acts, 0, Tone.STRONG)
    yield from sheet.said(aside, 0)
    yield ""
    organisation = run.plan.accounts.organisation
    yield from sheet.facts(
        [
            ("run", f"{run.id} of {when(run.started)}"),
            ("plan", f"{plan_id[:12]} by {run.plan.ruleset.name} {run.plan.ruleset.version}"),
            ("accounts", f"HubSpot {run.plan.accounts.portal.id} ⇄ Xero {organisation.name}"),
            *(("calls" if app is App.HUBSPOT else "", traffic(app, run)) for app in App if app in run.calls),
            *hiding(values),
        ]
    )


def _stopped(run: Run, sheet: Sheet) -> Iterator[str]:
    problem = run.stopped
    if problem is None:
        return
    yield from sheet.heading(f"Stopped, {problem.code}", None, problem.summary, Tone.BAD)
    yield from sheet.said(problem.cause, 2)
    yield from sheet.said(problem.remedy, 2, Tone.GOOD, lead=f"{sheet.style.arrow} ")


def _failed(run: Run, sheet: Sheet) -> Iterator[str]:
    if run.failed:
        yield from sheet.heading("Failed", len(run.failed), "the apps said no, or gave no answer", Tone.BAD)
        yield from held_lines(run.failed, sheet)


def _held(run: Run, sheet: Sheet) -> Iterator[str]:
    if run.plan.held:
        yield from sheet.heading("Held", len(run.plan.held), "not written until a person acts", Tone.BAD)
        yield from held_lines(run.plan.held, sheet)


def _normalised(run: Run, sheet: Sheet) -> Iterator[str]:
    if not run.normalised:
        return
    note = "an app made something else of what was sent; its own value counts from now on"
    yield from sheet.heading("Kept differently", len(run.normalised), note, Tone.CARE)
    for each in sheet.some(run.normalised):
        name = sheet.style.paint(sheet.name(each.label), Tone.STRONG)
        yield from sheet.beside(
            f"{each.sync}: {name}",
            sheet.ids(None, each.record) if each.app is App.XERO else sheet.ids(each.record, None),
            2,
        )
        lead = f"    {each.field}  "
        yield from sheet.change(lead, each.sent, each.held, "", 0, sheet.style.width - cells(lead))
        yield from sheet.lines(each.sent, each.held, cells(lead), NEW_LINES)
    yield from sheet.rest(run.normalised)
