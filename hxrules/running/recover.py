"""Effects whose answer was lost: were they done or not? Always by looking into the app, never by guessing (design §2.5).

A create is looked up by the partner's id that it carries, or by a value that only one record may have; an update by reading the record.
Only what certainly is not there is sent again, under a new idempotency key: the app may have kept its bad answer for the old one
(facts/xero.md 4).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from enum import Enum

from hxrules.catalogue import Catalogue, Field, TypeInfo, Writable
from hxrules.connectors.protocol import Connector
from hxrules.records import (
    App,
    Failure,
    Life,
    ReadRequest,
    Record,
    RecordRef,
    Write,
    WriteResult,
)
from hxrules.values import Line, Lines, Value


def made_certain(
    connector: Connector,
    writes: Sequence[Write],
    written: Sequence[WriteResult],
    catalogue: Catalogue,
    linked: Callable[[App], Collection[str]],
) -> list[WriteResult]:
    """What became of a batch that was written; what came back in doubt is looked up, and tried once more when it is not there.

    `linked` tells the ids that are somebody's partner already.
    """
    results = list(written)
    doubtful = [
        index for index, result in enumerate(results) if _in_doubt(result) or _made_before(writes[index], result)
    ]
    if not doubtful:
        return results
    found = look([writes[index] for index in doubtful], connector, catalogue, linked)
    missing: list[int] = []
    for index, record in zip(doubtful, found, strict=True):
        if isinstance(record, Record):
            results[index] = WriteResult(record)
        elif not _in_doubt(results[index]):
            continue
        elif record is Absence.CERTAIN:
            missing.append(index)
        else:
            error = results[index].error
            assert error is not None
            results[index] = WriteResult(None, replace(error, code=UNTRACEABLE))
    if missing:
        again = connector.write([replace(writes[index], key=f"{writes[index].key}-again") for index in missing])
        for index, result in zip(missing, again, strict=True):
            results[index] = result
    return results


def _in_doubt(result: WriteResult) -> bool:
    return result.error is not None and result.error.failure is Failure.IN_DOUBT


def _made_before(write: Write, result: WriteResult) -> bool:
    """A create that is refused because its memory is taken was made by a run that never learnt of it."""
    taken = result.error is not None and result.error.code == "value-taken"
    return taken and write.id is None and write.memory is not None


UNTRACEABLE = "untraceable"
"""`WriteError.code` of a create that is in doubt for good."""


class Absence(Enum):
    """No record was found: is it certain that there is none?"""

    CERTAIN = "certain"
    CANT_TELL = "can't tell"
    """The create carries nothing by which it could be found: it is never sent again by itself."""


def look(
    writes: Sequence[Write], connector: Connector, catalogue: Catalogue, linked: Callable[[App], Collection[str]]
) -> list[Record | Absence]:
    """For each write of one batch: the record, if the write is in the app, or why it was not found."""
    info = catalogue.type(writes[0].app, writes[0].type)
    fields = tuple(dict.fromkeys(field for write in writes for field in write.values))
    updates = [write for write in writes if write.id is not None]
    by_id: dict[str, Record] = {}
    if updates:
        ids = tuple(write.id for write in updates if write.id is not None)
        by_id = _read(connector, ReadRequest(info.app, info.type, fields, ids=ids))
    creates = [write for write in writes if write.id is None]
    created = _look_up(creates, info, fields, connector)
    if alike := info.settings.get("alike"):
        created |= _look_alike([each for each in creates if each.key not in created], info, alike, connector, linked)
    found: list[Record | Absence] = []
    for write in writes:
        record = created.get(write.key) if write.id is None else _if_holds(by_id.get(write.id), write, catalogue)
        known_by_nothing = write.id is None and write.memory is None and not _has_unique_value(write) and not alike
        found.append(record or (Absence.CANT_TELL if known_by_nothing else Absence.CERTAIN))
    return found


def _has_unique_value(write: Write) -> bool:
    return any(field.unique and value is not None for field, value in write.values.items())


def _look_up(
    creates: Sequence[Write], info: TypeInfo, fields: tuple[Field, ...], connector: Connector
) -> dict[str, Record]:
    found: dict[str, Record] = {}
    remembered = {write.memory: write for write in creates if write.memory is not None}
    if remembered and info.memory:
        memory = info.find(info.memory) or info.custom_property(info.memory)
        request = ReadRequest(info.app, info.type, fields, where=(memory, tuple(sorted(remembered))))
        for record in _read(connector, request).values():
            if record.memory in remembered and record.life is Life.LIVE:
                found[remembered[record.memory].key] = record
    unknown = [write for write in creates if write.key not in found and write.memory is None]
    for unique in (each for each in fields if each.unique):
        by_value = {
            str(value).casefold(): write for write in unknown if (value := write.values.get(unique)) is not None
        }
        if not by_value:
            continue
        request = ReadRequest(info.app, info.type, fields, where=(unique, tuple(sorted(by_value))))
        for record in _read(connector, request).values():
            write = by_value.get(str(record.fields.get(unique.name)).casefold())
            # Nobody had the value when the plan was made. What the app made of the other values (a rounded price) is its business.
            if write is not None and record.life is Life.LIVE:
                found[write.key] = record
    return found


def _look_alike(
    creates: Sequence[Write],
    info: TypeInfo,
    names: Sequence[str],
    connector: Connector,
    linked: Callable[[App], Collection[str]],
) -> dict[str, Record]:
    """Payments in Xero have nothing unique: one of the same invoice, day, amount and reference that is nobody's partner is the one."""
    if not creates:
        return {}
    fields = tuple(info.fields[name] for name in names)
    wanted = {write.key: {field.name: value for field, value in write.values.items()} for write in creates}
    first = tuple(sorted({str(values.get(names[0])) for values in wanted.values()}))
    taken = linked(info.app)
    free = [
        record
        for record in _read(connector, ReadRequest(info.app, info.type, fields, where=(fields[0], first))).values()
        if record.life is Life.LIVE and record.ref.id not in taken
    ]
    found: dict[str, Record] = {}
    for key, values in wanted.items():
        twin = next((each for each in free if all(each.fields.get(name) == values.get(name) for name in names)), None)
        if twin is not None:
            found[key] = twin
            free.remove(twin)
    return found


def _read(connector: Connector, request: ReadRequest) -> dict[str, Record]:
    return {record.ref.id: record for page in connector.read(request) for record in page.records}


def _if_holds(record: Record | None, write: Write, catalogue: Catalogue) -> Record | None:
    if write.archive:
        return (
            Record(RecordRef(write.app, write.type, str(write.id)), {})
            if record is None or record.life is not Life.LIVE
            else None
        )
    if record is None or record.life in (Life.ARCHIVED, Life.MERGED):
        return None
    # What was voided or deleted stays readable: that is how it looks when a void has arrived.
    same = all(
        _holds(record.fields.get(field.name), value, write.app, catalogue) for field, value in write.values.items()
    )
    return record if same else None


def _holds(held: Value, sent: Value, app: App, catalogue: Catalogue) -> bool:
    if not isinstance(held, Lines) or not isinstance(sent, Lines):
        return held == sent
    free = list(held.items)
    for line in sent.items:
        fits = (each for each in free if _is_line(each, line, catalogue.type(app, line.type)))
        if (twin := next(fits, None)) is None:
            return False
        free.remove(twin)
    return not free


def _is_line(held: Line, sent: Line, info: TypeInfo) -> bool:
    """Of a line an app says more than it was told: what it comes to, its tax; of a new one also what it took from the item. But what was
    taken from a line that it knew (a discount) must be gone. The account it is told, and never asked."""
    told = {(name, value) for name, value in sent.values if info.fields[name].writable is not Writable.CREATE}
    if sent.id is None:
        return told <= set(held.values)
    names = {name for name, _ in told}
    fields = {name: info.fields[name] for name, _ in held.values}
    kept = {name for name, each in fields.items() if each.writable is Writable.ALWAYS and not each.worked_out}
    return sent.id == held.id and told <= set(held.values) and kept <= names
