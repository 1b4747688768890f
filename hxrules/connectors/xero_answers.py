"""Which element of Xero's answer to a batch is about which element that was sent (facts/xero.md 2.5).

Xero keeps the order but does not promise it: each place is confirmed, else looked for elsewhere. An update is known by
its id; a create by what is unique in its type, and by what it says of itself, as payments have nothing that is unique.

See also: `xero` (who asks), `xero_dialect` (what is wrong with an element that failed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hxrules.catalogue import TypeInfo
from hxrules.connectors.xero_codec import ZERO_ID, Decoder, Entry
from hxrules.values import Value, encode

_TOLD_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "invoices": ("Customer", "Reference"),
    "payments": ("Invoice", "Amount", "Date", "Reference"),
}
"""Fields by which an answer to a create is known, beside those that are unique."""
_OWN_ID: Final = "id"

Document = dict[str, Any]


def answers_to(info: TypeInfo, sent: Sequence[Entry], found: Sequence[Document]) -> list[Document | None]:
    """For each element that was sent, the one of the answer that is about it; `None` where none is."""
    unique = [each.name for each in info.fields.values() if each.unique]
    decoder = Decoder(info, [info.fields[name] for name in dict.fromkeys((*unique, *_TOLD_BY.get(info.type, ())))])
    wanted = [_facts(info, decoder, each) for each in sent]
    left = {place: _facts(info, decoder, each) for place, each in enumerate(found)}
    places = {place: place for place, facts in enumerate(wanted) if place in left and _agree(facts, left[place])}
    for place in places:
        del left[place]
    for place, facts in enumerate(wanted):
        if place not in places:
            elsewhere = next((each for each, told in left.items() if _agree(facts, told)), None)
            if elsewhere is not None:
                places[place] = elsewhere
                del left[elsewhere]
    return [found[places[place]] if place in places else None for place in range(len(sent))]


def failed(info: TypeInfo, element: Document) -> bool:
    """Whether an element of the answer was not written."""
    return _refused(element) or element.get(info.id_field) in (None, "", ZERO_ID)


def _refused(element: Document) -> bool:
    return element.get("StatusAttributeString") == "ERROR" or bool(
        element.get("HasErrors") or element.get("HasValidationErrors")
    )


def _facts(info: TypeInfo, decoder: Decoder, element: Document) -> dict[str, str]:
    """What an element says of which record it is: its id, and what else tells records of the type apart."""
    own = element.get(info.id_field) or ZERO_ID
    record = decoder.record({**element, info.id_field: own})
    told: dict[str, Value] = {**record.fields, "memory": record.memory}
    if "Reference" in told and not _refused(element):
        # To have none is a fact as well, except where an answer may repeat less than was sent.
        told["Reference"] = told["Reference"] or ""
    facts = {name: " ".join(str(encode(value)).split()).casefold() for name, value in told.items() if value is not None}
    return facts if own == ZERO_ID else {**facts, _OWN_ID: str(own).lower()}


def _agree(sent: Mapping[str, str], answered: Mapping[str, str]) -> bool:
    """Whether an element of the answer is about the element that was sent: by id, else by all that both name."""
    if _OWN_ID in sent:
        return sent[_OWN_ID] == answered.get(_OWN_ID)
    return all(sent[name] == answered[name] for name in sent.keys() & answered.keys())
