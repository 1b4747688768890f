"""The first tables: state, links, bases, known, syncs; runs, intents, settlements; locks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "state",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("lineage", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("portal", sa.BigInteger),
        sa.Column("tenant", sa.Text),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sync", sa.Text, nullable=False),
        sa.Column("hubspot", sa.Text, nullable=False),
        sa.Column("xero", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("born_in", sa.Text),
        sa.Column("member_hubspot", sa.Text),
        sa.Column("member_xero", sa.Text),
        sa.Column("gone", sa.Text),
    )
    op.create_index("links_by_hubspot", "links", ["sync", "hubspot"])
    op.create_index("links_by_xero", "links", ["sync", "xero"])
    op.create_table(
        "bases",
        sa.Column("link", sa.Text, sa.ForeignKey("links.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("fields", sa.Text, nullable=False),
    )
    op.create_table(
        "known",
        sa.Column("app", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sync", sa.Text, nullable=False),
        sa.Column("updated", sa.Text),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("involves", sa.Text),
        sa.Column("retry", sa.Boolean, nullable=False),
    )
    op.create_index("known_by_sync", "known", ["sync", "standing"])
    op.create_table(
        "syncs",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("started", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("watermark_hubspot", sa.Text),
        sa.Column("watermark_xero", sa.Text),
        sa.Column("full_read", sa.Text),
        sa.Column("last_run", sa.Text),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("ruleset", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("commit", sa.Text),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("calls", sa.Text),
    )
    op.create_index("runs_by_plan", "runs", ["plan"])
    op.create_index("runs_by_start", "runs", ["started"])
    op.create_table(
        "intents",
        sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("effect", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("sync", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("id", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("intended", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
    )
    op.create_index("open_intents", "intents", ["run"], sqlite_where=sa.text("open"), postgresql_where=sa.text("open"))
    op.create_table(
        "settlements",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("id", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("settled", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["run", "effect"], ["intents.run", "intents.effect"]),
    )
    op.create_index("settlements_by_effect", "settlements", ["run", "effect"])
    op.create_table(
        "locks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("machine", sa.Text),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("renewed", sa.Text, nullable=False),
    )
