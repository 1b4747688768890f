"""Both of HubSpot's own SDKs work with its products, line items, invoices, adjustments, payments and tax rates.

The newer client (`hubspot-sdk`, paths of 2026-03) validates each answer against HubSpot's published schema; the older one
(`hubspot-api-client`, paths v3 and v4) reads it into its models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import hubspot
import hubspot_sdk
import pytest
from hubspot.crm.commerce.invoices.exceptions import ApiException as InvoiceError
from hubspot.crm.objects.exceptions import ApiException as ObjectError

from hxrules.sandbox.server import ReadyInfo

WHEN = "2026-11-01T00:00:00.000Z"
TYPES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "products": ({"name": "Tea", "hs_sku": "TEA", "price": "4.50"}, {"price": "5.25"}),
    "line_items": ({"name": "Tea", "quantity": "3", "price": "4.50"}, {"quantity": "4"}),
    "invoices": ({"hs_currency": "AUD"}, {"hs_purchase_order_number": "PO-7"}),
    "discounts": ({"hs_label": "Less", "hs_type": "PERCENT", "hs_value": "5.0000"}, {"hs_value": "7.5000"}),
    "fees": ({"hs_label": "More", "hs_type": "FIXED", "hs_value": "5.0000"}, {"hs_type": "PERCENT"}),
    "taxes": ({"hs_label": "GST", "hs_type": "PERCENT", "hs_value": "10.0000"}, {"hs_sort_order": "2"}),
    "commerce_payments": (
        {"hs_initial_amount": "12.34", "hs_initiated_date": WHEN},
        {"hs_latest_status": "succeeded"},
    ),
}
"""What a record of each type is made with, and what is then changed."""
LINKS = {"contacts": 177, "line_items": 409, "discounts": 411, "fees": 413, "taxes": 415, "commerce_payments": 541}


def links(**ids: str) -> list[dict[str, Any]]:
    """The associations of a new invoice, by type."""
    return [
        {
            "to": {"id": id},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINKS[type]}],
        }
        for type, id in ids.items()
    ]


@pytest.fixture
def sdk(sandbox: ReadyInfo) -> Iterator[Any]:
    with hubspot_sdk.HubSpot(
        access_token=sandbox.hubspot_token,
        base_url=sandbox.hubspot_url,
        max_retries=0,
        http_client=httpx.Client(verify=False, trust_env=False),
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
def old(sandbox: ReadyInfo) -> Any:
    return hubspot.Client.create(access_token=sandbox.hubspot_token, host=sandbox.hubspot_url)


class TestEveryType:
    @pytest.mark.parametrize("type", [*TYPES])
    def test_one_record(self, sdk: Any, type: str) -> None:
        resource, (made, changed) = getattr(sdk.crm.objects, type), TYPES[type]
        id = resource.create(associations=[], properties=made).id
        read = resource.get(id, properties=[*made])
        assert {name: read.properties[name] for name in made} == made
        updated = resource.update(id, properties=changed)
        assert {name: updated.properties[name] for name in changed} == changed
        history = resource.get(id, properties=[*made], properties_with_history=[*changed]).properties_with_history
        assert {name: versions[0].value for name, versions in history.items()} == changed
        assert [row.id for row in resource.list(properties=[*made], limit=5)] == [id]
        found = resource.search(after="0", filter_groups=[], limit=5, properties=[*made], sorts=["hs_lastmodifieddate"])
        assert (found.total, found.results[0].id) == (1, id)
        resource.delete(id)
        with pytest.raises(hubspot_sdk.NotFoundError):
            resource.get(id)
        assert resource.get(id, archived=True, properties=[*made]).archived_at is not None

    @pytest.mark.parametrize("type", [*TYPES])
    def test_a_batch(self, sdk: Any, type: str) -> None:
        batch, (made, changed) = getattr(sdk.crm.objects, type).batch, TYPES[type]
        inputs = [{"properties": made, "associations": [], "objectWriteTraceId": trace} for trace in "abc"]
        rows = batch.create(inputs=inputs).results
        assert {row.object_write_trace_id for row in rows} == {*"abc"}
        ids = {row.id for row in rows}
        updated = batch.update(inputs=[{"id": id, "properties": changed} for id in ids]).results
        assert {row.id: row.properties[next(iter(changed))] for row in updated} == dict.fromkeys(
            ids, next(iter(changed.values()))
        )
        read = batch.get(inputs=[{"id": id} for id in ids], properties=[*made], properties_with_history=[*made])
        assert {row.id for row in read.results} == ids
        batch.delete(inputs=[{"id": id} for id in ids])
        assert list(getattr(sdk.crm.objects, type).list(properties=[*made])) == []

    @pytest.mark.parametrize("type", [*TYPES])
    def test_an_upsert_by_a_property_of_the_accounts_own(self, sdk: Any, type: str) -> None:
        group = sdk.crm.properties.groups.list(type).results[0].name
        sdk.crm.properties.create(
            type,
            name="xero_id",
            label="Xero ID",
            type="string",
            field_type="text",
            group_name=group,
            has_unique_value=True,
        )
        batch, (made, _) = getattr(sdk.crm.objects, type).batch, TYPES[type]
        inputs = [{"id": "x-1", "idProperty": "xero_id", "properties": made}]
        first, second = (batch.upsert(inputs=inputs).results[0] for _ in range(2))
        assert (first.new, second.new, first.id) == (True, False, second.id)

    @pytest.mark.parametrize("type", [*TYPES])
    def test_the_older_paths(self, old: Any, type: str) -> None:
        basic, batch, (made, changed) = old.crm.objects.basic_api, old.crm.objects.batch_api, TYPES[type]
        id = basic.create(type, {"properties": made, "associations": []}).id
        assert basic.update(type, id, {"properties": changed}).id == id
        read = basic.get_by_id(type, id, properties=[*made, *changed]).properties
        assert {name: read[name] for name in {**made, **changed}} == {**made, **changed}
        rows = batch.create(type, {"inputs": [{"properties": made, "associations": []}] * 2}).results
        assert len({row.id for row in rows}) == 2
        assert old.crm.objects.search_api.do_search(type, {"limit": 1}).total == 3
        basic.archive(type, id)
        assert len(basic.get_page(type).results) == 2


class TestInvoices:
    def test_from_draft_over_open_to_paid(self, sdk: Any) -> None:
        objects = sdk.crm.objects
        product = objects.products.create(associations=[], properties={"name": "Tea", "price": "40"}).id
        line = objects.line_items.create(
            associations=[], properties={"hs_product_id": product, "hs_tax_rate_group_id": "2148420991"}
        )
        assert (line.properties["name"], line.properties["amount"]) == ("Tea", "40.00")
        contact = objects.contacts.create(associations=[], properties={"email": "ada@a.example"}).id
        fee = objects.fees.create(associations=[], properties={"hs_type": "FIXED", "hs_value": "6"}).id
        invoice = objects.invoices.create(
            associations=links(contacts=contact, line_items=line.id, fees=fee), properties={"hs_currency": "AUD"}
        ).id
        objects.invoices.update(invoice, properties={"hs_invoice_status": "open"})
        names = ["hs_number", "hs_invoice_status", "hs_amount_billed", "hs_balance_due"]
        opened = objects.invoices.get(invoice, properties=names, associations=["line_items", "contacts"])
        assert [opened.properties[name] for name in names] == ["INV-1001", "open", "50.00", "50.00"]
        assert [(row.id, row.type) for row in opened.associations["line items"].results] == [
            (line.id, "invoice_to_line_item")
        ]
        payment = objects.commerce_payments.create(
            associations=[],
            properties={"hs_initial_amount": "50", "hs_initiated_date": WHEN, "hs_latest_status": "succeeded"},
        ).id
        made = sdk.crm.associations.create(
            payment, from_object_type="invoices", from_object_id=invoice, to_object_type="commerce_payments"
        )
        assert {row.association_spec.association_type_id for row in made.results} == {541, 542}
        paid = objects.invoices.get(invoice, properties=names)
        assert [paid.properties[name] for name in names[1:]] == ["paid", "50.00", "0.00"]

    def test_a_mirror_is_written_as_the_other_system_has_it(self, sdk: Any) -> None:
        written = {
            "hs_currency": "NZD",
            "hs_invoice_billable": "false",
            "hs_invoice_status": "paid",
            "hs_number": "SI-0042",
            "hs_amount_billed": "87.74",
            "hs_balance_due": "0",
        }
        rows = sdk.crm.objects.invoices.batch.create(inputs=[{"properties": written, "associations": []}]).results
        assert {name: rows[0].properties[name] for name in written} == written

    @pytest.mark.parametrize(
        ("properties", "word"),
        [
            ({"hs_invoice_status": "open"}, "at least one of contacts and one of line_items"),
            ({"hs_number": "X"}, "READ_ONLY_VALUE"),
            ({"hs_currency": "JPY"}, "INVALID_OPTION"),
            ({"hs_invoice_status": "paid"}, "only payments"),
        ],
    )
    def test_refusals(self, sdk: Any, old: Any, properties: dict[str, str], word: str) -> None:
        id = sdk.crm.objects.invoices.create(associations=[], properties={"hs_currency": "AUD"}).id
        with pytest.raises(hubspot_sdk.BadRequestError, match=word):
            sdk.crm.objects.invoices.update(id, properties=properties)
        with pytest.raises(InvoiceError, match=word):
            old.crm.commerce.invoices.basic_api.update(id, {"properties": properties})

    def test_the_older_client_links_lines_and_reads_them_back(self, old: Any) -> None:
        contact = old.crm.contacts.basic_api.create({"properties": {"email": "ada@a.example"}, "associations": []}).id
        invoice = old.crm.commerce.invoices.basic_api.create(
            {"properties": {"hs_currency": "AUD"}, "associations": links(contacts=contact)}
        ).id
        lines = [
            old.crm.line_items.basic_api.create({"properties": {"name": n, "price": n}, "associations": []}).id
            for n in "123"
        ]
        pairs = {"inputs": [{"from": {"id": invoice}, "to": {"id": line}} for line in lines]}
        old.crm.associations.v4.batch_api.create_default("invoices", "line_items", pairs)
        read = old.crm.associations.v4.batch_api.get_page("invoices", "line_items", {"inputs": [{"id": invoice}]})
        assert {to.to_object_id for to in read.results[0].to} == {*lines}
        row = old.crm.commerce.invoices.basic_api.get_by_id(
            invoice, properties=["hs_amount_billed"], associations=["line_items"]
        )
        assert row.properties["hs_amount_billed"] == "6.00"
        assert {each.id for each in row.associations["line items"].results} == {*lines}
        old.crm.products.basic_api.create({"properties": {"name": "Tea"}, "associations": []})
        assert len(old.crm.products.basic_api.get_page().results) == 1
        tax = old.crm.objects.taxes.basic_api.create(
            {"properties": {"hs_type": "PERCENT", "hs_value": "50"}, "associations": []}
        ).id
        old.crm.associations.v4.basic_api.create_default("invoices", invoice, "taxes", tax)
        row = old.crm.commerce.invoices.basic_api.get_by_id(invoice, properties=["hs_amount_billed"])
        assert row.properties["hs_amount_billed"] == "9.00"


class TestPayments:
    def test_without_payment_processing_nothing_is_recorded(self, run_sandbox: Any) -> None:
        info = run_sandbox(seed_file={"hubspot": {"payments_enabled": False}})
        old = hubspot.Client.create(access_token=info.hubspot_token, host=info.hubspot_url)
        with pytest.raises(ObjectError, match="not set up") as refused:
            old.crm.objects.basic_api.create("commerce_payments", {"properties": TYPES["commerce_payments"][0]})
        assert refused.value.status == 403


class TestLinkTypes:
    @pytest.mark.parametrize(("target", "type_id"), LINKS.items(), ids=[*LINKS])
    def test_each_part_of_an_invoice_has_its_own(self, sdk: Any, old: Any, target: str, type_id: int) -> None:
        there = sdk.crm.associations_schema.labels.list_labels(from_object_type="invoices", to_object_type=target)
        assert [each.type_id for each in there.results] == [type_id]
        back = old.crm.associations.v4.schema.definitions_api.get_all(target, "invoices")
        assert [each.type_id for each in back.results] == [type_id + 1]


class TestTaxRates:
    def test_the_library_is_read_page_by_page_and_one_by_one(self, sdk: Any) -> None:
        rates = list(sdk.settings.tax_rates.list(limit=2))
        assert len(rates) == len(list(sdk.settings.tax_rates.list())) == 6
        assert [rate.active for rate in sdk.settings.tax_rates.list(active=False)] == [False]
        one = sdk.settings.tax_rates.get("2148420995")
        assert (one.label, one.percentage_rate, one.active) == ("Levy 2.5%", 2.5, True)
        with pytest.raises(hubspot_sdk.NotFoundError):
            sdk.settings.tax_rates.get("1")
