"""The Organisation endpoints: settings, and what the connected app may do (facts/xero.md 6.8)."""

from __future__ import annotations

from typing import Final

from hxrules.sandbox.xero import scopes
from hxrules.sandbox.xero.dates import wire, written
from hxrules.sandbox.xero.envelope import Call, Endpoint, Reply
from hxrules.sandbox.xero.invoice_rules import approvals_left
from hxrules.sandbox.xero.regions import ACTIONS
from hxrules.sandbox.xero.world import World

_MULTICURRENCY: Final = "UseMulticurrency"
_APPROVAL: Final = "CreateApprovedInvoice"


class Organisation:
    """Reads the settings of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """The paths of this resource; the plural works as well."""
        paths = ("Organisation", "Organisations")
        return [
            *(Endpoint(path, scopes.SETTINGS, {"GET": self.settings}) for path in paths),
            *(Endpoint(f"{path}/Actions", scopes.SETTINGS, {"GET": self.actions}) for path in paths),
        ]

    def settings(self, call: Call) -> Reply:
        """`GET /Organisation`; its creation date alone is written without an offset (recorded)."""
        settings = self._world.organisation
        row = {**wire(settings), "CreatedDateUTC": written(settings["CreatedDateUTC"], offset=False)}
        return self._world.enclosed("Organisations", [row])

    def actions(self, call: Call) -> Reply:
        """`GET /Organisation/Actions`: several currencies must be enabled, and a plan may cap approvals."""
        refused = set() if len(self._world.currencies) > 1 else {_MULTICURRENCY}
        refused |= set() if approvals_left(self._world) else {_APPROVAL}
        rows = [{"Name": name, "Status": "NOT-ALLOWED" if name in refused else "ALLOWED"} for name in ACTIONS]
        return self._world.enclosed("Actions", rows)
