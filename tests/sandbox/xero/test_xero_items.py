"""Items: unique codes, prices of two or four decimals, sides that are not traded, batches, deletion without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, listed, messages, sale

ZERO = "00000000-0000-0000-0000-000000000000"
GOLF = {
    "Code": "GB1",
    "Name": "Golf balls",
    "Description": "White ones",
    "PurchaseDescription": "From the factory",
    "SalesDetails": {"UnitPrice": 5.6789, "AccountCode": "200", "TaxType": "OUTPUT"},
    "PurchaseDetails": {"UnitPrice": 2.25, "AccountCode": "300", "TaxType": "INPUT"},
}


def codes(xero: Xero, **query: Any) -> list[str]:
    return [row["Code"] for row in xero.get("Items", **query).json()["Items"]]


def test_an_item_needs_no_more_than_a_code(xero: Xero) -> None:
    made = xero.one("PUT", "Items", {"Code": "Item-1"})
    shown = {name: value for name, value in made.items() if name not in ("ItemID", "UpdatedDateUTC")}
    assert shown == {
        "Code": "Item-1",
        "PurchaseDetails": {},
        "SalesDetails": {},
        "IsTrackedAsInventory": False,
        "IsSold": True,
        "IsPurchased": True,
        "ValidationErrors": [],
    }


def test_dates_have_an_offset_in_reads_alone_and_a_list_has_no_pages(xero: Xero) -> None:
    made = xero.one("PUT", "Items", GOLF)
    assert "+" not in made["UpdatedDateUTC"]
    body = xero.get("Items", page=1).json()
    assert "pagination" not in body
    assert body["Items"][0]["UpdatedDateUTC"] == made["UpdatedDateUTC"].replace(")/", "+0000)/")
    assert "ValidationErrors" not in body["Items"][0]


@pytest.mark.parametrize("path", ["{ItemID}", "GB1", "gb1"])
def test_an_item_is_read_by_its_id_or_code(xero: Xero, path: str) -> None:
    made = xero.one("PUT", "Items", GOLF)
    assert xero.one("GET", f"Items/{path.format(**made)}")["ItemID"] == made["ItemID"]


@pytest.mark.parametrize(
    ("written", "read", "price"),
    [({}, {}, 5.68), ({}, {"unitdp": 4}, 5.68), ({"unitdp": 4}, {}, 5.68), ({"unitdp": 4}, {"unitdp": 4}, 5.6789)],
)
def test_prices_have_four_decimals_when_written_and_read_so(
    xero: Xero, written: dict[str, Any], read: dict[str, Any], price: float
) -> None:
    xero.one("PUT", "Items", GOLF, **written)
    assert xero.one("GET", "Items/GB1", **read)["SalesDetails"]["UnitPrice"] == price
    assert listed(xero.get("Items", **read))[0]["SalesDetails"]["UnitPrice"] == price


def test_put_never_updates_and_post_updates_by_code_or_id(xero: Xero) -> None:
    made = xero.one("PUT", "Items", GOLF)
    answer = xero.call("PUT", "Items", {"Code": "gb1", "Name": "Other"})
    assert messages(answer) == ["Price List Item with Code 'gb1' already exists"]
    assert listed(answer)[0]["ItemID"] == ZERO
    by_code = xero.one("POST", "Items", {"Code": "GB1", "Name": "Renamed"})
    assert (by_code["ItemID"], by_code["Name"], by_code["Description"]) == (made["ItemID"], "Renamed", "White ones")
    by_id = xero.one("POST", f"Items/{made['ItemID']}", {"Code": "GB2"})
    assert (by_id["ItemID"], by_id["Code"], by_id["Name"]) == (made["ItemID"], "GB2", "Renamed")
    assert xero.one("POST", "Items", {"Code": "GB1"})["ItemID"] != made["ItemID"]
    taken = xero.call("POST", f"Items/{made['ItemID']}", {"Code": "GB1"})
    assert messages(taken) == ["Price List Item with Code 'GB1' already exists"]


def test_details_keep_what_an_update_leaves_out(xero: Xero) -> None:
    xero.one("PUT", "Items", GOLF)
    changed = xero.one("POST", "Items", {"Code": "GB1", "SalesDetails": {"UnitPrice": 6}})
    assert changed["SalesDetails"] == {"UnitPrice": 6, "AccountCode": "200", "TaxType": "OUTPUT"}
    assert changed["PurchaseDetails"]["UnitPrice"] == 2.25


@pytest.mark.parametrize(
    ("flag", "gone", "kept"),
    [
        ("IsSold", ("Description", "SalesDetails"), ("PurchaseDescription", "PurchaseDetails")),
        ("IsPurchased", ("PurchaseDescription", "PurchaseDetails"), ("Description", "SalesDetails")),
    ],
)
def test_a_side_that_is_not_traded_loses_its_text_and_details(
    xero: Xero, flag: str, gone: tuple[str, str], kept: tuple[str, str]
) -> None:
    xero.one("PUT", "Items", GOLF)
    changed = xero.one("POST", "Items", {"Code": "GB1", flag: False})
    assert changed[flag] is False
    assert [changed.get(name) for name in gone] == [None, {}]
    assert all(changed[name] for name in kept)
    back = xero.one("POST", "Items", {"Code": "GB1", flag: True})
    assert back.get(gone[0]) is None, "what was nulled is lost"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Code": ""}, "Code must be specified."),
        ({"Code": "x" * 31}, "The field Code must be a string with a maximum length of 30."),
        ({"Name": "x" * 51}, "The field Name must be a string with a maximum length of 50."),
        ({"Description": "x" * 4001}, "The field Description must be a string with a maximum length of 4000."),
        ({"PurchaseDescription": "x" * 4001}, "The field PurchaseDescription must be a string with a maximum"),
        ({"SalesDetails": {"AccountCode": "999"}}, "Account code '999' is not a valid code for this document."),
        ({"SalesDetails": {"AccountCode": "090"}}, "Account code '090' is not a valid code for this document."),
        ({"SalesDetails": {"TaxType": "NOPE"}}, "The TaxType code 'NOPE' does not exist or cannot be used"),
        (
            {"SalesDetails": {"TaxType": "INPUT", "AccountCode": "200"}},
            "The TaxType code 'INPUT' cannot be used with account code '200'.",
        ),
        ({"PurchaseDetails": {"UnitPrice": "10000000000"}}, "The amount cannot exceed 9,999,999,999.99"),
        ({"InventoryAssetAccountCode": "200"}, "Account code '200' is not a valid code for this document."),
        ({"InventoryAssetAccountCode": "630"}, "A tracked item needs an InventoryAssetAccountCode and a COGS"),
    ],
)
def test_what_an_item_may_not_say(shared: Xero, sent: dict[str, Any], told: str) -> None:
    answer = shared.call("PUT", "Items", {"Code": "X", **sent})
    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 10)
    assert [text.startswith(told) for text in messages(answer)] == [True]
    assert codes(shared) == []


def test_stock_accounts_make_an_item_tracked(xero: Xero) -> None:
    details = {"COGSAccountCode": "310", "UnitPrice": 20}
    made = xero.one("PUT", "Items", {"Code": "T", "InventoryAssetAccountCode": "630", "PurchaseDetails": details})
    assert (made["IsTrackedAsInventory"], made["QuantityOnHand"], made["TotalCostPool"]) == (True, 0, 0)
    assert xero.one("PUT", "Items", {"Code": "U", "IsTrackedAsInventory": True})["IsTrackedAsInventory"] is False


def test_a_batch_is_all_or_nothing_or_told_apart(xero: Xero) -> None:
    batch = {"Items": [{"Code": "A"}, {"Code": "x" * 31}, {"Code": "B"}, {"Code": "A"}]}
    refused = xero.call("PUT", "Items", batch)
    assert (refused.status_code, len(listed(refused))) == (400, 2)
    assert codes(xero) == []
    rows = listed(xero.call("PUT", "Items", batch, summarizeErrors="false"))
    assert [row["StatusAttributeString"] for row in rows] == ["OK", "ERROR", "OK", "ERROR"]
    assert [row["ItemID"] == ZERO for row in rows] == [False, True, False, True]
    assert codes(xero) == ["A", "B"]


@pytest.mark.parametrize(("count", "status"), [(500, 200), (501, 400)])
def test_a_call_takes_500_items(xero: Xero, count: int, status: int) -> None:
    answer = xero.call("POST", "Items", {"Items": [{"Code": f"I{number}"} for number in range(count)]})
    assert answer.status_code == status
    assert len(codes(xero)) == (count if status == 200 else 0)


def test_a_deleted_item_vanishes_and_its_lines_keep_their_text(xero: Xero) -> None:
    made = xero.one("PUT", "Items", GOLF)
    invoice = xero.invoice({"ItemCode": "GB1", "Description": "Balls"})
    gone = xero.call("DELETE", f"Items/{made['ItemID']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert codes(xero) == []
    assert xero.call("DELETE", f"Items/{made['ItemID']}").status_code == 404
    assert xero.get("Items/GB1").status_code == 404
    since = {"If-Modified-Since": "2000-01-01T00:00:00"}
    assert xero.get("Items", headers=since).json()["Items"] == []
    assert xero.reread(invoice)["LineItems"][0]["Description"] == "Balls"
    assert xero.one("PUT", "Items", GOLF)["ItemID"] != made["ItemID"]


def test_a_tracked_item_that_was_used_stays(xero: Xero) -> None:
    tracked = {"Code": "T", "InventoryAssetAccountCode": "630", "PurchaseDetails": {"COGSAccountCode": "310"}}
    made = xero.one("PUT", "Items", tracked)
    xero.invoice({"ItemCode": "T"})
    answer = xero.call("DELETE", f"Items/{made['ItemID']}")
    assert answer.status_code == 400
    assert messages(answer) == ["The item cannot be deleted because it is tracked and has been used on transactions."]


def test_items_are_filtered_ordered_and_read_by_change(xero: Xero) -> None:
    for code, sold in (("B", True), ("A", False), ("C", True)):
        xero.one("PUT", "Items", {"Code": code, "IsSold": sold})
    assert codes(xero, where="IsSold==true", order="Code DESC") == ["C", "B"]
    assert codes(xero, where='Code=="a"') == ["A"]
    xero.advance("1m")
    since = {"If-Modified-Since": f"{xero.info.environment.clock.now():%Y-%m-%dT%H:%M:%S}"}
    xero.advance("1m")
    xero.one("POST", "Items", {"Code": "A", "Name": "New"})
    assert [row["Code"] for row in xero.get("Items", headers=since).json()["Items"]] == ["A"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_an_id_that_no_item_has_is_404(xero: Xero, method: str) -> None:
    unknown = "11111111-1111-4111-8111-111111111111"
    assert xero.call(method, "Items", {"ItemID": unknown, "Code": "X"}).status_code == 404
    assert xero.call("POST", f"Items/{unknown}", {"Code": "X"}).status_code == 404
    assert codes(xero) == []


def test_notes_are_added_to_an_item(xero: Xero) -> None:
    made = xero.one("PUT", "Items", GOLF)
    path = f"Items/{made['ItemID']}/History"
    xero.one("PUT", path, {"HistoryRecords": [{"Details": "note"}]})
    assert xero.one("GET", path)["Details"] == "note"


def test_a_key_makes_an_item_once(xero: Xero) -> None:
    key = {"Idempotency-Key": "k"}
    first, second = (xero.call("PUT", "Items", GOLF, headers=key).json() for _ in range(2))
    assert first == second
    assert codes(xero) == ["GB1"]


@pytest.mark.parametrize(
    ("scope", "read", "written"),
    [
        ("accounting.settings.read", 200, 401),
        ("accounting.settings", 200, 200),
        ("accounting.invoices", 200, 200),
        ("accounting.contacts", 401, 401),
    ],
)
def test_two_scopes_open_items(connect: ConnectXero, scope: str, read: int, written: int) -> None:
    xero = connect(scope)
    assert xero.get("Items").status_code == read
    assert xero.call("PUT", "Items", {"Code": "X"}).status_code == written


def test_a_line_takes_price_account_and_tax_from_its_item_and_keeps_what_is_sent(xero: Xero) -> None:
    details = {"UnitPrice": 12.5, "AccountCode": "260", "TaxType": "EXEMPTOUTPUT"}
    item = xero.one("PUT", "Items", {"Code": "K", "Name": "Kit", "SalesDetails": details})
    bare = {"UnitAmount": None, "AccountCode": None, "ItemCode": "k", "Quantity": 2}
    filled, own = xero.invoice(bare, {"ItemCode": "K", "UnitAmount": 20, "TaxType": "OUTPUT"})["LineItems"]
    assert (filled["UnitAmount"], filled["LineAmount"], filled["TaxAmount"]) == (12.5, 25, 0)
    assert (filled["AccountCode"], filled["TaxType"], filled["ItemCode"]) == ("260", "EXEMPTOUTPUT", "K")
    assert filled["Item"] == {"ItemID": item["ItemID"], "Name": "Kit", "Code": "K"}
    assert (own["UnitAmount"], own["AccountCode"], own["TaxType"]) == (20, "200", "OUTPUT")


def test_a_bill_takes_the_purchase_side_of_an_item(xero: Xero) -> None:
    xero.one("PUT", "Items", GOLF)
    bare = {"UnitAmount": None, "AccountCode": None, "ItemCode": "GB1"}
    (row,) = xero.invoice(bare, Type="ACCPAY")["LineItems"]
    assert (row["UnitAmount"], row["AccountCode"], row["TaxType"]) == (2.25, "300", "INPUT")


def test_an_unknown_item_on_a_line_is_refused(xero: Xero) -> None:
    answer = xero.call("PUT", "Invoices", sale({"ItemCode": "NOPE"}))
    assert messages(answer) == ["Item code 'NOPE' is not valid"]
