"""A saved plan: what `dry-run -o` writes, `show` prints and `apply` carries out.

The file is the plan's own JSON with what the state should note besides (`observed_…`), in its one canonical spelling, sealed with the
digest of all of it. A file with one byte changed is refused (HX303), as is one of another format (HX304).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hxrules.planning.observations import Observations, observation_lists, read_observations
from hxrules.planning.plan import (
    FORMAT,
    Action,
    Change,
    Drift,
    Effect,
    Excluded,
    FieldChange,
    FilterEdit,
    Gone,
    Plan,
    RulesetRef,
    Verdict,
    canonical_json,
    digest,
    plan_pieces,
)
from hxrules.problems import Problem, Severity, Span
from hxrules.records import Accounts, App, BaseValue, Link, Membership, Organisation, Origin, Portal, RecordRef
from hxrules.values import IdOf, Json, Line, Lines, NotOfType, Value, ValueType, canonical, unpack


class BadPlan(ValueError):
    """The text is no plan that this version can read; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.summary)
        self.problem = problem


class SavedPlan(NamedTuple):
    """A plan from a file, with all that is needed to carry it out."""

    plan: Plan
    observations: Observations


_OBSERVED = "observed_"


def file_pieces(plan: Plan, observations: Observations) -> Iterator[str]:
    """The text of a plan file, piece by piece."""
    sealing = hashlib.sha256()
    for piece in _unsealed(plan, observations, {}):
        sealing.update(piece.encode())
    yield from _unsealed(plan, observations, {"seal": sealing.hexdigest()})
    yield "\n"


def _unsealed(plan: Plan, observations: Observations, more: Mapping[str, Any]) -> Iterator[str]:
    lists = {f"{_OBSERVED}{name}": rows for name, rows in observation_lists(observations).items()}
    return plan_pieces(plan, more, lists=lists)


def read_plan(text: str, file: str) -> SavedPlan:
    """The plan in `text`. Raises `BadPlan`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPlan(_no_plan(file, f"It is no JSON: {error}")) from error
    if not isinstance(document, dict) or not document.keys() >= {"plan", "changes", "seal"}:
        raise BadPlan(_no_plan(file, "It is JSON, but not what `hxrules dry-run -o` writes."))
    if document.get("format") != FORMAT:
        raise BadPlan(
            Problem(
                "HX304",
                f"{file} has plan format {document.get('format')!r}",
                f"This version of hxrules reads format {FORMAT}.",
                "Make the plan anew.",
                next_command="hxrules dry-run -o plan.json",
            )
        )
    if not _sealed(document, text):
        raise BadPlan(
            Problem(
                "HX303",
                f"{file} was changed after it was made",
                "Its content doesn't have the digest that it is sealed with.",
                "Make the plan anew; never edit one.",
                next_command="hxrules dry-run -o plan.json",
            )
        )
    try:
        seen = {name.removeprefix(_OBSERVED): rows for name, rows in document.items() if name.startswith(_OBSERVED)}
        plan = _plan(document)
        if plan.id != document["plan"]:
            raise ValueError("it isn't named by what is in it")
        return SavedPlan(plan, read_observations(seen))
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, NotOfType) as error:
        raise BadPlan(_no_plan(file, f"Something in it is not as it should be: {error!r:.500}")) from error


def _sealed(document: dict[str, Any], text: str) -> bool:
    """Is the text the document's one spelling, sealed with its digest? The seal is taken off."""
    seal = document.pop("seal")
    try:
        return canonical_json({**document, "seal": seal}) + "\n" == text and digest(document) == seal
    except (ValueError, RecursionError):  # half a character, or lists in lists without end: no plan was ever written so
        return False


def _no_plan(file: str, cause: str) -> Problem:
    return Problem("HX305", f"{file} is no plan", cause, "Name a file that `hxrules dry-run -o` wrote.")


def _plan(document: Mapping[str, Any]) -> Plan:
    ruleset, accounts, state = document["ruleset"], document["accounts"], document["state"]
    hubspot, xero = accounts["hubspot"], accounts["xero"]
    return Plan(
        ruleset=RulesetRef(ruleset["name"], ruleset["version"], ruleset["digest"], ruleset["file"]),
        accounts=Accounts(
            Portal(
                accounts["portal"],
                hubspot["time_zone"],
                hubspot["currency"],
                tuple(hubspot["currencies"]),
                hubspot["ui_domain"],
            ),
            Organisation(
                accounts["tenant"],
                accounts["organisation"],
                xero["short_code"],
                xero["time_zone"],
                xero["base_currency"],
            ),
        ),
        lineage=state["lineage"],
        serial=state["serial"],
        now=_instant(document["now"]),
        started={name: _instant(when) for name, when in document["started"].items()},
        changes=tuple(read_change(each) for each in document["changes"]),
        held=tuple(_problem(each) for each in document["held"]),
        excluded=tuple(
            Excluded(
                each["sync"], each["hubspot"], each["xero"], each["label"], each["reason"], each["leaf"], _span(each)
            )
            for each in document["excluded"]
        ),
        drift=tuple(
            Drift(
                each["sync"],
                each["hubspot"],
                each["xero"],
                each["label"],
                each["mapping"],
                App(each["app"]),
                _shown(each["before"]),
                _shown(each["now"]),
                _place(each),
            )
            for each in document["drift"]
        ),
        gone=tuple(
            Gone(each["sync"], App(each["app"]), each["hubspot"], each["xero"], each["label"])
            for each in document["gone"]
        ),
        filter_edits=tuple(FilterEdit(each["sync"], each["enter"], each["leave"]) for each in document["filter_edits"]),
        guards=tuple(_problem(each) for each in document["guards"]),
        in_sync=document["in_sync"],
        incomplete=tuple(document["incomplete"]),
        notices=tuple(_problem(each) for each in document.get("notices", ())),
        undo=document.get("undo"),
    )


def read_change(document: Mapping[str, Any]) -> Change:
    """The inverse of `plan.change_document`, for plan files and for the journal. Raises what a wrong document makes."""
    link = document["link"]
    return Change(
        id=document["id"],
        sync=document["sync"],
        action=Action(document["action"]),
        app=App(document["app"]),
        hubspot=document["hubspot"],
        xero=document["xero"],
        label=document["label"],
        note=document["note"],
        fields=tuple(
            FieldChange(
                each["mapping"],
                each["field"],
                _shown(each["before"]),
                _shown(each["after"]),
                Verdict(each["verdict"]),
                each["reason"],
                _place(each),
                _shown(each["source"]),
            )
            for each in document["fields"]
        ),
        effects=tuple(read_effect(each) for each in document["effects"]),
        link=None if link is None else _link(link, document["sync"]),
        bases={
            mapping: BaseValue(unpack(hubspot), unpack(xero), mapping_digest, settled)
            for mapping, (hubspot, xero, mapping_digest, settled) in document["bases"].items()
        },
        preconditions={App(app): fingerprint for app, fingerprint in document["preconditions"].items()},
        needs=tuple(document.get("needs", ())),
    )


def read_effect(document: Mapping[str, Any]) -> Effect:
    """The inverse of `plan.effect_document`."""
    return Effect(
        document["id"],
        App(document["app"]),
        document["type"],
        document["target"],
        {name: unpack(value) for name, value in document["values"].items()},
        document["slots"],
        document["memory"],
        {word: tuple(map(_id, ids)) for word, ids in document.get("associations", {}).items()},
        {word: tuple(ids) for word, ids in document.get("parting", {}).items()},
        document.get("archive", False),
        document.get("stage", 1),
        document.get("line"),
        {name: unpack(value) for name, value in document.get("before", {}).items()},
    )


def _id(stored: Json) -> str | IdOf:
    found = unpack(stored)
    if isinstance(found, str | IdOf):
        return found
    raise NotOfType(f"{stored!r} is no packed id")


def _link(document: Mapping[str, Any], sync: str) -> Link:
    return Link(
        document["id"],
        sync,
        document["hubspot"],
        document["xero"],
        Origin(document["made_by"]),
        App(document["born_in"]) if document["born_in"] else None,
        {App(app): Membership(member) for app, member in document["membership"].items()},
        App(document["gone"]) if document.get("gone") else None,
    )


def _problem(document: Mapping[str, Any]) -> Problem:
    def ref(app: App) -> RecordRef | None:
        return None if document[app.value] is None else RecordRef(app, document["sync"] or "", document[app.value])

    span = None
    if document["line"] is not None:
        span = Span(
            document["file"], document["line"], document["column"], document["end_line"], document["end_column"]
        )
    return Problem(
        document["code"],
        document["summary"],
        document["cause"],
        document["remedy"],
        Severity(document["severity"]),
        span,
        document["suggestion"],
        ref(App.HUBSPOT),
        ref(App.XERO),
        document["sync"],
        links=tuple(document["links"]),
        next_command=document["next"],
    )


def _shown(stored: Json) -> Value:
    """A value as `encode` wrote it for readers: what was a number or a day is text now, in lines as well."""
    if isinstance(stored, list):
        return Lines(tuple(_shown_line(each) for each in stored))
    if isinstance(stored, dict):
        return IdOf(str(stored["new"]))
    if stored is None or isinstance(stored, bool | str):
        return stored
    raise NotOfType(f"{stored!r} is no value for readers")


def _shown_line(stored: Json) -> Line:
    if not isinstance(stored, dict):
        raise NotOfType(f"{stored!r} is no line")
    line_id = stored["id"]
    values = tuple((name, each) for name, each in stored.items() if isinstance(each, bool | str))
    return Line(
        str(stored["type"]),
        line_id if isinstance(line_id, str) else None,
        tuple(each for each in values if each[0] not in ("type", "id")),
    )


def _instant(text: str) -> datetime:
    when: Value = canonical(ValueType.INSTANT, text)
    assert isinstance(when, datetime)
    return when


def _place(document: Mapping[str, Any]) -> Span:
    return Span(document["file"], document["line"], 1, document["line"], 1)


def _span(document: Mapping[str, Any]) -> Span | None:
    return None if document["line"] is None else _place(document)
