"""Each quirk of the local HubSpot changes what a client sees, and only that; `SEEN` tells how."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from invoice_desk import Desk

from hxrules.sandbox.hubspot import QUIRKS
from hxrules.sandbox.hubspot.oauth import CLIENT_ID, CLIENT_SECRET
from tests.connectors.consent import answered

CONTACTS = "/crm/objects/2026-09/contacts"
TOKEN = "/oauth/2026-09/token"
COMPANIES = "/crm/objects/2026-09/companies"
SEARCH = ("POST", f"{CONTACTS}/search")
RunHubspot = Callable[..., httpx.Client]


def add(hubspot: httpx.Client, path: str = CONTACTS, **properties: str) -> dict[str, Any]:
    row: dict[str, Any] = hubspot.post(path, json={"properties": properties}).json()
    return row


def two(hubspot: httpx.Client) -> tuple[str, str]:
    return add(hubspot, email="a@a.example")["id"], add(hubspot, email="b@a.example", city="Perth")["id"]


def statuses(hubspot: httpx.Client, count: int, method: str = "GET", path: str = CONTACTS) -> Any:
    return [hubspot.request(method, path, json={} if method == "POST" else None).status_code for _ in range(count)]


def searched_at_once(hubspot: httpx.Client) -> Any:
    add(hubspot, email="a@a.example")
    return hubspot.post(f"{CONTACTS}/search", json={}).json()["total"]


def different(hubspot: httpx.Client) -> Any:
    two(hubspot)
    conditions = ({"operator": "NEQ", "value": "Perth"}, {"operator": "NOT_IN", "values": ["perth"]})
    bodies = [{"filters": [{"propertyName": "city", **condition}]} for condition in conditions]
    return [hubspot.post(f"{CONTACTS}/search", json=body).json()["total"] for body in bodies]


def iso_filter(hubspot: httpx.Client) -> Any:
    filters = [{"propertyName": "createdate", "operator": "GT", "value": value} for value in ("0", "2026-01-01")]
    answers = [hubspot.post(f"{CONTACTS}/search", json={"filters": [each]}).status_code for each in filters]
    assert answers[0] == 200
    return answers[1]


def backward(hubspot: httpx.Client) -> Any:
    id = add(hubspot, email="a@a.example", lifecyclestage="customer")["id"]
    return hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"lifecyclestage": "lead"}}).status_code


def refreshed(hubspot: httpx.Client) -> Any:
    """Whether the answer names the same refresh token, and whether the first one still works."""
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    back = {"redirect_uri": "http://localhost/", "scope": "oauth"}
    address = answered(f"{hubspot.base_url}/oauth/authorize?{urlencode({**form, **back})}")
    code = address.partition("code=")[2]
    form["grant_type"] = "authorization_code"
    first = hubspot.post(TOKEN, data={**form, **back, "code": code}).json()["refresh_token"]
    form["grant_type"] = "refresh_token"
    again = [hubspot.post(TOKEN, data={**form, "refresh_token": first}) for _ in range(2)]
    return again[0].json()["refresh_token"] == first, again[1].status_code


def unique_invoice_property(hubspot: httpx.Client) -> Any:
    own = {"name": "x", "label": "X", "type": "string", "fieldType": "text", "groupName": "invoiceinformation"}
    return hubspot.post("/crm/properties/2026-09/invoices", json={**own, "hasUniqueValue": True}).status_code


def retry_after(hubspot: httpx.Client) -> Any:
    hubspot.post("/_sandbox/faults", json={"rules": [{"kind": "429"}]})
    return [hubspot.request(*call, json={}).headers.get("retry-after") for call in (("GET", CONTACTS), SEARCH)]


def merged(hubspot: httpx.Client) -> tuple[str, str, str]:
    one, other = two(hubspot)
    body = {"primaryObjectId": one, "objectIdToMerge": other}
    return one, other, hubspot.post(f"{CONTACTS}/merge", json=body).json()["id"]


def merged_id_is_kept(hubspot: httpx.Client) -> Any:
    one, _, survivor = merged(hubspot)
    return survivor == one


def merged_ids_lead_on(hubspot: httpx.Client) -> Any:
    one, other, survivor = merged(hubspot)
    rows = [hubspot.get(f"{CONTACTS}/{id}") for id in (one, other)]
    return [row.json().get("id") == survivor for row in rows]


def conflicting_patch(hubspot: httpx.Client) -> Any:
    _, other = two(hubspot)
    return hubspot.patch(f"{CONTACTS}/{other}", json={"properties": {"email": "a@a.example"}}).status_code


def conflicting_batch(hubspot: httpx.Client) -> Any:
    two(hubspot)
    inputs = [{"properties": {"email": email}, "objectWriteTraceId": email} for email in ("a@a.example", "c@a.example")]
    return hubspot.post(f"{CONTACTS}/batch/create", json={"inputs": inputs}).status_code


def batch_in_order(hubspot: httpx.Client) -> Any:
    emails = [f"{n}@a.example" for n in range(9)]
    inputs = [{"properties": {"email": email}} for email in emails]
    rows = hubspot.post(f"{CONTACTS}/batch/create", json={"inputs": inputs}).json()["results"]
    return [row["properties"]["email"] for row in rows] == emails


def echo(hubspot: httpx.Client) -> Any:
    id = add(hubspot, email="a@a.example")["id"]
    return "email" in hubspot.patch(f"{CONTACTS}/{id}", json={"properties": {"city": "Perth"}}).json()["properties"]


def noop_moves(hubspot: httpx.Client) -> Any:
    made = add(hubspot, email="a@a.example")
    hubspot.post("/_sandbox/clock", json={"advance": "1h"})
    updated = hubspot.patch(f"{CONTACTS}/{made['id']}", json={"properties": {"email": "a@a.example"}}).json()
    return updated["updatedAt"] > made["updatedAt"]


def empty_property(hubspot: httpx.Client) -> Any:
    id = add(hubspot, email="a@a.example")["id"]
    return "city" in hubspot.get(f"{CONTACTS}/{id}", params={"properties": "city"}).json()["properties"]


def trimmed(hubspot: httpx.Client) -> Any:
    return add(hubspot, email="a@a.example", city=" Perth ")["properties"]["city"]


def nameless(hubspot: httpx.Client) -> Any:
    return hubspot.post(CONTACTS, json={"properties": {}}).status_code


def by_second_email(hubspot: httpx.Client) -> Any:
    _, _, survivor = merged(hubspot)
    upserted = hubspot.post(
        f"{CONTACTS}/batch/upsert", json={"inputs": [{"id": "b@a.example", "idProperty": "email", "properties": {}}]}
    ).json()["results"][0]
    assert (upserted["id"], upserted["new"]) == (survivor, False)
    return hubspot.get(f"{CONTACTS}/b@a.example", params={"idProperty": "email"}).status_code


def history_page(hubspot: httpx.Client) -> Any:
    return hubspot.get(CONTACTS, params={"limit": 60, "propertiesWithHistory": "email"}).status_code


def unlinked(hubspot: httpx.Client) -> Any:
    id = add(hubspot, email="a@a.example")["id"]
    body = {"inputs": [{"id": id}]}
    return hubspot.post("/crm/associations/2026-09/contacts/companies/batch/read", json=body).status_code


def to_object_id(hubspot: httpx.Client) -> Any:
    contact, company = add(hubspot, email="a@a.example")["id"], add(hubspot, COMPANIES, name="Acme")["id"]
    hubspot.put(f"{CONTACTS}/{contact}/associations/default/companies/{company}")
    rows = hubspot.get(f"{CONTACTS}/{contact}/associations/companies").json()["results"]
    return type(rows[0]["toObjectId"]).__name__


def line_items_key(hubspot: httpx.Client) -> Any:
    invoice = add(hubspot, "/crm/objects/2026-09/invoices", hs_currency="AUD")["id"]
    line = add(hubspot, "/crm/objects/2026-09/line_items", name="Tea")["id"]
    hubspot.put(f"/crm/objects/2026-09/invoices/{invoice}/associations/default/line_items/{line}")
    row = hubspot.get(f"/crm/objects/2026-09/invoices/{invoice}", params={"associations": "line_items"}).json()
    return [*row["associations"]]


def mirror_wrote(hubspot: httpx.Client, name: str, value: str) -> Any:
    """What a mirror holds after a value was written on it; the status of the refusal where it was refused."""
    desk = Desk(hubspot)
    answer = desk.set("invoices", desk.mirror(), **{name: value})
    if answer.status_code != 200:
        return answer.status_code
    return desk.get("invoices", answer.json()["id"], name)[name]


def mirror_source(hubspot: httpx.Client) -> Any:
    desk = Desk(hubspot)
    own = desk.get("invoices", desk.invoice(), "hs_invoice_source")
    assert own == {"hs_invoice_source": "hubspot"}
    return desk.get("invoices", desk.mirror(), "hs_invoice_source")["hs_invoice_source"]


def mirror_number(hubspot: httpx.Client) -> Any:
    desk = Desk(hubspot)
    return desk.get("invoices", desk.mirror(hs_invoice_status="open"), "hs_number")["hs_number"]


def mirror_edit(hubspot: httpx.Client) -> Any:
    desk = Desk(hubspot)
    id = desk.mirror()
    line = desk.add("line_items", {"invoices": id}, name="Tea", price="1")
    desk.set("invoices", id, hs_invoice_status="open")
    edits = desk.set("line_items", line, price="2"), desk.set("invoices", id, hs_amount_billed="2")
    return [edit.status_code for edit in edits]


def written_status(hubspot: httpx.Client, status: str) -> Any:
    desk = Desk(hubspot)
    ids = desk.invoice(), desk.mirror(hs_invoice_status="open")
    return [desk.set("invoices", id, hs_invoice_status=status).status_code for id in ids]


def settled(hubspot: httpx.Client) -> Any:
    desk = Desk(hubspot)
    id = desk.invoice()
    desk.pay(id, "100")
    return desk.state(id)[0]


def tax_of_three(hubspot: httpx.Client) -> Any:
    desk = Desk(hubspot)
    line = {"name": "Tea", "price": "0.25", "hs_tax_rate_group_id": "2148420991"}
    return str(desk.state(desk.invoice(line, line, line))[1])


def taken_back(hubspot: httpx.Client) -> Any:
    body = {"properties": {"name": "Tea", "price": "1", "quantity": "-2"}}
    return hubspot.post("/crm/objects/2026-09/line_items", json=body).status_code


SEEN: tuple[tuple[str, str, Callable[[httpx.Client], Any], Any], ...] = (
    ("hubspot-burst-limit", "2", lambda hubspot: statuses(hubspot, 3), [200, 200, 429]),
    ("hubspot-burst-limit", "3", lambda hubspot: statuses(hubspot, 3), [200, 200, 200]),
    ("hubspot-daily-limit", "2", lambda hubspot: statuses(hubspot, 3), [200, 200, 429]),
    ("hubspot-search-limit", "1", lambda hubspot: statuses(hubspot, 2, "POST", f"{CONTACTS}/search"), [200, 429]),
    ("hubspot-search-limit", "9", lambda hubspot: statuses(hubspot, 9, "POST", f"{CONTACTS}/search"), [200] * 9),
    ("search-lag", "0", searched_at_once, 1),
    ("search-lag", "2.5", searched_at_once, 0),
    ("search-empty-differs", "no", different, [0, 0]),
    ("search-empty-differs", "yes", different, [1, 1]),
    ("search-date-values", "any", iso_filter, 200),
    ("search-date-values", "epoch", iso_filter, 400),
    ("lifecycle-backward", "ignored", backward, 200),
    ("lifecycle-backward", "400", backward, 400),
    ("commerce-unique", "allowed", unique_invoice_property, 201),
    ("commerce-unique", "refused", unique_invoice_property, 400),
    ("retry-after", "absent", retry_after, [None, None]),
    ("retry-after", "present", retry_after, ["10", "1"]),
    ("merge-id", "new", merged_id_is_kept, False),
    ("merge-id", "primary", merged_id_is_kept, True),
    ("merged-id-read", "404", merged_ids_lead_on, [False, False]),
    ("merged-id-read", "redirect", merged_ids_lead_on, [True, True]),
    ("patch-email-conflict-status", "409", conflicting_patch, 409),
    ("patch-email-conflict-status", "400", conflicting_patch, 400),
    ("batch-conflict", "207", conflicting_batch, 207),
    ("batch-conflict", "409", conflicting_batch, 409),
    ("batch-order", "shuffled", batch_in_order, False),
    ("batch-order", "input", batch_in_order, True),
    ("write-echo", "touched", echo, False),
    ("write-echo", "all", echo, True),
    ("noop-update", "moves", noop_moves, True),
    ("noop-update", "stays", noop_moves, False),
    ("empty-property", "null", empty_property, True),
    ("empty-property", "absent", empty_property, False),
    ("trim-text", "yes", trimmed, "Perth"),
    ("trim-text", "no", trimmed, " Perth "),
    ("contact-minimum", "required", nameless, 400),
    ("contact-minimum", "none", nameless, 201),
    ("email-id-secondary", "yes", by_second_email, 200),
    ("email-id-secondary", "no", by_second_email, 404),
    ("history-page-limit", "50", history_page, 400),
    ("history-page-limit", "100", history_page, 200),
    ("association-read-empty", "error", unlinked, 207),
    ("association-read-empty", "absent", unlinked, 200),
    ("to-object-id", "string", to_object_id, "str"),
    ("to-object-id", "number", to_object_id, "int"),
    ("line-items-key", "spaced", line_items_key, ["line items"]),
    ("line-items-key", "plain", line_items_key, ["line_items"]),
    ("mirror-number", "written", lambda hubspot: mirror_wrote(hubspot, "hs_number", "X-1"), "X-1"),
    ("mirror-number", "ignored", lambda hubspot: mirror_wrote(hubspot, "hs_number", "X-1"), None),
    ("mirror-number", "refused", lambda hubspot: mirror_wrote(hubspot, "hs_number", "X-1"), 400),
    ("mirror-amounts", "written", lambda hubspot: mirror_wrote(hubspot, "hs_amount_billed", "7.5"), "7.5"),
    ("mirror-amounts", "ignored", lambda hubspot: mirror_wrote(hubspot, "hs_balance_due", "7.5"), "0.00"),
    ("mirror-amounts", "refused", lambda hubspot: mirror_wrote(hubspot, "hs_balance_due", "7.5"), 400),
    ("hubspot-refresh", "keeps", refreshed, (True, 200)),
    ("hubspot-refresh", "rotates", refreshed, (False, 400)),
    ("mirror-source", "hubspot", mirror_source, "hubspot"),
    ("mirror-source", "data_sync", mirror_source, "data_sync"),
    ("mirror-source", "absent", mirror_source, None),
    ("mirror-numbering", "none", mirror_number, None),
    ("mirror-numbering", "assigned", mirror_number, "INV-1001"),
    ("mirror-edits", "allowed", mirror_edit, [200, 200]),
    ("mirror-edits", "refused", mirror_edit, [400, 400]),
    *(
        (f"patch-{status}", setting, partial(written_status, status=status), seen)
        for status in ("paid", "voided")
        for setting, seen in (("mirrors", [400, 200]), ("all", [200, 200]), ("none", [400, 400]))
    ),
    ("payment-settles", "yes", settled, "paid"),
    ("payment-settles", "no", settled, "open"),
    ("invoice-tax-rounding", "line", tax_of_three, "0.84"),
    ("invoice-tax-rounding", "rate", tax_of_three, "0.83"),
    ("negative-quantity", "refused", taken_back, 400),
    ("negative-quantity", "accepted", taken_back, 201),
)


@pytest.mark.parametrize(("quirk", "value", "look", "seen"), SEEN, ids=[f"{row[0]}={row[1]}" for row in SEEN])
def test_a_quirk_changes_what_a_client_sees(
    run_hubspot: RunHubspot, quirk: str, value: str, look: Callable[[httpx.Client], Any], seen: Any
) -> None:
    assert look(run_hubspot(quirks={quirk: value})) == seen


def test_every_setting_of_every_quirk_is_shown_above() -> None:
    shown = {(quirk, value) for quirk, value, _, _ in SEEN}
    named = {(name, value) for name, quirk in QUIRKS.items() for value in quirk.allowed if value != "<number>"}
    assert named <= shown
    assert {name for name, _ in shown} == {*QUIRKS}
