"""The steps that bring a journal from any earlier form to the present one, run by Alembic when it is opened."""
