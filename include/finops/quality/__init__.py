"""The gate: expectations on everything that is published, run by Great Expectations inside DuckDB."""
