"""Endpoints of the Properties API: definitions and groups (facts/hubspot.md 7)."""

from __future__ import annotations

from typing import Any, Final

from hxrules.sandbox.hubspot.batches import batch_answer
from hxrules.sandbox.hubspot.calls import PROPERTIES, Answer, Call, Endpoint, text_of
from hxrules.sandbox.hubspot.errors import ApiError, validation
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.properties import PropertyRegistry
from hxrules.sandbox.hubspot.values import instant

MOST_INPUTS: Final = 100
COMMERCE: Final = ("invoices", "line_items", "commerce_payments")
"""The types of which no source says whether their properties can be unique (the quirk `commerce-unique`)."""


class PropertyCalls:
    """The endpoints, for all types of records alike."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.endpoints = [
            Endpoint("GET", PROPERTIES, "/{type}", self.read_all),
            Endpoint("POST", PROPERTIES, "/{type}", self.create),
            Endpoint("POST", PROPERTIES, "/{type}/batch/create", self.batch_create),
            Endpoint("POST", PROPERTIES, "/{type}/batch/read", self.batch_read),
            Endpoint("POST", PROPERTIES, "/{type}/batch/archive", self.batch_archive),
            Endpoint("GET", PROPERTIES, "/{type}/groups", self.groups),
            Endpoint("POST", PROPERTIES, "/{type}/groups", self.create_group),
            Endpoint("GET", PROPERTIES, "/{type}/groups/{group}", self.group),
            Endpoint("PATCH", PROPERTIES, "/{type}/groups/{group}", self.update_group),
            Endpoint("DELETE", PROPERTIES, "/{type}/groups/{group}", self.archive_group),
            Endpoint("GET", PROPERTIES, "/{type}/{name}", self.read),
            Endpoint("PATCH", PROPERTIES, "/{type}/{name}", self.update),
            Endpoint("DELETE", PROPERTIES, "/{type}/{name}", self.archive),
        ]

    def read_all(self, call: Call) -> Answer:
        """All definitions, in one answer."""
        definitions = self._readable(call).all(call.flag("archived"))
        return Answer(200, {"results": [each.json() for each in definitions]})

    def create(self, call: Call) -> Answer:
        """A definition of the account's own."""
        return Answer(201, self._create(self._writable(call), call.json()))

    def read(self, call: Call) -> Answer:
        """One definition."""
        return Answer(200, self._readable(call).get(call.path["name"], call.flag("archived")).json())

    def update(self, call: Call) -> Answer:
        """Change a definition."""
        return Answer(200, self._writable(call).update(call.path["name"], call.json(), self._now()).json())

    def archive(self, call: Call) -> Answer:
        """Archive a definition."""
        registry, name = self._writable(call), call.path["name"]
        registry.archive(name, self._now(), in_use=self._is_used(registry, name))
        return Answer(204)

    def batch_create(self, call: Call) -> Answer:
        """Several definitions; those that are refused don't stop the others."""
        registry = self._writable(call)
        results: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for part in call.inputs(MOST_INPUTS):
            try:
                results.append(self._create(registry, part))
            except ApiError as error:
                failed.append(error.element({"name": [str(part.get("name"))]}))
        return batch_answer(self._portal, 200 if call.is_newest else 201, results, failed)

    def batch_read(self, call: Call) -> Answer:
        """Several definitions by name."""
        registry, archived = self._readable(call), bool(call.json().get("archived", False))
        results: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for part in call.inputs(MOST_INPUTS):
            name = text_of(part, "name")
            try:
                results.append(registry.get(name, archived).json())
            except ApiError as error:
                failed.append(error.element({"name": [name]}))
        return batch_answer(self._portal, 200, results, failed)

    def batch_archive(self, call: Call) -> Answer:
        """Archive several definitions; unknown ones are passed over."""
        registry = self._writable(call)
        for part in call.inputs(MOST_INPUTS):
            name = text_of(part, "name")
            if registry.find(name):
                registry.archive(name, self._now(), in_use=self._is_used(registry, name))
        return Answer(204)

    def groups(self, call: Call) -> Answer:
        """All groups."""
        return Answer(200, {"results": [group.json() for group in self._readable(call).groups()]})

    def create_group(self, call: Call) -> Answer:
        """A group of the account's own."""
        return Answer(201, self._writable(call).create_group(call.json()).json())

    def group(self, call: Call) -> Answer:
        """One group."""
        return Answer(200, self._readable(call).group(call.path["group"]).json())

    def update_group(self, call: Call) -> Answer:
        """Change a group."""
        return Answer(200, self._writable(call).update_group(call.path["group"], call.json()).json())

    def archive_group(self, call: Call) -> Answer:
        """Archive a group."""
        self._writable(call).archive_group(call.path["group"])
        return Answer(204)

    def _create(self, registry: PropertyRegistry, part: dict[str, Any]) -> dict[str, Any]:
        refused = self._portal.env.quirks["commerce-unique"] == "refused" and registry.type.name in COMMERCE
        if refused and part.get("hasUniqueValue"):
            raise validation(f"Properties of {registry.type.name} can't have unique values")
        return registry.create(part, self._now()).json()

    def _readable(self, call: Call) -> PropertyRegistry:
        store = self._portal.store(call.path["type"])
        self._portal.account.require(store.type.schema_read_scopes)
        return store.properties

    def _writable(self, call: Call) -> PropertyRegistry:
        store = self._portal.store(call.path["type"])
        self._portal.account.require(store.type.schema_write_scopes)
        return store.properties

    def _is_used(self, registry: PropertyRegistry, name: str) -> bool:
        """An admin's rule is the one setting of the sandbox that can need a property."""
        rules = self._portal.account.requirements.get(registry.type.name, ())
        return any(name in (rule.name, rule.when) for rule in rules)

    def _now(self) -> str:
        return instant(self._portal.now())
