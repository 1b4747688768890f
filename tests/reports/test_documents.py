"""The JSON that scripts rely on: the promised keys, and plans that fit their published schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import plan_factory as make
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hxrules.planning.observations import Observations
from hxrules.planning.plan import (
    Action,
    Change,
    Drift,
    Effect,
    Excluded,
    FieldChange,
    FilterEdit,
    Gone,
    Plan,
    Verdict,
    digest,
    plan_document,
    problem_document,
)
from hxrules.planning.plan_file import file_pieces, read_plan
from hxrules.problems import Problem, Severity, Span
from hxrules.records import App, BaseValue, Link, Membership, Origin, RecordRef, Standing
from hxrules.reports import (
    StandingRecord,
    StatusRow,
    Values,
    plan_json,
    problems_json,
    run_json,
    status_json,
    status_records_json,
)
from hxrules.values import IdOf, Line, Lines


def read(pieces: Iterable[str]) -> dict[str, Any]:
    """The document that comes in pieces."""
    document: dict[str, Any] = json.loads("".join(pieces))
    return document


SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.v1.json").read_text(encoding="utf-8"))


def closed(schema: Any) -> Any:
    """The schema, with every key forbidden that it doesn't name, but where it says what else there may be."""
    schema = copy.deepcopy(schema)

    def close(part: Any) -> None:
        if isinstance(part, dict):
            if "properties" in part and "required" in part:
                part.setdefault("additionalProperties", False)
            for value in part.values():
                close(value)
        elif isinstance(part, list):
            for value in part:
                close(value)

    close(schema)
    return schema


STRICT = Draft7Validator(closed(SCHEMA))


def complaints(document: Any) -> list[str]:
    """What the schema has against the document, as it is after a way through JSON."""
    return [f"{error.json_path}: {error.message}" for error in STRICT.iter_errors(json.loads(json.dumps(document)))]


IDS = st.text("0123456789abcdef-", min_size=1, max_size=36)
TEXT = st.text(max_size=20)
INSTANTS = st.datetimes(timezones=st.just(UTC)).map(
    lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
)
"""In milliseconds, as finely as both apps tell the time."""
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    TEXT,
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.dates(),
    INSTANTS,
)
NAMES = st.from_regex(r"[A-Z][A-Za-z]{0,9}", fullmatch=True)
INVOICE_LINES = st.builds(
    Lines,
    st.lists(
        st.builds(
            Line.of,
            st.sampled_from(["line_items", "taxes", "discounts", "lines"]),
            st.none() | IDS,
            st.dictionaries(NAMES, SCALARS, max_size=3),
        ),
        max_size=3,
    ).map(tuple),
)
VALUES = st.one_of(SCALARS, st.builds(IdOf, IDS), INVOICE_LINES)
SPANS = st.builds(Span, st.just("hxrules.yaml"), *[st.integers(1, 500)] * 4)
APPS = st.sampled_from(App)
SYNCS = st.sampled_from(["contacts", "products", "invoices", "payments"])


def refs(app: App) -> st.SearchStrategy[RecordRef | None]:
    return st.none() | st.builds(RecordRef, st.just(app), SYNCS, IDS)


PROBLEMS = st.builds(
    Problem,
    st.from_regex(r"HX[1-9][0-9]{2}", fullmatch=True),
    TEXT,
    TEXT,
    TEXT,
    st.sampled_from(Severity),
    st.none() | SPANS,
    st.none() | TEXT,
    refs(App.HUBSPOT),
    refs(App.XERO),
    st.none() | SYNCS,
    links=st.lists(TEXT, max_size=2).map(tuple),
    next_command=st.none() | TEXT,
)
FIELDS = st.builds(FieldChange, TEXT, TEXT, VALUES, VALUES, st.sampled_from(Verdict), TEXT, SPANS, VALUES)
EFFECTS = st.builds(
    Effect,
    IDS,
    APPS,
    SYNCS,
    st.none() | IDS,
    st.dictionaries(TEXT, VALUES, max_size=3),
    st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2),
    st.none() | IDS,
    st.dictionaries(TEXT, st.lists(IDS | st.builds(IdOf, IDS), max_size=2).map(tuple), max_size=2),
    st.dictionaries(TEXT, st.lists(IDS, max_size=2).map(tuple), max_size=2),
    st.booleans(),
    st.integers(0, 2),
    st.none() | st.integers(0, 99),
)
LINKS = st.builds(
    Link,
    IDS,
    SYNCS,
    IDS,
    IDS,
    st.sampled_from(Origin),
    st.none() | APPS,
    st.dictionaries(APPS, st.sampled_from(Membership), max_size=2),
)
CHANGES = st.builds(
    Change,
    IDS,
    SYNCS,
    st.sampled_from(Action),
    APPS,
    st.none() | IDS,
    st.none() | IDS,
    TEXT,
    st.lists(FIELDS, max_size=3).map(tuple),
    st.lists(EFFECTS, max_size=2).map(tuple),
    st.none() | LINKS,
    st.dictionaries(TEXT, st.builds(BaseValue, VALUES, VALUES, IDS, st.booleans()), max_size=2),
    st.dictionaries(APPS, IDS, max_size=2),
    TEXT,
)


def several(what: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(what, max_size=2).map(tuple)


NUMBERS = st.integers(0, 10**6)
PLANS = st.builds(
    Plan,
    st.just(make.plan().ruleset),
    st.just(make.accounts()),
    IDS,
    NUMBERS,
    INSTANTS,
    st.dictionaries(SYNCS, INSTANTS, max_size=2),
    several(CHANGES),
    several(PROBLEMS),
    several(st.builds(Excluded, SYNCS, st.none() | IDS, st.none() | IDS, TEXT, TEXT, TEXT, st.none() | SPANS)),
    several(st.builds(Drift, SYNCS, IDS, IDS, TEXT, TEXT, APPS, VALUES, VALUES, SPANS)),
    several(st.builds(Gone, SYNCS, APPS, IDS, IDS, TEXT)),
    several(st.builds(FilterEdit, SYNCS, NUMBERS, NUMBERS)),
    several(PROBLEMS),
    st.dictionaries(SYNCS, NUMBERS, max_size=4),
    several(TEXT),
    several(PROBLEMS),
)


def test_the_schema_is_a_valid_draft_07() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


@given(PLANS)
@settings(max_examples=150, deadline=None)
def test_every_plan_fits_the_schema_and_the_schema_names_every_key(plan: Plan) -> None:
    assert complaints(plan_document(plan)) == []


@given(PLANS, st.sampled_from(Values))
@settings(max_examples=60, deadline=None)
def test_masked_plans_fit_it_too(plan: Plan, values: Values) -> None:
    assert complaints(read(plan_json(plan, values))) == []


@given(PLANS)
@settings(max_examples=60, deadline=None)
def test_a_plan_that_was_saved_and_read_is_the_same_plan(plan: Plan) -> None:
    """With its lines, with what it refers to, with its notices: the same id, and the same document."""
    saved = plan_document(plan)
    again = read_plan("".join(file_pieces(plan, Observations())), "plan.json").plan
    assert again.id == plan.id
    assert plan_document(again) == saved
    assert [change.effects for change in again.changes] == [change.effects for change in plan.changes]


def broken() -> Iterator[tuple[str, Any]]:
    """Plans that are none: the schema must see each."""
    for key in sorted(plan_document(make.busy_plan())):
        document = plan_document(make.busy_plan())
        del document[key]
        yield f"without {key}", document
    changes: list[tuple[str, Any]] = [
        ("action", "delete"),
        ("app", "sage"),
        ("hubspot", 5),
        ("fields", None),
        ("link", "x"),
    ]
    for name, value in changes:
        document = plan_document(make.busy_plan())
        document["changes"][0][name] = value
        yield f"{name} {value!r}", document
    document = plan_document(make.busy_plan())
    document["changes"][2]["effects"][0]["values"]["phone"] = "+61"
    yield "an unpacked value", document
    document = plan_document(make.busy_plan())
    document["changes"][2]["effects"][0]["values"]["lines"] = [["lines", None, {"UnitAmount": "10.5"}]]
    yield "a line with an unpacked value", document
    document = plan_document(make.busy_plan())
    document["changes"][2]["fields"][0]["after"] = [{"UnitAmount": "10.5"}]
    yield "a line of no type", document
    yield "another format", {**plan_document(make.busy_plan()), "format": 2}


@pytest.mark.parametrize(("what", "document"), list(broken()), ids=[what for what, _ in broken()])
def test_the_schema_refuses_what_is_no_plan(what: str, document: Any) -> None:
    assert list(Draft7Validator(SCHEMA).iter_errors(document)) != []


def test_a_plan_in_full_is_its_file() -> None:
    document = read(plan_json(make.busy_plan()))
    assert document == plan_document(make.busy_plan())
    assert document["plan"] == digest({key: value for key, value in document.items() if key != "plan"})


def test_a_plan_has_the_promised_keys() -> None:
    document = read(plan_json(make.busy_plan()))
    assert {
        "format",
        "plan",
        "ruleset",
        "accounts",
        "now",
        "has_changes",
        "summary",
        "changes",
        "held",
        "excluded",
    } <= set(document)
    assert set(document["summary"]) == {
        *("create", "update", "link", "void", "archive", "conflict", "held", "excluded", "in_sync")
    }
    assert {"id", "sync", "action", "app", "hubspot", "xero", "label", "fields"} <= set(document["changes"][0])
    assert {"mapping", "before", "after", "reason", "file", "line"} <= set(document["changes"][2]["fields"][0])
    assert {"sync", "hubspot", "xero", "reason", "leaf"} <= set(document["excluded"][0])


def test_problems_have_the_promised_keys_and_stand_by_place() -> None:
    later, earlier = (
        Problem("HX110", "b", span=Span("a", 2, 1, 2, 2)),
        Problem("HX110", "a", span=Span("a", 1, 1, 1, 2)),
    )
    first, second = problems_json([later, earlier])["problems"]
    assert [first["line"], second["line"]] == [1, 2]
    assert set(first) >= {
        *("code", "severity", "file", "line", "column", "end_line", "end_column"),
        *("summary", "cause", "remedy", "suggestion", "hubspot", "xero"),
    }
    assert problems_json([]) == {"problems": []}


def test_a_run_tells_what_was_done_and_everything_that_fails() -> None:
    run = make.busy_run()
    document = json.loads(json.dumps(run_json(run)))
    assert document["run"] == run.id
    assert document["plan"] == run.plan.id
    assert document["calls"] == {"hubspot": 12, "xero": 31}
    assert document["traffic"]["xero"] == {
        "reads": 26,
        "writes": 5,
        "bytes_in": 910_004,
        "bytes_out": 3_900,
        "waited": 4.25,
    }
    assert document["summary"] == {
        "create": 1,
        "update": 4,
        "link": 2,
        "void": 0,
        "archive": 0,
        "conflict": 3,
        "held": 3,
        "excluded": 120,
        "in_sync": 4412,
        "failed": 1,
        "left_over": 1,
    }
    assert [problem["code"] for problem in document["failed"]] == ["HX214", "HX203", "HX203", "HX201"]
    assert document["stopped"]["code"] == "HX310"
    assert (document["started"], document["finished"]) == ("2026-11-22T03:04:05Z", "2026-11-22T03:05:17Z")
    assert document["normalised"][0]["sent"] == "carla"


def test_status_has_the_promised_keys() -> None:
    rows = [
        StatusRow("contacts", True, 1, 2, 3, make.NOW + timedelta(milliseconds=250)),
        StatusRow("x", False, 0, 0, 0, None),
    ]
    assert status_json(rows) == {
        "syncs": [
            {
                "name": "contacts",
                "enabled": True,
                "in_sync": 1,
                "failing": 2,
                "excluded": 3,
                "last_run": "2026-11-22T03:04:05.250Z",
            },
            {"name": "x", "enabled": False, "in_sync": 0, "failing": 0, "excluded": 0, "last_run": None},
        ]
    }


def test_records_behind_a_number_have_their_reason() -> None:
    excluded = StandingRecord("1", None, {"label": "Jane Doe", "reason": "the filter", "leaf": "a > 1"})
    assert status_records_json("contacts", Standing.EXCLUDED, [excluded]) == {
        "sync": "contacts",
        "standing": "excluded",
        "records": [
            {"hubspot": "1", "xero": None, "reason": {"label": "Jane Doe", "reason": "the filter", "leaf": "a > 1"}}
        ],
    }
    held = make.taken(1, "Globex")
    row = StandingRecord("701", None, problem_document(held))
    document = status_records_json("contacts", Standing.FAILING, [row])
    assert document["standing"] == "failing"
    assert document["records"][0]["reason"]["code"] == "HX203"
    assert document["records"][0]["reason"]["remedy"] == held.remedy
