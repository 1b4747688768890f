"""What a person says about who is whose partner: the step of the state for `hxrules link` and `hxrules unlink`, or why there is none.

A link by hand has no bases: the next run asks for both records and meets them for the first time, and writes HubSpot's memory of the
pair. Two that were parted are kept apart by the state alone; whoever loses the state loses that too.

See also: `planning.linking` (who honours it), `state.entries.Advance` (the step).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hxrules.language.model import Sync
from hxrules.planning.linking import link_id
from hxrules.planning.lookup import link_of
from hxrules.planning.plan import problem_document
from hxrules.problems import Problem
from hxrules.records import Apart, App, Known, Life, Link, Origin, Record, RecordRef, Standing, StateView
from hxrules.state.entries import Advance


@dataclass(frozen=True, slots=True)
class Side:
    """A record that is to be linked, and how people call it."""

    ref: RecordRef
    label: str
    record: Record | None
    """`None` where the app has none of this id."""


def refusal(sync: Sync, hubspot: Side, xero: Side, state: StateView) -> Problem | None:
    """Why these two can't be linked."""
    for side in (hubspot, xero):
        if (problem := _not_to_be_linked(sync, side)) is not None:
            return problem
    for side in (hubspot, xero):
        link = link_of(sync, (side.ref,), state)
        if link is not None and link.gone is None and (link.hubspot, link.xero) != (hubspot.ref.id, xero.ref.id):
            return _linked_already(sync, side.ref, link)
    return None


def _not_to_be_linked(sync: Sync, side: Side) -> Problem | None:
    ref, record, brand = side.ref, side.record, side.ref.app.brand
    explain = f"hxrules explain {ref} --live"
    if record is None:
        return _about(
            sync,
            ref,
            "HX340",
            f"there is no {ref}",
            f"{brand} has no record of this id, and none with it as its key.",
            "Look up the id in the app.",
            "hxrules status",
        )
    if record.life is Life.LIVE:
        return None
    cause = f"It is {record.life.value} in {brand}: nothing could be written to it."
    remedy = f"Restore it in {brand}, or name the record that has taken its place."
    if record.merged_into is not None:
        survivor = RecordRef(ref.app, ref.type, record.merged_into)
        cause, remedy = f"It was merged into {record.merged_into}.", f"Name that one: {survivor}."
        explain = f"hxrules explain {survivor} --live"
    return _about(sync, ref, "HX340", f"{ref} is {record.life.value}", cause, remedy, explain)


def _linked_already(sync: Sync, ref: RecordRef, link: Link) -> Problem:
    partner = RecordRef(ref.app.other, sync.types[ref.app.other], link.side(ref.app.other))
    command = f"hxrules unlink {ref}"
    return _about(
        sync,
        ref,
        "HX341",
        f"{ref} is linked already",
        f"Its partner is {partner}.",
        f"If that is wrong, part them first: `{command}`.",
        command,
    )


def _about(sync: Sync, ref: RecordRef, code: str, summary: str, cause: str, remedy: str, command: str) -> Problem:
    sides = {ref.app: ref}
    return Problem(
        code,
        summary,
        cause,
        remedy,
        sync=sync.name,
        hubspot=sides.get(App.HUBSPOT),
        xero=sides.get(App.XERO),
        next_command=command,
    )


def joined(sync: Sync, hubspot: Side, xero: Side, state: StateView) -> Advance:
    """Makes the two partners. Links of theirs whose other side is gone end; who was born where is told by the records themselves, as
    of every link that is matched."""
    sides, refs = (hubspot, xero), (hubspot.ref, xero.ref)
    pair = (hubspot.ref.id, xero.ref.id)
    ended = [link.id for side in sides if (link := link_of(sync, (side.ref,), state)) is not None]
    new = Link(link_id(sync.name, *pair), sync.name, *pair, Origin.TOLD)
    return Advance(
        links=(new,),
        drop_links=tuple(dict.fromkeys(ended)),
        known=tuple(
            _waits(sync, each.ref, refs, each.label, "linked by hand", each.record.updated if each.record else None)
            for each in sides
        ),
        together=(Apart(sync.name, *pair),),
    )


def parted(sync: Sync, link: Link, label: str, state: StateView) -> Advance:
    """Ends a link, and keeps its two sides apart."""
    refs = [RecordRef(app, sync.types[app], link.side(app)) for app in App]
    before = {ref: state.known[ref].updated for ref in refs if ref in state.known}
    return Advance(
        drop_links=(link.id,),
        known=tuple(_waits(sync, ref, (ref,), label, "parted by hand", before.get(ref)) for ref in refs),
        apart=(Apart(sync.name, link.hubspot, link.xero),),
    )


def _waits(
    sync: Sync, ref: RecordRef, about: Iterable[RecordRef], label: str, what: str, updated: datetime | None
) -> Known:
    """Makes the next run look at a record, whatever it reads besides."""
    sides = {each.app: each for each in about}
    problem = Problem(
        "HX248",
        f"{label}: {what}" if label else what,
        "No run has looked at it since.",
        "Nothing is to be done: the next run looks.",
        sync=sync.name,
        hubspot=sides.get(App.HUBSPOT),
        xero=sides.get(App.XERO),
    )
    return Known(ref, sync.name, updated, Standing.FAILING, problem_document(problem), retry=True)
