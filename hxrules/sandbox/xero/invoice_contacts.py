"""Whom a document is for: finds the contact that it names, or makes it, and takes over details sent with it.

Invariants: an id must exist, a number or name is looked for among active contacts, and a name that nobody has makes a
contact; any key beside those that name it changes the contact, and persons left out then are gone, as documented
(facts/xero.md 6.2). Nothing here changes the world.
See also: `contact_rules`, `invoice_rules`.
"""

from __future__ import annotations

from hxrules.sandbox.xero import contact_rules, errors
from hxrules.sandbox.xero.batches import Invalid
from hxrules.sandbox.xero.envelope import Record
from hxrules.sandbox.xero.world import World


def contact_of(sent: Record, world: World) -> Record:
    """The contact as the document's write leaves it; raises `Invalid`."""
    named = contact_rules.matching(sent, world)
    if contact_rules.unknown_id(sent, world):
        raise Invalid(errors.CONTACT_UNKNOWN)
    if named is None:
        if sent.get("Name") and world.contacts.found("Name", sent["Name"]):
            raise Invalid(errors.CONTACT_ON_DOCUMENT_ARCHIVED)
        return _written(sent, None, world)
    if named["ContactStatus"] != "ACTIVE":
        raise Invalid(errors.CONTACT_ON_DOCUMENT_ARCHIVED)
    names = {"ContactID"} if sent.get("ContactID") else {"ContactNumber", "Name"}
    if contact_rules.DETAILS & (set(sent) - names):
        return _written({"ContactPersons": [], **sent}, named, world)
    return named


def _written(sent: Record, current: Record | None, world: World) -> Record:
    if messages := contact_rules.broken_rules(sent, current, world):
        raise Invalid(*messages)
    return contact_rules.merged(sent, current, world)
