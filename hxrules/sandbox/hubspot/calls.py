"""What a HubSpot endpoint gets and gives, and the list of paths under which it answers.

What: an endpoint is a plain function from `Call` to `Answer`, or it raises `ApiError`; it knows nothing of HTTP beyond
that. `Endpoint` names its method and paths: the date-versioned one, with `{version}`, and the older aliases.
See also: facts/hubspot.md 1.2 (path map); `app` (turns requests into calls).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hxrules.sandbox.hubspot.errors import invalid_json, validation

VERSIONS: Final = ("2026-03", "2026-09")
"""The date versions that the sandbox answers; the newest alone enforces the account's own rules."""
OLD_VERSIONS: Final = ("v1", "v3", "v4")
"""The numbered versions, each of which stands in the aliases of some paths."""

OBJECTS: Final = ("/crm/objects/{version}", "/crm/v3/objects")
PROPERTIES: Final = ("/crm/properties/{version}", "/crm/v3/properties")
PAIRS: Final = ("/crm/objects/{version}", "/crm/v4/objects")
ASSOCIATIONS: Final = ("/crm/associations/{version}", "/crm/v4/associations")
ACCOUNT: Final = ("/account-info/{version}", "/account-info/v3")
TAX_RATES: Final = ("/tax-rates/{version}", "/tax-rates/v1")
CURRENCIES: Final = ("/settings/currencies/{version}", "/settings/v3/currencies")


@dataclass(frozen=True)
class Call:
    """One authenticated request, with its body read; `version` is `2026-09`, `2026-03`, or an older `v…`."""

    version: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    body_characters: int
    url: str
    fault: str | None

    @property
    def is_newest(self) -> bool:
        """Whether the call is bound by what changed in 2026-09 (facts/hubspot.md 1.3)."""
        return self.version == VERSIONS[-1]

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            raise invalid_json("an object is needed")
        return self.body

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """The `inputs` of a batch, refused when they are none or more than `most`."""
        inputs = objects_of(self.json(), "inputs")
        if len(inputs) > most:
            raise validation(f"The maximum number of inputs supported in a batch request is {most}")
        if not inputs:
            raise validation("The batch request has no inputs")
        return inputs

    def names(self, key: str) -> list[str]:
        """A comma-separated query parameter as a list."""
        return [name.strip() for name in self.query.get(key, "").split(",") if name.strip()]

    def flag(self, key: str) -> bool:
        """A boolean query parameter, false when it is absent."""
        return self.query.get(key, "false").lower() == "true"

    def limit(self, default: int, most: int) -> int:
        """The `limit` query parameter; HubSpot refuses a larger page instead of shortening it."""
        text = self.query.get("limit", str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise validation(f"limit must be a number from 1 to {most}, not {text}")
        return int(text)


@dataclass(frozen=True)
class Answer:
    """The status and the JSON body of an answer; no body at all when it is None."""

    status: int = 200
    body: Any = None


@dataclass(frozen=True)
class Endpoint:
    """A method and path of the API, `root` once per generation of paths, and the function behind it."""

    method: str
    roots: tuple[str, ...]
    path: str
    call: Callable[[Call], Answer]
    search: bool = False
    paths: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(root + self.path for root in self.roots))


def text_of(part: Mapping[str, Any], key: str) -> str:
    """A required value of a JSON object that is text or a number; raises `ApiError` when it is anything else."""
    value = part.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise invalid_json(f"{key} is required and must be text")
    return str(value)


def whole_of(part: Mapping[str, Any], key: str, default: int) -> int:
    """An optional whole number of a JSON object; raises `ApiError` when it is anything else."""
    value = part.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_json(f"{key} must be a whole number")
    return value


def names_of(part: Mapping[str, Any], key: str) -> list[str]:
    """An optional list of texts of a JSON object; raises `ApiError` when it is anything else."""
    value = part.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid_json(f"{key} must be a list of text")
    return value


def objects_of(part: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """An optional list of objects of a JSON object; raises `ApiError` when it is anything else."""
    return _objects(part.get(key) or [], key)


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise invalid_json(f"{what} must be a list of objects")
    return value


def link_specs(parts: Any) -> list[tuple[str, int]]:
    """The association types of a request, as (category, id); raises `ApiError` when they are none or no such list."""
    if not _objects(parts, "types"):
        raise invalid_json("association types are needed")
    ids = [text_of(part, "associationTypeId") for part in parts]
    if not all(id.isdecimal() for id in ids):
        raise invalid_json("associationTypeId must be a number")
    return [(text_of(part, "associationCategory"), int(id)) for part, id in zip(parts, ids, strict=True)]
