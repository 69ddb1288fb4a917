"""Statements: what each cost centre is charged for a billing period, and the proof that it ties to the bills."""
