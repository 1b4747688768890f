"""A sandbox with a connector in front of it, and time that passes for both when the connector waits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx

from hxrules.catalogue import Field, TypeInfo, load_catalogue
from hxrules.connectors import Connector, Connectors, Settings, Timing, open_connectors
from hxrules.records import App, Page, ReadRequest, Record, Write, WriteResult
from hxrules.sandbox.request_log import Entry
from hxrules.sandbox.server import ReadyInfo, SandboxOptions, running
from hxrules.values import Value

UNLIMITED = {"hubspot-burst-limit": "100000", "hubspot-search-limit": "100000", "xero-minute-limit": "100000"}


@dataclass
class Clockwork:
    """Seconds that pass in no time: a wait moves this clock and the sandbox's."""

    info: ReadyInfo
    ahead: float = 0.0
    waits: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.ahead += seconds
        self.waits.append(seconds)
        self.info.environment.clock.advance(timedelta(seconds=seconds))


@dataclass
class Stage:
    """One app of a running sandbox, and its connector; most calls are about records of `type`."""

    app: App
    info: ReadyInfo
    connectors: Connectors
    clockwork: Clockwork
    settings: Settings
    closing: ExitStack
    type: str = "contacts"

    @property
    def connector(self) -> Connector:
        return self.connectors.of(self.app)

    @property
    def what(self) -> TypeInfo:
        return load_catalogue().type(self.app, self.type)

    @property
    def log(self) -> list[Entry]:
        """The requests for records that the app has answered."""
        return [each for each in self.info.requests if each.app == self.app and "/account-info" not in each.path]

    def field(self, friendly: str) -> Field:
        found = self.what.find(friendly)
        assert found is not None, friendly
        return found

    def request(self, *fields: str, **how: Any) -> ReadRequest:
        asked = tuple(self.field(each) for each in fields) or tuple(self.what.fields.values())
        return ReadRequest(self.app, self.type, asked, **how)

    def pages(self, *fields: str, **how: Any) -> list[Page]:
        return list(self.connector.read(self.request(*fields, **how)))

    def read(self, *fields: str, **how: Any) -> list[Record]:
        return [record for page in self.pages(*fields, **how) for record in page.records]

    def value(self, record: Record, friendly: str) -> Value:
        return record.fields[self.field(friendly).name]

    def texts(self, friendly: str, records: Sequence[Record]) -> list[str]:
        return sorted(str(self.value(record, friendly)) for record in records if record.fields)

    def of(self, type_name: str) -> Stage:
        """The same, for records of another type."""
        return replace(self, type=type_name)

    def create(self, key: str, memory: str | None = None, /, **values: Value) -> Write:
        return Write(self.app, self.type, key, None, self.valued(values), memory=memory)

    def update(self, key: str, record: Record, **values: Value) -> Write:
        return Write(self.app, self.type, key, record.ref.id, self.valued(values), slots=record.slots)

    def valued(self, values: Mapping[str, Value]) -> dict[Field, Value]:
        return {self.field(name.replace("_", "-")): value for name, value in values.items()}

    def write(self, *writes: Write) -> list[WriteResult]:
        return self.connector.write(writes)

    def fault(self, kind: str, *nth: int, **rule: Any) -> None:
        """Lets the app's requests go wrong from now on: the `nth` of them, or all."""
        rule = {"kind": kind, "app": str(self.app), **rule}
        rules = [{**rule, "nth": each} for each in nth] or [rule]
        httpx.post(f"{self.info.hubspot_url}/_sandbox/faults", json={"rules": rules}).raise_for_status()

    def direct(self, method: str, path: str, **more: Any) -> Any:
        """What a person does in the app, past the connector."""
        if self.app is App.HUBSPOT:
            root, token = self.info.hubspot_url, self.info.hubspot_token
        else:
            root = self.info.xero_url
            form = {"grant_type": "client_credentials"}
            login = (self.info.xero_client_id, self.info.xero_client_secret)
            token = httpx.post(f"{root}/connect/token", data=form, auth=login).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = httpx.request(method, root + path, headers=headers, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def again(self, **changed: Any) -> Stage:
        """The same app through a new connector, with other settings."""
        settings = replace(self.settings, **changed)
        timing = Timing(self.clockwork.monotonic, self.clockwork.sleep)
        connectors = open_connectors(settings, timing=timing)
        self.closing.callback(connectors.close)
        return replace(self, settings=settings, connectors=connectors)


@contextmanager
def staged(app: App, type_name: str = "contacts", *, patience: float = 10.0, **options: Any) -> Iterator[Stage]:
    """A stage in a sandbox with these options."""
    with running(SandboxOptions(**options)) as info, ExitStack() as closing:
        clockwork = Clockwork(info)
        settings = Settings(
            info.hubspot_token,
            info.xero_client_id,
            info.xero_client_secret,
            info.hubspot_url,
            info.xero_url,
            info.xero_identity_url,
        )
        timing = Timing(clockwork.monotonic, clockwork.sleep)
        connectors = open_connectors(settings, timing=timing, patience=patience)
        closing.callback(connectors.close)
        yield Stage(app, info, connectors, clockwork, settings, closing, type_name)
