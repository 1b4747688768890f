"""Xero's endpoints behind the contract of `protocol` (facts/xero.md 2-6).

Reads. Everything: pages of 1,000 in the order of the record's id, which never moves: a record that changes meanwhile
keeps its place, and none slips past the border of a page (in Xero's own order, by time of change, it would). Once the
first page has told how many there are, the others are asked for at once. Newest first: `If-Modified-Since` and the
reverse order of time; what changes meanwhile goes to the top, so a record may be met twice (and is dropped), and one
that changes before it was met is left to the next such read. By id: forty in a URL, or
a `where` of equalities for types that can't be listed by ids. By value: such a `where`; a value that its quotes can't
hold is looked for by `searchTerm`. Items have no pages, so what one `where` can't ask for is picked out of all of them.
A contact's word for its invoices is answered by `xero_associations`; other words stay absent (not read) unless the
record itself names them. Every list of a type that the catalogue narrows (`only`) is narrowed: no read shows a bill, or
a payment that is none of a customer's.

Writes. PUT creates, POST with the record's id updates; never POST by name or number (facts/xero.md 2.4).
`summarizeErrors=false` gives one verdict a record, the `Idempotency-Key` makes repeats safe for six minutes. After a
500 nobody knows: Xero remembers that answer too, so creates stay in doubt, and so does what ends a record; any other
update may be sent again under another key, as it only sets what it sets. Prices have four decimals in both directions
(`unitdp=4`): read with two and written back, they would lose the others. Turning `IsSold` or `IsPurchased` off empties
that side of an item; the answer shows it.

See also: `xero_codec` (values ⇄ JSON), `xero_associations`, `xero_answers` (whose verdict is whose), `xero_ledger`,
`xero_dialect` (errors and limits), `http`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.connectors.auth import Authorizer
from hxrules.connectors.http import Answer, Call, Http, encode_body, not_as_expected
from hxrules.connectors.pace import Budget, Timing, overlapping, shared
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.connectors.signing import authorizer
from hxrules.connectors.xero_answers import answers_to, failed
from hxrules.connectors.xero_associations import IDS, MANY, InvoicesOfContacts
from hxrules.connectors.xero_codec import Decoder, Entry, element_of, moment
from hxrules.connectors.xero_dialect import MINUTE, XeroDialect, messages, pace, refusal
from hxrules.connectors.xero_ledger import LISTS, ledger_of
from hxrules.connectors.xero_time_zones import IANA
from hxrules.problems import Halt, Problem
from hxrules.records import (
    App,
    Failure,
    Ledger,
    Life,
    Organisation,
    Page,
    Property,
    ReadRequest,
    Record,
    RecordRef,
    Write,
    WriteError,
    WriteResult,
    chunks,
)
from hxrules.values import NotOfType, ValueType, canonical

_ROOT: Final = "/api.xro/2.0"
_PAGE: Final = 1_000
_BATCH: Final = 50
_WHERE_TEXT: Final = 1_800
"""Characters of an encoded `where`; URLs break near 2,050 (5.3)."""
_LISTED_BY_ID: Final = frozenset({"contacts", "invoices"})
"""Types whose lists take `IDs`; they are those that have a `searchTerm`, too (5.3)."""
_ALWAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "contacts": {"includeArchived": "true"},
    "items": {"unitdp": "4"},
    "invoices": {"unitdp": "4"},
}
"""What every list of the type is asked with."""
_PRICED: Final = frozenset({"items", "invoices"})
"""Types whose writes name prices."""
_ONLY: Final = re.compile(r'(?P<name>\w+)=="(?P<value>\w+)"')
"""The form of the catalogue's `only`."""
_TAKEN_AWAY_SINGLY: Final = frozenset({"items", "payments"})
_LOCKS: Final = ("PeriodLockDate", "EndOfYearLockDate")
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HIGH_VOLUME: Final = 51
_UPDATE_TRIES: Final = 3

Document = dict[str, Any]
Wanted = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one `read` goes by. `invoices` is there when contacts are asked for theirs."""

    info: TypeInfo
    decoder: Decoder
    invoices: InvoicesOfContacts | None

    @property
    def paged(self) -> bool:
        return bool(self.info.settings.get("paged", True))

    def records(self, documents: Sequence[Document]) -> tuple[Record, ...]:
        if self.invoices is None:
            return tuple(map(self.decoder.record, documents))
        linked = self.invoices.of([str(each[self.info.id_field]) for each in documents])
        return tuple(
            self.decoder.record(each, {"invoice": linked[str(each[self.info.id_field])]}) for each in documents
        )


class Xero:
    """See `protocol.Connector`. `tenant` is the organisation of a consent, which may open several; a custom connection has one."""

    app = App.XERO

    def __init__(self, http: Http, usage: Usage, catalogue: Catalogue, tenant: str = "") -> None:
        self.usage = usage
        self._http = http
        self._catalogue = catalogue
        if tenant:
            self._http.headers["Xero-Tenant-Id"] = tenant

    @property
    def scopes(self) -> frozenset[str] | None:
        return self._http.granted

    def close(self) -> None:
        self._http.close()

    def identify(self) -> Organisation:
        call = Call("GET", f"{_ROOT}/Organisation", "settings", windows=MINUTE)
        found, *_ = self._document(call).get("Organisations") or [{}]
        tenant, zone = str(found.get("OrganisationID") or ""), str(found.get("Timezone") or "")
        if not tenant:
            raise not_as_expected("Xero", call)
        if zone not in IANA:
            summary = f"Xero names a time zone that hxrules does not know: {zone or 'none'}"
            raise Halt(1, [Problem("HX422", summary, "Days are days of the organisation's time zone.")])
        # A custom connection's token is bound to one organisation, so that this call needed no tenant; the id names it.
        self._http.headers["Xero-Tenant-Id"] = tenant
        return Organisation(
            tenant=tenant,
            name=str(found.get("Name") or ""),
            short_code=str(found.get("ShortCode") or ""),
            time_zone=IANA[zone],
            base_currency=str(found.get("BaseCurrency") or ""),
            locked_until=max(filter(None, (_day(found.get(each)) for each in _LOCKS)), default=None),
        )

    def ledger(self) -> Ledger:
        calls = [Call("GET", f"{_ROOT}/{each}", "settings", windows=MINUTE) for each in LISTS]
        documents = overlapping(self._document, calls)
        return ledger_of(*(document.get(each) or [] for each, document in zip(LISTS, documents, strict=True)))

    def properties(self, type_name: str) -> tuple[Property, ...]:
        return ()

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(self, request: ReadRequest) -> Iterator[Page]:
        info = self._catalogue.type(App.XERO, request.type)
        looked_up = (request.where[0],) if request.where else ()
        decoder = Decoder(info, tuple(dict.fromkeys((*request.fields, *looked_up))), request.associations)
        reading = _Reading(info, decoder, self._invoices(request))
        if request.ids is not None:
            return self._by_id(reading, request.ids)
        if request.where is not None:
            return self._by_value(reading, *request.where)
        if request.since is not None:
            return self._newest_first(reading, request.since)
        return self._records(reading, {"order": info.id_field} if reading.paged else {}, ahead=True)

    def _invoices(self, request: ReadRequest) -> InvoicesOfContacts | None:
        if request.type != "contacts" or "invoice" not in request.associations:
            return None
        invoices = self._catalogue.type(App.XERO, "invoices")
        asked = request.ids if request.ids is not None else request.where[1] if request.where else None
        whole = len(asked) > MANY if asked is not None else request.since is None

        def listed(params: Mapping[str, str]) -> Iterator[Document]:
            for documents, _ in self._pages(invoices, params, ahead=True):
                yield from documents

        return InvoicesOfContacts(listed, whole=whole)

    def _newest_first(self, reading: _Reading, since: datetime) -> Iterator[Page]:
        # Whole seconds without a zone (5.1); one second early, as nobody says whether the second itself is included.
        from_second = since.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)
        headers = {"If-Modified-Since": from_second.strftime("%Y-%m-%dT%H:%M:%S")}
        for page in self._records(reading, {"order": f"{reading.info.updated} DESC"}, headers):
            kept = tuple(each for each in page.records if each.updated is None or each.updated >= since)
            early = len(page.records) - len(kept)
            yield Page(kept, None if page.total is None else page.total - early)

    def _by_id(self, reading: _Reading, ids: Sequence[str]) -> Iterator[Page]:
        # What is no GUID belongs to nobody, and may spoil the list.
        wanted = list(dict.fromkeys(each for each in ids if _GUID.fullmatch(each)))
        if reading.info.type in _LISTED_BY_ID:
            questions = [{"IDs": ",".join(chunk)} for chunk in chunks(wanted, IDS)]
        else:
            own = reading.info.id_field
            questions = [{"where": text} for text in _any_of(f'{own}==Guid("{each}")' for each in wanted)]
        lowered = {each.lower() for each in wanted}
        return self._picked(reading, questions, lambda record: record.ref.id.lower() in lowered)

    def _by_value(self, reading: _Reading, where: Field, values: Sequence[str]) -> Iterator[Page]:
        wanted = list(dict.fromkeys(value for value in (each.strip() for each in values) if value))
        form = '"{}"'
        if where.kind is ValueType.REFERENCE and where.path.text.endswith("ID"):
            wanted, form = [each for each in wanted if _GUID.fullmatch(each)], 'Guid("{}")'
        folded = {each.casefold() for each in wanted}
        plain = [each for each in wanted if '"' not in each and "\\" not in each]
        questions = [{"where": text} for text in _any_of(f"{where.path.text}=={form.format(each)}" for each in plain)]
        quoted = [each for each in wanted if each not in plain]
        if reading.info.type in _LISTED_BY_ID:
            questions += [{"searchTerm": each} for each in quoted]
        elif quoted:
            questions = [{"order": reading.info.id_field} if reading.paged else {}]
        # Xero also ignores accents here and there, and a search term may stand anywhere.
        return self._picked(
            reading, questions, lambda record: str(record.fields.get(where.name) or "").casefold() in folded
        )

    def _picked(self, reading: _Reading, questions: Sequence[Mapping[str, str]], wanted: Wanted) -> Iterator[Page]:
        """What is wanted of the answers; where all records are one call away, that is never more than one."""
        if not reading.paged and len(questions) > 1:
            questions = [{}]
        seen: set[str] = set()
        for pages in overlapping(lambda question: list(self._pages(reading.info, question)), questions):
            for documents, _ in pages:
                records = reading.records(documents)
                fresh = tuple(each for each in records if each.ref.id not in seen and wanted(each))
                seen.update(each.ref.id for each in fresh)
                yield Page(fresh)

    def _records(
        self,
        reading: _Reading,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        *,
        ahead: bool = False,
    ) -> Iterator[Page]:
        for documents, total in self._pages(reading.info, params, headers, ahead=ahead):
            yield Page(reading.records(documents), total)

    def _pages(
        self,
        info: TypeInfo,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        *,
        ahead: bool = False,
    ) -> Iterator[tuple[list[Document], int | None]]:
        """The pages of one list, each document once, and how many there are on all pages.

        With `ahead` the pages that the first one announces are asked for at once; the list must be in the order of ids.
        """
        paged = info.settings.get("paged", True)
        asked = {**params, **_ALWAYS.get(info.type, {})}
        only = info.settings.get("only")
        # Whether Xero narrows a list of ids by anything else, no document says.
        if only and "IDs" not in asked:
            asked["where"] = f"({asked['where']})&&{only}" if "where" in asked else only

        def answer(number: int) -> Document:
            of_page = {"page": str(number), "pageSize": str(_PAGE)} if paged else {}
            call = Call("GET", f"{_ROOT}/{info.path}", "reads", asked | of_page, headers or {}, windows=MINUTE)
            return self._document(call)

        seen: set[str] = set()
        for document, last in _chained(answer, info.path, ahead=ahead) if paged else [(answer(1), True)]:
            found = document.get(info.path) or []
            fresh = [each for each in found if each[info.id_field] not in seen and _belongs(only, each)]
            seen.update(each[info.id_field] for each in fresh)
            yield fresh, len(seen) if last else _pagination(document).get("itemCount")

    # --- writing -----------------------------------------------------------------------------------------------------

    def batch_size(self, type_name: str, *, create: bool) -> int:
        return _BATCH

    def prepare(self, type_name: str) -> bool:
        # The field is always there (`ContactNumber`), and only an API can write it. Items have none.
        return self._catalogue.type(App.XERO, type_name).memory is not None

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        results = {
            index: self._take_away(write)
            for index, write in enumerate(writes)
            if write.archive and write.type in _TAKEN_AWAY_SINGLY
        }
        together = {index: write for index, write in enumerate(writes) if index not in results}
        if together:
            self._send(together, results)
        return [results[index] for index in range(len(writes))]

    def _take_away(self, write: Write) -> WriteResult:
        """Deletes one payment or item: they have an address of their own for that, and no batch (6.3, 6.5)."""
        info = self._catalogue.type(App.XERO, write.type)
        path, status = f"{info.path}/{write.id}", info.settings["archive"]
        if status:
            answer = self._answered("POST", path, {}, encode_body(status), [write.key], tries=1)
        else:
            answer = self._http.send(Call("DELETE", f"{_ROOT}/{path}", "writes", windows=MINUTE))
        said = messages(answer.document or {}) or [f"status {answer.status}"]
        if answer.status == 500:
            return WriteResult(None, WriteError(Failure.IN_DOUBT, "no-answer", " ".join(said)))
        found = (answer.document or {}).get(info.path) or []
        if found and answer.succeeded:
            return WriteResult(self._written(info, write, found[0]))
        if not status and (answer.succeeded or answer.status == 404):
            return WriteResult(Record(RecordRef(App.XERO, info.type, str(write.id)), {}, life=Life.DELETED))
        return WriteResult(None, refusal(said, "not-found" if answer.status == 404 else "validation"))

    def _send(self, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        first = next(iter(writes.values()))
        info = self._catalogue.type(App.XERO, first.type)
        create = first.id is None
        elements = [element_of(info, write) for write in writes.values()]
        body = encode_body({info.path: elements})
        params = {"summarizeErrors": "false"} | ({"unitdp": "4"} if info.type in _PRICED else {})
        # What creates or ends a record does it once: the repeat of one that arrived would be refused.
        tries = 1 if create or any(_ends(info, each) for each in writes.values()) else _UPDATE_TRIES
        keys = [each.key for each in writes.values()]
        answer = self._answered("PUT" if create else "POST", info.path, params, body, keys, tries)
        if answer.status == 500:
            said = " ".join(messages(answer.document or {})) or "status 500"
            results.update(dict.fromkeys(writes, WriteResult(None, WriteError(Failure.IN_DOUBT, "no-answer", said))))
        elif answer.succeeded:
            self._match(info, writes, elements, (answer.document or {}).get(info.path) or [], results)
        elif len(writes) == 1:
            code = "not-found" if answer.status == 404 else "validation"
            said_of_it = messages(answer.document or {}) or [f"status {answer.status}"]
            results[next(iter(writes))] = WriteResult(None, refusal(said_of_it, code))
        else:
            # One element that can't be parsed, or an id that nobody has, refuses the whole call (2.6, 2.7).
            items = list(writes.items())
            self._send(dict(items[: len(items) // 2]), results)
            self._send(dict(items[len(items) // 2 :]), results)

    def _answered(
        self, method: str, path: str, params: Mapping[str, str], body: bytes, keys: Sequence[str], tries: int
    ) -> Answer:
        for try_number in range(tries):
            named = "\n".join((method, path, str(try_number), *keys)).encode()
            key = hashlib.sha256(named + b"\n" + body).hexdigest()
            answer = self._http.send(
                Call(
                    method,
                    f"{_ROOT}/{path}",
                    "writes",
                    params,
                    {"Idempotency-Key": f"hxrules-{key}"},
                    body,
                    windows=MINUTE,
                    returns=frozenset({500}),
                )
            )
            if answer.status != 500:
                break
        return answer

    def _match(
        self,
        info: TypeInfo,
        writes: Mapping[int, Write],
        elements: Sequence[Entry],
        found: Sequence[Document],
        results: dict[int, WriteResult],
    ) -> None:
        answers = answers_to(info, elements, found)
        for answer, (index, write) in zip(answers, writes.items(), strict=True):
            if answer is None:
                silent = WriteError(Failure.IN_DOUBT, "no-answer", "Xero's answer does not mention this record.")
                results[index] = WriteResult(None, silent)
            elif failed(info, answer):
                results[index] = WriteResult(None, refusal(messages(answer)))
            else:
                results[index] = WriteResult(self._written(info, write, answer))

    def _written(self, info: TypeInfo, write: Write, document: Document) -> Record:
        told = (info.fields[name] for name in info.settings.get("reads", ()))
        # What an answer leaves out was not read, which is not the same as empty.
        fields = (*write.values, *(each for each in told if each.path.text in document))
        return Decoder(info, tuple(dict.fromkeys(fields))).record(document)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _document(self, call: Call) -> Document:
        answer = self._http.send(call)
        if answer.succeeded:
            # 304 has no body: nothing has changed since.
            return answer.document or {}
        document = answer.document or {}
        said = " ".join(messages(document)) or "no reason given"
        cause = f"{call.method} {call.path}: status {answer.status}: {said[:300]}"
        remedy = "Check that the organisation still has what the ruleset names."
        if document.get("ErrorNumber") == _HIGH_VOLUME:
            remedy = "The organisation has more than 100,000 records: filters must use fields that Xero keeps indexed."
        raise Halt(1, [Problem("HX423", "Xero refuses a read", cause, remedy)])


def _ends(info: TypeInfo, write: Write) -> bool:
    """Whether nothing can be written to the record afterwards: it is archived, voided or deleted."""
    ended: Mapping[str, str] = info.settings.get("ended") or {}
    states = [
        field.wire_choices.get(str(value))
        for field, value in write.values.items()
        if field.name == ended.get("property")
    ]
    return write.archive or any(each in ended for each in states)


def _any_of(equalities: Iterable[str]) -> Iterator[str]:
    """`where` texts that ask for all of these, each short enough for a URL."""
    text = ""
    for one in equalities:
        longer = f"{text}||{one}" if text else one
        if text and len(quote(longer, safe="")) > _WHERE_TEXT:
            yield text
            longer = one
        text = longer
    if text:
        yield text


def _chained(answer: Callable[[int], Document], path: str, *, ahead: bool) -> Iterator[tuple[Document, bool]]:
    """The pages of a list, and whether each is the last one; some may come twice.

    Pages that are read at once need not be read in order. A record that is new meanwhile pushes others over the border of
    a page, from one that was not read yet to one that was: then the announced count has changed, and pages are read one by one.
    """
    document = answer(1)
    number, pages = 1, int(_pagination(document).get("pageCount", 0))
    if ahead and pages > 2:
        announced = _pagination(document).get("itemCount")
        yield document, False
        for number, document in enumerate(overlapping(answer, range(2, pages + 1)), 2):
            if _pagination(document).get("itemCount") != announced:
                number, document = 2, answer(2)
                break
            if number < pages:
                yield document, False
    while True:
        pages = int(_pagination(document).get("pageCount", number + 1))
        last = number >= pages or len(document.get(path) or ()) < _PAGE
        yield document, last
        if last:
            return
        number += 1
        document = answer(number)


def _pagination(document: Document) -> Document:
    return document.get("pagination") or {}


def _belongs(only: str | None, document: Document) -> bool:
    """Whether a document is one of those that the type is narrowed to."""
    narrowed = _ONLY.fullmatch(only) if only else None
    return narrowed is None or document.get(narrowed["name"]) == narrowed["value"]


def _day(raw: Any) -> date | None:
    try:
        day = canonical(ValueType.DAY, moment(raw))
    except NotOfType:
        return None
    return day if isinstance(day, date) else None


def open_xero(
    settings: Settings, catalogue: Catalogue, timing: Timing, patience: float, budget: Budget | None = None
) -> Xero:
    """The connector for the organisation behind the settings' consent or custom connection; nothing is sent yet."""
    usage = Usage()
    consent = settings.consent(App.XERO)
    account = (App.XERO, settings.xero_url, consent[0].account if consent else settings.xero_client_id, timing)
    limits = shared(account, lambda: pace(timing))
    dialect = XeroDialect()

    def opened(root: str, signed: Authorizer) -> Http:
        return Http(root, dialect, signed, pace=limits, usage=usage, timing=timing, patience=patience, budget=budget)

    http = opened(settings.xero_url, authorizer(App.XERO, settings, timing, opened))
    return Xero(http, usage, catalogue, consent[0].account if consent else "")
