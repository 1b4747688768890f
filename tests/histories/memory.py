"""What people remember of a history: what they wrote, what became of it after each run, and what was wrong on the way.

An edit has arrived once the other app says the same. One that had arrived may be followed by an edit made there. One that hadn't may
only be overwritten by a decision that both sides had something to say, and then the journal must show the value that was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hxrules.records import App
from tests.histories.company import Company
from tests.histories.fields import FIELDS
from tests.histories.rules import Rules
from tests.scenarios.stage import Said

CONTESTED = ("conflict", "first-meeting")
HELD, KILLED = 6, -9


class Place(NamedTuple):
    """One field of one record."""

    app: str
    sync: str
    id: str
    field: str


@dataclass
class Written:
    """What somebody wrote there last, in common terms."""

    value: Any
    arrived: bool


@dataclass
class Memory:
    """Kept by the people, not by hxrules."""

    people_made: set[tuple[str, str, str]] = field(default_factory=set)
    """App, sync and id of the records that weren't made by hxrules."""
    touched: set[tuple[str, str, str]] = field(default_factory=set)
    """Those that somebody has edited, voided or deleted."""
    written: dict[Place, Written] = field(default_factory=dict)
    agreed: dict[Place, Any] = field(default_factory=dict)
    """What a field said when both apps last said the same."""
    narrowed: set[str] = field(default_factory=set)
    """Syncs that didn't always travel both ways: what was different then may stay so."""
    removed: bool = False
    """Somebody has deleted something: only a run that reads everything can see that."""
    disturbed: bool = False
    """Some run was killed, or requests of it went wrong."""
    wrong: list[str] = field(default_factory=list)

    def begin(self, here: Company) -> None:
        for app in App:
            for sync in ("contacts", "products", "invoices", "payments"):
                self.people_made.update((app.value, sync, each) for each in here.rows(app.value, sync))
        self.people_made.update(("hubspot", "lines", each) for each in here.live("line_items"))
        self.note_rules(here.rules)

    def note_rules(self, rules: Rules) -> None:
        self.narrowed.update(
            sync for sync in ("contacts", "products", "invoices", "payments") if rules.way(sync) != "two-way"
        )
        self.narrowed.update(["contacts"] if rules.filtered else [])

    def edited(self, here: Company, place: Place, before: Any) -> None:
        """Somebody wrote into a field. The value that was there already is no edit; nor is the one that both agreed on last."""
        app, sync, record_id, name = place
        self.touched.add((app, sync, record_id))
        value = FIELDS[sync, name].of(app, here.rows(app, sync)[record_id])
        if value != before:
            self.written[place] = Written(value, arrived=place in self.agreed and self.agreed[place] == value)

    # --- runs ----------------------------------------------------------------------------------------------------------------

    def ended(self, said: Said, codes: Collection[int], what: str) -> None:
        if said.code not in codes:
            self.wrong.append(f"{what} ended with {said.code}: {said.err or said.out}")

    def after_run(self, here: Company, said: Said, *, disturbed: bool, saved: bool = False) -> None:
        """What has become of what people wrote."""
        self.disturbed = self.disturbed or disturbed
        self.ended(said, {0, HELD, *((8, KILLED) if disturbed else ()), *((5,) if saved else ())}, "apply")
        fields: list[dict[str, Any]] | None = None
        partners = {(app.value, link.sync, link.side(app)): link for link in here.links() for app in App}
        rows = {
            (app.value, sync): here.rows(app.value, sync)
            for app in App
            for sync in ("contacts", "products", "invoices")
        }

        def says(place: Place) -> tuple[bool, Any]:
            row = rows[place.app, place.sync].get(place.id)
            return (False, None) if row is None else (True, FIELDS[place.sync, place.field].of(place.app, row))

        for place, wrote in list(self.written.items()):
            there, value = says(place)
            if not there:
                del self.written[place]
                continue
            link = partners.get((place.app, place.sync, place.id))
            if value != wrote.value:
                del self.written[place]
                fields = list(journal(here)) if fields is None else fields
                owner = None if link is None or not FIELDS[place.sync, place.field].owned else link.born_in
                if not lost_openly(place, wrote, fields, owner):
                    self.wrong.append(
                        f"{place} said {wrote.value!r}, and is {value!r} now; arrived before: {wrote.arrived}"
                    )
            elif link is not None:
                other = App(place.app).other
                found, across = says(Place(other.value, place.sync, link.side(other), place.field))
                wrote.arrived = wrote.arrived or (found and across == value)
        for link in here.links():
            for sync, name in FIELDS:
                if sync != link.sync or (sync == "payments"):
                    continue
                places = [Place(app.value, sync, link.side(app), name) for app in App]
                (one, mine), (two, theirs) = says(places[0]), says(places[1])
                if one and two and mine == theirs:
                    self.agreed.update(dict.fromkeys(places, mine))


def journal(here: Company) -> Iterator[dict[str, Any]]:
    """Every field that a run meant to write: which record's, over what, and by which verdict."""
    store = here.store()
    assert store is not None
    with store:
        for run in store.runs():
            for effect in store.effects(run.header.id):
                body = effect.intent.body
                known = {name: body[name] for name in ("sync", "hubspot", "xero")}
                yield from ({**each, **known, "app": body["app"]} for each in body.get("fields", ()))


def lost_openly(place: Place, wrote: Written, fields: list[dict[str, Any]], owner: App | None) -> bool:
    """Does the journal show the value that was overwritten, and that it was lost to a decision about two opinions?"""
    field = FIELDS[place.sync, place.field]
    for each in fields:
        if (each["app"], each["sync"], each[place.app], each["mapping"]) != (
            place.app,
            place.sync,
            place.id,
            place.field,
        ):
            continue
        if field.say(each["before"]) != wrote.value:
            continue
        if wrote.arrived or each["verdict"] in CONTESTED or (owner is not None and owner.value != place.app):
            return True
    return False
