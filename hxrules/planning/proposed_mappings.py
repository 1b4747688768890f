"""Which property of a HubSpot account says the same as a field of Xero that no mapping uses yet (R12).

A name counts: that of the property, or its label, is what the field is called, or what people call such a property (`known-as` in the
catalogue). The type is for the language to judge, as it would be in the ruleset itself. See also: `proposals`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from hxrules.catalogue import Catalogue, Field, TypeInfo, Writable
from hxrules.language.model import Ruleset, Subscription, Sync
from hxrules.planning.proposals import NotProposed, Proposal, Proposals, Refusal
from hxrules.records import App, Property
from hxrules.values import ValueType

_FILLERS: Final = frozenset({"xero", "hubspot", "the", "customer", "client", "our", "field", "no", "nr", "number", "s"})
"""Words that may be left out of a property's name."""
_OURS: Final = "hxrules_"


def propose_mappings(
    ruleset: Ruleset, sync: Sync, defined: Sequence[Property], catalogue: Catalogue, refusal: Refusal, found: Proposals
) -> None:
    """Looks at the account's own properties, and at those of HubSpot's that are often missed (R25)."""
    hubspot, xero = (catalogue.type(app, sync.types[app]) for app in (App.HUBSPOT, App.XERO))
    used = {mapping.hubspot.name for mapping in sync.mappings}
    candidates = [each for each in defined if _candidate(each, hubspot) and each.name not in used]
    free = list(_free(sync, xero))
    meant = {each.name: [field for field in free if _same(each, field)] for each in candidates}
    for each in candidates:
        fields = meant[each.name]
        rivals = [other for other in candidates if other is not each and set(meant[other.name]) & set(fields)]
        because = _against(each, fields, rivals, ruleset)
        if because is None:
            proposal = _fitting(sync, each, fields[0], refusal)
            if isinstance(proposal, Proposal):
                found.entries.append(proposal)
                continue
            because = proposal
        if each.own:
            found.left.append(NotProposed(f"{hubspot.title} property {each.name} “{each.label}”", because))


def _candidate(each: Property, info: TypeInfo) -> bool:
    often_missed = each.name in info.settings.get("often-missed", ())
    return often_missed or (each.own and not each.name.startswith(_OURS))


def _free(sync: Sync, info: TypeInfo) -> Iterator[Field]:
    """The fields of Xero that can be written, and that neither a mapping nor the memory of partners uses.

    A field of a default mapping that is switched off isn't free: somebody meant that. It goes by the field's name in both apps.
    """
    used = {mapping.xero.name for mapping in sync.mappings}
    places = {(mapping.xero.path.slot, mapping.xero.path.names) for mapping in sync.mappings}
    for each in info.fields.values():
        taken = each.name in used or each.name == info.memory or (each.path.slot, each.path.names) in places
        if not taken and each.writable is Writable.ALWAYS and not each.kind.composite and each.codec != "reference":
            yield each


def _same(each: Property, field: Field) -> bool:
    said = {_bare(each.name), _bare(each.label)}
    return not said.isdisjoint({_bare(name) for name in (field.name, field.friendly, field.title, *field.known_as)})


def _bare(name: str) -> tuple[str, ...]:
    """The words of a name that tell something; all of them, where only fillers are left."""
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return tuple(word for word in words if word not in _FILLERS) or tuple(words)


def _against(each: Property, fields: Sequence[Field], rivals: Sequence[Property], ruleset: Ruleset) -> str | None:
    """Why nothing is proposed, as far as names can tell."""
    if not fields:
        return "no field of Xero that is free has such a name."
    names = ", ".join(field.name for field in fields)
    if len(fields) > 1:
        return f"several fields of Xero could be meant: {names}."
    if rivals:
        return f"{' and '.join(other.name for other in rivals)} could go into Xero's {names} as well: map the one that counts."
    if each.several:
        return f"it holds several choices at once, and Xero's {names} one text."
    if ruleset.accounts.subscription is Subscription.FREE:
        return (
            f"it could go into Xero's {names}, but custom mappings need HubSpot's Data Hub Starter (R6): where you have it, say "
            "`subscription: data-hub-starter` under `accounts: hubspot:`, and import again."
        )
    return None


def _fitting(sync: Sync, each: Property, field: Field, refusal: Refusal) -> Proposal | str:
    """The mapping that the language takes, the freest one first; else what it has against it."""
    kind = f", type: {each.kind.value}" if each.own and each.kind is not ValueType.TEXT else ""
    because = f"HubSpot sets it itself, and the sync goes {sync.direction.value} only."
    for way in ("", ", direction: to-xero", ", direction: to-hubspot"):
        if not each.writable and way != ", direction: to-xero":
            continue
        value = f"{{hubspot: {each.name}, xero: {field.name}{kind}{way}}}"
        path = ("syncs", sync.name, "custom-mappings", field.friendly)
        length = (
            f"; Xero takes {field.length} characters"
            if field.length and field.length < 255 and each.kind.textual
            else ""
        )
        proposal = Proposal(path, value, f"HubSpot's “{each.label}” and Xero's {field.title}{length}")
        problem = refusal(proposal)
        if problem is None:
            return proposal
        because = f"{problem.summary.rstrip('.')} ({problem.code})."
    return because
