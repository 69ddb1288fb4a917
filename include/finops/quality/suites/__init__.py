"""One module per published table, named for it; ``suite(given)`` returns its expectations."""
