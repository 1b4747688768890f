"""Answers a list read: `If-Modified-Since`, `where`, `order`, `searchTerm`, pages (facts/xero.md 5.1 to 5.4).

Invariants: the id is always the last sort key, so an order is total; page numbers and sizes out of range are clamped,
not refused; a list that is not paged has no `pagination` block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.xero import errors
from hxrules.sandbox.xero.dates import modified_since
from hxrules.sandbox.xero.envelope import Call, Record, Refusal
from hxrules.sandbox.xero.table import Table
from hxrules.sandbox.xero.where import Filter, compile_order, compile_where

PAGE_SIZE: Final = 100
LARGEST_PAGE: Final = 1000


@dataclass(frozen=True)
class Listing:
    """The records of one answer, and the page block when the list was paged."""

    rows: Sequence[Record]
    pagination: dict[str, int] | None


def read(
    table: Table,
    call: Call,
    environment: Environment,
    *,
    only: Iterable[Record] | None = None,
    keep: Callable[[Record], bool] = lambda record: True,
    pageable: bool = False,
    paged: bool = False,
    searched: Sequence[str] = (),
    hidden: frozenset[str] = frozenset(),
) -> Listing:
    """The records that the call asks for.

    `only` are the records that a list parameter (`IDs=`) names; `keep` is the resource's own condition; `pageable` says
    that `page` works at all, `paged` that the call is paged even without it; `searched` are the fields of
    `searchTerm`; `hidden` are fields that filters cannot name in this view. Raises `Refusal` for a query that cannot be
    carried out, and for one that looks through too much.
    """
    since = modified_since(call.headers.get("if-modified-since")) if table.resource.aged else None
    if since and environment.quirks["if-modified-since"] == "exclusive":
        since += timedelta(seconds=1)
    condition = compile_where(call.query["where"], table, hidden) if call.query.get("where") else None
    orders, optimised_order = compile_order(call.query["order"], table) if call.query.get("order") else ([], True)
    page = _number(call.query.get("page")) if pageable else None
    if pageable and paged and page is None:
        page = 1

    rows = _candidates(table, condition, only)
    ordered = rows is None
    rows = table.since(since) if rows is None else [row for row in rows if not since or row["UpdatedDateUTC"] >= since]
    optimised = optimised_order and (condition.optimised if condition else page is not None or only is not None)
    if not optimised and len(rows) > environment.number("xero-high-volume"):
        raise Refusal(errors.high_volume(table.resource.name))

    rows = [row for row in rows if keep(row)]
    if term := call.query.get("searchterm", "").casefold() if searched else "":
        rows = [row for row in rows if any(term in (row.get(name) or "").casefold() for name in searched)]
    if condition:
        rows = [row for row in rows if condition.holds(row)]
    if orders:
        rows = table.by_key(rows)
    elif not ordered:
        rows = table.in_order(rows)
    for key, down in reversed(orders):
        rows.sort(key=key, reverse=down)
    if page is None:
        return Listing(rows, None)
    return _page(rows, page, _number(call.query.get("pagesize")))


def _candidates(table: Table, condition: Filter | None, only: Iterable[Record] | None) -> list[Record] | None:
    """The records among which every match is, or None where that is the whole table."""
    if only is not None:
        return list(only)
    if condition is None or condition.lookups is None:
        return None
    key = table.resource.key
    found = {row[key]: row for field, value in condition.lookups for row in table.found(field, value)}
    return list(found.values())


def _page(rows: Sequence[Record], page: int, size: int | None) -> Listing:
    page = max(page, 1)
    size = PAGE_SIZE if size is None else min(max(size, 1), LARGEST_PAGE)
    block = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
    return Listing(rows[(page - 1) * size : page * size], block)


def _number(text: str | None) -> int | None:
    """A whole number; what is none counts as not sent."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
