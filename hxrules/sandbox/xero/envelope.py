"""How the local Xero puts an answer on the wire: the envelope around records, and JSON or XML by the `Accept` header.

Invariants: money is a JSON number of exact digits (never a float); an answer without `Accept: application/json` is XML;
a reply without a document has no body.
See also: `errors` (the replies that say no), `dates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from xml.etree import ElementTree

import msgspec
from starlette.responses import Response

from hxrules.sandbox.xero.dates import written

Record = dict[str, Any]
"""One record in Xero's names with native values (instants, days, Decimals). Never changed in place: it is replaced."""

PROVIDER: Final = "hxrules sandbox"
"""The name of the registered app, which Xero repeats in every envelope."""

JSON: Final = "application/json; charset=utf-8"
_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True)
class Reply:
    """An answer before it is put on the wire; `text` is a body that is neither JSON nor XML, such as a 503's."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    text: str | None = None
    root: str = "Response"


class Refusal(Exception):
    """Ends a call with the given reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True)
class Call:
    """One Accounting call that may be carried out: signed in, within the limits, to an endpoint that exists.

    Names of query parameters are in lower case. `partial` is an injected fault: every other element of a batch fails.
    """

    method: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    partial: bool = False

    def flag(self, name: str) -> bool:
        """Whether a boolean query parameter is set; Xero takes any capitals."""
        return self.query.get(name.lower(), "").lower() == "true"

    def decimals(self) -> int:
        """The decimals of prices that the call asks for by `unitdp`: 4, else 2."""
        return 4 if self.query.get("unitdp") == "4" else 2

    def listed(self, name: str) -> list[str] | None:
        """The values of a comma separated query parameter; None where it is absent."""
        text = self.query.get(name.lower())
        return None if text is None else [part for part in (part.strip() for part in text.split(",")) if part]


@dataclass(frozen=True)
class Endpoint:
    """A path below `/api.xro/2.0`, such as `Contacts/{id}/History`; the scopes of which any opens it; its verbs."""

    path: str
    scopes: Sequence[str]
    verbs: Mapping[str, Callable[[Call], Reply]]


def enclose(
    identity: str, now: datetime, name: str, rows: Sequence[Any], pagination: Mapping[str, int] | None = None
) -> Reply:
    """The 200 envelope around `rows` under the plural `name`; `identity` is the guid of this response."""
    document: dict[str, Any] = {
        "Id": identity,
        "Status": "OK",
        "ProviderName": PROVIDER,
        "DateTimeUTC": written(now, offset=False),
    }
    if pagination is not None:
        document["pagination"] = dict(pagination)
    return Reply(200, {**document, name: list(rows)})


def encode(document: Any) -> bytes:
    """JSON, with Decimals as numbers."""
    return _encoder.encode(document)


def decode(body: bytes) -> Any:
    """JSON read with exact numbers; raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError`."""
    return _decoder.decode(body)


def render(reply: Reply, accept: str, headers: Mapping[str, str]) -> Response:
    """The HTTP answer in the form that the `Accept` header asks for, with `headers` added."""
    together = {**headers, **reply.headers}
    if reply.text is not None or reply.document is None:
        answer = Response(reply.text or b"", reply.status, together)
        if reply.media_type:
            answer.headers["Content-Type"] = reply.media_type
        return answer
    if "json" in accept.lower():
        return Response(encode(reply.document), reply.status, together, JSON)
    element = ElementTree.Element(reply.root)
    _grow(element, reply.document)
    body = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return Response(body, reply.status, together, "text/xml; charset=utf-8")


def _grow(element: ElementTree.Element, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _grow(ElementTree.SubElement(element, name), inner)
    elif isinstance(value, list):
        singular = element.tag.removesuffix("es") if element.tag.endswith("sses") else element.tag.removesuffix("s")
        for inner in value:
            _grow(ElementTree.SubElement(element, singular), inner)
    elif value is not None:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
