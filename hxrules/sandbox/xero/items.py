"""The Items endpoints: the list, reads by id or code, creates, updates, batches, deletion, history notes.

Invariants: the list has no pages; PUT only creates and POST also updates what has the code that it names; a deleted item
vanishes without a trace, and lines that name it keep their texts (facts/xero.md 2.4, 6.3).
See also: `item_rules`, `batches`, `lists`.
"""

from __future__ import annotations

from collections.abc import Callable

from hxrules.sandbox.xero import bodies, errors, history, item_rules, lists, scopes
from hxrules.sandbox.xero.batches import Invalid, carry_out
from hxrules.sandbox.xero.envelope import Call, Endpoint, Record, Refusal, Reply
from hxrules.sandbox.xero.world import World


class Items:
    """Reads and writes the items of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource."""
        one = {"GET": self.one, "POST": self.update, "DELETE": self.delete}
        return [
            Endpoint("Items", scopes.ITEMS, {"GET": self.many, "PUT": self.create, "POST": self.upsert}),
            Endpoint("Items/{key}", scopes.ITEMS, one),
            history.endpoint(self._world, "Items", scopes.ITEMS, self._by_id),
        ]

    def many(self, call: Call) -> Reply:
        """`GET /Items`."""
        rows = lists.read(self._world.items, call, self._world.environment).rows
        return self._world.enclosed("Items", [item_rules.view(row, decimals=call.decimals()) for row in rows])

    def one(self, call: Call) -> Reply:
        """`GET /Items/{ItemID or Code}`."""
        key = call.parameters["key"]
        found = self._by_id(key) or item_rules.matching({"Code": key}, self._world)
        if found is None:
            raise Refusal(errors.NOT_FOUND)
        return self._world.enclosed("Items", [item_rules.checked_view(found, decimals=call.decimals())])

    def create(self, call: Call) -> Reply:
        """`PUT /Items`: never an update, so a code in use is an error."""
        return self._write(call, lambda sent: None)

    def upsert(self, call: Call) -> Reply:
        """`POST /Items`: an update of what the element matches, else a create."""
        return self._write(call, lambda sent: item_rules.matching(sent, self._world))

    def update(self, call: Call) -> Reply:
        """`POST /Items/{ItemID}`."""
        found = self._keyed(call)
        return self._write(call, lambda sent: found, {"ItemID": found["ItemID"]})

    def delete(self, call: Call) -> Reply:
        """`DELETE /Items/{ItemID}`; a tracked item that was used stays."""
        found = self._keyed(call)
        if found["IsTrackedAsInventory"] and self._is_used(found["ItemID"]):
            raise Refusal(
                errors.validation_failed([item_rules.echo({"ItemID": found["ItemID"]}, [errors.ITEM_IN_USE])])
            )
        self._world.items.remove(found["ItemID"])
        return Reply(204)

    def _write(self, call: Call, find: Callable[[Record], Record | None], fixed: Record | None = None) -> Reply:
        world, decimals = self._world, call.decimals()
        sent = [{**each, **(fixed or {})} for each in bodies.elements(call, "Items", "Item", item_rules.ITEM)]
        if len(sent) > item_rules.MOST_IN_A_CALL:
            raise Refusal(errors.validation_failed([], errors.too_many_elements("Item", item_rules.MOST_IN_A_CALL)))
        if any(item_rules.unknown_id(each, world) for each in sent):
            raise Refusal(errors.NOT_FOUND)

        def save(each: Record) -> Record:
            current = find(each)
            if messages := item_rules.broken_rules(each, current, world):
                raise Invalid(*dict.fromkeys(messages))
            record = item_rules.merged(each, current, world, decimals)
            world.items.put(record)
            return item_rules.checked_view(record, decimals=decimals, offset=False)

        return carry_out(call, world, "Items", sent, save, item_rules.echo)

    def _keyed(self, call: Call) -> Record:
        """The item of the id in the path; raises `Refusal`."""
        found = self._by_id(call.parameters["key"])
        if found is None:
            raise Refusal(errors.NOT_FOUND)
        return found

    def _by_id(self, key: str) -> Record | None:
        return self._world.items.get(key.lower())

    def _is_used(self, identity: str) -> bool:
        lines = (line for invoice in self._world.invoices for line in invoice["LineItems"])
        return any((line.get("Item") or {}).get("ItemID") == identity for line in lines)
