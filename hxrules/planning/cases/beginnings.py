"""The first cases of a ruleset, written for whoever begins with it: what travels, what a filter keeps out, who wins, where it stops.

    text = first_cases(ruleset, catalogue)     # all pass, and exercise what the ruleset itself says

Drafts are tried with the real planner: of those that a filter's comparisons suggest (`witnesses`) only the ones stay that exercise
something new, and what is expected of each is what then happens (`rewriting`). See also: `specimens` (the records), `coverage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hxrules.catalogue import Catalogue
from hxrules.language.filters import Moment
from hxrules.language.model import Direction, Ruleset, Sync
from hxrules.planning.cases.case_text import case_text
from hxrules.planning.cases.coverage import Coverage
from hxrules.planning.cases.rewriting import rewritten
from hxrules.planning.cases.rows import What
from hxrules.planning.cases.run import Outcome, read_cases, run_cases
from hxrules.planning.cases.setting import usual
from hxrules.planning.cases.specimens import BARE, CUSTOMER, ITEM, WHOLE, Row, contested, crowd, invoice_pair
from hxrules.planning.cases.vocabulary import PARTS, Vocabulary
from hxrules.planning.cases.witnesses import Witness, witnesses
from hxrules.records import App
from hxrules.values import Value, number_text

HEAD: Final = """\
# What {file} does, case by case: `hxrules test --coverage`. Given these records, a run does exactly this.
# Edit it as the rules change (`hxrules test --update` writes what is expected anew), and add whatever must never go wrong.

cases:
"""
_TRIAL: Final = "trial.yaml"
_LONG_AGO: Final = datetime(2025, 11, 1, 9, tzinfo=UTC)
"""Before the syncs of a case are started; `_LATELY` is after that."""
_LATELY: Final = datetime(2026, 1, 10, 9, tzinfo=UTC)
_FIXED: Final[Mapping[str, Sequence[tuple[App, str, Mapping[str, Value]]]]] = {
    "invoices": (
        (App.XERO, "an invoice that another system issued stays in HubSpot", {"source": "quickbooks"}),
        (App.XERO, "HubSpot's record of an invoice that Xero issued stays in HubSpot", {"billable": False}),
        (App.XERO, "a draft stays in HubSpot", {"status": "draft"}),
        (
            App.XERO,
            "what is older than the sync, and wasn't touched since, stays in HubSpot",
            {"created": _LONG_AGO, "updated": _LONG_AGO + timedelta(days=1)},
        ),
        (
            App.XERO,
            "what is older than the sync, and was edited since, goes to Xero",
            {"created": _LONG_AGO, "updated": _LATELY},
        ),
        (App.XERO, "an invoice in another currency is held", {"currency": "JPY"}),
    ),
    "payments": (
        (App.XERO, "money that hasn't arrived stays in HubSpot", {"status": "processing"}),
        (App.XERO, "a payment from before the sync was started stays in HubSpot", {"date": _LONG_AGO.date()}),
        (App.HUBSPOT, "a payment from before the sync was started stays in Xero", {"created": _LONG_AGO.date()}),
    ),
}
"""What the limits of the base keep out (R15–R17, R19), by sync: the app that isn't written then, and what the record holds."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A case without its expectations; `stops`: it expects that the plan as a whole is held."""

    name: str
    body: Mapping[str, Any] = field(default_factory=dict)
    stops: bool = False

    def text(self, *, trial: bool) -> str:
        expect = " []" if trial else "\n      - stop: HX301" if self.stops else ""
        only = "    only: true\n" if trial or self.stops else ""
        return f"  - name: {case_text(self.name)}\n{only}{case_text(self.body, 4)}" + (
            f"    expect:{expect}\n" if expect else ""
        )


def first_cases(ruleset: Ruleset, catalogue: Catalogue) -> str:
    """The text of a test file for `ruleset`; every case in it passes. Filters that no record can pass are left without one."""
    writer = _Writer(ruleset, catalogue)
    writer.write()
    file = ruleset.file.rpartition("/")[2]
    text = HEAD.format(file=file) + "\n".join(each.text(trial=False) for each in writer.kept)
    cases, _ = read_cases(text, _TRIAL, ruleset, catalogue)
    return rewritten(text, run_cases(cases, ruleset, catalogue), Vocabulary(ruleset, catalogue))


class _Writer:
    """Tries drafts, and keeps what tells something."""

    def __init__(self, ruleset: Ruleset, catalogue: Catalogue) -> None:
        self.kept: list[Draft] = []
        self._ruleset = ruleset
        self._catalogue = catalogue
        self._coverage = Coverage(ruleset, catalogue)
        setting = usual(ruleset)
        self._moment = Moment(setting.now, ZoneInfo("UTC"), setting.started)
        self._lets_in: dict[tuple[str, App], Witness] = {}
        """What a record must hold to pass the filter of its sync."""

    def write(self) -> None:
        for sync in self._ruleset.active:
            for target in sync.direction.targets:
                self._travels(sync, target)
                self._filtered(sync, target)
                self._keep_new(self._fixed(sync, target))
        for sync in self._ruleset.active:
            self._conflicts(sync)
        self._limit()
        if not self.kept:
            self._add(Draft("where there is nothing, nothing is done"))

    # --- drafts --------------------------------------------------------------------------------------------------------------

    def _travels(self, sync: Sync, target: App) -> None:
        """One whole record of the source, of the first kind that the filter lets through; and what a bare one needs for that."""
        source = target.other
        name = f"{self._title(sync, source)} goes to {target.brand} with all that {target.brand} takes"
        whole = self._let_in(sync, target, WHOLE)
        if whole is not None:
            self._keep(Draft(name, self._body(sync, source, WHOLE, whole)))
        bare = self._let_in(sync, target, BARE)
        if bare is not None:
            self._lets_in[sync.name, target] = bare

    def _let_in(self, sync: Sync, target: App, rows: Mapping[tuple[App, str], Row]) -> Witness | None:
        for witness in self._witnesses(sync, target):
            draft = Draft("?", self._body(sync, target.other, rows, witness))
            outcome = self._tried(draft, None)
            if outcome is not None and _creates(outcome, sync, target):
                return witness
        return None

    def _filtered(self, sync: Sync, target: App) -> None:
        """Records by which the filter's comparisons come out true, and false."""
        if target not in sync.filters:
            return
        source = target.other
        for witness in self._witnesses(sync, target):
            if not self._missing(sync):
                return
            draft = Draft("?", self._body(sync, source, BARE, witness))
            before = len(self._coverage.missing)
            outcome = self._tried(draft, self._coverage)
            if outcome is not None and len(self._coverage.missing) < before:
                verb = f"goes to {target.brand}" if _creates(outcome, sync, target) else f"stays in {source.brand}"
                words = _words(witness, BARE[source, sync.name])
                self._add(replace(draft, name=f"{self._title(sync, source)} {words} {verb}"))

    def _fixed(self, sync: Sync, target: App) -> Iterator[Draft]:
        let_in = self._lets_in.get((sync.name, target), Witness())
        for app, name, said in _FIXED.get(sync.name, ()):
            if app is target:
                witness = replace(let_in, values={**let_in.values, **said})
                yield Draft(name, self._body(sync, target.other, BARE, witness))

    def _conflicts(self, sync: Sync) -> None:
        """Edited in both apps: the newer side wins, and within the tolerance whom the ruleset names (R10)."""
        if sync.direction is not Direction.TWO_WAY or sync.name not in ("contacts", "products"):
            return
        winner = sync.winner.brand
        one = self._passing(sync, contested(sync.name, self._spoken_of(sync)))
        title = sync.name.removesuffix("s")
        later = (
            (f"a {title} that was edited in both apps: the newer side wins", "10:00:00Z"),
            (f"a {title} that was edited in both apps within a minute: {winner} wins", "09:00:01Z"),
        )
        for name, time in later:
            newer = {**one["hubspot"], "updated": f"2026-01-15T{time}"}
            older = {**one["xero"], "updated": "2026-01-15T09:00:00Z"}
            draft = Draft(name, {"linked": {sync.name: [{**one, "hubspot": newer, "xero": older}]}})
            if self._tried(draft, self._coverage) is not None:
                self._add(draft)

    def _limit(self) -> None:
        """A crowd of changes, in the first sync in which it can be had."""
        limits = self._ruleset.limits
        if limits.span is None:
            return
        share = number_text(limits.changes * 100)
        for sync in self._ruleset.active:
            for target in sync.direction.targets if sync.name in ("contacts", "products") else ():
                name = f"more than {share} % of the linked {sync.name} at once, and somebody must look first"
                draft = Draft(name, self._crowded(sync, target), stops=True)
                outcome = self._tried(draft, self._coverage)
                if outcome is not None and any(row.what is What.STOP and row.code == "HX301" for row in outcome.rows):
                    self._add(draft)
                    return

    # --- records -------------------------------------------------------------------------------------------------------------

    def _witnesses(self, sync: Sync, target: App) -> Iterator[Witness]:
        limit = sync.filters.get(target)
        if limit is None:
            return iter((Witness(),))
        info = self._catalogue.type(target.other, sync.types[target.other])
        return witnesses(limit, info, self._catalogue, self._moment)

    def _body(self, sync: Sync, source: App, rows: Mapping[tuple[App, str], Row], witness: Witness) -> dict[str, Any]:
        """A case about one record of the source, among what it needs around it."""
        row = _with(rows[source, sync.name], witness)
        body: dict[str, Any] = {source.value: {sync.types[source] if source is App.XERO else sync.name: [row]}}
        associations = self._catalogue.type(source, sync.types[source]).associations
        for word, others in witness.associated.items():
            _associate(source, word, associations[word].type, row, others, body[source.value])
        if sync.name in ("invoices", "payments"):
            body["linked"] = {"contacts": [self._customer()]}
        if sync.name == "invoices" and rows is WHOLE:
            body.setdefault("xero", {})["items"] = [ITEM]
        if sync.name == "payments":
            invoices = self._ruleset.sync("invoices")
            maker = App.XERO if invoices.direction is Direction.TO_HUBSPOT else App.HUBSPOT
            body["linked"]["invoices"] = [invoice_pair(maker, paid=source is App.XERO and rows is WHOLE)]
        return {key: body[key] for key in ("hubspot", "xero", "linked") if key in body}

    def _crowded(self, sync: Sync, target: App) -> dict[str, Any]:
        """A crowd that was edited in the source, each with what the filter asks for."""
        source = target.other
        many = crowd(sync.name, source, self._spoken_of(sync))
        body: dict[str, Any] = {"linked": {sync.name: [self._passing(sync, pair, each_its_own=True) for pair in many]}}
        witness = self._lets_in.get((sync.name, target), Witness())
        associations = self._catalogue.type(source, sync.types[source]).associations
        for word, others in witness.associated.items():
            kind = associations[word].type
            rows = [
                {
                    "repeat": pair["repeat"],
                    "id": f"9{place}{pair[source.value]['id']}",
                    "contact": pair[source.value]["id"],
                    **each,
                }
                for pair in many
                for place, each in enumerate(others)
            ]
            body[source.value] = {kind: rows}
        return body

    def _spoken_of(self, sync: Sync) -> set[str]:
        """Fields that the filters of a sync ask for."""
        return {field.friendly for limit in sync.filters.values() for field in limit.needs.fields}

    def _customer(self) -> Row:
        """The customer of the case's invoice, whom the filters on contacts let pass."""
        contacts = next((each for each in self._ruleset.syncs if each.name == "contacts"), None)
        return self._passing(contacts, CUSTOMER) if contacts is not None else CUSTOMER

    def _passing(self, sync: Sync, pair: Row, *, each_its_own: bool = False) -> Row:
        """A linked pair with what both directions' filters ask for, except for what makes it this pair; with `each_its_own` a name
        that a filter asks for has what makes it this pair's behind it. What is mapped is the same on both sides: they are in step."""
        sides = {app: dict(pair[app.value]) for app in App}
        for target in sync.direction.targets:
            source = target.other
            for name, value in self._lets_in.get((sync.name, target), Witness()).values.items():
                if name in sides[source] and not (each_its_own and name in ("name", "company-name")):
                    continue
                said = f"{value} {sides[source][name]}" if name in sides[source] else value
                sides[source][name] = said
                other = next(
                    (each.field(target) for each in sync.mappings if each.field(source).friendly == name), None
                )
                if other is not None:
                    sides[target][other.friendly] = said
        return {**pair, **{app.value: side for app, side in sides.items()}}

    def _title(self, sync: Sync, app: App) -> str:
        title = self._catalogue.type(app, sync.types[app]).title
        return f"a {app.brand} {title}"

    # --- trying --------------------------------------------------------------------------------------------------------------

    def _tried(self, draft: Draft, coverage: Coverage | None) -> Outcome | None:
        """What happens; `None` for a draft that can't be, such as a pair that was never in step."""
        cases, problems = read_cases(
            HEAD.format(file="") + draft.text(trial=True), _TRIAL, self._ruleset, self._catalogue
        )
        if problems:
            return None
        (outcome,) = run_cases(cases, self._ruleset, self._catalogue, coverage)
        return outcome

    def _missing(self, sync: Sync) -> bool:
        kinds = ("filter", "comparison")
        return any(rule.sync == sync.name and rule.kind in kinds for rule in self._coverage.missing)

    def _keep_new(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            before = len(self._coverage.missing)
            if self._tried(draft, self._coverage) is not None and len(self._coverage.missing) < before:
                self._add(draft)

    def _keep(self, draft: Draft) -> None:
        self._tried(draft, self._coverage)
        self._add(draft)

    def _add(self, draft: Draft) -> None:
        taken = {each.name for each in self.kept}
        number, name = 1, draft.name
        while name in taken:
            number += 1
            name = f"{draft.name} ({number})"
        self.kept.append(replace(draft, name=name))


def _creates(outcome: Outcome, sync: Sync, target: App) -> bool:
    return any(row.what is What.CREATE and row.sync == sync.name and row.app is target for row in outcome.rows)


def _with(row: Row, witness: Witness) -> dict[str, Any]:
    """The record with the witness's values; where one is `None`, without that field."""
    merged = {**row, **witness.values}
    return {name: value for name, value in merged.items() if value is not None}


def _associate(
    app: App, word: str, kind: str, row: dict[str, Any], others: Sequence[Mapping[str, Value]], side: dict[str, Any]
) -> None:
    """Puts associated records into a case: parts into their invoice; else records of their own, and who names whom."""
    part = next((key for key, each in PARTS.items() if each == word), None)
    if part is not None:
        row[part] = list(others)
        return
    ids = [901 + place if app is App.HUBSPOT else f"r{place + 1}" for place in range(len(others))]
    own = next((name for name in ("contact", "invoice") if name in row), None)
    names_them = word == own
    back = {} if names_them else {"invoice" if "lines" in row else "contact": row["id"]}
    side.setdefault(kind, []).extend({"id": id, **back, **each} for id, each in zip(ids, others, strict=True))
    if names_them:
        row[word] = ids


def _words(witness: Witness, bare: Row) -> str:
    """What is special about the record."""
    if not witness.values and not witness.associated:
        return f"with nothing but {_listed([name for name in bare if name != 'id'])}"
    have = [f"{name} {case_text(value)}" for name, value in witness.values.items() if value is not None]
    lack = [name for name, value in witness.values.items() if value is None]
    for word, others in witness.associated.items():
        inner = _listed([f"{name} {case_text(value)}" for each in others[:1] for name, value in each.items()])
        if len(others) == 1:
            have.append(f"one {word} ({inner or 'an ordinary one'})")
        else:
            (have if others else lack).append(f"{len(others)} {word}s" if others else f"any {word}")
    said = (f"{word} {_listed(names)}" for word, names in (("with", have), ("without", lack)) if names)
    return ", ".join(said)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
