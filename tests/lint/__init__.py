"""Lints that no tool has."""
