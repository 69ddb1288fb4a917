"""A month's chargeback as double entries for the general ledger."""
