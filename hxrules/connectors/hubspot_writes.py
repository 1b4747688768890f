"""HubSpot's batches of writes (facts/hubspot.md 4.1, 4.2).

A create is an upsert by the memory property wherever that can be: the repeat of a lost answer then finds what the first
try made. One that brings associations along can't be (an upsert takes none), but is refused when its memory is taken, as
`value-taken`. Results are matched by trace id, id or unique value, never by place: HubSpot does not keep the order. A
batch that is refused as a whole is halved until the records that it is about stand alone.

Some properties are HubSpot's own in some accounts (`Field.optional`). Where one is refused as read-only, it is left out
from then on; what the account keeps in its place is read, for the answer says nothing of it.

See also: `hubspot` (the connector), `hubspot_associations`, `hubspot_codec`, `hubspot_dialect` (what an error means).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.connectors.http import Call, Http, Unanswered, encode_body
from hxrules.connectors.hubspot_associations import Associations
from hxrules.connectors.hubspot_codec import Decoder, properties_of
from hxrules.connectors.hubspot_dialect import BURST, FORBIDDEN, checked, read_only, refusal, write_error
from hxrules.records import App, Failure, Life, Record, RecordRef, Write, WriteError, WriteResult

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the batches. `same` tells whether a result without a trace id is a write's."""

    name: str
    repeatable: bool
    same: Callable[[TypeInfo, Write, Document], bool]


def _same_id(info: TypeInfo, write: Write, found: Document) -> bool:
    return str(found["id"]) == write.id


def _same_memory(info: TypeInfo, write: Write, found: Document) -> bool:
    kept = (found.get("properties") or {}).get(info.memory) if info.memory else None
    return kept is not None and kept == write.memory


def _same_unique_value(info: TypeInfo, write: Write, found: Document) -> bool:
    if _same_memory(info, write, found):
        return True
    own = info.settings.get("upsert")
    sent = properties_of(write.values).get(own) if own else None
    return bool(sent) and str((found.get("properties") or {}).get(own)).lower() == str(sent).lower()


_UPDATE: Final = _Way("update", True, _same_id)
_UPSERT: Final = _Way("upsert", True, _same_memory)
_CREATE: Final = _Way("create", False, _same_unique_value)
_ARCHIVE: Final = _Way("archive", True, _same_id)


class Writer:
    """Writes batches. `remembers` tells whether records of a type have the memory property, as a unique one."""

    def __init__(
        self,
        http: Http,
        catalogue: Catalogue,
        version: str,
        associations: Associations,
        remembers: Callable[[str], bool],
    ) -> None:
        self._http = http
        self._catalogue = catalogue
        self._version = version
        self._associations = associations
        self._remembers = remembers
        self._decoders: dict[tuple[Field, ...], Decoder] = {}
        self._kept: dict[str, frozenset[str]] = {}
        """Type → optional properties that this account does not let be written."""

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        """See `protocol.Connector.write`."""
        results: dict[int, WriteResult] = {}
        batches: dict[str, tuple[_Way, dict[int, Write]]] = {}
        for index, write in enumerate(writes):
            way = self._way(write)
            batches.setdefault(way.name, (way, {}))[1][index] = write
        for way, batch in batches.values():
            info = self._catalogue.type(App.HUBSPOT, next(iter(batch.values())).type)
            if way is _ARCHIVE:
                self._archive(info, batch, results)
                continue
            self._send(way, info, batch, results)
            if way is _UPDATE:
                done = {index: write for index, write in batch.items() if results[index].record is not None}
                for index, error in self._associations.change(info, done).items():
                    results[index] = WriteResult(None, error)
            self._fill(info, batch, results)
        return [results[index] for index in range(len(writes))]

    def _way(self, write: Write) -> _Way:
        if write.archive:
            return _ARCHIVE
        if write.id is not None:
            return _UPDATE
        # An upsert takes no associations.
        remembered = write.memory is not None and self._remembers(write.type) and not write.associations
        return _UPSERT if remembered else _CREATE

    def _send(self, way: _Way, info: TypeInfo, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        inputs = {index: self._input(way, info, index, write) for index, write in writes.items()}
        if way is _UPDATE:
            silent = [index for index, entry in inputs.items() if not entry["properties"]]
            for index in silent:
                results[index] = WriteResult(_bare(info, writes[index]))
                del inputs[index]
        if not inputs:
            return
        writes = {index: writes[index] for index in inputs}
        body = encode_body({"inputs": list(inputs.values())})
        call = self._call(info, way, body)
        try:
            answer = self._http.send(call)
        except Unanswered as reason:
            lost = WriteResult(None, WriteError(Failure.IN_DOUBT, "no-answer", str(reason)))
            results.update(dict.fromkeys(writes, lost))
            return
        if answer.succeeded:
            again = self._match(way, info, dict(writes), inputs, answer.document or {}, results)
        elif self._keeps(info, answer.document or {}, inputs.values()):
            again = writes
        elif len(writes) == 1 or answer.status == 403:
            results.update(dict.fromkeys(writes, WriteResult(None, refusal(answer))))
            return
        else:
            for half in _halves(writes):
                self._send(way, info, half, results)
            return
        if again:
            self._send(way, info, again, results)

    def _call(self, info: TypeInfo, way: _Way, body: bytes) -> Call:
        path = f"/crm/objects/{self._version}/{info.path}/batch/{way.name}"
        return Call("POST", path, "writes", body=body, windows=BURST, repeatable=way.repeatable, returns=FORBIDDEN)

    def _input(self, way: _Way, info: TypeInfo, index: int, write: Write) -> Document:
        kept = self._kept.get(info.type, frozenset())
        properties = {name: value for name, value in properties_of(write.values).items() if name not in kept}
        # With a trace id on every input, one that is refused does not take the others along.
        entry: Document = {"properties": properties, "objectWriteTraceId": str(index)}
        if way is _UPDATE:
            entry["id"] = write.id
        else:
            entry["properties"] = {**_constants(info), **properties}
        if way is _UPSERT:
            return {**entry, "id": write.memory, "idProperty": info.memory}
        if write.memory is not None and info.memory and self._remembers(info.type):
            entry["properties"].setdefault(info.memory, write.memory)
        if write.associations and way is _CREATE:
            entry["associations"] = self._associations.inline(info, write.associations)
        return entry

    def _match(
        self,
        way: _Way,
        info: TypeInfo,
        waiting: dict[int, Write],
        inputs: Mapping[int, Document],
        document: Document,
        results: dict[int, WriteResult],
    ) -> dict[int, Write]:
        """Gives each write of `waiting` its result, but for those returned: they are to be sent again, with less."""
        strangers: list[Document] = []
        again: dict[int, Write] = {}
        for found in document.get("results") or ():
            index = _owner(way, info, waiting, found)
            if index is None:
                strangers.append(found)
            else:
                results[index] = WriteResult(self._written(way, info, waiting.pop(index), inputs[index], found))
        for error in document.get("errors") or ():
            for index in _meant(error, waiting):
                write = waiting.pop(index)
                if self._keeps(info, error, (inputs[index],)):
                    again[index] = write
                else:
                    results[index] = WriteResult(None, write_error(error))
        if len(waiting) == 1 and len(strangers) == 1:
            index, write = waiting.popitem()
            results[index] = WriteResult(self._written(way, info, write, inputs[index], strangers[0]))
        silent = WriteError(Failure.IN_DOUBT, "no-answer", "HubSpot's answer does not mention this record.")
        results.update(dict.fromkeys(waiting, WriteResult(None, silent)))
        return again

    def _keeps(self, info: TypeInfo, error: Document, sent: Iterable[Document]) -> bool:
        """Whether the error is about optional properties among those sent; they are left out from now on."""
        optional = {each.path.text for each in info.fields.values() if each.optional}
        refused = read_only(error) & optional
        self._kept[info.type] = self._kept.get(info.type, frozenset()) | refused
        return any(refused & entry["properties"].keys() for entry in sent)

    def _written(self, way: _Way, info: TypeInfo, write: Write, entry: Document, document: Document) -> Record:
        shown = (info.fields[name] for name in info.settings.get("reads", ()))
        fields = tuple(dict.fromkeys((*write.values, *shown)))
        cleared = {name for name, value in entry["properties"].items() if not value}
        if way is not _UPDATE and document.get("new") is not False:
            # All of a new record is answered: what is not there, the account has left empty.
            cleared.update(each.path.text for each in write.values if each.optional)
        return self._decoder(info, fields).record(document, {}, cleared=cleared)

    def _fill(self, info: TypeInfo, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        """Reads the optional values that an answer is silent about, as it is where HubSpot keeps its own."""
        unknown: dict[str, tuple[int, Record]] = {}
        wanted: dict[Field, None] = {}
        for index, write in writes.items():
            record = results[index].record
            missing = [each for each in write.values if each.optional and record and each.name not in record.fields]
            if record and missing:
                unknown[record.ref.id] = (index, record)
                wanted.update(dict.fromkeys(missing))
        if not unknown:
            return
        decoder = self._decoder(info, tuple(wanted))
        body = {"inputs": [{"id": each} for each in unknown], "properties": list(decoder.properties)}
        path = f"/crm/objects/{self._version}/{info.path}/batch/read"
        call = Call("POST", path, "reads", body=encode_body(body), windows=BURST)
        for found in checked(call, self._http.send(call)).get("results") or ():
            if str(found["id"]) in unknown:
                index, record = unknown[str(found["id"])]
                fresh = decoder.record(found, {})
                results[index] = WriteResult(replace(fresh, fields={**fresh.fields, **record.fields}))

    def _decoder(self, info: TypeInfo, fields: tuple[Field, ...]) -> Decoder:
        decoder = self._decoders.get(fields)
        if decoder is None:
            decoder = self._decoders[fields] = Decoder(info, fields)
        return decoder

    def _archive(self, info: TypeInfo, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        body = encode_body({"inputs": [{"id": write.id} for write in writes.values()]})
        answer = self._http.send(self._call(info, _ARCHIVE, body))
        if answer.succeeded or (answer.status == 404 and len(writes) == 1):
            for index, write in writes.items():
                results[index] = WriteResult(replace(_bare(info, write), life=Life.ARCHIVED))
        elif len(writes) == 1 or answer.status == 403:
            results.update(dict.fromkeys(writes, WriteResult(None, refusal(answer))))
        else:
            for half in _halves(writes):
                self._archive(info, half, results)


def _halves(writes: Mapping[int, Write]) -> tuple[dict[int, Write], dict[int, Write]]:
    items = list(writes.items())
    return dict(items[: len(items) // 2]), dict(items[len(items) // 2 :])


def _constants(info: TypeInfo) -> dict[str, str]:
    """What every record says that we make."""
    return properties_of({info.fields[name]: value for name, value in info.settings.get("create", {}).items()})


def _bare(info: TypeInfo, write: Write) -> Record:
    """A record of which nothing was said."""
    return Record(RecordRef(App.HUBSPOT, info.type, str(write.id)), {})


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
