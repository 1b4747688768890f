"""Three-way merge, field by field, by the table of design §2.1: base, HubSpot, Xero → what becomes of the field.

Each side is compared with *its own* base, so what one app made of a value (trimmed, rounded, re-cased) never reads as an edit.
Where both were edited the newer record wins if it is clear which is newer; else the app named in the ruleset (R10). A loser's value
stays in the plan and in the journal. A merge only proposes: directions, scope and guards may leave a proposal undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hxrules.language.model import FieldMapping, Sync
from hxrules.planning.plan import Verdict
from hxrules.records import App, BaseValue, Record
from hxrules.values import NotOfType, Value


@dataclass(frozen=True, slots=True)
class FieldView:
    """One mapped field as the two records hold it, each value in both apps' terms."""

    hubspot: Value
    """HubSpot's value; where HubSpot has none and the mapping has a fallback, what the fallback says."""
    xero: Value
    in_xero: Value
    """HubSpot's value in Xero's terms: what Xero would get."""
    in_hubspot: Value
    """Xero's value in HubSpot's terms: what HubSpot would get."""
    stopgap: bool = False
    """HubSpot's value is only a fallback."""
    same: bool | None = None
    """For a value that isn't compared by `==` (lines): whether both say the same, as the owner of the record sees it."""

    def of(self, app: App) -> Value:
        return self.hubspot if app is App.HUBSPOT else self.xero

    def for_(self, app: App) -> Value:
        """The value that `app` would get from the other side."""
        return self.in_hubspot if app is App.HUBSPOT else self.in_xero

    def empty(self, app: App) -> bool:
        """Has this side nothing of its own to say?"""
        if app is App.HUBSPOT:
            return self.hubspot is None or self.stopgap
        return self.xero is None or self.in_hubspot is None

    @property
    def equal(self) -> bool:
        if self.same is not None:
            return self.same
        if self.in_xero == self.xero or (self.hubspot == self.in_hubspot and not self.stopgap):
            return True
        # A name made from first and last name is the same name in any case, and never an opinion of HubSpot's or Xero's own.
        return self.stopgap and (
            self.in_hubspot is None
            or (isinstance(self.in_xero, str) and isinstance(self.xero, str) and _same_text(self.in_xero, self.xero))
        )


def _same_text(left: str, right: str) -> bool:
    return left.casefold() == right.casefold()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one field. `target` is the app to write, if any."""

    mapping: FieldMapping
    view: FieldView
    verdict: Verdict
    reason: str
    target: App | None = None
    edited: App | None = None
    """For `not-this-way`: where the edit was made that isn't carried on."""
    base: BaseValue | None = None

    @property
    def before(self) -> Value:
        if self.target is None or (self.target is App.HUBSPOT and self.view.stopgap):
            return None
        return self.view.of(self.target)

    @property
    def after(self) -> Value:
        return None if self.target is None else self.view.for_(self.target)


NO_COMPOSITES: Mapping[str, FieldView] = {}


def views(sync: Sync, hubspot: Record, xero: Record) -> list[FieldView]:
    """Both records, field by field, in the order of the sync's mappings. Raises `mappings.ConversionFailed`."""
    compiled = sync.compiled
    stopgaps = compiled.is_fallback(hubspot.fields)
    return [
        FieldView(in_xero if mapping.fallback else own, theirs, in_xero, in_hubspot, stopgap)
        for mapping, own, theirs, in_xero, in_hubspot, stopgap in zip(
            sync.mappings,
            compiled.hubspot(hubspot.fields),
            compiled.xero(xero.fields),
            compiled.to_xero(hubspot.fields),
            compiled.to_hubspot(xero.fields),
            stopgaps,
            strict=True,
        )
    ]


def merge(
    sync: Sync,
    bases: Mapping[str, BaseValue],
    hubspot: Record,
    xero: Record,
    targets: Collection[App],
    owner: App | None = None,
    composites: Mapping[str, FieldView] = NO_COMPOSITES,
    by_hand: bool = False,
) -> list[Decision]:
    """Decides every mapped field of a pair. `targets` are the apps that this pair may be written to now.

    `owner` is the app in which the record was made, where that decides (R18); `composites` are the views of lines, by mapping.
    `by_hand`: a person has said that the two are one, and they meet for the first time.
    Raises `mappings.ConversionFailed` for a value that a transform can't take: the whole record is then held.
    """
    newer, why = newer_side(hubspot.updated, xero.updated, sync)

    def decide(mapping: FieldMapping, view: FieldView) -> Decision:
        view, base = composites.get(mapping.id, view), bases.get(mapping.id)
        may_write = mapping.writes.intersection(targets)
        if mapping.owned and owner is not None:
            return _owned(mapping, view, base, may_write, owner, by_hand)
        return _decide(mapping, view, base, may_write, newer, why)

    decisions = [decide(mapping, view) for mapping, view in zip(sync.mappings, views(sync, hubspot, xero), strict=True)]
    coming = {each.mapping.hubspot.name: each.after for each in decisions if each.target is App.HUBSPOT}
    if coming and any(each.view.stopgap for each in decisions):
        # A name made of first and last name follows when this very plan brings HubSpot another first or last name.
        made = sync.compiled.to_xero({**hubspot.fields, **coming})
        for index, each in enumerate(decisions):
            if each.view.stopgap and each.target is not App.HUBSPOT and made[index] != each.view.in_xero:
                view = replace(each.view, hubspot=made[index], in_xero=made[index])
                decisions[index] = decide(each.mapping, view)
    return decisions


def newer_side(hubspot: datetime | None, xero: datetime | None, sync: Sync) -> tuple[App, str]:
    """R10: the newer side if it is clear, else the named winner; with the reason in words. Times are the apps' own, in UTC."""
    named = f"{sync.winner.brand} is named as the winner"
    if hubspot is None or xero is None:
        missing = App.HUBSPOT if hubspot is None else App.XERO
        return sync.winner, f"{missing.brand} doesn't say when it was changed, and {named}"
    apart = abs((hubspot - xero).total_seconds())
    if apart <= sync.tolerance.total_seconds():
        return sync.winner, f"both were changed within {sync.tolerance.total_seconds():g} s, and {named}"
    newer = App.HUBSPOT if hubspot > xero else App.XERO
    return newer, f"{newer.brand}'s record is newer ({_said(max(hubspot, xero))} over {_said(min(hubspot, xero))})"


def _said(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _decide(
    mapping: FieldMapping,
    view: FieldView,
    base: BaseValue | None,
    may_write: Collection[App],
    newer: App,
    why: str,
) -> Decision:
    def towards(target: App, verdict: Verdict, reason: str) -> Decision:
        if target in may_write:
            return Decision(mapping, view, verdict, reason, target, base=base)
        return Decision(mapping, view, Verdict.NOT_THIS_WAY, reason, edited=target.other, base=base)

    def contest(verdict: Verdict, opening: str) -> Decision:
        if view.empty(App.HUBSPOT) != view.empty(App.XERO):
            # One side has nothing to say: an empty value overwrites nothing, it is filled from the other side.
            silent = App.HUBSPOT if view.empty(App.HUBSPOT) else App.XERO
            return towards(silent, verdict, f"{silent.brand} has no value, {silent.other.brand} has one")
        return towards(newer.other, verdict, f"{opening}; {why}")

    if base is None or (base.mapping_digest != mapping.digest and not view.equal):
        # Never compared by this rule before: the pair was just matched, or the mapping was added or edited.
        if view.equal:
            return Decision(mapping, view, Verdict.AGREED, "both hold the same", base=base)
        return contest(Verdict.FIRST_MEETING, "first meeting of two different values")
    hubspot_edited = view.hubspot != base.hubspot
    xero_edited = view.xero != base.xero
    if not hubspot_edited and not xero_edited:
        if view.equal or not base.settled or view.stopgap:
            # Untouched. Left different on purpose counts as untouched: what was decided then still holds. So does a name that
            # stands in for one that HubSpot doesn't have.
            verdict = Verdict.SAME if base.mapping_digest == mapping.digest else Verdict.AGREED
            return Decision(mapping, view, verdict, "unchanged since the last run", base=base)
        return Decision(
            mapping, view, Verdict.DIVERGED, "neither was edited since the last run, and yet they differ", base=base
        )
    if view.equal:
        return Decision(mapping, view, Verdict.AGREED, "edited to the same", base=base)
    if hubspot_edited and xero_edited:
        return contest(Verdict.CONFLICT, "edited in both")
    if hubspot_edited:
        return towards(App.XERO, Verdict.TO_XERO, "edited in HubSpot")
    return towards(App.HUBSPOT, Verdict.TO_HUBSPOT, "edited in Xero")


def _owned(
    mapping: FieldMapping,
    view: FieldView,
    base: BaseValue | None,
    may_write: Collection[App],
    owner: App,
    by_hand: bool,
) -> Decision:
    """R18: the app in which the record was made has the say. The other side is kept equal; an edit made in Xero of a record that was
    made in HubSpot is never overwritten, the record is held. Where a person has linked the two, what they differ in at first is no edit."""
    other = owner.other
    equal = _as_the_owner_says(mapping, view, owner)
    known = base is not None and (base.mapping_digest == mapping.digest or equal)
    owner_edited = base is None or view.of(owner) != base.side(owner)
    other_edited = base is None or view.of(other) != base.side(other)
    if known and not owner_edited and not other_edited:
        return Decision(mapping, view, Verdict.SAME, "unchanged since the last run", base=base)
    if equal:
        return Decision(mapping, view, Verdict.AGREED, "both hold the same", base=base)
    made = f"{owner.brand} has the say: the record was made there (R18)"
    if other not in mapping.writes:
        # A total, a balance: the other app works it out itself.
        return Decision(mapping, view, Verdict.NOT_THIS_WAY, made, base=base)
    if other_edited and other is App.XERO and not by_hand:
        return Decision(mapping, view, Verdict.PROTECTED, made, edited=other, base=base)
    if other not in may_write:
        return Decision(mapping, view, Verdict.NOT_THIS_WAY, made, base=base)
    verdict = Verdict.TO_XERO if other is App.XERO else Verdict.TO_HUBSPOT
    if not known:
        verdict = Verdict.FIRST_MEETING
    return Decision(
        mapping, view, verdict, f"edited in {owner.brand}" if owner_edited and known else made, other, base=base
    )


def _as_the_owner_says(mapping: FieldMapping, view: FieldView, owner: App) -> bool:
    """Are both equal, as far as the owner can tell? An invoice that is paid in Xero is still as open as HubSpot says it is."""
    if view.same is not None:
        return view.same
    if owner is App.XERO:
        return view.hubspot == view.in_hubspot
    value = view.in_hubspot
    try:
        for step in mapping.steps if value is not None else ():
            value = step.forward(value)
    except NotOfType:
        return view.in_xero == view.xero
    return view.in_xero == (value if mapping.steps else view.xero)
