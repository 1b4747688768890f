"""Has the ruleset the right shape? `schemas/ruleset.v1.json`, the file that editors use, decides; here its verdicts get places.

jsonschema says all that is wrong with a value at once and names it by a path of keys. Each becomes one `Problem` at the key or the
value meant, with a suggestion where something is near. Words beside the standard's: `patternErrorMessage` (what a value must look
like; editors show it too), `x-problem` (the code, where it isn't the usual one of its kind), `x-keys` and `x-values` (what people
write who know another word for the key, or for a value).
See also: `shape` (is anything wrong at all?), `compile` (what does the ruleset mean?).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from hxrules import shipped
from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, short
from hxrules.language.shape import Check, compiled
from hxrules.problems import Problem, near
from hxrules.values import number_text

MOST = 1_000
BASE_WORDS = frozenset({"objects", "default-mappings", "line-mappings", "fixed-limits", "when-empty", "owner"})
"""Keys that only a base may use. (Inside `syncs: invoices:`, `line-mappings` switches some of the base's off.)"""

_TYPES = {
    "object": "a mapping (`key: value` lines)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
}
_SAID = {
    "NoneType": "nothing",
    "bool": "true or false",
    "int": "a number",
    "Decimal": "a number",
    "str": "text",
    "list": "a list",
    "dict": "a mapping",
}
_YES = frozenset({"true", "yes", "on", "y", "1"})
_NO = frozenset({"false", "no", "off", "n", "0"})
_SECRET = re.compile("token|secret|password|api-?_?key|credential", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{|\$[A-Z]|\{\{")
_NO_BLANK = re.compile(r"[\w-]+:\S+\Z")
_FRACTION = re.compile(r"(?:0?\.[0-9]{1,4}|[01]\.0)\Z")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,_ '][0-9]{3})+\Z|[0-9]{1,18}\Z", re.ASCII)
_NUMERIC = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")


@lru_cache(maxsize=1)
def definition() -> dict[str, Any]:
    """The JSON Schema itself, as shipped."""
    schema: dict[str, Any] = json.loads(shipped.schema("ruleset.v1"))
    return schema


@lru_cache(maxsize=1)
def _fits() -> Check:
    return compiled(definition())


def check(root: Node) -> list[Problem]:
    """Everything about the shape of a ruleset that the schema forbids (HX110–HX115, HX130, HX131), in no order.

    With thousands of problems the first `MOST` are enough: this is another kind of file.
    """
    plain = root.plain
    if _fits()(plain):
        return []
    errors = islice(_validator().iter_errors(plain), MOST)
    return [problem for error in errors for problem in _problems(error, root)]


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(_inlined(definition()))


def _inlined(schema: Any) -> Any:
    """The schema with every `$ref` replaced by what it names: jsonschema looks a reference up anew for each of a thousand mappings."""
    if isinstance(schema, list):
        return [_inlined(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definition()["definitions"][schema["$ref"].rpartition("/")[2]])
    return {word: _inlined(each) for word, each in schema.items() if word != "definitions"}


def _problems(error: Any, root: Node) -> Iterator[Problem]:
    path = list(error.absolute_path)
    node, key = _find(root, path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    code = schema.get("x-problem")
    if "propertyNames" in error.absolute_schema_path and isinstance(node, MappingNode):
        yield _wrong_name(node.key(error.instance), schema)
    elif error.validator == "additionalProperties" and isinstance(node, MappingNode):
        yield from _unknown_keys(node, schema, path)
    elif error.validator == "required":
        yield from _missing_key(node, key, error, path)
    elif len(path) == 4 and path[2] in ("mappings", "line-mappings") and key:
        yield _default_mapping(key, path[2] == "mappings")
    elif error.validator == "type":
        yield _wrong_type(node, key, schema, _name(path))
    else:
        yield _wrong_value(node, key, code or "HX113", schema, _name(path))


def _find(root: Node, path: Iterable[str | int]) -> tuple[Node, ScalarNode | None]:
    """The node at the path, and the key that it stands under (`None` for the root and for entries of lists)."""
    node, key = root, None
    for step in path:
        if isinstance(node, MappingNode) and isinstance(step, str):
            key, node = node.entries[step]
        elif isinstance(node, SequenceNode) and isinstance(step, int):
            key, node = None, node.items[step]
    return node, key


def _name(path: list[str | int]) -> str:
    words = [step for step in path if isinstance(step, str)]
    return f"`{short(words[-1])}`" if words else "a ruleset"


def _unknown_keys(node: MappingNode, schema: dict[str, Any], path: list[str | int]) -> Iterator[Problem]:
    known: dict[str, Any] = schema.get("properties", {})
    free = [name for name in known if name not in node.entries and name not in BASE_WORDS]
    code = schema.get("x-problem", "HX110")
    where = f"in `{short(str(path[-1]))}`" if path else "at the top level"
    for name, (key, _) in node.entries.items():
        if name in known:
            continue
        if name in BASE_WORDS and (name != "line-mappings" or not path):
            yield base_word(key)
            continue
        suggestion = next((each for each in free if _same(name, each, known[each])), None)
        what = "sync" if code == "HX130" else "key"
        cause = f"Known here: {_listed(name for name in known if name not in BASE_WORDS)}."
        remedy = f"Write `{suggestion}`." if suggestion else "Remove it, or write one of the known ones."
        if _SECRET.search(name):
            cause = "Secrets never stand in a ruleset; hxrules reads them from the environment (`HXRULES_HUBSPOT_TOKEN`, ...)."
            remedy = "Remove it. If this file was ever shared, make a new secret."
        yield Problem(
            code,
            f"unknown {what} `{short(name)}` {where}",
            cause,
            remedy,
            span=key.place,
            suggestion=suggestion,
        )


def _same(written: str, name: str, about: dict[str, Any]) -> bool:
    """May somebody who wrote this have meant the key `name`: by a slip, or by another word for it?"""
    return bool(near(written, [name])) or written.lower().replace("_", "-") in about.get("x-keys", ())


def meant_by_another(name: str, node: MappingNode, sync: str) -> bool:
    """Is the key `name` of a sync there under another name, which has been reported?"""
    known = definition()["properties"]["syncs"]["properties"][sync]["properties"]
    about = definition()["definitions"].get(name, {})
    return any(_same(other, name, about) for other in node.entries if other not in known)


def base_word(key: ScalarNode) -> Problem:
    """HX115 for one of `BASE_WORDS`."""
    return Problem(
        "HX115",
        f"`{key.text}` may only stand in a base",
        "It decides what hxrules itself guarantees: default mappings (R11), limits that nobody can remove (R15–R17, R19) and whose "
        "say an invoice is (R18).",
        "Remove it. Mappings of your own stand under `custom-mappings`, conditions under `filters`.",
        span=key.place,
    )


def _missing_key(node: Node, key: ScalarNode | None, error: Any, path: list[str | int]) -> Iterator[Problem]:
    known = error.schema.get("properties", definition()["properties"])
    name = next(name for name in error.validator_value if name not in error.instance and f"'{name}'" in error.message)
    about = known.get(name, {})
    if any(_same(other, name, about) for other in error.instance if other not in known):
        return  # the unknown key is reported, with this one as the suggestion
    where = f"`{short(str(path[-1]))}`" if path else "the ruleset"
    example = next(iter(about.get("examples", about.get("enum", ()))), about.get("const"))
    yield Problem(
        "HX111",
        f"{where} has no `{name}`",
        about.get("description", ""),
        f"Add `{name}: {_written(example)}`, say." if example is not None else f"Add `{name}:`.",
        span=(key.place if key else node.source.span(node.start, node.start)),
    )


def _wrong_name(key: ScalarNode, schema: dict[str, Any]) -> Problem:
    suggestion = "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in key.text.lower()).split()) or None
    return Problem(
        "HX113",
        f"`{short(key.text)}` can't be the id of a mapping",
        schema.get("patternErrorMessage", ""),
        f"Write `{suggestion}`." if suggestion else "Write another id.",
        span=key.place,
        suggestion=suggestion,
    )


def _default_mapping(key: ScalarNode, replaceable: bool) -> Problem:
    return Problem(
        "HX131",
        f"the default mapping `{short(key.text)}` can only be switched off",
        "Default mappings can't be edited or deleted (R11).",
        f"Write `{key.text}: off`{', and put a mapping of your own under `custom-mappings`' if replaceable else ''}.",
        span=key.place,
        suggestion=f"{key.text}: off",
    )


def _wrong_type(node: Node, key: ScalarNode | None, schema: dict[str, Any], name: str) -> Problem:
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    wanted = " or ".join(_TYPES[kind] for kind in kinds)
    suggestion, quoted = None, False
    if isinstance(node, ScalarNode) and node.text:
        suggestion, quoted = _rewritten(node, kinds, schema)
    said = f"Here is {_SAID[type(node.plain).__name__]}"
    if quoted:
        said += "; in quotes it is text"
    elif isinstance(node, ScalarNode) and _VARIABLE.search(node.text):
        said += "; nothing is filled in from the environment"
    elif isinstance(node, ScalarNode) and not node.style and _NO_BLANK.match(node.text) and "object" in kinds:
        said += "; behind the colon goes a blank"
        suggestion = node.text.replace(":", ": ", 1)
    example = next(iter(schema.get("examples", ())), None)
    if suggestion:
        remedy = f"Write `{suggestion}`."
    elif example is not None and key is not None:
        remedy = f"Write `{key.text}: {_written(example)}`, say."
    else:
        remedy = f"Write {wanted}."
    return Problem(
        "HX112", f"{name} must be {wanted}", f"{said}.", remedy, span=_visible(node, key), suggestion=suggestion
    )


def _rewritten(node: ScalarNode, kinds: list[str], schema: dict[str, Any]) -> tuple[str | None, bool]:
    """What was meant by a scalar of the wrong type, and whether it only lacks its quotes."""
    word = node.text.lower()
    if "string" in kinds and "object" not in kinds:
        if schema.get("format") == "filter":
            return None, False
        if re.search(schema.get("pattern", ""), node.text):
            return f'"{node.text}"', True
        if "%" in schema.get("pattern", "") and _FRACTION.match(node.text):
            return f"{number_text(Decimal(node.text) * 100)}%", False
        return next((each for each in schema.get("examples", ()) if each.startswith(node.text)), None), False
    if kinds == ["boolean"] and word in _YES | _NO:
        return ("true" if word in _YES else "false"), False
    if kinds == ["integer"] and _GROUPED.match(node.text):
        return str(int(re.sub("[,_ ']", "", node.text))), False
    if kinds == ["array"]:
        return f"[{node.text}]", False
    return None, False


def _wrong_value(node: Node, key: ScalarNode | None, code: str, schema: dict[str, Any], name: str) -> Problem:
    said = node.text if isinstance(node, ScalarNode) else ""
    allowed = [schema["const"]] if "const" in schema else schema.get("enum", [])
    other_words: dict[str, str] = schema.get("x-values", {})
    suggestion = str(allowed[0]) if "const" in schema else _meant(said, [str(each) for each in allowed])
    suggestion = suggestion or other_words.get(said.lower().replace("_", "-"))
    example = next((each for each in schema.get("examples", ()) if isinstance(each, str | int)), None)
    if suggestion:
        remedy = f"Write `{suggestion}`."
    elif allowed:
        remedy = "Write one of them."
    else:
        remedy = f"Write `{_written(example)}`, say." if example is not None else "Correct it."
    shown = node.source.text[node.start : node.end] if said else ""
    empty = isinstance(node, ScalarNode) and node.style
    return Problem(
        code,
        f"{name} can't be `{short(shown)}`"
        if shown
        else f"{name} can't be {'empty' if empty else _SAID[type(node.plain).__name__]}",
        schema.get("patternErrorMessage") or f"Allowed: {_listed(allowed)}.",
        remedy,
        span=_visible(node, key),
        suggestion=suggestion,
    )


def _written(example: Any) -> str:
    """An example of the schema, as a ruleset writes it."""
    if isinstance(example, dict):
        return f"{{{', '.join(f'{name}: {_written(each)}' for name, each in example.items())}}}"
    if isinstance(example, list):
        return f"[{', '.join(map(_written, example))}]"
    return f'"{example}"' if isinstance(example, str) and _NUMERIC.match(example) else str(example)


def _meant(said: str, allowed: list[str]) -> str | None:
    """The allowed word that is near, or the only one that holds, or is held by, what was said (`starter`, `xero-to-hubspot`)."""
    found = near(said, allowed)
    if not found and len(said) > 3:
        found = [each for each in allowed if said.lower() in each or each in said.lower()]
        found = found if len(found) == 1 else []
    return found[0] if found else None


def _visible(node: Node, key: ScalarNode | None) -> Any:
    """The place of the value; of its key, where the value is nothing at all."""
    return key.place if key and node.start == node.end else node.place


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names)
