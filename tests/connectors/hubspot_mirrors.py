"""An account to mirror Xero's invoices in, the writes that make such a mirror, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from hxrules.records import App, Failure, Record, Write
from hxrules.values import Value
from tests.connectors.stage import UNLIMITED, Stage, staged

PARTS: Final = {"line": "line_items", "tax": "taxes", "discount": "discounts"}
TOTAL: Final = Decimal("210.05")
BALANCE: Final = Decimal("10.05")


def stage_of(stages: ExitStack, part: Mapping[str, Any] | None = None, /, **quirks: str) -> Stage:
    contacts = [{"id": str(number), "properties": {"firstname": f"N{number}"}} for number in (1, 2)]
    seed = {"hubspot": {"contacts": contacts, **(part or {})}}
    return stages.enter_context(staged(App.HUBSPOT, "invoices", seed_file=seed, quirks={**UNLIMITED, **quirks}))


def prepared(stage: Stage, *types: str) -> Stage:
    for each in types or ("invoices", *PARTS.values()):
        assert stage.connector.prepare(each)
    return stage


def calls(stage: Stage, begun: int = 0) -> list[tuple[str, str]]:
    """The calls for records since the `begun`-th: method, and path without the version."""
    log = [each for each in stage.log if "/crm/properties/" not in each.path]
    return [(each.method, each.path.replace("/2026-09", "")) for each in log[begun:]]


def account(stage: Stage, type_name: str) -> list[dict[str, Any]]:
    """What the app itself holds of a type, without what is archived."""
    held: list[dict[str, Any]] = stage.direct("GET", "/_sandbox/world")["hubspot"][type_name]
    return [each for each in held if not each.get("archived")]


def made(stage: Stage, *writes: Write) -> list[Record]:
    """The records that the writes end with; none may fail."""
    results = stage.write(*writes)
    assert [each.error for each in results] == [None] * len(writes)
    return [each.record for each in results if each.record is not None]


def refused(stage: Stage, *writes: Write) -> list[tuple[Failure, str] | None]:
    errors = [each.error for each in stage.write(*writes)]
    return [(each.failure, each.code) if each else None for each in errors]


def parts(stage: Stage, many: int = 2) -> dict[str, tuple[str, ...]]:
    """Lines, a tax and a discount, as yet without invoice: the ids, by word."""
    items = stage.of("line_items")
    lines = [
        items.create(f"l{n}", f"line-{n}", description=f"Chair {n}", quantity=Decimal(2), unit_price=Decimal(50))
        for n in range(many)
    ]
    fixed: dict[str, Value] = {"type": "fixed", "value": Decimal("20.05")}
    tax = stage.of("taxes").create("t", "invoice-1/OUTPUT", label="GST", **fixed)
    discount = stage.of("discounts").create("d", "line-9", label="Rebate", **{**fixed, "value": Decimal(10)})
    return {
        "line": tuple(each.ref.id for each in made(items, *lines)),
        "tax": tuple(each.ref.id for each in made(stage.of("taxes"), tax)),
        "discount": tuple(each.ref.id for each in made(stage.of("discounts"), discount)),
    }


def mirror(stage: Stage, number: int = 1, /, **associations: tuple[str, ...]) -> Write:
    values: dict[str, Value] = {
        "number": f"SI-{number}", "currency": "AUD", "status": "open", "date": date(2026, 1, 31), "total": TOTAL,
        "balance": BALANCE,
    }  # fmt: skip
    write = stage.create(f"i{number}", f"invoice-{number}", **values)
    return replace(write, associations={"contact": ("1",), **associations})


def associated(stage: Stage, own: str) -> dict[str, set[str]]:
    [record] = stage.read(ids=(own,), associations=("contact", *PARTS))
    return {word: set(ids) for word, ids in record.associations.items()}
