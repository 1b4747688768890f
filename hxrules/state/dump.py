"""The state as JSON lines, to carry it elsewhere or to keep it where files are compared (design §2.11).

The first line says what it is and of which version, then come the rows, table by table, in the order of their keys;
the last line counts them, so that an export that broke off is refused. Locks stay behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Never
from uuid import uuid4

from sqlalchemy import Connection, Table, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from hxrules.state import refusals
from hxrules.state import tables as t

_TABLES = {table.name: table for table in t.metadata.sorted_tables if table is not t.locks}
_START, _END = "hxrules-state", "rows"


def export(connection: Connection, file: Path) -> None:
    """Writes everything that this transaction sees. Raises `Halt` (1, HX513); then an older export is still as it was."""
    making = file.with_name(f"{file.name}.{uuid4().hex}.new")
    try:
        with os.fdopen(os.open(making, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as out:
            for line in _lines(connection):
                out.write(t.json_text(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
        making.replace(file)
    except OSError as error:
        raise refusals.export_failed(file, str(error.strerror)) from error
    finally:
        with suppress(OSError):
            making.unlink()


def _lines(connection: Connection) -> Iterator[Mapping[str, Any]]:
    yield {_START: t.HEAD}
    rows = 0
    for table in _TABLES.values():
        for row in connection.execute(select(table).order_by(*table.primary_key)).mappings():
            yield {table.name: {name: _plain(value) for name, value in row.items()}}
            rows += 1
    yield {_END: rows}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def restore(connection: Connection, file: Path) -> None:
    """Loads what `export` wrote into a state that is still empty. Raises `Halt` (5, HX509); then nothing was loaded."""
    for table in (t.links, t.apart, t.known, t.syncs, t.runs, t.rulesets):
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise refusals.bad_dump(
                file,
                "The state that it would go into is not empty.",
                "Point HXRULES_STATE at a file that doesn't exist yet, or move the old state away.",
            )
    rows = _parsed(file)
    connection.execute(delete(t.state))
    try:
        for name, table in _TABLES.items():
            if rows[name]:
                connection.execute(insert(table), rows[name])
    except IntegrityError as error:
        _broken(file, str(error.orig))


def _parsed(file: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows by table. The whole file is looked at before anything is loaded."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
    number, counted = 0, None
    try:
        with file.open(encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                ((word, content),) = json.loads(line).items()
                if number == 1:
                    _check_start(file, word, content)
                elif word == _END:
                    counted = content
                else:
                    rows[word].append(_typed(_TABLES[word], content))
    except OSError as error:
        _broken(file, str(error.strerror))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        _broken(file, f"line {number}: {error}")
    if counted != sum(map(len, rows.values())) or len(rows["state"]) != 1:
        _broken(file, "its end is missing")
    return rows


def _check_start(file: Path, word: str, version: Any) -> None:
    if word != _START:
        _broken(file, "it is no export of a state")
    if version != t.HEAD:
        raise refusals.bad_dump(
            file,
            f"It has version {version} of the tables; this hxrules reads version {t.HEAD}.",
            "Import it with the hxrules that wrote it, then open that state with this one.",
        )


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    if row.keys() != set(table.columns.keys()):
        raise ValueError(f"not a row of {table.name}")
    instants = {column.name for column in table.columns if isinstance(column.type, t.Instant)}
    return {
        name: datetime.fromisoformat(value) if name in instants and value is not None else value
        for name, value in row.items()
    }


def _broken(file: Path, detail: str) -> Never:
    raise refusals.bad_dump(
        file, f"The file is damaged or broke off ({detail}).", "Export the state again, or use another copy."
    )
