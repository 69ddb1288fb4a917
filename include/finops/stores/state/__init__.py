"""Operational state: a transactional store (SQLite by default, PostgreSQL in production), migrated with Alembic."""
