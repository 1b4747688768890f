"""Which record is linked with which, and as what: the types of links that HubSpot defines, and the links of one account.

Invariants: every link stands in both directions, with the types of each; a labelled link is always an unlabelled one
too, so that without the unlabelled type there is no link at all.
See also: facts/hubspot.md 6; `association_calls` (the endpoints).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hxrules.sandbox.hubspot.errors import ApiError, validation

_DEFINED: Final = """
invoices          contacts          177  178  -
invoices          companies         179  180  -
invoices          line_items        409  410  -
invoices          discounts         411  412  -
invoices          fees              413  414  -
invoices          taxes             415  416  -
invoices          commerce_payments 541  542  -
commerce_payments contacts          387  388  -
commerce_payments companies         389  390  -
commerce_payments line_items        395  396  -
contacts          companies         279  280  unlabeled
contacts          companies         1    2    -            Primary
companies         contacts          930  931  billing      Billing contact
"""
"""From, to, type id, type id of the other direction, ending of the name, label; a pair's first is its default."""

FIRST_OWN_ID: Final = 28


@dataclass(frozen=True)
class LinkType:
    """What a link means in one direction; `inverse` is the id of the same meaning in the other direction."""

    id: int
    category: str
    source: str
    target: str
    label: str | None
    inverse: int
    name: str

    def json(self) -> dict[str, Any]:
        """As the association endpoints write it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


class Associations:
    """The links of one account. Types of records are given by their plural names, records by their ids."""

    def __init__(self, singular: Mapping[str, str]) -> None:
        """`singular` gives the name of one record of each type, for the names of link types."""
        self._singular = singular
        self._types: dict[tuple[str, str], dict[tuple[str, int], LinkType]] = {}
        self._links: dict[tuple[str, str], dict[str, dict[str, list[LinkType]]]] = {}
        self._own = FIRST_OWN_ID
        for line in _DEFINED.strip().splitlines():
            source, target, id, inverse, ending, *label = line.split(maxsplit=5)
            labels = (label[0], label[0]) if label else (None, None)
            self._define("HUBSPOT_DEFINED", (source, target), (int(id), int(inverse)), ending.strip("-"), labels)

    def types(self, source: str, target: str) -> list[LinkType]:
        """The types of links between two types of records; raises 400 when those can't be linked."""
        if types := self._types.get((source, target)):
            return list(types.values())
        raise _unlinkable(source, target)

    def default(self, source: str, target: str) -> LinkType:
        """The unlabelled type; raises 400 when records of these types can't be linked."""
        for link_type in self._types.get((source, target), {}).values():
            return link_type
        raise _unlinkable(source, target)

    def type(self, source: str, target: str, category: str, id: int) -> LinkType:
        """One type by its id; raises 400 when it doesn't belong to this direction."""
        self.types(source, target)
        link_type = self._types[source, target].get((category, id))
        if link_type is None:
            raise validation(f"{category} association type {id} doesn't exist between {source} and {target}")
        return link_type

    def named(self, source: str, target: str, name: str) -> LinkType:
        """One type by its name, as the `associations` of a record write it."""
        for link_type in self.types(source, target):
            if link_type.name == name:
                return link_type
        raise validation(f"association type {name} doesn't exist between {source} and {target}")

    def inverse(self, link_type: LinkType) -> LinkType:
        """The same meaning in the other direction."""
        return self._types[link_type.target, link_type.source][link_type.category, link_type.inverse]

    def define_label(self, source: str, target: str, label: str, inverse_label: str | None) -> list[LinkType]:
        """Add a label of the account's own; raises 400 when it exists."""
        if any((each.label or "").lower() == label.lower() for each in self.types(source, target)):
            raise validation(f"The association label {label} already exists")
        id, inverse = self._own, self._own + 1
        self._own += 2
        self._define("USER_DEFINED", (source, target), (id, inverse), str(id), (label, inverse_label or label))
        return [self.type(source, target, "USER_DEFINED", id), self.type(target, source, "USER_DEFINED", inverse)]

    def rename_label(self, link_type: LinkType, label: str) -> None:
        """Change the label of a type of the account's own."""
        key = link_type.source, link_type.target
        renamed = LinkType(**{**link_type.__dict__, "label": label})
        self._types[key][link_type.category, link_type.id] = renamed
        for targets in self._links.get(key, {}).values():
            for types in targets.values():
                types[:] = [renamed if each == link_type else each for each in types]

    def drop_label(self, link_type: LinkType) -> None:
        """Delete a type of the account's own, with its inverse; the links stay, without the label."""
        for each in (link_type, self.inverse(link_type)):
            del self._types[each.source, each.target][each.category, each.id]
            for targets in self._links.get((each.source, each.target), {}).values():
                for types in targets.values():
                    types[:] = [other for other in types if other != each]

    def link(self, source: str, source_id: str, target: str, target_id: str, types: Iterable[LinkType]) -> None:
        """Link two records with these types and the unlabelled one; a type that the link has stays as it is."""
        for link_type in (self.default(source, target), *types):
            self._add(source_id, target_id, link_type)
            self._add(target_id, source_id, self.inverse(link_type))

    def unlink(self, source: str, source_id: str, target: str, target_id: str, types: Iterable[LinkType] = ()) -> None:
        """Remove types from a link; without types, or with the unlabelled one, the whole link."""
        self.types(source, target)
        removed = set(types)
        if not removed or self.default(source, target) in removed:
            removed = set(self.between(source, source_id, target).get(target_id, ()))
        for link_type in removed:
            self._remove(source_id, target_id, link_type)
            self._remove(target_id, source_id, self.inverse(link_type))

    def between(self, source: str, source_id: str, target: str) -> Mapping[str, list[LinkType]]:
        """All links of a record with records of another type: the other's id, and the types of the link."""
        return self._links.get((source, target), {}).get(source_id, {})

    def targets(self, source: str) -> list[str]:
        """The types of records that records of this type can be linked with."""
        return [target for from_type, target in self._types if from_type == source]

    def move(self, type: str, old_id: str, new_id: str) -> None:
        """Give all links of a record to another one, as a merge does."""
        for target in self.targets(type):
            for target_id, types in list(self.between(type, old_id, target).items()):
                kept = list(types)
                self.unlink(type, old_id, target, target_id)
                self.link(type, new_id, target, target_id, kept)

    def _define(
        self,
        category: str,
        types: tuple[str, str],
        ids: tuple[int, int],
        ending: str,
        labels: tuple[str | None, str | None],
    ) -> None:
        for this, other in ((0, 1), (1, 0)):
            source, target = types[this], types[other]
            name = f"{self._singular[source]}_to_{self._singular[target]}" + (f"_{ending}" if ending else "")
            link_type = LinkType(ids[this], category, source, target, labels[this], ids[other], name)
            self._types.setdefault((source, target), {})[category, link_type.id] = link_type

    def _add(self, source_id: str, target_id: str, link_type: LinkType) -> None:
        links = self._links.setdefault((link_type.source, link_type.target), {})
        types = links.setdefault(source_id, {}).setdefault(target_id, [])
        if link_type not in types:
            types.append(link_type)

    def _remove(self, source_id: str, target_id: str, link_type: LinkType) -> None:
        targets = self._links.get((link_type.source, link_type.target), {}).get(source_id, {})
        if link_type in targets.get(target_id, ()):
            targets[target_id].remove(link_type)
            if not targets[target_id]:
                del targets[target_id]


def _unlinkable(source: str, target: str) -> ApiError:
    return validation(f"{source} can't be associated with {target}")
