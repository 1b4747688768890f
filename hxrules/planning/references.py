"""Whose invoice is it, and which invoice does a payment pay? References are compared in Xero's ids, whichever app they stand in.

A partner that this very plan creates has no id yet: it is `IdOf` its link, and the run fills it in (design §2.6).
See also: `linking` (which record is which), `changes` (references → associations).
"""

from __future__ import annotations

from collections.abc import Iterable

from hxrules.planning.plan import Action, Change
from hxrules.records import App, Link, RecordRef
from hxrules.values import IdOf


class Partners:
    """The partners of one sync's records: those that are linked already, and those that this plan links or creates."""

    def __init__(
        self,
        sync: str,
        links: Iterable[Link] = (),
        changes: Iterable[Change] = (),
        held: Iterable[RecordRef | None] = (),
    ) -> None:
        self._partner: dict[App, dict[str, str | IdOf]] = {App.HUBSPOT: {}, App.XERO: {}}
        self._failing = {(ref.app, ref.id) for ref in held if ref is not None}
        for link in links:
            if link.sync == sync and link.gone is None:
                self._note(link)
        for change in changes:
            if change.link is not None and change.action in (Action.CREATE, Action.LINK):
                self._note(change.link)

    def _note(self, link: Link) -> None:
        for app in App:
            own = link.side(app)
            if own:
                self._partner[app][own] = link.side(app.other) or IdOf(link.id)

    def across(self, app: App, record_id: str) -> str | IdOf | None:
        """The partner of `app`'s record in the other app; `None` where it has none."""
        return self._partner[app].get(record_id)

    def failing(self, app: App, record_id: str) -> bool:
        """Is that record held, so that what depends on it has to wait?"""
        return (app, record_id) in self._failing
