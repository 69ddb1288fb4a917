"""Deliveries: discover, verify the whole set, land it immutably, write the ledger row, in that order."""
