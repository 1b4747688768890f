"""What a changed rule means, in plain words, as far as the rules alone tell: which app may be written now, who overwrites whom, which
guard is weaker. How many records it concerns isn't to be seen here (`planning.impact`).

See also: `comparison` (what changes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from hxrules.language.comparison import Kind, Reach, RuleChange, differences
from hxrules.language.model import Ruleset, Sync
from hxrules.records import App


class Meaning(NamedTuple):
    """A sentence; and whether more may be written, or less is guarded, than before."""

    text: str
    grave: bool = False


_NOTHING = Meaning("")


def explained_differences(old: Ruleset, new: Ruleset) -> tuple[RuleChange, ...]:
    """What changes in rules, and what follows from each change."""
    before, after = ({sync.name: sync for sync in each.syncs} for each in (old, new))
    found = []
    for change in differences(old, new):
        meaning = _MEANINGS[change.kind](change, before.get(change.sync), after.get(change.sync))
        found.append(replace(change, means=meaning.text, grave=meaning.grave))
    return tuple(found)


def _ruleset(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    if change.name == "extends":
        return Meaning("Another base: other default mappings and fixed limits may count; each that differs is listed.")
    return _NOTHING


def _account(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    key = change.name
    if key.endswith("subscription"):
        return Meaning("Only says which features the ruleset may use; no record is treated otherwise.")
    if change.after is None:
        return Meaning(
            f"Whose {key} it is, is no longer checked: credentials of another account are taken.", grave=True
        )
    return Meaning("Credentials of any other account are refused before anything is read.", change.before is not None)


def _limit(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    before, after = (_number(each) for each in (change.before, change.after))
    weaker = after is None or (before is not None and after > before)
    if change.name == "changes":
        what = f"A run may change up to {change.after} of the linked records before a person must look"
        return Meaning(f"{what}: {'more' if weaker else 'fewer'} than before.", weaker)
    if change.name == "of-at-least":
        return Meaning(f"With fewer than {change.after} linked records the share of changes isn't limited.", weaker)
    if change.after is None:
        return Meaning("The number of records that a run may create is no longer limited.", grave=True)
    return Meaning(f"A run may create up to {change.after} records before a person must look.", weaker)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text.rstrip("%"))


def _sync(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    if new is None:
        return Meaning("No longer listed: it doesn't run. What is linked keeps its links until `hxrules remove`.")
    if not new.enabled:
        return Meaning("Listed, and switched off: it doesn't run.")
    return Meaning(f"New: {_apps(new.direction.targets)} may now be written by it.", grave=True)


def _enabled(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    if change.after == "true" and new is not None:
        return Meaning(f"It runs again: {_apps(new.direction.targets)} may now be written by it.", grave=True)
    return Meaning("It no longer runs. What is linked keeps its links, and goes on from there when it is switched on.")


def _direction(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    assert old is not None
    assert new is not None
    more = [app for app in new.direction.targets if app not in old.direction.targets]
    fewer = [app for app in old.direction.targets if app not in new.direction.targets]
    said = [f"{app.brand} may now be written: records are created and edited there." for app in more]
    said += [f"{app.brand} is no longer written: what is edited in {app.other.brand} stays there." for app in fewer]
    return Meaning(" ".join(said), grave=bool(more))


def _conflict(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    assert old is not None
    assert new is not None
    if change.name.endswith("winner"):
        text = (
            f"Where both sides were edited and it is unclear which is newer, {new.winner.brand}'s value now overwrites"
        )
        return Meaning(f"{text} {new.winner.other.brand}'s.", grave=True)
    more = new.tolerance > old.tolerance
    text = f"Edits within {change.after} of each other count as made at once: the winner decides {'more' if more else 'less'}"
    return Meaning(f"{text} often than the time.")


def _match(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    return Meaning("Other records may be taken for the same. What is linked already stays linked.", grave=True)


def _filter(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    assert change.target is not None
    source, target = change.target.other.brand, change.target.brand
    if change.before is None:
        text = f"A new filter: only {source} records that fulfil it go to {target}."
    elif change.after is None:
        text = f"No filter any more: every {source} record goes to {target} that the fixed limits let through."
    elif change.reach is Reach.FEWER:
        text = f"Narrower: {source} records can only leave by it, none can enter."
    elif change.reach is Reach.MORE:
        text = f"Wider: {source} records can only enter by it, none can leave."
    elif change.reach is Reach.SAME:
        text = "The same conditions in another order: the same records pass."
    else:
        text = f"{source} records may enter and leave."
    return Meaning(text, grave=old is not None and change.reach in (Reach.MORE, Reach.UNKNOWN))


def _fixed_limit(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    return Meaning("A limit of the base, which no ruleset can remove.", grave=change.after is None)


def _mapping(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    if change.kind is Kind.LINE_MAPPING:
        return Meaning(
            "The lines of every linked invoice are compared anew, and written where they differ.", grave=True
        )
    if change.after is None:
        return Meaning("No longer kept equal; what the two apps hold stays as it is.")
    assert new is not None
    writes = next((each.writes for each in new.mappings if each.id == change.name), frozenset[App]())
    if not writes:
        return _NOTHING
    text = f"{_apps(tuple(sorted(writes)))} may be written by it"
    if len(writes) == 1:
        return Meaning(
            f"{text}: in every linked record in which the two sides differ, their values are compared anew.", True
        )
    return Meaning(
        f"{text}: every linked record in which the two sides differ is a first meeting, in which the newer side wins, else "
        f"{new.winner.brand}.",
        grave=True,
    )


def _order(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    return Meaning("Fields are listed in another order; nothing else follows from it.")


def _setting(change: RuleChange, old: Sync | None, new: Sync | None) -> Meaning:
    if change.name.startswith("voids"):
        app = App(change.name.removeprefix("voids to-"))
        if change.after == "follow":
            text = f"An invoice that is voided in {app.other.brand} is voided in {app.brand} too; that can't be taken back."
            return Meaning(text, grave=True)
        return Meaning(f"An invoice that is voided in {app.other.brand} is reported, and stays in {app.brand}.")
    if change.name in ("sales-account", "bank-account"):
        return _account_code(change)
    return _SETTINGS.get((change.name, change.after or "")) or _started_or_tax(change)


def _account_code(change: RuleChange) -> Meaning:
    what = {"sales-account": "Lines whose item names no account", "bank-account": "Payments made in HubSpot"}[
        change.name
    ]
    if change.after is None:
        return Meaning(f"{what} have no account in Xero any more.")
    return Meaning(f"{what} are now booked on account {change.after} in Xero; what is booked stays.", grave=True)


def _started_or_tax(change: RuleChange) -> Meaning:
    if change.name == "tax":
        return Meaning(
            "Lines written from now on may carry another tax rate; the first tax type named for a rate counts.", True
        )
    if change.after is None:
        return Meaning("The start is no longer pinned: it is that of the sync's first run.", grave=True)
    return Meaning(f"Filters and limits that ask for `sync_started` now mean {change.after}.", grave=True)


_SETTINGS = {
    ("totals", "block"): Meaning("An invoice that would cost another amount in the other app is held."),
    ("totals", "warn"): Meaning(
        "An invoice that would cost another amount in the other app is written, with a notice.", True
    ),
    ("totals", "adjust"): Meaning(
        "Where totals would differ by cents, the tax of lines is adjusted, a cent a line at most.", True
    ),
    ("history", "all"): Meaning("Payments made before the sync was started count as well.", grave=True),
    ("history", "after-start"): Meaning("Only payments made since the sync was started count."),
}

_MEANINGS: dict[Kind, Callable[[RuleChange, Sync | None, Sync | None], Meaning]] = {
    Kind.RULESET: _ruleset,
    Kind.ACCOUNT: _account,
    Kind.LIMIT: _limit,
    Kind.SYNC: _sync,
    Kind.ENABLED: _enabled,
    Kind.DIRECTION: _direction,
    Kind.CONFLICT: _conflict,
    Kind.MATCH: _match,
    Kind.FILTER: _filter,
    Kind.FIXED_LIMIT: _fixed_limit,
    Kind.MAPPING: _mapping,
    Kind.LINE_MAPPING: _mapping,
    Kind.ORDER: _order,
    Kind.SETTING: _setting,
}


def _apps(apps: tuple[App, ...]) -> str:
    return " and ".join(app.brand for app in apps)
