"""The definitions of HubSpot's properties, as the connector tells them, over real HTTP."""

from __future__ import annotations

from hxrules.records import App, Property
from hxrules.values import ValueType
from tests.connectors.stage import staged

OWN = [
    {"name": "abn", "label": "ABN", "type": "string", "fieldType": "text"},
    {"name": "score", "label": "Score", "type": "number", "fieldType": "calculation_equation"},
    {"name": "fee", "label": "Fee", "type": "number", "fieldType": "number", "showCurrencySymbol": True},
    {"name": "day", "label": "Day", "type": "date", "fieldType": "date"},
    {"name": "vip", "label": "VIP", "type": "bool", "fieldType": "booleancheckbox"},
    {
        "name": "tags",
        "label": "Tags",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"label": "A", "value": "a"}],
    },
]


def test_every_definition_has_its_type_and_says_who_may_write_it() -> None:
    own = [{**each, "groupName": "contactinformation"} for each in OWN]
    with staged(App.HUBSPOT, "contacts", seed_file={"hubspot": {"properties": {"contacts": own}}}) as stage:
        found = {each.name: each for each in stage.connector.properties("contacts")}
    assert [found[each["name"]] for each in own] == [
        Property("abn", "ABN", ValueType.TEXT, own=True, writable=True),
        Property("score", "Score", ValueType.NUMBER, own=True, writable=False),
        Property("fee", "Fee", ValueType.MONEY, own=True, writable=True),
        Property("day", "Day", ValueType.DAY, own=True, writable=True),
        Property("vip", "VIP", ValueType.BOOL, own=True, writable=True),
        Property("tags", "Tags", ValueType.CHOICE, own=True, writable=True, several=True),
    ]
    assert not found["email"].own
    assert not found["createdate"].writable


def test_xero_has_no_properties_of_ones_own() -> None:
    with staged(App.XERO, "contacts") as stage:
        assert stage.connector.properties("contacts") == ()
        assert len(stage.log) == 0
