"""Budgets in the clouds' own: what is there of ours, what of others, and what should be."""
