"""When a case happens and in whose books: the clock, the accounts, tax rates, currencies and Xero's chart of accounts.

Nothing of it needs to be said: a case happens on 15 January 2026, thirty days after its syncs were started, in US dollars, with one sales
tax of 10 % that both apps know by the same name, and with the accounts that the ruleset itself names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hxrules.language.model import Ruleset
from hxrules.language.nodes import MappingNode, Node
from hxrules.planning.cases.nodes_reader import NodesReader
from hxrules.planning.tax import TaxTable
from hxrules.records import Accounts, App, Ledger, LedgerAccount, Organisation, Portal, TaxRate
from hxrules.values import NotOfType, ValueType, canonical

NOW: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
STARTED_BEFORE: Final = timedelta(days=30)
CURRENCIES: Final = ("USD", "CAD", "EUR", "GBP", "AUD", "NZD")
SALES_TAX: Final = "Tax on Sales"
TENANT: Final = "00000000-0000-4000-8000-000000000000"

WORDS: Final = {
    App.HUBSPOT: ("currency", "currencies", "time-zone", "tax-rates"),
    App.XERO: ("currency", "currencies", "time-zone", "tax-rates", "chart", "locked-until"),
}
_RATE: Final = {
    App.HUBSPOT: ("id", "name", "percent", "active"),
    App.XERO: ("type", "name", "percent", "active", "sales"),
}
_ACCOUNT: Final = ("code", "name", "active", "sells", "takes-payments")


@dataclass(frozen=True, slots=True)
class Setting:
    """Clock, accounts and books of a case."""

    now: datetime
    started: datetime
    accounts: Accounts
    ledgers: Mapping[App, Ledger]
    """Without items: those are records of the case."""

    def tax(self, told: Mapping[str, str]) -> TaxTable:
        return TaxTable.of(self.ledgers[App.XERO].tax_rates, self.ledgers[App.HUBSPOT].tax_rates, told)

    def rate(self, name: str) -> str:
        """The id of HubSpot's rate of that name; the word itself where there is none."""
        return next((rate.id for rate in self.ledgers[App.HUBSPOT].tax_rates if rate.name == name), name)

    def rate_name(self, rate_id: str) -> str:
        """The inverse of `rate`."""
        return next((rate.name for rate in self.ledgers[App.HUBSPOT].tax_rates if rate.id == rate_id), rate_id)


def usual(ruleset: Ruleset) -> Setting:
    """The setting of a case that says nothing about it."""
    sales = {sync.invoices.sales_account for sync in ruleset.syncs if sync.invoices is not None}
    banks = {sync.payments.bank_account for sync in ruleset.syncs if sync.payments is not None}
    chart = [LedgerAccount(code, code, "Sales", True, True, False) for code in sorted(filter(None, sales)) or ["200"]]
    chart += [LedgerAccount(code, code, "Bank", True, False, True) for code in sorted(filter(None, banks)) or ["090"]]
    rates = (TaxRate("OUTPUT", SALES_TAX, Decimal(10)), TaxRate("NONE", "Tax Exempt", Decimal(0)))
    known = frozenset(CURRENCIES)
    return Setting(
        NOW,
        NOW - STARTED_BEFORE,
        Accounts(
            Portal(ruleset.accounts.portal or 1, "UTC", CURRENCIES[0], CURRENCIES, "app.hubspot.com"),
            Organisation(ruleset.accounts.tenant or TENANT, "Test", "!test", "UTC", CURRENCIES[0]),
        ),
        {
            App.HUBSPOT: Ledger(known, (TaxRate("1", SALES_TAX, Decimal(10)),)),
            App.XERO: Ledger(known, rates, tuple(chart)),
        },
    )


def read_setting(node: MappingNode, before: Setting, reader: NodesReader) -> Setting:
    """`now`, `started` and `accounts` of a file or of a case, laid over what holds around it."""
    now = reader.instant(node.get("now"), "`now`")
    started = reader.instant(node.get("started"), "`started`")
    if now is not None and started is None:
        started = now - STARTED_BEFORE
    found = replace(before, now=now or before.now, started=started or before.started)
    accounts = reader.mapping(node.get("accounts"), "`accounts`")
    if accounts is None:
        return found
    reader.known_keys(accounts, "`accounts`", [app.value for app in App])
    for app in App:
        said = reader.mapping(accounts.get(app.value), f"`{app.value}`")
        if said is not None:
            reader.known_keys(said, f"`{app.value}` under `accounts`", WORDS[app])
            found = _of_app(app, said, found, reader)
    return found


def _of_app(app: App, said: MappingNode, found: Setting, reader: NodesReader) -> Setting:
    ledger, accounts = found.ledgers[app], found.accounts
    zone = _zone(said.get("time-zone"), reader)
    currency = reader.text(said.get("currency"), "`currency`")
    known = [text for text, _ in reader.texts(said.get("currencies"), "`currencies`")]
    if known or currency:
        ledger = replace(ledger, currencies=frozenset([*(known or ledger.currencies), *filter(None, [currency])]))
    if said.get("tax-rates") is not None:
        nodes = reader.mappings(said.get("tax-rates"), "`tax-rates`")
        ledger = replace(ledger, tax_rates=tuple(_rate(app, each, reader) for each in nodes))
    if app is App.HUBSPOT:
        portal = accounts.portal
        currencies = tuple(sorted(ledger.currencies))
        portal = replace(
            portal,
            currency=currency or portal.currency,
            currencies=currencies,
            time_zone=zone or portal.time_zone,
        )
        accounts = replace(accounts, portal=portal)
    else:
        if said.get("chart") is not None:
            nodes = reader.mappings(said.get("chart"), "`chart`")
            ledger = replace(ledger, accounts=tuple(_account(each, reader) for each in nodes))
        organisation = accounts.organisation
        organisation = replace(
            organisation,
            base_currency=currency or organisation.base_currency,
            time_zone=zone or organisation.time_zone,
            locked_until=_day(said.get("locked-until"), reader) or organisation.locked_until,
        )
        accounts = replace(accounts, organisation=organisation)
    return replace(found, accounts=accounts, ledgers={**found.ledgers, app: ledger})


def _rate(app: App, node: MappingNode, reader: NodesReader) -> TaxRate:
    reader.known_keys(node, "a tax rate", _RATE[app])
    name = reader.text(node.get("name"), "`name`") or ""
    return TaxRate(
        reader.text(node.get(_RATE[app][0]), f"`{_RATE[app][0]}`") or name,
        name,
        reader.number(node.get("percent"), "`percent`", Decimal(0)),
        reader.flag(node.get("active"), "`active`", True),
        reader.flag(node.get("sales"), "`sales`", True),
    )


def _account(node: MappingNode, reader: NodesReader) -> LedgerAccount:
    reader.known_keys(node, "an account", _ACCOUNT)
    code = reader.text(node.get("code"), "`code`") or ""
    return LedgerAccount(
        code,
        code,
        reader.text(node.get("name"), "`name`") or code,
        reader.flag(node.get("active"), "`active`", True),
        reader.flag(node.get("sells"), "`sells`"),
        reader.flag(node.get("takes-payments"), "`takes-payments`"),
    )


def _zone(node: Node | None, reader: NodesReader) -> str | None:
    name = reader.text(node, "`time-zone`")
    if node is None or name is None:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        reader.wrong("HX163", node, f"there is no time zone `{name}`", remedy="Write a name like `Australia/Sydney`.")
        return None
    return name


def _day(node: Node | None, reader: NodesReader) -> date | None:
    text = reader.text(node, "`locked-until`")
    if node is None or text is None:
        return None
    try:
        found = canonical(ValueType.DAY, text)
    except NotOfType:
        reader.wrong("HX163", node, "`locked-until` must be a date (2026-06-30)")
        return None
    return found if isinstance(found, date) else None
