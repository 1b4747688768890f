"""Text → `Ruleset`: reads the files, checks names and types against the catalogue, adds what the base brings, names the meaning.

Every problem is found in one run: what has the wrong shape is skipped here (`schema` has said so), the rest is looked at all the
same. A ruleset comes out when there was no error; warnings don't stop it.
See also: `source`, `schema` (text and shape), `extends` (the base), `syncs` (one sync), `model` (the result).
"""

from __future__ import annotations

import re
from decimal import Decimal

from hxrules.catalogue import Catalogue
from hxrules.language.extends import Bases, read_chain
from hxrules.language.field_mappings import digest
from hxrules.language.model import Accounts, Limits, Ruleset, Subscription
from hxrules.language.nodes import MappingNode, mapping_at, number_at, scalar_at, text_at
from hxrules.language.syncs import SyncReader
from hxrules.problems import Problem, has_errors, in_order
from hxrules.values import number_text

_NAMES = ("syncs", "objects", "default-mappings", "line-mappings", "fixed-limits")
"""Keys whose entries keep their places themselves, or have none of their own."""
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%\Z")


def load_ruleset(text: str, file: str, catalogue: Catalogue, bases: Bases) -> tuple[Ruleset | None, list[Problem]]:
    """The ruleset that `text` describes, and all that is wrong with it, sorted by place; no ruleset when an error is among it.

    `file` is shown in places. `bases` finds what is extended: `name@N` (`shipped.base` knows those that come with hxrules) or a path
    as seen from the file's folder → (text, file to show), `None` for nothing. A base by itself has no syncs.
    """
    problems: list[Problem] = []
    chain = read_chain(text, file, bases, problems)
    if chain is None:
        return None, in_order(problems)
    rules = chain.rules
    accounts = _accounts(rules)
    limits = _limits(rules)
    syncs = SyncReader(rules, catalogue, accounts.subscription, problems).read(check_all=chain.is_base)
    if has_errors(problems) or chain.base is None:
        return None, in_order(problems)
    name, version = text_at(rules, "name") or "", text_at(rules, "version") or ""
    meaning = {
        "ruleset": [name, version, chain.base],
        "accounts": [accounts.portal, accounts.subscription.value, accounts.tenant, accounts.organisation],
        "syncs": [[sync.name, sync.digest, sync.enabled] for sync in syncs],
        "limits": [number_text(limits.changes), limits.of_at_least, limits.creates],
    }
    ruleset = Ruleset(
        name=name,
        version=version,
        file=file,
        digest=digest(meaning),
        base=chain.base,
        accounts=accounts,
        syncs=syncs,
        limits=limits,
        places=rules.places(apart=_NAMES),
    )
    return ruleset, in_order(problems)


def _accounts(rules: MappingNode) -> Accounts:
    hubspot = mapping_at(mapping_at(rules, "accounts"), "hubspot")
    xero = mapping_at(mapping_at(rules, "accounts"), "xero")
    portal, tenant, organisation = (
        scalar_at(hubspot, "portal"),
        scalar_at(xero, "tenant"),
        scalar_at(xero, "organisation"),
    )
    tenant_id = text_at(xero, "tenant")
    return Accounts(
        portal=number_at(hubspot, "portal"),
        portal_span=portal.place if portal else None,
        subscription=_subscription(text_at(hubspot, "subscription")),
        tenant=tenant_id.lower() if tenant_id else None,
        tenant_span=tenant.place if tenant else None,
        organisation=text_at(xero, "organisation"),
        organisation_span=organisation.place if organisation else None,
    )


def _subscription(said: str | None) -> Subscription:
    """A plan that doesn't exist has been reported with the shape; it need not make every custom mapping wrong too."""
    if said is None:
        return Subscription.FREE
    return next((plan for plan in Subscription if plan.value == said), Subscription.ENTERPRISE)


def _limits(rules: MappingNode) -> Limits:
    node = mapping_at(rules, "limits")
    plain = Limits()
    share = _SHARE.match(text_at(node, "changes") or "")
    of_at_least = number_at(node, "of-at-least")
    return Limits(
        changes=Decimal(share[1]) / 100 if share else plain.changes,
        of_at_least=plain.of_at_least if of_at_least is None else of_at_least,
        creates=number_at(node, "creates"),
        span=node.place if node else None,
    )
