"""What must be held back although the merge proposes it. A guard can only hold, never invent a write (design §2.7).

Each function looks at one kind of danger and returns problems; the planner drops the changes that a problem names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.mappings import ConversionFailed
from hxrules.language.model import Limits, Sync
from hxrules.planning.linking import link_command
from hxrules.planning.merge import Decision
from hxrules.planning.plan import Action, Change
from hxrules.planning.scope import Scope
from hxrules.problems import Problem
from hxrules.records import App, Known, Life, Record, RecordRef, Standing
from hxrules.values import Line, Lines, Value, encode


def _held(sync: Sync, refs: Mapping[App, RecordRef], code: str, summary: str, *, cause: str, remedy: str) -> Problem:
    """A problem of one record, or of a pair."""
    hubspot, xero = refs.get(App.HUBSPOT), refs.get(App.XERO)
    return Problem(code, summary, cause, remedy, hubspot=hubspot, xero=xero, sync=sync.name)


def archived_target(record: Record | None, app: App, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem | None:
    """An archived contact can't be edited, nor brought back, through Xero's API (facts/xero.md 6.2)."""
    if record is None or record.life is Life.LIVE:
        return None
    return _held(
        sync,
        refs,
        "HX205",
        f"archived in {app.brand}",
        cause=f"{app.brand} {record.ref.id} is archived there and can't be edited through the API.",
        remedy=f"Restore it in {app.brand}'s own screens, or archive its partner as well.",
    )


def bad_values(
    values: Mapping[str, Value], info: TypeInfo, create: bool, sync: Sync, refs: Mapping[App, RecordRef]
) -> Problem | None:
    """A value that the app can't hold: too long, or empty where something must stand. Cutting it would lose data silently."""
    for name, value in values.items():
        field = info.fields.get(name)
        if field is None:
            continue
        if isinstance(value, str) and field.length is not None and len(value) > field.length:
            return _held(
                sync,
                refs,
                "HX210",
                f"{field.title} is too long for {info.app.brand}",
                cause=f"It has {len(value):,} characters; {info.app.brand}'s {name} holds {field.length:,}.",
                remedy="Shorten it where it was written; it is never cut.",
            )
        if isinstance(value, str) and field.refuses and re.search(field.refuses, value):
            return _held(
                sync,
                refs,
                "HX209",
                f"{field.title} has a character that {info.app.brand} refuses",
                cause=f"“{value}” matches {field.refuses}, which {info.app.brand}'s {name} doesn't take.",
                remedy="Write it without the character.",
            )
        if value is None and not field.nullable:
            return _nothing_for(name, info, sync, refs)
    if create:
        needed = info.settings.get("needs-one-of", ())
        if needed and all(values.get(name) is None for name in needed):
            titles = [info.fields[name].title for name in needed]
            return _held(
                sync,
                refs,
                "HX211",
                f"{info.app.brand} needs one of {', '.join(titles)}",
                cause=f"A {info.title} in {info.app.brand} has at least one of {', '.join(titles)}; "
                f"{info.app.other.brand} has none of them.",
                remedy=f"Fill one in {info.app.other.brand}.",
            )
        mapped = {mapping.field(info.app).name for mapping in sync.mappings if info.app in mapping.writes}
        for name, field in info.fields.items():
            if not field.nullable and name in mapped and values.get(name) is None:
                return _nothing_for(name, info, sync, refs)
    return None


def _nothing_for(name: str, info: TypeInfo, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem:
    return _held(
        sync,
        refs,
        "HX211",
        f"{info.app.brand} needs a {info.fields[name].title}",
        cause=f"Every {info.title} in {info.app.brand} has one ({name}), and {info.app.other.brand} has no value for it.",
        remedy=f"Fill it in {info.app.other.brand}.",
    )


def taken_values(
    sync: Sync, app: App, changes: Iterable[Change], records: Mapping[str, Record], catalogue: Catalogue
) -> dict[str, Problem]:
    """Change id → problem, for every value that must be unique in `app` and is another record's (R23's family).

    The name of a Xero contact is the usual case: it is never overwritten, and the record that has it is named (design §0.5).
    A value that its owner gives up in the same plan still counts as taken: the order of writes is not to be relied on.
    """
    info = catalogue.type(app, sync.types[app])
    unique = [name for name, field in info.fields.items() if field.unique]
    writes = [change for change in changes if change.app is app and change.sync == sync.name]
    problems: dict[str, Problem] = {}
    for name in unique:
        owners: dict[str, str] = {}
        for record in records.values():
            if record.life is Life.LIVE:
                for value in _values_of(record, info.fields[name]):
                    owners.setdefault(value.casefold(), record.ref.id)
        claims: dict[str, Change] = {}
        for change in writes:
            written = next((effect.values.get(name) for effect in change.effects), None)
            if not isinstance(written, str):
                continue
            folded = written.casefold()
            owner = owners.get(folded)
            own_id = change.hubspot if app is App.HUBSPOT else change.xero
            if owner is not None and owner != own_id:
                problems[change.id] = _taken(sync, change, name, written, info, owner, None)
            elif folded in claims:
                first = claims[folded]
                problems[change.id] = _taken(sync, change, name, written, info, None, first)
            else:
                claims[folded] = change
    return problems


def _values_of(record: Record, field: Field) -> Iterable[str]:
    """All values of a unique field that a record has: a HubSpot contact may have further e-mail addresses."""
    value = record.fields.get(field.name)
    if isinstance(value, str):
        yield value
    more = record.fields.get(field.also) if field.also else None
    if isinstance(more, str):
        yield from (each.strip() for each in more.split(";") if each.strip())


def _taken(
    sync: Sync, change: Change, name: str, value: str, info: TypeInfo, owner: str | None, first: Change | None
) -> Problem:
    title = info.fields[name].title
    here, there = info.app, info.app.other
    command = None
    if owner is not None:
        source = change.hubspot if there is App.HUBSPOT else change.xero
        if change.action is Action.CREATE and source is not None:
            command = link_command(
                RecordRef(here, sync.types[here], owner), RecordRef(there, sync.types[there], source)
            )
        cause = f"“{value}” is the {title} of {here.brand} {owner}, and {here.brand} allows each only once."
        other = RecordRef(here, sync.types[here], owner)
    else:
        twin = "" if first is None else (first.hubspot if there is App.HUBSPOT else first.xero) or ""
        cause = f"{there.brand} {twin} would have the {title} “{value}” too, and {here.brand} allows each only once."
        other = RecordRef(there, sync.types[there], twin)
    return Problem(
        "HX203",
        f"{title} is taken in {here.brand}",
        cause=cause,
        remedy=f"If both are the same {info.title}, give them the same {' + '.join(sync.match)} or join them by "
        "`hxrules link`; else rename one of them.",
        hubspot=RecordRef(App.HUBSPOT, sync.types[App.HUBSPOT], change.hubspot) if change.hubspot else None,
        xero=RecordRef(App.XERO, sync.types[App.XERO], change.xero) if change.xero else None,
        sync=change.sync,
        involves=(other,),
        next_command=command,
    )


def unreadable(record: Record, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem | None:
    """A value that the app delivered, but that isn't of its field's type: nothing is decided on the strength of it."""
    if not record.broken:
        return None
    name, raw = next(iter(sorted(record.broken.items())))
    return _held(
        sync,
        refs,
        "HX213",
        f"{name} holds something unexpected",
        cause=f"{record.ref.app.brand} delivered {raw[:80]!r}, which doesn't fit the type of the field.",
        remedy=f"Correct it in {record.ref.app.brand}, or leave the field out of the mappings.",
    )


def untranslatable(failed: ConversionFailed, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem:
    """A value that a mapping's transform can't take."""
    mapping = sync.mapping(failed.mapping)
    return _held(
        sync,
        refs,
        "HX212",
        f"{mapping.id} can't be translated",
        cause=failed.reason[:1].upper() + failed.reason[1:] + ("" if failed.reason.endswith(".") else "."),
        remedy=f"Correct the value, or the mapping at {mapping.span}.",
    )


def barred(found: Scope, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem:
    """A record that a fixed limit refuses with an error of its own, instead of leaving it out silently (R19)."""
    assert found.error is not None
    return _held(
        sync,
        refs,
        found.error,
        found.told.rstrip(".")[:1].lower() + found.told.rstrip(".")[1:],
        cause=f"It has {said(found.value)}, and the limit `{found.leaf}` of HubSpot's own Data Sync can't be removed.",
        remedy="Enter it in Xero by hand, or issue it anew in HubSpot so that it meets the limit.",
    )


def edited_outside(decisions: Sequence[Decision], sync: Sync, refs: Mapping[App, RecordRef]) -> Problem:
    """R24: something that only HubSpot may say of its own record was edited in Xero. With all three values, side by side."""
    names = ", ".join(each.mapping.id for each in decisions)
    if all(each.base is None for each in decisions):
        rows = "\n".join(
            f"{each.mapping.id}: HubSpot {said(each.view.hubspot)}, Xero {said(each.view.xero)}" for each in decisions
        )
        return _held(
            sync,
            refs,
            "HX239",
            f"the same {' + '.join(sync.match)}, but another {sync.name.removesuffix('s')}",
            cause=f"Both apps have one, and they were never in step before, so nothing says that they are the same:\n{rows}",
            remedy="If they are not the same, give one of them another number. If they are, make Xero's equal to HubSpot's by hand"
            + (
                f", or say so, and the next run does it:\n`{link_command(refs[App.HUBSPOT], refs[App.XERO])}`"
                if sync.invoices is not None
                else "."
            ),
        )
    rows = "\n".join(row for each in decisions for row in _three_values(each))
    return _held(
        sync,
        refs,
        "HX224",
        f"edited in Xero ({names})",
        cause=f"What was made in HubSpot can't be edited from another app (R18).\n{rows}",
        remedy="Undo the edit in Xero, and make it in HubSpot; the next run goes on by itself.",
    )


def _three_values(decision: Decision) -> list[str]:
    """What was last in step, what HubSpot says now, and what Xero says now; of lines only those that differ."""
    base = decision.base
    before, hubspot, xero = (base.xero if base else None), decision.view.hubspot, decision.view.xero
    name = decision.mapping.id
    if isinstance(before, Lines) and isinstance(xero, Lines):
        gone = [line for line in before.items if line not in xero.items]
        come = [line for line in xero.items if line not in before.items]
        wanted = {line.id for line in base.hubspot.items} if base and isinstance(base.hubspot, Lines) else set()
        edited = [line for line in hubspot.items if line.id not in wanted] if isinstance(hubspot, Lines) else []
        rows = [f"last in step: {_line_said(line)}" for line in gone] + [
            f"Xero now: {_line_said(line)}" for line in come
        ]
        same = base is not None and hubspot == base.hubspot
        rows.append("HubSpot now: as when last in step" if same else f"HubSpot now: {said(hubspot)}")
        return [f"{name}, {row}" for row in rows + [f"new in HubSpot: {_line_said(line)}" for line in edited]]
    return [f"{name}: last in step {said(before)}, HubSpot now {said(hubspot)}, Xero now {said(xero)}"]


def said(value: Value) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, Lines):
        return "; ".join(_line_said(line) for line in value.items) or "no lines"
    if isinstance(value, str):
        return f"“{value}”"
    found = encode(value)
    return "nothing" if found is None else str(found)


def _line_said(line: Line) -> str:
    quantity = next((found for name in ("quantity", "Quantity") if (found := line.get(name)) is not None), None)
    price = next((found for name in ("price", "UnitAmount") if (found := line.get(name)) is not None), None)
    text = line.get("wording") or line.get("Description") or line.get("hs_label")
    percent = line.get("hs_discount_percentage") or line.get("DiscountRate")
    amount = line.get("discount") or line.get("DiscountAmount")
    numbers = (
        f"{said(quantity)} × {said(price)}" if quantity is not None or price is not None else said(line.get("hs_value"))
    )
    off = f" less {said(percent)} %" if percent else f" less {said(amount)}" if amount else ""
    return f"{said(text)} {numbers}{off}" if text else f"{numbers}{off}"


def diverged(decisions: Sequence[Decision], sync: Sync, refs: Mapping[App, RecordRef]) -> Problem:
    """Fields that neither side edited since they were equal, and that differ now: never ignored, never guessed about."""
    first = decisions[0]
    return _held(
        sync,
        refs,
        "HX206",
        f"{', '.join(each.mapping.id for each in decisions)} differs although nobody edited it",
        cause=f"HubSpot holds {first.view.hubspot!r} and Xero {first.view.xero!r}, as after the last run, yet the rules say that "
        "they should be equal.",
        remedy="Edit the field in the app that is wrong; the next run carries it over.",
    )


def perhaps_made(record: Record, known: Known | None, sync: Sync, refs: Mapping[App, RecordRef]) -> Problem | None:
    """A create whose answer was lost, and that nothing in the app identifies, is never sent again by itself (design §2.5).

    It waits until the record is edited, or its partner is found by key.
    """
    if known is None or known.standing is not Standing.FAILING or known.reason.get("code") != "HX208":
        return None
    if known.updated is not None and known.updated != record.updated:
        # Somebody has been at it since: that is the word to go on.
        return None
    return _held(
        sync,
        refs,
        "HX208",
        f"it may be in {record.ref.app.other.brand} already",
        cause=f"{record.ref.app.other.brand} gave no answer when it was created, and the record has nothing by which it could be "
        "found there.",
        remedy=f"Look in {record.ref.app.other.brand}. If it is there, give both the same {' + '.join(sync.match)}; if it isn't, "
        f"edit the record in {record.ref.app.brand}, and the next run creates it.",
    )


def mass_change(
    changes: Iterable[Change], linked: int, limits: Limits, *, gone: int = 0, left: int = 0
) -> list[Problem]:
    """`limits`: a plan that touches more than its share is held as a whole until a person has looked (`--allow-large`)."""
    every = list(changes)
    problems: list[Problem] = []
    touched = {
        (change.sync, change.hubspot, change.xero) for change in every if change.action in (Action.UPDATE, Action.VOID)
    }
    new_links = {(change.sync, change.hubspot, change.xero) for change in every if change.action is Action.LINK}
    updates = len(touched - new_links)
    if linked >= limits.of_at_least and Decimal(updates + gone + left) > limits.changes * linked:
        parts = [f"{number:,} {what}" for number, what in ((gone, "gone"), (left, "out of an edited filter")) if number]
        problems.append(
            Problem(
                "HX301",
                f"{updates + gone + left:,} of {linked:,} linked records would change"
                + (f" ({', '.join(parts)})" if parts else ""),
                cause=f"That is more than {limits.changes * 100:f}".rstrip("0").rstrip(".")
                + " %, the most that the ruleset lets one run change.",
                remedy="Look at the plan. If it is what you want, allow it for this once.",
                span=limits.span,
                next_command="hxrules apply --allow-large",
            )
        )
    creates = sum(change.action is Action.CREATE for change in every)
    if limits.creates is not None and creates > limits.creates:
        problems.append(
            Problem(
                "HX302",
                f"{creates:,} records would be created",
                cause=f"The ruleset lets one run create {limits.creates:,}.",
                remedy="Look at the plan. If it is what you want, allow it for this once.",
                span=limits.span,
                next_command="hxrules apply --allow-large",
            )
        )
    return problems
