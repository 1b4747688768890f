"""The tables of the state, the same for SQLite and PostgreSQL, and how instants and JSON lie in them.

Chose one JSON text for all bases of a link, instead of a row for each field, because a plan opens few of them but must
know that they are there: twenty thousand are read in a blink, and each is decoded when it is asked for.

`migrations/` makes these tables; a test holds the two together. See also: `store`, `journal`, `lock`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

HEAD = "0003"
"""The version of the tables that this program writes: the newest of `migrations/versions`."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant as ISO text of fixed width, so that text order is time order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class JsonText(TypeDecorator[Any]):
    """JSON as ASCII text; nothing at all (`{}`, `[]`, `None`) as NULL, and that comes back as `{}`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        return json_text(value) if value else None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        return {} if value is None else json.loads(value)


def json_text(value: Mapping[str, Any] | list[Any]) -> str:
    """The one spelling of JSON in the state. ASCII: half an emoji, as apps leave it when they cut a text, is no UTF-8."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


metadata = MetaData()

state = Table(
    "state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("lineage", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("portal", BigInteger),
    Column("tenant", Text),
)

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sync", Text, nullable=False),
    Column("hubspot", Text, nullable=False),
    Column("xero", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("born_in", Text),
    Column("member_hubspot", Text),
    Column("member_xero", Text),
    Column("gone", Text),
    Index("links_by_hubspot", "sync", "hubspot"),
    Index("links_by_xero", "sync", "xero"),
)

apart = Table(
    "apart",
    metadata,
    Column("sync", Text, primary_key=True),
    Column("hubspot", Text, primary_key=True),
    Column("xero", Text, primary_key=True),
)

bases = Table(
    "bases",
    metadata,
    Column("link", Text, ForeignKey("links.id", ondelete="CASCADE"), primary_key=True),
    Column("fields", JsonText, nullable=False),
)

known = Table(
    "known",
    metadata,
    Column("app", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("sync", Text, nullable=False),
    Column("updated", Instant),
    Column("standing", Text, nullable=False),
    Column("reason", JsonText),
    Column("involves", JsonText),
    Column("retry", Boolean, nullable=False),
    Index("known_by_sync", "sync", "standing"),
)

syncs = Table(
    "syncs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("started", Instant),
    Column("digest", Text),
    Column("watermark_hubspot", Instant),
    Column("watermark_xero", Instant),
    Column("full_read", Instant),
    Column("last_run", Instant),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ruleset", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("commit", Text),
    Column("who", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("finished", Instant),
    Column("outcome", Text),
    Column("summary", JsonText),
    Column("calls", JsonText),
    Index("runs_by_plan", "plan"),
    Index("runs_by_start", "started"),
)

rulesets = Table(
    "rulesets",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("texts", JsonText, nullable=False),
)
"""What the rulesets of runs said, once for each digest."""

intents = Table(
    "intents",
    metadata,
    Column("run", Text, ForeignKey("runs.id"), primary_key=True),
    Column("effect", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("sync", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("id", Text),
    Column("body", JsonText),
    Column("intended", Instant, nullable=False),
    Column("open", Boolean, nullable=False),
    Index("open_intents", "run", sqlite_where=text("open"), postgresql_where=text("open")),
)

settlements = Table(
    "settlements",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("id", Text),
    Column("answer", JsonText),
    Column("error", JsonText),
    Column("settled", Instant, nullable=False),
    ForeignKeyConstraint(["run", "effect"], ["intents.run", "intents.effect"]),
    Index("settlements_by_effect", "run", "effect"),
)

locks = Table(
    "locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("machine", Text),
    Column("pid", BigInteger, nullable=False),
    Column("since", Instant, nullable=False),
    Column("renewed", Instant, nullable=False),
)
