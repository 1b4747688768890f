"""Invoices and payments in reports: lines for people, money by currency, what is void, what the plan says beside."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import invoice_factory as make_invoice
import plan_factory as make
import pytest
from golden_files import same_as_golden
from hypothesis import given
from hypothesis import strategies as st

from hxrules.planning.observations import Observations
from hxrules.planning.plan import Action, Plan, problem_document
from hxrules.planning.plan_file import file_pieces, read_plan
from hxrules.problems import Problem
from hxrules.records import App, Standing
from hxrules.reports import (
    StandingRecord,
    Style,
    Values,
    plan_html,
    plan_json,
    plan_markdown,
    plan_text,
    run_json,
    run_markdown,
    run_text,
    status_records_text,
)
from hxrules.reports.lines import counted, line_changes, line_text
from hxrules.reports.money import money_text, number_of
from hxrules.reports.style import cells
from hxrules.values import IdOf, Line, Lines, Scalar, Value

PLAIN = Style()


@pytest.mark.parametrize("width", [80, 100])
def test_a_plan_with_invoices_as_it_was_looked_at(width: int) -> None:
    same_as_golden(f"invoices-{width}.txt", plan_text(make_invoice.invoice_plan(), Style(width=width)))


@pytest.mark.parametrize(
    ("name", "style", "values"),
    [
        ("colour", Style(colour=True, width=80), Values.FULL),
        ("ascii", Style(unicode=False, width=80), Values.FULL),
        ("masked", Style(width=80), Values.MASKED),
        ("none", Style(width=80), Values.NONE),
    ],
)
def test_the_same_plan_in_other_styles(name: str, style: Style, values: Values) -> None:
    same_as_golden(f"invoices-{name}.txt", plan_text(make_invoice.invoice_plan(), style, values))


def test_it_as_markdown_and_html_as_they_were_looked_at() -> None:
    same_as_golden("invoices.md", plan_markdown(make_invoice.invoice_plan(), Values.FULL))
    same_as_golden("invoices.html", plan_html(make_invoice.invoice_plan(), Values.FULL))


def test_a_run_with_invoices_as_it_was_looked_at() -> None:
    """What an app made of lines is shown shortly: how many, and those that differ."""
    same_as_golden("invoices-run.txt", run_text(make_invoice.invoice_run(), Style(width=80)))
    kept = "changed | `2 × Widget A @ 10.505 (SKU A-1)` | `2 × Widget A @ 10.51 (SKU A-1)`"
    assert kept in run_markdown(make_invoice.invoice_run(), Values.FULL)


@pytest.mark.parametrize("sync", ["invoices", "payments"])
def test_failing_invoices_and_payments_as_they_were_looked_at(sync: str) -> None:
    """R20, R23, R24."""
    rows = [
        StandingRecord(each.hubspot and each.hubspot.id, each.xero and each.xero.id, problem_document(each))
        for each in make_invoice.invoice_plan().held
        if each.sync == sync
    ]
    same_as_golden(f"failing-{sync}.txt", status_records_text(sync, Standing.FAILING, rows, Style(width=80)))


@pytest.mark.parametrize("values", list(Values))
def test_a_saved_plan_reads_like_the_fresh_one(values: Values) -> None:
    """Its numbers are text then, in lines too, and what it makes itself is still called by its name."""
    plan = make_invoice.invoice_plan()
    again = read_plan("".join(file_pieces(plan, Observations())), "plan.json").plan
    assert again.id == plan.id
    assert plan_text(again, PLAIN, values) == plan_text(plan, PLAIN, values)
    assert plan_markdown(again, values) == plan_markdown(plan, values)
    assert plan_html(again, values) == plan_html(plan, values)


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("values", list(Values))
def test_no_line_is_wider_than_the_terminal(width: int, values: Values) -> None:
    """But pages' addresses and the ids of a pair, which can't be broken."""
    for line in plan_text(make_invoice.invoice_plan(), Style(width=width), values, everything=True).split("\n"):
        assert line == line.rstrip()
        if "https://" not in line and not ("HubSpot " in line and "Xero 0000" in line):
            assert cells(line) <= width


# --- lines -------------------------------------------------------------------------------------------------------------------


def xero(**values: Scalar) -> Line:
    return Line.of("lines", None, values)


def hubspot(**values: Scalar) -> Line:
    return Line.of("line_items", None, values)


D = Decimal


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            xero(Quantity=D(2), Description="Widget A", UnitAmount=D("10.5"), ItemCode="A-1", DiscountRate=D(10), TaxType="OUTPUT2"),
            "2 × Widget A @ 10.50 (SKU A-1, 10 % off, tax OUTPUT2)",
        ),
        (
            hubspot(quantity=D("1.5"), wording="Hour", price=D(1200), discount=D(20), hs_tax_rate_group_id="2148420997"),
            "1.5 × Hour @ 1,200.00 (20.00 off each, tax 2148420997)",
        ),
        (
            xero(Description="Fee", Quantity=D(1), UnitAmount=D("0.0125"), DiscountAmount=D(5), TaxAmount=D("1.5"), AccountCode="200"),
            "1 × Fee @ 0.0125 (5.00 off, 1.50 tax, account 200)",
        ),
        (xero(Quantity=D(1), ItemCode="A-1", UnitAmount=D(3)), "1 × A-1 @ 3.00 (SKU A-1)"),
        (xero(Description="Delivered on Monday\nby Jane"), "Delivered on Monday⏎by Jane"),
        (xero(UnitAmount=D(-3)), "(no text) @ -3.00"),
        (xero(), "(no text)"),
        (hubspot(quantity=D(1), wording="x", price=D(1), amount=D(1), hs_position_on_quote=D(4)), "1 × x @ 1.00"),
        (hubspot(quantity=D(1), wording="x", price=D(1), cost_centre="S1"), "1 × x @ 1.00 (cost_centre S1)"),
        (Line.of("taxes", "9", {"hs_label": "GST", "hs_type": "percent", "hs_value": D("12.5")}), "tax GST 12.5 %"),
        (Line.of("taxes", "9", {"hs_label": "GST", "hs_type": "fixed", "hs_value": D("12.5")}), "tax GST 12.50"),
        (Line.of("discounts", None, {"hs_value": D(20)}), "discount 20.00"),
        (Line.of("fees", None, {"label": "Rush", "sure": True, "odd": False}), "fees Rush (odd false, sure true)"),
    ],
)  # fmt: skip
def test_a_line_reads_as_one_would_say_it(line: Line, text: str) -> None:
    """By the friendly names of the catalogue, whatever the app calls its fields; what an app works out is left out."""
    assert line_text(line, PLAIN) == text


def test_a_long_or_strange_description_can_not_run_away() -> None:
    text = line_text(xero(Description="a → b \x1b[2J" + "x" * 4000, UnitAmount=D(1)), PLAIN)
    assert cells(text) < 60
    assert "\x1b" not in text
    assert text.startswith("“a → b")


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((), "no lines"),
        ((xero(),), "1 line"),
        ((xero(), xero(), Line.of("taxes", None, {}), Line.of("taxes", None, {})), "2 lines, 2 taxes"),
    ],
)
def test_how_many_lines(lines: tuple[Line, ...], text: str) -> None:
    assert counted(Lines(lines)) == text


def changes(before: Value, after: Value) -> list[tuple[str, str, str]]:
    return [
        (each.word, *(line_text(line, PLAIN) if line else "" for line in (each.before, each.after)))
        for each in line_changes(before, after)
    ]  # type: ignore[misc]


def named(name: str, price: int, line_id: str | None = None) -> Line:
    return Line.of("lines", line_id, {"Description": name, "UnitAmount": D(price)})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([named("a", 1, "1")], [named("a", 1, "1")], []),
        ([named("a", 1, "1")], [named("b", 2, "1")], [("changed", "a @ 1.00", "b @ 2.00")]),
        ([named("a", 1, "1")], [named("a", 2)], [("changed", "a @ 1.00", "a @ 2.00")]),
        ([named("a", 1, "1")], [named("b", 2)], [("added", "", "b @ 2.00"), ("removed", "a @ 1.00", "")]),
        ([named("a", 1), named("b", 2)], [named("b", 2), named("a", 1)], []),
        ([named("a", 1), named("a", 1)], [named("a", 1)], [("removed", "a @ 1.00", "")]),
        ([named("a", 1)], [named("a", 1), named("a", 1)], [("added", "", "a @ 1.00")]),
        ([], [named("a", 1)], [("added", "", "a @ 1.00")]),
        ([named("a", 1, "1"), named("b", 2, "2")], [named("b", 2, "1"), named("a", 1, "2")], []),
    ],
)
def test_what_happens_to_lines(before: list[Line], after: list[Line], expected: list[tuple[str, str, str]]) -> None:
    """What says the same is the same line; else what has the same id; else the same name. The order says nothing."""
    assert changes(Lines(tuple(before)), Lines(tuple(after))) == expected


def test_values_that_are_no_lines_have_none() -> None:
    assert line_changes("a", "b") == []
    assert changes(None, Lines((named("a", 1),))) == [("added", "", "a @ 1.00")]
    assert changes(Lines((named("a", 1),)), None) == [("removed", "a @ 1.00", "")]


LINE = st.builds(named, st.sampled_from("abc"), st.integers(0, 2), st.sampled_from([None, "1", "2", "3"]))
LINES = st.lists(LINE, max_size=6).map(lambda lines: Lines(tuple(lines)))


@given(LINES, LINES)
def test_every_line_is_accounted_for(before: Lines, after: Lines) -> None:
    """What was there, with what is added, without what is removed, is what will be there; equal lists alone have no changes."""
    found = line_changes(before, after)
    added = sum(each.before is None for each in found)
    removed = sum(each.after is None for each in found)
    assert len(before.items) + added - removed == len(after.items)
    assert bool(found) is (before != after)
    assert all(each.before != each.after for each in found)


def test_of_a_new_invoice_the_first_lines_are_shown_and_the_rest_is_counted() -> None:
    plan = make.plan(make_invoice.into_xero())
    assert "… and 7 more (hxrules dry-run --all)" in plan_text(plan, PLAIN)
    assert "× Hour 6" not in plan_text(plan, PLAIN)
    assert "+ 12 × Hour 12 @ 120.50" in plan_text(plan, PLAIN, everything=True)
    assert "| and 7 more |" in plan_markdown(plan, Values.FULL)


def test_a_line_is_shown_as_text_in_every_form() -> None:
    """A description is data: it breaks no table and becomes no markup."""
    line = xero(Description="<b>|`x`|</b> @acme/team", UnitAmount=D(1))
    plan = make.plan(
        make.change(
            1, "INV-1", Action.CREATE, App.XERO, make_invoice.field("lines", None, Lines((line,))), sync="invoices"
        )
    )
    assert "<b>" not in plan_html(plan, Values.FULL)
    assert "<b>" not in plan_markdown(plan, Values.FULL)
    assert "@acme/team" not in plan_markdown(plan, Values.FULL)


def test_what_the_plan_makes_itself_is_called_by_its_name() -> None:
    """ "Known after apply": an id that nobody has yet is shown as what it will be the id of."""
    text = plan_text(make_invoice.invoice_plan(), PLAIN)
    assert "customer  the new contact Acme Trading" in text
    assert "invoice   the new invoice INV-0061" in text
    alone = make.plan(make_invoice.mirror())
    assert "customer  (new)" in plan_text(alone, PLAIN)
    assert "the new contact A… T…" in plan_text(make_invoice.invoice_plan(), PLAIN, Values.MASKED)


def test_both_sides_of_contested_lines_are_seen() -> None:
    """At a first meeting: how many each side has, and line by line what the loser gets."""
    contested = make_invoice.field(
        "lines", make_invoice.before(), make_invoice.after(), make.Verdict.FIRST_MEETING, "because"
    )
    contested = replace(contested, source=make_invoice.many_lines(2))
    plan = make.plan(make.change(1, "INV-1", Action.UPDATE, App.HUBSPOT, contested, sync="invoices"))
    text = plan_text(plan, PLAIN)
    assert "lines  HubSpot  3 lines, 1 tax  overwritten" in text
    assert "       Xero     2 lines         wins" in text
    assert "- 1 × Old thing @ 1.2345" in text
    assert "| removed | `1 × Old thing @ 1.2345` | | | | |" in plan_markdown(plan, Values.FULL)


# --- masking -----------------------------------------------------------------------------------------------------------------


def test_names_in_lines_are_masked_and_amounts_stay() -> None:
    for text in (
        plan_text(make_invoice.invoice_plan(), PLAIN, Values.MASKED),
        plan_markdown(make_invoice.invoice_plan()),
        plan_html(make_invoice.invoice_plan()),
        "".join(plan_json(make_invoice.invoice_plan(), Values.MASKED)),
        json.dumps(run_json(make_invoice.invoice_run(), Values.MASKED)),
    ):
        assert "Widget" not in text
        assert "Old thing" not in text
        assert "GST on Income 3.72" not in text
        assert "10.5" in text


def test_nothing_of_lines_and_money_is_shown_when_values_are_hidden() -> None:
    for text in (
        plan_text(make_invoice.invoice_plan(), PLAIN, Values.NONE),
        plan_markdown(make_invoice.invoice_plan(), Values.NONE),
        "".join(plan_json(make_invoice.invoice_plan(), Values.NONE)),
    ):
        assert "Widget" not in text
        assert "10.5" not in text
        assert "Money" not in text
        assert "220" not in text


# --- money -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [("34500.1", "34,500.10"), ("1200", "1,200.00"), ("1E+3", "1,000.00"), ("0", "0.00"), ("-0.005", "-0.005")],
)
def test_money_has_two_decimals_at_least(amount: str, text: str) -> None:
    assert money_text(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (D("1.5"), D("1.5")),
        ("1.5", D("1.5")),
        ("…", None),
        ("NaN", None),
        ("Infinity", None),
        (None, None),
        (True, None),
    ],
)
def test_a_number_is_a_number_also_as_text(value: Value, number: Decimal | None) -> None:
    assert number_of(value) == number


def invoice(number: int, total: str | None, currency: str | None, app: App = App.HUBSPOT) -> Plan:
    fields = [make_invoice.field("number", None, str(number))]
    if total is not None:
        fields.append(make_invoice.field("total", None, D(total)))
    if currency is not None:
        fields.append(make_invoice.field("currency", None, currency))
    return make.plan(make.change(number, str(number), Action.CREATE, app, *fields, sync="invoices"))


def money(*plans: Plan) -> list[str]:
    """The sums that a text plan with all these changes shows."""
    lines = plan_text(make.plan(*(change for each in plans for change in each.changes)), PLAIN).split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith("Money")), None)
    return [] if start is None else [" ".join(line.split()) for line in lines[start + 1 : lines.index("", start)]]


def test_money_is_summed_by_direction_and_currency() -> None:
    plans = [invoice(n, "2875.0085", "AUD") for n in range(12)] + [
        invoice(90, "1200", "USD"),
        invoice(91, "7", "AUD", App.XERO),
    ]
    assert money(*plans) == [
        "invoices to HubSpot 13 new 34,500.102 AUD and 1,200.00 USD",
        "invoices to Xero 1 new 7.00 AUD",
    ]


def test_amounts_without_a_currency_are_not_summed_but_counted() -> None:
    """Adding up dollars and euros would be worse than saying nothing."""
    assert money(invoice(1, "10", None)) == []
    assert money(invoice(1, None, "AUD")) == []
    assert money(invoice(1, "10", "AUD"), invoice(2, "10", None)) == [
        "invoices to HubSpot 2 new 10.00 AUD; of 1 the amount isn't known"
    ]


def test_a_plan_without_invoices_speaks_of_no_money() -> None:
    assert "Money" not in plan_text(make.busy_plan(), PLAIN)
    assert "Money" not in plan_markdown(make.busy_plan())


# --- void, notices -----------------------------------------------------------------------------------------------------------


def test_what_will_be_void_is_seen_without_opening_anything() -> None:
    text = plan_markdown(make_invoice.invoice_plan(), Values.FULL)
    assert "#### invoices, Xero → HubSpot: 1 to void" in text
    assert "  x INV-0064" in plan_text(make_invoice.invoice_plan(), PLAIN)
    assert "1 to void" in plan_text(make_invoice.invoice_plan(), PLAIN).split("\n")[0]


def test_notices_hold_nothing_back() -> None:
    plan = make.plan(notices=make_invoice.notices())
    text = plan_text(plan, PLAIN)
    assert text.startswith("Nothing to do: 4,412 in sync, 5 notices\n")
    assert text.endswith("Next: hxrules status")
    assert "Notices (5): these hold nothing back" in text
    assert "#### Notices (5)" in plan_markdown(plan)
    assert "<h2>Notices (5)</h2>" in plan_html(plan)


def test_a_cause_of_several_lines_keeps_them() -> None:
    """A list of tax rates is a list: each on its own line, its columns as they are where there is room."""
    text = plan_text(make.plan(notices=make_invoice.notices()), Style(width=80))
    assert "\n    - GST on Income           10 %  OUTPUT\n    - GST Free Exports         0 %  EXEMPTEXPORT\n" in text
    assert "<br>- GST on Income           10 %  OUTPUT<br>" in plan_markdown(make.plan(notices=make_invoice.notices()))
    narrow = plan_text(make.plan(notices=(Problem("HX241", "x", cause="- " + "word " * 30),)), Style(width=80))
    assert "\n    - word word" in narrow
    assert "\n      word word" in narrow


def test_a_notice_of_no_record_names_none_and_one_of_the_rules_names_its_place() -> None:
    text = plan_text(make.plan(notices=make_invoice.notices()[:3]), PLAIN)
    assert "(no name)" not in text
    assert "    hxrules.yaml:22\n" in text
    assert "(hxrules.yaml:22)" in plan_markdown(make.plan(notices=make_invoice.notices()))


def test_references_and_lines_in_json_are_plain() -> None:
    document = json.loads("".join(plan_json(make_invoice.invoice_plan())))
    fields = {each["mapping"]: each["after"] for change in document["changes"][1:2] for each in change["fields"]}
    assert fields["customer"] == {"new": f"l{60:019}"}
    assert fields["lines"] == [
        {"type": "line_items", "id": None, "hs_sku": "A-1", "price": "10.5", "quantity": "2", "wording": "Widget A"}
    ]
    assert document["changes"][1]["effects"][0]["values"]["customer"] == f"ol{60:019}"
    assert IdOf(f"l{60:019}") == make_invoice.mirror().effects[0].values["customer"]
