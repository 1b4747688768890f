"""The lines of an invoice for people: `2 × Widget A @ 10.50 (SKU A-1, 10 % off, tax OUTPUT2)`, and what happens to each.

Both apps' fields are called by the friendly names of the catalogue. What an app works out by itself (a net amount, a position) is left
out: nobody writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hxrules.catalogue import TypeInfo, Writable, load_catalogue
from hxrules.records import App
from hxrules.reports.money import money_text, number_of
from hxrules.values import Line, Lines, Value, encode

if TYPE_CHECKING:
    from hxrules.reports.style import Style

NEW_LINES = 5
"""Of a new invoice, so many lines are shown."""

_NAME = 40
"""Cells that a description or a code may take."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line that is added (nothing before), removed (nothing after) or changed."""

    before: Line | None
    after: Line | None

    @property
    def word(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def counted(lines: Lines) -> str:
    """`3 lines, 1 tax`."""
    numbers = Counter(_title(line) for line in lines.items)
    return ", ".join(f"{number:,} {_plural(title) if number > 1 else title}" for title, number in numbers.items()) or (
        "no lines"
    )


def line_changes(before: Value, after: Value) -> list[LineChange]:
    """What happens to the lines, in the order that they will have, removed ones last; untouched ones are left out.

    A line is one of before that says the same (which one it is, says nothing), else the one that has its id, else one of its name.
    """
    old = dict(enumerate(before.items if isinstance(before, Lines) else ()))
    new = after.items if isinstance(after, Lines) else ()
    partners: dict[int, Line] = {}
    for key in (_content, _identity, _named):
        _pair_off(key, old, new, partners)
    changes = [LineChange(partners.get(place), line) for place, line in enumerate(new)]
    changed = [each for each in changes if each.before is None or _content(each.before) != _content(each.after)]
    return changed + [LineChange(line, None) for line in old.values()]


def _pair_off(
    key: Callable[[Line], Hashable], old: dict[int, Line], new: tuple[Line, ...], partners: dict[int, Line]
) -> None:
    """Takes out of `old` what lines in `new` are the same as by `key` (`None` is like nothing)."""
    waiting: dict[Hashable, list[int]] = {}
    for place, line in old.items():
        if key(line) is not None:
            waiting.setdefault(key(line), []).append(place)
    for place, line in enumerate(new):
        if place not in partners and waiting.get(key(line)):
            partners[place] = old.pop(waiting[key(line)].pop(0))


def _identity(line: Line) -> Hashable:
    return (line.type, line.id) if line.id else None


def _content(line: Line | None) -> Hashable:
    return None if line is None else (line.type, tuple(sorted(_shown(line).items())))


def _named(line: Line) -> Hashable:
    shown = _shown(line)
    name = shown.get("sku") or shown.get("description") or shown.get("label")
    return None if name is None else (line.type, name)


def line_text(line: Line, style: Style) -> str:
    """One line, tax or discount of an invoice on one line."""
    rest = _shown(line)

    def text(value: str | bool) -> str:
        return style.shorten(style.value(value), _NAME)

    def money(name: str) -> str:
        value = rest.pop(name)
        number = number_of(value)
        return text(value) if number is None else money_text(number)

    title = _title(line)
    if title == "line":
        quantity = f"{text(rest.pop('quantity'))} {style.say('×')} " if "quantity" in rest else ""
        name = rest.pop("description", "") or rest.get("sku", "")
        price = f" @ {money('unit-price')}" if "unit-price" in rest else ""
        head = f"{quantity}{text(name) if name else '(no text)'}{price}"
    else:
        name = rest.pop("label", "")
        percent = rest.pop("type", "") == "percent"
        value = (f" {rest.pop('value')} %" if percent else f" {money('value')}") if "value" in rest else ""
        head = f"{title}{f' {text(name)}' if name else ''}{value}"
    details = [
        *([f"SKU {text(rest.pop('sku'))}"] if "sku" in rest else []),
        *([f"{rest.pop('discount')} % off"] if "discount" in rest else []),
        *([f"{money('unit-discount')} off each"] if "unit-discount" in rest else []),
        *([f"{money('discount-amount')} off"] if "discount-amount" in rest else []),
        *([f"tax {text(rest.pop('tax'))}"] if "tax" in rest else []),
        *([f"{money('tax-amount')} tax"] if "tax-amount" in rest else []),
        *([f"account {text(rest.pop('account'))}"] if "account" in rest else []),
        *(f"{name} {text(value)}" for name, value in rest.items()),
    ]
    return f"{head} ({', '.join(details)})" if details else head


def _shown(line: Line) -> dict[str, str | bool]:
    """By friendly name, numbers and days as text: a plan that was saved has no other form."""
    info = _info(line)
    shown: dict[str, str | bool] = {}
    for own, value in line.values:
        field = info.fields.get(own) if info else None
        plain = encode(value)
        if isinstance(plain, str | bool) and (field is None or field.writable is not Writable.NEVER):
            shown[field.friendly if field else own] = plain
    return shown


def _title(line: Line) -> str:
    info = _info(line)
    return info.title if info else line.type


def _plural(title: str) -> str:
    return f"{title}es" if title.endswith("x") else f"{title}s"


def _info(line: Line) -> TypeInfo | None:
    types = load_catalogue().types
    return next((types[app, line.type] for app in App if (app, line.type) in types), None)
