"""Verification: everything staging reads of a file is checked before the file lands, and named where it is wrong."""
