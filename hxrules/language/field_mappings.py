"""One entry of `default-mappings` or `custom-mappings` → one `FieldMapping`: are the fields known, writable, and of types that fit?

See also: `transforms` (the steps of `transform:`), `mappings` (all mappings of a sync, compiled), `compile` (who calls this).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hxrules.catalogue import Field, TypeInfo, Writable
from hxrules.language.mappings import check_types
from hxrules.language.model import Direction, FieldMapping
from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, short, texts_at
from hxrules.language.transforms import Step, build_steps
from hxrules.paths import BadPath
from hxrules.problems import Problem, Severity, Span, near
from hxrules.records import App
from hxrules.values import Json, ValueType

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_KINDS = {kind.value: kind for kind in ValueType}
_NAME = re.compile(r"[\w-]+\Z")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]*\Z")
_LONGEST_PATH = 500
_SLIPS = 2
"""A property of one's own that is further from every known name than this is meant."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_INSIDE = {
    "phone": ("PhoneCountryCode", "PhoneAreaCode", "PhoneNumber"),
    "street": tuple(f"AddressLine{n}" for n in range(1, 5)),
}
"""Codecs that write some keys of a slot and leave the others to other fields (facts/xero.md 6.2)."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What the mappings of one sync are checked against."""

    types: Mapping[App, TypeInfo]
    direction: Direction | None
    """`None` where the sync names none that counts: then nothing is said about writing."""
    ids: frozenset[str]
    """The default mappings that are not switched off: only they can fill a template of `when-empty`."""
    problems: list[Problem]
    lengths: dict[int, list[str]] = field(default_factory=dict)
    """HubSpot's known names by their length: with thousands of mappings, looking at all for each takes longer than anything else."""

    def __post_init__(self) -> None:
        known = self.types[App.HUBSPOT]
        for name in (*known.fields, *known.by_friendly):
            self.lengths.setdefault(len(name), []).append(name)

    def slip(self, name: str) -> str | None:
        """The known property of HubSpot that `name` may be a slip of."""
        lengths = range(len(name) - _SLIPS, len(name) + _SLIPS + 1)
        candidates = [known for length in lengths for known in self.lengths.get(length, ())]
        return next(iter(near(name, candidates, most=_SLIPS)), None)


def build_mapping(
    name: str, key: ScalarNode, entry: MappingNode, pairing: Pairing, *, custom: bool
) -> FieldMapping | None:
    """The mapping that `entry` describes; `None` (and a problem) where it describes none.

    A default mapping writes where it can, and says nothing about the rest; a custom one that can't write where the direction
    would is refused (HX134).
    """
    kind, kind_node = _declared_type(entry)
    fields: dict[App, Field] = {}
    for app in App:
        node = entry.get(app.value)
        if isinstance(node, ScalarNode) and isinstance(node.plain, str):
            found = _field(node, pairing, app, kind)
            if found is not None:
                fields[app] = found
                if custom and found.kind.composite:
                    pairing.problems.append(_not_ones_own(node, found))
    if len(fields) < 2 or (custom and any(each.kind.composite for each in fields.values())):
        return None
    hubspot, xero = fields[App.HUBSPOT], fields[App.XERO]
    if kind_node is not None and not (hubspot.custom or xero.custom):
        pairing.problems.append(_needless_type(kind_node, hubspot, xero))
    writes = _writes(entry, fields, pairing, custom=custom)
    steps = _steps(entry.get("transform"), hubspot, xero, writes, pairing.problems)
    pairing.problems.extend(check_types(hubspot, xero, steps, writes, key.place))
    templates = [each.text for each in texts_at(entry, "when-empty")]
    fallback = tuple(each for each in templates if pairing.ids.issuperset(_PLACEHOLDER.findall(each)))
    return FieldMapping(
        id=name,
        hubspot=hubspot,
        xero=xero,
        span=key.place,
        digest=_digest(hubspot, xero, steps, fallback),
        steps=steps,
        fallback=fallback,
        custom=custom,
        writes=writes,
        owned="owner" in entry.entries,
        hubspot_span=entry.entries[App.HUBSPOT.value][1].place,
    )


def _declared_type(entry: MappingNode) -> tuple[ValueType, ScalarNode | None]:
    node = entry.get("type")
    kind = _KINDS.get(node.text) if isinstance(node, ScalarNode) else None
    return (kind, node) if kind and isinstance(node, ScalarNode) else (ValueType.TEXT, None)


def _needless_type(node: ScalarNode, hubspot: Field, xero: Field) -> Problem:
    return Problem(
        "HX135",
        f"`type: {node.text}` says nothing here",
        f"Both types are known: {hubspot.title} is {hubspot.kind.value}, {xero.title} is {xero.kind.value}.",
        "Remove `type`; it is for properties of your own and for paths.",
        span=node.place,
    )


def _not_ones_own(node: ScalarNode, field: Field) -> Problem:
    return Problem(
        "HX135",
        f"`{short(node.text)}` can only be mapped by the base",
        f"{field.app.brand}'s `{field.name}` holds no value: it stands for other records, which have other ids in the other app.",
        "Remove this mapping; the default ones take care of these records.",
        span=node.place,
    )


# --- fields ------------------------------------------------------------------------------------------------------------------


def _field(node: ScalarNode, pairing: Pairing, app: App, kind: ValueType) -> Field | None:
    info, problems = pairing.types[app], pairing.problems
    name = node.text.strip()
    known = info.find(name)
    if known is not None:
        return known
    if info.app is App.HUBSPOT and _PROPERTY.match(name):
        # One of the account's own properties, which nobody knows offline.
        suggestion = pairing.slip(name)
        if suggestion:
            problems.append(_near_known(node, name, suggestion, info))
        return info.custom_property(name, kind)
    if _NAME.match(name):
        problems.append(_unknown_field(node, name, info))
        return None
    if len(name) > _LONGEST_PATH:
        problems.append(_bad_path(name, f"it is longer than {_LONGEST_PATH} characters", node.place))
        return None
    try:
        return info.at_path(name, kind)
    except BadPath as error:
        start = node.text.index(name) + error.at
        problems.append(_bad_path(name, str(error), node.span(start, min(start + 1, len(node.text)))))
    except RecursionError:
        problems.append(_bad_path(name, "brackets are nested too deep", node.place))
    return None


def _near_field(name: str, info: TypeInfo) -> str | None:
    return next(iter(near(name, (*info.fields, *info.by_friendly))), None)


def _near_known(node: ScalarNode, name: str, suggestion: str, info: TypeInfo) -> Problem:
    return Problem(
        "HX152",
        f"`{name}` is no standard property of a HubSpot {info.title}, but `{suggestion}` is",
        "It is taken for a property of your own account.",
        f"Write `{suggestion}` if that is meant; otherwise leave it.",
        Severity.WARNING,
        span=node.place,
        suggestion=suggestion,
    )


def _unknown_field(node: ScalarNode, name: str, info: TypeInfo) -> Problem:
    suggestion = _near_field(name, info)
    if info.app is App.HUBSPOT:
        cause = "Internal names of properties have lower-case letters, digits and `_`."
        suggestion = suggestion or re.sub(r"[\W_]+", "_", name.lower()).strip("_") or None
        remedy = "Write the property's internal name, as HubSpot's settings show it."
    else:
        cause = f"Fields of a Xero {info.title}: {', '.join(sorted(info.fields))}."
        remedy = "Write one of these, or a path into the record's JSON (`SalesDetails.TaxType`)."
    return Problem(
        "HX133",
        f"a {info.app.brand} {info.title} has no field `{short(name)}`",
        cause,
        f"Write `{suggestion}`." if suggestion else remedy,
        span=node.place,
        suggestion=suggestion,
    )


def _bad_path(name: str, said: str, span: Span) -> Problem:
    return Problem(
        "HX137",
        f"`{short(name)}` is neither a field nor a path",
        f"Read as a path (JMESPath): {said.rstrip('.')}.",
        "Write a field's name, names joined by dots (`SalesDetails.TaxType`), or one entry of a list "
        "(`Phones[?PhoneType=='DDI'].PhoneNumber | [0]`).",
        span=span,
    )


# --- directions --------------------------------------------------------------------------------------------------------------


def _writes(entry: MappingNode, fields: Mapping[App, Field], pairing: Pairing, *, custom: bool) -> frozenset[App]:
    if pairing.direction is None:
        return frozenset()
    targets = pairing.direction.targets
    narrowed = entry.get("direction")
    if isinstance(narrowed, ScalarNode) and narrowed.text in ("to-hubspot", "to-xero"):
        own = Direction(narrowed.text).targets
        if custom and not set(own) & set(targets):
            pairing.problems.append(_never_runs(narrowed, pairing.direction))
        targets = tuple(app for app in targets if app in own)
    writes = [app for app in targets if fields[app].writable is not Writable.NEVER]
    if custom:
        for app in targets:
            node = entry.get(app.value)
            if app not in writes and node is not None:
                pairing.problems.append(_read_only(node, fields[app], pairing.direction))
    return frozenset(writes)


def _never_runs(node: ScalarNode, direction: Direction) -> Problem:
    return Problem(
        "HX134",
        "this mapping would never do anything",
        f"It goes `{node.text}` only, and the sync goes `{direction.value}` only.",
        "Remove the mapping, or change one of the two directions.",
        span=node.place,
    )


def _read_only(node: Node, field: Field, direction: Direction) -> Problem:
    other = f"to-{field.app.other.value}"
    what = "a path that can only be read" if field.custom else f"read-only in {field.app.brand}"
    return Problem(
        "HX134",
        f"`{short(field.name)}` can't be written, and this sync would write it",
        f"It is {what}; the sync goes `{direction.value}`.",
        f"Add `direction: {other}` to the mapping." if direction is Direction.TWO_WAY else "Map another field.",
        span=node.place,
        suggestion=f"direction: {other}" if direction is Direction.TWO_WAY else None,
    )


def doubly_written(mappings: Iterable[FieldMapping]) -> Iterator[Problem]:
    """HX138 for each mapping that writes a field, or a part of one, that a mapping before it writes too."""
    wholes: dict[tuple[Any, ...], FieldMapping] = {}
    parts: dict[tuple[Any, ...], FieldMapping] = {}
    for mapping in mappings:
        first: tuple[App, FieldMapping] | None = None
        for app in mapping.writes:
            for place in _written(mapping.field(app)):
                above = (place[:length] for length in range(1, len(place) + 1))
                before = parts.get(place) or next((wholes[each] for each in above if each in wholes), None)
                if before is not None and before is not mapping:
                    first = first or (app, before)
                wholes.setdefault(place, mapping)
                for length in range(1, len(place) + 1):
                    parts.setdefault(place[:length], mapping)
        if first:
            app, before = first
            yield Problem(
                "HX138",
                f"`{mapping.id}` and `{before.id}` write the same field",
                f"Both write {mapping.field(app).title} (`{mapping.field(app).name}`) in {app.brand}; only the last could count.",
                f"Remove one of the two{'' if before.custom else f', or switch `{before.id}: off` under `mappings`'}.",
                span=mapping.span,
            )


def _written(field: Field) -> list[tuple[Any, ...]]:
    """Where a field's value comes to stand, from the outside in."""
    head = (field.app, field.path.slot)
    if field.codec in _INSIDE:
        return [(*head, name) for name in _INSIDE[field.codec]]
    # A known field that is read from one of several places is written to a place of its own.
    return [(*head, *(field.path.names if field.path.names is not None else (field.name,)))]


# --- steps and templates -----------------------------------------------------------------------------------------------------


def _steps(
    node: Node | None, hubspot: Field, xero: Field, writes: frozenset[App], problems: list[Problem]
) -> tuple[Step, ...]:
    if not isinstance(node, SequenceNode):
        return ()
    spec: list[tuple[Json, Span]] = [(_json(item), item.place) for item in node.items if _is_step(item)]
    steps, found = build_steps(spec, hubspot, xero, writes)
    problems += found
    return steps


def _is_step(item: Node) -> bool:
    """What is no step by its shape has been reported with the shape."""
    if isinstance(item, MappingNode):
        return len(item.entries) == 1
    return isinstance(item, ScalarNode) and isinstance(item.plain, str)


def _json(node: Node) -> Json:
    """A node as plain JSON; a decimal is kept as it is written."""
    if isinstance(node, MappingNode):
        return {name: _json(value) for name, (_, value) in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [_json(item) for item in node.items]
    plain = node.plain
    return plain if plain is None or isinstance(plain, bool | int | str) else str(plain)


def wrong_templates(entries: MappingNode) -> Iterator[Problem]:
    """HX133 for each word in braces of a `when-empty` that is no mapping of the same sync."""
    for _, entry in entries.entries.values():
        for template in texts_at(entry, "when-empty"):
            for match in _PLACEHOLDER.finditer(template.text):
                if match[1] not in entries.entries:
                    suggestion = next(iter(near(match[1], entries.entries)), None)
                    yield Problem(
                        "HX133",
                        f"there is no mapping `{short(match[1])}` to fill in",
                        f"Mappings here: {', '.join(entries.entries)}.",
                        f"Write `{suggestion}`." if suggestion else "Write one of these.",
                        span=template.span(*match.span(1)),
                        suggestion=suggestion,
                    )


# --- digest ------------------------------------------------------------------------------------------------------------------


def digest(meaning: Any) -> str:
    """Names a meaning: the SHA-256 of its canonical JSON."""
    return hashlib.sha256(_CANONICAL.encode(meaning).encode()).hexdigest()


def _digest(hubspot: Field, xero: Field, steps: tuple[Step, ...], fallback: tuple[str, ...]) -> str:
    """What two values of this mapping are compared by. Its direction isn't part of it: a base stays good when that changes."""
    sides = [[field.name, field.kind.value] for field in (hubspot, xero)]
    return digest([*sides, [[step.name, step.spec] for step in steps], list(fallback)])
