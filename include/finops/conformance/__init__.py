"""How much of FOCUS 1.2 the published bills fill, and what in them is not mapped yet."""
