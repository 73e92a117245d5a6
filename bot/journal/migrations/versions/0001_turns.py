"""The turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table of turns."""
    op.create_table(
        "turns",
        sa.Column("reply", sa.String(64), primary_key=True),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("site", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("reading", sa.Text, nullable=False),
        sa.Column("passages", sa.JSON, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("took_ms", sa.Float, nullable=False),
    )
    for column in ("session", "time", "kind"):
        op.create_index(f"ix_turns_{column}", "turns", [column])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("turns")
