"""Votes belong to their turn; how many suggestions a reply showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of votes, and add the column; of earlier turns nobody knows: 0."""
    op.create_table(
        "votes",
        sa.Column("reply", sa.String(64), sa.ForeignKey("turns.reply", ondelete="CASCADE"), primary_key=True),
        sa.Column("vote", sa.String(8), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("turns", sa.Column("suggestions", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Take both away again."""
    op.drop_column("turns", "suggestions")
    op.drop_table("votes")
