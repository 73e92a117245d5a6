"""Alembic's entry: run the steps on the connection, and within the transaction, that the caller has opened."""

from __future__ import annotations

from alembic import context

from bot.journal.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
