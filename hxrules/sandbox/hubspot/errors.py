"""HubSpot's refusals: one exception, with the body that HubSpot sends for it, alone or as an element of a 207.

See also: facts/hubspot.md 8.2 (bodies and categories), 4.2 (elements of a partly failed batch).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApiError(Exception):
    """A request, or one element of a batch, that HubSpot refuses."""

    status: int
    category: str
    message: str
    sub_category: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    context: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The JSON of the answer when the whole request is refused."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
        }
        if self.sub_category:
            body["subCategory"] = self.sub_category
        for key in ("errors", "context", "links"):
            if getattr(self, key):
                body[key] = getattr(self, key)
        return body

    def element(self, context: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The JSON of one failed element of a batch; `context` says which element that is."""
        return {
            "status": "error",
            "category": self.category,
            **({"subCategory": self.sub_category} if self.sub_category else {}),
            "message": self.message,
            "context": {**self.context, **context},
            "errors": self.errors,
            "links": self.links,
        }


@dataclass(frozen=True)
class Invalid:
    """One property value that is refused: `code` is HubSpot's word for why."""

    name: str
    code: str
    message: str


def validation(message: str, **more: Any) -> ApiError:
    """400 with category `VALIDATION_ERROR`."""
    return ApiError(400, "VALIDATION_ERROR", message, **more)


def invalid_values(invalid: Sequence[Invalid], portal: int) -> ApiError:
    """400 for refused property values: the details stand in `errors`, and once more as JSON inside the message."""
    inside = [
        {
            "isValid": False,
            "message": each.message,
            "error": each.code,
            "name": each.name,
            "localizedErrorMessage": each.message,
            "portalId": portal,
        }
        for each in invalid
    ]
    return validation(
        f"Property values were not valid: {json.dumps(inside, separators=(',', ':'))}",
        errors=[
            {"message": each.message, "code": each.code, "context": {"propertyName": [each.name]}} for each in invalid
        ],
    )


def missing_values(missing: Sequence[tuple[str, str, str]]) -> ApiError:
    """400 for properties that a record must have, each with its code and message."""
    return validation(
        "; ".join(message for _, _, message in missing),
        errors=[
            {"message": message, "code": code, "context": {"propertyName": [name]}} for code, name, message in missing
        ],
    )


def required(*names: str) -> ApiError:
    """400 for properties that a new record needs and does not have."""
    return missing_values([("MISSING_REQUIRED_PROPERTY", name, f"{name} is required on create") for name in names])


def read_only(name: str) -> Invalid:
    """The refusal of a value that clients may not set."""
    return Invalid(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')


def invalid_json(detail: str) -> ApiError:
    """400 for a body that is not the JSON that the endpoint takes."""
    return validation(f"Invalid input JSON: {detail}")


def not_found(message: str, **more: Any) -> ApiError:
    """404 with category `OBJECT_NOT_FOUND`, also for what is archived."""
    return ApiError(404, "OBJECT_NOT_FOUND", message, **more)


def conflict(message: str, **more: Any) -> ApiError:
    """409 with category `CONFLICT`."""
    return ApiError(409, "CONFLICT", message, **more)


def temporary() -> ApiError:
    """500 for one input of a batch that fails for no reason of its own, and may be sent again."""
    return ApiError(500, "INTERNAL_ERROR", "There was a temporary problem with this input; try it again.")
