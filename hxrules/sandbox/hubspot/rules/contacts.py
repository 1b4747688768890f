"""Contacts: one e-mail belongs to one contact, and the lifecycle stage only moves forward.

Invariants: e-mails are stored in lower case; primary and additional ones share one space of unique values.
See also: facts/hubspot.md 3.1, 4.1 (upsert by e-mail), 8.2 (the 409), 10 (e-mail, merge).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from hxrules.sandbox.hubspot.errors import ApiError, Invalid, conflict, validation
from hxrules.sandbox.hubspot.records import Record
from hxrules.sandbox.hubspot.rules.base import Change, Rules

_EMAIL: Final = re.compile(r"[^\s@;,<>()\[\]]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_NATIONAL_DIGITS: Final = 9


def emails(properties: Mapping[str, str]) -> list[str]:
    """All e-mails of a contact, the primary one first."""
    additional = properties.get("hs_additional_emails", "").split(";")
    return [email for email in (properties.get("email", ""), *additional) if email]


class ContactRules(Rules):
    """The rules of contacts."""

    def keys(self, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Unique properties, and every e-mail."""
        yield from super().keys(properties)
        yield from (("email", email) for email in emails(properties))

    def adjust(self, name: str, value: str, old: Mapping[str, str]) -> str | Invalid | None:
        """Lower-case an e-mail and check its form; keep a lifecycle stage that would move back."""
        if name == "email" and value:
            value = value.strip().lower()
            if not _EMAIL.fullmatch(value):
                return Invalid("email", "INVALID_EMAIL", f"Email address {value} is invalid")
            if value in self.account.blocked_emails:
                return Invalid("email", "INVALID_EMAIL", f"Email address {value} was deleted for good and is blocked")
        if name == "lifecyclestage" and value and old.get(name):
            definition = self.store.properties.get(name)
            order = [option.value for option in definition.options]
            if order.index(value) < order.index(old[name]):
                if self.quirks["lifecycle-backward"] == "ignored":
                    return None
                return Invalid(name, "INVALID_OPTION", f"{name} can't go back from {old[name]} to {value}")
        return value

    def check(self, change: Change) -> None:
        """A contact without e-mail and name can't be made."""
        if not change.is_new or self.quirks["contact-minimum"] == "none":
            return
        if not any(change.after.get(name) for name in ("email", "firstname", "lastname")):
            raise validation("A contact needs at least one of email, firstname and lastname")

    def taken(self, name: str, value: str, by: Record, is_new: bool) -> ApiError:
        """A taken e-mail is a conflict that names the contact that has it."""
        if name != "email":
            return super().taken(name, value, by, is_new)
        if is_new or self.quirks["patch-email-conflict-status"] == "409":
            return conflict(f"Contact already exists. Existing ID: {by.id}")
        return super().taken(name, value, by, is_new)

    def key_of(self, name: str, value: str) -> str:
        """E-mails are compared without regard to case."""
        return value.strip().lower() if name == "email" else value

    def by_key(self, name: str, value: str) -> Record | None:
        """A secondary e-mail may find its contact too."""
        record = super().by_key(name, value)
        if record and name == "email" and self.quirks["email-id-secondary"] == "no":
            return record if record.properties.get("email") == self.key_of(name, value) else None
        return record

    def identifies(self, name: str) -> bool:
        """The e-mail is an id as well."""
        return name == "email" or super().identifies(name)

    def upserts_partly(self, name: str) -> bool:
        """An upsert by e-mail succeeds or fails as a whole."""
        return name != "email"

    def derived(self, properties: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """Domain and display name, and phone numbers in the form that search compares."""
        email = properties.get("email", "")
        name = " ".join(part for part in (properties.get("firstname"), properties.get("lastname")) if part)
        return {
            "hs_email_domain": email.partition("@")[2],
            "hs_full_name_or_email": name or email,
            "hs_searchable_calculated_phone_number": _national(properties.get("phone", "")),
            "hs_searchable_calculated_mobile_number": _national(properties.get("mobilephone", "")),
        }

    def merged(self, primary: Mapping[str, str], other: Mapping[str, str]) -> Mapping[str, str]:
        """The survivor answers to all e-mails of both."""
        all_emails = list(dict.fromkeys(emails(primary) + emails(other)))
        return {"email": "".join(all_emails[:1]), "hs_additional_emails": ";".join(all_emails[1:])}


def _national(phone: str) -> str:
    """The digits without a country code, as far as that can be told without knowing the country."""
    digits = re.sub(r"\D", "", phone)
    return digits[-_NATIONAL_DIGITS:] if phone.strip().startswith(("+", "00")) else digits
