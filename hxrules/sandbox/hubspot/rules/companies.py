"""Companies: a new one needs a name or a domain; equal domains are let through (facts/hubspot.md 3.2, 4.3)."""

from __future__ import annotations

from hxrules.sandbox.hubspot.errors import validation
from hxrules.sandbox.hubspot.rules.base import Change, Rules


class CompanyRules(Rules):
    """The rules of companies."""

    def check(self, change: Change) -> None:
        """A nameless company must at least have a domain."""
        if change.is_new and not change.after.get("name") and not change.after.get("domain"):
            raise validation("A company needs a domain or a name")
