"""What a billing month's restatements changed: two snapshots of it, compared."""
