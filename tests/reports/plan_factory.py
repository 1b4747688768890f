"""Plans and runs built by hand, with the situations that a report must make plain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hxrules.planning.plan import (
    Action,
    Change,
    Drift,
    Effect,
    Excluded,
    FieldChange,
    FilterEdit,
    Gone,
    Plan,
    RulesetRef,
    Verdict,
)
from hxrules.problems import Problem, Span
from hxrules.records import Accounts, App, BaseValue, Link, Membership, Organisation, Origin, Portal, RecordRef
from hxrules.running.run import AppCalls, Normalised, Run
from hxrules.values import Value

BASE = "rulesets/xero-data-sync.v1.yaml"
OWN = "hxrules.yaml"
NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
NEWER = "edited in both; Xero's record is newer (2026-11-21T22:10:00Z over 2026-11-21T19:55:31Z)"
LINES = {
    "first-name": 31,
    "last-name": 32,
    "company-name": 33,
    "phone": 34,
    "email": 35,
    "website": 36,
    "description": 52,
    "price": 53,
}


def uuid(number: int) -> str:
    """A Xero id."""
    return f"{number:08x}-7b11-4a4c-9d6b-5d7c4b7c2f10"


def at(line: int, file: str = BASE) -> Span:
    return Span(file, line, 5, line, 12)


def accounts() -> Accounts:
    return Accounts(
        Portal(1234567, "Pacific/Auckland", "AUD", ("AUD", "USD"), "app.hubspot.com"),
        Organisation("4302f0ae-7b11-4a4c-9d6b-5d7c4b7c2f10", "Acme Pty Ltd", "!23eYt", "Pacific/Auckland", "AUD"),
    )


def field(
    mapping: str,
    before: Value,
    after: Value,
    verdict: Verdict = Verdict.TO_XERO,
    reason: str = "edited in HubSpot",
    *,
    source: Value = "",
    span: Span | None = None,
) -> FieldChange:
    """One field; `source` is `after` unless given."""
    return FieldChange(
        mapping,
        mapping,
        before,
        after,
        verdict,
        reason,
        span or at(LINES.get(mapping, 40)),
        after if source == "" else source,
    )


def change(
    number: int,
    label: str,
    action: Action,
    app: App,
    *fields: FieldChange,
    sync: str = "contacts",
    note: str = "",
) -> Change:
    """One change to one record, with effect, link and bases as the planner makes them."""
    hubspot = None if action is Action.CREATE and app is App.HUBSPOT else str(500 + number)
    xero = None if action is Action.CREATE and app is App.XERO else uuid(number)
    own = hubspot if app is App.HUBSPOT else xero
    effect = Effect(f"e{number:019}", app, sync, own, {each.field: each.after for each in fields})
    return Change(
        id=f"c{number:019}",
        sync=sync,
        action=action,
        app=app,
        hubspot=hubspot,
        xero=xero,
        label=label,
        fields=fields,
        effects=(effect,) if fields else (),
        link=Link(f"l{number:019}", sync, hubspot or "", xero or "", Origin.MATCHED, membership={app: Membership.IN}),
        bases={each.mapping: BaseValue(each.source, each.after, "d" * 20) for each in fields},
        preconditions={app.other: "f" * 32},
        note=note,
    )


def taken(number: int, name: str) -> Problem:
    return Problem(
        "HX203",
        f"{name}: name is taken in Xero",
        cause=f"“{name}” is the name of Xero {uuid(900 + number)}, and Xero allows each only once.",
        remedy="If both are the same contact, give them the same email or link them; else rename one of them.",
        hubspot=RecordRef(App.HUBSPOT, "contacts", str(700 + number)),
        sync="contacts",
        involves=(RecordRef(App.XERO, "contacts", uuid(900 + number)),),
    )


def edited_outside() -> Problem:
    return Problem(
        "HX224",
        "INV-0042: edited in Xero, but it was made in HubSpot",
        cause="Its total is 1,100 in HubSpot and 990 in Xero; the amounts of an invoice made in HubSpot can't be edited from "
        "another app.",
        remedy="Undo the edit in Xero and make it in HubSpot; the next run goes on.",
        hubspot=RecordRef(App.HUBSPOT, "invoices", "8842"),
        xero=RecordRef(App.XERO, "invoices", uuid(8842)),
        sync="invoices",
        links=("https://app.hubspot.com/contacts/1234567/record/0-53/8842",),
    )


def plan(*changes: Change, **parts: object) -> Plan:
    """A plan with nothing but what is given."""
    empty = Plan(
        ruleset=RulesetRef("acme-au", "2026.11.1", "a" * 64, OWN),
        accounts=accounts(),
        lineage="0f4c9d3a-6a0e-4e0c-8b55-a1b2c3d4e5f6",
        serial=17,
        now=NOW,
        started={"contacts": datetime(2026, 11, 1, tzinfo=UTC), "products": datetime(2026, 11, 1, tzinfo=UTC)},
        changes=changes,
        in_sync={"contacts": 4102, "products": 310},
    )
    return replace(empty, **parts)  # type: ignore[arg-type]


def busy_plan() -> Plan:
    """A plan with one of everything."""
    new = Verdict.CREATE
    back = Verdict.TO_HUBSPOT
    meets = "first meeting of two different values; both were changed within 60 s, and Xero is named as the winner"
    return plan(
        change(1, "Jane Doe", Action.LINK, App.HUBSPOT, note="same email"),
        change(2, "Hügel & Söhne GmbH", Action.LINK, App.HUBSPOT, note="same email"),
        change(
            2,
            "Hügel & Söhne GmbH",
            Action.UPDATE,
            App.HUBSPOT,
            field("company-name", "Huegel und Soehne", "Hügel & Söhne GmbH", Verdict.FIRST_MEETING, meets),
            field(
                "phone",
                None,
                "+49 89 1234567",
                Verdict.FIRST_MEETING,
                "first meeting of two different values; HubSpot has no value, which overwrites nothing",
            ),
        ),
        change(
            3,
            "Acme Trading",
            Action.CREATE,
            App.XERO,
            field("company-name", None, "Acme Trading", new, "new in HubSpot"),
            field("email", None, "billing@acme.example", new, "new in HubSpot"),
            field("phone", None, "+61 2 9000 1234", new, "new in HubSpot"),
        ),
        change(
            4,
            "顧客株式会社",
            Action.CREATE,
            App.XERO,
            field("company-name", None, "顧客株式会社", new, "HubSpot has none; the rule's fallback"),
            field("email", None, "info@kokyaku.example", new, "new in HubSpot"),
        ),
        change(
            5,
            "Ann Example",
            Action.UPDATE,
            App.HUBSPOT,
            field("phone", "+61 2 9000 1234", "+61 2 9999 0000", Verdict.CONFLICT, NEWER),
            field("last-name", "Exampel", "Example", back, "edited in Xero"),
            field("abn", None, "51 824 753 556", back, "edited in Xero", span=at(27, OWN)),
        ),
        change(
            6,
            "Bob Client",
            Action.UPDATE,
            App.XERO,
            field(
                "country",
                "Australia",
                "New Zealand",
                Verdict.CONFLICT,
                "edited in both; HubSpot's record is newer (2026-11-21T22:10:00Z over 2026-11-20T08:00:00Z)",
                source="NZ",
            ),
        ),
        change(
            7,
            "Carla Moreno",
            Action.UPDATE,
            App.XERO,
            field("first-name", "Karla", "Carla"),
            field("website", "https://old.example", None),
        ),
        change(
            20,
            "WIDGET-9",
            Action.UPDATE,
            App.HUBSPOT,
            field("price", Decimal("19.95"), Decimal("21.5"), back, "edited in Xero"),
            field(
                "description",
                "Widget, 9 mm, galvanised steel, sold in boxes of 100, delivery within ten working days from Sydney",
                "Widget, 9 mm, stainless steel, sold in boxes of 100,\ndelivery within ten working days from Sydney",
                back,
                "edited in Xero",
            ),
            field("available-from", date(2026, 11, 1), date(2026, 12, 1), back, "edited in Xero"),
            field("taxable", False, True, back, "edited in Xero"),
            sync="products",
        ),
        held=(
            taken(1, "Northwind Traders"),
            taken(2, "Globex"),
            Problem(
                "HX201",
                "Initech: more than one record has the same email",
                cause=f"HubSpot 733 shares its email with HubSpot 734, Xero {uuid(733)}: which of them belong together can't be told.",
                remedy="Give each record its own email, merge the duplicates in their app, or say which belong together: hxrules link.",
                hubspot=RecordRef(App.HUBSPOT, "contacts", "733"),
                sync="contacts",
            ),
        ),
        excluded=(
            *(
                Excluded(
                    "contacts",
                    str(9000 + n),
                    None,
                    f"Lead {n}",
                    "the filter",
                    "any invoice (status != draft)",
                    at(21, OWN),
                )
                for n in range(118)
            ),
            Excluded("contacts", None, uuid(77), "Old Supplier", "it is archived in Xero", ""),
            Excluded("contacts", "604", uuid(104), "Gone Ltd", "its partner is gone from Xero", ""),
        ),
        drift=(
            Drift(
                "products", "640", uuid(140), "WIDGET-7", "price", App.HUBSPOT, Decimal("10"), Decimal("12.5"), at(53)
            ),
        ),
        gone=(Gone("contacts", App.XERO, "604", uuid(104), "Gone Ltd"),),
        filter_edits=(FilterEdit("contacts", 120, 45),),
        incomplete=("Xero's contacts were not read completely",),
    )


def too_large() -> Problem:
    return Problem(
        "HX301",
        "1,400 of 4,000 linked records would change",
        cause="That is more than 30 %, the most that the ruleset lets one run change.",
        remedy="Look at the plan. If it is what you want, allow it for this once.",
        span=Span(OWN, 42, 1, 42, 7),
        next_command="hxrules apply --allow-large",
    )


def busy_run() -> Run:
    """A run of `busy_plan` in which not everything went well."""
    return Run(
        id="r-20261122-030405-1f3a",
        plan=busy_plan(),
        started=NOW,
        finished=NOW.replace(minute=5, second=17),
        done={"create": 1, "update": 4, "link": 2},
        failed=(
            Problem(
                "HX214",
                "Acme Trading: Xero says no: its e-mail is not accepted",
                cause="Xero answered: Email address billing@acme.example is not valid for Acme Trading",
                remedy="Correct the e-mail where it was written.",
                hubspot=RecordRef(App.HUBSPOT, "contacts", "503"),
                sync="contacts",
            ),
        ),
        normalised=(Normalised("contacts", App.XERO, uuid(7), "Carla Moreno", "FirstName", "carla", "Carla"),),
        stopped=Problem(
            "HX310",
            "Xero's daily limit is reached",
            cause="5,000 calls a day for each organisation; 1 change is left over.",
            remedy="The next run goes on from here. The limit is counted anew at midnight UTC.",
            next_command="hxrules apply",
        ),
        left_over=1,
        calls={App.HUBSPOT: AppCalls(12, 9, 3, 48_120, 2_310), App.XERO: AppCalls(31, 26, 5, 910_004, 3_900, 4.25)},
    )
