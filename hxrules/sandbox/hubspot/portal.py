"""One account's world: its settings, its records of every type with their rules, and the links between them.

What: makes all that from the `hubspot` part of a seed file, and writes it back in the same shape (`world`).
See also: `records`, `associations`, `account`, `rules`; `app` (puts it on the network).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.hubspot.account import make_account
from hxrules.sandbox.hubspot.associations import Associations
from hxrules.sandbox.hubspot.errors import ApiError, Invalid, validation
from hxrules.sandbox.hubspot.records import Record, Store, Version
from hxrules.sandbox.hubspot.rules import RULES
from hxrules.sandbox.hubspot.rules.base import Rules
from hxrules.sandbox.hubspot.types import OBJECT_TYPES
from hxrules.sandbox.hubspot.values import Accepted, check, instant, parse_instant

BY_HAND: Final = ("CRM_UI", "userId:7001")
"""Where a seeded value comes from, unless its history says otherwise."""
SETTINGS: Final = ("admin_rules", "payments_enabled", "edit_invoices", "delete_unpaid", "tax_rates")
"""Parts of a seed file that are dumped as they were given."""


class Portal:
    """The world of one account."""

    def __init__(self, part: Mapping[str, Any], env: Environment) -> None:
        """`part` is the `hubspot` part of a seed file; raises `ValueError` for one that no account could hold."""
        self.env = env
        self.rng = random.Random(env.rng.getrandbits(64))
        self.account = make_account(part, env.clock.start)
        self.settings = {key: part[key] for key in SETTINGS if key in part}
        self.associations = Associations({each.name: each.singular for each in OBJECT_TYPES})
        self.stores: dict[str, Store] = {}
        self.rules: dict[str, Rules] = {}
        for object_type in OBJECT_TYPES:
            store = Store(object_type, env.clock, self.rng, env.number("search-lag"))
            rules = RULES.get(object_type.name, Rules)(store, self.account, env.quirks)
            store.keys_of = rules.keys
            self.stores[object_type.name] = store
            self.rules[object_type.name] = rules
        self._names = {name: each.name for each in OBJECT_TYPES for name in each.names()}
        try:
            self._load(part)
        except ApiError as error:
            raise ValueError(f"the seed's hubspot part is refused: {error.message}") from error

    def now(self) -> datetime:
        """The present, in whole milliseconds as HubSpot keeps time."""
        now = self.env.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def store(self, name: str) -> Store:
        """The records of a type, by its plural, singular or numeric name; raises 400 for an unknown one."""
        plural = self._names.get(name.lower())
        if plural is None:
            raise validation(f"Unable to infer object type from: {name}")
        return self.stores[plural]

    def readable(self, name: str) -> Store:
        """The records of a type that the token may read; raises 400 or 403."""
        store = self.store(name)
        self.account.require(store.type.read_scopes)
        return store

    def writable(self, name: str) -> Store:
        """The records of a type that the token may write; raises 400 or 403."""
        store = self.store(name)
        self.account.require(store.type.write_scopes)
        return store

    def correlation_id(self) -> str:
        """A new id for an answer."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def world(self) -> dict[str, Any]:
        """Everything in the shape of a seed file's `hubspot` part; histories are left out."""
        account = dict(self.account.details)
        if self.account.scopes is not None:
            account["scopes"] = sorted(self.account.scopes)
        world: dict[str, Any] = {"account": account, **self.settings}
        groups = {name: store.properties.own_groups() for name, store in self.stores.items()}
        world["property_groups"] = {name: [each.json() for each in own] for name, own in groups.items() if own}
        properties = {name: store.properties.own_definitions() for name, store in self.stores.items()}
        world["properties"] = {name: [each.json() for each in own] for name, own in properties.items() if own}
        for name, store in self.stores.items():
            world[name] = [self._dump(store, record) for record in store.records.values()]
        return world

    def _load(self, part: Mapping[str, Any]) -> None:
        known = {"account", "currencies", "properties", "property_groups", *SETTINGS, *self.stores}
        if unknown := sorted(set(part) - known):
            raise ValueError(
                f"unknown key {unknown[0]!r} in the seed's hubspot part; there are: {', '.join(sorted(known))}"
            )
        for type_name, groups in part.get("property_groups", {}).items():
            for group in groups:
                self.store(type_name).properties.create_group(group)
        for type_name, definitions in part.get("properties", {}).items():
            registry = self.store(type_name).properties
            for definition in definitions:
                registry.create(definition, instant(self.env.clock.start))
        for name, store in self.stores.items():
            rows = part.get(name, ())
            for row in sorted(rows, key=lambda row: int(row.get("id", 0))):
                self._load_record(store, self.rules[name], row)
            store.seen_until(datetime.max.replace(tzinfo=UTC))
        for name, store in self.stores.items():
            for row in part.get(name, ()):
                self._load_links(store, row)

    def _load_record(self, store: Store, rules: Rules, row: Mapping[str, Any]) -> None:
        object_type = store.type
        given = {key: self._seeded(store, rules, key, value) for key, value in row["properties"].items() if value}
        created_text = row.get("createdAt") or given.get(object_type.created)
        created = parse_instant(created_text) if created_text else self.env.clock.start
        updated_text = row.get("updatedAt") or given.get(object_type.modified)
        updated = parse_instant(updated_text) if updated_text else created
        id = str(row.get("id") or given.get("hs_object_id") or store.new_id())
        system = {
            object_type.created: instant(created),
            object_type.modified: instant(updated),
            "hs_object_id": id,
            "hs_object_source": BY_HAND[0],
            "hs_object_source_label": BY_HAND[0],
        }
        properties = {**system, **given, "hs_object_id": id}
        properties.update((key, value) for key, value in rules.derived(properties, updated).items() if value)
        first_written = created if "propertiesWithHistory" in row else updated
        record = Record(id, properties, created, updated, first_written, BY_HAND)
        if row.get("archived"):
            record.archived = parse_instant(row["archivedAt"]) if "archivedAt" in row else updated
        else:
            for key, value in rules.keys(properties):
                if by := store.find(key, value):
                    raise ValueError(f"{object_type.name} {by.id} and {id} of the seed both have {key} {value!r}")
        for name, versions in row.get("propertiesWithHistory", {}).items():
            record.history[name] = [
                Version(
                    str(each["value"]),
                    instant(parse_instant(each["timestamp"])),
                    each.get("sourceType", BY_HAND[0]),
                    each.get("sourceId", BY_HAND[1]),
                )
                for each in versions
            ]
        if id in store.records:
            raise ValueError(f"two {object_type.name} of the seed have id {id}")
        store.add(record)

    def _seeded(self, store: Store, rules: Rules, name: str, value: Any) -> str:
        definition = store.properties.find(name)
        if definition is None:
            raise ValueError(f"unknown property {name!r} of {store.type.name} in the seed")
        stored: str | Invalid | None = str(value)
        if definition.type != "string":
            accepted = check(definition, value, old="", lenient_dates=True, trim=False)
            stored = accepted.value if isinstance(accepted, Accepted) else accepted
        if isinstance(stored, str):
            stored = rules.adjust(name, stored, {})
        if not isinstance(stored, str):
            raise ValueError(f"{value!r} can't be the {name} of {store.type.name} in the seed")
        return stored

    def _load_links(self, store: Store, row: Mapping[str, Any]) -> None:
        for key, links in row.get("associations", {}).items():
            target = self.store(key.replace(" ", "_")).type.name
            for each in links["results"]:
                if str(each["id"]) not in self.stores[target].records:
                    raise ValueError(
                        f"{store.type.name} {row['id']} of the seed is linked with no {target} {each['id']}"
                    )
                link_type = self.associations.named(store.type.name, target, each["type"])
                self.associations.link(store.type.name, str(row["id"]), target, str(each["id"]), [link_type])

    def _dump(self, store: Store, record: Record) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": record.id,
            "properties": dict(record.properties),
            "createdAt": instant(record.created),
            "updatedAt": instant(record.updated),
            "archived": record.archived is not None,
        }
        if record.archived:
            row["archivedAt"] = instant(record.archived)
        links = {
            target: {
                "results": [
                    {"id": id, "type": link_type.name}
                    for id, types in self.associations.between(store.type.name, record.id, target).items()
                    for link_type in types
                ]
            }
            for target in self.associations.targets(store.type.name)
        }
        if any(each["results"] for each in links.values()):
            row["associations"] = {target: each for target, each in links.items() if each["results"]}
        return row
