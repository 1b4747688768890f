"""The rulesets of a history: what its people change between runs."""

from __future__ import annotations

from dataclasses import dataclass

from tests.scenarios.stage import LONG_AGO

WAYS = ("two-way", "to-xero", "to-hubspot")


@dataclass(frozen=True)
class Rules:
    """A ruleset. `ways` are the directions of the four syncs, `off` those that are switched off."""

    contacts: str = "two-way"
    products: str = "two-way"
    invoices: str = "two-way"
    payments: str = "two-way"
    winner: str = "xero"
    filtered: bool = False
    """Only contacts with an e-mail travel."""
    city: bool = True
    """The default mapping of the city is on."""
    custom: bool = False
    """The custom mappings are there."""
    voids: str = "follow"
    """What becomes of an invoice that is voided in HubSpot."""
    off: frozenset[str] = frozenset()

    def way(self, sync: str) -> str:
        return str(getattr(self, sync))

    def reads(self, app: str, sync: str) -> bool:
        """Do new records of this app travel?"""
        return sync not in self.off and self.way(sync) != ("to-xero" if app == "xero" else "to-hubspot")

    def maps(self, sync: str, mapping: str) -> bool:
        if mapping in ("tax-number", "po"):
            return self.custom
        return mapping != "city" or self.city

    def text(self) -> str:
        lines = ["hxrules: 1", "name: history", 'version: "1"', "extends: xero-data-sync@1"]
        lines += ["accounts: {hubspot: {subscription: data-hub-starter}}", "syncs:"]
        for sync in ("contacts", "products", "invoices", "payments"):
            lines += [f"  {sync}:", f"    direction: {self.way(sync)}", f"    {LONG_AGO}"]
            lines += ["    enabled: false"] * (sync in self.off)
            lines += [f"    conflict: {{winner: {self.winner}}}"]
            lines += [f"    {line}" for line in self._more(sync)]
        return "\n".join(lines) + "\n"

    def _more(self, sync: str) -> list[str]:
        match sync:
            case "contacts":
                custom = ["custom-mappings: {tax-number: {hubspot: jobtitle, xero: TaxNumber}}"] * self.custom
                targets = ["to-xero", "to-hubspot"] if self.contacts == "two-way" else [self.contacts]
                limits = ", ".join(f"{each}: email is known" for each in targets)
                filters = [f"filters: {{{limits}}}"] * self.filtered
                return [*custom, *filters, *["mappings: {city: off}"] * (not self.city)]
            case "invoices":
                po = "custom-mappings: {po: {hubspot: hs_purchase_order_number, xero: Reference}}"
                voids = [f"voids: {{to-xero: {self.voids}}}"] * (self.invoices != "to-hubspot")
                return ['sales-account: "200"', *voids, *[po] * self.custom]
            case "payments":
                account = ['bank-account: "090"'] * (self.payments != "to-hubspot")
                return [*account, "history: all"]
        return []
