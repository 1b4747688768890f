"""HubSpot's batches of writes (facts/hubspot.md 4.1, 4.2).

A create is an upsert by the memory property wherever there is one: the repeat of a lost answer then finds what the
first try made. Results are matched by trace id, id or unique value, never by place: HubSpot does not keep the order. A
batch that is refused as a whole is halved until the records that it is about stand alone.

See also: `hubspot` (the connector), `hubspot_codec`, `hubspot_dialect` (what an error means).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.connectors.http import Call, Http, Unanswered, encode_body
from hxrules.connectors.hubspot_codec import Decoder, properties_of
from hxrules.connectors.hubspot_dialect import BURST, write_error
from hxrules.records import App, Failure, Record, Write, WriteError, WriteResult

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the three batches. `same` tells whether a result without a trace id is a write's."""

    name: str
    repeatable: bool
    same: Callable[[TypeInfo, Write, Document], bool]


def _same_id(info: TypeInfo, write: Write, found: Document) -> bool:
    return str(found["id"]) == write.id


def _same_memory(info: TypeInfo, write: Write, found: Document) -> bool:
    return info.memory is not None and (found.get("properties") or {}).get(info.memory) == write.memory


def _same_unique_value(info: TypeInfo, write: Write, found: Document) -> bool:
    own = info.settings.get("upsert")
    sent = properties_of(write.values).get(own) if own else None
    return bool(sent) and str((found.get("properties") or {}).get(own)).lower() == str(sent).lower()


_UPDATE: Final = _Way("update", True, _same_id)
_UPSERT: Final = _Way("upsert", True, _same_memory)
_CREATE: Final = _Way("create", False, _same_unique_value)


class Writer:
    """Writes batches. `remembers` tells whether records of a type have the memory property, as a unique one."""

    def __init__(self, http: Http, catalogue: Catalogue, version: str, remembers: Callable[[str], bool]) -> None:
        self._http = http
        self._catalogue = catalogue
        self._version = version
        self._remembers = remembers
        self._decoders: dict[tuple[Field, ...], Decoder] = {}

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """See `protocol.Connector.write`."""
        results: dict[int, WriteResult] = {}
        batches: dict[str, tuple[_Way, dict[int, Write]]] = {}
        for index, write in enumerate(writes):
            way = self._way(write)
            batches.setdefault(way.name, (way, {}))[1][index] = write
        for way, batch in batches.values():
            self._send(way, batch, results)
        return [results[index] for index in range(len(writes))]

    def _way(self, write: Write) -> _Way:
        if write.id is not None:
            return _UPDATE
        return _UPSERT if write.memory is not None and self._remembers(write.type) else _CREATE

    def _send(self, way: _Way, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        info = self._catalogue.type(App.HUBSPOT, next(iter(writes.values())).type)
        body = encode_body({"inputs": [self._input(way, info, index, write) for index, write in writes.items()]})
        path = f"/crm/objects/{self._version}/{info.path}/batch/{way.name}"
        try:
            answer = self._http.send(Call("POST", path, "writes", body=body, windows=BURST, repeatable=way.repeatable))
        except Unanswered as reason:
            lost = WriteResult(None, WriteError(Failure.IN_DOUBT, "no-answer", str(reason)))
            results.update(dict.fromkeys(writes, lost))
            return
        if answer.succeeded:
            self._match(way, info, dict(writes), answer.document or {}, results)
        elif len(writes) == 1:
            results[next(iter(writes))] = WriteResult(None, write_error(answer.document or {}, answer.status))
        else:
            items = list(writes.items())
            self._send(way, dict(items[: len(items) // 2]), results)
            self._send(way, dict(items[len(items) // 2 :]), results)

    def _input(self, way: _Way, info: TypeInfo, index: int, write: Write) -> Document:
        # With a trace id on every input, one that is refused does not take the others along.
        entry: Document = {"properties": properties_of(write.values), "objectWriteTraceId": str(index)}
        if way is _UPSERT:
            entry |= {"id": write.memory, "idProperty": info.memory}
        elif way is _UPDATE:
            entry["id"] = write.id
            if write.memory is not None and info.memory and self._remembers(info.type):
                entry["properties"].setdefault(info.memory, write.memory)
        return entry

    def _match(
        self,
        way: _Way,
        info: TypeInfo,
        waiting: dict[int, Write],
        document: Document,
        results: dict[int, WriteResult],
    ) -> None:
        """Gives each write of `waiting` its result."""
        strangers: list[Document] = []
        for found in document.get("results") or ():
            index = _owner(way, info, waiting, found)
            if index is None:
                strangers.append(found)
            else:
                results[index] = WriteResult(self._written(info, waiting.pop(index), found))
        for error in document.get("errors") or ():
            for index in _meant(error, waiting):
                results[index] = WriteResult(None, write_error(error))
                del waiting[index]
        if len(waiting) == 1 and len(strangers) == 1:
            index, write = waiting.popitem()
            results[index] = WriteResult(self._written(info, write, strangers[0]))
        silent = WriteError(Failure.IN_DOUBT, "no-answer", "HubSpot's answer does not mention this record.")
        results.update(dict.fromkeys(waiting, WriteResult(None, silent)))

    def _written(self, info: TypeInfo, write: Write, document: Document) -> Record:
        fields = tuple(write.values)
        decoder = self._decoders.get(fields)
        if decoder is None:
            decoder = self._decoders[fields] = Decoder(info, fields)
        cleared = {name for name, value in properties_of(write.values).items() if not value}
        return decoder.record(document, {}, cleared=cleared)


def _owner(way: _Way, info: TypeInfo, waiting: Mapping[int, Write], found: Document) -> int | None:
    trace = str(found.get("objectWriteTraceId") or "")
    if trace.isdecimal() and int(trace) in waiting:
        return int(trace)
    owners = [index for index, write in waiting.items() if way.same(info, write, found)]
    return owners[0] if len(owners) == 1 else None


def _meant(error: Document, waiting: Mapping[int, Write]) -> list[int]:
    """The writes that an error of a partial answer is about: by trace id, else by any id that it names."""
    context = error.get("context") or {}
    traces = {str(each) for each in context.get("objectWriteTraceId") or ()}
    if traces:
        return [index for index in waiting if str(index) in traces]
    named = {str(each) for values in context.values() if isinstance(values, list) for each in values}
    return [index for index, write in waiting.items() if named & {write.id, write.memory}]
