"""Which rules of a ruleset have its cases exercised: mappings, filters and fixed limits, each comparison in them, and `limits`.

A mapping counts for each app that it writes, once some change has carried a value over. A filter counts when it has let somebody in, and
when it has kept somebody out; a comparison in it when it has been asked and was true, and when it was false. Comparisons are asked from
left to right and no further than the verdict needs, as in a run. See also: `language.filters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.language.commerce import LINE_TYPES
from hxrules.language.filter_syntax import Comparison, Group, Join, Negation, Node, Quantified, parse
from hxrules.language.filters import Filter, Moment, Needs, Related, compile_filter
from hxrules.language.model import FieldMapping, FixedLimit, Ruleset, Sync
from hxrules.planning.cases.setting import Setting
from hxrules.planning.plan import Change, Plan
from hxrules.problems import Span
from hxrules.records import App, Life, Record, Snapshot
from hxrules.values import Lines


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that cases can exercise."""

    sync: str
    kind: str
    """`mapping`, `line mapping`, `filter`, `comparison`, `limit`."""
    name: str
    """Its id, or its words."""
    way: str
    """What must have happened: `to Xero`, `lets in`, `keeps out`, `true`, `false`, `stops`."""
    span: Span | None


class Coverage:
    """Fills while cases are run."""

    def __init__(self, ruleset: Ruleset, catalogue: Catalogue) -> None:
        self._ruleset = ruleset
        self._hit: dict[Rule, bool] = {}
        self._filters: list[_Asked] = []
        for sync in ruleset.active:
            self._add(_mapping_rules(sync))
            for target in sync.direction.targets:
                for name, limit in sync.limits(target):
                    fixed = next((each for each in sync.fixed_limits.get(target, ()) if each.id == name), None)
                    self._filters.append(_Asked(sync, target, name, limit, fixed, catalogue, self.hit))
                    self._add(self._filters[-1].rules)
        limits = ruleset.limits
        if limits.span is not None:
            self._add([Rule("", "limit", "changes", "stops", limits.span)])
        if limits.creates is not None:
            self._add([Rule("", "limit", "creates", "stops", limits.span)])

    @property
    def rules(self) -> Mapping[Rule, bool]:
        """Every rule, and whether some case has exercised it."""
        return self._hit

    @property
    def missing(self) -> list[Rule]:
        return [rule for rule, hit in self._hit.items() if not hit]

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return sum(self._hit.values()) / len(self._hit) if self._hit else 1.0

    def hit(self, rule: Rule) -> None:
        self._hit[rule] = True

    def _add(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            self._hit.setdefault(rule, False)

    def note(self, plan: Plan, snapshot: Snapshot, setting: Setting) -> None:
        """What one case has exercised."""
        for change in plan.changes:
            sync = self._ruleset.sync(change.sync)
            for rule in _carried(change, sync):
                if rule in self._hit:
                    self.hit(rule)
        for problem in plan.guards:
            name = {"HX301": "changes", "HX302": "creates"}.get(problem.code)
            for rule in self._hit:
                if rule.kind == "limit" and rule.name == name:
                    self.hit(rule)
        zone = ZoneInfo(setting.accounts.organisation.time_zone)
        for asked in self._filters:
            started = asked.sync.started or setting.started
            asked.note(snapshot, Moment(setting.now, zone, started), self._filters)


# --- mappings ----------------------------------------------------------------------------------------------------------------


def _rule_of(sync: Sync, mapping: FieldMapping, app: App) -> Rule:
    kind = "line mapping" if mapping.field(app).type in LINE_TYPES.values() else "mapping"
    return Rule(sync.name, kind, mapping.id, f"to {app.brand}", mapping.span)


def _mapping_rules(sync: Sync) -> Iterator[Rule]:
    lines = sync.invoices.lines if sync.invoices is not None else ()
    for mapping in (*sync.mappings, *lines):
        yield from (_rule_of(sync, mapping, app) for app in App if app in mapping.writes & {*sync.direction.targets})


def _carried(change: Change, sync: Sync) -> Iterator[Rule]:
    lines = sync.invoices.lines if sync.invoices is not None else ()
    for each in change.fields:
        yield _rule_of(sync, sync.mapping(each.mapping), change.app)
        said = {name for line in each.after.items for name, _ in line.values} if isinstance(each.after, Lines) else ()
        yield from (_rule_of(sync, mapping, change.app) for mapping in lines if mapping.field(change.app).name in said)


# --- filters -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """A part of a filter, as a filter of its own."""

    text: str
    at: Span

    def span(self, start: int, end: int) -> Span:
        return self.at


class _Asked:
    """One filter or fixed limit, and all comparisons in it."""

    def __init__(
        self,
        sync: Sync,
        target: App,
        name: str,
        limit: Filter,
        fixed: FixedLimit | None,
        catalogue: Catalogue,
        hit: Callable[[Rule], None],
    ) -> None:
        self.sync = sync
        self.target = target
        self.limit = limit
        self._catalogue = catalogue
        self._hit = hit
        self._info = catalogue.type(target.other, sync.types[target.other])
        self._parts: dict[tuple[int, int], Filter] = {}
        shown = f"to {target.brand}" if fixed is None else f"{name}, to {target.brand}"
        self._lets_in = Rule(sync.name, "filter", shown, "lets in", limit.span)
        self._keeps_out = Rule(sync.name, "filter", shown, "keeps out", limit.span)
        tree = parse(limit.text).tree
        assert tree is not None
        self._tree: Node = tree
        self.rules = [self._lets_in, self._keeps_out, *self._leaves(tree)]

    def _leaves(self, node: Node) -> Iterator[Rule]:
        if isinstance(node, Comparison | Quantified):
            yield from (self._leaf(node, verdict) for verdict in (True, False))
        if isinstance(node, Join):
            for part in node.parts:
                yield from self._leaves(part)
        elif not isinstance(node, Comparison):
            yield from self._leaves(node.part)

    def _leaf(self, node: Node, verdict: bool) -> Rule:
        text = self.limit.text[node.start : node.end]
        where = f"{text} (to {self.target.brand})"
        return Rule(self.sync.name, "comparison", where, "true" if verdict else "false", self.limit.span)

    def note(self, snapshot: Snapshot, moment: Moment, filters: Iterable[_Asked]) -> None:
        """Asks the filter of every record that the case's run has asked it of."""
        sight = snapshot.sight(self.sync.name)
        related = {
            word: sight.of(self.target.other, each.type)
            for name in self._catalogue.names(self.target.other)
            for word, each in self._catalogue.type(self.target.other, name).associations.items()
        }
        before = [each for each in filters if each.sync is self.sync and each.target is self.target]
        before = before[: before.index(self)]
        for record in sight.of(self.target.other, self._info.type).values():
            if record.life is Life.LIVE and all(each.limit.matches(record, related, moment) for each in before):
                verdict = self._ask(self._tree, record, self._info, self.limit.needs, related, moment)
                self._hit(self._lets_in if verdict else self._keeps_out)

    def _ask(self, node: Node, record: Record, info: TypeInfo, needs: Needs, related: Related, moment: Moment) -> bool:
        if isinstance(node, Group):
            return self._ask(node.part, record, info, needs, related, moment)
        if isinstance(node, Negation):
            return not self._ask(node.part, record, info, needs, related, moment)
        if isinstance(node, Join):
            parts = (self._ask(part, record, info, needs, related, moment) for part in node.parts)
            return all(parts) if node.word == "and" else any(parts)
        if isinstance(node, Quantified):
            word = node.association.text.lower().replace("_", "-")
            other = self._catalogue.type(info.app, info.associations[word].type)
            for each in record.associations[word]:
                self._ask(node.part, related[word][each], other, needs.associations[word], related, moment)
        verdict = self._part(node, info, needs).matches(record, related, moment)
        self._hit(self._leaf(node, verdict))
        return verdict

    def _part(self, node: Node, info: TypeInfo, needs: Needs) -> Filter:
        key = (node.start, node.end)
        if key not in self._parts:
            words = _Words(self.limit.text[node.start : node.end], self.limit.span)
            found, _ = compile_filter(words, info, self._catalogue, _known(needs).get)
            assert found is not None
            self._parts[key] = found
        return self._parts[key]


def _known(needs: Needs) -> dict[str, Field]:
    """The custom properties that a filter asks for."""
    found = {field.name: field for field in needs.fields}
    for deeper in needs.associations.values():
        found |= _known(deeper)
    return found
