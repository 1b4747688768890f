"""Plain values as the YAML of a test file: what fits on a line stands on one, the rest below its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hxrules.planning.cases.rewriting import scalar

WIDTH: Final = 116
_NUMERIC: Final = frozenset("0123456789.-")


def case_text(value: Any, indent: int = 0) -> str:
    """A scalar or a list on one line; a mapping as lines, each with its line end."""
    if not isinstance(value, Mapping):
        return _flow(value)
    return "".join(f"{' ' * indent}{line}\n" for line in _block(value))


def _block(value: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, each in value.items():
        flat = f"{name}: {_flow(each)}"
        if isinstance(each, Mapping) and (name in ("hubspot", "xero", "linked") and not _is_record(each)):
            lines += [f"{name}:", *(f"  {line}" for line in _block(each))]
        elif len(flat) <= WIDTH - 8 or not isinstance(each, Mapping | Sequence) or isinstance(each, str):
            lines.append(flat)
        elif isinstance(each, Mapping):
            lines += [f"{name}:", *(f"  {line}" for line in _block(each))]
        else:
            lines.append(f"{name}:")
            lines += [line for item in each for line in _item(item)]
    return lines


def _is_record(value: Mapping[str, Any]) -> bool:
    return "id" in value


def _item(item: Any) -> list[str]:
    flat = _flow(item)
    if len(flat) <= WIDTH - 8 or not isinstance(item, Mapping):
        return [f"  - {flat}"]
    first, *rest = _block(item)
    return [f"  - {first}", *(f"    {line}" for line in rest)]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = scalar(value)
    if isinstance(value, str) and not text.startswith('"') and (set(text) <= _NUMERIC or set(text) & set("{}[],")):
        return f'"{text}"'
    return text
