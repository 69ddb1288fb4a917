"""The invoice gate: what the bills say of each invoice, against the invoice."""
