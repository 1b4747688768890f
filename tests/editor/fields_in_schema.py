"""What the schema offers where a mapping names a field: the catalogue's fields, each with what it is."""

from __future__ import annotations

import json
import re

from hxrules.catalogue import Field, TypeInfo, Writable

_NOTES = {Writable.NEVER: ", read-only", Writable.CREATE: ", written once", Writable.ALWAYS: ""}


def snippets(info: TypeInfo) -> list[dict[str, str]]:
    """The fields that a custom mapping may name, as editors complete them."""
    return [
        {"label": each.name, "description": _said(each), "body": each.name}
        for each in info.fields.values()
        if not each.kind.composite
    ]


def _said(field: Field) -> str:
    size = f" of at most {field.length} characters" if field.length else ""
    return f"{field.title[:1].upper()}{field.title[1:]}: {field.kind.value}{size}{_NOTES[field.writable]}."


def rewritten(schema: str, name: str, info: TypeInfo) -> str:
    """The schema's text with the fields that the definition `name` offers."""
    lines = ",\n".join(f"        {json.dumps(each, ensure_ascii=False)}" for each in snippets(info))
    block = re.compile(rf'("{name}": {{[^{{}}]*?"defaultSnippets": \[)[^\]]*\]')
    return block.sub(lambda match: f"{match[1]}\n{lines}\n      ]", schema, count=1)
