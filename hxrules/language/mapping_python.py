"""Mappings → Python source: what each value becomes on the way to the other app, written out once for all records.

Values that need no change are copied by the generated text itself; only those that do go through a function. See also: `mappings` (what
it means, and who compiles it), `transforms` (the steps).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal

from hxrules.catalogue import Field
from hxrules.language.filter_python import printable
from hxrules.language.model import FieldMapping
from hxrules.records import App
from hxrules.values import NotOfType, Value, ValueType, instant_text, number_text

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EXACT = frozenset({ValueType.EMAIL, ValueType.CHOICE})
"""Textual types that hold not every text."""


class ConversionFailed(ValueError):
    """A record holds a value that the other app's field can't hold: the record is held, others go on."""

    def __init__(self, mapping: str, value: Value, reason: str) -> None:
        super().__init__(f"{mapping}: {reason}")
        self.mapping = mapping
        self.value = value
        self.reason = reason


def fits(given: ValueType, wanted: ValueType) -> bool:
    """Whether values of one type go into a field of another."""
    if given.composite or wanted.composite:
        return given is wanted
    if given.textual or wanted.textual:
        return wanted.textual and (given.textual or wanted not in _EXACT)
    return (given.numeric, given.temporal) == (wanted.numeric, wanted.temporal)


def module(mappings: tuple[FieldMapping, ...]) -> tuple[str, dict[str, object]]:
    """Source text that defines the functions of `CompiledMappings`, and the values of the names that it uses without defining them."""
    writer = _Writer(mappings)
    to_xero = [writer.to_xero(mapping) for mapping in mappings]
    to_hubspot = [writer.to_hubspot(mapping) for mapping in mappings]
    fallback = [writer.is_fallback(mapping) for mapping in mappings]
    blocks = [
        "\n".join(
            [
                f"# {printable(mapping.id)}: {printable(mapping.hubspot.name)} <-> {printable(mapping.xero.name)}"
                for mapping in mappings
            ]
        ),
        *writer.functions,
        _function("to_xero(f)", to_xero),
        _function("to_hubspot(f)", to_hubspot),
        _function("hubspot(f)", [_own(mapping.hubspot) for mapping in mappings]),
        _function("xero(f)", [_own(mapping.xero) for mapping in mappings]),
        _function("is_fallback(f)", fallback),
        _function("to_xero_all(rows)", to_xero, each=True),
        _function("to_hubspot_all(rows)", to_hubspot, each=True),
    ]
    return "\n\n\n".join(blocks) + "\n", writer.names


def _own(field: Field) -> str:
    """The expression for a record's own value. What is reached by associations is no property, so an app never reads it as one."""
    return f"f.get({field.name!r})" if field.reached else f"f[{field.name!r}]"


def _function(head: str, values: list[str], each: bool = False) -> str:
    """A function that returns the tuple of `values`; with `each`, the list of the tuples of all rows."""
    lines = [f"        {value}," for value in values]
    if each:
        return "\n".join([f"def {head}:", "    return [(", *lines, "    ) for f in rows]"])
    return "\n".join([f"def {head}:", "    return (", *lines, "    )"])


class _Writer:
    def __init__(self, mappings: tuple[FieldMapping, ...]) -> None:
        self.by_id = {mapping.id: mapping for mapping in mappings}
        self.identifiers = _identifiers(self.by_id)
        self.functions: list[str] = []
        self.names: dict[str, object] = {
            "ConversionFailed": ConversionFailed,
            "NotOfType": NotOfType,
            "text_of": text_of,
        }
        self.conversions: dict[tuple[str, App], str] = {}
        self.templates: dict[str, str] = {}

    def to_xero(self, mapping: FieldMapping) -> str:
        value = self._converted(mapping, App.XERO)
        if not mapping.fallback:
            return value
        return f"(v if (v := {value}) is not None else {self._template(mapping)}(f))"

    def to_hubspot(self, mapping: FieldMapping) -> str:
        value = self._converted(mapping, App.HUBSPOT)
        return f"(None if {self._recognised(mapping)}(f) else {value})" if mapping.fallback else value

    def is_fallback(self, mapping: FieldMapping) -> str:
        if not mapping.fallback:
            return "False"
        return f"{self._converted(mapping, App.XERO)} is None and {self._template(mapping)}(f) is not None"

    # --- conversions ---

    def _converted(self, mapping: FieldMapping, target: App) -> str:
        """The expression for what the other app's record says, in the terms of `target`."""
        own = _own(mapping.field(target.other))
        name = self.conversions.get((mapping.id, target))
        if name is None:
            name = self.conversions[mapping.id, target] = self._conversion(mapping, target)
        return f"{name}({own})" if name not in ("", "None") else name or own

    def _conversion(self, mapping: FieldMapping, target: App) -> str:
        """Writes the function that converts a value; returns its name, "" where values stay as they are, "None" where no way leads."""
        changes = _changes(mapping, target)
        if changes is None:
            return "None"
        if not changes:
            return ""
        name = f"{self.identifiers[mapping.id]}_to_{target.value}"
        steps = []
        for number, (label, change) in enumerate(changes, 1):
            self.names[f"{name}_{number}"] = change
            steps.append(f"        value = {name}_{number}(value)  # {label}")
        failed = f"raise ConversionFailed({mapping.id!r}, given, str(error)) from error"
        if target not in mapping.writes:
            failed = "return None"
        self.functions.append(
            "\n".join(
                [
                    f"def {name}(given):",
                    "    if given is None:",
                    "        return None",
                    "    value = given",
                    "    try:",
                    *steps,
                    "        return value",
                    f"    except NotOfType{' as error' if 'error' in failed else ''}:",
                    f"        {failed}",
                ]
            )
        )
        return name

    # --- templates ---

    def _template(self, mapping: FieldMapping) -> str:
        """Writes the function that fills what HubSpot left empty; returns its name."""
        name = f"{self.identifiers[mapping.id]}_made_up"
        if name not in self.templates:
            lines = [f"def {name}(f):"]
            for template in mapping.fallback:
                values = self._values(template, App.XERO)
                if values is None:
                    continue
                lines += values[0]
                lines += [f"    if {values[1]}:", f"        return {values[2]}"]
            self._write(name, [*lines, "    return None"])
        return name

    def _recognised(self, mapping: FieldMapping) -> str:
        """Writes the function that tells whether Xero's value is what a template makes of Xero's own record; returns its name."""
        name = f"{self.identifiers[mapping.id]}_is_made_up"
        if name not in self.templates:
            lines = [
                f"def {name}(f):",
                f"    value = {_own(mapping.xero)}",
                "    if type(value) is not str:",
                "        return False",
            ]
            lines.append("    value = value.casefold()")
            for template in mapping.fallback:
                values = self._values(template, None)
                if values is None:
                    continue
                lines += values[0]
                lines += [f"    if {values[1]} and value == {values[2]}.casefold():", "        return True"]
            self._write(name, [*lines, "    return False"])
        return name

    def _write(self, name: str, lines: list[str]) -> None:
        self.templates[name] = name
        self.functions.append("\n".join(lines))

    def _values(self, template: str, target: App | None) -> tuple[list[str], str, str] | None:
        """How to fill a template: the lines that fetch its values (in Xero's terms), the test that all are there, the text.

        `None` where a mapping that it names is switched off.
        """
        fetch: list[str] = []
        there: list[str] = []
        text: list[str] = []
        end = 0
        for match in _PLACEHOLDER.finditer(template):
            named = self.by_id.get(match[1])
            if named is None:
                return None
            value = _own(named.xero) if target is None else self._converted(named, target)
            local = self.identifiers[named.id]
            fetch.append(f"    {local} = {value}")
            there.append(f"{local} is not None")
            text += [repr(template[end : match.start()])] if match.start() > end else []
            text.append(local if named.xero.kind.textual else f"text_of({local})")
            end = match.end()
        text += [repr(template[end:])] if template[end:] else []
        return fetch, " and ".join(there) or "True", f"({' + '.join(text)})"


def _changes(mapping: FieldMapping, target: App) -> list[tuple[str, Callable[[Value], Value]]] | None:
    """What a value goes through on its way to `target`: the steps, then the change of type. `None` where there is no way."""
    source, wanted = mapping.field(target.other), mapping.field(target)
    changes: list[tuple[str, Callable[[Value], Value]]] = []
    given = source.kind
    for step in mapping.steps if target is App.XERO else reversed(mapping.steps):
        change = step.forward if target is App.XERO else step.backward
        if change is None or not step.takes(given):
            return None
        changes.append((step.name, change))
        given = step.gives
    if not fits(given, wanted.kind):
        return None
    last = _change_of_type(given, wanted)
    return [*changes, (f"{given.value} into {wanted.kind.value}", last)] if last is not None else changes


def _change_of_type(given: ValueType, wanted: Field) -> Callable[[Value], Value] | None:
    """What turns a value of a fitting type into one of the field's; `None` where it is one already."""
    kind = wanted.kind
    if kind is ValueType.CHOICE and (given is not kind or wanted.choices):
        return _choice_of(wanted)
    if kind is ValueType.EMAIL and given is not kind:
        return _lower
    if kind.textual:
        return None if given.textual else text_of
    if given is ValueType.DAY and kind is ValueType.INSTANT:
        return _noon_of
    if given is ValueType.INSTANT and kind is ValueType.DAY:
        return _utc_day_of
    return None


def _choice_of(field: Field) -> Callable[[Value], Value]:
    spellings = {each.lower(): choice for choice, each in field.wire_choices.items()} | {
        each: each for each in field.choices
    }

    def chosen(value: Value) -> Value:
        text = str(value).lower()
        if spellings and text not in spellings:
            raise NotOfType(f"{value!r} is none of {', '.join(field.choices)}")
        return spellings.get(text, text)

    return chosen


def _lower(value: Value) -> Value:
    return str(value).lower()


def _noon_of(value: Value) -> Value:
    if type(value) is not date:
        raise NotOfType(f"{value!r} is no day")
    return datetime.combine(value, time(12), UTC)


def _utc_day_of(value: Value) -> Value:
    if not isinstance(value, datetime):
        raise NotOfType(f"{value!r} is no date with a time")
    return value.astimezone(UTC).date()


def text_of(value: Value) -> str:
    """A value as text: numbers without exponent, times in ISO 8601, `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _identifiers(ids: Iterable[str]) -> dict[str, str]:
    """A Python name for each mapping, as near to its id as can be."""
    names: dict[str, str] = {}
    for each in ids:
        name = "m_" + re.sub(r"\W", "_", each, flags=re.ASCII)
        while name in names.values():
            name += "_"
        names[each] = name
    return names
