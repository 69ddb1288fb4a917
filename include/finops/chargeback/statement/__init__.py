"""A month's facts to statements: exact, pure, proven."""
