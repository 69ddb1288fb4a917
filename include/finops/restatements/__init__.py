"""What a billing month's restatements changed: two loads of it, compared."""
