"""How a record is found and how it is written as JSON, for single reads, lists, batches and the answers of writes.

See also: facts/hubspot.md 3 (which properties come), 4.1 (shape), 10 (merged ids).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hxrules.sandbox.hubspot.errors import not_found, validation
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.records import Record, Store
from hxrules.sandbox.hubspot.values import instant
from hxrules.sandbox.hubspot.writing import Written

MOST_LINKS: Final = 100
"""The links of one kind that come with a record; the rest is read from the association endpoints."""


class Reading:
    """Finds and shows the records of one account."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def find(self, store: Store, id: str, id_property: str | None = None, archived: bool = False) -> Record | None:
        """The record by its id or by a unique property; raises 400 when that property can't identify."""
        rules = self._portal.rules[store.type.name]
        if id_property and id_property != "hs_object_id":
            if not rules.identifies(id_property):
                raise validation(f"idProperty {id_property} is not a unique property of {store.type.name}")
            return rules.by_key(id_property, id)
        record = store.records.get(id)
        if record is None and self._portal.env.quirks["merged-id-read"] == "redirect" and id in store.merged:
            record = store.records.get(store.merged[id])
        return record if record and bool(record.archived) == archived else None

    def get(self, store: Store, id: str, id_property: str | None = None, archived: bool = False) -> Record:
        """As `find`; raises 404 when there is none."""
        record = self.find(store, id, id_property, archived)
        if record is None:
            raise not_found(f"Object not found. {store.type.singular} {id} does not exist or is archived")
        return record

    def show(
        self,
        store: Store,
        record: Record,
        properties: Sequence[str] = (),
        history: Sequence[str] = (),
        associations: Iterable[str] = (),
        values: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The record with the wanted properties; `values` are those of another moment, where search is behind."""
        shown = record.properties if values is None else values
        wanted = sorted({*store.type.always, *(properties or store.type.defaults)})
        body = self._envelope(store, record, self._values(store, shown, wanted))
        if values is not None:
            body["updatedAt"] = values[store.type.modified]
        if history:
            body["propertiesWithHistory"] = {
                name: [version.json() for version in record.versions(name)]
                for name in history
                if store.properties.find(name)
            }
        if links := {key: value for name in associations for key, value in self._links(store, record, name)}:
            body["associations"] = links
        return body

    def show_written(self, store: Store, written: Written) -> dict[str, Any]:
        """What a write answers: everything of a new record, of an old one what was written (by a quirk, everything)."""
        record = written.record
        if written.is_new or self._portal.env.quirks["write-echo"] == "all":
            properties: dict[str, str | None] = dict(record.properties)
        else:
            properties = self._values(store, record.properties, sorted({*store.type.always, *written.touched}))
        body = self._envelope(store, record, properties)
        if written.warnings:
            body["warnings"] = written.warnings
        return body

    def _values(self, store: Store, values: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str | None]:
        """The wanted values; unknown names are left out, empty ones are null (by a quirk, left out as well)."""
        if self._portal.env.quirks["empty-property"] == "absent":
            return {name: values[name] for name in wanted if name in values}
        return {name: values.get(name) for name in wanted if store.properties.find(name)}

    def _envelope(self, store: Store, record: Record, properties: Mapping[str, str | None]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": record.id,
            "properties": properties,
            "createdAt": instant(record.created),
            "updatedAt": instant(record.updated),
            "archived": record.archived is not None,
            "url": f"https://app.hubspot.com/contacts/{self._portal.account.portal}/record/{store.type.id}/{record.id}",
        }
        if record.archived:
            body["archivedAt"] = instant(record.archived)
        return body

    def _links(self, store: Store, record: Record, name: str) -> Iterable[tuple[str, dict[str, Any]]]:
        target = self._portal.store(name.replace(" ", "_"))
        found = self._portal.associations.between(store.type.name, record.id, target.type.name)
        rows = [
            {"id": id, "type": link_type.name} for id, types in found.items() if target.live(id) for link_type in types
        ]
        if not rows:
            return
        key = target.type.name
        if self._portal.env.quirks["line-items-key"] == "spaced":
            key = key.replace("line_items", "line items")
        body: dict[str, Any] = {"results": rows[:MOST_LINKS]}
        if len(rows) > MOST_LINKS:
            path = f"/crm/objects/2026-09/{store.type.name}/{record.id}/associations/{target.type.name}"
            after = rows[MOST_LINKS]["id"]
            body["paging"] = {"next": {"after": after, "link": f"https://api.hubapi.com{path}?after={after}"}}
        yield key, body
