"""What Xero's books take and refuse: invoices with their lines, payments, and what both are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hxrules.problems import Halt
from hxrules.records import App, Failure, Life, Organisation, Record, TaxRate, Write, WriteResult
from hxrules.values import Line, Lines, Scalar, Value
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire

INVOICES = "/api.xro/2.0/Invoices"
PAYMENTS = "/api.xro/2.0/Payments"
DAY = date(2026, 5, 1)
DUE = date(2026, 5, 31)


@pytest.fixture
def stages() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def contact_id(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


ANN, BOB, GONE = map(contact_id, (1, 2, 3))
PEOPLE = [
    {"ContactID": ANN, "Name": "Ann", "EmailAddress": "ann@x.example", "FirstName": "Ann"},
    {"ContactID": BOB, "Name": "Bob"},
    {"ContactID": GONE, "Name": "Gone", "ContactStatus": "ARCHIVED"},
]
ITEMS = [
    {"Code": "A-1", "Name": "Chair", "SalesDetails": {"UnitPrice": 10, "AccountCode": "260"}},
    {"Code": "A-2", "Name": "Table"},
    {"Code": "A-3", "Name": "Wood", "IsSold": False, "PurchaseDetails": {"UnitPrice": 5, "AccountCode": "300"}},
]


def stage_of(stages: ExitStack, type_name: str = "invoices", **options: Any) -> Stage:
    options["quirks"] = {**UNLIMITED, **options.get("quirks", {})}
    part = {"contacts": PEOPLE, "items": ITEMS, "currencies": ["AUD", "USD"], **options.pop("part", {})}
    return stages.enter_context(staged(App.XERO, type_name, seed_file={"xero": part}, **options))


def lines(*each: dict[str, Scalar], ids: tuple[str | None, ...] = ()) -> Lines:
    padded = (*ids, *[None] * len(each))
    return Lines(tuple(Line.of("lines", own, values) for own, values in zip(padded, each, strict=False)))


def line(**values: Scalar) -> dict[str, Scalar]:
    plain: dict[str, Scalar] = {
        "Description": "Work",
        "Quantity": Decimal(1),
        "UnitAmount": Decimal(100),
        "AccountCode": "200",
    }
    return {**plain, "TaxType": "OUTPUT", **values}


def invoice(key: str, stage: Stage, **values: Value) -> Write:
    plain: dict[str, Value] = {"customer": ANN, "status": "authorised", "created": DAY, "due_date": DUE}
    return stage.of("invoices").create(key, **{**plain, "lines": lines(line()), **values})


def payment(key: str, stage: Stage, of: Record, amount: str = "30", **values: Value) -> Write:
    plain: dict[str, Value] = {"invoice": of.ref.id, "amount": Decimal(amount), "created": DAY, "account": "090"}
    return stage.of("payments").create(key, **{**plain, **values})


def made(stage: Stage, write: Write) -> Record:
    [result] = stage.write(write)
    assert result.record is not None, result.error
    return result.record


def told(results: list[WriteResult]) -> list[str | None]:
    """The codes of the refusals."""
    assert all(each.error.failure is Failure.REFUSED for each in results if each.error)
    return [each.error.code if each.error else None for each in results]


def only(record: Record) -> Lines:
    found = record.fields["LineItems"]
    assert isinstance(found, Lines)
    return found


# --- invoices --------------------------------------------------------------------------------------------------------


def test_an_answer_to_a_create_tells_what_xero_makes_of_the_invoice(stages: ExitStack) -> None:
    stage = stage_of(stages)
    sent = lines(
        line(Quantity=Decimal(3), UnitAmount=Decimal("10.1234"), DiscountRate=Decimal(10), ItemCode="A-1"),
        line(DiscountAmount=Decimal("5.5"), TaxType="EXEMPTOUTPUT", AccountCode="260"),
        line(TaxAmount=Decimal("9.99")),
        {"Description": "A line of text"},
    )
    record = made(stage, invoice("k", stage, number="SI-1", reference="PO 7", lines=sent, currency="USD"))
    [read] = stage.read()
    assert record.fields == {name: read.fields[name] for name in record.fields}
    assert {"Total", "AmountDue", "AmountPaid", "Status", "Date", "CurrencyCode", "LineItems"} <= record.fields.keys()
    assert [each.id for each in only(record).items] == [each.id for each in only(read).items]
    assert all(each.id for each in only(record).items)
    amounts = [(each.get("LineAmount"), each.get("TaxAmount")) for each in only(record).items]
    net = [Decimal("27.33"), Decimal("94.50"), Decimal(100)]
    tax = [Decimal("2.73"), Decimal(0), Decimal("9.99")]
    assert amounts == [*zip(net, tax, strict=True), (None, None)]
    total = sum(net) + sum(tax)
    assert (record.fields["Total"], record.fields["AmountDue"], record.fields["Status"]) == (total, total, "authorised")
    for before, after in zip(sent.items, only(record).items, strict=True):
        assert {name: after.get(name) for name, _ in before.values if name != "AccountCode"} == {
            name: value for name, value in before.values if name != "AccountCode"
        }


def test_an_invoice_leaves_its_customer_as_it_is(stages: ExitStack) -> None:
    stage = stage_of(stages)
    [before] = stage.of("contacts").read(ids=(ANN,))
    record = made(stage, invoice("k", stage))
    made(stage, stage.update("u", record, customer=BOB))
    [after] = stage.of("contacts").read(ids=(ANN,))
    assert {name for name in after.fields if before.fields[name] != after.fields[name]} <= {
        "IsCustomer",
        "UpdatedDateUTC",
    }
    assert [stage.value(each, "customer") for each in stage.read("customer")] == [BOB]


def test_lines_that_an_update_names_are_changed_and_others_go_and_come(stages: ExitStack) -> None:
    stage = stage_of(stages)
    first = line(Description="First", DiscountRate=Decimal(10), ItemCode="A-1")
    record = made(stage, invoice("k", stage, lines=lines(first, line(Description="Second"), line(Description="Third"))))
    one, _, three = (each.id for each in only(record).items)
    changed = lines(
        line(Description="First", Quantity=Decimal(2)),
        line(Description="Third"),
        line(Description="New"),
        ids=(one, three),
    )
    after = made(stage, stage.update("u", record, lines=changed))
    [read] = stage.read()
    assert after.fields == {name: read.fields[name] for name in after.fields}
    found = only(read).items
    assert [each.get("Description") for each in found] == ["First", "Third", "New"]
    assert [each.id for each in found][:2] == [one, three]
    assert (found[0].get("DiscountRate"), found[0].get("ItemCode")) == (None, None)
    assert stage.value(after, "total") == Decimal(440)


def test_the_account_that_a_bookkeeper_gave_a_line_is_no_change_and_stays(stages: ExitStack) -> None:
    stage = stage_of(stages)
    record = made(stage, invoice("k", stage))
    [own] = only(record).items
    body = {"InvoiceID": record.ref.id, "LineItems": [{"LineItemID": own.id, "AccountCode": "260"}]}
    stage.direct("POST", INVOICES, json=body)
    [read] = stage.read()
    assert only(read) == only(record)
    kept = lines({name: value for name, value in own.values if name != "TaxAmount"}, ids=(own.id,))
    made(stage, stage.update("u", read, lines=kept))
    [row] = stage.direct("GET", f"{INVOICES}/{record.ref.id}")["Invoices"]
    assert [each["AccountCode"] for each in row["LineItems"]] == ["260"]


def test_prices_that_include_tax_are_read_without_and_written_without(stages: ExitStack) -> None:
    stage = stage_of(stages)
    row = {"Description": "Work", "Quantity": 3, "UnitAmount": 3.67, "AccountCode": "200", "TaxType": "OUTPUT"}
    body = {"Type": "ACCREC", "Contact": {"ContactID": ANN}, "LineAmountTypes": "Inclusive", "LineItems": [row]}
    stage.direct("PUT", INVOICES, json=body)
    [read] = stage.read()
    [own] = only(read).items
    assert (own.get("LineAmount"), own.get("TaxAmount")) == (Decimal("10.01"), Decimal("1.00"))
    assert own.get("UnitAmount") == Decimal("3.337")
    assert stage.value(read, "total") == Decimal("11.01")
    after = made(stage, stage.update("u", read, lines=Lines((own,))))
    assert stage.value(after, "total") == Decimal("11.01")
    assert only(after) == only(read)


def test_voiding_leaves_nothing_owed(stages: ExitStack) -> None:
    stage = stage_of(stages)
    record = made(stage, invoice("k", stage))
    after = made(stage, stage.update("u", record, status="voided"))
    assert (after.life, after.fields["AmountDue"], after.fields["Total"]) == (Life.VOIDED, 0, Decimal(110))


def refused_creates(stage: Stage) -> list[tuple[str, Write]]:
    """Each create, and what it is refused for."""
    made(stage, invoice("first", stage, number="SI-1"))
    cases: dict[str, list[dict[str, Value]]] = {
        "number-taken": [{"number": "SI-1"}],
        "customer-archived": [{"customer": GONE}],
        "not-found": [{"customer": contact_id(9)}],
        "currency": [{"currency": "EUR"}],
        "wrong-status": [{"status": "paid"}],
        "too-long": [{"reference": "x" * 256}],
        "bad-item": [{"lines": lines(line(ItemCode="A-9"))}],
        "bad-account": [
            {"lines": lines(line(AccountCode="999"))},
            {"lines": lines(line(AccountCode="090"))},
            {"lines": lines(line(AccountCode=None))},
        ],
        "bad-tax": [{"lines": lines(line(TaxType="TAX999"))}, {"lines": lines(line(TaxType="GSTONIMPORTS"))}],
        "missing-field": [{"lines": lines(line(Description=None))}, {"lines": lines()}],
        "validation": [{"lines": lines(line(UnitAmount=Decimal(-1)))}],
        "due-before-date": [{"due_date": date(2026, 4, 30)}],
    }
    return [
        (code, invoice(f"{code}-{number}", stage, **values))
        for code, each in cases.items()
        for number, values in enumerate(each)
    ]


def test_what_xero_refuses_of_an_invoice_has_a_name(stages: ExitStack) -> None:
    stage = stage_of(stages, quirks={"due-before-date": "refused"})
    cases = refused_creates(stage)
    assert told(stage.write(*(write for _, write in cases))) == [code for code, _ in cases]
    assert [told(stage.write(write)) for _, write in cases] == [[code] for code, _ in cases]
    assert stage.texts("number", stage.read("number")) == ["SI-1"]


def test_a_plan_takes_only_so_many_invoices(stages: ExitStack) -> None:
    stage = stage_of(stages, quirks={"xero-approval-limit": "1"})
    results = stage.write(*(invoice(f"k{n}", stage, number=f"SI-{n}") for n in range(3)))
    assert told(results) == [None, "approval-limit", "approval-limit"]


def test_a_closed_period_takes_and_changes_nothing(stages: ExitStack) -> None:
    old = {"Contact": {"ContactID": ANN}, "InvoiceNumber": "OLD", "Date": "2026-04-30", "DueDate": "2026-05-31"}
    row = {"Description": "Work", "UnitAmount": 100, "AccountCode": "200", "TaxType": "OUTPUT"}
    part = {
        "organisation": {"PeriodLockDate": "2026-04-30", "EndOfYearLockDate": "2025-06-30"},
        "invoices": [{**old, "Status": "AUTHORISED", "LineItems": [row]}],
    }
    stage = stage_of(stages, part=part)
    [record] = stage.read()
    locked = date(2026, 4, 30)
    results = stage.write(invoice("k1", stage, created=locked), invoice("k2", stage))
    results += stage.write(stage.update("u", record, reference="x"))
    results += stage.write(payment("p1", stage, record, created=locked), payment("p2", stage, record))
    assert told(results) == ["locked", None, "locked", "locked", None]


def test_what_money_rules_out_has_a_name(stages: ExitStack) -> None:
    stage = stage_of(stages)
    part, paid, void, draft = (
        made(stage, invoice(f"k{n}", stage, number=f"SI-{n}", status=status))
        for n, status in enumerate(("authorised", "authorised", "authorised", "draft"))
    )
    made(stage, payment("p0", stage, part))
    made(stage, payment("p1", stage, paid, "110"))
    made(stage, stage.update("v", void, status="voided"))
    [own] = only(part).items
    more = lines({**dict(own.values), "Quantity": Decimal(2)}, ids=(own.id,))
    cases: list[tuple[str | None, Write]] = [
        ("paid", stage.update("a", part, lines=more)),
        ("paid", stage.update("b", part, lines=lines(line()))),
        ("paid", stage.update("c", paid, created=date(2026, 5, 2))),
        ("paid", stage.update("d", part, currency="USD")),
        ("has-payments", stage.update("e", part, status="voided")),
        ("has-payments", stage.update("f", paid, status="voided")),
        ("wrong-status", stage.update("g", void, reference="x")),
        ("wrong-status", stage.update("h", draft, status="voided")),
        (None, stage.update("i", part, reference="x", number="SI-9", due_date=date(2026, 7, 1), customer=BOB)),
        (None, stage.update("j", draft, status="authorised")),
    ]
    assert told(stage.write(*(write for _, write in cases))) == [code for code, _ in cases]


# --- payments --------------------------------------------------------------------------------------------------------


def test_payments_are_made_and_are_read_back(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    bill = made(stage, invoice("k", stage))
    writes = [
        payment(f"p{n}", stage, bill, amount, reference=f"R{n}") for n, amount in enumerate(("30", "30.5", "49.5"))
    ]
    results = stage.write(*writes)
    assert told(results) == [None, None, None]
    records = {each.record.ref.id: each.record for each in results if each.record}
    read = {each.ref.id: each for each in stage.read(associations=("invoice",))}
    assert read.keys() == records.keys()
    for own, record in records.items():
        assert record.fields == {name: read[own].fields[name] for name in record.fields}
        assert {"Amount", "Date", "Status", "Reference", "Invoice", "Account"} == record.fields.keys()
        assert read[own].associations == {"invoice": (bill.ref.id,)}
        assert (record.life, record.slots) == (Life.LIVE, {})
    [after] = stage.of("invoices").read("status", "balance")
    assert (after.fields["Status"], after.fields["AmountDue"]) == ("paid", 0)


def test_what_xero_refuses_of_a_payment_has_a_name(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    open_, draft, paid = (
        made(stage, invoice(f"k{n}", stage, status=status))
        for n, status in enumerate(("authorised", "draft", "authorised"))
    )
    made(stage, payment("all", stage, paid, "110"))
    cases: list[tuple[str | None, Write]] = [
        ("overpaid", payment("a", stage, open_, "110.01")),
        ("overpaid", payment("b", stage, paid, "1")),
        ("not-payable", payment("c", stage, draft)),
        ("bad-account", payment("d", stage, open_, account="999")),
        ("bad-account", payment("e", stage, open_, account="200")),
        ("validation", payment("f", stage, open_, "0")),
        (None, payment("g", stage, open_, account="970")),
    ]
    assert told(stage.write(*(write for _, write in cases))) == [code for code, _ in cases]
    stranger = payment("h", stage, open_, invoice=contact_id(77))
    assert told(stage.write(stranger)) == ["not-found"]
    assert len(stage.read("amount")) == 2


def test_payments_are_found_by_their_invoice_and_by_their_reference(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    bills = [made(stage, invoice(f"k{n}", stage)) for n in range(3)]
    made_ = [made(stage, payment(f"p{n}", stage, bill, reference=f'R "{n}"')) for n, bill in enumerate(bills)]
    for field, values in (
        ("invoice", (bills[1].ref.id, bills[2].ref.id.upper(), "no id", contact_id(9))),
        ("reference", ('r "1"', 'R "2"', "R")),
    ):
        found = stage.read(where=(stage.field(field), values))
        assert sorted(each.ref.id for each in found) == sorted(each.ref.id for each in made_[1:])


def test_a_deleted_payment_is_read_as_deleted_and_owed_again(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    bill = made(stage, invoice("k", stage))
    record = made(stage, payment("p", stage, bill))
    stage.direct("POST", f"{PAYMENTS}/{record.ref.id}", json={"Status": "DELETED"})
    for how in ({}, {"ids": (record.ref.id,)}):
        assert [(each.ref.id, each.life) for each in stage.read("amount", **how)] == [(record.ref.id, Life.DELETED)]
    [after] = stage.of("invoices").read("balance")
    assert after.fields["AmountDue"] == Decimal(110)


def test_what_is_paid_to_a_supplier_is_part_of_no_read(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    body = {
        "Type": "ACCPAY",
        "Contact": {"ContactID": ANN},
        "Status": "AUTHORISED",
        "DueDate": "2026-05-31",
        "LineItems": [{"Description": "Wood", "UnitAmount": 10, "AccountCode": "300"}],
    }
    [bill] = stage.direct("PUT", INVOICES, json=body)["Invoices"]
    row = {"Invoice": {"InvoiceID": bill["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 5, "Reference": "R"}
    [paid] = stage.direct("PUT", PAYMENTS, json=row)["Payments"]
    mine = made(stage, payment("p", stage, made(stage, invoice("k", stage)), reference="R"))
    ways: list[dict[str, Any]] = [
        {},
        {"ids": (paid["PaymentID"], mine.ref.id)},
        {"where": (stage.field("reference"), ("R",))},
        {"where": (stage.field("invoice"), (bill["InvoiceID"], str(mine.fields["Invoice"])))},
    ]
    for how in ways:
        assert [each.ref.id for each in stage.read("amount", **how)] == [mine.ref.id], how


def test_a_payment_whose_answer_got_lost_is_made_once(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    bill = made(stage, invoice("k", stage))
    stage.fault("lost-answer", 1, path="/Payments")
    write = payment("p", stage, bill)
    [first] = stage.write(write)
    assert first.record is not None
    assert stage.write(write) == [first]
    stage.fault("5xx-after", 1, path="/Payments")
    [second] = stage.write(payment("q", stage, bill))
    assert second.error is not None
    assert (second.error.failure, second.error.code) == (Failure.IN_DOUBT, "no-answer")
    assert len(stage.read("amount")) == 2


def test_answers_about_payments_in_another_order_go_to_where_they_belong(stages: ExitStack) -> None:
    stage = stage_of(stages, "payments")
    bills = [made(stage, invoice(f"k{n}", stage)) for n in range(2)]
    writes = [
        payment("a", stage, bills[0], "30.00", reference="R"),
        payment("b", stage, bills[1], "30", reference="R"),
        payment("c", stage, bills[0], "30"),
        payment("d", stage, bills[0], "30", reference="R", created=date(2026, 5, 2)),
        payment("e", stage, bills[0], "30", reference="R"),
        payment("f", stage, bills[0], "31", reference="R"),
    ]

    def row(number: int, bill: int, amount: str = "30", day: str = "/Date(1777593600000+0000)/", **more: Any) -> Any:
        return {
            "PaymentID": contact_id(number),
            "Invoice": {"InvoiceID": bills[bill].ref.id.upper()},
            "Amount": Decimal(amount),
            "Date": day,
            **more,
        }

    wrong: dict[str, Any] = {
        "HasValidationErrors": True,
        "ValidationErrors": [{"Message": "Account could not be found."}],
    }
    rows = [
        row(1, 1, Reference="R"),
        row(2, 0, Reference="R"),
        row(3, 0, Reference="R"),
        row(4, 0, "30.0000", "/Date(1777680000000+0000)/", Reference="R"),
        row(5, 0, Reference=""),
        row(0, 0, "31", Reference="R", **wrong),
    ]
    script = stages.enter_context(wire(answer(json.dumps({"Payments": rows}, default=float))))
    other = stage.again(xero_url=script.url, xero_identity_url=stage.settings.xero_identity_url)
    results = other.write(*writes)
    assert [each.record and each.record.ref.id for each in results] == [*map(contact_id, (2, 1, 5, 4, 3)), None]
    assert told(results)[-1] == "bad-account"


# --- the books -------------------------------------------------------------------------------------------------------


def test_the_ledger_is_what_the_books_are_made_of_in_four_calls(stages: ExitStack) -> None:
    rates = [
        {"Name": "GST", "TaxType": "OUTPUT", "EffectiveRate": 10, "CanApplyToRevenue": True},
        {"Name": "Old", "TaxType": "TAX001", "EffectiveRate": 12.3456, "CanApplyToRevenue": True, "Status": "DELETED"},
        {"Name": "In", "TaxType": "INPUT", "EffectiveRate": 10, "CanApplyToRevenue": False},
    ]
    stage = stage_of(stages, part={"tax_rates": rates})
    stage.connector.identify()
    before = len(stage.log)
    ledger = stage.connector.ledger()
    paths = [each.path.rpartition("/")[2] for each in stage.log[before:]]
    assert sorted(paths) == ["Accounts", "Currencies", "Items", "TaxRates"]
    assert stage.connector.usage.reads.calls == 0
    assert ledger.currencies == {"AUD", "USD"}
    assert set(ledger.tax_rates) == {
        TaxRate("OUTPUT", "GST", Decimal(10)),
        TaxRate("TAX001", "Old", Decimal("12.3456"), active=False),
        TaxRate("INPUT", "In", Decimal(10), sales=False),
    }
    accounts = {each.code: each for each in ledger.accounts}
    assert {code for code, each in accounts.items() if each.sells} == {"200", "260"}
    assert {code for code, each in accounts.items() if each.takes_payments} == {"090", "091", "970"}
    assert all(each.active and each.id and each.name for each in ledger.accounts)
    assert ledger.items == {"A-1": "260", "A-2": None, "A-3": None}


def test_what_a_list_leaves_out_is_no_account_and_no_rate(stages: ExitStack) -> None:
    stage = stage_of(stages)
    stage.connector.identify()
    chart = [
        {"AccountID": "a", "Name": "Card", "Type": "BANK", "Status": "ARCHIVED", "Class": "ASSET"},
        {"AccountID": "b", "Code": "201", "Name": "Old", "Status": "ACTIVE", "Class": "REVENUE", "SystemAccount": "X"},
    ]
    rates = [{"TaxType": "AVALARA"}, {"TaxType": "OUTPUT", "EffectiveRate": "8.25", "Status": "ACTIVE"}]
    every = {
        "Currencies": [{"Code": "usd"}],
        "TaxRates": rates,
        "Accounts": chart,
        "Items": [{"Code": "A", "SalesDetails": []}],
    }
    script = stages.enter_context(wire(answer(json.dumps(every))))
    ledger = stage.again(xero_url=script.url, xero_identity_url=stage.settings.xero_identity_url).connector.ledger()
    assert [(each.code, each.active, each.sells, each.takes_payments) for each in ledger.accounts] == [
        ("", False, False, True),
        ("201", True, False, False),
    ]
    assert ledger.tax_rates == (TaxRate("OUTPUT", "", Decimal("8.25"), sales=False),)
    assert ledger.currencies == {"USD"}
    assert ledger.items == {"A": None}


def test_a_ledger_that_may_not_be_read_ends_the_run(stages: ExitStack) -> None:
    stage = stage_of(stages)
    stage.connector.identify()
    stage.fault("5xx-before", path="/TaxRates")
    with pytest.raises(Halt) as halted:
        stage.connector.ledger()
    assert [each.code for each in halted.value.problems] == ["HX421"]


@pytest.mark.parametrize(
    ("period", "year", "until"),
    [
        (None, None, None),
        ("2026-04-30", None, date(2026, 4, 30)),
        (None, "2025-06-30", date(2025, 6, 30)),
        ("2026-04-30", "2025-06-30", date(2026, 4, 30)),
        ("2024-04-30", "2025-06-30", date(2025, 6, 30)),
    ],
)
def test_an_organisation_is_locked_up_to_the_later_day(
    stages: ExitStack, period: str | None, year: str | None, until: date | None
) -> None:
    days = {"PeriodLockDate": period, "EndOfYearLockDate": year}
    stage = stage_of(stages, part={"organisation": {name: day for name, day in days.items() if day}})
    found = stage.connector.identify()
    assert isinstance(found, Organisation)
    assert found.locked_until == until
