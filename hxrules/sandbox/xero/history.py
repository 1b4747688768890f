"""History and notes of a record: `GET` and `PUT /{Resource}/{id}/History`.

Invariants: notes are only added, never edited or dated back; the newest stands first; the answer to a PUT shows the
text and the dates alone (facts/xero.md 6.9, recorded).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from hxrules.sandbox.xero import bodies, errors
from hxrules.sandbox.xero.dates import written
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.world import World

LONGEST_NOTE: Final = 2500
_NOTE: Final = bodies.shape(Details=bodies.text)


def endpoint(world: World, resource: str, scopes: Sequence[str], find: Callable[[str], Record | None]) -> Endpoint:
    """The history of one resource; `find` gives the record of an id."""

    def known(call: Call) -> str:
        record = find(call.parameters["key"])
        if record is None:
            raise Refusal(errors.NOT_FOUND)
        return call.parameters["key"].lower()

    def read(call: Call) -> Reply:
        notes = reversed(world.notes.get(known(call), []))
        rows = [{"Changes": "Note", **_dated(note["DateUTC"], True), **_rest(note)} for note in notes]
        return world.enclosed("HistoryRecords", rows)

    def add(call: Call) -> Reply:
        key, now = known(call), world.now()
        sent = bodies.elements(call, "HistoryRecords", "HistoryRecord", _NOTE)
        bad = [_refused(each) for each in sent if not 0 < len(each.get("Details", "")) <= LONGEST_NOTE]
        if bad:
            raise Refusal(errors.validation_failed(bad))
        notes = [{"DateUTC": now, "User": "System Generated", "Details": each["Details"]} for each in sent]
        world.notes.setdefault(key, []).extend(notes)
        rows = [{**_dated(now, False), "Details": each["Details"], "ValidationErrors": []} for each in sent]
        return world.enclosed("HistoryRecords", rows)

    return Endpoint(f"{resource}/{{key}}/History", scopes, {"GET": read, "PUT": add})


def _dated(moment: datetime, offset: bool) -> Record:
    return {"DateUTCString": f"{moment:%Y-%m-%dT%H:%M:%S}", "DateUTC": written(moment, offset=offset)}


def _rest(note: Record) -> Record:
    return {"User": note["User"], "Details": note["Details"]}


def _refused(sent: Record) -> Record:
    given = bool(sent.get("Details"))
    message = errors.too_long("Details", LONGEST_NOTE) if given else "Details must be specified."
    return {**sent, "ValidationErrors": [{"Message": message}]}
