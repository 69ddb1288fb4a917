"""A statement as PDF."""
