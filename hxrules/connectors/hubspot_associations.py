"""HubSpot's associations: which records belong to which, read and changed in batches (facts/hubspot.md 6).

A filter's word (`contact`, `line`) stands for a type of records; the catalogue's `type-ids` say what an association of a
type means. Reading beside a list (`hubspot`) is cheaper, and made where it can be. Making one that is there, and ending
one that is not, changes nothing: both may be repeated.

See also: `hubspot` (reads), `hubspot_writes` (writes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from hxrules.catalogue import Catalogue, TypeInfo
from hxrules.connectors.http import Call, Http, encode_body
from hxrules.connectors.hubspot_dialect import BURST, FORBIDDEN, checked, refusal, write_error
from hxrules.connectors.pace import overlapping
from hxrules.records import App, Write, WriteError, chunks

Document = dict[str, Any]

_READ_BATCH: Final = 1_000
_WRITE_BATCH: Final = 2_000


class _Pair(NamedTuple):
    """One association; `write` is the place of the write that asks for it."""

    write: int
    own: str
    other: str


class Associations:
    """The associations of one account."""

    def __init__(self, http: Http, catalogue: Catalogue, version: str) -> None:
        self._http = http
        self._catalogue = catalogue
        self._version = version

    def reached(self, info: TypeInfo, word: str) -> TypeInfo:
        """The type that a word reaches."""
        return self._catalogue.type(App.HUBSPOT, info.associations[word].type)

    def read(self, info: TypeInfo, word: str, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each id, the ids that `word` reaches."""
        path = self._path(info, word, "read")
        reached: dict[str, dict[str, None]] = {each: {} for each in ids}
        inputs: list[Document] = [{"id": each} for each in ids]
        while inputs:
            following: list[Document] = []
            for answer in overlapping(lambda chunk: self._asked(path, chunk), chunks(inputs, _READ_BATCH)):
                for result in answer.get("results") or ():
                    own = str(result["from"]["id"])
                    reached.setdefault(own, {}).update((str(each["toObjectId"]), None) for each in result["to"])
                    after = next_page(result)
                    if after is not None:
                        following.append({"id": own, "after": after})
            inputs = following
        return {own: tuple(found) for own, found in reached.items()}

    def _asked(self, path: str, inputs: Sequence[Document]) -> Document:
        call = Call("POST", path, "reads", body=encode_body({"inputs": inputs}), windows=BURST)
        return checked(call, self._http.send(call))

    def inline(self, info: TypeInfo, wanted: Mapping[str, Sequence[str]]) -> list[Document]:
        """The associations that a new record comes with."""
        return [{"to": {"id": each}, "types": self._types(info, word)} for word, ids in wanted.items() for each in ids]

    def change(self, info: TypeInfo, writes: Mapping[int, Write]) -> dict[int, WriteError]:
        """Makes what the writes associate, then ends what they part; the errors, by write.

        Nothing is ended for a write whose new associations failed: better two customers than none.
        """
        errors: dict[int, WriteError] = {}
        for word in _words(write.associations for write in writes.values()):
            made = _pairs({index: write.associations.get(word, ()) for index, write in writes.items()}, writes)
            self._send(info, word, "create", made, errors)
        for word in _words(write.parting for write in writes.values()):
            ended = {index: write.parting.get(word, ()) for index, write in writes.items() if index not in errors}
            self._send(info, word, "archive", _pairs(ended, writes), errors)
        return errors

    def _send(
        self,
        info: TypeInfo,
        word: str,
        deed: Literal["create", "archive"],
        pairs: Sequence[_Pair],
        errors: dict[int, WriteError],
    ) -> None:
        for chunk in chunks(pairs, _WRITE_BATCH):
            body = encode_body({"inputs": [self._input(info, word, deed, each) for each in chunk]})
            path = self._path(info, word, deed)
            answer = self._http.send(Call("POST", path, "writes", body=body, windows=BURST, returns=FORBIDDEN))
            if answer.succeeded:
                for error in (answer.document or {}).get("errors") or ():
                    errors.update(dict.fromkeys(_meant(error, chunk), write_error(error)))
            elif len(chunk) == 1 or answer.status == 403:
                errors.update(dict.fromkeys((each.write for each in chunk), refusal(answer)))
            else:
                for half in (chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]):
                    self._send(info, word, deed, half, errors)

    def _input(self, info: TypeInfo, word: str, deed: str, pair: _Pair) -> Document:
        own, other = {"id": pair.own}, {"id": pair.other}
        if deed == "archive":
            return {"from": own, "to": [other]}
        return {"from": own, "to": other, "types": self._types(info, word)}

    def _types(self, info: TypeInfo, word: str) -> list[Document]:
        return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": info.settings["type-ids"][word]}]

    def _path(self, info: TypeInfo, word: str, deed: str) -> str:
        return f"/crm/associations/{self._version}/{info.path}/{self.reached(info, word).path}/batch/{deed}"


def next_page(document: Mapping[str, Any]) -> str | None:
    """Where an answer, or a part of one, goes on; `None` at its end."""
    following = (document.get("paging") or {}).get("next") or {}
    return str(following["after"]) if following.get("after") is not None else None


def _words(wanted: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(word for each in wanted for word in each))


def _pairs(wanted: Mapping[int, Sequence[str]], writes: Mapping[int, Write]) -> list[_Pair]:
    return [_Pair(index, str(writes[index].id), other) for index, others in wanted.items() for other in others]


def _meant(error: Mapping[str, Any], pairs: Sequence[_Pair]) -> list[int]:
    """The writes that an error of a partial answer is about: by the pair that it names, or as much of one as it names."""
    context = error.get("context") or {}
    ends = [{str(each) for each in context.get(name) or ()} for name in ("fromObjectId", "toObjectId")]
    named = [
        each.write for each in pairs if all(not end or own in end for end, own in zip(ends, each[1:], strict=True))
    ]
    return list(dict.fromkeys(named))
