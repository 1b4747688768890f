"""Xero's endpoints behind the contract of `protocol` (facts/xero.md 2-6).

Reads. Everything: pages of 1,000 in the order of the record's id, which never moves: a record that changes meanwhile
keeps its place, and none slips past the border of a page (in Xero's own order, by time of change, it would). Newest
first: `If-Modified-Since` and the reverse order of time; what changes meanwhile goes to the top, so a record may be met
twice (and is dropped), and one that changes before it was met is left to the next such read. By id: forty in a URL. By
value: a `where` of equalities; a value that its quotes can't hold is looked for by `searchTerm`. A contact of Xero says
nothing of its invoices, so a word for them stays absent (not read).

Writes. PUT creates, POST with the record's id updates; never POST by name or number (facts/xero.md 2.4).
`summarizeErrors=false` gives one verdict a record, the `Idempotency-Key` makes repeats safe for six minutes. After a
500 nobody knows: Xero remembers that answer too, so creates stay in doubt; an update may be sent again under another
key, as it only sets what it sets.

See also: `xero_codec` (values ⇄ JSON), `xero_dialect` (errors and limits), `http`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from hxrules.catalogue import Catalogue, Field, TypeInfo
from hxrules.connectors.auth import Basic, ClientCredentials
from hxrules.connectors.http import Answer, Call, Http, encode_body, not_as_expected
from hxrules.connectors.pace import Pace, Timing
from hxrules.connectors.protocol import Usage
from hxrules.connectors.settings import Settings
from hxrules.connectors.xero_codec import ZERO_ID, Decoder, Entry, element_of
from hxrules.connectors.xero_dialect import IN_FLIGHT, MINUTE, XeroDialect, messages, refusal, windows
from hxrules.connectors.xero_time_zones import IANA
from hxrules.problems import Halt, Problem
from hxrules.records import (
    App,
    Failure,
    Organisation,
    Page,
    ReadRequest,
    Record,
    Write,
    WriteError,
    WriteResult,
    chunks,
)

_ROOT: Final = "/api.xro/2.0"
_PAGE: Final = 1_000
_BATCH: Final = 50
_IDS: Final = 40
_WHERE_TEXT: Final = 1_800
"""Characters of an encoded `where`; URLs break near 2,050 (5.3)."""
_ARCHIVES: Final = frozenset({"contacts"})
"""Types whose lists leave archived records out unless asked."""
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HIGH_VOLUME: Final = 51
_UPDATE_TRIES: Final = 3

Document = dict[str, Any]


class Xero:
    """See `protocol.Connector`. `identity` is where tokens come from; it is closed with the rest."""

    app = App.XERO

    def __init__(self, http: Http, identity: Http, usage: Usage, catalogue: Catalogue) -> None:
        self.usage = usage
        self._http = http
        self._identity = identity
        self._catalogue = catalogue

    def close(self) -> None:
        self._http.close()
        self._identity.close()

    def identify(self) -> Organisation:
        call = Call("GET", f"{_ROOT}/Organisation", "settings", windows=MINUTE)
        found, *_ = self._document(call).get("Organisations") or [{}]
        tenant, zone = str(found.get("OrganisationID") or ""), str(found.get("Timezone") or "")
        if not tenant:
            raise not_as_expected("Xero", call)
        if zone not in IANA:
            summary = f"Xero names a time zone that hxrules does not know: {zone or 'none'}"
            raise Halt(1, [Problem("HX422", summary, "Days are days of the organisation's time zone.")])
        # A custom connection's token is bound to one organisation, so this call needs no tenant; the id names it.
        self._http.headers["Xero-Tenant-Id"] = tenant
        return Organisation(
            tenant=tenant,
            name=str(found.get("Name") or ""),
            short_code=str(found.get("ShortCode") or ""),
            time_zone=IANA[zone],
            base_currency=str(found.get("BaseCurrency") or ""),
        )

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(self, request: ReadRequest) -> Iterator[Page]:
        info = self._catalogue.type(App.XERO, request.type)
        decoder = Decoder(info, request.fields)
        if request.ids is not None:
            return self._by_id(info, decoder, request.ids)
        if request.where is not None:
            return self._by_value(info, request, *request.where)
        if request.since is not None:
            return self._newest_first(info, decoder, request.since)
        return self._records(info, decoder, {"order": info.id_field})

    def _newest_first(self, info: TypeInfo, decoder: Decoder, since: datetime) -> Iterator[Page]:
        # Whole seconds without a zone (5.1); one second early, as nobody says whether the second itself is included.
        from_second = since.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)
        headers = {"If-Modified-Since": from_second.strftime("%Y-%m-%dT%H:%M:%S")}
        for page in self._records(info, decoder, {"order": f"{info.updated} DESC"}, headers):
            kept = tuple(each for each in page.records if each.updated is None or each.updated >= since)
            early = len(page.records) - len(kept)
            yield Page(kept, None if page.total is None else page.total - early)

    def _by_id(self, info: TypeInfo, decoder: Decoder, ids: Sequence[str]) -> Iterator[Page]:
        # What is no GUID belongs to nobody, and may spoil the list.
        for chunk in chunks(dict.fromkeys(each for each in ids if _GUID.fullmatch(each)), _IDS):
            yield from self._records(info, decoder, {"IDs": ",".join(chunk)})

    def _by_value(self, info: TypeInfo, request: ReadRequest, where: Field, values: Sequence[str]) -> Iterator[Page]:
        decoder = Decoder(info, tuple(dict.fromkeys((*request.fields, where))))
        wanted = list(dict.fromkeys(value for value in (each.strip() for each in values) if value))
        folded = {each.casefold() for each in wanted}
        plain = [each for each in wanted if '"' not in each and "\\" not in each]
        questions = [{"where": text} for text in _equalities(where, plain)]
        questions += [{"searchTerm": each} for each in wanted if each not in plain]
        for question in questions:
            for page in self._records(info, decoder, question):
                # Xero also ignores accents here and there, and a search term may stand anywhere.
                same = (each for each in page.records if str(each.fields.get(where.name) or "").casefold() in folded)
                yield Page(tuple(same))

    def _records(
        self, info: TypeInfo, decoder: Decoder, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Iterator[Page]:
        """The pages of one list, each record once."""
        paged = info.settings.get("paged", True)
        asked = dict(params)
        if paged:
            asked |= {"page": "1", "pageSize": str(_PAGE)}
        if info.type in _ARCHIVES:
            asked["includeArchived"] = "true"
        seen: set[str] = set()
        number = 1
        while True:
            document = self._document(
                Call("GET", f"{_ROOT}/{info.path}", "reads", asked, headers or {}, windows=MINUTE)
            )
            found = document.get(info.path) or []
            records = tuple(decoder.record(each) for each in found if each[info.id_field] not in seen)
            seen.update(each.ref.id for each in records)
            pagination = document.get("pagination") or {}
            last = not paged or len(found) < _PAGE or number >= int(pagination.get("pageCount", number + 1))
            yield Page(records, len(seen) if last else pagination.get("itemCount"))
            if last:
                return
            number += 1
            asked["page"] = str(number)

    # --- writing -----------------------------------------------------------------------------------------------------

    def batch_size(self, type_name: str, *, create: bool) -> int:
        return _BATCH

    def prepare(self, type_name: str) -> bool:
        # The field is always there (`ContactNumber`), and only an API can write it.
        return self._catalogue.type(App.XERO, type_name).memory is not None

    def write(self, writes: Sequence[Write]) -> list[WriteResult]:
        results: dict[int, WriteResult] = {}
        if writes:
            self._send(dict(enumerate(writes)), results)
        return [results[index] for index in range(len(writes))]

    def _send(self, writes: Mapping[int, Write], results: dict[int, WriteResult]) -> None:
        first = next(iter(writes.values()))
        info = self._catalogue.type(App.XERO, first.type)
        create = first.id is None
        elements = [element_of(info, write) for write in writes.values()]
        body = encode_body({info.path: elements})
        answer = self._answered(info, create, body, [each.key for each in writes.values()])
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

    def _answered(self, info: TypeInfo, create: bool, body: bytes, keys: Sequence[str]) -> Answer:
        method = "PUT" if create else "POST"
        for try_number in range(1 if create else _UPDATE_TRIES):
            named = "\n".join((method, info.path, str(try_number), *keys)).encode()
            key = hashlib.sha256(named + b"\n" + body).hexdigest()
            answer = self._http.send(
                Call(
                    method,
                    f"{_ROOT}/{info.path}",
                    "writes",
                    {"summarizeErrors": "false"},
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
        """Xero keeps the order (2.5) but does not promise it: each place is confirmed, else looked for elsewhere."""
        for place, (index, write) in enumerate(writes.items()):
            here = found[place : place + 1]
            answer = next((each for each in (*here, *found) if _same(info, elements[place], each)), None)
            if answer is None:
                silent = WriteError(Failure.IN_DOUBT, "no-answer", "Xero's answer does not mention this record.")
                results[index] = WriteResult(None, silent)
            elif _failed(info, answer):
                results[index] = WriteResult(None, refusal(messages(answer)))
            else:
                results[index] = WriteResult(self._written(info, write, answer))

    def _written(self, info: TypeInfo, write: Write, document: Document) -> Record:
        return Decoder(info, tuple(write.values)).record(document)

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


def _equalities(where: Field, values: Iterable[str]) -> Iterator[str]:
    """`where` texts that ask for all of `values`, each short enough for a URL."""
    name = where.path.text
    text = ""
    for value in values:
        one = f'{name}=="{value}"'
        longer = f"{text}||{one}" if text else one
        if text and len(quote(longer, safe="")) > _WHERE_TEXT:
            yield text
            longer = one
        text = longer
    if text:
        yield text


def _same(info: TypeInfo, sent: Entry, answered: Document) -> bool:
    """Whether an element of the answer is about the element that was sent: by id, else by every key that both name."""
    own = sent.get(info.id_field)
    if own is not None:
        return str(answered.get(info.id_field)).lower() == str(own).lower()
    keys = [each.name for each in info.fields.values() if each.unique]
    if info.memory:
        keys.append(info.memory)
    return all(_squeezed(sent[key]) == _squeezed(answered[key]) for key in keys if sent.get(key) and answered.get(key))


def _squeezed(text: object) -> str:
    return " ".join(str(text).split()).casefold()


def _failed(info: TypeInfo, element: Document) -> bool:
    return (
        element.get("StatusAttributeString") == "ERROR"
        or bool(element.get("HasErrors") or element.get("HasValidationErrors"))
        or element.get(info.id_field) in (None, "", ZERO_ID)
    )


def open_xero(settings: Settings, catalogue: Catalogue, timing: Timing, patience: float) -> Xero:
    """The connector for the organisation behind the settings' custom connection; nothing is sent yet."""
    usage = Usage()
    pace = Pace(usage, timing, windows(), IN_FLIGHT)
    dialect = XeroDialect()
    basic = Basic(settings.xero_client_id, settings.xero_client_secret)
    identity = Http(
        settings.xero_identity_url, dialect, basic, pace=pace, usage=usage, timing=timing, patience=patience
    )
    token = ClientCredentials(identity, basic.secrets, timing)
    http = Http(settings.xero_url, dialect, token, pace=pace, usage=usage, timing=timing, patience=patience)
    return Xero(http, identity, usage, catalogue)
