"""Does a saved plan still hold? (design §2.8)

The whole plan is refused when it was made by other rules, for other accounts, from another state, or too long ago. Each change rests on
what was read of its records (`fingerprint`): all of them are read again by id before the first write, and a difference names the record.
No conditional write exists in either API, so the moment between this look and the write remains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hxrules.catalogue import Catalogue
from hxrules.language.model import Ruleset, Sync
from hxrules.planning import needs
from hxrules.planning.lines import assembled
from hxrules.planning.plan import Change, Plan, digest
from hxrules.problems import Problem
from hxrules.records import Accounts, App, ReadRequest, Record, RecordRef, Sight, StateView
from hxrules.values import IdOf, Lines, ValueType, pack

LIFE = timedelta(hours=24)
"""How long a saved plan may wait: long enough for a review overnight, too short to be forgotten."""


def fingerprint(record: Record, sync: Sync, sight: Sight, catalogue: Catalogue) -> str:
    """What was seen of a record, and of those that decide about it: another one means that somebody changed something that a decision
    rests on. Whose id a reference stands for isn't a part of it: what it is made of is."""
    info = catalogue.type(record.ref.app, record.ref.type)
    derived = {name for name, field in info.fields.items() if field.reached and field.kind is ValueType.REFERENCE}
    seen = {name: pack(value) for name, value in record.fields.items() if name not in derived}
    words = set(needs.associations_to_read(sync, record.ref.app))
    associated = {word: sorted(ids) for word, ids in record.associations.items() if word in words}
    deciding: list[object] = []
    for word, fields in needs.needed_of_associates(sync, record.ref.app).items():
        others = sight.of(record.ref.app, info.associations[word].type)
        for other in sorted(record.associations.get(word, ())):
            held = others[other].fields if other in others else {}
            deciding.append([word, other, {field.name: pack(held.get(field.name)) for field in fields}])
    return digest([seen, associated, deciding, record.life.value])[:32]


def refused_as_a_whole(
    plan: Plan, rules: Ruleset, accounts: Accounts, state: StateView, resumes: bool, now: datetime, file: str
) -> Problem | None:
    """Why the plan can't be applied at all. `resumes`: the state's last step was an unfinished run of this very plan."""
    again = f"hxrules dry-run {plan.ruleset.file} -o {file}"

    def stale(code: str, summary: str, cause: str) -> Problem:
        return Problem(code, summary, cause, "Make the plan anew, look at it, and apply that.", next_command=again)

    planned = plan.accounts
    if (planned.portal.id, planned.organisation.tenant) != (accounts.portal.id, accounts.organisation.tenant):
        return stale(
            "HX313",
            "the plan is for other accounts",
            f"It was made for portal {planned.portal.id} and {planned.organisation.name} ({planned.organisation.tenant}); the "
            f"credentials open portal {accounts.portal.id} and {accounts.organisation.name} ({accounts.organisation.tenant}).",
        )
    if plan.ruleset.digest != rules.digest:
        return stale(
            "HX312",
            "the rules were edited since the plan was made",
            f"{rules.file} means something else now than when the plan was made (version {plan.ruleset.version}).",
        )
    if plan.lineage != state.lineage or (plan.serial != state.serial and not resumes):
        moved = "another state" if plan.lineage != state.lineage else "this state, which has moved on since"
        return stale(
            "HX314",
            "the plan was made from what is no longer so",
            f"It was made from {moved}: another run came between.",
        )
    if now - plan.now > LIFE:
        return stale(
            "HX315",
            "the plan has expired",
            f"It was made {plan.now:%Y-%m-%d %H:%M} UTC, and a plan is good for {LIFE.total_seconds() / 3600:.0f} hours.",
        )
    return None


def ids_to_read(changes: Iterable[Change], sync: Sync) -> dict[App, tuple[str, ...]]:
    """The records that the changes of one sync rest on."""
    found: dict[App, dict[str, None]] = {app: {} for app in App}
    for change in changes:
        for app in change.preconditions if change.sync == sync.name else ():
            record_id = change.hubspot if app is App.HUBSPOT else change.xero
            if record_id is not None:
                found[app][record_id] = None
    return {app: tuple(sorted(ids)) for app, ids in found.items()}


def rereads(sync: Sync, ids: Mapping[App, tuple[str, ...]], catalogue: Catalogue) -> list[ReadRequest]:
    """The same questions as when the plan was made, for these records only."""
    return [
        ReadRequest(
            app,
            sync.types[app],
            needs.fields_to_read(sync, app, catalogue),
            ids=wanted,
            associations=needs.associations_to_read(sync, app),
        )
        for app, wanted in ids.items()
        if wanted
    ]


def moved(
    changes: Iterable[Change], sync: Sync, sight: Sight, catalogue: Catalogue, written: Collection[RecordRef]
) -> dict[str, RecordRef]:
    """Change → the first of its records that isn't as it was. `written` are those that an interrupted run of the plan wrote itself."""
    stale: dict[str, RecordRef] = {}
    for change in changes:
        if change.sync != sync.name:
            continue
        for app, before in sorted(change.preconditions.items()):
            record_id = change.hubspot if app is App.HUBSPOT else change.xero
            ref = RecordRef(app, sync.types[app], str(record_id))
            record = sight.of(app, ref.type).get(ref.id)
            if ref in written:
                continue
            if record is None or fingerprint(_complete(record, sync, sight), sync, sight, catalogue) != before:
                stale.setdefault(change.id, ref)
    return stale


def _complete(record: Record, sync: Sync, sight: Sight) -> Record:
    """The record with its lines, as it was planned with."""
    made = {
        mapping.field(record.ref.app).name: assembled(record, sight)
        for mapping in sync.mappings
        if mapping.hubspot.kind is ValueType.LINES and record.ref.app is App.HUBSPOT
    }
    empty = {
        mapping.xero.name: Lines()
        for mapping in sync.mappings
        if mapping.xero.kind is ValueType.LINES
        and record.ref.app is App.XERO
        and record.fields.get(mapping.xero.name) is None
    }
    return replace(record, fields={**record.fields, **made, **empty})


def dependants(plan: Plan, stale: Collection[str]) -> set[str]:
    """The changes that need what one of these would have made, and those themselves."""
    lost = set(stale)
    links = {change.link.id: change.id for change in plan.changes if change.link is not None}
    while True:
        more = {
            change.id
            for change in plan.changes
            if change.id not in lost and any(links.get(each.of) in lost for each in _references(change))
        }
        if not more:
            return lost
        lost |= more


def _references(change: Change) -> Iterable[IdOf]:
    for effect in change.effects:
        yield from (value for value in effect.values.values() if isinstance(value, IdOf))
        for ids in effect.associations.values():
            yield from (each for each in ids if isinstance(each, IdOf))
