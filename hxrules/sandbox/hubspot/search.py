"""Search: which records match, in which order, under HubSpot's limits; never strict about the present.

What: `compile_search` checks a body and turns its filters into one predicate over a record's property texts;
`SearchCalls` runs it over what the index has seen (`Store.indexed`) and cuts pages.
Invariants: archived records are never found; what is answered is the indexed state, so that a record can be behind.
See also: facts/hubspot.md 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import translate
from typing import Any, Final

from hxrules.sandbox.hubspot.calls import OBJECTS, Answer, Call, Endpoint, names_of, objects_of, whole_of
from hxrules.sandbox.hubspot.errors import invalid_json, validation
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.reading import Reading
from hxrules.sandbox.hubspot.records import Store
from hxrules.sandbox.hubspot.schema import Property
from hxrules.sandbox.hubspot.values import instant, parse_instant

MOST_GROUPS: Final = 5
MOST_IN_GROUP: Final = 6
MOST_FILTERS: Final = 18
MOST_SORTS: Final = 1
MOST_ON_PAGE: Final = 200
MOST_RESULTS: Final = 10_000
MOST_CHARACTERS: Final = 3_000

Properties = Mapping[str, str]
Predicate = Callable[[str, Properties], bool]
"""Whether a record, given by its id and its properties, matches."""
Comparable = Any
"""Text or a `Decimal`; the values of one property are all the same."""


@dataclass(frozen=True)
class Search:
    """A checked search."""

    matches: Predicate
    sort: str
    descending: bool
    properties: Sequence[str]
    limit: int
    after: int


class SearchCalls:
    """The search endpoint, for all types of records alike."""

    def __init__(self, portal: Portal, reading: Reading) -> None:
        self._portal = portal
        self._reading = reading
        self._last: tuple[object, list[str]] = (None, [])
        self.endpoints = [Endpoint("POST", OBJECTS, "/{type}/search", self.search, search=True)]

    def search(self, call: Call) -> Answer:
        """One page of the records that match."""
        store = self._portal.readable(call.path["type"])
        if call.body_characters > MOST_CHARACTERS:
            raise validation(f"The request body is longer than {MOST_CHARACTERS} characters")
        body = call.json()
        search = compile_search(body, store, self._portal)
        rows = store.indexed()
        found = self._found(store, search, body, rows)
        page = found[search.after : search.after + search.limit]
        answer: dict[str, Any] = {
            "total": len(found),
            "results": [
                self._reading.show(store, store.records[id], search.properties, values=rows[id])
                for id in page
                if id in store.records
            ],
        }
        following = search.after + len(page)
        if following < len(found):
            answer["paging"] = {"next": {"after": str(following)}}
        return Answer(200, answer)

    def _found(
        self, store: Store, search: Search, body: Mapping[str, Any], rows: Mapping[str, Properties]
    ) -> list[str]:
        """The ids in order. The pages of one search come one after the other, so the last result is kept."""
        asked = {key: value for key, value in body.items() if key not in ("after", "limit", "properties")}
        key = (store.type.name, store.index_version, asked)
        if self._last[0] != key or "associations." in str(asked):
            ids = [id for id, properties in rows.items() if search.matches(id, properties)]
            self._last = (key, _sorted(ids, rows, store, search))
        return self._last[1]


def compile_search(body: Mapping[str, Any], store: Store, portal: Portal) -> Search:
    """Check the body of a search against HubSpot's limits; raises `ApiError`."""
    groups = _groups(body)
    if len(groups) > MOST_GROUPS or any(len(group) > MOST_IN_GROUP for group in groups):
        raise validation(f"At most {MOST_GROUPS} filterGroups with {MOST_IN_GROUP} filters each are allowed")
    if sum(len(group) for group in groups) > MOST_FILTERS:
        raise validation(f"At most {MOST_FILTERS} filters are allowed in all")
    limit, after = whole_of(body, "limit", 10), str(body.get("after") or "0")
    if not 1 <= limit <= MOST_ON_PAGE:
        raise validation(f"limit must be a number from 1 to {MOST_ON_PAGE}, not {limit}")
    if not after.isdecimal():
        raise validation(f"after must be a number, not {after}")
    if int(after) + limit > MOST_RESULTS:
        raise validation(f"Paging through more than {MOST_RESULTS} results is not possible")
    sort, descending = _sort(body, store)
    any_of = [[_filter(part, store, portal) for part in group] for group in groups]
    tests: list[Predicate] = []
    if any_of:
        tests.append(lambda id, row: any(all(test(id, row) for test in tests) for tests in any_of))
    if query := str(body.get("query") or "").strip():
        tests.append(_free_text(query, store))
    return Search(
        matches=lambda id, row: all(test(id, row) for test in tests),
        sort=sort,
        descending=descending,
        properties=names_of(body, "properties"),
        limit=limit,
        after=int(after),
    )


def _groups(body: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    groups = [objects_of(group, "filters") for group in objects_of(body, "filterGroups")]
    groups.append(objects_of(body, "filters"))
    return [group for group in groups if group]


def _sort(body: Mapping[str, Any], store: Store) -> tuple[str, bool]:
    sorts = body.get("sorts") or []
    if not isinstance(sorts, list) or not all(isinstance(each, str | dict) for each in sorts):
        raise invalid_json("sorts must be a list")
    if len(sorts) > MOST_SORTS:
        raise validation(f"At most {MOST_SORTS} sort is allowed")
    if not sorts:
        return store.type.created, False
    if isinstance(sorts[0], str):
        name, descending = sorts[0].lstrip("-"), sorts[0].startswith("-")
    else:
        name, descending = str(sorts[0].get("propertyName")), sorts[0].get("direction") == "DESCENDING"
    _definition(store, name)
    return name, descending


def _sorted(ids: list[str], rows: Mapping[str, Properties], store: Store, search: Search) -> list[str]:
    """In the order of the sort, records without a value last, equal ones in the order of their ids."""
    definition = _definition(store, search.sort)
    having = [id for id in ids if search.sort in rows[id]]
    having.sort(key=lambda id: _comparable(definition, rows[id][search.sort]), reverse=search.descending)
    if len(having) == len(ids):
        return having
    return having + [id for id in ids if search.sort not in rows[id]]


def _definition(store: Store, name: str) -> Property:
    definition = store.properties.find(name)
    if definition is None:
        raise validation(f'There was a problem with the request: property "{name}" does not exist')
    return definition


def _filter(part: Mapping[str, Any], store: Store, portal: Portal) -> Predicate:
    name, operator = str(part.get("propertyName")), str(part.get("operator"))
    if name.startswith("associations."):
        return _linked(part, name.removeprefix("associations."), operator, store, portal)
    definition = _definition(store, name)
    if definition.type in ("date", "datetime") and portal.env.quirks["search-date-values"] == "epoch":
        _refuse_iso(part)
    finds_empty = portal.env.quirks["search-empty-differs"] == "yes"
    match operator:
        case "HAS_PROPERTY":
            return lambda id, row: name in row
        case "NOT_HAS_PROPERTY":
            return lambda id, row: name not in row
        case "EQ" | "NEQ" | "LT" | "LTE" | "GT" | "GTE":
            return _compared(definition, operator, _operand(part, "value"), finds_empty)
        case "BETWEEN":
            low = _operated(definition, _operand(part, "value"))
            high = _operated(definition, _operand(part, "highValue"))
            return lambda id, row: name in row and low <= _comparable(definition, row[name]) <= high
        case "IN" | "NOT_IN":
            return _listed(definition, operator, part, finds_empty)
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            has_token = _token_test(_operand(part, "value"))
            wanted = operator == "CONTAINS_TOKEN"
            return lambda id, row: (name in row and has_token(row[name])) is wanted
        case _:
            raise validation(f"{operator} is not a valid operator")


def _compared(definition: Property, operator: str, operand: str, finds_empty: bool) -> Predicate:
    name, value = definition.name, _operated(definition, operand)
    tests: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda x: x == value,
        "NEQ": lambda x: x != value,
        "LT": lambda x: x < value,
        "LTE": lambda x: x <= value,
        "GT": lambda x: x > value,
        "GTE": lambda x: x >= value,
    }
    test = tests[operator]
    empty = operator == "NEQ" and finds_empty
    return lambda id, row: test(_comparable(definition, row[name])) if name in row else empty


def _listed(definition: Property, operator: str, part: Mapping[str, Any], finds_empty: bool) -> Predicate:
    """Values of text properties are found only when the list writes them in lower case."""
    name, values = definition.name, part.get("values")
    if not isinstance(values, list) or not values:
        raise validation(f"{operator} needs values")
    if definition.type == "string":
        listed: set[Comparable] = {str(value) for value in values}
    else:
        listed = {_operated(definition, str(value)) for value in values}
    if operator == "IN":
        return lambda id, row: name in row and _comparable(definition, row[name]) in listed
    return lambda id, row: _comparable(definition, row[name]) not in listed if name in row else finds_empty


def _linked(part: Mapping[str, Any], name: str, operator: str, store: Store, portal: Portal) -> Predicate:
    """Only records that are linked with the record of the given id."""
    if operator != "EQ":
        raise validation(f"{operator} is not a valid operator for associations")
    target = portal.store(name).type.name
    portal.associations.types(store.type.name, target)
    linked = portal.associations.between(target, _operand(part, "value"), store.type.name)
    return lambda id, row: id in linked


def _operand(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int) or value == "":
        raise validation(f"{part.get('operator')} on {part.get('propertyName')} needs {key}")
    return str(value)


def _refuse_iso(part: Mapping[str, Any]) -> None:
    operands = [part[key] for key in ("value", "highValue") if key in part] + names_of(part, "values")
    if not all(str(operand).isdecimal() for operand in operands):
        raise validation(f"{part.get('propertyName')} must be compared with epoch milliseconds")


def _operated(definition: Property, operand: str) -> Comparable:
    """The operand in the form in which stored values are compared; raises 400 when it has none."""
    try:
        match definition.type:
            case "number":
                return Decimal(operand)
            case "datetime":
                return instant(parse_instant(operand))
            case "date":
                return parse_instant(operand).date().isoformat()
            case "enumeration":
                return operand
            case _:
                return operand.lower()
    except (ValueError, InvalidOperation, OverflowError, OSError) as error:
        raise validation(f"{operand} is not a valid value for {definition.name}") from error


def _comparable(definition: Property, value: str) -> Comparable:
    """A stored value as it is compared: numbers by size, instants and days as text, all text without case."""
    if definition.type == "number":
        return Decimal(value)
    return value if definition.type in ("datetime", "date", "enumeration") else value.lower()


def _tokens(value: str) -> set[str]:
    value = value.lower()
    return {*re.split(r"[\s;,]+", value), *re.split(r"[\W_]+", value)} - {""}


def _token_test(wanted: str) -> Callable[[str], bool]:
    """Whether a value has all the wanted tokens; `*` stands for any characters."""
    patterns = [re.compile(translate(token)) for token in re.split(r"[\s;,]+", wanted.lower()) if token]
    return lambda value: all(any(pattern.match(token) for token in _tokens(value)) for pattern in patterns)


def _free_text(query: str, store: Store) -> Predicate:
    """Each word of the query begins a word of a searched property, or its digits lie within a phone number."""
    words = query.lower().split()
    digits = re.sub(r"\D", "", query)
    phones = [name for name in store.type.searched if "phone" in name or "mobile" in name]

    def matches(id: str, row: Properties) -> bool:
        tokens = {token for name in store.type.searched if name in row for token in _tokens(row[name])}
        if all(any(token.startswith(word) for token in tokens) for word in words):
            return True
        return len(digits) > 3 and any(digits in re.sub(r"\D", "", row.get(name, "")) for name in phones)

    return matches
