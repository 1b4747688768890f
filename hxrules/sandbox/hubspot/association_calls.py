"""Endpoints of links between records: one pair, batches, and the labels that links can have (facts/hubspot.md 6.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from hxrules.sandbox.hubspot.associations import LinkType
from hxrules.sandbox.hubspot.batches import batch_answer
from hxrules.sandbox.hubspot.calls import ASSOCIATIONS, PAIRS, Answer, Call, Endpoint, link_specs, objects_of, text_of
from hxrules.sandbox.hubspot.errors import ApiError, not_found, temporary, validation
from hxrules.sandbox.hubspot.invoicing import End, Ref
from hxrules.sandbox.hubspot.portal import Portal
from hxrules.sandbox.hubspot.records import Store
from hxrules.sandbox.hubspot.values import instant

MOST_READ: Final = 1000
MOST_WRITTEN: Final = 2000
PAGE: Final = 500

Found = tuple[list[dict[str, Any]], str | None]
Link = Callable[[Mapping[str, Any], str, str], list[dict[str, Any]]]
"""Links the two ids of one input, and answers what the batch shows of that."""


class AssociationCalls:
    """The endpoints, for all pairs of types alike."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._links = portal.associations
        one, many = "/{from}/{id}/associations", "/{from}/{to}"
        self.endpoints = [
            Endpoint("PUT", PAIRS, f"{one}/default/{{to}}/{{to_id}}", self.link_by_default),
            Endpoint("GET", PAIRS, f"{one}/{{to}}", self.read_all),
            Endpoint("PUT", PAIRS, f"{one}/{{to}}/{{to_id}}", self.link),
            Endpoint("DELETE", PAIRS, f"{one}/{{to}}/{{to_id}}", self.unlink),
            Endpoint("POST", ASSOCIATIONS, f"{many}/batch/read", self.batch_read),
            Endpoint("POST", ASSOCIATIONS, f"{many}/batch/create", self.batch_create),
            Endpoint("POST", ASSOCIATIONS, f"{many}/batch/associate/default", self.batch_default),
            Endpoint("POST", ASSOCIATIONS, f"{many}/batch/archive", self.batch_archive),
            Endpoint("POST", ASSOCIATIONS, f"{many}/batch/labels/archive", self.batch_archive_labels),
            Endpoint("GET", ASSOCIATIONS, f"{many}/labels", self.labels),
            Endpoint("POST", ASSOCIATIONS, f"{many}/labels", self.create_label),
            Endpoint("PUT", ASSOCIATIONS, f"{many}/labels", self.rename_label),
            Endpoint("DELETE", ASSOCIATIONS, f"{many}/labels/{{type_id}}", self.drop_label),
        ]

    def read_all(self, call: Call) -> Answer:
        """What one record is linked with."""
        source, target = self._pair(call, write=False)
        self._present(source, call.path["id"])
        limit = call.limit(PAGE, PAGE)
        rows, after = self._linked(source, call.path["id"], target, call.query.get("after"), limit)
        body: dict[str, Any] = {"results": rows}
        if after:
            link = f"{call.url}?{urlencode({**call.query, 'after': after})}"
            body["paging"] = {"next": {"after": after, "link": link}}
        return Answer(200, body)

    def link_by_default(self, call: Call) -> Answer:
        """Link one pair without a label."""
        source, target = self._pair(call, write=True)
        results = self._link_by_default(source, call.path["id"], target, call.path["to_id"])
        self._follow([(source, call.path["id"]), (target, call.path["to_id"])])
        return batch_answer(self._portal, 200, results, ())

    def link(self, call: Call) -> Answer:
        """Link one pair with the given types."""
        source, target = self._pair(call, write=True)
        types = self._types(source, target, call.body)
        linked = self._link(source, call.path["id"], target, call.path["to_id"], types)
        self._follow([(source, call.path["id"]), (target, call.path["to_id"])])
        return Answer(201, linked)

    def unlink(self, call: Call) -> Answer:
        """Remove all links of one pair."""
        source, target = self._pair(call, write=True)
        self._unlink(source, target, [(call.path["id"], call.path["to_id"])])
        return Answer(204)

    def batch_read(self, call: Call) -> Answer:
        """What many records are linked with."""
        source, target = self._pair(call, write=False)
        results, failed = [], []
        for n, part in enumerate(call.inputs(MOST_READ)):
            id = text_of(part, "id")
            if call.fault == "partial-batch" and n % 2:
                failed.append(temporary().element({"fromObjectId": [id]}))
                continue
            after = part.get("after")
            rows, following = self._linked(source, id, target, None if after is None else str(after), PAGE)
            if rows:
                found: dict[str, Any] = {"from": {"id": id}, "to": rows}
                if following:
                    found["paging"] = {"next": {"after": following}}
                results.append(found)
            elif self._portal.env.quirks["association-read-empty"] == "error":
                message = f"No {target.type.singular} is associated with {source.type.singular} {id}."
                nothing = not_found(message, sub_category="crm.associations.NO_ASSOCIATIONS_FOUND")
                failed.append(nothing.element({"fromObjectId": [id]}))
        return batch_answer(self._portal, 200, results, failed)

    def batch_create(self, call: Call) -> Answer:
        """Link many pairs with the given types."""
        source, target = self._pair(call, write=True)

        def link(part: Mapping[str, Any], from_id: str, to_id: str) -> list[dict[str, Any]]:
            return [self._link(source, from_id, target, to_id, self._types(source, target, part.get("types")))]

        return self._batch(call, source, target, 200 if call.is_newest else 201, link)

    def batch_default(self, call: Call) -> Answer:
        """Link many pairs without a label."""
        source, target = self._pair(call, write=True)

        def link(part: Mapping[str, Any], from_id: str, to_id: str) -> list[dict[str, Any]]:
            return self._link_by_default(source, from_id, target, to_id)

        return self._batch(call, source, target, 200, link)

    def batch_archive(self, call: Call) -> Answer:
        """Remove all links of many pairs."""
        source, target = self._pair(call, write=True)
        inputs = call.inputs(MOST_WRITTEN)
        pairs = [(_id(part, "from"), text_of(end, "id")) for part in inputs for end in objects_of(part, "to")]
        self._unlink(source, target, pairs)
        return self._archived(call)

    def batch_archive_labels(self, call: Call) -> Answer:
        """Remove some types from the links of many pairs; without the unlabelled type nothing is left."""
        source, target = self._pair(call, write=True)
        for part in call.inputs(MOST_WRITTEN):
            types = self._types(source, target, part.get("types"))
            self._unlink(source, target, [(_id(part, "from"), _id(part, "to"))], types)
        return self._archived(call)

    def labels(self, call: Call) -> Answer:
        """The types that links between two types of records can have."""
        source, target = self._pair(call, write=False)
        types = self._links.types(source.type.name, target.type.name)
        return Answer(200, {"results": [each.json() for each in types]})

    def create_label(self, call: Call) -> Answer:
        """A label of the account's own, with its inverse."""
        source, target = self._pair(call, write=True)
        label, inverse = text_of(call.json(), "label"), call.json().get("inverseLabel")
        text_of(call.json(), "name")
        types = self._links.define_label(source.type.name, target.type.name, label, inverse)
        return Answer(200, {"results": [each.json() for each in types]})

    def rename_label(self, call: Call) -> Answer:
        """Another wording of a label of the account's own."""
        source, target = self._pair(call, write=True)
        link_type = self._own_type(source, target, text_of(call.json(), "associationTypeId"))
        self._links.rename_label(link_type, text_of(call.json(), "label"))
        if inverse := call.json().get("inverseLabel"):
            self._links.rename_label(self._links.inverse(link_type), str(inverse))
        return Answer(204)

    def drop_label(self, call: Call) -> Answer:
        """Delete a label of the account's own."""
        source, target = self._pair(call, write=True)
        self._links.drop_label(self._own_type(source, target, call.path["type_id"]))
        return Answer(204)

    def _batch(self, call: Call, source: Store, target: Store, status: int, link: Link) -> Answer:
        results, failed = [], []
        touched: list[tuple[Store, str]] = []
        for n, part in enumerate(call.inputs(MOST_WRITTEN)):
            from_id, to_id = _id(part, "from"), _id(part, "to")
            try:
                if call.fault == "partial-batch" and n % 2:
                    raise temporary()
                results.extend(link(part, from_id, to_id))
                touched += [(source, from_id), (target, to_id)]
            except ApiError as error:
                failed.append(error.element({"fromObjectId": [from_id], "toObjectId": [to_id]}))
        self._follow(touched)
        return batch_answer(self._portal, status, results, failed)

    def _link_by_default(self, source: Store, from_id: str, target: Store, to_id: str) -> list[dict[str, Any]]:
        default = self._links.default(source.type.name, target.type.name)
        self._link(source, from_id, target, to_id, [default])
        inverse = self._links.inverse(default)
        return [
            {
                "from": {"id": a},
                "to": {"id": b},
                "associationSpec": {"associationCategory": link_type.category, "associationTypeId": link_type.id},
            }
            for a, b, link_type in ((from_id, to_id, default), (to_id, from_id, inverse))
        ]

    def _link(self, source: Store, from_id: str, target: Store, to_id: str, types: list[LinkType]) -> dict[str, Any]:
        one, other = self._present(source, from_id), self._present(target, to_id)
        self._portal.invoicing.check_links(one, [other], set())
        self._links.link(source.type.name, from_id, target.type.name, to_id, types)
        return {
            "fromObjectTypeId": source.type.id,
            "fromObjectId": from_id,
            "toObjectTypeId": target.type.id,
            "toObjectId": to_id,
            "labels": [each.label for each in types if each.label],
        }

    def _linked(self, source: Store, id: str, target: Store, after: str | None, limit: int) -> Found:
        """A page of links from the id `after` on, and where the next page begins."""
        links = self._links.between(source.type.name, id, target.type.name)
        ids = sorted((each for each in links if target.live(each)), key=int)
        if after is not None:
            if not after.isdecimal():
                raise validation(f"after must be the value of a page before, not {after}")
            ids = [each for each in ids if int(each) >= int(after)]
        as_number = self._portal.env.quirks["to-object-id"] == "number"
        rows = [
            {
                "toObjectId": int(each) if as_number else each,
                "associationTypes": [link_type.json() for link_type in links[each]],
            }
            for each in ids[:limit]
        ]
        return rows, ids[limit] if len(ids) > limit else None

    def _types(self, source: Store, target: Store, parts: Any) -> list[LinkType]:
        return [self._links.type(source.type.name, target.type.name, *spec) for spec in link_specs(parts)]

    def _own_type(self, source: Store, target: Store, id: str) -> LinkType:
        if not id.isdecimal():
            raise validation(f"associationTypeId must be a number, not {id}")
        return self._links.type(source.type.name, target.type.name, "USER_DEFINED", int(id))

    def _pair(self, call: Call, write: bool) -> tuple[Store, Store]:
        """The two types of the path; any one of their scopes will do."""
        source, target = self._portal.store(call.path["from"]), self._portal.store(call.path["to"])
        types = (source.type, target.type)
        scopes = [scope for each in types for scope in (each.write_scopes if write else each.read_scopes)]
        self._portal.account.require(list(dict.fromkeys(scopes)))
        self._links.types(source.type.name, target.type.name)
        return source, target

    def _unlink(
        self, source: Store, target: Store, pairs: Sequence[tuple[str, str]], types: Sequence[LinkType] = ()
    ) -> None:
        """Remove links, of all pairs or of none."""
        for from_id, to_id in pairs:
            self._portal.invoicing.check_unlink((source.type.name, from_id), (target.type.name, to_id))
        for from_id, to_id in pairs:
            self._links.unlink(source.type.name, from_id, target.type.name, to_id, types)
        self._follow([(store, id) for pair in pairs for store, id in zip((source, target), pair, strict=True)])

    def _follow(self, touched: Sequence[tuple[Store, str]]) -> None:
        """What these links mean for invoices."""
        refs: list[Ref] = [(store.type.name, id) for store, id in touched]
        self._portal.invoicing.follow(refs, self._portal.now())

    def _present(self, store: Store, id: str) -> End:
        record = store.live(id)
        if record is None:
            raise not_found(f"{store.type.singular} {id} does not exist")
        return End(store.type.name, id, record.properties)

    def _archived(self, call: Call) -> Answer:
        """The older paths answer nothing, the dated ones an empty batch."""
        if call.version == "v4":
            return Answer(204)
        now = instant(self._portal.now())
        return Answer(200, {"status": "COMPLETE", "results": [], "startedAt": now, "completedAt": now})


def _id(part: Mapping[str, Any], key: str) -> str:
    if not isinstance(part.get(key), dict):
        raise validation(f"{key}.id is required")
    return text_of(part[key], "id")
