"""One account's world: its settings, its records of every type with their rules, and the links between them.

See also: `loading` (makes it from a seed file, and writes it back), `records`, `associations`, `account`, `rules`,
`invoicing`; `app` (puts it on the network).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hxrules.sandbox.environment import Environment
from hxrules.sandbox.hubspot.account import make_account
from hxrules.sandbox.hubspot.associations import Associations
from hxrules.sandbox.hubspot.errors import validation
from hxrules.sandbox.hubspot.invoicing import Invoicing
from hxrules.sandbox.hubspot.quirks import read_only_names
from hxrules.sandbox.hubspot.records import Store
from hxrules.sandbox.hubspot.rules import RULES
from hxrules.sandbox.hubspot.rules.base import Rules
from hxrules.sandbox.hubspot.types import OBJECT_TYPES


class Portal:
    """The world of one account."""

    def __init__(self, part: Mapping[str, Any], env: Environment) -> None:
        """An account with the settings of `part`, the `hubspot` part of a seed file, and without a record."""
        self.env = env
        self.rng = random.Random(env.rng.getrandbits(64))
        self.account = make_account(part, env.clock.start)
        self.admin_rules: Mapping[str, Any] = part.get("admin_rules", {})
        self.associations = Associations({each.name: each.singular for each in OBJECT_TYPES})
        self.stores: dict[str, Store] = {}
        for each in OBJECT_TYPES:
            object_type = each.in_account(self.account.currencies, read_only_names(each.name, env.quirks))
            self.stores[each.name] = Store(object_type, env.clock, self.rng, env.number("search-lag"))
        self.invoicing = Invoicing(self.account, env.quirks, self.stores, self.associations)
        self.rules: dict[str, Rules] = {}
        for name, store in self.stores.items():
            rules = RULES.get(name, Rules)(name, self.stores, self.account, env.quirks, self.invoicing)
            store.keys_of = rules.keys
            self.rules[name] = rules
        self._names = {name: each.name for each in OBJECT_TYPES for name in each.names()}

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
        self.rules[store.type.name].admit()
        return store

    def correlation_id(self) -> str:
        """A new id for an answer."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
