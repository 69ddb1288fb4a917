"""Deliveries: discover, verify the whole set, land it immutably, record it in the ledger, in that order."""
