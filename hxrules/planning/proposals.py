"""What only two particular accounts have → what a ruleset could say about it: pins, accounts, tax rates, currencies, custom mappings.

Careful: proposed is what names and types make plain; everything else is named with the reason why it isn't. Nothing is decided by
itself, and nothing here looks at a record. See also: `proposed_mappings` (custom mappings), `tax` (which rates pair by themselves),
`language.additions` (proposals → text).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hxrules.language.model import Ruleset, Sync
from hxrules.planning.cases.rewriting import scalar
from hxrules.planning.tax import TaxTable
from hxrules.problems import Problem
from hxrules.records import Accounts, App, Ledger, LedgerAccount, TaxRate

CARRIED: Final = ("AUD", "CAD", "EUR", "GBP", "NZD", "USD")
"""The currencies in which invoices go to Xero (R19)."""
_COMMON: Final = frozenset(
    {"tax", "rate", "on", "the", "of", "and", "for", "sales", "income", "purchases", "number", "percent"}
)

_ORDER: Final = (
    *("accounts", "hubspot", "xero", "portal", "tenant"),
    *(
        "syncs",
        "contacts",
        "products",
        "invoices",
        "payments",
        "custom-mappings",
        "sales-account",
        "tax",
        "bank-account",
    ),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry of the ruleset; `value` is YAML for one line."""

    path: tuple[str, ...]
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class NotProposed:
    """Something that was looked at, and why nothing is proposed for it."""

    what: str
    because: str


@dataclass(slots=True)
class Proposals:
    """All that was found. `settled` is what is as it should be already."""

    entries: list[Proposal] = field(default_factory=list)
    left: list[NotProposed] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def sort(self) -> None:
        """Puts the entries where they would stand: neighbours together, in the order of a ruleset."""
        keys = (*_ORDER, *(each.path[-1] for each in self.entries))
        self.entries.sort(key=lambda each: [keys.index(name) for name in each.path[:3]])


Refusal = Callable[[Proposal], Problem | None]
"""What the language has against an entry, in this ruleset."""


def propose_accounts(ruleset: Ruleset, accounts: Accounts, found: Proposals) -> None:
    """Pins both accounts (R5)."""
    portal, organisation = accounts.portal, accounts.organisation
    if ruleset.accounts.portal is None:
        why = "so that a token of another HubSpot account is refused"
        found.entries.append(Proposal(("accounts", "hubspot", "portal"), str(portal.id), why))
    else:
        found.settled.append(f"HubSpot portal {portal.id} is named")
    if ruleset.accounts.tenant is None:
        why = f"{organisation.name}: another Xero organisation is refused"
        found.entries.append(Proposal(("accounts", "xero", "tenant"), organisation.tenant, why))
    else:
        found.settled.append(f"Xero tenant {organisation.tenant} ({organisation.name}) is named")


def propose_books(ruleset: Ruleset, ledgers: Mapping[App, Ledger], found: Proposals) -> None:
    """Accounts and tax rates, as far as the ruleset's syncs need them; and what the two apps' currencies mean for invoices."""
    for sync in ruleset.active:
        if sync.invoices is not None:
            if App.XERO in sync.direction.targets:
                _sales_account(sync, ledgers[App.XERO], found)
            _tax(sync, ledgers, found)
            _currencies(sync, ledgers, found)
        if sync.payments is not None and App.XERO in sync.direction.targets:
            _bank_account(sync, ledgers[App.XERO], found)


# --- accounts ----------------------------------------------------------------------------------------------------------------


def _sales_account(sync: Sync, ledger: Ledger, found: Proposals) -> None:
    assert sync.invoices is not None
    fitting = [each for each in ledger.accounts if each.active and each.sells and each.code]
    used = Counter(code for code in ledger.items.values() if code)
    _account(
        ("syncs", sync.name, "sales-account"),
        sync.invoices.sales_account,
        fitting,
        used,
        "revenue account",
        "sales",
        found,
    )


def _bank_account(sync: Sync, ledger: Ledger, found: Proposals) -> None:
    assert sync.payments is not None
    fitting = [each for each in ledger.accounts if each.active and each.takes_payments and each.code]
    what = "account that takes payments"
    _account(("syncs", sync.name, "bank-account"), sync.payments.bank_account, fitting, Counter(), what, "bank", found)


def _account(
    path: tuple[str, ...],
    said: str | None,
    fitting: Sequence[LedgerAccount],
    used: Counter[str],
    what: str,
    word: str,
    found: Proposals,
) -> None:
    """One account out of those that fit: the only one, the one that most items name, or the only one of a telling name."""
    by_code = {each.code: each for each in fitting}
    if said is not None and said in by_code:
        found.settled.append(f"{path[-1]} {said} is an active {what}: {by_code[said].name}")
        return
    named = [each for each in fitting if word in each.name.lower().split()]
    most = used.most_common(1)[0] if used else None
    if len(fitting) == 1:
        chosen, why = fitting[0], f"the only active {what} with a code"
    elif most is not None and most[0] in by_code and most[1] * 2 > used.total():
        chosen, why = by_code[most[0]], f"{most[1]} of {used.total()} items with an account name it"
    elif len(named) == 1:
        chosen, why = named[0], f"of {len(fitting)}, the only {what} with “{word}” in its name"
    else:
        missing = f"{said} is no active {what}; " if said is not None else ""
        listed = ", ".join(f"{each.code} {each.name}" for each in fitting[:8]) or "none has a code"
        more = f" and {len(fitting) - 8} more" if len(fitting) > 8 else ""
        found.left.append(NotProposed(path[-1], f"{missing}which one is meant can't be told: {listed}{more}."))
        return
    instead = f" (instead of {said}, which is no active {what})" if said is not None else ""
    found.entries.append(Proposal(path, f'"{chosen.code}"', f"{chosen.name}: {why}{instead}"))


# --- tax ---------------------------------------------------------------------------------------------------------------------


def _tax(sync: Sync, ledgers: Mapping[App, Ledger], found: Proposals) -> None:
    """Rates that neither name nor ruleset pairs, but percentage and words do (R7)."""
    assert sync.invoices is not None
    xero, library = ledgers[App.XERO].tax_rates, ledgers[App.HUBSPOT].tax_rates
    told = sync.invoices.tax
    table = TaxTable.of(xero, library, told)
    active = sum(rate.active and rate.sales for rate in xero)
    paired = active - len(table.without_partner)
    if paired:
        found.settled.append(
            f"Of Xero's {active} sales tax rates, HubSpot knows {paired} by name and percentage, or by `tax:`"
        )
    for kind in table.unknown:
        found.left.append(
            NotProposed(f"tax {kind}", "the ruleset names it, and there is no such tax type or library rate.")
        )
    for rate in table.without_partner:
        alike = [each for each in table.strangers if each.percent == rate.percent]
        rivals = [each for each in table.without_partner if each.percent == rate.percent]
        shared = [each for each in alike if _words(each) & _words(rate)]
        closest = [
            each for each in shared if not any(_words(each) & _words(rival) for rival in rivals if rival is not rate)
        ]
        path = ("syncs", sync.name, "tax", rate.id)
        percent = f"{rate.percent.normalize():f} %"
        if len(alike) == len(rivals) == 1 and (rate.percent or shared):
            why = f"Xero's “{rate.name}” and HubSpot's “{alike[0].name}”: on both sides the only rate of {percent} without a partner"
            found.entries.append(Proposal(path, _rate_name(alike[0], library), why))
        elif len(closest) == 1:
            why = f"Xero's “{rate.name}” and HubSpot's “{closest[0].name}”: both {percent}, and names that share a word"
            found.entries.append(Proposal(path, _rate_name(closest[0], library), why))
        else:
            names = ", ".join(f"“{each.name}”" for each in alike)
            because = (
                f"which of HubSpot's rates of {percent} it is can't be told: {names}."
                if names
                else f"HubSpot's library has no free rate of {percent}; such a line gets its tax as an amount (HX241)."
            )
            found.left.append(NotProposed(f"tax {rate.id} “{rate.name}”", because))


def _words(rate: TaxRate) -> set[str]:
    """The words of a name that tell something."""
    letters = "".join(each if each.isalpha() else " " for each in rate.name.lower())
    return {word for word in letters.split() if len(word) > 2 and word not in _COMMON}


def _rate_name(rate: TaxRate, library: Sequence[TaxRate]) -> str:
    """By name where that is the rate's alone, else by id."""
    alone = sum(each.name.casefold() == rate.name.casefold() for each in library) == 1
    return scalar(rate.name) if alone and rate.name else f'"{rate.id}"'


# --- currencies --------------------------------------------------------------------------------------------------------------


def _currencies(sync: Sync, ledgers: Mapping[App, Ledger], found: Proposals) -> None:
    hubspot, xero = ledgers[App.HUBSPOT].currencies, ledgers[App.XERO].currencies
    if App.XERO in sync.direction.targets:
        if lacking := sorted(hubspot & set(CARRIED) - xero):
            found.notes.append(
                f"HubSpot uses {', '.join(lacking)}, which Xero lacks: add them there, or invoices in them are held (HX226)."
            )
        if others := sorted(hubspot - set(CARRIED)):
            found.notes.append(f"HubSpot uses {', '.join(others)}: invoices in them never go to Xero (R19, HX226).")
    if App.HUBSPOT in sync.direction.targets and (lacking := sorted(xero - hubspot)):
        found.notes.append(
            f"Xero uses {', '.join(lacking)}, which HubSpot lacks: add them there, or invoices in them are held (HX238)."
        )
