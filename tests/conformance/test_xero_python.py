"""Xero's own Python SDK drives sign-in, settings and contacts of the local Xero over HTTP, as a stranger to both sides.

It reads each answer with its own models, so a date, guid, number or enumeration of the wrong form fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from xero_python.accounting import (
    Address,
    Contact,
    ContactPerson,
    Contacts,
    HistoryRecord,
    HistoryRecords,
    PaymentTerm,
    Phone,
)
from xero_python.accounting.models import Bill, PaymentTermType
from xero_python.api_client.oauth2 import TokenApi
from xero_python.exceptions import (
    AccountingBadRequestException,
    HTTPStatusException,
    NotFoundException,
    RateLimitException,
)
from xero_sdk import ZERO, Sdk, StartSdk, signing_in

from hxrules.sandbox.server import ReadyInfo


@pytest.fixture
def start(run_sandbox: Callable[..., ReadyInfo], monkeypatch: pytest.MonkeyPatch) -> Iterator[StartSdk]:
    """Starts a sandbox and signs in."""
    with signing_in(run_sandbox, monkeypatch) as begin:
        yield begin


@pytest.fixture
def sdk(start: StartSdk) -> Sdk:
    """The SDK on a sandbox without quirks."""
    return start()


def test_the_token_and_the_connection_are_read(sdk: Sdk) -> None:
    assert (sdk.token["token_type"], sdk.token["expires_in"]) == ("Bearer", 1800)
    connections = sdk.identity.get_connections()
    assert [(str(each.tenant_id), each.tenant_type, each.tenant_name) for each in connections] == [
        (sdk.tenant, "ORGANISATION", "Demo Company (NZ)")
    ]
    assert connections[0].created_date_utc.tzinfo is not None
    event = connections[0].auth_event_id
    assert len(sdk.identity.get_connections(auth_event_id=event)) == 1
    assert sdk.identity.get_connections(auth_event_id=ZERO) == []


def test_a_connection_is_dropped_and_the_token_revoked(sdk: Sdk) -> None:
    assert TokenApi(sdk.client, sdk.info.xero_client_id, sdk.info.xero_client_secret).revoke_token("t") == 200
    sdk.identity.delete_connection(sdk.identity.get_connections()[0].id)
    assert sdk.identity.get_connections() == []
    with pytest.raises(HTTPStatusException) as refused:
        sdk.api.get_organisations(sdk.tenant)
    assert refused.value.http_resp.status == 403


def test_the_organisation_and_its_actions(sdk: Sdk) -> None:
    row = sdk.api.get_organisations(sdk.tenant).organisations[0]
    assert (str(row.organisation_id), row.name, row.version) == (sdk.tenant, "Demo Company (NZ)", "NZ")
    assert (row.base_currency.value, row.country_code.value, row.is_demo_company) == ("NZD", "NZ", True)
    assert row.timezone.value == "NEWZEALANDSTANDARDTIME"
    assert (row.period_lock_date, row.end_of_year_lock_date) == (date(2026, 3, 31), None)
    assert isinstance(row.created_date_utc, datetime)
    actions = sdk.api.get_organisation_actions(sdk.tenant).actions
    assert {each.status for each in actions} == {"ALLOWED"}


def test_accounts_tax_rates_and_currencies(sdk: Sdk) -> None:
    accounts = sdk.api.get_accounts(sdk.tenant, where='Type=="BANK"', order="Code ASC").accounts
    assert [(each.code, each.type.value, each.status) for each in accounts] == [
        ("090", "BANK", "ACTIVE"),
        ("091", "BANK", "ACTIVE"),
    ]
    assert sdk.api.get_account(sdk.tenant, accounts[0].account_id).accounts[0].name == "Business Bank Account"
    assert sdk.api.get_accounts(sdk.tenant, if_modified_since=datetime(2999, 1, 1)).accounts == []  # noqa: DTZ001
    rates = {each.tax_type: each for each in sdk.api.get_tax_rates(sdk.tenant).tax_rates}
    assert (rates["OUTPUT2"].effective_rate, rates["OUTPUT2"].can_apply_to_revenue) == (Decimal(15), True)
    assert rates["OUTPUT"].status == "DELETED"
    one = sdk.api.get_tax_rate_by_tax_type(sdk.tenant, "INPUT2").tax_rates
    assert [(each.name, each.tax_components[0].rate) for each in one] == [("15% GST on Expenses", Decimal(15))]
    currencies = sdk.api.get_currencies(sdk.tenant, order="Code DESC").currencies
    assert [each.code.value for each in currencies] == ["USD", "NZD", "GBP", "EUR", "CAD", "AUD"]


def test_a_contact_is_created_read_and_updated(sdk: Sdk) -> None:
    sent = Contact(
        name="Bruce Banner",
        contact_number="B1",
        email_address="hulk@example.com",
        phones=[Phone(phone_type="MOBILE", phone_number="555-1212", phone_area_code="415")],
        addresses=[Address(address_type="POBOX", address_line1="1 Main St", city="Perth", country="Australia")],
        contact_persons=[ContactPerson(first_name="Betty", include_in_emails=True)],
        payment_terms=PaymentTerm(sales=Bill(day=10, type=PaymentTermType.DAYSAFTERBILLMONTH)),
    )
    made = sdk.api.create_contacts(sdk.tenant, Contacts(contacts=[sent])).contacts[0]
    assert made.contact_status == "ACTIVE"
    assert made.updated_date_utc - datetime.now(UTC) < timedelta(minutes=1)
    for read in (
        sdk.api.get_contact(sdk.tenant, made.contact_id).contacts[0],
        sdk.api.get_contact_by_contact_number(sdk.tenant, "B1").contacts[0],
        sdk.api.get_contacts(sdk.tenant, i_ds=[made.contact_id]).contacts[0],
    ):
        assert (read.name, read.email_address) == ("Bruce Banner", "hulk@example.com")
        assert [slot.phone_number for slot in read.phones if slot.phone_type == "MOBILE"] == ["555-1212"]
        assert [slot.city for slot in read.addresses if slot.address_type == "POBOX"] == ["Perth"]
        assert [each.first_name for each in read.contact_persons] == ["Betty"]
        assert (read.payment_terms.sales.day, read.payment_terms.sales.type) == (10, PaymentTermType.DAYSAFTERBILLMONTH)
    changed = sdk.api.update_contact(
        sdk.tenant, made.contact_id, Contacts(contacts=[Contact(first_name="Bruce")])
    ).contacts[0]
    assert (changed.first_name, changed.email_address) == ("Bruce", "hulk@example.com")
    upserted = sdk.api.update_or_create_contacts(
        sdk.tenant, Contacts(contacts=[Contact(name="bruce banner", last_name="Banner"), Contact(name="Betty Ross")])
    ).contacts
    assert [str(row.contact_id) == str(made.contact_id) for row in upserted] == [True, False]


def test_a_summarised_batch_is_refused_as_a_whole(sdk: Sdk) -> None:
    sdk.make(name="Taken")
    batch = Contacts(contacts=[Contact(name="Fresh"), Contact(name="Taken")])
    for query in ({}, {"summarize_errors": True}):
        with pytest.raises(AccountingBadRequestException) as refused:
            sdk.api.create_contacts(sdk.tenant, batch, **query)
        data = refused.value.error_data
        assert (data["ErrorNumber"], len(data["Elements"])) == (10, 1)
        assert "Taken is already assigned to another contact" in refused.value.reason
    assert "Fresh" not in sdk.names()


def test_a_batch_without_summary_tells_each_outcome(sdk: Sdk) -> None:
    sdk.make(name="Taken")
    batch = Contacts(contacts=[Contact(name="Fresh"), Contact(name="Taken")])
    rows = sdk.api.create_contacts(sdk.tenant, batch, summarize_errors=False).contacts
    assert [row.status_attribute_string for row in rows] == ["OK", "ERROR"]
    assert (str(rows[1].contact_id), rows[1].has_validation_errors) == (ZERO, True)
    assert "already assigned" in rows[1].validation_errors[0].message
    assert "Fresh" in sdk.names()


def test_lists_are_filtered_ordered_and_paged(sdk: Sdk) -> None:
    for number in range(5):
        sdk.make(name=f"C{number}", email_address=f"c{number}@example.com")
    assert sdk.names(where='EmailAddress=="C3@example.com"') == ["C3"]
    assert sdk.names(where='Name.StartsWith("C") AND EmailAddress!=null', order="Name DESC", page=1, page_size=2) == [
        "C4",
        "C3",
    ]
    last = sdk.api.get_contacts(sdk.tenant, page=3, page_size=2, order="Name ASC")
    assert [row.name for row in last.contacts] == ["C4", "Hamilton"]
    assert (last.pagination.page, last.pagination.page_size) == (3, 2)
    assert (last.pagination.page_count, last.pagination.item_count) == (3, 6)
    assert sdk.names(search_term="c1@") == ["C1"]
    summary = sdk.api.get_contacts(sdk.tenant, summary_only=True, page=1).contacts
    assert all(row.is_customer is None and row.addresses is None for row in summary)


def test_changes_since_and_archived_contacts(sdk: Sdk) -> None:
    made = sdk.make(name="Fresh")
    since = datetime(2026, 5, 1)  # noqa: DTZ001 - the SDK writes a naive time in the form that Xero wants
    assert "Hamilton" not in sdk.names(if_modified_since=since, page=1), "the second itself is left out"
    assert "Fresh" in sdk.names(if_modified_since=since, page=1)
    archive = Contacts(contacts=[Contact(contact_id=made.contact_id, contact_status="ARCHIVED")])
    assert sdk.api.update_contact(sdk.tenant, made.contact_id, archive).contacts[0].contact_status == "ARCHIVED"
    assert "Fresh" not in sdk.names(page=1)
    assert "Fresh" in sdk.names(page=1, include_archived=True)
    with pytest.raises(AccountingBadRequestException, match="matched an archived contact"):
        sdk.api.update_contact(sdk.tenant, made.contact_id, archive)


def test_history_notes_of_a_contact(sdk: Sdk) -> None:
    made = sdk.make(name="Fresh")
    notes = HistoryRecords(history_records=[HistoryRecord(details="Hello World")])
    added = sdk.api.create_contact_history(sdk.tenant, made.contact_id, notes).history_records
    assert [row.details for row in added] == ["Hello World"]
    read = sdk.api.get_contact_history(sdk.tenant, made.contact_id).history_records[0]
    assert (read.details, read.user) == ("Hello World", "System Generated")
    assert isinstance(read.date_utc, datetime)


def test_a_key_makes_a_create_happen_once(sdk: Sdk) -> None:
    batch = Contacts(contacts=[Contact(name="Once")])
    first, second = (
        sdk.api.create_contacts(sdk.tenant, batch, idempotency_key="k1").contacts[0].contact_id for _ in range(2)
    )
    assert first == second
    with pytest.raises(AccountingBadRequestException) as refused:
        sdk.api.create_contacts(sdk.tenant, Contacts(contacts=[Contact(name="Twice")]), idempotency_key="k1")
    assert refused.value.error_data["Message"] == "Idempotency Key: k1 is used with a different request."


def test_invoices_are_read(sdk: Sdk) -> None:
    contact = sdk.api.get_contacts(sdk.tenant).contacts[0]
    assert contact.is_customer is True
    paged = sdk.api.get_invoices(sdk.tenant, contact_i_ds=[contact.contact_id], statuses=["AUTHORISED"]).invoices[0]
    assert (paged.type, paged.date, paged.due_date) == ("ACCREC", date(2026, 6, 28), date(2026, 7, 8))
    assert (paged.total, paged.line_items[0].unit_amount) == (Decimal("541.25"),) * 2
    assert (paged.amount_paid, paged.amount_due) == (Decimal("41.25"), Decimal(500))
    assert (paged.payments[0].amount, paged.payments[0].date) == (Decimal("41.25"), date(2026, 6, 30))
    assert (paged.updated_date_utc_string, paged.contact.name) == ("2026-07-01T12:01:01Z", "Hamilton")
    one = sdk.api.get_invoice(sdk.tenant, paged.invoice_id).invoices[0]
    assert (one.invoice_number, one.contact.is_customer) == ("INV-0016", True)
    where = f'Contact.ContactID==guid("{contact.contact_id}") AND Date>=DateTime(2026,06,01)'
    assert len(sdk.api.get_invoices(sdk.tenant, where=where, page=1, unitdp=4).invoices) == 1
    assert sdk.api.get_invoices(sdk.tenant, if_modified_since=datetime(2999, 1, 1)).invoices == []  # noqa: DTZ001


def test_an_unknown_record_a_bad_query_and_a_wrong_tenant_are_errors(sdk: Sdk) -> None:
    with pytest.raises(NotFoundException):
        sdk.api.get_contact(sdk.tenant, "11111111-1111-4111-8111-111111111111")
    with pytest.raises(AccountingBadRequestException) as bad:
        sdk.api.get_contacts(sdk.tenant, where='Nothing=="x"')
    assert (bad.value.error_data["ErrorNumber"], bad.value.error_data["Type"]) == (16, "QueryParseException")
    with pytest.raises(HTTPStatusException) as wrong:
        sdk.api.get_contacts("11111111-1111-4111-8111-111111111111")
    assert wrong.value.http_resp.status == 403


def test_an_expired_token_is_401(sdk: Sdk) -> None:
    sdk.info.environment.clock.advance(timedelta(minutes=31))
    with pytest.raises(HTTPStatusException) as expired:
        sdk.api.get_organisations(sdk.tenant)
    assert expired.value.http_resp.status == 401
    assert b"TokenExpired" in expired.value.http_resp.data


@pytest.mark.parametrize(("limit", "name"), [("xero-minute-limit", "minute"), ("xero-day-limit", "day")])
def test_a_rate_limit_is_named(start: StartSdk, limit: str, name: str) -> None:
    sdk = start(quirks={limit: "2"})
    sdk.info.environment.clock.advance(timedelta(minutes=1))
    for _ in range(2):
        sdk.api.get_currencies(sdk.tenant)
    with pytest.raises(RateLimitException) as refused:
        sdk.api.get_currencies(sdk.tenant)
    headers = refused.value.http_resp.urllib3_response.headers
    assert (headers["X-Rate-Limit-Problem"], int(headers["Retry-After"]) > 0) == (name, True)
    assert refused.value.http_resp.data == b""
