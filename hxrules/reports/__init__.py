"""Values → text: problems, plans, runs and overviews (R20), for people (terminal, Markdown, HTML) and machines (JSON, SARIF, GitHub).

Pure: no clock, no environment, no output; the caller says how wide, how colourful and how much personal data (`Style`, `Values`).
Texts have no line end at their end; JSON forms are data for `json.dumps`.

See also: `style` (what text looks like), `masking` (what is hidden), `plans`, `lines` (those of an invoice), `outline` (the tables of
Markdown and HTML), `documents` (JSON), `annotations` (GitHub, SARIF).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hxrules.reports.annotations import problems_github, problems_sarif
    from hxrules.reports.cases import TestedFile, cases_json, cases_junit, cases_text
    from hxrules.reports.documents import plan_json, problems_json, run_json, status_json, status_records_json
    from hxrules.reports.explain import from_apps, from_state
    from hxrules.reports.explain_page import explained_json, explained_text
    from hxrules.reports.html import plan_html, status_html
    from hxrules.reports.log import run_log_json, run_log_text, runs_json, runs_text
    from hxrules.reports.markdown import plan_markdown, rules_markdown, run_markdown
    from hxrules.reports.masking import Values
    from hxrules.reports.plans import plan_text
    from hxrules.reports.problems import problems_text
    from hxrules.reports.proposals import proposals_json, proposals_text
    from hxrules.reports.rules import RulesChanged, rules_json, rules_text
    from hxrules.reports.runs import run_text
    from hxrules.reports.status import StandingRecord, StatusRow, status_records_text, status_text
    from hxrules.reports.style import Style

__all__ = [
    "RulesChanged",
    "StandingRecord",
    "StatusRow",
    "Style",
    "TestedFile",
    "Values",
    "cases_json",
    "cases_junit",
    "cases_text",
    "explained_json",
    "explained_text",
    "from_apps",
    "from_state",
    "plan_html",
    "plan_json",
    "plan_markdown",
    "plan_text",
    "problems_github",
    "problems_json",
    "problems_sarif",
    "problems_text",
    "proposals_json",
    "proposals_text",
    "rules_json",
    "rules_markdown",
    "rules_text",
    "run_json",
    "run_log_json",
    "run_log_text",
    "run_markdown",
    "run_text",
    "runs_json",
    "runs_text",
    "status_html",
    "status_json",
    "status_records_json",
    "status_records_text",
    "status_text",
]

# Where each name lives: a command that shows problems should not wait for the renderers of plans.
_HOMES = {
    "RulesChanged": "rules",
    "StandingRecord": "status",
    "StatusRow": "status",
    "Style": "style",
    "TestedFile": "cases",
    "Values": "masking",
    "cases_json": "cases",
    "cases_junit": "cases",
    "cases_text": "cases",
    "explained_json": "explain_page",
    "explained_text": "explain_page",
    "from_apps": "explain",
    "from_state": "explain",
    "plan_html": "html",
    "plan_json": "documents",
    "plan_markdown": "markdown",
    "plan_text": "plans",
    "problems_github": "annotations",
    "problems_json": "documents",
    "problems_sarif": "annotations",
    "problems_text": "problems",
    "proposals_json": "proposals",
    "proposals_text": "proposals",
    "rules_json": "rules",
    "rules_markdown": "markdown",
    "rules_text": "rules",
    "run_json": "documents",
    "run_log_json": "log",
    "run_log_text": "log",
    "run_markdown": "markdown",
    "run_text": "runs",
    "runs_json": "log",
    "runs_text": "log",
    "status_html": "html",
    "status_json": "documents",
    "status_records_json": "documents",
    "status_records_text": "status",
    "status_text": "status",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
