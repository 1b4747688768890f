"""Companies: a new one needs a name or a domain; equal domains are let through (facts/hubspot.md 3.2, 4.3)."""

from __future__ import annotations

from collections.abc import Mapping

from hxrules.sandbox.hubspot.errors import validation
from hxrules.sandbox.hubspot.rules.base import Rules


class CompanyRules(Rules):
    """The rules of companies."""

    def check(self, properties: Mapping[str, str], is_new: bool) -> None:
        """A nameless company must at least have a domain."""
        if is_new and not properties.get("name") and not properties.get("domain"):
            raise validation("A company needs a domain or a name")
