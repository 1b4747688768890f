"""What both codecs share: a reader for each catalogue field, and how a broken value is kept.

A reader turns what an app delivered into a canonical value, or raises `NotOfType`; then the record is kept and the raw
text goes to `Record.broken`, so that whoever plans can hold the record and say why. Readers are made once a request,
not once a record.

See also: `values.canonical` (the canonical form), `hubspot_codec`, `xero_codec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from hxrules.catalogue import Field
from hxrules.values import Value, ValueType, canonical

Reader = Callable[[Any], Value]


def reader(field: Field, moment: Callable[[Any], Any]) -> Reader:
    """The reader of a field; `moment` turns an app's own spellings of dates and times into something `canonical` knows."""
    if field.kind is ValueType.CHOICE and field.wire_choices:
        known = {wire.lower(): choice for choice, wire in field.wire_choices.items()}
        return lambda raw: _choice(known, raw)
    if field.kind.temporal:
        return lambda raw: canonical(field.kind, moment(raw))
    return partial(canonical, field.kind)


def _choice(known: Mapping[str, str], raw: Any) -> Value:
    value = canonical(ValueType.CHOICE, raw)
    # A choice that the catalogue does not know keeps its lower-case spelling.
    return known.get(value, value) if isinstance(value, str) else value


def raw_text(raw: Any) -> str:
    """A broken value as text."""
    return raw if isinstance(raw, str) else msgspec.json.encode(raw).decode()
