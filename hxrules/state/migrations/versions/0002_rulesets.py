"""What the rulesets of runs said, so that a later run can tell what was changed in them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "rulesets",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("texts", sa.Text, nullable=False),
    )
