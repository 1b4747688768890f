"""Xero keeps the contract of all connectors."""

from typing import Any, ClassVar

from hxrules.records import App, Failure
from tests.connectors.stage import Stage
from tests.connectors.suite import ConnectorContract


class TestXero(ConnectorContract):
    app = App.XERO
    page = 1000
    name = "name"
    day = "day"
    after_500 = Failure.IN_DOUBT
    scope = "accounting.contacts"
    poor: ClassVar = {"app": {"scopes": ["accounting.settings", "accounting.invoices"]}}

    def contact(self, number: int, email: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        gone = {"ContactStatus": "ARCHIVED"} if state.get("archived") or state.get("merged_into") else {}
        merged = {"MergedToContactID": self.id_of(state["merged_into"])} if "merged_into" in state else {}
        return {"ContactID": self.id_of(number), "Name": name, "EmailAddress": email, **gone, **merged}

    def id_of(self, number: int) -> str:
        return f"{number:08}-0000-4000-8000-000000000000"

    def cut_off(self, stage: Stage) -> None:
        [connection] = stage.direct("GET", "/connections")
        stage.direct("DELETE", f"/connections/{connection['id']}")


class TestXeroOtherwise(TestXero):
    """The other answer to every question that Xero's documents leave open."""

    quirks: ClassVar = {
        "xero-server-error": "503", "if-modified-since": "inclusive", "slot": "merge", "cache-validation-errors": "no",
        "scope-status": "403", "scope-refusal": "unauthorized_client", "name-case": "sensitive",
    }  # fmt: skip
