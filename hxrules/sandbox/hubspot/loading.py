"""How an account is made from a seed file, and written as one: records in the shape of HubSpot's own API.

Invariants: a dumped account loads as the same account (histories are left out); what is calculated is worked out where the
seed leaves it out, and no time of change moves by that.
See also: `portal` (the world that is filled), `values` (what a property lets through).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.hubspot.account import FLAGS
from hxrules.sandbox.hubspot.errors import ApiError, Invalid
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.records import Record, Store, Version
from hxrules.sandbox.hubspot.rules.base import Rules
from hxrules.sandbox.hubspot.values import Accepted, check, instant, parse_instant

BY_HAND: Final = ("CRM_UI", "userId:7001")
"""Where a seeded value comes from, unless its history says otherwise."""
SETTINGS: Final = ("account", "currencies", "properties", "property_groups", "admin_rules", "tax_rates", *FLAGS)
"""The parts of a seed file that are not records."""


def load(part: Mapping[str, Any], env: Environment) -> Portal:
    """The account of the `hubspot` part of a seed file; raises `ValueError` for one that no account could hold."""
    portal = Portal(part, env)
    if unknown := sorted({*part} - {*SETTINGS, *portal.stores}):
        known = ", ".join(sorted((*SETTINGS, *portal.stores)))
        raise ValueError(f"unknown key {unknown[0]!r} in the seed's hubspot part; there are: {known}")
    try:
        _load_definitions(portal, part)
    except ApiError as error:
        raise ValueError(f"the seed's hubspot part is refused: {error.message}") from error
    loaded = [
        (store, _load_record(portal, store, portal.rules[name], row), row)
        for name, store in portal.stores.items()
        for row in sorted(part.get(name, ()), key=lambda row: int(row.get("id", 0)))
    ]
    try:
        for store, id, row in loaded:
            _load_links(portal, store, id, row)
    except ApiError as error:
        raise ValueError(f"the seed's hubspot part is refused: {error.message}") from error
    portal.invoicing.load()
    for store in portal.stores.values():
        store.seen_until(datetime.max.replace(tzinfo=UTC))
    return portal


def dump(portal: Portal) -> dict[str, Any]:
    """The account in the shape of a seed file's `hubspot` part."""
    account = dict(portal.account.details)
    if portal.account.scopes is not None:
        account["scopes"] = sorted(portal.account.scopes)
    world: dict[str, Any] = {
        "account": account,
        "tax_rates": [rate.json() for rate in portal.account.tax_rates.values()],
        **{name: getattr(portal.account, name) for name in FLAGS},
        "admin_rules": dict(portal.admin_rules),
    }
    groups = {name: store.properties.own_groups() for name, store in portal.stores.items()}
    world["property_groups"] = {name: [each.json() for each in own] for name, own in groups.items() if own}
    properties = {name: store.properties.own_definitions() for name, store in portal.stores.items()}
    world["properties"] = {name: [each.json() for each in own] for name, own in properties.items() if own}
    for name, store in portal.stores.items():
        world[name] = [_dump_record(portal, store, record) for record in store.records.values()]
    return world


def _load_definitions(portal: Portal, part: Mapping[str, Any]) -> None:
    for type_name, groups in part.get("property_groups", {}).items():
        for group in groups:
            portal.store(type_name).properties.create_group(group)
    for type_name, definitions in part.get("properties", {}).items():
        registry = portal.store(type_name).properties
        for definition in definitions:
            registry.create(definition, instant(portal.env.clock.start))


def _load_record(portal: Portal, store: Store, rules: Rules, row: Mapping[str, Any]) -> str:
    object_type, written = store.type, row["properties"].items()
    given = {key: _seeded(store, rules, key, value) for key, value in written if value not in (None, "")}
    created_text = row.get("createdAt") or given.get(object_type.created)
    created = parse_instant(created_text) if created_text else portal.env.clock.start
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
    properties = {**system, **rules.defaults(given, created), **given, "hs_object_id": id}
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
    return id


def _seeded(store: Store, rules: Rules, name: str, value: Any) -> str:
    definition = store.properties.find(name)
    if definition is None:
        raise ValueError(f"unknown property {name!r} of {store.type.name} in the seed")
    stored: str | Invalid | None = str(value)
    if definition.type != "string":
        raw = str(value) if isinstance(value, float) else value
        accepted = check(definition, raw, old="", lenient_dates=True, trim=False)
        stored = accepted.value if isinstance(accepted, Accepted) else accepted
    if isinstance(stored, str):
        stored = rules.adjust(name, stored, {})
    if not isinstance(stored, str):
        raise ValueError(f"{value!r} can't be the {name} of {store.type.name} in the seed")
    return stored


def _load_links(portal: Portal, store: Store, id: str, row: Mapping[str, Any]) -> None:
    for key, links in row.get("associations", {}).items():
        target = portal.store(key.replace(" ", "_")).type.name
        for each in links["results"]:
            if str(each["id"]) not in portal.stores[target].records:
                raise ValueError(f"{store.type.name} {id} of the seed is linked with no {target} {each['id']}")
            link_type = portal.associations.named(store.type.name, target, each["type"])
            portal.associations.link(store.type.name, id, target, str(each["id"]), [link_type])


def _dump_record(portal: Portal, store: Store, record: Record) -> dict[str, Any]:
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
                for id, types in portal.associations.between(store.type.name, record.id, target).items()
                for link_type in types
            ]
        }
        for target in portal.associations.targets(store.type.name)
    }
    if any(each["results"] for each in links.values()):
        row["associations"] = {target: each for target, each in links.items() if each["results"]}
    return row
