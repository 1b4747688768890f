"""How a run left the world behind: both apps record for record, what `status` counts, and what the state remembers of each pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from hxrules.records import Standing, StateView
from hxrules.state.store import Store, peek_store
from hxrules.values import Lines, Value
from tests.scenarios.stage import Stage
from tests.scenarios.test_books_at_scale import picture

TOLD = {("invoices", "total"), ("invoices", "balance"), ("payments", "currency")}
"""Fields that an app works out by itself: what it said last is as old as the last look, and nothing comes of it."""


@dataclass(frozen=True)
class Ending:
    """Everything by names instead of ids, as those are other ones in every world."""

    apps: dict[str, list[Any]]
    status: Mapping[str, Mapping[Standing, int]]
    pairs: list[str]
    open_effects: int

    def differences(self, other: Ending) -> Iterator[str]:
        """In what the other one isn't like this one."""
        found = {**other.apps, "pairs": other.pairs}
        for kind, rows in {**self.apps, "pairs": self.pairs}.items():
            if found[kind] != rows:
                more = [row for row in found[kind] if row not in rows]
                less = [row for row in rows if row not in found[kind]]
                yield f"{kind}: {len(found[kind])} instead of {len(rows)}; there is {more}, there should be {less}"
        if other.status != self.status:
            yield f"status counts {other.status} instead of {self.status}"
        if other.open_effects:
            yield f"{other.open_effects} effects are still open"


def ending(here: Stage) -> Ending:
    """As it is now."""
    with closing(store_of(here)) as store:
        return Ending(picture(here), store.counts(), remembered(here, store.view()), len(store.unsettled()))


def store_of(here: Stage) -> Store:
    """The state in the folder of a stage."""
    store = peek_store(f"sqlite:///{here.folder}/.hxrules/state.db")
    assert store is not None
    return store


def remembered(here: Stage, view: StateView) -> list[str]:
    """What the state knows of each pair: who belongs to whom, and what each app held last."""
    names = labels(here)

    def plain(app: str, mapping: str, value: Value) -> Any:
        if isinstance(value, Lines):
            return sorted((line.type, line.id is not None, repr(line.values)) for line in value.items)
        kind = {"customer": "contacts", "invoice": "invoices"}.get(mapping)
        return names.get((app, kind, str(value))) if kind else value

    return sorted(
        repr(
            (
                link.sync,
                names.get(("hubspot", link.sync, link.hubspot)),
                names.get(("xero", link.sync, link.xero)),
                link.born_in,
                link.gone,
                sorted(
                    (name, plain("hubspot", name, base.hubspot), plain("xero", name, base.xero), base.mapping_digest)
                    for name, base in view.bases.get(link.id, {}).items()
                    if (link.sync, name) not in TOLD
                ),
            )
        )
        for link in view.links
    )


def labels(here: Stage) -> dict[tuple[str, str, str], Any]:
    """App, sync and id of a record → its name; payments have none, and are told by their values."""
    mine, theirs = here.sandbox.hubspot.world(), here.sandbox.xero.world()
    found = {
        ("hubspot", kind, row["id"]): row["properties"].get(name)
        for kind, name in (("contacts", "email"), ("products", "name"), ("invoices", "hs_number"))
        for row in mine[kind]
    }
    for sync, kind, key, name in (
        ("contacts", "contacts", "ContactID", "Name"),
        ("products", "items", "ItemID", "Name"),
        ("invoices", "invoices", "InvoiceID", "InvoiceNumber"),
    ):
        found.update({("xero", sync, row[key]): row.get(name) for row in theirs[kind]})
    return found
