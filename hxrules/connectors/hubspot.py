"""HubSpot's endpoints behind the contract of `protocol` (facts/hubspot.md 2.4, 4-7).

Everything is read from the list, 100 a page, with the associations asked for in the same answer; newest first from
search, 200 a page; by id, or by a value that HubSpot keeps unique, from batch read, which sees at once what search may
show late; by any other value from search. A list or search is a chain: only a page says where the next one begins. What is
asked for in several questions is asked at once.

See also: `hubspot_associations`, `hubspot_writes`, `hubspot_codec` (values ⇄ JSON), `hubspot_dialect` (errors and
limits), `http`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.connectors.auth import Authorizer
from hxrules.connectors.http import Answer, Call, Http, encode_body, not_as_expected
from hxrules.connectors.hubspot_associations import Associations, next_page
from hxrules.connectors.hubspot_codec import MERGED_IDS, Decoder, milliseconds
from hxrules.connectors.hubspot_dialect import BURST, SEARCH, HubSpotDialect, checked, pace
from hxrules.connectors.hubspot_properties import definitions
from hxrules.connectors.hubspot_writes import Writer
from hxrules.connectors.pace import Budget, Timing, overlapping, shared
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.connectors.signing import authorizer
from hxrules.records import (
    App,
    Ledger,
    Page,
    Portal,
    Property,
    ReadRequest,
    Record,
    TaxRate,
    Write,
    WriteResult,
    chunks,
)

VERSION: Final = "2026-09"
"""The API version, a part of every path (facts/hubspot.md 1.4)."""
GROUP: Final = "hxrules"
"""The property group that the memory property stands in."""

_BATCH: Final = 100
_LIST_PAGE: Final = 100
_SEARCH_PAGE: Final = 200
_SEARCH_DEPTH: Final = 10_000
_SEARCH_BODY: Final = 3_000
_SEARCH_GROUPS: Final = 5
_TAX_RATE_PAGE: Final = 100
_PROPERTIES_TEXT: Final = 1_500
"""Characters of property names beyond which they neither fit into a URL for sure nor leave a search body room."""
_MERGING: Final = frozenset({"contacts", "companies"})
_NONE: Final[Mapping[str, tuple[str, ...]]] = {}

Document = dict[str, Any]
_Linked = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Id → word → the ids that it reaches."""


@dataclass(slots=True)
class _Reading:
    """What one `read` keeps while it goes on."""

    info: TypeInfo
    decoder: Decoder
    properties: tuple[str, ...]
    words: tuple[str, ...]
    seen: set[str] = field(default_factory=set)

    @property
    def lean(self) -> bool:
        """Too many properties to be named in a list or search: those then bring ids, and a batch read the rest."""
        return sum(len(name) + 3 for name in self.properties) > _PROPERTIES_TEXT


class HubSpot:
    """See `protocol.Connector`. `search_depth` is how many results HubSpot shows of one search."""

    app = App.HUBSPOT

    def __init__(self, http: Http, usage: Usage, catalogue: Catalogue, search_depth: int) -> None:
        self.usage = usage
        self._http = http
        self._catalogue = catalogue
        self._search_depth = search_depth
        self._memory: dict[str, bool] = {}
        """Type → whether its memory property is there, and unique."""
        self._prepared: set[str] = set()
        self._currencies: frozenset[str] | None = None
        """Those of the account, once it has been asked."""
        self._associations = Associations(http, catalogue, VERSION)
        self._writer = Writer(http, catalogue, VERSION, self._associations, self._prepared.__contains__)

    @property
    def scopes(self) -> frozenset[str] | None:
        return self._http.granted

    def close(self) -> None:
        self._http.close()

    def identify(self) -> Portal:
        call = Call("GET", f"/account-info/{VERSION}/details", "settings", windows=BURST)
        document = self._document(call)
        if not isinstance(document.get("portalId"), int):
            raise not_as_expected("HubSpot", call)
        currency = str(document.get("companyCurrency") or "")
        others = (str(each) for each in document.get("additionalCurrencies") or ())
        portal = Portal(
            id=document["portalId"],
            time_zone=str(document.get("timeZone") or "UTC"),
            currency=currency,
            currencies=tuple(dict.fromkeys(each for each in (currency, *others) if each)),
            ui_domain=str(document.get("uiDomain") or "app.hubspot.com"),
        )
        self._currencies = frozenset(portal.currencies)
        return portal

    def ledger(self) -> Ledger:
        currencies = frozenset(self.identify().currencies) if self._currencies is None else self._currencies
        return Ledger(currencies, tuple(self._tax_rates()))

    def _tax_rates(self) -> Iterator[TaxRate]:
        """The library, whole: a rate that is not in use any more still stands on older lines."""
        params = {"limit": str(_TAX_RATE_PAGE)}
        while True:
            call = Call("GET", f"/tax-rates/{VERSION}/tax-rates", "settings", params, windows=BURST)
            document = self._document(call)
            for each in document.get("results") or ():
                percent = each.get("percentageRate")
                if not isinstance(percent, int | Decimal):
                    raise not_as_expected("HubSpot", call)
                name = str(each.get("name") or each.get("label") or "")
                yield TaxRate(str(each["id"]), name, Decimal(percent), active=each.get("active") is not False)
            after = next_page(document)
            if after is None:
                return
            params["after"] = after

    def properties(self, type_name: str) -> tuple[Property, ...]:
        call = Call("GET", _properties(self._catalogue.type(App.HUBSPOT, type_name)), "settings", windows=BURST)
        return definitions(self._document(call).get("results") or ())

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(self, request: ReadRequest) -> Iterator[Page]:
        info = self._catalogue.type(App.HUBSPOT, request.type)
        looked_up = {request.where[0]} if request.where else set()
        decoder = Decoder(info, (*request.fields, *looked_up.difference(request.fields)))
        properties = (*decoder.properties, MERGED_IDS) if info.type in _MERGING else decoder.properties
        reading = _Reading(info, decoder, properties, request.associations)
        if request.ids is not None:
            return self._by_id(reading, request.ids)
        if request.where is not None:
            return self._by_value(reading, *request.where)
        if request.since is not None:
            return self._newest_first(reading, request.since)
        return self._everything(reading)

    def _everything(self, reading: _Reading) -> Iterator[Page]:
        params = {"limit": str(_LIST_PAGE), "properties": "" if reading.lean else ",".join(reading.properties)}
        types = {word: self._associations.reached(reading.info, word).path for word in reading.words}
        if types:
            params["associations"] = ",".join(dict.fromkeys(types.values()))
        while True:
            document = self._document(Call("GET", _objects(reading.info), "reads", params, windows=BURST))
            found: list[Document] = document["results"]
            linked: dict[str, dict[str, tuple[str, ...]]] = {each["id"]: {} for each in found}
            for word, type_name in types.items():
                listed = {each["id"]: _listed(each, type_name, types.values()) for each in found}
                # A record with more of them than the list shows: its own answer says so by a page to follow.
                cut = [own for own, ids in listed.items() if ids is None]
                whole = self._associations.read(reading.info, word, cut) if cut else {}
                for own, ids in listed.items():
                    linked[own][word] = whole[own] if ids is None else ids
            yield self._page(reading, self._filled(reading, found), linked)
            after = next_page(document)
            if after is None:
                return
            params["after"] = after

    def _newest_first(self, reading: _Reading, since: datetime) -> Iterator[Page]:
        """Search shows 10,000 results; then it goes on with those that are not newer than the last one seen."""
        updated = reading.info.updated
        if updated is None:
            raise ValueError(f"HubSpot's {reading.info.type} have no time of change")
        floor = _filter(updated, "GTE", str(milliseconds(since)))
        order = [{"propertyName": updated, "direction": "DESCENDING"}]
        total: int | None = None
        ceiling: int | None = None
        while True:
            filters = [floor] if ceiling is None else [floor, _filter(updated, "LTE", str(ceiling))]
            last: int | None = None
            for document in self._searched(reading, [filters], order):
                total = int(document["total"]) if total is None else total
                found = document["results"]
                yield self._page(reading, self._filled(reading, found), total=total)
                if not found or next_page(document) is None:
                    return
                last = milliseconds(reading.decoder.updated(found[-1]) or since)
            if last is not None and last == ceiling:
                # More records of one millisecond than a search shows (an import): by id, which tells them apart.
                yield from self._of_instant(reading, updated, str(last), total)
                ceiling = last - 1
            else:
                ceiling = last

    def _of_instant(self, reading: _Reading, updated: str, instant: str, total: int | None) -> Iterator[Page]:
        order = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        last: str | None = "0"
        while last is not None:
            filters = [_filter(updated, "EQ", instant), _filter("hs_object_id", "GT", last)]
            last = None
            for document in self._searched(reading, [filters], order):
                found = document["results"]
                yield self._page(reading, self._filled(reading, found), total=total)
                last = found[-1]["id"] if found and next_page(document) is not None else None

    def _by_id(self, reading: _Reading, ids: Sequence[str]) -> Iterator[Page]:
        # An id that is no number belongs to nobody, and spoils the batch.
        wanted = dict.fromkeys(each for each in ids if each.isdecimal())
        for found, linked in overlapping(lambda chunk: self._of_ids(reading, chunk), chunks(wanted, _BATCH)):
            yield self._page(reading, found, linked)

    def _of_ids(self, reading: _Reading, ids: Sequence[str]) -> tuple[list[Document], _Linked]:
        found = self._batch_read(reading, ids)
        missing = _absent(ids, found)
        if missing:
            found += self._batch_read(reading, missing, archived=True)
            missing = _absent(missing, found)
        if missing and reading.info.type in _MERGING:
            for few in chunks(missing, _SEARCH_GROUPS):
                groups = [[_filter(MERGED_IDS, "CONTAINS_TOKEN", each)] for each in few]
                for document in self._searched(reading, groups):
                    found += self._filled(reading, document["results"])
        return found, self._linked(reading, list(dict.fromkeys(each["id"] for each in found)))

    def _by_value(self, reading: _Reading, where: Field, values: Sequence[str]) -> Iterator[Page]:
        wanted = list(dict.fromkeys(value for value in (each.strip() for each in values) if value))
        info, own = reading.info, where.path.text
        if own in (info.memory, info.settings.get("upsert")):
            if own == info.memory and not self._has_memory(info, own):
                # Nobody remembers anything in a property that does not exist, and asking by it is an error.
                yield Page(())
                return
            for found in overlapping(lambda chunk: self._batch_read(reading, chunk, by=own), chunks(wanted, _BATCH)):
                yield self._page(reading, found)
            return

        def asked(few: list[str]) -> tuple[list[str], list[Document]]:
            answers = self._searched(reading, [[{**_filter(own, "IN"), "values": few}]])
            return few, [each for answer in answers for each in self._filled(reading, answer["results"])]

        for few, found in overlapping(asked, self._fitting(reading, own, wanted)):
            page = self._page(reading, found)
            same = tuple(each for each in page.records if str(each.fields.get(where.name)).lower() in few)
            yield Page(same)

    def _fitting(self, reading: _Reading, own: str, values: Iterable[str]) -> Iterator[list[str]]:
        """Values in lower case, in lists that a search takes: 100 values, 3,000 characters of body."""
        empty = encode_body(self._search_body(reading, [[{**_filter(own, "IN"), "values": []}]]))
        room = _SEARCH_BODY - len(empty) - 20
        few: list[str] = []
        used = 0
        for value in dict.fromkeys(each.lower() for each in values):
            size = len(encode_body(value)) + 1
            if size > room:
                # Too long to be asked for: HubSpot's own check at the write has to do.
                continue
            if few and (used + size > room or len(few) == _BATCH):
                yield few
                few, used = [], 0
            few.append(value)
            used += size
        if few:
            yield few

    def _page(
        self,
        reading: _Reading,
        documents: Iterable[Document],
        linked: _Linked | None = None,
        total: int | None = None,
    ) -> Page:
        once = {each["id"]: each for each in documents}
        fresh = [each for own, each in once.items() if own not in reading.seen]
        reading.seen.update(once)
        if linked is None:
            linked = self._linked(reading, [each["id"] for each in fresh])
        records: list[Record] = []
        for each in fresh:
            record = reading.decoder.record(each, linked.get(each["id"], _NONE))
            records.append(record)
            for gone in reading.decoder.absorbed(each, record):
                if gone.ref.id not in reading.seen:
                    reading.seen.add(gone.ref.id)
                    records.append(gone)
        return Page(tuple(records), total)

    def _linked(self, reading: _Reading, ids: Sequence[str]) -> _Linked:
        """What the records are asked to name by each word, for lists of them that don't say so themselves."""
        words = reading.words if ids else ()
        found = overlapping(lambda word: self._associations.read(reading.info, word, ids), words)
        by_word = dict(zip(words, found, strict=True))
        return {own: {word: reached[own] for word, reached in by_word.items()} for own in ids}

    def _filled(self, reading: _Reading, documents: list[Document]) -> list[Document]:
        """The documents with all properties, in the same order; one that vanished meanwhile is left out."""
        if not reading.lean:
            return documents
        ids = [each["id"] for each in documents]
        found: dict[str, Document] = {}
        for some in overlapping(lambda chunk: self._batch_read(reading, chunk), chunks(ids, _BATCH)):
            found.update((each["id"], each) for each in some)
        return [found[each] for each in ids if each in found]

    def _batch_read(
        self, reading: _Reading, ids: Sequence[str], *, by: str | None = None, archived: bool = False
    ) -> list[Document]:
        body: Document = {"inputs": [{"id": each} for each in ids], "properties": list(reading.properties)}
        if by:
            body["idProperty"] = by
        path = f"{_objects(reading.info)}/batch/read"
        params = {"archived": "true"} if archived else {}
        call = Call("POST", path, "reads", params, body=encode_body(body), windows=BURST)
        answer = self._http.send(call)
        if by and answer.status == 400 and len(ids) > 1:
            # One value that can't be an e-mail address may spoil the batch.
            middle = len(ids) // 2
            return [
                document for half in (ids[:middle], ids[middle:]) for document in self._batch_read(reading, half, by=by)
            ]
        if answer.status == 404 or (by and answer.status == 400):
            return []
        return list(checked(call, answer).get("results") or ())

    def _searched(
        self, reading: _Reading, groups: list[list[Document]], order: list[Document] | None = None
    ) -> Iterator[Document]:
        """The pages of one search, as far as HubSpot shows them."""
        body = self._search_body(reading, groups)
        if order:
            body["sorts"] = order
        shown = 0
        while True:
            call = Call("POST", f"{_objects(reading.info)}/search", "reads", body=encode_body(body), windows=SEARCH)
            document = self._document(call)
            yield document
            after = next_page(document)
            shown += len(document["results"])
            if after is None or shown + _SEARCH_PAGE > self._search_depth:
                return
            body["after"] = after

    def _search_body(self, reading: _Reading, groups: list[list[Document]]) -> Document:
        properties = [] if reading.lean else list(reading.properties)
        return {
            "filterGroups": [{"filters": filters} for filters in groups],
            "properties": properties,
            "limit": _SEARCH_PAGE,
        }

    # --- writing -----------------------------------------------------------------------------------------------------

    def batch_size(self, type_name: str, *, create: bool) -> int:
        return _BATCH

    def prepare(self, type_name: str) -> bool:
        info = self._catalogue.type(App.HUBSPOT, type_name)
        if info.memory is None:
            return False
        if self._has_memory(info, info.memory) or self._make_memory(info, info.memory):
            self._memory[type_name] = True
            self._prepared.add(type_name)
        return type_name in self._prepared

    def _has_memory(self, info: TypeInfo, name: str) -> bool:
        if info.type not in self._memory:
            self._memory[info.type] = self._is_unique(info, name)
        return self._memory[info.type]

    def _is_unique(self, info: TypeInfo, name: str) -> bool:
        """Whether the property is there and unique, which can't be changed later: by no other one can be upserted."""
        known = self._define("GET", f"{_properties(info)}/{name}")
        return known.succeeded and (known.document or {}).get("hasUniqueValue") is True

    def _make_memory(self, info: TypeInfo, name: str) -> bool:
        group = self._define("POST", f"{_properties(info)}/groups", {"name": GROUP, "label": "hxrules"})
        if not group.succeeded and group.status != 409:
            return False
        made = self._define(
            "POST",
            _properties(info),
            {
                "name": name,
                "label": "Xero id (hxrules)",
                "description": "The record's partner in Xero. Written by hxrules.",
                "groupName": GROUP,
                "type": "string",
                "fieldType": "text",
                "hasUniqueValue": True,
                "formField": False,
            },
        )
        if made.succeeded:
            # A property of that name that was archived before comes back as it was.
            return (made.document or {}).get("hasUniqueValue") is True
        # Somebody else has made it in this moment, or there is one that is not unique.
        return made.status == 409 and self._is_unique(info, name)

    def _define(self, method: str, path: str, body: Document | None = None) -> Answer:
        content = encode_body(body) if body else None
        return self._http.send(Call(method, path, "settings", body=content, windows=BURST, returns=frozenset({403})))

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        return self._writer.write(writes)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _document(self, call: Call) -> Document:
        return checked(call, self._http.send(call))


def _objects(info: TypeInfo) -> str:
    return f"/crm/objects/{VERSION}/{quote(info.path)}"


def _properties(info: TypeInfo) -> str:
    return f"/crm/properties/{VERSION}/{quote(info.path)}"


def _filter(own: str, operator: str, value: str | None = None) -> Document:
    plain = {"propertyName": own, "operator": operator}
    return plain if value is None else {**plain, "value": value}


def _absent(ids: Iterable[str], documents: Iterable[Document]) -> list[str]:
    """The ids that no document has, and that none has absorbed."""
    there: set[str] = set()
    for each in documents:
        there.add(each["id"])
        there.update(((each.get("properties") or {}).get(MERGED_IDS) or "").split(";"))
    return [each for each in ids if each not in there]


def _listed(document: Document, type_name: str, asked: Collection[str]) -> tuple[str, ...] | None:
    """The associated ids that a list shows beside its record; `None` when it can't be told, or there are more."""
    # HubSpot spells some of them with a blank ("line items").
    parts = {name.lower().replace(" ", "_"): part for name, part in (document.get("associations") or {}).items()}
    if type_name not in parts:
        return () if parts.keys() <= set(asked) else None
    part = parts[type_name]
    return None if next_page(part) else tuple(dict.fromkeys(str(each["id"]) for each in part["results"]))


def open_hubspot(
    settings: Settings,
    catalogue: Catalogue,
    timing: Timing,
    patience: float,
    search_depth: int = _SEARCH_DEPTH,
    budget: Budget | None = None,
) -> HubSpot:
    """The connector for the account behind the settings' token or consent; nothing is sent yet."""
    usage = Usage()
    consent = settings.consent(App.HUBSPOT)
    account = (App.HUBSPOT, settings.hubspot_url, consent[0].account if consent else settings.hubspot_token, timing)
    limits = shared(account, lambda: pace(timing))
    dialect = HubSpotDialect()

    def opened(root: str, signed: Authorizer) -> Http:
        return Http(root, dialect, signed, pace=limits, usage=usage, timing=timing, patience=patience, budget=budget)

    http = opened(settings.hubspot_url, authorizer(App.HUBSPOT, settings, timing, opened))
    return HubSpot(http, usage, catalogue, search_depth)
