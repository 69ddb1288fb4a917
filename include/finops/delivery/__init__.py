"""Delivery: each audience's statements, and nothing else, to the places configured for it."""
