"""What a type of record obeys beyond the definitions of its properties: one module a type, where it has any.

See also: `base` (what can be ruled), `types` (the data), `writing` (asks the rules).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hxrules.sandbox.hubspot.rules.base import Rules
from hxrules.sandbox.hubspot.rules.companies import CompanyRules
from hxrules.sandbox.hubspot.rules.contacts import ContactRules

RULES: Final[Mapping[str, type[Rules]]] = {"contacts": ContactRules, "companies": CompanyRules}
"""The rules by plural name of the type; other types have those of the base."""
