"""Endpoints of single records: list, create, read, update, archive, merge, delete for good (facts/hubspot.md 4.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from hxrules.sandbox.hubspot.calls import OBJECTS, Answer, Call, Endpoint, text_of
from hxrules.sandbox.hubspot.errors import not_found, validation
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.reading import Reading
from hxrules.sandbox.hubspot.records import Record, Store
from hxrules.sandbox.hubspot.writing import Writing


class ObjectCalls:
    """The endpoints, for all types of records alike."""

    def __init__(self, portal: Portal, reading: Reading, writing: Writing) -> None:
        self._portal = portal
        self._reading = reading
        self._writing = writing
        self.endpoints = [
            Endpoint("GET", OBJECTS, "/{type}", self.read_all),
            Endpoint("POST", OBJECTS, "/{type}", self.create),
            Endpoint("POST", OBJECTS, "/{type}/merge", self.merge),
            Endpoint("POST", OBJECTS, "/{type}/gdpr-delete", self.gdpr_delete),
            Endpoint("GET", OBJECTS, "/{type}/{id}", self.read),
            Endpoint("PATCH", OBJECTS, "/{type}/{id}", self.update),
            Endpoint("DELETE", OBJECTS, "/{type}/{id}", self.archive),
        ]

    def read_all(self, call: Call) -> Answer:
        """All records, oldest first, page by page; archived ones instead when asked for."""
        store = self._portal.readable(call.path["type"])
        history = call.names("propertiesWithHistory")
        limit = call.limit(10, int(self._portal.env.number("history-page-limit")) if history else 100)
        after = call.query.get("after", "0")
        if not after.isdecimal():
            raise validation(f"after must be the value of a page before, not {after}")
        records, next_id = store.page(int(after), limit, call.flag("archived"))
        body: dict[str, Any] = {"results": [self._shown(store, record, call) for record in records]}
        if next_id is not None:
            link = f"{call.url}?{urlencode({**call.query, 'after': next_id})}"
            body["paging"] = {"next": {"after": next_id, "link": link}}
        return Answer(200, body)

    def create(self, call: Call) -> Answer:
        """One new record."""
        store = self._portal.writable(call.path["type"])
        [written] = self._writing.commit(self._writing.prepare_create(store, call.json(), call, set()))
        return Answer(201, self._reading.show_written(store, written))

    def read(self, call: Call) -> Answer:
        """One record, by its id or a unique property."""
        store = self._portal.readable(call.path["type"])
        id_property = call.query.get("idProperty")
        record = self._reading.get(store, call.path["id"], id_property, call.flag("archived"))
        return Answer(200, self._shown(store, record, call))

    def update(self, call: Call) -> Answer:
        """New values of one record."""
        store = self._portal.writable(call.path["type"])
        record = self._reading.get(store, call.path["id"], call.query.get("idProperty"))
        [written] = self._writing.commit(self._writing.prepare_update(store, record, call.json(), call, set()))
        return Answer(200, self._reading.show_written(store, written))

    def archive(self, call: Call) -> Answer:
        """One record into the recycle bin."""
        store = self._portal.writable(call.path["type"])
        self._writing.archive(store, [self._reading.get(store, call.path["id"])])
        return Answer(204)

    def merge(self, call: Call) -> Answer:
        """One record of two."""
        store = self._portal.writable(call.path["type"])
        if not store.type.mergeable:
            raise not_found(f"{store.type.name} can't be merged")
        ids = [text_of(call.json(), key) for key in ("primaryObjectId", "objectIdToMerge")]
        if ids[0] == ids[1]:
            raise validation("A record can't be merged with itself")
        primary, other = (self._reading.get(store, id) for id in ids)
        survivor = self._writing.merge(store, primary, other)
        return Answer(200, self._reading.show(store, survivor, tuple(survivor.properties)))

    def gdpr_delete(self, call: Call) -> Answer:
        """One contact for good; its e-mail, or one that no contact has, stays blocked."""
        store = self._portal.writable(call.path["type"])
        if store.type.name != "contacts":
            raise not_found(f"{store.type.name} can't be deleted for good")
        id, id_property = text_of(call.json(), "objectId"), call.json().get("idProperty")
        record = self._reading.find(store, id, id_property) or self._reading.find(store, id, id_property, archived=True)
        if record:
            self._portal.account.blocked_emails.update(
                value for name, value in store.keys_of(record.properties) if name == "email"
            )
            self._writing.forget(store, record)
        elif id_property == "email":
            self._portal.account.blocked_emails.add(id.strip().lower())
        else:
            raise not_found(f"contact {id} does not exist")
        return Answer(204)

    def _shown(self, store: Store, record: Record, call: Call) -> dict[str, Any]:
        return self._reading.show(
            store,
            record,
            call.names("properties"),
            call.names("propertiesWithHistory"),
            call.names("associations"),
        )
