"""What the state should note when a plan has been carried out, beside what its changes bring; and how that stands in a plan file.

See also: `planner` (who observes), `plan_file` (the file), `running.execute` (who notes it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hxrules.records import (
    App,
    BaseValue,
    Known,
    Link,
    Membership,
    Origin,
    RecordRef,
    Standing,
    SyncState,
)
from hxrules.values import Value, ValueType, canonical, encode, pack, unpack


@dataclass(slots=True)
class Observations:
    """`known` speaks of changed records as if all went well; the run puts right those that failed."""

    links: dict[str, Link] = field(default_factory=dict)
    bases: dict[str, dict[str, BaseValue]] = field(default_factory=dict)
    known: dict[RecordRef, Known] = field(default_factory=dict)
    forget: list[RecordRef] = field(default_factory=list)
    syncs: list[SyncState] = field(default_factory=list)


def observation_lists(seen: Observations) -> dict[str, Iterator[Any]]:
    """The observations as JSON-able lists, in a stable order."""
    return {
        "links": (_link(link) for _, link in sorted(seen.links.items())),
        "bases": (
            [link, {mapping: [pack(base.hubspot), pack(base.xero), base.mapping_digest, base.settled]}]
            for link, bases in sorted(seen.bases.items())
            for mapping, base in sorted(bases.items())
        ),
        "known": (_known(known) for _, known in sorted(seen.known.items())),
        "forget": (list(ref) for ref in sorted(seen.forget)),
        "syncs": (_sync(sync) for sync in seen.syncs),
    }


def read_observations(document: Mapping[str, Any]) -> Observations:
    """The inverse of `observation_lists`. Raises what a wrong document makes: `KeyError`, `TypeError`, `ValueError`."""
    found = Observations()
    for each in document["links"]:
        found.links[each["id"]] = Link(
            each["id"],
            each["sync"],
            each["hubspot"],
            each["xero"],
            Origin(each["made_by"]),
            App(each["born_in"]) if each["born_in"] else None,
            {App(app): Membership(member) for app, member in each["membership"].items()},
            App(each["gone"]) if each["gone"] else None,
        )
    for link, bases in document["bases"]:
        for mapping, (hubspot, xero, digest, settled) in bases.items():
            found.bases.setdefault(link, {})[mapping] = BaseValue(unpack(hubspot), unpack(xero), digest, settled)
    for app, type_name, record_id, sync, updated, standing, reason, involves, retry in document["known"]:
        ref = RecordRef(App(app), type_name, record_id)
        others = tuple(RecordRef(App(of), kind, other) for of, kind, other in involves)
        found.known[ref] = Known(ref, sync, _instant(updated), Standing(standing), reason, others, retry)
    found.forget = [RecordRef(App(app), kind, record_id) for app, kind, record_id in document["forget"]]
    for each in document["syncs"]:
        marks = {App(app): when for app, text in each["watermarks"].items() if (when := _instant(text)) is not None}
        found.syncs.append(
            SyncState(
                each["name"],
                _instant(each["started"]),
                each["digest"],
                marks,
                _instant(each["full_read"]),
                _instant(each["last_run"]),
            )
        )
    return found


def _link(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "sync": link.sync,
        "hubspot": link.hubspot,
        "xero": link.xero,
        "made_by": link.made_by.value,
        "born_in": link.born_in.value if link.born_in else None,
        "membership": {app.value: member.value for app, member in link.membership.items()},
        "gone": link.gone.value if link.gone else None,
    }


def _known(known: Known) -> list[Any]:
    return [
        *known.ref,
        known.sync,
        encode(known.updated),
        known.standing.value,
        dict(known.reason),
        [list(ref) for ref in known.involves],
        known.retry,
    ]


def _sync(sync: SyncState) -> dict[str, Any]:
    return {
        "name": sync.name,
        "started": encode(sync.started),
        "digest": sync.digest,
        "watermarks": {app.value: encode(when) for app, when in sync.watermarks.items()},
        "full_read": encode(sync.full_read),
        "last_run": encode(sync.last_run),
    }


def _instant(text: str | None) -> datetime | None:
    when: Value = canonical(ValueType.INSTANT, text)
    assert when is None or isinstance(when, datetime)
    return when
