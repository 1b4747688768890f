"""What the tests of filters and mappings share: a text with places, and the default mappings of contacts (design §0.6)."""

from __future__ import annotations

from dataclasses import dataclass

from hxrules.catalogue import Field, load_catalogue
from hxrules.language.model import FieldMapping
from hxrules.language.transforms import Step
from hxrules.problems import Span
from hxrules.records import App

NOWHERE = Span("rules.yaml", 1, 1, 1, 1)


@dataclass(frozen=True)
class Text:
    """A filter that stands alone in its file: offset 0 is line 1, column 1."""

    text: str

    def span(self, start: int, end: int) -> Span:
        return Span("rules.yaml", *self._place(start), *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def field(app: App, type_name: str, name: str) -> Field:
    found = load_catalogue().type(app, type_name).find(name)
    assert found is not None, name
    return found


def contact_mapping(
    id: str,
    hubspot: str,
    xero: str,
    *,
    steps: tuple[Step, ...] = (),
    fallback: tuple[str, ...] = (),
    writes: frozenset[App] = frozenset(App),
) -> FieldMapping:
    left, right = field(App.HUBSPOT, "contacts", hubspot), field(App.XERO, "contacts", xero)
    return FieldMapping(id, left, right, NOWHERE, "digest", steps, fallback, writes=writes)


CONTACT_MAPPINGS = (
    contact_mapping("email", "email", "EmailAddress"),
    contact_mapping("first-name", "firstname", "FirstName"),
    contact_mapping("last-name", "lastname", "LastName"),
    contact_mapping("company-name", "company", "Name", fallback=("{first-name} {last-name}", "{email}")),
    contact_mapping("phone", "phone", "DefaultPhone"),
    contact_mapping("mobile", "mobilephone", "MobilePhone"),
    contact_mapping("address", "address", "PostalAddress"),
    contact_mapping("city", "city", "PostalCity"),
    contact_mapping("region", "state", "PostalRegion"),
    contact_mapping("postal-code", "zip", "PostalPostalCode"),
    contact_mapping("country", "country", "PostalCountry"),
    contact_mapping("website", "website", "Website", writes=frozenset({App.HUBSPOT})),
)
