"""HubSpot keeps the contract of all connectors."""

from typing import Any, ClassVar

from hxrules.records import App
from tests.connectors.stage import Stage
from tests.connectors.suite import ConnectorContract


class TestHubSpot(ConnectorContract):
    app = App.HUBSPOT
    page = 100
    name = "company-name"
    day = "daily"
    after_500 = None
    scope = "crm.objects.contacts.read"
    poor: ClassVar = {"account": {"scopes": ["oauth"]}}

    def contact(self, number: int, email: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        if state.get("merged_into"):
            return self.contact(100 + number)
        absorbed = {"hs_merged_object_ids": self.id_of(state["absorbed"])} if "absorbed" in state else {}
        properties = {"email": email, "company": name, "firstname": f"N{number}", **absorbed}
        return {"id": self.id_of(number), "properties": properties, "archived": state.get("archived", False)}

    def id_of(self, number: int) -> str:
        return str(5000 + number)

    def cut_off(self, stage: Stage) -> None:
        stage.connectors = stage.again(hubspot_token="pat-na1-revoked").connectors


class TestHubSpotOtherwise(TestHubSpot):
    """The other answer to every question that HubSpot's documents leave open."""

    quirks: ClassVar = {
        "retry-after": "present", "merged-id-read": "redirect", "batch-conflict": "409", "batch-order": "input",
        "write-echo": "all", "noop-update": "stays", "email-id-secondary": "no", "association-read-empty": "absent",
        "to-object-id": "number", "line-items-key": "plain",
    }  # fmt: skip
