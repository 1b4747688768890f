"""Does a value fit the JSON Schema? Yes or no, at once; `schema` says why not, with jsonschema.

To import jsonschema and let it walk a large ruleset takes longer than all the rest of reading it, and mostly there is nothing to
say. So the schema is compiled to plain Python functions first, for exactly the words that it uses; any other word is an error, and
a property test holds the two verdicts together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sized
from typing import Any

Check = Callable[[Any], bool]

_PYTHON: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_OF_OBJECTS = frozenset({"properties", "additionalProperties", "required", "propertyNames"})
_NO_RULES = frozenset({
    "$schema", "title", "description", "default", "examples", "definitions", "enumDescriptions", "patternErrorMessage", "x-problem",
    "format", "x-keys", "x-values", "defaultSnippets", "then", "else",
})  # fmt: skip


def compiled(schema: dict[str, Any]) -> Check:
    """The schema as a function. Raises `KeyError` for a word of JSON Schema that it doesn't know."""
    definitions: dict[str, Check] = {}

    def check(part: Any) -> Check:
        if isinstance(part, bool):
            return lambda value: part
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if name not in definitions:
                definitions[name] = check(schema["definitions"][name])
            return definitions[name]
        checks: list[Check] = []
        if part.keys() & _OF_OBJECTS:
            checks.append(_object(part, check))
        for word, wanted in part.items():
            if word == "if":
                checks.append(_either(check(wanted), check(part["then"]), check(part["else"])))
            elif word == "items":
                checks.append(_each(check(wanted)))
            elif word not in _NO_RULES and word not in _OF_OBJECTS:
                checks.append(_SIMPLE[word](wanted))
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(each(value) for each in checks)

    return check(schema)


def _object(part: dict[str, Any], check: Callable[[Any], Check]) -> Check:
    known = {name: check(each) for name, each in part.get("properties", {}).items()}
    other = check(part.get("additionalProperties", True))
    name_fits = check(part.get("propertyNames", True))
    required = frozenset(part.get("required", ()))

    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        if not required <= value.keys():
            return False
        return all(known.get(name, other)(each) and name_fits(name) for name, each in value.items())

    return fits


def _either(condition: Check, then: Check, otherwise: Check) -> Check:
    return lambda value: then(value) if condition(value) else otherwise(value)


def _each(item: Check) -> Check:
    return lambda value: not isinstance(value, list) or all(item(each) for each in value)


def _type(names: str | list[str]) -> Check:
    types = tuple(_PYTHON[name] for name in ([names] if isinstance(names, str) else names))
    if bool in types:
        return lambda value: isinstance(value, types)
    return lambda value: isinstance(value, types) and not isinstance(value, bool)


def _one_of(allowed: list[Any]) -> Check:
    return lambda value: any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed)


def _pattern(pattern: str) -> Check:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _minimum(least: int) -> Check:
    return lambda value: not isinstance(value, int) or isinstance(value, bool) or value >= least


def _size(type_: type[Sized], least: int = 0, most: int | None = None) -> Check:
    return lambda value: not isinstance(value, type_) or (len(value) >= least and (most is None or len(value) <= most))


_SIMPLE: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "enum": _one_of,
    "const": lambda value: _one_of([value]),
    "pattern": _pattern,
    "minimum": _minimum,
    "minLength": lambda least: _size(str, least),
    "minItems": lambda least: _size(list, least),
    "minProperties": lambda least: _size(dict, least),
    "maxProperties": lambda most: _size(dict, most=most),
}
