"""The JSON Schema is one file for editor and validator, says what every key means, and knows the keys that the model knows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hxrules import shipped
from hxrules.catalogue import load_catalogue
from hxrules.language.compile import load_ruleset
from hxrules.language.model import Accounts, FieldMapping, FixedLimit, InvoiceRules, Limits, PaymentRules, Ruleset, Sync
from hxrules.language.nodes import MappingNode
from hxrules.language.schema import BASE_WORDS, definition
from hxrules.language.shape import compiled
from hxrules.language.source import parse
from tests.language.test_rulesets import HERE

SCHEMA = definition()
Schema = dict[str, Any]


def resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    return schema


def keys(schema: Schema) -> dict[str, Schema]:
    return {name: resolved(each) for name, each in schema["properties"].items()}


def properties(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Every key that the schema knows, with its schema; `*` stands for a name of the user's own."""
    schema = resolved(schema)
    for name, each in schema.get("properties", {}).items():
        yield (*path, name), resolved(each)
        yield from properties(each, (*path, name))
    for word in ("additionalProperties", "items"):
        if isinstance(schema.get(word), dict):
            yield from properties(schema[word], (*path, "*"))


def names(type_: type, *derived: str) -> set[str]:
    return {field.name.replace("_", "-") for field in dataclasses.fields(type_)} - {
        each.replace("_", "-") for each in derived
    }


def test_the_schema_is_a_valid_draft_07_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(shipped.schema("ruleset.v1")) == SCHEMA


def test_every_key_has_a_hover_text() -> None:
    for path, schema in properties(SCHEMA):
        assert len(schema.get("description", "")) > 3, path
        assert len(schema.get("enumDescriptions", ())) in (0, len(schema.get("enum", ()))), path


def test_every_choice_has_a_hover_text_and_every_free_value_an_example() -> None:
    for path, schema in properties(SCHEMA):
        if "enum" in schema and schema["enum"] != ["off"]:
            assert "enumDescriptions" in schema, path
        if schema.get("type") == "string" and path[0] not in BASE_WORDS:
            assert schema.get("examples") or "default" in schema, path


def test_every_example_and_default_is_valid() -> None:
    for path, schema in properties(SCHEMA):
        for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
            validator = Draft7Validator({**schema, "definitions": SCHEMA["definitions"]})
            assert not list(validator.iter_errors(example)), (path, example)


def test_every_pattern_says_what_it_wants() -> None:
    """A value that is refused for its looks needs a sentence: the pattern itself helps nobody."""

    def walk(schema: Any) -> Iterator[Schema]:
        if isinstance(schema, dict):
            yield schema
            for each in schema.values():
                yield from walk(each)
        elif isinstance(schema, list):
            for each in schema:
                yield from walk(each)

    for schema in walk(SCHEMA):
        if {"pattern", "minLength", "minimum", "minItems"} & schema.keys():
            assert "patternErrorMessage" in schema, schema


def test_the_schema_never_says_one_of() -> None:
    """Alternatives would make messages about something that nobody meant (design §3)."""
    text = shipped.schema("ruleset.v1")
    assert not [word for word in ("anyOf", "oneOf", "allOf", "not") if f'"{word}"' in text]


def test_keys_of_the_schema_are_fields_of_the_model_and_the_other_way_round() -> None:
    top = keys(SCHEMA)
    derived_from_base = BASE_WORDS - {"when-empty", "owner"}
    assert top.keys() - {"hxrules", "extends"} - derived_from_base == names(Ruleset, "file", "digest", "base", "places")
    accounts = keys(top["accounts"])
    assert keys(accounts["hubspot"]).keys() | keys(accounts["xero"]).keys() == names(
        Accounts, "portal_span", "tenant_span", "organisation_span"
    )
    assert keys(top["limits"]).keys() == names(Limits, "span")

    syncs = keys(top["syncs"])
    common = set.intersection(*(set(keys(each)) for each in syncs.values()))
    conflict = keys(keys(syncs["contacts"])["conflict"]).keys()
    own_sync = names(
        Sync, "name", "span", "types", "match", "compiled", "fixed_limits", "digest", "invoices", "payments", "places"
    )
    assert common - {"conflict", "custom-mappings"} | conflict == own_sync
    assert keys(syncs["contacts"]).keys() == keys(syncs["products"]).keys() == common
    written_as = {"lines": "line-mappings"}
    invoices = {written_as.get(name, name) for name in names(InvoiceRules, "compiled", "places")}
    assert keys(syncs["invoices"]).keys() - common == invoices
    assert keys(syncs["payments"]).keys() - common == names(PaymentRules, "places")

    written_as = {"steps": "transform", "fallback": "when-empty", "writes": "direction", "owned": "owner"}
    mapping = {
        written_as.get(name, name) for name in names(FieldMapping, "id", "span", "digest", "custom", "hubspot_span")
    }
    assert keys(SCHEMA["definitions"]["default-mapping"]).keys() - {"type"} == mapping
    for name in syncs:
        custom = keys(SCHEMA["definitions"][f"custom-mapping-of-{name}"])
        assert custom.keys() - {"type"} == mapping - {"when-empty", "owner"}

    limit = keys(resolved(SCHEMA["definitions"]["limits-of-direction"]["additionalProperties"]))
    assert limit.keys() == names(FixedLimit, "id")


def test_the_schema_completes_the_default_mappings_of_the_newest_base() -> None:
    found = shipped.base(shipped.bases()[-1])
    assert found is not None
    root, _ = parse(*found)
    assert isinstance(root, MappingNode)
    base: Any = root.plain
    syncs = keys(keys(SCHEMA)["syncs"])
    assert list(syncs) == list(base["objects"]) == list(base["default-mappings"])
    for name, sync in syncs.items():
        assert list(keys(sync)["mappings"]["properties"]) == list(base["default-mappings"][name])
    assert list(keys(syncs["invoices"])["line-mappings"]["properties"]) == list(base["line-mappings"])


# --- two readers of one schema -------------------------------------------------------------------------------------------------

RULESETS = [*sorted((HERE / "valid").glob("*.yaml")), *sorted((HERE / "invalid").glob("*.yaml"))]
JSONSCHEMA = Draft7Validator(SCHEMA)
FITS = compiled(SCHEMA)


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.stem)
def test_the_quick_verdict_is_that_of_jsonschema(path: Path) -> None:
    root, _ = parse(path.read_text(encoding="utf-8"), "f")
    if root is not None:
        assert FITS(root.plain) == JSONSCHEMA.is_valid(root.plain)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a document, itself included."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(each for name, value in inner for each in places(value, (*path, name)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = replaced(document[path[0]], path[1:], value)
    return copy


SCALARS = st.sampled_from([
    None, True, False, 0, 1, -1, 12, Decimal("1.0"), Decimal("2.5"), "", "off", "two-way", "xero", "60s", "30%", "a b", "email", "trim",
    "2026-11-22T09:00:00Z", "text", "a" * 70, "data-hub-starter", "(" * 400, "a.b[0]", "{x}",
])  # fmt: skip
NAMES = st.sampled_from([*{path[-1] for path, _ in properties(SCHEMA)}, "x", "A b"])
ANYTHING = st.recursive(
    SCALARS | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def nearly_rulesets(draw: st.DrawFn) -> Any:
    """A ruleset in which up to three things are replaced by anything."""
    document = everything()
    for _ in range(draw(st.integers(1, 3))):
        document = replaced(document, draw(st.sampled_from(places(document))), draw(ANYTHING))
    return document


@settings(max_examples=300)
@given(nearly_rulesets())
def test_the_quick_verdict_is_that_of_jsonschema_for_anything_at_any_place(document: Any) -> None:
    assert FITS(document) == JSONSCHEMA.is_valid(document)


def test_a_word_of_json_schema_that_the_quick_verdict_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError):
        compiled({"properties": {"a": {"multipleOf": 3}}})


# --- every key has a meaning ---------------------------------------------------------------------------------------------------


def everything() -> Any:
    root, _ = parse((HERE / "valid" / "everything.yaml").read_text(encoding="utf-8"), "f")
    assert root is not None
    return root.plain


def meaning(document: Any) -> str | None:
    ruleset, _ = load_ruleset(json.dumps(document), "f", load_catalogue(), shipped.base)
    return ruleset.digest if ruleset else None


def paths(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(document, dict):
        for name, each in document.items():
            yield (*path, name)
            yield from paths(each, (*path, name))


def test_everything_has_every_key_of_the_schema() -> None:
    used = set(paths(everything()))
    starred = {
        tuple(
            "*" if "custom-mappings" in path[:-1] and i == path.index("custom-mappings") + 1 else name
            for i, name in enumerate(path)
        )
        for path in used
    }
    common = {path[2:] for path in starred if path[:1] == ("syncs",)}
    for path, schema in properties(SCHEMA):
        if path[0] in BASE_WORDS or path[-1] == "*" or schema.get("enum") == ["off"]:
            continue
        assert path in starred or (path[0] == "syncs" and path[2:] in common), path


@pytest.mark.parametrize("path", list(paths(everything())), ids="/".join)
def test_every_key_counts(path: tuple[str, ...]) -> None:
    """Without it the ruleset is refused, or means something else."""
    document = everything()
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    assert meaning(document) != meaning(everything())
