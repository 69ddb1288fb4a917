"""Backup and restore of everything that cannot be made again from the bills."""
