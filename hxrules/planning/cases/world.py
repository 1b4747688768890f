"""A case's records → what the planner sees: a snapshot, read whole, and the state after a last run.

What a linked pair was in step with is not written down by hand: the real planner looks at the pair as it was then, agrees, and its
observations are the bases. A pair on which it would have written something was never in step, and that is said.

See also: `records_reader` (text → drafts), `setting` (clock and books), `planner`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hxrules.catalogue import Catalogue
from hxrules.language.model import Ruleset, Sync
from hxrules.language.nodes import MappingNode, Node, ScalarNode, short
from hxrules.planning.cases.nodes_reader import NodesReader
from hxrules.planning.cases.reckoning import reckon
from hxrules.planning.cases.records_reader import Draft, Entry, RecordsReader, reference_word
from hxrules.planning.cases.setting import Setting
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.planning.lines import WORDS
from hxrules.planning.linking import link_id
from hxrules.planning.needs import way_back
from hxrules.planning.plan import Change
from hxrules.planning.planner import make_plan
from hxrules.problems import near
from hxrules.records import (
    App,
    BaseValue,
    Coverage,
    CoverageKind,
    Life,
    Link,
    Membership,
    Origin,
    Record,
    RecordRef,
    Sight,
    Snapshot,
    StateView,
    SyncState,
)
from hxrules.values import Lines, Value, ValueType, encode

_GONE: Final = "gone"
_PAIR: Final = ("hubspot", "xero", "before", "made-in", "repeat")
_FIRST_HUBSPOT_ID: Final = 1001
_MOST_REPEATED: Final = 1_000

_USUAL: Final[Mapping[tuple[App, str], Mapping[str, Value]]] = {
    (App.HUBSPOT, "invoices"): {"hs_invoice_status": "open", "hs_invoice_source": "hubspot"},
    (App.HUBSPOT, "line_items"): {"quantity": Decimal(1)},
    (App.HUBSPOT, "commerce_payments"): {"hs_latest_status": "succeeded"},
    (App.XERO, "contacts"): {"ContactStatus": "active", "IsCustomer": False, "IsSupplier": False},
    (App.XERO, "items"): {"IsSold": True, "IsPurchased": True},
    (App.XERO, "invoices"): {
        "Type": "accrec",
        "Status": "authorised",
        "AmountPaid": Decimal(0),
        "AmountCredited": Decimal(0),
    },
    (App.XERO, "payments"): {"Status": "authorised", "PaymentType": "accrecpayment"},
}
"""What records usually hold, where a case says nothing."""
_DATED: Final[Mapping[tuple[App, str], tuple[str, str | None]]] = {
    (App.HUBSPOT, "invoices"): ("hs_invoice_date", "hs_currency"),
    (App.HUBSPOT, "commerce_payments"): ("hs_initiated_date", "hs_currency_code"),
    (App.XERO, "invoices"): ("Date", "CurrencyCode"),
    (App.XERO, "payments"): ("Date", None),
}
"""The fields that are the day and the currency of a document: usually the case's own."""


@dataclass(frozen=True, slots=True)
class World:
    """All that a plan is made from, beside the ruleset."""

    snapshot: Snapshot
    state: StateView
    ids: frozenset[str]
    """Of all records of the case."""


class WorldReader:
    """Reads the world of one case. What is wrong goes to the reader's problems."""

    def __init__(
        self, reader: NodesReader, vocabulary: Vocabulary, ruleset: Ruleset, catalogue: Catalogue, setting: Setting
    ) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        self._ruleset = ruleset
        self._catalogue = catalogue
        self._setting = setting
        self._records = RecordsReader(reader, vocabulary, setting)
        self._entries: list[Entry] = []
        self._pairs: list[tuple[Sync, str, str, App | None, Node]] = []
        self._taken: dict[tuple[App, str], set[str]] = {}

    def read(self, case: MappingNode) -> World:
        """The world of a case."""
        for app in App:
            self._side(app, case.get(app.value))
        self._linked(case.get("linked"))
        now = self._snapshot({id(entry): entry.now for entry in self._entries})
        state = self._state()
        if self._pairs and not self._reader.problems:
            then = self._snapshot({id(entry): entry.then for entry in self._entries})
            state = self._in_step(then, state)
        return World(now, state, frozenset(entry.id for entry in self._entries))

    # --- which records there are ---------------------------------------------------------------------------------------------

    def _side(self, app: App, node: Node | None) -> None:
        said = self._reader.mapping(node, f"`{app.value}`")
        types = self._vocabulary.types(app)
        for word, (key, records) in said.entries.items() if said is not None else ():
            if word not in types:
                self._reader.unknown(key, f"`{app.value}`", types)
                continue
            for each in self._reader.mappings(records, f"`{word}`"):
                self._repeated(app, types[word], each)

    def _repeated(self, app: App, type_name: str, node: MappingNode) -> None:
        times = self._reader.count(node.get("repeat"), "`repeat`", most=_MOST_REPEATED)
        plain = _without(node, "repeat")
        for number in range(1, times + 1):
            self._entry(Entry(app, type_name, plain, number=number if times > 1 else None))

    def _entry(self, entry: Entry) -> Entry:
        node = entry.node.get("id")
        taken = self._taken.setdefault((entry.app, entry.type), set())
        said = self._records.own_id(entry.app, node, entry.number)
        if said is not None and node is not None and said in taken:
            self._reader.wrong("HX164", node, f"the id `{short(said)}` is there twice", remedy="Give each its own.")
        entry.id = said or self._new_id(entry)
        taken.add(entry.id)
        self._entries.append(entry)
        return entry

    def _new_id(self, entry: Entry) -> str:
        taken = self._taken[entry.app, entry.type]
        number = _FIRST_HUBSPOT_ID if entry.app is App.HUBSPOT else 1
        title = "" if entry.app is App.HUBSPOT else f"{self._vocabulary.info(entry.app, entry.type).title}-"
        while f"{title}{number}" in taken:
            number += 1
        return f"{title}{number}"

    def _linked(self, node: Node | None) -> None:
        said = self._reader.mapping(node, "`linked`")
        syncs = {sync.name: sync for sync in self._ruleset.syncs}
        for name, (key, pairs) in said.entries.items() if said is not None else ():
            if name not in syncs:
                self._reader.unknown(key, "`linked`", syncs)
                continue
            for pair in self._reader.mappings(pairs, f"`{name}`"):
                self._reader.known_keys(pair, "a linked pair", _PAIR)
                times = self._reader.count(pair.get("repeat"), "`repeat`", most=_MOST_REPEATED)
                for number in range(1, times + 1):
                    self._pair(syncs[name], pair, number if times > 1 else None)

    def _pair(self, sync: Sync, pair: MappingNode, number: int | None) -> None:
        before = self._reader.mapping(pair.get("before"), "`before`")
        if before is not None:
            self._reader.known_keys(before, "`before`", [app.value for app in App])
        made_in = self._made_in(pair.get("made-in"))
        ids: dict[App, str] = {}
        for app in App:
            side = pair.get(app.value)
            if isinstance(side, ScalarNode) and side.text == _GONE:
                ids[app] = f"{_GONE}-{len(self._pairs) + 1}"
                continue
            node = self._reader.mapping(side, f"`{app.value}`")
            if node is None:
                self._reader.wrong(
                    "HX162", pair, f"a linked pair has no `{app.value}`", remedy="Write the record, or the word gone."
                )
                return
            then = self._reader.mapping(before.get(app.value), f"`{app.value}`") if before is not None else None
            entry = Entry(app, sync.types[app], node, before=then, number=number, made_in=made_in)
            ids[app] = self._entry(entry).id
        self._pairs.append((sync, ids[App.HUBSPOT], ids[App.XERO], made_in, pair))

    def _made_in(self, node: Node | None) -> App | None:
        text = self._reader.text(node, "`made-in`")
        if node is None or text is None:
            return None
        found = next((app for app in App if app.value == text.lower()), None)
        if found is None:
            self._reader.wrong("HX163", node, f"`made-in` can't be `{short(text)}`", "It is hubspot or xero.")
        return found

    # --- drafts → records ----------------------------------------------------------------------------------------------------

    def _snapshot(self, said: Mapping[int, Mapping[str, tuple[ScalarNode, Node]]]) -> Snapshot:
        drafts = [draft for entry in self._entries for draft in self._records.drafts(entry, said[id(entry)])]
        by_ref = {draft.ref: draft for draft in drafts}
        for draft in drafts:
            self._join(draft, by_ref)
        for draft in drafts:
            self._fill(draft)
        records: dict[tuple[App, str], dict[str, Record]] = {
            (app, name): {} for app in App for name in self._catalogue.names(app)
        }
        for draft in drafts:
            records[draft.ref.app, draft.ref.type][draft.ref.id] = self._record(draft)
        taxes = [sync.invoices.tax for sync in self._ruleset.syncs if sync.invoices is not None]
        reckon(records, self._setting.tax(taxes[0] if taxes else {}))
        coverage = {key: Coverage(CoverageKind.COMPLETE) for key in records}
        sight = Sight(records, coverage)
        items = {
            str(item.fields["Code"]): _text(item.fields["SalesAccount"])
            for item in records[App.XERO, "items"].values()
            if item.fields["Code"] is not None
        }
        ledgers = {**self._setting.ledgers, App.XERO: replace(self._setting.ledgers[App.XERO], items=items)}
        names = [sync.name for sync in self._ruleset.syncs]
        return Snapshot(self._setting.now, self._setting.accounts, dict.fromkeys(names, sight), ledgers)

    def _join(self, draft: Draft, by_ref: Mapping[RecordRef, Draft]) -> None:
        """Associations go both ways, whichever side says them."""
        info = self._vocabulary.info(draft.ref.app, draft.ref.type)
        for word, ids in list(draft.associations.items()):
            if word not in info.associations:
                continue
            other_type = info.associations[word].type
            for each in ids:
                other = by_ref.get(RecordRef(draft.ref.app, other_type, each))
                node = draft.nodes.get(f"{word} {each}")
                if other is None:
                    if node is not None:
                        self._nobody(node, other_type, draft, by_ref)
                    continue
                back = way_back(info, self._vocabulary.info(draft.ref.app, other_type))
                if draft.ref.type in WORDS.values():
                    back = next(key for key, name in WORDS.items() if name == draft.ref.type)
                theirs = other.associations.setdefault(back, []) if back is not None else []
                if draft.ref.id not in theirs:
                    theirs.append(draft.ref.id)

    def _nobody(self, node: Node, type_name: str, draft: Draft, by_ref: Mapping[RecordRef, Draft]) -> None:
        known = [ref.id for ref in by_ref if ref.app is draft.ref.app and ref.type == type_name]
        said = self._reader.text(node, "", draft.entry.number) or ""
        close = near(said, known, 1)
        self._reader.wrong(
            "HX164",
            node,
            f"the case has no such record: {draft.ref.app.brand} {type_name} `{short(said)}`",
            f"It has {', '.join(known)}." if known else "It has none of that type.",
            f"Write `{close[0]}`." if close else "Name one of the case's own records by its `id`.",
            close[0] if close else None,
        )

    def _fill(self, draft: Draft) -> None:
        """What records usually hold, where nothing else is said."""
        app, type_name = draft.ref.app, draft.ref.type
        info = self._vocabulary.info(app, type_name)
        usual = dict(_USUAL.get((app, type_name), {}))
        yesterday = self._setting.now - timedelta(days=1)
        usual |= {name: yesterday for name in (info.updated, info.created) if name is not None and name in info.fields}
        day, currency = _DATED.get((app, type_name), (None, None))
        if day is not None:
            usual[day] = self._setting.now.date()
        if currency is not None:
            organisation, portal = self._setting.accounts.organisation, self._setting.accounts.portal
            usual[currency] = portal.currency if app is App.HUBSPOT else organisation.base_currency
        if draft.entry.made_in is not None and app is App.HUBSPOT:
            mirror = draft.entry.made_in is App.XERO
            usual |= {"hs_invoice_billable": not mirror} if type_name == "invoices" else {}
            usual |= {"hs_processor_type": "xero"} if mirror and type_name == "commerce_payments" else {}
        for name, value in usual.items():
            draft.fields.setdefault(name, value)
        for field in info.fields.values():
            if field.kind is ValueType.REFERENCE and not field.reached:
                ids = draft.associations.get(reference_word(field.path.text, ()), [])
                draft.fields.setdefault(field.name, ids[0] if ids else None)
        draft.fields[info.id_field] = draft.ref.id

    def _record(self, draft: Draft) -> Record:
        info = self._vocabulary.info(draft.ref.app, draft.ref.type)
        fields: dict[str, Value] = {
            name: None
            for name, each in self._vocabulary.fields(draft.ref.app, draft.ref.type).items()
            if not each.reached
        }
        fields |= draft.fields
        yesterday = self._setting.now - timedelta(days=1)
        memory = draft.memory or (_text(fields.get(info.memory)) if info.memory is not None else None)
        return Record(
            draft.ref,
            fields,
            _instant(fields, info.updated) or yesterday,
            _instant(fields, info.created) or (yesterday if info.created is not None else None),
            draft.life or _life(fields, info.settings),
            draft.merged_into,
            {word: tuple(draft.associations.get(word, ())) for word in info.associations},
            memory=memory,
        )

    # --- the state -----------------------------------------------------------------------------------------------------------

    def _state(self) -> StateView:
        links = tuple(
            Link(
                link_id(sync.name, hubspot, xero),
                sync.name,
                hubspot,
                xero,
                Origin.MATCHED if made_in is None else Origin.CREATED,
                born_in=made_in,
                membership=dict.fromkeys(sync.direction.targets, Membership.IN),
            )
            for sync, hubspot, xero, made_in, _ in self._pairs
        )
        syncs = {sync.name: SyncState(sync.name, started=self._setting.started) for sync in self._ruleset.syncs}
        return StateView("test", 1, None, None, links=links, syncs=syncs)

    def _in_step(self, then: Snapshot, state: StateView) -> StateView:
        """The state with the bases of all linked pairs, as a run on the pairs of then leaves them."""
        plan, seen = make_plan(self._ruleset, then, state, self._setting.now, self._catalogue)
        bases: Mapping[str, Mapping[str, BaseValue]] = seen.bases
        links = tuple(seen.links.get(link.id, link) for link in state.links)
        links = tuple(replace(link, gone=None) for link in links)
        for link, (_, _, _, _, node) in zip(state.links, self._pairs, strict=True):
            why = [
                *(_undone(change) for change in plan.changes if change.link is not None and change.link.id == link.id),
                *(
                    f"{problem.code} {problem.summary}"
                    for problem in plan.held
                    if (
                        problem.hubspot is not None and problem.hubspot.id == link.hubspot and problem.sync == link.sync
                    )
                    or (problem.xero is not None and problem.xero.id == link.xero and problem.sync == link.sync)
                ),
            ]
            if why:
                self._reader.wrong(
                    "HX166",
                    node,
                    "this pair was not in step",
                    " ".join(f"{each}." for each in why),
                    "Let both sides say the same, and say under `before:` what a side held then, where it has another value now.",
                )
        return replace(state, links=links, bases=bases)


def _undone(change: Change) -> str:
    fields = ", ".join(
        f"{each.mapping} (“{_shown(each.before)}” in {change.app.brand}, “{_shown(each.source)}” in {change.app.other.brand})"
        for each in change.fields
    )
    return f"A run would have written {fields or 'something'}"


def _shown(value: Value) -> str:
    if isinstance(value, Lines):
        return "; ".join(", ".join(f"{name} {encode(each)}" for name, each in line.values) for line in value.items)
    return "" if value is None else str(encode(value))


def _without(node: MappingNode, name: str) -> MappingNode:
    left = {key: entry for key, entry in node.entries.items() if key != name}
    return MappingNode(node.source, node.start, node.end, left)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _instant(fields: Mapping[str, Value], name: str | None) -> datetime | None:
    found = fields.get(name) if name is not None else None
    return found if isinstance(found, datetime) else None


def _life(fields: Mapping[str, Value], settings: Mapping[str, object]) -> Life:
    """As the connectors tell it: by a status that ends a record."""
    ended = settings.get("ended")
    if isinstance(ended, Mapping):
        status = fields.get(ended["property"])
        return Life(status) if isinstance(status, str) and status in tuple(Life) else Life.LIVE
    return Life.ARCHIVED if fields.get("ContactStatus") == "archived" else Life.LIVE
