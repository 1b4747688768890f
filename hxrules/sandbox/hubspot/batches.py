"""Endpoints of up to 100 records at once, and when such a batch fails in part (207) instead of as a whole.

A write fails in part only where each failed input can be named: by its `objectWriteTraceId`, which all inputs must then
have, or by its id where that was not found. An upsert by e-mail never does.
See also: facts/hubspot.md 4.1 and 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from hxrules.sandbox.hubspot.calls import OBJECTS, Answer, Call, Endpoint, names_of, text_of
from hxrules.sandbox.hubspot.errors import ApiError, invalid_json, not_found, temporary, validation
from hxrules.sandbox.hubspot.invoicing import Claims
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.reading import Reading
from hxrules.sandbox.hubspot.records import Store
from hxrules.sandbox.hubspot.values import instant
from hxrules.sandbox.hubspot.writing import Draft, Writing

MOST_INPUTS: Final = 100

Kind = Literal["create", "update", "upsert"]
Prepare = Callable[[dict[str, Any], Claims], Draft]


class BatchCalls:
    """The endpoints, for all types of records alike."""

    def __init__(self, portal: Portal, reading: Reading, writing: Writing) -> None:
        self._portal = portal
        self._reading = reading
        self._writing = writing
        self.endpoints = [
            Endpoint("POST", OBJECTS, "/{type}/batch/read", self.read),
            Endpoint("POST", OBJECTS, "/{type}/batch/create", self.create),
            Endpoint("POST", OBJECTS, "/{type}/batch/update", self.update),
            Endpoint("POST", OBJECTS, "/{type}/batch/upsert", self.upsert),
            Endpoint("POST", OBJECTS, "/{type}/batch/archive", self.archive),
        ]

    def read(self, call: Call) -> Answer:
        """Records by id or by a unique property; those that don't exist are one error together."""
        store = self._portal.readable(call.path["type"])
        body = call.json()
        ids = list(dict.fromkeys(text_of(part, "id") for part in call.inputs(MOST_INPUTS)))
        names, history = names_of(body, "properties"), names_of(body, "propertiesWithHistory")
        results, missing, failed = [], [], []
        for n, id in enumerate(ids):
            record = self._reading.find(store, id, body.get("idProperty"), call.flag("archived"))
            if record is None:
                missing.append(id)
            elif call.fault == "partial-batch" and n % 2:
                failed.append(temporary().element({"ids": [id]}))
            else:
                results.append(self._reading.show(store, record, names, history))
        if missing:
            failed.append(_missing(store).element({"ids": missing}))
        return self._answer(200, results, failed)

    def create(self, call: Call) -> Answer:
        """New records."""
        store = self._portal.writable(call.path["type"])

        def prepare(part: dict[str, Any], claims: Claims) -> Draft:
            return self._writing.prepare_create(store, part, call, claims)

        return self._write(store, call, "create", prepare)

    def update(self, call: Call) -> Answer:
        """New values of records by id or by a unique property."""
        store = self._portal.writable(call.path["type"])
        _refuse_twice([text_of(part, "id") for part in call.inputs(MOST_INPUTS)])

        def prepare(part: dict[str, Any], claims: Claims) -> Draft:
            record = self._reading.find(store, text_of(part, "id"), part.get("idProperty"))
            if record is None:
                raise _missing(store)
            return self._writing.prepare_update(store, record, part, call, claims)

        return self._write(store, call, "update", prepare)

    def upsert(self, call: Call) -> Answer:
        """Records by a unique property: updated where one has the value, else made with it."""
        store = self._portal.writable(call.path["type"])
        rules = self._portal.rules[store.type.name]
        inputs = call.inputs(MOST_INPUTS)
        names = {text_of(part, "idProperty") for part in inputs}
        _refuse_twice([rules.key_of(part["idProperty"], text_of(part, "id")) for part in inputs])

        def prepare(part: dict[str, Any], claims: Claims) -> Draft:
            name, value = part["idProperty"], text_of(part, "id")
            if not rules.identifies(name):
                raise validation(f"idProperty {name} is not a unique property of {store.type.name}")
            record = store.find(name, rules.key_of(name, value))
            if record is not None:
                return self._writing.prepare_update(store, record, part, call, claims)
            if not isinstance(part.get("properties"), dict):
                raise invalid_json("properties must be an object")
            whole = {**part, "properties": {**part["properties"], name: value}}
            return self._writing.prepare_create(store, whole, call, claims)

        partly = all(rules.upserts_partly(name) for name in names)
        return self._write(store, call, "upsert", prepare, may_be_partial=partly)

    def archive(self, call: Call) -> Answer:
        """Records into the recycle bin; unknown ones are passed over."""
        store = self._portal.writable(call.path["type"])
        found = (self._reading.find(store, text_of(part, "id")) for part in call.inputs(MOST_INPUTS))
        self._writing.archive(store, [record for record in found if record])
        return Answer(204)

    def _write(self, store: Store, call: Call, kind: Kind, prepare: Prepare, *, may_be_partial: bool = True) -> Answer:
        """Check all inputs, then carry out those that passed, unless one that failed makes all fail."""
        inputs = call.inputs(MOST_INPUTS)
        traces = [text_of(part, "objectWriteTraceId") if "objectWriteTraceId" in part else None for part in inputs]
        traced = may_be_partial and all(traces)
        if len(set(traces)) < len(traces) and any(traces):
            raise validation("objectWriteTraceId must be unique within a batch")
        claims: Claims = set()
        drafts: list[tuple[str | None, Draft]] = []
        failed: list[dict[str, Any]] = []
        for n, (trace, part) in enumerate(zip(traces, inputs, strict=True)):
            try:
                if call.fault == "partial-batch" and n % 2:
                    raise temporary()
                drafts.append((trace, prepare(part, claims)))
            except ApiError as error:
                named_by_id = may_be_partial and kind != "create" and error.status in (404, 500)
                if not (traced or named_by_id) or (error.status == 409 and self._conflicts_fail_all()):
                    raise
                context = {"objectWriteTraceId": [trace]} if trace else {}
                failed.append(error.element(context if kind == "create" else {**context, "ids": [str(part["id"])]}))
        results = []
        for (trace, _), written in zip(drafts, self._writing.commit(*(draft for _, draft in drafts)), strict=True):
            shown = self._reading.show_written(store, written)
            if kind == "upsert":
                shown["new"] = written.is_new
            if trace:
                shown["objectWriteTraceId"] = trace
            results.append(shown)
        return self._answer(201 if kind == "create" else 200, results, failed)

    def _conflicts_fail_all(self) -> bool:
        return self._portal.env.quirks["batch-conflict"] == "409"

    def _answer(self, status: int, results: list[dict[str, Any]], failed: list[dict[str, Any]]) -> Answer:
        if self._portal.env.quirks["batch-order"] == "shuffled":
            self._portal.rng.shuffle(results)
        return batch_answer(self._portal, status, results, failed)


def batch_answer(
    portal: Portal, status: int, results: Sequence[dict[str, Any]], failed: Sequence[dict[str, Any]]
) -> Answer:
    """The envelope of every batch: 207 with the errors when some inputs failed."""
    now = instant(portal.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not failed:
        return Answer(status, body)
    return Answer(207, body | {"numErrors": len(failed), "errors": failed})


def _missing(store: Store) -> ApiError:
    name = store.type.singular.upper()
    return not_found(f"Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid.")


def _refuse_twice(ids: list[str]) -> None:
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise validation(f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique.")
