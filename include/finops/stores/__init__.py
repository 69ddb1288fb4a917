"""What is kept: the state store, published versions, the candidate, snapshots, statements."""
