"""Companies: facts/hubspot.md 3.2."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import ObjectType, choice, grouped, owner, system, text

COMPANIES: Final = ObjectType(
    name="companies",
    singular="company",
    id="0-2",
    read_scopes=("crm.objects.companies.read",),
    write_scopes=("crm.objects.companies.write",),
    schema_read_scopes=("crm.schemas.companies.read", "crm.objects.companies.read"),
    schema_write_scopes=("crm.schemas.companies.write",),
    groups={"companyinformation": "Company information"},
    properties=grouped(
        "companyinformation",
        (
            *system("createdate", "hs_lastmodifieddate"),
            text("name", "Company name"),
            text("domain", "Company Domain Name"),
            text("website", "Website URL"),
            text("phone", "Phone Number", "phonenumber"),
            text("address", "Street Address"),
            text("address2", "Street Address 2"),
            text("city", "City"),
            text("state", "State/Region"),
            text("zip", "Postal Code"),
            text("country", "Country/Region"),
            text("description", "Description", "textarea"),
            choice(
                "lifecyclestage",
                "Lifecycle Stage",
                "subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other",
                "radio",
            ),
            owner(),
        ),
    ),
    defaults=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    created="createdate",
    modified="hs_lastmodifieddate",
    searched=("website", "phone", "name", "domain"),
    mergeable=True,
)
