"""Pairs that a person has taken apart, so that they aren't matched again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "apart",
        sa.Column("sync", sa.Text, primary_key=True),
        sa.Column("hubspot", sa.Text, primary_key=True),
        sa.Column("xero", sa.Text, primary_key=True),
    )
