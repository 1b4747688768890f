"""What each app adds up itself: lines, totals and what is owed, where a case doesn't say otherwise. See also: `planning.totals`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from hxrules.planning.lines import assembled
from hxrules.planning.tax import TaxTable
from hxrules.planning.totals import hubspot_totals, xero_line, xero_totals
from hxrules.records import App, Life, Record, Sight
from hxrules.values import Line, Lines, Value


def reckon(records: Mapping[tuple[App, str], dict[str, Record]], tax: TaxTable) -> None:
    """Totals, where nothing else is said: those that the apps come to."""
    sight = Sight(records)
    hubspot, xero = records[App.HUBSPOT, "invoices"], records[App.XERO, "invoices"]
    for record_id, record in hubspot.items():
        total = hubspot_totals(assembled(record, sight), tax.hubspot_percent).total
        fields = {**record.fields}
        fields["hs_amount_billed"] = _said(fields["hs_amount_billed"], total)
        fields["hs_balance_due"] = _said(fields["hs_balance_due"], fields["hs_amount_billed"])
        hubspot[record_id] = replace(record, fields=fields)
    for record_id, record in xero.items():
        fields = {**record.fields}
        lines = _booked(fields.get("LineItems"), tax)
        fields["LineItems"] = lines
        fields["Total"] = _said(fields["Total"], xero_totals(lines, tax.percent).total)
        ended = record.life is not Life.LIVE or fields["Status"] == "paid"
        paid = [each for each in (fields["AmountPaid"], fields["AmountCredited"]) if isinstance(each, Decimal)]
        total_due = fields["Total"] - sum(paid) if isinstance(fields["Total"], Decimal) and not ended else Decimal(0)
        fields["AmountDue"] = _said(fields["AmountDue"], total_due)
        xero[record_id] = replace(record, fields=fields)


def _said(value: Value, otherwise: Value) -> Value:
    return otherwise if value is None else value


def _booked(lines: Value, tax: TaxTable) -> Lines:
    """Xero's lines with what it works out itself: one piece, no tax, unless they say otherwise."""
    return Lines(tuple(_booked_line(line, tax) for line in _lines(lines)))


def _lines(value: Value) -> Iterable[Line]:
    return value.items if isinstance(value, Lines) else ()


def _booked_line(line: Line, tax: TaxTable) -> Line:
    values = {"Quantity": Decimal(1), "TaxType": "NONE", **dict(line.values)}
    complete = Line.of(line.type, line.id, values)
    figures = xero_line(complete, tax.percent(str(values["TaxType"])))
    return Line.of(line.type, line.id, {"LineAmount": figures.net, "TaxAmount": figures.tax, **values})
