"""The endpoints of an organisation's lists, as far as they are read: Accounts, TaxRates, Currencies; none has pages.

Invariants: deleted tax rates and archived accounts stay in the lists; `If-Modified-Since` works on accounts alone
(facts/xero.md 5.1, 5.2, 6.6, 6.7, 6.9).
See also: `accounts`, `tax_rates` (which are written, too).
"""

from __future__ import annotations

from collections.abc import Callable

from hxrules.sandbox.xero import errors, lists, scopes
from hxrules.sandbox.xero.dates import wire
from hxrules.sandbox.xero.envelope import Call, Endpoint, Refusal, Reply
from hxrules.sandbox.xero.table import Table
from hxrules.sandbox.xero.world import World


class Currencies:
    """Reads the enabled currencies of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The path of this resource."""
        return [Endpoint("Currencies", scopes.SETTINGS, {"GET": all_of(self._world.currencies, self._world)})]


def all_of(table: Table, world: World) -> Callable[[Call], Reply]:
    """The reading of such a list."""

    def read(call: Call) -> Reply:
        rows = lists.read(table, call, world.environment).rows
        return world.enclosed(table.resource.name, [wire(row) for row in rows])

    return read


def one_of(table: Table, spelled: Callable[[str], str], world: World) -> Callable[[Call], Reply]:
    """The reading of one record by its key; `spelled` gives the key as the table has it."""

    def read(call: Call) -> Reply:
        record = table.get(spelled(call.parameters["key"]))
        if record is None:
            raise Refusal(errors.NOT_FOUND)
        return world.enclosed(table.resource.name, [wire(record)])

    return read
