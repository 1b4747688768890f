"""The `syncs` of a ruleset, each with what its base brings: record types, default mappings, limits that nobody can remove.

See also: `field_mappings` (one mapping), `filters` (one filter), `commerce` (what only invoices and payments say), `compile` (the
ruleset around them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.commerce import LINE_TYPES, invoice_rules, missing_account, payment_rules
from hxrules.language.field_mappings import Pairing, build_mapping, digest, doubly_written, wrong_templates
from hxrules.language.filter_layout import one_line, tree_of
from hxrules.language.filters import Filter, compile_filter
from hxrules.language.mappings import CompiledMappings
from hxrules.language.model import (
    Direction,
    FieldMapping,
    FixedLimit,
    History,
    Subscription,
    Sync,
)
from hxrules.language.nodes import MappingNode, ScalarNode, mapping_at, scalar_at, short, text_at, texts_at
from hxrules.problems import Problem, Severity, has_errors, near
from hxrules.records import App
from hxrules.values import ValueType, instant_text

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])\Z")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[0-9:Z+-]+\s*\Z")
_DEFAULT_TOLERANCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SyncReader:
    """Reads the syncs of `rules`, the base among them. Problems are added to the list."""

    rules: MappingNode
    catalogue: Catalogue
    subscription: Subscription
    problems: list[Problem]

    def read(self, *, check_all: bool) -> tuple[Sync, ...]:
        """The listed syncs, in the base's order. With `check_all` (a base by itself) every object is checked, and none comes out."""
        listed = mapping_at(self.rules, "syncs")
        objects = mapping_at(self.rules, "objects")
        syncs: list[Sync] = []
        for name in objects.entries if objects else ():
            node = mapping_at(listed, name)
            if check_all:
                self._sync(name, self.rules, Direction.TWO_WAY)
            elif node is not None and listed is not None:
                said = text_at(node, "direction")
                direction = Direction(said) if said in _DIRECTIONS else None
                sync = self._sync(name, node, direction, listed.key(name))
                if sync is not None:
                    syncs.append(sync)
        return tuple(syncs)

    def _sync(
        self, name: str, node: MappingNode, direction: Direction | None, key: ScalarNode | None = None
    ) -> Sync | None:
        types = self._types(name)
        if types is None:
            return None
        defaults = self._defaults(name)
        off = self._switched_off(mapping_at(node, "mappings"), defaults)
        match = self._match(name, defaults, off)
        pairing = self._pairing(types, direction, defaults, off)
        lines = self._lines(node, direction) if name == "invoices" else ()
        mappings = tuple(_with(lines, each) for each in self._mappings(node, pairing, defaults, off, match))
        filters = self._filters(node, direction, types, mappings)
        fixed_limits = self._fixed_limits(name, types)
        started = self._started(node)
        enabled = scalar_at(node, "enabled")
        runs = enabled is None or enabled.plain is True
        missing = missing_account(name, key, node, direction) if key and direction and runs else None
        if missing is not None:
            self.problems.append(missing)
        # From here on everything is as it should be, or there is no ruleset.
        if key is None or direction is None or has_errors(self.problems):
            return None
        conflict = mapping_at(node, "conflict")
        sync = Sync(
            name=name,
            span=key.place,
            enabled=runs,
            direction=direction,
            types={app: info.type for app, info in types.items()},
            match=match,
            winner=App(text_at(conflict, "winner") or App.XERO),
            tolerance=_duration(text_at(conflict, "tolerance")),
            mappings=mappings,
            compiled=CompiledMappings(mappings),
            filters=filters,
            fixed_limits=fixed_limits,
            digest="",
            started=started,
            invoices=invoice_rules(node, lines) if name == "invoices" else None,
            payments=payment_rules(node) if name == "payments" else None,
            places=node.places(apart=("custom-mappings",)),
        )
        return replace(sync, digest=digest(_meaning(sync)))

    def _types(self, name: str) -> dict[App, TypeInfo] | None:
        """The two record types; a base that names one which an app doesn't have is wrong (HX113)."""
        pair = mapping_at(mapping_at(self.rules, "objects"), name)
        types: dict[App, TypeInfo] = {}
        for app in App:
            node = scalar_at(pair, app.value)
            known = self.catalogue.names(app)
            if node is not None and node.text in known:
                types[app] = self.catalogue.type(app, node.text)
            elif node is not None:
                self.problems.append(_not_one_of(node, f"{app.brand} has no record type `{short(node.text)}`", known))
        return types if len(types) == 2 else None

    # --- mappings ------------------------------------------------------------------------------------------------------------

    def _defaults(self, name: str) -> MappingNode | None:
        return mapping_at(mapping_at(self.rules, "default-mappings"), name)

    def _pairing(
        self,
        types: Mapping[App, TypeInfo],
        direction: Direction | None,
        defaults: MappingNode | None,
        off: Mapping[str, ScalarNode],
    ) -> Pairing:
        ids = frozenset(defaults.entries.keys() - off.keys()) if defaults else frozenset()
        return Pairing(types, direction, ids, self.problems)

    def _switched_off(self, said: MappingNode | None, defaults: MappingNode | None) -> dict[str, ScalarNode]:
        """The default mappings that are off, each with the key that says so. What isn't `off` has been reported with the shape."""
        known = defaults.entries if defaults else {}
        lines = mapping_at(self.rules, "line-mappings")
        off: dict[str, ScalarNode] = {}
        for mapping_id, (key, value) in said.entries.items() if said else ():
            if not isinstance(value, ScalarNode) or value.text != "off":
                continue
            if mapping_id in known:
                off[mapping_id] = key
            elif mapping_id in (lines.entries if lines and defaults is not lines else ()):
                self.problems.append(_of_a_line(key))
            else:
                summary = f"there is no default mapping `{short(mapping_id)}` to switch off"
                self.problems.append(_not_one_of(key, summary, known, code="HX110"))
        return off

    def _match(self, name: str, defaults: MappingNode | None, off: Mapping[str, ScalarNode]) -> tuple[str, ...]:
        """The mappings by which records are matched, less those that are off (HX139)."""
        said = texts_at(mapping_at(mapping_at(self.rules, "objects"), name), "match")
        for each in said:
            if defaults is None or each.text not in defaults.entries:
                known = defaults.entries if defaults else {}
                self.problems.append(_not_one_of(each, f"there is no default mapping `{short(each.text)}`", known))
        match = tuple(each.text for each in said if each.text not in off)
        for each in said:
            if each.text in off:
                self.problems.append(_key_off(off[each.text], name, match))
        return match

    def _mappings(
        self,
        node: MappingNode,
        pairing: Pairing,
        defaults: MappingNode | None,
        off: Mapping[str, ScalarNode],
        match: tuple[str, ...],
    ) -> tuple[FieldMapping, ...]:
        default_ids = defaults.entries.keys() if defaults else frozenset()
        found = self._of_the_base(pairing, defaults, off, match)
        custom = mapping_at(node, "custom-mappings")
        for mapping_id, (key, entry) in custom.entries.items() if custom else ():
            if self.subscription is Subscription.FREE:
                self.problems.append(_needs_subscription(key))
            if mapping_id in default_ids:
                self.problems.append(_default_again(key))
            elif isinstance(entry, MappingNode):
                mapping = build_mapping(mapping_id, key, entry, pairing, custom=True)
                if mapping is not None:
                    found.append(mapping)
        self.problems.extend(doubly_written(found))
        return tuple(found)

    def _of_the_base(
        self, pairing: Pairing, defaults: MappingNode | None, off: Mapping[str, ScalarNode], match: tuple[str, ...]
    ) -> list[FieldMapping]:
        found: list[FieldMapping] = []
        for mapping_id, (key, entry) in defaults.entries.items() if defaults else ():
            if mapping_id not in off and isinstance(entry, MappingNode):
                mapping = build_mapping(mapping_id, key, entry, pairing, custom=False)
                # A pair of fields that this direction writes nowhere has no part in the sync, unless records are matched by it.
                if mapping is not None and (mapping.writes or mapping_id in match):
                    found.append(mapping)
        if defaults is not None:
            self.problems.extend(wrong_templates(defaults))
        return found

    def _lines(self, node: MappingNode, direction: Direction | None) -> tuple[FieldMapping, ...]:
        """The mappings of one line of an invoice, less those that the sync switches off."""
        defaults = mapping_at(self.rules, "line-mappings")
        off = self._switched_off(mapping_at(node, "line-mappings"), defaults)
        types = {app: self.catalogue.type(app, name) for app, name in LINE_TYPES.items()}
        lines = self._of_the_base(self._pairing(types, direction, defaults, off), defaults, off, ())
        self.problems.extend(doubly_written(lines))
        return tuple(lines)

    # --- filters -------------------------------------------------------------------------------------------------------------

    def _filters(
        self,
        node: MappingNode,
        direction: Direction | None,
        types: Mapping[App, TypeInfo],
        mappings: tuple[FieldMapping, ...],
    ) -> dict[App, Filter]:
        said = mapping_at(node, "filters")
        filters: dict[App, Filter] = {}
        own = {mapping.hubspot.name: mapping.hubspot for mapping in mappings if mapping.hubspot.custom}
        for target in App:
            word = f"to-{target.value}"
            if said is None or text_at(said, word) is None:
                continue
            extra = own.get if target is App.XERO else _nothing
            compiled = self._filter(scalar_at(said, word), types[target.other], extra)
            if direction is not None and target not in direction.targets:
                self.problems.append(_idle_filter(said.key(word), direction))
            elif compiled is not None:
                filters[target] = compiled
        return filters

    def _filter(self, node: ScalarNode | None, info: TypeInfo, extra: Callable[[str], Field | None]) -> Filter | None:
        if node is None or not isinstance(node.plain, str):
            return None
        compiled, found = compile_filter(node, info, self.catalogue, extra)
        self.problems.extend(found)
        return compiled

    def _fixed_limits(self, name: str, types: Mapping[App, TypeInfo]) -> dict[App, tuple[FixedLimit, ...]]:
        said = mapping_at(mapping_at(self.rules, "fixed-limits"), name)
        limits: dict[App, tuple[FixedLimit, ...]] = {}
        for target in App:
            entries = mapping_at(said, f"to-{target.value}")
            found: list[FixedLimit] = []
            for limit_id in entries.entries if entries else ():
                entry = mapping_at(entries, limit_id)
                compiled = self._filter(scalar_at(entry, "filter"), types[target.other], _nothing)
                said_history = text_at(entry, "history")
                history = History(said_history) if said_history in _HISTORIES else None
                if compiled is not None:
                    reason, error = text_at(entry, "reason") or "", text_at(entry, "error")
                    found.append(FixedLimit(limit_id, compiled, reason, error, history))
            if found:
                limits[target] = tuple(found)
        return limits

    def _started(self, node: MappingNode) -> datetime | None:
        said = scalar_at(node, "started")
        if said is None or not _MOMENT.match(said.text):
            return None
        try:
            when = datetime.fromisoformat(said.text.strip())
            return when.astimezone(UTC) if when.tzinfo else None
        except (ValueError, OverflowError):
            self.problems.append(
                Problem(
                    "HX113",
                    f"`{said.text.strip()}` is no moment",
                    "There is no such day or time of day.",
                    "Write one that exists, like 2026-11-22T09:00:00Z.",
                    span=said.place,
                )
            )
            return None


_DIRECTIONS = frozenset(direction.value for direction in Direction)
_HISTORIES = frozenset(history.value for history in History)


def _nothing(name: str) -> None:
    """Custom properties where none are known."""


def _duration(text: str | None) -> timedelta:
    match = _DURATION.match(text or "")
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else _DEFAULT_TOLERANCE


def _meaning(sync: Sync) -> list[Any]:
    """All that decides what the sync does to a record; whether it is switched on isn't part of it (R22)."""
    invoices, payments = sync.invoices, sync.payments
    return [
        sync.name,
        sync.direction.value,
        sync.types,
        sync.match,
        sync.winner.value,
        sync.tolerance.total_seconds(),
        [_part(mapping) for mapping in sync.mappings],
        {app.value: _condition(each) for app, each in sync.filters.items()},
        {
            app.value: [
                [each.id, _condition(each.filter), *filter(None, (each.error, each.history))] for each in limits
            ]
            for app, limits in sync.fixed_limits.items()
        },
        instant_text(sync.started) if sync.started else None,
        invoices
        and [
            [_part(mapping) for mapping in invoices.lines],
            invoices.sales_account,
            invoices.totals.value,
            invoices.voids,
            # In their order: the first of several tax types for one rate is the one that is written.
            list(invoices.tax.items()),
        ],
        payments and [payments.bank_account, payments.history.value],
    ]


def _with(lines: tuple[FieldMapping, ...], mapping: FieldMapping) -> FieldMapping:
    """The mapping of an invoice's lines means what the mappings of one line mean."""
    if mapping.hubspot.kind is not ValueType.LINES:
        return mapping
    return replace(mapping, digest=digest([mapping.digest, [[line.id, line.digest] for line in lines]]))


def _part(mapping: FieldMapping) -> list[Any]:
    return [mapping.id, mapping.digest, sorted(mapping.writes), *(["owned"] if mapping.owned else [])]


def _condition(condition: Filter) -> str:
    """A filter's text without its layout; blanks inside quotes count."""
    tree = tree_of(condition.text)
    return one_line(tree, condition.text) if tree else condition.text


# --- problems ----------------------------------------------------------------------------------------------------------------


def _not_one_of(node: ScalarNode, summary: str, known: Any, code: str = "HX113") -> Problem:
    suggestion = next(iter(near(node.text, known)), None)
    return Problem(
        code,
        summary,
        f"Known here: {', '.join(f'`{name}`' for name in known)}.",
        f"Write `{suggestion}`." if suggestion else "Write one of these, or remove it.",
        span=node.place,
        suggestion=suggestion,
    )


def _of_a_line(key: ScalarNode) -> Problem:
    return Problem(
        "HX110",
        f"`{key.text}` is a mapping of an invoice's lines",
        "Those have a key of their own, in the sync of invoices.",
        f"Write `line-mappings: {{{key.text}: off}}` there.",
        span=key.place,
    )


def _key_off(key: ScalarNode, name: str, left: tuple[str, ...]) -> Problem:
    rest = f"They are still matched by {', '.join(f'`{each}`' for each in left)}." if left else ""
    return Problem(
        "HX139",
        f"`{key.text}` is off, and {name} are matched by it",
        rest or "Without it nobody can tell which records of the two apps are the same: all would be created twice.",
        "Leave it on." if not left else "Leave it on, unless the rest is enough.",
        Severity.WARNING if left else Severity.ERROR,
        span=key.place,
    )


def _needs_subscription(key: ScalarNode) -> Problem:
    return Problem(
        "HX132",
        f"the custom mapping `{short(key.text)}` needs HubSpot's Data Hub Starter or higher",
        "This ruleset declares no such subscription (R6).",
        "If the account has one, write `subscription: data-hub-starter` under `accounts: hubspot:`; otherwise remove the mapping.",
        span=key.place,
    )


def _default_again(key: ScalarNode) -> Problem:
    return Problem(
        "HX131",
        f"`{key.text}` is a default mapping; it can only be switched off",
        "Default mappings can't be edited or deleted (R11).",
        f"Write `{key.text}: off` under `mappings`, and give your own mapping another id.",
        span=key.place,
    )


def _idle_filter(key: ScalarNode, direction: Direction) -> Problem:
    return Problem(
        "HX153",
        f"the filter `{key.text}` is never asked",
        f"The sync goes `{direction.value}` only.",
        "Remove it, or change the direction.",
        Severity.WARNING,
        span=key.place,
    )
