"""Which sales invoices a contact of Xero has. A contact doesn't say; invoices name their contact (facts/xero.md 5.2, 5.3).

Few contacts are asked about by `ContactIDs`, many by one list of all invoices, turned round. `summaryOnly` leaves out the
lines and payments, which are most of an invoice, and keeps its contact. Voided and deleted invoices are among them: what
their status means is for a filter to say. Bills are not: a supplier's bill is nobody's invoice.

See also: `xero_codec` (documents that name their associated records themselves), `xero` (who asks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hxrules.connectors.pace import overlapping
from hxrules.records import chunks

MANY: Final = 200
"""From more contacts than this on, all invoices are listed."""
IDS: Final = 40
"""Ids in one URL (5.3)."""

_LISTED: Final = {"summaryOnly": "true", "order": "InvoiceID"}
"""Ids don't move while pages are read."""


class InvoicesOfContacts:
    """Answers for the contacts of one read, and reads no more than it is asked for.

    `listed` gives all sales invoices that a list with these parameters shows; `whole` says from the start that the
    contacts are many.
    """

    def __init__(
        self, listed: Callable[[Mapping[str, str]], Iterator[Mapping[str, Any]]], *, whole: bool = False
    ) -> None:
        self._listed = listed
        self._whole = whole
        self._all: Mapping[str, Sequence[str]] | None = None

    def of(self, contacts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The ids of each contact's invoices, in order."""
        if self._all is None and (self._whole or len(contacts) > MANY):
            self._all = self._read([_LISTED])
        found = self._all
        if found is None:
            found = self._read({**_LISTED, "ContactIDs": ",".join(few)} for few in chunks(contacts, IDS))
        return {each: tuple(sorted(found.get(each, ()))) for each in contacts}

    def _read(self, questions: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for invoices in overlapping(lambda question: list(self._listed(question)), questions):
            for invoice in invoices:
                contact = (invoice.get("Contact") or {}).get("ContactID")
                if contact:
                    found.setdefault(str(contact), []).append(str(invoice["InvoiceID"]))
        return found
