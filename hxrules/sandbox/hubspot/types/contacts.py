"""Contacts: facts/hubspot.md 3.1."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.hubspot.schema import ObjectType, choice, grouped, owner, system, text

CONTACTS: Final = ObjectType(
    name="contacts",
    singular="contact",
    id="0-1",
    read_scopes=("crm.objects.contacts.read",),
    write_scopes=("crm.objects.contacts.write",),
    schema_read_scopes=("crm.schemas.contacts.read", "crm.objects.contacts.read"),
    schema_write_scopes=("crm.schemas.contacts.write",),
    groups={"contactinformation": "Contact information"},
    properties=grouped(
        "contactinformation",
        (
            *system("createdate", "lastmodifieddate"),
            text("email", "Email"),
            text("hs_additional_emails", "Additional email addresses", read_only=True),
            text("firstname", "First Name"),
            text("lastname", "Last Name"),
            text("phone", "Phone Number", "phonenumber"),
            text("mobilephone", "Mobile Phone Number", "phonenumber"),
            text("fax", "Fax Number", "phonenumber"),
            text("company", "Company Name"),
            text("jobtitle", "Job Title"),
            text("website", "Website URL"),
            text("address", "Street Address"),
            text("city", "City"),
            text("state", "State/Region"),
            text("zip", "Postal Code"),
            text("country", "Country/Region"),
            choice(
                "lifecyclestage",
                "Lifecycle Stage",
                "subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other",
                "radio",
            ),
            choice(
                "hs_lead_status",
                "Lead Status",
                "NEW OPEN IN_PROGRESS OPEN_DEAL UNQUALIFIED ATTEMPTED_TO_CONTACT CONNECTED BAD_TIMING",
                "radio",
            ),
            choice("hs_language", "Preferred language", "en en-au en-gb en-nz en-us de fr es ja zh-cn"),
            choice("hs_timezone", "Time Zone", "", external_options=True),
            owner(),
            text("hs_calculated_merged_vids", "Merged vids with timestamps", read_only=True),
            text("hs_email_domain", "Email Domain", calculated=True),
            text("hs_full_name_or_email", "Full name or email", calculated=True),
            text("hs_searchable_calculated_phone_number", "Phone number without country code", calculated=True),
            text("hs_searchable_calculated_mobile_number", "Mobile number without country code", calculated=True),
        ),
    ),
    defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    created="createdate",
    modified="lastmodifieddate",
    searched=(
        "firstname",
        "lastname",
        "email",
        "hs_additional_emails",
        "phone",
        "mobilephone",
        "hs_searchable_calculated_phone_number",
        "hs_searchable_calculated_mobile_number",
        "company",
    ),
    mergeable=True,
)
