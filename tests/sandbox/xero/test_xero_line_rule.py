"""The lines of an update: named ones change, new ones are added, and whatever is not named is gone."""

from __future__ import annotations

from typing import Any

import pytest
from xero_client import ConnectXero, Xero, change, line


@pytest.fixture
def three(xero: Xero) -> tuple[Xero, dict[str, Any], list[str]]:
    """An invoice of three lines, and their ids."""
    invoice = xero.invoice({"UnitAmount": 1}, {"UnitAmount": 2, "Description": "two"}, {"UnitAmount": 3})
    return xero, invoice, [each["LineItemID"] for each in invoice["LineItems"]]


def test_named_lines_change_unnamed_ones_are_new_and_the_rest_are_gone(
    three: tuple[Xero, dict[str, Any], list[str]],
) -> None:
    xero, invoice, ids = three
    sent = [{"LineItemID": ids[1], "Quantity": 5}, line(Description="new", UnitAmount=7)]
    assert change(xero, invoice, LineItems=sent) == []
    first, second = xero.reread(invoice)["LineItems"]
    assert (first["LineItemID"], first["Description"], first["UnitAmount"]) == (ids[1], "two", 2)
    assert (first["Quantity"], first["LineAmount"], first["TaxAmount"]) == (5, 10, 1)
    assert second["LineItemID"] not in ids
    assert xero.reread(invoice)["SubTotal"] == 17


def test_lines_without_ids_replace_all(three: tuple[Xero, dict[str, Any], list[str]]) -> None:
    xero, invoice, ids = three
    assert change(xero, invoice, LineItems=[line(UnitAmount=1)] * 3) == []
    now = [each["LineItemID"] for each in xero.reread(invoice)["LineItems"]]
    assert len({*now, *ids}) == 6


def test_without_lines_the_lines_stay(three: tuple[Xero, dict[str, Any], list[str]]) -> None:
    xero, invoice, ids = three
    assert change(xero, invoice, Reference="new") == []
    assert [each["LineItemID"] for each in xero.reread(invoice)["LineItems"]] == ids


@pytest.mark.parametrize(("quirk", "left", "told"), [("keeps", 1, []), ("removes", 0, [])])
def test_what_an_empty_list_of_lines_means_is_a_quirk(
    connect: ConnectXero, quirk: str, left: int, told: list[str]
) -> None:
    xero = connect(quirks={"empty-line-list": quirk})
    draft = xero.invoice(Status="DRAFT")
    assert change(xero, draft, LineItems=[]) == told
    assert len(xero.reread(draft)["LineItems"]) == left
    approved = xero.invoice()
    missing = [] if quirk == "keeps" else ["One or more line items must be specified"]
    assert change(xero, approved, LineItems=[]) == missing


def test_a_line_keeps_what_is_not_sent_also_its_own_amounts(xero: Xero) -> None:
    odd = {"Quantity": 3, "UnitAmount": None, "LineAmount": 10, "TaxAmount": 1.01}
    invoice = xero.invoice(odd)
    key = {"LineItemID": invoice["LineItems"][0]["LineItemID"]}
    assert change(xero, invoice, LineItems=[{**key, "Description": "new"}]) == []
    (row,) = xero.reread(invoice)["LineItems"]
    assert (row["LineAmount"], row["TaxAmount"], row["Description"]) == (10, 1.01, "new")
    assert change(xero, invoice, LineItems=[{**key, "Quantity": 2}]) == []
    (row,) = xero.reread(invoice)["LineItems"]
    assert (row["LineAmount"], row["TaxAmount"]) == (6.66, 0.67), "a figure was sent, so all are worked out anew"


def test_another_way_of_counting_tax_taxes_all_lines_anew(xero: Xero) -> None:
    invoice = xero.invoice({"UnitAmount": 110})
    assert change(xero, invoice, LineAmountTypes="Inclusive") == []
    now = xero.reread(invoice)
    assert (now["SubTotal"], now["TotalTax"], now["Total"]) == (100, 10, 110)


def test_approving_a_draft_wants_what_it_still_lacks(xero: Xero) -> None:
    draft = xero.one("PUT", "Invoices", {"Type": "ACCREC", "Contact": {"Name": "A"}, "LineItems": [{"UnitAmount": 5}]})
    assert set(change(xero, draft, Status="AUTHORISED")) == {
        "The document DueDate field must be specified",
        "The account code or ID must be specified",
        "The description field is mandatory for each line item.",
    }
    key = {"LineItemID": draft["LineItems"][0]["LineItemID"]}
    whole = {**key, "AccountCode": "200", "Description": "Work"}
    assert change(xero, draft, Status="AUTHORISED", DueDate="2026-12-01", LineItems=[whole]) == []
    now = xero.reread(draft)
    assert (now["Status"], now["Total"], now["LineItems"][0]["TaxType"]) == ("AUTHORISED", 5.5, "OUTPUT")


def test_a_draft_that_got_its_account_late_has_its_tax_worked_out_then(xero: Xero) -> None:
    draft = xero.invoice({"AccountCode": None}, Status="DRAFT")
    key = {"LineItemID": draft["LineItems"][0]["LineItemID"]}
    assert draft["TotalTax"] == 0
    assert change(xero, draft, LineItems=[{**key, "AccountCode": "200"}]) == []
    assert xero.reread(draft)["TotalTax"] == 10
