"""The endpoints of an organisation's lists: Accounts, TaxRates, Currencies; none of them is paged.

Invariants: deleted tax rates and archived accounts stay in the lists; `If-Modified-Since` works on accounts alone
(facts/xero.md 5.1, 5.2, 6.6, 6.7, 6.9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hxrules.sandbox.xero import errors, lists, scopes
from hxrules.sandbox.xero.dates import wire
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.table import Table
from hxrules.sandbox.xero.world import World


class Settings:
    """Reads the lists of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of these resources."""
        world = self._world
        listed = (world.accounts, world.tax_rates, world.currencies)
        return [
            *(Endpoint(table.resource.name, scopes.SETTINGS, {"GET": self._many(table)}) for table in listed),
            Endpoint("Accounts/{key}", scopes.SETTINGS, {"GET": self._one(world.accounts, str.lower)}),
            Endpoint("TaxRates/{key}", scopes.SETTINGS, {"GET": self._one(world.tax_rates, str.upper)}),
        ]

    def _many(self, table: Table) -> Callable[[Call], Reply]:
        def read(call: Call) -> Reply:
            rows = lists.read(table, call, self._world.environment).rows
            return self._enclosed(table, rows)

        return read

    def _one(self, table: Table, spelled: Callable[[str], str]) -> Callable[[Call], Reply]:
        def read(call: Call) -> Reply:
            record = table.get(spelled(call.parameters["key"]))
            if record is None:
                raise Refusal(errors.NOT_FOUND)
            return self._enclosed(table, [record])

        return read

    def _enclosed(self, table: Table, rows: Sequence[Record]) -> Reply:
        world = self._world
        return world.enclosed(table.resource.name, [wire(row) for row in rows])
