"""R7: which library rate of HubSpot's is which tax type of Xero's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hxrules.planning.tax import TaxTable
from hxrules.records import TaxRate


def rate(rate_id: str, name: str, percent: str = "0", *, active: bool = True, sales: bool = True) -> TaxRate:
    return TaxRate(rate_id, name, Decimal(percent), active, sales)


XERO = (
    rate("OUTPUT", "GST on Income", "10.0000"),
    rate("INPUT", "GST on Expenses", "10", sales=False),
    rate("EXEMPTOUTPUT", "GST Free Income"),
    rate("EXEMPTEXPORT", "GST Free Exports"),
    rate("BASEXCLUDED", "BAS Excluded"),
    rate("TAX001", "Old levy", "3", active=False),
)
LIBRARY = (
    rate("2148420991", "gst  on INCOME ", "10"),
    rate("2148420992", "GST Free Income"),
    rate("2148420993", "GST Free Exports", "1"),
    rate("2148420995", "Levy", "2.5"),
    rate("2148420996", "Wholesale", "12", active=False),
    rate("2148420997", "Old levy", "3"),
    rate("2148420998", "GST on Expenses", "10"),
)


def ids(rates: tuple[TaxRate, ...]) -> list[str]:
    return [rate.id for rate in rates]


# --- without a table ---------------------------------------------------------------------------------------------------------


def test_equal_name_and_percentage_make_a_pair() -> None:
    table = TaxTable.of(XERO, LIBRARY, {})
    assert table.to_xero("2148420991") == "OUTPUT"
    assert table.to_hubspot("OUTPUT") == "2148420991"
    assert table.to_xero("2148420992") == "EXEMPTOUTPUT"


def test_an_equal_name_with_another_percentage_makes_none() -> None:
    table = TaxTable.of(XERO, LIBRARY, {})
    assert table.to_xero("2148420993") is None
    assert table.to_hubspot("EXEMPTEXPORT") is None


def test_deleted_and_purchase_rates_are_never_what_a_line_becomes_in_xero() -> None:
    for told in ({}, {"TAX001": "Old levy", "INPUT": "GST on Expenses"}):
        table = TaxTable.of(XERO, LIBRARY, told)
        assert table.to_xero("2148420997") is None
        assert table.to_xero("2148420998") is None


def test_what_has_no_partner_is_listed() -> None:
    table = TaxTable.of(XERO, LIBRARY, {})
    assert ids(table.without_partner) == ["EXEMPTEXPORT", "BASEXCLUDED"]
    assert ids(table.strangers) == ["2148420993", "2148420995", "2148420997", "2148420998"]


def test_an_inactive_library_rate_is_understood_and_not_written() -> None:
    library = (rate("21", "GST on Income", "10", active=False), *LIBRARY[1:])
    table = TaxTable.of(XERO, library, {})
    assert table.to_xero("21") == "OUTPUT"
    assert table.to_hubspot("OUTPUT") is None
    assert "OUTPUT" in ids(table.without_partner)


def test_of_two_library_rates_both_are_understood_and_the_lowest_active_one_is_written() -> None:
    library = (
        rate("100", "GST on Income", "10"),
        rate("99", "GST on Income", "10"),
        rate("9", "GST on Income", "10", active=False),
    )
    table = TaxTable.of(XERO, library, {})
    assert {table.to_xero(each.id) for each in library} == {"OUTPUT"}
    assert table.to_hubspot("OUTPUT") == "99"


def test_percentages_and_names() -> None:
    table = TaxTable.of(XERO, LIBRARY, {})
    assert table.percent("OUTPUT") == 10
    assert table.percent("TAX001") == 3
    assert (
        table.percent(None)
        == table.percent("OUTPUT9")
        == table.hubspot_percent(None)
        == table.hubspot_percent("1")
        == 0
    )
    assert table.hubspot_percent("2148420995") == Decimal("2.5")
    assert (table.name("OUTPUT"), table.name("OUTPUT9")) == ("GST on Income", "OUTPUT9")


# --- a line without rate -----------------------------------------------------------------------------------------------------


def test_a_line_without_rate_has_no_tax_as_the_region_calls_it() -> None:
    none = rate("NONE", "No GST")
    assert TaxTable.of(XERO, (), {}).to_xero(None) == "BASEXCLUDED"
    assert TaxTable.of((*XERO, none), (), {}).to_xero(None) == "NONE"
    assert TaxTable.of((*XERO, rate("NONE", "No GST", active=False)), (), {}).to_xero(None) == "BASEXCLUDED"
    assert TaxTable.of(XERO[:4], (), {}).to_xero(None) is None


def test_the_ruleset_says_what_a_line_without_rate_has() -> None:
    table = TaxTable.of(XERO, LIBRARY, {"EXEMPTOUTPUT": "none"})
    assert table.to_xero(None) == "EXEMPTOUTPUT"
    assert table.to_hubspot("EXEMPTOUTPUT") == "2148420992"
    assert table.unknown == ()
    assert "BASEXCLUDED" not in ids(TaxTable.of(XERO, LIBRARY, {"BASEXCLUDED": "none"}).without_partner)


def test_a_deleted_rate_is_not_what_a_line_without_rate_has() -> None:
    assert TaxTable.of(XERO, LIBRARY, {"TAX001": "none"}).to_xero(None) is None


# --- the ruleset's table -----------------------------------------------------------------------------------------------------


def test_the_table_names_a_library_rate_by_id_or_name() -> None:
    for word in ("2148420995", "levy", " LEVY"):
        table = TaxTable.of(XERO, LIBRARY, {"OUTPUT": word})
        assert table.to_hubspot("OUTPUT") == "2148420995"
        assert table.to_xero("2148420995") == "OUTPUT"


def test_the_table_takes_a_rate_from_the_one_that_it_looks_like() -> None:
    table = TaxTable.of(XERO, LIBRARY, {"EXEMPTEXPORT": "GST Free Income"})
    assert table.to_xero("2148420992") == "EXEMPTEXPORT"
    assert table.to_hubspot("EXEMPTOUTPUT") is None


def test_a_rate_that_looks_like_a_told_one_is_still_understood() -> None:
    table = TaxTable.of(XERO, LIBRARY, {"OUTPUT": "Levy"})
    assert table.to_xero("2148420991") == "OUTPUT"
    assert table.to_hubspot("OUTPUT") == "2148420995"


def test_one_library_rate_told_for_two_tax_types_stands_for_the_first() -> None:
    table = TaxTable.of(XERO, LIBRARY, {"EXEMPTOUTPUT": "2148420992", "EXEMPTEXPORT": "2148420992"})
    assert table.to_hubspot("EXEMPTOUTPUT") == table.to_hubspot("EXEMPTEXPORT") == "2148420992"
    assert table.to_xero("2148420992") == "EXEMPTOUTPUT"


def test_an_old_rate_that_the_table_pairs_is_written_to_hubspot() -> None:
    assert TaxTable.of(XERO, LIBRARY, {"TAX001": "Old levy"}).to_hubspot("TAX001") == "2148420997"


def test_an_entry_that_names_nothing_known_is_listed_and_means_nothing() -> None:
    told = {"OUTPUT9": "Levy", "OUTPUT": "Sales tax", "EXEMPTOUTPUT": "2148420992", "ZERORATED": "none"}
    table = TaxTable.of(XERO, LIBRARY, told)
    assert table.unknown == ("OUTPUT9", "OUTPUT", "ZERORATED")
    assert table.to_xero("2148420995") is None


# --- in general --------------------------------------------------------------------------------------------------------------

names = st.sampled_from(["GST", "gst ", "Levy", "Free"])
percents = st.sampled_from([Decimal(0), Decimal(10), Decimal("10.0000")])
TYPES = ("OUTPUT", "EXEMPT", "NONE", "BASEXCLUDED", "TAX001")
KEYS = ("1", "2", "10", "11", "12")


def libraries(keys: tuple[str, ...]) -> st.SearchStrategy[list[TaxRate]]:
    rates = st.builds(TaxRate, st.sampled_from(keys), names, percents, st.booleans(), st.booleans())
    return st.lists(rates, max_size=5, unique_by=lambda rate: rate.id)


tables = st.dictionaries(
    st.sampled_from([*TYPES, "OTHER"]), st.sampled_from([*KEYS, "GST", "Levy", "none", "?"]), max_size=3
)


@given(libraries(TYPES), libraries(KEYS), tables)
def test_what_is_written_is_in_use_and_what_is_not_is_listed(
    xero: list[TaxRate], library: list[TaxRate], told: dict[str, str]
) -> None:
    table = TaxTable.of(xero, library, told)
    active = {rate.id for rate in library if rate.active}
    usable = {rate.id for rate in xero if rate.active and rate.sales}
    for kind in TYPES:
        assert table.to_hubspot(kind) in {*active, None}
    for key in (*KEYS, None):
        assert table.to_xero(key) in {*usable, None}
    bare = {kind for kind, word in told.items() if word == "none"}
    assert set(ids(table.without_partner)) == {kind for kind in usable - bare if table.to_hubspot(kind) is None}
    assert set(ids(table.strangers)) == {key for key in active if table.to_xero(key) is None}


@given(libraries(TYPES), libraries(KEYS), tables.filter(lambda told: len(told) < 2))
def test_there_and_back_is_the_same_tax_type(xero: list[TaxRate], library: list[TaxRate], told: dict[str, str]) -> None:
    table = TaxTable.of(xero, library, told)
    usable = {rate.id for rate in xero if rate.active and rate.sales}
    for kind in usable:
        written = table.to_hubspot(kind)
        assert written is None or table.to_xero(written) == kind


@given(libraries(TYPES), libraries(KEYS), tables, st.randoms(use_true_random=False))
def test_the_order_of_the_rates_makes_no_difference(
    xero: list[TaxRate], library: list[TaxRate], told: dict[str, str], order: Any
) -> None:
    one = TaxTable.of(xero, library, told)
    other = TaxTable.of(order.sample(xero, len(xero)), order.sample(library, len(library)), told)
    assert [one.to_hubspot(kind) for kind in TYPES] == [other.to_hubspot(kind) for kind in TYPES]
    assert [one.to_xero(key) for key in (*KEYS, None)] == [other.to_xero(key) for key in (*KEYS, None)]
