"""Serving: what is published, copied into a PostgreSQL schema for BI tools, with row-level security by cost centre."""
