"""The steps of a mapping's `transform:`: named, typed, and reversible, so that a value that has gone to Xero and back is settled.

Forward is the way from HubSpot to Xero. A step either pairs spellings (`map`, `prefix`, `country-code`), or brings both apps to one
spelling (`trim`, `upper`, `lower`, `digits`, `e164`, `round`), or says one app's words in the other's, which has more of them or fewer
(`translate`), or goes to Xero only (`truncate`) and is refused where HubSpot would be written. Going there, back and there again
changes nothing any more.

See also: `mappings` (which runs them), `countries` (names and codes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from hxrules.catalogue import Field
from hxrules.language import countries
from hxrules.problems import Problem, Span, near
from hxrules.records import App
from hxrules.values import Json, NotOfType, Value, ValueType, canonical, number_text

Change = Callable[[Value], Value]

_WAYS = frozenset({"to-xero", "to-hubspot"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `forward` and `backward` take and give canonical values, never `None`; both raise `NotOfType`."""

    name: str
    spec: Json
    """Its argument, as the ruleset writes it; `None` where it takes none."""
    numeric: bool
    """Whether it takes and gives numbers; else text."""
    forward: Change = field(compare=False, repr=False)
    """HubSpot's value → Xero's."""
    backward: Change | None = field(compare=False, repr=False)
    """Xero's value → HubSpot's; `None` for a step that goes to Xero only."""

    @property
    def gives(self) -> ValueType:
        return ValueType.NUMBER if self.numeric else ValueType.TEXT

    def takes(self, kind: ValueType) -> bool:
        return kind.numeric if self.numeric else kind.textual and not kind.composite


class BadStep(ValueError):
    """A step's argument is none that it can take; the message says which it takes, `suggestion` is one."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def build_steps(
    spec: Sequence[tuple[Json, Span]], hubspot: Field, xero: Field, writes: frozenset[App]
) -> tuple[tuple[Step, ...], list[Problem]]:
    """The steps of a `transform:`, each one plain value (`"trim"`, `{"round": 2}`) with its place.

    HX136 at the entry's place: an unknown step, an argument or a type that it can't take, or a step to Xero only where `writes`
    holds HubSpot. All in one go; the steps that are right are returned. Whether the last step fits the Xero field is
    `mappings.check_types`' question.
    """
    steps: list[Step] = []
    problems: list[Problem] = []
    for entry, place in spec:
        name, argument = next(iter(entry.items())) if isinstance(entry, dict) else (str(entry), None)
        build = _STEPS.get(name)
        if build is None:
            problems.append(_unknown(name, place))
            continue
        try:
            step = build(name, argument)
        except BadStep as error:
            problems.append(_bad_argument(name, str(error), error.suggestion, place))
            continue
        given = steps[-1].gives if steps else hubspot.kind
        if not step.takes(given):
            problems.append(_wrong_type(step, given, place))
        elif step.backward is None and App.HUBSPOT in writes:
            problems.append(_one_way(name, place))
        else:
            steps.append(step)
    return tuple(steps), problems


def _unknown(name: str, place: Span) -> Problem:
    candidates = near(name, _STEPS) or [step for step in _STEPS if len(step) > 3 and step in name.lower()]
    return Problem(
        "HX136",
        f"There is no step `{name}`.",
        f"The steps are {', '.join(sorted(_STEPS))}.",
        f"Write `{candidates[0]}`." if candidates else "Write one of these.",
        span=place,
        suggestion=candidates[0] if candidates else None,
    )


def _bad_argument(name: str, message: str, suggestion: str | None, place: Span) -> Problem:
    remedy = f"Write `{suggestion}`." if suggestion else "`hxrules explain HX136` shows how each step is written."
    return Problem("HX136", f"`{name}` {message}.", remedy=remedy, span=place, suggestion=suggestion)


def _wrong_type(step: Step, given: ValueType, place: Span) -> Problem:
    takes = "numbers" if step.numeric else "text"
    return Problem(
        "HX136",
        f"`{step.name}` takes {takes}, but here it would be given {given.value}.",
        "A step passes values on as they are; nothing is converted on the way.",
        "Remove the step, or map a field of a fitting type.",
        span=place,
    )


def _one_way(name: str, place: Span) -> Problem:
    return Problem(
        "HX136",
        f"`{name}` can't be undone, and this mapping would also write HubSpot.",
        "What it takes away could not be written back.",
        "Add `direction: to-xero` to the mapping, or remove the step.",
        span=place,
        suggestion="direction: to-xero",
    )


# --- the steps -------------------------------------------------------------------------------------------------------------


def _same_in_both(change: Callable[[str], str]) -> Callable[[str, Json], Step]:
    """A step without argument that brings both apps to one spelling."""

    def build(name: str, argument: Json) -> Step:
        if argument is not None:
            raise BadStep("takes no value", name)
        both = _of_text(change)
        return Step(name, None, False, both, both)

    return build


def _of_text(change: Callable[[str], str]) -> Change:
    def changed(value: Value) -> Value:
        if not isinstance(value, str):
            raise NotOfType(f"{value!r} is no text")
        text = canonical(ValueType.TEXT, change(value))
        if text is None:
            raise NotOfType(f"nothing is left of {value!r}")
        return text

    return changed


def _trim(text: str) -> str:
    """Xero refuses names with doubled blanks (facts/xero.md 6.2)."""
    return " ".join(text.split())


def _digits(text: str) -> str:
    digits = "".join(re.findall(r"[0-9]", text))
    if not digits:
        raise NotOfType(f"{text!r} has no digits")
    return digits


def _country_code(name: str, argument: Json) -> Step:
    if argument is not None:
        raise BadStep("takes no value", name)
    return Step(name, None, False, _of_text(countries.code), _of_text(countries.name))


def _e164(name: str, argument: Json) -> Step:
    if argument is not None and not (isinstance(argument, str) and argument.upper() in countries.codes()):
        raise BadStep("takes the two letters of the country of numbers without a country code", f"{name}: AU")
    region = argument.upper() if isinstance(argument, str) else None
    both = _of_text(lambda text: _international(text, region))
    return Step(name, argument, False, both, both)


@lru_cache(maxsize=4096)
def _international(text: str, region: str | None) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise NotOfType(f"{text!r} is no phone number{'' if region else ' with a country code'}") from error
    if number.extension:
        raise NotOfType(f"{text!r} has an extension, which E.164 can't hold")
    if not phonenumbers.is_possible_number(number):
        raise NotOfType(f"{text!r} is no possible phone number")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _map(name: str, argument: Json) -> Step:
    if not isinstance(argument, dict) or not argument:
        raise BadStep("takes pairs", f"{name}: {{HubSpot's: Xero's}}")
    there = _table(argument)
    back: dict[str, str] = {}
    for hubspot, right in zip(argument, there.values(), strict=True):
        if right.casefold() in back:
            raise BadStep(f"gives `{right}` twice, so the way back isn't clear; `translate` says each way by itself")
        back[right.casefold()] = hubspot
    return Step(name, argument, False, _of_text(_lookup(there)), _of_text(_lookup(back)))


def _translate(name: str, argument: Json) -> Step:
    ways = argument if isinstance(argument, dict) else {}
    to_xero, to_hubspot = ways.get("to-xero"), ways.get("to-hubspot")
    if ways.keys() - _WAYS or not (
        isinstance(to_xero, dict) and isinstance(to_hubspot, dict) and to_xero and to_hubspot
    ):
        raise BadStep(
            "takes two tables", f"{name}: {{to-xero: {{HubSpot's: Xero's}}, to-hubspot: {{Xero's: HubSpot's}}}}"
        )
    there, back = _table(to_xero), _table(to_hubspot)
    _settles(there, back)
    return Step(name, argument, False, _of_text(_lookup(there)), _of_text(_lookup(back)))


def _settles(there: dict[str, str], back: dict[str, str]) -> None:
    """What has gone to Xero and come back goes there as the same again. Then the other way settles as well, one round later: an
    invoice that is `paid` in Xero is `paid` in HubSpot, which can only ever ask Xero for `authorised`."""
    for way, results, other, known in (("to-xero", there, "to-hubspot", back), ("to-hubspot", back, "to-xero", there)):
        for result in results.values():
            if result.casefold() not in known:
                raise BadStep(f"gives `{result}` under `{way}` and doesn't know it under `{other}`")
    for hubspot, xero in there.items():
        home = back[xero.casefold()]
        again = there[home.casefold()]
        if again != xero:
            raise BadStep(
                f"never settles: `{hubspot}` goes to Xero as `{xero}`, comes back as `{home}` and goes as `{again}`"
            )


def _table(pairs: dict[str, Json]) -> dict[str, str]:
    """What each text becomes, by the text without its case."""
    table: dict[str, str] = {}
    for given, result in pairs.items():
        if isinstance(result, dict | list) or result is None:
            raise BadStep(f"takes plain values, and `{given}` has none")
        right = _spelled(result)
        if not right or not given.strip():
            raise BadStep("takes pairs of texts, none of them empty")
        if given.casefold() in table:
            raise BadStep(f"has `{given}` twice; case makes no difference")
        table[given.casefold()] = right
    return table


def _lookup(table: dict[str, str]) -> Callable[[str], str]:
    def found(text: str) -> str:
        try:
            return table[text.casefold()]
        except KeyError:
            raise NotOfType(f"{text!r} is not in the map") from None

    return found


def _spelled(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _round(name: str, argument: Json) -> Step:
    if not isinstance(argument, int) or isinstance(argument, bool) or not 0 <= argument <= 6:
        raise BadStep("takes a number of decimals, 0 to 6", f"{name}: 2")
    unit = Decimal(1).scaleb(-argument)

    def rounded(value: Value) -> Value:
        if not isinstance(value, Decimal):
            raise NotOfType(f"{value!r} is no number")
        try:
            return value.quantize(unit, ROUND_HALF_UP)
        except InvalidOperation as error:
            raise NotOfType(f"{number_text(value)} has too many digits to round") from error

    return Step(name, argument, True, rounded, rounded)


def _prefix(name: str, argument: Json) -> Step:
    if not isinstance(argument, str) or not argument.strip() or argument != argument.lstrip():
        raise BadStep("takes a text that begins with no blank", f'{name}: "PO-"')
    prefix = argument

    def without(text: str) -> str:
        if text.casefold().startswith(prefix.casefold()) and text[: len(prefix)].casefold() == prefix.casefold():
            return text[len(prefix) :].strip()
        raise NotOfType(f"{text!r} doesn't begin with {prefix!r}")

    return Step(name, argument, False, _of_text(lambda text: prefix + text), _of_text(without))


def _truncate(name: str, argument: Json) -> Step:
    if not isinstance(argument, int) or isinstance(argument, bool) or argument < 1:
        raise BadStep("takes a number of characters", f"{name}: 50")
    return Step(name, argument, False, _of_text(lambda text: text[:argument].rstrip()), None)


_STEPS: dict[str, Callable[[str, Json], Step]] = {
    "trim": _same_in_both(_trim),
    "upper": _same_in_both(str.upper),
    "lower": _same_in_both(str.lower),
    "digits": _same_in_both(_digits),
    "country-code": _country_code,
    "e164": _e164,
    "map": _map,
    "translate": _translate,
    "round": _round,
    "prefix": _prefix,
    "truncate": _truncate,
}
