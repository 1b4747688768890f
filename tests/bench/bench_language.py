"""How near compiled filters and mappings come to what one would write by hand: `make bench` prints the ratios.

Rounds of the compiled and the hand-written form alternate, so that a busy machine slows both; the median of the rounds' ratios
counts. Ends with 1 where a ratio is over its bound (filters 1.2, mappings 1.3), or where 1,000 filters take longer than 0.25 s of
CPU to parse and check.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2]))

from hxrules.catalogue import load_catalogue
from hxrules.language.filters import Filter, Moment, Related, compile_filter
from hxrules.language.mappings import CompiledMappings
from hxrules.records import App, Record, RecordRef
from hxrules.values import Value
from tests.language.examples import CONTACT_MAPPINGS, Text

FILTER_BOUND, MAPPING_BOUND, CHECK_BOUND = 1.2, 1.3, 0.25
ROUNDS = 80
ZONE = ZoneInfo("Australia/Sydney")
MOMENT = Moment(datetime(2026, 11, 20, 3, 0, tzinfo=UTC), ZONE, datetime(2026, 10, 1, 0, 0, tzinfo=UTC))
START_OF_MONTH_AGO = datetime(2026, 10, 21, tzinfo=ZONE).astimezone(UTC)

Hand = Callable[[Record, Related, Moment], bool]
Fields = Mapping[str, Value]


@dataclass(frozen=True)
class Case:
    """A filter, and the same predicate as one writes it by hand, safe where a value is missing."""

    name: str
    app: App
    type: str
    text: str
    hand: Hand


CITIES = ("sydney", "perth", "hobart", "darwin", "cairns", "geelong", "ballarat", "bendigo", "albury", "mackay")
HUNDRED = Decimal(100)
CITY_SET = frozenset(CITIES)
CASES = (
    Case(
        "simple: choice",
        App.HUBSPOT,
        "invoices",
        "status = open",
        lambda r, _, m: r.fields.get("hs_invoice_status") == "open",
    ),
    Case(
        "simple: money",
        App.HUBSPOT,
        "invoices",
        "total >= 100",
        lambda r, _, m: (v := r.fields.get("hs_amount_billed")) is not None and v >= HUNDRED,  # type: ignore[operator]
    ),
    Case(
        "simple: time",
        App.HUBSPOT,
        "invoices",
        "created >= today - 30d",
        lambda r, _, m: (v := r.fields.get("hs_createdate")) is not None and v >= START_OF_MONTH_AGO,  # type: ignore[operator]
    ),
    Case(
        "six leaves",
        App.HUBSPOT,
        "invoices",
        "status != draft and source != HubSpot and total >= 100 and (currency = AUD or number starts with INV) and created > sync_started",
        lambda r, _, m: (
            (f := r.fields).get("hs_invoice_status") != "draft"
            and f.get("hs_invoice_source") != "hubspot"
            and (v := f.get("hs_amount_billed")) is not None
            and v >= HUNDRED  # type: ignore[operator]
            and (
                ((v := f.get("hs_currency")) is not None and v.casefold() == "aud")  # type: ignore[union-attr]
                or ((v := f.get("hs_number")) is not None and v.casefold().startswith("inv"))  # type: ignore[union-attr]
            )
            and (v := f.get("hs_createdate")) is not None
            and v > m.sync_started  # type: ignore[operator]
        ),
    ),
    Case(
        "in a list of ten",
        App.HUBSPOT,
        "contacts",
        f"city in [{', '.join(CITIES)}]",
        lambda r, _, m: (v := r.fields.get("city")) is not None and v.casefold() in CITY_SET,  # type: ignore[union-attr]
    ),
    Case(
        "text contains",
        App.HUBSPOT,
        "contacts",
        'company-name contains "pty"',
        lambda r, _, m: (v := r.fields.get("company")) is not None and "pty" in v.casefold(),  # type: ignore[union-attr]
    ),
    Case(
        "associated (R13)",
        App.HUBSPOT,
        "contacts",
        "any invoice (status != draft and created > sync_started and source != HubSpot)",
        lambda r, related, m: any(
            (f := related["invoice"][id].fields).get("hs_invoice_status") != "draft"
            and (v := f.get("hs_createdate")) is not None
            and v > m.sync_started  # type: ignore[operator]
            and f.get("hs_invoice_source") != "hubspot"
            for id in r.associations["invoice"]
        ),
    ),
)


def world(size: int) -> tuple[dict[tuple[App, str], list[Record]], Related]:
    """Records of which about one in eight lacks a value, and contacts with up to three invoices."""
    dice = random.Random(13)

    def some(*values: Any) -> Any:
        return None if dice.random() < 0.125 else dice.choice(values)

    def invoice(number: int) -> Record:
        fields = {
            "hs_invoice_status": some("draft", "open", "open", "paid"),
            "hs_invoice_source": some("hubspot", "data_sync"),
            "hs_amount_billed": some(*(Decimal(dice.randrange(1, 50_000)) / 100 for _ in range(3))),
            "hs_currency": some("AUD", "aud", "NZD", "USD"),
            "hs_number": some(f"INV-{number}", f"inv-{number}", f"Q{number}"),
            "hs_createdate": some(*(MOMENT.now - timedelta(hours=dice.randrange(2400)) for _ in range(3))),
            "hs_invoice_date": some(date(2026, 11, 1)),
        }
        return Record(RecordRef(App.HUBSPOT, "invoices", str(number)), fields)

    invoices = {str(number): invoice(number) for number in range(size)}

    def contact(number: int) -> Record:
        ids = tuple(dice.choice(list(invoices)[:500]) for _ in range(dice.randrange(4)))
        fields = {
            "city": some("Sydney", "PERTH", "Auckland", "hobart", "Wellington"),
            "company": some("Acme Pty Ltd", "Umbrella GmbH", "Pty", "Initech Inc"),
        }
        return Record(RecordRef(App.HUBSPOT, "contacts", str(number)), fields, associations={"invoice": ids})

    contacts = [contact(number) for number in range(size)]
    return {(App.HUBSPOT, "invoices"): list(invoices.values()), (App.HUBSPOT, "contacts"): contacts}, {
        "invoice": invoices
    }


def compiled(case: Case) -> Filter:
    catalogue = load_catalogue()
    result, problems = compile_filter(
        Text(case.text), catalogue.type(case.app, case.type), catalogue, lambda name: None
    )
    assert result is not None, problems
    return result


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """The median over the rounds of (time of ours / time of theirs), the two taking turns to go first."""
    for _ in range(3):
        ours(), theirs()
    ratios = []
    gc.disable()
    for number in range(ROUNDS):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        start = time.perf_counter()
        first()
        middle = time.perf_counter()
        second()
        end = time.perf_counter()
        took = {first: middle - start, second: end - middle}
        ratios.append(took[ours] / took[theirs])
    gc.enable()
    return statistics.median(ratios)


def each(ask: Hand, records: Sequence[Record], related: Related) -> Callable[[], object]:
    def loop() -> None:
        for record in records:
            ask(record, related, MOMENT)

    return loop


def bench_filters(size: int = 2_000) -> list[tuple[str, float, float]]:
    records, related = world(size)
    lines = []
    for case in CASES:
        rows = records[case.app, case.type]
        asked = compiled(case)
        hand = case.hand
        verdicts = [hand(row, related, MOMENT) for row in rows]
        assert asked.select(rows, related, MOMENT) == verdicts == [asked.matches(row, related, MOMENT) for row in rows]
        assert 0 < sum(verdicts) < len(verdicts)
        lines.append(
            (
                f"{case.name}, one by one",
                ratio(each(asked.matches, rows, related), each(hand, rows, related)),
                FILTER_BOUND,
            )
        )
        batch = ratio(lambda: asked.select(rows, related, MOMENT), lambda: [hand(row, related, MOMENT) for row in rows])  # noqa: B023
        lines.append((f"{case.name}, batch", batch, FILTER_BOUND))
    return lines


def by_hand_to_xero(f: Fields) -> tuple[Value, ...]:
    get = f.get
    first, last, email, name = get("firstname"), get("lastname"), get("email"), get("company")
    if name is None:
        name = f"{first} {last}" if first is not None and last is not None else email
    return (
        email,
        first,
        last,
        name,
        get("phone"),
        get("mobilephone"),
        get("address"),
        get("city"),
        get("state"),
        get("zip"),
        get("country"),
        get("website"),
    )


def by_hand_to_hubspot(f: Fields) -> tuple[Value, ...]:
    get = f.get
    first, last, email, name = get("FirstName"), get("LastName"), get("EmailAddress"), get("Name")
    if name is not None:
        folded = name.casefold()  # type: ignore[union-attr]
        made_up = first is not None and last is not None and folded == f"{first} {last}".casefold()
        if made_up or (email is not None and folded == email.casefold()):  # type: ignore[union-attr]
            name = None
    return (
        email,
        first,
        last,
        name,
        get("DefaultPhone"),
        get("MobilePhone"),
        get("PostalAddress"),
        get("PostalCity"),
        get("PostalRegion"),
        get("PostalPostalCode"),
        get("PostalCountry"),
        get("Website"),
    )


def bench_mappings(size: int = 2_000) -> list[tuple[str, float, float]]:
    dice = random.Random(11)
    mappings = CompiledMappings(CONTACT_MAPPINGS)

    def row(names: Sequence[str], name: str) -> dict[str, Value]:
        fields: dict[str, Value] = {
            each: None if dice.random() < 0.2 else f"{each} {dice.randrange(9)}" for each in names
        }
        fields[name] = dice.choice((None, "Acme Pty Ltd", f"{fields[names[1]]} {fields[names[2]]}", fields[names[0]]))
        return fields

    hubspot = [row([each.hubspot.name for each in CONTACT_MAPPINGS], "company") for _ in range(size)]
    xero = [row([each.xero.name for each in CONTACT_MAPPINGS], "Name") for _ in range(size)]
    assert (
        mappings.to_xero_all(hubspot)
        == [by_hand_to_xero(each) for each in hubspot]
        == [mappings.to_xero(each) for each in hubspot]
    )
    assert (
        mappings.to_hubspot_all(xero)
        == [by_hand_to_hubspot(each) for each in xero]
        == [mappings.to_hubspot(each) for each in xero]
    )

    def loop(convert: Callable[[Fields], tuple[Value, ...]], rows: Sequence[Fields]) -> Callable[[], object]:
        def run() -> None:
            for each in rows:
                convert(each)

        return run

    return [
        (
            "12 contact mappings to Xero, one by one",
            ratio(loop(mappings.to_xero, hubspot), loop(by_hand_to_xero, hubspot)),
            MAPPING_BOUND,
        ),
        (
            "12 contact mappings to Xero, batch",
            ratio(lambda: mappings.to_xero_all(hubspot), lambda: [by_hand_to_xero(each) for each in hubspot]),
            MAPPING_BOUND,
        ),
        (
            "12 contact mappings to HubSpot, one by one",
            ratio(loop(mappings.to_hubspot, xero), loop(by_hand_to_hubspot, xero)),
            MAPPING_BOUND,
        ),
        (
            "12 contact mappings to HubSpot, batch",
            ratio(lambda: mappings.to_hubspot_all(xero), lambda: [by_hand_to_hubspot(each) for each in xero]),
            MAPPING_BOUND,
        ),
    ]


def bench_checking() -> list[tuple[str, float, float]]:
    """Seconds of CPU for 1,000 different filters: parsed, checked, and ready to be asked (source text is written at first use)."""
    catalogue = load_catalogue()
    info = catalogue.type(App.HUBSPOT, "invoices")
    compile_filter(Text("total > 0"), info, catalogue, lambda name: None)
    kept = []
    start = time.process_time()
    for number in range(1_000):
        text = f"status != draft and created > sync_started - {number}d and total >= {number}"
        kept.append(compile_filter(Text(text), info, catalogue, lambda name: None))
    took = time.process_time() - start
    assert len(kept) == 1_000
    assert all(found is not None for found, _ in kept)
    return [("1,000 filters parsed and checked, seconds", took, CHECK_BOUND)]


def main() -> int:
    over = 0
    for name, measured, bound in (*bench_filters(), *bench_mappings(), *bench_checking()):
        verdict = "" if measured <= bound else "  OVER"
        over += measured > bound
        print(f"{name:<48} {measured:6.2f}  (bound {bound}){verdict}", flush=True)
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
