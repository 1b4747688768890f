"""All mappings of a sync, compiled once to Python that says a whole record in the other app's terms.

    mapping = CompiledMappings(sync.mappings)
    mapping.to_xero(hubspot_record.fields)     # what HubSpot says, as Xero would hold it, in the mappings' order

Which types go into which: text into text, numbers into numbers, times into times, true/false into itself; numbers, times and
true/false also into text, and never back. A reference goes into a reference and lines into lines, just as they are: what they are
called in the other app only planning can say. A day becomes noon UTC of that day, the same calendar day for viewers from −12:00 to
+11:59, and a time becomes its UTC day, so that a day survives the way there and back (facts/hubspot.md 10).

A template (`when-empty`) fills what HubSpot left empty, on the way to Xero only; Xero's value that equals what the template makes of
Xero's own record is nobody's input, and is `None` on the way to HubSpot (design §0.6).

See also: `transforms` (the steps), `mapping_python` (the source text), `field_mappings` (who checks one mapping).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hxrules.catalogue import Field
from hxrules.language import mapping_python
from hxrules.language.mapping_python import ConversionFailed, fits
from hxrules.language.model import FieldMapping
from hxrules.language.transforms import Step
from hxrules.problems import Problem, Span
from hxrules.records import App
from hxrules.values import Value

__all__ = ["CompiledMappings", "ConversionFailed", "check_types"]

Fields = Mapping[str, Value]
Values = tuple[Value, ...]


class CompiledMappings:
    """The mappings of one sync. Compiled when first asked; what is asked is then the compiled function itself.

    All take canonical values by own field name and answer in the mappings' order. A field that was not read is a `KeyError`, except
    for one that is made of associated records (`Field.reached`): that is empty until planning has made it. A value
    that the other app's field can't hold raises `ConversionFailed` where the mapping writes that app, and is `None` where it doesn't.
    """

    to_xero: Callable[[Fields], Values]
    """What HubSpot's record says, in Xero's terms, templates filled in."""
    to_hubspot: Callable[[Fields], Values]
    """What Xero's record says, in HubSpot's terms."""
    hubspot: Callable[[Fields], Values]
    """HubSpot's own values."""
    xero: Callable[[Fields], Values]
    """Xero's own values."""
    is_fallback: Callable[[Fields], tuple[bool, ...]]
    """Which values of `to_xero` a template made, for HubSpot's record."""
    to_xero_all: Callable[[Sequence[Fields]], list[Values]]
    to_hubspot_all: Callable[[Sequence[Fields]], list[Values]]
    python: str
    """The source text that they were compiled to."""

    def __init__(self, mappings: tuple[FieldMapping, ...]) -> None:
        self.mappings = mappings

    def __getattr__(self, name: str) -> Any:
        if name not in CompiledMappings.__annotations__:
            raise AttributeError(name)
        source, names = mapping_python.module(self.mappings)
        exec(compile(source, "<mappings>", "exec"), names)
        for each in CompiledMappings.__annotations__:
            self.__dict__[each] = source if each == "python" else names[each]
        return self.__dict__[name]


def check_types(
    hubspot: Field, xero: Field, steps: tuple[Step, ...], writes: frozenset[App], span: Span
) -> list[Problem]:
    """HX135 at `span` for each app in `writes` whose field can't hold what the other one holds, after the steps."""
    problems: list[Problem] = []
    given = steps[-1].gives if steps else hubspot.kind
    if App.XERO in writes and not fits(given, xero.kind):
        problems.append(_misfit(hubspot, xero, given.value, span))
    taken = not steps or steps[-1].takes(xero.kind)
    if App.HUBSPOT in writes and not (taken and fits(steps[-1].gives if steps else xero.kind, hubspot.kind)):
        problems.append(_misfit(xero, hubspot, xero.kind.value, span))
    return problems


def _misfit(source: Field, target: Field, given: str, span: Span) -> Problem:
    return Problem(
        "HX135",
        f"`{source.name}` ({given}) doesn't go into `{target.name}` ({target.kind.value}).",
        f"{target.app.brand} would be written by this mapping, and nothing turns {given} into {target.kind.value}.",
        f"Map a field of a fitting type, or let the mapping only write {source.app.brand}: `direction: to-{source.app.value}`.",
        span=span,
    )
