"""The JSON forms of reports (design §0.6), as data that `json.dumps` takes; the caller prints exactly one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hxrules.planning.plan import Action, Plan, plan_pieces, problem_document
from hxrules.problems import Problem, in_order
from hxrules.records import App, Standing
from hxrules.reports.masking import Values, mask_plan, mask_problem, mask_run, mask_text
from hxrules.reports.rules import RulesChanged, rules_json
from hxrules.reports.status import StandingRecord, StatusRow, standing_problem
from hxrules.running.run import AppCalls, Cost, Run
from hxrules.values import encode, instant_text


def problems_json(problems: Iterable[Problem], values: Values = Values.FULL) -> dict[str, Any]:
    """`{"problems": […]}`, by place."""
    return {"problems": [problem_document(mask_problem(problem, values)) for problem in in_order(problems)]}


def plan_json(
    plan: Plan, values: Values = Values.FULL, cost: Cost | None = None, rules: RulesChanged | None = None
) -> Iterator[str]:
    """The plan (`schemas/plan.v1.json`) as text, piece by piece, a change on a line. In full it is what a plan file holds, and
    `calls` and `rules_changed`; otherwise `values` says what was hidden, and the digest no longer fits the content, so that it can be
    read but not applied. What the plan cost, and what its rules were before, is no part of it: the same plan has the same digest,
    however it was read."""
    more = {} if cost is None else {"calls": _cost(cost)}
    if rules is not None:
        more["rules_changed"] = rules_json(rules, values)
    if values is Values.FULL:
        return plan_pieces(plan, more, line_end="\n")
    return plan_pieces(mask_plan(plan, values), {"plan": plan.id, "values": values.value, **more}, "\n")


def run_json(run: Run, values: Values = Values.FULL) -> dict[str, Any]:
    """What a run did. `failed` are all records that are failing now, those held by the plan included (they end a run with 6);
    `calls` are requests by app, `expected` those that writing the plan was expected to take, `traffic` the bytes and the seconds spent
    waiting for a limit."""
    plan_id = run.plan.id
    run = mask_run(run, values)
    return {
        "run": run.id,
        "plan": plan_id,
        "ruleset": {
            "name": run.plan.ruleset.name,
            "version": run.plan.ruleset.version,
            "digest": run.plan.ruleset.digest,
        },
        "started": instant_text(run.started),
        "finished": instant_text(run.finished),
        "summary": {
            **run.plan.summary,
            **{action.value: run.done.get(action.value, 0) for action in Action},
            "failed": len(run.failed),
            "left_over": run.left_over,
        },
        "failed": [problem_document(problem) for problem in (*run.failed, *run.plan.held)],
        "normalised": [
            {
                "sync": each.sync,
                "app": each.app.value,
                "record": each.record,
                "label": each.label,
                "field": each.field,
                "sent": encode(each.sent),
                "held": encode(each.held),
            }
            for each in run.normalised
        ],
        "stopped": None if run.stopped is None else problem_document(run.stopped),
        "calls": {app.value: run.calls.get(app, AppCalls()).calls for app in App},
        "expected": {app.value: run.expected.get(app, 0) for app in App},
        "traffic": {app.value: _traffic(run.calls.get(app, AppCalls())) for app in App},
    }


def status_json(rows: Iterable[StatusRow]) -> dict[str, Any]:
    """R20's overview."""
    return {
        "syncs": [
            {
                "name": row.name,
                "enabled": row.enabled,
                "in_sync": row.in_sync,
                "failing": row.failing,
                "excluded": row.excluded,
                "last_run": None if row.last_run is None else instant_text(row.last_run),
            }
            for row in rows
        ]
    }


def status_records_json(
    sync: str, standing: Standing, rows: Iterable[StandingRecord], values: Values = Values.FULL
) -> dict[str, Any]:
    """The records behind one of R20's numbers; `reason` is the problem of a failing one, else label, reason and leaf."""
    return {
        "sync": sync,
        "standing": standing.value.replace("-", "_"),
        "records": [
            {"hubspot": row.hubspot, "xero": row.xero, "reason": _reason(sync, standing, row, values)} for row in rows
        ],
    }


def _reason(sync: str, standing: Standing, row: StandingRecord, values: Values) -> dict[str, Any]:
    if standing is Standing.FAILING:
        return problem_document(standing_problem(sync, row, values))
    reason = dict(row.reason)
    return {**reason, "label": mask_text(str(reason["label"]), values, sync)} if "label" in reason else reason


def _cost(cost: Cost) -> dict[str, Any]:
    """`read` is what looking took, sign-in included; `expected` are the calls that writing is expected to take."""
    return {
        "read": {app.value: {"calls": each.calls, "bytes_in": each.bytes_in} for app, each in cost.read.items()},
        "expected": {app.value: number for app, number in cost.expected.items()},
    }


def _traffic(calls: AppCalls) -> dict[str, Any]:
    return {
        "reads": calls.reads,
        "writes": calls.writes,
        "bytes_in": calls.bytes_in,
        "bytes_out": calls.bytes_out,
        "waited": round(calls.waited, 3),
    }
