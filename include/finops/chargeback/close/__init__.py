"""Closing a month: what is frozen and how it is read again."""
