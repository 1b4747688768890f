"""The life of an invoice: draft, open, paid or voided, and who may write what in which of them.

Invariants: a billable invoice opens with a contact and a line, gets its number then, and is paid by payments; a mirror
(`hs_invoice_billable` false) is validated by nobody, and its number and amounts are as its writer says, as far as the
quirks let them be; a voided invoice stays so.
See also: facts/hubspot.md 3.5, 12.8; `invoicing` (totals, balance, number, and the lock on what can't be changed).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from hxrules.sandbox.hubspot.errors import ApiError, Invalid, invalid_values, read_only, required, validation
from hxrules.sandbox.hubspot.invoicing import is_mirror, status_of
from hxrules.sandbox.hubspot.records import Record
from hxrules.sandbox.hubspot.rules.base import Change, Rules
from hxrules.sandbox.hubspot.values import instant

_AMOUNTS: Final = ("hs_amount_billed", "hs_balance_due")
_BY_QUIRK: Final = {"hs_number": "mirror-number", **dict.fromkeys(_AMOUNTS, "mirror-amounts")}
"""What a mirror's writer may say, as the quirk decides; on a billable invoice it is HubSpot's."""


class InvoiceRules(Rules):
    """The rules of invoices."""

    def stored(self, written: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
        """Number and amounts are HubSpot's, but for what a mirror's writer may say."""
        values, refused = dict(written), list[Invalid]()
        was = before.get("hs_invoice_billable", "true")
        if before and values.get("hs_invoice_billable", was) != was:
            refused.append(read_only("hs_invoice_billable"))
        mirror = is_mirror(before or values)
        for name, quirk in _BY_QUIRK.items():
            setting = self.quirks[quirk] if mirror else "refused"
            if name in values and setting == "refused":
                refused.append(read_only(name))
            elif name in values and setting == "ignored":
                del values[name]
        if refused:
            raise invalid_values(refused, self.account.portal)
        return values

    def defaults(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """A billable draft of today."""
        source = self.quirks["mirror-source"] if is_mirror(properties) else "hubspot"
        return {
            "hs_invoice_status": "draft",
            "hs_invoice_billable": "true",
            "hs_invoice_date": instant(now),
            "hs_due_date": instant(now),
            **({} if source == "absent" else {"hs_invoice_source": source}),
        }

    def check(self, change: Change) -> None:
        """A currency, and a step that the life of an invoice has."""
        if not change.after.get("hs_currency"):
            raise required("hs_currency")
        old, new = status_of(change.before), status_of(change.after)
        if change.id and change.touches("hs_currency", "hs_amount_billed"):
            self.invoicing.check_edit(self.store.records[change.id], "Currency and amount")
        if old == new:
            return
        reason = self._mirror_step(old, new) if is_mirror(change.after) else self._step(old, new, change)
        if reason:
            raise _refused_step(old, new, reason)

    def check_archive(self, record: Record) -> None:
        """Drafts may go; open ones if the account says so and nobody has paid."""
        status = status_of(record.properties)
        if status == "draft":
            return
        if status != "open":
            raise validation(f"Invoice {record.id} can't be deleted, because it is {status}.")
        if self.invoicing.parts(record.id, "commerce_payments"):
            raise validation(f"Invoice {record.id} can't be deleted, because it has a payment.")
        if not self.account.delete_unpaid:
            raise validation(f"Invoice {record.id} is open, and the account doesn't let unpaid invoices be deleted.")

    def _mirror_step(self, old: str, new: str) -> str:
        """Why a mirror can't take this step; empty if it can."""
        if old == "voided":
            return "a voided invoice stays voided"
        setting = {"paid": self.quirks["patch-paid"], "voided": self.quirks["patch-voided"]}.get(new)
        return f"invoices can't be set to {new}" if setting == "none" else ""

    def _step(self, old: str, new: str, change: Change) -> str:
        """Why a billable invoice can't take this step; empty if it can."""
        if old == "voided":
            return "a voided invoice stays voided"
        if new == "draft" or old == "paid":
            return "an invoice doesn't go back" if new != "voided" else "it is paid"
        if new == "paid" and self.quirks["patch-paid"] != "all":
            return "only payments make an invoice paid"
        if new == "voided" and self.quirks["patch-voided"] != "all":
            return "invoices are voided in HubSpot itself"
        if new == "voided" and change.id and self.invoicing.parts(change.id, "commerce_payments"):
            return "it has a payment"
        if old == "draft" and new != "voided":
            lacking = [each for each in ("contacts", "line_items") if not self._linked(change, each)]
            if lacking:
                return f"it needs at least one of {' and one of '.join(lacking)}"
        return ""

    def _linked(self, change: Change, type: str) -> bool:
        return bool(self.invoicing.parts(change.id, type) if change.id else change.links.get(type))


def _refused_step(old: str, new: str, reason: str) -> ApiError:
    message = f"hs_invoice_status can't go from {old} to {new}: {reason}."
    return validation(
        message,
        errors=[{"message": message, "code": "INVALID_STATUS", "context": {"propertyName": ["hs_invoice_status"]}}],
    )
