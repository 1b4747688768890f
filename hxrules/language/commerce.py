"""What only the syncs of invoices and of payments say: accounts, tax, totals, voids, history; and how one line is mapped.

See also: `syncs` (who asks), `field_mappings` (one mapping).
"""

from __future__ import annotations

from typing import Final

from hxrules.language import schema
from hxrules.language.mappings import CompiledMappings
from hxrules.language.model import Direction, FieldMapping, History, InvoiceRules, PaymentRules, Totals, Voids
from hxrules.language.nodes import MappingNode, ScalarNode, mapping_at, scalar_at, text_at
from hxrules.problems import Problem, Severity, Span
from hxrules.records import App

LINE_TYPES: Final = {App.HUBSPOT: "line_items", App.XERO: "lines"}
"""The record types of one line of an invoice."""


def invoice_rules(node: MappingNode, lines: tuple[FieldMapping, ...]) -> InvoiceRules:
    """What `syncs: invoices:` says; `lines` are its mappings of one line."""
    voids = mapping_at(node, "voids")
    tax = mapping_at(node, "tax")
    rates = {name: scalar_at(tax, name) for name in tax.entries} if tax else {}
    return InvoiceRules(
        lines=lines,
        compiled=CompiledMappings(lines),
        sales_account=text_at(node, "sales-account"),
        totals=Totals(text_at(node, "totals") or Totals.BLOCK),
        voids={
            App.HUBSPOT: Voids(text_at(voids, "to-hubspot") or Voids.FOLLOW),
            App.XERO: Voids(text_at(voids, "to-xero") or Voids.HOLD),
        },
        tax={name: rate.text.strip() for name, rate in rates.items() if rate},
        places={
            **_places(node, "sales-account"),
            **{f"tax.{name}": key.place for name, (key, _) in (tax.entries if tax else {}).items()},
            **{f"tax.{name}.rate": rate.place for name, rate in rates.items() if rate},
        },
    )


def payment_rules(node: MappingNode) -> PaymentRules:
    """What `syncs: payments:` says."""
    history = History(text_at(node, "history") or History.AFTER_START)
    return PaymentRules(text_at(node, "bank-account"), history, _places(node, "bank-account"))


def _places(node: MappingNode, name: str) -> dict[str, Span]:
    """Where the value of a key stands, if it is there."""
    value = scalar_at(node, name)
    return {} if value is None else {name: value.place}


def missing_account(name: str, key: ScalarNode, node: MappingNode, direction: Direction) -> Problem | None:
    """HX111 at the sync's key: what goes into Xero's books needs an account there.

    Every payment names one, so a sync of payments into Xero can't go without; of invoices only the lines whose item names none do.
    """
    if App.XERO not in direction.targets:
        return None
    account = {"payments": "bank-account", "invoices": "sales-account"}.get(name, "")
    if account in node.entries or schema.meant_by_another(account, node, name):
        return None  # what is wrong with it has been said
    if name == "payments":
        return Problem(
            "HX111",
            "`payments` goes to Xero and has no `bank-account`",
            "Every payment in Xero stands on an account: a bank account, or one that payments are enabled to.",
            'Add `bank-account: "090"`, say, with the code that Xero\'s chart of accounts shows; or write `direction: to-hubspot`.',
            span=key.place,
        )
    if name == "invoices":
        return Problem(
            "HX111",
            "`invoices` goes to Xero and has no `sales-account`",
            "Every line in Xero stands on an account. Lines whose item names one use that; invoices with any other line will be held.",
            'Add `sales-account: "200"`, say, with the code that Xero\'s chart of accounts shows.',
            Severity.WARNING,
            span=key.place,
        )
    return None
