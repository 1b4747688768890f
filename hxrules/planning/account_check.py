"""What a ruleset takes on trust offline, against what two accounts have: custom properties, accounts, tax rates, currencies (R5–R7, R12).

Pure: definitions in, problems out, each at its place in the ruleset. See also: `running.rights` (who reads the properties before every
run), `proposals` (the way round: accounts → rules).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hxrules.language.model import FieldMapping, Ruleset, Sync
from hxrules.planning.proposals import CARRIED
from hxrules.planning.tax import WITHOUT_RATE, TaxTable
from hxrules.problems import Problem, Severity, Span, in_order, near
from hxrules.records import App, Ledger, LedgerAccount, Property
from hxrules.values import ValueType

_NAMES_SHOWN: Final = 3
_SHOWN: Final = 8


# --- custom properties -------------------------------------------------------------------------------------------------------


def own_properties(sync: Sync) -> dict[str, list[FieldMapping]]:
    """By name: the HubSpot properties of this account's own that the mappings of a sync name."""
    found: dict[str, list[FieldMapping]] = {}
    for mapping in sync.mappings:
        path = mapping.hubspot.path
        if mapping.hubspot.custom and path.slot is None and path.names is not None and len(path.names) == 1:
            found.setdefault(path.names[0], []).append(mapping)
    return found


def types_to_ask(ruleset: Ruleset) -> list[str]:
    """The HubSpot record types of which the running syncs name properties of the account's own."""
    return sorted({sync.types[App.HUBSPOT] for sync in ruleset.active if own_properties(sync)})


def property_problems(ruleset: Ruleset, defined: Mapping[str, Sequence[Property]]) -> list[Problem]:
    """What is wrong with the custom properties, by the definitions of each type of `types_to_ask`. Errors keep a run from starting."""
    found: list[Problem] = []
    for sync in ruleset.active:
        kind = sync.types[App.HUBSPOT]
        known = {each.name: each for each in defined.get(kind, ())}
        for name, mappings in own_properties(sync).items():
            for mapping in mappings:
                problem = _missing(kind, name, mapping, known) if name not in known else _misfit(mapping, known[name])
                if problem is not None:
                    found.append(problem)
    return in_order(found)


def _missing(kind: str, name: str, mapping: FieldMapping, known: Mapping[str, Property]) -> Problem:
    labels = {each.label.lower().replace(" ", "_"): each.name for each in known.values()}
    close = list(dict.fromkeys(labels.get(each, each) for each in near(name, [*known, *labels])))[:_NAMES_SHOWN]
    correct = f"Write {' or '.join(f'`{each}`' for each in close)} if that is meant" if close else "Correct the name"
    return Problem(
        "HX217",
        f"HubSpot's {kind} have no property `{name}`",
        "The mapping names a property that this HubSpot account doesn't have, or has archived.",
        f"{correct}; or make the property in HubSpot (Settings › Properties), with `{name}` as its internal name.",
        span=mapping.hubspot_span or mapping.span,
        suggestion=close[0] if close else None,
        next_command="hxrules import" if not close else None,
    )


def _misfit(mapping: FieldMapping, defined: Property) -> Problem | None:
    writes, declared = App.HUBSPOT in mapping.writes, mapping.hubspot.kind
    if writes and not defined.writable:
        return Problem(
            "HX218",
            f"`{defined.name}` can't be written, and this mapping would write it",
            "HubSpot works the property out, or keeps it read-only.",
            "Add `direction: to-xero` to the mapping, or map another property.",
            span=mapping.hubspot_span or mapping.span,
        )
    if _fits(declared, defined.kind):
        return None
    # As text everything can be read, and most of it written; a date that is declared a number never fits.
    harmless = declared.textual
    if harmless and not writes:
        return None
    return Problem(
        "HX219",
        f"`{defined.name}` is a {defined.kind.value} in HubSpot, and a {declared.value} in the ruleset",
        "A value that is no such thing will be refused, for each record that has one."
        if harmless
        else "No value of the one can stand for a value of the other.",
        "Let it go one way (`direction: to-xero`), or map a property that takes text."
        if harmless
        else f"Write `type: {defined.kind.value}` in the mapping.",
        Severity.WARNING if harmless else Severity.ERROR,
        span=mapping.hubspot_span or mapping.span,
    )


def _fits(declared: ValueType, actual: ValueType) -> bool:
    if declared is actual or actual is ValueType.TEXT:
        return True
    return (declared.textual and actual is ValueType.CHOICE) or (declared.numeric and actual.numeric)


# --- the books ---------------------------------------------------------------------------------------------------------------


def book_problems(ruleset: Ruleset, ledgers: Mapping[App, Ledger]) -> list[Problem]:
    """Accounts, tax rates and currencies that the ruleset names or needs, and that the accounts don't have."""
    found: list[Problem] = []
    for sync in ruleset.active:
        if sync.invoices is not None:
            to_xero = App.XERO in sync.direction.targets
            if to_xero and sync.invoices.sales_account is not None:
                place = sync.invoices.places.get("sales-account", sync.span)
                fitting = [each for each in ledgers[App.XERO].accounts if each.active and each.sells]
                found += _account("sales-account", sync.invoices.sales_account, place, fitting, ledgers[App.XERO])
            found += _tax(sync, ledgers)
            found += _currencies(sync, ledgers)
        if sync.payments is not None and App.XERO in sync.direction.targets and sync.payments.bank_account is not None:
            place = sync.payments.places.get("bank-account", sync.span)
            fitting = [each for each in ledgers[App.XERO].accounts if each.active and each.takes_payments]
            found += _account("bank-account", sync.payments.bank_account, place, fitting, ledgers[App.XERO])
    return in_order(found)


def _account(key: str, code: str, place: Span, fitting: Sequence[LedgerAccount], books: Ledger) -> Iterator[Problem]:
    """Whether the account is one that planning would take (`accounting`, `payments`)."""
    if any(each.code == code for each in fitting):
        return
    there = next((each for each in books.accounts if each.code == code), None)
    if there is None:
        summary, cause = f"Xero has no account {code}", "Its chart of accounts has no such code."
    elif not there.active:
        summary, cause = f"Xero's account {code} is archived", f"It is “{there.name}”; nothing can be booked to it."
    else:
        kind = "sales are booked to" if key == "sales-account" else "payments can be booked to"
        summary, cause = f"Xero's account {code} doesn't fit `{key}`", f"“{there.name}” is no account that {kind}."
    listed = ", ".join(f"{each.code} ({each.name})" for each in fitting[:_SHOWN] if each.code)
    yield Problem(
        "HX230",
        summary,
        cause,
        f"Write the code of one that does: {listed}." if listed else "Make one in Xero's chart of accounts.",
        span=place,
        suggestion=next(iter(near(code, [each.code for each in fitting], most=1)), None),
    )


def _tax(sync: Sync, ledgers: Mapping[App, Ledger]) -> Iterator[Problem]:
    assert sync.invoices is not None
    xero, library = ledgers[App.XERO].tax_rates, ledgers[App.HUBSPOT].tax_rates
    told = sync.invoices.tax
    unknown = TaxTable.of(xero, library, told).unknown
    types = [each.id for each in xero]
    for kind, word in told.items():
        key = f"tax.{kind}"
        if kind not in types:
            summary = f"Xero has no tax type `{kind}`"
            cause, candidates, meant = f"It has {', '.join(types[:_SHOWN])}.", types, kind
        elif kind in unknown and word != WITHOUT_RATE:
            key, names = f"{key}.rate", [each.name for each in library]
            summary = f"HubSpot's tax library has no rate `{word}`"
            cause, candidates, meant = f"It has {', '.join(names[:_SHOWN]) or 'no rate at all'}.", names, word
        else:
            continue
        close = next(iter(near(meant, candidates)), None)
        yield Problem(
            "HX241",
            summary,
            cause,
            f"Write `{close}`, or the one that is meant." if close else "Name one that is there.",
            span=sync.invoices.places.get(key, sync.span),
            suggestion=close,
        )


def _currencies(sync: Sync, ledgers: Mapping[App, Ledger]) -> Iterator[Problem]:
    """Invoices in these can't cross; all others can, so it is only a warning."""
    for target in sync.direction.targets:
        lacking = ledgers[target.other].currencies - ledgers[target].currencies
        wanted = sorted(lacking if target is App.HUBSPOT else lacking & set(CARRIED))
        if wanted:
            yield Problem(
                "HX238",
                f"{target.brand} lacks currencies of {target.other.brand}: {', '.join(wanted)}",
                f"Invoices in them can't go to {target.brand}: they will be held.",
                f"Add them in {target.brand}'s settings, where such invoices are to be expected.",
                Severity.WARNING,
                span=sync.span,
            )
