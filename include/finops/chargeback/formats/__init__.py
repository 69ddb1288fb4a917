"""Statements as HTML, PDF, XLSX, CSV and JSON."""
